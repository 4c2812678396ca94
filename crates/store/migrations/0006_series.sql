create table annotations (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    measure_id {uuid},
    occurred_on {date} not null,
    text {text} not null,
    source {text},
    external_id {text},
    recorded_by {uuid} not null,
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint annotations_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index annotations_unit on annotations (tenant_id, unit_id);
create index annotations_changed on annotations (tenant_id, updated_at);

create table phases (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    measure_id {uuid} not null,
    starts_on {date} not null,
    label {text} not null,
    source {text},
    external_id {text},
    recorded_by {uuid} not null,
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint phases_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index phases_unit on phases (tenant_id, unit_id, measure_id);
create index phases_changed on phases (tenant_id, updated_at);

create table targets (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    measure_id {uuid} not null,
    tier {small},
    value {float} not null,
    starts_on {date},
    ends_on {date},
    recorded_by {uuid} not null,
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index targets_measure on targets (tenant_id, measure_id, unit_id);
create index targets_unit on targets (tenant_id, unit_id);
create index targets_changed on targets (tenant_id, updated_at);

create table measure_links (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    measure_id {uuid} not null,
    starts_on {date},
    ends_on {date},
    recorded_by {uuid} not null,
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index measure_links_unit on measure_links (tenant_id, unit_id, measure_id);
create index measure_links_changed on measure_links (tenant_id, updated_at);

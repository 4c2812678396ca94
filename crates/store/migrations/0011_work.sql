create table diagrams (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    spiral_id {uuid},
    kind {text} not null,
    title {text} not null,
    drawn_on {date} not null,
    process_map {text},
    fishbone {text},
    driver_diagram {text},
    retracted {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index diagrams_unit on diagrams (tenant_id, unit_id, kind);
create index diagrams_spiral on diagrams (tenant_id, spiral_id) where spiral_id is not null;

create table aims (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    spiral_id {uuid},
    kind {text} not null,
    statement {text} not null,
    under_id {uuid},
    measure_id {uuid},
    direction {text},
    from_value {float},
    to_value {float},
    by_when {date},
    status {text} not null,
    retracted {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, under_id) references aims (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index aims_unit on aims (tenant_id, unit_id);
create index aims_spiral on aims (tenant_id, spiral_id) where spiral_id is not null;

create table ramps (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    spiral_id {uuid},
    aim_id {uuid} not null,
    title {text} not null,
    retracted {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, aim_id) references aims (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index ramps_unit on ramps (tenant_id, unit_id);
create index ramps_spiral on ramps (tenant_id, spiral_id) where spiral_id is not null;

create table cycles (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    spiral_id {uuid},
    kind {text} not null,
    ramp_id {uuid},
    follows_id {uuid},
    title {text} not null,
    phase {text} not null,
    plan {text} not null,
    carried_out {text},
    study {text},
    act {text},
    owner {text},
    review_on {date},
    reviewed_on {date},
    retracted {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, ramp_id) references ramps (tenant_id, id),
    foreign key (tenant_id, follows_id) references cycles (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index cycles_unit on cycles (tenant_id, unit_id);
create index cycles_spiral on cycles (tenant_id, spiral_id) where spiral_id is not null;
create index cycles_ramp on cycles (tenant_id, ramp_id);

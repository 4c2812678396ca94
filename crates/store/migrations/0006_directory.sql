create table unit_attributes (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    code {text} not null,
    name {text} not null,
    description {text},
    value_type {text} not null,
    unit_of_measure {text},
    minimum {float},
    maximum {float},
    value_list {text} not null,
    index_name {text},
    edition {text},
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint unit_attributes_code unique (tenant_id, code)
);

create table unit_attribute_values (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    attribute_id {uuid} not null,
    valid_from {date} not null,
    valid_to {date},
    number {float},
    value_text {text},
    source {text},
    external_id {text},
    recorded_by {uuid} not null,
    recorded_at {time} not null,
    retracted {bool} not null,
    version {int} not null,
    primary key (tenant_id, id),
    constraint unit_attribute_values_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, attribute_id) references unit_attributes (tenant_id, id)
);
create unique index unit_attribute_values_day on unit_attribute_values (tenant_id, unit_id, attribute_id, valid_from) where not retracted;
create index unit_attribute_values_attribute on unit_attribute_values (tenant_id, attribute_id, unit_id);

create table linkages (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    from_id {uuid} not null,
    to_id {uuid} not null,
    kind {text} not null,
    started_on {date},
    ended_on {date},
    note {text},
    withdrawn {bool} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, from_id) references org_units (tenant_id, id),
    foreign key (tenant_id, to_id) references org_units (tenant_id, id)
);
create index linkages_from on linkages (tenant_id, from_id);
create index linkages_to on linkages (tenant_id, to_id);

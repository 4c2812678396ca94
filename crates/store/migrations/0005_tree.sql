create table reorganisations (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    kind {text} not null,
    effective_on {date} not null,
    reason {text},
    name {text},
    changes {text} not null,
    reverses_id {uuid},
    reversed_by_id {uuid},
    recorded_by {uuid} not null,
    recorded_at {time} not null,
    version {int} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table reorganised_units (
    tenant_id {uuid} not null,
    unit_id {uuid} not null,
    reorganisation_id {uuid} not null,
    primary key (tenant_id, unit_id, reorganisation_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
);

create table unit_successions (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    predecessor_id {uuid} not null,
    successor_id {uuid} not null,
    legal_start {date} not null,
    reorganisation_id {uuid},
    withdrawn {bool} not null,
    version {int} not null,
    recorded_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, predecessor_id) references org_units (tenant_id, id),
    foreign key (tenant_id, successor_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
);
create index unit_successions_predecessor on unit_successions (tenant_id, predecessor_id);
create index unit_successions_successor on unit_successions (tenant_id, successor_id);

create index unit_ancestry_moved on unit_ancestry (tenant_id, ancestor_id) where valid_from > '1000-01-01' or valid_to < '9999-12-31';

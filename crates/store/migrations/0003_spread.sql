create table innovations (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    code {text} not null,
    name {text} not null,
    summary {text},
    unit_id {uuid} not null,
    status {text} not null,
    evidence {text},
    tiers {text} not null,
    kinds {text} not null,
    service_areas {text} not null,
    source {text},
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint innovations_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table innovation_moves (
    tenant_id {uuid} not null,
    innovation_id {uuid} not null,
    version {int} not null,
    status {text} not null,
    evidence {text},
    moved_by {uuid} not null,
    moved_at {time} not null,
    primary key (tenant_id, innovation_id, version),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id)
);

create table adoption_events (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    innovation_id {uuid} not null,
    unit_id {uuid} not null,
    stage {text} not null,
    occurred_on {date} not null,
    occurred_precision {text} not null,
    mode {text},
    learnt_from_id {uuid},
    learnt_from_tier {small},
    reason {text},
    fidelity_note {text},
    reinvention_note {text},
    source {text},
    external_id {text},
    recorded_by {uuid} not null,
    recorded_at {time} not null,
    disputed {bool} not null,
    dispute_note {text},
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint adoption_events_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, learnt_from_id) references org_units (tenant_id, id)
);
create index adoption_events_pair on adoption_events (tenant_id, innovation_id, unit_id);
create index adoption_events_unit on adoption_events (tenant_id, unit_id);
create index adoption_events_updated on adoption_events (tenant_id, updated_at);

create table adoptions (
    tenant_id {uuid} not null,
    innovation_id {uuid} not null,
    unit_id {uuid} not null,
    stage {text} not null,
    since {date} not null,
    since_precision {text} not null,
    event_id {uuid} not null,
    aware_on {date} not null,
    ever_adopted_on {date},
    ever_adopted_precision {text},
    mode {text},
    learnt_from_id {uuid},
    routine_on {date},
    ended_on {date},
    disputed {bool} not null,
    sharing {small} not null,
    primary key (tenant_id, innovation_id, unit_id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index adoptions_unit on adoptions (tenant_id, unit_id);

create table spread_cells (
    tenant_id {uuid} not null references tenants (id),
    subject_id {uuid} not null,
    node_id {uuid} not null,
    level {small} not null,
    year {small} not null,
    changes {bytes} not null,
    primary key (tenant_id, subject_id, node_id, level, year),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
);
create index org_units_tier on org_units (tenant_id, tier, path);

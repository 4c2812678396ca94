create table stratum_dimensions (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    code {text} not null,
    name {text} not null,
    unit_id {uuid} not null,
    value_list {text} not null,
    disadvantaged_end {text},
    reference_population {text},
    edition {text},
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint stratum_dimensions_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table measures (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    code {text} not null,
    measure_version {int} not null,
    unit_id {uuid} not null,
    name {text} not null,
    kind {text} not null,
    scale {text} not null,
    unit_of_measure {text},
    multiplier {float} not null,
    direction {text} not null,
    cadence {text} not null,
    irregular {bool} not null,
    target {float},
    definition {text},
    reporting_tier {small} not null,
    counts_people {bool} not null,
    dimensions {text} not null,
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint measures_code unique (tenant_id, code, measure_version),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index measures_unit on measures (tenant_id, unit_id);

create table observation_sheets (
    tenant_id {uuid} not null,
    measure_id {uuid} not null,
    period_start {date} not null,
    period_end {date} not null,
    block {int} not null,
    recorded_at {time} not null,
    recorded_by {uuid} not null,
    births {uuid},
    live {int} not null,
    body {bytes} not null,
    primary key (tenant_id, measure_id, period_start, period_end, block, recorded_at)
);
create unique index observation_sheets_births on observation_sheets (tenant_id, births);
create index observation_sheets_recorded on observation_sheets (tenant_id, recorded_at);
create index observation_sheets_block on observation_sheets (tenant_id, block);

create table observation_names (
    tenant_id {uuid} not null,
    source {text} not null,
    external_id {text} not null,
    observation_id {uuid} not null,
    primary key (tenant_id, source, external_id)
);

create table observation_moves (
    tenant_id {uuid} not null,
    observation_id {uuid} not null,
    at {time} not null,
    measure_id {uuid} not null,
    period_start {date} not null,
    period_end {date} not null,
    block {int} not null,
    primary key (tenant_id, observation_id, at)
);

create table measure_cells (
    tenant_id {uuid} not null,
    measure_id {uuid} not null,
    node_id {uuid} not null,
    stratum {text} not null,
    period_start {date} not null,
    period_end {date} not null,
    level {small} not null,
    contributors {int} not null,
    numerator {float} not null,
    denominator {float} not null,
    squares {float} not null,
    primary key (tenant_id, measure_id, node_id, stratum, period_start, period_end, level)
);

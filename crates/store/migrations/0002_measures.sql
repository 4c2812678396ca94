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

create table observations (
    tenant_id {uuid} not null,
    id {uuid} not null,
    measure_id {uuid} not null,
    unit_id {uuid} not null,
    period_start {date} not null,
    period_end {date} not null,
    stratum {text} not null,
    numerator {float},
    denominator {float},
    value {float},
    n {int},
    quality {text} not null,
    source {text},
    external_id {text},
    recorded_at {time} not null,
    recorded_by {uuid} not null,
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    primary key (tenant_id, id),
    constraint observations_external unique (tenant_id, source, external_id)
);
create unique index observations_key on observations (tenant_id, measure_id, unit_id, period_start, period_end, stratum) where not retracted;
create index observations_unit on observations (tenant_id, unit_id);
create index observations_recorded on observations (tenant_id, recorded_at);
create index observations_taken_back on observations (tenant_id, measure_id, unit_id, period_start) where retracted;

create table observation_revisions (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    measure_id {uuid} not null,
    unit_id {uuid} not null,
    period_start {date} not null,
    period_end {date} not null,
    stratum {text} not null,
    numerator {float},
    denominator {float},
    value {float},
    n {int},
    quality {text} not null,
    source {text},
    external_id {text},
    recorded_at {time} not null,
    recorded_by {uuid} not null,
    retracted {bool} not null,
    sharing {small} not null,
    version {int} not null,
    superseded_at {time} not null,
    primary key (tenant_id, id, version)
);
create index observation_revisions_unit on observation_revisions (tenant_id, unit_id, measure_id, period_start);

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

-- The schema on SQLite. Made from crates/store/migrations by `cargo dev schema`; do not edit.

-- 0001_frame

create table tenants (
    id blob not null,
    slug text not null,
    name text not null,
    created_at integer not null,
    primary key (id),
    unique (slug)
) strict, without rowid;

create table signing_keys (
    kid text not null,
    sealed blob not null,
    created_at integer not null,
    retired_at integer,
    primary key (kid)
) strict, without rowid;

create table tenant_sharing (
    tenant_id blob not null references tenants (id),
    kind text not null,
    level integer not null,
    primary key (tenant_id, kind)
) strict, without rowid;

create table org_units (
    tenant_id blob not null references tenants (id),
    id blob not null,
    parent_id blob,
    tier integer not null,
    kind text not null,
    code text not null,
    ods_code text,
    source text,
    external_id text,
    name text not null,
    service_area text,
    population integer,
    opened_on text,
    opened_precision text not null,
    closed_on text,
    synthetic integer not null,
    settled_on text not null,
    path text not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint org_units_code unique (tenant_id, code),
    constraint org_units_ods unique (tenant_id, ods_code),
    constraint org_units_external unique (tenant_id, source, external_id),
    constraint org_units_path unique (tenant_id, path),
    foreign key (tenant_id, parent_id) references org_units (tenant_id, id)
) strict, without rowid;
create index org_units_settled on org_units (tenant_id, settled_on);
create index org_units_parent on org_units (tenant_id, parent_id);

create table unit_ancestry (
    tenant_id blob not null,
    descendant_id blob not null,
    ancestor_id blob not null,
    depth integer not null,
    valid_from text not null,
    valid_to text not null,
    primary key (tenant_id, descendant_id, ancestor_id, valid_from),
    foreign key (tenant_id, descendant_id) references org_units (tenant_id, id),
    foreign key (tenant_id, ancestor_id) references org_units (tenant_id, id)
) strict, without rowid;
create index unit_ancestry_down on unit_ancestry (tenant_id, ancestor_id, depth);

create table unit_sharing (
    tenant_id blob not null,
    unit_id blob not null,
    kind text not null,
    level integer not null,
    times integer not null,
    primary key (tenant_id, unit_id, kind),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table networks (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    name text not null,
    kind text not null,
    host_unit_id blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint networks_code unique (tenant_id, code),
    foreign key (tenant_id, host_unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table network_members (
    tenant_id blob not null,
    network_id blob not null,
    unit_id blob not null,
    joined_on text,
    left_on text,
    primary key (tenant_id, network_id, unit_id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index network_members_unit on network_members (tenant_id, unit_id);

create table principals (
    tenant_id blob not null references tenants (id),
    id blob not null,
    kind text not null,
    issuer text,
    subject text,
    name text not null,
    version integer not null,
    created_at integer not null,
    primary key (tenant_id, id),
    constraint principals_subject unique (tenant_id, issuer, subject)
) strict, without rowid;

create table api_clients (
    tenant_id blob not null,
    id blob not null,
    client_id text not null,
    name text not null,
    unit_id blob not null,
    scopes text not null,
    sources text not null,
    numeric_ids integer not null,
    keys text not null,
    closed_at integer,
    version integer not null,
    created_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references principals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table client_sources (
    tenant_id blob not null,
    source text not null,
    client_id blob not null,
    constraint client_sources_taken primary key (tenant_id, source),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
) strict, without rowid;

create table client_secrets (
    tenant_id blob not null,
    id blob not null,
    client_id blob not null,
    hash text not null,
    expires_at integer,
    created_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
) strict, without rowid;
create index client_secrets_client on client_secrets (tenant_id, client_id);

create table client_assertions (
    tenant_id blob not null,
    client_id blob not null,
    jti text not null,
    expires_at integer not null,
    primary key (tenant_id, client_id, jti),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
) strict, without rowid;
create index client_assertions_expiry on client_assertions (tenant_id, expires_at);

create table grants (
    tenant_id blob not null,
    id blob not null,
    principal_id blob not null,
    role text not null,
    unit_id blob not null,
    network_id blob,
    granted_by blob not null,
    expires_on text,
    revoked_at integer,
    revoked_by blob,
    revoked_from blob,
    version integer not null,
    created_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, principal_id) references principals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
) strict, without rowid;
create index grants_principal on grants (tenant_id, principal_id);
create index grants_unit on grants (tenant_id, unit_id);

create table ledger_head (
    tenant_id blob not null references tenants (id),
    position integer not null,
    hash blob not null,
    at integer not null,
    units integer not null,
    changed integer not null,
    settled integer not null,
    primary key (tenant_id)
) strict, without rowid;

create table ledger (
    tenant_id blob not null references tenants (id),
    position integer not null,
    at integer not null,
    actor_id blob not null,
    action text not null,
    request_id text not null,
    records integer not null,
    items blob not null,
    previous blob not null,
    hash blob not null,
    primary key (tenant_id, position)
) strict, without rowid;

create table access_log (
    tenant_id blob not null references tenants (id),
    position integer not null,
    n integer not null,
    at integer not null,
    actor_id blob not null,
    operation text not null,
    request_id text not null,
    records integer not null,
    primary key (tenant_id, position, n)
) strict, without rowid;

create table idempotency_keys (
    tenant_id blob not null references tenants (id),
    principal_id blob not null,
    key text not null,
    fingerprint blob not null,
    answer text,
    created_at integer not null,
    primary key (tenant_id, principal_id, key)
) strict, without rowid;
create index idempotency_keys_age on idempotency_keys (tenant_id, created_at);

create table programmes (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    name text not null,
    unit_id blob not null,
    network_id blob,
    starts_on text,
    starts_precision text not null,
    ends_on text,
    ends_precision text not null,
    coaching integer,
    teams integer,
    gates text not null,
    dormancy_days integer,
    source text,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint programmes_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
) strict, without rowid;

-- 0002_measures

create table stratum_dimensions (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    name text not null,
    unit_id blob not null,
    value_list text not null,
    disadvantaged_end text,
    reference_population text,
    edition text,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint stratum_dimensions_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table measures (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    measure_version integer not null,
    unit_id blob not null,
    name text not null,
    kind text not null,
    scale text not null,
    unit_of_measure text,
    multiplier real not null,
    direction text not null,
    cadence text not null,
    irregular integer not null,
    target real,
    definition text,
    reporting_tier integer not null,
    counts_people integer not null,
    dimensions text not null,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint measures_code unique (tenant_id, code, measure_version),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index measures_unit on measures (tenant_id, unit_id);

create table observation_sheets (
    tenant_id blob not null,
    measure_id blob not null,
    period_start text not null,
    period_end text not null,
    block integer not null,
    recorded_at integer not null,
    recorded_by blob not null,
    births blob,
    live integer not null,
    body blob not null,
    primary key (tenant_id, measure_id, period_start, period_end, block, recorded_at)
) strict, without rowid;
create unique index observation_sheets_births on observation_sheets (tenant_id, births);
create index observation_sheets_recorded on observation_sheets (tenant_id, recorded_at);
create index observation_sheets_block on observation_sheets (tenant_id, block);

create table observation_names (
    tenant_id blob not null,
    source text not null,
    external_id text not null,
    observation_id blob not null,
    primary key (tenant_id, source, external_id)
) strict, without rowid;

create table observation_moves (
    tenant_id blob not null,
    observation_id blob not null,
    at integer not null,
    measure_id blob not null,
    period_start text not null,
    period_end text not null,
    block integer not null,
    primary key (tenant_id, observation_id, at)
) strict, without rowid;

create table measure_cells (
    tenant_id blob not null,
    measure_id blob not null,
    node_id blob not null,
    stratum text not null,
    period_start text not null,
    period_end text not null,
    level integer not null,
    contributors integer not null,
    numerator real not null,
    denominator real not null,
    squares real not null,
    primary key (tenant_id, measure_id, node_id, stratum, period_start, period_end, level)
) strict, without rowid;

-- 0003_spread

create table innovations (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    name text not null,
    summary text,
    unit_id blob not null,
    status text not null,
    evidence text,
    tiers text not null,
    kinds text not null,
    service_areas text not null,
    source text,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint innovations_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table innovation_moves (
    tenant_id blob not null,
    innovation_id blob not null,
    version integer not null,
    status text not null,
    evidence text,
    moved_by blob not null,
    moved_at integer not null,
    primary key (tenant_id, innovation_id, version),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id)
) strict, without rowid;

create table adoption_events (
    tenant_id blob not null references tenants (id),
    id blob not null,
    innovation_id blob not null,
    unit_id blob not null,
    stage text not null,
    occurred_on text not null,
    occurred_precision text not null,
    mode text,
    learnt_from_id blob,
    learnt_from_tier integer,
    reason text,
    fidelity_note text,
    reinvention_note text,
    source text,
    external_id text,
    recorded_by blob not null,
    recorded_at integer not null,
    disputed integer not null,
    dispute_note text,
    retracted integer not null,
    sharing integer not null,
    version integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint adoption_events_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, learnt_from_id) references org_units (tenant_id, id)
) strict, without rowid;
create index adoption_events_pair on adoption_events (tenant_id, innovation_id, unit_id);
create index adoption_events_unit on adoption_events (tenant_id, unit_id);
create index adoption_events_updated on adoption_events (tenant_id, updated_at);

create table adoptions (
    tenant_id blob not null,
    innovation_id blob not null,
    unit_id blob not null,
    stage text not null,
    since text not null,
    since_precision text not null,
    event_id blob not null,
    aware_on text not null,
    ever_adopted_on text,
    ever_adopted_precision text,
    mode text,
    learnt_from_id blob,
    routine_on text,
    ended_on text,
    disputed integer not null,
    sharing integer not null,
    primary key (tenant_id, innovation_id, unit_id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index adoptions_unit on adoptions (tenant_id, unit_id);

create table spread_cells (
    tenant_id blob not null references tenants (id),
    subject_id blob not null,
    node_id blob not null,
    level integer not null,
    year integer not null,
    changes blob not null,
    primary key (tenant_id, subject_id, node_id, level, year),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
) strict, without rowid;
create index org_units_tier on org_units (tenant_id, tier, path);

-- 0004_sustainability

create table field_tests (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    name text not null,
    innovation_id blob not null,
    unit_id blob not null,
    question text not null,
    hypothesis text,
    design text not null,
    primary_measure_code text,
    secondary_measure_codes text not null,
    success_criterion text,
    smallest_worthwhile_effect real,
    status text not null,
    starts_on text,
    ends_on text,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint field_tests_code unique (tenant_id, code),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index field_tests_innovation on field_tests (tenant_id, innovation_id);

create table field_test_sites (
    tenant_id blob not null,
    id blob not null,
    field_test_id blob not null,
    unit_id blob not null,
    label text,
    arm text,
    step integer,
    enrolled_on text not null,
    crossed_over_on text,
    left_on text,
    source text,
    sharing integer not null,
    enrolled_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    unique (tenant_id, field_test_id, unit_id),
    foreign key (tenant_id, field_test_id) references field_tests (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index field_test_sites_unit on field_test_sites (tenant_id, unit_id);

create table field_test_results (
    tenant_id blob not null,
    id blob not null,
    field_test_id blob not null,
    site_id blob not null,
    unit_id blob not null,
    measure_code text not null,
    arm text not null,
    phase text,
    period_start text,
    period_end text,
    stratum text not null,
    n integer,
    events integer,
    mean real,
    sd real,
    quality text not null,
    source text,
    external_id text,
    recorded_by blob not null,
    recorded_at integer not null,
    retracted integer not null,
    sharing integer not null,
    version integer not null,
    primary key (tenant_id, id),
    constraint field_test_results_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, field_test_id) references field_tests (tenant_id, id),
    foreign key (tenant_id, site_id) references field_test_sites (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create unique index field_test_results_key on field_test_results (tenant_id, site_id, measure_code, arm, stratum,
    (coalesce(phase, '')), (coalesce(period_start, '1000-01-01')), (coalesce(period_end, '1000-01-01')));
create index field_test_results_test on field_test_results (tenant_id, field_test_id);
create index field_test_results_unit on field_test_results (tenant_id, unit_id);

create table sustainability_assessments (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    innovation_id blob,
    title text not null,
    instrument text not null,
    instrument_version text not null,
    assessed_on text not null,
    status text not null,
    raters integer not null,
    score real,
    lowest real,
    highest real,
    at_or_above_threshold integer,
    groups text not null,
    factors text not null,
    weakest text not null,
    sharing integer not null,
    opened_by blob not null,
    closed_at integer,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id)
) strict, without rowid;
create index sustainability_assessments_unit on sustainability_assessments (tenant_id, unit_id, assessed_on);

create table sustainability_ratings (
    tenant_id blob not null,
    id blob not null,
    assessment_id blob not null,
    unit_id blob not null,
    rater_id blob not null,
    answers text not null,
    total real not null,
    groups text not null,
    recorded_at integer not null,
    version integer not null,
    primary key (tenant_id, id),
    unique (tenant_id, assessment_id, rater_id),
    foreign key (tenant_id, assessment_id) references sustainability_assessments (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, rater_id) references principals (tenant_id, id)
) strict, without rowid;

-- 0005_tree

create table reorganisations (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    kind text not null,
    effective_on text not null,
    reason text,
    name text,
    changes text not null,
    reverses_id blob,
    reversed_by_id blob,
    recorded_by blob not null,
    recorded_at integer not null,
    version integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table reorganised_units (
    tenant_id blob not null,
    unit_id blob not null,
    reorganisation_id blob not null,
    primary key (tenant_id, unit_id, reorganisation_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
) strict, without rowid;

create table unit_successions (
    tenant_id blob not null references tenants (id),
    id blob not null,
    predecessor_id blob not null,
    successor_id blob not null,
    legal_start text not null,
    reorganisation_id blob,
    withdrawn integer not null,
    version integer not null,
    recorded_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, predecessor_id) references org_units (tenant_id, id),
    foreign key (tenant_id, successor_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
) strict, without rowid;
create index unit_successions_predecessor on unit_successions (tenant_id, predecessor_id);
create index unit_successions_successor on unit_successions (tenant_id, successor_id);

create index unit_ancestry_moved on unit_ancestry (tenant_id, ancestor_id) where valid_from > '1000-01-01' or valid_to < '9999-12-31';

-- 0006_directory

create table unit_attributes (
    tenant_id blob not null references tenants (id),
    id blob not null,
    code text not null,
    name text not null,
    description text,
    value_type text not null,
    unit_of_measure text,
    minimum real,
    maximum real,
    value_list text not null,
    index_name text,
    edition text,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint unit_attributes_code unique (tenant_id, code)
) strict, without rowid;

create table unit_attribute_values (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    attribute_id blob not null,
    valid_from text not null,
    valid_to text,
    number real,
    value_text text,
    source text,
    external_id text,
    recorded_by blob not null,
    recorded_at integer not null,
    retracted integer not null,
    version integer not null,
    primary key (tenant_id, id),
    constraint unit_attribute_values_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, attribute_id) references unit_attributes (tenant_id, id)
) strict, without rowid;
create unique index unit_attribute_values_day on unit_attribute_values (tenant_id, unit_id, attribute_id, valid_from) where not retracted;
create index unit_attribute_values_attribute on unit_attribute_values (tenant_id, attribute_id, unit_id);

create table linkages (
    tenant_id blob not null references tenants (id),
    id blob not null,
    from_id blob not null,
    to_id blob not null,
    kind text not null,
    started_on text,
    ended_on text,
    note text,
    withdrawn integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, from_id) references org_units (tenant_id, id),
    foreign key (tenant_id, to_id) references org_units (tenant_id, id)
) strict, without rowid;
create index linkages_from on linkages (tenant_id, from_id);
create index linkages_to on linkages (tenant_id, to_id);

-- 0007_series

create table annotations (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    measure_id blob,
    occurred_on text not null,
    text text not null,
    source text,
    external_id text,
    recorded_by blob not null,
    retracted integer not null,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint annotations_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
) strict, without rowid;
create index annotations_unit on annotations (tenant_id, unit_id);
create index annotations_changed on annotations (tenant_id, updated_at);

create table phases (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    measure_id blob not null,
    starts_on text not null,
    label text not null,
    source text,
    external_id text,
    recorded_by blob not null,
    retracted integer not null,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint phases_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
) strict, without rowid;
create index phases_unit on phases (tenant_id, unit_id, measure_id);
create index phases_changed on phases (tenant_id, updated_at);

create table targets (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    measure_id blob not null,
    tier integer,
    value real not null,
    starts_on text,
    ends_on text,
    recorded_by blob not null,
    retracted integer not null,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
) strict, without rowid;
create index targets_measure on targets (tenant_id, measure_id, unit_id);
create index targets_unit on targets (tenant_id, unit_id);
create index targets_changed on targets (tenant_id, updated_at);

create table measure_links (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    measure_id blob not null,
    starts_on text,
    ends_on text,
    recorded_by blob not null,
    retracted integer not null,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
) strict, without rowid;
create index measure_links_unit on measure_links (tenant_id, unit_id, measure_id);
create index measure_links_changed on measure_links (tenant_id, updated_at);

-- 0008_spirals

create table spirals (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    title text not null,
    theme text,
    origin text not null,
    priority text,
    innovation_id blob,
    programme_id blob,
    status text not null,
    turn integer not null,
    step text not null,
    started_on text not null,
    entered_on text not null,
    active_on text not null,
    dormant_from text,
    quiet text not null,
    discontinued_because text,
    sharing integer not null,
    started_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, programme_id) references programmes (tenant_id, id)
) strict, without rowid;
create index spirals_unit on spirals (tenant_id, unit_id, started_on);
create index spirals_changed on spirals (tenant_id, updated_at);
create index spirals_falling on spirals (tenant_id, dormant_from) where status = 'active';

create table spiral_stays (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    step text not null,
    status text not null,
    began_on text not null,
    ended_on text,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index spiral_stays_spiral on spiral_stays (tenant_id, spiral_id);
create index spiral_stays_unit on spiral_stays (tenant_id, unit_id);

create table spiral_needs (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    gap text not null,
    voiced_by text not null,
    measure_id blob,
    current_value real,
    potential_value real,
    why_not_otherwise text,
    state text not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
) strict, without rowid;
create index spiral_needs_spiral on spiral_needs (tenant_id, spiral_id);
create index spiral_needs_unit on spiral_needs (tenant_id, unit_id);

create table knowledge_uses (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    looked_at text not null,
    came_from text not null,
    learnt_from_id blob,
    citation text,
    learnt text not null,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, learnt_from_id) references org_units (tenant_id, id)
) strict, without rowid;
create index knowledge_uses_spiral on knowledge_uses (tenant_id, spiral_id);
create index knowledge_uses_unit on knowledge_uses (tenant_id, unit_id);

create table knowledge_requests (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    question text not null,
    theme text,
    state text not null,
    answers integer not null,
    asked_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index knowledge_requests_spiral on knowledge_requests (tenant_id, spiral_id);
create index knowledge_requests_changed on knowledge_requests (tenant_id, updated_at);

create table knowledge_answers (
    tenant_id blob not null,
    id blob not null,
    request_id blob not null,
    unit_id blob not null,
    text text not null,
    citation text,
    answered_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references knowledge_requests (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index knowledge_answers_request on knowledge_answers (tenant_id, request_id);

create table spiral_decisions (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    question text not null,
    options text not null,
    criteria text not null,
    scores text not null,
    choice text,
    reason text,
    mode text,
    decided_on text,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index spiral_decisions_spiral on spiral_decisions (tenant_id, spiral_id);
create index spiral_decisions_unit on spiral_decisions (tenant_id, unit_id);

create table spiral_outcomes (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    kind text not null,
    text text not null,
    evidence text not null,
    measure_id blob,
    since text,
    checked_on text,
    in_place integer,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
) strict, without rowid;
create index spiral_outcomes_spiral on spiral_outcomes (tenant_id, spiral_id);
create index spiral_outcomes_unit on spiral_outcomes (tenant_id, unit_id);

create table progress_scores (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    score real not null,
    note text,
    set_on text not null,
    sharing integer not null,
    set_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index progress_scores_spiral on progress_scores (tenant_id, spiral_id);
create index progress_scores_unit on progress_scores (tenant_id, unit_id);

create table timeline_entries (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    step text not null,
    kind text not null,
    subject text not null,
    subject_id blob not null,
    changes text not null,
    reason text,
    occurred_on text not null,
    done_by blob not null,
    work text not null,
    sharing integer not null,
    recorded_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index timeline_entries_spiral on timeline_entries (tenant_id, spiral_id);
create index timeline_entries_unit on timeline_entries (tenant_id, unit_id);

create table spiral_cells (
    tenant_id blob not null references tenants (id),
    node_id blob not null,
    level integer not null,
    facet text not null,
    value text not null,
    span integer not null,
    figure integer not null,
    starts text not null,
    n integer not null,
    primary key (tenant_id, node_id, level, facet, value, span, figure, starts),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
) strict, without rowid;

create table collaborations (
    tenant_id blob not null references tenants (id),
    id blob not null,
    title text not null,
    purpose text,
    started_by_unit_id blob not null,
    started_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, started_by_unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index collaborations_changed on collaborations (tenant_id, updated_at);

create table collaboration_members (
    tenant_id blob not null,
    id blob not null,
    collaboration_id blob not null,
    unit_id blob not null,
    spiral_id blob,
    state text not null,
    changed_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    unique (tenant_id, collaboration_id, unit_id),
    foreign key (tenant_id, collaboration_id) references collaborations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
) strict, without rowid;
create index collaboration_members_unit on collaboration_members (tenant_id, unit_id);

create table collaboration_entries (
    tenant_id blob not null,
    id blob not null,
    collaboration_id blob not null,
    unit_id blob not null,
    event text not null,
    text text,
    done_by blob not null,
    recorded_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, collaboration_id) references collaborations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index collaboration_entries_of on collaboration_entries (tenant_id, collaboration_id);

-- 0009_microsystems

create table lead_team_members (
    tenant_id blob not null,
    id blob not null,
    unit_id blob not null,
    principal_id blob,
    description text,
    discipline text not null,
    role text not null,
    joined_on text not null,
    left_on text,
    leave_reason text,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, principal_id) references principals (tenant_id, id)
) strict, without rowid;
create index lead_team_members_unit on lead_team_members (tenant_id, unit_id, joined_on);

create table meetings (
    tenant_id blob not null,
    id blob not null,
    unit_id blob not null,
    spiral_id blob,
    kind text not null,
    held_on text not null,
    attendance integer not null,
    attendees text not null,
    protected_minutes integer not null,
    notes text,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
) strict, without rowid;
create index meetings_unit on meetings (tenant_id, unit_id, held_on);
create index meetings_spiral on meetings (tenant_id, spiral_id) where spiral_id is not null;

create table rhythm_settings (
    tenant_id blob not null,
    id blob not null,
    unit_id blob not null,
    starts_on text not null,
    expectations text not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint rhythm_settings_start unique (tenant_id, unit_id, starts_on),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table five_ps (
    tenant_id blob not null,
    id blob not null,
    unit_id blob not null,
    assessed_on text not null,
    purpose text not null,
    patients text not null,
    professionals text not null,
    processes text not null,
    patterns text not null,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index five_ps_unit on five_ps (tenant_id, unit_id, assessed_on);

create table condition_assessments (
    tenant_id blob not null,
    id blob not null,
    unit_id blob not null,
    condition text not null,
    assessed_on text not null,
    structures text,
    processes text,
    patterns text,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index condition_assessments_unit on condition_assessments (tenant_id, unit_id, assessed_on);

create table five_ps_cells (
    tenant_id blob not null,
    parent_id blob not null,
    level integer not null,
    day text not null,
    part integer not null,
    state integer not null,
    teams integer not null,
    primary key (tenant_id, parent_id, level, day, part, state),
    foreign key (tenant_id, parent_id) references org_units (tenant_id, id)
) strict, without rowid;

-- 0010_surveys

create table survey_instruments (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob,
    code text not null,
    version integer not null,
    title text not null,
    kind text not null,
    provenance text not null,
    scales text not null,
    items text not null,
    subscales text not null,
    scoring text not null,
    created_at integer,
    primary key (tenant_id, id),
    constraint survey_instruments_code unique (tenant_id, code, version),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

create table surveys (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    network_id blob,
    title text not null,
    wave text,
    kind text not null,
    instrument text not null,
    instrument_version integer not null,
    mode text not null,
    opens_on text not null,
    closes_on text not null,
    threshold integer not null,
    codes_issued integer not null,
    status text not null,
    closed_at integer,
    sharing integer not null,
    opened_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
) strict, without rowid;
create index surveys_unit on surveys (tenant_id, unit_id);

create table survey_parts (
    tenant_id blob not null,
    id blob not null,
    survey_id blob not null,
    unit_id blob not null,
    whole integer not null,
    results text,
    sharing integer not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    unique (tenant_id, survey_id, unit_id, whole),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index survey_parts_unit on survey_parts (tenant_id, unit_id);

-- What was answered while a survey is open: one sealed box for each unit, made anew with each answer. There is no
-- row, no id, no time and no place for a single answer (docs/adr/0018-sealed-boxes.md).
create table survey_boxes (
    tenant_id blob not null,
    survey_id blob not null,
    unit_id blob not null,
    answered_at_least integer not null,
    sealed blob not null,
    primary key (tenant_id, survey_id, unit_id),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

-- One-time codes that were not used yet: a used one is gone.
create table survey_codes (
    tenant_id blob not null,
    survey_id blob not null,
    unit_id blob not null,
    digest blob not null,
    primary key (tenant_id, survey_id, digest),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;

-- 0011_work

create table diagrams (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    spiral_id blob,
    kind text not null,
    title text not null,
    drawn_on text not null,
    process_map text,
    fishbone text,
    driver_diagram text,
    retracted integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
) strict, without rowid;
create index diagrams_unit on diagrams (tenant_id, unit_id, kind);
create index diagrams_spiral on diagrams (tenant_id, spiral_id) where spiral_id is not null;

create table aims (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    spiral_id blob,
    kind text not null,
    statement text not null,
    under_id blob,
    measure_id blob,
    direction text,
    from_value real,
    to_value real,
    by_when text,
    status text not null,
    retracted integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, under_id) references aims (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
) strict, without rowid;
create index aims_unit on aims (tenant_id, unit_id);
create index aims_spiral on aims (tenant_id, spiral_id) where spiral_id is not null;

create table ramps (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    spiral_id blob,
    aim_id blob not null,
    title text not null,
    retracted integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, aim_id) references aims (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
) strict, without rowid;
create index ramps_unit on ramps (tenant_id, unit_id);
create index ramps_spiral on ramps (tenant_id, spiral_id) where spiral_id is not null;

create table cycles (
    tenant_id blob not null references tenants (id),
    id blob not null,
    unit_id blob not null,
    spiral_id blob,
    kind text not null,
    ramp_id blob,
    follows_id blob,
    title text not null,
    phase text not null,
    plan text not null,
    carried_out text,
    study text,
    act text,
    owner text,
    review_on text,
    reviewed_on text,
    retracted integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, ramp_id) references ramps (tenant_id, id),
    foreign key (tenant_id, follows_id) references cycles (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
) strict, without rowid;
create index cycles_unit on cycles (tenant_id, unit_id);
create index cycles_spiral on cycles (tenant_id, spiral_id) where spiral_id is not null;
create index cycles_ramp on cycles (tenant_id, ramp_id);

-- 0013_links

create table spiral_handovers (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    from_unit_id blob not null,
    to_unit_id blob not null,
    handed_on text not null,
    reorganisation_id blob not null,
    withdrawn integer not null,
    sharing integer not null,
    version integer not null,
    recorded_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, from_unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, to_unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
) strict, without rowid;
create index spiral_handovers_spiral on spiral_handovers (tenant_id, spiral_id);
create index spiral_handovers_unit on spiral_handovers (tenant_id, unit_id);
create index spiral_handovers_from on spiral_handovers (tenant_id, from_unit_id);
create index spiral_handovers_by on spiral_handovers (tenant_id, reorganisation_id);

create table spiral_refreshers (
    tenant_id blob not null,
    id blob not null,
    spiral_id blob not null,
    unit_id blob not null,
    turn integer not null,
    turn_ended_on text not null,
    months integer not null,
    due_on text not null,
    done_on text,
    finding text,
    note text,
    withdrawn integer not null,
    sharing integer not null,
    recorded_by blob not null,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index spiral_refreshers_spiral on spiral_refreshers (tenant_id, spiral_id);
create index spiral_refreshers_unit on spiral_refreshers (tenant_id, unit_id);
create index spiral_refreshers_due on spiral_refreshers (tenant_id, due_on) where done_on is null and not withdrawn;

-- 0014_sums

-- How many PDSA cycles a unit carried out to the end in a month, and how many of them have each feature of the method.
create table fidelity_cells (
    tenant_id blob not null,
    unit_id blob not null,
    month text not null,
    cycles integer not null,
    iterative_cycles integer not null,
    prediction integer not null,
    small_scale integer not null,
    data_over_time integer not null,
    documentation integer not null,
    primary key (tenant_id, unit_id, month),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
) strict, without rowid;
create index fidelity_cells_month on fidelity_cells (tenant_id, month);
create index aims_measure on aims (tenant_id, measure_id);

-- 0015_counts

-- What changed at a node on a day, in a month and in all, with every figure in one row: as many rows are read beside a
-- hundred thousand spirals as beside a thousand. A figure and its change are four bytes each, in the order of figures.
create table spiral_counts (
    tenant_id blob not null references tenants (id),
    node_id blob not null,
    level integer not null,
    facet text not null,
    value text not null,
    span integer not null,
    starts text not null,
    changes blob not null,
    primary key (tenant_id, facet, node_id, level, value, span, starts),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
) strict, without rowid;
insert into spiral_counts
    select tenant_id, node_id, level, facet, value, span, starts,
        unhex(group_concat(printf('%08x%08x', figure, n & 4294967295), '' order by figure))
    from spiral_cells group by tenant_id, node_id, level, facet, value, span, starts;
drop table spiral_cells;

-- 0016_spans

-- Days, months and the total of a place are read apart: what tells them apart stands before the place in the key, so that a
-- reader of twenty months walks over none of the thousands of days between.
alter table spiral_counts rename to spiral_counts_before;
create table spiral_counts (
    tenant_id blob not null references tenants (id),
    node_id blob not null,
    level integer not null,
    facet text not null,
    value text not null,
    span integer not null,
    starts text not null,
    changes blob not null,
    primary key (tenant_id, facet, span, node_id, starts, level, value),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
) strict, without rowid;
insert into spiral_counts select * from spiral_counts_before;
drop table spiral_counts_before;

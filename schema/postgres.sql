-- The schema on PostgreSQL. Made from crates/store/migrations by `cargo dev schema`; do not edit.

-- 0001_frame

create table tenants (
    id uuid not null,
    slug text collate "C" not null,
    name text collate "C" not null,
    created_at timestamptz not null,
    primary key (id),
    unique (slug)
);

create table signing_keys (
    kid text collate "C" not null,
    sealed bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz,
    primary key (kid)
);

create table tenant_sharing (
    tenant_id uuid not null references tenants (id),
    kind text collate "C" not null,
    level smallint not null,
    primary key (tenant_id, kind)
);

create table org_units (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    parent_id uuid,
    tier smallint not null,
    kind text collate "C" not null,
    code text collate "C" not null,
    ods_code text collate "C",
    source text collate "C",
    external_id text collate "C",
    name text collate "C" not null,
    service_area text collate "C",
    population bigint,
    opened_on date,
    opened_precision text collate "C" not null,
    closed_on date,
    synthetic boolean not null,
    settled_on date not null,
    path text collate "C" not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint org_units_code unique (tenant_id, code),
    constraint org_units_ods unique (tenant_id, ods_code),
    constraint org_units_external unique (tenant_id, source, external_id),
    constraint org_units_path unique (tenant_id, path),
    foreign key (tenant_id, parent_id) references org_units (tenant_id, id)
);
create index org_units_settled on org_units (tenant_id, settled_on);
create index org_units_parent on org_units (tenant_id, parent_id);

create table unit_ancestry (
    tenant_id uuid not null,
    descendant_id uuid not null,
    ancestor_id uuid not null,
    depth smallint not null,
    valid_from date not null,
    valid_to date not null,
    primary key (tenant_id, descendant_id, ancestor_id, valid_from),
    foreign key (tenant_id, descendant_id) references org_units (tenant_id, id),
    foreign key (tenant_id, ancestor_id) references org_units (tenant_id, id)
);
create index unit_ancestry_down on unit_ancestry (tenant_id, ancestor_id, depth);

create table unit_sharing (
    tenant_id uuid not null,
    unit_id uuid not null,
    kind text collate "C" not null,
    level smallint not null,
    times bigint not null,
    primary key (tenant_id, unit_id, kind),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table networks (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    name text collate "C" not null,
    kind text collate "C" not null,
    host_unit_id uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint networks_code unique (tenant_id, code),
    foreign key (tenant_id, host_unit_id) references org_units (tenant_id, id)
);

create table network_members (
    tenant_id uuid not null,
    network_id uuid not null,
    unit_id uuid not null,
    joined_on date,
    left_on date,
    primary key (tenant_id, network_id, unit_id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index network_members_unit on network_members (tenant_id, unit_id);

create table principals (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    kind text collate "C" not null,
    issuer text collate "C",
    subject text collate "C",
    name text collate "C" not null,
    version bigint not null,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    constraint principals_subject unique (tenant_id, issuer, subject)
);

create table api_clients (
    tenant_id uuid not null,
    id uuid not null,
    client_id text collate "C" not null,
    name text collate "C" not null,
    unit_id uuid not null,
    scopes text collate "C" not null,
    sources text collate "C" not null,
    numeric_ids boolean not null,
    keys text collate "C" not null,
    closed_at timestamptz,
    version bigint not null,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references principals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table client_sources (
    tenant_id uuid not null,
    source text collate "C" not null,
    client_id uuid not null,
    constraint client_sources_taken primary key (tenant_id, source),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
);

create table client_secrets (
    tenant_id uuid not null,
    id uuid not null,
    client_id uuid not null,
    hash text collate "C" not null,
    expires_at timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
);
create index client_secrets_client on client_secrets (tenant_id, client_id);

create table client_assertions (
    tenant_id uuid not null,
    client_id uuid not null,
    jti text collate "C" not null,
    expires_at timestamptz not null,
    primary key (tenant_id, client_id, jti),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
);
create index client_assertions_expiry on client_assertions (tenant_id, expires_at);

create table grants (
    tenant_id uuid not null,
    id uuid not null,
    principal_id uuid not null,
    role text collate "C" not null,
    unit_id uuid not null,
    network_id uuid,
    granted_by uuid not null,
    expires_on date,
    revoked_at timestamptz,
    revoked_by uuid,
    revoked_from uuid,
    version bigint not null,
    created_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, principal_id) references principals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
);
create index grants_principal on grants (tenant_id, principal_id);
create index grants_unit on grants (tenant_id, unit_id);

create table ledger_head (
    tenant_id uuid not null references tenants (id),
    position bigint not null,
    hash bytea not null,
    at timestamptz not null,
    units bigint not null,
    changed bigint not null,
    settled bigint not null,
    primary key (tenant_id)
);

create table ledger (
    tenant_id uuid not null references tenants (id),
    position bigint not null,
    at timestamptz not null,
    actor_id uuid not null,
    action text collate "C" not null,
    request_id text collate "C" not null,
    records bigint not null,
    items bytea not null,
    previous bytea not null,
    hash bytea not null,
    primary key (tenant_id, position)
);

create table access_log (
    tenant_id uuid not null references tenants (id),
    position bigint not null,
    n bigint not null,
    at timestamptz not null,
    actor_id uuid not null,
    operation text collate "C" not null,
    request_id text collate "C" not null,
    records bigint not null,
    primary key (tenant_id, position, n)
);

create table idempotency_keys (
    tenant_id uuid not null references tenants (id),
    principal_id uuid not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    answer text collate "C",
    created_at timestamptz not null,
    primary key (tenant_id, principal_id, key)
);
create index idempotency_keys_age on idempotency_keys (tenant_id, created_at);

create table programmes (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    name text collate "C" not null,
    unit_id uuid not null,
    network_id uuid,
    starts_on date,
    starts_precision text collate "C" not null,
    ends_on date,
    ends_precision text collate "C" not null,
    coaching boolean,
    teams bigint,
    gates text collate "C" not null,
    dormancy_days bigint,
    source text collate "C",
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint programmes_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
);

alter table tenant_sharing enable row level security;
alter table tenant_sharing force row level security;
create policy tenant on tenant_sharing using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table org_units enable row level security;
alter table org_units force row level security;
create policy tenant on org_units using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table unit_ancestry enable row level security;
alter table unit_ancestry force row level security;
create policy tenant on unit_ancestry using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table unit_sharing enable row level security;
alter table unit_sharing force row level security;
create policy tenant on unit_sharing using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table networks enable row level security;
alter table networks force row level security;
create policy tenant on networks using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table network_members enable row level security;
alter table network_members force row level security;
create policy tenant on network_members using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table principals enable row level security;
alter table principals force row level security;
create policy tenant on principals using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table api_clients enable row level security;
alter table api_clients force row level security;
create policy tenant on api_clients using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table client_sources enable row level security;
alter table client_sources force row level security;
create policy tenant on client_sources using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table client_secrets enable row level security;
alter table client_secrets force row level security;
create policy tenant on client_secrets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table client_assertions enable row level security;
alter table client_assertions force row level security;
create policy tenant on client_assertions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table grants enable row level security;
alter table grants force row level security;
create policy tenant on grants using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table ledger_head enable row level security;
alter table ledger_head force row level security;
create policy tenant on ledger_head using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table ledger enable row level security;
alter table ledger force row level security;
create policy tenant on ledger using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table access_log enable row level security;
alter table access_log force row level security;
create policy tenant on access_log using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy tenant on idempotency_keys using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table programmes enable row level security;
alter table programmes force row level security;
create policy tenant on programmes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table ledger_head set (fillfactor = 85);

alter table ledger alter column items set storage external;

-- 0002_measures

create table stratum_dimensions (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    name text collate "C" not null,
    unit_id uuid not null,
    value_list text collate "C" not null,
    disadvantaged_end text collate "C",
    reference_population text collate "C",
    edition text collate "C",
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint stratum_dimensions_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table measures (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    measure_version bigint not null,
    unit_id uuid not null,
    name text collate "C" not null,
    kind text collate "C" not null,
    scale text collate "C" not null,
    unit_of_measure text collate "C",
    multiplier double precision not null,
    direction text collate "C" not null,
    cadence text collate "C" not null,
    irregular boolean not null,
    target double precision,
    definition text collate "C",
    reporting_tier smallint not null,
    counts_people boolean not null,
    dimensions text collate "C" not null,
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint measures_code unique (tenant_id, code, measure_version),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index measures_unit on measures (tenant_id, unit_id);

create table observation_sheets (
    tenant_id uuid not null,
    measure_id uuid not null,
    period_start date not null,
    period_end date not null,
    block bigint not null,
    recorded_at timestamptz not null,
    recorded_by uuid not null,
    births uuid,
    live bigint not null,
    body bytea not null,
    primary key (tenant_id, measure_id, period_start, period_end, block, recorded_at)
);
create unique index observation_sheets_births on observation_sheets (tenant_id, births);
create index observation_sheets_recorded on observation_sheets (tenant_id, recorded_at);
create index observation_sheets_block on observation_sheets (tenant_id, block);

create table observation_names (
    tenant_id uuid not null,
    source text collate "C" not null,
    external_id text collate "C" not null,
    observation_id uuid not null,
    primary key (tenant_id, source, external_id)
);

create table observation_moves (
    tenant_id uuid not null,
    observation_id uuid not null,
    at timestamptz not null,
    measure_id uuid not null,
    period_start date not null,
    period_end date not null,
    block bigint not null,
    primary key (tenant_id, observation_id, at)
);

create table measure_cells (
    tenant_id uuid not null,
    measure_id uuid not null,
    node_id uuid not null,
    stratum text collate "C" not null,
    period_start date not null,
    period_end date not null,
    level smallint not null,
    contributors bigint not null,
    numerator double precision not null,
    denominator double precision not null,
    squares double precision not null,
    primary key (tenant_id, measure_id, node_id, stratum, period_start, period_end, level)
);

alter table stratum_dimensions enable row level security;
alter table stratum_dimensions force row level security;
create policy tenant on stratum_dimensions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table measures enable row level security;
alter table measures force row level security;
create policy tenant on measures using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table observation_sheets enable row level security;
alter table observation_sheets force row level security;
create policy tenant on observation_sheets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table observation_names enable row level security;
alter table observation_names force row level security;
create policy tenant on observation_names using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table observation_moves enable row level security;
alter table observation_moves force row level security;
create policy tenant on observation_moves using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table measure_cells enable row level security;
alter table measure_cells force row level security;
create policy tenant on measure_cells using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table observation_sheets set (fillfactor = 85);

alter table measure_cells set (fillfactor = 85);

-- 0003_spread

create table innovations (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    name text collate "C" not null,
    summary text collate "C",
    unit_id uuid not null,
    status text collate "C" not null,
    evidence text collate "C",
    tiers text collate "C" not null,
    kinds text collate "C" not null,
    service_areas text collate "C" not null,
    source text collate "C",
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint innovations_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table innovation_moves (
    tenant_id uuid not null,
    innovation_id uuid not null,
    version bigint not null,
    status text collate "C" not null,
    evidence text collate "C",
    moved_by uuid not null,
    moved_at timestamptz not null,
    primary key (tenant_id, innovation_id, version),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id)
);

create table adoption_events (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    innovation_id uuid not null,
    unit_id uuid not null,
    stage text collate "C" not null,
    occurred_on date not null,
    occurred_precision text collate "C" not null,
    mode text collate "C",
    learnt_from_id uuid,
    learnt_from_tier smallint,
    reason text collate "C",
    fidelity_note text collate "C",
    reinvention_note text collate "C",
    source text collate "C",
    external_id text collate "C",
    recorded_by uuid not null,
    recorded_at timestamptz not null,
    disputed boolean not null,
    dispute_note text collate "C",
    retracted boolean not null,
    sharing smallint not null,
    version bigint not null,
    updated_at timestamptz not null,
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
    tenant_id uuid not null,
    innovation_id uuid not null,
    unit_id uuid not null,
    stage text collate "C" not null,
    since date not null,
    since_precision text collate "C" not null,
    event_id uuid not null,
    aware_on date not null,
    ever_adopted_on date,
    ever_adopted_precision text collate "C",
    mode text collate "C",
    learnt_from_id uuid,
    routine_on date,
    ended_on date,
    disputed boolean not null,
    sharing smallint not null,
    primary key (tenant_id, innovation_id, unit_id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index adoptions_unit on adoptions (tenant_id, unit_id);

create table spread_cells (
    tenant_id uuid not null references tenants (id),
    subject_id uuid not null,
    node_id uuid not null,
    level smallint not null,
    year smallint not null,
    changes bytea not null,
    primary key (tenant_id, subject_id, node_id, level, year),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
);
create index org_units_tier on org_units (tenant_id, tier, path);

alter table innovations enable row level security;
alter table innovations force row level security;
create policy tenant on innovations using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table innovation_moves enable row level security;
alter table innovation_moves force row level security;
create policy tenant on innovation_moves using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table adoption_events enable row level security;
alter table adoption_events force row level security;
create policy tenant on adoption_events using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table adoptions enable row level security;
alter table adoptions force row level security;
create policy tenant on adoptions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spread_cells enable row level security;
alter table spread_cells force row level security;
create policy tenant on spread_cells using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spread_cells set (fillfactor = 85);

-- 0004_sustainability

create table field_tests (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    name text collate "C" not null,
    innovation_id uuid not null,
    unit_id uuid not null,
    question text collate "C" not null,
    hypothesis text collate "C",
    design text collate "C" not null,
    primary_measure_code text collate "C",
    secondary_measure_codes text collate "C" not null,
    success_criterion text collate "C",
    smallest_worthwhile_effect double precision,
    status text collate "C" not null,
    starts_on date,
    ends_on date,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint field_tests_code unique (tenant_id, code),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index field_tests_innovation on field_tests (tenant_id, innovation_id);

create table field_test_sites (
    tenant_id uuid not null,
    id uuid not null,
    field_test_id uuid not null,
    unit_id uuid not null,
    label text collate "C",
    arm text collate "C",
    step bigint,
    enrolled_on date not null,
    crossed_over_on date,
    left_on date,
    source text collate "C",
    sharing smallint not null,
    enrolled_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, field_test_id, unit_id),
    foreign key (tenant_id, field_test_id) references field_tests (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index field_test_sites_unit on field_test_sites (tenant_id, unit_id);

create table field_test_results (
    tenant_id uuid not null,
    id uuid not null,
    field_test_id uuid not null,
    site_id uuid not null,
    unit_id uuid not null,
    measure_code text collate "C" not null,
    arm text collate "C" not null,
    phase text collate "C",
    period_start date,
    period_end date,
    stratum text collate "C" not null,
    n bigint,
    events bigint,
    mean double precision,
    sd double precision,
    quality text collate "C" not null,
    source text collate "C",
    external_id text collate "C",
    recorded_by uuid not null,
    recorded_at timestamptz not null,
    retracted boolean not null,
    sharing smallint not null,
    version bigint not null,
    primary key (tenant_id, id),
    constraint field_test_results_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, field_test_id) references field_tests (tenant_id, id),
    foreign key (tenant_id, site_id) references field_test_sites (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create unique index field_test_results_key on field_test_results (tenant_id, site_id, measure_code, arm, stratum,
    (coalesce(phase, '')), (coalesce(period_start, '1000-01-01')), (coalesce(period_end, '1000-01-01')));
create index field_test_results_test on field_test_results (tenant_id, field_test_id);
create index field_test_results_unit on field_test_results (tenant_id, unit_id);

create table sustainability_assessments (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    innovation_id uuid,
    title text collate "C" not null,
    instrument text collate "C" not null,
    instrument_version text collate "C" not null,
    assessed_on date not null,
    status text collate "C" not null,
    raters bigint not null,
    score double precision,
    lowest double precision,
    highest double precision,
    at_or_above_threshold boolean,
    groups text collate "C" not null,
    factors text collate "C" not null,
    weakest text collate "C" not null,
    sharing smallint not null,
    opened_by uuid not null,
    closed_at timestamptz,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id)
);
create index sustainability_assessments_unit on sustainability_assessments (tenant_id, unit_id, assessed_on);

create table sustainability_ratings (
    tenant_id uuid not null,
    id uuid not null,
    assessment_id uuid not null,
    unit_id uuid not null,
    rater_id uuid not null,
    answers text collate "C" not null,
    total double precision not null,
    groups text collate "C" not null,
    recorded_at timestamptz not null,
    version bigint not null,
    primary key (tenant_id, id),
    unique (tenant_id, assessment_id, rater_id),
    foreign key (tenant_id, assessment_id) references sustainability_assessments (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, rater_id) references principals (tenant_id, id)
);

alter table field_tests enable row level security;
alter table field_tests force row level security;
create policy tenant on field_tests using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table field_test_sites enable row level security;
alter table field_test_sites force row level security;
create policy tenant on field_test_sites using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table field_test_results enable row level security;
alter table field_test_results force row level security;
create policy tenant on field_test_results using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table sustainability_assessments enable row level security;
alter table sustainability_assessments force row level security;
create policy tenant on sustainability_assessments using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table sustainability_ratings enable row level security;
alter table sustainability_ratings force row level security;
create policy tenant on sustainability_ratings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0005_tree

create table reorganisations (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    kind text collate "C" not null,
    effective_on date not null,
    reason text collate "C",
    name text collate "C",
    changes text collate "C" not null,
    reverses_id uuid,
    reversed_by_id uuid,
    recorded_by uuid not null,
    recorded_at timestamptz not null,
    version bigint not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table reorganised_units (
    tenant_id uuid not null,
    unit_id uuid not null,
    reorganisation_id uuid not null,
    primary key (tenant_id, unit_id, reorganisation_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
);

create table unit_successions (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    predecessor_id uuid not null,
    successor_id uuid not null,
    legal_start date not null,
    reorganisation_id uuid,
    withdrawn boolean not null,
    version bigint not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, predecessor_id) references org_units (tenant_id, id),
    foreign key (tenant_id, successor_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
);
create index unit_successions_predecessor on unit_successions (tenant_id, predecessor_id);
create index unit_successions_successor on unit_successions (tenant_id, successor_id);

create index unit_ancestry_moved on unit_ancestry (tenant_id, ancestor_id) where valid_from > '1000-01-01' or valid_to < '9999-12-31';

alter table reorganisations enable row level security;
alter table reorganisations force row level security;
create policy tenant on reorganisations using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table reorganised_units enable row level security;
alter table reorganised_units force row level security;
create policy tenant on reorganised_units using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table unit_successions enable row level security;
alter table unit_successions force row level security;
create policy tenant on unit_successions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0006_directory

create table unit_attributes (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    code text collate "C" not null,
    name text collate "C" not null,
    description text collate "C",
    value_type text collate "C" not null,
    unit_of_measure text collate "C",
    minimum double precision,
    maximum double precision,
    value_list text collate "C" not null,
    index_name text collate "C",
    edition text collate "C",
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint unit_attributes_code unique (tenant_id, code)
);

create table unit_attribute_values (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    attribute_id uuid not null,
    valid_from date not null,
    valid_to date,
    number double precision,
    value_text text collate "C",
    source text collate "C",
    external_id text collate "C",
    recorded_by uuid not null,
    recorded_at timestamptz not null,
    retracted boolean not null,
    version bigint not null,
    primary key (tenant_id, id),
    constraint unit_attribute_values_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, attribute_id) references unit_attributes (tenant_id, id)
);
create unique index unit_attribute_values_day on unit_attribute_values (tenant_id, unit_id, attribute_id, valid_from) where not retracted;
create index unit_attribute_values_attribute on unit_attribute_values (tenant_id, attribute_id, unit_id);

create table linkages (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    from_id uuid not null,
    to_id uuid not null,
    kind text collate "C" not null,
    started_on date,
    ended_on date,
    note text collate "C",
    withdrawn boolean not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, from_id) references org_units (tenant_id, id),
    foreign key (tenant_id, to_id) references org_units (tenant_id, id)
);
create index linkages_from on linkages (tenant_id, from_id);
create index linkages_to on linkages (tenant_id, to_id);

alter table unit_attributes enable row level security;
alter table unit_attributes force row level security;
create policy tenant on unit_attributes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table unit_attribute_values enable row level security;
alter table unit_attribute_values force row level security;
create policy tenant on unit_attribute_values using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table linkages enable row level security;
alter table linkages force row level security;
create policy tenant on linkages using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0007_series

create table annotations (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    measure_id uuid,
    occurred_on date not null,
    text text collate "C" not null,
    source text collate "C",
    external_id text collate "C",
    recorded_by uuid not null,
    retracted boolean not null,
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint annotations_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index annotations_unit on annotations (tenant_id, unit_id);
create index annotations_changed on annotations (tenant_id, updated_at);

create table phases (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    measure_id uuid not null,
    starts_on date not null,
    label text collate "C" not null,
    source text collate "C",
    external_id text collate "C",
    recorded_by uuid not null,
    retracted boolean not null,
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint phases_external unique (tenant_id, source, external_id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index phases_unit on phases (tenant_id, unit_id, measure_id);
create index phases_changed on phases (tenant_id, updated_at);

create table targets (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    measure_id uuid not null,
    tier smallint,
    value double precision not null,
    starts_on date,
    ends_on date,
    recorded_by uuid not null,
    retracted boolean not null,
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index targets_measure on targets (tenant_id, measure_id, unit_id);
create index targets_unit on targets (tenant_id, unit_id);
create index targets_changed on targets (tenant_id, updated_at);

create table measure_links (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    measure_id uuid not null,
    starts_on date,
    ends_on date,
    recorded_by uuid not null,
    retracted boolean not null,
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index measure_links_unit on measure_links (tenant_id, unit_id, measure_id);
create index measure_links_changed on measure_links (tenant_id, updated_at);

alter table annotations enable row level security;
alter table annotations force row level security;
create policy tenant on annotations using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table phases enable row level security;
alter table phases force row level security;
create policy tenant on phases using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table targets enable row level security;
alter table targets force row level security;
create policy tenant on targets using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table measure_links enable row level security;
alter table measure_links force row level security;
create policy tenant on measure_links using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0008_spirals

create table spirals (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    title text collate "C" not null,
    theme text collate "C",
    origin text collate "C" not null,
    priority text collate "C",
    innovation_id uuid,
    programme_id uuid,
    status text collate "C" not null,
    turn bigint not null,
    step text collate "C" not null,
    started_on date not null,
    entered_on date not null,
    active_on date not null,
    dormant_from date,
    quiet text collate "C" not null,
    discontinued_because text collate "C",
    sharing smallint not null,
    started_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, programme_id) references programmes (tenant_id, id)
);
create index spirals_unit on spirals (tenant_id, unit_id, started_on);
create index spirals_changed on spirals (tenant_id, updated_at);
create index spirals_falling on spirals (tenant_id, dormant_from) where status = 'active';

create table spiral_stays (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    step text collate "C" not null,
    status text collate "C" not null,
    began_on date not null,
    ended_on date,
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index spiral_stays_spiral on spiral_stays (tenant_id, spiral_id);
create index spiral_stays_unit on spiral_stays (tenant_id, unit_id);

create table spiral_needs (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    gap text collate "C" not null,
    voiced_by text collate "C" not null,
    measure_id uuid,
    current_value double precision,
    potential_value double precision,
    why_not_otherwise text collate "C",
    state text collate "C" not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index spiral_needs_spiral on spiral_needs (tenant_id, spiral_id);
create index spiral_needs_unit on spiral_needs (tenant_id, unit_id);

create table knowledge_uses (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    looked_at text collate "C" not null,
    came_from text collate "C" not null,
    learnt_from_id uuid,
    citation text collate "C",
    learnt text collate "C" not null,
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, learnt_from_id) references org_units (tenant_id, id)
);
create index knowledge_uses_spiral on knowledge_uses (tenant_id, spiral_id);
create index knowledge_uses_unit on knowledge_uses (tenant_id, unit_id);

create table knowledge_requests (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    question text collate "C" not null,
    theme text collate "C",
    state text collate "C" not null,
    answers bigint not null,
    asked_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index knowledge_requests_spiral on knowledge_requests (tenant_id, spiral_id);
create index knowledge_requests_changed on knowledge_requests (tenant_id, updated_at);

create table knowledge_answers (
    tenant_id uuid not null,
    id uuid not null,
    request_id uuid not null,
    unit_id uuid not null,
    text text collate "C" not null,
    citation text collate "C",
    answered_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references knowledge_requests (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index knowledge_answers_request on knowledge_answers (tenant_id, request_id);

create table spiral_decisions (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    question text collate "C" not null,
    options text collate "C" not null,
    criteria text collate "C" not null,
    scores text collate "C" not null,
    choice text collate "C",
    reason text collate "C",
    mode text collate "C",
    decided_on date,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index spiral_decisions_spiral on spiral_decisions (tenant_id, spiral_id);
create index spiral_decisions_unit on spiral_decisions (tenant_id, unit_id);

create table spiral_outcomes (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    kind text collate "C" not null,
    text text collate "C" not null,
    evidence text collate "C" not null,
    measure_id uuid,
    since date,
    checked_on date,
    in_place boolean,
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index spiral_outcomes_spiral on spiral_outcomes (tenant_id, spiral_id);
create index spiral_outcomes_unit on spiral_outcomes (tenant_id, unit_id);

create table progress_scores (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    score double precision not null,
    note text collate "C",
    set_on date not null,
    sharing smallint not null,
    set_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index progress_scores_spiral on progress_scores (tenant_id, spiral_id);
create index progress_scores_unit on progress_scores (tenant_id, unit_id);

create table timeline_entries (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    step text collate "C" not null,
    kind text collate "C" not null,
    subject text collate "C" not null,
    subject_id uuid not null,
    changes text collate "C" not null,
    reason text collate "C",
    occurred_on date not null,
    done_by uuid not null,
    work text collate "C" not null,
    sharing smallint not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index timeline_entries_spiral on timeline_entries (tenant_id, spiral_id);
create index timeline_entries_unit on timeline_entries (tenant_id, unit_id);

create table spiral_cells (
    tenant_id uuid not null references tenants (id),
    node_id uuid not null,
    level smallint not null,
    facet text collate "C" not null,
    value text collate "C" not null,
    span smallint not null,
    figure bigint not null,
    starts date not null,
    n bigint not null,
    primary key (tenant_id, node_id, level, facet, value, span, figure, starts),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
);

create table collaborations (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    title text collate "C" not null,
    purpose text collate "C",
    started_by_unit_id uuid not null,
    started_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, started_by_unit_id) references org_units (tenant_id, id)
);
create index collaborations_changed on collaborations (tenant_id, updated_at);

create table collaboration_members (
    tenant_id uuid not null,
    id uuid not null,
    collaboration_id uuid not null,
    unit_id uuid not null,
    spiral_id uuid,
    state text collate "C" not null,
    changed_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, collaboration_id, unit_id),
    foreign key (tenant_id, collaboration_id) references collaborations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index collaboration_members_unit on collaboration_members (tenant_id, unit_id);

create table collaboration_entries (
    tenant_id uuid not null,
    id uuid not null,
    collaboration_id uuid not null,
    unit_id uuid not null,
    event text collate "C" not null,
    text text collate "C",
    done_by uuid not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, collaboration_id) references collaborations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index collaboration_entries_of on collaboration_entries (tenant_id, collaboration_id);

alter table spirals enable row level security;
alter table spirals force row level security;
create policy tenant on spirals using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_stays enable row level security;
alter table spiral_stays force row level security;
create policy tenant on spiral_stays using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_needs enable row level security;
alter table spiral_needs force row level security;
create policy tenant on spiral_needs using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table knowledge_uses enable row level security;
alter table knowledge_uses force row level security;
create policy tenant on knowledge_uses using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table knowledge_requests enable row level security;
alter table knowledge_requests force row level security;
create policy tenant on knowledge_requests using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table knowledge_answers enable row level security;
alter table knowledge_answers force row level security;
create policy tenant on knowledge_answers using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_decisions enable row level security;
alter table spiral_decisions force row level security;
create policy tenant on spiral_decisions using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_outcomes enable row level security;
alter table spiral_outcomes force row level security;
create policy tenant on spiral_outcomes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table progress_scores enable row level security;
alter table progress_scores force row level security;
create policy tenant on progress_scores using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table timeline_entries enable row level security;
alter table timeline_entries force row level security;
create policy tenant on timeline_entries using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_cells enable row level security;
alter table spiral_cells force row level security;
create policy tenant on spiral_cells using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table collaborations enable row level security;
alter table collaborations force row level security;
create policy tenant on collaborations using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table collaboration_members enable row level security;
alter table collaboration_members force row level security;
create policy tenant on collaboration_members using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table collaboration_entries enable row level security;
alter table collaboration_entries force row level security;
create policy tenant on collaboration_entries using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0009_microsystems

create table lead_team_members (
    tenant_id uuid not null,
    id uuid not null,
    unit_id uuid not null,
    principal_id uuid,
    description text collate "C",
    discipline text collate "C" not null,
    role text collate "C" not null,
    joined_on date not null,
    left_on date,
    leave_reason text collate "C",
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, principal_id) references principals (tenant_id, id)
);
create index lead_team_members_unit on lead_team_members (tenant_id, unit_id, joined_on);

create table meetings (
    tenant_id uuid not null,
    id uuid not null,
    unit_id uuid not null,
    spiral_id uuid,
    kind text collate "C" not null,
    held_on date not null,
    attendance bigint not null,
    attendees text collate "C" not null,
    protected_minutes bigint not null,
    notes text collate "C",
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index meetings_unit on meetings (tenant_id, unit_id, held_on);
create index meetings_spiral on meetings (tenant_id, spiral_id) where spiral_id is not null;

create table rhythm_settings (
    tenant_id uuid not null,
    id uuid not null,
    unit_id uuid not null,
    starts_on date not null,
    expectations text collate "C" not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    constraint rhythm_settings_start unique (tenant_id, unit_id, starts_on),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table five_ps (
    tenant_id uuid not null,
    id uuid not null,
    unit_id uuid not null,
    assessed_on date not null,
    purpose text collate "C" not null,
    patients text collate "C" not null,
    professionals text collate "C" not null,
    processes text collate "C" not null,
    patterns text collate "C" not null,
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index five_ps_unit on five_ps (tenant_id, unit_id, assessed_on);

create table condition_assessments (
    tenant_id uuid not null,
    id uuid not null,
    unit_id uuid not null,
    condition text collate "C" not null,
    assessed_on date not null,
    structures text collate "C",
    processes text collate "C",
    patterns text collate "C",
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index condition_assessments_unit on condition_assessments (tenant_id, unit_id, assessed_on);

create table five_ps_cells (
    tenant_id uuid not null,
    parent_id uuid not null,
    level smallint not null,
    day date not null,
    part smallint not null,
    state smallint not null,
    teams bigint not null,
    primary key (tenant_id, parent_id, level, day, part, state),
    foreign key (tenant_id, parent_id) references org_units (tenant_id, id)
);

alter table lead_team_members enable row level security;
alter table lead_team_members force row level security;
create policy tenant on lead_team_members using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table meetings enable row level security;
alter table meetings force row level security;
create policy tenant on meetings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table rhythm_settings enable row level security;
alter table rhythm_settings force row level security;
create policy tenant on rhythm_settings using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table five_ps enable row level security;
alter table five_ps force row level security;
create policy tenant on five_ps using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table condition_assessments enable row level security;
alter table condition_assessments force row level security;
create policy tenant on condition_assessments using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table five_ps_cells enable row level security;
alter table five_ps_cells force row level security;
create policy tenant on five_ps_cells using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table five_ps_cells set (fillfactor = 85);

-- 0010_surveys

create table survey_instruments (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid,
    code text collate "C" not null,
    version bigint not null,
    title text collate "C" not null,
    kind text collate "C" not null,
    provenance text collate "C" not null,
    scales text collate "C" not null,
    items text collate "C" not null,
    subscales text collate "C" not null,
    scoring text collate "C" not null,
    created_at timestamptz,
    primary key (tenant_id, id),
    constraint survey_instruments_code unique (tenant_id, code, version),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table surveys (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    network_id uuid,
    title text collate "C" not null,
    wave text collate "C",
    kind text collate "C" not null,
    instrument text collate "C" not null,
    instrument_version bigint not null,
    mode text collate "C" not null,
    opens_on date not null,
    closes_on date not null,
    threshold bigint not null,
    codes_issued bigint not null,
    status text collate "C" not null,
    closed_at timestamptz,
    sharing smallint not null,
    opened_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
);
create index surveys_unit on surveys (tenant_id, unit_id);

create table survey_parts (
    tenant_id uuid not null,
    id uuid not null,
    survey_id uuid not null,
    unit_id uuid not null,
    whole boolean not null,
    results text collate "C",
    sharing smallint not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, survey_id, unit_id, whole),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index survey_parts_unit on survey_parts (tenant_id, unit_id);

-- What was answered while a survey is open: one sealed box for each unit, made anew with each answer. There is no
-- row, no id, no time and no place for a single answer (docs/adr/0018-sealed-boxes.md).
create table survey_boxes (
    tenant_id uuid not null,
    survey_id uuid not null,
    unit_id uuid not null,
    answered_at_least bigint not null,
    sealed bytea not null,
    primary key (tenant_id, survey_id, unit_id),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

-- One-time codes that were not used yet: a used one is gone.
create table survey_codes (
    tenant_id uuid not null,
    survey_id uuid not null,
    unit_id uuid not null,
    digest bytea not null,
    primary key (tenant_id, survey_id, digest),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

alter table survey_instruments enable row level security;
alter table survey_instruments force row level security;
create policy tenant on survey_instruments using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table surveys enable row level security;
alter table surveys force row level security;
create policy tenant on surveys using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table survey_parts enable row level security;
alter table survey_parts force row level security;
create policy tenant on survey_parts using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table survey_boxes enable row level security;
alter table survey_boxes force row level security;
create policy tenant on survey_boxes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table survey_codes enable row level security;
alter table survey_codes force row level security;
create policy tenant on survey_codes using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0011_work

create table diagrams (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    spiral_id uuid,
    kind text collate "C" not null,
    title text collate "C" not null,
    drawn_on date not null,
    process_map text collate "C",
    fishbone text collate "C",
    driver_diagram text collate "C",
    retracted boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index diagrams_unit on diagrams (tenant_id, unit_id, kind);
create index diagrams_spiral on diagrams (tenant_id, spiral_id) where spiral_id is not null;

create table aims (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    spiral_id uuid,
    kind text collate "C" not null,
    statement text collate "C" not null,
    under_id uuid,
    measure_id uuid,
    direction text collate "C",
    from_value double precision,
    to_value double precision,
    by_when date,
    status text collate "C" not null,
    retracted boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, under_id) references aims (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index aims_unit on aims (tenant_id, unit_id);
create index aims_spiral on aims (tenant_id, spiral_id) where spiral_id is not null;

create table ramps (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    spiral_id uuid,
    aim_id uuid not null,
    title text collate "C" not null,
    retracted boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, aim_id) references aims (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index ramps_unit on ramps (tenant_id, unit_id);
create index ramps_spiral on ramps (tenant_id, spiral_id) where spiral_id is not null;

create table cycles (
    tenant_id uuid not null references tenants (id),
    id uuid not null,
    unit_id uuid not null,
    spiral_id uuid,
    kind text collate "C" not null,
    ramp_id uuid,
    follows_id uuid,
    title text collate "C" not null,
    phase text collate "C" not null,
    plan text collate "C" not null,
    carried_out text collate "C",
    study text collate "C",
    act text collate "C",
    owner text collate "C",
    review_on date,
    reviewed_on date,
    retracted boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, ramp_id) references ramps (tenant_id, id),
    foreign key (tenant_id, follows_id) references cycles (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index cycles_unit on cycles (tenant_id, unit_id);
create index cycles_spiral on cycles (tenant_id, spiral_id) where spiral_id is not null;
create index cycles_ramp on cycles (tenant_id, ramp_id);

alter table diagrams enable row level security;
alter table diagrams force row level security;
create policy tenant on diagrams using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table aims enable row level security;
alter table aims force row level security;
create policy tenant on aims using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table ramps enable row level security;
alter table ramps force row level security;
create policy tenant on ramps using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table cycles enable row level security;
alter table cycles force row level security;
create policy tenant on cycles using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0013_links

create table spiral_handovers (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    from_unit_id uuid not null,
    to_unit_id uuid not null,
    handed_on date not null,
    reorganisation_id uuid not null,
    withdrawn boolean not null,
    sharing smallint not null,
    version bigint not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, from_unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, to_unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, reorganisation_id) references reorganisations (tenant_id, id)
);
create index spiral_handovers_spiral on spiral_handovers (tenant_id, spiral_id);
create index spiral_handovers_unit on spiral_handovers (tenant_id, unit_id);
create index spiral_handovers_from on spiral_handovers (tenant_id, from_unit_id);
create index spiral_handovers_by on spiral_handovers (tenant_id, reorganisation_id);

create table spiral_refreshers (
    tenant_id uuid not null,
    id uuid not null,
    spiral_id uuid not null,
    unit_id uuid not null,
    turn bigint not null,
    turn_ended_on date not null,
    months bigint not null,
    due_on date not null,
    done_on date,
    finding text collate "C",
    note text collate "C",
    withdrawn boolean not null,
    sharing smallint not null,
    recorded_by uuid not null,
    version bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index spiral_refreshers_spiral on spiral_refreshers (tenant_id, spiral_id);
create index spiral_refreshers_unit on spiral_refreshers (tenant_id, unit_id);
create index spiral_refreshers_due on spiral_refreshers (tenant_id, due_on) where done_on is null and not withdrawn;

alter table spiral_handovers enable row level security;
alter table spiral_handovers force row level security;
create policy tenant on spiral_handovers using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_refreshers enable row level security;
alter table spiral_refreshers force row level security;
create policy tenant on spiral_refreshers using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

-- 0014_sums

-- How many PDSA cycles a unit carried out to the end in a month, and how many of them have each feature of the method.
create table fidelity_cells (
    tenant_id uuid not null,
    unit_id uuid not null,
    month date not null,
    cycles bigint not null,
    iterative_cycles bigint not null,
    prediction bigint not null,
    small_scale bigint not null,
    data_over_time bigint not null,
    documentation bigint not null,
    primary key (tenant_id, unit_id, month),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index fidelity_cells_month on fidelity_cells (tenant_id, month);
create index aims_measure on aims (tenant_id, measure_id);

alter table fidelity_cells enable row level security;
alter table fidelity_cells force row level security;
create policy tenant on fidelity_cells using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table fidelity_cells set (fillfactor = 85);

-- 0015_counts

-- What changed at a node on a day, in a month and in all, with every figure in one row: as many rows are read beside a
-- hundred thousand spirals as beside a thousand. A figure and its change are four bytes each, in the order of figures.
create table spiral_counts (
    tenant_id uuid not null references tenants (id),
    node_id uuid not null,
    level smallint not null,
    facet text collate "C" not null,
    value text collate "C" not null,
    span smallint not null,
    starts date not null,
    changes bytea not null,
    primary key (tenant_id, facet, node_id, level, value, span, starts),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
);
alter table spiral_cells no force row level security;
insert into spiral_counts
    select tenant_id, node_id, level, facet, value, span, starts,
        string_agg(int4send(figure::int) || int4send(n::int), ''::bytea order by figure)
    from spiral_cells group by tenant_id, node_id, level, facet, value, span, starts;
drop table spiral_cells;

alter table spiral_counts enable row level security;
alter table spiral_counts force row level security;
create policy tenant on spiral_counts using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)) with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));

alter table spiral_counts set (fillfactor = 85);

-- 0016_spans

-- Days, months and the total of a place are read apart: what tells them apart stands before the place in the key, so that a
-- reader of twenty months walks over none of the thousands of days between.
alter table spiral_counts drop constraint spiral_counts_pkey;
alter table spiral_counts add primary key (tenant_id, facet, span, node_id, starts, level, value);

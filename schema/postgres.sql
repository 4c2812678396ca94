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

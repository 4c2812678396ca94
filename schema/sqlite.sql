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
    source text,
    version integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    constraint programmes_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
) strict, without rowid;

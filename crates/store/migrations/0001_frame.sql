create table tenants (
    id {uuid} not null,
    slug {text} not null,
    name {text} not null,
    created_at {time} not null,
    primary key (id),
    unique (slug)
);

create table signing_keys (
    kid {text} not null,
    sealed {bytes} not null,
    created_at {time} not null,
    retired_at {time},
    primary key (kid)
);

create table tenant_sharing (
    tenant_id {uuid} not null references tenants (id),
    kind {text} not null,
    level {small} not null,
    primary key (tenant_id, kind)
);

create table org_units (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    parent_id {uuid},
    tier {small} not null,
    kind {text} not null,
    code {text} not null,
    ods_code {text},
    source {text},
    external_id {text},
    name {text} not null,
    service_area {text},
    population {int},
    opened_on {date},
    opened_precision {text} not null,
    closed_on {date},
    synthetic {bool} not null,
    settled_on {date} not null,
    path {text} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
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
    tenant_id {uuid} not null,
    descendant_id {uuid} not null,
    ancestor_id {uuid} not null,
    depth {small} not null,
    valid_from {date} not null,
    valid_to {date} not null,
    primary key (tenant_id, descendant_id, ancestor_id, valid_from),
    foreign key (tenant_id, descendant_id) references org_units (tenant_id, id),
    foreign key (tenant_id, ancestor_id) references org_units (tenant_id, id)
);
create index unit_ancestry_down on unit_ancestry (tenant_id, ancestor_id, depth);

create table unit_sharing (
    tenant_id {uuid} not null,
    unit_id {uuid} not null,
    kind {text} not null,
    level {small} not null,
    times {int} not null,
    primary key (tenant_id, unit_id, kind),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table networks (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    code {text} not null,
    name {text} not null,
    kind {text} not null,
    host_unit_id {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint networks_code unique (tenant_id, code),
    foreign key (tenant_id, host_unit_id) references org_units (tenant_id, id)
);

create table network_members (
    tenant_id {uuid} not null,
    network_id {uuid} not null,
    unit_id {uuid} not null,
    joined_on {date},
    left_on {date},
    primary key (tenant_id, network_id, unit_id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index network_members_unit on network_members (tenant_id, unit_id);

create table principals (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    kind {text} not null,
    issuer {text},
    subject {text},
    name {text} not null,
    version {int} not null,
    created_at {time} not null,
    primary key (tenant_id, id),
    constraint principals_subject unique (tenant_id, issuer, subject)
);

create table api_clients (
    tenant_id {uuid} not null,
    id {uuid} not null,
    client_id {text} not null,
    name {text} not null,
    unit_id {uuid} not null,
    scopes {text} not null,
    sources {text} not null,
    numeric_ids {bool} not null,
    keys {text} not null,
    closed_at {time},
    version {int} not null,
    created_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references principals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table client_sources (
    tenant_id {uuid} not null,
    source {text} not null,
    client_id {uuid} not null,
    constraint client_sources_taken primary key (tenant_id, source),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
);

create table client_secrets (
    tenant_id {uuid} not null,
    id {uuid} not null,
    client_id {uuid} not null,
    hash {text} not null,
    expires_at {time},
    created_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
);
create index client_secrets_client on client_secrets (tenant_id, client_id);

create table client_assertions (
    tenant_id {uuid} not null,
    client_id {uuid} not null,
    jti {text} not null,
    expires_at {time} not null,
    primary key (tenant_id, client_id, jti),
    foreign key (tenant_id, client_id) references api_clients (tenant_id, id)
);
create index client_assertions_expiry on client_assertions (tenant_id, expires_at);

create table grants (
    tenant_id {uuid} not null,
    id {uuid} not null,
    principal_id {uuid} not null,
    role {text} not null,
    unit_id {uuid} not null,
    network_id {uuid},
    granted_by {uuid} not null,
    expires_on {date},
    revoked_at {time},
    revoked_by {uuid},
    revoked_from {uuid},
    version {int} not null,
    created_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, principal_id) references principals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
);
create index grants_principal on grants (tenant_id, principal_id);
create index grants_unit on grants (tenant_id, unit_id);

create table ledger_head (
    tenant_id {uuid} not null references tenants (id),
    position {int} not null,
    hash {bytes} not null,
    at {time} not null,
    units {int} not null,
    changed {int} not null,
    settled {int} not null,
    primary key (tenant_id)
);

create table ledger (
    tenant_id {uuid} not null references tenants (id),
    position {int} not null,
    at {time} not null,
    actor_id {uuid} not null,
    action {text} not null,
    request_id {text} not null,
    records {int} not null,
    items {bytes} not null,
    previous {bytes} not null,
    hash {bytes} not null,
    primary key (tenant_id, position)
);

create table access_log (
    tenant_id {uuid} not null references tenants (id),
    position {int} not null,
    n {int} not null,
    at {time} not null,
    actor_id {uuid} not null,
    operation {text} not null,
    request_id {text} not null,
    records {int} not null,
    primary key (tenant_id, position, n)
);

create table idempotency_keys (
    tenant_id {uuid} not null references tenants (id),
    principal_id {uuid} not null,
    key {text} not null,
    fingerprint {bytes} not null,
    answer {text},
    created_at {time} not null,
    primary key (tenant_id, principal_id, key)
);
create index idempotency_keys_age on idempotency_keys (tenant_id, created_at);

create table programmes (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    code {text} not null,
    name {text} not null,
    unit_id {uuid} not null,
    network_id {uuid},
    starts_on {date},
    starts_precision {text} not null,
    ends_on {date},
    ends_precision {text} not null,
    coaching {bool},
    teams {int},
    gates {text} not null,
    dormancy_days {int},
    source {text},
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint programmes_code unique (tenant_id, code),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
);

create table survey_instruments (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid},
    code {text} not null,
    version {int} not null,
    title {text} not null,
    kind {text} not null,
    provenance {text} not null,
    scales {text} not null,
    items {text} not null,
    subscales {text} not null,
    scoring {text} not null,
    created_at {time},
    primary key (tenant_id, id),
    constraint survey_instruments_code unique (tenant_id, code, version),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table surveys (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    network_id {uuid},
    title {text} not null,
    wave {text},
    kind {text} not null,
    instrument {text} not null,
    instrument_version {int} not null,
    mode {text} not null,
    opens_on {date} not null,
    closes_on {date} not null,
    threshold {int} not null,
    codes_issued {int} not null,
    status {text} not null,
    closed_at {time},
    sharing {small} not null,
    opened_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, network_id) references networks (tenant_id, id)
);
create index surveys_unit on surveys (tenant_id, unit_id);

create table survey_parts (
    tenant_id {uuid} not null,
    id {uuid} not null,
    survey_id {uuid} not null,
    unit_id {uuid} not null,
    whole {bool} not null,
    results {text},
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    unique (tenant_id, survey_id, unit_id, whole),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index survey_parts_unit on survey_parts (tenant_id, unit_id);

-- What was answered while a survey is open: one sealed box for each unit, made anew with each answer. There is no
-- row, no id, no time and no place for a single answer (docs/adr/0018-sealed-boxes.md).
create table survey_boxes (
    tenant_id {uuid} not null,
    survey_id {uuid} not null,
    unit_id {uuid} not null,
    answered_at_least {int} not null,
    sealed {bytes} not null,
    primary key (tenant_id, survey_id, unit_id),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

-- One-time codes that were not used yet: a used one is gone.
create table survey_codes (
    tenant_id {uuid} not null,
    survey_id {uuid} not null,
    unit_id {uuid} not null,
    digest {bytes} not null,
    primary key (tenant_id, survey_id, digest),
    foreign key (tenant_id, survey_id) references surveys (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

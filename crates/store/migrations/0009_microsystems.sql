create table lead_team_members (
    tenant_id {uuid} not null,
    id {uuid} not null,
    unit_id {uuid} not null,
    principal_id {uuid},
    description {text},
    discipline {text} not null,
    role {text} not null,
    joined_on {date} not null,
    left_on {date},
    leave_reason {text},
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, principal_id) references principals (tenant_id, id)
);
create index lead_team_members_unit on lead_team_members (tenant_id, unit_id, joined_on);

create table meetings (
    tenant_id {uuid} not null,
    id {uuid} not null,
    unit_id {uuid} not null,
    spiral_id {uuid},
    kind {text} not null,
    held_on {date} not null,
    attendance {int} not null,
    attendees {text} not null,
    protected_minutes {int} not null,
    notes {text},
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index meetings_unit on meetings (tenant_id, unit_id, held_on);
create index meetings_spiral on meetings (tenant_id, spiral_id) where spiral_id is not null;

create table rhythm_settings (
    tenant_id {uuid} not null,
    id {uuid} not null,
    unit_id {uuid} not null,
    starts_on {date} not null,
    expectations {text} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    constraint rhythm_settings_start unique (tenant_id, unit_id, starts_on),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);

create table five_ps (
    tenant_id {uuid} not null,
    id {uuid} not null,
    unit_id {uuid} not null,
    assessed_on {date} not null,
    purpose {text} not null,
    patients {text} not null,
    professionals {text} not null,
    processes {text} not null,
    patterns {text} not null,
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index five_ps_unit on five_ps (tenant_id, unit_id, assessed_on);

create table condition_assessments (
    tenant_id {uuid} not null,
    id {uuid} not null,
    unit_id {uuid} not null,
    condition {text} not null,
    assessed_on {date} not null,
    structures {text},
    processes {text},
    patterns {text},
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index condition_assessments_unit on condition_assessments (tenant_id, unit_id, assessed_on);

create table five_ps_cells (
    tenant_id {uuid} not null,
    parent_id {uuid} not null,
    level {small} not null,
    day {date} not null,
    part {small} not null,
    state {small} not null,
    teams {int} not null,
    primary key (tenant_id, parent_id, level, day, part, state),
    foreign key (tenant_id, parent_id) references org_units (tenant_id, id)
);

create table spirals (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    unit_id {uuid} not null,
    title {text} not null,
    theme {text},
    origin {text} not null,
    priority {text},
    innovation_id {uuid},
    programme_id {uuid},
    status {text} not null,
    turn {int} not null,
    step {text} not null,
    started_on {date} not null,
    entered_on {date} not null,
    active_on {date} not null,
    dormant_from {date},
    quiet {text} not null,
    discontinued_because {text},
    sharing {small} not null,
    started_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, innovation_id) references innovations (tenant_id, id),
    foreign key (tenant_id, programme_id) references programmes (tenant_id, id)
);
create index spirals_unit on spirals (tenant_id, unit_id, started_on);
create index spirals_changed on spirals (tenant_id, updated_at);
create index spirals_falling on spirals (tenant_id, dormant_from) where status = 'active';

create table spiral_stays (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    step {text} not null,
    status {text} not null,
    began_on {date} not null,
    ended_on {date},
    sharing {small} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index spiral_stays_spiral on spiral_stays (tenant_id, spiral_id);
create index spiral_stays_unit on spiral_stays (tenant_id, unit_id);

create table spiral_needs (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    gap {text} not null,
    voiced_by {text} not null,
    measure_id {uuid},
    current_value {float},
    potential_value {float},
    why_not_otherwise {text},
    state {text} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index spiral_needs_spiral on spiral_needs (tenant_id, spiral_id);
create index spiral_needs_unit on spiral_needs (tenant_id, unit_id);

create table knowledge_uses (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    looked_at {text} not null,
    came_from {text} not null,
    learnt_from_id {uuid},
    citation {text},
    learnt {text} not null,
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, learnt_from_id) references org_units (tenant_id, id)
);
create index knowledge_uses_spiral on knowledge_uses (tenant_id, spiral_id);
create index knowledge_uses_unit on knowledge_uses (tenant_id, unit_id);

create table knowledge_requests (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    question {text} not null,
    theme {text},
    state {text} not null,
    answers {int} not null,
    asked_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index knowledge_requests_spiral on knowledge_requests (tenant_id, spiral_id);
create index knowledge_requests_changed on knowledge_requests (tenant_id, updated_at);

create table knowledge_answers (
    tenant_id {uuid} not null,
    id {uuid} not null,
    request_id {uuid} not null,
    unit_id {uuid} not null,
    text {text} not null,
    citation {text},
    answered_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references knowledge_requests (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index knowledge_answers_request on knowledge_answers (tenant_id, request_id);

create table spiral_decisions (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    question {text} not null,
    options {text} not null,
    criteria {text} not null,
    scores {text} not null,
    choice {text},
    reason {text},
    mode {text},
    decided_on {date},
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index spiral_decisions_spiral on spiral_decisions (tenant_id, spiral_id);
create index spiral_decisions_unit on spiral_decisions (tenant_id, unit_id);

create table spiral_outcomes (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    kind {text} not null,
    text {text} not null,
    evidence {text} not null,
    measure_id {uuid},
    since {date},
    checked_on {date},
    in_place {bool},
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, measure_id) references measures (tenant_id, id)
);
create index spiral_outcomes_spiral on spiral_outcomes (tenant_id, spiral_id);
create index spiral_outcomes_unit on spiral_outcomes (tenant_id, unit_id);

create table progress_scores (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    score {float} not null,
    note {text},
    set_on {date} not null,
    sharing {small} not null,
    set_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index progress_scores_spiral on progress_scores (tenant_id, spiral_id);
create index progress_scores_unit on progress_scores (tenant_id, unit_id);

create table timeline_entries (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    step {text} not null,
    kind {text} not null,
    subject {text} not null,
    subject_id {uuid} not null,
    changes {text} not null,
    reason {text},
    occurred_on {date} not null,
    done_by {uuid} not null,
    work {text} not null,
    sharing {small} not null,
    recorded_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index timeline_entries_spiral on timeline_entries (tenant_id, spiral_id);
create index timeline_entries_unit on timeline_entries (tenant_id, unit_id);

create table spiral_cells (
    tenant_id {uuid} not null references tenants (id),
    node_id {uuid} not null,
    level {small} not null,
    facet {text} not null,
    value {text} not null,
    span {small} not null,
    figure {int} not null,
    starts {date} not null,
    n {int} not null,
    primary key (tenant_id, node_id, level, facet, value, span, figure, starts),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
);

create table collaborations (
    tenant_id {uuid} not null references tenants (id),
    id {uuid} not null,
    title {text} not null,
    purpose {text},
    started_by_unit_id {uuid} not null,
    started_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, started_by_unit_id) references org_units (tenant_id, id)
);
create index collaborations_changed on collaborations (tenant_id, updated_at);

create table collaboration_members (
    tenant_id {uuid} not null,
    id {uuid} not null,
    collaboration_id {uuid} not null,
    unit_id {uuid} not null,
    spiral_id {uuid},
    state {text} not null,
    changed_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    unique (tenant_id, collaboration_id, unit_id),
    foreign key (tenant_id, collaboration_id) references collaborations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id)
);
create index collaboration_members_unit on collaboration_members (tenant_id, unit_id);

create table collaboration_entries (
    tenant_id {uuid} not null,
    id {uuid} not null,
    collaboration_id {uuid} not null,
    unit_id {uuid} not null,
    event {text} not null,
    text {text},
    done_by {uuid} not null,
    recorded_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, collaboration_id) references collaborations (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index collaboration_entries_of on collaboration_entries (tenant_id, collaboration_id);

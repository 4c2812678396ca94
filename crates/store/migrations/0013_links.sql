create table spiral_handovers (
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    from_unit_id {uuid} not null,
    to_unit_id {uuid} not null,
    handed_on {date} not null,
    reorganisation_id {uuid} not null,
    withdrawn {bool} not null,
    sharing {small} not null,
    version {int} not null,
    recorded_at {time} not null,
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
    tenant_id {uuid} not null,
    id {uuid} not null,
    spiral_id {uuid} not null,
    unit_id {uuid} not null,
    turn {int} not null,
    turn_ended_on {date} not null,
    months {int} not null,
    due_on {date} not null,
    done_on {date},
    finding {text},
    note {text},
    withdrawn {bool} not null,
    sharing {small} not null,
    recorded_by {uuid} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, spiral_id) references spirals (tenant_id, id),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index spiral_refreshers_spiral on spiral_refreshers (tenant_id, spiral_id);
create index spiral_refreshers_unit on spiral_refreshers (tenant_id, unit_id);
create index spiral_refreshers_due on spiral_refreshers (tenant_id, due_on) where done_on is null and not withdrawn;

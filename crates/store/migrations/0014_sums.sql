-- How many PDSA cycles a unit carried out to the end in a month, and how many of them have each feature of the method.
create table fidelity_cells (
    tenant_id {uuid} not null,
    unit_id {uuid} not null,
    month {date} not null,
    cycles {int} not null,
    iterative_cycles {int} not null,
    prediction {int} not null,
    small_scale {int} not null,
    data_over_time {int} not null,
    documentation {int} not null,
    primary key (tenant_id, unit_id, month),
    foreign key (tenant_id, unit_id) references org_units (tenant_id, id)
);
create index fidelity_cells_month on fidelity_cells (tenant_id, month);
create index aims_measure on aims (tenant_id, measure_id);

-- What changed at a node on a day, in a month and in all, with every figure in one row: as many rows are read beside a
-- hundred thousand spirals as beside a thousand. A figure and its change are four bytes each, in the order of figures.
create table spiral_counts (
    tenant_id {uuid} not null references tenants (id),
    node_id {uuid} not null,
    level {small} not null,
    facet {text} not null,
    value {text} not null,
    span {small} not null,
    starts {date} not null,
    changes {bytes} not null,
    primary key (tenant_id, facet, node_id, level, value, span, starts),
    foreign key (tenant_id, node_id) references org_units (tenant_id, id)
);
postgres: alter table spiral_cells no force row level security;
postgres: insert into spiral_counts
postgres:     select tenant_id, node_id, level, facet, value, span, starts,
postgres:         string_agg(int4send(figure::int) || int4send(n::int), ''::bytea order by figure)
postgres:     from spiral_cells group by tenant_id, node_id, level, facet, value, span, starts;
sqlite: insert into spiral_counts
sqlite:     select tenant_id, node_id, level, facet, value, span, starts,
sqlite:         unhex(group_concat(printf('%08x%08x', figure, n & 4294967295), '' order by figure))
sqlite:     from spiral_cells group by tenant_id, node_id, level, facet, value, span, starts;
drop table spiral_cells;

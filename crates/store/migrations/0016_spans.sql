-- Days, months and the total of a place are read apart: what tells them apart stands before the place in the key, so that a
-- reader of twenty months walks over none of the thousands of days between.
postgres: alter table spiral_counts drop constraint spiral_counts_pkey;
postgres: alter table spiral_counts add primary key (tenant_id, facet, span, node_id, starts, level, value);
sqlite: alter table spiral_counts rename to spiral_counts_before;
sqlite: create table spiral_counts (
sqlite:     tenant_id {uuid} not null references tenants (id),
sqlite:     node_id {uuid} not null,
sqlite:     level {small} not null,
sqlite:     facet {text} not null,
sqlite:     value {text} not null,
sqlite:     span {small} not null,
sqlite:     starts {date} not null,
sqlite:     changes {bytes} not null,
sqlite:     primary key (tenant_id, facet, span, node_id, starts, level, value),
sqlite:     foreign key (tenant_id, node_id) references org_units (tenant_id, id)
sqlite: );
sqlite: insert into spiral_counts select * from spiral_counts_before;
sqlite: drop table spiral_counts_before;

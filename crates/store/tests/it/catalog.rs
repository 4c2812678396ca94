//! The schema: the same on both databases, every table behind the wall between tenants.

use std::collections::{BTreeMap, BTreeSet};

use spiral_store::migrations::{WITHOUT_TENANT, migrate};
use spiral_store::testing::{Backend, TestDb, databases};
use spiral_store::{DbOptions, Dialect};
use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};

/// Of each column (`table.column`): its type as SQLite has it, and whether it may be null.
type Columns = BTreeMap<String, (String, bool)>;

async fn columns(test: &TestDb) -> Columns {
    let postgres = "select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns \
                    where table_schema = 'public'";
    let sqlite = "select m.name, p.name, lower(p.type), p.\"notnull\" = 0 from sqlite_master m, pragma_table_info(m.name) p \
                  where m.type = 'table' and m.name not like 'sqlite_%'";
    let rows: Vec<(String, String, String, bool)> = if let Some(url) = &test.superuser_url {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_as(postgres).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = SqliteConnection::connect(&test.options.url).await.unwrap();
        sqlx::query_as(sqlite).fetch_all(&mut connection).await.unwrap()
    };
    rows.into_iter()
        .map(|(table, column, kind, nullable)| {
            let kind = match kind.as_str() {
                "uuid" | "bytea" => "blob",
                "date" => "text",
                "smallint" | "bigint" | "boolean" | "timestamp with time zone" => "integer",
                "double precision" => "real",
                other => other,
            };
            (format!("{table}.{column}"), (kind.to_owned(), nullable))
        })
        .collect()
}

/// Of each unique index: its table and first column.
async fn unique_indexes(test: &TestDb) -> Vec<(String, String)> {
    let postgres = "select t.relname::text, a.attname::text from pg_index i join pg_class t on t.oid = i.indrelid \
                    join pg_namespace n on n.oid = t.relnamespace \
                    join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0] \
                    where n.nspname = 'public' and i.indisunique";
    let sqlite = "select m.name, c.name from sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c \
                  where m.type = 'table' and i.\"unique\" = 1 and c.seqno = 0";
    if let Some(url) = &test.superuser_url {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_as(postgres).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = SqliteConnection::connect(&test.options.url).await.unwrap();
        sqlx::query_as(sqlite).fetch_all(&mut connection).await.unwrap()
    }
}

fn tables(columns: &Columns) -> BTreeSet<String> {
    columns
        .keys()
        .filter_map(|name| Some(name.split_once('.')?.0.to_owned()))
        .collect()
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let mut seen: Vec<Columns> = Vec::new();
    for test in databases().await {
        seen.push(columns(&test).await);
    }
    assert!(seen[0].len() > 50);
    if let [sqlite, postgres] = &seen[..] {
        let differ: Vec<_> = sqlite
            .iter()
            .filter(|(name, column)| postgres.get(*name) != Some(column))
            .chain(postgres.iter().filter(|(name, _)| !sqlite.contains_key(*name)))
            .collect();
        assert!(differ.is_empty(), "{differ:#?}");
    }
}

#[tokio::test]
async fn every_key_begins_with_the_tenant() {
    for test in databases().await {
        let indexes = unique_indexes(&test).await;
        let keyed: BTreeSet<&str> = indexes.iter().map(|(table, _)| table.as_str()).collect();
        for table in tables(&columns(&test).await) {
            assert!(keyed.contains(table.as_str()), "{table} has no key");
        }
        for (table, first) in &indexes {
            if !WITHOUT_TENANT.contains(&table.as_str()) {
                assert_eq!(
                    first, "tenant_id",
                    "a unique index of {table}, {:?}",
                    test.backend
                );
            }
        }
    }
}

#[tokio::test]
async fn every_table_of_a_tenant_stands_behind_the_wall() {
    for test in databases().await {
        let Some(url) = &test.superuser_url else { continue };
        let columns = columns(&test).await;
        let text = "select t.relname::text, t.relrowsecurity and t.relforcerowsecurity, \
                    (select count(*) from pg_policy p where p.polrelid = t.oid and p.polqual is not null \
                     and p.polwithcheck is not null and p.polcmd = '*' and p.polpermissive) \
                    from pg_class t join pg_namespace n on n.oid = t.relnamespace \
                    where n.nspname = 'public' and t.relkind in ('r', 'p')";
        let mut connection = PgConnection::connect(url).await.unwrap();
        let rows = sqlx::query(text).fetch_all(&mut connection).await.unwrap();
        let mut open = BTreeSet::new();
        for row in &rows {
            let (table, secured, policies): (String, bool, i64) = (row.get(0), row.get(1), row.get(2));
            if columns.contains_key(&format!("{table}.tenant_id")) {
                assert!(secured, "{table} has no row-level security");
                assert_eq!(policies, 1, "{table}");
            } else {
                assert!(!secured, "{table} has no tenant, yet row-level security");
                open.insert(table);
            }
        }
        let tables = tables(&columns);
        let expected: BTreeSet<String> = WITHOUT_TENANT
            .iter()
            .map(|table| (*table).to_owned())
            .filter(|table| tables.contains(table))
            .collect();
        assert_eq!(open, expected);
    }
}

#[tokio::test]
async fn migrating_again_does_nothing() {
    for test in databases().await {
        let before = columns(&test).await;
        let url = test.owner_url.clone().unwrap_or_else(|| test.options.url.clone());
        assert!(migrate(&DbOptions::new(url), None).await.unwrap().is_empty());
        assert_eq!(columns(&test).await, before);
        let db = test.open().await;
        assert!(db.pending_migrations().await.unwrap().is_empty());
        assert_eq!(
            db.dialect() == Dialect::Postgres,
            test.backend == Backend::Postgres
        );
        db.close().await;
    }
}

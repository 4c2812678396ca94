//! The schema: numbered files, written once with neutral types, made into each database's own SQL.

use sha2::{Digest as _, Sha256};
use spiral_domain::{Error, Result};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::conflict;
use crate::db::{Backend, Db, DbOptions};
use crate::sql::Dialect;

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// All migrations in order: name and neutral text.
        const MIGRATIONS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../migrations/", $name, ".sql")))),*];
    };
}
migrations![
    "0001_frame",
    "0002_measures",
    "0003_spread",
    "0004_sustainability",
    "0005_tree",
    "0006_directory",
    "0007_series",
    "0008_spirals",
    "0009_microsystems",
    "0010_surveys",
    "0011_work",
    "0013_links",
    "0014_sums",
    "0015_counts",
    "0016_spans",
];

/// Tables without a tenant, hence without row-level security.
pub const WITHOUT_TENANT: &[&str] = &["tenants", "signing_keys", "job_heads", "migrations"];

/// Tables that are only ever added to.
const APPEND_ONLY: &[&str] = &["ledger", "access_log"];

/// Tables whose rows change often, and not in what is indexed: PostgreSQL leaves room on each page, so that a new
/// state of a row stands beside the old one and no index has to be told.
const CHANGING: &[&str] = &[
    "observation_sheets",
    "measure_cells",
    "spread_cells",
    "spiral_counts",
    "five_ps_cells",
    "fidelity_cells",
    "ledger_head",
];

/// The whole schema as one database's SQL, as published in `schema/`.
pub fn schema_sql(dialect: Dialect) -> String {
    let mut text = format!(
        "-- The schema on {}. Made from crates/store/migrations by `cargo dev schema`; do not edit.\n",
        if dialect == Dialect::Postgres {
            "PostgreSQL"
        } else {
            "SQLite"
        }
    );
    for (name, neutral) in MIGRATIONS {
        text.push_str(&format!("\n-- {name}\n\n{}", render(neutral, dialect)));
    }
    text
}

/// A neutral text without the lines that are for the other database alone: those say so at their beginning.
fn own_lines(neutral: &str, dialect: Dialect) -> String {
    let (own, other) = match dialect {
        Dialect::Postgres => ("postgres: ", "sqlite: "),
        Dialect::Sqlite => ("sqlite: ", "postgres: "),
    };
    let lines = neutral.split_inclusive('\n');
    lines
        .filter(|line| !line.starts_with(other))
        .map(|line| line.strip_prefix(own).unwrap_or(line))
        .collect()
}

/// A neutral text in one database's words.
fn render(neutral: &str, dialect: Dialect) -> String {
    let types: &[(&str, &str, &str)] = &[
        ("{uuid}", "uuid", "blob"),
        ("{text}", "text collate \"C\"", "text"),
        ("{small}", "smallint", "integer"),
        ("{int}", "bigint", "integer"),
        ("{float}", "double precision", "real"),
        ("{bool}", "boolean", "integer"),
        ("{date}", "date", "text"),
        ("{time}", "timestamptz", "integer"),
        ("{bytes}", "bytea", "blob"),
    ];
    let mut text = own_lines(neutral, dialect);
    for (name, postgres, sqlite) in types {
        text = text.replace(
            name,
            if dialect == Dialect::Postgres {
                postgres
            } else {
                sqlite
            },
        );
    }
    let tables: Vec<String> = neutral
        .lines()
        .filter_map(|line| line.strip_prefix("create table "))
        .filter_map(|rest| rest.split([' ', '(']).next())
        .map(str::to_owned)
        .collect();
    match dialect {
        Dialect::Sqlite => text = text.replace("\n);", "\n) strict, without rowid;"),
        Dialect::Postgres => {
            for table in tables
                .iter()
                .filter(|table| !WITHOUT_TENANT.contains(&table.as_str()))
            {
                let mine = "tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)";
                text.push_str(&format!(
                    "\nalter table {table} enable row level security;\nalter table {table} force row level security;\n\
                     create policy tenant on {table} using ({mine}) with check ({mine});\n"
                ));
            }
            for table in tables.iter().filter(|table| CHANGING.contains(&table.as_str())) {
                text.push_str(&format!("\nalter table {table} set (fillfactor = 85);\n"));
            }
            if tables.iter().any(|table| table == "ledger") {
                // Digests cannot be compressed: trying costs more than it ever saves.
                text.push_str("\nalter table ledger alter column items set storage external;\n");
            }
        }
    }
    text
}

/// Brings the schema up to date, as the role of `options.url`; on PostgreSQL lets `app_role` use it.
pub async fn migrate(options: &DbOptions, app_role: Option<&str>) -> Result<Vec<&'static str>> {
    if options.url.starts_with("sqlite:") {
        let db = Db::open(options).await?;
        let Backend::Sqlite { writer, .. } = &db.backend else {
            return Err(Error::internal("not SQLite"));
        };
        let mut connection = writer.acquire().await.map_err(conflict::translate)?;
        let mut tx = connection
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(conflict::translate)?;
        let create = "create table if not exists migrations (name text primary key, digest text not null) strict, without rowid";
        sqlx::query(create)
            .execute(&mut *tx)
            .await
            .map_err(conflict::translate)?;
        let rows = sqlx::query("select name, digest from migrations")
            .fetch_all(&mut *tx)
            .await
            .map_err(conflict::translate)?;
        let done: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let due = pending(&done)?;
        for (name, neutral) in &due {
            sqlx::raw_sql(AssertSqlSafe(render(neutral, Dialect::Sqlite)))
                .execute(&mut *tx)
                .await
                .map_err(conflict::translate)?;
            sqlx::query("insert into migrations (name, digest) values ($1, $2)")
                .bind(*name)
                .bind(digest(neutral))
                .execute(&mut *tx)
                .await
                .map_err(conflict::translate)?;
        }
        tx.commit().await.map_err(conflict::translate)?;
        drop(connection);
        db.close().await;
        return Ok(due.into_iter().map(|(name, _)| name).collect());
    }
    let mut connection = sqlx::PgConnection::connect(&options.url)
        .await
        .map_err(conflict::translate)?;
    // One server migrates, the others wait for it.
    let mut tx = connection.begin().await.map_err(conflict::translate)?;
    sqlx::query("select pg_advisory_xact_lock(7310868735954120300)")
        .execute(&mut *tx)
        .await
        .map_err(conflict::translate)?;
    let create = "create table if not exists migrations (name text primary key, digest text not null)";
    sqlx::query(create)
        .execute(&mut *tx)
        .await
        .map_err(conflict::translate)?;
    let rows = sqlx::query("select name, digest from migrations")
        .fetch_all(&mut *tx)
        .await
        .map_err(conflict::translate)?;
    let done: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let due = pending(&done)?;
    for (name, neutral) in &due {
        sqlx::raw_sql(AssertSqlSafe(render(neutral, Dialect::Postgres)))
            .execute(&mut *tx)
            .await
            .map_err(conflict::translate)?;
        sqlx::query("insert into migrations (name, digest) values ($1, $2)")
            .bind(*name)
            .bind(digest(neutral))
            .execute(&mut *tx)
            .await
            .map_err(conflict::translate)?;
    }
    if let Some(role) = app_role {
        let role = format!("\"{}\"", role.replace('"', "\"\""));
        let append_only = APPEND_ONLY.join(", ");
        let grants = format!(
            "grant usage on schema public to {role}; \
             grant select, insert, update, delete on all tables in schema public to {role}; \
             revoke update, delete on {append_only} from {role}; \
             revoke insert, update, delete on migrations from {role};"
        );
        sqlx::raw_sql(AssertSqlSafe(grants))
            .execute(&mut *tx)
            .await
            .map_err(conflict::translate)?;
    }
    tx.commit().await.map_err(conflict::translate)?;
    connection.close().await.map_err(conflict::translate)?;
    Ok(due.into_iter().map(|(name, _)| name).collect())
}

fn digest(neutral: &str) -> String {
    let hash = Sha256::digest(neutral.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The migrations still to run; an applied one that has since been changed is refused.
fn pending(done: &[(String, String)]) -> Result<Vec<(&'static str, &'static str)>> {
    let mut due = Vec::new();
    for (name, neutral) in MIGRATIONS {
        match done.iter().find(|(applied, _)| applied == name) {
            None => due.push((*name, *neutral)),
            Some((_, seen)) if *seen == digest(neutral) => {}
            Some(_) => {
                return Err(Error::internal(format!(
                    "migration {name} was changed after it was applied"
                )));
            }
        }
    }
    Ok(due)
}

impl Db {
    /// The migrations that this database still lacks, by name.
    pub async fn pending_migrations(&self) -> Result<Vec<&'static str>> {
        let there = match &self.backend {
            Backend::Sqlite { readers, .. } => {
                sqlx::query("select 1 from sqlite_master where name = 'migrations'")
                    .fetch_optional(readers)
                    .await
                    .map(|row| row.is_some())
            }
            Backend::Postgres { pool, .. } => {
                sqlx::query("select 1 where to_regclass('migrations') is not null")
                    .fetch_optional(pool)
                    .await
                    .map(|row| row.is_some())
            }
        }
        .map_err(conflict::translate)?;
        if !there {
            return Ok(MIGRATIONS.iter().map(|(name, _)| *name).collect());
        }
        let sql = crate::Sql::new(self.dialect(), "select name, digest from migrations");
        let rows = self.fetch(None, sql, &crate::Meter::default()).await?;
        let done = rows
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(pending(&done)?.into_iter().map(|(name, _)| name).collect())
    }

    /// Refuses a PostgreSQL role for which row-level security does not hold.
    pub async fn check_role(&self) -> Result<(), String> {
        let Backend::Postgres { pool, .. } = &self.backend else {
            return Ok(());
        };
        let row = sqlx::query(
            "select current_user::text, r.rolsuper or r.rolbypassrls, \
             exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                     where n.nspname = 'public' and c.relkind = 'r' and pg_has_role(c.relowner, 'usage') and c.relrowsecurity) \
             from pg_roles r where r.rolname = current_user",
        )
        .fetch_one(pool)
        .await
        .map_err(|error| error.to_string())?;
        let (role, bypasses, owns): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if bypasses || owns {
            let why = if bypasses {
                "is a superuser or has BYPASSRLS"
            } else {
                "owns the tables"
            };
            return Err(format!(
                "the PostgreSQL role `{role}` {why}, so the wall between tenants would not hold; \
                 serve as a role that owns nothing and migrate as the owner: see docs/guides/postgresql.md"
            ));
        }
        Ok(())
    }
}

//! The database: SQLite with one writer and several readers, or PostgreSQL with a pool for writes and small
//! pools whose connections carry their tenant from birth.

use std::path::Path;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spiral_domain::{Error, Result, TenantId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
};
use tracing::Dispatch;
use tracing::instrument::{WithDispatch, WithSubscriber as _};

use crate::conflict;
use crate::sql::{Dialect, Sql};
use crate::value::Row;

mod tenant_pools;
use tenant_pools::TenantPools;

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// `sqlite://<file>` or `postgres://…`.
    pub url: String,
    /// PostgreSQL connections for writes and overflow.
    pub max_connections: u32,
    /// Tenants that have read connections of their own, at most.
    pub tenant_pools: usize,
    /// Read connections of each.
    pub tenant_pool_size: u32,
    /// SQLite readers.
    pub read_connections: u32,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// How long to wait for a lock.
    pub lock_timeout: Duration,
}

impl DbOptions {
    /// The usual numbers for a database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 16,
            tenant_pools: 8,
            tenant_pool_size: 4,
            read_connections: 4,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(3),
        }
    }
}

/// What one request has asked of the database.
#[derive(Debug, Default)]
pub struct Meter {
    /// Statements run.
    pub statements: AtomicU64,
    /// Rows read.
    pub rows: AtomicU64,
    /// Microseconds waited for.
    pub micros: AtomicU64,
}

impl Meter {
    /// Counts a statement that has been answered with so many rows.
    pub fn record(&self, since: Instant, rows: usize) {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.micros.fetch_add(
            u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }
}

/// An open database.
#[derive(Clone)]
pub struct Db {
    pub(crate) backend: Backend,
    pub(crate) lock_timeout: Duration,
}

#[derive(Clone)]
pub(crate) enum Backend {
    Postgres { pool: PgPool, readers: Arc<TenantPools> },
    Sqlite { writer: SqlitePool, readers: SqlitePool },
}

/// A write transaction.
pub(crate) enum Connection {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Db {
    /// Opens it; a SQLite file and its folder are made if they are not there.
    pub async fn open(options: &DbOptions) -> Result<Self> {
        let backend = if options.url.starts_with("sqlite:") {
            open_sqlite(options).await?
        } else {
            let connect = PgConnectOptions::from_str(&options.url)
                .map_err(Error::internal)?
                .application_name("spiral")
                .statement_cache_capacity(STATEMENTS)
                .disable_statement_logging();
            let pool = pool_options(options.max_connections, options.acquire_timeout)
                .idle_timeout(Duration::from_mins(5))
                .connect_with(connect.clone())
                .await
                .map_err(conflict::translate)?;
            let readers = TenantPools::new(
                connect,
                options.tenant_pools,
                options.tenant_pool_size,
                options.acquire_timeout,
            );
            Backend::Postgres {
                pool,
                readers: Arc::new(readers),
            }
        };
        Ok(Self {
            backend,
            lock_timeout: options.lock_timeout,
        })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match self.backend {
            Backend::Postgres { .. } => Dialect::Postgres,
            Backend::Sqlite { .. } => Dialect::Sqlite,
        }
    }

    /// Closes every connection, after what runs on them.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Postgres { pool, readers } => {
                readers.close();
                pool.close().await;
            }
            Backend::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<()> {
        self.fetch(None, Sql::new(self.dialect(), "select 1"), &Meter::default())
            .await
            .map(|_| ())
    }

    /// Reads outside a transaction: with a tenant, of its rows only; without, of the tables that have none.
    pub(crate) async fn fetch(
        &self,
        tenant: Option<TenantId>,
        mut sql: Sql,
        meter: &Meter,
    ) -> Result<Vec<Row>> {
        let since = Instant::now();
        let rows: Vec<Row> = match &self.backend {
            Backend::Sqlite { readers, .. } => {
                let arguments = sql.sqlite_arguments()?;
                let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(sql.persistent);
                let rows = quietly(query.fetch_all(readers)).await;
                let rows = rows.map_err(conflict::translate)?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Backend::Postgres { pool, readers } => {
                let arguments = sql.postgres_arguments()?;
                let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(sql.persistent);
                let rows = match tenant {
                    None => quietly(query.fetch_all(pool)).await,
                    Some(tenant) => {
                        if let Some(own) = readers.of(tenant).map_err(Error::internal)? {
                            quietly(own.fetch_all(query)).await
                        } else {
                            let begin = format!("BEGIN READ ONLY; SET LOCAL app.tenant_id = '{tenant}'");
                            let mut tx = pool
                                .begin_with(AssertSqlSafe(begin))
                                .await
                                .map_err(conflict::translate)?;
                            quietly(query.fetch_all(&mut *tx)).await
                        }
                    }
                };
                rows.map_err(conflict::translate)?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect()
            }
        };
        meter.record(since, rows.len());
        Ok(rows)
    }

    /// Begins a write for a tenant (or, on tables that have none, for nobody).
    pub(crate) async fn begin(&self, tenant: Option<TenantId>, meter: &Meter) -> Result<Connection> {
        let since = Instant::now();
        let connection = match &self.backend {
            Backend::Sqlite { writer, .. } => Connection::Sqlite(
                writer
                    .begin_with("BEGIN IMMEDIATE")
                    .await
                    .map_err(conflict::translate)?,
            ),
            Backend::Postgres { pool, .. } => {
                let tenant = tenant.map(|id| id.to_string()).unwrap_or_default();
                let begin = format!(
                    "BEGIN; SET LOCAL app.tenant_id = '{tenant}'; SET LOCAL lock_timeout = {}",
                    self.lock_timeout.as_millis()
                );
                Connection::Postgres(
                    pool.begin_with(AssertSqlSafe(begin))
                        .await
                        .map_err(conflict::translate)?,
                )
            }
        };
        meter.record(since, 0);
        Ok(connection)
    }
}

/// The driver's part of a statement. It runs outside the request's span, which it would enter and leave once for every
/// row; and boxed, since it is large, and everything that reads or writes has one inside.
fn quietly<F: Future>(run: F) -> Pin<Box<WithDispatch<F>>> {
    Box::pin(run.with_subscriber(Dispatch::none()))
}

/// So many statements stay prepared on a connection.
const STATEMENTS: usize = 256;

/// A connection that was used so lately is taken to be alive.
const FRESH: Duration = Duration::from_secs(1);

/// A pool that asks a connection whether it is alive when it has lain idle: a server that restarts leaves dead
/// ones behind, and under load asking each time would cost a round trip.
pub(crate) fn pool_options(most: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for >= FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

async fn open_sqlite(options: &DbOptions) -> Result<Backend> {
    let connect = SqliteConnectOptions::from_str(&options.url).map_err(Error::internal)?;
    if let Some(folder) = connect
        .get_filename()
        .parent()
        .filter(|folder| *folder != Path::new(""))
    {
        std::fs::create_dir_all(folder).map_err(Error::internal)?;
    }
    let connect = connect
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(options.lock_timeout)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    // A batch that changes more pages than it may keep would write them out and read them again: 32 MiB.
    let writing = connect.clone().pragma("cache_size", "-32768");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writing)
        .await
        .map_err(conflict::translate)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.read_connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .connect_with(connect.pragma("query_only", "on"))
        .await
        .map_err(conflict::translate)?;
    Ok(Backend::Sqlite { writer, readers })
}

impl Connection {
    pub(crate) async fn fetch(&mut self, mut sql: Sql, meter: &Meter) -> Result<Vec<Row>> {
        let since = Instant::now();
        let rows: Vec<Row> = match self {
            Self::Sqlite(tx) => {
                let arguments = sql.sqlite_arguments()?;
                let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(sql.persistent);
                quietly(query.fetch_all(&mut **tx))
                    .await
                    .map_err(conflict::translate)?
                    .into_iter()
                    .map(Row::Sqlite)
                    .collect()
            }
            Self::Postgres(tx) => {
                let arguments = sql.postgres_arguments()?;
                let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(sql.persistent);
                quietly(query.fetch_all(&mut **tx))
                    .await
                    .map_err(conflict::translate)?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect()
            }
        };
        meter.record(since, rows.len());
        Ok(rows)
    }

    pub(crate) async fn execute(&mut self, mut sql: Sql, meter: &Meter) -> Result<u64> {
        let since = Instant::now();
        let touched = match self {
            Self::Sqlite(tx) => {
                let arguments = sql.sqlite_arguments()?;
                let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(sql.persistent);
                quietly(query.execute(&mut **tx))
                    .await
                    .map_err(conflict::translate)?
                    .rows_affected()
            }
            Self::Postgres(tx) => {
                let arguments = sql.postgres_arguments()?;
                let query = sqlx::query_with(AssertSqlSafe(sql.text), arguments).persistent(sql.persistent);
                quietly(query.execute(&mut **tx))
                    .await
                    .map_err(conflict::translate)?
                    .rows_affected()
            }
        };
        meter.record(since, 0);
        Ok(touched)
    }

    pub(crate) async fn roll_back(self, meter: &Meter) -> Result<()> {
        let since = Instant::now();
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
        .map_err(conflict::translate)?;
        meter.record(since, 0);
        Ok(())
    }

    pub(crate) async fn commit(self, meter: &Meter) -> Result<()> {
        let since = Instant::now();
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(conflict::translate)?;
        meter.record(since, 0);
        Ok(())
    }
}

//! Read connections that carry their tenant from birth: the cheapest way to read under row-level security,
//! and one that a forgotten reset cannot break.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    BuildError, Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleResult, Timeouts,
};
use spiral_domain::TenantId;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Connection as _, Error, PgConnection, Postgres};

use super::FRESH;

/// Connections that nobody has used for so long are closed.
const IDLE: Duration = Duration::from_mins(1);

/// Small pools of the tenants that read most recently.
pub(crate) struct TenantPools {
    connect: PgConnectOptions,
    most: usize,
    size: u32,
    acquire_timeout: Duration,
    kept: Mutex<Kept>,
}

struct Kept {
    /// Least recently used first.
    pools: Vec<(TenantId, TenantPool)>,
    swept: Instant,
}

/// The read connections of one tenant. They are given back as they are: a driver's own pool asks each of them whether it
/// is alive every time, which costs as much as a small statement.
#[derive(Clone)]
pub(crate) struct TenantPool(Pool<Readers>);

struct Readers {
    connect: PgConnectOptions,
}

impl Manager for Readers {
    type Type = PgConnection;
    type Error = Error;

    async fn create(&self) -> Result<PgConnection, Error> {
        PgConnection::connect_with(&self.connect).await
    }

    /// A server that restarts leaves dead connections behind.
    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.last_used() >= FRESH {
            connection.ping().await?;
        }
        Ok(())
    }
}

/// A connection on loan. It goes back only when an answer was read to its end: one that was left in the middle, because
/// its reader has gone or the line broke, is closed.
struct Loan {
    connection: Option<Object<Readers>>,
    whole: bool,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| !self.whole) {
            drop(Object::take(connection));
        }
    }
}

impl TenantPool {
    /// All rows of a statement.
    pub(crate) async fn fetch_all(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, Error> {
        let connection = self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => Error::PoolClosed,
            _ => Error::PoolTimedOut,
        })?;
        let mut loan = Loan {
            connection: Some(connection),
            whole: false,
        };
        let connection = loan.connection.as_mut().ok_or(Error::PoolClosed)?;
        let rows = query.fetch_all(&mut **connection).await;
        loan.whole = matches!(rows, Ok(_) | Err(Error::Database(_)));
        rows
    }
}

impl TenantPools {
    pub(crate) fn new(connect: PgConnectOptions, most: usize, size: u32, acquire_timeout: Duration) -> Self {
        Self {
            connect,
            most,
            size,
            acquire_timeout,
            kept: Mutex::new(Kept {
                pools: Vec::new(),
                swept: Instant::now(),
            }),
        }
    }

    /// The tenant's pool; none when such pools are switched off.
    pub(crate) fn of(&self, tenant: TenantId) -> Result<Option<TenantPool>, BuildError> {
        if self.most == 0 {
            return Ok(None);
        }
        let mut kept = self.kept();
        kept.sweep();
        let pools = &mut kept.pools;
        if let Some(at) = pools.iter().position(|(of, _)| *of == tenant) {
            let found = pools.remove(at);
            let pool = found.1.clone();
            pools.push(found);
            return Ok(Some(pool));
        }
        if pools.len() >= self.most {
            pools.remove(0).1.0.close();
        }
        let connect = self
            .connect
            .clone()
            .options([("app.tenant_id", tenant.to_string())]);
        let wait = Some(self.acquire_timeout);
        let pool = Pool::builder(Readers { connect })
            .max_size(usize::try_from(self.size).unwrap_or(usize::MAX))
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts {
                wait,
                create: wait,
                recycle: wait,
            })
            .runtime(Runtime::Tokio1)
            .build()?;
        let pool = TenantPool(pool);
        pools.push((tenant, pool.clone()));
        Ok(Some(pool))
    }

    pub(crate) fn close(&self) {
        for (_, pool) in self.kept().pools.drain(..) {
            pool.0.close();
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Kept {
    fn sweep(&mut self) {
        if self.swept.elapsed() < IDLE {
            return;
        }
        self.swept = Instant::now();
        for (_, pool) in &self.pools {
            pool.0.retain(|_, metrics| metrics.last_used() < IDLE);
        }
    }
}

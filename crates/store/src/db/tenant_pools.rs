//! Read connections that carry their tenant from birth: the cheapest way to read under row-level security,
//! and one that a forgotten reset cannot break.

use std::sync::Mutex;
use std::time::Duration;

use spiral_domain::TenantId;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::pool_options;

/// Small pools of the tenants that read most recently.
pub(crate) struct TenantPools {
    connect: PgConnectOptions,
    most: usize,
    size: u32,
    acquire_timeout: Duration,
    /// Least recently used first.
    pools: Mutex<Vec<(TenantId, PgPool)>>,
}

impl TenantPools {
    pub(crate) fn new(connect: PgConnectOptions, most: usize, size: u32, acquire_timeout: Duration) -> Self {
        Self {
            connect,
            most,
            size,
            acquire_timeout,
            pools: Mutex::new(Vec::new()),
        }
    }

    /// The tenant's pool; none when such pools are switched off.
    pub(crate) fn of(&self, tenant: TenantId) -> Option<PgPool> {
        if self.most == 0 {
            return None;
        }
        let mut pools = self
            .pools
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = pools.iter().position(|(of, _)| *of == tenant) {
            let found = pools.remove(at);
            let pool = found.1.clone();
            pools.push(found);
            return Some(pool);
        }
        if pools.len() >= self.most {
            let (_, oldest) = pools.remove(0);
            tokio::spawn(async move { oldest.close().await });
        }
        let connect = self
            .connect
            .clone()
            .options([("app.tenant_id", tenant.to_string())]);
        let pool = pool_options(self.size, self.acquire_timeout)
            .idle_timeout(Duration::from_mins(1))
            .connect_lazy_with(connect);
        pools.push((tenant, pool.clone()));
        Some(pool)
    }

    pub(crate) async fn close(&self) {
        let pools = std::mem::take(
            &mut *self
                .pools
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for (_, pool) in pools {
            pool.close().await;
        }
    }
}

//! Idempotency keys: kept with the write itself, found again by the retry.

use spiral_domain::{Error, PrincipalId, Result, TenantId, Timestamp};

use crate::db::{Db, Meter};
use crate::sql::{Dialect, Sql};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::Column as _;

/// A request's key and what was asked.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// Who asked.
    pub principal: PrincipalId,
    /// The key.
    pub key: String,
    /// SHA-256 of operation and body.
    pub fingerprint: Vec<u8>,
    /// How long keys are kept, in seconds.
    pub kept_seconds: i64,
}

/// What is kept under a key.
#[derive(Debug)]
pub struct Kept {
    /// SHA-256 of operation and body.
    pub fingerprint: Vec<u8>,
    /// The answer as JSON; none if it carried a secret.
    pub answer: Option<String>,
}

impl Db {
    /// What is kept under the key, if it is still young enough.
    pub async fn kept_answer(
        &self,
        tenant: TenantId,
        keyed: &Keyed,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Option<Kept>> {
        let text = "select fingerprint, answer from idempotency_keys where tenant_id = ? and principal_id = ? and key = ? and created_at > ?";
        let since = now.plus_seconds(-keyed.kept_seconds);
        let values = [
            tenant.value(),
            keyed.principal.value(),
            keyed.key.value(),
            since.value(),
        ];
        let rows = self
            .fetch(Some(tenant), Sql::with(self.dialect(), text, values), meter)
            .await?;
        rows.first()
            .map(|row| {
                Ok(Kept {
                    fingerprint: row.get(0)?,
                    answer: row.get(1)?,
                })
            })
            .transpose()
    }
}

impl Db {
    /// Forgets the keys of a tenant that are older than `before`, and says how many.
    pub async fn forget_keys(&self, tenant: TenantId, before: Timestamp) -> Result<u64> {
        let meter = Meter::default();
        let mut connection = self.begin(Some(tenant), &meter).await?;
        let text = "delete from idempotency_keys where tenant_id = ? and created_at <= ?";
        let forgotten = connection
            .execute(
                Sql::with(self.dialect(), text, [tenant.value(), before.value()]),
                &meter,
            )
            .await?;
        connection.commit(&meter).await?;
        Ok(forgotten)
    }
}

impl Keyed {
    /// Takes the key for this transaction; another request that holds it now is a conflict.
    pub(crate) async fn claim(&self, store: &Store, now: Timestamp) -> Result<()> {
        let busy = || {
            Error::conflict(
                "idempotency_key_in_use",
                "a request with this Idempotency-Key is still running; try again shortly",
            )
        };
        if store.dialect() == Dialect::Postgres {
            let name = format!("{}/{}/{}", store.scope.tenant, self.principal, self.key);
            let sql = store.sql(
                "select pg_try_advisory_xact_lock(hashtextextended(?, 0))",
                [name.value()],
            );
            let taken: bool = store
                .fetch(sql)
                .await?
                .first()
                .map_or(Ok(false), |row| row.get(0))?;
            if !taken {
                return Err(busy());
            }
        }
        // On SQLite the writer is ours alone by now. A request that got here first may have finished since we looked.
        let mine = [
            store.scope.tenant.value(),
            self.principal.value(),
            self.key.value(),
        ];
        let sql = store.sql(
            "select created_at from idempotency_keys where tenant_id = ? and principal_id = ? and key = ?",
            mine.clone(),
        );
        let Some(row) = store.fetch(sql).await?.into_iter().next() else {
            return Ok(());
        };
        if row.get::<Timestamp>(0)? > now.plus_seconds(-self.kept_seconds) {
            return Err(busy());
        }
        // Expired: its place is free again.
        let sql = store.sql(
            "delete from idempotency_keys where tenant_id = ? and principal_id = ? and key = ?",
            mine,
        );
        store.fetch(sql).await.map(|_| ())
    }

    pub(crate) async fn keep(&self, tx: &Tx, answer: Option<String>) -> Result<()> {
        let text = "insert into idempotency_keys (tenant_id, principal_id, key, fingerprint, answer, created_at) values (?, ?, ?, ?, ?, ?)";
        let values = [
            tx.scope.tenant.value(),
            self.principal.value(),
            self.key.value(),
            self.fingerprint.value(),
            answer.value(),
            tx.now().value(),
        ];
        tx.run(text, values).await.map(|_| ())
    }
}

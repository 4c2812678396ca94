//! Reads and exports by API clients: written in groups, each group one ledger entry.

use std::sync::Arc;

use spiral_domain::people::{Action, AuditEvent};
use spiral_domain::{PrincipalId, Result, TenantId, Timestamp};

use crate::db::{Db, Meter};
use crate::ledger::{self, AuditReport, Item, READ_GROUP};
use crate::scope::Scope;
use crate::sql::Rows;
use crate::store::Store;
use crate::tx::Begin;
use crate::value::{Column as _, Row, Type};

/// One read by an API client.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// When.
    pub at: Timestamp,
    /// By which client.
    pub actor: PrincipalId,
    /// Which operation.
    pub operation: String,
    /// The request.
    pub request_id: String,
    /// How many records were handed out.
    pub records: i64,
}

impl Access {
    fn account(&self) -> (i64, PrincipalId, &str, &str, i64) {
        (
            self.at.micros(),
            self.actor,
            &self.operation,
            &self.request_id,
            self.records,
        )
    }
}

impl Db {
    /// Makes a group of reads durable.
    pub async fn log_access(&self, tenant: TenantId, group: &[Access], now: Timestamp) -> Result<()> {
        let scope = Arc::new(Scope::system(tenant, now.date()));
        let begin = Begin {
            scope,
            action: Action::ReadAudit,
            request_id: String::new(),
            now,
            keyed: None,
        };
        let tx = self.write(begin, Arc::new(Meter::default())).await?;
        let position = tx.head().position + 1;
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("position", Type::Int),
            ("n", Type::Int),
            ("at", Type::Time),
            ("actor_id", Type::Uuid),
            ("operation", Type::Text),
            ("request_id", Type::Text),
            ("records", Type::Int),
        ]);
        for (n, access) in (0_i64..).zip(group) {
            rows.push(vec![
                tenant.value(),
                position.value(),
                n.value(),
                access.at.value(),
                access.actor.value(),
                access.operation.value(),
                access.request_id.value(),
                access.records.value(),
            ]);
        }
        let columns = "tenant_id, position, n, at, actor_id, operation, request_id, records";
        let insert = format!("insert into access_log ({columns}) select {columns} from ");
        tx.run_rows(&insert, rows, "new", "").await?;
        let accounts: Vec<_> = group.iter().map(Access::account).collect();
        let item = Item::note(&accounts)?;
        ledger::append(&tx, tx.head(), READ_GROUP.into(), "", tx.now(), &[item]).await?;
        tx.end().await
    }
}

fn read_access(row: &Row) -> Result<Access> {
    Ok(Access {
        at: row.get(0)?,
        actor: row.get(1)?,
        operation: row.get(2)?,
        request_id: row.get(3)?,
        records: row.get(4)?,
    })
}

/// Compares a group with the digest in its ledger entry.
pub(crate) async fn verify_group(
    store: &Store,
    position: i64,
    items: &[Item],
    report: &mut AuditReport,
) -> Result<i64> {
    let text = "select at, actor_id, operation, request_id, records from access_log where tenant_id = ? and position = ? order by n";
    let rows = store
        .fetch(store.sql(text, [store.scope.tenant.value(), position.value()]))
        .await?;
    let group = rows.iter().map(read_access).collect::<Result<Vec<_>>>()?;
    let accounts: Vec<_> = group.iter().map(Access::account).collect();
    if !matches!(items, [item] if item.is_note_of(&accounts)) {
        report.findings.push(format!(
            "the reads of ledger entry {position} are not as they were written"
        ));
    }
    Ok(i64::try_from(group.len()).unwrap_or(i64::MAX))
}

/// Which part of the audit.
#[derive(Debug, Clone, Copy)]
pub struct AuditPart<P> {
    /// Where the part before ended.
    pub after: Option<P>,
    /// Only what happened then or later.
    pub since: Option<Timestamp>,
    /// Oldest first; else newest first.
    pub oldest_first: bool,
    /// At most so many.
    pub limit: i64,
}

impl<P> AuditPart<P> {
    /// How a later place compares, and in which order they come.
    pub(crate) fn direction(&self) -> (&'static str, &'static str) {
        if self.oldest_first {
            (">", "asc")
        } else {
            ("<", "desc")
        }
    }
}

impl Store {
    /// The reads by API clients, newest first; goes on before `(position, n)`.
    pub async fn audited_reads(&self, part: &AuditPart<(i64, i64)>) -> Result<Vec<((i64, i64), AuditEvent)>> {
        let mut sql = self.sql(
            "select at, actor_id, operation, request_id, records, position, n from access_log where tenant_id = ?",
            [self.scope.tenant.value()],
        );
        if let Some(since) = part.since {
            sql.push(" and at >= ").bind(since);
        }
        let (beyond, direction) = part.direction();
        if let Some((position, n)) = part.after {
            let text = format!(" and (position {beyond} ? or (position = ? and n {beyond} ?))");
            sql.push_with(&text, [position.value(), position.value(), n.value()]);
        }
        sql.push(&format!(" order by position {direction}, n {direction} limit "))
            .bind(part.limit);
        let rows = self.fetch(sql).await?;
        rows.iter()
            .map(|row| {
                let access = read_access(row)?;
                let event = AuditEvent {
                    position: None,
                    at: access.at,
                    actor_id: access.actor,
                    action: access.operation,
                    request_id: access.request_id,
                    records: access.records,
                    hash: None,
                };
                Ok(((row.get(5)?, row.get(6)?), event))
            })
            .collect()
    }
}

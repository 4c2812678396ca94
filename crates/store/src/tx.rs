//! The writing handle: one transaction, one ledger entry.

use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use spiral_domain::people::Action;
use spiral_domain::{Error, Result, Timestamp};
use tokio::sync::Mutex;

use crate::db::{Connection, Db, Meter};
use crate::idempotency::Keyed;
use crate::ledger::{self, Head, Item, Standing};
use crate::record::{Logged, Record};
use crate::scope::Scope;
use crate::sql::{Rows, Sql};
use crate::store::Store;
use crate::value::{Column as _, Type, Value};

/// A write by one caller. Reads through it see its own writes; dropped without `commit`, it leaves nothing.
///
/// Writes of one tenant follow each other from their first statement on: the head of the ledger is locked
/// before anything is read, so what a write has seen still holds when it commits.
pub struct Tx {
    store: Store,
    action: Action,
    request_id: String,
    head: Head,
    now: Timestamp,
    items: Vec<Item>,
    keyed: Option<Keyed>,
}

impl Deref for Tx {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// What one write needs to know of its request.
pub struct Begin {
    /// Whose write it is.
    pub scope: Arc<Scope>,
    /// What is done.
    pub action: Action,
    /// The request that does it.
    pub request_id: String,
    /// When it began.
    pub now: Timestamp,
    /// Its idempotency key, if it has one.
    pub keyed: Option<Keyed>,
}

impl Db {
    /// Begins a write.
    pub async fn write(&self, begin: Begin, meter: Arc<Meter>) -> Result<Tx> {
        let connection = self.begin(Some(begin.scope.tenant), &meter).await?;
        let store = Store {
            db: self.clone(),
            scope: begin.scope,
            meter,
            inside: Some(Arc::new(Mutex::new(Some(connection)))),
        };
        if let Some(keyed) = &begin.keyed {
            keyed.claim(&store, begin.now).await?;
        }
        let head = ledger::lock_head(&store).await?;
        // Later than every earlier entry, whatever the clock does: `knownAt` orders by it.
        let now = begin.now.max(Timestamp::from_micros(head.at.micros() + 1));
        Ok(Tx {
            store,
            action: begin.action,
            request_id: begin.request_id,
            head,
            now,
            items: Vec::new(),
            keyed: begin.keyed,
        })
    }
}

impl Tx {
    /// The instant of this write: after every earlier one of the tenant.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) async fn execute(&self, sql: Sql) -> Result<u64> {
        let Some(connection) = &self.store.inside else {
            return Err(Error::internal("a write outside a transaction"));
        };
        match connection.lock().await.as_mut() {
            Some(connection) => connection.execute(sql, &self.store.meter).await,
            None => Err(Error::internal("the transaction has ended")),
        }
    }

    /// Runs `text` with each `?` replaced by the next value.
    pub(crate) async fn run(&self, text: &str, values: impl IntoIterator<Item = Value>) -> Result<u64> {
        self.execute(self.sql(text, values)).await
    }

    /// Runs `before <rows> after` for the rows, in as many statements as the database needs.
    pub(crate) async fn run_rows(&self, before: &str, rows: Rows, alias: &str, after: &str) -> Result<u64> {
        let mut touched = 0;
        for piece in rows.pieces(self.dialect()) {
            let mut sql = Sql::new(self.dialect(), before);
            sql.push_rows(&piece, alias).push(after);
            touched += self.execute(sql).await?;
        }
        Ok(touched)
    }

    /// Adds a record.
    pub(crate) async fn insert<R: Record>(&mut self, record: &R) -> Result<()> {
        self.insert_all(std::slice::from_ref(record)).await
    }

    /// Adds records, in one statement.
    pub(crate) async fn insert_all<R: Record>(&mut self, records: &[R]) -> Result<()> {
        self.put(records, false).await?;
        self.items.extend(records.iter().map(Item::put));
        Ok(())
    }

    /// Replaces a record by the one with the same id.
    pub(crate) async fn update<R: Record>(&mut self, record: &R) -> Result<()> {
        self.put_all(std::slice::from_ref(record)).await
    }

    /// Adds records, or replaces those with the same ids, in one statement.
    pub(crate) async fn put_all<R: Record>(&mut self, records: &[R]) -> Result<()> {
        self.put(records, true).await?;
        self.items.extend(records.iter().map(Item::put));
        Ok(())
    }

    /// Puts records that were written otherwise in the entry.
    pub(crate) fn put_in_ledger<'r, R: Logged + 'r>(&mut self, records: impl IntoIterator<Item = &'r R>) {
        self.items.extend(records.into_iter().map(Item::put));
    }

    /// Where the ledger stood when the write began, and stands until it commits.
    pub fn standing(&self) -> Standing {
        self.head.standing
    }

    async fn put<R: Record>(&self, records: &[R], replace: bool) -> Result<()> {
        let names: Vec<&str> = R::COLUMNS.iter().map(|(name, _)| *name).collect();
        let mut columns = vec![("tenant_id", Type::Uuid)];
        columns.extend_from_slice(R::COLUMNS);
        let mut rows = Rows::new(columns);
        for record in records {
            let mut row = vec![self.scope.tenant.value()];
            row.extend(record.values());
            rows.push(row);
        }
        let list = names.join(", ");
        let after = if replace {
            let set: Vec<String> = names
                .iter()
                .skip(1)
                .map(|name| format!("{name} = excluded.{name}"))
                .collect();
            // `where true` keeps SQLite from reading the conflict clause as a join's.
            format!(
                " where true on conflict (tenant_id, id) do update set {}",
                set.join(", ")
            )
        } else {
            String::new()
        };
        self.run_rows(
            &format!(
                "insert into {} (tenant_id, {list}) select tenant_id, {list} from ",
                R::TABLE
            ),
            rows,
            "new",
            &after,
        )
        .await?;
        Ok(())
    }

    /// Notes a change that stands in no record: `what` is its own account of it.
    pub(crate) fn note(&mut self, what: &impl Serialize) -> Result<()> {
        self.items.push(Item::note(what)?);
        Ok(())
    }

    /// Notes that the projections were made anew.
    pub fn note_rebuild(&mut self) -> Result<()> {
        self.note(&"projections rebuilt")
    }

    /// Units added so far in this tenant, for the next path.
    pub(crate) fn next_unit_number(&mut self) -> i64 {
        self.head.units += 1;
        self.head.units
    }

    /// Makes it durable, together with its ledger entry and, under an idempotency key, its answer.
    pub async fn commit<T: Serialize>(self, answer: T) -> Result<T> {
        let kept = serde_json::to_string(&answer).map_err(Error::internal)?;
        self.finish(Some(kept)).await?;
        Ok(answer)
    }

    /// The same for an answer that carries a secret: it is not kept.
    pub async fn commit_secret<T>(self, answer: T) -> Result<T> {
        self.finish(None).await?;
        Ok(answer)
    }

    async fn finish(mut self, answer: Option<String>) -> Result<()> {
        if !self.items.is_empty() {
            let items = std::mem::take(&mut self.items);
            ledger::append(
                &self,
                &self.head,
                self.action_name(),
                &self.request_id,
                self.now,
                &items,
            )
            .await?;
        }
        if let Some(keyed) = &self.keyed {
            keyed.keep(&self, answer).await?;
        }
        self.end().await
    }

    pub(crate) fn action_name(&self) -> String {
        self.action.name()
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Ends it as if it had never begun. A transaction that is dropped is undone too, but some time later: until then it
    /// holds what it has locked.
    pub async fn undo(self) -> Result<()> {
        self.taken().await?.roll_back(&self.store.meter).await
    }

    pub(crate) async fn end(self) -> Result<()> {
        self.taken().await?.commit(&self.store.meter).await
    }

    async fn taken(&self) -> Result<Connection> {
        let connection = match &self.store.inside {
            Some(connection) => connection.lock().await.take(),
            None => None,
        };
        connection.ok_or_else(|| Error::internal("the transaction has ended"))
    }
}

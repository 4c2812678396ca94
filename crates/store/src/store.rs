//! The reading handle: every query starts from the caller's scope.

use std::collections::HashMap;
use std::sync::Arc;

use spiral_domain::{Error, Page, PageInfo, Place, Result, Sort, Timestamp};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::db::{Connection, Db, Meter};
use crate::record::{Part, Record, Scoping, changed_at, columns_of};
use crate::scope::Scope;
use crate::sql::{Dialect, Sql};
use crate::value::{Column as _, Row, Value};

/// Reads as one caller, outside a transaction or (from a `Tx`) inside it.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) scope: Arc<Scope>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) inside: Option<Arc<Mutex<Option<Connection>>>>,
}

impl Store {
    /// A handle that reads as `scope`.
    pub fn new(db: Db, scope: Arc<Scope>, meter: Arc<Meter>) -> Self {
        Self {
            db,
            scope,
            meter,
            inside: None,
        }
    }

    /// The same with the platform's own eyes.
    pub(crate) fn as_system(&self) -> Self {
        Self {
            scope: Arc::new(Scope::system(self.scope.tenant, self.scope.today)),
            ..self.clone()
        }
    }

    /// Whose eyes it has.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What it has asked so far.
    pub fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Which database it reads.
    pub fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// A statement for this database: `text` with each `?` replaced by the next value.
    pub(crate) fn sql(&self, text: &str, values: impl IntoIterator<Item = Value>) -> Sql {
        Sql::with(self.dialect(), text, values)
    }

    /// Runs a statement that reads. It must carry `tenant_id = …` itself; row-level security is the second lock.
    pub(crate) async fn fetch(&self, sql: Sql) -> Result<Vec<Row>> {
        match &self.inside {
            None => self.db.fetch(Some(self.scope.tenant), sql, &self.meter).await,
            Some(connection) => match connection.lock().await.as_mut() {
                Some(connection) => connection.fetch(sql, &self.meter).await,
                None => Err(Error::internal("the transaction has ended")),
            },
        }
    }

    /// A query over the records of one kind that the caller may see.
    pub fn find<R: Record>(&self) -> Find<'_, R> {
        self.find_as::<R>(&self.scope)
    }

    /// The same with the platform's own eyes, for rules that must know what is there (uniqueness, references).
    pub(crate) fn find_all<R: Record>(&self) -> Find<'_, R> {
        self.find_as::<R>(&Scope::system(self.scope.tenant, self.scope.today))
    }

    fn find_as<R: Record>(&self, scope: &Scope) -> Find<'_, R> {
        let mut sql = Sql::new(
            self.dialect(),
            format!("select {} from {} r", columns_of::<R>("r"), R::TABLE),
        );
        let from = sql.text.len();
        sql.push(" where r.tenant_id = ").bind(scope.tenant).push(" and ");
        scope.push_visible::<R>(&mut sql, "r", "u");
        Find {
            store: self,
            sql,
            from,
            kind: std::marker::PhantomData,
        }
    }
}

/// A scoped query under construction. Conditions name the record `r` and, for owned kinds, its unit `u`.
pub struct Find<'s, R> {
    store: &'s Store,
    sql: Sql,
    /// Where in the text the sources end.
    from: usize,
    kind: std::marker::PhantomData<fn() -> R>,
}

/// Whether a condition asks anything of the alias `u`.
fn asks_of_unit(text: &str) -> bool {
    text.match_indices("u.")
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_'))
}

impl<R: Record> Find<'_, R> {
    /// The whole statement. Every record has its unit, so that the unit is only joined where something is asked of it.
    fn statement(mut self) -> Sql {
        if !matches!(R::SCOPING, Scoping::Directory | Scoping::Joint(..))
            && asks_of_unit(&self.sql.text[self.from..])
        {
            let join = " join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id";
            self.sql.text.insert_str(self.from, join);
        }
        self.sql
    }

    /// Narrows it: `text` with each `?` replaced by the next value.
    #[must_use]
    pub fn filter(mut self, text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.sql.push(" and ").push_with(text, values);
        self
    }

    /// Narrows it to these ids.
    #[must_use]
    pub fn ids<T: Copy + Into<Uuid>>(self, ids: &[T]) -> Self {
        self.among("r.id", ids)
    }

    /// Narrows it to rows where `column` is one of these ids.
    #[must_use]
    pub fn among<T: Copy + Into<Uuid>>(mut self, column: &str, ids: &[T]) -> Self {
        self.sql.push(" and ").push_in(column, ids);
        self
    }

    /// Narrows it with more than a text can say.
    #[must_use]
    pub fn with(mut self, more: impl FnOnce(&mut Sql)) -> Self {
        self.sql.push(" and ");
        more(&mut self.sql);
        self
    }

    /// Narrows it to what was recorded or changed at this instant or later.
    #[must_use]
    pub fn changed_since(self, since: Option<Timestamp>) -> Self {
        match since {
            Some(since) => self.filter(&format!("{} >= ?", changed_at::<R>("r")), [since.value()]),
            None => self,
        }
    }

    /// All of them, in this order.
    pub async fn all(mut self, order: &str) -> Result<Vec<R>> {
        self.sql.push(" order by ").push(order);
        let store = self.store;
        store.fetch(self.statement()).await?.iter().map(R::read).collect()
    }

    /// All of them by id.
    pub async fn by_id<K: From<Uuid> + std::hash::Hash + Eq>(self) -> Result<HashMap<K, R>> {
        let store = self.store;
        let rows = store.fetch(self.statement()).await?;
        rows.iter()
            .map(|row| R::read(row).map(|record| (K::from(record.id()), record)))
            .collect()
    }

    /// The first, if there is one.
    pub async fn first(mut self, order: &str) -> Result<Option<R>> {
        self.sql.push(" order by ").push(order).push(" limit 1");
        let store = self.store;
        store
            .fetch(self.statement())
            .await?
            .first()
            .map(R::read)
            .transpose()
    }

    /// The one there must be.
    pub async fn one(self) -> Result<R> {
        self.first("r.id").await?.ok_or(Error::NotFound(R::CALLED))
    }

    /// How many.
    pub async fn count(self) -> Result<i64> {
        let store = self.store;
        let mut sql = self.statement();
        let from = sql.text.find(" from ").unwrap_or_default();
        sql.text.replace_range(..from, "select count(*)");
        store.fetch(sql).await?.first().map_or(Ok(0), |row| row.get(0))
    }

    /// The statement that counts them by a column.
    pub(crate) fn count_by(self, column: &str) -> Sql {
        let mut sql = self.statement();
        let from = sql.text.find(" from ").unwrap_or_default();
        sql.text
            .replace_range(..from, &format!("select {column}, count(*)"));
        sql.push(" group by ").push(column);
        sql
    }

    /// One page, in the window's order; goes on after `window.after`.
    pub async fn page(mut self, window: &Window) -> Result<Slice<R>> {
        let changed = changed_at::<R>("r");
        let from = self.sql.text.find(" from ").unwrap_or_default();
        let more = format!(", {changed}");
        self.from += more.len();
        self.sql.text.insert_str(from, &more);
        window.push(&mut self.sql, &changed);
        let store = self.store;
        window.slice(&store.fetch(self.statement()).await?)
    }

    /// One page, and of each record only these columns.
    pub async fn parts(mut self, window: &Window, columns: &[usize]) -> Result<Slice<Part<R>>> {
        let changed = changed_at::<R>("r");
        let mut wanted = String::from("select r.id");
        for (name, _) in columns.iter().filter_map(|column| R::COLUMNS.get(*column)) {
            wanted.push_str(", r.");
            wanted.push_str(name);
        }
        if window.sort.by_change() {
            wanted.push_str(", ");
            wanted.push_str(&changed);
        }
        let from = self.sql.text.find(" from ").unwrap_or_default();
        self.from = self.from - from + wanted.len();
        self.sql.text.replace_range(..from, &wanted);
        window.push(&mut self.sql, &changed);
        let store = self.store;
        let rows = store.fetch(self.statement()).await?;
        let columns: Arc<[usize]> = columns.into();
        window.slice_of(rows, |row| {
            let place = window.place(row.get(0)?, &row, columns.len() + 1)?;
            Ok((Part::new(row, Arc::clone(&columns)), place))
        })
    }
}

/// How many rows are asked for: the next of these, as part of the text. PostgreSQL makes no plan for good of a statement
/// whose limit it does not know, and a text for every limit would be one too many.
const LIMITS: [i64; 5] = [11, 51, 101, 201, 501];

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Where the page before ended.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: i64,
    /// In which order; the order of ids is the order of creation.
    pub sort: Sort,
    /// Only what was changed then or later.
    pub since: Option<Timestamp>,
}

impl Window {
    /// Goes on with the conditions, order and limit of this part of a list of records `r`, which change at `changed`.
    pub(crate) fn push(&self, sql: &mut Sql, changed: &str) {
        if let Some(since) = self.since {
            sql.push(&format!(" and {changed} >= ")).bind(since);
        }
        let (beyond, direction) = self.direction();
        match self.after {
            Some(Place {
                id,
                changed: Some(at),
                ..
            }) => {
                let text = format!(" and ({changed} {beyond} ? or ({changed} = ? and r.id {beyond} ?))");
                sql.push_with(&text, [at.value(), at.value(), id.value()]);
            }
            Some(Place { id, .. }) => {
                sql.push(&format!(" and r.id {beyond} ")).bind(id);
            }
            None => {}
        }
        if self.sort.by_change() {
            sql.push(&format!(" order by {changed}{direction}, r.id{direction}"));
        } else {
            sql.push(&format!(" order by r.id{direction}"));
        }
        sql.push(" limit ");
        match LIMITS.iter().find(|limit| self.limit < **limit) {
            Some(limit) => sql.push(&limit.to_string()),
            None => sql.bind(self.limit.saturating_add(1)),
        };
    }

    /// How a later place compares, and how an order goes on to it.
    pub(crate) fn direction(&self) -> (&'static str, &'static str) {
        if self.sort.descending() {
            ("<", " desc")
        } else {
            (">", "")
        }
    }

    /// The part that these rows are; behind a record's own columns stands when it was changed.
    pub(crate) fn slice<R: Record>(&self, rows: &[Row]) -> Result<Slice<R>> {
        self.slice_of(rows, |row| {
            let record = R::read(row)?;
            let place = self.place(record.id(), row, R::COLUMNS.len())?;
            Ok((record, place))
        })
    }

    /// Where a row stands in the list; when it was changed is in this column, if that is asked for.
    fn place(&self, id: Uuid, row: &Row, changed: usize) -> Result<Place> {
        Ok(Place {
            sort: self.sort,
            id,
            beside: None,
            changed: if self.sort.by_change() {
                Some(row.get(changed)?)
            } else {
                None
            },
        })
    }

    /// The part that these rows are, each read with its place.
    pub(crate) fn slice_of<T, R>(
        &self,
        rows: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        read: impl FnMut(T) -> Result<(R, Place)>,
    ) -> Result<Slice<R>> {
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let rows = rows.into_iter();
        let has_more = rows.len() > most;
        let read: Vec<(R, Place)> = rows.take(most).map(read).collect::<Result<_>>()?;
        let (records, places) = read.into_iter().unzip();
        Ok(Slice {
            records,
            places,
            has_more,
        })
    }
}

impl Default for Window {
    /// All of a list, oldest first.
    fn default() -> Self {
        Self {
            after: None,
            limit: i64::MAX,
            sort: Sort::default(),
            since: None,
        }
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Slice<R> {
    /// The records.
    pub records: Vec<R>,
    /// Where each of them stands.
    pub places: Vec<Place>,
    /// Whether there are more after the last.
    pub has_more: bool,
}

impl<R> Slice<R> {
    /// The page that it makes, its cursor written by `cursor`.
    pub fn into_page(self, cursor: impl FnOnce(Place) -> String) -> Page<R> {
        let next_cursor = self.places.last().copied().filter(|_| self.has_more).map(cursor);
        Page {
            page: PageInfo {
                has_more: next_cursor.is_some(),
                next_cursor,
            },
            data: self.records,
            places: self.places,
        }
    }
}

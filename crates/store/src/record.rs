//! Records as rows: one list of columns serves reading, writing and the digest in the ledger.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use spiral_domain::Result;
use spiral_domain::people::Action;
use uuid::Uuid;

use crate::value::{Column, Row, Type, Value};

/// How it is decided who reads a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoping {
    /// Part of the directory: every principal of the tenant.
    Directory,
    /// Owned by a unit (`unit_id`) and shared so far (`sharing`): whoever may do this, as far as it is shared.
    Shared(Action),
    /// Owned by a unit and not shared by level: whoever may do this at or above the unit.
    Owned(Action),
    /// Owned by a unit, but one principal's own: only the one in this column, while they may do this there.
    Personal(Action, &'static str),
    /// Several units' own together: whoever may do this with what one of them keeps to itself, for a unit that is
    /// invited or accepted in this table. The table names the record in this column, and so does the record, but for
    /// the one whose `id` is named there.
    Joint(Action, &'static str, &'static str),
}

/// What stands in the ledger, wherever it is kept.
pub trait Logged {
    /// One byte for the ledger; never reused.
    const KIND: u8;
    /// The published name of the kind, as in events.
    const NAME: &'static str;

    /// Its id.
    fn id(&self) -> Uuid;
    /// Its values, column by column.
    fn values(&self) -> Vec<Value>;
}

/// A record that stands in a table of its own.
pub trait Record: Logged + Sized + Serialize + Send + Unpin {
    /// What an error calls it.
    const CALLED: &'static str;
    /// The table.
    const TABLE: &'static str;
    /// Its columns beside `tenant_id`, in the order of `read` and `values`; the first is `id`.
    const COLUMNS: &'static [(&'static str, Type)];
    /// Who reads it.
    const SCOPING: Scoping;

    /// From a row that begins with its columns.
    fn read(row: &Row) -> Result<Self>;
    /// Writes the value of one of its columns, which stands at this place of a row, as the whole record would.
    fn write_column<S: Serializer>(
        row: &Row,
        place: usize,
        column: usize,
        out: S,
    ) -> std::result::Result<S::Ok, S::Error>;
}

/// Some columns of a record: what a long list is asked for, and no more.
pub struct Part<R> {
    row: Row,
    columns: Arc<[usize]>,
    record: PhantomData<fn() -> R>,
}

impl<R: Record> Part<R> {
    /// From a row that has the columns at these places.
    pub(crate) fn new(row: Row, columns: Arc<[usize]>) -> Self {
        Self {
            row,
            columns,
            record: PhantomData,
        }
    }

    /// What the n-th of the columns that were asked for holds.
    pub fn holds(&self, n: usize) -> Option<Type> {
        let column = R::COLUMNS.get(*self.columns.get(n)?)?;
        Some(column.1)
    }

    /// The n-th of them, as this type.
    pub fn get<C: Column>(&self, n: usize) -> Result<C> {
        self.row.get(n + 1)
    }

    /// Writes the n-th of the columns that were asked for.
    pub fn write<S: Serializer>(&self, n: usize, out: S) -> std::result::Result<S::Ok, S::Error> {
        match self.columns.get(n) {
            // The id stands before them.
            Some(column) => R::write_column(&self.row, n + 1, *column, out),
            None => Err(serde::ser::Error::custom("no such column")),
        }
    }
}

/// The column in which the field of a record stands that JSON calls so.
pub fn column_of<R: Record>(field: &str) -> Option<usize> {
    R::COLUMNS.iter().position(|(column, _)| {
        let mut letters = field.chars();
        let mut after_bar = false;
        for letter in column.chars() {
            if letter == '_' {
                after_bar = true;
                continue;
            }
            let wanted = if after_bar {
                letter.to_ascii_uppercase()
            } else {
                letter
            };
            after_bar = false;
            if letters.next() != Some(wanted) {
                return false;
            }
        }
        letters.next().is_none()
    })
}

/// Makes a domain record [`Logged`]: `logged!(Observation, 12, "observation", { id: ObservationId, … })`.
macro_rules! logged {
    ($name:ty, $kind:literal, $event:literal, { $($column:ident: $type:ty),* $(,)? }) => {
        impl $crate::record::Logged for $name {
            const KIND: u8 = $kind;
            const NAME: &'static str = $event;

            fn id(&self) -> uuid::Uuid {
                self.id.into()
            }

            fn values(&self) -> Vec<$crate::value::Value> {
                vec![$(<$type as $crate::value::Column>::value(&self.$column),)*]
            }
        }
    };
}
pub(crate) use logged;

/// Makes a domain record a [`Record`]: `record!(OrgUnit, 1, "org_unit", "unit", org_units, Directory, { id: UnitId, … })`.
macro_rules! record {
    ($name:ty, $kind:literal, $event:literal, $called:literal, $table:literal, $scoping:expr, { $($column:ident: $type:ty),* $(,)? }) => {
        $crate::record::logged!($name, $kind, $event, { $($column: $type),* });

        impl $crate::record::Record for $name {
            const CALLED: &'static str = $called;
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [(&'static str, $crate::value::Type)] =
                &[$((stringify!($column), <$type as $crate::value::Column>::TYPE),)*];
            const SCOPING: $crate::record::Scoping = $scoping;

            fn read(row: &$crate::value::Row) -> spiral_domain::Result<Self> {
                let mut at = 0..;
                let mut next = || at.next().unwrap_or_default();
                Ok(Self { $($column: row.get::<$type>(next())?,)* })
            }

            fn write_column<S: serde::Serializer>(
                row: &$crate::value::Row,
                place: usize,
                column: usize,
                out: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                let mut columns = 0..;
                $(if columns.next() == Some(column) {
                    let value = row.get::<$type>(place).map_err(serde::ser::Error::custom)?;
                    return serde::Serialize::serialize(&value, out);
                })*
                Err(serde::ser::Error::custom("no such column"))
            }
        }
    };
}
pub(crate) use record;

/// `a.id, a.code, …`, for a select.
pub(crate) fn columns_of<R: Record>(alias: &str) -> String {
    let names: Vec<String> = R::COLUMNS
        .iter()
        .map(|(name, _)| format!("{alias}.{name}"))
        .collect();
    names.join(", ")
}

/// When a record was last changed: the column that says so or, for what is only made and ended, the later of both.
pub(crate) fn changed_at<R: Record>(alias: &str) -> String {
    let has = |wanted: &&str| R::COLUMNS.iter().any(|(name, _)| name == wanted);
    if let Some(column) = ["updated_at", "recorded_at"].iter().find(|name| has(name)) {
        return format!("{alias}.{column}");
    }
    match ["revoked_at", "closed_at"].iter().find(|name| has(name)) {
        Some(ended) => format!("coalesce({alias}.{ended}, {alias}.created_at)"),
        None => format!("{alias}.created_at"),
    }
}

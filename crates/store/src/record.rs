//! Records as rows: one list of columns serves reading, writing and the digest in the ledger.

use serde::Serialize;
use spiral_domain::Result;
use spiral_domain::people::Action;
use uuid::Uuid;

use crate::value::{Row, Type, Value};

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
}

/// A record that stands in a table of its own.
pub trait Record: Sized + Serialize + Send + Unpin {
    /// One byte for the ledger; never reused.
    const KIND: u8;
    /// The published name of the kind, as in events.
    const NAME: &'static str;
    /// What an error calls it.
    const CALLED: &'static str;
    /// The table.
    const TABLE: &'static str;
    /// Its columns beside `tenant_id`, in the order of `read` and `values`; the first is `id`.
    const COLUMNS: &'static [(&'static str, Type)];
    /// Who reads it.
    const SCOPING: Scoping;

    /// Its id.
    fn id(&self) -> Uuid;
    /// From a row that begins with its columns.
    fn read(row: &Row) -> Result<Self>;
    /// Its values, column by column.
    fn values(&self) -> Vec<Value>;
}

/// Makes a domain record a [`Record`]: `record!(OrgUnit, 1, "org_unit", "unit", org_units, Directory, { id: UnitId, … })`.
macro_rules! record {
    ($name:ty, $kind:literal, $event:literal, $called:literal, $table:literal, $scoping:expr, { $($column:ident: $type:ty),* $(,)? }) => {
        impl $crate::record::Record for $name {
            const KIND: u8 = $kind;
            const NAME: &'static str = $event;
            const CALLED: &'static str = $called;
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [(&'static str, $crate::value::Type)] =
                &[$((stringify!($column), <$type as $crate::value::Column>::TYPE),)*];
            const SCOPING: $crate::record::Scoping = $scoping;

            fn id(&self) -> uuid::Uuid {
                self.id.into()
            }

            fn read(row: &$crate::value::Row) -> spiral_domain::Result<Self> {
                let mut at = 0..;
                let mut next = || at.next().unwrap_or_default();
                Ok(Self { $($column: row.get::<$type>(next())?,)* })
            }

            fn values(&self) -> Vec<$crate::value::Value> {
                vec![$(<$type as $crate::value::Column>::value(&self.$column),)*]
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

//! All SQL of Spiral: one neutral schema, one set of statements, SQLite and PostgreSQL.
//!
//! [`Store`] reads as one caller: `store.find::<R>()` already carries tenant, visible units and sharing level.
//! [`Tx`] writes as one caller, and reads its own writes; its commit appends one entry to the tenant's ledger.

pub mod access;
mod analysis;
mod catalog;
mod conflict;
mod db;
mod field_tests;
mod idempotency;
mod ledger;
mod measures;
mod microsystems;
pub mod migrations;
mod packed;
mod people;
mod record;
mod scope;
mod spirals;
mod spread;
mod sql;
mod store;
mod surveys;
mod sustainability;
mod tenancy;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod value;

pub use analysis::{
    MeasureCell, Mover, Reporting, ReportingCount, SeriesChange, SeriesFilter, SeriesOf, SeriesRow,
    SeriesUnit,
};
pub use conflict::NAME_TAKEN;
pub use db::{Db, DbOptions, Meter};
pub use idempotency::{Kept, Keyed};
pub use ledger::{AuditReport, Standing};
pub use measures::{
    LatestObservations, Mark, MeasureBook, ObservationChange, ObservationFilter, ObservationGroup, UnitShare,
    number_new,
};
pub use microsystems::{FivePsCell, ToolFact, Work};
pub use people::{Known, SecretRow};
pub use record::{Logged, Part, Record, Scoping, column_of};
pub use scope::{HeldGrant, Scope};
pub use spirals::{Amended, Beneath, Facet, SpiralCells, SpiralFilter, within};
pub use spread::{AdoptionFilter, Histories, Pair, SpreadCells, eligibility_id};
pub use sql::{Dialect, Rows, Sql};
pub use store::{Find, Slice, Store, Window};
pub use surveys::{SealedBox, SurveyRun};
pub use sustainability::BandCell;
pub use tenancy::{AttributeKey, Coded, Stood, UnitMove, WorkCounts};
pub use tx::{Begin, Tx};
pub use value::{Column, Row, Type, Value};

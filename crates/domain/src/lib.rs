//! The vocabulary of Spiral: ids, records, inputs, rules, roles and actions. No I/O, no clock, no async.
//!
//! One module per capability, named as in every other layer; beside them the few types that all share.

pub mod analysis;
mod count;
pub mod error;
pub mod exchange;
pub mod field_tests;
pub mod ids;
pub mod innovations;
pub mod measures;
pub mod microsystems;
pub mod page;
pub mod patch;
pub mod people;
pub mod programmes;
pub mod reference;
pub mod screening;
pub mod sharing;
pub mod spread;
pub mod surveys;
pub mod sustainability;
pub mod tenancy;
pub mod text;
pub mod time;

pub use count::Count;
pub use error::{Error, Result, Violation, Violations};
pub use ids::*;
pub use page::{Allowed, Page, PageInfo, PageRequest, Place, Sort};
pub use patch::Patch;
pub use reference::Reference;
pub use sharing::{Sharing, Withheld, WorkKind};
pub use time::{Date, DatePrecision, Interval, PartialDate, Timestamp};

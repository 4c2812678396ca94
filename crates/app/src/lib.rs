//! The use cases of Spiral, one free function each: `verb_noun(caller, input) -> Result<answer>`.
//!
//! Both faces call them and nothing else. A [`Caller`] is made only by [`App::authenticate`]; it reads through
//! its own scoped store and writes only through [`Caller::begin`].

pub mod access;
pub mod analysis;
mod app;
mod caller;
pub mod clock;
pub mod demo;
mod distribution;
mod eyes;
pub mod field_tests;
pub mod innovations;
mod kept;
mod left_out;
pub mod measures;
pub mod microsystems;
mod once;
pub mod people;
pub mod projections;
pub mod rates;
pub mod request;
pub mod retention;
mod sources;
pub mod spirals;
pub mod spread;
pub mod surveys;
pub mod sustainability;
pub mod tenancy;
pub mod tenants;
pub mod tokens;

pub use app::{App, Settings};
pub use caller::{Caller, Reach};
pub use kept::Question;
pub use once::{Once, once};
pub use spiral_store::{Amended, Beneath, Part, Record, Type, column_of};

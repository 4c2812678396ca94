//! Statistics of improvement: pure functions over slices.
//!
//! Charts over time:
//!
//! - [`xmr`]: XmR charts with the NHS "plot the dots" rules, and their verdicts on variation and assurance.
//! - [`run_chart`]: Anhøj's rules of runs; [`shewhart`]: run, i, mr, xbar, s, t, p, p′, c, u, u′ and g charts.
//! - [`hold`]: whether a gain holds. [`season`]: whether values follow the seasons. [`order`]: rows and phases by
//!   date.
//! - [`plausible`]: values that want a second look.
//!
//! Comparing units and studies:
//!
//! - [`funnel`]: limits by size, exact and adjusted for overdispersion.
//! - [`effect`] and [`meta`]: effect sizes and their pooling. [`compare`]: before and after.
//! - [`roll_up`] and [`standardise`]: rates of a whole.
//! - [`flow`]: how often a case passes each place of a process.
//! - [`diffusion`]: adopter categories, growth curves, shape, time to routine, equity.
//!
//! Publishing:
//!
//! - [`suppression`] decides which totals of a published table must be left out so that nobody can
//!   work out what a few hidden contributors reported.
//! - [`rate`] turns a numerator and a denominator into a rate, and rounds it for print.
//! - [`sum`] adds numbers without losing the small ones.
//!
//! Plain structs go in, results come out, and [`Error`] says why there is none. Nothing here reads a clock, a
//! file or a database, and nothing panics on odd numbers: NaN, infinities, empty slices and numbers too large to
//! compute with are refused. Missing values are `None`. A value that equals a line in decimals lies on it.
//!
//! Every module has its formulas with their sources; `docs/analysis.md` has a worked example for each, and
//! `tests/golden` holds cases computed by the tools that the field trusts.
//!
//! # Where the suppression rule comes from
//!
//! The three parts of the rule are the usual ones for health statistics and are set out in the
//! handbooks on disclosure control (L. Willenborg and T. de Waal, *Elements of Statistical Disclosure
//! Control*, Springer 2001; A. Hundepool and others, *Statistical Disclosure Control*, Wiley 2012):
//! a **threshold** (too few contributors, or too few people counted), a **dominance** rule (one
//! contributor makes up nearly all of the figure), and **complementary suppression** (further cells
//! are left out because sums would give the first ones away).
//!
//! What differs from a printed yearbook is who is protected from whom. Every reader sees some
//! contributors and not others, so each cell has a figure of what the reader may see, `shown`, and one
//! with everybody in it, `total`. A reader who gets both learns `hidden = total - shown`. The rule is
//! therefore put to the *hidden* part of a cell, not to the cell, and a cell without a hidden part is
//! simply exact.
//!
//! # A worked example
//!
//! A region has four organisations. In `north` seven units are hidden from the reader, in `east` two,
//! in `west` two, in `south` none. With a threshold of five, `east` and `west` cannot have a total.
//! But `region - north` would tell what the four units of `east` and `west` reported together, so a
//! further cell goes: the smallest one that helps, which is `north`.
//!
//! ```
//! use spiral_stats::suppression::{Along, Hidden, Rule, Table, derivable, suppress};
//!
//! let hidden = |units: u32| Hidden {
//!     units: u64::from(units),
//!     settled: u64::from(units),
//!     numerator: 10.0 * f64::from(units),
//!     denominator: 100.0 * f64::from(units),
//!     largest_denominator: if units == 0 { 0.0 } else { 100.0 },
//!     counts_people: true,
//! };
//! let mut table = Table::new(Rule::default());
//! let region = table.cell(hidden(11), 40);
//! let north = table.cell(hidden(7), 15);
//! let east = table.cell(hidden(2), 10);
//! let west = table.cell(hidden(2), 10);
//! let south = table.cell(hidden(0), 5);
//! table.sum(Along::Tree, region, &[north, east, west, south])?;
//!
//! let suppressed = suppress(&table);
//! assert!(suppressed[east.index()] && suppressed[west.index()]); // fewer than five units
//! assert!(suppressed[north.index()]); // would give both of them away
//! assert!(!suppressed[south.index()]); // nothing is hidden here
//! assert!(!suppressed[region.index()]); // eleven units, and no part of them is known
//! assert!(derivable(&table, &suppressed).is_empty());
//! # Ok::<(), spiral_stats::suppression::TableError>(())
//! ```

pub mod compare;
pub mod diffusion;
mod discrete;
mod distribution;
pub mod effect;
mod error;
pub mod flow;
pub mod funnel;
pub mod hold;
pub mod meta;
mod numbers;
pub mod order;
pub mod plausible;
pub mod rate;
pub mod roll_up;
pub mod run_chart;
pub mod season;
pub mod shewhart;
pub mod standardise;
pub mod sum;
pub mod suppression;
pub mod xmr;

pub use error::Error;

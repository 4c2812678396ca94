//! Which totals may be published, and which must be left out.
//!
//! A **cell** has a figure that is always published exactly, `shown`, and one with hidden contributors in
//! it, `total`; publishing the total tells `hidden = total - shown`. [`Rule`] says for one cell whether
//! that is acceptable. Cells are tied together by **sums** in a [`Table`]: a parent is its children (with
//! the parent's own records as one more part), a year its months, an unsplit figure the values of one
//! dimension. [`suppress`] leaves out further cells until no sum, and no combination of sums, gives a
//! left-out figure away.
//!
//! # What is guaranteed
//!
//! For a table `t` and `s = suppress(&t)`:
//!
//! - every cell that breaks the rule is suppressed, and no cell without hidden units ever is;
//! - no suppressed cell can be worked out from the published ones, using all sums together
//!   ([`derivable`] is empty);
//! - in every sum whose whole is published, the suppressed parts *taken together* pass the rule as well
//!   ([`small_groups`] is empty). Otherwise `whole - published parts` would tell what a group reported
//!   that is too small to be published as a cell.
//!
//! This holds if the sums hold exactly and are complete. A sum with a part left out, or one across
//! a reorganisation that moved records between the parts, is not a sum; what is missing can be added as
//! a part of its own, whether or not anyone will ever see it as a cell. [`Table::sum`] refuses sums whose
//! unit counts show that they cannot hold. If sums contradict one another all the same, so that a cell is
//! fixed by them alone, it stays fixed: only then may [`derivable`] find something.
//!
//! # What is not
//!
//! The rule is about one reader at one time. Readers who pool what each may see, or who compare a table
//! with an earlier state of it, know more than a single table tells. Groups are looked at within each sum,
//! not across every combination of sums.

mod linear;
mod secondary;
mod table;

pub use secondary::{derivable, small_groups, suppress};
pub use table::{Along, CellId, Table, TableError};

use crate::sum::Accumulator;

/// When the hidden part of a cell is too small or too lopsided to be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The fewest hidden units, and the fewest people on either side of a proportion, that may be told.
    pub threshold: u32,
    /// The largest share of the hidden denominator that one unit may have, from 0 to 1.
    pub dominance: f64,
}

impl Default for Rule {
    /// Five, and 85 %.
    fn default() -> Self {
        Self {
            threshold: 5,
            dominance: 0.85,
        }
    }
}

/// What is hidden from the reader in one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hidden {
    /// How many units are hidden, with or without a record; zero means that the reader sees everything.
    pub units: u64,
    /// How many of them count towards the threshold, at most `units`: those that nobody can have made up to
    /// lift a total over it.
    pub settled: u64,
    /// The sum of their numerators.
    pub numerator: f64,
    /// The sum of their denominators; zero for a measure without one, which then has no complement and
    /// nobody who dominates.
    pub denominator: f64,
    /// The largest denominator of a single hidden unit.
    pub largest_denominator: f64,
    /// Whether the numerator counts people out of those in the denominator.
    pub counts_people: bool,
}

impl Rule {
    /// Whether a total with this hidden part must not be published on its own account.
    ///
    /// Figures that cannot be right, such as a numerator above its denominator where people are counted,
    /// count as small.
    ///
    /// ```
    /// use spiral_stats::suppression::{Hidden, Rule};
    ///
    /// let rule = Rule::default();
    /// assert!(!rule.must_suppress(&Hidden::default()));
    /// assert!(rule.must_suppress(&Hidden { units: 4, settled: 4, ..Hidden::default() }));
    /// assert!(rule.must_suppress(&Hidden { units: 5, settled: 4, ..Hidden::default() }));
    /// assert!(!rule.must_suppress(&Hidden { units: 5, settled: 5, ..Hidden::default() }));
    /// ```
    pub fn must_suppress(&self, hidden: &Hidden) -> bool {
        if hidden.units == 0 {
            return false;
        }
        hidden.settled.min(hidden.units) < u64::from(self.threshold)
            || !hidden.numerator.is_finite()
            || self.is_dominated(hidden)
            || hidden.counts_people && self.has_few_people(hidden)
    }

    fn is_dominated(&self, hidden: &Hidden) -> bool {
        if hidden.denominator == 0.0 {
            return hidden.largest_denominator != 0.0;
        }
        // The quotient, not the product: a share of exactly 85 % then compares equal to 0.85.
        let share = hidden.largest_denominator / hidden.denominator;
        let within = (0.0..=self.dominance).contains(&share);
        !(within && hidden.denominator > 0.0)
    }

    fn has_few_people(&self, hidden: &Hidden) -> bool {
        let few = |people: f64| people != 0.0 && !(f64::from(self.threshold)..).contains(&people);
        few(hidden.numerator) || hidden.denominator != 0.0 && few(hidden.denominator - hidden.numerator)
    }
}

impl Hidden {
    /// The parts of one sum seen as a single cell, on the side of caution where the parts do not say:
    /// months or strata may have the same units, and the same one may be the largest in each.
    fn joined(parts: impl Iterator<Item = Hidden>, along: Along) -> Hidden {
        let mut joined = Hidden::default();
        let (mut numerator, mut denominator, mut largest) = (
            Accumulator::default(),
            Accumulator::default(),
            Accumulator::default(),
        );
        for part in parts {
            numerator.add(part.numerator);
            denominator.add(part.denominator);
            joined.counts_people |= part.counts_people;
            match along {
                Along::Tree => {
                    joined.units = joined.units.saturating_add(part.units);
                    joined.settled = joined.settled.saturating_add(part.settled);
                    joined.largest_denominator = joined.largest_denominator.max(part.largest_denominator);
                }
                Along::Time | Along::Strata => {
                    joined.units = joined.units.max(part.units);
                    joined.settled = joined.settled.max(part.settled);
                    largest.add(part.largest_denominator);
                    joined.largest_denominator = largest.value();
                }
            }
        }
        joined.numerator = numerator.value();
        joined.denominator = denominator.value();
        joined
    }
}

//! Whether the effect differs between groups of sites.

use super::{Method, Pooled, pool};
use crate::{
    distribution::chi_square_above,
    effect::Effect,
    error::Error,
    numbers::{float, in_range},
    sum::Accumulator,
};

/// The fewest sites of a subgroup.
pub const FEWEST_SITES: usize = 4;

/// Subgroups and how much they differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Subgroups {
    /// Each pooled by itself, with a τ² of its own.
    pub groups: Vec<Pooled>,
    /// Σ(μ - μ̄)² / se² over the groups, μ̄ weighted by 1/se².
    pub q: f64,
    /// The number of groups less one.
    pub degrees: usize,
    /// The probability of such a Q, or a larger one, if the groups did not differ.
    pub p_value: f64,
}

/// Pools each subgroup and compares them (M. Borenstein and others, *Introduction to Meta-Analysis*, Wiley 2009,
/// chapter 19). Not estimable with fewer than two groups, or with fewer than [`FEWEST_SITES`] sites in one: a
/// difference of so few says more about them than about the groups.
pub fn subgroups(groups: &[&[Effect]], method: Method, level: f64) -> Result<Subgroups, Error> {
    if groups.len() < 2 {
        return Err(Error::not_estimable(
            "a difference of subgroups",
            "there are fewer than two",
        ));
    }
    if groups.iter().any(|group| group.len() < FEWEST_SITES) {
        return Err(Error::not_estimable(
            "a difference of subgroups",
            "one has fewer than four sites",
        ));
    }
    let pooled = groups
        .iter()
        .map(|group| pool(group, method, level))
        .collect::<Result<Vec<_>, _>>()?;
    let weight = |group: &Pooled| 1.0 / (group.z.error * group.z.error);
    let total: Accumulator = pooled.iter().map(weight).collect();
    let weighted: Accumulator = pooled
        .iter()
        .map(|group| weight(group) * group.estimate)
        .collect();
    let mean = weighted.value() / total.value();
    let q: Accumulator = pooled
        .iter()
        .map(|group| weight(group) * (group.estimate - mean).powi(2))
        .collect();
    let q = in_range("difference of subgroups", q.value())?;
    let degrees = groups.len() - 1;
    Ok(Subgroups {
        groups: pooled,
        q,
        degrees,
        p_value: chi_square_above(q, float(degrees)),
    })
}

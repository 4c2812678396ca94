//! Exact limits, for data without overdispersion.

use super::{Level, Limits, Unit, check_units, pooled};
use crate::{
    discrete::{Binomial, Discrete, Poisson},
    error::Error,
    numbers::{Ties, finite, in_range},
};

/// What a numerator counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// People, out of a whole number of them.
    Binomial,
    /// Events in an exposure, such as person-years or an expected number.
    Poisson,
}

/// One unit with exact limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactUnit {
    /// Numerator over denominator.
    pub ratio: f64,
    /// The limits.
    pub limits: Limits,
    /// Whether it lies outside the 95 % limits.
    pub outlier_95: bool,
    /// Whether it lies outside the 99.8 % limits.
    pub outlier_998: bool,
}

/// A funnel with exact limits.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactFunnel {
    /// The middle line.
    pub target: f64,
    /// One for each unit, in the order given.
    pub units: Vec<ExactUnit>,
}

/// The exact limits around a target, or around the pooled ratio where none is given.
///
/// The limit of probability p is (r - α) / n: r is the smallest number with P(X <= r) >= p if the target is
/// true, and α = (P(X <= r) - p) / P(X = r) interpolates between r and the number below, so that limits are
/// smooth in n (D. J. Spiegelhalter 2005, appendix A.1.1). It is not taken below 0.
///
/// ```
/// use spiral_stats::funnel::{Law, Unit, exact};
///
/// let units = [Unit { numerator: 3.0, denominator: 100.0 }, Unit { numerator: 40.0, denominator: 200.0 }];
/// let funnel = exact(Law::Binomial, &units, Some(0.05))?;
/// assert!(!funnel.units[0].outlier_95 && funnel.units[1].outlier_998);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn exact(law: Law, units: &[Unit], target: Option<f64>) -> Result<ExactFunnel, Error> {
    if units.is_empty() {
        return Err(Error::invalid("funnel", "has no units"));
    }
    check_units(units, law == Law::Binomial)?;
    let target = match target {
        Some(target) => finite("target", target)?,
        None => pooled(units)?,
    };
    if target < 0.0 || law == Law::Binomial && target > 1.0 {
        return Err(Error::invalid("target", "is no ratio that a unit can have"));
    }
    let ties = Ties::of(target);
    let units = units
        .iter()
        .map(|unit| {
            let n = unit.denominator;
            let limits = match law {
                Law::Binomial => interpolated(&Binomial::new(n, target)?, n),
                Law::Poisson => interpolated(&Poisson::new(target * n)?, n),
            }?;
            let ratio = in_range("ratio", unit.numerator / n)?;
            Ok(ExactUnit {
                ratio,
                limits,
                outlier_95: limits.excludes(ratio, Level::P95, ties),
                outlier_998: limits.excludes(ratio, Level::P998, ties),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(ExactFunnel { target, units })
}

fn interpolated(law: &impl Discrete, n: f64) -> Result<Limits, Error> {
    Limits::of(|probability| {
        let (r, below, mass) = law.quantile(probability);
        let excess = if mass > 0.0 {
            ((below - probability) / mass).clamp(0.0, 1.0)
        } else {
            0.0
        };
        in_range("limit", ((r - excess) / n).max(0.0))
    })
}

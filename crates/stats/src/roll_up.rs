//! Rolling rates up from strata to a whole.
//!
//! The rate of the whole is Σ(weight × rate) / Σ weight. Roll up counts where there are counts; a rate that
//! was rounded for print gives a total that may differ in the last digit from the one printed beside it.

use crate::{
    error::Error,
    numbers::{all_finite, finite, in_range},
    sum::Accumulator,
};

/// One part of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// Its rate, if it is known.
    pub rate: Option<f64>,
    /// Its population, or another weight; zero or more.
    pub weight: f64,
}

/// What to do about strata without a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// The whole has none either.
    #[default]
    Strict,
    /// The others stand for all; the coverage must be shown beside the rate.
    Renormalise,
}

/// The whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolledUp {
    /// Its rate; `None` if it is not known.
    pub rate: Option<f64>,
    /// How many strata have no rate.
    pub missing: usize,
    /// The share of the weight that has a rate; `None` if there is no weight at all.
    pub coverage: Option<f64>,
    /// The events behind the rates that are known; `None` if the whole has no rate.
    pub implied_events: Option<f64>,
}

/// Rolls up rates that are given per so many.
///
/// ```
/// use spiral_stats::roll_up::{Missing, Stratum, roll_up};
///
/// let strata = [Stratum { rate: Some(2.0), weight: 1000.0 }, Stratum { rate: Some(5.0), weight: 3000.0 }];
/// let whole = roll_up(&strata, Missing::Strict, 1000.0)?;
/// assert_eq!((whole.rate, whole.implied_events), (Some(4.25), Some(17.0)));
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn roll_up(strata: &[Stratum], policy: Missing, per: f64) -> Result<RolledUp, Error> {
    if strata.is_empty() {
        return Err(Error::invalid("roll-up", "has no strata"));
    }
    if finite("unit of the rate", per)? <= 0.0 {
        return Err(Error::invalid("unit of the rate", "is not above zero"));
    }
    all_finite("rate", strata.iter().map(|stratum| stratum.rate.unwrap_or(0.0)))?;
    all_finite("weight", strata.iter().map(|stratum| stratum.weight))?;
    if let Some(at) = strata.iter().position(|stratum| stratum.weight < 0.0) {
        return Err(Error::invalid_at("weight", at, "is below zero"));
    }
    let (mut weighted, mut known, mut all) = (
        Accumulator::default(),
        Accumulator::default(),
        Accumulator::default(),
    );
    for stratum in strata {
        all.add(stratum.weight);
        if let Some(rate) = stratum.rate {
            known.add(stratum.weight);
            weighted.add(rate * stratum.weight);
        }
    }
    let (known, all) = (known.value(), in_range("sum of the weights", all.value())?);
    let weighted = in_range("weighted sum", weighted.value())?;
    let missing = strata.iter().filter(|stratum| stratum.rate.is_none()).count();
    let is_known = known > 0.0 && (missing == 0 || policy == Missing::Renormalise);
    let rate = is_known.then(|| in_range("rate", weighted / known)).transpose()?;
    Ok(RolledUp {
        rate,
        missing,
        coverage: (all > 0.0).then(|| known / all),
        implied_events: rate.map(|_| weighted / per),
    })
}

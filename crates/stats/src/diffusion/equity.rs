//! How equally uptake is spread.

use crate::{
    error::Error,
    numbers::{all_finite, in_range},
    sum::{Accumulator, sum},
};

/// The Gini coefficient of rates weighted by the number of units behind each: half the mean difference of two
/// units drawn at random, over the mean rate. 0 if all are alike, towards 1 if one has everything.
///
/// Part of what it shows is chance, the more so the smaller the groups; the variance between them beyond
/// chance, τ² of a funnel, belongs beside it. Not estimable if all rates are zero.
///
/// ```
/// use spiral_stats::diffusion::equity::gini;
///
/// assert!(gini(&[0.2, 0.2, 0.2], &[10.0, 50.0, 3.0])? < 1e-12);
/// assert_eq!(gini(&[0.0, 1.0], &[1.0, 1.0])?, 0.5);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn gini(rates: &[f64], weights: &[f64]) -> Result<f64, Error> {
    if rates.is_empty() || rates.len() != weights.len() {
        return Err(Error::invalid("rates", "do not match their weights"));
    }
    all_finite("rate", rates.iter().copied())?;
    all_finite("weight", weights.iter().copied())?;
    for (at, (&rate, &weight)) in rates.iter().zip(weights).enumerate() {
        if rate < 0.0 {
            return Err(Error::invalid_at("rate", at, "is below zero"));
        }
        if weight < 0.0 {
            return Err(Error::invalid_at("weight", at, "is below zero"));
        }
    }
    let all = in_range("sum of the weights", sum(weights))?;
    let most = rates.iter().fold(0.0, |most: f64, rate| most.max(*rate));
    let total: Accumulator = rates
        .iter()
        .zip(weights)
        .map(|(rate, weight)| rate / most * (weight / all))
        .collect();
    let total = total.value();
    if most <= 0.0 || all <= 0.0 || total <= 0.0 {
        return Err(Error::not_estimable("the Gini coefficient", "nobody has adopted"));
    }
    let mut rows: Vec<(f64, f64)> = rates
        .iter()
        .zip(weights)
        .map(|(rate, weight)| (rate / most, weight / all))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Of two units the richer one has the share of those below it in its favour, and of those above against.
    let mut below = Accumulator::default();
    let mut difference = Accumulator::default();
    for (rate, weight) in rows {
        let before = below.value();
        below.add(weight);
        difference.add(weight * rate * (before + below.value() - 1.0));
    }
    Ok((difference.value() / total).clamp(0.0, 1.0))
}

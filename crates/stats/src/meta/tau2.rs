//! The variance between studies by iteration.

use super::Weighted;
use crate::{
    distribution::bisect,
    effect::Effect,
    error::Error,
    numbers::{float, mean},
    sum::Accumulator,
};

/// The τ² for which the generalised Q is its expectation; it falls with τ².
pub(super) fn paule_mandel(effects: &[Effect]) -> Result<f64, Error> {
    let expected = float(effects.len() - 1);
    let exceeds = |tau2: f64| Weighted::of(effects, tau2).is_ok_and(|weighted| weighted.q > expected);
    if !exceeds(0.0) {
        return Ok(0.0);
    }
    let mut high = typical(effects)?;
    while exceeds(high) {
        high *= 2.0;
        if !high.is_finite() {
            return Err(Error::TooLarge {
                what: "variance between studies",
            });
        }
    }
    Ok(bisect(0.0, high, exceeds))
}

/// The mean variance, as a scale.
fn typical(effects: &[Effect]) -> Result<f64, Error> {
    mean(effects.iter().map(|effect| effect.variance))
        .filter(|scale| scale.is_finite())
        .ok_or(Error::TooLarge { what: "variance" })
}

/// The maximum of the restricted likelihood, by Fisher scoring with steps halved until it rises.
pub(super) fn reml(effects: &[Effect]) -> Result<f64, Error> {
    let scale = typical(effects)?;
    let mut tau2 = hedges(effects, scale);
    let mut likelihood = Restricted::at(effects, tau2)?;
    for _ in 0..1000 {
        let mut step = likelihood.step;
        let mut moved = false;
        // Sixty halvings are the precision of a number.
        for _ in 0..60 {
            let next = (tau2 + step).max(0.0);
            let there = Restricted::at(effects, next)?;
            if there.value >= likelihood.value {
                moved = (next - tau2).abs() > 1e-13 * (tau2 + scale * 1e-3);
                tau2 = next;
                likelihood = there;
                break;
            }
            step /= 2.0;
        }
        if !moved {
            return polished(effects, tau2, likelihood.step);
        }
    }
    Err(Error::not_estimable(
        "the variance between studies",
        "the likelihood has no maximum that can be found",
    ))
}

/// Near its maximum the likelihood is flat and tells τ² to half the digits only; the score tells the others.
fn polished(effects: &[Effect], mut tau2: f64, mut step: f64) -> Result<f64, Error> {
    for _ in 0..100 {
        let next = (tau2 + step).max(0.0);
        let there = Restricted::at(effects, next)?.step;
        if there.abs() >= step.abs() {
            break;
        }
        (tau2, step) = (next, there);
    }
    Ok(tau2)
}

/// The variance of the effects less that within studies.
fn hedges(effects: &[Effect], within: f64) -> f64 {
    let centre = mean(effects.iter().map(|effect| effect.estimate)).unwrap_or(0.0);
    let squares: Accumulator = effects
        .iter()
        .map(|effect| (effect.estimate - centre) * (effect.estimate - centre))
        .collect();
    (squares.value() / float(effects.len() - 1) - within).max(0.0)
}

/// The restricted log likelihood at a τ², and the scoring step from there.
struct Restricted {
    value: f64,
    step: f64,
}

impl Restricted {
    fn at(effects: &[Effect], tau2: f64) -> Result<Self, Error> {
        let weighted = Weighted::of(effects, tau2)?;
        let (total, squares) = (weighted.total, weighted.squares);
        let sum = |value: &dyn Fn(f64, f64) -> f64| {
            effects
                .iter()
                .zip(&weighted.weights)
                .map(|(effect, &weight)| value(weight, effect.estimate - weighted.mean))
                .collect::<Accumulator>()
                .value()
        };
        let logs = sum(&|weight, _| weight.ln());
        let cubes = sum(&|weight, _| weight * weight * weight);
        let spread = sum(&|weight, distance| weight * weight * distance * distance);
        let trace = squares - 2.0 * cubes / total + (squares / total) * (squares / total);
        let step = (spread - (total - squares / total)) / trace;
        Ok(Self {
            value: 0.5 * (logs - total.ln() - weighted.q),
            step: if step.is_finite() { step } else { 0.0 },
        })
    }
}

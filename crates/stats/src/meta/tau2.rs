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

/// The maximum of the restricted likelihood: by Fisher scoring, with steps halved until it rises, as long as it
/// does; from there to where the score changes its sign. Near its maximum the likelihood is flat and tells τ² to
/// half the digits only.
pub(super) fn reml(effects: &[Effect]) -> Result<f64, Error> {
    let scale = typical(effects)?;
    let mut tau2 = hedges(effects, scale);
    let mut here = Restricted::at(effects, tau2)?;
    for _ in 0..100 {
        let mut step = here.step;
        let mut found = None;
        for _ in 0..30 {
            let next = (tau2 + step).max(0.0);
            let there = Restricted::at(effects, next)?;
            if there.value > here.value {
                found = Some((next, there));
                break;
            }
            step /= 2.0;
        }
        let Some(better) = found else { break };
        (tau2, here) = better;
    }
    let rises = |tau2: f64| Restricted::at(effects, tau2).map(|here| here.step > 0.0);
    let (mut low, mut high, mut width) = (tau2, tau2, 1e-6 * (scale + tau2));
    if here.step > 0.0 {
        while rises(high)? {
            low = high;
            high += width;
            width *= 2.0;
        }
    } else {
        while !rises(low)? {
            if low <= 0.0 {
                return Ok(0.0);
            }
            high = low;
            low = (low - width).max(0.0);
            width *= 2.0;
        }
    }
    let found = bisect(low, high, |tau2| rises(tau2).unwrap_or(false));
    // One precise study among many others can make a second maximum at zero, and it may be the higher one.
    let at_zero = Restricted::at(effects, 0.0)?.value;
    Ok(if at_zero > Restricted::at(effects, found)?.value {
        0.0
    } else {
        found
    })
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
        // A length only; the sign is that of the score.
        let step = (spread - weighted.c()) / trace.max(1e-14 * squares);
        Ok(Self {
            value: 0.5 * (logs - total.ln() - weighted.q),
            step: if step.is_finite() { step } else { 0.0 },
        })
    }
}

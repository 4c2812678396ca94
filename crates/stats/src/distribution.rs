//! Continuous distributions, from statrs; the error function from libm, since that of statrs is good for ten
//! digits only.

use libm::erfc;
use statrs::{
    distribution::{ContinuousCDF, StudentsT},
    function::{
        erf::erfc_inv,
        gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma},
    },
};
use std::f64::consts::{PI, SQRT_2};

use crate::error::Error;

/// The standard normal quantile.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * probability)
}

/// P(|Z| >= |z|).
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// How many standard errors the two-sided interval of this level, in percent, reaches.
pub(crate) fn normal_reach(level: f64) -> f64 {
    normal_quantile(0.5 + level / 200.0)
}

/// The level of a confidence interval in percent.
pub(crate) fn level(level: f64) -> Result<f64, Error> {
    if level.is_finite() && level > 0.0 && level < 100.0 {
        Ok(level)
    } else {
        Err(Error::invalid(
            "confidence level",
            "is not between 0 and 100 percent",
        ))
    }
}

/// Beyond this the t distribution is the normal one to more digits than anyone has.
const MANY_DEGREES: f64 = 1e7;

/// P(|T| >= |t|) with so many degrees of freedom.
pub(crate) fn t_two_sided(t: f64, degrees: f64) -> f64 {
    if degrees > MANY_DEGREES {
        return normal_two_sided(t);
    }
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |law| 2.0 * law.cdf(-t.abs()))
}

/// P(T <= t).
pub(crate) fn t_below(t: f64, degrees: f64) -> f64 {
    let tail = 0.5 * t_two_sided(t, degrees);
    if t < 0.0 { tail } else { 1.0 - tail }
}

/// How many standard errors the two-sided interval of this level, in percent, reaches.
pub(crate) fn t_reach(level: f64, degrees: f64) -> f64 {
    if degrees > MANY_DEGREES {
        return normal_reach(level);
    }
    let tail = 1.0 - level / 100.0;
    // The constant of the density, of which the tail's slope is twice.
    let constant =
        (ln_gamma(f64::midpoint(degrees, 1.0)) - ln_gamma(degrees / 2.0)).exp() / (degrees * PI).sqrt();
    let density = |t: f64| constant * (1.0 + t * t / degrees).powf(-f64::midpoint(degrees, 1.0));
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut t = normal_reach(level).max(1e-3);
    // Newton's steps, or a halved bracket where they leave it.
    for _ in 0..200 {
        let surplus = t_two_sided(t, degrees) - tail;
        if surplus > 0.0 {
            low = t;
        } else {
            high = t;
        }
        let step = surplus / (2.0 * density(t));
        let mut next = t + step;
        if !(low..=high).contains(&next) {
            next = if high.is_finite() {
                f64::midpoint(low, high)
            } else {
                2.0 * t
            };
        }
        if (next - t).abs() <= 2.0 * f64::EPSILON * t {
            return next;
        }
        t = next;
    }
    t
}

/// P(X >= x) for chi-square.
pub(crate) fn chi_square_above(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(degrees / 2.0, x / 2.0).unwrap_or(f64::NAN)
}

/// From this shape on the gamma distribution is inverted by its expansion, to full precision.
const LARGE_SHAPE: f64 = 1e7;

/// The quantile of the gamma distribution with this shape and unit scale.
pub(crate) fn gamma_quantile(probability: f64, shape: f64) -> f64 {
    let z = normal_quantile(probability);
    if shape > LARGE_SHAPE {
        // Cornish and Fisher; the next term is z / shape.
        let root = shape.sqrt();
        return shape + z * root + (z * z - 1.0) / 3.0 + (z * z * z - 7.0 * z) / (36.0 * root);
    }
    let upper = probability > 0.5;
    // The smaller tail keeps its digits.
    let too_low = |x: f64| {
        if upper {
            checked_gamma_ur(shape, x).unwrap_or(0.0) > 1.0 - probability
        } else {
            checked_gamma_lr(shape, x).unwrap_or(0.0) < probability
        }
    };
    // Wilson and Hilferty as a start, or the first term of the series where that is below zero.
    let cube = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    let start = if cube > 0.0 {
        shape * cube * cube * cube
    } else {
        ((probability.ln() + ln_gamma(shape + 1.0)) / shape)
            .exp()
            .max(f64::MIN_POSITIVE)
    };
    let (mut low, mut high) = (start, start);
    let mut step = 1.0 + 0.01 / shape.sqrt();
    while !too_low(low) && low > f64::MIN_POSITIVE {
        high = low;
        low /= step;
        step *= step;
    }
    let mut step = 1.0 + 0.01 / shape.sqrt();
    while too_low(high) && high < 1e300 {
        low = high;
        high *= step;
        step *= step;
    }
    bisect(low, high, too_low)
}

/// The place where `too_low` turns false, to the last digit.
pub(crate) fn bisect(mut low: f64, mut high: f64, too_low: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if too_low(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low + (high - low) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64, relative: f64) {
        assert!(
            (got - expected).abs() <= relative * expected.abs(),
            "{got} is not {expected}"
        );
    }

    /// Worked out with 40 digits.
    #[test]
    #[expect(clippy::unreadable_literal, reason = "reference values")]
    fn quantiles_and_tails() {
        near(normal_quantile(0.001), -3.0902323061678136, 1e-14);
        near(normal_quantile(0.025), -1.9599639845400543, 1e-14);
        near(normal_quantile(0.05), -1.6448536269514726, 1e-14);
        near(normal_quantile(0.975), 1.9599639845400538, 1e-14);
        near(normal_quantile(0.999), 3.090232306167813, 1e-14);
        near(normal_two_sided(1.7), 0.08913092551708608, 1e-14);
        near(normal_two_sided(9.0), 2.257176811907681e-19, 1e-13);
        near(t_two_sided(2.0, 1.0), 0.2951672353008665, 1e-11);
        near(t_two_sided(3.2, 7.5), 0.013735153862408265, 1e-11);
        near(t_two_sided(0.4, 31.3), 0.6918733822002744, 1e-11);
        near(t_two_sided(2.2, 1000.0), 0.028035025326697886, 1e-11);
        near(t_two_sided(1.9, 100000.0), 0.05743599328410787, 1e-9);
        near(t_two_sided(40.0, 5.0), 1.8411962171772954e-07, 1e-11);
        near(t_reach(95.0, 1.0), 12.706204736174705, 1e-11);
        near(t_reach(95.0, 1.0057), 12.537283098727384, 1e-11);
        near(t_reach(95.0, 7.5), 2.3330396268649745, 1e-11);
        near(t_reach(99.8, 31.3), 3.3719518415668595, 1e-11);
        near(t_reach(95.0, 1000.0), 1.9623390808264085, 1e-11);
        near(t_reach(95.0, 100000.0), 1.9599877075346097, 1e-9);
        near(t_reach(50.0, 3.0), 0.7648923284043453, 1e-11);
        near(gamma_quantile(0.025, 0.3), 3.185679031739166e-06, 1e-11);
        near(gamma_quantile(0.025, 1.0), 0.025317807984289876, 1e-11);
        near(gamma_quantile(0.999, 1.0), 6.907755278982136, 1e-11);
        near(gamma_quantile(0.001, 55.5), 35.29096595094949, 1e-11);
        near(gamma_quantile(0.975, 1234.5), 1304.3064251562787, 1e-11);
        near(gamma_quantile(0.001, 98765.4), 97797.08298299098, 1e-11);
        near(chi_square_above(3.0, 2.0), 0.22313016014842982, 1e-11);
        near(chi_square_above(8922.0, 8.0), 0.0, 1e-11);
        near(chi_square_above(5.6, 7.0), 0.5871509837723382, 1e-11);
        near(chi_square_above(24.03, 29.0), 0.7274510518422254, 1e-11);
        near(chi_square_above(0.1, 1.0), 0.7518296340458492, 1e-11);
    }
}

//! Constants of control charts by subgroup size (D. C. Montgomery, *Introduction to Statistical Quality
//! Control*, Wiley, appendix VI).

use crate::numbers::float;
use statrs::function::gamma::ln_gamma;

/// The expected range of two values, in standard deviations.
pub const D2: f64 = 1.128;
/// The upper limit of moving ranges, as a multiple of their mean.
pub const D4: f64 = 3.267;

/// The expected standard deviation of a sample of n from a normal distribution with standard deviation 1;
/// `None` below two.
///
/// ```
/// let c4 = spiral_stats::shewhart::c4(5).unwrap();
/// assert!((c4 - 0.9400).abs() < 5e-5);
/// ```
pub fn c4(n: usize) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let n = float(n);
    if n > 1000.0 {
        // The difference of logarithms loses digits; the expansion has them.
        let r = 1.0 / n;
        return Some(1.0 - r * (1.0 / 4.0 + r * (7.0 / 32.0 + r * 19.0 / 128.0)));
    }
    Some((2.0 / (n - 1.0)).sqrt() * (ln_gamma(n / 2.0) - ln_gamma((n - 1.0) / 2.0)).exp())
}

/// Limits of a mean lie so many mean standard deviations from the centre.
pub(super) fn a3(n: usize, sigmas: f64) -> Option<f64> {
    c4(n).map(|c4| sigmas / (c4 * float(n).sqrt()))
}

/// Limits of a standard deviation, as multiples of the mean one.
pub(super) fn b3_b4(n: usize, sigmas: f64) -> Option<(f64, f64)> {
    c4(n).map(|c4| {
        let reach = sigmas * (1.0 - c4 * c4).max(0.0).sqrt() / c4;
        ((1.0 - reach).max(0.0), 1.0 + reach)
    })
}

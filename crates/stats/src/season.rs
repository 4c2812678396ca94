//! Whether values follow the seasons.
//!
//! Limits of a chart take whatever the seasons do for variation of the process: they become wide, and every winter is
//! a special cause. Nothing here adjusts values; it says that somebody should look.
//!
//! # Method
//!
//! A straight line is fitted to the values by least squares and taken away. What is left is grouped by its place in
//! the cycle (month of the year, quarter of the year), and the means of the groups are compared by analysis of
//! variance: F = (between the groups / (c - 1)) / (within them / (N - c)), with c places and N values. The values are
//! seasonal if F is beyond its 0.1 % quantile, so that of a thousand series without seasons one is called seasonal.
//! It takes three whole cycles, and two values at each place.
//!
//! ```
//! use spiral_stats::season::{is_seasonal, seasons};
//!
//! let winter: Vec<Option<f64>> = (0..36).map(|month| Some(if month % 12 < 3 { 80.0 } else { 60.0 } + f64::from(month % 5))).collect();
//! assert!(is_seasonal(&winter, 12));
//! let flat: Vec<Option<f64>> = (0..36).map(|month| Some(f64::from(month * 7 % 11))).collect();
//! assert!(!is_seasonal(&flat, 12));
//! assert!(seasons(&winter[..30], 12).is_none()); // too few to say
//! ```

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use crate::{numbers::float, sum::Accumulator};

/// Values are called seasonal below this probability.
pub const LEVEL: f64 = 0.001;
/// So many whole cycles are needed.
pub const FEWEST_CYCLES: usize = 3;

/// How much values differ by their place in the cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seasons {
    /// The ratio of the variances between and within places.
    pub f: f64,
    /// The probability of such a ratio if there are no seasons.
    pub p_value: f64,
}

/// Whether the values follow a cycle of so many periods; false if there are too few to say.
pub fn is_seasonal(values: &[Option<f64>], cycle: usize) -> bool {
    seasons(values, cycle).is_some_and(|seasons| seasons.p_value < LEVEL)
}

/// How much values, in the order of time without gaps in it, differ by their place in a cycle of so many periods.
/// `None` if there are too few, if they do not vary, or if they are no numbers.
pub fn seasons(values: &[Option<f64>], cycle: usize) -> Option<Seasons> {
    if cycle < 2 || values.len() < FEWEST_CYCLES * cycle {
        return None;
    }
    let left = without_trend(values)?;
    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); cycle];
    for (at, value) in left.iter().enumerate() {
        groups[at % cycle].extend(value);
    }
    if groups.iter().any(|group| group.len() < 2) {
        return None;
    }
    let count: usize = groups.iter().map(Vec::len).sum();
    let total = left.iter().flatten().copied().collect::<Accumulator>().value();
    let grand = total / float(count);
    let (mut between, mut within) = (Accumulator::default(), Accumulator::default());
    for group in &groups {
        let mean = group.iter().copied().collect::<Accumulator>().value() / float(group.len());
        between.add(float(group.len()) * (mean - grand).powi(2));
        for value in group {
            within.add((value - mean).powi(2));
        }
    }
    let (above, below) = (float(cycle - 1), float(count - cycle));
    let all = between.value() + within.value();
    if !all.is_finite() || all <= 0.0 {
        return None;
    }
    // Where nothing is left within the places, rounding is.
    let within = within.value().max(all * 1e-12);
    let f = (between.value() / above) / (within / below);
    let p_value = FisherSnedecor::new(above, below).ok()?.sf(f);
    (f.is_finite() && p_value.is_finite()).then_some(Seasons { f, p_value })
}

/// The values less a straight line through them.
fn without_trend(values: &[Option<f64>]) -> Option<Vec<Option<f64>>> {
    let there = || {
        values
            .iter()
            .enumerate()
            .filter_map(|(at, value)| value.map(|value| (float(at), value)))
    };
    if there().any(|(_, value)| !value.is_finite()) {
        return None;
    }
    let count = float(there().count());
    if count < 2.0 {
        return None;
    }
    let at = there().map(|(at, _)| at).collect::<Accumulator>().value() / count;
    let mean = there().map(|(_, value)| value).collect::<Accumulator>().value() / count;
    let product: Accumulator = there().map(|(x, value)| (x - at) * (value - mean)).collect();
    let square: Accumulator = there().map(|(x, _)| (x - at).powi(2)).collect();
    let slope = product.value() / square.value();
    slope.is_finite().then(|| {
        values
            .iter()
            .enumerate()
            .map(|(x, value)| value.map(|value| value - mean - slope * (float(x) - at)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_analysis_of_variance() {
        // Four values at each of two places. The line rises by 1/7; what is left of it has the means ±10/7 and squares
        // between and within the places of 800/49 and 432/49, with 1 and 6 degrees of freedom.
        let values = [1.0, 4.0, 3.0, 6.0, 3.0, 6.0, 1.0, 4.0].map(Some);
        let found = seasons(&values, 2).unwrap();
        assert!((found.f - 100.0 / 9.0).abs() < 1e-9, "{found:?}");
        assert!((found.p_value - 0.0157).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn a_trend_or_a_step_is_no_season() {
        let rising: Vec<Option<f64>> = (0..48)
            .map(|at| Some(f64::from(at) * 3.0 + f64::from(at % 5)))
            .collect();
        assert!(!is_seasonal(&rising, 12));
        let step: Vec<Option<f64>> = (0..48)
            .map(|at| Some(if at < 20 { 5.0 } else { 9.0 } + f64::from(at % 5)))
            .collect();
        assert!(!is_seasonal(&step, 12));
    }

    #[test]
    fn odd_input_has_no_answer() {
        assert_eq!(seasons(&[], 12), None);
        assert_eq!(seasons(&[Some(1.0); 48], 12), None);
        assert_eq!(seasons(&[None; 48], 12), None);
        assert_eq!(seasons(&[Some(f64::NAN); 48], 12), None);
        assert_eq!(seasons(&[Some(f64::MAX), Some(f64::MIN)].repeat(24), 12), None);
        assert_eq!(seasons(&[Some(1.0), Some(2.0)].repeat(24), 1), None);
    }
}

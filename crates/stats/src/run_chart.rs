//! Run charts: runs and crossings around a centre line, without limits.
//!
//! The rules are those of J. Anhøj (J. Anhøj and A. V. Olesen, *Run Charts Revisited*, PLoS ONE 9, 2014,
//! e113825) as the R package qicharts2 computes them.
//!
//! # Definitions
//!
//! - **Useful** observations are those that are included, not missing and not on the centre line. The others
//!   are dropped, so that a run continues across them. (In XmR charts a point on the mean ends a shift.)
//! - A **run** is a stretch of useful observations on one side; a **crossing** lies between two runs.
//! - Of n useful observations the longest run should have at most round(log2 n) + 3 (M. F. Schilling, *The
//!   Surprising Predictability of Long Runs*, Mathematics Magazine 85, 2012), and there should be at least as
//!   many crossings as the 5 % quantile of the binomial distribution with n - 1 trials of 1/2 (Z. Chen, *A
//!   Note on the Runs Test*, Model Assisted Statistics and Applications 5, 2010).
//! - **Signal**: a longer run, or fewer crossings. There is no rule for trends, on purpose.
//! - [`Method::BestBox`] and [`Method::CutBox`] take both numbers together (J. Anhøj and T. Wentzel-Larsen,
//!   *Smooth operator*, BMC Medical Research Methodology 20, 2020), for 10 to 100 useful observations; for
//!   other numbers the Anhøj rules are used and [`Runs::method`] says so.
//!
//! The charts themselves, with freeze, parts and exclusions, are in [`crate::shewhart`] as
//! [`Kind::Run`](crate::shewhart::Kind::Run).
//!
//! ```
//! use spiral_stats::run_chart::{Method, runs};
//!
//! let values = [5, 6, 4, 7, 6, 5, 9, 10, 9, 11, 10, 9, 12, 10].map(|value| Some(f64::from(value)));
//! let runs = runs(&values, 8.0, Method::Anhoej)?;
//! assert_eq!((runs.useful, runs.longest, runs.crossings), (14, Some(8), Some(1)));
//! assert!(runs.signal); // at least 4 crossings are expected of 14
//! # Ok::<(), spiral_stats::Error>(())
//! ```

mod boxes;

use crate::{
    discrete::{Binomial, Discrete},
    error::Error,
    numbers::{Ties, all_finite, finite, float, mean},
};

/// Which bounds the longest run and the crossings are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Each against its own bound.
    #[default]
    Anhoej,
    /// Both against the box of highest power for its specificity.
    BestBox,
    /// The best box with its corners cut.
    CutBox,
}

/// The analysis of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// Included observations, with the missing ones.
    pub observations: usize,
    /// Useful ones.
    pub useful: usize,
    /// The length of the longest run; `None` without useful observations.
    pub longest: Option<usize>,
    /// The bound for it by the Anhøj rules.
    pub longest_max: Option<usize>,
    /// How often the centre line is crossed.
    pub crossings: Option<usize>,
    /// The bound for it by the Anhøj rules.
    pub crossings_min: Option<usize>,
    /// Whether this is more than chance.
    pub signal: bool,
    /// The method that decided.
    pub method: Method,
}

/// The runs of values, in the order of time, around a line. Refuses what is not finite.
pub fn runs(values: &[Option<f64>], centre: f64, method: Method) -> Result<Runs, Error> {
    all_finite("value", values.iter().flatten().copied())?;
    finite("centre line", centre)?;
    let scale = mean(values.iter().flatten().map(|value| value.abs())).unwrap_or(0.0);
    Ok(analyse(values.iter().copied(), centre, Ties::of(scale), method))
}

pub(crate) fn analyse(
    values: impl Iterator<Item = Option<f64>>,
    centre: f64,
    ties: Ties,
    method: Method,
) -> Runs {
    let (mut observations, mut useful, mut longest, mut crossings, mut current) = (0, 0, 0, 0, 0);
    let mut side = None;
    for value in values {
        observations += 1;
        let Some(value) = value.filter(|&value| !ties.equal(value, centre)) else {
            continue;
        };
        useful += 1;
        let above = value > centre;
        if side == Some(above) {
            current += 1;
        } else {
            crossings += usize::from(side.is_some());
            side = Some(above);
            current = 1;
        }
        longest = longest.max(current);
    }
    if useful == 0 {
        return Runs {
            observations,
            useful,
            longest: None,
            longest_max: None,
            crossings: None,
            crossings_min: None,
            signal: false,
            method,
        };
    }
    let (longest_max, crossings_min) = (longest_max(useful), crossings_min(useful));
    let boxed = boxes::is_inside(method, useful, crossings, longest);
    Runs {
        observations,
        useful,
        longest: Some(longest),
        longest_max: Some(longest_max),
        crossings: Some(crossings),
        crossings_min: Some(crossings_min),
        signal: match boxed {
            Some(inside) => !inside,
            None => longest > longest_max || crossings < crossings_min,
        },
        method: if boxed.is_some() { method } else { Method::Anhoej },
    }
}

/// The longest run to be expected of so many useful observations.
///
/// ```
/// assert_eq!(spiral_stats::run_chart::longest_max(24), 8);
/// ```
pub fn longest_max(useful: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the logarithm of a count is small and not below zero"
    )]
    let rounded = float(useful.max(1)).log2().round() as usize;
    rounded + 3
}

/// The fewest crossings to be expected of so many useful observations.
///
/// ```
/// assert_eq!(spiral_stats::run_chart::crossings_min(24), 8);
/// ```
pub fn crossings_min(useful: usize) -> usize {
    let trials = float(useful.saturating_sub(1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of useful observations"
    )]
    Binomial::new(trials, 0.5).map_or(0, |law| law.quantile(0.05).0 as usize)
}

//! XmR charts with the NHS "plot the dots" rules.
//!
//! A chart of single values in order, with the limits of what the process does by itself. The definitions are
//! those of *Making Data Count* (NHS England) as the R package NHSRplotthedots computes them; the limits go
//! back to D. J. Wheeler, *Understanding Variation*, SPC Press 1993.
//!
//! # Formulas
//!
//! For each phase, over its baseline:
//!
//! - mean = the mean of the values; moving range mR = |value - value before|, and none where either is
//!   missing (a gap is never bridged);
//! - average moving range AmR = the mean of the moving ranges. With screening, those not below
//!   3.267 × AmR are left out once and AmR is the mean of the rest;
//! - process limits = mean ± 2.66 × AmR, near limits = mean ± 2 × (2.66 / 3) × AmR.
//!
//! The unit of everything is the unit of the values. Limits are not cut off at 0 or 100 %.
//!
//! # Rules
//!
//! Within a phase, over all its rows. A missing value ends every window, and a point exactly on the mean
//! is on no side of it.
//!
//! 1. [`Rule::Beyond`]: a point outside the process limits.
//! 2. [`Rule::Trend`]: seven points, each above (below) the one before; all seven.
//! 3. [`Rule::TwoOfThree`]: three points on one side of the mean of which at least two lie between the near
//!    limit and the process limit; those that do.
//! 4. [`Rule::Shift`]: seven points on one side of the mean; all seven.
//!
//! A point has the first of these as its [`Signal`]; [`Fired`] tells all of them.
//!
//! # Edge cases
//!
//! | data | answer |
//! | --- | --- |
//! | one value | a mean, no limits |
//! | all values equal | limits equal to the mean, no signal, [`Warning::NoVariation`] |
//! | equal but for a few | screening may leave no range: limits equal to the mean, [`Warning::LimitsCollapsed`] |
//! | all missing | nothing is defined, no signal |
//! | fewer than 13 rows in a phase | limits as usual, [`Warning::ShortPhase`] |
//!
//! # Example
//!
//! ```
//! use spiral_stats::xmr::{Direction, Settings, Variation, xmr};
//!
//! let minutes: Vec<Option<f64>> =
//!     [52, 48, 55, 50, 47, 53, 49, 51, 46, 54, 50, 52, 41, 40, 42, 39, 41, 43, 40].map(|m| Some(f64::from(m))).into();
//! let chart = xmr(&minutes, &Settings { direction: Direction::Decrease, ..Settings::default() })?;
//! assert_eq!(chart.variation, Some(Variation::Improvement));
//! # Ok::<(), spiral_stats::Error>(())
//! ```

mod answer;
mod rules;

pub use answer::{
    Assurance, Baseline, Chart, Counts, Direction, Fired, Limits, Phase, Point, Rule, Settings, Side, Signal,
    Variation, Warning,
};

use crate::{
    error::Error,
    numbers::{Ties, all_finite, finite, float, in_range, mean},
    sum::Accumulator,
};

/// Process limits lie so many average moving ranges from the mean.
pub const LIMIT: f64 = 2.66;
/// Near limits lie so many average moving ranges from the mean.
pub const NEAR_LIMIT: f64 = 2.0 * (LIMIT / 3.0);
/// Moving ranges of so many average moving ranges or more are screened out.
pub const SCREEN: f64 = 3.267;
/// A phase with fewer rows is short.
pub const SHORT_BELOW: usize = 13;
/// A baseline of the first rows has at least so many.
pub const FEWEST_BASELINE_ROWS: usize = 12;

/// Computes the chart of values that stand in the order of time.
///
/// Refused are: no rows, values that are not finite, rebase rows that are not rising or beyond the end, a
/// baseline of fewer than [`FEWEST_BASELINE_ROWS`] rows, and numbers so large that a mean or limit leaves the
/// range of numbers.
pub fn xmr(values: &[Option<f64>], settings: &Settings) -> Result<Chart, Error> {
    check(values, settings)?;
    let opens = settings.rebase.first() == Some(&0);
    let starts = (!opens)
        .then_some(0)
        .into_iter()
        .chain(settings.rebase.iter().copied());
    let ends = settings.rebase[usize::from(opens)..]
        .iter()
        .copied()
        .chain([values.len()]);
    let mut chart = Chart {
        points: Vec::with_capacity(values.len()),
        phases: Vec::with_capacity(settings.rebase.len() + 1),
        variation: None,
        assurance: None,
        warnings: Vec::new(),
    };
    for (place, (start, end)) in starts.zip(ends).enumerate() {
        let rows = &values[start..end];
        let centre = Centre::of(rows, settings)?;
        centre.warn(rows, place, &mut chart.warnings);
        let counts = rules::judge(rows, place, &centre, settings.direction, &mut chart.points);
        chart.phases.push(Phase {
            number: place + usize::from(opens),
            start,
            rows: rows.len(),
            missing: rows.iter().filter(|value| value.is_none()).count(),
            mean: centre.mean,
            limits: centre.limits,
            counts,
        });
        if let (true, Some(target)) = (end == values.len(), settings.target) {
            chart.assurance = centre.assurance(target, settings.direction);
        }
    }
    chart.variation = chart
        .points
        .iter()
        .rfind(|point| point.value.is_some())
        .map(|point| point.variation);
    Ok(chart)
}

fn check(values: &[Option<f64>], settings: &Settings) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::invalid("series", "has no rows"));
    }
    all_finite("value", values.iter().map(|value| value.unwrap_or(0.0)))?;
    if let Some(target) = settings.target {
        finite("target", target)?;
    }
    if !settings.rebase.is_sorted_by(|a, b| a < b) {
        return Err(Error::invalid("rebase rows", "do not rise"));
    }
    if settings.rebase.last().is_some_and(|&last| last >= values.len()) {
        return Err(Error::invalid("rebase row", "lies beyond the series"));
    }
    match settings.baseline {
        Baseline::First(rows) if rows < FEWEST_BASELINE_ROWS => {
            Err(Error::invalid("baseline", "has fewer than 12 rows"))
        }
        Baseline::Frozen {
            mean,
            average_moving_range,
        } => {
            finite("frozen mean", mean)?;
            if finite("frozen average moving range", average_moving_range)? < 0.0 {
                return Err(Error::invalid("frozen average moving range", "is below zero"));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What the points of a phase are compared with.
struct Centre {
    mean: Option<f64>,
    limits: Option<Limits>,
    ties: Ties,
    /// How many values there were to compute from; `None` if the limits come from elsewhere.
    values: Option<usize>,
}

impl Centre {
    fn of(rows: &[Option<f64>], settings: &Settings) -> Result<Self, Error> {
        let base = match settings.baseline {
            Baseline::All => rows,
            Baseline::First(count) => &rows[..count.min(rows.len())],
            Baseline::Frozen {
                mean,
                average_moving_range,
            } => {
                let limits = Limits::around(mean, average_moving_range);
                in_range("limit", limits.upper - limits.lower)?;
                return Ok(Self {
                    mean: Some(mean),
                    limits: Some(limits),
                    ties: Ties::of(mean.abs() + average_moving_range),
                    values: None,
                });
            }
        };
        let mut count = 0usize;
        let (mut total, mut size) = (Accumulator::default(), 0.0);
        for value in base.iter().flatten() {
            total.add(*value);
            size += value.abs();
            count += 1;
        }
        if count == 0 {
            return Ok(Self {
                mean: None,
                limits: None,
                ties: Ties::of(0.0),
                values: Some(0),
            });
        }
        let mean = in_range("mean", total.value() / float(count))?;
        let limits = match average_moving_range(base, settings.screening)? {
            Some(range) => {
                let limits = Limits::around(mean, range);
                in_range("limit", limits.upper - limits.lower)?;
                Some(limits)
            }
            None => None,
        };
        let ties = Ties::of(in_range("sum of the values", size)? / float(count));
        Ok(Self {
            mean: Some(mean),
            limits,
            ties,
            values: Some(count),
        })
    }

    fn warn(&self, rows: &[Option<f64>], phase: usize, warnings: &mut Vec<Warning>) {
        if rows.len() < SHORT_BELOW {
            warnings.push(Warning::ShortPhase { phase });
        } else if self.values.is_some_and(|values| values < FEWEST_BASELINE_ROWS) {
            warnings.push(Warning::FewValues { phase });
        }
        match (self.mean, self.limits) {
            (Some(mean), Some(limits)) if limits.average_moving_range == 0.0 => {
                let equal = rows.iter().flatten().all(|&value| self.ties.equal(value, mean));
                warnings.push(if equal {
                    Warning::NoVariation { phase }
                } else {
                    Warning::LimitsCollapsed { phase }
                });
            }
            (_, None) => warnings.push(Warning::NoLimits { phase }),
            _ => {}
        }
    }

    fn assurance(&self, target: f64, direction: Direction) -> Option<Assurance> {
        let limits = self.limits?;
        let (above, below) = match direction {
            Direction::Increase => (Assurance::Fail, Assurance::Pass),
            Direction::Decrease => (Assurance::Pass, Assurance::Fail),
            Direction::Neutral => return None,
        };
        Some(if self.ties.above(target, limits.upper) {
            above
        } else if self.ties.below(target, limits.lower) {
            below
        } else {
            Assurance::Inconsistent
        })
    }
}

/// The average moving range of neighbouring values, or `None` if no two values are neighbours.
///
/// ```
/// use spiral_stats::xmr::average_moving_range;
///
/// let values = [Some(1.0), Some(3.0), None, Some(9.0), Some(8.0)];
/// assert_eq!(average_moving_range(&values, false), Ok(Some(1.5)));
/// ```
pub fn average_moving_range(values: &[Option<f64>], screening: bool) -> Result<Option<f64>, Error> {
    let ranges = || {
        values.windows(2).filter_map(|pair| match pair {
            [Some(before), Some(value)] => Some((value - before).abs()),
            _ => None,
        })
    };
    let Some(all) = mean(ranges()) else {
        return Ok(None);
    };
    let all = in_range("moving range", all)?;
    if !screening {
        return Ok(Some(all));
    }
    let ceiling = SCREEN * all;
    // If every range is zero none is below the ceiling; their average stands.
    Ok(mean(ranges().filter(|&range| range < ceiling)).or(Some(all)))
}

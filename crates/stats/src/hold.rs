//! Whether a gain holds.
//!
//! Three stretches of one series: a baseline, a window after the change, and all that came later.
//!
//! 1. There must be at least 12 values in the baseline and 7 in the window, and among the points of the window
//!    a special cause in the better direction when baseline and window are one XmR chart with its limits from the
//!    baseline. Else there is nothing to hold: [`State::InsufficientData`] or [`State::NoGain`].
//! 2. The later values, those that are missing left out, are charted against the limits of the window, frozen
//!    (mean of the window, and its screened average moving range). Of these the first that is true is the state:
//!
//! | state | condition |
//! | --- | --- |
//! | [`State::Lost`] | the last 7 values all lie on the bad side of the middle between both means |
//! | [`State::Eroding`] | an unfavourable rule applies to one of the last 7 |
//! | [`State::Improving`] | a favourable one does |
//! | [`State::Holding`] | there are at least 7 values |
//! | [`State::InsufficientData`] | else |
//!
//! With fewer than 7 later values only the rule of points beyond the limits counts.

use crate::{
    error::Error,
    numbers::Ties,
    xmr::{Baseline, Chart, Direction, Limits, Point, Rule, Settings, Variation, Warning, xmr},
};

/// The fewest values of a baseline.
pub const FEWEST_BASELINE: usize = 12;
/// The fewest values of a window, and so many later ones are looked at.
pub const WINDOW: usize = 7;

/// Where a gain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Back beyond the middle between before and after.
    Lost,
    /// Signs of getting worse.
    Eroding,
    /// Signs of getting better still.
    Improving,
    /// As good as in the window.
    Holding,
    /// There was no gain to hold.
    NoGain,
    /// Too few values to tell.
    InsufficientData,
}

/// The answer, with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Where the gain stands.
    pub state: State,
    /// The mean of the baseline; `None` without values.
    pub baseline_mean: Option<f64>,
    /// The mean of the window; `None` without values.
    pub window_mean: Option<f64>,
    /// The frozen limits of the window; `None` without neighbouring values.
    pub limits: Option<Limits>,
    /// The chart of the later values that are not missing; `None` if there are none, or no limits.
    pub later: Option<Chart>,
    /// Whether the window varies so little that its limits lie on its mean.
    pub is_collapsed: bool,
}

/// Checks whether a gain holds. Refuses a direction of neither, and values that are not finite.
///
/// ```
/// use spiral_stats::{hold::{State, hold}, xmr::Direction};
///
/// let some = |values: &[i32]| values.iter().map(|value| Some(f64::from(*value))).collect::<Vec<_>>();
/// let baseline = some(&[50, 52, 48, 51, 49, 53, 47, 50, 52, 48, 51, 49]);
/// let window = some(&[61, 63, 60, 62, 64, 61, 62]);
/// let later = some(&[62, 60, 63, 61, 62, 63, 61]);
/// assert_eq!(hold(&baseline, &window, &later, Direction::Increase)?.state, State::Holding);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn hold(
    baseline: &[Option<f64>],
    window: &[Option<f64>],
    later: &[Option<f64>],
    direction: Direction,
) -> Result<Hold, Error> {
    if direction == Direction::Neutral {
        return Err(Error::invalid("direction", "is neither, and a gain needs one"));
    }
    let alone = |rows: &[Option<f64>]| {
        if rows.is_empty() {
            Ok(None)
        } else {
            xmr(
                rows,
                &Settings {
                    direction,
                    ..Settings::default()
                },
            )
            .map(Some)
        }
    };
    let (before, after) = (alone(baseline)?, alone(window)?);
    let mean = |chart: &Option<Chart>| chart.as_ref().and_then(|chart| chart.phases[0].mean);
    let limits = after.as_ref().and_then(|chart| chart.phases[0].limits);
    let collapsed = Warning::LimitsCollapsed { phase: 0 };
    let mut answer = Hold {
        state: State::InsufficientData,
        baseline_mean: mean(&before),
        window_mean: mean(&after),
        limits,
        later: None,
        is_collapsed: after.is_some_and(|chart| {
            chart.warnings.contains(&collapsed) || chart.warnings.contains(&Warning::NoVariation { phase: 0 })
        }),
    };
    let values: Vec<Option<f64>> = later.iter().flatten().copied().map(Some).collect();
    if let (Some(mean), Some(limits), false) = (answer.window_mean, limits, values.is_empty()) {
        let frozen = Baseline::Frozen {
            mean,
            average_moving_range: limits.average_moving_range,
        };
        answer.later = Some(xmr(
            &values,
            &Settings {
                direction,
                baseline: frozen,
                ..Settings::default()
            },
        )?);
    }
    let count = |rows: &[Option<f64>]| rows.iter().flatten().count();
    let (Some(mean_before), Some(mean_after)) = (answer.baseline_mean, answer.window_mean) else {
        return Ok(answer);
    };
    if count(baseline) < FEWEST_BASELINE || count(window) < WINDOW {
        return Ok(answer);
    }
    if !is_gain(baseline, window, direction)? {
        answer.state = State::NoGain;
        return Ok(answer);
    }
    if let Some(chart) = &answer.later {
        let middle = f64::midpoint(mean_before, mean_after);
        let ties = Ties::of(mean_before.abs() + mean_after.abs());
        answer.state = state(&chart.points, |value| match direction {
            Direction::Decrease => ties.above(value, middle),
            _ => ties.below(value, middle),
        });
    }
    Ok(answer)
}

/// Whether the window shows a favourable special cause against the baseline.
fn is_gain(baseline: &[Option<f64>], window: &[Option<f64>], direction: Direction) -> Result<bool, Error> {
    let both = [baseline, window].concat();
    let settings = Settings {
        direction,
        baseline: Baseline::First(baseline.len()),
        ..Settings::default()
    };
    let chart = xmr(&both, &settings)?;
    Ok(chart.points[baseline.len()..]
        .iter()
        .any(|point| point.variation == Variation::Improvement))
}

fn state(points: &[Point], is_bad: impl Fn(f64) -> bool) -> State {
    let last = &points[points.len().saturating_sub(WINDOW)..];
    let is_enough = last.len() == WINDOW;
    let counts = |point: &Point| is_enough || point.signal.is_some_and(|signal| signal.rule == Rule::Beyond);
    let says = |what: Variation| last.iter().any(|point| point.variation == what && counts(point));
    if is_enough && last.iter().all(|point| point.value.is_some_and(&is_bad)) {
        State::Lost
    } else if says(Variation::Concern) {
        State::Eroding
    } else if says(Variation::Improvement) {
        State::Improving
    } else if is_enough {
        State::Holding
    } else {
        State::InsufficientData
    }
}

//! What goes into a chart and what comes out.

use super::{LIMIT, NEAR_LIMIT, SHORT_BELOW};

/// Which way is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    #[default]
    Increase,
    /// Less is better.
    Decrease,
    /// Neither.
    Neutral,
}

/// What the limits of a phase are computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Baseline {
    /// All rows of the phase.
    #[default]
    All,
    /// The first rows of each phase, at least [`FEWEST_BASELINE_ROWS`](super::FEWEST_BASELINE_ROWS) of them; later ones are judged
    /// against the frozen limits.
    First(usize),
    /// Limits known from elsewhere, the same for every phase.
    Frozen {
        /// The mean.
        mean: f64,
        /// The average moving range, zero or more.
        average_moving_range: f64,
    },
}

/// How to compute and judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which way is better.
    pub direction: Direction,
    /// The value to be reached, if there is one.
    pub target: Option<f64>,
    /// The rows, counted from zero, that open a new phase; see [`crate::order::rows_of`].
    pub rebase: Vec<usize>,
    /// What the limits are computed from.
    pub baseline: Baseline,
    /// Whether large moving ranges are left out of the average. The NHS tools in Excel and SQL do not.
    pub screening: bool,
}

impl Default for Settings {
    /// More is better, no target, one phase, limits from all of it, screened.
    fn default() -> Self {
        Self {
            direction: Direction::Increase,
            target: None,
            rebase: Vec::new(),
            baseline: Baseline::All,
            screening: true,
        }
    }
}

/// A rule of special cause, in the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Outside the process limits.
    Beyond,
    /// Part of seven points that only rise or only fall.
    Trend,
    /// One of two near a limit among three on one side.
    TwoOfThree,
    /// Part of seven points on one side of the mean.
    Shift,
}

/// Why a point is special: the rule of highest precedence, and which way it points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The rule.
    pub rule: Rule,
    /// Above the mean, or rising.
    pub high: bool,
}

/// Every rule that a point falls under, whatever the precedence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired(u8);

impl Fired {
    /// Whether this rule applies.
    pub fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }
}

/// On which side of the mean a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Below it.
    Below,
    /// Exactly on it.
    On,
    /// Above it.
    Above,
}

/// What a point, or the end of a series, says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variation {
    /// Nothing special.
    #[default]
    Common,
    /// Special cause in the better direction.
    Improvement,
    /// Special cause in the worse direction.
    Concern,
    /// Special cause towards high values where no direction is better.
    NeutralHigh,
    /// Special cause towards low values where no direction is better.
    NeutralLow,
}

/// Whether the process, left as it is, will meet the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// Always.
    Pass,
    /// Sometimes, by chance.
    Inconsistent,
    /// Never.
    Fail,
}

/// One row of the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The value, if there is one.
    pub value: Option<f64>,
    /// The place of its phase in [`Chart::phases`].
    pub phase: usize,
    /// Its side of the mean; `None` without a value or a mean.
    pub side: Option<Side>,
    /// Whether it lies outside the limits; `None` without a value or limits.
    pub outside: Option<bool>,
    /// Whether it lies between a near limit and the process limit; `None` without a value or limits.
    pub near: Option<bool>,
    /// Every rule that applies.
    pub fired: Fired,
    /// The rule that counts.
    pub signal: Option<Signal>,
    /// What that says.
    pub variation: Variation,
}

/// Process limits and near limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Lower process limit.
    pub lower: f64,
    /// Upper process limit.
    pub upper: f64,
    /// Lower near limit.
    pub near_lower: f64,
    /// Upper near limit.
    pub near_upper: f64,
    /// The average moving range behind them.
    pub average_moving_range: f64,
}

impl Limits {
    /// The limits around a mean.
    pub fn around(mean: f64, average_moving_range: f64) -> Self {
        Self {
            lower: mean - LIMIT * average_moving_range,
            upper: mean + LIMIT * average_moving_range,
            near_lower: mean - NEAR_LIMIT * average_moving_range,
            near_upper: mean + NEAR_LIMIT * average_moving_range,
            average_moving_range,
        }
    }
}

/// A stretch of rows with limits of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// Its number: how many rebase rows there are up to its first row. It starts at 0, or at 1 if the very
    /// first row is a rebase row.
    pub number: usize,
    /// Its first row.
    pub start: usize,
    /// How many rows it has, with those without a value.
    pub rows: usize,
    /// How many rows have no value.
    pub missing: usize,
    /// The mean; `None` if the baseline has no value.
    pub mean: Option<f64>,
    /// The limits; `None` if the baseline has no moving range.
    pub limits: Option<Limits>,
    /// How many points of each kind there are; rows without a value are common.
    pub counts: Counts,
}

impl Phase {
    /// Whether it has fewer than [`SHORT_BELOW`] rows.
    pub fn is_short(&self) -> bool {
        self.rows < SHORT_BELOW
    }
}

/// How many points of a phase say what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nothing special.
    pub common: usize,
    /// Improvement.
    pub improvement: usize,
    /// Concern.
    pub concern: usize,
    /// Special without a better direction.
    pub neutral: usize,
}

/// What the reader of the chart should know. The phase is its place in [`Chart::phases`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Fewer than [`SHORT_BELOW`] rows: the limits are preliminary.
    ShortPhase {
        /// Which phase.
        phase: usize,
    },
    /// Long enough, but with fewer than [`FEWEST_BASELINE_ROWS`](super::FEWEST_BASELINE_ROWS) values to compute limits from.
    FewValues {
        /// Which phase.
        phase: usize,
    },
    /// No two neighbouring values, so no limits.
    NoLimits {
        /// Which phase.
        phase: usize,
    },
    /// All values of the baseline are equal.
    NoVariation {
        /// Which phase.
        phase: usize,
    },
    /// Screening left only moving ranges of zero, so that the limits lie on the mean and every other value
    /// is outside them. A chart without screening, or another kind of chart, is called for.
    LimitsCollapsed {
        /// Which phase.
        phase: usize,
    },
}

/// A computed chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// One for each row.
    pub points: Vec<Point>,
    /// At least one.
    pub phases: Vec<Phase>,
    /// What the last row with a value says; `None` if no row has one.
    pub variation: Option<Variation>,
    /// How the limits of the last phase stand to the target; `None` without a target, a direction or limits.
    pub assurance: Option<Assurance>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

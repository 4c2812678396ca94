//! What is drawn.

use crate::Error;
use crate::period::Period;

/// A series has at most so many points.
pub const MOST_POINTS: usize = 10_000;
/// A funnel has at most so many units.
pub const MOST_UNITS: usize = 5_000;
/// A limit curve of a funnel has at most so many places.
pub const MOST_CURVE: usize = 2_000;
/// A sheet of small charts has at most so many of them.
pub const MOST_CHARTS: usize = 240;
/// All charts of a sheet together have at most so many points.
pub const MOST_SHEET_POINTS: usize = 30_000;
/// Numbers beyond this are not drawn.
const LARGEST: f64 = 1e15;

/// The words around a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// What is shown.
    pub title: String,
    /// Where, and for whom.
    pub subtitle: String,
    /// Where the figures are from.
    pub source: String,
    /// What the reader should know: warnings of the analysis, one sentence each.
    pub notes: Vec<String>,
}

/// What the values count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// One of them, such as `minutes`; `%` and currency signs stand beside every number.
    pub name: String,
    /// For rates: per so many.
    pub per: Option<u32>,
}

/// What natural values lie between, so that no axis goes beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// The lower one.
    pub lower: Option<f64>,
    /// The upper one.
    pub upper: Option<f64>,
}

/// Which kind of chart, for its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An XmR chart.
    Xmr,
    /// A run chart: the centre line is a median.
    Run,
    /// A Shewhart chart, by the name of its kind, such as `p`.
    Shewhart(String),
}

/// Which way is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    Increase,
    /// Less is better.
    Decrease,
    /// Neither.
    #[default]
    Neutral,
}

/// What a special cause means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// In the better direction.
    Improvement,
    /// In the worse direction.
    Concern,
    /// No direction is better.
    Neutral,
}

/// Why a point is special.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// What it means.
    pub cause: Cause,
    /// Whether it is above the centre line, or rising.
    pub high: bool,
    /// The rule, in words: `outside the limits`.
    pub rule: String,
}

/// One point of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub period: Period,
    /// The value, if there is one.
    pub value: Option<f64>,
    /// The limits at this point.
    pub limits: Bounds,
    /// The inner limits at this point.
    pub near: Bounds,
    /// Why it is special.
    pub signal: Option<Signal>,
    /// What is to be reached in this period.
    pub target: Option<f64>,
    /// Whether it is shown but counted nowhere.
    pub is_excluded: bool,
    /// Whether the value is an estimate.
    pub is_estimated: bool,
}

/// A stretch of points with a centre line of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its first point.
    pub start: usize,
    /// What it is called.
    pub name: Option<String>,
    /// The centre line.
    pub centre: Option<f64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// At which point.
    pub at: usize,
    /// What.
    pub text: String,
}

/// What the end of a series says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variation {
    /// Nothing special.
    Common,
    /// Special cause in the better direction.
    Improvement {
        /// Towards high values.
        high: bool,
    },
    /// Special cause in the worse direction.
    Concern {
        /// Towards high values.
        high: bool,
    },
    /// Special cause where no direction is better.
    Neutral {
        /// Towards high values.
        high: bool,
    },
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

/// A chart over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The words around it.
    pub heading: Heading,
    /// Which kind it is.
    pub kind: Kind,
    /// What the values count.
    pub unit: Unit,
    /// What natural values lie between.
    pub bounds: Bounds,
    /// Which way is better.
    pub direction: Direction,
    /// In the order of time. Without any there is no plot, but the words around it.
    pub points: Vec<Point>,
    /// At least one, the first at point 0; none where there are no points.
    pub phases: Vec<Phase>,
    /// What happened.
    pub annotations: Vec<Annotation>,
    /// What the end of the series says.
    pub variation: Option<Variation>,
    /// How the limits stand to the target.
    pub assurance: Option<Assurance>,
}

/// One unit of a funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Who.
    pub name: String,
    /// Its size: people, or expected events.
    pub size: f64,
    /// Its value.
    pub value: f64,
    /// What it means if it lies outside the limits that judge.
    pub outside: Option<Cause>,
}

/// A place of the limit curves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The size.
    pub size: f64,
    /// The limits that judge, 99.8 % as a rule.
    pub outer: Bounds,
    /// The limits of warning, 95 % as a rule.
    pub inner: Bounds,
}

/// Units by size.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// The words around it.
    pub heading: Heading,
    /// What the values count.
    pub unit: Unit,
    /// What natural values lie between.
    pub bounds: Bounds,
    /// Which way is better.
    pub direction: Direction,
    /// What sizes count, such as `patients`.
    pub size_name: String,
    /// The units. Without any there is no plot, but the words around it.
    pub units: Vec<Placed>,
    /// The value of all together.
    pub pooled: f64,
    /// The limits, by rising size.
    pub curves: Vec<Curve>,
    /// What the limits are called, outer and inner, such as `99.8 %` and `95 %`.
    pub limit_names: (String, String),
}

/// Many small charts of the same measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiples {
    /// The words around all of them.
    pub heading: Heading,
    /// One for each unit; its `heading.title` names it.
    pub charts: Vec<Series>,
    /// Whether all have the same vertical scale.
    pub same_scale: bool,
}

fn number(what: &'static str, value: f64) -> Result<(), Error> {
    // NaN is not below anything.
    if value.abs() <= LARGEST {
        Ok(())
    } else {
        Err(Error::Number(what))
    }
}

fn numbers(what: &'static str, values: impl IntoIterator<Item = Option<f64>>) -> Result<(), Error> {
    values
        .into_iter()
        .flatten()
        .try_for_each(|value| number(what, value))
}

fn at_most(what: &'static str, most: usize, count: usize) -> Result<(), Error> {
    if count > most {
        return Err(Error::TooMany { what, most });
    }
    Ok(())
}

impl Bounds {
    /// Both ends.
    pub(crate) fn both(self) -> [Option<f64>; 2] {
        [self.lower, self.upper]
    }
}

impl Series {
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_most("points", MOST_POINTS, self.points.len())?;
        at_most("annotations", MOST_POINTS, self.annotations.len())?;
        if self.points.is_empty() {
            return if self.phases.is_empty() {
                Ok(())
            } else {
                Err(Error::Place("a phase"))
            };
        }
        let rise = self.phases.is_sorted_by(|a, b| a.start < b.start);
        let begins = self.phases.first().is_some_and(|phase| phase.start == 0);
        let within = self
            .phases
            .last()
            .is_some_and(|phase| phase.start < self.points.len());
        if !(rise && begins && within) {
            return Err(Error::Place("a phase"));
        }
        if self.annotations.iter().any(|note| note.at >= self.points.len()) {
            return Err(Error::Place("an annotation"));
        }
        for point in &self.points {
            numbers("a value", [point.value])?;
            numbers("a limit", point.limits.both())?;
            numbers("a limit", point.near.both())?;
            numbers("the target", [point.target])?;
        }
        numbers("a centre line", self.phases.iter().map(|phase| phase.centre))?;
        numbers("a bound", self.bounds.both())
    }

    /// What is to be reached at the end.
    pub(crate) fn target(&self) -> Option<f64> {
        self.points.last()?.target
    }

    /// The phase that a point is in.
    pub(crate) fn phase_of(&self, at: usize) -> Option<&Phase> {
        let next = self.phases.partition_point(|phase| phase.start <= at);
        self.phases.get(next.checked_sub(1)?)
    }

    /// The last point with a value.
    pub(crate) fn latest(&self) -> Option<(&Point, f64)> {
        self.points
            .iter()
            .rev()
            .find_map(|point| point.value.map(|value| (point, value)))
    }

    /// How the centre line is called.
    pub(crate) fn centre_name(&self) -> &'static str {
        match &self.kind {
            Kind::Run => "Median",
            Kind::Shewhart(kind) if kind == "g" => "Median",
            Kind::Xmr => "Mean",
            Kind::Shewhart(_) => "Centre line",
        }
    }
}

impl Funnel {
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_most("units", MOST_UNITS, self.units.len())?;
        at_most("places of a curve", MOST_CURVE, self.curves.len())?;
        if !self.curves.is_sorted_by(|a, b| a.size < b.size) {
            return Err(Error::Place("a limit"));
        }
        for unit in &self.units {
            numbers("a value", [Some(unit.value)])?;
            numbers("a size", [Some(unit.size)])?;
        }
        for place in &self.curves {
            numbers("a size", [Some(place.size)])?;
            numbers("a limit", place.outer.both())?;
            numbers("a limit", place.inner.both())?;
        }
        numbers("a bound", self.bounds.both())?;
        numbers("the middle line", [Some(self.pooled)])
    }
}

impl Multiples {
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_most("charts", MOST_CHARTS, self.charts.len())?;
        at_most(
            "points",
            MOST_SHEET_POINTS,
            self.charts.iter().map(|chart| chart.points.len()).sum(),
        )?;
        self.charts.iter().try_for_each(Series::check)
    }
}

//! Run charts and Shewhart charts: run, i, mr, xbar, s, t, p, p′, c, u, u′ and g.
//!
//! The definitions are those of the R package qicharts2 (J. Anhøj), which follows D. C. Montgomery,
//! *Introduction to Statistical Quality Control*; D. B. Laney, *Improved Control Charts for Attributes*,
//! Quality Engineering 14, 2002, for p′ and u′; L. P. Provost and S. K. Murray, *The Health Care Data Guide*,
//! Jossey-Bass 2011, for t and g.
//!
//! # Formulas
//!
//! CL is the centre line, taken over the included subgroups of the baseline; k is 3 for the limits and 2 for
//! the inner ones. n is the denominator of a subgroup, or the number of its values for xbar and s.
//!
//! | kind | shows | CL | limits |
//! | --- | --- | --- | --- |
//! | run | value | median | none |
//! | i | value | mean | CL ± k × AmR / 1.128 |
//! | mr | \|value - value before\| | mean | 0 and (k/3) × 3.267 × CL |
//! | xbar | mean | mean weighted by n | CL ± k × s / (c4(n) √n) |
//! | s | standard deviation | s | CL × (1 ± k √(1 - c4²) / c4), not below 0 |
//! | t | time between events | i chart of value^(1/3.6), transformed back | lower limit not below 0 |
//! | p | y / n | Σy / Σn | CL ± k √(CL (1 - CL) / n), within 0 and 1 |
//! | u | y / n | Σy / Σn | CL ± k √(CL / n), not below 0 |
//! | p′, u′ | y / n | Σy / Σn | the deviation of p or u times σz |
//! | c | Σy | mean | CL ± k √CL, not below 0 |
//! | g | cases between events | median | mean ± k √(mean (mean + 1)), not below 0 |
//!
//! - AmR is the average moving range over the baseline. A missing value is not bridged; an excluded one is.
//!   With screening, ranges not below 3.267 × AmR are left out once.
//! - s is the mean of the subgroups' standard deviations if all have the same size, else the pooled one.
//! - σz is the average moving range of z = (rate - CL) / deviation, over 1.128. It may be below 1 and then
//!   narrows the limits; [`Warning::Narrowed`] says so.
//! - A given centre line takes the place of CL; for g it is a mean, and the line drawn is 0.693 times that,
//!   for t it is a time.
//!
//! `multiply` scales what is shown, CL and limits, after everything else. So counts go in as counts.
//!
//! # What differs from XmR
//!
//! 3 / 1.128 is 2.6596, not the 2.66 of [`crate::xmr`], and all values equal means no limits here. Runs are
//! judged by [`crate::run_chart`].
//!
//! # What differs from qicharts2
//!
//! Refused: p charts with more events than cases, negative counts, events where nobody was counted, times
//! of zero or less, and several rows in one subgroup of t and g charts (it takes their mean).

mod constants;
mod limits;
mod subgroup;

pub use constants::{D2, D4, c4};
pub use subgroup::Subgroup;

use crate::{
    error::Error,
    numbers::{Ties, all_finite, finite, in_range, mean},
    run_chart::{Method, Runs, analyse},
};

/// What a chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Values around their median.
    Run,
    /// Single values.
    I,
    /// Moving ranges.
    Mr,
    /// Means of subgroups.
    Xbar,
    /// Standard deviations of subgroups.
    S,
    /// Times between events.
    T,
    /// Proportions.
    P,
    /// Proportions with variation between subgroups (Laney).
    PPrime,
    /// Counts.
    C,
    /// Rates.
    U,
    /// Rates with variation between subgroups (Laney).
    UPrime,
    /// Cases between events.
    G,
}

/// How to compute.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The centre line and the limits come from the first so many subgroups. No effect if there are fewer,
    /// or with parts.
    pub freeze: Option<usize>,
    /// The subgroups, counted from zero, that open a new part.
    pub parts: Vec<usize>,
    /// The subgroups, counted from zero, that are shown but counted nowhere.
    pub exclude: Vec<usize>,
    /// What everything shown is multiplied with.
    pub multiply: f64,
    /// A centre line known from elsewhere, on the scale of the data.
    pub centre: Option<f64>,
    /// How runs are judged.
    pub method: Method,
    /// Whether large moving ranges are left out of their average.
    pub screening: bool,
    /// Whether the subgroups come in the order of time. Where they are wards or days of the week, runs give no
    /// signal, and σz of p′ and u′ is the standard deviation of z.
    pub is_ordered: bool,
}

impl Default for Settings {
    /// One part, everything counted, Anhøj's rules, screened.
    fn default() -> Self {
        Self {
            freeze: None,
            parts: Vec::new(),
            exclude: Vec::new(),
            multiply: 1.0,
            centre: None,
            method: Method::Anhoej,
            screening: true,
            is_ordered: true,
        }
    }
}

/// A pair of limits, each where it is defined.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The lower one.
    pub lower: Option<f64>,
    /// The upper one.
    pub upper: Option<f64>,
}

/// One subgroup on the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// What is shown.
    pub value: Option<f64>,
    /// The place of its part in [`Chart::parts`].
    pub part: usize,
    /// Whether it belongs to the baseline.
    pub baseline: bool,
    /// Whether it is included.
    pub included: bool,
    /// Limits at three standard deviations.
    pub limits: Limits,
    /// Limits at two standard deviations.
    pub inner: Limits,
    /// Whether it lies outside the limits, also if it is excluded.
    pub signal: bool,
}

/// A stretch of subgroups with a centre line of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its first subgroup.
    pub start: usize,
    /// How many subgroups it has.
    pub subgroups: usize,
    /// The centre line; `None` if there is nothing to take it from.
    pub centre: Option<f64>,
    /// Its runs. Moving ranges never give a signal, since neighbours share a value.
    pub runs: Runs,
}

/// What the reader of the chart should know. The part is its place in [`Chart::parts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Fewer than ten useful observations: the runs say little.
    FewPoints {
        /// Which part.
        part: usize,
    },
    /// No limits can be computed: too few values, or all of them equal.
    NoLimits {
        /// Which part.
        part: usize,
    },
    /// The variation between subgroups is below what chance alone gives, and the limits of a p′ or u′ chart
    /// are narrower than those of p or u.
    Narrowed {
        /// Which part.
        part: usize,
    },
    /// A place in `parts` or `exclude` lies beyond the series and was not used.
    BeyondSeries,
    /// Parts were given, so that `freeze` has no effect.
    FreezeUnused,
}

/// A computed chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// One for each subgroup.
    pub points: Vec<Point>,
    /// At least one.
    pub parts: Vec<Part>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

/// Computes the chart of subgroups in the order of time.
pub fn chart(kind: Kind, subgroups: &[Subgroup], settings: &Settings) -> Result<Chart, Error> {
    check(kind, subgroups, settings)?;
    let count = subgroups.len();
    let mut starts: Vec<usize> = settings
        .parts
        .iter()
        .copied()
        .filter(|&at| at < count)
        .chain([0])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let freeze = settings
        .freeze
        .filter(|_| settings.parts.is_empty())
        .unwrap_or(count);
    let mut included = vec![true; count];
    for &at in settings.exclude.iter().filter(|&&at| at < count) {
        included[at] = false;
    }
    let mut chart = Chart {
        points: Vec::with_capacity(count),
        parts: Vec::with_capacity(starts.len()),
        warnings: Vec::new(),
    };
    if settings
        .parts
        .iter()
        .chain(&settings.exclude)
        .any(|&at| at >= count)
    {
        chart.warnings.push(Warning::BeyondSeries);
    }
    if settings.freeze.is_some() && !settings.parts.is_empty() {
        chart.warnings.push(Warning::FreezeUnused);
    }
    for (part, &start) in starts.iter().enumerate() {
        let end = starts.get(part + 1).copied().unwrap_or(count);
        let rows = Rows {
            groups: &subgroups[start..end],
            included: &included[start..end],
            baseline: (start..end).map(|at| at < freeze).collect(),
        };
        rows.draw(kind, settings, start, &mut chart)?;
    }
    Ok(chart)
}

fn check(kind: Kind, subgroups: &[Subgroup], settings: &Settings) -> Result<(), Error> {
    if subgroups.is_empty() {
        return Err(Error::invalid("series", "has no rows"));
    }
    let parts = |group: &Subgroup| [group.sum, group.size, group.value, group.mean, group.sd];
    all_finite("subgroup", subgroups.iter().flat_map(parts).flatten())?;
    if let Some(centre) = settings.centre {
        finite("centre line", centre)?;
        let (low, high) = match kind {
            Kind::P | Kind::PPrime => (0.0, 1.0),
            Kind::Run | Kind::I | Kind::Xbar => (f64::MIN, f64::MAX),
            _ => (0.0, f64::MAX),
        };
        if !(low..=high).contains(&centre) {
            return Err(Error::invalid(
                "centre line",
                "is no value that the data can have",
            ));
        }
    }
    if finite("multiplier", settings.multiply)? <= 0.0 {
        return Err(Error::invalid("multiplier", "is not above zero"));
    }
    for (at, group) in subgroups.iter().enumerate() {
        let problem = match kind {
            Kind::P | Kind::PPrime if group.size.zip(group.sum).is_some_and(|(n, y)| y > n) => {
                "has more events than cases"
            }
            Kind::P | Kind::PPrime | Kind::U | Kind::UPrime if group.size.is_none() => "has no denominator",
            Kind::P | Kind::PPrime | Kind::U | Kind::UPrime | Kind::C
                if group.sum.is_some_and(|y| y < 0.0) =>
            {
                "is a count below zero"
            }
            Kind::G if group.value.is_some_and(|value| value < 0.0) => "is a count below zero",
            Kind::T if group.value.is_some_and(|value| value <= 0.0) => "is a time that is not above zero",
            Kind::T | Kind::G if group.rows > 1 => "has several events; each is a point of its own",
            _ => continue,
        };
        return Err(Error::invalid_at("subgroup", at, problem));
    }
    Ok(())
}

/// The subgroups of one part.
struct Rows<'a> {
    groups: &'a [Subgroup],
    included: &'a [bool],
    baseline: Vec<bool>,
}

impl Rows<'_> {
    fn draw(&self, kind: Kind, settings: &Settings, start: usize, chart: &mut Chart) -> Result<(), Error> {
        let part = chart.parts.len();
        let values = self.shown(kind);
        let drawn = self.limits(kind, &values, settings)?;
        let scale = mean(values.iter().flatten().map(|value| value.abs())).unwrap_or(0.0);
        let ties = Ties::of(in_range("sum of the values", scale)?);
        let included = values
            .iter()
            .zip(self.included)
            .filter(|pair| *pair.1)
            .map(|pair| *pair.0);
        let centre = drawn.centre;
        // Without a centre line every value is on no side of it.
        let mut runs = match centre {
            Some(centre) => analyse(included, centre, ties, settings.method),
            None => analyse(included.map(|_| None), 0.0, ties, settings.method),
        };
        if kind == Kind::Mr || !settings.is_ordered {
            runs.signal = false;
        }
        if runs.useful < 10 {
            chart.warnings.push(Warning::FewPoints { part });
        }
        if kind != Kind::Run && drawn.limits.iter().all(|(limits, _)| limits.upper.is_none()) {
            chart.warnings.push(Warning::NoLimits { part });
        }
        if drawn.narrowed {
            chart.warnings.push(Warning::Narrowed { part });
        }
        let scaled = |value: Option<f64>| {
            value
                .map(|value| in_range("limit", value * settings.multiply))
                .transpose()
        };
        let pair = |limits: Limits| {
            Ok::<_, Error>(Limits {
                lower: scaled(limits.lower)?,
                upper: scaled(limits.upper)?,
            })
        };
        for (at, &value) in values.iter().enumerate() {
            let (limits, inner) = drawn.limits[at];
            let signal = value.is_some_and(|value| {
                limits.upper.is_some_and(|upper| ties.above(value, upper))
                    || limits.lower.is_some_and(|lower| ties.below(value, lower))
            });
            chart.points.push(Point {
                value: scaled(value)?,
                part,
                baseline: self.baseline[at],
                included: self.included[at],
                limits: pair(limits)?,
                inner: pair(inner)?,
                signal,
            });
        }
        chart.parts.push(Part {
            start,
            subgroups: values.len(),
            centre: scaled(centre)?,
            runs,
        });
        Ok(())
    }

    /// What the chart shows of each subgroup.
    fn shown(&self, kind: Kind) -> Vec<Option<f64>> {
        match kind {
            Kind::C => self.groups.iter().map(|group| group.sum).collect(),
            Kind::Xbar => self.groups.iter().map(|group| group.mean).collect(),
            Kind::S => self.groups.iter().map(|group| group.sd).collect(),
            Kind::Mr => {
                let values = || self.groups.iter().map(|group| group.value);
                let range = |(before, value): (Option<f64>, Option<f64>)| Some((value? - before?).abs());
                [None]
                    .into_iter()
                    .chain(values().zip(values().skip(1)).map(range))
                    .collect()
            }
            _ => self.groups.iter().map(|group| group.value).collect(),
        }
    }
}

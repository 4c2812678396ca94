//! Funnel plots: which of many units differ from the rest by more than their size explains.
//!
//! Following D. J. Spiegelhalter, *Funnel plots for comparing institutional performance*, Statistics in
//! Medicine 24, 2005, 1185-1202, and *Handling over-dispersion of performance indicators*, Quality and
//! Safety in Health Care 14, 2005, 347-351, as the R package FunnelPlotR computes them. [`funnel`] adjusts for
//! overdispersion; [`exact`] gives exact limits for data without any.
//!
//! # Formulas
//!
//! y is the numerator of a unit, n its denominator (E, the expected number, for standardised ratios), T the
//! target: Σy / Σn, or 1 for standardised ratios.
//!
//! | data | z | s | limits with τ² |
//! | --- | --- | --- | --- |
//! | [`Data::Proportion`] | (asin √(y/n) - asin √T) / s | 1 / (2 √n) | sin²(asin √T ± z √(s² + τ²)), the angle between 0 and π/2 |
//! | [`Data::RatioOfCounts`] | (ln((y + ½)/(n + ½)) - ln T) / s | √(y/(y + ½)² + n/(n + ½)²) | T exp(± z √(1/(T n) + 1/n + τ²)) |
//! | [`Data::Standardised`], log | ln(y/E) / s | 1 / √E | exp(± z √(1/E + τ²)) |
//! | [`Data::Standardised`], root | (√(y/E) - 1) / s | 1 / (2 √E) | 1 ± z √(1/(4E) + τ²) |
//!
//! - z is 1.96 for 95 % and 3.09 for 99.8 %, unrounded. Limits without adjustment are the same with τ² = 0,
//!   except for standardised ratios, where they are the exact Poisson ones: χ²(0.025; 2E) / 2E and
//!   χ²(0.975; 2E + 2) / 2E, and so for 99.8 %.
//! - The z are winsorised: those below the quantile of `trim`, or above that of 1 - `trim`, become that
//!   quantile. With the log transform they are truncated instead: units are cut into 1/`trim` groups by rank,
//!   ⌊rank / (`trim` (N + 1))⌋, and the first and last group are left out.
//! - φ = Σz² / N over what is left; τ² = max(0, (N φ - (N - 1)) / (Σw - Σw² / Σw)) with w = 1/s², or 0 if
//!   N φ < N - 1.
//! - The log transform rounds E to two decimals first, as the SHMI is defined.
//!
//! # What differs from FunnelPlotR
//!
//! - It draws the limits of ratios of counts as if they were arcsines, far too narrow: with homogeneous counts
//!   at a rate of 0.05, two units of three fall outside "99.8 %". Here they have the variance that z has.
//! - Its lower limits of proportions are cut off by comparing neighbours on a grid, so that the largest unit
//!   keeps a tiny positive one. Here the angle is cut off.
//! - Units without events have no logarithm; they rank lowest, and if they are not truncated they are left out
//!   of φ and [`Warning::NoLogarithm`] says so.

mod dispersion;
mod exact;

pub use exact::{ExactFunnel, ExactUnit, Law, exact};

use crate::{
    distribution::{gamma_quantile, normal_quantile},
    error::Error,
    numbers::{Ties, all_finite, finite, in_range},
    sum::Accumulator,
};
use dispersion::Scored;

/// What the figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Cases out of a number of people.
    Proportion,
    /// Two counts, neither part of the other.
    RatioOfCounts,
    /// Observed over expected.
    Standardised(Transform),
}

/// How standardised ratios are brought to a common scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// Logarithm and truncation, as for the Summary Hospital-level Mortality Indicator.
    Log,
    /// Square root and winsorising, as the Care Quality Commission did.
    Root,
}

/// Which limits judge the units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adjust {
    /// Those without adjustment; overdispersion is not looked at.
    Never,
    /// The adjusted ones if φ is above 1, else those without adjustment.
    #[default]
    IfOverdispersed,
    /// The adjusted ones.
    Always,
}

/// How far limits lie out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// One unit of 20 lies outside by chance.
    P95,
    /// One unit of 500 does.
    #[default]
    P998,
}

/// How to compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Which limits judge.
    pub adjust: Adjust,
    /// The limits outside of which a unit is an outlier.
    pub level: Level,
    /// The share of units winsorised or truncated at each end: at least 0 and below one half.
    pub trim: f64,
    /// What ratios, target and limits are multiplied with.
    pub multiply: f64,
}

impl Default for Settings {
    /// Adjusted if need be, 99.8 %, trimmed by a tenth.
    fn default() -> Self {
        Self {
            adjust: Adjust::IfOverdispersed,
            level: Level::P998,
            trim: 0.1,
            multiply: 1.0,
        }
    }
}

/// The figures of one unit. Several rows of a unit are to be added up before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Events, or observed events.
    pub numerator: f64,
    /// People, or expected events; above zero.
    pub denominator: f64,
}

/// Limits at both levels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Lower, 95 %.
    pub lower_95: f64,
    /// Upper, 95 %.
    pub upper_95: f64,
    /// Lower, 99.8 %.
    pub lower_998: f64,
    /// Upper, 99.8 %.
    pub upper_998: f64,
}

impl Limits {
    /// From a function of the tail probability below the limit.
    fn of(limit: impl Fn(f64) -> Result<f64, Error>) -> Result<Self, Error> {
        Ok(Self {
            lower_95: limit(0.025)?,
            upper_95: limit(0.975)?,
            lower_998: limit(0.001)?,
            upper_998: limit(0.999)?,
        })
    }

    fn times(self, factor: f64) -> Self {
        Self {
            lower_95: self.lower_95 * factor,
            upper_95: self.upper_95 * factor,
            lower_998: self.lower_998 * factor,
            upper_998: self.upper_998 * factor,
        }
    }

    fn excludes(&self, value: f64, level: Level, ties: Ties) -> bool {
        let (lower, upper) = match level {
            Level::P95 => (self.lower_95, self.upper_95),
            Level::P998 => (self.lower_998, self.upper_998),
        };
        ties.above(value, upper) || ties.below(value, lower)
    }
}

/// One unit on the funnel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Numerator over denominator.
    pub ratio: f64,
    /// How many of its own standard errors it lies from the target; `None` without a logarithm.
    pub z: Option<f64>,
    /// The same after winsorising; `None` if the unit was truncated or has none.
    pub trimmed: Option<f64>,
    /// Limits without adjustment.
    pub plain: Limits,
    /// Limits adjusted for overdispersion; with τ² = 0 if that was not looked at.
    pub adjusted: Limits,
    /// Whether it lies outside the limits that judge.
    pub outlier: bool,
}

/// How much more units vary than chance explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispersion {
    /// The mean squared z: 1 if there is chance only.
    pub phi: f64,
    /// The variance between units, on the transformed scale.
    pub tau2: f64,
}

/// What the reader of the funnel should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// So many units without events could not be counted into φ.
    NoLogarithm {
        /// How many.
        units: usize,
    },
    /// Trimming left fewer than two units, and nothing is known about overdispersion.
    NothingLeft,
}

/// A computed funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// The middle line.
    pub target: f64,
    /// Overdispersion; `None` if it was not looked at, or nothing was left to look at.
    pub dispersion: Option<Dispersion>,
    /// Whether the adjusted limits judge.
    pub is_adjusted: bool,
    /// One for each unit, in the order given.
    pub units: Vec<Placed>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

/// Computes the funnel of at least two units.
///
/// Refused are: fewer than two units, denominators that are not above zero, numerators below zero or, for
/// proportions, above the denominator, numerators that all equal their denominators (the same column given
/// twice), and ratios of counts without any event.
///
/// ```
/// use spiral_stats::funnel::{Data, Settings, Unit, funnel};
///
/// let units: Vec<Unit> = [(12, 200), (9, 180), (60, 400), (11, 210), (8, 150)]
///     .map(|(y, n)| Unit { numerator: f64::from(y), denominator: f64::from(n) }).into();
/// let funnel = funnel(Data::Proportion, &units, &Settings::default())?;
/// assert!(funnel.is_adjusted && !funnel.units[2].outlier);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn funnel(data: Data, units: &[Unit], settings: &Settings) -> Result<Funnel, Error> {
    check(data, units, settings)?;
    if units.len() < 2 {
        return Err(Error::not_estimable("a funnel", "it takes at least two units"));
    }
    let units = &rounded(data, units)[..];
    let target = target(data, units)?;
    let mut warnings = Vec::new();
    let scored = Scored::of(data, units, target, settings.trim)?;
    let dispersion = if settings.adjust == Adjust::Never {
        None
    } else {
        scored.dispersion()?
    };
    if settings.adjust != Adjust::Never && dispersion.is_none() {
        warnings.push(Warning::NothingLeft);
    }
    if scored.without_logarithm > 0 {
        warnings.push(Warning::NoLogarithm {
            units: scored.without_logarithm,
        });
    }
    let is_adjusted = match (settings.adjust, dispersion) {
        (Adjust::Never, _) | (_, None) => false,
        (Adjust::IfOverdispersed, Some(found)) => found.phi > 1.0,
        (Adjust::Always, Some(_)) => true,
    };
    let tau2 = dispersion.map_or(0.0, |found| found.tau2);
    let ties = Ties::of(target * settings.multiply);
    let placed = units
        .iter()
        .zip(scored.z.iter().zip(&scored.trimmed))
        .map(|(unit, (&z, &trimmed))| {
            let adjusted = approximate(data, unit, target, tau2)?.times(settings.multiply);
            let plain = match data {
                Data::Standardised(_) => exact_standardised(unit.denominator)?,
                _ => approximate(data, unit, target, 0.0)?,
            };
            let plain = plain.times(settings.multiply);
            let ratio = in_range("ratio", unit.numerator / unit.denominator * settings.multiply)?;
            let judge = if is_adjusted { adjusted } else { plain };
            Ok(Placed {
                ratio,
                z,
                trimmed,
                plain,
                adjusted,
                outlier: judge.excludes(ratio, settings.level, ties),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Funnel {
        target: target * settings.multiply,
        dispersion,
        is_adjusted,
        units: placed,
        warnings,
    })
}

/// The limits at other sizes around a middle line that is known already: the curve of a funnel, adjusted by its τ² or,
/// with 0, not. `target` is not yet multiplied.
///
/// ```
/// use spiral_stats::funnel::{Data, curve};
///
/// let limits = curve(Data::Proportion, 0.1, 0.0, &[100.0, 400.0], 100.0)?;
/// assert!(limits[0].upper_998 > limits[1].upper_998 && limits[1].lower_998 > limits[0].lower_998);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn curve(
    data: Data,
    target: f64,
    tau2: f64,
    denominators: &[f64],
    multiply: f64,
) -> Result<Vec<Limits>, Error> {
    finite("target", target)?;
    let of_parts = data == Data::Proportion;
    if target < 0.0 || of_parts && target > 1.0 {
        return Err(Error::invalid("target", "is no ratio that a unit can have"));
    }
    if finite("between-unit variance", tau2)? < 0.0 {
        return Err(Error::invalid("between-unit variance", "is below zero"));
    }
    if finite("multiplier", multiply)? <= 0.0 {
        return Err(Error::invalid("multiplier", "is not above zero"));
    }
    all_finite("denominator", denominators.iter().copied())?;
    denominators
        .iter()
        .enumerate()
        .map(|(at, &denominator)| {
            if denominator <= 0.0 {
                return Err(Error::invalid_at("denominator", at, "is not above zero"));
            }
            let unit = Unit {
                numerator: 0.0,
                denominator,
            };
            Ok(approximate(data, &unit, target, tau2)?.times(multiply))
        })
        .collect()
}

fn check(data: Data, units: &[Unit], settings: &Settings) -> Result<(), Error> {
    if !(0.0..0.5).contains(&finite("trim", settings.trim)?) {
        return Err(Error::invalid("trim", "is not between 0 and one half"));
    }
    if finite("multiplier", settings.multiply)? <= 0.0 {
        return Err(Error::invalid("multiplier", "is not above zero"));
    }
    check_units(units, data == Data::Proportion)?;
    if !units.is_empty()
        && units
            .iter()
            .all(|unit| unit.numerator.total_cmp(&unit.denominator).is_eq())
    {
        return Err(Error::invalid("numerators", "are the same as the denominators"));
    }
    Ok(())
}

fn check_units(units: &[Unit], is_part: bool) -> Result<(), Error> {
    all_finite("numerator", units.iter().map(|unit| unit.numerator))?;
    all_finite("denominator", units.iter().map(|unit| unit.denominator))?;
    for (at, unit) in units.iter().enumerate() {
        if unit.denominator <= 0.0 {
            return Err(Error::invalid_at("denominator", at, "is not above zero"));
        }
        if unit.numerator < 0.0 {
            return Err(Error::invalid_at("numerator", at, "is below zero"));
        }
        if is_part && unit.numerator > unit.denominator {
            return Err(Error::invalid_at("numerator", at, "is above the denominator"));
        }
    }
    Ok(())
}

/// The expected numbers of the SHMI have two decimals.
fn rounded(data: Data, units: &[Unit]) -> Vec<Unit> {
    let to_cents = |value: f64| {
        let (below, above) = ((value * 100.0).floor() / 100.0, (value * 100.0).ceil() / 100.0);
        let nearest = if value - below < above - value {
            below
        } else {
            above
        };
        // What would round to nothing, or is too large to have decimals, stays.
        if nearest.is_finite() && nearest > 0.0 {
            nearest
        } else {
            value
        }
    };
    units
        .iter()
        .map(|unit| match data {
            Data::Standardised(Transform::Log) => Unit {
                denominator: to_cents(unit.denominator),
                ..*unit
            },
            _ => *unit,
        })
        .collect()
}

fn target(data: Data, units: &[Unit]) -> Result<f64, Error> {
    if let Data::Standardised(_) = data {
        return Ok(1.0);
    }
    let target = pooled(units)?;
    if data == Data::RatioOfCounts && target == 0.0 {
        return Err(Error::not_estimable(
            "a funnel of ratios",
            "there are no events at all",
        ));
    }
    Ok(target)
}

fn pooled(units: &[Unit]) -> Result<f64, Error> {
    let events: Accumulator = units.iter().map(|unit| unit.numerator).collect();
    let people: Accumulator = units.iter().map(|unit| unit.denominator).collect();
    Ok(in_range("sum of the numerators", events.value())?
        / in_range("sum of the denominators", people.value())?)
}

/// Limits on the transformed scale, transformed back.
fn approximate(data: Data, unit: &Unit, target: f64, tau2: f64) -> Result<Limits, Error> {
    let n = unit.denominator;
    Limits::of(|tail| {
        let z = normal_quantile(tail);
        let limit = match data {
            Data::Proportion => {
                let angle = target.sqrt().asin() + z * (1.0 / (4.0 * n) + tau2).sqrt();
                angle.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2)
            }
            Data::RatioOfCounts => target * (z * (1.0 / (target * n) + 1.0 / n + tau2).sqrt()).exp(),
            Data::Standardised(Transform::Log) => (z * (1.0 / n + tau2).sqrt()).exp(),
            Data::Standardised(Transform::Root) => 1.0 + z * (1.0 / (4.0 * n) + tau2).sqrt(),
        };
        in_range("limit", limit)
    })
}

/// The exact Poisson limits of observed over expected.
fn exact_standardised(expected: f64) -> Result<Limits, Error> {
    Limits::of(|tail| {
        let shape = if tail > 0.5 { expected + 1.0 } else { expected };
        in_range("limit", gamma_quantile(tail, shape) / expected)
    })
}

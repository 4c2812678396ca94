//! Direct standardisation: the rate that a population would have with the age structure, or other make-up,
//! of a standard population.
//!
//! With O events among n people in a stratum, of which the standard population has w:
//!
//! - standardised rate = Σ(w O / n) / Σw;
//! - variance = Σ(w² O / n²) / (Σw)²;
//! - interval = rate + √(variance / ΣO) × (Byar's limits of ΣO - ΣO) (A. J. Dobson and others, *Confidence
//!   intervals for weighted sums of Poisson parameters*, Statistics in Medicine 10, 1991, 457-462);
//! - Byar's limits of a count O are O (1 - 1/(9 O) - z / (3 √O))³ and, with O + 1 for O, its mirror (N. E.
//!   Breslow and N. E. Day, *Statistical Methods in Cancer Research II*, IARC 1987).
//!
//! As is the practice in English public health, there is no interval below ten events.

use crate::{
    distribution::{level as checked_level, normal_reach},
    error::Error,
    numbers::{all_finite, finite, in_range},
    sum::Accumulator,
};

/// One stratum of the population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// Events.
    pub observed: f64,
    /// People.
    pub population: f64,
    /// People, or the share, that the standard population has in it.
    pub standard: f64,
}

/// How to compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Rates are given per so many.
    pub per: f64,
    /// The level of the interval in percent.
    pub level: f64,
    /// With fewer events there is no interval.
    pub fewest_events: f64,
}

impl Default for Settings {
    /// Per 100,000, 95 %, at least ten events.
    fn default() -> Self {
        Self {
            per: 100_000.0,
            level: 95.0,
            fewest_events: 10.0,
        }
    }
}

/// A standardised rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standardised {
    /// Events over people.
    pub crude: f64,
    /// The standardised rate.
    pub rate: f64,
    /// Its variance, in the unit of the rate squared.
    pub variance: f64,
    /// Its interval; `None` with too few events.
    pub interval: Option<(f64, f64)>,
    /// All events.
    pub observed: f64,
}

/// Standardises. A stratum without people has no rate: it is refused if it has events, and if the standard
/// population has somebody in it nothing can be estimated.
///
/// ```
/// use spiral_stats::standardise::{Settings, Stratum, direct};
///
/// let strata = [(30.0, 1000.0, 600.0), (90.0, 1500.0, 400.0)]
///     .map(|(observed, population, standard)| Stratum { observed, population, standard });
/// let answer = direct(&strata, &Settings { per: 1000.0, ..Settings::default() })?;
/// assert_eq!((answer.crude, answer.rate), (48.0, 42.0));
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn direct(strata: &[Stratum], settings: &Settings) -> Result<Standardised, Error> {
    check(strata, settings)?;
    let total = |value: fn(&Stratum) -> f64| strata.iter().map(value).collect::<Accumulator>().value();
    let observed = in_range("number of events", total(|stratum| stratum.observed))?;
    let people = in_range("population", total(|stratum| stratum.population))?;
    let standard = in_range("standard population", total(|stratum| stratum.standard))?;
    if people <= 0.0 || standard <= 0.0 {
        return Err(Error::not_estimable("a standardised rate", "there are no people"));
    }
    let (mut weighted, mut squares) = (Accumulator::default(), Accumulator::default());
    for stratum in strata.iter().filter(|stratum| stratum.population > 0.0) {
        // Counts times counts are exact, so that only the division rounds.
        weighted.add(stratum.standard * stratum.observed / stratum.population);
        let share = stratum.standard / standard / stratum.population;
        squares.add(share * share * stratum.observed);
    }
    let rate = in_range("standardised rate", settings.per * weighted.value() / standard)?;
    let variance = in_range("variance", settings.per * settings.per * squares.value())?;
    let interval = (observed > 0.0 && observed >= settings.fewest_events).then(|| {
        let (lower, upper) = byar(observed, normal_reach(settings.level));
        let unit = (variance / observed).sqrt();
        (rate + unit * (lower - observed), rate + unit * (upper - observed))
    });
    Ok(Standardised {
        crude: in_range("crude rate", settings.per * observed / people)?,
        rate,
        variance,
        interval,
        observed,
    })
}

fn check(strata: &[Stratum], settings: &Settings) -> Result<(), Error> {
    if strata.is_empty() {
        return Err(Error::invalid("standardisation", "has no strata"));
    }
    if finite("unit of the rate", settings.per)? <= 0.0 {
        return Err(Error::invalid("unit of the rate", "is not above zero"));
    }
    checked_level(settings.level)?;
    finite("fewest events", settings.fewest_events)?;
    let parts = |stratum: &Stratum| [stratum.observed, stratum.population, stratum.standard];
    all_finite("stratum", strata.iter().flat_map(parts))?;
    for (at, stratum) in strata.iter().enumerate() {
        if parts(stratum).iter().any(|&part| part < 0.0) {
            return Err(Error::invalid_at("stratum", at, "has a number below zero"));
        }
        if stratum.population == 0.0 {
            if stratum.observed > 0.0 {
                return Err(Error::invalid_at("stratum", at, "has events but no people"));
            }
            if stratum.standard > 0.0 {
                return Err(Error::not_estimable(
                    "a standardised rate",
                    "a stratum has no people",
                ));
            }
        }
    }
    Ok(())
}

/// Byar's limits of a count above zero.
fn byar(count: f64, z: f64) -> (f64, f64) {
    let limit = |count: f64, z: f64| count * (1.0 - 1.0 / (9.0 * count) + z / (3.0 * count.sqrt())).powi(3);
    (limit(count, -z), limit(count + 1.0, z))
}

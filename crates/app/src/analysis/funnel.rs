//! Funnels: units of a tier compared over a time, by their own figures or by sums of what the reader may see.

use spiral_domain::analysis::{
    Coverage, Funnel, FunnelLimits, FunnelPoint, FunnelUnit, InsufficientData, RollUpNode, SeriesCoverage,
    SeriesSort, Variation,
};
use spiral_domain::measures::{Direction, Measure, Period, Scale, Stratum};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Error, Interval, Reference, Result, Timestamp, Violations};
use spiral_stats::funnel::{self, Adjust, Data, Law, Level, Limits, Settings, Unit};
use spiral_stats::rate::rate;
use spiral_stats::sum::Accumulator;
use spiral_store::SeriesUnit;

use super::charts::{Asked, ChartQuery, Slot, check_stratum};
use crate::caller::Caller;

/// So many sizes make a curve.
const CURVE: usize = 60;

/// Which units are compared, over which time, and how.
#[derive(Debug, Clone)]
pub struct FunnelQuery {
    /// The measure; a code means its latest version.
    pub measure: Reference,
    /// The unit at and beneath which units are compared.
    pub within: Option<Reference>,
    /// The network whose members are compared.
    pub network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent.
    pub tier: Option<Tier>,
    /// Periods that begin on this day or later; with neither end, the last period in which anybody has reported.
    pub from: Option<Date>,
    /// Periods that end on this day or earlier.
    pub to: Option<Date>,
    /// What was known at this instant.
    pub known_at: Option<Timestamp>,
    /// Which part of the population; the whole if absent.
    pub stratum: Option<Stratum>,
    /// Which limits judge.
    pub limits: FunnelLimits,
    /// In which order the units come.
    pub sort: SeriesSort,
}

impl FunnelQuery {
    /// A measure over its last period.
    pub fn of(measure: Reference) -> Self {
        Self {
            measure,
            within: None,
            network: None,
            tier: None,
            from: None,
            to: None,
            known_at: None,
            stratum: None,
            limits: FunnelLimits::Auto,
            sort: SeriesSort::Code,
        }
    }
}

/// What the figures of a scale are.
fn law_of(scale: Scale) -> Option<(Law, Data)> {
    match scale {
        Scale::Proportion => Some((Law::Binomial, Data::Proportion)),
        Scale::Rate => Some((Law::Poisson, Data::RatioOfCounts)),
        Scale::Count | Scale::Continuous | Scale::Score | Scale::TimeBetween => None,
    }
}

/// A unit with what it adds up to over the time.
struct Summed {
    unit: SeriesUnit,
    numerator: f64,
    denominator: f64,
    periods: i64,
    coverage: Option<Coverage>,
}

/// Compares the units of a tier over a time.
pub async fn funnel(caller: &Caller, query: &FunnelQuery) -> Result<Funnel> {
    // Of the same units as a chart of each, and of the same figures.
    let charts = ChartQuery {
        within: query.within.clone(),
        network: query.network.clone(),
        tier: query.tier,
        from: query.from,
        to: query.to,
        known_at: query.known_at,
        stratum: query.stratum.clone(),
        earlier_versions: false,
        ..ChartQuery::of(query.measure.clone())
    };
    let asked = Asked::of(caller, &charts).await?;
    let measure = asked.measure();
    check(query, measure)?;
    let Some((law, data)) = law_of(measure.scale) else {
        return Err(Error::internal("a funnel of a scale without one"));
    };
    let named = asked.named_units().await?.units;
    let time = time_of(query, measure, asked.time(&named).await?);
    let mut funnel = Funnel {
        measure: measure.clone(),
        stratum: query.stratum.clone().unwrap_or_default(),
        from: time.map(|time| time.start),
        to: time.map(|time| time.end),
        centre: None,
        limits: match query.limits {
            FunnelLimits::Adjusted => FunnelLimits::Adjusted,
            FunnelLimits::Auto | FunnelLimits::Exact => FunnelLimits::Exact,
        },
        phi: None,
        tau2: None,
        units: Vec::new(),
        curve: Vec::new(),
        coverage: SeriesCoverage::default(),
        without_value: 0,
        insufficient_data: None,
        not_computable: None,
    };
    let Some(time) = time else {
        funnel.insufficient_data = InsufficientData::unless(0, 2, "units with a value");
        return Ok(funnel);
    };
    let (units, coverage) = asked.shown(named, Some(time));
    funnel.coverage = coverage;
    let gathered = asked.gather(&units, Some(time)).await?;
    let summed: Vec<Summed> = units
        .into_iter()
        .map(|unit| {
            let slots = gathered.of_unit(unit.id);
            summed(unit, slots)
        })
        .collect();
    let (with, without): (Vec<Summed>, Vec<Summed>) =
        summed.into_iter().partition(|unit| unit.denominator > 0.0);
    funnel.without_value = i64::try_from(without.len()).unwrap_or(i64::MAX);
    funnel.insufficient_data = InsufficientData::unless(with.len(), 2, "units with a value");
    if funnel.insufficient_data.is_none()
        && let Err(error) = place(&mut funnel, query.limits, law, data, with)
    {
        funnel.not_computable = Some(error.to_string());
    }
    match query.sort {
        SeriesSort::Code => {}
        SeriesSort::Worst => funnel.units.sort_by(|one, other| {
            let place = |unit: &FunnelUnit| worst(unit, measure.direction);
            let (one, other) = (place(one), place(other));
            one.0.cmp(&other.0).then(other.1.total_cmp(&one.1))
        }),
    }
    Ok(funnel)
}

fn check(query: &FunnelQuery, measure: &Measure) -> Result<()> {
    let mut found = Violations::new();
    found.require(
        query.within.is_some() != query.network.is_some(),
        "/query/within",
        "one_of",
        || "give either `within` or `network`".into(),
    );
    found.require(
        law_of(measure.scale).is_some(),
        "/query/measure",
        "funnel_not_for_scale",
        || {
            format!(
                "a funnel is for measures of scale `proportion` or `rate`; this one is of scale `{}`",
                measure.scale.name()
            )
        },
    );
    if let Some(stratum) = &query.stratum {
        check_stratum(&mut found, stratum, measure);
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::Malformed(found.into_vec()))
    }
}

/// The time that was asked for; without either end the last period.
fn time_of(query: &FunnelQuery, measure: &Measure, time: Option<Period>) -> Option<Period> {
    let time = time?;
    if query.from.is_some() || query.to.is_some() {
        return Some(time);
    }
    let last: (Date, Date) = Interval::around(measure.cadence, time.end);
    Some(Period {
        start: last.0.max(time.start),
        end: time.end,
    })
}

fn summed(unit: SeriesUnit, slots: &[Slot]) -> Summed {
    let (mut numerator, mut denominator) = (Accumulator::default(), Accumulator::default());
    let (mut periods, mut coverage) = (0, Coverage::default());
    let mut aggregated = false;
    for slot in slots {
        if let (Some(contributors), Some(eligible)) = (slot.contributors, slot.eligible) {
            aggregated = true;
            coverage.eligible += eligible;
            coverage.shown += slot.visible.unwrap_or_default();
            coverage.with_value += contributors;
        }
        if let (Some(y), Some(n)) = (slot.numerator, slot.denominator) {
            numerator.add(y);
            denominator.add(n);
            periods += 1;
        }
    }
    Summed {
        unit,
        numerator: numerator.value(),
        denominator: denominator.value(),
        periods,
        coverage: aggregated.then_some(coverage),
    }
}

/// Places the units on the funnel, and draws its curve.
fn place(
    answer: &mut Funnel,
    wanted: FunnelLimits,
    law: Law,
    data: Data,
    summed: Vec<Summed>,
) -> Result<(), spiral_stats::Error> {
    let multiply = answer.measure.multiplier;
    let units: Vec<Unit> = summed
        .iter()
        .map(|unit| Unit {
            numerator: unit.numerator,
            denominator: unit.denominator,
        })
        .collect();
    let pooled = pooled(&units);
    let settings = Settings {
        adjust: Adjust::Always,
        level: Level::P998,
        multiply,
        ..Settings::default()
    };
    // Of figures that leave nothing to adjust by there are the exact limits all the same.
    let spread = match funnel::funnel(data, &units, &settings) {
        Ok(spread) => Some(spread),
        Err(_) if wanted != FunnelLimits::Adjusted => None,
        Err(error) => return Err(error),
    };
    let dispersion = spread.as_ref().and_then(|spread| spread.dispersion);
    answer.phi = dispersion.map(|found| found.phi);
    answer.tau2 = dispersion.map(|found| found.tau2);
    let adjusted = match wanted {
        FunnelLimits::Adjusted => true,
        FunnelLimits::Exact => false,
        FunnelLimits::Auto => dispersion.is_some_and(|found| found.phi > 1.0),
    };
    answer.limits = if adjusted {
        FunnelLimits::Adjusted
    } else {
        FunnelLimits::Exact
    };
    answer.centre = Some(pooled * multiply);
    let limits_at = |sizes: &[f64]| -> Result<Vec<FunnelPoint>, spiral_stats::Error> {
        let limits = if adjusted {
            let tau2 = dispersion.map_or(0.0, |found| found.tau2);
            funnel::curve(data, pooled, tau2, sizes, multiply)?
        } else {
            exact(law, sizes, pooled, multiply)?
        };
        let points = sizes.iter().zip(limits);
        Ok(points.map(|(size, limits)| point(*size, limits)).collect())
    };
    let sizes: Vec<f64> = units.iter().map(|unit| unit.denominator).collect();
    let own = limits_at(&sizes)?;
    let direction = answer.measure.direction;
    for (at, (unit, limits)) in summed.into_iter().zip(own).enumerate() {
        let value = rate(unit.numerator, unit.denominator, multiply).unwrap_or_default();
        let outside = |lower: f64, upper: f64| beyond(value, lower, upper);
        let outside998 = outside(limits.lower998, limits.upper998);
        answer.units.push(FunnelUnit {
            node: RollUpNode {
                unit_id: Some(unit.unit.id),
                network_id: None,
                code: unit.unit.code,
                name: unit.unit.name,
                tier: Some(unit.unit.tier),
            },
            numerator: unit.numerator,
            denominator: unit.denominator,
            value,
            periods: unit.periods,
            coverage: unit.coverage,
            z: spread
                .as_ref()
                .and_then(|spread| spread.units.get(at))
                .and_then(|placed| placed.z),
            limits,
            outside95: outside(limits.lower95, limits.upper95),
            outside998,
            variation: match (outside998, value > limits.upper998, direction) {
                (false, ..) => Variation::Common,
                (_, true, Direction::HigherIsBetter) | (_, false, Direction::LowerIsBetter) => {
                    Variation::Improvement
                }
                (_, false, Direction::HigherIsBetter) | (_, true, Direction::LowerIsBetter) => {
                    Variation::Concern
                }
                (_, true, Direction::Neutral) => Variation::NeutralHigh,
                (_, false, Direction::Neutral) => Variation::NeutralLow,
            },
        });
    }
    answer.curve = limits_at(&sizes_between(&sizes, law == Law::Binomial))?;
    Ok(())
}

fn pooled(units: &[Unit]) -> f64 {
    let events: Accumulator = units.iter().map(|unit| unit.numerator).collect();
    let sizes: Accumulator = units.iter().map(|unit| unit.denominator).collect();
    events.value() / sizes.value()
}

/// Whether a value lies outside limits: one that equals a limit in decimals lies on it.
fn beyond(value: f64, lower: f64, upper: f64) -> bool {
    let slack = 32.0 * f64::EPSILON * (value.abs() + upper.abs());
    value > upper + slack || value < lower - slack
}

fn point(denominator: f64, limits: Limits) -> FunnelPoint {
    FunnelPoint {
        denominator,
        lower95: limits.lower_95,
        upper95: limits.upper_95,
        lower998: limits.lower_998,
        upper998: limits.upper_998,
    }
}

/// Exact limits at these sizes.
fn exact(law: Law, sizes: &[f64], target: f64, multiply: f64) -> Result<Vec<Limits>, spiral_stats::Error> {
    let units: Vec<Unit> = sizes
        .iter()
        .map(|size| Unit {
            numerator: 0.0,
            denominator: *size,
        })
        .collect();
    let found = funnel::exact(law, &units, Some(target))?;
    Ok(found
        .units
        .into_iter()
        .map(|unit| Limits {
            lower_95: unit.limits.lower_95 * multiply,
            upper_95: unit.limits.upper_95 * multiply,
            lower_998: unit.limits.lower_998 * multiply,
            upper_998: unit.limits.upper_998 * multiply,
        })
        .collect())
}

/// Sizes from the smallest to the largest, closer together where limits bend.
fn sizes_between(sizes: &[f64], whole: bool) -> Vec<f64> {
    let least = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let most = sizes.iter().copied().fold(0.0, f64::max);
    if !least.is_finite() || least <= 0.0 {
        return Vec::new();
    }
    let ratio = most / least;
    let mut between: Vec<f64> = (0..=CURVE)
        .map(|step| {
            #[expect(clippy::cast_precision_loss, reason = "a few dozen steps")]
            let part = step as f64 / CURVE as f64;
            let size = least * ratio.powf(part);
            if whole { size.round() } else { size }
        })
        .map(|size| size.clamp(least, most))
        .collect();
    between.dedup_by(|one, other| one.total_cmp(other).is_eq());
    between
}

/// Where a unit stands in the order of the worst: outside for the worse, outside either way where none is worse, the
/// others, outside for the better; of each the furthest for the worse first.
fn worst(unit: &FunnelUnit, direction: Direction) -> (u8, f64) {
    let z = unit.z.unwrap_or_default();
    let rank = match unit.variation {
        Variation::Concern => 0,
        Variation::NeutralHigh | Variation::NeutralLow => 1,
        Variation::Common => 2,
        Variation::Improvement => 3,
    };
    let worse = match direction {
        Direction::HigherIsBetter => -z,
        Direction::LowerIsBetter => z,
        Direction::Neutral => z.abs(),
    };
    (rank, worse)
}

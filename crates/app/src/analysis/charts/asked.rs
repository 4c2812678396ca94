//! What is asked of a chart: the measure that it names, checked, and the units and the time that it is about.

use spiral_domain::analysis::{ChartKind, SeriesCoverage};
use spiral_domain::measures::{Measure, Period, Scale, Stratum};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{Network, OrgUnit, Tier};
use spiral_domain::{Date, Error, Result, Sharing, UnitId, Violations};
use spiral_store::{SeriesOf, SeriesUnit};

use super::gather::Gathered;
use super::{ChartQuery, count, malformed};
use crate::caller::Caller;

/// Without `from`, so many periods up to the last in which anybody has reported.
const USUAL: usize = 60;

/// The question with the measure that it names, checked.
pub(in crate::analysis) struct Asked<'c> {
    pub(super) caller: &'c Caller,
    pub(super) query: &'c ChartQuery,
    pub(super) measure: Measure,
    /// The measure and the earlier versions that it goes on from, the latest first.
    pub(super) lineage: Vec<Measure>,
    /// Whether there are earlier versions that it does not go on from.
    pub(super) broken: bool,
    pub(super) kind: ChartKind,
    pub(super) stratum: Stratum,
    pub(super) default: Sharing,
}

/// What is drawn of a measure where nothing is said.
fn usual_chart(scale: Scale) -> ChartKind {
    match scale {
        Scale::TimeBetween => ChartKind::T,
        _ => ChartKind::Xmr,
    }
}

/// Why a chart does not fit a scale, if so.
fn misfit(kind: ChartKind, scale: Scale) -> Option<&'static str> {
    match kind {
        ChartKind::Xmr | ChartKind::Run | ChartKind::I | ChartKind::Mr => None,
        ChartKind::P | ChartKind::PPrime => {
            (scale != Scale::Proportion).then_some("is for measures of scale `proportion`")
        }
        ChartKind::U | ChartKind::UPrime => (!matches!(scale, Scale::Rate | Scale::Proportion))
            .then_some("is for measures of scale `rate` or `proportion`"),
        ChartKind::C | ChartKind::G => (scale != Scale::Count).then_some("is for measures of scale `count`"),
        ChartKind::T => (!matches!(scale, Scale::TimeBetween | Scale::Continuous))
            .then_some("is for measures of scale `time_between` or `continuous`"),
        ChartKind::Xbar | ChartKind::S => (!matches!(scale, Scale::Continuous | Scale::Score))
            .then_some("is for measures of scale `continuous` or `score`"),
    }
}

impl<'c> Asked<'c> {
    pub(in crate::analysis) async fn of(caller: &'c Caller, query: &'c ChartQuery) -> Result<Self> {
        caller.require(Action::ReadAnalysis)?;
        caller.require(Action::ReadObservations)?;
        let store = caller.store();
        let measure: Measure = store.named(&query.measure).await?;
        let kind = query.chart.unwrap_or_else(|| usual_chart(measure.scale));
        check(query, &measure, kind)?;
        let (lineage, broken) = lineage(caller, &measure, query.earlier_versions).await?;
        Ok(Self {
            caller,
            query,
            lineage,
            broken,
            kind,
            stratum: query.stratum.clone().unwrap_or_default(),
            default: crate::measures::default_level(store).await?,
            measure,
        })
    }

    /// Who asks.
    pub(in crate::analysis) fn caller(&self) -> &Caller {
        self.caller
    }

    /// The measure.
    pub(in crate::analysis) fn measure(&self) -> &Measure {
        &self.measure
    }

    /// How far units share their observations where they have set nothing.
    pub(in crate::analysis) fn default_level(&self) -> Sharing {
        self.default
    }

    /// Whether a unit of this tier reports by itself, or is summed from what stands beneath it.
    pub(in crate::analysis) fn is_summed(&self, tier: Tier) -> bool {
        tier > self.measure.reporting_tier
    }

    /// The time that is looked at: whole periods between `from` and `to`; without them, as far as anybody has
    /// reported, and at most the usual number. None if nobody has.
    pub(in crate::analysis) async fn time(&self, units: &[SeriesUnit]) -> Result<Option<Period>> {
        let span = match (self.query.from, self.query.to) {
            (Some(start), Some(end)) => Some(Period { start, end }),
            _ => self.span(units).await?,
        };
        let last = self.query.to.or(span.map(|span| span.end));
        let (Some(span), Some(last)) = (span, last) else {
            return Ok(None);
        };
        let start = match self.query.from {
            Some(from) => from,
            None if self.measure.irregular => span.start,
            None => self.usual_start(last).max(span.start),
        };
        Ok((start <= last).then_some(Period { start, end: last }))
    }

    /// The first day of the usual number of periods up to a day.
    fn usual_start(&self, last: Date) -> Date {
        let mut start = self.measure.cadence.around(last).0;
        for _ in 1..USUAL {
            start = self.measure.cadence.around(start.previous()).0;
        }
        start
    }

    /// From when to when anybody has reported.
    async fn span(&self, units: &[SeriesUnit]) -> Result<Option<Period>> {
        let store = self.caller.store();
        let mut span: Option<Period> = None;
        // Means over nobody knows how many, and times, stand in no sum.
        let summed = !matches!(
            self.measure.scale,
            Scale::TimeBetween | Scale::Continuous | Scale::Score
        );
        if summed {
            for version in &self.lineage {
                span = joined(span, store.measure_span(version.id).await?);
            }
        } else {
            let seen: Vec<UnitId> = units
                .iter()
                .filter(|unit| unit.visible)
                .map(|unit| unit.id)
                .collect();
            let measures: Vec<_> = self.lineage.iter().map(|version| version.id).collect();
            span = store.reported_span(&measures, &seen).await?;
            if units.iter().any(|unit| self.is_summed(unit.tier)) {
                for version in &self.lineage {
                    span = joined(span, store.measure_span(version.id).await?);
                }
            }
        }
        Ok(span)
    }
}

fn joined(one: Option<Period>, other: Option<Period>) -> Option<Period> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Period {
            start: one.start.min(other.start),
            end: one.end.max(other.end),
        }),
        (one, other) => one.or(other),
    }
}

/// The versions whose values make one series: those before this one that measure on the same scale, the latest first;
/// and whether others were left out.
async fn lineage(caller: &Caller, measure: &Measure, earlier: bool) -> Result<(Vec<Measure>, bool)> {
    if !earlier || measure.measure_version == 1 {
        return Ok((vec![measure.clone()], false));
    }
    let mut versions = caller.store().measure_versions(&measure.code).await?;
    versions.retain(|version| version.measure_version < measure.measure_version);
    versions.reverse();
    let mut lineage = vec![measure.clone()];
    let all = versions.len();
    let goes_on = |version: &Measure| {
        version.scale == measure.scale
            && version.cadence == measure.cadence
            && version.irregular == measure.irregular
            && version.reporting_tier == measure.reporting_tier
            && version.unit_of_measure == measure.unit_of_measure
            && version.multiplier.total_cmp(&measure.multiplier).is_eq()
    };
    lineage.extend(versions.into_iter().take_while(goes_on));
    let broken = lineage.len() <= all;
    Ok((lineage, broken))
}

fn check(query: &ChartQuery, measure: &Measure, kind: ChartKind) -> Result<()> {
    let mut found = Violations::new();
    if let (Some(from), Some(to)) = (query.from, query.to) {
        found.require(from <= to, "/query/to", "before_from", || {
            format!("ends on {to}, before it begins on {from}")
        });
    }
    if let Some(why) = misfit(kind, measure.scale) {
        found.add(
            "/query/chart",
            "chart_not_for_scale",
            format!(
                "a chart `{}` {why}; this one is of scale `{}`",
                kind.name(),
                measure.scale.name()
            ),
        );
    }
    if let Some(baseline) = query.baseline {
        found.require(
            (12..=10_000).contains(&baseline),
            "/query/baseline",
            "out_of_range",
            || "limits take at least 12 periods, and 10,000 are the most".into(),
        );
    }
    if let Some(stratum) = &query.stratum {
        check_stratum(&mut found, stratum, measure);
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::Malformed(found.into_vec()))
    }
}

/// A stratum is the whole, or values of dimensions that the measure declares.
pub(in crate::analysis) fn check_stratum(found: &mut Violations, stratum: &Stratum, measure: &Measure) {
    if !stratum.is_well_formed() {
        found.add(
            "/query/stratum",
            "stratum_format",
            "a stratum is empty for the whole, or a text such as imdQuintile=5",
        );
    }
    for (code, _) in stratum.pairs() {
        found.require(
            measure.dimensions.iter().any(|known| known == code),
            "/query/stratum",
            "unknown_dimension",
            || format!("the measure is not split by `{code}`"),
        );
    }
}

/// The units that a question names.
pub(in crate::analysis) struct Named {
    pub units: Vec<SeriesUnit>,
    /// The path at and beneath which they stand, if they were named so.
    pub within: Option<String>,
}

impl Asked<'_> {
    /// The units that the question names, each with whether the caller sees what it reports.
    pub(in crate::analysis) async fn named_units(&self) -> Result<Named> {
        let (query, store) = (self.query, self.caller.store());
        let named = [&query.unit, &query.within, &query.network];
        if named.iter().filter(|name| name.is_some()).count() != 1 {
            let detail = "give one of `unit`, `within` and `network`";
            return Err(malformed("/query/unit", "one_of", detail));
        }
        if query.unit.is_some() && query.tier.is_some() {
            let detail = "goes with `within` or `network`: a unit has a tier of its own";
            return Err(malformed("/query/tier", "one_of", detail));
        }
        let tier = query.tier.unwrap_or(self.measure.reporting_tier);
        let mut within = None;
        let units = if let Some(unit) = &query.unit {
            let unit: OrgUnit = store.named(unit).await?;
            store
                .series_units(&SeriesOf::Units(&[unit.id]), self.default)
                .await?
        } else if let Some(unit) = &query.within {
            let unit: OrgUnit = store.named(unit).await?;
            let of = SeriesOf::Within(&unit.path, tier);
            let units = store.series_units(&of, self.default).await?;
            within = Some(unit.path);
            units
        } else {
            let network = query.network.as_ref().ok_or(Error::NotFound("network"))?;
            let network: Network = store.named(network).await?;
            store
                .series_units(&SeriesOf::Network(network.id, tier), self.default)
                .await?
        };
        Ok(Named { units, within })
    }

    /// Those of the units that have a series to be shown in the time, and how many there are in all. A sum is of whom
    /// the reader sees; by itself a unit is seen or not.
    pub(in crate::analysis) fn shown(
        &self,
        mut units: Vec<SeriesUnit>,
        time: Option<Period>,
    ) -> (Vec<SeriesUnit>, SeriesCoverage) {
        let alone = self.query.unit.is_some();
        if let (Some(time), false) = (time, alone) {
            units.retain(|unit| unit.open_in(time));
        }
        let eligible = count(units.len());
        let seen = |unit: &SeriesUnit| unit.visible || self.is_summed(unit.tier);
        let shown = count(units.iter().filter(|unit| seen(unit)).count());
        if !alone {
            units.retain(seen);
        }
        (units, SeriesCoverage { eligible, shown })
    }

    /// The values of these units.
    pub(in crate::analysis) async fn gather(
        &self,
        units: &[SeriesUnit],
        time: Option<Period>,
    ) -> Result<Gathered> {
        Gathered::of(self, units, time).await
    }
}

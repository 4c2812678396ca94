//! Charts over time: for one unit, for every unit of a tier beneath another, or for the members of a network.

use std::collections::HashMap;

use spiral_domain::analysis::{
    Attention, ChartKind, ChartSeries, Charts, RunMethod, SeriesCoverage, SeriesSort,
};
use spiral_domain::measures::{Measure, Period, Scale, Stratum};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{Network, OrgUnit, Tier};
use spiral_domain::{
    Date, Error, PageInfo, PageRequest, Reference, Result, Timestamp, UnitId, Violation, Violations,
};
use spiral_store::{SeriesOf, SeriesUnit};

use self::gather::Gathered;
pub(super) use self::gather::{MOST_VALUES, Slot, check_size, figure_of, groups, observation};
use crate::caller::Caller;

mod draw;
mod gather;
mod marks;
mod summed;

/// Without `from`, so many periods up to the last in which anybody has reported.
const USUAL: usize = 60;
/// At most so many series are ranked.
const MOST_RANKED: usize = 10_000;

/// Which dates divide a series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rebase {
    /// The phases that are recorded for the unit.
    #[default]
    Phases,
    /// None but new versions of the measure.
    None,
    /// These.
    Dates(Vec<Date>),
}

impl std::str::FromStr for Rebase {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "phases" => Ok(Self::Phases),
            "none" => Ok(Self::None),
            dates => {
                let dates: Vec<Date> = dates
                    .split(',')
                    .map(|date| date.trim().parse())
                    .collect::<Result<_, String>>()
                    .map_err(|error| {
                        format!("{error}; `phases`, `none`, or dates with commas between them")
                    })?;
                if dates.len() > 100 {
                    return Err("at most 100 dates".into());
                }
                Ok(Self::Dates(dates))
            }
        }
    }
}

/// Which series are drawn, and how.
#[derive(Debug, Clone)]
pub struct ChartQuery {
    /// The measure; a code means its latest version.
    pub measure: Reference,
    /// The unit whose series it is.
    pub unit: Option<Reference>,
    /// The unit at and beneath which units have series.
    pub within: Option<Reference>,
    /// The network whose members have series.
    pub network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent.
    pub tier: Option<Tier>,
    /// Periods that begin on this day or later.
    pub from: Option<Date>,
    /// Periods that end on this day or earlier.
    pub to: Option<Date>,
    /// What was known at this instant.
    pub known_at: Option<Timestamp>,
    /// Which part of the population; the whole if absent.
    pub stratum: Option<Stratum>,
    /// What is drawn; by the measure's scale if absent.
    pub chart: Option<ChartKind>,
    /// How runs are judged.
    pub method: RunMethod,
    /// Whether large moving ranges are left out of their average.
    pub screened: bool,
    /// So many periods of each phase are behind its limits; all if absent.
    pub baseline: Option<i64>,
    /// What divides a series.
    pub rebase: Rebase,
    /// Whether values by earlier versions of the measure come before those by this one.
    pub earlier_versions: bool,
    /// In which order the series come.
    pub sort: SeriesSort,
}

impl ChartQuery {
    /// A measure, drawn as is usual for it.
    pub fn of(measure: Reference) -> Self {
        Self {
            measure,
            unit: None,
            within: None,
            network: None,
            tier: None,
            from: None,
            to: None,
            known_at: None,
            stratum: None,
            chart: None,
            method: RunMethod::Anhoej,
            screened: true,
            baseline: None,
            rebase: Rebase::default(),
            earlier_versions: true,
            sort: SeriesSort::Code,
        }
    }

    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("charts {self:?}")
    }
}

/// The question with the measure that it names, checked.
pub(super) struct Asked<'c> {
    caller: &'c Caller,
    query: &'c ChartQuery,
    measure: Measure,
    /// The measure and the earlier versions that it goes on from, the latest first.
    lineage: Vec<Measure>,
    /// Whether there are earlier versions that it does not go on from.
    broken: bool,
    kind: ChartKind,
    stratum: Stratum,
    default: spiral_domain::Sharing,
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
    pub(super) async fn of(caller: &'c Caller, query: &'c ChartQuery) -> Result<Self> {
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
    pub(super) fn caller(&self) -> &Caller {
        self.caller
    }

    /// The measure.
    pub(super) fn measure(&self) -> &Measure {
        &self.measure
    }

    /// How far units share their observations where they have set nothing.
    pub(super) fn default_level(&self) -> spiral_domain::Sharing {
        self.default
    }

    /// Whether a unit of this tier reports by itself, or is summed from what stands beneath it.
    pub(super) fn is_summed(&self, tier: Tier) -> bool {
        tier > self.measure.reporting_tier
    }

    /// The time that is looked at: whole periods between `from` and `to`; without them, as far as anybody has
    /// reported, and at most the usual number. None if nobody has.
    pub(super) async fn time(&self, units: &[SeriesUnit]) -> Result<Option<Period>> {
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
pub(super) fn check_stratum(found: &mut Violations, stratum: &Stratum, measure: &Measure) {
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

pub(super) fn malformed(pointer: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(pointer, code, detail)])
}

/// Charts of one measure, a page at a time.
pub async fn charts(caller: &Caller, query: &ChartQuery, page: &PageRequest) -> Result<Charts> {
    let limit = usize::try_from(caller.limit(page)?).unwrap_or(usize::MAX);
    let asked = Asked::of(caller, query).await?;
    let units = asked.named_units().await?.units;
    let time = asked.time(&units).await?;
    asked.answer(units, time, page, limit).await
}

/// The units that a question names.
pub(super) struct Named {
    pub units: Vec<SeriesUnit>,
    /// The path at and beneath which they stand, if they were named so.
    pub within: Option<String>,
}

impl Asked<'_> {
    /// The units that the question names, each with whether the caller sees what it reports.
    pub(super) async fn named_units(&self) -> Result<Named> {
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
    pub(super) fn shown(
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
    pub(super) async fn gather(&self, units: &[SeriesUnit], time: Option<Period>) -> Result<Gathered> {
        Gathered::of(self, units, time).await
    }
}

impl Asked<'_> {
    async fn answer(
        &self,
        units: Vec<SeriesUnit>,
        time: Option<Period>,
        page: &PageRequest,
        limit: usize,
    ) -> Result<Charts> {
        let (units, coverage) = self.shown(units, time);
        let (data, page) = match self.query.sort {
            SeriesSort::Code => self.by_code(units, time, page, limit).await?,
            SeriesSort::Worst => self.worst_first(units, time, page, limit).await?,
        };
        Ok(Charts {
            measure: self.measure.clone(),
            chart: self.kind,
            stratum: self.stratum.clone(),
            from: time.map(|time| time.start),
            to: time.map(|time| time.end),
            screened: self.query.screened,
            coverage,
            data,
            page,
        })
    }

    async fn by_code(
        &self,
        mut units: Vec<SeriesUnit>,
        time: Option<Period>,
        page: &PageRequest,
        limit: usize,
    ) -> Result<(Vec<ChartSeries>, PageInfo)> {
        let list = self.query.list();
        if let Some(cursor) = &page.cursor {
            let opened = self.caller.open_cursor(&list, cursor)?;
            units.retain(|unit| code_place(unit) > opened);
        }
        let more = units.len() > limit;
        units.truncate(limit);
        let next = units
            .last()
            .filter(|_| more)
            .map(|last| self.caller.sign_cursor(&list, &code_place(last)));
        let data = self.draw(&units, time).await?;
        Ok((data, page_info(next)))
    }

    /// All are drawn to tell which come first.
    async fn worst_first(
        &self,
        units: Vec<SeriesUnit>,
        time: Option<Period>,
        page: &PageRequest,
        limit: usize,
    ) -> Result<(Vec<ChartSeries>, PageInfo)> {
        if units.len() > MOST_RANKED {
            let detail = format!(
                "these are {} series, at most {MOST_RANKED} are ranked; ask within a smaller part of the tree",
                units.len()
            );
            return Err(malformed("/query/within", "too_many_series", detail));
        }
        let list = self.query.list();
        let mut drawn = self.draw(&units, time).await?;
        drawn.sort_by_cached_key(worst_place);
        if let Some(cursor) = &page.cursor {
            let opened = self.caller.open_cursor(&list, cursor)?;
            drawn.retain(|series| worst_place(series) > opened);
        }
        let more = drawn.len() > limit;
        drawn.truncate(limit);
        let next = drawn
            .last()
            .filter(|_| more)
            .map(|last| self.caller.sign_cursor(&list, &worst_place(last)));
        Ok((drawn, page_info(next)))
    }

    /// The series of these units, in their order.
    async fn draw(&self, units: &[SeriesUnit], time: Option<Period>) -> Result<Vec<ChartSeries>> {
        let gathered = Gathered::of(self, units, time).await?;
        let marks = marks::Marks::of(self, units).await?;
        Ok(units
            .iter()
            .map(|unit| self.series(unit, gathered.of_unit(unit.id), &marks))
            .collect())
    }
}

pub(super) fn page_info(next_cursor: Option<String>) -> PageInfo {
    PageInfo {
        has_more: next_cursor.is_some(),
        next_cursor,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Where a unit stands in the order of codes.
pub(super) fn code_place(unit: &SeriesUnit) -> Vec<u8> {
    let mut place = unit.code.clone().into_bytes();
    place.push(0);
    place.extend_from_slice(unit.id.0.as_bytes());
    place
}

/// Where a series stands in the order of the worst: by attention, then by distance, the furthest first, then by code.
fn worst_place(series: &ChartSeries) -> Vec<u8> {
    let mut place = vec![series.verdict.attention as u8];
    // A distance as bytes that compare as it does, reversed; none comes last.
    let distance = series.verdict.distance.map_or(0, |distance| {
        let bits = distance.to_bits();
        if distance.is_sign_negative() {
            !bits
        } else {
            bits | 1 << 63
        }
    });
    place.extend_from_slice(&(!distance).to_be_bytes());
    place.extend_from_slice(series.node.code.as_bytes());
    place.push(0);
    if let Some(unit) = series.node.unit_id {
        place.extend_from_slice(unit.0.as_bytes());
    }
    place
}

/// The series of a measure at each of these units, in a constant number of statements. Units that keep their
/// observations from the caller say so.
pub async fn charts_of(
    caller: &Caller,
    query: &ChartQuery,
    units: &[UnitId],
) -> Result<HashMap<UnitId, ChartSeries>> {
    let asked = Asked::of(caller, query).await?;
    let units = caller
        .store()
        .series_units(&SeriesOf::Units(units), asked.default)
        .await?;
    let time = asked.time(&units).await?;
    let drawn = asked.draw(&units, time).await?;
    Ok(units.iter().map(|unit| unit.id).zip(drawn).collect())
}

/// How much the end of a series asks for attention.
fn attention(
    variation: Option<spiral_domain::analysis::Variation>,
    assurance: Option<spiral_domain::analysis::Assurance>,
    runs: bool,
) -> Attention {
    use spiral_domain::analysis::{Assurance as A, Variation as V};
    match (variation, assurance) {
        (None, _) => Attention::InsufficientData,
        (Some(V::Concern), Some(A::Fail)) => Attention::ConcernAndFailing,
        (Some(V::Concern), _) => Attention::Concern,
        (_, Some(A::Fail)) => Attention::Failing,
        (Some(V::NeutralHigh | V::NeutralLow), _) => Attention::Special,
        (Some(V::Common), _) if runs => Attention::Special,
        (Some(V::Improvement), None) | (_, Some(A::Pass)) => Attention::Fine,
        (_, Some(A::Inconsistent)) => Attention::ByChance,
        (Some(V::Common), None) => Attention::Steady,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_divides_a_series_is_read() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!("phases".parse(), Ok(Rebase::Phases));
        assert_eq!("none".parse(), Ok(Rebase::None));
        assert_eq!(
            "2005-04-01,2006-01-01".parse(),
            Ok(Rebase::Dates(vec![date("2005-04-01"), date("2006-01-01")]))
        );
        for wrong in ["", "2005", "2005-04-01,", "all"] {
            assert!(wrong.parse::<Rebase>().is_err(), "{wrong}");
        }
    }
}

//! Data quality: of each unit, and of all beneath a node that the reader may see, by counts.

use std::collections::HashMap;

use spiral_domain::analysis::{
    DataQuality, Expected, QualityCounts, QualityFinding, QualityNote, QualityRow, RollUpNode, SeriesSort,
};
use spiral_domain::measures::{MeasureLink, Period, Scale};
use spiral_domain::{Date, MeasureId, PageRequest, Reference, Result, UnitId, Withheld};
use spiral_stats::plausible::{outliers, repeats};
use spiral_stats::rate::rate;
use spiral_store::{SeriesOf, SeriesUnit};

use super::charts::{Asked, ChartQuery, Named, code_place, malformed, page_info};
use crate::caller::Caller;

mod look;

use look::{Figures, Look};

/// A figure is on time within so many days, if nothing else is said.
const ON_TIME: i64 = 31;
/// So many figures that are the same are called stuck.
const STUCK: usize = 6;
/// At most so many notes stand beside a unit.
const MOST_NOTES: usize = 50;

/// Whose data quality is asked for, and how it is judged.
#[derive(Debug, Clone)]
pub struct QualityQuery {
    /// The measure; a code means its latest version.
    pub measure: Reference,
    /// The unit.
    pub unit: Option<Reference>,
    /// The unit at and beneath which units have rows.
    pub within: Option<Reference>,
    /// The network whose members have rows.
    pub network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent.
    pub tier: Option<spiral_domain::tenancy::Tier>,
    /// Periods that begin on this day or later.
    pub from: Option<Date>,
    /// Periods that end on this day or earlier.
    pub to: Option<Date>,
    /// Who is expected to report.
    pub expected: Expected,
    /// A figure is on time within so many days; 31 if absent.
    pub on_time_days: Option<i64>,
    /// By code, or the least complete first.
    pub sort: SeriesSort,
}

impl QualityQuery {
    /// A measure, as is usual.
    pub fn of(measure: Reference) -> Self {
        Self {
            measure,
            unit: None,
            within: None,
            network: None,
            tier: None,
            from: None,
            to: None,
            expected: Expected::All,
            on_time_days: None,
            sort: SeriesSort::Code,
        }
    }

    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("data quality {self:?}")
    }

    fn charts(&self) -> ChartQuery {
        ChartQuery {
            unit: self.unit.clone(),
            within: self.within.clone(),
            network: self.network.clone(),
            tier: self.tier,
            from: self.from,
            to: self.to,
            earlier_versions: false,
            ..ChartQuery::of(self.measure.clone())
        }
    }
}

/// What is said of some units together.
#[derive(Debug, Clone, Default)]
struct Tally {
    counts: QualityCounts,
    lags: Vec<i64>,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        let (mine, more) = (&mut self.counts, &other.counts);
        mine.units += more.units;
        mine.expected += more.expected;
        mine.reported += more.reported;
        mine.without_figure += more.without_figure;
        mine.unexpected += more.unexpected;
        mine.figures += more.figures;
        mine.estimated += more.estimated;
        mine.on_time += more.on_time;
        mine.zero_denominator += more.zero_denominator;
        mine.outliers += more.outliers;
        mine.stuck += more.stuck;
        mine.strata_differ += more.strata_differ;
        mine.revised += more.revised;
        mine.revisions += more.revisions;
        self.lags.extend_from_slice(&other.lags);
    }

    fn completeness(&self) -> Option<f64> {
        percent(self.counts.reported, self.counts.expected)
    }

    fn timeliness(&self) -> Option<f64> {
        percent(self.counts.on_time, self.counts.figures)
    }

    fn median_lag(&self) -> Option<f64> {
        let mut lags = self.lags.clone();
        lags.sort_unstable();
        let count = lags.len();
        let (low, high) = (lags.get(count.checked_sub(1)? / 2)?, lags.get(count / 2)?);
        #[expect(clippy::cast_precision_loss, reason = "days, far below 2^53")]
        let median = (low + high) as f64 / 2.0;
        Some(median)
    }
}

fn percent(part: i64, whole: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let (part, whole) = (part as f64, whole as f64);
    rate(part, whole, 100.0)
}

/// The data quality of a measure, a page of units at a time.
pub async fn data_quality(caller: &Caller, query: &QualityQuery, page: &PageRequest) -> Result<DataQuality> {
    let limit = usize::try_from(caller.limit(page)?).unwrap_or(usize::MAX);
    let on_time = query.on_time_days.unwrap_or(ON_TIME);
    if !(0..=3660).contains(&on_time) {
        let detail = "`onTimeDays` is between 0 and 3660";
        return Err(malformed("/query/onTimeDays", "out_of_range", detail));
    }
    let charts = query.charts();
    let asked = Asked::of(caller, &charts).await?;
    let named = asked.named_units().await?;
    let reporting = asked.reporting(&named).await?;
    let nodes = named.units;
    let time = asked.time(&nodes).await?;
    let measure = asked.measure().clone();
    let mut answer = DataQuality {
        from: time.map(|time| time.start),
        to: time.map(|time| time.end),
        expected: query.expected,
        on_time_days: on_time,
        coverage: spiral_domain::analysis::SeriesCoverage::default(),
        whole: QualityCounts::default(),
        completeness: None,
        timeliness: None,
        median_lag_days: None,
        data: Vec::new(),
        page: page_info(None),
        measure,
    };
    let open = |unit: &SeriesUnit| time.is_none_or(|time| unit.open_in(time));
    let reporting: Vec<SeriesUnit> = reporting.into_iter().filter(open).collect();
    answer.coverage.eligible = count(reporting.len());
    let seen: Vec<SeriesUnit> = reporting.into_iter().filter(|unit| unit.visible).collect();
    answer.coverage.shown = count(seen.len());
    let (tallies, mut notes) = match time {
        Some(time) => asked.look_at(&seen, time, query.expected, on_time).await?,
        None => (HashMap::new(), HashMap::new()),
    };
    let mut whole = Tally::default();
    for tally in tallies.values() {
        whole.add(tally);
    }
    answer.whole = whole.counts;
    answer.completeness = whole.completeness();
    answer.timeliness = whole.timeliness();
    answer.median_lag_days = whole.median_lag();
    let alone = query.unit.is_some();
    let mut rows: Vec<(Vec<u8>, QualityRow)> = nodes
        .iter()
        .filter(|node| alone || asked.is_summed(node.tier) || node.visible && open(node))
        .map(|node| {
            let row = row_of(&asked, node, &seen, &tallies, &mut notes);
            (place_of(query.sort, node, &row), row)
        })
        .collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let list = query.list();
    if let Some(cursor) = &page.cursor {
        let opened = caller.open_cursor(&list, cursor)?;
        rows.retain(|(place, _)| *place > opened);
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|(place, _)| caller.sign_cursor(&list, place));
    answer.page = page_info(next);
    answer.data = rows.into_iter().map(|(_, row)| row).collect();
    Ok(answer)
}

/// The data quality of a measure at each of these units, in a constant number of statements. Units that keep their
/// observations from the caller say so.
pub async fn data_quality_of(
    caller: &Caller,
    query: &QualityQuery,
    units: &[UnitId],
) -> Result<HashMap<UnitId, QualityRow>> {
    let charts = query.charts();
    let asked = Asked::of(caller, &charts).await?;
    let of = SeriesOf::Units(units);
    let named = Named {
        units: caller.store().series_units(&of, asked.default_level()).await?,
        within: None,
    };
    let mut reporting = asked.reporting(&named).await?;
    // Above the tier that reports stand sums, at it the units themselves.
    let own = named.units.iter().filter(|unit| !asked.is_summed(unit.tier));
    reporting.extend(own.cloned());
    reporting.sort_by_key(|unit| unit.id);
    reporting.dedup_by_key(|unit| unit.id);
    let time = asked.time(&named.units).await?;
    reporting.retain(|unit| unit.visible && time.is_none_or(|time| unit.open_in(time)));
    let on_time = query.on_time_days.unwrap_or(ON_TIME);
    let (tallies, mut notes) = match time {
        Some(time) => asked.look_at(&reporting, time, query.expected, on_time).await?,
        None => (HashMap::new(), HashMap::new()),
    };
    Ok(named
        .units
        .iter()
        .map(|node| {
            let row = row_of(&asked, node, &reporting, &tallies, &mut notes);
            (node.id, row)
        })
        .collect())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn row_of(
    asked: &Asked<'_>,
    node: &SeriesUnit,
    seen: &[SeriesUnit],
    tallies: &HashMap<UnitId, Tally>,
    notes: &mut HashMap<UnitId, Vec<QualityNote>>,
) -> QualityRow {
    let aggregated = asked.is_summed(node.tier);
    let mut tally = Tally::default();
    if aggregated {
        let beneath = seen.iter().filter(|unit| unit.path.starts_with(&node.path));
        for of_unit in beneath.filter_map(|unit| tallies.get(&unit.id)) {
            tally.add(of_unit);
        }
    } else if let Some(own) = tallies.get(&node.id) {
        tally.add(own);
    }
    QualityRow {
        node: RollUpNode {
            unit_id: Some(node.id),
            network_id: None,
            code: node.code.clone(),
            name: node.name.clone(),
            tier: Some(node.tier),
        },
        aggregated,
        withheld: (!aggregated && !node.visible).then_some(Withheld { level: node.level }),
        counts: tally.counts,
        completeness: tally.completeness(),
        timeliness: tally.timeliness(),
        median_lag_days: tally.median_lag(),
        notes: if aggregated {
            Vec::new()
        } else {
            notes.remove(&node.id).unwrap_or_default()
        },
    }
}

/// Where a row stands: by code; or the least complete first, those of whom nothing is expected last.
fn place_of(sort: SeriesSort, node: &SeriesUnit, row: &QualityRow) -> Vec<u8> {
    let mut place = Vec::new();
    if sort == SeriesSort::Worst {
        let complete = row.completeness.map_or(u64::MAX, f64::to_bits);
        place.extend_from_slice(&complete.to_be_bytes());
        let odd =
            row.counts.zero_denominator + row.counts.outliers + row.counts.stuck + row.counts.strata_differ;
        place.extend_from_slice(&(i64::MAX - odd).to_be_bytes());
    }
    place.extend(code_place(node));
    place
}

impl Asked<'_> {
    /// The units that report at or beneath these.
    async fn reporting(&self, named: &Named) -> Result<Vec<SeriesUnit>> {
        let summed = named.units.iter().filter(|node| self.is_summed(node.tier));
        let paths: Vec<String> = summed.map(|node| node.path.clone()).collect();
        if paths.is_empty() {
            return Ok(named.units.clone());
        }
        let tier = self.measure().reporting_tier;
        let of = match &named.within {
            Some(within) => SeriesOf::Within(within, tier),
            None => SeriesOf::Beneath(&paths, tier),
        };
        self.caller()
            .store()
            .series_units(&of, self.default_level())
            .await
    }

    /// What each unit's figures are like.
    async fn look_at(
        &self,
        units: &[SeriesUnit],
        time: Period,
        expected: Expected,
        on_time: i64,
    ) -> Result<(HashMap<UnitId, Tally>, HashMap<UnitId, Vec<QualityNote>>)> {
        let figures = Figures::read(self, units, time).await?;
        let links = self.links(units).await?;
        let look = Look::new(self, time, expected, on_time)?;
        let (mut tallies, mut notes) = (HashMap::new(), HashMap::new());
        for unit in units {
            let own = links.get(&unit.id).map_or(&[][..], Vec::as_slice);
            let (tally, found) = look.at(unit, own, &figures);
            tallies.insert(unit.id, tally);
            notes.insert(unit.id, found);
        }
        Ok((tallies, notes))
    }

    /// The links of these units to the measure in any version that it goes on from.
    async fn links(&self, units: &[SeriesUnit]) -> Result<HashMap<UnitId, Vec<MeasureLink>>> {
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let store = self.caller().store();
        let versions: Vec<MeasureId> = store
            .measure_versions(&self.measure().code)
            .await?
            .iter()
            .map(|version| version.id)
            .collect();
        let found = store
            .find::<MeasureLink>()
            .among("r.unit_id", &ids)
            .among("r.measure_id", &versions)
            .filter("not r.retracted", [])
            .all("r.id")
            .await?;
        let mut links: HashMap<UnitId, Vec<MeasureLink>> = HashMap::new();
        for link in found {
            links.entry(link.unit_id).or_default().push(link);
        }
        Ok(links)
    }
}

/// Whether a scale's figures repeat by chance, so that nothing is said of it: zero events in a quiet place.
fn is_quiet(scale: Scale, numerator: Option<f64>) -> bool {
    scale == Scale::Count && numerator == Some(0.0)
}

/// Places of figures that are far from the others, and stretches of ones that are the same.
fn odd(values: &[Option<f64>], figures: &[Option<[Option<u64>; 3]>]) -> (Vec<usize>, Vec<(usize, usize)>) {
    (outliers(values), repeats(figures, STUCK))
}

/// A note, if there is room for it.
fn note(
    notes: &mut Vec<QualityNote>,
    finding: QualityFinding,
    unit: UnitId,
    period: Period,
    detail: impl FnOnce() -> String,
) {
    if notes.len() < MOST_NOTES {
        notes.push(QualityNote {
            finding,
            unit_id: unit,
            period_start: period.start,
            period_end: period.end,
            detail: detail(),
        });
    }
}

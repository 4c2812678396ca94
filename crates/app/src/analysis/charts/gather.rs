//! The values of series: a unit's own as it reported them, others as sums.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::measures::{
    Measure, Observation, Period, Quality, Scale, Stratum, StratumDimension, contributions,
};
use spiral_domain::{Date, ObservationId, PrincipalId, Result, Sharing, UnitId};
use spiral_stats::rate::rate;
use spiral_store::{SeriesFilter, SeriesRow, SeriesUnit};

use super::{Asked, malformed};

/// At most so many values are read for one answer, and so many periods drawn.
pub(crate) const MOST_VALUES: i64 = 1_000_000;

/// A period of a series, with or without a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    pub period: Period,
    pub numerator: Option<f64>,
    pub denominator: Option<f64>,
    /// On the scale of the measure.
    pub value: Option<f64>,
    pub estimated: bool,
    /// By which version of the measure: its place in the lineage, 0 the latest.
    pub version: usize,
    /// Of a sum: how many units are in it, and could be.
    pub contributors: Option<i64>,
    pub eligible: Option<i64>,
    /// Of a sum: of how many of these the reader sees what they report.
    pub visible: Option<i64>,
    /// Of a sum: what each unit in it measured, for charts of subgroups.
    pub parts: Vec<f64>,
}

impl Slot {
    pub fn empty(period: Period, version: usize) -> Self {
        Self {
            period,
            numerator: None,
            denominator: None,
            value: None,
            estimated: false,
            version,
            contributors: None,
            eligible: None,
            visible: None,
            parts: Vec::new(),
        }
    }
}

/// The series of some units.
pub(crate) struct Gathered {
    by_unit: HashMap<UnitId, Vec<Slot>>,
}

/// A figure on the scale of a measure: what it is a part of, and what is shown.
pub(crate) fn shown(
    measure: &Measure,
    numerator: Option<f64>,
    denominator: Option<f64>,
    value: Option<f64>,
) -> Option<f64> {
    match measure.scale {
        Scale::Proportion | Scale::Rate => rate(numerator?, denominator?, measure.multiplier),
        Scale::Count => numerator,
        Scale::Continuous | Scale::Score | Scale::TimeBetween => {
            value.map(|value| value * measure.multiplier)
        }
    }
}

/// What one unit reported for one period: of a stratum, or of the whole, which may have to be summed from strata.
pub(crate) fn figure_of(
    measure: &Measure,
    dimensions: &[&StratumDimension],
    stratum: &Stratum,
    period: Period,
    rows: &[&SeriesRow],
) -> Slot {
    let mut slot = Slot::empty(period, 0);
    if let Some(row) = rows.iter().find(|row| row.stratum == *stratum) {
        if row.quality.has_figure() {
            #[expect(clippy::cast_precision_loss, reason = "at most 10^9, which is exact")]
            let n = row.n.map(|n| n as f64);
            slot.numerator = row
                .numerator
                .or_else(|| row.value.zip(n).map(|(mean, n)| mean * n));
            slot.denominator = row.denominator.or(n);
            slot.value = shown(measure, row.numerator, row.denominator, row.value);
            slot.estimated = row.quality == Quality::Estimated;
        }
        return slot;
    }
    if !stratum.is_whole() || dimensions.is_empty() {
        return slot;
    }
    let observed: Vec<Observation> = rows.iter().map(|row| observation(row)).collect();
    let observed: Vec<&Observation> = observed.iter().collect();
    let whole = contributions(measure, dimensions, &observed)
        .into_iter()
        .find(|part| part.stratum.is_whole());
    if let Some(whole) = whole {
        let counts_only = measure.scale == Scale::Count;
        slot.numerator = Some(whole.numerator);
        slot.denominator = (!counts_only).then_some(whole.denominator);
        let mean = (whole.denominator > 0.0).then(|| whole.numerator / whole.denominator);
        slot.value = shown(measure, slot.numerator, slot.denominator, mean);
        slot.estimated = rows.iter().any(|row| row.quality == Quality::Estimated);
    }
    slot
}

/// As far as it matters to a sum over strata.
pub(crate) fn observation(row: &SeriesRow) -> Observation {
    Observation {
        id: ObservationId(uuid::Uuid::nil()),
        measure_id: row.measure,
        unit_id: row.unit,
        period_start: row.period.start,
        period_end: row.period.end,
        stratum: row.stratum.clone(),
        numerator: row.numerator,
        denominator: row.denominator,
        value: row.value,
        n: row.n,
        quality: row.quality,
        source: None,
        external_id: None,
        recorded_at: row.recorded_at,
        recorded_by: PrincipalId(uuid::Uuid::nil()),
        retracted: false,
        sharing: Sharing::Team,
        version: 1,
    }
}

/// Rows of one unit, measure and period.
pub(crate) fn groups(rows: &[SeriesRow]) -> impl Iterator<Item = &[SeriesRow]> {
    rows.chunk_by(|one, other| (one.unit, one.period) == (other.unit, other.period))
}

impl Gathered {
    pub async fn of(asked: &Asked<'_>, units: &[SeriesUnit], time: Option<Period>) -> Result<Self> {
        let mut by_unit = HashMap::new();
        let Some(time) = time else {
            return Ok(Self { by_unit });
        };
        let own: Vec<UnitId> = units
            .iter()
            .filter(|unit| unit.visible && !asked.is_summed(unit.tier))
            .map(|unit| unit.id)
            .collect();
        if !own.is_empty() {
            asked.own_series(&own, time, &mut by_unit).await?;
        }
        let nodes: Vec<UnitId> = units
            .iter()
            .filter(|unit| asked.is_summed(unit.tier))
            .map(|unit| unit.id)
            .collect();
        if !nodes.is_empty() {
            asked.summed_series(&nodes, time, &mut by_unit).await?;
        }
        Ok(Self { by_unit })
    }

    pub fn of_unit(&self, unit: UnitId) -> &[Slot] {
        self.by_unit.get(&unit).map_or(&[], Vec::as_slice)
    }
}

impl Asked<'_> {
    async fn own_series(
        &self,
        units: &[UnitId],
        time: Period,
        by_unit: &mut HashMap<UnitId, Vec<Slot>>,
    ) -> Result<()> {
        let store = self.caller.store();
        let measures: Vec<_> = self.lineage.iter().map(|version| version.id).collect();
        let split = self.lineage.iter().any(|version| !version.dimensions.is_empty());
        let declared = if split && self.stratum.is_whole() {
            let codes: Vec<String> = self
                .lineage
                .iter()
                .flat_map(|version| version.dimensions.clone())
                .collect();
            store.dimensions_by_code(&codes).await?
        } else {
            HashMap::new()
        };
        let rows = store
            .series_rows(&SeriesFilter {
                measures: &measures,
                units,
                within: time,
                // The whole may have to be summed from strata.
                stratum: declared.is_empty().then(|| self.stratum.clone()),
                known_at: self.query.known_at,
                most: MOST_VALUES,
            })
            .await?;
        check_size(rows.len())?;
        let dimensions: Vec<Vec<&StratumDimension>> = self
            .lineage
            .iter()
            .map(|version| {
                let codes = version.dimensions.iter();
                codes.filter_map(|code| declared.get(code)).collect()
            })
            .collect();
        let mut slots = 0;
        for of_unit in rows.chunk_by(|one, other| one.unit == other.unit) {
            let Some(first) = of_unit.first() else { continue };
            let series = self.own(of_unit, &dimensions);
            slots += series.len();
            check_size(slots)?;
            by_unit.insert(first.unit, series);
        }
        Ok(())
    }

    /// The series of one unit: of each period the value by the version that was in use then, and gaps where there is
    /// none.
    fn own(&self, rows: &[SeriesRow], dimensions: &[Vec<&StratumDimension>]) -> Vec<Slot> {
        let mut by_version: Vec<Vec<Slot>> = vec![Vec::new(); self.lineage.len()];
        for group in groups(rows) {
            for (version, measure) in self.lineage.iter().enumerate() {
                let of_version: Vec<&SeriesRow> =
                    group.iter().filter(|row| row.measure == measure.id).collect();
                if let Some(first) = of_version.first() {
                    let mut slot = figure_of(
                        measure,
                        &dimensions[version],
                        &self.stratum,
                        first.period,
                        &of_version,
                    );
                    slot.version = version;
                    by_version[version].push(slot);
                }
            }
        }
        self.in_order(by_version)
    }

    /// One series of several versions: each from its first value on, until a later one has its first.
    pub(super) fn in_order(&self, by_version: Vec<Vec<Slot>>) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        let mut until = Date::MAX;
        for of_version in by_version {
            let first = of_version
                .iter()
                .find(|slot| slot.value.is_some())
                .map(|slot| slot.period.start);
            let Some(first) = first.filter(|first| *first < until) else {
                continue;
            };
            let mut earlier: Vec<Slot> = of_version
                .into_iter()
                .filter(|slot| first <= slot.period.start && slot.period.start < until)
                .collect();
            earlier.append(&mut slots);
            slots = earlier;
            until = first;
        }
        while slots.last().is_some_and(|slot| slot.value.is_none()) {
            slots.pop();
        }
        if self.measure.irregular {
            return slots;
        }
        self.with_gaps(slots)
    }

    /// Every period between the first and the last, those that are missing without a value.
    fn with_gaps(&self, slots: Vec<Slot>) -> Vec<Slot> {
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
            return slots;
        };
        let (first, last) = (first.period, last.period);
        let most = usize::try_from(MOST_VALUES).unwrap_or(usize::MAX);
        let mut there: BTreeMap<Date, Slot> =
            slots.into_iter().map(|slot| (slot.period.start, slot)).collect();
        let mut whole = Vec::with_capacity(there.len());
        let (mut start, mut end) = (first.start, first.end);
        let mut version = 0;
        while start <= last.start && whole.len() <= most {
            let slot = there
                .remove(&start)
                .unwrap_or_else(|| Slot::empty(Period { start, end }, version));
            version = slot.version;
            whole.push(slot);
            (start, end) = self.measure.cadence.around(end.next());
        }
        whole
    }
}

/// Refuses more than one answer can hold.
pub(crate) fn check_size(values: usize) -> Result<()> {
    if i64::try_from(values).is_ok_and(|values| values <= MOST_VALUES) {
        return Ok(());
    }
    let detail =
        format!("these are more than {MOST_VALUES} values; narrow `from` and `to`, or the part of the tree");
    Err(malformed("/query/from", "too_many_cells", detail))
}

//! What one unit's figures are like.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::analysis::{Expected, QualityFinding, QualityNote};
use spiral_domain::measures::{Measure, MeasureLink, Period, Stratum, StratumDimension, contributions};
use spiral_domain::{Date, Result, Timestamp, UnitId};
use spiral_store::{SeriesFilter, SeriesRow, SeriesUnit};

use super::{Tally, is_quiet, note, odd};
use crate::analysis::charts::{Asked, MOST_VALUES, check_size, figure_of, groups, observation};

/// Everything that units reported, and how it came to be so.
pub(super) struct Figures {
    rows: Vec<SeriesRow>,
    /// Where each unit's rows begin and end.
    of_unit: HashMap<UnitId, (usize, usize)>,
    /// How often an observation was changed, and when it was first recorded.
    changes: HashMap<(UnitId, Period, Stratum), (i64, Timestamp)>,
    dimensions: Vec<StratumDimension>,
}

impl Figures {
    pub async fn read(asked: &Asked<'_>, units: &[SeriesUnit], time: Period) -> Result<Self> {
        let store = asked.caller().store();
        let measure = asked.measure();
        let declared = store.dimensions_by_code(&measure.dimensions).await?;
        let dimensions = measure
            .dimensions
            .iter()
            .filter_map(|code| declared.get(code).cloned())
            .collect();
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let filter = SeriesFilter {
            measures: &[measure.id],
            units: &ids,
            within: time,
            stratum: None,
            known_at: None,
            most: MOST_VALUES,
        };
        let rows = store.series_rows(&filter).await?;
        check_size(rows.len())?;
        let mut of_unit = HashMap::with_capacity(units.len());
        let mut at = 0;
        for chunk in rows.chunk_by(|one, other| one.unit == other.unit) {
            if let Some(first) = chunk.first() {
                of_unit.insert(first.unit, (at, at + chunk.len()));
            }
            at += chunk.len();
        }
        let changes = store
            .series_changes(&filter)
            .await?
            .into_iter()
            .map(|change| {
                let key = (change.unit, change.period, change.stratum);
                (key, (change.times, change.first_recorded_at))
            })
            .collect();
        Ok(Self {
            rows,
            of_unit,
            changes,
            dimensions,
        })
    }

    fn of(&self, unit: UnitId) -> &[SeriesRow] {
        self.of_unit
            .get(&unit)
            .map_or(&[], |(from, to)| &self.rows[*from..*to])
    }
}

/// What is looked for.
pub(super) struct Look<'a> {
    measure: &'a Measure,
    today: Date,
    expected: Expected,
    on_time: i64,
    /// The periods of the time; none for an irregular measure.
    periods: Vec<Period>,
}

impl<'a> Look<'a> {
    pub fn new(asked: &'a Asked<'_>, time: Period, expected: Expected, on_time: i64) -> Result<Self> {
        let measure = asked.measure();
        let mut periods = Vec::new();
        if !measure.irregular {
            let (mut start, mut end) = measure.cadence.around(time.start);
            while end <= time.end {
                if start >= time.start {
                    periods.push(Period { start, end });
                    check_size(periods.len())?;
                }
                (start, end) = measure.cadence.around(end.next());
            }
        }
        Ok(Self {
            measure,
            today: asked.caller().today(),
            expected,
            on_time,
            periods,
        })
    }

    /// Whether the unit is expected to report a period: it is over, the unit was open in it and, if it is linked to
    /// the measure at all, linked then.
    fn expects(&self, unit: &SeriesUnit, links: &[MeasureLink], period: Period) -> bool {
        let linked = links.iter().any(|link| {
            link.starts_on.is_none_or(|first| first <= period.end)
                && link.ends_on.is_none_or(|last| period.start <= last)
        });
        let by_link = match self.expected {
            Expected::All => links.is_empty() || linked,
            Expected::Linked => linked,
        };
        by_link && period.end < self.today && unit.open_in(period)
    }

    pub fn at(
        &self,
        unit: &SeriesUnit,
        links: &[MeasureLink],
        figures: &Figures,
    ) -> (Tally, Vec<QualityNote>) {
        let mut tally = Tally::default();
        let mut notes = Vec::new();
        tally.counts.units = 1;
        let rows = figures.of(unit.id);
        let dimensions: Vec<&StratumDimension> = figures.dimensions.iter().collect();
        let mut there: BTreeMap<Period, (Option<f64>, Option<[Option<u64>; 3]>)> = BTreeMap::new();
        for group in groups(rows) {
            let Some(first) = group.first() else { continue };
            let all: Vec<&SeriesRow> = group.iter().collect();
            let slot = figure_of(self.measure, &dimensions, &Stratum::whole(), first.period, &all);
            let counted = slot.numerator.is_some() || slot.value.is_some();
            let same = [slot.numerator, slot.denominator, slot.value].map(|part| part.map(f64::to_bits));
            let quiet = is_quiet(self.measure.scale, slot.numerator);
            there.insert(
                first.period,
                (
                    slot.value.or(slot.numerator.filter(|_| counted)),
                    (counted && !quiet).then_some(same),
                ),
            );
            for row in group {
                self.count_row(row, figures, &mut tally);
            }
            if slot.denominator == Some(0.0) && counted {
                tally.counts.zero_denominator += 1;
                note(
                    &mut notes,
                    QualityFinding::ZeroDenominator,
                    unit.id,
                    first.period,
                    || "the denominator is zero".into(),
                );
            }
            if let Some(words) = self.strata_differ(&dimensions, &all) {
                tally.counts.strata_differ += 1;
                note(
                    &mut notes,
                    QualityFinding::StrataDiffer,
                    unit.id,
                    first.period,
                    || words,
                );
            }
        }
        self.expect(unit, links, &there, &mut tally, &mut notes);
        let periods: Vec<Period> = there.keys().copied().collect();
        let values: Vec<Option<f64>> = there.values().map(|figure| figure.0).collect();
        let same: Vec<Option<[Option<u64>; 3]>> = there.values().map(|figure| figure.1).collect();
        let (far, stuck) = odd(&values, &same);
        tally.counts.outliers += super::count(far.len());
        tally.counts.stuck += super::count(stuck.len());
        for at in far {
            let value = values[at].unwrap_or_default();
            note(&mut notes, QualityFinding::Outlier, unit.id, periods[at], || {
                format!("{value} lies far from the unit's other values")
            });
        }
        for (at, length) in stuck {
            note(&mut notes, QualityFinding::Stuck, unit.id, periods[at], || {
                format!("{length} figures in a row are the same")
            });
        }
        notes.sort_by_key(|note| (note.period_start, note.finding));
        (tally, notes)
    }

    fn count_row(&self, row: &SeriesRow, figures: &Figures, tally: &mut Tally) {
        let key = (row.unit, row.period, row.stratum.clone());
        let mut first = row.recorded_at;
        if let Some((times, earliest)) = figures.changes.get(&key) {
            tally.counts.revised += 1;
            tally.counts.revisions += times;
            first = first.min(*earliest);
        }
        if !row.quality.has_figure() {
            return;
        }
        tally.counts.figures += 1;
        tally.counts.estimated += i64::from(row.quality == spiral_domain::measures::Quality::Estimated);
        let lag = (first.date().0 - row.period.end.0).num_days().max(0);
        tally.counts.on_time += i64::from(lag <= self.on_time);
        tally.lags.push(lag);
    }

    fn expect(
        &self,
        unit: &SeriesUnit,
        links: &[MeasureLink],
        there: &BTreeMap<Period, (Option<f64>, Option<[Option<u64>; 3]>)>,
        tally: &mut Tally,
        notes: &mut Vec<QualityNote>,
    ) {
        let mut met = 0;
        for period in &self.periods {
            if !self.expects(unit, links, *period) {
                continue;
            }
            tally.counts.expected += 1;
            match there.get(period) {
                Some((Some(_), _)) => {
                    tally.counts.reported += 1;
                    met += 1;
                }
                Some((None, _)) => tally.counts.without_figure += 1,
                None => note(notes, QualityFinding::Missing, unit.id, *period, || {
                    "nothing was reported".into()
                }),
            }
        }
        let all = there.values().filter(|figure| figure.0.is_some()).count();
        if !self.measure.irregular {
            tally.counts.unexpected += super::count(all) - met;
        }
    }

    /// What the whole and the sum of its strata say, if they differ.
    fn strata_differ(&self, dimensions: &[&StratumDimension], rows: &[&SeriesRow]) -> Option<String> {
        let whole = rows
            .iter()
            .find(|row| row.stratum.is_whole() && row.quality.has_figure())?;
        if dimensions.is_empty() || rows.len() < 2 {
            return None;
        }
        let parts: Vec<_> = rows
            .iter()
            .filter(|row| !row.stratum.is_whole())
            .map(|row| observation(row))
            .collect();
        let parts: Vec<_> = parts.iter().collect();
        let sum = contributions(self.measure, dimensions, &parts)
            .into_iter()
            .find(|part| part.stratum.is_whole())?;
        let own = observation(whole);
        let own = contributions(self.measure, &[], &[&own]).into_iter().next()?;
        let differ = |one: f64, other: f64| (one - other).abs() > 1e-9 * (one.abs() + other.abs());
        (differ(own.numerator, sum.numerator) || differ(own.denominator, sum.denominator)).then(|| {
            format!(
                "the whole is {} of {}, its strata add up to {} of {}",
                own.numerator, own.denominator, sum.numerator, sum.denominator
            )
        })
    }
}

//! From the values of a series to everything that is drawn of it.

use spiral_domain::analysis::{
    Assurance, Attention, ChartKind, ChartPhase, ChartPoint, ChartSeries, ChartVerdict, ChartWarning,
    InsufficientData, PhaseCause, RollUpNode, SeriesTarget, SeriesWarning, Variation,
};
use spiral_domain::measures::{Direction, Scale};
use spiral_domain::{Date, PhaseId, Withheld};
use spiral_stats::season::is_seasonal;
use spiral_store::SeriesUnit;

use super::gather::Slot;
use super::marks::Marks;
use super::{Asked, Rebase, attention};

mod shewhart;
mod xmr;

/// Fewer values of the last phase than this are no ground for a verdict.
const ENOUGH: usize = 12;
/// The same on charts that judge by runs.
const ENOUGH_USEFUL: usize = 10;
/// Series with fewer values than this are not said to be of rare events.
const SOME: usize = 5;

/// Where a phase begins, and why.
#[derive(Debug, Clone)]
struct Opening {
    row: usize,
    cause: PhaseCause,
    phase_id: Option<PhaseId>,
    label: Option<String>,
}

/// A series half drawn: its points and phases still without what the chart computes.
struct Canvas<'a> {
    asked: &'a Asked<'a>,
    slots: &'a [Slot],
    openings: Vec<Opening>,
    points: Vec<ChartPoint>,
    phases: Vec<ChartPhase>,
    warnings: Vec<SeriesWarning>,
    target: Option<SeriesTarget>,
}

/// What the computation of a chart says of the end of the series.
struct End {
    variation: Variation,
    assurance: Option<Assurance>,
    distance: Option<f64>,
    /// How many values of the last phase count, and how many must.
    values: usize,
    need: usize,
    /// Whether the runs of the last phase give a signal.
    runs: bool,
}

impl Asked<'_> {
    /// The series of a unit with what the chart computes of it.
    pub(super) fn series(&self, unit: &SeriesUnit, slots: &[Slot], marks: &Marks) -> ChartSeries {
        let summed = self.is_summed(unit.tier);
        let withheld = (!summed && !unit.visible).then_some(Withheld { level: unit.level });
        let mut canvas = self.canvas(unit, slots, marks);
        let verdict = canvas.verdict();
        let ends = slots.first().zip(slots.last());
        ChartSeries {
            node: RollUpNode {
                unit_id: Some(unit.id),
                network_id: None,
                code: unit.code.clone(),
                name: unit.name.clone(),
                tier: Some(unit.tier),
            },
            aggregated: summed,
            withheld,
            verdict,
            target: canvas.target,
            warnings: canvas.warnings,
            phases: canvas.phases,
            points: canvas.points,
            annotations: ends.map_or_else(Vec::new, |(first, last)| {
                marks.annotations(unit.id, first.period.start, last.period.end)
            }),
        }
    }

    fn canvas<'a>(&'a self, unit: &SeriesUnit, slots: &'a [Slot], marks: &Marks) -> Canvas<'a> {
        let mut warnings = Vec::new();
        let openings = self.openings(unit, slots, marks, &mut warnings);
        let of_measure = |version: usize| {
            let measure = &self.lineage[version];
            measure.target.map(|value| SeriesTarget {
                value,
                target_id: None,
                set_by_unit_id: measure.unit_id,
            })
        };
        let target_on = |day: Date, version: usize| {
            marks
                .targets()
                .published(unit, day)
                .or_else(|| of_measure(version))
        };
        let mut points = Vec::with_capacity(slots.len());
        let mut phase = 0;
        for (row, slot) in slots.iter().enumerate() {
            while openings.get(phase + 1).is_some_and(|next| next.row <= row) {
                phase += 1;
            }
            points.push(ChartPoint {
                period_start: slot.period.start,
                period_end: slot.period.end,
                value: slot.value,
                numerator: slot.numerator,
                denominator: slot.denominator,
                phase: small(phase),
                centre: None,
                lower: None,
                upper: None,
                near_lower: None,
                near_upper: None,
                target: target_on(slot.period.end, slot.version).map(|target| target.value),
                variation: Variation::Common,
                rule: None,
                rules: Vec::new(),
                estimated: slot.estimated,
                contributors: slot.contributors,
                eligible: slot.eligible,
            });
        }
        let phases = openings
            .iter()
            .enumerate()
            .map(|(n, opening)| {
                let end = openings.get(n + 1).map_or(slots.len(), |next| next.row);
                let of_phase = &slots[opening.row..end];
                ChartPhase {
                    cause: opening.cause,
                    phase_id: opening.phase_id,
                    label: opening.label.clone(),
                    measure_version: self.lineage[of_phase.first().map_or(0, |slot| slot.version)]
                        .measure_version,
                    starts_on: of_phase.first().map_or(Date::MIN, |slot| slot.period.start),
                    periods: small(of_phase.len()),
                    values: small(of_phase.iter().filter(|slot| slot.value.is_some()).count()),
                    centre: None,
                    lower: None,
                    upper: None,
                    average_moving_range: None,
                    runs: None,
                }
            })
            .collect();
        let target = match slots.last() {
            Some(last) => target_on(last.period.end, last.version),
            None => target_on(self.caller.today(), 0),
        };
        let mut canvas = Canvas {
            asked: self,
            slots,
            openings,
            points,
            phases,
            warnings,
            target,
        };
        canvas.warn_of_values();
        canvas
    }

    /// Where phases begin: at the first value, at each new version, and where the question says.
    fn openings(
        &self,
        unit: &SeriesUnit,
        slots: &[Slot],
        marks: &Marks,
        warnings: &mut Vec<SeriesWarning>,
    ) -> Vec<Opening> {
        let mut openings: Vec<Opening> = Vec::new();
        if slots.is_empty() {
            return openings;
        }
        openings.push(Opening {
            row: 0,
            cause: PhaseCause::Start,
            phase_id: None,
            label: None,
        });
        for (row, pair) in slots.windows(2).enumerate() {
            if pair[0].version != pair[1].version {
                openings.push(Opening {
                    row: row + 1,
                    cause: PhaseCause::Version,
                    phase_id: None,
                    label: None,
                });
            }
        }
        let recorded = marks.phases(unit.id).iter().map(|phase| {
            let label = Some(phase.label.clone());
            (phase.starts_on, PhaseCause::Phase, Some(phase.id), label)
        });
        let asked: &[Date] = match &self.query.rebase {
            Rebase::Dates(dates) => dates,
            _ => &[],
        };
        let asked = asked.iter().map(|date| (*date, PhaseCause::Rebase, None, None));
        for (date, cause, phase_id, label) in recorded.chain(asked) {
            let row = slots.partition_point(|slot| slot.period.start < date);
            if row == slots.len() {
                let begun = SeriesWarning {
                    warning: ChartWarning::PhaseNotBegun,
                    phase: None,
                };
                if !warnings.contains(&begun) {
                    warnings.push(begun);
                }
                continue;
            }
            openings.push(Opening {
                row,
                cause,
                phase_id,
                label,
            });
        }
        // What begins at the same period is one phase: it is called by what began last.
        openings.sort_by_key(|opening| opening.row);
        let mut distinct: Vec<Opening> = Vec::with_capacity(openings.len());
        for opening in openings {
            match distinct.last_mut() {
                Some(last) if last.row == opening.row => {
                    if opening.cause != PhaseCause::Version || last.cause == PhaseCause::Start {
                        *last = opening;
                    }
                }
                _ => distinct.push(opening),
            }
        }
        distinct
    }
}

/// A count as it is published.
fn small(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl Canvas<'_> {
    fn warn(&mut self, warning: ChartWarning, phase: Option<usize>) {
        self.warnings.push(SeriesWarning {
            warning,
            phase: phase.map(small),
        });
    }

    /// The rows that open a phase after the first.
    fn parts(&self) -> Vec<usize> {
        self.openings.iter().skip(1).map(|opening| opening.row).collect()
    }

    fn direction(&self) -> Direction {
        self.asked.measure.direction
    }

    /// What a value above (or below) what is usual says.
    fn meaning(&self, high: bool) -> Variation {
        match (self.direction(), high) {
            (Direction::HigherIsBetter, true) | (Direction::LowerIsBetter, false) => Variation::Improvement,
            (Direction::HigherIsBetter, false) | (Direction::LowerIsBetter, true) => Variation::Concern,
            (Direction::Neutral, true) => Variation::NeutralHigh,
            (Direction::Neutral, false) => Variation::NeutralLow,
        }
    }

    /// How far a deviation counts for the worse.
    fn worse(&self, deviation: f64) -> f64 {
        match self.direction() {
            Direction::HigherIsBetter => -deviation,
            Direction::LowerIsBetter => deviation,
            Direction::Neutral => deviation.abs(),
        }
    }

    /// What can be said of the values whatever is drawn of them.
    fn warn_of_values(&mut self) {
        let values: Vec<Option<f64>> = self.slots.iter().map(|slot| slot.value).collect();
        let count = values.iter().flatten().count();
        let measure = &self.asked.measure;
        if self.asked.broken {
            self.warn(ChartWarning::EarlierVersionsLeftOut, None);
        }
        if !measure.irregular && count > 0 && count * 2 < values.len() {
            self.warn(ChartWarning::Sparse, None);
        }
        let counts = matches!(measure.scale, Scale::Proportion | Scale::Rate | Scale::Count);
        let takes_counts = !matches!(self.asked.kind, ChartKind::T | ChartKind::G | ChartKind::Run);
        let below_one = self
            .slots
            .iter()
            .filter(|slot| slot.value.is_some() && slot.numerator.is_some_and(|events| events < 1.0))
            .count();
        if counts && takes_counts && count >= SOME && below_one * 2 > count {
            self.warn(ChartWarning::RareEvents, None);
        }
        let cycle = match measure.cadence {
            spiral_domain::Interval::Month => 12,
            spiral_domain::Interval::Quarter => 4,
            _ => 0,
        };
        if cycle > 0 && !measure.irregular && is_seasonal(&values, cycle) {
            self.warn(ChartWarning::Seasonal, None);
        }
        let overlap = self
            .slots
            .windows(2)
            .any(|pair| pair[1].period.start <= pair[0].period.end);
        if overlap {
            self.warn(ChartWarning::OverlappingPeriods, None);
        }
        let mut sums = self.slots.iter().filter(|slot| slot.value.is_some());
        if let Some(first) = sums.next()
            && sums.any(|slot| slot.contributors != first.contributors)
        {
            self.warn(ChartWarning::CoverageChanges, None);
        }
    }

    /// Computes the chart, and says what its end says.
    fn verdict(&mut self) -> ChartVerdict {
        let last = self.slots.iter().rev().find(|slot| slot.value.is_some());
        let mut verdict = ChartVerdict {
            attention: Attention::InsufficientData,
            variation: None,
            assurance: None,
            latest_on: last.map(|slot| slot.period.end),
            latest: last.and_then(|slot| slot.value),
            distance: None,
            insufficient_data: None,
            not_computable: None,
        };
        if last.is_none() {
            let need = if self.asked.kind == ChartKind::Xmr {
                ENOUGH
            } else {
                ENOUGH_USEFUL
            };
            verdict.insufficient_data =
                InsufficientData::unless(0, need, "there is no value that you may see");
            return verdict;
        }
        let of_subgroups = matches!(self.asked.kind, ChartKind::Xbar | ChartKind::S);
        if of_subgroups && self.slots.iter().all(|slot| slot.parts.is_empty()) {
            let words =
                "the chart takes several values in each period: ask for a unit above the tier that reports";
            verdict.not_computable = Some(words.into());
            return verdict;
        }
        let end = match self.asked.kind {
            ChartKind::Xmr => self.xmr(),
            kind => self.shewhart(kind),
        };
        let end = match end {
            Ok(end) => end,
            Err(error) => {
                verdict.not_computable = Some(error.to_string());
                return verdict;
            }
        };
        verdict.distance = end.distance;
        verdict.insufficient_data = InsufficientData::unless(
            end.values,
            end.need,
            match (self.asked.kind, self.openings.len()) {
                (ChartKind::Xmr, 1) => "values behind the limits",
                (ChartKind::Xmr, _) => "values behind the limits of the last phase",
                (_, 1) => "values that are not on the centre line",
                (_, _) => "values of the last phase that are not on the centre line",
            },
        );
        if verdict.insufficient_data.is_none() {
            verdict.variation = Some(end.variation);
            verdict.assurance = end.assurance;
        }
        verdict.attention = attention(verdict.variation, verdict.assurance, end.runs);
        verdict
    }
}

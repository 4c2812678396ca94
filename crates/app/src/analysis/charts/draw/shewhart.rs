//! Run charts and Shewhart charts.

use spiral_domain::analysis::{
    Assurance, ChartKind, ChartRuns, ChartWarning, RunMethod, SignalRule, Variation,
};
use spiral_domain::measures::Direction;
use spiral_stats::Error;
use spiral_stats::run_chart::{Method, Runs};
use spiral_stats::shewhart::{Chart, Kind, Limits, Settings, Subgroup, Warning, chart};

use super::super::gather::Slot;
use super::{Canvas, ENOUGH_USEFUL, End, small};

fn kind_of(kind: ChartKind) -> Kind {
    match kind {
        ChartKind::Run => Kind::Run,
        ChartKind::Xmr | ChartKind::I => Kind::I,
        ChartKind::Mr => Kind::Mr,
        ChartKind::P => Kind::P,
        ChartKind::PPrime => Kind::PPrime,
        ChartKind::U => Kind::U,
        ChartKind::UPrime => Kind::UPrime,
        ChartKind::C => Kind::C,
        ChartKind::T => Kind::T,
        ChartKind::G => Kind::G,
        ChartKind::Xbar => Kind::Xbar,
        ChartKind::S => Kind::S,
    }
}

/// Whether a chart counts by itself, so that values are shown times the measure's multiplier only afterwards.
fn takes_ratios(kind: ChartKind) -> bool {
    matches!(
        kind,
        ChartKind::P | ChartKind::PPrime | ChartKind::U | ChartKind::UPrime
    )
}

fn subgroup(kind: ChartKind, slot: &Slot) -> Result<Subgroup, Error> {
    if takes_ratios(kind) {
        Subgroup::of_ratios(&[(slot.numerator, slot.denominator)])
    } else if matches!(kind, ChartKind::Xbar | ChartKind::S) {
        let parts: Vec<Option<f64>> = slot.parts.iter().copied().map(Some).collect();
        Subgroup::of_values(&parts)
    } else {
        Subgroup::of_values(&[slot.value])
    }
}

impl Canvas<'_> {
    pub(super) fn shewhart(&mut self, kind: ChartKind) -> Result<End, Error> {
        let subgroups = self
            .slots
            .iter()
            .map(|slot| subgroup(kind, slot))
            .collect::<Result<Vec<_>, _>>()?;
        let query = self.asked.query;
        let settings = Settings {
            freeze: query.baseline.and_then(|rows| usize::try_from(rows).ok()),
            parts: self.parts(),
            multiply: if takes_ratios(kind) {
                self.asked.measure.multiplier
            } else {
                1.0
            },
            method: match query.method {
                RunMethod::Anhoej => Method::Anhoej,
                RunMethod::BestBox => Method::BestBox,
                RunMethod::CutBox => Method::CutBox,
            },
            screening: query.screened,
            ..Settings::default()
        };
        let drawn = chart(kind_of(kind), &subgroups, &settings)?;
        self.place(&drawn);
        let useful = drawn.parts.last().map_or(0, |part| part.runs.useful);
        let runs = drawn.parts.last().is_some_and(|part| part.runs.signal);
        let latest = drawn
            .points
            .iter()
            .zip(&self.points)
            .rev()
            .find(|(point, _)| point.value.is_some());
        let (mut variation, mut distance, mut limits) = (Variation::Common, None, Limits::default());
        if let Some((computed, point)) = latest {
            variation = point.variation;
            limits = computed.limits;
            distance = computed.value.zip(point.centre).and_then(|(value, centre)| {
                let reach = if value >= centre {
                    limits.upper? - centre
                } else {
                    centre - limits.lower?
                };
                let deviation = (value - centre) / (reach / 3.0);
                let spread = matches!(kind, ChartKind::Mr | ChartKind::S);
                (reach > 0.0).then(|| {
                    if spread {
                        deviation.abs()
                    } else {
                        self.worse(deviation)
                    }
                })
            });
            // A run chart has no limits; where its runs are a signal, the last value's side says of what.
            if kind == ChartKind::Run
                && runs
                && let Some((value, centre)) = computed.value.zip(point.centre)
                && value != centre
            {
                variation = self.meaning(value > centre);
            }
        }
        Ok(End {
            variation,
            assurance: self.assurance(kind, limits),
            distance: distance.filter(|distance| distance.is_finite()),
            values: useful,
            need: ENOUGH_USEFUL,
            runs,
        })
    }

    /// How the last limits stand to the target. What charts of spread show is on no target's scale.
    fn assurance(&self, kind: ChartKind, limits: Limits) -> Option<Assurance> {
        if matches!(kind, ChartKind::Mr | ChartKind::S) {
            return None;
        }
        let target = self.target.as_ref()?.value;
        let (above, below) = match self.direction() {
            Direction::HigherIsBetter => (Assurance::Fail, Assurance::Pass),
            Direction::LowerIsBetter => (Assurance::Pass, Assurance::Fail),
            Direction::Neutral => return None,
        };
        let (lower, upper) = limits.lower.zip(limits.upper)?;
        Some(if target > upper {
            above
        } else if target < lower {
            below
        } else {
            Assurance::Inconsistent
        })
    }

    /// Puts what was computed in points and phases.
    fn place(&mut self, drawn: &Chart) {
        // More spread is neither better nor worse.
        let meaning = if matches!(self.asked.kind, ChartKind::Mr | ChartKind::S) {
            [Variation::NeutralLow, Variation::NeutralHigh]
        } else {
            [self.meaning(false), self.meaning(true)]
        };
        for (point, computed) in self.points.iter_mut().zip(&drawn.points) {
            point.value = computed.value;
            point.centre = drawn.parts.get(computed.part).and_then(|part| part.centre);
            point.lower = computed.limits.lower;
            point.upper = computed.limits.upper;
            point.near_lower = computed.inner.lower;
            point.near_upper = computed.inner.upper;
            if computed.signal {
                let high = computed
                    .value
                    .zip(point.centre)
                    .is_some_and(|(value, centre)| value > centre);
                point.variation = meaning[usize::from(high)];
                point.rule = Some(SignalRule::Beyond);
                point.rules = vec![SignalRule::Beyond];
            }
        }
        for (phase, part) in self.phases.iter_mut().zip(&drawn.parts) {
            phase.centre = part.centre;
            let end = part.start + part.subgroups;
            let mut limits = drawn.points[part.start..end].iter().map(|point| point.limits);
            let first = limits.next();
            if let Some(level) = first.filter(|first| limits.all(|other| other == *first)) {
                phase.lower = level.lower;
                phase.upper = level.upper;
            }
            phase.runs = Some(runs(part.runs));
        }
        for warning in &drawn.warnings {
            match *warning {
                Warning::FewPoints { part } => self.warn(ChartWarning::FewValues, Some(part)),
                Warning::NoLimits { part } => self.warn(ChartWarning::NoLimits, Some(part)),
                Warning::Narrowed { part } => self.warn(ChartWarning::Narrowed, Some(part)),
                Warning::FreezeUnused => self.warn(ChartWarning::BaselineUnused, None),
                // Parts lie within the series by construction.
                Warning::BeyondSeries => {}
            }
        }
    }
}

fn runs(runs: Runs) -> ChartRuns {
    ChartRuns {
        useful: small(runs.useful),
        longest: runs.longest.map(small),
        longest_max: runs.longest_max.map(small),
        crossings: runs.crossings.map(small),
        crossings_min: runs.crossings_min.map(small),
        signal: runs.signal,
        method: match runs.method {
            Method::Anhoej => RunMethod::Anhoej,
            Method::BestBox => RunMethod::BestBox,
            Method::CutBox => RunMethod::CutBox,
        },
    }
}

//! XmR charts.

use spiral_domain::analysis::{Assurance, ChartWarning, SignalRule, Variation};
use spiral_domain::measures::Direction;
use spiral_stats::Error;
use spiral_stats::xmr::{self, Baseline, Rule, Settings, Warning};

use super::{Canvas, ENOUGH, End};

/// Limits lie so many average moving ranges from the mean, which are three standard deviations.
const SIGMA: f64 = xmr::LIMIT / 3.0;

fn rule(rule: Rule) -> SignalRule {
    match rule {
        Rule::Beyond => SignalRule::Beyond,
        Rule::Trend => SignalRule::Trend,
        Rule::TwoOfThree => SignalRule::TwoOfThree,
        Rule::Shift => SignalRule::Shift,
    }
}

impl Canvas<'_> {
    pub(super) fn xmr(&mut self) -> Result<End, Error> {
        let values: Vec<Option<f64>> = self.slots.iter().map(|slot| slot.value).collect();
        let query = self.asked.query;
        let settings = Settings {
            direction: match self.direction() {
                Direction::HigherIsBetter => xmr::Direction::Increase,
                Direction::LowerIsBetter => xmr::Direction::Decrease,
                Direction::Neutral => xmr::Direction::Neutral,
            },
            target: self.target.as_ref().map(|target| target.value),
            rebase: self.parts(),
            baseline: query
                .baseline
                .and_then(|rows| usize::try_from(rows).ok())
                .map_or(Baseline::All, Baseline::First),
            screening: query.screened,
        };
        let chart = xmr::xmr(&values, &settings)?;
        for (point, computed) in self.points.iter_mut().zip(&chart.points) {
            if let Some(phase) = chart.phases.get(computed.phase) {
                point.centre = phase.mean;
                point.lower = phase.limits.map(|limits| limits.lower);
                point.upper = phase.limits.map(|limits| limits.upper);
                point.near_lower = phase.limits.map(|limits| limits.near_lower);
                point.near_upper = phase.limits.map(|limits| limits.near_upper);
            }
            point.variation = variation(computed.variation);
            point.rule = computed.signal.map(|signal| rule(signal.rule));
            point.rules = [Rule::Beyond, Rule::Trend, Rule::TwoOfThree, Rule::Shift]
                .into_iter()
                .filter(|one| computed.fired.has(*one))
                .map(rule)
                .collect();
        }
        for (phase, computed) in self.phases.iter_mut().zip(&chart.phases) {
            phase.centre = computed.mean;
            phase.lower = computed.limits.map(|limits| limits.lower);
            phase.upper = computed.limits.map(|limits| limits.upper);
            phase.average_moving_range = computed.limits.map(|limits| limits.average_moving_range);
        }
        for warning in &chart.warnings {
            let (warning, phase) = match *warning {
                Warning::ShortPhase { phase } => (ChartWarning::ShortPhase, phase),
                Warning::FewValues { phase } => (ChartWarning::FewValues, phase),
                Warning::NoLimits { phase } => (ChartWarning::NoLimits, phase),
                Warning::NoVariation { phase } => (ChartWarning::NoVariation, phase),
                Warning::LimitsCollapsed { phase } => (ChartWarning::LimitsCollapsed, phase),
            };
            self.warn(warning, Some(phase));
        }
        let last = chart.phases.last();
        let latest = values.iter().rev().flatten().next();
        let distance = latest
            .zip(last.and_then(|phase| phase.mean.zip(phase.limits)))
            .filter(|(_, (_, limits))| limits.average_moving_range > 0.0)
            .map(|(value, (mean, limits))| self.worse((value - mean) / (SIGMA * limits.average_moving_range)))
            .filter(|distance| distance.is_finite());
        let behind = last.map_or(0, |phase| {
            let rows = &values[phase.start..phase.start + phase.rows];
            let base = match settings.baseline {
                Baseline::First(rows_of_base) => &rows[..rows_of_base.min(rows.len())],
                _ => rows,
            };
            base.iter().flatten().count()
        });
        Ok(End {
            variation: chart.variation.map_or(Variation::Common, variation),
            assurance: chart.assurance.map(|assurance| match assurance {
                xmr::Assurance::Pass => Assurance::Pass,
                xmr::Assurance::Inconsistent => Assurance::Inconsistent,
                xmr::Assurance::Fail => Assurance::Fail,
            }),
            distance,
            values: behind,
            need: ENOUGH,
            runs: false,
        })
    }
}

fn variation(variation: xmr::Variation) -> Variation {
    match variation {
        xmr::Variation::Common => Variation::Common,
        xmr::Variation::Improvement => Variation::Improvement,
        xmr::Variation::Concern => Variation::Concern,
        xmr::Variation::NeutralHigh => Variation::NeutralHigh,
        xmr::Variation::NeutralLow => Variation::NeutralLow,
    }
}

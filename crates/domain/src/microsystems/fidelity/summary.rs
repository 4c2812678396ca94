//! How faithful the PDSA cycles of many teams are to the method: what the tiers above see of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::cycles::{Cycle, CycleKind};
use super::{FidelityFeature, cycle_fidelity};
use crate::ids::UnitId;
use crate::time::Date;

/// How many cycles were carried out, and how many of them have each feature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FidelityTally {
    /// The cycles.
    pub cycles: i64,
    /// Those with each feature, in the order of `FidelityFeature::ALL`.
    pub with: [i64; 5],
}

impl FidelityTally {
    /// Adds what another one has.
    pub fn add(&mut self, other: &Self) {
        self.cycles += other.cycles;
        for (sum, more) in self.with.iter_mut().zip(other.with) {
            *sum += more;
        }
    }
}

/// What the cycles of one ramp add to each month, by its first day: a cycle counts in the month in which it was carried
/// out to the end. Whether it has been studied since is a feature, `documentation`, and no condition: of cycles that are
/// recorded to the end all would have it. `data` are as for the fidelity of the ramp.
pub fn tallies_of_ramp(cycles: &[Cycle], data: &[Date]) -> BTreeMap<Date, FidelityTally> {
    let ramp: Vec<Cycle> = cycles
        .iter()
        .filter(|cycle| cycle.kind == CycleKind::Pdsa && !cycle.retracted)
        .cloned()
        .collect();
    let mut months: BTreeMap<Date, FidelityTally> = BTreeMap::new();
    for cycle in &ramp {
        let Some(done) = &cycle.carried_out else { continue };
        let fidelity = cycle_fidelity(cycle, &ramp, data);
        let tally = months.entry(done.ended_on.month_start()).or_default();
        tally.cycles += 1;
        for (n, feature) in tally.with.iter_mut().zip(FidelityFeature::ALL) {
            let has = |answer: &super::FeatureAnswer| answer.feature == *feature && answer.met;
            *n += i64::from(fidelity.features.iter().any(has));
        }
    }
    months
}

/// How many of the cycles have a feature.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct FidelityFeatureTotals {
    /// The feature.
    pub feature: FidelityFeature,
    /// Of the cycles that the reader may see.
    pub shown: i64,
    /// Of all; null where the number of all cycles is.
    pub total: Option<i64>,
}

/// How faithful the cycles of the teams at or beneath a unit are, in one period.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct FidelitySummaryRow {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The first day of the period.
    pub period_start: Date,
    /// Its last day.
    pub period_end: Date,
    /// The teams that stood there in the period and were open in it, whether or not they have cycles.
    pub teams: i64,
    /// Those of them whose cycles the reader may see.
    pub teams_shown: i64,
    /// The cycles that were carried out to the end in the period, of those that the reader may see.
    pub cycles_shown: i64,
    /// All such cycles; null where it would tell what few teams keep to themselves.
    pub cycles_total: Option<i64>,
    /// Whether the totals are left out for that reason.
    pub suppressed: bool,
    /// How many of the cycles have each feature.
    pub features: Vec<FidelityFeatureTotals>,
}

impl FidelitySummaryRow {
    /// Fills in what was counted: of all only if that may be told.
    pub fn fill(&mut self, shown: &FidelityTally, all: &FidelityTally, told: bool) {
        self.cycles_shown = shown.cycles;
        self.cycles_total = told.then_some(all.cycles);
        self.suppressed = !told;
        self.features = FidelityFeature::ALL
            .iter()
            .zip(shown.with.into_iter().zip(all.with))
            .map(|(&feature, (shown, all))| FidelityFeatureTotals {
                feature,
                shown,
                total: told.then_some(all),
            })
            .collect();
    }
}

//! How faithful PDSA cycles are to the method: the features of Taylor and others (BMJ Quality & Safety 2014;23:290),
//! each told from what is recorded.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::cycles::{Cycle, CycleKind, CyclePhase};
use super::plain_enum;
use crate::ids::{CycleId, RampId, UnitId};
use crate::time::Date;

mod summary;

pub use summary::{FidelityFeatureTotals, FidelitySummaryRow, FidelityTally, tallies_of_ramp};

/// Points of data make a series from so many on.
const POINTS: usize = 3;

plain_enum! {
    /// A feature of the method.
    FidelityFeature {
        /// Cycles build on each other.
        IterativeCycles "iterative_cycles",
        /// The outcome is predicted before the test.
        Prediction "prediction",
        /// The first test is small.
        SmallScale "small_scale",
        /// Data are collected over time: three points or more at regular distances.
        DataOverTime "data_over_time",
        /// Every stage is written down.
        Documentation "documentation",
    }
}

/// Whether a feature is there, why, and which records say so.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FidelityAnswer")]
#[schema(as = FidelityAnswer)]
pub struct FeatureAnswer {
    /// The feature.
    pub feature: FidelityFeature,
    /// Whether it is there.
    pub met: bool,
    /// Why, or what is missing.
    pub why: String,
    /// The cycles that say so: where it is not there, those that lack it.
    pub cycle_ids: Vec<CycleId>,
}

/// How faithful one cycle is to the method.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct CycleFidelity {
    /// The cycle.
    pub cycle_id: CycleId,
    /// How many of the five features are there.
    pub met: i64,
    /// Each feature.
    pub features: Vec<FeatureAnswer>,
}

/// How faithful a ramp is to the method.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct RampFidelity {
    /// The ramp.
    pub ramp_id: RampId,
    /// How many cycles it has.
    pub cycles: i64,
    /// How many of the five features are there.
    pub met: i64,
    /// Each feature, for the ramp as a whole.
    pub features: Vec<FeatureAnswer>,
    /// Each of its cycles, in order.
    pub by_cycle: Vec<CycleFidelity>,
}

/// How often a feature is there.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FidelityCount")]
#[schema(as = FidelityCount)]
pub struct FeatureCount {
    /// The feature.
    pub feature: FidelityFeature,
    /// In so many cycles.
    pub cycles: i64,
    /// In so many ramps.
    pub ramps: i64,
}

/// How faithful a team's PDSA work is to the method.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct TeamFidelity {
    /// The unit.
    pub unit_id: UnitId,
    /// How many ramps with cycles it has that the reader may see.
    pub ramps: i64,
    /// How many PDSA cycles.
    pub cycles: i64,
    /// How often each feature is there.
    pub features: Vec<FeatureCount>,
    /// Each ramp.
    pub by_ramp: Vec<RampFidelity>,
}

/// A cycle within its ramp; `data` are the last days of periods for which the unit has reported the ramp's measure.
pub fn cycle_fidelity(cycle: &Cycle, ramp: &[Cycle], data: &[Date]) -> CycleFidelity {
    let features = vec![
        iterative(cycle, ramp),
        predicted(cycle),
        small(cycle, ramp),
        over_time(std::slice::from_ref(cycle), data),
        documented(cycle),
    ];
    CycleFidelity {
        cycle_id: cycle.id,
        met: met(&features),
        features,
    }
}

/// A ramp as a whole.
pub fn ramp_fidelity(ramp: RampId, cycles: &[Cycle], data: &[Date]) -> RampFidelity {
    let mut cycles: Vec<Cycle> = cycles
        .iter()
        .filter(|cycle| cycle.kind == CycleKind::Pdsa && !cycle.retracted)
        .cloned()
        .collect();
    cycles.sort_by_key(|cycle| cycle.id);
    let features = if cycles.is_empty() {
        FidelityFeature::ALL
            .iter()
            .map(|feature| answer(*feature, false, "no cycle is recorded", []))
            .collect()
    } else {
        vec![
            all_linked(&cycles),
            all_predicted(&cycles),
            small_at_first(&cycles),
            over_time(&cycles, data),
            all_documented(&cycles),
        ]
    };
    RampFidelity {
        ramp_id: ramp,
        cycles: count(cycles.len()),
        met: met(&features),
        features,
        by_cycle: cycles
            .iter()
            .map(|cycle| cycle_fidelity(cycle, &cycles, data))
            .collect(),
    }
}

/// All of a team's ramps that have cycles.
pub fn team_fidelity(unit: UnitId, ramps: Vec<RampFidelity>) -> TeamFidelity {
    let ramps: Vec<RampFidelity> = ramps.into_iter().filter(|ramp| ramp.cycles > 0).collect();
    let has = |features: &[FeatureAnswer], feature| features.iter().any(|of| of.feature == feature && of.met);
    let features = FidelityFeature::ALL
        .iter()
        .map(|&feature| FeatureCount {
            feature,
            cycles: count(
                ramps
                    .iter()
                    .flat_map(|ramp| &ramp.by_cycle)
                    .filter(|cycle| has(&cycle.features, feature))
                    .count(),
            ),
            ramps: count(ramps.iter().filter(|ramp| has(&ramp.features, feature)).count()),
        })
        .collect();
    TeamFidelity {
        unit_id: unit,
        ramps: count(ramps.len()),
        cycles: ramps.iter().map(|ramp| ramp.cycles).sum(),
        features,
        by_ramp: ramps,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn met(features: &[FeatureAnswer]) -> i64 {
    count(features.iter().filter(|feature| feature.met).count())
}

fn answer(
    feature: FidelityFeature,
    met: bool,
    why: impl Into<String>,
    cycles: impl IntoIterator<Item = CycleId>,
) -> FeatureAnswer {
    FeatureAnswer {
        feature,
        met,
        why: why.into(),
        cycle_ids: cycles.into_iter().collect(),
    }
}

fn iterative(cycle: &Cycle, ramp: &[Cycle]) -> FeatureAnswer {
    let feature = FidelityFeature::IterativeCycles;
    let before = ramp.iter().find(|other| Some(other.id) == cycle.follows_id);
    let after = ramp.iter().find(|other| other.follows_id == Some(cycle.id));
    match (before, after) {
        (Some(before), _) => answer(
            feature,
            true,
            "it goes on from an earlier cycle of the ramp",
            [before.id],
        ),
        (None, Some(after)) => answer(
            feature,
            true,
            "a later cycle of the ramp goes on from it",
            [after.id],
        ),
        (None, None) => answer(
            feature,
            false,
            "no other cycle of the ramp is linked with it",
            [cycle.id],
        ),
    }
}

fn all_linked(cycles: &[Cycle]) -> FeatureAnswer {
    let feature = FidelityFeature::IterativeCycles;
    let ids: HashSet<CycleId> = cycles.iter().map(|cycle| cycle.id).collect();
    let mut linked = BTreeSet::new();
    for cycle in cycles {
        if let Some(before) = cycle.follows_id.filter(|before| ids.contains(before)) {
            linked.extend([before, cycle.id]);
        }
    }
    if linked.is_empty() {
        let all = cycles.iter().map(|cycle| cycle.id);
        answer(feature, false, "no cycle goes on from another one", all)
    } else {
        let why = format!(
            "{} of {} cycles are linked with each other",
            linked.len(),
            cycles.len()
        );
        answer(feature, true, why, linked)
    }
}

fn predicted(cycle: &Cycle) -> FeatureAnswer {
    let feature = FidelityFeature::Prediction;
    match (&cycle.plan.prediction, &cycle.study) {
        (None, _) => answer(feature, false, "the plan predicts nothing", [cycle.id]),
        (Some(_), None) => answer(
            feature,
            true,
            "the plan says what is expected; it is not studied yet",
            [cycle.id],
        ),
        (Some(_), Some(study)) => {
            let why = format!(
                "the plan says what was expected, and the study calls it {}",
                study.result.name()
            );
            answer(feature, true, why, [cycle.id])
        }
    }
}

fn all_predicted(cycles: &[Cycle]) -> FeatureAnswer {
    let feature = FidelityFeature::Prediction;
    let lacking: Vec<CycleId> = cycles
        .iter()
        .filter(|cycle| cycle.plan.prediction.is_none())
        .map(|cycle| cycle.id)
        .collect();
    if lacking.is_empty() {
        let all = cycles.iter().map(|cycle| cycle.id);
        return answer(
            feature,
            true,
            "the plan of every cycle says what is expected",
            all,
        );
    }
    let why = format!("{} of {} plans predict nothing", lacking.len(), cycles.len());
    answer(feature, false, why, lacking)
}

/// The cycle from which the chain of this one sets out.
fn first_of<'c>(cycle: &'c Cycle, ramp: &'c [Cycle]) -> &'c Cycle {
    let by_id: HashMap<CycleId, &Cycle> = ramp.iter().map(|of| (of.id, of)).collect();
    let (mut first, mut steps) = (cycle, 0);
    while let Some(before) = first.follows_id.and_then(|before| by_id.get(&before)) {
        first = before;
        steps += 1;
        if steps > ramp.len() {
            break;
        }
    }
    first
}

fn small(cycle: &Cycle, ramp: &[Cycle]) -> FeatureAnswer {
    let feature = FidelityFeature::SmallScale;
    let first = first_of(cycle, ramp);
    let which = if first.id == cycle.id {
        "it"
    } else {
        "the first cycle of its chain"
    };
    match first.plan.scale {
        None => answer(
            feature,
            false,
            format!("how large {which} is was not recorded"),
            [first.id],
        ),
        Some(scale) => {
            let size = scale.name().replace('_', " ");
            let why = if scale.is_small() {
                format!("{which} was planned small: {size}")
            } else {
                format!("{which} was not planned small: {size}")
            };
            answer(feature, scale.is_small(), why, [first.id])
        }
    }
}

fn small_at_first(cycles: &[Cycle]) -> FeatureAnswer {
    let feature = FidelityFeature::SmallScale;
    let firsts: BTreeSet<CycleId> = cycles.iter().map(|cycle| first_of(cycle, cycles).id).collect();
    let lacking: Vec<CycleId> = cycles
        .iter()
        .filter(|cycle| firsts.contains(&cycle.id))
        .filter(|cycle| !cycle.plan.scale.is_some_and(super::CycleScale::is_small))
        .map(|cycle| cycle.id)
        .collect();
    if lacking.is_empty() {
        return answer(feature, true, "every chain of cycles began small", firsts);
    }
    let why = format!(
        "{} of {} chains of cycles began larger than a day, or their scale was not recorded",
        lacking.len(),
        firsts.len()
    );
    answer(feature, false, why, lacking)
}

/// The days on which these cycles have data: their own measurements, and what the unit reported of the ramp's measure
/// while they ran.
fn over_time(cycles: &[Cycle], data: &[Date]) -> FeatureAnswer {
    let feature = FidelityFeature::DataOverTime;
    let ran: Vec<(&Cycle, Date, Date)> = cycles
        .iter()
        .filter_map(|cycle| Some((cycle, cycle.carried_out.as_ref()?)))
        .map(|(cycle, done)| (cycle, done.started_on, done.ended_on))
        .collect();
    let all = cycles.iter().map(|cycle| cycle.id);
    let Some(first) = ran.iter().map(|(_, start, _)| *start).min() else {
        return answer(feature, false, "nothing was carried out yet", all);
    };
    let last = ran.iter().map(|(.., end)| *end).max().unwrap_or(first);
    let measured = ran
        .iter()
        .filter_map(|(cycle, ..)| cycle.carried_out.as_ref())
        .flat_map(|done| done.measurements.iter().map(|of| of.on));
    let reported = data.iter().copied().filter(|day| (first..=last).contains(day));
    let days: BTreeSet<Date> = measured.chain(reported).collect();
    let days: Vec<Date> = days.into_iter().collect();
    let with_data = ran.iter().map(|(cycle, ..)| cycle.id);
    let found = days.len();
    if days.windows(POINTS).any(is_regular) {
        answer(
            feature,
            true,
            format!("{found} points in time, {POINTS} of them at regular distances"),
            with_data,
        )
    } else if found < POINTS {
        answer(
            feature,
            false,
            format!("{found} points in time; it takes {POINTS} at regular distances"),
            with_data,
        )
    } else {
        let why = format!("{found} points in time, but no {POINTS} in a row at regular distances");
        answer(feature, false, why, with_data)
    }
}

/// Whether no distance between these days is more than twice another: months count as regular, gaps do not.
fn is_regular(days: &[Date]) -> bool {
    let gaps = || days.windows(2).map(|pair| (pair[1].0 - pair[0].0).num_days());
    let (least, most) = (gaps().min().unwrap_or(0), gaps().max().unwrap_or(0));
    least > 0 && most <= 2 * least
}

/// The stages of which a cycle has no record yet.
fn undocumented(cycle: &Cycle) -> Vec<&'static str> {
    let stages = [
        (CyclePhase::Do, cycle.carried_out.is_some()),
        (CyclePhase::Study, cycle.study.is_some()),
        (CyclePhase::Act, cycle.act.is_some()),
    ];
    let lacking = stages.into_iter().filter(|(_, there)| !there);
    lacking.map(|(stage, _)| stage.name()).collect()
}

fn documented(cycle: &Cycle) -> FeatureAnswer {
    let lacking = undocumented(cycle);
    let why = if lacking.is_empty() {
        "plan, do, study and act are recorded".to_owned()
    } else {
        format!("not recorded yet: {}", lacking.join(", "))
    };
    answer(
        FidelityFeature::Documentation,
        lacking.is_empty(),
        why,
        [cycle.id],
    )
}

/// A cycle on which another one builds is recorded to its end, and at least one is.
fn all_documented(cycles: &[Cycle]) -> FeatureAnswer {
    let feature = FidelityFeature::Documentation;
    let followed: HashSet<CycleId> = cycles.iter().filter_map(|cycle| cycle.follows_id).collect();
    let open: Vec<&Cycle> = cycles
        .iter()
        .filter(|cycle| !undocumented(cycle).is_empty())
        .collect();
    let lacking: Vec<CycleId> = open
        .iter()
        .filter(|cycle| followed.contains(&cycle.id))
        .map(|cycle| cycle.id)
        .collect();
    let (whole, all) = (cycles.len() - open.len(), cycles.len());
    if !lacking.is_empty() {
        let why = format!(
            "{} cycles were gone on from before they were recorded to the end",
            lacking.len()
        );
        answer(feature, false, why, lacking)
    } else if whole == 0 {
        let ids = open.iter().map(|cycle| cycle.id);
        answer(feature, false, "no cycle is recorded to its end yet", ids)
    } else {
        let ids = cycles.iter().filter(|cycle| undocumented(cycle).is_empty());
        let why = format!("{whole} of {all} cycles are recorded to the end, the others are under way");
        answer(feature, true, why, ids.map(|cycle| cycle.id))
    }
}

#[cfg(test)]
mod tests;

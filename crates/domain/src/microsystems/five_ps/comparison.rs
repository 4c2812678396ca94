//! Two assessments of a team beside each other.

use serde::{Deserialize, Serialize};

use super::{Completion, Finding, FiveP, FivePs, Metric, Part};
use crate::ids::{FivePsId, UnitId};
use crate::time::Date;

/// A metric before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct MetricChange {
    /// What it is.
    pub name: String,
    /// In which unit.
    pub unit: String,
    /// Its value before; null if it was not reported.
    pub before: Option<f64>,
    /// Its value after; null if it is not reported any more.
    pub after: Option<f64>,
    /// After less before; null unless both are there.
    pub difference: Option<f64>,
}

/// What changed of one P.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct PartChange {
    /// Which P.
    pub p: FiveP,
    /// How far it had been looked at before.
    pub state_before: Completion,
    /// How far it has been looked at after.
    pub state_after: Completion,
    /// Findings that are new.
    pub findings_added: Vec<Finding>,
    /// Findings that are not there any more.
    pub findings_gone: Vec<Finding>,
    /// How many findings stayed.
    pub findings_kept: i64,
    /// Its metrics, those of before first; same name and unit is the same metric.
    pub metrics: Vec<MetricChange>,
}

/// Two assessments of a team beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FivePsComparison {
    /// The team.
    pub unit_id: UnitId,
    /// The earlier assessment.
    pub before_id: FivePsId,
    /// The day it speaks of.
    pub before_on: Date,
    /// The later assessment.
    pub after_id: FivePsId,
    /// The day it speaks of.
    pub after_on: Date,
    /// What changed, P by P.
    pub parts: Vec<PartChange>,
}

/// What changed from one assessment of a team to another.
pub fn compare_five_ps(before: &FivePs, after: &FivePs) -> FivePsComparison {
    FivePsComparison {
        unit_id: after.unit_id,
        before_id: before.id,
        before_on: before.assessed_on,
        after_id: after.id,
        after_on: after.assessed_on,
        parts: FiveP::ALL
            .into_iter()
            .map(|p| change_of(p, before.part(p), after.part(p)))
            .collect(),
    }
}

fn change_of(p: FiveP, before: &Part, after: &Part) -> PartChange {
    let only = |these: &Part, those: &Part| -> Vec<Finding> {
        let new = |finding: &&Finding| !those.findings.contains(finding);
        these.findings.iter().filter(new).cloned().collect()
    };
    let same = |one: &Metric, other: &Metric| (&one.name, &one.unit) == (&other.name, &other.unit);
    let mut metrics: Vec<MetricChange> = Vec::new();
    for was in &before.metrics {
        let is = after.metrics.iter().find(|is| same(was, is));
        metrics.push(MetricChange {
            name: was.name.clone(),
            unit: was.unit.clone(),
            before: Some(was.value),
            after: is.map(|is| is.value),
            difference: is.map(|is| is.value - was.value),
        });
    }
    for is in &after.metrics {
        if !before.metrics.iter().any(|was| same(was, is)) {
            metrics.push(MetricChange {
                name: is.name.clone(),
                unit: is.unit.clone(),
                before: None,
                after: Some(is.value),
                difference: None,
            });
        }
    }
    let findings_gone = only(before, after);
    let kept = before.findings.len() - findings_gone.len();
    PartChange {
        p,
        state_before: before.state,
        state_after: after.state,
        findings_added: only(after, before),
        findings_gone,
        findings_kept: i64::try_from(kept).unwrap_or(i64::MAX),
        metrics,
    }
}

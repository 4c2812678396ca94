//! The facts of the published evaluations, as they stand in `data/seed-facts.json`.

use serde::Deserialize;
use spiral_domain::tenancy::{NetworkKind, Tier, UnitKind};
use spiral_domain::{Date, Error, PartialDate, Result};

/// The last day of the demo: in the month after, the 28 SHAs became ten.
pub(super) fn last_day() -> Date {
    Date::ymd(2006, 6, 30).unwrap_or(Date::MAX)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    pub system: System,
    pub programmes: Vec<ProgrammeFact>,
    pub teams_using_the_approach: Vec<TeamCount>,
    pub networks: Vec<NetworkFact>,
    pub org_units: Vec<UnitFact>,
    pub microsystems: Vec<TeamFact>,
    pub quit_rates: QuitRates,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct System {
    pub tenant: String,
    pub sha_count: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProgrammeFact {
    pub code: String,
    pub name: String,
    pub tier: Tier,
    pub network: Option<String>,
    pub start: Option<PartialDate>,
    pub end: Option<PartialDate>,
    pub teams: Option<i64>,
    pub sites: Option<i64>,
    pub coaching: Option<bool>,
    pub source: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct TeamCount {
    pub date: PartialDate,
    pub teams: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkFact {
    pub code: String,
    pub name: String,
    pub kind: NetworkKind,
    pub host_unit: String,
    pub members: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnitFact {
    pub code: String,
    pub tier: Tier,
    pub parent: Option<String>,
    pub kind: Option<UnitKind>,
    pub name: String,
    pub population: Option<i64>,
    pub opened_on: Option<PartialDate>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamFact {
    pub code: String,
    pub parent: String,
    pub name: String,
    pub service_area: String,
    pub programme: String,
    pub members: u32,
    pub patients_per_day_before: Option<u32>,
    pub tools: ToolFacts,
    pub outcomes: Vec<String>,
    pub note: Option<String>,
}

/// Which tools of the approach a team used, as published.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "flags as the source gives them")]
pub(super) struct ToolFacts {
    pub workshops: bool,
    pub protected_time: bool,
    pub staff_survey: bool,
    pub patient_views: PatientViews,
    pub mapping: bool,
    pub patterns_data: bool,
}

/// How a team came to know how patients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PatientViews {
    Formal,
    AdHoc,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuitRates {
    pub source: String,
    pub measure: QuitMeasure,
    /// By area, then by quintile.
    pub population: Vec<Vec<f64>>,
    /// By area, then by quintile.
    pub quitters: Vec<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuitMeasure {
    pub code: String,
    pub name: String,
    pub multiplier: f64,
    pub period: String,
    pub stratum: QuitStratum,
    pub caveat: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuitStratum {
    pub dimension: String,
    pub values: Vec<u32>,
    pub reference: String,
    pub edition: String,
}

impl Facts {
    pub(super) fn read() -> Result<Self> {
        serde_json::from_str(include_str!("../../data/seed-facts.json")).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_whole() {
        let facts = Facts::read().unwrap();
        assert_eq!(facts.system.sha_count, 28);
        assert_eq!(facts.microsystems.len(), 6);
        let quitters: f64 = facts.quit_rates.quitters.iter().flatten().sum();
        let people: f64 = facts.quit_rates.population.iter().flatten().sum();
        assert!((quitters / people * 1000.0 - 5.2).abs() < 0.05);
    }
}

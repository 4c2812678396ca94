//! Do: what happened when a cycle was carried out.

use serde::{Deserialize, Serialize};

use super::{Cycle, CyclePhase, LONGEST_TEXT};
use crate::error::{Result, Violations};
use crate::measures::LARGEST;
use crate::text::{check_optional_text, check_text};
use crate::time::Date;

/// A cycle has at most so many measurements of its own.
const MOST_MEASUREMENTS: usize = 100;

/// One value that was measured in a cycle.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "CycleMeasurement", input_name = "CycleMeasurementInput")]
pub struct CycleMeasurement {
    /// The day.
    pub on: Date,
    /// The value.
    #[schema(example = 7.0)]
    pub value: f64,
}

/// What happened when a cycle was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct CycleDo {
    /// The first day.
    pub started_on: Date,
    /// The last day.
    pub ended_on: Date,
    /// What was seen.
    pub observations: String,
    /// What went otherwise than planned; null if nothing did.
    pub deviations: Option<String>,
    /// What was measured, by day.
    pub measurements: Vec<CycleMeasurement>,
}

/// Records that a cycle was carried out: from `plan` to `do`, or what is said of it anew.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarryOutCycle {
    /// The first day.
    pub started_on: Date,
    /// The last day; the first one if absent.
    #[serde(default)]
    pub ended_on: Option<Date>,
    /// What was seen.
    #[schema(
        max_length = 2000,
        example = "Nine of eleven were looked at; two came in after nine"
    )]
    pub observations: String,
    /// What went otherwise than planned.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub deviations: Option<String>,
    /// What was measured, by day, each day once, at most 100.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 100)]
    pub measurements: Vec<CycleMeasurement>,
}

impl CarryOutCycle {
    /// Moves the cycle on, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/observations", &self.observations, LONGEST_TEXT);
        check_optional_text(
            &mut found,
            "/deviations",
            self.deviations.as_deref(),
            LONGEST_TEXT,
        );
        let ended_on = self.ended_on.unwrap_or(self.started_on);
        let days = [("/startedOn", Some(self.started_on)), ("/endedOn", self.ended_on)];
        for (pointer, day) in days {
            found.require(
                day.is_none_or(|day| day.is_plausible() && day <= today),
                pointer,
                "out_of_range",
                || "what was carried out lies between 1900 and today".into(),
            );
        }
        found.require(
            self.started_on <= ended_on,
            "/endedOn",
            "ends_before_start",
            || format!("ends on {ended_on}, before it starts on {}", self.started_on),
        );
        found.require(
            self.measurements.len() <= MOST_MEASUREMENTS,
            "/measurements",
            "too_many",
            || format!("a cycle has at most {MOST_MEASUREMENTS} measurements of its own"),
        );
        let mut days = std::collections::HashSet::new();
        for (n, of) in self.measurements.iter().take(MOST_MEASUREMENTS).enumerate() {
            found.require(
                of.value.is_finite() && of.value.abs() <= LARGEST,
                &format!("/measurements/{n}/value"),
                "out_of_range",
                || format!("a value is between -{LARGEST:e} and {LARGEST:e}"),
            );
            let pointer = format!("/measurements/{n}/on");
            found.require(
                of.on.is_plausible() && of.on <= today,
                &pointer,
                "out_of_range",
                || "what was measured lies between 1900 and today".into(),
            );
            found.require(days.insert(of.on), &pointer, "twice", || {
                format!("{} is there already", of.on)
            });
        }
        found.into_result()?;
        cycle.enter(CyclePhase::Do)?;
        let mut measurements = self.measurements;
        measurements.sort_by_key(|of| of.on);
        cycle.phase = CyclePhase::Do;
        cycle.carried_out = Some(CycleDo {
            started_on: self.started_on,
            ended_on,
            observations: self.observations,
            deviations: self.deviations,
            measurements,
        });
        Ok(())
    }
}

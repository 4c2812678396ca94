//! Cycles: a change is planned, carried out, studied and acted on (PDSA), or what works is made the standard (SDSA).
//! PDSA cycles that build on each other stand in a ramp.

use serde::{Deserialize, Serialize};

use super::plain_enum;
use crate::error::{Error, Result, Violations};
use crate::ids::{AimId, CycleId, PrincipalId, RampId, UnitId};
use crate::measures::LARGEST;
use crate::sharing::Sharing;
use crate::text::{check_optional_text, check_text};
use crate::time::{Date, Timestamp};

/// The longest title.
const LONGEST_TITLE: usize = 200;
/// The longest account of anything in a cycle.
const LONGEST_TEXT: usize = 2_000;
/// The longest name of a role, a time or a place.
const LONGEST_LABEL: usize = 200;
/// A cycle has at most so many measurements of its own.
const MOST_MEASUREMENTS: usize = 100;

plain_enum! {
    /// What a cycle is for.
    CycleKind {
        /// To test a change: plan, do, study, act.
        Pdsa "pdsa",
        /// To keep what works: standardise, do, study, act.
        Sdsa "sdsa",
    }
}

plain_enum! {
    /// How far a cycle has got. It moves on by one at a time and never back.
    CyclePhase {
        /// It is planned (of an SDSA cycle: the standard is written down).
        Plan "plan",
        /// It was carried out.
        Do "do",
        /// What came out was held against what was predicted.
        Study "study",
        /// It is decided what follows; the cycle is closed.
        Act "act",
    }
}

plain_enum! {
    /// How large a test is.
    CycleScale {
        /// One patient, one encounter, one clinician.
        One "one",
        /// A handful of them.
        Few "few",
        /// A day or a session.
        Session "session",
        /// A week or more of part of the team.
        PartOfTeam "part_of_team",
        /// The whole team.
        WholeTeam "whole_team",
        /// Beyond the team.
        Beyond "beyond",
    }
}

impl CycleScale {
    /// Whether it is small enough to begin with: a day or less.
    pub fn is_small(self) -> bool {
        self <= Self::Session
    }
}

plain_enum! {
    /// How what came out stands to what was predicted.
    CycleResult {
        /// It came as predicted.
        Confirmed "confirmed",
        /// In part.
        Partly "partly",
        /// It did not.
        Refuted "refuted",
    }
}

plain_enum! {
    /// What follows from a cycle.
    CycleDecision {
        /// The change is kept.
        Adopt "adopt",
        /// It is changed and tested again.
        Adapt "adapt",
        /// It is given up.
        Abandon "abandon",
    }
}

/// Cycles that build on each other, towards one aim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "RampRecord")]
pub struct Ramp {
    /// Its id.
    pub id: RampId,
    /// The unit whose work it is.
    pub unit_id: UnitId,
    /// The aim that it serves.
    pub aim_id: AimId,
    /// The change that it develops.
    pub title: String,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Opens a ramp.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenRamp {
    /// The aim that it serves.
    pub aim: AimId,
    /// The change that it develops.
    #[schema(max_length = 200, example = "Referrals are looked at every morning")]
    pub title: String,
}

impl OpenRamp {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, LONGEST_TITLE);
        found.into_result()
    }
}

/// Changes a ramp; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeRamp {
    /// Another title.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
}

impl ChangeRamp {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/title", self.title.as_deref(), LONGEST_TITLE);
        found.into_result()
    }
}

/// What a cycle sets out to do.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "CyclePlan", input_name = "CyclePlanInput")]
pub struct CyclePlan {
    /// What is to be learnt; of an SDSA cycle, what is to be the standard.
    #[schema(
        max_length = 2000,
        example = "See whether one nurse can look at all referrals before ten"
    )]
    pub objective: String,
    /// What is expected to happen.
    #[serde(default)]
    #[schema(max_length = 2000, example = "All of Monday's referrals are looked at by ten")]
    pub prediction: Option<String>,
    /// Who does it: roles, no names.
    #[serde(default)]
    #[schema(max_length = 200, example = "Triage nurse")]
    pub who: Option<String>,
    /// What is done.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub what: Option<String>,
    /// When.
    #[serde(default)]
    #[schema(max_length = 200, example = "Monday morning")]
    pub when: Option<String>,
    /// Where.
    #[serde(default)]
    #[schema(max_length = 200, example = "Front desk")]
    pub place: Option<String>,
    /// Which data are to tell, and how they are collected.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub data_plan: Option<String>,
    /// How large the test is.
    #[serde(default)]
    pub scale: Option<CycleScale>,
    /// How many patients, cases or encounters it is about.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub sample_size: Option<i64>,
}

impl CyclePlan {
    fn check(&self, found: &mut Violations) {
        check_text(found, "/plan/objective", &self.objective, LONGEST_TEXT);
        for (name, text, longest) in [
            ("prediction", &self.prediction, LONGEST_TEXT),
            ("who", &self.who, LONGEST_LABEL),
            ("what", &self.what, LONGEST_TEXT),
            ("when", &self.when, LONGEST_LABEL),
            ("place", &self.place, LONGEST_LABEL),
            ("dataPlan", &self.data_plan, LONGEST_TEXT),
        ] {
            check_optional_text(found, &format!("/plan/{name}"), text.as_deref(), longest);
        }
        found.require(
            self.sample_size
                .is_none_or(|size| (1..=1_000_000).contains(&size)),
            "/plan/sampleSize",
            "out_of_range",
            || "a test is about 1 to 1,000,000 cases".into(),
        );
    }
}

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

/// What came of a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct CycleStudy {
    /// How it stands to the prediction.
    pub result: CycleResult,
    /// What was learnt.
    pub learning: String,
}

/// What follows from a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct CycleAct {
    /// What becomes of the change.
    pub decision: CycleDecision,
    /// What is done next.
    pub next_step: Option<String>,
}

/// A test of a change (PDSA), or of how a standard is kept (SDSA).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "CycleRecord")]
pub struct Cycle {
    /// Its id.
    pub id: CycleId,
    /// The unit whose work it is.
    pub unit_id: UnitId,
    /// What it is for.
    pub kind: CycleKind,
    /// The ramp that it stands in; null for an SDSA cycle by itself.
    pub ramp_id: Option<RampId>,
    /// The cycle that it goes on from.
    pub follows_id: Option<CycleId>,
    /// What it is called.
    pub title: String,
    /// How far it has got.
    pub phase: CyclePhase,
    /// What it sets out to do.
    pub plan: CyclePlan,
    /// What happened; null before it was carried out.
    pub carried_out: Option<CycleDo>,
    /// What came of it; null before it was studied.
    pub study: Option<CycleStudy>,
    /// What follows; null before that is decided.
    pub act: Option<CycleAct>,
    /// Which role keeps the standard: only of an SDSA cycle.
    pub owner: Option<String>,
    /// When the standard is to be looked at again: only of an SDSA cycle.
    pub review_on: Option<Date>,
    /// When it was last looked at.
    pub reviewed_on: Option<Date>,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Cycle {
    /// Whether its standard should have been looked at by now.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.review_on.is_some_and(|day| day < today)
    }

    /// Refuses a step that is not the next one, or a second look at the one it is in.
    fn enter(&self, phase: CyclePhase) -> Result<()> {
        let next = match phase {
            CyclePhase::Plan => self.phase == CyclePhase::Plan,
            CyclePhase::Do => matches!(self.phase, CyclePhase::Plan | CyclePhase::Do),
            CyclePhase::Study => matches!(self.phase, CyclePhase::Do | CyclePhase::Study),
            CyclePhase::Act => matches!(self.phase, CyclePhase::Study | CyclePhase::Act),
        };
        if next {
            return Ok(());
        }
        let detail = format!(
            "this cycle stands at `{}`, and a cycle goes from plan to do, study and act, one after the other: `{}` \
             cannot be recorded now",
            self.phase.name(),
            phase.name()
        );
        Err(Error::conflict("wrong_phase", detail))
    }
}

/// A cycle with what follows from the day and the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CycleView {
    /// The cycle.
    #[serde(flatten)]
    pub record: Cycle,
    /// Whether its standard should have been looked at by now.
    pub overdue: bool,
    /// What the caller may do with it.
    pub allowed_actions: Vec<crate::people::Action>,
}

/// Plans a cycle.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanCycle {
    /// What it is for.
    pub kind: CycleKind,
    /// The ramp that it stands in: always of a PDSA cycle.
    #[serde(default)]
    pub ramp: Option<RampId>,
    /// The cycle of the same unit that it goes on from.
    #[serde(default)]
    pub follows: Option<CycleId>,
    /// What it is called.
    #[schema(max_length = 200, example = "Monday's referrals before ten")]
    pub title: String,
    /// What it sets out to do.
    pub plan: CyclePlan,
    /// Which role keeps the standard: always and only of an SDSA cycle.
    #[serde(default)]
    #[schema(max_length = 200, example = "Lead nurse")]
    pub owner: Option<String>,
    /// When the standard is to be looked at again: always and only of an SDSA cycle.
    #[serde(default)]
    pub review_on: Option<Date>,
}

impl PlanCycle {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, LONGEST_TITLE);
        self.plan.check(&mut found);
        found.require(
            self.kind == CycleKind::Sdsa || self.ramp.is_some(),
            "/ramp",
            "missing",
            || "a PDSA cycle stands in a ramp".into(),
        );
        check_standard(&mut found, self.kind, self.owner.as_deref(), self.review_on);
        found.into_result()
    }
}

fn check_standard(found: &mut Violations, kind: CycleKind, owner: Option<&str>, review_on: Option<Date>) {
    check_optional_text(found, "/owner", owner, LONGEST_LABEL);
    for (pointer, given) in [("/owner", owner.is_some()), ("/reviewOn", review_on.is_some())] {
        match kind {
            CycleKind::Sdsa => found.require(given, pointer, "missing", || {
                "a standard has an owner and a day on which it is looked at again".into()
            }),
            CycleKind::Pdsa => found.require(!given, pointer, "of_sdsa_cycles", || {
                "only an SDSA cycle has this".into()
            }),
        }
    }
    found.require(
        review_on.is_none_or(Date::is_plausible),
        "/reviewOn",
        "out_of_range",
        || "a date is between 1900 and 2200".into(),
    );
}

/// Changes a cycle that is planned and not yet carried out; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeCycle {
    /// Another title.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// The plan as it is now.
    #[serde(default)]
    pub plan: Option<CyclePlan>,
    /// Another role that keeps the standard.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub owner: Option<String>,
    /// Another day on which the standard is looked at.
    #[serde(default)]
    pub review_on: Option<Date>,
}

impl ChangeCycle {
    /// Makes the change, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/title", self.title.as_deref(), LONGEST_TITLE);
        if let Some(plan) = &self.plan {
            plan.check(&mut found);
        }
        let (owner, review_on) = (
            self.owner.or_else(|| cycle.owner.clone()),
            self.review_on.or(cycle.review_on),
        );
        check_standard(&mut found, cycle.kind, owner.as_deref(), review_on);
        found.into_result()?;
        cycle.enter(CyclePhase::Plan)?;
        if let Some(title) = self.title {
            cycle.title = title;
        }
        if let Some(plan) = self.plan {
            cycle.plan = plan;
        }
        cycle.owner = owner;
        cycle.review_on = review_on;
        Ok(())
    }
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

/// Records what came of a cycle: from `do` to `study`, or what is said of it anew.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StudyCycle {
    /// How it stands to the prediction.
    pub result: CycleResult,
    /// What was learnt.
    #[schema(max_length = 2000, example = "It can be done if the desk sorts them first")]
    pub learning: String,
}

impl StudyCycle {
    /// Moves the cycle on, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/learning", &self.learning, LONGEST_TEXT);
        found.into_result()?;
        cycle.enter(CyclePhase::Study)?;
        cycle.phase = CyclePhase::Study;
        cycle.study = Some(CycleStudy {
            result: self.result,
            learning: self.learning,
        });
        Ok(())
    }
}

/// Decides what follows from a cycle, and closes it: from `study` to `act`, or what is decided anew. What goes on from
/// it is planned as a cycle that follows it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActOnCycle {
    /// What becomes of the change.
    pub decision: CycleDecision,
    /// What is done next.
    #[serde(default)]
    #[schema(max_length = 2000, example = "The same with the desk sorting, all week")]
    pub next_step: Option<String>,
}

impl ActOnCycle {
    /// Moves the cycle on, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/nextStep", self.next_step.as_deref(), LONGEST_TEXT);
        found.into_result()?;
        cycle.enter(CyclePhase::Act)?;
        cycle.phase = CyclePhase::Act;
        cycle.act = Some(CycleAct {
            decision: self.decision,
            next_step: self.next_step,
        });
        Ok(())
    }
}

/// Records that a standard was looked at again, and when it is to be looked at next.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReviewCycle {
    /// The day on which it was looked at; today if absent.
    #[serde(default)]
    pub reviewed_on: Option<Date>,
    /// When it is to be looked at next: a later day.
    pub review_on: Date,
}

impl ReviewCycle {
    /// Notes the look, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle, today: Date) -> Result<()> {
        let reviewed_on = self.reviewed_on.unwrap_or(today);
        let mut found = Violations::new();
        found.require(
            reviewed_on.is_plausible() && reviewed_on <= today,
            "/reviewedOn",
            "out_of_range",
            || "a standard was looked at between 1900 and today".into(),
        );
        found.require(
            self.review_on.is_plausible() && self.review_on > reviewed_on,
            "/reviewOn",
            "out_of_range",
            || "the next look comes after this one, and before 2200".into(),
        );
        found.into_result()?;
        if cycle.kind != CycleKind::Sdsa {
            return Err(Error::conflict(
                "no_standard",
                "only the standard of an SDSA cycle is reviewed",
            ));
        }
        cycle.reviewed_on = Some(reviewed_on);
        cycle.review_on = Some(self.review_on);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Plan: what a cycle sets out to do, before it is carried out.

use serde::{Deserialize, Serialize};

use super::standard::check_standard;
use super::{Cycle, CycleKind, CyclePhase, LONGEST_LABEL, LONGEST_TEXT, LONGEST_TITLE, plain_enum};
use crate::error::{Result, Violations};
use crate::ids::{CycleId, RampId, SpiralId};
use crate::patch::Patch;
use crate::text::{check_optional_text, check_text};
use crate::time::Date;

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
    /// The spiral that it is part of; that of its ramp if absent.
    #[serde(default)]
    pub spiral: Option<SpiralId>,
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

/// Changes a cycle that is planned and not yet carried out; what is absent stays as it is. Which spiral it is part of
/// can be said at any time.
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
    /// Another spiral that it is part of, or none.
    #[serde(default)]
    #[schema(value_type = Option<SpiralId>)]
    pub spiral: Patch<SpiralId>,
}

impl ChangeCycle {
    /// Makes the change, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle) -> Result<()> {
        let planned =
            self.title.is_some() || self.plan.is_some() || self.owner.is_some() || self.review_on.is_some();
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
        if planned || self.spiral == Patch::Absent {
            cycle.enter(CyclePhase::Plan)?;
        }
        self.spiral.apply(&mut cycle.spiral_id);
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

//! The two conditions that stand around all improvement work, leadership and local conditions, seen through three lenses:
//! structures, processes, patterns.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{ConditionAssessmentId, PrincipalId, UnitId};
use crate::reference::Reference;
use crate::sharing::{Sharing, Withheld};
use crate::text::check_text;
use crate::time::{Date, Timestamp};

/// What is assessed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Who leads, and how.
    Leadership,
    /// What else is around the work: time, money, room, relations.
    LocalConditions,
}

/// How far a condition helps, through one lens.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum ConditionLevel {
    /// It stands in the way.
    Hindering,
    /// It neither hinders nor helps, or some of both.
    Mixed,
    /// It helps.
    Helping,
    /// It carries the work.
    Strong,
}

/// What is seen through one lens.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "ConditionLens", input_name = "ConditionLensInput")]
#[schema(as = ConditionLens)]
pub struct Lens {
    /// How far it helps.
    pub level: ConditionLevel,
    /// What is seen, in words; nothing about patients or persons.
    #[schema(
        max_length = 1000,
        example = "The lead nurse has half a day a week for the team"
    )]
    pub text: String,
}

/// One of the two conditions of a unit on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ConditionAssessmentRecord")]
pub struct ConditionAssessment {
    /// Its id.
    pub id: ConditionAssessmentId,
    /// The unit.
    pub unit_id: UnitId,
    /// What is assessed.
    pub condition: Condition,
    /// The day it speaks of.
    pub assessed_on: Date,
    /// Roles, committees, money, room: what is set up.
    pub structures: Option<Lens>,
    /// How things are done.
    pub processes: Option<Lens>,
    /// Values, trust, relationships: what repeats.
    pub patterns: Option<Lens>,
    /// Whether it was recorded by mistake.
    pub withdrawn: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded it, or changed it last.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ConditionAssessment {
    /// Every rule about what it says, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        found.require(self.assessed_on <= today, "/assessedOn", "in_future", || {
            "an assessment does not speak of a day to come".into()
        });
        let lenses = [
            ("structures", &self.structures),
            ("processes", &self.processes),
            ("patterns", &self.patterns),
        ];
        found.require(
            lenses.iter().any(|(_, lens)| lens.is_some()),
            "/structures",
            "nothing_seen",
            || "say what is seen through one of the lenses at least".into(),
        );
        for (name, lens) in lenses {
            if let Some(lens) = lens {
                check_text(&mut found, &format!("/{name}/text"), &lens.text, 1000);
            }
        }
        found.into_result()
    }
}

/// Records one of the two conditions of a unit on a day.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssessCondition {
    /// The unit.
    pub unit: Reference,
    /// What is assessed.
    pub condition: Condition,
    /// The day it speaks of; today if absent.
    #[serde(default)]
    pub assessed_on: Option<Date>,
    /// Roles, committees, money, room: what is set up.
    #[serde(default)]
    #[schema(example = json!({ "level": "helping", "text": "The lead nurse has half a day a week for the team" }))]
    pub structures: Option<Lens>,
    /// How things are done.
    #[serde(default)]
    pub processes: Option<Lens>,
    /// Values, trust, relationships: what repeats.
    #[serde(default)]
    pub patterns: Option<Lens>,
}

/// Changes an assessment; what is absent stays as it is, null takes a lens away.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeCondition {
    /// Another day.
    #[serde(default)]
    pub assessed_on: Option<Date>,
    /// What is set up.
    #[serde(default)]
    #[schema(value_type = Option<Lens>)]
    pub structures: crate::Patch<Lens>,
    /// How things are done.
    #[serde(default)]
    #[schema(value_type = Option<Lens>)]
    pub processes: crate::Patch<Lens>,
    /// What repeats.
    #[serde(default)]
    #[schema(value_type = Option<Lens>)]
    pub patterns: crate::Patch<Lens>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeCondition {
    /// The assessment with the change made.
    pub fn apply(self, assessment: &mut ConditionAssessment) {
        assessment.assessed_on = self.assessed_on.unwrap_or(assessment.assessed_on);
        self.structures.apply(&mut assessment.structures);
        self.processes.apply(&mut assessment.processes);
        self.patterns.apply(&mut assessment.patterns);
        assessment.withdrawn = self.withdrawn.unwrap_or(assessment.withdrawn);
    }
}

/// The latest of both conditions of a unit, or that there may be some beyond the reader's sight.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatestConditions {
    /// The latest of leadership that the reader may see.
    pub leadership: Option<ConditionAssessment>,
    /// The latest of local conditions that the reader may see.
    pub local_conditions: Option<ConditionAssessment>,
    /// Stands here when the unit keeps its conditions from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
}

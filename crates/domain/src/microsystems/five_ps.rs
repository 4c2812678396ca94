//! The 5Ps: how a team sees its purpose, patients, professionals, processes and patterns, on a day.

use serde::{Deserialize, Serialize};

use crate::ids::{FivePsId, MeasureId, PrincipalId, UnitId};
use crate::sharing::Sharing;
use crate::time::{Date, Timestamp};

mod comparison;
mod inputs;

pub use comparison::*;
pub use inputs::*;

/// One of the five.
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
pub enum FiveP {
    /// What the team is there for.
    Purpose,
    /// Who it cares for, and how they see it.
    Patients,
    /// Who works in it, and how they see it.
    Professionals,
    /// How the work is done.
    Processes,
    /// What repeats: figures over time, habits, culture.
    Patterns,
}

impl FiveP {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Purpose,
        Self::Patients,
        Self::Professionals,
        Self::Processes,
        Self::Patterns,
    ];

    /// Its name in JSON, and of its field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purpose => "purpose",
            Self::Patients => "patients",
            Self::Professionals => "professionals",
            Self::Processes => "processes",
            Self::Patterns => "patterns",
        }
    }
}

/// How far a P has been looked at.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// There is neither a finding nor a metric.
    #[default]
    NotStarted,
    /// There is one.
    Begun,
    /// There is one, and the team says that it has looked enough.
    Complete,
}

/// Something that was found.
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
#[graphql(name = "FivePsFinding", input_name = "FivePsFindingInput")]
#[schema(as = FivePsFinding)]
pub struct Finding {
    /// What was found; nothing about one patient.
    #[schema(
        max_length = 1000,
        example = "Patients wait twice: at the desk, then for the nurse"
    )]
    pub text: String,
}

/// A figure, with where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FivePsMetric")]
#[schema(as = FivePsMetric)]
pub struct Metric {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// In which unit.
    pub unit: String,
    /// Where it comes from.
    pub provenance: String,
    /// The day that it speaks of.
    pub as_of: Date,
    /// The measure that it is a value of, if it is one.
    pub measure_id: Option<MeasureId>,
}

/// What is known of one P.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FivePsPart")]
#[schema(as = FivePsPart)]
pub struct Part {
    /// How far it has been looked at.
    pub state: Completion,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Its figures.
    pub metrics: Vec<Metric>,
}

impl Part {
    /// Whether there is anything in it.
    fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.metrics.is_empty()
    }
}

/// How a team sees itself on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FivePsRecord")]
pub struct FivePs {
    /// Its id.
    pub id: FivePsId,
    /// The team.
    pub unit_id: UnitId,
    /// The day it speaks of; a team has one of a day.
    pub assessed_on: Date,
    /// What the team is there for.
    pub purpose: Part,
    /// Who it cares for.
    pub patients: Part,
    /// Who works in it.
    pub professionals: Part,
    /// How the work is done.
    pub processes: Part,
    /// What repeats.
    pub patterns: Part,
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

impl FivePs {
    /// What it says of one P.
    pub fn part(&self, p: FiveP) -> &Part {
        match p {
            FiveP::Purpose => &self.purpose,
            FiveP::Patients => &self.patients,
            FiveP::Professionals => &self.professionals,
            FiveP::Processes => &self.processes,
            FiveP::Patterns => &self.patterns,
        }
    }

    fn part_mut(&mut self, p: FiveP) -> &mut Part {
        match p {
            FiveP::Purpose => &mut self.purpose,
            FiveP::Patients => &mut self.patients,
            FiveP::Professionals => &mut self.professionals,
            FiveP::Processes => &mut self.processes,
            FiveP::Patterns => &mut self.patterns,
        }
    }

    /// How far each P has been looked at, in order.
    pub fn states(&self) -> [Completion; 5] {
        FiveP::ALL.map(|p| self.part(p).state)
    }
}

/// What of an assessment concerns patients: what a patient partner reads and writes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct PatientsFindings {
    /// The assessment.
    pub id: FivePsId,
    /// The team.
    pub unit_id: UnitId,
    /// The day the assessment speaks of.
    pub assessed_on: Date,
    /// What it says of patients.
    pub patients: Part,
    /// Row version of the assessment, for `If-Match`.
    pub version: i64,
    /// When the assessment was last changed.
    pub updated_at: Timestamp,
}

impl From<FivePs> for PatientsFindings {
    fn from(assessment: FivePs) -> Self {
        Self {
            id: assessment.id,
            unit_id: assessment.unit_id,
            assessed_on: assessment.assessed_on,
            patients: assessment.patients,
            version: assessment.version,
            updated_at: assessment.updated_at,
        }
    }
}

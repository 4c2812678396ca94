//! Which tools of the approach teams use, read off what they have recorded.

use serde::{Deserialize, Serialize};

use crate::ids::UnitId;

/// A tool, or a way to come to know how patients see the team.
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
pub enum Tool {
    /// Workshops.
    Workshops,
    /// Time for which people are freed from other work.
    ProtectedTime,
    /// A survey of those who work in the team.
    StaffSurvey,
    /// A survey of those whom it cares for.
    PatientViewsFormal,
    /// Patients asked otherwise.
    PatientViewsAdHoc,
    /// Processes drawn as maps.
    Mapping,
    /// Figures of what repeats.
    PatternsData,
}

impl Tool {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Workshops,
        Self::ProtectedTime,
        Self::StaffSurvey,
        Self::PatientViewsFormal,
        Self::PatientViewsAdHoc,
        Self::Mapping,
        Self::PatternsData,
    ];

    /// By what records a team is said to use it.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Workshops => "a meeting of the kind `workshop`",
            Self::ProtectedTime => "a meeting with protected minutes",
            Self::StaffSurvey => "a staff survey that came to enough answers to be told",
            Self::PatientViewsFormal => "a patient survey that came to enough answers to be told",
            Self::PatientViewsAdHoc => {
                "a finding about patients in a 5Ps assessment, without such a patient survey"
            }
            Self::Mapping => "a diagram of the kind `process_map`",
            Self::PatternsData => {
                "a metric among the patterns of a 5Ps assessment, or a metric of any P that is linked to a measure"
            }
        }
    }
}

/// How many teams use a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ToolCount {
    /// The tool.
    pub tool: Tool,
    /// By what records a team is said to use it.
    pub rule: String,
    /// Teams of which the reader may know whether they use it.
    pub known: i64,
    /// Those of them that use it.
    pub shown: i64,
    /// All that use it; null where it would tell what few teams keep to themselves.
    pub total: Option<i64>,
    /// Whether the total is left out.
    pub suppressed: bool,
}

/// Which tools the teams at or beneath one unit use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ToolUsePlace {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Teams that are open today.
    pub teams: i64,
    /// Tool by tool.
    pub tools: Vec<ToolCount>,
}

/// A team behind the counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ToolUser {
    /// The team.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The tools that it uses, of those of which the reader may know.
    pub tools: Vec<Tool>,
}

/// Which tools the teams beneath a unit use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ToolUse {
    /// The whole.
    pub whole: ToolUsePlace,
    /// Its parts, by code.
    pub groups: Vec<ToolUsePlace>,
    /// The teams behind what is shown of the whole, by code; at most 500.
    pub users: Vec<ToolUser>,
    /// How many more there are.
    pub users_left_out: i64,
}

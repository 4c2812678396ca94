//! Who may see a team's work: the sharing levels, and the kinds of work that carry one.

use serde::{Deserialize, Serialize};

use crate::tenancy::Tier;

/// How far up a record is shared; each level is wider than the one before.
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
pub enum Sharing {
    /// The owner unit alone.
    Team,
    /// And the organisation above it.
    Organisation,
    /// And the strategic health authority.
    Sha,
    /// And the national body.
    National,
    /// Every principal of the tenant.
    Everyone,
}

impl Sharing {
    /// All, narrowest first.
    pub const ALL: [Self; 5] = [
        Self::Team,
        Self::Organisation,
        Self::Sha,
        Self::National,
        Self::Everyone,
    ];

    /// 0 to 4, as stored.
    pub const fn level(self) -> i16 {
        self as i16
    }

    /// From the stored number.
    pub fn from_level(level: i16) -> Option<Self> {
        usize::try_from(level)
            .ok()
            .and_then(|at| Self::ALL.get(at).copied())
    }

    /// The level that holds for a record of a unit of this tier: levels at or below the owner's own tier mean
    /// the owner unit.
    pub fn on(self, owner: Tier) -> Self {
        self.max(owner.sharing())
    }
}

/// A kind of work whose sharing a unit sets.
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
pub enum WorkKind {
    /// Own measures, observations, annotations.
    Observations,
    /// Adoption events.
    Adoption,
    /// Field-test sites and results.
    FieldTests,
    /// Sustainability assessments.
    Sustainability,
    /// Who is in the lead team.
    LeadTeam,
    /// Meetings, and the rhythm that expects them.
    Meetings,
    /// 5Ps assessments.
    FivePs,
    /// Assessments of leadership and local conditions.
    Conditions,
    /// Surveys.
    Surveys,
    /// Diagrams.
    Diagrams,
    /// Aims, ramps and cycles.
    Aims,
}

impl WorkKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Observations,
        Self::Adoption,
        Self::FieldTests,
        Self::Sustainability,
        Self::LeadTeam,
        Self::Meetings,
        Self::FivePs,
        Self::Conditions,
        Self::Surveys,
        Self::Diagrams,
        Self::Aims,
    ];

    /// The stored and published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observations => "observations",
            Self::Adoption => "adoption",
            Self::FieldTests => "field_tests",
            Self::Sustainability => "sustainability",
            Self::LeadTeam => "lead_team",
            Self::Meetings => "meetings",
            Self::FivePs => "five_ps",
            Self::Conditions => "conditions",
            Self::Surveys => "surveys",
            Self::Diagrams => "diagrams",
            Self::Aims => "aims",
        }
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where neither the unit nor the tenant has set another.
    pub const fn default_sharing(self) -> Sharing {
        match self {
            Self::Observations | Self::Aims => Sharing::Organisation,
            Self::Adoption | Self::FieldTests => Sharing::National,
            Self::Sustainability
            | Self::LeadTeam
            | Self::Meetings
            | Self::FivePs
            | Self::Conditions
            | Self::Surveys
            | Self::Diagrams => Sharing::Team,
        }
    }
}

/// Stands beside a null field: there may be something, but it is shared only so far.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct Withheld {
    /// How far its owner shares it.
    pub level: Sharing,
}

//! How the latest assessments of many teams are distributed.

use serde::{Deserialize, Serialize};

use crate::ids::UnitId;
use crate::tenancy::Tier;

/// A part of the scale, by the latest closed assessment.
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
#[graphql(name = "SustainabilityBand")]
#[schema(as = SustainabilityBand)]
pub enum Band {
    /// No closed assessment.
    NotAssessed,
    /// Below 35.
    Low,
    /// From 35 to below the threshold of 55.
    Middle,
    /// At the threshold of 55 or above.
    High,
}

impl Band {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::NotAssessed, Self::Low, Self::Middle, Self::High];

    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAssessed => "not_assessed",
            Self::Low => "low",
            Self::Middle => "middle",
            Self::High => "high",
        }
    }
}

/// Where the scale is cut: below it a score is low.
pub const LOW_BELOW: f64 = 35.0;

/// By which units a summary is split.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
#[graphql(name = "SustainabilityGroupBy")]
#[schema(as = SustainabilityGroupBy)]
pub enum SummaryGroups {
    /// The units directly beneath.
    #[default]
    Children,
    /// The strategic health authorities nearest the root.
    Sha,
    /// The organisations nearest the root.
    Organisation,
}

impl SummaryGroups {
    /// The tier that it names.
    pub const fn tier(self) -> Option<Tier> {
        match self {
            Self::Children => None,
            Self::Sha => Some(Tier::Sha),
            Self::Organisation => Some(Tier::Organisation),
        }
    }
}

/// How many teams stand in a part of the scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityBandCount")]
pub struct BandCount {
    /// The part.
    pub band: Band,
    /// Those whose assessments the reader may see.
    pub shown: i64,
    /// All; null where it would tell what few teams keep to themselves.
    pub total: Option<i64>,
    /// Whether the total is left out.
    pub suppressed: bool,
}

/// The teams at or beneath one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityDistribution")]
pub struct Distribution {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Teams that are open today.
    pub teams: i64,
    /// Those of them whose assessments the reader may see.
    pub shown: i64,
    /// How they are distributed, in the order of the scale.
    pub bands: Vec<BandCount>,
}

/// How the latest assessments of the teams beneath a unit are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SustainabilitySummary {
    /// The instrument's code.
    pub instrument: String,
    /// The whole.
    pub whole: Distribution,
    /// Its parts, by code.
    pub groups: Vec<Distribution>,
}

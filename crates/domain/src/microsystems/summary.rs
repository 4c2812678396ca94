//! How far the teams of a place have looked at each P.

use serde::{Deserialize, Serialize};

use super::{Completion, FiveP};
use crate::ids::UnitId;
use crate::tenancy::Tier;

/// Where a team stands with one P, by its latest assessment.
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
pub enum FivePsState {
    /// The team has no assessment at all.
    NotAssessed,
    /// It has one that says nothing of this P.
    NotStarted,
    /// It has begun with it.
    Begun,
    /// It has looked enough.
    Complete,
}

impl FivePsState {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::NotAssessed, Self::NotStarted, Self::Begun, Self::Complete];

    /// Where a team with this assessment stands.
    pub const fn of(completion: Option<Completion>) -> Self {
        match completion {
            None => Self::NotAssessed,
            Some(Completion::NotStarted) => Self::NotStarted,
            Some(Completion::Begun) => Self::Begun,
            Some(Completion::Complete) => Self::Complete,
        }
    }
}

/// By which units the summary is split.
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
pub enum TeamGroupBy {
    /// The units directly beneath.
    #[default]
    Children,
    /// The strategic health authorities nearest the root.
    Sha,
    /// The organisations nearest the root.
    Organisation,
}

impl TeamGroupBy {
    /// The tier that it names.
    pub const fn tier(self) -> Option<Tier> {
        match self {
            Self::Children => None,
            Self::Sha => Some(Tier::Sha),
            Self::Organisation => Some(Tier::Organisation),
        }
    }
}

/// How many teams stand somewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FivePsCount {
    /// Where.
    pub state: FivePsState,
    /// Those whose assessments the reader may see.
    pub shown: i64,
    /// All; null where it would tell what few teams keep to themselves.
    pub total: Option<i64>,
    /// Whether the total is left out.
    pub suppressed: bool,
}

/// Where the teams of a place stand with one P.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FivePsPartCounts {
    /// The P.
    pub p: FiveP,
    /// How many stand where, in order.
    pub states: Vec<FivePsCount>,
}

/// Which figures a reading is made from.
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
pub enum Basis {
    /// The totals: all of those that it needs are told.
    Total,
    /// Only what the reader may see.
    Shown,
}

/// Which P is neglected: the one that most of the teams with an assessment have not started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct Neglect {
    /// The Ps that most teams have not started, several where they stand equal; none where nobody has left any out.
    pub parts: Vec<FiveP>,
    /// How many teams have not started them.
    pub not_started: i64,
    /// Of how many that have an assessment.
    pub assessed: i64,
    /// Which figures say so.
    pub basis: Basis,
}

impl Neglect {
    /// The reading of a place's counts, in the order of the Ps: from the totals where none that it needs is left out.
    pub fn of(parts: &[FivePsPartCounts]) -> Self {
        let assessed = |part: &FivePsPartCounts| -> Vec<FivePsCount> {
            let counts = part.states.iter();
            counts
                .filter(|count| count.state != FivePsState::NotAssessed)
                .cloned()
                .collect()
        };
        let told = parts.iter().flat_map(assessed).all(|count| count.total.is_some());
        let basis = if told { Basis::Total } else { Basis::Shown };
        let figure = |count: &FivePsCount| match basis {
            Basis::Total => count.total.unwrap_or_default(),
            Basis::Shown => count.shown,
        };
        let not_started = |part: &FivePsPartCounts| -> i64 {
            let counts = part.states.iter();
            counts
                .filter(|count| count.state == FivePsState::NotStarted)
                .map(figure)
                .sum()
        };
        let most = parts.iter().map(not_started).max().unwrap_or_default();
        let neglected = parts.iter().filter(|part| most > 0 && not_started(part) == most);
        Self {
            parts: neglected.map(|part| part.p).collect(),
            not_started: most,
            assessed: parts
                .first()
                .map_or(0, |part| assessed(part).iter().map(figure).sum()),
            basis,
        }
    }
}

/// The teams at or beneath one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FivePsDistribution {
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
    /// Where they stand, P by P.
    pub parts: Vec<FivePsPartCounts>,
    /// Which P is neglected.
    pub neglected: Neglect,
}

/// Where the teams beneath a unit stand with the 5Ps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FivePsSummary {
    /// The whole.
    pub whole: FivePsDistribution,
    /// Its parts, by code.
    pub groups: Vec<FivePsDistribution>,
}

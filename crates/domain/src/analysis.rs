//! What is worked out of observations.

use serde::{Deserialize, Serialize};

pub use self::charts::{
    Assurance, Attention, ChartKind, ChartPhase, ChartPoint, ChartRuns, ChartSeries, ChartVerdict,
    ChartWarning, Charts, InsufficientData, PhaseCause, RunMethod, SeriesAnnotation, SeriesCoverage,
    SeriesSort, SeriesTarget, SeriesWarning, SignalRule, Variation,
};
pub use self::funnel::{Funnel, FunnelLimits, FunnelPoint, FunnelUnit};
pub use self::pictures::{ChartDrawing, ChartTable, ChartTheme};
pub use self::quality::{DataQuality, Expected, QualityCounts, QualityFinding, QualityNote, QualityRow};
use crate::ids::{NetworkId, UnitId};
use crate::measures::{Measure, Stratum};
use crate::tenancy::Tier;
use crate::time::{Date, Interval};

mod charts;
mod funnel;
mod pictures;
mod quality;

/// Which nodes a roll-up has a row for, beside the unit or network itself.
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
pub enum GroupBy {
    /// No others.
    #[default]
    None,
    /// The units directly beneath; the members of a network.
    Children,
    /// The organisations nearest the root.
    Organisation,
    /// The strategic health authorities nearest the root.
    Sha,
}

impl GroupBy {
    /// The tier that it groups by.
    pub const fn tier(self) -> Option<Tier> {
        match self {
            Self::None | Self::Children => None,
            Self::Organisation => Some(Tier::Organisation),
            Self::Sha => Some(Tier::Sha),
        }
    }
}

/// Which tree a roll-up goes up.
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
pub enum TreeAt {
    /// The tree on the last day of each period.
    #[default]
    Period,
    /// The tree as it is now, or on `asOf`.
    Current,
}

/// A measure summed up a tree or over a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "RollUpRecord")]
pub struct RollUp {
    /// The measure, in the version that is summed.
    #[graphql(skip)]
    pub measure: Measure,
    /// The dimension it is split by.
    pub dimension: Option<String>,
    /// What the measure's own periods are summed to; null if they stand as they are.
    pub interval: Option<Interval>,
    /// Which tree it goes up.
    pub tree: TreeAt,
    /// The cells: first those of the unit or network itself, then of each node; by period and stratum.
    pub cells: Vec<RollUpCell>,
}

/// A node of a roll-up.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct RollUpNode {
    /// The unit, if it is one.
    pub unit_id: Option<UnitId>,
    /// The network, if it is one.
    pub network_id: Option<NetworkId>,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its tier, if it is a unit.
    pub tier: Option<Tier>,
}

/// A sum.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// How many units it is summed from.
    pub contributors: i64,
    /// The sum of the numerators; on a continuous scale of all that was measured. Null if nobody contributes.
    pub numerator: Option<f64>,
    /// The sum of the denominators; on a continuous scale how many were measured. Null if there is none.
    pub denominator: Option<f64>,
    /// `numerator / denominator × multiplier`, unrounded. Null if there is no denominator.
    pub rate: Option<f64>,
    /// The rate at one decimal, halves away from zero, as tables print it.
    pub rate_rounded: Option<f64>,
}

/// Who could contribute, and who does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Units of the reporting tier beneath the node that were open in the period.
    pub eligible: i64,
    /// Of these, the units whose observations the reader may see.
    pub shown: i64,
    /// Of these, the units that have a value.
    pub with_value: i64,
}

/// One node, period and stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct RollUpCell {
    /// The node.
    pub node: RollUpNode,
    /// The period's first day.
    pub period_start: Date,
    /// The period's last day.
    pub period_end: Date,
    /// Which part of the population; empty for the whole.
    pub stratum: Stratum,
    /// From the units whose observations the reader may see: always exact.
    pub shown: Figure,
    /// From all units; null where it is suppressed, or not offered at all.
    pub total: Option<Figure>,
    /// Whether `total` is left out because it would tell what hidden units reported.
    pub suppressed: bool,
    /// Who could contribute, and who does.
    pub coverage: Coverage,
}

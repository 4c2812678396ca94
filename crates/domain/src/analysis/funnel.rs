//! Funnels: which units differ from the rest by more than their size explains.

use serde::{Deserialize, Serialize};

use super::charts::{InsufficientData, SeriesCoverage, Variation};
use super::{Coverage, RollUpNode};
use crate::measures::{Measure, Stratum};
use crate::time::Date;

macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$meta])*
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
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }
    };
}

choice! {
    /// Which limits a funnel has.
    FunnelLimits {
        /// Adjusted if units differ by more than chance (φ above 1), else exact.
        Auto,
        /// Those of chance alone: binomial for proportions, Poisson for rates.
        Exact,
        /// Those that allow for differences between units that chance does not explain.
        Adjusted,
    }
}

/// Limits at one size.
#[derive(
    Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct FunnelPoint {
    /// The size.
    pub denominator: f64,
    /// Lower, 95 %.
    pub lower95: f64,
    /// Upper, 95 %.
    pub upper95: f64,
    /// Lower, 99.8 %.
    pub lower998: f64,
    /// Upper, 99.8 %.
    pub upper998: f64,
}

/// One unit on a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FunnelUnit {
    /// The unit.
    pub node: RollUpNode,
    /// The numerator of the time.
    pub numerator: f64,
    /// The denominator of the time.
    pub denominator: f64,
    /// `numerator / denominator × multiplier`.
    pub value: f64,
    /// How many of the measure's periods are in it.
    pub periods: i64,
    /// Of a sum: who could contribute, and who does, counted once for each period. Null for a unit's own figures.
    pub coverage: Option<Coverage>,
    /// How many of its own standard errors it lies from the middle; null for a rate without events.
    pub z: Option<f64>,
    /// The limits at its size.
    pub limits: FunnelPoint,
    /// Whether it lies outside the 95 % limits.
    pub outside95: bool,
    /// Whether it lies outside the 99.8 % limits.
    pub outside998: bool,
    /// What lying outside the 99.8 % limits says of it: `common` if it lies inside.
    pub variation: Variation,
}

/// Units of a tier compared over a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FunnelRecord")]
pub struct Funnel {
    /// The measure.
    #[graphql(skip)]
    pub measure: Measure,
    /// Which part of the population; empty for the whole.
    pub stratum: Stratum,
    /// The first day of the time; null if nobody has reported.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
    /// The middle: everything shown, pooled, times the multiplier. Null without units.
    pub centre: Option<f64>,
    /// The limits that judge: `exact` or `adjusted`.
    pub limits: FunnelLimits,
    /// The mean squared z: 1 if there is chance only. Null if it cannot be told.
    pub phi: Option<f64>,
    /// The variance between units beyond chance, on the transformed scale.
    pub tau2: Option<f64>,
    /// The units, by code or the worst first.
    pub units: Vec<FunnelUnit>,
    /// The limits at sizes from the smallest to the largest, to be drawn.
    pub curve: Vec<FunnelPoint>,
    /// Of which units there are figures to be shown. The others are only counted.
    pub coverage: SeriesCoverage,
    /// How many units that the reader may see have no value, or a denominator of zero, in the time.
    pub without_value: i64,
    /// What is missing for a comparison; null if nothing is.
    pub insufficient_data: Option<InsufficientData>,
    /// Why nothing could be computed; null if it could.
    pub not_computable: Option<String>,
}

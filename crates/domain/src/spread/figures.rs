//! Figures of spread, as they are answered.

use serde::{Deserialize, Serialize};

use crate::ids::{InnovationId, NetworkId, UnitId};
use crate::time::Date;

/// For which places figures are given.
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
pub enum SpreadGroupBy {
    /// For the unit or network as a whole.
    #[default]
    None,
    /// For each unit directly beneath the unit.
    Children,
    /// For each organisation in it, the one nearest the root where organisations stand beneath each other.
    Organisation,
    /// For each SHA in it, the one nearest the root.
    Sha,
}

/// Which tree the figures are added up along.
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
pub enum SpreadTree {
    /// As it was on each day.
    #[default]
    Period,
    /// As it is today.
    Current,
}

/// A count of units: what the reader may see of it, and the whole where that may be told.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SpreadCount {
    /// Of the units whose adoption the reader may see: always exact.
    pub shown: i64,
    /// Of all units; null where it would tell too much about those that are hidden.
    pub total: Option<i64>,
    /// Whether the total is left out for that reason.
    pub suppressed: bool,
}

/// How far one innovation has spread in one place on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpreadMetricsRecord")]
pub struct SpreadMetrics {
    /// The innovation.
    pub innovation_id: InnovationId,
    /// The unit at or beneath which is counted; null for a network.
    pub unit_id: Option<UnitId>,
    /// The network whose members are counted; null for a unit.
    pub network_id: Option<NetworkId>,
    /// The code of the unit or network.
    pub code: String,
    /// The name of the unit or network.
    pub name: String,
    /// The day.
    pub as_of: Date,
    /// Units that are open on the day and that the innovation is meant for.
    pub eligible: i64,
    /// Of these, units whose adoption the reader may see.
    pub eligible_shown: i64,
    /// Eligible units that know of it or went further.
    pub aware: SpreadCount,
    /// Eligible units that work with it.
    pub adopted: SpreadCount,
    /// Eligible units that have worked with it at any time so far.
    pub ever_adopted: SpreadCount,
    /// Eligible units that work with it as a matter of course.
    pub routine: SpreadCount,
    /// Eligible units that have given it up after working with it.
    pub discontinued: SpreadCount,
    /// Units that work with it but do not count: not meant, or closed by then.
    pub adopted_outside_eligible: SpreadCount,
    /// Of those that ever adopted: chose it.
    pub pull: SpreadCount,
    /// Of those that ever adopted: were told to.
    pub push: SpreadCount,
    /// Of those that ever adopted: took it over from a predecessor.
    pub inherited: SpreadCount,
    /// Of those that ever adopted: not known whether pulled or pushed.
    pub mode_unknown: SpreadCount,
    /// Of those that ever adopted and did not inherit: learnt it from a unit of the same or a narrower tier.
    pub peer: SpreadCount,
    /// Of those that ever adopted and did not inherit: learnt it from a unit of a wider tier.
    pub from_above: SpreadCount,
    /// Of those that ever adopted and did not inherit: not known where they learnt it.
    pub peer_unknown: SpreadCount,
    /// Adopted of eligible; null without eligible units or where the total is left out.
    pub penetration: Option<f64>,
    /// Pull of pull and push; null if neither is known or where the totals are left out.
    pub pull_share: Option<f64>,
    /// Peer of those with a known source; null if none is known or where the totals are left out.
    pub peer_share: Option<f64>,
    /// The first day on which more than 16 % of the eligible units had adopted; null if not yet.
    pub tipping_point: Option<Date>,
    /// Whether the tipping point is left out, because it would tell a day about units that are hidden.
    pub tipping_point_suppressed: bool,
}

/// The course of one innovation in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpreadCurveRecord")]
pub struct SpreadCurve {
    /// The innovation; null for several together.
    pub innovation_id: Option<InnovationId>,
    /// The unit at or beneath which is counted; null for a network.
    pub unit_id: Option<UnitId>,
    /// The network whose members are counted; null for a unit.
    pub network_id: Option<NetworkId>,
    /// The code of the unit or network.
    pub code: String,
    /// The name of the unit or network.
    pub name: String,
    /// Eligible units that have adopted by the end of the curve, but on dates known less exactly than its
    /// interval: they are left out of all its points.
    pub less_exact: SpreadCount,
    /// One point for each interval.
    #[graphql(skip)]
    pub points: Vec<SpreadPoint>,
}

impl SpreadCurve {
    /// Adds the curve of another innovation in the same place: a unit counts once for each. A total is told where both
    /// are, so that the sum tells nothing that its parts do not.
    pub fn add(&mut self, other: &Self) {
        self.innovation_id = None;
        self.less_exact.add(other.less_exact);
        for (point, more) in self.points.iter_mut().zip(&other.points) {
            point.eligible += more.eligible;
            point.eligible_shown += more.eligible_shown;
            point.new.add(more.new);
            point.cumulative.add(more.cumulative);
            point.adopted.add(more.adopted);
        }
    }
}

impl SpreadCount {
    fn add(&mut self, other: Self) {
        self.shown += other.shown;
        self.total = self.total.zip(other.total).map(|(one, more)| one + more);
        self.suppressed |= other.suppressed;
    }
}

/// One interval of a curve.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SpreadPoint {
    /// The first day of the interval.
    pub period_start: Date,
    /// Its last day.
    pub period_end: Date,
    /// Units eligible on the last day.
    pub eligible: i64,
    /// Of these, units whose adoption the reader may see.
    pub eligible_shown: i64,
    /// Units that adopted for the first time in the interval.
    pub new: SpreadCount,
    /// Units eligible on the last day that have adopted so far.
    pub cumulative: SpreadCount,
    /// Units eligible on the last day that work with it on that day.
    pub adopted: SpreadCount,
}

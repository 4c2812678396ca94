//! Where a spiral has been: its stays in steps, and the turns that they make.

use serde::{Deserialize, Serialize};

use super::{SpiralStatus, SpiralStep};
use crate::ids::{AimId, NeedId, SpiralId, StayId, UnitId};
use crate::sharing::Sharing;
use crate::time::{Date, Timestamp};

/// A time that a spiral spent in one step of one turn, or closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpiralStay")]
#[schema(as = SpiralStay)]
pub struct Stay {
    /// Its id.
    pub id: StayId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn.
    pub turn: i64,
    /// The step; of a closed time, the one in which it was closed.
    pub step: SpiralStep,
    /// `active` while it went on (dormant or not), else how it was closed.
    pub status: SpiralStatus,
    /// Its first day.
    pub began_on: Date,
    /// The day on which it went on to something else; null while it lasts.
    pub ended_on: Option<Date>,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Row version.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Stay {
    /// How many days it lasted, once it is over and if it was spent in a step.
    pub fn days(&self) -> Option<i64> {
        let until = self.ended_on.filter(|_| self.status == SpiralStatus::Active)?;
        Some((until.0 - self.began_on.0).num_days())
    }

    /// How many turns were completed while it lasted: all before it, and its own if it was sustained.
    pub fn turns_completed(&self) -> i64 {
        self.turn - 1 + i64::from(self.status == SpiralStatus::Sustained)
    }
}

/// One time round the spiral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpiralTurn")]
#[schema(as = SpiralTurn)]
pub struct Turn {
    /// 1 is the first.
    pub number: i64,
    /// Its first day.
    pub began_on: Date,
    /// The day on which it ended: by going on to the next turn, or by being closed.
    pub ended_on: Option<Date>,
    /// Whether it went all the way round: the next turn has begun, or what it changed is sustained.
    pub completed: bool,
    /// Where it has been, in order.
    pub stays: Vec<Stay>,
}

impl Turn {
    /// The turns of a spiral that is in this turn and stands so, of its stays in order.
    pub fn of(turn: i64, status: SpiralStatus, stays: Vec<Stay>) -> Vec<Self> {
        let mut turns: Vec<Self> = Vec::new();
        for stay in stays {
            match turns.last_mut() {
                Some(last) if last.number == stay.turn => {
                    last.ended_on = if stay.status.is_closed() {
                        Some(stay.began_on)
                    } else {
                        stay.ended_on
                    };
                    last.stays.push(stay);
                }
                _ => turns.push(Self {
                    number: stay.turn,
                    began_on: stay.began_on,
                    ended_on: stay.ended_on,
                    completed: stay.turn < turn || status == SpiralStatus::Sustained,
                    stays: vec![stay],
                }),
            }
        }
        turns
    }
}

/// What a turn hands on to the next.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct CarriedOver {
    /// Needs that are still open.
    pub needs: Vec<NeedId>,
    /// The team's aims that name the spiral and are still active.
    pub aims: Vec<AimId>,
}

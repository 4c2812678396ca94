//! The data wall: what a team would pin up, in one answer. Each part is withheld by its own kind's sharing.

use serde::{Deserialize, Serialize};

use super::{Aim, AimProgress, Completion, Cycle, DiagramKind, FiveP, LeadTeamMember, Meeting, NextMeeting};
use crate::analysis::ChartVerdict;
use crate::ids::{CycleId, DiagramId, FivePsId, SpiralId, UnitId};
use crate::sharing::Withheld;
use crate::spirals::{Spiral, SpiralStatus, SpiralStep};
use crate::time::Date;

/// What a team would pin up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "DataWallRecord")]
pub struct DataWall {
    /// The unit.
    pub unit_id: UnitId,
    /// What it is called.
    pub name: String,
    /// The day as of which it is.
    pub as_of: Date,
    /// Who leads it today.
    pub lead_team: WallTeam,
    /// When it last met, and when it meets next.
    pub meetings: WallMeetings,
    /// How far it has looked at itself.
    pub five_ps: WallFivePs,
    /// What it is improving, and where each spiral stands.
    pub spirals: WallSpirals,
    /// What it aims for, and how far it has come.
    #[graphql(skip)]
    pub aims: WallAims,
    /// What it tests and keeps, and what is to be done next.
    pub cycles: WallCycles,
    /// What it has drawn.
    pub diagrams: WallDiagrams,
}

/// Who leads a team today.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallTeam {
    /// Set if the unit keeps its lead team from the reader, whether or not it has one.
    pub withheld: Option<Withheld>,
    /// Its members, the longest there first.
    pub members: Vec<LeadTeamMember>,
    /// So many more there are.
    pub left_out: i64,
}

/// When a team last met, and when it meets next.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallMeetings {
    /// Set if the unit keeps its meetings from the reader, whether or not it has met.
    pub withheld: Option<Withheld>,
    /// The last meeting.
    pub last: Option<Meeting>,
    /// What the team's rhythm expects next of each sort of meeting, what is due first before the rest.
    pub next: Vec<NextMeeting>,
}

/// How far a team has looked at itself: its latest 5Ps assessment.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallFivePs {
    /// Set if the unit keeps its assessments from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
    /// The latest assessment; null if there is none.
    pub id: Option<FivePsId>,
    /// The day it speaks of.
    pub assessed_on: Option<Date>,
    /// How far each P has been looked at.
    pub parts: Vec<WallPart>,
}

/// How far one P has been looked at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallPart {
    /// Which P.
    pub p: FiveP,
    /// How far.
    pub state: Completion,
}

/// What a team is improving.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallSpirals {
    /// Set if the unit keeps its spirals from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
    /// Spirals that are not closed, the oldest first.
    pub data: Vec<WallSpiral>,
    /// So many more are open.
    pub left_out: i64,
}

/// A spiral that a team is in.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallSpiral {
    /// The spiral.
    pub id: SpiralId,
    /// What it is about.
    pub title: String,
    /// `active`, or `dormant` where nobody has recorded anything for a while.
    pub status: SpiralStatus,
    /// The turn that it is in.
    pub turn: i64,
    /// The step that it stands in.
    pub step: SpiralStep,
    /// The day on which it came there.
    pub entered_on: Date,
}

impl From<Spiral> for WallSpiral {
    fn from(spiral: Spiral) -> Self {
        Self {
            id: spiral.id,
            title: spiral.title,
            status: spiral.status,
            turn: spiral.turn,
            step: spiral.step,
            entered_on: spiral.entered_on,
        }
    }
}

/// What a team aims for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WallAims {
    /// Set if the unit keeps its aims from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
    /// Active aims, the oldest first.
    pub data: Vec<WallAim>,
    /// So many more are active.
    pub left_out: i64,
}

/// An aim with its distance and its chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "WallAimRecord")]
pub struct WallAim {
    /// The aim.
    #[graphql(skip)]
    pub aim: Aim,
    /// How far it has come.
    pub progress: AimProgress,
    /// What the end of its chart says; null without a measure that can be read.
    pub verdict: Option<ChartVerdict>,
    /// Where its chart is drawn; null without a measure that can be read.
    pub chart: Option<String>,
}

/// What a team tests and keeps.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallCycles {
    /// Set if the unit keeps its cycles from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
    /// PDSA cycles under way, and standards that are kept (SDSA), the oldest first.
    pub running: Vec<WallCycle>,
    /// What is to be done next, what is overdue first.
    pub next_actions: Vec<NextAction>,
    /// So many more cycles are running.
    pub left_out: i64,
}

/// A cycle that is running.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct WallCycle {
    /// The cycle.
    pub cycle: Cycle,
    /// Whether its standard should have been looked at by now.
    pub overdue: bool,
}

/// Something that is to be done next.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct NextAction {
    /// What.
    pub what: String,
    /// The cycle that it goes on from.
    pub cycle_id: CycleId,
    /// By when; null if no day was said.
    pub due_on: Option<Date>,
    /// Whether that day has passed.
    pub overdue: bool,
}

/// What a team has drawn.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallDiagrams {
    /// Set if the unit keeps its diagrams from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
    /// Its diagrams, the newest first.
    pub data: Vec<WallDiagram>,
    /// So many more there are.
    pub left_out: i64,
}

/// A diagram on the wall.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct WallDiagram {
    /// The diagram.
    pub id: DiagramId,
    /// What it shows.
    pub kind: DiagramKind,
    /// What it is called.
    pub title: String,
    /// The day as of which it holds.
    pub drawn_on: Date,
    /// Where it is drawn.
    pub picture: String,
}

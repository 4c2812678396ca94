//! Cycles: a change is planned, carried out, studied and acted on (PDSA), or what works is made the standard (SDSA).
//! PDSA cycles that build on each other stand in a ramp.

use serde::{Deserialize, Serialize};

use super::plain_enum;
use crate::error::{Error, Result};
use crate::ids::{CycleId, PrincipalId, RampId, SpiralId, UnitId};
use crate::sharing::Sharing;
use crate::time::{Date, Timestamp};

mod carried_out;
mod learnt;
mod plan;
mod ramps;
mod standard;
pub use carried_out::{CarryOutCycle, CycleDo, CycleMeasurement};
pub use learnt::{ActOnCycle, CycleAct, CycleDecision, CycleResult, CycleStudy, StudyCycle};
pub use plan::{ChangeCycle, CyclePlan, CycleScale, PlanCycle};
pub use ramps::{ChangeRamp, OpenRamp, Ramp};
pub use standard::ReviewCycle;

/// The longest title.
const LONGEST_TITLE: usize = 200;
/// The longest account of anything in a cycle.
const LONGEST_TEXT: usize = 2_000;
/// The longest name of a role, a time or a place.
const LONGEST_LABEL: usize = 200;

plain_enum! {
    /// What a cycle is for.
    CycleKind {
        /// To test a change: plan, do, study, act.
        Pdsa "pdsa",
        /// To keep what works: standardise, do, study, act.
        Sdsa "sdsa",
    }
}

plain_enum! {
    /// How far a cycle has got. It moves on by one at a time and never back.
    CyclePhase {
        /// It is planned (of an SDSA cycle: the standard is written down).
        Plan "plan",
        /// It was carried out.
        Do "do",
        /// What came out was held against what was predicted.
        Study "study",
        /// It is decided what follows; the cycle is closed.
        Act "act",
    }
}

/// A test of a change (PDSA), or of how a standard is kept (SDSA).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "CycleRecord")]
pub struct Cycle {
    /// Its id.
    pub id: CycleId,
    /// The unit whose work it is.
    pub unit_id: UnitId,
    /// The spiral that it is part of.
    pub spiral_id: Option<SpiralId>,
    /// What it is for.
    pub kind: CycleKind,
    /// The ramp that it stands in; null for an SDSA cycle by itself.
    pub ramp_id: Option<RampId>,
    /// The cycle that it goes on from.
    pub follows_id: Option<CycleId>,
    /// What it is called.
    pub title: String,
    /// How far it has got.
    pub phase: CyclePhase,
    /// What it sets out to do.
    pub plan: CyclePlan,
    /// What happened; null before it was carried out.
    pub carried_out: Option<CycleDo>,
    /// What came of it; null before it was studied.
    pub study: Option<CycleStudy>,
    /// What follows; null before that is decided.
    pub act: Option<CycleAct>,
    /// Which role keeps the standard: only of an SDSA cycle.
    pub owner: Option<String>,
    /// When the standard is to be looked at again: only of an SDSA cycle.
    pub review_on: Option<Date>,
    /// When it was last looked at.
    pub reviewed_on: Option<Date>,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Cycle {
    /// Whether its standard should have been looked at by now.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.review_on.is_some_and(|day| day < today)
    }

    /// Refuses a step that is not the next one, or a second look at the one it is in.
    fn enter(&self, phase: CyclePhase) -> Result<()> {
        let next = match phase {
            CyclePhase::Plan => self.phase == CyclePhase::Plan,
            CyclePhase::Do => matches!(self.phase, CyclePhase::Plan | CyclePhase::Do),
            CyclePhase::Study => matches!(self.phase, CyclePhase::Do | CyclePhase::Study),
            CyclePhase::Act => matches!(self.phase, CyclePhase::Study | CyclePhase::Act),
        };
        if next {
            return Ok(());
        }
        let detail = format!(
            "this cycle stands at `{}`, and a cycle goes from plan to do, study and act, one after the other: `{}` \
             cannot be recorded now",
            self.phase.name(),
            phase.name()
        );
        Err(Error::conflict("wrong_phase", detail))
    }
}

/// A cycle with what follows from the day and the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CycleView {
    /// The cycle.
    #[serde(flatten)]
    pub record: Cycle,
    /// Whether its standard should have been looked at by now.
    pub overdue: bool,
    /// What the caller may do with it.
    pub allowed_actions: Vec<crate::people::Action>,
}

#[cfg(test)]
mod tests;

//! A microsystem's own work: who leads it, how often it meets, how it sees itself (the 5Ps), and what it draws, aims for
//! and tests.

use serde::{Deserialize, Serialize};

mod aims;
mod conditions;
mod cycles;
mod diagrams;
mod fidelity;
mod five_ps;
mod lead_team;
mod meetings;
mod rhythm;
mod summary;
mod tool_use;
mod wall;

pub use aims::{Aim, AimDirection, AimKind, AimProgress, AimStatus, ChangeAim, SetAim};
pub use conditions::*;
pub use cycles::{
    ActOnCycle, CarryOutCycle, ChangeCycle, ChangeRamp, Cycle, CycleAct, CycleDecision, CycleDo, CycleKind,
    CycleMeasurement, CyclePhase, CyclePlan, CycleResult, CycleScale, CycleStudy, CycleView, OpenRamp,
    PlanCycle, Ramp, ReviewCycle, StudyCycle,
};
pub use diagrams::{
    ChangeDiagram, Diagram, DiagramKind, DrawDiagram, Driver, DriverDiagram, DriverLevel, Fishbone,
    FishboneCategory, FishboneCause, ProcessEdge, ProcessExpectation, ProcessFigures, ProcessMap,
    ProcessNode, ProcessNodeKind, ProcessPath, ProcessRule,
};
pub use fidelity::{
    CycleFidelity, FeatureAnswer, FeatureCount, FidelityFeature, FidelityFeatureTotals, FidelitySummaryRow,
    FidelityTally, RampFidelity, TeamFidelity, cycle_fidelity, ramp_fidelity, tallies_of_ramp, team_fidelity,
};
pub use five_ps::*;
pub use lead_team::*;
pub use meetings::*;
pub use rhythm::*;
pub use summary::*;
pub use tool_use::*;
pub use wall::{
    DataWall, NextAction, WallAim, WallAims, WallCycle, WallCycles, WallDiagram, WallDiagrams, WallFivePs,
    WallMeetings, WallPart, WallSpiral, WallSpirals, WallTeam,
};

/// A derive list that every plain enum of this capability has.
macro_rules! plain_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema, async_graphql::Enum,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The published name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}
use plain_enum;

/// What somebody brings to a team: a patient's eyes, or a profession.
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
pub enum Discipline {
    /// Somebody who is, or was, cared for.
    Patient,
    /// Somebody who cares for a patient at home.
    Carer,
    /// Somebody who helps without pay.
    Volunteer,
    /// Doctors.
    Doctor,
    /// Nurses.
    Nurse,
    /// Midwives.
    Midwife,
    /// Occupational therapists, physiotherapists, radiographers and their like.
    AlliedHealth,
    /// Psychologists and counsellors.
    Psychology,
    /// Pharmacists and their technicians.
    Pharmacy,
    /// Healthcare scientists.
    Science,
    /// Social workers.
    SocialWork,
    /// Healthcare assistants and other support in care.
    CareSupport,
    /// Receptionists, secretaries, clerks.
    Administration,
    /// Cleaning, portering, catering.
    Facilities,
    /// Managers.
    Management,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests;

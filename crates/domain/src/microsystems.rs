//! The microsystem's own work: what a team draws, aims for and tests.

mod aims;
mod cycles;
mod diagrams;
mod fidelity;
mod wall;

pub use aims::{Aim, AimDirection, AimKind, AimProgress, AimStatus, ChangeAim, SetAim};
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
    CycleFidelity, FeatureAnswer, FeatureCount, FidelityFeature, RampFidelity, TeamFidelity, cycle_fidelity,
    ramp_fidelity, team_fidelity,
};

pub use wall::{DataWall, NextAction, WallAim, WallAims, WallCycle, WallCycles, WallDiagram, WallDiagrams};

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

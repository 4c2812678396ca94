//! Diagrams, aims, ramps and cycles, as rows.

use std::collections::HashSet;

use spiral_domain::microsystems::{
    Aim, AimDirection, AimKind, AimStatus, Cycle, CycleAct, CycleDo, CycleKind, CyclePhase, CyclePlan,
    CycleStudy, Diagram, DiagramKind, DriverDiagram, Fishbone, ProcessMap, Ramp,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    AimId, CycleId, Date, DiagramId, MeasureId, PrincipalId, RampId, Result, Sharing, SpiralId, Timestamp,
    UnitId, WorkKind,
};

use crate::record::{Record, Scoping, record};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

as_json_text!(
    DiagramKind,
    ProcessMap,
    Fishbone,
    DriverDiagram,
    AimKind,
    AimDirection,
    AimStatus,
    CycleKind,
    CyclePhase,
    CyclePlan,
    CycleDo,
    CycleStudy,
    CycleAct,
);

record!(Diagram, 70, "diagram", "diagram", "diagrams", Scoping::Shared(Action::ReadDiagrams), {
    id: DiagramId, unit_id: UnitId, spiral_id: Option<SpiralId>, kind: DiagramKind, title: String, drawn_on: Date,
    process_map: Option<ProcessMap>, fishbone: Option<Fishbone>, driver_diagram: Option<DriverDiagram>,
    retracted: bool, sharing: Sharing, recorded_by: PrincipalId, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

record!(Aim, 71, "aim", "aim", "aims", Scoping::Shared(Action::ReadAims), {
    id: AimId, unit_id: UnitId, spiral_id: Option<SpiralId>, kind: AimKind, statement: String, under_id: Option<AimId>,
    measure_id: Option<MeasureId>, direction: Option<AimDirection>, from_value: Option<f64>, to_value: Option<f64>,
    by_when: Option<Date>, status: AimStatus, retracted: bool, sharing: Sharing, recorded_by: PrincipalId,
    version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Ramp, 72, "ramp", "ramp", "ramps", Scoping::Shared(Action::ReadAims), {
    id: RampId, unit_id: UnitId, spiral_id: Option<SpiralId>, aim_id: AimId, title: String, retracted: bool, sharing: Sharing,
    recorded_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Cycle, 73, "cycle", "cycle", "cycles", Scoping::Shared(Action::ReadAims), {
    id: CycleId, unit_id: UnitId, spiral_id: Option<SpiralId>, kind: CycleKind, ramp_id: Option<RampId>, follows_id: Option<CycleId>,
    title: String, phase: CyclePhase, plan: CyclePlan, carried_out: Option<CycleDo>, study: Option<CycleStudy>,
    act: Option<CycleAct>, owner: Option<String>, review_on: Option<Date>, reviewed_on: Option<Date>,
    retracted: bool, sharing: Sharing, recorded_by: PrincipalId, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

/// A piece of a team's own work: owned by a unit, taken back rather than deleted.
pub trait Work: Record + Clone + PartialEq {
    /// What of its unit's work it is part of.
    const SHARED_AS: WorkKind;
    /// The unit that owns it.
    fn unit(&self) -> UnitId;
    /// The spiral that it names.
    fn spiral(&self) -> Option<SpiralId>;
    /// Row version.
    fn version(&self) -> i64;
    /// Whether it was taken back.
    fn is_retracted(&self) -> bool;
    /// Takes it back.
    fn retract(&mut self);
    /// The next state of it.
    fn touch(&mut self, by: PrincipalId, at: Timestamp);
    /// Shares it so far.
    fn reshare(&mut self, level: Sharing);
}

macro_rules! work {
    ($($name:ty: $kind:ident),* $(,)?) => {$(
        impl Work for $name {
            const SHARED_AS: WorkKind = WorkKind::$kind;
            fn unit(&self) -> UnitId {
                self.unit_id
            }
            fn spiral(&self) -> Option<SpiralId> {
                self.spiral_id
            }
            fn version(&self) -> i64 {
                self.version
            }
            fn is_retracted(&self) -> bool {
                self.retracted
            }
            fn retract(&mut self) {
                self.retracted = true;
            }
            fn touch(&mut self, by: PrincipalId, at: Timestamp) {
                self.recorded_by = by;
                self.version += 1;
                self.updated_at = at;
            }
            fn reshare(&mut self, level: Sharing) {
                self.sharing = level;
                self.version += 1;
            }
        }
    )*};
}
work!(Diagram: Diagrams, Aim: Aims, Ramp: Aims, Cycle: Aims);

impl Store {
    /// Those of these units that have a process map which the reader may see, drawn until this day.
    pub async fn units_with_process_map(&self, units: &[UnitId], until: Date) -> Result<HashSet<UnitId>> {
        let found = self
            .find::<Diagram>()
            .among("r.unit_id", units)
            .filter(
                "not r.retracted and r.kind = ? and r.drawn_on <= ?",
                [DiagramKind::ProcessMap.value(), until.value()],
            )
            .all("r.id")
            .await?;
        Ok(found.into_iter().map(|diagram| diagram.unit_id).collect())
    }
}

impl Tx {
    /// Adds a piece of a team's work; the counts follow.
    pub async fn add_work<W: Work>(&mut self, work: &W) -> Result<()> {
        self.insert(work).await?;
        self.count_work(work).await
    }

    /// Writes a new state of it; the counts follow.
    pub async fn change_work<W: Work>(&mut self, work: &W) -> Result<()> {
        self.update(work).await?;
        self.count_work(work).await
    }

    async fn count_work<W: Work>(&mut self, work: &W) -> Result<()> {
        match W::SHARED_AS {
            WorkKind::Aims => self.recount_fidelity(&[work.unit()]).await,
            _ => Ok(()),
        }
    }

    /// Lets the unit's diagrams follow its new sharing level.
    pub async fn reshare_diagrams(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_work::<Diagram>(unit, level).await
    }

    /// Lets the unit's aims, ramps and cycles follow its new sharing level.
    pub async fn reshare_aims(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_work::<Aim>(unit, level).await?;
        self.reshare_work::<Ramp>(unit, level).await?;
        self.reshare_work::<Cycle>(unit, level).await
    }

    async fn reshare_work<W: Work>(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let mut work = self
            .find_all::<W>()
            .filter(
                "r.unit_id = ? and r.sharing <> ?",
                [unit.id.value(), level.value()],
            )
            .all("r.id")
            .await?;
        for of in &mut work {
            of.reshare(level);
        }
        self.put_all(&work).await
    }
}

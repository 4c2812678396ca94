//! Diagrams, aims, ramps and cycles, to write.

use async_graphql::{Context, Object, Result};
use spiral_app::microsystems;
use spiral_domain::microsystems::{
    ActOnCycle, CarryOutCycle, ChangeAim, ChangeCycle, ChangeDiagram, ChangeRamp, DrawDiagram, OpenRamp,
    PlanCycle, ReviewCycle, SetAim, StudyCycle,
};
use spiral_domain::{AimId, CycleId, DiagramId, RampId, Reference};

use super::work::{AimNode, CycleNode, DiagramNode, RampNode};
use crate::writes::write;

/// What diagrams, aims, ramps and cycles offer to write.
#[derive(Default)]
pub struct WorkMutation;

#[Object]
impl WorkMutation {
    /// Draws a diagram: one of `processMap`, `fishbone` and `driverDiagram`.
    async fn draw_diagram(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        input: DrawDiagram,
    ) -> Result<DiagramNode> {
        let run = |caller| async move { microsystems::draw_diagram(&caller, &unit, input).await };
        write(ctx, run).await.map(DiagramNode::from)
    }

    /// Changes a diagram; its content is replaced as a whole.
    async fn change_diagram(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: DiagramId,
        if_version: Option<i64>,
        input: ChangeDiagram,
    ) -> Result<DiagramNode> {
        let run =
            |caller| async move { microsystems::change_diagram(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(DiagramNode::from)
    }

    /// Takes a diagram back.
    async fn retract_diagram(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: DiagramId,
        if_version: Option<i64>,
    ) -> Result<DiagramNode> {
        let run = |caller| async move { microsystems::retract_diagram(&caller, &unit, id, if_version).await };
        write(ctx, run).await.map(DiagramNode::from)
    }

    /// Sets an aim.
    async fn set_aim(&self, ctx: &Context<'_>, unit: Reference, input: SetAim) -> Result<AimNode> {
        let run = |caller| async move { microsystems::set_aim(&caller, &unit, input).await };
        write(ctx, run).await.map(AimNode::from)
    }

    /// Changes an aim.
    async fn change_aim(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: AimId,
        if_version: Option<i64>,
        input: ChangeAim,
    ) -> Result<AimNode> {
        let run =
            |caller| async move { microsystems::change_aim(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(AimNode::from)
    }

    /// Takes an aim back.
    async fn retract_aim(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: AimId,
        if_version: Option<i64>,
    ) -> Result<AimNode> {
        let run = |caller| async move { microsystems::retract_aim(&caller, &unit, id, if_version).await };
        write(ctx, run).await.map(AimNode::from)
    }

    /// Opens a ramp under an aim.
    async fn open_ramp(&self, ctx: &Context<'_>, unit: Reference, input: OpenRamp) -> Result<RampNode> {
        let run = |caller| async move { microsystems::open_ramp(&caller, &unit, input).await };
        write(ctx, run).await.map(RampNode::from)
    }

    /// Changes a ramp.
    async fn change_ramp(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: RampId,
        if_version: Option<i64>,
        input: ChangeRamp,
    ) -> Result<RampNode> {
        let run =
            |caller| async move { microsystems::change_ramp(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(RampNode::from)
    }

    /// Takes a ramp back.
    async fn retract_ramp(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: RampId,
        if_version: Option<i64>,
    ) -> Result<RampNode> {
        let run = |caller| async move { microsystems::retract_ramp(&caller, &unit, id, if_version).await };
        write(ctx, run).await.map(RampNode::from)
    }

    /// Plans a cycle.
    async fn plan_cycle(&self, ctx: &Context<'_>, unit: Reference, input: PlanCycle) -> Result<CycleNode> {
        let run = |caller| async move { microsystems::plan_cycle(&caller, &unit, input).await };
        write(ctx, run).await.map(CycleNode::from)
    }

    /// Changes the plan of a cycle, before it is carried out.
    async fn change_cycle(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: CycleId,
        if_version: Option<i64>,
        input: ChangeCycle,
    ) -> Result<CycleNode> {
        let run =
            |caller| async move { microsystems::change_cycle(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(CycleNode::from)
    }

    /// Records that a cycle was carried out: from plan to do.
    async fn carry_out_cycle(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: CycleId,
        if_version: Option<i64>,
        input: CarryOutCycle,
    ) -> Result<CycleNode> {
        let run = |caller| async move {
            microsystems::carry_out_cycle(&caller, &unit, id, if_version, input).await
        };
        write(ctx, run).await.map(CycleNode::from)
    }

    /// Records what came of a cycle: from do to study.
    async fn study_cycle(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: CycleId,
        if_version: Option<i64>,
        input: StudyCycle,
    ) -> Result<CycleNode> {
        let run =
            |caller| async move { microsystems::study_cycle(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(CycleNode::from)
    }

    /// Decides what follows from a cycle, and closes it: from study to act.
    async fn act_on_cycle(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: CycleId,
        if_version: Option<i64>,
        input: ActOnCycle,
    ) -> Result<CycleNode> {
        let run =
            |caller| async move { microsystems::act_on_cycle(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(CycleNode::from)
    }

    /// Records that the standard of an SDSA cycle was looked at again.
    async fn review_cycle(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: CycleId,
        if_version: Option<i64>,
        input: ReviewCycle,
    ) -> Result<CycleNode> {
        let run =
            |caller| async move { microsystems::review_cycle(&caller, &unit, id, if_version, input).await };
        write(ctx, run).await.map(CycleNode::from)
    }

    /// Takes a cycle back.
    async fn retract_cycle(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: CycleId,
        if_version: Option<i64>,
    ) -> Result<CycleNode> {
        let run = |caller| async move { microsystems::retract_cycle(&caller, &unit, id, if_version).await };
        write(ctx, run).await.map(CycleNode::from)
    }
}

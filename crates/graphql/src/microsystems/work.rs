//! Diagrams, aims, ramps and cycles, to read.

use std::collections::HashMap;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::analysis::pictures::Picture;
use spiral_app::microsystems::{AimFilter, CycleFilter, DiagramFilter, RampFilter};
use spiral_app::{Caller, microsystems};
use spiral_domain::analysis::{ChartDrawing, ChartTheme};
use spiral_domain::microsystems::{
    Aim, AimKind, AimProgress, AimStatus, Cycle, CycleKind, CyclePhase, Diagram, DiagramKind, ProcessFigures,
    Ramp, RampFidelity, TeamFidelity,
};
use spiral_domain::{AimId, CycleId, Date, DiagramId, RampId, Reference, Sort, SpiralId, Timestamp, UnitId};

use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared, UnitKey, load};
use crate::measures::{MeasureKey, MeasureNode};
use crate::spirals::{SpiralNode, named_spiral};
use crate::tenancy::OrgUnitNode;

macro_rules! nodes {
    ($($(#[$doc:meta])* $node:ident $name:literal of $record:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        #[graphql(complex, name = $name)]
        pub(crate) struct $node {
            #[graphql(flatten)]
            record: $record,
        }

        impl From<$record> for $node {
            fn from(record: $record) -> Self {
                Self { record }
            }
        }
    )*};
}
nodes!(
    /// A diagram of a team's work.
    DiagramNode "Diagram" of Diagram,
    /// What a team wants to reach.
    AimNode "Aim" of Aim,
    /// PDSA cycles that build on each other, towards one aim.
    RampNode "Ramp" of Ramp,
    /// A test of a change (PDSA), or of how a standard is kept (SDSA).
    CycleNode "Cycle" of Cycle,
);

pub(super) async fn unit_of(ctx: &Context<'_>, unit: UnitId) -> Result<Option<OrgUnitNode>> {
    Ok(load(ctx, UnitKey(unit)).await?.map(OrgUnitNode::from))
}

#[ComplexObject]
impl DiagramNode {
    /// The unit whose work it shows.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }

    /// The spiral that it names, if the caller may see it.
    async fn spiral(&self, ctx: &Context<'_>) -> Result<Option<SpiralNode>> {
        named_spiral(ctx, self.record.spiral_id).await
    }

    /// The diagram as a picture, with the texts that stand for it where it is not seen.
    #[graphql(complexity = "200 + child_complexity")]
    async fn drawing(
        &self,
        ctx: &Context<'_>,
        width: Option<i32>,
        theme: Option<ChartTheme>,
    ) -> Result<ChartDrawing> {
        let picture = Picture {
            width,
            theme: theme.unwrap_or_default(),
            ..Picture::default()
        };
        let caller = ctx.data::<Caller>()?;
        microsystems::show_diagram_record(caller, self.record.clone(), &picture)
            .await
            .map_err(fault)
    }
}

#[ComplexObject]
impl AimNode {
    /// The unit whose aim it is.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }

    /// The spiral that it names, if the caller may see it.
    async fn spiral(&self, ctx: &Context<'_>) -> Result<Option<SpiralNode>> {
        named_spiral(ctx, self.record.spiral_id).await
    }

    /// The measure that tells.
    async fn measure(&self, ctx: &Context<'_>) -> Result<Option<MeasureNode>> {
        let Some(measure) = self.record.measure_id else {
            return Ok(None);
        };
        Ok(load(ctx, MeasureKey(measure)).await?.map(MeasureNode::from))
    }

    /// How far it has come on a day, today if none is named.
    async fn progress(&self, ctx: &Context<'_>, as_of: Option<Date>) -> Result<Option<AimProgress>> {
        load(ctx, ProgressKey(Box::new(self.record.clone()), as_of)).await
    }
}

/// How far this aim has come on a day.
#[derive(Clone)]
pub(crate) struct ProgressKey(Box<Aim>, Option<Date>);

impl PartialEq for ProgressKey {
    fn eq(&self, other: &Self) -> bool {
        (self.0.id, self.1) == (other.0.id, other.1)
    }
}

impl Eq for ProgressKey {}

impl std::hash::Hash for ProgressKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.0.id, self.1).hash(state);
    }
}

impl Loader<ProgressKey> for Batches {
    type Value = AimProgress;
    type Error = Shared;
    async fn load(&self, keys: &[ProgressKey]) -> Result<HashMap<ProgressKey, AimProgress>, Shared> {
        let mut by_day: HashMap<Option<Date>, Vec<&ProgressKey>> = HashMap::new();
        for key in keys {
            by_day.entry(key.1).or_default().push(key);
        }
        let mut out = HashMap::new();
        for (day, keys) in by_day {
            let aims: Vec<Aim> = keys.iter().map(|key| (*key.0).clone()).collect();
            let mut found = microsystems::aim_progress_of(&self.caller, &aims, day).await?;
            for key in keys {
                if let Some(progress) = found.remove(&key.0.id) {
                    out.insert(key.clone(), progress);
                }
            }
        }
        Ok(out)
    }
}

#[ComplexObject]
impl RampNode {
    /// The unit whose work it is.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }

    /// The spiral that it names, if the caller may see it.
    async fn spiral(&self, ctx: &Context<'_>) -> Result<Option<SpiralNode>> {
        named_spiral(ctx, self.record.spiral_id).await
    }
}

#[ComplexObject]
impl CycleNode {
    /// The unit whose work it is.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }

    /// The spiral that it names, if the caller may see it.
    async fn spiral(&self, ctx: &Context<'_>) -> Result<Option<SpiralNode>> {
        named_spiral(ctx, self.record.spiral_id).await
    }

    /// Whether its standard should have been looked at by now.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.record.is_overdue(ctx.data::<Caller>()?.today()))
    }
}

type Nodes<N> = Connection<String, N, EmptyFields, EmptyFields>;

/// What diagrams, aims, ramps and cycles offer to read.
#[derive(Default)]
pub struct WorkQuery;

#[Object]
impl WorkQuery {
    /// One diagram of a unit, also one that was taken back.
    async fn diagram(&self, ctx: &Context<'_>, unit: Reference, id: DiagramId) -> Result<DiagramNode> {
        let found = microsystems::diagram(ctx.data::<Caller>()?, &unit, id).await;
        found.map(|found| found.record.into()).map_err(fault)
    }

    /// A unit's diagrams, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn diagrams(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        kind: Option<DiagramKind>,
        spiral: Option<SpiralId>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<DiagramNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = DiagramFilter {
            kind,
            spiral,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list(&unit);
        let page = microsystems::diagrams(caller, &unit, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            DiagramNode::from,
        ))
    }

    /// What a process map comes to, and by which rule.
    async fn process_figures(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: DiagramId,
    ) -> Result<ProcessFigures> {
        microsystems::process_figures(ctx.data::<Caller>()?, &unit, id)
            .await
            .map_err(fault)
    }

    /// One aim of a unit, also one that was taken back.
    async fn aim(&self, ctx: &Context<'_>, unit: Reference, id: AimId) -> Result<AimNode> {
        let found = microsystems::aim(ctx.data::<Caller>()?, &unit, id).await;
        found.map(|found| found.record.into()).map_err(fault)
    }

    /// A unit's aims, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn aims(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        kind: Option<AimKind>,
        status: Option<AimStatus>,
        spiral: Option<SpiralId>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<AimNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = AimFilter {
            kind,
            status,
            spiral,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list(&unit);
        let page = microsystems::aims(caller, &unit, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            AimNode::from,
        ))
    }

    /// How far an aim has come on a day, today if none is named.
    async fn aim_progress(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        id: AimId,
        as_of: Option<Date>,
    ) -> Result<AimProgress> {
        microsystems::aim_progress(ctx.data::<Caller>()?, &unit, id, as_of)
            .await
            .map_err(fault)
    }

    /// One ramp of a unit, also one that was taken back.
    async fn ramp(&self, ctx: &Context<'_>, unit: Reference, id: RampId) -> Result<RampNode> {
        let found = microsystems::ramp(ctx.data::<Caller>()?, &unit, id).await;
        found.map(|found| found.record.into()).map_err(fault)
    }

    /// A unit's ramps, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn ramps(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        aim: Option<AimId>,
        spiral: Option<SpiralId>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<RampNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = RampFilter {
            aim,
            spiral,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list(&unit);
        let page = microsystems::ramps(caller, &unit, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            RampNode::from,
        ))
    }

    /// How faithful a ramp is to the method: each feature, why it is there or not, and from which cycles.
    async fn ramp_fidelity(&self, ctx: &Context<'_>, unit: Reference, id: RampId) -> Result<RampFidelity> {
        microsystems::ramp_fidelity_of(ctx.data::<Caller>()?, &unit, id)
            .await
            .map_err(fault)
    }

    /// How faithful a unit's PDSA work is to the method.
    #[graphql(complexity = "50 * child_complexity")]
    async fn fidelity(&self, ctx: &Context<'_>, unit: Reference) -> Result<TeamFidelity> {
        microsystems::fidelity(ctx.data::<Caller>()?, &unit)
            .await
            .map_err(fault)
    }

    /// One cycle of a unit, also one that was taken back.
    async fn cycle(&self, ctx: &Context<'_>, unit: Reference, id: CycleId) -> Result<CycleNode> {
        let found = microsystems::cycle(ctx.data::<Caller>()?, &unit, id).await;
        found.map(|found| found.record.into()).map_err(fault)
    }

    /// A unit's cycles, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn cycles(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        kind: Option<CycleKind>,
        ramp: Option<RampId>,
        phase: Option<CyclePhase>,
        overdue: Option<bool>,
        spiral: Option<SpiralId>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<CycleNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = CycleFilter {
            kind,
            ramp,
            phase,
            overdue: overdue.unwrap_or_default(),
            spiral,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list(&unit);
        let page = microsystems::cycles(caller, &unit, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            CycleNode::from,
        ))
    }
}

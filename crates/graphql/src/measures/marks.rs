//! Annotations, phases, targets and links to library measures: what stands beside a series.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, OutputType, Result, SimpleObject};
use spiral_app::measures::{MarkFilter, MarkKind};
use spiral_app::{Caller, measures};
use spiral_domain::measures::{
    AddAnnotation, Annotation, ChangeAnnotation, ChangePhase, LinkMeasure, MeasureLink, OpenPhase, Phase,
    SetTarget, Target,
};
use spiral_domain::{PageRequest, Reference, Sort, Timestamp};

use super::{MeasureKey, MeasureNode};
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;

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

        #[ComplexObject]
        impl $node {
            /// The unit that owns it.
            async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
                Ok(load(ctx, UnitKey(self.record.unit_id))
                    .await?
                    .map(OrgUnitNode::from))
            }

            /// The measure, in the version it was made for.
            async fn measure(&self, ctx: &Context<'_>) -> Result<Option<MeasureNode>> {
                let measure: Option<spiral_domain::MeasureId> = self.record.measure_id.into();
                let Some(measure) = measure else {
                    return Ok(None);
                };
                Ok(load(ctx, MeasureKey(measure)).await?.map(MeasureNode::from))
            }
        }
    )*};
}
nodes!(
    /// Something that happened, marked on a unit's series.
    AnnotationNode "Annotation" of Annotation,
    /// A deliberate change, from which on a series has limits of its own.
    PhaseNode "Phase" of Phase,
    /// What a unit, or what stands beneath it, aims for.
    TargetNode "Target" of Target,
    /// A unit's link to a measure of the library.
    MeasureLinkNode "MeasureLink" of MeasureLink,
);

type Nodes<N> = Connection<String, N, EmptyFields, EmptyFields>;

async fn list<M, N>(ctx: &Context<'_>, filter: MarkFilter, request: PageRequest) -> Result<Nodes<N>>
where
    M: MarkKind,
    N: From<M> + OutputType,
{
    let caller = ctx.data::<Caller>()?;
    let list = measures::list_of_marks::<M>(&filter);
    let page = measures::marks::<M>(caller, filter, &request)
        .await
        .map_err(fault)?;
    let cursor = |place| caller.cursor(&list, place);
    Ok(connection(
        page,
        EmptyFields,
        request.cursor.is_some(),
        cursor,
        N::from,
    ))
}

async fn one<M: MarkKind>(ctx: &Context<'_>, id: &Reference) -> Result<M> {
    measures::mark::<M>(ctx.data::<Caller>()?, id)
        .await
        .map(|allowed| allowed.record)
        .map_err(fault)
}

/// What stands beside series, to read.
#[derive(Default)]
pub struct MarksQuery;

#[Object]
impl MarksQuery {
    /// An annotation, also one that was taken back.
    async fn annotation(&self, ctx: &Context<'_>, id: Reference) -> Result<AnnotationNode> {
        one::<Annotation>(ctx, &id).await.map(AnnotationNode::from)
    }

    /// Annotations, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn annotations(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        measure: Option<Reference>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<AnnotationNode>> {
        let filter = MarkFilter {
            unit,
            within,
            measure,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        list::<Annotation, _>(ctx, filter, page_request(first, after, updated_since, sort)).await
    }

    /// A phase, also one that was taken back.
    async fn phase(&self, ctx: &Context<'_>, id: Reference) -> Result<PhaseNode> {
        one::<Phase>(ctx, &id).await.map(PhaseNode::from)
    }

    /// Phases, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn phases(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        measure: Option<Reference>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<PhaseNode>> {
        let filter = MarkFilter {
            unit,
            within,
            measure,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        list::<Phase, _>(ctx, filter, page_request(first, after, updated_since, sort)).await
    }

    /// A target, also one that was taken back.
    async fn target(&self, ctx: &Context<'_>, id: Reference) -> Result<TargetNode> {
        one::<Target>(ctx, &id).await.map(TargetNode::from)
    }

    /// Targets, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn targets(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        measure: Option<Reference>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<TargetNode>> {
        let filter = MarkFilter {
            unit,
            within,
            measure,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        list::<Target, _>(ctx, filter, page_request(first, after, updated_since, sort)).await
    }

    /// A link of a unit to a measure, also one that was taken back.
    async fn measure_link(&self, ctx: &Context<'_>, id: Reference) -> Result<MeasureLinkNode> {
        one::<MeasureLink>(ctx, &id).await.map(MeasureLinkNode::from)
    }

    /// Links of units to measures, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn measure_links(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        measure: Option<Reference>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Nodes<MeasureLinkNode>> {
        let filter = MarkFilter {
            unit,
            within,
            measure,
            include_retracted: include_retracted.unwrap_or_default(),
        };
        list::<MeasureLink, _>(ctx, filter, page_request(first, after, updated_since, sort)).await
    }
}

/// What stands beside series, to write.
#[derive(Default)]
pub struct MarksMutation;

#[Object]
impl MarksMutation {
    /// Mark an event on a unit's series.
    async fn add_annotation(&self, ctx: &Context<'_>, input: AddAnnotation) -> Result<AnnotationNode> {
        let run = |caller| async move { measures::add_annotation(&caller, input).await };
        write(ctx, run).await.map(AnnotationNode::from)
    }

    /// Changes an annotation.
    async fn change_annotation(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        input: ChangeAnnotation,
    ) -> Result<AnnotationNode> {
        let run = |caller| async move { measures::change_annotation(&caller, &id, if_version, input).await };
        write(ctx, run).await.map(AnnotationNode::from)
    }

    /// Takes an annotation back.
    async fn retract_annotation(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        #[graphql(default)] take_over: bool,
    ) -> Result<AnnotationNode> {
        let run = |caller| async move {
            measures::retract_mark::<Annotation>(&caller, &id, if_version, take_over).await
        };
        write(ctx, run).await.map(AnnotationNode::from)
    }

    /// Open a phase of a unit's series.
    async fn open_phase(&self, ctx: &Context<'_>, input: OpenPhase) -> Result<PhaseNode> {
        let run = |caller| async move { measures::open_phase(&caller, input).await };
        write(ctx, run).await.map(PhaseNode::from)
    }

    /// Changes a phase.
    async fn change_phase(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        input: ChangePhase,
    ) -> Result<PhaseNode> {
        let run = |caller| async move { measures::change_phase(&caller, &id, if_version, input).await };
        write(ctx, run).await.map(PhaseNode::from)
    }

    /// Takes a phase back.
    async fn retract_phase(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        #[graphql(default)] take_over: bool,
    ) -> Result<PhaseNode> {
        let run = |caller| async move {
            measures::retract_mark::<Phase>(&caller, &id, if_version, take_over).await
        };
        write(ctx, run).await.map(PhaseNode::from)
    }

    /// Set a target for a unit and those beneath it.
    async fn set_target(&self, ctx: &Context<'_>, input: SetTarget) -> Result<TargetNode> {
        let run = |caller| async move { measures::set_target(&caller, input).await };
        write(ctx, run).await.map(TargetNode::from)
    }

    /// Takes a target back.
    async fn retract_target(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
    ) -> Result<TargetNode> {
        let run =
            |caller| async move { measures::retract_mark::<Target>(&caller, &id, if_version, false).await };
        write(ctx, run).await.map(TargetNode::from)
    }

    /// Link a unit to a measure of the library.
    async fn link_measure(&self, ctx: &Context<'_>, input: LinkMeasure) -> Result<MeasureLinkNode> {
        let run = |caller| async move { measures::link_measure(&caller, input).await };
        write(ctx, run).await.map(MeasureLinkNode::from)
    }

    /// Takes a link of a unit to a measure back.
    async fn retract_measure_link(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
    ) -> Result<MeasureLinkNode> {
        let run = |caller| async move {
            measures::retract_mark::<MeasureLink>(&caller, &id, if_version, false).await
        };
        write(ctx, run).await.map(MeasureLinkNode::from)
    }
}

//! Adoption events, states, metrics and curves.

use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields, PageInfo};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, spread};
use spiral_domain::spread::{
    Adoption, AdoptionEvent, AdoptionView, DisputeAdoption, RecordAdoption, SpreadCurve, SpreadGroupBy,
    SpreadMetrics, SpreadPoint, SpreadTree, Stage, UnitAdoptions,
};
use spiral_domain::{AdoptionEventId, Date, Error, Interval, Place, Reference, Sort, Timestamp, Withheld};

use crate::faults::fault;
use crate::innovations::{InnovationNode, innovation_of};
use crate::lists::{connection, page_request};
use crate::loaders::{UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;
use crate::written::{List, Nodes, Written};

async fn unit_of(ctx: &Context<'_>, id: Option<spiral_domain::UnitId>) -> Result<Option<OrgUnitNode>> {
    match id {
        Some(id) => Ok(load(ctx, UnitKey(id)).await?.map(OrgUnitNode::from)),
        None => Ok(None),
    }
}

/// A unit reached a stage of an innovation on a date.
#[derive(SimpleObject)]
#[graphql(complex, name = "AdoptionEvent")]
pub(crate) struct EventNode {
    #[graphql(flatten)]
    record: AdoptionEvent,
}

impl From<AdoptionEvent> for EventNode {
    fn from(record: AdoptionEvent) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl EventNode {
    /// The innovation.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        innovation_of(ctx, self.record.innovation_id).await
    }

    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, Some(self.record.unit_id)).await
    }

    /// The unit it learnt from.
    async fn learnt_from(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.learnt_from_id).await
    }
}

/// Where a unit stands with an innovation.
#[derive(SimpleObject)]
#[graphql(complex, name = "Adoption")]
pub(crate) struct AdoptionNode {
    #[graphql(flatten)]
    record: Adoption,
}

impl From<Adoption> for AdoptionNode {
    fn from(record: Adoption) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl AdoptionNode {
    /// The innovation.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        innovation_of(ctx, self.record.innovation_id).await
    }

    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, Some(self.record.unit_id)).await
    }

    /// The unit it learnt from.
    async fn learnt_from(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.learnt_from_id).await
    }
}

/// Where a unit stands with an innovation, or that this is beyond the reader.
#[derive(SimpleObject)]
#[graphql(name = "AdoptionView")]
pub(crate) struct ViewNode {
    /// Where it stands; null if it has no part in it, or if that is beyond the reader.
    adoption: Option<AdoptionNode>,
    /// Set if it is beyond the reader, whether or not there is something.
    withheld: Option<Withheld>,
}

impl From<AdoptionView> for ViewNode {
    fn from(view: AdoptionView) -> Self {
        Self {
            adoption: view.adoption.map(AdoptionNode::from),
            withheld: view.withheld,
        }
    }
}

/// Where a unit stands with innovations, or that this is beyond the reader.
#[derive(SimpleObject)]
#[graphql(name = "UnitAdoptions")]
pub(crate) struct UnitAdoptionsNode {
    /// Where it stands with each.
    adoptions: Vec<AdoptionNode>,
    /// Set if it is beyond the reader, whether or not there is something.
    withheld: Option<Withheld>,
}

impl From<UnitAdoptions> for UnitAdoptionsNode {
    fn from(found: UnitAdoptions) -> Self {
        Self {
            adoptions: found.adoptions.into_iter().map(AdoptionNode::from).collect(),
            withheld: found.withheld,
        }
    }
}

/// How far an innovation has spread in one place on one day.
#[derive(SimpleObject)]
#[graphql(complex, name = "SpreadMetrics")]
pub(crate) struct MetricsNode {
    #[graphql(flatten)]
    record: SpreadMetrics,
}

impl From<SpreadMetrics> for MetricsNode {
    fn from(record: SpreadMetrics) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl MetricsNode {
    /// The innovation.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        innovation_of(ctx, self.record.innovation_id).await
    }

    /// The unit at or beneath which is counted; null for a network.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }
}

/// The course of an innovation in one place.
#[derive(SimpleObject)]
#[graphql(complex, name = "SpreadCurve")]
pub(crate) struct CurveNode {
    #[graphql(flatten)]
    record: SpreadCurve,
}

impl From<SpreadCurve> for CurveNode {
    fn from(record: SpreadCurve) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl CurveNode {
    /// One point for each interval.
    async fn points(&self) -> Written<SpreadPoint, SpreadPoint> {
        Written::new(Arc::new(self.record.points.clone()))
    }

    /// The innovation; null for several together.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        match self.record.innovation_id {
            Some(id) => innovation_of(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The unit at or beneath which is counted; null for a network.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }
}

/// A page of adoption events.
pub(crate) struct EventPage {
    events: List<AdoptionEvent>,
    places: Vec<Place>,
    has_more: bool,
    /// Whether there is a page before.
    later: bool,
    filter: spread::EventFilter,
    since: Option<Timestamp>,
}

impl EventPage {
    /// The cursor after an event of the page.
    fn cursor(&self, caller: &Caller, place: Option<&Place>) -> Option<String> {
        place.map(|place| spread::event_cursor(caller, &self.filter, *place))
    }
}

#[Object(name = "AdoptionEventConnection")]
impl EventPage {
    /// Information to aid in pagination.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo> {
        let caller = ctx.data::<Caller>()?;
        Ok(PageInfo {
            has_previous_page: self.later,
            has_next_page: self.has_more,
            start_cursor: self.cursor(caller, self.places.first()),
            end_cursor: self.cursor(caller, self.places.last()),
        })
    }

    /// A list of edges.
    async fn edges(&self, ctx: &Context<'_>) -> Result<Vec<EventEdge>> {
        let caller = ctx.data::<Caller>()?;
        let edge = |(event, place): (&AdoptionEvent, &Place)| EventEdge {
            cursor: spread::event_cursor(caller, &self.filter, *place),
            node: event.clone().into(),
        };
        let List::Records(events) = &self.events else {
            return Err(fault(Error::internal("edges of nodes that are written already")));
        };
        Ok(events.iter().zip(&self.places).map(edge).collect())
    }

    /// A list of nodes.
    async fn nodes(&self) -> Written<AdoptionEvent, EventNode> {
        self.events.clone().into()
    }

    /// How many adoption events the filter finds; counted only if asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        spread::count_adoption_events(ctx.data::<Caller>()?, &self.filter, self.since)
            .await
            .map_err(fault)
    }
}

/// An edge in a connection.
#[derive(SimpleObject)]
#[graphql(name = "AdoptionEventEdge")]
pub(crate) struct EventEdge {
    /// The item at the end of the edge
    node: EventNode,
    /// A cursor for use in pagination
    cursor: String,
}

/// What this capability offers to read.
#[derive(Default)]
pub struct SpreadQueries;

#[Object]
impl SpreadQueries {
    /// One adoption event, also one that was taken back.
    async fn adoption_event(&self, ctx: &Context<'_>, id: AdoptionEventId) -> Result<EventNode> {
        let event = spread::adoption_event(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)?;
        Ok(event.record.into())
    }

    /// Adoption events, a page at a time; those taken back are left out, but for `updatedSince`.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn adoption_events(
        &self,
        ctx: &Context<'_>,
        innovation: Option<Reference>,
        unit: Option<Reference>,
        within: Option<Reference>,
        stage: Option<Stage>,
        from: Option<Date>,
        to: Option<Date>,
        source: Option<String>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<EventPage> {
        let caller = ctx.data::<Caller>()?;
        let filter = spread::EventFilter {
            innovation,
            unit,
            within,
            stage,
            from,
            to,
            source,
        };
        let request = page_request(first, after, updated_since, sort);
        let asked = filter.clone();
        let (events, places, has_more) = match Nodes::of::<AdoptionEvent>(ctx) {
            Some(nodes) => {
                let page = spread::adoption_event_parts(caller, asked, &request, nodes.columns()).await;
                let page = page.map_err(fault)?;
                let list = nodes.list(&page.data).map_err(fault)?;
                (list, page.places, page.page.has_more)
            }
            None => {
                let page = spread::adoption_events(caller, asked, &request).await;
                let page = page.map_err(fault)?;
                let list = List::Records(Arc::new(page.data));
                (list, page.places, page.page.has_more)
            }
        };
        Ok(EventPage {
            events,
            places,
            has_more,
            later: request.cursor.is_some(),
            filter,
            since: updated_since,
        })
    }

    /// Where units stand with innovations, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn adoptions(
        &self,
        ctx: &Context<'_>,
        innovation: Option<Reference>,
        unit: Option<Reference>,
        within: Option<Reference>,
        stage: Option<Stage>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, AdoptionNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = spread::StateFilter {
            innovation,
            unit,
            within,
            stage,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = spread::adoptions(caller, filter, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            AdoptionNode::from,
        ))
    }

    /// How far innovations have spread: one row for each innovation and place.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "30 * child_complexity")]
    async fn spread_metrics(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] innovations: Vec<Reference>,
        unit: Option<Reference>,
        network: Option<Reference>,
        #[graphql(default)] group_by: SpreadGroupBy,
        as_of: Option<Date>,
        #[graphql(default)] tree: SpreadTree,
    ) -> Result<Written<SpreadMetrics, MetricsNode>> {
        let query = spread::SpreadQuery {
            innovations,
            unit,
            network,
            group_by,
            as_of,
            tree,
        };
        let rows = spread::spread_metrics(ctx.data::<Caller>()?, &query)
            .await
            .map_err(fault)?;
        Ok(Written::new(rows))
    }

    /// The course of innovations: one curve for each innovation and place, or with `together` one for each place, in
    /// which a unit counts once for each innovation.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "100 * child_complexity")]
    async fn spread_curve(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] innovations: Vec<Reference>,
        unit: Option<Reference>,
        network: Option<Reference>,
        #[graphql(default)] group_by: SpreadGroupBy,
        from: Option<Date>,
        to: Option<Date>,
        interval: Option<Interval>,
        #[graphql(default)] tree: SpreadTree,
        #[graphql(default)] together: bool,
    ) -> Result<Written<SpreadCurve, CurveNode>> {
        let query = spread::CurveQuery {
            innovations,
            unit,
            network,
            group_by,
            from,
            to,
            interval: interval.unwrap_or(Interval::Month),
            tree,
            together,
        };
        let curves = spread::spread_curve(ctx.data::<Caller>()?, &query)
            .await
            .map_err(fault)?;
        Ok(Written::new(curves))
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct SpreadMutation;

#[Object]
impl SpreadMutation {
    /// Records that a unit reached a stage; the same event again is answered as it stands.
    async fn record_adoption(&self, ctx: &Context<'_>, input: RecordAdoption) -> Result<EventNode> {
        let run = |caller| async move { spread::record_adoption(&caller, input).await };
        write(ctx, run).await.map(EventNode::from)
    }

    /// Disputes an event about one's own unit, or takes that back.
    async fn dispute_adoption(
        &self,
        ctx: &Context<'_>,
        id: AdoptionEventId,
        if_version: Option<i64>,
        input: DisputeAdoption,
    ) -> Result<EventNode> {
        let run = |caller| async move { spread::dispute_adoption(&caller, id, if_version, input).await };
        write(ctx, run).await.map(EventNode::from)
    }

    /// Takes an event back: it counts for nothing from then on, and stays readable as taken back.
    async fn retract_adoption(
        &self,
        ctx: &Context<'_>,
        id: AdoptionEventId,
        if_version: Option<i64>,
        #[graphql(default)] take_over: bool,
    ) -> Result<EventNode> {
        let run = |caller| async move { spread::retract_adoption(&caller, id, if_version, take_over).await };
        write(ctx, run).await.map(EventNode::from)
    }
}

//! Innovations.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, innovations};
use spiral_domain::innovations::{
    ChangeInnovation, CreateInnovation, Innovation, InnovationMove, InnovationStatus,
};
use spiral_domain::people::Action;
use spiral_domain::spread::SpreadGroupBy;
use spiral_domain::{Date, Reference, Sort, Timestamp};

use crate::faults::fault;
use crate::field_tests::{FieldTestNode, FieldTestsKey};
use crate::lists::{connection, page_request};
use crate::loaders::{InnovationKey, MovesKey, SpreadKey, UnitKey, load};
use crate::spread::MetricsNode;
use crate::tenancy::OrgUnitNode;
use crate::writes::write;

/// A change that may be worth spreading.
#[derive(SimpleObject)]
#[graphql(complex, name = "Innovation")]
pub(crate) struct InnovationNode {
    #[graphql(flatten)]
    record: Innovation,
}

impl From<Innovation> for InnovationNode {
    fn from(record: Innovation) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl InnovationNode {
    /// The unit that looks after it.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// The field tests that check it.
    #[graphql(complexity = "10 * child_complexity")]
    async fn field_tests(&self, ctx: &Context<'_>) -> Result<Vec<FieldTestNode>> {
        let tests = load(ctx, FieldTestsKey(self.record.id))
            .await?
            .unwrap_or_default();
        Ok(tests.into_iter().map(FieldTestNode::from).collect())
    }

    /// Its moves from status to status.
    async fn moves(&self, ctx: &Context<'_>) -> Result<Vec<InnovationMove>> {
        Ok(load(ctx, MovesKey(self.record.id)).await?.unwrap_or_default())
    }

    /// How far it has spread: at and beneath a unit (the root if absent), today if no day is given.
    #[graphql(complexity = "30 * child_complexity")]
    async fn spread(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        #[graphql(default)] group_by: SpreadGroupBy,
        as_of: Option<Date>,
    ) -> Result<Vec<MetricsNode>> {
        let key = SpreadKey {
            innovation: self.record.id,
            unit,
            group_by,
            as_of,
        };
        let rows = load(ctx, key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(MetricsNode::from).collect())
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let Some(unit) = load(ctx, UnitKey(self.record.unit_id)).await? else {
            return Ok(Vec::new());
        };
        Ok(innovations::allowed_actions(ctx.data::<Caller>()?, &unit))
    }
}

/// The innovation with this id.
pub(crate) async fn innovation_of(
    ctx: &Context<'_>,
    id: spiral_domain::InnovationId,
) -> Result<Option<InnovationNode>> {
    Ok(load(ctx, InnovationKey(id)).await?.map(InnovationNode::from))
}

/// How many innovations a list has in all.
pub(crate) struct InnovationTotal(innovations::InnovationFilter, Option<Timestamp>);

#[Object(name = "InnovationTotal")]
impl InnovationTotal {
    /// How many innovations the filter finds; counted only if asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        innovations::count_innovations(ctx.data::<Caller>()?, &self.0, self.1)
            .await
            .map_err(fault)
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct InnovationsQuery;

#[Object]
impl InnovationsQuery {
    /// One innovation, by any of its names.
    async fn innovation(&self, ctx: &Context<'_>, id: Reference) -> Result<InnovationNode> {
        let innovation = innovations::innovation(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(innovation.record.into())
    }

    /// Innovations, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn innovations(
        &self,
        ctx: &Context<'_>,
        status: Option<InnovationStatus>,
        within: Option<Reference>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, InnovationNode, InnovationTotal, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = innovations::InnovationFilter { status, within };
        let request = page_request(first, after, updated_since, sort);
        let list = format!("innovations {filter:?}");
        let page = innovations::innovations(caller, filter.clone(), &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            InnovationTotal(filter, updated_since),
            request.cursor.is_some(),
            cursor,
            InnovationNode::from,
        ))
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct InnovationsMutation;

#[Object]
impl InnovationsMutation {
    /// Describes an innovation.
    async fn create_innovation(&self, ctx: &Context<'_>, input: CreateInnovation) -> Result<InnovationNode> {
        let run = |caller| async move { innovations::create_innovation(&caller, input).await };
        write(ctx, run).await.map(InnovationNode::from)
    }

    /// Changes an innovation, or moves it to another status; `ifVersion` refuses the change of another version.
    async fn change_innovation(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        input: ChangeInnovation,
    ) -> Result<InnovationNode> {
        let run =
            |caller| async move { innovations::change_innovation(&caller, &id, if_version, input).await };
        write(ctx, run).await.map(InnovationNode::from)
    }
}

//! Refreshers: looks, some time after a turn has ended, at whether what it gained is still there.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::spirals::RefresherFilter;
use spiral_app::{Caller, spirals};
use spiral_domain::spirals::{RecordRefresher, Refresher, RefresherFinding};
use spiral_domain::{Date, Reference, RefresherId, Sort, SpiralId, Timestamp};

use super::{SpiralNode, named_spiral};
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::writes::write;

/// A look, some time after a turn has ended, at whether what it gained is still there: due, or done.
#[derive(SimpleObject)]
#[graphql(complex, name = "Refresher")]
pub(super) struct RefresherNode {
    #[graphql(flatten)]
    record: Refresher,
}

impl From<Refresher> for RefresherNode {
    fn from(record: Refresher) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl RefresherNode {
    /// The spiral.
    async fn spiral(&self, ctx: &Context<'_>) -> Result<Option<SpiralNode>> {
        named_spiral(ctx, Some(self.record.spiral_id)).await
    }
}

/// What refreshers offer to read.
#[derive(Default)]
pub struct RefreshersQuery;

#[Object]
impl RefreshersQuery {
    /// Refreshers, a page at a time; without those that are not called for any more, unless `updatedSince` asks.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn refreshers(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        due_by: Option<Date>,
        finding: Option<RefresherFinding>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, RefresherNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = RefresherFilter {
            unit,
            within,
            due_by,
            finding,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = spirals::refreshers(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let more = request.cursor.is_some();
        Ok(connection(page, EmptyFields, more, cursor, RefresherNode::from))
    }

    /// One refresher of a spiral.
    async fn refresher(&self, ctx: &Context<'_>, spiral: SpiralId, id: RefresherId) -> Result<RefresherNode> {
        let found: Refresher = spirals::beneath(ctx.data::<Caller>()?, spiral, id)
            .await
            .map_err(fault)?;
        Ok(found.into())
    }
}

/// What refreshers offer to write.
#[derive(Default)]
pub struct RefreshersMutation;

#[Object]
impl RefreshersMutation {
    /// Says what a look has found; again, to say it anew.
    async fn record_refresher(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        id: RefresherId,
        if_version: Option<i64>,
        input: RecordRefresher,
    ) -> Result<RefresherNode> {
        let run =
            |caller| async move { spirals::record_refresher(&caller, spiral, id, if_version, input).await };
        write(ctx, run).await.map(RefresherNode::from)
    }
}

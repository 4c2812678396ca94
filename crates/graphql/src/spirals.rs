//! Improvement spirals: read, with what is recorded beneath them.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::spirals::{RequestFilter, SpiralQuery, SummaryQuery};
use spiral_app::{Caller, spirals};
use spiral_domain::analysis::GroupBy;
use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Decision, Entry, Evidence, KnowledgeAnswer, KnowledgeRequest, KnowledgeUse, Need, Outcome, ProgressScore,
    Refresher, RequestState, Spiral, SpiralFacet, SpiralOrigin, SpiralProgress, SpiralStatus, SpiralStep,
    SpiralSummaryRow, Stay, Turn,
};
use spiral_domain::{Date, KnowledgeRequestId, Reference, Sort, SpiralId, Timestamp, Withheld};

use crate::faults::fault;
use crate::innovations::{InnovationNode, innovation_of};
use crate::lists::{connection, page_request};
use crate::loaders::{UnitKey, load};
use crate::tenancy::{OrgUnitNode, ProgrammeNode};
use crate::written::WrittenOne;

mod collaborations;
mod loaders;
mod mutations;
mod refreshers;
mod work;

pub use collaborations::{CollaborationsMutation, CollaborationsQuery};
use loaders::{AnswersKey, BeneathKey, EntriesKey, ProgrammeKey, ProgressKey};
pub(crate) use loaders::{LatestSpiralKey, SpiralsKey};
pub use mutations::SpiralsMutation;
use refreshers::RefresherNode;
pub use refreshers::{RefreshersMutation, RefreshersQuery};
pub(crate) use work::named_spiral;
use work::{SpiralAims, SpiralCycles, SpiralDiagrams, SpiralMeetings, SpiralRamps};

/// A unit's improvement spiral.
#[derive(SimpleObject)]
#[graphql(complex, name = "Spiral")]
pub(crate) struct SpiralNode {
    #[graphql(flatten)]
    record: Spiral,
}

impl From<Spiral> for SpiralNode {
    fn from(record: Spiral) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl SpiralNode {
    /// The unit whose spiral it is.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// The innovation that it adopts.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        match self.record.innovation_id {
            Some(innovation) => innovation_of(ctx, innovation).await,
            None => Ok(None),
        }
    }

    /// The programme that it belongs to.
    async fn programme(&self, ctx: &Context<'_>) -> Result<Option<ProgrammeNode>> {
        match self.record.programme_id {
            Some(programme) => Ok(load(ctx, ProgrammeKey(programme)).await?.map(ProgrammeNode::from)),
            None => Ok(None),
        }
    }

    /// Its turns, with where it has been in each.
    #[graphql(complexity = "5 * child_complexity")]
    async fn turns(&self, ctx: &Context<'_>) -> Result<Vec<Turn>> {
        let stays = load(ctx, BeneathKey::<Stay>::of(self.record.id)).await?;
        let spiral = &self.record;
        Ok(Turn::of(spiral.turn, spiral.status, stays.unwrap_or_default()))
    }

    /// Needs of every turn.
    #[graphql(complexity = "5 * child_complexity")]
    async fn needs(&self, ctx: &Context<'_>) -> Result<Vec<Need>> {
        let found = load(ctx, BeneathKey::of(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// What was looked at, in every turn.
    #[graphql(complexity = "5 * child_complexity")]
    async fn knowledge_uses(&self, ctx: &Context<'_>) -> Result<Vec<KnowledgeUse>> {
        let found = load(ctx, BeneathKey::of(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// What the team would know from others.
    #[graphql(complexity = "5 * child_complexity")]
    async fn knowledge_requests(&self, ctx: &Context<'_>) -> Result<Vec<KnowledgeRequestNode>> {
        let found = load(ctx, BeneathKey::<KnowledgeRequest>::of(self.record.id)).await?;
        let found = found.unwrap_or_default();
        Ok(found.into_iter().map(KnowledgeRequestNode::from).collect())
    }

    /// Decisions of every turn.
    #[graphql(complexity = "5 * child_complexity")]
    async fn decisions(&self, ctx: &Context<'_>) -> Result<Vec<Decision>> {
        let found = load(ctx, BeneathKey::of(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// Outcomes of every turn.
    #[graphql(complexity = "5 * child_complexity")]
    async fn outcomes(&self, ctx: &Context<'_>) -> Result<Vec<Outcome>> {
        let found = load(ctx, BeneathKey::of(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// What the team has said of its progress, oldest first.
    #[graphql(complexity = "5 * child_complexity")]
    async fn progress_scores(&self, ctx: &Context<'_>) -> Result<Vec<ProgressScore>> {
        let found = load(ctx, BeneathKey::of(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// Looks at whether what its turns gained is still there, due or done.
    #[graphql(complexity = "5 * child_complexity")]
    async fn refreshers(&self, ctx: &Context<'_>) -> Result<Vec<RefresherNode>> {
        let found = load(ctx, BeneathKey::<Refresher>::of(self.record.id)).await?;
        let found = found.unwrap_or_default();
        Ok(found.into_iter().map(RefresherNode::from).collect())
    }

    /// Aims that name it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn aims(&self, ctx: &Context<'_>) -> Result<SpiralAims> {
        work::aims_of(ctx, &self.record).await
    }

    /// Ramps that name it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn ramps(&self, ctx: &Context<'_>) -> Result<SpiralRamps> {
        work::ramps_of(ctx, &self.record).await
    }

    /// Cycles that name it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn cycles(&self, ctx: &Context<'_>) -> Result<SpiralCycles> {
        work::cycles_of(ctx, &self.record).await
    }

    /// Diagrams that were drawn for it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn diagrams(&self, ctx: &Context<'_>) -> Result<SpiralDiagrams> {
        work::diagrams_of(ctx, &self.record).await
    }

    /// Meetings about it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn meetings(&self, ctx: &Context<'_>) -> Result<SpiralMeetings> {
        work::meetings_of(ctx, &self.record).await
    }

    /// What the team last said of its progress.
    async fn self_score(&self, ctx: &Context<'_>) -> Result<SelfScore> {
        let found = load(ctx, ProgressKey(self.record.id, self.record.unit_id)).await?;
        let found = found.unwrap_or_default();
        Ok(SelfScore {
            latest: found.latest,
            withheld: found.withheld,
        })
    }

    /// The last entries of its timeline that the caller may see, latest first; `spiralTimeline` has them all.
    #[graphql(complexity = "last.unwrap_or(20).clamp(1, 100) as usize * child_complexity")]
    async fn timeline(&self, ctx: &Context<'_>, last: Option<i32>) -> Result<Vec<Entry>> {
        let last = i64::from(last.unwrap_or(20).clamp(1, 100));
        let found = load(ctx, EntriesKey(self.record.id, last)).await?;
        Ok(found.unwrap_or_default())
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let unit = load(ctx, UnitKey(self.record.unit_id)).await?;
        let caller = ctx.data::<Caller>()?;
        Ok(unit
            .map(|unit| spirals::allowed_on(caller, &unit))
            .unwrap_or_default())
    }
}

/// What a team last said of its progress, or that there may be something beyond the caller's sight.
#[derive(SimpleObject)]
#[graphql(name = "SelfScore")]
struct SelfScore {
    /// The latest that the caller may see.
    latest: Option<ProgressScore>,
    /// Stands here when the unit keeps its progress from the caller, whether or not it has said anything.
    withheld: Option<Withheld>,
}

/// A unit's latest spiral, or that there may be one beyond the caller's sight.
#[derive(SimpleObject)]
#[graphql(name = "SpiralState")]
pub(crate) struct SpiralStateNode {
    /// The one that began last, of those that the caller may see.
    latest: Option<WrittenOne<Spiral, SpiralNode>>,
    /// Stands here when the unit keeps its spirals from the caller, whether or not it has any.
    withheld: Option<Withheld>,
}

impl From<spirals::LatestSpiral> for SpiralStateNode {
    fn from(state: spirals::LatestSpiral) -> Self {
        Self {
            latest: state.latest.map(WrittenOne::from),
            withheld: state.withheld,
        }
    }
}

/// Something that a team would know from others.
#[derive(SimpleObject)]
#[graphql(complex, name = "KnowledgeRequest")]
pub(crate) struct KnowledgeRequestNode {
    #[graphql(flatten)]
    record: KnowledgeRequest,
}

impl From<KnowledgeRequest> for KnowledgeRequestNode {
    fn from(record: KnowledgeRequest) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl KnowledgeRequestNode {
    /// The unit that asks.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// What others answer, oldest first. `answers` is how many they are.
    #[graphql(complexity = "5 * child_complexity")]
    async fn given_answers(&self, ctx: &Context<'_>) -> Result<Vec<KnowledgeAnswer>> {
        let found = load(ctx, AnswersKey(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct SpiralsQuery;

#[Object]
impl SpiralsQuery {
    /// One spiral.
    async fn spiral(&self, ctx: &Context<'_>, id: SpiralId) -> Result<SpiralNode> {
        let spiral = spirals::spiral(ctx.data::<Caller>()?, id).await.map_err(fault)?;
        Ok(spiral.record.into())
    }

    /// Spirals, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn spirals(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        status: Option<SpiralStatus>,
        step: Option<SpiralStep>,
        theme: Option<String>,
        origin: Option<SpiralOrigin>,
        innovation: Option<Reference>,
        programme: Option<Reference>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, SpiralNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let query = SpiralQuery {
            unit,
            within,
            status,
            step,
            theme,
            origin,
            innovation,
            programme,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = query.list();
        let page = spirals::spirals(caller, query, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let more = request.cursor.is_some();
        Ok(connection(page, EmptyFields, more, cursor, SpiralNode::from))
    }

    /// What evidence a spiral's step lacks.
    async fn missing_evidence(&self, ctx: &Context<'_>, id: SpiralId) -> Result<Vec<Evidence>> {
        spirals::missing_evidence(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)
    }

    /// How spirals stand: by step and status, with how long stays lasted and where most stand still.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "50 * child_complexity")]
    async fn spiral_summary(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        #[graphql(default)] group_by: GroupBy,
        by: Option<SpiralFacet>,
        as_of: Option<Date>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<SpiralSummaryRow>> {
        let query = SummaryQuery {
            unit,
            group_by,
            by,
            as_of,
            from,
            to,
        };
        let rows = spirals::spiral_summary(ctx.data::<Caller>()?, &query)
            .await
            .map_err(fault)?;
        Ok(rows.to_vec())
    }

    /// Where a spiral stands: what the team says, what the recorded data support, and why they differ.
    async fn spiral_progress(&self, ctx: &Context<'_>, id: SpiralId) -> Result<SpiralProgress> {
        spirals::spiral_progress(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)
    }

    /// A spiral's timeline, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn spiral_timeline(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, Entry, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let list = spirals::beneath_list::<Entry>(id);
        let page = spirals::list_beneath::<Entry>(caller, id, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let more = request.cursor.is_some();
        Ok(connection(page, EmptyFields, more, cursor, |entry| entry))
    }

    /// One knowledge request.
    async fn knowledge_request(
        &self,
        ctx: &Context<'_>,
        id: KnowledgeRequestId,
    ) -> Result<KnowledgeRequestNode> {
        let request = spirals::knowledge_request(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)?;
        Ok(request.record.into())
    }

    /// Knowledge requests of the whole tenant, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn knowledge_requests(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        spiral: Option<SpiralId>,
        state: Option<RequestState>,
        theme: Option<String>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, KnowledgeRequestNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = RequestFilter {
            unit,
            spiral,
            state,
            theme,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = spirals::knowledge_requests(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let more = request.cursor.is_some();
        Ok(connection(
            page,
            EmptyFields,
            more,
            cursor,
            KnowledgeRequestNode::from,
        ))
    }
}

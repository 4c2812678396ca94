//! Sustainability: assessments, ratings, and how they are distributed.

use std::collections::HashMap;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::sustainability::AssessmentFilter;
use spiral_app::{Caller, sustainability};
use spiral_domain::people::Action;
use spiral_domain::sustainability::{
    Assessment, AssessmentStatus, Instrument, LatestAssessment, OpenAssessment, RateAssessment, Rating,
    SummaryGroups, SustainabilitySummary,
};
use spiral_domain::{AssessmentId, Reference, Sort, Timestamp, UnitId, Withheld};

use crate::faults::fault;
use crate::innovations::{InnovationNode, innovation_of};
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared, UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;
use crate::written::WrittenOne;

/// An assessment of whether a change at a unit will last.
#[derive(SimpleObject)]
#[graphql(complex, name = "SustainabilityAssessment")]
pub(crate) struct AssessmentNode {
    #[graphql(flatten)]
    record: Assessment,
}

impl From<Assessment> for AssessmentNode {
    fn from(record: Assessment) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl AssessmentNode {
    /// The unit whose change it is.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// The innovation whose adoption it is about, if it is one.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        match self.record.innovation_id {
            Some(innovation) => innovation_of(ctx, innovation).await,
            None => Ok(None),
        }
    }

    /// The caller's own rating, if there is one. Nobody reads another's.
    async fn own_rating(&self, ctx: &Context<'_>) -> Result<Option<Rating>> {
        load(ctx, OwnRatingKey(self.record.id)).await
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let unit = load(ctx, UnitKey(self.record.unit_id)).await?;
        let caller = ctx.data::<Caller>()?;
        Ok(unit
            .map(|unit| sustainability::allowed_on(caller, &self.record, &unit))
            .unwrap_or_default())
    }
}

/// A unit's latest closed assessment, or that there may be one beyond the caller's sight.
#[derive(SimpleObject)]
#[graphql(name = "SustainabilityState")]
pub(crate) struct SustainabilityStateNode {
    /// The latest closed assessment that the caller may see.
    latest: Option<WrittenOne<Assessment, AssessmentNode>>,
    /// Stands here when the unit keeps its assessments from the caller, whether or not it has any.
    withheld: Option<Withheld>,
}

impl From<LatestAssessment> for SustainabilityStateNode {
    fn from(state: LatestAssessment) -> Self {
        Self {
            latest: state.latest.map(WrittenOne::from),
            withheld: state.withheld,
        }
    }
}

/// The latest closed assessment of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SustainabilityKey(pub UnitId);

impl Loader<SustainabilityKey> for Batches {
    type Value = LatestAssessment;
    type Error = Shared;
    async fn load(
        &self,
        keys: &[SustainabilityKey],
    ) -> Result<HashMap<SustainabilityKey, LatestAssessment>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let states = sustainability::latest_sustainability_of(&self.caller, &ids).await?;
        Ok(states
            .into_iter()
            .map(|(id, state)| (SustainabilityKey(id), state))
            .collect())
    }
}

/// The caller's own rating of this assessment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct OwnRatingKey(AssessmentId);

impl Loader<OwnRatingKey> for Batches {
    type Value = Rating;
    type Error = Shared;
    async fn load(&self, keys: &[OwnRatingKey]) -> Result<HashMap<OwnRatingKey, Rating>, Shared> {
        let ids: Vec<AssessmentId> = keys.iter().map(|key| key.0).collect();
        let ratings = sustainability::own_ratings_of(&self.caller, &ids).await?;
        Ok(ratings
            .into_iter()
            .map(|(id, rating)| (OwnRatingKey(id), rating))
            .collect())
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct SustainabilityQuery;

#[Object]
impl SustainabilityQuery {
    /// The instruments that there are, with their weights and where these come from.
    async fn sustainability_instruments(&self, ctx: &Context<'_>) -> Result<Vec<Instrument>> {
        sustainability::sustainability_instruments(ctx.data::<Caller>()?).map_err(fault)
    }

    /// One instrument.
    async fn sustainability_instrument(&self, ctx: &Context<'_>, code: String) -> Result<Instrument> {
        sustainability::sustainability_instrument(ctx.data::<Caller>()?, &code).map_err(fault)
    }

    /// One assessment.
    async fn sustainability_assessment(&self, ctx: &Context<'_>, id: AssessmentId) -> Result<AssessmentNode> {
        let assessment = sustainability::assessment(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)?;
        Ok(assessment.record.into())
    }

    /// Assessments, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn sustainability_assessments(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        innovation: Option<Reference>,
        status: Option<AssessmentStatus>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, AssessmentNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = AssessmentFilter {
            unit,
            within,
            innovation,
            status,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = sustainability::assessments(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            AssessmentNode::from,
        ))
    }

    /// How the latest closed assessments of the teams beneath a unit (the tenant's root if none is named) are
    /// distributed, for itself and its parts.
    #[graphql(complexity = "50 * child_complexity")]
    async fn sustainability_summary(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        group_by: Option<SummaryGroups>,
    ) -> Result<SustainabilitySummary> {
        let groups = group_by.unwrap_or_default();
        sustainability::sustainability_summary(ctx.data::<Caller>()?, unit.as_ref(), groups)
            .await
            .map_err(fault)
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct SustainabilityMutation;

#[Object]
impl SustainabilityMutation {
    /// Opens an assessment.
    async fn open_assessment(&self, ctx: &Context<'_>, input: OpenAssessment) -> Result<AssessmentNode> {
        let run = |caller| async move { sustainability::open_assessment(&caller, input).await };
        write(ctx, run).await.map(AssessmentNode::from)
    }

    /// Rates an open assessment; rating it again replaces one's own answers.
    async fn rate_assessment(
        &self,
        ctx: &Context<'_>,
        id: AssessmentId,
        input: RateAssessment,
    ) -> Result<Rating> {
        let run = |caller| async move { sustainability::rate_assessment(&caller, id, input).await };
        write(ctx, run).await
    }

    /// Closes an assessment; `ifVersion` refuses the closing of another version.
    async fn close_assessment(
        &self,
        ctx: &Context<'_>,
        id: AssessmentId,
        if_version: Option<i64>,
    ) -> Result<AssessmentNode> {
        let run = |caller| async move { sustainability::close_assessment(&caller, id, if_version).await };
        write(ctx, run).await.map(AssessmentNode::from)
    }
}

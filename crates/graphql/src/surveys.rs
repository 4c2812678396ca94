//! Surveys: instruments, surveys, and what they come to.

use std::collections::HashMap;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::surveys::{SurveyFilter, SurveyRollUpQuery};
use spiral_app::{Caller, surveys};
use spiral_domain::analysis::GroupBy;
use spiral_domain::people::Action;
use spiral_domain::surveys::{
    AddSurveyInstrument, ChangeSurvey, CloseSurvey, OpenSurvey, Survey, SurveyComparison, SurveyInstrument,
    SurveyKind, SurveyLink, SurveyRollUp, SurveyStatus, SurveySummary,
};
use spiral_domain::{Date, Reference, Sort, SurveyId, Timestamp};

use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared, UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;

/// A survey of a unit, or of the units of a network: one wave of answers to one instrument.
#[derive(SimpleObject)]
#[graphql(complex, name = "Survey")]
pub(crate) struct SurveyNode {
    #[graphql(flatten)]
    record: Survey,
}

impl From<Survey> for SurveyNode {
    fn from(record: Survey) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl SurveyNode {
    /// The unit that runs it.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// What it comes to, once it is closed.
    async fn summary(&self, ctx: &Context<'_>) -> Result<Option<SurveySummary>> {
        load(ctx, SummaryKey(self.record.id)).await
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let unit = load(ctx, UnitKey(self.record.unit_id)).await?;
        let caller = ctx.data::<Caller>()?;
        Ok(unit
            .map(|unit| surveys::allowed_on(caller, &self.record, &unit))
            .unwrap_or_default())
    }
}

/// What this survey tells the caller.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SummaryKey(SurveyId);

impl Loader<SummaryKey> for Batches {
    type Value = SurveySummary;
    type Error = Shared;
    async fn load(&self, keys: &[SummaryKey]) -> Result<HashMap<SummaryKey, SurveySummary>, Shared> {
        let ids: Vec<SurveyId> = keys.iter().map(|key| key.0).collect();
        let told = surveys::survey_summaries(&self.caller, &ids).await?;
        Ok(told
            .into_iter()
            .map(|(id, told)| (SummaryKey(id), told))
            .collect())
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct SurveyQueries;

#[Object]
impl SurveyQueries {
    /// The instruments that there are: those built in, then the tenant's own, each in all its versions.
    async fn survey_instruments(&self, ctx: &Context<'_>) -> Result<Vec<SurveyInstrument>> {
        surveys::survey_instruments(ctx.data::<Caller>()?)
            .await
            .map_err(fault)
    }

    /// One instrument; its latest version if none is named.
    async fn survey_instrument(
        &self,
        ctx: &Context<'_>,
        code: String,
        version: Option<i64>,
    ) -> Result<SurveyInstrument> {
        surveys::survey_instrument(ctx.data::<Caller>()?, &code, version)
            .await
            .map_err(fault)
    }

    /// One survey.
    async fn survey(&self, ctx: &Context<'_>, id: SurveyId) -> Result<SurveyNode> {
        let survey = surveys::survey(ctx.data::<Caller>()?, id).await.map_err(fault)?;
        Ok(survey.record.into())
    }

    /// Surveys, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn surveys(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        network: Option<Reference>,
        instrument: Option<String>,
        kind: Option<SurveyKind>,
        status: Option<SurveyStatus>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, SurveyNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = SurveyFilter {
            unit,
            within,
            network,
            instrument,
            kind,
            status,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = surveys::surveys(caller, filter, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            SurveyNode::from,
        ))
    }

    /// What a survey comes to, once it is closed.
    async fn survey_summary(&self, ctx: &Context<'_>, id: SurveyId) -> Result<SurveySummary> {
        surveys::survey_summary(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)
    }

    /// Two waves side by side.
    async fn survey_comparison(
        &self,
        ctx: &Context<'_>,
        before: SurveyId,
        after: SurveyId,
    ) -> Result<SurveyComparison> {
        surveys::survey_comparison(ctx.data::<Caller>()?, before, after)
            .await
            .map_err(fault)
    }

    /// What the surveys of single teams by one instrument come to together, by the quarter in which they closed.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "50 * child_complexity")]
    async fn survey_roll_up(
        &self,
        ctx: &Context<'_>,
        instrument: String,
        version: Option<i64>,
        unit: Option<Reference>,
        #[graphql(default)] group_by: GroupBy,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<SurveyRollUp> {
        let query = SurveyRollUpQuery {
            instrument,
            version,
            unit,
            group_by,
            from,
            to,
        };
        surveys::survey_roll_up(ctx.data::<Caller>()?, &query)
            .await
            .map_err(fault)
    }

    /// The public addresses at which a survey is answered, one for each unit that the caller runs it in.
    async fn survey_links(&self, ctx: &Context<'_>, id: SurveyId) -> Result<Vec<SurveyLink>> {
        surveys::survey_links(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct SurveyMutation;

#[Object]
impl SurveyMutation {
    /// Adds an instrument, or the next version of one of the unit's own.
    async fn add_survey_instrument(
        &self,
        ctx: &Context<'_>,
        input: AddSurveyInstrument,
    ) -> Result<SurveyInstrument> {
        let run = |caller| async move { surveys::add_survey_instrument(&caller, input).await };
        write(ctx, run).await
    }

    /// Opens a survey of a unit, or of the units that are members of a network today.
    async fn open_survey(&self, ctx: &Context<'_>, input: OpenSurvey) -> Result<SurveyNode> {
        let run = |caller| async move { surveys::open_survey(&caller, input).await };
        write(ctx, run).await.map(SurveyNode::from)
    }

    /// Changes an open survey; `ifVersion` refuses the change of another version.
    async fn change_survey(
        &self,
        ctx: &Context<'_>,
        id: SurveyId,
        if_version: Option<i64>,
        input: ChangeSurvey,
    ) -> Result<SurveyNode> {
        let run = |caller| async move { surveys::change_survey(&caller, id, if_version, input).await };
        write(ctx, run).await.map(SurveyNode::from)
    }

    /// Closes a survey; `ifVersion` refuses the closing of another version.
    async fn close_survey(
        &self,
        ctx: &Context<'_>,
        id: SurveyId,
        if_version: Option<i64>,
        input: CloseSurvey,
    ) -> Result<SurveyNode> {
        let run = |caller| async move { surveys::close_survey(&caller, id, if_version, input).await };
        write(ctx, run).await.map(SurveyNode::from)
    }
}

//! Leadership and local conditions over time.

use std::collections::HashMap;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::microsystems::TeamRecordKind;
use spiral_app::{Caller, microsystems};
use spiral_domain::microsystems::{
    AssessCondition, ChangeCondition, Condition, ConditionAssessment, LatestConditions,
};
use spiral_domain::people::Action;
use spiral_domain::{ConditionAssessmentId, Date, Reference, Sort, Timestamp, UnitId, Withheld};

use super::{allowed, unit};
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;

/// One of the two conditions of a unit on a day.
#[derive(SimpleObject)]
#[graphql(complex, name = "ConditionAssessment")]
pub(crate) struct ConditionNode {
    #[graphql(flatten)]
    record: ConditionAssessment,
}

impl From<ConditionAssessment> for ConditionNode {
    fn from(record: ConditionAssessment) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl ConditionNode {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        allowed(ctx, self.record.unit_id, TeamRecordKind::Condition).await
    }
}

/// The latest of both conditions of a unit, or that there may be some beyond the caller's sight.
#[derive(SimpleObject)]
#[graphql(name = "LatestConditions")]
pub(crate) struct LatestConditionsNode {
    /// The latest of leadership that the caller may see.
    leadership: Option<ConditionNode>,
    /// The latest of local conditions that the caller may see.
    local_conditions: Option<ConditionNode>,
    /// Stands here when the unit keeps its conditions from the caller, whether or not it has any.
    withheld: Option<Withheld>,
}

impl From<LatestConditions> for LatestConditionsNode {
    fn from(latest: LatestConditions) -> Self {
        Self {
            leadership: latest.leadership.map(ConditionNode::from),
            local_conditions: latest.local_conditions.map(ConditionNode::from),
            withheld: latest.withheld,
        }
    }
}

/// The latest conditions of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ConditionsKey(pub UnitId);

impl Loader<ConditionsKey> for Batches {
    type Value = LatestConditions;
    type Error = Shared;
    async fn load(&self, keys: &[ConditionsKey]) -> Result<HashMap<ConditionsKey, LatestConditions>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let latest = microsystems::latest_conditions_of(&self.caller, &ids).await?;
        Ok(latest
            .into_iter()
            .map(|(id, latest)| (ConditionsKey(id), latest))
            .collect())
    }
}

/// What there is to read of conditions.
#[derive(Default)]
pub struct ConditionsQuery;

#[Object]
impl ConditionsQuery {
    /// Assessments of conditions, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn condition_assessments(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        condition: Option<Condition>,
        from: Option<Date>,
        to: Option<Date>,
        #[graphql(default)] include_withdrawn: bool,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, ConditionNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = microsystems::ConditionFilter {
            unit,
            within,
            condition,
            from,
            to,
            withdrawn: include_withdrawn,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = microsystems::condition_assessments(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let later = request.cursor.is_some();
        Ok(connection(page, EmptyFields, later, cursor, ConditionNode::from))
    }

    /// One assessment of a condition.
    async fn condition_assessment(
        &self,
        ctx: &Context<'_>,
        id: ConditionAssessmentId,
    ) -> Result<ConditionNode> {
        let found = microsystems::condition_assessment(ctx.data::<Caller>()?, id).await;
        Ok(found.map_err(fault)?.record.into())
    }
}

/// What there is to write of conditions.
#[derive(Default)]
pub struct ConditionsMutation;

#[Object]
impl ConditionsMutation {
    /// Records one of the two conditions of a unit on a day.
    async fn assess_condition(&self, ctx: &Context<'_>, input: AssessCondition) -> Result<ConditionNode> {
        let run = |caller| async move { microsystems::assess_condition(&caller, input).await };
        write(ctx, run).await.map(ConditionNode::from)
    }

    /// Changes an assessment: null takes a lens away; `ifVersion` refuses another version.
    async fn change_condition(
        &self,
        ctx: &Context<'_>,
        id: ConditionAssessmentId,
        if_version: Option<i64>,
        input: ChangeCondition,
    ) -> Result<ConditionNode> {
        let run =
            |caller| async move { microsystems::change_condition(&caller, id, if_version, input).await };
        write(ctx, run).await.map(ConditionNode::from)
    }
}

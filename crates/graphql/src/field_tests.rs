//! Field tests, their sites and results.

use std::collections::HashMap;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::field_tests::{FieldTestFilter, ResultFilter};
use spiral_app::{Caller, field_tests};
use spiral_domain::field_tests::{
    Arm, ChangeFieldTest, ChangeSite, CreateFieldTest, EnrolSite, FieldTest, FieldTestResult,
    FieldTestStatus, Phase, PushFieldTestResult, Site,
};
use spiral_domain::people::Action;
use spiral_domain::{FieldTestId, InnovationId, Reference, SiteId, Sort, Timestamp};

use crate::faults::fault;
use crate::innovations::{InnovationNode, innovation_of};
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared, UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;

/// A check of whether an innovation works.
#[derive(SimpleObject)]
#[graphql(complex, name = "FieldTest")]
pub(crate) struct FieldTestNode {
    #[graphql(flatten)]
    record: FieldTest,
}

impl From<FieldTest> for FieldTestNode {
    fn from(record: FieldTest) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl FieldTestNode {
    /// The unit that runs it.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// The innovation that it checks.
    async fn innovation(&self, ctx: &Context<'_>) -> Result<Option<InnovationNode>> {
        innovation_of(ctx, self.record.innovation_id).await
    }

    /// Its sites, as far as they are shared with the caller.
    #[graphql(complexity = "10 * child_complexity")]
    async fn sites(&self, ctx: &Context<'_>) -> Result<Vec<SiteNode>> {
        let sites = load(ctx, SitesKey(self.record.id)).await?.unwrap_or_default();
        Ok(sites.into_iter().map(SiteNode::from).collect())
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let unit = load(ctx, UnitKey(self.record.unit_id)).await?;
        let caller = ctx.data::<Caller>()?;
        Ok(unit
            .map(|unit| caller.allowed(&unit, &[Action::ManageFieldTest]))
            .unwrap_or_default())
    }
}

/// A unit enrolled in a field test.
#[derive(SimpleObject)]
#[graphql(complex, name = "FieldTestSite")]
pub(crate) struct SiteNode {
    #[graphql(flatten)]
    record: Site,
}

impl From<Site> for SiteNode {
    fn from(record: Site) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl SiteNode {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// Its results that stand.
    #[graphql(complexity = "10 * child_complexity")]
    async fn results(&self, ctx: &Context<'_>) -> Result<Vec<FieldTestResultNode>> {
        let results = load(ctx, SiteResultsKey(self.record.id)).await?;
        let results = results.unwrap_or_default().into_iter();
        Ok(results.map(FieldTestResultNode::from).collect())
    }
}

/// What one measure came to at one site of a field test.
#[derive(SimpleObject)]
#[graphql(complex, name = "FieldTestResult")]
pub(crate) struct FieldTestResultNode {
    #[graphql(flatten)]
    record: FieldTestResult,
}

impl From<FieldTestResult> for FieldTestResultNode {
    fn from(record: FieldTestResult) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl FieldTestResultNode {
    /// The site's unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }
}

/// The field tests of this innovation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct FieldTestsKey(pub InnovationId);

impl Loader<FieldTestsKey> for Batches {
    type Value = Vec<FieldTest>;
    type Error = Shared;
    async fn load(&self, keys: &[FieldTestsKey]) -> Result<HashMap<FieldTestsKey, Vec<FieldTest>>, Shared> {
        let ids: Vec<InnovationId> = keys.iter().map(|key| key.0).collect();
        let tests = field_tests::field_tests_of(&self.caller, &ids).await?;
        Ok(tests
            .into_iter()
            .map(|(id, tests)| (FieldTestsKey(id), tests))
            .collect())
    }
}

/// The sites of this field test.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SitesKey(FieldTestId);

impl Loader<SitesKey> for Batches {
    type Value = Vec<Site>;
    type Error = Shared;
    async fn load(&self, keys: &[SitesKey]) -> Result<HashMap<SitesKey, Vec<Site>>, Shared> {
        let ids: Vec<FieldTestId> = keys.iter().map(|key| key.0).collect();
        let sites = field_tests::sites_of(&self.caller, &ids).await?;
        Ok(sites
            .into_iter()
            .map(|(id, sites)| (SitesKey(id), sites))
            .collect())
    }
}

/// The results of this site that stand.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SiteResultsKey(SiteId);

impl Loader<SiteResultsKey> for Batches {
    type Value = Vec<FieldTestResult>;
    type Error = Shared;
    async fn load(
        &self,
        keys: &[SiteResultsKey],
    ) -> Result<HashMap<SiteResultsKey, Vec<FieldTestResult>>, Shared> {
        let ids: Vec<SiteId> = keys.iter().map(|key| key.0).collect();
        let results = field_tests::results_of(&self.caller, &ids).await?;
        Ok(results
            .into_iter()
            .map(|(id, results)| (SiteResultsKey(id), results))
            .collect())
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct FieldTestQuery;

#[Object]
impl FieldTestQuery {
    /// One field test.
    async fn field_test(&self, ctx: &Context<'_>, id: Reference) -> Result<FieldTestNode> {
        let test = field_tests::field_test(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(test.record.into())
    }

    /// Field tests, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn field_tests(
        &self,
        ctx: &Context<'_>,
        innovation: Option<Reference>,
        unit: Option<Reference>,
        status: Option<FieldTestStatus>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, FieldTestNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = FieldTestFilter {
            innovation,
            unit,
            status,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = filter.list();
        let page = field_tests::field_tests(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            FieldTestNode::from,
        ))
    }

    /// The results of a field test, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn field_test_results(
        &self,
        ctx: &Context<'_>,
        field_test: Reference,
        unit: Option<Reference>,
        measure_code: Option<String>,
        arm: Option<Arm>,
        phase: Option<Phase>,
        #[graphql(default)] retracted: bool,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, FieldTestResultNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = ResultFilter {
            unit,
            measure_code,
            arm,
            phase,
            retracted,
        };
        let request = page_request(first, after, updated_since, sort);
        let test = field_tests::field_test(caller, &field_test)
            .await
            .map_err(fault)?;
        let list = filter.list(test.id);
        let page = field_tests::results(caller, &field_test, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            FieldTestResultNode::from,
        ))
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct FieldTestMutation;

#[Object]
impl FieldTestMutation {
    /// Plans a field test.
    async fn create_field_test(&self, ctx: &Context<'_>, input: CreateFieldTest) -> Result<FieldTestNode> {
        let run = |caller| async move { field_tests::create_field_test(&caller, input).await };
        write(ctx, run).await.map(FieldTestNode::from)
    }

    /// Changes a field test, or moves it to another status; `ifVersion` refuses the change of another version.
    async fn change_field_test(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        input: ChangeFieldTest,
    ) -> Result<FieldTestNode> {
        let run =
            |caller| async move { field_tests::change_field_test(&caller, &id, if_version, input).await };
        write(ctx, run).await.map(FieldTestNode::from)
    }

    /// Enrols a unit in a field test.
    async fn enrol_site(
        &self,
        ctx: &Context<'_>,
        field_test: Reference,
        input: EnrolSite,
    ) -> Result<SiteNode> {
        let run = |caller| async move { field_tests::enrol_site(&caller, &field_test, input).await };
        write(ctx, run).await.map(SiteNode::from)
    }

    /// Changes the site of a field test at a unit; `ifVersion` refuses the change of another version.
    async fn change_site(
        &self,
        ctx: &Context<'_>,
        field_test: Reference,
        unit: Reference,
        if_version: Option<i64>,
        input: ChangeSite,
    ) -> Result<SiteNode> {
        let run = |caller| async move {
            field_tests::change_site(&caller, &field_test, &unit, if_version, input).await
        };
        write(ctx, run).await.map(SiteNode::from)
    }

    /// Pushes one result of a field test; said again, it corrects.
    async fn push_field_test_result(
        &self,
        ctx: &Context<'_>,
        field_test: Reference,
        input: PushFieldTestResult,
    ) -> Result<FieldTestResultNode> {
        let run =
            |caller| async move { field_tests::push_field_test_result(&caller, &field_test, input).await };
        write(ctx, run).await.map(FieldTestResultNode::from)
    }
}

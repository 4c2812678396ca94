//! How the tree changes, and who succeeds whom.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, tenancy};
use spiral_domain::tenancy::{
    OrgUnit, Reorganisation, ReorganisationReport, Reorganise, ReverseReorganisation, Succession, UnitEffect,
    UnitStanding,
};
use spiral_domain::{Reference, ReorganisationId, Sort, Timestamp};

use super::OrgUnitNode;
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{UnitKey, load};
use crate::writes::write;

/// A change of the tree from a day on.
#[derive(SimpleObject)]
#[graphql(complex, name = "Reorganisation")]
pub(crate) struct ReorganisationNode {
    #[graphql(flatten)]
    record: Reorganisation,
}

impl From<Reorganisation> for ReorganisationNode {
    fn from(record: Reorganisation) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl ReorganisationNode {
    /// The unit that it was asked for.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }
}

async fn unit(ctx: &Context<'_>, id: spiral_domain::UnitId) -> Result<Option<OrgUnitNode>> {
    let unit: Option<OrgUnit> = load(ctx, UnitKey(id)).await?;
    Ok(unit.map(OrgUnitNode::from))
}

/// Who succeeds whom.
#[derive(SimpleObject)]
#[graphql(complex, name = "Succession")]
pub(crate) struct SuccessionNode {
    #[graphql(flatten)]
    record: Succession,
}

impl From<Succession> for SuccessionNode {
    fn from(record: Succession) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl SuccessionNode {
    /// The unit that closed.
    async fn predecessor(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.predecessor_id).await
    }

    /// The unit that came after it.
    async fn successor(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.successor_id).await
    }
}

/// A reorganisation and what it means, or would mean.
#[derive(SimpleObject)]
#[graphql(name = "ReorganisationAnswer")]
pub(crate) struct ReportNode {
    /// The reorganisation, with what it makes of each unit.
    reorganisation: ReorganisationNode,
    /// Who succeeds whom by it.
    successions: Vec<SuccessionNode>,
    /// What becomes of each unit's records, roles and open work.
    effects: Vec<UnitEffect>,
    /// Whether it was only tried: nothing is changed.
    dry_run: bool,
}

impl From<ReorganisationReport> for ReportNode {
    fn from(report: ReorganisationReport) -> Self {
        Self {
            reorganisation: report.reorganisation.into(),
            successions: report.successions.into_iter().map(SuccessionNode::from).collect(),
            effects: report.effects,
            dry_run: report.dry_run,
        }
    }
}

/// What there is to read of reorganisations.
#[derive(Default)]
pub struct ReorganisationQuery;

#[Object]
impl ReorganisationQuery {
    /// Reorganisations that concern a unit, a page at a time, in the order in which they were recorded.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn reorganisations(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, ReorganisationNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let named = tenancy::org_unit(caller, &unit).await.map_err(fault)?;
        let page = tenancy::reorganisations(caller, &unit, &request)
            .await
            .map_err(fault)?;
        let list = tenancy::reorganisation_list(named.record.id);
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            ReorganisationNode::from,
        ))
    }

    /// Who came before and after a unit.
    async fn successions(&self, ctx: &Context<'_>, unit: Reference) -> Result<Vec<SuccessionNode>> {
        let found = tenancy::successions(ctx.data::<Caller>()?, &unit)
            .await
            .map_err(fault)?;
        Ok(found.into_iter().map(SuccessionNode::from).collect())
    }

    /// Where a unit has stood, in the order of time.
    async fn standings(&self, ctx: &Context<'_>, unit: Reference) -> Result<Vec<UnitStanding>> {
        tenancy::standings(ctx.data::<Caller>()?, &unit)
            .await
            .map_err(fault)
    }
}

/// What can be done to the tree.
#[derive(Default)]
pub struct ReorganisationMutation;

#[Object]
impl ReorganisationMutation {
    /// Merges, splits, transfers, renames or closes a unit from a day on; `dryRun` only says what that would do.
    async fn reorganise(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        #[graphql(default)] dry_run: bool,
        input: Reorganise,
    ) -> Result<ReportNode> {
        let run = |caller| async move { tenancy::reorganise(&caller, &unit, input, dry_run).await };
        write(ctx, run).await.map(ReportNode::from)
    }

    /// Undoes a reorganisation: everything is again as it was before.
    async fn reverse_reorganisation(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        reorganisation: ReorganisationId,
        #[graphql(default)] dry_run: bool,
        input: ReverseReorganisation,
    ) -> Result<ReportNode> {
        let run = |caller| async move {
            tenancy::reverse_reorganisation(&caller, &unit, reorganisation, input, dry_run).await
        };
        write(ctx, run).await.map(ReportNode::from)
    }
}

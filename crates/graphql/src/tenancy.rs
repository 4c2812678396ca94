//! Units, networks, programmes and sharing.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, tenancy};
use spiral_domain::analysis::{ChartKind, ChartSeries, QualityRow};
use spiral_domain::people::Action;
use spiral_domain::programmes::{CreateProgramme, Programme};
use spiral_domain::tenancy::{
    ChangeOrgUnit, CreateNetwork, CreateOrgUnit, HeldAttribute, Network, NetworkMember, OrgUnit,
    SetNetworkMembers, SetSharing, SharingSetting, Tier,
};
use spiral_domain::{Date, Reference, Sort, Timestamp, WorkKind};

use crate::analysis::{ChartKey, QualityKey};
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{
    AdoptionKey, AdoptionsKey, ChildrenKey, HeldKey, LinkagesKey, MembersKey, UnitKey, load,
};
use crate::measures::{MeasureNode, OwnMeasuresKey, SeriesKey, SeriesNode};
use crate::microsystems::{
    ConditionsKey, LatestConditionsNode, UnitFivePsKey, UnitFivePsNode, UnitLeadTeamKey, UnitLeadTeamNode,
    UnitMeetingsKey, UnitMeetingsNode,
};
use crate::spirals::{LatestSpiralKey, SpiralNode, SpiralStateNode, SpiralsKey};
use crate::spread::{UnitAdoptionsNode, ViewNode};
use crate::sustainability::{SustainabilityKey, SustainabilityStateNode};
use crate::writes::write;

mod directory;
mod reorganisations;

pub use directory::{DirectoryMutation, DirectoryQuery};
pub use reorganisations::{ReorganisationMutation, ReorganisationQuery};

/// A node of the tenant's tree.
#[derive(SimpleObject)]
#[graphql(complex, name = "OrgUnit")]
pub(crate) struct OrgUnitNode {
    #[graphql(flatten)]
    record: OrgUnit,
}

impl From<OrgUnit> for OrgUnitNode {
    fn from(record: OrgUnit) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl OrgUnitNode {
    /// The unit it stands beneath today.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Self>> {
        let Some(parent) = self.record.parent_id else {
            return Ok(None);
        };
        Ok(load(ctx, UnitKey(parent)).await?.map(Self::from))
    }

    /// The units directly beneath it, oldest first; of a tier, and the first so many, where these are given.
    #[graphql(complexity = "first.unwrap_or(10).clamp(1, 10) as usize * child_complexity")]
    async fn children(&self, ctx: &Context<'_>, tier: Option<Tier>, first: Option<i32>) -> Result<Vec<Self>> {
        let children = load(ctx, ChildrenKey(self.record.id)).await?.unwrap_or_default();
        Ok(children
            .into_iter()
            .filter(|unit| tier.is_none_or(|tier| unit.tier == tier))
            .take(first.map_or(usize::MAX, |first| usize::try_from(first).unwrap_or_default()))
            .map(Self::from)
            .collect())
    }

    /// Where it stands with an innovation.
    async fn adoption(&self, ctx: &Context<'_>, innovation: Reference) -> Result<Option<ViewNode>> {
        Ok(load(ctx, AdoptionKey(innovation, self.record.id))
            .await?
            .map(ViewNode::from))
    }

    /// Where it stands with every innovation that it has to do with.
    #[graphql(complexity = "10 * child_complexity")]
    async fn adoptions(&self, ctx: &Context<'_>) -> Result<Option<UnitAdoptionsNode>> {
        Ok(load(ctx, AdoptionsKey(self.record.id))
            .await?
            .map(UnitAdoptionsNode::from))
    }

    /// Its latest closed sustainability assessment.
    async fn sustainability(&self, ctx: &Context<'_>) -> Result<SustainabilityStateNode> {
        let state = load(ctx, SustainabilityKey(self.record.id)).await?;
        Ok(state.unwrap_or_default().into())
    }

    /// The latest of its leadership and local conditions.
    async fn conditions(&self, ctx: &Context<'_>) -> Result<LatestConditionsNode> {
        let latest = load(ctx, ConditionsKey(self.record.id)).await?;
        Ok(latest.unwrap_or_default().into())
    }

    /// Who is in its lead team on a day, today if none is named.
    #[graphql(complexity = "10 * child_complexity")]
    async fn lead_team(&self, ctx: &Context<'_>, on: Option<Date>) -> Result<UnitLeadTeamNode> {
        let team = load(ctx, UnitLeadTeamKey(self.record.id, on)).await?;
        Ok(team.unwrap_or_default().into())
    }

    /// Its last meetings, at most 100; `meetings` at the top has them all.
    #[graphql(complexity = "last.unwrap_or(10).clamp(1, 100) as usize * child_complexity")]
    async fn meetings(&self, ctx: &Context<'_>, last: Option<i32>) -> Result<UnitMeetingsNode> {
        let last = i64::from(last.unwrap_or(10).clamp(1, 100));
        let meetings = load(ctx, UnitMeetingsKey(self.record.id, last)).await?;
        Ok(meetings.unwrap_or_default().into())
    }

    /// Its last 5Ps assessments, at most 100; the latest if nothing else is said.
    #[graphql(complexity = "last.unwrap_or(1).clamp(1, 100) as usize * child_complexity")]
    async fn five_ps(&self, ctx: &Context<'_>, last: Option<i32>) -> Result<UnitFivePsNode> {
        let last = i64::from(last.unwrap_or(1).clamp(1, 100));
        let assessments = load(ctx, UnitFivePsKey(self.record.id, last)).await?;
        Ok(assessments.unwrap_or_default().into())
    }

    /// Its spirals that the caller may see, in the order in which they began.
    #[graphql(complexity = "5 * child_complexity")]
    async fn spirals(&self, ctx: &Context<'_>) -> Result<Vec<SpiralNode>> {
        let found = load(ctx, SpiralsKey(self.record.id)).await?.unwrap_or_default();
        Ok(found.into_iter().map(SpiralNode::from).collect())
    }

    /// The spiral that it began last.
    async fn current_spiral(&self, ctx: &Context<'_>) -> Result<SpiralStateNode> {
        let state = load(ctx, LatestSpiralKey(self.record.id)).await?;
        Ok(state.unwrap_or_default().into())
    }

    /// Its last observations of a measure, whole population, latest first.
    #[graphql(complexity = "last.unwrap_or(12).max(1) as usize * child_complexity")]
    async fn observations(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        last: Option<i32>,
    ) -> Result<SeriesNode> {
        let key = SeriesKey {
            measure,
            last: i64::from(last.unwrap_or(12)),
            unit: self.record.id,
        };
        Ok(load(ctx, key).await?.map(SeriesNode::from).unwrap_or_default())
    }

    /// Its chart of a measure; above the tier that reports, of the sum of what the reader may see beneath it.
    #[graphql(complexity = "5 * child_complexity")]
    async fn spc(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        chart: Option<ChartKind>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Option<ChartSeries>> {
        let key = ChartKey {
            measure,
            chart,
            from,
            to,
            unit: self.record.id,
        };
        load(ctx, key).await
    }

    /// How complete, how early and how plausible it reports a measure; above the tier that reports, of what the reader
    /// may see beneath it.
    async fn data_quality(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Option<QualityRow>> {
        let key = QualityKey {
            measure,
            from,
            to,
            unit: self.record.id,
        };
        load(ctx, key).await
    }

    /// The measures that it owns, in their latest version.
    #[graphql(complexity = "10 * child_complexity")]
    async fn measures(&self, ctx: &Context<'_>) -> Result<Vec<MeasureNode>> {
        let owned = load(ctx, OwnMeasuresKey(self.record.id))
            .await?
            .unwrap_or_default();
        Ok(owned.into_iter().map(MeasureNode::from).collect())
    }

    /// What the tenant's vocabulary says of it on a day; today if none is given.
    #[graphql(complexity = "5 * child_complexity")]
    async fn attributes(&self, ctx: &Context<'_>, as_of: Option<Date>) -> Result<Vec<HeldAttribute>> {
        Ok(load(ctx, HeldKey(self.record.id, as_of))
            .await?
            .unwrap_or_default())
    }

    /// What it hands on to other teams, or they to it, on a day; today if none is given.
    #[graphql(complexity = "10 * child_complexity")]
    async fn linkages(
        &self,
        ctx: &Context<'_>,
        as_of: Option<Date>,
    ) -> Result<Vec<directory::LinkageRecordNode>> {
        let found = load(ctx, LinkagesKey(self.record.id, as_of)).await?;
        Ok(found.unwrap_or_default().into_iter().map(Into::into).collect())
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let caller = ctx.data::<Caller>()?;
        Ok(tenancy::with_allowed(caller, self.record.clone()).allowed_actions)
    }
}

/// How many units a list has in all.
pub(crate) struct UnitTotal(tenancy::UnitFilter, Option<Timestamp>);

#[Object(name = "OrgUnitTotal")]
impl UnitTotal {
    /// How many units the filter finds; counted only if asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        tenancy::count_org_units(ctx.data::<Caller>()?, &self.0, self.1)
            .await
            .map_err(fault)
    }
}

/// Units that work together across the tree.
#[derive(SimpleObject)]
#[graphql(complex, name = "Network")]
pub(crate) struct NetworkNode {
    #[graphql(flatten)]
    record: Network,
}

impl From<Network> for NetworkNode {
    fn from(record: Network) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl NetworkNode {
    /// The unit that hosts it.
    async fn host_unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.host_unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// Its members, past ones too.
    #[graphql(complexity = "10 * child_complexity")]
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<MemberNode>> {
        let members = load(ctx, MembersKey(self.record.id)).await?.unwrap_or_default();
        Ok(members.into_iter().map(|record| MemberNode { record }).collect())
    }
}

/// A unit's time in a network.
#[derive(SimpleObject)]
#[graphql(complex, name = "NetworkMembership")]
pub(crate) struct MemberNode {
    #[graphql(flatten)]
    record: NetworkMember,
}

#[ComplexObject]
impl MemberNode {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }
}

/// An organised effort that units take part in.
#[derive(SimpleObject)]
#[graphql(complex, name = "Programme")]
pub(crate) struct ProgrammeNode {
    #[graphql(flatten)]
    record: Programme,
}

impl From<Programme> for ProgrammeNode {
    fn from(record: Programme) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl ProgrammeNode {
    /// The unit that runs it.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct TenancyQuery;

#[Object]
impl TenancyQuery {
    /// One unit, by any of its names.
    async fn org_unit(&self, ctx: &Context<'_>, id: Reference) -> Result<OrgUnitNode> {
        let unit = tenancy::org_unit(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(unit.record.into())
    }

    /// Units, a page at a time. `attributes` are such of which all hold on the day: `rurality:rural`, `listSize:5000..`.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn org_units(
        &self,
        ctx: &Context<'_>,
        within: Option<Reference>,
        parent: Option<Reference>,
        tier: Option<Tier>,
        network: Option<Reference>,
        ods_code: Option<String>,
        attributes: Option<Vec<String>>,
        as_of: Option<Date>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, OrgUnitNode, UnitTotal, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = tenancy::UnitFilter {
            within,
            parent,
            tier,
            network,
            ods_code,
            attributes: attributes.unwrap_or_default(),
            as_of,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = format!("org_units {filter:?}");
        let page = tenancy::org_units(caller, filter.clone(), &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            UnitTotal(filter, updated_since),
            request.cursor.is_some(),
            cursor,
            |unit| unit.record.into(),
        ))
    }

    /// How far a unit shares each kind of its work.
    async fn sharing(&self, ctx: &Context<'_>, unit: Reference) -> Result<Vec<SharingSetting>> {
        tenancy::sharing(ctx.data::<Caller>()?, &unit)
            .await
            .map_err(fault)
    }

    /// One network.
    async fn network(&self, ctx: &Context<'_>, id: Reference) -> Result<NetworkNode> {
        let network = tenancy::network(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(network.record.into())
    }

    /// Networks, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn networks(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, NetworkNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = tenancy::networks(caller, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor("networks", place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            NetworkNode::from,
        ))
    }

    /// One programme.
    async fn programme(&self, ctx: &Context<'_>, id: Reference) -> Result<ProgrammeNode> {
        let programme = tenancy::programme(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(programme.into())
    }

    /// Programmes, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn programmes(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, ProgrammeNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = tenancy::programmes(caller, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor("programmes", place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            ProgrammeNode::from,
        ))
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct TenancyMutation;

#[Object]
impl TenancyMutation {
    /// Adds a unit beneath another.
    async fn create_org_unit(&self, ctx: &Context<'_>, input: CreateOrgUnit) -> Result<OrgUnitNode> {
        let run = |caller| async move { tenancy::create_org_unit(&caller, input).await };
        write(ctx, run).await.map(OrgUnitNode::from)
    }

    /// Changes a unit; `ifVersion` refuses the change of another version.
    async fn change_org_unit(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        input: ChangeOrgUnit,
    ) -> Result<OrgUnitNode> {
        let run = |caller| async move { tenancy::change_org_unit(&caller, &id, if_version, input).await };
        write(ctx, run).await.map(OrgUnitNode::from)
    }

    /// Sets how far a unit shares one kind of its work.
    async fn set_sharing(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        kind: WorkKind,
        input: SetSharing,
    ) -> Result<SharingSetting> {
        let run = |caller| async move { tenancy::set_sharing(&caller, &unit, kind, input).await };
        write(ctx, run).await
    }

    /// Makes a network.
    async fn create_network(&self, ctx: &Context<'_>, input: CreateNetwork) -> Result<NetworkNode> {
        let run = |caller| async move { tenancy::create_network(&caller, input).await };
        write(ctx, run).await.map(NetworkNode::from)
    }

    /// Sets a network's members.
    async fn set_network_members(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        input: SetNetworkMembers,
    ) -> Result<NetworkNode> {
        let run = |caller| async move { tenancy::set_network_members(&caller, &id, if_version, input).await };
        write(ctx, run).await.map(NetworkNode::from)
    }

    /// Records a programme.
    async fn create_programme(&self, ctx: &Context<'_>, input: CreateProgramme) -> Result<ProgrammeNode> {
        let run = |caller| async move { tenancy::create_programme(&caller, input).await };
        write(ctx, run).await.map(ProgrammeNode::from)
    }
}

//! Attributes of units, and who hands patients or work to whom.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, tenancy};
use spiral_domain::tenancy::{
    ChangeLinkage, DeclareUnitAttribute, Linkage, LinkageKind, LinkageMap, LinkageMapEdge, LinkageMapNode,
    RecordLinkage, Tier, UnitAttribute, UnitAttributeValue,
};
use spiral_domain::{Date, LinkageId, Reference, Sort, Timestamp};

use super::OrgUnitNode;
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{AttributeKey, UnitKey, load};
use crate::writes::write;

async fn unit(ctx: &Context<'_>, id: spiral_domain::UnitId) -> Result<Option<OrgUnitNode>> {
    Ok(load(ctx, UnitKey(id)).await?.map(OrgUnitNode::from))
}

/// What holds of a unit from a day on.
#[derive(SimpleObject)]
#[graphql(complex, name = "UnitAttributeValue")]
pub(crate) struct ValueNode {
    #[graphql(flatten)]
    record: UnitAttributeValue,
}

impl From<UnitAttributeValue> for ValueNode {
    fn from(record: UnitAttributeValue) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl ValueNode {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }

    /// The attribute.
    async fn attribute(&self, ctx: &Context<'_>) -> Result<Option<UnitAttribute>> {
        load(ctx, AttributeKey(self.record.attribute_id)).await
    }
}

/// One team hands patients or work to another, from a day to a day.
#[derive(SimpleObject)]
#[graphql(complex, name = "Linkage")]
pub(crate) struct LinkageRecordNode {
    #[graphql(flatten)]
    record: Linkage,
}

impl From<Linkage> for LinkageRecordNode {
    fn from(record: Linkage) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl LinkageRecordNode {
    /// The team that hands on.
    #[graphql(name = "from")]
    async fn giver(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.from_id).await
    }

    /// The team that receives.
    #[graphql(name = "to")]
    async fn receiver(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.to_id).await
    }
}

/// A unit on a map of linkages.
#[derive(SimpleObject)]
#[graphql(complex, name = "LinkageMapNode")]
pub(crate) struct MapNode {
    #[graphql(flatten)]
    record: LinkageMapNode,
}

#[ComplexObject]
impl MapNode {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }
}

/// Who hands patients or work to whom on a day.
#[derive(SimpleObject)]
#[graphql(name = "LinkageMap")]
pub(crate) struct MapAnswer {
    /// The day.
    as_of: Date,
    /// The level of its nodes.
    tier: Tier,
    /// Units, by code.
    nodes: Vec<MapNode>,
    /// What they hand on to each other.
    edges: Vec<LinkageMapEdge>,
}

impl From<LinkageMap> for MapAnswer {
    fn from(map: LinkageMap) -> Self {
        Self {
            as_of: map.as_of,
            tier: map.tier,
            nodes: map.nodes.into_iter().map(|record| MapNode { record }).collect(),
            edges: map.edges,
        }
    }
}

/// What there is to read of attributes and linkages.
#[derive(Default)]
pub struct DirectoryQuery;

#[Object]
impl DirectoryQuery {
    /// One attribute that units may have, by id or code.
    async fn unit_attribute(&self, ctx: &Context<'_>, id: String) -> Result<UnitAttribute> {
        tenancy::unit_attribute(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)
    }

    /// The attributes that units may have, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn unit_attributes(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, UnitAttribute, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = tenancy::unit_attributes(caller, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor("unit_attributes", place);
        let node = |attribute| attribute;
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            node,
        ))
    }

    /// What attributes hold of units, a page at a time; with `asOf` what holds on the day.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn unit_attribute_values(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        attribute: Option<String>,
        as_of: Option<Date>,
        source: Option<String>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, ValueNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = tenancy::ValueFilter {
            unit,
            within,
            attribute,
            as_of,
            source,
        };
        let list = tenancy::value_list(&filter);
        let request = page_request(first, after, updated_since, sort);
        let page = tenancy::attribute_values(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            ValueNode::from,
        ))
    }

    /// One linkage.
    async fn linkage(&self, ctx: &Context<'_>, id: LinkageId) -> Result<LinkageRecordNode> {
        let linkage = tenancy::linkage(ctx.data::<Caller>()?, id).await.map_err(fault)?;
        Ok(linkage.record.into())
    }

    /// Linkages, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn linkages(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        within: Option<Reference>,
        kind: Option<LinkageKind>,
        as_of: Option<Date>,
        #[graphql(default)] include_withdrawn: bool,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, LinkageRecordNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = tenancy::LinkageFilter {
            unit,
            within,
            kind,
            as_of,
            withdrawn: include_withdrawn,
        };
        let list = tenancy::linkage_list(&filter);
        let request = page_request(first, after, updated_since, sort);
        let page = tenancy::linkages(caller, filter, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            LinkageRecordNode::from,
        ))
    }

    /// The map that linkages draw on a day: of a unit, of a network, or of all.
    #[graphql(complexity = "100 * child_complexity")]
    async fn linkage_map(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        network: Option<Reference>,
        as_of: Option<Date>,
        tier: Option<Tier>,
    ) -> Result<MapAnswer> {
        let query = tenancy::MapQuery {
            unit,
            network,
            as_of,
            tier,
        };
        let map = tenancy::linkage_map(ctx.data::<Caller>()?, &query)
            .await
            .map_err(fault)?;
        Ok(map.into())
    }
}

/// What can be written of attributes and linkages.
#[derive(Default)]
pub struct DirectoryMutation;

#[Object]
impl DirectoryMutation {
    /// Declares an attribute that units may have.
    async fn declare_unit_attribute(
        &self,
        ctx: &Context<'_>,
        input: DeclareUnitAttribute,
    ) -> Result<UnitAttribute> {
        let run = |caller| async move { tenancy::declare_unit_attribute(&caller, input).await };
        write(ctx, run).await
    }

    /// Records that a team hands patients or work to another.
    async fn record_linkage(&self, ctx: &Context<'_>, input: RecordLinkage) -> Result<LinkageRecordNode> {
        let run = |caller| async move { tenancy::record_linkage(&caller, input).await };
        write(ctx, run).await.map(LinkageRecordNode::from)
    }

    /// Changes or ends a linkage; `ifVersion` refuses the change of another version.
    async fn change_linkage(
        &self,
        ctx: &Context<'_>,
        id: LinkageId,
        if_version: Option<i64>,
        input: ChangeLinkage,
    ) -> Result<LinkageRecordNode> {
        let run = |caller| async move { tenancy::change_linkage(&caller, id, if_version, input).await };
        write(ctx, run).await.map(LinkageRecordNode::from)
    }
}

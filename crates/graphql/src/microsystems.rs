//! A team's own work: lead team, meetings and their rhythm, 5Ps; what it draws, aims for and tests.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Result, SimpleObject};
use spiral_app::microsystems::TeamRecordKind;
use spiral_app::{Caller, microsystems};
use spiral_domain::microsystems::{FivePs, LeadTeamMember, Meeting, NamedMember};
use spiral_domain::people::Action;
use spiral_domain::{PrincipalId, UnitId};

use crate::loaders::{Batches, Shared, UnitKey, load};
use crate::spirals::{SpiralNode, named_spiral};
use crate::tenancy::OrgUnitNode;

mod conditions;
mod edges;
mod reads;
mod tool_use;
mod wall;
mod work;
mod work_writes;
mod writes;

pub(crate) use conditions::{ConditionsKey, LatestConditionsNode};
pub use conditions::{ConditionsMutation, ConditionsQuery};
pub(crate) use edges::{
    UnitFivePsKey, UnitFivePsNode, UnitLeadTeamKey, UnitLeadTeamNode, UnitMeetingsKey, UnitMeetingsNode,
};
pub use reads::MicrosystemsQuery;
pub use tool_use::ToolsQuery;
pub use wall::WallQuery;
pub use work::WorkQuery;
pub(crate) use work::{AimNode, CycleNode, DiagramNode, RampNode};
pub use work_writes::WorkMutation;
pub use writes::MicrosystemsMutation;

async fn unit(ctx: &Context<'_>, id: UnitId) -> Result<Option<OrgUnitNode>> {
    Ok(load(ctx, UnitKey(id)).await?.map(OrgUnitNode::from))
}

/// What the caller may do with a record of this unit.
async fn allowed(ctx: &Context<'_>, id: UnitId, kind: TeamRecordKind) -> Result<Vec<Action>> {
    let unit = load(ctx, UnitKey(id)).await?;
    let caller = ctx.data::<Caller>()?;
    Ok(unit
        .map(|unit| microsystems::allowed_on(caller, &unit, kind))
        .unwrap_or_default())
}

/// The name under which a person is registered.
#[derive(Clone, PartialEq, Eq, Hash)]
struct NameKey(PrincipalId);

impl Loader<NameKey> for Batches {
    type Value = String;
    type Error = Shared;
    async fn load(&self, keys: &[NameKey]) -> Result<HashMap<NameKey, String>, Shared> {
        let people: Vec<PrincipalId> = keys.iter().map(|key| key.0).collect();
        let names = microsystems::names_of(&self.caller, &people).await?;
        Ok(names.into_iter().map(|(id, name)| (NameKey(id), name)).collect())
    }
}

/// Somebody in a lead team, from a day to a day.
#[derive(SimpleObject)]
#[graphql(complex, name = "LeadTeamMember")]
pub(crate) struct LeadTeamMemberNode {
    #[graphql(flatten)]
    record: LeadTeamMember,
}

impl From<LeadTeamMember> for LeadTeamMemberNode {
    fn from(record: LeadTeamMember) -> Self {
        Self { record }
    }
}

impl From<NamedMember> for LeadTeamMemberNode {
    fn from(named: NamedMember) -> Self {
        Self { record: named.record }
    }
}

#[ComplexObject]
impl LeadTeamMemberNode {
    /// The team.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }

    /// The name under which the person is registered.
    async fn name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match self.record.principal_id {
            Some(person) => load(ctx, NameKey(person)).await,
            None => Ok(None),
        }
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        allowed(ctx, self.record.unit_id, TeamRecordKind::LeadTeamMember).await
    }
}

/// A meeting that was held.
#[derive(SimpleObject)]
#[graphql(complex, name = "Meeting")]
pub(crate) struct MeetingNode {
    #[graphql(flatten)]
    record: Meeting,
}

impl From<Meeting> for MeetingNode {
    fn from(record: Meeting) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl MeetingNode {
    /// The team.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }

    /// The spiral that it was about, if the caller may see it.
    async fn spiral(&self, ctx: &Context<'_>) -> Result<Option<SpiralNode>> {
        named_spiral(ctx, self.record.spiral_id).await
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        allowed(ctx, self.record.unit_id, TeamRecordKind::Meeting).await
    }
}

/// How a team sees itself on a day.
#[derive(SimpleObject)]
#[graphql(complex, name = "FivePs")]
pub(crate) struct FivePsNode {
    #[graphql(flatten)]
    record: FivePs,
}

impl From<FivePs> for FivePsNode {
    fn from(record: FivePs) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl FivePsNode {
    /// The team.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit(ctx, self.record.unit_id).await
    }

    /// What the caller may do with it.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        allowed(ctx, self.record.unit_id, TeamRecordKind::FivePs).await
    }
}

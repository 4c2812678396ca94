//! Networks: units that work together across the tree.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{NetworkId, UnitId};
use crate::reference::Reference;
use crate::text::{check_code, check_text};
use crate::time::{Date, Timestamp};

/// What holds a network together.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// A clinical network.
    ClinicalNetwork,
    /// A community of practice.
    CommunityOfPractice,
    /// A programme's wave.
    ProgrammeWave,
    /// A primary care network.
    PrimaryCareNetwork,
    /// Units that are reported on together.
    ReportingArea,
}

/// Units that work together across the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "NetworkRecord")]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Its code, unique in the tenant.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What holds it together.
    pub kind: NetworkKind,
    /// The unit that hosts it; grants on the network read at this unit's tier.
    pub host_unit_id: UnitId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A unit's time in a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct NetworkMember {
    /// The network.
    pub network_id: NetworkId,
    /// The unit.
    pub unit_id: UnitId,
    /// Its first day in it; null if it was in it from the start.
    pub joined_on: Option<Date>,
    /// Its last day in it; null while it is.
    pub left_on: Option<Date>,
}

/// A member to be.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberInput {
    /// The unit.
    pub unit: Reference,
    /// Its first day in it; null if it was in it from the start.
    #[serde(default)]
    pub joined_on: Option<Date>,
    /// Its last day in it; null while it is.
    #[serde(default)]
    pub left_on: Option<Date>,
}

/// Makes a network.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateNetwork {
    /// Its code, unique in the tenant.
    #[schema(max_length = 63, example = "stroke-network")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Stroke network")]
    pub name: String,
    /// What holds it together.
    pub kind: NetworkKind,
    /// The unit that hosts it.
    pub host_unit: Reference,
    /// Its members.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 5000)]
    pub members: Vec<MemberInput>,
}

impl CreateNetwork {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/name", &self.name, 200);
        check_members(&mut found, &self.members);
        found.into_result()
    }
}

/// Sets a network's members; those not named are no longer members at all.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetNetworkMembers {
    /// Its members.
    #[schema(max_items = 5000)]
    pub members: Vec<MemberInput>,
}

impl SetNetworkMembers {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_members(&mut found, &self.members);
        found.into_result()
    }
}

fn check_members(found: &mut Violations, members: &[MemberInput]) {
    found.require(members.len() <= 5000, "/members", "too_many", || {
        "at most 5,000 members".into()
    });
    for (n, member) in members.iter().enumerate() {
        if let (Some(joined), Some(left)) = (member.joined_on, member.left_on) {
            found.require(
                joined <= left,
                &format!("/members/{n}/leftOn"),
                "left_before_joined",
                || format!("left on {left}, before joining on {joined}"),
            );
        }
    }
}

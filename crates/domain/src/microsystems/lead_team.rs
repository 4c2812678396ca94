//! The lead team: who leads the improvement work of a team, since when, and who has left.

use serde::{Deserialize, Serialize};

use super::Discipline;
use crate::error::{Result, Violations};
use crate::ids::{LeadTeamMemberId, PrincipalId, UnitId};
use crate::patch::Patch;
use crate::sharing::Sharing;
use crate::text::check_optional_text;
use crate::time::{Date, Timestamp};

/// What somebody does in a lead team.
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
pub enum LeadTeamRole {
    /// Leads it.
    Lead,
    /// Speaks for the work, inside the team and outside.
    Champion,
    /// Helps the team to help itself.
    Coach,
    /// Somebody further up who clears the way.
    Sponsor,
    /// Runs its meetings.
    Facilitator,
    /// Takes part.
    Member,
}

/// Why somebody has left.
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
pub enum LeaveReason {
    /// To another post in the same organisation.
    ChangedPost,
    /// Left the organisation.
    LeftOrganisation,
    /// Retired.
    Retired,
    /// Had no time for it any more.
    Workload,
    /// Did not want to go on.
    Withdrew,
    /// Another person was due.
    HandedOver,
    /// The team itself came to an end.
    TeamEnded,
    /// Anything else.
    Other,
}

/// Somebody in a lead team, from a day to a day. Names are never kept here: a person is named by their principal, or
/// not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "LeadTeamMemberRecord")]
pub struct LeadTeamMember {
    /// Its id.
    pub id: LeadTeamMemberId,
    /// The team.
    pub unit_id: UnitId,
    /// The person, if they are registered.
    pub principal_id: Option<PrincipalId>,
    /// What the person does, without a name.
    pub description: Option<String>,
    /// What they bring.
    pub discipline: Discipline,
    /// What they do in the lead team.
    pub role: LeadTeamRole,
    /// Their first day.
    pub joined_on: Date,
    /// Their last day; null while they are there.
    pub left_on: Option<Date>,
    /// Why they have left.
    pub leave_reason: Option<LeaveReason>,
    /// Whether it was recorded by mistake: it never was.
    pub withdrawn: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded it, or changed it last.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl LeadTeamMember {
    /// Whether they are in the lead team on a day.
    pub fn there_on(&self, day: Date) -> bool {
        !self.withdrawn && self.joined_on <= day && self.left_on.is_none_or(|left| day <= left)
    }

    /// Whether both say the same of the same person on some day.
    pub fn repeats(&self, other: &Self) -> bool {
        let ends = |member: &Self| member.left_on.unwrap_or(Date::MAX);
        !self.withdrawn
            && !other.withdrawn
            && self.principal_id.is_some()
            && (self.principal_id, self.role) == (other.principal_id, other.role)
            && self.joined_on <= ends(other)
            && other.joined_on <= ends(self)
    }

    /// The rules that concern its parts together.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        found.require(
            self.principal_id.is_some() || self.description.is_some(),
            "/description",
            "nobody",
            || "give `principalId`, or what the person does as `description`".into(),
        );
        if let Some(left) = self.left_on {
            found.require(self.joined_on <= left, "/leftOn", "ends_before_start", || {
                format!("left on {left}, before joining on {}", self.joined_on)
            });
        }
        found.require(
            self.left_on.is_some() || self.leave_reason.is_none(),
            "/leaveReason",
            "has_not_left",
            || "a reason to leave needs `leftOn`".into(),
        );
        found.into_result()
    }
}

/// Says who is in the lead team, by principal or by what they do; never by name.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddLeadTeamMember {
    /// The person, if they are registered.
    #[serde(default)]
    pub principal_id: Option<PrincipalId>,
    /// What the person does, without a name.
    #[serde(default)]
    #[schema(max_length = 200, example = "Receptionist, mornings")]
    pub description: Option<String>,
    /// What they bring.
    pub discipline: Discipline,
    /// What they do in the lead team.
    pub role: LeadTeamRole,
    /// Their first day.
    pub joined_on: Date,
    /// Their last day, if they have left.
    #[serde(default)]
    pub left_on: Option<Date>,
    /// Why they have left.
    #[serde(default)]
    pub leave_reason: Option<LeaveReason>,
}

impl AddLeadTeamMember {
    /// Every rule that concerns one field.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/description", self.description.as_deref(), 200);
        found.into_result()
    }
}

/// Changes what is said of somebody in the lead team; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeLeadTeamMember {
    /// Another person, or none.
    #[serde(default)]
    #[schema(value_type = Option<PrincipalId>)]
    pub principal_id: Patch<PrincipalId>,
    /// Another description, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub description: Patch<String>,
    /// Another discipline.
    #[serde(default)]
    pub discipline: Option<Discipline>,
    /// Another role.
    #[serde(default)]
    pub role: Option<LeadTeamRole>,
    /// Another first day.
    #[serde(default)]
    pub joined_on: Option<Date>,
    /// Their last day, or none any more.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub left_on: Patch<Date>,
    /// Why they have left, or no reason any more.
    #[serde(default)]
    #[schema(value_type = Option<LeaveReason>)]
    pub leave_reason: Patch<LeaveReason>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeLeadTeamMember {
    /// Every rule that concerns one field.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        let description = self.description.value().map(String::as_str);
        check_optional_text(&mut found, "/description", description, 200);
        found.into_result()
    }

    /// The member with the change made.
    pub fn apply(self, member: &mut LeadTeamMember) {
        self.principal_id.apply(&mut member.principal_id);
        self.description.apply(&mut member.description);
        self.left_on.apply(&mut member.left_on);
        self.leave_reason.apply(&mut member.leave_reason);
        member.discipline = self.discipline.unwrap_or(member.discipline);
        member.role = self.role.unwrap_or(member.role);
        member.joined_on = self.joined_on.unwrap_or(member.joined_on);
        member.withdrawn = self.withdrawn.unwrap_or(member.withdrawn);
    }
}

/// Somebody in a lead team, with their name where they are registered: read from where it stands, never kept beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedMember {
    /// The record.
    #[serde(flatten)]
    pub record: LeadTeamMember,
    /// The name under which the person is registered.
    pub name: Option<String>,
}

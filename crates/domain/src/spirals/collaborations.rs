//! Collaborations: several units go round together. It is a record of its own; each member's spiral stays as private as
//! it was.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{
    CollaborationEntryId, CollaborationId, CollaborationMemberId, PrincipalId, SpiralId, UnitId,
};
use crate::reference::Reference;
use crate::text::{check_optional_text, check_text};
use crate::time::Timestamp;

/// A collaboration has at most so many units that are invited or in it.
pub const MOST_MEMBERS: usize = 100;

/// Several units that work on the same thing. Those read it that are invited or in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "CollaborationRecord")]
pub struct Collaboration {
    /// Its id.
    pub id: CollaborationId,
    /// What it is about.
    pub title: String,
    /// What it is for.
    pub purpose: Option<String>,
    /// The unit that started it.
    pub started_by_unit_id: UnitId,
    /// Who started it.
    pub started_by: PrincipalId,
    /// Row version.
    pub version: i64,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

words! {
    /// How a unit stands to a collaboration.
    MembershipState {
        /// It is asked to join.
        Invited,
        /// It is in it, with a spiral of its own.
        Accepted,
        /// It would not join.
        Declined,
        /// It is no longer in it.
        Left,
    }
}

/// A unit's part in a collaboration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "CollaborationMember")]
pub struct CollaborationMember {
    /// Its id.
    pub id: CollaborationMemberId,
    /// The collaboration.
    pub collaboration_id: CollaborationId,
    /// The unit.
    pub unit_id: UnitId,
    /// The spiral that it brought; who may read that is another matter.
    pub spiral_id: Option<SpiralId>,
    /// How it stands to the collaboration.
    pub state: MembershipState,
    /// Who asked it, or last answered for it.
    pub changed_by: PrincipalId,
    /// Row version.
    pub version: i64,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When that last changed.
    pub updated_at: Timestamp,
}

words! {
    /// What happened in a collaboration.
    CollaborationEvent {
        /// It began.
        Started,
        /// A unit was asked to join.
        Invited,
        /// A unit joined.
        Joined,
        /// A unit would not join.
        Declined,
        /// A unit left.
        Left,
        /// A unit wrote a note.
        Noted,
    }
}

/// Something that happened in a collaboration, or a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "CollaborationEntry")]
pub struct CollaborationEntry {
    /// Its id; the order of ids is the order of what happened.
    pub id: CollaborationEntryId,
    /// The collaboration.
    pub collaboration_id: CollaborationId,
    /// The unit that it concerns, or that wrote the note.
    pub unit_id: UnitId,
    /// What happened.
    pub event: CollaborationEvent,
    /// The note, or why.
    pub text: Option<String>,
    /// Who did it.
    pub done_by: PrincipalId,
    /// When.
    pub recorded_at: Timestamp,
}

/// Starts a collaboration with a spiral of one's own.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartCollaboration {
    /// One's own spiral.
    pub spiral: SpiralId,
    /// What it is about.
    #[schema(max_length = 200, example = "Straight to the scanner, from door to door")]
    pub title: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub purpose: Option<String>,
    /// Units that are asked to join.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 99)]
    pub invite: Vec<Reference>,
}

impl StartCollaboration {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, 200);
        check_optional_text(&mut found, "/purpose", self.purpose.as_deref(), 2000);
        found.require(self.invite.len() < MOST_MEMBERS, "/invite", "too_many", || {
            format!("at most {} units besides one's own", MOST_MEMBERS - 1)
        });
        found.into_result()
    }
}

/// Asks a unit to join a collaboration.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InviteToCollaboration {
    /// The unit.
    pub unit: Reference,
}

/// Joins a collaboration that one's unit is invited to.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinCollaboration {
    /// One's own spiral.
    pub spiral: SpiralId,
}

/// Declines to join a collaboration, or leaves it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaveCollaboration {
    /// One's own unit.
    pub unit: Reference,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

impl LeaveCollaboration {
    /// Every rule that needs no database.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/reason", self.reason.as_deref(), 2000);
        found.into_result()
    }
}

/// Writes a note that every member reads.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoteInCollaboration {
    /// One's own unit.
    pub unit: Reference,
    /// The note.
    #[schema(
        max_length = 4000,
        example = "We ring ahead from the ambulance now; who else does?"
    )]
    pub text: String,
}

impl NoteInCollaboration {
    /// Every rule that needs no database.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/text", &self.text, 4000);
        found.into_result()
    }
}

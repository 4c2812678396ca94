//! Collaborations, their members, and what happened in them, as rows.

use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Collaboration, CollaborationEntry, CollaborationEvent, CollaborationMember, MembershipState,
};
use spiral_domain::{
    CollaborationEntryId, CollaborationId, CollaborationMemberId, PrincipalId, Result, SpiralId, Timestamp,
    UnitId,
};

use crate::record::{Scoping, record};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

as_json_text!(CollaborationEvent, MembershipState);

/// Whoever reads of a member unit what it keeps to itself.
const MEMBERS: Scoping = Scoping::Joint(Action::ReadSpirals, "collaboration_members", "collaboration_id");

record!(Collaboration, 90, "collaboration", "collaboration", "collaborations", MEMBERS, {
    id: CollaborationId, title: String, purpose: Option<String>, started_by_unit_id: UnitId,
    started_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(CollaborationMember, 91, "collaboration_member", "member", "collaboration_members", MEMBERS, {
    id: CollaborationMemberId, collaboration_id: CollaborationId, unit_id: UnitId, spiral_id: Option<SpiralId>,
    state: MembershipState, changed_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(CollaborationEntry, 92, "collaboration_entry", "entry", "collaboration_entries", MEMBERS, {
    id: CollaborationEntryId, collaboration_id: CollaborationId, unit_id: UnitId, event: CollaborationEvent,
    text: Option<String>, done_by: PrincipalId, recorded_at: Timestamp,
});

impl Store {
    /// Whether a unit is in a collaboration into which another has brought this spiral.
    pub async fn work_together(&self, unit: UnitId, spiral: SpiralId) -> Result<bool> {
        let found = self
            .find_all::<CollaborationMember>()
            .filter(
                "r.unit_id = ? and r.state = 'accepted' and exists (select 1 from collaboration_members o \
                 where o.tenant_id = r.tenant_id and o.collaboration_id = r.collaboration_id \
                 and o.spiral_id = ? and o.state = 'accepted')",
                [unit.value(), spiral.value()],
            )
            .first("r.id")
            .await?;
        Ok(found.is_some())
    }

    /// A unit's part in a collaboration, whoever asks: for the rules.
    pub async fn membership(
        &self,
        collaboration: CollaborationId,
        unit: UnitId,
    ) -> Result<Option<CollaborationMember>> {
        self.find_all::<CollaborationMember>()
            .filter(
                "r.collaboration_id = ? and r.unit_id = ?",
                [collaboration.value(), unit.value()],
            )
            .first("r.id")
            .await
    }
}

impl Tx {
    /// Adds a collaboration.
    pub async fn add_collaboration(&mut self, collaboration: &Collaboration) -> Result<()> {
        self.insert(collaboration).await
    }

    /// Writes new and changed parts of units in a collaboration, with what happened.
    pub async fn put_members(
        &mut self,
        members: &[CollaborationMember],
        entries: &[CollaborationEntry],
    ) -> Result<()> {
        self.put_all(members).await?;
        self.insert_all(entries).await
    }
}

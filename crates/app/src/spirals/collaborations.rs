//! Collaborations: started with a spiral of one's own, joined with another, and read by their members alone.

use std::collections::{HashMap, HashSet};

use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Collaboration, CollaborationEntry, CollaborationEvent, CollaborationMember, EntryKind,
    InviteToCollaboration, JoinCollaboration, LeaveCollaboration, MOST_MEMBERS, MembershipState,
    NoteInCollaboration, StartCollaboration,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    CollaborationId, Error, Page, PageRequest, Reference, Result, SpiralId, UnitId, Violations,
};
use spiral_store::{Column as _, Tx};

use super::{Touch, spiral_and_unit, touch_spiral};
use crate::caller::Caller;
use crate::clock::fresh;

/// Starts a collaboration with a spiral of one's own, and asks units to join.
pub async fn start_collaboration(caller: &Caller, input: StartCollaboration) -> Result<Collaboration> {
    input.check()?;
    let (spiral, unit) = spiral_and_unit(caller, input.spiral).await?;
    let named: HashMap<Reference, OrgUnit> = caller.store().resolve(&input.invite).await?;
    let mut found = Violations::new();
    let mut invited: Vec<UnitId> = Vec::with_capacity(input.invite.len());
    let mut seen = HashSet::from([unit.id]);
    for (n, reference) in input.invite.iter().enumerate() {
        let pointer = format!("/invite/{n}");
        match named.get(reference) {
            None => found.add(pointer, "not_found", format!("there is no unit `{reference}`")),
            Some(other) if !seen.insert(other.id) => {
                found.add(pointer, "twice", format!("`{}` is in it already", other.code));
            }
            Some(other) => invited.push(other.id),
        }
    }
    found.into_result()?;
    let mut tx = caller.begin(Action::Collaborate, &[&unit][..]).await?;
    let collaboration = Collaboration {
        id: fresh(),
        title: input.title,
        purpose: input.purpose,
        started_by_unit_id: unit.id,
        started_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_collaboration(&collaboration).await?;
    let id = collaboration.id;
    let mut members = vec![member(caller, &tx, id, unit.id, Some(spiral.id))];
    let mut entries = vec![entry(caller, &tx, id, unit.id, CollaborationEvent::Started)];
    for unit in invited {
        members.push(member(caller, &tx, id, unit, None));
        entries.push(entry(caller, &tx, id, unit, CollaborationEvent::Invited));
    }
    tx.put_members(&members, &entries).await?;
    tell(caller, &mut tx, (unit.id, spiral.id), id).await?;
    tx.commit(collaboration).await
}

fn member(
    caller: &Caller,
    tx: &Tx,
    collaboration_id: CollaborationId,
    unit_id: UnitId,
    spiral_id: Option<SpiralId>,
) -> CollaborationMember {
    CollaborationMember {
        id: fresh(),
        collaboration_id,
        unit_id,
        spiral_id,
        state: if spiral_id.is_some() {
            MembershipState::Accepted
        } else {
            MembershipState::Invited
        },
        changed_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

fn entry(
    caller: &Caller,
    tx: &Tx,
    collaboration_id: CollaborationId,
    unit_id: UnitId,
    event: CollaborationEvent,
) -> CollaborationEntry {
    CollaborationEntry {
        id: fresh(),
        collaboration_id,
        unit_id,
        event,
        text: None,
        done_by: caller.principal().id,
        recorded_at: tx.now(),
    }
}

/// A member's own timeline tells that it works together with others.
async fn tell(
    caller: &Caller,
    tx: &mut Tx,
    (unit, spiral): (UnitId, SpiralId),
    collaboration: CollaborationId,
) -> Result<()> {
    if tx.spiral_for_rules(spiral).await?.unit_id != unit {
        // It has gone on at another unit since: the membership stayed, and is no activity there.
        return Ok(());
    }
    let touch = Touch::of(EntryKind::Recorded, "collaboration", collaboration);
    touch_spiral(caller, tx, spiral, touch).await.map(|_| ())
}

async fn seen(caller: &Caller, id: CollaborationId) -> Result<Collaboration> {
    caller.store().find::<Collaboration>().ids(&[id]).one().await
}

/// Asks another unit to join; whoever is in it may.
pub async fn invite_to_collaboration(
    caller: &Caller,
    id: CollaborationId,
    input: InviteToCollaboration,
) -> Result<CollaborationMember> {
    seen(caller, id).await?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let own = accepted_unit(caller, id).await?;
    let mut tx = caller.begin(Action::Collaborate, &[&own][..]).await?;
    let there = tx.membership(id, unit.id).await?;
    let invited = match there {
        Some(there) if matches!(there.state, MembershipState::Invited | MembershipState::Accepted) => {
            let detail = format!("`{}` is invited or in it already", unit.code);
            return Err(Error::conflict("member_already", detail));
        }
        Some(there) => CollaborationMember {
            spiral_id: None,
            state: MembershipState::Invited,
            changed_by: caller.principal().id,
            version: there.version + 1,
            updated_at: tx.now(),
            ..there
        },
        None => member(caller, &tx, id, unit.id, None),
    };
    let members = tx
        .find::<CollaborationMember>()
        .filter(
            "r.collaboration_id = ? and r.state in ('invited', 'accepted')",
            [id.value()],
        )
        .count()
        .await?;
    if usize::try_from(members).is_ok_and(|members| members >= MOST_MEMBERS) {
        let detail = format!("a collaboration has at most {MOST_MEMBERS} members");
        return Err(Error::invalid("/unit", "too_many", detail));
    }
    let told = entry(caller, &tx, id, unit.id, CollaborationEvent::Invited);
    tx.put_members(std::slice::from_ref(&invited), &[told]).await?;
    tx.commit(invited).await
}

/// A unit that is in the collaboration and for which the caller may act.
async fn accepted_unit(caller: &Caller, id: CollaborationId) -> Result<OrgUnit> {
    let members = caller
        .store()
        .find::<CollaborationMember>()
        .filter("r.collaboration_id = ? and r.state = 'accepted'", [id.value()])
        .all("r.id")
        .await?;
    let ids: Vec<UnitId> = members.iter().map(|member| member.unit_id).collect();
    let units: Vec<OrgUnit> = caller.store().find::<OrgUnit>().ids(&ids).all("r.id").await?;
    let own = units
        .into_iter()
        .find(|unit| caller.scope().may_write(Action::Collaborate, unit));
    own.ok_or_else(|| caller.refusal(Action::Collaborate))
}

/// Joins with a spiral of one's own.
pub async fn join_collaboration(
    caller: &Caller,
    id: CollaborationId,
    input: JoinCollaboration,
) -> Result<CollaborationMember> {
    seen(caller, id).await?;
    let (spiral, unit) = spiral_and_unit(caller, input.spiral).await?;
    let mut tx = caller.begin(Action::Collaborate, &[&unit][..]).await?;
    let mut own = own_part(&tx, id, unit.id).await?;
    if own.state != MembershipState::Invited {
        return Err(Error::conflict(
            "not_invited",
            "the unit is not invited, or in it already",
        ));
    }
    own.state = MembershipState::Accepted;
    own.spiral_id = Some(spiral.id);
    change(caller, &mut tx, &mut own, CollaborationEvent::Joined, None).await?;
    tell(caller, &mut tx, (unit.id, spiral.id), id).await?;
    tx.commit(own).await
}

/// Declines to join, or leaves.
pub async fn leave_collaboration(
    caller: &Caller,
    id: CollaborationId,
    input: LeaveCollaboration,
) -> Result<CollaborationMember> {
    input.check()?;
    seen(caller, id).await?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::Collaborate, &[&unit][..]).await?;
    let mut own = own_part(&tx, id, unit.id).await?;
    let event = match own.state {
        MembershipState::Invited => {
            own.state = MembershipState::Declined;
            CollaborationEvent::Declined
        }
        MembershipState::Accepted => {
            own.state = MembershipState::Left;
            CollaborationEvent::Left
        }
        MembershipState::Declined | MembershipState::Left => {
            return Err(Error::conflict(
                "not_invited",
                "the unit is neither invited nor in it",
            ));
        }
    };
    change(caller, &mut tx, &mut own, event, input.reason).await?;
    if let Some(spiral) = own.spiral_id {
        tell(caller, &mut tx, (unit.id, spiral), id).await?;
    }
    tx.commit(own).await
}

async fn own_part(tx: &Tx, id: CollaborationId, unit: UnitId) -> Result<CollaborationMember> {
    let part = tx.membership(id, unit).await?;
    part.ok_or_else(|| Error::conflict("not_invited", "the unit was never invited"))
}

async fn change(
    caller: &Caller,
    tx: &mut Tx,
    own: &mut CollaborationMember,
    event: CollaborationEvent,
    text: Option<String>,
) -> Result<()> {
    own.changed_by = caller.principal().id;
    own.version += 1;
    own.updated_at = tx.now();
    let told = CollaborationEntry {
        text,
        ..entry(caller, tx, own.collaboration_id, own.unit_id, event)
    };
    tx.put_members(std::slice::from_ref(own), &[told]).await
}

/// Writes a note that every member reads.
pub async fn note_in_collaboration(
    caller: &Caller,
    id: CollaborationId,
    input: NoteInCollaboration,
) -> Result<CollaborationEntry> {
    input.check()?;
    seen(caller, id).await?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::Collaborate, &[&unit][..]).await?;
    let own = own_part(&tx, id, unit.id).await?;
    if own.state != MembershipState::Accepted {
        return Err(Error::conflict(
            "not_invited",
            "only who is in it writes notes; join first",
        ));
    }
    let note = CollaborationEntry {
        text: Some(input.text),
        ..entry(caller, &tx, id, unit.id, CollaborationEvent::Noted)
    };
    tx.put_members(&[], std::slice::from_ref(&note)).await?;
    if let Some(spiral) = own.spiral_id {
        tell(caller, &mut tx, (unit.id, spiral), id).await?;
    }
    tx.commit(note).await
}

/// One collaboration.
pub async fn collaboration(caller: &Caller, id: CollaborationId) -> Result<Collaboration> {
    caller.require(Action::ReadSpirals)?;
    seen(caller, id).await
}

/// What the list of collaborations is called in its cursors.
pub const COLLABORATIONS: &str = "collaborations";

/// Collaborations that the caller's units are invited to or in, a page at a time.
pub async fn collaborations(caller: &Caller, page: &PageRequest) -> Result<Page<Collaboration>> {
    caller.require(Action::ReadSpirals)?;
    let window = caller.window(COLLABORATIONS, page)?;
    let slice = caller.store().find::<Collaboration>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(COLLABORATIONS, after)))
}

/// The units of a collaboration, past ones too.
pub async fn collaboration_members(caller: &Caller, id: CollaborationId) -> Result<Vec<CollaborationMember>> {
    caller.require(Action::ReadSpirals)?;
    seen(caller, id).await?;
    let mut found = collaboration_members_of(caller, &[id]).await?;
    Ok(found.remove(&id).unwrap_or_default())
}

/// The units of each collaboration, past ones too.
pub async fn collaboration_members_of(
    caller: &Caller,
    ids: &[CollaborationId],
) -> Result<HashMap<CollaborationId, Vec<CollaborationMember>>> {
    let find = caller.store().find::<CollaborationMember>();
    let mut by_id: HashMap<CollaborationId, Vec<CollaborationMember>> = HashMap::new();
    for member in find.among("r.collaboration_id", ids).all("r.id").await? {
        by_id.entry(member.collaboration_id).or_default().push(member);
    }
    Ok(by_id)
}

/// What a collaboration's timeline is called in its cursors.
pub fn collaboration_timeline_list(id: CollaborationId) -> String {
    format!("collaboration_entries {id}")
}

/// What happened in a collaboration, and its notes, a page at a time.
pub async fn collaboration_timeline(
    caller: &Caller,
    id: CollaborationId,
    page: &PageRequest,
) -> Result<Page<CollaborationEntry>> {
    caller.require(Action::ReadSpirals)?;
    seen(caller, id).await?;
    let list = collaboration_timeline_list(id);
    let window = caller.window(&list, page)?;
    let find = caller
        .store()
        .find::<CollaborationEntry>()
        .filter("r.collaboration_id = ?", [id.value()]);
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

//! Who is in a lead team, who joins it and who leaves.

use std::collections::HashMap;

use spiral_domain::microsystems::{
    AddLeadTeamMember, ChangeLeadTeamMember, Discipline, LeadTeamMember, LeadTeamRole, NamedMember,
};
use spiral_domain::people::{Action, Principal, PrincipalKind};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Date, Error, LeadTeamMemberId, Page, PageRequest, PrincipalId, Reference, Result, WorkKind,
};
use spiral_store::{Column as _, Tx};

use super::{TeamRecordKind, allowed_on, check_open, list_of, own, unit_of};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::stir_team;
use crate::tenancy::{check_version, level_of};

/// Which members a list shows.
#[derive(Debug, Clone, Default)]
pub struct LeadTeamFilter {
    /// Those who are there on this day; everybody who ever was if none is given.
    pub on: Option<Date>,
    /// Those in this role.
    pub role: Option<LeadTeamRole>,
    /// Those of this discipline.
    pub discipline: Option<Discipline>,
    /// Those who were recorded by mistake, too.
    pub withdrawn: bool,
}

impl LeadTeamFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &OrgUnit) -> String {
        list_of("lead_team", unit, self)
    }
}

/// Says that somebody is, or was, in the lead team.
pub async fn add_lead_team_member(
    caller: &Caller,
    unit: &Reference,
    input: AddLeadTeamMember,
) -> Result<LeadTeamMember> {
    input.check()?;
    let unit = unit_of(caller, unit).await?;
    let mut tx = caller.begin(Action::ManageLeadTeam, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let member = LeadTeamMember {
        id: fresh(),
        unit_id: unit.id,
        principal_id: input.principal_id,
        description: input.description,
        discipline: input.discipline,
        role: input.role,
        joined_on: input.joined_on,
        left_on: input.left_on,
        leave_reason: input.leave_reason,
        withdrawn: false,
        sharing: level_of(&tx, &unit, WorkKind::LeadTeam).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(&tx, &unit, &member, None).await?;
    tx.add_lead_team_member(&member).await?;
    stir_team(caller, &mut tx, unit.id).await?;
    tx.commit(member).await
}

/// What a member must be in view of what is there; `before` is what was said of them so far.
async fn check(
    tx: &Tx,
    unit: &OrgUnit,
    member: &LeadTeamMember,
    before: Option<&LeadTeamMember>,
) -> Result<()> {
    member.check()?;
    check_open(tx, unit, member.joined_on, "/joinedOn").await?;
    if let Some(person) = member.principal_id
        && before.is_none_or(|before| before.principal_id != member.principal_id)
    {
        let found: Option<Principal> = tx.find().ids(&[person]).first("r.id").await?;
        if found.is_none_or(|found| found.kind != PrincipalKind::Person) {
            let detail = "no person is registered under this id";
            return Err(Error::invalid("/principalId", "not_found", detail));
        }
    }
    let others = tx.members_like(member).await?;
    if others.iter().any(|other| other.repeats(member)) {
        return Err(Error::Conflict {
            code: "member_there",
            detail: "this person has this role already for some of this time".into(),
            pointer: Some("/principalId".into()),
        });
    }
    Ok(())
}

/// Changes what is said of a member, or says that they have left.
pub async fn change_lead_team_member(
    caller: &Caller,
    unit: &Reference,
    id: LeadTeamMemberId,
    if_match: Option<i64>,
    input: ChangeLeadTeamMember,
) -> Result<LeadTeamMember> {
    input.check()?;
    let unit = unit_of(caller, unit).await?;
    let _: LeadTeamMember = found(caller, &unit, id).await?;
    let mut tx = caller.begin(Action::ManageLeadTeam, &[&unit][..]).await?;
    let before: LeadTeamMember = tx.find().ids(&[id]).one().await?;
    check_version(if_match, before.version)?;
    let mut member = before.clone();
    input.apply(&mut member);
    if member != before {
        check(&tx, &unit, &member, Some(&before)).await?;
        member.version += 1;
        member.recorded_by = caller.principal().id;
        member.updated_at = tx.now();
        tx.change_lead_team_member(&member).await?;
        stir_team(caller, &mut tx, unit.id).await?;
    }
    tx.commit(member).await
}

async fn found(caller: &Caller, unit: &OrgUnit, id: LeadTeamMemberId) -> Result<LeadTeamMember> {
    let find = caller.store().find::<LeadTeamMember>().ids(&[id]);
    find.filter("r.unit_id = ?", [unit.id.value()]).one().await
}

/// A lead team, a page at a time.
pub async fn lead_team(
    caller: &Caller,
    unit: &Reference,
    filter: LeadTeamFilter,
    page: &PageRequest,
) -> Result<(Page<NamedMember>, String)> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    let list = filter.list(&unit);
    let window = caller.window(&list, page)?;
    let mut find = own::<LeadTeamMember>(caller, &unit, filter.withdrawn, page);
    if let Some(on) = filter.on {
        let there = "r.joined_on <= ? and (r.left_on is null or r.left_on >= ?)";
        find = find.filter(there, [on.value(), on.value()]);
    }
    if let Some(role) = filter.role {
        find = find.filter("r.role = ?", [role.value()]);
    }
    if let Some(discipline) = filter.discipline {
        find = find.filter("r.discipline = ?", [discipline.value()]);
    }
    let page = find
        .page(&window)
        .await?
        .into_page(|after| caller.cursor(&list, after));
    let people: Vec<PrincipalId> = page
        .data
        .iter()
        .filter_map(|member| member.principal_id)
        .collect();
    let names = names_of(caller, &people).await?;
    let named = page.map(|record| NamedMember {
        name: record.principal_id.and_then(|person| names.get(&person).cloned()),
        record,
    });
    Ok((named, list))
}

/// Under what name each of these people is registered, for who may read where they are members.
pub async fn names_of(caller: &Caller, people: &[PrincipalId]) -> Result<HashMap<PrincipalId, String>> {
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    caller.store().names_of(people).await
}

/// One member of a lead team.
pub async fn lead_team_member(
    caller: &Caller,
    unit: &Reference,
    id: LeadTeamMemberId,
) -> Result<Allowed<NamedMember>> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    let record = found(caller, &unit, id).await?;
    let people: Vec<PrincipalId> = record.principal_id.into_iter().collect();
    let name = names_of(caller, &people).await?.into_values().next();
    Ok(Allowed {
        allowed_actions: allowed_on(caller, &unit, TeamRecordKind::LeadTeamMember),
        record: NamedMember { record, name },
    })
}

//! Roles: given by whoever reads what they read, taken back by anybody above.

use spiral_domain::people::{Action, Appointer, Grant, GrantRole, Held, Principal, Role, Seat, appointer};
use spiral_domain::tenancy::{Network, OrgUnit, Tier};
use spiral_domain::{Allowed, Date, Error, GrantId, Page, PageRequest, PrincipalId, Result, UnitId};
use spiral_store::{Column as _, Tx};

use crate::caller::{Caller, Reach};
use crate::clock::fresh;
use crate::tenancy::check_version;

/// Gives a role on a unit or a network: the unit's own lead gives all of them, and where there is none a lead
/// above may appoint one.
pub async fn grant_role(caller: &Caller, input: GrantRole) -> Result<Grant> {
    input.check(caller.today())?;
    if input.principal_id == caller.principal().id {
        // A lead answers for the units beneath, but does not walk into a team's own work unasked.
        return Err(Error::Forbidden("nobody gives a role to themselves".into()));
    }
    let (unit, network) = match (&input.unit, &input.network) {
        (_, Some(network)) => {
            let network: Network = caller.store().named(network).await?;
            let host: OrgUnit = caller.store().named(&network.host_unit_id.into()).await?;
            (host, Some(network.id))
        }
        (Some(unit), None) => (caller.store().named::<OrgUnit>(unit).await?, None),
        (None, None) => {
            return Err(Error::invalid(
                "/unit",
                "one_of",
                "give either `unit` or `network`",
            ));
        }
    };
    input.check_tier(unit.tier)?;
    let gives = caller.scope().may_write(Action::GrantRole, &unit);
    let appoints = !gives
        && network.is_none()
        && input.role == Role::lead_of(unit.tier)
        && caller.scope().may_somewhere(Action::AppointLead);
    let mut tx = if appoints {
        let tx = caller.begin(Action::AppointLead, Reach::Tenant).await?;
        may_appoint(caller, &tx, &unit).await?;
        tx
    } else {
        caller.begin(Action::GrantRole, &[&unit][..]).await?
    };
    if let Some(network) = network {
        let members = tx
            .members_of(&[network])
            .await?
            .remove(&network)
            .unwrap_or_default();
        let ids: Vec<UnitId> = members.iter().map(|member| member.unit_id).collect();
        may_open(caller, &tx, unit.tier, &ids).await?;
    }
    if tx
        .find::<Principal>()
        .ids(&[input.principal_id])
        .first("r.id")
        .await?
        .is_none()
    {
        return Err(Error::invalid(
            "/principalId",
            "not_found",
            "there is no such principal",
        ));
    }
    let grant = Grant {
        id: fresh(),
        principal_id: input.principal_id,
        role: input.role,
        unit_id: unit.id,
        network_id: network,
        granted_by: caller.principal().id,
        expires_on: input.expires_on,
        revoked_at: None,
        revoked_by: None,
        revoked_from: None,
        version: 1,
        created_at: tx.now(),
    };
    tx.add_grant(&grant).await?;
    tx.commit(grant).await
}

/// A role on a network reads its members at the tier of its host: whoever gives it, or brings members to where it
/// is held, reads as much of each of them.
pub(crate) async fn may_open(caller: &Caller, tx: &Tx, host: Tier, members: &[UnitId]) -> Result<()> {
    for member in tx.find::<OrgUnit>().ids(members).all("r.id").await? {
        if !caller.scope().may_write_from(Action::GrantRole, &member, host) {
            return Err(caller.refusal(Action::GrantRole));
        }
    }
    Ok(())
}

/// Refuses unless it falls to the caller to appoint the unit's lead.
async fn may_appoint(caller: &Caller, tx: &Tx, unit: &OrgUnit) -> Result<()> {
    let line = tx.line_above(unit).await?;
    let ids: Vec<UnitId> = line.iter().map(|unit| unit.id).collect();
    let leads = tx.lead_grants(&ids).await?;
    let seats: Vec<Seat> = line
        .iter()
        .map(|unit| Seat {
            unit: unit.id,
            root: unit.parent_id.is_none(),
            held: held(
                leads
                    .iter()
                    .filter(|grant| grant.unit_id == unit.id && grant.role == Role::lead_of(unit.tier)),
                caller.today(),
            ),
        })
        .collect();
    let named = |id: UnitId| {
        let found = line.iter().find(|unit| unit.id == id);
        found.map_or_else(String::new, |unit| unit.code.clone())
    };
    let refused = |detail: String| Err(Error::Forbidden(detail));
    match appointer(&seats) {
        Appointer::OwnLead => refused("this unit has a lead, who gives its roles".into()),
        Appointer::Operator => refused("only the operator may appoint this unit's lead".into()),
        Appointer::After(first) => refused(format!(
            "`{}`, between this unit and the root, has lost its lead and needs another first",
            named(first)
        )),
        Appointer::LeadOf(id, emptied_by) => {
            let falls_to = line.iter().find(|unit| unit.id == id);
            if !falls_to.is_some_and(|unit| caller.scope().may_write(Action::AppointLead, unit)) {
                return refused(format!(
                    "this unit has no lead; it falls to the lead of `{}` to appoint one",
                    named(id)
                ));
            }
            if emptied_by == Some(caller.principal().id) {
                return refused("who took the last lead's role back does not appoint the next".into());
            }
            Ok(())
        }
    }
}

/// Whether somebody holds one of these grants, which are all there ever were of a unit's lead.
fn held<'g>(leads: impl Iterator<Item = &'g Grant>, today: Date) -> Held {
    let mut held = Held::Never;
    let mut latest = None;
    for grant in leads {
        let expired = grant.expires_on.filter(|last| *last < today);
        let ended = match (grant.revoked_at, expired) {
            (None, None) => return Held::InOffice,
            // Whichever came first.
            (Some(revoked), Some(expired)) if revoked.date() > expired => (expired, None),
            (Some(revoked), _) => (revoked.date(), Some(revoked)),
            (None, Some(expired)) => (expired, None),
        };
        if latest.is_none_or(|latest| latest < ended) {
            latest = Some(ended);
            held = Held::Empty {
                by: grant.revoked_by.filter(|_| ended.1.is_some()),
                from: grant.revoked_from.filter(|_| ended.1.is_some()),
            };
        }
    }
    held
}

/// Takes a role back; from the next request on it is gone.
pub async fn revoke_grant(caller: &Caller, id: GrantId, if_match: Option<i64>) -> Result<Grant> {
    let grant = caller.store().find::<Grant>().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&grant.unit_id.into()).await?;
    let mut tx = caller.begin(Action::RevokeGrant, &[&unit][..]).await?;
    let mut grant = tx.find::<Grant>().ids(&[id]).one().await?;
    check_version(if_match, grant.version)?;
    if grant.revoked_at.is_none() {
        grant.revoked_at = Some(tx.now());
        grant.revoked_by = Some(caller.principal().id);
        grant.revoked_from = caller.scope().widest(Action::RevokeGrant, &unit);
        grant.version += 1;
        tx.change_grant(&grant).await?;
    }
    tx.commit(grant).await
}

/// Which grants a list shows.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// Held by this principal.
    pub principal: Option<PrincipalId>,
    /// Held on this unit.
    pub unit: Option<spiral_domain::Reference>,
    /// Of this role.
    pub role: Option<Role>,
}

/// Grants on the units that the caller answers for, a page at a time.
pub async fn grants(
    caller: &Caller,
    filter: GrantFilter,
    page: &PageRequest,
) -> Result<Page<Allowed<Grant>>> {
    caller.require(Action::ReadGrants)?;
    let list = format!("grants {filter:?}");
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<Grant>();
    if let Some(principal) = filter.principal {
        find = find.filter("r.principal_id = ?", [principal.value()]);
    }
    if let Some(role) = filter.role {
        find = find.filter("r.role = ?", [role.value()]);
    }
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    let slice = find.page(&window).await?;
    let ids: Vec<UnitId> = slice.records.iter().map(|grant| grant.unit_id).collect();
    let units = crate::tenancy::units_of(caller, &ids).await?;
    let allowed = |grant: Grant| Allowed {
        allowed_actions: units
            .get(&grant.unit_id)
            .map(|unit| caller.allowed(unit, &[Action::RevokeGrant]))
            .unwrap_or_default(),
        record: grant,
    };
    Ok(slice.into_page(|after| caller.cursor(&list, after)).map(allowed))
}

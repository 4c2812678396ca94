//! Units, networks, programmes and sharing.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::programmes::{CreateProgramme, Programme};
use spiral_domain::tenancy::{
    ChangeOrgUnit, CreateNetwork, CreateOrgUnit, MemberInput, Network, NetworkMember, OrgUnit,
    SetNetworkMembers, SetSharing, SharingSetting, Tier,
};
use spiral_domain::{
    Allowed, Date, DatePrecision, Error, NetworkId, Page, PageRequest, ProgrammeId, Reference, Result,
    Sharing, UnitId, Violations, WorkKind,
};
use spiral_store::Tx;

use crate::caller::Caller;
use crate::clock::fresh;
use crate::people::may_open;

mod attributes;
mod filter;
mod linkages;
mod organisation_file;
mod reorganise;
mod successors;

pub use attributes::{
    ValueFilter, attribute_values, attributes_held, attributes_of, declare_unit_attribute,
    push_attribute_values, unit_attribute, unit_attributes, unit_attributes_of, value_list,
};
pub(crate) use filter::members_on;
pub use filter::{UnitFilter, count_org_units, org_units};
pub use linkages::{
    LinkageFilter, MapQuery, change_linkage, linkage, linkage_list, linkage_map, linkages, linkages_of,
    record_linkage,
};
pub use organisation_file::{FileOptions, import_org_units};
pub(crate) use successors::Successors;

pub use reorganise::{
    reorganisation_list, reorganisations, reorganise, reverse_reorganisation, standings, successions,
};

/// What can be done with a unit, for `allowedActions`.
const ON_UNIT: &[Action] = &[
    Action::ChangeOrgUnit,
    Action::CreateOrgUnit,
    Action::Reorganise,
    Action::SetSharing,
    Action::GrantRole,
    Action::DefineMeasure,
    Action::PushObservations,
    Action::RecordAdoption,
    Action::AssessSustainability,
    Action::AssessCondition,
    Action::RunSurvey,
    Action::ManageLeadTeam,
    Action::SetRhythm,
    Action::RecordMeeting,
    Action::AssessFivePs,
    Action::DrawDiagram,
    Action::SetAim,
    Action::RunCycle,
];

/// Adds a unit beneath another.
pub async fn create_org_unit(caller: &Caller, input: CreateOrgUnit) -> Result<OrgUnit> {
    input.check()?;
    let parent: OrgUnit = caller.store().named(&input.parent).await?;
    input.check_parent(&parent)?;
    let mut tx = caller.begin(Action::CreateOrgUnit, &[&parent][..]).await?;
    let unit = tx
        .add_unit(new_unit(caller, input, Some(parent.id), &tx), Some(&parent))
        .await?;
    tx.respread_unit(None, &unit).await?;
    tx.commit(unit).await
}

/// Adds a tenant's root; for the platform itself.
pub async fn create_root(caller: &Caller, input: CreateOrgUnit) -> Result<OrgUnit> {
    input.check()?;
    let mut tx = caller.begin(Action::CreateOrgUnit, crate::Reach::Tenant).await?;
    if tx.root().await?.is_some() {
        return Err(Error::conflict("root_exists", "the tenant has its root already"));
    }
    let unit = tx
        .add_unit(
            new_unit(
                caller,
                CreateOrgUnit {
                    tier: Tier::National,
                    ..input
                },
                None,
                &tx,
            ),
            None,
        )
        .await?;
    tx.respread_unit(None, &unit).await?;
    tx.commit(unit).await
}

/// Adds many units in one transaction, parents before children; for the platform itself.
pub async fn plant(caller: &Caller, inputs: Vec<CreateOrgUnit>) -> Result<Vec<OrgUnit>> {
    let mut tx = caller.begin(Action::CreateOrgUnit, crate::Reach::Tenant).await?;
    let mut planted: HashMap<Reference, OrgUnit> = HashMap::new();
    let (mut units, mut parents) = (Vec::with_capacity(inputs.len()), Vec::new());
    for input in inputs {
        input.check()?;
        let parent = match planted.get(&input.parent) {
            Some(parent) => parent.clone(),
            None => {
                let parent: OrgUnit = tx.named(&input.parent).await?;
                planted.insert(input.parent.clone(), parent.clone());
                parents.push(parent.clone());
                parent
            }
        };
        input.check_parent(&parent)?;
        let unit = new_unit(caller, input, Some(parent.id), &tx);
        planted.insert(Reference::Code(unit.code.clone()), unit.clone());
        units.push(unit);
    }
    let units = tx.add_units(units, &parents).await?;
    let new: Vec<(Option<OrgUnit>, OrgUnit)> = units.iter().map(|unit| (None, unit.clone())).collect();
    tx.respread_units(&new).await?;
    tx.commit(()).await?;
    Ok(units)
}

fn new_unit(caller: &Caller, input: CreateOrgUnit, parent_id: Option<UnitId>, tx: &Tx) -> OrgUnit {
    OrgUnit {
        id: fresh(),
        parent_id,
        tier: input.tier,
        kind: input.kind,
        code: input.code,
        ods_code: input.ods_code.map(|code| code.to_ascii_uppercase()),
        source: input.source,
        external_id: input.external_id,
        name: input.name,
        service_area: input.service_area,
        population: input.population,
        opened_on: input.opened_on.map(|date| date.first),
        opened_precision: input.opened_on.map_or(DatePrecision::Day, |date| date.precision),
        closed_on: input.closed_on,
        synthetic: input.synthetic,
        settled_on: settled_on(caller),
        path: String::new(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

/// From when on a unit that the caller adds now counts among hidden units.
fn settled_on(caller: &Caller) -> Date {
    if caller.scope().system {
        return caller.today();
    }
    let days = caller.app().settings().suppression_settling_days;
    caller.today().plus_days(days.into())
}

/// Changes a unit.
pub async fn change_org_unit(
    caller: &Caller,
    unit: &Reference,
    if_match: Option<i64>,
    input: ChangeOrgUnit,
) -> Result<OrgUnit> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut tx = caller.begin(Action::ChangeOrgUnit, &[&unit][..]).await?;
    let mut unit: OrgUnit = tx.named(&unit.id.into()).await?;
    check_version(if_match, unit.version)?;
    let before = unit.clone();
    input.apply(&mut unit);
    if unit != before {
        unit.version += 1;
        unit.updated_at = tx.now();
        tx.change_unit(&unit).await?;
        tx.respread_unit(Some(&before), &unit).await?;
    }
    tx.commit(unit).await
}

/// Refuses a change of another version than the one that the caller has read.
pub(crate) fn check_version(if_match: Option<i64>, version: i64) -> Result<()> {
    if if_match.is_none_or(|wanted| wanted == version) {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// One unit.
pub async fn org_unit(caller: &Caller, unit: &Reference) -> Result<Allowed<OrgUnit>> {
    caller.require(Action::ReadDirectory)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    Ok(with_allowed(caller, unit))
}

/// A unit with what the caller may do with it.
pub fn with_allowed(caller: &Caller, unit: OrgUnit) -> Allowed<OrgUnit> {
    let mut allowed_actions = caller.allowed(&unit, ON_UNIT);
    if unit.tier == Tier::Microsystem {
        // Nothing stands beneath a microsystem, whoever asks.
        allowed_actions.retain(|action| *action != Action::CreateOrgUnit);
    }
    Allowed {
        allowed_actions,
        record: unit,
    }
}

/// Units by id, for links between records.
pub async fn units_of(caller: &Caller, ids: &[UnitId]) -> Result<HashMap<UnitId, OrgUnit>> {
    caller.store().find::<OrgUnit>().ids(ids).by_id().await
}

/// The units directly beneath each of these.
pub async fn children_of(caller: &Caller, parents: &[UnitId]) -> Result<HashMap<UnitId, Vec<OrgUnit>>> {
    let mut children: HashMap<UnitId, Vec<OrgUnit>> = HashMap::new();
    for unit in caller
        .store()
        .find::<OrgUnit>()
        .among("r.parent_id", parents)
        .all("r.id")
        .await?
    {
        if let Some(parent) = unit.parent_id {
            children.entry(parent).or_default().push(unit);
        }
    }
    Ok(children)
}

/// Makes a network.
pub async fn create_network(caller: &Caller, input: CreateNetwork) -> Result<Network> {
    input.check()?;
    let host: OrgUnit = caller.store().named(&input.host_unit).await?;
    let mut tx = caller.begin(Action::CreateNetwork, &[&host][..]).await?;
    let network = Network {
        id: fresh(),
        code: input.code,
        name: input.name,
        kind: input.kind,
        host_unit_id: host.id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let members = resolve_members(&tx, network.id, &input.members).await?;
    tx.add_network(&network, &members).await?;
    tx.commit(network).await
}

/// Sets a network's members.
pub async fn set_network_members(
    caller: &Caller,
    network: &Reference,
    if_match: Option<i64>,
    input: SetNetworkMembers,
) -> Result<Network> {
    input.check()?;
    let network: Network = caller.store().named(network).await?;
    let host: OrgUnit = caller.store().named(&network.host_unit_id.into()).await?;
    let mut tx = caller.begin(Action::ChangeNetwork, &[&host][..]).await?;
    let mut network: Network = tx.named(&network.id.into()).await?;
    check_version(if_match, network.version)?;
    let members = resolve_members(&tx, network.id, &input.members).await?;
    if tx.has_grants_on(network.id).await? {
        // Whoever holds a role on the network would read the newcomers: that takes the right to give it.
        let before = tx
            .members_of(&[network.id])
            .await?
            .remove(&network.id)
            .unwrap_or_default();
        let newcomers: Vec<UnitId> = members
            .iter()
            .filter(|member| !before.contains(member))
            .map(|member| member.unit_id)
            .collect();
        may_open(caller, &tx, host.tier, &newcomers).await?;
    }
    network.version += 1;
    network.updated_at = tx.now();
    tx.set_members(&network, &members).await?;
    tx.commit(network).await
}

async fn resolve_members(tx: &Tx, network: NetworkId, inputs: &[MemberInput]) -> Result<Vec<NetworkMember>> {
    let units: HashMap<Reference, OrgUnit> = tx.resolve(inputs.iter().map(|member| &member.unit)).await?;
    let mut found = Violations::new();
    let mut members: Vec<NetworkMember> = Vec::with_capacity(inputs.len());
    for (n, input) in inputs.iter().enumerate() {
        match units.get(&input.unit) {
            None => found.add(
                format!("/members/{n}/unit"),
                "not_found",
                format!("there is no unit `{}`", input.unit),
            ),
            Some(unit) if members.iter().any(|member| member.unit_id == unit.id) => {
                found.add(format!("/members/{n}/unit"), "twice", "this unit is named twice");
            }
            Some(unit) => members.push(NetworkMember {
                network_id: network,
                unit_id: unit.id,
                joined_on: input.joined_on,
                left_on: input.left_on,
            }),
        }
    }
    found.into_result()?;
    Ok(members)
}

/// One network.
pub async fn network(caller: &Caller, network: &Reference) -> Result<Allowed<Network>> {
    caller.require(Action::ReadDirectory)?;
    let network: Network = caller.store().named(network).await?;
    let host: OrgUnit = caller.store().named(&network.host_unit_id.into()).await?;
    Ok(Allowed {
        allowed_actions: caller.allowed(&host, &[Action::ChangeNetwork]),
        record: network,
    })
}

/// Networks, a page at a time.
pub async fn networks(caller: &Caller, page: &PageRequest) -> Result<Page<Network>> {
    caller.require(Action::ReadDirectory)?;
    let window = caller.window("networks", page)?;
    let slice = caller.store().find::<Network>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor("networks", after)))
}

/// The members of each network.
pub async fn members_of(
    caller: &Caller,
    networks: &[NetworkId],
) -> Result<HashMap<NetworkId, Vec<NetworkMember>>> {
    caller.require(Action::ReadDirectory)?;
    caller.store().members_of(networks).await
}

/// Records a programme.
pub async fn create_programme(caller: &Caller, input: CreateProgramme) -> Result<Programme> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let network: Option<Network> = match &input.network {
        Some(network) => Some(caller.store().named(network).await?),
        None => None,
    };
    let mut tx = caller.begin(Action::CreateProgramme, &[&unit][..]).await?;
    let precision =
        |date: Option<spiral_domain::PartialDate>| date.map_or(DatePrecision::Day, |date| date.precision);
    let programme = Programme {
        id: fresh(),
        code: input.code,
        name: input.name,
        unit_id: unit.id,
        network_id: network.map(|network| network.id),
        starts_on: input.starts_on.map(|date| date.first),
        starts_precision: precision(input.starts_on),
        ends_on: input.ends_on.map(|date| date.first),
        ends_precision: precision(input.ends_on),
        coaching: input.coaching,
        teams: input.teams,
        gates: input.gates,
        dormancy_days: input.dormancy_days,
        source: input.source,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_programme(&programme).await?;
    tx.commit(programme).await
}

/// One programme.
pub async fn programme(caller: &Caller, programme: &Reference) -> Result<Programme> {
    caller.require(Action::ReadDirectory)?;
    caller.store().named(programme).await
}

/// Programmes, a page at a time.
pub async fn programmes(caller: &Caller, page: &PageRequest) -> Result<Page<Programme>> {
    caller.require(Action::ReadDirectory)?;
    let window = caller.window("programmes", page)?;
    let slice = caller.store().find::<Programme>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor("programmes", after)))
}

/// Programmes by id, for links between records.
pub async fn programmes_of(caller: &Caller, ids: &[ProgrammeId]) -> Result<HashMap<ProgrammeId, Programme>> {
    caller.store().find::<Programme>().ids(ids).by_id().await
}

/// How far a unit shares each kind of its work.
pub async fn sharing(caller: &Caller, unit: &Reference) -> Result<Vec<SharingSetting>> {
    caller.require(Action::ReadDirectory)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let settings = caller.store().sharing_of(&[&unit]).await?;
    Ok(WorkKind::ALL
        .into_iter()
        .filter_map(|kind| settings.get(&(unit.id, kind)).cloned())
        .collect())
}

/// Sets how far a unit shares one kind of its work: at once, everywhere, for what is there and what is to come.
pub async fn set_sharing(
    caller: &Caller,
    unit: &Reference,
    kind: WorkKind,
    input: SetSharing,
) -> Result<SharingSetting> {
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut tx = caller.begin(Action::SetSharing, &[&unit][..]).await?;
    let setting = SharingSetting {
        unit_id: unit.id,
        kind,
        level: input.level.on(unit.tier),
        set_by_unit: true,
    };
    // What is recorded follows first: it reads the setting as it was.
    let before = level_of(&tx, &unit, kind).await?;
    match kind {
        WorkKind::Observations => tx.reshare_observations(&unit, setting.level).await?,
        WorkKind::Adoption => tx.reshare_adoption(&unit, setting.level).await?,
        WorkKind::Spirals => tx.reshare_spirals(&unit, setting.level).await?,
        WorkKind::FivePs => tx.reshare_five_ps(&unit, setting.level).await?,
        _ => {}
    }
    tx.write_sharing(&setting, before).await?;
    match kind {
        WorkKind::Observations | WorkKind::Adoption | WorkKind::Spirals | WorkKind::FivePs => {}
        WorkKind::FieldTests => tx.reshare_field_tests(&unit, setting.level).await?,
        WorkKind::Sustainability => tx.reshare_sustainability(&unit, setting.level).await?,
        WorkKind::Surveys => tx.reshare_surveys(&unit, setting.level).await?,
        WorkKind::LeadTeam => tx.reshare_lead_team(&unit, setting.level).await?,
        WorkKind::Meetings => tx.reshare_meetings(&unit, setting.level).await?,
        WorkKind::Conditions => tx.reshare_conditions(&unit, setting.level).await?,
        WorkKind::Diagrams => tx.reshare_diagrams(&unit, setting.level).await?,
        WorkKind::Aims => tx.reshare_aims(&unit, setting.level).await?,
        // These, and every entry of a timeline, follow beneath.
        WorkKind::ProgressScores => {}
    }
    tx.reshare_timelines(&unit).await?;
    tx.commit(setting).await
}

/// Sets how far units share a kind of work that set nothing themselves; for the platform itself, and only before there
/// are any: what is there would have to follow.
pub async fn set_tenant_sharing(caller: &Caller, kind: WorkKind, level: Sharing) -> Result<()> {
    let mut tx = caller.begin(Action::CreateOrgUnit, crate::Reach::Tenant).await?;
    if !caller.scope().system || tx.root().await?.is_some() {
        let detail = "a tenant's own sharing is set before it has units";
        return Err(Error::conflict("root_exists", detail));
    }
    tx.write_tenant_sharing(kind, level).await?;
    tx.commit(()).await
}

/// How far a unit shares one kind of its work.
pub(crate) async fn level_of(store: &spiral_store::Store, unit: &OrgUnit, kind: WorkKind) -> Result<Sharing> {
    let settings = store.sharing_of(&[unit]).await?;
    settings
        .get(&(unit.id, kind))
        .map(|setting| setting.level)
        .ok_or_else(|| Error::internal("a unit without a sharing setting"))
}

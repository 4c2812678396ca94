//! Units, networks, programmes and sharing.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, tenancy};
use spiral_domain::programmes::{CreateProgramme, Programme};
use spiral_domain::tenancy::{
    ChangeOrgUnit, CreateNetwork, CreateOrgUnit, Network, NetworkMember, OrgUnit, SetNetworkMembers,
    SetSharing, SharingSetting, Tier,
};
use spiral_domain::{Allowed, Date, Page, PageRequest, Reference, WorkKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

mod attributes;
mod linkages;
mod reorganisations;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_org_units, create_org_unit))
        .routes(routes!(get_org_unit, change_org_unit))
        .routes(routes!(get_sharing))
        .routes(routes!(set_sharing))
        .routes(routes!(list_networks, create_network))
        .routes(routes!(get_network))
        .routes(routes!(get_network_members, set_network_members))
        .routes(routes!(list_programmes, create_programme))
        .routes(routes!(get_programme))
        .merge(reorganisations::routes())
        .merge(attributes::routes())
        .merge(linkages::routes())
}

/// Which units, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UnitQuery {
    /// Units at or beneath this one.
    within: Option<Reference>,
    /// Units directly beneath this one.
    parent: Option<Reference>,
    /// Units of this tier.
    tier: Option<Tier>,
    /// Members of this network.
    network: Option<Reference>,
    /// The unit with this ODS code.
    #[param(max_length = 9)]
    ods_code: Option<String>,
    /// Of which an attribute is so (repeatable: all must be): a value (`rurality:rural`), or a range of numbers or of
    /// values in order (`listSize:5000..`, `deprivation:4..5`).
    #[serde(default)]
    #[param(required = false, max_items = 10)]
    attribute: Vec<String>,
    /// The day of `attribute` and `network`; today if absent.
    as_of: Option<Date>,
}

/// List units
///
/// Every principal of the tenant reads the directory.
#[utoipa::path(get, path = "/v1/org-units", tag = "tenancy", params(UnitQuery, PageRequest), responses((status = 200, body = Page<Allowed<OrgUnit>>)))]
async fn list_org_units(read: Read, List(query, page): List<UnitQuery>) -> Reply {
    let filter = tenancy::UnitFilter {
        within: query.within,
        parent: query.parent,
        tier: query.tier,
        network: query.network,
        ods_code: query.ods_code,
        attributes: query.attribute,
        as_of: query.as_of,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { tenancy::org_units(&caller, filter, &page).await }
    };
    read.list("listOrgUnits", page, fetch).await
}

/// Add a unit beneath another
#[utoipa::path(post, path = "/v1/org-units", tag = "tenancy", request_body = CreateOrgUnit, responses((status = 201, body = OrgUnit)))]
async fn create_org_unit(write: Write) -> Reply {
    let input: CreateOrgUnit = write.json()?;
    let place = |unit: &OrgUnit| format!("/v1/org-units/{}", unit.id);
    let run = |caller| async move { tenancy::create_org_unit(&caller, input).await };
    write
        .once_record(StatusCode::CREATED, |unit: &OrgUnit| unit.version, place, run)
        .await
}

/// Read a unit
#[utoipa::path(get, path = "/v1/org-units/{unit}", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = Allowed<OrgUnit>)))]
async fn get_org_unit(Part(unit): Part<Reference>, read: Read) -> Reply {
    let unit = tenancy::org_unit(&read.caller, &unit).await.map_err(refuse)?;
    read.record("getOrgUnit", unit.version, &unit).await
}

/// Change a unit
///
/// A JSON Merge Patch: what is absent stays, null clears.
#[utoipa::path(patch, path = "/v1/org-units/{unit}", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit")), request_body(content = ChangeOrgUnit, content_type = "application/merge-patch+json"), responses((status = 200, body = OrgUnit)))]
async fn change_org_unit(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: ChangeOrgUnit = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { tenancy::change_org_unit(&caller, &unit, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |unit: &OrgUnit| unit.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Read how far a unit shares its work
#[utoipa::path(get, path = "/v1/org-units/{unit}/sharing", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = Vec<SharingSetting>)))]
async fn get_sharing(Part(unit): Part<Reference>, read: Read) -> Reply {
    let settings = tenancy::sharing(&read.caller, &unit).await.map_err(refuse)?;
    read.answer("getSharing", settings.len(), &settings).await
}

/// Set how far a unit shares one kind of its work
///
/// For what is there and what is to come, at once, everywhere. Only the lead role held on the unit itself may.
#[utoipa::path(put, path = "/v1/org-units/{unit}/sharing/{kind}", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit"), ("kind" = WorkKind, Path, description = "Which work")), request_body = SetSharing, responses((status = 200, body = SharingSetting)))]
async fn set_sharing(Parts2(unit, kind): Parts2<Reference, crate::paths::Kind>, write: Write) -> Reply {
    let input: SetSharing = write.json()?;
    let run = |caller| async move { tenancy::set_sharing(&caller, &unit, kind.0, input).await };
    write.once(StatusCode::OK, run).await
}

/// List networks
#[utoipa::path(get, path = "/v1/networks", tag = "tenancy", params(PageRequest), responses((status = 200, body = Page<Network>)))]
async fn list_networks(read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { tenancy::networks(&caller, &page).await };
    read.list("listNetworks", page, fetch).await
}

/// Make a network
#[utoipa::path(post, path = "/v1/networks", tag = "tenancy", request_body = CreateNetwork, responses((status = 201, body = Network)))]
async fn create_network(write: Write) -> Reply {
    let input: CreateNetwork = write.json()?;
    let place = |network: &Network| format!("/v1/networks/{}", network.id);
    let run = |caller| async move { tenancy::create_network(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |network: &Network| network.version,
            place,
            run,
        )
        .await
}

/// Read a network
#[utoipa::path(get, path = "/v1/networks/{network}", tag = "tenancy", params(("network" = Reference, Path, description = "The network")), responses((status = 200, body = Allowed<Network>)))]
async fn get_network(Part(network): Part<Reference>, read: Read) -> Reply {
    let network = tenancy::network(&read.caller, &network).await.map_err(refuse)?;
    read.record("getNetwork", network.version, &network).await
}

/// Read a network's members
#[utoipa::path(get, path = "/v1/networks/{network}/members", tag = "tenancy", params(("network" = Reference, Path, description = "The network")), responses((status = 200, body = Vec<NetworkMember>)))]
async fn get_network_members(Part(network): Part<Reference>, read: Read) -> Reply {
    let network = tenancy::network(&read.caller, &network).await.map_err(refuse)?;
    let members = tenancy::members_of(&read.caller, &[network.id])
        .await
        .map_err(refuse)?;
    let members = members.get(&network.id).cloned().unwrap_or_default();
    read.answer("getNetworkMembers", members.len(), &members).await
}

/// Set a network's members
#[utoipa::path(put, path = "/v1/networks/{network}/members", tag = "tenancy", params(("network" = Reference, Path, description = "The network")), request_body = SetNetworkMembers, responses((status = 200, body = Network)))]
async fn set_network_members(Part(network): Part<Reference>, write: Write) -> Reply {
    let input: SetNetworkMembers = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { tenancy::set_network_members(&caller, &network, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |network: &Network| network.version,
            |_| String::new(),
            run,
        )
        .await
}

/// List programmes
#[utoipa::path(get, path = "/v1/programmes", tag = "programmes", params(PageRequest), responses((status = 200, body = Page<Programme>)))]
async fn list_programmes(read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { tenancy::programmes(&caller, &page).await };
    read.list("listProgrammes", page, fetch).await
}

/// Record a programme
#[utoipa::path(post, path = "/v1/programmes", tag = "programmes", request_body = CreateProgramme, responses((status = 201, body = Programme)))]
async fn create_programme(write: Write) -> Reply {
    let input: CreateProgramme = write.json()?;
    let place = |programme: &Programme| format!("/v1/programmes/{}", programme.id);
    let run = |caller| async move { tenancy::create_programme(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |programme: &Programme| programme.version,
            place,
            run,
        )
        .await
}

/// Read a programme
#[utoipa::path(get, path = "/v1/programmes/{programme}", tag = "programmes", params(("programme" = Reference, Path, description = "The programme")), responses((status = 200, body = Programme)))]
async fn get_programme(Part(programme): Part<Reference>, read: Read) -> Reply {
    let programme = tenancy::programme(&read.caller, &programme)
        .await
        .map_err(refuse)?;
    read.record("getProgramme", programme.version, &programme).await
}

//! Who hands patients or work to whom.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, tenancy};
use spiral_domain::tenancy::{ChangeLinkage, Linkage, LinkageKind, LinkageMap, RecordLinkage, Tier};
use spiral_domain::{Allowed, Date, LinkageId, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_linkages, record_linkage))
        .routes(routes!(get_linkage_map))
        .routes(routes!(get_linkage, change_linkage))
}

/// Which linkages, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LinkageQuery {
    /// From or to this team.
    unit: Option<Reference>,
    /// From or to teams at or beneath this unit.
    within: Option<Reference>,
    /// Of this sort.
    kind: Option<LinkageKind>,
    /// That go on on this day.
    as_of: Option<Date>,
    /// Those that were recorded by mistake, too.
    #[serde(default)]
    #[param(required = false)]
    include_withdrawn: bool,
}

/// List linkages
#[utoipa::path(get, path = "/v1/linkages", tag = "tenancy", params(LinkageQuery, PageRequest), responses((status = 200, body = Page<Linkage>)))]
async fn list_linkages(read: Read, List(query, page): List<LinkageQuery>) -> Reply {
    let filter = tenancy::LinkageFilter {
        unit: query.unit,
        within: query.within,
        kind: query.kind,
        as_of: query.as_of,
        withdrawn: query.include_withdrawn,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { tenancy::linkages(&caller, filter, &page).await }
    };
    read.list("listLinkages", page, fetch).await
}

/// Record that a team hands patients or work to another
///
/// A lead of either team may, and may change it later.
#[utoipa::path(post, path = "/v1/linkages", tag = "tenancy", request_body = RecordLinkage, responses((status = 201, body = Linkage)))]
async fn record_linkage(write: Write) -> Reply {
    let input: RecordLinkage = write.json()?;
    let place = |linkage: &Linkage| format!("/v1/linkages/{}", linkage.id);
    let run = |caller| async move { tenancy::record_linkage(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |linkage: &Linkage| linkage.version,
            place,
            run,
        )
        .await
}

/// Read a linkage
#[utoipa::path(get, path = "/v1/linkages/{linkage}", tag = "tenancy", params(("linkage" = LinkageId, Path, description = "The linkage")), responses((status = 200, body = Allowed<Linkage>)))]
async fn get_linkage(Part(linkage): Part<LinkageId>, read: Read) -> Reply {
    let linkage = tenancy::linkage(&read.caller, linkage).await.map_err(refuse)?;
    read.record("getLinkage", linkage.version, &linkage).await
}

/// Change or end a linkage
///
/// A JSON Merge Patch: what is absent stays, null clears. `endedOn` ends it; `withdrawn` says that it never was.
#[utoipa::path(patch, path = "/v1/linkages/{linkage}", tag = "tenancy", params(("linkage" = LinkageId, Path, description = "The linkage")), request_body(content = ChangeLinkage, content_type = "application/merge-patch+json"), responses((status = 200, body = Linkage)))]
async fn change_linkage(Part(linkage): Part<LinkageId>, write: Write) -> Reply {
    let input: ChangeLinkage = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { tenancy::change_linkage(&caller, linkage, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |linkage: &Linkage| linkage.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Which map.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MapQuery {
    /// Of what stands at or beneath this unit; the root if neither unit nor network is given.
    unit: Option<Reference>,
    /// Of what stands at or beneath the members of this network.
    network: Option<Reference>,
    /// On this day; today if absent.
    as_of: Option<Date>,
    /// Whose teams a node stands for; `microsystem`, the teams themselves, if absent.
    tier: Option<Tier>,
}

/// Read the map that linkages draw
///
/// Everything that teams of the place hand on or receive on the day, by the tree of the day. A node stands for the
/// teams of a unit; a linkage among them is counted in it, any other in an edge.
#[utoipa::path(get, path = "/v1/linkages/map", tag = "tenancy", params(MapQuery), responses((status = 200, body = LinkageMap)))]
async fn get_linkage_map(read: Read, Query(query): Query<MapQuery>) -> Reply {
    let query = tenancy::MapQuery {
        unit: query.unit,
        network: query.network,
        as_of: query.as_of,
        tier: query.tier,
    };
    let map = tenancy::linkage_map(&read.caller, &query).await.map_err(refuse)?;
    read.answer("getLinkageMap", map.nodes.len() + map.edges.len(), &map)
        .await
}

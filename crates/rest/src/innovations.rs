//! Innovations.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, innovations};
use spiral_domain::innovations::{
    ChangeInnovation, CreateInnovation, Innovation, InnovationMove, InnovationStatus,
};
use spiral_domain::{Allowed, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_innovations, create_innovation))
        .routes(routes!(get_innovation, change_innovation))
        .routes(routes!(list_innovation_moves))
}

/// Which innovations, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InnovationQuery {
    /// With this status.
    status: Option<InnovationStatus>,
    /// Looked after by a unit at or beneath this one.
    within: Option<Reference>,
}

/// List innovations
#[utoipa::path(get, path = "/v1/innovations", tag = "innovations", params(InnovationQuery, PageRequest), responses((status = 200, body = Page<Innovation>)))]
async fn list_innovations(read: Read, List(query, page): List<InnovationQuery>) -> Reply {
    let filter = innovations::InnovationFilter {
        status: query.status,
        within: query.within,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { innovations::innovations(&caller, filter, &page).await }
    };
    read.list("listInnovations", page, fetch).await
}

/// Describe an innovation
#[utoipa::path(post, path = "/v1/innovations", tag = "innovations", request_body = CreateInnovation, responses((status = 201, body = Innovation)))]
async fn create_innovation(write: Write) -> Reply {
    let input: CreateInnovation = write.json()?;
    let place = |innovation: &Innovation| format!("/v1/innovations/{}", innovation.id);
    let run = |caller| async move { innovations::create_innovation(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |innovation: &Innovation| innovation.version,
            place,
            run,
        )
        .await
}

/// Read an innovation
#[utoipa::path(get, path = "/v1/innovations/{innovation}", tag = "innovations", params(("innovation" = Reference, Path, description = "The innovation")), responses((status = 200, body = Allowed<Innovation>)))]
async fn get_innovation(Part(innovation): Part<Reference>, read: Read) -> Reply {
    let innovation = innovations::innovation(&read.caller, &innovation)
        .await
        .map_err(refuse)?;
    read.record("getInnovation", innovation.version, &innovation)
        .await
}

/// Change an innovation, or move it to another status
///
/// A JSON Merge Patch. A status moves only further along, or to `retired`, and says what it rests on.
#[utoipa::path(patch, path = "/v1/innovations/{innovation}", tag = "innovations", params(("innovation" = Reference, Path, description = "The innovation")), request_body(content = ChangeInnovation, content_type = "application/merge-patch+json"), responses((status = 200, body = Innovation)))]
async fn change_innovation(Part(innovation): Part<Reference>, write: Write) -> Reply {
    let input: ChangeInnovation = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run =
        |caller| async move { innovations::change_innovation(&caller, &innovation, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |innovation: &Innovation| innovation.version,
            |_| String::new(),
            run,
        )
        .await
}

/// List an innovation's moves from status to status
#[utoipa::path(get, path = "/v1/innovations/{innovation}/moves", tag = "innovations", params(("innovation" = Reference, Path, description = "The innovation")), responses((status = 200, body = Vec<InnovationMove>)))]
async fn list_innovation_moves(Part(innovation): Part<Reference>, read: Read) -> Reply {
    let innovation = innovations::innovation(&read.caller, &innovation)
        .await
        .map_err(refuse)?;
    let moves = innovations::innovation_moves_of(&read.caller, &[innovation.id])
        .await
        .map_err(refuse)?;
    let moves = moves.get(&innovation.id).cloned().unwrap_or_default();
    read.answer("listInnovationMoves", moves.len(), &moves).await
}

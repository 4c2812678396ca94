//! Knowledge requests: what a team would know from others. Everybody in the tenant reads them and their answers.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::spirals::RequestFilter;
use spiral_app::{App, spirals};
use spiral_domain::spirals::{
    AnswerKnowledgeRequest, AskForKnowledge, ChangeKnowledgeRequest, KnowledgeAnswer, KnowledgeRequest,
    RequestState,
};
use spiral_domain::{Allowed, KnowledgeRequestId, Page, PageRequest, Reference, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_knowledge_requests))
        .routes(routes!(ask_for_knowledge))
        .routes(routes!(get_knowledge_request, change_knowledge_request))
        .routes(routes!(list_knowledge_answers, answer_knowledge_request))
}

/// Which knowledge requests, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Those of this unit.
    unit: Option<Reference>,
    /// Those of this spiral.
    spiral: Option<SpiralId>,
    /// Those that stand so.
    state: Option<RequestState>,
    /// Those with this theme.
    #[param(max_length = 63)]
    theme: Option<String>,
}

/// List knowledge requests
///
/// Of the whole tenant: whoever knows something may answer.
#[utoipa::path(get, path = "/v1/knowledge-requests", tag = "spirals", params(Filter, PageRequest), responses((status = 200, body = Page<KnowledgeRequest>)))]
async fn list_knowledge_requests(read: Read, List(filter, page): List<Filter>) -> Reply {
    let filter = RequestFilter {
        unit: filter.unit,
        spiral: filter.spiral,
        state: filter.state,
        theme: filter.theme,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { spirals::knowledge_requests(&caller, filter, &page).await }
    };
    read.list("listKnowledgeRequests", page, fetch).await
}

/// Ask others for what they know
///
/// Everybody in the tenant reads the question; the spiral stays as private as it is.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/knowledge-requests", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = AskForKnowledge, responses((status = 201, body = KnowledgeRequest)))]
async fn ask_for_knowledge(Part(spiral): Part<SpiralId>, write: Write) -> Reply {
    let input: AskForKnowledge = write.json()?;
    let place = |request: &KnowledgeRequest| format!("/v1/knowledge-requests/{}", request.id);
    let run = |caller| async move { spirals::ask_for_knowledge(&caller, spiral, input).await };
    let version = |request: &KnowledgeRequest| request.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a knowledge request
#[utoipa::path(get, path = "/v1/knowledge-requests/{request}", tag = "spirals", params(("request" = KnowledgeRequestId, Path, description = "The request")), responses((status = 200, body = Allowed<KnowledgeRequest>)))]
async fn get_knowledge_request(Part(id): Part<KnowledgeRequestId>, read: Read) -> Reply {
    let request = spirals::knowledge_request(&read.caller, id)
        .await
        .map_err(refuse)?;
    read.record("getKnowledgeRequest", request.version, &request)
        .await
}

/// Change a knowledge request, or close it
///
/// A JSON Merge Patch: what is absent stays.
#[utoipa::path(patch, path = "/v1/knowledge-requests/{request}", tag = "spirals", params(("request" = KnowledgeRequestId, Path, description = "The request")), request_body(content = ChangeKnowledgeRequest, content_type = "application/merge-patch+json"), responses((status = 200, body = KnowledgeRequest)))]
async fn change_knowledge_request(Part(id): Part<KnowledgeRequestId>, write: Write) -> Reply {
    let input: ChangeKnowledgeRequest = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { spirals::change_knowledge_request(&caller, id, if_match, input).await };
    let version = |request: &KnowledgeRequest| request.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// List the answers to a knowledge request
#[utoipa::path(get, path = "/v1/knowledge-requests/{request}/answers", tag = "spirals", params(("request" = KnowledgeRequestId, Path, description = "The request"), PageRequest), responses((status = 200, body = Page<KnowledgeAnswer>)))]
async fn list_knowledge_answers(Part(id): Part<KnowledgeRequestId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { spirals::knowledge_answers(&caller, id, &page).await };
    read.list("listKnowledgeAnswers", page, fetch).await
}

/// Answer a knowledge request
///
/// For one's own unit, whose experience it is.
#[utoipa::path(post, path = "/v1/knowledge-requests/{request}/answers", tag = "spirals", params(("request" = KnowledgeRequestId, Path, description = "The request")), request_body = AnswerKnowledgeRequest, responses((status = 201, body = KnowledgeAnswer)))]
async fn answer_knowledge_request(Part(id): Part<KnowledgeRequestId>, write: Write) -> Reply {
    let input: AnswerKnowledgeRequest = write.json()?;
    let run = |caller| async move { spirals::answer_knowledge_request(&caller, id, input).await };
    write.once(StatusCode::CREATED, run).await
}

//! Where a survey is answered. Nobody is asked who they are: a token that comes along is not looked at, and neither
//! the log nor the audit says more of the request than of any other stranger's.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use spiral_app::{App, surveys};
use spiral_domain::surveys::{AnswerSurvey, Questionnaire};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accept::{Form, choose};
use crate::extract::{Part, read_json, refuse_query, unsupported};
use crate::problem::{ProblemBody, transport};
use crate::reply::{Reply, refuse, set};

/// Answers are short: a larger body is none.
const LARGEST_BODY: usize = 64 * 1024;

/// The routes that take no token.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_questionnaire))
        .routes(routes!(answer_survey))
}

/// A request of somebody who is not asked who they are.
struct Stranger {
    headers: HeaderMap,
    body: Body,
}

impl FromRequest<App> for Stranger {
    type Rejection = Response;
    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        app.admit_stranger().map_err(refuse)?;
        let (parts, body) = request.into_parts();
        refuse_query(&parts).map_err(axum::response::IntoResponse::into_response)?;
        choose(&parts.headers, &[Form::Json])?;
        Ok(Self {
            headers: parts.headers,
            body,
        })
    }
}

impl Stranger {
    /// The body, if it is JSON and no larger than answers are.
    async fn json(self) -> Result<Bytes, Response> {
        let media_type = self.headers.get(header::CONTENT_TYPE);
        let media_type = media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(unsupported("this path takes application/json"));
        }
        to_bytes(self.body, LARGEST_BODY).await.map_err(|_| {
            transport(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "answers have at most 64 KiB",
            )
        })
    }
}

/// Read the questions of a survey
///
/// By its public link; no token is needed, and none is looked at.
#[utoipa::path(get, path = "/survey/{link}", tag = "surveys", security(()), params(("link" = String, Path, description = "What stands for the survey in its public address", max_length = 200)), responses((status = 200, body = Questionnaire), (status = 404, description = "There is no survey by this link", body = ProblemBody, content_type = "application/problem+json"), (status = 409, description = "It takes no answers now", body = ProblemBody, content_type = "application/problem+json")))]
async fn get_questionnaire(State(app): State<App>, Part(link): Part<String>, _: Stranger) -> Reply {
    let found = surveys::questionnaire(&app, &link).await.map_err(refuse)?;
    let mut response = Json(found).into_response();
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(response)
}

/// Answer a survey
///
/// By its public link, with a one-time code where it takes codes; no token is needed, and none is looked at. Nothing
/// is kept but the answers, sealed together with those of others: no address, no time, no order. The request is not
/// repeatable by `Idempotency-Key`, since a key would have to be kept; a one-time code lets answers in once.
#[utoipa::path(post, path = "/survey/{link}/responses", tag = "surveys", security(()), params(("link" = String, Path, description = "What stands for the survey in its public address", max_length = 200)), request_body = AnswerSurvey, responses((status = 204, description = "The answers are taken"), (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"), (status = 404, description = "There is no survey by this link", body = ProblemBody, content_type = "application/problem+json"), (status = 409, description = "It takes no answers now", body = ProblemBody, content_type = "application/problem+json"), (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"), (status = 415, description = "The body is of another media type", body = ProblemBody, content_type = "application/problem+json"), (status = 422, description = "The answers do not fit, or the code is not valid; every place is named", body = ProblemBody, content_type = "application/problem+json")))]
async fn answer_survey(State(app): State<App>, Part(link): Part<String>, stranger: Stranger) -> Reply {
    let body = stranger.json().await?;
    let input: AnswerSurvey = read_json(&body).map_err(refuse)?;
    surveys::answer_survey(&app, &link, input).await.map_err(refuse)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(response)
}

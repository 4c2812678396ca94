//! The only place where an error becomes a status: `application/problem+json` (RFC 9457).

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use spiral_app::request::RequestContext;
use spiral_domain::{Error, Violation};

/// What a refused request is answered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// Where the problem is explained.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#invalid")]
    pub kind: String,
    /// The problem in general.
    #[schema(example = "The input breaks rules")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// This occurrence of it.
    #[schema(example = "the input breaks 2 rule(s)")]
    pub detail: String,
    /// Stable, for programs.
    #[schema(example = "invalid")]
    pub code: String,
    /// The request's id.
    #[schema(example = "0192f0c1-2b3c-7def-8123-456789abcdef")]
    pub instance: String,
    /// Every place that is wrong, where places can be named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Violation>,
}

/// An error on its way out.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Status and title of an error.
fn status_of(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "Who is calling is not known"),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "The caller may not do this"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "Not found"),
        Error::Malformed(_) => (StatusCode::BAD_REQUEST, "The request is malformed"),
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "The input breaks rules"),
        Error::Conflict { .. } => (StatusCode::CONFLICT, "It contradicts what is there"),
        Error::Stale => (StatusCode::PRECONDITION_FAILED, "The record has changed"),
        Error::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "The service cannot answer now"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "A fault of the service"),
    }
}

/// A problem that is no error of a use case: the transport's own.
pub fn transport(status: StatusCode, code: &str, detail: impl Into<String>) -> Response {
    let title = status
        .canonical_reason()
        .unwrap_or("The request cannot be served");
    body(status, title, code, detail.into(), Vec::new())
}

/// At most 500 bytes of a text.
fn cut(mut text: String) -> String {
    if text.len() > 500 {
        let end = (0..=500)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

fn body(
    status: StatusCode,
    title: &'static str,
    code: &str,
    detail: String,
    errors: Vec<Violation>,
) -> Response {
    // What a caller sent is quoted, never sent back whole.
    let errors = errors
        .into_iter()
        .map(|error| Violation {
            pointer: cut(error.pointer),
            detail: cut(error.detail),
            ..error
        })
        .collect();
    let body = ProblemBody {
        kind: format!("/docs/problems#{code}"),
        title,
        status: status.as_u16(),
        detail: cut(detail),
        code: code.to_owned(),
        instance: RequestContext::current().id.clone(),
        errors,
    };
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(error) = self;
        if let Error::Internal(cause) = &error {
            tracing::error!(cause = %cause, "a request failed by a fault of ours");
        }
        let (status, title) = status_of(&error);
        let mut response = body(status, title, error.code(), error.to_string(), error.violations());
        let extra: Option<(HeaderName, &'static str)> = match status {
            StatusCode::UNAUTHORIZED => Some((
                header::WWW_AUTHENTICATE,
                "Bearer realm=\"spiral\", error=\"invalid_token\"",
            )),
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        if let Some((name, value)) = extra {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// What every problem means, for `/docs/problems`: code, status, and what to do about it.
pub(crate) const PROBLEMS: &[(&str, u16, &str)] = &[
    (
        "malformed",
        400,
        "The request cannot be read: broken JSON, an unknown or wrong query parameter, a cursor of another list. `errors` names each place; query parameters stand under `/query`.",
    ),
    (
        "unauthenticated",
        401,
        "No token, or one that is expired, not signed by a configured issuer, or meant for somebody else. Get a fresh one at `/oauth/token`.",
    ),
    (
        "forbidden",
        403,
        "You may see it but not do this with it. `detail` names the roles, or the scope, that may; `allowedActions` of the resource tells beforehand.",
    ),
    (
        "not_found",
        404,
        "There is no such thing for you: it does not exist, or you may not know that it does.",
    ),
    (
        "not_acceptable",
        406,
        "None of the media types in `Accept` can be had here.",
    ),
    (
        "method_not_allowed",
        405,
        "This path does not take this method; `Allow` lists those it takes.",
    ),
    (
        "conflict",
        409,
        "It contradicts what is there. `code` says how: each of the codes below with 409 is such a problem.",
    ),
    (
        "code_taken",
        409,
        "Another record of this kind has the code already. Codes are unique in the tenant: choose another, or change that record.",
    ),
    ("ods_code_taken", 409, "Another unit has this ODS code already."),
    (
        "cannot_be_drawn",
        409,
        "A figure of the series is no number that a scale can hold. The same analysis as JSON or CSV has the figures as they are.",
    ),
    (
        "external_id_taken",
        409,
        "Another record of this source has the `externalId` already. One source calls one thing by one name.",
    ),
    (
        "source_taken",
        409,
        "This source belongs to another API client. A source has one owner; choose another name for yours.",
    ),
    (
        "already_exists",
        409,
        "A record that says the same is there already.",
    ),
    (
        "already_registered",
        409,
        "The person is registered already, by this issuer and subject.",
    ),
    (
        "already_enrolled",
        409,
        "The unit is a site of this field test already. Change the site instead.",
    ),
    (
        "root_exists",
        409,
        "The tenant has its root already, and there is only one.",
    ),
    (
        "still_referenced",
        409,
        "Other records refer to it, or it refers to one that has gone meanwhile. Read again and decide anew.",
    ),
    (
        "status_goes_back",
        409,
        "A status only moves further along. What was reached stays reached.",
    ),
    (
        "held_by_another_source",
        409,
        "The record belongs to another source. `takeOver: true` takes it over, where both sources are yours to speak for.",
    ),
    (
        "field_test_not_running",
        409,
        "Only a running field test takes results.",
    ),
    (
        "field_test_closed",
        409,
        "A closed field test takes no more sites.",
    ),
    (
        "protocol_fixed",
        409,
        "The measures of a field test that has begun stay as they are: they were chosen before the results were known.",
    ),
    (
        "results_contradict",
        409,
        "Results that are recorded already contradict this change. Take them back or correct them first.",
    ),
    (
        "changed_since",
        409,
        "What the reversal would restore was changed again by a later reorganisation. Reverse that one first.",
    ),
    (
        "already_reversed",
        409,
        "The reorganisation was reversed already; its reversal stands beside it in the list.",
    ),
    (
        "is_a_reversal",
        409,
        "A reversal is not reversed. Record the reorganisation again.",
    ),
    (
        "linkage_there",
        409,
        "The same linkage between the two teams is recorded already for some of this time. Change that one.",
    ),
    (
        "spiral_closed",
        409,
        "The spiral is sustained or discontinued. Only its outcomes are still recorded; `reopen` it to go on.",
    ),
    (
        "not_closed",
        409,
        "The spiral is not closed, so that there is nothing to reopen.",
    ),
    (
        "last_step",
        409,
        "Sustainability is the last step of a turn: `revolve` into the next turn, or `sustain`.",
    ),
    (
        "not_at_last_step",
        409,
        "A spiral revolves, and is sustained, from the step `sustainability` only. `detail` says where it is.",
    ),
    (
        "not_invited",
        409,
        "The unit is not invited to the collaboration, or not in it as this takes. A member invites it; it joins with a spiral of its own.",
    ),
    (
        "member_already",
        409,
        "The unit is invited to the collaboration, or in it already.",
    ),
    (
        "request_closed",
        409,
        "The team that asked takes no more answers to this knowledge request.",
    ),
    (
        "assessment_closed",
        409,
        "The assessment is closed and takes no more ratings. Open another one.",
    ),
    (
        "no_ratings",
        409,
        "Nobody has rated this assessment yet, so that there is nothing to close.",
    ),
    (
        "survey_closed",
        409,
        "The survey takes no more answers: it was closed, or its last day is over. What is closed changes no more.",
    ),
    (
        "survey_not_open",
        409,
        "The survey takes no answers yet; `detail` says from which day on.",
    ),
    (
        "survey_full",
        409,
        "The survey has taken as many answers of this unit as it can.",
    ),
    (
        "too_few_answers",
        409,
        "So few have answered that nothing could be told, and closing would lose what they have said. Wait, move `closesOn`, or close it with `discard`.",
    ),
    (
        "no_codes_taken",
        409,
        "The survey takes answers by its link alone: there are no codes to give out.",
    ),
    (
        "too_many_instruments",
        409,
        "The tenant has added as many versions of survey instruments as are kept.",
    ),
    (
        "taken_back",
        409,
        "The record was taken back and takes no more changes. Record it again.",
    ),
    (
        "assessment_there",
        409,
        "The unit has a 5Ps assessment of that day. Change it, or record one of another day.",
    ),
    (
        "member_there",
        409,
        "The person has this role in the lead team already for some of this time. Change that one.",
    ),
    (
        "in_use",
        409,
        "Other records build on this one. Take them back first, or leave it and change its status.",
    ),
    (
        "wrong_phase",
        409,
        "A cycle goes from plan to do, study and act, one after the other. Nothing was changed; the detail says where it \
         stands.",
    ),
    (
        "not_called_for",
        409,
        "The turn was taken up again, or the spiral given up, before anybody looked: there is nothing to look at.",
    ),
    (
        "no_standard",
        409,
        "Only the standard of an SDSA cycle is reviewed.",
    ),
    (
        "no_process_map",
        409,
        "Only a process map has times and hand-offs; this diagram shows something else.",
    ),
    (
        "idempotency_key_in_use",
        409,
        "The first request with this Idempotency-Key is still running. Try again shortly; you will get its answer.",
    ),
    (
        "secret_already_shown",
        409,
        "The first request with this Idempotency-Key succeeded and showed a secret, which is not kept. Make another secret.",
    ),
    (
        "stale",
        412,
        "`If-Match` names another version than the current one. Read the record again and decide anew.",
    ),
    (
        "payload_too_large",
        413,
        "The body is larger than this server takes. Send it in several batches.",
    ),
    (
        "unsupported_media_type",
        415,
        "The body is of a media type that this path does not take.",
    ),
    (
        "invalid",
        422,
        "The input breaks rules. `errors` names every place by JSON Pointer, with a code and words; nothing was written.",
    ),
    (
        "too_many",
        429,
        "You, or those without a token at your address, have asked too often. `Retry-After` says in how many seconds to come back; `RateLimit` on every answer says what is left of the quota, so that you can slow down before. Nobody else's requests count against yours.",
    ),
    (
        "overloaded",
        503,
        "The server works on as many requests as it can. Nothing was done; try again after `Retry-After`.",
    ),
    (
        "internal",
        500,
        "A fault of ours. Nothing was written. Tell the operator the `instance`.",
    ),
    (
        "unavailable",
        503,
        "The service cannot answer now: the database is away or busy. Nothing was written unless a retry with the same Idempotency-Key says so.",
    ),
];

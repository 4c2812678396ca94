//! How a GraphQL answer leaves over HTTP: in which form, under which status.

use async_graphql::{Response as Answer, ServerError, Value};
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use spiral_app::request::RequestContext;
use spiral_domain::Error;

use crate::operation::{Answered, Refusal};

/// What the caller takes, by `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    media: &'static str,
    /// Whether the caller knows the newer media type, under which statuses mean something.
    strict: bool,
}

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";
/// A stream of events.
pub(crate) const EVENTS: &str = "text/event-stream";

impl Form {
    /// Where nothing is asked for, or nothing that can be had: the specification's own.
    pub(crate) const OWN: Self = Self {
        media: GRAPHQL,
        strict: true,
    };

    /// The form that `Accept` prefers; none if no form will do.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let accepted = Accepted::of(headers);
        let (newer, older) = (accepted.weight(GRAPHQL), accepted.weight(JSON));
        if newer <= 0.0 && older <= 0.0 {
            return None;
        }
        // Where both are as welcome, the newer is answered only to whoever names it: others may not know it.
        let prefers_newer = newer > older || (newer >= older && accepted.names(GRAPHQL));
        Some(Self {
            media: if prefers_newer { GRAPHQL } else { JSON },
            strict: newer > 0.0,
        })
    }
}

/// `Accept` as ranges with their weights (RFC 9110 §12.5.1).
pub(crate) struct Accepted(Vec<(String, f32)>);

impl Accepted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter();
        let mut ranges: Vec<(String, f32)> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let media = parts.next().filter(|media| !media.is_empty())?;
                let weight = parts
                    .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                    .and_then(|weight| weight.parse().ok())
                    .filter(|weight| (0.0..=1.0).contains(weight));
                Some((media.to_ascii_lowercase(), weight.unwrap_or(1.0)))
            })
            .collect();
        if ranges.is_empty() {
            ranges.push(("*/*".to_owned(), 1.0));
        }
        Self(ranges)
    }

    fn names(&self, media: &str) -> bool {
        self.0.iter().any(|(range, _)| range == media)
    }

    /// The weight of the most exact range; 0 if none fits.
    pub(crate) fn weight(&self, media: &str) -> f32 {
        let kind = media.split('/').next().unwrap_or_default();
        let find = |wanted: &str| self.0.iter().find(|(range, _)| range == wanted);
        find(media)
            .or_else(|| find(&format!("{kind}/*")))
            .or_else(|| find("*/*"))
            .map_or(0.0, |(_, weight)| *weight)
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    token(value)
}

/// The token of a value such as `Bearer …`.
pub(crate) fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// What an operation answered. A request error never began to run: the specification wants 400.
pub(crate) fn answer(answered: Answered, form: Form) -> Response {
    let status = if !answered.began && form.strict {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let mut response = respond(status, answered.body, form);
    mark_replay(&mut response, answered.replayed);
    response
}

/// Says that the answer was given before.
pub(crate) fn mark_replay(response: &mut Response, replayed: bool) {
    if replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static("true"));
    }
}

fn respond(status: StatusCode, body: Bytes, form: Form) -> Response {
    let mut response = (status, body).into_response();
    let media = if form.media == GRAPHQL {
        "application/graphql-response+json; charset=utf-8"
    } else {
        "application/json; charset=utf-8"
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// One error with a code, as the body of a request that did not run.
pub(crate) fn errors(code: &str, words: &str) -> Vec<u8> {
    let mut error = ServerError::new(words, None);
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code);
    if let Some(seconds) = RequestContext::current()
        .notes()
        .rate
        .and_then(|rate| rate.retry_in)
    {
        extensions.set("retryAfter", Value::from(seconds));
    }
    serde_json::to_vec(&serde_json::json!({ "errors": [error] })).unwrap_or_default()
}

/// The refusal of a whole request.
pub(crate) fn failed(status: StatusCode, code: &str, words: &str, form: Form) -> Response {
    respond(status, errors(code, words).into(), form)
}

/// 406.
pub(crate) fn not_acceptable(words: &str) -> Response {
    failed(StatusCode::NOT_ACCEPTABLE, "not_acceptable", words, Form::OWN)
}

/// The refusal of an operation that cannot run. One that is too large is refused as validation would refuse it.
pub(crate) fn refusal(refusal: &Refusal, form: Form) -> Response {
    let status = match refusal {
        Refusal::TooLarge(_) if !form.strict => StatusCode::OK,
        Refusal::MutationByGet => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::TooLarge(_) | Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
    };
    let mut response = failed(status, refusal.code(), refusal.words(), form);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let post = HeaderValue::from_static("POST");
        response.headers_mut().insert(header::ALLOW, post);
    }
    response
}

/// The refusal of a caller: who calls is not known, or the platform cannot answer.
pub(crate) fn refuse(error: &Error, form: Form) -> Response {
    if let Error::Internal(cause) = error {
        tracing::error!(cause = %cause, "a request failed by a fault of ours");
    }
    let status = match error {
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = failed(status, error.code(), &error.to_string(), form);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"spiral\", error=\"invalid_token\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    } else if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Messages quote the document, which may be long or not the caller's own.
pub(crate) fn shorten(answer: &mut Answer) {
    for error in &mut answer.errors {
        if error.message.len() > 200 {
            let end = (0..=200)
                .rev()
                .find(|at| error.message.is_char_boundary(*at))
                .unwrap_or_default();
            error.message.truncate(end);
            error.message.push('…');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_form_goes_to_whoever_knows_it() {
        for (accept, wanted) in [
            ("", Some((JSON, true))),
            ("*/*", Some((JSON, true))),
            ("application/*", Some((JSON, true))),
            ("application/json", Some((JSON, false))),
            ("application/graphql-response+json", Some((GRAPHQL, true))),
            ("APPLICATION/GraphQL-Response+JSON", Some((GRAPHQL, true))),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some((GRAPHQL, true)),
            ),
            (
                "application/json, application/graphql-response+json",
                Some((GRAPHQL, true)),
            ),
            (
                "application/json, application/graphql-response+json;q=0.1",
                Some((JSON, true)),
            ),
            (
                "application/graphql-response+json;q=0, application/json",
                Some((JSON, false)),
            ),
            ("text/html, */*;q=0.1", Some((JSON, true))),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            let form = Form::of(&headers).map(|form| (form.media, form.strict));
            assert_eq!(form, wanted, "{accept}");
        }
    }
}

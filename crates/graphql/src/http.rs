//! GraphQL over HTTP: POST and GET, as the specification has it; a request that cannot run is 400 without `data`.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response as Answer, ServerError};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use spiral_app::request::RequestContext;
use spiral_app::{App, Caller};
use spiral_domain::Error;

use crate::graphiql;
use crate::guard;
use crate::loaders::Driver;
use crate::schema::{Limits, SpiralSchema, build};
use crate::written;

const GRAPHQL_JSON: &str = "application/graphql-response+json";

struct Face {
    app: App,
    schema: SpiralSchema,
    limits: Limits,
}

/// The GraphQL face.
pub fn router(app: App, limits: Limits) -> Router {
    let face = Arc::new(Face {
        app,
        schema: build(limits),
        limits,
    });
    Router::new()
        .route("/graphql", get(by_get).post(by_post))
        .route("/graphql/assets/{*path}", get(graphiql::asset))
        .with_state(face)
}

async fn by_get(State(face): State<Arc<Face>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let accept = accept(&headers);
    if query.is_none() && accept.contains("text/html") {
        return graphiql::page();
    }
    let caller = match authenticate(&face, &headers).await {
        Ok(caller) => caller,
        Err(error) => return refuse(&error, &accept),
    };
    match async_graphql::http::parse_query_string(&query.unwrap_or_default()) {
        Ok(request) if request.query.is_empty() => malformed("the parameter `query` is missing", &accept),
        Ok(request) => run(&face, caller, request, &accept, true).await,
        Err(error) => malformed(&format!("the query parameters cannot be read: {error}"), &accept),
    }
}

async fn by_post(State(face): State<Arc<Face>>, headers: HeaderMap, body: Bytes) -> Response {
    let accept = accept(&headers);
    let caller = match authenticate(&face, &headers).await {
        Ok(caller) => caller,
        Err(error) => return refuse(&error, &accept),
    };
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        return failed(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "GraphQL takes application/json",
            &accept,
        );
    }
    match serde_json::from_slice::<Request>(&body) {
        Ok(request) if request.query.is_empty() => malformed("`query` is missing", &accept),
        Ok(mut request) => {
            let keyed =
                headers.contains_key("idempotency-key") && guard::check(&request.query, &face.limits).is_ok();
            if keyed && is_mutation(&mut request) {
                return malformed(
                    "GraphQL takes no Idempotency-Key; the same use case over REST does",
                    &accept,
                );
            }
            run(&face, caller, request, &accept, false).await
        }
        Err(error) => malformed(&format!("the body is no GraphQL request: {error}"), &accept),
    }
}

async fn authenticate(face: &Face, headers: &HeaderMap) -> Result<Caller, Error> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
    face.app.authenticate(token).await
}

async fn run(face: &Face, caller: Caller, mut request: Request, accept: &str, reads_only: bool) -> Response {
    // An extension would do as well, but with one every field of every answer is asked about.
    let guarded = guard::check(&request.query, &face.limits);
    if guarded.is_ok() && reads_only && is_mutation(&mut request) {
        let mut response = failed(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "a mutation needs POST",
            accept,
        );
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let operation = request
        .operation_name
        .clone()
        .unwrap_or_else(|| "anonymous".into());
    let operation = if operation.len() <= 80 {
        operation
    } else {
        "named".into()
    };
    RequestContext::current().note(|notes| notes.operation = Some(format!("graphql:{operation}")));
    let answer = match guarded {
        Err(words) => Answer::from_errors(vec![ServerError::new(words, None)]),
        Ok(()) => {
            let driver = Driver::default();
            let loader = driver.loader(caller.clone());
            driver
                .run(face.schema.execute(request.data(caller.clone()).data(loader)))
                .await
        }
    };
    let answer = shorten(answer);
    if let Err(error) = caller
        .audit_read(
            &format!("graphql:{operation}"),
            usize::from(!answer.data.eq(&async_graphql::Value::Null)),
        )
        .await
    {
        return refuse(&error, accept);
    }
    // A request error never began to run: it has no `data` at all, and the specification wants 400.
    let request_error = answer.is_err() && answer.errors.iter().all(|error| error.path.is_empty());
    let status = if request_error && is_strict(accept) {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let body = if request_error {
        serde_json::to_vec(&serde_json::json!({ "errors": answer.errors }))
    } else {
        written::body(&answer)
    };
    match body {
        Ok(body) => respond(status, body, accept),
        Err(error) => refuse(&Error::internal(error), accept),
    }
}

fn is_mutation(request: &mut Request) -> bool {
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else {
        return false;
    };
    document.operations.iter().any(|(of, operation)| {
        operation.node.ty == OperationType::Mutation
            && name.as_deref().is_none_or(|name| of.is_some_and(|of| of == name))
    })
}

/// Messages quote the document, which may be long or not the caller's own.
fn shorten(mut answer: Answer) -> Answer {
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
    answer
}

fn accept(headers: &HeaderMap) -> String {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*")
        .to_ascii_lowercase()
}

/// Whether the caller knows the newer media type, under which statuses mean something.
fn is_strict(accept: &str) -> bool {
    accept.contains(GRAPHQL_JSON) || accept.contains("*/*") || accept.contains("application/*")
}

fn respond(status: StatusCode, body: Vec<u8>, accept: &str) -> Response {
    let media = if accept.contains(GRAPHQL_JSON) {
        "application/graphql-response+json; charset=utf-8"
    } else {
        "application/json; charset=utf-8"
    };
    let mut response = (status, body).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

fn malformed(words: &str, accept: &str) -> Response {
    failed(StatusCode::BAD_REQUEST, "malformed", words, accept)
}

fn failed(status: StatusCode, code: &str, words: &str, accept: &str) -> Response {
    let mut error = ServerError::new(words, None);
    error.extensions.get_or_insert_default().set("code", code);
    let body = serde_json::to_vec(&serde_json::json!({ "errors": [error] })).unwrap_or_default();
    respond(status, body, accept)
}

/// The refusal of a whole request: who calls is not known, or the platform cannot answer.
fn refuse(error: &Error, accept: &str) -> Response {
    if let Error::Internal(cause) = error {
        tracing::error!(cause = %cause, "a request failed by a fault of ours");
    }
    let status = match error {
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = failed(status, error.code(), &error.to_string(), accept);
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

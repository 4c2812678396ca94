//! GraphQL over HTTP: POST and GET, as the specification has it; a request that cannot run is 400 without `data`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_graphql::parser::types::{OperationType, Selection};
use async_graphql::{Request, Response as Answer, ServerError};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use spiral_app::request::RequestContext;
use spiral_app::{App, Caller};
use spiral_domain::Error;

use crate::loaders::Driver;
use crate::schema::{Limits, SpiralSchema, build};
use crate::writes::Asked;
use crate::{graphiql, guard, written};

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
        Ok(request) => run(&face, caller, request, &accept, None).await,
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
        Ok(request) => {
            let key = headers.get("idempotency-key");
            let asked = Asked {
                key: key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned()),
                body,
                ..Asked::default()
            };
            run(&face, caller, request, &accept, Some(asked)).await
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

/// Runs a request; without what was asked of a write, it reads only.
async fn run(
    face: &Face,
    caller: Caller,
    mut request: Request,
    accept: &str,
    asked: Option<Asked>,
) -> Response {
    // Also here, not only in the schema: what follows parses the document itself.
    if let Err(words) = guard::check(&request.query, &face.limits) {
        let status = if is_strict(accept) {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        return failed(status, "too_large", &words, accept);
    }
    let written = written_fields(&mut request);
    if asked.is_none() && written.is_some() {
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
    let asked = Arc::new(asked.unwrap_or_default());
    if asked.key.is_some() && written.is_some_and(|fields| fields != 1) {
        let words = "under an Idempotency-Key a mutation has one field at its top, and no fragment there";
        return malformed(words, accept);
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
    let driver = Driver::default();
    let loader = driver.loader(caller.clone());
    let answer = driver
        .run(
            face.schema
                .execute(request.data(caller.clone()).data(loader).data(Arc::clone(&asked))),
        )
        .await;
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
        Ok(body) => {
            let mut response = respond(status, body, accept);
            if asked.replayed.load(Ordering::Relaxed) {
                response.headers_mut().insert(
                    HeaderName::from_static("idempotency-replayed"),
                    HeaderValue::from_static("true"),
                );
            }
            response
        }
        Err(error) => refuse(&Error::internal(error), accept),
    }
}

/// How many fields a request writes; none if it only reads. A fragment may hold any number.
fn written_fields(request: &mut Request) -> Option<usize> {
    let name = request.operation_name.clone();
    let document = request.parsed_query().ok()?;
    let mutation = document.operations.iter().find(|(of, operation)| {
        operation.node.ty == OperationType::Mutation
            && name.as_deref().is_none_or(|name| of.is_some_and(|of| of == name))
    });
    mutation.map(|(_, operation)| {
        let items = &operation.node.selection_set.node.items;
        items
            .iter()
            .map(|item| match item.node {
                Selection::Field(_) => 1,
                Selection::FragmentSpread(_) | Selection::InlineFragment(_) => 2,
            })
            .sum()
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
        Error::TooMany => StatusCode::TOO_MANY_REQUESTS,
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

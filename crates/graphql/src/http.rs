//! GraphQL over HTTP: POST and GET, as the specification has it; a request that cannot run is 400 without `data`.

use std::sync::Arc;

use async_graphql::Request;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use spiral_app::App;

use crate::answers::{Form, answer, bearer, failed, not_acceptable, refusal, refuse};
use crate::operation::Operation;
use crate::schema::{Limits, SpiralSchema, build};
use crate::socket::Sockets;
use crate::writes::Asked;
use crate::{graphiql, socket, stream};

/// What every transport serves.
pub(crate) struct Face {
    pub(crate) app: App,
    pub(crate) schema: SpiralSchema,
    pub(crate) limits: Limits,
    pub(crate) sockets: Sockets,
}

/// The GraphQL face on all its transports.
pub fn router(app: App, limits: Limits, sockets: Sockets) -> Router {
    let face = Arc::new(Face {
        app,
        schema: build(limits),
        limits,
        sockets,
    });
    Router::new()
        .route("/graphql", get(by_get).post(by_post))
        .route("/graphql/stream", get(stream::by_get).post(stream::by_post))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/graphql/assets/{*path}", get(graphiql::asset))
        .with_state(face)
}

const TAKEN: &str = "GraphQL answers application/graphql-response+json or application/json";

async fn by_get(State(face): State<Arc<Face>>, address: Uri, headers: HeaderMap) -> Response {
    if address.query().is_none() && wants_page(&headers) {
        return graphiql::page();
    }
    let Some(form) = Form::of(&headers) else {
        return not_acceptable(TAKEN);
    };
    let caller = match face.app.authenticate(bearer(&headers)).await {
        Ok(caller) => caller,
        Err(error) => return refuse(&error, form),
    };
    let operation = read_query(&address)
        .and_then(|request| Operation::new(request, None, &face.limits).map_err(Wrong::Operation));
    match operation {
        Ok(operation) => run(&face, caller, operation, form).await,
        Err(wrong) => wrong.into_response(form),
    }
}

async fn by_post(State(face): State<Arc<Face>>, request: axum::extract::Request) -> Response {
    let Some(form) = Form::of(request.headers()) else {
        return not_acceptable(TAKEN);
    };
    // Who is calling comes first: a stranger's body is not even read.
    let caller = match face.app.authenticate(bearer(request.headers())).await {
        Ok(caller) => caller,
        Err(error) => return refuse(&error, form),
    };
    let operation = read_body(request).await.and_then(|(request, asked)| {
        Operation::new(request, Some(asked), &face.limits).map_err(Wrong::Operation)
    });
    match operation {
        Ok(operation) => run(&face, caller, operation, form).await,
        Err(wrong) => wrong.into_response(form),
    }
}

async fn run(face: &Face, caller: spiral_app::Caller, operation: Operation, form: Form) -> Response {
    match operation.run(&face.schema, caller).await {
        Ok(answered) => answer(answered, form),
        Err(error) => refuse(&error, form),
    }
}

/// A browser's address bar names pages before all else.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}

/// What is wrong with a request before its operation is begun.
pub(crate) enum Wrong {
    /// The transport's own refusal.
    Transport(StatusCode, &'static str, String),
    /// The operation's.
    Operation(crate::operation::Refusal),
}

impl Wrong {
    fn malformed(words: impl Into<String>) -> Self {
        Self::Transport(StatusCode::BAD_REQUEST, "malformed", words.into())
    }

    /// The answer to it.
    pub(crate) fn into_response(self, form: Form) -> Response {
        match self {
            Self::Transport(status, code, words) => failed(status, code, &words, form),
            Self::Operation(wrong) => refusal(&wrong, form),
        }
    }
}

/// The parameters of an address, as the specification names them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    query: String,
    operation_name: String,
    variables: String,
    extensions: String,
}

/// The request that the parameters of an address make.
pub(crate) fn read_query(address: &Uri) -> Result<Request, Wrong> {
    let given = Query::<Parameters>::try_from_uri(address);
    let Query(given) = given.map_err(|error| {
        let words = format!("the query parameters cannot be read: {}", error.body_text());
        Wrong::malformed(words)
    })?;
    if given.query.is_empty() {
        return Err(Wrong::malformed("the parameter `query` is missing"));
    }
    let mut request = Request::new(given.query).variables(parsed("variables", &given.variables)?);
    request.extensions = parsed("extensions", &given.extensions)?;
    request.operation_name = Some(given.operation_name).filter(|name| !name.is_empty());
    Ok(request)
}

/// A parameter that is JSON; one that is left out or empty says nothing.
fn parsed<T: DeserializeOwned + Default>(name: &str, text: &str) -> Result<T, Wrong> {
    if text.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(text)
        .map_err(|error| Wrong::malformed(format!("the parameter `{name}` cannot be read: {error}")))
}

/// The request that a body makes, and what is asked of a write.
pub(crate) async fn read_body(request: axum::extract::Request) -> Result<(Request, Asked), Wrong> {
    let headers = request.headers().clone();
    if !is_json(&headers) {
        return Err(Wrong::Transport(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "GraphQL takes application/json, as UTF-8".to_owned(),
        ));
    }
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let words = "the body is larger than this server takes".to_owned();
            Wrong::Transport(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", words)
        } else {
            Wrong::malformed("the body could not be read to its end")
        }
    })?;
    match serde_json::from_slice::<Request>(&body) {
        Ok(request) if request.query.is_empty() => Err(Wrong::malformed("`query` is missing")),
        Ok(request) => {
            let key = headers.get("idempotency-key");
            let asked = Asked {
                key: key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned()),
                body,
                ..Asked::default()
            };
            Ok((request, asked))
        }
        Err(error) => Err(Wrong::malformed(format!(
            "the body is no GraphQL request: {error}"
        ))),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut parts = media.split(';').map(str::trim);
    let json = parts.next() == Some("application/json");
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    json && charset.is_none_or(|name| matches!(name.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"))
}

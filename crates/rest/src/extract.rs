//! What handlers take: the caller, path and query, and bodies, each with errors that name every place.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use spiral_app::{App, Caller};
use spiral_domain::{Error, Violation, Violations};

use crate::problem::{Problem, transport};
use crate::schemas;

/// The caller of a request that reads.
pub struct Read {
    /// Who.
    pub caller: Caller,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's address.
    pub uri: Uri,
}

impl FromRequestParts<App> for Read {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = app.authenticate(bearer(&parts.headers)).await?;
        Ok(Self {
            caller,
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
        })
    }
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// The caller and body of a request that writes.
pub struct Write {
    /// Who.
    pub caller: Caller,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
}

impl FromRequest<App> for Write {
    type Rejection = Response;
    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        // Who is calling comes first: a stranger's body is not even read.
        let caller = app
            .authenticate(bearer(&parts.headers))
            .await
            .map_err(|error| Problem(error).into_response())?;
        let request = Request::from_parts(parts.clone(), body);
        let body = read_body(request).await?;
        Ok(Self {
            caller,
            headers: parts.headers,
            body,
            method: parts.method,
            uri: parts.uri,
        })
    }
}

async fn read_body(request: Request<Body>) -> Result<Bytes, Response> {
    Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            transport(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "the body is larger than this server takes",
            )
        } else {
            transport(
                StatusCode::BAD_REQUEST,
                "malformed",
                "the body could not be read to its end",
            )
        }
    })
}

impl Write {
    /// The media type of the body, without parameters, in lower case.
    pub fn media_type(&self) -> String {
        let value = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// The body as JSON; every structural error at once.
    pub fn json<T: DeserializeOwned + utoipa::ToSchema>(&self) -> Result<T, Response> {
        let media_type = self.media_type();
        let json = matches!(
            media_type.as_str(),
            "application/json" | "application/merge-patch+json"
        ) || (media_type.starts_with("application/") && media_type.ends_with("+json"));
        if !json {
            let detail = "this path takes application/json";
            return Err(transport(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                detail,
            ));
        }
        read_json(&self.body).map_err(|error| Problem(error).into_response())
    }

    /// The version that `If-Match` names; `*` and absence name none.
    pub fn if_match(&self) -> Result<Option<i64>, Problem> {
        let Some(value) = self.headers.get(header::IF_MATCH) else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let version = text
            .trim_matches('"')
            .split('-')
            .next()
            .and_then(|version| version.parse().ok());
        version.map(Some).ok_or(Problem(Error::Stale))
    }

    /// The request's `Idempotency-Key`.
    pub fn key(&self) -> Option<String> {
        self.headers
            .get("idempotency-key")
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

/// JSON as `T`; where it does not fit, everything that does not.
pub fn read_json<T: DeserializeOwned + utoipa::ToSchema>(body: &[u8]) -> spiral_domain::Result<T> {
    match serde_json::from_slice(body) {
        Ok(read) => Ok(read),
        Err(error) => match serde_json::from_slice::<serde_json::Value>(body) {
            Err(_) => Err(Error::Malformed(vec![Violation::new(
                "",
                "json_syntax",
                format!("the body is not JSON: {error}"),
            )])),
            Ok(value) => Err(Error::Invalid(misfits::<T>(&value, &error))),
        },
    }
}

/// Everything in `value` that does not fit the published schema of `T`.
pub(crate) fn misfits<T: utoipa::ToSchema>(
    value: &serde_json::Value,
    error: &serde_json::Error,
) -> Vec<Violation> {
    let found = schemas::violations(&T::name(), value);
    if found.is_empty() {
        vec![Violation::new("", "structure", error.to_string())]
    } else {
        found
    }
}

/// The query, by name; unknown and wrong parameters are all named.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + utoipa::IntoParams> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        read_query(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(Problem)
    }
}

fn read_query<T: DeserializeOwned + utoipa::IntoParams>(query: &str) -> spiral_domain::Result<T> {
    match serde_html_form::from_str(query) {
        Ok(read) => Ok(read),
        Err(error) => {
            let mut found = Violations::new();
            let known: Vec<String> = T::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query))
                .into_iter()
                .map(|param| param.name)
                .collect();
            let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
            for (n, (name, value)) in pairs.iter().enumerate() {
                let pointer = format!("/query/{}", name.replace('~', "~0").replace('/', "~1"));
                if !known.contains(name) {
                    found.add(
                        pointer,
                        "unknown_parameter",
                        format!("there is no parameter `{name}`; known are {}", known.join(", ")),
                    );
                } else if pairs[..n].iter().any(|(before, _)| before == name) {
                    // Repeatable parameters read well together; which are not, the words below say.
                } else if let Err(error) = serde_html_form::from_str::<T>(
                    &serde_html_form::to_string([(name, value)]).unwrap_or_default(),
                ) {
                    let words = error.to_string();
                    // Alone it may lack others that are required: that is not its own fault.
                    if !words.starts_with("missing field") {
                        found.add(pointer, "bad_parameter", words);
                    }
                }
            }
            if found.is_empty() {
                found.add("/query", "bad_query", error.to_string());
            }
            Err(Error::Malformed(found.into_vec()))
        }
    }
}

/// One part of the path.
pub struct Part<T>(pub T);

impl<T, S> FromRequestParts<S> for Part<T>
where
    T: std::str::FromStr + Send,
    T::Err: std::fmt::Display,
    S: Send + Sync,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = |detail: String| {
            Problem(Error::Malformed(vec![Violation::new(
                "/path",
                "bad_reference",
                detail,
            )]))
        };
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| malformed(error.to_string()))?;
        text.parse()
            .map(Self)
            .map_err(|error: T::Err| malformed(error.to_string()))
    }
}

/// Two parts of the path.
pub struct Parts2<A, B>(pub A, pub B);

impl<A, B, S> FromRequestParts<S> for Parts2<A, B>
where
    A: std::str::FromStr + Send,
    A::Err: std::fmt::Display,
    B: std::str::FromStr + Send,
    B::Err: std::fmt::Display,
    S: Send + Sync,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = |detail: String| {
            Problem(Error::Malformed(vec![Violation::new(
                "/path",
                "bad_reference",
                detail,
            )]))
        };
        let Path((a, b)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|error| malformed(error.to_string()))?;
        let a = a.parse().map_err(|error: A::Err| malformed(error.to_string()))?;
        let b = b.parse().map_err(|error: B::Err| malformed(error.to_string()))?;
        Ok(Self(a, b))
    }
}

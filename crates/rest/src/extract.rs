//! What handlers take: the caller, path and query, and bodies, each with errors that name every place.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use spiral_app::{App, Caller};
use spiral_domain::{Error, Violation};

use crate::accept::{Form, choose};
use crate::problem::{Problem, transport};
use crate::schemas::Bounds;
use crate::{schemas, strict};

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
        refuse_query(parts)?;
        Ok(Self {
            caller,
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
        })
    }
}

/// The query parameters that the operation publishes.
fn published(parts: &Parts) -> Option<&'static HashMap<String, Bounds>> {
    schemas::query_of(&parts.method, parts.extensions.get::<MatchedPath>()?.as_str())
}

/// Parameters that go beyond what is published of them: what is said of a value holds.
pub(crate) fn beyond_bounds(parts: &Parts, pairs: &[(String, String)]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, bounds) in published(parts).into_iter().flatten() {
        let given = || pairs.iter().filter(|(of, _)| of == name);
        if let Some(most) = bounds.length
            && given().any(|(_, value)| value.chars().count() > most)
        {
            let detail = format!("is longer than {most} characters");
            found.push(Violation::new(query_pointer(name), "too_long", detail));
        }
        if let Some(most) = bounds.times
            && given().count() > most
        {
            let detail = format!("is given more than {most} times");
            found.push(Violation::new(query_pointer(name), "too_many", detail));
        }
    }
    found
}

/// An operation without query parameters takes none: a misspelt one is not passed over.
pub(crate) fn refuse_query(parts: &Parts) -> Result<(), Problem> {
    if published(parts).is_none_or(|taken| !taken.is_empty()) {
        return Ok(());
    }
    let pairs: Vec<(String, String)> =
        serde_html_form::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    match unknown_parameters(&pairs, &[]) {
        found if found.is_empty() => Ok(()),
        found => Err(Problem(Error::Malformed(found))),
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
        refuse_query(&parts).map_err(IntoResponse::into_response)?;
        // Nothing is written whose answer the caller would not take.
        choose(&parts.headers, &[Form::Json])?;
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
    /// The media type of the body, without parameters, in lower case; empty if its text is not UTF-8.
    pub fn media_type(&self) -> String {
        let value = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let mut parts = value.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_owned();
        let charset = parts
            .find_map(|part| part.strip_prefix("charset="))
            .map(|name| name.trim_matches('"'));
        match charset {
            None | Some("utf-8" | "utf8" | "us-ascii") => media_type,
            Some(_) => String::new(),
        }
    }

    /// The body as JSON; every structural error at once.
    pub fn json<T: DeserializeOwned + utoipa::ToSchema>(&self) -> Result<T, Response> {
        let patch = self.method == Method::PATCH;
        let taken = match self.media_type().as_str() {
            "application/json" => true,
            "application/merge-patch+json" => patch,
            _ => false,
        };
        if !taken {
            let name = if patch {
                "application/merge-patch+json"
            } else {
                "application/json"
            };
            let mut response = unsupported(format!("this path takes {name}, as UTF-8"));
            if patch {
                let accepted = HeaderValue::from_static("application/merge-patch+json, application/json");
                response
                    .headers_mut()
                    .insert(HeaderName::from_static("accept-patch"), accepted);
            }
            return Err(response);
        }
        read_json(&self.body).map_err(|error| Problem(error).into_response())
    }

    /// The version that `If-Match` names; `*` and absence name none.
    pub fn if_match(&self) -> Result<Option<i64>, Problem> {
        if let Some(value) = self.headers.get(header::IF_NONE_MATCH) {
            // What is to be changed is there, so `*` fails; any other condition here is a mistake.
            return Err(Problem(if value.as_bytes() == b"*" {
                Error::Stale
            } else {
                let detail = "a write takes If-Match";
                Error::Malformed(vec![Violation::new(
                    "/header/If-None-Match",
                    "bad_condition",
                    detail,
                )])
            }));
        }
        let mut given = self.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = given.next() else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or_default().trim();
        if given.next().is_some() || text.contains(',') {
            let detail = "If-Match takes one ETag, or `*`";
            return Err(Problem(Error::Malformed(vec![Violation::new(
                "/header/If-Match",
                "bad_condition",
                detail,
            )])));
        }
        if text == "*" {
            return Ok(None);
        }
        // A weak tag never matches here (RFC 9110 §13.1.1).
        let version = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .and_then(|text| text.split('-').next())
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

/// 415.
pub(crate) fn unsupported(detail: impl Into<String>) -> Response {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    transport(status, "unsupported_media_type", detail)
}

/// JSON as `T`; where it does not fit, everything that does not.
pub fn read_json<T: DeserializeOwned + utoipa::ToSchema>(body: &[u8]) -> spiral_domain::Result<T> {
    match strict::from_slice(body) {
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
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
        let beyond = beyond_bounds(parts, &pairs);
        match read_query(&pairs, &names_of::<T>()) {
            Ok(read) if beyond.is_empty() => Ok(Self(read)),
            read => {
                let found = read.err().unwrap_or_default();
                Err(Problem(Error::Malformed([found, beyond].concat())))
            }
        }
    }
}

/// A query of parts that have no name in common, each as a type of its own.
pub struct Queries<A, B, C>(pub A, pub B, pub C);

impl<A, B, C> FromRequestParts<App> for Queries<A, B, C>
where
    A: DeserializeOwned + utoipa::IntoParams,
    B: DeserializeOwned + utoipa::IntoParams,
    C: DeserializeOwned + utoipa::IntoParams,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
        let names = [names_of::<A>(), names_of::<B>(), names_of::<C>()];
        let mut found = unknown_parameters(&pairs, &names.concat());
        found.extend(beyond_bounds(parts, &pairs));
        let read = (
            read_part(&pairs, &names[0], &mut found),
            read_part(&pairs, &names[1], &mut found),
            read_part(&pairs, &names[2], &mut found),
        );
        match read {
            (Some(a), Some(b), Some(c)) if found.is_empty() => Ok(Self(a, b, c)),
            _ => Err(Problem(Error::Malformed(found))),
        }
    }
}

fn read_part<T: DeserializeOwned + utoipa::IntoParams>(
    pairs: &[(String, String)],
    names: &[String],
    found: &mut Vec<Violation>,
) -> Option<T> {
    let own: Vec<(String, String)> = pairs
        .iter()
        .filter(|(name, _)| names.contains(name))
        .cloned()
        .collect();
    match read_query(&own, names) {
        Ok(read) => Some(read),
        Err(more) => {
            found.extend(more);
            None
        }
    }
}

/// The names of the query parameters of `T`.
pub(crate) fn names_of<T: utoipa::IntoParams>() -> Vec<String> {
    T::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query))
        .into_iter()
        .map(|param| param.name)
        .collect()
}

/// Those among them that must be given.
fn required<T: utoipa::IntoParams>() -> Vec<String> {
    T::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query))
        .into_iter()
        .filter(|param| matches!(param.required, utoipa::openapi::Required::True))
        .map(|param| param.name)
        .collect()
}

fn query_pointer(name: &str) -> String {
    format!("/query/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The parameters that are not among the known ones.
fn unknown_parameters(pairs: &[(String, String)], known: &[String]) -> Vec<Violation> {
    let unknown = pairs.iter().filter(|(name, _)| !known.contains(name));
    let listed = if known.is_empty() {
        "this operation takes none".to_owned()
    } else {
        format!("known are {}", known.join(", "))
    };
    unknown
        .take(100)
        .map(|(name, _)| {
            let name: String = name.chars().take(100).collect();
            let detail = format!("there is no parameter `{name}`; {listed}");
            Violation::new(query_pointer(&name), "unknown_parameter", detail)
        })
        .collect()
}

/// Parameters as `T`, or everything that is wrong with them; `known` are the names that the operation takes.
pub(crate) fn read_query<T: DeserializeOwned + utoipa::IntoParams>(
    pairs: &[(String, String)],
    known: &[String],
) -> Result<T, Vec<Violation>> {
    let read = |pairs: &[&(String, String)]| {
        let query = serde_html_form::to_string(pairs).unwrap_or_default();
        serde_html_form::from_str::<T>(&query).map_err(|error| error.to_string())
    };
    // Read as it comes, an empty value is an absent one, and a list that was to be narrowed comes whole. Only a
    // stratum may be empty: the whole population.
    let mut found: Vec<Violation> = pairs
        .iter()
        .filter(|(name, value)| value.is_empty() && name != "stratum" && known.contains(name))
        .map(|(name, _)| Violation::new(query_pointer(name), "empty", "is given without a value"))
        .collect();
    // One of several values has no place of its own.
    found.dedup();
    let words = match read(&pairs.iter().collect::<Vec<_>>()) {
        Ok(read) if found.is_empty() => return Ok(read),
        Ok(_) => return Err(found),
        Err(words) => words,
    };
    found.extend(unknown_parameters(pairs, known));
    for name in known {
        let given: Vec<&(String, String)> = pairs.iter().filter(|(of, _)| of == name).collect();
        // Alone it may lack others that are required: that is not its own fault.
        let wrong = |pairs: &[&(String, String)]| {
            read(pairs)
                .err()
                .filter(|words| !words.starts_with("missing field"))
        };
        if let Some(words) = given.iter().find_map(|pair| wrong(&[pair])) {
            found.push(Violation::new(query_pointer(name), "bad_parameter", words));
        } else if given.len() > 1 && wrong(&given).is_some() {
            let detail = "is given more than once";
            found.push(Violation::new(query_pointer(name), "repeated_parameter", detail));
        }
    }
    for name in required::<T>() {
        if !pairs.iter().any(|(given, _)| *given == name) {
            let detail = format!("`{name}` is required");
            found.push(Violation::new(query_pointer(&name), "missing", detail));
        }
    }
    if found.is_empty() {
        found.push(Violation::new("/query", "bad_query", words));
    }
    Err(found)
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

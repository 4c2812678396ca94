//! What handlers answer: records with ETags, pages with links, CSV where asked for; reads by API clients are
//! audited before the answer leaves.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spiral_app::{Caller, Once, once};
use spiral_domain::Page;

use crate::extract::{Read, Write};
use crate::problem::{Problem, transport};

/// An answer, or the problem that stood in its way; both are responses.
pub type Reply = Result<Response, Response>;

/// Turns a use case's error into a response.
pub(crate) fn refuse(error: spiral_domain::Error) -> Response {
    Problem(error).into_response()
}

impl Read {
    /// One record of this version.
    pub async fn record<T: Serialize>(&self, operation: &str, version: i64, record: &T) -> Reply {
        self.takes_json()?;
        self.caller.audit_read(operation, 1).await.map_err(refuse)?;
        let etag = etag(&self.caller, version);
        let known = self
            .headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let mut response = if known
            .split(',')
            .any(|tag| tag.trim() == etag || tag.trim() == "*")
        {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Json(record).into_response()
        };
        set(&mut response, header::ETAG, &etag);
        private(&mut response);
        Ok(response)
    }

    /// Something without a version.
    pub async fn answer<T: Serialize>(&self, operation: &str, records: usize, answer: &T) -> Reply {
        self.takes_json()?;
        self.caller.audit_read(operation, records).await.map_err(refuse)?;
        let mut response = Json(answer).into_response();
        private(&mut response);
        Ok(response)
    }

    /// A page of a list, with a link to the next.
    pub async fn page<T: Serialize>(&self, operation: &str, page: &Page<T>) -> Reply {
        self.takes_json()?;
        self.caller
            .audit_read(operation, page.data.len())
            .await
            .map_err(refuse)?;
        let mut response = Json(page).into_response();
        if let Some(cursor) = &page.page.next_cursor {
            let kept: Vec<(String, String)> =
                serde_html_form::from_str(self.uri.query().unwrap_or_default()).unwrap_or_default();
            let mut query: Vec<(String, String)> =
                kept.into_iter().filter(|(name, _)| name != "cursor").collect();
            query.push(("cursor".into(), cursor.clone()));
            let query = serde_html_form::to_string(query).unwrap_or_default();
            set(
                &mut response,
                header::LINK,
                &format!("<{}?{query}>; rel=\"next\"", self.uri.path()),
            );
        }
        private(&mut response);
        Ok(response)
    }

    /// Rows as CSV if `Accept` asks for it, else the answer as JSON. Aggregates answer so.
    pub async fn rows_or<T: Serialize, R: Serialize>(
        &self,
        operation: &str,
        answer: &T,
        rows: impl FnOnce() -> Vec<R>,
        count: usize,
    ) -> Reply {
        match wanted(&self.headers) {
            Wanted::Json => self.answer(operation, count, answer).await,
            Wanted::Csv => {
                self.caller.audit_read(operation, count).await.map_err(refuse)?;
                let mut writer = csv::Writer::from_writer(Vec::new());
                for row in rows() {
                    writer
                        .serialize(row)
                        .map_err(|error| refuse(spiral_domain::Error::internal(error)))?;
                }
                let text = writer
                    .into_inner()
                    .map_err(|error| refuse(spiral_domain::Error::internal(error.to_string())))?;
                let mut response = text.into_response();
                set(
                    &mut response,
                    header::CONTENT_TYPE,
                    "text/csv; charset=utf-8; header=present",
                );
                set(&mut response, header::VARY, "Accept");
                private(&mut response);
                Ok(response)
            }
            Wanted::Other => Err(not_acceptable("application/json or text/csv")),
        }
    }

    /// Refuses where `Accept` leaves no room for JSON: who asks for CSV must not get something else unawares.
    fn takes_json(&self) -> Result<(), Response> {
        let json =
            ranges(&self.headers).any(|(wanted, weight)| matches!(wanted, Wanted::Json) && weight > 0.0);
        if json {
            Ok(())
        } else {
            Err(not_acceptable("application/json"))
        }
    }
}

fn not_acceptable(what: &str) -> Response {
    let detail = format!("this can be had as {what}");
    transport(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
}

enum Wanted {
    Json,
    Csv,
    Other,
}

/// What `Accept` prefers of JSON and CSV.
fn wanted(headers: &HeaderMap) -> Wanted {
    let mut best = (Wanted::Other, 0.0_f32);
    for range in ranges(headers) {
        if range.1 > best.1 && !matches!(range.0, Wanted::Other) {
            best = range;
        }
    }
    best.0
}

/// The ranges of `Accept` with their weights.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (Wanted, f32)> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    accept.split(',').map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .and_then(|q| q.parse().ok())
            .unwrap_or(1.0);
        let wanted = match media.as_str() {
            "*/*" | "application/json" | "application/*" => Wanted::Json,
            "text/csv" | "text/*" => Wanted::Csv,
            _ => Wanted::Other,
        };
        (wanted, weight)
    })
}

impl Write {
    /// Runs a use case once per `Idempotency-Key`, and answers with `status`.
    pub async fn once<T, F, Fut>(&self, status: StatusCode, run: F) -> Reply
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce(Caller) -> Fut,
        Fut: Future<Output = spiral_domain::Result<T>>,
    {
        let (method, uri) = (self.method.as_str(), self.uri.to_string());
        let request = [method.as_bytes(), uri.as_bytes(), self.body.as_ref()];
        let Once { answer, replayed } = once(&self.caller, self.key(), &request, run)
            .await
            .map_err(refuse)?;
        let mut response = (status, Json(&answer)).into_response();
        if replayed {
            set(
                &mut response,
                header::HeaderName::from_static("idempotency-replayed"),
                "true",
            );
        }
        private(&mut response);
        Ok(response)
    }

    /// The same for a record that has a version and an address.
    pub async fn once_record<T, F, Fut>(
        &self,
        status: StatusCode,
        version: impl FnOnce(&T) -> i64,
        place: impl FnOnce(&T) -> String,
        run: F,
    ) -> Reply
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce(Caller) -> Fut,
        Fut: Future<Output = spiral_domain::Result<T>>,
    {
        let (method, uri) = (self.method.as_str(), self.uri.to_string());
        let request = [method.as_bytes(), uri.as_bytes(), self.body.as_ref()];
        let Once { answer, replayed } = once(&self.caller, self.key(), &request, run)
            .await
            .map_err(refuse)?;
        let mut response = (status, Json(&answer)).into_response();
        set(&mut response, header::ETAG, &etag(&self.caller, version(&answer)));
        if status == StatusCode::CREATED {
            set(&mut response, header::LOCATION, &place(&answer));
        }
        if replayed {
            set(
                &mut response,
                header::HeaderName::from_static("idempotency-replayed"),
                "true",
            );
        }
        private(&mut response);
        Ok(response)
    }
}

/// Version and view: `If-Match` compares the version, `If-None-Match` the whole.
fn etag(caller: &Caller, version: i64) -> String {
    format!("\"{version}-{}\"", caller.view_mark())
}

/// What one caller may see is no other's business: no shared cache keeps it.
fn private(response: &mut Response) {
    set(response, header::CACHE_CONTROL, "private, no-cache");
}

pub(crate) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

//! What handlers answer: records with ETags, pages with links, CSV where asked for; reads by API clients are
//! audited before the answer leaves.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spiral_app::{Caller, Once, once};
use spiral_domain::Page;

use crate::accept::{Form, choose};
use crate::csv_lines::write_rows;
use crate::extract::{Read, Write};
use crate::problem::Problem;

/// An answer, or the problem that stood in its way; both are responses.
pub type Reply = Result<Response, Response>;

/// Turns a use case's error into a response.
pub(crate) fn refuse(error: spiral_domain::Error) -> Response {
    Problem(error).into_response()
}

impl Read {
    /// One record of this version.
    pub async fn record<T: Serialize>(&self, operation: &str, version: i64, record: &T) -> Reply {
        choose(&self.headers, &[Form::Json])?;
        self.caller.audit_read(operation, 1).await.map_err(refuse)?;
        let etag = etag(&self.caller, version);
        let mut response = if self.knows(&etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Json(record).into_response()
        };
        set(&mut response, header::ETAG, &etag);
        private(&mut response);
        Ok(response)
    }

    /// Whether `If-None-Match` names this ETag; weak tags count (RFC 9110 §13.1.2).
    fn knows(&self, etag: &str) -> bool {
        self.headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    }

    /// Something without a version.
    pub async fn answer<T: Serialize>(&self, operation: &str, records: usize, answer: &T) -> Reply {
        choose(&self.headers, &[Form::Json])?;
        self.caller.audit_read(operation, records).await.map_err(refuse)?;
        let mut response = Json(answer).into_response();
        private(&mut response);
        Ok(response)
    }

    /// A page of a list as JSON, with a link to the next.
    pub(crate) async fn page<T: Serialize>(&self, operation: &str, page: &Page<T>) -> Reply {
        self.caller
            .audit_read(operation, page.data.len())
            .await
            .map_err(refuse)?;
        let mut response = Json(page).into_response();
        self.link_next(&mut response, page.page.next_cursor.as_deref());
        set(&mut response, header::VARY, "Accept");
        private(&mut response);
        Ok(response)
    }

    /// A picture, with an ETag of its bytes: what looks the same is not sent again, whatever else has changed.
    pub(crate) async fn picture(&self, operation: &str, form: Form, series: usize, bytes: Vec<u8>) -> Reply {
        choose(&self.headers, &[form])?;
        self.caller.audit_read(operation, series).await.map_err(refuse)?;
        let etag = format!("\"{}\"", spiral_app::analysis::pictures::mark(&bytes));
        let mut response = if self.knows(&etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = bytes.into_response();
            set(&mut response, header::CONTENT_TYPE, form.content_type());
            response
        };
        set(&mut response, header::ETAG, &etag);
        // Opened by itself a drawing is a document of our own address: it may style itself and do nothing else.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
        set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        private(&mut response);
        Ok(response)
    }

    /// Not modified, if the caller knows what is worked out of the records as they stand; it is not worked out again.
    pub(crate) async fn unchanged(&self, operation: &str) -> Result<Option<Response>, Response> {
        let form = choose(&self.headers, &[Form::Json, Form::Csv])?;
        let Some(etag) = self.mark(form).filter(|etag| self.knows(etag)) else {
            return Ok(None);
        };
        self.caller.audit_read(operation, 1).await.map_err(refuse)?;
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        set(&mut response, header::ETAG, &etag);
        set(&mut response, header::VARY, "Accept");
        private(&mut response);
        Ok(Some(response))
    }

    /// The ETag of what is worked out of the records as they stand (ADR 9), in one of its forms.
    fn mark(&self, form: Form) -> Option<String> {
        let mark = self.caller.answer_mark()?;
        let form = form.name().rsplit('/').next().unwrap_or_default();
        Some(format!("\"{mark}-{form}\""))
    }

    /// The same as [`rows_or`](Self::rows_or), with an ETag, and a link to the next page if there is one.
    pub(crate) async fn computed<T: Serialize, R: Serialize>(
        &self,
        operation: &str,
        answer: &T,
        rows: impl FnOnce() -> Vec<R>,
        count: usize,
        next: Option<&str>,
    ) -> Reply {
        let form = choose(&self.headers, &[Form::Json, Form::Csv])?;
        let mut response = self.rows_or(operation, answer, rows, count).await?;
        if let Some(etag) = self.mark(form) {
            set(&mut response, header::ETAG, &etag);
        }
        self.link_next(&mut response, next);
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
        let form = choose(&self.headers, &[Form::Json, Form::Csv])?;
        self.caller.audit_read(operation, count).await.map_err(refuse)?;
        let mut response = if form == Form::Csv {
            write_rows(rows()).map_err(refuse)?.into_response()
        } else {
            Json(answer).into_response()
        };
        set(&mut response, header::CONTENT_TYPE, form.content_type());
        set(&mut response, header::VARY, "Accept");
        private(&mut response);
        Ok(response)
    }
}

impl Write {
    /// Runs a use case once per `Idempotency-Key`, and answers with `status`.
    pub async fn once<T, F, Fut>(&self, status: StatusCode, run: F) -> Reply
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce(Caller) -> Fut,
        Fut: Future<Output = spiral_domain::Result<T>>,
    {
        // What has no version has no ETag that could match (RFC 9110 §13.1.1).
        if self.if_match().map_err(IntoResponse::into_response)?.is_some() {
            return Err(refuse(spiral_domain::Error::Stale));
        }
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
pub(crate) fn private(response: &mut Response) {
    set(response, header::CACHE_CONTROL, "private, no-cache");
}

pub(crate) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

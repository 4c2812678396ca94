//! Lists: a page as JSON, or the whole as CSV or NDJSON, written page by page so that its size costs no memory.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use spiral_app::{App, Caller};
use spiral_domain::{Error, Page, PageRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::accept::{Form, choose};
use crate::csv_lines::{Columns, write_line};
use crate::extract::{Read, beyond_bounds, names_of, read_query};
use crate::problem::Problem;
use crate::reply::{Reply, private, refuse, set};

/// A list's own filters, and which part of it is asked for; everything that is wrong with either is named at once.
pub struct List<F>(pub F, pub PageRequest);

/// Which part of a list without filters is asked for.
pub struct Paged(pub PageRequest);

impl FromRequestParts<App> for Paged {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let List(NoFilter {}, page) = List::from_request_parts(parts, app).await?;
        Ok(Self(page))
    }
}

/// The filters of a list that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}

impl IntoParams for NoFilter {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

impl<F: DeserializeOwned + IntoParams> FromRequestParts<App> for List<F> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let of_page = names_of::<PageRequest>();
        let known: Vec<String> = names_of::<F>().into_iter().chain(of_page.clone()).collect();
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
        let beyond = beyond_bounds(parts, &pairs);
        let (page, filter): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| of_page.contains(name));
        match (
            read_query::<F>(&filter, &known),
            read_query::<PageRequest>(&page, &known),
        ) {
            (Ok(filter), Ok(page)) if beyond.is_empty() => Ok(Self(filter, page)),
            (filter, page) => {
                let found = [filter.err(), page.err(), Some(beyond)].into_iter().flatten();
                Err(Problem(Error::Malformed(found.flatten().collect())))
            }
        }
    }
}

impl Read {
    /// A list: one page as JSON; as CSV or NDJSON all pages, or one if `limit` is given. `fetch` reads a page. No page
    /// leaves before its reading is audited.
    pub async fn list<T, F, Fut>(&self, operation: &'static str, mut page: PageRequest, fetch: F) -> Reply
    where
        T: Serialize + Send + 'static,
        F: Fn(Caller, PageRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = spiral_domain::Result<Page<T>>> + Send + 'static,
    {
        let form = choose(&self.headers, &[Form::Json, Form::Csv, Form::Ndjson])?;
        if form == Form::Json {
            let found = fetch(self.caller.clone(), page).await.map_err(refuse)?;
            return self.page(operation, &found).await;
        }
        let whole = page.limit.is_none();
        if whole {
            page.limit = Some(self.caller.app().settings().page_size);
        }
        let export = Export {
            audited: format!("{operation} as {}", form.name()),
            caller: self.caller.clone(),
            form,
            columns: Columns::of(operation),
            page,
            fetch,
        };
        let (first, next) = export.read(true).await.map_err(refuse)?;
        let mut response = if whole {
            let first = stream::once(std::future::ready(Ok(first)));
            let rest = stream::try_unfold(
                (export, next),
                move |(mut export, next): (Export<F>, Option<String>)| async move {
                    let Some(cursor) = next else { return Ok(None) };
                    export.page.cursor = Some(cursor);
                    match export.read(false).await {
                        Ok((text, next)) => Ok(Some((text, (export, next)))),
                        Err(error) => {
                            // The status has left: what remains is to break off, so that nobody takes a part for the whole.
                            tracing::error!(error = %error, operation, "an export broke off");
                            Err(io::Error::other("the export broke off"))
                        }
                    }
                },
            );
            Body::from_stream(first.chain(rest)).into_response()
        } else {
            let mut response = first.into_response();
            self.link_next(&mut response, next.as_deref());
            response
        };
        set(&mut response, header::CONTENT_TYPE, form.content_type());
        set(&mut response, header::VARY, "Accept");
        private(&mut response);
        Ok(response)
    }

    /// A link to the page behind this cursor.
    pub(crate) fn link_next(&self, response: &mut Response, cursor: Option<&str>) {
        let Some(cursor) = cursor else { return };
        let kept: Vec<(String, String)> =
            serde_html_form::from_str(self.uri.query().unwrap_or_default()).unwrap_or_default();
        let mut query: Vec<(String, String)> =
            kept.into_iter().filter(|(name, _)| name != "cursor").collect();
        query.push(("cursor".into(), cursor.to_owned()));
        let query = serde_html_form::to_string(query).unwrap_or_default();
        let link = format!("<{}?{query}>; rel=\"next\"", self.uri.path());
        set(response, header::LINK, &link);
    }
}

/// A list on its way out, a page at a time.
struct Export<F> {
    caller: Caller,
    audited: String,
    form: Form,
    columns: Columns,
    page: PageRequest,
    fetch: F,
}

impl<F> Export<F> {
    /// A page as text, and the cursor of the next.
    async fn read<T, Fut>(&self, first: bool) -> spiral_domain::Result<(Bytes, Option<String>)>
    where
        T: Serialize,
        F: Fn(Caller, PageRequest) -> Fut,
        Fut: Future<Output = spiral_domain::Result<Page<T>>>,
    {
        let found = (self.fetch)(self.caller.clone(), self.page.clone()).await?;
        self.caller.audit_read(&self.audited, found.data.len()).await?;
        let mut text = Vec::new();
        if self.form == Form::Csv {
            if first {
                self.columns.write_header(&mut text)?;
            }
            for record in &found.data {
                let record = serde_json::to_value(record).map_err(Error::internal)?;
                write_line(&mut text, self.columns.cells(&record))?;
            }
        } else {
            for record in &found.data {
                serde_json::to_writer(&mut text, record).map_err(Error::internal)?;
                text.push(b'\n');
            }
        }
        Ok((text.into(), found.page.next_cursor))
    }
}

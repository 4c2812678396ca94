//! The document and its pages, served without a network.

use std::fmt::Write as _;

use axum::Json;
use axum::response::Html;
use serde_json::Value;
use spiral_app::App;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::PROBLEMS;
use crate::schemas;

/// `/openapi.json`.
pub(crate) async fn openapi_json() -> Json<&'static Value> {
    Json(schemas::document())
}

/// `/docs`, with assets of our own.
pub(crate) fn swagger() -> axum::Router<App> {
    SwaggerUi::new("/docs")
        .config(
            Config::from("/openapi.json")
                .try_it_out_enabled(true)
                .persist_authorization(false),
        )
        .into()
}

/// `/docs/problems`: what each problem means.
pub(crate) async fn problems() -> Html<String> {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Problems \u{b7} Spiral</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;\
         padding:0 1rem;color-scheme:light dark}code{font-size:1.05em}dt{margin-top:1.2rem}dd{margin:0}</style>\
         <h1>Problems</h1><p>Every refusal is <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable, \
         <code>errors</code> names every wrong place by JSON Pointer, <code>instance</code> is the request\u{2019}s id.</p><dl>",
    );
    for (code, status, words) in PROBLEMS {
        let _ = write!(
            page,
            "<dt id=\"{code}\"><code>{code}</code> ({status})</dt><dd>{}</dd>",
            escape(words)
        );
    }
    page.push_str("</dl></html>");
    Html(page)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut code = false;
    for letter in text.chars() {
        match letter {
            '`' => {
                escaped.push_str(if code { "</code>" } else { "<code>" });
                code = !code;
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            other => escaped.push(other),
        }
    }
    escaped
}

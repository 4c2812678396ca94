//! The REST face: routes, problem bodies, OpenAPI. It calls use cases and decides nothing.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::get;
use spiral_app::App;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

mod accept;
mod analysis;
mod batch;
mod csv_lines;
mod docs;
mod document;
pub mod extract;
mod field_tests;
mod innovations;
mod lists;
mod measures;
mod microsystems;
mod oauth;
mod paths;
mod people;
pub mod problem;
mod publish;
mod reply;
mod retiring;
mod schemas;
mod spread;
mod strict;
mod surveys;
mod sustainability;
mod tenancy;

use retiring::{RETIRING, announce};

/// Every documented route.
fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .merge(tenancy::routes())
        .merge(people::routes())
        .merge(measures::routes())
        .merge(analysis::routes())
        .merge(innovations::routes())
        .merge(spread::routes())
        .merge(field_tests::routes())
        .merge(sustainability::routes())
        .merge(microsystems::routes())
        .merge(surveys::routes())
        .merge(oauth::routes())
}

/// The published OpenAPI document.
pub fn openapi() -> serde_json::Value {
    let (_, document) = documented().split_for_parts();
    publish::publish(document::finish(document))
}

/// The REST face.
pub fn router(app: App) -> Router {
    let (routes, _) = documented().split_for_parts();
    routes
        .route("/openapi.json", get(docs::openapi_json))
        .route("/docs/problems", get(docs::problems))
        .merge(docs::swagger())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(|request, next| announce(RETIRING, request, next)))
        .with_state(app)
}

async fn not_found() -> Response {
    problem::transport(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this address; /docs lists what there is",
    )
}

async fn method_not_allowed() -> Response {
    problem::transport(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take this method",
    )
}

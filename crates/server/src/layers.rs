//! What surrounds every request: its id, its log line and metrics, time limits, a net under panics, and the
//! headers that keep browsers safe.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, extract::DefaultBodyLimit};
use spiral_app::App;
use spiral_app::request::RequestContext;
use spiral_rest::problem::transport;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tracing::Instrument as _;

use crate::config::Config;
use crate::overload::{Places, admit};
use crate::telemetry::{RequestLine, Telemetry, adopt_parent, canonical_line, remote_parent, trace_id};

/// The whole service: both faces, health, metrics, and what surrounds them.
pub(crate) fn service(app: App, config: &Config, telemetry: Arc<Telemetry>) -> Router {
    let limits = spiral_graphql::Limits {
        depth: config.limits.graphql_depth,
        complexity: config.limits.graphql_complexity,
        aliases: config.limits.graphql_aliases,
        tokens: config.limits.graphql_tokens,
        nesting: config.limits.graphql_nesting,
    };
    let watched = Arc::clone(&telemetry);
    let ready = app.clone();
    let around = Around {
        telemetry,
        timeout: config.server.request_timeout(),
        server_timing: config.server.server_timing,
    };
    let places = Places::new(config.limits.concurrent_requests);
    spiral_rest::router(app.clone())
        .merge(spiral_graphql::router(app, limits))
        .route("/", get(async || axum::response::Redirect::temporary("/docs")))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(async move || readiness(&ready).await))
        .route("/metrics", get(async move || metrics(&watched)))
        .layer(DefaultBodyLimit::max(config.limits.body_bytes))
        .layer(CompressionLayer::new().gzip(true))
        .layer(cors(&config.server.cors_origins))
        .layer(middleware::from_fn(safe_headers))
        .layer(middleware::from_fn_with_state(places, admit))
        .layer(middleware::from_fn_with_state(around, surround))
}

async fn readiness(app: &App) -> Response {
    match app.ready().await {
        Ok(()) => Response::new(Body::from("ready\n")),
        Err(why) => transport(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why),
    }
}

fn metrics(telemetry: &Telemetry) -> Response {
    let mut response = Response::new(Body::from(telemetry.prometheus_text()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            name("idempotency-key"),
            name("traceparent"),
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            name("x-request-id"),
            name("idempotency-replayed"),
        ])
        .max_age(Duration::from_mins(10))
}

async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[derive(Clone)]
struct Around {
    telemetry: Arc<Telemetry>,
    timeout: Duration,
    server_timing: bool,
}

async fn surround(State(around): State<Around>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = RequestContext::new(spiral_app::clock::fresh::<uuid::Uuid>().to_string());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned())
        .unwrap_or_default();
    let parent = remote_parent(request.headers());
    let span = tracing::info_span!("request", otel.name = %format!("{method} {route}"));
    adopt_parent(&span, &parent);
    let active = around.telemetry.instruments().request_started(method.as_str());

    let work = Arc::clone(&context)
        .enter(async move { next.run(request).await })
        .instrument(span.clone());
    let limited = async move {
        // A panic ends the task, not the connection; and a write is finished even if its client has gone:
        // it is the task that runs it, not the connection.
        let mut task = tokio::spawn(work);
        let outcome = tokio::time::timeout(around.timeout, &mut task).await;
        if outcome.is_err() {
            task.abort();
        }
        outcome
    };
    let outcome = limited.await;
    let respond = async {
        match outcome {
            Ok(Ok(response)) => response,
            Ok(Err(failed)) => {
                tracing::error!(panicked = failed.is_panic(), "a request ended without an answer");
                transport(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error")
            }
            Err(_) => {
                let mut response = transport(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "the request took too long and was given up",
                );
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
        }
    };
    let mut response = Arc::clone(&context).enter(respond).await;
    drop(active);

    let (statements, rows) = (
        context.meter.statements.load(Ordering::Relaxed),
        context.meter.rows.load(Ordering::Relaxed),
    );
    let db = Duration::from_micros(context.meter.micros.load(Ordering::Relaxed));
    let elapsed = started.elapsed();
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), id);
    }
    if around.server_timing {
        let timing = format!(
            "db;dur={:.3};desc=\"{statements} statements\", total;dur={:.3}",
            db.as_secs_f64() * 1e3,
            elapsed.as_secs_f64() * 1e3
        );
        if let Ok(timing) = HeaderValue::from_str(&timing) {
            response
                .headers_mut()
                .insert(HeaderName::from_static("server-timing"), timing);
        }
    }
    let status = response.status().as_u16();
    around.telemetry.instruments().record_request(
        method.as_str(),
        &route,
        status,
        elapsed.as_secs_f64(),
        statements,
    );
    let notes = context.notes();
    let trace = span.in_scope(|| trace_id(&parent));
    canonical_line(&RequestLine {
        method: method.as_str(),
        route: &route,
        status,
        caller: notes.caller.as_deref(),
        tenant: notes.tenant.as_deref(),
        operation: notes.operation.as_deref(),
        statements,
        rows,
        db,
        elapsed,
        trace_id: trace.as_deref(),
        request_id: &context.id,
    });
    response
}

//! What surrounds every request: its id, its log line and metrics, its quota, time limits, a net under panics.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router, extract::DefaultBodyLimit};
use futures_util::FutureExt as _;
use spiral_app::App;
use spiral_app::rates::Standing;
use spiral_app::request::RequestContext;
use spiral_graphql::{Door, SocketLimits, Sockets};
use spiral_rest::problem::transport;
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;
use tracing::Instrument as _;

use crate::config::Config;
use crate::overload::{Places, admit};
use crate::peer::{Network, Peer, origin};
use crate::telemetry::{RequestLine, Telemetry, adopt_parent, canonical_line, remote_parent, trace_id};
use crate::transport::{answer_options, cors, encoded_etags, safe_headers};

/// The sockets that a server may hold.
pub(crate) fn sockets(config: &Config) -> Sockets {
    let mut origins = config.server.cors_origins.clone();
    // Behind a proxy the service's own pages may have another name than the one that it is asked by.
    origins.extend(config.server.public_url.as_deref().and_then(origin_of));
    Sockets::new(SocketLimits {
        most: config.limits.graphql_sockets,
        per_caller: config.limits.graphql_sockets_per_caller,
        operations: config.limits.graphql_operations,
        message_bytes: config.limits.body_bytes,
        init: config.server.socket_init_timeout(),
        ping: config.server.socket_ping(),
        origins,
    })
}

/// The origin of a URL: what stands before its path.
fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    Some(format!("{scheme}://{host}"))
}

/// The whole service: both faces, health, metrics, and what surrounds them.
pub(crate) fn service(app: App, config: &Config, telemetry: Arc<Telemetry>, sockets: Sockets) -> Router {
    let limits = spiral_graphql::Limits {
        depth: config.limits.graphql_depth,
        complexity: config.limits.graphql_complexity,
        aliases: config.limits.graphql_aliases,
        tokens: config.limits.graphql_tokens,
        nesting: config.limits.graphql_nesting,
    };
    let watched = Arc::clone(&telemetry);
    let ready = app.clone();
    let secure = config
        .server
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    let around = Around {
        telemetry,
        trusted: config.server.proxies().into(),
        timeout: config.server.request_timeout(),
        server_timing: config.server.server_timing,
    };
    let places = Places::new(config.limits.concurrent_requests);
    let routes = spiral_rest::router(app.clone())
        .merge(spiral_graphql::router(app, limits, sockets))
        .route("/", get(async || axum::response::Redirect::temporary("/docs")))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(async move || readiness(&ready).await))
        .route("/metrics", get(async move || metrics(&watched)));
    let bare = routes.clone();
    let service = routes
        .layer(DefaultBodyLimit::max(config.limits.body_bytes))
        .layer(CompressionLayer::new().gzip(true))
        .layer(middleware::from_fn(encoded_etags))
        .layer(middleware::from_fn_with_state(places, admit))
        .layer(cors(&config.server.cors_origins))
        .layer(middleware::from_fn_with_state(bare, answer_options))
        .layer(middleware::from_fn_with_state(secure, safe_headers))
        .layer(middleware::from_fn_with_state(around, surround));
    let within = service.clone();
    // What a socket brings enters where everything enters, as from the socket's own client.
    let door = Door::new(move |peer, mut request| {
        if let Some(address) = peer {
            request.extensions_mut().insert(Peer(address));
        }
        within
            .clone()
            .oneshot(request)
            .map(|answer| match answer {
                Ok(response) => response,
                Err(never) => match never {},
            })
            .boxed()
    });
    service.layer(Extension(door))
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

#[derive(Clone)]
struct Around {
    telemetry: Arc<Telemetry>,
    trusted: Arc<[Network]>,
    timeout: Duration,
    server_timing: bool,
}

/// What is left of the caller's quota, as the IETF's draft on rate limit fields has it.
fn say_rate(headers: &mut HeaderMap, rate: &Standing) {
    let Standing {
        policy,
        left,
        whole_in,
        ..
    } = rate;
    for (name, value) in [
        ("ratelimit", format!("\"{policy}\";r={left};t={whole_in}")),
        (
            "ratelimit-policy",
            format!("\"{policy}\";q={};w={}", rate.quota, rate.window),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(seconds) = rate.retry_in {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

async fn surround(State(around): State<Around>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let peer = request
        .extensions()
        .get::<Peer>()
        .map(|peer| origin(peer.0, request.headers(), &around.trusted));
    let context = RequestContext::new(spiral_app::clock::fresh::<uuid::Uuid>().to_string(), peer);
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
    if let Some(rate) = &notes.rate {
        say_rate(response.headers_mut(), rate);
    }
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

#[cfg(test)]
mod tests {
    use super::origin_of;

    #[test]
    fn an_origin_has_no_path() {
        for (url, origin) in [
            ("https://spiral.test", "https://spiral.test"),
            ("https://spiral.test/", "https://spiral.test"),
            ("http://spiral.test:8080/api/", "http://spiral.test:8080"),
        ] {
            assert_eq!(origin_of(url).as_deref(), Some(origin));
        }
    }
}

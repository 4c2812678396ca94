//! What HTTP itself asks for, on every answer: OPTIONS, what browsers may do, ETags of compressed answers.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt as _;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// Answers OPTIONS with the methods that a path takes; a browser's preflight goes on to CORS.
pub(crate) async fn answer_options(State(routes): State<Router>, request: Request, next: Next) -> Response {
    let preflight = request
        .headers()
        .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || preflight {
        return next.run(request).await;
    }
    // No route takes OPTIONS: what it answers names the methods that it does take.
    let answer = match routes.oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    if answer.status() != StatusCode::METHOD_NOT_ALLOWED {
        return answer;
    }
    let taken = answer.headers().get(header::ALLOW);
    let taken = taken.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut methods: Vec<&str> = taken.split(',').map(str::trim).collect();
    methods.push("OPTIONS");
    let mut response = StatusCode::NO_CONTENT.into_response();
    if methods.contains(&"PATCH") {
        let accepted = HeaderValue::from_static("application/merge-patch+json, application/json");
        response
            .headers_mut()
            .insert(HeaderName::from_static("accept-patch"), accepted);
    }
    if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Which pages of other origins may call, and what they may send and see.
pub(crate) fn cors(origins: &[String]) -> CorsLayer {
    let name = HeaderName::from_static;
    let layer = CorsLayer::new()
        .allow_methods([
            Method::GET,
            Method::HEAD,
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
            header::ALLOW,
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            name("deprecation"),
            name("idempotency-replayed"),
            name("ratelimit"),
            name("ratelimit-policy"),
            name("sunset"),
            name("x-request-id"),
        ])
        .max_age(Duration::from_mins(10));
    if origins.iter().any(|origin| origin == "*") {
        layer.allow_origin(Any)
    } else {
        let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
        layer.allow_origin(AllowOrigin::list(origins))
    }
}

/// An answer of the API is no page: it loads nothing and stands in no frame.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// The documentation has scripts, styles and pictures of its own.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'none'";

/// Headers that keep browsers safe. `secure` says that the service is reached by HTTPS.
pub(crate) async fn safe_headers(State(secure): State<bool>, request: Request, next: Next) -> Response {
    let page = request.uri().path() == "/docs" || request.uri().path().starts_with("/docs/");
    let mut response = next.run(request).await;
    let policy = if page { PAGE_POLICY } else { API_POLICY };
    let mut safe = vec![
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    if secure {
        safe.push((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    let headers = response.headers_mut();
    for (name, value) in safe {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What marks the ETag of a compressed answer.
const COMPRESSED: &str = "-gzip\"";

/// Two encodings of one record are two sequences of bytes, so their strong ETags differ (RFC 9110 §8.8.3.3).
pub(crate) async fn encoded_etags(mut request: Request, next: Next) -> Response {
    unmark(request.headers_mut());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(marked) = headers.get(header::ETAG).and_then(|etag| {
            let opaque = etag.to_str().ok()?.strip_prefix('"')?.strip_suffix('"')?;
            HeaderValue::from_str(&format!("\"{opaque}{COMPRESSED}")).ok()
        })
    {
        headers.insert(header::ETAG, marked);
    }
    response
}

fn unmark(headers: &mut HeaderMap) {
    let Some(known) = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
    else {
        return;
    };
    if let Ok(plain) = HeaderValue::from_str(&known.replace(COMPRESSED, "\"")) {
        headers.insert(header::IF_NONE_MATCH, plain);
    }
}

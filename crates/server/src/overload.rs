//! Turning work away in time: what a server cannot begin soon it refuses at once, so that what it has begun is
//! finished.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use spiral_rest::problem::transport;
use tokio::sync::Semaphore;

/// Places for requests that are worked on at the same time.
#[derive(Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Places {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }
}

/// Lets a request in if there is a place for it. Health and metrics always have one: a server that is busy is
/// alive, and its operator wants to see it.
pub(crate) async fn admit(State(places): State<Places>, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics") {
        return next.run(request).await;
    }
    let Ok(place) = places.0.try_acquire_owned() else {
        let mut refused = transport(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "the server is working on as many requests as it can; nothing was done, try again",
        );
        refused
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return refused;
    };
    let response = next.run(request).await;
    drop(place);
    response
}

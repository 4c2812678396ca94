//! One request through the whole path, and how long it took.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use http::{Request, StatusCode};
use tower::ServiceExt as _;

/// How long it takes to have the whole answer, and the answer.
pub async fn timed(router: &Router, token: &str, path: &str) -> (Duration, Bytes) {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let begun = Instant::now();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (begun.elapsed(), bytes)
}

/// The middle one.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

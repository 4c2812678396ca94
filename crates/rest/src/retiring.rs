//! What is going to be removed says so on every answer (RFC 9745, RFC 8594), and in the published document.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

/// An operation that is going to be removed.
#[derive(Debug, Clone)]
pub struct Retirement {
    /// Its method.
    pub method: Method,
    /// Its path, with names in braces.
    pub path: &'static str,
    /// Since when it should not be used any more, in seconds since 1970.
    pub deprecated: i64,
    /// When it goes, as an HTTP date; at least a year later.
    pub sunset: &'static str,
    /// What to use instead, for people.
    pub instead: &'static str,
}

/// Everything that is going to be removed. Nothing is: `/v1` has only grown.
pub const RETIRING: &[Retirement] = &[];

/// Announces on the answers of operations in `table` that they are going to be removed.
pub(crate) async fn announce(table: &'static [Retirement], request: Request, next: Next) -> Response {
    let found = request.extensions().get::<MatchedPath>().and_then(|path| {
        let method = if request.method() == Method::HEAD {
            &Method::GET
        } else {
            request.method()
        };
        table
            .iter()
            .find(|retiring| retiring.path == path.as_str() && retiring.method == *method)
    });
    let mut response = next.run(request).await;
    if let Some(retiring) = found {
        let headers = response.headers_mut();
        if let Ok(since) = HeaderValue::from_str(&format!("@{}", retiring.deprecated)) {
            headers.insert(HeaderName::from_static("deprecation"), since);
        }
        headers.insert(
            HeaderName::from_static("sunset"),
            HeaderValue::from_static(retiring.sunset),
        );
        headers.append(
            header::LINK,
            HeaderValue::from_static("</docs>; rel=\"deprecation\"; type=\"text/html\""),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    const TABLE: &[Retirement] = &[Retirement {
        method: Method::GET,
        path: "/v1/old/{id}",
        deprecated: 1_767_225_600,
        sunset: "Fri, 01 Jan 2027 00:00:00 GMT",
        instead: "`/v1/new/{id}`",
    }];

    #[tokio::test]
    async fn what_goes_says_so_and_nothing_else_does() {
        let answer = || get(async || "here").post(async || "there");
        let router: Router = Router::new()
            .route("/v1/old/{id}", answer())
            .route("/v1/new/{id}", answer())
            .layer(from_fn(|request, next| announce(TABLE, request, next)));
        let ask = async |method: Method, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty());
            router
                .clone()
                .oneshot(request.unwrap())
                .await
                .unwrap()
                .headers()
                .clone()
        };
        for method in [Method::GET, Method::HEAD] {
            let headers = ask(method, "/v1/old/7").await;
            assert_eq!(headers["deprecation"], "@1767225600");
            assert_eq!(headers["sunset"], "Fri, 01 Jan 2027 00:00:00 GMT");
            assert!(headers["link"].to_str().unwrap().contains("rel=\"deprecation\""));
        }
        for (method, path) in [(Method::POST, "/v1/old/7"), (Method::GET, "/v1/new/7")] {
            let headers = ask(method, path).await;
            assert!(!headers.contains_key("deprecation") && !headers.contains_key("sunset"));
        }
    }
}

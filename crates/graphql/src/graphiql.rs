//! GraphiQL, served from this binary alone.
//!
//! Nothing comes from another host and no script is inline, so the page runs under a content security policy
//! that lets in no foreign script and calls no other host.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "assets/graphiql/"]
struct Assets;

const PAGE: &str = "index.html";

/// Styles may be inline because GraphiQL's dialogs add a `<style>` while they are open; scripts may not. Its fonts
/// and pictures are data in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The page for `GET /graphql` when the caller asks for `text/html`.
pub fn page() -> Response {
    let mut response = Assets::get(PAGE).map_or_else(not_found, whole);
    // The same URL answers GraphQL over GET.
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// One of the page's own files, for `/graphql/assets/{*path}`.
pub async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    find(&path, &headers)
}

fn find(path: &str, headers: &HeaderMap) -> Response {
    // The page's links are relative to `/graphql`, so it is of no use at an address of its own.
    if path == PAGE {
        return not_found();
    }
    let Some(file) = Assets::get(path) else {
        return not_found();
    };
    let etag = etag(&file);
    if is_known(headers, &etag) {
        return secure(StatusCode::NOT_MODIFIED.into_response(), &etag);
    }
    whole(file)
}

fn whole(file: EmbeddedFile) -> Response {
    let etag = etag(&file);
    let content_type = content_type(&file);
    let mut response = Body::from(file.data).into_response();
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    secure(response, &etag)
}

fn content_type(file: &EmbeddedFile) -> String {
    let guess = file.metadata.mimetype();
    if guess.starts_with("text/") {
        format!("{guess}; charset=utf-8")
    } else {
        guess.to_owned()
    }
}

fn secure(mut response: Response, etag: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    // The names carry no version, so a browser asks each time and is told 304.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")],
        "not found\n",
    )
        .into_response()
}

/// Weak, since compression on the way out may change the bytes.
fn etag(file: &EmbeddedFile) -> String {
    use std::fmt::Write;

    let mut tag = String::from("W/\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = etag.trim_start_matches("W/");
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == opaque)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let file = Assets::get(name).unwrap_or_else(|| panic!("{name} is embedded"));
        String::from_utf8(file.data.into_owned()).expect("UTF-8")
    }

    fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
        let start = format!(" {attribute}=\"");
        html.split(start.as_str())
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[test]
    fn an_unknown_asset_is_404() {
        for path in ["nothing.js", "", "index.html", "../../Cargo.toml", "/etc/passwd"] {
            assert_eq!(
                find(path, &HeaderMap::new()).status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }

    #[test]
    fn a_file_has_its_type_and_the_policy() {
        for (path, content_type) in [
            ("start.js", "text/javascript; charset=utf-8"),
            ("graphiql.min.css", "text/css; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
            ("react.LICENSE.txt", "text/plain; charset=utf-8"),
        ] {
            let response = find(path, &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::OK);
            let headers = response.headers();
            assert_eq!(headers[header::CONTENT_TYPE], content_type);
            assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], POLICY);
        }
    }

    #[test]
    fn a_known_etag_is_304() {
        let first = find("style.css", &HeaderMap::new());
        let etag = first.headers()[header::ETAG].to_str().expect("ASCII").to_owned();
        let opaque = etag.trim_start_matches("W/");
        for known in [
            etag.clone(),
            opaque.to_owned(),
            format!("\"another\", {etag}"),
            "*".to_owned(),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, known.parse().expect("a header value"));
            let again = find("style.css", &headers);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[header::ETAG], etag.as_str());
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"another\""));
        assert_eq!(find("style.css", &headers).status(), StatusCode::OK);
    }

    #[test]
    fn the_page_is_html_that_varies_by_accept() {
        let response = page();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
        assert_eq!(response.headers()[header::VARY], "Accept");
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
    }

    #[test]
    fn the_page_names_no_other_host() {
        for name in [PAGE, "start.js", "style.css"] {
            let text = text(name);
            for scheme in ["http:", "https:", "ws:", "wss:", "\"//", "(//"] {
                assert!(!text.contains(scheme), "{name} has {scheme}");
            }
        }
        let css = text("graphiql.min.css");
        let urls: Vec<_> = css
            .split("url(")
            .skip(1)
            .map(|rest| rest.trim_start_matches(['"', '\'']))
            .collect();
        assert!(!urls.is_empty());
        assert!(urls.iter().all(|url| url.starts_with("data:")));
        assert!(!css.contains("@import"));
    }

    #[test]
    fn the_page_loads_only_what_is_embedded() {
        let html = text(PAGE);
        let links: Vec<_> = values(&html, "src")
            .into_iter()
            .chain(values(&html, "href"))
            .collect();
        assert!(links.len() >= 6);
        for link in links {
            let name = link
                .strip_prefix("graphql/assets/")
                .unwrap_or_else(|| panic!("{link} is foreign"));
            assert_eq!(find(name, &HeaderMap::new()).status(), StatusCode::OK, "{link}");
        }
    }

    #[test]
    fn the_page_has_nothing_inline() {
        let html = text(PAGE);
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script src=").count()
        );
        assert!(!html.contains("<style") && !html.contains("style=\"") && !html.contains("javascript:"));
        assert!(!html.contains(" on"), "no event handler attributes");
    }
}

//! What an answer can be had as, and what `Accept` prefers (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use crate::problem::transport;

/// A form that an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// CSV with a header line.
    Csv,
    /// One JSON record on each line.
    Ndjson,
    /// A drawing.
    Svg,
    /// A picture.
    Png,
    /// A page.
    Html,
}

impl Form {
    /// The names by which it can be asked for; the first is its own.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json"],
            Self::Csv => &["text/csv"],
            Self::Ndjson => &["application/x-ndjson", "application/ndjson", "application/jsonl"],
            Self::Svg => &["image/svg+xml"],
            Self::Png => &["image/png"],
            Self::Html => &["text/html"],
        }
    }

    /// Its own name.
    pub(crate) fn name(self) -> &'static str {
        self.names()[0]
    }

    /// Its `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// The form that the request prefers; the first offer where it has no preference. None will do: 406.
pub(crate) fn choose(headers: &HeaderMap, offers: &[Form]) -> Result<Form, Response> {
    let ranges = ranges(headers);
    let mut best: Option<(Form, f32)> = None;
    for offer in offers {
        let weight = offer
            .names()
            .iter()
            .map(|name| weight(&ranges, name))
            .fold(0.0_f32, f32::max);
        if weight > best.map_or(0.0, |(_, weight)| weight) {
            best = Some((*offer, weight));
        }
    }
    best.map(|(form, _)| form).ok_or_else(|| {
        let names: Vec<&str> = offers.iter().map(|offer| offer.name()).collect();
        let detail = format!("this can be had as {}", names.join(" or "));
        transport(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
    })
}

/// A media range and its weight.
struct Range {
    media: String,
    weight: f32,
}

fn ranges(headers: &HeaderMap) -> Vec<Range> {
    let given: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    let given = if given.is_empty() { vec!["*/*"] } else { given };
    given
        .into_iter()
        .map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .and_then(|q| q.trim().parse::<f32>().ok())
                .filter(|q| (0.0..=1.0).contains(q))
                .unwrap_or(1.0);
            Range { media, weight }
        })
        .collect()
}

/// The weight of the range that names `name` most exactly; 0 if none does.
fn weight(ranges: &[Range], name: &str) -> f32 {
    let kind = name.split('/').next().unwrap_or_default();
    let exactness = |range: &Range| -> u8 {
        if range.media == name {
            3
        } else if range.media.strip_suffix("/*").is_some_and(|of| of == kind) {
            2
        } else {
            u8::from(range.media == "*/*")
        }
    };
    let fitting = ranges.iter().filter(|range| exactness(range) > 0);
    fitting
        .max_by_key(|range| exactness(range))
        .map_or(0.0, |range| range.weight)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_most_exact_range_decides_and_the_heaviest_form_wins() {
        use Form::{Csv, Json, Ndjson};
        let offers = [Json, Csv, Ndjson];
        for (accept, wanted) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("text/csv", Some(Csv)),
            ("TEXT/CSV", Some(Csv)),
            ("text/*", Some(Csv)),
            ("text/csv, */*;q=0.1", Some(Csv)),
            ("application/json;q=0.5, text/csv;q=0.9", Some(Csv)),
            ("application/json;q=0, */*", Some(Csv)),
            ("application/*;q=0.2, application/x-ndjson", Some(Ndjson)),
            ("application/jsonl", Some(Ndjson)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Json)),
            ("application/json;q=0", None),
            ("image/png", None),
            ("text/csv;q=0", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(choose(&headers, &offers).ok(), wanted, "{accept}");
        }
        // Several lines of it are one.
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("image/png"));
        headers.append(header::ACCEPT, HeaderValue::from_static("text/csv"));
        assert_eq!(choose(&headers, &offers).ok(), Some(Csv));
        assert_eq!(choose(&HeaderMap::new(), &[Json]).ok(), Some(Json));
    }
}

//! The one log line of each request.

use std::time::Duration;

use super::metrics::known_method;

/// Beyond this no id, use case or route template goes.
const LONGEST_FIELD: usize = 200;

/// What is logged of a request: ids and numbers, no names, no tokens, no text that a client wrote.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestLine<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The matched route template; empty if none matched.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The caller's principal id.
    pub caller: Option<&'a str>,
    /// The tenant's id.
    pub tenant: Option<&'a str>,
    /// The use case, by its own name and not by one that the client gave to its query.
    pub operation: Option<&'a str>,
    /// How many statements the database ran.
    pub statements: u64,
    /// How many rows it gave or took.
    pub rows: u64,
    /// How long it took over them.
    pub db: Duration,
    /// How long the request took.
    pub elapsed: Duration,
    /// The trace id.
    pub trace_id: Option<&'a str>,
    /// The id that the answer carries as `X-Request-Id`.
    pub request_id: &'a str,
}

/// Logs a request, once, at `info` under the target `spiral::request`.
pub fn canonical_line(line: &RequestLine<'_>) {
    tracing::info!(
        target: "spiral::request",
        method = known_method(line.method),
        route = if line.route.is_empty() { "unmatched" } else { plain(line.route) },
        status = line.status,
        caller = line.caller.map(plain),
        tenant = line.tenant.map(plain),
        operation = line.operation.map(plain),
        statements = line.statements,
        rows = line.rows,
        db_ms = milliseconds(line.db),
        elapsed_ms = milliseconds(line.elapsed),
        trace_id = line.trace_id.map(plain),
        request_id = plain(line.request_id),
    );
}

/// Ids, names of use cases and route templates pass; anything that could be prose or a forged line does not.
fn plain(text: &str) -> &str {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/{}*".contains(&byte);
    if text.len() <= LONGEST_FIELD && text.bytes().all(allowed) {
        text
    } else {
        "invalid"
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

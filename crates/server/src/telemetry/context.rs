//! W3C trace context: in from requests, out to calls, and as text for the log line.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The trace that a request belongs to, from its `traceparent` and `tracestate`; empty without them.
pub fn remote_parent(headers: &HeaderMap) -> Context {
    // Not within the current context: a request never belongs to what its connection's task did before.
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

/// Makes a span, not yet entered, part of the request's trace.
pub fn adopt_parent(span: &Span, parent: &Context) {
    if parent.span().span_context().is_valid() {
        // Fails where traces are not exported or the span is filtered, and then there is nothing to join.
        let _ = span.set_parent(parent.clone());
    }
}

/// The trace id for the log line: of the current span, else of the request's own context.
pub fn trace_id(parent: &Context) -> Option<String> {
    let current = Span::current().context();
    [&current, parent]
        .into_iter()
        .map(|context| context.span().span_context().trace_id())
        .find(|id| *id != opentelemetry::TraceId::INVALID)
        .map(|id| id.to_string())
}

/// Writes the current span's context into the headers of an outgoing call.
pub fn inject_context(headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut HeadersMut(headers));
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

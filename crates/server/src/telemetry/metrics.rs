//! What the server counts and measures: one meter, read by Prometheus and, when configured, sent by OTLP.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider, UpDownCounter};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use prometheus::{Registry, TextEncoder};

const DURATION: &str = "http.server.request.duration";
const STATEMENTS: &str = "spiral.db.statements";

/// In seconds: the exporter's own boundaries are made for milliseconds.
const DURATION_BOUNDARIES: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
const STATEMENT_BOUNDARIES: [f64; 11] = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 50.0, 100.0, 500.0];

/// Every route with every status that it gives; beyond this, series would be lumped together.
const SERIES_PER_ROUTE_METRIC: usize = 5_000;

/// The meter, its instruments and the registry that Prometheus reads.
#[derive(Debug)]
pub(super) struct Metrics {
    provider: SdkMeterProvider,
    registry: Registry,
    instruments: Instruments,
}

impl Metrics {
    pub(super) fn start(
        resource: Resource,
        exported: Option<PeriodicReader<MetricExporter>>,
    ) -> anyhow::Result<Self> {
        let registry = Registry::new();
        let prometheus = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()?;
        let mut builder = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(prometheus)
            .with_view(room_for_routes);
        if let Some(reader) = exported {
            builder = builder.with_reader(reader);
        }
        let provider = builder.build();
        let instruments = Instruments::new(provider.meter("spiral"));
        Ok(Self {
            provider,
            registry,
            instruments,
        })
    }

    pub(super) fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    pub(super) fn prometheus_text(&self) -> String {
        match TextEncoder::new().encode_to_string(&self.registry.gather()) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "cannot write the metrics");
                String::new()
            }
        }
    }

    pub(super) fn stop(self) -> Box<dyn FnOnce() + Send> {
        Box::new(move || drop(self.provider.shutdown()))
    }
}

fn room_for_routes(instrument: &Instrument) -> Option<Stream> {
    let by_route = [DURATION, STATEMENTS].contains(&instrument.name());
    by_route.then(|| {
        Stream::builder()
            .with_cardinality_limit(SERIES_PER_ROUTE_METRIC)
            .build()
            .ok()
    })?
}

/// The server's instruments; clones share the same counts.
#[derive(Clone, Debug)]
pub struct Instruments {
    meter: Meter,
    request_duration: Histogram<f64>,
    active_requests: UpDownCounter<i64>,
    statements: Histogram<u64>,
    ledger_commits: Counter<u64>,
    rows_pushed: Counter<u64>,
}

impl Instruments {
    fn new(meter: Meter) -> Self {
        Self {
            request_duration: meter
                .f64_histogram(DURATION)
                .with_unit("s")
                .with_description("Time to answer a request")
                .with_boundaries(DURATION_BOUNDARIES.to_vec())
                .build(),
            active_requests: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_unit("{request}")
                .with_description("Requests being answered")
                .build(),
            statements: meter
                .u64_histogram(STATEMENTS)
                .with_unit("{statement}")
                .with_description("Database statements per request")
                .with_boundaries(STATEMENT_BOUNDARIES.to_vec())
                .build(),
            ledger_commits: meter
                .u64_counter("spiral.ledger.commits")
                .with_unit("{commit}")
                .with_description("Writes committed with their ledger row")
                .build(),
            rows_pushed: meter
                .u64_counter("spiral.rows.pushed")
                .with_unit("{row}")
                .with_description("Rows accepted in batches")
                .build(),
            meter,
        }
    }

    /// Counts a request as active until the guard is dropped, also when its client goes away.
    #[must_use = "the request counts as active for as long as this lives"]
    pub fn request_started(&self, method: &str) -> ActiveRequest {
        let attributes = [KeyValue::new("http.request.method", known_method(method))];
        self.active_requests.add(1, &attributes);
        ActiveRequest {
            active_requests: self.active_requests.clone(),
            attributes,
        }
    }

    /// Records an answered request. `route` is the matched template, never the path; empty if none matched.
    pub fn record_request(&self, method: &str, route: &str, status: u16, seconds: f64, statements: u64) {
        let route = if route.is_empty() { "unmatched" } else { route };
        let attributes = [
            KeyValue::new("http.request.method", known_method(method)),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ];
        self.request_duration.record(seconds, &attributes);
        self.statements.record(statements, &attributes[..2]);
    }

    /// Counts a write that was committed with its ledger row.
    pub fn record_commit(&self) {
        self.ledger_commits.add(1, &[]);
    }

    /// Counts rows of a kind that a batch brought in.
    pub fn record_rows_pushed(&self, kind: &'static str, rows: u64) {
        self.rows_pushed.add(rows, &[KeyValue::new("kind", kind)]);
    }

    /// Publishes a total that another part of the server keeps, read whenever metrics are collected.
    pub fn watch_total(
        &self,
        name: &'static str,
        description: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.meter
            .u64_observable_counter(name)
            .with_description(description)
            .with_callback(move |observer| observer.observe(read(), &[]))
            .build();
    }

    /// Publishes a level that another part of the server keeps, such as the length of a queue.
    pub fn watch_level(
        &self,
        name: &'static str,
        description: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.meter
            .u64_observable_gauge(name)
            .with_description(description)
            .with_callback(move |observer| observer.observe(read(), &[]))
            .build();
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct ActiveRequest {
    active_requests: UpDownCounter<i64>,
    attributes: [KeyValue; 1],
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.active_requests.add(-1, &self.attributes);
    }
}

/// Clients choose the method freely, so those that we do not know share one name.
pub(super) fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("_OTHER")
}

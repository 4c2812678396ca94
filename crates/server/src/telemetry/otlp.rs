//! Export by OTLP over HTTP, in background threads.

use std::time::Duration;

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::{Layer, Registry};

/// How long one export may take, its retries included.
const EXPORT_LIMIT: Duration = Duration::from_secs(3);
/// Leaves the stopping thread time to give up by itself before it is left behind.
const STOP_LIMIT: Duration = Duration::from_millis(2_500);

/// The exporters of traces and logs, and the address for metrics.
#[derive(Debug)]
pub(super) struct Otlp {
    endpoint: String,
    tracers: SdkTracerProvider,
    loggers: SdkLoggerProvider,
}

impl Otlp {
    /// Prepares the exporters; nothing is sent yet, so it does not matter whether anyone listens.
    pub(super) fn start(endpoint: &str, sample_ratio: f64, resource: &Resource) -> anyhow::Result<Self> {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let spans = configured(SpanExporter::builder().with_http(), &endpoint, "traces")
            .build()
            .context("cannot export traces")?;
        let logs = configured(LogExporter::builder().with_http(), &endpoint, "logs")
            .build()
            .context("cannot export logs")?;
        let tracers = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                sample_ratio,
            ))))
            .with_batch_exporter(spans)
            .build();
        let loggers = SdkLoggerProvider::builder()
            .with_resource(resource.clone())
            .with_batch_exporter(logs)
            .build();
        Ok(Self {
            endpoint,
            tracers,
            loggers,
        })
    }

    pub(super) fn metric_reader(&self) -> anyhow::Result<PeriodicReader<MetricExporter>> {
        let exporter = configured(MetricExporter::builder().with_http(), &self.endpoint, "metrics")
            .build()
            .context("cannot export metrics")?;
        Ok(PeriodicReader::builder(exporter).build())
    }

    pub(super) fn span_layer(&self) -> impl Layer<Registry> + Send + Sync {
        // Source lines and threads would cost a dozen bytes a field and say nothing that the name does not.
        tracing_opentelemetry::layer()
            .with_tracer(self.tracers.tracer("spiral"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
    }

    pub(super) fn log_layer(&self) -> impl Layer<Registry> + Send + Sync {
        OpenTelemetryTracingBridge::new(&self.loggers)
    }

    /// What to run, each in a thread of its own, to send the rest and stop.
    pub(super) fn stop(self) -> [Box<dyn FnOnce() + Send>; 2] {
        let Self { tracers, loggers, .. } = self;
        // A failed last export is reported by the exporter itself.
        [
            Box::new(move || drop(tracers.shutdown_with_timeout(STOP_LIMIT))),
            Box::new(move || drop(loggers.shutdown_with_timeout(STOP_LIMIT))),
        ]
    }
}

fn configured<B: WithExportConfig + WithHttpConfig>(builder: B, endpoint: &str, signal: &str) -> B {
    builder
        .with_endpoint(format!("{endpoint}/v1/{signal}"))
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(EXPORT_LIMIT)
}

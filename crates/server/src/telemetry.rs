//! Logs, traces and metrics.
//!
//! Log lines go to standard error, metrics to [`Telemetry::prometheus_text`], always. With an OTLP endpoint the
//! same logs and metrics, and traces beside them, are also exported in the background: an endpoint that is
//! slow or gone costs data, never a request. Headers for the exporter come from `OTEL_EXPORTER_OTLP_HEADERS`.

mod context;
mod metrics;
mod otlp;
mod request_line;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use tokio::sync::oneshot;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogFormat, TelemetryConfig};

pub use context::{adopt_parent, inject_context, remote_parent, trace_id};
pub use metrics::{ActiveRequest, Instruments};
pub use request_line::{RequestLine, canonical_line};

use metrics::Metrics;
use otlp::Otlp;

/// How long stopping may take when the collector does not answer.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(3);

/// The crates that the exporter is made of: what they say must not be exported again.
const EXPORTER_CRATES: [&str; 5] = ["opentelemetry", "hyper", "reqwest", "h2", "rustls"];

/// The running telemetry of one server.
#[derive(Debug)]
pub struct Telemetry {
    metrics: Metrics,
    otlp: Option<Otlp>,
}

impl Telemetry {
    /// Starts logs, traces and metrics. The first call in a process also takes over its logging.
    pub fn start(config: &TelemetryConfig) -> anyhow::Result<Self> {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let (telemetry, subscriber) = Self::build(config, std::io::stderr, colours)?;
        if subscriber.try_init().is_err() {
            tracing::debug!("this process has a subscriber already, which keeps the logs and spans");
        }
        Ok(telemetry)
    }

    fn build<W>(
        config: &TelemetryConfig,
        writer: W,
        colours: bool,
    ) -> anyhow::Result<(Self, impl Subscriber + Send + Sync)>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let resource = resource(&config.service_name);
        let otlp = match &config.otlp_endpoint {
            Some(endpoint) => Some(Otlp::start(endpoint, config.otlp_sample_ratio, &resource)?),
            None => None,
        };
        let metrics = Metrics::start(resource, otlp.as_ref().map(Otlp::metric_reader).transpose()?)?;

        let mut layers = vec![log_layer(config, writer, colours)?];
        if let Some(otlp) = &otlp {
            let logs = chosen(&config.log_filter, |metadata| !of_exporter(metadata))?;
            layers.push(otlp.log_layer().with_filter(logs).boxed());
            let spans = filter_fn(is_traced).with_max_level_hint(LevelFilter::INFO);
            layers.push(otlp.span_layer().with_filter(spans).boxed());
        }
        let subscriber = tracing_subscriber::registry().with(layers);
        Ok((Self { metrics, otlp }, subscriber))
    }

    /// What the server counts and measures.
    pub fn instruments(&self) -> &Instruments {
        self.metrics.instruments()
    }

    /// All metrics in Prometheus' text format.
    pub fn prometheus_text(&self) -> String {
        self.metrics.prometheus_text()
    }

    /// Sends what is still waiting and stops, within about three seconds.
    pub async fn shutdown(self) {
        let mut waiting = Vec::new();
        let mut providers = vec![self.metrics.stop()];
        if let Some(otlp) = self.otlp {
            providers.extend(otlp.stop());
        }
        for stop in providers {
            let (done, stopped) = oneshot::channel();
            // Threads of our own: a runtime waits for its blocking tasks when it ends, however long they take.
            let thread = std::thread::Builder::new()
                .name("telemetry-stop".to_owned())
                .spawn(move || {
                    stop();
                    let _ = done.send(());
                });
            if thread.is_ok() {
                waiting.push(stopped);
            }
        }
        let all = async {
            for stopped in waiting {
                let _ = stopped.await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_LIMIT, all).await.is_err() {
            tracing::warn!("the collector did not take the last telemetry in time");
        }
    }
}

fn resource(service_name: &str) -> Resource {
    // Without an instance id the counters of two servers would overwrite each other in a collector.
    Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new(
            "service.instance.id",
            spiral_app::clock::fresh::<uuid::Uuid>().to_string(),
        ))
        .build()
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn log_layer<W>(config: &TelemetryConfig, writer: W, colours: bool) -> anyhow::Result<BoxedLayer>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Below errors the exporter reports on itself with every batch; who wants that, asks for it.
    let asked_for = config.log_filter.contains("opentelemetry");
    let filter = chosen(&config.log_filter, move |metadata| {
        asked_for || *metadata.level() == Level::ERROR || !metadata.target().starts_with("opentelemetry")
    })?;
    let lines = fmt::layer().with_writer(writer);
    Ok(match config.log_format {
        LogFormat::Text => lines.with_ansi(colours).with_filter(filter).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    })
}

/// What the filter's directives choose and `wanted` does not take away.
fn chosen(
    directives: &str,
    wanted: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
) -> anyhow::Result<Box<dyn Filter<Registry> + Send + Sync>> {
    // Not `EnvFilter`, which looks at what a span holds, and so at every entry of every span.
    let directives: Targets = directives.parse()?;
    // Without the hint every level would count as wanted by someone, and be asked about.
    let level = Filter::<Registry>::max_level_hint(&directives).unwrap_or(LevelFilter::TRACE);
    let wanted = filter_fn(move |metadata| *metadata.level() <= level && wanted(metadata));
    Ok(Box::new(directives.and(wanted.with_max_level_hint(level))))
}

fn of_exporter(metadata: &Metadata<'_>) -> bool {
    EXPORTER_CRATES
        .iter()
        .any(|name| metadata.target().starts_with(name))
}

/// Spans down to `info`; of events only errors, which mark their span, since the others go out as logs.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let wanted = if metadata.is_span() {
        Level::INFO
    } else {
        Level::ERROR
    };
    *metadata.level() <= wanted && !of_exporter(metadata)
}

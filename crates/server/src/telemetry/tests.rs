use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::{RequestLine, Telemetry, adopt_parent, canonical_line, inject_context, remote_parent, trace_id};
use crate::config::{LogFormat, TelemetryConfig};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const GENEROUS: Duration = Duration::from_mins(1);

fn config(otlp_endpoint: Option<String>) -> TelemetryConfig {
    TelemetryConfig {
        log_format: LogFormat::Json,
        log_filter: "info".to_owned(),
        otlp_endpoint,
        otlp_sample_ratio: 1.0,
        service_name: "spiral-test".to_owned(),
    }
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap();
        bytes
            .lines()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs `body` under telemetry of its own, and gives what it logged.
fn observed(config: &TelemetryConfig, body: impl FnOnce()) -> (Telemetry, Vec<Value>) {
    let captured = Captured::default();
    let (telemetry, subscriber) = Telemetry::build(config, captured.clone(), false).unwrap();
    tracing::subscriber::with_default(subscriber, body);
    (telemetry, captured.lines())
}

fn traceparent() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        "traceparent",
        format!("00-{TRACE}-00f067aa0ba902b7-01").parse().unwrap(),
    );
    headers
}

/// An address where nobody listens.
fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn stop(telemetry: Telemetry) {
    tokio::time::timeout(GENEROUS, telemetry.shutdown())
        .await
        .unwrap();
}

#[tokio::test]
async fn prometheus_shows_what_was_recorded() {
    let (telemetry, _) = observed(&config(None), || {});
    let instruments = telemetry.instruments().clone();
    assert!(
        telemetry.prometheus_text().contains("target_info"),
        "{}",
        telemetry.prometheus_text()
    );

    let active = instruments.request_started("GET");
    assert!(
        telemetry
            .prometheus_text()
            .contains("http_server_active_requests{http_request_method=\"GET\"} 1")
    );
    drop(active);
    instruments.record_request("GET", "/v1/units/{id}", 200, 0.002, 3);
    instruments.record_request("BREW", "", 404, 0.7, 0);
    instruments.record_commit();
    instruments.record_rows_pushed("observation", 250);
    instruments.watch_level("spiral.access_log.queue", "Entries waiting", || 7);
    instruments.watch_total("spiral.webhook.deliveries", "Deliveries made", || 11);

    let text = telemetry.prometheus_text();
    for line in [
        "http_server_active_requests{http_request_method=\"GET\"} 0",
        "http_server_request_duration_seconds_bucket{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/v1/units/{id}\",le=\"0.001\"} 0",
        "http_server_request_duration_seconds_bucket{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/v1/units/{id}\",le=\"0.0025\"} 1",
        "http_server_request_duration_seconds_count{http_request_method=\"_OTHER\",http_response_status_code=\"404\",http_route=\"unmatched\"} 1",
        "spiral_db_statements_sum{http_request_method=\"GET\",http_route=\"/v1/units/{id}\"} 3",
        "spiral_ledger_commits_total 1",
        "spiral_rows_pushed_total{kind=\"observation\"} 250",
        "spiral_access_log_queue 7",
        "spiral_webhook_deliveries_total 11",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    stop(telemetry).await;
}

#[test]
fn a_request_is_one_line_of_plain_fields() {
    let (_, lines) = observed(&config(None), || {
        canonical_line(&RequestLine {
            method: "POST",
            route: "/v1/adoptions/{id}",
            status: 201,
            caller: Some("01890a5d-ac96-774b-bcce-b302099a8057"),
            operation: Some("record_adoption"),
            statements: 6,
            rows: 2,
            db: Duration::from_nanos(1_234_567),
            elapsed: Duration::from_millis(3),
            trace_id: Some(TRACE),
            request_id: "Anna Example\n{\"forged\":1}",
            ..RequestLine::default()
        });
    });
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let mut fields = line.as_object().unwrap().clone();
    fields.remove("timestamp").unwrap();
    assert_eq!(
        Value::Object(fields),
        serde_json::json!({
            "level": "INFO", "target": "spiral::request", "method": "POST", "route": "/v1/adoptions/{id}",
            "status": 201, "caller": "01890a5d-ac96-774b-bcce-b302099a8057", "operation": "record_adoption",
            "statements": 6, "rows": 2, "db_ms": 1.235, "elapsed_ms": 3.0, "trace_id": TRACE,
            "request_id": "invalid",
        })
    );
}

#[test]
fn text_lines_are_for_people() {
    let captured = Captured::default();
    let text = TelemetryConfig {
        log_format: LogFormat::Text,
        ..config(None)
    };
    let (_telemetry, subscriber) = Telemetry::build(&text, captured.clone(), false).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        canonical_line(&RequestLine {
            method: "GET",
            status: 404,
            request_id: "r1",
            ..RequestLine::default()
        });
    });
    let line = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(
        line.contains("INFO spiral::request: method=\"GET\" route=\"unmatched\" status=404"),
        "{line}"
    );
}

#[test]
fn without_export_the_trace_id_is_the_callers() {
    observed(&config(None), || {
        assert_eq!(trace_id(&remote_parent(&traceparent())).as_deref(), Some(TRACE));
        assert_eq!(trace_id(&remote_parent(&HeaderMap::new())), None);
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static("00-nonsense-01"));
        assert_eq!(trace_id(&remote_parent(&headers)), None);
    });
}

#[tokio::test]
async fn spans_join_the_callers_trace() {
    let (telemetry, _) = observed(&config(Some(deserted())), || {
        let parent = remote_parent(&traceparent());
        let span = tracing::info_span!("record_adoption");
        adopt_parent(&span, &parent);
        span.in_scope(|| {
            assert_eq!(
                trace_id(&remote_parent(&HeaderMap::new())).as_deref(),
                Some(TRACE)
            );
            let mut outgoing = HeaderMap::new();
            inject_context(&mut outgoing);
            let outgoing = outgoing["traceparent"].to_str().unwrap();
            assert!(
                outgoing.starts_with(&format!("00-{TRACE}-")) && outgoing.ends_with("-01"),
                "{outgoing}"
            );
            assert!(
                !outgoing.contains("00f067aa0ba902b7"),
                "the span has an id of its own: {outgoing}"
            );
        });
        tracing::info_span!("alone").in_scope(|| {
            let own = trace_id(&remote_parent(&HeaderMap::new())).unwrap();
            assert!(own.len() == 32 && own != TRACE, "{own}");
        });
    });
    stop(telemetry).await;
}

#[tokio::test]
async fn a_missing_collector_delays_neither_start_nor_stop() {
    let work = async {
        let (telemetry, lines) = observed(&config(Some(deserted())), || {
            for number in 0..100_u16 {
                tracing::info_span!("work").in_scope(|| tracing::info!(number, "done"));
            }
        });
        assert_eq!(lines.len(), 100, "the exporter's own noise is not logged");
        telemetry.instruments().record_request("GET", "/", 200, 0.1, 1);
        telemetry.shutdown().await;
    };
    tokio::time::timeout(GENEROUS, work).await.unwrap();
}

#[tokio::test]
async fn a_process_may_start_telemetry_again() {
    let quiet = TelemetryConfig {
        log_filter: "off".to_owned(),
        ..config(None)
    };
    let first = Telemetry::start(&quiet).unwrap();
    let second = Telemetry::start(&quiet).unwrap();
    first.instruments().record_commit();
    assert!(first.prometheus_text().contains("spiral_ledger_commits_total 1"));
    assert!(!second.prometheus_text().contains("spiral_ledger_commits_total"));
    stop(first).await;
    stop(second).await;
}

#[tokio::test]
async fn a_silent_collector_is_left_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (telemetry, _) = observed(&config(Some(endpoint)), || {
        tracing::info_span!("work").in_scope(|| ());
    });
    telemetry.instruments().record_commit();
    stop(telemetry).await;
    drop(listener);
}

#[tokio::test]
async fn a_collector_gets_traces_metrics_and_logs() {
    let (endpoint, received) = collector();
    let (telemetry, _) = observed(&config(Some(endpoint)), || {
        tracing::info_span!("record_adoption").in_scope(|| tracing::info!("done"));
        tracing::error!(target: "hyper_util::client", "the exporter's own trouble");
    });
    telemetry.instruments().record_commit();
    stop(telemetry).await;

    let mut bodies: Vec<(String, String)> = received.try_iter().collect();
    bodies.sort();
    let paths: Vec<&str> = bodies.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/v1/logs", "/v1/metrics", "/v1/traces"]);
    assert!(bodies.iter().all(|(_, body)| body.contains("spiral-test")));
    assert!(bodies[0].1.contains("done") && !bodies[0].1.contains("own trouble"));
    assert!(bodies[1].1.contains("spiral.ledger.commits"));
    assert!(bodies[2].1.contains("record_adoption"));
}

/// A collector that takes everything, and gives each request's path and body.
fn collector() -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, sender) = (stream.unwrap(), sender.clone());
            std::thread::spawn(move || serve(stream, &sender));
        }
    });
    (endpoint, receiver)
}

fn serve(stream: TcpStream, received: &mpsc::Sender<(String, String)>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.to_ascii_lowercase());
        }
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length:"))
            .unwrap();
        let mut body = vec![0; length.trim().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let path = head[0].split(' ').nth(1).unwrap().to_owned();
        let _ = received.send((path, String::from_utf8_lossy(&body).into_owned()));
        writer
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    }
}

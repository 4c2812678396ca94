//! Listening, and stopping well.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use spiral_app::App;
use spiral_graphql::Sockets;
use spiral_worker::Worker;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::config::{Config, ServerConfig};
use crate::layers;
use crate::patience::Patient;
use crate::peer::Peer;
use crate::telemetry::Telemetry;

/// A server that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The platform behind it.
    pub app: App,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Takes no more requests, finishes those in flight, closes the database.
    pub async fn stop(self) {
        // If nobody listens any more it has stopped already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// Opens the platform and serves it on the configured address (port 0: any free one).
pub async fn start(config: &Config, telemetry: Arc<Telemetry>) -> anyhow::Result<Running> {
    let app = crate::platform::open(config).await?;
    serve(app, config, telemetry).await
}

/// Serves an open platform.
pub async fn serve(app: App, config: &Config, telemetry: Arc<Telemetry>) -> anyhow::Result<Running> {
    let wanted = config.server.address().context("server.listen")?;
    let listener = TcpListener::bind(wanted)
        .await
        .with_context(|| format!("listening on {wanted}"))?;
    let address = listener.local_addr()?;
    let sockets = layers::sockets(config);
    let service = layers::service(app.clone(), config, telemetry, sockets.clone());
    let (stop, stopped) = oneshot::channel();
    let server = config.server.clone();
    let db = app.db().clone();
    let worker = Worker::start(app.clone());
    let task = tokio::spawn(async move {
        accept(listener, service, &server, sockets, stopped).await;
        worker.stop();
        db.close().await;
    });
    Ok(Running {
        address,
        app,
        stop,
        task,
    })
}

/// A request has at most so many headers,
const MOST_HEADERS: usize = 100;
/// and they have at most so many bytes.
const MOST_HEADER_BYTES: u32 = 32 * 1024;
/// A connection has at most so many requests under way.
const MOST_STREAMS: u32 = 200;

/// Waits until a connection has said enough to tell HTTP/1 from HTTP/2. The server itself would wait for ever.
async fn begins(stream: &TcpStream) {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut said = [0_u8; PREFACE.len()];
    loop {
        match stream.peek(&mut said).await {
            Ok(n) if n > 0 && n < PREFACE.len() && said[..n] == PREFACE[..n] => {
                // More is to come, and what is there already is seen at once again.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            // Told apart, or closed, which is served quickly.
            _ => return,
        }
    }
}

async fn accept(
    listener: TcpListener,
    service: axum::Router,
    server: &ServerConfig,
    sockets: Sockets,
    stopped: oneshot::Receiver<()>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_headers(MOST_HEADERS)
        .header_read_timeout(server.header_timeout());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MOST_HEADER_BYTES)
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(server.max_connections));
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let next = async {
            // The semaphore is never closed, so that there is always a place in the end.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = &mut stopped => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: some will come back.
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Small answers should leave at once.
        let _ = stream.set_nodelay(true);
        let builder = Arc::clone(&builder);
        let peer = Peer(peer.ip());
        let service =
            service
                .clone()
                .map_request(move |mut request: axum::http::Request<hyper::body::Incoming>| {
                    request.extensions_mut().insert(peer);
                    request
                });
        let watcher = graceful.watcher();
        let (header_timeout, idle_timeout) = (server.header_timeout(), server.idle_timeout());
        tokio::spawn(async move {
            if tokio::time::timeout(header_timeout, begins(&stream))
                .await
                .is_err()
            {
                tracing::debug!("a connection said nothing");
                return;
            }
            let connection = builder
                .serve_connection_with_upgrades(
                    TokioIo::new(Patient::new(stream, idle_timeout)),
                    TowerToHyperService::new(service),
                )
                .into_owned();
            let connection = watcher.watch(connection);
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    // A connection that has become a socket is no longer among those that `graceful` knows.
    sockets.stop();
    let ended = async {
        graceful.shutdown().await;
        sockets.ended().await;
    };
    if tokio::time::timeout(server.shutdown_grace(), ended)
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish within the grace period");
    }
}

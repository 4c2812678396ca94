//! Clients that are slow, half there, or gone.

use std::time::{Duration, Instant};

use e2e::{World, for_each_database_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Pushes, Refusals};

const PATIENCE: [(&str, &str); 6] = [
    ("DATABASE__ACQUIRE_TIMEOUT_MS", "700"),
    ("DATABASE__LOCK_TIMEOUT_MS", "500"),
    ("SERVER__HEADER_TIMEOUT_MS", "300"),
    ("SERVER__REQUEST_TIMEOUT_MS", "1000"),
    ("SERVER__IDLE_TIMEOUT_MS", "1300"),
    ("SERVER__SOCKET_PING_MS", "600"),
];

async fn connect(world: &World) -> TcpStream {
    let address = world.base.trim_start_matches("http://");
    TcpStream::connect(address).await.expect("the server listens")
}

/// What the server says before it closes the connection.
async fn until_closed(mut connection: TcpStream) -> String {
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), connection.read_to_end(&mut said));
    // A reset is an end, too.
    let _ = read.await.expect("the server closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_silent_clients_are_let_go() {
    for_each_database_with(&PATIENCE, async |world: &mut World| {
        let pushes = Pushes::begin(world).await;
        let (begun, world) = (Instant::now(), &*world);
        let head = format!(
            "PUT /v1/observations HTTP/1.1\r\nhost: spiral.test\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 100000\r\n\r\n[",
            world.north.token("integration")
        );
        let starts = [
            String::new(),
            "P".to_owned(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            "GET /v1/me HTTP/1.1\r\nhost: spiral.test\r\nx-slow: ".to_owned(),
            head,
        ];
        let mut open = Vec::new();
        for start in starts.iter().cycle().take(50) {
            let mut connection = connect(world).await;
            connection.write_all(start.as_bytes()).await.expect("it is sent");
            open.push((start, connection));
        }
        // Others are served meanwhile.
        pushes.send(world, 0).await.expect("an answer").expect(200);
        for (start, connection) in open {
            let said = until_closed(connection).await;
            if start.starts_with("PUT") {
                assert!(
                    said.starts_with("HTTP/1.1 408") || said.starts_with("HTTP/1.1 503"),
                    "{said}"
                );
            } else {
                assert!(!said.contains(" 500"), "{said}");
            }
        }
        pushes
            .check(world, "slow and silent clients", 1, Refusals::default(), begun)
            .await;
    })
    .await;
}

/// Somebody asks, and has gone before the answer: the work is done once, whoever asks again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_in_the_middle_loses_and_doubles_nothing() {
    for_each_database_with(&[], async |world: &mut World| {
        let pushes = Pushes::begin(world).await;
        let (begun, world) = (Instant::now(), &*world);
        let mut cut = 0;
        for number in 0..20 {
            let body = serde_json::json!([pushes.row(world, number)]).to_string();
            let request = format!(
                "PUT /v1/observations HTTP/1.1\r\nhost: spiral.test\r\nauthorization: Bearer {}\r\n\
                 content-type: application/json\r\nidempotency-key: push-{number}\r\ncontent-length: {}\r\n\r\n{body}",
                world.north.token("integration"),
                body.len()
            );
            let mut connection = connect(world).await;
            // The first ones go in the middle of the request, the others once it is sent.
            let sent = if number < 5 { request.len() - 40 } else { request.len() };
            connection.write_all(&request.as_bytes()[..sent]).await.expect("it is sent");
            drop(connection);
            cut += 1;
        }
        let mut refusals = Refusals { clean: 0, cut };
        for number in 0..20 {
            refusals = refusals + pushes.send_until_taken(world, number).await;
        }
        pushes.check(world, "clients that have gone", 20, refusals, begun).await;
    })
    .await;
}

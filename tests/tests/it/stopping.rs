//! Told to stop, the server finishes what it has begun.

use std::time::Duration;

use e2e::for_each_database;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_in_flight_is_answered() {
    for_each_database(async |world| {
        // Idle connections must not keep the server from stopping.
        world.national_lead().get("/v1/me").await.expect(200);
        let body = json!({
            "parent": world.north.unit("alpha").id, "tier": "microsystem", "kind": "clinical_team", "code": "last",
            "name": "The last one",
        })
        .to_string();
        let head = format!(
            "POST /v1/org-units HTTP/1.1\r\nhost: spiral.test\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            world.north.token("national_lead"),
            body.len()
        );
        let address = world.base.trim_start_matches("http://").to_owned();
        let mut connection = TcpStream::connect(&address).await.expect("the server listens");
        connection.write_all(head.as_bytes()).await.expect("the head is sent");
        // It asks for the body: it has authenticated us, and is in the middle of the request.
        let mut interim = [0; 25];
        connection.read_exact(&mut interim).await.expect("an interim answer");
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");

        let stopping = tokio::spawn(world.take_server().stop());
        let refused = async {
            while TcpStream::connect(&address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), refused)
            .await
            .expect("no more connections are taken");
        connection.write_all(body.as_bytes()).await.expect("the body is sent");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.expect("an answer, and an end");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        tokio::time::timeout(Duration::from_secs(5), stopping)
            .await
            .expect("the server stops soon")
            .expect("and without a panic");
        let (clean, said) = world.command(&["audit", "verify"]);
        assert!(clean, "{said}");
    })
    .await;
}

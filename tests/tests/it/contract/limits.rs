//! Limits of a request: depth in every position, heads that are too long or too slow, bodies that never end.

use std::time::{Duration, Instant};

use e2e::{World, for_each_database, for_each_database_with};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const DEEP: usize = 100_000;

fn deep(open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_too_deep_to_be_refused() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let unit = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        let nests = [
            deep("[", "]"),
            deep("{\"a\":", "}"),
            "[".repeat(DEEP),
            "{\"a\":[".repeat(DEEP),
        ];
        for nest in &nests {
            for (method, path, media) in [
                ("POST", "/v1/org-units", "application/json"),
                ("PATCH", unit.as_str(), "application/merge-patch+json"),
                ("PUT", "/v1/observations", "application/json"),
                ("PUT", "/v1/observations", "application/x-ndjson"),
                ("PUT", "/v1/observations", "text/csv"),
                ("POST", "/v1/adoption-events/batch", "application/json"),
                ("POST", "/oauth/token", "application/x-www-form-urlencoded"),
                ("POST", "/graphql", "application/json"),
            ] {
                for body in [
                    nest.clone(),
                    format!("[{nest}]"),
                    format!("{{\"name\":{nest}}}"),
                    format!("[{{\"stratum\":{nest}}}]"),
                    format!("{{\"query\":\"{{me{{scopes}}}}\",\"variables\":{{\"x\":{nest}}}}}"),
                    format!("{{\"query\":\"{{me{{scopes}}}}\",\"extensions\":{nest}}}"),
                    format!("{{\"query\":{nest}}}"),
                ] {
                    let answer = lead.call(method, path).body(media, body).await;
                    let status = answer.status.as_u16();
                    assert!((400..500).contains(&status), "{method} {path} {media}: {answer}");
                    assert!(answer.text.len() < 5_000, "{method} {path}: the refusal is short");
                }
            }
        }
        // A document, in each of its own positions.
        for query in [
            "{a".repeat(DEEP),
            format!("{{ orgUnit(id: {}) {{ id }} }}", deep("[", "]")),
            format!("{{ orgUnit(id: {}) {{ id }} }}", deep("{a:", "}")),
            format!(
                "query($x: {}ID{}) {{ me {{ scopes }} }}",
                "[".repeat(DEEP),
                "]".repeat(DEEP)
            ),
            format!("query($x: ID = {}) {{ me {{ scopes }} }}", deep("[", "]")),
            format!("{{ me @include(if: {}) {{ scopes }} }}", deep("[", "]")),
            format!(
                "{{ me {{ {} scopes {} }} }}",
                "... {".repeat(DEEP),
                "}".repeat(DEEP)
            ),
            format!("mutation {{ {} }}", "a(".repeat(DEEP)),
            "(".repeat(DEEP),
        ] {
            for accept in ["application/graphql-response+json", "application/json"] {
                let answer = lead.graphql(&query, &json!({})).header("accept", accept).await;
                assert!(
                    answer.body.get("data").is_none() && answer.fault() != "internal",
                    "{answer}"
                );
                assert!(answer.text.len() < 3_000, "the refusal is short");
            }
            let keyed = lead
                .graphql(&query, &json!({}))
                .header("idempotency-key", "deep")
                .await;
            assert!(keyed.status.is_client_error(), "{keyed}");
            // An address is shorter; what fits it must not fell the server either.
            let short = query[..query.len().min(20_000)]
                .replace('{', "%7B")
                .replace('"', "%22");
            let short = short
                .replace(' ', "%20")
                .replace('[', "%5B")
                .replace('}', "%7D")
                .replace(']', "%5D");
            let answer = lead.get(&format!("/graphql?query={short}")).await;
            assert!(answer.status.is_client_error(), "{answer}");
        }
        let brackets = "%5B".repeat(15_000);
        for path in [
            format!("/v1/org-units?within={brackets}"),
            format!("/v1/org-units/{brackets}"),
            format!("/graphql?query=%7Bme%7Bscopes%7D%7D&variables={brackets}"),
            format!("/graphql?query=%7Bme%7Bscopes%7D%7D&extensions={brackets}"),
        ] {
            let answer = lead.get(&path).await;
            assert!(answer.status.is_client_error(), "{answer}");
        }
        lead.get("/v1/me").await.expect(200);
    })
    .await;
}

/// Speaks to the server byte by byte, and hears what it says until it closes; nothing within `patience` is an error.
async fn raw(world: &World, said: &[u8], patience: Duration) -> Option<(String, Duration)> {
    let address = world.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let began = Instant::now();
    stream.write_all(said).await.expect("the server takes it");
    let mut heard = Vec::new();
    let closed = tokio::time::timeout(patience, stream.read_to_end(&mut heard)).await;
    closed.ok()?.ok();
    Some((String::from_utf8_lossy(&heard).into_owned(), began.elapsed()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_and_endless_bodies_are_not_waited_for() {
    let impatient = [
        ("SERVER__HEADER_TIMEOUT_MS", "400"),
        ("SERVER__REQUEST_TIMEOUT_MS", "4000"),
        ("DATABASE__ACQUIRE_TIMEOUT_MS", "1000"),
        ("DATABASE__LOCK_TIMEOUT_MS", "1000"),
    ];
    for_each_database_with(&impatient, async |world| {
        let (_, after) = raw(
            world,
            b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            Duration::from_secs(10),
        )
        .await
        .expect("a head that never ends is not waited for");
        assert!(after < Duration::from_secs(3), "{after:?}");
        // The head has come, the body never does.
        let token = world.north.token("national_lead");
        let head = format!(
            "POST /v1/org-units HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n{{"
        );
        let (said, after) = raw(world, head.as_bytes(), Duration::from_secs(20))
            .await
            .expect("a body that never comes is not waited for");
        assert!(
            said.starts_with("HTTP/1.1 503") && said.contains("\"unavailable\""),
            "{said}"
        );
        assert!(after < Duration::from_secs(8), "{after:?}");
        let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
        let head = format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{many}\r\n");
        let (said, _) = raw(world, head.as_bytes(), Duration::from_secs(10))
            .await
            .expect("it answers");
        assert!(said.starts_with("HTTP/1.1 431"), "{said}");
        world.national_lead().get("/v1/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_has_so_many_rows_and_a_page_so_many_records() {
    let few = [("LIMITS__BATCH_ROWS", "3"), ("LIMITS__PAGE_SIZE", "5")];
    for_each_database_with(&few, async |world| {
        let tool = world.integration();
        let row = json!({
            "measure": "code:nothing", "unit": "code:alpha-stroke", "period": "2005-06", "value": 1,
            "source": "ward-tool", "externalId": "figure-a",
        });
        let line = "code:nothing,code:alpha-stroke,2005-06,1,ward-tool,figure-a\n";
        let forms = |rows: usize| {
            [
                ("application/json", json!(vec![&row; rows]).to_string()),
                ("application/x-ndjson", format!("{row}\n").repeat(rows)),
                (
                    "text/csv",
                    format!(
                        "measure,unit,period,value,source,externalId\n{}",
                        line.repeat(rows)
                    ),
                ),
            ]
        };
        for (media, body) in forms(4) {
            let refused = tool.call("PUT", "/v1/observations").body(media, body).await;
            let refused = refused.problem(422, "invalid");
            assert_eq!(
                refused.body["errors"][0]["code"], "too_many_rows",
                "{media}: {refused}"
            );
        }
        // Three are read, and refused for what is in them.
        for (media, body) in forms(3) {
            let refused = tool.call("PUT", "/v1/observations").body(media, body).await;
            let refused = refused.problem(422, "invalid");
            assert_ne!(
                refused.body["errors"][0]["code"], "too_many_rows",
                "{media}: {refused}"
            );
        }
        let lead = world.national_lead();
        lead.get("/v1/org-units?limit=5").await.expect(200);
        lead.get("/v1/org-units?limit=6").await.problem(400, "malformed");
        let query = |first: usize| format!("{{ orgUnits(first: {first}) {{ edges {{ node {{ id }} }} }} }}");
        lead.graphql(&query(5), &json!({})).await.answered();
        let refused = lead.graphql(&query(6), &json!({})).await.expect(200);
        assert_eq!(refused.fault(), "malformed", "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_connections_are_held_and_the_next_one_waits() {
    for_each_database(async |world| {
        let few = world.beside_with(&[
            ("SERVER__MAX_CONNECTIONS", "2"),
            ("SERVER__HEADER_TIMEOUT_MS", "20000"),
        ]);
        let few = few.await;
        let address = few.base.trim_start_matches("http://").to_owned();
        let half = || async {
            let mut stream = TcpStream::connect(&address).await.expect("the server listens");
            stream
                .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
                .await
                .expect("it is taken");
            stream
        };
        let (first, second) = (half().await, half().await);
        // The first two are held once the server has looked at them.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut third = half().await;
        third
            .write_all(b"Connection: close\r\n\r\n")
            .await
            .expect("it is taken");
        let mut said = [0; 12];
        let early = tokio::time::timeout(Duration::from_secs(1), third.read_exact(&mut said)).await;
        assert!(early.is_err(), "a third connection waits");
        drop(first);
        let late = tokio::time::timeout(Duration::from_secs(10), third.read_exact(&mut said)).await;
        late.expect("it has its turn").expect("it is answered");
        assert_eq!(&said, b"HTTP/1.1 200");
        drop((second, third));
        few.stop().await;
    })
    .await;
}

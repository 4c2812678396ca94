//! GraphQL over POST, GET, server-sent events and WebSocket: one door, and the same limits behind it.

use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::{Heard, Socket, Transport, for_each_database, for_each_database_with};
use serde_json::{Value, json};

const DEEP: usize = 100_000;

pub(super) fn asks(query: &str) -> Value {
    json!({ "query": query })
}

/// Every limit of a document: what goes beyond it, and words of the refusal that name the limit.
fn beyond() -> Vec<(&'static str, String, &'static str)> {
    let aliases: String = (0..101).map(|n| format!("a{n}:me{{scopes}}")).collect();
    // An address is shorter than a body: what is to be asked by GET, too, is no longer than need be.
    let deep = format!(
        "{{orgUnits{{edges{{node{}{{id}}{}}}}}}}",
        "{parent".repeat(30),
        "}".repeat(30)
    );
    let values =
        |open: &str, close: &str| format!("{{orgUnit(id:{}1{}){{id}}}}", open.repeat(500), close.repeat(500));
    let wide = "{orgUnits(first:500){edges{node{children{children{children{id}}}}}}}".to_owned();
    vec![
        (
            "tokens",
            format!("{{{}}}", "me ".repeat(10_001)),
            "more than 10000 tokens",
        ),
        ("aliases", format!("{{{aliases}}}"), "more than 100 aliases"),
        ("nested selections", "{a".repeat(500), "levels of nesting"),
        ("nested lists", values("[", "]"), "levels of nesting"),
        ("nested objects", values("{a:", "}"), "levels of nesting"),
        ("depth", deep, "nested too deep"),
        ("complexity", wide, "too complex"),
        (
            "directives",
            format!("{{me{}{{scopes}}}}", "@include(if:true)".repeat(11)),
            "number of directives",
        ),
        (
            "a circle of fragments",
            "{me{...A}}fragment A on Me{...B}fragment B on Me{...A}".to_owned(),
            "recursion depth",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_beyond_a_limit_is_refused_on_every_transport() {
    for_each_database(async |world| {
        let who = world.national_lead();
        for transport in Transport::ALL {
            let said = transport.ask(who, &asks("{ me { tenant { slug } } }")).await;
            assert_eq!(said.data()["me"]["tenant"]["slug"], "north", "{transport:?}");
            for (limit, query, words) in beyond() {
                let said = transport.ask(who, &asks(&query)).await;
                assert!(said.words().contains(words), "{transport:?}, {limit}: {said:?}");
                assert!(
                    said.body.get("data").is_none(),
                    "{transport:?}, {limit}: {said:?}"
                );
                assert!(
                    said.length < 3_000,
                    "{transport:?}, {limit}: the refusal is short"
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_levels_are_refused_on_every_transport() {
    for_each_database(async |world| {
        let token = world.north.token("national_lead");
        let who = world.national_lead();
        let nest = |open: &str, close: &str| format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP));
        let bodies: Vec<String> = [nest("[", "]"), nest("{\"a\":", "}"), "[".repeat(DEEP)]
            .iter()
            .flat_map(|nest| {
                [
                    nest.clone(),
                    format!("{{\"query\":{nest}}}"),
                    format!("{{\"query\":\"{{me{{scopes}}}}\",\"variables\":{{\"x\":{nest}}}}}"),
                    format!("{{\"query\":\"{{me{{scopes}}}}\",\"extensions\":{{\"x\":{nest}}}}}"),
                    format!("{{\"query\":\"{{me{{scopes}}}}\",\"operationName\":{nest}}}"),
                ]
            })
            .collect();
        let queries = [
            "{a".repeat(DEEP),
            format!("{{orgUnit(id:{}){{id}}}}", nest("[", "]")),
            format!("{{orgUnit(id:{}){{id}}}}", nest("{a:", "}")),
            format!(
                "query($x:{}ID{}){{me{{scopes}}}}",
                "[".repeat(DEEP),
                "]".repeat(DEEP)
            ),
            format!("query($x:ID={}){{me{{scopes}}}}", nest("[", "]")),
            format!("{{me@include(if:{}){{scopes}}}}", nest("[", "]")),
            format!("{{me{{{}scopes{}}}}}", "...{".repeat(DEEP), "}".repeat(DEEP)),
            format!("mutation{{{}}}", "a(".repeat(DEEP)),
            format!("subscription{}", "{a".repeat(DEEP)),
        ];
        for transport in [Transport::Post, Transport::Stream, Transport::Socket] {
            for body in &bodies {
                let said = transport.ask_text(who, body, &Value::Null).await;
                let refused = said.closed == Some(4400) || said.code() == "malformed";
                assert!(
                    refused && said.length < 3_000,
                    "{transport:?}, {body:.60}: {said:?}"
                );
            }
            for query in &queries {
                let said = transport.ask(who, &asks(query)).await;
                assert_eq!(said.code(), "too_large", "{transport:?}, {query:.60}: {said:?}");
                let nested = said.words().contains("levels of nesting");
                assert!(
                    nested && said.length < 3_000,
                    "{transport:?}, {query:.60}: {said:?}"
                );
            }
        }
        for transport in [Transport::Get, Transport::StreamByGet] {
            for query in &queries {
                // What fits an address at all.
                let said = transport.ask(who, &asks(&query[..15_000])).await;
                assert_eq!(said.code(), "too_large", "{transport:?}, {query:.60}: {said:?}");
            }
        }
        // Nesting in a message around the operation, before and after the client is known.
        let deep = format!("{{\"type\":\"ping\",\"payload\":{}}}", nest("[", "]"));
        let mut stranger = Socket::open(&world.base, &[]).await.expect("a socket");
        let mut known = Socket::known(&world.base, token).await;
        for socket in [&mut stranger, &mut known] {
            socket.say_text(deep.clone()).await;
            assert_eq!(socket.closed().await.0, 4400);
        }
        world.national_lead().get("/v1/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_beyond_the_limit_is_refused_on_every_transport() {
    for_each_database_with(&[("LIMITS__BODY_BYTES", "4096")], async |world| {
        let who = world.national_lead();
        let large = json!({ "query": "{ me { scopes } }", "variables": { "x": "y".repeat(5_000) } });
        for transport in [Transport::Post, Transport::Stream] {
            let said = transport.ask(who, &large).await;
            assert_eq!(said.code(), "payload_too_large", "{transport:?}: {said:?}");
        }
        let said = Transport::Socket.ask(who, &large).await;
        assert_eq!(said.closed, Some(1009), "{said:?}");
        // A stranger's body is not even read.
        for path in ["/graphql", "/graphql/stream"] {
            let call = world.anonymous().call("POST", path).header("accept", "*/*");
            call.body("application/json", "x".repeat(5_000)).await.expect(401);
        }
        // Before a client is known it can send no more than after.
        let mut stranger = Socket::open(&world.base, &[]).await.expect("a socket");
        stranger.say_text("x".repeat(5_000)).await;
        assert_eq!(stranger.closed().await.0, 1009);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_quota_is_used_up_by_all_transports() {
    for_each_database(async |world| {
        // One more every five seconds: none while the transports are asked, however slow the machine is.
        let strict = [("LIMITS__REQUESTS_PER_MINUTE", "12")];
        let strict = world.beside_with(&strict).await;
        let who = world.as_role("coach").on(&strict);
        let token = world.north.token("coach");
        // The socket is known before the quota is used up, and then carries requests that are counted like any.
        let mut socket = Socket::known(&strict.base, token).await;
        let asked = asks("{ me { scopes } }");
        let mut answered = 0;
        let refused = loop {
            let heard = socket.ask("1", &asked).await;
            match &heard[0] {
                Heard::Message(message) if message["type"] == "next" => answered += 1,
                Heard::Message(message) => break message["payload"][0].clone(),
                Heard::Closed(code, words) => panic!("{code} {words}"),
            }
            assert!(answered < 40, "so many requests and no refusal");
        };
        assert_eq!(refused["extensions"]["code"], "too_many", "{refused}");
        assert!(
            refused["extensions"]["retryAfter"].as_u64() >= Some(1),
            "{refused}"
        );
        for transport in [
            Transport::Post,
            Transport::Get,
            Transport::Stream,
            Transport::StreamByGet,
        ] {
            let said = transport.ask(who, &asked).await;
            assert_eq!(said.code(), "too_many", "{transport:?}: {said:?}");
        }
        let mut late = Socket::open(&strict.base, &[]).await.expect("a socket");
        late.say(&Socket::init(token)).await;
        assert_eq!(late.closed().await.0, 4429);
        // Nobody else is touched.
        Transport::Socket
            .ask(world.as_role("team_lead").on(&strict), &asked)
            .await
            .data();
        strict.stop().await;
    })
    .await;
    for_each_database_with(&[("LIMITS__ANONYMOUS_PER_MINUTE", "20")], async |world| {
        let mut refused = 200;
        for _ in 0..60 {
            if let Err(status) = Socket::open(&world.base, &[]).await {
                refused = status;
            }
        }
        assert_eq!(refused, 429, "an address opens so many sockets without a token");
        let bearer = format!("Bearer {}", world.north.token("coach"));
        let known = Socket::open(&world.base, &[("authorization", &bearer)]).await;
        assert!(known.is_ok(), "whoever has a token is no stranger");
    })
    .await;
}

/// What takes a while: every unit with all that is beneath, several times.
pub(super) fn heavy() -> Value {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let one = |n: usize| {
        format!("a{n}: orgUnits(first: 17) {{ edges {{ node {{ id name children {{ id }} }} }} }}")
    };
    let heavy = (0..60).map(one).collect::<String>();
    // Each is another question, of which no answer is kept.
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    asks(&format!("{{ {heavy} }} # {number}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_too_long_is_given_up_on_every_transport() {
    for_each_database(async |world| {
        let brief = [
            ("SERVER__REQUEST_TIMEOUT_MS", "1500"),
            ("DATABASE__ACQUIRE_TIMEOUT_MS", "1400"),
            ("DATABASE__LOCK_TIMEOUT_MS", "1400"),
            ("LIMITS__GRAPHQL_ALIASES", "1000"),
            ("LIMITS__GRAPHQL_TOKENS", "100000"),
            ("LIMITS__GRAPHQL_COMPLEXITY", "10000000"),
        ];
        let brief = world.beside_with(&brief).await;
        let who = world.national_lead().on(&brief);
        // Every unit with what is beneath it, so often that it takes seconds.
        let parts: String = (0..600)
            .map(|n| format!("a{n}:orgUnits{{edges{{node{{...N}}}}}}"))
            .collect();
        let fragment = "fragment N on OrgUnit{id allowedActions children{id allowedActions children{id}}}";
        let asked = asks(&format!("{{{parts}}}{fragment}"));
        for transport in Transport::ALL {
            let said = transport.ask(who, &asked).await;
            assert!(said.words().contains("took too long"), "{transport:?}: {said:?}");
            assert!(said.body.get("data").is_none(), "{transport:?}: {said:?}");
        }
        brief.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_holds_on_every_transport_that_writes() {
    for_each_database(async |world| {
        let who = world.national_lead();
        let mutation = "mutation($input: CreateOrgUnit!) { createOrgUnit(input: $input) { id code } }";
        for transport in Transport::ALL {
            let code = format!("once-{transport:?}").to_ascii_lowercase();
            let mut asked = json!({ "query": mutation, "variables": { "input": {
                "parent": "code:alpha", "tier": "MICROSYSTEM", "kind": "CLINICAL_TEAM", "code": code, "name": "A team",
            }}});
            asked["extensions"] = json!({ "idempotencyKey": format!("key-{code}") });
            let first = transport.ask(who, &asked).await;
            if !transport.writes() {
                // By GET nothing is written, whatever else the address says.
                let no = format!("mutation {{ changeOrgUnit(id: \"{}\", input: {{ name: \"No\" }}) {{ id }} }}",
                    world.north.unit("alpha").id);
                let refused = transport.ask(who, &asks(&no)).await;
                assert_eq!(refused.code(), "method_not_allowed", "{transport:?}: {refused:?}");
                continue;
            }
            let made = first.data()["createOrgUnit"].clone();
            assert_eq!(made["code"], code);
            let again = transport.ask(who, &asked).await;
            assert_eq!(again.data()["createOrgUnit"], made, "{transport:?}");
            assert_eq!(again.body["extensions"]["idempotencyReplayed"], true, "{transport:?}: {again:?}");
            asked["variables"]["input"]["name"] = json!("Another");
            let reused = transport.ask(who, &asked).await;
            let places = &reused.body["errors"][0]["extensions"]["errors"];
            assert_eq!(places[0]["code"], "idempotency_key_reused", "{transport:?}: {reused:?}");
        }
        let unit = world.national_lead().get("/v1/org-units/code:alpha").await;
        assert_eq!(unit.body["name"], "Unit alpha");
        let both = world.national_lead().call("POST", "/graphql").header("idempotency-key", "one").json(&json!({
            "query": "{ me { scopes } }", "extensions": { "idempotencyKey": "other" },
        }));
        assert_eq!(both.await.expect(400).fault(), "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_of_tools_are_audited_on_every_transport() {
    for_each_database(async |world| {
        let who = world.integration();
        for transport in Transport::ALL {
            let name = format!("By{transport:?}");
            let asked =
                json!({ "query": format!("query {name} {{ me {{ scopes }} }}"), "operationName": name });
            transport.ask(who, &asked).await.data();
        }
        let reads = world
            .as_role("auditor")
            .get("/v1/audit-events?kind=reads&limit=50")
            .await
            .expect(200);
        for transport in Transport::ALL {
            let name = format!("graphql:By{transport:?}");
            let found = reads.data().iter().any(|read| read["action"] == name.as_str());
            assert!(found, "{name} is not in {reads}");
        }
    })
    .await;
}

//! What an open socket and a stream of events say, how many of them there may be, and what ends them.

use std::time::{Duration, Instant};

use e2e::{Actor, Heard, Socket, World, events, for_each_database, for_each_database_with};
use serde_json::{Value, json};

use super::transports::{asks, heavy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_says_what_the_protocol_says() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let ask = |accept: &str, query: &str| {
            lead.post("/graphql/stream", &asks(query))
                .header("accept", accept)
        };
        let answer = ask("text/event-stream", "{ me { tenant { slug } } }")
            .await
            .expect(200);
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        let (body, complete) = events(&answer);
        assert_eq!(
            (&body["data"]["me"]["tenant"]["slug"], complete),
            (&json!("north"), true)
        );
        // What validation finds, and a subscription, which there is none of yet, are answers; the rest is HTTP's.
        for query in ["{ me { nothing } }", "{ me", "subscription { changes { id } }"] {
            let (body, complete) = events(&ask("text/event-stream", query).await.expect(200));
            assert!(
                body["errors"][0]["message"].is_string() && complete,
                "{query}: {body}"
            );
            assert!(body.get("data").is_none(), "{query}: {body}");
        }
        ask("application/json", "{ me { scopes } }").await.expect(406);
        ask("text/event-stream;q=0", "{ me { scopes } }")
            .await
            .expect(406);
        ask("text/event-stream", "").await.expect(400);
        let stranger = world.anonymous();
        let refused = stranger
            .post("/graphql/stream", &asks("{ me { scopes } }"))
            .header("accept", "text/event-stream");
        assert!(!refused.await.expect(401).header("www-authenticate").is_empty());
        let text = lead
            .call("POST", "/graphql/stream")
            .header("accept", "text/event-stream");
        text.body("text/plain", "{ me { scopes } }").await.expect(415);
        // Neither is there another form of what `/graphql` answers.
        for accept in ["text/csv", "application/json;q=0"] {
            lead.post("/graphql", &asks("{ me { scopes } }"))
                .header("accept", accept)
                .await
                .expect(406);
        }
        let charset = lead.call("POST", "/graphql").header("accept", "*/*");
        charset
            .body("application/json; charset=utf-16", "{}")
            .await
            .expect(415);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_says_what_the_protocol_says() {
    let settings = [
        ("SERVER__SOCKET_INIT_TIMEOUT_MS", "1500"),
        ("SERVER__CORS_ORIGINS", "[\"https://page.test\"]"),
    ];
    for_each_database_with(&settings, async |world| {
        let token = world.north.token("national_lead");
        let subscribe = Socket::subscribe("1", &asks("{ me { tenant { slug } } }"));
        // Two questions on one socket, each answered under its own id.
        let mut socket = Socket::known(&world.base, token).await;
        socket
            .say(&json!({ "type": "ping", "payload": { "n": 1 } }))
            .await;
        assert_eq!(
            socket.hear().await,
            Heard::Message(json!({ "type": "pong", "payload": { "n": 1 } }))
        );
        for id in ["1", "a \"quoted\" id"] {
            let heard = socket.ask(id, &asks("{ me { tenant { slug } } }")).await;
            let data = json!({ "data": { "me": { "tenant": { "slug": "north" } } } });
            let next = Heard::Message(json!({ "id": id, "type": "next", "payload": data }));
            assert_eq!(
                heard,
                [next, Heard::Message(json!({ "id": id, "type": "complete" }))]
            );
        }
        let refused = socket.ask("2", &asks("{ me { nothing } }")).await;
        assert!(
            matches!(&refused[..], [Heard::Message(error)] if error["type"] == "error"),
            "{refused:?}"
        );
        // A field's own error is an answer.
        let faulty = socket
            .ask("3", &asks("{ orgUnit(id: \"code:nowhere\") { id } }"))
            .await;
        assert!(
            matches!(&faulty[0], Heard::Message(next) if next["type"] == "next"),
            "{faulty:?}"
        );

        // By the header, where a client can set one.
        let bearer = format!("Bearer {token}");
        let mut socket = Socket::open(&world.base, &[("authorization", &bearer)])
            .await
            .expect("a socket");
        socket.say(&json!({ "type": "connection_init" })).await;
        assert_eq!(
            socket.hear().await,
            Heard::Message(json!({ "type": "connection_ack" }))
        );
        assert_eq!(
            Socket::open(&world.base, &[("authorization", "Bearer no.token.atall")])
                .await
                .err(),
            Some(401)
        );

        let began = Instant::now();
        let mut silent = Socket::open(&world.base, &[]).await.expect("a socket");
        assert_eq!(silent.closed().await.0, 4408);
        assert!(began.elapsed() < Duration::from_secs(10));
        for (said, code) in [
            (vec![subscribe.clone()], 4401),
            (vec![Socket::init("no.token.atall")], 4403),
            (vec![json!({ "type": "connection_init" })], 4403),
            (vec![Socket::init(token), Socket::init(token)], 4429),
            (vec![Socket::init(token), json!({ "type": "start" })], 4400),
            (vec![json!([])], 4400),
        ] {
            let mut socket = Socket::open(&world.base, &[]).await.expect("a socket");
            for message in &said {
                socket.say(message).await;
            }
            assert_eq!(socket.closed().await.0, code, "{said:?}");
        }
        let mut socket = Socket::speaking(&world.base, None, &[]).await.expect("a socket");
        assert_eq!(socket.closed().await.0, 4406);
        let both = Some("graphql-ws, graphql-transport-ws");
        let mut socket = Socket::speaking(&world.base, both, &[]).await.expect("a socket");
        socket.say(&Socket::init(token)).await;
        assert_eq!(
            socket.hear().await,
            Heard::Message(json!({ "type": "connection_ack" }))
        );
        // Pages are let in by their origin, as by CORS.
        for (origin, status) in [
            ("https://page.test", None),
            (world.base.as_str(), None),
            ("https://other.test", Some(403)),
            ("null", Some(403)),
        ] {
            assert_eq!(
                Socket::open(&world.base, &[("origin", origin)]).await.err(),
                status,
                "{origin}"
            );
        }
        let refused = world.national_lead().get("/graphql/ws").await.expect(426);
        assert_eq!(refused.header("upgrade"), "websocket");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_and_what_they_carry_are_bounded() {
    let few = [
        ("LIMITS__GRAPHQL_SOCKETS", "4"),
        ("LIMITS__GRAPHQL_SOCKETS_PER_CALLER", "2"),
        ("LIMITS__GRAPHQL_OPERATIONS", "2"),
    ];
    for_each_database_with(&few, async |world| {
        let token = world.north.token("national_lead");
        let mut first = Socket::known(&world.base, token).await;
        let second = Socket::known(&world.base, token).await;
        let mut third = Socket::open(&world.base, &[]).await.expect("a socket");
        third.say(&Socket::init(token)).await;
        assert_eq!(third.closed().await.0, 4429, "of one caller there are two");
        let other = Socket::known(&world.base, world.north.token("coach")).await;
        let fourth = until_let_in(world).await;
        assert_eq!(
            Socket::open(&world.base, &[]).await.err(),
            Some(503),
            "of all callers there are four"
        );
        drop((second, other, fourth));
        // What was given back is there again, for the server and for the caller.
        drop(until_let_in(world).await);
        let mut again = until_known(world, token).await;

        // Four operations at once: two run, two are refused, and then there is room again.
        for id in ["1", "2", "3", "4"] {
            first.say(&Socket::subscribe(id, &heavy())).await;
        }
        let (mut done, mut refused) = (0, 0);
        while done + refused < 4 {
            let Heard::Message(message) = first.hear().await else {
                panic!("it closed")
            };
            match message["type"].as_str() {
                Some("complete") => done += 1,
                Some("error") => {
                    assert_eq!(
                        message["payload"][0]["extensions"]["code"], "too_many_operations",
                        "{message}"
                    );
                    refused += 1;
                }
                _ => {}
            }
        }
        assert!(done >= 2 && refused >= 1, "{done} done, {refused} refused");
        assert_eq!(first.ask("5", &asks("{ me { scopes } }")).await.len(), 2);
        // What its client no longer wants is not told.
        again.say(&Socket::subscribe("1", &heavy())).await;
        again.say(&json!({ "id": "1", "type": "complete" })).await;
        let heard = again.ask("2", &asks("{ me { scopes } }")).await;
        assert!(
            heard
                .iter()
                .all(|heard| matches!(heard, Heard::Message(message) if message["id"] == "2")),
            "{heard:?}"
        );
        // And yet it counts until it is over.
        for id in ["3", "4", "5", "6"] {
            again.say(&Socket::subscribe(id, &heavy())).await;
            again.say(&json!({ "id": id, "type": "complete" })).await;
        }
        let Heard::Message(refused) = again.hear().await else {
            panic!("it closed")
        };
        assert_eq!(
            refused["payload"][0]["extensions"]["code"], "too_many_operations",
            "{refused}"
        );
        drop(again);
        let mut again = until_known(world, token).await;
        again.say(&Socket::subscribe("3", &heavy())).await;
        again.say(&Socket::subscribe("3", &heavy())).await;
        assert_eq!(again.closed().await.0, 4409);
    })
    .await;
}

/// A socket, as soon as there is a place: what its client has dropped the server notices a little later.
async fn until_let_in(world: &World) -> Socket {
    for _ in 0..100 {
        if let Ok(socket) = Socket::open(&world.base, &[]).await {
            return socket;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no place is given back");
}

/// The same for a caller.
async fn until_known(world: &World, token: &str) -> Socket {
    for _ in 0..100 {
        let mut socket = until_let_in(world).await;
        socket.say(&Socket::init(token)).await;
        if let Heard::Message(_) = socket.hear().await {
            return socket;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no place of the caller's is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_socket_feels_what_is_taken_away() {
    let settings = [("SERVER__SOCKET_PING_MS", "1500"), ("AUTH__LEEWAY_SECONDS", "0")];
    for_each_database_with(&settings, async |world| {
        let unit = world.north.unit("alpha-stroke").id.clone();
        let change = asks(&format!(
            "mutation {{ changeOrgUnit(id: \"{}\", input: {{ name: \"Renamed\" }}) {{ id }} }}",
            world.north.unit("alpha").id
        ));
        // A role that is taken back is gone from the next operation on.
        let mut lead = Socket::known(&world.base, world.north.token("organisation_lead")).await;
        let heard = lead.ask("1", &change).await;
        assert!(
            matches!(&heard[0], Heard::Message(next) if next["payload"].get("errors").is_none()),
            "{heard:?}"
        );
        let grant = world.north.grants["organisation_lead"].clone();
        world
            .national_lead()
            .delete(&format!("/v1/grants/{grant}"))
            .await
            .expect(200);
        let gone = lead.ask("2", &change).await;
        assert!(
            matches!(&gone[0], Heard::Message(next) if next["payload"]["errors"][0].is_object()),
            "{gone:?}"
        );

        // A client that is closed, and a token that expires, end their sockets though nothing is asked on them.
        let body = json!({ "name": "Another tool", "unit": unit, "sources": ["other-tool"] });
        let giver = Actor::with_token(world, world.north.giver_of("alpha-stroke"));
        let made = giver.post("/v1/api-clients", &body).await.expect(201);
        let credentials = (made.text_at("/client/clientId"), made.text_at("/clientSecret"));
        let token = world.client_token(&credentials, None).await;
        let mut tool = Socket::known(&world.base, &token).await;
        let client = made.text_at("/client/id");
        giver
            .delete(&format!("/v1/api-clients/{client}"))
            .await
            .expect(200);
        assert_eq!(tool.closed().await, (4403, "Forbidden".to_owned()));

        let brief = world.token_for("coach", 3);
        let mut coach = Socket::known(&world.base, &brief).await;
        assert_eq!(coach.ask("1", &asks("{ me { scopes } }")).await.len(), 2);
        assert_eq!(coach.closed().await, (4403, "Forbidden".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_silent_for_too_long_is_left() {
    for_each_database_with(&[("SERVER__SOCKET_PING_MS", "300")], async |world| {
        let token = world.north.token("national_lead");
        // One that answers pings stays, though it says nothing.
        let mut there = Socket::known(&world.base, token).await;
        let listening = tokio::time::timeout(Duration::from_secs(2), there.hear()).await;
        assert!(listening.is_err(), "{listening:?}");
        assert_eq!(there.ask("1", &asks("{ me { scopes } }")).await.len(), 2);
        // One that does not even read is left.
        let mut gone = Socket::known(&world.base, token).await;
        gone.sleep(Duration::from_secs(2)).await;
        assert_eq!(gone.closed().await.0, 1001);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_finishes_what_its_sockets_carry() {
    for_each_database(async |world| {
        let token = world.north.token("national_lead").to_owned();
        let mut idle = Socket::known(&world.base, &token).await;
        let mut busy = Socket::known(&world.base, &token).await;
        busy.say(&Socket::subscribe("1", &heavy())).await;
        // The server has heard it once it answers what was said behind it.
        busy.say(&json!({ "type": "ping" })).await;
        // All of it, though the database is closed once nothing is under way any more.
        let is_whole =
            |message: &Value| message["type"] == "next" && message["payload"].get("errors").is_none();
        let mut answered = false;
        loop {
            let Heard::Message(message) = busy.hear().await else {
                panic!("it closed")
            };
            answered |= is_whole(&message);
            if message["type"] == "pong" {
                break;
            }
        }
        let stopping = tokio::spawn(world.take_server().stop());
        assert_eq!(idle.closed().await.0, 1001);
        let end = loop {
            match busy.hear().await {
                Heard::Message(message) => answered |= is_whole(&message),
                Heard::Closed(code, _) => break code,
            }
        };
        assert_eq!((answered, end), (true, 1001));
        let stopped = tokio::time::timeout(Duration::from_secs(5), stopping).await;
        stopped
            .expect("the server stops soon")
            .expect("and without a panic");
    })
    .await;
}

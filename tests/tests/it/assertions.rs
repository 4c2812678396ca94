//! API clients that prove themselves by a key of their own (RFC 7523).

use e2e::{Actor, Algorithm, Answer, Call, Issuer, World, for_each_database};
use serde_json::{Value, json};

const ENDPOINT: &str = "https://spiral.test/oauth/token";
const JWT_BEARER: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

/// A client of the organisation with our key as `ours`, and its `client_id`.
async fn client(world: &World) -> (String, String) {
    let lead = world.as_role("organisation_lead");
    let unit = &world.north.unit("alpha").id;
    let body = json!({ "name": "Signer", "unit": unit, "keys": [world.issuer.jwk("ours")] });
    let made = lead.post("/v1/api-clients", &body).await.expect(201);
    assert_eq!(made.body["client"]["keys"][0]["kid"], "ours", "{made}");
    let id = made.text_at("/client/id");
    world.grant(lead, &id, "integration", unit).await;
    (id, made.text_at("/client/clientId"))
}

fn claims(client_id: &str, jti: &str) -> Value {
    let now = Issuer::claims("nobody")["iat"].as_i64().unwrap_or_default();
    json!({ "iss": client_id, "sub": client_id, "aud": ENDPOINT, "exp": now + 60, "jti": jti })
}

fn signed(world: &World, claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "kid": "ours" });
    world.issuer.sign_under(Algorithm::EdDsa, &header, claims)
}

fn token_call(who: Actor<'_>, form: String) -> Call {
    let call = who.call("POST", "/oauth/token");
    call.body("application/x-www-form-urlencoded", form)
}

async fn ask(who: Actor<'_>, form: String) -> Answer {
    token_call(who, form).await
}

fn form(assertion: &str) -> String {
    format!("grant_type=client_credentials&client_assertion_type={JWT_BEARER}&client_assertion={assertion}")
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 401, "{answer}");
    assert_eq!(answer.body["error"], "invalid_client", "{answer}");
    assert!(answer.header("www-authenticate").starts_with("Basic"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_assertion_gets_a_token_once() {
    for_each_database(async |world| {
        let anyone = world.anonymous();
        let (id, client_id) = client(world).await;
        let assertion = signed(world, &claims(&client_id, "first"));
        let answer = ask(anyone, form(&assertion)).await.expect(200);
        let token = answer.text_at("/access_token");
        let me = Actor::with_token(world, &token).get("/v1/me").await.expect(200);
        assert_eq!(me.text_at("/principal/id"), id);

        // Used up, here and on another server.
        refused(&ask(anyone, form(&assertion)).await);
        let other = world.beside().await;
        refused(&ask(anyone.on(&other), form(&assertion)).await);
        let there = signed(world, &claims(&client_id, "second"));
        ask(anyone.on(&other), form(&there)).await.expect(200);
        refused(&ask(anyone, form(&there)).await);
        // Of many at once, on both, one gets a token.
        let contested = form(&signed(world, &claims(&client_id, "third")));
        let asked: Vec<_> = (0..8)
            .map(|n| {
                let who = if n % 2 == 0 { anyone } else { anyone.on(&other) };
                tokio::spawn(token_call(who, contested.clone()).into_future())
            })
            .collect();
        let mut won = 0;
        for answer in asked {
            won += u32::from(answer.await.expect("an answer").status == 200);
        }
        assert_eq!(won, 1);
        other.stop().await;

        // The client may say beside it who it is, and asks for less as with a secret.
        let more = |jti: &str, more: &str| form(&signed(world, &claims(&client_id, jti))) + more;
        let named = format!("&client_id={client_id}&scope=tenancy%3Aread");
        let answer = ask(anyone, more("fourth", &named)).await.expect(200);
        assert_eq!(answer.body["scope"], "tenancy:read", "{answer}");
        let beyond = ask(anyone, more("fifth", "&scope=nonsense")).await.expect(400);
        assert_eq!(beyond.body["error"], "invalid_scope", "{beyond}");
        refused(&ask(anyone, more("sixth", "&client_id=north~other")).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_proves_a_client() {
    for_each_database(async |world| {
        let anyone = world.anonymous();
        let (_, client_id) = client(world).await;
        let with = |name: &str, value: Value| {
            let mut claims = claims(&client_id, "never");
            claims[name] = value;
            claims
        };
        let now = Issuer::claims("nobody")["iat"].as_i64().unwrap_or_default();
        for wrong in [
            with("aud", json!("https://elsewhere.test/token")),
            with("aud", json!([ENDPOINT, "https://elsewhere.test"])),
            with("exp", json!(now - 60)),
            with("exp", json!(now + 3600)),
            with("jti", Value::Null),
            with("iss", json!("https://spiral.test")),
            with("sub", json!(world.north.credentials.0)),
        ] {
            refused(&ask(anyone, form(&signed(world, &wrong))).await);
        }
        let good = with("aud", json!(ENDPOINT));
        let header = json!({ "alg": "EdDSA", "kid": "ours" });
        for (algorithm, alg, kid) in [
            (Algorithm::None, "none", "ours"),
            (Algorithm::Hs256, "HS256", "ours"),
            (Algorithm::Es256, "ES256", "ours"),
            (Algorithm::EdDsa, "EdDSA", "ed"),
        ] {
            let header = json!({ "alg": alg, "kid": kid });
            let text = world.issuer.sign_under(algorithm, &header, &good);
            refused(&ask(anyone, form(&text)).await);
        }
        // The same name in the other tenant, and a client there that has our key.
        let south = client_id.replacen("north", "south", 1);
        refused(&ask(anyone, form(&signed(world, &claims(&south, "never")))).await);
        let body = json!({
            "name": "Theirs", "unit": world.south.unit("root").id, "keys": [world.issuer.jwk("theirs")],
        });
        let theirs = world.outsider().post("/v1/api-clients", &body).await.expect(201);
        let header_theirs = json!({ "alg": "EdDSA", "kid": "theirs" });
        let text = world.issuer.sign_under(Algorithm::EdDsa, &header_theirs, &good);
        refused(&ask(anyone, form(&text)).await);
        let their_id = theirs.text_at("/client/clientId");
        let text = world
            .issuer
            .sign_under(Algorithm::EdDsa, &header, &claims(&their_id, "never"));
        refused(&ask(anyone, form(&text)).await);

        let assertion = signed(world, &good);
        for malformed in [
            format!("grant_type=client_credentials&client_assertion={assertion}"),
            form(&assertion).replace("jwt-bearer", "saml2-bearer"),
            form(&assertion) + "&client_secret=sps_also",
            format!("grant_type=client_credentials&client_assertion_type={JWT_BEARER}"),
        ] {
            let answer = ask(anyone, malformed).await.expect(400);
            assert_eq!(answer.body["error"], "invalid_request", "{answer}");
        }
        // None of them has used it up.
        ask(anyone, form(&assertion)).await.expect(200);
        // An assertion opens no other door.
        let fresh = signed(world, &claims(&client_id, "door"));
        Actor::with_token(world, &fresh)
            .get("/v1/me")
            .await
            .problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_and_end() {
    for_each_database(async |world| {
        let anyone = world.anonymous();
        let lead = world.as_role("organisation_lead");
        let (id, client_id) = client(world).await;
        let path = format!("/v1/api-clients/{id}/keys");
        let by = async |kid: &str, jti: &str| {
            let header = json!({ "alg": "EdDSA", "kid": kid });
            let text = world
                .issuer
                .sign_under(Algorithm::EdDsa, &header, &claims(&client_id, jti));
            ask(anyone, form(&text)).await
        };
        let both = json!({ "keys": [world.issuer.jwk("ours"), world.issuer.jwk("next")] });
        let set = lead
            .put(&path, &both)
            .header("if-match", "\"1\"")
            .await
            .expect(200);
        assert_eq!(set.body["version"], 2, "{set}");
        by("ours", "1").await.expect(200);
        by("next", "2").await.expect(200);
        lead.put(&path, &both)
            .header("if-match", "\"1\"")
            .await
            .expect(412);
        lead.put(&path, &json!({ "keys": [world.issuer.jwk("next")] }))
            .await
            .expect(200);
        refused(&by("ours", "3").await);
        by("next", "4").await.expect(200);

        let mut private = world.issuer.jwk("private");
        private["d"] = json!("AAAA");
        lead.put(&path, &json!({ "keys": [private] }))
            .await
            .problem(422, "invalid");
        let mut unfit = world.issuer.jwk("unfit");
        unfit["alg"] = json!("RS256");
        let twice = json!({ "keys": [world.issuer.jwk("a"), world.issuer.jwk("a")] });
        let answer = lead.put(&path, &twice).await.problem(422, "invalid");
        assert_eq!(answer.pointers(), ["/keys/1/kid"]);
        let answer = lead
            .put(&path, &json!({ "keys": [unfit] }))
            .await
            .problem(422, "invalid");
        assert_eq!(answer.pointers(), ["/keys/0"]);

        // A leads' tool is nobody else's to speak for, from above neither.
        for role in ["national_lead", "sha_lead"] {
            let taken = world.as_role(role).put(&path, &both).await;
            taken.problem(403, "forbidden");
        }
        lead.delete(&format!("/v1/api-clients/{id}")).await.expect(200);
        refused(&by("next", "5").await);
    })
    .await;
}

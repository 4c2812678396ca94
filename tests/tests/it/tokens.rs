//! Tokens of a configured issuer: only the right ones open the door.

use e2e::{Actor, Algorithm, Issuer, World, for_each_database};
use serde_json::{Value, json};

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    if let Some(claims) = claims.as_object_mut() {
        claims.remove(name);
    }
    claims
}

/// What must not be let in, each with a word for it.
fn wrong(world: &World) -> Vec<(&'static str, String)> {
    let claims = Issuer::claims("national_lead");
    let sign = |claims: &Value| world.issuer.sign(Algorithm::EdDsa, claims);
    let now = claims["iat"].as_u64().unwrap_or_default();
    let good = sign(&claims);
    let parts: Vec<&str> = good.split('.').collect();
    let other = sign(&with(&claims, "sub", json!("auditor")));
    let flipped = {
        // In the middle: the last letter has bits that count for nothing.
        let (left, right) = parts[2].split_at(40);
        let letter = if right.starts_with('A') { 'B' } else { 'A' };
        format!("{}.{}.{left}{letter}{}", parts[0], parts[1], &right[1..])
    };
    vec![
        (
            "another audience",
            sign(&with(&claims, "aud", json!("another-api"))),
        ),
        ("no audience", sign(&without(&claims, "aud"))),
        (
            "an unknown issuer",
            sign(&with(&claims, "iss", json!("https://evil.test"))),
        ),
        (
            "our own issuer's name",
            sign(&with(&claims, "iss", json!("https://spiral.test"))),
        ),
        ("expired", sign(&with(&claims, "exp", json!(now - 3600)))),
        ("no expiry", sign(&without(&claims, "exp"))),
        ("not yet valid", sign(&with(&claims, "nbf", json!(now + 3600)))),
        (
            "issued in the future",
            sign(&with(&claims, "iat", json!(now + 3600))),
        ),
        ("somebody unknown", sign(&with(&claims, "sub", json!("stranger")))),
        ("nobody", sign(&without(&claims, "sub"))),
        (
            "claims of another token",
            format!(
                "{}.{}.{}",
                parts[0],
                other.split('.').nth(1).unwrap_or_default(),
                parts[2]
            ),
        ),
        ("a flipped signature", flipped),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("alg none", world.issuer.sign(Algorithm::None, &claims)),
        (
            "HS256 with the public key",
            world.issuer.sign(Algorithm::Hs256, &claims),
        ),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("no token at all", "nonsense".to_owned()),
        ("far too long", format!("{good}{}", "A".repeat(7_000))),
        // The second issuer's tokens name their tenant: one that there is not, and none.
        (
            "an unknown tenant",
            sign(&with(
                &with(&claims, "iss", json!("https://login.shared.test")),
                "tenant",
                json!("nowhere"),
            )),
        ),
        (
            "no tenant",
            sign(&with(&claims, "iss", json!("https://login.shared.test"))),
        ),
        // Known in the south, but not in the north.
        (
            "the other tenant",
            sign(&with(
                &with(&claims, "iss", json!("https://login.shared.test")),
                "tenant",
                json!("north"),
            )),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_token_opens_the_door() {
    for_each_database(async |world| {
        for (what, token) in wrong(world) {
            let refused = Actor::with_token(world, &token).get("/v1/me").await;
            let refused = refused.problem(401, "unauthenticated");
            let challenge = refused.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer") && challenge.contains("invalid_token"),
                "{what}: {challenge}"
            );
            let refused = Actor::with_token(world, &token)
                .graphql("{ me { scopes } }", &json!({}))
                .await
                .expect(401);
            assert_eq!(refused.fault(), "unauthenticated", "{what}");
        }
        let claims = Issuer::claims("national_lead");
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
            let token = world.issuer.sign(algorithm, &claims);
            let me = Actor::with_token(world, &token).get("/v1/me").await.expect(200);
            assert_eq!(me.text_at("/tenant/slug"), "north");
        }
        let several = with(&claims, "aud", json!(["another-api", "spiral-api"]));
        let token = world.issuer.sign(Algorithm::EdDsa, &several);
        Actor::with_token(world, &token).get("/v1/me").await.expect(200);
        // The first issuer speaks for one tenant, whatever its tokens say.
        let claimed = with(&claims, "tenant", json!("south"));
        let token = world.issuer.sign(Algorithm::EdDsa, &claimed);
        let me = Actor::with_token(world, &token).get("/v1/me").await.expect(200);
        assert_eq!(me.text_at("/tenant/slug"), "north");
        // A token may narrow what its bearer may do.
        let narrowed = with(&claims, "scope", json!("tenancy:read"));
        let token = world.issuer.sign(Algorithm::EdDsa, &narrowed);
        Actor::with_token(world, &token)
            .get("/v1/org-units")
            .await
            .expect(200);
        Actor::with_token(world, &token)
            .get("/v1/grants")
            .await
            .problem(403, "forbidden");

        for header in ["Basic bm9ib2R5Om5vdGhpbmc=", "Bearer", "Bearer ", "Token abc", ""] {
            let refused = world
                .anonymous()
                .get("/v1/me")
                .header("authorization", header)
                .await;
            refused.problem(401, "unauthenticated");
        }
    })
    .await;
}

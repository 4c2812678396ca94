//! An assertion proves its client once, to us, for a short time, by a key of its own; nothing else does.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::tokens::keys::{Claims, SigningKey};
use crate::tokens::testing::{Kind, TestKey, message};

const NOW: i64 = 1_150_000_000;
const CLIENT: &str = "north~0a1b";
const ISSUER: &str = "https://spiral.test";
const ENDPOINT: &str = "https://spiral.test/oauth/token";

static ED25519: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Ed25519, "ed"));
static P256: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::P256, "es"));
static RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Rsa, "rs"));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn registered(key: &TestKey) -> ClientKey {
    serde_json::from_value(key.jwk()).unwrap()
}

fn good() -> Value {
    json!({"iss": CLIENT, "sub": CLIENT, "aud": ENDPOINT, "exp": NOW + 60, "iat": NOW, "jti": "one"})
}

fn changed(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn prove(text: &str) -> Result<Proven> {
    let keys = [registered(&ED25519), registered(&P256), registered(&RSA)];
    Assertion::read(text)?.prove(&Expected {
        keys: &keys,
        audience: [ISSUER, ENDPOINT],
        leeway: 30,
        now: at(NOW),
    })
}

#[track_caller]
fn reason(text: &str) -> &'static str {
    match prove(text) {
        Err(Error::Unauthenticated(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_of_its_keys_proves_a_client() {
    let expected = Proven {
        id: "one".into(),
        ends_at: at(NOW + 90),
    };
    for key in [&ED25519, &P256, &RSA] {
        let text = key.token(&good());
        assert_eq!(Assertion::read(&text).unwrap().client(), CLIENT);
        assert_eq!(prove(&text).unwrap(), expected);
    }
    for aud in [json!(ISSUER), json!([ISSUER]), json!([ENDPOINT, ISSUER])] {
        prove(&ED25519.token(&changed("aud", aud))).unwrap();
    }
    prove(&ED25519.token(&without("iat"))).unwrap();
    prove(&ED25519.token(&changed("exp", json!(NOW + 330)))).unwrap();
}

#[test]
fn whom_it_is_about_has_said_it() {
    for (name, value) in [("iss", json!("north~other")), ("sub", json!("north~other"))] {
        assert_eq!(
            reason(&ED25519.token(&changed(name, value))),
            "`iss` and `sub` of the assertion differ"
        );
    }
    assert_eq!(reason(&ED25519.token(&without("iss"))), "`iss` is missing");
    assert_eq!(reason(&ED25519.token(&without("sub"))), "`sub` is missing");
}

#[test]
fn it_is_for_us_alone() {
    for aud in [
        json!("https://elsewhere.test"),
        json!([ENDPOINT, "https://elsewhere.test"]),
        json!([ENDPOINT, null]),
        json!("spiral-api"),
        json!("https://spiral.test/"),
        json!([]),
        json!(null),
        json!([[ENDPOINT]]),
    ] {
        assert_eq!(
            reason(&ED25519.token(&changed("aud", aud.clone()))),
            "the assertion is for another audience",
            "{aud}"
        );
    }
    assert_eq!(
        reason(&ED25519.token(&without("aud"))),
        "the assertion is for another audience"
    );
}

#[test]
fn it_is_for_now_alone() {
    for (name, value, expected) in [
        ("exp", json!(NOW - 30), "the token has expired"),
        ("exp", json!(NOW + 331), "the assertion is good for too long"),
        ("exp", json!("soon"), "`exp` is not an instant"),
        ("nbf", json!(NOW + 31), "the token is not valid yet"),
        ("iat", json!(NOW + 31), "the token was issued in the future"),
    ] {
        assert_eq!(reason(&ED25519.token(&changed(name, value))), expected);
    }
    assert_eq!(reason(&ED25519.token(&without("exp"))), "`exp` is missing");
}

#[test]
fn it_has_an_id_of_its_own() {
    for id in [
        json!(""),
        json!(7),
        json!("a\u{0}b"),
        json!("x".repeat(256)),
        json!(null),
    ] {
        assert_eq!(
            reason(&ED25519.token(&changed("jti", id))),
            "`jti` is missing, too long or has control characters"
        );
    }
    assert_eq!(
        reason(&ED25519.token(&without("jti"))),
        "`jti` is missing, too long or has control characters"
    );
}

#[test]
fn no_other_key_and_no_other_algorithm_counts() {
    let thief = TestKey::new(Kind::Ed25519, "ed");
    assert_eq!(reason(&thief.token(&good())), "the signature is wrong");
    let stranger = TestKey::new(Kind::Ed25519, "stranger");
    assert_eq!(
        reason(&stranger.token(&good())),
        "the token is signed with an unknown key"
    );
    // A key that the assertion brings along is not looked at.
    let mut header = thief.header();
    header["jwk"] = thief.jwk();
    assert_eq!(
        reason(&thief.token_with(&header, &good().to_string())),
        "the signature is wrong"
    );
    for alg in ["none", "HS256", "RS512", "PS256"] {
        let header = json!({"alg": alg, "kid": "ed"}).to_string();
        assert_eq!(
            reason(&format!("{}.", message(&header, &good().to_string()))),
            "the token is not signed by RS256, ES256 or EdDSA"
        );
    }
    for key in [&P256, &RSA] {
        let mut header = key.header();
        header["alg"] = json!("EdDSA");
        assert_eq!(
            reason(&key.token_with(&header, &good().to_string())),
            "the token's algorithm is not that of its key"
        );
    }
    let nameless = json!({"alg": "EdDSA"});
    assert_eq!(
        reason(&ED25519.token_with(&nameless, &good().to_string())),
        "the token does not name its key"
    );
}

#[test]
fn an_access_token_is_no_assertion() {
    for kind in ["at+jwt", "dpop+jwt", "logout+jwt"] {
        let mut header = ED25519.header();
        header["typ"] = json!(kind);
        assert_eq!(
            reason(&ED25519.token_with(&header, &good().to_string())),
            "the token is of another type"
        );
    }
    for kind in ["JWT", "client-authentication+jwt"] {
        let mut header = ED25519.header();
        header["typ"] = json!(kind);
        prove(&ED25519.token_with(&header, &good().to_string())).unwrap();
    }
    let claims = Claims {
        iss: ISSUER.into(),
        sub: CLIENT.into(),
        aud: ENDPOINT.into(),
        exp: NOW + 60,
        nbf: None,
        iat: NOW,
        jti: Some("one".into()),
        tenant: Some("north".into()),
        scope: None,
        extra: serde_json::Map::new(),
    };
    let ours = SigningKey::generate().unwrap().sign(&claims).unwrap();
    assert_eq!(reason(&ours), "the token is of another type");
}

#[test]
fn private_and_unfit_keys_are_not_taken() {
    let mut private = ED25519.jwk();
    private["d"] = json!("AAAA");
    assert!(serde_json::from_value::<ClientKey>(private).is_err());
    for (name, value) in [
        ("alg", json!("RS256")),
        ("alg", json!("HS256")),
        ("kty", json!("oct")),
        ("crv", json!("X25519")),
        ("x", json!("AQAB")),
        ("use", json!("enc")),
        ("kid", json!("")),
    ] {
        let mut jwk = ED25519.jwk();
        jwk[name] = value;
        assert!(fit(&serde_json::from_value(jwk).unwrap()).is_none(), "{name}");
    }
}

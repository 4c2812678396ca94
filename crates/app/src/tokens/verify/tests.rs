//! Each attack that RFC 8725 warns of, and what must go through.

use std::sync::LazyLock;

use super::*;
use crate::tokens::keys::SigningKey;
use crate::tokens::testing::{Kind, TestIssuer, TestKey};

mod claims;
mod signatures;

const NOW: i64 = 1_150_000_000;
const ISSUER: &str = "https://id.north.test";
const NEIGHBOUR: &str = "https://id.south.test";
const BUILTIN: &str = "https://spiral.test";

static ED25519: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Ed25519, "ed"));
static P256: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::P256, "es"));
static RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Rsa, "rs"));
static FOREIGN: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Ed25519, "south"));
static OURS: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn issuer_config(issuer: &str) -> IssuerConfig {
    IssuerConfig {
        issuer: issuer.into(),
        jwks_uri: format!("{issuer}/keys"),
        tenant: None,
        tenant_claim: TENANT_CLAIM.into(),
        audience: None,
        roles: None,
    }
}

fn config(issuers: Vec<IssuerConfig>) -> VerifierConfig {
    VerifierConfig {
        audience: "spiral-api".into(),
        leeway_seconds: 30,
        builtin_issuer: BUILTIN.into(),
        builtin_keys: vec![OURS.public_key()],
        issuers,
    }
}

/// Knows one issuer, as configured, with keys of all three sorts.
fn with_config(config: IssuerConfig) -> Verifier {
    verifier(vec![config], &Arc::new(TestIssuer::new(&[&ED25519, &P256, &RSA])))
}

fn verifier(issuers: Vec<IssuerConfig>, source: &Arc<TestIssuer>) -> Verifier {
    let source: Arc<dyn FetchJwks> = source.clone();
    Verifier::with_source(config(issuers), &source).unwrap()
}

fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "nurse-17", "aud": "spiral-api", "tenant": "north",
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 300,
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut claims = good_claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good_claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

async fn reason(verifier: &Verifier, token: &str) -> &'static str {
    match verifier.verify(token, at(NOW)).await {
        Err(Error::Unauthenticated(reason)) => reason,
        other => panic!("{other:?} for {token}"),
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_all_its_faults() {
    let source: Arc<dyn FetchJwks> = Arc::new(TestIssuer::new(&[]));
    let faults = |config: VerifierConfig| match Verifier::with_source(config, &source) {
        Err(Error::Internal(cause)) => cause.to_string(),
        other => panic!("{other:?}"),
    };
    let insecure = IssuerConfig {
        jwks_uri: "http://id.north.test/keys".into(),
        ..issuer_config(ISSUER)
    };
    let found = faults(VerifierConfig {
        audience: String::new(),
        leeway_seconds: 301,
        ..config(vec![insecure, issuer_config(ISSUER), issuer_config(BUILTIN)])
    });
    for part in [
        "the audience is empty",
        "leeway is not",
        "north.test: the keys",
        "north.test is given twice",
        "spiral.test is given twice",
    ] {
        assert!(found.contains(part), "{found}");
    }
    let unnamed = IssuerConfig {
        tenant_claim: String::new(),
        ..issuer_config(ISSUER)
    };
    assert!(faults(config(vec![unnamed])).contains("neither a tenant nor a claim"));
    let read: IssuerConfig =
        serde_json::from_value(json!({"issuer": ISSUER, "jwks_uri": "https://id.north.test/keys"})).unwrap();
    assert_eq!((read.tenant, read.tenant_claim.as_str()), (None, "tenant"));
}

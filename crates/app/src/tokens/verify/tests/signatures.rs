//! Whose signature counts, and for what.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Map;
use sha2::Sha256;

use super::*;
use crate::tokens::keys::Claims;
use crate::tokens::testing::message;

#[tokio::test]
async fn tokens_of_all_three_algorithms_are_accepted() {
    let verifier = with_config(issuer_config(ISSUER));
    for key in [&ED25519, &P256, &RSA] {
        let found = verifier
            .verify(&key.token(&good_claims()), at(NOW))
            .await
            .unwrap();
        let expected = Verified {
            issuer: ISSUER.into(),
            builtin: false,
            tenant: "north".into(),
            subject: "nurse-17".into(),
            scopes: None,
            expires_at: at(NOW + 300),
            roles: vec![],
        };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn our_own_tokens_are_accepted_while_their_key_counts() {
    let verifier = with_config(issuer_config(ISSUER));
    let claims = Claims {
        iss: BUILTIN.into(),
        sub: "feed".into(),
        aud: "spiral-api".into(),
        exp: NOW + 300,
        nbf: None,
        iat: NOW,
        jti: Some("1".into()),
        tenant: Some("north".into()),
        scope: Some("measurement:write  spread:read".into()),
        extra: Map::new(),
    };
    let token = OURS.sign(&claims).unwrap();
    let found = verifier.verify(&token, at(NOW)).await.unwrap();
    assert!(found.builtin && found.roles.is_empty());
    assert_eq!((found.tenant.as_str(), found.subject.as_str()), ("north", "feed"));
    assert_eq!(found.scopes.unwrap(), ["measurement:write", "spread:read"]);

    let twice = Claims {
        extra: Map::from_iter([("tenant".into(), json!("south"))]),
        ..claims.clone()
    };
    assert_eq!(
        reason(&verifier, &OURS.sign(&twice).unwrap()).await,
        "the token is malformed"
    );
    let nowhere = Claims {
        tenant: None,
        ..claims
    };
    let refusal = "the token does not say which tenant it is for";
    assert_eq!(reason(&verifier, &OURS.sign(&nowhere).unwrap()).await, refusal);

    let next = SigningKey::generate().unwrap();
    verifier.set_builtin_keys(vec![next.public_key()]);
    assert_eq!(
        reason(&verifier, &token).await,
        "the token is signed with an unknown key"
    );
}

#[tokio::test]
async fn what_is_no_signed_token_is_refused() {
    let verifier = with_config(issuer_config(ISSUER));
    let good = ED25519.token(&good_claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for text in [
        "",
        ".",
        "a.b",
        signed,
        &format!("{good}."),
        &format!("{good}.{signature}"),
        "a.b.c.d.e",
    ] {
        assert_eq!(reason(&verifier, text).await, "the token has not three parts");
    }
    for text in [
        "..",
        "a.b.c",
        &format!("{header}=.{payload}.{signature}"),
        &format!(" {good}"),
        "é.é.é",
    ] {
        assert_eq!(reason(&verifier, text).await, "the token is malformed");
    }
    for text in [
        format!("{signed}."),
        format!("{signed}.{}", &signature[1..]),
        format!("{signed}.%"),
    ] {
        assert_eq!(reason(&verifier, &text).await, "the signature is wrong");
    }
    for (key, length) in [(&ED25519, 64), (&P256, 64), (&RSA, 256)] {
        let message = message(&key.header().to_string(), &good_claims().to_string());
        for zeros in [0, 1, length] {
            let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(vec![0; zeros]));
            assert_eq!(reason(&verifier, &text).await, "the signature is wrong");
        }
    }
    for not_claims in [
        "",
        "5",
        "[]",
        "null",
        "{",
        "{}{}",
        "{\"iss\":\"a\",\"iss\":\"b\"}",
        "{\"realm\":{\"roles\":[\"a\"],\"roles\":[\"b\"]}}",
        "{\"all\":[{\"a\":1,\"\\u0061\":2}]}",
        &"[".repeat(5000),
    ] {
        let text = ED25519.token_with(&ED25519.header(), not_claims);
        assert_eq!(
            reason(&verifier, &text).await,
            "the token is malformed",
            "{not_claims}"
        );
    }
    let long = ED25519.token(&changed("note", json!("x".repeat(16_000))));
    assert!(long.len() > 16 * 1024);
    assert_eq!(reason(&verifier, &long).await, "the token is too long");
}

#[tokio::test]
async fn no_algorithm_but_the_keys_own_is_accepted() {
    let verifier = with_config(issuer_config(ISSUER));
    let unlisted = "the token is not signed by RS256, ES256 or EdDSA";
    let payload = good_claims().to_string();
    for none in [
        "none", "None", "NONE", "", "HS512", "RS512", "PS256", "ES384", "rs256",
    ] {
        let header = json!({"alg": none, "kid": "ed"}).to_string();
        let text = format!("{}.", message(&header, &payload));
        assert_eq!(reason(&verifier, &text).await, unlisted, "{none}");
    }
    for header in [
        json!({"kid": "ed"}),
        json!({"alg": ["EdDSA"], "kid": "ed"}),
        json!({"alg": null, "kid": "ed"}),
    ] {
        assert_eq!(
            reason(&verifier, &ED25519.token_with(&header, &payload)).await,
            unlisted
        );
    }
    // The public key is no secret: whoever takes the header's word would take it for an HMAC key.
    for key in [&ED25519, &P256, &RSA] {
        let jwk = key.jwk().to_string();
        for secret in [key.public(), jwk.as_bytes()] {
            let header = json!({"alg": "HS256", "kid": key.jwk()["kid"]}).to_string();
            let message = message(&header, &payload);
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(message.as_bytes());
            let text = format!(
                "{message}.{}",
                URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
            );
            assert_eq!(reason(&verifier, &text).await, unlisted);
        }
    }
    // The name of another algorithm, or of another key.
    for key in [&ED25519, &P256, &RSA] {
        for other in [&ED25519, &P256, &RSA] {
            let mut header = key.header();
            header["alg"] = other.header()["alg"].clone();
            let text = key.token_with(&header, &payload);
            if header == key.header() {
                verifier.verify(&text, at(NOW)).await.unwrap();
                continue;
            }
            assert_eq!(
                reason(&verifier, &text).await,
                "the token's algorithm is not that of its key"
            );
            assert_eq!(
                reason(&verifier, &key.token_with(&other.header(), &payload)).await,
                "the signature is wrong"
            );
        }
    }
}

#[tokio::test]
async fn keys_count_for_their_own_issuer_only() {
    let (north, south) = (
        Arc::new(TestIssuer::new(&[&ED25519])),
        Arc::new(TestIssuer::new(&[&FOREIGN])),
    );
    let mut both = verifier(vec![issuer_config(ISSUER)], &north);
    both.issuers
        .extend(verifier(vec![issuer_config(NEIGHBOUR)], &south).issuers);
    let (of_north, of_south) = (good_claims(), changed("iss", json!(NEIGHBOUR)));
    both.verify(&ED25519.token(&of_north), at(NOW)).await.unwrap();
    both.verify(&FOREIGN.token(&of_south), at(NOW)).await.unwrap();
    let unknown = "the token is signed with an unknown key";
    assert_eq!(reason(&both, &FOREIGN.token(&of_north)).await, unknown);
    assert_eq!(reason(&both, &ED25519.token(&of_south)).await, unknown);
    assert_eq!(
        reason(&both, &ED25519.token(&changed("iss", json!(BUILTIN)))).await,
        unknown
    );
    let stolen_name = TestKey::new(Kind::Ed25519, "ed");
    assert_eq!(
        reason(&both, &stolen_name.token(&of_north)).await,
        "the signature is wrong"
    );
    let header = json!({"alg": "EdDSA"});
    let text = ED25519.token_with(&header, &of_north.to_string());
    assert_eq!(reason(&both, &text).await, "the token does not name its key");
}

#[tokio::test]
async fn an_unknown_issuer_is_never_asked() {
    let source = Arc::new(TestIssuer::new(&[&ED25519]));
    let verifier = verifier(vec![issuer_config(ISSUER)], &source);
    for (iss, expected) in [
        (
            json!("https://id.evil.test"),
            "the token is from an issuer that is not accepted here",
        ),
        (
            json!(format!("{ISSUER}/")),
            "the token is from an issuer that is not accepted here",
        ),
        (json!([ISSUER]), "`iss` is missing"),
        (json!(null), "`iss` is missing"),
    ] {
        assert_eq!(
            reason(&verifier, &ED25519.token(&changed("iss", iss))).await,
            expected
        );
    }
    assert_eq!(
        reason(&verifier, &ED25519.token(&without("iss"))).await,
        "`iss` is missing"
    );
    assert_eq!(source.asked(), 0);
}

#[tokio::test]
async fn headers_cannot_extend_the_rules() {
    let verifier = with_config(issuer_config(ISSUER));
    let thief = TestKey::new(Kind::Ed25519, "ed");
    let payload = good_claims().to_string();
    let with = |key: &TestKey, name: &str, value: Value| {
        let mut header = key.header();
        header[name] = value;
        key.token_with(&header, &payload)
    };
    for (name, value) in [
        ("jwk", thief.jwk()),
        ("jku", json!("https://id.evil.test/keys")),
        ("x5u", json!("https://id.evil.test/chain")),
        ("x5c", json!(["AAAA"])),
    ] {
        assert_eq!(
            reason(&verifier, &with(&thief, name, value.clone())).await,
            "the signature is wrong",
            "{name}"
        );
        verifier
            .verify(&with(&ED25519, name, value), at(NOW))
            .await
            .unwrap();
    }
    for critical in [json!(["exp"]), json!([]), json!(null)] {
        let text = with(&ED25519, "crit", critical);
        assert_eq!(
            reason(&verifier, &text).await,
            "the token has critical extensions"
        );
    }
    for kind in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        verifier
            .verify(&with(&ED25519, "typ", json!(kind)), at(NOW))
            .await
            .unwrap();
    }
    for kind in [
        json!("dpop+jwt"),
        json!("logout+jwt"),
        json!(""),
        json!(null),
        json!(["JWT"]),
    ] {
        assert_eq!(
            reason(&verifier, &with(&ED25519, "typ", kind)).await,
            "the token is of another type"
        );
    }
}

#[tokio::test]
async fn a_repeated_header_is_refused() {
    let verifier = with_config(issuer_config(ISSUER));
    let payload = good_claims().to_string();
    for header in [
        r#"{"alg":"EdDSA","kid":"ed","alg":"none"}"#,
        r#"{"alg":"none","kid":"ed","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","kid":"other","kid":"ed"}"#,
    ] {
        let message = message(header, &payload);
        let signature = URL_SAFE_NO_PAD.encode(ED25519.signature(&message));
        let text = format!("{message}.{signature}");
        assert_eq!(
            reason(&verifier, &text).await,
            "the token is malformed",
            "{header}"
        );
    }
}

#[tokio::test]
async fn what_is_signed_is_what_it_looks_like() {
    let verifier = with_config(issuer_config(ISSUER));
    let good = ED25519.token(&good_claims());
    let refusal = "the token is nested, encrypted or compressed";
    for (name, value) in [
        ("cty", json!("JWT")),
        ("cty", json!(null)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("b64", json!(false)),
    ] {
        let mut header = ED25519.header();
        header[name] = value;
        let text = ED25519.token_with(&header, &good_claims().to_string());
        assert_eq!(reason(&verifier, &text).await, refusal, "{name}");
    }
    // A token within a token says nothing, and neither does one in other letters.
    let nested = ED25519.token_with(&ED25519.header(), &good);
    assert_eq!(reason(&verifier, &nested).await, "the token is malformed");
    let quoted = ED25519.token_with(&ED25519.header(), &json!(good).to_string());
    assert_eq!(reason(&verifier, &quoted).await, "the token is malformed");
}

#[tokio::test]
async fn the_name_of_a_key_is_only_compared() {
    let source = Arc::new(TestIssuer::new(&[&ED25519]));
    let verifier = verifier(vec![issuer_config(ISSUER)], &source);
    let payload = good_claims().to_string();
    for kid in [
        "",
        "ED",
        "ed ",
        "ed\u{0}",
        "../ed",
        "/dev/null",
        "ed' or '1'='1",
        "https://id.evil.test/keys",
        "%65d",
        "*",
    ] {
        let header = json!({"alg": "EdDSA", "kid": kid});
        assert_eq!(
            reason(&verifier, &ED25519.token_with(&header, &payload)).await,
            "the token is signed with an unknown key",
            "{kid:?}"
        );
    }
    for kid in [json!(["ed"]), json!({"$ne": ""}), json!(5), json!(null)] {
        let header = json!({"alg": "EdDSA", "kid": kid});
        assert_eq!(
            reason(&verifier, &ED25519.token_with(&header, &payload)).await,
            "the token does not name its key"
        );
    }
    assert_eq!(source.asked(), 1, "all at one instant, so one question");
    assert_eq!(source.addresses(), [format!("{ISSUER}/keys")]);
}

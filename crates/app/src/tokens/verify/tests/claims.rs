//! What a well-signed token must say.

use super::*;

#[tokio::test]
async fn times_are_checked_with_leeway() {
    let verifier = with_config(issuer_config(ISSUER));
    for (name, value) in [
        ("exp", json!(NOW - 29)),
        ("exp", json!(1_150_000_000.5)),
        ("nbf", json!(NOW + 30)),
        ("iat", json!(NOW + 30)),
    ] {
        verifier
            .verify(&ED25519.token(&changed(name, value)), at(NOW))
            .await
            .unwrap();
    }
    for (name, value, expected) in [
        ("exp", json!(NOW - 30), "the token has expired"),
        ("exp", json!(0), "the token has expired"),
        ("exp", json!("1250000000"), "`exp` is not an instant"),
        ("exp", json!(null), "`exp` is not an instant"),
        ("exp", json!(-1), "`exp` is not an instant"),
        ("exp", json!(1e300), "`exp` is not an instant"),
        ("exp", json!(u64::MAX), "`exp` is not an instant"),
        ("nbf", json!(NOW + 31), "the token is not valid yet"),
        ("nbf", json!("now"), "`nbf` is not an instant"),
        ("iat", json!(NOW + 31), "the token was issued in the future"),
        ("iat", json!([]), "`iat` is not an instant"),
    ] {
        assert_eq!(
            reason(&verifier, &ED25519.token(&changed(name, value))).await,
            expected
        );
    }
    assert_eq!(
        reason(&verifier, &ED25519.token(&without("exp"))).await,
        "`exp` is missing"
    );
    for optional in ["nbf", "iat"] {
        verifier
            .verify(&ED25519.token(&without(optional)), at(NOW))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_token_must_be_for_us() {
    let general = with_config(issuer_config(ISSUER));
    let own = with_config(IssuerConfig {
        audience: Some("north-spiral".into()),
        ..issuer_config(ISSUER)
    });
    let refusal = "the token is for another audience";
    let several = ED25519.token(&changed("aud", json!(["elsewhere", "spiral-api"])));
    general.verify(&several, at(NOW)).await.unwrap();
    assert_eq!(reason(&own, &several).await, refusal);
    own.verify(&ED25519.token(&changed("aud", json!("north-spiral"))), at(NOW))
        .await
        .unwrap();
    for aud in [
        json!("spiral-api2"),
        json!("spiral-api elsewhere"),
        json!([]),
        json!([["spiral-api"]]),
        json!(null),
    ] {
        assert_eq!(
            reason(&general, &ED25519.token(&changed("aud", aud))).await,
            refusal
        );
    }
    assert_eq!(reason(&general, &ED25519.token(&without("aud"))).await, refusal);
}

#[tokio::test]
async fn the_subject_and_the_scopes_must_be_readable() {
    let verifier = with_config(issuer_config(ISSUER));
    for sub in [json!(""), json!(7), json!(null)] {
        assert_eq!(
            reason(&verifier, &ED25519.token(&changed("sub", sub))).await,
            "`sub` is missing"
        );
    }
    for sub in [json!("a\u{0}b"), json!("x".repeat(256))] {
        let expected = "`sub` is too long or has control characters";
        assert_eq!(
            reason(&verifier, &ED25519.token(&changed("sub", sub))).await,
            expected
        );
    }
    for scope in [json!(["spread:read"]), json!(null), json!(5)] {
        assert_eq!(
            reason(&verifier, &ED25519.token(&changed("scope", scope))).await,
            "`scope` is not text"
        );
    }
    let none = verifier
        .verify(&ED25519.token(&changed("scope", json!(""))), at(NOW))
        .await
        .unwrap();
    assert_eq!(none.scopes, Some(vec![]), "no scopes are not all scopes");
}

#[tokio::test]
async fn the_tenant_is_fixed_or_in_the_named_claim() {
    let refusal = "the token does not say which tenant it is for";
    let verifier = with_config(issuer_config(ISSUER));
    for tenant in [
        json!(5),
        json!(""),
        json!(["north"]),
        json!(null),
        json!("No Slug"),
        json!("north\u{0}"),
    ] {
        assert_eq!(
            reason(&verifier, &ED25519.token(&changed("tenant", tenant))).await,
            refusal
        );
    }
    assert_eq!(
        reason(&verifier, &ED25519.token(&without("tenant"))).await,
        refusal
    );

    let fixed = with_config(IssuerConfig {
        tenant: Some("south".into()),
        ..issuer_config(ISSUER)
    });
    for claims in [good_claims(), without("tenant"), changed("tenant", json!(5))] {
        assert_eq!(
            fixed
                .verify(&ED25519.token(&claims), at(NOW))
                .await
                .unwrap()
                .tenant,
            "south"
        );
    }
    let named = "https://north.test/org.slug";
    for (claim, claims) in [
        (named, changed(named, json!("east"))),
        ("/org/slug", changed("org", json!({"slug": "east"}))),
    ] {
        let verifier = with_config(IssuerConfig {
            tenant_claim: claim.into(),
            ..issuer_config(ISSUER)
        });
        assert_eq!(
            verifier
                .verify(&ED25519.token(&claims), at(NOW))
                .await
                .unwrap()
                .tenant,
            "east"
        );
        assert_eq!(reason(&verifier, &ED25519.token(&good_claims())).await, refusal);
    }
}

#[tokio::test]
async fn roles_come_from_the_map_only() {
    let map: BTreeMap<_, _> = [
        ("spread-lead", "sha_lead"),
        ("reader", "sha_analyst"),
        ("viewer", "sha_analyst"),
    ]
    .map(|(a, b)| (a.into(), b.into()))
    .into();
    let roles = |claim: &str| {
        Some(RoleClaim {
            claim: claim.into(),
            map: map.clone(),
        })
    };
    let flat = with_config(IssuerConfig {
        roles: roles("groups"),
        ..issuer_config(ISSUER)
    });
    let deep = with_config(IssuerConfig {
        roles: roles("/realm_access/roles"),
        ..issuer_config(ISSUER)
    });
    for (claims, expected) in [
        (changed("groups", json!("reader")), vec!["sha_analyst"]),
        (
            changed("groups", json!(["spread-lead", "viewer", "reader", "other", 5])),
            vec!["sha_analyst", "sha_lead"],
        ),
        (changed("groups", json!(["sha_lead"])), vec![]),
        (changed("groups", json!({"reader": true})), vec![]),
        (good_claims(), vec![]),
    ] {
        assert_eq!(
            flat.verify(&ED25519.token(&claims), at(NOW)).await.unwrap().roles,
            expected
        );
    }
    let token = ED25519.token(&changed("realm_access", json!({"roles": ["spread-lead"]})));
    assert_eq!(deep.verify(&token, at(NOW)).await.unwrap().roles, ["sha_lead"]);
    assert!(flat.verify(&token, at(NOW)).await.unwrap().roles.is_empty());
}

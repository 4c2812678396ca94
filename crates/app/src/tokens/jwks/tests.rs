//! When keys are fetched, and what happens while they cannot be.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::LazyLock;

use super::*;
use crate::tokens::testing::{Kind, TestIssuer, TestKey};

static OLD: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Ed25519, "old"));
static NEW: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(Kind::Ed25519, "new"));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_150_000_000 + seconds) * 1_000_000)
}

fn setup(keys: &[&TestKey]) -> (Arc<TestIssuer>, Arc<Jwks>) {
    let issuer = Arc::new(TestIssuer::new(keys));
    (
        issuer.clone(),
        Jwks::new("https://id.north.test", "https://id.north.test/keys", issuer),
    )
}

/// Whether a token that names this key at this second would find it.
async fn knows(jwks: &Arc<Jwks>, kid: &str, second: i64) -> bool {
    jwks.keys(kid, at(second))
        .await
        .unwrap()
        .iter()
        .any(|key| key.kid() == kid)
}

/// Until no fetch runs.
async fn settled(jwks: &Arc<Jwks>) {
    // What was spawned holds the lock already, so this waits for its end.
    drop(jwks.flight.lock().await);
}

#[tokio::test]
async fn a_new_key_is_found_by_its_name_at_most_once_in_five_seconds() {
    let (issuer, jwks) = setup(&[&OLD]);
    assert!(knows(&jwks, "old", 0).await);
    issuer.publish(&[&OLD, &NEW]);
    for second in 0..5 {
        assert!(!knows(&jwks, "new", second).await);
    }
    assert_eq!(issuer.asked(), 1);
    assert!(knows(&jwks, "new", 5).await && knows(&jwks, "old", 5).await);
    assert_eq!(issuer.asked(), 2);
    for second in 6..15 {
        assert!(!knows(&jwks, "guessed", second).await);
    }
    assert_eq!(issuer.asked(), 3, "once at 10");
}

#[tokio::test]
async fn many_callers_share_one_fetch() {
    let (issuer, jwks) = setup(&[&OLD]);
    let closed = issuer.gate.acquire().await.unwrap();
    let callers: Vec<_> = (0..20)
        .map(|n| {
            let jwks = jwks.clone();
            tokio::spawn(async move { knows(&jwks, "old", n % 3).await })
        })
        .collect();
    while issuer.asked() == 0 {
        tokio::task::yield_now().await;
    }
    // Nobody waits for this one any more, yet the fetch goes on.
    callers[0].abort();
    drop(closed);
    for caller in callers.into_iter().skip(1) {
        assert!(caller.await.unwrap());
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn keys_in_use_are_fetched_again_behind_the_scenes() {
    let (issuer, jwks) = setup(&[&OLD]);
    assert!(knows(&jwks, "old", 0).await && knows(&jwks, "old", 29).await);
    assert_eq!(issuer.asked(), 1);
    issuer.publish(&[&NEW]);
    let closed = issuer.gate.acquire().await.unwrap();
    assert!(
        knows(&jwks, "old", 30).await && knows(&jwks, "old", 40).await,
        "served while the fetch runs"
    );
    drop(closed);
    settled(&jwks).await;
    assert_eq!(issuer.asked(), 2);
    assert!(!knows(&jwks, "old", 31).await && knows(&jwks, "new", 31).await);
}

#[tokio::test]
async fn a_removed_key_counts_no_longer_than_a_minute() {
    let (issuer, jwks) = setup(&[&OLD, &NEW]);
    assert!(knows(&jwks, "old", 0).await);
    issuer.publish(&[&NEW]);
    assert!(knows(&jwks, "old", 29).await);
    assert!(!knows(&jwks, "old", 60).await, "even if nobody asked in between");
    issuer.say("{\"keys\": []}".into());
    assert!(!knows(&jwks, "new", 120).await, "no keys are an answer too");
}

#[tokio::test]
async fn held_keys_serve_for_a_day_while_the_issuer_is_silent() {
    let (issuer, jwks) = setup(&[&OLD]);
    assert!(knows(&jwks, "old", 0).await);
    issuer.fall_silent();
    assert!(knows(&jwks, "old", 61).await);
    assert_eq!(issuer.asked(), 2);
    for second in [62, 65, 66, 70, 71, 24 * 3600 - 1] {
        assert!(knows(&jwks, "old", second).await, "at {second}");
        settled(&jwks).await;
    }
    assert_eq!(issuer.asked(), 5, "again at 66, 71 and at the end");
    assert!(
        !knows(&jwks, "new", 24 * 3600 - 1).await,
        "an unknown key is no fault of the issuer"
    );
    assert!(matches!(
        jwks.keys("old", at(24 * 3600)).await,
        Err(Error::Unavailable)
    ));
    issuer.publish(&[&NEW]);
    assert!(knows(&jwks, "new", 24 * 3600 + 5).await);
}

#[tokio::test]
async fn a_silent_issuer_is_not_waited_for_twice() {
    let (issuer, jwks) = setup(&[&OLD]);
    assert!(knows(&jwks, "old", 0).await);
    issuer.fall_silent();
    assert!(knows(&jwks, "old", 61).await);
    let closed = issuer.gate.acquire().await.unwrap();
    assert!(knows(&jwks, "old", 70).await, "while a fetch hangs");
    issuer.publish(&[&NEW]);
    drop(closed);
    settled(&jwks).await;
    assert!(
        !knows(&jwks, "old", 71).await,
        "its answer counts as soon as it comes"
    );
}

#[tokio::test]
async fn an_issuer_never_reached_is_not_available() {
    let (issuer, jwks) = setup(&[&OLD]);
    for nonsense in ["", "{}", "[]", "{\"keys\": 5}", "<html>"] {
        issuer.say(nonsense.into());
        let asked = issuer.asked();
        let second = i64::try_from(asked).unwrap() * 5;
        for later in [0, 1, 4] {
            let found = jwks.keys("old", at(second + later)).await;
            assert!(matches!(found, Err(Error::Unavailable)), "{nonsense}");
        }
        assert_eq!(issuer.asked(), asked + 1);
    }
    issuer.publish(&[&OLD]);
    assert!(knows(&jwks, "old", 100).await);
}

#[tokio::test]
async fn a_clock_set_back_keeps_nothing_alive() {
    let (issuer, jwks) = setup(&[&OLD]);
    assert!(knows(&jwks, "old", 0).await);
    issuer.publish(&[&NEW]);
    assert!(!knows(&jwks, "old", -3600).await);
}

#[test]
fn keys_come_by_https_or_from_this_machine() {
    for good in [
        "https://id.north.test/keys",
        "https://id.north.test:8443/keys?x=1",
        "http://localhost:8080/keys",
        "http://127.0.0.1/keys",
        "http://127.9.9.9:1/keys",
        "http://[::1]:8080/keys",
    ] {
        assert!(allowed_uri(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "keys",
        "/keys",
        "ftp://localhost/keys",
        "file:///etc/keys",
        "data:application/json,{}",
        "http://id.north.test/keys",
        "http://localhost.evil.test/keys",
        "http://10.0.0.1/keys",
        "http://[::2]/keys",
        "https://user:word@id.north.test/keys",
        "https://user@id.north.test/keys",
    ] {
        assert!(allowed_uri(bad).is_none(), "{bad}");
    }
}

/// Answers one request with these bytes, then keeps still until the caller has gone.
fn answer_once(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/keys", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 2048];
        assert!(stream.read(&mut request).unwrap() > 0);
        // The caller may hang up in the middle.
        drop(stream.write_all(&answer));
        drop(stream.read(&mut request));
    });
    uri
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn only_a_short_plain_answer_is_taken() {
    let http = HttpJwks::new().unwrap();
    let body = "{\"keys\":[]}";
    assert_eq!(
        http.fetch(&answer_once(answer("200 OK", "", body)))
            .await
            .unwrap(),
        body.as_bytes()
    );
    let limit = " ".repeat(MAX_BODY);
    assert_eq!(
        http.fetch(&answer_once(answer("200 OK", "", &limit)))
            .await
            .unwrap()
            .len(),
        MAX_BODY
    );

    let elsewhere = answer_once(answer("200 OK", "", body));
    for wrong in [
        answer("302 Found", &format!("Location: {elsewhere}\r\n"), ""),
        answer("500 Internal Server Error", "", body),
        answer("404 Not Found", "", body),
        answer("200 OK", "", &" ".repeat(MAX_BODY + 1)),
        b"nonsense\r\n\r\n".to_vec(),
    ] {
        assert!(http.fetch(&answer_once(wrong)).await.is_err());
    }
    assert!(http.fetch("http://id.north.test/keys").await.is_err());
}

#[tokio::test]
async fn a_slow_answer_is_not_waited_for() {
    let http = HttpJwks::new().unwrap();
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\"".to_vec();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unanswered = format!("http://{}/keys", silent.local_addr().unwrap());
    for uri in [answer_once(begun), unanswered] {
        // Whoever answers would go on for ever; the second limit only keeps this test from doing so.
        let given_up = tokio::time::timeout(FETCH_TIMEOUT * 10, http.fetch(&uri)).await;
        assert!(given_up.expect("it gives up by itself").is_err());
    }
}

#[tokio::test]
async fn a_hanging_issuer_holds_nobody_up_whose_key_is_known() {
    let (issuer, jwks) = setup(&[&OLD]);
    assert!(knows(&jwks, "old", 0).await);
    let closed = issuer.gate.acquire().await.unwrap();
    // Strangers name keys that nobody knows and wait for the issuer, one question for all of them.
    let strangers: Vec<_> = (0..20)
        .map(|n| {
            let jwks = jwks.clone();
            tokio::spawn(async move { knows(&jwks, &format!("guessed-{n}"), 10).await })
        })
        .collect();
    while issuer.asked() < 2 {
        tokio::task::yield_now().await;
    }
    for second in [10, 29, 31, 45, 59] {
        assert!(
            knows(&jwks, "old", second).await,
            "at {second}, while the issuer hangs"
        );
    }
    issuer.fall_silent();
    drop(closed);
    for stranger in strangers {
        assert!(!stranger.await.unwrap());
    }
    assert_eq!(issuer.asked(), 2);
    // It hangs for minutes more: nobody waits, and every good token is good.
    let closed = issuer.gate.acquire().await.unwrap();
    for minute in 1..30 {
        assert!(knows(&jwks, "old", 60 * minute).await, "minute {minute}");
    }
    drop(closed);
}

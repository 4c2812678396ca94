//! What is taken away, and what runs out: on this server and on another on the same database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use spiral_app::clock::Clock;
use spiral_app::people::{self, Proof, TokenRefused};
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, retention, tenants};
use spiral_domain::people::{Action, CreateApiClient, GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::{Error, PrincipalId, Timestamp};
use spiral_store::testing::{TestDb, databases};

use crate::world::code;

/// Two servers on one database, and a clock that a test moves.
struct Twins {
    one: App,
    two: App,
    tenant: Tenant,
    seconds: Arc<AtomicI64>,
    _database: TestDb,
}

async fn twins() -> Vec<Twins> {
    let mut all = Vec::new();
    for database in databases().await {
        let seconds = Arc::new(AtomicI64::new(1_143_806_400));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || Timestamp::from_micros(told.load(Ordering::SeqCst) * 1_000_000));
        let settings = Settings {
            demo_issuer: true,
            ..Settings::default()
        };
        let master = MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let one = App::open(database.open().await, clock.clone(), settings.clone(), &master)
            .await
            .unwrap();
        let two = App::open(database.open().await, clock, settings, &master)
            .await
            .unwrap();
        let tenant = tenants::create(&one, "north", "North", person("lead"))
            .await
            .unwrap();
        all.push(Twins {
            one,
            two,
            tenant,
            seconds,
            _database: database,
        });
    }
    all
}

fn person(subject: &str) -> RegisterPrincipal {
    RegisterPrincipal {
        issuer: "https://people.example".into(),
        subject: subject.into(),
        name: subject.into(),
    }
}

impl Twins {
    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn system(&self) -> Caller {
        self.one.system(&self.tenant, self.one.clock().now())
    }

    async fn token(&self, of: PrincipalId) -> String {
        people::demo_token(&self.one, &self.tenant, of, 600)
            .await
            .unwrap()
    }
}

async fn gets_token(app: &App, client_id: &str, secret: &str) -> bool {
    match people::issue_token(app, &Proof::Secret { client_id, secret }, None).await {
        Ok(_) => true,
        Err(TokenRefused::Client) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_role_taken_back_is_gone_on_every_server_at_once() {
    for twins in twins().await {
        let system = twins.system();
        let id = people::register_principal(&system, person("analyst"))
            .await
            .unwrap()
            .id;
        let token = twins.token(id).await;
        let servers = [&twins.one, &twins.two];
        for (here, there) in [(0, 1), (1, 0)] {
            let may = async |at: usize| {
                let caller = servers[at].authenticate(Some(&token)).await.unwrap();
                caller.require(Action::ReadRollUp).is_ok()
            };
            assert!(!may(here).await && !may(there).await);
            let system = servers[here].system(&twins.tenant, servers[here].clock().now());
            let grant = GrantRole {
                principal_id: id,
                role: Role::NationalAnalyst,
                unit: Some(code("north")),
                network: None,
                expires_on: None,
            };
            let grant = people::grant_role(&system, grant).await.unwrap();
            assert!(may(here).await && may(there).await);
            // The clock has not moved, so no second of the ledger lies between.
            people::revoke_grant(&system, grant.id, None).await.unwrap();
            assert!(!may(there).await && !may(here).await);
        }
    }
}

#[tokio::test]
async fn secrets_overlap_for_as_long_as_was_said() {
    for twins in twins().await {
        let system = twins.system();
        let tool = CreateApiClient {
            name: "Tool".into(),
            unit: code("north"),
            scopes: Vec::new(),
            sources: Vec::new(),
            numeric_ids: false,
            keys: Vec::new(),
        };
        let made = people::create_api_client(&system, tool).await.unwrap();
        let (id, client_id, old) = (made.client.id, &made.client.client_id, &made.client_secret);
        let new = people::rotate_client_secret(&system, id, 60)
            .await
            .unwrap()
            .client_secret;
        for app in [&twins.one, &twins.two] {
            assert!(gets_token(app, client_id, old).await && gets_token(app, client_id, &new).await);
        }
        twins.pass(59);
        assert!(gets_token(&twins.two, client_id, old).await);
        // Writes at one instant stand a microsecond apart, so the second is not quite over yet.
        twins.pass(2);
        for app in [&twins.one, &twins.two] {
            assert!(!gets_token(app, client_id, old).await && gets_token(app, client_id, &new).await);
        }
        // A token holds no longer than it says, and no longer than its client.
        let token = twins.token(id).await;
        twins.two.authenticate(Some(&token)).await.unwrap();
        people::close_api_client(&twins.system(), id, None).await.unwrap();
        for app in [&twins.one, &twins.two] {
            assert!(matches!(
                app.authenticate(Some(&token)).await,
                Err(Error::Unauthenticated("this API client is closed"))
            ));
            assert!(!gets_token(app, client_id, &new).await);
        }
    }
}

#[tokio::test]
async fn a_dated_role_ends_with_its_day() {
    for twins in twins().await {
        let system = twins.system();
        let id = people::register_principal(&system, person("locum"))
            .await
            .unwrap()
            .id;
        let grant = GrantRole {
            principal_id: id,
            role: Role::NationalAnalyst,
            unit: Some(code("north")),
            network: None,
            expires_on: Some("2006-03-31".parse().unwrap()),
        };
        people::grant_role(&system, grant).await.unwrap();
        for (pass, expected) in [(0, true), (12 * 3600 - 1, true), (1, false)] {
            twins.pass(pass);
            let token = twins.token(id).await;
            let caller = twins.two.authenticate(Some(&token)).await.unwrap();
            assert_eq!(caller.require(Action::ReadRollUp).is_ok(), expected);
        }
    }
}

/// An assertion of this client, good for a minute, by an Ed25519 key that is called `k`.
fn assertion(pair: &Ed25519KeyPair, client_id: &str, now: i64, jti: &str) -> String {
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": "http://127.0.0.1:8080", "exp": now + 60, "jti": jti,
    });
    let header = json!({"alg": "EdDSA", "kid": "k"});
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test]
async fn an_assertion_counts_once_on_all_servers_for_as_long_as_any_clock_would_take_it() {
    for twins in twins().await {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k",
            "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
        });
        let tool: CreateApiClient =
            serde_json::from_value(json!({"name": "Tool", "unit": "code:north", "keys": [key]})).unwrap();
        let made = people::create_api_client(&twins.system(), tool).await.unwrap();
        let client_id = &made.client.client_id;
        let proves = async |app: &App, text: &str| {
            let proof = Proof::Assertion {
                client_id: None,
                assertion: text,
            };
            match people::issue_token(app, &proof, None).await {
                Ok(_) => true,
                Err(TokenRefused::Client) => false,
                Err(other) => panic!("{other:?}"),
            }
        };
        let now = twins.seconds.load(Ordering::SeqCst);
        let (first, other) = (
            assertion(&pair, client_id, now, "first"),
            assertion(&pair, client_id, now, "other"),
        );
        assert!(proves(&twins.one, &first).await);
        for app in [&twins.one, &twins.two] {
            assert!(!proves(app, &first).await, "replayed");
        }
        assert!(proves(&twins.two, &other).await && !proves(&twins.one, &other).await);
        // What is forgotten is what no server would take, though its clock were most of an hour late.
        twins.pass(60 + 30 + 3600);
        assert_eq!(retention::forget_assertions(&twins.one).await.unwrap(), 0);
        twins.pass(1);
        assert_eq!(retention::forget_assertions(&twins.one).await.unwrap(), 2);
        assert!(!proves(&twins.one, &first).await, "long over");
    }
}

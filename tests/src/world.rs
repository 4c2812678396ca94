//! A server on a fresh database, with two tenants that look alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use spiral_server::Running;
use spiral_server::config::Config;
use spiral_server::telemetry::Telemetry;
use spiral_store::testing::{Backend, TestDb, databases};

use crate::issuer::{Algorithm, FIXED, Issuer, NAMING};
use crate::people::{Actor, ROLES};
use crate::program::{Settings, program};

/// The units of each tenant beneath its root: code, tier, kind, and the code of the parent.
const UNITS: [(&str, &str, &str, &str); 16] = [
    ("east", "sha", "strategic_health_authority", "root"),
    ("west", "sha", "strategic_health_authority", "root"),
    ("alpha", "organisation", "primary_care_trust", "east"),
    ("beta", "organisation", "acute_trust", "east"),
    ("gamma", "organisation", "primary_care_trust", "west"),
    ("delta", "organisation", "acute_trust", "west"),
    ("alpha-practice", "organisation", "gp_practice", "alpha"),
    ("alpha-stroke", "microsystem", "clinical_team", "alpha"),
    ("alpha-falls", "microsystem", "clinical_team", "alpha"),
    ("beta-stroke", "microsystem", "clinical_team", "beta"),
    ("beta-falls", "microsystem", "clinical_team", "beta"),
    ("gamma-stroke", "microsystem", "clinical_team", "gamma"),
    ("gamma-falls", "microsystem", "clinical_team", "gamma"),
    ("delta-stroke", "microsystem", "clinical_team", "delta"),
    ("delta-falls", "microsystem", "clinical_team", "delta"),
    ("practice-team", "microsystem", "clinical_team", "alpha-practice"),
];

/// A server, and what was put into it.
#[derive(Debug)]
pub struct World {
    /// Which database it runs on.
    pub backend: Backend,
    /// Where it listens: `http://…`.
    pub base: String,
    /// Who signs people's tokens.
    pub issuer: Issuer,
    /// How the server was started, to start another one like it.
    pub settings: Settings,
    /// The tenant whose issuer speaks for it alone.
    pub north: Tenant,
    /// The other one.
    pub south: Tenant,
    pub(crate) client: reqwest::Client,
    server: Option<Server>,
    database: TestDb,
}

struct Server(Running);

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.address)
    }
}

/// Another server on the same database.
pub struct Beside {
    /// Where it listens: `http://…`.
    pub base: String,
    running: Running,
}

impl Beside {
    /// Stops it; what is in flight finishes.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// A tenant and its people.
#[derive(Debug, Default)]
pub struct Tenant {
    /// Its short name.
    pub slug: &'static str,
    /// Its units by code; its root is `root` here.
    pub units: BTreeMap<String, Unit>,
    /// Principal ids by role.
    pub principals: BTreeMap<String, String>,
    /// Ids of the grants by role.
    pub grants: BTreeMap<String, String>,
    /// The API client's `client_id` and secret.
    pub credentials: (String, String),
    tokens: BTreeMap<String, String>,
}

/// A unit of the fixture.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its id.
    pub id: String,
    /// Its code.
    pub code: String,
    /// Its tier.
    pub tier: String,
    /// The code of its parent; the root has none.
    pub parent: Option<String>,
}

impl Tenant {
    /// A unit by its code.
    #[track_caller]
    pub fn unit(&self, code: &str) -> &Unit {
        match self.units.get(code) {
            Some(unit) => unit,
            None => panic!("there is no unit `{code}`"),
        }
    }

    /// How many units stand above this one.
    fn depth(&self, code: &str) -> usize {
        let parent = self.units.get(code).and_then(|unit| unit.parent.as_deref());
        parent.map_or(0, |parent| self.depth(parent) + 1)
    }

    /// Who gives roles on a unit: its own lead, or the nearest above; only one above it, if it has no lead yet.
    #[track_caller]
    fn giver(&self, code: &str, above: bool) -> &str {
        let leads = |code: &str| {
            let home = |(role, home): &&(&str, &str)| role.ends_with("_lead") && *home == code;
            ROLES
                .iter()
                .find(home)
                .and_then(|(role, _)| self.tokens.get(*role))
        };
        let parent = self.unit(code).parent.as_deref();
        match (leads(code).filter(|_| !above), parent) {
            (Some(token), _) => token,
            (None, Some(parent)) => self.giver(parent, false),
            (None, None) => self.token("national_lead"),
        }
    }

    /// The token of the bearer of the role who gives roles on this unit.
    #[track_caller]
    pub fn giver_of(&self, code: &str) -> &str {
        self.giver(code, false)
    }

    /// The token of a role's bearer.
    #[track_caller]
    pub fn token(&self, role: &str) -> &str {
        match self.tokens.get(role) {
            Some(token) => token,
            None => panic!("nobody is `{role}`"),
        }
    }
}

/// Runs a journey on each database that this machine has.
pub async fn for_each_database(journey: impl AsyncFn(&mut World)) {
    for_each_database_with(&[], journey).await;
}

/// The same with other settings: names as in the environment, without the prefix.
pub async fn for_each_database_with(settings: &[(&str, &str)], journey: impl AsyncFn(&mut World)) {
    let mut ran = Vec::new();
    for database in databases().await {
        ran.push(format!("{:?}", database.backend));
        let mut world = World::begin(database, settings).await;
        journey(&mut world).await;
        world.stop().await;
    }
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    println!("{name} ran on {}", ran.join(" and "));
}

impl World {
    /// A server on this database, and two tenants in it.
    pub async fn begin(database: TestDb, more: &[(&str, &str)]) -> Self {
        let issuer = Issuer::start().await;
        let settings = settings(&database, &issuer, more);
        for slug in ["north", "south"] {
            create_tenant(&settings, slug);
        }
        let running = start(&settings).await;
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let mut world = Self {
            backend: database.backend,
            base: format!("http://{}", running.address),
            issuer,
            settings,
            north: Tenant::default(),
            south: Tenant::default(),
            client: client.expect("a client can be made"),
            server: Some(Server(running)),
            database,
        };
        world.north = world.settle("north").await;
        world.south = world.settle("south").await;
        world
    }

    /// Another server on the same database, with the same settings.
    pub async fn beside(&self) -> Beside {
        let running = start(&self.settings).await;
        Beside {
            base: format!("http://{}", running.address),
            running,
        }
    }

    /// The same with other settings.
    pub async fn beside_with(&self, more: &[(&str, &str)]) -> Beside {
        let mut settings = self.settings.clone();
        let more = more
            .iter()
            .map(|(name, value)| (format!("SPIRAL__{name}"), (*value).to_owned()));
        settings.0.extend(more);
        let running = start(&settings).await;
        Beside {
            base: format!("http://{}", running.address),
            running,
        }
    }

    /// Where its database is.
    pub fn database_url(&self) -> &str {
        &self.database.options.url
    }

    /// On PostgreSQL, its database as a superuser.
    pub fn superuser_url(&self) -> Option<&str> {
        self.database.superuser_url.as_deref()
    }

    /// Stops the server; what is in flight finishes.
    pub async fn stop(&mut self) {
        if let Some(Server(running)) = self.server.take() {
            running.stop().await;
        }
    }

    /// Takes the server away to stop it while others still call.
    pub fn take_server(&mut self) -> Running {
        self.server.take().expect("the server runs").0
    }

    /// A token of the first tenant that holds for so many seconds.
    pub fn token_for(&self, subject: &str, seconds: i64) -> String {
        let mut claims = Issuer::claims(subject);
        claims["exp"] = json!(claims["iat"].as_i64().unwrap_or_default() + seconds);
        self.issuer.sign(Algorithm::EdDsa, &claims)
    }

    /// A token for whom the tenant's issuer calls `subject`.
    pub fn token_of(&self, tenant: &str, subject: &str) -> String {
        let mut claims = Issuer::claims(subject);
        claims["iss"] = json!(issuer_of(tenant));
        if tenant != "north" {
            claims["tenant"] = json!(tenant);
        }
        let algorithm = if tenant == "north" {
            Algorithm::EdDsa
        } else {
            Algorithm::Es256
        };
        self.issuer.sign(algorithm, &claims)
    }

    /// A token for the API client with these credentials.
    pub async fn client_token(&self, credentials: &(String, String), scope: Option<&str>) -> String {
        let mut form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            credentials.0, credentials.1
        );
        if let Some(scope) = scope {
            form.push_str("&scope=");
            form.push_str(&scope.replace(' ', "+"));
        }
        let answer = self
            .anonymous()
            .call("POST", "/oauth/token")
            .body("application/x-www-form-urlencoded", form)
            .await
            .expect(200);
        answer.text_at("/access_token")
    }

    async fn settle(&self, slug: &'static str) -> Tenant {
        let mut tenant = Tenant {
            slug,
            ..Tenant::default()
        };
        let token = self.token_of(slug, "national_lead");
        let lead = Actor::with_token(self, &token);
        let me = lead.get("/v1/me").await.expect(200);
        let root = Unit {
            id: me.text_at("/grants/0/unitId"),
            code: slug.to_owned(),
            tier: "national".to_owned(),
            parent: None,
        };
        tenant.units.insert("root".to_owned(), root);
        for (code, tier, kind, parent) in UNITS {
            let body = json!({
                "parent": tenant.unit(parent).id, "tier": tier, "kind": kind, "code": code,
                "name": format!("Unit {code}"), "serviceArea": "stroke",
            });
            let unit = Unit {
                id: lead.post("/v1/org-units", &body).await.expect(201).id(),
                code: code.to_owned(),
                tier: tier.to_owned(),
                parent: Some(parent.to_owned()),
            };
            tenant.units.insert(code.to_owned(), unit);
        }
        tenant.tokens.insert("national_lead".to_owned(), token.clone());
        // Leads first and from the root down: each gives the roles of their own unit.
        let mut roles = ROLES;
        roles.sort_by_key(|(role, _)| !role.ends_with("_lead"));
        for (role, code) in roles {
            let giver_token = tenant.giver(code, role.ends_with("_lead")).to_owned();
            let giver = Actor::with_token(self, &giver_token);
            let unit = tenant.unit(code).id.clone();
            let principal = match role {
                "national_lead" => me.text_at("/principal/id"),
                "integration" => {
                    let body = json!({ "name": "Ward tool", "unit": unit, "sources": ["ward-tool"] });
                    let made = giver.post("/v1/api-clients", &body).await.expect(201);
                    tenant.credentials = (made.text_at("/client/clientId"), made.text_at("/clientSecret"));
                    made.text_at("/client/id")
                }
                _ => {
                    let body =
                        json!({ "issuer": issuer_of(slug), "subject": role, "name": format!("A {role}") });
                    lead.post("/v1/principals", &body).await.expect(201).id()
                }
            };
            let grant = if role == "national_lead" {
                me.text_at("/grants/0/id")
            } else {
                self.grant(giver, &principal, role, &unit).await
            };
            let token = match role {
                "integration" => self.client_token(&tenant.credentials, None).await,
                _ => self.token_of(slug, role),
            };
            tenant.principals.insert(role.to_owned(), principal);
            tenant.grants.insert(role.to_owned(), grant);
            tenant.tokens.insert(role.to_owned(), token);
        }
        tenant
    }

    /// One person who leads every unit of the first tenant: makes what only a unit's own lead may make. Then
    /// known as the role `owner`.
    pub async fn appoint_owner(&mut self) {
        let lead = self.national_lead();
        let body = json!({ "issuer": FIXED, "subject": "owner", "name": "Everybody's lead" });
        let owner = lead.post("/v1/principals", &body).await.expect(201).id();
        // From the bottom up: where nobody leads yet, the next who leads above appoints.
        let mut units: Vec<(&String, &Unit)> = self.north.units.iter().collect();
        units.sort_by_key(|(code, _)| std::cmp::Reverse(self.north.depth(code)));
        for (code, unit) in units {
            let role = match unit.tier.as_str() {
                "microsystem" => "team_lead".to_owned(),
                tier => format!("{tier}_lead"),
            };
            let giver = Actor::with_token(self, self.north.giver(code, false));
            self.grant(giver, &owner, &role, &unit.id).await;
        }
        let token = self.token_of("north", "owner");
        self.north.tokens.insert("owner".to_owned(), token);
    }

    /// Gives a role, and answers the grant's id.
    pub async fn grant(&self, by: Actor<'_>, principal: &str, role: &str, unit: &str) -> String {
        let body = json!({ "principalId": principal, "role": role, "unit": unit });
        by.post("/v1/grants", &body).await.expect(201).id()
    }

    /// Runs a command of the program on this world's database, and answers what it says.
    pub fn command(&self, arguments: &[&str]) -> (bool, String) {
        let output = program(&self.settings)
            .args(arguments)
            .output()
            .expect("the program runs");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    }
}

async fn start(settings: &Settings) -> Running {
    let config = Config::load_with(None, settings.0.clone()).expect("the settings load");
    let telemetry = Telemetry::start(&config.telemetry).expect("telemetry starts");
    spiral_server::start(&config, Arc::new(telemetry))
        .await
        .expect("the server starts")
}

fn issuer_of(tenant: &str) -> &'static str {
    if tenant == "north" { FIXED } else { NAMING }
}

fn settings(database: &TestDb, issuer: &Issuer, more: &[(&str, &str)]) -> Settings {
    let pairs = [
        ("SERVER__LISTEN", "127.0.0.1:0"),
        ("SERVER__SERVER_TIMING", "true"),
        ("DATABASE__URL", &database.options.url),
        ("DATABASE__AUTO_MIGRATE", "false"),
        ("DATABASE__MAX_CONNECTIONS", "8"),
        ("DATABASE__TENANT_POOL_SIZE", "2"),
        (
            "SECRETS__MASTER_KEY",
            "bm90LWEtc2VjcmV0LWJ1dC0zMi1ieXRlcy1sb25nLiE=",
        ),
        ("AUTH__ISSUER", "https://spiral.test"),
        ("AUTH__DEMO_ISSUER", "false"),
        ("AUTH__ISSUERS", &issuer.configured("north")),
        ("DEMO__LOAD", "false"),
        ("TELEMETRY__LOG_FILTER", "error"),
    ];
    let variables = pairs
        .iter()
        .chain(more)
        .map(|(name, value)| (format!("SPIRAL__{name}"), (*value).to_owned()));
    Settings(variables.collect())
}

fn create_tenant(settings: &Settings, slug: &str) {
    let made = program(settings)
        .args(["tenant", "create", "--slug", slug, "--name", "A health system"])
        .args([
            "--lead-issuer",
            issuer_of(slug),
            "--lead-subject",
            "national_lead",
        ])
        .args(["--lead-name", "A national lead"])
        .output()
        .expect("the program runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

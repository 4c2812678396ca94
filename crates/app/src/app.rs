//! The platform: database, clock, keys and settings, and the door.

use std::sync::Arc;

use spiral_domain::people::{Action, PrincipalKind, Role, Tenant};
use spiral_domain::{Error, Result, TenantId, Timestamp};
use spiral_store::{Db, Dialect, HeldGrant, Scope, Store};

use crate::access::AccessLog;
use crate::caller::Caller;
use crate::clock::{Clock, fresh};
use crate::kept::Kept;
use crate::rates::Rates;
use crate::request::RequestContext;
use crate::tokens::keys::SigningKey;
use crate::tokens::seal::MasterKey;
use crate::tokens::verify::{IssuerConfig, Verified, Verifier, VerifierConfig};

/// What an operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The built-in issuer's name, also the base of its addresses.
    pub issuer: String,
    /// What tokens must be meant for.
    pub audience: String,
    /// How far clocks may differ.
    pub leeway_seconds: i64,
    /// How long a built-in token holds.
    pub token_seconds: i64,
    /// Whether demo tokens for people are given out.
    pub demo_issuer: bool,
    /// Other issuers.
    pub issuers: Vec<IssuerConfig>,
    /// How long idempotency keys are kept.
    pub idempotency_seconds: i64,
    /// Most records on a page.
    pub page_size: i64,
    /// Most rows in a batch.
    pub batch_rows: usize,
    /// Requests of one caller in a minute; 0 is no limit.
    pub requests_per_minute: u32,
    /// Requests without a valid token from one address in a minute; 0 is no limit.
    pub anonymous_per_minute: u32,
    /// Requests for a token from one address for one tenant in a minute; 0 is no limit.
    pub tokens_per_minute: u32,
    /// Callers, and addresses, whose quotas are kept in memory.
    pub rate_entries: usize,
    /// Reads that may wait for their audit.
    pub access_log_queue: usize,
    /// Days without a record after which a spiral is dormant, where its programme says nothing else.
    pub dormancy_days: u16,
    /// Fewest hidden units in a published total.
    pub suppression_threshold: u32,
    /// Largest share of one hidden unit in a published total.
    pub suppression_dominance: f64,
    /// Days after which a unit that was added by hand counts among hidden units.
    pub suppression_settling_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "http://127.0.0.1:8080".into(),
            audience: "spiral-api".into(),
            leeway_seconds: 30,
            token_seconds: 900,
            demo_issuer: false,
            issuers: Vec::new(),
            idempotency_seconds: 86_400,
            page_size: 500,
            batch_rows: 10_000,
            requests_per_minute: 6_000,
            anonymous_per_minute: 600,
            tokens_per_minute: 120,
            rate_entries: 100_000,
            access_log_queue: 4_096,
            dormancy_days: 90,
            suppression_threshold: 5,
            suppression_dominance: 0.85,
            suppression_settling_days: 30,
        }
    }
}

impl Settings {
    /// Where API clients get tokens.
    pub fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.issuer.trim_end_matches('/'))
    }
}

/// The platform. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    settings: Settings,
    cursor_key: [u8; 32],
    survey_key: MasterKey,
    signing: SigningKey,
    verifier: Verifier,
    access_log: AccessLog,
    rates: Rates,
    kept: Kept,
}

impl App {
    /// Opens the platform on a migrated database; makes the first signing key if there is none.
    pub async fn open(db: Db, clock: Clock, settings: Settings, master: &MasterKey) -> Result<Self> {
        let mut keys = load_keys(&db, master).await?;
        if keys.is_empty() {
            let key = SigningKey::generate()?;
            db.add_first_signing_key(key.kid(), key.to_sealed(master)?, clock.now())
                .await?;
            // Another server may have been first: all of them sign with what the database holds.
            keys = load_keys(&db, master).await?;
        }
        let public = keys.iter().map(SigningKey::public_key).collect();
        let verifier = Verifier::new(VerifierConfig {
            audience: settings.audience.clone(),
            leeway_seconds: settings.leeway_seconds,
            builtin_issuer: settings.issuer.clone(),
            builtin_keys: public,
            issuers: settings.issuers.clone(),
        });
        let signing = keys
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("there is no signing key"))?;
        Ok(Self(Arc::new(Inner {
            rates: Rates::new(&settings),
            db,
            clock,
            cursor_key: master.derive("cursor"),
            survey_key: master.part("surveys"),
            settings,
            signing,
            verifier: verifier?,
            access_log: AccessLog::default(),
            kept: Kept::default(),
        })))
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Signs the platform's own tokens.
    pub(crate) fn signing(&self) -> &SigningKey {
        &self.0.signing
    }

    pub(crate) fn cursor_key(&self) -> &[u8; 32] {
        &self.0.cursor_key
    }

    /// Seals what is answered to surveys, and signs their links.
    pub(crate) fn survey_key(&self) -> &MasterKey {
        &self.0.survey_key
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(crate) fn access_log(&self) -> &AccessLog {
        &self.0.access_log
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.0.kept
    }

    /// The built-in issuer's public keys, as a JWK set.
    pub fn jwks(&self) -> serde_json::Value {
        self.0.verifier.builtin_jwks()
    }

    /// Whether it can serve: the database answers and its schema is current.
    pub async fn ready(&self) -> Result<(), String> {
        match self.db().pending_migrations().await {
            Ok(pending) if pending.is_empty() => Ok(()),
            Ok(pending) => Err(format!("migrations are pending: {}", pending.join(", "))),
            Err(_) => Err("the database does not answer".into()),
        }
    }

    /// Which database serves.
    pub fn database(&self) -> &'static str {
        if self.db().dialect() == Dialect::Postgres {
            "PostgreSQL"
        } else {
            "SQLite"
        }
    }

    /// The door: who is calling, by their token.
    pub async fn authenticate(&self, token: Option<&str>) -> Result<Caller> {
        let request = RequestContext::current();
        let now = self.clock().now();
        let Some(token) = token else {
            self.admit_stranger()?;
            return Err(Error::Unauthenticated("a bearer token is required"));
        };
        let verified = match self.0.verifier.verify(token, now).await {
            Ok(verified) => verified,
            Err(error) => {
                self.admit_stranger()?;
                return Err(error);
            }
        };
        // Before the database is asked anything: the signature says whose quota it is.
        self.admit_caller(&[&verified.issuer, &verified.tenant, &verified.subject])?;
        let (tenant, standing) = self
            .kept()
            .tenant(self.db(), &verified.tenant, &request.meter)
            .await?
            .ok_or(Error::Unauthenticated("the token's tenant is not known"))?;
        request.note(|notes| notes.tenant = Some(tenant.slug.clone()));
        let issuer = (!verified.builtin).then_some(verified.issuer.as_str());
        let (subject, day) = (&verified.subject, now.date());
        let known = self
            .kept()
            .known(
                self.db(),
                (&tenant, standing),
                issuer,
                subject,
                day,
                &request.meter,
            )
            .await?
            .ok_or(Error::Unauthenticated(
                "the token's subject is not registered in its tenant",
            ))?;
        if known
            .client
            .as_ref()
            .is_some_and(|client| client.closed_at.is_some())
        {
            return Err(Error::Unauthenticated("this API client is closed"));
        }
        let mut grants = known.grants.to_vec();
        if !verified.roles.is_empty() {
            grants.extend(
                self.grants_by_claim(&tenant, &verified, known.principal.id, now)
                    .await?,
            );
        }
        request.note(|notes| notes.caller = Some(known.principal.id.to_string()));
        let scope = Scope {
            tenant: tenant.id,
            actor: known.principal.id,
            today: now.date(),
            system: false,
            grants,
            scopes: narrowed(
                ours(verified.builtin, verified.scopes),
                known.client.as_ref().map(|client| client.scopes.as_slice()),
            ),
            sources: known
                .client
                .as_ref()
                .map(|client| client.sources.clone())
                .unwrap_or_default(),
        };
        let store = Store::new(self.db().clone(), Arc::new(scope), Arc::clone(&request.meter));
        // A caller of a request does not outlive it; any other may, and then the standing does not hold.
        let standing = (!request.id.is_empty()).then_some(standing);
        Ok(Caller {
            app: self.clone(),
            principal: known.principal,
            tenant,
            client: known.client,
            store,
            request,
            now,
            keyed: None,
            standing,
            beyond: Arc::default(),
        })
    }

    /// Roles that a trusted issuer's claim gives, held on the tenant's root.
    async fn grants_by_claim(
        &self,
        tenant: &Tenant,
        verified: &Verified,
        principal: spiral_domain::PrincipalId,
        now: Timestamp,
    ) -> Result<Vec<HeldGrant>> {
        let system = self.system(tenant, now);
        let Some(root) = system.store.root().await? else {
            return Ok(Vec::new());
        };
        let roles = verified
            .roles
            .iter()
            .filter_map(|name| Role::from_name(name))
            .filter(|role| role.fits(root.tier));
        Ok(roles
            .map(|role| HeldGrant {
                grant: spiral_domain::people::Grant {
                    id: spiral_domain::GrantId(uuid::Uuid::nil()),
                    principal_id: principal,
                    role,
                    unit_id: root.id,
                    network_id: None,
                    granted_by: principal,
                    expires_on: None,
                    revoked_at: None,
                    revoked_by: None,
                    revoked_from: None,
                    version: 1,
                    created_at: now,
                },
                tier: root.tier,
                path: root.path.clone(),
            })
            .collect())
    }

    /// The platform itself at work in a tenant: sees and may do everything there, and is audited like anyone.
    pub fn system(&self, tenant: &Tenant, now: Timestamp) -> Caller {
        let request = RequestContext::current();
        let scope = Scope::system(tenant.id, now.date());
        let principal = spiral_domain::people::Principal {
            id: scope.actor,
            kind: PrincipalKind::System,
            issuer: None,
            subject: None,
            name: "Spiral".into(),
            version: 1,
            created_at: tenant.created_at,
        };
        Caller {
            app: self.clone(),
            principal: Arc::new(principal),
            tenant: Arc::new(tenant.clone()),
            client: None,
            store: Store::new(self.db().clone(), Arc::new(scope), Arc::clone(&request.meter)),
            request,
            now,
            keyed: None,
            standing: None,
            beyond: Arc::default(),
        }
    }

    /// Adds a tenant.
    pub async fn create_tenant(&self, slug: &str, name: &str) -> Result<Tenant> {
        let mut found = spiral_domain::Violations::new();
        spiral_domain::text::check_code(&mut found, "/slug", slug);
        spiral_domain::text::check_text(&mut found, "/name", name, 200);
        found.into_result()?;
        let tenant = Tenant {
            id: fresh::<TenantId>(),
            slug: slug.into(),
            name: name.into(),
            created_at: self.clock().now(),
        };
        self.db().create_tenant(&tenant).await?;
        Ok(tenant)
    }

    /// The tenant of this short name.
    pub async fn tenant(&self, slug: &str) -> Result<Tenant> {
        let request = RequestContext::current();
        self.db()
            .tenant_by_slug(slug, &request.meter)
            .await?
            .ok_or(Error::NotFound("tenant"))
    }
}

/// The scopes of a token that mean something here. An outside issuer's token may carry scopes of its own alone,
/// such as `openid profile`: those narrow nothing.
fn ours(builtin: bool, scopes: Option<Vec<String>>) -> Option<Vec<String>> {
    let scopes = scopes?;
    if builtin {
        return Some(scopes);
    }
    let known = Action::scopes();
    let ours: Vec<String> = scopes.into_iter().filter(|scope| known.contains(scope)).collect();
    (!ours.is_empty()).then_some(ours)
}

/// A token's scopes, cut down to its client's.
fn narrowed(token: Option<Vec<String>>, client: Option<&[String]>) -> Option<Vec<String>> {
    let client = client.filter(|scopes| !scopes.is_empty());
    match (token, client) {
        (None, None) => None,
        (None, Some(client)) => Some(client.to_vec()),
        (Some(token), None) => Some(token),
        (Some(token), Some(client)) => {
            Some(token.into_iter().filter(|scope| client.contains(scope)).collect())
        }
    }
}

async fn load_keys(db: &Db, master: &MasterKey) -> Result<Vec<SigningKey>> {
    db.signing_keys()
        .await?
        .iter()
        .map(|(_, sealed)| SigningKey::from_sealed(master, sealed))
        .collect()
}

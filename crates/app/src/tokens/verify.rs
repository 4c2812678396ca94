//! Who a bearer token speaks for.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use moka::future::Cache;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use spiral_domain::{Error, Result, Timestamp};

use super::jwks::{FetchJwks, HttpJwks, Jwks, allowed_uri};
use super::keys::PublicKey;

pub(super) mod token;

#[cfg(test)]
mod tests;

use token::Token;

/// The claim that names the tenant, unless the configuration names another.
pub const TENANT_CLAIM: &str = "tenant";
/// What an access token may say that it is.
const ACCESS_TOKEN: &[&str] = &["jwt", "at+jwt"];
/// Clocks differ by less.
const MAX_LEEWAY_SECONDS: i64 = 300;

/// Whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct VerifierConfig {
    /// What `aud` must contain.
    pub audience: String,
    /// By how many seconds clocks may differ; at most 300.
    pub leeway_seconds: i64,
    /// `iss` of the tokens that we sign ourselves.
    pub builtin_issuer: String,
    /// The keys that we sign or signed them with.
    pub builtin_keys: Vec<PublicKey>,
    /// The others.
    pub issuers: Vec<IssuerConfig>,
}

/// Another issuer whose tokens are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Its `iss`, exactly.
    pub issuer: String,
    /// Where its keys are: https, or http on this machine.
    pub jwks_uri: String,
    /// The tenant of all its tokens; without it, the tenant claim decides.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The claim that holds the tenant's slug; like every claim here a name, or a JSON Pointer such as
    /// `/organisation/tenant`.
    #[serde(default = "default_tenant_claim")]
    pub tenant_claim: String,
    /// What `aud` must contain, if not the general audience.
    #[serde(default)]
    pub audience: Option<String>,
    /// Where its tokens carry roles; without it they carry none.
    #[serde(default)]
    pub roles: Option<RoleClaim>,
}

/// A claim that carries roles.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleClaim {
    /// Its name, or a JSON Pointer such as `/realm_access/roles`; a text or a list of texts.
    pub claim: String,
    /// Our role for each value; other values give none.
    pub map: BTreeMap<String, String>,
}

fn default_tenant_claim() -> String {
    TENANT_CLAIM.to_owned()
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who signed it.
    pub issuer: String,
    /// Whether that is ourselves.
    pub builtin: bool,
    /// The tenant's slug.
    pub tenant: String,
    /// Whom it is about, as that issuer calls them.
    pub subject: String,
    /// What it narrows the caller's rights to. `None` narrows nothing; an empty list leaves nothing.
    pub scopes: Option<Vec<String>>,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// Names of our roles that it carries, each once, in order.
    pub roles: Vec<String>,
}

struct Issuer {
    config: IssuerConfig,
    keys: Arc<Jwks>,
}

/// Checks bearer tokens against the configured issuers.
pub struct Verifier {
    audience: String,
    leeway: i64,
    builtin_issuer: String,
    builtin_keys: RwLock<Arc<[PublicKey]>>,
    issuers: HashMap<String, Issuer>,
    /// Tokens, by digest, whose signature is right under these keys. Other keys, and it is checked again.
    proven: Cache<[u8; 32], Arc<[PublicKey]>>,
}

/// So many tokens need not have their signature checked again.
const PROVEN: u64 = 10_000;

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("builtin_issuer", &self.builtin_issuer)
            .field("issuers", &self.issuers.keys())
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// Fetches the other issuers' keys by HTTP. A wrong configuration is refused with all its faults.
    pub fn new(config: VerifierConfig) -> Result<Self> {
        let source: Arc<dyn FetchJwks> = Arc::new(HttpJwks::new()?);
        Self::with_source(config, &source)
    }

    /// Fetches the other issuers' keys from `source`.
    pub fn with_source(config: VerifierConfig, source: &Arc<dyn FetchJwks>) -> Result<Self> {
        let wrong = problems(&config);
        if !wrong.is_empty() {
            return Err(Error::internal(wrong.join("; ")));
        }
        let issuers = config.issuers.into_iter().map(|config| {
            let keys = Jwks::new(&config.issuer, &config.jwks_uri, source.clone());
            (config.issuer.clone(), Issuer { config, keys })
        });
        Ok(Self {
            audience: config.audience,
            leeway: config.leeway_seconds,
            builtin_issuer: config.builtin_issuer,
            builtin_keys: RwLock::new(config.builtin_keys.into()),
            issuers: issuers.collect(),
            proven: Cache::new(PROVEN),
        })
    }

    /// The keys of ours that count from now on; those not named count no more.
    pub fn set_builtin_keys(&self, keys: Vec<PublicKey>) {
        *self.builtin_keys.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
    }

    /// Our public keys, as the JWK set that others fetch.
    pub fn builtin_jwks(&self) -> Value {
        json!({"keys": self.builtin().iter().map(PublicKey::jwk).collect::<Vec<_>>()})
    }

    fn builtin(&self) -> Arc<[PublicKey]> {
        self.builtin_keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whom this token speaks for at this instant.
    ///
    /// `Unauthenticated` for every token that is not good, `Unavailable` if the keys of its issuer cannot be
    /// had.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Verified> {
        let text = token;
        let token = Token::read(text, ACCESS_TOKEN)?;
        let issuer = token.issuer()?;
        let builtin = issuer == self.builtin_issuer;
        let other = self.issuers.get(issuer).map(|issuer| &issuer.config);
        let keys = match self.issuers.get(issuer) {
            _ if builtin => self.builtin(),
            Some(issuer) => issuer.keys.keys(&token.kid, now).await?,
            None => {
                return Err(Error::Unauthenticated(
                    "the token is from an issuer that is not accepted here",
                ));
            }
        };
        // Checking a signature is the dearest part of a cheap request; everything else is checked each time.
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let proven = self.proven.get(&digest).await;
        if !proven.is_some_and(|by| Arc::ptr_eq(&by, &keys)) {
            token.check_signature(&keys)?;
            self.proven.insert(digest, Arc::clone(&keys)).await;
        }
        let expires_at = token.check_times(self.leeway, now)?;
        token.check_audience(
            other
                .and_then(|other| other.audience.as_deref())
                .unwrap_or(&self.audience),
        )?;
        let tenant = match other.and_then(|other| other.tenant.as_deref()) {
            Some(tenant) => tenant,
            None => token.tenant(other.map_or(TENANT_CLAIM, |other| &other.tenant_claim))?,
        };
        Ok(Verified {
            issuer: issuer.to_owned(),
            builtin,
            tenant: tenant.to_owned(),
            subject: token.subject()?.to_owned(),
            scopes: token.scopes()?,
            expires_at,
            roles: other
                .and_then(|other| other.roles.as_ref())
                .map_or_else(Vec::new, |claim| token.roles(claim)),
        })
    }
}

/// Everything that is wrong with a configuration.
fn problems(config: &VerifierConfig) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut require = |holds: bool, problem: String| {
        if !holds {
            wrong.push(problem);
        }
    };
    require(!config.audience.is_empty(), "the audience is empty".into());
    require(
        !config.builtin_issuer.is_empty(),
        "the built-in issuer has no name".into(),
    );
    require(
        (0..=MAX_LEEWAY_SECONDS).contains(&config.leeway_seconds),
        format!("the leeway is not 0 to {MAX_LEEWAY_SECONDS} s"),
    );
    let mut names = vec![config.builtin_issuer.as_str()];
    for issuer in &config.issuers {
        let name = issuer.issuer.as_str();
        require(!name.is_empty(), "an issuer has no name".into());
        require(!names.contains(&name), format!("issuer {name} is given twice"));
        require(
            allowed_uri(&issuer.jwks_uri).is_some(),
            format!("issuer {name}: the keys are neither at an https address nor at a loopback http one"),
        );
        require(
            issuer
                .tenant
                .as_deref()
                .is_none_or(spiral_domain::reference::is_code),
            format!("issuer {name}: the tenant is no slug"),
        );
        require(
            issuer.tenant.is_some() || !issuer.tenant_claim.is_empty(),
            format!("issuer {name}: neither a tenant nor a claim that holds it"),
        );
        require(
            issuer.audience.as_deref() != Some("")
                && issuer.roles.as_ref().is_none_or(|roles| !roles.claim.is_empty()),
            format!("issuer {name}: the audience or the role claim is empty"),
        );
        names.push(name);
    }
    wrong
}

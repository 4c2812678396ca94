//! Tokens of the built-in issuer: for API clients that prove who they are, and for the people of a demo.

use spiral_domain::people::{Action, ApiClient, Principal, Tenant};
use spiral_domain::{Error, PrincipalId, Result};
use spiral_store::Meter;

use super::clients::CLIENT_ID_MARK;
use crate::app::App;
use crate::clock::fresh;
use crate::request::RequestContext;
use crate::tokens::assertion::{Assertion, Expected};
use crate::tokens::keys::Claims;
use crate::tokens::secret;

/// A token, as OAuth 2 answers it.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// For how many seconds it holds.
    pub expires_in: i64,
    /// What it narrows its bearer to, if it does.
    pub scope: Option<String>,
}

/// Why a token was refused: the OAuth 2 error, and in words.
#[derive(Debug)]
pub enum TokenRefused {
    /// `invalid_client`.
    Client,
    /// `invalid_scope`.
    Scope(String),
    /// The platform cannot answer.
    Fault(Error),
}

impl From<Error> for TokenRefused {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

/// How an API client proves who it is.
#[derive(Debug)]
pub enum Proof<'a> {
    /// By one of its secrets.
    Secret {
        /// Which client.
        client_id: &'a str,
        /// The secret.
        secret: &'a str,
    },
    /// By what one of its keys has signed.
    Assertion {
        /// Which client, if the request says so beside the assertion.
        client_id: Option<&'a str>,
        /// The signed assertion.
        assertion: &'a str,
    },
}

impl Proof<'_> {
    /// Which client the request says it is; empty where only the assertion says so.
    pub fn client_id(&self) -> &str {
        match self {
            Self::Secret { client_id, .. } => client_id,
            Self::Assertion { client_id, .. } => client_id.unwrap_or_default(),
        }
    }
}

/// Client credentials: a token for an API client that knows one of its secrets, or holds one of its keys.
pub async fn issue_token(
    app: &App,
    proof: &Proof<'_>,
    scope: Option<&str>,
) -> Result<AccessToken, TokenRefused> {
    let request = RequestContext::current();
    let (tenant, client) = match proof {
        Proof::Secret { client_id, secret } => by_secret(app, client_id, secret, &request.meter).await?,
        Proof::Assertion { client_id, assertion } => {
            by_assertion(app, *client_id, assertion, &request.meter).await?
        }
    };
    request.note(|notes| {
        notes.tenant = Some(tenant.slug.clone());
        notes.caller = Some(client.id.to_string());
    });
    let scope = match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
        None => (!client.scopes.is_empty()).then(|| client.scopes.join(" ")),
        Some(asked) => {
            let every = Action::scopes();
            let may = |scope: &str| {
                if client.scopes.is_empty() {
                    every.contains(scope)
                } else {
                    client.scopes.iter().any(|own| own == scope)
                }
            };
            if let Some(beyond) = asked.split(' ').find(|scope| !may(scope)) {
                return Err(TokenRefused::Scope(format!(
                    "`{}` is not among the client's scopes",
                    beyond.escape_default()
                )));
            }
            Some(asked.to_owned())
        }
    };
    let token = sign(
        app,
        &tenant,
        client.id,
        app.settings().token_seconds,
        scope.clone(),
    )?;
    Ok(AccessToken {
        token,
        expires_in: app.settings().token_seconds,
        scope,
    })
}

async fn tenant_of(app: &App, client_id: &str, meter: &Meter) -> Result<Tenant, TokenRefused> {
    let (slug, _) = client_id.split_once(CLIENT_ID_MARK).ok_or(TokenRefused::Client)?;
    let tenant = app.db().tenant_by_slug(slug, meter).await?;
    tenant.ok_or(TokenRefused::Client)
}

async fn by_secret(
    app: &App,
    client_id: &str,
    client_secret: &str,
    meter: &Meter,
) -> Result<(Tenant, ApiClient), TokenRefused> {
    let tenant = tenant_of(app, client_id, meter).await?;
    let found = app
        .db()
        .client_with_secrets(tenant.id, client_id, app.clock().now(), meter)
        .await?;
    let (client, secrets) = found.ok_or(TokenRefused::Client)?;
    let mut known = false;
    for row in secrets {
        known |= secret::verify(client_secret, &row.hash).await?;
    }
    if known {
        Ok((tenant, client))
    } else {
        Err(TokenRefused::Client)
    }
}

async fn by_assertion(
    app: &App,
    client_id: Option<&str>,
    text: &str,
    meter: &Meter,
) -> Result<(Tenant, ApiClient), TokenRefused> {
    let assertion = Assertion::read(text).map_err(refused)?;
    if client_id.is_some_and(|client_id| client_id != assertion.client()) {
        return Err(TokenRefused::Client);
    }
    let tenant = tenant_of(app, assertion.client(), meter).await?;
    let client = app.db().open_client(tenant.id, assertion.client(), meter).await?;
    let client = client.ok_or(TokenRefused::Client)?;
    let settings = app.settings();
    let expected = Expected {
        keys: &client.keys,
        audience: [&settings.issuer, &settings.token_endpoint()],
        leeway: settings.leeway_seconds,
        now: app.clock().now(),
    };
    let proven = assertion.prove(&expected).map_err(refused)?;
    let first = app
        .db()
        .use_assertion(tenant.id, client.id, &proven.id, proven.ends_at, meter)
        .await?;
    if first {
        Ok((tenant, client))
    } else {
        Err(TokenRefused::Client)
    }
}

/// Whatever is wrong with an assertion: whether the client is known is not told.
fn refused(error: Error) -> TokenRefused {
    match error {
        Error::Unauthenticated(_) => TokenRefused::Client,
        other => TokenRefused::Fault(other),
    }
}

/// A token for a principal of a demo tenant, where the demo issuer is on.
pub async fn demo_token(app: &App, tenant: &Tenant, principal: PrincipalId, seconds: i64) -> Result<String> {
    if !app.settings().demo_issuer {
        return Err(Error::Forbidden("the demo issuer is off".into()));
    }
    let system = app.system(tenant, app.clock().now());
    system.store().find::<Principal>().ids(&[principal]).one().await?;
    sign(app, tenant, principal, seconds, None)
}

fn sign(
    app: &App,
    tenant: &Tenant,
    principal: PrincipalId,
    seconds: i64,
    scope: Option<String>,
) -> Result<String> {
    let now = app.clock().now().micros() / 1_000_000;
    app.signing().sign(&Claims {
        iss: app.settings().issuer.clone(),
        sub: principal.to_string(),
        aud: app.settings().audience.clone(),
        exp: now + seconds,
        nbf: Some(now),
        iat: now,
        jti: Some(fresh::<uuid::Uuid>().to_string()),
        tenant: Some(tenant.slug.clone()),
        scope,
        extra: serde_json::Map::new(),
    })
}

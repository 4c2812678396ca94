//! API clients, and how they prove who they are.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::error::{Result, Violations};
use crate::ids::{PrincipalId, SecretId, UnitId};
use crate::reference::Reference;
use crate::text::{check_opaque, check_text};
use crate::time::Timestamp;

/// How many keys a client may have at a time.
const MAX_KEYS: usize = 8;

/// A public key as a JWK (RFC 7517). It names itself and its one algorithm; a private part is refused.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(deny_unknown_fields)]
#[graphql(name = "ClientKey", input_name = "ClientKeyInput")]
pub struct ClientKey {
    /// What assertions call it.
    #[schema(max_length = 200, example = "2026-a")]
    pub kid: String,
    /// `OKP`, `EC` or `RSA`.
    #[schema(max_length = 8, example = "OKP")]
    pub kty: String,
    /// `EdDSA`, `ES256` or `RS256`.
    #[schema(max_length = 8, example = "EdDSA")]
    pub alg: String,
    /// `sig`, if anything.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    #[graphql(name = "use")]
    #[schema(max_length = 8, example = "sig")]
    pub use_: Option<String>,
    /// `Ed25519` or `P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 16, example = "Ed25519")]
    pub crv: Option<String>,
    /// Of an `OKP` or `EC` key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: Option<String>,
    /// Of an `EC` key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub y: Option<String>,
    /// Of an `RSA` key: its modulus, of 2048 to 8192 bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1400)]
    pub n: Option<String>,
    /// Of an `RSA` key: its exponent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 16)]
    pub e: Option<String>,
}

/// What can be told of keys without arithmetic.
fn check_keys(found: &mut Violations, keys: &[ClientKey]) {
    found.require(keys.len() <= MAX_KEYS, "/keys", "too_many", || {
        format!("at most {MAX_KEYS} keys")
    });
    for (n, key) in keys.iter().enumerate() {
        check_opaque(found, &format!("/keys/{n}/kid"), &key.kid, 200);
        found.require(
            keys.iter().take(n).all(|other| other.kid != key.kid),
            &format!("/keys/{n}/kid"),
            "twice",
            || "another key has this name".into(),
        );
    }
}

/// Sets a client's public keys; those not named count no more.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetClientKeys {
    /// All its keys, as in a JWK set. To rotate, name the new one beside the old one first.
    #[schema(max_items = 8)]
    pub keys: Vec<ClientKey>,
}

impl SetClientKeys {
    /// Every rule that needs no arithmetic.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_keys(&mut found, &self.keys);
        found.into_result()
    }
}

/// A tool: its id and what its tokens can at most do. Its secrets are shown once, when made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ApiClientRecord")]
pub struct ApiClient {
    /// Its id, also the principal's.
    pub id: PrincipalId,
    /// Give it as `client_id` at `/oauth/token`.
    pub client_id: String,
    /// For people to read.
    pub name: String,
    /// The unit whose lead answers for it.
    pub unit_id: UnitId,
    /// What its tokens can at most do: `<capability>:read` or `:write`; empty means everything granted.
    pub scopes: Vec<String>,
    /// The sources it may push as.
    pub sources: Vec<String>,
    /// Whether external ids of its sources may be digits only.
    pub numeric_ids: bool,
    /// The public keys by which it may prove itself instead of by a secret.
    pub keys: Vec<ClientKey>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Makes an API client with a first secret.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiClient {
    /// For people to read.
    #[schema(max_length = 200, example = "Ward dashboard")]
    pub name: String,
    /// The unit whose lead answers for it.
    pub unit: Reference,
    /// What its tokens can at most do: `<capability>:read` or `:write`; empty means everything granted.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 32)]
    pub scopes: Vec<String>,
    /// The sources it pushes as; each belongs to one client.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 32)]
    pub sources: Vec<String>,
    /// Whether external ids of its sources may be digits only.
    #[serde(default)]
    #[graphql(default)]
    pub numeric_ids: bool,
    /// Public keys by which it may prove itself at `/oauth/token` instead of by a secret (`private_key_jwt`).
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 8)]
    pub keys: Vec<ClientKey>,
}

impl CreateApiClient {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/name", &self.name, 200);
        found.require(self.scopes.len() <= 32, "/scopes", "too_many", || {
            "at most 32 scopes".into()
        });
        found.require(self.sources.len() <= 32, "/sources", "too_many", || {
            "at most 32 sources".into()
        });
        let known = Action::scopes();
        for (n, scope) in self.scopes.iter().enumerate() {
            found.require(
                known.contains(scope),
                &format!("/scopes/{n}"),
                "unknown_scope",
                || {
                    format!(
                        "`{scope}` is none of {}",
                        known.iter().cloned().collect::<Vec<_>>().join(", ")
                    )
                },
            );
        }
        for (n, source) in self.sources.iter().enumerate() {
            crate::text::check_code(&mut found, &format!("/sources/{n}"), source);
        }
        check_keys(&mut found, &self.keys);
        found.into_result()
    }
}

/// A secret's life, without the secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecret {
    /// Its id.
    pub id: SecretId,
    /// Whose it is.
    pub client_id: PrincipalId,
    /// Until when it is taken; null means without end.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A client together with a secret that is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSecret {
    /// The client.
    pub client: ApiClient,
    /// The secret's id.
    pub secret_id: SecretId,
    /// The secret itself; it is stored hashed and cannot be shown again.
    #[schema(example = "sps_example-not-a-secret")]
    pub client_secret: String,
}

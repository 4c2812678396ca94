//! An OpenID Connect issuer of our own, on loopback, that signs whatever a test wants signed.

use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use axum::Json;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The issuer of the first tenant's people; the configuration fixes its tenant.
pub(crate) const FIXED: &str = "https://login.north.test";
/// The issuer whose tokens name their tenant themselves.
pub(crate) const NAMING: &str = "https://login.shared.test";

/// How a token is signed, rightly or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// By our Ed25519 key.
    EdDsa,
    /// By our P-256 key.
    Es256,
    /// Not at all.
    None,
    /// With our public Ed25519 key as a shared secret.
    Hs256,
}

/// The issuer; both of its names have the same keys.
#[derive(Clone)]
pub struct Issuer {
    /// Where its keys are.
    pub jwks_uri: String,
    keys: Arc<Keys>,
}

struct Keys {
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
}

impl Issuer {
    /// Makes keys and serves them for as long as the runtime lives.
    pub async fn start() -> Self {
        let keys = Keys {
            ed25519: Ed25519KeyPair::generate().expect("an Ed25519 key can be made"),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key can be made"),
        };
        let set = json!({ "keys": [
            {
                "kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA", "use": "sig",
                "x": URL_SAFE_NO_PAD.encode(keys.ed25519.public_key()),
            },
            {
                "kty": "EC", "crv": "P-256", "kid": "p256", "alg": "ES256", "use": "sig",
                // An uncompressed point: 4, x, y.
                "x": URL_SAFE_NO_PAD.encode(&keys.p256.public_key().as_ref()[1..33]),
                "y": URL_SAFE_NO_PAD.encode(&keys.p256.public_key().as_ref()[33..]),
            },
        ]});
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let router = axum::Router::new().route("/jwks.json", get(async move || Json(set)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            jwks_uri: format!("http://{address}/jwks.json"),
            keys: Arc::new(keys),
        }
    }

    /// The configured entries, as `auth.issuers` takes them.
    pub(crate) fn configured(&self, tenant: &str) -> String {
        json!([
            { "issuer": FIXED, "jwks_uri": self.jwks_uri, "tenant": tenant },
            { "issuer": NAMING, "jwks_uri": self.jwks_uri },
        ])
        .to_string()
    }

    /// Claims that are right for the person whom the first issuer calls `subject`.
    pub fn claims(subject: &str) -> Value {
        let now = now();
        json!({ "iss": FIXED, "sub": subject, "aud": "spiral-api", "iat": now, "nbf": now, "exp": now + 900 })
    }

    /// A token with these claims.
    pub fn sign(&self, algorithm: Algorithm, claims: &Value) -> String {
        let (alg, kid) = match algorithm {
            Algorithm::EdDsa => ("EdDSA", "ed"),
            Algorithm::Es256 => ("ES256", "p256"),
            Algorithm::None => ("none", "ed"),
            Algorithm::Hs256 => ("HS256", "ed"),
        };
        self.sign_under(
            algorithm,
            &json!({ "alg": alg, "kid": kid, "typ": "JWT" }),
            claims,
        )
    }

    /// The public half of our Ed25519 key, by another name.
    pub fn jwk(&self, kid: &str) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": "EdDSA", "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(self.keys.ed25519.public_key()),
        })
    }

    /// A token with this header.
    pub fn sign_under(&self, algorithm: Algorithm, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = match algorithm {
            Algorithm::EdDsa => self.keys.ed25519.sign(message.as_bytes()).as_ref().to_vec(),
            Algorithm::Es256 => {
                let signed = self.keys.p256.sign(&SystemRandom::new(), message.as_bytes());
                signed.expect("the key signs").as_ref().to_vec()
            }
            Algorithm::None => Vec::new(),
            Algorithm::Hs256 => {
                let shared = hmac::Key::new(hmac::HMAC_SHA256, self.keys.ed25519.public_key().as_ref());
                hmac::sign(&shared, message.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("jwks_uri", &self.jwks_uri)
            .finish_non_exhaustive()
    }
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "an issuer is outside of the platform and has its own clock"
)]
fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("it is later than 1970")
        .as_secs()
}

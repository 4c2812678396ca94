//! Keys, an issuer and a directory for the tests beside this.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use spiral_domain::Result;
use tokio::sync::Semaphore;

use super::jwks::{FetchError, FetchJwks};
use super::random;

/// The sort of a test key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Ed25519,
    P256,
    Rsa,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A key that signs whatever a test wants to be signed.
pub struct TestKey {
    kid: String,
    pair: Pair,
}

impl TestKey {
    pub fn new(sort: Kind, kid: &str) -> Self {
        let pair = match sort {
            Kind::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Kind::P256 => Pair::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            Kind::Rsa => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self {
            kid: kid.to_owned(),
            pair,
        }
    }

    /// The public key as bytes.
    pub fn public(&self) -> &[u8] {
        match &self.pair {
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
            Pair::P256(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    pub fn jwk(&self) -> Value {
        let (algorithm, key) = match self.pair {
            Pair::Ed25519(_) => (Algorithm::EdDSA, DecodingKey::from_ed_der(self.public())),
            Pair::P256(_) => (Algorithm::ES256, DecodingKey::from_ec_der(self.public())),
            Pair::Rsa(_) => (Algorithm::RS256, DecodingKey::from_rsa_der(self.public())),
        };
        let mut jwk = json!(Jwk::from_decoding_key(&key, Some(algorithm)).unwrap());
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub fn signature(&self, message: &str) -> Vec<u8> {
        let message = message.as_bytes();
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// A token with a well-formed header.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&self.header(), &claims.to_string())
    }

    pub fn header(&self) -> Value {
        json!({"alg": self.jwk()["alg"], "kid": self.kid, "typ": "JWT"})
    }

    /// A token with any header and any claims.
    pub fn token_with(&self, header: &Value, claims: &str) -> String {
        let message = message(&header.to_string(), claims);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(self.signature(&message)))
    }
}

/// What is signed.
pub fn message(header: &str, claims: &str) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

/// An issuer that says what a test tells it to, and counts how often it is asked.
pub struct TestIssuer {
    body: Mutex<Option<Vec<u8>>>,
    asked: AtomicUsize,
    addresses: Mutex<Vec<String>>,
    /// Answers go out while there are permits.
    pub gate: Semaphore,
}

impl TestIssuer {
    /// Publishes these keys at once when asked.
    pub fn new(keys: &[&TestKey]) -> Self {
        let issuer = Self {
            body: Mutex::default(),
            asked: AtomicUsize::new(0),
            addresses: Mutex::default(),
            gate: Semaphore::new(1),
        };
        issuer.publish(keys);
        issuer
    }

    pub fn publish(&self, keys: &[&TestKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.say(json!({"keys": keys}).to_string());
    }

    pub fn say(&self, body: String) {
        *self.body.lock().unwrap() = Some(body.into_bytes());
    }

    pub fn fall_silent(&self) {
        *self.body.lock().unwrap() = None;
    }

    /// Each address that it was asked at.
    pub fn addresses(&self) -> Vec<String> {
        self.addresses.lock().unwrap().clone()
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl FetchJwks for TestIssuer {
    fn fetch<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
        Box::pin(async {
            self.addresses.lock().unwrap().push(uri.to_owned());
            self.asked.fetch_add(1, Ordering::SeqCst);
            let _open = self.gate.acquire().await?;
            self.body
                .lock()
                .unwrap()
                .clone()
                .ok_or_else(|| "no answer".into())
        })
    }
}

/// A directory of its own, removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let name = format!("spiral-{}", URL_SAFE_NO_PAD.encode(random::<12>().unwrap()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

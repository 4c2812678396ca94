//! Secrets of API clients: shown once, kept as a hash.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use spiral_domain::{Error, Result};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::random;

const PREFIX: &str = "sps_";
/// A longer one is not ours, and is refused before it costs anything.
const MAX_LENGTH: usize = 256;
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Each hash takes memory and a core: a flood of logins waits instead of taking all of either.
static RUNNING: Semaphore = Semaphore::const_new(4);

/// A new secret, to be shown once; never printed by accident.
pub struct ClientSecretText(SecretString);

impl fmt::Debug for ClientSecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretText(…)")
    }
}

impl ClientSecretText {
    /// `sps_` and 32 random bytes in base64.
    pub fn generate() -> Result<Self> {
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
        Ok(Self(text.into()))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What to keep of a secret: argon2id with its salt and parameters. Off the async threads.
pub async fn hash(secret: &str) -> Result<String> {
    let secret = SecretString::from(secret);
    run(move || {
        let hash: PasswordHash = argon2()
            .hash_password(secret.expose_secret().as_bytes())
            .map_err(Error::internal)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether this is the secret of that hash; compared in constant time, off the async threads.
pub async fn verify(secret: &str, hash: &str) -> Result<bool> {
    if secret.len() > MAX_LENGTH {
        return Ok(false);
    }
    let (secret, hash) = (SecretString::from(secret), hash.to_owned());
    run(move || {
        let hash = PasswordHash::new(&hash).map_err(Error::internal)?;
        Ok(argon2()
            .verify_password(secret.expose_secret().as_bytes(), &hash)
            .is_ok())
    })
    .await
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let permit = RUNNING.acquire().await.map_err(Error::internal)?;
    // The permit goes along: the work runs on even if nobody waits for it any more.
    spawn_blocking(move || {
        let _permit = permit;
        work()
    })
    .await
    .map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_known_again_by_its_hash() {
        let secret = ClientSecretText::generate().unwrap();
        assert_eq!((secret.expose().len(), &secret.expose()[..4]), (47, "sps_"));
        assert_eq!(format!("{secret:?}"), "ClientSecretText(…)");
        let kept = hash(secret.expose()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(!kept.contains(&secret.expose()[4..]));
        assert!(verify(secret.expose(), &kept).await.unwrap());
        for wrong in ["", "sps_", &secret.expose()[..46], &secret.expose().repeat(6)] {
            assert!(!verify(wrong, &kept).await.unwrap(), "{wrong}");
        }
        let other = ClientSecretText::generate().unwrap();
        assert!(!verify(other.expose(), &kept).await.unwrap());
        assert_ne!(
            hash(secret.expose()).await.unwrap(),
            kept,
            "another salt each time"
        );
    }

    #[tokio::test]
    async fn a_damaged_hash_is_our_fault() {
        assert!(matches!(
            verify("sps_x", "no hash").await,
            Err(Error::Internal(_))
        ));
    }
}

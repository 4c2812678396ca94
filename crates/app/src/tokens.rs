//! Keys, tokens, secrets and cursors: whatever is signed, sealed or hashed.
//!
//! Nothing here knows a database or a clock: callers keep the bytes and pass the instant.

pub mod assertion;
pub mod cursor;
pub mod jwks;
pub mod keys;
pub mod seal;
pub mod secret;
pub mod verify;

#[cfg(test)]
mod testing;

use spiral_domain::{Error, Result};

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::internal("the system gives no random bytes"))?;
    Ok(bytes)
}

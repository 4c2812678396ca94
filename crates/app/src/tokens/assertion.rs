//! How an API client proves itself by a key of its own (RFC 7523, `private_key_jwt`).

use spiral_domain::people::ClientKey;
use spiral_domain::{Error, Result, Timestamp};

use super::keys::PublicKey;
use super::verify::token::Token;

/// What an assertion may say that it is; never an access token.
const ASSERTION: &[&str] = &["jwt", "client-authentication+jwt"];
/// An assertion may be good for so many seconds at most.
pub const MAX_SECONDS: i64 = 300;

/// An assertion, as yet unproven.
pub struct Assertion<'a> {
    token: Token<'a>,
    client: String,
}

/// What a proven assertion says.
#[derive(Debug, PartialEq, Eq)]
pub struct Proven {
    /// Its own id, which counts once.
    pub id: String,
    /// From when on it would be refused anyway.
    pub ends_at: Timestamp,
}

/// What an assertion is measured by.
#[derive(Debug)]
pub struct Expected<'a> {
    /// The client's keys.
    pub keys: &'a [ClientKey],
    /// What we are called: the issuer, and its token endpoint.
    pub audience: [&'a str; 2],
    /// By how many seconds clocks may differ.
    pub leeway: i64,
    /// When it is used.
    pub now: Timestamp,
}

impl<'a> Assertion<'a> {
    /// Reads whom it is about, who must have said so themselves.
    pub fn read(text: &'a str) -> Result<Self> {
        let token = Token::read(text, ASSERTION)?;
        let client = token.subject()?.to_owned();
        if token.issuer()? != client {
            return Err(Error::Unauthenticated("`iss` and `sub` of the assertion differ"));
        }
        Ok(Self { token, client })
    }

    /// The `client_id` that it claims.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Whether a key of the client has said it, to us alone, just now.
    pub fn prove(&self, expected: &Expected<'_>) -> Result<Proven> {
        let keys: Vec<PublicKey> = expected.keys.iter().filter_map(fit).collect();
        self.token.check_signature(&keys)?;
        let ends_at = self.token.check_times(expected.leeway, expected.now)?;
        let latest = expected.now.plus_seconds(MAX_SECONDS + expected.leeway);
        if ends_at > latest {
            return Err(Error::Unauthenticated("the assertion is good for too long"));
        }
        // An audience beside us could bring it here in the client's name.
        let audience = self.token.audience();
        let ours = |name: &Option<&str>| name.is_some_and(|name| expected.audience.contains(&name));
        if audience.is_empty() || !audience.iter().all(ours) {
            return Err(Error::Unauthenticated("the assertion is for another audience"));
        }
        Ok(Proven {
            id: self.token.id()?.to_owned(),
            ends_at: ends_at.plus_seconds(expected.leeway),
        })
    }
}

/// The key that it describes, if signatures can be checked with it.
pub fn fit(key: &ClientKey) -> Option<PublicKey> {
    PublicKey::from_jwk(&serde_json::to_value(key).ok()?)
}

#[cfg(test)]
mod tests;

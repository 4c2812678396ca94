//! The three parts of a token, and one check for each thing that it says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use spiral_domain::reference::is_code;
use spiral_domain::{Error, Result, Timestamp};

use super::RoleClaim;
use crate::tokens::keys::{PublicKey, algorithm};

/// A longer token is refused unread.
const MAX_LENGTH: usize = 16 * 1024;
/// As OpenID Connect limits `sub`.
const MAX_SUBJECT: usize = 255;
/// Longer names of tokens are not kept.
const MAX_ID: usize = 255;
/// The last second that has four digits for its year.
const MAX_INSTANT: i64 = 253_402_300_799;

/// A token as it says it is; nothing of it is true before `check_signature`.
pub(in crate::tokens) struct Token<'a> {
    message: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    /// The key that it names.
    pub(in crate::tokens) kid: String,
    claims: Value,
}

const fn refused<T>(reason: &'static str) -> Result<T> {
    Err(Error::Unauthenticated(reason))
}

impl<'a> Token<'a> {
    /// Reads the header and the claims of a token that is of no type or one of these. Headers that bring keys
    /// along are not looked at.
    pub(in crate::tokens) fn read(text: &'a str, types: &[&str]) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            return refused("the token is too long");
        }
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return refused("the token has not three parts");
        };
        let message = &text[..header.len() + 1 + claims.len()];
        let header = object(header)?;
        if header.contains_key("crit") {
            return refused("the token has critical extensions");
        }
        if header
            .get("typ")
            .is_some_and(|kind| !kind.as_str().is_some_and(|kind| is_of(kind, types)))
        {
            return refused("the token is of another type");
        }
        let Some(algorithm) = header.get("alg").and_then(Value::as_str).and_then(algorithm) else {
            return refused("the token is not signed by RS256, ES256 or EdDSA");
        };
        let Some(kid) = header.get("kid").and_then(Value::as_str) else {
            return refused("the token does not name its key");
        };
        Ok(Self {
            message,
            signature,
            algorithm,
            kid: kid.to_owned(),
            claims: Value::Object(object(claims)?),
        })
    }

    /// Who it says has signed it.
    pub(in crate::tokens) fn issuer(&self) -> Result<&str> {
        match self.claims.get("iss") {
            Some(Value::String(issuer)) => Ok(issuer),
            _ => refused("`iss` is missing"),
        }
    }

    /// By the key of that name, with the algorithm that the key is for.
    pub(in crate::tokens) fn check_signature(&self, keys: &[PublicKey]) -> Result<()> {
        let mut named = keys.iter().filter(|key| key.kid() == self.kid).peekable();
        if named.peek().is_none() {
            return refused("the token is signed with an unknown key");
        }
        let Some(key) = named.find(|key| key.algorithm() == self.algorithm) else {
            return refused("the token's algorithm is not that of its key");
        };
        if key.has_signed(self.message, self.signature) {
            Ok(())
        } else {
            refused("the signature is wrong")
        }
    }

    /// Not over, and begun; when it ends.
    pub(in crate::tokens) fn check_times(&self, leeway: i64, now: Timestamp) -> Result<Timestamp> {
        let Some(expires_at) = self.instant("exp", "`exp` is not an instant")? else {
            return refused("`exp` is missing");
        };
        if expires_at.plus_seconds(leeway) <= now {
            return refused("the token has expired");
        }
        let latest = now.plus_seconds(leeway);
        if self
            .instant("nbf", "`nbf` is not an instant")?
            .is_some_and(|start| start > latest)
        {
            return refused("the token is not valid yet");
        }
        if self
            .instant("iat", "`iat` is not an instant")?
            .is_some_and(|issued| issued > latest)
        {
            return refused("the token was issued in the future");
        }
        Ok(expires_at)
    }

    fn instant(&self, name: &str, reason: &'static str) -> Result<Option<Timestamp>> {
        let Some(value) = self.claims.get(name) else {
            return Ok(None);
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and what is out of range is refused"
        )]
        let seconds = value
            .as_i64()
            .or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
        match seconds {
            Some(seconds @ 0..=MAX_INSTANT) => Ok(Some(Timestamp::from_micros(seconds * 1_000_000))),
            _ => refused(reason),
        }
    }

    /// For us, maybe among others.
    pub(in crate::tokens) fn check_audience(&self, audience: &str) -> Result<()> {
        if self.audience().contains(&Some(audience)) {
            Ok(())
        } else {
            refused("the token is for another audience")
        }
    }

    /// For whom it is; what is no text stands as none.
    pub(in crate::tokens) fn audience(&self) -> Vec<Option<&str>> {
        match self.claims.get("aud") {
            Some(Value::Array(all)) => all.iter().map(Value::as_str).collect(),
            Some(one) => vec![one.as_str()],
            None => Vec::new(),
        }
    }

    /// Its own id.
    pub(in crate::tokens) fn id(&self) -> Result<&str> {
        match self.claims.get("jti").and_then(Value::as_str) {
            Some(id) if (1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control) => Ok(id),
            _ => refused("`jti` is missing, too long or has control characters"),
        }
    }

    /// Whom it is about.
    pub(in crate::tokens) fn subject(&self) -> Result<&str> {
        let subject = self.claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        if subject.is_empty() {
            return refused("`sub` is missing");
        }
        if subject.len() > MAX_SUBJECT || subject.chars().any(char::is_control) {
            return refused("`sub` is too long or has control characters");
        }
        Ok(subject)
    }

    /// The tenant's slug from this claim.
    pub(in crate::tokens) fn tenant(&self, claim: &str) -> Result<&str> {
        match self.claim(claim) {
            Some(Value::String(slug)) if is_code(slug) => Ok(slug),
            _ => refused("the token does not say which tenant it is for"),
        }
    }

    /// What it narrows the caller's rights to. Never taken as absent if it cannot be read.
    pub(in crate::tokens) fn scopes(&self) -> Result<Option<Vec<String>>> {
        match self.claims.get("scope") {
            None => Ok(None),
            Some(Value::String(scopes)) => {
                Ok(Some(scopes.split_ascii_whitespace().map(str::to_owned).collect()))
            }
            Some(_) => refused("`scope` is not text"),
        }
    }

    /// Our names for the roles in a claim.
    pub(in crate::tokens) fn roles(&self, roles: &RoleClaim) -> Vec<String> {
        let values = match self.claim(&roles.claim) {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        let mut found: Vec<_> = values
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|name| roles.map.get(name))
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().cloned().collect()
    }

    fn claim(&self, name: &str) -> Option<&Value> {
        if name.starts_with('/') {
            self.claims.pointer(name)
        } else {
            self.claims.get(name)
        }
    }
}

/// Media types are compared without regard to case, and may leave out `application/`.
fn is_of(kind: &str, types: &[&str]) -> bool {
    let kind = kind.to_ascii_lowercase();
    types.contains(&kind.strip_prefix("application/").unwrap_or(&kind))
}

fn object(part: &str) -> Result<Map<String, Value>> {
    let read = URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .and_then(|json| serde_json::from_slice::<Object>(&json).ok());
    read.map_or_else(|| refused("the token is malformed"), |object| Ok(object.0))
}

/// An object without repeated names, of which two readers could take different ones.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
                let mut all = Map::new();
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    if all.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is repeated"));
                    }
                }
                Ok(Object(all))
            }
        }
        deserializer.deserialize_map(Names)
    }
}

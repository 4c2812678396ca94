//! Keys that sign and keys that check signatures.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use spiral_domain::{Error, Result};

use super::seal::MasterKey;

/// What the master key seals a signing key for.
const PURPOSE: &str = "signing-key";

/// What a token of ours says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who says it: the built-in issuer.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// For whom it is.
    pub aud: String,
    /// Until when, in seconds since 1970.
    pub exp: i64,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// When it was said.
    pub iat: i64,
    /// Its own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The tenant's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What it narrows the caller's rights to, separated by spaces; absent means not narrowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Anything else. A name from above is refused when the token is read.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// An Ed25519 key of the built-in issuer.
pub struct SigningKey {
    private: EncodingKey,
    public: [u8; 32],
    kid: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key.
    pub fn generate() -> Result<Self> {
        let pair = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8());
        Self::from_pkcs8(
            pair.map_err(|_| Error::internal("no signing key can be made"))?
                .as_ref(),
        )
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let refused = || Error::internal("this is no Ed25519 key");
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| refused())?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref()).map_err(|_| refused())?;
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..12]);
        Ok(Self {
            private: EncodingKey::from_ed_der(der),
            public,
            kid,
        })
    }

    /// As it may be stored.
    pub fn to_sealed(&self, master: &MasterKey) -> Result<Vec<u8>> {
        master.seal(PURPOSE, self.private.as_bytes())
    }

    /// As it was stored.
    pub fn from_sealed(master: &MasterKey, sealed: &[u8]) -> Result<Self> {
        Self::from_pkcs8(&master.open(PURPOSE, sealed)?)
    }

    /// What tokens call it: a short hash of the public key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its public half, as `/.well-known/jwks.json` shows it.
    pub fn public_jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.public),
            "alg": "EdDSA", "use": "sig", "kid": self.kid,
        })
    }

    /// Its public half, to check signatures with.
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            kid: self.kid.clone(),
            algorithm: Algorithm::EdDSA,
            key: DecodingKey::from_ed_der(&self.public),
            jwk: self.public_jwk(),
        }
    }

    /// A signed access token.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let header = Header {
            typ: Some("at+jwt".into()),
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.private).map_err(Error::internal)
    }
}

/// The algorithms that we accept, by their JOSE name.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RS256),
        "ES256" => Some(Algorithm::ES256),
        "EdDSA" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// Fewer bits are too weak, more too slow.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What of a JWK may be shown again, whatever it came with.
const PUBLIC_MEMBERS: [&str; 10] = ["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e"];

/// A key that checks signatures, with the one algorithm that it is for.
#[derive(Debug, Clone)]
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    key: DecodingKey,
    jwk: Value,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: String,
    #[serde(rename = "use")]
    use_: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublicKey {
    /// A JWK that names itself, an accepted algorithm and, if any use, signatures; any other is not taken.
    pub fn from_jwk(given: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(given).ok()?;
        let for_signatures = jwk.use_.as_deref().is_none_or(|use_| use_ == "sig")
            && jwk
                .key_ops
                .as_ref()
                .is_none_or(|all| all.iter().any(|operation| operation == "verify"));
        if jwk.kid.is_empty() || !for_signatures {
            return None;
        }
        let algorithm = algorithm(&jwk.alg)?;
        let key = match (algorithm, jwk.kty.as_str(), jwk.crv.as_deref()) {
            (Algorithm::RS256, "RSA", _) => {
                let (n, e) = (bytes(jwk.n.as_deref())?, bytes(jwk.e.as_deref())?);
                (RSA_BITS.contains(&bits(&n)) && fit_exponent(&e))
                    .then(|| DecodingKey::from_rsa_raw_components(&n, &e))?
            }
            (Algorithm::ES256, "EC", Some("P-256")) => {
                let (x, y) = (bytes(jwk.x.as_deref())?, bytes(jwk.y.as_deref())?);
                // An uncompressed point.
                (x.len() == 32 && y.len() == 32)
                    .then(|| DecodingKey::from_ec_der(&[&[4][..], x.as_slice(), y.as_slice()].concat()))?
            }
            (Algorithm::EdDSA, "OKP", Some("Ed25519")) => {
                let x = bytes(jwk.x.as_deref())?;
                (x.len() == 32).then(|| DecodingKey::from_ed_der(&x))?
            }
            _ => return None,
        };
        let public = given
            .as_object()?
            .iter()
            .filter(|(name, _)| PUBLIC_MEMBERS.contains(&name.as_str()));
        let shown = public
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Some(Self {
            kid: jwk.kid,
            algorithm,
            key,
            jwk: Value::Object(shown),
        })
    }

    /// What tokens call it.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// As a JWK, without anything private.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The one algorithm it is for.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature`, in base64, is this key's over `message`.
    pub(super) fn has_signed(&self, message: &str, signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, self.algorithm)
            .unwrap_or(false)
    }
}

/// How many bits a number has, without leading zeros.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().skip_while(|byte| **byte == 0);
    let leading = significant
        .clone()
        .next()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    significant.count() * 8 - leading
}

/// Odd and more than 1: with 1 anybody can sign, and with an even one nobody.
fn fit_exponent(exponent: &[u8]) -> bool {
    (2..=33).contains(&bits(exponent)) && exponent.last().is_some_and(|byte| byte % 2 == 1)
}

fn bytes(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Kind, TestKey};
    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey::from_base64(&URL_SAFE_NO_PAD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_signing_key_survives_being_sealed() {
        let key = SigningKey::generate().unwrap();
        let sealed = key.to_sealed(&master(1)).unwrap();
        let again = SigningKey::from_sealed(&master(1), &sealed).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        assert_eq!((key.kid().len(), again.kid()), (16, key.kid()));
        assert!(SigningKey::from_sealed(&master(2), &sealed).is_err());
        assert_ne!(SigningKey::generate().unwrap().kid(), key.kid());
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey {{ kid: {:?}, .. }}", key.kid())
        );
    }

    #[test]
    fn its_signatures_are_known_by_its_jwk() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let claims = Claims {
            iss: "https://spiral.test".into(),
            sub: "client".into(),
            aud: "spiral-api".into(),
            exp: 2,
            nbf: None,
            iat: 1,
            jti: None,
            tenant: None,
            scope: None,
            extra: Map::new(),
        };
        let token = key.sign(&claims).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        for known in [key.public_key(), PublicKey::from_jwk(&key.public_jwk()).unwrap()] {
            assert!(known.has_signed(message, signature));
            assert!(!known.has_signed(&message[1..], signature));
            assert!(!known.has_signed(message, &signature[1..]));
        }
        assert!(!other.public_key().has_signed(message, signature));
    }

    #[test]
    fn weak_rsa_keys_are_not_taken() {
        let good = TestKey::new(Kind::Rsa, "k").jwk();
        let with = |name: &str, number: &[u8]| {
            let mut jwk = good.clone();
            jwk[name] = json!(URL_SAFE_NO_PAD.encode(number));
            PublicKey::from_jwk(&jwk).is_some()
        };
        let modulus = URL_SAFE_NO_PAD.decode(good["n"].as_str().unwrap()).unwrap();
        assert_eq!((modulus.len(), bits(&modulus)), (256, 2048));
        assert!(with("n", &modulus) && with("n", &[&[0], modulus.as_slice()].concat()));
        let mut shorter = modulus.clone();
        shorter[0] = 0x40;
        assert_eq!(bits(&shorter), 2047);
        assert!(!with("n", &shorter), "2047 bits in 256 bytes");
        assert!(!with("n", &modulus[128..]) && !with("n", &[0xff; 1025]) && !with("n", &[0; 256]));
        assert!(with("e", &[3]) && with("e", &[1, 0, 1]));
        for unfit in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0], &[1; 6]] {
            assert!(!with("e", unfit), "{unfit:?}");
        }
    }

    #[test]
    fn unfit_jwks_are_not_taken() {
        for kind in [Kind::Ed25519, Kind::P256, Kind::Rsa] {
            let good = TestKey::new(kind, "k").jwk();
            assert!(PublicKey::from_jwk(&good).is_some(), "{kind:?}");
            let with = |name: &str, value: Value| {
                let mut jwk = good.clone();
                jwk[name] = value;
                PublicKey::from_jwk(&jwk)
            };
            let without = |name: &str| {
                let mut jwk = good.clone();
                jwk.as_object_mut().unwrap().remove(name);
                PublicKey::from_jwk(&jwk)
            };
            assert_eq!(with("d", json!("private")).unwrap().jwk(), &good);
            assert_eq!(with("d", json!("private")).unwrap().jwk(), &good);
            assert!(without("use").is_some());
            assert!(with("key_ops", json!(["verify"])).is_some());
            for missing in ["kid", "alg", "kty"] {
                assert!(without(missing).is_none(), "{kind:?} {missing}");
            }
            for (name, value) in [
                ("use", json!("enc")),
                ("key_ops", json!(["encrypt"])),
                ("kid", json!("")),
                ("kty", json!("oct")),
                ("alg", json!("none")),
                ("alg", json!("HS256")),
                ("alg", json!("RS512")),
                ("alg", json!(5)),
            ] {
                assert!(with(name, value.clone()).is_none(), "{kind:?} {name} {value}");
            }
            for part in ["x", "y", "n"] {
                if good.get(part).is_some() {
                    assert!(
                        without(part).is_none() && with(part, json!("AQAB")).is_none(),
                        "{kind:?} {part}"
                    );
                }
            }
            for other in ["RS256", "ES256", "EdDSA"] {
                assert_eq!(
                    with("alg", json!(other)).is_some(),
                    good["alg"] == other,
                    "{kind:?} as {other}"
                );
            }
        }
    }
}

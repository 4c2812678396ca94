//! Secrets as they are printed.

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;

const MASK: &str = "***";

/// What a database URL's query may show; anything else there can be a password.
const PLAIN_PARAMETERS: [&str; 9] = [
    "application_name",
    "cache",
    "dbname",
    "host",
    "immutable",
    "mode",
    "port",
    "sslmode",
    "user",
];

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn optional<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str(MASK),
        None => serializer.serialize_none(),
    }
}

pub(super) fn url<S: Serializer>(url: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&masked_url(url.expose_secret()))
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn optional_url<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => url(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// A database URL without its password; all of it is masked when it is not one that we know.
pub(super) fn masked_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else {
        return MASK.to_owned();
    };
    if !["sqlite", "postgres", "postgresql"].contains(&scheme) {
        return MASK.to_owned();
    }
    let (slashes, rest) = rest.strip_prefix("//").map_or(("", rest), |rest| ("//", rest));
    // The last `@`: a password may hold one, or a slash, that should have been escaped.
    let shown = match rest.rsplit_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{place}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    let shown = match shown.split_once('?') {
        Some((place, query)) => {
            let query: Vec<String> = query.split('&').map(masked_parameter).collect();
            format!("{place}?{}", query.join("&"))
        }
        None => shown,
    };
    format!("{scheme}:{slashes}{shown}")
}

fn masked_parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if PLAIN_PARAMETERS.contains(&name) => pair.to_owned(),
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    }
}

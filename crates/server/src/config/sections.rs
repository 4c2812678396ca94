//! The sections of the configuration.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::{AddrParseError, SocketAddr};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::de::{DeserializeOwned, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mask;
use crate::peer::Network;

/// The HTTP listener.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: String,
    /// Where clients reach the server; `http://<listen>` when left out.
    pub public_url: Option<String>,
    /// How long a client may take to send its request's head.
    pub header_timeout_ms: u64,
    /// How long a connection may carry nothing either way before it is closed.
    pub idle_timeout_ms: u64,
    /// Connections held at the same time; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long a request may take before it is given up.
    pub request_timeout_ms: u64,
    /// How long open requests may go on after the signal to stop.
    pub shutdown_grace_ms: u64,
    /// How long the client of a WebSocket may take to say who it is.
    pub socket_init_timeout_ms: u64,
    /// How often the client of a WebSocket is asked whether it is there, and its token whether it still holds.
    pub socket_ping_ms: u64,
    /// Origins whose pages may call the API; `*` alone means any.
    #[serde(deserialize_with = "list")]
    pub cors_origins: Vec<String>,
    /// Addresses and networks of proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<String>,
    /// Whether answers carry a `Server-Timing` header.
    pub server_timing: bool,
}

impl ServerConfig {
    /// The address to listen on.
    pub fn address(&self) -> Result<SocketAddr, AddrParseError> {
        self.listen.parse()
    }

    /// The proxies that are trusted; what is no address is left out, and `check` says so.
    pub(crate) fn proxies(&self) -> Vec<Network> {
        let parsed = self.trusted_proxies.iter().filter_map(|text| text.parse().ok());
        parsed.collect()
    }

    /// How long a client may take to send its request's head.
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// How long a connection may carry nothing; a request that is worked on is no idleness.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms).max(self.request_timeout() + self.header_timeout())
    }

    /// How long a request may take before it is given up.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// How long open requests may go on after the signal to stop.
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }

    /// How long the client of a WebSocket may take to say who it is.
    pub fn socket_init_timeout(&self) -> Duration {
        Duration::from_millis(self.socket_init_timeout_ms)
    }

    /// How often the client of a WebSocket is asked whether it is there.
    pub fn socket_ping(&self) -> Duration {
        Duration::from_millis(self.socket_ping_ms)
    }
}

/// The database and its connections.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://<file>` or `postgres://…`; printed with its password masked.
    #[serde(serialize_with = "mask::url")]
    #[schema(value_type = String)]
    pub url: SecretString,
    /// PostgreSQL: the URL of the role that owns the tables, used by migrations only.
    #[serde(
        serialize_with = "mask::optional_url",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub migration_url: Option<SecretString>,
    /// PostgreSQL: the role that serves requests, to which migrations grant its rights.
    pub app_role: Option<String>,
    /// PostgreSQL: the most connections that this server opens, all pools together.
    pub max_connections: u32,
    /// PostgreSQL: how many tenants may have a pool of their own at a time.
    pub tenant_pools: u32,
    /// PostgreSQL: the most connections in one tenant's pool.
    pub tenant_pool_size: u32,
    /// SQLite: the number of reading connections beside the one that writes.
    pub read_connections: u32,
    /// How long a request may wait for a connection.
    pub acquire_timeout_ms: u64,
    /// How long a write may wait for a lock.
    pub lock_timeout_ms: u64,
    /// Whether start-up brings the schema up to date.
    pub auto_migrate: bool,
}

impl DatabaseConfig {
    /// Whether the database is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        is_postgres(&self.url)
    }

    /// How long a request may wait for a connection.
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// How long a write may wait for a lock.
    pub fn lock_timeout(&self) -> Duration {
        Duration::from_millis(self.lock_timeout_ms)
    }
}

pub(super) fn is_postgres(url: &SecretString) -> bool {
    let url = url.expose_secret();
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The master secret, from which the server's other keys come.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretsConfig {
    /// The file of the master key; written with mode 0600 at the first start if it is not there.
    pub master_key_file: String,
    /// The master key itself, base64 of 32 bytes; wins over the file.
    #[serde(serialize_with = "mask::optional", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, write_only)]
    pub master_key: Option<SecretString>,
}

impl SecretsConfig {
    /// The 32 bytes of the master key, when it is given here and not by a file.
    pub fn decoded_key(&self) -> anyhow::Result<Option<SecretSlice<u8>>> {
        let Some(key) = &self.master_key else {
            return Ok(None);
        };
        // The decoder's own message quotes a byte of the key, so it is not passed on.
        let bytes = STANDARD
            .decode(key.expose_secret().trim())
            .map_err(|_| anyhow::anyhow!("not base64"))?;
        let bytes = SecretSlice::from(bytes);
        match bytes.expose_secret().len() {
            32 => Ok(Some(bytes)),
            length => anyhow::bail!("{length} bytes where 32 are needed"),
        }
    }
}

/// Tokens: the built-in issuer and those that are trusted.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The audience that tokens must name, unless their issuer's entry names another.
    pub audience: String,
    /// The built-in issuer's name; the public URL when left out.
    pub issuer: Option<String>,
    /// How long a token of the built-in issuer is good for.
    pub token_minutes: u32,
    /// How far clocks may differ when a token's times are read.
    pub leeway_seconds: u32,
    /// Whether anyone may have a token of a demonstration user; for machines that only their owner reaches.
    pub demo_issuer: bool,
    /// OpenID Connect issuers whose tokens are accepted.
    #[serde(deserialize_with = "list")]
    pub issuers: Vec<IssuerConfig>,
}

/// An OpenID Connect issuer whose tokens are accepted.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The issuer's name, as its tokens carry it.
    pub issuer: String,
    /// Where its public keys are.
    pub jwks_uri: String,
    /// The slug of the one tenant that it speaks for; when left out, the token names its tenant.
    pub tenant: Option<String>,
    /// The claim with the tenant's slug, read when no tenant is set.
    #[serde(default = "tenant_claim")]
    pub tenant_claim: String,
    /// The audience of its tokens, if not the common one.
    pub audience: Option<String>,
    /// Roles taken from a claim; when left out, they come from grants only.
    pub roles: Option<RoleClaim>,
}

fn tenant_claim() -> String {
    "tenant".to_owned()
}

/// Roles at the tenant's root taken from a claim of the token.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleClaim {
    /// The claim: a text or a list of texts.
    pub claim: String,
    /// The role for each of the claim's values; values that are not listed give none.
    pub map: BTreeMap<String, String>,
}

/// The demonstration tenant.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoConfig {
    /// Whether the first start of an empty database fills it with the demonstration tenant.
    pub load: bool,
}

/// What one request may ask for.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Requests worked on at the same time; further ones are refused at once, to be tried again.
    pub concurrent_requests: usize,
    /// The largest request body.
    pub body_bytes: usize,
    /// The most rows in one batch.
    pub batch_rows: usize,
    /// The largest page of a list.
    pub page_size: u32,
    /// How long an idempotency key is remembered.
    pub idempotency_hours: u32,
    /// The deepest GraphQL selection.
    pub graphql_depth: usize,
    /// The highest price of a GraphQL query.
    pub graphql_complexity: usize,
    /// The most aliases in a GraphQL query.
    pub graphql_aliases: usize,
    /// The most tokens in a GraphQL query.
    pub graphql_tokens: usize,
    /// The deepest nesting of brackets in a GraphQL query.
    pub graphql_nesting: usize,
    /// WebSockets held at the same time; further ones are refused at once.
    pub graphql_sockets: usize,
    /// WebSockets of one caller held at the same time.
    pub graphql_sockets_per_caller: usize,
    /// GraphQL operations under way at the same time on one WebSocket.
    pub graphql_operations: usize,
    /// How many requests a caller may make in a minute; 0 is no limit.
    pub requests_per_minute: u32,
    /// How many requests without a valid token an address may make in a minute; 0 is no limit.
    pub anonymous_per_minute: u32,
    /// How many tokens an address may ask for in a minute, for each tenant; 0 is no limit.
    pub tokens_per_minute: u32,
    /// How many callers' quotas are kept in memory.
    pub rate_entries: usize,
    /// How many entries of the access log may wait to be written before reads by API clients are refused.
    pub access_log_queue: usize,
}

/// Suppression of small numbers, where a tenant has set nothing of its own.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionConfig {
    /// The fewest hidden units that a total may contain, unless it contains none.
    pub threshold: u32,
    /// The largest share of the hidden denominator that one unit may have.
    pub dominance: f64,
    /// How many days after it was added a unit counts as hidden, unless the platform itself added it.
    pub settling_days: u16,
}

/// Improvement spirals.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpiralsConfig {
    /// After how many days without a record a spiral is dormant, where its programme says nothing else.
    pub dormancy_days: u16,
}

/// Logs, traces and metrics.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What is logged: a level, or directives such as `info,spiral_store=debug`.
    pub log_filter: String,
    /// Where traces, metrics and logs go by OTLP over HTTP; nowhere when left out.
    pub otlp_endpoint: Option<String>,
    /// The share of requests that are traced, unless the caller has decided.
    pub otlp_sample_ratio: f64,
    /// The name under which this service appears in traces and metrics.
    pub service_name: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// A list from a file, or from the JSON array that a variable holds.
fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);

    impl<'de, T: DeserializeOwned> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a list, or the text of a JSON array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                list.push(item);
            }
            Ok(list)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
            serde_json::from_str(text).map_err(|error| E::custom(format!("not a JSON array: {error}")))
        }
    }

    deserializer.deserialize_any(List(PhantomData))
}

//! What can be wrong with the values of a configuration.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use http::Uri;
use secrecy::ExposeSecret;
use tracing_subscriber::filter::Targets;

use super::sections::is_postgres;
use super::{AuthConfig, Config, DatabaseConfig, IssuerConfig, LimitsConfig, ServerConfig, TelemetryConfig};

/// The roles that a claim may give; operating the platform is not among them.
const ROLES: [&str; 12] = [
    "national_lead",
    "national_analyst",
    "sha_lead",
    "sha_analyst",
    "organisation_lead",
    "organisation_analyst",
    "coach",
    "team_lead",
    "team_member",
    "patient_partner",
    "integration",
    "auditor",
];

/// Entries of the access log that are written together; a shorter queue could never fill a group.
const ACCESS_LOG_GROUP: usize = 256;

const HOUR_MS: u64 = 3_600_000;

pub(super) fn check(config: &Config) -> Result<(), Vec<String>> {
    let mut problems = Problems::default();
    server(&mut problems, &config.server);
    database(&mut problems, &config.database);
    deadlines(&mut problems, config);
    secrets(&mut problems, config);
    auth(&mut problems, &config.auth, &config.issuer());
    demonstration(&mut problems, config);
    limits(&mut problems, &config.limits);
    problems.range("suppression.threshold", config.suppression.threshold, 2..=1_000);
    if !(config.suppression.dominance > 0.0 && config.suppression.dominance <= 1.0) {
        problems.add("suppression.dominance", "must be above 0 and at most 1");
    }
    problems.range("spirals.dormancy_days", config.spirals.dormancy_days, 1..=3_650);
    telemetry(&mut problems, &config.telemetry);
    if problems.0.is_empty() {
        Ok(())
    } else {
        Err(problems.0)
    }
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, setting: impl Display, what: impl Display) {
        self.0.push(format!("{setting}: {what}"));
    }

    fn range<T: Copy + PartialOrd + Display>(&mut self, setting: &str, value: T, allowed: RangeInclusive<T>) {
        if !allowed.contains(&value) {
            self.add(
                setting,
                format_args!("{value} is not within {} to {}", allowed.start(), allowed.end()),
            );
        }
    }

    fn text(&mut self, setting: impl Display, value: &str) {
        if value.trim().is_empty() {
            self.add(setting, "must not be empty");
        }
    }

    /// A URL without login, query or fragment; none of them belongs in these settings.
    fn url(&mut self, setting: impl Display, value: &str) -> Option<Uri> {
        let parsed = value
            .parse::<Uri>()
            .ok()
            .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let Some(uri) = parsed.filter(|uri| uri.host().is_some_and(|host| !host.is_empty())) else {
            self.add(setting, "must be an http or https URL");
            return None;
        };
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            self.add(setting, "must not contain a user or a password");
            return None;
        }
        if uri.query().is_some() || value.contains('#') {
            self.add(setting, "must not have a query or a fragment");
            return None;
        }
        Some(uri)
    }
}

fn server(problems: &mut Problems, server: &ServerConfig) {
    if let Err(error) = server.address() {
        problems.add(
            "server.listen",
            format_args!("{error}; an example is 127.0.0.1:8080"),
        );
    }
    if let Some(url) = &server.public_url {
        problems.url("server.public_url", url);
    }
    problems.range("server.header_timeout_ms", server.header_timeout_ms, 1..=HOUR_MS);
    problems.range("server.idle_timeout_ms", server.idle_timeout_ms, 1_000..=HOUR_MS);
    problems.range("server.max_connections", server.max_connections, 1..=1_000_000);
    problems.range(
        "server.request_timeout_ms",
        server.request_timeout_ms,
        1..=HOUR_MS,
    );
    problems.range("server.shutdown_grace_ms", server.shutdown_grace_ms, 0..=HOUR_MS);
    problems.range(
        "server.socket_init_timeout_ms",
        server.socket_init_timeout_ms,
        1..=HOUR_MS,
    );
    problems.range("server.socket_ping_ms", server.socket_ping_ms, 10..=HOUR_MS);
    if server.socket_ping() >= server.idle_timeout() {
        let what = "must be below server.idle_timeout_ms, after which a silent connection is closed";
        problems.add("server.socket_ping_ms", what);
    }
    for (index, proxy) in server.trusted_proxies.iter().enumerate() {
        if let Err(wrong) = proxy.parse::<crate::peer::Network>() {
            problems.add(format_args!("server.trusted_proxies[{index}]"), wrong);
        }
    }
    for (index, origin) in server.cors_origins.iter().enumerate() {
        let setting = format!("server.cors_origins[{index}]");
        if origin == "*" {
            if server.cors_origins.len() > 1 {
                problems.add(setting, "`*` must stand alone");
            }
        } else if let Some(uri) = problems.url(&setting, origin)
            && (uri.path() != "/" || origin.ends_with('/'))
        {
            problems.add(setting, "an origin has no path and no slash at the end");
        }
    }
}

fn database(problems: &mut Problems, database: &DatabaseConfig) {
    let postgres = database.is_postgres();
    let url = database.url.expose_secret();
    if !postgres && !url.starts_with("sqlite:") {
        problems.add("database.url", "must begin with sqlite:// or postgres://");
    }
    if url.starts_with("sqlite:") && (url.contains(":memory:") || url.contains("mode=memory")) {
        problems.add(
            "database.url",
            "needs a file: in memory every connection would have a database of its own",
        );
    }
    if let Some(migration_url) = &database.migration_url {
        if !postgres {
            problems.add("database.migration_url", "is for PostgreSQL only");
        } else if !is_postgres(migration_url) {
            problems.add("database.migration_url", "must begin with postgres://");
        }
    }
    if let Some(role) = &database.app_role {
        if !postgres {
            problems.add("database.app_role", "is for PostgreSQL only");
        } else if !is_role_name(role) {
            problems.add(
                "database.app_role",
                "must be lower-case letters, digits and _, at most 63",
            );
        }
    }
    problems.range("database.max_connections", database.max_connections, 2..=10_000);
    problems.range("database.tenant_pools", database.tenant_pools, 1..=1_000);
    problems.range("database.tenant_pool_size", database.tenant_pool_size, 1..=1_000);
    if database.tenant_pool_size > database.max_connections {
        problems.add(
            "database.tenant_pool_size",
            "must not be above database.max_connections",
        );
    }
    problems.range("database.read_connections", database.read_connections, 1..=256);
}

/// PostgreSQL role names stand in statements that take no parameters, so only plain ones are let in.
fn is_role_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 63
        && name.bytes().all(plain)
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// A wait that outlasts the request would end as a time-out that says nothing of its cause.
fn deadlines(problems: &mut Problems, config: &Config) {
    let waits = [
        ("database.acquire_timeout_ms", config.database.acquire_timeout_ms),
        ("database.lock_timeout_ms", config.database.lock_timeout_ms),
    ];
    for (setting, wait) in waits {
        problems.range(setting, wait, 1..=HOUR_MS);
        if wait >= config.server.request_timeout_ms {
            problems.add(setting, "must be below server.request_timeout_ms");
        }
    }
}

fn secrets(problems: &mut Problems, config: &Config) {
    match config.secrets.decoded_key() {
        Ok(Some(_)) => {}
        Ok(None) => problems.text("secrets.master_key_file", &config.secrets.master_key_file),
        Err(error) => {
            problems.add(
                "secrets.master_key",
                format_args!("{error}; it is the base64 of 32 random bytes"),
            );
        }
    }
}

fn auth(problems: &mut Problems, auth: &AuthConfig, own_issuer: &str) {
    problems.text("auth.audience", &auth.audience);
    if let Some(issuer) = &auth.issuer {
        problems.text("auth.issuer", issuer);
    }
    problems.range("auth.token_minutes", auth.token_minutes, 1..=1_440);
    problems.range("auth.leeway_seconds", auth.leeway_seconds, 0..=300);

    let mut seen = BTreeSet::from([own_issuer]);
    for (index, entry) in auth.issuers.iter().enumerate() {
        let at = format!("auth.issuers[{index}]");
        if !seen.insert(&entry.issuer) {
            problems.add(
                format_args!("{at}.issuer"),
                format_args!("{:?} is the built-in issuer or listed twice", entry.issuer),
            );
        }
        issuer(problems, &at, entry);
    }
}

fn issuer(problems: &mut Problems, at: &str, entry: &IssuerConfig) {
    problems.text(format_args!("{at}.issuer"), &entry.issuer);
    if let Some(uri) = problems.url(format_args!("{at}.jwks_uri"), &entry.jwks_uri)
        && uri.scheme_str() == Some("http")
        && !is_local(uri.host().unwrap_or_default())
    {
        problems.add(
            format_args!("{at}.jwks_uri"),
            "must be https: who can change the keys can be anyone",
        );
    }
    if let Some(tenant) = &entry.tenant {
        problems.text(format_args!("{at}.tenant"), tenant);
    } else {
        problems.text(format_args!("{at}.tenant_claim"), &entry.tenant_claim);
    }
    if let Some(audience) = &entry.audience {
        problems.text(format_args!("{at}.audience"), audience);
    }
    if let Some(roles) = &entry.roles {
        problems.text(format_args!("{at}.roles.claim"), &roles.claim);
        for (value, role) in &roles.map {
            if !ROLES.contains(&role.as_str()) {
                problems.add(
                    format_args!("{at}.roles.map.{value:?}"),
                    format_args!("{role:?} is not one of {}", ROLES.join(", ")),
                );
            }
        }
    }
}

/// Who reaches the demonstration issuer is whoever they say, so nobody but this machine's owner may.
fn demonstration(problems: &mut Problems, config: &Config) {
    let address = config.server.address();
    let listens_locally = address.is_ok_and(|address: SocketAddr| address.ip().to_canonical().is_loopback());
    let public_host = config
        .server
        .public_url
        .as_ref()
        .and_then(|url| url.parse::<Uri>().ok());
    let published = public_host.is_some_and(|uri| !is_local(uri.host().unwrap_or_default()));
    let reason = if !listens_locally {
        "is only for a loopback server.listen; set it to false"
    } else if published {
        "is only for a local server.public_url; set it to false"
    } else if !config.auth.demo_issuer {
        if config.demo.load {
            problems.add("demo.load", "needs auth.demo_issuer; set it to false");
        }
        return;
    } else {
        return;
    };
    if config.auth.demo_issuer {
        problems.add("auth.demo_issuer", reason);
    }
    if config.demo.load {
        problems.add("demo.load", reason);
    }
}

fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn limits(problems: &mut Problems, limits: &LimitsConfig) {
    problems.range(
        "limits.concurrent_requests",
        limits.concurrent_requests,
        1..=100_000,
    );
    problems.range("limits.body_bytes", limits.body_bytes, 1_024..=1 << 30);
    problems.range("limits.batch_rows", limits.batch_rows, 1..=1_000_000);
    problems.range("limits.page_size", limits.page_size, 1..=10_000);
    problems.range("limits.idempotency_hours", limits.idempotency_hours, 1..=720);
    problems.range("limits.graphql_depth", limits.graphql_depth, 1..=100);
    problems.range(
        "limits.graphql_complexity",
        limits.graphql_complexity,
        1..=10_000_000,
    );
    problems.range("limits.graphql_aliases", limits.graphql_aliases, 1..=100_000);
    problems.range("limits.graphql_tokens", limits.graphql_tokens, 1..=1_000_000);
    problems.range("limits.graphql_nesting", limits.graphql_nesting, 1..=200);
    problems.range("limits.graphql_sockets", limits.graphql_sockets, 1..=1_000_000);
    problems.range(
        "limits.graphql_sockets_per_caller",
        limits.graphql_sockets_per_caller,
        1..=1_000_000,
    );
    problems.range("limits.graphql_operations", limits.graphql_operations, 1..=1_000);
    for (setting, quota) in [
        ("limits.requests_per_minute", limits.requests_per_minute),
        ("limits.anonymous_per_minute", limits.anonymous_per_minute),
        ("limits.tokens_per_minute", limits.tokens_per_minute),
    ] {
        problems.range(setting, quota, 0..=10_000_000);
    }
    problems.range("limits.rate_entries", limits.rate_entries, 1_000..=10_000_000);
    problems.range(
        "limits.access_log_queue",
        limits.access_log_queue,
        ACCESS_LOG_GROUP..=10_000_000,
    );
}

fn telemetry(problems: &mut Problems, telemetry: &TelemetryConfig) {
    if let Err(error) = telemetry.log_filter.parse::<Targets>() {
        problems.add("telemetry.log_filter", error);
    }
    if let Some(endpoint) = &telemetry.otlp_endpoint {
        problems.url("telemetry.otlp_endpoint", endpoint);
    }
    problems.range(
        "telemetry.otlp_sample_ratio",
        telemetry.otlp_sample_ratio,
        0.0..=1.0,
    );
    problems.text("telemetry.service_name", &telemetry.service_name);
}

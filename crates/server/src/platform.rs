//! From the configuration to an open platform.

use std::path::Path;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use spiral_app::clock::Clock;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::tokens::verify::{IssuerConfig, RoleClaim};
use spiral_app::{App, Settings};
use spiral_store::{Db, DbOptions, migrations};

use crate::config::Config;

/// How to reach the database, as configured.
pub fn db_options(config: &Config) -> DbOptions {
    let database = &config.database;
    DbOptions {
        url: database.url.expose_secret().to_owned(),
        max_connections: database.max_connections,
        tenant_pools: database.tenant_pools as usize,
        tenant_pool_size: database.tenant_pool_size,
        read_connections: database.read_connections,
        acquire_timeout: database.acquire_timeout(),
        lock_timeout: database.lock_timeout(),
    }
}

/// What the operator decided, as configured.
pub fn settings(config: &Config) -> Settings {
    let issuers = config.auth.issuers.iter().map(|issuer| IssuerConfig {
        issuer: issuer.issuer.clone(),
        jwks_uri: issuer.jwks_uri.clone(),
        tenant: issuer.tenant.clone(),
        tenant_claim: issuer.tenant_claim.clone(),
        audience: issuer.audience.clone(),
        roles: issuer.roles.as_ref().map(|roles| RoleClaim {
            claim: roles.claim.clone(),
            map: roles.map.clone(),
        }),
    });
    Settings {
        issuer: config.issuer(),
        audience: config.auth.audience.clone(),
        leeway_seconds: config.auth.leeway_seconds.into(),
        token_seconds: i64::from(config.auth.token_minutes) * 60,
        demo_issuer: config.auth.demo_issuer,
        issuers: issuers.collect(),
        idempotency_seconds: i64::from(config.limits.idempotency_hours) * 3600,
        page_size: config.limits.page_size.into(),
        batch_rows: config.limits.batch_rows,
        requests_per_minute: config.limits.requests_per_minute,
        anonymous_per_minute: config.limits.anonymous_per_minute,
        tokens_per_minute: config.limits.tokens_per_minute,
        rate_entries: config.limits.rate_entries,
        access_log_queue: config.limits.access_log_queue,
        dormancy_days: config.spirals.dormancy_days,
        suppression_threshold: config.suppression.threshold,
        suppression_dominance: config.suppression.dominance,
        suppression_settling_days: config.suppression.settling_days,
    }
}

/// Runs the migrations that are due, as the role that owns the tables.
pub(crate) async fn migrate(config: &Config) -> anyhow::Result<Vec<&'static str>> {
    let mut options = db_options(config);
    if let Some(owner) = &config.database.migration_url {
        owner.expose_secret().clone_into(&mut options.url);
    }
    migrations::migrate(&options, config.database.app_role.as_deref())
        .await
        .map_err(plain)
        .context("migrating the database")
}

/// An open platform on a current schema; refuses a PostgreSQL role for which the wall between tenants would not hold.
pub async fn open(config: &Config) -> anyhow::Result<App> {
    open_at(config, Clock::system()).await
}

/// The same by another clock.
pub async fn open_at(config: &Config, clock: Clock) -> anyhow::Result<App> {
    if let Err(wrong) = config.check() {
        bail!("the configuration is wrong:\n  {}", wrong.join("\n  "));
    }
    let may_migrate = !config.database.is_postgres() || config.database.migration_url.is_some();
    if config.database.auto_migrate && may_migrate {
        for name in migrate(config).await? {
            tracing::info!(migration = name, "migrated");
        }
    }
    let db = Db::open(&db_options(config))
        .await
        .map_err(plain)
        .context("opening the database")?;
    if let Err(why) = db.check_role().await {
        bail!(why);
    }
    let pending = db.pending_migrations().await.map_err(plain)?;
    if !pending.is_empty() {
        bail!(
            "migrations are pending ({}): run `spiral migrate` as the role that owns the tables",
            pending.join(", ")
        );
    }
    App::open(db, clock, settings(config), &master_key(config)?)
        .await
        .map_err(plain)
}

fn master_key(config: &Config) -> anyhow::Result<MasterKey> {
    match &config.secrets.master_key {
        Some(key) => MasterKey::from_base64(key.expose_secret()).map_err(plain),
        None => MasterKey::load_or_create(Path::new(&config.secrets.master_key_file)).map_err(plain),
    }
    .context("reading the master key")
}

/// A domain error with its cause, for an operator's eyes.
pub(crate) fn plain(error: spiral_domain::Error) -> anyhow::Error {
    match error {
        spiral_domain::Error::Internal(cause) => anyhow::anyhow!("{cause}"),
        spiral_domain::Error::Invalid(places) | spiral_domain::Error::Malformed(places) => {
            let words: Vec<String> = places
                .iter()
                .take(20)
                .map(|place| format!("{}: {}", place.pointer, place.detail))
                .collect();
            anyhow::anyhow!("{}", words.join("; "))
        }
        other => anyhow::anyhow!("{other}"),
    }
}

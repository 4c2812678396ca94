//! Configuration: embedded defaults, then a TOML file, then `SPIRAL__SECTION__KEY` variables.
//!
//! [`Config::load`] reads the three layers and refuses keys that it does not know; [`Config::check`] then says
//! everything that is wrong with the values at once. Lists in variables are JSON arrays.

mod check;
mod mask;
mod print;
mod schema;
mod sections;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ::config::ConfigError;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

pub use schema::json_schema;
pub use sections::{
    AuthConfig, DatabaseConfig, DemoConfig, IssuerConfig, LimitsConfig, LogFormat, RoleClaim, SecretsConfig,
    ServerConfig, SpiralsConfig, SuppressionConfig, TelemetryConfig,
};

const DEFAULTS: &str = include_str!("config/default.toml");
const FILE_VARIABLE: &str = "SPIRAL_CONFIG";

/// All settings of one server.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP listener.
    pub server: ServerConfig,
    /// The database and its connections.
    pub database: DatabaseConfig,
    /// The master secret.
    pub secrets: SecretsConfig,
    /// Tokens: the built-in issuer and those that are trusted.
    pub auth: AuthConfig,
    /// The demonstration tenant.
    pub demo: DemoConfig,
    /// What one request may ask for.
    pub limits: LimitsConfig,
    /// Suppression of small numbers, where a tenant has set nothing of its own.
    pub suppression: SuppressionConfig,
    /// Improvement spirals.
    pub spirals: SpiralsConfig,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// Loads the defaults, the file (else the one that `SPIRAL_CONFIG` names) and the process's environment.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut variables = HashMap::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if !name.to_ascii_uppercase().starts_with("SPIRAL_") {
                continue;
            }
            let Ok(value) = value.into_string() else {
                bail!("the environment variable {name} is not valid Unicode");
            };
            variables.insert(name, value);
        }
        Self::load_with(file, variables)
    }

    /// Loads as [`Config::load`] does, from these variables in place of the process's own.
    pub fn load_with(file: Option<&Path>, variables: HashMap<String, String>) -> anyhow::Result<Self> {
        let named = variables
            .get(FILE_VARIABLE)
            .filter(|name| !name.is_empty())
            .map(PathBuf::from);
        let file = file.map(Path::to_path_buf).or(named);

        let mut builder = ::config::Config::builder()
            .add_source(::config::File::from_str(DEFAULTS, ::config::FileFormat::Toml));
        if let Some(path) = &file {
            builder =
                builder.add_source(::config::File::from(path.as_path()).format(::config::FileFormat::Toml));
        }
        // Values stay text until a field asks for its type: guessing would turn a password of digits into a number.
        let environment = ::config::Environment::with_prefix("SPIRAL")
            .prefix_separator("__")
            .separator("__")
            .ignore_empty(true)
            .source(Some(variables));
        let sources = match &file {
            Some(path) => format!("the configuration ({}, environment)", path.display()),
            None => "the configuration (defaults, environment)".to_owned(),
        };
        builder
            .add_source(environment)
            .build()
            .and_then(::config::Config::try_deserialize)
            .map_err(without_excerpt)
            .with_context(|| format!("cannot load {sources}"))
    }

    /// Says everything that is wrong with the values, each with the name of its setting.
    pub fn check(&self) -> Result<(), Vec<String>> {
        check::check(self)
    }

    /// The settings in force as TOML, with every secret masked.
    pub fn effective_toml(&self) -> String {
        print::toml(self)
    }

    /// Where clients reach the server, without a slash at the end.
    pub fn public_url(&self) -> String {
        match &self.server.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.server.listen),
        }
    }

    /// The name of the built-in issuer, as its tokens carry it.
    pub fn issuer(&self) -> String {
        self.auth.issuer.clone().unwrap_or_else(|| self.public_url())
    }
}

/// A parser's message quotes the line that it stumbled over, which may hold a secret.
fn without_excerpt(error: ConfigError) -> anyhow::Error {
    let ConfigError::FileParse { cause, .. } = error else {
        return error.into();
    };
    let message = cause.to_string();
    let excerpt = |line: &&str| {
        line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
            .starts_with('|')
    };
    let kept: Vec<&str> = message.lines().filter(|line| !excerpt(line)).collect();
    anyhow::anyhow!("{}", kept.join(": "))
}

use std::collections::HashMap;
use std::io::Write;

use secrecy::ExposeSecret;

use super::{Config, LogFormat, json_schema, mask};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn with(pairs: &[(&str, &str)]) -> Config {
    Config::load_with(None, variables(pairs)).unwrap()
}

fn refused(pairs: &[(&str, &str)]) -> String {
    format!("{:#}", Config::load_with(None, variables(pairs)).unwrap_err())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn defaults_load_and_are_sound() {
    let config = with(&[]);
    assert_eq!(config.check(), Ok(()));
    assert_eq!(config.public_url(), "http://127.0.0.1:8080");
    assert_eq!(config.issuer(), config.public_url());
    assert_eq!(config.limits.body_bytes, 16 * 1024 * 1024);
    assert!((config.suppression.dominance - 0.85).abs() < f64::EPSILON);
    assert_eq!(config.telemetry.log_format, LogFormat::Text);
    assert!(!config.database.is_postgres());
    assert!(config.secrets.decoded_key().unwrap().is_none());
}

#[test]
fn variables_override_the_file_which_overrides_the_defaults() {
    let file = file(
        "[server]\nlisten = \"127.0.0.1:1111\"\nserver_timing = true\n[telemetry]\nlog_format = \"json\"\n",
    );
    let environment = variables(&[
        ("spiral__Server__LISTEN", "127.0.0.1:2222"),
        ("SPIRAL__LIMITS__PAGE_SIZE", "50"),
        ("SPIRAL__AUTH__AUDIENCE", ""),
        ("SPIRAL_PORT", "not ours"),
    ]);
    let config = Config::load_with(Some(file.path()), environment).unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:2222");
    assert_eq!(config.limits.page_size, 50);
    assert!(config.server.server_timing);
    assert_eq!(config.telemetry.log_format, LogFormat::Json);
    assert_eq!(
        config.auth.audience, "spiral-api",
        "an empty variable counts as unset"
    );

    let named = variables(&[("SPIRAL_CONFIG", file.path().to_str().unwrap())]);
    assert_eq!(
        Config::load_with(None, named).unwrap().server.listen,
        "127.0.0.1:1111"
    );
}

#[test]
fn a_missing_file_is_named() {
    let path = std::path::Path::new("/nowhere/spiral.toml");
    let error = format!("{:#}", Config::load_with(Some(path), HashMap::new()).unwrap_err());
    assert!(error.contains("/nowhere/spiral.toml"), "{error}");
}

#[test]
fn unknown_keys_are_refused_by_name() {
    let error = refused(&[("SPIRAL__SERVER__LISTENN", "127.0.0.1:1")]);
    assert!(error.contains("listenn") && error.contains("server"), "{error}");
    let error = refused(&[("SPIRAL__SEVRER__LISTEN", "127.0.0.1:1")]);
    assert!(error.contains("sevrer"), "{error}");
    let file =
        file("[[auth.issuers]]\nissuer = \"a\"\njwks_uri = \"https://a.example/keys\"\ntennant = \"x\"\n");
    let error = format!(
        "{:#}",
        Config::load_with(Some(file.path()), HashMap::new()).unwrap_err()
    );
    assert!(error.contains("tennant"), "{error}");
}

#[test]
fn values_of_the_wrong_type_are_refused_by_name() {
    let error = refused(&[("SPIRAL__LIMITS__PAGE_SIZE", "many")]);
    assert!(error.contains("limits.page_size"), "{error}");
    let error = refused(&[("SPIRAL__LIMITS__PAGE_SIZE", "-1")]);
    assert!(error.contains("limits.page_size"), "{error}");
    let error = refused(&[("SPIRAL__SERVER__CORS_ORIGINS", "https://a.example")]);
    assert!(
        error.contains("cors_origins") && error.contains("JSON array"),
        "{error}"
    );
}

#[test]
fn lists_come_from_files_and_from_json_variables() {
    let file = file(
        "[[auth.issuers]]\nissuer = \"https://id.example\"\njwks_uri = \"https://id.example/keys\"\n\
         roles = { claim = \"groups\", map = { \"Improvement.Leads / North\" = \"national_lead\" } }\n",
    );
    let config = Config::load_with(Some(file.path()), HashMap::new()).unwrap();
    assert_eq!(config.check(), Ok(()));
    let issuer = &config.auth.issuers[0];
    assert_eq!(
        (issuer.tenant_claim.as_str(), issuer.tenant.as_ref()),
        ("tenant", None)
    );
    assert_eq!(
        issuer.roles.as_ref().unwrap().map["Improvement.Leads / North"],
        "national_lead"
    );

    let config = with(&[
        (
            "SPIRAL__AUTH__ISSUERS",
            r#"[{"issuer":"b","jwks_uri":"https://b.example/keys","tenant":"north"}]"#,
        ),
        (
            "SPIRAL__SERVER__CORS_ORIGINS",
            r#"["https://a.example","http://localhost:3000"]"#,
        ),
    ]);
    assert_eq!(config.check(), Ok(()));
    assert_eq!(config.auth.issuers[0].tenant.as_deref(), Some("north"));
    assert_eq!(config.server.cors_origins.len(), 2);
}

#[test]
fn check_lists_everything_at_once() {
    let mut config = with(&[
        ("SPIRAL__SERVER__LISTEN", "here"),
        ("SPIRAL__SERVER__CORS_ORIGINS", r#"["*","https://a.example/"]"#),
        ("SPIRAL__DATABASE__URL", "mysql://db.example/x"),
        ("SPIRAL__DATABASE__APP_ROLE", "spiral_app"),
        ("SPIRAL__DATABASE__LOCK_TIMEOUT_MS", "40000"),
        ("SPIRAL__SECRETS__MASTER_KEY", "c2hvcnQ="),
        ("SPIRAL__LIMITS__PAGE_SIZE", "0"),
        ("SPIRAL__TELEMETRY__LOG_FILTER", "spiral=loud"),
        ("SPIRAL__TELEMETRY__OTLP_ENDPOINT", "collector:4318"),
        (
            "SPIRAL__AUTH__ISSUERS",
            r#"[{"issuer":"a","jwks_uri":"http://id.example/keys","roles":{"claim":"","map":{"x":"king"}}},
                {"issuer":"a","jwks_uri":"http://127.0.0.1:9/keys"}]"#,
        ),
    ]);
    config.suppression.dominance = f64::NAN;
    config.telemetry.otlp_sample_ratio = f64::NAN;
    let problems = config.check().unwrap_err();
    let settings: Vec<&str> = problems
        .iter()
        .filter_map(|problem| problem.split(": ").next())
        .collect();
    assert_eq!(
        settings,
        [
            "server.listen",
            "server.cors_origins[0]",
            "server.cors_origins[1]",
            "database.url",
            "database.app_role",
            "database.lock_timeout_ms",
            "secrets.master_key",
            "auth.issuers[0].jwks_uri",
            "auth.issuers[0].roles.claim",
            "auth.issuers[0].roles.map.\"x\"",
            "auth.issuers[1].issuer",
            "auth.demo_issuer",
            "demo.load",
            "limits.page_size",
            "suppression.dominance",
            "telemetry.log_filter",
            "telemetry.otlp_endpoint",
            "telemetry.otlp_sample_ratio",
        ],
        "{problems:#?}"
    );
}

#[test]
fn the_demonstration_stays_on_this_machine() {
    let demo = |pairs: &[(&str, &str)]| with(pairs).check().map_err(|problems| problems.len());
    assert_eq!(demo(&[("SPIRAL__SERVER__LISTEN", "0.0.0.0:8080")]), Err(2));
    assert_eq!(demo(&[("SPIRAL__SERVER__LISTEN", "[::1]:8080")]), Ok(()));
    assert_eq!(
        demo(&[("SPIRAL__SERVER__PUBLIC_URL", "https://spiral.example.org")]),
        Err(2)
    );
    assert_eq!(
        demo(&[("SPIRAL__SERVER__PUBLIC_URL", "http://localhost:8080/")]),
        Ok(())
    );
    assert_eq!(demo(&[("SPIRAL__AUTH__DEMO_ISSUER", "false")]), Err(1));
    let open = [
        ("SPIRAL__SERVER__LISTEN", "0.0.0.0:8080"),
        ("SPIRAL__AUTH__DEMO_ISSUER", "false"),
        ("SPIRAL__DEMO__LOAD", "false"),
    ];
    assert_eq!(demo(&open), Ok(()));
}

#[test]
fn secrets_are_never_printed() {
    let config = with(&[
        (
            "SPIRAL__DATABASE__URL",
            "postgres://app:hush1@db.example/spiral?sslmode=require&password=hush2",
        ),
        (
            "SPIRAL__DATABASE__MIGRATION_URL",
            "postgres://owner:hush/@3@db.example/spiral",
        ),
        ("SPIRAL__SECRETS__MASTER_KEY", KEY),
    ]);
    assert_eq!(config.check(), Ok(()));
    assert_eq!(
        config.secrets.decoded_key().unwrap().unwrap().expose_secret()[31],
        31
    );
    let printed = config.effective_toml();
    for text in [
        &printed,
        &format!("{config:?}"),
        &serde_json::to_string(&config).unwrap(),
    ] {
        assert!(!text.contains("hush") && !text.contains(KEY), "{text}");
    }
    assert!(
        printed.contains("postgres://app:***@db.example/spiral?sslmode=require&password=***"),
        "{printed}"
    );
    assert!(printed.contains("master_key = \"***\""), "{printed}");
}

#[test]
fn a_broken_file_is_refused_without_being_quoted() {
    let file = file("[secrets]\nmaster_key = \"hush\n");
    let error = format!(
        "{:#}",
        Config::load_with(Some(file.path()), HashMap::new()).unwrap_err()
    );
    assert!(
        error.contains("line 2, column") && error.contains("basic string"),
        "{error}"
    );
    assert!(
        error.contains(file.path().to_str().unwrap()) && !error.contains("hush"),
        "{error}"
    );
}

#[test]
fn database_urls_are_masked_whatever_their_shape() {
    for (url, shown) in [
        (
            "sqlite://.spiral/spiral.db?mode=rwc",
            "sqlite://.spiral/spiral.db?mode=rwc",
        ),
        ("postgres://app@db.example/x", "postgres://app@db.example/x"),
        (
            "postgres://app:p?a@ss@db.example/x",
            "postgres://app:***@db.example/x",
        ),
        (
            "postgres://db.example/x?application_name=a@b&sslkey=k",
            "postgres://db.example/x?application_name=a@b&sslkey=***",
        ),
        ("host=db.example password=x", "***"),
        ("mysql://a:b@c/d", "***"),
    ] {
        assert_eq!(mask::masked_url(url), shown);
    }
}

#[test]
fn what_is_printed_loads_again() {
    let config = with(&[
        ("SPIRAL__SERVER__CORS_ORIGINS", r#"["https://a.example"]"#),
        (
            "SPIRAL__AUTH__ISSUERS",
            r#"[{"issuer":"quote \" and \u007f","jwks_uri":"https://b.example/keys","roles":{"claim":"groups","map":{"A.b":"coach"}}}]"#,
        ),
    ]);
    let printed = config.effective_toml();
    let again = Config::load_with(Some(file(&printed).path()), HashMap::new()).unwrap();
    assert_eq!(again.effective_toml(), printed);
    assert_eq!(again.auth.issuers[0].issuer, config.auth.issuers[0].issuer);
    assert_eq!(
        again.database.url.expose_secret(),
        config.database.url.expose_secret()
    );
}

#[test]
fn the_schema_knows_every_setting_and_its_default() {
    let schema = json_schema();
    assert_eq!(
        schema["$defs"]["ServerConfig"]["properties"]["listen"]["default"],
        "127.0.0.1:8080"
    );
    assert_eq!(
        schema["$defs"]["TelemetryConfig"]["properties"]["log_format"]["default"], "text",
        "{schema:#}"
    );
    assert_eq!(schema["$defs"]["LimitsConfig"]["additionalProperties"], false);
    assert!(schema["$defs"]["LimitsConfig"].get("required").is_none());
    assert_eq!(
        schema["$defs"]["IssuerConfig"]["required"],
        serde_json::json!(["issuer", "jwks_uri"]),
        "{schema:#}"
    );
    assert!(!schema.to_string().contains("#/components/"), "{schema:#}");
}

//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use spiral_app::App;
use spiral_domain::people::Tenant;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::platform::{self, plain};
use crate::telemetry::Telemetry;

mod published;
mod welcome;

/// The open platform on which a health system improves itself.
///
/// Without a command it serves. Every setting has a default that suits a first look on one's own machine;
/// `spiral config check` shows them. A setting is changed in a file (--config) or by a variable:
/// SPIRAL__SERVER__LISTEN=127.0.0.1:9000, SPIRAL__DATABASE__URL=postgres://…
#[derive(Parser)]
#[command(name = "spiral", version, max_term_width = 100)]
struct Cli {
    /// A TOML file with settings; `SPIRAL_CONFIG` names one too.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve REST, GraphQL and the documentation pages (the default).
    ///
    /// On SIGTERM or Ctrl-C no more requests are taken and those in flight finish.
    Serve,
    /// Bring the database's schema up to date.
    ///
    /// On PostgreSQL as `database.migration_url`, the role that owns the tables; `database.app_role` is then
    /// allowed to use them. SQLite is migrated by `serve` itself.
    Migrate,
    /// The demo tenants.
    Demo {
        #[command(subcommand)]
        command: DemoCommand,
    },
    /// Tenants.
    Tenant {
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// Print a token for a principal of a demo tenant.
    ///
    /// Only where the demo issuer is on, which no configuration that listens beyond loopback has.
    Token {
        /// The tenant's slug.
        #[arg(long, default_value = "nhs-demo")]
        tenant: String,
        /// A role of the demo, such as national_analyst, or a principal's id.
        #[arg(long = "as", value_name = "ROLE|ID")]
        principal: String,
        /// For how many minutes it holds.
        #[arg(long, default_value_t = 60 * 24 * 30)]
        minutes: i64,
    },
    /// Write what is published in `schema/`, or check that it is current.
    Schema {
        /// Change nothing; fail if a file differs.
        #[arg(long)]
        check: bool,
        /// Where the files are.
        #[arg(long, default_value = "schema")]
        folder: PathBuf,
    },
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The counts that dashboards read, kept as data come in.
    Projections {
        #[command(subcommand)]
        command: ProjectionsCommand,
    },
    /// The audit.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
}

#[derive(Subcommand)]
enum DemoCommand {
    /// Load the demo tenants into a database that has no tenants yet.
    Load,
}

#[derive(Subcommand)]
enum TenantCommand {
    /// Create a tenant with its root unit and a first person who leads it.
    Create {
        /// Its short name, as in tokens: a-z, 0-9, `-`.
        #[arg(long)]
        slug: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// The issuer of the first lead's tokens, as configured.
        #[arg(long)]
        lead_issuer: String,
        /// What that issuer calls the first lead (`sub`).
        #[arg(long)]
        lead_subject: String,
        /// The first lead's name, for people to read.
        #[arg(long)]
        lead_name: String,
    },
    /// Appoint the lead of a unit, where nobody in the tenant may (see docs/capabilities/people.md).
    Appoint {
        /// The tenant's slug.
        #[arg(long)]
        slug: String,
        /// The unit's code.
        #[arg(long)]
        unit: String,
        /// The issuer of the lead's tokens, as configured.
        #[arg(long)]
        lead_issuer: String,
        /// What that issuer calls the lead (`sub`).
        #[arg(long)]
        lead_subject: String,
        /// The lead's name, for people to read; used if the lead is not registered yet.
        #[arg(long)]
        lead_name: String,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print the effective settings without secrets; fail, naming everything that is wrong, if they cannot be served.
    Check,
}

#[derive(Subcommand)]
enum ProjectionsCommand {
    /// Recount everything from the records and name each count that differs.
    Verify {
        /// One tenant only.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Throw the counts away and make them anew from the records.
    Rebuild {
        /// One tenant only.
        #[arg(long)]
        tenant: Option<String>,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check the chain of the ledger, the audited reads, and every record against its last entry.
    Verify {
        /// One tenant only.
        #[arg(long)]
        tenant: Option<String>,
    },
}

/// Runs the command that the arguments name.
pub fn run() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    if let Some(Command::Schema { check, folder }) = &cli.command {
        return published::run(folder, *check);
    }
    let config = Config::load(cli.config.as_deref())?;
    if let Some(Command::Config {
        command: ConfigCommand::Check,
    }) = cli.command
    {
        return Ok(check_config(&config));
    }
    let runtime = crate::begin()?;
    runtime.block_on(async {
        let telemetry = Telemetry::start(&config.telemetry)?;
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve(&config, telemetry).await,
            command => with_database(&config, command).await,
        }
    })
}

fn check_config(config: &Config) -> ExitCode {
    print!("{}", config.effective_toml());
    match config.check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            for line in wrong {
                eprintln!("wrong: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config, telemetry: Telemetry) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let telemetry = Arc::new(telemetry);
    let app = crate::open(config).await?;
    let is_demo = config.demo.load && config.auth.demo_issuer;
    if is_demo {
        welcome::load(&app).await?;
    }
    let running = crate::serve(app, config, Arc::clone(&telemetry)).await?;
    if is_demo {
        welcome::print(&running.app, config, running.address).await?;
    } else {
        println!(
            "Spiral serves on http://{} from {}",
            running.address,
            running.app.database()
        );
    }
    tokio::select! {
        _ = terminate.recv() => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    tracing::info!("stopping: requests in flight finish");
    running.stop().await;
    if let Some(telemetry) = Arc::into_inner(telemetry) {
        telemetry.shutdown().await;
    }
    Ok(ExitCode::SUCCESS)
}

async fn with_database(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    if matches!(command, Command::Migrate) {
        let done = platform::migrate(config).await?;
        match done.as_slice() {
            [] => println!("The schema is current."),
            names => println!("Migrated: {}", names.join(", ")),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let app = platform::open(config).await?;
    let code = match command {
        Command::Demo {
            command: DemoCommand::Load,
        } => {
            if !app.db().tenants().await.map_err(plain)?.is_empty() {
                bail!("the database has tenants already; the demo goes into an empty one");
            }
            spiral_app::demo::load(&app).await.map_err(plain)?;
            println!("The demo tenants are loaded.");
            ExitCode::SUCCESS
        }
        Command::Tenant {
            command:
                TenantCommand::Create {
                    slug,
                    name,
                    lead_issuer,
                    lead_subject,
                    lead_name,
                },
        } => {
            let lead = spiral_domain::people::RegisterPrincipal {
                issuer: lead_issuer,
                subject: lead_subject,
                name: lead_name,
            };
            let tenant = spiral_app::tenants::create(&app, &slug, &name, lead)
                .await
                .map_err(plain)?;
            println!("Created tenant {} ({})", tenant.slug, tenant.id);
            ExitCode::SUCCESS
        }
        Command::Tenant {
            command:
                TenantCommand::Appoint {
                    slug,
                    unit,
                    lead_issuer,
                    lead_subject,
                    lead_name,
                },
        } => {
            let lead = spiral_domain::people::RegisterPrincipal {
                issuer: lead_issuer,
                subject: lead_subject,
                name: lead_name,
            };
            let grant = spiral_app::tenants::appoint(&app, &slug, &unit, lead)
                .await
                .map_err(plain)?;
            println!("Gave {} on {unit} ({})", grant.role.name(), grant.id);
            ExitCode::SUCCESS
        }
        Command::Token {
            tenant,
            principal,
            minutes,
        } => {
            let tenant = app.tenant(&tenant).await.map_err(plain)?;
            let token = spiral_app::demo::token(&app, &tenant, &principal, minutes.clamp(1, 525_600) * 60)
                .await
                .map_err(plain)?;
            println!("{token}");
            ExitCode::SUCCESS
        }
        Command::Projections { command } => projections(&app, command).await?,
        Command::Audit {
            command: AuditCommand::Verify { tenant },
        } => verify_audit(&app, tenant.as_deref()).await?,
        Command::Serve | Command::Migrate | Command::Schema { .. } | Command::Config { .. } => {
            ExitCode::SUCCESS
        }
    };
    app.db().close().await;
    Ok(code)
}

async fn tenants(app: &App, slug: Option<&str>) -> anyhow::Result<Vec<Tenant>> {
    match slug {
        Some(slug) => Ok(vec![
            app.tenant(slug).await.map_err(plain).context(slug.to_owned())?,
        ]),
        None => app.db().tenants().await.map_err(plain),
    }
}

async fn projections(app: &App, command: ProjectionsCommand) -> anyhow::Result<ExitCode> {
    let (slug, rebuild) = match command {
        ProjectionsCommand::Verify { tenant } => (tenant, false),
        ProjectionsCommand::Rebuild { tenant } => (tenant, true),
    };
    let mut code = ExitCode::SUCCESS;
    for tenant in tenants(app, slug.as_deref()).await? {
        let caller = app.system(&tenant, app.clock().now());
        if rebuild {
            spiral_app::projections::rebuild(&caller).await.map_err(plain)?;
            println!("{}: rebuilt", tenant.slug);
            continue;
        }
        let differences = spiral_app::projections::verify(&caller).await.map_err(plain)?;
        println!("{}: {} difference(s)", tenant.slug, differences.len());
        for difference in &differences {
            println!("  {difference}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

async fn verify_audit(app: &App, slug: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for tenant in tenants(app, slug).await? {
        let report = spiral_app::people::verify_audit(&app.system(&tenant, app.clock().now()))
            .await
            .map_err(plain)?;
        println!(
            "{}: {} entries, {} records, {} reads, {} finding(s)",
            tenant.slug,
            report.entries,
            report.records,
            report.reads,
            report.findings.len()
        );
        for finding in &report.findings {
            println!("  {finding}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

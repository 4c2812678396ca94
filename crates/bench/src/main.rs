//! The benchmark's own program: loads the data sets of the peers' benchmark through the platform's use cases, and
//! serves them at a date at which the benchmark's months have begun. `docs/performance.md` says how it is run.

mod load;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use spiral_app::clock::Clock;
use spiral_domain::Timestamp;
use spiral_server::config::Config;
use spiral_server::telemetry::Telemetry;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "spiral-bench")]
struct Cli {
    /// The server's settings, as for `spiral`.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Load the files of `peer/export.sh` into a tenant of their own, and write the benchmark's configuration.
    Load {
        /// The folder with the CSV files.
        folder: PathBuf,
        /// Where the benchmark's configuration for `bench.py --config` goes; it holds tokens.
        #[arg(long)]
        service: PathBuf,
        /// Leave the observations out: ten million take their time.
        #[arg(long)]
        spread_only: bool,
    },
    /// Serve with a clock that is ahead: the benchmark pushes months from 2030 on, and what has not begun is refused.
    Serve {
        /// How far ahead.
        #[arg(long, default_value_t = 0)]
        years_ahead: i64,
    },
}

/// A year of 365.25 days.
const YEAR_MICROS: i64 = 31_557_600_000_000;

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let config = Config::load(cli.config.as_deref())?;
    let runtime = spiral_server::begin()?;
    runtime.block_on(async {
        let telemetry = Telemetry::start(&config.telemetry)?;
        match cli.command {
            Command::Load {
                folder,
                service,
                spread_only,
            } => {
                let app = spiral_server::open(&config).await?;
                let tokens = load::load(&app, &folder, spread_only).await?;
                std::fs::write(&service, tokens.configuration(&config)?)
                    .with_context(|| format!("writing {}", service.display()))?;
                app.db().close().await;
                Ok(())
            }
            Command::Serve { years_ahead } => serve(&config, telemetry, years_ahead).await,
        }
    })
}

async fn serve(config: &Config, telemetry: Telemetry, years_ahead: i64) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let machine = Clock::system();
    let ahead = years_ahead * YEAR_MICROS;
    let clock = Clock::from_fn(move || Timestamp::from_micros(machine.now().micros() + ahead));
    let app = spiral_server::open_at(config, clock).await?;
    let running = spiral_server::serve(app, config, Arc::new(telemetry)).await?;
    println!("serves on http://{}", running.address);
    tokio::select! {
        _ = terminate.recv() => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    running.stop().await;
    Ok(())
}

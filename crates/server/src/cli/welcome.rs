//! What a first start prints: where to look, and a request to paste for each of the demo's roles.

use std::net::SocketAddr;

use anyhow::bail;
use spiral_app::App;
use spiral_app::demo::{self, Presence};

use crate::config::Config;
use crate::platform::plain;

/// For how long the printed tokens hold.
const DAYS: i64 = 30;

/// Loads the demo into an empty database, before anybody is served: half a demo is nobody's to see.
pub(crate) async fn load(app: &App) -> anyhow::Result<()> {
    match demo::presence(app).await.map_err(plain)? {
        Presence::Empty => {
            println!("First start: loading the demo …");
            demo::load(app).await.map_err(plain)?;
        }
        Presence::Half => bail!(
            "the first start was interrupted while it loaded the demo; remove the database and start again"
        ),
        Presence::Whole | Presence::None => {}
    }
    Ok(())
}

/// Prints the welcome.
pub(crate) async fn print(app: &App, config: &Config, address: SocketAddr) -> anyhow::Result<()> {
    let base = if config.server.public_url.is_some() {
        config.public_url()
    } else {
        format!("http://{address}")
    };
    println!("\nSpiral serves on {base} from {}.\n", app.database());
    println!("  {base}/docs          every REST operation, to read and to try");
    println!("  {base}/graphql       GraphiQL, in a browser");
    println!("  {base}/openapi.json  the contract, for your tools\n");
    for visit in demo::visits(app, DAYS * 86_400).await.map_err(plain)? {
        println!("# {}", visit.words);
        println!(
            "curl -s '{base}{}' -H 'Authorization: Bearer {}'\n",
            visit.path, visit.token
        );
    }
    println!("More tokens: spiral token --as <role>. Stop with Ctrl-C.");
    Ok(())
}

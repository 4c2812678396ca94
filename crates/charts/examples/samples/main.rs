//! Writes the samples of `docs/charts`: `cargo run -p spiral-charts --example samples -- docs/charts`.

#![expect(
    clippy::unwrap_used,
    reason = "a sample that cannot be drawn is to be seen at once"
)]

mod figures;
mod sheets;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "docs/charts".into()));
    std::fs::create_dir_all(&folder)?;
    for (name, svg) in sheets::samples() {
        std::fs::write(folder.join(name), svg)?;
    }
    Ok(())
}

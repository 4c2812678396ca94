//! Writes the samples of `docs/diagrams`: `cargo run -p spiral-charts --example diagrams -- docs/diagrams`; with
//! `--gallery` every form that they must be legible in, as SVG and PNG.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a sample that cannot be drawn is to be seen at once, and its figures are small"
)]

mod figures;
mod sheets;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "docs/diagrams".into()));
    std::fs::create_dir_all(&folder)?;
    if arguments.next().as_deref() == Some("--gallery") {
        for (name, drawing) in sheets::gallery() {
            std::fs::write(folder.join(format!("{name}.svg")), &drawing.svg)?;
            match spiral_charts::png(&drawing.svg, 1.0) {
                Ok(picture) => std::fs::write(folder.join(format!("{name}.png")), picture)?,
                Err(error) => eprintln!("{name}: {error}"),
            }
        }
        return Ok(());
    }
    for (name, svg) in sheets::samples() {
        std::fs::write(folder.join(name), svg)?;
    }
    Ok(())
}

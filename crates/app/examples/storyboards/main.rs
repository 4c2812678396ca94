//! Writes the storyboards of `docs/storyboards`: `cargo run -p spiral-app --example storyboards -- docs/storyboards`.

#![expect(
    clippy::expect_used,
    reason = "a sample that cannot be made is to be seen at once"
)]

mod pages;

use std::path::PathBuf;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "docs/storyboards".into()),
    );
    std::fs::create_dir_all(&folder)?;
    for (name, page) in pages::pages().await {
        std::fs::write(folder.join(name), page)?;
    }
    Ok(())
}

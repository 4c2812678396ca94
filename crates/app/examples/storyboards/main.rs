//! Writes the storyboards of `docs/storyboards`: `cargo run -p spiral-app --example storyboards -- docs/storyboards`; with
//! `--gallery` behind the folder a page that is as full as can be, to be looked at and printed.

#![expect(
    clippy::expect_used,
    reason = "a sample that cannot be made is to be seen at once"
)]

mod fullest;
mod pages;

use std::path::PathBuf;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "docs/storyboards".into()));
    std::fs::create_dir_all(&folder)?;
    if arguments.next().as_deref() == Some("--gallery") {
        return std::fs::write(folder.join("fullest.html"), fullest::fullest().await);
    }
    for (name, page) in pages::pages().await {
        std::fs::write(folder.join(name), page)?;
    }
    Ok(())
}

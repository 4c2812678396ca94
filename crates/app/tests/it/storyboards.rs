//! The storyboards in `docs/storyboards` are what the command writes.

#[path = "../../examples/storyboards/pages.rs"]
mod pages;

use std::collections::BTreeSet;
use std::path::Path;

#[tokio::test]
async fn the_samples_are_those_of_this_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/storyboards");
    let mut names = BTreeSet::new();
    for (name, page) in pages::pages().await {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            kept == page,
            "{name} is not what is written now: cargo run -p spiral-app --example storyboards -- docs/storyboards"
        );
        names.insert(name);
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is written by no command");
    }
}

//! The samples in `docs/charts` are what the command writes.

#[path = "../../examples/samples/figures.rs"]
pub mod figures;
#[path = "../../examples/samples/sheets.rs"]
mod sheets;

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_samples_are_those_of_this_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/charts");
    let mut names = BTreeSet::new();
    for (name, svg) in sheets::samples() {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            kept == svg,
            "{name} is not what is drawn now: cargo run -p spiral-charts --example samples -- docs/charts"
        );
        names.insert(name);
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is written by no command");
    }
}

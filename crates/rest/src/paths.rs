//! Words that stand in paths.

use std::str::FromStr;

use spiral_domain::WorkKind;

/// A kind of work, by its published name.
pub(crate) struct Kind(pub WorkKind);

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        WorkKind::from_name(text).map(Self).ok_or_else(|| {
            let known: Vec<&str> = WorkKind::ALL.iter().map(|kind| kind.name()).collect();
            format!(
                "there is no kind of work of this name; known are {}",
                known.join(", ")
            )
        })
    }
}

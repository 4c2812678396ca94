//! How a mutation writes: once per `Idempotency-Key`, as over REST.

use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::{Context, Result};
use axum::body::Bytes;
use serde::de::DeserializeOwned;
use spiral_app::{Caller, once};

use crate::faults::fault;

/// What was asked, and under which key.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The request's `Idempotency-Key`.
    pub key: Option<String>,
    /// Its body.
    pub body: Bytes,
    /// Whether the answer was given before.
    pub replayed: AtomicBool,
}

/// Runs a use case that writes. The same key and request give the record of the first answer again, of which the
/// fields that are asked for are read anew.
pub(crate) async fn write<T, F, Fut>(ctx: &Context<'_>, run: F) -> Result<T>
where
    T: DeserializeOwned,
    F: FnOnce(Caller) -> Fut,
    Fut: Future<Output = spiral_domain::Result<T>>,
{
    let caller = ctx.data::<Caller>()?;
    let asked = ctx.data::<std::sync::Arc<Asked>>()?;
    let done = once(caller, asked.key.clone(), &[b"graphql", &asked.body], run)
        .await
        .map_err(fault)?;
    asked.replayed.fetch_or(done.replayed, Ordering::Relaxed);
    Ok(done.answer)
}

#[cfg(test)]
mod tests {
    /// A mutation that reaches for the caller itself would pass the key over in silence.
    #[test]
    fn every_mutation_writes_so() {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("writes.rs") {
                    seen += mutations_in(&path);
                }
            }
        }
        assert!(seen >= 9, "{seen}");
    }

    fn mutations_in(path: &std::path::Path) -> usize {
        let text = std::fs::read_to_string(path).unwrap();
        let mut seen = 0;
        for part in text.split("#[Object]\nimpl ").skip(1) {
            let body = part.split("\n}\n").next().unwrap_or_default();
            if !body.lines().next().unwrap_or_default().ends_with("Mutation {") {
                continue;
            }
            seen += 1;
            assert!(!body.contains("data::<Caller>"), "{}", path.display());
        }
        seen
    }
}

//! What is published in `schema/`: made from the code, so that it cannot say something else.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use spiral_store::{Dialect, migrations};

/// Name and text of every published file.
pub(crate) fn files() -> anyhow::Result<Vec<(&'static str, String)>> {
    let json = |value: &serde_json::Value| serde_json::to_string_pretty(value).map(|text| text + "\n");
    Ok(vec![
        ("openapi.json", json(&spiral_rest::openapi())?),
        ("schema.graphql", spiral_graphql::sdl()),
        ("config.json", json(&crate::config::json_schema())?),
        ("sqlite.sql", migrations::schema_sql(Dialect::Sqlite)),
        ("postgres.sql", migrations::schema_sql(Dialect::Postgres)),
        ("permissions.txt", spiral_domain::people::permissions_text()),
    ])
}

/// Writes them, or fails if one differs.
pub(crate) fn run(folder: &Path, check: bool) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for (name, text) in files()? {
        let path = folder.join(name);
        let there = fs::read_to_string(&path).unwrap_or_default();
        if there == text {
            continue;
        }
        if check {
            eprintln!(
                "{} is not current: run `cargo dev schema` and commit it",
                path.display()
            );
            code = ExitCode::FAILURE;
        } else {
            fs::create_dir_all(folder)?;
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            println!("wrote {}", path.display());
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_published_is_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
        for (name, text) in super::files().unwrap() {
            let there = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(
                there == text,
                "schema/{name} is not current: run `cargo dev schema` and commit it"
            );
        }
    }
}

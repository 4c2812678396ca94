//! Checks a file of golden cases: `cargo run -q -p spiral-stats --example golden -- <kind> <file.json>`.
//!
//! Kinds are the names of the files in `tests/golden`, which also says what a case looks like. Prints every
//! mismatch, then `N passed, M failed`; the exit code is 1 if any case failed and 2 if the file could not be
//! read.

// The tests of the package use the same files, and find them the same way.
#[path = "cases.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(kind), Some(file), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        eprintln!(
            "usage: golden <kind> <file.json>; kinds: {}",
            cases::KINDS.join(", ")
        );
        return ExitCode::from(2);
    };
    let report = std::fs::read_to_string(&file)
        .map_err(|error| error.to_string())
        .and_then(|text| cases::check(&kind, &text));
    match report {
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
        Ok(report) => {
            for mismatch in &report.mismatches {
                println!("{mismatch}");
            }
            println!("{} passed, {} failed", report.passed, report.failed);
            ExitCode::from(u8::from(report.failed > 0))
        }
    }
}

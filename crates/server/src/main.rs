//! The `spiral` binary.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match spiral_server::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("spiral: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! The spiral server: configuration, telemetry, command line, and both faces mounted.

pub mod cli;
pub mod config;
mod layers;
mod overload;
mod patience;
mod peer;
mod platform;
mod process;
mod serve;
pub mod telemetry;
mod transport;

pub use platform::{db_options, open, open_at, settings};
pub use process::begin;
pub use serve::{Running, serve, start};

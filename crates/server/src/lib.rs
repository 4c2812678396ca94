//! The spiral server: configuration, telemetry, command line, and both faces mounted

pub mod config;
pub mod telemetry;

//! The use cases, through callers, on both databases.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get ends the test"
)]

mod field_tests;
mod sustainability;
mod world;

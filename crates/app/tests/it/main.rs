//! What the use cases promise, through callers, on both databases.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get ends the test"
)]

mod algebra;
mod directory;
mod field_tests;
mod identity;
mod kept;
mod measures;
mod microsystems;
mod microsystems_work;
mod people;
mod privacy;
mod spirals;
mod spread;
mod storyboards;
mod surveys;
mod sustainability;
mod tree;
mod world;

//! What holds for every chart, whatever is put in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod any;
mod diagrams;
mod hostile;
mod page;
mod pictures;
mod samples;
mod shape;

//! The `spiral` binary.
fn main() {}

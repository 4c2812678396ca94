//! Roll-ups.

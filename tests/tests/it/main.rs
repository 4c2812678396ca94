//! Journeys over HTTP, on every database that this machine has.

mod surface;

//! The GraphQL face: schema, loaders, limits, and the transports that bring operations. It calls use cases and
//! decides nothing.
#![recursion_limit = "512"]

mod analysis;
mod answers;
mod faults;
mod field_tests;
pub mod graphiql;
mod guard;
mod http;
mod innovations;
mod lists;
mod loaders;
mod measures;
mod microsystems;
mod operation;
mod people;
mod schema;
mod socket;
mod spread;
mod stream;
mod surveys;
mod sustainability;
mod tenancy;
mod writes;
mod written;

pub use http::router;
pub use schema::{Limits, SpiralSchema, build, sdl};
pub use socket::{Door, SocketLimits, Sockets};

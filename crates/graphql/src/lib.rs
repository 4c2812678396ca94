//! The GraphQL face: schema, loaders, limits. It calls use cases and decides nothing.
#![recursion_limit = "512"]

mod analysis;
mod faults;
mod field_tests;
pub mod graphiql;
mod guard;
mod http;
mod innovations;
mod lists;
mod loaders;
mod measures;
mod people;
mod schema;
mod spread;
mod sustainability;
mod tenancy;
mod writes;
mod written;

pub use http::router;
pub use schema::{Limits, SpiralSchema, build, sdl};

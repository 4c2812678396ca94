//! Journeys over HTTP, on every database that this machine has.

mod access;
mod audit;
mod caching;
mod graphql;
mod idempotency;
mod kill;
mod lists;
mod refusals;
mod stopping;
mod surface;
mod tenants;
mod tokens;

//! Journeys over HTTP, on every database that this machine has.

mod access;
mod assertions;
mod audit;
mod caching;
mod charts;
mod contract;
mod directory;
mod faults;
mod field_tests;
mod graphql;
mod idempotency;
mod kill;
mod lists;
mod microsystems_work;
mod privacy;
mod refusals;
mod reorganisation;
mod series;
mod spirals;
mod stopping;
mod surface;
mod surveys;
mod sustainability;
mod tenants;
mod tokens;
mod two_servers;

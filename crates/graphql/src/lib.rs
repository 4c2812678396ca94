//! The GraphQL face of Spiral

pub mod graphiql;

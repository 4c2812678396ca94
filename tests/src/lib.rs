//! What journeys need: a server on a fresh database with two tenants in it, people of every role who speak HTTP
//! to it, and the published documents that say what to expect.

mod call;
mod issuer;
mod people;
mod program;
pub mod published;
mod socket;
mod transport;
mod world;

pub use call::{Answer, Call};
pub use issuer::{Algorithm, Issuer};
pub use people::{Actor, ROLES};
pub use program::{Program, Settings};
pub use socket::{Heard, Socket};
pub use transport::{Said, Transport, events};
pub use world::{Beside, Tenant, Unit, World, for_each_database, for_each_database_with};

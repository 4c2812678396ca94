//! Diffusion of innovations: who adopted when, and how it goes on.
//!
//! - [`rogers`]: adopter categories and the S-curve (E. M. Rogers, *Diffusion of Innovations*, Free Press).
//! - [`growth`]: Bass and logistic curves, with a clear answer where the data do not tell the ceiling.
//! - [`shape`]: whether uptake is S-shaped or R-shaped, by AICc.
//! - [`routine`]: how long from the first use to routine, with those counted who gave up.
//! - [`equity`]: the Gini coefficient.

pub mod equity;
mod fit;
pub mod growth;
pub mod rogers;
pub mod routine;
pub mod shape;

//! The microsystem's own work, as rows.

mod work;

pub use work::Work;

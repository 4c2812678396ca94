//! A team's own work: what it draws, aims for and tests.

mod wall;
mod work;
mod work_writes;

pub use wall::WallQuery;
pub use work::WorkQuery;
pub use work_writes::WorkMutation;

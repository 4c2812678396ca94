//! Time and fresh ids: the only place that asks the machine for either.

use std::sync::Arc;

use spiral_domain::Timestamp;
use uuid::Uuid;

/// Tells the time; tests give one that stands still.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own.
    #[expect(clippy::disallowed_methods, reason = "the home of the machine's clock")]
    pub fn system() -> Self {
        Self(Arc::new(|| chrono::Utc::now().into()))
    }

    /// One that a test moves.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// A fresh id: version 7, so that the order of ids is the order of creation.
#[expect(clippy::disallowed_methods, reason = "the home of fresh ids")]
pub fn fresh<T: From<Uuid>>() -> T {
    Uuid::now_v7().into()
}

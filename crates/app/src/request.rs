//! What is known of the request that is being answered, for the canonical log line, problems and the audit.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use spiral_store::Meter;

use crate::rates::Standing;

tokio::task_local! {
    /// The request that this task answers.
    static CURRENT: Arc<RequestContext>;
}

/// One request.
#[derive(Debug, Default)]
pub struct RequestContext {
    /// Its id, also sent as `X-Request-Id`.
    pub id: String,
    /// Where it comes from, where that is known.
    pub peer: Option<IpAddr>,
    /// What it asks of the database.
    pub meter: Arc<Meter>,
    notes: Mutex<Notes>,
}

/// What is found out while it is answered.
#[derive(Debug, Default, Clone)]
pub struct Notes {
    /// The caller's id.
    pub caller: Option<String>,
    /// The tenant's slug.
    pub tenant: Option<String>,
    /// The use case or GraphQL operation.
    pub operation: Option<String>,
    /// What is left of the caller's quota.
    pub rate: Option<Standing>,
}

impl RequestContext {
    /// A request with this id, from this address.
    pub fn new(id: impl Into<String>, peer: Option<IpAddr>) -> Arc<Self> {
        Arc::new(Self {
            id: id.into(),
            peer,
            ..Self::default()
        })
    }

    /// The one that the current task answers; outside of any, an anonymous one.
    pub fn current() -> Arc<Self> {
        CURRENT.try_with(Arc::clone).unwrap_or_default()
    }

    /// Runs `work` as part of this request.
    pub async fn enter<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Adds to what is known.
    pub fn note(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is known so far.
    pub fn notes(&self) -> Notes {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

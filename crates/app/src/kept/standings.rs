//! Where ledgers stand, asked once for all who wait (ADR 28). Nobody is told less than what was committed when they came:
//! whoever comes while a question is under way waits for the next one, together with all who came meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use moka::future::Cache;
use spiral_domain::{Error, Result, TenantId};
use spiral_store::{Db, Meter, Standing};

/// A question that takes longer is given up, so that a connection which has died unnoticed stops nobody for good.
const LONGEST: Duration = Duration::from_secs(5);

type Answer = std::result::Result<Option<Standing>, Arc<Error>>;

/// The questions about one tenant.
#[derive(Default)]
struct Questions {
    /// The one that is not asked yet.
    next: Mutex<Option<Shared<BoxFuture<'static, Answer>>>>,
    /// Held by the one that is.
    turn: tokio::sync::Mutex<()>,
}

impl Questions {
    /// The next question, to be waited for.
    fn next(
        self: Arc<Self>,
        ask: impl FnOnce() -> BoxFuture<'static, Answer>,
    ) -> Shared<BoxFuture<'static, Answer>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let questions = Arc::clone(&self);
        let asked = || {
            let answer = ask();
            let question = async move {
                let _turn = questions.turn.lock().await;
                // From here on nobody joins.
                *questions.next.lock().unwrap_or_else(PoisonError::into_inner) = None;
                answer.await
            };
            question.boxed().shared()
        };
        next.get_or_insert_with(asked).clone()
    }
}

/// The questions about all tenants.
pub(super) struct Standings(Cache<TenantId, Arc<Questions>>);

impl Standings {
    pub(super) fn of_tenants(most: u64) -> Self {
        Self(Cache::new(most))
    }

    /// Where a tenant's ledger stands, if there is such a tenant. Each who asks counts as one statement.
    pub(super) async fn ask(&self, db: &Db, tenant: TenantId, meter: &Meter) -> Result<Option<Standing>> {
        let since = std::time::Instant::now();
        let questions = self.0.get_with(tenant, async { Arc::default() }).await;
        let db = db.clone();
        let ask = move || {
            let answer = async move {
                let answer = tokio::time::timeout(LONGEST, db.standing(tenant, &Meter::default())).await;
                answer.unwrap_or(Err(Error::Unavailable)).map_err(Arc::new)
            };
            answer.boxed()
        };
        let answer = questions.next(ask).await;
        meter.record(since, 1);
        answer.map_err(|error| match &*error {
            Error::Unavailable => Error::Unavailable,
            _ => Error::internal(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// Answers with how often it was asked before, once it is let.
    fn asking(asked: &Arc<AtomicI64>, let_go: &Arc<tokio::sync::Semaphore>) -> BoxFuture<'static, Answer> {
        let (asked, let_go) = (Arc::clone(asked), Arc::clone(let_go));
        let answer = async move {
            let changed = asked.fetch_add(1, Ordering::SeqCst);
            let_go.acquire().await.unwrap().forget();
            Ok(Some(Standing { changed, settled: 0 }))
        };
        answer.boxed()
    }

    fn changed(answer: Answer) -> i64 {
        answer.unwrap().unwrap().changed
    }

    #[tokio::test]
    async fn who_comes_late_waits_for_the_next_question_with_all_others() {
        let (asked, let_go) = (Arc::default(), Arc::new(tokio::sync::Semaphore::new(0)));
        let questions = Arc::new(Questions::default());
        let come = || tokio::spawn(Arc::clone(&questions).next(|| asking(&asked, &let_go)));
        let first = come();
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // The first question is under way: what it says may be older than these.
        let (second, third) = (come(), come());
        tokio::task::yield_now().await;
        // Who leaves takes nobody along.
        second.abort();
        let_go.add_permits(1);
        assert_eq!(changed(first.await.unwrap()), 0);
        let_go.add_permits(1);
        assert_eq!(changed(third.await.unwrap()), 1);
        let_go.add_permits(1);
        assert_eq!(changed(come().await.unwrap()), 2);
    }
}

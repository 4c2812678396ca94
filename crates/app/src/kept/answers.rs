//! Answers that are worked out once for everybody who would be given the same.

use std::any::Any;
use std::hash::{Hash as _, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use sha2::{Digest as _, Sha256};
use spiral_domain::Result;
use spiral_store::{Scope, Standing};

use crate::caller::Caller;

/// Bytes of answers, about.
const MOST: u64 = 32 * 1024 * 1024;
/// An answer larger than this is not kept: it would drive out too many others.
const LARGEST: u32 = 2 * 1024 * 1024;
/// What nobody asks again for so long is forgotten.
const IDLE: Duration = Duration::from_mins(10);

/// An answer, and about how large it is.
#[derive(Clone)]
struct Answer {
    bytes: u32,
    answer: Arc<dyn Any + Send + Sync>,
}

/// The answers that one server keeps. What was asked last stays: at another standing of the ledger, nobody asks for
/// the answers of this one.
pub(super) struct Answers(Cache<[u8; 32], Answer>);

impl Default for Answers {
    fn default() -> Self {
        let answers = Cache::builder()
            .max_capacity(MOST)
            .weigher(|_, answer: &Answer| answer.bytes)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(IDLE);
        Self(answers.build())
    }
}

/// For how long an answer holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// Until anything changes.
    Changed,
    /// Until more changes than observations and adoption events.
    Settled,
}

/// A question, as it was asked by somebody at a standing of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Question([u8; 32]);

impl Caller {
    /// Where the ledger stands, if all that is read stood there. Neither the platform's own work has a standing, nor
    /// whoever has written since it was asked for, or reads what it does not tell of.
    pub(crate) fn firm(&self) -> Option<Standing> {
        self.standing.filter(|_| !self.beyond.load(Ordering::Relaxed))
    }

    /// The answer to a question about what the caller may see, worked out once for everybody who sees the same.
    /// `weigh` says about how many bytes it has.
    pub(crate) async fn kept<T, F>(
        &self,
        question: &str,
        until: Until,
        weigh: impl FnOnce(&T) -> usize,
        answer: F,
    ) -> Result<Arc<T>>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T>>,
    {
        let Some(standing) = self.firm() else {
            return answer.await.map(Arc::new);
        };
        let (mark, at) = match until {
            Until::Changed => (b"changed", standing.changed),
            Until::Settled => (b"settled", standing.settled),
        };
        let mut hash = self.seen_at(at);
        hash.update(mark);
        hash.update(question);
        let question = Question(hash.finalize().into());
        if let Some(answer) = self.recall(question).await {
            return Ok(answer);
        }
        let answer = Arc::new(answer.await?);
        let bytes = weigh(&answer);
        self.keep(question, Arc::clone(&answer), bytes).await;
        Ok(answer)
    }

    /// What this one caller asks, as a whole; none if no answer to it can be kept.
    pub fn question(&self, face: &str, parts: &[&[u8]]) -> Option<Question> {
        let mut hash = self.seen_at(self.firm()?.changed);
        hash.update(self.principal.id.0.as_bytes());
        hash.update(face);
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        Some(Question(hash.finalize().into()))
    }

    /// The answer to a question, if it is kept.
    pub async fn recall<T: Send + Sync + 'static>(&self, question: Question) -> Option<Arc<T>> {
        let kept = self.app.kept().answers.0.get(&question.0).await?;
        kept.answer.downcast().ok()
    }

    /// Keeps an answer of about so many bytes, if all of it stood where the question says.
    pub async fn keep<T: Send + Sync + 'static>(&self, question: Question, answer: Arc<T>, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if bytes <= LARGEST && self.firm().is_some() {
            self.app
                .kept()
                .answers
                .0
                .insert(question.0, Answer { bytes, answer })
                .await;
        }
    }

    /// A short text that is another where an answer that is worked out of what the caller may see could be: an ETag of
    /// what has no version. None where it is not known how the ledger stands.
    pub fn answer_mark(&self) -> Option<String> {
        let mut hash = self.seen_at(self.firm()?.changed);
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(self.principal.id.0.as_bytes());
        Some(
            hash.finalize()[..12]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// Everything that decides what of the tenant's work the caller sees at a position of the ledger.
    fn seen_at(&self, position: i64) -> Sha256 {
        let mut hash = Sha256::new();
        hash.update(self.tenant.id.0.as_bytes());
        hash.update(position.to_le_bytes());
        hash.update(self.today().to_string());
        push_view(&mut hash, self.scope());
        hash
    }
}

/// A caller's place.
fn push_view(hash: &mut Sha256, scope: &Scope) {
    /// Feeds what is hashed to a digest.
    struct Into<'h>(&'h mut Sha256);
    impl Hasher for Into<'_> {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut into = Into(hash);
    (scope.system, scope.grants.len()).hash(&mut into);
    for held in &scope.grants {
        (held.grant.role, held.grant.unit_id, held.grant.network_id).hash(&mut into);
        (held.tier, &held.path).hash(&mut into);
    }
    (&scope.scopes, &scope.sources).hash(&mut into);
}

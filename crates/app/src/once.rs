//! Idempotency: the same key and request give the first answer again.

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use spiral_domain::{Error, Result};
use spiral_store::Keyed;

use crate::caller::Caller;

/// Bytes of a fingerprint that stand for what was asked.
const ASKED: usize = 32;

/// An answer, and whether it was given before.
#[derive(Debug)]
pub struct Once<T> {
    /// The answer.
    pub answer: T,
    /// Whether it is the first answer again.
    pub replayed: bool,
}

/// Runs `run` under the key, or gives the answer that is kept under it. Without a key it just runs.
/// `request` is what was asked: method, path, query and body.
pub async fn once<T, F, Fut>(
    caller: &Caller,
    key: Option<String>,
    request: &[&[u8]],
    run: F,
) -> Result<Once<T>>
where
    T: DeserializeOwned,
    F: FnOnce(Caller) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let Some(key) = key else {
        return Ok(Once {
            answer: run(caller.clone()).await?,
            replayed: false,
        });
    };
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
        let detail = "an Idempotency-Key has 1 to 255 visible ASCII characters";
        return Err(Error::Malformed(vec![spiral_domain::Violation::new(
            "/header/Idempotency-Key",
            "bad_key",
            detail,
        )]));
    }
    let mut hash = Sha256::new();
    for part in request {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    // Behind what was asked stands what the caller held: who has lost a role does not get an answer that came of it.
    let mut fingerprint = hash.finalize().to_vec();
    fingerprint.extend_from_slice(caller.view_mark().as_bytes());
    let keyed = Keyed {
        principal: caller.principal().id,
        key,
        fingerprint,
        kept_seconds: caller.app.settings().idempotency_seconds,
    };
    let kept = caller
        .app
        .db()
        .kept_answer(caller.tenant().id, &keyed, caller.now(), caller.store.meter())
        .await?;
    match kept {
        None => Ok(Once {
            answer: run(caller.keyed(keyed)).await?,
            replayed: false,
        }),
        Some(kept) if kept.fingerprint.get(..ASKED) != keyed.fingerprint.get(..ASKED) => Err(Error::invalid(
            "/header/Idempotency-Key",
            "idempotency_key_reused",
            "this key was used for another request",
        )),
        Some(kept) if kept.fingerprint != keyed.fingerprint => {
            Err(Error::NotFound("kept answer for what you hold now"))
        }
        Some(kept) => match kept.answer {
            Some(answer) => {
                let answer = serde_json::from_str(&answer).map_err(Error::internal)?;
                Ok(Once {
                    answer,
                    replayed: true,
                })
            }
            None => Err(Error::conflict(
                "secret_already_shown",
                "this request succeeded; its answer carried a secret and is not kept",
            )),
        },
    }
}

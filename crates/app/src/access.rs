//! The audit of reads by API clients, by group commit: up to 256 reads or 5 ms become one durable group.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use spiral_domain::{Error, Result, TenantId};
use spiral_store::access::Access;
use tokio::sync::{mpsc, oneshot};

use crate::App;
use crate::caller::Caller;

/// At most so many reads in a group.
const GROUP: usize = 256;
/// A group waits so long for more.
const PATIENCE: Duration = Duration::from_millis(5);

/// Who waits for a group to be durable.
type Waiters = Vec<oneshot::Sender<Result<()>>>;

struct Waiting {
    tenant: TenantId,
    access: Access,
    done: oneshot::Sender<Result<()>>,
}

/// The queue in front of the audit.
#[derive(Default)]
pub(crate) struct AccessLog {
    queue: OnceLock<mpsc::Sender<Waiting>>,
}

impl AccessLog {
    /// Waits until the read is durable. A full queue is refused: no read leaves unaudited.
    pub(crate) async fn note(app: &App, caller: &Caller, operation: &str, records: usize) -> Result<()> {
        let queue = app.access_log().queue.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(app.settings().access_log_queue);
            tokio::spawn(write_groups(app.clone(), receiver));
            sender
        });
        let access = Access {
            at: caller.now(),
            actor: caller.principal().id,
            operation: operation.to_owned(),
            request_id: caller.request_id().to_owned(),
            records: i64::try_from(records).unwrap_or(i64::MAX),
        };
        let (done, durable) = oneshot::channel();
        queue
            .try_send(Waiting {
                tenant: caller.tenant().id,
                access,
                done,
            })
            .map_err(|_| Error::Unavailable)?;
        durable.await.map_err(|_| Error::Unavailable)?
    }
}

async fn write_groups(app: App, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let mut group = vec![first];
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while group.len() < GROUP {
            match tokio::time::timeout_at(deadline, queue.recv()).await {
                Ok(Some(next)) => group.push(next),
                _ => break,
            }
        }
        let mut tenants: HashMap<TenantId, (Vec<Access>, Waiters)> = HashMap::new();
        for waiting in group {
            let (accesses, done) = tenants.entry(waiting.tenant).or_default();
            accesses.push(waiting.access);
            done.push(waiting.done);
        }
        for (tenant, (accesses, waiting)) in tenants {
            let written = app.db().log_access(tenant, &accesses, app.clock().now()).await;
            if let Err(error) = &written {
                tracing::error!(error = %error, "a group of reads could not be audited; its answers are withheld");
            }
            for done in waiting {
                // Whoever waited may be gone.
                let _ = done.send(if written.is_ok() {
                    Ok(())
                } else {
                    Err(Error::Unavailable)
                });
            }
        }
    }
}

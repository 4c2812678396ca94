//! Where ledgers stand, as this server knows: its own writes at once, those of others within `LEASE`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spiral_domain::TenantId;
use spiral_domain::people::Tenant;

use crate::ledger::Standing;

/// For so long a standing is taken to hold that was read: what another server writes may be unknown for as long. The
/// contract allows a second.
const LEASE: Duration = Duration::from_millis(100);

/// So many tenants are known; if there are more, all are asked for anew.
const MOST: usize = 1_000;

/// What was last read of each tenant.
#[derive(Clone, Default)]
pub(crate) struct Standings(Arc<Mutex<Read>>);

#[derive(Default)]
struct Read {
    /// Counts this server's commits: what was read before one may not be what holds after it.
    commits: u64,
    tenants: HashMap<TenantId, Known>,
}

#[derive(Default)]
struct Known {
    /// Commits that have begun and not ended. Meanwhile nobody can say.
    under_way: u32,
    read: Option<(Instant, Tenant, Standing)>,
}

/// A commit that is under way; it has ended, one way or another, when this is dropped.
pub(crate) struct UnderWay {
    of: Standings,
    tenant: TenantId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut read = self.of.lock();
        read.commits += 1;
        if let Some(known) = read.tenants.get_mut(&self.tenant) {
            known.under_way = known.under_way.saturating_sub(1);
        }
    }
}

impl Standings {
    fn lock(&self) -> MutexGuard<'_, Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read lately and still holds; otherwise a number for `put`.
    pub(crate) fn get(&self, tenant: TenantId) -> Result<(Tenant, Standing), u64> {
        let read = self.lock();
        match read.tenants.get(&tenant) {
            Some(Known {
                under_way: 0,
                read: Some((at, tenant, standing)),
            }) if at.elapsed() < LEASE => Ok((tenant.clone(), *standing)),
            _ => Err(read.commits),
        }
    }

    /// Keeps what was asked for then, unless something was committed since `get` gave this number.
    pub(crate) fn put(&self, asked: Instant, commits: u64, tenant: &Tenant, standing: Standing) {
        let mut read = self.lock();
        if read.tenants.len() >= MOST && !read.tenants.contains_key(&tenant.id) {
            read.tenants.retain(|_, known| known.under_way > 0);
        }
        if read.commits == commits {
            let known = read.tenants.entry(tenant.id).or_default();
            if known.under_way == 0 {
                known.read = Some((asked, tenant.clone(), standing));
            }
        }
    }

    /// Says that a write is about to be committed.
    pub(crate) fn committing(&self, tenant: TenantId) -> UnderWay {
        let mut read = self.lock();
        let known = read.tenants.entry(tenant).or_default();
        known.under_way += 1;
        known.read = None;
        UnderWay {
            of: self.clone(),
            tenant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> Tenant {
        Tenant {
            id: TenantId(uuid::Uuid::from_u128(7)),
            slug: "north".into(),
            name: "North".into(),
            created_at: spiral_domain::Timestamp::from_micros(0),
        }
    }

    const STANDING: Standing = Standing {
        changed: 4,
        settled: 2,
    };

    #[test]
    fn what_was_read_before_a_commit_is_not_kept_after_it() {
        let (standings, tenant) = (Standings::default(), tenant());
        let commits = standings.get(tenant.id).unwrap_err();
        let under_way = standings.committing(tenant.id);
        // Read while the commit is under way, and put before and after its end.
        standings.put(Instant::now(), commits, &tenant, STANDING);
        assert!(standings.get(tenant.id).is_err());
        drop(under_way);
        standings.put(Instant::now(), commits, &tenant, STANDING);
        assert!(standings.get(tenant.id).is_err());
        // Asked for after it, it holds, for a while.
        let commits = standings.get(tenant.id).unwrap_err();
        standings.put(Instant::now(), commits, &tenant, STANDING);
        assert_eq!(standings.get(tenant.id).unwrap().1, STANDING);
        // And no longer from the next on.
        drop(standings.committing(tenant.id));
        assert!(standings.get(tenant.id).is_err());
        let commits = standings.get(tenant.id).unwrap_err();
        let long_ago = Instant::now().checked_sub(LEASE).unwrap();
        standings.put(long_ago, commits, &tenant, STANDING);
        assert!(standings.get(tenant.id).is_err());
    }
}

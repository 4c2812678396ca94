//! What is kept from request to request. Nothing here is ever out of date: each request asks once where the ledger
//! stands, and what was read at another standing, or on another day, is read again.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::future::Cache;
use spiral_domain::people::{ApiClient, Principal, Tenant};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, Reference, Result, TenantId, UnitId};
use spiral_store::{Db, HeldGrant, Meter, Standing, Stood, Tx};

use crate::caller::Caller;

mod answers;
mod standings;

use answers::Answers;
pub use answers::Question;
pub(crate) use answers::Until;
use standings::Standings;

/// So many tenants' names are known.
const TENANTS: u64 = 10_000;
/// So many people and tools are known.
const CALLERS: u64 = 10_000;

/// Who is calling, as it was read.
#[derive(Clone)]
pub(crate) struct Known {
    settled: i64,
    day: Date,
    pub(crate) principal: Arc<Principal>,
    pub(crate) grants: Arc<Vec<HeldGrant>>,
    pub(crate) client: Option<Arc<ApiClient>>,
}

/// Units of one tenant by what they were called, and where they have stood, as it was read.
struct Units {
    settled: i64,
    by_name: HashMap<Reference, Arc<OrgUnit>>,
    stood: HashMap<UnitId, Stood>,
}

impl Units {
    fn none(settled: i64) -> Self {
        let (by_name, stood) = (HashMap::new(), HashMap::new());
        Self {
            settled,
            by_name,
            stood,
        }
    }

    /// What is known of some of these keys at this standing, and which others are not.
    fn known<'k, K: Eq + Hash + Clone, V: Clone>(
        &mut self,
        standing: Standing,
        of: impl Fn(&Self) -> &HashMap<K, V>,
        keys: impl IntoIterator<Item = &'k K>,
    ) -> (HashMap<K, V>, Vec<&'k K>) {
        if self.settled != standing.settled {
            *self = Self::none(standing.settled);
        }
        let (known, mut missing) = (of(self), Vec::new());
        let mut found = HashMap::new();
        for key in keys {
            match known.get(key) {
                Some(value) => {
                    found.insert(key.clone(), value.clone());
                }
                None => missing.push(key),
            }
        }
        (found, missing)
    }
}

/// Keeps what was read, if it still holds: another request may have come with a later standing.
fn keep<K: Eq + Hash + Clone, V: Clone>(
    (now, then): (i64, Standing),
    kept: &mut HashMap<K, V>,
    read: &HashMap<K, V>,
) {
    if now == then.settled && kept.len() + read.len() <= UNITS {
        kept.extend(read.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

fn lock(kept: &Mutex<Units>) -> MutexGuard<'_, Units> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

type WhoKey = (TenantId, Option<String>, String);

/// So many tenants' units are kept, and so many of each.
const DIRECTORIES: u64 = 16;
const UNITS: usize = 20_000;

/// What one server keeps.
pub(crate) struct Kept {
    units: Cache<TenantId, Arc<Mutex<Units>>>,
    tenants: Cache<String, Arc<Tenant>>,
    known: Cache<WhoKey, Known>,
    answers: Answers,
    standings: Standings,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            units: Cache::new(DIRECTORIES),
            tenants: Cache::new(TENANTS),
            known: Cache::new(CALLERS),
            answers: Answers::default(),
            standings: Standings::of_tenants(TENANTS),
        }
    }
}

impl Kept {
    /// The tenant of this short name, and where its ledger stands now.
    pub(crate) async fn tenant(
        &self,
        db: &Db,
        slug: &str,
        meter: &Meter,
    ) -> Result<Option<(Arc<Tenant>, Standing)>> {
        if let Some(tenant) = self.tenants.get(slug).await
            && let Some(standing) = self.standings.ask(db, tenant.id, meter).await?
        {
            return Ok(Some((tenant, standing)));
        }
        // Not met yet, or gone: a database may have been put back to what it was.
        let Some(tenant) = db.tenant_by_slug(slug, meter).await? else {
            return Ok(None);
        };
        let tenant = Arc::new(tenant);
        self.tenants.insert(slug.to_owned(), Arc::clone(&tenant)).await;
        let standing = self.standings.ask(db, tenant.id, meter).await?;
        Ok(standing.map(|standing| (tenant, standing)))
    }

    /// Who this is in the tenant, and the roles held on the day.
    pub(crate) async fn known(
        &self,
        db: &Db,
        tenant: (&Tenant, Standing),
        issuer: Option<&str>,
        subject: &str,
        day: Date,
        meter: &Meter,
    ) -> Result<Option<Known>> {
        let (tenant, standing) = tenant;
        let key: WhoKey = (tenant.id, issuer.map(str::to_owned), subject.to_owned());
        if let Some(known) = self.known.get(&key).await
            && (known.settled, known.day) == (standing.settled, day)
        {
            return Ok(Some(known));
        }
        let Some(found) = db.known(tenant.id, issuer, subject, day, meter).await? else {
            return Ok(None);
        };
        let known = Known {
            settled: standing.settled,
            day,
            principal: Arc::new(found.principal),
            grants: Arc::new(found.grants),
            client: found.client.map(Arc::new),
        };
        self.known.insert(key, known.clone()).await;
        Ok(Some(known))
    }
}

impl Caller {
    /// The unit with this id, by the platform's eyes.
    pub(crate) async fn unit_of(&self, id: UnitId) -> Result<Arc<OrgUnit>> {
        let name = Reference::from(id);
        let mut found = self.named_units([&name]).await?;
        found.remove(&name).ok_or(Error::NotFound("unit"))
    }

    /// The units that these references name, by the platform's eyes: every principal may know of a unit. What is not
    /// found is absent.
    pub(crate) async fn named_units(
        &self,
        references: impl IntoIterator<Item = &Reference>,
    ) -> Result<HashMap<Reference, Arc<OrgUnit>>> {
        let wanted: HashSet<&Reference> = references.into_iter().collect();
        let platform = self.platform();
        let Some(standing) = self.firm() else {
            let found = platform.store().resolve::<OrgUnit>(wanted).await?;
            return Ok(found
                .into_iter()
                .map(|(name, unit)| (name, Arc::new(unit)))
                .collect());
        };
        let kept = self.kept_units(standing).await;
        let (mut named, missing) = lock(&kept).known(standing, |units| &units.by_name, wanted);
        if missing.is_empty() {
            return Ok(named);
        }
        let found = platform.store().resolve::<OrgUnit>(missing).await?;
        let found: HashMap<Reference, Arc<OrgUnit>> = found
            .into_iter()
            .map(|(name, unit)| (name, Arc::new(unit)))
            .collect();
        let mut units = lock(&kept);
        keep((units.settled, standing), &mut units.by_name, &found);
        named.extend(found);
        Ok(named)
    }

    /// Where these units have stood, by the platform's eyes.
    pub(crate) async fn stood(&self, units: &[UnitId]) -> Result<HashMap<UnitId, Stood>> {
        let platform = self.platform();
        let Some(standing) = self.firm() else {
            return platform.store().stood(units).await;
        };
        let kept = self.kept_units(standing).await;
        let (mut stood, missing) = lock(&kept).known(standing, |units| &units.stood, units);
        if missing.is_empty() {
            return Ok(stood);
        }
        let missing: Vec<UnitId> = missing.into_iter().copied().collect();
        let found = platform.store().stood(&missing).await?;
        let mut units = lock(&kept);
        keep((units.settled, standing), &mut units.stood, &found);
        stood.extend(found);
        Ok(stood)
    }

    async fn kept_units(&self, standing: Standing) -> Arc<Mutex<Units>> {
        let none = async { Arc::new(Mutex::new(Units::none(standing.settled))) };
        self.app.kept().units.get_with(self.tenant.id, none).await
    }

    /// Whether what was read of units, people and declarations before this write began still holds in it.
    pub(crate) fn settled_in(&self, tx: &Tx) -> bool {
        self.standing
            .is_some_and(|standing| standing.settled == tx.standing().settled)
    }
}

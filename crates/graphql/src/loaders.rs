//! One loader per request. It contains the caller, so what it fetches is scoped too, and one batch is one call
//! of a use case, however many records ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, FieldError};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use spiral_app::{Caller, innovations, spread, tenancy};
use spiral_domain::innovations::{Innovation, InnovationMove};
use spiral_domain::spread::{AdoptionView, SpreadGroupBy, SpreadMetrics, UnitAdoptions};
use spiral_domain::tenancy::{HeldAttribute, Linkage, NetworkMember, OrgUnit, UnitAttribute};
use spiral_domain::{AttributeId, Date, Error, InnovationId, NetworkId, Reference, UnitId};

use crate::faults::fault;

/// Fetches in batches, as one caller.
pub(crate) struct Batches {
    pub(crate) caller: Caller,
}

/// An error that every key of a failed batch can share.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Option<Error>>>);

impl From<Error> for Shared {
    fn from(error: Error) -> Self {
        Self(Arc::new(Mutex::new(Some(error))))
    }
}

impl Shared {
    /// The first to ask gets the error, with its cause; the others its kind.
    fn into_fault(self) -> FieldError {
        let taken = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        fault(taken.unwrap_or(Error::Unavailable))
    }
}

/// Loads one key through the request's loader.
pub(crate) async fn load<K>(
    ctx: &Context<'_>,
    key: K,
) -> async_graphql::Result<Option<<Batches as Loader<K>>::Value>>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batches: Loader<K, Error = Shared>,
{
    ctx.data::<DataLoader<Batches>>()?
        .load_one(key)
        .await
        .map_err(Shared::into_fault)
}

/// Runs batches inside the request's own task: all that is asked for at one level is in the batch before it
/// runs, whatever the scheduler does, and a dropped request drops its batches.
#[derive(Clone, Default)]
pub(crate) struct Driver(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Driver {
    /// A loader whose batches this driver runs.
    pub(crate) fn loader(&self, caller: Caller) -> DataLoader<Batches> {
        let queue = Arc::clone(&self.0);
        let spawn = move |batch| {
            queue
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(batch);
        };
        DataLoader::new(Batches { caller }, spawn)
            .delay(Duration::ZERO)
            .max_batch_size(usize::MAX)
    }

    /// Runs `work` to its end, and its batches with it.
    pub(crate) async fn run<T>(self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut running = FuturesUnordered::new();
        std::future::poll_fn(move |context| {
            loop {
                if let std::task::Poll::Ready(done) = work.as_mut().poll(context) {
                    return std::task::Poll::Ready(done);
                }
                let asked =
                    std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                running.extend(asked);
                match running.poll_next_unpin(context) {
                    std::task::Poll::Ready(Some(())) => {}
                    _ => return std::task::Poll::Pending,
                }
            }
        })
        .await
    }
}

/// The unit with this id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct UnitKey(pub UnitId);

impl Loader<UnitKey> for Batches {
    type Value = OrgUnit;
    type Error = Shared;
    async fn load(&self, keys: &[UnitKey]) -> Result<HashMap<UnitKey, OrgUnit>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let units = tenancy::units_of(&self.caller, &ids).await?;
        Ok(units.into_iter().map(|(id, unit)| (UnitKey(id), unit)).collect())
    }
}

/// The units directly beneath this one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ChildrenKey(pub UnitId);

impl Loader<ChildrenKey> for Batches {
    type Value = Vec<OrgUnit>;
    type Error = Shared;
    async fn load(&self, keys: &[ChildrenKey]) -> Result<HashMap<ChildrenKey, Vec<OrgUnit>>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let children = tenancy::children_of(&self.caller, &ids).await?;
        Ok(children
            .into_iter()
            .map(|(id, units)| (ChildrenKey(id), units))
            .collect())
    }
}

/// The members of this network.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MembersKey(pub NetworkId);

impl Loader<MembersKey> for Batches {
    type Value = Vec<NetworkMember>;
    type Error = Shared;
    async fn load(&self, keys: &[MembersKey]) -> Result<HashMap<MembersKey, Vec<NetworkMember>>, Shared> {
        let ids: Vec<NetworkId> = keys.iter().map(|key| key.0).collect();
        let members = tenancy::members_of(&self.caller, &ids).await?;
        Ok(members
            .into_iter()
            .map(|(id, members)| (MembersKey(id), members))
            .collect())
    }
}

/// The attribute with this id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AttributeKey(pub AttributeId);

impl Loader<AttributeKey> for Batches {
    type Value = UnitAttribute;
    type Error = Shared;
    async fn load(&self, keys: &[AttributeKey]) -> Result<HashMap<AttributeKey, UnitAttribute>, Shared> {
        let ids: Vec<AttributeId> = keys.iter().map(|key| key.0).collect();
        let found = tenancy::unit_attributes_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, attribute)| (AttributeKey(id), attribute))
            .collect())
    }
}

/// Units, by the day that is asked about.
fn by_day(keys: impl Iterator<Item = (UnitId, Option<Date>)>) -> HashMap<Option<Date>, Vec<UnitId>> {
    let mut asked: HashMap<Option<Date>, Vec<UnitId>> = HashMap::new();
    for (unit, on) in keys {
        asked.entry(on).or_default().push(unit);
    }
    asked
}

/// What holds of this unit on a day.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct HeldKey(pub UnitId, pub Option<Date>);

impl Loader<HeldKey> for Batches {
    type Value = Vec<HeldAttribute>;
    type Error = Shared;
    async fn load(&self, keys: &[HeldKey]) -> Result<HashMap<HeldKey, Vec<HeldAttribute>>, Shared> {
        let mut found = HashMap::with_capacity(keys.len());
        for (on, units) in by_day(keys.iter().map(|key| (key.0, key.1))) {
            let held = tenancy::attributes_of(&self.caller, &units, on).await?;
            found.extend(held.into_iter().map(|(unit, held)| (HeldKey(unit, on), held)));
        }
        Ok(found)
    }
}

/// The linkages of this team on a day.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct LinkagesKey(pub UnitId, pub Option<Date>);

impl Loader<LinkagesKey> for Batches {
    type Value = Vec<Linkage>;
    type Error = Shared;
    async fn load(&self, keys: &[LinkagesKey]) -> Result<HashMap<LinkagesKey, Vec<Linkage>>, Shared> {
        let mut found = HashMap::with_capacity(keys.len());
        for (on, units) in by_day(keys.iter().map(|key| (key.0, key.1))) {
            let linkages = tenancy::linkages_of(&self.caller, &units, on).await?;
            found.extend(
                linkages
                    .into_iter()
                    .map(|(unit, linkages)| (LinkagesKey(unit, on), linkages)),
            );
        }
        Ok(found)
    }
}

/// The innovation with this id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct InnovationKey(pub InnovationId);

impl Loader<InnovationKey> for Batches {
    type Value = Innovation;
    type Error = Shared;
    async fn load(&self, keys: &[InnovationKey]) -> Result<HashMap<InnovationKey, Innovation>, Shared> {
        let ids: Vec<InnovationId> = keys.iter().map(|key| key.0).collect();
        let found = innovations::innovations_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, innovation)| (InnovationKey(id), innovation))
            .collect())
    }
}

/// The moves of this innovation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MovesKey(pub InnovationId);

impl Loader<MovesKey> for Batches {
    type Value = Vec<InnovationMove>;
    type Error = Shared;
    async fn load(&self, keys: &[MovesKey]) -> Result<HashMap<MovesKey, Vec<InnovationMove>>, Shared> {
        let ids: Vec<InnovationId> = keys.iter().map(|key| key.0).collect();
        let moves = innovations::innovation_moves_of(&self.caller, &ids).await?;
        Ok(moves
            .into_iter()
            .map(|(id, moves)| (MovesKey(id), moves))
            .collect())
    }
}

/// How far this innovation has spread.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SpreadKey {
    pub(crate) innovation: InnovationId,
    pub(crate) unit: Option<Reference>,
    pub(crate) group_by: SpreadGroupBy,
    pub(crate) as_of: Option<Date>,
}

impl Loader<SpreadKey> for Batches {
    type Value = Vec<SpreadMetrics>;
    type Error = Shared;
    async fn load(&self, keys: &[SpreadKey]) -> Result<HashMap<SpreadKey, Vec<SpreadMetrics>>, Shared> {
        // What is asked in the same way of several innovations is one question.
        type Question = (Option<Reference>, SpreadGroupBy, Option<Date>);
        let mut asked: HashMap<Question, Vec<Reference>> = HashMap::new();
        for key in keys {
            let question = (key.unit.clone(), key.group_by, key.as_of);
            asked.entry(question).or_default().push(key.innovation.into());
        }
        let mut found: HashMap<SpreadKey, Vec<SpreadMetrics>> = HashMap::new();
        for ((unit, group_by, as_of), innovations) in asked {
            let query = spread::SpreadQuery {
                innovations,
                unit: unit.clone(),
                group_by,
                as_of,
                ..spread::SpreadQuery::default()
            };
            for row in spread::spread_metrics(&self.caller, &query).await?.iter() {
                let key = SpreadKey {
                    innovation: row.innovation_id,
                    unit: unit.clone(),
                    group_by,
                    as_of,
                };
                found.entry(key).or_default().push(row.clone());
            }
        }
        Ok(found)
    }
}

/// Where this unit stands with this innovation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AdoptionKey(pub Reference, pub UnitId);

impl Loader<AdoptionKey> for Batches {
    type Value = AdoptionView;
    type Error = Shared;
    async fn load(&self, keys: &[AdoptionKey]) -> Result<HashMap<AdoptionKey, AdoptionView>, Shared> {
        let mut asked: HashMap<&Reference, Vec<UnitId>> = HashMap::new();
        for AdoptionKey(innovation, unit) in keys {
            asked.entry(innovation).or_default().push(*unit);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (reference, units) in asked {
            let innovation = innovations::innovation(&self.caller, reference).await?;
            for (unit, view) in spread::adoption_of(&self.caller, innovation.id, &units).await? {
                found.insert(AdoptionKey(reference.clone(), unit), view);
            }
        }
        Ok(found)
    }
}

/// Where this unit stands with all innovations.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct AdoptionsKey(pub UnitId);

impl Loader<AdoptionsKey> for Batches {
    type Value = UnitAdoptions;
    type Error = Shared;
    async fn load(&self, keys: &[AdoptionsKey]) -> Result<HashMap<AdoptionsKey, UnitAdoptions>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let found = spread::adoptions_of_units(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, adoptions)| (AdoptionsKey(id), adoptions))
            .collect())
    }
}

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
use spiral_app::{Caller, tenancy};
use spiral_domain::tenancy::{NetworkMember, OrgUnit};
use spiral_domain::{Error, NetworkId, UnitId};

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

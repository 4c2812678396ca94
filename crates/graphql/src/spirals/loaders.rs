//! What a query asks of many spirals at once: one call of a use case each.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use async_graphql::dataloader::Loader;
use spiral_app::spirals::{self, LatestProgress, LatestSpiral};
use spiral_app::{Beneath, tenancy};
use spiral_domain::programmes::Programme;
use spiral_domain::spirals::{Entry, KnowledgeAnswer, Spiral};
use spiral_domain::{KnowledgeRequestId, ProgrammeId, SpiralId, UnitId};

use crate::loaders::{Batches, Shared};

/// What of this sort is recorded beneath this spiral.
pub(super) struct BeneathKey<R>(SpiralId, PhantomData<fn() -> R>);

impl<R> BeneathKey<R> {
    pub(super) const fn of(spiral: SpiralId) -> Self {
        Self(spiral, PhantomData)
    }
}

impl<R> Clone for BeneathKey<R> {
    fn clone(&self) -> Self {
        Self::of(self.0)
    }
}

impl<R> PartialEq for BeneathKey<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for BeneathKey<R> {}

impl<R> Hash for BeneathKey<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<R: Beneath + Sync + 'static> Loader<BeneathKey<R>> for Batches {
    type Value = Vec<R>;
    type Error = Shared;
    async fn load(&self, keys: &[BeneathKey<R>]) -> Result<HashMap<BeneathKey<R>, Vec<R>>, Shared> {
        let ids: Vec<SpiralId> = keys.iter().map(|key| key.0).collect();
        let found = spirals::beneath_of::<R>(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, records)| (BeneathKey::of(id), records))
            .collect())
    }
}

/// The last entries of this spiral's timeline.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct EntriesKey(pub SpiralId, pub i64);

impl Loader<EntriesKey> for Batches {
    type Value = Vec<Entry>;
    type Error = Shared;
    async fn load(&self, keys: &[EntriesKey]) -> Result<HashMap<EntriesKey, Vec<Entry>>, Shared> {
        let mut asked: HashMap<i64, Vec<SpiralId>> = HashMap::new();
        for EntriesKey(spiral, last) in keys {
            asked.entry(*last).or_default().push(*spiral);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for (last, spirals) in asked {
            let entries = spirals::latest_entries_of(&self.caller, &spirals, last).await?;
            found.extend(
                entries
                    .into_iter()
                    .map(|(id, entries)| (EntriesKey(id, last), entries)),
            );
        }
        Ok(found)
    }
}

/// What the team last said of the progress of this spiral of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ProgressKey(pub SpiralId, pub UnitId);

impl Loader<ProgressKey> for Batches {
    type Value = LatestProgress;
    type Error = Shared;
    async fn load(&self, keys: &[ProgressKey]) -> Result<HashMap<ProgressKey, LatestProgress>, Shared> {
        let asked: Vec<(SpiralId, UnitId)> = keys.iter().map(|key| (key.0, key.1)).collect();
        let mut found = spirals::latest_progress_of(&self.caller, &asked).await?;
        Ok(keys
            .iter()
            .filter_map(|key| Some((key.clone(), found.remove(&key.0)?)))
            .collect())
    }
}

/// The answers to this knowledge request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct AnswersKey(pub KnowledgeRequestId);

impl Loader<AnswersKey> for Batches {
    type Value = Vec<KnowledgeAnswer>;
    type Error = Shared;
    async fn load(&self, keys: &[AnswersKey]) -> Result<HashMap<AnswersKey, Vec<KnowledgeAnswer>>, Shared> {
        let ids: Vec<KnowledgeRequestId> = keys.iter().map(|key| key.0).collect();
        let found = spirals::knowledge_answers_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, answers)| (AnswersKey(id), answers))
            .collect())
    }
}

/// The programme with this id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ProgrammeKey(pub ProgrammeId);

impl Loader<ProgrammeKey> for Batches {
    type Value = Programme;
    type Error = Shared;
    async fn load(&self, keys: &[ProgrammeKey]) -> Result<HashMap<ProgrammeKey, Programme>, Shared> {
        let ids: Vec<ProgrammeId> = keys.iter().map(|key| key.0).collect();
        let found = tenancy::programmes_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, programme)| (ProgrammeKey(id), programme))
            .collect())
    }
}

/// The latest spiral of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct LatestSpiralKey(pub UnitId);

impl Loader<LatestSpiralKey> for Batches {
    type Value = LatestSpiral;
    type Error = Shared;
    async fn load(&self, keys: &[LatestSpiralKey]) -> Result<HashMap<LatestSpiralKey, LatestSpiral>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let found = spirals::latest_spirals_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, state)| (LatestSpiralKey(id), state))
            .collect())
    }
}

/// The spiral with this id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SpiralKey(pub SpiralId);

impl Loader<SpiralKey> for Batches {
    type Value = Spiral;
    type Error = Shared;
    async fn load(&self, keys: &[SpiralKey]) -> Result<HashMap<SpiralKey, Spiral>, Shared> {
        let ids: Vec<SpiralId> = keys.iter().map(|key| key.0).collect();
        let found = spirals::spirals_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, spiral)| (SpiralKey(id), spiral))
            .collect())
    }
}

/// The spirals of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SpiralsKey(pub UnitId);

impl Loader<SpiralsKey> for Batches {
    type Value = Vec<Spiral>;
    type Error = Shared;
    async fn load(&self, keys: &[SpiralsKey]) -> Result<HashMap<SpiralsKey, Vec<Spiral>>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let found = spirals::spirals_of_units(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, spirals)| (SpiralsKey(id), spirals))
            .collect())
    }
}

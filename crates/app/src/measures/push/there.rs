//! What the rows of a batch meet in the database.

use std::collections::{BTreeSet, HashMap, HashSet};

use spiral_domain::measures::Observation;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{ObservationId, Result, UnitId};
use spiral_store::{MeasureBook, ObservationGroup, Tx, UnitShare};

use super::{Key, Name, Named, Names, Ready};
use crate::caller::Caller;

/// What the rows of a batch meet in the database.
pub(super) struct There {
    /// Every observation of every group that a row is about or leaves.
    pub(super) rows: Vec<Observation>,
    pub(super) by_key: HashMap<Key, ObservationId>,
    tombstones: HashMap<Key, Vec<ObservationId>>,
    by_name: HashMap<Name, ObservationId>,
    /// Where each stands among the rows.
    by_id: HashMap<ObservationId, usize>,
    pub(super) shares: HashMap<UnitId, UnitShare>,
    pub(super) book: MeasureBook,
}

impl There {
    pub(super) async fn read(
        (caller, tx): (&Caller, &Tx),
        (ready, units): (&[Ready<'_>], &[&OrgUnit]),
        told: &Named,
        names: Names,
    ) -> Result<Self> {
        let mut shares = tx.observation_shares(units).await?;
        let groups: BTreeSet<ObservationGroup> = ready.iter().map(|row| row.key.0).collect();
        let mut rows = tx.observations_in(&groups, &shares).await?;
        let elsewhere = match names {
            Names::Asked => named_elsewhere(tx, ready, &rows).await?,
            Names::TakenToBeFree => Vec::new(),
        };
        let left: BTreeSet<ObservationGroup> = elsewhere
            .iter()
            .map(ObservationGroup::of)
            .filter(|group| !groups.contains(group))
            .collect();
        let book = book(caller, tx, &groups, &left, ready, told).await?;
        if !left.is_empty() {
            let units: Vec<&OrgUnit> = book.units.values().collect();
            shares.extend(tx.observation_shares(&units).await?);
            rows.extend(tx.observations_in(&left, &shares).await?);
        }
        let most = rows.len();
        let (mut by_key, mut by_name) = (HashMap::with_capacity(most), HashMap::with_capacity(most));
        let mut tombstones: HashMap<Key, Vec<ObservationId>> = HashMap::new();
        for row in &rows {
            if row.retracted {
                tombstones.entry(key_of(row)).or_default().push(row.id);
            } else {
                by_key.insert(key_of(row), row.id);
            }
            if let Some(name) = name_of(row) {
                by_name.insert(name, row.id);
            }
        }
        let by_id = rows.iter().enumerate().map(|(n, row)| (row.id, n)).collect();
        Ok(Self {
            rows,
            by_key,
            tombstones,
            by_name,
            by_id,
            shares,
            book,
        })
    }

    /// The observation that a row is about, if there is one: the one of its name, else the one of its key, else
    /// one of its key that was taken back and that nobody else holds.
    pub(super) fn target(&self, caller: &Caller, row: &Ready<'_>) -> Option<&Observation> {
        let named = row.name.as_ref().and_then(|name| self.by_name.get(name));
        let live = || self.by_key.get(&row.key);
        let back = || {
            let mut old = self.tombstones.get(&row.key)?.clone();
            old.sort_unstable();
            old.into_iter()
                .rfind(|id| self.with_id(id).is_some_and(|old| is_free(caller, old, row)))
        };
        let id = named.or_else(live).copied().or_else(back)?;
        self.with_id(&id)
    }

    fn with_id(&self, id: &ObservationId) -> Option<&Observation> {
        self.rows.get(*self.by_id.get(id)?)
    }
}

/// What must be known of measures and units: what was read for the checks, if it still holds, or else as it is now.
async fn book(
    caller: &Caller,
    tx: &Tx,
    entered: &BTreeSet<ObservationGroup>,
    left: &BTreeSet<ObservationGroup>,
    ready: &[Ready<'_>],
    told: &Named,
) -> Result<MeasureBook> {
    let groups = || entered.iter().chain(left);
    if caller.settled_in(tx) {
        let mut book = MeasureBook::default();
        for row in ready {
            book.units.entry(row.unit.id).or_insert_with(|| row.unit.clone());
        }
        book.stood.clone_from(&told.stood);
        for measure in told.measures.values() {
            let own = measure
                .dimensions
                .iter()
                .filter_map(|code| told.dimensions.get(code).cloned())
                .collect();
            book.measures.insert(measure.id, (measure.clone(), own));
        }
        let known = |group: &ObservationGroup| {
            book.measures.contains_key(&group.measure) && book.units.contains_key(&group.unit)
        };
        if groups().all(known) {
            return Ok(book);
        }
    }
    let measures: BTreeSet<_> = groups().map(|group| group.measure).collect();
    let about: BTreeSet<_> = groups().map(|group| group.unit).collect();
    tx.measure_book(
        &measures.into_iter().collect::<Vec<_>>(),
        &about.into_iter().collect::<Vec<_>>(),
    )
    .await
}

/// What the sources of the batch call as it does, but which stands somewhere else.
async fn named_elsewhere(tx: &Tx, ready: &[Ready<'_>], rows: &[Observation]) -> Result<Vec<Observation>> {
    let here: HashSet<(&str, &str)> = rows
        .iter()
        .filter_map(|row| row.source.as_deref().zip(row.external_id.as_deref()))
        .collect();
    let names: BTreeSet<Name> = ready
        .iter()
        .filter_map(|row| row.name.as_ref())
        .filter(|(source, external_id)| !here.contains(&(source.as_str(), external_id.as_str())))
        .cloned()
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    tx.observations_named(&names).await
}

pub(super) fn key_of(row: &Observation) -> Key {
    (ObservationGroup::of(row), row.stratum.clone())
}

pub(super) fn name_of(row: &Observation) -> Option<Name> {
    row.source.clone().zip(row.external_id.clone())
}

/// Whether nobody but the row's own source holds the observation; what people have recorded is no tool's.
pub(super) fn is_free(caller: &Caller, there: &Observation, row: &Ready<'_>) -> bool {
    match (name_of(there), &row.name) {
        (None, _) => caller.client().is_none(),
        (Some(held), Some(name)) => held == *name,
        (Some((source, _)), None) => caller.scope().sources.contains(&source),
    }
}

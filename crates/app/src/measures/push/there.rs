//! What the rows of a batch meet in the database.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::measures::Observation;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Result, UnitId};
use spiral_store::{MeasureBook, ObservationGroup, Tx, UnitShare};

use super::{Key, Name, Named, Names, Ready};
use crate::caller::Caller;

/// What is in the database where the rows of a batch go.
pub(super) struct Met {
    /// Every observation of every group that a row is about or leaves.
    pub(super) rows: Vec<Observation>,
    pub(super) shares: HashMap<UnitId, UnitShare>,
    pub(super) book: MeasureBook,
}

impl Met {
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
            let units: Vec<&OrgUnit> = book.units.values().map(|unit| &**unit).collect();
            shares.extend(tx.observation_shares(&units).await?);
            rows.extend(tx.observations_in(&left, &shares).await?);
        }
        Ok(Self { rows, shares, book })
    }
}

/// What is there, by what rows say of it.
pub(super) struct There<'m> {
    pub(super) met: &'m Met,
    pub(super) by_key: HashMap<Key<'m>, &'m Observation>,
    tombstones: HashMap<Key<'m>, Vec<&'m Observation>>,
    by_name: HashMap<Name<'m>, &'m Observation>,
}

impl<'m> There<'m> {
    pub(super) fn new(met: &'m Met) -> Self {
        let most = met.rows.len();
        let mut there = Self {
            met,
            by_key: HashMap::with_capacity(most),
            tombstones: HashMap::new(),
            by_name: HashMap::with_capacity(most),
        };
        for row in &met.rows {
            if row.retracted {
                there.tombstones.entry(key_of(row)).or_default().push(row);
            } else {
                there.by_key.insert(key_of(row), row);
            }
            if let Some(name) = name_of(row) {
                there.by_name.insert(name, row);
            }
        }
        there
    }

    /// The observation that a row is about, if there is one: the one of its name, else the one of its key, else the
    /// latest of its key that was taken back and that nobody else holds.
    pub(super) fn target(&self, caller: &Caller, row: &Ready<'_>) -> Option<&'m Observation> {
        let named = row.name.and_then(|name| self.by_name.get(&name));
        let live = || self.by_key.get(&row.key);
        let back = || {
            let old = self.tombstones.get(&row.key)?.iter();
            old.filter(|old| is_free(caller, old, row))
                .max_by_key(|old| old.id)
        };
        named.or_else(live).or_else(back).copied()
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
        book.units.reserve(ready.len());
        book.units
            .extend(ready.iter().map(|row| (row.unit.id, Arc::clone(row.unit))));
        book.stood = Arc::clone(&told.stood);
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
    let here: HashSet<Name<'_>> = rows.iter().filter_map(name_of).collect();
    let names = ready.iter().filter_map(|row| row.name);
    let names: BTreeSet<(String, String)> = names
        .filter(|name| !here.contains(name))
        .map(|(source, external_id)| (source.to_owned(), external_id.to_owned()))
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    tx.observations_named(&names).await
}

pub(super) fn key_of(row: &Observation) -> Key<'_> {
    (ObservationGroup::of(row), &row.stratum)
}

pub(super) fn name_of(row: &Observation) -> Option<Name<'_>> {
    row.source.as_deref().zip(row.external_id.as_deref())
}

/// Whether nobody but the row's own source holds the observation; what people have recorded is no tool's.
pub(super) fn is_free(caller: &Caller, there: &Observation, row: &Ready<'_>) -> bool {
    match (name_of(there), row.name) {
        (None, _) => caller.client().is_none(),
        (Some(held), Some(name)) => held == name,
        (Some((source, _)), None) => caller.scope().sources.iter().any(|own| own == source),
    }
}

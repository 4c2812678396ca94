//! Pushing observations: each row checked by itself and against what is there, then all written as one.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow, RowStatus, Verdicts};
use spiral_domain::measures::{Measure, Observation, Period, PushObservation, Stratum, StratumDimension};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Error, PrincipalId, Reference, Result, Sharing, UnitId, Violation};
use spiral_store::{NAME_TAKEN, ObservationChange, ObservationGroup, Stood, Tx, number_new};

use crate::caller::Caller;
use crate::clock::fresh;
use crate::sources;
use crate::tenancy::Successors;

mod there;

use there::{Met, There, is_free, key_of, name_of};

/// What rows refer to, resolved with the platform's eyes: every principal may know of a unit, and a tool must
/// be able to name the measures that it may push to. Each row is then judged by what its caller may do.
struct Named {
    units: HashMap<Reference, Arc<OrgUnit>>,
    measures: HashMap<Reference, Measure>,
    owners: HashMap<UnitId, OrgUnit>,
    dimensions: HashMap<String, StratumDimension>,
    clients: HashMap<String, PrincipalId>,
    successors: Successors,
    stood: Arc<HashMap<UnitId, Stood>>,
}

type Key<'r> = (ObservationGroup, &'r Stratum);
type Name<'r> = (&'r str, &'r str);

/// A row that is right in itself.
struct Ready<'n> {
    row: usize,
    input: &'n PushObservation,
    unit: &'n Arc<OrgUnit>,
    key: Key<'n>,
    name: Option<Name<'n>>,
}

/// Pushes observations: new ones, corrections and retractions.
pub async fn push_observations(
    caller: &Caller,
    batch: Vec<BatchRow<PushObservation>>,
    options: BatchOptions,
) -> Result<BatchReport> {
    caller.require(Action::PushObservations)?;
    let most = caller.app().settings().batch_rows;
    if batch.len() > most {
        let detail = format!("a batch has at most {most} rows; send several");
        return Err(Error::invalid("", "too_many_rows", detail));
    }
    let (mut verdicts, rows) = Verdicts::split(batch);
    let named = resolve(caller, &rows).await?;
    let ready = judge(caller, &rows, &named, &mut verdicts);
    if ready.is_empty() {
        return verdicts.finish(options);
    }
    // Most names are new, and that they are is seen when they are written. Where one is not, or a row is refused for
    // whatever reason, the batch is looked at again, with what its names mean.
    if !options.dry_run && !verdicts.any_refused() {
        let attempt = write(
            caller,
            &ready,
            &named,
            verdicts.clone(),
            options,
            Names::TakenToBeFree,
        );
        if let Some(report) = attempt.await? {
            return Ok(report);
        }
    }
    let written = write(caller, &ready, &named, verdicts, options, Names::Asked);
    let report = written.await?;
    report.ok_or_else(|| Error::internal("a batch was left without a report"))
}

/// What is known of what sources call their observations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Nothing: one that is not found where its row is about is taken to be new.
    TakenToBeFree,
    /// Where each of them stands.
    Asked,
}

/// Writes a batch and reports. None if it cannot be said without asking for the names.
async fn write(
    caller: &Caller,
    ready: &[Ready<'_>],
    named: &Named,
    mut verdicts: Verdicts,
    options: BatchOptions,
    names: Names,
) -> Result<Option<BatchReport>> {
    let units = units_of(ready);
    let mut tx = caller.begin(Action::PushObservations, &units[..]).await?;
    let met = Met::read((caller, &tx), (ready, &units), named, names).await?;
    let changes = decide(caller, &tx, ready, &There::new(&met), &mut verdicts)?;
    let refused = verdicts.any_refused();
    if refused && names == Names::TakenToBeFree {
        tx.undo().await?;
        return Ok(None);
    }
    let report = verdicts.finish(options)?;
    if options.dry_run || refused && options.atomic != Some(false) {
        return Ok(Some(report));
    }
    let changed = tx.change_observations(&changes, &met.rows, &met.book, &met.shares);
    match changed.await {
        Ok(()) => tx.commit(report).await.map(Some),
        Err(error) if names == Names::TakenToBeFree && error.code() == NAME_TAKEN => {
            tx.undo().await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn resolve(caller: &Caller, rows: &[(usize, PushObservation)]) -> Result<Named> {
    let platform = caller.platform();
    let store = platform.store();
    let units = caller.named_units(rows.iter().map(|(_, row)| &row.unit)).await?;
    // Most batches are about few measures, row after row.
    let mut measures: Vec<&Reference> = rows.iter().map(|(_, row)| &row.measure).collect();
    measures.dedup();
    let measures = store.resolve::<Measure>(measures).await?;
    let owners: Vec<UnitId> = measures.values().map(|measure| measure.unit_id).collect();
    let owners = crate::tenancy::units_of(&platform, &owners).await?;
    let codes: BTreeSet<String> = measures
        .values()
        .flat_map(|measure| measure.dimensions.iter().cloned())
        .collect();
    let dimensions = store
        .dimensions_by_code(&codes.into_iter().collect::<Vec<_>>())
        .await?;
    let clients = sources::owners(store, rows.iter().filter_map(|(_, row)| row.source.as_ref())).await?;
    let ids: Vec<UnitId> = units.values().map(|unit| unit.id).collect();
    Ok(Named {
        stood: Arc::new(caller.stood(&ids).await?),
        successors: Successors::of(store, units.values().map(|unit| &**unit)).await?,
        units,
        measures,
        owners,
        dimensions,
        clients,
    })
}

/// Whether the caller may know of a measure: by reading it, or because it is shared with the unit for which a tool
/// pushes its owner's observations.
fn knows(caller: &Caller, measure: &Measure, owner: &OrgUnit) -> bool {
    let scope = caller.scope();
    measure.sharing == Sharing::Everyone
        || scope
            .pushes_from(Action::PushObservations, owner)
            .is_some_and(|level| level <= measure.sharing)
        || scope
            .reads_from(Action::ReadObservations, &owner.path)
            .is_some_and(|level| level <= measure.sharing)
}

/// A measure that the caller may know of, and the tier of its owner.
fn known_measure<'n>(caller: &Caller, name: &Reference, named: &'n Named) -> Option<(&'n Measure, Tier)> {
    let measure = named.measures.get(name)?;
    let owner = named.owners.get(&measure.unit_id)?;
    knows(caller, measure, owner).then_some((measure, owner.tier))
}

/// Every rule that a row can be judged by alone, and rows that are in the batch twice.
fn judge<'n>(
    caller: &Caller,
    rows: &'n [(usize, PushObservation)],
    named: &'n Named,
    verdicts: &mut Verdicts,
) -> Vec<Ready<'n>> {
    let numeric_ids = caller.client().is_some_and(|client| client.numeric_ids);
    let mut ready = Vec::with_capacity(rows.len());
    let most = rows.len();
    let (mut rows_by_key, mut rows_by_name) = (HashMap::with_capacity(most), HashMap::with_capacity(most));
    let mut latest: Option<(&Reference, Option<(&Measure, Tier)>)> = None;
    for (row, input) in rows {
        let row = *row;
        let mut found = input.check(numeric_ids);
        found.extend(sources::refuse_source(
            caller,
            input.source.as_ref(),
            &named.clients,
        ));
        let unit = match named.units.get(&input.unit) {
            Some(unit) if may_push(caller, unit) => Some(unit),
            Some(_) if caller.scope().system || caller.scope().token_allows(Action::ReadDirectory) => {
                let detail = "you may read of this unit but not push its observations";
                found.push(Violation::new("/unit", "forbidden", detail));
                None
            }
            _ => {
                let detail = format!("there is no unit `{}`", input.unit);
                found.push(Violation::new("/unit", "not_found", detail));
                None
            }
        };
        if latest.is_none_or(|(name, _)| *name != input.measure) {
            latest = Some((&input.measure, known_measure(caller, &input.measure, named)));
        }
        let measure = latest.and_then(|(_, measure)| measure);
        if measure.is_none() {
            let detail = format!("there is no measure `{}`", input.measure);
            found.push(Violation::new("/measure", "not_found", detail));
        }
        let mut key = None;
        if let Some((measure, owner)) = measure {
            key = judge_by_measure(caller, input, (measure, owner), unit, named, &mut found);
        }
        let name = input.source.as_deref().zip(input.external_id.as_deref());
        if found.is_empty() {
            if let Some(first) = key.as_ref().and_then(|key| rows_by_key.get(key)) {
                found.push(twice("", *first));
            } else if let Some(first) = name.as_ref().and_then(|name| rows_by_name.get(name)) {
                found.push(twice("/externalId", *first));
            }
        }
        match (unit, key) {
            (Some(unit), Some(key)) if found.is_empty() => {
                rows_by_key.insert(key, row);
                if let Some(name) = name {
                    rows_by_name.insert(name, row);
                }
                ready.push(Ready {
                    row,
                    input,
                    unit,
                    key,
                    name,
                });
            }
            _ => verdicts.reject(row, found),
        }
    }
    ready
}

fn twice(pointer: &str, first: usize) -> Violation {
    let detail = format!("row {first} of this batch is about the same observation");
    Violation::new(pointer, "twice_in_batch", detail)
}

fn judge_by_measure<'n>(
    caller: &Caller,
    input: &'n PushObservation,
    (measure, owner): (&Measure, Tier),
    unit: Option<&Arc<OrgUnit>>,
    named: &Named,
    found: &mut Vec<Violation>,
) -> Option<Key<'n>> {
    let dimensions: Vec<&StratumDimension> = measure
        .dimensions
        .iter()
        .filter_map(|code| named.dimensions.get(code))
        .collect();
    found.extend(input.check_figures(measure, &dimensions));
    let period = match input.period_for(measure) {
        Ok(period) => period?,
        Err(violation) => {
            found.push(violation);
            return None;
        }
    };
    found.extend(input.check_period(measure, period, caller.today()));
    let unit = unit?;
    let mut of_unit = input.check_unit(measure, owner, unit, period);
    named.successors.name_in(unit.id, &mut of_unit);
    found.extend(of_unit);
    Some((group(measure, unit, period), &input.stratum))
}

fn group(measure: &Measure, unit: &OrgUnit, period: Period) -> ObservationGroup {
    ObservationGroup {
        measure: measure.id,
        unit: unit.id,
        period,
    }
}

fn may_push(caller: &Caller, unit: &OrgUnit) -> bool {
    caller.scope().may_write(Action::PushObservations, unit)
}

/// The units that rows are about, each once.
fn units_of<'n>(ready: &[Ready<'n>]) -> Vec<&'n OrgUnit> {
    let mut units: Vec<&OrgUnit> = ready.iter().map(|row| &**row.unit).collect();
    units.sort_unstable_by_key(|unit| unit.id);
    units.dedup_by_key(|unit| unit.id);
    units
}

/// What becomes of each row; the changes that the good ones make.
fn decide(
    caller: &Caller,
    tx: &Tx,
    ready: &[Ready<'_>],
    there: &There<'_>,
    verdicts: &mut Verdicts,
) -> Result<Vec<ObservationChange>> {
    let mut changes: Vec<(usize, ObservationChange)> = Vec::with_capacity(ready.len());
    let mut met = HashSet::with_capacity(ready.len());
    for row in ready {
        let before = there.target(caller, row);
        if let Some(refusal) = refusal(caller, before, row, there) {
            verdicts.reject(row.row, vec![refusal]);
            continue;
        }
        if let Some(before) = before
            && !met.insert(before.id)
        {
            let detail = "an earlier row of this batch is about the same observation";
            verdicts.refuse(row.row, "/externalId", "twice_in_batch", detail);
            continue;
        }
        let after = match before {
            Some(before) if row.input.retracted => super::taken_back(before, caller, tx),
            _ => {
                let share = there.met.shares.get(&row.unit.id);
                let share = share.ok_or_else(|| Error::internal("a unit without a sharing level"))?;
                state(caller, tx, before, row, share.level)
            }
        };
        match before {
            Some(before) if before.says_the_same(&after) => {
                verdicts.accept(row.row, RowStatus::Unchanged, before.id.0);
            }
            _ => changes.push((
                row.row,
                ObservationChange {
                    before: before.cloned(),
                    after,
                },
            )),
        }
    }
    refuse_taken_keys(&mut changes, there, verdicts);
    number_new(
        changes.iter_mut().map(|(_, change)| change),
        &there.met.shares,
        fresh,
    )?;
    for (row, change) in &changes {
        let status = if change.before.is_some() {
            RowStatus::Updated
        } else {
            RowStatus::Inserted
        };
        verdicts.accept(*row, status, change.after.id.0);
    }
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}

/// Why a row may not touch what it is about.
fn refusal(
    caller: &Caller,
    before: Option<&Observation>,
    row: &Ready<'_>,
    there: &There<'_>,
) -> Option<Violation> {
    let Some(before) = before else {
        return row.input.retracted.then(|| {
            Violation::new(
                "",
                "not_found",
                "there is no such observation that could be taken back",
            )
        });
    };
    if before.unit_id != row.unit.id {
        let unit = there.met.book.units.get(&before.unit_id);
        if !unit.is_some_and(|unit| may_push(caller, unit)) {
            let detail = "this externalId is in use for this source";
            return Some(Violation::new("/externalId", "external_id_taken", detail));
        }
    }
    if is_free(caller, before, row) || row.input.take_over || caller.scope().system {
        return None;
    }
    let own = row.name.is_some() && before.source == row.input.source;
    Some(if own {
        let detail =
            "this observation is there under another externalId of your source; `takeOver` renames it";
        Violation::new("/externalId", "held_by_another_name", detail)
    } else {
        let detail = "another source holds this observation; `takeOver` takes it over";
        Violation::new("/source", "held_by_another_source", detail)
    })
}

/// The observation as the row says it.
fn state(
    caller: &Caller,
    tx: &Tx,
    before: Option<&Observation>,
    row: &Ready<'_>,
    sharing: Sharing,
) -> Observation {
    let input = row.input;
    // Adding 0 turns -0 into 0.
    let figure = |value: Option<f64>| value.map(|value| value + 0.0);
    let name = match (row.name, before) {
        (Some(name), _) => Some(name),
        // A row without a name leaves the name of what it may touch.
        (None, Some(before)) if is_free(caller, before, row) => name_of(before),
        (None, _) => None,
    };
    let (source, external_id) = name.unzip();
    Observation {
        id: before.map_or_else(fresh, |before| before.id),
        measure_id: row.key.0.measure,
        unit_id: row.key.0.unit,
        period_start: row.key.0.period.start,
        period_end: row.key.0.period.end,
        stratum: row.key.1.clone(),
        numerator: figure(input.numerator),
        denominator: figure(input.denominator),
        value: figure(input.value),
        n: input.n,
        quality: input.quality.unwrap_or_default(),
        source: source.map(str::to_owned),
        external_id: external_id.map(str::to_owned),
        recorded_at: tx.now(),
        recorded_by: caller.principal().id,
        retracted: false,
        sharing,
        version: before.map_or(1, |before| before.version + 1),
    }
}

/// Refuses corrections that would land on the key of an observation that stays there. A refused row keeps its
/// own key, so that it may in turn be in the way of another.
fn refuse_taken_keys(
    changes: &mut Vec<(usize, ObservationChange)>,
    there: &There<'_>,
    verdicts: &mut Verdicts,
) {
    // Only what goes to another key, or comes back to its own, can meet what is there.
    let moves = |change: &ObservationChange| {
        let after = &change.after;
        change.before.as_ref().is_some_and(|before| {
            before.retracted
                || ObservationGroup::of(before) != ObservationGroup::of(after)
                || before.stratum != after.stratum
        })
    };
    if !changes.iter().any(|(_, change)| moves(change)) {
        return;
    }
    loop {
        let mut held: HashSet<Key<'_>> = there.by_key.keys().copied().collect();
        for (_, change) in changes.iter() {
            if let Some(before) = change.before.as_ref().filter(|before| !before.retracted) {
                held.remove(&key_of(before));
            }
        }
        let mut refused = HashSet::new();
        for (row, change) in changes.iter().filter(|(_, change)| !change.after.retracted) {
            if !held.insert(key_of(&change.after)) {
                refused.insert(*row);
                let detail = "another observation is there for this measure, unit, period and stratum";
                verdicts.refuse(*row, "", "key_taken", detail);
            }
        }
        if refused.is_empty() {
            return;
        }
        changes.retain(|(row, _)| !refused.contains(row));
    }
}

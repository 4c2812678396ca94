//! Recording adoption events, one or many at a time: the same row again changes nothing, a changed one corrects.

use std::collections::{HashMap, HashSet};

use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow, RowStatus, Verdicts};
use spiral_domain::innovations::Innovation;
use spiral_domain::people::Action;
use spiral_domain::spread::{AdoptionEvent, RecordAdoption};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    AdoptionEventId, Error, PartialDate, PrincipalId, Reference, Result, Sharing, UnitId, Violation,
};
use spiral_store::{Histories, Pair, Tx};

use super::paths::check_paths;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::sources::{may_know, owners, refuse_source};

/// Records that a unit reached a stage; the same event again is answered as it stands.
pub async fn record_adoption(caller: &Caller, input: RecordAdoption) -> Result<AdoptionEvent> {
    input.check(caller.today(), numeric_ids(caller))?;
    let store = caller.store();
    let unit: OrgUnit = store.named(&input.unit).await?;
    let innovation: Innovation = store.named(&input.innovation).await?;
    let learnt_from: Option<OrgUnit> = match &input.learnt_from {
        Some(other) => Some(store.named(other).await?),
        None => None,
    };
    let mut tx = caller.begin(Action::RecordAdoption, &[&unit][..]).await?;
    let mut verdicts = Verdicts::new([None]);
    let row = Row {
        number: 0,
        input,
        unit,
        innovation,
        learnt_from,
    };
    let sources = owners(&tx, row.input.source.iter()).await?;
    let settled = settle(caller, &tx, vec![row], &sources, &mut verdicts).await?;
    if let Err(Error::Invalid(found)) = verdicts.finish(BatchOptions::default()) {
        return Err(refusal(found));
    }
    let event = settled
        .rows
        .first()
        .map(|row| row.event.clone())
        .ok_or_else(|| Error::internal("an accepted event is gone"))?;
    tx.put_adoption_events(&settled.before, &settled.changed())
        .await?;
    tx.commit(event).await
}

/// One row's violations as the error of a request of its own.
fn refusal(found: Vec<Violation>) -> Error {
    let found: Vec<Violation> = found
        .into_iter()
        .map(|violation| Violation {
            pointer: violation.pointer.trim_start_matches("/0").to_owned(),
            ..violation
        })
        .collect();
    match found.as_slice() {
        [only] if only.code == HELD => Error::Conflict {
            code: HELD,
            detail: only.detail.clone(),
            pointer: Some(only.pointer.clone()),
        },
        _ => Error::Invalid(found),
    }
}

const HELD: &str = "held_by_another_source";

/// Records many events; each row has its own verdict.
pub async fn push_adoption_events(
    caller: &Caller,
    batch: Vec<BatchRow<RecordAdoption>>,
    options: BatchOptions,
) -> Result<BatchReport> {
    caller.require(Action::RecordAdoption)?;
    let most = caller.app().settings().batch_rows;
    if batch.len() > most {
        return Err(Error::invalid(
            "",
            "too_many_rows",
            format!("{} rows, at most {most} are taken at once", batch.len()),
        ));
    }
    let (mut verdicts, readable) = Verdicts::split(batch);
    let rows = resolve(caller, readable, &mut verdicts).await?;
    let units: Vec<&OrgUnit> = rows.iter().map(|row| &row.unit).collect();
    let mut tx = caller.begin(Action::RecordAdoption, &units[..]).await?;
    let sources = owners(&tx, rows.iter().filter_map(|row| row.input.source.as_ref())).await?;
    let settled = settle(caller, &tx, rows, &sources, &mut verdicts).await?;
    let report = verdicts.finish(options)?;
    if options.dry_run {
        return Ok(report);
    }
    tx.put_adoption_events(&settled.before, &settled.changed())
        .await?;
    tx.commit(report).await
}

/// A row with what it refers to.
struct Row {
    number: usize,
    input: RecordAdoption,
    unit: OrgUnit,
    innovation: Innovation,
    learnt_from: Option<OrgUnit>,
}

impl Row {
    fn pair(&self) -> Pair {
        (self.innovation.id, self.unit.id)
    }

    fn name(&self) -> Option<(String, String)> {
        self.input.source.clone().zip(self.input.external_id.clone())
    }
}

fn numeric_ids(caller: &Caller) -> bool {
    caller.client().is_some_and(|client| client.numeric_ids)
}

/// Rows that pass their own rules, whose references are there, and that the caller may write.
async fn resolve(
    caller: &Caller,
    readable: Vec<(usize, RecordAdoption)>,
    verdicts: &mut Verdicts,
) -> Result<Vec<Row>> {
    let store = caller.store();
    let mut named: (Vec<&Reference>, Vec<&Reference>) = (Vec::new(), Vec::new());
    for (_, row) in &readable {
        named.0.push(&row.unit);
        named.0.extend(row.learnt_from.as_ref());
        named.1.push(&row.innovation);
    }
    let units: HashMap<Reference, OrgUnit> = store.resolve(named.0).await?;
    let innovations: HashMap<Reference, Innovation> = store.resolve(named.1).await?;
    let mut may: HashMap<UnitId, bool> = HashMap::new();
    let mut rows = Vec::with_capacity(readable.len());
    for (number, input) in readable {
        let mut found = match input.check(caller.today(), numeric_ids(caller)) {
            Err(Error::Invalid(found)) => found,
            other => {
                other?;
                Vec::new()
            }
        };
        let mut missing = |pointer: &str, what: &str, reference: &Reference| {
            found.push(Violation::new(
                pointer,
                "not_found",
                format!("there is no {what} `{reference}`"),
            ));
        };
        let unit = units.get(&input.unit);
        let innovation = innovations.get(&input.innovation);
        let learnt_from = input.learnt_from.as_ref().map(|other| units.get(other));
        if unit.is_none() {
            missing("/unit", "unit", &input.unit);
        }
        if innovation.is_none() {
            missing("/innovation", "innovation", &input.innovation);
        }
        if let (Some(None), Some(reference)) = (learnt_from, &input.learnt_from) {
            missing("/learntFrom", "unit", reference);
        }
        if let Some(unit) = unit
            && !*may
                .entry(unit.id)
                .or_insert_with(|| caller.scope().may_write(Action::RecordAdoption, unit))
        {
            found.push(Violation::new(
                "/unit",
                "forbidden",
                "the caller may not record adoption for this unit",
            ));
        }
        match (unit, innovation, found.is_empty()) {
            (Some(unit), Some(innovation), true) => rows.push(Row {
                number,
                unit: unit.clone(),
                innovation: innovation.clone(),
                learnt_from: learnt_from.flatten().cloned(),
                input,
            }),
            _ => verdicts.reject(number, found),
        }
    }
    Ok(rows)
}

/// A row with the event that it makes.
pub(super) struct Settled {
    pub(super) number: usize,
    pub(super) event: AdoptionEvent,
    pub(super) status: RowStatus,
    /// The pair of the event so far, if it was there.
    pub(super) was: Option<Pair>,
}

/// Rows that hold, and what they were compared with.
struct Settling {
    before: Histories,
    rows: Vec<Settled>,
}

impl Settling {
    fn changed(&self) -> Vec<AdoptionEvent> {
        self.rows
            .iter()
            .filter(|row| row.status != RowStatus::Unchanged)
            .map(|row| row.event.clone())
            .collect()
    }
}

/// Decides for each row whether it is new, a correction or known already, and whether it fits.
async fn settle(
    caller: &Caller,
    tx: &Tx,
    rows: Vec<Row>,
    sources: &HashMap<String, PrincipalId>,
    verdicts: &mut Verdicts,
) -> Result<Settling> {
    let names: Vec<(String, String)> = rows.iter().filter_map(Row::name).collect();
    let known = if names.is_empty() {
        HashMap::new()
    } else {
        tx.events_named(&names).await?
    };
    let mut pairs: Vec<Pair> = rows.iter().map(Row::pair).collect();
    pairs.extend(known.values().map(|event| (event.innovation_id, event.unit_id)));
    pairs.sort_unstable();
    pairs.dedup();
    let before = tx.histories(&pairs).await?;
    let mut units: Vec<&OrgUnit> = rows.iter().map(|row| &row.unit).collect();
    units.sort_unstable_by_key(|unit| unit.id);
    units.dedup_by_key(|unit| unit.id);
    let levels = tx.adoption_sharing(&units).await?;
    // A correction may take an event away from a unit that the caller may not write.
    let theirs: Vec<UnitId> = known.values().map(|event| event.unit_id).collect();
    let theirs: HashMap<UnitId, OrgUnit> = tx.find::<OrgUnit>().ids(&theirs).by_id().await?;
    let met = may_know_of(caller, &before, units.iter().copied().chain(theirs.values()));
    let mut twice = Twice::default();
    let mut settled = Vec::with_capacity(rows.len());
    for row in rows {
        let number = row.number;
        let found = match find_event(caller, &row, &known, &met, sources, &theirs) {
            Ok(_) if twice.seen(&row) => Err(Violation::new(
                "",
                "twice",
                "this event stands in the batch already",
            )),
            found => found,
        };
        let existing = match found {
            Ok(existing) => existing,
            Err(violation) => {
                verdicts.reject(number, vec![violation]);
                continue;
            }
        };
        if let (false, Err(Error::Invalid(found))) = (
            row.input.retracted,
            row.input.check_units(&row.unit, row.learnt_from.as_ref()),
        ) {
            verdicts.reject(number, found);
            continue;
        }
        let level = levels.get(&row.unit.id).copied().unwrap_or(Sharing::Team);
        settled.push(made(caller, tx, row, existing, level));
    }
    check_paths(&met, &mut settled, verdicts);
    for row in &settled {
        verdicts.accept(row.number, row.status, row.event.id.into());
    }
    Ok(Settling {
        before,
        rows: settled,
    })
}

/// Rows seen so far in a batch.
#[derive(Default)]
struct Twice {
    names: HashSet<(String, String)>,
    /// What is said, and whether a row without a name says it.
    said: HashMap<(Pair, spiral_domain::spread::Stage, PartialDate), bool>,
}

impl Twice {
    /// Whether the row stands in the batch already; remembers it.
    fn seen(&mut self, row: &Row) -> bool {
        let name = row.name();
        let plain = name.is_none();
        let named_twice = name.is_some_and(|name| !self.names.insert(name));
        let key = (row.pair(), row.input.stage, row.input.occurred_on);
        match self.said.get_mut(&key) {
            None => {
                self.said.insert(key, plain);
                named_twice
            }
            // Two names may say the same; a row without a name is whatever says the same.
            Some(was_plain) => {
                let said_twice = plain || *was_plain;
                *was_plain |= plain;
                named_twice || said_twice
            }
        }
    }
}

/// The event that a row speaks of, if it is there; an error if the caller's source does not hold it.
fn find_event(
    caller: &Caller,
    row: &Row,
    named: &HashMap<(String, String), AdoptionEvent>,
    met: &Histories,
    sources: &HashMap<String, PrincipalId>,
    theirs: &HashMap<UnitId, OrgUnit>,
) -> Result<Option<AdoptionEvent>, Violation> {
    if let Some(violation) = refuse_source(caller, row.input.source.as_ref(), sources) {
        return Err(violation);
    }
    let held = |detail: &str| Violation::new("/source", HELD, detail);
    if let Some(event) = row.name().and_then(|name| named.get(&name)) {
        let owner = if event.unit_id == row.unit.id {
            Some(&row.unit)
        } else {
            theirs.get(&event.unit_id)
        };
        if !owner.is_some_and(|owner| may_know(caller, Action::ReadAdoption, owner, event)) {
            return Err(held("this externalId is in use for this source"));
        }
        let may = event.unit_id == row.unit.id
            || theirs
                .get(&event.unit_id)
                .is_some_and(|unit| caller.scope().may_write(Action::RecordAdoption, unit));
        return if may {
            Ok(Some(event.clone()))
        } else {
            let detail = "this event is about another unit, for which the caller may not record adoption";
            Err(Violation::new("/unit", "forbidden", detail))
        };
    }
    let mut same: Vec<&AdoptionEvent> = met
        .get(&row.pair())
        .into_iter()
        .flatten()
        .filter(|event| event.stage == row.input.stage && event.occurred() == row.input.occurred_on)
        .collect();
    // What still counts before what was taken back, what has no source before what has one.
    same.sort_by_key(|event| (event.retracted, event.source.is_some(), event.id));
    let existing = if row.input.source.is_some() {
        let other = same
            .into_iter()
            .find(|event| !event.retracted && event.source != row.input.source);
        match other {
            Some(_) if !row.input.take_over => {
                return Err(held("another source says the same; take it over or leave it"));
            }
            other => other,
        }
    } else {
        let Some(event) = same.first().copied() else {
            return retraction_needs_event(row, None);
        };
        let foreign = event
            .source
            .as_ref()
            .is_some_and(|source| !caller.scope().sources.contains(source));
        let differs = row.input.retracted != event.retracted || !row.adds_nothing_to(event);
        if foreign && differs && !row.input.take_over {
            return Err(held("this event belongs to a source; take it over to correct it"));
        }
        Some(event)
    };
    retraction_needs_event(row, existing)
}

/// What of these histories the caller may know of. Neither a verdict nor a path may tell of the rest, so a unit
/// that keeps its path to itself may be recorded to have gone another way: it sees who said so, and may object.
fn may_know_of<'u>(
    caller: &Caller,
    before: &Histories,
    units: impl Iterator<Item = &'u OrgUnit>,
) -> Histories {
    let units: HashMap<UnitId, &OrgUnit> = units.map(|unit| (unit.id, unit)).collect();
    before
        .iter()
        .map(|(pair, events)| {
            let known = events.iter().filter(|event| {
                let unit = units.get(&event.unit_id);
                unit.is_some_and(|unit| may_know(caller, Action::ReadAdoption, unit, *event))
            });
            (*pair, known.cloned().collect())
        })
        .collect()
}

fn retraction_needs_event(
    row: &Row,
    existing: Option<&AdoptionEvent>,
) -> Result<Option<AdoptionEvent>, Violation> {
    if existing.is_none() && row.input.retracted {
        return Err(Violation::new(
            "/retracted",
            "not_found",
            "there is no such event to take back",
        ));
    }
    Ok(existing.cloned())
}

impl Row {
    fn adds_nothing_to(&self, event: &AdoptionEvent) -> bool {
        self.input.mode == event.mode
            && self.learnt_from.as_ref().map(|unit| unit.id) == event.learnt_from_id
            && self.input.reason == event.reason
            && self.input.fidelity_note == event.fidelity_note
            && self.input.reinvention_note == event.reinvention_note
    }
}

/// The event as the row makes it.
fn made(caller: &Caller, tx: &Tx, row: Row, existing: Option<AdoptionEvent>, sharing: Sharing) -> Settled {
    let Row {
        number,
        input,
        unit,
        innovation,
        learnt_from,
    } = row;
    if let (true, Some(mut event)) = (input.retracted, existing.clone()) {
        let status = if event.retracted {
            RowStatus::Unchanged
        } else {
            event.retracted = true;
            event.version += 1;
            event.updated_at = tx.now();
            RowStatus::Updated
        };
        let was = Some((event.innovation_id, event.unit_id));
        return Settled {
            number,
            event,
            status,
            was,
        };
    }
    // A row without a name leaves an event its source, unless it takes it over.
    let (source, external_id) = match &existing {
        Some(event) if input.source.is_none() && !input.take_over => {
            (event.source.clone(), event.external_id.clone())
        }
        _ => (input.source, input.external_id),
    };
    let mut event = AdoptionEvent {
        id: fresh::<AdoptionEventId>(),
        innovation_id: innovation.id,
        unit_id: unit.id,
        stage: input.stage,
        occurred_on: input.occurred_on.first,
        occurred_precision: input.occurred_on.precision,
        mode: input.mode,
        learnt_from_id: learnt_from.as_ref().map(|unit| unit.id),
        learnt_from_tier: learnt_from.map(|unit| unit.tier),
        reason: input.reason,
        fidelity_note: input.fidelity_note,
        reinvention_note: input.reinvention_note,
        source,
        external_id,
        recorded_by: caller.principal().id,
        recorded_at: tx.now(),
        disputed: false,
        dispute_note: None,
        retracted: false,
        sharing,
        version: 1,
        updated_at: tx.now(),
    };
    let Some(existing) = existing else {
        return Settled {
            number,
            event,
            status: RowStatus::Inserted,
            was: None,
        };
    };
    let was = Some((existing.innovation_id, existing.unit_id));
    if event.says_the_same(&existing) {
        return Settled {
            number,
            event: existing,
            status: RowStatus::Unchanged,
            was,
        };
    }
    event.id = existing.id;
    event.recorded_by = existing.recorded_by;
    event.recorded_at = existing.recorded_at;
    event.disputed = existing.disputed && existing.unit_id == event.unit_id;
    event.dispute_note = existing.dispute_note.filter(|_| event.disputed);
    event.version = existing.version + 1;
    Settled {
        number,
        event,
        status: RowStatus::Updated,
        was,
    }
}

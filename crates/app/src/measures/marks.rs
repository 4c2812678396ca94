//! Annotations, phases, targets and links to library measures: what stands beside a series.

use std::collections::HashMap;

use spiral_domain::measures::{
    AddAnnotation, Annotation, ChangeAnnotation, ChangePhase, LinkMeasure, Measure, MeasureLink, OpenPhase,
    Phase, SetTarget, Target,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{
    Allowed, Error, Page, PageRequest, Reference, Result, Sharing, UnitId, Violation, WorkKind,
};
use spiral_store::{Column as _, Mark, Store, Tx};

use crate::caller::Caller;
use crate::clock::fresh;
use crate::sources::{check_holder, owners, refuse_source};
use crate::tenancy::{check_version, level_of};

/// Which annotations, phases, targets or links a list shows.
#[derive(Debug, Clone, Default)]
pub struct MarkFilter {
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// Of this measure, in this version.
    pub measure: Option<Reference>,
    /// Those that were taken back, too.
    pub include_retracted: bool,
}

/// A kind of mark: what its lists are called, and what it takes to write it.
pub trait MarkKind: Mark + 'static {
    /// Its list, as cursors know it.
    const LIST: &'static str;
    /// What writes it.
    const WRITES: Action;
}

macro_rules! kinds {
    ($($name:ty: $list:literal $writes:ident),* $(,)?) => {$(
        impl MarkKind for $name {
            const LIST: &'static str = $list;
            const WRITES: Action = Action::$writes;
        }
    )*};
}
kinds!(
    Annotation: "annotations" MarkSeries,
    Phase: "phases" MarkSeries,
    Target: "targets" SetTarget,
    MeasureLink: "measure_links" LinkMeasure,
);

/// The list that a filter makes, as cursors know it.
pub fn list_of_marks<M: MarkKind>(filter: &MarkFilter) -> String {
    format!("{} {filter:?}", M::LIST)
}

/// Annotations, phases, targets or links, a page at a time.
pub async fn marks<M: MarkKind>(caller: &Caller, filter: MarkFilter, page: &PageRequest) -> Result<Page<M>> {
    caller.require(Action::ReadObservations)?;
    let list = list_of_marks::<M>(&filter);
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut find = store.find::<M>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = store.named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = store.named(within).await?;
        find = find.with(|sql| {
            sql.push_beneath("u.path", &within.path);
        });
    }
    if let Some(measure) = &filter.measure {
        let measure: Measure = store.named(measure).await?;
        find = find.filter("r.measure_id = ?", [measure.id.value()]);
    }
    // Whoever asks what has changed must learn what was taken back.
    if !filter.include_retracted && page.updated_since.is_none() {
        find = find.filter("not r.retracted", []);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

async fn find_mark<M: MarkKind>(store: &Store, reference: &Reference) -> Result<M> {
    let find = store.find::<M>();
    match reference {
        Reference::Id(id) => find.ids(&[*id]).one().await,
        Reference::External { source, external_id }
            if M::COLUMNS.iter().any(|(name, _)| *name == "source") =>
        {
            let values = [source.value(), external_id.value()];
            find.filter("r.source = ? and r.external_id = ?", values)
                .one()
                .await
        }
        _ => Err(Error::NotFound(M::CALLED)),
    }
}

/// One of them, also if it was taken back: it says so.
pub async fn mark<M: MarkKind>(caller: &Caller, reference: &Reference) -> Result<Allowed<M>> {
    caller.require(Action::ReadObservations)?;
    let record: M = find_mark(caller.store(), reference).await?;
    let find = caller.store().find::<OrgUnit>().ids(&[record.unit()]);
    let unit = find.first("r.id").await?;
    Ok(Allowed {
        allowed_actions: unit.map_or_else(Vec::new, |unit| caller.allowed(&unit, &[M::WRITES])),
        record,
    })
}

/// The unit of a mark, and the write begun on it.
async fn begin<M: MarkKind>(caller: &Caller, seen: &M) -> Result<Tx> {
    let unit = crate::tenancy::units_of(&caller.platform(), &[seen.unit()])
        .await?
        .remove(&seen.unit())
        .ok_or(Error::NotFound(M::CALLED))?;
    caller.begin(M::WRITES, &[&unit][..]).await
}

/// Changes one of them.
async fn change<M>(
    caller: &Caller,
    reference: &Reference,
    if_match: Option<i64>,
    apply: impl FnOnce(&mut M),
) -> Result<M>
where
    M: MarkKind + PartialEq,
{
    let seen: M = find_mark(caller.store(), reference).await?;
    let mut tx = begin(caller, &seen).await?;
    let before: M = find_mark(&tx, &Reference::Id(seen.id())).await?;
    check_version(if_match, before.version())?;
    check_holder(caller, &tx, before.source(), false).await?;
    if before.is_retracted() {
        return Err(Error::conflict("taken_back", "this was taken back"));
    }
    let mut after = before.clone();
    apply(&mut after);
    if after != before {
        after.touch(caller.principal().id, tx.now());
        tx.change_mark(&after).await?;
    }
    tx.commit(after).await
}

/// Takes one of them back. It stays readable as taken back.
pub async fn retract_mark<M: MarkKind>(
    caller: &Caller,
    reference: &Reference,
    if_match: Option<i64>,
    take_over: bool,
) -> Result<M> {
    let seen: M = find_mark(caller.store(), reference).await?;
    let mut tx = begin(caller, &seen).await?;
    let before: M = find_mark(&tx, &Reference::Id(seen.id())).await?;
    check_version(if_match, before.version())?;
    check_holder(caller, &tx, before.source(), take_over).await?;
    let mut after = before;
    if !after.is_retracted() {
        after.set_retracted(true);
        after.touch(caller.principal().id, tx.now());
        tx.change_mark(&after).await?;
    }
    tx.commit(after).await
}

/// The unit and the measure that an input names, and the write begun.
async fn begin_new(
    caller: &Caller,
    action: Action,
    unit: &Reference,
    measure: Option<&Reference>,
) -> Result<(Tx, OrgUnit, Option<Measure>)> {
    let unit: OrgUnit = caller.store().named(unit).await?;
    let measure = match measure {
        Some(measure) => Some(measure_to_name(caller, measure, &unit).await?),
        None => None,
    };
    let tx = caller.begin(action, &[&unit][..]).await?;
    Ok((tx, unit, measure))
}

/// A measure that the caller may name for this unit: one of the library, or the unit's own.
async fn measure_to_name(caller: &Caller, measure: &Reference, unit: &OrgUnit) -> Result<Measure> {
    let measure: Measure = caller.store().named(measure).await?;
    let owner = crate::tenancy::units_of(&caller.platform(), &[measure.unit_id]).await?;
    let others = |owner: &OrgUnit| owner.tier == Tier::Microsystem && owner.id != unit.id;
    if owner.values().any(others) {
        return Err(Error::invalid(
            "/measure",
            "measure_of_another_unit",
            "this measure is another team's own; only library measures are reported by many",
        ));
    }
    Ok(measure)
}

/// Refuses a source that is not the caller's to push as.
async fn check_source(caller: &Caller, tx: &Tx, source: Option<&String>) -> Result<()> {
    let owners = owners(tx, source.into_iter()).await?;
    match refuse_source(caller, source, &owners) {
        Some(refused) => Err(Error::Invalid(vec![refused])),
        None => Ok(()),
    }
}

fn numeric_ids(caller: &Caller) -> bool {
    caller.client().is_some_and(|client| client.numeric_ids)
}

/// The state under the same name, if there is one: of the same unit, or it is no correction but another record.
async fn named_before<M: MarkKind>(
    tx: &Tx,
    unit: &OrgUnit,
    source: Option<&String>,
    external_id: Option<&String>,
) -> Result<Option<M>> {
    let (Some(source), Some(external_id)) = (source, external_id) else {
        return Ok(None);
    };
    let before: Option<M> = tx.mark_named(source, external_id).await?;
    match before {
        Some(other) if other.unit() != unit.id => Err(Error::Invalid(vec![Violation::new(
            "/externalId",
            "external_id_taken",
            "this externalId is in use for this source, for another unit",
        )])),
        other => Ok(other),
    }
}

/// Writes a new record, or the next state of the one before, brought back if it was taken back.
async fn put<M>(caller: &Caller, mut tx: Tx, before: Option<M>, mut after: M) -> Result<M>
where
    M: MarkKind + PartialEq + serde::Serialize,
{
    match before {
        None => tx.add_mark(&after).await?,
        Some(before) if before == after => {}
        Some(_) => {
            after.touch(caller.principal().id, tx.now());
            tx.change_mark(&after).await?;
        }
    }
    tx.commit(after).await
}

/// Marks an event on a unit's series.
pub async fn add_annotation(caller: &Caller, input: AddAnnotation) -> Result<Annotation> {
    input.check(numeric_ids(caller))?;
    let (tx, unit, measure) =
        begin_new(caller, Action::MarkSeries, &input.unit, input.measure.as_ref()).await?;
    check_source(caller, &tx, input.source.as_ref()).await?;
    let before: Option<Annotation> =
        named_before(&tx, &unit, input.source.as_ref(), input.external_id.as_ref()).await?;
    let new = Annotation {
        id: fresh(),
        unit_id: unit.id,
        measure_id: measure.map(|measure| measure.id),
        occurred_on: input.occurred_on,
        text: input.text,
        source: input.source,
        external_id: input.external_id,
        recorded_by: caller.principal().id,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Observations).await?,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let after = before.as_ref().map_or_else(
        || new.clone(),
        |before| Annotation {
            measure_id: new.measure_id,
            occurred_on: new.occurred_on,
            text: new.text.clone(),
            retracted: false,
            ..before.clone()
        },
    );
    put(caller, tx, before, after).await
}

/// Changes an annotation.
pub async fn change_annotation(
    caller: &Caller,
    annotation: &Reference,
    if_match: Option<i64>,
    input: ChangeAnnotation,
) -> Result<Annotation> {
    input.check()?;
    change(caller, annotation, if_match, |record| input.apply(record)).await
}

/// Opens a phase of a unit's series.
pub async fn open_phase(caller: &Caller, input: OpenPhase) -> Result<Phase> {
    input.check(numeric_ids(caller))?;
    let (tx, unit, measure) =
        begin_new(caller, Action::MarkSeries, &input.unit, Some(&input.measure)).await?;
    let measure = measure.ok_or(Error::NotFound("measure"))?;
    check_source(caller, &tx, input.source.as_ref()).await?;
    let before: Option<Phase> =
        named_before(&tx, &unit, input.source.as_ref(), input.external_id.as_ref()).await?;
    let new = Phase {
        id: fresh(),
        unit_id: unit.id,
        measure_id: measure.id,
        starts_on: input.starts_on,
        label: input.label,
        source: input.source,
        external_id: input.external_id,
        recorded_by: caller.principal().id,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Observations).await?,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let after = before.as_ref().map_or_else(
        || new.clone(),
        |before| Phase {
            measure_id: new.measure_id,
            starts_on: new.starts_on,
            label: new.label.clone(),
            retracted: false,
            ..before.clone()
        },
    );
    put(caller, tx, before, after).await
}

/// Changes a phase.
pub async fn change_phase(
    caller: &Caller,
    phase: &Reference,
    if_match: Option<i64>,
    input: ChangePhase,
) -> Result<Phase> {
    input.check()?;
    change(caller, phase, if_match, |record| input.apply(record)).await
}

/// Sets a target for a unit and those beneath it; the same unit, measure, tier and first day again change it.
pub async fn set_target(caller: &Caller, input: SetTarget) -> Result<Target> {
    let (tx, unit, measure) = begin_new(caller, Action::SetTarget, &input.unit, Some(&input.measure)).await?;
    input.check(unit.tier)?;
    let measure = measure.ok_or(Error::NotFound("measure"))?;
    let there = tx.marks_of::<Target>(unit.id, measure.id).await?;
    let key = (input.tier, input.starts_on);
    let before = there.into_iter().find(|target| target.key() == key);
    let new = Target {
        id: fresh(),
        unit_id: unit.id,
        measure_id: measure.id,
        tier: input.tier,
        value: input.value + 0.0,
        starts_on: input.starts_on,
        ends_on: input.ends_on,
        recorded_by: caller.principal().id,
        retracted: false,
        sharing: if unit.tier == Tier::Microsystem {
            level_of(&tx, &unit, WorkKind::Observations).await?
        } else {
            Sharing::Everyone
        },
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let after = before.as_ref().map_or_else(
        || new.clone(),
        |before| Target {
            value: new.value,
            ends_on: new.ends_on,
            retracted: false,
            ..before.clone()
        },
    );
    put(caller, tx, before, after).await
}

/// Links a unit to a measure of the library; the same first day again changes the last one.
pub async fn link_measure(caller: &Caller, input: LinkMeasure) -> Result<MeasureLink> {
    input.check()?;
    let (tx, unit, measure) =
        begin_new(caller, Action::LinkMeasure, &input.unit, Some(&input.measure)).await?;
    let measure = measure.ok_or(Error::NotFound("measure"))?;
    let there = tx.marks_of::<MeasureLink>(unit.id, measure.id).await?;
    let before = there.into_iter().find(|link| link.starts_on == input.starts_on);
    let new = MeasureLink {
        id: fresh(),
        unit_id: unit.id,
        measure_id: measure.id,
        starts_on: input.starts_on,
        ends_on: input.ends_on,
        recorded_by: caller.principal().id,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Observations).await?,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let after = before.as_ref().map_or_else(
        || new.clone(),
        |before| MeasureLink {
            ends_on: new.ends_on,
            retracted: false,
            ..before.clone()
        },
    );
    put(caller, tx, before, after).await
}

/// The measures that each unit is linked to, by links that were not taken back.
pub async fn links_of_units(caller: &Caller, units: &[UnitId]) -> Result<HashMap<UnitId, Vec<MeasureLink>>> {
    let mut found: HashMap<UnitId, Vec<MeasureLink>> = HashMap::new();
    let find = caller.store().find::<MeasureLink>().among("r.unit_id", units);
    for link in find.filter("not r.retracted", []).all("r.id").await? {
        found.entry(link.unit_id).or_default().push(link);
    }
    Ok(found)
}

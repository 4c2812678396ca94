//! What is recorded beneath a spiral: read, recorded and changed in one way, whatever it is; needs and outcomes.

use std::collections::HashMap;

use spiral_domain::measures::Measure;
use spiral_domain::people::Action;
use spiral_domain::spirals::{
    ChangeNeed, ChangeOutcome, Entry, EntryKind, FieldChange, Need, NeedState, Outcome, RecordNeed,
    RecordOutcome,
};
use spiral_domain::{
    Date, MeasureId, NeedId, OutcomeId, Page, PageRequest, Patch, Reference, Result, SpiralId, Timestamp,
};
use spiral_store::{Amended, Beneath, Tx};
use uuid::Uuid;

use super::{Stirred, Touch, spiral_and_unit};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::check_version;

/// What a list of what is beneath a spiral is called in its cursors.
pub fn beneath_list<R: Beneath>(spiral: SpiralId) -> String {
    format!("{} {spiral}", R::TABLE)
}

/// What is recorded beneath a spiral, a page at a time: needs, decisions, its timeline, and so on.
pub async fn list_beneath<R: Beneath>(
    caller: &Caller,
    spiral: SpiralId,
    page: &PageRequest,
) -> Result<Page<R>> {
    caller.require(Action::ReadSpirals)?;
    spiral_and_unit(caller, spiral).await?;
    let list = beneath_list::<R>(spiral);
    let window = caller.window(&list, page)?;
    let find = caller.store().find::<R>().beneath(&[spiral]);
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// One record beneath a spiral.
pub async fn beneath<R: Beneath>(caller: &Caller, spiral: SpiralId, id: impl Into<Uuid>) -> Result<R> {
    caller.require(Action::ReadSpirals)?;
    spiral_and_unit(caller, spiral).await?;
    let ids: [Uuid; 1] = [id.into()];
    caller
        .store()
        .find::<R>()
        .beneath(&[spiral])
        .ids(&ids)
        .one()
        .await
}

/// What is recorded beneath each spiral, in the order in which it was.
pub async fn beneath_of<R: Beneath>(
    caller: &Caller,
    spirals: &[SpiralId],
) -> Result<HashMap<SpiralId, Vec<R>>> {
    let mut by_spiral: HashMap<SpiralId, Vec<R>> = HashMap::new();
    for record in caller.store().find::<R>().beneath(spirals).all("r.id").await? {
        by_spiral.entry(record.spiral()).or_default().push(record);
    }
    Ok(by_spiral)
}

/// The last entries of each timeline that the caller may see, latest first.
pub async fn latest_entries_of(
    caller: &Caller,
    spirals: &[SpiralId],
    last: i64,
) -> Result<HashMap<SpiralId, Vec<Entry>>> {
    caller.store().latest_entries(spirals, last).await
}

/// Whether a kind of record may be written while the spiral is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Not while it is closed.
    Open,
    /// At any time: what came of it is looked at long after.
    Always,
}

/// Records something beneath a spiral; `make` makes it for the spiral as it is now.
pub(super) async fn record<R: Beneath>(
    caller: &Caller,
    (action, when): (Action, When),
    spiral: SpiralId,
    on: Option<Date>,
    make: impl FnOnce(&Stirred, Timestamp) -> Result<R>,
) -> Result<R> {
    let (mut tx, mut stirred) = begin(caller, (action, when), spiral).await?;
    let made = make(&stirred, tx.now())?;
    let mut touch = Touch::of(EntryKind::Recorded, R::NAME, made.id());
    touch.on = on;
    stirred.wake(caller, &tx).await?;
    stirred.tell(caller, &tx, touch);
    tx.add_beneath(&made).await?;
    stirred.write(&mut tx, &[]).await?;
    tx.commit(made).await
}

/// Changes something beneath a spiral; nothing happens if `change` changes nothing.
pub(super) async fn amend<R: Amended + PartialEq>(
    caller: &Caller,
    (action, when): (Action, When),
    (spiral, id): (SpiralId, Uuid),
    if_match: Option<i64>,
    change: impl FnOnce(&mut R) -> Result<()>,
) -> Result<R> {
    let _: R = beneath(caller, spiral, id).await?;
    let (mut tx, mut stirred) = begin(caller, (action, when), spiral).await?;
    let mut record: R = tx.find::<R>().beneath(&[spiral]).ids(&[id]).one().await?;
    check_version(if_match, record.version())?;
    let before = record.clone();
    change(&mut record)?;
    if record == before {
        return tx.commit(record).await;
    }
    let mut touch = Touch::of(EntryKind::Amended, R::NAME, id);
    touch.changes = FieldChange::between(&before, &record);
    record.amended(tx.now());
    stirred.wake(caller, &tx).await?;
    stirred.tell(caller, &tx, touch);
    tx.change_beneath(&record).await?;
    stirred.write(&mut tx, &[]).await?;
    tx.commit(record).await
}

async fn begin(caller: &Caller, (action, when): (Action, When), spiral: SpiralId) -> Result<(Tx, Stirred)> {
    let (_, unit) = spiral_and_unit(caller, spiral).await?;
    let tx = caller.begin(action, &[&unit][..]).await?;
    let stirred = Stirred::of(caller, &tx, spiral).await?;
    if when == When::Open {
        stirred.refuse_closed()?;
    }
    Ok((tx, stirred))
}

async fn measure_of(caller: &Caller, measure: Option<&Reference>) -> Result<Option<MeasureId>> {
    match measure {
        Some(measure) => Ok(Some(caller.store().named::<Measure>(measure).await?.id)),
        None => Ok(None),
    }
}

/// Records a need.
pub async fn record_need(caller: &Caller, spiral: SpiralId, input: RecordNeed) -> Result<Need> {
    input.check()?;
    let measure_id = measure_of(caller, input.measure.as_ref()).await?;
    let make = |at: &Stirred, now| {
        Ok(Need {
            id: fresh(),
            spiral_id: spiral,
            unit_id: at.unit.id,
            turn: at.spiral.turn,
            gap: input.gap,
            voiced_by: input.voiced_by,
            measure_id,
            current_value: input.current_value,
            potential_value: input.potential_value,
            why_not_otherwise: input.why_not_otherwise,
            state: NeedState::Open,
            sharing: at.spiral.sharing,
            recorded_by: caller.principal().id,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    };
    record(caller, (Action::RecordNeed, When::Open), spiral, None, make).await
}

/// Changes a need, or says what has become of it.
pub async fn change_need(
    caller: &Caller,
    spiral: SpiralId,
    id: NeedId,
    if_match: Option<i64>,
    input: ChangeNeed,
) -> Result<Need> {
    input.check()?;
    let measure = (
        input.measure.clone(),
        measure_of(caller, input.measure.value()).await?,
    );
    let change = |need: &mut Need| {
        if measure.0 != Patch::Absent {
            need.measure_id = measure.1;
        }
        input.apply(need);
        Ok(())
    };
    let how = (Action::RecordNeed, When::Open);
    amend(caller, how, (spiral, id.0), if_match, change).await
}

/// Records an outcome of the present turn.
pub async fn record_outcome(caller: &Caller, spiral: SpiralId, input: RecordOutcome) -> Result<Outcome> {
    input.check(caller.today())?;
    let measure_id = measure_of(caller, input.measure.as_ref()).await?;
    let on = input.checked_on.max(input.since);
    let make = |at: &Stirred, now| {
        let outcome = Outcome {
            id: fresh(),
            spiral_id: spiral,
            unit_id: at.unit.id,
            turn: at.spiral.turn,
            kind: input.kind,
            text: input.text,
            evidence: input.evidence,
            measure_id,
            since: input.since,
            checked_on: input.checked_on,
            in_place: input.in_place,
            withdrawn: false,
            sharing: at.spiral.sharing,
            recorded_by: caller.principal().id,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        outcome.check()?;
        Ok(outcome)
    };
    record(caller, (Action::ManageSpiral, When::Always), spiral, on, make).await
}

/// Changes an outcome, or says whether it is still in place.
pub async fn change_outcome(
    caller: &Caller,
    spiral: SpiralId,
    id: OutcomeId,
    if_match: Option<i64>,
    input: ChangeOutcome,
) -> Result<Outcome> {
    input.check(caller.today())?;
    let measure = (
        input.measure.clone(),
        measure_of(caller, input.measure.value()).await?,
    );
    let change = |outcome: &mut Outcome| {
        if measure.0 != Patch::Absent {
            outcome.measure_id = measure.1;
        }
        input.apply(outcome);
        outcome.check()
    };
    let how = (Action::ManageSpiral, When::Always);
    amend(caller, how, (spiral, id.0), if_match, change).await
}

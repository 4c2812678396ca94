//! The moves of a spiral: on, back, round, and to its end.

use spiral_domain::microsystems::AimStatus;
use spiral_domain::people::Action;
use spiral_domain::programmes::{Gates, Programme};
use spiral_domain::spirals::{
    CarriedOver, EntryKind, Evidence, FieldChange, Move, MoveOn, MoveWithReason, NeedState, ReturnToStep,
    Spiral, SpiralMoved, SpiralStatus, Stay, evidence_required,
};
use spiral_domain::{Date, Error, Result, SpiralId, Withheld, WorkKind};
use spiral_store::Tx;

use super::{Stirred, Touch, check_open, refreshers, spiral_and_unit, stay_of};
use crate::caller::Caller;
use crate::tenancy::check_version;

/// What the spiral's present step lacks.
pub async fn missing_evidence(caller: &Caller, id: SpiralId) -> Result<Vec<Evidence>> {
    caller.require(Action::ReadSpirals)?;
    let (spiral, unit) = spiral_and_unit(caller, id).await?;
    if spiral.status.is_closed() {
        return Ok(Vec::new());
    }
    let store = caller.store();
    let missing = store.recorded(id).await?.missing(&spiral);
    let (kind, action) = (WorkKind::Aims, Action::ReadAims);
    match store.reach_of(&[unit.id], kind, action).await?.get(&unit.id) {
        Some((_, true)) => Ok(missing),
        Some((level, false)) => Ok(Evidence::without_aims(
            missing,
            &spiral,
            Withheld { level: *level },
        )),
        None => Err(Error::NotFound("spiral")),
    }
}

/// Moves a spiral on to the next step.
pub async fn advance_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: MoveOn,
) -> Result<SpiralMoved> {
    input.check(caller.today())?;
    go(caller, (id, if_match), Move::Advance, input.on, input.note).await
}

/// Takes a spiral back to an earlier step.
pub async fn return_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: ReturnToStep,
) -> Result<SpiralMoved> {
    input.check(caller.today())?;
    let back = Move::Return(input.step);
    go(caller, (id, if_match), back, input.on, Some(input.reason)).await
}

/// Moves a spiral on from the last step to the first of the next turn.
pub async fn revolve_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: MoveOn,
) -> Result<SpiralMoved> {
    input.check(caller.today())?;
    go(caller, (id, if_match), Move::Revolve, input.on, input.note).await
}

/// Closes a spiral whose change lasts.
pub async fn sustain_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: MoveOn,
) -> Result<SpiralMoved> {
    input.check(caller.today())?;
    go(caller, (id, if_match), Move::Sustain, input.on, input.note).await
}

/// Gives a spiral up.
pub async fn discontinue_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: MoveWithReason,
) -> Result<SpiralMoved> {
    input.check(caller.today())?;
    go(
        caller,
        (id, if_match),
        Move::Discontinue,
        input.on,
        Some(input.reason),
    )
    .await
}

/// Opens a closed spiral again.
pub async fn reopen_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: MoveWithReason,
) -> Result<SpiralMoved> {
    input.check(caller.today())?;
    go(caller, (id, if_match), Move::Reopen, input.on, Some(input.reason)).await
}

const fn action_of(made: Move) -> Action {
    match made {
        Move::Discontinue => Action::DiscontinueSpiral,
        _ => Action::ManageSpiral,
    }
}

const fn kind_of(made: Move) -> EntryKind {
    match made {
        Move::Advance => EntryKind::Advanced,
        Move::Return(_) => EntryKind::Returned,
        Move::Revolve => EntryKind::Revolved,
        Move::Sustain => EntryKind::Sustained,
        Move::Discontinue => EntryKind::Discontinued,
        Move::Reopen => EntryKind::Reopened,
    }
}

async fn go(
    caller: &Caller,
    (id, if_match): (SpiralId, Option<i64>),
    made: Move,
    on: Option<Date>,
    reason: Option<String>,
) -> Result<SpiralMoved> {
    let (_, unit) = spiral_and_unit(caller, id).await?;
    let mut tx = caller.begin(action_of(made), &[&unit][..]).await?;
    let mut stirred = Stirred::of(caller, &tx, id).await?;
    check_version(if_match, stirred.met_version)?;
    let (turn, step, status) = made.from(&stirred.spiral)?;
    let day = on.unwrap_or_else(|| caller.today());
    if day < stirred.spiral.entered_on {
        let detail = format!("it stands where it is since {}", stirred.spiral.entered_on);
        return Err(Error::invalid("/on", "before_last_move", detail));
    }
    check_open(&tx, &stirred.unit, day, "/on").await?;
    let missing = lacking(&tx, &stirred.spiral, made).await?;
    let before = stirred.spiral.clone();
    stirred.wake(caller, &tx).await?;
    let spiral = &mut stirred.spiral;
    (spiral.turn, spiral.step, spiral.status) = (turn, step, status);
    spiral.entered_on = day;
    spiral.discontinued_because = match made {
        Move::Discontinue => reason.clone(),
        _ => None,
    };
    if status.is_closed() {
        spiral.dormant_from = None;
    } else if made == Move::Reopen {
        // Closed, it was not counted down; it is active from now on.
        stirred.wake(caller, &tx).await?;
    }
    let mut stays: Vec<Stay> = tx.stays_of(id).await?;
    let mut changed: Vec<Stay> = stays.pop().into_iter().collect();
    for last in &mut changed {
        last.ended_on = Some(day);
        last.version += 1;
        last.updated_at = tx.now();
    }
    changed.push(stay_of(&stirred.spiral, tx.now()));
    let mut touch = Touch::of(kind_of(made), "spiral", id);
    touch.changes = moved_fields(&before, &stirred.spiral);
    touch.reason = reason;
    touch.on = Some(day);
    stirred.tell(caller, &tx, touch);
    let carried_over = match made {
        Move::Revolve => Some(carried(&tx, id).await?),
        _ => None,
    };
    let spiral = stirred.write(&mut tx, &changed).await?;
    refreshers::follow(caller, &mut tx, made, (&before, &spiral), day).await?;
    tx.commit(SpiralMoved {
        spiral,
        missing,
        carried_over,
    })
    .await
}

/// What the step that is left lacks; an error where the programme lets nobody go on without it.
async fn lacking(tx: &Tx, spiral: &Spiral, made: Move) -> Result<Vec<Evidence>> {
    if !made.is_gated() {
        return Ok(Vec::new());
    }
    let missing = tx.recorded(spiral.id).await?.missing(spiral);
    if missing.is_empty() {
        return Ok(missing);
    }
    if let Some(programme) = spiral.programme_id {
        let programme: Programme = tx.named(&programme.into()).await?;
        if programme.gates == Gates::Required {
            return Err(evidence_required(&missing));
        }
    }
    Ok(missing)
}

async fn carried(tx: &Tx, id: SpiralId) -> Result<CarriedOver> {
    let recorded = tx.recorded(id).await?;
    let open = recorded.needs.iter().filter(|need| need.state == NeedState::Open);
    let active = recorded.aims.iter().filter(|aim| aim.status == AimStatus::Active);
    Ok(CarriedOver {
        needs: open.map(|need| need.id).collect(),
        aims: active.map(|aim| aim.id).collect(),
    })
}

/// Turn, step and status, where they differ.
fn moved_fields(before: &Spiral, after: &Spiral) -> Vec<FieldChange> {
    // Whether it slept is told by an entry of its own.
    let awake = |status: SpiralStatus| match status {
        SpiralStatus::Dormant => SpiralStatus::Active,
        other => other,
    };
    let fields = [
        ("turn", before.turn.to_string(), after.turn.to_string()),
        ("step", before.step.name().into(), after.step.name().into()),
        (
            "status",
            awake(before.status).name().into(),
            after.status.name().into(),
        ),
    ];
    fields
        .into_iter()
        .filter(|(_, from, to)| from != to)
        .map(|(field, from, to): (&str, String, String)| FieldChange {
            field: field.into(),
            from: Some(from),
            to: Some(to),
        })
        .collect()
}

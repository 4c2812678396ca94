//! Open spirals of units that close: they go on at the unit that comes after, and are as they were when that is undone.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::spirals::{Entry, EntryKind, FieldChange, Handover, Spiral, may_be_handed};
use spiral_domain::tenancy::{OrgUnit, Reorganisation, ReorganisationKind};
use spiral_domain::{
    EntryId, Error, HandoverId, ReorganisationId, Result, Sharing, SpiralId, SubjectId, UnitId, WorkKind,
};
use spiral_store::Tx;

use super::planner::Plan;
use crate::caller::Caller;
use crate::clock::fresh;

/// At which unit the open spirals of each that closes go on, and how far it shares them.
#[derive(Default)]
pub(in crate::tenancy) struct Handed(pub(super) BTreeMap<UnitId, (OrgUnit, Sharing)>);

/// Which units' open spirals go on elsewhere: where a successor was stated, and shares them no further. What any unit
/// has recorded plays no part in it.
pub(in crate::tenancy) async fn handed(tx: &Tx, plan: &Plan) -> Result<Handed> {
    let mut handed = Handed::default();
    if plan.carries_on.is_empty() {
        return Ok(handed);
    }
    let ids: Vec<UnitId> = plan
        .carries_on
        .iter()
        .flat_map(|(from, to)| [*from, *to])
        .collect();
    let units: HashMap<UnitId, OrgUnit> = tx.find::<OrgUnit>().ids(&ids).by_id().await?;
    let levels = tx.spirals_sharing(&units.values().collect::<Vec<_>>()).await?;
    for (from, to) in &plan.carries_on {
        if !may_be_handed(levels.get(from).copied(), levels.get(to).copied()) {
            continue;
        }
        if let (Some(unit), Some(level)) = (units.get(to), levels.get(to)) {
            handed.0.insert(*from, (unit.clone(), *level));
        }
    }
    Ok(handed)
}

/// Hands open spirals over, and puts it on their timelines.
pub(super) async fn hand_over(
    caller: &Caller,
    tx: &mut Tx,
    handed: &Handed,
    reorganisation: &Reorganisation,
) -> Result<()> {
    let closing: Vec<UnitId> = handed.0.keys().copied().collect();
    if closing.is_empty() {
        return Ok(());
    }
    let (mut handovers, mut goes, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for spiral in tx.open_spirals(&closing).await? {
        let Some((to, level)) = handed.0.get(&spiral.unit_id) else {
            continue;
        };
        goes.push((spiral.id, to.id, *level));
        told.push(entry(caller, tx, &spiral, (to.id, *level), reorganisation));
        handovers.push(Handover {
            id: fresh::<HandoverId>(),
            spiral_id: spiral.id,
            unit_id: to.id,
            from_unit_id: spiral.unit_id,
            to_unit_id: to.id,
            handed_on: reorganisation.effective_on,
            reorganisation_id: reorganisation.id,
            withdrawn: false,
            sharing: *level,
            version: 1,
            recorded_at: tx.now(),
        });
    }
    put(tx, &handovers, &goes, &told).await
}

/// Takes the handovers of a reorganisation back: what it handed over is its first unit's again, with what was recorded
/// since, shared as that unit shares.
pub(super) async fn take_back(
    caller: &Caller,
    tx: &mut Tx,
    original: ReorganisationId,
    reversal: &Reorganisation,
) -> Result<()> {
    let mut handovers = tx.handovers_by(original).await?;
    let ids: Vec<UnitId> = handovers.iter().map(|of| of.from_unit_id).collect();
    let units: Vec<OrgUnit> = tx.find::<OrgUnit>().ids(&ids).all("r.id").await?;
    let levels = tx.spirals_sharing(&units.iter().collect::<Vec<_>>()).await?;
    let (mut goes, mut told) = (Vec::new(), Vec::new());
    for handover in &mut handovers {
        let spiral = tx.spiral_for_rules(handover.spiral_id).await?;
        if spiral.unit_id != handover.to_unit_id {
            let detail =
                "its open spirals have gone on elsewhere since; reverse the later reorganisation first";
            return Err(Error::conflict("changed_since", detail));
        }
        let unit = handover.from_unit_id;
        let level = levels.get(&unit).copied().unwrap_or(Sharing::Team);
        goes.push((spiral.id, unit, level));
        told.push(entry(caller, tx, &spiral, (unit, level), reversal));
        handover.withdrawn = true;
        handover.version += 1;
        (handover.unit_id, handover.sharing) = (unit, level);
    }
    put(tx, &handovers, &goes, &told).await
}

async fn put(
    tx: &mut Tx,
    handovers: &[Handover],
    goes: &[(SpiralId, UnitId, Sharing)],
    told: &[Entry],
) -> Result<()> {
    if goes.is_empty() {
        return Ok(());
    }
    tx.hand_over(handovers, goes).await?;
    for entry in told {
        tx.add_beneath(entry).await?;
    }
    Ok(())
}

/// What a spiral's timeline tells of it. It is no activity: nobody of the team has done anything.
fn entry(
    caller: &Caller,
    tx: &Tx,
    spiral: &Spiral,
    (to, level): (UnitId, Sharing),
    by: &Reorganisation,
) -> Entry {
    let why = match by.kind {
        ReorganisationKind::Reversal => "a reorganisation was reversed",
        ReorganisationKind::Split => "its unit was split, and this one carries open work on",
        _ => "its unit was merged into this one",
    };
    Entry {
        id: fresh::<EntryId>(),
        spiral_id: spiral.id,
        unit_id: to,
        turn: spiral.turn,
        step: spiral.step,
        kind: EntryKind::HandedOver,
        subject: "spiral".into(),
        subject_id: SubjectId(spiral.id.0),
        changes: vec![FieldChange {
            field: "unitId".into(),
            from: Some(spiral.unit_id.to_string()),
            to: Some(to.to_string()),
        }],
        reason: Some(why.into()),
        occurred_on: by.effective_on,
        done_by: caller.principal().id,
        work: WorkKind::Spirals,
        sharing: level,
        recorded_at: tx.now(),
    }
}

//! Ramps and cycles: planned, carried out, studied and acted on, one phase after the other, and how faithful that is to
//! the method.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::microsystems::{
    ActOnCycle, Aim, CarryOutCycle, ChangeCycle, ChangeRamp, Cycle, CycleKind, CyclePhase, CycleView,
    OpenRamp, PlanCycle, Ramp, RampFidelity, ReviewCycle, StudyCycle, TeamFidelity, ramp_fidelity,
    team_fidelity,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    AimId, Allowed, CycleId, Date, Error, MeasureId, Page, PageRequest, RampId, Reference, Result, SpiralId,
    Violations, WorkKind,
};
use spiral_store::{Column as _, Store};

use super::check_open;
use super::work::{self, Change, begin, find_live, list_of};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::check_named;
use crate::tenancy::level_of;

/// What can be done with a ramp or a cycle.
const ON_CYCLE: &[Action] = &[Action::RunCycle];

/// Which ramps of a unit a list shows.
#[derive(Debug, Clone, Default)]
pub struct RampFilter {
    /// Those that serve this aim.
    pub aim: Option<AimId>,
    /// Those that name this spiral.
    pub spiral: Option<SpiralId>,
    /// Those that were taken back, too.
    pub include_retracted: bool,
}

impl RampFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &Reference) -> String {
        list_of("ramps", unit, self)
    }
}

/// A unit's ramps, a page at a time.
pub async fn ramps(
    caller: &Caller,
    unit: &Reference,
    filter: RampFilter,
    page: &PageRequest,
) -> Result<Page<Ramp>> {
    caller.require(Action::ReadAims)?;
    let list = filter.list(unit);
    work::page::<Ramp>(caller, (unit, &list), filter.include_retracted, page, |find| {
        let find = work::of_spiral(find, filter.spiral);
        match filter.aim {
            Some(aim) => find.filter("r.aim_id = ?", [aim.value()]),
            None => find,
        }
    })
    .await
}

/// One ramp, also one that was taken back.
pub async fn ramp(caller: &Caller, unit: &Reference, id: RampId) -> Result<Allowed<Ramp>> {
    work::one(caller, unit, id, (Action::ReadAims, ON_CYCLE)).await
}

/// Opens a ramp under an aim.
pub async fn open_ramp(caller: &Caller, unit: &Reference, input: OpenRamp) -> Result<Ramp> {
    input.check()?;
    let (tx, unit) = begin(caller, Action::RunCycle, unit).await?;
    let mut found = Violations::new();
    let aim = find_live::<Aim>(&tx, &unit, input.aim).await?;
    found.require(aim.is_some(), "/aim", "not_found", || {
        "the unit has no such aim".into()
    });
    check_named(&tx, &unit, input.spiral, &mut found).await?;
    found.into_result()?;
    check_open(&tx, &unit, caller.today(), "").await?;
    let ramp = Ramp {
        id: fresh(),
        unit_id: unit.id,
        spiral_id: input.spiral.or(aim.and_then(|aim| aim.spiral_id)),
        aim_id: input.aim,
        title: input.title,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Aims).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    work::add(caller, tx, ramp).await
}

/// Changes a ramp.
pub async fn change_ramp(
    caller: &Caller,
    unit: &Reference,
    id: RampId,
    if_match: Option<i64>,
    input: ChangeRamp,
) -> Result<Ramp> {
    input.check()?;
    let change = Change::<Ramp>::begin(caller, Action::RunCycle, (unit, id), if_match).await?;
    let mut after = change.before.clone();
    if let Some(title) = input.title {
        after.title = title;
    }
    input.spiral.apply(&mut after.spiral_id);
    change.end(caller, after).await
}

/// Takes a ramp back. It stays readable as taken back; one in which cycles stand stays.
pub async fn retract_ramp(
    caller: &Caller,
    unit: &Reference,
    id: RampId,
    if_match: Option<i64>,
) -> Result<Ramp> {
    let change = Change::<Ramp>::begin(caller, Action::RunCycle, (unit, id), if_match).await?;
    let cycles = change
        .tx
        .find::<Cycle>()
        .filter("not r.retracted and r.ramp_id = ?", [id.value()]);
    if cycles.count().await? > 0 {
        return Err(Error::conflict(
            "in_use",
            "cycles stand in this ramp; take them back first",
        ));
    }
    change.retract(caller).await
}

/// Which cycles of a unit a list shows.
#[derive(Debug, Clone, Default)]
pub struct CycleFilter {
    /// PDSA or SDSA.
    pub kind: Option<CycleKind>,
    /// Those in this ramp.
    pub ramp: Option<RampId>,
    /// Those that name this spiral.
    pub spiral: Option<SpiralId>,
    /// Those that have got so far and no further.
    pub phase: Option<CyclePhase>,
    /// Those whose standard should have been looked at by now.
    pub overdue: bool,
    /// Those that were taken back, too.
    pub include_retracted: bool,
}

impl CycleFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &Reference) -> String {
        list_of("cycles", unit, self)
    }
}

/// A unit's cycles, a page at a time.
pub async fn cycles(
    caller: &Caller,
    unit: &Reference,
    filter: CycleFilter,
    page: &PageRequest,
) -> Result<Page<Cycle>> {
    caller.require(Action::ReadAims)?;
    let list = filter.list(unit);
    let today = caller.today();
    work::page::<Cycle>(caller, (unit, &list), filter.include_retracted, page, |find| {
        let mut find = work::of_spiral(find, filter.spiral);
        if let Some(kind) = filter.kind {
            find = find.filter("r.kind = ?", [kind.value()]);
        }
        if let Some(ramp) = filter.ramp {
            find = find.filter("r.ramp_id = ?", [ramp.value()]);
        }
        if let Some(phase) = filter.phase {
            find = find.filter("r.phase = ?", [phase.value()]);
        }
        if filter.overdue {
            find = find.filter("r.review_on < ?", [today.value()]);
        }
        find
    })
    .await
}

/// One cycle, also one that was taken back.
pub async fn cycle(caller: &Caller, unit: &Reference, id: CycleId) -> Result<CycleView> {
    let found = work::one::<Cycle>(caller, unit, id, (Action::ReadAims, ON_CYCLE)).await?;
    Ok(CycleView {
        overdue: found.record.is_overdue(caller.today()),
        record: found.record,
        allowed_actions: found.allowed_actions,
    })
}

/// Plans a cycle.
pub async fn plan_cycle(caller: &Caller, unit: &Reference, input: PlanCycle) -> Result<Cycle> {
    input.check()?;
    let (tx, unit) = begin(caller, Action::RunCycle, unit).await?;
    let mut found = Violations::new();
    check_named(&tx, &unit, input.spiral, &mut found).await?;
    let mut spiral_id = input.spiral;
    if let Some(ramp) = input.ramp {
        match find_live::<Ramp>(&tx, &unit, ramp).await? {
            Some(ramp) => spiral_id = spiral_id.or(ramp.spiral_id),
            None => found.add("/ramp", "not_found", "the unit has no such ramp"),
        }
    }
    if let Some(follows) = input.follows {
        match find_live::<Cycle>(&tx, &unit, follows).await? {
            None => found.add("/follows", "not_found", "the unit has no such cycle"),
            Some(before) if input.kind == CycleKind::Pdsa && before.ramp_id != input.ramp => {
                found.add(
                    "/follows",
                    "another_ramp",
                    "a PDSA cycle goes on from one of its own ramp",
                );
            }
            Some(_) => {}
        }
    }
    found.into_result()?;
    check_open(&tx, &unit, caller.today(), "").await?;
    let cycle = Cycle {
        id: fresh(),
        unit_id: unit.id,
        spiral_id,
        kind: input.kind,
        ramp_id: input.ramp,
        follows_id: input.follows,
        title: input.title,
        phase: CyclePhase::Plan,
        plan: input.plan,
        carried_out: None,
        study: None,
        act: None,
        owner: input.owner,
        review_on: input.review_on,
        reviewed_on: None,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Aims).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    work::add(caller, tx, cycle).await
}

/// Changes one cycle, as `apply` says.
async fn change(
    caller: &Caller,
    (unit, id): (&Reference, CycleId),
    if_match: Option<i64>,
    apply: impl FnOnce(&mut Cycle) -> Result<()>,
) -> Result<Cycle> {
    let change = Change::<Cycle>::begin(caller, Action::RunCycle, (unit, id), if_match).await?;
    let mut after = change.before.clone();
    apply(&mut after)?;
    Box::pin(change.end(caller, after)).await
}

/// Changes a cycle that is planned and not yet carried out.
pub async fn change_cycle(
    caller: &Caller,
    unit: &Reference,
    id: CycleId,
    if_match: Option<i64>,
    input: ChangeCycle,
) -> Result<Cycle> {
    change(caller, (unit, id), if_match, |cycle| input.apply(cycle)).await
}

/// Records that a cycle was carried out.
pub async fn carry_out_cycle(
    caller: &Caller,
    unit: &Reference,
    id: CycleId,
    if_match: Option<i64>,
    input: CarryOutCycle,
) -> Result<Cycle> {
    let today = caller.today();
    change(caller, (unit, id), if_match, |cycle| input.apply(cycle, today)).await
}

/// Records what came of a cycle.
pub async fn study_cycle(
    caller: &Caller,
    unit: &Reference,
    id: CycleId,
    if_match: Option<i64>,
    input: StudyCycle,
) -> Result<Cycle> {
    change(caller, (unit, id), if_match, |cycle| input.apply(cycle)).await
}

/// Decides what follows from a cycle, and closes it.
pub async fn act_on_cycle(
    caller: &Caller,
    unit: &Reference,
    id: CycleId,
    if_match: Option<i64>,
    input: ActOnCycle,
) -> Result<Cycle> {
    change(caller, (unit, id), if_match, |cycle| input.apply(cycle)).await
}

/// Records that the standard of an SDSA cycle was looked at again.
pub async fn review_cycle(
    caller: &Caller,
    unit: &Reference,
    id: CycleId,
    if_match: Option<i64>,
    input: ReviewCycle,
) -> Result<Cycle> {
    let today = caller.today();
    change(caller, (unit, id), if_match, |cycle| input.apply(cycle, today)).await
}

/// Takes a cycle back. It stays readable as taken back; one that another goes on from stays.
pub async fn retract_cycle(
    caller: &Caller,
    unit: &Reference,
    id: CycleId,
    if_match: Option<i64>,
) -> Result<Cycle> {
    let change = Change::<Cycle>::begin(caller, Action::RunCycle, (unit, id), if_match).await?;
    let later = change
        .tx
        .find::<Cycle>()
        .filter("not r.retracted and r.follows_id = ?", [id.value()]);
    if later.count().await? > 0 {
        return Err(Error::conflict(
            "in_use",
            "another cycle goes on from this one; take that back first",
        ));
    }
    change.retract(caller).await
}

/// How faithful a unit's PDSA work is to the method, as far as the caller may see it.
pub async fn fidelity(caller: &Caller, unit: &Reference) -> Result<TeamFidelity> {
    caller.require(Action::ReadAims)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let ramps = live::<Ramp>(caller.store(), &unit).await?;
    Ok(team_fidelity(
        unit.id,
        of_ramps(caller.store(), &unit, &ramps).await?,
    ))
}

/// How faithful one ramp is to the method.
pub async fn ramp_fidelity_of(caller: &Caller, unit: &Reference, id: RampId) -> Result<RampFidelity> {
    let ramp = ramp(caller, unit, id).await?.record;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut found = of_ramps(caller.store(), &unit, std::slice::from_ref(&ramp)).await?;
    found.pop().ok_or(Error::NotFound("ramp"))
}

async fn live<W: spiral_store::Work>(store: &Store, unit: &OrgUnit) -> Result<Vec<W>> {
    store
        .find::<W>()
        .filter("not r.retracted and r.unit_id = ?", [unit.id.value()])
        .all("r.id")
        .await
}

/// The fidelity of each of a unit's ramps, in three statements.
async fn of_ramps(store: &Store, unit: &OrgUnit, ramps: &[Ramp]) -> Result<Vec<RampFidelity>> {
    let ids: Vec<RampId> = ramps.iter().map(|ramp| ramp.id).collect();
    let mut by_ramp: HashMap<RampId, Vec<Cycle>> = HashMap::new();
    for cycle in store
        .find::<Cycle>()
        .filter("not r.retracted", [])
        .among("r.ramp_id", &ids)
        .all("r.id")
        .await?
    {
        if let Some(ramp) = cycle.ramp_id {
            by_ramp.entry(ramp).or_default().push(cycle);
        }
    }
    let aims: Vec<AimId> = ramps.iter().map(|ramp| ramp.aim_id).collect();
    let aims: HashMap<AimId, Aim> = store.find::<Aim>().ids(&aims).by_id().await?;
    let measures: BTreeSet<MeasureId> = aims.values().filter_map(|aim| aim.measure_id).collect();
    let reported = reported(store, unit, &measures.into_iter().collect::<Vec<_>>()).await?;
    let none = Vec::new();
    Ok(ramps
        .iter()
        .map(|ramp| {
            let measure = aims.get(&ramp.aim_id).and_then(|aim| aim.measure_id);
            let data = measure
                .and_then(|measure| reported.get(&measure))
                .unwrap_or(&none);
            let cycles = by_ramp.get(&ramp.id).map_or(&[][..], Vec::as_slice);
            ramp_fidelity(ramp.id, cycles, data)
        })
        .collect())
}

/// The last days of the periods for which a unit has reported each of these measures, as far as the reader may see.
async fn reported(
    store: &Store,
    unit: &OrgUnit,
    measures: &[MeasureId],
) -> Result<HashMap<MeasureId, Vec<Date>>> {
    let mut days: HashMap<MeasureId, Vec<Date>> = HashMap::new();
    if measures.is_empty() {
        return Ok(days);
    }
    let found = store.observations_of(measures, unit.id).await?;
    for of in found.into_iter().filter(|of| of.quality.has_figure()) {
        days.entry(of.measure_id).or_default().push(of.period_end);
    }
    Ok(days)
}

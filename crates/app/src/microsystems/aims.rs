//! Aims: set by a team, and how far it has come, worked out of what it has reported.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::analysis::ChartSeries;
use spiral_domain::measures::Measure;
use spiral_domain::microsystems::{
    Aim, AimDirection, AimKind, AimProgress, AimStatus, ChangeAim, Ramp, SetAim,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    AimId, Allowed, Date, Error, MeasureId, Page, PageRequest, Reference, Result, SpiralId, UnitId, WorkKind,
};
use spiral_store::{Column as _, Tx};

use super::check_open;
use super::work::{self, Change, begin, find_live, list_of};
use crate::analysis::{ChartQuery, charts_of};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::check_named;
use crate::tenancy::level_of;

/// What can be done with an aim.
const ON_AIM: &[Action] = &[Action::SetAim, Action::RunCycle];

/// Which aims of a unit a list shows.
#[derive(Debug, Clone, Default)]
pub struct AimFilter {
    /// Global or specific ones.
    pub kind: Option<AimKind>,
    /// Those that stand here.
    pub status: Option<AimStatus>,
    /// Those that name this spiral.
    pub spiral: Option<SpiralId>,
    /// Those that were taken back, too.
    pub include_retracted: bool,
}

impl AimFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &Reference) -> String {
        list_of("aims", unit, self)
    }
}

/// A unit's aims, a page at a time.
pub async fn aims(
    caller: &Caller,
    unit: &Reference,
    filter: AimFilter,
    page: &PageRequest,
) -> Result<Page<Aim>> {
    caller.require(Action::ReadAims)?;
    let list = filter.list(unit);
    work::page::<Aim>(caller, (unit, &list), filter.include_retracted, page, |find| {
        let mut find = work::of_spiral(find, filter.spiral);
        if let Some(kind) = filter.kind {
            find = find.filter("r.kind = ?", [kind.value()]);
        }
        if let Some(status) = filter.status {
            find = find.filter("r.status = ?", [status.value()]);
        }
        find
    })
    .await
}

/// One aim, also one that was taken back.
pub async fn aim(caller: &Caller, unit: &Reference, id: AimId) -> Result<Allowed<Aim>> {
    work::one(caller, unit, id, (Action::ReadAims, ON_AIM)).await
}

/// Sets an aim.
pub async fn set_aim(caller: &Caller, unit: &Reference, input: SetAim) -> Result<Aim> {
    let mut found = input.check();
    let seen: OrgUnit = caller.store().named(unit).await?;
    let measure: Option<Measure> = match &input.measure {
        Some(measure) => match caller.store().named(measure).await {
            Ok(measure) => Some(measure),
            Err(Error::NotFound(_)) => {
                found.add("/measure", "not_found", "there is no such measure");
                None
            }
            Err(other) => return Err(other),
        },
        None => None,
    };
    let (tx, unit) = begin(caller, Action::SetAim, &seen.id.into()).await?;
    if let Some(under) = input.under {
        match find_live::<Aim>(&tx, &unit, under).await? {
            Some(above) if above.kind == AimKind::Global => {}
            Some(_) => found.add("/under", "not_global", "only a global aim has parts"),
            None => found.add("/under", "not_found", "the unit has no such aim"),
        }
    }
    check_named(&tx, &unit, input.spiral, &mut found).await?;
    let mut aim = Aim {
        id: fresh(),
        unit_id: unit.id,
        spiral_id: input.spiral,
        kind: input.kind,
        statement: input.statement,
        under_id: input.under,
        // A measure that was named but not found was said so already.
        measure_id: measure.as_ref().map(|measure| measure.id),
        direction: input.direction,
        from_value: input.from_value.map(|value| value + 0.0),
        to_value: input.to_value.map(|value| value + 0.0),
        by_when: input.by_when,
        status: AimStatus::Active,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Aims).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    if let Err(Error::Invalid(mut more)) = aim.settle(measure.as_ref()) {
        more.retain(|of| !(of.pointer == "/measure" && input.measure.is_some()) || of.code != "missing");
        found.extend(more);
    }
    found.into_result()?;
    check_open(&tx, &unit, caller.today(), "").await?;
    work::add(caller, tx, aim).await
}

/// Changes an aim.
pub async fn change_aim(
    caller: &Caller,
    unit: &Reference,
    id: AimId,
    if_match: Option<i64>,
    input: ChangeAim,
) -> Result<Aim> {
    let change = Change::<Aim>::begin(caller, Action::SetAim, (unit, id), if_match).await?;
    let mut found = input.check();
    let mut after = change.before.clone();
    input.apply(&mut after);
    let measure: Option<Measure> = match after.measure_id {
        Some(measure) => measure_of(&change.tx, measure).await?,
        None => None,
    };
    if let Err(Error::Invalid(more)) = after.settle(measure.as_ref()) {
        found.extend(more);
    }
    found.into_result()?;
    change.end(caller, after).await
}

/// The measure of an aim, if the caller may see it.
async fn measure_of(tx: &Tx, measure: MeasureId) -> Result<Option<Measure>> {
    tx.find::<Measure>().ids(&[measure]).first("r.id").await
}

/// Takes an aim back. It stays readable as taken back; one that ramps serve stays.
pub async fn retract_aim(caller: &Caller, unit: &Reference, id: AimId, if_match: Option<i64>) -> Result<Aim> {
    let change = Change::<Aim>::begin(caller, Action::SetAim, (unit, id), if_match).await?;
    let ramps = change
        .tx
        .find::<Ramp>()
        .filter("not r.retracted and r.aim_id = ?", [id.value()]);
    if ramps.count().await? > 0 {
        return Err(Error::conflict(
            "in_use",
            "ramps serve this aim; take them back first, or set its status",
        ));
    }
    let parts = change
        .tx
        .find::<Aim>()
        .filter("not r.retracted and r.under_id = ?", [id.value()]);
    if parts.count().await? > 0 {
        return Err(Error::conflict(
            "in_use",
            "this aim has parts; take them back first, or set its status",
        ));
    }
    change.retract(caller).await
}

/// How far an aim has come on a day, today if none is named.
pub async fn aim_progress(
    caller: &Caller,
    unit: &Reference,
    id: AimId,
    as_of: Option<Date>,
) -> Result<AimProgress> {
    let aim = aim(caller, unit, id).await?.record;
    let mut found = aim_progress_of(caller, std::slice::from_ref(&aim), as_of).await?;
    found.remove(&id).ok_or(Error::NotFound("aim"))
}

/// How far each of these aims has come: a constant number of statements for each measure that they name.
pub async fn aim_progress_of(
    caller: &Caller,
    aims: &[Aim],
    as_of: Option<Date>,
) -> Result<HashMap<AimId, AimProgress>> {
    let as_of = as_of.unwrap_or_else(|| caller.today());
    let mut by_measure: BTreeMap<MeasureId, Vec<UnitId>> = BTreeMap::new();
    for aim in aims {
        if let Some(measure) = aim.measure_id {
            by_measure.entry(measure).or_default().push(aim.unit_id);
        }
    }
    let mut series: HashMap<(MeasureId, UnitId), ChartSeries> = HashMap::new();
    let may = caller.scope().may_somewhere(Action::ReadObservations)
        && caller.scope().may_somewhere(Action::ReadAnalysis);
    for (measure, mut units) in by_measure {
        units.sort_unstable();
        units.dedup();
        let query = ChartQuery {
            to: Some(as_of),
            ..ChartQuery::of(measure.into())
        };
        if !may {
            continue;
        }
        match charts_of(caller, &query, &units).await {
            Ok(found) => series.extend(found.into_iter().map(|(unit, of)| ((measure, unit), of))),
            // The measure is another's own, and not shared with the caller.
            Err(Error::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(aims
        .iter()
        .map(|aim| {
            let series = aim
                .measure_id
                .and_then(|measure| series.get(&(measure, aim.unit_id)));
            (aim.id, progress_in(aim, series, as_of))
        })
        .collect())
}

/// How far an aim has come by a series that ends on a day.
pub(super) fn progress_in(aim: &Aim, series: Option<&ChartSeries>, as_of: Date) -> AimProgress {
    let value = series.and_then(|series| series.verdict.latest);
    let withheld = series.and_then(|series| series.withheld);
    let distance_share = value.and_then(|value| aim.distance(value));
    let reached = match (value, aim.to_value, aim.direction) {
        (Some(value), Some(to), Some(AimDirection::Increase)) => Some(value >= to),
        (Some(value), Some(to), Some(AimDirection::Decrease)) => Some(value <= to),
        _ => None,
    };
    let reason = match (aim.kind, distance_share, &withheld, series) {
        (_, Some(_), ..) => None,
        (AimKind::Global, ..) => Some("a global aim has no distance"),
        (_, None, Some(_), _) => Some("the unit keeps these figures to itself"),
        (_, None, None, None) => Some("the measure cannot be read"),
        (_, None, None, Some(_)) => Some("nothing was reported until this day"),
    };
    AimProgress {
        aim_id: aim.id,
        as_of,
        value,
        value_on: series.and_then(|series| series.verdict.latest_on),
        distance_share,
        reached,
        days_left: aim.by_when.map(|day| (day.0 - as_of.0).num_days()),
        reason: reason.map(str::to_owned),
        withheld,
    }
}

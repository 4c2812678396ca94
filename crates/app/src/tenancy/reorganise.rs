//! Reorganisations: planned unit by unit, judged by the rules of the tree, then written as one.

use std::collections::{HashMap, HashSet};

use spiral_domain::people::Action;
use spiral_domain::tenancy::{
    Lines, OrgUnit, Reorganisation, ReorganisationKind, ReorganisationReport, Reorganise,
    ReverseReorganisation, Succession, UnitChange, UnitStanding, UnitState,
};
use spiral_domain::{
    Date, Error, Page, PageRequest, Reference, ReorganisationId, Result, SuccessionId, UnitId, Violations,
};
use spiral_store::{Tx, UnitMove};

use self::effects::effects_of;
pub(super) use self::open_work::{Handed, handed};
use self::open_work::{hand_over, take_back};
use self::planner::refused;
pub(super) use self::planner::{Plan, Planner};
use crate::caller::Caller;
use crate::clock::fresh;

mod effects;
mod open_work;
mod planner;

/// Changes the tree from a day on, or says what that would do.
pub async fn reorganise(
    caller: &Caller,
    unit: &Reference,
    input: Reorganise,
    dry_run: bool,
) -> Result<ReorganisationReport> {
    use ReorganisationKind as K;
    input.check(caller.today())?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut tx = caller.begin(Action::Reorganise, &[&unit][..]).await?;
    let named = resolve(&tx, &input).await?;
    let id_of = |reference: &Reference| named.get(reference).map(|unit| unit.id);
    let mut planner = Planner::new(&tx, input.effective_on);
    let mut known: Vec<UnitId> = named.values().map(|unit| unit.id).collect();
    known.push(unit.id);
    planner.know(&known).await?;
    // Whoever moves something answers for where it comes from and where it goes.
    let mut concerned = named.values().collect::<Vec<_>>();
    concerned.sort_unstable_by_key(|unit| unit.id);
    for other in concerned {
        caller.require_on(Action::Reorganise, other)?;
    }
    let into: Vec<UnitId> = input.into.iter().filter_map(id_of).collect();
    match input.kind {
        K::Merge => {
            let mut closing = vec![unit.id];
            closing.extend(input.others.iter().filter_map(id_of));
            let mut once = HashSet::new();
            if !closing.iter().all(|unit| once.insert(*unit)) {
                return refused("/others", "twice", "a unit is named twice".into());
            }
            let into = into
                .first()
                .ok_or_else(|| Error::internal("a merge into nothing"))?;
            planner.merge(&closing, *into).await?;
        }
        K::Split => {
            let mut to = HashMap::new();
            for (n, placing) in input.children.iter().enumerate() {
                let (Some(child), Some(successor)) = (id_of(&placing.unit), id_of(&placing.to)) else {
                    continue;
                };
                if !into.contains(&successor) {
                    let detail = format!("`{}` is none of the successors", placing.to);
                    return refused(&format!("/children/{n}/to"), "not_a_successor", detail);
                }
                if to.insert(child, successor).is_some() {
                    let detail = format!("`{}` would have two parents on one day", placing.unit);
                    return refused(&format!("/children/{n}/unit"), "two_parents_on_one_day", detail);
                }
            }
            let mut once = HashSet::new();
            if !into.iter().all(|unit| once.insert(*unit)) {
                return refused("/into", "twice", "a unit is named twice".into());
            }
            let carries_on = input.open_work_to.as_ref().and_then(id_of);
            if carries_on.is_some_and(|successor| !into.contains(&successor)) {
                let detail = "open work goes on at one of the successors".into();
                return refused("/openWorkTo", "not_a_successor", detail);
            }
            planner.split(unit.id, &into, &to, carries_on).await?;
        }
        K::Transfer => {
            let parent = input.parent.as_ref().and_then(id_of);
            let parent = parent.ok_or_else(|| Error::internal("a transfer to nowhere"))?;
            planner.transfer(unit.id, parent).await?;
            if let Some(from) = planner
                .lines
                .get(&unit.id)
                .and_then(|lines| lines.on(input.effective_on))
            {
                planner.know(&[from.parent_id]).await?;
                caller.require_on(Action::Reorganise, planner.unit(from.parent_id)?)?;
            }
        }
        K::Rename => {
            let name = input.name.as_deref().unwrap_or_default();
            planner.rename(unit.id, name).await?;
        }
        K::Close => planner.close_alone(unit.id).await?,
        K::Reversal => return Err(Error::internal("a reversal has a path of its own")),
    }
    planner.settle(caller.today());
    let plan = planner.plan;
    let occasion = Occasion {
        unit: unit.id,
        kind: input.kind,
        effective_on: input.effective_on,
        reason: input.reason,
        name: input.name,
    };
    let (reorganisation, successions) = record_of(caller, &tx, &plan, occasion).await?;
    let handed = handed(&tx, &plan).await?;
    let effects = effects_of(caller, &tx, &reorganisation, &plan, &handed).await?;
    let report = ReorganisationReport {
        reorganisation,
        successions,
        effects,
        dry_run,
    };
    let (made, successions) = (&report.reorganisation, &report.successions);
    write(caller, &mut tx, &plan, &handed, made, successions).await?;
    if dry_run {
        return Ok(report);
    }
    tx.commit(report).await
}

/// What is done, to whom and why.
pub(super) struct Occasion {
    pub(super) unit: UnitId,
    pub(super) kind: ReorganisationKind,
    pub(super) effective_on: Date,
    pub(super) reason: Option<String>,
    pub(super) name: Option<String>,
}

impl Occasion {
    pub(super) fn new(unit: UnitId, kind: ReorganisationKind, effective_on: Date) -> Self {
        Self {
            unit,
            kind,
            effective_on,
            reason: None,
            name: None,
        }
    }
}

/// A plan as it goes on record, with who succeeds whom by it.
pub(super) async fn record_of(
    caller: &Caller,
    tx: &Tx,
    plan: &Plan,
    occasion: Occasion,
) -> Result<(Reorganisation, Vec<Succession>)> {
    let reorganisation = Reorganisation {
        id: fresh::<ReorganisationId>(),
        unit_id: occasion.unit,
        kind: occasion.kind,
        effective_on: occasion.effective_on,
        reason: occasion.reason,
        name: occasion.name,
        changes: changes_of(tx, plan).await?,
        reverses_id: None,
        reversed_by_id: None,
        recorded_by: caller.principal().id,
        recorded_at: tx.now(),
        version: 1,
    };
    let successions = plan
        .successions
        .iter()
        .map(|(predecessor, successor)| Succession {
            id: fresh::<SuccessionId>(),
            predecessor_id: *predecessor,
            successor_id: *successor,
            legal_start: occasion.effective_on,
            reorganisation_id: Some(reorganisation.id),
            withdrawn: false,
            version: 1,
            recorded_at: tx.now(),
        })
        .collect();
    Ok((reorganisation, successions))
}

/// Everything is written, even where it is only tried: what the database would refuse is refused then, too.
pub(super) async fn write(
    caller: &Caller,
    tx: &mut Tx,
    plan: &Plan,
    handed: &Handed,
    reorganisation: &Reorganisation,
    successions: &[Succession],
) -> Result<()> {
    let moves: Vec<UnitMove> = plan.moves.values().cloned().collect();
    tx.move_in_tree(&moves).await?;
    tx.add_reorganisation(reorganisation).await?;
    tx.put_successions(successions).await?;
    hand_over(caller, tx, handed, reorganisation).await
}

/// Every unit that the input names; all that are missing at once.
async fn resolve(tx: &Tx, input: &Reorganise) -> Result<HashMap<Reference, OrgUnit>> {
    let mut places: Vec<(String, &Reference)> = Vec::new();
    for (n, other) in input.others.iter().enumerate() {
        places.push((format!("/others/{n}"), other));
    }
    for (n, into) in input.into.iter().enumerate() {
        places.push((format!("/into/{n}"), into));
    }
    for (n, placing) in input.children.iter().enumerate() {
        places.push((format!("/children/{n}/unit"), &placing.unit));
        places.push((format!("/children/{n}/to"), &placing.to));
    }
    places.extend(input.parent.iter().map(|parent| ("/parent".to_owned(), parent)));
    let carries_on = input.open_work_to.iter();
    places.extend(carries_on.map(|unit| ("/openWorkTo".to_owned(), unit)));
    let named: HashMap<Reference, OrgUnit> =
        tx.resolve(places.iter().map(|(_, reference)| *reference)).await?;
    let mut found = Violations::new();
    for (pointer, reference) in places {
        found.require(named.contains_key(reference), &pointer, "not_found", || {
            format!("there is no unit `{reference}`")
        });
    }
    found.into_result()?;
    Ok(named)
}

async fn changes_of(tx: &Tx, plan: &Plan) -> Result<Vec<UnitChange>> {
    let ids: Vec<UnitId> = plan.moves.keys().copied().collect();
    let lines = tx.lines_of(&ids).await?;
    let none = Lines::default();
    Ok(plan
        .moves
        .values()
        .map(|planned| UnitChange {
            unit_id: planned.before.id,
            before: UnitState::of(&planned.before, lines.get(&planned.before.id).unwrap_or(&none)),
            after: UnitState::of(&planned.after, &planned.lines),
        })
        .collect())
}

/// Undoes a reorganisation: everything is again as it was before, and both stay on record.
pub async fn reverse_reorganisation(
    caller: &Caller,
    unit: &Reference,
    id: ReorganisationId,
    input: ReverseReorganisation,
    dry_run: bool,
) -> Result<ReorganisationReport> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut tx = caller.begin(Action::Reorganise, &[&unit][..]).await?;
    let mut original = tx.reorganisations_of(unit.id).ids(&[id]).one().await?;
    if original.kind == ReorganisationKind::Reversal {
        let detail = "a reversal is not reversed; record the change again";
        return Err(Error::conflict("is_a_reversal", detail));
    }
    if original.reversed_by_id.is_some() {
        return Err(Error::conflict("already_reversed", "it was reversed already"));
    }
    let mut planner = Planner::new(&tx, original.effective_on);
    let ids: Vec<UnitId> = original.changes.iter().map(|change| change.unit_id).collect();
    planner.know(&ids).await?;
    let mut parents: HashSet<UnitId> = HashSet::new();
    let mut concerned: HashSet<UnitId> = ids.into_iter().collect();
    for change in &original.changes {
        let (before, after) = (&change.before.stands, &change.after.stands);
        for standing in before.iter().chain(after) {
            parents.insert(standing.parent_id);
            if !(before.contains(standing) && after.contains(standing)) {
                concerned.insert(standing.parent_id);
            }
        }
    }
    planner.know(&parents.into_iter().collect::<Vec<_>>()).await?;
    // As for the change itself: whoever moves something answers for where it comes from and where it goes.
    for unit in concerned {
        caller.require_on(Action::Reorganise, planner.unit(unit)?)?;
    }
    for change in &original.changes {
        planner.undo(change)?;
    }
    planner.check_parents()?;
    planner.settle(caller.today());
    let plan = planner.plan;
    let mut successions: Vec<Succession> = tx
        .find::<Succession>()
        .filter(
            "r.reorganisation_id = ?",
            [spiral_store::Column::value(&original.id)],
        )
        .all("r.id")
        .await?;
    for succession in &mut successions {
        succession.withdrawn = true;
        succession.version += 1;
    }
    let reversal = Reorganisation {
        id: fresh::<ReorganisationId>(),
        unit_id: original.unit_id,
        kind: ReorganisationKind::Reversal,
        effective_on: original.effective_on,
        reason: input.reason,
        name: None,
        changes: changes_of(&tx, &plan).await?,
        reverses_id: Some(original.id),
        reversed_by_id: None,
        recorded_by: caller.principal().id,
        recorded_at: tx.now(),
        version: 1,
    };
    original.reversed_by_id = Some(reversal.id);
    original.version += 1;
    let none = Handed::default();
    let effects = effects_of(caller, &tx, &reversal, &plan, &none).await?;
    let report = ReorganisationReport {
        reorganisation: reversal,
        successions,
        effects,
        dry_run,
    };
    let (made, successions) = (&report.reorganisation, &report.successions);
    write(caller, &mut tx, &plan, &none, made, successions).await?;
    take_back(caller, &mut tx, original.id, made).await?;
    tx.change_reorganisation(&original).await?;
    if dry_run {
        return Ok(report);
    }
    tx.commit(report).await
}

/// Reorganisations that concern a unit, in the order in which they were recorded.
pub async fn reorganisations(
    caller: &Caller,
    unit: &Reference,
    page: &PageRequest,
) -> Result<Page<Reorganisation>> {
    caller.require(Action::ReadDirectory)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let list = reorganisation_list(unit.id);
    let window = caller.window(&list, page)?;
    let slice = caller.store().reorganisations_of(unit.id).page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// What the list of a unit's reorganisations is called in its cursors.
pub fn reorganisation_list(unit: UnitId) -> String {
    format!("reorganisations {unit}")
}

/// Who came before and after a unit.
pub async fn successions(caller: &Caller, unit: &Reference) -> Result<Vec<Succession>> {
    caller.require(Action::ReadDirectory)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut found = caller.store().successions_of(&[unit.id]).await?;
    Ok(found.remove(&unit.id).unwrap_or_default())
}

/// Where a unit has stood, in the order of time; nothing for the root.
pub async fn standings(caller: &Caller, unit: &Reference) -> Result<Vec<UnitStanding>> {
    caller.require(Action::ReadDirectory)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let lines = caller.store().lines_of(&[unit.id]).await?;
    let lines = lines.get(&unit.id).map(Lines::as_slice).unwrap_or_default();
    Ok(lines.iter().map(|line| (*line).into()).collect())
}

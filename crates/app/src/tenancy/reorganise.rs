//! Reorganisations: planned unit by unit, judged by the rules of the tree, then written as one.

use std::collections::{BTreeMap, HashMap, HashSet};

use spiral_domain::people::Action;
use spiral_domain::tenancy::{
    Line, Lines, OrgUnit, Reorganisation, ReorganisationKind, ReorganisationReport, Reorganise,
    ReverseReorganisation, Succession, UnitChange, UnitEffect, UnitFate, UnitStanding, UnitState,
};
use spiral_domain::{
    Date, Error, Page, PageRequest, Reference, ReorganisationId, Result, SuccessionId, UnitId, Violations,
};
use spiral_store::{Tx, UnitMove};

use crate::caller::Caller;
use crate::clock::fresh;

/// What the tree is to become.
#[derive(Default)]
struct Plan {
    moves: BTreeMap<UnitId, UnitMove>,
    /// Predecessor and successor.
    successions: Vec<(UnitId, UnitId)>,
}

/// Units and where they stand, as a write finds them.
struct Planner<'t> {
    tx: &'t Tx,
    units: HashMap<UnitId, OrgUnit>,
    lines: HashMap<UnitId, Lines>,
    on: Date,
    plan: Plan,
}

fn refused<T>(pointer: &str, code: &str, detail: String) -> Result<T> {
    Err(Error::invalid(pointer, code, detail))
}

impl<'t> Planner<'t> {
    fn new(tx: &'t Tx, on: Date) -> Self {
        Self {
            tx,
            units: HashMap::new(),
            lines: HashMap::new(),
            on,
            plan: Plan::default(),
        }
    }

    async fn know(&mut self, ids: &[UnitId]) -> Result<()> {
        let mut new: Vec<UnitId> = ids
            .iter()
            .copied()
            .filter(|id| !self.units.contains_key(id))
            .collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let units: HashMap<UnitId, OrgUnit> = self.tx.find::<OrgUnit>().ids(&new).by_id().await?;
            self.units.extend(units);
            let mut lines = self.tx.lines_of(&new).await?;
            for id in new {
                self.lines.insert(id, lines.remove(&id).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn unit(&self, id: UnitId) -> Result<&OrgUnit> {
        self.units.get(&id).ok_or(Error::NotFound("unit"))
    }

    fn named(&self, id: UnitId) -> String {
        self.units
            .get(&id)
            .map_or_else(|| id.to_string(), |unit| format!("`{}`", unit.code))
    }

    /// What becomes of a unit, to be changed.
    fn change(&mut self, id: UnitId) -> Result<&mut UnitMove> {
        if !self.plan.moves.contains_key(&id) {
            let unit = self.unit(id)?.clone();
            let lines = self.lines.get(&id).cloned().unwrap_or_default();
            self.plan.moves.insert(
                id,
                UnitMove {
                    before: unit.clone(),
                    after: unit,
                    lines,
                },
            );
        }
        self.plan
            .moves
            .get_mut(&id)
            .ok_or_else(|| Error::internal("a planned move is gone"))
    }

    /// The unit is open just before the day, and closes then.
    fn close(&mut self, id: UnitId, pointer: &str) -> Result<()> {
        let (on, unit) = (self.on, self.unit(id)?);
        if unit.parent_id.is_none() {
            return refused(pointer, "root_stays", "the root stays where it is".into());
        }
        if let Some(closed) = unit.closed_on {
            let detail = format!("{} closed on {closed} already", self.named(id));
            return refused(pointer, "already_closed", detail);
        }
        if let Some(opened) = unit.opened_on.filter(|opened| on <= *opened) {
            let detail = format!(
                "{} opened on {opened}: it cannot close before {on}",
                self.named(id)
            );
            return refused("/effectiveOn", "closed_before_opened", detail);
        }
        let last = self.lines.get(&id).and_then(|lines| lines.on(on.previous()));
        if let Some(line) = last.filter(|line| line.to < Date::MAX) {
            // Who read it where it came to later would be others than where it closed.
            let detail = format!(
                "{} moves on {}: it cannot have closed before; reverse that first",
                self.named(id),
                line.to.next()
            );
            return refused("/effectiveOn", "moved_later", detail);
        }
        self.change(id)?.after.closed_on = Some(on.previous());
        Ok(())
    }

    /// The units that stand, on the day or later, beneath one that closes: with the time in which they do.
    async fn beneath(&mut self, closing: &[UnitId]) -> Result<Vec<(UnitId, Line)>> {
        let links = self.tx.children_links(closing).await?;
        let ids: Vec<UnitId> = links.iter().map(|(_, child, _, _)| *child).collect();
        self.know(&ids).await?;
        let mut found = Vec::new();
        for (parent, child, from, to) in links {
            let unit = self.unit(child)?;
            let from = from.max(self.on);
            let open_until = unit.closed_on.unwrap_or(Date::MAX);
            if !closing.contains(&child) && from <= to && from <= open_until {
                let line = Line {
                    parent_id: parent,
                    from,
                    to,
                };
                found.push((child, line));
            }
        }
        Ok(found)
    }

    /// A successor is open on the day and of the tier of the one that closes.
    fn check_successor(&self, closing: UnitId, into: UnitId, pointer: &str) -> Result<()> {
        let (closing, into) = (self.unit(closing)?, self.unit(into)?);
        let mut found = Violations::new();
        found.require(closing.id != into.id, pointer, "its_own_successor", || {
            "a unit does not succeed itself".into()
        });
        found.require(closing.tier == into.tier, pointer, "tier_of_successor", || {
            format!(
                "a unit of tier `{}` is not succeeded by one of tier `{}`",
                closing.tier.name(),
                into.tier.name()
            )
        });
        found.require(
            into.closed_on.is_none() && into.opened_on.is_none_or(|opened| opened <= self.on),
            pointer,
            "successor_not_open",
            || format!("`{}` is not open from {} on", into.code, self.on),
        );
        found.into_result()
    }

    async fn check_circle(
        &self,
        moved: UnitId,
        parent: UnitId,
        line: (Date, Date),
        pointer: &str,
    ) -> Result<()> {
        if self.tx.stands_above(moved, parent, line.0, line.1).await? {
            let detail = format!(
                "{} stands at or beneath {}",
                self.named(parent),
                self.named(moved)
            );
            return refused(pointer, "cycle", detail);
        }
        Ok(())
    }

    async fn merge(&mut self, closing: &[UnitId], into: UnitId) -> Result<()> {
        let on = self.on;
        for (n, unit) in closing.iter().enumerate() {
            let pointer = if n == 0 {
                String::new()
            } else {
                format!("/others/{}", n - 1)
            };
            self.close(*unit, &pointer)?;
            self.check_successor(*unit, into, "/into/0")?;
            self.check_circle(*unit, into, (on, Date::MAX), "/into/0").await?;
            self.change(*unit)?.lines.place(into, on, Date::MAX);
            self.plan.successions.push((*unit, into));
        }
        for (child, line) in self.beneath(closing).await? {
            self.change(child)?.lines.place(into, line.from, line.to);
        }
        Ok(())
    }

    async fn split(&mut self, unit: UnitId, into: &[UnitId], to: &HashMap<UnitId, UnitId>) -> Result<()> {
        self.close(unit, "")?;
        for (n, successor) in into.iter().enumerate() {
            let pointer = format!("/into/{n}");
            self.check_successor(unit, *successor, &pointer)?;
            self.check_circle(unit, *successor, (self.on, Date::MAX), &pointer)
                .await?;
            self.plan.successions.push((unit, *successor));
        }
        let beneath = self.beneath(&[unit]).await?;
        let mut unplaced: Vec<String> = Vec::new();
        for (child, line) in &beneath {
            match to.get(child) {
                Some(successor) => self.change(*child)?.lines.place(*successor, line.from, line.to),
                None => unplaced.push(self.named(*child)),
            }
        }
        unplaced.sort();
        unplaced.dedup();
        if !unplaced.is_empty() {
            let detail = format!("say where these go: {}", few(&unplaced));
            return refused("/children", "child_unassigned", detail);
        }
        let there: HashSet<UnitId> = beneath.into_iter().map(|(child, _)| child).collect();
        if let Some(other) = to.keys().find(|child| !there.contains(child)) {
            let detail = format!("{} does not stand beneath the unit then", self.named(*other));
            return refused("/children", "not_beneath", detail);
        }
        Ok(())
    }

    async fn close_alone(&mut self, unit: UnitId) -> Result<()> {
        self.close(unit, "")?;
        let mut open: Vec<String> = Vec::new();
        for (child, _) in self.beneath(&[unit]).await? {
            open.push(self.named(child));
        }
        open.sort();
        open.dedup();
        if open.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "these are open beneath it; transfer or close them first, or merge it: {}",
            few(&open)
        );
        refused("/kind", "children_open", detail)
    }

    async fn transfer(&mut self, unit: UnitId, parent: UnitId) -> Result<()> {
        let on = self.on;
        let (moved, to) = (self.unit(unit)?.clone(), self.unit(parent)?.clone());
        if moved.parent_id.is_none() {
            return refused("", "root_stays", "the root stays where it is".into());
        }
        if let Some(closed) = moved.closed_on.filter(|closed| *closed < on) {
            let detail = format!("`{}` closed on {closed}, before {on}", moved.code);
            return refused("/effectiveOn", "unit_closed", detail);
        }
        if let Some(opened) = moved.opened_on.filter(|opened| on < *opened) {
            let detail = format!("`{}` opened on {opened}, after {on}", moved.code);
            return refused("/effectiveOn", "unit_not_open", detail);
        }
        if !moved.tier.may_stand_beneath(to.tier) {
            let detail = format!(
                "a unit of tier `{}` does not stand beneath one of tier `{}`",
                moved.tier.name(),
                to.tier.name()
            );
            return refused("/parent", "tier_of_parent", detail);
        }
        let line = self.lines.get(&unit).and_then(|lines| lines.on(on));
        let line = line.ok_or_else(|| Error::internal("a unit without a parent"))?;
        if line.parent_id == parent {
            let detail = format!("it stands beneath `{}` on {on} already", to.code);
            return refused("/parent", "already_there", detail);
        }
        if line.from == on {
            self.know(&[line.parent_id]).await?;
            let detail = format!(
                "it comes to {} on {on}; beneath two units on one day it cannot be",
                self.named(line.parent_id)
            );
            return refused("/effectiveOn", "two_parents_on_one_day", detail);
        }
        let until = line.to.min(moved.closed_on.unwrap_or(Date::MAX));
        let open = to.opened_on.is_none_or(|opened| opened <= on)
            && to.closed_on.is_none_or(|closed| until <= closed);
        if !open {
            let detail = format!(
                "`{}` is not open from {on} on, as long as it would stand there",
                to.code
            );
            return refused("/parent", "parent_closed", detail);
        }
        self.check_circle(unit, parent, (on, line.to), "/parent").await?;
        self.change(unit)?.lines.place(parent, on, line.to);
        Ok(())
    }

    async fn rename(&mut self, unit: UnitId, name: &str) -> Result<()> {
        let on = self.on;
        let closed = self.unit(unit)?.closed_on;
        if let Some(closed) = closed.filter(|closed| *closed < on) {
            let detail = format!("{} closed on {closed}, before {on}", self.named(unit));
            return refused("/effectiveOn", "unit_closed", detail);
        }
        let renames = self
            .tx
            .reorganisations_of(unit)
            .filter("r.kind = 'rename' and r.reversed_by_id is null", [])
            .all("r.effective_on")
            .await?;
        let renames = renames.iter().filter(|other| other.unit_id == unit);
        if let Some(last) = renames.last() {
            if last.effective_on == on {
                let detail = format!("it takes another name on {on}; reverse that first");
                return refused("/effectiveOn", "two_names_on_one_day", detail);
            }
            if last.effective_on > on {
                // A later name stands; this one is history from the start.
                self.change(unit)?;
                return Ok(());
            }
        }
        self.change(unit)?.after.name = name.to_owned();
        Ok(())
    }

    /// Where each unit stands today follows from its lines; what has not changed is no move.
    fn settle(&mut self, today: Date) {
        for planned in self.plan.moves.values_mut() {
            let day = planned.after.stands_on(today);
            if let Some(line) = planned.lines.on(day) {
                planned.after.parent_id = Some(line.parent_id);
            }
            if planned.after != planned.before {
                planned.after.version = planned.before.version + 1;
                planned.after.updated_at = self.tx.now();
            }
        }
    }
}

fn few(names: &[String]) -> String {
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(10) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

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
            planner.split(unit.id, &into, &to).await?;
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
    let reorganisation = Reorganisation {
        id: fresh::<ReorganisationId>(),
        unit_id: unit.id,
        kind: input.kind,
        effective_on: input.effective_on,
        reason: input.reason,
        name: input.name,
        changes: changes_of(&tx, &plan).await?,
        reverses_id: None,
        reversed_by_id: None,
        recorded_by: caller.principal().id,
        recorded_at: tx.now(),
        version: 1,
    };
    let successions: Vec<Succession> = plan
        .successions
        .iter()
        .map(|(predecessor, successor)| Succession {
            id: fresh::<SuccessionId>(),
            predecessor_id: *predecessor,
            successor_id: *successor,
            legal_start: input.effective_on,
            reorganisation_id: Some(reorganisation.id),
            withdrawn: false,
            version: 1,
            recorded_at: tx.now(),
        })
        .collect();
    let effects = effects_of(caller, &tx, &reorganisation, &plan).await?;
    let report = ReorganisationReport {
        reorganisation,
        successions,
        effects,
        dry_run,
    };
    write(&mut tx, &plan, &report).await?;
    if dry_run {
        return Ok(report);
    }
    tx.commit(report).await
}

/// Everything is written, even where it is only tried: what the database would refuse is refused then, too.
async fn write(tx: &mut Tx, plan: &Plan, report: &ReorganisationReport) -> Result<()> {
    let moves: Vec<UnitMove> = plan.moves.values().cloned().collect();
    tx.move_in_tree(&moves).await?;
    tx.add_reorganisation(&report.reorganisation).await?;
    tx.put_successions(&report.successions).await
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

/// What becomes of each unit, its records, roles and open work, as far as the caller may read them.
async fn effects_of(
    caller: &Caller,
    tx: &Tx,
    reorganisation: &Reorganisation,
    plan: &Plan,
) -> Result<Vec<UnitEffect>> {
    let ids: Vec<UnitId> = plan.moves.keys().copied().collect();
    let work = tx.work_of(&ids).await?;
    let late = tx
        .observations_after(&ids, reorganisation.effective_on.previous())
        .await?;
    let mut beneath: HashMap<UnitId, i64> = HashMap::new();
    for (node, unit) in tx.standing_beneath(&ids, caller.today()).await? {
        *beneath.entry(node).or_default() += i64::from(node != unit);
    }
    let successors: HashMap<UnitId, Vec<UnitId>> =
        plan.successions
            .iter()
            .fold(HashMap::new(), |mut all, (from, to)| {
                all.entry(*from).or_default().push(*to);
                all
            });
    let mut effects = Vec::with_capacity(ids.len());
    for change in &reorganisation.changes {
        let Some(planned) = plan.moves.get(&change.unit_id) else {
            continue;
        };
        let (before, after) = (&planned.before, &planned.after);
        let (what, words) = match (before.closed_on, after.closed_on) {
            (None, Some(closed)) => {
                let there = successors.contains_key(&before.id);
                (UnitFate::Closes, words_of_closing(closed, there))
            }
            (Some(_), None) => (UnitFate::Reopens, "It is open again, as it was.".to_owned()),
            _ if change.before.stands != change.after.stands => (
                UnitFate::Moves,
                "It stays the same unit with all its records, roles and open work; what stands beneath it goes \
                 with it, and its readers follow the new unit above it, no further than it shares."
                    .to_owned(),
            ),
            _ => (UnitFate::Renamed, format!("Its name is `{}`.", after.name)),
        };
        let counts = work.get(&before.id).copied().unwrap_or_default();
        effects.push(UnitEffect {
            unit_id: before.id,
            code: before.code.clone(),
            what,
            words,
            units_beneath: beneath.get(&before.id).copied().unwrap_or_default(),
            observations: counts.observations,
            observations_after: if what == UnitFate::Closes {
                late.get(&before.id).copied().unwrap_or_default()
            } else {
                0
            },
            adoption_events: counts.adoption_events,
            field_test_results: counts.results,
            open_assessments: counts.open_assessments,
            grants: counts.grants,
            networks: counts.networks,
        });
    }
    effects.sort_by(|one, other| (one.what as u8, &one.code).cmp(&(other.what as u8, &other.code)));
    Ok(effects)
}

fn words_of_closing(closed: Date, succeeded: bool) -> String {
    let mut words = format!(
        "It closes on {closed}. Its records stay with it and count through it where it stood in each period; \
         roles held on it read its past and pass to nobody; open assessments stay its own."
    );
    words.push_str(if succeeded {
        " In later trees what it recorded counts at its successor. Adoption passes on only by an event of mode \
         `inherited`."
    } else {
        " In later trees what it recorded counts at the unit above it."
    });
    words
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
    let effects = effects_of(caller, &tx, &reversal, &plan).await?;
    let report = ReorganisationReport {
        reorganisation: reversal,
        successions,
        effects,
        dry_run,
    };
    write(&mut tx, &plan, &report).await?;
    tx.change_reorganisation(&original).await?;
    if dry_run {
        return Ok(report);
    }
    tx.commit(report).await
}

impl Planner<'_> {
    /// A unit as it was before a change, if what the change made of it still stands.
    fn undo(&mut self, change: &UnitChange) -> Result<()> {
        let now = UnitState::of(
            self.unit(change.unit_id)?,
            self.lines.get(&change.unit_id).unwrap_or(&Lines::default()),
        );
        let (was, made) = (&change.before, &change.after);
        let stands = (was.name == made.name || now.name == made.name)
            && (was.closed_on == made.closed_on || now.closed_on == made.closed_on)
            && (was.stands == made.stands || now.stands == made.stands);
        if !stands {
            let detail = format!(
                "{} was changed again since; reverse the later reorganisation first",
                self.named(change.unit_id)
            );
            return Err(Error::conflict("changed_since", detail));
        }
        let planned = self.change(change.unit_id)?;
        if was.name != made.name {
            planned.after.name.clone_from(&was.name);
        }
        planned.after.closed_on = if was.closed_on == made.closed_on {
            planned.after.closed_on
        } else {
            was.closed_on
        };
        if was.stands != made.stands {
            planned.lines = was.lines();
        }
        Ok(())
    }

    /// What is open stands beneath something that is open.
    fn check_parents(&self) -> Result<()> {
        let closed_on = |id: UnitId| match self.plan.moves.get(&id) {
            Some(planned) => planned.after.closed_on,
            None => self.units.get(&id).and_then(|unit| unit.closed_on),
        };
        for planned in self.plan.moves.values() {
            let last = planned.after.closed_on.unwrap_or(Date::MAX);
            let opened = planned.after.opened_on.unwrap_or(Date::MIN);
            for line in planned.lines.as_slice() {
                let (from, to) = (line.from.max(opened), line.to.min(last));
                if from <= to && closed_on(line.parent_id).is_some_and(|closed| closed < to) {
                    let detail = format!(
                        "{}, beneath which `{}` stood, has closed since; reverse that first",
                        self.named(line.parent_id),
                        planned.after.code
                    );
                    return Err(Error::conflict("changed_since", detail));
                }
            }
        }
        Ok(())
    }
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

/// Who came before and after each unit.
pub async fn successions_of(caller: &Caller, units: &[UnitId]) -> Result<HashMap<UnitId, Vec<Succession>>> {
    caller.require(Action::ReadDirectory)?;
    caller.store().successions_of(units).await
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

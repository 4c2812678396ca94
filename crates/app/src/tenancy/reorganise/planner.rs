//! What a reorganisation is to make of each unit, judged by the rules of the tree.

use std::collections::{BTreeMap, HashMap, HashSet};

use spiral_domain::tenancy::{Line, Lines, OrgUnit, UnitChange, UnitState};
use spiral_domain::{Date, Error, Result, UnitId, Violations};
use spiral_store::{Tx, UnitMove};

/// What the tree is to become.
#[derive(Default)]
pub(in crate::tenancy) struct Plan {
    pub(in crate::tenancy) moves: BTreeMap<UnitId, UnitMove>,
    /// Predecessor and successor.
    pub(in crate::tenancy) successions: Vec<(UnitId, UnitId)>,
    /// At which unit the open spirals of one that closes are to go on.
    pub(in crate::tenancy) carries_on: BTreeMap<UnitId, UnitId>,
}

/// Units and where they stand, as a write finds them.
pub(in crate::tenancy) struct Planner<'t> {
    pub(in crate::tenancy) tx: &'t Tx,
    pub(in crate::tenancy) units: HashMap<UnitId, OrgUnit>,
    pub(in crate::tenancy) lines: HashMap<UnitId, Lines>,
    pub(in crate::tenancy) on: Date,
    pub(in crate::tenancy) plan: Plan,
}

pub(in crate::tenancy) fn refused<T>(pointer: &str, code: &str, detail: String) -> Result<T> {
    Err(Error::invalid(pointer, code, detail))
}

impl<'t> Planner<'t> {
    pub(in crate::tenancy) fn new(tx: &'t Tx, on: Date) -> Self {
        Self {
            tx,
            units: HashMap::new(),
            lines: HashMap::new(),
            on,
            plan: Plan::default(),
        }
    }

    pub(in crate::tenancy) async fn know(&mut self, ids: &[UnitId]) -> Result<()> {
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

    pub(in crate::tenancy) fn unit(&self, id: UnitId) -> Result<&OrgUnit> {
        self.units.get(&id).ok_or(Error::NotFound("unit"))
    }

    pub(in crate::tenancy) fn named(&self, id: UnitId) -> String {
        self.units
            .get(&id)
            .map_or_else(|| id.to_string(), |unit| format!("`{}`", unit.code))
    }

    /// What becomes of a unit, to be changed.
    pub(in crate::tenancy) fn change(&mut self, id: UnitId) -> Result<&mut UnitMove> {
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
    pub(in crate::tenancy) fn close(&mut self, id: UnitId, pointer: &str) -> Result<()> {
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
    pub(in crate::tenancy) async fn beneath(&mut self, closing: &[UnitId]) -> Result<Vec<(UnitId, Line)>> {
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
    pub(in crate::tenancy) fn check_successor(
        &self,
        closing: UnitId,
        into: UnitId,
        pointer: &str,
    ) -> Result<()> {
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

    pub(in crate::tenancy) async fn check_circle(
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

    pub(in crate::tenancy) async fn merge(&mut self, closing: &[UnitId], into: UnitId) -> Result<()> {
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
            self.plan.carries_on.insert(*unit, into);
        }
        for (child, line) in self.beneath(closing).await? {
            self.change(child)?.lines.place(into, line.from, line.to);
        }
        Ok(())
    }

    pub(in crate::tenancy) async fn split(
        &mut self,
        unit: UnitId,
        into: &[UnitId],
        to: &HashMap<UnitId, UnitId>,
        carries_on: Option<UnitId>,
    ) -> Result<()> {
        self.close(unit, "")?;
        self.plan
            .carries_on
            .extend(carries_on.map(|successor| (unit, successor)));
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

    pub(in crate::tenancy) async fn close_alone(&mut self, unit: UnitId) -> Result<()> {
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

    pub(in crate::tenancy) async fn transfer(&mut self, unit: UnitId, parent: UnitId) -> Result<()> {
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

    pub(in crate::tenancy) async fn rename(&mut self, unit: UnitId, name: &str) -> Result<()> {
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
        let mut renames = renames.iter().filter(|other| other.unit_id == unit);
        if let Some(last) = renames.next_back() {
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
        name.clone_into(&mut self.change(unit)?.after.name);
        Ok(())
    }

    /// Where each unit stands today follows from its lines; what has not changed is no move.
    pub(in crate::tenancy) fn settle(&mut self, today: Date) {
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

impl Planner<'_> {
    /// A unit as it was before a change, if what the change made of it still stands.
    pub(in crate::tenancy) fn undo(&mut self, change: &UnitChange) -> Result<()> {
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
    pub(in crate::tenancy) fn check_parents(&self) -> Result<()> {
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

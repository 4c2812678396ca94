//! Known units that close, and those that a file has elsewhere.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::exchange::Verdicts;
use spiral_domain::people::Action;
use spiral_domain::tenancy::{FileChangeKind, Lines, OrgUnit, OrganisationLine, ReorganisationKind};
use spiral_domain::{Date, Result, UnitId};
use spiral_store::Tx;

use super::known::{Entry, Keeping, Log, judged};
use crate::tenancy::reorganise::{Occasion, Plan, Planner};

impl<'f> Keeping<'f> {
    /// Units that close, the earlier first; of one day those further down, so that nothing is left open beneath.
    pub(super) async fn close(
        &self,
        tx: &mut Tx,
        entries: &[Entry<'f>],
        verdicts: &mut Verdicts,
        log: &mut Log,
    ) -> Result<()> {
        let mut closing: Vec<(Date, Entry<'f>)> = Vec::new();
        for entry in entries {
            match entry.line.close {
                Some(day) if entry.unit.closed_on.is_none() && day >= self.on => {
                    let words = format!("It is to close on {day}; a file of a later day closes it.");
                    log.note(*entry, FileChangeKind::CloseToCome, words);
                }
                Some(day) if entry.unit.closed_on.is_none() => closing.push((day, *entry)),
                _ => {}
            }
        }
        closing.sort_by_key(|(day, entry)| {
            let depth = entry.unit.path.matches('.').count();
            (*day, std::cmp::Reverse(depth), entry.row)
        });
        for (day, entry) in closing {
            self.close_one(tx, entry, day, verdicts, log).await?;
        }
        Ok(())
    }

    async fn close_one(
        &self,
        tx: &mut Tx,
        entry: Entry<'f>,
        day: Date,
        verdicts: &mut Verdicts,
        log: &mut Log,
    ) -> Result<()> {
        let mut into: Vec<&OrgUnit> = Vec::new();
        for code in entry.line.successor_codes() {
            match self.unit(&code) {
                // A unit of this file's own has no place in the tree yet: it is beneath what the caller leads.
                Ok(successor) if successor.path.is_empty() || self.may_reorganise(successor) => {
                    into.push(successor);
                }
                Ok(successor) => {
                    let detail = format!("`{}` is not yours to reorganise", successor.code);
                    verdicts.refuse(entry.row, "/successor", "forbidden", detail);
                    return Ok(());
                }
                Err((code, detail)) => {
                    verdicts.refuse(entry.row, "/successor", code, detail);
                    return Ok(());
                }
            }
        }
        let ids: Vec<UnitId> = into.iter().map(|unit| unit.id).collect();
        let placed = self.move_on(tx, entry, day.next(), &ids, verdicts, log).await?;
        let codes: Vec<String> = into.iter().map(|unit| format!("`{}`", unit.code)).collect();
        let (kind, what, words) = match codes.as_slice() {
            [] => (
                ReorganisationKind::Close,
                FileChangeKind::Closed,
                format!("It closes on {day}."),
            ),
            [one] => (
                ReorganisationKind::Merge,
                FileChangeKind::Merged,
                format!("It closes on {day}; {one} takes it over."),
            ),
            several => (
                ReorganisationKind::Split,
                FileChangeKind::Split,
                format!(
                    "It closes on {day}; {} share what was beneath it.",
                    several.join(", ")
                ),
            ),
        };
        let planned = self
            .plan_close(tx, entry.unit.id, day.next(), &ids, &placed)
            .await;
        if let Some(plan) = judged(verdicts, entry.row, "/close", planned)? {
            let occasion = Occasion::new(entry.unit.id, kind, day.next());
            self.carry_out(tx, plan, occasion, entry, (what, words), log)
                .await?;
        }
        Ok(())
    }

    fn may_reorganise(&self, unit: &OrgUnit) -> bool {
        self.caller.scope().may_write(Action::Reorganise, unit)
    }

    /// Whatever is open beneath a unit that closes moves on that day to where its own line says, unless that is the
    /// successor; says who goes to which successor.
    async fn move_on(
        &self,
        tx: &mut Tx,
        closing: Entry<'f>,
        on: Date,
        into: &[UnitId],
        verdicts: &mut Verdicts,
        log: &mut Log,
    ) -> Result<HashMap<UnitId, UnitId>> {
        let beneath = Planner::new(tx, on).beneath(&[closing.unit.id]).await?;
        let children: BTreeSet<UnitId> = beneath.into_iter().map(|(child, _)| child).collect();
        let mut placed = HashMap::new();
        if children.is_empty() {
            return Ok(placed);
        }
        for (row, line) in &self.file.lines {
            let Some(child) = self.file.there.get(&line.ods_code()) else {
                continue;
            };
            let parent = line.parent_code().and_then(|code| self.unit(&code).ok());
            let Some(parent) = parent.filter(|_| children.contains(&child.id) && !verdicts.refused(*row))
            else {
                continue;
            };
            if into.contains(&parent.id) {
                placed.insert(child.id, parent.id);
            } else if parent.id != closing.unit.id {
                let entry = Entry {
                    row: *row,
                    line,
                    unit: child,
                };
                self.transfer_one(tx, entry, parent, on, verdicts, log).await?;
            }
        }
        Ok(placed)
    }

    async fn plan_close(
        &self,
        tx: &Tx,
        unit: UnitId,
        on: Date,
        into: &[UnitId],
        placed: &HashMap<UnitId, UnitId>,
    ) -> Result<Plan> {
        let mut planner = Planner::new(tx, on);
        planner.know(into).await?;
        planner.know(&[unit]).await?;
        for concerned in into.iter().chain([&unit]) {
            self.caller
                .require_on(Action::Reorganise, planner.unit(*concerned)?)?;
        }
        match into {
            [] => planner.close_alone(unit).await?,
            [one] => planner.merge(&[unit], *one).await?,
            several => planner.split(unit, several, placed, None).await?,
        }
        planner.settle(self.caller.today());
        Ok(planner.plan)
    }

    /// Units that stand elsewhere than their lines say, those further up in the file first.
    pub(super) async fn transfer(
        &self,
        tx: &mut Tx,
        entries: &[Entry<'f>],
        verdicts: &mut Verdicts,
        log: &mut Log,
    ) -> Result<()> {
        let ids: Vec<UnitId> = entries
            .iter()
            .filter(|entry| entry.line.parent.is_some())
            .map(|entry| entry.unit.id)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let lines: HashMap<UnitId, Lines> = tx.lines_of(&ids).await?;
        let mut moving: Vec<(usize, Entry<'f>, &'f OrgUnit)> = Vec::new();
        for entry in entries {
            let Some(code) = entry.line.parent_code() else {
                continue;
            };
            let parent = match self.unit(&code) {
                Ok(parent) => parent,
                Err((code, detail)) => {
                    verdicts.refuse(entry.row, "/parent", code, detail);
                    continue;
                }
            };
            // What the file closes has its day of closing by now.
            let closed = entry.line.close.filter(|day| *day < self.on);
            let stands = lines
                .get(&entry.unit.id)
                .and_then(|lines| lines.on(closed.unwrap_or(self.on)));
            if stands.is_some_and(|line| line.parent_id == parent.id) {
                continue;
            }
            if closed.is_some() {
                let detail = format!("it did not stand beneath `{}` when it closed", parent.code);
                verdicts.refuse(entry.row, "/parent", "reorganisation_needed", detail);
                continue;
            }
            moving.push((self.depth(entry.line), *entry, parent));
        }
        moving.sort_by_key(|(depth, entry, _)| (*depth, entry.row));
        for (_, entry, parent) in moving {
            self.transfer_one(tx, entry, parent, self.on, verdicts, log)
                .await?;
        }
        Ok(())
    }

    /// How many lines of the file stand above this one.
    fn depth(&self, line: &OrganisationLine) -> usize {
        let mut above = line.parent_code();
        let mut depth = 0;
        // More levels than any tree has: a circle, which is refused where it closes.
        while depth < 64 {
            let Some(place) = above.and_then(|code| self.file.by_code.get(&code)) else {
                break;
            };
            above = self.file.lines[*place].1.parent_code();
            depth += 1;
        }
        depth
    }

    async fn transfer_one(
        &self,
        tx: &mut Tx,
        entry: Entry<'f>,
        parent: &OrgUnit,
        on: Date,
        verdicts: &mut Verdicts,
        log: &mut Log,
    ) -> Result<()> {
        let planned = self.plan_transfer(tx, entry.unit.id, parent.id, on).await;
        if let Some(plan) = judged(verdicts, entry.row, "/parent", planned)? {
            let words = format!("It stands beneath `{}` from {on} on.", parent.code);
            let occasion = Occasion::new(entry.unit.id, ReorganisationKind::Transfer, on);
            let said = (FileChangeKind::Transferred, words);
            self.carry_out(tx, plan, occasion, entry, said, log).await?;
        }
        Ok(())
    }

    async fn plan_transfer(&self, tx: &Tx, unit: UnitId, parent: UnitId, on: Date) -> Result<Plan> {
        let mut planner = Planner::new(tx, on);
        planner.know(&[unit, parent]).await?;
        let from = planner.lines.get(&unit).and_then(|lines| lines.on(on));
        let mut concerned = vec![unit, parent];
        concerned.extend(from.map(|line| line.parent_id));
        planner.know(&concerned).await?;
        for unit in concerned {
            self.caller.require_on(Action::Reorganise, planner.unit(unit)?)?;
        }
        planner.transfer(unit, parent).await?;
        planner.settle(self.caller.today());
        Ok(planner.plan)
    }
}

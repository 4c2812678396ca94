//! Lines of units that are there already: what has changed of them is done as a reorganisation, by its rules.

use std::collections::{BTreeSet, HashMap, HashSet};

use spiral_domain::exchange::{RowStatus, Verdicts};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{FileChange, FileChangeKind, OrgUnit, OrganisationLine, ReorganisationKind};
use spiral_domain::{Date, Error, ReorganisationId, Result, UnitId, Violation};
use spiral_store::Tx;

use super::{File, Named};
use crate::caller::Caller;
use crate::tenancy::reorganise::{Occasion, Plan, Planner, handed, record_of, write};

/// Brings known units to what a file says of them.
pub(super) struct Keeping<'f> {
    pub(super) caller: &'f Caller,
    pub(super) file: &'f File,
    /// The units of new lines, by place.
    pub(super) planted: &'f [Option<OrgUnit>],
    pub(super) top: &'f OrgUnit,
    /// The first day of what the file says without a date.
    pub(super) on: Date,
}

/// A line of a known unit.
#[derive(Clone, Copy)]
pub(super) struct Entry<'f> {
    pub(super) row: usize,
    pub(super) line: &'f OrganisationLine,
    pub(super) unit: &'f OrgUnit,
}

/// What was done so far, and what was only noted.
#[derive(Default)]
pub(super) struct Log {
    changes: Vec<FileChange>,
    reorganisations: usize,
}

impl Log {
    pub(super) fn note(&mut self, entry: Entry<'_>, what: FileChangeKind, words: String) {
        self.changes.push(FileChange {
            row: entry.row,
            unit_id: entry.unit.id,
            code: entry.unit.code.clone(),
            what,
            effective_on: None,
            reorganisation_id: None,
            words,
        });
    }
}

fn refuse(verdicts: &mut Verdicts, row: usize, (pointer, code, detail): (&str, &str, String)) {
    verdicts.refuse(row, pointer, code, detail);
}

/// Where a refusal of the planner stands in a line.
fn at_column(found: Vec<Violation>, column: &str) -> Vec<Violation> {
    let place = |pointer: &str| match pointer {
        "/parent" => "/parent",
        "/children" => "/successor",
        pointer if pointer.starts_with("/into") => "/successor",
        _ => column,
    };
    found
        .into_iter()
        .map(|violation| Violation {
            pointer: place(&violation.pointer).to_owned(),
            ..violation
        })
        .collect()
}

/// A plan, or none if it is refused: then its line says why.
pub(super) fn judged(
    verdicts: &mut Verdicts,
    row: usize,
    column: &str,
    planned: Result<Plan>,
) -> Result<Option<Plan>> {
    match planned {
        Ok(plan) => return Ok(Some(plan)),
        Err(Error::Invalid(found)) => verdicts.reject(row, at_column(found, column)),
        Err(Error::Conflict { code, detail, .. }) => verdicts.refuse(row, column, code, detail),
        Err(Error::Forbidden(detail)) => verdicts.refuse(row, column, "forbidden", detail),
        Err(other) => return Err(other),
    }
    Ok(None)
}

impl<'f> Keeping<'f> {
    /// Judges every line of a known unit and writes what has changed, in the order of time.
    pub(super) async fn bring_up_to_date(
        &self,
        tx: &mut Tx,
        verdicts: &mut Verdicts,
    ) -> Result<Vec<FileChange>> {
        let mut log = Log::default();
        let mut entries = self.entries(verdicts);
        self.check_closed(tx, &mut entries, verdicts).await?;
        self.reclassify(tx, &entries, &mut log).await?;
        self.close(tx, &entries, verdicts, &mut log).await?;
        self.transfer(tx, &entries, verdicts, &mut log).await?;
        self.rename(tx, &entries, verdicts, &mut log).await?;
        let changed: HashSet<usize> = log
            .changes
            .iter()
            .filter(|change| change.what.changes())
            .map(|change| change.row)
            .collect();
        for entry in &entries {
            let status = if changed.contains(&entry.row) {
                RowStatus::Updated
            } else {
                RowStatus::Unchanged
            };
            verdicts.accept(entry.row, status, entry.unit.id.0);
        }
        log.changes.sort_by_key(|change| change.row);
        Ok(log.changes)
    }

    /// The lines of known units that a file may speak of at all.
    fn entries(&self, verdicts: &mut Verdicts) -> Vec<Entry<'f>> {
        let mut entries = Vec::new();
        for (row, line) in &self.file.lines {
            let Some(unit) = self.file.there.get(&line.ods_code()) else {
                continue;
            };
            let wrong = if !unit.beneath(&self.top.path) {
                let detail = format!("`{}` does not stand beneath `{}`", unit.code, self.top.code);
                Some(("/code", "forbidden", detail))
            } else if unit.tier != line.kind.usual_tier() {
                let detail = format!("it is of tier `{}`", unit.tier.name());
                Some(("/type", "tier_stays", detail))
            } else if unit.closed_on.is_some() && unit.closed_on != line.close {
                let detail = "a unit that has closed is opened again by reversing that";
                Some(("/close", "reorganisation_needed", detail.to_owned()))
            } else {
                None
            };
            match wrong {
                Some(wrong) => refuse(verdicts, *row, wrong),
                None if verdicts.refused(*row) => {}
                None => entries.push(Entry {
                    row: *row,
                    line,
                    unit,
                }),
            }
        }
        entries
    }

    /// Who came after a unit that had closed before stays as it is recorded.
    async fn check_closed(
        &self,
        tx: &Tx,
        entries: &mut Vec<Entry<'f>>,
        verdicts: &mut Verdicts,
    ) -> Result<()> {
        let closed: Vec<UnitId> = entries
            .iter()
            .filter(|entry| entry.unit.closed_on.is_some() && entry.line.successor.is_some())
            .map(|entry| entry.unit.id)
            .collect();
        if closed.is_empty() {
            return Ok(());
        }
        let recorded = tx.successions_of(&closed).await?;
        entries.retain(|entry| {
            if entry.unit.closed_on.is_none() || entry.line.successor.is_none() {
                return true;
            }
            let successions = recorded.get(&entry.unit.id).into_iter().flatten();
            let own: BTreeSet<UnitId> = successions
                .filter(|succession| succession.predecessor_id == entry.unit.id)
                .map(|succession| succession.successor_id)
                .collect();
            let said: Option<BTreeSet<UnitId>> = entry
                .line
                .successor_codes()
                .iter()
                .map(|code| self.unit(code).ok().map(|unit| unit.id))
                .collect();
            let same = said.as_ref() == Some(&own);
            if !same {
                let detail = "who came after a unit that has closed is changed by a reorganisation";
                verdicts.refuse(entry.row, "/successor", "reorganisation_needed", detail);
            }
            same
        });
        Ok(())
    }

    /// The unit that a code of the file means, or why it cannot be meant.
    pub(super) fn unit(&self, code: &str) -> Result<&'f OrgUnit, (&'static str, String)> {
        match self.file.named(code) {
            Some(Named::Unit(unit)) => Ok(unit),
            Some(Named::Line(place)) => self.planted[place]
                .as_ref()
                .ok_or_else(|| ("line_refused", format!("the line of `{code}` is refused"))),
            None => Err(("not_found", format!("`{code}` is neither in the file nor known"))),
        }
    }

    /// New kinds, which are no reorganisation; and what the file says and is not taken.
    async fn reclassify(&self, tx: &mut Tx, entries: &[Entry<'f>], log: &mut Log) -> Result<()> {
        let mut changed = Vec::new();
        for entry in entries {
            let (line, unit) = (entry.line, entry.unit);
            if line.kind != unit.kind {
                let mut now = unit.clone();
                now.kind = line.kind;
                now.version += 1;
                now.updated_at = tx.now();
                changed.push((Some(unit.clone()), now));
                let words = "It is of another kind.".to_owned();
                log.note(*entry, FileChangeKind::Reclassified, words);
            }
            if let Some(open) = line
                .open
                .filter(|open| unit.opened_on != Some(open.first) || unit.opened_precision != open.precision)
            {
                let kept = unit
                    .opened_on
                    .map_or_else(|| "at no known day".into(), |day| format!("on {day}"));
                let words = format!("It is recorded to have opened {kept}; {open} is not taken.");
                log.note(*entry, FileChangeKind::OpeningKept, words);
            }
        }
        tx.change_units(&changed).await
    }

    /// New names: of what is open from the file's day on, of what has closed as a correction.
    async fn rename(
        &self,
        tx: &mut Tx,
        entries: &[Entry<'f>],
        verdicts: &mut Verdicts,
        log: &mut Log,
    ) -> Result<()> {
        let named: Vec<Entry<'f>> = entries
            .iter()
            .filter(|entry| entry.line.name != entry.unit.name)
            .copied()
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        let ids: Vec<UnitId> = named.iter().map(|entry| entry.unit.id).collect();
        let units: HashMap<UnitId, OrgUnit> = tx.find::<OrgUnit>().ids(&ids).by_id().await?;
        let mut corrected = Vec::new();
        for entry in named {
            let Some(unit) = units.get(&entry.unit.id) else {
                continue;
            };
            let name = &entry.line.name;
            if unit.closed_on.is_some_and(|closed| closed < self.on) {
                let mut now = unit.clone();
                now.name.clone_from(name);
                now.version += 1;
                now.updated_at = tx.now();
                corrected.push((Some(unit.clone()), now));
                let words = format!("It has closed; its name is corrected to `{name}`.");
                log.note(entry, FileChangeKind::NameCorrected, words);
                continue;
            }
            let planned = self.plan_rename(tx, unit.id, name).await;
            if let Some(plan) = judged(verdicts, entry.row, "/name", planned)? {
                let words = format!("Its name is `{name}` from {} on.", self.on);
                let mut occasion = Occasion::new(unit.id, ReorganisationKind::Rename, self.on);
                occasion.name = Some(name.clone());
                let said = (FileChangeKind::Renamed, words);
                self.carry_out(tx, plan, occasion, entry, said, log).await?;
            }
        }
        tx.change_units(&corrected).await
    }

    async fn plan_rename(&self, tx: &Tx, unit: UnitId, name: &str) -> Result<Plan> {
        let mut planner = Planner::new(tx, self.on);
        planner.know(&[unit]).await?;
        self.caller.require_on(Action::Reorganise, planner.unit(unit)?)?;
        planner.rename(unit, name).await?;
        let taken = planner.plan.moves.get(&unit);
        if taken.is_none_or(|planned| planned.after.name != name) {
            let detail = format!("it took the name that it has after {}", self.on);
            return Err(Error::invalid("/name", "renamed_later", detail));
        }
        planner.settle(self.caller.today());
        Ok(planner.plan)
    }

    /// Writes what is planned, and puts it on record.
    pub(super) async fn carry_out(
        &self,
        tx: &mut Tx,
        plan: Plan,
        occasion: Occasion,
        entry: Entry<'f>,
        (what, words): (FileChangeKind, String),
        log: &mut Log,
    ) -> Result<()> {
        log.reorganisations += 1;
        // Each is judged by what those before it have made of the tree: that takes its time.
        let most = self.caller.app().settings().batch_rows;
        if log.reorganisations > most {
            let detail = format!("more than {most} units would be reorganised; send the file in parts");
            return Err(Error::invalid("", "too_many_changes", detail));
        }
        let effective_on = occasion.effective_on;
        let occasion = Occasion {
            reason: Some("From an organisation file".into()),
            ..occasion
        };
        let (reorganisation, successions) = record_of(self.caller, tx, &plan, occasion).await?;
        let id: ReorganisationId = reorganisation.id;
        let handed = handed(tx, &plan).await?;
        write(self.caller, tx, &plan, &handed, &reorganisation, &successions).await?;
        log.changes.push(FileChange {
            row: entry.row,
            unit_id: entry.unit.id,
            code: entry.unit.code.clone(),
            what,
            effective_on: Some(effective_on),
            reorganisation_id: Some(id),
            words,
        });
        Ok(())
    }
}

//! Importing an organisation file: every line judged by itself and by where it would stand, then all written as one.

use std::collections::HashMap;

use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow, RowStatus, Verdicts};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{Line, Lines, MOST_LINES, OrgUnit, OrganisationLine, Succession, in_file_words};
use spiral_domain::{Date, Error, Reference, Result, SuccessionId, Violation};
use spiral_store::Tx;

use crate::caller::Caller;
use crate::clock::fresh;

/// What the codes of a file mean: lines of its own, and units that are there.
struct File {
    lines: Vec<(usize, OrganisationLine)>,
    /// Places in `lines`.
    by_code: HashMap<String, usize>,
    there: HashMap<String, OrgUnit>,
}

/// Who a code means.
enum Named<'f> {
    Line(usize),
    Unit(&'f OrgUnit),
}

impl File {
    fn named(&self, code: &str) -> Option<Named<'_>> {
        // What is known already stands where it stands; its line only brings its name.
        if let Some(unit) = self.there.get(code) {
            return Some(Named::Unit(unit));
        }
        self.by_code.get(code).copied().map(Named::Line)
    }

    /// New lines, each after the one above it; those that go round in a circle are refused.
    fn in_order(&self, verdicts: &mut Verdicts) -> Vec<usize> {
        let mut state = vec![0_u8; self.lines.len()];
        let mut order = Vec::with_capacity(self.lines.len());
        for start in 0..self.lines.len() {
            let mut way = Vec::new();
            let mut at = Some(start);
            while let Some(place) = at {
                let (row, line) = &self.lines[place];
                match state[place] {
                    0 => {
                        state[place] = 1;
                        way.push(place);
                    }
                    1 => {
                        let detail = format!("`{}` would stand beneath itself", line.code);
                        verdicts.refuse(*row, "/parent", "cycle", detail);
                        break;
                    }
                    _ => break,
                }
                at = line.parent_code().and_then(|code| match self.named(&code) {
                    Some(Named::Line(parent)) => Some(parent),
                    _ => None,
                });
            }
            for place in way.into_iter().rev() {
                state[place] = 2;
                if !self.there.contains_key(&self.lines[place].1.ods_code()) {
                    order.push(place);
                }
            }
        }
        order
    }
}

/// Imports an organisation file beneath a unit, the root if none is named: new units with their successions, new
/// names of known ones. All of it or nothing.
pub async fn import_org_units(
    caller: &Caller,
    beneath: Option<&Reference>,
    batch: Vec<BatchRow<OrganisationLine>>,
    options: BatchOptions,
) -> Result<BatchReport> {
    caller.require(Action::CreateOrgUnit)?;
    if batch.len() > MOST_LINES {
        let detail = format!("a file has at most {MOST_LINES} lines; send several");
        return Err(Error::invalid("", "too_many_rows", detail));
    }
    let top: OrgUnit = match beneath {
        Some(unit) => caller.store().named(unit).await?,
        None => caller.store().root().await?.ok_or(Error::NotFound("unit"))?,
    };
    let (mut verdicts, lines) = Verdicts::split(batch);
    let mut tx = caller.begin(Action::CreateOrgUnit, &[&top][..]).await?;
    let file = read(&tx, lines, &mut verdicts).await?;
    let mut changed = Vec::new();
    for (row, line) in &file.lines {
        if let Some(unit) = file.there.get(&line.ods_code()) {
            match renewed(unit, line, &top, &tx) {
                Ok(Some(now)) => {
                    verdicts.accept(*row, RowStatus::Updated, unit.id.0);
                    changed.push((Some(unit.clone()), now));
                }
                Ok(None) => verdicts.accept(*row, RowStatus::Unchanged, unit.id.0),
                Err(violation) => verdicts.reject(*row, vec![violation]),
            }
        }
    }
    let order = file.in_order(&mut verdicts);
    let planted = plant(caller, &tx, &file, &order, &top, &mut verdicts);
    let (successions, lines) = succeed(&tx, &file, &order, &planted, &mut verdicts);
    for place in &order {
        if let (row, Some(unit)) = (file.lines[*place].0, &planted[*place]) {
            verdicts.accept(row, RowStatus::Inserted, unit.id.0);
        }
    }
    // A line whose parent was refused has no unit, and nothing of its own to be said of it.
    for place in &order {
        let (row, line) = &file.lines[*place];
        if planted[*place].is_none() && !verdicts.refused(*row) {
            let detail = format!(
                "`{}`, above it, is refused",
                line.parent.as_deref().unwrap_or_default()
            );
            verdicts.refuse(*row, "/parent", "parent_refused", detail);
        }
    }
    let refused = verdicts.any_refused();
    let options = BatchOptions {
        atomic: None,
        ..options
    };
    let report = verdicts.finish(options)?;
    if options.dry_run || refused {
        return Ok(report);
    }
    let new: Vec<(OrgUnit, Lines)> = order
        .iter()
        .filter_map(|place| planted[*place].clone().zip(lines.get(place).cloned()))
        .collect();
    tx.plant_units(new).await?;
    tx.change_units(&changed).await?;
    tx.put_successions(&successions).await?;
    tx.commit(report).await
}

async fn read(tx: &Tx, lines: Vec<(usize, OrganisationLine)>, verdicts: &mut Verdicts) -> Result<File> {
    let mut codes: Vec<String> = Vec::with_capacity(lines.len() * 2);
    let mut by_code: HashMap<String, usize> = HashMap::with_capacity(lines.len());
    let mut kept: Vec<(usize, OrganisationLine)> = Vec::with_capacity(lines.len());
    for (row, line) in lines {
        let mut found = line.check();
        if let Some(first) = by_code.get(&line.ods_code()) {
            let (before, other) = &kept[*first];
            found.push(if line.parent_code() == other.parent_code() {
                let detail = format!("row {before} of this file is about the same unit");
                Violation::new("/code", "twice_in_batch", detail)
            } else {
                let detail = format!("row {before} has it beneath another unit; it has one parent on a day");
                Violation::new("/parent", "two_parents_on_one_day", detail)
            });
        }
        if found.is_empty() {
            codes.push(line.ods_code());
            codes.extend(line.parent_code());
            codes.extend(line.successor_codes());
            by_code.insert(line.ods_code(), kept.len());
            kept.push((row, line));
        } else {
            verdicts.reject(row, found);
        }
    }
    codes.sort_unstable();
    codes.dedup();
    let there = tx.units_by_ods_code(&codes).await?;
    let own: Vec<String> = by_code.keys().map(|code| code.to_ascii_lowercase()).collect();
    for taken in tx.units_by_code(&own).await? {
        let code = taken.code.to_ascii_uppercase();
        if taken.ods_code.as_ref() != Some(&code)
            && let Some(place) = by_code.get(&code)
        {
            let detail = format!("another unit has the code `{}`", taken.code);
            verdicts.refuse(kept[*place].0, "/code", "code_taken", detail);
        }
    }
    Ok(File {
        lines: kept,
        by_code,
        there,
    })
}

/// A known unit with the name and kind that its line says; where it stands and when it closed is for
/// reorganisations to change.
fn renewed(
    unit: &OrgUnit,
    line: &OrganisationLine,
    top: &OrgUnit,
    tx: &Tx,
) -> Result<Option<OrgUnit>, Violation> {
    if !unit.beneath(&top.path) {
        let detail = format!("`{}` does not stand beneath `{}`", unit.code, top.code);
        return Err(Violation::new("/code", "forbidden", detail));
    }
    if unit.tier != line.kind.usual_tier() {
        let detail = format!("it is of tier `{}`", unit.tier.name());
        return Err(Violation::new("/type", "tier_stays", detail));
    }
    if unit.closed_on != line.close {
        let detail = "a known unit is closed, or opened again, by a reorganisation";
        return Err(Violation::new("/close", "reorganisation_needed", detail));
    }
    let mut now = unit.clone();
    now.name.clone_from(&line.name);
    now.kind = line.kind;
    if now == *unit {
        return Ok(None);
    }
    now.version += 1;
    now.updated_at = tx.now();
    Ok(Some(now))
}

/// The units of the new lines, as far as they can stand; by place in the file.
fn plant(
    caller: &Caller,
    tx: &Tx,
    file: &File,
    order: &[usize],
    top: &OrgUnit,
    verdicts: &mut Verdicts,
) -> Vec<Option<OrgUnit>> {
    let mut planted: Vec<Option<OrgUnit>> = vec![None; file.lines.len()];
    for place in order {
        let (row, line) = &file.lines[*place];
        let parent = match line.parent_code() {
            None => Some(top.clone()),
            Some(code) => match file.named(&code) {
                Some(Named::Unit(unit)) if unit.beneath(&top.path) => Some(unit.clone()),
                Some(Named::Unit(unit)) => {
                    let detail = format!("`{}` does not stand beneath `{}`", unit.code, top.code);
                    verdicts.refuse(*row, "/parent", "forbidden", detail);
                    None
                }
                Some(Named::Line(parent)) => planted[parent].clone(),
                None => {
                    let detail = format!("`{code}` is neither in the file nor known");
                    verdicts.refuse(*row, "/parent", "not_found", detail);
                    None
                }
            },
        };
        let Some(parent) = parent.filter(|_| !verdicts.refused(*row)) else {
            continue;
        };
        let input = line.unit(parent.id);
        match input.check_parent(&parent) {
            Err(Error::Invalid(found)) => verdicts.reject(*row, in_file_words(found)),
            _ => planted[*place] = Some(super::new_unit(caller, input, Some(parent.id), tx)),
        }
    }
    planted
}

/// Who succeeds whom, and where each new unit stands and has stood.
fn succeed(
    tx: &Tx,
    file: &File,
    order: &[usize],
    planted: &[Option<OrgUnit>],
    verdicts: &mut Verdicts,
) -> (Vec<Succession>, HashMap<usize, Lines>) {
    let mut successions = Vec::new();
    let mut all = HashMap::with_capacity(order.len());
    for place in order {
        let (row, line) = &file.lines[*place];
        let Some(unit) = &planted[*place] else { continue };
        let Some(parent) = unit.parent_id else { continue };
        let mut lines = Lines::new(vec![Line::always(parent)]);
        let codes = line.successor_codes();
        let starts = unit.closed_on.map_or(Date::MAX, Date::next);
        for code in &codes {
            let successor = match file.named(code) {
                Some(Named::Unit(other)) => Some(other),
                Some(Named::Line(other)) => planted[other].as_ref(),
                None => {
                    let detail = format!("`{code}` is neither in the file nor known");
                    verdicts.refuse(*row, "/successor", "not_found", detail);
                    continue;
                }
            };
            let Some(successor) = successor else { continue };
            let open = successor.opened_on.is_none_or(|opened| opened <= starts)
                && successor.closed_on.is_none_or(|closed| starts <= closed);
            if successor.id == unit.id || successor.tier != unit.tier || !open {
                let detail = format!("`{code}` is not another open unit of its tier on {starts}");
                verdicts.refuse(*row, "/successor", "successor_not_open", detail);
                continue;
            }
            if codes.len() == 1 {
                lines.place(successor.id, starts, Date::MAX);
            }
            successions.push(Succession {
                id: fresh::<SuccessionId>(),
                predecessor_id: unit.id,
                successor_id: successor.id,
                legal_start: starts,
                reorganisation_id: None,
                withdrawn: false,
                version: 1,
                recorded_at: tx.now(),
            });
        }
        all.insert(*place, lines);
    }
    (successions, all)
}

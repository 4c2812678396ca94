//! Importing an organisation file: every line judged by itself and by where it would stand, then all written as one.

use std::collections::HashMap;

use spiral_domain::exchange::{BatchOptions, BatchRow, ReportDetail, RowStatus, Verdicts};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{Lines, MOST_LINES, OrgUnit, OrganisationFileReport, OrganisationLine};
use spiral_domain::{Date, Error, Reference, Result, Violation};
use spiral_store::Tx;

use self::added::{plant, succeed};
use self::known::Keeping;
use crate::caller::Caller;

mod added;
mod known;
mod moving;

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

/// How an organisation file is taken.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// The unit beneath which lines without a parent stand; the root if none is given.
    pub beneath: Option<Reference>,
    /// The first day of what the file says without a date: names, and who stands beneath whom; today if none is given.
    pub effective_on: Option<Date>,
    /// Check and report, write nothing.
    pub dry_run: bool,
    /// Whether each line has a result of its own.
    pub report: Option<ReportDetail>,
}

/// Imports an organisation file: new units with their successions, and what has changed of known ones, each change as
/// a reorganisation. All of it or nothing.
pub async fn import_org_units(
    caller: &Caller,
    batch: Vec<BatchRow<OrganisationLine>>,
    options: FileOptions,
) -> Result<OrganisationFileReport> {
    caller.require(Action::CreateOrgUnit)?;
    if batch.len() > MOST_LINES {
        let detail = format!("a file has at most {MOST_LINES} lines; send several");
        return Err(Error::invalid("", "too_many_rows", detail));
    }
    let on = options.effective_on.unwrap_or_else(|| caller.today());
    if on > caller.today() {
        let detail = format!("{on} is still to come");
        let found = Violation::new("/query/effectiveOn", "in_the_future", detail);
        return Err(Error::Malformed(vec![found]));
    }
    let top: OrgUnit = match &options.beneath {
        Some(unit) => caller.store().named(unit).await?,
        None => caller.store().root().await?.ok_or(Error::NotFound("unit"))?,
    };
    let (mut verdicts, lines) = Verdicts::split(batch);
    let mut tx = caller.begin(Action::CreateOrgUnit, &[&top][..]).await?;
    let file = read(&tx, lines, &mut verdicts).await?;
    let order = file.in_order(&mut verdicts);
    let planted = plant(caller, &tx, &file, &order, &top, &mut verdicts);
    let (successions, lines) = succeed(&tx, &file, &order, &planted, &top, &mut verdicts);
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
    // Everything is written, even where it is only tried: what follows is judged by it.
    let new: Vec<(OrgUnit, Lines)> = order
        .iter()
        .filter_map(|place| planted[*place].clone().zip(lines.get(place).cloned()))
        .collect();
    tx.plant_units(new).await?;
    tx.put_successions(&successions).await?;
    let keeping = Keeping {
        caller,
        file: &file,
        planted: &planted,
        top: &top,
        on,
    };
    let changes = keeping.bring_up_to_date(&mut tx, &mut verdicts).await?;
    let refused = verdicts.any_refused();
    let report = verdicts.finish(BatchOptions {
        dry_run: options.dry_run,
        atomic: None,
        report: options.report,
    })?;
    let report = OrganisationFileReport { report, changes };
    if options.dry_run || refused {
        return Ok(report);
    }
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

//! Lines of units that are not there yet: where each would stand, and who came after it.

use std::collections::HashMap;

use spiral_domain::exchange::Verdicts;
use spiral_domain::tenancy::{Line, Lines, OrgUnit, Succession, in_file_words};
use spiral_domain::{Date, Error, SuccessionId};
use spiral_store::Tx;

use super::{File, Named};
use crate::caller::Caller;
use crate::clock::fresh;

/// The units of the new lines, as far as they can stand; by place in the file.
pub(super) fn plant(
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
            _ => planted[*place] = Some(crate::tenancy::new_unit(caller, input, Some(parent.id), tx)),
        }
    }
    planted
}

/// Who succeeds whom, and where each new unit stands and has stood.
pub(super) fn succeed(
    tx: &Tx,
    file: &File,
    order: &[usize],
    planted: &[Option<OrgUnit>],
    top: &OrgUnit,
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
                Some(Named::Unit(other)) if other.beneath(&top.path) => Some(other),
                Some(Named::Unit(other)) => {
                    // What it recorded would count there from then on: that takes the right to say so.
                    let detail = format!("`{}` does not stand beneath `{}`", other.code, top.code);
                    verdicts.refuse(*row, "/successor", "forbidden", detail);
                    None
                }
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

//! Complementary suppression and its checkers.

use std::collections::BTreeSet;

use super::{
    CellId, Hidden,
    linear::Solution,
    table::{Sum, Table},
};

/// Which cells must not have a total, by their [`CellId::index`]: those that break the rule, and those
/// that would give them away.
///
/// Of the published cells that are needed to work out something protected, the one with the smallest size
/// is left out, at a tie the one that was added first; and so on until nothing can be worked out. The same
/// table always gives the same answer.
pub fn suppress(table: &Table) -> Vec<bool> {
    let mut suppressed: Vec<bool> = table.cells.iter().map(|cell| cell.primary).collect();
    if !suppressed.contains(&true) {
        return suppressed;
    }
    loop {
        let known = Solution::of(table, suppressed.clone());
        let mut chosen = BTreeSet::new();
        for (at, cell) in table.cells.iter().enumerate() {
            if cell.primary && known.is_derivable(at) {
                choose(table, &known.sources(at), &mut chosen);
            }
        }
        for sum in table
            .sums
            .iter()
            .filter(|sum| tells_small_group(table, sum, &suppressed, &known))
        {
            choose(
                table,
                &sources_of_rest(table, sum, &suppressed, &known),
                &mut chosen,
            );
        }
        if chosen.is_empty() {
            // What can be worked out anyway protects nothing, and may as well be read.
            for (at, cell) in table.cells.iter().enumerate() {
                suppressed[at] &= cell.primary || known.is_open(at);
            }
            return suppressed;
        }
        for at in chosen {
            suppressed[at] = true;
        }
    }
}

/// The suppressed cells whose total a reader can work out from the published ones and the sums. A cell
/// that `suppressed` does not reach counts as published.
pub fn derivable(table: &Table, suppressed: &[bool]) -> Vec<CellId> {
    let suppressed = flags(table, suppressed);
    let known = Solution::of(table, suppressed);
    (0..table.cells.len())
        .filter(|&at| known.is_derivable(at))
        .map(CellId)
        .collect()
}

/// The wholes whose total, less that of their published parts, tells the sum of a group of suppressed
/// parts that breaks the rule. A cell that `suppressed` does not reach counts as published.
pub fn small_groups(table: &Table, suppressed: &[bool]) -> Vec<CellId> {
    let suppressed = flags(table, suppressed);
    let known = Solution::of(table, suppressed.clone());
    let wholes: BTreeSet<usize> = table
        .sums
        .iter()
        .filter(|sum| tells_small_group(table, sum, &suppressed, &known))
        .map(|sum| sum.whole)
        .collect();
    wholes.into_iter().map(CellId).collect()
}

/// One flag per cell; cells without a hidden part are known whatever the flag says.
fn flags(table: &Table, suppressed: &[bool]) -> Vec<bool> {
    let given = suppressed.iter().copied().chain(std::iter::repeat(false));
    table
        .cells
        .iter()
        .zip(given)
        .map(|(cell, flag)| flag && !cell.exact())
        .collect()
}

/// Adds the smallest of the candidates, unless one of them goes already.
fn choose(table: &Table, candidates: &[usize], chosen: &mut BTreeSet<usize>) {
    if candidates.iter().any(|at| chosen.contains(at)) {
        return;
    }
    if let Some(&smallest) = candidates.iter().min_by_key(|&&at| (table.cells[at].size, at)) {
        chosen.insert(smallest);
    }
}

/// Whether the whole is known and the parts that are not, taken together, break the rule.
fn tells_small_group(table: &Table, sum: &Sum, suppressed: &[bool], known: &Solution) -> bool {
    if !sum.parts.iter().any(|&part| suppressed[part]) || known.is_open(sum.whole) {
        return false;
    }
    let open = sum
        .parts
        .iter()
        .filter(|&&part| known.is_open(part))
        .map(|&part| table.cells[part].hidden);
    table.rule.must_suppress(&Hidden::joined(open, sum.along))
}

/// The published cells that tell what the unknown parts of a sum are together.
fn sources_of_rest(table: &Table, sum: &Sum, suppressed: &[bool], known: &Solution) -> Vec<usize> {
    let mut sources = BTreeSet::new();
    for cell in sum.cells().filter(|&cell| !table.cells[cell].exact()) {
        if !suppressed[cell] {
            sources.insert(cell);
        } else if known.is_derivable(cell) {
            sources.extend(known.sources(cell));
        }
    }
    sources.into_iter().collect()
}

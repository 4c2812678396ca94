//! Which totals are left out on a day, for a reader who does not see every unit: from the root down, each unit with all
//! its children, whatever part of the tree is asked for. A unit's total is left out if too few of the units counted in
//! it are hidden, or if it would give away that of a sibling or its parent; beneath a unit whose total is left out, all
//! totals with hidden units are left out too.

use std::collections::{HashSet, VecDeque};

use spiral_domain::UnitId;
use spiral_stats::suppression::{Along, Hidden, Rule, Table, suppress};

/// How many units are counted at a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Hidden from the reader.
    pub hidden: i64,
    /// Of these, those that have been in the directory long enough to count towards the threshold.
    pub settled: i64,
    /// Hidden or not.
    pub all: i64,
}

impl Count {
    /// As the suppression knows it, and how large it is.
    fn cell(self) -> (Hidden, u64) {
        let units = u64::try_from(self.hidden).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "numbers of units are far below 2^52")]
        let denominator = units as f64;
        let hidden = Hidden {
            units,
            settled: u64::try_from(self.settled).unwrap_or_default(),
            numerator: 0.0,
            denominator,
            largest_denominator: if units > 0 { 1.0 } else { 0.0 },
            counts_people: false,
        };
        (hidden, u64::try_from(self.all).unwrap_or_default())
    }
}

/// The units whose totals are left out, of those at which any unit is hidden.
pub(crate) fn left_out(
    rule: Rule,
    root: UnitId,
    children_of: &dyn Fn(UnitId) -> Vec<UnitId>,
    count_of: &dyn Fn(UnitId) -> Count,
) -> HashSet<UnitId> {
    let mut left_out: HashSet<UnitId> = HashSet::new();
    if rule.must_suppress(&count_of(root).cell().0) {
        left_out.insert(root);
    }
    let mut waiting = VecDeque::from([root]);
    while let Some(parent) = waiting.pop_front() {
        // In the order of ids, that a tie is always broken in the same way.
        let mut children = children_of(parent);
        if children.is_empty() {
            continue;
        }
        children.sort_unstable();
        waiting.extend(&children);
        let whole = count_of(parent);
        let counts: Vec<Count> = children.iter().map(|child| count_of(*child)).collect();
        let mut table = Table::new(rule);
        let mut parts: Vec<_> = counts
            .iter()
            .map(|count| {
                let (hidden, size) = count.cell();
                table.cell(hidden, size)
            })
            .collect();
        let own = Count {
            hidden: whole.hidden - counts.iter().map(|count| count.hidden).sum::<i64>(),
            settled: whole.settled - counts.iter().map(|count| count.settled).sum::<i64>(),
            all: whole.all - counts.iter().map(|count| count.all).sum::<i64>(),
        };
        let ((hidden, size), (own_hidden, own_size)) = (whole.cell(), own.cell());
        parts.push(table.cell(own_hidden, own_size));
        let sum = table.cell(hidden, size);
        let holds = own.hidden >= 0 && table.sum(Along::Tree, sum, &parts).is_ok();
        let decided = if left_out.contains(&parent) || !holds {
            vec![true; children.len()]
        } else {
            let flags = suppress(&table);
            // The parent's own total stands: it was decided with its siblings.
            let stands = !flags.get(sum.index()).copied().unwrap_or(true);
            if stands { flags } else { vec![true; children.len()] }
        };
        for ((child, count), out) in children.iter().zip(&counts).zip(decided) {
            if out && count.hidden > 0 {
                left_out.insert(*child);
            }
        }
    }
    left_out
}

//! What of many units' results may be told together where each keeps its own to itself.
//!
//! The hidden units of a tree are put into **blocks**, from the leaves up: those of a node that are in no block yet make
//! one if they are enough and none of them has most of it; if not, the smallest block beneath is opened and added, and if
//! that does not help they wait for the node above. A total is told where every hidden unit beneath is in a block that
//! lies wholly beneath. So everything that is ever told is shown results and whole blocks, however totals and parts are
//! added and subtracted; and each block might be told by itself.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::UnitId;
use spiral_stats::suppression::{Hidden, Rule};

/// A unit that keeps its results from the reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hider {
    /// The unit directly above it.
    pub parent: UnitId,
    /// Whether it counts towards the threshold.
    pub settled: bool,
    /// How much it has: people who answered.
    pub answers: i64,
}

/// Hidden units of which the answers are told together, or not at all: their places in the list of all.
pub(super) type Block = Vec<usize>;

/// Whether these may be told together.
pub(super) fn passes(rule: Rule, hiders: impl Iterator<Item = Hider>) -> bool {
    let mut together = Hidden::default();
    for hider in hiders {
        let answers = u32::try_from(hider.answers).map_or(f64::INFINITY, f64::from);
        together.units += 1;
        together.settled += u64::from(hider.settled);
        together.numerator += answers;
        together.denominator += answers;
        together.largest_denominator = together.largest_denominator.max(answers);
    }
    !rule.must_suppress(&together)
}

/// The blocks of a tree in which `parents` says what stands above each unit that is not a hider. Units in no block are
/// never told of.
pub(super) fn blocks(rule: Rule, parents: &HashMap<UnitId, UnitId>, hiders: &[Hider]) -> Vec<Block> {
    let depth = |unit: UnitId| std::iter::successors(Some(unit), |at| parents.get(at).copied()).count();
    // The deepest first, in an order that is always the same.
    let mut nodes: BTreeMap<(std::cmp::Reverse<usize>, UnitId), (Block, Vec<Block>)> = BTreeMap::new();
    let key = |unit: UnitId| (std::cmp::Reverse(depth(unit)), unit);
    for (at, hider) in hiders.iter().enumerate() {
        nodes.entry(key(hider.parent)).or_default().0.push(at);
    }
    let mut made = Vec::new();
    while let Some((place, (waiting, beneath))) = nodes.pop_first() {
        let (waiting, beneath) = gather(rule, hiders, waiting, beneath);
        match parents.get(&place.1) {
            Some(above) => {
                let above = nodes.entry(key(*above)).or_default();
                above.0.extend(waiting);
                above.1.extend(beneath);
            }
            None => made.extend(beneath),
        }
    }
    made
}

/// Those of a node that wait for a block, and the blocks there are beneath it.
fn gather(rule: Rule, hiders: &[Hider], waiting: Block, beneath: Vec<Block>) -> (Block, Vec<Block>) {
    if waiting.is_empty() {
        return (waiting, beneath);
    }
    let (mut together, mut left) = (waiting.clone(), beneath.clone());
    // The largest first, so that the smallest is taken from the end.
    left.sort_by_key(|block| std::cmp::Reverse((block.len(), block.first().copied())));
    loop {
        if passes(rule, together.iter().map(|at| hiders[*at])) {
            left.push(together);
            return (Vec::new(), left);
        }
        let Some(smallest) = left.pop() else {
            return (waiting, beneath);
        };
        together.extend(smallest);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn unit(n: u128) -> UnitId {
        UnitId(Uuid::from_u128(n))
    }

    /// A root (1) with two regions (2, 3), the first of which has two organisations (4, 5), the other one (6).
    fn tree() -> HashMap<UnitId, UnitId> {
        [(2, 1), (3, 1), (4, 2), (5, 2), (6, 3)]
            .map(|(unit_of, above)| (unit(unit_of), unit(above)))
            .into()
    }

    fn hiders(at: &[(u128, usize, i64)]) -> Vec<Hider> {
        let each = |(parent, count, answers): &(u128, usize, i64)| {
            let hider = Hider {
                parent: unit(*parent),
                settled: true,
                answers: *answers,
            };
            vec![hider; *count]
        };
        at.iter().flat_map(each).collect()
    }

    fn sizes(hiders: &[Hider]) -> Vec<usize> {
        let mut sizes: Vec<usize> = blocks(Rule::default(), &tree(), hiders)
            .iter()
            .map(Vec::len)
            .collect();
        sizes.sort_unstable();
        sizes
    }

    #[test]
    fn many_are_a_block_where_they_stand_and_few_wait_for_others() {
        assert_eq!(sizes(&hiders(&[(4, 6, 10), (5, 5, 10)])), [5, 6]);
        // Three of one organisation and three of another meet in the region above.
        assert_eq!(sizes(&hiders(&[(4, 3, 10), (5, 3, 10)])), [6]);
        // Two meet nobody: the smallest block is opened for them.
        assert_eq!(sizes(&hiders(&[(4, 6, 10), (5, 2, 10), (6, 9, 10)])), [8, 9]);
        assert_eq!(sizes(&hiders(&[(4, 2, 10), (6, 9, 10)])), [11]);
        assert_eq!(sizes(&hiders(&[(4, 2, 10), (6, 1, 10)])), [0_usize; 0]);
    }

    #[test]
    fn whoever_has_most_of_it_makes_no_block_with_others() {
        assert_eq!(sizes(&hiders(&[(4, 5, 1), (4, 1, 90)])), [0_usize; 0]);
        // Beneath, what might be told stays told.
        assert_eq!(sizes(&hiders(&[(4, 6, 10), (5, 1, 900)])), [6]);
    }

    #[test]
    fn whoever_is_new_gives_no_cover() {
        let mut five = hiders(&[(4, 5, 10)]);
        assert_eq!(sizes(&five), [5]);
        five[0].settled = false;
        assert_eq!(sizes(&five), [0_usize; 0]);
    }
}

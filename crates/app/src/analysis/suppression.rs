//! Which totals of a tree a reader is told, decided from the root down.
//!
//! A node's total is told only if its parent's is, and is decided before those of its children, by its own
//! family alone. So the answer for a node is the same however it is asked for: a parent and its children asked
//! for one after the other tell no more than both at once. And what is closed stays closed to the leaves, so
//! that the closed parts of a family, which its parent tells taken together, are never told piece by piece.

use spiral_stats::suppression::{Hidden, Rule};

/// What a reader knows of a node's total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing is hidden in it.
    Exact,
    /// It is told.
    Open,
    /// It is not told.
    Closed,
}

/// What the shorter periods that make up this one have told of a node already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// All of it: the longer period tells nothing new, and cannot be kept back.
    Everything,
    /// A part, so that the longer period would tell the rest.
    Part,
    /// Nothing.
    Nothing,
}

/// A node and its children, by number.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub parent: usize,
    pub children: Vec<usize>,
    /// Nodes that were its children in a part of the time.
    pub moved: Vec<usize>,
}

/// What is hidden at each node: one figure, or one for each value of a dimension, which are told together or
/// not at all.
pub(super) type Figures = Vec<Hidden>;

/// A tree to decide about.
pub(super) struct Question<'q> {
    pub rule: Rule,
    /// Families, parents before children.
    pub families: &'q [Family],
    /// Nodes without a parent.
    pub roots: &'q [usize],
    /// Nodes that have moved in the time: never told but where nothing is hidden.
    pub moved: &'q [usize],
    /// What is hidden at each node.
    pub hidden: &'q [Figures],
    /// What of it no shorter period has told.
    pub untold: &'q [Figures],
    /// How many units each node has, hidden or not.
    pub size: &'q [i64],
    /// What shorter periods have told.
    pub before: &'q [Before],
}

impl Question<'_> {
    /// The standing of every node.
    pub fn decide(&self) -> Vec<Standing> {
        let mut standing: Vec<Standing> = self.hidden.iter().map(|figures| alone(figures)).collect();
        for &root in self.roots {
            if standing[root] == Standing::Open && self.must_close(root) {
                standing[root] = Standing::Closed;
            }
        }
        for &node in self.moved {
            if standing[node] == Standing::Open {
                standing[node] = Standing::Closed;
            }
        }
        for family in self.families {
            let unseen: Vec<usize> = family
                .children
                .iter()
                .copied()
                .filter(|child| standing[*child] != Standing::Exact)
                .collect();
            let closed = if standing[family.parent] == Standing::Open {
                self.close(family, &unseen)
            } else {
                unseen
            };
            for child in closed {
                standing[child] = Standing::Closed;
            }
        }
        standing
    }

    /// Which of the unseen children of a told parent are closed.
    fn close(&self, family: &Family, unseen: &[usize]) -> Vec<usize> {
        let (mut closed, mut open): (Vec<usize>, Vec<usize>) =
            unseen.iter().partition(|child| self.must_close(**child));
        // The smallest goes first, at a tie the one that comes first; what is known anyway hides nothing.
        open.retain(|child| self.before[*child] != Before::Everything);
        open.sort_by_key(|child| (self.size[*child], *child));
        let mut next = open.into_iter();
        // The parent's own records are never told by themselves.
        let mut own = rest(
            &self.hidden[family.parent],
            unseen.iter().map(|child| &self.hidden[*child]),
        );
        let hides = |node: &usize| self.hidden[*node].iter().any(|figure| figure.units > 0);
        if family.moved.iter().any(hides) {
            for figure in &mut own {
                figure.units = figure.units.max(1);
            }
        }
        let has_own = own.iter().any(|figure| figure.units > 0);
        loop {
            let together = joined(
                closed
                    .iter()
                    .map(|child| &self.untold[*child])
                    .chain(has_own.then_some(&own)),
            );
            let single = closed.len() == 1 && !has_own;
            let any = has_own || !closed.is_empty();
            if !any || !(single || self.fails(&together)) {
                return closed;
            }
            let Some(child) = next.next() else { return closed };
            closed.push(child);
        }
    }

    /// Whether a node may not be told whatever else is.
    fn must_close(&self, node: usize) -> bool {
        match self.before[node] {
            Before::Everything => false,
            Before::Part => true,
            Before::Nothing => self.fails(&self.hidden[node]),
        }
    }

    fn fails(&self, figures: &[Hidden]) -> bool {
        figures.iter().any(|figure| self.rule.must_suppress(figure))
    }
}

fn alone(figures: &[Hidden]) -> Standing {
    if figures.iter().all(|figure| figure.units == 0) {
        Standing::Exact
    } else {
        Standing::Open
    }
}

/// Several parts as one.
fn joined<'f>(parts: impl Iterator<Item = &'f Figures>) -> Figures {
    let mut together: Figures = Vec::new();
    for part in parts {
        if together.is_empty() {
            together.clone_from(part);
            continue;
        }
        for (sum, figure) in together.iter_mut().zip(part) {
            sum.units += figure.units;
            sum.settled += figure.settled;
            sum.numerator += figure.numerator;
            sum.denominator += figure.denominator;
            sum.largest_denominator = sum.largest_denominator.max(figure.largest_denominator);
            sum.counts_people |= figure.counts_people;
        }
    }
    together
}

/// What is left of the whole without its parts; taken for one unit's.
fn rest<'f>(whole: &Figures, parts: impl Iterator<Item = &'f Figures>) -> Figures {
    let mut rest = whole.clone();
    for part in parts {
        for (left, figure) in rest.iter_mut().zip(part) {
            left.units = left.units.saturating_sub(figure.units);
            left.settled = left.settled.saturating_sub(figure.settled);
            left.numerator -= figure.numerator;
            left.denominator -= figure.denominator;
        }
    }
    for left in &mut rest {
        left.largest_denominator = left.denominator;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: u64) -> Figures {
        let each = |of: u64| f64::from(u32::try_from(of).unwrap());
        vec![Hidden {
            units,
            settled: units,
            numerator: 10.0 * each(units),
            denominator: 100.0 * each(units),
            largest_denominator: if units == 0 { 0.0 } else { 100.0 },
            counts_people: true,
        }]
    }

    fn decide(hidden: &[Figures], families: &[Family]) -> Vec<Standing> {
        let size: Vec<i64> = hidden
            .iter()
            .map(|figures| i64::try_from(figures[0].units).unwrap() + 3)
            .collect();
        Question {
            rule: Rule::default(),
            families,
            roots: &[0],
            moved: &[],
            hidden,
            untold: hidden,
            size: &size,
            before: &vec![Before::Nothing; hidden.len()],
        }
        .decide()
    }

    #[test]
    fn the_smallest_sibling_goes_with_the_one_that_is_too_small() {
        use Standing::{Closed, Exact, Open};
        let family = [Family {
            parent: 0,
            children: vec![1, 2, 3, 4],
            moved: vec![],
        }];
        let hidden = [units(18), units(2), units(9), units(7), units(0)];
        assert_eq!(decide(&hidden, &family), [Open, Closed, Open, Closed, Exact]);
    }

    #[test]
    fn what_is_closed_beneath_an_open_node_stays_closed_to_the_leaves() {
        use Standing::{Closed, Open};
        let families = [
            Family {
                parent: 0,
                children: vec![1, 2],
                moved: vec![],
            },
            Family {
                parent: 2,
                children: vec![3, 4],
                moved: vec![],
            },
        ];
        // Six and six beneath the second child would leave the first one's two alone.
        let hidden = [units(14), units(2), units(12), units(6), units(6)];
        assert_eq!(decide(&hidden, &families), [Open, Closed, Closed, Closed, Closed]);
    }

    #[test]
    fn what_shorter_periods_have_told_is_no_cover() {
        use Standing::{Closed, Open};
        let family = [Family {
            parent: 0,
            children: vec![1, 2, 3],
            moved: vec![],
        }];
        let hidden = [units(24), units(2), units(7), units(15)];
        let question = |before: &[Before]| {
            Question {
                rule: Rule::default(),
                families: &family,
                roots: &[0],
                moved: &[],
                hidden: &hidden,
                untold: &hidden,
                size: &[24, 2, 7, 15],
                before,
            }
            .decide()
        };
        let nothing = [Before::Nothing; 4];
        assert_eq!(question(&nothing), [Open, Closed, Closed, Open]);
        let known = [
            Before::Nothing,
            Before::Nothing,
            Before::Everything,
            Before::Nothing,
        ];
        assert_eq!(question(&known), [Open, Closed, Open, Closed]);
        let part = [Before::Nothing, Before::Nothing, Before::Nothing, Before::Part];
        assert_eq!(question(&part), [Open, Closed, Open, Closed]);
    }

    #[test]
    fn what_moved_within_the_time_is_not_told_and_covers_nobody() {
        use Standing::{Closed, Open};
        // The third child left in the middle: of its hidden 7 the parent has a part of the time.
        let family = [Family {
            parent: 0,
            children: vec![1, 2],
            moved: vec![3],
        }];
        let hidden = [units(21), units(8), units(9), units(7)];
        let decided = Question {
            rule: Rule::default(),
            families: &family,
            roots: &[0],
            moved: &[3],
            hidden: &hidden,
            untold: &hidden,
            size: &[21, 8, 9, 7],
            before: &[Before::Nothing; 4],
        }
        .decide();
        // Told both others, the parent would tell what of the mover was in it.
        assert_eq!(decided, [Open, Closed, Open, Closed]);
    }

    #[test]
    fn what_left_before_the_last_day_is_a_part_that_no_child_has() {
        use Standing::{Closed, Open};
        // The third child is gone by the last day, on which the two others are all that is counted; what of the
        // time it was there is in the parent's sum, and would be what is left of it without theirs.
        let family = [Family {
            parent: 0,
            children: vec![1, 2],
            moved: vec![3],
        }];
        let hidden = [units(17), units(8), units(9), units(7)];
        let decided = Question {
            rule: Rule::default(),
            families: &family,
            roots: &[0],
            moved: &[3],
            hidden: &hidden,
            untold: &hidden,
            size: &[17, 8, 9, 7],
            before: &[Before::Nothing; 4],
        }
        .decide();
        assert_eq!(decided, [Open, Closed, Open, Closed]);
    }
}

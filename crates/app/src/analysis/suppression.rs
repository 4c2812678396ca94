//! Which totals of a tree a reader is told, decided from the root down.
//!
//! A node's total is decided before those of its children, and only its own family is looked at: so the
//! answer for a node is the same however it is asked for, and a parent and its children asked for one after
//! the other tell no more than both at once.

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

/// A node and its children, by number.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub parent: usize,
    pub children: Vec<usize>,
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
    pub hidden: &'q [Figures],
    /// How many units each node has, hidden or not.
    pub size: &'q [i64],
    /// Nodes whose total must not be told whatever it is.
    pub forced: &'q [bool],
}

impl Question<'_> {
    /// The standing of every node.
    pub fn decide(&self) -> Vec<Standing> {
        let mut standing: Vec<Standing> = self.hidden.iter().map(|figures| own_standing(figures)).collect();
        // Closed beneath an open node: what is closed there together is known, so all of it must stay closed.
        let mut pooled = vec![false; self.hidden.len()];
        for &root in self.roots {
            if standing[root] == Standing::Open && (self.forced[root] || self.fails(&self.hidden[root])) {
                standing[root] = Standing::Closed;
            }
        }
        for family in self.families {
            let parent = standing[family.parent];
            let unseen: Vec<usize> = family
                .children
                .iter()
                .copied()
                .filter(|child| standing[*child] != Standing::Exact)
                .collect();
            if parent == Standing::Exact {
                // Its parts are exact with it; what says otherwise is a unit that has moved, and stays closed.
                for child in unseen {
                    standing[child] = Standing::Closed;
                }
                continue;
            }
            let closed = if parent == Standing::Closed && pooled[family.parent] {
                unseen.clone()
            } else {
                self.close(family, &unseen, parent == Standing::Open)
            };
            for child in closed {
                standing[child] = Standing::Closed;
                pooled[child] = parent == Standing::Open || pooled[family.parent];
            }
        }
        standing
    }

    /// Which of the unseen children are closed.
    fn close(&self, family: &Family, unseen: &[usize], parent_known: bool) -> Vec<usize> {
        let mut closed: Vec<usize> = unseen
            .iter()
            .copied()
            .filter(|child| self.forced[*child] || self.fails(&self.hidden[*child]))
            .collect();
        let mut open: Vec<usize> = unseen
            .iter()
            .copied()
            .filter(|child| !closed.contains(child))
            .collect();
        // The smallest is taken first, at a tie the one that comes first.
        open.sort_by_key(|child| (self.size[*child], *child));
        let mut next = open.into_iter();
        // The parent's own records are never told by themselves.
        let own = rest(
            &self.hidden[family.parent],
            unseen.iter().map(|child| &self.hidden[*child]),
        );
        let has_own = own.iter().any(|figure| figure.units > 0);
        if parent_known {
            loop {
                let together = joined(
                    closed
                        .iter()
                        .map(|child| &self.hidden[*child])
                        .chain(has_own.then_some(&own)),
                );
                let alone = closed.len() == 1 && !has_own;
                let told = (has_own || !closed.is_empty()) && (alone || self.fails(&together));
                if !told {
                    break;
                }
                let Some(child) = next.next() else { break };
                closed.push(child);
            }
        } else if closed.is_empty() && !has_own {
            // If all parts were told, so would be the whole.
            closed.extend(next.next());
        }
        closed
    }

    fn fails(&self, figures: &[Hidden]) -> bool {
        figures.iter().any(|figure| self.rule.must_suppress(figure))
    }
}

fn own_standing(figures: &[Hidden]) -> Standing {
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
            hidden,
            size: &size,
            forced: &vec![false; hidden.len()],
        }
        .decide()
    }

    #[test]
    fn the_smallest_sibling_goes_with_the_one_that_is_too_small() {
        use Standing::{Closed, Exact, Open};
        let family = [Family {
            parent: 0,
            children: vec![1, 2, 3, 4],
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
            },
            Family {
                parent: 2,
                children: vec![3, 4],
            },
        ];
        // Six and six beneath the second child would leave the first one's two alone.
        let hidden = [units(14), units(2), units(12), units(6), units(6)];
        assert_eq!(decide(&hidden, &families), [Open, Closed, Closed, Closed, Closed]);
    }

    #[test]
    fn a_closed_root_leaves_its_sound_children_open() {
        use Standing::{Closed, Open};
        let family = [Family {
            parent: 0,
            children: vec![1, 2],
        }];
        let one = |denominator: f64| {
            vec![Hidden {
                units: 6,
                numerator: 60.0,
                denominator,
                largest_denominator: 100.0,
                counts_people: true,
            }]
        };
        let mut giant = one(1e6);
        giant[0].largest_denominator = 9.9e5;
        let mut root = one(1e6 + 600.0);
        root[0].units = 12;
        root[0].largest_denominator = 9.9e5;
        assert_eq!(
            decide(&[root, giant, one(600.0)], &family),
            [Closed, Closed, Open]
        );
    }
}

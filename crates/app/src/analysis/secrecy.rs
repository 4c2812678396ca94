//! Which totals of a roll-up its reader is told: the tree around the answer, the measure's own periods first,
//! then the longer intervals that they make up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::measures::{Period, Stratum};
use spiral_domain::{Date, Result, UnitId};
use spiral_stats::suppression::{Hidden, Rule};

use super::Work;
use super::reach::Reach;
use super::sums::Sums;
use super::suppression::{Before, Family, Figures, Question, Standing};
use crate::caller::Caller;

/// The nodes of an answer, all nodes above them, and the children of those.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<UnitId>,
    index: HashMap<UnitId, usize>,
    links: Vec<(usize, usize, Date, Date)>,
}

impl Tree {
    /// Around the nodes of an answer, in a time.
    pub async fn around(caller: &Caller, when: Period, answered: &[UnitId]) -> Result<Self> {
        let store = caller.store();
        let above = store.ever_above(answered, when).await?;
        let links = store.children_links(&above).await?;
        let nodes: BTreeSet<UnitId> = answered
            .iter()
            .copied()
            .chain(above)
            .chain(links.iter().map(|link| link.1))
            .collect();
        let nodes: Vec<UnitId> = nodes.into_iter().collect();
        let index: HashMap<UnitId, usize> = nodes.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let links = links
            .into_iter()
            .filter_map(|(parent, child, from, to)| {
                Some((*index.get(&parent)?, *index.get(&child)?, from, to))
            })
            .collect();
        Ok(Self { nodes, index, links })
    }

    pub fn nodes(&self) -> &[UnitId] {
        &self.nodes
    }

    /// The families in a slice whose first period ends on one day and whose last on another, parents before
    /// children; the roots; and the nodes that moved within it. What moved adds up in no family of the slice: it
    /// is to its parents like records of their own, and is never told of itself.
    pub fn on(&self, first: Date, last: Date) -> Shape {
        let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut partial: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut below = vec![false; self.nodes.len()];
        let mut moved = BTreeSet::new();
        for (parent, child, from, to) in &self.links {
            if *from <= first && last <= *to {
                children.entry(*parent).or_default().push(*child);
                below[*child] = true;
            } else if *from <= last && first <= *to {
                partial.entry(*parent).or_default().push(*child);
                moved.insert(*child);
            }
        }
        let roots: Vec<usize> = (0..self.nodes.len())
            .filter(|node| !below[*node] && !moved.contains(node))
            .collect();
        let mut families = Vec::with_capacity(children.len());
        let mut waiting: std::collections::VecDeque<usize> = roots.iter().chain(&moved).copied().collect();
        while let Some(parent) = waiting.pop_front() {
            let (children, moved) = (children.remove(&parent), partial.remove(&parent));
            if children.is_some() || moved.is_some() {
                let children = children.unwrap_or_default();
                waiting.extend(&children);
                families.push(Family {
                    parent,
                    children,
                    moved: moved.unwrap_or_default(),
                });
            }
        }
        Shape {
            families,
            roots,
            moved: moved.into_iter().collect(),
        }
    }
}

/// The tree in a slice.
pub(super) struct Shape {
    pub families: Vec<Family>,
    pub roots: Vec<usize>,
    pub moved: Vec<usize>,
}

/// What a reader is told of each node, by slice.
pub(super) struct Told {
    index: HashMap<UnitId, usize>,
    whole: Vec<Vec<Standing>>,
    split: Vec<Vec<Standing>>,
}

impl Told {
    /// Whether the total of a node, slice and stratum is told.
    pub fn is_open(&self, node: UnitId, slice: usize, stratum: &Stratum) -> bool {
        let of = if stratum.is_whole() {
            &self.whole
        } else {
            &self.split
        };
        let standing = self.index.get(&node).and_then(|node| of.get(slice)?.get(*node));
        standing.is_some_and(|standing| *standing != Standing::Closed)
    }
}

/// Decides every slice, finer ones before those that they make up.
pub(super) async fn told(work: &Work<'_>, tree: &Tree, reach: &Reach, sums: &Sums) -> Result<Told> {
    let settings = work.caller.app().settings();
    let rule = Rule {
        threshold: settings.suppression_threshold.max(2),
        dominance: settings.suppression_dominance,
    };
    let hidden = hidden(work, tree, reach, sums, rule).await?;
    let mut whole = Layer::default();
    let mut split = Layer::default();
    for (at, slice) in work.timeline.slices().iter().enumerate() {
        let first = slice.periods(&work.timeline).map(|period| period.end).next();
        let shape = tree.on(first.unwrap_or(slice.period.end), slice.period.end);
        let size: Vec<i64> = tree
            .nodes
            .iter()
            .map(|node| reach.units(*node, slice.period, work.placing).0)
            .collect();
        let part = |range: std::ops::Range<usize>| -> Vec<Figures> {
            hidden[at]
                .iter()
                .map(|figures| figures[range.clone()].to_vec())
                .collect()
        };
        let layers = [(&mut whole, 0..1), (&mut split, 1..work.strata.len())];
        let mut closed = vec![false; tree.nodes.len()];
        for (layer, range) in layers {
            if range.is_empty() {
                continue;
            }
            let hidden = part(range);
            let (before, untold) = layer.before(&slice.finer, &hidden, &closed);
            let standing = Question {
                rule,
                families: &shape.families,
                roots: &shape.roots,
                moved: &shape.moved,
                hidden: &hidden,
                untold: &untold,
                size: &size,
                before: &before,
            }
            .decide();
            for (node, standing) in standing.iter().enumerate() {
                closed[node] = *standing == Standing::Closed;
            }
            layer.push(standing, untold);
        }
    }
    Ok(Told {
        index: tree.index.clone(),
        whole: whole.standing,
        split: split.standing,
    })
}

/// What has been decided of the whole, or of its split, slice by slice.
#[derive(Default)]
pub(super) struct Layer {
    pub standing: Vec<Vec<Standing>>,
    /// What of the hidden figures nobody has been told yet: nothing where a node is told.
    untold: Vec<Vec<Figures>>,
}

impl Layer {
    /// Takes what was decided of the next slice.
    pub fn push(&mut self, standing: Vec<Standing>, mut untold: Vec<Figures>) {
        for (figures, standing) in untold.iter_mut().zip(&standing) {
            if *standing != Standing::Closed {
                figures.fill(Hidden::default());
            }
        }
        self.standing.push(standing);
        self.untold.push(untold);
    }

    /// What the finer slices have told of each node, and what they have not. Where the whole is closed, so
    /// must be its split.
    pub fn before(
        &self,
        finer: &[Vec<usize>],
        hidden: &[Figures],
        closed: &[bool],
    ) -> (Vec<Before>, Vec<Figures>) {
        let mut untold = hidden.to_vec();
        let before = (0..hidden.len())
            .map(|node| {
                let before = if closed[node] {
                    Before::Part
                } else {
                    self.told_of(finer, node)
                };
                if let (Before::Part, Some(level)) = (before, finer.last()) {
                    untold[node] = self.untold_of(level, node, &hidden[node]);
                }
                before
            })
            .collect();
        (before, untold)
    }

    fn told_of(&self, finer: &[Vec<usize>], node: usize) -> Before {
        let count = |level: &[usize], wanted: Standing| {
            level
                .iter()
                .filter(|slice| self.standing[**slice][node] == wanted)
                .count()
        };
        let closed: Vec<usize> = finer.iter().map(|level| count(level, Standing::Closed)).collect();
        if closed.is_empty() {
            return Before::Nothing;
        }
        if closed.contains(&0) {
            return Before::Everything;
        }
        // One closed slice alone is what the longer period hides, too.
        if closed.contains(&1) || finer.iter().any(|level| count(level, Standing::Open) > 0) {
            return Before::Part;
        }
        Before::Nothing
    }

    /// What the slices of a level have not told, as one: units may be the same in each.
    fn untold_of(&self, level: &[usize], node: usize, whole: &Figures) -> Figures {
        let mut sum = vec![Hidden::default(); whole.len()];
        for slice in level {
            for (sum, figure) in sum.iter_mut().zip(&self.untold[*slice][node]) {
                sum.units = sum.units.max(figure.units);
                sum.settled = sum.settled.max(figure.settled);
                sum.numerator += figure.numerator;
                sum.denominator += figure.denominator;
                sum.largest_denominator += figure.largest_denominator;
                sum.counts_people |= figure.counts_people;
            }
        }
        sum
    }
}

/// What is hidden from the reader: by slice, node and stratum.
async fn hidden(
    work: &Work<'_>,
    tree: &Tree,
    reach: &Reach,
    sums: &Sums,
    rule: Rule,
) -> Result<Vec<Vec<Figures>>> {
    let mut hidden = Vec::with_capacity(work.timeline.slices().len());
    let mut unsure = Vec::new();
    for (at, slice) in work.timeline.slices().iter().enumerate() {
        let mut by_node = Vec::with_capacity(tree.nodes.len());
        for (n, node) in tree.nodes.iter().enumerate() {
            let (counted, settled) = work.hidden_units(reach, *node, slice);
            let mut figures = Vec::with_capacity(work.strata.len());
            for (s, stratum) in work.strata.iter().enumerate() {
                let (sum, largest) = sums.hidden(*node, stratum, slice);
                let units = u64::try_from(counted.max(i64::from(sum.contributors > 0))).unwrap_or(0);
                if units > 1 && sum.weight() > 0.0 && largest / sum.weight() > rule.dominance {
                    unsure.push((at, n, s));
                }
                figures.push(Hidden {
                    units,
                    settled: u64::try_from(settled).unwrap_or(0),
                    numerator: sum.numerator,
                    denominator: sum.weight(),
                    largest_denominator: largest,
                    counts_people: work.measure.counts_people,
                });
            }
            by_node.push(figures);
        }
        hidden.push(by_node);
    }
    if !unsure.is_empty() {
        make_sure(work, tree, &unsure, &mut hidden).await?;
    }
    Ok(hidden)
}

/// Finds the largest hidden denominator where its bound does not decide.
async fn make_sure(
    work: &Work<'_>,
    tree: &Tree,
    unsure: &[(usize, usize, usize)],
    hidden: &mut [Vec<Figures>],
) -> Result<()> {
    let nodes: BTreeSet<UnitId> = unsure.iter().map(|(_, node, _)| tree.nodes[*node]).collect();
    let placed = work
        .caller
        .store()
        .reporting_units(
            &nodes.into_iter().collect::<Vec<_>>(),
            work.measure.reporting_tier,
            work.default,
        )
        .await?;
    let mut at_node: HashMap<UnitId, Vec<&spiral_store::Reporting>> = HashMap::new();
    let mut units = BTreeSet::new();
    for unit in placed.iter().filter(|unit| !unit.count.visible) {
        at_node.entry(unit.count.node).or_default().push(unit);
        units.insert(unit.unit);
    }
    let rows = work.rows_of(&units.into_iter().collect::<Vec<_>>(), true).await?;
    let parts = work.parts_of(&rows);
    for (slice, node, stratum) in unsure {
        let base = &work.timeline.slices()[*slice].base;
        let mut by_unit: HashMap<UnitId, f64> = HashMap::new();
        for unit in at_node.get(&tree.nodes[*node]).into_iter().flatten() {
            for (at, of, sum) in parts.get(&unit.unit).into_iter().flatten() {
                if base.contains(at) && *of == work.strata[*stratum] && work.stands(unit, *at) {
                    *by_unit.entry(unit.unit).or_default() += sum.weight();
                }
            }
        }
        let largest = by_unit.into_values().fold(0.0, f64::max);
        hidden[*slice][*node][*stratum].largest_denominator = largest;
    }
    Ok(())
}

//! Which totals of a roll-up its reader is told: the tree around the answer, the measure's own periods first,
//! then the longer intervals that they make up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::measures::Stratum;
use spiral_domain::{Date, Result, UnitId};
use spiral_stats::suppression::{Hidden, Rule};

use super::Work;
use super::reach::Reach;
use super::sums::Sums;
use super::suppression::{Family, Figures, Question, Standing};

/// The nodes of an answer, all nodes above them, and the children of those.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<UnitId>,
    index: HashMap<UnitId, usize>,
    links: Vec<(usize, usize, Date, Date)>,
}

impl Tree {
    pub async fn around(work: &Work<'_>, answered: &[UnitId]) -> Result<Self> {
        let store = work.caller.store();
        let above = store.ever_above(answered, work.when()).await?;
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

    /// The families as on a day, parents before children, and the roots.
    fn on(&self, day: Date) -> (Vec<Family>, Vec<usize>) {
        let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut below = vec![false; self.nodes.len()];
        for (parent, child, from, to) in &self.links {
            if (*from..=*to).contains(&day) {
                children.entry(*parent).or_default().push(*child);
                below[*child] = true;
            }
        }
        let roots: Vec<usize> = (0..self.nodes.len()).filter(|node| !below[*node]).collect();
        let mut families = Vec::with_capacity(children.len());
        let mut waiting: std::collections::VecDeque<usize> = roots.iter().copied().collect();
        while let Some(parent) = waiting.pop_front() {
            if let Some(children) = children.remove(&parent) {
                waiting.extend(&children);
                families.push(Family { parent, children });
            }
        }
        (families, roots)
    }
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
    let mut told = Told {
        index: tree.index.clone(),
        whole: Vec::new(),
        split: Vec::new(),
    };
    for (at, slice) in work.timeline.slices().iter().enumerate() {
        let (families, roots) = tree.on(slice.period.end);
        let size: Vec<i64> = tree
            .nodes
            .iter()
            .map(|node| reach.units(*node, slice.period, work.placing).0)
            .collect();
        let question = |figures: &[Figures], forced: &[bool]| {
            Question {
                rule,
                families: &families,
                roots: &roots,
                hidden: figures,
                size: &size,
                forced,
            }
            .decide()
        };
        let wholes: Vec<Figures> = hidden[at].iter().map(|figures| figures[..1].to_vec()).collect();
        let forced: Vec<bool> = (0..tree.nodes.len())
            .map(|node| mixed(&told.whole, &slice.finer, node))
            .collect();
        let whole = question(&wholes, &forced);
        if work.strata.len() > 1 {
            let splits: Vec<Figures> = hidden[at].iter().map(|figures| figures[1..].to_vec()).collect();
            let forced: Vec<bool> = (0..tree.nodes.len())
                .map(|node| whole[node] == Standing::Closed || mixed(&told.split, &slice.finer, node))
                .collect();
            let split = question(&splits, &forced);
            told.split.push(split);
        }
        told.whole.push(whole);
    }
    Ok(told)
}

/// Whether a node is told in some of the finer slices of a level and not in others: the longer interval's total
/// would then tell what those hold.
fn mixed(told: &[Vec<Standing>], finer: &[Vec<usize>], node: usize) -> bool {
    finer.iter().any(|level| {
        let has = |wanted: Standing| level.iter().any(|slice| told[*slice][node] == wanted);
        has(Standing::Closed) && has(Standing::Open)
    })
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
            let counted = reach.hidden(*node, slice.period, work.placing);
            let mut figures = Vec::with_capacity(work.strata.len());
            for (s, stratum) in work.strata.iter().enumerate() {
                let (sum, largest) = sums.hidden(*node, stratum, slice);
                let units = u64::try_from(counted.max(i64::from(sum.contributors > 0))).unwrap_or(0);
                if units > 1 && sum.denominator > 0.0 && largest / sum.denominator > rule.dominance {
                    unsure.push((at, n, s));
                }
                figures.push(Hidden {
                    units,
                    numerator: sum.numerator,
                    denominator: sum.denominator,
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
                    *by_unit.entry(unit.unit).or_default() += sum.denominator;
                }
            }
        }
        let largest = by_unit.into_values().fold(0.0, f64::max);
        hidden[*slice][*node][*stratum].largest_denominator = largest;
    }
    Ok(())
}

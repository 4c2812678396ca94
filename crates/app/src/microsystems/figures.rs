//! What a process map comes to: times, hand-offs and waits, by the shares of its decisions or, without them, by its
//! shortest and its longest way.

use std::collections::{BTreeSet, HashMap, HashSet};

use spiral_domain::microsystems::{
    ProcessExpectation, ProcessFigures, ProcessMap, ProcessNode, ProcessNodeKind, ProcessPath, ProcessRule,
};
use spiral_domain::{Error, Result};
use spiral_stats::flow::expected_visits;

/// The best minutes until a node is done, and the edge by which it is come to.
type Reached = Option<(f64, Option<usize>)>;

/// A map whose edges name places.
struct Graph<'m> {
    map: &'m ProcessMap,
    ways: Vec<(usize, usize)>,
    start: usize,
    hand_offs: Vec<bool>,
}

/// On which of a map's edges a case goes into other hands: those that lead from what one actor does to what another
/// does. What has no actor stays with the one before, if there is only one; a hand-off node has said so itself.
pub(super) fn hand_off_ways(map: &ProcessMap) -> Vec<bool> {
    let places: HashMap<&str, usize> = map
        .nodes
        .iter()
        .enumerate()
        .map(|(n, node)| (node.key.as_str(), n))
        .collect();
    let place = |key: &str| places.get(key).copied();
    let name = |node: &ProcessNode| node.actor.as_deref().map(|actor| actor.trim().to_lowercase());
    // Who has the case when it leaves a node: none where that is open.
    let mut holds: Vec<Option<String>> = map.nodes.iter().map(name).collect();
    let mut settled: Vec<bool> = map.nodes.iter().map(|node| node.actor.is_some()).collect();
    for (n, node) in map.nodes.iter().enumerate() {
        if node.kind == ProcessNodeKind::HandOff {
            holds[n] = None;
            settled[n] = true;
        }
    }
    for _ in 0..map.nodes.len() {
        let mut changed = false;
        for n in 0..map.nodes.len() {
            if settled[n] {
                continue;
            }
            let before: Vec<usize> = map
                .edges
                .iter()
                .filter(|edge| place(&edge.to) == Some(n))
                .filter_map(|edge| place(&edge.from))
                .collect();
            if before.iter().all(|from| settled[*from]) {
                let held: HashSet<&Option<String>> = before.iter().map(|from| &holds[*from]).collect();
                holds[n] = match held.len() {
                    1 => before.first().and_then(|from| holds[*from].clone()),
                    _ => None,
                };
                settled[n] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    map.edges
        .iter()
        .map(|edge| {
            let (Some(from), Some(to)) = (place(&edge.from), place(&edge.to)) else {
                return false;
            };
            let told = map.nodes[to].kind == ProcessNodeKind::HandOff;
            match (&holds[from], name(&map.nodes[to])) {
                (Some(one), Some(other)) => !told && *one != other,
                _ => false,
            }
        })
        .collect()
}

/// The figures of a map that was checked.
pub(super) fn figures(map: &ProcessMap) -> Result<ProcessFigures> {
    let graph = Graph::of(map).ok_or_else(|| Error::internal("a process map that was not checked"))?;
    let chooses = map
        .nodes
        .iter()
        .any(|node| node.kind == ProcessNodeKind::Decision);
    let shared =
        graph.ways.iter().zip(&map.edges).all(|((from, _), edge)| {
            map.nodes[*from].kind != ProcessNodeKind::Decision || edge.share.is_some()
        });
    let rule = match (chooses, shared) {
        (false, _) => ProcessRule::Path,
        (true, true) => ProcessRule::Expectation,
        (true, false) => ProcessRule::Range,
    };
    let expected = match rule {
        ProcessRule::Range => None,
        ProcessRule::Path | ProcessRule::Expectation => Some(graph.expectation()?),
    };
    let shortest = graph.shortest();
    let longest = graph.longest();
    let untimed: Vec<String> = map
        .nodes
        .iter()
        .filter(|node| takes_time(node.kind) && node.minutes.is_none())
        .map(|node| node.key.clone())
        .collect();
    let count = |kind: ProcessNodeKind| count(map.nodes.iter().filter(|node| node.kind == kind).count());
    let actors: BTreeSet<&str> = map
        .nodes
        .iter()
        .filter_map(|node| node.actor.as_deref())
        .map(str::trim)
        .collect();
    let explanation = explain(
        rule,
        expected.as_ref(),
        &shortest,
        longest.as_ref(),
        untimed.len(),
    );
    Ok(ProcessFigures {
        rule,
        explanation,
        expected,
        loops: longest.is_none(),
        shortest,
        longest,
        untimed,
        steps: count(ProcessNodeKind::Step),
        decisions: count(ProcessNodeKind::Decision),
        waits: count(ProcessNodeKind::Wait),
        hand_offs: count(ProcessNodeKind::HandOff)
            + self::count(graph.hand_offs.iter().filter(|of| **of).count()),
        actors: actors.into_iter().map(str::to_owned).collect(),
    })
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn takes_time(kind: ProcessNodeKind) -> bool {
    matches!(
        kind,
        ProcessNodeKind::Step | ProcessNodeKind::Wait | ProcessNodeKind::HandOff
    )
}

fn share_of(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn minutes(node: &ProcessNode) -> f64 {
    node.minutes.unwrap_or(0.0)
}

fn value(node: &ProcessNode) -> f64 {
    if node.value_adding { minutes(node) } else { 0.0 }
}

impl<'m> Graph<'m> {
    fn of(map: &'m ProcessMap) -> Option<Self> {
        let places: HashMap<&str, usize> = map
            .nodes
            .iter()
            .enumerate()
            .map(|(n, node)| (node.key.as_str(), n))
            .collect();
        let ways = map
            .edges
            .iter()
            .map(|edge| Some((*places.get(edge.from.as_str())?, *places.get(edge.to.as_str())?)))
            .collect::<Option<_>>()?;
        let start = map
            .nodes
            .iter()
            .position(|node| node.kind == ProcessNodeKind::Start)?;
        Some(Self {
            map,
            ways,
            start,
            hand_offs: hand_off_ways(map),
        })
    }

    /// The mean over all cases, each node as often as it is passed.
    fn expectation(&self) -> Result<ProcessExpectation> {
        let ways: Vec<(usize, usize, f64)> = self
            .ways
            .iter()
            .zip(&self.map.edges)
            .map(|((from, to), edge)| (*from, *to, edge.share.unwrap_or(1.0)))
            .collect();
        let visits = expected_visits(self.map.nodes.len(), &ways, self.start).map_err(Error::internal)?;
        let sum = |of: fn(&ProcessNode) -> f64| -> f64 {
            self.map
                .nodes
                .iter()
                .zip(&visits)
                .map(|(node, visits)| of(node) * visits)
                .sum()
        };
        let is = |kind: ProcessNodeKind, visits: f64, node: &ProcessNode| {
            if node.kind == kind { visits } else { 0.0 }
        };
        let nodes = || self.map.nodes.iter().zip(&visits);
        let lead = sum(minutes);
        let on_ways: f64 = ways
            .iter()
            .zip(&self.hand_offs)
            .filter(|(_, hand_off)| **hand_off)
            .map(|((from, _, share), _)| visits[*from] * share)
            .sum();
        Ok(ProcessExpectation {
            minutes: lead,
            value_adding_minutes: sum(value),
            value_adding_share: share_of(sum(value), lead),
            waiting_minutes: nodes()
                .filter(|(node, _)| node.kind == ProcessNodeKind::Wait)
                .map(|(node, visits)| minutes(node) * visits)
                .sum(),
            waits: nodes()
                .map(|(node, visits)| is(ProcessNodeKind::Wait, *visits, node))
                .sum(),
            hand_offs: nodes()
                .map(|(node, visits)| is(ProcessNodeKind::HandOff, *visits, node))
                .sum::<f64>()
                + on_ways,
        })
    }

    fn shortest(&self) -> ProcessPath {
        let reached = self.relax(|new, old| new < old);
        self.path(&reached, |one, other| one.total_cmp(&other))
    }

    /// None where there is a loop.
    fn longest(&self) -> Option<ProcessPath> {
        if self.loops() {
            return None;
        }
        let reached = self.relax(|new, old| new > old);
        Some(self.path(&reached, |one, other| other.total_cmp(&one)))
    }

    /// Whether a case can come back to where it was: nodes are taken away while nothing leads to them.
    fn loops(&self) -> bool {
        let mut leading = vec![0_usize; self.map.nodes.len()];
        for (_, to) in &self.ways {
            leading[*to] += 1;
        }
        let mut free: Vec<usize> = (0..leading.len()).filter(|n| leading[*n] == 0).collect();
        let mut taken = 0;
        while let Some(node) = free.pop() {
            taken += 1;
            for (_, to) in self.ways.iter().filter(|(from, _)| *from == node) {
                leading[*to] -= 1;
                if leading[*to] == 0 {
                    free.push(*to);
                }
            }
        }
        taken < leading.len()
    }

    /// How each node is best come to.
    fn relax(&self, better: impl Fn(f64, f64) -> bool) -> Vec<Reached> {
        let mut reached: Vec<Reached> = vec![None; self.map.nodes.len()];
        reached[self.start] = Some((minutes(&self.map.nodes[self.start]), None));
        // No way that is looked for passes a node twice, so that it is found in as many rounds as there are nodes.
        for _ in 0..self.map.nodes.len() {
            let mut changed = false;
            for (n, (from, to)) in self.ways.iter().enumerate() {
                let Some((so_far, _)) = reached[*from] else {
                    continue;
                };
                let new = so_far + minutes(&self.map.nodes[*to]);
                if reached[*to].is_none_or(|(old, _)| better(new, old)) {
                    reached[*to] = Some((new, Some(n)));
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        reached
    }

    /// The way to the best end.
    fn path(&self, reached: &[Reached], order: impl Fn(f64, f64) -> std::cmp::Ordering) -> ProcessPath {
        let ends = self
            .map
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.kind == ProcessNodeKind::End);
        let best = ends
            .filter_map(|(n, _)| Some((n, reached[n]?.0)))
            .min_by(|(_, one), (_, other)| order(*one, *other));
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        let mut here = best.map(|(n, _)| n);
        while let Some(node) = here {
            nodes.push(node);
            let by = reached[node].and_then(|(_, by)| by);
            edges.extend(by);
            here = by.map(|edge| self.ways[edge].0);
            if nodes.len() > self.map.nodes.len() {
                break;
            }
        }
        nodes.reverse();
        let on_path = || nodes.iter().map(|n| &self.map.nodes[*n]);
        let lead: f64 = on_path().map(minutes).sum();
        let adding: f64 = on_path().map(value).sum();
        let of_kind = |kind| count(on_path().filter(|node| node.kind == kind).count());
        ProcessPath {
            nodes: on_path().map(|node| node.key.clone()).collect(),
            minutes: lead,
            value_adding_minutes: adding,
            value_adding_share: share_of(adding, lead),
            waits: of_kind(ProcessNodeKind::Wait),
            hand_offs: of_kind(ProcessNodeKind::HandOff)
                + count(edges.iter().filter(|edge| self.hand_offs[**edge]).count()),
        }
    }
}

/// Minutes in words.
fn time(minutes: f64) -> String {
    let tidy = |value: f64| {
        let text = format!("{value:.1}");
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    match minutes {
        short if short < 120.0 => format!("{} minutes", tidy(short)),
        middle if middle < 2880.0 => format!("{} hours", tidy(middle / 60.0)),
        long => format!("{} days", tidy(long / 1440.0)),
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| {
        format!(", {:.1} % of it worth something to the patient", share * 100.0)
    })
}

fn explain(
    rule: ProcessRule,
    expected: Option<&ProcessExpectation>,
    shortest: &ProcessPath,
    longest: Option<&ProcessPath>,
    untimed: usize,
) -> String {
    let mut out = match (rule, expected) {
        (ProcessRule::Path, Some(of)) => {
            let share = percent(of.value_adding_share);
            format!(
                "Lead time {}{share}: the minutes of the one way there is.",
                time(of.minutes)
            )
        }
        (ProcessRule::Expectation, Some(of)) => {
            let (share, again) = (
                percent(of.value_adding_share),
                if longest.is_none() {
                    ", rounds of loops as often as they happen"
                } else {
                    ""
                },
            );
            let time = time(of.minutes);
            format!("Lead time {time}{share}: the mean over all cases by the shares of the decisions{again}.")
        }
        _ => {
            let upper = longest.map_or_else(
                || "without an upper end, for there is a loop".to_owned(),
                |longest| format!("to {}", time(longest.minutes)),
            );
            let lower = time(shortest.minutes);
            format!(
                "Lead time from {lower} {upper}: not every decision says which share of the cases goes which way."
            )
        }
    };
    if untimed > 0 {
        out.push_str(&format!(
            " {untimed} {} without minutes count as none: these times are too short.",
            if untimed == 1 { "place" } else { "places" }
        ));
    }
    out
}

#[cfg(test)]
mod tests;

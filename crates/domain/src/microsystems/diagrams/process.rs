//! Process maps: a graph of steps from one start to its ends, and what is worked out of it.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{check_count, check_keys};
use crate::error::Violations;
use crate::microsystems::plain_enum;
use crate::text::{check_optional_text, check_text};

/// A map has at most so many nodes.
const MOST_NODES: usize = 200;
/// A map has at most so many edges.
const MOST_EDGES: usize = 400;
/// The longest name of a node.
const LONGEST_NAME: usize = 120;
/// The longest name of who does it, and the longest label of an edge.
const LONGEST_LABEL: usize = 60;
/// One node takes at most a year.
const MOST_MINUTES: f64 = 525_600.0;
/// A way that fewer than one case in a thousand goes is left out of a map.
const LEAST_SHARE: f64 = 0.001;

plain_enum! {
    /// What happens at a node of a process map.
    ProcessNodeKind {
        /// Where every case begins.
        Start "start",
        /// Work is done.
        Step "step",
        /// The way on depends.
        Decision "decision",
        /// Nothing is done until something happens.
        Wait "wait",
        /// The case goes into other hands.
        HandOff "hand_off",
        /// Where cases end.
        End "end",
    }
}

/// A node of a process map.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "ProcessNode", input_name = "ProcessNodeInput")]
pub struct ProcessNode {
    /// How edges name it.
    #[schema(max_length = 63, example = "triage")]
    pub key: String,
    /// What happens at it.
    pub kind: ProcessNodeKind,
    /// What it is called.
    #[schema(max_length = 120, example = "Nurse looks at the referral")]
    pub name: String,
    /// Who does it: a role, not a person's name.
    #[serde(default)]
    #[schema(max_length = 60, example = "Triage nurse")]
    pub actor: Option<String>,
    /// How many minutes it takes, on average.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 525_600)]
    pub minutes: Option<f64>,
    /// Whether it is worth something to the patient. Only steps and decisions can be.
    #[serde(default)]
    #[graphql(default)]
    pub value_adding: bool,
}

/// A way from one node to the next.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "ProcessEdge", input_name = "ProcessEdgeInput")]
pub struct ProcessEdge {
    /// The key of the node that it leaves.
    #[schema(max_length = 63, example = "triage")]
    pub from: String,
    /// The key of the node that it leads to.
    #[schema(max_length = 63, example = "appointment")]
    pub to: String,
    /// When this way is taken.
    #[serde(default)]
    #[schema(max_length = 60, example = "urgent")]
    pub label: Option<String>,
    /// Which share of the cases at a decision goes this way, from 0.001 to 1. The ways on from one decision all have
    /// a share or none has, and their shares add up to 1.
    #[serde(default)]
    #[schema(minimum = 0.001, maximum = 1)]
    pub share: Option<f64>,
}

/// How work flows: from one start, by steps, decisions, waits and hand-offs, to its ends.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "ProcessMap", input_name = "ProcessMapInput")]
pub struct ProcessMap {
    /// Its nodes, 2 to 200.
    #[schema(min_items = 2, max_items = 200)]
    pub nodes: Vec<ProcessNode>,
    /// The ways between them, 1 to 400.
    #[schema(min_items = 1, max_items = 400)]
    pub edges: Vec<ProcessEdge>,
}

impl ProcessMap {
    /// Every rule at once; pointers begin at the map.
    pub(super) fn check(&self) -> Violations {
        let mut found = Violations::new();
        // What is far too large is said so and looked at no further.
        let nodes = check_count(&mut found, "/nodes", self.nodes.len(), 2, MOST_NODES);
        let edges = check_count(&mut found, "/edges", self.edges.len(), 1, MOST_EDGES);
        if !nodes || !edges {
            return found;
        }
        for (n, node) in self.nodes.iter().enumerate() {
            node.check(&mut found, n);
        }
        let places = check_keys(
            &mut found,
            "/nodes",
            self.nodes.iter().map(|node| node.key.as_str()),
        );
        let ways = self.check_edges(&mut found, &places);
        self.check_shape(&mut found, &ways);
        self.check_shares(&mut found, &ways);
        found
    }

    /// The ends of each edge that has both, as places of nodes.
    fn check_edges(
        &self,
        found: &mut Violations,
        places: &HashMap<&str, usize>,
    ) -> Vec<Option<(usize, usize)>> {
        let mut seen = HashSet::new();
        let mut ways = Vec::with_capacity(self.edges.len());
        for (n, edge) in self.edges.iter().enumerate() {
            let label = edge.label.as_deref();
            check_optional_text(found, &format!("/edges/{n}/label"), label, LONGEST_LABEL);
            let mut end = |name: &str, key: &str| {
                let place = places.get(key).copied();
                if place.is_none() {
                    // A key may be anything here, and long: it is not said again.
                    found.add(
                        format!("/edges/{n}/{name}"),
                        "unknown_node",
                        "there is no node with this key",
                    );
                }
                place
            };
            let (from, to) = (end("from", &edge.from), end("to", &edge.to));
            let (Some(from), Some(to)) = (from, to) else {
                ways.push(None);
                continue;
            };
            if from == to {
                found.add(
                    format!("/edges/{n}/to"),
                    "itself",
                    "an edge leads to another node",
                );
            } else if !seen.insert((from, to)) {
                found.add(format!("/edges/{n}"), "twice", "there is such an edge already");
            }
            if self.nodes[to].kind == ProcessNodeKind::Start {
                found.add(
                    format!("/edges/{n}/to"),
                    "into_start",
                    "nothing leads back to the start",
                );
            }
            if self.nodes[from].kind == ProcessNodeKind::End {
                found.add(
                    format!("/edges/{n}/from"),
                    "out_of_end",
                    "nothing leads on from an end",
                );
            }
            ways.push(Some((from, to)));
        }
        ways
    }

    /// One start, an end, ways on where there must be, and no node apart.
    fn check_shape(&self, found: &mut Violations, ways: &[Option<(usize, usize)>]) {
        let starts: Vec<usize> = self.places_of(ProcessNodeKind::Start).collect();
        match starts[..] {
            [] => found.add("/nodes", "start_missing", "a map has a start"),
            [_] => {}
            [_, ref more @ ..] => {
                for n in more {
                    found.add(format!("/nodes/{n}/kind"), "second_start", "a map has one start");
                }
            }
        }
        let ends: Vec<usize> = self.places_of(ProcessNodeKind::End).collect();
        found.require(!ends.is_empty(), "/nodes", "end_missing", || {
            "a map has an end".into()
        });

        let mut on = vec![Vec::new(); self.nodes.len()];
        let mut back = vec![Vec::new(); self.nodes.len()];
        for (from, to) in ways.iter().flatten() {
            on[*from].push(*to);
            back[*to].push(*from);
        }
        for (n, node) in self.nodes.iter().enumerate() {
            match (node.kind, on[n].len()) {
                (ProcessNodeKind::End, _) | (ProcessNodeKind::Decision, 2..) => {}
                (ProcessNodeKind::Decision, _) => found.add(
                    format!("/nodes/{n}"),
                    "no_choice",
                    "a decision has two ways on or more",
                ),
                (_, 0) => found.add(format!("/nodes/{n}"), "dead_end", "nothing leads on from here"),
                (_, 1) => {}
                _ => found.add(
                    format!("/nodes/{n}"),
                    "choice_without_decision",
                    "only a decision has several ways on",
                ),
            }
        }
        // Who is reached, and from where an end is; a broken edge already said why a node is not.
        if ways.iter().all(Option::is_some) {
            let reached = spread(&starts, &on);
            let saved = spread(&ends, &back);
            for n in 0..self.nodes.len() {
                let pointer = format!("/nodes/{n}");
                if !starts.is_empty() && !reached[n] {
                    found.add(pointer.clone(), "unreachable", "no way leads here from the start");
                }
                if !ends.is_empty() && !saved[n] && !on[n].is_empty() {
                    found.add(pointer, "never_ends", "no way leads from here to an end");
                }
            }
        }
    }

    /// Shares stand at the ways on from decisions, at all or none of one, and add up to one.
    fn check_shares(&self, found: &mut Violations, ways: &[Option<(usize, usize)>]) {
        let mut by_node: HashMap<usize, Vec<usize>> = HashMap::new();
        for (n, (edge, way)) in self.edges.iter().zip(ways).enumerate() {
            if let Some(share) = edge.share {
                found.require(
                    (LEAST_SHARE..=1.0).contains(&share),
                    &format!("/edges/{n}/share"),
                    "out_of_range",
                    || "a share is from 0.001 to 1".into(),
                );
            }
            if let Some((from, _)) = way {
                by_node.entry(*from).or_default().push(n);
            }
        }
        let mut by_node: Vec<(usize, Vec<usize>)> = by_node.into_iter().collect();
        by_node.sort_unstable();
        for (from, edges) in by_node {
            let shared = || edges.iter().filter(|n| self.edges[**n].share.is_some());
            if shared().next().is_none() {
                continue;
            }
            if self.nodes[from].kind != ProcessNodeKind::Decision {
                for n in shared() {
                    let pointer = format!("/edges/{n}/share");
                    found.add(
                        pointer,
                        "share_without_choice",
                        "only ways on from a decision have shares",
                    );
                }
                continue;
            }
            for n in edges.iter().filter(|n| self.edges[**n].share.is_none()) {
                let pointer = format!("/edges/{n}/share");
                found.add(
                    pointer,
                    "share_missing",
                    "the other ways on from this decision have shares",
                );
            }
            let sum: f64 = edges.iter().filter_map(|n| self.edges[*n].share).sum();
            if shared().count() == edges.len() && (sum - 1.0).abs() > 0.001 {
                found.add(
                    format!("/nodes/{from}"),
                    "shares_sum",
                    format!("the shares of the ways on add up to {sum:.3}, not to 1"),
                );
            }
        }
    }

    fn places_of(&self, kind: ProcessNodeKind) -> impl Iterator<Item = usize> {
        let places = self.nodes.iter().enumerate();
        places.filter(move |(_, node)| node.kind == kind).map(|(n, _)| n)
    }
}

/// Which nodes are reached from these.
fn spread(from: &[usize], on: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; on.len()];
    let mut waiting: Vec<usize> = from.to_vec();
    while let Some(node) = waiting.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            waiting.extend(&on[node]);
        }
    }
    reached
}

impl ProcessNode {
    fn check(&self, found: &mut Violations, n: usize) {
        check_text(found, &format!("/nodes/{n}/name"), &self.name, LONGEST_NAME);
        let actor = self.actor.as_deref();
        check_optional_text(found, &format!("/nodes/{n}/actor"), actor, LONGEST_LABEL);
        let is_edge = matches!(self.kind, ProcessNodeKind::Start | ProcessNodeKind::End);
        if let Some(minutes) = self.minutes {
            let pointer = format!("/nodes/{n}/minutes");
            found.require(!is_edge, &pointer, "takes_no_time", || {
                "start and end take no time; put a step there".into()
            });
            found.require(
                (0.0..=MOST_MINUTES).contains(&minutes),
                &pointer,
                "out_of_range",
                || "a node takes from 0 minutes to a year".into(),
            );
        }
        let may_add = matches!(self.kind, ProcessNodeKind::Step | ProcessNodeKind::Decision);
        found.require(
            may_add || !self.value_adding,
            &format!("/nodes/{n}/valueAdding"),
            "adds_no_value",
            || "only steps and decisions add value".into(),
        );
    }
}

plain_enum! {
    /// How the figures of a process map were worked out.
    ProcessRule {
        /// There is one way only: what stands on it is added up.
        Path "path",
        /// Every decision has shares: the mean over all cases, each round of a loop counted as often as it happens.
        Expectation "expectation",
        /// Some decision has no shares: only the shortest and the longest way are known.
        Range "range",
    }
}

/// What one way through a process map comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ProcessPath {
    /// The keys of its nodes, in order.
    pub nodes: Vec<String>,
    /// The lead time: all minutes on the way.
    pub minutes: f64,
    /// The minutes of what adds value.
    pub value_adding_minutes: f64,
    /// The share of the lead time that adds value; null where no time is known.
    pub value_adding_share: Option<f64>,
    /// How many waits stand on it.
    pub waits: i64,
    /// How often the case goes into other hands.
    pub hand_offs: i64,
}

/// What the mean case comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ProcessExpectation {
    /// The lead time: all minutes of the mean case.
    pub minutes: f64,
    /// The minutes of what adds value.
    pub value_adding_minutes: f64,
    /// The share of the lead time that adds value; null where no time is known.
    pub value_adding_share: Option<f64>,
    /// The minutes spent in waits.
    pub waiting_minutes: f64,
    /// How many waits the mean case goes through.
    pub waits: f64,
    /// How often the mean case goes into other hands.
    pub hand_offs: f64,
}

/// What a process map comes to, and by which rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ProcessFigures {
    /// How the figures were worked out.
    pub rule: ProcessRule,
    /// The same in words, with what should be known of them.
    pub explanation: String,
    /// The mean case; null under the rule `range`.
    pub expected: Option<ProcessExpectation>,
    /// The way with the least minutes.
    pub shortest: ProcessPath,
    /// The way with the most minutes; null where the map has a loop, for nothing says how often it is gone round.
    pub longest: Option<ProcessPath>,
    /// Steps, waits and hand-offs without minutes, by their keys: they count as none, so that the times are too short.
    pub untimed: Vec<String>,
    /// How many steps there are.
    pub steps: i64,
    /// How many decisions.
    pub decisions: i64,
    /// How many waits.
    pub waits: i64,
    /// How many places where a case goes into other hands: nodes of that kind, and ways between nodes of different
    /// actors that touch no such node.
    pub hand_offs: i64,
    /// Who takes part.
    pub actors: Vec<String>,
    /// Whether a case can come back to where it was.
    pub loops: bool,
}

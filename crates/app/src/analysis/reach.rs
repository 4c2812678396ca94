//! Who could contribute at a node, and how much of it the reader's grants show.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use spiral_domain::measures::Period;
use spiral_domain::people::{Action, May};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Result, Sharing, UnitId};
use spiral_store::{Mover, ReportingCount};

use super::Placing;
use crate::caller::Caller;

/// The units that report beneath each node.
#[derive(Debug, Default)]
pub(super) struct Reach(HashMap<UnitId, Vec<ReportingCount>>);

impl Reach {
    pub fn new(counts: Vec<ReportingCount>) -> Self {
        let mut by_node: HashMap<UnitId, Vec<ReportingCount>> = HashMap::new();
        for count in counts {
            by_node.entry(count.node).or_default().push(count);
        }
        Self(by_node)
    }

    /// Whether anybody ever reports beneath it.
    pub fn reports(&self, node: UnitId) -> bool {
        self.0.contains_key(&node)
    }

    /// Units that stand at the node on the last day of the period and are open in it; and of these those that
    /// the reader may see.
    pub fn units(&self, node: UnitId, period: Period, placing: Placing) -> (i64, i64) {
        let (open, visible, _) = self.count(node, period, placing, period.end);
        (open, visible)
    }

    /// Units of which the reader may see nothing in an interval, whose first period ends on `first_end`: all, and
    /// those that count towards the number that a total needs.
    pub fn hidden(&self, node: UnitId, period: Period, placing: Placing, first_end: Date) -> (i64, i64) {
        let (open, visible, settled) = self.count(node, period, placing, first_end);
        (open - visible, settled)
    }

    fn count(&self, node: UnitId, period: Period, placing: Placing, first_end: Date) -> (i64, i64, i64) {
        let (mut open, mut visible, mut settled) = (0, 0, 0);
        let mut met = HashSet::new();
        for count in self.0.get(&node).into_iter().flatten() {
            let stands = match placing {
                Placing::Period => count.valid_from <= period.end && first_end <= count.valid_to,
                Placing::Day(day) => (count.valid_from..=count.valid_to).contains(&day),
            };
            if stands
                && count.opened_on.is_none_or(|first| first <= period.end)
                && count.closed_on.is_none_or(|last| period.start <= last)
                && count.mover.is_none_or(|unit| met.insert(unit))
            {
                open += count.units;
                visible += if count.visible { count.units } else { 0 };
                settled += if count.visible || !count.settled {
                    0
                } else {
                    count.units
                };
            }
        }
        (open, visible, settled)
    }
}

/// Cells at one node that count towards another, of these sharing levels.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Where they count.
    pub node: UnitId,
    /// Which levels.
    pub levels: Range<i16>,
}

/// Which cells make up what the reader's grants on the tree show at some nodes.
#[derive(Debug)]
pub(super) struct Sight(Vec<(UnitId, Seen)>);

/// One above the widest level.
const BEYOND: i16 = Sharing::Everyone.level() + 1;

impl Sight {
    /// At a node a reader sees every level from that of the highest grant above it; and more beneath, where
    /// other grants are held there.
    pub async fn of(caller: &Caller, nodes: &[UnitId]) -> Result<Self> {
        let scope = caller.scope();
        let units = crate::tenancy::units_of(&caller.platform(), nodes).await?;
        // By path, so that a grant comes after those above it.
        let mut grants: BTreeMap<&str, (UnitId, i16)> = BTreeMap::new();
        let reading = scope
            .by(Action::ReadObservations)
            .filter(|(held, may)| matches!(may, May::Own | May::Beneath) && held.grant.network_id.is_none());
        for (held, may) in reading {
            let level = if may == May::Own { 0 } else { held.level() };
            let least = grants.entry(&held.path).or_insert((held.grant.unit_id, level));
            least.1 = least.1.min(level);
        }
        let mut seen = Vec::new();
        for (node, unit) in units {
            let above = scope
                .reads_from(Action::ReadObservations, &unit.path)
                .map_or(Sharing::Everyone.level(), Sharing::level);
            let own = Seen {
                node,
                levels: above..BEYOND,
            };
            seen.push((node, own));
            let beneath: Vec<(&str, UnitId, i16)> = grants
                .range(unit.path.as_str()..)
                .take_while(|(path, _)| path.starts_with(&unit.path))
                .filter(|(path, _)| **path != unit.path)
                .map(|(path, (unit, level))| (*path, *unit, *level))
                .collect();
            for (n, (path, granted, level)) in beneath.iter().enumerate() {
                let before = beneath[..n]
                    .iter()
                    .filter(|(other, _, _)| path.starts_with(other))
                    .map(|(_, _, level)| *level)
                    .fold(above, i16::min);
                if *level < before {
                    let more = Seen {
                        node,
                        levels: *level..before,
                    };
                    seen.push((*granted, more));
                }
            }
        }
        Ok(Self(seen))
    }

    /// Whether the cells tell it, too, for a time in which units moved: whoever stood at a node must be there for
    /// the same eyes today. A grant reads what stands beneath it today, a cell counts what stood there then.
    pub async fn holds(&self, caller: &Caller, within: Period) -> Result<bool> {
        let scope = caller.scope();
        let partial = scope
            .by(Action::ReadObservations)
            .any(|(held, _)| held.grant.network_id.is_none() && held.tier != Tier::National);
        if scope.system || !partial {
            // The root is above everybody at all times.
            return Ok(true);
        }
        let mut nodes: Vec<UnitId> = self
            .cells()
            .chain(self.0.iter().map(|(_, seen)| seen.node))
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        let movers = caller.store().movers(&nodes).await?;
        if movers.is_empty() {
            return Ok(true);
        }
        let units = crate::tenancy::units_of(&caller.platform(), &nodes).await?;
        let stands = |mover: &Mover| {
            units
                .get(&mover.node)
                .is_some_and(|node| mover.path.starts_with(&node.path))
        };
        let inner: HashSet<(UnitId, UnitId)> = self
            .0
            .iter()
            .filter(|(cell, seen)| *cell != seen.node)
            .map(|(cell, seen)| (seen.node, *cell))
            .collect();
        let granted: HashSet<UnitId> = inner.iter().map(|(_, cell)| *cell).collect();
        let left = |mover: &Mover| !stands(mover) && mover.within(within);
        let joined = |mover: &Mover| {
            let counts = granted.contains(&mover.node) || inner.contains(&(mover.node, mover.unit));
            counts && stands(mover) && !mover.throughout(within)
        };
        Ok(!movers.iter().any(|mover| left(mover) || joined(mover)))
    }

    /// The nodes whose cells are needed.
    pub fn cells(&self) -> impl Iterator<Item = UnitId> {
        self.0.iter().map(|(cell, _)| *cell)
    }

    /// What the cells of each node count towards.
    pub fn by_cell(self) -> HashMap<UnitId, Vec<Seen>> {
        let mut by_cell: HashMap<UnitId, Vec<Seen>> = HashMap::new();
        for (cell, seen) in self.0 {
            by_cell.entry(cell).or_default().push(seen);
        }
        by_cell
    }
}

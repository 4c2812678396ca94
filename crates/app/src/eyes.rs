//! What of one sort of work one reader sees, in a form that counts can be added up by.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use spiral_domain::people::{Action, May};
use spiral_domain::tenancy::{NetworkMember, OrgUnit, Tier};
use spiral_domain::{Date, NetworkId, Result, Sharing, UnitId};

use crate::caller::Caller;

/// One more than the widest sharing level.
pub(crate) const LEVELS: i16 = 5;

/// What a reader sees, as the scope of every list says it.
pub(crate) struct Eyes {
    /// The platform itself.
    pub(crate) all: bool,
    /// Whether the token lets it be read at all.
    pub(crate) open: bool,
    /// Paths at and beneath which is read what is shared at least so far; a path before those beneath it.
    beneath: Vec<(String, UnitId, i16)>,
    /// Units that are read by themselves, and how far their work must be shared.
    pub(crate) alone: HashMap<UnitId, i16>,
}

impl Eyes {
    /// The caller's, of what is read by this action.
    pub(crate) async fn of(caller: &Caller, action: Action) -> Result<Self> {
        let scope = caller.scope();
        let mut eyes = Self {
            all: scope.system,
            open: scope.system || scope.token_allows(action),
            beneath: Vec::new(),
            alone: HashMap::new(),
        };
        for (held, may) in scope
            .by(action)
            .filter(|(held, _)| held.grant.network_id.is_none())
        {
            match may {
                May::Beneath | May::SameTier => {
                    eyes.beneath
                        .push((held.path.clone(), held.grant.unit_id, held.level()));
                }
                May::Tenant => eyes
                    .beneath
                    .push((String::new(), held.grant.unit_id, held.level())),
                May::Own => eyes.read_alone(held.grant.unit_id, 0),
                // Rows of one's own sources are no part of a state or a count of all sources.
                May::OwnSources | May::No => {}
            }
        }
        eyes.beneath.sort();
        let networks: HashMap<NetworkId, Tier> = scope
            .by(action)
            .filter(|(_, may)| matches!(may, May::Beneath | May::SameTier | May::Tenant | May::Own))
            .filter_map(|(held, may)| {
                let tier = if may == May::Own {
                    Tier::Microsystem
                } else {
                    held.tier
                };
                Some((held.grant.network_id?, tier))
            })
            .collect();
        if !networks.is_empty() {
            let ids: Vec<NetworkId> = networks.keys().copied().collect();
            for (network, members) in caller.store().members_of(&ids).await? {
                let Some(tier) = networks.get(&network) else {
                    continue;
                };
                for member in members.iter().filter(|member| there(member, caller.today())) {
                    eyes.read_alone(member.unit_id, tier.level());
                }
            }
        }
        Ok(eyes)
    }

    fn read_alone(&mut self, unit: UnitId, level: i16) {
        let least = self.alone.entry(unit).or_insert(level);
        *least = level.min(*least);
    }

    /// Whether the work of a unit that shares so far is seen.
    pub(crate) fn see(&self, unit: &OrgUnit, level: Sharing) -> bool {
        self.see_by_tree(unit, level)
            || self.open
                && self
                    .alone
                    .get(&unit.id)
                    .is_some_and(|least| *least <= level.level())
    }

    /// Whether it is seen by a grant on the tree.
    pub(crate) fn see_by_tree(&self, unit: &OrgUnit, level: Sharing) -> bool {
        self.all || self.open && level.level() >= self.least_at(&unit.path)
    }

    /// How far work at this path must be shared to be seen.
    fn least_at(&self, path: &str) -> i16 {
        self.beneath
            .iter()
            .filter(|(above, _, _)| path.starts_with(above))
            .map(|(_, _, level)| *level)
            .min()
            .unwrap_or(Sharing::Everyone.level())
    }

    /// The cells whose sum is what is seen of a node by grants on the tree: the node's own for what is shared far
    /// enough, and for grants beneath it the levels that these add.
    pub(crate) fn cells_of(&self, node: &OrgUnit) -> Vec<(UnitId, Range<i16>)> {
        if self.all {
            return vec![(node.id, 0..LEVELS)];
        }
        if !self.open {
            return Vec::new();
        }
        let least = self.least_at(&node.path);
        let mut cells = vec![(node.id, least..LEVELS)];
        let mut inner: Vec<(&str, i16)> = Vec::new();
        for (path, unit, level) in &self.beneath {
            if path.len() > node.path.len() && path.starts_with(&node.path) {
                let already = inner
                    .iter()
                    .filter(|(above, _)| path.starts_with(above))
                    .map(|(_, level)| *level)
                    .fold(least, i16::min);
                if *level < already {
                    cells.push((*unit, *level..already));
                    inner.push((path, *level));
                }
            }
        }
        cells
    }
}

impl Eyes {
    /// Paths at and beneath which grants on the tree read, but for those on the root: it is above everybody.
    pub(crate) fn inner_paths(&self) -> Vec<&str> {
        self.beneath
            .iter()
            .map(|(path, _, _)| path.as_str())
            .filter(|path| path.matches('.').count() > 1)
            .collect()
    }

    /// Whether cells tell what is seen at these nodes in a time in which units moved: whoever stood at a node must
    /// be there for the same eyes today. A grant reads what stands beneath it today, a cell counts what stood
    /// there then.
    pub(crate) async fn cells_hold(&self, caller: &Caller, nodes: &[&OrgUnit]) -> Result<bool> {
        if self.all || !self.open || self.inner_paths().is_empty() {
            return Ok(true);
        }
        let mut paths: HashMap<UnitId, String> =
            nodes.iter().map(|node| (node.id, node.path.clone())).collect();
        let mut inner: HashSet<(UnitId, UnitId)> = HashSet::new();
        for node in nodes {
            for (cell, _) in self.cells_of(node) {
                if cell != node.id {
                    inner.insert((node.id, cell));
                }
            }
        }
        paths.extend(self.beneath.iter().map(|(path, unit, _)| (*unit, path.clone())));
        let granted: HashSet<UnitId> = inner.iter().map(|(_, cell)| *cell).collect();
        let mut asked: Vec<UnitId> = nodes
            .iter()
            .map(|node| node.id)
            .chain(granted.iter().copied())
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let movers = caller.store().movers(&asked).await?;
        Ok(movers.iter().all(|mover| {
            let stands = paths
                .get(&mover.node)
                .is_some_and(|path| mover.path.starts_with(path));
            let counts = granted.contains(&mover.node) || inner.contains(&(mover.node, mover.unit));
            stands && !counts
        }))
    }
}

/// Whether a member is in its network on the day.
fn there(member: &NetworkMember, day: Date) -> bool {
    member.joined_on.is_none_or(|joined| joined <= day) && member.left_on.is_none_or(|left| day <= left)
}

//! What of adoption one reader sees.

use std::collections::HashMap;
use std::ops::Range;

use spiral_domain::people::{Action, May};
use spiral_domain::tenancy::{NetworkMember, OrgUnit, Tier};
use spiral_domain::{Date, NetworkId, Result, Sharing, UnitId};

use crate::caller::Caller;

/// One more than the widest sharing level.
pub(super) const LEVELS: i16 = 5;

/// What a reader sees of adoption, as the scope of every list says it, in a form that counts can be added up by.
pub(super) struct Eyes {
    /// The platform itself.
    pub(super) all: bool,
    /// Whether the token lets adoption be read at all.
    pub(super) open: bool,
    /// Paths at and beneath which is read what is shared at least so far; a path before those beneath it.
    beneath: Vec<(String, UnitId, i16)>,
    /// Units that are read by themselves, and how far their work must be shared.
    pub(super) alone: HashMap<UnitId, i16>,
}

impl Eyes {
    /// The caller's.
    pub(super) async fn of(caller: &Caller) -> Result<Self> {
        let scope = caller.scope();
        let action = Action::ReadAdoption;
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
                        .push((held.path.clone(), held.grant.unit_id, held.level()))
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

    /// Whether the adoption of a unit that shares so far is seen.
    pub(super) fn see(&self, unit: &OrgUnit, level: Sharing) -> bool {
        self.see_by_tree(unit, level)
            || self.open
                && self
                    .alone
                    .get(&unit.id)
                    .is_some_and(|least| *least <= level.level())
    }

    /// Whether it is seen by a grant on the tree.
    pub(super) fn see_by_tree(&self, unit: &OrgUnit, level: Sharing) -> bool {
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
    pub(super) fn cells_of(&self, node: &OrgUnit) -> Vec<(UnitId, Range<i16>)> {
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

/// Whether a member is in its network on the day.
fn there(member: &NetworkMember, day: Date) -> bool {
    member.joined_on.is_none_or(|joined| joined <= day) && member.left_on.is_none_or(|left| day <= left)
}

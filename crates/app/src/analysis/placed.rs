//! When a node has rows of its own in a roll-up that follows each period's own tree.

use std::collections::HashMap;

use spiral_domain::analysis::GroupBy;
use spiral_domain::{Date, Result, UnitId};

use super::Placing;
use crate::caller::Caller;

type Spans = HashMap<(UnitId, UnitId), Vec<(Date, Date)>>;

/// When each node stood where its rows are asked for.
pub(super) struct Placed {
    unit: UnitId,
    /// None: the tree of one day, in which every node of the answer stands.
    how: Option<How>,
}

enum How {
    /// Directly beneath the unit.
    Children(Spans),
    /// Beneath the unit, and none of the others between.
    Topmost(Spans, Vec<UnitId>),
}

fn held(spans: &Spans, above: UnitId, beneath: UnitId, day: Date) -> bool {
    spans
        .get(&(above, beneath))
        .is_some_and(|spans| spans.iter().any(|(from, to)| (*from..=*to).contains(&day)))
}

impl Placed {
    pub async fn of(
        caller: &Caller,
        placing: Placing,
        unit: UnitId,
        nodes: &[UnitId],
        group_by: GroupBy,
    ) -> Result<Self> {
        let store = caller.store();
        let how = if matches!(placing, Placing::Day(_)) {
            None
        } else if group_by == GroupBy::Children {
            let mut spans = Spans::new();
            for (parent, child, from, to) in store.children_links(&[unit]).await? {
                spans.entry((parent, child)).or_default().push((from, to));
            }
            Some(How::Children(spans))
        } else {
            Some(How::Topmost(store.stood_at(nodes, nodes).await?, nodes.to_vec()))
        };
        Ok(Self { unit, how })
    }

    /// Whether a node has a row for a period that ends on this day.
    pub fn belongs(&self, node: UnitId, day: Date) -> bool {
        if node == self.unit {
            return true;
        }
        match &self.how {
            None => true,
            Some(How::Children(spans)) => held(spans, self.unit, node, day),
            Some(How::Topmost(spans, nodes)) => {
                let between = |other: &UnitId| {
                    *other != node
                        && *other != self.unit
                        && held(spans, *other, node, day)
                        && held(spans, self.unit, *other, day)
                };
                held(spans, self.unit, node, day) && !nodes.iter().any(between)
            }
        }
    }
}

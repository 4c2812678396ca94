//! Whether units' paths still hold with what is pushed.

use std::collections::{BTreeMap, HashMap, HashSet};

use spiral_domain::exchange::{RowStatus, Verdicts};
use spiral_domain::spread::{AdoptionEvent, PathFault, in_order, path_faults};
use spiral_domain::{AdoptionEventId, Violation};
use spiral_store::{Histories, Pair};

use super::push::Settled;

/// Refuses rows by which a unit's path would no longer hold, until what is left holds. Taking an event back, or
/// giving it to another unit, is never refused for what it leaves behind.
pub(super) fn check_paths(before: &Histories, settled: &mut Vec<Settled>, verdicts: &mut Verdicts) {
    loop {
        let mut base: BTreeMap<Pair, Vec<&AdoptionEvent>> = before
            .iter()
            .map(|(pair, events)| (*pair, events.iter().collect()))
            .collect();
        let mut touched: BTreeMap<Pair, Vec<usize>> = BTreeMap::new();
        for (at, row) in settled.iter().enumerate() {
            let pair = (row.event.innovation_id, row.event.unit_id);
            if let Some(was) = row.was.filter(|was| row.event.retracted || *was != pair) {
                base.entry(was)
                    .or_default()
                    .retain(|event| event.id != row.event.id);
            }
            if !row.event.retracted && row.status != RowStatus::Unchanged {
                touched.entry(pair).or_default().push(at);
            }
        }
        let mut refused: HashMap<usize, Vec<Violation>> = HashMap::new();
        for (pair, rows) in &touched {
            let kept = base.remove(pair).unwrap_or_default();
            let known: HashSet<PathFault> =
                path_faults(&in_order(kept.iter().copied())).into_iter().collect();
            let by_event: HashMap<AdoptionEventId, usize> =
                rows.iter().map(|at| (settled[*at].event.id, *at)).collect();
            let with = kept
                .iter()
                .copied()
                .filter(|event| !by_event.contains_key(&event.id))
                .chain(rows.iter().map(|at| &settled[*at].event));
            for fault in path_faults(&in_order(with)) {
                match by_event.get(&fault.event) {
                    Some(at) => refused.entry(*at).or_default().push(Violation::new(
                        fault.pointer,
                        fault.code,
                        fault.detail,
                    )),
                    None if known.contains(&fault) => {}
                    None => {
                        for at in rows {
                            refused.entry(*at).or_default().push(Violation::new(
                                "/occurredOn",
                                "contradicts_another_event",
                                format!(
                                    "an event that is recorded already would no longer fit: {}",
                                    fault.detail
                                ),
                            ));
                        }
                    }
                }
            }
        }
        if refused.is_empty() {
            return;
        }
        let mut at = 0;
        settled.retain(|row| {
            let kept = match refused.remove(&at) {
                Some(found) => {
                    verdicts.reject(row.number, found);
                    false
                }
                None => true,
            };
            at += 1;
            kept
        });
    }
}

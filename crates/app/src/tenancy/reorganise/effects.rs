//! What becomes of units, their records, roles and open work: said before it is done, and after.

use std::collections::HashMap;

use spiral_domain::tenancy::{Reorganisation, UnitEffect, UnitFate};
use spiral_domain::{Date, Result, UnitId};
use spiral_store::Tx;

use super::open_work::Handed;
use super::planner::Plan;
use crate::caller::Caller;

/// What becomes of each unit, its records, roles and open work, as far as the caller may read them.
pub(super) async fn effects_of(
    caller: &Caller,
    tx: &Tx,
    reorganisation: &Reorganisation,
    plan: &Plan,
    handed: &Handed,
) -> Result<Vec<UnitEffect>> {
    let ids: Vec<UnitId> = plan.moves.keys().copied().collect();
    let work = tx.work_of(&ids).await?;
    let late = tx
        .observation_counts(&ids, Some(reorganisation.effective_on.previous()))
        .await?;
    let mut beneath: HashMap<UnitId, i64> = HashMap::new();
    for (node, unit) in tx.standing_beneath(&ids, caller.today()).await? {
        *beneath.entry(node).or_default() += i64::from(node != unit);
    }
    let successors: HashMap<UnitId, Vec<UnitId>> =
        plan.successions
            .iter()
            .fold(HashMap::new(), |mut all, (from, to)| {
                all.entry(*from).or_default().push(*to);
                all
            });
    let mut effects = Vec::with_capacity(ids.len());
    for change in &reorganisation.changes {
        let Some(planned) = plan.moves.get(&change.unit_id) else {
            continue;
        };
        let (before, after) = (&planned.before, &planned.after);
        let (what, words) = match (before.closed_on, after.closed_on) {
            (None, Some(closed)) => {
                let there = successors.contains_key(&before.id);
                let words = words_of_closing(closed, there) + &words_of_spirals(plan, handed, before.id);
                (UnitFate::Closes, words)
            }
            (Some(_), None) => (
                UnitFate::Reopens,
                "It is open again, as it was; the open spirals that were handed over are its own again.".to_owned(),
            ),
            _ if change.before.stands != change.after.stands => (
                UnitFate::Moves,
                "It stays the same unit with all its records, roles and open work; what stands beneath it goes \
                 with it, and its readers follow the new unit above it, no further than it shares."
                    .to_owned(),
            ),
            _ => (UnitFate::Renamed, format!("Its name is `{}`.", after.name)),
        };
        let counts = work.get(&before.id).copied().unwrap_or_default();
        effects.push(UnitEffect {
            unit_id: before.id,
            code: before.code.clone(),
            what,
            words,
            units_beneath: beneath.get(&before.id).copied().unwrap_or_default(),
            observations: counts.observations,
            observations_after: if what == UnitFate::Closes {
                late.get(&before.id).copied().unwrap_or_default()
            } else {
                0
            },
            adoption_events: counts.adoption_events,
            field_test_results: counts.results,
            open_assessments: counts.open_assessments,
            open_spirals: counts.open_spirals,
            grants: counts.grants,
            networks: counts.networks,
        });
    }
    effects.sort_by(|one, other| (one.what as u8, &one.code).cmp(&(other.what as u8, &other.code)));
    Ok(effects)
}

/// What becomes of its open spirals.
fn words_of_spirals(plan: &Plan, handed: &Handed, unit: UnitId) -> String {
    match (handed.0.get(&unit), plan.carries_on.contains_key(&unit)) {
        (Some((to, _)), _) => format!(" Its open spirals go on at `{}`.", to.code),
        (None, true) => {
            " Its open spirals stay with it: the successor shares its spirals further than it does, and \
                         sharing never widens. Narrow that first to have them go on there."
                .to_owned()
        }
        (None, false) => " Its open spirals stay with it: no unit was named that carries them on.".to_owned(),
    }
}

fn words_of_closing(closed: Date, succeeded: bool) -> String {
    let mut words = format!(
        "It closes on {closed}. Its records stay with it and count through it where it stood in each period; \
         roles held on it read its past and pass to nobody; open assessments stay its own."
    );
    words.push_str(if succeeded {
        " In later trees what it recorded counts at its successor. Adoption passes on only by an event of mode \
         `inherited`."
    } else {
        " In later trees what it recorded counts at the unit above it."
    });
    words
}

//! Progress in the team's own eyes.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::spirals::{EntryKind, ProgressScore, SetProgressScore};
use spiral_domain::{Result, SpiralId, UnitId, Withheld, WorkKind};

use super::{Stirred, Touch, spiral_and_unit};
use crate::caller::Caller;
use crate::clock::fresh;

/// Says where a spiral stands, in the team's own eyes.
pub async fn set_progress_score(
    caller: &Caller,
    id: SpiralId,
    input: SetProgressScore,
) -> Result<ProgressScore> {
    input.check(caller.today())?;
    let (_, unit) = spiral_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::ManageSpiral, &[&unit][..]).await?;
    let mut stirred = Stirred::of(caller, &tx, id).await?;
    stirred.refuse_closed()?;
    let score = ProgressScore {
        id: fresh(),
        spiral_id: id,
        unit_id: unit.id,
        turn: stirred.spiral.turn,
        score: input.score,
        note: input.note,
        set_on: input.on.unwrap_or_else(|| caller.today()),
        sharing: stirred.level(WorkKind::ProgressScores),
        set_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_beneath(&score).await?;
    let mut touch = Touch::of(EntryKind::Recorded, "progress_score", score.id);
    touch.on = Some(score.set_on);
    touch.work = WorkKind::ProgressScores;
    stirred.wake(caller, &tx).await?;
    stirred.tell(caller, &tx, touch);
    stirred.write(&mut tx, &[]).await?;
    tx.commit(score).await
}

/// What a team last said of a spiral's progress, or that there may be something beyond the reader's sight.
#[derive(Debug, Clone, Default)]
pub struct LatestProgress {
    /// The latest that the reader sees.
    pub latest: Option<ProgressScore>,
    /// Stands here when the unit keeps its progress from the reader, whether or not it has said anything.
    pub withheld: Option<Withheld>,
}

/// What each of these teams last said of the progress of its spiral, as far as the caller sees it.
pub async fn latest_progress_of(
    caller: &Caller,
    spirals: &[(SpiralId, UnitId)],
) -> Result<HashMap<SpiralId, LatestProgress>> {
    let store = caller.store();
    let ids: Vec<SpiralId> = spirals.iter().map(|(spiral, _)| *spiral).collect();
    let mut units: Vec<UnitId> = spirals.iter().map(|(_, unit)| *unit).collect();
    units.sort_unstable();
    units.dedup();
    let mut latest = store.latest_progress(&ids).await?;
    let (action, kinds) = (Action::ReadSpirals, [WorkKind::ProgressScores, WorkKind::Spirals]);
    let [of_progress, of_spirals] = [
        store.reach_of(&units, kinds[0], action).await?,
        store.reach_of(&units, kinds[1], action).await?,
    ];
    Ok(spirals
        .iter()
        .map(|(spiral, unit)| {
            let latest = latest.remove(spiral);
            // A part is shared no further than the whole.
            let narrower = of_progress
                .get(unit)
                .into_iter()
                .chain(of_spirals.get(unit))
                .min();
            let withheld = narrower
                .filter(|(_, reached)| !reached && latest.is_none())
                .map(|(level, _)| Withheld { level: *level });
            (*spiral, LatestProgress { latest, withheld })
        })
        .collect())
}

//! Progress in the team's own eyes.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::spirals::{EntryKind, ProgressScore, SetProgressScore};
use spiral_domain::{Result, SpiralId, WorkKind};

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
    let mut stirred = Stirred::of(caller, &tx, id, input.on).await?;
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

/// What each of these teams last said of its progress, as far as the caller sees it.
pub async fn latest_progress_of(
    caller: &Caller,
    spirals: &[SpiralId],
) -> Result<HashMap<SpiralId, ProgressScore>> {
    caller.store().latest_progress(spirals).await
}

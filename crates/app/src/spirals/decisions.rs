//! Local decisions: recorded, scored and made.

use spiral_domain::people::Action;
use spiral_domain::spirals::{ChangeDecision, Decision, RecordDecision, ScoreDecision};
use spiral_domain::{DecisionId, Result, SpiralId};

use super::Stirred;
use super::beneath::{When, amend, record};
use crate::caller::Caller;
use crate::clock::fresh;

/// Records a decision, made or still to be made.
pub async fn record_decision(caller: &Caller, spiral: SpiralId, input: RecordDecision) -> Result<Decision> {
    let today = caller.today();
    input.check(today)?;
    let decided_on = input.choice.as_ref().map(|_| input.decided_on.unwrap_or(today));
    let make = |at: &Stirred, now| {
        let decision = Decision {
            id: fresh(),
            spiral_id: spiral,
            unit_id: at.unit.id,
            turn: at.spiral.turn,
            question: input.question,
            options: input.options,
            criteria: input.criteria,
            scores: Vec::new(),
            choice: input.choice,
            reason: input.reason,
            mode: input.mode,
            decided_on,
            sharing: at.spiral.sharing,
            recorded_by: caller.principal().id,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        decision.check()?;
        Ok(decision)
    };
    let how = (Action::ManageSpiral, When::Open);
    record(caller, how, spiral, decided_on, make).await
}

/// Changes a decision, or makes it.
pub async fn change_decision(
    caller: &Caller,
    spiral: SpiralId,
    id: DecisionId,
    if_match: Option<i64>,
    input: ChangeDecision,
) -> Result<Decision> {
    let today = caller.today();
    input.check(today)?;
    let change = |decision: &mut Decision| {
        input.apply(decision, today);
        decision.check()
    };
    let how = (Action::ManageSpiral, When::Open);
    amend(caller, how, (spiral, id.0), if_match, change).await
}

/// Scores the options of a decision: one's own scores, which replace those given before.
pub async fn score_decision(
    caller: &Caller,
    spiral: SpiralId,
    id: DecisionId,
    if_match: Option<i64>,
    input: ScoreDecision,
) -> Result<Decision> {
    let by = caller.principal().id;
    let change = |decision: &mut Decision| {
        input.check(decision)?;
        decision.score(by, input.scores);
        Ok(())
    };
    let how = (Action::ScoreDecision, When::Open);
    amend(caller, how, (spiral, id.0), if_match, change).await
}

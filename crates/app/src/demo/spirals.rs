//! The spirals of the six evaluated teams: that they began with their programme, what the evaluation names as outcomes,
//! and how it found them. It dates no step between, so that those which must have been passed are passed on the first
//! day.

use spiral_domain::spirals::{
    ChangeSpiral, MoveOn, MoveWithReason, OutcomeEvidence, OutcomeKind, RecordOutcome, SpiralOrigin,
    SpiralStatus, StartSpiral,
};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Error, Patch, Reference, Result, SpiralId, Timestamp};

use super::facts::{Facts, ProgrammeFact, TeamFact, last_day};
use crate::caller::Caller;
use crate::spirals;

/// Under which theme they are counted.
const THEME: &str = "clinical-microsystems";
/// When the evaluation is taken to have looked.
const LOOKED: &str = "2006-06-30T12:00:00Z";

/// Starts them, records what came of them, and leaves each as it was found.
pub(super) async fn load(caller: &Caller, facts: &Facts) -> Result<()> {
    // As of then: what was last recorded then is dormant by now, unless somebody has gone on with it.
    let then = as_it_was_found(caller)?;
    for team in &facts.microsystems {
        let programme = facts
            .programmes
            .iter()
            .find(|programme| programme.code == team.programme);
        let spiral = begin(&then, team, programme).await?;
        match team.status {
            SpiralStatus::Dormant => {}
            SpiralStatus::Active => {
                // Somebody went on: the platform classes it today.
                let class = ChangeSpiral {
                    theme: Patch::Value(THEME.into()),
                    ..ChangeSpiral::default()
                };
                spirals::change_spiral(caller, spiral, None, class).await?;
            }
            SpiralStatus::Sustained => {
                spirals::advance_spiral(&then, spiral, None, on(last_day(), team)).await?;
                spirals::sustain_spiral(&then, spiral, None, on(last_day(), team)).await?;
            }
            SpiralStatus::Discontinued => {
                let found = MoveWithReason {
                    reason: "Discontinued when the evaluation looked; it does not say since when".into(),
                    on: Some(last_day()),
                };
                spirals::discontinue_spiral(&then, spiral, None, found).await?;
            }
        }
    }
    Ok(())
}

/// The platform on the day on which the evaluation is taken to have looked.
pub(super) fn as_it_was_found(caller: &Caller) -> Result<Caller> {
    let looked: Timestamp = LOOKED.parse().map_err(|_| Error::internal("no instant"))?;
    Ok(caller.app().system(caller.tenant(), looked))
}

fn on(day: Date, team: &TeamFact) -> MoveOn {
    MoveOn {
        on: Some(day),
        note: team.note.clone(),
    }
}

/// The spiral of a team, in the step in which changes are made, with what came of it.
async fn begin(then: &Caller, team: &TeamFact, programme: Option<&ProgrammeFact>) -> Result<SpiralId> {
    let began = programme
        .and_then(|programme| programme.start)
        .map_or_else(last_day, |start| start.first);
    let national = programme.is_some_and(|programme| programme.tier == Tier::National);
    let start = StartSpiral {
        unit: Reference::code(&team.code),
        title: format!("Clinical microsystems: {}", team.name),
        theme: (team.status != SpiralStatus::Active).then(|| THEME.into()),
        origin: if national {
            SpiralOrigin::National
        } else {
            SpiralOrigin::Sha
        },
        priority: None,
        innovation: Some(Reference::code(THEME)),
        programme: Some(Reference::code(&team.programme)),
        started_on: Some(began),
    };
    let spiral = spirals::start_spiral(then, start).await?.id;
    for _ in 0..3 {
        let passed = MoveOn {
            on: Some(began),
            note: Some("The evaluation dates no step".into()),
        };
        spirals::advance_spiral(then, spiral, None, passed).await?;
    }
    for text in &team.outcomes {
        spirals::record_outcome(then, spiral, outcome(text)).await?;
    }
    Ok(spiral)
}

/// What the evaluation names, as the sort of outcome that it reads as.
fn outcome(text: &str) -> RecordOutcome {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let counted = says(&["per cent", "half the year"]);
    RecordOutcome {
        kind: if says(&["morale", "reward"]) {
            OutcomeKind::StaffBenefit
        } else if says(&["information", "questionnaire"]) {
            OutcomeKind::PatientBenefit
        } else if says(&["inefficient", "capacity"]) || counted {
            OutcomeKind::Efficiency
        } else {
            OutcomeKind::PracticeChange
        },
        text: text.to_owned(),
        evidence: if counted {
            OutcomeEvidence::Measured
        } else {
            OutcomeEvidence::Perceived
        },
        measure: None,
        since: None,
        checked_on: None,
        in_place: None,
    }
}

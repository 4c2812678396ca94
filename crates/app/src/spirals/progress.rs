//! Progress in the team's own eyes.

use std::collections::HashMap;

use spiral_domain::analysis::{ChartSeries, Variation};
use spiral_domain::microsystems::{Aim, AimStatus, Cycle, FivePs, LeadTeamMember};
use spiral_domain::people::Action;
use spiral_domain::spirals::{
    EntryKind, NeedState, OutcomeEvidence, ProgressFacts, ProgressScore, Recorded, SetProgressScore,
    SpiralProgress,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, Result, Sharing, SpiralId, UnitId, Withheld, WorkKind};
use spiral_store::Column as _;

use super::{Stirred, Touch, spiral_and_unit};
use crate::analysis::ChartQuery;
use crate::analysis::charts_of;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::microsystems::aim_progress_of;

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

/// What a progress score is made of: it is shared as far as the narrowest of these.
const SOURCES: [(WorkKind, Action); 6] = [
    (WorkKind::Spirals, Action::ReadSpirals),
    (WorkKind::ProgressScores, Action::ReadSpirals),
    (WorkKind::LeadTeam, Action::ReadTeamWork),
    (WorkKind::FivePs, Action::ReadTeamWork),
    (WorkKind::Aims, Action::ReadAims),
    (WorkKind::Observations, Action::ReadObservations),
];

/// Where a spiral stands: what the team says, what the recorded data support, and why they differ.
pub async fn spiral_progress(caller: &Caller, id: SpiralId) -> Result<SpiralProgress> {
    caller.require(Action::ReadSpirals)?;
    let (_, unit) = spiral_and_unit(caller, id).await?;
    let store = caller.store();
    let mut narrowest: Option<Sharing> = None;
    for (kind, action) in SOURCES {
        let reach = store.reach_of(&[unit.id], kind, action).await?;
        if let Some((level, false)) = reach.get(&unit.id) {
            narrowest = Some(narrowest.map_or(*level, |so_far| so_far.min(*level)));
        }
    }
    if let Some(level) = narrowest {
        return Ok(SpiralProgress {
            withheld: Some(Withheld { level }),
            ..SpiralProgress::default()
        });
    }
    let own = store.latest_progress(&[id]).await?.remove(&id);
    Ok(SpiralProgress::of(own, &facts(caller, id, &unit).await?))
}

/// What there is on record, from the records themselves.
async fn facts(caller: &Caller, id: SpiralId, unit: &OrgUnit) -> Result<ProgressFacts> {
    let store = caller.store();
    let of_unit = [unit.id.value()];
    let recorded = store.recorded(id).await?;
    let members = store
        .find::<LeadTeamMember>()
        .filter("r.unit_id = ?", of_unit.clone());
    let members = members.filter("r.left_on is null", []).count().await?;
    let five_ps = store
        .find::<FivePs>()
        .filter("r.unit_id = ? and not r.withdrawn", of_unit.clone());
    let aims: Vec<Aim> = store
        .find()
        .filter("r.unit_id = ? and not r.retracted", of_unit.clone())
        .all("r.id")
        .await?;
    let cycles: Vec<Cycle> = store
        .find()
        .filter("r.unit_id = ? and not r.retracted", of_unit)
        .all("r.id")
        .await?;
    let measured: Vec<Aim> = aims
        .iter()
        .filter(|aim| aim.measure_id.is_some() && aim.status != AimStatus::Dropped)
        .cloned()
        .collect();
    let progress = aim_progress_of(caller, &measured, None).await?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(ProgressFacts {
        lead_team: members > 0,
        any_aim: !aims.is_empty(),
        aims: count(measured.len()),
        need: recorded
            .needs
            .iter()
            .any(|need| need.state != NeedState::Withdrawn),
        decision: recorded
            .decisions
            .iter()
            .any(|decision| decision.choice.is_some()),
        cycle_planned: !cycles.is_empty(),
        five_ps: five_ps.count().await? > 0,
        cycle_studied: cycles.iter().any(|cycle| cycle.study.is_some()),
        furthest: progress
            .values()
            .filter_map(|aim| aim.distance_share)
            .max_by(f64::total_cmp),
        special_cause: special_cause(caller, &measured).await?,
        met: count(progress.values().filter(|aim| aim.reached == Some(true)).count()),
        holding_months: holding_months(&recorded),
    })
}

/// Whether the last value of an aim's measure shows special cause for the better.
async fn special_cause(caller: &Caller, aims: &[Aim]) -> Result<bool> {
    for aim in aims {
        let Some(measure) = aim.measure_id else { continue };
        let charts = match charts_of(caller, &ChartQuery::of(measure.into()), &[aim.unit_id]).await {
            Ok(charts) => charts,
            // The measure is another's own, and not shared with the caller.
            Err(Error::NotFound(_)) => continue,
            Err(other) => return Err(other),
        };
        let improved = |chart: &ChartSeries| chart.verdict.variation == Some(Variation::Improvement);
        if charts.values().any(improved) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// No rung asks for more months than this.
const MOST_MONTHS: i32 = 12;

/// For how many months an outcome has been seen in place by figures.
fn holding_months(recorded: &Recorded) -> Option<i64> {
    let months = |since: Date, until: Date| {
        (0..MOST_MONTHS)
            .take_while(|months| since.plus_months(months + 1) <= until)
            .count()
    };
    recorded
        .outcomes
        .iter()
        .filter(|outcome| !outcome.withdrawn && outcome.in_place == Some(true))
        .filter(|outcome| outcome.evidence == OutcomeEvidence::Measured)
        .filter_map(|outcome| Some(months(outcome.since?, outcome.checked_on?)))
        .max()
        .and_then(|months| i64::try_from(months).ok())
}

//! Progress in the team's own eyes.

use std::collections::HashMap;

use spiral_domain::analysis::{ChartSeries, Variation};
use spiral_domain::microsystems::{Aim, AimStatus, Cycle, FivePs, LeadTeamMember};
use spiral_domain::people::Action;
use spiral_domain::spirals::{
    EntryKind, NeedState, Outcome, OutcomeEvidence, ProgressBasis, ProgressCondition, ProgressFacts,
    ProgressRecord, ProgressScore, Recorded, SetProgressScore, SpiralProgress,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, Result, Sharing, SpiralId, SubjectId, UnitId, Withheld, WorkKind};
use spiral_store::{Column as _, Record, Store, Work};

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
    use ProgressCondition as C;
    let store = caller.store();
    let of_unit = [unit.id.value()];
    let recorded = store.recorded(id).await?;
    let members = store
        .find::<LeadTeamMember>()
        .filter("r.unit_id = ? and r.left_on is null", of_unit.clone());
    let members: Vec<LeadTeamMember> = members.filter("not r.withdrawn", []).all("r.id").await?;
    let five_ps = store
        .find::<FivePs>()
        .filter("r.unit_id = ? and not r.withdrawn", of_unit);
    let five_ps: Vec<FivePs> = five_ps.all("r.id").await?;
    let (aims, aims_of) = own_first::<Aim>(store, id, unit).await?;
    let (cycles, cycles_of) = own_first::<Cycle>(store, id, unit).await?;
    let measured: Vec<Aim> = aims
        .iter()
        .filter(|aim| aim.measure_id.is_some() && aim.status != AimStatus::Dropped)
        .cloned()
        .collect();
    let progress = aim_progress_of(caller, &measured, None).await?;
    let met = |aim: &&Aim| {
        progress
            .get(&aim.id)
            .is_some_and(|progress| progress.reached == Some(true))
    };
    let gone = |aim: &Aim| progress.get(&aim.id).and_then(|progress| progress.distance_share);
    let needs = recorded
        .needs
        .iter()
        .filter(|need| need.state != NeedState::Withdrawn);
    let decisions = recorded
        .decisions
        .iter()
        .filter(|decision| decision.choice.is_some());
    let studied = cycles.iter().filter(|cycle| cycle.study.is_some());
    let mut told = Told::default();
    told.by(C::LeadTeam, &members);
    told.by(C::Aim, &aims);
    told.by(C::Need, needs);
    told.by(C::Decision, decisions);
    told.by(C::CycleOrFivePs, &cycles);
    told.by(C::CycleOrFivePs, &five_ps);
    told.by(C::CycleStudied, studied);
    let a_fifth = |aim: &&Aim| gone(aim).is_some_and(|share| share >= FIFTH);
    told.by(C::FifthOfTheWay, measured.iter().filter(a_fifth));
    told.by(C::HalfOfAims, measured.iter().filter(met));
    told.by(C::AllAims, measured.iter().filter(met));
    let (special_cause, holding) = (special_cause(caller, &measured).await?, holding(&recorded));
    told.by(C::SpecialCause, special_cause);
    for condition in [C::HeldSixMonths, C::HeldTwelveMonths] {
        told.by(condition, holding.map(|(_, outcome)| outcome));
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(ProgressFacts {
        lead_team: told.any(C::LeadTeam),
        any_aim: told.any(C::Aim),
        aims: count(measured.len()),
        need: told.any(C::Need),
        decision: told.any(C::Decision),
        cycle_planned: !cycles.is_empty(),
        five_ps: !five_ps.is_empty(),
        cycle_studied: told.any(C::CycleStudied),
        furthest: measured.iter().filter_map(gone).max_by(f64::total_cmp),
        special_cause: special_cause.is_some(),
        met: count(measured.iter().filter(met).count()),
        holding_months: holding.map(|(months, _)| months),
        aims_of,
        cycles_of,
        records: told.0,
    })
}

/// So much of the way is a beginning (rules, section 3).
const FIFTH: f64 = 0.2;

/// The records by which each condition holds.
#[derive(Default)]
struct Told(Vec<(ProgressCondition, ProgressRecord)>);

impl Told {
    fn by<'r, R: Record + 'r>(
        &mut self,
        condition: ProgressCondition,
        records: impl IntoIterator<Item = &'r R>,
    ) {
        self.0.extend(records.into_iter().map(|record| {
            let record = ProgressRecord {
                record: R::NAME.to_owned(),
                id: SubjectId(record.id()),
            };
            (condition, record)
        }));
    }

    fn any(&self, condition: ProgressCondition) -> bool {
        self.0.iter().any(|(of, _)| *of == condition)
    }
}

/// The unit's work that names the spiral; where none does, what names no spiral at all.
async fn own_first<W: Work>(store: &Store, id: SpiralId, unit: &OrgUnit) -> Result<(Vec<W>, ProgressBasis)> {
    let work: Vec<W> = store
        .find()
        .filter("r.unit_id = ? and not r.retracted", [unit.id.value()])
        .filter("(r.spiral_id = ? or r.spiral_id is null)", [id.value()])
        .all("r.id")
        .await?;
    let (own, others): (Vec<W>, Vec<W>) = work.into_iter().partition(|work| work.spiral() == Some(id));
    Ok(if own.is_empty() {
        (others, ProgressBasis::Unit)
    } else {
        (own, ProgressBasis::Spiral)
    })
}

/// An aim whose measure shows special cause for the better in its last value, if there is one.
async fn special_cause<'a>(caller: &Caller, aims: &'a [Aim]) -> Result<Option<&'a Aim>> {
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
            return Ok(Some(aim));
        }
    }
    Ok(None)
}

/// No rung asks for more months than this.
const MOST_MONTHS: i32 = 12;

/// The outcome that has been seen in place by figures for the most months, and for how many.
fn holding(recorded: &Recorded) -> Option<(i64, &Outcome)> {
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
        .filter_map(|outcome| Some((months(outcome.since?, outcome.checked_on?), outcome)))
        .max_by_key(|(months, _)| *months)
        .and_then(|(months, outcome)| Some((i64::try_from(months).ok()?, outcome)))
}

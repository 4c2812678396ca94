//! Improvement spirals: started, moved and read, with what is recorded beneath them and their timelines.
//!
//! Every write goes through [`Stirred`]: it notes a dormancy whose day has come, wakes the spiral, and puts what is
//! done on the timeline, in the one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use spiral_domain::innovations::Innovation;
use spiral_domain::people::Action;
use spiral_domain::programmes::Programme;
use spiral_domain::spirals::{
    ChangeSpiral, EntryKind, FieldChange, Spiral, SpiralOrigin, SpiralStatus, SpiralStep, StartSpiral, Stay,
    Turn,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Date, Error, InnovationId, Page, PageRequest, Patch, ProgrammeId, Reference, Result, SpiralId,
    StayId, UnitId, Withheld, WorkKind,
};
use spiral_store::Store;

use crate::caller::Caller;
use crate::clock::fresh;
use crate::kept::Until;
use crate::tenancy::{Successors, check_version, level_of};

mod activity;
mod beneath;
mod collaborations;
mod decisions;
mod knowledge;
mod links;
mod moves;
mod plant;
mod progress;
mod refreshers;
mod summary;

pub(crate) use activity::Touch;
pub use activity::note_dormancy;
pub(crate) use activity::{Stirred, touch_spiral};
pub use beneath::{
    beneath, beneath_list, beneath_of, change_need, change_outcome, latest_entries_of, list_beneath,
    record_need, record_outcome,
};
pub use collaborations::{
    COLLABORATIONS, collaboration, collaboration_members, collaboration_members_of, collaboration_timeline,
    collaboration_timeline_list, collaborations, invite_to_collaboration, join_collaboration,
    leave_collaboration, note_in_collaboration, start_collaboration,
};
pub use decisions::{change_decision, record_decision, score_decision};
pub use knowledge::{
    RequestFilter, answer_knowledge_request, ask_for_knowledge, change_knowledge_request,
    change_knowledge_use, knowledge_answers, knowledge_answers_of, knowledge_request, knowledge_requests,
    record_knowledge_use,
};
pub use links::{NamesSpiral, SpiralWork, work_of_spirals};
pub(crate) use links::{check_named, stir_team, tell, told};
pub use moves::{
    advance_spiral, discontinue_spiral, missing_evidence, reopen_spiral, return_spiral, revolve_spiral,
    sustain_spiral,
};
pub use plant::{PlantSpiral, plant_spirals};
pub use progress::{LatestProgress, latest_progress_of, set_progress_score, spiral_progress};
pub use refreshers::{RefresherFilter, record_refresher, refreshers};
pub use summary::{SummaryQuery, spiral_summary};

/// What can be done with a spiral, for `allowedActions`.
const ON_SPIRAL: &[Action] = &[
    Action::ManageSpiral,
    Action::RecordNeed,
    Action::ScoreDecision,
    Action::DiscontinueSpiral,
];

/// Which spirals a list shows.
#[derive(Debug, Clone, Default)]
pub struct SpiralQuery {
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// That stand so.
    pub status: Option<SpiralStatus>,
    /// In this step.
    pub step: Option<SpiralStep>,
    /// With this theme.
    pub theme: Option<String>,
    /// With this origin.
    pub origin: Option<SpiralOrigin>,
    /// That adopt this innovation.
    pub innovation: Option<Reference>,
    /// Of this programme.
    pub programme: Option<Reference>,
}

impl SpiralQuery {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("spirals {self:?}")
    }
}

/// The innovation and the programme that are named, if any are.
async fn links(
    store: &Store,
    innovation: Option<&Reference>,
    programme: Option<&Reference>,
) -> Result<(Option<InnovationId>, Option<ProgrammeId>)> {
    let innovation = match innovation {
        Some(named) => Some(store.named::<Innovation>(named).await?.id),
        None => None,
    };
    let programme = match programme {
        Some(named) => Some(store.named::<Programme>(named).await?.id),
        None => None,
    };
    Ok((innovation, programme))
}

/// Refuses what is said of a day on which the unit was closed.
async fn check_open(store: &Store, unit: &OrgUnit, on: Date, pointer: &str) -> Result<()> {
    match unit.closed_on.filter(|closed| *closed < on) {
        None => Ok(()),
        Some(closed) => {
            let after = Successors::of(store, [unit]).await?.words(unit.id);
            let detail = format!("the unit closed on {closed}{after}");
            Err(Error::invalid(pointer, "unit_closed", detail))
        }
    }
}

/// Starts a spiral.
pub async fn start_spiral(caller: &Caller, input: StartSpiral) -> Result<Spiral> {
    input.check(caller.today())?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let named = (input.innovation.as_ref(), input.programme.as_ref());
    let (innovation_id, programme_id) = links(caller.store(), named.0, named.1).await?;
    let mut tx = caller.begin(Action::ManageSpiral, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let started_on = input.started_on.unwrap_or_else(|| caller.today());
    check_open(&tx, &unit, started_on, "/startedOn").await?;
    let sharing = level_of(&tx, &unit, WorkKind::Spirals).await?;
    let spiral = Spiral {
        id: fresh(),
        unit_id: unit.id,
        title: input.title,
        theme: input.theme,
        origin: input.origin,
        priority: input.priority,
        innovation_id,
        programme_id,
        status: SpiralStatus::Active,
        turn: 1,
        step: SpiralStep::RecognitionOfNeed,
        started_on,
        entered_on: started_on,
        active_on: started_on,
        dormant_from: None,
        quiet: Vec::new(),
        discontinued_because: None,
        sharing,
        started_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let stay = stay_of(&spiral, tx.now());
    let mut stirred = Stirred::begun(caller, &tx, spiral, unit).await?;
    let mut touch = Touch::of(EntryKind::Started, "spiral", stirred.spiral.id);
    touch.on = Some(started_on);
    stirred.tell(caller, &tx, touch);
    let spiral = stirred.add(&mut tx, stay).await?;
    tx.commit(spiral).await
}

/// The stay that a spiral begins where it stands now.
fn stay_of(spiral: &Spiral, now: spiral_domain::Timestamp) -> Stay {
    Stay {
        id: fresh::<StayId>(),
        spiral_id: spiral.id,
        unit_id: spiral.unit_id,
        turn: spiral.turn,
        step: spiral.step,
        status: spiral.status,
        began_on: spiral.entered_on,
        ended_on: None,
        sharing: spiral.sharing,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Changes what a spiral is about.
pub async fn change_spiral(
    caller: &Caller,
    id: SpiralId,
    if_match: Option<i64>,
    input: ChangeSpiral,
) -> Result<Spiral> {
    input.check()?;
    let named = (input.innovation.value(), input.programme.value());
    let linked = links(caller.store(), named.0, named.1).await?;
    let (_, unit) = spiral_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::ManageSpiral, &[&unit][..]).await?;
    let mut stirred = Stirred::of(caller, &tx, id).await?;
    check_version(if_match, stirred.met_version)?;
    stirred.refuse_closed()?;
    let before = stirred.spiral.clone();
    let spiral = &mut stirred.spiral;
    if let Some(title) = input.title {
        spiral.title = title;
    }
    if let Some(origin) = input.origin {
        spiral.origin = origin;
    }
    input.theme.apply(&mut spiral.theme);
    input.priority.apply(&mut spiral.priority);
    link(&input.innovation, linked.0, &mut spiral.innovation_id);
    link(&input.programme, linked.1, &mut spiral.programme_id);
    if *spiral == before {
        return tx.commit(stirred.into_met()).await;
    }
    let mut touch = Touch::of(EntryKind::Changed, "spiral", id);
    touch.changes = FieldChange::between(&before, &stirred.spiral);
    stirred.wake(caller, &tx).await?;
    stirred.tell(caller, &tx, touch);
    let spiral = stirred.write(&mut tx, &[]).await?;
    tx.commit(spiral).await
}

/// Sets, clears or leaves a link.
fn link<T>(patch: &Patch<Reference>, named: Option<T>, to: &mut Option<T>) {
    match patch {
        Patch::Absent => {}
        Patch::Null => *to = None,
        Patch::Value(_) => *to = named,
    }
}

/// A spiral that the caller sees, and its unit.
async fn spiral_and_unit(caller: &Caller, id: SpiralId) -> Result<(Spiral, OrgUnit)> {
    let spiral: Spiral = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&spiral.unit_id.into()).await?;
    Ok((spiral, unit))
}

/// One spiral.
pub async fn spiral(caller: &Caller, id: SpiralId) -> Result<Allowed<Spiral>> {
    caller.require(Action::ReadSpirals)?;
    let question = format!("spiral {id}");
    let weigh = |_: &Allowed<Spiral>| size_of::<Allowed<Spiral>>() + 400;
    let kept = caller.kept(
        &question,
        Until::Settled,
        weigh,
        Box::pin(read_spiral(caller, id)),
    );
    kept.await.map(Arc::unwrap_or_clone)
}

async fn read_spiral(caller: &Caller, id: SpiralId) -> Result<Allowed<Spiral>> {
    let spiral: Spiral = caller.store().find().ids(&[id]).one().await?;
    // Most readers write nothing anywhere, whichever unit it is.
    let writes = ON_SPIRAL.iter().any(|action| caller.require(*action).is_ok());
    let allowed_actions = if writes {
        let unit = caller.unit_of(spiral.unit_id).await?;
        caller.allowed(&unit, ON_SPIRAL)
    } else {
        Vec::new()
    };
    Ok(Allowed {
        allowed_actions,
        record: spiral.on(caller.today()),
    })
}

/// What the caller may do with a spiral of this unit.
pub fn allowed_on(caller: &Caller, unit: &OrgUnit) -> Vec<Action> {
    caller.allowed(unit, ON_SPIRAL)
}

/// Spirals, a page at a time.
pub async fn spirals(caller: &Caller, query: SpiralQuery, page: &PageRequest) -> Result<Page<Spiral>> {
    caller.require(Action::ReadSpirals)?;
    let list = query.list();
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let named = (query.innovation.as_ref(), query.programme.as_ref());
    let (innovation, programme) = links(store, named.0, named.1).await?;
    let filter = spiral_store::SpiralFilter {
        unit: match &query.unit {
            Some(unit) => Some(store.named::<OrgUnit>(unit).await?.id),
            None => None,
        },
        within: match &query.within {
            Some(within) => Some(store.named::<OrgUnit>(within).await?.path),
            None => None,
        },
        status: query.status,
        step: query.step,
        theme: query.theme,
        origin: query.origin,
        innovation,
        programme,
    };
    let today = caller.today();
    let mut slice = store
        .find::<Spiral>()
        .matching(&filter, today)
        .page(&window)
        .await?;
    slice.records = slice.records.into_iter().map(|spiral| spiral.on(today)).collect();
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// Spirals by id, for links between records.
pub async fn spirals_of(caller: &Caller, ids: &[SpiralId]) -> Result<HashMap<SpiralId, Spiral>> {
    let found: HashMap<SpiralId, Spiral> = caller.store().find::<Spiral>().ids(ids).by_id().await?;
    let today = caller.today();
    Ok(found
        .into_iter()
        .map(|(id, spiral)| (id, spiral.on(today)))
        .collect())
}

/// A unit's latest spiral, or that there may be one beyond the reader's sight.
#[derive(Debug, Clone, Default)]
pub struct LatestSpiral {
    /// The one that began last, of those that the reader sees.
    pub latest: Option<Spiral>,
    /// Stands here when the unit keeps its spirals from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
}

/// The latest spiral of each unit.
pub async fn latest_spirals_of(caller: &Caller, units: &[UnitId]) -> Result<HashMap<UnitId, LatestSpiral>> {
    let store = caller.store();
    let reach = store
        .reach_of(units, WorkKind::Spirals, Action::ReadSpirals)
        .await?;
    let mut latest = store.latest_spirals(units).await?;
    let today = caller.today();
    Ok(reach
        .into_iter()
        .map(|(unit, (level, reached))| {
            let latest = latest.remove(&unit).map(|spiral| spiral.on(today));
            let withheld = (!reached && latest.is_none()).then_some(Withheld { level });
            (unit, LatestSpiral { latest, withheld })
        })
        .collect())
}

/// The spirals of each unit, oldest first.
pub async fn spirals_of_units(caller: &Caller, units: &[UnitId]) -> Result<HashMap<UnitId, Vec<Spiral>>> {
    let found = caller.store().find::<Spiral>().among("r.unit_id", units);
    let today = caller.today();
    let mut by_unit: HashMap<UnitId, Vec<Spiral>> = HashMap::new();
    for spiral in found.all("r.started_on, r.id").await? {
        by_unit.entry(spiral.unit_id).or_default().push(spiral.on(today));
    }
    Ok(by_unit)
}

/// The turns of a spiral, with where it has been in each.
pub async fn spiral_turns(caller: &Caller, id: SpiralId) -> Result<Vec<Turn>> {
    caller.require(Action::ReadSpirals)?;
    let (spiral, _) = spiral_and_unit(caller, id).await?;
    let stays = caller.store().find::<Stay>().beneath(&[id]).all("r.id").await?;
    Ok(Turn::of(spiral.turn, spiral.status, stays))
}

/// The turns of each spiral.
pub async fn spiral_turns_of(
    caller: &Caller,
    spirals: &[(SpiralId, i64, SpiralStatus)],
) -> Result<HashMap<SpiralId, Vec<Turn>>> {
    let ids: Vec<SpiralId> = spirals.iter().map(|(id, ..)| *id).collect();
    let mut stays: HashMap<SpiralId, Vec<Stay>> = beneath_of(caller, &ids).await?;
    Ok(spirals
        .iter()
        .map(|(id, turn, status)| {
            let stays = stays.remove(id).unwrap_or_default();
            (*id, Turn::of(*turn, *status, stays))
        })
        .collect())
}

//! The data wall of a team: everything that it would pin up, each part as far as the reader may see it.

use spiral_domain::analysis::{ChartDrawing, Charts};
use spiral_domain::microsystems::{
    Aim, AimStatus, Cycle, CycleKind, CyclePhase, DataWall, Diagram, FiveP, FivePs, LeadTeamMember, Meeting,
    NextAction, RhythmSetting, WallAim, WallAims, WallCycle, WallCycles, WallDiagram, WallDiagrams,
    WallFivePs, WallMeetings, WallPart, WallSpiral, WallSpirals, WallTeam, next_meetings,
};
use spiral_domain::people::Action;
use spiral_domain::spirals::Spiral;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Error, PageRequest, Reference, Result, Withheld, WorkKind};
use spiral_store::Column as _;

use super::aims::progress_in;
use crate::analysis::pictures::{Picture, draw_series};
use crate::analysis::{ChartQuery, charts};
use crate::caller::Caller;

/// A wall has room for so many of each.
const ROOM: usize = 24;

/// A team's whole wall.
pub async fn data_wall(caller: &Caller, unit: &Reference) -> Result<DataWall> {
    caller.require(Action::ReadAims)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    Ok(DataWall {
        unit_id: unit.id,
        name: unit.name.clone(),
        as_of: caller.today(),
        lead_team: wall_team(caller, &unit).await?,
        meetings: wall_meetings(caller, &unit).await?,
        five_ps: wall_five_ps(caller, &unit).await?,
        spirals: wall_spirals(caller, &unit).await?,
        aims: wall_aims(caller, &unit).await?,
        cycles: wall_cycles(caller, &unit).await?,
        diagrams: wall_diagrams(caller, &unit).await?,
    })
}

/// That the unit keeps this kind of its work from the caller, if it does.
async fn withheld(
    caller: &Caller,
    unit: &OrgUnit,
    kind: WorkKind,
    action: Action,
) -> Result<Option<Withheld>> {
    let reach = caller.store().reach_of(&[unit.id], kind, action).await?;
    Ok(match reach.get(&unit.id) {
        Some((_, true)) => None,
        Some((level, false)) => Some(Withheld { level: *level }),
        None => return Err(Error::NotFound("unit")),
    })
}

/// As many as there is room for, and how many more there are.
fn room<T>(mut all: Vec<T>) -> (Vec<T>, i64) {
    let left_out = i64::try_from(all.len().saturating_sub(ROOM)).unwrap_or(i64::MAX);
    all.truncate(ROOM);
    (all, left_out)
}

async fn wall_team(caller: &Caller, unit: &OrgUnit) -> Result<WallTeam> {
    let withheld = withheld(caller, unit, WorkKind::LeadTeam, Action::ReadTeamWork).await?;
    let today = caller.today();
    let members: Vec<LeadTeamMember> = caller
        .store()
        .find::<LeadTeamMember>()
        .filter(
            "not r.withdrawn and r.unit_id = ? and r.joined_on <= ? and (r.left_on is null or r.left_on >= ?)",
            [unit.id.value(), today.value(), today.value()],
        )
        .all("r.joined_on, r.id")
        .await?;
    let (members, left_out) = room(members);
    Ok(WallTeam {
        withheld,
        members,
        left_out,
    })
}

async fn wall_meetings(caller: &Caller, unit: &OrgUnit) -> Result<WallMeetings> {
    let withheld = withheld(caller, unit, WorkKind::Meetings, Action::ReadTeamWork).await?;
    let find = || {
        caller
            .store()
            .find::<Meeting>()
            .filter("not r.withdrawn and r.unit_id = ?", [unit.id.value()])
    };
    let last = find().first("r.held_on desc, r.id desc").await?;
    // Where nothing is set, the rhythm of the reference data holds: what it expects of a team says nothing of it, but the
    // part is as empty for who may not see it as the others are.
    let mut next = Vec::new();
    if withheld.is_none() {
        let settings: Vec<RhythmSetting> = caller
            .store()
            .find()
            .filter("r.unit_id = ?", [unit.id.value()])
            .all("r.starts_on")
            .await?;
        let today = caller.today();
        // No stretch that today stands in began earlier.
        let since = today.month_start().plus_months(-2);
        let held = find().filter("r.held_on >= ?", [since.value()]);
        let held: Vec<Meeting> = held.all("r.held_on, r.id").await?;
        next = next_meetings(unit.id, (today, unit.closed_on), &settings, &held);
    }
    Ok(WallMeetings { withheld, last, next })
}

async fn wall_five_ps(caller: &Caller, unit: &OrgUnit) -> Result<WallFivePs> {
    let withheld = withheld(caller, unit, WorkKind::FivePs, Action::ReadTeamWork).await?;
    let find = caller.store().find::<FivePs>();
    let latest: Option<FivePs> = find
        .filter("not r.withdrawn and r.unit_id = ?", [unit.id.value()])
        .first("r.assessed_on desc, r.id desc")
        .await?;
    let parts = |of: &FivePs| {
        let part = |p| WallPart {
            p,
            state: of.part(p).state,
        };
        FiveP::ALL.into_iter().map(part).collect()
    };
    Ok(WallFivePs {
        withheld,
        id: latest.as_ref().map(|of| of.id),
        assessed_on: latest.as_ref().map(|of| of.assessed_on),
        parts: latest.as_ref().map(parts).unwrap_or_default(),
    })
}

async fn wall_spirals(caller: &Caller, unit: &OrgUnit) -> Result<WallSpirals> {
    let withheld = withheld(caller, unit, WorkKind::Spirals, Action::ReadSpirals).await?;
    let open: Vec<Spiral> = caller
        .store()
        .find()
        .filter("r.unit_id = ?", [unit.id.value()])
        .filter("r.status in ('active', 'dormant')", [])
        .all("r.started_on, r.id")
        .await?;
    let today = caller.today();
    let open = open.into_iter().map(|spiral| WallSpiral::from(spiral.on(today)));
    let (data, left_out) = room(open.collect());
    Ok(WallSpirals {
        withheld,
        data,
        left_out,
    })
}

async fn wall_aims(caller: &Caller, unit: &OrgUnit) -> Result<WallAims> {
    let withheld = withheld(caller, unit, WorkKind::Aims, Action::ReadAims).await?;
    let active: Vec<Aim> = caller
        .store()
        .find::<Aim>()
        .filter(
            "not r.retracted and r.unit_id = ? and r.status = ?",
            [unit.id.value(), AimStatus::Active.value()],
        )
        .all("r.id")
        .await?;
    let (active, left_out) = room(active);
    let mut data = Vec::with_capacity(active.len());
    for aim in active {
        let charts = chart_of(caller, &aim).await?;
        let series = charts.as_ref().and_then(|charts| charts.data.first());
        data.push(WallAim {
            progress: progress_in(&aim, series, caller.today()),
            verdict: series.map(|series| series.verdict.clone()),
            chart: aim
                .measure_id
                .filter(|_| series.is_some())
                .map(|measure| format!("/v1/charts/spc.svg?measure={measure}&unit={}", aim.unit_id)),
            aim,
        });
    }
    Ok(WallAims {
        withheld,
        data,
        left_out,
    })
}

/// The chart of an aim's measure at its unit, as far as the caller may see it; none of a global aim.
async fn chart_of(caller: &Caller, aim: &Aim) -> Result<Option<Charts>> {
    let Some(measure) = aim.measure_id else {
        return Ok(None);
    };
    let may = |action| caller.scope().may_somewhere(action);
    if !(may(Action::ReadObservations) && may(Action::ReadAnalysis)) {
        return Ok(None);
    }
    let query = ChartQuery {
        unit: Some(aim.unit_id.into()),
        ..ChartQuery::of(measure.into())
    };
    match charts(caller, &query, &PageRequest::default()).await {
        Ok(found) => Ok(Some(found)),
        // The measure is another's own, and not shared with the caller.
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The chart of an aim as a picture; none where there is no measure that the caller may read.
pub async fn draw_aim(caller: &Caller, aim: &Aim, picture: &Picture) -> Result<Option<ChartDrawing>> {
    let Some(charts) = chart_of(caller, aim).await? else {
        return Ok(None);
    };
    let series = charts.data.first();
    series
        .map(|series| draw_series(&charts, series, picture))
        .transpose()
}

async fn wall_cycles(caller: &Caller, unit: &OrgUnit) -> Result<WallCycles> {
    let withheld = withheld(caller, unit, WorkKind::Aims, Action::ReadAims).await?;
    let cycles: Vec<Cycle> = caller
        .store()
        .find::<Cycle>()
        .filter("not r.retracted and r.unit_id = ?", [unit.id.value()])
        .all("r.id")
        .await?;
    let today = caller.today();
    let followed: Vec<_> = cycles.iter().filter_map(|cycle| cycle.follows_id).collect();
    let mut next_actions: Vec<NextAction> = cycles
        .iter()
        .filter(|cycle| !followed.contains(&cycle.id))
        .filter_map(|cycle| {
            Some(NextAction {
                what: next_of(cycle, cycle.is_overdue(today))?,
                cycle_id: cycle.id,
                due_on: cycle.review_on,
                overdue: cycle.is_overdue(today),
            })
        })
        .collect();
    next_actions.sort_by_key(|of| (!of.overdue, of.due_on.is_none(), of.due_on, of.cycle_id));
    let (next_actions, _) = room(next_actions);
    let running = cycles
        .into_iter()
        .filter(|cycle| cycle.kind == CycleKind::Sdsa || cycle.phase != CyclePhase::Act)
        .map(|cycle| WallCycle {
            overdue: cycle.is_overdue(today),
            cycle,
        })
        .collect();
    let (running, left_out) = room(running);
    Ok(WallCycles {
        withheld,
        running,
        next_actions,
        left_out,
    })
}

/// What is to be done next with a cycle that nothing follows yet.
fn next_of(cycle: &Cycle, overdue: bool) -> Option<String> {
    let title = &cycle.title;
    if overdue {
        return Some(format!("Look at the standard again: {title}"));
    }
    match cycle.phase {
        CyclePhase::Plan => Some(format!("Carry out: {title}")),
        CyclePhase::Do => Some(format!("Study what came of it: {title}")),
        CyclePhase::Study => Some(format!("Decide what follows: {title}")),
        CyclePhase::Act => {
            let next = cycle.act.as_ref().and_then(|act| act.next_step.clone());
            let look = cycle
                .review_on
                .map(|_| format!("Look at the standard again: {title}"));
            next.or(look)
        }
    }
}

async fn wall_diagrams(caller: &Caller, unit: &OrgUnit) -> Result<WallDiagrams> {
    let withheld = withheld(caller, unit, WorkKind::Diagrams, Action::ReadDiagrams).await?;
    let found: Vec<Diagram> = caller
        .store()
        .find::<Diagram>()
        .filter("not r.retracted and r.unit_id = ?", [unit.id.value()])
        .all("r.drawn_on desc, r.id desc")
        .await?;
    let (found, left_out) = room(found);
    let data = found
        .into_iter()
        .map(|of| WallDiagram {
            picture: format!("/v1/microsystems/{}/diagrams/{}/drawing.svg", of.unit_id, of.id),
            id: of.id,
            kind: of.kind,
            title: of.title,
            drawn_on: of.drawn_on,
        })
        .collect();
    Ok(WallDiagrams {
        withheld,
        data,
        left_out,
    })
}

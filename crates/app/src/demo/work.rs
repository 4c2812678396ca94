//! What the evaluated teams drew, aimed for and tested. That they mapped a process is published; what stands in the maps
//! is made up, and so are aims and cycles. A synthetic team has an aim with a measure, so that its distance shows.

use serde::Deserialize;
use spiral_domain::microsystems::{
    ActOnCycle, AimKind, CarryOutCycle, CycleKind, CyclePlan, DrawDiagram, OpenRamp, PlanCycle, SetAim,
    StudyCycle,
};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{CycleId, Date, Error, PageRequest, RampId, Reference, Result, SpiralId};
use spiral_store::Column as _;

use super::figures::MONTHLY;
use super::spirals::as_it_was_found;
use crate::caller::Caller;
use crate::microsystems;
use crate::spirals::{self, SpiralQuery};

#[derive(Debug, Deserialize)]
struct Work {
    teams: Vec<TeamWork>,
}

#[derive(Debug, Deserialize)]
struct TeamWork {
    unit: String,
    diagrams: Vec<DrawDiagram>,
    aim: Option<SetAim>,
    ramp: Option<String>,
    #[serde(default)]
    cycles: Vec<CycleWork>,
    standard: Option<Planned>,
}

#[derive(Debug, Deserialize)]
struct CycleWork {
    plan: Planned,
    #[serde(rename = "do")]
    carried_out: Option<CarryOutCycle>,
    study: Option<StudyCycle>,
    act: Option<ActOnCycle>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Planned {
    title: String,
    plan: CyclePlan,
    owner: Option<String>,
    review_on: Option<Date>,
}

/// Draws, sets, plans and carries out, as the teams might have: as of the day on which the evaluation looked, so that
/// whose spiral had gone to sleep by then is not woken.
pub(super) async fn load(caller: &Caller) -> Result<()> {
    let then = as_it_was_found(caller)?;
    let work: Work =
        serde_json::from_str(include_str!("../../data/demo-work.json")).map_err(Error::internal)?;
    for team in work.teams {
        Box::pin(load_team(&then, team)).await?;
    }
    load_measured(caller).await
}

/// The team's spiral, if it goes on.
async fn open_spiral(caller: &Caller, unit: &Reference) -> Result<Option<SpiralId>> {
    let query = SpiralQuery {
        unit: Some(unit.clone()),
        ..SpiralQuery::default()
    };
    let found = spirals::spirals(caller, query, &PageRequest::default()).await?;
    let mut open = found.data.iter().filter(|spiral| !spiral.status.is_closed());
    Ok(open.next().map(|spiral| spiral.id))
}

async fn load_team(caller: &Caller, team: TeamWork) -> Result<()> {
    let unit = Reference::code(&team.unit);
    let spiral = open_spiral(caller, &unit).await?;
    for mut diagram in team.diagrams {
        diagram.spiral = spiral;
        microsystems::draw_diagram(caller, &unit, diagram).await?;
    }
    if let Some(standard) = team.standard {
        plan(caller, &unit, standard, CycleKind::Sdsa, None, None).await?;
    }
    let (Some(mut aim), Some(title)) = (team.aim, team.ramp) else {
        return Ok(());
    };
    aim.spiral = spiral;
    let aim = microsystems::set_aim(caller, &unit, aim).await?;
    // The ramp is part of the aim's spiral, and its cycles are.
    let ramp = OpenRamp {
        aim: aim.id,
        title,
        spiral: None,
    };
    let ramp = microsystems::open_ramp(caller, &unit, ramp).await?;
    let mut before = None;
    for cycle in team.cycles {
        let id = plan(caller, &unit, cycle.plan, CycleKind::Pdsa, Some(ramp.id), before).await?;
        if let Some(done) = cycle.carried_out {
            microsystems::carry_out_cycle(caller, &unit, id, None, done).await?;
        }
        if let Some(study) = cycle.study {
            microsystems::study_cycle(caller, &unit, id, None, study).await?;
        }
        if let Some(act) = cycle.act {
            microsystems::act_on_cycle(caller, &unit, id, None, act).await?;
        }
        before = Some(id);
    }
    Ok(())
}

async fn plan(
    caller: &Caller,
    unit: &Reference,
    planned: Planned,
    kind: CycleKind,
    ramp: Option<RampId>,
    follows: Option<CycleId>,
) -> Result<CycleId> {
    let input = PlanCycle {
        kind,
        ramp,
        follows,
        spiral: None,
        title: planned.title,
        plan: planned.plan,
        owner: planned.owner,
        review_on: planned.review_on,
    };
    microsystems::plan_cycle(caller, unit, input)
        .await
        .map(|cycle| cycle.id)
}

/// An aim with a measure that is reported every month.
async fn load_measured(caller: &Caller) -> Result<()> {
    let find = caller.store().find::<OrgUnit>();
    let team: Option<OrgUnit> = find
        .filter("r.synthetic and r.tier = ?", [Tier::Microsystem.value()])
        .first("r.path")
        .await?;
    let Some(team) = team else { return Ok(()) };
    let aim = SetAim {
        kind: AimKind::Specific,
        spiral: None,
        statement: "Nine of ten patients are seen within the target time (synthetic)".into(),
        under: None,
        measure: Some(Reference::code(MONTHLY)),
        direction: None,
        from_value: Some(60.0),
        to_value: Some(90.0),
        by_when: Some(super::facts::last_day()),
    };
    microsystems::set_aim(caller, &team.id.into(), aim)
        .await
        .map(|_| ())
}

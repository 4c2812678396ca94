//! A team's own work: its lead team, its meetings and their rhythm, how it sees itself (the 5Ps), and what it draws, aims
//! for and tests. All of it is the team's first: who stands above reads what the team shares, and counts of the rest.

use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, PageRequest, Reference, Result, Violation};
use spiral_store::{Column as _, Find, Record, Tx};

use crate::caller::Caller;
use crate::tenancy::Successors;

mod aims;
mod conditions;
mod cycles;
mod diagrams;
mod edges;
mod figures;
mod five_ps;
mod lead_team;
mod meetings;
mod storyboard;
mod summary;
mod tool_use;
mod wall;
mod work;

pub use aims::{AimFilter, aim, aim_progress, aim_progress_of, aims, change_aim, retract_aim, set_aim};
pub use conditions::{
    ConditionFilter, assess_condition, change_condition, condition_assessment, condition_assessments,
    latest_conditions, latest_conditions_of,
};
pub use cycles::{
    CycleFilter, RampFilter, act_on_cycle, carry_out_cycle, change_cycle, change_ramp, cycle, cycles,
    fidelity, open_ramp, plan_cycle, ramp, ramp_fidelity_of, ramps, retract_cycle, retract_ramp,
    review_cycle, study_cycle,
};
pub use diagrams::{
    DiagramFilter, change_diagram, diagram, diagrams, draw_diagram, process_figures, retract_diagram,
    show_diagram, show_diagram_record, units_with_process_map,
};
pub use edges::{OfUnit, last_five_ps_of, last_meetings_of, lead_teams_of};
pub use five_ps::{
    FivePsFilter, change_five_ps, compare_five_ps, five_ps, five_ps_assessments, patients_findings,
    record_five_ps, record_patients_findings,
};
pub use lead_team::{
    LeadTeamFilter, add_lead_team_member, change_lead_team_member, lead_team, lead_team_member, names_of,
};
pub use meetings::{
    MeetingFilter, change_meeting, meeting, meeting_rhythms, meetings, missed_meetings, record_meeting,
    rhythm, set_rhythm,
};
pub use storyboard::storyboard;
pub use summary::five_ps_summary;
pub use tool_use::tool_use;
pub use wall::{data_wall, draw_aim};

/// The unit whose work it is.
async fn unit_of(caller: &Caller, unit: &Reference) -> Result<OrgUnit> {
    caller.store().named(unit).await
}

/// What a list shows, as cursors know it: `what` of a unit, by its filters.
fn list_of(what: &str, unit: &OrgUnit, filter: &impl std::fmt::Debug) -> String {
    format!("{what} {} {filter:?}", unit.id)
}

/// A query over what one unit has recorded, as far as the caller may see it. Who keeps a copy (`updatedSince`) learns
/// what was withdrawn, too.
fn own<'c, R: Record>(
    caller: &'c Caller,
    unit: &OrgUnit,
    withdrawn: bool,
    page: &PageRequest,
) -> Find<'c, R> {
    let find = caller
        .store()
        .find::<R>()
        .filter("r.unit_id = ?", [unit.id.value()]);
    if withdrawn || page.updated_since.is_some() {
        find
    } else {
        find.filter("not r.withdrawn", [])
    }
}

/// Narrows a query to a time.
fn within<'c, R: Record>(
    mut find: Find<'c, R>,
    column: &str,
    from: Option<Date>,
    to: Option<Date>,
) -> Find<'c, R> {
    if let Some(from) = from {
        find = find.filter(&format!("{column} >= ?"), [from.value()]);
    }
    if let Some(to) = to {
        find = find.filter(&format!("{column} <= ?"), [to.value()]);
    }
    find
}

/// Refuses what a closed unit cannot have done any more, and names who came after it.
async fn check_open(tx: &Tx, unit: &OrgUnit, on: Date, pointer: &str) -> Result<()> {
    let Some(closed) = unit.closed_on.filter(|closed| *closed < on) else {
        return Ok(());
    };
    let after = Successors::of(tx, [unit]).await?.words(unit.id);
    let detail = format!("the unit closed on {closed}{after}");
    Err(Error::invalid(pointer, "unit_closed", detail))
}

/// A query parameter that cannot be.
fn wrong(parameter: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(format!("/query/{parameter}"), code, detail)])
}

/// What a caller may do with a unit's record of this kind, for `allowedActions`.
pub fn allowed_on(caller: &Caller, unit: &OrgUnit, kind: TeamRecordKind) -> Vec<Action> {
    caller.allowed(unit, kind.actions())
}

/// The kinds of records that this capability keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamRecordKind {
    /// A member of the lead team.
    LeadTeamMember,
    /// A meeting.
    Meeting,
    /// A 5Ps assessment.
    FivePs,
    /// An assessment of a condition.
    Condition,
}

impl TeamRecordKind {
    const fn actions(self) -> &'static [Action] {
        match self {
            Self::LeadTeamMember => &[Action::ManageLeadTeam],
            Self::Meeting => &[Action::RecordMeeting],
            Self::Condition => &[Action::AssessCondition],
            Self::FivePs => &[Action::AssessFivePs, Action::RecordPatientsFindings],
        }
    }
}

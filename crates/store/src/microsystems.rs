//! Lead teams, meetings, rhythms and 5Ps assessments, as rows; beneath, what a team draws, aims for and tests.

use std::collections::HashMap;

use spiral_domain::microsystems::{
    AttendeeCount, Condition, ConditionAssessment, Discipline, Expectation, FivePs, LeadTeamMember,
    LeadTeamRole, LeaveReason, Lens, Meeting, MeetingKind, Part, RhythmSetting,
};
use spiral_domain::people::{Action, Principal};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    ConditionAssessmentId, Date, FivePsId, LeadTeamMemberId, MeetingId, PrincipalId, Result, RhythmId,
    Sharing, SpiralId, Timestamp, UnitId,
};

use crate::record::{Record, Scoping, columns_of, record};
use crate::store::{Find, Store};
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

mod cells;
mod fidelity_cells;
mod tool_use;
mod work;

pub use cells::FivePsCell;
pub use tool_use::ToolFact;
pub use work::Work;

as_json_text!(
    Discipline,
    LeadTeamRole,
    LeaveReason,
    MeetingKind,
    Vec<AttendeeCount>,
    Vec<Expectation>,
    Part,
    Condition,
    Lens
);

record!(
    LeadTeamMember, 80, "lead_team_member", "member of the lead team", "lead_team_members",
    Scoping::Shared(Action::ReadTeamWork),
    {
        id: LeadTeamMemberId, unit_id: UnitId, principal_id: Option<PrincipalId>, description: Option<String>,
        discipline: Discipline, role: LeadTeamRole, joined_on: Date, left_on: Option<Date>,
        leave_reason: Option<LeaveReason>, withdrawn: bool, sharing: Sharing, recorded_by: PrincipalId,
        version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

record!(
    Meeting, 81, "meeting", "meeting", "meetings",
    Scoping::Shared(Action::ReadTeamWork),
    {
        id: MeetingId, unit_id: UnitId, spiral_id: Option<SpiralId>, kind: MeetingKind, held_on: Date, attendance: i64,
        attendees: Vec<AttendeeCount>, protected_minutes: i64, notes: Option<String>, withdrawn: bool,
        sharing: Sharing, recorded_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

record!(
    RhythmSetting, 82, "rhythm_setting", "rhythm", "rhythm_settings",
    Scoping::Shared(Action::ReadTeamWork),
    {
        id: RhythmId, unit_id: UnitId, starts_on: Date, expectations: Vec<Expectation>, sharing: Sharing,
        recorded_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

record!(
    FivePs, 83, "five_ps", "5Ps assessment", "five_ps",
    Scoping::Shared(Action::ReadTeamWork),
    {
        id: FivePsId, unit_id: UnitId, assessed_on: Date, purpose: Part, patients: Part, professionals: Part,
        processes: Part, patterns: Part, withdrawn: bool, sharing: Sharing, recorded_by: PrincipalId,
        version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

record!(
    ConditionAssessment, 84, "condition_assessment", "assessment of a condition", "condition_assessments",
    Scoping::Shared(Action::ReadTeamWork),
    {
        id: ConditionAssessmentId, unit_id: UnitId, condition: Condition, assessed_on: Date,
        structures: Option<Lens>, processes: Option<Lens>, patterns: Option<Lens>, withdrawn: bool,
        sharing: Sharing, recorded_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

/// A record of a team's work whose level follows the unit's setting.
trait TeamRecord: Record {
    /// Takes another level; false if it has it already.
    fn reshare(&mut self, level: Sharing) -> bool;
}

macro_rules! team_records {
    ($($name:ty),* $(,)?) => {$(
        impl TeamRecord for $name {
            fn reshare(&mut self, level: Sharing) -> bool {
                let other = self.sharing != level;
                if other {
                    self.sharing = level;
                    self.version += 1;
                }
                other
            }
        }
    )*};
}
team_records!(
    LeadTeamMember,
    Meeting,
    RhythmSetting,
    FivePs,
    ConditionAssessment
);

impl Store {
    /// Under what name each of these principals is registered.
    pub async fn names_of(&self, principals: &[PrincipalId]) -> Result<HashMap<PrincipalId, String>> {
        let found: HashMap<PrincipalId, Principal> =
            self.find_all::<Principal>().ids(principals).by_id().await?;
        Ok(found
            .into_iter()
            .map(|(id, principal)| (id, principal.name))
            .collect())
    }

    /// The last meetings of each unit, as far as the reader may see them, the latest first.
    pub async fn last_meetings(&self, units: &[UnitId], last: i64) -> Result<Vec<Meeting>> {
        self.last_of_units(units, "held_on", last).await
    }

    /// The last 5Ps assessments of each unit, as far as the reader may see them, the latest first.
    pub async fn last_five_ps(&self, units: &[UnitId], last: i64) -> Result<Vec<FivePs>> {
        self.last_of_units(units, "assessed_on", last).await
    }

    /// The last records of each unit by the day that they speak of, the latest first, in one statement.
    async fn last_of_units<R: TeamRecord>(&self, units: &[UnitId], day: &str, last: i64) -> Result<Vec<R>> {
        let (columns, table) = (columns_of::<R>("r"), R::TABLE);
        let text = format!(
            "select * from (select {columns}, row_number() over (partition by r.unit_id order by r.{day} desc, r.id desc) \
             as place from {table} r join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id \
             where r.tenant_id = ? and not r.withdrawn and "
        );
        let mut sql = self.sql(&text, [self.scope.tenant.value()]);
        self.scope.push_visible::<R>(&mut sql, "r", "u");
        sql.push(" and ")
            .push_in("r.unit_id", units)
            .push(") placed where place <= ")
            .bind(last)
            .push(" order by unit_id, place");
        self.fetch(sql).await?.iter().map(R::read).collect()
    }

    /// The 5Ps assessments whose patients' part the reader may see: by a right of its own, which patient partners have
    /// on their team.
    pub fn patients_views(&self) -> Find<'_, FivePs> {
        self.find_all::<FivePs>().with(|sql| {
            let action = Action::ReadPatientsFindings;
            self.scope.push_shared(sql, action, "r", "u", Some("r.sharing"));
        })
    }
}

impl Tx {
    /// One 5Ps assessment, for whoever has the right to write a part of it.
    pub async fn five_ps_to_write(&self, id: FivePsId) -> Result<FivePs> {
        self.find_all::<FivePs>().ids(&[id]).one().await
    }

    /// The members of a unit's lead team who are the same person in the same role, whoever may see them.
    pub async fn members_like(&self, member: &LeadTeamMember) -> Result<Vec<LeadTeamMember>> {
        let values = [
            member.unit_id.value(),
            member.principal_id.value(),
            member.role.value(),
            member.id.value(),
        ];
        self.find_all::<LeadTeamMember>()
            .filter(
                "r.unit_id = ? and r.principal_id = ? and r.role = ? and r.id <> ?",
                values,
            )
            .all("r.id")
            .await
    }

    /// Adds a member of a lead team.
    pub async fn add_lead_team_member(&mut self, member: &LeadTeamMember) -> Result<()> {
        self.insert(member).await
    }

    /// Writes a changed member.
    pub async fn change_lead_team_member(&mut self, member: &LeadTeamMember) -> Result<()> {
        self.update(member).await
    }

    /// Adds a meeting.
    pub async fn add_meeting(&mut self, meeting: &Meeting) -> Result<()> {
        self.insert(meeting).await
    }

    /// Writes a changed meeting.
    pub async fn change_meeting(&mut self, meeting: &Meeting) -> Result<()> {
        self.update(meeting).await
    }

    /// The rhythm that a unit has set from this very day on.
    pub async fn rhythm_from(&self, unit: UnitId, day: Date) -> Result<Option<RhythmSetting>> {
        self.find_all::<RhythmSetting>()
            .filter("r.unit_id = ? and r.starts_on = ?", [unit.value(), day.value()])
            .first("r.id")
            .await
    }

    /// Adds a rhythm, or replaces the one with the same id.
    pub async fn put_rhythm(&mut self, setting: &RhythmSetting) -> Result<()> {
        self.put_all(std::slice::from_ref(setting)).await
    }

    /// Another assessment of the same unit and day, whoever may see it.
    pub async fn five_ps_on(&self, unit: UnitId, day: Date, but: FivePsId) -> Result<Option<FivePs>> {
        self.find_all::<FivePs>()
            .filter(
                "r.unit_id = ? and r.assessed_on = ? and r.id <> ? and not r.withdrawn",
                [unit.value(), day.value(), but.value()],
            )
            .first("r.id")
            .await
    }

    /// Adds an assessment, or writes a changed one; the counts follow.
    pub async fn put_five_ps(&mut self, assessment: &FivePs) -> Result<()> {
        let unit = [self.unit_as_it_is(assessment.unit_id).await?];
        let before = self.five_ps_contributions(&unit).await?;
        self.put_all(std::slice::from_ref(assessment)).await?;
        let after = self.five_ps_contributions(&unit).await?;
        self.move_five_ps(before, after).await
    }

    /// Adds an assessment of a condition.
    pub async fn add_condition(&mut self, assessment: &ConditionAssessment) -> Result<()> {
        self.insert(assessment).await
    }

    /// Writes a changed assessment of a condition.
    pub async fn change_condition(&mut self, assessment: &ConditionAssessment) -> Result<()> {
        self.update(assessment).await
    }

    /// Lets a unit's conditions follow their new sharing level.
    pub async fn reshare_conditions(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_all::<ConditionAssessment>(unit, level).await
    }

    /// Lets a unit's lead team follow its new sharing level.
    pub async fn reshare_lead_team(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_all::<LeadTeamMember>(unit, level).await
    }

    /// Lets a unit's meetings and rhythm follow their new sharing level.
    pub async fn reshare_meetings(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_all::<Meeting>(unit, level).await?;
        self.reshare_all::<RhythmSetting>(unit, level).await
    }

    /// Lets a unit's 5Ps assessments follow their new sharing level, and the counts by level. To be called before the
    /// unit's new setting is written.
    pub async fn reshare_five_ps(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_all::<FivePs>(unit, level).await?;
        let unit = [self.unit_as_it_is(unit.id).await?];
        let before = self.five_ps_contributions(&unit).await?;
        let after = before.at_level(level);
        self.move_five_ps(before, after).await
    }

    /// A unit as this write finds it: since it was read for the caller, it may have moved.
    async fn unit_as_it_is(&self, unit: UnitId) -> Result<OrgUnit> {
        self.find_all::<OrgUnit>().ids(&[unit]).one().await
    }

    async fn reshare_all<R: TeamRecord>(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let mut records = self
            .find_all::<R>()
            .filter("r.unit_id = ?", [unit.id.value()])
            .all("r.id")
            .await?;
        records.retain_mut(|record| record.reshare(level));
        self.put_all(&records).await
    }
}

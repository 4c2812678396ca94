//! What there is to read of a team's own work.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Object, Result, SimpleObject};
use spiral_app::{Caller, microsystems};
use spiral_domain::microsystems::{
    Discipline, Expectation, FivePsComparison, FivePsSummary, LeadTeamRole, MeetingKind, MeetingRhythm,
    MissedMeetings, PatientsFindings, RhythmInForce, RhythmSetting, TeamGroupBy,
};
use spiral_domain::{
    Date, FivePsId, LeadTeamMemberId, MeetingId, Reference, Sort, SpiralId, Timestamp, UnitId,
};

use super::{FivePsNode, LeadTeamMemberNode, MeetingNode};
use crate::faults::fault;
use crate::lists::{connection, page_request};

type List<N> = Connection<String, N, EmptyFields, EmptyFields>;

/// Which rhythm holds for a team on a day.
#[derive(SimpleObject)]
#[graphql(name = "Rhythm")]
pub(crate) struct RhythmNode {
    /// The team.
    unit_id: UnitId,
    /// The day.
    on: Date,
    /// What the team has set; null if it has set nothing that holds on the day.
    setting: Option<RhythmSetting>,
    /// What holds instead: a rhythm of the reference data.
    reference: Option<MeetingRhythm>,
    /// What is expected on the day.
    expectations: Vec<Expectation>,
}

impl From<RhythmInForce> for RhythmNode {
    fn from(rhythm: RhythmInForce) -> Self {
        Self {
            unit_id: rhythm.unit_id,
            on: rhythm.on,
            setting: rhythm.setting,
            reference: rhythm.reference,
            expectations: rhythm.expectations,
        }
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct MicrosystemsQuery;

#[Object]
impl MicrosystemsQuery {
    /// Who is in a lead team on a day, or ever was, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn lead_team(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        on: Option<Date>,
        role: Option<LeadTeamRole>,
        discipline: Option<Discipline>,
        #[graphql(default)] include_withdrawn: bool,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<List<LeadTeamMemberNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = microsystems::LeadTeamFilter {
            on,
            role,
            discipline,
            withdrawn: include_withdrawn,
        };
        let request = page_request(first, after, updated_since, sort);
        let (page, list) = microsystems::lead_team(caller, &unit_id, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let later = request.cursor.is_some();
        Ok(connection(
            page,
            EmptyFields,
            later,
            cursor,
            LeadTeamMemberNode::from,
        ))
    }

    /// One member of a lead team.
    async fn lead_team_member(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        id: LeadTeamMemberId,
    ) -> Result<LeadTeamMemberNode> {
        let found = microsystems::lead_team_member(ctx.data::<Caller>()?, &unit_id, id).await;
        Ok(found.map_err(fault)?.record.into())
    }

    /// Meetings of a team, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn meetings(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        kind: Option<MeetingKind>,
        spiral: Option<SpiralId>,
        from: Option<Date>,
        to: Option<Date>,
        #[graphql(default)] include_withdrawn: bool,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<List<MeetingNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = microsystems::MeetingFilter {
            kind,
            spiral,
            from,
            to,
            withdrawn: include_withdrawn,
        };
        let request = page_request(first, after, updated_since, sort);
        let (page, list) = microsystems::meetings(caller, &unit_id, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let later = request.cursor.is_some();
        Ok(connection(page, EmptyFields, later, cursor, MeetingNode::from))
    }

    /// One meeting.
    async fn meeting(&self, ctx: &Context<'_>, unit_id: Reference, id: MeetingId) -> Result<MeetingNode> {
        let found = microsystems::meeting(ctx.data::<Caller>()?, &unit_id, id).await;
        Ok(found.map_err(fault)?.record.into())
    }

    /// The rhythms of meetings that are offered.
    async fn meeting_rhythms(&self, ctx: &Context<'_>) -> Result<Vec<MeetingRhythm>> {
        microsystems::meeting_rhythms(ctx.data::<Caller>()?).map_err(fault)
    }

    /// The rhythm that holds for a team on a day, today if none is named.
    async fn rhythm(&self, ctx: &Context<'_>, unit_id: Reference, on: Option<Date>) -> Result<RhythmNode> {
        let found = microsystems::rhythm(ctx.data::<Caller>()?, &unit_id, on).await;
        found.map(RhythmNode::from).map_err(fault)
    }

    /// What a team's rhythm expected in a time of at most 400 days, and what of it was not held.
    async fn missed_meetings(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        from: Date,
        to: Date,
    ) -> Result<MissedMeetings> {
        microsystems::missed_meetings(ctx.data::<Caller>()?, &unit_id, from, to)
            .await
            .map_err(fault)
    }

    /// 5Ps assessments of a team, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn five_ps_assessments(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        from: Option<Date>,
        to: Option<Date>,
        #[graphql(default)] include_withdrawn: bool,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<List<FivePsNode>> {
        let caller = ctx.data::<Caller>()?;
        let filter = microsystems::FivePsFilter {
            from,
            to,
            withdrawn: include_withdrawn,
        };
        let request = page_request(first, after, updated_since, sort);
        let (page, list) = microsystems::five_ps_assessments(caller, &unit_id, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        let later = request.cursor.is_some();
        Ok(connection(page, EmptyFields, later, cursor, FivePsNode::from))
    }

    /// One 5Ps assessment.
    async fn five_ps(&self, ctx: &Context<'_>, unit_id: Reference, id: FivePsId) -> Result<FivePsNode> {
        let found = microsystems::five_ps(ctx.data::<Caller>()?, &unit_id, id).await;
        Ok(found.map_err(fault)?.record.into())
    }

    /// What changed between two days: of each, the latest assessment of that day or before is taken.
    async fn compare_five_ps(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        from: Date,
        to: Date,
    ) -> Result<FivePsComparison> {
        microsystems::compare_five_ps(ctx.data::<Caller>()?, &unit_id, from, to)
            .await
            .map_err(fault)
    }

    /// What a team's 5Ps assessments say of patients, a page at a time: what its patient partner reads of them.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn patients_findings(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<List<PatientsFindings>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let (page, list) = microsystems::patients_findings(caller, &unit_id, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            |of| of,
        ))
    }

    /// How many of the teams beneath a unit (the tenant's root if none is named), and of each of its parts, stand where
    /// with each of the 5Ps, and which P is neglected.
    #[graphql(complexity = "50 * child_complexity")]
    async fn five_ps_summary(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        group_by: Option<TeamGroupBy>,
    ) -> Result<FivePsSummary> {
        let groups = group_by.unwrap_or_default();
        microsystems::five_ps_summary(ctx.data::<Caller>()?, unit.as_ref(), groups)
            .await
            .map_err(fault)
    }
}

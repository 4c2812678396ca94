//! What there is to write of a team's own work.

use async_graphql::{Context, Object, Result};
use spiral_app::microsystems;
use spiral_domain::microsystems::{
    AddLeadTeamMember, ChangeFivePs, ChangeLeadTeamMember, ChangeMeeting, PatientsFindings, RecordFivePs,
    RecordMeeting, RecordPatientsFindings, RhythmSetting, SetRhythm,
};
use spiral_domain::{FivePsId, LeadTeamMemberId, MeetingId, Reference};

use super::{FivePsNode, LeadTeamMemberNode, MeetingNode};
use crate::writes::write;

/// What this capability offers to write.
#[derive(Default)]
pub struct MicrosystemsMutation;

#[Object]
impl MicrosystemsMutation {
    /// Says that somebody is, or was, in the lead team: by principal or by what they do, never by name.
    async fn add_lead_team_member(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        input: AddLeadTeamMember,
    ) -> Result<LeadTeamMemberNode> {
        let run = |caller| async move { microsystems::add_lead_team_member(&caller, &unit_id, input).await };
        write(ctx, run).await.map(LeadTeamMemberNode::from)
    }

    /// Changes what is said of a member, or says that they have left; `ifVersion` refuses another version.
    async fn change_lead_team_member(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        id: LeadTeamMemberId,
        if_version: Option<i64>,
        input: ChangeLeadTeamMember,
    ) -> Result<LeadTeamMemberNode> {
        let run = |caller| async move {
            microsystems::change_lead_team_member(&caller, &unit_id, id, if_version, input).await
        };
        write(ctx, run).await.map(LeadTeamMemberNode::from)
    }

    /// Records a meeting that was held.
    async fn record_meeting(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        input: RecordMeeting,
    ) -> Result<MeetingNode> {
        let run = |caller| async move { microsystems::record_meeting(&caller, &unit_id, input).await };
        write(ctx, run).await.map(MeetingNode::from)
    }

    /// Changes what is said of a meeting; `ifVersion` refuses another version.
    async fn change_meeting(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        id: MeetingId,
        if_version: Option<i64>,
        input: ChangeMeeting,
    ) -> Result<MeetingNode> {
        let run = |caller| async move {
            microsystems::change_meeting(&caller, &unit_id, id, if_version, input).await
        };
        write(ctx, run).await.map(MeetingNode::from)
    }

    /// Sets the rhythm of a team from a day on; the same day again changes it.
    async fn set_rhythm(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        if_version: Option<i64>,
        input: SetRhythm,
    ) -> Result<RhythmSetting> {
        let run =
            |caller| async move { microsystems::set_rhythm(&caller, &unit_id, if_version, input).await };
        write(ctx, run).await
    }

    /// Records how a team sees itself on a day.
    async fn record_five_ps(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        input: RecordFivePs,
    ) -> Result<FivePsNode> {
        let run = |caller| async move { microsystems::record_five_ps(&caller, &unit_id, input).await };
        write(ctx, run).await.map(FivePsNode::from)
    }

    /// Changes an assessment: null empties a P, a list is replaced as a whole; `ifVersion` refuses another version.
    async fn change_five_ps(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        id: FivePsId,
        if_version: Option<i64>,
        input: ChangeFivePs,
    ) -> Result<FivePsNode> {
        let run = |caller| async move {
            microsystems::change_five_ps(&caller, &unit_id, id, if_version, input).await
        };
        write(ctx, run).await.map(FivePsNode::from)
    }

    /// Sets what was found about patients in an assessment; `ifVersion` refuses another version.
    async fn record_patients_findings(
        &self,
        ctx: &Context<'_>,
        unit_id: Reference,
        id: FivePsId,
        if_version: Option<i64>,
        input: RecordPatientsFindings,
    ) -> Result<PatientsFindings> {
        let run = |caller| async move {
            microsystems::record_patients_findings(&caller, &unit_id, id, if_version, input).await
        };
        write(ctx, run).await
    }
}

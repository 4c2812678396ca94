//! Who leads a team's improvement work.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{
    AddLeadTeamMember, ChangeLeadTeamMember, Discipline, LeadTeamMember, LeadTeamRole, NamedMember,
};
use spiral_domain::{Allowed, Date, LeadTeamMemberId, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_lead_team, add_lead_team_member))
        .routes(routes!(get_lead_team_member, change_lead_team_member))
}

/// Which members, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LeadTeamQuery {
    /// Those who are there on this day; everybody who ever was if absent.
    on: Option<Date>,
    /// Those in this role.
    role: Option<LeadTeamRole>,
    /// Those of this discipline.
    discipline: Option<Discipline>,
    /// Those who were recorded by mistake, too.
    #[serde(default)]
    #[param(required = false)]
    include_withdrawn: bool,
}

/// List who is in a lead team
///
/// As on a day, or everybody who ever was, with when they joined, when they left and why. Names are read from where
/// people are registered.
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/lead-team", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), LeadTeamQuery, PageRequest), responses((status = 200, body = Page<NamedMember>)))]
async fn list_lead_team(
    Part(unit): Part<Reference>,
    read: Read,
    List(query, page): List<LeadTeamQuery>,
) -> Reply {
    let filter = microsystems::LeadTeamFilter {
        on: query.on,
        role: query.role,
        discipline: query.discipline,
        withdrawn: query.include_withdrawn,
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move {
            let found = microsystems::lead_team(&caller, &unit, filter, &page).await;
            found.map(|(page, _)| page)
        }
    };
    read.list("listLeadTeam", page, fetch).await
}

/// Say that somebody is, or was, in the lead team
///
/// By the principal that they are registered as, or by what they do; never by name.
#[utoipa::path(post, path = "/v1/microsystems/{unitId}/lead-team", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team")), request_body = AddLeadTeamMember, responses((status = 201, body = LeadTeamMember)))]
async fn add_lead_team_member(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: AddLeadTeamMember = write.json()?;
    let place =
        |member: &LeadTeamMember| format!("/v1/microsystems/{}/lead-team/{}", member.unit_id, member.id);
    let run = |caller| async move { microsystems::add_lead_team_member(&caller, &unit, input).await };
    let version = |member: &LeadTeamMember| member.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a member of a lead team
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/lead-team/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = LeadTeamMemberId, Path, description = "The member")), responses((status = 200, body = Allowed<NamedMember>)))]
async fn get_lead_team_member(Parts2(unit, id): Parts2<Reference, LeadTeamMemberId>, read: Read) -> Reply {
    let member = microsystems::lead_team_member(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    let version = member.record.record.version;
    read.record("getLeadTeamMember", version, &member).await
}

/// Change what is said of a member
///
/// A JSON Merge Patch: what is absent stays, null clears. `leftOn` says that they have left, `leaveReason` why;
/// `withdrawn` that they never were there.
#[utoipa::path(patch, path = "/v1/microsystems/{unitId}/lead-team/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = LeadTeamMemberId, Path, description = "The member")), request_body(content = ChangeLeadTeamMember, content_type = "application/merge-patch+json"), responses((status = 200, body = LeadTeamMember)))]
async fn change_lead_team_member(
    Parts2(unit, id): Parts2<Reference, LeadTeamMemberId>,
    write: Write,
) -> Reply {
    let input: ChangeLeadTeamMember = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move {
        microsystems::change_lead_team_member(&caller, &unit, id, if_match, input).await
    };
    let version = |member: &LeadTeamMember| member.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

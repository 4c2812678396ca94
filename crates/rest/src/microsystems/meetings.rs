//! Meetings, the rhythm that expects them, and what was missed.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{
    ChangeMeeting, Meeting, MeetingKind, MeetingRhythm, MissedMeeting, MissedMeetings, RecordMeeting,
    RhythmInForce, RhythmSetting, SetRhythm,
};
use spiral_domain::{Allowed, Date, MeetingId, Page, PageRequest, Reference, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_meetings, record_meeting))
        .routes(routes!(get_meeting, change_meeting))
        .routes(routes!(list_meeting_rhythms))
        .routes(routes!(get_rhythm, set_rhythm))
        .routes(routes!(get_missed_meetings))
}

/// Which meetings, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MeetingQuery {
    /// Of this sort.
    kind: Option<MeetingKind>,
    /// Held on this day or later.
    from: Option<Date>,
    /// Held on this day or earlier.
    to: Option<Date>,
    /// Those that were recorded by mistake, too.
    #[serde(default)]
    #[param(required = false)]
    include_withdrawn: bool,
    /// About this spiral.
    spiral: Option<SpiralId>,
}

/// List meetings of a team
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/meetings", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), MeetingQuery, PageRequest), responses((status = 200, body = Page<Meeting>)))]
async fn list_meetings(
    Part(unit): Part<Reference>,
    read: Read,
    List(query, page): List<MeetingQuery>,
) -> Reply {
    let filter = microsystems::MeetingFilter {
        kind: query.kind,
        spiral: query.spiral,
        from: query.from,
        to: query.to,
        withdrawn: query.include_withdrawn,
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move {
            let found = microsystems::meetings(&caller, &unit, filter, &page).await;
            found.map(|(page, _)| page)
        }
    };
    read.list("listMeetings", page, fetch).await
}

/// Record a meeting that was held
///
/// `protectedMinutes` are those for which people were freed from other work.
#[utoipa::path(post, path = "/v1/microsystems/{unitId}/meetings", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team")), request_body = RecordMeeting, responses((status = 201, body = Meeting)))]
async fn record_meeting(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: RecordMeeting = write.json()?;
    let place = |meeting: &Meeting| format!("/v1/microsystems/{}/meetings/{}", meeting.unit_id, meeting.id);
    let run = |caller| async move { microsystems::record_meeting(&caller, &unit, input).await };
    let version = |meeting: &Meeting| meeting.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a meeting
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/meetings/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = MeetingId, Path, description = "The meeting")), responses((status = 200, body = Allowed<Meeting>)))]
async fn get_meeting(Parts2(unit, id): Parts2<Reference, MeetingId>, read: Read) -> Reply {
    let meeting = microsystems::meeting(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.record("getMeeting", meeting.version, &meeting).await
}

/// Change what is said of a meeting
///
/// A JSON Merge Patch: what is absent stays, null clears, `attendees` is replaced as a whole. `withdrawn` says that it
/// was never held.
#[utoipa::path(patch, path = "/v1/microsystems/{unitId}/meetings/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = MeetingId, Path, description = "The meeting")), request_body(content = ChangeMeeting, content_type = "application/merge-patch+json"), responses((status = 200, body = Meeting)))]
async fn change_meeting(Parts2(unit, id): Parts2<Reference, MeetingId>, write: Write) -> Reply {
    let input: ChangeMeeting = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_meeting(&caller, &unit, id, if_match, input).await };
    let version = |meeting: &Meeting| meeting.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// List the rhythms of meetings that are offered
///
/// Reference data, with where it comes from. The first holds for teams that have set none.
#[utoipa::path(get, path = "/v1/meeting-rhythms", tag = "microsystems", responses((status = 200, body = Vec<MeetingRhythm>)))]
async fn list_meeting_rhythms(read: Read) -> Reply {
    let rhythms = microsystems::meeting_rhythms(&read.caller).map_err(refuse)?;
    read.answer("listMeetingRhythms", rhythms.len(), &rhythms).await
}

/// On which day.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RhythmQuery {
    /// The rhythm that holds on this day; today if absent.
    on: Option<Date>,
}

/// Read the rhythm of a team
///
/// What the team has set or, before it has set anything, what is offered first. 404 where the team keeps its meetings
/// from the caller.
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/rhythm", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), RhythmQuery), responses((status = 200, body = RhythmInForce)))]
async fn get_rhythm(Part(unit): Part<Reference>, read: Read, Query(query): Query<RhythmQuery>) -> Reply {
    let rhythm = microsystems::rhythm(&read.caller, &unit, query.on)
        .await
        .map_err(refuse)?;
    read.answer("getRhythm", 1, &rhythm).await
}

/// Set the rhythm of a team
///
/// From a day on, until the next; the same day again changes it. Without expectations the team has stopped meeting.
#[utoipa::path(put, path = "/v1/microsystems/{unitId}/rhythm", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team")), request_body = SetRhythm, responses((status = 200, body = RhythmSetting)))]
async fn set_rhythm(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: SetRhythm = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::set_rhythm(&caller, &unit, if_match, input).await };
    let version = |setting: &RhythmSetting| setting.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// In which time.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WindowQuery {
    /// The first day.
    from: Date,
    /// The last day; at most 400 days are looked at.
    to: Date,
}

/// Read which meetings a team has missed
///
/// What its rhythm expected in stretches (days, weeks, months, quarters) that lie wholly in the time, and what of it
/// was not held, each explained. Today is not over, and does not count yet. 404 where the team keeps its meetings from
/// the caller.
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/rhythm/missed", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), WindowQuery), responses((status = 200, content((MissedMeetings = "application/json"), (String = "text/csv")))))]
async fn get_missed_meetings(
    Part(unit): Part<Reference>,
    read: Read,
    Query(query): Query<WindowQuery>,
) -> Reply {
    let answer = microsystems::missed_meetings(&read.caller, &unit, query.from, query.to)
        .await
        .map_err(refuse)?;
    let rows = || -> Vec<MissedMeeting> { answer.missed.clone() };
    let count = answer.missed.len();
    read.rows_or("getMissedMeetings", &answer, rows, count).await
}

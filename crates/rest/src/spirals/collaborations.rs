//! Collaborations: several units go round together.

use axum::http::StatusCode;
use spiral_app::{App, spirals};
use spiral_domain::spirals::{
    Collaboration, CollaborationEntry, CollaborationMember, InviteToCollaboration, JoinCollaboration,
    LeaveCollaboration, NoteInCollaboration, StartCollaboration,
};
use spiral_domain::{CollaborationId, Page, PageRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read, Write};
use crate::lists::Paged;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_collaborations, start_collaboration))
        .routes(routes!(get_collaboration))
        .routes(routes!(get_collaboration_members, invite_to_collaboration))
        .routes(routes!(join_collaboration))
        .routes(routes!(leave_collaboration))
        .routes(routes!(note_in_collaboration))
        .routes(routes!(list_collaboration_timeline))
}

/// List collaborations
///
/// Those that the caller's units are invited to or in: nobody else reads them.
#[utoipa::path(get, path = "/v1/collaborations", tag = "spirals", params(PageRequest), responses((status = 200, body = Page<Collaboration>)))]
async fn list_collaborations(read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { spirals::collaborations(&caller, &page).await };
    read.list("listCollaborations", page, fetch).await
}

/// Start a collaboration
///
/// With a spiral of one's own; the units that are asked to join bring one of theirs. Members read the collaboration and
/// its timeline; each spiral stays as private as it is.
#[utoipa::path(post, path = "/v1/collaborations", tag = "spirals", request_body = StartCollaboration, responses((status = 201, body = Collaboration)))]
async fn start_collaboration(write: Write) -> Reply {
    let input: StartCollaboration = write.json()?;
    let place = |made: &Collaboration| format!("/v1/collaborations/{}", made.id);
    let run = |caller| async move { spirals::start_collaboration(&caller, input).await };
    let version = |made: &Collaboration| made.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a collaboration
#[utoipa::path(get, path = "/v1/collaborations/{collaboration}", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration")), responses((status = 200, body = Collaboration)))]
async fn get_collaboration(Part(id): Part<CollaborationId>, read: Read) -> Reply {
    let found = spirals::collaboration(&read.caller, id).await.map_err(refuse)?;
    read.record("getCollaboration", found.version, &found).await
}

/// Read who is invited to a collaboration or in it
///
/// Past members, too, and those that declined.
#[utoipa::path(get, path = "/v1/collaborations/{collaboration}/members", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration")), responses((status = 200, body = Vec<CollaborationMember>)))]
async fn get_collaboration_members(Part(id): Part<CollaborationId>, read: Read) -> Reply {
    let found = spirals::collaboration_members(&read.caller, id)
        .await
        .map_err(refuse)?;
    read.answer("getCollaborationMembers", found.len(), &found).await
}

/// Ask a unit to join a collaboration
///
/// Whoever is in it may.
#[utoipa::path(post, path = "/v1/collaborations/{collaboration}/members", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration")), request_body = InviteToCollaboration, responses((status = 201, body = CollaborationMember)))]
async fn invite_to_collaboration(Part(id): Part<CollaborationId>, write: Write) -> Reply {
    let input: InviteToCollaboration = write.json()?;
    let run = |caller| async move { spirals::invite_to_collaboration(&caller, id, input).await };
    write.once(StatusCode::CREATED, run).await
}

/// Join a collaboration
///
/// With a spiral of one's own, whose unit is invited.
#[utoipa::path(post, path = "/v1/collaborations/{collaboration}/join", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration")), request_body = JoinCollaboration, responses((status = 200, body = CollaborationMember)))]
async fn join_collaboration(Part(id): Part<CollaborationId>, write: Write) -> Reply {
    let input: JoinCollaboration = write.json()?;
    let run = |caller| async move { spirals::join_collaboration(&caller, id, input).await };
    write.once(StatusCode::OK, run).await
}

/// Decline to join a collaboration, or leave it
#[utoipa::path(post, path = "/v1/collaborations/{collaboration}/leave", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration")), request_body = LeaveCollaboration, responses((status = 200, body = CollaborationMember)))]
async fn leave_collaboration(Part(id): Part<CollaborationId>, write: Write) -> Reply {
    let input: LeaveCollaboration = write.json()?;
    let run = |caller| async move { spirals::leave_collaboration(&caller, id, input).await };
    write.once(StatusCode::OK, run).await
}

/// Write a note in a collaboration
///
/// Every member reads it.
#[utoipa::path(post, path = "/v1/collaborations/{collaboration}/notes", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration")), request_body = NoteInCollaboration, responses((status = 201, body = CollaborationEntry)))]
async fn note_in_collaboration(Part(id): Part<CollaborationId>, write: Write) -> Reply {
    let input: NoteInCollaboration = write.json()?;
    let run = |caller| async move { spirals::note_in_collaboration(&caller, id, input).await };
    write.once(StatusCode::CREATED, run).await
}

/// Read a collaboration's timeline
///
/// Who was asked, joined and left, and every note.
#[utoipa::path(get, path = "/v1/collaborations/{collaboration}/timeline", tag = "spirals", params(("collaboration" = CollaborationId, Path, description = "The collaboration"), PageRequest), responses((status = 200, body = Page<CollaborationEntry>)))]
async fn list_collaboration_timeline(
    Part(id): Part<CollaborationId>,
    read: Read,
    Paged(page): Paged,
) -> Reply {
    let fetch = move |caller, page| async move { spirals::collaboration_timeline(&caller, id, &page).await };
    read.list("listCollaborationTimeline", page, fetch).await
}

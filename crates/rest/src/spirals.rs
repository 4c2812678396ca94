//! Improvement spirals: their moves, what is recorded beneath them, and their timelines.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::spirals::SpiralQuery;
use spiral_app::{App, spirals};
use spiral_domain::spirals::{
    ChangeSpiral, Entry, Evidence, MoveOn, MoveWithReason, ProgressScore, ReturnToStep, SetProgressScore,
    Spiral, SpiralMoved, SpiralOrigin, SpiralProgress, SpiralStatus, SpiralStep, StartSpiral, Turn,
};
use spiral_domain::{Allowed, Page, PageRequest, Reference, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

mod beneath;
mod collaborations;
mod knowledge;
mod refreshers;
mod summary;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_spirals, start_spiral))
        .routes(routes!(get_spiral, change_spiral))
        .routes(routes!(advance_spiral))
        .routes(routes!(return_spiral))
        .routes(routes!(revolve_spiral))
        .routes(routes!(sustain_spiral))
        .routes(routes!(discontinue_spiral))
        .routes(routes!(reopen_spiral))
        .routes(routes!(get_missing_evidence))
        .routes(routes!(get_spiral_turns))
        .routes(routes!(list_spiral_timeline))
        .routes(routes!(list_progress_scores, set_progress_score))
        .routes(routes!(get_spiral_progress))
        .merge(beneath::routes())
        .merge(knowledge::routes())
        .merge(refreshers::routes())
        .merge(collaborations::routes())
        .merge(summary::routes())
}

/// Which spirals, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Those of this unit.
    unit: Option<Reference>,
    /// Those of units at or beneath this one.
    within: Option<Reference>,
    /// Those that stand so today.
    status: Option<SpiralStatus>,
    /// Those in this step.
    step: Option<SpiralStep>,
    /// Those with this theme.
    #[param(max_length = 63)]
    theme: Option<String>,
    /// Those with this origin.
    origin: Option<SpiralOrigin>,
    /// Those that adopt this innovation.
    innovation: Option<Reference>,
    /// Those of this programme.
    programme: Option<Reference>,
}

/// List spirals
///
/// Those that are shared as far as the caller.
#[utoipa::path(get, path = "/v1/spirals", tag = "spirals", params(Filter, PageRequest), responses((status = 200, body = Page<Spiral>)))]
async fn list_spirals(read: Read, List(filter, page): List<Filter>) -> Reply {
    let query = SpiralQuery {
        unit: filter.unit,
        within: filter.within,
        status: filter.status,
        step: filter.step,
        theme: filter.theme,
        origin: filter.origin,
        innovation: filter.innovation,
        programme: filter.programme,
    };
    let fetch = move |caller, page| {
        let query = query.clone();
        async move { spirals::spirals(&caller, query, &page).await }
    };
    read.list("listSpirals", page, fetch).await
}

/// Start a spiral
///
/// It begins its first turn in the step `recognition_of_need`.
#[utoipa::path(post, path = "/v1/spirals", tag = "spirals", request_body = StartSpiral, responses((status = 201, body = Spiral)))]
async fn start_spiral(write: Write) -> Reply {
    let input: StartSpiral = write.json()?;
    let place = |spiral: &Spiral| format!("/v1/spirals/{}", spiral.id);
    let run = |caller| async move { spirals::start_spiral(&caller, input).await };
    let version = |spiral: &Spiral| spiral.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a spiral
#[utoipa::path(get, path = "/v1/spirals/{spiral}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), responses((status = 200, body = Allowed<Spiral>)))]
async fn get_spiral(Part(id): Part<SpiralId>, read: Read) -> Reply {
    let spiral = spirals::spiral(&read.caller, id).await.map_err(refuse)?;
    read.record("getSpiral", spiral.version, &spiral).await
}

/// Change what a spiral is about
///
/// A JSON Merge Patch: what is absent stays, null clears.
#[utoipa::path(patch, path = "/v1/spirals/{spiral}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body(content = ChangeSpiral, content_type = "application/merge-patch+json"), responses((status = 200, body = Spiral)))]
async fn change_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    let input: ChangeSpiral = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { spirals::change_spiral(&caller, id, if_match, input).await };
    let version = |spiral: &Spiral| spiral.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// A move: the same in every way but for what is asked and who makes it.
macro_rules! moves {
    ($write:ident, $id:ident, $input:ty, $by:path) => {{
        let input: $input = $write.json()?;
        let if_match = $write
            .if_match()
            .map_err(axum::response::IntoResponse::into_response)?;
        let run = |caller| async move { $by(&caller, $id, if_match, input).await };
        let version = |moved: &SpiralMoved| moved.spiral.version;
        $write
            .once_record(StatusCode::OK, version, |_| String::new(), run)
            .await
    }};
}

/// Move a spiral on to the next step
///
/// The answer says what evidence the step lacked that it left. It moves all the same, unless its programme has
/// `gates: required`: then it is 422, and each missing piece is named by its code.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/advance", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = MoveOn, responses((status = 200, body = SpiralMoved)))]
async fn advance_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    moves!(write, id, MoveOn, spirals::advance_spiral)
}

/// Take a spiral back to an earlier step
#[utoipa::path(post, path = "/v1/spirals/{spiral}/return", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = ReturnToStep, responses((status = 200, body = SpiralMoved)))]
async fn return_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    moves!(write, id, ReturnToStep, spirals::return_spiral)
}

/// Move a spiral on to its next turn
///
/// Only from the step `sustainability`. The answer says what the next turn takes over: the needs that are still open.
/// Gates hold as for `advance`.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/revolve", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = MoveOn, responses((status = 200, body = SpiralMoved)))]
async fn revolve_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    moves!(write, id, MoveOn, spirals::revolve_spiral)
}

/// Close a spiral whose change lasts
///
/// Only from the step `sustainability`. Gates hold as for `advance`.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/sustain", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = MoveOn, responses((status = 200, body = SpiralMoved)))]
async fn sustain_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    moves!(write, id, MoveOn, spirals::sustain_spiral)
}

/// Give a spiral up
///
/// From any step; a sustained one too, if it did not last after all.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/discontinue", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = MoveWithReason, responses((status = 200, body = SpiralMoved)))]
async fn discontinue_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    moves!(write, id, MoveWithReason, spirals::discontinue_spiral)
}

/// Open a closed spiral again
///
/// It goes on in the turn and step in which it was closed.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/reopen", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = MoveWithReason, responses((status = 200, body = SpiralMoved)))]
async fn reopen_spiral(Part(id): Part<SpiralId>, write: Write) -> Reply {
    moves!(write, id, MoveWithReason, spirals::reopen_spiral)
}

/// Read what evidence a spiral's step lacks
///
/// The same that a move forward would say. Nothing is missing of a closed spiral.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/missing-evidence", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), responses((status = 200, body = Vec<Evidence>)))]
async fn get_missing_evidence(Part(id): Part<SpiralId>, read: Read) -> Reply {
    let missing = spirals::missing_evidence(&read.caller, id)
        .await
        .map_err(refuse)?;
    read.answer("getMissingEvidence", missing.len(), &missing).await
}

/// Read a spiral's turns
///
/// In order, with where it has been in each.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/turns", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), responses((status = 200, body = Vec<Turn>)))]
async fn get_spiral_turns(Part(id): Part<SpiralId>, read: Read) -> Reply {
    let turns = spirals::spiral_turns(&read.caller, id).await.map_err(refuse)?;
    read.answer("getSpiralTurns", turns.len(), &turns).await
}

/// Read a spiral's timeline
///
/// Every change of the spiral and of what is beneath it that the caller may see: who, when, what, from and to.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/timeline", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<Entry>)))]
async fn list_spiral_timeline(Part(id): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { spirals::list_beneath::<Entry>(&caller, id, &page).await };
    read.list("listSpiralTimeline", page, fetch).await
}

/// List what a team has said of its progress
///
/// A team's own, unless it shares it: see the sharing of `progress_scores`.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/progress-scores", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<ProgressScore>)))]
async fn list_progress_scores(Part(id): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch =
        move |caller, page| async move { spirals::list_beneath::<ProgressScore>(&caller, id, &page).await };
    read.list("listProgressScores", page, fetch).await
}

/// Say where a spiral stands, in the team's own eyes
#[utoipa::path(post, path = "/v1/spirals/{spiral}/progress-scores", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = SetProgressScore, responses((status = 201, body = ProgressScore)))]
async fn set_progress_score(Part(id): Part<SpiralId>, write: Write) -> Reply {
    let input: SetProgressScore = write.json()?;
    let run = |caller| async move { spirals::set_progress_score(&caller, id, input).await };
    write.once(StatusCode::CREATED, run).await
}

/// Read where a spiral stands
///
/// What the team says of its progress, the score that the recorded data support with every condition of it, and why the
/// two differ. Withheld where the unit keeps any of what it is made of from the caller.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/progress", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), responses((status = 200, body = SpiralProgress)))]
async fn get_spiral_progress(Part(id): Part<SpiralId>, read: Read) -> Reply {
    let progress = spirals::spiral_progress(&read.caller, id).await.map_err(refuse)?;
    read.answer("getSpiralProgress", 1, &progress).await
}

//! Aims, and how far they have come.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::microsystems::AimFilter;
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{Aim, AimKind, AimProgress, AimStatus, ChangeAim, SetAim};
use spiral_domain::{AimId, Allowed, Date, Page, PageRequest, Reference, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_aims, set_aim))
        .routes(routes!(get_aim, change_aim, retract_aim))
        .routes(routes!(get_aim_progress))
}

/// Which aims of the unit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AimQuery {
    /// Global or specific ones.
    kind: Option<AimKind>,
    /// Those that stand here.
    status: Option<AimStatus>,
    /// Those that were taken back, too.
    include_retracted: Option<bool>,
    /// Those that name this spiral.
    spiral: Option<SpiralId>,
}

/// List a unit's aims
#[utoipa::path(get, path = "/v1/microsystems/{unit}/aims", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), AimQuery, PageRequest), responses((status = 200, body = Page<Aim>)))]
async fn list_aims(Part(unit): Part<Reference>, read: Read, List(query, page): List<AimQuery>) -> Reply {
    let filter = AimFilter {
        kind: query.kind,
        status: query.status,
        spiral: query.spiral,
        include_retracted: query.include_retracted.unwrap_or_default(),
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move { microsystems::aims(&caller, &unit, filter, &page).await }
    };
    read.list("listAims", page, fetch).await
}

/// Set an aim
///
/// A global aim says where the team wants to get; a specific one has a measure, from where, to where, and by when.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/aims", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), request_body = SetAim, responses((status = 201, body = Aim)))]
async fn set_aim(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: SetAim = write.json()?;
    let place = |aim: &Aim| format!("/v1/microsystems/{}/aims/{}", aim.unit_id, aim.id);
    let run = |caller| async move { microsystems::set_aim(&caller, &unit, input).await };
    write
        .once_record(StatusCode::CREATED, |aim: &Aim| aim.version, place, run)
        .await
}

/// Read an aim
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/aims/{aim}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("aim" = AimId, Path, description = "The aim")), responses((status = 200, body = Allowed<Aim>)))]
async fn get_aim(Parts2(unit, id): Parts2<Reference, AimId>, read: Read) -> Reply {
    let aim = microsystems::aim(&read.caller, &unit, id).await.map_err(refuse)?;
    read.record("getAim", aim.version, &aim).await
}

/// Change an aim
///
/// A JSON Merge Patch: what is absent stays, null clears. Kind and measure stay: another one is another aim.
#[utoipa::path(patch, path = "/v1/microsystems/{unit}/aims/{aim}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("aim" = AimId, Path, description = "The aim")), request_body(content = ChangeAim, content_type = "application/merge-patch+json"), responses((status = 200, body = Aim)))]
async fn change_aim(Parts2(unit, id): Parts2<Reference, AimId>, write: Write) -> Reply {
    let input: ChangeAim = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_aim(&caller, &unit, id, if_match, input).await };
    let version = |aim: &Aim| aim.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Take an aim back
///
/// It stays readable as taken back. One that ramps serve, or that has parts, stays.
#[utoipa::path(delete, path = "/v1/microsystems/{unit}/aims/{aim}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("aim" = AimId, Path, description = "The aim")), responses((status = 200, body = Aim)))]
async fn retract_aim(Parts2(unit, id): Parts2<Reference, AimId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::retract_aim(&caller, &unit, id, if_match).await };
    let version = |aim: &Aim| aim.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// As of when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProgressQuery {
    /// As of this day; today if absent.
    as_of: Option<Date>,
}

/// How far an aim has come
///
/// The share of the distance that the last reported value until a day has come; without data, why there is none.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/aims/{aim}/progress", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("aim" = AimId, Path, description = "The aim"), ProgressQuery), responses((status = 200, body = AimProgress)))]
async fn get_aim_progress(
    Parts2(unit, id): Parts2<Reference, AimId>,
    read: Read,
    Query(query): Query<ProgressQuery>,
) -> Reply {
    let progress = microsystems::aim_progress(&read.caller, &unit, id, query.as_of)
        .await
        .map_err(refuse)?;
    read.answer("getAimProgress", 1, &progress).await
}

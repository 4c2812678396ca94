//! The data wall, and the storyboard that is printed of it.

use spiral_app::{App, microsystems};
use spiral_domain::Reference;
use spiral_domain::microsystems::DataWall;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_data_wall))
        .routes(routes!(get_storyboard))
}

/// Read a team's data wall
///
/// What it would pin up: aims with their distance and chart, running cycles, what is next, diagrams. Each part is
/// withheld by its own kind's sharing.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/data-wall", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = DataWall)))]
async fn get_data_wall(Part(unit): Part<Reference>, read: Read) -> Reply {
    let wall = microsystems::data_wall(&read.caller, &unit)
        .await
        .map_err(refuse)?;
    let records = wall.aims.data.len() + wall.cycles.running.len() + wall.diagrams.data.len();
    read.answer("getDataWall", records, &wall).await
}

/// Print a team's storyboard
///
/// The wall as one HTML page with its charts and diagrams in it, for A4 upright or A3 across. It has no scripts.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/storyboard", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = String, content_type = "text/html")))]
async fn get_storyboard(Part(unit): Part<Reference>, read: Read) -> Reply {
    let page = microsystems::storyboard(&read.caller, &unit)
        .await
        .map_err(refuse)?;
    read.picture("getStoryboard", crate::accept::Form::Html, 1, page.into_bytes())
        .await
}

//! A team's own work: what it draws, aims for and tests.

use spiral_app::App;
use utoipa_axum::router::OpenApiRouter;

mod aims;
mod cycles;
mod diagrams;
mod wall;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(diagrams::routes())
        .merge(aims::routes())
        .merge(cycles::routes())
        .merge(wall::routes())
}

//! A team's own work: lead team, meetings and their rhythm, 5Ps.

use spiral_app::App;
use utoipa_axum::router::OpenApiRouter;

mod aims;
mod conditions;
mod cycles;
mod diagrams;
mod five_ps;
mod lead_team;
mod meetings;
mod tool_use;
mod wall;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(lead_team::routes())
        .merge(meetings::routes())
        .merge(five_ps::routes())
        .merge(conditions::routes())
        .merge(tool_use::routes())
        .merge(diagrams::routes())
        .merge(aims::routes())
        .merge(cycles::routes())
        .merge(wall::routes())
}

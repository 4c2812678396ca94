//! Which tools teams use.

use serde::{Deserialize, Serialize};
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{TeamGroupBy, Tool, ToolUse};
use spiral_domain::{Reference, UnitId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Read};
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_tool_use))
}

/// Of which teams, and how they are split.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ToolUseQuery {
    /// The teams beneath this unit; the tenant's root if absent.
    unit: Option<Reference>,
    /// By which units they are split; `children` if absent.
    #[serde(default)]
    #[param(required = false)]
    group_by: TeamGroupBy,
}

/// A row of the answer as CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolRow {
    unit_id: UnitId,
    code: String,
    name: String,
    tool: Tool,
    known: i64,
    shown: i64,
    total: Option<i64>,
    suppressed: bool,
}

/// Which tools of the approach teams use
///
/// Read off what teams have recorded, by rules that stand in the answer. `shown` counts the teams of which the caller
/// may know, and `users` lists them; `total` counts all, and is left out where it would tell what few teams keep to
/// themselves.
#[utoipa::path(get, path = "/v1/analysis/tool-use", tag = "analysis", params(ToolUseQuery), responses((status = 200, content((ToolUse = "application/json"), (String = "text/csv")))))]
async fn get_tool_use(read: Read, Query(query): Query<ToolUseQuery>) -> Reply {
    let answer = microsystems::tool_use(&read.caller, query.unit.as_ref(), query.group_by)
        .await
        .map_err(refuse)?;
    let rows = || {
        let mut rows = Vec::new();
        for place in std::iter::once(&answer.whole).chain(&answer.groups) {
            rows.extend(place.tools.iter().map(|of| ToolRow {
                unit_id: place.unit_id,
                code: place.code.clone(),
                name: place.name.clone(),
                tool: of.tool,
                known: of.known,
                shown: of.shown,
                total: of.total,
                suppressed: of.suppressed,
            }));
        }
        rows
    };
    let count = answer.groups.len() + answer.users.len() + 1;
    read.rows_or("getToolUse", &answer, rows, count).await
}

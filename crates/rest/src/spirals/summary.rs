//! How the spirals of many units stand.

use serde::{Deserialize, Serialize};
use spiral_app::spirals::SummaryQuery;
use spiral_app::{App, spirals};
use spiral_domain::analysis::GroupBy;
use spiral_domain::spirals::{SpiralFacet, SpiralStep, SpiralSummaryRow};
use spiral_domain::{Date, Reference, UnitId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Read};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_spiral_summary))
}

/// Of which spirals, and how they are split.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// At and beneath this unit; the tenant's root if absent.
    unit: Option<Reference>,
    /// For which units in it; for itself if absent.
    #[serde(default)]
    #[param(required = false)]
    group_by: GroupBy,
    /// One row for each theme, origin or programme.
    by: Option<SpiralFacet>,
    /// On this day; today if absent. Not together with `from`.
    as_of: Option<Date>,
    /// At the ends of months, from the one that contains this day on.
    from: Option<Date>,
    /// To the month that contains this day; the last that is over if absent.
    to: Option<Date>,
}

/// A row of the summary as CSV: one step of one place on one day.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    unit_id: UnitId,
    code: String,
    name: String,
    value: Option<String>,
    on: Date,
    step: SpiralStep,
    active_shown: i64,
    active_total: Option<i64>,
    dormant_shown: i64,
    dormant_total: Option<i64>,
    discontinued_shown: i64,
    discontinued_total: Option<i64>,
    median_days_shown: Option<i64>,
    median_days_total: Option<i64>,
    suppressed: bool,
}

fn lines(rows: &[SpiralSummaryRow]) -> Vec<Line> {
    let of_row = |row: &SpiralSummaryRow| -> Vec<Line> {
        let line = |step: &spiral_domain::spirals::SpiralStepSummary| Line {
            unit_id: row.unit_id,
            code: row.code.clone(),
            name: row.name.clone(),
            value: row.value.clone(),
            on: row.on,
            step: step.step,
            active_shown: step.active.shown,
            active_total: step.active.total,
            dormant_shown: step.dormant.shown,
            dormant_total: step.dormant.total,
            discontinued_shown: step.discontinued.shown,
            discontinued_total: step.discontinued.total,
            median_days_shown: step.time_shown.map(|time| time.median),
            median_days_total: step.time_total.map(|time| time.median),
            suppressed: step.active.suppressed,
        };
        row.steps.iter().map(line).collect()
    };
    rows.iter().flat_map(of_row).collect()
}

/// How spirals stand
///
/// By step and status, with how long stays in each step lasted, where most stand still, and turns completed: for a unit
/// and its parts, by theme, origin or programme, on a day or at the ends of months. `shown` counts what the caller may
/// see, `total` all, and is left out where it would tell what few units keep to themselves.
#[utoipa::path(get, path = "/v1/spirals/summary", tag = "spirals", params(Asked), responses((status = 200, content((Vec<SpiralSummaryRow> = "application/json"), (String = "text/csv")))))]
async fn get_spiral_summary(read: Read, Query(asked): Query<Asked>) -> Reply {
    if let Some(known) = read.unchanged("getSpiralSummary").await? {
        return Ok(known);
    }
    let query = SummaryQuery {
        unit: asked.unit,
        group_by: asked.group_by,
        by: asked.by,
        as_of: asked.as_of,
        from: asked.from,
        to: asked.to,
    };
    let rows = spirals::spiral_summary(&read.caller, &query)
        .await
        .map_err(refuse)?;
    let count = rows.len();
    read.computed("getSpiralSummary", &*rows, || lines(&rows), count, None)
        .await
}

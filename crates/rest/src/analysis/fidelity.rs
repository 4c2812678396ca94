//! How faithful the PDSA cycles of many teams are to the method.

use serde::{Deserialize, Serialize};
use spiral_app::App;
use spiral_app::analysis::{self, FidelityQuery};
use spiral_domain::analysis::GroupBy;
use spiral_domain::microsystems::{FidelityFeature, FidelitySummaryRow};
use spiral_domain::{Date, Interval, Reference, UnitId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Read};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_fidelity_summary))
}

/// How long the periods are: cycles are counted by the month, and weeks are no part of one.
#[derive(Debug, Default, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum PeriodLength {
    Month,
    #[default]
    Quarter,
    FinancialYear,
}

impl From<PeriodLength> for Interval {
    fn from(length: PeriodLength) -> Self {
        match length {
            PeriodLength::Month => Self::Month,
            PeriodLength::Quarter => Self::Quarter,
            PeriodLength::FinancialYear => Self::FinancialYear,
        }
    }
}

/// Of which teams, by which units and periods.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The teams at and beneath this unit; the tenant's root if absent.
    unit: Option<Reference>,
    /// Which units in it have rows of their own, beside itself.
    #[serde(default)]
    #[param(required = false)]
    group_by: GroupBy,
    /// How long a period is; a quarter if absent.
    #[serde(default)]
    #[param(inline, required = false)]
    interval: PeriodLength,
    /// Periods that begin on this day or later; the last twelve if absent.
    from: Option<Date>,
    /// Periods that end on this day or earlier; only those that are over.
    to: Option<Date>,
}

/// A row as CSV: one feature at one unit in one period.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    unit_id: UnitId,
    code: String,
    name: String,
    period_start: Date,
    period_end: Date,
    feature: FidelityFeature,
    cycles_shown: i64,
    with_feature_shown: i64,
    cycles_total: Option<i64>,
    with_feature_total: Option<i64>,
    suppressed: bool,
}

fn lines(rows: &[FidelitySummaryRow]) -> Vec<Line> {
    let of_row = |row: &FidelitySummaryRow| -> Vec<Line> {
        let features = row.features.iter();
        let lines = features.map(|of| Line {
            unit_id: row.unit_id,
            code: row.code.clone(),
            name: row.name.clone(),
            period_start: row.period_start,
            period_end: row.period_end,
            feature: of.feature,
            cycles_shown: row.cycles_shown,
            with_feature_shown: of.shown,
            cycles_total: row.cycles_total,
            with_feature_total: of.total,
            suppressed: row.suppressed,
        });
        lines.collect()
    };
    rows.iter().flat_map(of_row).collect()
}

/// How faithful teams' PDSA cycles are
///
/// How many cycles were carried out in each period, and how many of them have each of the five features of the method,
/// for a unit and its parts in the tree of each month. `shown` counts what the caller may see, `total` all, and is left
/// out where it would tell what few teams keep to themselves.
#[utoipa::path(get, path = "/v1/analysis/pdsa-fidelity", tag = "analysis", params(Asked), responses((status = 200, content((Vec<FidelitySummaryRow> = "application/json"), (String = "text/csv")))))]
async fn get_fidelity_summary(read: Read, Query(asked): Query<Asked>) -> Reply {
    if let Some(known) = read.unchanged("getFidelitySummary").await? {
        return Ok(known);
    }
    let query = FidelityQuery {
        unit: asked.unit,
        group_by: asked.group_by,
        interval: asked.interval.into(),
        from: asked.from,
        to: asked.to,
    };
    let rows = analysis::fidelity_summary(&read.caller, &query)
        .await
        .map_err(refuse)?;
    let count = rows.len();
    read.computed("getFidelitySummary", &*rows, || lines(&rows), count, None)
        .await
}

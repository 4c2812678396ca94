//! What is worked out of observations.

use serde::{Deserialize, Serialize};
use spiral_app::{App, analysis};
use spiral_domain::analysis::{GroupBy, RollUp, RollUpCell, TreeAt};
use spiral_domain::{Date, Interval, Reference, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Read};
use crate::reply::{Reply, refuse};

mod charts;
mod compare;
mod fidelity;
mod pictures;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(roll_up))
        .merge(charts::routes())
        .merge(compare::routes())
        .merge(fidelity::routes())
        .merge(pictures::routes())
}

/// What is to be summed, and how.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RollUpParams {
    /// The measure; a code means its latest version.
    measure: Reference,
    /// The unit to sum at and beneath; either this or `network`.
    unit: Option<Reference>,
    /// The network whose members are summed.
    network: Option<Reference>,
    /// Which nodes have cells of their own, beside the unit or network itself.
    group_by: Option<GroupBy>,
    /// The stratum dimension to split by.
    #[param(max_length = 63)]
    dimension: Option<String>,
    /// Periods that begin on this day or later.
    from: Option<Date>,
    /// Periods that end on this day or earlier.
    to: Option<Date>,
    /// What the measure's own periods are summed to.
    interval: Option<Interval>,
    /// The tree as it was on this day, for all periods.
    as_of: Option<Date>,
    /// Which tree, where `asOf` does not say.
    tree: Option<TreeAt>,
    /// What was known at this instant.
    known_at: Option<Timestamp>,
}

/// Sum a measure up the tree or over a network
///
/// By counts, never by rates. `shown` is from what the reader may see and always exact; `total` is from all, and
/// left out (`suppressed`) where it would tell what hidden units reported.
#[utoipa::path(get, path = "/v1/analysis/roll-up", tag = "analysis", params(RollUpParams), responses((status = 200, content((RollUp = "application/json"), (String = "text/csv")))))]
async fn roll_up(read: Read, Query(query): Query<RollUpParams>) -> Reply {
    let query = analysis::RollUpQuery {
        measure: query.measure,
        unit: query.unit,
        network: query.network,
        group_by: query.group_by.unwrap_or_default(),
        dimension: query.dimension,
        from: query.from,
        to: query.to,
        interval: query.interval,
        as_of: query.as_of,
        tree: query.tree.unwrap_or_default(),
        known_at: query.known_at,
    };
    let answer = analysis::roll_up(&read.caller, query).await.map_err(refuse)?;
    read.rows_or(
        "rollUp",
        &answer,
        || answer.cells.iter().map(Line::from).collect(),
        answer.cells.len(),
    )
    .await
}

/// A cell as a line of CSV: a total that is left out is an empty cell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'c> {
    code: &'c str,
    name: &'c str,
    period_start: Date,
    period_end: Date,
    stratum: String,
    shown_contributors: i64,
    shown_numerator: Option<f64>,
    shown_denominator: Option<f64>,
    shown_rate: Option<f64>,
    shown_rate_rounded: Option<f64>,
    total_contributors: Option<i64>,
    total_numerator: Option<f64>,
    total_denominator: Option<f64>,
    total_rate: Option<f64>,
    total_rate_rounded: Option<f64>,
    suppressed: bool,
    eligible: i64,
    shown: i64,
    with_value: i64,
}

impl<'c> From<&'c RollUpCell> for Line<'c> {
    fn from(cell: &'c RollUpCell) -> Self {
        Self {
            code: &cell.node.code,
            name: &cell.node.name,
            period_start: cell.period_start,
            period_end: cell.period_end,
            stratum: cell.stratum.to_string(),
            shown_contributors: cell.shown.contributors,
            shown_numerator: cell.shown.numerator,
            shown_denominator: cell.shown.denominator,
            shown_rate: cell.shown.rate,
            shown_rate_rounded: cell.shown.rate_rounded,
            total_contributors: cell.total.map(|total| total.contributors),
            total_numerator: cell.total.and_then(|total| total.numerator),
            total_denominator: cell.total.and_then(|total| total.denominator),
            total_rate: cell.total.and_then(|total| total.rate),
            total_rate_rounded: cell.total.and_then(|total| total.rate_rounded),
            suppressed: cell.suppressed,
            eligible: cell.coverage.eligible,
            shown: cell.coverage.shown,
            with_value: cell.coverage.with_value,
        }
    }
}

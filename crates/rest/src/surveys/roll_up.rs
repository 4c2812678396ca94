//! What the surveys of many teams come to.

use serde::{Deserialize, Serialize};
use spiral_app::surveys::SurveyRollUpQuery;
use spiral_app::{App, surveys};
use spiral_domain::analysis::GroupBy;
use spiral_domain::surveys::{SurveyResults, SurveyRollUp, SurveyRollUpRow};
use spiral_domain::{Date, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ResultRow, rows_of};
use crate::extract::{Query, Read};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_survey_roll_up))
}

/// Which surveys, for which units.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The instrument's code.
    #[param(max_length = 63, example = "staff-survey")]
    instrument: String,
    /// Its version; the latest if absent.
    #[param(minimum = 1, maximum = 1_000_000)]
    version: Option<i64>,
    /// The teams at and beneath this unit; the tenant's root if absent.
    unit: Option<Reference>,
    /// Which units in it have rows of their own, beside itself.
    #[serde(default)]
    #[param(required = false)]
    group_by: GroupBy,
    /// Quarters that begin on this day or later; the last four if absent.
    from: Option<Date>,
    /// Quarters that end on this day or earlier; only those that are over.
    to: Option<Date>,
}

/// A line of CSV: of one unit and quarter, how many answered, or what they say of one item or score.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    unit: String,
    period_start: Date,
    period_end: Date,
    side: &'static str,
    of: &'static str,
    code: String,
    label: String,
    suppressed: bool,
    n: Option<i64>,
    cant_rate: Option<i64>,
    not_answered: Option<i64>,
    mean: Option<f64>,
    median: Option<f64>,
    standard_deviation: Option<f64>,
    counts: String,
}

fn lines(told: &SurveyRollUp) -> Vec<Line> {
    let sides = |row: &SurveyRollUpRow| {
        let mut lines = side(row, "shown", row.shown.as_ref(), false);
        lines.extend(side(row, "total", row.total.as_ref(), row.suppressed));
        lines
    };
    told.rows.iter().flat_map(sides).collect()
}

fn side(
    row: &SurveyRollUpRow,
    side: &'static str,
    results: Option<&SurveyResults>,
    suppressed: bool,
) -> Vec<Line> {
    let responses = ResultRow {
        unit_id: None,
        of: "responses",
        code: String::new(),
        label: String::new(),
        suppressed,
        n: (!suppressed).then(|| results.map_or(0, |results| results.responses)),
        cant_rate: None,
        not_answered: None,
        mean: None,
        median: None,
        standard_deviation: None,
        counts: String::new(),
    };
    let of_results = results.map(|results| rows_of(None, results)).unwrap_or_default();
    let lines = std::iter::once(responses).chain(of_results).map(|of| Line {
        unit: row.code.clone(),
        period_start: row.period_start,
        period_end: row.period_end,
        side,
        of: of.of,
        code: of.code,
        label: of.label,
        suppressed: of.suppressed,
        n: of.n,
        cant_rate: of.cant_rate,
        not_answered: of.not_answered,
        mean: of.mean,
        median: of.median,
        standard_deviation: of.standard_deviation,
        counts: of.counts,
    });
    lines.collect()
}

/// What many teams' surveys come to
///
/// The surveys of single teams by one instrument that closed in a quarter, added up as far as each tells what it has come
/// to. `shown` is from those that the caller may see; `total` from all, and left out where it would tell what few teams
/// keep to themselves, or while a survey of the quarter is not closed.
#[utoipa::path(get, path = "/v1/surveys/roll-up", tag = "surveys", params(Asked), responses((status = 200, content((SurveyRollUp = "application/json"), (String = "text/csv")))))]
async fn get_survey_roll_up(read: Read, Query(asked): Query<Asked>) -> Reply {
    let query = SurveyRollUpQuery {
        instrument: asked.instrument,
        version: asked.version,
        unit: asked.unit,
        group_by: asked.group_by,
        from: asked.from,
        to: asked.to,
    };
    let told = surveys::survey_roll_up(&read.caller, &query)
        .await
        .map_err(refuse)?;
    let count = told.rows.len();
    read.rows_or("getSurveyRollUp", &told, || lines(&told), count)
        .await
}

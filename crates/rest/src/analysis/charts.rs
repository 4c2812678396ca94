//! Charts over time.

use serde::{Deserialize, Serialize};
use spiral_app::analysis::{ChartQuery, Rebase};
use spiral_app::{App, analysis};
use spiral_domain::analysis::{
    Attention, ChartKind, ChartPoint, ChartSeries, Charts, RunMethod, SeriesSort, SignalRule, Variation,
};
use spiral_domain::measures::Stratum;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, PageRequest, Reference, Timestamp};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Read};
use crate::measures::given;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(spc))
        .routes(routes!(run_chart))
}

/// Which series are drawn, and how.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SpcParams {
    /// The measure; a code means its latest version.
    measure: Reference,
    /// The unit whose series it is; above the tier that reports it is summed from what the reader may see beneath.
    /// One of `unit`, `within` and `network`.
    unit: Option<Reference>,
    /// The unit at and beneath which every unit of the tier has a series.
    within: Option<Reference>,
    /// The network of which every member of the tier has a series.
    network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent.
    tier: Option<Tier>,
    /// Periods that begin on this day or later; without it the last 60 up to the end, of an irregular measure all.
    from: Option<Date>,
    /// Periods that end on this day or earlier.
    to: Option<Date>,
    /// What was known at this instant.
    known_at: Option<Timestamp>,
    /// Which part of the population, as `dimension=value`; the whole if absent or empty.
    #[serde(default, deserialize_with = "given")]
    #[param(max_length = 300, value_type = Option<String>)]
    stratum: Option<Stratum>,
    /// What is drawn; `t` for times between events, else `xmr` if absent.
    chart: Option<ChartKind>,
    /// Whether large moving ranges are left out of their average; true if absent. The NHS tool in Excel does not.
    screened: Option<bool>,
    /// The limits of each phase come from its first so many periods; from all if absent.
    #[param(minimum = 12, maximum = 10_000)]
    baseline: Option<i64>,
    /// What divides a series: `phases` (those recorded; if absent), `none`, or days with commas between them.
    #[serde(default, deserialize_with = "rebase")]
    #[param(inline, value_type = Option<DividedBy>, example = "phases")]
    rebase: Option<Rebase>,
    /// Whether values by earlier versions of the measure come before its own, as phases; true if absent.
    earlier_versions: Option<bool>,
    /// By code if absent. The worst first: concern while the target is never met, concern, target never met, other
    /// special causes, target met by chance, nothing special, fine, too few values; of each the furthest off first.
    sort: Option<SeriesSort>,
    /// At most so many series; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// Where the page before ended.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// Which series are drawn as run charts, and how.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunParams {
    /// The measure; a code means its latest version.
    measure: Reference,
    /// The unit whose series it is; above the tier that reports it is summed from what the reader may see beneath.
    /// One of `unit`, `within` and `network`.
    unit: Option<Reference>,
    /// The unit at and beneath which every unit of the tier has a series.
    within: Option<Reference>,
    /// The network of which every member of the tier has a series.
    network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent.
    tier: Option<Tier>,
    /// Periods that begin on this day or later; without it the last 60 up to the end, of an irregular measure all.
    from: Option<Date>,
    /// Periods that end on this day or earlier.
    to: Option<Date>,
    /// What was known at this instant.
    known_at: Option<Timestamp>,
    /// Which part of the population, as `dimension=value`; the whole if absent or empty.
    #[serde(default, deserialize_with = "given")]
    #[param(max_length = 300, value_type = Option<String>)]
    stratum: Option<Stratum>,
    /// How runs are judged; `anhoej` if absent.
    method: Option<RunMethod>,
    /// The median comes from the first so many periods; from all if absent. No effect where there are phases.
    #[param(minimum = 12, maximum = 10_000)]
    baseline: Option<i64>,
    /// What divides a series: `phases` (those recorded; if absent), `none`, or days with commas between them.
    #[serde(default, deserialize_with = "rebase")]
    #[param(inline, value_type = Option<DividedBy>, example = "phases")]
    rebase: Option<Rebase>,
    /// Whether values by earlier versions of the measure come before its own, as phases; true if absent.
    earlier_versions: Option<bool>,
    /// By code if absent; or what asks most for attention first.
    sort: Option<SeriesSort>,
    /// At most so many series; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// Where the page before ended.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A day of 1900 to 2199 that there is.
const DAY: &str = "((19|20|21)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)\
                   |02-(0[1-9]|1[0-9]|2[0-8]))\
                   |((19|21)(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26]))-02-29)";

/// How `rebase` is written.
struct DividedBy;

impl utoipa::PartialSchema for DividedBy {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(1_099))
            .pattern(Some(format!("^(phases|none|{DAY}(,{DAY})*)$")))
            .into()
    }
}

impl utoipa::ToSchema for DividedBy {}

fn rebase<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Rebase>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn page(limit: Option<i64>, cursor: Option<String>) -> PageRequest {
    PageRequest {
        limit,
        cursor,
        ..PageRequest::default()
    }
}

impl SpcParams {
    /// The question.
    pub(super) fn asked(self) -> (ChartQuery, PageRequest) {
        let query = ChartQuery {
            unit: self.unit,
            within: self.within,
            network: self.network,
            tier: self.tier,
            from: self.from,
            to: self.to,
            known_at: self.known_at,
            stratum: self.stratum,
            chart: self.chart,
            screened: self.screened.unwrap_or(true),
            baseline: self.baseline,
            rebase: self.rebase.unwrap_or_default(),
            earlier_versions: self.earlier_versions.unwrap_or(true),
            sort: self.sort.unwrap_or(SeriesSort::Code),
            ..ChartQuery::of(self.measure)
        };
        (query, page(self.limit, self.cursor))
    }
}

impl RunParams {
    /// The question.
    pub(super) fn asked(self) -> (ChartQuery, PageRequest) {
        let query = ChartQuery {
            unit: self.unit,
            within: self.within,
            network: self.network,
            tier: self.tier,
            from: self.from,
            to: self.to,
            known_at: self.known_at,
            stratum: self.stratum,
            chart: Some(ChartKind::Run),
            method: self.method.unwrap_or(RunMethod::Anhoej),
            baseline: self.baseline,
            rebase: self.rebase.unwrap_or_default(),
            earlier_versions: self.earlier_versions.unwrap_or(true),
            sort: self.sort.unwrap_or(SeriesSort::Code),
            ..ChartQuery::of(self.measure)
        };
        (query, page(self.limit, self.cursor))
    }
}

/// Statistical process control
///
/// A series for each unit, drawn and judged: each point with its limits, the rule that fired and its phase; the
/// verdict with variation and assurance, or what is missing for one; annotations, phases and the target. Only series
/// that the reader may see; the others are counted in `coverage`. As CSV a line for each point.
#[utoipa::path(get, path = "/v1/analysis/spc", tag = "analysis", params(SpcParams), responses((status = 200, content((Charts = "application/json"), (String = "text/csv")))))]
async fn spc(read: Read, Query(params): Query<SpcParams>) -> Reply {
    if let Some(same) = read.unchanged("spc").await? {
        return Ok(same);
    }
    let (query, page) = params.asked();
    answer(&read, "spc", &query, page).await
}

/// Run charts
///
/// A series for each unit around its median, judged by runs and crossings, without limits. As CSV a line for each
/// point.
#[utoipa::path(get, path = "/v1/analysis/run-chart", tag = "analysis", params(RunParams), responses((status = 200, content((Charts = "application/json"), (String = "text/csv")))))]
async fn run_chart(read: Read, Query(params): Query<RunParams>) -> Reply {
    if let Some(same) = read.unchanged("runChart").await? {
        return Ok(same);
    }
    let (query, page) = params.asked();
    answer(&read, "runChart", &query, page).await
}

async fn answer(read: &Read, operation: &str, query: &ChartQuery, page: PageRequest) -> Reply {
    let charts: Charts = analysis::charts(&read.caller, query, &page)
        .await
        .map_err(refuse)?;
    let rows = || {
        let of_series = |series| lines(series);
        charts.data.iter().flat_map(of_series).collect()
    };
    let next = charts.page.next_cursor.as_deref();
    read.computed(operation, &charts, rows, charts.data.len(), next)
        .await
}

/// A point as a line of CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'s> {
    code: &'s str,
    name: &'s str,
    attention: Attention,
    phase: i32,
    phase_label: Option<&'s str>,
    period_start: Date,
    period_end: Date,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    centre: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    near_lower: Option<f64>,
    near_upper: Option<f64>,
    target: Option<f64>,
    variation: Variation,
    rule: Option<SignalRule>,
    estimated: bool,
    contributors: Option<i64>,
    eligible: Option<i64>,
}

fn lines(series: &ChartSeries) -> impl Iterator<Item = Line<'_>> {
    series.points.iter().map(move |point: &ChartPoint| {
        let phase = usize::try_from(point.phase)
            .ok()
            .and_then(|at| series.phases.get(at));
        Line {
            code: &series.node.code,
            name: &series.node.name,
            attention: series.verdict.attention,
            phase: point.phase,
            phase_label: phase.and_then(|phase| phase.label.as_deref()),
            period_start: point.period_start,
            period_end: point.period_end,
            value: point.value,
            numerator: point.numerator,
            denominator: point.denominator,
            centre: point.centre,
            lower: point.lower,
            upper: point.upper,
            near_lower: point.near_lower,
            near_upper: point.near_upper,
            target: point.target,
            variation: point.variation,
            rule: point.rule,
            estimated: point.estimated,
            contributors: point.contributors,
            eligible: point.eligible,
        }
    })
}

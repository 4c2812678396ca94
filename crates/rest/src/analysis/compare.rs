//! Funnels and data quality.

use serde::{Deserialize, Serialize};
use spiral_app::analysis::{FunnelQuery, QualityQuery};
use spiral_app::{App, analysis};
use spiral_domain::analysis::{
    DataQuality, Expected, Funnel, FunnelLimits, FunnelUnit, QualityCounts, QualityRow, SeriesSort, Variation,
};
use spiral_domain::measures::Stratum;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, PageRequest, Reference, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Query, Read};
use crate::measures::given;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(funnel))
        .routes(routes!(data_quality))
}

/// Which units are compared, over which time, and how.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FunnelParams {
    /// The measure, of scale `proportion` or `rate`; a code means its latest version.
    measure: Reference,
    /// The unit at and beneath which the units of the tier are compared; either this or `network`.
    within: Option<Reference>,
    /// The network whose members of the tier are compared.
    network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent. Wider ones are summed from what the
    /// reader may see.
    tier: Option<Tier>,
    /// Periods that begin on this day or later; with neither end, the last period in which anybody has reported.
    from: Option<Date>,
    /// Periods that end on this day or earlier.
    to: Option<Date>,
    /// What was known at this instant.
    known_at: Option<Timestamp>,
    /// Which part of the population, as `dimension=value`; the whole if absent or empty.
    #[serde(default, deserialize_with = "given")]
    #[param(max_length = 300, value_type = Option<String>)]
    stratum: Option<Stratum>,
    /// Which limits judge; `auto` if absent.
    limits: Option<FunnelLimits>,
    /// By code if absent; or those outside for the worse first.
    sort: Option<SeriesSort>,
}

impl FunnelParams {
    /// The question.
    pub(super) fn asked(self) -> FunnelQuery {
        FunnelQuery {
            within: self.within,
            network: self.network,
            tier: self.tier,
            from: self.from,
            to: self.to,
            known_at: self.known_at,
            stratum: self.stratum,
            limits: self.limits.unwrap_or(FunnelLimits::Auto),
            sort: self.sort.unwrap_or(SeriesSort::Code),
            ..FunnelQuery::of(self.measure)
        }
    }
}

/// Compare units by a funnel
///
/// Each unit's sum over the time against what its size explains. Units whose observations the reader may not see are
/// left out, and only counted in `coverage`. As CSV a line for each unit.
#[utoipa::path(get, path = "/v1/analysis/funnel", tag = "analysis", params(FunnelParams), responses((status = 200, content((Funnel = "application/json"), (String = "text/csv")))))]
async fn funnel(read: Read, Query(params): Query<FunnelParams>) -> Reply {
    if let Some(same) = read.unchanged("funnel").await? {
        return Ok(same);
    }
    let query = params.asked();
    let answer: Funnel = analysis::funnel(&read.caller, &query).await.map_err(refuse)?;
    let rows = || answer.units.iter().map(FunnelLine::from).collect();
    read.computed("funnel", &answer, rows, answer.units.len(), None)
        .await
}

/// A unit of a funnel as a line of CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunnelLine<'f> {
    code: &'f str,
    name: &'f str,
    numerator: f64,
    denominator: f64,
    value: f64,
    z: Option<f64>,
    lower95: f64,
    upper95: f64,
    lower998: f64,
    upper998: f64,
    outside95: bool,
    outside998: bool,
    variation: Variation,
}

impl<'f> From<&'f FunnelUnit> for FunnelLine<'f> {
    fn from(unit: &'f FunnelUnit) -> Self {
        Self {
            code: &unit.node.code,
            name: &unit.node.name,
            numerator: unit.numerator,
            denominator: unit.denominator,
            value: unit.value,
            z: unit.z,
            lower95: unit.limits.lower95,
            upper95: unit.limits.upper95,
            lower998: unit.limits.lower998,
            upper998: unit.limits.upper998,
            outside95: unit.outside95,
            outside998: unit.outside998,
            variation: unit.variation,
        }
    }
}

/// Whose data quality, and how it is judged.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QualityParams {
    /// The measure; a code means its latest version.
    measure: Reference,
    /// The unit. One of `unit`, `within` and `network`.
    unit: Option<Reference>,
    /// The unit at and beneath which every unit of the tier has a row.
    within: Option<Reference>,
    /// The network of which every member of the tier has a row.
    network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent. Wider ones are summed from the units
    /// beneath, as the tree stands today, whose observations the reader may see.
    tier: Option<Tier>,
    /// Periods that begin on this day or later; without it the last 60 up to the end, of an irregular measure all.
    from: Option<Date>,
    /// Periods that end on this day or earlier.
    to: Option<Date>,
    /// Who is expected to report; `all` if absent.
    expected: Option<Expected>,
    /// A figure is on time if it was recorded within so many days of the end of its period; 31 if absent.
    #[param(minimum = 0, maximum = 3660)]
    on_time_days: Option<i64>,
    /// By code if absent; or the least complete first.
    sort: Option<SeriesSort>,
    /// At most so many rows; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// Where the page before ended.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// Data quality
///
/// How complete, how early and how plausible a measure is reported, by unit and rolled up by counts of what the reader
/// may see. As CSV a line for each unit.
#[utoipa::path(get, path = "/v1/analysis/data-quality", tag = "analysis", params(QualityParams), responses((status = 200, content((DataQuality = "application/json"), (String = "text/csv")))))]
async fn data_quality(read: Read, Query(params): Query<QualityParams>) -> Reply {
    if let Some(same) = read.unchanged("dataQuality").await? {
        return Ok(same);
    }
    let page = PageRequest {
        limit: params.limit,
        cursor: params.cursor,
        ..PageRequest::default()
    };
    let query = QualityQuery {
        unit: params.unit,
        within: params.within,
        network: params.network,
        tier: params.tier,
        from: params.from,
        to: params.to,
        expected: params.expected.unwrap_or(Expected::All),
        on_time_days: params.on_time_days,
        sort: params.sort.unwrap_or(SeriesSort::Code),
        ..QualityQuery::of(params.measure)
    };
    let answer: DataQuality = analysis::data_quality(&read.caller, &query, &page)
        .await
        .map_err(refuse)?;
    let rows = || answer.data.iter().map(QualityLine::from).collect();
    let next = answer.page.next_cursor.as_deref();
    read.computed("dataQuality", &answer, rows, answer.data.len(), next)
        .await
}

/// A unit's data quality as a line of CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QualityLine<'q> {
    code: &'q str,
    name: &'q str,
    units: i64,
    expected: i64,
    reported: i64,
    completeness: Option<f64>,
    figures: i64,
    on_time: i64,
    timeliness: Option<f64>,
    median_lag_days: Option<f64>,
    without_figure: i64,
    unexpected: i64,
    estimated: i64,
    zero_denominator: i64,
    outliers: i64,
    stuck: i64,
    strata_differ: i64,
    revised: i64,
    revisions: i64,
}

impl<'q> From<&'q QualityRow> for QualityLine<'q> {
    fn from(row: &'q QualityRow) -> Self {
        let counts: &QualityCounts = &row.counts;
        Self {
            code: &row.node.code,
            name: &row.node.name,
            units: counts.units,
            expected: counts.expected,
            reported: counts.reported,
            completeness: row.completeness,
            figures: counts.figures,
            on_time: counts.on_time,
            timeliness: row.timeliness,
            median_lag_days: row.median_lag_days,
            without_figure: counts.without_figure,
            unexpected: counts.unexpected,
            estimated: counts.estimated,
            zero_denominator: counts.zero_denominator,
            outliers: counts.outliers,
            stuck: counts.stuck,
            strata_differ: counts.strata_differ,
            revised: counts.revised,
            revisions: counts.revisions,
        }
    }
}

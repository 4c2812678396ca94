//! Sustainability: instruments, assessments, ratings, and how they are distributed.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use spiral_app::sustainability::AssessmentFilter;
use spiral_app::{App, sustainability};
use spiral_domain::sustainability::{
    Assessment, AssessmentStatus, Band, Instrument, LatestAssessment, OpenAssessment, RateAssessment, Rating,
    SummaryGroups, SustainabilitySummary,
};
use spiral_domain::{Allowed, AssessmentId, Page, PageRequest, Reference, UnitId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_sustainability_instruments))
        .routes(routes!(get_sustainability_instrument))
        .routes(routes!(list_sustainability_assessments, open_assessment))
        .routes(routes!(get_sustainability_assessment))
        .routes(routes!(list_own_ratings, rate_assessment))
        .routes(routes!(close_assessment))
        .routes(routes!(get_sustainability_summary))
        .routes(routes!(get_latest_sustainability))
}

/// List sustainability instruments
#[utoipa::path(get, path = "/v1/sustainability/instruments", tag = "sustainability", responses((status = 200, body = Vec<Instrument>)))]
async fn get_sustainability_instruments(read: Read) -> Reply {
    let found = sustainability::sustainability_instruments(&read.caller).map_err(refuse)?;
    read.answer("getSustainabilityInstruments", found.len(), &found)
        .await
}

/// Read a sustainability instrument
///
/// With its weights, which of them are verified, and where they come from.
#[utoipa::path(get, path = "/v1/sustainability/instruments/{code}", tag = "sustainability", params(("code" = String, Path, description = "The instrument's code", max_length = 63)), responses((status = 200, body = Instrument)))]
async fn get_sustainability_instrument(Part(code): Part<String>, read: Read) -> Reply {
    let found = sustainability::sustainability_instrument(&read.caller, &code).map_err(refuse)?;
    read.answer("getSustainabilityInstrument", 1, &found).await
}

/// Which assessments, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AssessmentQuery {
    /// Those of this unit.
    unit: Option<Reference>,
    /// Those of units at or beneath this one.
    within: Option<Reference>,
    /// Those about this innovation.
    innovation: Option<Reference>,
    /// Those that stand here.
    status: Option<AssessmentStatus>,
}

/// List sustainability assessments
///
/// Those that are shared as far as the caller.
#[utoipa::path(get, path = "/v1/sustainability/assessments", tag = "sustainability", params(AssessmentQuery, PageRequest), responses((status = 200, body = Page<Assessment>)))]
async fn list_sustainability_assessments(read: Read, List(query, page): List<AssessmentQuery>) -> Reply {
    let filter = AssessmentFilter {
        unit: query.unit,
        within: query.within,
        innovation: query.innovation,
        status: query.status,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { sustainability::assessments(&caller, filter, &page).await }
    };
    read.list("listSustainabilityAssessments", page, fetch).await
}

/// Open a sustainability assessment
#[utoipa::path(post, path = "/v1/sustainability/assessments", tag = "sustainability", request_body = OpenAssessment, responses((status = 201, body = Assessment)))]
async fn open_assessment(write: Write) -> Reply {
    let input: OpenAssessment = write.json()?;
    let place = |assessment: &Assessment| format!("/v1/sustainability/assessments/{}", assessment.id);
    let run = |caller| async move { sustainability::open_assessment(&caller, input).await };
    let version = |assessment: &Assessment| assessment.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a sustainability assessment
///
/// Its score stands in it once it is closed.
#[utoipa::path(get, path = "/v1/sustainability/assessments/{id}", tag = "sustainability", params(("id" = AssessmentId, Path, description = "The assessment")), responses((status = 200, body = Allowed<Assessment>)))]
async fn get_sustainability_assessment(Part(id): Part<AssessmentId>, read: Read) -> Reply {
    let assessment = sustainability::assessment(&read.caller, id)
        .await
        .map_err(refuse)?;
    read.record("getSustainabilityAssessment", assessment.version, &assessment)
        .await
}

/// Read one's own rating of an assessment
///
/// Nobody reads another's: the list is empty or has the caller's own.
#[utoipa::path(get, path = "/v1/sustainability/assessments/{id}/ratings", tag = "sustainability", params(("id" = AssessmentId, Path, description = "The assessment")), responses((status = 200, body = Vec<Rating>)))]
async fn list_own_ratings(Part(id): Part<AssessmentId>, read: Read) -> Reply {
    let own = sustainability::own_ratings(&read.caller, id)
        .await
        .map_err(refuse)?;
    read.answer("listOwnRatings", own.len(), &own).await
}

/// Rate an open assessment
///
/// A level for each factor of its instrument. Rating it again replaces one's own answers.
#[utoipa::path(post, path = "/v1/sustainability/assessments/{id}/ratings", tag = "sustainability", params(("id" = AssessmentId, Path, description = "The assessment")), request_body = RateAssessment, responses((status = 200, body = Rating)))]
async fn rate_assessment(Part(id): Part<AssessmentId>, write: Write) -> Reply {
    let input: RateAssessment = write.json()?;
    let run = |caller| async move { sustainability::rate_assessment(&caller, id, input).await };
    write.once(StatusCode::OK, run).await
}

/// Close an assessment
///
/// It takes no more ratings, and shows what they come to.
#[utoipa::path(post, path = "/v1/sustainability/assessments/{id}/close", tag = "sustainability", params(("id" = AssessmentId, Path, description = "The assessment")), responses((status = 200, body = Assessment)))]
async fn close_assessment(Part(id): Part<AssessmentId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { sustainability::close_assessment(&caller, id, if_match).await };
    let version = |assessment: &Assessment| assessment.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Of which teams, and how they are split.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// The teams beneath this unit; the tenant's root if absent.
    unit: Option<Reference>,
    /// By which units they are split; `children` if absent.
    #[serde(default)]
    #[param(required = false)]
    group_by: SummaryGroups,
}

/// A row of the summary as CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryRow {
    unit_id: UnitId,
    code: String,
    name: String,
    band: Band,
    shown: i64,
    total: Option<i64>,
    suppressed: bool,
}

/// How the latest assessments are distributed
///
/// By bands of the score, for a unit and its parts. `shown` counts what the caller may see, `total` all teams,
/// and is left out where it would tell what few teams keep to themselves.
#[utoipa::path(get, path = "/v1/sustainability/summary", tag = "sustainability", params(SummaryQuery), responses((status = 200, content((SustainabilitySummary = "application/json"), (String = "text/csv")))))]
async fn get_sustainability_summary(read: Read, Query(query): Query<SummaryQuery>) -> Reply {
    let summary = sustainability::sustainability_summary(&read.caller, query.unit.as_ref(), query.group_by)
        .await
        .map_err(refuse)?;
    let rows = || {
        let parts = std::iter::once(&summary.whole).chain(&summary.groups);
        parts
            .flat_map(|part| {
                part.bands.iter().map(|of| SummaryRow {
                    unit_id: part.unit_id,
                    code: part.code.clone(),
                    name: part.name.clone(),
                    band: of.band,
                    shown: of.shown,
                    total: of.total,
                    suppressed: of.suppressed,
                })
            })
            .collect()
    };
    let count = summary.groups.len() + 1;
    read.rows_or("getSustainabilitySummary", &summary, rows, count)
        .await
}

/// Read a unit's latest closed assessment
///
/// `withheld` stands there when the unit keeps its assessments from the caller, whether or not it has any.
#[utoipa::path(get, path = "/v1/org-units/{unit}/sustainability", tag = "sustainability", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = LatestAssessment)))]
async fn get_latest_sustainability(Part(unit): Part<Reference>, read: Read) -> Reply {
    let state = sustainability::latest_sustainability(&read.caller, &unit)
        .await
        .map_err(refuse)?;
    let records = usize::from(state.latest.is_some());
    read.answer("getLatestSustainability", records, &state).await
}

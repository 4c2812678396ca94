//! How teams see themselves: purpose, patients, professionals, processes, patterns.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{
    ChangeFivePs, FiveP, FivePs, FivePsComparison, FivePsState, FivePsSummary, PatientsFindings,
    RecordFivePs, RecordPatientsFindings, TeamGroupBy,
};
use spiral_domain::{Allowed, Date, FivePsId, Page, PageRequest, Reference, UnitId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Query, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_five_ps_assessments, record_five_ps))
        .routes(routes!(compare_five_ps))
        .routes(routes!(get_five_ps, change_five_ps))
        .routes(routes!(list_patients_findings))
        .routes(routes!(record_patients_findings))
        .routes(routes!(get_five_ps_summary))
}

/// Which assessments, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FivePsQuery {
    /// Of this day or later.
    from: Option<Date>,
    /// Of this day or earlier.
    to: Option<Date>,
    /// Those that were recorded by mistake, too.
    #[serde(default)]
    #[param(required = false)]
    include_withdrawn: bool,
}

/// List 5Ps assessments of a team
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/five-ps", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), FivePsQuery, PageRequest), responses((status = 200, body = Page<FivePs>)))]
async fn list_five_ps_assessments(
    Part(unit): Part<Reference>,
    read: Read,
    List(query, page): List<FivePsQuery>,
) -> Reply {
    let filter = microsystems::FivePsFilter {
        from: query.from,
        to: query.to,
        withdrawn: query.include_withdrawn,
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move {
            let found = microsystems::five_ps_assessments(&caller, &unit, filter, &page).await;
            found.map(|(page, _)| page)
        }
    };
    read.list("listFivePsAssessments", page, fetch).await
}

/// Record how a team sees itself on a day
///
/// Of each P its findings and figures. Whether a P is begun follows from what is there; that it is complete only the
/// team can say.
#[utoipa::path(post, path = "/v1/microsystems/{unitId}/five-ps", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team")), request_body = RecordFivePs, responses((status = 201, body = FivePs)))]
async fn record_five_ps(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: RecordFivePs = write.json()?;
    let place = |of: &FivePs| format!("/v1/microsystems/{}/five-ps/{}", of.unit_id, of.id);
    let run = |caller| async move { microsystems::record_five_ps(&caller, &unit, input).await };
    let version = |of: &FivePs| of.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a 5Ps assessment
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/five-ps/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = FivePsId, Path, description = "The assessment")), responses((status = 200, body = Allowed<FivePs>)))]
async fn get_five_ps(Parts2(unit, id): Parts2<Reference, FivePsId>, read: Read) -> Reply {
    let found = microsystems::five_ps(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.record("getFivePs", found.version, &found).await
}

/// Change a 5Ps assessment
///
/// A JSON Merge Patch: what is absent stays, null empties a P, a list is replaced as a whole. `withdrawn` says that it
/// was recorded by mistake.
#[utoipa::path(patch, path = "/v1/microsystems/{unitId}/five-ps/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = FivePsId, Path, description = "The assessment")), request_body(content = ChangeFivePs, content_type = "application/merge-patch+json"), responses((status = 200, body = FivePs)))]
async fn change_five_ps(Parts2(unit, id): Parts2<Reference, FivePsId>, write: Write) -> Reply {
    let input: ChangeFivePs = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_five_ps(&caller, &unit, id, if_match, input).await };
    let version = |of: &FivePs| of.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Between which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DaysQuery {
    /// The day before: the latest assessment of it or earlier is taken.
    from: Date,
    /// The day after: the latest assessment of it or earlier is taken.
    to: Date,
}

/// Compare a team's 5Ps on two days
///
/// What changed, P by P: how far it had been looked at, which findings came and went, and each metric before and after.
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/five-ps/compare", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), DaysQuery), responses((status = 200, body = FivePsComparison)))]
async fn compare_five_ps(Part(unit): Part<Reference>, read: Read, Query(query): Query<DaysQuery>) -> Reply {
    let found = microsystems::compare_five_ps(&read.caller, &unit, query.from, query.to)
        .await
        .map_err(refuse)?;
    read.answer("compareFivePs", 2, &found).await
}

/// List what a team's assessments say of patients
///
/// The part of each 5Ps assessment that the team's patient partner reads and writes.
#[utoipa::path(get, path = "/v1/microsystems/{unitId}/patients-findings", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), PageRequest), responses((status = 200, body = Page<PatientsFindings>)))]
async fn list_patients_findings(Part(unit): Part<Reference>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| {
        let unit = unit.clone();
        async move {
            let found = microsystems::patients_findings(&caller, &unit, &page).await;
            found.map(|(page, _)| page)
        }
    };
    read.list("listPatientsFindings", page, fetch).await
}

/// Set what was found about patients in an assessment
///
/// Its figures, and all the rest of the assessment, stay as they are.
#[utoipa::path(put, path = "/v1/microsystems/{unitId}/patients-findings/{id}", tag = "microsystems", params(("unitId" = Reference, Path, description = "The team"), ("id" = FivePsId, Path, description = "The assessment")), request_body = RecordPatientsFindings, responses((status = 200, body = PatientsFindings)))]
async fn record_patients_findings(Parts2(unit, id): Parts2<Reference, FivePsId>, write: Write) -> Reply {
    let input: RecordPatientsFindings = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move {
        microsystems::record_patients_findings(&caller, &unit, id, if_match, input).await
    };
    let version = |of: &PatientsFindings| of.version;
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
    group_by: TeamGroupBy,
}

/// A row of the summary as CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryRow {
    unit_id: UnitId,
    code: String,
    name: String,
    p: FiveP,
    state: FivePsState,
    shown: i64,
    total: Option<i64>,
    suppressed: bool,
}

/// Which of the 5Ps is neglected
///
/// How many of the teams beneath a unit, and of each of its parts, stand where with each P, by their latest assessment.
/// `shown` counts what the caller may see, `total` all teams, and is left out where it would tell what few teams keep
/// to themselves.
#[utoipa::path(get, path = "/v1/five-ps/summary", tag = "microsystems", params(SummaryQuery), responses((status = 200, content((FivePsSummary = "application/json"), (String = "text/csv")))))]
async fn get_five_ps_summary(read: Read, Query(query): Query<SummaryQuery>) -> Reply {
    let summary = microsystems::five_ps_summary(&read.caller, query.unit.as_ref(), query.group_by)
        .await
        .map_err(refuse)?;
    let rows = || {
        let places = std::iter::once(&summary.whole).chain(&summary.groups);
        let row = |place: &spiral_domain::microsystems::FivePsDistribution| {
            let (unit_id, code, name) = (place.unit_id, place.code.clone(), place.name.clone());
            let parts = place.parts.clone().into_iter();
            let counts = parts.flat_map(|of| of.states.into_iter().map(move |count| (of.p, count)));
            let row = move |(p, count): (FiveP, spiral_domain::microsystems::FivePsCount)| SummaryRow {
                unit_id,
                code: code.clone(),
                name: name.clone(),
                p,
                state: count.state,
                shown: count.shown,
                total: count.total,
                suppressed: count.suppressed,
            };
            counts.map(row).collect::<Vec<_>>()
        };
        places.flat_map(row).collect()
    };
    let count = summary.groups.len() + 1;
    read.rows_or("getFivePsSummary", &summary, rows, count).await
}

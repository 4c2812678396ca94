//! Field tests, their sites and results.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::field_tests::{FieldTestFilter, ResultFilter};
use spiral_app::{App, field_tests};
use spiral_domain::exchange::{BatchOptions, BatchReport};
use spiral_domain::field_tests::{
    Arm, ChangeFieldTest, ChangeSite, CreateFieldTest, EnrolSite, FieldTest, FieldTestResult,
    FieldTestStatus, Phase, PushFieldTestResult, Site, SiteResults,
};
use spiral_domain::{Allowed, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Query, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_field_tests, create_field_test))
        .routes(routes!(get_field_test, change_field_test))
        .routes(routes!(list_sites, enrol_site))
        .routes(routes!(change_site))
        .routes(routes!(list_field_test_results, push_field_test_result))
        .routes(routes!(list_results_by_site))
        .routes(routes!(push_field_test_results))
}

/// Which field tests, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FieldTestQuery {
    /// Those of this innovation.
    innovation: Option<Reference>,
    /// Those that this unit runs.
    unit: Option<Reference>,
    /// Those that stand here.
    status: Option<FieldTestStatus>,
}

/// List field tests
///
/// Every principal of the tenant reads their protocols; sites and results are read as far as they are shared.
#[utoipa::path(get, path = "/v1/field-tests", tag = "innovations", params(FieldTestQuery, PageRequest), responses((status = 200, body = Page<FieldTest>)))]
async fn list_field_tests(read: Read, List(query, page): List<FieldTestQuery>) -> Reply {
    let filter = FieldTestFilter {
        innovation: query.innovation,
        unit: query.unit,
        status: query.status,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { field_tests::field_tests(&caller, filter, &page).await }
    };
    read.list("listFieldTests", page, fetch).await
}

/// Plan a field test
#[utoipa::path(post, path = "/v1/field-tests", tag = "innovations", request_body = CreateFieldTest, responses((status = 201, body = FieldTest)))]
async fn create_field_test(write: Write) -> Reply {
    let input: CreateFieldTest = write.json()?;
    let place = |test: &FieldTest| format!("/v1/field-tests/{}", test.id);
    let run = |caller| async move { field_tests::create_field_test(&caller, input).await };
    write
        .once_record(StatusCode::CREATED, |test: &FieldTest| test.version, place, run)
        .await
}

/// Read a field test
#[utoipa::path(get, path = "/v1/field-tests/{fieldTest}", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test")), responses((status = 200, body = Allowed<FieldTest>)))]
async fn get_field_test(Part(test): Part<Reference>, read: Read) -> Reply {
    let test = field_tests::field_test(&read.caller, &test)
        .await
        .map_err(refuse)?;
    read.record("getFieldTest", test.version, &test).await
}

/// Change a field test, or move it to another status
///
/// A JSON Merge Patch: what is absent stays, null clears. The measures may change only while it is planned.
#[utoipa::path(patch, path = "/v1/field-tests/{fieldTest}", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test")), request_body(content = ChangeFieldTest, content_type = "application/merge-patch+json"), responses((status = 200, body = FieldTest)))]
async fn change_field_test(Part(test): Part<Reference>, write: Write) -> Reply {
    let input: ChangeFieldTest = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { field_tests::change_field_test(&caller, &test, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |test: &FieldTest| test.version,
            |_| String::new(),
            run,
        )
        .await
}

/// List the sites of a field test
#[utoipa::path(get, path = "/v1/field-tests/{fieldTest}/sites", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test"), PageRequest), responses((status = 200, body = Page<Site>)))]
async fn list_sites(Part(test): Part<Reference>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| {
        let test = test.clone();
        async move { field_tests::sites(&caller, &test, &page).await }
    };
    read.list("listSites", page, fetch).await
}

/// Enrol a unit in a field test
#[utoipa::path(post, path = "/v1/field-tests/{fieldTest}/sites", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test")), request_body = EnrolSite, responses((status = 201, body = Site)))]
async fn enrol_site(Part(test): Part<Reference>, write: Write) -> Reply {
    let input: EnrolSite = write.json()?;
    let place = |site: &Site| format!("/v1/field-tests/{}/sites/{}", site.field_test_id, site.unit_id);
    let run = |caller| async move { field_tests::enrol_site(&caller, &test, input).await };
    write
        .once_record(StatusCode::CREATED, |site: &Site| site.version, place, run)
        .await
}

/// Change a site: its arm or step, when it crossed over, when it left
///
/// A JSON Merge Patch. A change that results already recorded contradict is refused.
#[utoipa::path(patch, path = "/v1/field-tests/{fieldTest}/sites/{unit}", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test"), ("unit" = Reference, Path, description = "The site's unit")), request_body(content = ChangeSite, content_type = "application/merge-patch+json"), responses((status = 200, body = Site)))]
async fn change_site(Parts2(test, unit): Parts2<Reference, Reference>, write: Write) -> Reply {
    let input: ChangeSite = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { field_tests::change_site(&caller, &test, &unit, if_match, input).await };
    write
        .once_record(StatusCode::OK, |site: &Site| site.version, |_| String::new(), run)
        .await
}

/// Which results, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ResultQuery {
    /// Those of the site at this unit.
    unit: Option<Reference>,
    /// Those on the measure with this code.
    #[param(max_length = 63)]
    measure_code: Option<String>,
    /// Those of this arm.
    arm: Option<Arm>,
    /// Those of this phase.
    phase: Option<Phase>,
    /// Retracted ones too.
    #[serde(default)]
    #[param(required = false)]
    retracted: bool,
}

/// List the results of a field test
#[utoipa::path(get, path = "/v1/field-tests/{fieldTest}/results", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test"), ResultQuery, PageRequest), responses((status = 200, body = Page<FieldTestResult>)))]
async fn list_field_test_results(
    Part(test): Part<Reference>,
    read: Read,
    List(query, page): List<ResultQuery>,
) -> Reply {
    let filter = ResultFilter {
        unit: query.unit,
        measure_code: query.measure_code,
        arm: query.arm,
        phase: query.phase,
        retracted: query.retracted,
    };
    let fetch = move |caller, page| {
        let test = test.clone();
        let filter = filter.clone();
        async move { field_tests::results(&caller, &test, filter, &page).await }
    };
    read.list("listFieldTestResults", page, fetch).await
}

/// List the results of a field test site by site
///
/// Each page is a page of sites, each with all its results that stand.
#[utoipa::path(get, path = "/v1/field-tests/{fieldTest}/results/by-site", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test"), PageRequest), responses((status = 200, body = Page<SiteResults>)))]
async fn list_results_by_site(Part(test): Part<Reference>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| {
        let test = test.clone();
        async move { field_tests::results_by_site(&caller, &test, &page).await }
    };
    read.list("listResultsBySite", page, fetch).await
}

/// Push one result
///
/// The same `source` and `externalId`, or the same unit, measure, arm, phase, period and stratum, again
/// correct it.
#[utoipa::path(post, path = "/v1/field-tests/{fieldTest}/results", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test")), request_body = PushFieldTestResult, responses((status = 200, body = FieldTestResult)))]
async fn push_field_test_result(Part(test): Part<Reference>, write: Write) -> Reply {
    let input: PushFieldTestResult = write.json()?;
    let run = |caller| async move { field_tests::push_field_test_result(&caller, &test, input).await };
    write
        .once_record(
            StatusCode::OK,
            |result: &FieldTestResult| result.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Push many results
///
/// A JSON array, NDJSON or CSV. One bad row refuses all of them, unless `atomic=false`.
#[utoipa::path(post, path = "/v1/field-tests/{fieldTest}/results/batch", tag = "innovations", params(("fieldTest" = Reference, Path, description = "The field test"), BatchOptions), request_body(content((Vec<PushFieldTestResult> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))), responses((status = 200, body = BatchReport)))]
async fn push_field_test_results(
    Part(test): Part<Reference>,
    Query(options): Query<BatchOptions>,
    write: Write,
) -> Reply {
    let batch = write.batch::<PushFieldTestResult>()?;
    let run =
        |caller| async move { field_tests::push_field_test_results(&caller, &test, batch, options).await };
    write.once(StatusCode::OK, run).await
}

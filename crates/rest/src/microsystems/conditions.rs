//! Leadership and local conditions over time.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{
    AssessCondition, ChangeCondition, Condition, ConditionAssessment, LatestConditions,
};
use spiral_domain::{Allowed, ConditionAssessmentId, Date, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_condition_assessments, assess_condition))
        .routes(routes!(get_condition_assessment, change_condition))
        .routes(routes!(get_latest_conditions))
}

/// Which assessments, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConditionQuery {
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// Of this condition.
    condition: Option<Condition>,
    /// Of this day or later.
    from: Option<Date>,
    /// Of this day or earlier.
    to: Option<Date>,
    /// Those that were recorded by mistake, too.
    #[serde(default)]
    #[param(required = false)]
    include_withdrawn: bool,
}

/// List assessments of conditions
///
/// The history of leadership and local conditions, as far as it is shared with the caller.
#[utoipa::path(get, path = "/v1/condition-assessments", tag = "microsystems", params(ConditionQuery, PageRequest), responses((status = 200, body = Page<ConditionAssessment>)))]
async fn list_condition_assessments(read: Read, List(query, page): List<ConditionQuery>) -> Reply {
    let filter = microsystems::ConditionFilter {
        unit: query.unit,
        within: query.within,
        condition: query.condition,
        from: query.from,
        to: query.to,
        withdrawn: query.include_withdrawn,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { microsystems::condition_assessments(&caller, filter, &page).await }
    };
    read.list("listConditionAssessments", page, fetch).await
}

/// Record a condition of a unit on a day
///
/// Leadership or local conditions, through one lens at least: structures, processes, patterns.
#[utoipa::path(post, path = "/v1/condition-assessments", tag = "microsystems", request_body = AssessCondition, responses((status = 201, body = ConditionAssessment)))]
async fn assess_condition(write: Write) -> Reply {
    let input: AssessCondition = write.json()?;
    let place = |of: &ConditionAssessment| format!("/v1/condition-assessments/{}", of.id);
    let run = |caller| async move { microsystems::assess_condition(&caller, input).await };
    let version = |of: &ConditionAssessment| of.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read an assessment of a condition
#[utoipa::path(get, path = "/v1/condition-assessments/{id}", tag = "microsystems", params(("id" = ConditionAssessmentId, Path, description = "The assessment")), responses((status = 200, body = Allowed<ConditionAssessment>)))]
async fn get_condition_assessment(Part(id): Part<ConditionAssessmentId>, read: Read) -> Reply {
    let found = microsystems::condition_assessment(&read.caller, id)
        .await
        .map_err(refuse)?;
    read.record("getConditionAssessment", found.version, &found).await
}

/// Change an assessment of a condition
///
/// A JSON Merge Patch: what is absent stays, null takes a lens away. `withdrawn` says that it was recorded by mistake.
#[utoipa::path(patch, path = "/v1/condition-assessments/{id}", tag = "microsystems", params(("id" = ConditionAssessmentId, Path, description = "The assessment")), request_body(content = ChangeCondition, content_type = "application/merge-patch+json"), responses((status = 200, body = ConditionAssessment)))]
async fn change_condition(Part(id): Part<ConditionAssessmentId>, write: Write) -> Reply {
    let input: ChangeCondition = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_condition(&caller, id, if_match, input).await };
    let version = |of: &ConditionAssessment| of.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Read the latest conditions of a unit
///
/// `withheld` stands there when the unit keeps them from the caller, whether or not it has any.
#[utoipa::path(get, path = "/v1/org-units/{unit}/conditions", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = LatestConditions)))]
async fn get_latest_conditions(Part(unit): Part<Reference>, read: Read) -> Reply {
    let latest = microsystems::latest_conditions(&read.caller, &unit)
        .await
        .map_err(refuse)?;
    let there = [&latest.leadership, &latest.local_conditions];
    let records = there.into_iter().flatten().count();
    read.answer("getLatestConditions", records, &latest).await
}

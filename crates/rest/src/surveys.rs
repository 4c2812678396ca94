//! Surveys: instruments, surveys, what they come to; and, in `public`, where they are answered.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use spiral_app::surveys::SurveyFilter;
use spiral_app::{App, surveys};
use spiral_domain::surveys::{
    AddSurveyInstrument, ChangeSurvey, CloseSurvey, IssueSurveyCodes, OpenSurvey, PointCount, Survey,
    SurveyChange, SurveyCodes, SurveyComparison, SurveyInstrument, SurveyKind, SurveyLink, SurveyResults,
    SurveyStatus, SurveySummary,
};
use spiral_domain::{Allowed, Page, PageRequest, Reference, SurveyId, UnitId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

mod public;
mod roll_up;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_survey_instruments, add_survey_instrument))
        .routes(routes!(get_survey_instrument))
        .routes(routes!(list_surveys, open_survey))
        .routes(routes!(get_survey_comparison))
        .merge(roll_up::routes())
        .routes(routes!(get_survey, change_survey))
        .routes(routes!(close_survey))
        .routes(routes!(get_survey_links))
        .routes(routes!(issue_survey_codes))
        .routes(routes!(get_survey_summary))
        .merge(public::routes())
}

/// List survey instruments
///
/// Those built in, then the tenant's own, each in all its versions.
#[utoipa::path(get, path = "/v1/survey-instruments", tag = "surveys", responses((status = 200, body = Vec<SurveyInstrument>)))]
async fn get_survey_instruments(read: Read) -> Reply {
    let found = surveys::survey_instruments(&read.caller).await.map_err(refuse)?;
    read.answer("getSurveyInstruments", found.len(), &found).await
}

/// Add a survey instrument
///
/// With a code of its own, or with that of one of the unit's own instruments: then it is the next version of it. A
/// version never changes. The wording of the questions is the tenant's to load, where it may use it.
#[utoipa::path(post, path = "/v1/survey-instruments", tag = "surveys", request_body = AddSurveyInstrument, responses((status = 201, body = SurveyInstrument)))]
async fn add_survey_instrument(write: Write) -> Reply {
    let input: AddSurveyInstrument = write.json()?;
    let place =
        |made: &SurveyInstrument| format!("/v1/survey-instruments/{}?version={}", made.code, made.version);
    let run = |caller| async move { surveys::add_survey_instrument(&caller, input).await };
    let version = |made: &SurveyInstrument| made.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Which version.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct VersionQuery {
    /// The version; the latest if absent.
    #[param(minimum = 1, maximum = 1_000_000)]
    version: Option<i64>,
}

/// Read a survey instrument
#[utoipa::path(get, path = "/v1/survey-instruments/{code}", tag = "surveys", params(("code" = String, Path, description = "The instrument's code", max_length = 63), VersionQuery), responses((status = 200, body = SurveyInstrument)))]
async fn get_survey_instrument(
    Part(code): Part<String>,
    read: Read,
    Query(query): Query<VersionQuery>,
) -> Reply {
    let found = surveys::survey_instrument(&read.caller, &code, query.version)
        .await
        .map_err(refuse)?;
    read.record("getSurveyInstrument", found.version, &found).await
}

/// Which surveys, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SurveyQuery {
    /// Those that this unit runs.
    unit: Option<Reference>,
    /// Those that units at or beneath this one run.
    within: Option<Reference>,
    /// Those of this network.
    network: Option<Reference>,
    /// Those that ask by the instrument of this code.
    #[param(max_length = 63)]
    instrument: Option<String>,
    /// Those of this kind.
    kind: Option<SurveyKind>,
    /// Those that stand here.
    status: Option<SurveyStatus>,
}

/// List surveys
///
/// Those that are shared as far as the caller, and those of networks.
#[utoipa::path(get, path = "/v1/surveys", tag = "surveys", params(SurveyQuery, PageRequest), responses((status = 200, body = Page<Survey>)))]
async fn list_surveys(read: Read, List(query, page): List<SurveyQuery>) -> Reply {
    let filter = SurveyFilter {
        unit: query.unit,
        within: query.within,
        network: query.network,
        instrument: query.instrument,
        kind: query.kind,
        status: query.status,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { surveys::surveys(&caller, filter, &page).await }
    };
    read.list("listSurveys", page, fetch).await
}

/// Open a survey
///
/// Of a unit, or of the units that are members of a network today.
#[utoipa::path(post, path = "/v1/surveys", tag = "surveys", request_body = OpenSurvey, responses((status = 201, body = Survey)))]
async fn open_survey(write: Write) -> Reply {
    let input: OpenSurvey = write.json()?;
    let place = |survey: &Survey| format!("/v1/surveys/{}", survey.id);
    let run = |caller| async move { surveys::open_survey(&caller, input).await };
    let version = |survey: &Survey| survey.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a survey
#[utoipa::path(get, path = "/v1/surveys/{id}", tag = "surveys", params(("id" = SurveyId, Path, description = "The survey")), responses((status = 200, body = Allowed<Survey>)))]
async fn get_survey(Part(id): Part<SurveyId>, read: Read) -> Reply {
    let survey = surveys::survey(&read.caller, id).await.map_err(refuse)?;
    read.record("getSurvey", survey.version, &survey).await
}

/// Change an open survey
///
/// A JSON Merge Patch: what is absent stays.
#[utoipa::path(patch, path = "/v1/surveys/{id}", tag = "surveys", params(("id" = SurveyId, Path, description = "The survey")), request_body(content = ChangeSurvey, content_type = "application/merge-patch+json"), responses((status = 200, body = Survey)))]
async fn change_survey(Part(id): Part<SurveyId>, write: Write) -> Reply {
    let input: ChangeSurvey = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { surveys::change_survey(&caller, id, if_match, input).await };
    let version = |survey: &Survey| survey.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Close a survey
///
/// It takes no more answers, and tells what they come to; the answers themselves are gone. If too few have answered
/// for anything to be told, it is refused unless `discard` says that their answers may be lost.
#[utoipa::path(post, path = "/v1/surveys/{id}/close", tag = "surveys", params(("id" = SurveyId, Path, description = "The survey")), request_body = CloseSurvey, responses((status = 200, body = Survey)))]
async fn close_survey(Part(id): Part<SurveyId>, write: Write) -> Reply {
    let input: CloseSurvey = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { surveys::close_survey(&caller, id, if_match, input).await };
    let version = |survey: &Survey| survey.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Get the links of a survey
///
/// The public addresses at which it is answered, one for each unit that the caller runs it in.
#[utoipa::path(get, path = "/v1/surveys/{id}/links", tag = "surveys", params(("id" = SurveyId, Path, description = "The survey")), responses((status = 200, body = Vec<SurveyLink>)))]
async fn get_survey_links(Part(id): Part<SurveyId>, read: Read) -> Reply {
    let links = surveys::survey_links(&read.caller, id).await.map_err(refuse)?;
    read.answer("getSurveyLinks", links.len(), &links).await
}

/// Give out one-time codes
///
/// They are shown this once. Which of them was used for which answers is kept nowhere.
#[utoipa::path(post, path = "/v1/surveys/{id}/codes", tag = "surveys", params(("id" = SurveyId, Path, description = "The survey")), request_body = IssueSurveyCodes, responses((status = 201, body = SurveyCodes)))]
async fn issue_survey_codes(Part(id): Part<SurveyId>, write: Write) -> Reply {
    let input: IssueSurveyCodes = write.json()?;
    let run = |caller| async move { surveys::issue_survey_codes(&caller, id, input).await };
    write.once(StatusCode::CREATED, run).await
}

/// A row of a summary as CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultRow {
    unit_id: Option<UnitId>,
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

/// The rows of what one unit, or all of them, have answered.
fn rows_of(unit_id: Option<UnitId>, results: &SurveyResults) -> Vec<ResultRow> {
    let point = |point: &PointCount| (point.value.to_string(), point.count);
    let items = results.items.iter().map(|item| ResultRow {
        unit_id,
        of: "item",
        code: item.item.clone(),
        label: item.label.clone(),
        suppressed: item.suppressed,
        n: item.rated,
        cant_rate: item.cant_rate,
        not_answered: item.not_answered,
        mean: item.mean,
        median: item.median,
        standard_deviation: item.standard_deviation,
        counts: counts(item.counts.iter().map(point)),
    });
    let scores = results.scores.iter().map(|score| ResultRow {
        unit_id,
        of: "score",
        code: score.subscale.clone(),
        label: score.label.clone(),
        suppressed: score.suppressed,
        n: score.scored,
        cant_rate: None,
        not_answered: None,
        mean: score.mean,
        median: score.median,
        standard_deviation: score.standard_deviation,
        counts: counts(
            score
                .bins
                .iter()
                .map(|bin| (format!("{}-{}", bin.from, bin.to), bin.count)),
        ),
    });
    items.chain(scores).collect()
}

/// A distribution in one cell: `1=2 2=0 3=5`.
fn counts(of: impl Iterator<Item = (String, i64)>) -> String {
    let parts: Vec<String> = of.map(|(what, count)| format!("{what}={count}")).collect();
    parts.join(" ")
}

/// What a survey comes to
///
/// Item by item and score by score, once it is closed. Nothing is told of fewer answers than the threshold, or of
/// answers that are too much of one mind; `suppressed` says where. Of a network's survey, each unit whose part the
/// caller may see, and the whole where no hidden unit can be told from it. As CSV one row for each item and score.
#[utoipa::path(get, path = "/v1/surveys/{id}/summary", tag = "surveys", params(("id" = SurveyId, Path, description = "The survey")), responses((status = 200, content((SurveySummary = "application/json"), (String = "text/csv")))))]
async fn get_survey_summary(Part(id): Part<SurveyId>, read: Read) -> Reply {
    let summary = surveys::survey_summary(&read.caller, id).await.map_err(refuse)?;
    let rows = || {
        let whole = summary.results.iter().map(|results| (None, results));
        let units = summary
            .units
            .iter()
            .filter_map(|unit| Some((Some(unit.unit_id), unit.results.as_ref()?)));
        whole
            .chain(units)
            .flat_map(|(unit, results)| rows_of(unit, results))
            .collect()
    };
    read.rows_or("getSurveySummary", &summary, rows, 1).await
}

/// Which waves.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ComparisonQuery {
    /// The earlier survey.
    before: SurveyId,
    /// The later one, by the same instrument in the same version.
    after: SurveyId,
}

/// A row of a comparison as CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeRow {
    of: &'static str,
    code: String,
    label: String,
    n_before: Option<i64>,
    n_after: Option<i64>,
    before: Option<f64>,
    after: Option<f64>,
    difference: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    p_value: Option<f64>,
}

impl ChangeRow {
    fn of(of: &'static str, change: &SurveyChange) -> Self {
        Self {
            of,
            code: change.code.clone(),
            label: change.label.clone(),
            n_before: change.n_before,
            n_after: change.n_after,
            before: change.before,
            after: change.after,
            difference: change.difference,
            lower: change.lower,
            upper: change.upper,
            p_value: change.p_value,
        }
    }
}

/// Compare two waves of a survey
///
/// The means of items and scores, their differences, and the 95 % interval of each (Welch). What either wave keeps
/// back is null.
#[utoipa::path(get, path = "/v1/surveys/compare", tag = "surveys", params(ComparisonQuery), responses((status = 200, content((SurveyComparison = "application/json"), (String = "text/csv")))))]
async fn get_survey_comparison(read: Read, Query(query): Query<ComparisonQuery>) -> Reply {
    let compared = surveys::survey_comparison(&read.caller, query.before, query.after)
        .await
        .map_err(refuse)?;
    let rows = || {
        let items = compared.items.iter().map(|change| ChangeRow::of("item", change));
        let scores = compared
            .scores
            .iter()
            .map(|change| ChangeRow::of("score", change));
        items.chain(scores).collect()
    };
    read.rows_or("getSurveyComparison", &compared, rows, 2).await
}

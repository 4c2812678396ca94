//! Stratum dimensions, measures and observations.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, measures};
use spiral_domain::exchange::{BatchOptions, BatchReport};
use spiral_domain::measures::{
    DeclareDimension, DefineMeasure, Measure, Observation, ObservationRevision, PushObservation, Stratum,
    StratumDimension,
};
use spiral_domain::{Allowed, Date, Page, PageRequest, Reference, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::batch::RetractQuery;
use crate::extract::{Part, Query, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

mod marks;

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_stratum_dimensions, declare_dimension))
        .routes(routes!(get_stratum_dimension))
        .routes(routes!(list_measures, define_measure))
        .routes(routes!(get_measure))
        .routes(routes!(list_observations, push_observations))
        .routes(routes!(get_observation, retract_observation))
        .routes(routes!(list_observation_revisions))
        .merge(marks::routes())
}

/// List stratum dimensions
#[utoipa::path(get, path = "/v1/stratum-dimensions", tag = "measures", params(PageRequest), responses((status = 200, body = Page<StratumDimension>)))]
async fn list_stratum_dimensions(read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { measures::dimensions(&caller, &page).await };
    read.list("listStratumDimensions", page, fetch).await
}

/// Declare a stratum dimension
///
/// Its values in order; figures by different declarations are never summed.
#[utoipa::path(post, path = "/v1/stratum-dimensions", tag = "measures", request_body = DeclareDimension, responses((status = 201, body = StratumDimension)))]
async fn declare_dimension(write: Write) -> Reply {
    let input: DeclareDimension = write.json()?;
    let place = |dimension: &StratumDimension| format!("/v1/stratum-dimensions/{}", dimension.id);
    let run = |caller| async move { measures::declare_dimension(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |dimension: &StratumDimension| dimension.version,
            place,
            run,
        )
        .await
}

/// Read a stratum dimension
#[utoipa::path(get, path = "/v1/stratum-dimensions/{dimension}", tag = "measures", params(("dimension" = String, Path, description = "Its id or its code", max_length = 100)), responses((status = 200, body = StratumDimension)))]
async fn get_stratum_dimension(Part(dimension): Part<String>, read: Read) -> Reply {
    let dimension = measures::dimension(&read.caller, &dimension)
        .await
        .map_err(refuse)?;
    read.record("getStratumDimension", dimension.version, &dimension)
        .await
}

/// Which measures, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MeasureQuery {
    /// Owned by this unit.
    unit: Option<Reference>,
    /// Of this code.
    #[param(max_length = 63)]
    code: Option<String>,
    /// Every version, not only the latest of each code.
    all_versions: Option<bool>,
}

/// List measures
///
/// The library, and a team's own as far as it shares its observations.
#[utoipa::path(get, path = "/v1/measures", tag = "measures", params(MeasureQuery, PageRequest), responses((status = 200, body = Page<Measure>)))]
async fn list_measures(read: Read, List(query, page): List<MeasureQuery>) -> Reply {
    let filter = measures::MeasureFilter {
        unit: query.unit,
        code: query.code,
        all_versions: query.all_versions.unwrap_or_default(),
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { measures::measures(&caller, filter, &page).await }
    };
    read.list("listMeasures", page, fetch).await
}

/// Define a measure, or a new version of it
///
/// The code of a measure that the unit owns makes a new version, which nothing is summed with; the same
/// definition again is the version that is there.
#[utoipa::path(post, path = "/v1/measures", tag = "measures", request_body = DefineMeasure, responses((status = 201, body = Measure)))]
async fn define_measure(write: Write) -> Reply {
    let input: DefineMeasure = write.json()?;
    let place = |measure: &Measure| format!("/v1/measures/{}", measure.id);
    let run = |caller| async move { measures::define_measure(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |measure: &Measure| measure.version,
            place,
            run,
        )
        .await
}

/// Read a measure
///
/// A code means its latest version.
#[utoipa::path(get, path = "/v1/measures/{measure}", tag = "measures", params(("measure" = Reference, Path, description = "The measure")), responses((status = 200, body = Allowed<Measure>)))]
async fn get_measure(Part(measure): Part<Reference>, read: Read) -> Reply {
    let measure = measures::measure(&read.caller, &measure).await.map_err(refuse)?;
    read.record("getMeasure", measure.version, &measure).await
}

/// Which observations, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ObservationsQuery {
    /// Of this measure; a code means its latest version.
    measure: Option<Reference>,
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// Of periods that begin on this day or later.
    from: Option<Date>,
    /// Of periods that end on this day or earlier.
    to: Option<Date>,
    /// Of this stratum, as `dimension=value`; empty means the whole population.
    #[serde(default, deserialize_with = "given")]
    #[param(max_length = 300, value_type = Option<String>)]
    stratum: Option<Stratum>,
    /// From this tool.
    #[param(max_length = 63)]
    source: Option<String>,
    /// As they were known at this instant.
    known_at: Option<Timestamp>,
    /// Those that were taken back, too.
    include_retracted: Option<bool>,
}

/// A parameter that may be empty and still says something.
pub(crate) fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Stratum>, D::Error> {
    Stratum::deserialize(deserializer).map(Some)
}

/// List observations
#[utoipa::path(get, path = "/v1/observations", tag = "measures", params(ObservationsQuery, PageRequest), responses((status = 200, body = Page<Observation>)))]
async fn list_observations(read: Read, List(query, page): List<ObservationsQuery>) -> Reply {
    let filter = measures::ObservationQuery {
        measure: query.measure,
        unit: query.unit,
        within: query.within,
        from: query.from,
        to: query.to,
        stratum: query.stratum,
        source: query.source,
        known_at: query.known_at,
        include_retracted: query.include_retracted.unwrap_or_default(),
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { measures::observations(&caller, filter, &page).await }
    };
    read.list("listObservations", page, fetch).await
}

/// Push observations
///
/// Up to 10,000 rows, each with an optional `rowKey` of the client's own. Writing the same key again replaces the
/// value, an equal value is `unchanged`, `retracted` takes it back; earlier values stay readable as revisions.
/// One bad row refuses the batch, unless `atomic=false`.
#[utoipa::path(put, path = "/v1/observations", tag = "measures", params(BatchOptions), request_body(content((Vec<PushObservation> = "application/json"), (PushObservation = "application/x-ndjson"), (String = "text/csv"))), responses((status = 200, body = BatchReport)))]
async fn push_observations(Query(options): Query<BatchOptions>, write: Write) -> Reply {
    let batch = write.batch::<PushObservation>()?;
    let run = |caller| async move { measures::push_observations(&caller, batch, options).await };
    write.once(StatusCode::OK, run).await
}

/// Read an observation
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/observations/{observation}", tag = "measures", params(("observation" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`")), responses((status = 200, body = Allowed<Observation>)))]
async fn get_observation(Part(observation): Part<Reference>, read: Read) -> Reply {
    let observation = measures::observation(&read.caller, &observation)
        .await
        .map_err(refuse)?;
    read.record("getObservation", observation.version, &observation)
        .await
}

/// Take an observation back
///
/// It counts for nothing from then on, and stays readable as taken back; pushing it again revives it.
#[utoipa::path(delete, path = "/v1/observations/{observation}", tag = "measures", params(("observation" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`"), RetractQuery), responses((status = 200, body = Observation)))]
async fn retract_observation(
    Part(observation): Part<Reference>,
    Query(query): Query<RetractQuery>,
    write: Write,
) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move {
        measures::retract_observation(&caller, &observation, if_match, query.take_over).await
    };
    write
        .once_record(
            StatusCode::OK,
            |observation: &Observation| observation.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Read how an observation came to be what it is
///
/// Every state it had, the present one last.
#[utoipa::path(get, path = "/v1/observations/{observation}/revisions", tag = "measures", params(("observation" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`")), responses((status = 200, body = Vec<ObservationRevision>)))]
async fn list_observation_revisions(Part(observation): Part<Reference>, read: Read) -> Reply {
    let revisions = measures::observation_revisions(&read.caller, &observation)
        .await
        .map_err(refuse)?;
    read.answer("listObservationRevisions", revisions.len(), &revisions)
        .await
}

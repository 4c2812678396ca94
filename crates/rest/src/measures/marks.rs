//! Annotations, phases, targets and links to library measures: what stands beside a series.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::measures::MarkFilter;
use spiral_app::{App, measures};
use spiral_domain::measures::{
    AddAnnotation, Annotation, ChangeAnnotation, ChangePhase, LinkMeasure, MeasureLink, OpenPhase, Phase,
    SetTarget, Target,
};
use spiral_domain::{Allowed, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::batch::RetractQuery;
use crate::extract::{Part, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_annotations, add_annotation))
        .routes(routes!(get_annotation, change_annotation, retract_annotation))
        .routes(routes!(list_phases, open_phase))
        .routes(routes!(get_phase, change_phase, retract_phase))
        .routes(routes!(list_targets, set_target))
        .routes(routes!(get_target, retract_target))
        .routes(routes!(list_measure_links, link_measure))
        .routes(routes!(get_measure_link, retract_measure_link))
}

/// Which of them, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MarkQuery {
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// Of this measure, in this version.
    measure: Option<Reference>,
    /// Those that were taken back, too.
    include_retracted: Option<bool>,
}

impl From<MarkQuery> for MarkFilter {
    fn from(query: MarkQuery) -> Self {
        Self {
            unit: query.unit,
            within: query.within,
            measure: query.measure,
            include_retracted: query.include_retracted.unwrap_or_default(),
        }
    }
}

/// List annotations
#[utoipa::path(get, path = "/v1/annotations", tag = "measures", params(MarkQuery, PageRequest), responses((status = 200, body = Page<Annotation>)))]
async fn list_annotations(read: Read, List(query, page): List<MarkQuery>) -> Reply {
    let filter = MarkFilter::from(query);
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { measures::marks::<Annotation>(&caller, filter, &page).await }
    };
    read.list("listAnnotations", page, fetch).await
}

/// Mark an event on a unit's series
///
/// It changes no limits. The same `source` and `externalId` again correct it.
#[utoipa::path(post, path = "/v1/annotations", tag = "measures", request_body = AddAnnotation, responses((status = 201, body = Annotation)))]
async fn add_annotation(write: Write) -> Reply {
    let input: AddAnnotation = write.json()?;
    let place = |annotation: &Annotation| format!("/v1/annotations/{}", annotation.id);
    let run = |caller| async move { measures::add_annotation(&caller, input).await };
    let version = |annotation: &Annotation| annotation.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read an annotation
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/annotations/{annotation}", tag = "measures", params(("annotation" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`")), responses((status = 200, body = Allowed<Annotation>)))]
async fn get_annotation(Part(reference): Part<Reference>, read: Read) -> Reply {
    let annotation = measures::mark::<Annotation>(&read.caller, &reference)
        .await
        .map_err(refuse)?;
    read.record("getAnnotation", annotation.version, &annotation)
        .await
}

/// Change an annotation
///
/// A JSON Merge Patch: what is absent stays.
#[utoipa::path(patch, path = "/v1/annotations/{annotation}", tag = "measures", params(("annotation" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`")), request_body(content = ChangeAnnotation, content_type = "application/merge-patch+json"), responses((status = 200, body = Annotation)))]
async fn change_annotation(Part(reference): Part<Reference>, write: Write) -> Reply {
    let input: ChangeAnnotation = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { measures::change_annotation(&caller, &reference, if_match, input).await };
    let version = |annotation: &Annotation| annotation.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Take an annotation back
///
/// It counts for nothing from then on, and stays readable as taken back.
#[utoipa::path(delete, path = "/v1/annotations/{annotation}", tag = "measures", params(("annotation" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`"), RetractQuery), responses((status = 200, body = Annotation)))]
async fn retract_annotation(
    Part(reference): Part<Reference>,
    Query(query): Query<RetractQuery>,
    write: Write,
) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move {
        measures::retract_mark::<Annotation>(&caller, &reference, if_match, query.take_over).await
    };
    let version = |annotation: &Annotation| annotation.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// List phases
#[utoipa::path(get, path = "/v1/phases", tag = "measures", params(MarkQuery, PageRequest), responses((status = 200, body = Page<Phase>)))]
async fn list_phases(read: Read, List(query, page): List<MarkQuery>) -> Reply {
    let filter = MarkFilter::from(query);
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { measures::marks::<Phase>(&caller, filter, &page).await }
    };
    read.list("listPhases", page, fetch).await
}

/// Open a phase of a unit's series
///
/// A deliberate change: from the first period on that begins on its day or later the series has limits of its own.
/// The same `source` and `externalId` again correct it.
#[utoipa::path(post, path = "/v1/phases", tag = "measures", request_body = OpenPhase, responses((status = 201, body = Phase)))]
async fn open_phase(write: Write) -> Reply {
    let input: OpenPhase = write.json()?;
    let place = |phase: &Phase| format!("/v1/phases/{}", phase.id);
    let run = |caller| async move { measures::open_phase(&caller, input).await };
    let version = |phase: &Phase| phase.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a phase
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/phases/{phase}", tag = "measures", params(("phase" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`")), responses((status = 200, body = Allowed<Phase>)))]
async fn get_phase(Part(reference): Part<Reference>, read: Read) -> Reply {
    let phase = measures::mark::<Phase>(&read.caller, &reference)
        .await
        .map_err(refuse)?;
    read.record("getPhase", phase.version, &phase).await
}

/// Change a phase
///
/// A JSON Merge Patch: what is absent stays.
#[utoipa::path(patch, path = "/v1/phases/{phase}", tag = "measures", params(("phase" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`")), request_body(content = ChangePhase, content_type = "application/merge-patch+json"), responses((status = 200, body = Phase)))]
async fn change_phase(Part(reference): Part<Reference>, write: Write) -> Reply {
    let input: ChangePhase = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { measures::change_phase(&caller, &reference, if_match, input).await };
    let version = |phase: &Phase| phase.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Take a phase back
///
/// It counts for nothing from then on, and stays readable as taken back.
#[utoipa::path(delete, path = "/v1/phases/{phase}", tag = "measures", params(("phase" = Reference, Path, description = "Its id, or `ext:<source>:<externalId>`"), RetractQuery), responses((status = 200, body = Phase)))]
async fn retract_phase(
    Part(reference): Part<Reference>,
    Query(query): Query<RetractQuery>,
    write: Write,
) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move {
        measures::retract_mark::<Phase>(&caller, &reference, if_match, query.take_over).await
    };
    let version = |phase: &Phase| phase.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// List targets
#[utoipa::path(get, path = "/v1/targets", tag = "measures", params(MarkQuery, PageRequest), responses((status = 200, body = Page<Target>)))]
async fn list_targets(read: Read, List(query, page): List<MarkQuery>) -> Reply {
    let filter = MarkFilter::from(query);
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { measures::marks::<Target>(&caller, filter, &page).await }
    };
    read.list("listTargets", page, fetch).await
}

/// Set a target for a unit and those beneath it
///
/// A unit's own target counts before that of the nearest unit above it, and that before the measure's. The same unit,
/// measure, tier and first day again change it.
#[utoipa::path(post, path = "/v1/targets", tag = "measures", request_body = SetTarget, responses((status = 201, body = Target)))]
async fn set_target(write: Write) -> Reply {
    let input: SetTarget = write.json()?;
    let place = |target: &Target| format!("/v1/targets/{}", target.id);
    let run = |caller| async move { measures::set_target(&caller, input).await };
    let version = |target: &Target| target.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a target
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/targets/{target}", tag = "measures", params(("target" = Reference, Path, description = "Its id")), responses((status = 200, body = Allowed<Target>)))]
async fn get_target(Part(reference): Part<Reference>, read: Read) -> Reply {
    let target = measures::mark::<Target>(&read.caller, &reference)
        .await
        .map_err(refuse)?;
    read.record("getTarget", target.version, &target).await
}

/// Take a target back
///
/// It counts for nothing from then on, and stays readable as taken back.
#[utoipa::path(delete, path = "/v1/targets/{target}", tag = "measures", params(("target" = Reference, Path, description = "Its id")), responses((status = 200, body = Target)))]
async fn retract_target(Part(reference): Part<Reference>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run =
        |caller| async move { measures::retract_mark::<Target>(&caller, &reference, if_match, false).await };
    let version = |target: &Target| target.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// List links of units to measures
#[utoipa::path(get, path = "/v1/measure-links", tag = "measures", params(MarkQuery, PageRequest), responses((status = 200, body = Page<MeasureLink>)))]
async fn list_measure_links(read: Read, List(query, page): List<MarkQuery>) -> Reply {
    let filter = MarkFilter::from(query);
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { measures::marks::<MeasureLink>(&caller, filter, &page).await }
    };
    read.list("listMeasureLinks", page, fetch).await
}

/// Link a unit to a measure of the library
///
/// It is then expected to report it, for as long as the link lasts. The same first day again changes the last one.
#[utoipa::path(post, path = "/v1/measure-links", tag = "measures", request_body = LinkMeasure, responses((status = 201, body = MeasureLink)))]
async fn link_measure(write: Write) -> Reply {
    let input: LinkMeasure = write.json()?;
    let place = |link: &MeasureLink| format!("/v1/measure-links/{}", link.id);
    let run = |caller| async move { measures::link_measure(&caller, input).await };
    let version = |link: &MeasureLink| link.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a link of a unit to a measure
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/measure-links/{link}", tag = "measures", params(("link" = Reference, Path, description = "Its id")), responses((status = 200, body = Allowed<MeasureLink>)))]
async fn get_measure_link(Part(reference): Part<Reference>, read: Read) -> Reply {
    let link = measures::mark::<MeasureLink>(&read.caller, &reference)
        .await
        .map_err(refuse)?;
    read.record("getMeasureLink", link.version, &link).await
}

/// Take a link of a unit to a measure back
///
/// It counts for nothing from then on, and stays readable as taken back.
#[utoipa::path(delete, path = "/v1/measure-links/{link}", tag = "measures", params(("link" = Reference, Path, description = "Its id")), responses((status = 200, body = MeasureLink)))]
async fn retract_measure_link(Part(reference): Part<Reference>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move {
        measures::retract_mark::<MeasureLink>(&caller, &reference, if_match, false).await
    };
    let version = |link: &MeasureLink| link.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

//! Process maps, fishbones and driver diagrams.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::analysis::pictures::{Picture, pixels};
use spiral_app::microsystems::DiagramFilter;
use spiral_app::{App, microsystems};
use spiral_domain::analysis::ChartTheme;
use spiral_domain::microsystems::{ChangeDiagram, Diagram, DiagramKind, DrawDiagram, ProcessFigures};
use spiral_domain::{Allowed, DiagramId, Page, PageRequest, Reference, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accept::Form;
use crate::extract::{Part, Parts2, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_diagrams, draw_diagram))
        .routes(routes!(get_diagram, change_diagram, retract_diagram))
        .routes(routes!(get_process_figures))
        .routes(routes!(diagram_svg))
        .routes(routes!(diagram_png))
}

/// Which diagrams of the unit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DiagramQuery {
    /// Those that show this.
    kind: Option<DiagramKind>,
    /// Those that were taken back, too.
    include_retracted: Option<bool>,
    /// Those that name this spiral.
    spiral: Option<SpiralId>,
}

/// List a unit's diagrams
#[utoipa::path(get, path = "/v1/microsystems/{unit}/diagrams", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), DiagramQuery, PageRequest), responses((status = 200, body = Page<Diagram>)))]
async fn list_diagrams(
    Part(unit): Part<Reference>,
    read: Read,
    List(query, page): List<DiagramQuery>,
) -> Reply {
    let filter = DiagramFilter {
        kind: query.kind,
        spiral: query.spiral,
        include_retracted: query.include_retracted.unwrap_or_default(),
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move { microsystems::diagrams(&caller, &unit, filter, &page).await }
    };
    read.list("listDiagrams", page, fetch).await
}

/// Draw a diagram
///
/// A process map, a fishbone or a driver diagram, as data. Whatever does not fit together is named, all at once.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/diagrams", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), request_body = DrawDiagram, responses((status = 201, body = Diagram)))]
async fn draw_diagram(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: DrawDiagram = write.json()?;
    let place = |of: &Diagram| format!("/v1/microsystems/{}/diagrams/{}", of.unit_id, of.id);
    let run = |caller| async move { microsystems::draw_diagram(&caller, &unit, input).await };
    let version = |of: &Diagram| of.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a diagram
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/diagrams/{diagram}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("diagram" = DiagramId, Path, description = "The diagram")), responses((status = 200, body = Allowed<Diagram>)))]
async fn get_diagram(Parts2(unit, id): Parts2<Reference, DiagramId>, read: Read) -> Reply {
    let diagram = microsystems::diagram(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.record("getDiagram", diagram.version, &diagram).await
}

/// Change a diagram
///
/// A JSON Merge Patch: what is absent stays. Its content is replaced as a whole.
#[utoipa::path(patch, path = "/v1/microsystems/{unit}/diagrams/{diagram}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("diagram" = DiagramId, Path, description = "The diagram")), request_body(content = ChangeDiagram, content_type = "application/merge-patch+json"), responses((status = 200, body = Diagram)))]
async fn change_diagram(Parts2(unit, id): Parts2<Reference, DiagramId>, write: Write) -> Reply {
    let input: ChangeDiagram = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_diagram(&caller, &unit, id, if_match, input).await };
    let version = |of: &Diagram| of.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Take a diagram back
///
/// It stays readable as taken back.
#[utoipa::path(delete, path = "/v1/microsystems/{unit}/diagrams/{diagram}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("diagram" = DiagramId, Path, description = "The diagram")), responses((status = 200, body = Diagram)))]
async fn retract_diagram(Parts2(unit, id): Parts2<Reference, DiagramId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::retract_diagram(&caller, &unit, id, if_match).await };
    let version = |of: &Diagram| of.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// What a process map comes to
///
/// Lead time, value-adding time and hand-offs, with the rule by which they were worked out: the one way there is, the
/// mean by the shares of the decisions, or from the shortest to the longest way.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/diagrams/{diagram}/figures", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("diagram" = DiagramId, Path, description = "The diagram")), responses((status = 200, body = ProcessFigures)))]
async fn get_process_figures(Parts2(unit, id): Parts2<Reference, DiagramId>, read: Read) -> Reply {
    let figures = microsystems::process_figures(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.answer("getProcessFigures", 1, &figures).await
}

/// How a diagram is to look.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LookQuery {
    /// Pixels; 960 if absent. A process map is wider where its boxes stand too many abreast.
    #[param(minimum = 280, maximum = 3840)]
    width: Option<i32>,
    /// Light or dark; as the reader's device is set if absent, and light in PNG.
    theme: Option<ChartTheme>,
}

/// The same in pixels.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PixelQuery {
    /// Pixels; 960 if absent. A process map is wider where its boxes stand too many abreast.
    #[param(minimum = 280, maximum = 3840)]
    width: Option<i32>,
    /// Light or dark; light if absent.
    theme: Option<ChartTheme>,
    /// So many times as large, for sharp screens; 1 if absent. A picture has at most 16 million pixels.
    #[param(minimum = 1, maximum = 4)]
    scale: Option<i32>,
}

fn picture(width: Option<i32>, theme: Option<ChartTheme>) -> Picture {
    Picture {
        width,
        theme: theme.unwrap_or_default(),
        ..Picture::default()
    }
}

/// Draw a diagram as SVG
///
/// With a title, a description and a table of its parts for screen readers, and the same bytes for the same diagram.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/diagrams/{diagram}/drawing.svg", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("diagram" = DiagramId, Path, description = "The diagram"), LookQuery), responses((status = 200, body = String, content_type = "image/svg+xml")))]
async fn diagram_svg(
    Parts2(unit, id): Parts2<Reference, DiagramId>,
    read: Read,
    Query(query): Query<LookQuery>,
) -> Reply {
    let look = picture(query.width, query.theme);
    let drawing = microsystems::show_diagram(&read.caller, &unit, id, &look)
        .await
        .map_err(refuse)?;
    read.picture("diagramSvg", Form::Svg, 1, drawing.svg.into_bytes())
        .await
}

/// Draw a diagram as a picture
///
/// The same in pixels, for what cannot show SVG.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/diagrams/{diagram}/drawing.png", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("diagram" = DiagramId, Path, description = "The diagram"), PixelQuery), responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn diagram_png(
    Parts2(unit, id): Parts2<Reference, DiagramId>,
    read: Read,
    Query(query): Query<PixelQuery>,
) -> Reply {
    let look = picture(query.width, query.theme);
    let drawing = microsystems::show_diagram(&read.caller, &unit, id, &look)
        .await
        .map_err(refuse)?;
    let picture = pixels(drawing, query.scale.unwrap_or(1)).await.map_err(refuse)?;
    read.picture("diagramPng", Form::Png, 1, picture).await
}

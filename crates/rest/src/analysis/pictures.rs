//! Charts as pictures.

use serde::{Deserialize, Deserializer};
use spiral_app::App;
use spiral_app::analysis::pictures::{Picture, draw_funnel, draw_multiples, draw_series, pixels};
use spiral_app::analysis::{self, ChartQuery};
use spiral_domain::analysis::{ChartDrawing, ChartTheme};
use spiral_domain::{Error, PageRequest, Result, Violation};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::charts::{RunParams, SpcParams};
use super::compare::FunnelParams;
use crate::accept::Form;
use crate::extract::{Queries, Read};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(spc_svg))
        .routes(routes!(spc_png))
        .routes(routes!(run_chart_svg))
        .routes(routes!(run_chart_png))
        .routes(routes!(funnel_svg))
        .routes(routes!(funnel_png))
        .routes(routes!(small_multiples_svg))
        .routes(routes!(small_multiples_png))
}

/// How a chart is to look.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LookParams {
    /// Pixels; 960 if absent. Ask for the width that is shown: it decides sizes of letters and what is named.
    #[param(minimum = 280, maximum = 3840)]
    width: Option<i32>,
    /// Light or dark; as the reader's device is set if absent, and light in PNG.
    theme: Option<ChartTheme>,
    /// In the place of the measure's name.
    #[param(max_length = 300)]
    title: Option<String>,
}

/// Nothing more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoMore {}

impl IntoParams for NoMore {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

/// How large a picture is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PixelParams {
    /// So many times as large, for sharp screens; 1 if absent. A picture has at most 16 million pixels.
    #[param(minimum = 1, maximum = 4)]
    scale: Option<i32>,
}

/// How a sheet of charts is to look.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SheetParams {
    /// Pixels; 960 if absent. Ask for the width that is shown: it decides sizes of letters and what is named.
    #[param(minimum = 280, maximum = 3840)]
    width: Option<i32>,
    /// Light or dark; as the reader's device is set if absent, and light in PNG.
    theme: Option<ChartTheme>,
    /// In the place of the measure's name.
    #[param(max_length = 300)]
    title: Option<String>,
    /// Whether each chart has a scale of its own; false if absent.
    own_scales: Option<bool>,
}

impl From<LookParams> for Picture {
    fn from(look: LookParams) -> Self {
        Self {
            width: look.width,
            theme: look.theme.unwrap_or_default(),
            title: look.title,
            own_scales: false,
        }
    }
}

impl From<SheetParams> for Picture {
    fn from(look: SheetParams) -> Self {
        Self {
            width: look.width,
            theme: look.theme.unwrap_or_default(),
            title: look.title,
            own_scales: look.own_scales.unwrap_or_default(),
        }
    }
}

/// The question of many series, narrowed to that of one unit.
#[derive(Debug)]
struct One<P>(P);

type OneSpc = One<SpcParams>;
type OneRun = One<RunParams>;

/// What is asked of many series only.
const OF_MANY: [&str; 6] = ["within", "network", "tier", "sort", "limit", "cursor"];

impl<P: IntoParams> IntoParams for One<P> {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut params = P::into_params(place);
        params.retain(|param| !OF_MANY.contains(&param.name.as_str()));
        for param in &mut params {
            if param.name == "unit" {
                param.required = Required::True;
                let words = "The unit; above the tier that reports the measure it is summed from what the reader may see.";
                param.description = Some(words.into());
            }
        }
        params
    }
}

impl<'de, P: Deserialize<'de>> Deserialize<'de> for One<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        P::deserialize(deserializer).map(Self)
    }
}

/// The chart of the one unit that is named.
async fn one(read: &Read, (query, page): (ChartQuery, PageRequest), look: Picture) -> Result<ChartDrawing> {
    if query.unit.is_none() {
        let missing = Violation::new("/query/unit", "missing", "`unit` is required");
        return Err(Error::Malformed(vec![missing]));
    }
    let charts = analysis::charts(&read.caller, &query, &page).await?;
    let series = charts.data.first().ok_or(Error::NotFound("unit"))?;
    draw_series(&charts, series, &look)
}

/// The charts of all that were asked for, and how many there are.
async fn many(
    read: &Read,
    (query, page): (ChartQuery, PageRequest),
    look: Picture,
) -> Result<(ChartDrawing, usize)> {
    let charts = analysis::charts(&read.caller, &query, &page).await?;
    Ok((draw_multiples(&charts, &look)?, charts.data.len()))
}

async fn svg(read: &Read, operation: &str, series: usize, drawing: ChartDrawing) -> Reply {
    read.picture(operation, Form::Svg, series, drawing.svg.into_bytes())
        .await
}

async fn png(read: &Read, operation: &str, series: usize, drawing: ChartDrawing, size: PixelParams) -> Reply {
    let picture = pixels(drawing, size.scale.unwrap_or(1)).await.map_err(refuse)?;
    read.picture(operation, Form::Png, series, picture).await
}

/// Draw a control chart
///
/// One unit's series with its limits, special causes by shape and colour, phases, events and the target. It has a
/// title, a description and a table of its figures for screen readers, and the same bytes for the same figures.
#[utoipa::path(get, path = "/v1/charts/spc.svg", tag = "analysis", params(OneSpc, LookParams), responses((status = 200, body = String, content_type = "image/svg+xml")))]
async fn spc_svg(
    read: Read,
    Queries(One(params), look, NoMore {}): Queries<OneSpc, LookParams, NoMore>,
) -> Reply {
    let drawing = one(&read, params.asked(), look.into()).await.map_err(refuse)?;
    svg(&read, "spcSvg", 1, drawing).await
}

/// Draw a control chart as a picture
///
/// The same in pixels, for what cannot show SVG.
#[utoipa::path(get, path = "/v1/charts/spc.png", tag = "analysis", params(OneSpc, LookParams, PixelParams), responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn spc_png(
    read: Read,
    Queries(One(params), look, size): Queries<OneSpc, LookParams, PixelParams>,
) -> Reply {
    let drawing = one(&read, params.asked(), look.into()).await.map_err(refuse)?;
    png(&read, "spcPng", 1, drawing, size).await
}

/// Draw a run chart
///
/// One unit's series around its median, and what its runs say.
#[utoipa::path(get, path = "/v1/charts/run-chart.svg", tag = "analysis", params(OneRun, LookParams), responses((status = 200, body = String, content_type = "image/svg+xml")))]
async fn run_chart_svg(
    read: Read,
    Queries(One(params), look, NoMore {}): Queries<OneRun, LookParams, NoMore>,
) -> Reply {
    let drawing = one(&read, params.asked(), look.into()).await.map_err(refuse)?;
    svg(&read, "runChartSvg", 1, drawing).await
}

/// Draw a run chart as a picture
///
/// The same in pixels, for what cannot show SVG.
#[utoipa::path(get, path = "/v1/charts/run-chart.png", tag = "analysis", params(OneRun, LookParams, PixelParams), responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn run_chart_png(
    read: Read,
    Queries(One(params), look, size): Queries<OneRun, LookParams, PixelParams>,
) -> Reply {
    let drawing = one(&read, params.asked(), look.into()).await.map_err(refuse)?;
    png(&read, "runChartPng", 1, drawing, size).await
}

/// The funnel that was asked for, and how many units it has.
async fn compared(read: &Read, params: FunnelParams, look: LookParams) -> Result<(ChartDrawing, usize)> {
    let funnel = analysis::funnel(&read.caller, &params.asked()).await?;
    Ok((draw_funnel(&funnel, &look.into())?, funnel.units.len()))
}

/// Draw a funnel
///
/// Units by their size, with the limits of what size explains. Those outside the limits are named where there is room,
/// and in the table always.
#[utoipa::path(get, path = "/v1/charts/funnel.svg", tag = "analysis", params(FunnelParams, LookParams), responses((status = 200, body = String, content_type = "image/svg+xml")))]
async fn funnel_svg(
    read: Read,
    Queries(params, look, NoMore {}): Queries<FunnelParams, LookParams, NoMore>,
) -> Reply {
    let (drawing, units) = compared(&read, params, look).await.map_err(refuse)?;
    svg(&read, "funnelSvg", units, drawing).await
}

/// Draw a funnel as a picture
///
/// The same in pixels, for what cannot show SVG.
#[utoipa::path(get, path = "/v1/charts/funnel.png", tag = "analysis", params(FunnelParams, LookParams, PixelParams), responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn funnel_png(
    read: Read,
    Queries(params, look, size): Queries<FunnelParams, LookParams, PixelParams>,
) -> Reply {
    let (drawing, units) = compared(&read, params, look).await.map_err(refuse)?;
    png(&read, "funnelPng", units, drawing, size).await
}

/// Draw small charts of many units
///
/// Every unit with its verdict, its last value and its series, on one scale unless `ownScales`; at most 240.
#[utoipa::path(get, path = "/v1/charts/small-multiples.svg", tag = "analysis", params(SpcParams, SheetParams), responses((status = 200, body = String, content_type = "image/svg+xml")))]
async fn small_multiples_svg(
    read: Read,
    Queries(params, look, NoMore {}): Queries<SpcParams, SheetParams, NoMore>,
) -> Reply {
    let (drawing, series) = many(&read, params.asked(), look.into()).await.map_err(refuse)?;
    svg(&read, "smallMultiplesSvg", series, drawing).await
}

/// Draw small charts of many units as a picture
///
/// The same in pixels, for what cannot show SVG.
#[utoipa::path(get, path = "/v1/charts/small-multiples.png", tag = "analysis", params(SpcParams, SheetParams, PixelParams), responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn small_multiples_png(
    read: Read,
    Queries(params, look, size): Queries<SpcParams, SheetParams, PixelParams>,
) -> Reply {
    let (drawing, series) = many(&read, params.asked(), look.into()).await.map_err(refuse)?;
    png(&read, "smallMultiplesPng", series, drawing, size).await
}

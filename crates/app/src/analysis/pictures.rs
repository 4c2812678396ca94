//! Charts as pictures: what was computed, handed to `spiral-charts` in its words.

use sha2::{Digest, Sha256};
use spiral_charts::{
    Bounds, Cause, Day, Direction, Drawing, Grain, Heading, Kind, Look, Multiples, Period, Phase, Point,
    Series, Signal, Theme, Unit, Variation as V,
};
use spiral_domain::analysis::{
    Assurance, ChartDrawing, ChartKind, ChartPoint, ChartSeries, ChartTable, ChartTheme, Charts, PhaseCause,
    SignalRule, Variation,
};
use spiral_domain::measures::{Measure, Scale};
use spiral_domain::{Date, Error, Interval, Result, Violation, Violations};

use self::words::{coverage, runs, source, warning};

mod compared;
mod words;

pub use self::compared::draw_funnel;

/// Without a width, a chart fits a page.
const USUAL_WIDTH: i32 = 960;
/// A title is at most so long; more is nowhere shown.
const LONGEST_TITLE: usize = 300;
/// At most so many pictures of pixels are drawn at a time: each takes up to 64 MB and one core.
static EASELS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

/// How a chart is to look.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// In pixels; that of a page if absent.
    pub width: Option<i32>,
    /// Light or dark.
    pub theme: ChartTheme,
    /// In the place of the measure's name.
    pub title: Option<String>,
    /// Whether each of several charts has a scale of its own.
    pub own_scales: bool,
}

impl Picture {
    pub(crate) fn look(&self) -> Result<Look> {
        let width = self.width.unwrap_or(USUAL_WIDTH);
        let mut found = Violations::new();
        let fits = u32::try_from(width)
            .ok()
            .filter(|width| (spiral_charts::NARROWEST..=spiral_charts::WIDEST).contains(width));
        found.require(fits.is_some(), "/query/width", "out_of_range", || {
            let (least, most) = (spiral_charts::NARROWEST, spiral_charts::WIDEST);
            format!("a chart is from {least} to {most} pixels wide")
        });
        let title = self.title.as_deref().unwrap_or_default();
        found.require(
            title.chars().count() <= LONGEST_TITLE,
            "/query/title",
            "too_long",
            || format!("is longer than {LONGEST_TITLE} characters"),
        );
        let theme = match self.theme {
            ChartTheme::Auto => Theme::Auto,
            ChartTheme::Light => Theme::Light,
            ChartTheme::Dark => Theme::Dark,
        };
        match fits {
            Some(width) if found.is_empty() => Ok(Look { width, theme }),
            _ => Err(Error::Malformed(found.into_vec())),
        }
    }
}

/// The chart of one of these series.
pub fn draw_series(charts: &Charts, series: &ChartSeries, picture: &Picture) -> Result<ChartDrawing> {
    let look = picture.look()?;
    let drawn = model(charts, series, picture);
    spiral_charts::series(&drawn, &look).map(drawing).map_err(refused)
}

/// All of these series as small charts on one sheet.
pub fn draw_multiples(charts: &Charts, picture: &Picture) -> Result<ChartDrawing> {
    let look = picture.look()?;
    if charts.data.len() > spiral_charts::MOST_CHARTS {
        let most = spiral_charts::MOST_CHARTS;
        let detail = format!("a sheet has at most {most} small charts");
        return Err(malformed("/query/limit", "too_many_charts", detail));
    }
    let name = |series: &ChartSeries| Some(series.node.name.clone());
    let sheet = Multiples {
        heading: Heading {
            title: named(picture, &charts.measure),
            subtitle: charts.stratum.to_string(),
            source: source(&charts.measure),
            notes: coverage(charts),
        },
        charts: charts
            .data
            .iter()
            .map(|series| {
                let own = Picture {
                    title: name(series),
                    ..picture.clone()
                };
                model(charts, series, &own)
            })
            .collect(),
        same_scale: !picture.own_scales,
    };
    spiral_charts::multiples(&sheet, &look)
        .map(drawing)
        .map_err(refused)
}

/// A drawing in pixels, so many times as large.
pub async fn pixels(drawing: ChartDrawing, scale: i32) -> Result<Vec<u8>> {
    let Some(times) = u8::try_from(scale).ok().filter(|times| (1..=4).contains(times)) else {
        return Err(malformed(
            "/query/scale",
            "out_of_range",
            "a picture is 1 to 4 times as large",
        ));
    };
    let _easel = EASELS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || spiral_charts::png(&drawing.svg, f32::from(times)))
        .await
        .map_err(Error::internal)?
        .map_err(refused)
}

/// A short text that is another for other bytes.
pub fn mark(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn malformed(pointer: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(pointer, code, detail)])
}

/// Why nothing was drawn, as the asker can mend it.
pub(crate) fn refused(error: spiral_charts::Error) -> Error {
    let detail = error.to_string();
    match error {
        spiral_charts::Error::Width(_) => malformed("/query/width", "out_of_range", detail),
        spiral_charts::Error::TooMany { what: "points", .. } => {
            malformed("/query/from", "too_many_points", detail)
        }
        spiral_charts::Error::TooMany { .. } => malformed("/query/within", "too_many_units", detail),
        spiral_charts::Error::TooLarge { .. } => malformed("/query/scale", "too_large", detail),
        spiral_charts::Error::Number(_) => Error::conflict("cannot_be_drawn", detail),
        spiral_charts::Error::Place(_) | spiral_charts::Error::Drawing(_) => Error::internal(error),
    }
}

pub(crate) fn drawing(drawn: Drawing) -> ChartDrawing {
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    ChartDrawing {
        svg: drawn.svg,
        width: count(drawn.width),
        height: count(drawn.height),
        title: drawn.title,
        description: drawn.description,
        table: ChartTable {
            caption: drawn.table.caption,
            columns: drawn.table.columns,
            rows: drawn.table.rows,
            left_out: i32::try_from(drawn.table.left_out).unwrap_or(i32::MAX),
        },
    }
}

/// The title that was asked for, else the measure's name.
fn named(picture: &Picture, measure: &Measure) -> String {
    let given = picture
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| !title.is_empty());
    given.unwrap_or(&measure.name).to_owned()
}

/// A series in the words of the charts.
fn model(charts: &Charts, series: &ChartSeries, picture: &Picture) -> Series {
    let measure = &charts.measure;
    let direction = direction(measure, charts.chart);
    let place = match charts.stratum.to_string() {
        whole if whole.is_empty() => series.node.name.clone(),
        part => format!("{}, {part}", series.node.name),
    };
    let mut notes = Vec::new();
    if series.withheld.is_some() {
        notes.push("The unit keeps these figures to itself.".to_owned());
    }
    notes.extend(series.verdict.not_computable.clone());
    notes.extend(
        series
            .verdict
            .insufficient_data
            .as_ref()
            .map(|missing| missing.detail.clone()),
    );
    notes.extend(runs(series));
    notes.extend(series.warnings.iter().map(|of| warning(*of, series.phases.len())));
    Series {
        heading: Heading {
            title: named(picture, measure),
            subtitle: place,
            source: source(measure),
            notes,
        },
        kind: match charts.chart {
            ChartKind::Xmr => Kind::Xmr,
            ChartKind::Run => Kind::Run,
            other => Kind::Shewhart(other.name().replace("_prime", "′")),
        },
        unit: unit(measure),
        bounds: bounds(measure, charts.chart),
        direction,
        points: series
            .points
            .iter()
            .map(|of| point(measure, of, direction))
            .collect(),
        phases: phases(series),
        annotations: series
            .annotations
            .iter()
            .map(|event| spiral_charts::Annotation {
                at: series
                    .points
                    .partition_point(|point| point.period_start <= event.occurred_on)
                    .saturating_sub(1),
                text: event.text.clone(),
            })
            .filter(|_| !series.points.is_empty())
            .collect(),
        variation: series.verdict.variation.map(|of| variation(of, direction)),
        assurance: series.verdict.assurance.map(|assurance| match assurance {
            Assurance::Pass => spiral_charts::Assurance::Pass,
            Assurance::Inconsistent => spiral_charts::Assurance::Inconsistent,
            Assurance::Fail => spiral_charts::Assurance::Fail,
        }),
    }
}

fn direction(measure: &Measure, kind: ChartKind) -> Direction {
    use spiral_domain::measures::Direction as Better;
    match (kind, measure.direction) {
        // Ranges and deviations are not what the measure wants more or less of.
        (ChartKind::Mr | ChartKind::S, _) | (_, Better::Neutral) => Direction::Neutral,
        (_, Better::HigherIsBetter) => Direction::Increase,
        (_, Better::LowerIsBetter) => Direction::Decrease,
    }
}

/// What the numbers count: a proportion times a hundred is a percentage; a rate is per its multiplier, unless the
/// words say already per how many.
fn unit(measure: &Measure) -> Unit {
    let words = measure.unit_of_measure.clone().unwrap_or_default();
    let is_percent = measure.scale == Scale::Proportion && (measure.multiplier - 100.0).abs() < f64::EPSILON;
    if is_percent {
        return Unit {
            name: "%".into(),
            per: None,
        };
    }
    let whole = format!("{:.0}", measure.multiplier).parse::<u32>().ok();
    let per = whole.filter(|&per| {
        let exact = (f64::from(per) - measure.multiplier).abs() < f64::EPSILON;
        exact
            && matches!(measure.scale, Scale::Rate | Scale::Proportion)
            && !words.split_whitespace().any(|word| word == "per")
    });
    Unit { name: words, per }
}

fn bounds(measure: &Measure, kind: ChartKind) -> Bounds {
    let is_counted = matches!(
        measure.scale,
        Scale::Proportion | Scale::Rate | Scale::Count | Scale::TimeBetween
    );
    let lower = (is_counted || matches!(kind, ChartKind::Mr | ChartKind::S)).then_some(0.0);
    let upper = (measure.scale == Scale::Proportion && kind != ChartKind::Mr).then_some(measure.multiplier);
    Bounds { lower, upper }
}

fn period(measure: &Measure, point: &ChartPoint) -> Period {
    let grain = match measure.cadence {
        // An irregular value is as of its day, whatever the cadence says.
        _ if measure.irregular => Grain::Day,
        Interval::Day => Grain::Day,
        Interval::Week => Grain::Week,
        Interval::Month => Grain::Month,
        Interval::Quarter => Grain::Quarter,
        Interval::FinancialYear | Interval::Year => Grain::Year,
    };
    Period::Date {
        on: day(point.period_start),
        grain,
    }
}

fn day(date: Date) -> Day {
    use chrono::Datelike;
    let small = |n: u32| u8::try_from(n).unwrap_or_default();
    Day {
        year: date.0.year(),
        month: small(date.0.month()),
        day: small(date.0.day()),
    }
}

fn point(measure: &Measure, of: &ChartPoint, direction: Direction) -> Point {
    let rule = match of.rule {
        Some(SignalRule::Beyond) | None => "outside the limits",
        Some(SignalRule::Trend) => "seven that only rise or only fall",
        Some(SignalRule::TwoOfThree) => "two of three near a limit",
        Some(SignalRule::Shift) => "seven on one side of the mean",
    };
    let cause = match variation(of.variation, direction) {
        V::Common => None,
        V::Improvement { high } => Some((Cause::Improvement, high)),
        V::Concern { high } => Some((Cause::Concern, high)),
        V::Neutral { high } => Some((Cause::Neutral, high)),
    };
    Point {
        period: period(measure, of),
        value: of.value,
        limits: Bounds {
            lower: of.lower,
            upper: of.upper,
        },
        near: Bounds {
            lower: of.near_lower,
            upper: of.near_upper,
        },
        signal: cause.filter(|_| of.value.is_some()).map(|(cause, high)| Signal {
            cause,
            high,
            rule: rule.to_owned(),
        }),
        target: of.target,
        is_excluded: false,
        is_estimated: of.estimated,
    }
}

/// What is better says where a special cause points.
fn variation(of: Variation, direction: Direction) -> V {
    let more_is_better = direction == Direction::Increase;
    match of {
        Variation::Common => V::Common,
        Variation::Improvement => V::Improvement { high: more_is_better },
        Variation::Concern => V::Concern {
            high: !more_is_better,
        },
        Variation::NeutralHigh => V::Neutral { high: true },
        Variation::NeutralLow => V::Neutral { high: false },
    }
}

/// The stretches of points by the phase that each is in.
fn phases(series: &ChartSeries) -> Vec<Phase> {
    let mut out = Vec::new();
    let mut before = None;
    for (start, point) in series.points.iter().enumerate() {
        if before == Some(point.phase) {
            continue;
        }
        before = Some(point.phase);
        let phase = usize::try_from(point.phase)
            .ok()
            .and_then(|at| series.phases.get(at));
        let name = phase.and_then(|phase| match phase.cause {
            PhaseCause::Version => Some(format!("Definition {}", phase.measure_version)),
            _ => phase.label.clone(),
        });
        out.push(Phase {
            start,
            name,
            centre: point.centre.or_else(|| phase.and_then(|phase| phase.centre)),
        });
    }
    out
}

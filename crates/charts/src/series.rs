//! A chart over time on a sheet of its own.

use std::collections::BTreeSet;

use crate::axis::{Axis, Frame, Plane, Rect};
use crate::clean::line;
use crate::describe;
use crate::ends::{self, End};
use crate::frame::{Measures, Verdict, heading};
use crate::ink::Ink;
use crate::legend::{Key, legend};
use crate::marks::Mark;
use crate::model::{Direction, Series, Unit};
use crate::notes::{self, Numbered};
use crate::number::{float, plain};
use crate::period::{Period, Row, Tick, ticks};
use crate::plot::{self, Weight};
use crate::scale::Scale;
use crate::sheet::{Anchor, Cover, Sheet, Words, pixels};
use crate::text::width;
use crate::{Drawing, Error, Look};

/// Draws a chart over time.
pub fn series(chart: &Series, look: &Look) -> Result<Drawing, Error> {
    look.check()?;
    chart.check()?;
    let at = Measures::of(*look);
    let mut sheet = Sheet::new(look.theme);
    let verdict = Verdict {
        latest: describe::latest(chart),
        variation: chart.variation,
        assurance: chart.assurance,
    };
    let mut words = chart.heading.clone();
    words.title = describe::series_title(chart);
    let mut y = heading(&mut sheet, &at, &words, &verdict) + at.font * 0.6;
    if chart.points.is_empty() {
        y = notes::nothing(&mut sheet, &at, y);
        y = notes::foot(&mut sheet, &at, y, &chart.heading);
        return Ok(sheet.finish(cover(chart, *look, y + at.pad)));
    }
    y = caption(&mut sheet, &at, y, &chart.unit, chart.direction);

    let phases_row = y + at.font * 1.2;
    if chart.phases.len() > 1 {
        y += at.leading() * 1.2;
    }
    let (numbered, _) = notes::numbered(chart);
    let numbers_row = y + notes::tile(&at) * 0.7;
    if !numbered.is_empty() {
        y += notes::tile(&at) * 1.5;
    }
    let high = if at.is_wide {
        at.width * 0.36
    } else {
        (at.width * 0.62).max(at.font * 17.0)
    };
    let top = y + at.font * 0.9;
    let bottom = top + high;

    let (frame, scale, ends, row) = layout(chart, &at, (top, bottom));
    let found = {
        let plane = Plane::on(&mut sheet, &frame);
        let weight = Weight {
            mark: at.font * 0.36,
            line: at.line,
            is_full: true,
        };
        plot::ground(&plane, chart, weight)?;
        for entry in &numbered {
            let ends = [frame.y.low, frame.y.high].map(|row| (float(entry.at), row));
            plane.path(ends.to_vec(), Ink::Event, at.line * 0.8)?;
        }
        plot::draw(&plane, &frame, chart, weight)?
    };
    upright(&mut sheet, &at, &frame, &scale, chart);
    flat(&mut sheet, &at, bottom, &row);
    beyond(&mut sheet, &at, &frame, chart);
    number_row(&mut sheet, &at, &frame, numbers_row, &numbered);
    phase_row(&mut sheet, &at, &frame, phases_row, chart);
    let lines = row.iter().map(|tick| tick.lines.len()).max().unwrap_or(0);
    y = bottom + at.leading() * float(lines) + at.font * 0.8;

    let keys = keys(chart, &found, if at.is_wide { &[] } else { &ends });
    if at.is_wide {
        ends::write(
            &mut sheet,
            &at,
            frame.rect.right + at.font * 0.5,
            (top, bottom),
            ends,
        );
    }
    y = legend(&mut sheet, &at, (at.pad, at.width - at.pad), y, &keys)?;
    y = notes::list(&mut sheet, &at, y, chart);
    y = notes::foot(&mut sheet, &at, y, &chart.heading);
    Ok(sheet.finish(cover(chart, *look, y + at.pad)))
}

fn cover(chart: &Series, look: Look, height: f64) -> Cover {
    Cover {
        width: look.width,
        height,
        title: describe::series_title(chart),
        description: describe::series(chart),
        table: describe::series_table(chart),
    }
}

/// What the vertical axis counts, above it: text on its side is read by nobody.
pub(crate) fn caption(sheet: &mut Sheet, at: &Measures, y: f64, unit: &Unit, direction: Direction) -> f64 {
    // A sign that stands beside every number need not be said again.
    let unit = if unit.is_a_sign() {
        String::new()
    } else {
        unit.caption()
    };
    let better = match direction {
        Direction::Increase => "↑ more is better",
        Direction::Decrease => "↓ less is better",
        Direction::Neutral => "",
    };
    let gap = if unit.is_empty() || better.is_empty() {
        ""
    } else {
        " · "
    };
    let room = at.room() - width(gap, at.font, false) - width(better, at.font, false);
    let unit = crate::text::fit(&unit, at.font, false, room);
    if unit.is_empty() && better.is_empty() {
        return y;
    }
    let y = y + at.leading();
    sheet.text(
        (at.pad, y - at.font * 0.2),
        Words::of(at.font, Ink::Faint),
        &format!("{unit}{gap}{better}"),
    );
    y
}

type Layout = (Frame, Scale, Vec<End>, Vec<Tick>);

/// Where the plot is, once it is known how much its labels take.
fn layout(chart: &Series, at: &Measures, (top, bottom): (f64, f64)) -> Layout {
    let most = ((bottom - top) / (at.font * 2.6)).clamp(3.0, 10.0);
    let scale = plot::scale(&[chart], whole(most));
    let label = |value: f64| chart.unit.signed(&scale.ticks.label(value));
    let widest = scale
        .ticks
        .values
        .iter()
        .map(|&value| width(&label(value), at.font, false))
        .fold(0.0, f64::max);
    let mut frame = Frame {
        rect: Rect {
            left: at.pad + widest + at.font * 0.5,
            top,
            right: at.width - at.pad,
            bottom,
        },
        x: Axis {
            low: -0.5,
            high: float(chart.points.len()) - 0.5,
            keys: Vec::new(),
        },
        y: Axis {
            low: scale.low,
            high: scale.high,
            keys: scale.ticks.values.clone(),
        },
    };
    let ends = line_ends(chart, &frame);
    if at.is_wide {
        frame.rect.right -= ends::room(&ends, at);
    }
    let periods: Vec<&Period> = chart.points.iter().map(|point| &point.period).collect();
    let row = Row {
        size: at.font,
        left: at.pad * 0.5,
        right: at.width - at.pad * 0.5,
    };
    let named = ticks(&periods, &|place| frame.column(float(place)), row);
    frame.x.keys = named.iter().map(|tick| float(tick.at)).collect();
    (frame, scale, ends, named)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 3 and 10"
)]
fn whole(count: f64) -> usize {
    count as usize
}

/// The names and figures of the lines as they are at the end.
fn line_ends(chart: &Series, frame: &Frame) -> Vec<End> {
    let span = describe::span(chart);
    let figure = |value: f64| chart.unit.signed(&plain(value, span));
    let limits = chart.points.last().map(|point| point.limits).unwrap_or_default();
    let centre = chart.phases.last().and_then(|phase| phase.centre);
    [
        ("Upper limit", limits.upper, Ink::Limit),
        (chart.centre_name(), centre, Ink::Centre),
        ("Target", chart.target(), Ink::Target),
        ("Lower limit", limits.lower, Ink::Limit),
    ]
    .into_iter()
    .filter_map(|(name, value, ink)| {
        let value = value?;
        Some(End {
            name: name.to_owned(),
            figure: figure(value),
            row: frame.line(value),
            ink,
        })
    })
    .collect()
}

/// The numbers of the vertical axis.
fn upright(sheet: &mut Sheet, at: &Measures, frame: &Frame, scale: &Scale, chart: &Series) {
    sheet.open("axis-y");
    for &value in scale.ticks.values.iter().filter(|&&value| frame.y.holds(value)) {
        let words = Words::of(at.font, Ink::Faint).anchor(Anchor::End);
        let place = (
            frame.rect.left - at.font * 0.4,
            frame.line(value) + at.font * 0.35,
        );
        sheet.text(place, words, &chart.unit.signed(&scale.ticks.label(value)));
    }
    sheet.close();
}

/// The names of the horizontal axis.
fn flat(sheet: &mut Sheet, at: &Measures, bottom: f64, row: &[Tick]) {
    sheet.open("axis-x");
    for tick in row {
        for (below, text) in tick.lines.iter().enumerate() {
            let y = bottom + at.font * 1.4 + float(below) * at.leading();
            let words = Words::of(at.font, Ink::Faint).anchor(Anchor::Middle);
            sheet.text((tick.x, y), words, text);
        }
    }
    sheet.close();
}

/// The figures of points beyond the edge, beside their arrows.
fn beyond(sheet: &mut Sheet, at: &Measures, frame: &Frame, chart: &Series) {
    let span = describe::span(chart);
    let mut taken: Vec<(f64, f64, bool)> = Vec::new();
    sheet.open("beyond");
    for (place, point) in chart.points.iter().enumerate() {
        let Some(value) = point.value.filter(|&value| !frame.y.holds(value)) else {
            continue;
        };
        let is_above = value > frame.y.high;
        let text = chart.unit.signed(&plain(value, span));
        let wide = width(&text, at.font, true);
        let x = frame.column(float(place));
        let (mut from, mut anchor) = (x + at.font * 0.8, Anchor::Start);
        if from + wide > frame.rect.right {
            (from, anchor) = (x - at.font * 0.8 - wide, Anchor::End);
        }
        // Of neighbours beyond the edge only the first has its figure; all are in the table.
        if taken
            .iter()
            .any(|&(left, right, above)| above == is_above && from < right && from + wide > left)
        {
            continue;
        }
        taken.push((from, from + wide, is_above));
        let y = if is_above {
            frame.rect.top + at.font
        } else {
            frame.rect.bottom - at.font * 0.4
        };
        let start = if anchor == Anchor::End { from + wide } else { from };
        sheet.text(
            (start, y),
            Words::of(at.font, Ink::Text).bold().halo().anchor(anchor),
            &text,
        );
    }
    sheet.close();
}

/// The numbers of what happened, with lines to their points.
fn number_row(sheet: &mut Sheet, at: &Measures, frame: &Frame, y: f64, numbered: &[Numbered<'_>]) {
    if numbered.is_empty() {
        return;
    }
    let side = notes::tile(at);
    let columns: Vec<f64> = numbered
        .iter()
        .map(|entry| frame.column(float(entry.at)))
        .collect();
    let places = notes::spread(&columns, side, (at.pad, at.width - at.pad));
    let mut leaders = String::new();
    for (x, column) in places.iter().zip(&columns) {
        leaders += &format!(
            "M{} {}L{} {}",
            pixels(*x),
            pixels(y + side / 2.0),
            pixels(*column),
            pixels(frame.rect.top)
        );
    }
    sheet.path(&leaders, Ink::Event, Some(at.line * 0.8));
    sheet.open("numbers");
    for (x, entry) in places.iter().zip(numbered) {
        notes::number(sheet, at, (*x, y), entry.number);
    }
    sheet.close();
}

/// The names of phases above them.
fn phase_row(sheet: &mut Sheet, at: &Measures, frame: &Frame, y: f64, chart: &Series) {
    if chart.phases.len() < 2 {
        return;
    }
    sheet.open("phases");
    for (place, phase) in chart.phases.iter().enumerate() {
        let end = chart
            .phases
            .get(place + 1)
            .map_or(chart.points.len(), |next| next.start);
        let name = match phase.name.as_deref().map(line) {
            Some(name) if !name.is_empty() => name,
            _ => format!("Phase {}", place + 1),
        };
        let columns = (
            frame.column(float(phase.start) - 0.5),
            frame.column(float(end) - 0.5),
        );
        notes::lane(sheet, at, columns, y, &name);
    }
    sheet.close();
}

/// What the legend explains: the signs that there are, and lines that have no names at their ends.
fn keys(chart: &Series, found: &BTreeSet<Mark>, ends: &[End]) -> Vec<(Key, String)> {
    let mut out: Vec<(Key, String)> = Vec::new();
    if found.iter().any(|mark| mark.is_special()) {
        for &mark in found {
            let words = mark.meaning().to_owned();
            if out.iter().all(|(_, other)| *other != words) {
                out.push((Key::Mark(mark), words));
            }
        }
    }
    let figure = |name: &str| {
        ends.iter()
            .find(|end| end.name == name)
            .map(|end| end.figure.clone())
    };
    for end in ends {
        let words = match end.ink {
            Ink::Limit if end.name == "Upper limit" => match figure("Lower limit") {
                Some(lower) => format!("Limits {lower} to {}", end.figure),
                None => format!("{} {}", end.name, end.figure),
            },
            Ink::Limit if figure("Upper limit").is_some() => continue,
            _ => format!("{} {}", end.name, end.figure),
        };
        out.push((Key::Line(end.ink), words));
    }
    if chart
        .points
        .iter()
        .any(|point| point.near.both().iter().any(Option::is_some))
    {
        out.push((Key::Line(Ink::Near), "Inner limits".into()));
    }
    out
}

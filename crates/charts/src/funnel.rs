//! Units by size: which of them differ by more than their size explains.

use std::collections::BTreeSet;

use crate::axis::{Axis, Frame, Plane, Rect};
use crate::clean::line;
use crate::describe;
use crate::frame::{Measures, Verdict, heading};
use crate::ink::Ink;
use crate::legend::{Key, legend};
use crate::marks::Mark;
use crate::model::{Curve, Funnel, Placed};
use crate::notes;
use crate::number::{Ticks, float, full, plain};
use crate::scale::Scale;
use crate::series::caption;
use crate::sheet::{Anchor, Cover, Sheet, Words};
use crate::text::{fit, width};
use crate::{Drawing, Error, Look};

/// So many units outside the limits are named.
const MOST_NAMES: usize = 24;

/// Draws a funnel.
pub fn funnel(chart: &Funnel, look: &Look) -> Result<Drawing, Error> {
    look.check()?;
    chart.check()?;
    let at = Measures::of(*look);
    let mut sheet = Sheet::new(look.theme);
    let mut words = chart.heading.clone();
    words.title = describe::title(&words.title, "Funnel plot");
    let mut y = heading(&mut sheet, &at, &words, &Verdict::default()) + at.font * 0.6;
    let cover = |height: f64| Cover {
        width: look.width,
        height,
        title: words.title.clone(),
        description: describe::funnel(chart),
        table: describe::funnel_table(chart),
    };
    if chart.units.is_empty() {
        y = notes::nothing(&mut sheet, &at, y);
        y = notes::foot(&mut sheet, &at, y, &chart.heading);
        return Ok(sheet.finish(cover(y + at.pad)));
    }
    y = caption(&mut sheet, &at, y, &chart.unit, chart.direction);
    let high = if at.is_wide {
        at.width * 0.42
    } else {
        (at.width * 0.75).max(at.font * 18.0)
    };
    let top = y + at.font * 0.9;
    let bottom = top + high;

    let (frame, upright, flat) = layout(chart, &at, (top, bottom));
    draw(&mut sheet, &at, &frame, chart)?;
    axes(&mut sheet, &at, &frame, chart, &upright, &flat);
    let size = line(&chart.size_name);
    y = bottom + at.leading() * 2.2;
    sheet.text(
        (frame.rect.right, y),
        Words::of(at.font, Ink::Faint).anchor(Anchor::End),
        &fit(&size, at.font, false, frame.rect.right - at.pad),
    );
    y += at.font * 0.6;
    names(&mut sheet, &at, &frame, chart);
    y = legend(&mut sheet, &at, (at.pad, at.width - at.pad), y, &keys(chart))?;
    y = notes::foot(&mut sheet, &at, y, &chart.heading);
    Ok(sheet.finish(cover(y + at.pad)))
}

fn layout(chart: &Funnel, at: &Measures, (top, bottom): (f64, f64)) -> (Frame, Scale, Ticks) {
    let most = if at.is_wide { 9 } else { 7 };
    let scale = scale(chart, most);
    let widest = scale
        .ticks
        .values
        .iter()
        .map(|&value| width(&chart.unit.signed(&scale.ticks.label(value)), at.font, false))
        .fold(0.0, f64::max);
    let largest = chart.units.iter().map(|unit| unit.size).fold(0.0, f64::max);
    let largest = if largest > 0.0 { largest } else { 1.0 };
    let left = at.pad + widest + at.font * 0.5;
    let right = at.width - at.pad * 1.5;
    // Fewer numbers until none meet; two always fit.
    let flat = (2..=if at.is_wide { 12 } else { 8 })
        .rev()
        .map(|most| Ticks::around(0.0, largest * 1.03, most))
        .find(|ticks| {
            let widest = ticks
                .values
                .iter()
                .map(|&value| width(&ticks.label(value), at.font, false))
                .fold(0.0, f64::max);
            (widest + at.font) * float(ticks.values.len() - 1) <= right - left
        })
        .unwrap_or_else(|| Ticks::around(0.0, largest, 2));
    let frame = Frame {
        rect: Rect {
            left,
            top,
            right,
            bottom,
        },
        x: Axis {
            low: 0.0,
            high: flat.values.last().copied().unwrap_or(largest),
            keys: flat.values.clone(),
        },
        y: Axis {
            low: scale.low,
            high: scale.high,
            keys: scale.ticks.values.clone(),
        },
    };
    (frame, scale, flat)
}

/// All units, and the limits as far as they are not wider than the data by much: at tiny sizes they open without end.
fn scale(chart: &Funnel, most: usize) -> Scale {
    let values: Vec<f64> = chart.units.iter().map(|unit| unit.value).collect();
    let (low, high) = values
        .iter()
        .fold((chart.pooled, chart.pooled), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
    // The largest unit has the narrowest limits, and these are shown whole.
    let narrowest = chart
        .curves
        .last()
        .into_iter()
        .flat_map(|place| place.outer.both())
        .flatten()
        .map(|limit| (limit - chart.pooled).abs())
        .fold(0.0, f64::max);
    let (low, high) = (
        low.min(chart.pooled - narrowest),
        high.max(chart.pooled + narrowest),
    );
    let reach = (high - low) * 0.3;
    let lines: Vec<f64> = chart
        .curves
        .iter()
        .flat_map(|place| place.outer.both())
        .flatten()
        .map(|limit| limit.clamp(low - reach, high + reach))
        .chain([chart.pooled])
        .collect();
    Scale::of(&values, &lines, chart.bounds, most)
}

type Pick = fn(&Curve) -> Option<f64>;

fn draw(sheet: &mut Sheet, at: &Measures, frame: &Frame, chart: &Funnel) -> Result<(), Error> {
    let plane = Plane::on(sheet, frame);
    plane.mesh(at.line * 0.7)?;
    let lines: [(Pick, Ink, f64); 4] = [
        (|place| place.inner.lower, Ink::Near, 1.2),
        (|place| place.inner.upper, Ink::Near, 1.2),
        (|place| place.outer.lower, Ink::Limit, 1.3),
        (|place| place.outer.upper, Ink::Limit, 1.3),
    ];
    for (pick, ink, thick) in lines {
        for part in inside(&chart.curves, pick, frame) {
            plane.path(part, ink, at.line * thick)?;
        }
    }
    plane.path(
        vec![(frame.x.low, chart.pooled), (frame.x.high, chart.pooled)],
        Ink::Centre,
        at.line * 1.2,
    )?;
    let crowd = (float(chart.units.len()) / 200.0).sqrt().max(1.0);
    let size = (at.font * 0.36 / crowd).max(at.font * 0.16);
    let mut placed: Vec<(Mark, &Placed)> = chart.units.iter().map(|unit| (mark(unit), unit)).collect();
    placed.sort_by_key(|(mark, _)| *mark);
    for (mark, unit) in placed {
        let size = if mark.is_special() {
            size.max(at.font * 0.3)
        } else {
            size
        };
        let (mark, row) = if unit.value > frame.y.high {
            (Mark::Above(mark.into()), frame.y.high)
        } else if unit.value < frame.y.low {
            (Mark::Below(mark.into()), frame.y.low)
        } else {
            (mark, unit.value)
        };
        plane.mark((unit.size, row), mark, size)?;
    }
    Ok(())
}

fn mark(unit: &Placed) -> Mark {
    unit.outside.map_or(Mark::Common, Mark::from)
}

/// The parts of a curve that lie in the frame, cut where it crosses the edges.
fn inside(curves: &[Curve], pick: Pick, frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let (low, high) = (frame.y.low, frame.y.high);
    let mut out = Vec::new();
    let mut open: Vec<(f64, f64)> = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for place in curves.iter().filter(|place| frame.x.holds(place.size)) {
        let here = pick(place).map(|limit| (place.size, limit));
        match (before, here) {
            (_, None) => out.push(std::mem::take(&mut open)),
            (None, Some(here)) if frame.y.holds(here.1) => open.push(here),
            (None, Some(_)) => {}
            (Some(before), Some(here)) => match (frame.y.holds(before.1), frame.y.holds(here.1)) {
                (true, true) => open.push(here),
                (true, false) => {
                    open.push(crossing(before, here, if here.1 > high { high } else { low }));
                    out.push(std::mem::take(&mut open));
                }
                (false, true) => {
                    open.push(crossing(before, here, if before.1 > high { high } else { low }));
                    open.push(here);
                }
                (false, false) => {}
            },
        }
        before = here;
    }
    out.push(open);
    out.retain(|part| part.len() > 1);
    out
}

/// Where the line between two places meets a row.
fn crossing((x0, y0): (f64, f64), (x1, y1): (f64, f64), row: f64) -> (f64, f64) {
    let share = if (y1 - y0).abs() > 0.0 {
        (row - y0) / (y1 - y0)
    } else {
        0.0
    };
    (x0 + (x1 - x0) * share.clamp(0.0, 1.0), row)
}

fn axes(sheet: &mut Sheet, at: &Measures, frame: &Frame, chart: &Funnel, upright: &Scale, flat: &Ticks) {
    sheet.open("axis-y");
    for &value in upright.ticks.values.iter().filter(|&&value| frame.y.holds(value)) {
        let words = Words::of(at.font, Ink::Faint).anchor(Anchor::End);
        let place = (
            frame.rect.left - at.font * 0.4,
            frame.line(value) + at.font * 0.35,
        );
        sheet.text(place, words, &chart.unit.signed(&upright.ticks.label(value)));
    }
    sheet.close();
    sheet.open("axis-x");
    for &value in &flat.values {
        let label = flat.label(value);
        let half = width(&label, at.font, false) / 2.0;
        let x = frame.column(value).min(at.width - at.pad * 0.5 - half);
        let words = Words::of(at.font, Ink::Faint).anchor(Anchor::Middle);
        sheet.text((x, frame.rect.bottom + at.font * 1.4), words, &label);
    }
    sheet.close();
}

/// A box that text or a sign takes.
type Taken = (f64, f64, f64, f64);

/// The names of units outside the limits, farthest from the middle first, each where it meets nothing; a name
/// without such a place is left to the table.
fn names(sheet: &mut Sheet, at: &Measures, frame: &Frame, chart: &Funnel) {
    let mut outside: Vec<&Placed> = chart.units.iter().filter(|unit| unit.outside.is_some()).collect();
    outside.sort_by(|one, other| {
        let far = |unit: &Placed| (unit.value - chart.pooled).abs();
        far(other)
            .total_cmp(&far(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    let reach = at.font * 0.55;
    let mut taken: Vec<Taken> = outside
        .iter()
        .map(|unit| {
            let (x, y) = (frame.column(unit.size), frame.line(unit.value));
            (x - reach, y - reach, x + reach, y + reach)
        })
        .collect();
    sheet.open("names");
    for unit in outside.into_iter().take(MOST_NAMES) {
        let (x, y) = (frame.column(unit.size), frame.line(unit.value));
        let room = (frame.rect.right - frame.rect.left) * if at.is_wide { 0.25 } else { 0.45 };
        let mut text = line(&unit.name);
        if !frame.y.holds(unit.value) {
            text = format!("{text} {}", chart.unit.signed(&full(unit.value)));
        }
        let text = fit(&text, at.font, false, room);
        let wide = width(&text, at.font, false);
        let tall = at.font * 1.1;
        let gap = at.font * 0.7;
        let places = [
            (x + gap, y - tall / 2.0),
            (x - gap - wide, y - tall / 2.0),
            (x - wide / 2.0, y - gap - tall),
            (x - wide / 2.0, y + gap),
        ];
        let free = places.into_iter().find(|&(left, top)| {
            let fits = left >= frame.rect.left
                && left + wide <= frame.rect.right
                && top >= frame.rect.top
                && top + tall <= frame.rect.bottom;
            fits && taken
                .iter()
                .all(|&(l, t, r, b)| left >= r || left + wide <= l || top >= b || top + tall <= t)
        });
        if let Some((left, top)) = free {
            taken.push((left, top, left + wide, top + tall));
            let words = Words::of(at.font, Ink::Text).halo();
            sheet.text((left, top + tall * 0.8), words, &text);
        }
    }
    sheet.close();
}

fn keys(chart: &Funnel) -> Vec<(Key, String)> {
    let mut out: Vec<(Key, String)> = chart
        .units
        .iter()
        .map(mark)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|mark| {
            let words = match mark {
                Mark::Common => "Within the limits".to_owned(),
                Mark::Neutral => "Outside the limits".to_owned(),
                mark => format!("Outside: {}", mark.meaning().to_lowercase()),
            };
            (Key::Mark(mark), words)
        })
        .collect();
    let pooled = chart.unit.signed(&plain(chart.pooled, chart.pooled.abs()));
    out.push((Key::Line(Ink::Centre), format!("All together {pooled}")));
    let (outer, inner) = (line(&chart.limit_names.0), line(&chart.limit_names.1));
    let any = |pick: fn(&Curve) -> bool| chart.curves.iter().any(pick);
    if any(|place| place.outer.both().iter().any(Option::is_some)) {
        out.push((Key::Line(Ink::Limit), format!("{outer} limits")));
    }
    if any(|place| place.inner.both().iter().any(Option::is_some)) {
        out.push((Key::Line(Ink::Near), format!("{inner} limits")));
    }
    out
}

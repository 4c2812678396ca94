//! Many small charts of one measure on one sheet.

use std::collections::BTreeSet;

use crate::axis::{Axis, Frame, Plane, Rect};
use crate::clean::line;
use crate::describe;
use crate::frame::{Measures, Verdict, heading};
use crate::icon;
use crate::ink::Ink;
use crate::legend::{Key, legend};
use crate::marks::Mark;
use crate::model::{Multiples, Series};
use crate::notes;
use crate::number::{float, plain};
use crate::period::Period;
use crate::plot::{self, Weight};
use crate::scale::Scale;
use crate::series::caption;
use crate::sheet::{Anchor, Cover, Sheet, Words};
use crate::text::{fit, width};
use crate::{Drawing, Error, Look};

/// Draws many small charts.
pub fn multiples(sheets: &Multiples, look: &Look) -> Result<Drawing, Error> {
    look.check()?;
    sheets.check()?;
    let at = Measures::of(*look);
    let mut sheet = Sheet::new(look.theme);
    let mut words = sheets.heading.clone();
    words.title = describe::title(&words.title, "Small multiples");
    let mut y = heading(&mut sheet, &at, &words, &Verdict::default()) + at.font * 0.6;
    if let Some(first) = sheets.charts.first() {
        y = caption(&mut sheet, &at, y, &first.unit, first.direction);
    }

    if sheets.charts.is_empty() {
        y = notes::nothing(&mut sheet, &at, y);
    }
    let grid = Grid::of(&at, sheets.charts.len());
    let all: Vec<&Series> = sheets.charts.iter().collect();
    let common = sheets.same_scale.then(|| plot::scale(&all, 5).tight());
    let mut found = BTreeSet::new();
    let top = y + at.font * 0.6;
    for (place, chart) in sheets.charts.iter().enumerate() {
        let scale = common.clone().unwrap_or_else(|| plot::scale(&[chart], 5).tight());
        found.extend(cell(&mut sheet, &at, grid.cell(place, top), chart, &scale)?);
    }
    y = top + float(grid.rows) * (grid.high + grid.gap);
    y = legend(
        &mut sheet,
        &at,
        (at.pad, at.width - at.pad),
        y,
        &keys(sheets, &found),
    )?;
    y = notes::foot(&mut sheet, &at, y, &sheets.heading);
    Ok(sheet.finish(Cover {
        width: look.width,
        height: y + at.pad,
        title: words.title,
        description: describe::multiples(sheets),
        table: describe::multiples_table(sheets),
    }))
}

/// How the sheet is divided.
struct Grid {
    columns: usize,
    rows: usize,
    left: f64,
    wide: f64,
    high: f64,
    gap: f64,
}

impl Grid {
    fn of(at: &Measures, count: usize) -> Self {
        let gap = at.font * 1.6;
        let least = at.font * if at.is_wide { 17.0 } else { 21.0 };
        let fit = ((at.room() + gap) / (least + gap)).floor().max(1.0);
        let columns = (1..=count)
            .take_while(|&columns| float(columns) <= fit)
            .last()
            .unwrap_or(1);
        let wide = (at.room() - gap * float(columns - 1)) / float(columns);
        Self {
            columns,
            rows: count.div_ceil(columns),
            left: at.pad,
            wide,
            high: (wide * 0.62).min(at.font * 15.0),
            gap,
        }
    }

    fn cell(&self, place: usize, top: f64) -> Rect {
        let (row, column) = (place / self.columns, place % self.columns);
        let left = self.left + float(column) * (self.wide + self.gap);
        let top = top + float(row) * (self.high + self.gap);
        Rect {
            left,
            top,
            right: left + self.wide,
            bottom: top + self.high,
        }
    }
}

/// One small chart: name, sign, last value, plot, first and last period.
fn cell(
    sheet: &mut Sheet,
    at: &Measures,
    cell: Rect,
    chart: &Series,
    scale: &Scale,
) -> Result<BTreeSet<Mark>, Error> {
    let sign = at.font * 1.7;
    let mut x = cell.left;
    let middle = cell.top + sign / 2.0;
    if let Some(variation) = chart.variation {
        icon::put_variation(sheet, variation, (x, cell.top), sign);
        x += sign + at.font * 0.3;
    }
    if let Some(assurance) = chart.assurance {
        icon::put_assurance(sheet, assurance, (x, cell.top), sign);
        x += sign + at.font * 0.3;
    }
    if x > cell.left {
        x += at.font * 0.2;
    }
    let latest = chart
        .latest()
        .map(|(_, value)| chart.unit.signed(&plain(value, describe::span(chart))))
        .unwrap_or_default();
    let taken = width(&latest, at.font, true) + at.font * 0.6;
    let name = fit(
        &line(&describe::series_title(chart)),
        at.font,
        true,
        cell.right - x - taken,
    );
    let base = middle + at.font * 0.35;
    sheet.open("cell");
    sheet.text((x, base), Words::of(at.font, Ink::Text).bold(), &name);
    sheet.text(
        (cell.right, base),
        Words::of(at.font, Ink::Text).bold().anchor(Anchor::End),
        &latest,
    );
    sheet.close();

    if chart.points.is_empty() {
        let words = Words::of(at.font, Ink::Faint);
        let text = fit(notes::NOTHING, at.font, false, cell.right - cell.left);
        sheet.text((cell.left, cell.top + sign + at.leading() * 1.5), words, &text);
        return Ok(BTreeSet::new());
    }
    let label = |value: f64| chart.unit.signed(&scale.ticks.label(value));
    let shown: Vec<f64> = scale
        .ticks
        .values
        .iter()
        .copied()
        .filter(|&value| value >= scale.low && value <= scale.high)
        .collect();
    let widest = shown
        .iter()
        .map(|&value| width(&label(value), at.font, false))
        .fold(0.0, f64::max);
    let frame = Frame {
        rect: Rect {
            left: cell.left + widest + at.font * 0.4,
            top: cell.top + sign + at.font * 0.7,
            right: cell.right,
            bottom: cell.bottom - at.leading(),
        },
        x: Axis {
            low: -0.5,
            high: float(chart.points.len()) - 0.5,
            keys: Vec::new(),
        },
        y: Axis {
            low: scale.low,
            high: scale.high,
            keys: shown.clone(),
        },
    };
    let weight = Weight {
        mark: at.font * 0.28,
        line: at.line * 0.9,
        is_full: false,
    };
    let found = {
        let plane = Plane::on(sheet, &frame);
        plot::ground(&plane, chart, weight)?;
        plot::draw(&plane, &frame, chart, weight)?
    };
    sheet.open("axis-y");
    for value in shown {
        let words = Words::of(at.font, Ink::Faint).anchor(Anchor::End);
        let place = (
            frame.rect.left - at.font * 0.3,
            frame.line(value) + at.font * 0.35,
        );
        sheet.text(place, words, &label(value));
    }
    sheet.close();
    periods(sheet, at, &frame, cell.bottom, chart);
    Ok(found)
}

fn periods(sheet: &mut Sheet, at: &Measures, frame: &Frame, bottom: f64, chart: &Series) {
    let room = frame.rect.right - frame.rect.left;
    let name = |period: &Period, room: f64| fit(&period.short(), at.font, false, room);
    sheet.open("axis-x");
    let words = Words::of(at.font, Ink::Faint);
    match &chart.points[..] {
        [] => {}
        [only] => {
            let middle = frame.rect.left + room / 2.0;
            sheet.text(
                (middle, bottom),
                words.anchor(Anchor::Middle),
                &name(&only.period, room),
            );
        }
        [first, .., last] => {
            let half = (room - at.font) / 2.0;
            sheet.text((frame.rect.left, bottom), words, &name(&first.period, half));
            sheet.text(
                (frame.rect.right, bottom),
                words.anchor(Anchor::End),
                &name(&last.period, half),
            );
        }
    }
    sheet.close();
}

fn keys(sheets: &Multiples, found: &BTreeSet<Mark>) -> Vec<(Key, String)> {
    let mut out: Vec<(Key, String)> = Vec::new();
    for &mark in found {
        let words = mark.meaning().to_owned();
        if out.iter().all(|(_, other)| *other != words) {
            out.push((Key::Mark(mark), words));
        }
    }
    if let Some(first) = sheets.charts.first() {
        out.push((Key::Line(Ink::Centre), first.centre_name().to_owned()));
    }
    let points = || sheets.charts.iter().flat_map(|chart| &chart.points);
    if points().any(|point| point.limits.both().iter().any(Option::is_some)) {
        out.push((Key::Line(Ink::Limit), "Limits".into()));
    }
    if sheets
        .charts
        .iter()
        .any(|chart| chart.points.iter().any(|point| point.target.is_some()))
    {
        out.push((Key::Line(Ink::Target), "Target".into()));
    }
    out
}

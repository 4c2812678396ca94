//! What happened, what the reader should know, and the source: text beneath a plot.

use crate::clean::line;
use crate::frame::Measures;
use crate::ink::Ink;
use crate::model::{Annotation, Heading, Series};
use crate::sheet::{Anchor, Sheet, Words};
use crate::text::{width, wrap};

/// So many annotations are drawn; the others are in the table.
pub(crate) const MOST_NOTES: usize = 12;

/// Annotations as they are drawn: by point, those of one point under one number.
pub(crate) struct Numbered<'c> {
    pub number: usize,
    pub at: usize,
    pub notes: Vec<&'c Annotation>,
}

/// The first of them, by point.
pub(crate) fn numbered(chart: &Series) -> (Vec<Numbered<'_>>, usize) {
    let mut sorted: Vec<&Annotation> = chart.annotations.iter().collect();
    sorted.sort_by_key(|note| note.at);
    let mut out: Vec<Numbered<'_>> = Vec::new();
    let mut left_out = 0;
    for note in sorted {
        let count = out.len();
        match out.last_mut() {
            Some(last) if last.at == note.at => last.notes.push(note),
            _ if count == MOST_NOTES => left_out += 1,
            _ => out.push(Numbered {
                number: count + 1,
                at: note.at,
                notes: vec![note],
            }),
        }
    }
    (out, left_out)
}

/// The side of a number's tile.
pub(crate) fn tile(at: &Measures) -> f64 {
    at.font * 1.35
}

/// Places for tiles in one row, each as near to its point as the others let it.
pub(crate) fn spread(wanted: &[f64], side: f64, (left, right): (f64, f64)) -> Vec<f64> {
    let apart = side * 1.1;
    let mut places: Vec<f64> = Vec::with_capacity(wanted.len());
    for want in wanted {
        let least = places.last().map_or(left + side / 2.0, |place| place + apart);
        places.push(want.max(least));
    }
    let mut most = right - side / 2.0;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - apart;
    }
    places
}

/// A number in its tile.
pub(crate) fn number(sheet: &mut Sheet, at: &Measures, (x, y): (f64, f64), number: usize) {
    let side = tile(at);
    sheet.tile((x - side / 2.0, y - side / 2.0), (side, side), Ink::Event, None);
    let words = Words::of(at.font * 0.85, Ink::Paper)
        .bold()
        .anchor(Anchor::Middle);
    sheet.text((x, y + at.font * 0.3), words, &number.to_string());
}

/// The list of what happened; answers where it ends.
pub(crate) fn list(sheet: &mut Sheet, at: &Measures, top: f64, chart: &Series) -> f64 {
    let (shown, left_out) = numbered(chart);
    if shown.is_empty() {
        return top;
    }
    let indent = at.pad + tile(at) + at.font * 0.6;
    let room = at.width - at.pad - indent;
    let mut y = top + at.font * 0.4;
    sheet.open("events");
    for entry in &shown {
        let when = chart
            .points
            .get(entry.at)
            .map(|point| point.period.short())
            .unwrap_or_default();
        let what: Vec<String> = entry.notes.iter().map(|note| line(&note.text)).collect();
        let lines = wrap(&format!("{when}: {}", what.join("; ")), at.font, false, room, 2);
        let first = y + at.leading();
        number(
            sheet,
            at,
            (at.pad + tile(at) / 2.0, first - at.font * 0.35),
            entry.number,
        );
        for text in lines {
            y += at.leading();
            sheet.text((indent, y), Words::of(at.font, Ink::Text), &text);
        }
        y = y.max(first) + at.font * 0.35;
    }
    sheet.close();
    if left_out > 0 {
        y += at.leading();
        sheet.text(
            (indent, y),
            Words::of(at.font, Ink::Faint),
            &format!("and {left_out} more"),
        );
    }
    y
}

/// What stands in the place of a plot without points.
pub(crate) const NOTHING: &str = "There are no values to show.";

/// Says that there is nothing; answers where that ends.
pub(crate) fn nothing(sheet: &mut Sheet, at: &Measures, top: f64) -> f64 {
    let mut y = top + at.font;
    for text in wrap(NOTHING, at.font, false, at.room(), 3) {
        y += at.leading();
        sheet.text((at.pad, y), Words::of(at.font, Ink::Text), &text);
    }
    y + at.font
}

/// Notes and source; answers where they end.
pub(crate) fn foot(sheet: &mut Sheet, at: &Measures, top: f64, heading: &Heading) -> f64 {
    let mut y = top + at.font * 0.3;
    sheet.open("notes");
    for note in heading.notes.iter().take(6) {
        for text in wrap(&line(note), at.font, false, at.room(), 3) {
            y += at.leading();
            sheet.text((at.pad, y), Words::of(at.font, Ink::Faint), &text);
        }
    }
    let source = line(&heading.source);
    if !source.is_empty() {
        for text in wrap(&format!("Source: {source}"), at.font, false, at.room(), 2) {
            y += at.leading();
            sheet.text((at.pad, y), Words::of(at.font, Ink::Faint), &text);
        }
    }
    sheet.close();
    y
}

/// Text in the middle of a lane between two columns, as much as fits; nothing if that is no word.
pub(crate) fn lane(sheet: &mut Sheet, at: &Measures, (left, right): (f64, f64), y: f64, text: &str) {
    let text = crate::text::fit(&line(text), at.font, false, right - left - at.font * 0.5);
    // An ellipsis after two letters tells nobody anything.
    if text.chars().count() > 3 || width(&text, at.font, false) > at.font * 2.0 || !text.contains('…') {
        sheet.text((left + at.font * 0.25, y), Words::of(at.font, Ink::Faint), &text);
    }
}

//! Names of lines at their right ends, pushed apart where lines are close.

use crate::frame::Measures;
use crate::ink::Ink;
use crate::sheet::{Sheet, Words};
use crate::text::width;

/// A line's name.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub name: String,
    pub figure: String,
    /// The line's own row, in pixels.
    pub row: f64,
    pub ink: Ink,
}

/// How wide the column of names is.
pub(crate) fn room(ends: &[End], at: &Measures) -> f64 {
    let widest = ends
        .iter()
        .map(|end| width(&format!("{} {}", end.name, end.figure), at.font, true))
        .fold(0.0, f64::max);
    if widest > 0.0 { widest + at.font * 0.6 } else { 0.0 }
}

/// Writes the names from `x` on, none above `top` or below `bottom`.
pub(crate) fn write(sheet: &mut Sheet, at: &Measures, x: f64, (top, bottom): (f64, f64), mut ends: Vec<End>) {
    ends.sort_by(|one, other| one.row.total_cmp(&other.row));
    let apart = at.font * 1.2;
    let mut rows: Vec<f64> = Vec::with_capacity(ends.len());
    for end in &ends {
        let lowest = rows.last().map_or(top, |row| row + apart);
        rows.push(end.row.max(lowest));
    }
    // What was pushed out at the bottom is pushed back up.
    let mut limit = bottom;
    for row in rows.iter_mut().rev() {
        *row = row.min(limit);
        limit = *row - apart;
    }
    sheet.open("ends");
    for (end, row) in ends.iter().zip(rows) {
        let text = format!("{} {}", end.name, end.figure);
        sheet.text((x, row + at.font * 0.35), Words::of(at.font, end.ink), &text);
    }
    sheet.close();
}

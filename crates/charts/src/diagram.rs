//! Diagrams of a team's work: process maps, fishbones and driver diagrams.
//!
//! They come in as data whose parts name each other by place; where everything stands is found here. The graphs are
//! laid out in layers by `dagre`, in the widths and heights that their texts need.

use crate::Error;
use crate::clean::line;
use crate::frame::Measures;
use crate::ink::Ink;
use crate::model::Heading;
use crate::sheet::{Anchor, Sheet, Words, pixels};
use crate::text::wrap;

mod drivers;
mod fishbone;
mod layers;
mod process;
mod shapes;

pub use drivers::{Driver, DriverLevel, Drivers, drivers};
pub use fishbone::{Bone, Cause, Fishbone, fishbone};
pub use process::{FlowKind, FlowNode, FlowWay, ProcessMap, process_map};

/// A diagram has at most so many parts.
pub const MOST_PARTS: usize = 200;

/// A text in lines, with the room that it takes.
#[derive(Clone, Debug, Default)]
struct Block {
    lines: Vec<String>,
    size: f64,
    bold: bool,
}

impl Block {
    /// The whole text in lines of at most this width; only what has no end of its own is cut.
    fn of(text: &str, size: f64, bold: bool, room: f64) -> Self {
        Self {
            lines: wrap(&line(text), size, bold, room, 40),
            size,
            bold,
        }
    }

    fn height(&self) -> f64 {
        crate::number::float(self.lines.len()) * self.size * 1.3
    }

    fn width(&self) -> f64 {
        let widths = self
            .lines
            .iter()
            .map(|of| crate::text::width(of, self.size, self.bold));
        widths.fold(0.0, f64::max)
    }

    /// Writes it from `top` on; answers where it ends.
    fn write(&self, sheet: &mut Sheet, x: f64, top: f64, anchor: Anchor, ink: Ink) -> f64 {
        let mut y = top;
        let words = Words::of(self.size, ink).anchor(anchor);
        let words = if self.bold { words.bold() } else { words };
        for text in &self.lines {
            y += self.size * 1.3;
            sheet.text((x, y - self.size * 0.32), words, text);
        }
        y
    }
}

/// A line through these places.
fn way(places: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (n, (x, y)) in places.iter().enumerate() {
        path.push(if n == 0 { 'M' } else { 'L' });
        path.push_str(&pixels(*x));
        path.push(' ');
        path.push_str(&pixels(*y));
    }
    path
}

/// The notes beneath a diagram; answers where they end.
fn notes(sheet: &mut Sheet, at: &Measures, top: f64, heading: &Heading) -> f64 {
    let mut y = top;
    let source = std::iter::once(&heading.source).filter(|text| !text.is_empty());
    for text in heading.notes.iter().chain(source) {
        y += at.font * 0.4;
        for text in wrap(&line(text), at.font, false, at.room(), 6) {
            y += at.leading();
            sheet.text((at.pad, y), Words::of(at.font, Ink::Faint), &text);
        }
    }
    y
}

fn check_parts(what: &'static str, count: usize) -> Result<(), Error> {
    if count > MOST_PARTS {
        return Err(Error::TooMany {
            what,
            most: MOST_PARTS,
        });
    }
    Ok(())
}

/// How wide a sheet is that must hold this: as wide as was asked for, or as what is on it.
fn sheet_width(at: &Measures, needed: f64) -> u32 {
    let wide = at.width.max(needed).ceil();
    // Casts take the nearest number that there is; two hundred boxes are far from the largest.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "floats are cast to the nearest number that there is"
    )]
    let pixels = wide as u32;
    pixels
}

//! Signs for variation and assurance, of our own drawing.
//!
//! Each is a tile. For variation: a full tile with a rising or falling arrow and a diamond is improvement, an empty
//! one with a triangle is concern, one with a square is a special cause without a better direction, a small zigzag
//! between two lines is common cause. For assurance: the process as a zigzag above, across or below the dashed line of the target, with
//! a tick for always met and a cross for never met. The shapes are those of the points, and no sign needs its colour.

use crate::ink::Ink;
use crate::model::{Assurance, Cause, Variation};
use crate::sheet::{Cover, Sheet, pixels};
use crate::table::Table;
use crate::{Drawing, Theme};

/// Signs are drawn on a grid of so many steps.
const GRID: f64 = 48.0;

/// The sign for variation, so many pixels wide and high (16 to 1,024).
pub fn variation(variation: Variation, theme: Theme, size: u32) -> Drawing {
    let size = size.clamp(16, 1024);
    let mut sheet = Sheet::new(theme);
    put_variation(&mut sheet, variation, (0.0, 0.0), f64::from(size));
    cover(sheet, size, variation_words(variation))
}

/// The sign for assurance, so many pixels wide and high (16 to 1,024).
pub fn assurance(assurance: Assurance, theme: Theme, size: u32) -> Drawing {
    let size = size.clamp(16, 1024);
    let mut sheet = Sheet::new(theme);
    put_assurance(&mut sheet, assurance, (0.0, 0.0), f64::from(size));
    cover(sheet, size, assurance_words(assurance))
}

fn cover(sheet: Sheet, size: u32, words: &str) -> Drawing {
    sheet.finish(Cover {
        width: size,
        height: f64::from(size),
        title: words.to_owned(),
        description: String::new(),
        table: Table::default(),
    })
}

/// What the sign says.
pub fn variation_words(variation: Variation) -> &'static str {
    match variation {
        Variation::Common => "Common cause variation",
        Variation::Improvement { high: true } => "Improvement: unusually high",
        Variation::Improvement { high: false } => "Improvement: unusually low",
        Variation::Concern { high: true } => "Concern: unusually high",
        Variation::Concern { high: false } => "Concern: unusually low",
        Variation::Neutral { high: true } => "Special cause: unusually high",
        Variation::Neutral { high: false } => "Special cause: unusually low",
    }
}

/// What the sign says.
pub fn assurance_words(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Pass => "Target always met",
        Assurance::Inconsistent => "Target met by chance",
        Assurance::Fail => "Target never met",
    }
}

/// A tile at a place.
struct Tile<'s> {
    sheet: &'s mut Sheet,
    at: (f64, f64),
    scale: f64,
}

impl Tile<'_> {
    fn line(&mut self, corners: &[(f64, f64)], ink: Ink, width: f64) {
        let path = self.through(corners);
        self.sheet.path(&path, ink, Some(width * self.scale));
    }

    fn shape(&mut self, corners: &[(f64, f64)], ink: Ink) {
        let path = self.through(corners) + "Z";
        self.sheet.path(&path, ink, None);
    }

    fn through(&self, corners: &[(f64, f64)]) -> String {
        let mut path = String::new();
        for (at, (x, y)) in corners.iter().enumerate() {
            path.push(if at == 0 { 'M' } else { 'L' });
            path.push_str(&pixels(self.at.0 + x * self.scale));
            path.push(' ');
            path.push_str(&pixels(self.at.1 + y * self.scale));
        }
        path
    }

    fn frame(&mut self, ink: Ink, is_full: bool) {
        let inset = 2.0 * self.scale;
        let side = (GRID - 4.0) * self.scale;
        let at = (self.at.0 + inset, self.at.1 + inset);
        if is_full {
            self.sheet.tile(at, (side, side), ink, None);
        }
        self.sheet.tile(at, (side, side), ink, Some(2.5 * self.scale));
    }

    /// An arrow through the tile, and the mark of its cause in the corner that it leaves free.
    fn arrow(&mut self, cause: Cause, high: bool, ink: Ink) {
        let flip = |(x, y): (f64, f64)| if high { (x, y) } else { (x, GRID - y) };
        let shaft = [(10.0, 36.0), (19.0, 27.0), (25.0, 31.0), (35.0, 17.0)].map(flip);
        let head = [(39.5, 11.0), (38.5, 21.5), (30.0, 15.5)].map(flip);
        self.line(&shaft, ink, 4.0);
        self.shape(&head, ink);
        let (x, y) = if high { (15.0, 15.0) } else { (15.0, 33.0) };
        let mark: &[(f64, f64)] = match cause {
            Cause::Improvement => &[(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)],
            Cause::Concern => &[(0.0, -6.0), (6.0, 5.0), (-6.0, 5.0)],
            Cause::Neutral => &[(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)],
        };
        let mark: Vec<(f64, f64)> = mark.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        self.shape(&mark, ink);
    }
}

pub(crate) fn put_variation(sheet: &mut Sheet, variation: Variation, at: (f64, f64), size: f64) {
    sheet.open("sign");
    let mut tile = Tile {
        sheet,
        at,
        scale: size / GRID,
    };
    match variation {
        Variation::Common => {
            tile.frame(Ink::Common, false);
            tile.line(&[(8.0, 13.0), (40.0, 13.0)], Ink::Limit, 1.6);
            tile.line(&[(8.0, 35.0), (40.0, 35.0)], Ink::Limit, 1.6);
            let zigzag = [
                (9.0, 25.0),
                (15.0, 19.0),
                (21.0, 29.0),
                (27.0, 20.0),
                (33.0, 28.0),
                (39.0, 22.0),
            ];
            tile.line(&zigzag, Ink::Common, 3.2);
        }
        Variation::Improvement { high } => {
            tile.frame(Ink::Improvement, true);
            tile.arrow(Cause::Improvement, high, Ink::Paper);
        }
        Variation::Concern { high } => {
            tile.frame(Ink::Concern, false);
            tile.arrow(Cause::Concern, high, Ink::Concern);
        }
        Variation::Neutral { high } => {
            tile.frame(Ink::Neutral, false);
            tile.arrow(Cause::Neutral, high, Ink::Neutral);
        }
    }
    sheet.close();
}

pub(crate) fn put_assurance(sheet: &mut Sheet, assurance: Assurance, at: (f64, f64), size: f64) {
    sheet.open("sign");
    let mut tile = Tile {
        sheet,
        at,
        scale: size / GRID,
    };
    let zigzag = |middle: f64, reach: f64| {
        [0.0, 1.0, 2.0, 3.0, 4.0].map(|step: f64| {
            let up = if (step * 0.5).fract() > 0.0 { -1.0 } else { 1.0 };
            (9.0 + step * 7.5, middle + up * reach)
        })
    };
    match assurance {
        Assurance::Pass => {
            tile.frame(Ink::Improvement, false);
            tile.line(&[(7.0, 27.0), (41.0, 27.0)], Ink::Target, 2.0);
            tile.line(&zigzag(16.0, 5.0), Ink::Improvement, 3.2);
            tile.line(&[(17.0, 35.5), (22.0, 40.5), (32.0, 31.5)], Ink::Improvement, 3.6);
        }
        Assurance::Inconsistent => {
            tile.frame(Ink::Common, false);
            tile.line(&[(7.0, 24.0), (41.0, 24.0)], Ink::Target, 2.0);
            tile.line(&zigzag(24.0, 10.0), Ink::Common, 3.2);
        }
        Assurance::Fail => {
            tile.frame(Ink::Concern, false);
            tile.line(&[(7.0, 21.0), (41.0, 21.0)], Ink::Target, 2.0);
            tile.line(&zigzag(32.5, 5.0), Ink::Concern, 3.2);
            tile.line(&[(20.0, 8.0), (28.0, 16.0)], Ink::Concern, 3.6);
            tile.line(&[(28.0, 8.0), (20.0, 16.0)], Ink::Concern, 3.6);
        }
    }
    sheet.close();
}

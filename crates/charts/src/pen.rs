//! What plotters draws with: a backend of ours that writes paths into the sheet.
//!
//! plotters' own SVG backend writes a colour and a whole number of pixels on every element. This one works in
//! tenths of a pixel, writes classes that a style can turn dark, and puts neighbours of one kind into one path,
//! so that ten thousand points are some hundred kilobytes.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::ink::Ink;
use crate::sheet::Sheet;

/// So many steps of plotters make a pixel.
pub(crate) const FINE: i32 = 10;
/// More than any sheet has, so that nothing is cut off by plotters.
const ENDLESS: u32 = 4_000_000;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

#[derive(Clone, Copy, PartialEq)]
struct Manner {
    ink: Ink,
    /// The width of the line in steps; `None` fills.
    stroke: Option<u32>,
}

/// Writes into a sheet.
pub(crate) struct Pen<'s> {
    sheet: &'s mut Sheet,
    manner: Option<Manner>,
    path: String,
}

impl<'s> Pen<'s> {
    pub(crate) fn on(sheet: &'s mut Sheet) -> Self {
        Self {
            sheet,
            manner: None,
            path: String::new(),
        }
    }

    fn take(&mut self, ink: Ink, stroke: Option<u32>) {
        let manner = Manner { ink, stroke };
        if self.manner != Some(manner) {
            self.put_down();
            self.manner = Some(manner);
        }
    }

    fn put_down(&mut self) {
        if let Some(manner) = self.manner.take() {
            let stroke = manner.stroke.map(|steps| f64::from(steps) / f64::from(FINE));
            self.sheet.path(&self.path, manner.ink, stroke);
            self.path.clear();
        }
    }

    fn to(&mut self, letter: char, (x, y): BackendCoord) {
        self.path.push(letter);
        self.number(x);
        if y >= 0 {
            self.path.push(' ');
        }
        self.number(y);
    }

    /// A number of steps as pixels.
    fn number(&mut self, steps: i32) {
        if steps < 0 {
            self.path.push('-');
        }
        let steps = steps.unsigned_abs();
        let (whole, tenth) = (steps / FINE.unsigned_abs(), steps % FINE.unsigned_abs());
        let _ = write!(self.path, "{whole}");
        if tenth > 0 {
            let _ = write!(self.path, ".{tenth}");
        }
    }

    fn through(&mut self, places: impl IntoIterator<Item = BackendCoord>, is_closed: bool) {
        let mut before = None;
        for place in places {
            match before {
                None => self.to('M', place),
                Some(before) if before == place => {}
                Some(_) => self.to('L', place),
            }
            before = Some(place);
        }
        if is_closed && before.is_some() {
            self.path.push('Z');
        }
    }
}

impl Drop for Pen<'_> {
    fn drop(&mut self) {
        self.put_down();
    }
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (ENDLESS, ENDLESS)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.take(Ink::of(colour.rgb), None);
        self.through([(x, y), (x + FINE, y), (x + FINE, y + FINE), (x, y + FINE)], true);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        self.take(Ink::of(style.color().rgb), (!fill).then(|| style.stroke_width()));
        self.through([(left, top), (right, top), (right, bottom), (left, bottom)], true);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.take(Ink::of(style.color().rgb), Some(style.stroke_width()));
        self.through(path, false);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        self.take(Ink::of(style.color().rgb), (!fill).then(|| style.stroke_width()));
        let radius = radius.cast_signed();
        self.to('M', (x - radius, y));
        for way in [2 * radius, -2 * radius] {
            self.path.push('a');
            self.number(radius);
            self.path.push(' ');
            self.number(radius);
            self.path.push_str(" 0 1 0 ");
            self.number(way);
            self.path.push_str(" 0");
        }
        self.path.push('Z');
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.take(Ink::of(style.color().rgb), None);
        self.through(corners, true);
        Ok(())
    }

    /// Text is set by the sheet, which knows its fonts; plotters is given none to draw.
    fn draw_text<S: BackendTextStyle>(&mut self, _: &str, _: &S, _: BackendCoord) -> Drawn {
        Ok(())
    }
}

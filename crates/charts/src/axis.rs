//! Axes, and the plane that plotters draws in.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::cartesian::{Cartesian2d, MeshLine};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, EmptyElement, PathElement, Polygon, Rectangle};
use plotters::style::ShapeStyle;
use plotters_backend::DrawingBackend;

use crate::Error;
use crate::ink::Ink;
use crate::marks::{CROSS, Mark};
use crate::pen::{FINE, Pen};
use crate::sheet::Sheet;

/// One axis: its ends, and where lines are drawn across.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub low: f64,
    pub high: f64,
    pub keys: Vec<f64>,
}

impl Axis {
    /// How far along a value is, from 0 to 1; in the middle where there is no length.
    fn share(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span > 0.0 {
            ((value - self.low) / span).clamp(0.0, 1.0)
        } else {
            0.5
        }
    }

    /// Where a value lies between two places.
    pub(crate) fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        from + self.share(value) * (to - from)
    }

    /// Whether a value is on the axis.
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        fine(self.place(*value, f64::from(from), f64::from(to)))
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let keys = self.keys.iter().copied();
        keys.filter(|&key| self.holds(key))
            .take(hint.max_num_points())
            .collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// To the nearest whole number that plotters can place.
#[expect(clippy::cast_possible_truncation, reason = "sheets are far smaller than i32")]
fn fine(value: f64) -> i32 {
    value.round() as i32
}

/// A place on the sheet, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// Where a plot is, and what is where in it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub rect: Rect,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    /// The pixel column of a value.
    pub(crate) fn column(&self, value: f64) -> f64 {
        self.x.place(value, self.rect.left, self.rect.right)
    }

    /// The pixel row of a value.
    pub(crate) fn line(&self, value: f64) -> f64 {
        self.y.place(value, self.rect.bottom, self.rect.top)
    }
}

/// A frame that is being drawn in.
pub(crate) struct Plane<'s> {
    area: DrawingArea<Pen<'s>, Cartesian2d<Axis, Axis>>,
}

impl<'s> Plane<'s> {
    /// Begins to draw on the sheet.
    pub(crate) fn on(sheet: &'s mut Sheet, frame: &Frame) -> Self {
        let Rect {
            left,
            top,
            right,
            bottom,
        } = frame.rect;
        let at = |place: f64| fine(place * f64::from(FINE));
        let area: DrawingArea<Pen<'s>, Shift> = Pen::on(sheet).into_drawing_area();
        let plane = Cartesian2d::new(
            frame.x.clone(),
            frame.y.clone(),
            (at(left)..at(right), at(bottom)..at(top)),
        );
        Self {
            area: area.apply_coord_spec(plane),
        }
    }

    /// The lines across at the keys of both axes.
    pub(crate) fn mesh(&self, width: f64) -> Result<(), Error> {
        let style = stroke(Ink::Grid, width);
        self.area
            .draw_mesh(
                |pen, line| match line {
                    MeshLine::XMesh(from, to, _) | MeshLine::YMesh(from, to, _) => {
                        pen.draw_line(from, to, &style)
                    }
                },
                usize::MAX,
                usize::MAX,
            )
            .map_err(failed)
    }

    /// A line through places.
    pub(crate) fn path(&self, places: Vec<(f64, f64)>, ink: Ink, width: f64) -> Result<(), Error> {
        if places.len() < 2 {
            return Ok(());
        }
        self.area
            .draw(&PathElement::new(places, stroke(ink, width)))
            .map_err(failed)
    }

    /// A filled shape.
    pub(crate) fn shape(&self, places: Vec<(f64, f64)>, ink: Ink) -> Result<(), Error> {
        if places.len() < 3 {
            return Ok(());
        }
        self.area
            .draw(&Polygon::new(places, stroke(ink, 0.0).filled()))
            .map_err(failed)
    }

    /// The sign for a point, of a size in pixels.
    pub(crate) fn mark(&self, at: (f64, f64), mark: Mark, size: f64) -> Result<(), Error> {
        let style = stroke(mark.ink(), size * 0.32);
        let offsets = |shape: &[(f64, f64)]| -> Vec<(i32, i32)> {
            let scale = size * f64::from(FINE);
            shape
                .iter()
                .map(|(x, y)| (fine(x * scale), fine(y * scale)))
                .collect()
        };
        match mark {
            Mark::Common => {
                let radius = fine(size * 0.8 * f64::from(FINE)).unsigned_abs();
                self.area.draw(&Circle::new(at, radius, style.filled()))
            }
            Mark::Excluded | Mark::Estimated => {
                let radius = fine(size * 0.8 * f64::from(FINE)).unsigned_abs();
                self.area.draw(&Circle::new(at, radius, style))
            }
            Mark::Missing => {
                let [down, up] = CROSS;
                self.area
                    .draw(&(EmptyElement::at(at) + PathElement::new(offsets(&down), style)))
                    .and_then(|()| {
                        self.area
                            .draw(&(EmptyElement::at(at) + PathElement::new(offsets(&up), style)))
                    })
            }
            Mark::Neutral => {
                let corners = offsets(mark.shape());
                match corners[..] {
                    [first, _, third, ..] => self
                        .area
                        .draw(&(EmptyElement::at(at) + Rectangle::new([first, third], style.filled()))),
                    _ => Ok(()),
                }
            }
            _ => self
                .area
                .draw(&(EmptyElement::at(at) + Polygon::new(offsets(mark.shape()), style.filled()))),
        }
        .map_err(failed)
    }
}

fn stroke(ink: Ink, width: f64) -> ShapeStyle {
    ShapeStyle {
        color: ink.colour(),
        filled: false,
        stroke_width: fine(width * f64::from(FINE)).unsigned_abs(),
    }
}

fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Error {
    Error::Drawing(error.to_string())
}

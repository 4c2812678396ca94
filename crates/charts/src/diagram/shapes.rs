//! The outlines of boxes.

use super::way;
use crate::ink::Ink;
use crate::sheet::{Sheet, pixels};

/// A place, and how wide and high what stands there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Extent {
    /// Around a middle.
    pub(super) fn around((x, y): (f64, f64), (width, height): (f64, f64)) -> Self {
        Self {
            left: x - width / 2.0,
            top: y - height / 2.0,
            width,
            height,
        }
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn middle(&self) -> (f64, f64) {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }
}

/// How a box is outlined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Right angles.
    Plain,
    /// Half circles at the sides.
    Pill,
    /// Points at the sides.
    Pointed,
    /// It leans over.
    Leaning,
}

/// How far points and leaning sides reach into the box.
pub(super) fn reach(shape: Shape, font: f64) -> f64 {
    match shape {
        Shape::Plain => font * 0.6,
        Shape::Pill | Shape::Pointed | Shape::Leaning => font * 1.4,
    }
}

/// The outline as a path.
fn outline(shape: Shape, at: Extent, font: f64) -> String {
    let (left, top, right, bottom) = (at.left, at.top, at.right(), at.bottom());
    let inner = reach(shape, font);
    let corners = match shape {
        Shape::Plain => vec![(left, top), (right, top), (right, bottom), (left, bottom)],
        Shape::Pointed => {
            let (_, middle) = at.middle();
            vec![
                (left + inner, top),
                (right - inner, top),
                (right, middle),
                (right - inner, bottom),
                (left + inner, bottom),
                (left, middle),
            ]
        }
        Shape::Leaning => vec![
            (left + inner, top),
            (right, top),
            (right - inner, bottom),
            (left, bottom),
        ],
        Shape::Pill => {
            // Eight corners are round enough at this size, and any reader of paths draws them.
            let cut = inner.min(at.height / 2.0);
            let small = cut * 0.3;
            vec![
                (left + cut, top),
                (right - cut, top),
                (right - small, top + small),
                (right, top + cut),
                (right, bottom - cut),
                (right - small, bottom - small),
                (right - cut, bottom),
                (left + cut, bottom),
                (left + small, bottom - small),
                (left, bottom - cut),
                (left, top + cut),
                (left + small, top + small),
            ]
        }
    };
    way(&corners) + "Z"
}

/// Draws a box: filled, with a line of this ink and width around it.
pub(super) fn put(
    sheet: &mut Sheet,
    shape: Shape,
    at: Extent,
    font: f64,
    (fill, ink, width): (Ink, Ink, f64),
) {
    let path = outline(shape, at, font);
    sheet.path(&path, fill, None);
    sheet.path(&path, ink, Some(width));
}

/// An arrow's head at the end of a way.
pub(super) fn head(sheet: &mut Sheet, corners: &[(f64, f64)], size: f64, ink: Ink) {
    let [.., from, to] = corners else { return };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    if length <= 0.0 {
        return;
    }
    let (dx, dy) = (dx / length * size, dy / length * size);
    let base = (to.0 - dx, to.1 - dy);
    let half = 0.45;
    let wings = [
        (base.0 - dy * half, base.1 + dx * half),
        *to,
        (base.0 + dy * half, base.1 - dx * half),
    ];
    sheet.path(&(way(&wings) + "Z"), ink, None);
}

/// A full dot.
pub(super) fn dot(sheet: &mut Sheet, (x, y): (f64, f64), radius: f64, ink: Ink) {
    let (r, across) = (pixels(radius), pixels(radius * 2.0));
    let path = format!(
        "M{} {}a{r} {r} 0 1 0 {across} 0a{r} {r} 0 1 0 -{across} 0Z",
        pixels(x - radius),
        pixels(y)
    );
    sheet.path(&path, ink, None);
}

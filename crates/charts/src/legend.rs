//! What lines and signs mean.

use crate::Error;
use crate::axis::{Axis, Frame, Plane, Rect};
use crate::frame::Measures;
use crate::ink::Ink;
use crate::marks::Mark;
use crate::sheet::{Sheet, Words};
use crate::text::{fit, width};

/// A sign or a line, before its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Key {
    Mark(Mark),
    Line(Ink),
}

/// A plot that is the whole sheet, in pixels.
pub(crate) fn pixels(wide: f64, high: f64) -> Frame {
    Frame {
        rect: Rect {
            left: 0.0,
            top: 0.0,
            right: wide,
            bottom: high,
        },
        x: Axis {
            low: 0.0,
            high: wide,
            keys: Vec::new(),
        },
        // Upwards on the sheet is downwards in pixels; `line` below turns it back.
        y: Axis {
            low: 0.0,
            high,
            keys: Vec::new(),
        },
    }
}

/// Writes the keys in rows from `top`; answers where they end.
pub(crate) fn legend(
    sheet: &mut Sheet,
    at: &Measures,
    (left, right): (f64, f64),
    top: f64,
    items: &[(Key, String)],
) -> Result<f64, Error> {
    if items.is_empty() {
        return Ok(top);
    }
    let sample = |key: Key| match key {
        Key::Mark(_) => at.font * 1.0,
        Key::Line(_) => at.font * 2.4,
    };
    let (mut x, mut y) = (left, top + at.leading() * 0.8);
    let mut placed = Vec::new();
    for (key, words) in items {
        let before = sample(*key) + at.font * 0.5;
        let words = fit(words, at.font, false, right - left - before);
        let wide = before + width(&words, at.font, false);
        if x > left && x + wide > right {
            x = left;
            y += at.leading() * 1.1;
        }
        placed.push((*key, x, y, x + before, words));
        x += wide + at.font * 1.4;
    }
    let end = y + at.font * 0.6;
    let frame = pixels(at.width, end + at.font);
    let middle = |y: f64| frame.y.high - (y - at.font * 0.35);
    {
        let plane = Plane::on(sheet, &frame);
        for (key, x, y, _, _) in &placed {
            match key {
                Key::Mark(mark) => {
                    plane.mark((x + at.font * 0.5, middle(*y)), *mark, at.font * 0.3)?;
                }
                Key::Line(ink) => {
                    let row = middle(*y);
                    plane.path(vec![(*x, row), (x + at.font * 2.4, row)], *ink, at.line * 1.4)?;
                }
            }
        }
    }
    sheet.open("legend");
    for (_, _, y, x, words) in placed {
        sheet.text((x, y), Words::of(at.font, Ink::Text), &words);
    }
    sheet.close();
    Ok(end)
}

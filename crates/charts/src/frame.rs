//! Sizes by the width of a sheet, and the heading.

use crate::Look;
use crate::clean::line;
use crate::icon;
use crate::ink::Ink;
use crate::model::{Assurance, Heading, Variation};
use crate::number::float;
use crate::sheet::{Sheet, Words};
use crate::text::{width, wrap};

/// From this width on there is room beside the plot.
const WIDE: f64 = 720.0;

/// Sizes in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measures {
    /// The whole sheet.
    pub width: f64,
    /// Letters.
    pub font: f64,
    /// Letters of the title.
    pub title: f64,
    /// Free room at the edges.
    pub pad: f64,
    /// A thin line.
    pub line: f64,
    /// Whether there is room beside the plot.
    pub is_wide: bool,
}

impl Measures {
    pub(crate) fn of(look: Look) -> Self {
        let width = f64::from(look.width);
        // A phone is held in the hand; a wall is read from across the room, and its letters grow with it.
        let font = if width <= 480.0 {
            12.0
        } else if width <= 1600.0 {
            12.0 + (width - 480.0) * 8.0 / 1120.0
        } else {
            width / 80.0
        };
        Self {
            width,
            font,
            title: font * 1.5,
            pad: font,
            line: font / 10.0,
            is_wide: width >= WIDE,
        }
    }

    /// From one base line to the next.
    pub(crate) fn leading(&self) -> f64 {
        self.font * 1.35
    }

    /// Between the edges.
    pub(crate) fn room(&self) -> f64 {
        self.width - 2.0 * self.pad
    }
}

/// What stands beside the title.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub latest: Option<String>,
    pub variation: Option<Variation>,
    pub assurance: Option<Assurance>,
}

enum Item {
    Variation(Variation),
    Assurance(Assurance),
}

impl Verdict {
    fn items(&self) -> Vec<(Item, &'static str)> {
        let variation = self
            .variation
            .map(|it| (Item::Variation(it), icon::variation_words(it)));
        let assurance = self
            .assurance
            .map(|it| (Item::Assurance(it), icon::assurance_words(it)));
        variation.into_iter().chain(assurance).collect()
    }
}

/// Writes title, subtitle and verdict from the top; answers where they end.
pub(crate) fn heading(sheet: &mut Sheet, at: &Measures, heading: &Heading, verdict: &Verdict) -> f64 {
    let items = verdict.items();
    let size = at.font * 2.6;
    let gap = at.font * 0.6;
    let widths: Vec<f64> = items
        .iter()
        .map(|(_, words)| size + gap + width(words, at.font, false))
        .collect();
    let all: f64 = widths.iter().sum::<f64>() + at.font * 1.5 * float(widths.len().saturating_sub(1));
    let beside = at.is_wide && !items.is_empty() && all < at.room() * 0.5;
    let room = if beside {
        at.room() - all - at.font * 2.0
    } else {
        at.room()
    };

    let mut y = at.pad;
    for title in wrap(&line(&heading.title), at.title, true, room, 3) {
        y += at.title * 1.2;
        sheet.text(
            (at.pad, y - at.title * 0.2),
            Words::of(at.title, Ink::Text).bold(),
            &title,
        );
    }
    let subtitle = line(&heading.subtitle);
    for text in wrap(&subtitle, at.font, false, room, 2).into_iter().chain(
        verdict
            .latest
            .iter()
            .flat_map(|text| wrap(text, at.font, false, room, 2)),
    ) {
        y += at.leading();
        sheet.text(
            (at.pad, y - at.font * 0.25),
            Words::of(at.font, Ink::Faint),
            &text,
        );
    }
    if items.is_empty() {
        return y;
    }
    let (mut x, mut row) = if beside {
        (at.width - at.pad - all, at.pad)
    } else {
        (at.pad, y + at.font * 0.5)
    };
    for ((item, words), wide) in items.iter().zip(&widths) {
        if x + wide > at.width - at.pad + 0.1 {
            x = at.pad;
            row += size + gap;
        }
        match item {
            Item::Variation(variation) => icon::put_variation(sheet, *variation, (x, row), size),
            Item::Assurance(assurance) => icon::put_assurance(sheet, *assurance, (x, row), size),
        }
        sheet.text(
            (x + size + gap, row + size / 2.0 + at.font * 0.35),
            Words::of(at.font, Ink::Text),
            words,
        );
        x += wide + at.font * 1.5;
    }
    y.max(row + size)
}

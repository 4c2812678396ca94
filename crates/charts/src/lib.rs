//! Charts of improvement as SVG and PNG: pure functions from figures to text.
//!
//! - [`series`] draws XmR, run and Shewhart charts, [`funnel`] funnels, [`multiples`] many small charts on one sheet.
//! - [`process_map`], [`fishbone`] and [`drivers`] draw the diagrams that a team makes of its work.
//! - [`icon`] draws the signs for variation and assurance by themselves.
//! - [`png`] turns any of these into pixels, with a font that is part of this crate.
//!
//! Nothing is computed here: limits, signals and verdicts come in with the points. The same input gives the same
//! bytes on every machine: all numbers have fixed decimals, nothing is hashed by a random seed, and no clock, file
//! or system font is looked at.
//!
//! # Who can read a chart
//!
//! - **Phones and walls.** [`Look::width`] is part of the question. It decides text sizes, how many periods are
//!   named, and whether lines are labelled at their ends or in the legend.
//! - **Light and dark.** [`Theme::Auto`] follows the reader's setting by a media query within the SVG.
//! - **Without colours.** Improvement, concern and other special causes differ by shape as well, lines by dashes.
//! - **Without sight.** Browsers tell a screen reader different things, by how the SVG is embedded. Within a page,
//!   or opened by itself, it reads `<title>` and `<desc>`, and then a table of the figures: HTML in a
//!   `foreignObject` that is clipped to nothing, beside the drawing and not inside it, because what is inside
//!   `role="img"` is never read. In an `<img>` nothing of the SVG is read, and a page needs the texts from
//!   elsewhere; so [`Drawing`] has them too: title, description and [`Table`].
//!
//! # Hostile text
//!
//! Titles and labels are cleaned of what XML cannot hold and of characters that turn the direction of what
//! follows, cut to a length, and escaped. What does not fit its place ends in an ellipsis.

mod axis;
mod clean;
mod describe;
mod diagram;
mod ends;
mod frame;
mod funnel;
pub mod icon;
mod ink;
mod legend;
mod marks;
mod model;
mod multiples;
mod notes;
mod number;
mod pen;
mod period;
mod plot;
mod png;
mod scale;
mod series;
mod sheet;
mod table;
mod text;

pub use diagram::{
    Bone, Cause as FishboneCause, Driver, DriverLevel, Drivers, Fishbone, FlowKind, FlowNode, FlowWay,
    MOST_PARTS, ProcessMap, drivers, fishbone, process_map,
};
pub use funnel::funnel;
pub use model::{
    Annotation, Assurance, Bounds, Cause, Curve, Direction, Funnel, Heading, Kind, MOST_CHARTS, MOST_CURVE,
    MOST_POINTS, MOST_SHEET_POINTS, MOST_UNITS, Multiples, Phase, Placed, Point, Series, Signal, Unit,
    Variation,
};
pub use multiples::multiples;
pub use period::{Day, Grain, Period};
pub use png::{MOST_PIXELS, png};
pub use series::series;
pub use table::Table;
pub use text::width as text_width;

/// For whom a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The width in pixels, from [`NARROWEST`] to [`WIDEST`]. The height follows from what is shown.
    pub width: u32,
    /// Light or dark.
    pub theme: Theme,
}

/// A chart is at least so wide.
pub const NARROWEST: u32 = 280;
/// A chart is at most so wide.
pub const WIDEST: u32 = 3840;

impl Look {
    fn check(self) -> Result<(), Error> {
        if (NARROWEST..=WIDEST).contains(&self.width) {
            Ok(())
        } else {
            Err(Error::Width(self.width))
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's device is set, light where that is not known.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A chart that was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The whole SVG document.
    pub svg: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What it is of: the text that stands for the picture.
    pub title: String,
    /// What it shows, in sentences.
    pub description: String,
    /// Its figures.
    pub table: Table,
}

/// Why there is no chart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Narrower or wider than can be drawn.
    #[error("a chart is from {NARROWEST} to {WIDEST} pixels wide, not {0}")]
    Width(u32),
    /// More than one chart can hold.
    #[error("more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// A number that cannot be placed: not finite, or beyond 10^15.
    #[error("{0} is not finite or too large to draw")]
    Number(&'static str),
    /// A phase or an annotation that lies beyond the series, or phases that do not rise.
    #[error("{0} lies beyond the series or out of order")]
    Place(&'static str),
    /// A picture with more pixels than memory is spent on.
    #[error("a picture has at most {most} pixels")]
    TooLarge {
        /// How many there may be.
        most: u64,
    },
    /// The plotting or picture library refused; this is a fault of ours.
    #[error("drawing failed: {0}")]
    Drawing(String),
}

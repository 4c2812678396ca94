//! The signs for points: causes differ by shape, not by colour alone.

use crate::ink::Ink;
use crate::model::{Cause, Point};

/// The sign of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// A dot.
    Common,
    /// A diamond.
    Improvement,
    /// A triangle.
    Concern,
    /// A square.
    Neutral,
    /// A ring.
    Excluded,
    /// A ring too: a chart has one or the other, or its legend says both.
    Estimated,
    /// A cross on the axis.
    Missing,
    /// An arrow at the upper edge: the value lies beyond.
    Above(Tone),
    /// An arrow at the lower edge.
    Below(Tone),
}

/// What a point beyond the edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// Nothing special.
    Common,
    /// Improvement.
    Improvement,
    /// Concern.
    Concern,
    /// Special without a better direction.
    Neutral,
}

impl Tone {
    pub(crate) fn of(point: &Point) -> Self {
        match point.signal.as_ref().map(|signal| signal.cause) {
            None => Self::Common,
            Some(Cause::Improvement) => Self::Improvement,
            Some(Cause::Concern) => Self::Concern,
            Some(Cause::Neutral) => Self::Neutral,
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Common => Ink::Common,
            Self::Improvement => Ink::Improvement,
            Self::Concern => Ink::Concern,
            Self::Neutral => Ink::Neutral,
        }
    }
}

impl From<Mark> for Tone {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Improvement => Self::Improvement,
            Mark::Concern => Self::Concern,
            Mark::Neutral => Self::Neutral,
            Mark::Above(tone) | Mark::Below(tone) => tone,
            Mark::Common | Mark::Excluded | Mark::Estimated | Mark::Missing => Self::Common,
        }
    }
}

impl From<Cause> for Mark {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Improvement => Self::Improvement,
            Cause::Concern => Self::Concern,
            Cause::Neutral => Self::Neutral,
        }
    }
}

impl Mark {
    /// The sign of a point that is on the axis.
    pub(crate) fn of(point: &Point) -> Self {
        match &point.signal {
            _ if point.value.is_none() => Self::Missing,
            Some(signal) => signal.cause.into(),
            None if point.is_excluded => Self::Excluded,
            None if point.is_estimated => Self::Estimated,
            None => Self::Common,
        }
    }

    /// Whether it is drawn however little room there is.
    pub(crate) fn is_special(self) -> bool {
        !matches!(self, Self::Common)
    }

    pub(crate) fn ink(self) -> Ink {
        match self {
            Self::Common | Self::Excluded | Self::Estimated | Self::Missing => Ink::Common,
            Self::Improvement => Ink::Improvement,
            Self::Concern => Ink::Concern,
            Self::Neutral => Ink::Neutral,
            Self::Above(tone) | Self::Below(tone) => tone.ink(),
        }
    }

    /// Its corners around the point, in multiples of its size.
    pub(crate) fn shape(self) -> &'static [(f64, f64)] {
        match self {
            Self::Improvement => &[(0.0, -1.5), (1.5, 0.0), (0.0, 1.5), (-1.5, 0.0)],
            Self::Concern => &[(0.0, -1.5), (1.45, 1.1), (-1.45, 1.1)],
            Self::Neutral => &[(-1.15, -1.15), (1.15, -1.15), (1.15, 1.15), (-1.15, 1.15)],
            Self::Above(_) => &ARROW_UP,
            Self::Below(_) => &ARROW_DOWN,
            Self::Common | Self::Excluded | Self::Estimated | Self::Missing => &[],
        }
    }

    /// What the legend says.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Common => "Common cause",
            Self::Improvement => "Improvement",
            Self::Concern => "Concern",
            Self::Neutral => "Special cause",
            Self::Excluded => "Excluded",
            Self::Estimated => "Estimated",
            Self::Missing => "No value",
            Self::Above(_) | Self::Below(_) => "Beyond the scale",
        }
    }
}

/// The two strokes of the cross for a missing value.
pub(crate) const CROSS: [[(f64, f64); 2]; 2] = [[(-0.8, -0.8), (0.8, 0.8)], [(-0.8, 0.8), (0.8, -0.8)]];

const ARROW_UP: [(f64, f64); 7] = [
    (0.0, -1.2),
    (1.4, 0.5),
    (0.5, 0.5),
    (0.5, 2.4),
    (-0.5, 2.4),
    (-0.5, 0.5),
    (-1.4, 0.5),
];
const ARROW_DOWN: [(f64, f64); 7] = [
    (0.0, 1.2),
    (1.4, -0.5),
    (0.5, -0.5),
    (0.5, -2.4),
    (-0.5, -2.4),
    (-0.5, -0.5),
    (-1.4, -0.5),
];

//! Colours by what they mean, light and dark.

use std::fmt::Write as _;

use plotters::style::RGBAColor;

use crate::Theme;

/// What is drawn, and so in which colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ink {
    /// The sheet itself.
    Paper,
    /// Text.
    Text,
    /// Text of less weight.
    Faint,
    /// Lines across the plot.
    Grid,
    /// Between the limits.
    Band,
    /// The line through the values.
    Values,
    /// The centre line.
    Centre,
    /// Limits.
    Limit,
    /// Inner limits.
    Near,
    /// The target.
    Target,
    /// Where a phase begins, and what happened.
    Event,
    /// Common cause.
    Common,
    /// Improvement.
    Improvement,
    /// Concern.
    Concern,
    /// Special cause without a better direction.
    Neutral,
}

impl Ink {
    pub(crate) const ALL: [Self; 15] = [
        Self::Paper,
        Self::Text,
        Self::Faint,
        Self::Grid,
        Self::Band,
        Self::Values,
        Self::Centre,
        Self::Limit,
        Self::Near,
        Self::Target,
        Self::Event,
        Self::Common,
        Self::Improvement,
        Self::Concern,
        Self::Neutral,
    ];

    /// Blue and orange are told apart by everyone, and so is grey from both by its want of colour; purple is the
    /// fourth that keeps its distance. The tests hold contrasts and distances as colour-blind eyes see them.
    pub(crate) fn pair(self) -> (&'static str, &'static str) {
        match self {
            Self::Paper => ("#ffffff", "#12161c"),
            Self::Text => ("#1a2028", "#f2f4f7"),
            Self::Faint => ("#505a66", "#b3bcc7"),
            Self::Grid => ("#e2e6eb", "#2a313b"),
            Self::Band => ("#f3f5f8", "#1a2029"),
            Self::Values => ("#8a94a0", "#78828f"),
            Self::Centre => ("#1a2028", "#f2f4f7"),
            Self::Limit => ("#505a66", "#b3bcc7"),
            Self::Near => ("#8a94a0", "#78828f"),
            Self::Target => ("#9c1458", "#ff8fc4"),
            Self::Event => ("#505a66", "#b3bcc7"),
            Self::Common => ("#66707c", "#9aa5b1"),
            Self::Improvement => ("#0a5fb4", "#63b0ff"),
            Self::Concern => ("#c24e00", "#ff9a3d"),
            Self::Neutral => ("#6a2fa3", "#cda6ff"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Text => "text",
            Self::Faint => "faint",
            Self::Grid => "grid",
            Self::Band => "band",
            Self::Values => "values",
            Self::Centre => "centre",
            Self::Limit => "limit",
            Self::Near => "near",
            Self::Target => "target",
            Self::Event => "event",
            Self::Common => "common",
            Self::Improvement => "improvement",
            Self::Concern => "concern",
            Self::Neutral => "neutral",
        }
    }

    /// Dashes in multiples of the line's width: lines differ without their colours too.
    pub(crate) fn dashes(self) -> Option<&'static [f64]> {
        match self {
            Self::Limit => Some(&[5.0, 3.0]),
            Self::Near => Some(&[1.0, 3.0]),
            Self::Target => Some(&[9.0, 3.0, 1.0, 3.0]),
            Self::Event => Some(&[2.0, 2.0]),
            _ => None,
        }
    }

    /// The class of a line in this ink.
    pub(crate) fn stroke(self) -> String {
        format!("s-{}", self.name())
    }

    /// The class of a shape or text in this ink.
    pub(crate) fn fill(self) -> String {
        format!("f-{}", self.name())
    }

    /// A colour only in name: plotters carries it to our pen, which reads the ink from it.
    pub(crate) fn colour(self) -> RGBAColor {
        RGBAColor(0, 0, self as u8, 1.0)
    }

    /// The ink of such a colour.
    pub(crate) fn of((_, _, number): (u8, u8, u8)) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Text)
    }
}

impl Theme {
    /// The class that all rules begin with: an SVG within a page must not paint its neighbours.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Auto => "spiral-chart-auto",
            Self::Light => "spiral-chart-light",
            Self::Dark => "spiral-chart-dark",
        }
    }

    /// The colour of an ink where no style sheet is heard: many pages forbid styles, and pictures have none.
    pub(crate) fn colour(self, ink: Ink) -> &'static str {
        match self {
            Self::Auto | Self::Light => ink.pair().0,
            Self::Dark => ink.pair().1,
        }
    }

    /// What turns a chart dark with the reader's device.
    pub(crate) fn style(self) -> Option<String> {
        if self != Self::Auto {
            return None;
        }
        let mut out = String::from("@media (prefers-color-scheme:dark){");
        let class = self.class();
        for ink in Ink::ALL {
            let (_, colour) = ink.pair();
            let _ = write!(
                out,
                ".{class} .{}{{stroke:{colour}}}.{class} .{}{{fill:{colour}}}",
                ink.stroke(),
                ink.fill()
            );
        }
        out.push('}');
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = [f64; 3];

    fn linear(hex: &str) -> Rgb {
        [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    fn luminance([r, g, b]: Rgb) -> f64 {
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    /// CIE L*a*b* of linear sRGB.
    fn lab([red, green, blue]: Rgb) -> Rgb {
        let f = |t: f64| {
            if t > 0.008_856 {
                t.cbrt()
            } else {
                7.787 * t + 16.0 / 116.0
            }
        };
        let x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
        let y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue);
        let z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (lab(one), lab(other));
        (0..3).map(|at| (one[at] - other[at]).powi(2)).sum::<f64>().sqrt()
    }

    /// As eyes without one kind of cones see (Machado, Oliveira and Fernandes 2009, severity 1), on linear sRGB.
    const EYES: [[Rgb; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    fn seen(eye: &[Rgb; 3], colour: Rgb) -> Rgb {
        [0, 1, 2].map(|row| {
            let sum: f64 = (0..3).map(|at| eye[row][at] * colour[at]).sum();
            sum.clamp(0.0, 1.0)
        })
    }

    #[test]
    fn everything_stands_out_from_the_paper() {
        for pick in [0, 1] {
            let colour = |ink: Ink| linear([ink.pair().0, ink.pair().1][pick]);
            let paper = colour(Ink::Paper);
            for ink in [
                Ink::Text,
                Ink::Faint,
                Ink::Improvement,
                Ink::Concern,
                Ink::Neutral,
                Ink::Target,
            ] {
                assert!(
                    contrast(colour(ink), paper) >= 4.5,
                    "{ink:?} {}",
                    contrast(colour(ink), paper)
                );
            }
            for ink in [
                Ink::Values,
                Ink::Centre,
                Ink::Limit,
                Ink::Near,
                Ink::Event,
                Ink::Common,
            ] {
                assert!(
                    contrast(colour(ink), paper) >= 3.0,
                    "{ink:?} {}",
                    contrast(colour(ink), paper)
                );
            }
        }
    }

    #[test]
    fn causes_are_told_apart_by_all_eyes() {
        for pick in [0, 1] {
            let colour = |ink: Ink| linear([ink.pair().0, ink.pair().1][pick]);
            for (kind, eye) in EYES.iter().enumerate() {
                let far = |one, other, least| {
                    let distance = distance(seen(eye, colour(one)), seen(eye, colour(other)));
                    assert!(
                        distance >= least,
                        "eye {kind}, theme {pick}: {one:?} {other:?} {distance}"
                    );
                };
                far(Ink::Improvement, Ink::Concern, 40.0);
                far(Ink::Improvement, Ink::Common, 20.0);
                far(Ink::Concern, Ink::Common, 20.0);
            }
        }
    }

    #[test]
    fn inks_survive_the_way_through_plotters() {
        for ink in Ink::ALL {
            let colour = ink.colour();
            assert_eq!(Ink::of((colour.0, colour.1, colour.2)), ink);
        }
    }
}

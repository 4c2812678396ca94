//! The sheet that everything is written on.

use std::fmt::Write as _;

use crate::clean::escape;
use crate::ink::Ink;
use crate::table::Table;
use crate::{Drawing, Theme};

/// Where text begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// At its place.
    #[default]
    Start,
    /// Around its place.
    Middle,
    /// It ends there.
    End,
}

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub size: f64,
    pub bold: bool,
    pub anchor: Anchor,
    pub ink: Ink,
    /// Whether it has a border in the colour of the paper, to stand out from lines.
    pub halo: bool,
}

impl Words {
    /// Upright text from its place on.
    pub(crate) fn of(size: f64, ink: Ink) -> Self {
        Self {
            size,
            bold: false,
            anchor: Anchor::Start,
            ink,
            halo: false,
        }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn halo(self) -> Self {
        Self { halo: true, ..self }
    }
}

/// SVG as it is written.
pub(crate) struct Sheet {
    theme: Theme,
    body: String,
}

/// What a sheet is of, when it is done.
pub(crate) struct Cover {
    pub width: u32,
    pub height: f64,
    pub title: String,
    pub description: String,
    pub table: Table,
}

impl Sheet {
    pub(crate) fn new(theme: Theme) -> Self {
        Self {
            theme,
            body: String::new(),
        }
    }

    /// Everything until [`Sheet::close`] belongs together.
    pub(crate) fn open(&mut self, class: &str) {
        let _ = write!(self.body, "<g class=\"{class}\">");
    }

    pub(crate) fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// Text with the base line at `y`; nothing where it is empty.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), words: Words, text: &str) {
        if text.is_empty() {
            return;
        }
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" class=\"{}",
            pixels(x),
            pixels(y),
            pixels(words.size),
            words.ink.fill(),
        );
        if words.halo {
            let _ = write!(
                self.body,
                " {}\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke",
                Ink::Paper.stroke(),
                self.theme.colour(Ink::Paper),
                pixels(words.size * 0.3)
            );
        }
        let _ = write!(self.body, "\" fill=\"{}\"", self.theme.colour(words.ink));
        match words.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.body.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.body.push_str(" text-anchor=\"end\""),
        }
        if words.bold {
            self.body.push_str(" font-weight=\"bold\"");
        }
        self.body.push('>');
        escape(text, &mut self.body);
        self.body.push_str("</text>");
    }

    /// A path: a line of a width, or a shape.
    pub(crate) fn path(&mut self, path: &str, ink: Ink, stroke: Option<f64>) {
        let colour = self.theme.colour(ink);
        let Some(width) = stroke else {
            let _ = write!(
                self.body,
                "<path class=\"{}\" fill=\"{colour}\" d=\"{path}\"/>",
                ink.fill()
            );
            return;
        };
        let _ = write!(
            self.body,
            "<path class=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\" stroke-linejoin=\"round\"",
            ink.stroke(),
            pixels(width)
        );
        if let Some(dashes) = ink.dashes() {
            let dashes: Vec<String> = dashes.iter().map(|dash| pixels(dash * width)).collect();
            let _ = write!(self.body, " stroke-dasharray=\"{}\"", dashes.join(" "));
        }
        let _ = write!(self.body, " d=\"{path}\"/>");
    }

    /// A rectangle with round corners.
    pub(crate) fn tile(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        ink: Ink,
        stroke: Option<f64>,
    ) {
        let round = pixels(width.min(height) * 0.2);
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{round}\"",
            pixels(x),
            pixels(y),
            pixels(width),
            pixels(height)
        );
        let colour = self.theme.colour(ink);
        let _ = match stroke {
            Some(stroke) => write!(
                self.body,
                " class=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\"/>",
                ink.stroke(),
                pixels(stroke)
            ),
            None => write!(self.body, " class=\"{}\" fill=\"{colour}\"/>", ink.fill()),
        };
    }

    /// The whole document.
    pub(crate) fn finish(self, cover: Cover) -> Drawing {
        let height = whole(cover.height);
        let width = cover.width;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{}\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"{}\">",
            self.theme.class(),
            crate::text::FAMILY
        );
        if let Some(style) = self.theme.style() {
            let _ = write!(svg, "<style>{style}</style>");
        }
        // Charts on one page must not answer to each other's names.
        let name = fingerprint(&[&cover.title, &cover.description, &self.body]);
        let _ = write!(
            svg,
            "<g role=\"img\" aria-labelledby=\"t-{name}\" aria-describedby=\"d-{name}\"><title id=\"t-{name}\">"
        );
        escape(&cover.title, &mut svg);
        let _ = write!(svg, "</title><desc id=\"d-{name}\">");
        escape(&cover.description, &mut svg);
        let _ = write!(
            svg,
            "</desc><rect class=\"{}\" fill=\"{}\" width=\"{width}\" height=\"{height}\"/>",
            Ink::Paper.fill(),
            self.theme.colour(Ink::Paper)
        );
        svg.push_str(&self.body);
        svg.push_str("</g>");
        if !cover.table.rows.is_empty() {
            // Clipped to nothing, yet read; `display: none` would not be.
            svg.push_str(
                "<foreignObject x=\"0\" y=\"0\" width=\"1\" height=\"1\" opacity=\"0\" pointer-events=\"none\">",
            );
            cover.table.write(&mut svg);
            svg.push_str("</foreignObject>");
        }
        svg.push_str("</svg>\n");
        Drawing {
            svg,
            width,
            height,
            title: cover.title,
            description: cover.description,
            table: cover.table,
        }
    }
}

/// With one digit after the point at most.
pub(crate) fn pixels(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".into() } else { text.into() }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is cast to the nearest number that there is, and a sheet is far smaller"
)]
fn whole(height: f64) -> u32 {
    height.ceil() as u32
}

/// FNV-1a of 64 bits: short, and the same everywhere.
fn fingerprint(texts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in texts.iter().flat_map(|text| text.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

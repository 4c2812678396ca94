//! How wide text is, and how it is broken and cut.

use std::sync::OnceLock;

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

/// The fonts of pictures: part of this crate, so that a picture is the same everywhere.
pub(crate) const REGULAR: fn() -> &'static [u8] = dejavu::sans_condensed::regular;
/// The same in bold.
pub(crate) const BOLD: fn() -> &'static [u8] = dejavu::sans_condensed::bold;
/// What a browser is to take: ours if it is there, else what is not wider than [`width`] says.
pub(crate) const FAMILY: &str =
    "'DejaVu Sans Condensed','Helvetica Neue',Helvetica,Arial,'Liberation Sans',Roboto,sans-serif";

/// Browsers take other fonts, of which some are wider than ours.
const MARGIN: f64 = 1.16;
/// The same for bold letters, in which ours are wide already.
const BOLD_MARGIN: f64 = 1.06;
/// The width of letters that our font lacks, in ems: pictographs are the widest.
const UNKNOWN: f64 = 1.4;

/// A font as measured.
struct Face {
    letters: Charmap<'static>,
    advances: GlyphMetrics<'static>,
    em: f64,
}

impl Face {
    fn of(bytes: &'static [u8]) -> Option<Self> {
        let font = FontRef::new(bytes).ok()?;
        let em = f64::from(
            font.metrics(Size::unscaled(), LocationRef::default())
                .units_per_em,
        );
        Some(Self {
            letters: font.charmap(),
            advances: font.glyph_metrics(Size::unscaled(), LocationRef::default()),
            em,
        })
    }

    /// In ems.
    fn advance(&self, letter: char) -> Option<f64> {
        let glyph = self.letters.map(letter)?;
        Some(f64::from(self.advances.advance_width(glyph)?) / self.em)
    }
}

/// The width of a text in pixels, as an upper estimate over the fonts that browsers take.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    static FACES: OnceLock<[Option<Face>; 2]> = OnceLock::new();
    let faces = FACES.get_or_init(|| [Face::of(REGULAR()), Face::of(BOLD())]);
    let margin = if bold { BOLD_MARGIN } else { MARGIN };
    let face = faces[usize::from(bold)].as_ref();
    let ems: f64 = text
        .chars()
        .map(|letter| {
            face.and_then(|face| face.advance(letter))
                .map_or(UNKNOWN, |advance| advance * margin)
        })
        .sum();
    ems * size
}

/// The text, or as much of it as fits, with an ellipsis. Nothing if not even one letter does.
pub(crate) fn fit(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let ellipsis = width("…", size, bold);
    let mut used = 0.0;
    let mut out = String::new();
    for letter in text.chars() {
        used += width(letter.encode_utf8(&mut [0; 4]), size, bold);
        if used + ellipsis > room {
            break;
        }
        out.push(letter);
    }
    // No half of a joined pictograph, and no space before the dots.
    out.truncate(
        out.trim_end_matches(|c: char| c.is_whitespace() || c == '\u{200d}')
            .len(),
    );
    if out.is_empty() {
        return out;
    }
    out.push('…');
    out
}

/// The text in lines of at most this width; what does not fit the last one ends in an ellipsis.
pub(crate) fn wrap(text: &str, size: f64, bold: bool, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && lines.len() + 1 < most {
        let (line, after) = break_off(rest, size, bold, room);
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
        rest = after;
    }
    if !rest.is_empty() {
        let last = fit(rest, size, bold, room);
        if !last.is_empty() {
            lines.push(last);
        }
    }
    lines
}

/// As many words as fit, and the rest; a word longer than the line is broken.
fn break_off(text: &str, size: f64, bold: bool, room: f64) -> (&str, &str) {
    let (mut used, mut space, mut end) = (0.0, None, text.len());
    for (at, letter) in text.char_indices() {
        used += width(letter.encode_utf8(&mut [0; 4]), size, bold);
        if used > room {
            end = at;
            break;
        }
        if letter == ' ' {
            space = Some(at);
        }
    }
    if end == text.len() {
        return (text, "");
    }
    if text[end..].starts_with(' ') {
        space = Some(end);
    }
    let at = space.filter(|&at| at > 0).unwrap_or(end);
    (text[..at].trim_end(), text[at..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_are_there() {
        assert!(Face::of(REGULAR()).is_some() && Face::of(BOLD()).is_some());
        assert!(width("iiii", 10.0, false) < width("mmmm", 10.0, false));
        assert!(width("Emergency", 10.0, false) < width("Emergency", 10.0, true));
        assert!(width("", 10.0, false) <= 0.0);
    }

    #[test]
    fn text_is_broken_at_words_and_cut_at_the_end() {
        let lines = wrap("one two three four five six seven eight", 10.0, false, 70.0, 3);
        assert_eq!(lines.len(), 3);
        assert!(
            lines.iter().all(|line| width(line, 10.0, false) <= 70.0),
            "{lines:?}"
        );
        assert!(lines[2].ends_with('…') && !lines[0].ends_with(' '));
        assert_eq!(
            wrap("Llanfairpwllgwyngyll", 10.0, false, 40.0, 9).concat(),
            "Llanfairpwllgwyngyll"
        );
        assert!(wrap("anything", 10.0, false, 1.0, 3).is_empty());
        assert_eq!(fit("short", 10.0, false, 100.0), "short");
    }
}

//! Text of strangers, made fit for XML.

/// Texts are cut to so many characters, whatever room there is.
const LONGEST: usize = 300;

/// A space at which no line is broken.
const JOINING: char = '\u{a0}';

/// One line without characters that XML cannot hold or that change the direction of what follows.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut gap = None;
    for c in text.chars() {
        if c.is_whitespace() || (c.is_control() && c.is_ascii()) {
            let joins = c == JOINING && gap != Some(' ');
            gap = Some(if joins { JOINING } else { ' ' });
            continue;
        }
        if !is_kept(c) {
            continue;
        }
        if count >= LONGEST {
            out.push('…');
            break;
        }
        out.extend(gap.take().filter(|_| !out.is_empty()));
        out.push(c);
        count += 1;
    }
    out
}

fn is_kept(c: char) -> bool {
    let code = u32::from(c);
    // Overrides and isolates of direction: a name must not turn the figures beside it.
    let turns = matches!(code, 0x202A..=0x202E | 0x2066..=0x2069);
    // The last two of every plane are no characters, and most parsers refuse U+FFFE and U+FFFF.
    let none = code & 0xFFFE == 0xFFFE || matches!(code, 0xFDD0..=0xFDEF);
    !c.is_control() && !turns && !none
}

/// The text with everything escaped that means something in XML or HTML, in content and attributes.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_gone() {
        assert_eq!(
            line("  a\u{0}\tb\u{1f}\n\u{202e}c\u{ffff}\u{7f}\u{85}d "),
            "a b c d"
        );
        assert_eq!(line("\u{a0}30\u{a0}\u{a0}% b \u{a0}c\u{a0}"), "30\u{a0}% b c");
        assert_eq!(line("شفاء 👩‍⚕️ é"), "شفاء 👩‍⚕️ é");
        assert_eq!(line(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn markup_is_text() {
        let mut out = String::new();
        escape("]]><script a='\"'>&", &mut out);
        assert_eq!(out, "]]&gt;&lt;script a=&#39;&quot;&#39;&gt;&amp;");
    }
}

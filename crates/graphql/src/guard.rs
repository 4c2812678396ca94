//! Limits that hold before a document is parsed, on every transport: tokens, nesting and aliases.

use crate::schema::Limits;

/// Reads the document as tokens only: strings and comments are skipped, a colon after a name outside of
/// parentheses is an alias.
pub(crate) fn check(query: &str, limits: &Limits) -> Result<(), String> {
    let bytes = query.as_bytes();
    let (mut tokens, mut depth, mut aliases, mut parentheses) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xef | 0xbb | 0xbf => at += 1,
            b'#' => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
            }
            b'"' => {
                at = end_of_string(bytes, at);
                tokens += 1;
            }
            byte => {
                tokens += 1;
                match byte {
                    b'{' | b'[' | b'(' => {
                        depth += 1;
                        parentheses += usize::from(byte == b'(');
                    }
                    b'}' | b']' | b')' => {
                        depth = depth.saturating_sub(1);
                        parentheses = parentheses.saturating_sub(usize::from(byte == b')'));
                    }
                    b':' if parentheses == 0 => aliases += 1,
                    _ => {}
                }
                at += 1;
                if byte.is_ascii_alphanumeric() || byte == b'_' {
                    while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                        at += 1;
                    }
                }
            }
        }
        for (name, count, most) in [
            ("tokens", tokens, limits.tokens),
            ("levels of nesting", depth, limits.nesting),
            ("aliases", aliases, limits.aliases),
        ] {
            if count > most {
                return Err(format!("the document has more than {most} {name}"));
            }
        }
    }
    Ok(())
}

/// Where a string that begins at `at` ends.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let block = bytes[at..].starts_with(b"\"\"\"");
    let mut at = at + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            b'\n' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        depth: 15,
        complexity: 1000,
        aliases: 2,
        tokens: 40,
        nesting: 4,
    };

    #[test]
    fn counts_what_matters_and_nothing_else() {
        for fine in [
            "{ a: me { id } }",
            "query($n: ID!, $m: Int, $o: Int){ x(a: 1, b: {c: 2}) { id } }",
            r#"{ f(x: "{{{{{{ a: b: c:") }"#,
            "{ me } # {{{{{{{{",
        ] {
            assert_eq!(check(fine, &LIMITS), Ok(()), "{fine}");
        }
        for wrong in ["{a:b c:d e:f}", "{{{{{", "[[[[[", &"a ".repeat(41)] {
            assert!(check(wrong, &LIMITS).is_err(), "{wrong}");
        }
        assert!(check(&"{".repeat(100_000), &LIMITS).is_err());
        assert_eq!(check("\"\\", &LIMITS), Ok(()));
    }
}

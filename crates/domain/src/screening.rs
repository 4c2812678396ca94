//! The net that keeps patient identifiers out. It is a net, not a guarantee.

/// Whether the text carries something that reads as an NHS number: ten digits, also written 3-3-4 with
/// blanks or dashes, that stand alone and pass the modulus 11 check. Ten digits in a row within a UUID are none:
/// one UUID in some thousands would else be refused.
pub fn carries_nhs_number(text: &str) -> bool {
    let mut chars: Vec<char> = text.chars().collect();
    blank_uuids(&mut chars);
    let mut start = 0;
    while start < chars.len() {
        if !chars[start].is_ascii_digit() || (start > 0 && chars[start - 1].is_ascii_digit()) {
            start += 1;
            continue;
        }
        if let Some((digits, end)) = ten_digits(&chars, start) {
            let alone = chars.get(end).is_none_or(|next| !next.is_ascii_digit());
            if alone && passes_modulus_11(&digits) {
                return true;
            }
        }
        start += 1;
    }
    false
}

/// Overwrites every UUID that stands alone.
fn blank_uuids(chars: &mut [char]) {
    const LENGTH: usize = 36;
    let mut start = 0;
    while start + LENGTH <= chars.len() {
        let is_uuid = chars[start..start + LENGTH].iter().enumerate().all(|(n, c)| {
            if matches!(n, 8 | 13 | 18 | 23) {
                *c == '-'
            } else {
                c.is_ascii_hexdigit()
            }
        });
        let inside = |c: Option<&char>| c.is_some_and(char::is_ascii_alphanumeric);
        let before = start.checked_sub(1).and_then(|at| chars.get(at));
        if is_uuid && !inside(before) && !inside(chars.get(start + LENGTH)) {
            chars[start..start + LENGTH].fill('-');
            start += LENGTH;
        } else {
            start += 1;
        }
    }
}

/// Ten digits from `start`, optionally separated after the third and sixth, and where they end.
fn ten_digits(chars: &[char], start: usize) -> Option<([u32; 10], usize)> {
    let mut digits = [0; 10];
    let mut at = start;
    let mut separator = None;
    for (n, digit) in digits.iter_mut().enumerate() {
        if n == 3 || n == 6 {
            let next = chars
                .get(at)
                .copied()
                .filter(|c| matches!(c, ' ' | '-' | '\u{a0}' | '\u{2011}' | '\u{2013}'));
            if n == 3 {
                separator = next;
            }
            if separator.is_some() != next.is_some() {
                return None;
            }
            at += usize::from(next.is_some());
        }
        *digit = chars.get(at)?.to_digit(10)?;
        at += 1;
    }
    Some((digits, at))
}

fn passes_modulus_11(digits: &[u32; 10]) -> bool {
    let weighted: u32 = digits
        .iter()
        .zip((2..=10).rev())
        .map(|(digit, weight)| digit * weight)
        .sum();
    match 11 - weighted % 11 {
        10 => false,
        11 => digits[9] == 0,
        check => digits[9] == check,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nhs_numbers_however_they_are_written() {
        for text in [
            "9434765919",
            "seen 943 476 5919 today",
            "no:943-476-5919.",
            "x9434765919y",
            "01a202a3-5023-72d7-9d82-a9434765919b9",
            "x01a202a3-5023-72d7-9d82-a9434765919b",
        ] {
            assert!(carries_nhs_number(text), "{text}");
        }
    }

    #[test]
    fn leaves_other_numbers_alone() {
        for text in [
            "9434765918",
            "94347659191",
            "19434765919",
            "943 4765919",
            "1234567890",
            "",
            "2006-03-31",
            "01a202a3-5023-72d7-9d82-a9434765919b",
            "figure-01a202a3-5023-72d7-9d82-a9434765919b.",
        ] {
            assert!(!carries_nhs_number(text), "{text}");
        }
    }
}

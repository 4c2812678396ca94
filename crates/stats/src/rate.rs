//! Rates and their rounding.

/// `numerator / denominator × multiplier`, or `None` where that is not a number: nothing can be said
/// about a group that has nobody in it.
///
/// ```
/// use spiral_stats::rate::rate;
///
/// assert_eq!(rate(3.0, 40.0, 1000.0), Some(75.0));
/// assert_eq!(rate(0.0, 0.0, 1000.0), None);
/// ```
pub fn rate(numerator: f64, denominator: f64, multiplier: f64) -> Option<f64> {
    if denominator == 0.0 {
        return None;
    }
    // Counts times a whole multiplier are exact, so that only the division rounds.
    let exact_first = numerator * multiplier / denominator;
    let value = if exact_first.is_finite() {
        exact_first
    } else {
        numerator / denominator * multiplier
    };
    // Adding zero turns -0 into 0.
    value.is_finite().then_some(value + 0.0)
}

/// Rounds to so many decimals, half away from zero, as a person would round the number in print:
/// 1.005 becomes 1.01 although the nearest binary number lies a little below 1.005.
///
/// Infinities and NaN come back as they are.
///
/// ```
/// use spiral_stats::rate::round;
///
/// assert_eq!(round(1.005, 2), 1.01);
/// assert_eq!(round(-2.5, 0), -3.0);
/// ```
pub fn round(value: f64, decimals: u8) -> f64 {
    if value.is_finite() {
        decimal(value, decimals).parse().unwrap_or(value)
    } else {
        value
    }
}

/// The number in print with exactly so many decimals, rounded like [`round`]; zero has no sign.
///
/// ```
/// use spiral_stats::rate::decimal;
///
/// assert_eq!(decimal(12.3, 2), "12.30");
/// assert_eq!(decimal(-0.001, 2), "0.00");
/// ```
pub fn decimal(value: f64, decimals: u8) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    // The shortest decimal that reads back as the same number, never with an exponent.
    let shortest = value.abs().to_string();
    let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    let kept = usize::from(decimals);
    let mut digits: Vec<u8> = whole.bytes().collect();
    digits.extend(fraction.bytes().chain(std::iter::repeat(b'0')).take(kept));
    if fraction.as_bytes().get(kept).is_some_and(|&next| next >= b'5') {
        carry(&mut digits);
    }
    let negative = value < 0.0 && digits.iter().any(|&digit| digit != b'0');
    let mut text = String::with_capacity(digits.len() + 2);
    if negative {
        text.push('-');
    }
    let point = digits.len() - kept;
    text.extend(digits[..point].iter().map(|&digit| char::from(digit)));
    if kept > 0 {
        text.push('.');
        text.extend(digits[point..].iter().map(|&digit| char::from(digit)));
    }
    text
}

/// Adds one to the last digit.
fn carry(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

//! Numbers as text, and round numbers for axes.

use crate::model::Unit;

/// Digits after the point at most, on axes and elsewhere.
const MOST_DECIMALS: u32 = 9;

/// A count as a number; what is drawn is far below the largest.
pub(crate) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// With so many digits after the point, thousands apart, and a true minus sign; never `-0`.
pub(crate) fn fixed(value: f64, decimals: u32) -> String {
    let digits = format!("{:.*}", decimals as usize, value.abs());
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut out = String::new();
    if value < 0.0 && digits.contains(|c: char| ('1'..='9').contains(&c)) {
        out.push('−');
    }
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !part.is_empty() {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// As many digits as tell apart values on an axis of this span, without zeros at the end.
pub(crate) fn plain(value: f64, span: f64) -> String {
    let mut decimals = 0;
    let mut unit = 1.0;
    while decimals < MOST_DECIMALS && span < unit * 100.0 {
        decimals += 1;
        unit /= 10.0;
    }
    trimmed(value, decimals)
}

/// For tables: up to four digits after the point, more for small values, without zeros at the end.
pub(crate) fn full(value: f64) -> String {
    let mut decimals = 4;
    let mut small = 1.0;
    while decimals < MOST_DECIMALS && value.abs() < small {
        decimals += 1;
        small /= 10.0;
    }
    trimmed(value, decimals)
}

fn trimmed(value: f64, decimals: u32) -> String {
    let text = fixed(value, decimals);
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "−0" { "0".into() } else { text.into() }
}

impl Unit {
    /// Whether the sign stands behind a number.
    fn is_percent(&self) -> bool {
        self.name.trim() == "%"
    }

    /// Whether it is a sign beside every number and nothing more.
    pub(crate) fn is_a_sign(&self) -> bool {
        self.is_percent() || (self.currency().is_some() && self.per.is_none_or(|per| per < 2))
    }

    fn currency(&self) -> Option<&str> {
        Some(self.name.trim()).filter(|name| matches!(*name, "£" | "€" | "$"))
    }

    /// A number with the sign that stands beside it, if there is one.
    pub(crate) fn signed(&self, number: &str) -> String {
        if self.is_percent() {
            return format!("{number}%");
        }
        match (self.currency(), number.strip_prefix('−')) {
            (Some(sign), Some(rest)) => format!("−{sign}{rest}"),
            (Some(sign), None) => format!("{sign}{number}"),
            (None, _) => number.to_owned(),
        }
    }

    /// What an axis is named: `minutes`, `falls per 1,000`.
    pub(crate) fn caption(&self) -> String {
        let name = crate::clean::line(&self.name);
        match self.per {
            Some(per) if per > 1 && !self.is_percent() => format!("{name} per {}", fixed(f64::from(per), 0))
                .trim_start()
                .to_owned(),
            _ => name,
        }
    }

    /// A number with its unit, for sentences.
    pub(crate) fn amount(&self, number: &str) -> String {
        let caption = self.caption();
        if self.is_percent() || caption.is_empty() {
            return self.signed(number);
        }
        if self.currency().is_some() {
            return match self.per.filter(|&per| per > 1) {
                Some(per) => format!("{} per {}", self.signed(number), fixed(f64::from(per), 0)),
                None => self.signed(number),
            };
        }
        format!("{number} {caption}")
    }
}

/// Round numbers at even distances: 1, 2 or 5 times a power of ten apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ticks {
    /// Rising; the first and last enclose what was asked for.
    pub values: Vec<f64>,
    /// Digits after the point that all of them need.
    decimals: u32,
}

impl Ticks {
    /// At most so many numbers (at least two) around a range.
    pub(crate) fn around(low: f64, high: f64, most: usize) -> Self {
        let most = most.max(2);
        let mut last = None;
        for exponent in -(MOST_DECIMALS.cast_signed())..=16 {
            for digit in [1.0, 2.0, 5.0] {
                let step = Step { digit, exponent };
                let (first, end) = ((step.count(low) + 1e-9).floor(), (step.count(high) - 1e-9).ceil());
                let end = end.max(first + 1.0);
                if end - first < float(most) {
                    return step.ticks(first, end);
                }
                last = Some((step, first, end));
            }
        }
        // Out of reach of numbers that are let in; the widest step then.
        last.map_or(
            Self {
                values: vec![low, high],
                decimals: 0,
            },
            |(step, first, end)| Self {
                values: vec![step.times(first), step.times(end)],
                decimals: 0,
            },
        )
    }

    /// The number as it stands on the axis.
    pub(crate) fn label(&self, value: f64) -> String {
        let largest = self
            .values
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        for (from, sign) in [(1e12, "tn"), (1e9, "bn"), (1e6, "m")] {
            if largest >= from && self.step() >= from / 1e3 {
                let text = trimmed(value / from, 3);
                return if text == "0" {
                    text
                } else {
                    format!("{text}{sign}")
                };
            }
        }
        fixed(value, self.decimals)
    }

    /// How far apart they are.
    pub(crate) fn step(&self) -> f64 {
        match self.values[..] {
            [first, second, ..] => second - first,
            _ => 0.0,
        }
    }
}

#[derive(Clone, Copy)]
struct Step {
    digit: f64,
    exponent: i32,
}

impl Step {
    /// A power of ten by multiplication: exact up to 10^22, and the same on every machine, unlike `powi`.
    fn power(self) -> f64 {
        (0..self.exponent.unsigned_abs()).fold(1.0, |power, _| power * 10.0)
    }

    /// How many steps a value is from zero.
    fn count(self, value: f64) -> f64 {
        if self.exponent < 0 {
            value * self.power() / self.digit
        } else {
            value / (self.power() * self.digit)
        }
    }

    fn times(self, count: f64) -> f64 {
        if self.exponent < 0 {
            count * self.digit / self.power()
        } else {
            count * self.digit * self.power()
        }
    }

    fn ticks(self, first: f64, end: f64) -> Ticks {
        let mut values = Vec::new();
        let mut at = first;
        while at <= end {
            values.push(self.times(at) + 0.0);
            at += 1.0;
        }
        Ticks {
            values,
            decimals: if self.exponent < 0 {
                self.exponent.unsigned_abs()
            } else {
                0
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_alike_everywhere() {
        assert_eq!(fixed(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(fixed(-1234.0, 0), "−1,234");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(plain(38.491, 24.0), "38.5");
        assert_eq!(plain(40.0, 24.0), "40");
        assert_eq!(full(0.000_012_3), "0.0000123");
        assert_eq!(full(1.0 / 3.0), "0.33333");
        assert_eq!(full(12.5), "12.5");
    }

    #[test]
    fn axes_have_round_numbers() {
        let ticks = Ticks::around(37.2, 63.1, 7);
        assert_eq!(ticks.values, [35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0]);
        let ticks = Ticks::around(0.0, 0.27, 7);
        assert_eq!(ticks.values, [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
        assert_eq!(ticks.label(0.1), "0.10");
        let ticks = Ticks::around(0.0, 3_200_000.0, 6);
        assert_eq!(ticks.label(1_000_000.0), "1m");
        assert_eq!(ticks.label(0.0), "0");
        assert_eq!(Ticks::around(-1e15, 1e15, 5).label(1e15), "1,000tn");
        assert_eq!(Ticks::around(5.0, 5.0, 5).values.len(), 2);
    }

    #[test]
    fn signs_stand_beside_numbers() {
        let unit = |name: &str, per| Unit {
            name: name.into(),
            per,
        };
        assert_eq!(unit("%", None).signed("12"), "12%");
        assert_eq!(unit("£", None).signed("−12"), "−£12");
        assert_eq!(unit("falls", Some(1000)).amount("4.2"), "4.2 falls per 1,000");
        assert_eq!(unit("minutes", Some(1)).amount("40"), "40 minutes");
    }
}

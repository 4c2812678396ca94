//! The period an observation is about.

use crate::time::{Date, DatePrecision, Interval, PartialDate};

/// A first and a last day, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
}

impl Period {
    /// From a text: `2005-04`, `2005-Q2`, `2005`, `2005/06` (a financial year), `2005-04-01/2006-03-31`, or one
    /// day, which for a weekly measure is the week's first.
    pub fn read(text: &str, cadence: Interval) -> Result<Self, String> {
        let text = text.trim();
        if let Some((start, end)) = text.split_once('/') {
            if let Some(year) = financial_year(start, end) {
                return Ok(year);
            }
            let (start, end) = (start.parse::<Date>(), end.parse::<Date>());
            return match (start, end) {
                (Ok(start), Ok(end)) if start <= end => Ok(Self { start, end }),
                (Ok(start), Ok(end)) => Err(format!("the period ends on {end}, before it starts on {start}")),
                _ => Err(wrong(text)),
            };
        }
        let date: PartialDate = text.parse().map_err(|_| wrong(text))?;
        let end = if date.precision == DatePrecision::Day && cadence == Interval::Week {
            (0..6).fold(date.first, |day, _| day.next())
        } else {
            date.last()
        };
        Ok(Self {
            start: date.first,
            end,
        })
    }

    /// Whether it is one such interval.
    pub fn fits(self, cadence: Interval) -> bool {
        cadence.fits(self.start, self.end)
    }

    /// Whether it lies wholly in the other.
    pub fn within(self, other: Self) -> bool {
        other.start <= self.start && self.end <= other.end
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.start, self.end)
    }
}

fn wrong(text: &str) -> String {
    format!(
        "`{text}` is not a period such as 2005-04, 2005-Q2, 2005, 2005/06 (April to March), 2005-04-07 or 2005-04-01/2006-03-31"
    )
}

/// `2005`, `06`: April 2005 to March 2006.
fn financial_year(start: &str, end: &str) -> Option<Period> {
    if start.len() != 4 || end.len() != 2 {
        return None;
    }
    let (year, next): (i32, i32) = (start.parse().ok()?, end.parse().ok()?);
    let start = Date::ymd(year, 4, 1).filter(|date| date.is_plausible())?;
    ((year + 1).rem_euclid(100) == next).then(|| Period {
        start,
        end: start.plus_months(12).previous(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_in_every_spelling() {
        for (text, cadence, expected) in [
            ("2005-04", Interval::Month, "2005-04-01/2005-04-30"),
            ("2005-Q2", Interval::Quarter, "2005-04-01/2005-06-30"),
            ("2005", Interval::Year, "2005-01-01/2005-12-31"),
            ("2005/06", Interval::FinancialYear, "2005-04-01/2006-03-31"),
            ("1999/00", Interval::FinancialYear, "1999-04-01/2000-03-31"),
            ("2005-04-07", Interval::Day, "2005-04-07/2005-04-07"),
            ("2005-04-04", Interval::Week, "2005-04-04/2005-04-10"),
            (
                "2005-04-01/2006-03-31",
                Interval::FinancialYear,
                "2005-04-01/2006-03-31",
            ),
        ] {
            let period = Period::read(text, cadence).unwrap();
            assert_eq!(period.to_string(), expected, "{text}");
            assert!(period.fits(cadence), "{text}");
        }
        for wrong in [
            "2005/07",
            "2005-13",
            "2005-04-30/2005-04-01",
            "",
            "05/06",
            "2005-Q5",
            "/",
        ] {
            assert!(Period::read(wrong, Interval::Month).is_err(), "{wrong}");
        }
    }
}

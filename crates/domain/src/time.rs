//! Instants, civil dates and periods.

use std::fmt;
use std::str::FromStr;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type};

/// An instant in UTC with microseconds: what both databases keep exactly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The civil date in UTC.
    pub fn date(self) -> Date {
        Date(DateTime::<Utc>::from(self).date_naive())
    }

    /// So many seconds later (or earlier).
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(instant: Timestamp) -> Self {
        DateTime::from_timestamp_micros(instant.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::<Utc>::from(*self).to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        DateTime::parse_from_rfc3339(text)
            .map(|instant| instant.with_timezone(&Utc).into())
            .map_err(|_| format!("`{text}` is not an RFC 3339 instant such as 2006-03-31T12:00:00Z"))
    }
}

/// A civil date, in a calendar without time zones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub NaiveDate);

impl Date {
    /// Earlier than any date we accept: "always was so".
    pub const MIN: Self = Self(NaiveDate::from_ymd_opt(1000, 1, 1).expect("a valid date"));
    /// Later than any date we accept: "still is so".
    pub const MAX: Self = Self(NaiveDate::from_ymd_opt(9999, 12, 31).expect("a valid date"));

    /// A date, if there is such a day.
    pub fn ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// As ISO 8601 has it, in ASCII: long lists have one in each line. No date that we know has a year of fewer or more
    /// than four digits.
    pub fn digits(self) -> [u8; 10] {
        let digit = |number: u32| b'0' + u8::try_from(number % 10).unwrap_or_default();
        let (year, month, day) = (self.0.year().unsigned_abs(), self.0.month(), self.0.day());
        [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ]
    }

    /// The first day of its month.
    pub fn month_start(self) -> Self {
        Self(self.0.with_day(1).unwrap_or(self.0))
    }

    /// The last day of its month.
    pub fn month_end(self) -> Self {
        self.month_start().plus_months(1).previous()
    }

    /// So many months later, clamped to the end of a shorter month.
    pub fn plus_months(self, months: i32) -> Self {
        let step = Months::new(months.unsigned_abs());
        Self(
            if months >= 0 {
                self.0.checked_add_months(step)
            } else {
                self.0.checked_sub_months(step)
            }
            .unwrap_or(self.0),
        )
    }

    /// So many days later.
    pub fn plus_days(self, days: u64) -> Self {
        Self(self.0.checked_add_days(Days::new(days)).unwrap_or(self.0))
    }

    /// The day before.
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_days(Days::new(1)).unwrap_or(self.0))
    }

    /// The day after.
    pub fn next(self) -> Self {
        self.plus_days(1)
    }

    /// Whether dates this early or late are accepted at all.
    pub fn is_plausible(self) -> bool {
        (1900..=2200).contains(&self.0.year())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As ISO 8601 has it; a format string would be read anew for every date of a list.
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        // chrono takes `2006-1-3`; ISO 8601 does not.
        let date = (text.len() == 10)
            .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
            .flatten();
        date.map(Self)
            .filter(|date| date.is_plausible())
            .ok_or_else(|| format!("`{text}` is not a date such as 2006-03-31 (1900 to 2200)"))
    }
}

/// How exactly a date is known.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum DatePrecision {
    /// To the day.
    #[default]
    Day,
    /// To the month.
    Month,
    /// To the quarter.
    Quarter,
    /// To the year.
    Year,
}

/// A date given as `2003-11-04`, `2003-11`, `2003-Q4` or `2003`: its first day and how exactly it is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialDate {
    /// The first day that it may mean.
    pub first: Date,
    /// How exactly it is known.
    pub precision: DatePrecision,
}

impl PartialDate {
    /// The last day that it may mean.
    pub fn last(self) -> Date {
        match self.precision {
            DatePrecision::Day => self.first,
            DatePrecision::Month => self.first.month_end(),
            DatePrecision::Quarter => self.first.plus_months(3).previous(),
            DatePrecision::Year => self.first.plus_months(12).previous(),
        }
    }
}

impl From<Date> for PartialDate {
    fn from(first: Date) -> Self {
        Self {
            first,
            precision: DatePrecision::Day,
        }
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.first.0;
        match self.precision {
            DatePrecision::Day => write!(f, "{}", self.first),
            DatePrecision::Month => write!(f, "{}", day.format("%Y-%m")),
            DatePrecision::Quarter => write!(f, "{}-Q{}", day.year(), day.month0() / 3 + 1),
            DatePrecision::Year => write!(f, "{}", day.year()),
        }
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PartialDate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match (text.len(), text.as_bytes()) {
            (4, _) => text
                .parse()
                .ok()
                .map(|first| (first, DatePrecision::Year))
                .and_then(|(year, p)| Some((Date::ymd(year, 1, 1)?, p))),
            (7, [_, _, _, _, b'-', b'Q', quarter @ b'1'..=b'4']) => {
                let month = u32::from(quarter - b'1') * 3 + 1;
                text[..4]
                    .parse()
                    .ok()
                    .and_then(|year| Some((Date::ymd(year, month, 1)?, DatePrecision::Quarter)))
            }
            (7, _) => format!("{text}-01")
                .parse()
                .ok()
                .map(|first| (first, DatePrecision::Month)),
            _ => text.parse().ok().map(|first| (first, DatePrecision::Day)),
        };
        parsed
            .filter(|(first, _): &(Date, _)| first.is_plausible())
            .map(|(first, precision)| Self { first, precision })
            .ok_or_else(|| {
                format!("`{text}` is not a date such as 2003-11-04, 2003-11, 2003-Q4 or 2003 (1900 to 2200)")
            })
    }
}

macro_rules! text_type {
    ($name:ident, $scalar:literal, $format:expr, $pattern:expr, $doc:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        #[doc = $doc]
        #[Scalar(name = $scalar)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => text.parse().map_err(InputValueError::custom),
                    other => Err(InputValueError::expected_type(other)),
                }
            }
            fn to_value(&self) -> Value {
                Value::String(self.to_string())
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let format: Option<SchemaFormat> = $format;
                let pattern: Option<&str> = $pattern;
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(format)
                    .pattern(pattern)
                    .description(Some($doc))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $scalar.into()
            }
        }
    };
}

text_type!(
    Timestamp,
    "Timestamp",
    Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)),
    None,
    "An instant in UTC with microseconds, such as 2006-03-31T12:00:00.000000Z."
);
text_type!(
    Date,
    "Date",
    Some(SchemaFormat::KnownFormat(KnownFormat::Date)),
    None,
    "A civil date, such as 2006-03-31."
);
text_type!(
    PartialDate,
    "PartialDate",
    None,
    Some("^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"),
    "A date as exactly as it is known: 2003-11-04, 2003-11, 2003-Q4 or 2003."
);

/// How often a measure is reported, and the interval of an aggregate.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// One day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// April to March.
    FinancialYear,
    /// January to December.
    Year,
}

impl Interval {
    /// The interval that `date` falls into: first and last day.
    pub fn around(self, date: Date) -> (Date, Date) {
        let day = date.0;
        let months = |start: Date, n: i32| (start, start.plus_months(n).previous());
        let from_month = |year: i32, month: u32| Date::ymd(year, month, 1).unwrap_or(date);
        match self {
            Self::Day => (date, date),
            Self::Week => {
                let monday = day
                    .checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))
                    .unwrap_or(day);
                (
                    Date(monday),
                    Date(monday.checked_add_days(Days::new(6)).unwrap_or(monday)),
                )
            }
            Self::Month => (date.month_start(), date.month_end()),
            Self::Quarter => months(from_month(day.year(), day.month0() / 3 * 3 + 1), 3),
            Self::FinancialYear => months(
                from_month(
                    if day.month() >= 4 {
                        day.year()
                    } else {
                        day.year() - 1
                    },
                    4,
                ),
                12,
            ),
            Self::Year => months(from_month(day.year(), 1), 12),
        }
    }

    /// Whether these two days are the ends of one such interval.
    pub fn fits(self, start: Date, end: Date) -> bool {
        self.around(start) == (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_what_a_date_is_displayed_as() {
        for (year, month, day) in [(1000, 1, 1), (2006, 10, 9), (2004, 2, 29), (9999, 12, 31)] {
            let date = Date::ymd(year, month, day).unwrap();
            assert_eq!(date.digits(), date.to_string().as_bytes());
        }
    }

    #[test]
    fn partial_dates_keep_what_is_known() {
        for (text, first, last) in [
            ("2003-11-04", "2003-11-04", "2003-11-04"),
            ("2003-11", "2003-11-01", "2003-11-30"),
            ("2003-Q4", "2003-10-01", "2003-12-31"),
            ("2003", "2003-01-01", "2003-12-31"),
        ] {
            let date: PartialDate = text.parse().unwrap();
            assert_eq!(
                (date.first.to_string(), date.last().to_string()),
                (first.into(), last.into())
            );
            assert_eq!(date.to_string(), text);
        }
        for wrong in [
            "2003-13",
            "2003-Q5",
            "03",
            "2003-2-1",
            "2003-02-30",
            "9999",
            "",
            "éééé",
        ] {
            assert!(wrong.parse::<PartialDate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_financial_year_runs_from_april_to_march() {
        let (start, end) = Interval::FinancialYear.around("2006-02-10".parse().unwrap());
        assert_eq!(
            (start.to_string(), end.to_string()),
            ("2005-04-01".into(), "2006-03-31".into())
        );
        assert!(Interval::FinancialYear.fits(start, end));
        assert!(!Interval::Year.fits(start, end));
    }

    #[test]
    fn instants_print_microseconds_and_z() {
        let instant: Timestamp = "2006-03-31T12:00:00.5+01:00".parse().unwrap();
        assert_eq!(instant.to_string(), "2006-03-31T11:00:00.500000Z");
    }
}

//! When points are, and which of them are named on the axis.

use crate::number::float;
use crate::text::{fit, width, wrap};

/// A civil day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// The year.
    pub year: i32,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

/// When a point is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Period {
    /// The period that begins on a day.
    Date {
        /// Its first day.
        on: Day,
        /// Its length.
        grain: Grain,
    },
    /// Anything else: a case, a shift, a batch.
    Text(String),
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Day {
    fn month_name(self) -> &'static str {
        MONTHS
            .get(usize::from(self.month).wrapping_sub(1))
            .copied()
            .unwrap_or("?")
    }

    /// The last month of the quarter that begins here. Quarters have no numbers: those of the year and of the
    /// financial year would be taken for each other.
    fn quarter_end(self) -> &'static str {
        let months = usize::from(self.month) + 1;
        MONTHS.get(months % 12).copied().unwrap_or("?")
    }

    /// The year that begins here, by both its numbers if it does not begin in January.
    fn year_name(self) -> String {
        if self.month == 1 {
            self.year.to_string()
        } else {
            format!("{}/{:02}", self.year, (self.year + 1).rem_euclid(100))
        }
    }

    /// Months since year 0.
    fn months(self) -> i64 {
        i64::from(self.year) * 12 + i64::from(self.month) - 1
    }

    /// Days since a Monday, by the proleptic Gregorian calendar counted from March.
    fn days(self) -> i64 {
        let months = self.months() - 2;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
        let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        year * 365 + leap + (153 * month + 2) / 5 + i64::from(self.day) + 1
    }
}

impl Period {
    /// In full, for tables and sentences.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Text(text) => crate::clean::line(text),
            Self::Date { on, grain } => {
                let (year, month) = (on.year, on.month_name());
                match grain {
                    Grain::Day => format!("{} {month} {year}", on.day),
                    Grain::Week => format!("week of {} {month} {year}", on.day),
                    Grain::Month => format!("{month} {year}"),
                    Grain::Quarter => format!("{month} to {} {year}", on.quarter_end()),
                    Grain::Year => on.year_name(),
                }
            }
        }
    }

    /// In short, where there is room for one label alone.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Date {
                on,
                grain: Grain::Week,
            } => format!("{} {} {}", on.day, on.month_name(), on.year),
            _ => self.name(),
        }
    }
}

/// A named place of the axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Which point.
    pub at: usize,
    /// The middle of its text.
    pub x: f64,
    /// Its text, one line or two.
    pub lines: Vec<String>,
}

/// What labels are set in and between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The size of letters.
    pub size: f64,
    /// No label begins left of this.
    pub left: f64,
    /// No label ends right of this.
    pub right: f64,
}

impl Row {
    fn gap(self) -> f64 {
        self.size * 0.7
    }

    /// The labels of these points with their places, or nothing if two of them meet.
    fn set(self, named: Vec<(usize, Vec<String>)>, place: &dyn Fn(usize) -> f64) -> Option<Vec<Tick>> {
        let mut end = f64::NEG_INFINITY;
        let mut ticks = Vec::with_capacity(named.len());
        for (at, lines) in named {
            let wide = lines
                .iter()
                .map(|line| width(line, self.size, false))
                .fold(0.0, f64::max);
            let most = (self.right - wide / 2.0).max(self.left + wide / 2.0);
            let x = place(at).clamp(self.left + wide / 2.0, most);
            if x - wide / 2.0 < end + self.gap() || x + wide / 2.0 > self.right + 0.01 {
                return None;
            }
            end = x + wide / 2.0;
            ticks.push(Tick { at, x, lines });
        }
        Some(ticks)
    }
}

/// A division of the calendar.
#[derive(Clone, Copy)]
enum Every {
    Days(i64),
    Months(i64),
}

impl Every {
    fn key(self, on: Day) -> i64 {
        match self {
            Self::Days(count) => on.days().div_euclid(count),
            Self::Months(count) => on.months().div_euclid(count),
        }
    }

    /// Whether the first point is one that would have a name anyway.
    fn begins(self, on: Day, grain: Grain) -> bool {
        match self {
            Self::Months(count) if grain == Grain::Year => i64::from(on.year).rem_euclid(count / 12) == 0,
            Self::Days(count) => on.days().rem_euclid(count) == 0,
            Self::Months(count) => {
                on.months().rem_euclid(count) == 0
                    && match grain {
                        Grain::Day => on.day == 1,
                        Grain::Week => on.day <= 7,
                        _ => true,
                    }
            }
        }
    }

    fn of(grain: Grain) -> Vec<Self> {
        let days: &[i64] = match grain {
            Grain::Day => &[1, 7, 14],
            Grain::Week => &[1, 14],
            _ => &[],
        };
        let months: &[i64] = match grain {
            Grain::Day | Grain::Week | Grain::Month => &[1, 2, 3, 6],
            Grain::Quarter => &[3, 6],
            Grain::Year => &[],
        };
        let years = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map(|years| Self::Months(years * 12));
        days.iter()
            .map(|&days| Self::Days(days))
            .chain(months.iter().map(|&months| Self::Months(months)))
            .chain(years)
            .collect()
    }

    fn lines(self, on: Day, grain: Grain, year_before: Option<i32>) -> Vec<String> {
        let first = match (self, grain) {
            (Self::Months(_), Grain::Year) => return vec![on.year_name()],
            (Self::Months(count), _) if count >= 12 => return vec![on.year.to_string()],
            (Self::Days(_), _) => format!("{} {}", on.day, on.month_name()),
            (Self::Months(_), _) => on.month_name().to_owned(),
        };
        if year_before == Some(on.year) {
            vec![first]
        } else {
            vec![first, on.year.to_string()]
        }
    }
}

/// The finest division of the axis of which no two labels meet.
pub(crate) fn ticks(periods: &[&Period], place: &dyn Fn(usize) -> f64, row: Row) -> Vec<Tick> {
    let dates: Option<Vec<(Day, Grain)>> = periods
        .iter()
        .map(|period| match period {
            Period::Date { on, grain } => Some((*on, *grain)),
            Period::Text(_) => None,
        })
        .collect();
    let found = match dates {
        Some(dates) => by_calendar(&dates, place, row),
        None => by_count(periods, place, row),
    };
    found
        .filter(|ticks| ticks.len() > 1)
        .or_else(|| ends(periods, place, row))
        .unwrap_or_default()
}

fn by_calendar(dates: &[(Day, Grain)], place: &dyn Fn(usize) -> f64, row: Row) -> Option<Vec<Tick>> {
    let finest = dates.iter().map(|(_, grain)| *grain).min()?;
    Every::of(finest).into_iter().find_map(|every| {
        let mut named = Vec::new();
        let mut year = None;
        for (at, &(on, grain)) in dates.iter().enumerate() {
            let opens = match at.checked_sub(1).and_then(|before| dates.get(before)) {
                Some((before, _)) => every.key(*before) != every.key(on),
                None => every.begins(on, grain),
            };
            if opens {
                named.push((at, every.lines(on, grain, year)));
                year = Some(on.year);
            }
        }
        row.set(named, place)
    })
}

fn by_count(periods: &[&Period], place: &dyn Fn(usize) -> f64, row: Row) -> Option<Vec<Tick>> {
    let count = periods.len();
    let names: Vec<String> = periods.iter().map(|period| period.name()).collect();
    let longest = names
        .iter()
        .map(|name| width(name, row.size, false))
        .fold(0.0, f64::max);
    let apart = if count > 1 {
        (place(count - 1) - place(0)) / float(count - 1)
    } else {
        row.right - row.left
    };
    let strides = (0..5).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_usize.pow(power)));
    for stride in strides {
        let room = apart * float(stride) - row.gap();
        if room < longest.min(row.size * 5.0) {
            continue;
        }
        let named = (0..count)
            .step_by(stride)
            .map(|at| (at, wrap(&names[at], row.size, false, room, 2)))
            .collect();
        if let Some(ticks) = row.set(named, place) {
            return Some(ticks);
        }
    }
    None
}

/// The first and the last, or the first alone.
fn ends(periods: &[&Period], place: &dyn Fn(usize) -> f64, row: Row) -> Option<Vec<Tick>> {
    let last = periods.len().checked_sub(1)?;
    let room = (row.right - row.left - row.gap()) / if last > 0 { 2.0 } else { 1.0 };
    let named = |at: usize| (at, vec![fit(&periods[at].short(), row.size, false, room)]);
    let both = if last > 0 {
        vec![named(0), named(last)]
    } else {
        vec![named(0)]
    };
    row.set(both, place).or_else(|| row.set(vec![named(0)], place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u8, day: u8) -> Day {
        Day { year, month, day }
    }

    #[test]
    fn weeks_begin_on_mondays() {
        // 1 January 2024 and 22 July 2024 were Mondays.
        assert_eq!(day(2024, 1, 1).days().rem_euclid(7), 0);
        assert_eq!(day(2024, 7, 22).days().rem_euclid(7), 0);
        assert_eq!(day(2024, 3, 1).days() - day(2024, 2, 28).days(), 2);
        assert_eq!(day(1900, 3, 1).days() - day(1900, 2, 28).days(), 1);
        assert_eq!(day(2001, 1, 1).days() - day(1970, 1, 1).days(), 11_323);
    }

    #[test]
    fn periods_have_names_that_are_not_mistaken() {
        let name = |month, grain| {
            let on = day(2024, month, 1);
            Period::Date { on, grain }.name()
        };
        assert_eq!(name(4, Grain::Quarter), "Apr to Jun 2024");
        assert_eq!(name(10, Grain::Quarter), "Oct to Dec 2024");
        assert_eq!(name(1, Grain::Year), "2024");
        assert_eq!(name(4, Grain::Year), "2024/25");
        assert_eq!(name(2, Grain::Week), "week of 1 Feb 2024");
    }

    #[test]
    fn months_are_named_by_quarters_where_room_is_short() {
        let periods: Vec<Period> = (0..36)
            .map(|month| Period::Date {
                on: day(2023 + month / 12, u8::try_from(month % 12 + 1).unwrap(), 1),
                grain: Grain::Month,
            })
            .collect();
        let refs: Vec<&Period> = periods.iter().collect();
        let row = Row {
            size: 12.0,
            left: 0.0,
            right: 320.0,
        };
        let ticks = ticks(&refs, &|at| 20.0 + float(at) * 8.0, row);
        let named: Vec<&str> = ticks.iter().map(|tick| tick.lines[0].as_str()).collect();
        assert_eq!(named, ["Jan", "Jul", "Jan", "Jul", "Jan", "Jul"]);
        assert_eq!(ticks[0].lines[1], "2023");
        assert_eq!(ticks[1].lines.len(), 1);
    }
}

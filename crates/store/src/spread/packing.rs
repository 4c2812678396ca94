//! Changes of one year, packed: a layout byte, then for each entry the days since the one before, a mask of the
//! flows that change, and each change, all as variable-length numbers.

use spiral_domain::spread::{Flow, FlowEntry, Series};
use spiral_domain::{Date, Error, Result};

use crate::packed::{self, put};

const LAYOUT: u8 = 1;

/// Splits a series by year.
pub(super) fn by_year(series: &Series) -> Vec<(i16, Series)> {
    let mut years: Vec<(i16, Vec<FlowEntry>)> = Vec::new();
    for entry in series.entries() {
        let year = year_of(entry.day);
        match years.last_mut() {
            Some((last, entries)) if *last == year => entries.push(*entry),
            _ => years.push((year, vec![*entry])),
        }
    }
    years
        .into_iter()
        .map(|(year, entries)| (year, Series::from_entries(entries)))
        .collect()
}

fn year_of(day: Date) -> i16 {
    use chrono::Datelike as _;
    i16::try_from(day.0.year()).unwrap_or(i16::MAX)
}

pub(super) fn pack(series: &Series) -> Vec<u8> {
    use chrono::Datelike as _;
    let mut bytes = Vec::with_capacity(1 + series.entries().len() * 12);
    bytes.push(LAYOUT);
    let mut before = 0;
    for entry in series.entries() {
        let day = entry.day.0.ordinal();
        // The exactness rides in the lowest two bits of the day.
        put(
            &mut bytes,
            u64::from((day - before) << 2 | u32::from(entry.exactness)),
        );
        before = day;
        let mut mask = 0_u32;
        for (n, change) in entry.changes.iter().enumerate() {
            mask |= u32::from(*change != 0) << n;
        }
        put(&mut bytes, u64::from(mask));
        for change in entry.changes.iter().filter(|change| **change != 0) {
            put(
                &mut bytes,
                u64::from((change << 1 ^ change >> 31).cast_unsigned()),
            );
        }
    }
    bytes
}

/// Adds the entries of a packed year to those of the years before it.
pub(super) fn unpack(year: i16, bytes: &[u8], entries: &mut Vec<FlowEntry>) -> Result<()> {
    let broken = || Error::internal("a spread cell cannot be read");
    let (&layout, mut rest) = bytes.split_first().ok_or_else(broken)?;
    if layout != LAYOUT {
        return Err(broken());
    }
    let mut day = 0;
    while !rest.is_empty() {
        let head = take(&mut rest).ok_or_else(broken)?;
        day += head >> 2;
        let mask = take(&mut rest).ok_or_else(broken)?;
        let mut changes = [0; Flow::COUNT];
        for (n, change) in changes.iter_mut().enumerate() {
            if mask >> n & 1 == 1 {
                let number = take(&mut rest).ok_or_else(broken)?;
                *change = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
            }
        }
        let date = chrono::NaiveDate::from_yo_opt(i32::from(year), day).ok_or_else(broken)?;
        entries.push(FlowEntry {
            day: Date(date),
            exactness: (head & 3).to_le_bytes()[0],
            changes,
        });
    }
    Ok(())
}

/// A number that fits where it is wanted.
fn take(bytes: &mut &[u8]) -> Option<u32> {
    packed::take(bytes)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_reads_back() {
        let mut series = Series::default();
        let day = |text: &str| text.parse::<Date>().unwrap();
        series.add(Date::MIN, 0, Flow::Open, 70_000);
        series.add(day("2003-01-01"), 2, Flow::New, 1);
        series.add(day("2003-01-01"), 0, Flow::New, -1);
        series.add(day("2004-12-31"), 1, Flow::SourceUnknown, -300);
        series.add(day("2004-02-29"), 0, Flow::Opened, i32::MIN);
        let mut entries = Vec::new();
        for (year, part) in by_year(&series) {
            unpack(year, &pack(&part), &mut entries).unwrap();
        }
        assert_eq!(Series::from_entries(entries), series);
        assert!(unpack(2003, &[1, 4], &mut Vec::new()).is_err());
        assert!(unpack(2003, &[], &mut Vec::new()).is_err());
    }
}

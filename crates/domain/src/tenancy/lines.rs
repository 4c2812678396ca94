//! Where a unit has stood: spans of days, each beneath one other unit, none overlapping.

use serde::{Deserialize, Serialize};

use crate::ids::UnitId;
use crate::time::Date;

/// A unit's time beneath another, as it is published. A closed unit goes on beneath the one that took it over, so
/// that what it recorded still counts there.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct UnitStanding {
    /// The unit above.
    pub parent_id: UnitId,
    /// Its first day there; null if it stood there from the start.
    pub from: Option<Date>,
    /// Its last day there; null while it does.
    pub to: Option<Date>,
}

impl From<Line> for UnitStanding {
    fn from(line: Line) -> Self {
        Self {
            parent_id: line.parent_id,
            from: (line.from > Date::MIN).then_some(line.from),
            to: (line.to < Date::MAX).then_some(line.to),
        }
    }
}

/// A unit's time beneath another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The unit above.
    pub parent_id: UnitId,
    /// Its first day there.
    pub from: Date,
    /// Its last day there.
    pub to: Date,
}

impl From<UnitStanding> for Line {
    fn from(standing: UnitStanding) -> Self {
        Self {
            parent_id: standing.parent_id,
            from: standing.from.unwrap_or(Date::MIN),
            to: standing.to.unwrap_or(Date::MAX),
        }
    }
}

impl Line {
    /// Beneath the same unit at all times.
    pub const fn always(parent_id: UnitId) -> Self {
        Self {
            parent_id,
            from: Date::MIN,
            to: Date::MAX,
        }
    }

    /// Whether it holds on the day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from <= day && day <= self.to
    }
}

/// All the lines of a unit, in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<Line>);

impl Lines {
    /// From lines that do not overlap, in any order.
    pub fn new(mut lines: Vec<Line>) -> Self {
        lines.sort_by_key(|line| line.from);
        let mut all = Self(lines);
        all.join();
        all
    }

    /// The lines, in the order of time.
    pub fn as_slice(&self) -> &[Line] {
        &self.0
    }

    /// Whether there are none: the root.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line that holds on a day.
    pub fn on(&self, day: Date) -> Option<Line> {
        self.0.iter().copied().find(|line| line.holds_on(day))
    }

    /// Places the unit beneath another from one day to another, whatever stood there before.
    pub fn place(&mut self, parent_id: UnitId, from: Date, to: Date) {
        if to < from {
            return;
        }
        let mut lines = Vec::with_capacity(self.0.len() + 2);
        for line in &self.0 {
            if line.from < from {
                lines.push(Line {
                    to: line.to.min(from.previous()),
                    ..*line
                });
            }
            if line.to > to {
                lines.push(Line {
                    from: line.from.max(to.next()),
                    ..*line
                });
            }
        }
        lines.push(Line { parent_id, from, to });
        *self = Self::new(lines);
    }

    /// Lines beneath the same unit that follow each other are one.
    fn join(&mut self) {
        let mut joined: Vec<Line> = Vec::with_capacity(self.0.len());
        for line in self.0.drain(..) {
            match joined.last_mut() {
                Some(last) if last.parent_id == line.parent_id && last.to.next() == line.from => {
                    last.to = line.to;
                }
                _ => joined.push(line),
            }
        }
        self.0 = joined;
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn unit(n: u128) -> UnitId {
        UnitId(Uuid::from_u128(n))
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_placing_cuts_what_it_meets_and_no_more() {
        let mut lines = Lines::new(vec![Line::always(unit(1))]);
        lines.place(unit(2), day("2006-10-01"), Date::MAX);
        assert_eq!(lines.on(day("2006-09-30")).unwrap().parent_id, unit(1));
        assert_eq!(lines.on(day("2006-10-01")).unwrap().parent_id, unit(2));
        // An earlier change recorded later holds until the one that was there.
        lines.place(unit(3), day("2005-04-01"), day("2006-09-30"));
        let places: Vec<UnitId> = lines.as_slice().iter().map(|line| line.parent_id).collect();
        assert_eq!(places, [unit(1), unit(3), unit(2)]);
        // A hole in the middle.
        lines.place(unit(1), day("2005-06-01"), day("2005-06-30"));
        assert_eq!(lines.as_slice().len(), 5);
        assert_eq!(lines.on(day("2005-07-01")).unwrap().parent_id, unit(3));
    }

    #[test]
    fn every_day_has_one_line_and_neighbours_beneath_one_unit_are_one() {
        let mut lines = Lines::new(vec![Line::always(unit(1))]);
        let mut seed = 7_u64;
        let mut roll = |most: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for _ in 0..500 {
            let from = day("2000-01-01").plus_months(i32::try_from(roll(120)).unwrap());
            let to = from.plus_months(i32::try_from(roll(30)).unwrap());
            let parent = unit(u128::from(roll(4)));
            lines.place(parent, from, to);
            assert_eq!(lines.on(from).unwrap().parent_id, parent);
            assert_eq!(lines.as_slice()[0].from, Date::MIN);
            assert_eq!(lines.as_slice().last().unwrap().to, Date::MAX);
            for pair in lines.as_slice().windows(2) {
                assert_eq!(pair[0].to.next(), pair[1].from);
                assert_ne!(pair[0].parent_id, pair[1].parent_id);
            }
        }
    }
}

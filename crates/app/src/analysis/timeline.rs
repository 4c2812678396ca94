//! The periods of a roll-up: the measure's own, and the longer intervals that they add up to.

use std::collections::HashMap;

use spiral_domain::measures::Period;
use spiral_domain::{Date, Error, Interval, Result, Violation};

/// Without `from`, so many intervals up to the end.
const USUAL: usize = 60;
/// Never more of a measure's own periods than this.
const MOST_PERIODS: usize = 20_000;

/// What an interval is made of, finest first, itself last: each level adds up to the next. Weeks add up to
/// nothing longer, so that the same days are never summed along two lines.
fn levels(cadence: Interval, interval: Interval) -> Option<Vec<Interval>> {
    use Interval::{Day, FinancialYear, Month, Quarter, Week, Year};
    let lines: [&[Interval]; 3] = [
        &[Day, Month, Quarter, FinancialYear],
        &[Day, Month, Quarter, Year],
        &[Week],
    ];
    lines.iter().find_map(|line| {
        let first = line.iter().position(|level| *level == cadence)?;
        let last = line.iter().position(|level| *level == interval)?;
        (first <= last).then(|| line[first..=last].to_vec())
    })
}

/// Whether totals are told for the level. Finer periods are summed to one kind of year only: the difference of a
/// financial and a calendar year would tell the quarters at their ends.
fn tells_totals(cadence: Interval, level: Interval) -> bool {
    level != Interval::Year || cadence == Interval::Year
}

/// Whether periods of the cadence add up to the interval.
pub(super) fn nests(cadence: Interval, interval: Interval) -> bool {
    levels(cadence, interval).is_some()
}

/// A period of the answer, or one that it is made of.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    /// From when to when.
    pub period: Period,
    /// The measure's own periods in it.
    pub base: Vec<usize>,
    /// The slices of every finer level in it, level by level.
    pub finer: Vec<Vec<usize>>,
    /// Whether it is a period of the measure's cadence, or an interval of such, for which totals are told.
    pub standard: bool,
}

impl Slice {
    /// The measure's own periods in it.
    pub fn periods<'t>(&'t self, timeline: &'t Timeline) -> impl Iterator<Item = Period> + 't {
        self.base.iter().map(|at| timeline.base[*at])
    }
}

/// All periods that a roll-up looks at.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    base: Vec<Period>,
    by_period: HashMap<Period, usize>,
    /// Finer ones before the ones that they make up.
    slices: Vec<Slice>,
    /// Which slices are the rows of the answer.
    first_row: usize,
    /// From the first day to the last.
    span: Period,
}

impl Timeline {
    /// The whole periods between `from` and `to`; where these are not given, as far as `span`, the time in which
    /// anybody has reported.
    pub fn new(
        cadence: Interval,
        interval: Option<Interval>,
        from: Option<Date>,
        to: Option<Date>,
        span: Option<Period>,
    ) -> Result<Self> {
        let row = interval.unwrap_or(cadence);
        let levels = levels(cadence, row).unwrap_or_else(|| vec![cadence]);
        let ends = |day: Date| row.around(day);
        let last = to.or_else(|| span.map(|span| ends(span.end).1));
        let first = from.or_else(|| span.map(|span| ends(span.start).0));
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Self::empty());
        };
        let mut rows = whole(row, first, last)?;
        if from.is_none() && rows.len() > USUAL {
            rows.drain(..rows.len() - USUAL);
        }
        let (Some(first), Some(last)) = (rows.first().copied(), rows.last().copied()) else {
            return Ok(Self::empty());
        };
        let base = whole(cadence, first.start, last.end)?;
        let by_period = base
            .iter()
            .enumerate()
            .map(|(at, period)| (*period, at))
            .collect();
        let mut timeline = Self {
            base,
            by_period,
            slices: Vec::new(),
            first_row: 0,
            span: Period {
                start: first.start,
                end: last.end,
            },
        };
        let mut starts = Vec::new();
        for (n, level) in levels.iter().enumerate() {
            timeline.first_row = timeline.slices.len();
            let periods = if n + 1 == levels.len() {
                rows.clone()
            } else {
                whole(*level, first.start, last.end)?
            };
            let before = timeline.slices.clone();
            for period in periods {
                let finer = (0..starts.len())
                    .map(|level| {
                        let from = starts[level];
                        let to = starts.get(level + 1).copied().unwrap_or(before.len());
                        (from..to)
                            .filter(|at| before[*at].period.within(period))
                            .collect()
                    })
                    .collect();
                let base = within(&timeline.base, period);
                timeline.slices.push(Slice {
                    period,
                    base,
                    finer,
                    standard: tells_totals(cadence, *level),
                });
            }
            starts.push(timeline.first_row);
        }
        Ok(timeline)
    }

    fn empty() -> Self {
        Self {
            base: Vec::new(),
            by_period: HashMap::new(),
            slices: Vec::new(),
            first_row: 0,
            span: Period {
                start: Date::MAX,
                end: Date::MIN,
            },
        }
    }

    /// Adds periods that are none of the cadence: shown, but in no total.
    pub fn add_irregular(&mut self, periods: Vec<Period>) {
        for period in periods {
            if self.by_period.contains_key(&period) {
                continue;
            }
            self.by_period.insert(period, self.base.len());
            self.slices.push(Slice {
                period,
                base: vec![self.base.len()],
                finer: Vec::new(),
                standard: false,
            });
            self.base.push(period);
            self.span.start = self.span.start.min(period.start);
            self.span.end = self.span.end.max(period.end);
        }
    }

    /// Whether there is no period at all.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// The rows of the answer, with the number of their slice.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &Slice)> {
        self.slices.iter().enumerate().skip(self.first_row)
    }

    /// Every slice, finer ones before those that they make up.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// Which of the measure's own periods this is.
    pub fn base_of(&self, period: Period) -> Option<usize> {
        self.by_period.get(&period).copied()
    }

    /// The measure's own periods.
    pub fn base(&self) -> &[Period] {
        &self.base
    }

    /// Which of the measure's own periods is the month that begins on this day.
    pub fn month(&self, start: Date) -> Option<usize> {
        self.base_of(Period {
            start,
            end: start.month_end(),
        })
    }

    /// One of the measure's own periods.
    pub fn base_at(&self, at: usize) -> Period {
        self.base[at]
    }

    /// From the first day to the last.
    pub fn span(&self) -> Period {
        self.span
    }
}

/// The periods that lie wholly in another; `base` is in order.
fn within(base: &[Period], period: Period) -> Vec<usize> {
    let from = base.partition_point(|candidate| candidate.start < period.start);
    let to = base.partition_point(|candidate| candidate.end <= period.end);
    (from..to.max(from)).collect()
}

/// The whole intervals between two days.
fn whole(interval: Interval, from: Date, to: Date) -> Result<Vec<Period>> {
    let mut periods = Vec::new();
    let (mut start, mut end) = interval.around(from);
    if start < from {
        (start, end) = interval.around(end.next());
    }
    while end <= to {
        if periods.len() == MOST_PERIODS {
            let detail = format!("more than {MOST_PERIODS} periods; narrow `from` and `to`");
            return Err(Error::Malformed(vec![Violation::new(
                "/query/from",
                "too_many_cells",
                detail,
            )]));
        }
        periods.push(Period { start, end });
        (start, end) = interval.around(end.next());
    }
    Ok(periods)
}

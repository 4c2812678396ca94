//! What a unit adds to the counts of spread, as changes on days: the arithmetic under every projection of spread.

use super::{AdoptionEvent, Mode, Stage};
use crate::tenancy::OrgUnit;
use crate::time::{Date, DatePrecision};

/// One of the counts. All but `New` are stocks: their sum up to a day is the count on that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Flow {
    /// Eligible units that know of it or went further.
    Aware,
    /// Eligible units that have worked with it at any time so far.
    EverAdopted,
    /// Eligible units that work with it.
    Adopted,
    /// Eligible units that work with it as a matter of course.
    Routine,
    /// Eligible units that have given it up after working with it.
    Discontinued,
    /// Units that work with it without being eligible on the day, or did when they closed.
    Outside,
    /// Eligible units that work with it for the first time on the day: not a stock.
    New,
    /// Of `EverAdopted`: chose it.
    Pull,
    /// Of `EverAdopted`: were told to.
    Push,
    /// Of `EverAdopted`: took it over from a predecessor.
    Inherited,
    /// Of `EverAdopted`: not known whether pulled or pushed.
    ModeUnknown,
    /// Of `EverAdopted`: learnt it from a unit of the same tier or a narrower one.
    Peer,
    /// Of `EverAdopted`: learnt it from a unit of a wider tier.
    FromAbove,
    /// Of `EverAdopted`: not known where they learnt it.
    SourceUnknown,
    /// Units that are open.
    Open,
    /// Units that have opened so far.
    Opened,
}

impl Flow {
    /// How many there are.
    pub const COUNT: usize = 16;

    const fn at(self) -> usize {
        self as usize
    }
}

/// The changes on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowEntry {
    /// The day.
    pub day: Date,
    /// How exactly the events behind it are known: 0 to the month or better, 1 to the quarter, 2 to the year.
    pub exactness: u8,
    /// The changes, by [`Flow`].
    pub changes: [i32; Flow::COUNT],
}

/// Changes by day, in order; what is zero is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series(Vec<FlowEntry>);

impl Series {
    /// From entries in order, each day and exactness once.
    pub fn from_entries(entries: Vec<FlowEntry>) -> Self {
        debug_assert!(
            entries.is_sorted_by(|a, b| (a.day, a.exactness) < (b.day, b.exactness)),
            "entries are in order"
        );
        Self(entries)
    }

    /// The changes, in order.
    pub fn entries(&self) -> &[FlowEntry] {
        &self.0
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a change.
    pub fn add(&mut self, day: Date, exactness: u8, flow: Flow, by: i32) {
        if by == 0 {
            return;
        }
        let at = self
            .0
            .partition_point(|entry| (entry.day, entry.exactness) < (day, exactness));
        match self.0.get_mut(at) {
            Some(entry) if (entry.day, entry.exactness) == (day, exactness) => {
                entry.changes[flow.at()] += by;
                if entry.changes == [0; Flow::COUNT] {
                    self.0.remove(at);
                }
            }
            _ => {
                let mut changes = [0; Flow::COUNT];
                changes[flow.at()] = by;
                self.0.insert(
                    at,
                    FlowEntry {
                        day,
                        exactness,
                        changes,
                    },
                );
            }
        }
    }

    /// Adds another series, `times` over.
    pub fn merge(&mut self, other: &Self, times: i32) {
        if other.is_empty() || times == 0 {
            return;
        }
        let mut merged: Vec<FlowEntry> = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let order = match (mine.peek(), theirs.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => (a.day, a.exactness).cmp(&(b.day, b.exactness)),
            };
            let a = order.is_le().then(|| mine.next()).flatten();
            let b = order.is_ge().then(|| theirs.next()).flatten();
            let Some(&base) = a.or(b) else { break };
            let mut changes = [0; Flow::COUNT];
            for (n, change) in changes.iter_mut().enumerate() {
                *change = a.map_or(0, |a| a.changes[n]) + times * b.map_or(0, |b| b.changes[n]);
            }
            if changes != [0; Flow::COUNT] {
                merged.push(FlowEntry { changes, ..base });
            }
        }
        self.0 = merged;
    }

    /// What of it holds from one day to another: stocks enter on the first day and leave after the last.
    #[must_use]
    pub fn within(&self, first: Date, last: Date) -> Self {
        if first <= Date::MIN && last >= Date::MAX {
            return self.clone();
        }
        let mut part = Self::default();
        for entry in &self.0 {
            for (n, &by) in entry.changes.iter().enumerate() {
                let stock = n != Flow::New.at();
                if by == 0 || entry.day > last || (entry.day < first && !stock) {
                    continue;
                }
                part.add_at(entry.day.max(first), entry.exactness, n, by);
                if stock && last < Date::MAX {
                    part.add_at(last.next(), entry.exactness, n, -by);
                }
            }
        }
        part
    }

    fn add_at(&mut self, day: Date, exactness: u8, n: usize, by: i32) {
        if let Some(flow) = FLOWS.get(n) {
            self.add(day, exactness, *flow, by);
        }
    }

    /// The sums up to a day.
    pub fn until(&self, day: Date) -> Sums {
        let mut sums = Sums::default();
        for entry in self.0.iter().take_while(|entry| entry.day <= day) {
            sums.take(entry);
        }
        sums
    }
}

/// Sums of changes, by [`Flow`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums([i64; Flow::COUNT]);

impl Sums {
    /// Adds the changes of a day.
    pub fn take(&mut self, entry: &FlowEntry) {
        for (sum, by) in self.0.iter_mut().zip(entry.changes) {
            *sum += i64::from(by);
        }
    }

    /// One of the sums.
    pub fn of(&self, flow: Flow) -> i64 {
        self.0[flow.at()]
    }
}

const FLOWS: [Flow; Flow::COUNT] = [
    Flow::Aware,
    Flow::EverAdopted,
    Flow::Adopted,
    Flow::Routine,
    Flow::Discontinued,
    Flow::Outside,
    Flow::New,
    Flow::Pull,
    Flow::Push,
    Flow::Inherited,
    Flow::ModeUnknown,
    Flow::Peer,
    Flow::FromAbove,
    Flow::SourceUnknown,
    Flow::Open,
    Flow::Opened,
];

/// The day after the last on which a unit is open; none while it is.
fn gone(unit: &OrgUnit) -> Option<Date> {
    unit.closed_on.map(Date::next)
}

/// When a unit opens and closes.
pub fn open_series(unit: &OrgUnit) -> Series {
    let mut series = Series::default();
    let opened = unit.opened_on.unwrap_or(Date::MIN);
    let gone = gone(unit);
    if gone.is_some_and(|gone| gone <= opened) {
        return series;
    }
    series.add(opened, 0, Flow::Open, 1);
    series.add(opened, 0, Flow::Opened, 1);
    if let Some(gone) = gone {
        series.add(gone, 0, Flow::Open, -1);
    }
    series
}

/// What a unit adds to the counts of an innovation by its events, given in order. `eligible` says whether the
/// innovation is meant for it.
pub fn adoption_series(unit: &OrgUnit, eligible: bool, ordered: &[&AdoptionEvent]) -> Series {
    let mut series = Series::default();
    let opened = unit.opened_on.unwrap_or(Date::MIN);
    // A date known only to the year may begin before the unit did.
    let day_of = |event: &AdoptionEvent| event.occurred_on.max(opened);
    let steps: Vec<(Date, Stage)> = steps(ordered, &day_of);
    let Some(first) = ordered.first() else {
        return series;
    };
    let adopted = ordered.iter().find(|event| event.stage.is_adopted());
    let exactness = exactness(ordered);
    let end = gone(unit);
    let mut stock = |flow: Flow, from: Date, to: Option<Date>| {
        let to = match (to, end) {
            (Some(to), Some(end)) => Some(to.min(end)),
            (to, end) => to.or(end),
        };
        if eligible && to.is_none_or(|to| from < to) {
            series.add(from, exactness, flow, 1);
            if let Some(to) = to {
                series.add(to, exactness, flow, -1);
            }
        }
    };
    stock(Flow::Aware, day_of(first), None);
    if let Some(event) = adopted {
        let day = day_of(event);
        let mode = match event.mode {
            Some(Mode::Pull) => Flow::Pull,
            Some(Mode::Push) => Flow::Push,
            Some(Mode::Inherited) => Flow::Inherited,
            None => Flow::ModeUnknown,
        };
        stock(Flow::EverAdopted, day, None);
        stock(mode, day, None);
        if event.mode != Some(Mode::Inherited) {
            let source = match event.learnt_from_tier {
                Some(tier) if tier <= unit.tier => Flow::Peer,
                Some(_) => Flow::FromAbove,
                None => Flow::SourceUnknown,
            };
            stock(source, day, None);
        }
    }
    for (n, &(from, stage)) in steps.iter().enumerate() {
        let to = steps.get(n + 1).map(|(day, _)| *day);
        if stage.is_adopted() {
            stock(Flow::Adopted, from, to);
        }
        match stage {
            Stage::Routine => stock(Flow::Routine, from, to),
            Stage::Discontinued => stock(Flow::Discontinued, from, to),
            _ => {}
        }
    }
    if let Some(day) = adopted.map(|event| day_of(event)) {
        if eligible && end.is_none_or(|end| day < end) {
            series.add(day, exactness, Flow::New, 1);
        }
        // Those meant for it are outside once they have closed, the others always.
        match (eligible, end) {
            (true, None) => {}
            (true, Some(end)) => outside(&mut series, exactness, end, &steps),
            (false, _) => outside(&mut series, exactness, Date::MIN, &steps),
        }
    }
    series
}

/// Adopted spells from a day on, which no denominator has.
fn outside(series: &mut Series, exactness: u8, from: Date, steps: &[(Date, Stage)]) {
    for (n, &(day, stage)) in steps.iter().enumerate() {
        let to = steps.get(n + 1).map(|(day, _)| *day);
        let day = day.max(from);
        if stage.is_adopted() && to.is_none_or(|to| day < to) {
            series.add(day, exactness, Flow::Outside, 1);
            if let Some(to) = to {
                series.add(to, exactness, Flow::Outside, -1);
            }
        }
    }
}

/// The state from each day on which it may change.
fn steps(ordered: &[&AdoptionEvent], day_of: &impl Fn(&AdoptionEvent) -> Date) -> Vec<(Date, Stage)> {
    let mut steps: Vec<(Date, Stage)> = Vec::with_capacity(ordered.len());
    for event in ordered {
        let day = day_of(event);
        match steps.last_mut() {
            Some((last, stage)) if *last == day => *stage = event.stage,
            _ => steps.push((day, event.stage)),
        }
    }
    steps
}

/// The least exact of the events by which a unit becomes, stays or ceases to be an adopter.
fn exactness(ordered: &[&AdoptionEvent]) -> u8 {
    let class = |precision| match precision {
        DatePrecision::Day | DatePrecision::Month => 0,
        DatePrecision::Quarter => 1,
        DatePrecision::Year => 2,
    };
    let mut least = 0;
    let mut adopted = false;
    for event in ordered {
        if event.stage.is_adopted() != adopted {
            adopted = !adopted;
            least = least.max(class(event.occurred_precision));
        }
    }
    least
}

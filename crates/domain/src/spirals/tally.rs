//! What a spiral adds to the counts of the tiers above, as changes on days: the arithmetic under every projection of
//! spirals.

use super::{Spiral, SpiralStatus, SpiralStep, Stay};
use crate::time::Date;

/// One of the counts. The sum of its changes up to a day is the count on that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Active in this step.
    Active(SpiralStep),
    /// Dormant in this step.
    Dormant(SpiralStep),
    /// Given up in this step.
    Discontinued(SpiralStep),
    /// Sustained.
    Sustained,
    /// Turns that went all the way round.
    TurnsCompleted,
    /// Units that are open, whether or not they have a spiral.
    Units,
    /// Stays in this step that are over and lasted so many days.
    Stayed(SpiralStep, i64),
}

/// What the numbers of stays are multiplied by; no stay lasts so many days.
const STEP: i32 = 1_000_000;

impl Figure {
    /// As it is stored.
    pub fn number(self) -> i32 {
        let place = |step: SpiralStep| step as i32 + 1;
        match self {
            Self::Active(step) => place(step),
            Self::Dormant(step) => 10 + place(step),
            Self::Discontinued(step) => 20 + place(step),
            Self::Sustained => 30,
            Self::TurnsCompleted => 31,
            Self::Units => 32,
            Self::Stayed(step, days) => {
                let days = i32::try_from(days.max(0)).unwrap_or(i32::MAX);
                place(step) * STEP + days.min(STEP - 1)
            }
        }
    }

    /// From what is stored.
    pub fn from_number(number: i32) -> Option<Self> {
        let step = |number: i32| {
            let place = usize::try_from(number - 1).ok()?;
            SpiralStep::ALL.get(place).copied()
        };
        match number {
            30 => Some(Self::Sustained),
            31 => Some(Self::TurnsCompleted),
            32 => Some(Self::Units),
            1..=5 => step(number).map(Self::Active),
            11..=15 => step(number - 10).map(Self::Dormant),
            21..=25 => step(number - 20).map(Self::Discontinued),
            _ => step(number / STEP).map(|step| Self::Stayed(step, i64::from(number % STEP))),
        }
    }
}

/// A change of a count on a day.
pub type Change = (Date, Figure, i64);

/// Every change that a spiral makes to the counts, by its stays in order. Its day of dormancy is among them, be it
/// past or to come: no later write is needed for the counts to be right on that day.
pub fn changes_of(spiral: &Spiral, stays: &[Stay]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut turns = 0;
    for stay in stays {
        let until = stay.ended_on.unwrap_or(Date::MAX);
        let mut spend = |figure: Figure, from: Date, until: Date| {
            if from < until {
                changes.push((from, figure, 1));
                if until < Date::MAX {
                    changes.push((until, figure, -1));
                }
            }
        };
        match stay.status {
            SpiralStatus::Sustained => spend(Figure::Sustained, stay.began_on, until),
            SpiralStatus::Discontinued => spend(Figure::Discontinued(stay.step), stay.began_on, until),
            SpiralStatus::Active | SpiralStatus::Dormant => {
                let mut awake = stay.began_on;
                for (from, to) in quiet_times(spiral) {
                    let (from, to) = (from.max(awake), to.min(until));
                    if from < to {
                        spend(Figure::Active(stay.step), awake, from);
                        spend(Figure::Dormant(stay.step), from, to);
                        awake = to;
                    }
                }
                spend(Figure::Active(stay.step), awake, until);
            }
        }
        if let (Some(until), Some(days)) = (stay.ended_on, stay.days()) {
            changes.push((until, Figure::Stayed(stay.step, days), 1));
        }
        let completed = stay.turns_completed();
        if completed != turns {
            changes.push((stay.began_on, Figure::TurnsCompleted, completed - turns));
            turns = completed;
        }
    }
    changes
}

/// Times of quiet, the last of them perhaps still to come.
fn quiet_times(spiral: &Spiral) -> impl Iterator<Item = (Date, Date)> {
    let over = spiral.quiet.iter().map(|quiet| (quiet.from, quiet.until));
    over.chain(spiral.dormant_from.map(|from| (from, Date::MAX)))
}

/// Each key once, in order, with the sum of what stood beside it; none that comes to nothing.
pub fn sum_up<K: Ord + Copy>(counts: &mut Vec<(K, i64)>) {
    // Mostly a few runs that are in order already, which a stable sort merges.
    counts.sort_by_key(|(key, _)| *key);
    counts.dedup_by(|(key, n), (before, sum)| {
        let same = key == before;
        if same {
            *sum += *n;
        }
        same
    });
    counts.retain(|(_, n)| *n != 0);
}

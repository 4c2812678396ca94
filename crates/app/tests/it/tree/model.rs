//! The tree by the book: each change replayed day by day, without any of the platform's own arithmetic.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::Date;
use spiral_domain::tenancy::{OrgUnit, Tier};

/// A change that the platform took.
#[derive(Debug, Clone)]
pub enum Change {
    Transfer(String, String),
    Merge(Vec<String>, String),
    Split(String, Vec<(String, String)>),
    Close(String),
    Rename(String, String),
}

#[derive(Debug, Clone)]
pub struct Place {
    pub tier: Tier,
    pub opened: Option<Date>,
    pub closed: Option<Date>,
    /// The unit above, from each day on.
    starts: BTreeMap<Date, String>,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub places: BTreeMap<String, Place>,
    today: Date,
}

impl Model {
    pub fn new(units: &HashMap<String, OrgUnit>, today: Date) -> Self {
        let by_id: HashMap<_, _> = units.values().map(|unit| (unit.id, unit.code.clone())).collect();
        let place = |unit: &OrgUnit| Place {
            tier: unit.tier,
            opened: unit.opened_on,
            closed: unit.closed_on,
            starts: unit
                .parent_id
                .map(|parent| (Date::MIN, by_id[&parent].clone()))
                .into_iter()
                .collect(),
        };
        Self {
            places: units
                .iter()
                .map(|(code, unit)| (code.clone(), place(unit)))
                .collect(),
            today,
        }
    }

    pub fn apply(&mut self, change: &Change, on: Date) {
        match change {
            Change::Rename(..) => {}
            Change::Transfer(unit, parent) => self.put(unit, on, parent),
            Change::Close(unit) => self.places.get_mut(unit).unwrap().closed = Some(on.previous()),
            Change::Merge(closing, into) => {
                for unit in closing {
                    let place = self.places.get_mut(unit).unwrap();
                    place.closed = Some(on.previous());
                    place.starts.retain(|start, _| *start < on);
                    self.put(unit, on, into);
                }
                let to: HashMap<String, String> = HashMap::new();
                self.hand_over(closing, on, &to, Some(into));
            }
            Change::Split(unit, placed) => {
                self.places.get_mut(unit).unwrap().closed = Some(on.previous());
                let to = placed.iter().cloned().collect();
                self.hand_over(std::slice::from_ref(unit), on, &to, None);
            }
        }
    }

    fn hand_over(
        &mut self,
        closing: &[String],
        on: Date,
        to: &HashMap<String, String>,
        all: Option<&String>,
    ) {
        let codes: Vec<String> = self.places.keys().cloned().collect();
        for code in codes.iter().filter(|code| !closing.contains(code)) {
            let place = &self.places[code];
            let Some(into) = to.get(code).or(all).cloned() else {
                continue;
            };
            let starts: Vec<(Date, String)> = place
                .starts
                .iter()
                .map(|(start, parent)| (*start, parent.clone()))
                .collect();
            for (n, (start, parent)) in starts.iter().enumerate() {
                let end = starts.get(n + 1).map_or(Date::MAX, |(next, _)| next.previous());
                let from = (*start).max(on);
                if closing.contains(parent) && from <= end && from <= place.closed.unwrap_or(Date::MAX) {
                    self.places
                        .get_mut(code)
                        .unwrap()
                        .starts
                        .insert(from, into.clone());
                    break;
                }
            }
            // Every later stay beneath what closed goes the same way.
            let place = self.places.get_mut(code).unwrap();
            let open_until = place.closed.unwrap_or(Date::MAX);
            for (start, parent) in &mut place.starts {
                if *start >= on && *start <= open_until && closing.contains(parent) {
                    parent.clone_from(&into);
                }
            }
            self.tidy(code);
        }
    }

    fn put(&mut self, unit: &str, on: Date, parent: &str) {
        self.places
            .get_mut(unit)
            .unwrap()
            .starts
            .insert(on, parent.to_owned());
        self.tidy(unit);
    }

    /// A stay that goes on is one stay.
    fn tidy(&mut self, unit: &str) {
        let place = self.places.get_mut(unit).unwrap();
        let mut before: Option<String> = None;
        place.starts.retain(|_, parent| {
            let keep = before.as_ref() != Some(parent);
            before = Some(parent.clone());
            keep
        });
    }

    pub fn parent(&self, unit: &str, day: Date) -> Option<&str> {
        let starts = &self.places[unit].starts;
        starts
            .range(..=day)
            .next_back()
            .map(|(_, parent)| parent.as_str())
    }

    /// The unit and everything above it on a day: where it counts.
    pub fn counts_at(&self, unit: &str, day: Date) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let mut at = Some(unit);
        while let Some(code) = at {
            assert!(above.insert(code.to_owned()), "{unit} stands in a circle");
            at = self.parent(code, day);
        }
        above
    }

    /// The unit and everything above it where it stands today, or stood when it closed: who reads it.
    pub fn read_from(&self, unit: &str) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let mut at = Some(unit);
        while let Some(code) = at {
            above.insert(code.to_owned());
            let day = self.places[code]
                .closed
                .map_or(self.today, |closed| closed.min(self.today));
            at = self.parent(code, day);
        }
        above
    }

    pub fn open_in(&self, unit: &str, from: Date, to: Date) -> bool {
        let place = &self.places[unit];
        place.opened.is_none_or(|opened| opened <= to) && place.closed.is_none_or(|closed| from <= closed)
    }

    pub fn today(&self) -> Date {
        self.today
    }
}

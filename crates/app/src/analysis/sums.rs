//! Sums by node, stratum and period: of everybody, and of those whom the reader may see.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::measures::{Observation, Stratum, contributions};
use spiral_domain::{Result, UnitId};
use spiral_store::Reporting;

use super::timeline::Slice;
use super::{Placing, Work};

/// What some units add up to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sum {
    pub contributors: i64,
    pub numerator: f64,
    pub denominator: f64,
    /// Of the squared weights.
    pub squares: f64,
}

impl Sum {
    /// What shares of it are measured by: its denominator, or where there is none what it counts.
    pub fn weight(&self) -> f64 {
        if self.denominator == 0.0 {
            self.numerator
        } else {
            self.denominator
        }
    }

    fn add(&mut self, other: Self) {
        self.contributors += other.contributors;
        self.numerator += other.numerator;
        self.denominator += other.denominator;
        self.squares += other.squares;
    }

    fn less(self, other: Self) -> Self {
        if self.contributors == other.contributors {
            return Self::default();
        }
        Self {
            contributors: self.contributors - other.contributors,
            numerator: self.numerator - other.numerator,
            denominator: self.denominator - other.denominator,
            squares: self.squares - other.squares,
        }
    }
}

/// A node, a stratum by number, and one of the measure's own periods by number.
type Place = (UnitId, usize, usize);

/// Sums at their places.
#[derive(Debug, Default)]
pub(super) struct Sums {
    strata: HashMap<String, usize>,
    all: HashMap<Place, Sum>,
    shown: HashMap<Place, Sum>,
}

impl Sums {
    /// None yet, for these strata.
    pub fn new(strata: &[Stratum]) -> Self {
        Self {
            strata: strata
                .iter()
                .enumerate()
                .map(|(n, stratum)| (stratum.to_string(), n))
                .collect(),
            ..Self::default()
        }
    }

    fn place(&self, node: UnitId, stratum: &str, at: usize) -> Option<Place> {
        Some((node, *self.strata.get(stratum)?, at))
    }

    /// Adds to what everybody adds up to.
    pub fn add_all(&mut self, node: UnitId, stratum: &str, at: usize, sum: Sum) {
        if let Some(place) = self.place(node, stratum, at) {
            self.all.entry(place).or_default().add(sum);
        }
    }

    /// Adds to what the reader may see.
    pub fn add_shown(&mut self, node: UnitId, stratum: &str, at: usize, sum: Sum) {
        if let Some(place) = self.place(node, stratum, at) {
            self.shown.entry(place).or_default().add(sum);
        }
    }

    /// Takes over what the reader may see from sums over the same strata.
    pub fn take_shown(&mut self, other: Self) {
        self.shown = other.shown;
    }

    fn over(&self, from: &HashMap<Place, Sum>, node: UnitId, stratum: &Stratum, base: &[usize]) -> Sum {
        let mut total = Sum::default();
        if let Some(stratum) = self.strata.get(&stratum.to_string()) {
            for at in base {
                if let Some(sum) = from.get(&(node, *stratum, *at)) {
                    total.add(*sum);
                }
            }
        }
        total
    }

    /// What everybody adds up to.
    pub fn all(&self, node: UnitId, stratum: &Stratum, slice: &Slice) -> Sum {
        self.over(&self.all, node, stratum, &slice.base)
    }

    /// What the reader may see.
    pub fn shown(&self, node: UnitId, stratum: &Stratum, slice: &Slice) -> Sum {
        self.over(&self.shown, node, stratum, &slice.base)
    }

    /// What the reader may not see, and at most how much of its weight one unit has.
    pub fn hidden(&self, node: UnitId, stratum: &Stratum, slice: &Slice) -> (Sum, f64) {
        let (mut total, mut largest) = (Sum::default(), 0.0);
        for at in &slice.base {
            let all = self.over(&self.all, node, stratum, &[*at]);
            let hidden = all.less(self.over(&self.shown, node, stratum, &[*at]));
            total.add(hidden);
            // The largest of some numbers is at most the root of the sum of their squares, and the largest of
            // sums at most the sum of the largest.
            largest += hidden.squares.max(0.0).sqrt();
        }
        (total, largest.min(total.weight()))
    }
}

impl Work<'_> {
    /// The observations of these units in the time, those that the reader may see or all of them.
    pub(super) async fn rows_of(&self, units: &[UnitId], hidden: bool) -> Result<Vec<Observation>> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        self.caller
            .store()
            .observations_beneath(
                self.measure.id,
                units,
                self.timeline.span(),
                self.known_at,
                hidden,
            )
            .await
    }

    /// What each unit adds, by the number of the period.
    pub(super) fn parts_of(&self, rows: &[Observation]) -> HashMap<UnitId, Vec<(usize, Stratum, Sum)>> {
        let mut grouped: HashMap<(UnitId, usize), Vec<&Observation>> = HashMap::new();
        for row in rows {
            if let Some(at) = self.timeline.base_of(row.period()) {
                grouped.entry((row.unit_id, at)).or_default().push(row);
            }
        }
        let dimensions: Vec<_> = self.dimensions.iter().collect();
        let mut parts: HashMap<UnitId, Vec<(usize, Stratum, Sum)>> = HashMap::new();
        for ((unit, at), rows) in grouped {
            for part in contributions(&self.measure, &dimensions, &rows) {
                let sum = Sum {
                    contributors: 1,
                    numerator: part.numerator,
                    denominator: part.denominator,
                    squares: part.weight().powi(2),
                };
                parts.entry(unit).or_default().push((at, part.stratum, sum));
            }
        }
        parts
    }

    /// Whether a unit stands at a node for one of the measure's own periods.
    pub(super) fn stands(&self, placed: &Reporting, at: usize) -> bool {
        let day = match self.placing {
            Placing::Period => self.timeline.base_at(at).end,
            Placing::Day(day) => day,
        };
        (placed.count.valid_from..=placed.count.valid_to).contains(&day)
    }

    /// Adds the rows up at the nodes that their units stand at.
    pub(super) fn add_up(&self, placed: &[Reporting], rows: &[Observation], strata: &[Stratum]) -> Sums {
        let mut sums = Sums::new(strata);
        let parts = self.parts_of(rows);
        // A network's member may be listed once only, a unit stands at each of its ancestors once a time.
        let mut counted = BTreeSet::new();
        for place in placed {
            for (n, (at, stratum, sum)) in parts.get(&place.unit).into_iter().flatten().enumerate() {
                if self.stands(place, *at) && counted.insert((place.count.node, place.unit, n)) {
                    sums.add_shown(place.count.node, &stratum.to_string(), *at, *sum);
                }
            }
        }
        sums
    }
}

//! Units with records, in a tree, over months and strata; and the table that a reader gets of them.

use std::collections::BTreeSet;

use spiral_stats::suppression::{Along, CellId, Hidden, Rule, Table};

/// A unit whose records the reader does not see.
#[derive(Clone, Debug)]
pub struct Unit {
    pub node: usize,
    pub first_month: usize,
    pub last_month: usize,
    /// Numerator and complement for each month and stratum, taken in turn.
    pub figures: Vec<(u8, u8)>,
}

/// What lies behind a table.
#[derive(Clone, Debug)]
pub struct World {
    /// The parent of each node but the first.
    pub parents: Vec<usize>,
    pub months: usize,
    pub months_per_quarter: usize,
    pub strata: usize,
    pub units: Vec<Unit>,
    pub counts_people: bool,
}

/// A row of the table: everything below a node, or a node's own records only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Below(usize),
    Own(usize),
}

/// A table with what an independent check needs to know about it.
pub struct Built {
    pub table: Table,
    pub hidden: Vec<Hidden>,
    /// Which units are hidden in a cell.
    pub members: Vec<BTreeSet<usize>>,
    /// For each unit hidden in a cell, its denominator there.
    pub denominators: Vec<Vec<(usize, f64)>>,
    pub sums: Vec<(Along, usize, Vec<usize>)>,
}

impl World {
    fn nodes(&self) -> usize {
        self.parents.len() + 1
    }

    fn is_below(&self, node: usize, ancestor: usize) -> bool {
        node == ancestor || node > 0 && self.is_below(self.parents[node - 1], ancestor)
    }

    fn has_children(&self, node: usize) -> bool {
        self.parents.contains(&node)
    }

    fn places(&self) -> Vec<Place> {
        let own = (0..self.nodes())
            .filter(|&node| self.has_children(node))
            .map(Place::Own);
        (0..self.nodes()).map(Place::Below).chain(own).collect()
    }

    /// Months, quarters and the whole time, each with the intervals it is made of.
    fn periods(&self) -> Vec<(std::ops::Range<usize>, Vec<usize>)> {
        let mut periods: Vec<_> = (0..self.months)
            .map(|month| (month..month + 1, Vec::new()))
            .collect();
        let mut quarters = Vec::new();
        for start in (0..self.months).step_by(self.months_per_quarter) {
            let end = (start + self.months_per_quarter).min(self.months);
            if end - start > 1 {
                quarters.push(periods.len());
                periods.push((start..end, (start..end).collect()));
            } else {
                quarters.push(start);
            }
        }
        if quarters.len() > 1 {
            periods.push((0..self.months, quarters));
        }
        periods
    }

    /// The number of the stratum that stands for the unsplit figure.
    fn unsplit(&self) -> usize {
        if self.strata > 1 { self.strata } else { 0 }
    }

    fn figures(&self, unit: usize, months: std::ops::Range<usize>, stratum: usize) -> (f64, f64) {
        let Unit {
            first_month,
            last_month,
            figures,
            ..
        } = &self.units[unit];
        let all = 0..self.strata;
        let strata = if stratum == self.strata {
            all
        } else {
            stratum..stratum + 1
        };
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for month in months.filter(|month| (*first_month..=*last_month).contains(month)) {
            for stratum in strata.clone() {
                let (counted, others) = figures[(month * self.strata + stratum) % figures.len()];
                numerator += f64::from(counted);
                denominator += f64::from(counted) + f64::from(others);
            }
        }
        (numerator, denominator)
    }

    pub fn build(&self) -> Built {
        let (places, periods) = (self.places(), self.periods());
        let strata = self.unsplit() + 1;
        let at =
            |place: usize, period: usize, stratum: usize| (place * periods.len() + period) * strata + stratum;
        let mut built = Built {
            table: Table::new(Rule::default()),
            hidden: Vec::new(),
            members: Vec::new(),
            denominators: Vec::new(),
            sums: Vec::new(),
        };
        for &place in &places {
            for (months, _) in &periods {
                for stratum in 0..strata {
                    built.add(self, place, months, stratum);
                }
            }
        }
        for (place, &row) in places.iter().enumerate() {
            for (period, (_, shorter)) in periods.iter().enumerate() {
                for stratum in 0..strata {
                    let whole = at(place, period, stratum);
                    if !shorter.is_empty() {
                        let parts = shorter.iter().map(|&part| at(place, part, stratum)).collect();
                        built.sums.push((Along::Time, whole, parts));
                    }
                    let parts: Vec<usize> = places
                        .iter()
                        .enumerate()
                        .filter(|(_, part)| match (row, **part) {
                            (Place::Below(node), Place::Below(child)) => {
                                child > 0 && self.parents[child - 1] == node
                            }
                            (Place::Below(node), Place::Own(owner)) => node == owner,
                            _ => false,
                        })
                        .map(|(part, _)| at(part, period, stratum))
                        .collect();
                    if !parts.is_empty() {
                        built.sums.push((Along::Tree, whole, parts));
                    }
                }
                if strata > 1 {
                    let parts = (0..self.strata)
                        .map(|stratum| at(place, period, stratum))
                        .collect();
                    built
                        .sums
                        .push((Along::Strata, at(place, period, self.strata), parts));
                }
            }
        }
        built.state_sums();
        built
    }
}

impl Built {
    fn add(&mut self, world: &World, place: Place, months: &std::ops::Range<usize>, stratum: usize) {
        let members: BTreeSet<usize> = (0..world.units.len())
            .filter(|&unit| {
                let Unit {
                    node,
                    first_month,
                    last_month,
                    ..
                } = world.units[unit];
                let here = match place {
                    Place::Below(ancestor) => world.is_below(node, ancestor),
                    Place::Own(owner) => node == owner,
                };
                here && first_month < months.end && last_month >= months.start
            })
            .collect();
        let figures: Vec<(f64, f64)> = members
            .iter()
            .map(|&unit| world.figures(unit, months.clone(), stratum))
            .collect();
        let hidden = Hidden {
            units: members.len() as u64,
            settled: members.len() as u64,
            numerator: figures.iter().map(|(numerator, _)| numerator).sum(),
            denominator: figures.iter().map(|(_, denominator)| denominator).sum(),
            largest_denominator: figures
                .iter()
                .map(|&(_, denominator)| denominator)
                .fold(0.0, f64::max),
            counts_people: world.counts_people,
        };
        self.table.cell(hidden, members.len() as u64);
        self.hidden.push(hidden);
        self.denominators.push(
            members
                .iter()
                .copied()
                .zip(figures.iter().map(|&(_, people)| people))
                .collect(),
        );
        self.members.push(members);
    }

    /// Gives the table all sums, in the order in which they stand here.
    fn state_sums(&mut self) {
        let ids = self.ids();
        for (along, whole, parts) in &self.sums {
            let parts: Vec<CellId> = parts.iter().map(|&part| ids[part]).collect();
            self.table
                .sum(*along, ids[*whole], &parts)
                .expect("the sums of a world hold");
        }
    }

    /// A table with the same cells has the same ids.
    fn ids(&self) -> Vec<CellId> {
        let mut copy = Table::new(Rule::default());
        self.hidden.iter().map(|&hidden| copy.cell(hidden, 0)).collect()
    }

    /// The same cells with the sums in another order.
    pub fn reordered(&self, order: impl Fn(usize) -> u64) -> Table {
        let ids = self.ids();
        let mut table = Table::new(Rule::default());
        for (hidden, members) in self.hidden.iter().zip(&self.members) {
            table.cell(*hidden, members.len() as u64);
        }
        let mut sums: Vec<_> = self.sums.iter().enumerate().collect();
        sums.sort_by_key(|(at, _)| order(*at));
        for (_, (along, whole, parts)) in sums {
            let parts: Vec<CellId> = parts.iter().rev().map(|&part| ids[part]).collect();
            table
                .sum(*along, ids[*whole], &parts)
                .expect("the sums of a world hold");
        }
        table
    }

    /// The hidden part of several cells together, from the units themselves.
    pub fn together(&self, cells: &[usize]) -> Hidden {
        let members: BTreeSet<usize> = cells
            .iter()
            .flat_map(|&cell| self.members[cell].clone())
            .collect();
        let of_unit = |unit: usize| -> f64 {
            cells
                .iter()
                .flat_map(|&cell| &self.denominators[cell])
                .filter(|(other, _)| *other == unit)
                .map(|(_, denominator)| denominator)
                .sum()
        };
        Hidden {
            units: members.len() as u64,
            settled: members.len() as u64,
            numerator: cells.iter().map(|&cell| self.hidden[cell].numerator).sum(),
            denominator: cells.iter().map(|&cell| self.hidden[cell].denominator).sum(),
            largest_denominator: members.iter().map(|&unit| of_unit(unit)).fold(0.0, f64::max),
            counts_people: cells.iter().any(|&cell| self.hidden[cell].counts_people),
        }
    }
}

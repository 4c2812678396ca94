//! How teams are distributed over the states of something: counted up a tree of units, with the totals left out that
//! would tell what few teams keep to themselves.

use std::collections::HashMap;

use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Error, Result, UnitId};
use spiral_stats::suppression::{Along, CellId, Hidden, Rule, Table, suppress};

/// Teams directly beneath a unit that stand somewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// The unit above them.
    pub parent: UnitId,
    /// Whether the reader may see where each stands.
    pub visible: bool,
    /// Where they stand, by its place among the states.
    pub state: usize,
    /// How many they are.
    pub teams: i64,
}

/// How many teams stand in each state: those that the reader sees, and those hidden.
#[derive(Clone, Copy)]
struct Counts<const N: usize> {
    shown: [i64; N],
    hidden: [i64; N],
    /// Of the hidden, those that do not count towards the threshold yet.
    newcomers: i64,
}

impl<const N: usize> Counts<N> {
    const NONE: Self = Self {
        shown: [0; N],
        hidden: [0; N],
        newcomers: 0,
    };

    fn add(&mut self, other: &Self) {
        for state in 0..N {
            self.shown[state] += other.shown[state];
            self.hidden[state] += other.hidden[state];
        }
        self.newcomers += other.newcomers;
    }

    fn shown(&self) -> i64 {
        self.shown.iter().sum()
    }

    fn hidden(&self) -> i64 {
        self.hidden.iter().sum()
    }
}

/// What may be told of the teams at or beneath a unit.
pub(crate) struct Told<const N: usize> {
    /// All of them.
    pub teams: i64,
    /// Those whose states the reader sees.
    pub shown: i64,
    /// For each state those seen, and all unless that is left out.
    pub states: [(i64, Option<i64>); N],
}

/// The units above the teams, with the teams directly beneath each and all that stand beneath it.
pub(crate) struct Tree<'u, const N: usize> {
    units: &'u [OrgUnit],
    places: HashMap<UnitId, usize>,
    parents: Vec<Option<usize>>,
    own: Vec<Counts<N>>,
    all: Vec<Counts<N>>,
}

impl<'u, const N: usize> Tree<'u, N> {
    /// `units` in the order of their paths: each after the one above it. `newcomers` says how many of the hidden teams
    /// directly beneath a unit give no cover yet.
    pub fn new(units: &'u [OrgUnit], teams: &[Standing], newcomers: &HashMap<UnitId, i64>) -> Self {
        let places: HashMap<UnitId, usize> = units.iter().zip(0..).map(|(unit, n)| (unit.id, n)).collect();
        let parents: Vec<Option<usize>> = units
            .iter()
            .map(|unit| unit.parent_id.and_then(|parent| places.get(&parent).copied()))
            .collect();
        let mut own = vec![Counts::NONE; units.len()];
        for standing in teams {
            let Some(&place) = places.get(&standing.parent) else {
                continue;
            };
            let side = if standing.visible {
                &mut own[place].shown
            } else {
                &mut own[place].hidden
            };
            side[standing.state] += standing.teams;
        }
        for (parent, teams) in newcomers {
            if let Some(&place) = places.get(parent) {
                own[place].newcomers += teams;
            }
        }
        let mut all = own.clone();
        for place in (0..units.len()).rev() {
            if let Some(parent) = parents[place] {
                let beneath = all[place];
                all[parent].add(&beneath);
            }
        }
        Self {
            units,
            places,
            parents,
            own,
            all,
        }
    }

    /// The place of a unit in the tree.
    pub fn at(&self, unit: UnitId) -> Option<usize> {
        self.places.get(&unit).copied()
    }

    /// The unit at a place.
    pub fn unit(&self, place: usize) -> &'u OrgUnit {
        &self.units[place]
    }

    /// The units by which the teams beneath `top` are split: those of a tier that have no other of it above them
    /// beneath the top, or those directly beneath it.
    pub fn split(&self, top: &OrgUnit, tier: Option<Tier>) -> Vec<usize> {
        match tier {
            None => self.children(top.id),
            Some(tier) => self.nearest(top, tier),
        }
    }

    fn children(&self, of: UnitId) -> Vec<usize> {
        let of = self.at(of);
        (0..self.units.len())
            .filter(|&place| of.is_some() && self.parents[place] == of)
            .collect()
    }

    fn nearest(&self, top: &OrgUnit, tier: Tier) -> Vec<usize> {
        (0..self.units.len())
            .filter(|&place| {
                let unit = &self.units[place];
                unit.tier == tier
                    && unit.id != top.id
                    && unit.beneath(&top.path)
                    && !self
                        .above(place, top.id)
                        .any(|above| self.units[above].tier == tier)
            })
            .collect()
    }

    /// The units between a place and the top.
    fn above(&self, place: usize, top: UnitId) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[place], |&place| self.parents[place])
            .take_while(move |&place| self.units[place].id != top)
    }

    /// Whose totals must be left out: for each unit a flag for each state.
    pub fn suppressed(&self, rule: Rule) -> Result<Vec<[bool; N]>> {
        let mut left_out = Self::suppressed_together(std::slice::from_ref(self), None, rule)?;
        left_out
            .pop()
            .ok_or_else(|| Error::internal("one question has one answer"))
    }

    /// The same for several questions about the same teams, of which one state may be `alike`: then as many teams are in
    /// it whatever is asked, so that one answer tells it for all, and with it the rest of another.
    pub fn suppressed_together(
        questions: &[Self],
        alike: Option<usize>,
        rule: Rule,
    ) -> Result<Vec<Vec<[bool; N]>>> {
        let mut table = Table::new(rule);
        let mut cells: Vec<Vec<[CellId; N]>> = Vec::with_capacity(questions.len());
        let mut own_cells: Vec<Vec<Option<[CellId; N]>>> = Vec::with_capacity(questions.len());
        for (n, question) in questions.iter().enumerate() {
            // Where states are alike, they are one cell: the first question's.
            let of_first =
                |cells: Option<&[CellId; N]>| alike.filter(|_| n > 0).and_then(|at| Some((at, cells?[at])));
            let (mut all, mut own) = (Vec::new(), Vec::new());
            for place in 0..question.units.len() {
                let first = of_first(cells.first().map(|of: &Vec<[CellId; N]>| &of[place]));
                all.push(add_node(&mut table, rule, &question.all[place], first)?);
            }
            for place in 0..question.units.len() {
                let parts = question.parts_of(place);
                let needs_own = !parts.is_empty() && question.own[place].hidden() > 0;
                let of_place = if needs_own {
                    let first = own_cells
                        .first()
                        .and_then(|of: &Vec<Option<[CellId; N]>>| of[place].as_ref());
                    Some(add_node(&mut table, rule, &question.own[place], of_first(first))?)
                } else {
                    None
                };
                own.push(of_place);
                if parts.is_empty() {
                    continue;
                }
                for state in (0..N).filter(|state| n == 0 || Some(*state) != alike) {
                    let mut sum: Vec<CellId> = parts.iter().map(|&part| all[part][state]).collect();
                    sum.extend(of_place.map(|own| own[state]));
                    table
                        .sum(Along::Tree, all[place][state], &sum)
                        .map_err(Error::internal)?;
                }
            }
            cells.push(all);
            own_cells.push(own);
        }
        let flags = suppress(&table);
        let flag = |cell: CellId| flags.get(cell.index()).copied().unwrap_or(true);
        Ok(cells
            .into_iter()
            .map(|question| question.into_iter().map(|states| states.map(flag)).collect())
            .collect())
    }

    /// The units directly beneath a place that have hidden teams; one without adds nothing to what is hidden.
    fn parts_of(&self, place: usize) -> Vec<usize> {
        (place + 1..self.units.len())
            .take_while(|&below| self.units[below].path.starts_with(&self.units[place].path))
            .filter(|&below| self.parents[below] == Some(place) && self.all[below].hidden() > 0)
            .collect()
    }

    /// What may be told at a place, if these are left out.
    pub fn told(&self, place: usize, suppressed: &[[bool; N]]) -> Told<N> {
        let counts = &self.all[place];
        Told {
            teams: counts.shown() + counts.hidden(),
            shown: counts.shown(),
            states: std::array::from_fn(|n| {
                let total = counts.shown[n] + counts.hidden[n];
                (counts.shown[n], (!suppressed[place][n]).then_some(total))
            }),
        }
    }
}

/// The states of a unit. How many teams it has is no secret, so that the states are tied to each other by their sum as
/// well; with fewer hidden teams than may be told, none of them is told anyway. A state that is `alike` has a cell already.
fn add_node<const N: usize>(
    table: &mut Table,
    rule: Rule,
    counts: &Counts<N>,
    alike: Option<(usize, CellId)>,
) -> Result<[CellId; N]> {
    let hidden = counts.hidden();
    let units = u64::try_from(hidden).unwrap_or_default();
    let settled = u64::try_from(hidden - counts.newcomers).unwrap_or_default();
    let of = |numerator: i64, people: bool| Hidden {
        units,
        settled,
        numerator: count(numerator),
        denominator: if people { count(hidden) } else { 0.0 },
        largest_denominator: if people && units > 0 { 1.0 } else { 0.0 },
        counts_people: people,
    };
    let cells = std::array::from_fn(|state| match alike {
        Some((at, cell)) if at == state => cell,
        _ => table.cell(of(counts.hidden[state], true), units),
    });
    let whole = of(hidden, false);
    if units > 0 && !rule.must_suppress(&whole) {
        let whole = table.cell(whole, u64::MAX);
        table.sum(Along::Strata, whole, &cells).map_err(Error::internal)?;
    }
    Ok(cells)
}

fn count(teams: i64) -> f64 {
    u32::try_from(teams).map_or(f64::INFINITY, f64::from)
}

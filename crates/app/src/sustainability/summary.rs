//! How assessments are distributed: the tiers above see how many teams stand where, and never so few of those
//! that keep theirs to themselves that one could be told.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::sustainability::{
    Band, BandCount, Distribution, SummaryGroups, SustainabilitySummary, default_instrument,
};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Error, Reference, Result, UnitId};
use spiral_stats::suppression::{Along, CellId, Hidden, Rule, Table, suppress};
use spiral_store::{BandCell, Column as _};

use crate::caller::Caller;

/// How the latest closed assessments of the teams beneath a unit (the tenant's root if none is named) are
/// distributed, for itself and for the units by which it is split.
///
/// What is left out is decided over the whole tenant, whatever part is asked for: two questions cannot be
/// subtracted from each other.
pub async fn sustainability_summary(
    caller: &Caller,
    unit: Option<&Reference>,
    groups: SummaryGroups,
) -> Result<SustainabilitySummary> {
    caller.require(Action::ReadSustainability)?;
    let store = caller.store();
    let top: OrgUnit = match unit {
        Some(unit) => store.named(unit).await?,
        None => store.root().await?.ok_or(Error::NotFound("unit"))?,
    };
    if top.tier == Tier::Microsystem {
        let detail = "a summary is of the teams beneath a unit; read a team's own assessments instead";
        return Err(Error::invalid("/query/unit", "no_teams_beneath", detail));
    }
    let units = store
        .find::<OrgUnit>()
        .filter("r.tier > ?", [Tier::Microsystem.value()])
        .all("r.path")
        .await?;
    let cells = store
        .assessment_bands(default_instrument(), caller.today())
        .await?;
    let settings = caller.app().settings();
    let rule = Rule {
        threshold: settings.suppression_threshold,
        dominance: settings.suppression_dominance,
    };
    let tree = Tree::new(units, &cells);
    let suppressed = tree.suppressed(rule)?;
    let chosen: Vec<usize> = match groups.tier() {
        None => tree.children(top.id),
        Some(tier) => tree.nearest(&top, tier),
    };
    let whole = tree.at(top.id).ok_or(Error::NotFound("unit"))?;
    let mut groups: Vec<Distribution> = chosen
        .into_iter()
        .map(|node| tree.distribution(node, &suppressed))
        .collect();
    groups.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(SustainabilitySummary {
        instrument: default_instrument().code.clone(),
        whole: tree.distribution(whole, &suppressed),
        groups,
    })
}

/// How many teams stand in each band: those that the reader sees, and those hidden.
#[derive(Clone, Copy, Default)]
struct Counts {
    shown: [i64; 4],
    hidden: [i64; 4],
}

impl Counts {
    fn add(&mut self, other: &Self) {
        for band in 0..4 {
            self.shown[band] += other.shown[band];
            self.hidden[band] += other.hidden[band];
        }
    }

    fn shown(&self) -> i64 {
        self.shown.iter().sum()
    }

    fn hidden(&self) -> i64 {
        self.hidden.iter().sum()
    }

    fn teams(&self) -> i64 {
        self.shown() + self.hidden()
    }
}

/// The units above the teams, with the teams directly beneath each and all that stand beneath it.
struct Tree {
    units: Vec<OrgUnit>,
    places: HashMap<UnitId, usize>,
    parents: Vec<Option<usize>>,
    own: Vec<Counts>,
    all: Vec<Counts>,
}

impl Tree {
    /// `units` in the order of their paths: each after the one above it.
    fn new(units: Vec<OrgUnit>, cells: &[BandCell]) -> Self {
        let places: HashMap<UnitId, usize> = units.iter().zip(0..).map(|(unit, n)| (unit.id, n)).collect();
        let parents: Vec<Option<usize>> = units
            .iter()
            .map(|unit| unit.parent_id.and_then(|parent| places.get(&parent).copied()))
            .collect();
        let mut own = vec![Counts::default(); units.len()];
        for cell in cells {
            let Some(&place) = places.get(&cell.parent) else {
                continue;
            };
            let side = if cell.visible {
                &mut own[place].shown
            } else {
                &mut own[place].hidden
            };
            side[cell.band as usize] += cell.teams;
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

    fn at(&self, unit: UnitId) -> Option<usize> {
        self.places.get(&unit).copied()
    }

    fn children(&self, of: UnitId) -> Vec<usize> {
        let of = self.at(of);
        (0..self.units.len())
            .filter(|&place| of.is_some() && self.parents[place] == of)
            .collect()
    }

    /// The units of a tier beneath the top that have no other of that tier between.
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

    /// Whose totals must be left out: four flags for each unit, one for each band.
    fn suppressed(&self, rule: Rule) -> Result<Vec<[bool; 4]>> {
        let mut table = Table::new(rule);
        let mut cells: Vec<[CellId; 4]> = Vec::with_capacity(self.units.len());
        for counts in &self.all {
            cells.push(add_node(&mut table, rule, counts)?);
        }
        for place in 0..self.units.len() {
            // A part without hidden teams adds nothing to what is hidden.
            let children: Vec<usize> = (place + 1..self.units.len())
                .take_while(|&below| self.units[below].path.starts_with(&self.units[place].path))
                .filter(|&below| self.parents[below] == Some(place) && self.all[below].hidden() > 0)
                .collect();
            if children.is_empty() {
                continue;
            }
            let own = if self.own[place].hidden() > 0 {
                Some(add_node(&mut table, rule, &self.own[place])?)
            } else {
                None
            };
            for band in 0..4 {
                let mut parts: Vec<CellId> = children.iter().map(|&child| cells[child][band]).collect();
                parts.extend(own.map(|own| own[band]));
                table
                    .sum(Along::Tree, cells[place][band], &parts)
                    .map_err(Error::internal)?;
            }
        }
        let flags = suppress(&table);
        Ok(cells
            .iter()
            .map(|bands| bands.map(|cell| flags.get(cell.index()).copied().unwrap_or(true)))
            .collect())
    }

    fn distribution(&self, place: usize, suppressed: &[[bool; 4]]) -> Distribution {
        let (unit, counts) = (&self.units[place], &self.all[place]);
        let bands = Band::ALL.into_iter().enumerate().map(|(n, band)| {
            let suppressed = suppressed[place][n];
            BandCount {
                band,
                shown: counts.shown[n],
                total: (!suppressed).then_some(counts.shown[n] + counts.hidden[n]),
                suppressed,
            }
        });
        Distribution {
            unit_id: unit.id,
            code: unit.code.clone(),
            name: unit.name.clone(),
            teams: counts.teams(),
            shown: counts.shown(),
            bands: bands.collect(),
        }
    }
}

/// The four bands of a unit. How many teams it has is no secret, so that the bands are tied to each other by
/// their sum as well; with fewer hidden teams than may be told, none of them is told anyway.
fn add_node(table: &mut Table, rule: Rule, counts: &Counts) -> Result<[CellId; 4]> {
    let hidden = counts.hidden();
    let units = u64::try_from(hidden).unwrap_or_default();
    let of = |numerator: i64, people: bool| Hidden {
        units,
        // Only teams that have assessed themselves are counted: none is made up by adding a unit.
        settled: units,
        numerator: count(numerator),
        denominator: if people { count(hidden) } else { 0.0 },
        largest_denominator: if people && units > 0 { 1.0 } else { 0.0 },
        counts_people: people,
    };
    let size = units;
    let cells = counts
        .hidden
        .map(|numerator| table.cell(of(numerator, true), size));
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

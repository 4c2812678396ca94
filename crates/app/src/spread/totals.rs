//! Which totals may be told to a reader who does not see every unit.
//!
//! The table is the same whatever is asked: on a given day, from the root down, each unit with all its children. A
//! unit's total is left out if too few of the units counted in it are hidden, or if it would give away that of
//! a sibling or its parent; beneath a unit whose total is left out, all totals with hidden units are left out too.
//! So a day, an innovation's rule and a reader decide it, and asking in another way tells nothing more. Who is
//! hidden follows from sharing alone; what the units do has no part in it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::innovations::Eligibility;
use spiral_domain::measures::Period;
use spiral_domain::people::Action;
use spiral_domain::spread::{Flow, SpreadCount, Sums};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, Result, Sharing, UnitId};
use spiral_stats::suppression::Rule;

use super::places::{Cells, Figures, Part, Place};
use crate::caller::Caller;
use crate::eyes::Eyes;
use crate::left_out::{Count, left_out};

/// Whose units a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Population {
    /// Eligible on the day.
    Eligible,
    /// All others.
    Outside,
}

/// Units of a population on a day: hidden ones, and all.
fn hidden(eligible: &Part, any: &Part, population: Population, day: Date) -> (i64, i64) {
    let of = |part: &Part, flow| {
        let all = part.all.until(day).of(flow);
        (all - part.shown.until(day).of(flow), all)
    };
    let eligible = of(eligible, Flow::Open);
    match population {
        Population::Eligible => eligible,
        Population::Outside => {
            let any = of(any, Flow::Opened);
            (any.0 - eligible.0, any.1 - eligible.1)
        }
    }
}

impl Figures {
    /// How many units of a population are hidden from the reader on a day.
    pub(super) fn hidden(&self, population: Population, day: Date) -> i64 {
        hidden(&self.eligible, &self.any, population, day).0
    }
}

/// Decides which totals are left out.
pub(super) struct Totals {
    rule: Rule,
    root: UnitId,
    /// The root, every unit above one that is asked for in the time, and the children of these.
    nodes: Vec<UnitId>,
    /// Children by parent, from when to when.
    children: HashMap<UnitId, Vec<(UnitId, Date, Date)>>,
    /// The days on which any of these links begins or has ended, in order.
    turns: Vec<Date>,
    /// The days on which anything came to a unit that is asked for, or left it.
    moves: HashMap<UnitId, BTreeSet<Date>>,
    /// Units counted at each of them.
    parts: HashMap<(Eligibility, UnitId), Part>,
    /// Hidden units at each of them that do not count towards the threshold yet.
    newcomers: HashMap<UnitId, Vec<Arc<OrgUnit>>>,
    /// The last decision, and the hidden units that led to it.
    last: Option<Decision>,
}

struct Decision {
    rule: Eligibility,
    population: Population,
    /// Which of the trees that follow each other.
    turn: usize,
    /// At each unit that matters.
    counts: Vec<Count>,
    left_out: HashSet<UnitId>,
}

impl Totals {
    /// What is needed to decide for days in a time; nothing where nothing is hidden on any day, or where no totals
    /// are offered.
    pub(super) async fn of(
        caller: &Caller,
        figures: &[Figures],
        cells: Option<Cells>,
        first: Date,
        last: Date,
    ) -> Result<Option<Self>> {
        let Some(cells) = cells else { return Ok(None) };
        let open = |part: &Part| part.all == part.shown;
        if figures
            .iter()
            .all(|figures| open(&figures.eligible) && open(&figures.any))
        {
            return Ok(None);
        }
        let store = caller.store();
        let root = store.root().await?.ok_or(Error::NotFound("unit"))?.id;
        let mut asked: Vec<UnitId> = figures
            .iter()
            .filter_map(|figures| figures.place.unit_id())
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let time = Period {
            start: first,
            end: last,
        };
        let above = store.ever_above(&asked, time).await?;
        let mut children: HashMap<UnitId, Vec<(UnitId, Date, Date)>> = HashMap::new();
        let mut turns: BTreeSet<Date> = BTreeSet::new();
        let mut nodes: BTreeSet<UnitId> = above.iter().copied().collect();
        nodes.insert(root);
        for (parent, child, from, to) in store.children_links(&above).await? {
            if from <= last && first <= to {
                children.entry(parent).or_default().push((child, from, to));
                nodes.insert(child);
                turns.extend([from, to.next()]);
            }
        }
        let mut moves: HashMap<UnitId, BTreeSet<Date>> = HashMap::new();
        for mover in store.movers(&asked).await? {
            moves.entry(mover.node).or_default().extend(mover.days());
        }
        let nodes: Vec<UnitId> = nodes.into_iter().collect();
        let all: Vec<OrgUnit> = store.find::<OrgUnit>().ids(&nodes).all("r.path").await?;
        let all: Vec<&OrgUnit> = all.iter().collect();
        let mut rules: BTreeSet<Eligibility> = figures.iter().map(|figures| figures.rule.clone()).collect();
        rules.insert(Eligibility::default());
        let cells = cells.at(caller, &rules, &all).await?;
        let mut parts = HashMap::with_capacity(rules.len() * all.len());
        for rule in &rules {
            for node in &all {
                parts.insert((rule.clone(), node.id), cells.of_rule(rule, node));
            }
        }
        let settings = caller.app().settings();
        Ok(Some(Self {
            rule: Rule {
                threshold: settings.suppression_threshold,
                dominance: settings.suppression_dominance,
            },
            root,
            nodes,
            children,
            turns: turns.into_iter().collect(),
            moves,
            parts,
            newcomers: newcomers(caller).await?,
            last: None,
        }))
    }

    /// Whether anything came to a unit or left it after one day, until another.
    pub(super) fn moved(&self, place: &Place, after: Date, until: Date) -> bool {
        let days = place.unit_id().and_then(|unit| self.moves.get(&unit));
        days.is_some_and(|days| days.iter().any(|day| after < *day && *day <= until))
    }

    fn count(&self, rule: &Eligibility, unit: UnitId, population: Population, day: Date) -> Count {
        let part = |rule: &Eligibility| self.parts.get(&(rule.clone(), unit));
        let (hidden, all) = match (part(rule), part(&Eligibility::default())) {
            (Some(eligible), Some(any)) => hidden(eligible, any, population, day),
            _ => (0, 0),
        };
        let newcomers = self.newcomers.get(&unit).into_iter().flatten();
        // Those that have closed since or stood elsewhere on the day are left out of the count as well: it is
        // then too low, which tells nobody anything.
        let new = newcomers
            .filter(|unit| {
                let counted = match population {
                    Population::Eligible => rule.matches(unit),
                    Population::Outside => !(rule.matches(unit) && unit.open_on(day)),
                };
                counted && unit.opened_on.is_none_or(|opened| opened <= day)
            })
            .count();
        let new = i64::try_from(new).unwrap_or(i64::MAX);
        Count {
            hidden,
            settled: hidden.saturating_sub(new).max(0),
            all,
        }
    }

    /// The units whose totals for a rule's population are left out on a day.
    pub(super) fn left_out(
        &mut self,
        rule: &Eligibility,
        population: Population,
        day: Date,
    ) -> &HashSet<UnitId> {
        let counts: Vec<Count> = self
            .nodes
            .iter()
            .map(|unit| self.count(rule, *unit, population, day))
            .collect();
        let turn = self.turns.partition_point(|turn| *turn <= day);
        let decision = match self.last.take() {
            Some(last)
                if (&last.rule, last.population, last.turn, &last.counts)
                    == (rule, population, turn, &counts) =>
            {
                last
            }
            _ => Decision {
                rule: rule.clone(),
                population,
                turn,
                left_out: self.decide(rule, population, day),
                counts,
            },
        };
        &self.last.insert(decision).left_out
    }

    fn decide(&self, rule: &Eligibility, population: Population, day: Date) -> HashSet<UnitId> {
        let children = |parent: UnitId| -> Vec<UnitId> {
            let links = self.children.get(&parent).into_iter().flatten();
            links
                .filter(|(_, from, to)| (*from..=*to).contains(&day))
                .map(|(child, _, _)| *child)
                .collect()
        };
        let count = |unit: UnitId| self.count(rule, unit, population, day);
        left_out(self.rule, self.root, &children, &count)
    }
}

/// Units hidden from the reader that do not count towards the threshold yet, by each unit they stood beneath.
async fn newcomers(caller: &Caller) -> Result<HashMap<UnitId, Vec<Arc<OrgUnit>>>> {
    let found = caller.store().newcomers().await?;
    let mut by_node: HashMap<UnitId, Vec<Arc<OrgUnit>>> = HashMap::new();
    if found.is_empty() {
        return Ok(by_node);
    }
    let eyes = Eyes::of(caller, Action::ReadAdoption).await?;
    let units: Vec<&OrgUnit> = found.iter().map(|(unit, _)| unit).collect();
    let levels = caller.store().adoption_sharing(&units).await?;
    for (unit, above) in found {
        let level = levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
        if eyes.see(&unit, level) {
            continue;
        }
        let unit = Arc::new(unit);
        for node in above {
            by_node.entry(node).or_default().push(Arc::clone(&unit));
        }
    }
    Ok(by_node)
}

/// Whether the totals of these figures may be told on a day.
pub(super) fn told(
    totals: &mut Option<Totals>,
    figures: &Figures,
    population: Population,
    day: Date,
) -> bool {
    if figures.hidden(population, day) == 0 {
        return true;
    }
    match (totals, &figures.place) {
        (Some(totals), Place::Unit(unit)) if figures.whole => {
            !totals.left_out(&figures.rule, population, day).contains(&unit.id)
        }
        _ => false,
    }
}

/// A count, its total left out unless it is told.
pub(super) fn count(shown: &Sums, all: &Sums, flow: Flow, told: bool) -> SpreadCount {
    SpreadCount {
        shown: shown.of(flow),
        total: told.then(|| all.of(flow)),
        suppressed: !told,
    }
}

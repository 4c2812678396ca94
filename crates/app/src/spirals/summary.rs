//! How the spirals of many units stand, from the counts that every write keeps. Which totals a reader is told follows
//! from who shares how far, never from what anybody does (see `left_out`).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::analysis::GroupBy;
use spiral_domain::measures::Period;
use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Change, Figure, Home, Spiral, SpiralCount, SpiralFacet, SpiralSummaryRow, Stay, Tally, changes_of,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, Reference, Result, Sharing, UnitId, Violation};
use spiral_stats::suppression::Rule;
use spiral_store::{Facet, SpiralCells, Store, within};

use crate::caller::Caller;
use crate::eyes::{Eyes, LEVELS};
use crate::kept::Until;
use crate::left_out::{Count, left_out};

/// Which summary is asked for.
#[derive(Debug, Clone, Default)]
pub struct SummaryQuery {
    /// At and beneath this unit; the root if absent.
    pub unit: Option<Reference>,
    /// For which units in it.
    pub group_by: GroupBy,
    /// One row for each theme, origin or programme.
    pub by: Option<SpiralFacet>,
    /// On this day; today if absent. Not together with `from`.
    pub as_of: Option<Date>,
    /// At the ends of months, from the one that contains this day on.
    pub from: Option<Date>,
    /// To the month that contains this day; the last that is over if absent.
    pub to: Option<Date>,
}

/// At most so many rows are answered at once, by places and days.
const MOST_ROWS: usize = 5_000;

fn wrong(parameter: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(format!("/query/{parameter}"), code, detail)])
}

impl SummaryQuery {
    /// The days that are asked about, in order.
    fn days(&self, today: Date) -> Result<Vec<Date>> {
        let Some(from) = self.from else {
            if self.to.is_some() {
                return Err(wrong("to", "without_from", "`to` ends what `from` begins"));
            }
            let day = self.as_of.unwrap_or(today);
            if day > today {
                return Err(wrong("asOf", "in_the_future", format!("{day} is in the future")));
            }
            return Ok(vec![day]);
        };
        if self.as_of.is_some() {
            return Err(wrong("asOf", "one_of", "give a day or months, not both"));
        }
        let over = today.next().month_start().previous();
        let to = self.to.map_or(over, Date::month_end);
        if to > over {
            return Err(wrong(
                "to",
                "not_over",
                format!("the month that ends on {to} is not over"),
            ));
        }
        let mut days = Vec::new();
        let mut end = from.month_end();
        while end <= to && days.len() <= MOST_ROWS {
            days.push(end);
            end = end.next().month_end();
        }
        if days.is_empty() {
            return Err(wrong(
                "from",
                "after_to",
                format!("from {from} to {to} no month ends"),
            ));
        }
        Ok(days)
    }
}

/// How spirals stand: one row for each place, day and value.
pub async fn spiral_summary(caller: &Caller, query: &SummaryQuery) -> Result<Arc<Vec<SpiralSummaryRow>>> {
    caller.require(Action::ReadSpiralSummary)?;
    let weigh = |rows: &Vec<SpiralSummaryRow>| rows.len() * (size_of::<SpiralSummaryRow>() + 1_500);
    let question = format!("spiral summary {query:?}");
    caller
        .kept(&question, Until::Changed, weigh, Box::pin(summary(caller, query)))
        .await
}

async fn summary(caller: &Caller, query: &SummaryQuery) -> Result<Vec<SpiralSummaryRow>> {
    let days = query.days(caller.today())?;
    let places = places(
        caller,
        query,
        days.last().copied().unwrap_or_else(|| caller.today()),
    )
    .await?;
    if places.len() * days.len() > MOST_ROWS {
        let detail = format!("more than {MOST_ROWS} rows; ask for fewer units or months");
        return Err(wrong("groupBy", "too_many_rows", detail));
    }
    let nodes: Vec<UnitId> = places.iter().map(|unit| unit.id).collect();
    let (first, last) = (days.first().copied(), days.last().copied());
    let time = Period {
        start: first.unwrap_or(Date::MIN),
        end: last.unwrap_or(Date::MAX),
    };
    let tree = Tree::around(caller, &nodes, time).await?;
    let reader = Reader::of(caller, &tree.units).await?;
    let facet = match query.by {
        None => Facet::All,
        Some(SpiralFacet::Theme) => Facet::Theme,
        Some(SpiralFacet::Origin) => Facet::Origin,
        Some(SpiralFacet::Programme) => Facet::Programme,
    };
    let mut rows = Vec::new();
    for day in days {
        let counts = reader.units_on(caller, day).await?;
        let left_out = tree.left_out(caller, &counts, day);
        let cells = match query.by {
            None => None,
            Some(_) => Some(
                caller
                    .store()
                    .spiral_cells(&reader.cell_nodes, facet, day)
                    .await?,
            ),
        };
        let cells = cells.as_ref().unwrap_or(&counts.cells);
        // Day by day, the totals of hidden units would tell their days; they are told as months end, and of today.
        let standard = day == day.month_end() || day == caller.today();
        for place in &places {
            let count = counts.at.get(&place.id).copied().unwrap_or_default();
            let told = count.hidden == 0 || standard && !left_out.contains(&place.id);
            let mut values: HashMap<String, (Tally, Tally)> = HashMap::new();
            if query.by.is_none() {
                values.entry(String::new()).or_default();
            }
            for (value, figures) in cells.of(place.id, &(0..LEVELS)) {
                let (_, all) = values.entry(value.to_owned()).or_default();
                all.add(figures.iter().copied());
            }
            for (value, tally) in reader.shown(cells, place, facet, day) {
                values.entry(value).or_default().0 = tally;
            }
            let mut of_place: Vec<SpiralSummaryRow> = values
                .into_iter()
                // A value that only hidden units have is told only where their totals are.
                .filter(|(_, (shown, _))| told || query.by.is_none() || *shown != Tally::default())
                .map(|(value, (shown, all))| {
                    let mut row = empty_row(place, day, query.by, &value, count);
                    row.fill(&shown, &all, told);
                    row
                })
                .collect();
            of_place.sort_by(|one, other| one.value.cmp(&other.value));
            rows.extend(of_place);
        }
    }
    Ok(rows)
}

fn empty_row(
    place: &OrgUnit,
    on: Date,
    by: Option<SpiralFacet>,
    value: &str,
    count: Count,
) -> SpiralSummaryRow {
    let none = SpiralCount::default();
    SpiralSummaryRow {
        unit_id: place.id,
        code: place.code.clone(),
        name: place.name.clone(),
        value: by.map(|_| value.to_owned()).filter(|value| !value.is_empty()),
        on,
        units: count.all,
        units_shown: count.all - count.hidden,
        spirals: none,
        active: none,
        dormant: none,
        sustained: none,
        discontinued: none,
        turns_completed: none,
        steps: Vec::new(),
        stalls_shown: None,
        stalls_total: None,
    }
}

/// The units that rows are asked for, in the order in which a reader looks them up.
async fn places(caller: &Caller, query: &SummaryQuery, on: Date) -> Result<Vec<OrgUnit>> {
    let store = caller.store();
    let top: OrgUnit = match &query.unit {
        Some(unit) => store.named(unit).await?,
        None => store.root().await?.ok_or(Error::NotFound("unit"))?,
    };
    let mut units = match (query.group_by, query.group_by.tier()) {
        (GroupBy::Children, _) => store
            .children_on(&[top.id], on)
            .await?
            .remove(&top.id)
            .unwrap_or_default(),
        (_, Some(tier)) => store.nearest_of_tier(&top, tier, on).await?,
        (_, None) => vec![top],
    };
    units.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(units)
}

/// The root, every unit that stood above a place in a time, and the children of all of these.
struct Tree {
    root: UnitId,
    units: Vec<OrgUnit>,
    children: HashMap<UnitId, Vec<(UnitId, Date, Date)>>,
    rule: Rule,
}

impl Tree {
    async fn around(caller: &Caller, places: &[UnitId], time: Period) -> Result<Self> {
        let store = caller.store();
        let root = store.root().await?.ok_or(Error::NotFound("unit"))?.id;
        let above = store.ever_above(places, time).await?;
        let mut nodes: BTreeSet<UnitId> = above.iter().chain(places).copied().collect();
        nodes.insert(root);
        let mut children: HashMap<UnitId, Vec<(UnitId, Date, Date)>> = HashMap::new();
        for (parent, child, from, to) in store.children_links(&above).await? {
            if from <= time.end && time.start <= to {
                children.entry(parent).or_default().push((child, from, to));
                nodes.insert(child);
            }
        }
        let nodes: Vec<UnitId> = nodes.into_iter().collect();
        let settings = caller.app().settings();
        Ok(Self {
            root,
            units: store.find::<OrgUnit>().ids(&nodes).all("r.path").await?,
            children,
            rule: Rule {
                threshold: settings.suppression_threshold,
                dominance: settings.suppression_dominance,
            },
        })
    }

    fn left_out(&self, caller: &Caller, counts: &UnitCounts, day: Date) -> HashSet<UnitId> {
        if caller.scope().system || counts.at.values().all(|count| count.hidden == 0) {
            return HashSet::new();
        }
        let children = |parent: UnitId| -> Vec<UnitId> {
            let links = self.children.get(&parent).into_iter().flatten();
            links
                .filter(|(_, from, to)| (*from..=*to).contains(&day))
                .map(|(child, ..)| *child)
                .collect()
        };
        let count = |unit: UnitId| counts.at.get(&unit).copied().unwrap_or_default();
        left_out(self.rule, self.root, &children, &count)
    }
}

/// How many units are counted at each node on a day, and the counts of their spirals.
struct UnitCounts {
    at: HashMap<UnitId, Count>,
    cells: SpiralCells,
}

/// A unit that is counted by itself, since cells do not tell whether the reader sees it.
struct Single {
    unit: OrgUnit,
    /// The spirals that were its own on some day, from when to when.
    spirals: Vec<(Spiral, Vec<Stay>, Home)>,
    /// Where it stood, from when to when.
    at: HashMap<UnitId, Vec<(Date, Date)>>,
}

impl Single {
    /// Adds what it counts at a node on a day, by value.
    fn add_to(&self, shown: &mut HashMap<String, Vec<(Figure, i64)>>, node: UnitId, facet: Facet, on: Date) {
        let spans: &[(Date, Date)] = self.at.get(&node).map(Vec::as_slice).unwrap_or_default();
        let mut add = |value: String, changes: Vec<Change>| {
            let until = changes.into_iter().filter(|(day, ..)| *day <= on);
            let figures = shown.entry(value).or_default();
            figures.extend(until.map(|(_, figure, n)| (figure, n)));
        };
        let units = [(self.unit.opened_on.unwrap_or(Date::MIN), Figure::Units, 1)];
        for (from, to) in spans {
            if facet == Facet::All {
                add(String::new(), within(&units, *from, *to));
            }
            for (spiral, stays, home) in &self.spirals {
                if let Some((from, to)) = home.cut(*from, *to) {
                    let changes = changes_of(spiral, stays);
                    add(facet.value_of(spiral), within(&changes, from, to));
                }
            }
        }
    }
}

/// What one reader sees of the counts at some nodes.
struct Reader {
    eyes: Eyes,
    nodes: Vec<OrgUnit>,
    /// Whether what is seen is in the cells.
    hold: bool,
    /// The nodes whose cells are read.
    cell_nodes: Vec<UnitId>,
    singles: Vec<Single>,
    newcomers: HashMap<UnitId, Vec<Option<Date>>>,
}

impl Reader {
    async fn of(caller: &Caller, nodes: &[OrgUnit]) -> Result<Self> {
        let eyes = Eyes::of(caller, Action::ReadSpirals).await?;
        let of: Vec<&OrgUnit> = nodes.iter().collect();
        let hold = eyes.cells_hold(caller, &of).await?;
        let mut cell_nodes: BTreeSet<UnitId> = nodes.iter().map(|node| node.id).collect();
        if hold {
            cell_nodes.extend(
                nodes
                    .iter()
                    .flat_map(|node| eyes.cells_of(node))
                    .map(|(unit, _)| unit),
            );
        }
        let ids: Vec<UnitId> = nodes.iter().map(|node| node.id).collect();
        Ok(Self {
            singles: singles(caller, &eyes, &ids, hold).await?,
            newcomers: newcomers(caller, &eyes).await?,
            cell_nodes: cell_nodes.into_iter().collect(),
            nodes: nodes.to_vec(),
            hold,
            eyes,
        })
    }

    /// What the reader sees of the counts of a node, by value.
    fn shown(&self, cells: &SpiralCells, node: &OrgUnit, facet: Facet, on: Date) -> HashMap<String, Tally> {
        let mut shown: HashMap<String, Vec<(Figure, i64)>> = HashMap::new();
        if self.hold {
            for (at, levels) in self.eyes.cells_of(node) {
                for (value, figures) in cells.of(at, &levels) {
                    shown.entry(value.to_owned()).or_default().extend(figures);
                }
            }
        }
        for single in &self.singles {
            single.add_to(&mut shown, node.id, facet, on);
        }
        let tally = |figures: Vec<(Figure, i64)>| {
            let mut tally = Tally::default();
            tally.add(figures);
            tally
        };
        shown
            .into_iter()
            .map(|(value, figures)| (value, tally(figures)))
            .collect()
    }

    async fn units_on(&self, caller: &Caller, day: Date) -> Result<UnitCounts> {
        let cells = caller
            .store()
            .spiral_cells(&self.cell_nodes, Facet::All, day)
            .await?;
        let units = |figures: &[(Figure, i64)]| -> i64 {
            let units = figures.iter().filter(|(figure, _)| *figure == Figure::Units);
            units.map(|(_, n)| n).sum()
        };
        let mut at = HashMap::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let all: i64 = cells
                .of(node.id, &(0..LEVELS))
                .map(|(_, figures)| units(figures))
                .sum();
            let shown = self.shown(&cells, node, Facet::All, day);
            let shown: i64 = shown.values().map(|tally| tally.of(Figure::Units)).sum();
            let hidden = all - shown;
            let new = self.newcomers.get(&node.id).into_iter().flatten();
            let new = new
                .filter(|opened| opened.is_none_or(|opened| opened <= day))
                .count();
            let settled = hidden
                .saturating_sub(i64::try_from(new).unwrap_or(i64::MAX))
                .max(0);
            at.insert(node.id, Count { hidden, settled, all });
        }
        Ok(UnitCounts { at, cells })
    }
}

/// The units that cells do not tell: those that the reader sees by themselves, and, where cells do not hold, all that
/// the reader sees.
async fn singles(caller: &Caller, eyes: &Eyes, nodes: &[UnitId], hold: bool) -> Result<Vec<Single>> {
    if eyes.all || !eyes.open || hold && eyes.alone.is_empty() {
        return Ok(Vec::new());
    }
    let store = caller.store();
    let candidates: Vec<UnitId> = if hold {
        eyes.alone.keys().copied().collect()
    } else {
        store.ever_beneath(nodes).await?
    };
    let candidates = store.find::<OrgUnit>().ids(&candidates).all("r.path").await?;
    let levels = store
        .spirals_sharing(&candidates.iter().collect::<Vec<_>>())
        .await?;
    let level = |unit: &OrgUnit| levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
    let units: Vec<OrgUnit> = candidates
        .into_iter()
        .filter(|unit| eyes.see(unit, level(unit)) && !(hold && eyes.see_by_tree(unit, level(unit))))
        .collect();
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
    let mut spirals = spirals_by_home(store, &ids).await?;
    let mut at: HashMap<UnitId, HashMap<UnitId, Vec<(Date, Date)>>> = HashMap::new();
    for ((node, unit), spans) in store.stood_at(nodes, &ids).await? {
        at.entry(unit).or_default().insert(node, spans);
    }
    Ok(units
        .into_iter()
        .map(|unit| Single {
            spirals: spirals.remove(&unit.id).unwrap_or_default(),
            at: at.remove(&unit.id).unwrap_or_default(),
            unit,
        })
        .collect())
}

/// The spirals that were these units' on some day: what is seen of a unit is seen of all that it counts.
async fn spirals_by_home(
    store: &Store,
    units: &[UnitId],
) -> Result<HashMap<UnitId, Vec<(Spiral, Vec<Stay>, Home)>>> {
    let mut by_unit: HashMap<UnitId, Vec<(Spiral, Vec<Stay>, Home)>> = HashMap::new();
    for (spiral, stays, homes) in store.spirals_ever_at(units).await? {
        for home in homes {
            let there = by_unit.entry(home.unit_id).or_default();
            there.push((spiral.clone(), stays.clone(), home));
        }
    }
    Ok(by_unit)
}

/// Units hidden from the reader that do not count towards the threshold yet: when each opened, by each unit that it
/// stood beneath.
async fn newcomers(caller: &Caller, eyes: &Eyes) -> Result<HashMap<UnitId, Vec<Option<Date>>>> {
    let found = caller.store().newcomers().await?;
    let mut by_node: HashMap<UnitId, Vec<Option<Date>>> = HashMap::new();
    if found.is_empty() {
        return Ok(by_node);
    }
    let units: Vec<&OrgUnit> = found.iter().map(|(unit, _)| unit).collect();
    let levels = caller.store().spirals_sharing(&units).await?;
    for (unit, above) in &found {
        let level = levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
        if eyes.see(unit, level) {
            continue;
        }
        for node in above {
            by_node.entry(*node).or_default().push(unit.opened_on);
        }
    }
    Ok(by_node)
}

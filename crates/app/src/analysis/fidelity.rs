//! How faithful the PDSA cycles of many teams are to the method, by month or longer: from counts that every write keeps,
//! up the tree as it was at the end of each month, with the totals left out that would tell what few teams keep to
//! themselves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use spiral_domain::analysis::GroupBy;
use spiral_domain::measures::Period;
use spiral_domain::microsystems::{FidelitySummaryRow, FidelityTally};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, SharingSetting, Tier};
use spiral_domain::{Date, Error, Interval, Reference, Result, UnitId, Violation, WorkKind};
use spiral_stats::suppression::{Hidden, Rule};
use spiral_store::Column as _;

use super::secrecy::{Layer, Tree};
use super::suppression::{Figures, Question, Standing};
use super::timeline::{Slice, Timeline};
use super::{Placing, nodes_of, placed::Placed};
use crate::caller::Caller;
use crate::eyes::Eyes;
use crate::kept::Until;

/// Without `from`, so many periods up to the end.
const USUAL: usize = 12;
/// At most so many months are looked at.
const MOST_MONTHS: usize = 240;
/// At most so many rows are answered at once, by units and periods.
const MOST_ROWS: usize = 5_000;
/// What a cycle's fidelity is read off: a team is seen by whoever sees both.
const KINDS: [WorkKind; 2] = [WorkKind::Aims, WorkKind::Observations];

/// Of which teams, by which units and periods.
#[derive(Debug, Clone)]
pub struct FidelityQuery {
    /// The teams at and beneath this unit; the root if absent.
    pub unit: Option<Reference>,
    /// Which units in it have rows of their own.
    pub group_by: GroupBy,
    /// How long a period is: a month, a quarter or a financial year.
    pub interval: Interval,
    /// Periods that begin on this day or later.
    pub from: Option<Date>,
    /// Periods that end on this day or earlier; only those that are over.
    pub to: Option<Date>,
}

fn wrong(parameter: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(format!("/query/{parameter}"), code, detail)])
}

impl FidelityQuery {
    /// The periods that are asked about, with the shorter ones that make them up.
    fn timeline(&self, today: Date) -> Result<Timeline> {
        let interval = self.interval;
        if !matches!(
            interval,
            Interval::Month | Interval::Quarter | Interval::FinancialYear
        ) {
            let detail = "cycles are counted by `month`, `quarter` or `financial_year`";
            return Err(wrong("interval", "does_not_nest", detail));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to < from
        {
            let detail = format!("ends on {to}, before it begins on {from}");
            return Err(wrong("to", "before_from", detail));
        }
        // What is not over changes from day to day, and the difference of two days would be few teams' work.
        let over = interval.around(today).0.previous();
        let to = self.to.unwrap_or(over).min(over);
        let from = self.from.unwrap_or_else(|| {
            (1..USUAL).fold(interval.around(to).0, |start, _| {
                interval.around(start.previous()).0
            })
        });
        let timeline = Timeline::new(Interval::Month, Some(interval), Some(from), Some(to), None)?;
        if timeline.base().len() > MOST_MONTHS {
            let detail = format!("more than {MOST_MONTHS} months; narrow `from` and `to`");
            return Err(wrong("from", "too_many_periods", detail));
        }
        Ok(timeline)
    }
}

/// How faithful cycles are: one row for each unit and period.
pub async fn fidelity_summary(
    caller: &Caller,
    query: &FidelityQuery,
) -> Result<Arc<Vec<FidelitySummaryRow>>> {
    for action in [Action::ReadAims, Action::ReadObservations] {
        caller.require(action)?;
    }
    let weigh = |rows: &Vec<FidelitySummaryRow>| rows.len() * (size_of::<FidelitySummaryRow>() + 400);
    let question = format!("fidelity summary {query:?}");
    caller
        .kept(&question, Until::Changed, weigh, Box::pin(summary(caller, query)))
        .await
}

async fn summary(caller: &Caller, query: &FidelityQuery) -> Result<Vec<FidelitySummaryRow>> {
    let timeline = query.timeline(caller.today())?;
    let store = caller.store();
    let top: OrgUnit = match &query.unit {
        Some(unit) => store.named(unit).await?,
        None => store.root().await?.ok_or(Error::NotFound("unit"))?,
    };
    if timeline.is_empty() {
        return Ok(Vec::new());
    }
    let mut nodes = nodes_of(store, top.id, query.group_by, timeline.span()).await?;
    if nodes.len() * timeline.rows().count() > MOST_ROWS {
        let detail = format!("more than {MOST_ROWS} rows; ask for fewer units or periods");
        return Err(wrong("groupBy", "too_many_rows", detail));
    }
    let placed = Placed::of(caller, Placing::Period, top.id, &nodes, query.group_by).await?;
    let tree = Tree::around(caller, timeline.span(), &nodes).await?;
    let teams = Teams::of(caller, &tree, &timeline).await?;
    let told = teams.told(caller, &tree, &timeline);
    let units = crate::tenancy::units_of(&caller.platform(), &nodes).await?;
    if let Some((_, others)) = nodes.split_first_mut() {
        others.sort_by_key(|node| units.get(node).map(|unit| unit.code.clone()));
    }
    let mut rows = Vec::new();
    for node in nodes {
        let Some(unit) = units.get(&node) else { continue };
        for (n, slice) in timeline.rows() {
            let stood = placed.belongs(node, slice.period.end);
            let count = teams.count(node, slice);
            // The unit that is asked about always has a row; others where there are teams.
            if node != top.id && (!stood || count.teams == 0) {
                continue;
            }
            let mut row = FidelitySummaryRow {
                unit_id: node,
                code: unit.code.clone(),
                name: unit.name.clone(),
                period_start: slice.period.start,
                period_end: slice.period.end,
                teams: count.teams,
                teams_shown: count.teams - count.hidden,
                cycles_shown: 0,
                cycles_total: None,
                suppressed: false,
                features: Vec::new(),
            };
            row.fill(&count.shown, &count.all, told.is_open(node, n));
            rows.push(row);
        }
    }
    Ok(rows)
}

/// A team, and what it carried out in which month.
struct Team {
    visible: bool,
    settled: bool,
    opened_on: Option<Date>,
    closed_on: Option<Date>,
    months: BTreeMap<usize, FidelityTally>,
}

impl Team {
    /// Whether it counts in a month: it was open, or carried something out all the same.
    fn is_there(&self, at: usize, month: Period) -> bool {
        let open = self.opened_on.is_none_or(|first| first <= month.end)
            && self.closed_on.is_none_or(|last| month.start <= last);
        open || self.months.contains_key(&at)
    }
}

/// What is counted at a unit in a period.
#[derive(Default)]
struct Count {
    teams: i64,
    hidden: i64,
    /// Hidden teams that count towards the threshold.
    settled: i64,
    shown: FidelityTally,
    all: FidelityTally,
    /// The most cycles of one hidden team.
    largest: i64,
}

impl Count {
    fn hidden(&self) -> Hidden {
        let count = |n: i64| u64::try_from(n).unwrap_or_default();
        let float = |n: i64| u32::try_from(n).map_or(f64::INFINITY, f64::from);
        let cycles = float(self.all.cycles - self.shown.cycles);
        Hidden {
            units: count(self.hidden),
            settled: count(self.settled),
            numerator: cycles,
            denominator: cycles,
            largest_denominator: float(self.largest),
            counts_people: false,
        }
    }
}

/// All teams, and when each stood at the nodes of the tree.
struct Teams {
    teams: Vec<Team>,
    /// At each node its teams, each with the months in which it counts there.
    at: HashMap<UnitId, Vec<(usize, Vec<usize>)>>,
}

/// Which totals are told, by period and node.
struct Told {
    places: HashMap<UnitId, usize>,
    standing: Vec<Vec<Standing>>,
}

impl Told {
    fn is_open(&self, node: UnitId, slice: usize) -> bool {
        let standing = self.standing.get(slice);
        let place = self.places.get(&node);
        place
            .and_then(|place| standing?.get(*place))
            .is_some_and(|standing| *standing != Standing::Closed)
    }
}

impl Teams {
    async fn of(caller: &Caller, tree: &Tree, timeline: &Timeline) -> Result<Self> {
        let store = caller.store();
        let units: Vec<OrgUnit> = store
            .find::<OrgUnit>()
            .filter("r.tier = ?", [Tier::Microsystem.value()])
            .all("r.id")
            .await?;
        let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await?;
        let eyes = [
            Eyes::of(caller, Action::ReadAims).await?,
            Eyes::of(caller, Action::ReadObservations).await?,
        ];
        let mut carried_out = store.fidelity_months(timeline.span()).await?;
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let stood = store.stood_at(tree.nodes(), &ids).await?;
        let number: HashMap<UnitId, usize> = ids.iter().enumerate().map(|(n, unit)| (*unit, n)).collect();
        let teams: Vec<Team> = units
            .into_iter()
            .map(|unit| Team {
                visible: sees(&eyes, &settings, &unit),
                settled: unit.settled_on <= caller.today(),
                opened_on: unit.opened_on,
                closed_on: unit.closed_on,
                months: carried_out
                    .remove(&unit.id)
                    .into_iter()
                    .flatten()
                    .filter_map(|(month, tally)| Some((timeline.month(month)?, tally)))
                    .collect(),
            })
            .collect();
        let mut at: HashMap<UnitId, Vec<(usize, Vec<usize>)>> = HashMap::new();
        for ((node, unit), spans) in stood {
            let Some(&n) = number.get(&unit) else { continue };
            let months: Vec<usize> = timeline
                .base()
                .iter()
                .enumerate()
                .filter(|(_, month)| spans.iter().any(|(from, to)| (*from..=*to).contains(&month.end)))
                .filter(|(at, month)| teams[n].is_there(*at, **month))
                .map(|(at, _)| at)
                .collect();
            if !months.is_empty() {
                at.entry(node).or_default().push((n, months));
            }
        }
        Ok(Self { teams, at })
    }

    fn count(&self, node: UnitId, slice: &Slice) -> Count {
        let mut count = Count::default();
        for (team, months) in self.at.get(&node).into_iter().flatten() {
            let team = &self.teams[*team];
            let months: Vec<&usize> = months.iter().filter(|month| slice.base.contains(month)).collect();
            if months.is_empty() {
                continue;
            }
            let mut carried_out = FidelityTally::default();
            for tally in months.into_iter().filter_map(|month| team.months.get(month)) {
                carried_out.add(tally);
            }
            count.teams += 1;
            count.all.add(&carried_out);
            if team.visible {
                count.shown.add(&carried_out);
            } else {
                count.hidden += 1;
                count.settled += i64::from(team.settled);
                count.largest = count.largest.max(carried_out.cycles);
            }
        }
        count
    }

    /// Decides every period, shorter ones before those that they make up, over the whole of the tree around the answer:
    /// two questions cannot be subtracted from each other.
    fn told(&self, caller: &Caller, tree: &Tree, timeline: &Timeline) -> Told {
        let settings = caller.app().settings();
        let rule = Rule {
            threshold: settings.suppression_threshold.max(2),
            dominance: settings.suppression_dominance,
        };
        let mut layer = Layer::default();
        let open = vec![false; tree.nodes().len()];
        for slice in timeline.slices() {
            let first = slice.periods(timeline).map(|month| month.end).next();
            let shape = tree.on(first.unwrap_or(slice.period.end), slice.period.end);
            let counts: Vec<Count> = tree.nodes().iter().map(|node| self.count(*node, slice)).collect();
            let hidden: Vec<Figures> = counts.iter().map(|count| vec![count.hidden()]).collect();
            let size: Vec<i64> = counts.iter().map(|count| count.teams).collect();
            let (before, untold) = layer.before(&slice.finer, &hidden, &open);
            let standing = Question {
                rule,
                families: &shape.families,
                roots: &shape.roots,
                moved: &shape.moved,
                hidden: &hidden,
                untold: &untold,
                size: &size,
                before: &before,
            }
            .decide();
            layer.push(standing, untold);
        }
        Told {
            places: tree
                .nodes()
                .iter()
                .enumerate()
                .map(|(n, node)| (*node, n))
                .collect(),
            standing: layer.standing,
        }
    }
}

fn sees(eyes: &[Eyes; 2], settings: &HashMap<(UnitId, WorkKind), SharingSetting>, unit: &OrgUnit) -> bool {
    eyes.iter().zip(KINDS).all(|(eyes, kind)| {
        let setting = settings.get(&(unit.id, kind));
        setting.is_some_and(|setting| eyes.see(unit, setting.level))
    })
}

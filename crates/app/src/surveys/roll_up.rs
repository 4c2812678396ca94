//! What the surveys of many teams come to together, by the quarter in which they closed: each adds what it tells itself,
//! and the totals of those who keep theirs from the reader are told in blocks (see `blocks`).
//!
//! Networks' surveys are not in it: their wholes are told by themselves, and an answer stands in one whole only. A quarter
//! has totals when it is over and every survey of it is closed, so that none of them moves when one team's is.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::analysis::GroupBy;
use spiral_domain::measures::Period;
use spiral_domain::people::Action;
use spiral_domain::surveys::{SurveyInstrument, SurveyResults, SurveyRollUp, SurveyRollUpRow, SurveyStatus};
use spiral_domain::tenancy::{Lines, OrgUnit, Tier};
use spiral_domain::{Date, Error, Interval, Reference, Result, UnitId, Violation, WorkKind};
use spiral_stats::suppression::Rule;

use super::blocks::{Block, Hider, blocks, passes};
use super::instrument_of;
use crate::caller::Caller;
use crate::eyes::Eyes;

/// Without `from`, so many quarters up to the last that is over.
const USUAL: usize = 4;
/// At most so many quarters are looked at.
const MOST_QUARTERS: usize = 40;
/// At most so many rows are answered at once, by units and quarters.
const MOST_ROWS: usize = 500;

/// Which surveys, for which units.
#[derive(Debug, Clone)]
pub struct SurveyRollUpQuery {
    /// The instrument's code.
    pub instrument: String,
    /// Its version; the latest if absent.
    pub version: Option<i64>,
    /// The teams at and beneath this unit; the root if absent.
    pub unit: Option<Reference>,
    /// Which units in it have rows of their own.
    pub group_by: GroupBy,
    /// Quarters that begin on this day or later.
    pub from: Option<Date>,
    /// Quarters that end on this day or earlier; only those that are over.
    pub to: Option<Date>,
}

fn wrong(parameter: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(format!("/query/{parameter}"), code, detail)])
}

impl SurveyRollUpQuery {
    /// The quarters that are asked about, in order.
    fn quarters(&self, today: Date) -> Result<Vec<Period>> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to < from
        {
            let detail = format!("ends on {to}, before it begins on {from}");
            return Err(wrong("to", "before_from", detail));
        }
        let quarter = |day: Date| {
            let (start, end) = Interval::Quarter.around(day);
            Period { start, end }
        };
        let over = quarter(today).start.previous();
        let to = self.to.unwrap_or(over).min(over);
        let mut last = quarter(to);
        if last.end > to {
            last = quarter(last.start.previous());
        }
        let earlier = |of: &Period| Some(quarter(of.start.previous()));
        let quarters = std::iter::successors(Some(last), earlier);
        let mut quarters: Vec<Period> = match self.from {
            Some(from) => quarters
                .take_while(|quarter| from <= quarter.start)
                .take(MOST_QUARTERS + 1)
                .collect(),
            None => quarters.take(USUAL).collect(),
        };
        if quarters.len() > MOST_QUARTERS {
            let detail = format!("more than {MOST_QUARTERS} quarters; narrow `from` and `to`");
            return Err(wrong("from", "too_many_periods", detail));
        }
        quarters.reverse();
        Ok(quarters)
    }
}

/// What the surveys of many teams by one instrument come to: one row for each unit and quarter.
pub async fn survey_roll_up(caller: &Caller, query: &SurveyRollUpQuery) -> Result<SurveyRollUp> {
    caller.require(Action::ReadSurveys)?;
    let store = caller.store();
    let instrument = instrument_of(store, &query.instrument, query.version)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => wrong(
                "instrument",
                "not_found",
                "there is no such instrument, or version",
            ),
            other => other,
        })?;
    let quarters = query.quarters(caller.today())?;
    let top: OrgUnit = match &query.unit {
        Some(unit) => store.named(unit).await?,
        None => store.root().await?.ok_or(Error::NotFound("unit"))?,
    };
    let directory = Directory::of(caller).await?;
    let mut rows = Vec::new();
    for quarter in quarters {
        let told = directory.quarter(caller, &instrument, quarter).await?;
        for unit in directory.places(&top, query.group_by, quarter.end) {
            if rows.len() == MOST_ROWS {
                let detail = format!("more than {MOST_ROWS} rows; ask for fewer units or quarters");
                return Err(wrong("groupBy", "too_many_rows", detail));
            }
            rows.push(told.row(&instrument, unit));
        }
    }
    let place = |row: &SurveyRollUpRow| (row.unit_id != top.id, row.code.clone(), row.period_start);
    rows.sort_by_key(place);
    Ok(SurveyRollUp {
        instrument: instrument.code,
        instrument_version: instrument.version,
        rows,
    })
}

/// The tenant's units, where each stood, and whose surveys the reader sees.
struct Directory {
    units: HashMap<UnitId, OrgUnit>,
    lines: HashMap<UnitId, Lines>,
    seen: BTreeSet<UnitId>,
    rule: Rule,
}

impl Directory {
    async fn of(caller: &Caller) -> Result<Self> {
        let store = caller.store();
        let units: HashMap<UnitId, OrgUnit> = store.find::<OrgUnit>().by_id().await?;
        let teams: Vec<&OrgUnit> = units
            .values()
            .filter(|unit| unit.tier == Tier::Microsystem)
            .collect();
        let settings = store.sharing_of(&teams).await?;
        let eyes = Eyes::of(caller, Action::ReadSurveys).await?;
        let sees = |team: &&&OrgUnit| {
            let setting = settings.get(&(team.id, WorkKind::Surveys));
            setting.is_some_and(|setting| eyes.see(team, setting.level))
        };
        let seen = teams.iter().filter(sees).map(|team| team.id).collect();
        let ids: Vec<UnitId> = units.keys().copied().collect();
        let settings = caller.app().settings();
        Ok(Self {
            lines: store.lines_of(&ids).await?,
            seen,
            units,
            rule: Rule {
                threshold: settings.suppression_threshold.max(2),
                dominance: settings.suppression_dominance,
            },
        })
    }

    /// What stood directly above a unit on a day.
    fn parent(&self, unit: UnitId, day: Date) -> Option<UnitId> {
        let line = self.lines.get(&unit)?.on(day)?;
        Some(line.parent_id)
    }

    /// A unit, and what stood above it on a day, nearest first.
    fn above(&self, unit: UnitId, day: Date) -> impl Iterator<Item = UnitId> {
        std::iter::successors(Some(unit), move |at| self.parent(*at, day))
    }

    /// The units that have a row: the one asked about first.
    fn places(&self, top: &OrgUnit, group_by: GroupBy, day: Date) -> Vec<&OrgUnit> {
        let beneath = self.units.values().filter(|unit| unit.id != top.id);
        let mut places: Vec<&OrgUnit> = match (group_by, group_by.tier()) {
            (GroupBy::Children, _) => beneath
                .filter(|unit| self.parent(unit.id, day) == Some(top.id))
                .collect(),
            (_, Some(tier)) => beneath
                .filter(|unit| unit.tier == tier && self.is_topmost(unit, top, day))
                .collect(),
            _ => Vec::new(),
        };
        places.extend(self.units.get(&top.id));
        places
    }

    /// Whether a unit stands beneath another with none of its own tier between.
    fn is_topmost(&self, unit: &OrgUnit, top: &OrgUnit, day: Date) -> bool {
        let above: Vec<UnitId> = self.above(unit.id, day).skip(1).collect();
        let Some(at) = above.iter().position(|id| *id == top.id) else {
            return false;
        };
        let same = |id: &UnitId| self.units.get(id).is_some_and(|of| of.tier == unit.tier);
        !above[..at].iter().any(same)
    }

    /// What is known of one quarter, and what of it may be told.
    async fn quarter(
        &self,
        caller: &Caller,
        instrument: &SurveyInstrument,
        period: Period,
    ) -> Result<Quarter> {
        let store = caller.store();
        let surveys = store
            .surveys_of_units(&instrument.code, instrument.version, period)
            .await?;
        let settled = surveys.iter().all(|survey| survey.status == SurveyStatus::Closed);
        let ids: Vec<_> = surveys.iter().map(|survey| survey.id).collect();
        let mut results: HashMap<UnitId, Vec<SurveyResults>> = HashMap::new();
        for part in store
            .survey_parts_for_telling(&ids)
            .await?
            .into_values()
            .flatten()
        {
            if let Some(told) = part.results {
                results.entry(part.unit_id).or_default().push(told);
            }
        }
        let mut teams = Vec::new();
        let mut open: Vec<&OrgUnit> = self
            .units
            .values()
            .filter(|unit| unit.tier == Tier::Microsystem)
            .collect();
        open.sort_by_key(|unit| unit.id);
        for unit in open {
            let results = results.remove(&unit.id).unwrap_or_default();
            let there = unit.opened_on.is_none_or(|first| first <= period.end)
                && unit.closed_on.is_none_or(|last| period.start <= last);
            let Some(parent) = self
                .parent(unit.id, period.end)
                .filter(|_| there || !results.is_empty())
            else {
                continue;
            };
            teams.push(Team {
                parent,
                above: self.above(unit.id, period.end).collect(),
                seen: self.seen.contains(&unit.id),
                settled: unit.settled_on <= caller.today(),
                results,
            });
        }
        let parents: HashMap<UnitId, UnitId> = self
            .units
            .keys()
            .filter_map(|unit| Some((*unit, self.parent(*unit, period.end)?)))
            .collect();
        Ok(Quarter::of(self.rule, period, settled, &parents, teams))
    }
}

/// A team in a quarter.
struct Team {
    parent: UnitId,
    /// Itself and what stood above it.
    above: Vec<UnitId>,
    seen: bool,
    settled: bool,
    results: Vec<SurveyResults>,
}

impl Team {
    fn hider(&self, answers: i64) -> Hider {
        Hider {
            parent: self.parent,
            settled: self.settled,
            answers,
        }
    }

    /// How many have answered; to one item or score, how many have rated it, as far as that is told.
    fn answers(&self, of: impl Fn(&SurveyResults) -> Option<i64>) -> i64 {
        self.results.iter().filter_map(of).sum()
    }
}

/// What is known of one quarter.
struct Quarter {
    rule: Rule,
    period: Period,
    /// Whether every survey of it is closed.
    settled: bool,
    teams: Vec<Team>,
    /// Hidden teams, by their places, that are told together.
    blocks: Vec<Block>,
}

impl Quarter {
    fn of(
        rule: Rule,
        period: Period,
        settled: bool,
        parents: &HashMap<UnitId, UnitId>,
        teams: Vec<Team>,
    ) -> Self {
        let hidden: Vec<usize> = (0..teams.len()).filter(|at| !teams[*at].seen).collect();
        let hiders: Vec<Hider> = hidden
            .iter()
            .map(|at| teams[*at].hider(teams[*at].answers(|of| Some(of.responses))))
            .collect();
        let blocks = blocks(rule, parents, &hiders)
            .into_iter()
            .map(|block| block.into_iter().map(|at| hidden[at]).collect())
            .collect();
        Self {
            rule,
            period,
            settled,
            teams,
            blocks,
        }
    }

    fn row(&self, instrument: &SurveyInstrument, unit: &OrgUnit) -> SurveyRollUpRow {
        let beneath: Vec<usize> = (0..self.teams.len())
            .filter(|at| self.teams[*at].above.contains(&unit.id))
            .collect();
        let (seen, hidden): (Vec<usize>, Vec<usize>) = beneath.iter().partition(|at| self.teams[**at].seen);
        let of = |teams: &[usize]| -> Vec<&SurveyResults> {
            teams.iter().flat_map(|at| &self.teams[*at].results).collect()
        };
        let (shown, all) = (of(&seen), of(&beneath));
        // Blocks that lie wholly beneath, and whether every hidden team is in one of them.
        let within = |block: &&Block| block.iter().all(|at| hidden.contains(at));
        let within: Vec<&Block> = self.blocks.iter().filter(within).collect();
        let told = within.iter().map(|block| block.len()).sum::<usize>() == hidden.len();
        let told = hidden.is_empty() || told && self.settled;
        let mut total = SurveyResults::added(instrument, &all).filter(|_| told);
        if let Some(total) = &mut total {
            total.keep_back_if(
                |place| !self.pass(&within, |of| of.items.get(place)?.rated),
                |place| !self.pass(&within, |of| of.scores.get(place)?.scored),
            );
        }
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        SurveyRollUpRow {
            unit_id: unit.id,
            code: unit.code.clone(),
            name: unit.name.clone(),
            period_start: self.period.start,
            period_end: self.period.end,
            teams: count(beneath.len()),
            teams_shown: count(seen.len()),
            surveys_shown: count(shown.len()),
            shown: SurveyResults::added(instrument, &shown),
            surveys_total: told.then(|| count(all.len())),
            total,
            suppressed: !told,
        }
    }

    /// Whether each of these blocks may be told of one item or score: no team has most of it.
    fn pass(&self, blocks: &[&Block], of: impl Fn(&SurveyResults) -> Option<i64>) -> bool {
        blocks.iter().all(|block| {
            let teams = block.iter().map(|at| &self.teams[*at]);
            passes(self.rule, teams.map(|team| team.hider(team.answers(&of))))
        })
    }
}

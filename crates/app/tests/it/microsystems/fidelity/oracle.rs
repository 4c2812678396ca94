//! The slow recount: from each team's own answer, the lines of the tree and what each unit shares.

use std::collections::{BTreeMap, HashMap};

use spiral_app::{Caller, microsystems};
use spiral_domain::microsystems::{Cycle, FidelityFeature, FidelitySummaryRow};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{Lines, OrgUnit, Tier};
use spiral_domain::{CycleId, Date, Sharing, UnitId, WorkKind};

use crate::algebra::Echelon;
use crate::world::World;

/// A reader: who, and the units that their grants stand on with the level each reads from.
pub struct Reader {
    pub caller: Caller,
    pub grants: Vec<(String, Sharing)>,
}

pub async fn readers(world: &World) -> Vec<Reader> {
    let mut readers = Vec::new();
    for held in [
        vec![(Role::NationalLead, "nhs")],
        vec![(Role::ShaAnalyst, "north")],
        vec![(Role::OrganisationLead, "hull")],
        vec![(Role::ShaLead, "south"), (Role::Coach, "hull-2")],
        vec![(Role::NationalAnalyst, "nhs"), (Role::OrganisationLead, "dorset")],
        vec![(Role::PatientPartner, "york-1")],
    ] {
        let caller = world.person(held[0].0, held[0].1).await;
        for (role, unit) in &held[1..] {
            world.grant(caller.principal().id, *role, unit).await;
        }
        let mut grants = Vec::new();
        for (_, unit) in &held {
            grants.push(((*unit).to_owned(), world.unit(unit).await.tier.sharing()));
        }
        readers.push(Reader { caller, grants });
    }
    readers
}

/// How much was looked at.
#[derive(Debug, Default)]
pub struct Checked {
    pub told: usize,
    pub kept: usize,
    pub cycles: i64,
}

/// Everything as the records say it.
pub struct Book {
    units: HashMap<UnitId, OrgUnit>,
    lines: HashMap<UnitId, Lines>,
    levels: HashMap<(UnitId, WorkKind), Sharing>,
    /// What teams carried out, by month: cycles, and those with each feature.
    months: HashMap<(UnitId, Date), [i64; 6]>,
}

impl Book {
    pub async fn of(world: &World) -> Self {
        let store = world.system.store();
        let units: Vec<OrgUnit> = store.find().all("r.id").await.unwrap();
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
        let cycles: HashMap<CycleId, Cycle> = store.find::<Cycle>().by_id().await.unwrap();
        let mut months: HashMap<(UnitId, Date), [i64; 6]> = HashMap::new();
        for unit in units.iter().filter(|unit| unit.tier == Tier::Microsystem) {
            let own = microsystems::fidelity(&world.system, &unit.id.into())
                .await
                .unwrap();
            for cycle in own.by_ramp.iter().flat_map(|ramp| &ramp.by_cycle) {
                let Some(done) = &cycles[&cycle.cycle_id].carried_out else {
                    continue;
                };
                let month = months.entry((unit.id, done.ended_on.month_start())).or_default();
                month[0] += 1;
                for (n, feature) in FidelityFeature::ALL.iter().enumerate() {
                    let answer = cycle.features.iter().find(|of| of.feature == *feature).unwrap();
                    month[n + 1] += i64::from(answer.met);
                }
            }
        }
        Self {
            lines: store.lines_of(&ids).await.unwrap(),
            levels: settings
                .into_iter()
                .map(|(of, setting)| (of, setting.level))
                .collect(),
            units: units.into_iter().map(|unit| (unit.id, unit)).collect(),
            months,
        }
    }

    /// The codes of a unit and of what stood above it on a day; today's if none is named.
    fn above(&self, unit: &OrgUnit, day: Option<Date>) -> Vec<&str> {
        let mut codes = vec![self.units[&unit.id].code.as_str()];
        let mut at = unit.id;
        loop {
            let parent = match day {
                None => self.units[&at].parent_id,
                Some(day) => self
                    .lines
                    .get(&at)
                    .and_then(|lines| lines.on(day))
                    .map(|line| line.parent_id),
            };
            let Some(parent) = parent else { return codes };
            codes.push(self.units[&parent].code.as_str());
            at = parent;
        }
    }

    fn sees(&self, reader: &Reader, team: &OrgUnit) -> bool {
        let above = self.above(team, None);
        [WorkKind::Aims, WorkKind::Observations].iter().all(|kind| {
            let level = self.levels[&(team.id, *kind)];
            let by_grant =
                |(unit, least): &(String, Sharing)| *least <= level && above.contains(&unit.as_str());
            level == Sharing::Everyone || reader.grants.iter().any(by_grant)
        })
    }

    /// The teams that count at a unit in a month, and what they carried out.
    fn at(&self, node: &str, month: Date) -> Vec<(&OrgUnit, [i64; 6])> {
        let end = month.month_end();
        let teams = self.units.values().filter(|unit| unit.tier == Tier::Microsystem);
        teams
            .filter(|team| self.above(team, Some(end)).contains(&node))
            .filter_map(|team| {
                let done = self.months.get(&(team.id, month)).copied();
                let open = team.opened_on.is_none_or(|first| first <= end)
                    && team.closed_on.is_none_or(|last| month <= last);
                (open || done.is_some()).then(|| (team, done.unwrap_or_default()))
            })
            .collect()
    }

    /// Checks all that one reader was told: each figure by itself, and then all of them together.
    pub fn check(&self, reader: &Reader, rows: &[FidelitySummaryRow], checked: &mut Checked) {
        for row in rows {
            self.check_row(reader, row, checked);
        }
        self.leaves_no_small_rest(reader, rows);
        self.cannot_be_worked_out(reader, rows);
    }

    fn check_row(&self, reader: &Reader, row: &FidelitySummaryRow, checked: &mut Checked) {
        let what = format!("{} {}", row.code, row.period_start);
        let (mut shown, mut all) = ([0; 6], [0; 6]);
        let mut teams: HashMap<UnitId, bool> = HashMap::new();
        for (team, done) in months(row)
            .into_iter()
            .flat_map(|month| self.at(&row.code, month))
        {
            let seen = self.sees(reader, team);
            teams.insert(team.id, seen);
            for (n, of) in done.iter().enumerate() {
                all[n] += of;
                shown[n] += if seen { *of } else { 0 };
            }
        }
        let hidden = self.hidden(reader, row);
        let number = |count: usize| i64::try_from(count).unwrap();
        assert_eq!(row.teams, number(teams.len()), "{what}");
        assert_eq!(row.teams_shown, number(teams.len() - hidden.len()), "{what}");
        assert_eq!(row.cycles_shown, shown[0], "{what}");
        assert_eq!(row.suppressed, row.cycles_total.is_none(), "{what}");
        for (n, feature) in row.features.iter().enumerate() {
            assert_eq!(
                (feature.feature, feature.shown),
                (FidelityFeature::ALL[n], shown[n + 1]),
                "{what}"
            );
            let total = row.cycles_total.map(|_| all[n + 1]);
            assert_eq!(feature.total, total, "{what} {feature:?}");
        }
        checked.cycles += shown[0];
        match row.cycles_total {
            None => {
                assert!(
                    !hidden.is_empty(),
                    "{what}: nothing is hidden, and yet it is left out"
                );
                checked.kept += 1;
            }
            Some(total) => {
                assert_eq!(total, all[0], "{what}");
                if !hidden.is_empty() {
                    assert!(may_be_told(&hidden), "{what} tells of {hidden:?}");
                    checked.told += 1;
                }
            }
        }
    }

    /// What is told of a unit in a month, less what is told of the units directly beneath it, is nothing, or of so many
    /// that it might be told itself.
    fn leaves_no_small_rest(&self, reader: &Reader, rows: &[FidelitySummaryRow]) {
        let told: Vec<&FidelitySummaryRow> = rows
            .iter()
            .filter(|row| row.cycles_total.is_some() && row.period_end == row.period_start.month_end())
            .collect();
        for whole in &told {
            let beneath = |row: &&&FidelitySummaryRow| {
                let unit = &self.units[&row.unit_id];
                let line = self
                    .lines
                    .get(&unit.id)
                    .and_then(|lines| lines.on(whole.period_end));
                row.period_start == whole.period_start
                    && line.is_some_and(|line| line.parent_id == whole.unit_id)
            };
            let parts: Vec<&str> = told.iter().filter(beneath).map(|row| row.code.as_str()).collect();
            let rest: Vec<i64> = self
                .at(&whole.code, whole.period_start)
                .into_iter()
                .filter(|(team, _)| !self.sees(reader, team))
                .filter(|(team, _)| {
                    let above = self.above(team, Some(whole.period_end));
                    !parts.iter().any(|part| above.contains(part))
                })
                .map(|(_, done)| done[0])
                .collect();
            let what = format!("{} {}", whole.code, whole.period_start);
            assert!(
                rest.is_empty() || may_be_told(&rest),
                "{what} less {parts:?} leaves {rest:?}"
            );
        }
    }

    /// What each hidden team did at a unit in a period.
    fn hidden(&self, reader: &Reader, row: &FidelitySummaryRow) -> Vec<i64> {
        let mut teams: HashMap<UnitId, i64> = HashMap::new();
        for (team, done) in months(row)
            .into_iter()
            .flat_map(|month| self.at(&row.code, month))
        {
            if !self.sees(reader, team) {
                *teams.entry(team.id).or_default() += done[0];
            }
        }
        teams.into_values().collect()
    }

    /// Whoever adds and subtracts all that was told finds nothing that may not be told: none of it is a combination of
    /// what was told.
    fn cannot_be_worked_out(&self, reader: &Reader, rows: &[FidelitySummaryRow]) {
        // The unknowns: what hidden teams did in each month, by the unit directly above them.
        let mut unknowns: BTreeMap<(UnitId, Date), usize> = BTreeMap::new();
        let mut sums: BTreeMap<(String, Date, Date), Vec<usize>> = BTreeMap::new();
        for row in rows {
            let sum = sums
                .entry((row.code.clone(), row.period_start, row.period_end))
                .or_default();
            if !sum.is_empty() {
                continue;
            }
            for month in months(row) {
                for (team, _) in self.at(&row.code, month) {
                    if self.sees(reader, team) {
                        continue;
                    }
                    let next = unknowns.len();
                    sum.push(*unknowns.entry((team.id, month)).or_insert(next));
                }
            }
        }
        let width = unknowns.len();
        let line = |of: &[usize]| {
            let mut line = vec![0_u64; width];
            for &at in of {
                line[at] = 1;
            }
            line
        };
        let key = |row: &FidelitySummaryRow| (row.code.clone(), row.period_start, row.period_end);
        let mut known = Echelon::default();
        for row in rows.iter().filter(|row| row.cycles_total.is_some()) {
            known.add(line(&sums[&key(row)]));
        }
        for row in rows.iter().filter(|row| row.cycles_total.is_none()) {
            // What was left out only to protect another may follow, if it might have been told.
            if may_be_told(&self.hidden(reader, row)) {
                continue;
            }
            let follows = known.spans(line(&sums[&key(row)]));
            assert!(
                !follows,
                "{} {} to {} can be worked out",
                row.code, row.period_start, row.period_end
            );
        }
    }
}

fn months(row: &FidelitySummaryRow) -> Vec<Date> {
    let starts = std::iter::successors(Some(row.period_start), |start| Some(start.month_end().next()));
    starts.take_while(|start| *start <= row.period_end).collect()
}

/// Five teams or more, none of which did nearly all.
fn may_be_told(hidden: &[i64]) -> bool {
    let (sum, most) = (
        hidden.iter().sum::<i64>(),
        hidden.iter().max().copied().unwrap_or(0),
    );
    hidden.len() >= 5 && 100 * most <= 85 * sum
}

//! How many teams stand where with each of the 5Ps, kept by whoever changes what is counted.
//!
//! A team contributes to the unit directly above it, on the level to which it shares its assessments, one count for each
//! P: that of the state in its latest assessment, or that it has none. Figures are asked for as they are today, so that
//! the tree above is summed when it is read, and a cell has a day from which it counts: a team that is to open, or has
//! closed, is put in on one day and taken out on another. On a change its contribution is taken out as it was and put in
//! as it is.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::microsystems::{FivePs, FivePsState};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, Error, Result, Sharing, Timestamp, UnitId, WorkKind};

use crate::sql::Rows;
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, Type};

/// How many Ps there are.
const PARTS: usize = 5;

/// Unit above, level, day, P, state.
type Key = (UnitId, i16, Date, i16, i16);

/// How many teams beneath one unit stand somewhere with one P.
#[derive(Debug, Clone)]
pub struct FivePsCell {
    /// The unit directly above the teams.
    pub parent: UnitId,
    /// How far they share their assessments.
    pub level: Sharing,
    /// Which P, by its place.
    pub part: usize,
    /// Where they stand, by its place.
    pub state: usize,
    /// How many they are.
    pub teams: i64,
}

/// What some teams contribute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contributions(Vec<Contribution>);

#[derive(Debug, Clone)]
struct Contribution {
    parent: UnitId,
    level: Sharing,
    opens: Date,
    closes: Option<Date>,
    states: [FivePsState; PARTS],
}

impl Contribution {
    /// What a unit contributes; nothing unless it is a team.
    fn of(unit: &OrgUnit, level: Sharing, latest: Option<&FivePs>) -> Option<Self> {
        let parent = unit.parent_id.filter(|_| unit.tier == Tier::Microsystem)?;
        // Nobody asks for a day before the team was added: what was open by then always was.
        let known = date_of(unit.created_at);
        let opens = unit.opened_on.filter(|opened| *opened > known);
        let states = match latest {
            None => [FivePsState::NotAssessed; PARTS],
            Some(latest) => latest.states().map(|state| FivePsState::of(Some(state))),
        };
        Some(Self {
            parent,
            level,
            opens: opens.unwrap_or(Date::MIN),
            closes: unit.closed_on.map(Date::next),
            states,
        })
    }

    fn place(&self, counts: &mut BTreeMap<Key, i64>, times: i64) {
        let days = [(Some(self.opens), times), (self.closes, -times)];
        for (day, teams) in days {
            let Some(day) = day else { continue };
            for (part, state) in (0_i16..).zip(self.states) {
                let key = (self.parent, self.level.level(), day, part, state as i16);
                *counts.entry(key).or_default() += teams;
            }
        }
    }
}

fn date_of(at: Timestamp) -> Date {
    at.date()
}

impl Contributions {
    /// The same on another level.
    pub(crate) fn at_level(&self, level: Sharing) -> Self {
        let mut moved = self.clone();
        for contribution in &mut moved.0 {
            contribution.level = level;
        }
        moved
    }

    fn place(&self, counts: &mut BTreeMap<Key, i64>, times: i64) {
        for contribution in &self.0 {
            contribution.place(counts, times);
        }
    }
}

impl Store {
    /// The latest assessment of each unit, whoever may see it.
    async fn all_latest_five_ps(&self, units: &[UnitId]) -> Result<HashMap<UnitId, FivePs>> {
        let assessments = self
            .find_all::<FivePs>()
            .among("r.unit_id", units)
            .filter("not r.withdrawn", [])
            .all("r.assessed_on, r.id")
            .await?;
        Ok(assessments
            .into_iter()
            .map(|assessment| (assessment.unit_id, assessment))
            .collect())
    }

    /// What these units contribute, as their records and settings are now.
    pub(crate) async fn five_ps_contributions(&self, units: &[OrgUnit]) -> Result<Contributions> {
        let teams: Vec<&OrgUnit> = units
            .iter()
            .filter(|unit| unit.tier == Tier::Microsystem)
            .collect();
        if teams.is_empty() {
            return Ok(Contributions::default());
        }
        let ids: Vec<UnitId> = teams.iter().map(|unit| unit.id).collect();
        let settings = self.sharing_of(&teams).await?;
        let latest = self.all_latest_five_ps(&ids).await?;
        let contribution = |unit: &&OrgUnit| {
            let level = settings.get(&(unit.id, WorkKind::FivePs))?.level;
            Contribution::of(unit, level, latest.get(&unit.id))
        };
        Ok(Contributions(teams.iter().filter_map(contribution).collect()))
    }

    /// Where all teams of the tenant that are open on a day stand, by the unit above them: as many rows as there are
    /// such groups, whatever the reader may see of each.
    pub async fn five_ps_cells(&self, on: Date) -> Result<Vec<FivePsCell>> {
        let sql = self.sql(
            "select parent_id, level, part, state, cast(sum(teams) as bigint) from five_ps_cells \
             where tenant_id = ? and day <= ? group by parent_id, level, part, state",
            [self.scope.tenant.value(), on.value()],
        );
        let place = |number: i16| usize::try_from(number).map_err(Error::internal);
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(FivePsCell {
                    parent: row.get(0)?,
                    level: row.get(1)?,
                    part: place(row.get(2)?)?,
                    state: place(row.get(3)?)?,
                    teams: row.get(4)?,
                })
            })
            .collect()
    }

    /// Where each of these teams stands, by its latest assessment, whoever may see it; for readers who see a team by a
    /// grant on itself.
    pub async fn five_ps_states(&self, teams: &[UnitId]) -> Result<HashMap<UnitId, [FivePsState; 5]>> {
        let latest = self.all_latest_five_ps(teams).await?;
        Ok(latest
            .into_iter()
            .map(|(unit, latest)| (unit, latest.states().map(|state| FivePsState::of(Some(state)))))
            .collect())
    }

    async fn recount_five_ps(&self) -> Result<BTreeMap<Key, i64>> {
        let units = self
            .find_all::<OrgUnit>()
            .filter("r.tier = ?", [Tier::Microsystem.value()])
            .all("r.id")
            .await?;
        let mut counts = BTreeMap::new();
        self.five_ps_contributions(&units).await?.place(&mut counts, 1);
        counts.retain(|_, teams| *teams != 0);
        Ok(counts)
    }

    /// Compares the counts of the 5Ps with what the records say; lists every difference.
    pub async fn verify_five_ps_cells(&self) -> Result<Vec<String>> {
        let mut expected = self.recount_five_ps().await?;
        let rows = self
            .fetch(self.sql(
                "select parent_id, level, day, part, state, teams from five_ps_cells where tenant_id = ?",
                [self.scope.tenant.value()],
            ))
            .await?;
        let mut findings = Vec::new();
        for row in rows {
            let key: Key = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let teams: i64 = row.get(5)?;
            let wanted = expected.remove(&key).unwrap_or_default();
            if teams != wanted {
                findings.push(format!(
                    "beneath unit {} {teams} teams are counted in state {} of P {} (level {}, from {}), not {wanted}",
                    key.0, key.4, key.3, key.1, key.2
                ));
            }
        }
        findings.extend(expected.iter().map(|(key, wanted)| {
            format!(
                "beneath unit {} the count of state {} of P {} (level {}, from {}) is missing: {wanted}",
                key.0, key.4, key.3, key.1, key.2
            )
        }));
        findings.sort();
        Ok(findings)
    }
}

impl Tx {
    /// Writes the counts of the 5Ps anew from the records.
    pub async fn rebuild_five_ps_cells(&mut self) -> Result<()> {
        let counts = self.recount_five_ps().await?;
        let text = "delete from five_ps_cells where tenant_id = ?";
        self.run(text, [self.scope.tenant.value()]).await?;
        self.add_five_ps_cells(&counts).await
    }

    /// Takes out what was contributed, and puts in what is.
    pub(crate) async fn move_five_ps(&mut self, before: Contributions, after: Contributions) -> Result<()> {
        let mut counts = BTreeMap::new();
        before.place(&mut counts, -1);
        after.place(&mut counts, 1);
        counts.retain(|_, teams| *teams != 0);
        self.add_five_ps_cells(&counts).await
    }

    /// Lets the counts follow units that are new (`None` before), moved or changed; to be called after they are written.
    pub(crate) async fn recount_teams(&mut self, changes: &[(Option<&OrgUnit>, &OrgUnit)]) -> Result<()> {
        let counts = |unit: &OrgUnit| (unit.parent_id, unit.opened_on, unit.closed_on);
        let moved: Vec<&(Option<&OrgUnit>, &OrgUnit)> = changes
            .iter()
            .filter(|(before, after)| before.is_none_or(|before| counts(before) != counts(after)))
            .collect();
        let was: Vec<OrgUnit> = moved.iter().filter_map(|(before, _)| before.cloned()).collect();
        let is: Vec<OrgUnit> = moved.iter().map(|(_, after)| (*after).clone()).collect();
        let before = self.five_ps_contributions(&was).await?;
        let after = self.five_ps_contributions(&is).await?;
        self.move_five_ps(before, after).await
    }

    async fn add_five_ps_cells(&mut self, counts: &BTreeMap<Key, i64>) -> Result<()> {
        if counts.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("parent_id", Type::Uuid),
            ("level", Type::Small),
            ("day", Type::Date),
            ("part", Type::Small),
            ("state", Type::Small),
            ("teams", Type::Int),
        ]);
        for ((parent, level, day, part, state), teams) in counts {
            rows.push(vec![
                self.scope.tenant.value(),
                parent.value(),
                level.value(),
                day.value(),
                part.value(),
                state.value(),
                teams.value(),
            ]);
        }
        let columns = "tenant_id, parent_id, level, day, part, state, teams";
        self.run_rows(
            &format!("insert into five_ps_cells ({columns}) select {columns} from "),
            rows,
            "new",
            " where true on conflict (tenant_id, parent_id, level, day, part, state) \
             do update set teams = five_ps_cells.teams + excluded.teams",
        )
        .await?;
        Ok(())
    }
}

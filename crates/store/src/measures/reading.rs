//! Reading observations as a caller: whose the caller sees, and what of them is asked for.

use std::collections::{BTreeSet, HashMap, HashSet};

use spiral_domain::measures::{Observation, ObservationRevision, Period, Stratum};
use spiral_domain::people::{Action, May};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, MeasureId, ObservationId, Result, Sharing, Timestamp, UnitId, WorkKind};

use super::sheets::{AsOf, State, UnitShare, Wanted};
use crate::scope::Scope;
use crate::store::Store;
use crate::value::Column as _;

/// Which observations a list shows.
#[derive(Debug, Clone, Default)]
pub struct ObservationFilter {
    /// Of this measure.
    pub measure: Option<MeasureId>,
    /// Of this unit.
    pub unit: Option<UnitId>,
    /// Of units at or beneath this path.
    pub within: Option<String>,
    /// Of periods that begin on this day or later.
    pub from: Option<Date>,
    /// Of periods that end on this day or earlier.
    pub to: Option<Date>,
    /// Of this stratum.
    pub stratum: Option<Stratum>,
    /// Pushed by this source.
    pub source: Option<String>,
    /// As they were known at this instant.
    pub known_at: Option<Timestamp>,
    /// Those that were taken back, too.
    pub retracted: bool,
}

impl ObservationFilter {
    /// Whether a state is of the stratum and the source that are asked for, and not taken back.
    pub(super) fn passes(&self, state: &State) -> bool {
        (self.retracted || !state.line.retracted)
            && self
                .stratum
                .as_ref()
                .is_none_or(|asked| *asked == state.line.stratum)
            && self
                .source
                .as_deref()
                .is_none_or(|asked| state.source() == Some(asked))
    }
}

/// What the caller sees of a unit's observations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    share: UnitShare,
    /// All of them.
    whole: bool,
    /// Those of the caller's own sources.
    own: bool,
}

impl Reach {
    pub(super) fn share(&self) -> UnitShare {
        self.share
    }

    pub(super) fn block(&self) -> i64 {
        self.share.block
    }
}

/// The last observations of a unit.
#[derive(Debug, Clone)]
pub struct LatestObservations {
    /// How far the unit shares them.
    pub level: Sharing,
    /// Whether the caller sees all of them.
    pub whole: bool,
    /// Those that the caller sees, latest first.
    pub observations: Vec<Observation>,
}

/// Of which units it is asked what the caller sees.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'u> {
    /// Of these.
    Units(&'u [UnitId]),
    /// Of all at or beneath a path of which the caller sees something; of the tenant if there is no path.
    Seen(Option<&'u str>),
}

/// Observations that are read together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Of these measures; of all if none.
    pub(crate) measures: Option<&'a [MeasureId]>,
    /// Of these units; of all that the caller sees if none.
    pub(crate) units: Option<&'a [UnitId]>,
    /// Of periods in this time.
    pub(crate) within: Option<Period>,
    /// Of this stratum; of all if none.
    pub(crate) stratum: Option<&'a Stratum>,
    /// As they were known at this instant.
    pub(crate) known_at: Option<Timestamp>,
    /// Only of units of which the caller sees everything.
    pub(crate) whole_units: bool,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            measures: None,
            units: None,
            within: None,
            stratum: None,
            known_at: None,
            whole_units: true,
        }
    }
}

impl Asked<'_> {
    fn wanted<'w>(&'w self, blocks: &'w BTreeSet<i64>, as_of: AsOf) -> Wanted<'w> {
        Wanted {
            measures: self.measures,
            blocks: Some(blocks),
            from: self.within.map(|time| time.start),
            to: self.within.map(|time| time.end),
            as_of,
        }
    }

    fn passes(&self, state: &State) -> bool {
        !state.line.retracted && self.stratum.is_none_or(|asked| *asked == state.line.stratum)
    }
}

/// The level at which `u` shares its observations: what it has set (`s`) or else the tenant (`t`), and at least itself.
fn level() -> String {
    let set = format!(
        "coalesce(s.level, t.level, {})",
        WorkKind::Observations.default_sharing().level()
    );
    format!("(case when {set} < u.tier then u.tier else {set} end)")
}

fn blocks_of<'r>(reaches: impl IntoIterator<Item = &'r Reach>) -> BTreeSet<i64> {
    reaches.into_iter().map(|reach| reach.share.block).collect()
}

impl Scope {
    /// Without roles that read only single rows of a unit.
    pub(crate) fn of_whole_units(&self) -> Self {
        let mut scope = self.clone();
        let own =
            |held: &crate::scope::HeldGrant| held.grant.role.may(Action::ReadObservations) == May::OwnSources;
        scope.grants.retain(|held| !own(held));
        scope
    }

    /// Only with roles that read single rows of a unit: those of the caller's own sources.
    fn of_own_rows(&self) -> Self {
        let mut scope = self.clone();
        let own =
            |held: &crate::scope::HeldGrant| held.grant.role.may(Action::ReadObservations) == May::OwnSources;
        scope.grants.retain(own);
        scope
    }

    /// Whether some role reaches every unit of the tenant, so that it is of no use to ask first which are seen.
    pub(super) fn reaches_all(&self) -> bool {
        self.system
            || self.by(Action::ReadObservations).any(|(held, may)| {
                may == May::Tenant || held.tier == Tier::National && held.grant.network_id.is_none()
            })
    }
}

impl Store {
    /// What the caller sees of the observations of units.
    pub(super) async fn reach(&self, of: Of<'_>) -> Result<HashMap<UnitId, Reach>> {
        let level = level();
        let mut sql = self.sql(
            &format!(
                "select id, path, level, times, whole, own from (select u.id, u.path, cast({level} as smallint) as level, \
                 cast(coalesce(s.times, 0) as bigint) as times, cast(case when "
            ),
            [],
        );
        self.scope
            .of_whole_units()
            .push_shared(&mut sql, Action::ReadObservations, "u", "u", Some(&level));
        sql.push(" then 1 else 0 end as bigint) as whole, cast(case when ");
        self.scope
            .of_own_rows()
            .push_units(&mut sql, Action::ReadObservations, "u");
        sql.push(
            " then 1 else 0 end as bigint) as own from org_units u \
             left join unit_sharing s on s.tenant_id = u.tenant_id and s.unit_id = u.id and s.kind = ",
        )
        .bind(WorkKind::Observations)
        .push(" left join tenant_sharing t on t.tenant_id = u.tenant_id and t.kind = ")
        .bind(WorkKind::Observations)
        .push(" where u.tenant_id = ")
        .bind(self.scope.tenant);
        match of {
            Of::Units(units) => {
                sql.push(" and ").push_in("u.id", units).push(") x");
            }
            Of::Seen(path) => {
                if let Some(path) = path {
                    sql.push(" and ").push_beneath("u.path", path);
                }
                sql.push(") x where whole = 1 or own = 1");
            }
        }
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                let path: String = row.get(1)?;
                let level: Sharing = row.get(2)?;
                let reach = Reach {
                    share: UnitShare::new(&path, level, row.get(3)?),
                    whole: row.get::<i64>(4)? == 1,
                    own: row.get::<i64>(5)? == 1,
                };
                Ok((row.get(0)?, reach))
            })
            .collect()
    }

    /// Whether the caller sees a state of a unit of which it has this reach.
    pub(super) fn sees(&self, reach: Reach, state: &State) -> bool {
        reach.whole
            || reach.own
                && state
                    .source()
                    .is_some_and(|source| self.scope.sources.iter().any(|own| own == source))
    }

    /// The states that are asked for and that the caller sees, each with how far its unit shares it.
    async fn seen(&self, asked: &Asked<'_>) -> Result<Vec<(State, UnitShare)>> {
        let of = asked.units.map_or(Of::Seen(None), Of::Units);
        let mut reaches = self.reach(of).await?;
        reaches.retain(|_, reach| reach.whole || reach.own && !asked.whole_units);
        let blocks = blocks_of(reaches.values());
        let sheets = self.sheets(&asked.wanted(&blocks, asked.known_at.into())).await?;
        let states = sheets.states(
            |unit| reaches.contains_key(&unit),
            |state| {
                asked.passes(state)
                    && reaches
                        .get(&state.line.unit)
                        .is_some_and(|reach| self.sees(*reach, state))
            },
        )?;
        Ok(states
            .into_iter()
            .filter_map(|state| {
                let share = reaches.get(&state.line.unit)?.share;
                Some((state, share))
            })
            .collect())
    }

    /// The observations that are asked for and that the caller sees, in the order of their ids.
    pub(crate) async fn seen_observations(&self, asked: &Asked<'_>) -> Result<Vec<Observation>> {
        let states = self.seen(asked).await?;
        let mut seen: Vec<Observation> = states
            .into_iter()
            .map(|(state, share)| state.observation(share))
            .collect();
        seen.sort_unstable_by_key(|observation| observation.id);
        Ok(seen)
    }

    /// The periods of the observations that are asked for and that the caller sees, each once, in order.
    pub(crate) async fn seen_periods(&self, asked: &Asked<'_>) -> Result<Vec<Period>> {
        let periods: BTreeSet<Period> = self
            .seen(asked)
            .await?
            .iter()
            .map(|(state, _)| state.key.period)
            .collect();
        Ok(periods.into_iter().collect())
    }

    /// Earlier states of the observations that are asked for and that the caller sees.
    pub(crate) async fn replaced_observations(&self, asked: &Asked<'_>) -> Result<Vec<Observation>> {
        let of = asked.units.map_or(Of::Seen(None), Of::Units);
        let mut reaches = self.reach(of).await?;
        reaches.retain(|_, reach| reach.whole);
        let blocks = blocks_of(reaches.values());
        let sheets = self.sheets(&asked.wanted(&blocks, AsOf::Ever)).await?;
        let states = sheets.replaced(|unit| reaches.contains_key(&unit))?;
        Ok(states
            .into_iter()
            .filter(|state| asked.passes(state))
            .filter_map(|state| {
                let share = reaches.get(&state.line.unit)?.share;
                Some(state.observation(share))
            })
            .collect())
    }

    /// From when to when these units have reported these measures.
    pub async fn reported_span(&self, measures: &[MeasureId], units: &[UnitId]) -> Result<Option<Period>> {
        let everything = self.as_system();
        let asked = Asked {
            measures: Some(measures),
            units: Some(units),
            ..Asked::default()
        };
        let periods = everything.seen_periods(&asked).await?;
        let start = periods.iter().map(|period| period.start).min();
        let end = periods.iter().map(|period| period.end).max();
        Ok(start.zip(end).map(|(start, end)| Period { start, end }))
    }

    /// How many observations of each unit the caller sees; of periods that begin after a day, if one is given.
    pub async fn observation_counts(
        &self,
        units: &[UnitId],
        after: Option<Date>,
    ) -> Result<HashMap<UnitId, i64>> {
        let asked = Asked {
            units: Some(units),
            whole_units: false,
            ..Asked::default()
        };
        let mut counts: HashMap<UnitId, i64> = HashMap::new();
        for (state, _) in self.seen(&asked).await? {
            if after.is_none_or(|day| state.key.period.start > day) {
                *counts.entry(state.line.unit).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// The observations of a unit by these measures that the caller sees.
    pub async fn observations_of(&self, measures: &[MeasureId], unit: UnitId) -> Result<Vec<Observation>> {
        self.seen_observations(&Asked {
            measures: Some(measures),
            units: Some(&[unit]),
            whole_units: false,
            ..Asked::default()
        })
        .await
    }

    /// One observation, if the caller sees it.
    pub async fn observation(&self, id: ObservationId) -> Result<Option<Observation>> {
        let Some(state) = self.states_of(&[id]).await?.pop() else {
            return Ok(None);
        };
        let unit = state.line.unit;
        let reach = self.reach(Of::Units(&[unit])).await?.get(&unit).copied();
        Ok(reach
            .filter(|reach| self.sees(*reach, &state))
            .map(|reach| state.observation(reach.share)))
    }

    /// The observation that a source calls so, if the caller sees it.
    pub async fn observation_named(&self, source: &str, external_id: &str) -> Result<Option<Observation>> {
        let name = BTreeSet::from([(source.to_owned(), external_id.to_owned())]);
        match self.ids_named(&name).await?.first() {
            Some(id) => self.observation(*id).await,
            None => Ok(None),
        }
    }

    /// Every state of an observation that the caller may see, oldest first, the current one last.
    pub async fn observation_revisions(&self, current: &Observation) -> Result<Vec<ObservationRevision>> {
        let stays = self.stays(&[current.id]).await?;
        let keys = stays.values().flatten().map(|(_, key)| *key).collect();
        let states = self.sheets_of(&keys, AsOf::Ever).await?.history(current.id)?;
        let units: BTreeSet<UnitId> = states.iter().map(|state| state.line.unit).collect();
        let units: Vec<UnitId> = units.into_iter().collect();
        let reaches = self.reach(Of::Units(&units)).await?;
        let mut revisions = Vec::with_capacity(states.len());
        let mut next = current.clone();
        // From the current one back: whatever replaced a state is one version later.
        for state in states.into_iter().rev() {
            if state.recorded_at >= current.recorded_at {
                continue;
            }
            let reach = reaches.get(&state.line.unit).copied();
            let seen = reach.filter(|reach| self.sees(*reach, &state));
            let level = reach.map_or(Sharing::Team, |reach| reach.share.level);
            let superseded_at = Some(next.recorded_at);
            next = state.into_version(next.version - 1, level);
            if seen.is_some() {
                revisions.push(ObservationRevision {
                    state: next.clone(),
                    superseded_at,
                });
            }
        }
        revisions.reverse();
        revisions.push(ObservationRevision {
            state: current.clone(),
            superseded_at: None,
        });
        Ok(revisions)
    }

    /// The last observations of the whole population of each unit that the caller may see, latest first; with how far
    /// the unit shares them, and whether the caller sees all of them.
    pub async fn latest_observations(
        &self,
        measure: MeasureId,
        units: &[UnitId],
        last: i64,
    ) -> Result<HashMap<UnitId, LatestObservations>> {
        let last = usize::try_from(last).unwrap_or(usize::MAX);
        let reaches = self.reach(Of::Units(units)).await?;
        let mut latest: HashMap<UnitId, LatestObservations> = HashMap::with_capacity(reaches.len());
        for (unit, reach) in &reaches {
            let nothing = LatestObservations {
                level: reach.share.level,
                whole: reach.whole,
                observations: Vec::new(),
            };
            latest.insert(*unit, nothing);
        }
        let some = reaches.iter().filter(|(_, reach)| reach.whole || reach.own);
        let mut missing: HashSet<UnitId> = some.map(|(unit, _)| *unit).collect();
        let blocks = blocks_of(missing.iter().filter_map(|unit| reaches.get(unit)));
        let mut periods = self.periods_on_sheets(measure, &blocks).await?;
        // Most have reported lately: what is needed is mostly on the last sheets.
        let mut step = last.saturating_add(1);
        let whole = Stratum::whole();
        while !periods.is_empty() && !missing.is_empty() {
            let part = periods.split_off(periods.len().saturating_sub(step));
            step = step.saturating_mul(2);
            let ends = part.iter().map(|period| period.end);
            let within = Wanted {
                measures: Some(&[measure]),
                blocks: Some(&blocks),
                from: part.iter().map(|period| period.start).min(),
                to: ends.max(),
                as_of: AsOf::Now,
            };
            let part: HashSet<Period> = part.into_iter().collect();
            let mut states = self.sheets(&within).await?.states(
                |unit| missing.contains(&unit),
                |state| {
                    part.contains(&state.key.period)
                        && !state.line.retracted
                        && state.line.stratum == whole
                        && reaches
                            .get(&state.line.unit)
                            .is_some_and(|reach| self.sees(*reach, state))
                },
            )?;
            states.sort_unstable_by_key(|state| {
                std::cmp::Reverse((state.key.period.end, state.key.period.start, state.line.id))
            });
            for state in states {
                let Some(reach) = reaches.get(&state.line.unit) else {
                    continue;
                };
                let Some(unit) = latest.get_mut(&state.line.unit) else {
                    continue;
                };
                if unit.observations.len() < last {
                    unit.observations.push(state.observation(reach.share));
                }
            }
            missing.retain(|unit| {
                latest
                    .get(unit)
                    .is_some_and(|found| found.observations.len() < last)
            });
        }
        Ok(latest)
    }

    /// The periods of a measure for which there are sheets of these blocks, by their last days.
    async fn periods_on_sheets(&self, measure: MeasureId, blocks: &BTreeSet<i64>) -> Result<Vec<Period>> {
        let mut sql = self.sql(
            "select distinct r.period_end, r.period_start from observation_sheets r where r.tenant_id = ?",
            [self.scope.tenant.value()],
        );
        let wanted = Wanted {
            measures: Some(&[measure]),
            blocks: Some(blocks),
            ..Wanted::default()
        };
        wanted.push(&mut sql);
        sql.push(" order by 1, 2");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(Period {
                    start: row.get(1)?,
                    end: row.get(0)?,
                })
            })
            .collect()
    }
}

//! Observations as they are kept: on sheets. A sheet is what one push said of one measure and one period about a block
//! of units; it is written once and never changed. The newest line about an observation is its state, those before are
//! its earlier states, so that a push writes a few rows however many observations it carries (ADR 24).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use spiral_domain::measures::{Observation, Period, Quality, Stratum};
use spiral_domain::{Date, MeasureId, ObservationId, PrincipalId, Result, Sharing, Timestamp, UnitId};
use uuid::Uuid;

use super::ObservationGroup;
use crate::sql::Sql;
use crate::value::Row;

pub(super) mod births;
mod packing;
mod read;
mod verify;
mod write;

pub use write::number_new;

/// How many units stand together on a sheet.
const BLOCK: i64 = 128;

/// Which sheet, but for when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SheetKey {
    pub(super) measure: MeasureId,
    pub(super) period: Period,
    pub(super) block: i64,
}

/// The figures of an observation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    numerator: Option<f64>,
    denominator: Option<f64>,
    value: Option<f64>,
    n: Option<i64>,
    quality: Quality,
}

/// One state of an observation, or (`gone`) that it is no longer of this measure, period and block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) id: ObservationId,
    pub(super) unit: UnitId,
    pub(super) stratum: Stratum,
    figures: Figures,
    name: Option<(String, String)>,
    pub(super) retracted: bool,
    /// Its version, and how often its unit had changed how far it shares when that was its version.
    version: i64,
    reshared: i64,
    gone: bool,
}

/// The block in which a unit stands, by its own number in the tenant, which is the last part of its path.
pub(super) fn block_of(path: &str) -> i64 {
    let own = crate::tenancy::own_part(path);
    i64::from_str_radix(own.trim_end_matches('.'), 36).unwrap_or_default() / BLOCK
}

/// What must be known of a unit to read and write its observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitShare {
    pub(super) block: i64,
    /// How far it shares them.
    pub level: Sharing,
    /// How often it has changed that: each time is a version of all of them.
    pub(super) reshared: i64,
}

impl UnitShare {
    pub(super) fn new(path: &str, level: Sharing, reshared: i64) -> Self {
        Self {
            block: block_of(path),
            level,
            reshared,
        }
    }

    /// That of a unit that is not there, for what looks for such.
    pub(super) const fn nowhere(block: i64) -> Self {
        Self {
            block,
            level: Sharing::Team,
            reshared: 0,
        }
    }
}

/// A sheet as it stands in the database.
pub(super) struct Sheet {
    pub(super) key: SheetKey,
    pub(super) recorded_at: Timestamp,
    recorded_by: PrincipalId,
    births: Option<Uuid>,
    live: i64,
    body: Vec<u8>,
}

const COLUMNS: &str = "r.measure_id, r.period_start, r.period_end, r.block, r.recorded_at, r.recorded_by, r.births, r.live, r.body";

pub(super) fn read_key(row: &Row, from: usize) -> Result<SheetKey> {
    Ok(SheetKey {
        measure: row.get(from)?,
        period: Period {
            start: row.get(from + 1)?,
            end: row.get(from + 2)?,
        },
        block: row.get(from + 3)?,
    })
}

impl Sheet {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            key: read_key(row, 0)?,
            recorded_at: row.get(4)?,
            recorded_by: row.get(5)?,
            births: row.get(6)?,
            live: row.get(7)?,
            body: row.get(8)?,
        })
    }
}

/// A state of an observation, as a sheet has it.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) key: SheetKey,
    pub(super) recorded_at: Timestamp,
    recorded_by: PrincipalId,
    pub(super) line: Line,
}

impl State {
    /// The observation, of a unit that shares so far.
    pub(super) fn observation(self, share: UnitShare) -> Observation {
        let version = self.line.version + share.reshared - self.line.reshared;
        self.into_version(version, share.level)
    }

    pub(super) fn into_version(self, version: i64, sharing: Sharing) -> Observation {
        let Line {
            id,
            unit,
            stratum,
            figures,
            name,
            retracted,
            ..
        } = self.line;
        let (source, external_id) = name.unzip();
        Observation {
            id,
            measure_id: self.key.measure,
            unit_id: unit,
            period_start: self.key.period.start,
            period_end: self.key.period.end,
            stratum,
            numerator: figures.numerator,
            denominator: figures.denominator,
            value: figures.value,
            n: figures.n,
            quality: figures.quality,
            source,
            external_id,
            recorded_at: self.recorded_at,
            recorded_by: self.recorded_by,
            retracted,
            sharing,
            version,
        }
    }

    pub(super) fn source(&self) -> Option<&str> {
        self.line.name.as_ref().map(|(source, _)| source.as_str())
    }
}

/// As of when sheets are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AsOf {
    /// As things stand.
    Now,
    /// As they stood at an instant.
    Then(Timestamp),
    /// Whatever was ever said.
    Ever,
}

impl From<Option<Timestamp>> for AsOf {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Now, Self::Then)
    }
}

/// Which sheets are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'w> {
    pub(super) measures: Option<&'w [MeasureId]>,
    pub(super) blocks: Option<&'w BTreeSet<i64>>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) as_of: AsOf,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            measures: None,
            blocks: None,
            from: None,
            to: None,
            as_of: AsOf::Now,
        }
    }
}

impl Wanted<'_> {
    /// Goes on with the conditions on a sheet `r`.
    pub(super) fn push(&self, sql: &mut Sql) {
        if let Some(measures) = self.measures {
            sql.push(" and ").push_in("r.measure_id", measures);
        }
        if let Some(blocks) = self.blocks {
            let blocks: Vec<i64> = blocks.iter().copied().collect();
            sql.push(" and ").push_in_numbers("r.block", &blocks);
        }
        if let Some(from) = self.from {
            sql.push(" and r.period_start >= ").bind(from);
        }
        if let Some(to) = self.to {
            sql.push(" and r.period_end <= ").bind(to);
        }
        match self.as_of {
            AsOf::Now => {
                // What is not the newest line about anything says nothing of today.
                sql.push(" and r.live > 0");
            }
            AsOf::Then(at) => {
                sql.push(" and r.recorded_at <= ").bind(at);
            }
            AsOf::Ever => {}
        }
    }
}

/// Sheets, and what they say together.
pub(super) struct Sheets(BTreeMap<SheetKey, Vec<Sheet>>);

impl Sheets {
    fn new(sheets: Vec<Sheet>) -> Self {
        let mut by_key: BTreeMap<SheetKey, Vec<Sheet>> = BTreeMap::new();
        for sheet in sheets {
            by_key.entry(sheet.key).or_default().push(sheet);
        }
        for sheets in by_key.values_mut() {
            sheets.sort_unstable_by_key(|sheet| std::cmp::Reverse(sheet.recorded_at));
        }
        Self(by_key)
    }

    /// The newest state of each observation that passes: by its unit first, since most do not.
    pub(super) fn states(
        &self,
        units: impl Fn(UnitId) -> bool,
        passes: impl Fn(&State) -> bool,
    ) -> Result<Vec<State>> {
        let mut states = Vec::new();
        self.each(|sheet, line, newest| {
            if newest && !line.gone && units(line.unit) {
                let state = state_on(sheet, line.line());
                if passes(&state) {
                    states.push(state);
                }
            }
        })?;
        Ok(states)
    }

    /// The states that newer ones have replaced.
    pub(super) fn replaced(&self, units: impl Fn(UnitId) -> bool) -> Result<Vec<State>> {
        let mut states = Vec::new();
        self.each(|sheet, line, newest| {
            if !newest && !line.gone && units(line.unit) {
                states.push(state_on(sheet, line.line()));
            }
        })?;
        Ok(states)
    }

    /// Every state of one observation, oldest first.
    pub(super) fn history(&self, id: ObservationId) -> Result<Vec<State>> {
        let mut states = Vec::new();
        self.each(|sheet, line, _| {
            if line.id == id && !line.gone {
                states.push(state_on(sheet, line.line()));
            }
        })?;
        states.sort_by_key(|state: &State| state.recorded_at);
        Ok(states)
    }

    /// Where a sheet says of how many lines it is the newest, and has another number of them.
    pub(super) fn miscounted(&self) -> Result<Vec<String>> {
        let mut newest: BTreeMap<(SheetKey, Timestamp), i64> = BTreeMap::new();
        self.each(|sheet, _, is_newest| {
            *newest.entry((sheet.key, sheet.recorded_at)).or_default() += i64::from(is_newest);
        })?;
        let sheets = self.0.values().flatten();
        Ok(sheets
            .filter_map(|sheet| {
                let there = newest.get(&(sheet.key, sheet.recorded_at)).copied().unwrap_or_default();
                (there != sheet.live).then(|| {
                    format!(
                        "the sheet of {} for measure {}, {}, block {} says that {} of its lines are the newest; they are {there}",
                        sheet.recorded_at, sheet.key.measure, sheet.key.period, sheet.key.block, sheet.live
                    )
                })
            })
            .collect())
    }

    /// Goes over all lines, those of a key from the newest on, each with whether it is the newest about its observation.
    fn each<'s>(&'s self, mut each: impl FnMut(&'s Sheet, packing::Packed<'s>, bool)) -> Result<()> {
        for sheets in self.0.values() {
            let mut met: HashSet<ObservationId> = HashSet::new();
            let alone = sheets.len() == 1;
            for sheet in sheets {
                packing::unpack(&sheet.body, sheet.births, |line| {
                    let newest = alone || met.insert(line.id);
                    each(sheet, line, newest);
                })?;
            }
        }
        Ok(())
    }
}

fn state_on(sheet: &Sheet, line: Line) -> State {
    State {
        key: sheet.key,
        recorded_at: sheet.recorded_at,
        recorded_by: sheet.recorded_by,
        line,
    }
}

impl ObservationGroup {
    pub(super) fn key(&self, block: i64) -> SheetKey {
        SheetKey {
            measure: self.measure,
            period: self.period,
            block,
        }
    }

    fn at(state: &State) -> Self {
        Self {
            measure: state.key.measure,
            unit: state.line.unit,
            period: state.key.period,
        }
    }
}

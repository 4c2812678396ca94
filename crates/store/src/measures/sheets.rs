//! Observations as they are kept: on sheets. A sheet is what one push said of one measure and one period about a block
//! of units; it is written once and never changed. The newest line about an observation is its state, those before are
//! its earlier states, so that a push writes a few rows however many observations it carries (ADR 24).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use spiral_domain::measures::{Observation, Period, Quality, Stratum};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Date, Error, MeasureId, ObservationId, PrincipalId, Result, Sharing, Timestamp, UnitId, WorkKind,
};
use uuid::Uuid;

use super::ObservationGroup;
use crate::sql::{Rows, Sql};
use crate::store::Store;
use crate::value::{Column as _, Row, Type};

mod packing;
mod verify;
mod write;

pub use write::number_new;

/// How many units stand together on a sheet.
const BLOCK: i64 = 128;
/// The part of an id that says its place on the sheet on which it was first recorded.
const SLOT: u128 = (1 << 20) - 1;

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

/// The place of an id on the sheet on which it was first recorded: the ids of a sheet are alike but for that.
pub(super) struct Slot(u128);

impl Slot {
    pub(super) fn of(id: ObservationId) -> Self {
        Self(id.0.as_u128())
    }

    /// What all ids of its sheet begin with.
    pub(super) fn births(&self) -> Uuid {
        Uuid::from_u128(self.0 & !SLOT)
    }

    /// The last id that may begin so.
    pub(super) fn last_of(births: Uuid) -> Uuid {
        Uuid::from_u128(births.as_u128() | SLOT)
    }

    fn on(&self, births: Uuid) -> Option<u64> {
        (self.births() == births)
            .then(|| u64::try_from(self.0 & SLOT).ok())
            .flatten()
    }

    fn id(births: Uuid, slot: u64) -> Option<ObservationId> {
        let slot = u128::from(slot);
        (slot <= SLOT).then(|| ObservationId(Uuid::from_u128(births.as_u128() | slot)))
    }
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
        self.as_version(version, share.level)
    }

    pub(super) fn as_version(self, version: i64, sharing: Sharing) -> Observation {
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

impl Store {
    /// These sheets, whoever may see what is on them.
    pub(super) async fn sheets(&self, wanted: &Wanted<'_>) -> Result<Sheets> {
        let mut sql = self.sql(
            &format!("select {COLUMNS} from observation_sheets r where r.tenant_id = ?"),
            [self.scope.tenant.value()],
        );
        wanted.push(&mut sql);
        let rows = self.fetch(sql).await?;
        Ok(Sheets::new(rows.iter().map(Sheet::read).collect::<Result<_>>()?))
    }

    /// The sheets of these keys.
    pub(super) async fn sheets_of(&self, keys: &BTreeSet<SheetKey>, as_of: AsOf) -> Result<Sheets> {
        let mut found = Vec::new();
        for piece in key_rows(self.scope.tenant, keys).pieces(self.dialect()) {
            let mut sql = Sql::new(self.dialect(), format!("select {COLUMNS} from "));
            sql.push_rows(&piece, "g")
                .push(&format!(
                    " join observation_sheets r on {} where r.tenant_id = ",
                    SAME_KEY
                ))
                .bind(self.scope.tenant);
            let any = Wanted {
                as_of,
                ..Wanted::default()
            };
            any.push(&mut sql);
            for row in self.fetch(sql).await? {
                found.push(Sheet::read(&row)?);
            }
        }
        Ok(Sheets::new(found))
    }

    /// Where each observation stands and has stood, with since when.
    pub(super) async fn stays(
        &self,
        ids: &[ObservationId],
    ) -> Result<HashMap<ObservationId, Vec<(Timestamp, SheetKey)>>> {
        let births: BTreeSet<Uuid> = ids.iter().map(|id| Slot::of(*id).births()).collect();
        let births: Vec<Uuid> = births.into_iter().collect();
        let mut sql = self.sql(
            "select r.births, r.recorded_at, r.measure_id, r.period_start, r.period_end, r.block \
             from observation_sheets r where r.tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("r.births", &births);
        let mut born: HashMap<Uuid, (Timestamp, SheetKey)> = HashMap::new();
        for row in self.fetch(sql).await? {
            born.insert(row.get(0)?, (row.get(1)?, read_key(&row, 2)?));
        }
        let mut stays: HashMap<ObservationId, Vec<(Timestamp, SheetKey)>> = ids
            .iter()
            .filter_map(|id| Some((*id, vec![*born.get(&Slot::of(*id).births())?])))
            .collect();
        let mut sql = self.sql(
            "select observation_id, at, measure_id, period_start, period_end, block from observation_moves \
             where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("observation_id", ids).push(" order by at");
        for row in self.fetch(sql).await? {
            if let Some(stays) = stays.get_mut(&row.get(0)?) {
                stays.push((row.get(1)?, read_key(&row, 2)?));
            }
        }
        Ok(stays)
    }

    /// The states of these observations, whoever may see them.
    pub(super) async fn states_of(&self, ids: &[ObservationId]) -> Result<Vec<State>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let stays = self.stays(ids).await?;
        let keys = stays.values().filter_map(|stays| Some(stays.last()?.1)).collect();
        let ids: HashSet<&ObservationId> = ids.iter().collect();
        let sheets = self.sheets_of(&keys, AsOf::Now).await?;
        sheets.states(|_| true, |state| ids.contains(&state.line.id))
    }

    /// What these sources call so: the ids.
    pub(super) async fn ids_named(&self, names: &BTreeSet<(String, String)>) -> Result<Vec<ObservationId>> {
        let mut rows = Rows::new(vec![("source", Type::Text), ("external_id", Type::Text)]);
        for (source, external_id) in names {
            rows.push(vec![source.value(), external_id.value()]);
        }
        let mut ids = Vec::new();
        for piece in rows.pieces(self.dialect()) {
            let mut sql = Sql::new(self.dialect(), "select r.observation_id from ");
            sql.push_rows(&piece, "g")
                .push(
                    " join observation_names r on r.source = g.source and r.external_id = g.external_id \
                     where r.tenant_id = ",
                )
                .bind(self.scope.tenant);
            for row in self.fetch(sql).await? {
                ids.push(row.get(0)?);
            }
        }
        Ok(ids)
    }

    /// How far each of these units shares its observations, whoever asks.
    pub async fn observation_shares(&self, units: &[&OrgUnit]) -> Result<HashMap<UnitId, UnitShare>> {
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let mut sql = self.sql(
            "select unit_id, level, times from unit_sharing where tenant_id = ? and kind = ? and ",
            [self.scope.tenant.value(), WorkKind::Observations.value()],
        );
        sql.push_in("unit_id", &ids)
            .push(" union all select null, level, 0 from tenant_sharing where tenant_id = ")
            .bind(self.scope.tenant)
            .push(" and kind = ")
            .bind(WorkKind::Observations);
        let mut set: HashMap<Option<UnitId>, (Sharing, i64)> = HashMap::new();
        for row in self.fetch(sql).await? {
            set.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
        let default = set
            .get(&None)
            .map_or(WorkKind::Observations.default_sharing(), |set| set.0);
        Ok(units
            .iter()
            .map(|unit| {
                let (level, reshared) = set.get(&Some(unit.id)).copied().unwrap_or((default, 0));
                (unit.id, UnitShare::new(&unit.path, level.on(unit.tier), reshared))
            })
            .collect())
    }

    /// Every observation of these groups, tombstones included, whoever sees them. `shares` knows their units.
    pub async fn observations_in(
        &self,
        groups: &BTreeSet<ObservationGroup>,
        shares: &HashMap<UnitId, UnitShare>,
    ) -> Result<Vec<Observation>> {
        let keys: BTreeSet<SheetKey> = groups
            .iter()
            .filter_map(|group| Some(group.key(shares.get(&group.unit)?.block)))
            .collect();
        let sheets = self.sheets_of(&keys, AsOf::Now).await?;
        let wanted: HashSet<UnitId> = groups.iter().map(|group| group.unit).collect();
        let states = sheets.states(
            |unit| wanted.contains(&unit),
            |state| groups.contains(&ObservationGroup::at(state)),
        )?;
        with_shares(states, shares)
    }

    /// The observations that these sources call so, whoever sees them.
    pub async fn observations_named(&self, names: &BTreeSet<(String, String)>) -> Result<Vec<Observation>> {
        let ids = self.ids_named(names).await?;
        let states = self.states_of(&ids).await?;
        let units: BTreeSet<UnitId> = states.iter().map(|state| state.line.unit).collect();
        let shares = self.shares_by_id(&units).await?;
        with_shares(states, &shares)
    }

    /// Every observation of these units that is not taken back, whoever sees it: of a measure and a time, or of all.
    pub(super) async fn observations_of_units(
        &self,
        shares: &HashMap<UnitId, UnitShare>,
        measure: Option<MeasureId>,
        within: Option<Period>,
    ) -> Result<Vec<Observation>> {
        let states = self.states_of_units(shares, measure, within).await?;
        with_shares(states.into_iter().filter(|state| !state.line.retracted), shares)
    }

    /// Every observation of these units, tombstones included.
    pub(super) async fn all_of_units(&self, shares: &HashMap<UnitId, UnitShare>) -> Result<Vec<Observation>> {
        with_shares(self.states_of_units(shares, None, None).await?, shares)
    }

    async fn states_of_units(
        &self,
        shares: &HashMap<UnitId, UnitShare>,
        measure: Option<MeasureId>,
        within: Option<Period>,
    ) -> Result<Vec<State>> {
        let blocks: BTreeSet<i64> = shares.values().map(|share| share.block).collect();
        let measure = measure.as_ref().map(std::slice::from_ref);
        let wanted = Wanted {
            measures: measure,
            blocks: Some(&blocks),
            from: within.map(|time| time.start),
            to: within.map(|time| time.end),
            as_of: AsOf::Now,
        };
        let sheets = self.sheets(&wanted).await?;
        sheets.states(|unit| shares.contains_key(&unit), |_| true)
    }

    /// How far these units share their observations, whoever asks.
    pub(super) async fn shares_by_id(&self, units: &BTreeSet<UnitId>) -> Result<HashMap<UnitId, UnitShare>> {
        if units.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<UnitId> = units.iter().copied().collect();
        let units = self.find_all::<OrgUnit>().ids(&ids).all("r.id").await?;
        self.observation_shares(&units.iter().collect::<Vec<_>>()).await
    }
}

const SAME_KEY: &str = "r.tenant_id = g.tenant_id and r.measure_id = g.measure_id and r.period_start = g.period_start \
                        and r.period_end = g.period_end and r.block = g.block";

fn key_rows(tenant: spiral_domain::TenantId, keys: &BTreeSet<SheetKey>) -> Rows {
    let mut rows = Rows::new(vec![
        ("tenant_id", Type::Uuid),
        ("measure_id", Type::Uuid),
        ("period_start", Type::Date),
        ("period_end", Type::Date),
        ("block", Type::Int),
    ]);
    for key in keys {
        rows.push(vec![
            tenant.value(),
            key.measure.value(),
            key.period.start.value(),
            key.period.end.value(),
            key.block.value(),
        ]);
    }
    rows
}

/// The observations that these are, of units that share so far.
fn with_shares(
    states: impl IntoIterator<Item = State>,
    shares: &HashMap<UnitId, UnitShare>,
) -> Result<Vec<Observation>> {
    states
        .into_iter()
        .map(|state| {
            let share = shares.get(&state.line.unit);
            let share = share.ok_or_else(|| Error::internal("an observation of a unit that is not there"))?;
            Ok(state.observation(*share))
        })
        .collect()
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

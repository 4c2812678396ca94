//! Reading sheets, whoever may see what is on them.

use std::collections::{BTreeSet, HashMap, HashSet};

use spiral_domain::measures::{Observation, Period};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Error, MeasureId, ObservationId, Result, Sharing, Timestamp, UnitId, WorkKind};
use uuid::Uuid;

use super::{AsOf, COLUMNS, Sheet, SheetKey, Sheets, State, UnitShare, Wanted, births, read_key};
use crate::measures::ObservationGroup;
use crate::sql::{Rows, Sql};
use crate::store::Store;
use crate::value::{Column as _, Type};

/// A sheet `r` of the key in `g`.
pub(super) const SAME_KEY: &str = "r.tenant_id = g.tenant_id and r.measure_id = g.measure_id and r.period_start = g.period_start \
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

impl Store {
    /// These sheets, whoever may see what is on them.
    pub(in crate::measures) async fn sheets(&self, wanted: &Wanted<'_>) -> Result<Sheets> {
        let mut sql = self.sql(
            &format!("select {COLUMNS} from observation_sheets r where r.tenant_id = ?"),
            [self.scope.tenant.value()],
        );
        wanted.push(&mut sql);
        let rows = self.fetch(sql).await?;
        Ok(Sheets::new(rows.iter().map(Sheet::read).collect::<Result<_>>()?))
    }

    /// The sheets of these keys.
    pub(in crate::measures) async fn sheets_of(
        &self,
        keys: &BTreeSet<SheetKey>,
        as_of: AsOf,
    ) -> Result<Sheets> {
        let mut found = Vec::new();
        for piece in key_rows(self.scope.tenant, keys).pieces(self.dialect()) {
            let mut sql = Sql::new(self.dialect(), format!("select {COLUMNS} from "));
            sql.push_rows(&piece, "g")
                .push(&format!(
                    " join observation_sheets r on {SAME_KEY} where r.tenant_id = "
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
    pub(in crate::measures) async fn stays(
        &self,
        ids: &[ObservationId],
    ) -> Result<HashMap<ObservationId, Vec<(Timestamp, SheetKey)>>> {
        let sheets: BTreeSet<Uuid> = ids.iter().map(|id| births::births_of(*id)).collect();
        let sheets: Vec<Uuid> = sheets.into_iter().collect();
        let mut sql = self.sql(
            "select r.births, r.recorded_at, r.measure_id, r.period_start, r.period_end, r.block \
             from observation_sheets r where r.tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("r.births", &sheets);
        let mut born: HashMap<Uuid, (Timestamp, SheetKey)> = HashMap::new();
        for row in self.fetch(sql).await? {
            born.insert(row.get(0)?, (row.get(1)?, read_key(&row, 2)?));
        }
        let mut stays: HashMap<ObservationId, Vec<(Timestamp, SheetKey)>> = ids
            .iter()
            .filter_map(|id| Some((*id, vec![*born.get(&births::births_of(*id))?])))
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
    pub(in crate::measures) async fn states_of(&self, ids: &[ObservationId]) -> Result<Vec<State>> {
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
    pub(in crate::measures) async fn ids_named(
        &self,
        names: &BTreeSet<(String, String)>,
    ) -> Result<Vec<ObservationId>> {
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
    pub(in crate::measures) async fn observations_of_units(
        &self,
        shares: &HashMap<UnitId, UnitShare>,
        measure: Option<MeasureId>,
        within: Option<Period>,
    ) -> Result<Vec<Observation>> {
        let states = self.states_of_units(shares, measure, within).await?;
        with_shares(states.into_iter().filter(|state| !state.line.retracted), shares)
    }

    /// Every observation of these units, tombstones included.
    pub(in crate::measures) async fn all_of_units(
        &self,
        shares: &HashMap<UnitId, UnitShare>,
    ) -> Result<Vec<Observation>> {
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
    pub(in crate::measures) async fn shares_by_id(
        &self,
        units: &BTreeSet<UnitId>,
    ) -> Result<HashMap<UnitId, UnitShare>> {
        if units.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<UnitId> = units.iter().copied().collect();
        let units = self.find_all::<OrgUnit>().ids(&ids).all("r.id").await?;
        self.observation_shares(&units.iter().collect::<Vec<_>>()).await
    }
}

//! Dimensions, measures and observations, as rows.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::measures::{
    Direction, DisadvantagedEnd, Measure, MeasureKind, Observation, ObservationRevision, Period, Quality,
    Scale, Stratum, StratumDimension,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{
    Date, DimensionId, Interval, MeasureId, ObservationId, PrincipalId, Result, Sharing, Timestamp, UnitId,
};

use crate::record::{Record as _, Scoping, columns_of, record};
use crate::sql::{Rows, Sql};
use crate::store::{Slice, Store, Window};
use crate::tenancy::Coded;
use crate::tx::Tx;
use crate::value::{Column, Row, Type, Value, as_json_text};

mod cells;
mod marks;

use cells::shifts;
pub use marks::Mark;

as_json_text!(MeasureKind, Scale, Direction, DisadvantagedEnd, Quality);

impl Column for Stratum {
    const TYPE: Type = Type::Text;
    fn value(&self) -> Value {
        Value::Text(Some(self.to_string()))
    }
    fn read(row: &Row, n: usize) -> Result<Self> {
        row.get::<String>(n).map(|text| Self::read(&text))
    }
}

record!(StratumDimension, 10, "stratum_dimension", "stratum dimension", "stratum_dimensions", Scoping::Directory, {
    id: DimensionId, code: String, name: String, unit_id: UnitId, value_list: Vec<String>,
    disadvantaged_end: Option<DisadvantagedEnd>, reference_population: Option<String>, edition: Option<String>,
    version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Measure, 11, "measure", "measure", "measures", Scoping::Shared(Action::ReadObservations), {
    id: MeasureId, code: String, measure_version: i64, unit_id: UnitId, name: String, kind: MeasureKind, scale: Scale,
    unit_of_measure: Option<String>, multiplier: f64, direction: Direction, cadence: Interval, irregular: bool,
    target: Option<f64>, definition: Option<String>, reporting_tier: Tier, counts_people: bool,
    dimensions: Vec<String>, sharing: Sharing, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Observation, 12, "observation", "observation", "observations", Scoping::Shared(Action::ReadObservations), {
    id: ObservationId, measure_id: MeasureId, unit_id: UnitId, period_start: Date, period_end: Date, stratum: Stratum,
    numerator: Option<f64>, denominator: Option<f64>, value: Option<f64>, n: Option<i64>, quality: Quality,
    source: Option<String>, external_id: Option<String>, recorded_at: Timestamp, recorded_by: PrincipalId,
    retracted: bool, sharing: Sharing, version: i64,
});

impl Coded for StratumDimension {
    fn code(&self) -> &str {
        &self.code
    }
}

/// A code means its latest version: ids, and with them the order of resolving, follow creation.
impl Coded for Measure {
    fn code(&self) -> &str {
        &self.code
    }
}

/// A measure, a unit and a period: what is looked at together to tell what the unit adds to roll-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationGroup {
    /// The measure.
    pub measure: MeasureId,
    /// The unit.
    pub unit: UnitId,
    /// The period.
    pub period: Period,
}

impl ObservationGroup {
    /// The group of an observation.
    pub fn of(observation: &Observation) -> Self {
        Self {
            measure: observation.measure_id,
            unit: observation.unit_id,
            period: observation.period(),
        }
    }
}

/// What must be known to tell what observations add to roll-ups.
#[derive(Debug, Default, Clone)]
pub struct MeasureBook {
    /// Each measure with the dimensions that it declares, in its order.
    pub measures: HashMap<MeasureId, (Measure, Vec<StratumDimension>)>,
    /// The units that report.
    pub units: HashMap<UnitId, OrgUnit>,
}

/// A new state of an observation, and the one before.
#[derive(Debug, Clone)]
pub struct ObservationChange {
    /// What was there; none for a new observation.
    pub before: Option<Observation>,
    /// What is to be there.
    pub after: Observation,
}

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

impl Store {
    /// Dimensions by code.
    pub async fn dimensions_by_code(&self, codes: &[String]) -> Result<HashMap<String, StratumDimension>> {
        if codes.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self
            .find_all::<StratumDimension>()
            .with(|sql| {
                sql.push_in_text("r.code", codes);
            })
            .all("r.id")
            .await?;
        Ok(found
            .into_iter()
            .map(|dimension| (dimension.code.clone(), dimension))
            .collect())
    }

    /// What must be known about these measures and units, whoever sees them.
    pub async fn measure_book(&self, measures: &[MeasureId], units: &[UnitId]) -> Result<MeasureBook> {
        let measures = self.find_all::<Measure>().ids(measures).all("r.id").await?;
        let units = self.find_all::<OrgUnit>().ids(units).all("r.id").await?;
        let codes: BTreeSet<String> = measures
            .iter()
            .flat_map(|measure| measure.dimensions.iter().cloned())
            .collect();
        let dimensions = self
            .dimensions_by_code(&codes.into_iter().collect::<Vec<_>>())
            .await?;
        Ok(MeasureBook {
            measures: measures
                .into_iter()
                .map(|measure| {
                    let own = measure
                        .dimensions
                        .iter()
                        .filter_map(|code| dimensions.get(code).cloned())
                        .collect();
                    (measure.id, (measure, own))
                })
                .collect(),
            units: units.into_iter().map(|unit| (unit.id, unit)).collect(),
        })
    }

    /// The latest version of a code, whoever owns it.
    pub async fn latest_measure(&self, code: &str) -> Result<Option<Measure>> {
        self.find_all::<Measure>()
            .filter("r.code = ?", [code.to_owned().value()])
            .first("r.measure_version desc")
            .await
    }

    /// Every observation of these groups, tombstones included, whoever sees them.
    pub async fn observations_in(&self, groups: &BTreeSet<ObservationGroup>) -> Result<Vec<Observation>> {
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("measure_id", Type::Uuid),
            ("unit_id", Type::Uuid),
            ("period_start", Type::Date),
            ("period_end", Type::Date),
        ]);
        for group in groups {
            rows.push(vec![
                self.scope.tenant.value(),
                group.measure.value(),
                group.unit.value(),
                group.period.start.value(),
                group.period.end.value(),
            ]);
        }
        let on = "on r.tenant_id = g.tenant_id and r.measure_id = g.measure_id and r.unit_id = g.unit_id \
                  and r.period_start = g.period_start and r.period_end = g.period_end";
        // Two statements in one: each half has an index of its own.
        self.joined(
            rows,
            &[
                &format!("{on} and not r.retracted"),
                &format!("{on} and r.retracted"),
            ],
        )
        .await
    }

    /// The observations that these sources call so, whoever sees them.
    pub async fn observations_named(&self, names: &BTreeSet<(String, String)>) -> Result<Vec<Observation>> {
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("source", Type::Text),
            ("external_id", Type::Text),
        ]);
        for (source, external_id) in names {
            rows.push(vec![
                self.scope.tenant.value(),
                source.value(),
                external_id.value(),
            ]);
        }
        let on = "on r.tenant_id = g.tenant_id and r.source = g.source and r.external_id = g.external_id";
        self.joined(rows, &[on]).await
    }

    async fn joined(&self, rows: Rows, on: &[&str]) -> Result<Vec<Observation>> {
        let columns = columns_of::<Observation>("r");
        let mut found = Vec::new();
        for piece in rows.pieces(self.dialect()) {
            for on in on {
                let mut sql = Sql::new(self.dialect(), format!("select {columns} from "));
                sql.push_rows(&piece, "g")
                    .push(&format!(" join observations r {on} where r.tenant_id = "))
                    .bind(self.scope.tenant);
                for row in self.fetch(sql).await? {
                    found.push(Observation::read(&row)?);
                }
            }
        }
        Ok(found)
    }

    /// A page of the observations that the caller may see.
    pub async fn observations(
        &self,
        filter: &ObservationFilter,
        window: &Window,
    ) -> Result<Slice<Observation>> {
        let columns = columns_of::<Observation>("r");
        let mut sql = Sql::new(self.dialect(), format!("select {columns}, r.recorded_at from ("));
        self.push_observations(&mut sql, filter, "observations");
        if filter.known_at.is_some() {
            sql.push(" union all ");
            self.push_observations(&mut sql, filter, "observation_revisions");
        }
        sql.push(") r where 1 = 1");
        window.push(&mut sql, "r.recorded_at");
        window.slice(&self.fetch(sql).await?)
    }

    /// The visible observations of one table that pass the filter.
    pub(crate) fn push_observations(&self, sql: &mut Sql, filter: &ObservationFilter, table: &str) {
        let columns = columns_of::<Observation>("r");
        sql.push(&format!(
            "select {columns} from {table} r join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id where r.tenant_id = "
        ))
        .bind(self.scope.tenant)
        .push(" and ");
        self.scope
            .push_shared(sql, Action::ReadObservations, "r", "u", Some("r.sharing"));
        if let Some(measure) = filter.measure {
            sql.push(" and r.measure_id = ").bind(measure);
        }
        if let Some(unit) = filter.unit {
            sql.push(" and r.unit_id = ").bind(unit);
        }
        if let Some(path) = &filter.within {
            sql.push(" and ").push_beneath("u.path", path);
        }
        if let Some(from) = filter.from {
            sql.push(" and r.period_start >= ").bind(from);
        }
        if let Some(to) = filter.to {
            sql.push(" and r.period_end <= ").bind(to);
        }
        if let Some(stratum) = &filter.stratum {
            sql.push(" and r.stratum = ").bind(stratum.to_string());
        }
        if let Some(source) = &filter.source {
            sql.push(" and r.source = ").bind(source.clone());
        }
        if let Some(at) = filter.known_at {
            sql.push(" and r.recorded_at <= ").bind(at);
            if table == "observation_revisions" {
                sql.push(" and r.superseded_at > ").bind(at);
            }
        }
        if !filter.retracted {
            sql.push(" and not r.retracted");
        }
    }

    /// Every state of an observation that the caller may see, oldest first, the current one last.
    pub async fn observation_revisions(&self, current: &Observation) -> Result<Vec<ObservationRevision>> {
        let columns = columns_of::<Observation>("r");
        let mut sql = self.sql(
            &format!(
                "select {columns}, r.superseded_at from observation_revisions r \
                 join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id where r.tenant_id = ? and r.id = ? and "
            ),
            [self.scope.tenant.value(), current.id.value()],
        );
        self.scope
            .push_shared(&mut sql, Action::ReadObservations, "r", "u", Some("r.sharing"));
        sql.push(" order by r.version");
        let mut states: Vec<ObservationRevision> = self
            .fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(ObservationRevision {
                    state: Observation::read(row)?,
                    superseded_at: row.get(Observation::COLUMNS.len())?,
                })
            })
            .collect::<Result<_>>()?;
        states.push(ObservationRevision {
            state: current.clone(),
            superseded_at: None,
        });
        Ok(states)
    }

    /// The last observations of the whole population of each unit that the caller may see, latest first.
    pub async fn latest_observations(
        &self,
        measure: MeasureId,
        units: &[UnitId],
        last: i64,
    ) -> Result<HashMap<UnitId, Vec<Observation>>> {
        let filter = ObservationFilter {
            measure: Some(measure),
            stratum: Some(Stratum::whole()),
            ..ObservationFilter::default()
        };
        let columns = columns_of::<Observation>("r");
        let mut sql = Sql::new(
            self.dialect(),
            format!(
                "select {columns} from (select {columns}, row_number() over \
                 (partition by r.unit_id order by r.period_end desc, r.period_start desc) as place from ("
            ),
        );
        self.push_observations(&mut sql, &filter, "observations");
        sql.push(" and ").push_in("r.unit_id", units);
        sql.push(") r) r where r.place <= ")
            .bind(last)
            .push(" order by r.unit_id, r.place");
        let mut latest: HashMap<UnitId, Vec<Observation>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let observation = Observation::read(&row)?;
            latest.entry(observation.unit_id).or_default().push(observation);
        }
        Ok(latest)
    }
}

/// Whether nothing but the figures differs: neither what the observation is about nor its name nor who sees it.
fn only_figures(before: &Observation, after: &Observation) -> bool {
    !before.retracted
        && !after.retracted
        && (before.measure_id, before.unit_id, before.period())
            == (after.measure_id, after.unit_id, after.period())
        && before.stratum == after.stratum
        && (&before.source, &before.external_id) == (&after.source, &after.external_id)
        && before.sharing == after.sharing
}

impl Tx {
    /// Adds a dimension.
    pub async fn add_dimension(&mut self, dimension: &StratumDimension) -> Result<()> {
        self.insert(dimension).await
    }

    /// Adds a measure, or a version of one.
    pub async fn add_measure(&mut self, measure: &Measure) -> Result<()> {
        self.insert(measure).await
    }

    /// Writes new states of observations, keeps the earlier ones as revisions, and moves what they add to
    /// roll-ups. `there` are all observations of every group that a change leaves or enters.
    pub async fn change_observations(
        &mut self,
        changes: &[ObservationChange],
        there: Vec<Observation>,
        book: &MeasureBook,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let moved: Vec<ObservationId> = changes
            .iter()
            .filter(|change| {
                change.before.as_ref().is_some_and(|before| {
                    !before.retracted
                        && (ObservationGroup::of(before) != ObservationGroup::of(&change.after)
                            || before.stratum != change.after.stratum)
                })
            })
            .map(|change| change.after.id)
            .collect();
        self.keep_revisions(changes).await?;
        if !moved.is_empty() {
            // Rows that swap their keys would meet halfway; a row that is taken back holds no key.
            let mut sql = self.sql(
                "update observations set retracted = true where tenant_id = ? and ",
                [self.scope.tenant.value()],
            );
            sql.push_in("id", &moved);
            self.execute(sql).await?;
        }
        self.write_changes(changes).await?;
        let after = changes.iter().map(|change| change.after.clone());
        let mut now: HashMap<ObservationId, Observation> =
            there.iter().map(|row| (row.id, row.clone())).collect();
        now.extend(after.map(|row| (row.id, row)));
        let now: Vec<Observation> = now.into_values().collect();
        let touched: BTreeSet<ObservationGroup> = changes
            .iter()
            .flat_map(|change| change.before.iter().chain([&change.after]))
            .map(ObservationGroup::of)
            .collect();
        self.shift_cells(&shifts(&touched, &there, &now, book)).await?;
        self.recount_fidelity_of(changes).await
    }

    /// Writes the new states: those of new observations, those that change nothing but the figures, and the others.
    async fn write_changes(&mut self, changes: &[ObservationChange]) -> Result<()> {
        let (mut new, mut figures, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            match &change.before {
                None => &mut new,
                Some(before) if only_figures(before, &change.after) => &mut figures,
                Some(_) => &mut others,
            }
            .push(change.after.clone());
        }
        self.insert_all(&new).await?;
        self.put_all(&others).await?;
        self.write_figures(&figures).await?;
        self.put_in_ledger(&figures);
        Ok(())
    }

    /// Corrects figures where they stand. All are of one write, hence of one instant and one hand.
    async fn write_figures(&self, corrected: &[Observation]) -> Result<()> {
        let Some(any) = corrected.first() else {
            return Ok(());
        };
        let mut rows = Rows::new(vec![
            ("id", Type::Uuid),
            ("numerator", Type::Float),
            ("denominator", Type::Float),
            ("value", Type::Float),
            ("n", Type::Int),
            ("quality", Type::Text),
            ("version", Type::Int),
        ]);
        for row in corrected {
            rows.push(vec![
                row.id.value(),
                row.numerator.value(),
                row.denominator.value(),
                row.value.value(),
                row.n.value(),
                row.quality.value(),
                row.version.value(),
            ]);
        }
        for piece in rows.pieces(self.dialect()) {
            let mut sql = self.sql(
                "update observations set numerator = new.numerator, denominator = new.denominator, value = new.value, \
                 n = new.n, quality = new.quality, version = new.version, recorded_at = ?, recorded_by = ? from ",
                [any.recorded_at.value(), any.recorded_by.value()],
            );
            sql.push_rows(&piece, "new")
                .push(" where observations.id = new.id and observations.tenant_id = ")
                .bind(self.scope.tenant);
            self.execute(sql).await?;
        }
        Ok(())
    }

    /// Keeps the states that are about to be replaced, as they stand.
    async fn keep_revisions(&self, changes: &[ObservationChange]) -> Result<()> {
        let replaced: Vec<ObservationId> = changes
            .iter()
            .filter_map(|change| change.before.as_ref().map(|before| before.id))
            .collect();
        if replaced.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = Observation::COLUMNS.iter().map(|(name, _)| *name).collect();
        let list = names.join(", ");
        let mut sql = self.sql(
            &format!(
                "insert into observation_revisions (tenant_id, {list}, superseded_at) \
                 select tenant_id, {list}, ? from observations where tenant_id = ? and "
            ),
            [self.now().value(), self.scope.tenant.value()],
        );
        sql.push_in("id", &replaced);
        self.execute(sql).await?;
        Ok(())
    }

    /// Shares a unit's observations, and the measures of a front-line team, so far and no further.
    pub async fn reshare_observations(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        if unit.tier == Tier::Microsystem {
            let mut measures = self
                .find_all::<Measure>()
                .filter(
                    "r.unit_id = ? and r.sharing <> ?",
                    [unit.id.value(), level.value()],
                )
                .all("r.id")
                .await?;
            for measure in &mut measures {
                measure.sharing = level;
                measure.version += 1;
            }
            self.put_all(&measures).await?;
        }
        self.reshare_marks(unit, level).await?;
        self.run(
            "update observation_revisions set sharing = ? where tenant_id = ? and unit_id = ?",
            [level.value(), self.scope.tenant.value(), unit.id.value()],
        )
        .await?;
        let there = self
            .find_all::<Observation>()
            .filter(
                "r.unit_id = ? and r.sharing <> ?",
                [unit.id.value(), level.value()],
            )
            .all("r.id")
            .await?;
        if there.is_empty() {
            return Ok(());
        }
        let mut now = there.clone();
        for observation in &mut now {
            observation.sharing = level;
            observation.version += 1;
        }
        self.put_all(&now).await?;
        let measures: BTreeSet<MeasureId> = there.iter().map(|row| row.measure_id).collect();
        let book = self
            .measure_book(&measures.into_iter().collect::<Vec<_>>(), &[unit.id])
            .await?;
        let touched = there.iter().map(ObservationGroup::of).collect();
        self.shift_cells(&shifts(&touched, &there, &now, &book)).await
    }
}

//! Dimensions, measures and observations, as rows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::measures::{
    Direction, DisadvantagedEnd, Measure, MeasureKind, Observation, Period, Quality, Scale, Stratum,
    StratumDimension,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{
    Date, DimensionId, Interval, MeasureId, ObservationId, PrincipalId, Result, Sharing, Timestamp, UnitId,
};

use crate::record::{Scoping, logged, record};
use crate::store::Store;
use crate::tenancy::{Coded, Stood};
use crate::tx::Tx;
use crate::value::{Column, Row, Type, Value, as_json_text};

mod cells;
mod listing;
mod marks;
mod reading;
mod sheets;

use cells::shifts;
pub use marks::Mark;
pub(crate) use reading::Asked;
pub use reading::{LatestObservations, ObservationFilter};
pub use sheets::{UnitShare, number_new};

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

logged!(Observation, 12, "observation", {
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
    pub units: HashMap<UnitId, Arc<OrgUnit>>,
    /// Where they have stood; what is not here is read.
    pub stood: Arc<HashMap<UnitId, Stood>>,
}

/// A new state of an observation, and the one before.
#[derive(Debug, Clone)]
pub struct ObservationChange {
    /// What was there; none for a new observation.
    pub before: Option<Observation>,
    /// What is to be there.
    pub after: Observation,
}

fn by_id(units: Vec<OrgUnit>) -> HashMap<UnitId, Arc<OrgUnit>> {
    units.into_iter().map(|unit| (unit.id, Arc::new(unit))).collect()
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
            units: by_id(units),
            stood: Arc::default(),
        })
    }

    /// The latest version of a code, whoever owns it.
    pub async fn latest_measure(&self, code: &str) -> Result<Option<Measure>> {
        self.find_all::<Measure>()
            .filter("r.code = ?", [code.to_owned().value()])
            .first("r.measure_version desc")
            .await
    }
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

    /// Writes new states of observations, beside the earlier ones, and moves what they add to roll-ups. `there` are all
    /// observations of every group that a change leaves or enters; `shares` knows their units.
    pub async fn change_observations(
        &mut self,
        changes: &[ObservationChange],
        there: &[Observation],
        book: &MeasureBook,
        shares: &HashMap<UnitId, UnitShare>,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.write_sheets(changes, shares).await?;
        let after = changes.iter().map(|change| &change.after);
        self.put_in_ledger(after.clone());
        let replaced = changes.iter().filter_map(|change| change.before.as_ref());
        let replaced: HashSet<ObservationId> = replaced.map(|row| row.id).collect();
        let stays = there.iter().filter(|row| !replaced.contains(&row.id));
        self.shift_cells(&shifts(there, stays.chain(after), book), &book.stood)
            .await?;
        self.recount_fidelity_of(changes).await
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
        let there = self
            .all_of_units(&self.observation_shares(&[unit]).await?)
            .await?;
        if there.iter().all(|observation| observation.sharing == level) {
            return Ok(());
        }
        // How far they are shared, and which version that makes them, follows from the unit's setting.
        let mut now = there.clone();
        for observation in &mut now {
            observation.sharing = level;
            observation.version += 1;
        }
        self.put_in_ledger(&now);
        let measures: BTreeSet<MeasureId> = there.iter().map(|row| row.measure_id).collect();
        let book = self
            .measure_book(&measures.into_iter().collect::<Vec<_>>(), &[unit.id])
            .await?;
        self.shift_cells(&shifts(&there, &now, &book), &book.stood).await
    }
}

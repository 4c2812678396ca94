//! How many cycles each unit carried out in each month and how faithful they were, kept by whoever changes what that
//! follows from: a cycle, a ramp, an aim and its measure, or what was observed of it.
//!
//! A row says nothing of where the unit stands and how far it shares: both are looked up when it is read, so that moving
//! units and setting their sharing leave the rows alone, and a total can be kept back that is mostly one unit's. There is
//! one row for a unit and month in which anything was carried out, however many cycles and observations there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::measures::Period;
use spiral_domain::microsystems::{Aim, Cycle, CycleKind, FidelityTally, Ramp, tallies_of_ramp};
use spiral_domain::{AimId, Date, MeasureId, RampId, Result, UnitId};

use crate::measures::{Asked, ObservationChange};
use crate::sql::Rows;
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, Row, Type, Value};

/// The columns of a row after its key.
const COUNTS: &str = "cycles, iterative_cycles, prediction, small_scale, data_over_time, documentation";

/// Unit and month.
type Key = (UnitId, Date);

/// What units have reported of measures: the last days of the periods.
type Reported = HashMap<(UnitId, MeasureId), Vec<Date>>;

fn tally(row: &Row, first: usize) -> Result<FidelityTally> {
    let mut tally = FidelityTally {
        cycles: row.get(first)?,
        ..FidelityTally::default()
    };
    for (n, of) in tally.with.iter_mut().enumerate() {
        *of = row.get(first + 1 + n)?;
    }
    Ok(tally)
}

impl Store {
    /// What units carried out in the months that begin in this time, whoever may see it.
    pub async fn fidelity_months(
        &self,
        within: Period,
    ) -> Result<HashMap<UnitId, Vec<(Date, FidelityTally)>>> {
        let text = format!(
            "select unit_id, month, {COUNTS} from fidelity_cells where tenant_id = ? and month >= ? and month <= ?"
        );
        let values = [
            self.scope.tenant.value(),
            within.start.value(),
            within.end.value(),
        ];
        let mut months: HashMap<UnitId, Vec<(Date, FidelityTally)>> = HashMap::new();
        for row in self.fetch(self.sql(&text, values)).await? {
            let of_month = (row.get(1)?, tally(&row, 2)?);
            months.entry(row.get(0)?).or_default().push(of_month);
        }
        Ok(months)
    }

    /// The rows of some units, or of all.
    async fn fidelity_rows(&self, units: Option<&[UnitId]>) -> Result<BTreeMap<Key, FidelityTally>> {
        let text = format!("select unit_id, month, {COUNTS} from fidelity_cells where tenant_id = ?");
        let mut sql = self.sql(&text, [self.scope.tenant.value()]);
        if let Some(units) = units {
            sql.push(" and ").push_in("unit_id", units);
        }
        let rows = self.fetch(sql).await?;
        rows.iter()
            .map(|row| Ok(((row.get(0)?, row.get(1)?), tally(row, 2)?)))
            .collect()
    }

    /// What the rows of some units, or of all, must be, from the records alone.
    async fn count_fidelity(&self, units: Option<&[UnitId]>) -> Result<BTreeMap<Key, FidelityTally>> {
        let mut cycles = self.find_all::<Cycle>().filter(
            "not r.retracted and r.kind = ? and r.ramp_id is not null",
            [CycleKind::Pdsa.value()],
        );
        if let Some(units) = units {
            cycles = cycles.among("r.unit_id", units);
        }
        let mut by_ramp: BTreeMap<(UnitId, RampId), Vec<Cycle>> = BTreeMap::new();
        for cycle in cycles.all("r.id").await? {
            if let Some(ramp) = cycle.ramp_id {
                by_ramp.entry((cycle.unit_id, ramp)).or_default().push(cycle);
            }
        }
        let ramps: Vec<RampId> = by_ramp.keys().map(|(_, ramp)| *ramp).collect();
        let measures = self.measures_of_ramps(&ramps).await?;
        let reported = self.reported(by_ramp.keys(), &measures).await?;
        let none = Vec::new();
        let mut counted: BTreeMap<Key, FidelityTally> = BTreeMap::new();
        for ((unit, ramp), cycles) in by_ramp {
            let data = measures
                .get(&ramp)
                .and_then(|measure| reported.get(&(unit, *measure)))
                .unwrap_or(&none);
            for (month, tally) in tallies_of_ramp(&cycles, data) {
                counted.entry((unit, month)).or_default().add(&tally);
            }
        }
        Ok(counted)
    }

    /// By which measure each ramp is followed, if its aim has one.
    async fn measures_of_ramps(&self, ramps: &[RampId]) -> Result<HashMap<RampId, MeasureId>> {
        let ramps: Vec<Ramp> = self.find_all().ids(ramps).all("r.id").await?;
        let aims: Vec<AimId> = ramps.iter().map(|ramp| ramp.aim_id).collect();
        let aims: HashMap<AimId, Aim> = self.find_all::<Aim>().ids(&aims).by_id().await?;
        let measure = |ramp: &Ramp| aims.get(&ramp.aim_id)?.measure_id;
        Ok(ramps
            .iter()
            .filter_map(|ramp| Some((ramp.id, measure(ramp)?)))
            .collect())
    }

    async fn reported(
        &self,
        ramps: impl Iterator<Item = &(UnitId, RampId)>,
        measures: &HashMap<RampId, MeasureId>,
    ) -> Result<Reported> {
        let wanted: BTreeSet<(UnitId, MeasureId)> = ramps
            .filter_map(|(unit, ramp)| Some((*unit, *measures.get(ramp)?)))
            .collect();
        let units: BTreeSet<UnitId> = wanted.iter().map(|(unit, _)| *unit).collect();
        let measures: BTreeSet<MeasureId> = wanted.iter().map(|(_, measure)| *measure).collect();
        let (units, measures) = (Vec::from_iter(units), Vec::from_iter(measures));
        let asked = Asked {
            measures: Some(&measures),
            units: Some(&units),
            ..Asked::default()
        };
        let mut days: BTreeSet<(UnitId, MeasureId, Date)> = BTreeSet::new();
        for of in self.as_system().seen_observations(&asked).await? {
            if of.quality.has_figure() && wanted.contains(&(of.unit_id, of.measure_id)) {
                days.insert((of.unit_id, of.measure_id, of.period_end));
            }
        }
        let mut reported = Reported::new();
        for (unit, measure, day) in days {
            reported.entry((unit, measure)).or_default().push(day);
        }
        Ok(reported)
    }

    /// Compares the counts of how faithful cycles are with what the records say; lists every difference.
    pub async fn verify_fidelity_cells(&self) -> Result<Vec<String>> {
        let mut expected = self.count_fidelity(None).await?;
        let mut findings = Vec::new();
        for ((unit, month), there) in self.fidelity_rows(None).await? {
            let wanted = expected.remove(&(unit, month)).unwrap_or_default();
            if there != wanted {
                findings.push(format!(
                    "of the cycles of unit {unit} in the month from {month} {there:?} is counted, not {wanted:?}"
                ));
            }
        }
        findings.extend(expected.iter().map(|((unit, month), wanted)| {
            format!("the cycles of unit {unit} in the month from {month} are not counted: {wanted:?}")
        }));
        findings.sort();
        Ok(findings)
    }
}

impl Tx {
    /// Writes the counts of how faithful cycles are anew from the records.
    pub async fn rebuild_fidelity_cells(&mut self) -> Result<()> {
        let counted = self.count_fidelity(None).await?;
        let text = "delete from fidelity_cells where tenant_id = ?";
        self.run(text, [self.scope.tenant.value()]).await?;
        self.add_fidelity_cells(counted).await
    }

    /// Lets the counts of these units follow their records, after these were written.
    pub(crate) async fn recount_fidelity(&mut self, units: &[UnitId]) -> Result<()> {
        if units.is_empty() {
            return Ok(());
        }
        let there = self.fidelity_rows(Some(units)).await?;
        let counted = Box::pin(self.count_fidelity(Some(units))).await?;
        if there == counted {
            return Ok(());
        }
        let mut sql = self.sql(
            "delete from fidelity_cells where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("unit_id", units);
        self.execute(sql).await?;
        self.add_fidelity_cells(counted).await
    }

    /// The same after observations were written: of the units that test changes by what was observed.
    pub(crate) async fn recount_fidelity_of(&mut self, changes: &[ObservationChange]) -> Result<()> {
        let pairs: BTreeSet<(MeasureId, UnitId)> = changes
            .iter()
            .flat_map(|change| change.before.iter().chain([&change.after]))
            .map(|observation| (observation.measure_id, observation.unit_id))
            .collect();
        let measures: BTreeSet<MeasureId> = pairs.iter().map(|(measure, _)| *measure).collect();
        let mut sql = self.sql(
            "select distinct a.measure_id, a.unit_id from aims a join ramps r on r.tenant_id = a.tenant_id \
             and r.aim_id = a.id where a.tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("a.measure_id", &measures.into_iter().collect::<Vec<_>>());
        let mut units: BTreeSet<UnitId> = BTreeSet::new();
        for row in self.fetch(sql).await? {
            let pair: (MeasureId, UnitId) = (row.get(0)?, row.get(1)?);
            if pairs.contains(&pair) {
                units.insert(pair.1);
            }
        }
        self.recount_fidelity(&units.into_iter().collect::<Vec<_>>())
            .await
    }

    async fn add_fidelity_cells(&mut self, counted: BTreeMap<Key, FidelityTally>) -> Result<()> {
        if counted.is_empty() {
            return Ok(());
        }
        let mut columns = vec![
            ("tenant_id", Type::Uuid),
            ("unit_id", Type::Uuid),
            ("month", Type::Date),
        ];
        columns.extend(COUNTS.split(", ").map(|name| (name, Type::Int)));
        let mut rows = Rows::new(columns);
        for ((unit, month), tally) in counted {
            let mut row: Vec<Value> = vec![
                self.scope.tenant.value(),
                unit.value(),
                month.value(),
                tally.cycles.value(),
            ];
            row.extend(tally.with.map(|n| n.value()));
            rows.push(row);
        }
        let columns = format!("tenant_id, unit_id, month, {COUNTS}");
        self.run_rows(
            &format!("insert into fidelity_cells ({columns}) select {columns} from "),
            rows,
            "new",
            "",
        )
        .await?;
        Ok(())
    }
}

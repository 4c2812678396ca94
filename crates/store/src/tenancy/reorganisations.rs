//! Reorganisations and successions, as rows.

use std::collections::{HashMap, HashSet};

use spiral_domain::field_tests::FieldTestResult;
use spiral_domain::people::Grant;
use spiral_domain::spirals::Spiral;
use spiral_domain::spread::AdoptionEvent;
use spiral_domain::sustainability::Assessment;
use spiral_domain::tenancy::{Reorganisation, ReorganisationKind, Succession, UnitChange};
use spiral_domain::{Date, PrincipalId, ReorganisationId, Result, SuccessionId, Timestamp, UnitId};

use crate::record::{Record, Scoping, record};
use crate::sql::Rows;
use crate::store::{Find, Store};
use crate::tx::Tx;
use crate::value::{Column as _, Type, as_json_text};

as_json_text!(ReorganisationKind, Vec<UnitChange>);

record!(Reorganisation, 50, "reorganisation", "reorganisation", "reorganisations", Scoping::Directory, {
    id: ReorganisationId, unit_id: UnitId, kind: ReorganisationKind, effective_on: Date, reason: Option<String>,
    name: Option<String>, changes: Vec<UnitChange>, reverses_id: Option<ReorganisationId>,
    reversed_by_id: Option<ReorganisationId>, recorded_by: PrincipalId, recorded_at: Timestamp, version: i64,
});

record!(Succession, 51, "unit_succession", "succession", "unit_successions", Scoping::Directory, {
    id: SuccessionId, predecessor_id: UnitId, successor_id: UnitId, legal_start: Date,
    reorganisation_id: Option<ReorganisationId>, withdrawn: bool, version: i64, recorded_at: Timestamp,
});

/// What of a unit's work the reader may see, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkCounts {
    /// Observations.
    pub observations: i64,
    /// Adoption events.
    pub adoption_events: i64,
    /// Field-test results.
    pub results: i64,
    /// Open sustainability assessments.
    pub open_assessments: i64,
    /// Spirals that go on.
    pub open_spirals: i64,
    /// Roles held on it.
    pub grants: i64,
    /// Networks that it is a member of.
    pub networks: i64,
}

impl Store {
    /// Reorganisations that concern a unit.
    pub fn reorganisations_of(&self, unit: UnitId) -> Find<'_, Reorganisation> {
        self.find::<Reorganisation>().filter(
            "exists (select 1 from reorganised_units x where x.tenant_id = r.tenant_id \
             and x.reorganisation_id = r.id and x.unit_id = ?)",
            [unit.value()],
        )
    }

    /// The successions that hold, of each unit: those in which it is the predecessor or the successor.
    pub async fn successions_of(&self, units: &[UnitId]) -> Result<HashMap<UnitId, Vec<Succession>>> {
        let found = self
            .find::<Succession>()
            .filter("r.withdrawn = ?", [false.value()])
            .with(|sql| {
                sql.push("(")
                    .push_in("r.predecessor_id", units)
                    .push(" or ")
                    .push_in("r.successor_id", units)
                    .push(")");
            })
            .all("r.legal_start, r.id")
            .await?;
        let mut by_unit: HashMap<UnitId, Vec<Succession>> = HashMap::new();
        let asked: HashSet<UnitId> = units.iter().copied().collect();
        for succession in found {
            for unit in [succession.predecessor_id, succession.successor_id] {
                if asked.contains(&unit) {
                    by_unit.entry(unit).or_default().push(succession.clone());
                }
            }
        }
        Ok(by_unit)
    }

    /// The codes of the units that came after each of these.
    pub async fn successor_codes(&self, units: &[UnitId]) -> Result<HashMap<UnitId, Vec<String>>> {
        let mut sql = self.sql(
            "select s.predecessor_id, u.code from unit_successions s \
             join org_units u on u.tenant_id = s.tenant_id and u.id = s.successor_id \
             where s.tenant_id = ? and s.withdrawn = ? and ",
            [self.scope.tenant.value(), false.value()],
        );
        sql.push_in("s.predecessor_id", units).push(" order by u.code");
        let mut codes: HashMap<UnitId, Vec<String>> = HashMap::new();
        for row in self.fetch(sql).await? {
            codes.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        Ok(codes)
    }

    /// What of each unit's work the reader may see.
    pub async fn work_of(&self, units: &[UnitId]) -> Result<HashMap<UnitId, WorkCounts>> {
        let mut counts: HashMap<UnitId, WorkCounts> = HashMap::new();
        for (unit, n) in self.observation_counts(units, None).await? {
            counts.entry(unit).or_default().observations = n;
        }
        let live = self
            .find::<AdoptionEvent>()
            .filter("r.retracted = ?", [false.value()]);
        for (unit, n) in self.counted(live, units).await? {
            counts.entry(unit).or_default().adoption_events = n;
        }
        let live = self
            .find::<FieldTestResult>()
            .filter("r.retracted = ?", [false.value()]);
        for (unit, n) in self.counted(live, units).await? {
            counts.entry(unit).or_default().results = n;
        }
        let open = self.find::<Assessment>().filter("r.status <> 'closed'", []);
        for (unit, n) in self.counted(open, units).await? {
            counts.entry(unit).or_default().open_assessments = n;
        }
        let open = self
            .find::<Spiral>()
            .filter("r.status in ('active', 'dormant')", []);
        for (unit, n) in self.counted(open, units).await? {
            counts.entry(unit).or_default().open_spirals = n;
        }
        let held = self.find::<Grant>().filter("r.revoked_at is null", []);
        for (unit, n) in self.counted(held, units).await? {
            counts.entry(unit).or_default().grants = n;
        }
        let mut sql = self.sql(
            "select unit_id, count(*) from network_members where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("unit_id", units).push(" group by unit_id");
        for row in self.fetch(sql).await? {
            counts.entry(row.get(0)?).or_default().networks = row.get(1)?;
        }
        Ok(counts)
    }

    async fn counted<R: Record>(&self, find: Find<'_, R>, units: &[UnitId]) -> Result<HashMap<UnitId, i64>> {
        let sql = find.among("r.unit_id", units).count_by("r.unit_id");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect()
    }
}

impl Tx {
    /// Writes a reorganisation with the units that it concerns.
    pub async fn add_reorganisation(&mut self, reorganisation: &Reorganisation) -> Result<()> {
        self.insert(reorganisation).await?;
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("unit_id", Type::Uuid),
            ("reorganisation_id", Type::Uuid),
        ]);
        let mut units: Vec<UnitId> = reorganisation
            .changes
            .iter()
            .map(|change| change.unit_id)
            .collect();
        units.push(reorganisation.unit_id);
        units.extend(reorganisation.changes.iter().flat_map(|change| {
            let stands = change.before.stands.iter().chain(&change.after.stands);
            stands
                .filter(|standing| {
                    !(change.before.stands.contains(standing) && change.after.stands.contains(standing))
                })
                .map(|standing| standing.parent_id)
        }));
        units.sort_unstable();
        units.dedup();
        for unit in units {
            rows.push(vec![
                self.scope.tenant.value(),
                unit.value(),
                reorganisation.id.value(),
            ]);
        }
        let columns = "tenant_id, unit_id, reorganisation_id";
        self.run_rows(
            &format!("insert into reorganised_units ({columns}) select {columns} from "),
            rows,
            "new",
            "",
        )
        .await?;
        Ok(())
    }

    /// Notes that a reorganisation was reversed.
    pub async fn change_reorganisation(&mut self, reorganisation: &Reorganisation) -> Result<()> {
        self.update(reorganisation).await
    }

    /// Writes new and changed successions.
    pub async fn put_successions(&mut self, successions: &[Succession]) -> Result<()> {
        self.put_all(successions).await
    }
}

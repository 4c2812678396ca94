//! The counts that dashboards read, kept by whoever changes what is counted.
//!
//! A cell holds the changes of one year for one subject at one node of the tree and one sharing level, packed. The
//! subject is an innovation, or an eligibility rule: then the cells count the units that match it. Each unit
//! contributes at every unit above it and at itself, for as long as it stood there, on the level to which it shares
//! its adoption events; on a change its contribution is taken out as it was and put in as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::innovations::{Eligibility, Innovation};
use spiral_domain::spread::{
    Adoption, AdoptionEvent, FlowEntry, Series, adoption_series, in_order, open_series,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, InnovationId, Result, Sharing, UnitId};
use uuid::Uuid;

use super::{Histories, adoption_columns, adoption_values, eligibility_id, packing};
use crate::sql::Rows;
use crate::store::Store;
use crate::tenancy::Spans;
use crate::tx::Tx;
use crate::value::{Column as _, Type};

/// Subject, node, level, year.
type Key = (Uuid, UnitId, i16, i16);

#[derive(Default)]
struct Deltas(BTreeMap<Key, Series>);

impl Deltas {
    fn place(
        &mut self,
        subject: Uuid,
        series: &Series,
        times: i32,
        level: Sharing,
        spans: &[(UnitId, Date, Date)],
    ) {
        if series.is_empty() {
            return;
        }
        for (node, from, to) in spans {
            for (year, part) in packing::by_year(&series.within(*from, *to)) {
                self.0
                    .entry((subject, *node, level.level(), year))
                    .or_default()
                    .merge(&part, times);
            }
        }
    }
}

/// Cells as read: changes by subject, node and sharing level.
#[derive(Debug, Default)]
pub struct SpreadCells(HashMap<(Uuid, UnitId), Vec<(i16, Series)>>);

impl SpreadCells {
    /// The sum over the levels in the range.
    pub fn sum(&self, subject: Uuid, node: UnitId, levels: std::ops::Range<i16>) -> Series {
        let mut sum: Option<Series> = None;
        for (_, series) in self
            .0
            .get(&(subject, node))
            .into_iter()
            .flatten()
            .filter(|(level, _)| levels.contains(level))
        {
            match &mut sum {
                None => sum = Some(series.clone()),
                Some(sum) => sum.merge(series, 1),
            }
        }
        sum.unwrap_or_default()
    }
}

fn by_innovation(events: Vec<AdoptionEvent>) -> BTreeMap<InnovationId, Vec<AdoptionEvent>> {
    let mut sorted: BTreeMap<InnovationId, Vec<AdoptionEvent>> = BTreeMap::new();
    for event in events {
        sorted.entry(event.innovation_id).or_default().push(event);
    }
    sorted
}

fn by_unit(events: Vec<AdoptionEvent>) -> BTreeMap<UnitId, Vec<AdoptionEvent>> {
    let mut sorted: BTreeMap<UnitId, Vec<AdoptionEvent>> = BTreeMap::new();
    for event in events {
        sorted.entry(event.unit_id).or_default().push(event);
    }
    sorted
}

/// What a unit contributes to each rule that it matches and to each innovation of which it has events.
fn contributions(
    unit: &OrgUnit,
    rules: &BTreeSet<Eligibility>,
    innovations: &HashMap<InnovationId, Innovation>,
    events: &BTreeMap<InnovationId, Vec<AdoptionEvent>>,
) -> Vec<(Uuid, Series)> {
    let open = open_series(unit);
    let matching = rules.iter().filter(|rule| rule.matches(unit));
    let mut all: Vec<(Uuid, Series)> = matching
        .map(|rule| (eligibility_id(rule), open.clone()))
        .collect();
    for (id, events) in events {
        if let Some(innovation) = innovations.get(id) {
            all.push((id.0, contribution(unit, innovation, events)));
        }
    }
    all
}

fn contribution(unit: &OrgUnit, innovation: &Innovation, events: &[AdoptionEvent]) -> Series {
    adoption_series(unit, innovation.eligibility().matches(unit), &in_order(events))
}

/// Every rule that has cells: those of the innovations, and the one that lets any unit through.
fn rules_of<'i>(innovations: impl IntoIterator<Item = &'i Innovation>) -> BTreeSet<Eligibility> {
    let mut rules: BTreeSet<Eligibility> = innovations.into_iter().map(Innovation::eligibility).collect();
    rules.insert(Eligibility::default());
    rules
}

impl Store {
    /// The cells of these subjects at these nodes, all levels: what of them a reader may be told is for the caller
    /// to decide by level.
    pub async fn spread_cells(&self, subjects: &[Uuid], nodes: &[UnitId]) -> Result<SpreadCells> {
        let mut sql = self.sql(
            "select subject_id, node_id, level, year, changes from spread_cells where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("subject_id", subjects)
            .push(" and ")
            .push_in("node_id", nodes)
            .push(" order by subject_id, node_id, level, year");
        let mut cells: HashMap<(Uuid, UnitId), Vec<(i16, Series)>> = HashMap::new();
        let mut current: Option<(Uuid, UnitId, i16, Vec<FlowEntry>)> = None;
        let mut close = |done: Option<(Uuid, UnitId, i16, Vec<FlowEntry>)>| {
            if let Some((subject, node, level, entries)) = done {
                cells
                    .entry((subject, node))
                    .or_default()
                    .push((level, Series::from_entries(entries)));
            }
        };
        for row in self.fetch(sql).await? {
            let (subject, node, level): (Uuid, UnitId, i16) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (year, packed): (i16, Vec<u8>) = (row.get(3)?, row.get(4)?);
            if current
                .as_ref()
                .is_none_or(|(s, n, l, _)| (*s, *n, *l) != (subject, node, level))
            {
                close(current.replace((subject, node, level, Vec::new())));
            }
            if let Some((.., entries)) = &mut current {
                packing::unpack(year, &packed, entries)?;
            }
        }
        close(current);
        Ok(SpreadCells(cells))
    }

    async fn all_innovations(&self) -> Result<HashMap<InnovationId, Innovation>> {
        self.find_all::<Innovation>().by_id().await
    }

    /// Every unit with where it has stood and how far it shares.
    async fn all_units(&self) -> Result<(Vec<OrgUnit>, Spans, HashMap<UnitId, Sharing>)> {
        let units = self.find_all::<OrgUnit>().all("r.id").await?;
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let spans = self.spans(&ids).await?;
        let levels = self.adoption_sharing(&units.iter().collect::<Vec<_>>()).await?;
        Ok((units, spans, levels))
    }

    /// What the cells and the adoptions must be, from the records alone.
    async fn recount(&self) -> Result<(Deltas, Vec<(Adoption, Sharing)>)> {
        let (units, spans, levels) = self.all_units().await?;
        let innovations = self.all_innovations().await?;
        let rules = rules_of(innovations.values());
        let mut deltas = Deltas::default();
        let mut adoptions = Vec::new();
        let none = Vec::new();
        for unit in &units {
            let spans = spans.get(&unit.id).unwrap_or(&none);
            let level = levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
            for (subject, series) in contributions(unit, &rules, &innovations, &BTreeMap::new()) {
                deltas.place(subject, &series, 1, level, spans);
            }
        }
        let units: HashMap<UnitId, &OrgUnit> = units.iter().map(|unit| (unit.id, unit)).collect();
        for (id, innovation) in &innovations {
            let events = self
                .find_all::<AdoptionEvent>()
                .filter("r.innovation_id = ?", [id.value()])
                .all("r.id")
                .await?;
            for (unit_id, events) in by_unit(events) {
                let Some(unit) = units.get(&unit_id) else { continue };
                let level = levels.get(&unit_id).copied().unwrap_or(Sharing::Team);
                let series = contribution(unit, innovation, &events);
                deltas.place(id.0, &series, 1, level, spans.get(&unit_id).unwrap_or(&none));
                adoptions.extend(Adoption::of(&in_order(&events)).map(|adoption| (adoption, level)));
            }
        }
        deltas.0.retain(|_, series| !series.is_empty());
        Ok((deltas, adoptions))
    }

    /// Compares adoptions and spread cells with what the records say; lists every difference.
    pub async fn verify_spread_cells(&self) -> Result<Vec<String>> {
        let (mut expected, adoptions) = self.recount().await?;
        let mut findings = Vec::new();
        let rows = self
            .fetch(self.sql(
                "select subject_id, node_id, level, year, changes from spread_cells where tenant_id = ?",
                [self.scope.tenant.value()],
            ))
            .await?;
        for row in rows {
            let key: Key = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let mut entries = Vec::new();
            let readable = packing::unpack(key.3, &row.get::<Vec<u8>>(4)?, &mut entries).is_ok();
            let wanted = expected.0.remove(&key).unwrap_or_default();
            if !readable || entries != wanted.entries() {
                findings.push(format!(
                    "the spread of {} at unit {} in {} (level {}) is not what the events say",
                    key.0, key.1, key.3, key.2
                ));
            }
        }
        findings.extend(expected.0.keys().map(|key| {
            format!(
                "the spread of {} at unit {} in {} (level {}) is missing",
                key.0, key.1, key.3, key.2
            )
        }));
        let columns = adoption_columns("");
        let rows = self
            .fetch(self.sql(
                &format!("select {columns} from adoptions where tenant_id = ?"),
                [self.scope.tenant.value()],
            ))
            .await?;
        let mut there = HashMap::new();
        for row in rows {
            let adoption = super::read_adoption(&row)?;
            let level: Sharing = row.get(14)?;
            there.insert((adoption.innovation_id, adoption.unit_id), (adoption, level));
        }
        for (adoption, level) in adoptions {
            let pair = (adoption.innovation_id, adoption.unit_id);
            if there.remove(&pair) != Some((adoption, level)) {
                findings.push(format!(
                    "the adoption of {} by unit {} is not what its events say",
                    pair.0, pair.1
                ));
            }
        }
        findings.extend(
            there
                .keys()
                .map(|pair| format!("unit {} has no events of {}, but an adoption", pair.1, pair.0)),
        );
        findings.sort();
        Ok(findings)
    }
}

impl Tx {
    /// Writes adoptions and spread cells anew from the records.
    pub async fn rebuild_spread_cells(&mut self) -> Result<()> {
        let (deltas, adoptions) = self.recount().await?;
        for table in ["spread_cells", "adoptions"] {
            self.run(
                &format!("delete from {table} where tenant_id = ?"),
                [self.scope.tenant.value()],
            )
            .await?;
        }
        let rows = adoptions
            .iter()
            .map(|(adoption, level)| adoption_values(adoption, *level))
            .collect();
        self.write_adoptions(rows, &[]).await?;
        self.write_cells(deltas).await
    }

    pub(super) async fn move_events(
        &mut self,
        units: &HashMap<UnitId, OrgUnit>,
        levels: &HashMap<UnitId, Sharing>,
        before: &Histories,
        after: &Histories,
    ) -> Result<()> {
        let mut ids: Vec<InnovationId> = after.keys().map(|(innovation, _)| *innovation).collect();
        ids.dedup();
        let innovations: HashMap<InnovationId, Innovation> =
            self.find_all::<Innovation>().ids(&ids).by_id().await?;
        let spans = self.spans(&units.keys().copied().collect::<Vec<_>>()).await?;
        let mut deltas = Deltas::default();
        for (pair, events) in after {
            let (Some(innovation), Some(unit), Some(level), Some(spans)) = (
                innovations.get(&pair.0),
                units.get(&pair.1),
                levels.get(&pair.1),
                spans.get(&pair.1),
            ) else {
                continue;
            };
            let mut change = contribution(unit, innovation, events);
            if let Some(events) = before.get(pair) {
                change.merge(&contribution(unit, innovation, events), -1);
            }
            deltas.place(pair.0.0, &change, 1, *level, spans);
        }
        self.apply_cells(deltas).await
    }

    pub(super) async fn move_level(
        &mut self,
        unit: &OrgUnit,
        was: Sharing,
        is: Sharing,
        events: &[AdoptionEvent],
    ) -> Result<()> {
        let innovations = self.all_innovations().await?;
        let rules = rules_of(innovations.values());
        let spans = self.spans(&[unit.id]).await?;
        let spans = spans.get(&unit.id).map(Vec::as_slice).unwrap_or_default();
        let mut deltas = Deltas::default();
        for (subject, series) in contributions(unit, &rules, &innovations, &by_innovation(events.to_vec())) {
            deltas.place(subject, &series, -1, was, spans);
            deltas.place(subject, &series, 1, is, spans);
        }
        self.apply_cells(deltas).await
    }

    /// Lets the counts follow units that have moved in the tree, or closed.
    pub(crate) async fn move_spread(
        &mut self,
        changes: &[(OrgUnit, OrgUnit)],
        before: &Spans,
        after: &Spans,
    ) -> Result<()> {
        let counts = |unit: &OrgUnit| {
            (
                unit.kind,
                unit.service_area.clone(),
                unit.opened_on,
                unit.closed_on,
            )
        };
        let changes: Vec<&(OrgUnit, OrgUnit)> = changes
            .iter()
            .filter(|(was, is)| before.get(&is.id) != after.get(&is.id) || counts(was) != counts(is))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let innovations = self.all_innovations().await?;
        let rules = rules_of(innovations.values());
        let units: Vec<&OrgUnit> = changes.iter().map(|(_, is)| is).collect();
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let levels = self.adoption_sharing(&units).await?;
        let mut events = by_unit(
            self.find_all::<AdoptionEvent>()
                .among("r.unit_id", &ids)
                .all("r.id")
                .await?,
        );
        let mut deltas = Deltas::default();
        for (was, is) in changes {
            let (Some(from), Some(to), Some(level)) =
                (before.get(&is.id), after.get(&is.id), levels.get(&is.id))
            else {
                continue;
            };
            let events = by_innovation(events.remove(&is.id).unwrap_or_default());
            for (subject, series) in contributions(was, &rules, &innovations, &events) {
                deltas.place(subject, &series, -1, *level, from);
            }
            for (subject, series) in contributions(is, &rules, &innovations, &events) {
                deltas.place(subject, &series, 1, *level, to);
            }
        }
        self.apply_cells(deltas).await
    }

    pub(super) async fn move_units(&mut self, changes: &[&(Option<OrgUnit>, OrgUnit)]) -> Result<()> {
        let innovations = self.all_innovations().await?;
        let rules = rules_of(innovations.values());
        let units: Vec<&OrgUnit> = changes.iter().map(|(_, after)| after).collect();
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let spans = self.spans(&ids).await?;
        let levels = self.adoption_sharing(&units).await?;
        let old: Vec<UnitId> = changes
            .iter()
            .filter(|(before, _)| before.is_some())
            .map(|(_, after)| after.id)
            .collect();
        let mut events = if old.is_empty() {
            BTreeMap::new()
        } else {
            by_unit(
                self.find_all::<AdoptionEvent>()
                    .among("r.unit_id", &old)
                    .all("r.id")
                    .await?,
            )
        };
        let mut deltas = Deltas::default();
        for (before, after) in changes {
            let (Some(spans), Some(level)) = (spans.get(&after.id), levels.get(&after.id)) else {
                continue;
            };
            let events = by_innovation(events.remove(&after.id).unwrap_or_default());
            if let Some(before) = before {
                for (subject, series) in contributions(before, &rules, &innovations, &events) {
                    deltas.place(subject, &series, -1, *level, spans);
                }
            }
            for (subject, series) in contributions(after, &rules, &innovations, &events) {
                deltas.place(subject, &series, 1, *level, spans);
            }
        }
        self.apply_cells(deltas).await
    }

    /// Counts the units of a rule, unless that is done already for another innovation.
    pub(super) async fn count_eligible(
        &mut self,
        innovation: InnovationId,
        rule: &Eligibility,
    ) -> Result<()> {
        let mut others = self.all_innovations().await?;
        others.remove(&innovation);
        if rules_of(others.values()).contains(rule) {
            return Ok(());
        }
        let (units, spans, levels) = self.all_units().await?;
        let mut deltas = Deltas::default();
        for unit in units.iter().filter(|unit| rule.matches(unit)) {
            if let (Some(spans), Some(level)) = (spans.get(&unit.id), levels.get(&unit.id)) {
                deltas.place(eligibility_id(rule), &open_series(unit), 1, *level, spans);
            }
        }
        self.write_cells(deltas).await
    }

    /// Drops the cells of a rule that no innovation has any longer.
    pub(super) async fn forget_eligible(&mut self, rule: &Eligibility) -> Result<()> {
        if rules_of(self.all_innovations().await?.values()).contains(rule) {
            return Ok(());
        }
        self.drop_cells(eligibility_id(rule)).await
    }

    /// Counts an innovation's events anew.
    pub(super) async fn recount_innovation(&mut self, innovation: &Innovation) -> Result<()> {
        self.drop_cells(innovation.id.0).await?;
        let events = self
            .find_all::<AdoptionEvent>()
            .filter("r.innovation_id = ?", [innovation.id.value()])
            .all("r.id")
            .await?;
        let events = by_unit(events);
        let ids: Vec<UnitId> = events.keys().copied().collect();
        let units = self.units_by_id(&ids).await?;
        let levels = self.adoption_sharing(&units.values().collect::<Vec<_>>()).await?;
        let spans = self.spans(&ids).await?;
        let mut deltas = Deltas::default();
        for (id, events) in &events {
            if let (Some(unit), Some(level), Some(spans)) = (units.get(id), levels.get(id), spans.get(id)) {
                let series = contribution(unit, innovation, events);
                deltas.place(innovation.id.0, &series, 1, *level, spans);
            }
        }
        self.write_cells(deltas).await
    }

    async fn drop_cells(&mut self, subject: Uuid) -> Result<()> {
        self.run(
            "delete from spread_cells where tenant_id = ? and subject_id = ?",
            [self.scope.tenant.value(), subject.value()],
        )
        .await?;
        Ok(())
    }

    /// Adds to the cells that are there.
    async fn apply_cells(&mut self, mut deltas: Deltas) -> Result<()> {
        deltas.0.retain(|_, series| !series.is_empty());
        let mut rows = Rows::new(vec![
            ("subject_id", Type::Uuid),
            ("node_id", Type::Uuid),
            ("level", Type::Small),
            ("year", Type::Small),
        ]);
        for (subject, node, level, year) in deltas.0.keys() {
            rows.push(vec![subject.value(), node.value(), level.value(), year.value()]);
        }
        for piece in rows.pieces(self.dialect()) {
            let mut sql = self.sql(
                "select c.subject_id, c.node_id, c.level, c.year, c.changes from ",
                [],
            );
            sql.push_rows(&piece, "k")
                .push(
                    " join spread_cells c on c.subject_id = k.subject_id and c.node_id = k.node_id \
                     and c.level = k.level and c.year = k.year where c.tenant_id = ",
                )
                .bind(self.scope.tenant);
            for row in self.fetch(sql).await? {
                let key: Key = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                let mut entries = Vec::new();
                packing::unpack(key.3, &row.get::<Vec<u8>>(4)?, &mut entries)?;
                if let Some(series) = deltas.0.get_mut(&key) {
                    series.merge(&Series::from_entries(entries), 1);
                }
            }
        }
        self.write_cells(deltas).await
    }

    /// Writes cells as they are to be. One that has come to nothing stays as an empty row.
    async fn write_cells(&mut self, deltas: Deltas) -> Result<()> {
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("subject_id", Type::Uuid),
            ("node_id", Type::Uuid),
            ("level", Type::Small),
            ("year", Type::Small),
            ("changes", Type::Bytes),
        ]);
        for ((subject, node, level, year), series) in &deltas.0 {
            rows.push(vec![
                self.scope.tenant.value(),
                subject.value(),
                node.value(),
                level.value(),
                year.value(),
                packing::pack(series).value(),
            ]);
        }
        let columns = "tenant_id, subject_id, node_id, level, year, changes";
        self.run_rows(
            &format!("insert into spread_cells ({columns}) select {columns} from "),
            rows,
            "new",
            " where true on conflict (tenant_id, subject_id, node_id, level, year) do update set changes = excluded.changes",
        )
        .await?;
        Ok(())
    }
}

//! Innovations, adoption events and adoptions, as rows.

mod cells;
mod packing;

pub use cells::SpreadCells;

use std::collections::{BTreeMap, HashMap};

use spiral_domain::innovations::{Innovation, InnovationMove, InnovationStatus};
use spiral_domain::people::{Action, May};
use spiral_domain::spread::{Adoption, AdoptionEvent, Mode, Stage, in_order};
use spiral_domain::tenancy::{OrgUnit, Tier, UnitKind};
use spiral_domain::{
    AdoptionEventId, Date, DatePrecision, InnovationId, Place, PrincipalId, Result, Sharing, Timestamp,
    UnitId, WorkKind,
};
use uuid::Uuid;

use crate::record::{Record as _, Scoping, record};
use crate::sql::Rows;
use crate::store::{Slice, Store, Window};
use crate::tenancy::Coded;
use crate::tx::Tx;
use crate::value::{Column, Row, Type, Value, as_json_text};

as_json_text!(InnovationStatus, Stage, Mode, Vec<Tier>, Vec<UnitKind>);

record!(Innovation, 20, "innovation", "innovation", "innovations", Scoping::Directory, {
    id: InnovationId, code: String, name: String, summary: Option<String>, unit_id: UnitId,
    status: InnovationStatus, evidence: Option<String>, tiers: Vec<Tier>, kinds: Vec<UnitKind>,
    service_areas: Vec<String>, source: Option<String>, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(AdoptionEvent, 21, "adoption_event", "adoption event", "adoption_events", Scoping::Shared(Action::ReadAdoption), {
    id: AdoptionEventId, innovation_id: InnovationId, unit_id: UnitId, stage: Stage, occurred_on: Date,
    occurred_precision: DatePrecision, mode: Option<Mode>, learnt_from_id: Option<UnitId>,
    learnt_from_tier: Option<Tier>, reason: Option<String>, fidelity_note: Option<String>,
    reinvention_note: Option<String>, source: Option<String>, external_id: Option<String>,
    recorded_by: PrincipalId, recorded_at: Timestamp, disputed: bool, dispute_note: Option<String>,
    retracted: bool, sharing: Sharing, version: i64, updated_at: Timestamp,
});

impl Coded for Innovation {
    fn code(&self) -> &str {
        &self.code
    }
}

/// A unit's part in an innovation.
pub type Pair = (InnovationId, UnitId);

/// All events of some pairs, retracted ones too.
pub type Histories = BTreeMap<Pair, Vec<AdoptionEvent>>;

const ADOPTION_COLUMNS: [(&str, Type); 15] = [
    ("innovation_id", Type::Uuid),
    ("unit_id", Type::Uuid),
    ("stage", Type::Text),
    ("since", Type::Date),
    ("since_precision", Type::Text),
    ("event_id", Type::Uuid),
    ("aware_on", Type::Date),
    ("ever_adopted_on", Type::Date),
    ("ever_adopted_precision", Type::Text),
    ("mode", Type::Text),
    ("learnt_from_id", Type::Uuid),
    ("routine_on", Type::Date),
    ("ended_on", Type::Date),
    ("disputed", Type::Bool),
    ("sharing", Type::Small),
];

fn read_adoption(row: &Row) -> Result<Adoption> {
    Ok(Adoption {
        innovation_id: row.get(0)?,
        unit_id: row.get(1)?,
        stage: row.get(2)?,
        since: row.get(3)?,
        since_precision: row.get(4)?,
        event_id: row.get(5)?,
        aware_on: row.get(6)?,
        ever_adopted_on: row.get(7)?,
        ever_adopted_precision: row.get(8)?,
        mode: row.get(9)?,
        learnt_from_id: row.get(10)?,
        routine_on: row.get(11)?,
        ended_on: row.get(12)?,
        disputed: row.get(13)?,
    })
}

fn adoption_values(adoption: &Adoption, sharing: Sharing) -> Vec<Value> {
    vec![
        adoption.innovation_id.value(),
        adoption.unit_id.value(),
        adoption.stage.value(),
        adoption.since.value(),
        adoption.since_precision.value(),
        adoption.event_id.value(),
        adoption.aware_on.value(),
        adoption.ever_adopted_on.value(),
        adoption.ever_adopted_precision.value(),
        adoption.mode.value(),
        adoption.learnt_from_id.value(),
        adoption.routine_on.value(),
        adoption.ended_on.value(),
        adoption.disputed.value(),
        sharing.value(),
    ]
}

fn adoption_columns(alias: &str) -> String {
    let names: Vec<String> = ADOPTION_COLUMNS
        .iter()
        .map(|(name, _)| format!("{alias}{name}"))
        .collect();
    names.join(", ")
}

/// Which adoptions a list shows.
#[derive(Debug, Clone, Default)]
pub struct AdoptionFilter {
    /// Of these innovations; all if empty.
    pub innovations: Vec<InnovationId>,
    /// Of these units; all if empty.
    pub units: Vec<UnitId>,
    /// Of units at or beneath the one with this path.
    pub within: Option<String>,
    /// At this stage.
    pub stage: Option<Stage>,
}

impl Store {
    /// Adoptions that the caller may see, in the order of innovation and unit, or of the last change to the events
    /// that each is made of.
    pub async fn adoptions(&self, filter: &AdoptionFilter, window: &Window) -> Result<Slice<Adoption>> {
        let changed = "(select max(e.updated_at) from adoption_events e where e.tenant_id = r.tenant_id \
                       and e.innovation_id = r.innovation_id and e.unit_id = r.unit_id)";
        let by_change = window.sort.by_change();
        let mut columns = adoption_columns("r.");
        if by_change {
            columns = format!("{columns}, {changed}");
        }
        let mut sql = self.sql(
            &format!(
                "select {columns} from adoptions r join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id \
                 where r.tenant_id = ? and "
            ),
            [self.scope.tenant.value()],
        );
        // An adoption is made of events of all sources: who reads only rows of its own does not read it by that.
        let mut scope = (*self.scope).clone();
        scope
            .grants
            .retain(|held| held.grant.role.may(Action::ReadAdoption) != May::OwnSources);
        scope.push_shared(&mut sql, Action::ReadAdoption, "r", "u", Some("r.sharing"));
        if !filter.innovations.is_empty() {
            sql.push(" and ").push_in("r.innovation_id", &filter.innovations);
        }
        if !filter.units.is_empty() {
            sql.push(" and ").push_in("r.unit_id", &filter.units);
        }
        if let Some(path) = &filter.within {
            sql.push(" and ").push_beneath("u.path", path);
        }
        if let Some(stage) = filter.stage {
            sql.push(" and r.stage = ").bind(stage);
        }
        if let Some(since) = window.since {
            sql.push(&format!(" and {changed} >= ")).bind(since);
        }
        let (beyond, direction) = window.direction();
        let after = format!("(r.innovation_id {beyond} ? or (r.innovation_id = ? and r.unit_id {beyond} ?))");
        if let Some((place, unit)) = window
            .after
            .and_then(|place| place.beside.map(|unit| (place, unit)))
        {
            let pair = [place.id.value(), place.id.value(), unit.value()];
            match place.changed {
                Some(at) => {
                    let text = format!(" and ({changed} {beyond} ? or ({changed} = ? and {after}))");
                    let [a, b, c] = pair;
                    sql.push_with(&text, [at.value(), at.value(), a, b, c]);
                }
                None => {
                    sql.push_with(&format!(" and {after}"), pair);
                }
            }
        }
        let first = if by_change {
            format!("{changed}{direction}, ")
        } else {
            String::new()
        };
        sql.push(&format!(
            " order by {first}r.innovation_id{direction}, r.unit_id{direction} limit "
        ))
        .bind(window.limit.saturating_add(1));
        window.slice_of(&self.fetch(sql).await?, |row| {
            let adoption = read_adoption(row)?;
            let place = Place {
                sort: window.sort,
                id: adoption.innovation_id.0,
                beside: Some(adoption.unit_id.0),
                changed: if by_change {
                    Some(row.get(ADOPTION_COLUMNS.len())?)
                } else {
                    None
                },
            };
            Ok((adoption, place))
        })
    }

    /// The moves of each innovation, in order.
    pub async fn innovation_moves(
        &self,
        innovations: &[InnovationId],
    ) -> Result<HashMap<InnovationId, Vec<InnovationMove>>> {
        let mut sql = self.sql(
            "select innovation_id, version, status, evidence, moved_by, moved_at from innovation_moves where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("innovation_id", innovations)
            .push(" order by innovation_id, version");
        let mut moves: HashMap<InnovationId, Vec<InnovationMove>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let made = InnovationMove {
                innovation_id: row.get(0)?,
                version: row.get(1)?,
                status: row.get(2)?,
                evidence: row.get(3)?,
                moved_by: row.get(4)?,
                moved_at: row.get(5)?,
            };
            moves.entry(made.innovation_id).or_default().push(made);
        }
        Ok(moves)
    }

    /// Every event of these pairs, whoever may see them: what a write must know.
    pub(crate) async fn events_of_pairs(&self, pairs: &[Pair]) -> Result<Histories> {
        let mut rows = Rows::new(vec![("innovation_id", Type::Uuid), ("unit_id", Type::Uuid)]);
        let mut histories: Histories = BTreeMap::new();
        for pair in pairs {
            if histories.insert(*pair, Vec::new()).is_none() {
                rows.push(vec![pair.0.value(), pair.1.value()]);
            }
        }
        let columns = crate::record::columns_of::<AdoptionEvent>("e");
        for piece in rows.pieces(self.dialect()) {
            let mut sql = self.sql(&format!("select {columns} from "), []);
            sql.push_rows(&piece, "k")
                .push(" join adoption_events e on e.innovation_id = k.innovation_id and e.unit_id = k.unit_id where e.tenant_id = ")
                .bind(self.scope.tenant)
                .push(" order by e.id");
            for row in self.fetch(sql).await? {
                let event = AdoptionEvent::read(&row)?;
                histories
                    .entry((event.innovation_id, event.unit_id))
                    .or_default()
                    .push(event);
            }
        }
        Ok(histories)
    }

    /// How far each unit shares its adoption events.
    pub async fn adoption_sharing(&self, units: &[&OrgUnit]) -> Result<HashMap<UnitId, Sharing>> {
        Ok(self
            .sharing_of(units)
            .await?
            .into_iter()
            .filter(|((_, kind), _)| *kind == WorkKind::Adoption)
            .map(|((unit, _), setting)| (unit, setting.level))
            .collect())
    }

    /// The units of these ids, whoever asks: the directory.
    async fn units_by_id(&self, ids: &[UnitId]) -> Result<HashMap<UnitId, OrgUnit>> {
        self.find_all::<OrgUnit>().ids(ids).by_id().await
    }
}

impl Store {
    /// The units directly beneath each of these on the day, in the order of their paths.
    pub async fn children_on(&self, parents: &[UnitId], on: Date) -> Result<HashMap<UnitId, Vec<OrgUnit>>> {
        let columns = crate::record::columns_of::<OrgUnit>("r");
        let mut sql = self.sql(
            &format!(
                "select {columns}, a.ancestor_id from unit_ancestry a \
                 join org_units r on r.tenant_id = a.tenant_id and r.id = a.descendant_id \
                 where a.tenant_id = ? and a.depth = 1 and a.valid_from <= ? and a.valid_to >= ? and "
            ),
            [self.scope.tenant.value(), on.value(), on.value()],
        );
        sql.push_in("a.ancestor_id", parents).push(" order by r.path");
        let mut children: HashMap<UnitId, Vec<OrgUnit>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let parent: UnitId = row.get(OrgUnit::COLUMNS.len())?;
            children.entry(parent).or_default().push(OrgUnit::read(&row)?);
        }
        Ok(children)
    }

    /// The units of a tier at or beneath a unit on the day; where they stand beneath each other, the one nearest
    /// the root.
    pub async fn nearest_of_tier(&self, unit: &OrgUnit, tier: Tier, on: Date) -> Result<Vec<OrgUnit>> {
        if unit.tier == tier {
            return Ok(vec![unit.clone()]);
        }
        let beneath =
            "a.tenant_id = r.tenant_id and a.descendant_id = r.id and a.valid_from <= ? and a.valid_to >= ?";
        let top = "c.tenant_id = a.tenant_id and c.descendant_id = a.ancestor_id and c.ancestor_id = ? \
                   and c.valid_from <= ? and c.valid_to >= ?";
        let day = || [on.value(), on.value()];
        self.find_all::<OrgUnit>()
            .filter("r.tier = ?", [tier.value()])
            .filter(
                // Not `exists`: that would be joined from the other side, over every unit beneath.
                "(select min(a.depth) from unit_ancestry a where a.tenant_id = r.tenant_id and a.descendant_id = r.id \
                 and a.ancestor_id = ? and a.valid_from <= ? and a.valid_to >= ?) is not null",
                [unit.id.value(), on.value(), on.value()],
            )
            .filter(
                &format!(
                    "not exists (select 1 from unit_ancestry a \
                     join org_units v on v.tenant_id = a.tenant_id and v.id = a.ancestor_id \
                     join unit_ancestry c on {top} \
                     where {beneath} and a.depth > 0 and v.tier = r.tier)"
                ),
                [unit.id.value()].into_iter().chain(day()).chain(day()),
            )
            .all("r.path")
            .await
    }
}

impl Tx {
    /// Every event of these pairs, retracted ones too, as the write finds them.
    pub async fn histories(&self, pairs: &[Pair]) -> Result<Histories> {
        self.events_of_pairs(pairs).await
    }

    /// Events by the names that their sources gave them, as the write finds them.
    pub async fn events_named(
        &self,
        names: &[(String, String)],
    ) -> Result<HashMap<(String, String), AdoptionEvent>> {
        let mut rows = Rows::new(vec![("source", Type::Text), ("external_id", Type::Text)]);
        for (source, external_id) in names {
            rows.push(vec![source.value(), external_id.value()]);
        }
        let columns = crate::record::columns_of::<AdoptionEvent>("e");
        let mut events = HashMap::with_capacity(names.len());
        for piece in rows.pieces(self.dialect()) {
            let mut sql = self.sql(&format!("select {columns} from "), []);
            sql.push_rows(&piece, "k")
                .push(" join adoption_events e on e.source = k.source and e.external_id = k.external_id where e.tenant_id = ")
                .bind(self.scope.tenant);
            for row in self.fetch(sql).await? {
                let event = AdoptionEvent::read(&row)?;
                if let (Some(source), Some(external_id)) = (&event.source, &event.external_id) {
                    events.insert((source.clone(), external_id.clone()), event);
                }
            }
        }
        Ok(events)
    }

    /// Writes new and changed events, and what follows from them. `before` holds every event of the pairs that
    /// they concern now and concerned until now, as read in this transaction.
    pub async fn put_adoption_events(&mut self, before: &Histories, changed: &[AdoptionEvent]) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        self.put_all(changed).await?;
        let mut after = before.clone();
        let ids: std::collections::HashSet<AdoptionEventId> = changed.iter().map(|event| event.id).collect();
        for events in after.values_mut() {
            events.retain(|event| !ids.contains(&event.id));
        }
        for event in changed {
            after
                .entry((event.innovation_id, event.unit_id))
                .or_default()
                .push(event.clone());
        }
        self.follow_events(before, &after).await
    }

    /// Brings the states and counts of these pairs from `before` to `after`.
    async fn follow_events(&mut self, before: &Histories, after: &Histories) -> Result<()> {
        let mut units: Vec<UnitId> = after.keys().map(|(_, unit)| *unit).collect();
        units.sort_unstable();
        units.dedup();
        let units = self.units_by_id(&units).await?;
        let levels = self.adoption_sharing(&units.values().collect::<Vec<_>>()).await?;
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for (pair, events) in after {
            let sharing = levels.get(&pair.1).copied().unwrap_or(Sharing::Team);
            match Adoption::of(&in_order(events)) {
                Some(adoption) => kept.push(adoption_values(&adoption, sharing)),
                None => gone.push(*pair),
            }
        }
        self.write_adoptions(kept, &gone).await?;
        self.move_events(&units, &levels, before, after).await
    }

    async fn write_adoptions(&mut self, kept: Vec<Vec<Value>>, gone: &[Pair]) -> Result<()> {
        let mut columns = vec![("tenant_id", Type::Uuid)];
        columns.extend_from_slice(&ADOPTION_COLUMNS);
        let mut rows = Rows::new(columns);
        for values in kept {
            let mut row = vec![self.scope.tenant.value()];
            row.extend(values);
            rows.push(row);
        }
        let list = adoption_columns("");
        let set: Vec<String> = ADOPTION_COLUMNS[2..]
            .iter()
            .map(|(name, _)| format!("{name} = excluded.{name}"))
            .collect();
        self.run_rows(
            &format!("insert into adoptions (tenant_id, {list}) select tenant_id, {list} from "),
            rows,
            "new",
            &format!(
                " where true on conflict (tenant_id, innovation_id, unit_id) do update set {}",
                set.join(", ")
            ),
        )
        .await?;
        let mut units_of: BTreeMap<InnovationId, Vec<UnitId>> = BTreeMap::new();
        for (innovation, unit) in gone {
            units_of.entry(*innovation).or_default().push(*unit);
        }
        for (innovation, units) in units_of {
            let mut sql = self.sql(
                "delete from adoptions where tenant_id = ? and innovation_id = ? and ",
                [self.scope.tenant.value(), innovation.value()],
            );
            sql.push_in("unit_id", &units);
            self.execute(sql).await?;
        }
        Ok(())
    }

    /// Adds an innovation, and counts the units that it is meant for.
    pub async fn add_innovation(&mut self, innovation: &Innovation) -> Result<()> {
        self.insert(innovation).await?;
        self.add_move(innovation).await?;
        self.count_eligible(innovation.id, &innovation.eligibility())
            .await
    }

    /// Writes a changed innovation; where it is meant for other units now, its counts follow.
    pub async fn change_innovation(&mut self, before: &Innovation, after: &Innovation) -> Result<()> {
        self.update(after).await?;
        if before.status != after.status {
            self.add_move(after).await?;
        }
        let (was, is) = (before.eligibility(), after.eligibility());
        if was != is {
            self.count_eligible(after.id, &is).await?;
            self.recount_innovation(after).await?;
            self.forget_eligible(&was).await?;
        }
        Ok(())
    }

    async fn add_move(&mut self, innovation: &Innovation) -> Result<()> {
        self.run(
            "insert into innovation_moves (tenant_id, innovation_id, version, status, evidence, moved_by, moved_at) \
             values (?, ?, ?, ?, ?, ?, ?)",
            [
                self.scope.tenant.value(),
                innovation.id.value(),
                innovation.version.value(),
                innovation.status.value(),
                innovation.evidence.value(),
                self.scope.actor.value(),
                self.now().value(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Rewrites how far a unit's adoption events are shared, and the counts by level. To be called before the
    /// unit's new setting is written.
    pub async fn reshare_adoption(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let level = level.on(unit.tier);
        let was = self
            .adoption_sharing(&[unit])
            .await?
            .get(&unit.id)
            .copied()
            .unwrap_or(level);
        if was == level {
            return Ok(());
        }
        let mut events = self
            .find_all::<AdoptionEvent>()
            .filter("r.unit_id = ?", [unit.id.value()])
            .all("r.id")
            .await?;
        for event in &mut events {
            event.sharing = level;
        }
        self.put_all(&events).await?;
        self.run(
            "update adoptions set sharing = ? where tenant_id = ? and unit_id = ?",
            [level.value(), self.scope.tenant.value(), unit.id.value()],
        )
        .await?;
        self.move_level(unit, was, level, &events).await
    }

    /// Lets the counts follow units that are new (`None` before) or changed; to be called after they are written.
    pub async fn respread_units(&mut self, changes: &[(Option<OrgUnit>, OrgUnit)]) -> Result<()> {
        let teams: Vec<(Option<&OrgUnit>, &OrgUnit)> = changes
            .iter()
            .map(|(before, after)| (before.as_ref(), after))
            .collect();
        self.recount_teams(&teams).await?;
        let same = |before: &OrgUnit, after: &OrgUnit| {
            (
                before.kind,
                &before.service_area,
                before.opened_on,
                before.closed_on,
            ) == (after.kind, &after.service_area, after.opened_on, after.closed_on)
        };
        let changes: Vec<&(Option<OrgUnit>, OrgUnit)> = changes
            .iter()
            .filter(|(before, after)| !before.as_ref().is_some_and(|before| same(before, after)))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        self.move_units(&changes).await
    }

    /// The same for one unit.
    pub async fn respread_unit(&mut self, before: Option<&OrgUnit>, after: &OrgUnit) -> Result<()> {
        self.respread_units(&[(before.cloned(), after.clone())]).await
    }
}

/// The id under which the counts of a rule's units stand: made from the rule, so that innovations with the same
/// rule share them.
pub fn eligibility_id(rule: &spiral_domain::innovations::Eligibility) -> Uuid {
    use sha2::Digest as _;
    let text = crate::value::to_text(&rule.clone().canonical()).unwrap_or_default();
    let hash = sha2::Sha256::digest(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

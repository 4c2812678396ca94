//! The tree as it moves. A unit's lines (the rows of `unit_ancestry` one step up) say where it stood and when; the
//! rows further up follow from them, `org_units.path` follows from where each unit stands today, and every count
//! follows both, in the transaction that moves the unit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::tenancy::{Line, Lines, OrgUnit};
use spiral_domain::{Date, Error, Result, UnitId};

use crate::sql::Rows;
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, Type};

/// Where units have stood: each unit above it and itself, from when to when.
pub(crate) type Spans = HashMap<UnitId, Vec<(UnitId, Date, Date)>>;

/// Where one unit has stood: each unit above it and itself, from when to when.
pub type Stood = Arc<[(UnitId, Date, Date)]>;

/// No tree is deeper than this; what is deeper goes round in a circle.
const DEEPEST: i16 = 40;

/// What a unit is to become.
#[derive(Debug, Clone)]
pub struct UnitMove {
    /// As it is.
    pub before: OrgUnit,
    /// As it is to be; its path is worked out here.
    pub after: OrgUnit,
    /// Where it is to have stood.
    pub lines: Lines,
}

/// A unit above, how many steps, from when to when.
type Above = (UnitId, i16, Date, Date);

fn circle() -> Error {
    Error::invalid("", "cycle", "a unit would stand beneath itself")
}

/// Everything above a unit, by the lines of all units concerned.
fn above(unit: UnitId, lines: &HashMap<UnitId, Lines>) -> Result<Vec<Above>> {
    let mut found: Vec<Above> = Vec::new();
    let mut waiting = vec![(unit, 0, Date::MIN, Date::MAX)];
    while let Some((at, depth, from, to)) = waiting.pop() {
        for line in lines.get(&at).map(Lines::as_slice).unwrap_or_default() {
            let (from, to) = (line.from.max(from), line.to.min(to));
            if from > to {
                continue;
            }
            if line.parent_id == unit || depth == DEEPEST {
                return Err(circle());
            }
            let step = (line.parent_id, depth + 1, from, to);
            found.push(step);
            waiting.push(step);
        }
    }
    found.sort_unstable();
    let mut joined: Vec<Above> = Vec::with_capacity(found.len());
    for next in found {
        match joined.last_mut() {
            Some(last) if (last.0, last.1) == (next.0, next.1) && last.3.next() == next.2 => last.3 = next.3,
            _ => joined.push(next),
        }
    }
    Ok(joined)
}

/// Spans that follow each other at one unit are one, however many steps it was away.
fn joined(mut spans: Vec<(UnitId, Date, Date)>) -> Vec<(UnitId, Date, Date)> {
    spans.sort_unstable();
    let mut joined: Vec<(UnitId, Date, Date)> = Vec::with_capacity(spans.len());
    for (unit, from, to) in spans {
        match joined.last_mut() {
            Some(last) if last.0 == unit && last.2.next() == from => last.2 = to,
            _ => joined.push((unit, from, to)),
        }
    }
    joined
}

/// The unit's own part of its path.
pub(crate) fn own_part(path: &str) -> &str {
    let before = path.strip_suffix('.').unwrap_or(path);
    before.rfind('.').map_or(path, |at| &path[at + 1..])
}

/// Where the units stand whose paths must follow.
struct Paths<'p> {
    touched: &'p HashMap<UnitId, OrgUnit>,
    moves: HashMap<UnitId, &'p UnitMove>,
    others: HashMap<UnitId, OrgUnit>,
}

impl Paths<'_> {
    fn of(&self, unit: UnitId) -> Result<String> {
        let mut parts: Vec<&str> = Vec::new();
        let mut at = Some(unit);
        while let Some(id) = at {
            let Some(unit) = self.touched.get(&id) else {
                let other = self
                    .others
                    .get(&id)
                    .ok_or_else(|| Error::internal("a unit without a parent"))?;
                parts.push(&other.path);
                break;
            };
            if parts.len() > DEEPEST.unsigned_abs().into() {
                return Err(circle());
            }
            parts.push(own_part(&unit.path));
            at = self
                .moves
                .get(&id)
                .map_or(unit.parent_id, |to| to.after.parent_id);
        }
        Ok(parts.into_iter().rev().collect())
    }
}

impl Store {
    /// Where each unit stood, and when; a unit without lines is the root.
    pub async fn lines_of(&self, units: &[UnitId]) -> Result<HashMap<UnitId, Lines>> {
        let mut sql = self.sql(
            "select descendant_id, ancestor_id, valid_from, valid_to from unit_ancestry where tenant_id = ? and depth = 1 and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("descendant_id", units);
        self.read_lines(sql).await
    }

    async fn read_lines(&self, sql: crate::Sql) -> Result<HashMap<UnitId, Lines>> {
        let mut lines: HashMap<UnitId, Vec<Line>> = HashMap::new();
        for row in self.fetch(sql).await? {
            lines.entry(row.get(0)?).or_default().push(Line {
                parent_id: row.get(1)?,
                from: row.get(2)?,
                to: row.get(3)?,
            });
        }
        Ok(lines
            .into_iter()
            .map(|(unit, lines)| (unit, Lines::new(lines)))
            .collect())
    }

    /// The units with these ODS codes.
    pub async fn units_by_ods_code(&self, codes: &[String]) -> Result<HashMap<String, OrgUnit>> {
        let found = self
            .find::<OrgUnit>()
            .with(|sql| {
                sql.push_in_text("r.ods_code", codes);
            })
            .all("r.id")
            .await?;
        Ok(found
            .into_iter()
            .filter_map(|unit| Some((unit.ods_code.clone()?, unit)))
            .collect())
    }

    /// The units with these codes.
    pub async fn units_by_code(&self, codes: &[String]) -> Result<Vec<OrgUnit>> {
        self.find::<OrgUnit>()
            .with(|sql| {
                sql.push_in_text("r.code", codes);
            })
            .all("r.id")
            .await
    }

    /// Every unit that ever stood at or beneath any of these.
    pub async fn ever_beneath(&self, units: &[UnitId]) -> Result<Vec<UnitId>> {
        let mut sql = self.sql(
            "select distinct descendant_id from unit_ancestry where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("ancestor_id", units).push(" order by 1");
        self.fetch(sql).await?.iter().map(|row| row.get(0)).collect()
    }

    /// Whether a unit stands at or above another on any day of a time.
    pub async fn stands_above(&self, above: UnitId, beneath: UnitId, from: Date, to: Date) -> Result<bool> {
        let sql = self.sql(
            "select 1 from unit_ancestry where tenant_id = ? and ancestor_id = ? and descendant_id = ? \
             and valid_from <= ? and valid_to >= ? limit 1",
            [
                self.scope.tenant.value(),
                above.value(),
                beneath.value(),
                to.value(),
                from.value(),
            ],
        );
        Ok(!self.fetch(sql).await?.is_empty())
    }

    /// Where these units have stood, in joined spans.
    pub(crate) async fn spans(&self, units: &[UnitId]) -> Result<Spans> {
        let mut sql = self.sql(
            "select descendant_id, ancestor_id, valid_from, valid_to from unit_ancestry where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("descendant_id", units);
        let mut spans: Spans = HashMap::new();
        for row in self.fetch(sql).await? {
            spans
                .entry(row.get(0)?)
                .or_default()
                .push((row.get(1)?, row.get(2)?, row.get(3)?));
        }
        for spans in spans.values_mut() {
            *spans = joined(std::mem::take(spans));
        }
        Ok(spans)
    }

    /// Where each of these units has stood, whoever asks.
    pub async fn stood(&self, units: &[UnitId]) -> Result<HashMap<UnitId, Stood>> {
        if units.is_empty() {
            return Ok(HashMap::new());
        }
        let spans = self.spans(units).await?.into_iter();
        Ok(spans.map(|(unit, spans)| (unit, spans.into())).collect())
    }

    /// The lines of these units and of everything above them, some of them replaced.
    async fn lines_up(
        &self,
        units: &[UnitId],
        replaced: &HashMap<UnitId, Lines>,
    ) -> Result<HashMap<UnitId, Lines>> {
        let mut lines: HashMap<UnitId, Lines> = HashMap::with_capacity(units.len());
        let mut wanted: Vec<UnitId> = units.to_vec();
        while !wanted.is_empty() {
            let mut read = self.lines_of(&wanted).await?;
            for unit in &wanted {
                let own = match replaced.get(unit) {
                    Some(lines) => lines.clone(),
                    None => read.remove(unit).unwrap_or_default(),
                };
                lines.insert(*unit, own);
            }
            let next: HashSet<UnitId> = wanted
                .iter()
                .filter_map(|unit| lines.get(unit))
                .flat_map(Lines::as_slice)
                .map(|line| line.parent_id)
                .filter(|parent| !lines.contains_key(parent))
                .collect();
            wanted = next.into_iter().collect();
        }
        Ok(lines)
    }

    /// Says where the rows further up, or the paths, are not what the lines say.
    pub async fn verify_tree(&self) -> Result<Vec<String>> {
        let tenant = self.scope.tenant;
        let lines = self
            .read_lines(self.sql(
                "select descendant_id, ancestor_id, valid_from, valid_to from unit_ancestry \
                 where tenant_id = ? and depth = 1",
                [tenant.value()],
            ))
            .await?;
        let mut there: HashMap<UnitId, Vec<Above>> = HashMap::new();
        let sql = self.sql(
            "select descendant_id, ancestor_id, depth, valid_from, valid_to from unit_ancestry \
             where tenant_id = ? and depth > 0",
            [tenant.value()],
        );
        for row in self.fetch(sql).await? {
            let above = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            there.entry(row.get(0)?).or_default().push(above);
        }
        let units: HashMap<UnitId, OrgUnit> = self.find_all::<OrgUnit>().by_id().await?;
        let mut findings = Vec::new();
        for unit in units.values() {
            let mut rows = there.remove(&unit.id).unwrap_or_default();
            rows.sort_unstable();
            if above(unit.id, &lines).ok().as_ref() != Some(&rows) {
                findings.push(format!(
                    "what stood above unit {} is not what its lines say",
                    unit.code
                ));
            }
            let own = lines.get(&unit.id).cloned().unwrap_or_default();
            let covered = own.as_slice().first().is_none_or(|first| first.from == Date::MIN)
                && own.as_slice().last().is_none_or(|last| last.to == Date::MAX)
                && own
                    .as_slice()
                    .windows(2)
                    .all(|pair| pair[0].to.next() == pair[1].from);
            if !covered || own.is_empty() != unit.parent_id.is_none() {
                findings.push(format!("unit {} has not one parent on every day", unit.code));
            }
            let day = unit.stands_on(self.scope.today);
            if own.on(day).map(|line| line.parent_id) != unit.parent_id {
                findings.push(format!("unit {} does not stand beneath its parent", unit.code));
            }
            let parent = unit.parent_id.and_then(|parent| units.get(&parent));
            let path = format!(
                "{}{}",
                parent.map_or("", |parent| &parent.path),
                own_part(&unit.path)
            );
            if path != unit.path {
                findings.push(format!(
                    "the path of unit {} is not beneath its parent's",
                    unit.code
                ));
            }
        }
        findings.sort();
        Ok(findings)
    }
}

impl Tx {
    /// Moves units: writes them, where they stood, what follows for everything beneath them, and every count.
    pub async fn move_in_tree(&mut self, moves: &[UnitMove]) -> Result<()> {
        let ids: Vec<UnitId> = moves.iter().map(|to| to.before.id).collect();
        let touched = self.ever_beneath(&ids).await?;
        let before: HashMap<UnitId, OrgUnit> = self.find_all::<OrgUnit>().ids(&touched).by_id().await?;
        let spans_before = self.spans(&touched).await?;
        self.write_ancestry(&touched, moves).await?;
        let after = self.follow_paths(&before, moves).await?;
        let spans_after = self.spans(&touched).await?;
        self.move_cells(&touched, &spans_before, &spans_after).await?;
        let changes: Vec<(OrgUnit, OrgUnit)> = before
            .into_values()
            .map(|unit| {
                let now = after.get(&unit.id).cloned().unwrap_or_else(|| unit.clone());
                (unit, now)
            })
            .collect();
        let teams: Vec<(Option<&OrgUnit>, &OrgUnit)> = changes
            .iter()
            .map(|(before, after)| (Some(before), after))
            .collect();
        self.recount_teams(&teams).await?;
        self.move_spread(&changes, &spans_before, &spans_after).await?;
        self.move_spirals(&changes, &spans_before, &spans_after).await
    }

    /// Adds many units, each after the one above it, where their lines say.
    pub async fn plant_units(&mut self, new: Vec<(OrgUnit, Lines)>) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let own: HashSet<UnitId> = new.iter().map(|(unit, _)| unit.id).collect();
        let above: Vec<UnitId> = new
            .iter()
            .filter_map(|(unit, _)| unit.parent_id)
            .filter(|parent| !own.contains(parent))
            .collect();
        let known: HashMap<UnitId, OrgUnit> = self.find_all::<OrgUnit>().ids(&above).by_id().await?;
        let mut paths: HashMap<UnitId, String> =
            known.into_iter().map(|(id, unit)| (id, unit.path)).collect();
        let mut units = Vec::with_capacity(new.len());
        let mut replaced = HashMap::with_capacity(new.len());
        for (mut unit, lines) in new {
            let parent = unit.parent_id.and_then(|parent| paths.get(&parent));
            let parent = parent
                .ok_or_else(|| Error::internal("a unit before its parent"))?
                .clone();
            unit.path = format!("{parent}{}.", super::base36(self.next_unit_number()));
            paths.insert(unit.id, unit.path.clone());
            replaced.insert(unit.id, lines);
            units.push(unit);
        }
        self.insert_all(&units).await?;
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("descendant_id", Type::Uuid),
            ("ancestor_id", Type::Uuid),
            ("depth", Type::Small),
            ("valid_from", Type::Date),
            ("valid_to", Type::Date),
        ]);
        for unit in &units {
            rows.push(vec![
                self.scope.tenant.value(),
                unit.id.value(),
                unit.id.value(),
                0_i16.value(),
                Date::MIN.value(),
                Date::MAX.value(),
            ]);
        }
        let columns = "tenant_id, descendant_id, ancestor_id, depth, valid_from, valid_to";
        self.run_rows(
            &format!("insert into unit_ancestry ({columns}) select {columns} from "),
            rows,
            "new",
            "",
        )
        .await?;
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let lines = self.lines_up(&ids, &replaced).await?;
        self.insert_ancestry(&ids, &lines).await?;
        let changes: Vec<(Option<OrgUnit>, OrgUnit)> = units.into_iter().map(|unit| (None, unit)).collect();
        self.respread_units(&changes).await
    }

    /// Writes changed units that stay where they stand, with their counts.
    pub async fn change_units(&mut self, changes: &[(Option<OrgUnit>, OrgUnit)]) -> Result<()> {
        let records: Vec<OrgUnit> = changes.iter().map(|(_, after)| after.clone()).collect();
        self.put_all(&records).await?;
        self.respread_units(changes).await
    }

    async fn write_ancestry(&mut self, touched: &[UnitId], moves: &[UnitMove]) -> Result<()> {
        let replaced: HashMap<UnitId, Lines> =
            moves.iter().map(|to| (to.before.id, to.lines.clone())).collect();
        let lines = self.lines_up(touched, &replaced).await?;
        let mut sql = self.sql(
            "delete from unit_ancestry where tenant_id = ? and depth > 0 and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("descendant_id", touched);
        self.execute(sql).await?;
        self.insert_ancestry(touched, &lines).await
    }

    /// Writes what stands above these units, by the lines of them and of everything above them.
    pub(crate) async fn insert_ancestry(
        &mut self,
        units: &[UnitId],
        lines: &HashMap<UnitId, Lines>,
    ) -> Result<()> {
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("descendant_id", Type::Uuid),
            ("ancestor_id", Type::Uuid),
            ("depth", Type::Small),
            ("valid_from", Type::Date),
            ("valid_to", Type::Date),
        ]);
        for unit in units {
            for (ancestor, depth, from, to) in above(*unit, lines)? {
                rows.push(vec![
                    self.scope.tenant.value(),
                    unit.value(),
                    ancestor.value(),
                    depth.value(),
                    from.value(),
                    to.value(),
                ]);
            }
        }
        let columns = "tenant_id, descendant_id, ancestor_id, depth, valid_from, valid_to";
        self.run_rows(
            &format!("insert into unit_ancestry ({columns}) select {columns} from "),
            rows,
            "new",
            "",
        )
        .await?;
        Ok(())
    }

    /// Writes the moved units, and the paths of all that stand beneath them; answers with those that changed.
    async fn follow_paths(
        &mut self,
        touched: &HashMap<UnitId, OrgUnit>,
        moves: &[UnitMove],
    ) -> Result<HashMap<UnitId, OrgUnit>> {
        let outside: HashSet<UnitId> = touched
            .values()
            .filter_map(|unit| unit.parent_id)
            .chain(moves.iter().filter_map(|to| to.after.parent_id))
            .filter(|unit| !touched.contains_key(unit))
            .collect();
        let outside: Vec<UnitId> = outside.into_iter().collect();
        let paths = Paths {
            touched,
            moves: moves.iter().map(|to| (to.before.id, to)).collect(),
            others: self.find_all::<OrgUnit>().ids(&outside).by_id().await?,
        };
        let mut changed: BTreeMap<UnitId, OrgUnit> = BTreeMap::new();
        for unit in touched.values() {
            let mut after = paths
                .moves
                .get(&unit.id)
                .map_or_else(|| unit.clone(), |to| to.after.clone());
            after.path = paths.of(unit.id)?;
            if after != *unit {
                changed.insert(unit.id, after);
            }
        }
        let records: Vec<OrgUnit> = changed.values().cloned().collect();
        self.put_all(&records).await?;
        Ok(changed.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn unit(n: u128) -> UnitId {
        UnitId(Uuid::from_u128(n))
    }

    #[test]
    fn what_stands_above_follows_from_the_lines() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let (a, b) = (day("2006-10-01"), day("2007-04-01"));
        let mut team = Lines::new(vec![Line::always(unit(3))]);
        team.place(unit(4), a, Date::MAX);
        let mut fourth = Lines::new(vec![Line::always(unit(2))]);
        fourth.place(unit(1), b, Date::MAX);
        let lines = HashMap::from([
            (unit(5), team),
            (unit(4), fourth),
            (unit(3), Lines::new(vec![Line::always(unit(2))])),
            (unit(2), Lines::new(vec![Line::always(unit(1))])),
            (unit(1), Lines::default()),
        ]);
        let found = above(unit(5), &lines).unwrap();
        let wanted = [
            (unit(1), 2, b, Date::MAX),
            (unit(1), 3, Date::MIN, b.previous()),
            (unit(2), 2, Date::MIN, b.previous()),
            (unit(3), 1, Date::MIN, a.previous()),
            (unit(4), 1, a, Date::MAX),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_circle_is_refused() {
        let lines = HashMap::from([
            (unit(1), Lines::new(vec![Line::always(unit(2))])),
            (unit(2), Lines::new(vec![Line::always(unit(1))])),
            (unit(3), Lines::new(vec![Line::always(unit(1))])),
        ]);
        for n in 1..=3 {
            assert_eq!(above(unit(n), &lines).unwrap_err().violations()[0].code, "cycle");
        }
    }

    #[test]
    fn the_last_part_of_a_path_is_the_units_own() {
        assert_eq!(own_part("1.2f.3."), "3.");
        assert_eq!(own_part("1."), "1.");
    }
}

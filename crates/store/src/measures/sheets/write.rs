//! Writing sheets.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;

use spiral_domain::measures::Observation;
use spiral_domain::{Error, ObservationId, Result, Timestamp, UnitId};
use uuid::Uuid;

use super::births::{beginning, births_of, id_at};
use super::read::SAME_KEY;
use super::{Figures, Line, SheetKey, UnitShare, packing};
use crate::measures::{ObservationChange, ObservationGroup};
use crate::sql::Rows;
use crate::tx::Tx;
use crate::value::{Column as _, Type};

/// Gives new observations their ids: those that will stand on one sheet have ids that are alike but for their last
/// part, so that an id says on which sheet it is found.
pub fn number_new<'c, S: BuildHasher>(
    changes: impl IntoIterator<Item = &'c mut ObservationChange>,
    shares: &HashMap<UnitId, UnitShare, S>,
    fresh: impl Fn() -> Uuid,
) -> Result<()> {
    let mut sheets: HashMap<SheetKey, (Uuid, u64)> = HashMap::new();
    for change in changes.into_iter().filter(|change| change.before.is_none()) {
        let key = key_of(&change.after, shares)?;
        let (births, line) = sheets.entry(key).or_insert_with(|| (beginning(fresh()), 0));
        let id = id_at(*births, *line);
        change.after.id = id.ok_or_else(|| Error::internal("a batch is too large for a sheet"))?;
        *line += 1;
    }
    Ok(())
}

fn key_of<S: BuildHasher>(
    observation: &Observation,
    shares: &HashMap<UnitId, UnitShare, S>,
) -> Result<SheetKey> {
    Ok(ObservationGroup::of(observation).key(share_of(observation, shares)?.block))
}

fn share_of<S: BuildHasher>(
    observation: &Observation,
    shares: &HashMap<UnitId, UnitShare, S>,
) -> Result<UnitShare> {
    let share = shares.get(&observation.unit_id).copied();
    share.ok_or_else(|| Error::internal("an observation of a unit that is not known"))
}

impl Line {
    fn of(observation: &Observation, share: UnitShare, gone: bool) -> Self {
        Self {
            id: observation.id,
            unit: observation.unit_id,
            stratum: observation.stratum.clone(),
            figures: Figures {
                numerator: observation.numerator,
                denominator: observation.denominator,
                value: observation.value,
                n: observation.n,
                quality: observation.quality,
            },
            name: observation.source.clone().zip(observation.external_id.clone()),
            retracted: observation.retracted,
            version: observation.version,
            reshared: share.reshared,
            gone,
        }
    }
}

fn name_of(observation: &Observation) -> Option<(&str, &str)> {
    observation
        .source
        .as_deref()
        .zip(observation.external_id.as_deref())
}

/// A move of an observation to another sheet key.
struct Moved {
    id: ObservationId,
    to: SheetKey,
}

impl Tx {
    /// Writes the new states on sheets of their own, and notes what they replace.
    pub(in crate::measures) async fn write_sheets(
        &self,
        changes: &[ObservationChange],
        shares: &HashMap<UnitId, UnitShare>,
    ) -> Result<()> {
        let mut sheets: BTreeMap<SheetKey, Vec<Line>> = BTreeMap::new();
        let mut replaced: BTreeMap<(SheetKey, Timestamp), i64> = BTreeMap::new();
        let mut moved = Vec::new();
        for change in changes {
            let key = key_of(&change.after, shares)?;
            let share = share_of(&change.after, shares)?;
            sheets
                .entry(key)
                .or_default()
                .push(Line::of(&change.after, share, false));
            let Some(before) = &change.before else { continue };
            let was = key_of(before, shares)?;
            *replaced.entry((was, before.recorded_at)).or_default() += 1;
            if was != key {
                let share = share_of(before, shares)?;
                sheets.entry(was).or_default().push(Line::of(before, share, true));
                moved.push(Moved {
                    id: change.after.id,
                    to: key,
                });
            }
        }
        self.note_moves(&moved, &mut replaced).await?;
        self.replace_lines(&replaced).await?;
        self.rename(changes).await?;
        let Some(first) = changes.first() else {
            return Ok(());
        };
        let (at, by) = (first.after.recorded_at, first.after.recorded_by);
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("measure_id", Type::Uuid),
            ("period_start", Type::Date),
            ("period_end", Type::Date),
            ("block", Type::Int),
            ("recorded_at", Type::Time),
            ("recorded_by", Type::Uuid),
            ("births", Type::Uuid),
            ("live", Type::Int),
            ("body", Type::Bytes),
        ]);
        let born: HashSet<ObservationId> = changes
            .iter()
            .filter(|change| change.before.is_none())
            .map(|change| change.after.id)
            .collect();
        for (key, lines) in sheets {
            let births = lines.iter().find(|line| born.contains(&line.id));
            let births = births.map(|line| births_of(line.id));
            rows.push(vec![
                self.scope.tenant.value(),
                key.measure.value(),
                key.period.start.value(),
                key.period.end.value(),
                key.block.value(),
                at.value(),
                by.value(),
                births.value(),
                i64::try_from(lines.len()).unwrap_or(i64::MAX).value(),
                packing::pack(&lines, births).value(),
            ]);
        }
        let columns = "tenant_id, measure_id, period_start, period_end, block, recorded_at, recorded_by, births, live, body";
        let insert = format!("insert into observation_sheets ({columns}) select {columns} from ");
        self.run_rows(&insert, rows, "new", "").await?;
        Ok(())
    }

    /// Notes that so many lines of these sheets are no longer the newest.
    async fn replace_lines(&self, replaced: &BTreeMap<(SheetKey, Timestamp), i64>) -> Result<()> {
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("measure_id", Type::Uuid),
            ("period_start", Type::Date),
            ("period_end", Type::Date),
            ("block", Type::Int),
            ("recorded_at", Type::Time),
            ("fewer", Type::Int),
        ]);
        for ((key, at), fewer) in replaced {
            rows.push(vec![
                self.scope.tenant.value(),
                key.measure.value(),
                key.period.start.value(),
                key.period.end.value(),
                key.block.value(),
                at.value(),
                fewer.value(),
            ]);
        }
        let after = format!(" where {SAME_KEY} and r.recorded_at = g.recorded_at");
        self.run_rows(
            "update observation_sheets as r set live = r.live - g.fewer from ",
            rows,
            "g",
            &after,
        )
        .await?;
        Ok(())
    }

    /// Notes where observations have gone to. One that comes back replaces the line that said it was gone.
    async fn note_moves(
        &self,
        moved: &[Moved],
        replaced: &mut BTreeMap<(SheetKey, Timestamp), i64>,
    ) -> Result<()> {
        if moved.is_empty() {
            return Ok(());
        }
        let ids: Vec<ObservationId> = moved.iter().map(|moved| moved.id).collect();
        let stays = self.stays(&ids).await?;
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("observation_id", Type::Uuid),
            ("at", Type::Time),
            ("measure_id", Type::Uuid),
            ("period_start", Type::Date),
            ("period_end", Type::Date),
            ("block", Type::Int),
        ]);
        for Moved { id, to } in moved {
            let stays = stays.get(id).map_or(&[][..], Vec::as_slice);
            let left = stays.windows(2).rev().find(|pair| pair[0].1 == *to);
            if let Some(pair) = left {
                *replaced.entry((*to, pair[1].0)).or_default() += 1;
            }
            rows.push(vec![
                self.scope.tenant.value(),
                id.value(),
                self.now().value(),
                to.measure.value(),
                to.period.start.value(),
                to.period.end.value(),
                to.block.value(),
            ]);
        }
        let columns = "tenant_id, observation_id, at, measure_id, period_start, period_end, block";
        let insert = format!("insert into observation_moves ({columns}) select {columns} from ");
        self.run_rows(&insert, rows, "new", "").await?;
        Ok(())
    }

    /// Keeps what sources call their observations; [`NAME_TAKEN`](crate::NAME_TAKEN) if one of them is something else already.
    async fn rename(&self, changes: &[ObservationChange]) -> Result<()> {
        let columns = || {
            Rows::new(vec![
                ("tenant_id", Type::Uuid),
                ("source", Type::Text),
                ("external_id", Type::Text),
                ("observation_id", Type::Uuid),
            ])
        };
        let (mut old, mut new) = (columns(), columns());
        for change in changes {
            let before = change.before.as_ref().and_then(name_of);
            let after = name_of(&change.after);
            if before == after {
                continue;
            }
            for (name, rows) in [(before, &mut old), (after, &mut new)] {
                if let Some((source, external_id)) = name {
                    rows.push(vec![
                        self.scope.tenant.value(),
                        source.to_owned().value(),
                        external_id.to_owned().value(),
                        change.after.id.value(),
                    ]);
                }
            }
        }
        self.run_rows(
            "delete from observation_names where (tenant_id, source, external_id) in \
             (select g.tenant_id, g.source, g.external_id from ",
            old,
            "g",
            ")",
        )
        .await?;
        let columns = "tenant_id, source, external_id, observation_id";
        let insert = format!("insert into observation_names ({columns}) select {columns} from ");
        self.run_rows(&insert, new, "new", "").await?;
        Ok(())
    }
}

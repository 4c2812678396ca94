//! What stands beside the series of an answer: phases, annotations, targets.

use std::collections::HashMap;

use spiral_domain::analysis::{SeriesAnnotation, SeriesTarget};
use spiral_domain::measures::{Annotation, Phase, Target};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, MeasureId, Result, UnitId};
use spiral_store::{SeriesUnit, Store};

use super::{Asked, Rebase};

/// Everything that stands beside some series.
pub(super) struct Marks {
    phases: HashMap<UnitId, Vec<Phase>>,
    annotations: HashMap<UnitId, Vec<Annotation>>,
    targets: Targets,
}

impl Marks {
    pub async fn of(asked: &Asked<'_>, units: &[SeriesUnit]) -> Result<Self> {
        let store = asked.caller.store();
        let measures: Vec<MeasureId> = asked.lineage.iter().map(|version| version.id).collect();
        let seen: Vec<UnitId> = units
            .iter()
            .filter(|unit| unit.visible || asked.is_summed(unit.tier))
            .map(|unit| unit.id)
            .collect();
        let mut phases: HashMap<UnitId, Vec<Phase>> = HashMap::new();
        if asked.query.rebase == Rebase::Phases {
            let found = store
                .find::<Phase>()
                .among("r.unit_id", &seen)
                .among("r.measure_id", &measures)
                .filter("not r.retracted", [])
                .all("r.starts_on, r.id")
                .await?;
            for phase in found {
                phases.entry(phase.unit_id).or_default().push(phase);
            }
        }
        let mut annotations: HashMap<UnitId, Vec<Annotation>> = HashMap::new();
        let found = store
            .find::<Annotation>()
            .among("r.unit_id", &seen)
            .with(|sql| {
                sql.push("(r.measure_id is null or ")
                    .push_in("r.measure_id", &measures)
                    .push(")");
            })
            .filter("not r.retracted", [])
            .all("r.occurred_on, r.id")
            .await?;
        for annotation in found {
            annotations
                .entry(annotation.unit_id)
                .or_default()
                .push(annotation);
        }
        Ok(Self {
            phases,
            annotations,
            targets: Targets::of(store, &measures, units.iter().map(|unit| unit.path.as_str())).await?,
        })
    }

    /// The phases of a unit's series, by day.
    pub fn phases(&self, unit: UnitId) -> &[Phase] {
        self.phases.get(&unit).map_or(&[], Vec::as_slice)
    }

    /// What happened at a unit in the time.
    pub fn annotations(&self, unit: UnitId, from: Date, to: Date) -> Vec<SeriesAnnotation> {
        self.annotations
            .get(&unit)
            .into_iter()
            .flatten()
            .filter(|annotation| (from..=to).contains(&annotation.occurred_on))
            .map(|annotation| SeriesAnnotation {
                annotation_id: annotation.id,
                occurred_on: annotation.occurred_on,
                text: annotation.text.clone(),
            })
            .collect()
    }

    /// The targets of the answer's units.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }
}

/// Targets set by units, and by those above them.
pub(super) struct Targets {
    /// By the path of the unit that set them.
    by_path: HashMap<String, Vec<Target>>,
}

/// The unit's own path, and those of the units above it, the nearest first.
fn upwards(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('.').map(|(at, _)| &path[..=at])
}

impl Targets {
    async fn of<'p>(
        store: &Store,
        measures: &[MeasureId],
        paths: impl Iterator<Item = &'p str>,
    ) -> Result<Self> {
        let mut wanted: Vec<String> = paths.flat_map(upwards).map(str::to_owned).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = store
            .find::<Target>()
            .among("r.measure_id", measures)
            .with(|sql| {
                sql.push_in_text("u.path", &wanted);
            })
            .filter("not r.retracted", [])
            .all("r.id")
            .await?;
        let mut by_path = HashMap::new();
        if found.is_empty() {
            return Ok(Self { by_path });
        }
        let owners: Vec<UnitId> = found.iter().map(|target| target.unit_id).collect();
        let owners: HashMap<UnitId, OrgUnit> = store.find::<OrgUnit>().ids(&owners).by_id().await?;
        for target in found {
            if let Some(owner) = owners.get(&target.unit_id) {
                let there: &mut Vec<Target> = by_path.entry(owner.path.clone()).or_default();
                there.push(target);
            }
        }
        Ok(Self { by_path })
    }

    /// What a unit aims for on a day: its own target, else that of the nearest unit above. Of several at one unit the
    /// one for the tier counts, then the one that began last.
    pub fn on(&self, unit: &SeriesUnit, day: Date) -> Option<&Target> {
        if self.by_path.is_empty() {
            return None;
        }
        upwards(&unit.path).find_map(|path| {
            self.by_path
                .get(path)?
                .iter()
                .filter(|target| target.holds(unit.tier, day))
                .max_by_key(|target| (target.tier.is_some(), target.starts_on, target.id))
        })
    }

    /// The same as it is published.
    pub fn published(&self, unit: &SeriesUnit, day: Date) -> Option<SeriesTarget> {
        self.on(unit, day).map(|target| SeriesTarget {
            value: target.value,
            target_id: Some(target.id),
            set_by_unit_id: target.unit_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_unit_comes_first() {
        let paths: Vec<&str> = upwards("1.b.2c.").collect();
        assert_eq!(paths, ["1.b.2c.", "1.b.", "1."]);
    }
}

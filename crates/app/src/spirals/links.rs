//! Work of a team that names a spiral: which spirals it may name, and what its writes tell them.

use std::collections::HashMap;

use spiral_domain::microsystems::{Aim, Cycle, Diagram, Meeting, Ramp};
use spiral_domain::people::Action;
use spiral_domain::spirals::{FieldChange, Spiral};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Error, Result, SpiralId, UnitId, Violations, Withheld, WorkKind};
use spiral_store::{Record, Tx};

use super::{Stirred, Touch, touch_spiral};
use crate::caller::Caller;

/// Fields whose content stands in the record itself: the timeline tells that they changed.
const AT_LENGTH: [&str; 8] = [
    "plan",
    "carriedOut",
    "study",
    "act",
    "processMap",
    "fishbone",
    "driverDiagram",
    "attendees",
];

/// Checks the spiral that a unit's work is to name: the writer sees it, it goes on, and it is the unit's own or one that
/// the unit works together with.
pub(crate) async fn check_named(
    tx: &Tx,
    unit: &OrgUnit,
    spiral: Option<SpiralId>,
    found: &mut Violations,
) -> Result<()> {
    let Some(id) = spiral else { return Ok(()) };
    let spiral = match tx.find::<Spiral>().ids(&[id]).one().await {
        Ok(spiral) => spiral,
        Err(Error::NotFound(_)) => {
            found.add("/spiral", "not_found", format!("there is no spiral `{id}`"));
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    if spiral.unit_id != unit.id && !tx.work_together(unit.id, id).await? {
        let detail = "it is the spiral of a unit with which this one does not work together on it";
        found.add("/spiral", "another_units", detail);
    } else if spiral.status.is_closed() {
        let detail = format!("the spiral is {}; reopen it first", spiral.status.name());
        found.add("/spiral", "spiral_closed", detail);
    }
    Ok(())
}

/// What differs between two states of a piece of work, as a timeline tells it.
pub(crate) fn told(before: &impl serde::Serialize, after: &impl serde::Serialize) -> Vec<FieldChange> {
    let mut changes = FieldChange::between(before, after);
    changes.retain(|change| change.field != "recordedBy");
    for change in &mut changes {
        if AT_LENGTH.contains(&change.field.as_str()) {
            (change.from, change.to) = (None, None);
        }
    }
    changes
}

/// Lets spirals know of a write on a unit's work. The spirals that the work names, or has named until now, have it on
/// their timelines and are awake; work that names none is activity of the team, and keeps all its spirals awake.
/// Another unit's spiral is told nothing: its timeline is about that unit's own work.
pub(crate) async fn tell(
    caller: &Caller,
    tx: &mut Tx,
    unit: UnitId,
    named: [Option<SpiralId>; 2],
    touch: Touch,
) -> Result<()> {
    let mut spirals: Vec<SpiralId> = named.into_iter().flatten().collect();
    spirals.dedup();
    if spirals.is_empty() {
        return stir_team(caller, tx, unit).await;
    }
    for spiral in spirals {
        if tx.spiral_for_rules(spiral).await?.unit_id == unit {
            touch_spiral(caller, tx, spiral, touch.clone()).await?;
        }
    }
    Ok(())
}

/// Keeps every open spiral of a unit awake, since its team has recorded something.
pub(crate) async fn stir_team(caller: &Caller, tx: &mut Tx, unit: UnitId) -> Result<()> {
    for spiral in tx.open_spirals(&[unit]).await? {
        let mut stirred = Stirred::of(caller, tx, spiral.id).await?;
        stirred.wake(caller, tx).await?;
        stirred.write(tx, &[]).await?;
    }
    Ok(())
}

/// Work that may name a spiral, as a link from the spiral finds it.
pub trait NamesSpiral: Record {
    /// Whose sharing it follows.
    const WORK: WorkKind;
    /// What reads it.
    const READ: Action;
    /// The column that says that it was taken back.
    const TAKEN_BACK: &'static str;
    /// The spiral that it names.
    fn spiral(&self) -> Option<SpiralId>;
}

macro_rules! names_spiral {
    ($($name:ty: $work:ident, $read:ident, $gone:literal;)*) => {$(
        impl NamesSpiral for $name {
            const WORK: WorkKind = WorkKind::$work;
            const READ: Action = Action::$read;
            const TAKEN_BACK: &'static str = $gone;
            fn spiral(&self) -> Option<SpiralId> {
                self.spiral_id
            }
        }
    )*};
}
names_spiral!(
    Aim: Aims, ReadAims, "retracted";
    Ramp: Aims, ReadAims, "retracted";
    Cycle: Aims, ReadAims, "retracted";
    Diagram: Diagrams, ReadDiagrams, "retracted";
    Meeting: Meetings, ReadTeamWork, "withdrawn";
);

/// The work that names a spiral, as far as the caller may see it.
#[derive(Debug, Clone)]
pub struct SpiralWork<R> {
    /// What names it and was not taken back, in the order in which it was recorded.
    pub records: Vec<R>,
    /// Stands here when the spiral's unit keeps such work from the caller, whether or not there is any.
    pub withheld: Option<Withheld>,
}

/// What names each of these spirals, of the units whose they are: two statements, however many there are.
pub async fn work_of_spirals<R: NamesSpiral>(
    caller: &Caller,
    spirals: &[(SpiralId, UnitId)],
) -> Result<HashMap<SpiralId, SpiralWork<R>>> {
    let store = caller.store();
    let ids: Vec<SpiralId> = spirals.iter().map(|(spiral, _)| *spiral).collect();
    let mut units: Vec<UnitId> = spirals.iter().map(|(_, unit)| *unit).collect();
    units.sort_unstable();
    units.dedup();
    let reach = store.reach_of(&units, R::WORK, R::READ).await?;
    let find = store.find::<R>().among("r.spiral_id", &ids);
    let found = find.filter(&format!("not r.{}", R::TAKEN_BACK), []);
    let mut by_spiral: HashMap<SpiralId, Vec<R>> = HashMap::new();
    for record in found.all("r.id").await? {
        if let Some(spiral) = record.spiral() {
            by_spiral.entry(spiral).or_default().push(record);
        }
    }
    Ok(spirals
        .iter()
        .map(|(spiral, unit)| {
            let withheld = reach.get(unit).filter(|(_, reached)| !reached);
            let work = SpiralWork {
                records: by_spiral.remove(spiral).unwrap_or_default(),
                withheld: withheld.map(|(level, _)| Withheld { level: *level }),
            };
            (*spiral, work)
        })
        .collect())
}

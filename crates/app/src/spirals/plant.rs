//! Many spirals at once, as they stand: how data sets are loaded.

use spiral_domain::people::Action;
use spiral_domain::spirals::{
    Entry, EntryKind, Spiral, SpiralOrigin, SpiralStatus, SpiralStep, Stay, after, check_spiral_title,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, EntryId, Error, Reference, Result, Sharing, SpiralId, SubjectId, WorkKind};

use super::stay_of;
use crate::Reach;
use crate::caller::Caller;
use crate::clock::fresh;

/// A spiral as it stands, of which nothing else is known.
#[derive(Debug, Clone)]
pub struct PlantSpiral {
    /// Its id.
    pub id: SpiralId,
    /// The unit whose spiral it is.
    pub unit: Reference,
    /// What it is about.
    pub title: String,
    /// Its theme.
    pub theme: Option<String>,
    /// When it began.
    pub started_on: Date,
    /// The step that it is in, or was in when it was closed.
    pub step: SpiralStep,
    /// `active`, or how it was closed; dormancy follows from its day.
    pub status: SpiralStatus,
    /// When somebody last recorded anything, or it was closed.
    pub active_on: Date,
}

/// Adds many spirals in one transaction; for the platform itself.
pub async fn plant_spirals(caller: &Caller, inputs: Vec<PlantSpiral>) -> Result<usize> {
    let mut tx = caller.begin(Action::ManageSpiral, Reach::Tenant).await?;
    let units: std::collections::HashMap<Reference, OrgUnit> =
        tx.resolve(inputs.iter().map(|input| &input.unit)).await?;
    let levels = tx.spirals_sharing(&units.values().collect::<Vec<_>>()).await?;
    let days = i64::from(caller.app().settings().dormancy_days);
    let (mut spirals, mut stays) = (Vec::with_capacity(inputs.len()), Vec::new());
    let mut entries: Vec<Entry> = Vec::with_capacity(inputs.len());
    for input in inputs {
        check_spiral_title(&input.title)?;
        let unit = units.get(&input.unit).ok_or(Error::NotFound("unit"))?;
        let closed = input.status.is_closed();
        let spiral = Spiral {
            id: input.id,
            unit_id: unit.id,
            title: input.title,
            theme: input.theme,
            origin: SpiralOrigin::Local,
            priority: None,
            innovation_id: None,
            programme_id: None,
            status: if closed {
                input.status
            } else {
                SpiralStatus::Active
            },
            turn: 1,
            step: input.step,
            started_on: input.started_on,
            entered_on: if closed { input.active_on } else { input.started_on },
            active_on: input.active_on,
            dormant_from: (!closed).then(|| after(input.active_on, days)),
            quiet: Vec::new(),
            discontinued_because: None,
            sharing: levels.get(&unit.id).copied().unwrap_or(Sharing::Team),
            started_by: caller.principal().id,
            version: 1,
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        if closed {
            stays.push(Stay {
                ended_on: Some(input.active_on),
                ..stay_of(
                    &Spiral {
                        status: SpiralStatus::Active,
                        entered_on: input.started_on,
                        ..spiral.clone()
                    },
                    tx.now(),
                )
            });
        }
        stays.push(stay_of(&spiral, tx.now()));
        entries.push(Entry {
            id: fresh::<EntryId>(),
            spiral_id: spiral.id,
            unit_id: spiral.unit_id,
            turn: spiral.turn,
            step: spiral.step,
            kind: EntryKind::Started,
            subject: "spiral".into(),
            subject_id: SubjectId(spiral.id.0),
            changes: Vec::new(),
            reason: None,
            occurred_on: spiral.started_on,
            done_by: caller.principal().id,
            work: WorkKind::Spirals,
            sharing: spiral.sharing,
            recorded_at: tx.now(),
        });
        spirals.push(spiral);
    }
    tx.add_spirals(&spirals, &stays, &entries).await?;
    tx.commit(spirals.len()).await
}

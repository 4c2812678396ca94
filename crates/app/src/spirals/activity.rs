//! What every write on a spiral does besides: it notes a dormancy whose day has come, wakes the spiral, and tells the
//! timeline.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::programmes::Programme;
use spiral_domain::spirals::{Entry, EntryKind, FieldChange, Spiral, SpiralStatus, Stay, spiral_closed};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, EntryId, Result, Sharing, SpiralId, SubjectId, WorkKind};
use spiral_store::{Store, Tx};
use uuid::Uuid;

use crate::Reach;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::fresh;

/// What happened, as the timeline is to tell it.
#[derive(Clone)]
pub(crate) struct Touch {
    /// What happened.
    pub kind: EntryKind,
    /// What it happened to: the published name of its kind.
    pub subject: &'static str,
    /// Its id.
    pub subject_id: SubjectId,
    /// What it was and is.
    pub changes: Vec<FieldChange>,
    /// Why, or what was said of it.
    pub reason: Option<String>,
    /// The day of which it speaks; today if none.
    pub on: Option<Date>,
    /// Whose sharing it follows, beside that of the spiral.
    pub work: WorkKind,
}

impl Touch {
    /// Something that happened to a record, shared as far as the spiral.
    pub(crate) fn of(kind: EntryKind, subject: &'static str, id: impl Into<Uuid>) -> Self {
        Self {
            kind,
            subject,
            subject_id: SubjectId(id.into()),
            changes: Vec::new(),
            reason: None,
            on: None,
            work: WorkKind::Spirals,
        }
    }
}

/// Tells a spiral's timeline what was done beneath it, in the same transaction, and wakes the spiral: what every
/// capability calls whose records belong to a spiral. Whether the caller may write them is decided before.
pub(crate) async fn touch_spiral(
    caller: &Caller,
    tx: &mut Tx,
    spiral: SpiralId,
    touch: Touch,
) -> Result<Spiral> {
    let mut stirred = Stirred::of(caller, tx, spiral).await?;
    stirred.wake(caller, tx).await?;
    stirred.tell(caller, tx, touch);
    stirred.write(tx, &[]).await
}

/// A spiral under a write: as it is met on the day, dormancy noted, and as it becomes.
pub(crate) struct Stirred {
    /// As it is to be written.
    pub spiral: Spiral,
    /// Whose it is.
    pub unit: OrgUnit,
    /// The version that a reader has seen before this write.
    pub met_version: i64,
    /// As the database has it.
    stored: Option<Spiral>,
    /// The day of the write: whatever day it speaks of, it is activity on this one.
    day: Date,
    levels: HashMap<WorkKind, Sharing>,
    entries: Vec<Entry>,
}

impl Stirred {
    /// Reads a spiral for a write.
    pub(crate) async fn of(caller: &Caller, tx: &Tx, id: SpiralId) -> Result<Self> {
        let stored = tx.spiral_for_rules(id).await?;
        let unit: OrgUnit = tx.named(&stored.unit_id.into()).await?;
        let mut stirred = Self {
            levels: tx.levels_with_spirals(&unit).await?,
            day: caller.today(),
            met_version: stored.version,
            spiral: stored.clone(),
            stored: Some(stored),
            unit,
            entries: Vec::new(),
        };
        stirred.settle(tx);
        Ok(stirred)
    }

    /// A spiral that is to be added.
    pub(crate) async fn begun(caller: &Caller, tx: &Tx, mut spiral: Spiral, unit: OrgUnit) -> Result<Self> {
        let day = caller.today();
        spiral.stir(day, dormancy_days(caller, tx, &spiral).await?);
        Ok(Self {
            levels: tx.levels_with_spirals(&unit).await?,
            day,
            met_version: spiral.version,
            spiral,
            stored: None,
            unit,
            entries: Vec::new(),
        })
    }

    /// Notes a dormancy whose day has come: in the version that a reader has been told since.
    fn settle(&mut self, tx: &Tx) {
        let Some(from) = self
            .spiral
            .dormant_from
            .filter(|_| self.spiral.falls_dormant(self.day))
        else {
            return;
        };
        self.spiral.status = SpiralStatus::Dormant;
        self.spiral.version += 1;
        self.met_version = self.spiral.version;
        let mut touch = Touch::of(EntryKind::FellDormant, "spiral", self.spiral.id);
        touch.changes = change_of_status(SpiralStatus::Active, SpiralStatus::Dormant);
        touch.on = Some(from);
        // Nobody did it: the day came.
        let entry = self.entry(tx, touch, spiral_domain::PrincipalId(Uuid::nil()), from);
        self.entries.push(entry);
    }

    /// Refuses to go on with what is closed.
    pub(crate) fn refuse_closed(&self) -> Result<()> {
        if self.spiral.status.is_closed() {
            Err(spiral_closed(&self.spiral))
        } else {
            Ok(())
        }
    }

    /// Wakes it, and counts its dormancy anew from the day.
    pub(crate) async fn wake(&mut self, caller: &Caller, tx: &Tx) -> Result<()> {
        let days = dormancy_days(caller, tx, &self.spiral).await?;
        if self.spiral.stir(self.day, days) {
            let mut touch = Touch::of(EntryKind::Woke, "spiral", self.spiral.id);
            touch.changes = change_of_status(SpiralStatus::Dormant, SpiralStatus::Active);
            touch.on = Some(self.day);
            self.tell(caller, tx, touch);
        }
        Ok(())
    }

    /// Tells the timeline.
    pub(crate) fn tell(&mut self, caller: &Caller, tx: &Tx, touch: Touch) {
        let entry = self.entry(tx, touch, caller.principal().id, caller.today());
        self.entries.push(entry);
    }

    fn entry(&self, tx: &Tx, touch: Touch, done_by: spiral_domain::PrincipalId, otherwise_on: Date) -> Entry {
        Entry {
            id: fresh::<EntryId>(),
            spiral_id: self.spiral.id,
            unit_id: self.spiral.unit_id,
            turn: self.spiral.turn,
            step: self.spiral.step,
            kind: touch.kind,
            subject: touch.subject.to_owned(),
            subject_id: touch.subject_id,
            changes: touch.changes,
            reason: touch.reason,
            occurred_on: touch.on.unwrap_or(otherwise_on),
            done_by,
            work: touch.work,
            sharing: self.levels.get(&touch.work).copied().unwrap_or(Sharing::Team),
            recorded_at: tx.now(),
        }
    }

    /// As it was met, where nothing is to be changed after all.
    pub(crate) fn into_met(self) -> Spiral {
        let day = self.day;
        self.stored.map_or(self.spiral, |stored| stored.on(day))
    }

    /// How far its unit shares a kind of work, no further than its spirals.
    pub(crate) fn level(&self, work: WorkKind) -> Sharing {
        self.levels.get(&work).copied().unwrap_or(Sharing::Team)
    }

    /// Writes the changed spiral, what changed of its stays, and what its timeline tells.
    pub(crate) async fn write(mut self, tx: &mut Tx, stays: &[Stay]) -> Result<Spiral> {
        if self.stored.as_ref() != Some(&self.spiral) {
            let noted = self.met_version;
            if self
                .stored
                .as_ref()
                .is_none_or(|stored| !only_noted(stored, &self.spiral))
            {
                self.spiral.version = noted + 1;
            }
            self.spiral.updated_at = tx.now();
            tx.change_spiral(&self.spiral, stays).await?;
        }
        for entry in &self.entries {
            tx.add_beneath(entry).await?;
        }
        Ok(self.spiral)
    }

    /// Writes a new spiral.
    pub(crate) async fn add(self, tx: &mut Tx, stay: Stay) -> Result<Spiral> {
        tx.add_spiral(&self.spiral, &stay).await?;
        for entry in &self.entries {
            tx.add_beneath(entry).await?;
        }
        Ok(self.spiral)
    }
}

/// Whether nothing differs but that a dormancy is noted.
fn only_noted(stored: &Spiral, spiral: &Spiral) -> bool {
    spiral.status == SpiralStatus::Dormant
        && *spiral
            == Spiral {
                status: SpiralStatus::Dormant,
                version: stored.version + 1,
                ..stored.clone()
            }
}

fn change_of_status(from: SpiralStatus, to: SpiralStatus) -> Vec<FieldChange> {
    vec![FieldChange {
        field: "status".into(),
        from: Some(from.name().into()),
        to: Some(to.name().into()),
    }]
}

/// After how many days without a record the spiral is dormant.
async fn dormancy_days(caller: &Caller, store: &Store, spiral: &Spiral) -> Result<i64> {
    let tenant = i64::from(caller.app().settings().dormancy_days);
    let Some(programme) = spiral.programme_id else {
        return Ok(tenant);
    };
    let programme: Programme = store.named(&programme.into()).await?;
    Ok(programme.dormancy_days.unwrap_or(tenant))
}

/// So many are noted in one transaction.
const AT_ONCE: i64 = 200;

/// Notes every dormancy whose day has come, in every tenant, and says how many. Nothing waits for it: what is read is
/// dormant from its day on. It puts the day on the timeline.
pub async fn note_dormancy(app: &App) -> Result<u64> {
    let mut noted = 0;
    for tenant in app.db().tenants().await? {
        let system = app.system(&tenant, app.clock().now());
        let today = system.today();
        if system.store().spirals_falling_dormant(today, 1).await?.is_empty() {
            continue;
        }
        loop {
            let mut tx = system.begin(Action::ManageSpiral, Reach::Tenant).await?;
            let falling = tx.spirals_falling_dormant(today, AT_ONCE).await?;
            if falling.is_empty() {
                break;
            }
            noted += falling.len() as u64;
            for spiral in falling {
                let stirred = Stirred::of(&system, &tx, spiral.id).await?;
                stirred.write(&mut tx, &[]).await?;
            }
            tx.commit(()).await?;
        }
    }
    Ok(noted)
}

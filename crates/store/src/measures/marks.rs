//! What stands beside a series: annotations, phases, targets and links, as rows.

use spiral_domain::measures::{Annotation, MeasureLink, Phase, Target};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{
    AnnotationId, Date, MeasureId, MeasureLinkId, PhaseId, PrincipalId, Result, Sharing, TargetId, Timestamp,
    UnitId,
};

use crate::record::{Record, Scoping, record};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::Column as _;

record!(Annotation, 13, "annotation", "annotation", "annotations", Scoping::Shared(Action::ReadObservations), {
    id: AnnotationId, unit_id: UnitId, measure_id: Option<MeasureId>, occurred_on: Date, text: String,
    source: Option<String>, external_id: Option<String>, recorded_by: PrincipalId, retracted: bool, sharing: Sharing,
    version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Phase, 14, "phase", "phase", "phases", Scoping::Shared(Action::ReadObservations), {
    id: PhaseId, unit_id: UnitId, measure_id: MeasureId, starts_on: Date, label: String, source: Option<String>,
    external_id: Option<String>, recorded_by: PrincipalId, retracted: bool, sharing: Sharing, version: i64,
    created_at: Timestamp, updated_at: Timestamp,
});

record!(Target, 15, "target", "target", "targets", Scoping::Shared(Action::ReadObservations), {
    id: TargetId, unit_id: UnitId, measure_id: MeasureId, tier: Option<Tier>, value: f64, starts_on: Option<Date>,
    ends_on: Option<Date>, recorded_by: PrincipalId, retracted: bool, sharing: Sharing, version: i64,
    created_at: Timestamp, updated_at: Timestamp,
});

record!(MeasureLink, 16, "measure_link", "measure link", "measure_links", Scoping::Shared(Action::ReadObservations), {
    id: MeasureLinkId, unit_id: UnitId, measure_id: MeasureId, starts_on: Option<Date>, ends_on: Option<Date>,
    recorded_by: PrincipalId, retracted: bool, sharing: Sharing, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

/// What stands beside a unit's series.
pub trait Mark: Record + Clone {
    /// The unit that owns it.
    fn unit(&self) -> UnitId;
    /// The tool that holds it, if one does.
    fn source(&self) -> Option<&String>;
    /// Row version.
    fn version(&self) -> i64;
    /// Whether it was taken back.
    fn is_retracted(&self) -> bool;
    /// Takes it back, or brings it back.
    fn set_retracted(&mut self, retracted: bool);
    /// The next state of it.
    fn touch(&mut self, by: PrincipalId, at: Timestamp);
    /// Shares it so far; whether that is a change.
    fn reshare(&mut self, level: Sharing) -> bool;
}

macro_rules! marks {
    ($($name:ty: $source:expr),* $(,)?) => {$(
        impl Mark for $name {
            fn unit(&self) -> UnitId {
                self.unit_id
            }
            fn source(&self) -> Option<&String> {
                let read: fn(&Self) -> Option<&String> = $source;
                read(self)
            }
            fn version(&self) -> i64 {
                self.version
            }
            fn is_retracted(&self) -> bool {
                self.retracted
            }
            fn set_retracted(&mut self, retracted: bool) {
                self.retracted = retracted;
            }
            fn touch(&mut self, by: PrincipalId, at: Timestamp) {
                self.recorded_by = by;
                self.version += 1;
                self.updated_at = at;
            }
            fn reshare(&mut self, level: Sharing) -> bool {
                let changes = self.sharing != level;
                if changes {
                    self.sharing = level;
                    self.version += 1;
                }
                changes
            }
        }
    )*};
}
marks!(
    Annotation: |mark| mark.source.as_ref(),
    Phase: |mark| mark.source.as_ref(),
    Target: |_| None,
    MeasureLink: |_| None,
);

impl Store {
    /// What this source calls so, whoever sees it.
    pub async fn mark_named<M: Mark>(&self, source: &str, external_id: &str) -> Result<Option<M>> {
        let values = [source.to_owned().value(), external_id.to_owned().value()];
        self.find_all::<M>()
            .filter("r.source = ? and r.external_id = ?", values)
            .first("r.id")
            .await
    }

    /// Everything of this kind that a unit has beside its series of a measure, whoever sees it.
    pub async fn marks_of<M: Mark>(&self, unit: UnitId, measure: MeasureId) -> Result<Vec<M>> {
        self.find_all::<M>()
            .filter(
                "r.unit_id = ? and r.measure_id = ?",
                [unit.value(), measure.value()],
            )
            .all("r.id")
            .await
    }
}

impl Tx {
    /// Adds what stands beside a series.
    pub async fn add_mark<M: Mark>(&mut self, mark: &M) -> Result<()> {
        self.insert(mark).await
    }

    /// Writes a new state of it.
    pub async fn change_mark<M: Mark>(&mut self, mark: &M) -> Result<()> {
        self.update(mark).await
    }

    /// Lets what stands beside a unit's series follow its new sharing level. Only a team's own targets do: those of
    /// others hold for everybody beneath them.
    pub(super) async fn reshare_marks(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        self.reshare_kind::<Annotation>(unit, level).await?;
        self.reshare_kind::<Phase>(unit, level).await?;
        self.reshare_kind::<MeasureLink>(unit, level).await?;
        if unit.tier == Tier::Microsystem {
            self.reshare_kind::<Target>(unit, level).await?;
        }
        Ok(())
    }

    async fn reshare_kind<M: Mark>(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let mut marks = self
            .find_all::<M>()
            .filter("r.unit_id = ?", [unit.id.value()])
            .all("r.id")
            .await?;
        marks.retain_mut(|mark| mark.reshare(level));
        self.put_all(&marks).await
    }
}

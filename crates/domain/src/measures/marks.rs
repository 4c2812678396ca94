//! What stands beside a series: events, deliberate changes, what is aimed for, and who is expected to report.

use serde::{Deserialize, Serialize};

use super::LARGEST;
use crate::error::{Result, Violations};
use crate::ids::{AnnotationId, MeasureId, MeasureLinkId, PhaseId, PrincipalId, TargetId, UnitId};
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::tenancy::{Tier, check_external_pair};
use crate::text::{check_optional_text, check_text};
use crate::time::{Date, Timestamp};

/// The longest text of an annotation.
const LONGEST_TEXT: usize = 500;
/// The longest label of a phase.
const LONGEST_LABEL: usize = 100;

/// Something that happened, marked on a unit's series. It changes no limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "AnnotationRecord")]
pub struct Annotation {
    /// Its id.
    pub id: AnnotationId,
    /// The unit that it is about, and that owns it.
    pub unit_id: UnitId,
    /// The measure on whose series it stands, in the version it was made for; null for every series of the unit.
    pub measure_id: Option<MeasureId>,
    /// The day it happened.
    pub occurred_on: Date,
    /// What happened.
    pub text: String,
    /// Who pushed it.
    pub source: Option<String>,
    /// What that source calls it.
    pub external_id: Option<String>,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared: as the unit's observations.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A deliberate change to how the work is done: from its day on, a series has limits of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "PhaseRecord")]
pub struct Phase {
    /// Its id.
    pub id: PhaseId,
    /// The unit that changed its work, and that owns the phase.
    pub unit_id: UnitId,
    /// The measure whose series it divides, in the version it was made for.
    pub measure_id: MeasureId,
    /// Its first day. The first period that begins on this day or later opens it.
    pub starts_on: Date,
    /// What was changed.
    pub label: String,
    /// Who pushed it.
    pub source: Option<String>,
    /// What that source calls it.
    pub external_id: Option<String>,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared: as the unit's observations.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a unit, or what stands beneath it, aims for from a day on. A unit's own target counts before that of the
/// nearest unit above it, and that before the measure's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "TargetRecord")]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The unit that set it, for itself and those beneath.
    pub unit_id: UnitId,
    /// The measure, in the version it was set for.
    pub measure_id: MeasureId,
    /// Only for units of this tier; null for all.
    pub tier: Option<Tier>,
    /// What is aimed for, on the scale of the shown rate.
    pub value: f64,
    /// Its first day; null if it has always held.
    pub starts_on: Option<Date>,
    /// Its last day; null if it holds until another does.
    pub ends_on: Option<Date>,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared: a team's own as its observations, others with everyone.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Target {
    /// Whether it holds on a day for a unit of this tier.
    pub fn holds(&self, tier: Tier, on: Date) -> bool {
        self.tier.is_none_or(|only| only == tier)
            && self.starts_on.is_none_or(|first| first <= on)
            && self.ends_on.is_none_or(|last| on <= last)
    }

    /// What sets it apart from the unit's other targets of the measure.
    pub fn key(&self) -> (Option<Tier>, Option<Date>) {
        (self.tier, self.starts_on)
    }
}

/// A unit uses a measure of the library: it is expected to report it, for as long as the link lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "MeasureLinkRecord")]
pub struct MeasureLink {
    /// Its id.
    pub id: MeasureLinkId,
    /// The unit.
    pub unit_id: UnitId,
    /// The measure, in the version that was linked; later versions that go on where it stops are meant too.
    pub measure_id: MeasureId,
    /// The first day on which the unit is expected to report; null if always.
    pub starts_on: Option<Date>,
    /// The last day; null if it still is.
    pub ends_on: Option<Date>,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared: as the unit's observations.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Marks an event on a unit's series. The same `source` and `externalId` again correct it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddAnnotation {
    /// The unit that it is about.
    pub unit: Reference,
    /// The measure on whose series it stands; absent for every series of the unit.
    #[serde(default)]
    pub measure: Option<Reference>,
    /// The day it happened.
    pub occurred_on: Date,
    /// What happened.
    #[schema(max_length = 500, example = "Second triage nurse from today")]
    pub text: String,
    /// Who pushes it: a source of the API client. With `externalId` or not at all.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that source calls it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

impl AddAnnotation {
    /// Every rule that needs no database, at once.
    pub fn check(&self, numeric_ids: bool) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/text", &self.text, LONGEST_TEXT);
        check_external_pair(
            &mut found,
            self.source.as_deref(),
            self.external_id.as_deref(),
            numeric_ids,
        );
        found.into_result()
    }
}

/// Changes an annotation; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeAnnotation {
    /// Another day.
    #[serde(default)]
    pub occurred_on: Option<Date>,
    /// Another text.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub text: Option<String>,
}

impl ChangeAnnotation {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/text", self.text.as_deref(), LONGEST_TEXT);
        found.into_result()
    }

    /// The annotation with the change made.
    pub fn apply(self, annotation: &mut Annotation) {
        if let Some(day) = self.occurred_on {
            annotation.occurred_on = day;
        }
        if let Some(text) = self.text {
            annotation.text = text;
        }
    }
}

/// Opens a phase of a unit's series. The same `source` and `externalId` again correct it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenPhase {
    /// The unit that changed its work.
    pub unit: Reference,
    /// The measure whose series it divides.
    pub measure: Reference,
    /// Its first day.
    pub starts_on: Date,
    /// What was changed.
    #[schema(max_length = 100, example = "Triage by telephone")]
    pub label: String,
    /// Who pushes it: a source of the API client. With `externalId` or not at all.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that source calls it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
}

impl OpenPhase {
    /// Every rule that needs no database, at once.
    pub fn check(&self, numeric_ids: bool) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/label", &self.label, LONGEST_LABEL);
        check_external_pair(
            &mut found,
            self.source.as_deref(),
            self.external_id.as_deref(),
            numeric_ids,
        );
        found.into_result()
    }
}

/// Changes a phase; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePhase {
    /// Another first day.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// Another label.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub label: Option<String>,
}

impl ChangePhase {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/label", self.label.as_deref(), LONGEST_LABEL);
        found.into_result()
    }

    /// The phase with the change made.
    pub fn apply(self, phase: &mut Phase) {
        if let Some(day) = self.starts_on {
            phase.starts_on = day;
        }
        if let Some(label) = self.label {
            phase.label = label;
        }
    }
}

/// Sets a target for a unit and those beneath. The same unit, measure, tier and first day again change it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetTarget {
    /// The unit that sets it.
    pub unit: Reference,
    /// The measure.
    pub measure: Reference,
    /// Only for units of this tier, at or beneath the unit; absent for all.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// What is aimed for, on the scale of the shown rate.
    #[schema(example = 90.0)]
    pub value: f64,
    /// Its first day; absent if it has always held.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// Its last day; absent if it holds until another does.
    #[serde(default)]
    pub ends_on: Option<Date>,
}

impl SetTarget {
    /// Every rule at once, for a unit of this tier.
    pub fn check(&self, owner: Tier) -> Result<()> {
        let mut found = Violations::new();
        found.require(
            self.value.is_finite() && self.value.abs() <= LARGEST,
            "/value",
            "out_of_range",
            || format!("a target is between -{LARGEST:e} and {LARGEST:e}"),
        );
        check_days(&mut found, self.starts_on, self.ends_on);
        if let Some(tier) = self.tier {
            found.require(tier <= owner, "/tier", "tier_above_owner", || {
                format!(
                    "no unit of tier `{}` stands at or beneath one of tier `{}`",
                    tier.name(),
                    owner.name()
                )
            });
        }
        found.into_result()
    }
}

/// Links a unit to a measure of the library. The same unit, measure and first day again change the last one.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkMeasure {
    /// The unit.
    pub unit: Reference,
    /// The measure.
    pub measure: Reference,
    /// The first day on which the unit is expected to report; absent if always.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// The last day; absent if it still is.
    #[serde(default)]
    pub ends_on: Option<Date>,
}

impl LinkMeasure {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_days(&mut found, self.starts_on, self.ends_on);
        found.into_result()
    }
}

fn check_days(found: &mut Violations, first: Option<Date>, last: Option<Date>) {
    if let (Some(first), Some(last)) = (first, last) {
        found.require(first <= last, "/endsOn", "ends_before_start", || {
            format!("ends on {last}, before it starts on {first}")
        });
    }
}

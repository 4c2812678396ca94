//! The timeline: every change of a spiral and of what is beneath it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SpiralStep;
use crate::ids::{EntryId, PrincipalId, SpiralId, SubjectId, UnitId};
use crate::sharing::{Sharing, WorkKind};
use crate::time::{Date, Timestamp};

words! {
    /// What happened.
    EntryKind {
        /// The spiral began.
        Started,
        /// The spiral is about something else.
        Changed,
        /// It went on to the next step.
        Advanced,
        /// It went back to an earlier step.
        Returned,
        /// It went on to the next turn.
        Revolved,
        /// It was closed: it lasts.
        Sustained,
        /// It was closed: given up.
        Discontinued,
        /// It was opened again.
        Reopened,
        /// It goes on at another unit: its own has closed, or is open again.
        HandedOver,
        /// Nobody had recorded anything for the dormancy period.
        FellDormant,
        /// Somebody recorded something again.
        Woke,
        /// Something was recorded beneath it.
        Recorded,
        /// Something beneath it was changed.
        Amended,
    }
}

/// A field that changed.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The field, as JSON calls it.
    pub field: String,
    /// What it was.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

/// Fields that change with every write, and say nothing of it.
const SILENT: [&str; 6] = [
    "version",
    "updatedAt",
    "activeOn",
    "dormantFrom",
    "quiet",
    "enteredOn",
];

impl FieldChange {
    /// What differs between two states of a record.
    pub fn between(before: &impl Serialize, after: &impl Serialize) -> Vec<Self> {
        let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
            (serde_json::to_value(before), serde_json::to_value(after))
        else {
            return Vec::new();
        };
        let differs = |field: &&String| {
            !SILENT.contains(&field.as_str()) && before.get(field.as_str()) != after.get(field.as_str())
        };
        after
            .keys()
            .filter(differs)
            .map(|field| Self {
                field: field.clone(),
                from: before.get(field).and_then(text_of),
                to: after.get(field).and_then(text_of),
            })
            .collect()
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// One change of a spiral, or of what is beneath it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "TimelineEntry")]
#[schema(as = TimelineEntry)]
pub struct Entry {
    /// Its id; the order of ids is the order of what was recorded.
    pub id: EntryId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn that the spiral was in, after the change.
    pub turn: i64,
    /// The step that it was in, after the change.
    pub step: SpiralStep,
    /// What happened.
    pub kind: EntryKind,
    /// What it happened to: `spiral`, `need`, `decision` …
    pub subject: String,
    /// Its id.
    pub subject_id: SubjectId,
    /// What it was and is.
    pub changes: Vec<FieldChange>,
    /// Why, or what was said of it.
    pub reason: Option<String>,
    /// The day of which it speaks.
    pub occurred_on: Date,
    /// Who did it; the nil id is the platform itself.
    pub done_by: PrincipalId,
    /// Whose sharing it follows, beside that of the spiral.
    pub work: WorkKind,
    /// How far it is shared: as far as the narrower of both.
    pub sharing: Sharing,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

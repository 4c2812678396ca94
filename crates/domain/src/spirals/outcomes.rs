//! Outcomes: what came of a turn, good or bad, and whether it is still there.

use serde::{Deserialize, Serialize};

use super::check_past;
use crate::error::{Result, Violations};
use crate::ids::{MeasureId, OutcomeId, PrincipalId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::{check_optional_text, check_text};
use crate::time::{Date, Timestamp};

words! {
    /// What sort of outcome it is.
    OutcomeKind {
        /// Something is done differently.
        PracticeChange,
        /// Patients have something of it.
        PatientBenefit,
        /// Staff have something of it.
        StaffBenefit,
        /// Less is wasted.
        Efficiency,
        /// It did harm, or cost more than it gave.
        Disbenefit,
    }
}

words! {
    /// How an outcome is known.
    OutcomeEvidence {
        /// By figures.
        Measured,
        /// By a survey.
        Surveyed,
        /// By the impression of those who were there.
        Perceived,
    }
}

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpiralOutcome")]
#[schema(as = SpiralOutcome)]
pub struct Outcome {
    /// Its id.
    pub id: OutcomeId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn.
    pub turn: i64,
    /// What sort of outcome it is.
    pub kind: OutcomeKind,
    /// What it is.
    pub text: String,
    /// How it is known.
    pub evidence: OutcomeEvidence,
    /// The measure that shows it.
    pub measure_id: Option<MeasureId>,
    /// Since when.
    pub since: Option<Date>,
    /// When somebody last looked whether it is still in place.
    pub checked_on: Option<Date>,
    /// Whether it was, on that day.
    pub in_place: Option<bool>,
    /// Whether it was recorded by mistake.
    pub withdrawn: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Outcome {
    /// The rules of an outcome as a whole.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        let both = self.checked_on.is_some() == self.in_place.is_some();
        found.require(both, "/inPlace", "with_its_day", || {
            "whether it is in place is said of a day: `checkedOn` and `inPlace` go together".into()
        });
        if let (Some(since), Some(checked)) = (self.since, self.checked_on) {
            found.require(since <= checked, "/checkedOn", "before_since", || {
                format!("it is there since {since}; {checked} is before")
            });
        }
        found.into_result()
    }
}

/// Records an outcome of the present turn.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordOutcome {
    /// What sort of outcome it is.
    pub kind: OutcomeKind,
    /// What it is.
    #[schema(max_length = 2000, example = "A nurse sees everybody first")]
    pub text: String,
    /// How it is known.
    pub evidence: OutcomeEvidence,
    /// The measure that shows it.
    #[serde(default)]
    pub measure: Option<Reference>,
    /// Since when.
    #[serde(default)]
    pub since: Option<Date>,
    /// When somebody looked whether it is still in place.
    #[serde(default)]
    pub checked_on: Option<Date>,
    /// Whether it was, on that day.
    #[serde(default)]
    pub in_place: Option<bool>,
}

impl RecordOutcome {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/text", &self.text, 2000);
        check_past(&mut found, "/since", self.since, today);
        check_past(&mut found, "/checkedOn", self.checked_on, today);
        found.into_result()
    }
}

/// Changes an outcome; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeOutcome {
    /// What it is.
    #[serde(default)]
    #[schema(max_length = 2000, example = "A nurse sees everybody first")]
    pub text: Option<String>,
    /// How it is known.
    #[serde(default)]
    pub evidence: Option<OutcomeEvidence>,
    /// Another measure that shows it, or none.
    #[serde(default)]
    #[schema(value_type = Option<Reference>)]
    pub measure: Patch<Reference>,
    /// Since when, or that this is not known.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub since: Patch<Date>,
    /// When somebody looked whether it is still in place.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub checked_on: Patch<Date>,
    /// Whether it was, on that day.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub in_place: Patch<bool>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeOutcome {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/text", self.text.as_deref(), 2000);
        check_past(&mut found, "/since", self.since.value().copied(), today);
        check_past(&mut found, "/checkedOn", self.checked_on.value().copied(), today);
        found.into_result()
    }

    /// The outcome with the change made, but for its measure.
    pub fn apply(self, outcome: &mut Outcome) {
        if let Some(text) = self.text {
            outcome.text = text;
        }
        if let Some(evidence) = self.evidence {
            outcome.evidence = evidence;
        }
        self.since.apply(&mut outcome.since);
        self.checked_on.apply(&mut outcome.checked_on);
        self.in_place.apply(&mut outcome.in_place);
        if let Some(withdrawn) = self.withdrawn {
            outcome.withdrawn = withdrawn;
        }
    }
}

//! Needs: gaps between what is and what could be.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{MeasureId, NeedId, PrincipalId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::{check_optional_text, check_text};
use crate::time::Timestamp;

words! {
    /// Who voiced a need.
    NeedVoice {
        /// Patients.
        Patients,
        /// Those who care for them.
        Carers,
        /// The team's own people.
        Staff,
        /// A comparison of the team's own figures with others'.
        Benchmark,
        /// A requirement from above.
        Requirement,
    }
}

impl NeedVoice {
    /// Whether somebody here has said it: everything but a requirement from above.
    pub const fn is_local(self) -> bool {
        !matches!(self, Self::Requirement)
    }
}

words! {
    /// What has become of a need.
    NeedState {
        /// It is still there; the next turn takes it over.
        Open,
        /// It is met.
        Met,
        /// It was recorded by mistake.
        Withdrawn,
    }
}

/// A gap between what is and what could be, as a turn has recognised it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpiralNeed")]
#[schema(as = SpiralNeed)]
pub struct Need {
    /// Its id.
    pub id: NeedId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn in which it was recognised.
    pub turn: i64,
    /// The gap, in words.
    pub gap: String,
    /// Who voiced it.
    pub voiced_by: NeedVoice,
    /// The measure that shows it.
    pub measure_id: Option<MeasureId>,
    /// The figure as it is.
    pub current_value: Option<f64>,
    /// The figure as it could be.
    pub potential_value: Option<f64>,
    /// Why what else there is will not do.
    pub why_not_otherwise: Option<String>,
    /// What has become of it.
    pub state: NeedState,
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

impl Need {
    /// Whether it was a need at all.
    pub fn stands(&self) -> bool {
        self.state != NeedState::Withdrawn
    }
}

/// Records a need.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordNeed {
    /// The gap, in words.
    #[schema(
        max_length = 2000,
        example = "Patients wait three weeks for a first visit; elsewhere it is two days"
    )]
    pub gap: String,
    /// Who voiced it.
    pub voiced_by: NeedVoice,
    /// The measure that shows it.
    #[serde(default)]
    pub measure: Option<Reference>,
    /// The figure as it is.
    #[serde(default)]
    #[schema(example = 21.0)]
    pub current_value: Option<f64>,
    /// The figure as it could be.
    #[serde(default)]
    #[schema(example = 2.0)]
    pub potential_value: Option<f64>,
    /// Why what else there is will not do.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub why_not_otherwise: Option<String>,
}

impl RecordNeed {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/gap", &self.gap, 2000);
        let why = self.why_not_otherwise.as_deref();
        check_optional_text(&mut found, "/whyNotOtherwise", why, 2000);
        check_figure(&mut found, "/currentValue", self.current_value);
        check_figure(&mut found, "/potentialValue", self.potential_value);
        found.into_result()
    }
}

fn check_figure(found: &mut Violations, pointer: &str, figure: Option<f64>) {
    let holds = figure.is_none_or(f64::is_finite);
    found.require(holds, pointer, "not_finite", || "a figure is a number".into());
}

/// Changes a need; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeNeed {
    /// The gap, in words.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Patients wait three weeks for a first visit")]
    pub gap: Option<String>,
    /// Who voiced it.
    #[serde(default)]
    pub voiced_by: Option<NeedVoice>,
    /// Another measure that shows it, or none.
    #[serde(default)]
    #[schema(value_type = Option<Reference>)]
    pub measure: Patch<Reference>,
    /// The figure as it is, or none.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub current_value: Patch<f64>,
    /// The figure as it could be, or none.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    pub potential_value: Patch<f64>,
    /// Why what else there is will not do, or nothing.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub why_not_otherwise: Patch<String>,
    /// What has become of it.
    #[serde(default)]
    pub state: Option<NeedState>,
}

impl ChangeNeed {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/gap", self.gap.as_deref(), 2000);
        let why = self.why_not_otherwise.value().map(String::as_str);
        check_optional_text(&mut found, "/whyNotOtherwise", why, 2000);
        check_figure(&mut found, "/currentValue", self.current_value.value().copied());
        check_figure(
            &mut found,
            "/potentialValue",
            self.potential_value.value().copied(),
        );
        found.into_result()
    }

    /// The need with the change made, but for its measure.
    pub fn apply(self, need: &mut Need) {
        if let Some(gap) = self.gap {
            need.gap = gap;
        }
        if let Some(voice) = self.voiced_by {
            need.voiced_by = voice;
        }
        if let Some(state) = self.state {
            need.state = state;
        }
        self.current_value.apply(&mut need.current_value);
        self.potential_value.apply(&mut need.potential_value);
        self.why_not_otherwise.apply(&mut need.why_not_otherwise);
    }
}

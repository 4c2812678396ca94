//! Progress as the team sees it: a score from intent to outstanding, set by the team itself.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{PrincipalId, ProgressScoreId, SpiralId, UnitId};
use crate::sharing::Sharing;
use crate::text::check_optional_text;
use crate::time::{Date, Timestamp};

/// What a team says of its progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ProgressScoreRecord")]
pub struct ProgressScore {
    /// Its id.
    pub id: ProgressScoreId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn.
    pub turn: i64,
    /// 0.5 is intent, 5.0 is outstanding and sustainable.
    pub score: f64,
    /// Why.
    pub note: Option<String>,
    /// The day of which it speaks.
    pub set_on: Date,
    /// How far it is shared: a team's own, unless it shares it.
    pub sharing: Sharing,
    /// Who set it.
    pub set_by: PrincipalId,
    /// Row version.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Says where a spiral stands, in the team's own eyes.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetProgressScore {
    /// From 0.5 (intent) to 5.0 (outstanding and sustainable), in steps of a half.
    #[schema(minimum = 0.5, maximum = 5.0, multiple_of = 0.5, example = 2.5)]
    pub score: f64,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// The day of which it speaks; today if absent.
    #[serde(default)]
    pub on: Option<Date>,
}

impl SetProgressScore {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        let half_steps = self.score * 2.0;
        found.require(
            (1.0..=10.0).contains(&half_steps) && half_steps.fract() == 0.0,
            "/score",
            "out_of_range",
            || "between 0.5 and 5.0, in steps of a half".into(),
        );
        check_optional_text(&mut found, "/note", self.note.as_deref(), 2000);
        super::check_past(&mut found, "/on", self.on, today);
        found.into_result()
    }
}

//! Ramps: PDSA cycles that build on each other, towards one aim.

use serde::{Deserialize, Serialize};

use super::LONGEST_TITLE;
use crate::error::{Result, Violations};
use crate::ids::{AimId, PrincipalId, RampId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::sharing::Sharing;
use crate::text::{check_optional_text, check_text};
use crate::time::Timestamp;

/// Cycles that build on each other, towards one aim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "RampRecord")]
pub struct Ramp {
    /// Its id.
    pub id: RampId,
    /// The unit whose work it is.
    pub unit_id: UnitId,
    /// The spiral that it is part of.
    pub spiral_id: Option<SpiralId>,
    /// The aim that it serves.
    pub aim_id: AimId,
    /// The change that it develops.
    pub title: String,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Opens a ramp.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenRamp {
    /// The aim that it serves.
    pub aim: AimId,
    /// The change that it develops.
    #[schema(max_length = 200, example = "Referrals are looked at every morning")]
    pub title: String,
    /// The spiral that it is part of; that of its aim if absent.
    #[serde(default)]
    pub spiral: Option<SpiralId>,
}

impl OpenRamp {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, LONGEST_TITLE);
        found.into_result()
    }
}

/// Changes a ramp; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeRamp {
    /// Another title.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// Another spiral that it is part of, or none.
    #[serde(default)]
    #[schema(value_type = Option<SpiralId>)]
    pub spiral: Patch<SpiralId>,
}

impl ChangeRamp {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/title", self.title.as_deref(), LONGEST_TITLE);
        found.into_result()
    }
}

//! Refreshers: six and twelve months after a turn has ended, the team looks whether what it gained is still there (Kent
//! evaluation, 2020).

use serde::{Deserialize, Serialize};

use super::check_past;
use crate::error::{Error, Result, Violations};
use crate::ids::{PrincipalId, RefresherId, SpiralId, UnitId};
use crate::sharing::Sharing;
use crate::text::check_optional_text;
use crate::time::{Date, Timestamp};

/// So many months after a turn has ended a look is due.
pub const REFRESHER_MONTHS: [i32; 2] = [6, 12];

words! {
    /// What a look some time after a turn has found.
    RefresherFinding {
        /// What was gained is still there.
        Holds,
        /// Part of it is.
        Partly,
        /// It is lost.
        Lost,
    }
}

/// A look, some time after a turn has ended, at whether what it gained is still there: due, or done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "RefresherRecord")]
pub struct Refresher {
    /// Its id.
    pub id: RefresherId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn that has ended.
    pub turn: i64,
    /// When it ended.
    pub turn_ended_on: Date,
    /// How many months later the look is due: 6 or 12.
    pub months: i64,
    /// When it is due.
    pub due_on: Date,
    /// When somebody looked; null while nobody has.
    pub done_on: Option<Date>,
    /// What was found.
    pub finding: Option<RefresherFinding>,
    /// What there is to say of it.
    pub note: Option<String>,
    /// Whether it is not called for any more: the turn was taken up again, or the spiral given up.
    pub withdrawn: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who looked; before that, who ended the turn.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When the turn was ended.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Says what a look has found; again, to say it anew.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordRefresher {
    /// What was found.
    pub finding: RefresherFinding,
    /// When somebody looked; today if absent. Earlier than it was due is fine.
    #[serde(default)]
    pub on: Option<Date>,
    /// What there is to say of it.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Two of the three new slots are still kept free")]
    pub note: Option<String>,
}

impl RecordRefresher {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/note", self.note.as_deref(), 2000);
        check_past(&mut found, "/on", self.on, today);
        found.into_result()
    }

    /// The refresher with what was found, if it may be said of it.
    pub fn apply(self, refresher: &mut Refresher, today: Date) -> Result<()> {
        if refresher.withdrawn {
            let detail = "the turn was taken up again, or the spiral given up: nothing is to be looked at";
            return Err(Error::conflict("not_called_for", detail));
        }
        let on = self.on.unwrap_or(today);
        if on < refresher.turn_ended_on {
            let detail = format!("the turn ended on {}", refresher.turn_ended_on);
            return Err(Error::invalid("/on", "before_turn_ended", detail));
        }
        refresher.done_on = Some(on);
        refresher.finding = Some(self.finding);
        refresher.note = self.note;
        Ok(())
    }
}

//! How a spiral moves: on, back, round, and to its end.

use serde::{Deserialize, Serialize};

use super::{CarriedOver, Evidence, Spiral, SpiralStatus, SpiralStep, check_past};
use crate::error::{Error, Result, Violations};
use crate::text::{check_optional_text, check_text};
use crate::time::Date;

/// A move of a spiral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// To the next step.
    Advance,
    /// To an earlier step.
    Return(SpiralStep),
    /// From the last step to the first of the next turn.
    Revolve,
    /// Closed from the last step: it lasts.
    Sustain,
    /// Closed from wherever it is: given up.
    Discontinue,
    /// Open again, in the step in which it was closed.
    Reopen,
}

impl Move {
    /// Whether it goes forward, so that a programme's gates stand in its way.
    pub const fn is_gated(self) -> bool {
        matches!(self, Self::Advance | Self::Revolve | Self::Sustain)
    }

    /// Where it leads from here; a conflict if it cannot be made from here.
    pub fn from(self, spiral: &Spiral) -> Result<(i64, SpiralStep, SpiralStatus)> {
        let closed = spiral.status.is_closed();
        let here = (spiral.turn, spiral.step);
        let open = SpiralStatus::Active;
        match self {
            Self::Reopen if !closed => Err(Error::conflict("not_closed", "this spiral is not closed")),
            Self::Reopen => Ok((here.0, here.1, open)),
            Self::Discontinue if spiral.status == SpiralStatus::Discontinued => Err(Error::conflict(
                "spiral_closed",
                "this spiral is discontinued already",
            )),
            Self::Discontinue => Ok((here.0, here.1, SpiralStatus::Discontinued)),
            _ if closed => Err(spiral_closed(spiral)),
            Self::Advance => {
                let next = here.1.next().ok_or_else(|| {
                    let detail = "sustainability is the last step; revolve into the next turn, or sustain";
                    Error::conflict("last_step", detail)
                })?;
                Ok((here.0, next, open))
            }
            Self::Return(to) if to >= here.1 => Err(Error::invalid(
                "/step",
                "not_earlier",
                format!("{} is not before {}", to.name(), here.1.name()),
            )),
            Self::Return(to) => Ok((here.0, to, open)),
            Self::Revolve | Self::Sustain if here.1 != SpiralStep::Sustainability => Err(Error::conflict(
                "not_at_last_step",
                format!(
                    "this takes the step sustainability; the spiral is in {}",
                    here.1.name()
                ),
            )),
            Self::Revolve => Ok((here.0 + 1, SpiralStep::RecognitionOfNeed, open)),
            Self::Sustain => Ok((here.0, here.1, SpiralStatus::Sustained)),
        }
    }
}

/// What is said to whoever would go on with a closed spiral.
pub fn spiral_closed(spiral: &Spiral) -> Error {
    let detail = format!("this spiral is {}; reopen it first", spiral.status.name());
    Error::conflict("spiral_closed", detail)
}

/// Moves a spiral on.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveOn {
    /// The day on which it moved; today if absent.
    #[serde(default)]
    pub on: Option<Date>,
    /// What there is to say of it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

impl MoveOn {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_past(&mut found, "/on", self.on, today);
        check_optional_text(&mut found, "/note", self.note.as_deref(), 2000);
        found.into_result()
    }
}

/// Takes a spiral back to an earlier step.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReturnToStep {
    /// The earlier step.
    pub step: SpiralStep,
    /// Why.
    #[schema(max_length = 2000, example = "The patients' survey showed another gap")]
    pub reason: String,
    /// The day on which it went back; today if absent.
    #[serde(default)]
    pub on: Option<Date>,
}

/// Discontinues or reopens a spiral.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveWithReason {
    /// Why.
    #[schema(max_length = 2000, example = "The two people who carried it have left")]
    pub reason: String,
    /// The day on which it was; today if absent.
    #[serde(default)]
    pub on: Option<Date>,
}

fn check_reason(reason: &str, on: Option<Date>, today: Date) -> Result<()> {
    let mut found = Violations::new();
    check_text(&mut found, "/reason", reason, 2000);
    check_past(&mut found, "/on", on, today);
    found.into_result()
}

impl ReturnToStep {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        check_reason(&self.reason, self.on, today)
    }
}

impl MoveWithReason {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        check_reason(&self.reason, self.on, today)
    }
}

/// A spiral after a move, and what its last step had lacked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpiralMoved {
    /// The spiral, as it is now.
    pub spiral: Spiral,
    /// The evidence that the step which it left lacked. It moved all the same: moving on is the team's call, unless
    /// its programme requires the evidence.
    pub missing: Vec<Evidence>,
    /// What the next turn takes over; only of a revolution.
    pub carried_over: Option<CarriedOver>,
}

//! The improvement spiral: a team sees a gap, looks for what others know, decides, changes something, sees that it
//! lasts, and goes round again one turn higher.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{InnovationId, PrincipalId, ProgrammeId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::{check_code, check_text};
use crate::time::{Date, Timestamp};

/// An enumeration, as every face knows it.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema, async_graphql::Enum,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

mod collaborations;
mod decisions;
mod evidence;
mod handovers;
mod knowledge;
mod moves;
mod needs;
mod outcomes;
mod progress;
mod refreshers;
mod stays;
mod summary;
mod support;
mod tally;
mod timeline;
pub use collaborations::*;
pub use decisions::*;
pub use evidence::*;
pub use handovers::*;
pub use knowledge::*;
pub use moves::*;
pub use needs::*;
pub use outcomes::*;
pub use progress::*;
pub use refreshers::*;
pub use stays::*;
pub use summary::*;
pub use support::*;
pub use tally::*;
pub use timeline::*;

words! {
    /// A step of a turn.
    SpiralStep {
        /// A gap between what is and what could be is stated.
        RecognitionOfNeed,
        /// What others know is looked for.
        WaysOfKnowing,
        /// Options are weighed, and one is chosen.
        LocalDecision,
        /// The change is made, with the support that it takes.
        ChangeSupport,
        /// It is seen whether it lasts.
        Sustainability,
    }
}

impl SpiralStep {
    /// 1 to 5.
    pub const fn number(self) -> i64 {
        self as i64 + 1
    }

    /// The step after this one, if there is one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }

    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecognitionOfNeed => "recognition_of_need",
            Self::WaysOfKnowing => "ways_of_knowing",
            Self::LocalDecision => "local_decision",
            Self::ChangeSupport => "change_support",
            Self::Sustainability => "sustainability",
        }
    }
}

words! {
    /// Where the first push came from.
    SpiralOrigin {
        /// The team itself.
        Local,
        /// The strategic health authority.
        Sha,
        /// The national body.
        National,
        /// Patients.
        Patient,
    }
}

impl SpiralOrigin {
    /// Whether it came from above, so that the local need must be recognised as well.
    pub const fn from_above(self) -> bool {
        matches!(self, Self::Sha | Self::National)
    }

    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Sha => "sha",
            Self::National => "national",
            Self::Patient => "patient",
        }
    }
}

words! {
    /// Whether a spiral goes on.
    SpiralStatus {
        /// Somebody works on it.
        Active,
        /// Nobody has recorded anything for the dormancy period; any record wakes it.
        Dormant,
        /// It lasts, and is closed.
        Sustained,
        /// It was given up, and is closed.
        Discontinued,
    }
}

impl SpiralStatus {
    /// Whether it is over: sustained or discontinued.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Sustained | Self::Discontinued)
    }

    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Dormant => "dormant",
            Self::Sustained => "sustained",
            Self::Discontinued => "discontinued",
        }
    }
}

/// A time in which nobody recorded anything for longer than the dormancy period.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct Quiet {
    /// The first day of dormancy.
    pub from: Date,
    /// The day on which somebody recorded something again.
    pub until: Date,
}

/// A unit's improvement spiral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpiralRecord")]
pub struct Spiral {
    /// Its id.
    pub id: SpiralId,
    /// The unit whose spiral it is; usually a microsystem.
    pub unit_id: UnitId,
    /// What it is about.
    pub title: String,
    /// Its theme, by which spirals are counted together.
    pub theme: Option<String>,
    /// Where the first push came from.
    pub origin: SpiralOrigin,
    /// The code of the priority that it serves, in the words of whoever set that.
    pub priority: Option<String>,
    /// The innovation that it adopts.
    pub innovation_id: Option<InnovationId>,
    /// The programme that it belongs to.
    pub programme_id: Option<ProgrammeId>,
    /// Whether it goes on.
    pub status: SpiralStatus,
    /// The turn that it is in, from 1 on.
    pub turn: i64,
    /// The step that it is in, or was in when it was closed.
    pub step: SpiralStep,
    /// When it began.
    pub started_on: Date,
    /// Since when it is in this step, or closed.
    pub entered_on: Date,
    /// When somebody last recorded anything.
    pub active_on: Date,
    /// From when on it is dormant if nothing is recorded; null while it is closed.
    pub dormant_from: Option<Date>,
    /// Times of quiet that are over.
    pub quiet: Vec<Quiet>,
    /// Why it was discontinued.
    pub discontinued_because: Option<String>,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who started it.
    pub started_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Spiral {
    /// Whether its day of dormancy has come, though nobody has noted that yet.
    pub fn falls_dormant(&self, today: Date) -> bool {
        self.status == SpiralStatus::Active && self.dormant_from.is_some_and(|from| from <= today)
    }

    /// As it stands on a day: dormant from its day of dormancy on, whether or not that is noted yet. Noting it makes
    /// the version that is told here.
    #[must_use]
    pub fn on(mut self, today: Date) -> Self {
        if self.falls_dormant(today) {
            self.status = SpiralStatus::Dormant;
            self.version += 1;
        }
        self
    }

    /// Notes that something was recorded for the team on a day: it is awake, and for another dormancy period. Says
    /// whether it was dormant.
    pub fn stir(&mut self, on: Date, dormancy_days: i64) -> bool {
        if self.status.is_closed() {
            self.active_on = self.active_on.max(on);
            return false;
        }
        let slept = self.dormant_from.filter(|from| *from <= on);
        if let Some(from) = slept {
            // Woken on the very day on which it fell dormant, it was never quiet for a day.
            if from < on {
                self.quiet.push(Quiet { from, until: on });
            }
            self.status = SpiralStatus::Active;
        }
        if on >= self.active_on {
            self.active_on = on;
            self.dormant_from = Some(after(on, dormancy_days));
        }
        slept.is_some()
    }
}

/// The first day of dormancy for what was last touched on a day.
pub fn after(active_on: Date, dormancy_days: i64) -> Date {
    active_on.plus_days(u64::try_from(dormancy_days).unwrap_or_default())
}

/// Starts a spiral.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartSpiral {
    /// The unit whose spiral it is.
    pub unit: Reference,
    /// What it is about.
    #[schema(max_length = 200, example = "No long waits in the clinic")]
    pub title: String,
    /// Its theme, by which spirals are counted together.
    #[serde(default)]
    #[schema(max_length = 63, example = "access")]
    pub theme: Option<String>,
    /// Where the first push came from.
    pub origin: SpiralOrigin,
    /// The code of the priority that it serves.
    #[serde(default)]
    #[schema(max_length = 63, example = "four-hour-wait")]
    pub priority: Option<String>,
    /// The innovation that it adopts.
    #[serde(default)]
    pub innovation: Option<Reference>,
    /// The programme that it belongs to.
    #[serde(default)]
    pub programme: Option<Reference>,
    /// When it began; today if absent.
    #[serde(default)]
    pub started_on: Option<Date>,
}

impl StartSpiral {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, 200);
        check_codes(&mut found, self.theme.as_deref(), self.priority.as_deref());
        check_past(&mut found, "/startedOn", self.started_on, today);
        found.into_result()
    }
}

/// Requires what every title must be.
pub fn check_spiral_title(title: &str) -> Result<()> {
    let mut found = Violations::new();
    check_text(&mut found, "/title", title, 200);
    found.into_result()
}

fn check_codes(found: &mut Violations, theme: Option<&str>, priority: Option<&str>) {
    for (pointer, code) in [("/theme", theme), ("/priority", priority)] {
        if let Some(code) = code {
            check_code(found, pointer, code);
        }
    }
}

/// Requires a plausible day that is not to come.
pub(crate) fn check_past(found: &mut Violations, pointer: &str, on: Option<Date>, today: Date) {
    let Some(on) = on else { return };
    if !on.is_plausible() {
        found.add(pointer, "out_of_range", "a date is between 1900 and 2200");
    } else if on > today {
        found.add(pointer, "in_future", format!("{on} is yet to come"));
    }
}

/// Changes what a spiral is about; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeSpiral {
    /// What it is about.
    #[serde(default)]
    #[schema(max_length = 200, example = "No long waits in the clinic")]
    pub title: Option<String>,
    /// Another theme, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 63, example = "access")]
    pub theme: Patch<String>,
    /// Where the first push came from.
    #[serde(default)]
    pub origin: Option<SpiralOrigin>,
    /// The code of another priority, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 63, example = "four-hour-wait")]
    pub priority: Patch<String>,
    /// Another innovation, or none.
    #[serde(default)]
    #[schema(value_type = Option<Reference>)]
    pub innovation: Patch<Reference>,
    /// Another programme, or none.
    #[serde(default)]
    #[schema(value_type = Option<Reference>)]
    pub programme: Patch<Reference>,
}

impl ChangeSpiral {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        if let Some(title) = &self.title {
            check_text(&mut found, "/title", title, 200);
        }
        let code = |of: &Patch<String>| of.value().cloned();
        check_codes(
            &mut found,
            code(&self.theme).as_deref(),
            code(&self.priority).as_deref(),
        );
        found.into_result()
    }
}

#[cfg(test)]
mod tests;

//! Meetings of a team: what was held, with how many, and in whose time.

use serde::{Deserialize, Serialize};

use super::Discipline;
use crate::error::{Result, Violations};
use crate::ids::{MeetingId, PrincipalId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::sharing::Sharing;
use crate::text::check_optional_text;
use crate::time::{Date, Timestamp};

/// The most that may attend.
const MOST_PEOPLE: i64 = 5000;
/// The minutes of a day.
const LONGEST: i64 = 1440;

/// A sort of meeting.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum MeetingKind {
    /// A few minutes standing, about the day.
    Huddle,
    /// The lead team.
    LeadTeam,
    /// Everybody who works in the team.
    AllTeam,
    /// A workshop, the team's own or a programme's.
    Workshop,
}

impl MeetingKind {
    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Huddle => "huddle",
            Self::LeadTeam => "lead_team",
            Self::AllTeam => "all_team",
            Self::Workshop => "workshop",
        }
    }
}

/// How many of a discipline attended.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "AttendeeCount", input_name = "AttendeeCountInput")]
pub struct AttendeeCount {
    /// The discipline.
    pub discipline: Discipline,
    /// How many.
    #[schema(minimum = 1, maximum = 5000, example = 3)]
    pub people: i64,
}

/// A meeting that was held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "MeetingRecord")]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// The team.
    pub unit_id: UnitId,
    /// The spiral that it was about.
    pub spiral_id: Option<SpiralId>,
    /// Its sort.
    pub kind: MeetingKind,
    /// The day it was held.
    pub held_on: Date,
    /// How many attended.
    pub attendance: i64,
    /// How many of each discipline, as far as it was noted.
    pub attendees: Vec<AttendeeCount>,
    /// Minutes of it for which those who attended were freed from other work.
    pub protected_minutes: i64,
    /// What there is to know of it.
    pub notes: Option<String>,
    /// Whether it was recorded by mistake: it was never held.
    pub withdrawn: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded it, or changed it last.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Meeting {
    /// Every rule about what it says, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        found.require(self.held_on <= today, "/heldOn", "in_future", || {
            "a meeting is recorded once it was held".into()
        });
        found.require(
            (1..=MOST_PEOPLE).contains(&self.attendance),
            "/attendance",
            "out_of_range",
            || format!("1 to {MOST_PEOPLE} people attend a meeting"),
        );
        found.require(
            (0..=LONGEST).contains(&self.protected_minutes),
            "/protectedMinutes",
            "out_of_range",
            || format!("0 to {LONGEST} minutes of a day are protected"),
        );
        check_optional_text(&mut found, "/notes", self.notes.as_deref(), 4000);
        let mut counted: i64 = 0;
        for (n, of) in self.attendees.iter().enumerate() {
            found.require(
                (1..=MOST_PEOPLE).contains(&of.people),
                &format!("/attendees/{n}/people"),
                "out_of_range",
                || format!("1 to {MOST_PEOPLE} people of a discipline attend"),
            );
            let twice = self.attendees[..n]
                .iter()
                .any(|before| before.discipline == of.discipline);
            found.require(!twice, &format!("/attendees/{n}/discipline"), "twice", || {
                "this discipline is counted twice".into()
            });
            counted = counted.saturating_add(of.people.max(0));
        }
        found.require(
            counted <= self.attendance,
            "/attendees",
            "more_than_attended",
            || {
                format!(
                    "{counted} are counted by discipline, but {} attended",
                    self.attendance
                )
            },
        );
        found.into_result()
    }
}

/// Records a meeting that was held.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordMeeting {
    /// The spiral that it was about, by its id: one of the unit's own, or one that the unit works together with.
    #[serde(default)]
    pub spiral: Option<SpiralId>,
    /// Its sort.
    pub kind: MeetingKind,
    /// The day it was held.
    pub held_on: Date,
    /// How many attended.
    #[schema(minimum = 1, maximum = 5000, example = 9)]
    pub attendance: i64,
    /// How many of each discipline, as far as it was noted: together no more than attended.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 20)]
    pub attendees: Vec<AttendeeCount>,
    /// Minutes of it for which those who attended were freed from other work.
    #[serde(default)]
    #[graphql(default)]
    #[schema(minimum = 0, maximum = 1440, example = 60)]
    pub protected_minutes: i64,
    /// What there is to know of it; nothing about patients.
    #[serde(default)]
    #[schema(max_length = 4000, example = "Agreed to try patient self-triage")]
    pub notes: Option<String>,
}

/// Changes what is said of a meeting; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeMeeting {
    /// Another spiral that it was about, or none.
    #[serde(default)]
    #[schema(value_type = Option<SpiralId>)]
    pub spiral: Patch<SpiralId>,
    /// Another sort.
    #[serde(default)]
    pub kind: Option<MeetingKind>,
    /// Another day.
    #[serde(default)]
    pub held_on: Option<Date>,
    /// Another attendance.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5000)]
    pub attendance: Option<i64>,
    /// Other counts by discipline, or none: the list as a whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<AttendeeCount>>, max_items = 20)]
    pub attendees: Patch<Vec<AttendeeCount>>,
    /// Other protected minutes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    pub protected_minutes: Option<i64>,
    /// Other notes, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub notes: Patch<String>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeMeeting {
    /// The meeting with the change made.
    pub fn apply(self, meeting: &mut Meeting) {
        meeting.kind = self.kind.unwrap_or(meeting.kind);
        meeting.held_on = self.held_on.unwrap_or(meeting.held_on);
        meeting.attendance = self.attendance.unwrap_or(meeting.attendance);
        match self.attendees {
            Patch::Absent => {}
            Patch::Null => meeting.attendees.clear(),
            Patch::Value(attendees) => meeting.attendees = attendees,
        }
        meeting.protected_minutes = self.protected_minutes.unwrap_or(meeting.protected_minutes);
        self.notes.apply(&mut meeting.notes);
        self.spiral.apply(&mut meeting.spiral_id);
        meeting.withdrawn = self.withdrawn.unwrap_or(meeting.withdrawn);
    }
}

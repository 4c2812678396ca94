//! The rhythm of a team: what meetings are expected, how often, and which of them were not held.

use std::sync::LazyLock;

use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

use super::{Meeting, MeetingKind};
use crate::error::{Result, Violations};
use crate::ids::{PrincipalId, RhythmId, UnitId};
use crate::sharing::Sharing;
use crate::time::{Date, Timestamp};

/// The longest time that is looked at for missed meetings, in days.
pub const LONGEST_WINDOW: i64 = 400;

/// How often something is expected.
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
pub enum Every {
    /// Monday to Friday. Public holidays are not known.
    WorkingDay,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// January to March, and so on.
    Quarter,
}

impl Every {
    /// In words.
    const fn words(self) -> &'static str {
        match self {
            Self::WorkingDay => "every working day",
            Self::Week => "every week",
            Self::Month => "every month",
            Self::Quarter => "every quarter",
        }
    }

    /// The first day of the stretch that a day stands in.
    fn start(self, day: Date) -> Date {
        match self {
            Self::WorkingDay => day,
            Self::Week => {
                let back = chrono::Days::new(day.0.weekday().num_days_from_monday().into());
                Date(day.0.checked_sub_days(back).unwrap_or(day.0))
            }
            Self::Month => day.month_start(),
            Self::Quarter => {
                let months = i32::try_from(day.0.month0() % 3).unwrap_or_default();
                day.month_start().plus_months(-months)
            }
        }
    }

    /// The last day of the stretch that begins on a day.
    fn end(self, start: Date) -> Date {
        match self {
            Self::WorkingDay => start,
            Self::Week => start.plus_days(6),
            Self::Month => start.month_end(),
            Self::Quarter => start.plus_months(3).previous(),
        }
    }

    /// Whether anything is expected in the stretch that begins on a day.
    fn counts(self, start: Date) -> bool {
        self != Self::WorkingDay || start.0.weekday().num_days_from_monday() < 5
    }
}

/// A sort of meeting, and how often it is expected.
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
#[graphql(name = "MeetingExpectation", input_name = "MeetingExpectationInput")]
#[schema(as = MeetingExpectation)]
pub struct Expectation {
    /// The sort.
    pub kind: MeetingKind,
    /// In which stretch of time.
    pub every: Every,
    /// How many in each.
    #[schema(minimum = 1, maximum = 20, example = 1)]
    pub times: i64,
}

/// A rhythm that is offered as reference data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct MeetingRhythm {
    /// Its code.
    pub code: String,
    /// Its version.
    pub version: String,
    /// Its name.
    pub name: String,
    /// What it expects.
    pub expectations: Vec<Expectation>,
    /// Where it comes from.
    pub provenance: String,
    /// Whether it was checked against a publication.
    pub verified: bool,
}

#[derive(Deserialize)]
struct File {
    rhythms: Vec<MeetingRhythm>,
}

#[expect(clippy::expect_used, reason = "the file is part of the program")]
static RHYTHMS: LazyLock<Vec<MeetingRhythm>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../../data/meeting-rhythms.json"))
        .expect("the embedded rhythms are read by a test");
    file.rhythms
});

/// The rhythms that are offered; the first holds for teams that have set none.
pub fn meeting_rhythms() -> &'static [MeetingRhythm] {
    &RHYTHMS
}

/// The rhythm that a team has set for itself, from a day on until the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "RhythmSettingRecord")]
pub struct RhythmSetting {
    /// Its id.
    pub id: RhythmId,
    /// The team.
    pub unit_id: UnitId,
    /// The first day on which it holds.
    pub starts_on: Date,
    /// What it expects; nothing if the team has stopped meeting.
    pub expectations: Vec<Expectation>,
    /// How far it is shared: as the team's meetings.
    pub sharing: Sharing,
    /// Who set it last.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Sets the rhythm of a team from a day on. The same day again changes it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetRhythm {
    /// The first day on which it holds; today if absent.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// What is expected, each sort of meeting once; nothing once the team has stopped meeting.
    #[schema(max_items = 4)]
    pub expectations: Vec<Expectation>,
}

impl SetRhythm {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        for (n, of) in self.expectations.iter().enumerate() {
            let twice = self.expectations[..n].iter().any(|before| before.kind == of.kind);
            found.require(!twice, &format!("/expectations/{n}/kind"), "twice", || {
                format!("`{}` is expected twice", of.kind.name())
            });
            found.require(
                (1..=20).contains(&of.times),
                &format!("/expectations/{n}/times"),
                "out_of_range",
                || "1 to 20 meetings are expected in each stretch of time".into(),
            );
        }
        found.into_result()
    }
}

/// Which rhythm holds for a team on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RhythmInForce {
    /// The team.
    pub unit_id: UnitId,
    /// The day.
    pub on: Date,
    /// What the team has set; null if it has set nothing that holds on the day.
    pub setting: Option<RhythmSetting>,
    /// What holds instead: a rhythm of the reference data.
    pub reference: Option<MeetingRhythm>,
    /// What is expected on the day.
    pub expectations: Vec<Expectation>,
}

/// The rhythm on a day, of the settings of a team; what is offered first if none holds yet.
pub fn rhythm_on(unit_id: UnitId, settings: &[RhythmSetting], on: Date) -> RhythmInForce {
    let setting = settings
        .iter()
        .filter(|setting| setting.starts_on <= on)
        .max_by_key(|setting| setting.starts_on)
        .cloned();
    let reference = match setting {
        None => meeting_rhythms().first().cloned(),
        Some(_) => None,
    };
    let expectations = match (&setting, &reference) {
        (Some(setting), _) => setting.expectations.clone(),
        (None, Some(reference)) => reference.expectations.clone(),
        (None, None) => Vec::new(),
    };
    RhythmInForce {
        unit_id,
        on,
        setting,
        reference,
        expectations,
    }
}

/// Meetings that were expected in a stretch of time and not held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct MissedMeeting {
    /// The sort.
    pub kind: MeetingKind,
    /// The first day of the stretch.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// How many were expected.
    pub expected: i64,
    /// How many were held.
    pub held: i64,
    /// The setting that expected them; null where it is the rhythm of the reference data.
    pub setting_id: Option<RhythmId>,
    /// Why it is counted as missed, in words.
    pub because: String,
}

/// What the rhythm of a team expected in a time, and what of it was not held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct MissedMeetings {
    /// The team.
    pub unit_id: UnitId,
    /// The first day of the time.
    pub from: Date,
    /// Its last day: none later than yesterday, as today is not over.
    pub to: Date,
    /// How many meetings were expected in stretches that lie wholly in the time.
    pub expected: i64,
    /// How many of these were held: more than expected in one stretch makes up for nothing in another.
    pub held: i64,
    /// The stretches in which some were missed, earliest first.
    pub missed: Vec<MissedMeeting>,
}

/// Compares the rhythm with what was held. `settings` and `meetings` are the team's own, in any order; a stretch of time
/// counts if it lies wholly between `from` and `to`, and one rhythm holds for the whole of it.
pub fn missed_meetings(
    unit_id: UnitId,
    (from, to): (Date, Date),
    settings: &[RhythmSetting],
    meetings: &[Meeting],
) -> MissedMeetings {
    let mut answer = MissedMeetings {
        unit_id,
        from,
        to,
        expected: 0,
        held: 0,
        missed: Vec::new(),
    };
    for (start, end) in validities(settings) {
        let (first, last) = (from.max(start), to.min(end));
        if first > last {
            continue;
        }
        let rhythm = rhythm_on(unit_id, settings, first);
        for expectation in &rhythm.expectations {
            count(&mut answer, &rhythm, expectation, (first, last), meetings);
        }
    }
    answer.missed.sort_by_key(|missed| (missed.from, missed.kind));
    answer
}

/// From when to when each rhythm holds, the one before the first setting included, earliest first.
fn validities(settings: &[RhythmSetting]) -> Vec<(Date, Date)> {
    let mut starts: Vec<Date> = settings.iter().map(|setting| setting.starts_on).collect();
    starts.push(Date::MIN);
    starts.sort_unstable();
    starts.dedup();
    let end = |n: usize| starts.get(n + 1).map_or(Date::MAX, |next: &Date| next.previous());
    starts
        .iter()
        .enumerate()
        .map(|(n, start)| (*start, end(n)))
        .collect()
}

fn count(
    answer: &mut MissedMeetings,
    rhythm: &RhythmInForce,
    expectation: &Expectation,
    (first, last): (Date, Date),
    meetings: &[Meeting],
) {
    let Expectation { kind, every, times } = *expectation;
    let mut start = every.start(first);
    while every.end(start) <= last {
        let end = every.end(start);
        if first <= start && every.counts(start) {
            let held = held(kind, (start, end), meetings);
            answer.expected += times;
            answer.held += held.min(times);
            if held < times {
                answer.missed.push(MissedMeeting {
                    kind,
                    from: start,
                    to: end,
                    expected: times,
                    held,
                    setting_id: rhythm.setting.as_ref().map(|setting| setting.id),
                    because: because(rhythm, expectation, held, (start, end)),
                });
            }
        }
        start = end.next();
    }
}

/// A meeting that the rhythm of a team expects next of its sort.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct NextMeeting {
    /// The sort.
    pub kind: MeetingKind,
    /// The first day of the stretch in which it is expected.
    pub from: Date,
    /// The last: the meeting is due by then.
    pub by: Date,
    /// How many are expected in the stretch.
    pub expected: i64,
    /// How many of them were held so far.
    pub held: i64,
    /// The setting that expects it; null where it is the rhythm of the reference data.
    pub setting_id: Option<RhythmId>,
}

/// So many stretches are looked at for one that still lacks a meeting: from a Saturday to the next working day, and past
/// one in which all were held.
const STRETCHES_AHEAD: usize = 8;

/// What the rhythm expects next of each sort of meeting, what is due first before the rest: the first stretch, today's
/// included, that lacks a meeting. As with what was missed, a stretch counts if one rhythm holds for the whole of it, and
/// the team is open until its end.
pub fn next_meetings(
    unit_id: UnitId,
    (today, closed_on): (Date, Option<Date>),
    settings: &[RhythmSetting],
    meetings: &[Meeting],
) -> Vec<NextMeeting> {
    let mut next: Vec<NextMeeting> = Vec::new();
    for (start, last) in validities(settings) {
        let last = last.min(closed_on.unwrap_or(Date::MAX));
        if last < today {
            continue;
        }
        let rhythm = rhythm_on(unit_id, settings, start.max(today));
        for expectation in &rhythm.expectations {
            if next.iter().any(|of| of.kind == expectation.kind) {
                continue;
            }
            let setting_id = rhythm.setting.as_ref().map(|setting| setting.id);
            let found = lacking(expectation, (start, last), today, meetings);
            next.extend(found.map(|(from, by, held)| NextMeeting {
                kind: expectation.kind,
                from,
                by,
                expected: expectation.times,
                held,
                setting_id,
            }));
        }
    }
    next.sort_by_key(|of| (of.by, of.kind));
    next
}

/// The first stretch from today on, wholly between `first` and `last`, in which fewer meetings were held than are
/// expected.
fn lacking(
    expectation: &Expectation,
    (first, last): (Date, Date),
    today: Date,
    meetings: &[Meeting],
) -> Option<(Date, Date, i64)> {
    let Expectation { kind, every, times } = *expectation;
    let mut start = every.start(first.max(today));
    for _ in 0..STRETCHES_AHEAD {
        let end = every.end(start);
        if end > last {
            return None;
        }
        if first <= start && every.counts(start) {
            let held = held(kind, (start, end), meetings);
            if held < times {
                return Some((start, end, held));
            }
        }
        start = end.next();
    }
    None
}

/// How many meetings of a sort were held from a day to a day.
fn held(kind: MeetingKind, (start, end): (Date, Date), meetings: &[Meeting]) -> i64 {
    let held = meetings.iter().filter(|meeting| {
        !meeting.withdrawn && meeting.kind == kind && (start..=end).contains(&meeting.held_on)
    });
    i64::try_from(held.count()).unwrap_or(i64::MAX)
}

fn because(rhythm: &RhythmInForce, of: &Expectation, held: i64, (start, end): (Date, Date)) -> String {
    let who = match (&rhythm.setting, &rhythm.reference) {
        (Some(setting), _) => format!("the team's rhythm since {}", setting.starts_on),
        (None, Some(reference)) => format!("the rhythm `{}`, as the team has set none,", reference.code),
        (None, None) => "the rhythm".to_owned(),
    };
    let when = if start == end {
        format!("on {start}")
    } else {
        format!("from {start} to {end}")
    };
    format!(
        "{who} expects {} `{}` {}; {held} recorded {when}",
        of.times,
        of.kind.name(),
        of.every.words()
    )
}

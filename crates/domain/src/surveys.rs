//! Surveys: what those who work in a team, or are cared for by it, say of it, and nobody can tell who said what.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{NetworkId, PrincipalId, SurveyId, SurveyPartId, UnitId};
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::{Date, Timestamp};

mod answers;
mod instrument;
mod results;
mod roll_up;
mod summary;
pub use answers::*;
pub use instrument::*;
pub use results::*;
pub use roll_up::{SurveyRollUp, SurveyRollUpRow};
pub use summary::*;

/// Where a survey stands.
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
pub enum SurveyStatus {
    /// It takes answers on its days, and tells nothing yet.
    Open,
    /// It tells what the answers come to, if there are enough. The answers themselves are gone.
    Closed,
}

/// Who may answer.
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
pub enum SurveyMode {
    /// Whoever has the link, as often as they like.
    OpenLink,
    /// Whoever has the link and a code, once for each code.
    OneTimeCodes,
}

/// A survey of a unit, or of the units of a network: one wave of answers to one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SurveyRecord")]
pub struct Survey {
    /// Its id.
    pub id: SurveyId,
    /// The unit that runs it: the one that it is of, or the network's host.
    pub unit_id: UnitId,
    /// The network whose units it is of.
    pub network_id: Option<NetworkId>,
    /// What those who answer see at its head.
    pub title: String,
    /// Which wave it is, where it is asked more than once.
    pub wave: Option<String>,
    /// Whom it asks.
    pub kind: SurveyKind,
    /// The instrument's code.
    pub instrument: String,
    /// The instrument's version.
    pub instrument_version: i64,
    /// Who may answer.
    pub mode: SurveyMode,
    /// The first day on which it takes answers.
    pub opens_on: Date,
    /// The last one.
    pub closes_on: Date,
    /// Of fewer answers nothing is told.
    pub threshold: i64,
    /// How many one-time codes were given out.
    pub codes_issued: i64,
    /// Where it stands.
    pub status: SurveyStatus,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// How far it is shared that there is this survey; a network's is everybody's who reads surveys.
    pub sharing: Sharing,
    /// Who opened it.
    pub opened_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed. Answers change nothing here.
    pub updated_at: Timestamp,
}

/// What a survey has come to in one unit; of a network's survey also the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SurveyPart {
    /// Its id.
    pub id: SurveyPartId,
    /// The survey.
    pub survey_id: SurveyId,
    /// The unit; for the whole of a network's survey its host.
    pub unit_id: UnitId,
    /// Whether it is the whole of a network's survey.
    pub whole: bool,
    /// What is told, once the survey is closed and if there were enough answers.
    pub results: Option<SurveyResults>,
    /// How far the unit shares it.
    pub sharing: Sharing,
    /// Row version.
    pub version: i64,
    /// When the survey was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Opens a survey of a unit, or of the units that are members of a network today.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenSurvey {
    /// The unit that it is of; either this or `network`.
    #[serde(default)]
    #[schema(example = "code:cardiac-rehab")]
    pub unit: Option<Reference>,
    /// The network whose units it is of.
    #[serde(default)]
    pub network: Option<Reference>,
    /// The instrument's code.
    #[schema(max_length = 63, example = "staff-survey")]
    pub instrument: String,
    /// The instrument's version; the latest if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub instrument_version: Option<i64>,
    /// What those who answer see at its head.
    #[schema(max_length = 200, example = "How is it to work here?")]
    pub title: String,
    /// Which wave it is, where it is asked more than once.
    #[serde(default)]
    #[schema(max_length = 63, example = "spring 2006")]
    pub wave: Option<String>,
    /// Who may answer.
    pub mode: SurveyMode,
    /// The first day on which it takes answers.
    pub opens_on: Date,
    /// The last one.
    pub closes_on: Date,
    /// Of fewer answers nothing is told; the platform's own threshold if absent, and never less.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub threshold: Option<i64>,
}

impl OpenSurvey {
    /// Every rule at once; `least` is the lowest threshold, and `earliest` the first day on which it may close.
    pub fn check(&self, least: i64, earliest: Date) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, 200);
        check_optional_text(&mut found, "/wave", self.wave.as_deref(), 63);
        check_code(&mut found, "/instrument", &self.instrument);
        found.require(
            self.unit.is_some() != self.network.is_some(),
            "/unit",
            "one_of",
            || "give either `unit` or `network`".into(),
        );
        check_days(&mut found, self.opens_on, self.closes_on);
        check_to_come(&mut found, Some(self.closes_on), earliest);
        found.require(
            self.instrument_version.is_none_or(|version| version >= 1),
            "/instrumentVersion",
            "out_of_range",
            || "versions count from 1".into(),
        );
        found.require(
            self.threshold.is_none_or(|of| (least..=1000).contains(&of)),
            "/threshold",
            "out_of_range",
            || format!("a threshold is between {least} and 1000"),
        );
        found.into_result()
    }
}

/// A survey ends after it begins, and within two years: what is kept sealed is not kept for long.
fn check_days(found: &mut Violations, opens_on: Date, closes_on: Date) {
    found.require(
        opens_on <= closes_on && closes_on <= opens_on.plus_days(731),
        "/closesOn",
        "out_of_range",
        || "a survey closes on or after the day it opens, and within two years".into(),
    );
}

/// Which surveys closed in a time that is over does not change any more: what many units' surveys come to in it would
/// tell what one of them did.
fn check_to_come(found: &mut Violations, closes_on: Option<Date>, earliest: Date) {
    found.require(
        closes_on.is_none_or(|day| earliest <= day),
        "/closesOn",
        "in_the_past",
        || "the last day on which a survey takes answers is today or later".into(),
    );
}

/// Changes an open survey. What is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeSurvey {
    /// What those who answer see at its head.
    #[serde(default)]
    #[schema(max_length = 200, example = "How is it to work here?")]
    pub title: Option<String>,
    /// The last day on which it takes answers.
    #[serde(default)]
    pub closes_on: Option<Date>,
}

impl ChangeSurvey {
    /// Every rule at once.
    pub fn check(&self, survey: &Survey, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/title", self.title.as_deref(), 200);
        check_days(
            &mut found,
            survey.opens_on,
            self.closes_on.unwrap_or(survey.closes_on),
        );
        check_to_come(&mut found, self.closes_on, today);
        found.into_result()
    }

    /// Applies it.
    pub fn apply(self, survey: &mut Survey) {
        if let Some(title) = self.title {
            survey.title = title;
        }
        if let Some(closes_on) = self.closes_on {
            survey.closes_on = closes_on;
        }
    }
}

/// Closes a survey: it takes no more answers, tells what they come to, and the answers themselves go.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloseSurvey {
    /// Closes it even if so few have answered that nothing can be told: what they have said is lost then.
    #[serde(default)]
    #[graphql(default)]
    pub discard: bool,
}

/// Asks for one-time codes.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueSurveyCodes {
    /// How many.
    #[schema(minimum = 1, maximum = 1000, example = 25)]
    pub count: i64,
    /// For which unit of a network's survey; for a unit's own survey it is left out.
    #[serde(default)]
    pub unit: Option<Reference>,
}

/// So many codes a unit gives out in one survey.
pub const MOST_CODES: i64 = 20_000;

impl IssueSurveyCodes {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        found.require((1..=1000).contains(&self.count), "/count", "out_of_range", || {
            "between 1 and 1000 codes are given out at once".into()
        });
        found.into_result()
    }
}

/// One-time codes, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SurveyCodes {
    /// The unit whose answers they let in.
    pub unit_id: UnitId,
    /// The codes. Which of them was used for which answers is kept nowhere.
    pub codes: Vec<String>,
}

/// Where a unit's survey is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyLink {
    /// The unit whose answers come by it.
    pub unit_id: UnitId,
    /// What stands for the survey in the public address.
    pub link: String,
    /// The public address: GET the questions, POST the answers to `…/responses`.
    pub address: String,
}

/// What those who answer are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Questionnaire {
    /// The survey's title.
    pub title: String,
    /// The name of the unit that it is of.
    pub unit: String,
    /// The instrument's name.
    pub instrument: String,
    /// Who may answer.
    pub mode: SurveyMode,
    /// The first day on which it takes answers.
    pub opens_on: Date,
    /// The last one.
    pub closes_on: Date,
    /// What items can be answered with.
    pub scales: Vec<Scale>,
    /// The questions, in order.
    pub items: Vec<Question>,
    /// What becomes of the answers, in words.
    pub privacy: String,
}

/// A question as it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SurveyQuestion)]
pub struct Question {
    /// Its code, to answer by.
    pub code: String,
    /// The question, or in short what it asks about.
    pub text: String,
    /// The scale by which it is answered.
    pub scale: String,
}

impl Questionnaire {
    /// What is shown of a survey of this unit.
    pub fn of(survey: &Survey, instrument: &SurveyInstrument, unit: &str) -> Self {
        let questions = instrument.items.iter().map(|item| Question {
            code: item.code.clone(),
            text: item.wording.clone().unwrap_or_else(|| item.label.clone()),
            scale: item.scale.clone(),
        });
        Self {
            title: survey.title.clone(),
            unit: unit.to_owned(),
            instrument: instrument.title.clone(),
            mode: survey.mode,
            opens_on: survey.opens_on,
            closes_on: survey.closes_on,
            scales: instrument.scales.clone(),
            items: questions.collect(),
            privacy: format!(
                "Nothing of who you are is asked or kept, nor when you have answered. Your answers are sealed with \
                 those of others until the survey closes; then only counts are told, and only if at least {} people \
                 have answered. They cannot be taken back, since nobody can tell which are yours.",
                survey.threshold
            ),
        }
    }
}

#[cfg(test)]
mod tests;

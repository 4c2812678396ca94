//! Sustainability: whether a gain will hold, as those who do the work rate it.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{AssessmentId, InnovationId, PrincipalId, RatingId, UnitId};
use crate::reference::Reference;
use crate::sharing::{Sharing, Withheld};
use crate::text::{check_code, check_text};
use crate::time::{Date, Timestamp};

mod instrument;
mod outcome;
mod summary;
pub use instrument::*;
pub use outcome::*;
pub use summary::*;

/// Where an assessment stands.
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
pub enum AssessmentStatus {
    /// It takes ratings, and shows no score yet.
    Open,
    /// It shows what the ratings come to.
    Closed,
}

/// An assessment of whether a change at a unit will last. It shows what the raters' answers come to together,
/// once it is closed: before that, each new rating would show in the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityAssessmentRecord")]
#[schema(as = SustainabilityAssessment)]
pub struct Assessment {
    /// Its id.
    pub id: AssessmentId,
    /// The unit whose change it is.
    pub unit_id: UnitId,
    /// The innovation whose adoption it is about, if it is one.
    pub innovation_id: Option<InnovationId>,
    /// What it is about.
    pub title: String,
    /// The instrument's code.
    pub instrument: String,
    /// The instrument's version.
    pub instrument_version: String,
    /// The day it speaks of.
    pub assessed_on: Date,
    /// Where it stands.
    pub status: AssessmentStatus,
    /// How many have rated.
    pub raters: i64,
    /// The mean of the raters' totals; null while open.
    pub score: Option<f64>,
    /// The lowest total; null while open.
    pub lowest: Option<f64>,
    /// The highest total; null while open.
    pub highest: Option<f64>,
    /// Whether the score reaches the instrument's threshold; null while open.
    pub at_or_above_threshold: Option<bool>,
    /// The mean for each group of factors; empty while open and with a single rater.
    pub groups: Vec<GroupScore>,
    /// How far the raters differ on each factor; empty while open and with a single rater, whom it would show.
    pub factors: Vec<FactorSpread>,
    /// The factors that fall shortest, weakest first; empty while open and with a single rater.
    pub weakest: Vec<WeakFactor>,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who opened it.
    pub opened_by: PrincipalId,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Assessment {
    /// Closes it with what the ratings come to.
    pub fn close(&mut self, outcome: Outcome, now: Timestamp) {
        self.status = AssessmentStatus::Closed;
        self.raters = outcome.raters;
        self.score = Some(outcome.score);
        self.lowest = Some(outcome.lowest);
        self.highest = Some(outcome.highest);
        self.at_or_above_threshold = Some(outcome.at_or_above_threshold);
        self.groups = outcome.groups;
        self.factors = outcome.factors;
        self.weakest = outcome.weakest;
        self.closed_at = Some(now);
        self.updated_at = now;
        self.version += 1;
    }
}

/// Opens an assessment.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenAssessment {
    /// The unit whose change it is.
    pub unit: Reference,
    /// The innovation whose adoption it is about.
    #[serde(default)]
    pub innovation: Option<Reference>,
    /// What it is about.
    #[schema(max_length = 200, example = "See and treat, six months on")]
    pub title: String,
    /// The instrument's code; the NHS Sustainability Model if absent.
    #[serde(default)]
    #[schema(max_length = 63, example = "nhs-sustainability-model")]
    pub instrument: Option<String>,
    /// The day it speaks of; today if absent.
    #[serde(default)]
    pub assessed_on: Option<Date>,
}

impl OpenAssessment {
    /// Every rule at once; the instrument, if all is well.
    pub fn check(&self, today: Date) -> Result<&'static Instrument> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, 200);
        found.require(
            self.assessed_on.is_none_or(|on| on <= today),
            "/assessedOn",
            "in_future",
            || "an assessment does not speak of a day to come".into(),
        );
        let code = self.instrument.as_deref().unwrap_or(DEFAULT_INSTRUMENT);
        check_code(&mut found, "/instrument", code);
        let instrument = instrument(code);
        found.require(instrument.is_some(), "/instrument", "not_found", || {
            format!("there is no instrument `{code}`")
        });
        found.into_result()?;
        Ok(instrument.unwrap_or_else(default_instrument))
    }
}

/// What one rater says of one factor.
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
#[graphql(name = "FactorAnswer", input_name = "FactorAnswerInput")]
#[schema(as = FactorAnswer)]
pub struct Answer {
    /// The factor's code.
    #[schema(max_length = 63, example = "credibility_of_benefits")]
    pub factor: String,
    /// The level that fits best.
    pub level: FactorLevel,
}

/// One rater's answers in an assessment. Nobody but the rater reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityRating")]
#[schema(as = SustainabilityRating)]
pub struct Rating {
    /// Its id.
    pub id: RatingId,
    /// The assessment.
    pub assessment_id: AssessmentId,
    /// The unit.
    pub unit_id: UnitId,
    /// Who rated.
    pub rater_id: PrincipalId,
    /// A level for each factor.
    pub answers: Vec<Answer>,
    /// What they come to.
    pub total: f64,
    /// What they come to in each group of factors.
    pub groups: Vec<GroupScore>,
    /// When.
    pub recorded_at: Timestamp,
    /// Row version.
    pub version: i64,
}

/// Rates an open assessment; rating it again replaces one's own answers.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateAssessment {
    /// A level for each factor of the instrument.
    #[schema(max_items = 100)]
    pub answers: Vec<Answer>,
}

impl RateAssessment {
    /// Every rule at once: each factor of the instrument, once.
    pub fn check(&self, instrument: &Instrument) -> Result<()> {
        let mut found = Violations::new();
        for (n, answer) in self.answers.iter().enumerate() {
            let pointer = format!("/answers/{n}/factor");
            if instrument.factor(&answer.factor).is_none() {
                let detail = format!("`{}` is no factor of {}", answer.factor, instrument.code);
                found.add(pointer, "unknown_factor", detail);
            } else if self.answers[..n]
                .iter()
                .any(|before| before.factor == answer.factor)
            {
                found.add(pointer, "twice", format!("`{}` is rated twice", answer.factor));
            }
        }
        for factor in &instrument.factors {
            found.require(
                self.answers.iter().any(|answer| answer.factor == factor.code),
                "/answers",
                "factor_missing",
                || format!("`{}` is not rated", factor.code),
            );
        }
        found.into_result()
    }
}

/// A unit's latest closed assessment, or that there may be one beyond the reader's sight.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SustainabilityState)]
pub struct LatestAssessment {
    /// The latest closed assessment that the reader may see.
    pub latest: Option<Assessment>,
    /// Stands here when the unit keeps its assessments from the reader, whether or not it has any.
    pub withheld: Option<Withheld>,
}

#[cfg(test)]
mod tests;

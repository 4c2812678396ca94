//! What a reader is told of a survey, and of two waves of it.

use serde::{Deserialize, Serialize};

use super::{Survey, SurveyResults, SurveyStatus};
use crate::ids::{SurveyId, UnitId};

/// What a survey tells one reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveySummary {
    /// The survey.
    pub survey_id: SurveyId,
    /// The instrument's code.
    pub instrument: String,
    /// The instrument's version.
    pub instrument_version: i64,
    /// Which wave it is.
    pub wave: Option<String>,
    /// Where it stands. Until it is closed nothing is told: a figure that moved with each answer would tell it.
    pub status: SurveyStatus,
    /// Of fewer answers nothing is told.
    pub threshold: i64,
    /// So many have answered, in steps of the threshold; of a network's survey, in the units that the reader sees.
    pub answered_at_least: i64,
    /// What all answers come to; null until the survey is closed, and where it is kept back.
    pub results: Option<SurveyResults>,
    /// Whether the whole is kept back: too few have answered, or too few units would hide behind it.
    pub suppressed: bool,
    /// How many units it is of.
    pub units_asked: i64,
    /// The units of a network's survey whose part the reader may see.
    pub units: Vec<SurveyUnit>,
}

/// A unit's part of a network's survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyUnit {
    /// The unit.
    pub unit_id: UnitId,
    /// What its answers come to; null until the survey is closed, and where it is kept back.
    pub results: Option<SurveyResults>,
    /// Whether it is kept back: too few have answered.
    pub suppressed: bool,
}

/// A mean of two waves, and how they differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyChange {
    /// The code of the item or subscale; `overall` for all items.
    pub code: String,
    /// What it is about.
    pub label: String,
    /// How many are counted before.
    pub n_before: Option<i64>,
    /// How many are counted after.
    pub n_after: Option<i64>,
    /// The mean before; null where that wave keeps it back.
    pub before: Option<f64>,
    /// The mean after; null where that wave keeps it back.
    pub after: Option<f64>,
    /// After minus before.
    pub difference: Option<f64>,
    /// The lower end of the 95 % interval of the difference (Welch); null where it cannot be estimated.
    pub lower: Option<f64>,
    /// The upper end.
    pub upper: Option<f64>,
    /// The two-sided p-value that goes with it.
    pub p_value: Option<f64>,
}

/// Two waves side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyComparison {
    /// The earlier wave.
    pub before: SurveyId,
    /// The later one.
    pub after: SurveyId,
    /// The instrument's code.
    pub instrument: String,
    /// The instrument's version.
    pub instrument_version: i64,
    /// Item by item, as answered.
    pub items: Vec<SurveyChange>,
    /// Score by score.
    pub scores: Vec<SurveyChange>,
}

impl SurveySummary {
    /// What is told of a survey before anything else is known.
    pub fn begun(survey: &Survey) -> Self {
        Self {
            survey_id: survey.id,
            instrument: survey.instrument.clone(),
            instrument_version: survey.instrument_version,
            wave: survey.wave.clone(),
            status: survey.status,
            threshold: survey.threshold,
            answered_at_least: 0,
            results: None,
            suppressed: false,
            units_asked: 0,
            units: Vec::new(),
        }
    }
}

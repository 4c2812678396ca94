//! What the surveys of many units come to together. Only what each of them tells is added up: of an item that one of them
//! keeps back it adds nothing, since the answers themselves are gone.

use serde::{Deserialize, Serialize};

use super::results::{deviation_of, float, hundredths};
use super::{ItemResult, PointCount, ScoreBin, ScoreResult, SurveyInstrument, SurveyResults};
use crate::ids::UnitId;
use crate::time::Date;

impl SurveyResults {
    /// What several surveys by this instrument tell together; nothing of none. An item or score that none of them tells
    /// is kept back. Of scores the mean and the deviation follow from those of each survey, as told, and there is no
    /// median.
    pub fn added(instrument: &SurveyInstrument, parts: &[&Self]) -> Option<Self> {
        let first = parts.first()?;
        let items = (0..instrument.items.len()).filter_map(|place| {
            let of = |part: &&Self| part.items.get(place).filter(|item| !item.suppressed).cloned();
            let told: Vec<ItemResult> = parts.iter().filter_map(of).collect();
            Some(added_items(first.items.get(place)?.clone(), &told))
        });
        let scores = (0..first.scores.len()).filter_map(|place| {
            let of = |part: &&Self| part.scores.get(place).filter(|score| !score.suppressed).cloned();
            let told: Vec<ScoreResult> = parts.iter().filter_map(of).collect();
            Some(added_scores(first.scores.get(place)?.clone(), &told))
        });
        Some(Self {
            responses: parts.iter().map(|part| part.responses).sum(),
            items: items.collect(),
            scores: scores.collect(),
        })
    }
}

fn added_items(mut item: ItemResult, told: &[ItemResult]) -> ItemResult {
    let Some(one) = told.first() else {
        item.keep_back();
        return item;
    };
    let sum = |of: fn(&ItemResult) -> Option<i64>| told.iter().filter_map(of).sum::<i64>();
    let counts: Vec<PointCount> = one
        .counts
        .iter()
        .map(|point| PointCount {
            count: told
                .iter()
                .flat_map(|item| &item.counts)
                .filter(|of| of.value == point.value)
                .map(|of| of.count)
                .sum(),
            ..point.clone()
        })
        .collect();
    let rated: i64 = counts.iter().map(|point| point.count).sum();
    let values = || {
        counts
            .iter()
            .map(|point| (float(point.value), float(point.count)))
    };
    let mean = values().map(|(value, n)| value * n).sum::<f64>() / float(rated);
    let squared = values()
        .map(|(value, n)| n * (value - mean) * (value - mean))
        .sum();
    ItemResult {
        suppressed: false,
        rated: Some(rated),
        cant_rate: Some(sum(|item| item.cant_rate)),
        not_answered: Some(sum(|item| item.not_answered)),
        mean: (rated > 0).then(|| hundredths(mean)),
        median: median(&counts, rated).map(hundredths),
        standard_deviation: deviation_of(squared, rated).map(hundredths),
        counts,
        ..item
    }
}

/// The middle of counted values, lowest first.
fn median(counts: &[PointCount], all: i64) -> Option<f64> {
    let at = |rank: i64| {
        let mut so_far = 0;
        for point in counts {
            so_far += point.count;
            if so_far > rank {
                return Some(float(point.value));
            }
        }
        None
    };
    Some(f64::midpoint(at((all - 1) / 2)?, at(all / 2)?)).filter(|_| all > 0)
}

fn added_scores(mut score: ScoreResult, told: &[ScoreResult]) -> ScoreResult {
    let Some(one) = told.first() else {
        score.keep_back();
        return score;
    };
    let each = || {
        told.iter().filter_map(|score| {
            Some((
                float(score.scored?),
                score.mean?,
                score.standard_deviation.unwrap_or(0.0),
            ))
        })
    };
    let scored: i64 = told.iter().filter_map(|score| score.scored).sum();
    let mean = each().map(|(n, mean, _)| n * mean).sum::<f64>() / float(scored);
    let squared = each()
        .map(|(n, own, deviation)| (n - 1.0) * deviation * deviation + n * (own - mean) * (own - mean))
        .sum();
    let bins = one.bins.iter().enumerate().map(|(at, bin)| ScoreBin {
        count: told
            .iter()
            .filter_map(|score| score.bins.get(at))
            .map(|bin| bin.count)
            .sum(),
        ..bin.clone()
    });
    ScoreResult {
        suppressed: false,
        scored: Some(scored),
        bins: bins.collect(),
        mean: (scored > 0).then(|| hundredths(mean)),
        median: None,
        standard_deviation: deviation_of(squared, scored).map(hundredths),
        ..score
    }
}

/// What the surveys of the teams at or beneath a unit come to, of those that closed in one quarter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyRollUpRow {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The first day of the quarter.
    pub period_start: Date,
    /// Its last day.
    pub period_end: Date,
    /// The teams that stood there and were open, whether or not they have asked.
    pub teams: i64,
    /// Those of them whose surveys the reader may see.
    pub teams_shown: i64,
    /// The surveys that have come to something, of those that the reader may see.
    pub surveys_shown: i64,
    /// What these come to; null if there are none.
    pub shown: Option<SurveyResults>,
    /// All such surveys; null where the total is left out.
    pub surveys_total: Option<i64>,
    /// What all of them come to; null if there are none, and where it would tell what few teams keep to themselves.
    pub total: Option<SurveyResults>,
    /// Whether the total is left out for that reason.
    pub suppressed: bool,
}

/// What the surveys of many teams by one instrument come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyRollUp {
    /// The instrument's code.
    pub instrument: String,
    /// The instrument's version.
    pub instrument_version: i64,
    /// The unit that was asked about, then the others by code; each quarter by quarter.
    pub rows: Vec<SurveyRollUpRow>,
}

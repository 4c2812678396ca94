//! What the ratings of an assessment come to together.

use serde::{Deserialize, Serialize};

use super::instrument::tenths;
use super::{Answer, FactorGroup, FactorLevel, GroupScore, Instrument};
use crate::tenancy::Tier;

/// The fewest raters whose answers are told apart by factor: one alone would be shown.
const FEWEST_FOR_DETAIL: usize = 2;
/// How many weak factors are named.
const WEAKEST: usize = 3;

/// How far the raters differ on a factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FactorSpread {
    /// The factor's code.
    pub factor: String,
    /// Its group.
    pub group: FactorGroup,
    /// The worst level that a rater gave.
    pub worst: FactorLevel,
    /// The best level that a rater gave.
    pub best: FactorLevel,
    /// The mean score.
    pub score: f64,
    /// The most it can score.
    pub maximum: f64,
}

/// A factor that falls short, and who can act on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct WeakFactor {
    /// The factor's code.
    pub factor: String,
    /// The mean score.
    pub score: f64,
    /// The most it can score.
    pub maximum: f64,
    /// The lowest tier that can do something about it.
    pub acting_tier: Tier,
}

/// What the ratings of an assessment come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How many rated.
    pub raters: i64,
    /// The mean of their totals.
    pub score: f64,
    /// The lowest total.
    pub lowest: f64,
    /// The highest total.
    pub highest: f64,
    /// Whether the mean reaches the threshold.
    pub at_or_above_threshold: bool,
    /// The mean for each group.
    pub groups: Vec<GroupScore>,
    /// The spread on each factor.
    pub factors: Vec<FactorSpread>,
    /// The factors that fall shortest.
    pub weakest: Vec<WeakFactor>,
}

impl Instrument {
    /// What these ratings come to; nothing without any.
    pub fn outcome(&self, ratings: &[&[Answer]]) -> Option<Outcome> {
        let totals: Vec<f64> = ratings.iter().map(|answers| self.score(answers).0).collect();
        let lowest = totals.iter().copied().reduce(f64::min)?;
        let highest = totals.iter().copied().reduce(f64::max)?;
        let raters = u32::try_from(ratings.len()).unwrap_or(u32::MAX);
        // Compared before dividing: the mean of 54.9 and 55.1 reaches 55.
        let sum = tenths(totals.iter().sum());
        let at_or_above_threshold = sum >= tenths(self.threshold.value * f64::from(raters));
        let detail = ratings.len() >= FEWEST_FOR_DETAIL;
        let factors = if detail {
            self.spread(ratings, raters)
        } else {
            Vec::new()
        };
        let groups = if detail {
            self.group_means(ratings, raters)
        } else {
            Vec::new()
        };
        Some(Outcome {
            raters: raters.into(),
            score: tenths(sum / f64::from(raters)),
            lowest,
            highest,
            at_or_above_threshold,
            groups,
            weakest: self.weakest(&factors),
            factors,
        })
    }

    fn spread(&self, ratings: &[&[Answer]], raters: u32) -> Vec<FactorSpread> {
        self.factors
            .iter()
            .filter_map(|factor| {
                let levels: Vec<FactorLevel> = ratings
                    .iter()
                    .filter_map(|answers| answers.iter().find(|answer| answer.factor == factor.code))
                    .map(|answer| answer.level)
                    .collect();
                let sum: f64 = levels.iter().map(|level| factor.score(*level)).sum();
                Some(FactorSpread {
                    factor: factor.code.clone(),
                    group: factor.group,
                    worst: *levels.iter().max()?,
                    best: *levels.iter().min()?,
                    score: tenths(tenths(sum) / f64::from(raters)),
                    maximum: factor.maximum(),
                })
            })
            .collect()
    }

    fn group_means(&self, ratings: &[&[Answer]], raters: u32) -> Vec<GroupScore> {
        let scored: Vec<Vec<GroupScore>> = ratings.iter().map(|answers| self.score(answers).1).collect();
        self.groups
            .iter()
            .map(|of| {
                let sum: f64 = scored
                    .iter()
                    .flatten()
                    .filter(|score| score.group == of.group)
                    .map(|score| score.score)
                    .sum();
                GroupScore {
                    group: of.group,
                    score: tenths(tenths(sum) / f64::from(raters)),
                    maximum: of.maximum,
                }
            })
            .collect()
    }

    /// Those furthest below their maximum, in proportion to it.
    fn weakest(&self, factors: &[FactorSpread]) -> Vec<WeakFactor> {
        let mut short: Vec<&FactorSpread> = factors
            .iter()
            .filter(|factor| factor.score < factor.maximum)
            .collect();
        // Stable: at a tie the order of the instrument holds.
        short.sort_by(|a, b| (a.score / a.maximum).total_cmp(&(b.score / b.maximum)));
        short
            .into_iter()
            .take(WEAKEST)
            .filter_map(|spread| {
                Some(WeakFactor {
                    factor: spread.factor.clone(),
                    score: spread.score,
                    maximum: spread.maximum,
                    acting_tier: self.factor(&spread.factor)?.acting_tier,
                })
            })
            .collect()
    }
}

//! What the answers of many come to, and what of it is told.
//!
//! The rule, for people and not for units: nothing is told of fewer answers than the survey's threshold; and an item
//! or a score is told only if at least two answers differ from the commonest one, for else whoever knows one answer
//! knows them all. Where a score would give a kept-back item away, further items or the score are kept back too.

use serde::{Deserialize, Serialize};

use super::answers::{CANT_RATE, FIRST_POINT};
use super::{Ballot, BallotBox, Method, Subscale, SurveyInstrument};

/// So many answers differ from the commonest one, at least, where anything is told.
const DIFFERING: i64 = 2;

/// How often one point of a scale was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SurveyPointCount")]
#[schema(as = SurveyPointCount)]
pub struct PointCount {
    /// What it counts.
    pub value: i64,
    /// What it is called.
    pub label: String,
    /// How many chose it.
    pub count: i64,
}

/// What was answered to one item, as it was answered: a reversed item is not turned round here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SurveyItemResult")]
#[schema(as = SurveyItemResult)]
pub struct ItemResult {
    /// The item's code.
    pub item: String,
    /// What it asks about.
    pub label: String,
    /// The subscale that it counts in.
    pub subscale: Option<String>,
    /// Whether it is kept back: too few have rated it, or they are too much of one mind, or it would tell another.
    pub suppressed: bool,
    /// How many have rated it.
    pub rated: Option<i64>,
    /// How many say that they cannot rate it.
    pub cant_rate: Option<i64>,
    /// How many have passed it over.
    pub not_answered: Option<i64>,
    /// How often each point was chosen, lowest value first.
    pub counts: Vec<PointCount>,
    /// The mean.
    pub mean: Option<f64>,
    /// The median.
    pub median: Option<f64>,
    /// The standard deviation.
    pub standard_deviation: Option<f64>,
}

/// How many scores lie in a part of their range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SurveyScoreBin")]
#[schema(as = SurveyScoreBin)]
pub struct ScoreBin {
    /// From this score on.
    pub from: f64,
    /// Up to this one, which belongs to the next part; in the last part it is included.
    pub to: f64,
    /// How many.
    pub count: i64,
}

/// What people score on a subscale, or on all items together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SurveyScoreResult")]
#[schema(as = SurveyScoreResult)]
pub struct ScoreResult {
    /// The subscale's code; `overall` for all items.
    pub subscale: String,
    /// What it is about.
    pub label: String,
    /// Whether it is kept back: too few have a score, or they are too much of one mind, or it would tell an item.
    pub suppressed: bool,
    /// The lowest possible score.
    pub lowest: f64,
    /// The highest possible score.
    pub highest: f64,
    /// How many have a score.
    pub scored: Option<i64>,
    /// How many scores lie in each part of the range.
    pub bins: Vec<ScoreBin>,
    /// The mean.
    pub mean: Option<f64>,
    /// The median.
    pub median: Option<f64>,
    /// The standard deviation.
    pub standard_deviation: Option<f64>,
}

/// What all answers come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SurveyResults {
    /// How many have answered.
    pub responses: i64,
    /// Item by item.
    pub items: Vec<ItemResult>,
    /// Subscale by subscale, and over all items where they make a score.
    pub scores: Vec<ScoreResult>,
}

/// Counts that are to be told: of each item how often each point was chosen, of each score how often it came.
struct Counts {
    items: Vec<Vec<i64>>,
    scores: Vec<Vec<i64>>,
}

/// What of them is kept back.
struct Back {
    items: Vec<bool>,
    scores: Vec<bool>,
}

impl SurveyResults {
    /// What the answers come to; none if they are fewer than the threshold.
    pub fn of(instrument: &SurveyInstrument, answers: &BallotBox, threshold: i64) -> Option<Self> {
        let responses = whole(answers.len());
        if responses < threshold.max(1) {
            return None;
        }
        let scored = instrument.scored();
        let scores: Vec<Vec<f64>> = scored
            .iter()
            .map(|(_, places)| scores_of(instrument, places, answers))
            .collect();
        let counts = Counts {
            items: (0..instrument.items.len())
                .map(|place| point_counts(instrument, place, answers))
                .collect(),
            scores: scores.iter().map(|scores| equal_ones(scores)).collect(),
        };
        let none = Back {
            items: vec![false; counts.items.len()],
            scores: vec![false; counts.scores.len()],
        };
        let back = kept_back(instrument, &scored, &counts, none, threshold, false);
        Some(Self {
            responses,
            items: (0..instrument.items.len())
                .map(|place| item_result(instrument, place, answers, &counts, back.items[place]))
                .collect(),
            scores: scored
                .iter()
                .zip(&scores)
                .zip(&back.scores)
                .map(|(((of, places), scores), back)| score_result(instrument, of, places, scores, *back))
                .collect(),
        })
    }

    /// The same as it may be told beside these parts of it: what it says of the rest, taken together, passes the
    /// rule as well. None if the rest are fewer than the threshold.
    #[must_use]
    pub fn beside(mut self, instrument: &SurveyInstrument, parts: &[&Self], threshold: i64) -> Option<Self> {
        let told: i64 = parts.iter().map(|part| part.responses).sum();
        let rest = self.responses - told;
        if rest != 0 && rest < threshold {
            return None;
        }
        let left = |own: Vec<i64>, others: Vec<Vec<i64>>| {
            let mut left = own;
            for other in others {
                for (left, other) in left.iter_mut().zip(other) {
                    *left -= other;
                }
            }
            left
        };
        let item_counts = |of: &Self, place: usize| -> Vec<i64> {
            let item = of.items.get(place);
            item.map_or_else(Vec::new, |item| {
                item.counts.iter().map(|point| point.count).collect()
            })
        };
        let score_counts = |of: &Self, place: usize| -> Vec<i64> {
            let score = of.scores.get(place);
            score.map_or_else(Vec::new, |score| score.bins.iter().map(|bin| bin.count).collect())
        };
        let counts = Counts {
            items: (0..self.items.len())
                .map(|place| {
                    let parts = parts.iter().map(|part| item_counts(part, place)).collect();
                    left(item_counts(&self, place), parts)
                })
                .collect(),
            scores: (0..self.scores.len())
                .map(|place| {
                    let parts = parts.iter().map(|part| score_counts(part, place)).collect();
                    left(score_counts(&self, place), parts)
                })
                .collect(),
        };
        let before = Back {
            items: self.items.iter().map(|item| item.suppressed).collect(),
            scores: self.scores.iter().map(|score| score.suppressed).collect(),
        };
        let scored = instrument.scored();
        let back = kept_back(instrument, &scored, &counts, before, threshold, true);
        for (item, back) in self.items.iter_mut().zip(back.items) {
            if back {
                item.keep_back();
            }
        }
        for (score, back) in self.scores.iter_mut().zip(back.scores) {
            if back {
                score.keep_back();
            }
        }
        Some(self)
    }

    /// Keeps back the items and the scores at the places for which these say so.
    pub fn keep_back_if(&mut self, item: impl Fn(usize) -> bool, score: impl Fn(usize) -> bool) {
        let items = self.items.iter_mut().enumerate();
        for (_, kept) in items.filter(|(place, _)| item(*place)) {
            kept.keep_back();
        }
        let scores = self.scores.iter_mut().enumerate();
        for (_, kept) in scores.filter(|(place, _)| score(*place)) {
            kept.keep_back();
        }
    }
}

impl ItemResult {
    pub(super) fn keep_back(&mut self) {
        self.suppressed = true;
        (self.rated, self.cant_rate, self.not_answered) = (None, None, None);
        (self.mean, self.median, self.standard_deviation) = (None, None, None);
        self.counts = Vec::new();
    }
}

impl ScoreResult {
    pub(super) fn keep_back(&mut self) {
        self.suppressed = true;
        self.scored = None;
        (self.mean, self.median, self.standard_deviation) = (None, None, None);
        self.bins = Vec::new();
    }
}

/// Whether these counts tell too much: they are of too few, or of people who are too much of one mind.
fn tells_too_much(counts: &[i64], threshold: i64) -> bool {
    let all: i64 = counts.iter().sum();
    let commonest = counts.iter().copied().max().unwrap_or_default();
    all < threshold.max(1) || all - commonest < DIFFERING
}

/// What is kept back of these counts, beside what is kept back anyway. Where there may be nothing to tell (`rest`),
/// nothing tells nothing.
fn kept_back(
    instrument: &SurveyInstrument,
    scored: &[(Subscale, Vec<usize>)],
    counts: &Counts,
    before: Back,
    threshold: i64,
    rest: bool,
) -> Back {
    let too_much = |counts: &Vec<i64>| {
        let nothing = rest && counts.iter().all(|count| *count == 0);
        !nothing && tells_too_much(counts, threshold)
    };
    let mut back = before;
    for (back, counts) in back.items.iter_mut().zip(&counts.items) {
        *back |= too_much(counts);
    }
    for (back, counts) in back.scores.iter_mut().zip(&counts.scores) {
        *back |= too_much(counts);
    }
    let room = |place: usize| room(instrument, place, &counts.items[place]);
    for ((subscale, places), score) in scored.iter().zip(0..) {
        if subscale.code == super::OVERALL || back.scores[score] {
            continue;
        }
        // The score and the items that are told give the sum of those that are not: it must leave room for doubt.
        let (mut hidden, mut told): (Vec<usize>, Vec<usize>) =
            places.iter().partition(|place| back.items[**place]);
        while !hidden.is_empty() && !leaves_room(hidden.iter().map(|place| room(*place))) {
            let with = |place: usize| {
                let (low, high) = sum(hidden.iter().chain([&place]).map(|place| room(*place)));
                low.min(high)
            };
            let Some(next) = told.iter().copied().max_by_key(|place| with(*place)) else {
                back.scores[score] = true;
                break;
            };
            told.retain(|place| *place != next);
            hidden.push(next);
            back.items[next] = true;
        }
    }
    // The score over all items gives the sum of what no subscale tells.
    if let Some(overall) = scored
        .iter()
        .position(|(subscale, _)| subscale.code == super::OVERALL)
    {
        let told_by_subscale = |place: &usize| {
            scored
                .iter()
                .zip(&back.scores)
                .any(|((of, places), back)| of.code != super::OVERALL && !back && places.contains(place))
        };
        let hidden: Vec<usize> = (0..back.items.len())
            .filter(|place| back.items[*place] && !told_by_subscale(place))
            .collect();
        if !hidden.is_empty() && !leaves_room(hidden.iter().map(|place| room(*place))) {
            back.scores[overall] = true;
        }
    }
    back
}

/// How far the answers to an item lie, all together, above the lowest and below the highest possible.
fn room(instrument: &SurveyInstrument, place: usize, counts: &[i64]) -> (i64, i64) {
    let item = &instrument.items[place];
    let Some(scale) = instrument.scale(&item.scale) else {
        return (0, 0);
    };
    let (lowest, highest) = scale.ends();
    sum(scale
        .points
        .iter()
        .zip(counts)
        .map(|(point, count)| ((point.value - lowest) * count, (highest - point.value) * count)))
}

fn sum(rooms: impl Iterator<Item = (i64, i64)>) -> (i64, i64) {
    rooms.fold((0, 0), |(low, high), (more_low, more_high)| {
        (low + more_low, high + more_high)
    })
}

fn leaves_room(rooms: impl Iterator<Item = (i64, i64)>) -> bool {
    let (low, high) = sum(rooms);
    low.min(high) >= DIFFERING
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The value that a person has given to an item, if any.
fn value_of(instrument: &SurveyInstrument, place: usize, ballot: &Ballot) -> Option<i64> {
    let point = ballot.0.get(place)?.checked_sub(FIRST_POINT)?;
    let scale = instrument.scale(&instrument.items.get(place)?.scale)?;
    scale.points.get(usize::from(point)).map(|point| point.value)
}

fn point_counts(instrument: &SurveyInstrument, place: usize, answers: &BallotBox) -> Vec<i64> {
    let item = &instrument.items[place];
    let points = instrument
        .scale(&item.scale)
        .map_or(0, |scale| scale.points.len());
    let mut counts = vec![0; points];
    for ballot in answers.ballots() {
        let point = ballot.0.get(place).and_then(|byte| byte.checked_sub(FIRST_POINT));
        if let Some(count) = point.and_then(|point| counts.get_mut(usize::from(point))) {
            *count += 1;
        }
    }
    counts
}

/// The scores of those who have one, in ascending order.
fn scores_of(instrument: &SurveyInstrument, places: &[usize], answers: &BallotBox) -> Vec<f64> {
    let mut scores: Vec<f64> = answers
        .ballots()
        .iter()
        .filter_map(|ballot| score_of(instrument, places, ballot))
        .collect();
    scores.sort_by(f64::total_cmp);
    scores
}

fn score_of(instrument: &SurveyInstrument, places: &[usize], ballot: &Ballot) -> Option<f64> {
    let values: Vec<i64> = places
        .iter()
        .filter_map(|place| {
            let item = instrument.items.get(*place)?;
            let value = value_of(instrument, *place, ballot)?;
            let (lowest, highest) = instrument.scale(&item.scale)?.ends();
            Some(if item.reverse {
                lowest + highest - value
            } else {
                value
            })
        })
        .collect();
    let (rated, items) = (float(whole(values.len())), float(whole(places.len())));
    if values.is_empty() || rated < instrument.scoring.minimum_answered * items {
        return None;
    }
    let sum = float(values.iter().sum());
    // One division of whole numbers: equal scores are equal bits.
    Some(match instrument.scoring.method {
        Method::Mean => sum / rated,
        Method::Sum => sum * items / rated,
    })
}

/// How often each score came.
fn equal_ones(ascending: &[f64]) -> Vec<i64> {
    ascending
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .map(|equal| whole(equal.len()))
        .collect()
}

fn item_result(
    instrument: &SurveyInstrument,
    place: usize,
    answers: &BallotBox,
    counts: &Counts,
    back: bool,
) -> ItemResult {
    let item = &instrument.items[place];
    let mut values: Vec<f64> = answers
        .ballots()
        .iter()
        .filter_map(|ballot| value_of(instrument, place, ballot))
        .map(float)
        .collect();
    values.sort_by(f64::total_cmp);
    let cannot = answers
        .ballots()
        .iter()
        .filter(|ballot| ballot.0.get(place) == Some(&CANT_RATE));
    let (rated, cant_rate) = (whole(values.len()), whole(cannot.count()));
    let points = instrument
        .scale(&item.scale)
        .map_or(&[][..], |scale| &scale.points);
    let mut result = ItemResult {
        item: item.code.clone(),
        label: item.label.clone(),
        subscale: item.subscale.clone(),
        suppressed: false,
        rated: Some(rated),
        cant_rate: Some(cant_rate),
        not_answered: Some(whole(answers.len()) - rated - cant_rate),
        counts: points
            .iter()
            .zip(&counts.items[place])
            .map(|(point, count)| PointCount {
                value: point.value,
                label: point.label.clone(),
                count: *count,
            })
            .collect(),
        mean: mean(&values).map(hundredths),
        median: median(&values).map(hundredths),
        standard_deviation: deviation(&values).map(hundredths),
    };
    if back {
        result.keep_back();
    }
    result
}

fn score_result(
    instrument: &SurveyInstrument,
    subscale: &Subscale,
    places: &[usize],
    scores: &[f64],
    back: bool,
) -> ScoreResult {
    let scale = places
        .first()
        .and_then(|place| instrument.scale(&instrument.items.get(*place)?.scale));
    let (low, high) = scale.map_or((0, 0), super::Scale::ends);
    let times = match instrument.scoring.method {
        Method::Mean => 1.0,
        Method::Sum => float(whole(places.len())),
    };
    let (lowest, highest) = (float(low) * times, float(high) * times);
    let parts = scale.map_or(1, |scale| scale.points.len().saturating_sub(1).max(1));
    let mut result = ScoreResult {
        subscale: subscale.code.clone(),
        label: subscale.label.clone(),
        suppressed: false,
        lowest,
        highest,
        scored: Some(whole(scores.len())),
        bins: bins(scores, lowest, highest, parts),
        mean: mean(scores).map(hundredths),
        median: median(scores).map(hundredths),
        standard_deviation: deviation(scores).map(hundredths),
    };
    if back {
        result.keep_back();
    }
    result
}

/// The range in equal parts, as many as a scale has steps.
fn bins(scores: &[f64], lowest: f64, highest: f64, parts: usize) -> Vec<ScoreBin> {
    let edge = |n: usize| lowest + (highest - lowest) * float(whole(n)) / float(whole(parts));
    (0..parts)
        .map(|n| {
            let (from, to) = (edge(n), edge(n + 1));
            let last = n + 1 == parts;
            let within = |score: &&f64| (n == 0 || **score >= from) && (last || **score < to);
            ScoreBin {
                from: hundredths(from),
                to: hundredths(to),
                count: whole(scores.iter().filter(within).count()),
            }
        })
        .collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / float(whole(values.len())))
}

/// The middle of ascending values.
fn median(values: &[f64]) -> Option<f64> {
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// The standard deviation of a sample.
fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squared: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    deviation_of(squared, whole(values.len()))
}

/// The standard deviation of so many values, from the sum of their squared distances from the mean.
pub(super) fn deviation_of(squared: f64, count: i64) -> Option<f64> {
    (count > 1).then(|| (squared / (float(count) - 1.0)).sqrt())
}

/// Two decimals are as much as surveys of a team are good for.
pub(super) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and values of a survey are small"
)]
pub(super) fn float(number: i64) -> f64 {
    number as f64
}

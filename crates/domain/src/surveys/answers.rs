//! What somebody answers, as it comes and as it is kept: a byte for each item, and nothing beside.

use serde::{Deserialize, Serialize};

use super::SurveyInstrument;
use crate::error::{Result, Violations};

/// The byte of an item that was passed over.
pub(super) const NOT_ANSWERED: u8 = 0;
/// The byte of an item that somebody says they cannot rate.
pub(super) const CANT_RATE: u8 = 1;
/// The byte of a scale's first point.
pub(super) const FIRST_POINT: u8 = 2;

/// The answer to one item: a value of its scale, or that one cannot rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SurveyAnswer)]
pub struct Answer {
    /// The item's code.
    #[schema(max_length = 63, example = "morale")]
    pub item: String,
    /// The value of a point of its scale.
    #[serde(default)]
    #[schema(minimum = -100, maximum = 100, example = 4)]
    pub value: Option<i64>,
    /// That one cannot rate it.
    #[serde(default)]
    pub cant_rate: bool,
}

/// Somebody's answers to a survey. There is no place in it for a name, and none for free text.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerSurvey {
    /// The one-time code, where the survey takes codes.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub code: Option<String>,
    /// The answers; an item that is not among them is not answered.
    #[schema(min_items = 1, max_items = 100)]
    pub answers: Vec<Answer>,
}

/// One person's answers as they are kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ballot(pub(super) Vec<u8>);

impl std::fmt::Debug for Ballot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What one person has said is never printed.
        f.write_str("Ballot(…)")
    }
}

impl AnswerSurvey {
    /// Every rule at once; the answers as they are kept, if all is well.
    pub fn check(&self, instrument: &SurveyInstrument) -> Result<Ballot> {
        let mut found = Violations::new();
        let mut ballot = vec![NOT_ANSWERED; instrument.items.len()];
        if !(1..=100).contains(&self.answers.len()) {
            let detail = "between 1 and 100 answers are taken";
            found.add("/answers", "out_of_range", detail);
        }
        for (n, answer) in self.answers.iter().take(100).enumerate() {
            match place_and_byte(answer, instrument) {
                Ok((place, _)) if ballot[place] != NOT_ANSWERED => {
                    let detail = "this item is answered twice";
                    found.add(format!("/answers/{n}/item"), "twice", detail);
                }
                Ok((place, byte)) => ballot[place] = byte,
                Err((field, code, detail)) => found.add(format!("/answers/{n}{field}"), code, detail),
            }
        }
        found.into_result()?;
        Ok(Ballot(ballot))
    }
}

type Wrong = (&'static str, &'static str, &'static str);

fn place_and_byte(answer: &Answer, instrument: &SurveyInstrument) -> Result<(usize, u8), Wrong> {
    let place =
        instrument
            .place_of(&answer.item)
            .ok_or(("/item", "unknown_item", "the survey has no such item"))?;
    let item = &instrument.items[place];
    let scale = instrument
        .scale(&item.scale)
        .ok_or(("/item", "unknown_item", "the item has no scale"))?;
    let byte = match (answer.value, answer.cant_rate) {
        (Some(value), false) => {
            let wrong = (
                "/value",
                "not_on_scale",
                "no point of the item's scale has this value",
            );
            let point = scale.points.iter().position(|point| point.value == value);
            u8::try_from(point.ok_or(wrong)?)
                .ok()
                .and_then(|point| point.checked_add(FIRST_POINT))
                .ok_or(wrong)?
        }
        (None, true) if scale.cant_rate => CANT_RATE,
        (None, true) => {
            return Err((
                "/cantRate",
                "cant_rate_not_offered",
                "this item does not offer that",
            ));
        }
        (None, false) | (Some(_), true) => {
            return Err(("", "one_of", "give either `value` or `cantRate`"));
        }
    };
    Ok((place, byte))
}

/// The layout of the bytes of a box.
const LAYOUT: u8 = 1;
/// Layout and count.
const HEAD: usize = 5;
/// A box is filled up to a multiple of this, so that its size tells little.
const PAGE: usize = 4096;
/// So many answers a unit takes in one survey.
pub const MOST_BALLOTS: usize = 20_000;

/// All answers of one unit in one survey, in the order of what they say: who came first cannot be told from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BallotBox {
    width: usize,
    ballots: Vec<Ballot>,
}

impl BallotBox {
    /// An empty one for an instrument of so many items.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            ballots: Vec::new(),
        }
    }

    /// From its bytes; none if they are not those of a box for so many items.
    pub fn from_bytes(width: usize, bytes: &[u8]) -> Option<Self> {
        let (&layout, rest) = bytes.split_first()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let ballots = rest.get(..count.checked_mul(width)?)?;
        (layout == LAYOUT && width > 0).then(|| Self {
            width,
            ballots: ballots
                .chunks_exact(width)
                .map(|ballot| Ballot(ballot.to_vec()))
                .collect(),
        })
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = HEAD + self.width * self.ballots.len();
        let mut bytes = Vec::with_capacity(size.next_multiple_of(PAGE));
        bytes.push(LAYOUT);
        bytes.extend_from_slice(
            &u32::try_from(self.ballots.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        for ballot in &self.ballots {
            bytes.extend_from_slice(&ballot.0);
        }
        bytes.resize(size.next_multiple_of(PAGE), 0);
        bytes
    }

    /// Puts answers in, at the place that their content gives them; false if it is full.
    #[must_use]
    pub fn put(&mut self, ballot: Ballot) -> bool {
        if self.ballots.len() >= MOST_BALLOTS || ballot.0.len() != self.width {
            return false;
        }
        let place = self.ballots.partition_point(|before| *before <= ballot);
        self.ballots.insert(place, ballot);
        true
    }

    /// How many have answered.
    pub fn len(&self) -> usize {
        self.ballots.len()
    }

    /// Whether nobody has.
    pub fn is_empty(&self) -> bool {
        self.ballots.is_empty()
    }

    /// The answers of several units together.
    pub fn joined<'b>(width: usize, boxes: impl IntoIterator<Item = &'b Self>) -> Self {
        let mut ballots: Vec<Ballot> = boxes
            .into_iter()
            .flat_map(|one| one.ballots.iter().cloned())
            .collect();
        ballots.sort();
        Self { width, ballots }
    }

    pub(super) fn ballots(&self) -> &[Ballot] {
        &self.ballots
    }
}

//! Instruments: versioned data with its provenance, embedded and checked once.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Answer;
use crate::tenancy::Tier;

/// The instrument that is meant when none is named.
pub const DEFAULT_INSTRUMENT: &str = "nhs-sustainability-model";

/// A level of a factor; A is the best.
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
pub enum FactorLevel {
    /// The best.
    A,
    /// The second best.
    B,
    /// The second worst.
    C,
    /// The worst; scores nothing.
    D,
}

/// A group of factors.
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
pub enum FactorGroup {
    /// The change itself.
    Process,
    /// Those who do it.
    Staff,
    /// What is around it.
    Organisation,
}

impl FactorGroup {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Process, Self::Staff, Self::Organisation];
}

/// An instrument with its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityInstrument")]
#[schema(as = SustainabilityInstrument)]
pub struct Instrument {
    /// Its code.
    pub code: String,
    /// Its version.
    pub version: String,
    /// Its factors, in order.
    pub factors: Vec<Factor>,
    /// The most that each group can score.
    pub groups: Vec<GroupMaximum>,
    /// The most that it can score.
    pub maximum: f64,
    /// The score that tells good prospects from poor ones.
    pub threshold: Threshold,
    /// Where the figures come from.
    pub provenance: String,
}

/// A factor with the score of each level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityFactor")]
#[schema(as = SustainabilityFactor)]
pub struct Factor {
    /// Its number in the instrument.
    pub number: i64,
    /// Its code.
    pub code: String,
    /// Its group.
    pub group: FactorGroup,
    /// Its levels, best first.
    pub levels: Vec<LevelScore>,
    /// The lowest tier that can do something about it. This is Spiral's reading, not the instrument's.
    pub acting_tier: Tier,
}

/// What a level scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct LevelScore {
    /// The level.
    pub level: FactorLevel,
    /// Its score.
    pub score: f64,
    /// Whether the score was checked against a publication.
    pub verified: bool,
}

/// The most that a group can score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct GroupMaximum {
    /// The group.
    pub group: FactorGroup,
    /// The sum of its factors' best levels.
    pub maximum: f64,
}

/// The score that tells good prospects from poor ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SustainabilityThreshold")]
#[schema(as = SustainabilityThreshold)]
pub struct Threshold {
    /// The score.
    pub value: f64,
    /// Whether it was checked against a publication.
    pub verified: bool,
    /// What it means.
    pub meaning: String,
}

/// What a group of factors scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct GroupScore {
    /// The group.
    pub group: FactorGroup,
    /// Its score.
    pub score: f64,
    /// The most it can score.
    pub maximum: f64,
}

/// To one decimal: how weights are published. Sums of such weights are exact after it.
pub(super) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Factor {
    /// What a level scores.
    pub fn score(&self, level: FactorLevel) -> f64 {
        self.levels
            .iter()
            .find(|of| of.level == level)
            .map_or(0.0, |of| of.score)
    }

    /// The most it can score.
    pub fn maximum(&self) -> f64 {
        self.score(FactorLevel::A)
    }
}

impl Instrument {
    /// The factor with this code.
    pub fn factor(&self, code: &str) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.code == code)
    }

    /// What answers come to: in all, and in each group.
    pub fn score(&self, answers: &[Answer]) -> (f64, Vec<GroupScore>) {
        let of_group = |group: FactorGroup| {
            let scores = answers
                .iter()
                .filter_map(|answer| Some((self.factor(&answer.factor)?, answer.level)))
                .filter(|(factor, _)| factor.group == group)
                .map(|(factor, level)| factor.score(level));
            tenths(scores.sum())
        };
        let groups: Vec<GroupScore> = self
            .groups
            .iter()
            .map(|of| GroupScore {
                group: of.group,
                score: of_group(of.group),
                maximum: of.maximum,
            })
            .collect();
        let total = tenths(groups.iter().map(|group| group.score).sum());
        (total, groups)
    }
}

/// The embedded file, as it stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    instrument: String,
    version: String,
    factors: Vec<FileFactor>,
    group_maxima: FileGroups,
    maximum: f64,
    threshold: Threshold,
    provenance: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileFactor {
    n: i64,
    group: FactorGroup,
    code: String,
    levels: FileLevels,
    verified: Vec<FactorLevel>,
    acting_tier: Tier,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE", deny_unknown_fields)]
struct FileLevels {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileGroups {
    process: f64,
    staff: f64,
    organisation: f64,
}

impl From<File> for Instrument {
    fn from(file: File) -> Self {
        let factors = file
            .factors
            .into_iter()
            .map(|factor| Factor {
                number: factor.n,
                code: factor.code,
                group: factor.group,
                levels: [
                    (FactorLevel::A, factor.levels.a),
                    (FactorLevel::B, factor.levels.b),
                    (FactorLevel::C, factor.levels.c),
                    (FactorLevel::D, factor.levels.d),
                ]
                .map(|(level, score)| LevelScore {
                    level,
                    score,
                    verified: factor.verified.contains(&level),
                })
                .to_vec(),
                acting_tier: factor.acting_tier,
            })
            .collect();
        Self {
            code: file.instrument,
            version: file.version,
            factors,
            groups: vec![
                GroupMaximum {
                    group: FactorGroup::Process,
                    maximum: file.group_maxima.process,
                },
                GroupMaximum {
                    group: FactorGroup::Staff,
                    maximum: file.group_maxima.staff,
                },
                GroupMaximum {
                    group: FactorGroup::Organisation,
                    maximum: file.group_maxima.organisation,
                },
            ],
            maximum: file.maximum,
            threshold: file.threshold,
            provenance: file.provenance,
        }
    }
}

static NHS_MODEL: LazyLock<Instrument> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../../data/sustainability-model.json"))
        .expect("the embedded instrument is read by a test");
    file.into()
});

/// The instruments that there are.
pub fn instruments() -> Vec<&'static Instrument> {
    vec![&NHS_MODEL]
}

/// The instrument with this code.
pub fn instrument(code: &str) -> Option<&'static Instrument> {
    instruments()
        .into_iter()
        .find(|instrument| instrument.code == code)
}

/// The instrument that is meant when none is named.
pub fn default_instrument() -> &'static Instrument {
    &NHS_MODEL
}

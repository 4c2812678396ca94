//! Measures, the dimensions they are split by, and observations.

use serde::{Deserialize, Serialize};

pub use self::contribution::{Contribution, contributions};
pub use self::marks::{
    AddAnnotation, Annotation, ChangeAnnotation, ChangePhase, LinkMeasure, MeasureLink, OpenPhase, Phase,
    SetTarget, Target,
};
pub use self::observation::{Observation, ObservationRevision, PushObservation, Quality};
pub use self::period::Period;
pub use self::stratum::{Stratum, is_stratum_value};
use crate::error::{Result, Violations};
use crate::ids::{DimensionId, MeasureId, UnitId};
use crate::reference::Reference;
use crate::screening::carries_nhs_number;
use crate::sharing::Sharing;
use crate::tenancy::Tier;
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::{Interval, Timestamp};

mod contribution;
mod marks;
mod observation;
mod period;
mod stratum;

/// No count, rate or mean beyond this is kept: larger ones are a slip of the keyboard, and sums stay exact.
pub const LARGEST: f64 = 1e15;

/// What a measure tells about a change.
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
pub enum MeasureKind {
    /// What matters to patients.
    Outcome,
    /// Whether the work is done as meant.
    Process,
    /// What might get worse on the way.
    Balancing,
}

/// What its numbers are, and so which fields an observation carries.
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
pub enum Scale {
    /// `numerator` out of `denominator`.
    Proportion,
    /// `numerator` per `denominator`.
    Rate,
    /// `numerator` alone.
    Count,
    /// `value`, the mean over `n`.
    Continuous,
    /// `value`, the mean score over `n`.
    Score,
    /// `value`, the time since the event before: one observation for each event, and no sum.
    TimeBetween,
}

impl Scale {
    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proportion => "proportion",
            Self::Rate => "rate",
            Self::Count => "count",
            Self::Continuous => "continuous",
            Self::Score => "score",
            Self::TimeBetween => "time_between",
        }
    }
}

/// Which way is better.
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
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither.
    Neutral,
}

/// Which end of a dimension's values is disadvantaged.
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
pub enum DisadvantagedEnd {
    /// The first value.
    First,
    /// The last value.
    Last,
}

/// A way to split a population: declared once, so that only what means the same is summed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "StratumDimensionRecord")]
pub struct StratumDimension {
    /// Its id.
    pub id: DimensionId,
    /// Its code, unique in the tenant; strata name it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The unit that declared it.
    pub unit_id: UnitId,
    /// Its values, in order.
    #[serde(rename = "values")]
    #[graphql(name = "values")]
    pub value_list: Vec<String>,
    /// Which end is disadvantaged; null if neither is.
    pub disadvantaged_end: Option<DisadvantagedEnd>,
    /// The population whose distribution the values refer to.
    pub reference_population: Option<String>,
    /// Which edition of the index or classification.
    pub edition: Option<String>,
    /// Row version.
    pub version: i64,
    /// When it was declared.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Declares a stratum dimension. Another edition is another dimension, with another code.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclareDimension {
    /// The unit that declares it.
    pub unit: Reference,
    /// Its code: 1 to 63 letters, digits, `.`, `_`, `-`, beginning with a letter.
    #[schema(max_length = 63, example = "imdQuintile")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Quintile of the Index of Multiple Deprivation")]
    pub name: String,
    /// Its values, in order: 1 to 32 letters, digits, `.`, `_`, `-` each.
    #[schema(min_items = 1, max_items = 100, example = json!(["1", "2", "3", "4", "5"]))]
    pub values: Vec<String>,
    /// Which end is disadvantaged.
    #[serde(default)]
    pub disadvantaged_end: Option<DisadvantagedEnd>,
    /// The population whose distribution the values refer to.
    #[serde(default)]
    #[schema(max_length = 200, example = "England")]
    pub reference_population: Option<String>,
    /// Which edition of the index or classification.
    #[serde(default)]
    #[schema(max_length = 100, example = "IMD 2004")]
    pub edition: Option<String>,
}

impl DeclareDimension {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        if !is_dimension_code(&self.code) {
            found.add(
                "/code",
                "code_format",
                "a dimension's code has 1 to 63 letters, digits, `.`, `_`, `-` and begins with a letter",
            );
        } else if carries_nhs_number(&self.code) {
            found.add("/code", "patient_identifier", PATIENT);
        }
        check_text(&mut found, "/name", &self.name, 200);
        check_optional_text(
            &mut found,
            "/referencePopulation",
            self.reference_population.as_deref(),
            200,
        );
        check_optional_text(&mut found, "/edition", self.edition.as_deref(), 100);
        found.require(
            (1..=100).contains(&self.values.len()),
            "/values",
            "out_of_range",
            || "a dimension has 1 to 100 values".into(),
        );
        for (n, value) in self.values.iter().enumerate() {
            let pointer = format!("/values/{n}");
            if !is_stratum_value(value) {
                found.add(
                    pointer,
                    "value_format",
                    "a value has 1 to 32 letters, digits, `.`, `_`, `-`",
                );
            } else if carries_nhs_number(value) {
                found.add(pointer, "patient_identifier", PATIENT);
            } else if self.values[..n].contains(value) {
                found.add(pointer, "twice", format!("the value `{value}` is given twice"));
            }
        }
        found.into_result()
    }
}

const PATIENT: &str = "carries what reads as an NHS number; patient data is refused";

/// Whether a text can be a dimension's code.
pub fn is_dimension_code(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// A measure in one of its versions. Versions are never mixed: another version is another id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "MeasureRecord")]
pub struct Measure {
    /// The id of this version.
    pub id: MeasureId,
    /// Its code; as a reference it means the latest version.
    pub code: String,
    /// Which definition of the code this is, from 1.
    pub measure_version: i64,
    /// The unit that owns it. Above microsystem tier it is part of the measure library.
    pub unit_id: UnitId,
    /// Its name.
    pub name: String,
    /// What it tells about a change.
    pub kind: MeasureKind,
    /// What its numbers are.
    pub scale: Scale,
    /// What is counted or measured, in words.
    pub unit_of_measure: Option<String>,
    /// What `numerator / denominator`, or the mean, is multiplied by for show.
    pub multiplier: f64,
    /// Which way is better.
    pub direction: Direction,
    /// How often it is reported.
    pub cadence: Interval,
    /// Whether other periods than the cadence's are taken.
    pub irregular: bool,
    /// What is aimed for, on the scale of the shown rate.
    pub target: Option<f64>,
    /// How exactly it is measured.
    pub definition: Option<String>,
    /// Roll-ups sum the observations of units of this tier only.
    pub reporting_tier: Tier,
    /// Whether numerator and denominator count people.
    pub counts_people: bool,
    /// The dimensions it may be split by.
    pub dimensions: Vec<String>,
    /// How far the definition is shared.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Measure {
    /// Whether these two say the same, whatever their version.
    pub fn means_the_same(&self, other: &Self) -> bool {
        Self {
            id: self.id,
            measure_version: self.measure_version,
            sharing: self.sharing,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..other.clone()
        } == *self
    }
}

/// Defines a measure, or a new version of one that the unit owns.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DefineMeasure {
    /// The unit that owns it.
    pub unit: Reference,
    /// Its code. The code of a measure of this unit makes a new version of it.
    #[schema(max_length = 63, example = "quit-4w")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Clients who quit smoking at 4 weeks")]
    pub name: String,
    /// What it tells about a change.
    pub kind: MeasureKind,
    /// What its numbers are.
    pub scale: Scale,
    /// What is counted or measured, in words.
    #[serde(default)]
    #[schema(max_length = 100, example = "quitters per 1,000 residents")]
    pub unit_of_measure: Option<String>,
    /// What `numerator / denominator`, or the mean, is multiplied by for show; 1 if absent.
    #[serde(default)]
    #[schema(exclusive_minimum = 0.0, example = 1000)]
    pub multiplier: Option<f64>,
    /// Which way is better.
    pub direction: Direction,
    /// How often it is reported.
    pub cadence: Interval,
    /// Whether other periods than the cadence's are taken.
    #[serde(default)]
    #[graphql(default)]
    pub irregular: bool,
    /// What is aimed for, on the scale of the shown rate.
    #[serde(default)]
    pub target: Option<f64>,
    /// How exactly it is measured.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub definition: Option<String>,
    /// Roll-ups sum the observations of units of this tier only; `microsystem` if absent.
    #[serde(default)]
    pub reporting_tier: Option<Tier>,
    /// Whether numerator and denominator count people; then they are whole numbers.
    #[serde(default)]
    #[graphql(default)]
    pub counts_people: bool,
    /// Codes of the dimensions it may be split by.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 8, example = json!(["imdQuintile"]))]
    pub dimensions: Vec<String>,
}

impl DefineMeasure {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/name", &self.name, 200);
        check_optional_text(&mut found, "/unitOfMeasure", self.unit_of_measure.as_deref(), 100);
        check_optional_text(&mut found, "/definition", self.definition.as_deref(), 4000);
        found.require(
            self.multiplier
                .is_none_or(|by| by.is_finite() && by > 0.0 && by <= LARGEST),
            "/multiplier",
            "out_of_range",
            || "a multiplier is above 0".into(),
        );
        found.require(
            self.target
                .is_none_or(|target| target.is_finite() && target.abs() <= LARGEST),
            "/target",
            "out_of_range",
            || format!("a target is between -{LARGEST:e} and {LARGEST:e}"),
        );
        found.require(
            !self.counts_people || matches!(self.scale, Scale::Proportion | Scale::Rate | Scale::Count),
            "/countsPeople",
            "counts_nobody",
            || {
                format!(
                    "a measure of scale `{}` has no numerator that could count people",
                    self.scale.name()
                )
            },
        );
        found.require(self.dimensions.len() <= 8, "/dimensions", "too_many", || {
            "at most 8 dimensions".into()
        });
        for (n, code) in self.dimensions.iter().enumerate() {
            found.require(
                !self.dimensions[..n].contains(code),
                &format!("/dimensions/{n}"),
                "twice",
                || format!("the dimension `{code}` is named twice"),
            );
        }
        found.into_result()
    }

    /// A unit defines what it or units beneath it report.
    pub fn check_owner(&self, owner: Tier) -> Result<()> {
        let mut found = Violations::new();
        let reporting = self.reporting_tier.unwrap_or(Tier::Microsystem);
        found.require(reporting <= owner, "/reportingTier", "tier_above_owner", || {
            format!(
                "a unit of tier `{}` does not define what tier `{}` reports",
                owner.name(),
                reporting.name()
            )
        });
        found.into_result()
    }
}

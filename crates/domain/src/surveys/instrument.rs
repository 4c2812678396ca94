//! Survey instruments: versioned data. Some are built in, by id and short label only; a tenant adds its own, with
//! the wording that it may use.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{SurveyInstrumentId, UnitId};
use crate::reference::{Reference, is_code};
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::Timestamp;

/// The code under which the score over all items is told: no subscale may have it.
pub const OVERALL: &str = "overall";

/// Whom a survey asks, or what it is about.
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
pub enum SurveyKind {
    /// Those who work in the team.
    Staff,
    /// Those whom it cares for.
    Patient,
    /// How a change becomes everyday work.
    Implementation,
    /// How the team sees itself as a clinical microsystem.
    MicrosystemAssessment,
    /// Anything else.
    Other,
}

/// One of the answers that a scale offers.
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
#[graphql(name = "SurveyPoint", input_name = "SurveyPointInput")]
#[schema(as = SurveyPoint)]
pub struct Point {
    /// What it counts.
    #[schema(minimum = -100, maximum = 100, example = 1)]
    pub value: i64,
    /// What it is called, in short.
    #[schema(max_length = 100, example = "strongly agree")]
    pub label: String,
}

/// What an item can be answered with.
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
#[graphql(name = "SurveyScale", input_name = "SurveyScaleInput")]
#[schema(as = SurveyScale)]
pub struct Scale {
    /// Its code within the instrument.
    #[schema(max_length = 63, example = "agreement")]
    pub code: String,
    /// Its points, lowest value first.
    #[schema(min_items = 2, max_items = 11)]
    pub points: Vec<Point>,
    /// Whether one may say that one cannot rate.
    #[serde(default)]
    #[graphql(default)]
    pub cant_rate: bool,
}

impl Scale {
    /// Its lowest and its highest value.
    pub fn ends(&self) -> (i64, i64) {
        let values = || self.points.iter().map(|point| point.value);
        (
            values().min().unwrap_or_default(),
            values().max().unwrap_or_default(),
        )
    }
}

/// A question, by id and short label.
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
#[graphql(name = "SurveyItem", input_name = "SurveyItemInput")]
#[schema(as = SurveyItem)]
pub struct Item {
    /// Its code within the instrument.
    #[schema(max_length = 63, example = "morale")]
    pub code: String,
    /// What it asks about, in short.
    #[schema(max_length = 200, example = "Morale")]
    pub label: String,
    /// The scale by which it is answered.
    #[schema(max_length = 63, example = "agreement")]
    pub scale: String,
    /// Whether a high answer is a low score.
    #[serde(default)]
    #[graphql(default)]
    pub reverse: bool,
    /// The subscale that it counts in.
    #[serde(default)]
    #[schema(max_length = 63, example = "conditions")]
    pub subscale: Option<String>,
    /// The question in full, where the tenant has loaded it; those who answer see the label otherwise.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub wording: Option<String>,
}

/// Items that are scored together.
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
#[graphql(name = "SurveySubscale", input_name = "SurveySubscaleInput")]
#[schema(as = SurveySubscale)]
pub struct Subscale {
    /// Its code within the instrument.
    #[schema(max_length = 63, example = "conditions")]
    pub code: String,
    /// What it is about.
    #[schema(max_length = 200, example = "Conditions of work")]
    pub label: String,
}

/// How the answers of one person make a score.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
#[graphql(name = "SurveyScoringMethod")]
#[schema(as = SurveyScoringMethod)]
pub enum Method {
    /// The mean of the answers.
    Mean,
    /// Their sum; where some are missing, their mean as often as there are items.
    Sum,
}

/// How scores are made.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "SurveyScoring", input_name = "SurveyScoringInput")]
#[schema(as = SurveyScoring)]
pub struct Scoring {
    /// From answers to a score.
    pub method: Method,
    /// Which share of its items a person must have rated for a score.
    #[schema(minimum = 0.01, maximum = 1.0, example = 0.5)]
    pub minimum_answered: f64,
    /// Whether all items together make a score as well.
    #[serde(default)]
    #[graphql(default)]
    pub overall: bool,
}

/// An instrument in one of its versions. A version never changes; what is to be different is another version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SurveyInstrument {
    /// Its id.
    pub id: SurveyInstrumentId,
    /// The unit that has added it; none for what is built in.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// Its code, which all its versions share.
    pub code: String,
    /// Its version: 1, 2, 3 …
    pub version: i64,
    /// Its name.
    pub title: String,
    /// Whom it asks.
    pub kind: SurveyKind,
    /// Where it comes from, and what of it is not Spiral's own.
    pub provenance: String,
    /// What items can be answered with.
    pub scales: Vec<Scale>,
    /// Its items, in order.
    pub items: Vec<Item>,
    /// Which items are scored together.
    pub subscales: Vec<Subscale>,
    /// How.
    pub scoring: Scoring,
    /// When it was added; none for what is built in.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

impl SurveyInstrument {
    /// The scale of this code.
    pub fn scale(&self, code: &str) -> Option<&Scale> {
        self.scales.iter().find(|scale| scale.code == code)
    }

    /// The place of the item with this code.
    pub fn place_of(&self, item: &str) -> Option<usize> {
        self.items.iter().position(|of| of.code == item)
    }

    /// Whether it is built in.
    pub fn built_in(&self) -> bool {
        self.unit_id.is_none()
    }

    /// What it scores: each subscale with the places of its items, and all of them where they make a score.
    pub fn scored(&self) -> Vec<(Subscale, Vec<usize>)> {
        let of = |subscale: &Subscale| {
            let places = self.items.iter().enumerate();
            places
                .filter(|(_, item)| item.subscale.as_ref() == Some(&subscale.code))
                .map(|(place, _)| place)
                .collect()
        };
        let overall = Subscale {
            code: OVERALL.into(),
            label: self.title.clone(),
        };
        let all = self
            .scoring
            .overall
            .then(|| (overall, (0..self.items.len()).collect()));
        let parts = self
            .subscales
            .iter()
            .map(|subscale| (subscale.clone(), of(subscale)));
        parts.chain(all).collect()
    }
}

/// Adds an instrument, or the next version of one of the unit's own.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddSurveyInstrument {
    /// The unit that adds it.
    pub unit: Reference,
    /// Its code; that of an instrument of the unit's own makes the next version of it.
    #[schema(max_length = 63, example = "ward-staff-survey")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Staff survey of the wards")]
    pub title: String,
    /// Whom it asks.
    pub kind: SurveyKind,
    /// Where it comes from, and by what right its wording stands here.
    #[schema(max_length = 1000, example = "Made by the ward's team in 2006")]
    pub provenance: String,
    /// What items can be answered with.
    #[schema(min_items = 1, max_items = 20)]
    pub scales: Vec<Scale>,
    /// Its items, in order.
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<Item>,
    /// Which items are scored together.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 30)]
    pub subscales: Vec<Subscale>,
    /// How.
    pub scoring: Scoring,
}

impl AddSurveyInstrument {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/title", &self.title, 200);
        check_text(&mut found, "/provenance", &self.provenance, 1000);
        check_count(&mut found, "/scales", self.scales.len(), 1, 20);
        check_count(&mut found, "/items", self.items.len(), 1, 100);
        check_count(&mut found, "/subscales", self.subscales.len(), 0, 30);
        check_codes(&mut found, "/scales", self.scales.iter().map(|scale| &scale.code));
        check_codes(&mut found, "/items", self.items.iter().map(|item| &item.code));
        let subscales = self.subscales.iter().map(|subscale| &subscale.code);
        check_codes(&mut found, "/subscales", subscales);
        self.check_scales(&mut found);
        self.check_items(&mut found);
        self.check_subscales(&mut found);
        let share = self.scoring.minimum_answered;
        found.require(
            (0.01..=1.0).contains(&share),
            "/scoring/minimumAnswered",
            "out_of_range",
            || "a share is above 0 and at most 1".into(),
        );
        let all: Vec<usize> = (0..self.items.len()).collect();
        found.require(
            !self.scoring.overall || self.alike(&all),
            "/scoring/overall",
            "mixed_scales",
            || "items are scored together only if their scales end at the same values".into(),
        );
        found.into_result()
    }

    fn check_scales(&self, found: &mut Violations) {
        for (n, scale) in self.scales.iter().enumerate() {
            check_count(found, &format!("/scales/{n}/points"), scale.points.len(), 2, 11);
            for (at, point) in scale.points.iter().enumerate() {
                let pointer = format!("/scales/{n}/points/{at}");
                check_text(found, &format!("{pointer}/label"), &point.label, 100);
                if !(-100..=100).contains(&point.value) {
                    found.add(
                        format!("{pointer}/value"),
                        "out_of_range",
                        "a value is between -100 and 100",
                    );
                }
                if at > 0 && scale.points[at - 1].value >= point.value {
                    let detail = "the points of a scale stand in the order of their values, each once";
                    found.add(format!("{pointer}/value"), "not_in_order", detail);
                }
            }
        }
    }

    fn check_items(&self, found: &mut Violations) {
        for (n, item) in self.items.iter().enumerate() {
            check_text(found, &format!("/items/{n}/label"), &item.label, 200);
            check_optional_text(
                found,
                &format!("/items/{n}/wording"),
                item.wording.as_deref(),
                1000,
            );
            if !self.scales.iter().any(|scale| scale.code == item.scale) {
                let detail = format!("there is no scale `{}` in `scales`", item.scale);
                found.add(format!("/items/{n}/scale"), "unknown_scale", detail);
            }
            let named = item.subscale.as_ref();
            if let Some(code) = named.filter(|code| self.subscales.iter().all(|of| of.code != **code)) {
                let detail = format!("there is no subscale `{code}` in `subscales`");
                found.add(format!("/items/{n}/subscale"), "unknown_subscale", detail);
            }
        }
    }

    fn check_subscales(&self, found: &mut Violations) {
        for (n, subscale) in self.subscales.iter().enumerate() {
            check_text(found, &format!("/subscales/{n}/label"), &subscale.label, 200);
            if subscale.code == OVERALL {
                let detail = "`overall` is the score over all items";
                found.add(format!("/subscales/{n}/code"), "reserved", detail);
            }
            let items = self.items.iter().enumerate();
            let places: Vec<usize> = items
                .filter(|(_, item)| item.subscale.as_ref() == Some(&subscale.code))
                .map(|(place, _)| place)
                .collect();
            if places.is_empty() {
                let detail = "no item counts in this subscale";
                found.add(format!("/subscales/{n}"), "no_items", detail);
            } else if !self.alike(&places) {
                let detail = "items are scored together only if their scales end at the same values";
                found.add(format!("/subscales/{n}"), "mixed_scales", detail);
            }
        }
    }

    /// Whether these items are answered between the same two values.
    fn alike(&self, places: &[usize]) -> bool {
        let ends = |place: &usize| {
            let item = self.items.get(*place)?;
            let scale = self.scales.iter().find(|scale| scale.code == item.scale)?;
            Some(scale.ends())
        };
        places.windows(2).all(|pair| ends(&pair[0]) == ends(&pair[1]))
    }

    /// The instrument that it makes.
    pub fn into_instrument(
        self,
        id: SurveyInstrumentId,
        unit: UnitId,
        version: i64,
        now: Timestamp,
    ) -> SurveyInstrument {
        SurveyInstrument {
            id,
            unit_id: Some(unit),
            code: self.code,
            version,
            title: self.title,
            kind: self.kind,
            provenance: self.provenance,
            scales: self.scales,
            items: self.items,
            subscales: self.subscales,
            scoring: self.scoring,
            created_at: Some(now),
        }
    }
}

fn check_count(found: &mut Violations, pointer: &str, count: usize, least: usize, most: usize) {
    found.require((least..=most).contains(&count), pointer, "out_of_range", || {
        format!("has {count}, between {least} and {most} are taken")
    });
}

/// Each code well formed, and none twice.
fn check_codes<'c>(found: &mut Violations, list: &str, codes: impl Iterator<Item = &'c String>) {
    let mut seen = BTreeSet::new();
    for (n, code) in codes.enumerate() {
        let pointer = format!("{list}/{n}/code");
        check_code(found, &pointer, code);
        if is_code(code) && !seen.insert(code) {
            found.add(pointer, "twice", format!("`{code}` stands here twice"));
        }
    }
}

static BUILT_IN: LazyLock<Vec<SurveyInstrument>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/survey-instruments.json"))
        .expect("the embedded instruments are well formed: a test reads them")
});

/// The instruments that come with Spiral.
pub fn built_in_instruments() -> &'static [SurveyInstrument] {
    &BUILT_IN
}

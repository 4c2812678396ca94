//! Field tests: whether an innovation works, at which sites, by results that tools push.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Violations};
use crate::ids::{FieldTestId, InnovationId, PrincipalId, SiteId, UnitId};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::{Date, Timestamp};

mod results;
pub use results::*;

/// How a field test tells the innovation's effect from what would have happened anyway.
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
pub enum Design {
    /// Each site before and after it began.
    BeforeAfter,
    /// Each site's series over time.
    Spc,
    /// Sites, or people at them, with and without the innovation at the same time.
    Parallel,
    /// Sites that cross over to the innovation one step after another.
    SteppedWedge,
}

/// Where a field test stands.
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
pub enum FieldTestStatus {
    /// Its protocol may still change; no results yet.
    Planned,
    /// It takes results.
    Running,
    /// It takes no more results.
    Closed,
}

impl FieldTestStatus {
    /// Whether it may move on to the other: never back to planned, but open again after closing.
    pub fn may_become(self, next: Self) -> bool {
        self == next || next != Self::Planned
    }
}

/// What is done at a site, or to the people that a result counts.
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
pub enum Arm {
    /// The innovation.
    Intervention,
    /// Things as usual.
    Control,
}

impl Arm {
    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intervention => "intervention",
            Self::Control => "control",
        }
    }
}

/// A check of whether an innovation works, with its protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FieldTestRecord")]
pub struct FieldTest {
    /// Its id.
    pub id: FieldTestId,
    /// Its code, unique in the tenant.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The innovation that it checks.
    pub innovation_id: InnovationId,
    /// The unit that runs it.
    pub unit_id: UnitId,
    /// What it wants to know.
    pub question: String,
    /// What its makers expect, and why.
    pub hypothesis: Option<String>,
    /// How it tells the effect.
    pub design: Design,
    /// The code of the measure that decides.
    pub primary_measure_code: Option<String>,
    /// The codes of the other measures.
    pub secondary_measure_codes: Vec<String>,
    /// What counts as success, in words.
    pub success_criterion: Option<String>,
    /// The smallest effect on the primary measure that would be worth the effort, in its own unit.
    pub smallest_worthwhile_effect: Option<f64>,
    /// Where it stands.
    pub status: FieldTestStatus,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl FieldTest {
    /// Whether its protocol names this measure.
    pub fn measures(&self, code: &str) -> bool {
        self.primary_measure_code.as_deref() == Some(code)
            || self.secondary_measure_codes.iter().any(|other| other == code)
    }

    /// The rules that tie its fields together.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_protocol(
            &mut found,
            self.primary_measure_code.as_deref(),
            &self.secondary_measure_codes,
            self.smallest_worthwhile_effect,
            (self.starts_on, self.ends_on),
        );
        if self.status == FieldTestStatus::Running {
            found.require(
                self.primary_measure_code.is_some(),
                "/status",
                "no_primary_measure",
                || "a field test that runs has a primary measure".into(),
            );
        }
        found.into_result()
    }
}

/// Plans a field test.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateFieldTest {
    /// Its code, unique in the tenant.
    #[schema(max_length = 63, example = "see-and-treat-pilot")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "See and treat, pilot of 2004")]
    pub name: String,
    /// The innovation that it checks.
    pub innovation: Reference,
    /// The unit that runs it.
    pub unit: Reference,
    /// What it wants to know.
    #[schema(
        max_length = 2000,
        example = "Does see and treat shorten the wait of people with minor injuries?"
    )]
    pub question: String,
    /// What its makers expect, and why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub hypothesis: Option<String>,
    /// How it tells the effect.
    pub design: Design,
    /// The code of the measure that decides.
    #[serde(default)]
    #[schema(max_length = 63, example = "wait-minor-injuries")]
    pub primary_measure_code: Option<String>,
    /// The codes of the other measures.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 50)]
    pub secondary_measure_codes: Vec<String>,
    /// What counts as success, in words.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub success_criterion: Option<String>,
    /// The smallest effect on the primary measure that would be worth the effort, in its own unit.
    #[serde(default)]
    pub smallest_worthwhile_effect: Option<f64>,
    /// Its first day.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// Its last day.
    #[serde(default)]
    pub ends_on: Option<Date>,
}

impl CreateFieldTest {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/name", &self.name, 200);
        check_text(&mut found, "/question", &self.question, 2000);
        check_optional_text(&mut found, "/hypothesis", self.hypothesis.as_deref(), 2000);
        let criterion = self.success_criterion.as_deref();
        check_optional_text(&mut found, "/successCriterion", criterion, 2000);
        check_protocol(
            &mut found,
            self.primary_measure_code.as_deref(),
            &self.secondary_measure_codes,
            self.smallest_worthwhile_effect,
            (self.starts_on, self.ends_on),
        );
        found.into_result()
    }
}

fn check_protocol(
    found: &mut Violations,
    primary: Option<&str>,
    secondary: &[String],
    effect: Option<f64>,
    (starts, ends): (Option<Date>, Option<Date>),
) {
    if let Some(code) = primary {
        check_code(found, "/primaryMeasureCode", code);
    }
    found.require(
        secondary.len() <= 50,
        "/secondaryMeasureCodes",
        "too_many",
        || "at most 50 secondary measures".into(),
    );
    for (n, code) in secondary.iter().enumerate() {
        let pointer = format!("/secondaryMeasureCodes/{n}");
        check_code(found, &pointer, code);
        found.require(
            primary != Some(code.as_str()) && !secondary[..n].contains(code),
            &pointer,
            "twice",
            || format!("`{code}` is named twice"),
        );
    }
    found.require(
        effect.is_none_or(f64::is_finite),
        "/smallestWorthwhileEffect",
        "not_finite",
        || "must be a finite number".into(),
    );
    if let (Some(starts), Some(ends)) = (starts, ends) {
        found.require(starts <= ends, "/endsOn", "ends_before_start", || {
            format!("ends on {ends}, before it starts on {starts}")
        });
    }
}

/// Changes a field test, or moves it to another status. Its measures may change only while it is planned.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChangeFieldTest {
    /// Its name.
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// What it wants to know.
    #[schema(max_length = 2000)]
    pub question: Option<String>,
    /// What its makers expect, and why.
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub hypothesis: Patch<String>,
    /// The code of the measure that decides.
    #[schema(value_type = Option<String>, max_length = 63)]
    pub primary_measure_code: Patch<String>,
    /// The codes of the other measures.
    #[schema(max_items = 50)]
    pub secondary_measure_codes: Option<Vec<String>>,
    /// What counts as success, in words.
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub success_criterion: Patch<String>,
    /// The smallest effect on the primary measure that would be worth the effort, in its own unit.
    #[schema(value_type = Option<f64>)]
    pub smallest_worthwhile_effect: Patch<f64>,
    /// Where it stands.
    pub status: Option<FieldTestStatus>,
    /// Its first day.
    #[schema(value_type = Option<Date>)]
    pub starts_on: Patch<Date>,
    /// Its last day.
    #[schema(value_type = Option<Date>)]
    pub ends_on: Patch<Date>,
}

impl ChangeFieldTest {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/name", self.name.as_deref(), 200);
        check_optional_text(&mut found, "/question", self.question.as_deref(), 2000);
        let hypothesis = self.hypothesis.value().map(String::as_str);
        check_optional_text(&mut found, "/hypothesis", hypothesis, 2000);
        let criterion = self.success_criterion.value().map(String::as_str);
        check_optional_text(&mut found, "/successCriterion", criterion, 2000);
        found.into_result()
    }

    /// Applies it to the field test as it is, and checks what comes of it.
    pub fn apply(self, test: &mut FieldTest) -> Result<()> {
        let before = test.clone();
        let next = self.status.unwrap_or(test.status);
        if !test.status.may_become(next) {
            return Err(Error::Conflict {
                code: "status_goes_back",
                detail: "a field test that has begun is not planned again".into(),
                pointer: Some("/status".into()),
            });
        }
        test.status = next;
        if let Some(name) = self.name {
            test.name = name;
        }
        if let Some(question) = self.question {
            test.question = question;
        }
        self.hypothesis.apply(&mut test.hypothesis);
        self.primary_measure_code.apply(&mut test.primary_measure_code);
        if let Some(codes) = self.secondary_measure_codes {
            test.secondary_measure_codes = codes;
        }
        self.success_criterion.apply(&mut test.success_criterion);
        self.smallest_worthwhile_effect
            .apply(&mut test.smallest_worthwhile_effect);
        self.starts_on.apply(&mut test.starts_on);
        self.ends_on.apply(&mut test.ends_on);
        let measures_changed = test.primary_measure_code != before.primary_measure_code
            || test.secondary_measure_codes != before.secondary_measure_codes;
        if measures_changed && before.status != FieldTestStatus::Planned {
            return Err(Error::conflict(
                "protocol_fixed",
                "the measures of a field test that has begun stay as they are",
            ));
        }
        test.check()
    }
}

/// A unit enrolled in a field test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FieldTestSiteRecord")]
#[schema(as = FieldTestSite)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// The field test.
    pub field_test_id: FieldTestId,
    /// The unit.
    pub unit_id: UnitId,
    /// What the field test calls it.
    pub label: Option<String>,
    /// What is done there; null where it differs within the site, or follows from the crossover.
    pub arm: Option<Arm>,
    /// The step of a stepped wedge at which it is meant to cross over.
    pub step: Option<i64>,
    /// When it was enrolled.
    pub enrolled_on: Date,
    /// The first day of the innovation at a site of a stepped wedge; null until it has crossed over.
    pub crossed_over_on: Option<Date>,
    /// Its last day in the field test; null while it takes part.
    pub left_on: Option<Date>,
    /// The tool that enrolled it; null if a person did.
    pub source: Option<String>,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who enrolled it.
    pub enrolled_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Site {
    /// The rules that tie its fields together and to the design.
    pub fn check(&self, design: Design, today: Date) -> Result<()> {
        let mut found = Violations::new();
        if design == Design::SteppedWedge {
            found.require(self.arm.is_none(), "/arm", "arm_follows", || {
                "in a stepped wedge the arm follows from the date of crossover".into()
            });
        } else {
            found.require(
                self.crossed_over_on.is_none(),
                "/crossedOverOn",
                "only_stepped_wedge",
                || "only sites of a stepped wedge cross over".into(),
            );
            found.require(self.step.is_none(), "/step", "only_stepped_wedge", || {
                "only a stepped wedge has steps".into()
            });
        }
        found.require(
            self.step.is_none_or(|step| (1..=1000).contains(&step)),
            "/step",
            "out_of_range",
            || "a step is between 1 and 1,000".into(),
        );
        found.require(
            self.crossed_over_on.is_none_or(|on| on <= today),
            "/crossedOverOn",
            "in_future",
            || "this is the day on which the site did cross over, not the one planned".into(),
        );
        if let Some(left) = self.left_on {
            found.require(
                self.enrolled_on <= left,
                "/leftOn",
                "left_before_enrolled",
                || format!("left on {left}, before it was enrolled on {}", self.enrolled_on),
            );
            found.require(
                self.crossed_over_on.is_none_or(|on| on <= left),
                "/crossedOverOn",
                "crossed_over_after_leaving",
                || format!("crossed over after it left on {left}"),
            );
        }
        found.into_result()
    }
}

/// Enrols a unit in a field test.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrolSite {
    /// The unit: the one that runs the field test, or one beneath it.
    pub unit: Reference,
    /// What the field test calls it.
    #[serde(default)]
    #[schema(max_length = 100, example = "Site 3")]
    pub label: Option<String>,
    /// What is done there, if it is the same for the whole site.
    #[serde(default)]
    pub arm: Option<Arm>,
    /// The step of a stepped wedge at which it is meant to cross over.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub step: Option<i64>,
    /// When it was enrolled; today if absent.
    #[serde(default)]
    pub enrolled_on: Option<Date>,
    /// The day on which a site of a stepped wedge crossed over.
    #[serde(default)]
    pub crossed_over_on: Option<Date>,
    /// Its last day in the field test.
    #[serde(default)]
    pub left_on: Option<Date>,
}

impl EnrolSite {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/label", self.label.as_deref(), 100);
        found.into_result()
    }
}

/// Changes a site. A crossover that results already recorded contradict is refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChangeSite {
    /// What the field test calls it.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub label: Patch<String>,
    /// What is done there.
    #[schema(value_type = Option<Arm>)]
    pub arm: Patch<Arm>,
    /// The step of a stepped wedge at which it is meant to cross over.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    pub step: Patch<i64>,
    /// The day on which a site of a stepped wedge crossed over.
    #[schema(value_type = Option<Date>)]
    pub crossed_over_on: Patch<Date>,
    /// Its last day in the field test.
    #[schema(value_type = Option<Date>)]
    pub left_on: Patch<Date>,
}

impl ChangeSite {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        let label = self.label.value().map(String::as_str);
        check_optional_text(&mut found, "/label", label, 100);
        found.into_result()
    }

    /// Applies it.
    pub fn apply(self, site: &mut Site) {
        self.label.apply(&mut site.label);
        self.arm.apply(&mut site.arm);
        self.step.apply(&mut site.step);
        self.crossed_over_on.apply(&mut site.crossed_over_on);
        self.left_on.apply(&mut site.left_on);
    }
}

//! The 5Ps: how a team sees its purpose, patients, professionals, processes and patterns, on a day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{FivePsId, MeasureId, PrincipalId, UnitId};
use crate::measures::LARGEST;
use crate::patch::Patch;
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::check_text;
use crate::time::{Date, Timestamp};

/// The most findings, and the most metrics, of one P.
const MOST: usize = 50;

/// One of the five.
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
pub enum FiveP {
    /// What the team is there for.
    Purpose,
    /// Who it cares for, and how they see it.
    Patients,
    /// Who works in it, and how they see it.
    Professionals,
    /// How the work is done.
    Processes,
    /// What repeats: figures over time, habits, culture.
    Patterns,
}

impl FiveP {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Purpose,
        Self::Patients,
        Self::Professionals,
        Self::Processes,
        Self::Patterns,
    ];

    /// Its name in JSON, and of its field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purpose => "purpose",
            Self::Patients => "patients",
            Self::Professionals => "professionals",
            Self::Processes => "processes",
            Self::Patterns => "patterns",
        }
    }
}

/// How far a P has been looked at.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// There is neither a finding nor a metric.
    #[default]
    NotStarted,
    /// There is one.
    Begun,
    /// There is one, and the team says that it has looked enough.
    Complete,
}

/// Something that was found.
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
#[graphql(name = "FivePsFinding", input_name = "FivePsFindingInput")]
#[schema(as = FivePsFinding)]
pub struct Finding {
    /// What was found; nothing about one patient.
    #[schema(
        max_length = 1000,
        example = "Patients wait twice: at the desk, then for the nurse"
    )]
    pub text: String,
}

/// A figure, with where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FivePsMetric")]
#[schema(as = FivePsMetric)]
pub struct Metric {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// In which unit.
    pub unit: String,
    /// Where it comes from.
    pub provenance: String,
    /// The day that it speaks of.
    pub as_of: Date,
    /// The measure that it is a value of, if it is one.
    pub measure_id: Option<MeasureId>,
}

/// What is known of one P.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FivePsPart")]
#[schema(as = FivePsPart)]
pub struct Part {
    /// How far it has been looked at.
    pub state: Completion,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Its figures.
    pub metrics: Vec<Metric>,
}

impl Part {
    /// Whether there is anything in it.
    fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.metrics.is_empty()
    }
}

/// How a team sees itself on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FivePsRecord")]
pub struct FivePs {
    /// Its id.
    pub id: FivePsId,
    /// The team.
    pub unit_id: UnitId,
    /// The day it speaks of; a team has one of a day.
    pub assessed_on: Date,
    /// What the team is there for.
    pub purpose: Part,
    /// Who it cares for.
    pub patients: Part,
    /// Who works in it.
    pub professionals: Part,
    /// How the work is done.
    pub processes: Part,
    /// What repeats.
    pub patterns: Part,
    /// Whether it was recorded by mistake.
    pub withdrawn: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded it, or changed it last.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl FivePs {
    /// What it says of one P.
    pub fn part(&self, p: FiveP) -> &Part {
        match p {
            FiveP::Purpose => &self.purpose,
            FiveP::Patients => &self.patients,
            FiveP::Professionals => &self.professionals,
            FiveP::Processes => &self.processes,
            FiveP::Patterns => &self.patterns,
        }
    }

    fn part_mut(&mut self, p: FiveP) -> &mut Part {
        match p {
            FiveP::Purpose => &mut self.purpose,
            FiveP::Patients => &mut self.patients,
            FiveP::Professionals => &mut self.professionals,
            FiveP::Processes => &mut self.processes,
            FiveP::Patterns => &mut self.patterns,
        }
    }

    /// How far each P has been looked at, in order.
    pub fn states(&self) -> [Completion; 5] {
        FiveP::ALL.map(|p| self.part(p).state)
    }
}

/// A figure that is reported.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "FivePsMetricInput")]
#[schema(as = FivePsMetricInput)]
pub struct MetricInput {
    /// What it is.
    #[schema(max_length = 200, example = "Patients seen in a day")]
    pub name: String,
    /// Its value.
    #[schema(example = 16.0)]
    pub value: f64,
    /// In which unit.
    #[schema(max_length = 50, example = "patients")]
    pub unit: String,
    /// Where it comes from.
    #[schema(max_length = 500, example = "Clinic book, counted by hand")]
    pub provenance: String,
    /// The day that it speaks of.
    pub as_of: Date,
    /// The measure that it is a value of, if it is one.
    #[serde(default)]
    pub measure: Option<Reference>,
}

/// What is said of one P; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "FivePsPartInput")]
#[schema(as = FivePsPartInput)]
pub struct PartInput {
    /// What was found: the list as a whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Finding>>, max_items = 50)]
    pub findings: Patch<Vec<Finding>>,
    /// Its figures: the list as a whole.
    #[serde(default)]
    #[schema(value_type = Option<Vec<MetricInput>>, max_items = 50)]
    pub metrics: Patch<Vec<MetricInput>>,
    /// Whether the team has looked enough at it; that nobody else can tell.
    #[serde(default)]
    pub complete: Option<bool>,
}

/// What an input says of each P, in order.
pub type Parts = [Patch<PartInput>; 5];

/// The measures that an input names, for whoever must look them up.
pub fn measures_in(parts: &Parts) -> Vec<&Reference> {
    let parts = parts.iter().filter_map(Patch::value);
    let metrics = parts.filter_map(|part| part.metrics.value()).flatten();
    metrics.filter_map(|metric| metric.measure.as_ref()).collect()
}

/// Makes what an input says part of an assessment; every rule that it breaks at once.
pub fn apply_parts(
    assessment: &mut FivePs,
    parts: Parts,
    measures: &BTreeMap<Reference, MeasureId>,
    today: Date,
) -> Result<()> {
    let mut found = Violations::new();
    for (p, said) in FiveP::ALL.into_iter().zip(parts) {
        let part = assessment.part_mut(p);
        let pointer = format!("/{}", p.name());
        match said {
            Patch::Absent => {}
            Patch::Null => *part = Part::default(),
            Patch::Value(said) => apply_part(&mut found, &pointer, part, said, measures, today),
        }
    }
    found.into_result()
}

fn apply_part(
    found: &mut Violations,
    pointer: &str,
    part: &mut Part,
    said: PartInput,
    measures: &BTreeMap<Reference, MeasureId>,
    today: Date,
) {
    let (states, was) = (said.complete.is_some(), part.state);
    match said.findings {
        Patch::Absent => {}
        Patch::Null => part.findings.clear(),
        Patch::Value(findings) => {
            check_findings(found, &format!("{pointer}/findings"), &findings);
            part.findings = findings;
        }
    }
    match said.metrics {
        Patch::Absent => {}
        Patch::Null => part.metrics.clear(),
        Patch::Value(metrics) => {
            let pointer = format!("{pointer}/metrics");
            found.require(metrics.len() <= MOST, &pointer, "too_many", || {
                format!("at most {MOST} metrics of a P are kept")
            });
            for (n, metric) in metrics.iter().enumerate() {
                let same =
                    |before: &MetricInput| (&before.name, &before.unit) == (&metric.name, &metric.unit);
                let twice = metrics[..n].iter().any(same);
                found.require(!twice, &format!("{pointer}/{n}/name"), "twice", || {
                    format!("`{}` in this unit is reported twice", metric.name)
                });
            }
            part.metrics = metrics
                .into_iter()
                .enumerate()
                .map(|(n, metric)| read_metric(found, &format!("{pointer}/{n}"), metric, measures, today))
                .collect();
        }
    }
    // Whether there is something to read is computed; whether it is enough only the team can say.
    let complete = said.complete.unwrap_or(was == Completion::Complete);
    part.state = match (part.is_empty(), complete) {
        (true, _) => Completion::NotStarted,
        (false, false) => Completion::Begun,
        (false, true) => Completion::Complete,
    };
    if complete && part.is_empty() {
        let place = if states {
            format!("{pointer}/complete")
        } else {
            pointer.to_owned()
        };
        let detail = "nothing was found yet: a P is complete with a finding or a metric";
        found.add(place, "nothing_to_complete", detail);
    }
}

fn check_findings(found: &mut Violations, pointer: &str, findings: &[Finding]) {
    found.require(findings.len() <= MOST, pointer, "too_many", || {
        format!("at most {MOST} findings of a P are kept")
    });
    for (n, finding) in findings.iter().enumerate() {
        check_text(found, &format!("{pointer}/{n}/text"), &finding.text, 1000);
    }
}

fn read_metric(
    found: &mut Violations,
    pointer: &str,
    metric: MetricInput,
    measures: &BTreeMap<Reference, MeasureId>,
    today: Date,
) -> Metric {
    check_text(found, &format!("{pointer}/name"), &metric.name, 200);
    check_text(found, &format!("{pointer}/unit"), &metric.unit, 50);
    check_text(found, &format!("{pointer}/provenance"), &metric.provenance, 500);
    found.require(
        metric.value.is_finite() && metric.value.abs() <= LARGEST,
        &format!("{pointer}/value"),
        "out_of_range",
        || format!("a value is between -{LARGEST:e} and {LARGEST:e}"),
    );
    found.require(
        metric.as_of <= today,
        &format!("{pointer}/asOf"),
        "in_future",
        || "a metric does not speak of a day to come".into(),
    );
    let measure_id = metric.measure.as_ref().and_then(|measure| {
        let id = measures.get(measure).copied();
        found.require(id.is_some(), &format!("{pointer}/measure"), "not_found", || {
            format!("there is no measure `{measure}`")
        });
        id
    });
    Metric {
        name: metric.name,
        value: metric.value,
        unit: metric.unit,
        provenance: metric.provenance,
        as_of: metric.as_of,
        measure_id,
    }
}

/// Records how a team sees itself on a day.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordFivePs {
    /// The day it speaks of; today if absent.
    #[serde(default)]
    pub assessed_on: Option<Date>,
    /// What the team is there for.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub purpose: Patch<PartInput>,
    /// Who it cares for.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub patients: Patch<PartInput>,
    /// Who works in it.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub professionals: Patch<PartInput>,
    /// How the work is done.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub processes: Patch<PartInput>,
    /// What repeats.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub patterns: Patch<PartInput>,
}

impl RecordFivePs {
    /// What it says of each P.
    pub fn into_parts(self) -> Parts {
        [
            self.purpose,
            self.patients,
            self.professionals,
            self.processes,
            self.patterns,
        ]
    }
}

/// Changes an assessment; what is absent stays as it is, and null empties a P.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeFivePs {
    /// Another day.
    #[serde(default)]
    pub assessed_on: Option<Date>,
    /// What the team is there for.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub purpose: Patch<PartInput>,
    /// Who it cares for.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub patients: Patch<PartInput>,
    /// Who works in it.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub professionals: Patch<PartInput>,
    /// How the work is done.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub processes: Patch<PartInput>,
    /// What repeats.
    #[serde(default)]
    #[schema(value_type = Option<PartInput>)]
    pub patterns: Patch<PartInput>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeFivePs {
    /// What it says of each P.
    pub fn into_parts(self) -> Parts {
        [
            self.purpose,
            self.patients,
            self.professionals,
            self.processes,
            self.patterns,
        ]
    }
}

/// What of an assessment concerns patients: what a patient partner reads and writes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct PatientsFindings {
    /// The assessment.
    pub id: FivePsId,
    /// The team.
    pub unit_id: UnitId,
    /// The day the assessment speaks of.
    pub assessed_on: Date,
    /// What it says of patients.
    pub patients: Part,
    /// Row version of the assessment, for `If-Match`.
    pub version: i64,
    /// When the assessment was last changed.
    pub updated_at: Timestamp,
}

impl From<FivePs> for PatientsFindings {
    fn from(assessment: FivePs) -> Self {
        Self {
            id: assessment.id,
            unit_id: assessment.unit_id,
            assessed_on: assessment.assessed_on,
            patients: assessment.patients,
            version: assessment.version,
            updated_at: assessment.updated_at,
        }
    }
}

/// Sets what was found about patients; the figures and the rest of the assessment stay as they are.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordPatientsFindings {
    /// What was found: the list as a whole.
    #[schema(max_items = 50)]
    pub findings: Vec<Finding>,
}

impl RecordPatientsFindings {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_findings(&mut found, "/findings", &self.findings);
        found.into_result()
    }

    /// The assessment with these findings. A P that was complete stays so only while there is something in it.
    pub fn apply(self, assessment: &mut FivePs) {
        let part = &mut assessment.patients;
        part.findings = self.findings;
        part.state = match (part.is_empty(), part.state) {
            (true, _) => Completion::NotStarted,
            (false, Completion::Complete) => Completion::Complete,
            (false, _) => Completion::Begun,
        };
    }
}

/// A metric before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct MetricChange {
    /// What it is.
    pub name: String,
    /// In which unit.
    pub unit: String,
    /// Its value before; null if it was not reported.
    pub before: Option<f64>,
    /// Its value after; null if it is not reported any more.
    pub after: Option<f64>,
    /// After less before; null unless both are there.
    pub difference: Option<f64>,
}

/// What changed of one P.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct PartChange {
    /// Which P.
    pub p: FiveP,
    /// How far it had been looked at before.
    pub state_before: Completion,
    /// How far it has been looked at after.
    pub state_after: Completion,
    /// Findings that are new.
    pub findings_added: Vec<Finding>,
    /// Findings that are not there any more.
    pub findings_gone: Vec<Finding>,
    /// How many findings stayed.
    pub findings_kept: i64,
    /// Its metrics, those of before first; same name and unit is the same metric.
    pub metrics: Vec<MetricChange>,
}

/// Two assessments of a team beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct FivePsComparison {
    /// The team.
    pub unit_id: UnitId,
    /// The earlier assessment.
    pub before_id: FivePsId,
    /// The day it speaks of.
    pub before_on: Date,
    /// The later assessment.
    pub after_id: FivePsId,
    /// The day it speaks of.
    pub after_on: Date,
    /// What changed, P by P.
    pub parts: Vec<PartChange>,
}

/// What changed from one assessment of a team to another.
pub fn compare_five_ps(before: &FivePs, after: &FivePs) -> FivePsComparison {
    FivePsComparison {
        unit_id: after.unit_id,
        before_id: before.id,
        before_on: before.assessed_on,
        after_id: after.id,
        after_on: after.assessed_on,
        parts: FiveP::ALL
            .into_iter()
            .map(|p| change_of(p, before.part(p), after.part(p)))
            .collect(),
    }
}

fn change_of(p: FiveP, before: &Part, after: &Part) -> PartChange {
    let only = |these: &Part, those: &Part| -> Vec<Finding> {
        let new = |finding: &&Finding| !those.findings.contains(finding);
        these.findings.iter().filter(new).cloned().collect()
    };
    let same = |one: &Metric, other: &Metric| (&one.name, &one.unit) == (&other.name, &other.unit);
    let mut metrics: Vec<MetricChange> = Vec::new();
    for was in &before.metrics {
        let is = after.metrics.iter().find(|is| same(was, is));
        metrics.push(MetricChange {
            name: was.name.clone(),
            unit: was.unit.clone(),
            before: Some(was.value),
            after: is.map(|is| is.value),
            difference: is.map(|is| is.value - was.value),
        });
    }
    for is in &after.metrics {
        if !before.metrics.iter().any(|was| same(was, is)) {
            metrics.push(MetricChange {
                name: is.name.clone(),
                unit: is.unit.clone(),
                before: None,
                after: Some(is.value),
                difference: None,
            });
        }
    }
    let findings_gone = only(before, after);
    let kept = before.findings.len() - findings_gone.len();
    PartChange {
        p,
        state_before: before.state,
        state_after: after.state,
        findings_added: only(after, before),
        findings_gone,
        findings_kept: i64::try_from(kept).unwrap_or(i64::MAX),
        metrics,
    }
}

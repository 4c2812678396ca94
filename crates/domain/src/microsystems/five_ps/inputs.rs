//! What a team says of its 5Ps, and how that becomes part of an assessment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Completion, Finding, FiveP, FivePs, Metric, Part};
use crate::error::{Result, Violations};
use crate::ids::MeasureId;
use crate::measures::LARGEST;
use crate::patch::Patch;
use crate::reference::Reference;
use crate::text::check_text;
use crate::time::Date;

/// The most findings, and the most metrics, of one P.
const MOST: usize = 50;

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

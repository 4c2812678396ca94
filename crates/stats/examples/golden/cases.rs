//! Reads golden cases, computes them and compares.

mod charts;
mod compare;
mod diffusion;
mod funnel;
mod meta;
mod prepost;
mod read;
mod rollup;
mod xmr;

use std::fmt;

use serde_json::Value;
use spiral_stats::Error;

pub const KINDS: &[&str] = &[
    "xmr",
    "runchart",
    "pchart",
    "uchart",
    "cchart",
    "othercharts",
    "funnel",
    "rollup",
    "prepost",
    "meta",
    "rogers",
    "bass",
];

/// What became of a file.
#[derive(Debug, Default)]
pub struct Report {
    pub passed: usize,
    pub failed: usize,
    pub mismatches: Vec<Mismatch>,
}

/// A value that is not as expected.
#[derive(Debug)]
pub struct Mismatch {
    pub id: String,
    pub path: String,
    pub expected: String,
    pub got: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            path,
            expected,
            got,
        } = self;
        write!(f, "{id} {path}: expected {expected}, got {got}")
    }
}

/// Why a case has no result: the crate refused it, or the case cannot be read.
#[derive(Debug)]
pub enum Refusal {
    Stats(Error),
    Case(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Stats(error)
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self::Case(text)
    }
}

type Answer = Result<Value, Refusal>;

/// Checks every case of a file.
pub fn check(kind: &str, text: &str) -> Result<Report, String> {
    let cases: Vec<Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let compute: fn(&Value, &Value) -> Answer = match kind {
        "xmr" => xmr::compute,
        "runchart" | "pchart" | "uchart" | "cchart" | "othercharts" => charts::compute,
        "funnel" => funnel::compute,
        "rollup" => rollup::compute,
        "meta" => meta::compute,
        "rogers" => diffusion::rogers,
        "bass" => diffusion::growth,
        "prepost" => prepost::compute,
        _ => return Err(format!("no such kind: {kind}; there are {}", KINDS.join(", "))),
    };
    let mut report = Report::default();
    for case in &cases {
        let mismatches = check_case(kind, case, compute);
        if mismatches.is_empty() {
            report.passed += 1;
        } else {
            report.failed += 1;
            report.mismatches.extend(mismatches);
        }
    }
    Ok(report)
}

fn check_case(kind: &str, case: &Value, compute: fn(&Value, &Value) -> Answer) -> Vec<Mismatch> {
    let id = case["id"].as_str().unwrap_or("?");
    let mut answer = compute(&case["input"], &case["params"]);
    if kind == "rollup" {
        answer = answer.map(|answer| rollup::with_published(answer, &case["expected"]));
    }
    let mut best: Option<Vec<Mismatch>> = None;
    for expected in acceptable(kind, case) {
        let mut found = differences(kind, case, &expected, &answer);
        for mismatch in &mut found {
            id.clone_into(&mut mismatch.id);
        }
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    best.unwrap_or_default()
}

/// The results that pass: the recommended one, where there is one, and the peer's.
fn acceptable(kind: &str, case: &Value) -> Vec<Value> {
    let expected = &case["expected"];
    let Some(alternative) = case.get("accept_alternative") else {
        return vec![expected.clone()];
    };
    if alternative.get("error").is_some() {
        return vec![alternative.clone(), expected.clone()];
    }
    let mut overlaid = expected.clone();
    compare::overlay(&mut overlaid, alternative);
    if kind == "xmr" {
        xmr::follow(&mut overlaid, alternative);
    }
    vec![overlaid, expected.clone()]
}

fn differences(kind: &str, case: &Value, expected: &Value, answer: &Answer) -> Vec<Mismatch> {
    let mismatch = |expected: String, got: String| {
        vec![Mismatch {
            id: String::new(),
            path: "result".into(),
            expected,
            got,
        }]
    };
    let refusal = expected.get("error").filter(|error| error.is_string());
    match (refusal, answer) {
        (_, Err(Refusal::Case(problem))) => mismatch("a case of this kind".into(), problem.clone()),
        // Any clean refusal will do.
        (Some(_), Err(Refusal::Stats(_))) => Vec::new(),
        (Some(error), Ok(value)) if !compare::undefined(value) => {
            mismatch(format!("error {error}"), value.to_string())
        }
        (Some(_), Ok(_)) => Vec::new(),
        (None, Err(Refusal::Stats(error))) => mismatch("a result".into(), format!("error: {error}")),
        (None, Ok(value)) => {
            let mut found = Vec::new();
            if kind == "bass" {
                diffusion::compare_growth(&case["tolerance"], expected, value, &mut found);
                return found;
            }
            compare::compare(
                &compare::Tolerance::of(&case["tolerance"]),
                "",
                expected,
                value,
                &mut found,
            );
            found
        }
    }
}

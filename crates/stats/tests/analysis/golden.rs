//! The golden cases, through the same code as `--example golden`.

#[path = "../../examples/golden/cases.rs"]
mod cases;

use serde_json::Value;

fn text(kind: &str) -> String {
    let file = format!("{}/tests/golden/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).expect("a golden file")
}

#[test]
fn all_cases_pass() {
    let mut passed = 0;
    for kind in cases::KINDS {
        let report = cases::check(kind, &text(kind)).expect("cases");
        assert!(report.mismatches.is_empty(), "{kind}: {:#?}", report.mismatches);
        assert_eq!(report.failed, 0);
        passed += report.passed;
    }
    assert!(passed >= 120, "only {passed} cases");
}

/// A runner that passes everything would say nothing.
#[test]
fn a_changed_case_fails() {
    for kind in cases::KINDS {
        let mut cases: Vec<Value> = serde_json::from_str(&text(kind)).expect("JSON");
        let case = &mut cases[0];
        let spoilt = spoil(&mut case["expected"]);
        assert!(spoilt, "{kind} has a number to change");
        let spoilt = serde_json::to_string(&cases).expect("JSON");
        let report = cases::check(kind, &spoilt).expect("cases");
        assert_eq!(report.failed, 1, "{kind}");
        assert!(!report.mismatches[0].path.is_empty() && !report.mismatches[0].id.is_empty());
    }
}

/// Changes every number of a result, and says whether there was one.
fn spoil(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            *value = Value::from(number.as_f64().map_or(1.0, |number| number * 0.99 - 0.5));
            true
        }
        Value::Array(items) => items.iter_mut().map(spoil).filter(|&found| found).count() > 0,
        Value::Object(fields) => fields.values_mut().map(spoil).filter(|&found| found).count() > 0,
        _ => false,
    }
}

#[test]
fn an_error_is_expected_where_the_case_says_so() {
    let case = |expected: &str| {
        format!(
            r#"[{{"id": "x", "input": {{"yi": [1.0], "vi": [0.0]}}, "params": {{"measure": "GEN", "method": "DL"}},
                "expected": {expected}, "tolerance": {{"abs": 0, "rel": 0}}}}]"#
        )
    };
    let failed = |expected| cases::check("meta", &case(expected)).expect("a case").failed;
    assert_eq!(failed(r#"{"error": "invalid_input"}"#), 0);
    assert_eq!(failed(r#"{"estimate": 1.0}"#), 1);
    assert!(cases::check("poetry", "[]").is_err());
}

//! Comparing results with what is expected.

use serde_json::Value;

use super::Mismatch;

/// How far numbers may lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub abs: f64,
    pub rel: f64,
}

impl Tolerance {
    pub fn of(value: &Value) -> Self {
        Self {
            abs: value["abs"].as_f64().unwrap_or(0.0),
            rel: value["rel"].as_f64().unwrap_or(0.0),
        }
    }

    pub fn holds(self, expected: f64, got: f64) -> bool {
        (expected - got).abs() <= self.abs + self.rel * expected.abs()
    }
}

/// Adds every difference. What is expected decides what is looked at; a key that the result lacks is null.
pub fn compare(tolerance: &Tolerance, path: &str, expected: &Value, got: &Value, found: &mut Vec<Mismatch>) {
    let same = match (expected, got) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, field) in fields.iter().filter(|(name, _)| *name != "note") {
                compare(tolerance, &format!("{path}.{name}"), field, &got[name], found);
            }
            return;
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (at, (item, other)) in items.iter().zip(others).enumerate() {
                compare(tolerance, &format!("{path}[{at}]"), item, other, found);
            }
            return;
        }
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => tolerance.holds(a, b),
            _ => false,
        },
        _ => expected == got,
    };
    if !same {
        found.push(Mismatch {
            id: String::new(),
            path: path.trim_start_matches('.').to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
        });
    }
}

/// Replaces what the other has: fields one by one, anything else whole.
pub fn overlay(onto: &mut Value, other: &Value) {
    match (onto, other) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, other) in others.iter().filter(|(name, _)| *name != "note") {
                overlay(fields.entry(name.clone()).or_insert(Value::Null), other);
            }
        }
        (onto, other) => *onto = other.clone(),
    }
}

/// Whether a result says itself that there is nothing to be said.
pub fn undefined(value: &Value) -> bool {
    value["undefined"] == true
}

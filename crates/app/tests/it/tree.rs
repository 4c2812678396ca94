//! The tree as it moves: what counts where and when, who reads what, and what is refused.

mod curves;
mod file;
pub mod model;
mod monthly;
pub mod random;
mod refusals;

use serde_json::{Value, json};
use spiral_app::{Caller, tenancy};
use spiral_domain::Result;
use spiral_domain::tenancy::ReorganisationReport;

use crate::measures::code;

/// Reorganises a unit.
pub async fn reorganise(caller: &Caller, unit: &str, input: Value) -> Result<ReorganisationReport> {
    let input = serde_json::from_value(input).unwrap();
    tenancy::reorganise(caller, &code(unit), input, false).await
}

/// The same, tried only.
pub async fn preview(caller: &Caller, unit: &str, input: Value) -> Result<ReorganisationReport> {
    let input = serde_json::from_value(input).unwrap();
    tenancy::reorganise(caller, &code(unit), input, true).await
}

/// Undoes a reorganisation of a unit.
pub async fn reverse(
    caller: &Caller,
    unit: &str,
    done: &ReorganisationReport,
) -> Result<ReorganisationReport> {
    let input = serde_json::from_value(json!({"reason": "recorded by mistake"})).unwrap();
    tenancy::reverse_reorganisation(caller, &code(unit), done.reorganisation.id, input, false).await
}

pub fn transfer(parent: &str, on: &str) -> Value {
    json!({"kind": "transfer", "effectiveOn": on, "parent": format!("code:{parent}")})
}

pub fn merge(into: &str, on: &str) -> Value {
    json!({"kind": "merge", "effectiveOn": on, "into": [format!("code:{into}")]})
}

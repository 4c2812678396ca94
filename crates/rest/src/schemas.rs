//! Our own published schemas, used to find every structural error of a body at once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::{Value, json};
use spiral_domain::Violation;

/// The published components, and validators made from them so far.
static COMPONENTS: LazyLock<Value> = LazyLock::new(|| {
    let document = serde_json::to_value(crate::openapi()).unwrap_or_default();
    document.get("components").cloned().unwrap_or_default()
});
static VALIDATORS: LazyLock<Mutex<HashMap<String, Option<Arc<jsonschema::Validator>>>>> =
    LazyLock::new(Mutex::default);

fn validator(name: &str) -> Option<Arc<jsonschema::Validator>> {
    let mut made = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(name.to_owned())
        .or_insert_with(|| {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": *COMPONENTS });
            jsonschema::draft202012::new(&schema).ok().map(Arc::new)
        })
        .clone()
}

/// The schema of a property of a published type, if it has one.
pub(crate) fn property(name: &str, property: &str) -> Option<&'static Value> {
    let schema = COMPONENTS
        .get("schemas")?
        .get(name)?
        .get("properties")?
        .get(property)?;
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => COMPONENTS.get("schemas")?.get(reference.rsplit('/').next()?),
        None => Some(schema),
    }
}

/// Everything in `value` that does not fit the published type `name`.
pub(crate) fn violations(name: &str, value: &Value) -> Vec<Violation> {
    let Some(validator) = validator(name) else {
        return Vec::new();
    };
    validator
        .iter_errors(value)
        .take(1_000)
        .map(|error| {
            let code = error.kind().keyword().to_owned();
            let mut detail = error.to_string();
            if detail.len() > 300 {
                let end = (0..=300)
                    .rev()
                    .find(|at| detail.is_char_boundary(*at))
                    .unwrap_or_default();
                detail.truncate(end);
                detail.push('…');
            }
            Violation::new(error.instance_path().as_str(), &code, detail)
        })
        .collect()
}

//! Our own published schemas, used to find every structural error of a body at once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::error::{ValidationError, ValidationErrorKind};
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
            jsonschema::draft202012::options()
                .should_validate_formats(true)
                .build(&schema)
                .ok()
                .map(Arc::new)
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
        .flat_map(|error| describe(&error))
        .collect()
}

/// One schema error as violations, each at the place that is meant: a missing field at the field.
fn describe(error: &ValidationError<'_>) -> Vec<Violation> {
    let at = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            vec![Violation::new(
                format!("{at}/{}", escape(property)),
                "missing",
                format!("`{property}` is required"),
            )]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|field| {
                Violation::new(
                    format!("{at}/{}", escape(field)),
                    "unknown_field",
                    format!("there is no field `{}`", short(field)),
                )
            })
            .collect(),
        kind => {
            let code = match kind.keyword() {
                "enum" | "const" => "unknown_value",
                "format" | "pattern" => "format",
                "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => "out_of_range",
                "maxLength" | "maxItems" => "too_long",
                "minLength" | "minItems" => "too_short",
                other => other,
            };
            vec![Violation::new(at, code, short(&error.to_string()))]
        }
    }
}

fn escape(field: &str) -> String {
    field.replace('~', "~0").replace('/', "~1")
}

/// The first 300 bytes: the rest is the caller's own.
fn short(text: &str) -> String {
    if text.len() <= 300 {
        return text.to_owned();
    }
    let end = (0..=300)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    format!("{}…", &text[..end])
}

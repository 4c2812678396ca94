//! Our own published schemas, used to find every structural error of a body at once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::http::Method;
use jsonschema::error::{ValidationError, ValidationErrorKind};
use serde_json::{Value, json};
use spiral_domain::Violation;

/// The published document, and validators made from it so far.
static DOCUMENT: LazyLock<Value> = LazyLock::new(crate::openapi);
static VALIDATORS: LazyLock<Mutex<HashMap<String, Option<Arc<jsonschema::Validator>>>>> =
    LazyLock::new(Mutex::default);

/// The published document.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

fn validator(name: &str) -> Option<Arc<jsonschema::Validator>> {
    let mut made = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(name.to_owned())
        .or_insert_with(|| {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": DOCUMENT["components"] });
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
    let component = DOCUMENT.pointer(&format!("/components/schemas/{name}"))?;
    component.get("properties")?.get(property).map(resolve)
}

/// A schema, or the one that it refers to.
fn resolve(schema: &'static Value) -> &'static Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => DOCUMENT
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or(&Value::Null),
        None => schema,
    }
}

/// The properties of a record, those of its parts among them; none for what is no record.
pub(crate) fn properties(schema: &'static Value) -> Vec<(&'static String, &'static Value)> {
    let schema = resolve(schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        return properties.iter().collect();
    }
    let parts = |word: &str| schema.get(word).and_then(Value::as_array).into_iter().flatten();
    parts("allOf")
        .chain(parts("oneOf"))
        .flat_map(properties)
        .collect()
}

/// The schema of the records of the list that an operation answers.
pub(crate) fn listed(operation: &str) -> Option<&'static Value> {
    let paths = DOCUMENT.get("paths")?.as_object()?;
    let found = paths
        .values()
        .filter_map(|item| item.get("get"))
        .find(|found| found.get("operationId").and_then(Value::as_str) == Some(operation))?;
    let page = resolve(found.pointer("/responses/200/content/application~1json/schema")?);
    page.pointer("/properties/data/items").map(resolve)
}

/// What is published of a query parameter.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    /// Characters of a value.
    pub length: Option<usize>,
    /// How often it may be given, if more than once.
    pub times: Option<usize>,
}

/// The query parameters that an operation publishes, and their bounds. What is not published is not judged here.
pub(crate) fn query_of(method: &Method, path: &str) -> Option<&'static HashMap<String, Bounds>> {
    static TAKES: LazyLock<HashMap<(String, String), HashMap<String, Bounds>>> = LazyLock::new(|| {
        let mut takes = HashMap::new();
        for (path, item) in DOCUMENT["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let parameters = operation.get("parameters").and_then(Value::as_array);
                let given = parameters.into_iter().flatten();
                let query = given
                    .filter(|given| given["in"] == "query")
                    .map(|given| {
                        (
                            given["name"].as_str().unwrap_or_default().to_owned(),
                            bounds(&given["schema"]),
                        )
                    })
                    .collect();
                takes.insert((method.to_ascii_uppercase(), path.clone()), query);
            }
        }
        takes
    });
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    TAKES.get(&(method.to_owned(), path.to_owned()))
}

fn bounds(schema: &'static Value) -> Bounds {
    let whole = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let schema = resolve(schema);
    let value = schema.get("items").map_or(schema, resolve);
    Bounds {
        length: whole(&value["maxLength"]),
        times: whole(&schema["maxItems"]),
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

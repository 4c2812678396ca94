//! Bounds of what a request may hold, where its own type does not say them: all that is sent has an end.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// A text of many lines is at most a whole body.
const BODY: u64 = 16 * 1024 * 1024;
/// A batch has at most so many rows.
const ROWS: u64 = 10_000;
/// A field of a token request may be a signed token itself.
const TOKEN: u64 = 16 * 1024;
/// A short text within a list or a map: a code, a name, a value.
const SHORT: u64 = 300;

/// Bounds every body of a request.
pub(super) fn add(document: &mut Value) {
    let mut named: BTreeSet<String> = BTreeSet::new();
    super::for_each_operation(document, |_, _, operation| {
        let content = operation.pointer_mut("/requestBody/content");
        let content = content.and_then(Value::as_object_mut);
        for body in content.into_iter().flat_map(|content| content.values_mut()) {
            bound(&mut body["schema"], BODY, &mut named);
        }
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] == "query" {
                bound(&mut parameter["schema"], SHORT, &mut named);
            }
        }
    });
    let mut done: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = named.pop_first() {
        if done.insert(name.clone())
            && let Some(schema) = document.pointer_mut(&format!("/components/schemas/{name}"))
        {
            let longest = if name == "TokenForm" { TOKEN } else { SHORT };
            bound(schema, longest, &mut named);
        }
    }
}

/// Bounds a schema that has no bound; `named` collects those that it refers to.
fn bound(schema: &mut Value, longest: u64, named: &mut BTreeSet<String>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        named.extend(reference.rsplit('/').next().map(str::to_owned));
        return;
    }
    let is = |kind: &str| match &schema["type"] {
        Value::String(own) => own == kind,
        Value::Array(own) => own.iter().any(|own| own == kind),
        _ => false,
    };
    let has = |words: &[&str]| words.iter().any(|word| schema.get(*word).is_some());
    let text = is("string") && !has(&["maxLength", "enum", "format", "pattern", "const"]);
    let list = is("array") && !has(&["maxItems"]);
    if text {
        schema["maxLength"] = json!(longest);
    }
    if list {
        schema["maxItems"] = json!(ROWS);
    }
    for word in ["items", "additionalProperties"] {
        if schema.get(word).is_some_and(Value::is_object) {
            bound(&mut schema[word], SHORT, named);
        }
    }
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(|fields| fields.values_mut()) {
        bound(field, longest.min(TOKEN), named);
    }
    for word in ["allOf", "oneOf", "anyOf"] {
        let parts = schema.get_mut(word).and_then(Value::as_array_mut);
        for part in parts.into_iter().flatten() {
            bound(part, longest, named);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place below `schema` that has no end.
    fn endless(
        document: &Value,
        schema: &Value,
        at: &str,
        seen: &mut BTreeSet<String>,
        found: &mut Vec<String>,
    ) {
        if let Some(reference) = schema["$ref"].as_str() {
            if seen.insert(reference.to_owned()) {
                let target = document.pointer(reference.trim_start_matches('#')).unwrap();
                endless(document, target, reference, seen, found);
            }
            return;
        }
        let kinds = schema["type"].to_string();
        let has = |words: &[&str]| words.iter().any(|word| schema.get(*word).is_some());
        if kinds.contains("\"string\"") && !has(&["maxLength", "enum", "format", "pattern", "const"])
            || kinds.contains("\"array\"") && !has(&["maxItems"])
            || kinds.contains("\"integer\"") && !(has(&["minimum"]) && has(&["maximum"]))
        {
            found.push(at.to_owned());
        }
        for (name, inner) in schema.as_object().into_iter().flatten() {
            match (name.as_str(), inner) {
                ("items" | "additionalProperties", inner) if inner.is_object() => {
                    endless(document, inner, &format!("{at}/{name}"), seen, found);
                }
                ("properties", Value::Object(fields)) => {
                    for (field, inner) in fields {
                        endless(document, inner, &format!("{at}.{field}"), seen, found);
                    }
                }
                ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                    for part in parts {
                        endless(document, part, at, seen, found);
                    }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_body_has_an_end() {
        let document = crate::openapi();
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let content = operation["requestBody"]["content"].as_object();
                for body in content.into_iter().flat_map(|content| content.values()) {
                    endless(&document, &body["schema"], path, &mut seen, &mut found);
                }
            }
        }
        assert!(seen.len() > 20);
        assert_eq!(found, Vec::<String>::new());
    }
}

//! Examples, made from the schemas themselves, so that they always fit.

use serde_json::{Map, Value, json};

/// Gives every body an example.
pub(super) fn add(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let maker = Maker { schemas: &schemas };
    super::for_each_operation(document, |_, _, operation| {
        if let Some(content) = operation.pointer_mut("/requestBody/content") {
            maker.fill(content);
        }
        for answer in operation["responses"]
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut)
        {
            let content = answer.get_mut("content");
            if let Some(content) = content {
                maker.fill(content);
            }
        }
    });
}

struct Maker<'s> {
    schemas: &'s Value,
}

impl Maker<'_> {
    fn fill(&self, content: &mut Value) {
        let json = content.pointer("/application~1json/schema").cloned();
        for (media, body) in content.as_object_mut().into_iter().flatten() {
            if body.get("example").is_some() {
                continue;
            }
            let example = match media.as_str() {
                "text/csv" => {
                    let record = json.as_ref().or_else(|| body.pointer("/schema/contentSchema"));
                    let row = record.map_or(Value::Null, |schema| self.make(schema, 0));
                    json!(csv(&row))
                }
                "application/x-ndjson" => {
                    let row = json.as_ref().map_or(Value::Null, |schema| self.make(schema, 0));
                    json!(format!("{}\n", first_row(&row)))
                }
                "application/x-www-form-urlencoded" => {
                    json!({ "grant_type": "client_credentials" })
                }
                "application/problem+json" | "image/png" => continue,
                _ => self.make(&body["schema"], 0),
            };
            body["example"] = example;
        }
    }

    fn resolve<'v>(&'v self, schema: &'v Value) -> &'v Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let name = reference.rsplit('/').next().unwrap_or_default();
                self.schemas.get(name).unwrap_or(&Value::Null)
            }
            None => schema,
        }
    }

    /// A value that fits.
    fn make(&self, schema: &Value, depth: usize) -> Value {
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        let schema = self.resolve(schema);
        let example = schema.get("example").or_else(|| schema.pointer("/examples/0"));
        if let Some(example) = example {
            return example.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.first().cloned().unwrap_or_default();
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut whole = Map::new();
            for part in parts {
                if let Value::Object(more) = self.make(part, depth) {
                    whole.extend(more);
                }
            }
            return Value::Object(whole);
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(word).and_then(Value::as_array) {
                let choice = choices.iter().find(|choice| choice["type"] != "null");
                return choice.map_or(Value::Null, |choice| self.make(choice, depth));
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" if depth > 6 && schema.get("minItems").is_none() => json!([]),
            "array" => {
                let least = schema["minItems"].as_u64().unwrap_or(1).max(1);
                let item = self.make(&schema["items"], depth + 1);
                (0..least).map(|_| item.clone()).collect()
            }
            "integer" => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
            "number" => json!(schema["minimum"].as_f64().unwrap_or(0.5).max(0.5)),
            "boolean" => json!(false),
            "string" => json!(text(schema)),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|of| of == name));
        let mut made = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // An input stays short: what may be left out is, unless the schema says what could stand there. So does
            // what lies deep; what is required never holds itself.
            let input = schema["additionalProperties"] == json!(false) || depth > 6;
            if is_required(name) || !input || (depth <= 6 && property.get("example").is_some()) {
                made.insert(name.clone(), self.make(property, depth + 1));
            }
        }
        Value::Object(made)
    }
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "null",
    }
}

fn text(schema: &Value) -> &'static str {
    match schema["format"].as_str() {
        Some("date") => "2006-03-01",
        Some("date-time") => "2006-03-01T09:30:00Z",
        Some("uuid") => "0192f0c1-2b3c-7def-8123-456789abcdef",
        Some("uri") => "https://example.org/",
        _ if schema["pattern"]
            .as_str()
            .is_some_and(|pattern| pattern.contains("-Q[1-4]")) =>
        {
            "2003-11"
        }
        _ => "text",
    }
}

/// The record that a list or page begins with.
fn first_row(value: &Value) -> Value {
    let list = if value["data"].is_array() {
        &value["data"]
    } else {
        value
    };
    list.get(0).unwrap_or(list).clone()
}

fn csv(value: &Value) -> String {
    let row = first_row(value);
    let cells: Vec<(String, String)> = row
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| match value {
            Value::String(text) => (name.clone(), text.clone()),
            Value::Null => (name.clone(), String::new()),
            Value::Array(_) | Value::Object(_) => (name.clone(), format!("{:?}", value.to_string())),
            other => (name.clone(), other.to_string()),
        })
        .collect();
    let line = |of: fn(&(String, String)) -> &str| cells.iter().map(of).collect::<Vec<_>>().join(",");
    format!("{}\n{}\n", line(|cell| &cell.0), line(|cell| &cell.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_fits_its_schema() {
        let document = crate::openapi();
        let (mut seen, mut wrong) = (0, Vec::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let bodies = std::iter::once(&operation["requestBody"]).chain(
                    operation["responses"]
                        .as_object()
                        .into_iter()
                        .flat_map(Map::values),
                );
                let contents = bodies.filter_map(|body| body["content"].as_object()).flatten();
                for (media, content) in contents.filter(|(_, content)| content.get("example").is_some()) {
                    let schema =
                        json!({ "allOf": [content["schema"]], "components": document["components"] });
                    let validator = jsonschema::draft202012::new(&schema).unwrap();
                    for error in validator.iter_errors(&content["example"]) {
                        wrong.push(format!(
                            "{method} {path} {media}: {error} at {}",
                            error.instance_path()
                        ));
                    }
                    if media == "text/csv" {
                        let head = content["example"]
                            .as_str()
                            .unwrap()
                            .lines()
                            .next()
                            .unwrap_or_default();
                        assert!(head.contains(','), "{method} {path}: `{head}` are no columns");
                    }
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
        assert_eq!(wrong, Vec::<String>::new());
    }
}

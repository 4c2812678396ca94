//! From the collected document to the published one: what every operation has in common is said on every one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::retiring::RETIRING;

mod bounds;
mod examples;

/// Adds to the document what holds everywhere, so that a reader of one operation need not know the others.
pub(crate) fn publish(document: OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    share_records(&mut document);
    let security = document["security"].clone();
    let schemas = document["components"]["schemas"].clone();
    for_each_operation(&mut document, |method, path, operation| {
        retire(operation, method, path);
        parameters_are_not_empty(operation);
        let listed = is_list(operation);
        let record = answers_record(operation, &schemas) || answers_computed(operation);
        describe(operation);
        lines_are_text(operation);
        pictures_are_bytes(operation);
        if operation.get("security").is_none() {
            operation["security"] = security.clone();
        }
        if listed {
            offer_exports(operation);
        }
        if path.starts_with("/v1/") {
            add_conditions(operation, method, record);
        }
        say_answers(operation, method, listed, record);
    });
    document["components"]["headers"] = headers();
    bounds::add(&mut document);
    examples::add(&mut document);
    document
}

fn for_each_operation(document: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if operation.get("responses").is_some() {
                change(method, path, operation);
            }
        }
    }
}

/// A record within a page, or with its allowed actions, is written once and referred to.
fn share_records(document: &mut Value) {
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for (name, schema) in schemas.iter_mut() {
        if let Some(of) = name.strip_prefix("Page_")
            && let Some(items) = schema.pointer_mut("/properties/data/items")
        {
            let record = std::mem::replace(items, refer(of));
            if record.get("$ref").is_none() {
                found.insert(of.to_owned(), record);
            }
        }
    }
    for (name, record) in found {
        schemas.entry(name).or_insert(record);
    }
    let known: Vec<String> = schemas.keys().cloned().collect();
    for (name, schema) in schemas.iter_mut() {
        if let Some(of) = name.strip_prefix("Allowed_")
            && known.iter().any(|known| known == of)
            && let Some(first) = schema.pointer_mut("/allOf/0")
        {
            *first = refer(of);
        }
    }
}

fn refer(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn answer_schema(operation: &Value) -> Option<&str> {
    ["200", "201"].iter().find_map(|status| {
        operation
            .pointer(&format!(
                "/responses/{status}/content/application~1json/schema/$ref"
            ))?
            .as_str()?
            .rsplit('/')
            .next()
    })
}

fn is_list(operation: &Value) -> bool {
    answer_schema(operation).is_some_and(|name| name.starts_with("Page_"))
}

/// Whether the answer is one record that has a version, and so an ETag.
fn answers_record(operation: &Value, schemas: &Value) -> bool {
    answer_schema(operation).is_some_and(|name| {
        let name = name.strip_prefix("Allowed_").unwrap_or(name);
        schemas.pointer(&format!("/{name}/properties/version")).is_some()
            || schemas.pointer(&format!("/{name}/properties/client")).is_some()
    })
}

/// Whether the answer is worked out of records, and has an ETag that holds as long as they do, or a picture, which has
/// one of its bytes.
fn answers_computed(operation: &Value) -> bool {
    let content = operation
        .pointer("/responses/200/content")
        .and_then(Value::as_object);
    if content.is_some_and(|content| content.keys().any(|media| media.starts_with("image/"))) {
        return true;
    }
    ["Charts", "Funnel", "DataQuality"]
        .into_iter()
        .any(|name| answer_schema(operation) == Some(name))
}

/// An operation that has only a summary is described by it.
fn describe(operation: &mut Value) {
    let said = operation["description"]
        .as_str()
        .is_some_and(|text| !text.is_empty());
    if !said && let Some(summary) = operation["summary"].as_str() {
        operation["description"] = json!(format!("{summary}."));
    }
}

/// Says of an operation that it is going to be removed, if it is.
fn retire(operation: &mut Value, method: &str, path: &str) {
    let mut all = RETIRING.iter();
    let found = all.find(|one| one.path == path && one.method.as_str().eq_ignore_ascii_case(method));
    if let Some(retiring) = found {
        operation["deprecated"] = json!(true);
        let said = operation["description"].as_str().unwrap_or_default();
        operation["description"] = json!(format!(
            "{said}\n\nGoes on {}; use {} instead.",
            retiring.sunset, retiring.instead
        ));
    }
}

/// The years that a date may have.
const DATES: &str = "^(19[0-9]{2}|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}$";

/// A query parameter that is given has a value, each of several; only a stratum may be empty.
fn parameters_are_not_empty(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter["in"] != "query" {
            continue;
        }
        let may_be_empty = parameter["name"] == "stratum";
        let mut schema = &mut parameter["schema"];
        if schema.get("items").is_some() {
            schema = &mut schema["items"];
        }
        let text = match &schema["type"] {
            Value::String(kind) => kind == "string",
            Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
            _ => false,
        };
        let words = ["format", "pattern", "enum"];
        if text && !may_be_empty && words.iter().all(|word| schema.get(*word).is_none()) {
            schema["minLength"] = json!(1);
        }
        if schema["format"] == "date" {
            schema["pattern"] = json!(DATES);
        }
    }
}

/// A body of lines is text: no line of it is the whole.
fn lines_are_text(operation: &mut Value) {
    if let Some(body) = operation.pointer_mut("/requestBody/content/text~1csv")
        && body["schema"]["type"] != "string"
    {
        body["schema"] = json!({
            "type": "string", "description": "A line with the names of columns, then one record on each line.",
            "contentMediaType": "text/csv", "contentSchema": body["schema"],
        });
    }
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1x-ndjson") {
        body["schema"] = json!({ "type": "string", "description": "One JSON record on each line." });
    }
}

/// A drawing is a document, and a picture is bytes, not a list of numbers.
fn pictures_are_bytes(operation: &mut Value) {
    if let Some(body) = operation.pointer_mut("/responses/200/content/image~1svg+xml") {
        body["example"] = json!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 600\"></svg>");
    }
    if let Some(body) = operation.pointer_mut("/responses/200/content/image~1png") {
        body["schema"] = json!({ "type": "string", "format": "binary" });
    }
}

fn offer_exports(operation: &mut Value) {
    if let Some(content) = operation
        .pointer_mut("/responses/200/content")
        .and_then(Value::as_object_mut)
    {
        let text = json!({ "schema": { "type": "string", "description": "One line for each record." } });
        content.insert("text/csv".into(), text.clone());
        content.insert("application/x-ndjson".into(), text);
    }
}

/// The conditional headers, where there is an ETag to compare.
fn add_conditions(operation: &mut Value, method: &str, record: bool) {
    if !record || method == "post" {
        return;
    }
    let (name, description) = if method == "get" {
        (
            "If-None-Match",
            "ETags that are known already; one that still holds is answered 304.",
        )
    } else {
        (
            "If-Match",
            "The ETag of the version that is to be changed; another one is 412.",
        )
    };
    let header = json!({
        "name": name, "in": "header", "description": description, "required": false,
        "schema": { "type": "string" },
    });
    if let Some(parameters) = operation
        .as_object_mut()
        .map(|operation| operation.entry("parameters").or_insert_with(|| json!([])))
        .and_then(Value::as_array_mut)
    {
        parameters.push(header);
    }
    if method == "get" {
        operation["responses"]["304"] = json!({ "description": "What is known still holds" });
    }
}

/// What each answer is, and the headers that come with it.
fn say_answers(operation: &mut Value, method: &str, listed: bool, record: bool) {
    let answers = operation["responses"].as_object_mut();
    for (status, answer) in answers.into_iter().flatten() {
        let said = answer["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        if !said {
            answer["description"] = json!(match status.as_str() {
                "201" => "It is made; `Location` says where.",
                _ if listed => "The records.",
                _ if method == "get" => "The answer.",
                "400" => "The request is malformed.",
                "401" => "Who is calling is not known.",
                _ => "It is done.",
            });
        }
        let mut headers: Vec<&str> = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
        match status.as_str() {
            "200" | "201" | "304" if record => headers.push("ETag"),
            "200" if listed => headers.push("Link"),
            "429" | "503" => headers.push("Retry-After"),
            _ => {}
        }
        if status == "201" {
            headers.push("Location");
        }
        let named: Map<String, Value> = headers
            .into_iter()
            .map(|name| {
                (
                    name.to_owned(),
                    json!({ "$ref": format!("#/components/headers/{name}") }),
                )
            })
            .collect();
        answer["headers"] = Value::Object(named);
    }
}

fn headers() -> Value {
    let text = |description: &str, example: &str| json!({ "description": description, "schema": { "type": "string", "maxLength": 2000 }, "example": example });
    json!({
        "ETag": text("The version, and a mark of who reads it: give it as `If-Match` or `If-None-Match`.", "\"3-1f0c9ad2b471\""),
        "Link": text("`rel=\"next\"`: the next page, if there is one.", "</v1/org-units?limit=50&cursor=AAA>; rel=\"next\""),
        "Location": text("Where the new record stands.", "/v1/org-units/0192f0c1-2b3c-7def-8123-456789abcdef"),
        "RateLimit": text("What is left of the quota, and in how many seconds it is whole again.", "\"caller\";r=5990;t=1"),
        "RateLimit-Policy": text("The quota and its window in seconds.", "\"caller\";q=6000;w=60"),
        "Retry-After": text("In how many seconds to try again.", "1"),
        "X-Request-Id": text("The request's id, also `instance` of a problem.", "0192f0c1-2b3c-7def-8123-456789abcdef"),
    })
}

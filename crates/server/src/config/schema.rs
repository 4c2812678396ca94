//! The JSON Schema of the configuration file.

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::Config;

const OPENAPI_PLACE: &str = "#/components/schemas/";

/// The JSON Schema of the configuration file, each setting with its default.
pub fn json_schema() -> Value {
    let mut schemas = Vec::new();
    <Config as ToSchema>::schemas(&mut schemas);
    let mut definitions = Map::new();
    for (name, schema) in schemas {
        if let Ok(schema) = serde_json::to_value(schema) {
            definitions.insert(name, schema);
        }
    }
    let mut root = serde_json::to_value(Config::schema()).unwrap_or_default();
    add_defaults(&root, &mut definitions);
    optional(&mut root);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Configuration of spiral");
    root["$defs"] = Value::Object(definitions);
    repoint(&mut root);
    root
}

/// Sections and their settings may be left out: the embedded defaults fill the gaps.
fn add_defaults(root: &Value, definitions: &mut Map<String, Value>) {
    let defaults = Config::load_with(None, std::collections::HashMap::new())
        .ok()
        .and_then(|config| serde_json::to_value(config).ok())
        .unwrap_or_default();
    let Some(sections) = root["properties"].as_object() else {
        return;
    };
    for (section, reference) in sections {
        let Some(definition) = section_name(reference).and_then(|name| definitions.get_mut(name)) else {
            continue;
        };
        optional(definition);
        let Some(settings) = definition["properties"].as_object_mut() else {
            continue;
        };
        for (key, setting) in settings {
            let default = &defaults[section][key];
            if let (false, Some(setting)) = (default.is_null(), setting.as_object_mut()) {
                setting.insert("default".to_owned(), default.clone());
            }
        }
    }
}

fn section_name(reference: &Value) -> Option<&str> {
    let plain = reference.get("$ref");
    let described = || {
        reference["allOf"]
            .as_array()
            .and_then(|all| all.iter().find_map(|one| one.get("$ref")))
    };
    plain.or_else(described)?.as_str()?.strip_prefix(OPENAPI_PLACE)
}

fn optional(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("required");
    }
}

fn repoint(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(repoint),
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(place) if key == "$ref" => {
                        *place = place.replace(OPENAPI_PLACE, "#/$defs/");
                    }
                    other => repoint(other),
                }
            }
        }
        _ => {}
    }
}

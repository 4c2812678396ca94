//! The settings in force as TOML.

use std::fmt::Write;

use serde_json::Value;

use super::Config;

pub(super) fn toml(config: &Config) -> String {
    let mut out = String::new();
    let Ok(Value::Object(sections)) = serde_json::to_value(config) else {
        return out;
    };
    for (name, section) in sections {
        let Value::Object(settings) = section else {
            continue;
        };
        if !out.is_empty() {
            out.push('\n');
        }
        push(&mut out, format_args!("[{name}]\n"));
        for (key, value) in settings {
            if !value.is_null() {
                push(&mut out, format_args!("{key} = {}\n", inline(&value)));
            }
        }
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{} = {}", name(key), inline(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn name(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

/// A JSON string is a TOML string but for DEL, which TOML wants escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

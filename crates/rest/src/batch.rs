//! Batches as JSON array, NDJSON or CSV: each row read by itself, so that every bad one is named.

use std::collections::HashSet;

use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use spiral_domain::exchange::BatchRow;
use spiral_domain::{Error, Violation};

use crate::extract::{Write, misfits, unsupported};
use crate::reply::refuse;
use crate::{schemas, strict};

/// How a pushed record is taken back.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RetractQuery {
    /// Takes it back even if another source holds it.
    #[param(required = false)]
    pub take_over: bool,
}

impl Write {
    /// The rows of a batch, by `Content-Type`.
    pub fn batch<T: DeserializeOwned + utoipa::ToSchema>(&self) -> Result<Vec<BatchRow<T>>, Response> {
        let most = self.caller.app().settings().batch_rows;
        match self.media_type().as_str() {
            "application/json" => from_json(&self.body, most),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
                from_ndjson(&self.body, most)
            }
            "text/csv" => from_csv(&self.body, most),
            _ => {
                let detail = "a batch is application/json, application/x-ndjson or text/csv, as UTF-8";
                return Err(unsupported(detail));
            }
        }
        .map_err(refuse)
    }

    /// The lines of a file, which is larger than a batch: CSV only.
    pub fn file<T: DeserializeOwned + utoipa::ToSchema>(
        &self,
        most: usize,
    ) -> Result<Vec<BatchRow<T>>, Response> {
        if self.media_type() == "text/csv" {
            from_csv(&self.body, most).map_err(refuse)
        } else {
            Err(unsupported("a file is text/csv, as UTF-8"))
        }
    }
}

/// Of so many wrong columns each is named; whoever has more has another file.
const MOST_COLUMNS: usize = 100;

fn syntax(pointer: impl Into<String>, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(pointer, "syntax", detail)])
}

fn too_many(most: usize) -> Error {
    Error::invalid(
        "",
        "too_many_rows",
        format!("a batch has at most {most} rows; send several"),
    )
}

fn from_json<T: DeserializeOwned + utoipa::ToSchema>(
    body: &[u8],
    most: usize,
) -> Result<Vec<BatchRow<T>>, Error> {
    let rows: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| syntax("", format!("the body is not a JSON array of rows: {error}")))?;
    if rows.len() > most {
        return Err(too_many(most));
    }
    Ok(rows.into_iter().map(|row| read_row(row.get())).collect())
}

fn from_ndjson<T: DeserializeOwned + utoipa::ToSchema>(
    body: &[u8],
    most: usize,
) -> Result<Vec<BatchRow<T>>, Error> {
    let text = std::str::from_utf8(body).map_err(|_| syntax("", "the body is not UTF-8"))?;
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if rows.len() == most {
            return Err(too_many(most));
        }
        rows.push(read_row(line));
    }
    Ok(rows)
}

fn read_row<T: DeserializeOwned + utoipa::ToSchema>(text: &str) -> BatchRow<T> {
    // Most rows are right and have no key: they are read without a detour.
    if let Ok(read) = strict::from_slice(text.as_bytes()) {
        return BatchRow {
            row_key: None,
            read: Ok(read),
        };
    }
    match serde_json::from_str::<Value>(text) {
        Err(error) => BatchRow {
            row_key: None,
            read: Err(vec![Violation::new("", "syntax", error.to_string())]),
        },
        Ok(Value::Object(mut row)) => {
            let row_key = row.remove("rowKey");
            let mut read = read_object(row);
            let row_key = match row_key {
                None | Some(Value::Null) => None,
                Some(Value::String(key)) if key.chars().count() <= 200 => Some(key),
                Some(_) => {
                    let wrong =
                        Violation::new("/rowKey", "row_key", "a rowKey is text of at most 200 characters");
                    match &mut read {
                        Err(found) => found.push(wrong),
                        Ok(_) => read = Err(vec![wrong]),
                    }
                    None
                }
            };
            BatchRow { row_key, read }
        }
        Ok(_) => BatchRow {
            row_key: None,
            read: Err(vec![Violation::new("", "type", "a row is a JSON object")]),
        },
    }
}

fn read_object<T: DeserializeOwned + utoipa::ToSchema>(row: Map<String, Value>) -> Result<T, Vec<Violation>> {
    let value = Value::Object(row);
    strict::from_value(&value).map_err(|error| misfits::<T>(&value, &error))
}

fn from_csv<T: DeserializeOwned + utoipa::ToSchema>(
    body: &[u8],
    most: usize,
) -> Result<Vec<BatchRow<T>>, Error> {
    // Spreadsheets like to begin a file with a byte order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body);
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| syntax("", format!("the first line is no CSV header: {error}")))?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let name = T::name();
    let mut seen = HashSet::new();
    let wrong: Vec<Violation> = header
        .iter()
        .filter_map(|column| {
            let (code, detail) = if !seen.insert(column) {
                ("repeated_column", format!("there are two columns `{column}`"))
            } else if column != "rowKey" && schemas::property(&name, column).is_none() {
                ("unknown_column", format!("there is no column `{column}`"))
            } else {
                return None;
            };
            Some(Violation::new(format!("/{column}"), code, detail))
        })
        .take(MOST_COLUMNS)
        .collect();
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        if rows.len() == most {
            return Err(too_many(most));
        }
        rows.push(match record {
            Err(error) => BatchRow {
                row_key: None,
                read: Err(vec![Violation::new("", "syntax", error.to_string())]),
            },
            Ok(record) => read_record(&name, &header, &record),
        });
    }
    Ok(rows)
}

fn read_record<T: DeserializeOwned + utoipa::ToSchema>(
    name: &str,
    header: &[String],
    record: &csv::StringRecord,
) -> BatchRow<T> {
    let mut found = Vec::new();
    if record.len() != header.len() {
        let detail = format!("has {} cells where the header has {}", record.len(), header.len());
        found.push(Violation::new("", "cells", detail));
    }
    let mut row = Map::new();
    let mut row_key = None;
    for (column, cell) in header.iter().zip(record) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        if column == "rowKey" {
            row_key = Some(cell.to_owned());
            continue;
        }
        match typed(name, column, cell) {
            Ok(value) => {
                row.insert(column.clone(), value);
            }
            Err(detail) => found.push(Violation::new(format!("/{column}"), "type", detail)),
        }
    }
    let read = match read_object(row) {
        Ok(read) if found.is_empty() => Ok(read),
        Ok(_) => Err(found),
        Err(more) => {
            // A cell that could not be read is missing in the row: say so once.
            let cells_unread = !found.is_empty();
            found.extend(
                more.into_iter()
                    .filter(|more| !(cells_unread && more.code == "missing")),
            );
            Err(found)
        }
    };
    BatchRow { row_key, read }
}

/// A cell as JSON, by the published type of its column.
fn typed(name: &str, column: &str, cell: &str) -> Result<Value, String> {
    let schema = schemas::property(name, column);
    let is = |wanted: &str| match schema.and_then(|schema| schema.get("type")) {
        Some(Value::String(kind)) => kind == wanted,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    };
    if is("integer") {
        cell.parse::<i64>()
            .map(Value::from)
            .map_err(|_| format!("`{cell}` is not a whole number"))
    } else if is("number") {
        let number = cell.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        number
            .map(Value::Number)
            .ok_or_else(|| format!("`{cell}` is not a number"))
    } else if is("boolean") {
        match cell.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Ok(Value::Bool(true)),
            "false" | "0" | "no" => Ok(Value::Bool(false)),
            _ => Err(format!("`{cell}` is neither true nor false")),
        }
    } else {
        Ok(Value::String(cell.to_owned()))
    }
}

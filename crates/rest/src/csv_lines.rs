//! Records as lines of CSV.

use serde::Serialize;
use serde_json::Value;
use spiral_domain::{Error, Result};

use crate::schemas;

/// The columns of a list, from its published schema, so that they are the same whatever a page holds.
#[derive(Debug)]
pub(crate) struct Columns(Vec<Vec<String>>);

impl Columns {
    /// Those of the records of the list that this operation answers.
    pub(crate) fn of(operation: &str) -> Self {
        let mut columns = Vec::new();
        if let Some(record) = schemas::listed(operation) {
            collect(record, &mut Vec::new(), &mut columns);
        }
        let rank = |column: &Vec<String>| {
            let first = ["id", "code", "name"];
            let at = first
                .iter()
                .position(|name| column.len() == 1 && column[0] == *name);
            at.unwrap_or(first.len())
        };
        columns.sort_by_key(rank);
        Self(columns)
    }

    /// The header line.
    pub(crate) fn write_header(&self, text: &mut Vec<u8>) -> Result<()> {
        write_line(text, self.0.iter().map(|column| column.join(".")))
    }

    /// The cells of a record: what is absent or null is empty, lists and maps are JSON.
    pub(crate) fn cells<'c>(&'c self, record: &'c Value) -> impl Iterator<Item = String> + 'c {
        self.0.iter().map(move |column| {
            let value = column.iter().try_fold(record, |value, name| value.get(name));
            match value {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => harmless(text),
                Some(other) => other.to_string(),
            }
        })
    }
}

/// Goes down into records; a record within a record has columns of its own.
fn collect(schema: &'static Value, above: &mut Vec<String>, columns: &mut Vec<Vec<String>>) {
    for (name, property) in schemas::properties(schema) {
        above.push(name.clone());
        if above.len() < 3 && !schemas::properties(property).is_empty() {
            collect(property, above, columns);
        } else {
            columns.push(above.clone());
        }
        above.pop();
    }
}

/// Goes on with a line.
pub(crate) fn write_line(text: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(text);
    writer.write_record(cells).map_err(Error::internal)?;
    writer.flush().map_err(Error::internal)
}

/// Rows that know their own columns, as CSV.
pub(crate) fn write_rows<R: Serialize>(rows: Vec<R>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(Error::internal)?;
    }
    let plain = writer
        .into_inner()
        .map_err(|error| Error::internal(error.to_string()))?;
    let mut text = Vec::with_capacity(plain.len());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&plain[..]);
    for record in reader.records() {
        let record = record.map_err(Error::internal)?;
        write_line(&mut text, record.iter().map(harmless))?;
    }
    Ok(text)
}

/// Text that a spreadsheet would run as a formula begins with an apostrophe, which makes it text there too.
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        n: i64,
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("Stroke unit", "Stroke unit"),
            ("-1.5", "-1.5"),
            ("+44", "+44"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1+1", "'-1+1"),
            ("\tx", "'\tx"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
        }
        let text = write_rows(vec![Row {
            name: "=cmd, \"x\"",
            n: -3,
        }])
        .unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "name,n\n\"'=cmd, \"\"x\"\"\",-3\n"
        );
    }
}

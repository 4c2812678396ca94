//! The figures of a chart as a table, for those who do not see the picture.

use std::fmt::Write as _;

use crate::clean::escape;

/// A table has at most so many rows; the first ones are left out.
pub(crate) const MOST_ROWS: usize = 1_000;

/// The figures of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it is of.
    pub caption: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// A text for each column; empty where there is nothing.
    pub rows: Vec<Vec<String>>,
    /// So many rows came before the first and are left out.
    pub left_out: usize,
}

impl Table {
    /// Of so many rows, as many of the last ones as a table has.
    pub(crate) fn of(caption: String, columns: Vec<String>, mut rows: Vec<Vec<String>>) -> Self {
        let left_out = rows.len().saturating_sub(MOST_ROWS);
        rows.drain(..left_out);
        let mut table = Self {
            caption,
            columns,
            rows,
            left_out,
        };
        table.drop_empty_columns();
        table
    }

    /// A column in which nothing stands is only in the way.
    fn drop_empty_columns(&mut self) {
        let kept: Vec<bool> = (0..self.columns.len())
            .map(|at| {
                self.rows
                    .iter()
                    .any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))
            })
            .collect();
        let keep = |row: &mut Vec<String>| {
            let mut kept = kept.iter();
            row.retain(|_| kept.next().copied().unwrap_or(false));
        };
        keep(&mut self.columns);
        self.rows.iter_mut().for_each(keep);
    }

    /// The table as HTML.
    pub fn html(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("<table xmlns=\"http://www.w3.org/1999/xhtml\"><caption>");
        escape(&self.caption, out);
        if self.left_out > 0 {
            let _ = write!(
                out,
                " (the last {} rows; {} before them are left out)",
                self.rows.len(),
                self.left_out
            );
        }
        out.push_str("</caption><thead><tr>");
        for column in &self.columns {
            out.push_str("<th scope=\"col\">");
            escape(column, out);
            out.push_str("</th>");
        }
        out.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            out.push_str("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let (open, close) = if at == 0 {
                    ("<th scope=\"row\">", "</th>")
                } else {
                    ("<td>", "</td>")
                };
                out.push_str(open);
                escape(cell, out);
                out.push_str(close);
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table>");
    }
}

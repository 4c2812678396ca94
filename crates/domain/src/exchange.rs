//! Batches: many rows in one call, each with its own verdict.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result, Violation};

/// A row as it came in: read, or with everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct BatchRow<T> {
    /// The client's own name for the row.
    pub row_key: Option<String>,
    /// The row, or what is wrong with it; pointers are relative to the row (`/numerator`).
    pub read: std::result::Result<T, Vec<Violation>>,
}

/// How a batch is taken.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BatchOptions {
    /// Check and report, write nothing.
    #[param(required = false)]
    pub dry_run: bool,
    /// `false` takes the good rows and reports the bad ones; otherwise one bad row refuses the whole batch.
    #[param(required = false)]
    pub atomic: Option<bool>,
    /// `rows` adds one result for each row, in input order.
    #[param(required = false)]
    pub report: Option<ReportDetail>,
}

/// How much a batch report tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportDetail {
    /// Counts and errors.
    Summary,
    /// And one result for each row.
    Rows,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// A new record.
    Inserted,
    /// A record was changed or retracted.
    Updated,
    /// The record says so already.
    Unchanged,
    /// Refused.
    Rejected,
}

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowError {
    /// The row, counted from 0 in input order.
    pub row: usize,
    /// The client's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_key: Option<String>,
    /// JSON Pointer into the batch.
    #[schema(example = "/3/numerator")]
    pub pointer: String,
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// One row's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowResult {
    /// The row, counted from 0 in input order.
    pub row: usize,
    /// The client's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_key: Option<String>,
    /// What became of it.
    pub status: RowStatus,
    /// The record, where there is one.
    pub id: Option<Uuid>,
}

/// What became of a batch: received = inserted + updated + unchanged + rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchReport {
    /// Rows received.
    pub received: usize,
    /// New records.
    pub inserted: usize,
    /// Records changed or retracted.
    pub updated: usize,
    /// Rows that say what is there already.
    pub unchanged: usize,
    /// Rows refused.
    pub rejected: usize,
    /// Whether this was only tried.
    pub dry_run: bool,
    /// One result for each row, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<RowResult>>,
    /// What is wrong with the refused rows.
    pub errors: Vec<RowError>,
}

/// Collects what becomes of each row.
#[derive(Debug, Clone)]
pub struct Verdicts {
    keys: Vec<Option<String>>,
    rows: Vec<Option<Verdict>>,
}

/// A row's status and record, or what is wrong with it.
type Verdict = std::result::Result<(RowStatus, Option<Uuid>), Vec<Violation>>;

impl Verdicts {
    /// None yet, for these rows.
    pub fn new(keys: impl IntoIterator<Item = Option<String>>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        Self {
            rows: vec![None; keys.len()],
            keys,
        }
    }

    /// Splits a batch into its readable rows by number, and verdicts that hold the unreadable ones.
    pub fn split<T>(batch: Vec<BatchRow<T>>) -> (Self, Vec<(usize, T)>) {
        let mut verdicts = Self::new(batch.iter().map(|row| row.row_key.clone()));
        let mut readable = Vec::with_capacity(batch.len());
        for (n, row) in batch.into_iter().enumerate() {
            match row.read {
                Ok(read) => readable.push((n, read)),
                Err(violations) => verdicts.reject(n, violations),
            }
        }
        (verdicts, readable)
    }

    /// Refuses a row; pointers are relative to it.
    pub fn reject(&mut self, row: usize, violations: Vec<Violation>) {
        if let Some(Some(Err(before))) = self.rows.get_mut(row) {
            before.extend(violations);
        } else if let Some(place) = self.rows.get_mut(row) {
            *place = Some(Err(violations));
        }
    }

    /// Refuses a row for one reason.
    pub fn refuse(&mut self, row: usize, pointer: &str, code: &str, detail: impl Into<String>) {
        self.reject(row, vec![Violation::new(pointer, code, detail)]);
    }

    /// Accepts a row.
    pub fn accept(&mut self, row: usize, status: RowStatus, id: Uuid) {
        if let Some(place @ None) = self.rows.get_mut(row) {
            *place = Some(Ok((status, Some(id))));
        }
    }

    /// Whether the row is refused.
    pub fn refused(&self, row: usize) -> bool {
        matches!(self.rows.get(row), Some(Some(Err(_))))
    }

    /// Whether any row is refused.
    pub fn any_refused(&self) -> bool {
        self.rows.iter().any(|row| matches!(row, Some(Err(_))))
    }

    /// The report; for an atomic batch with a refused row all violations as an error, with pointers into the batch.
    pub fn finish(self, options: BatchOptions) -> Result<BatchReport> {
        let detailed = options.report == Some(ReportDetail::Rows);
        let mut report = BatchReport {
            received: self.rows.len(),
            dry_run: options.dry_run,
            ..BatchReport::default()
        };
        let mut results = Vec::new();
        for (row, (verdict, row_key)) in self.rows.into_iter().zip(self.keys).enumerate() {
            let (status, id, violations) = match verdict {
                Some(Ok((status, id))) => (status, id, Vec::new()),
                Some(Err(violations)) => (RowStatus::Rejected, None, violations),
                None => return Err(Error::internal("a row was left without a verdict")),
            };
            match status {
                RowStatus::Inserted => report.inserted += 1,
                RowStatus::Updated => report.updated += 1,
                RowStatus::Unchanged => report.unchanged += 1,
                RowStatus::Rejected => report.rejected += 1,
            }
            report
                .errors
                .extend(violations.into_iter().map(|violation| RowError {
                    row,
                    row_key: row_key.clone(),
                    pointer: format!("/{row}{}", violation.pointer),
                    code: violation.code,
                    detail: violation.detail,
                }));
            if detailed {
                results.push(RowResult {
                    row,
                    row_key,
                    status,
                    id,
                });
            }
        }
        if report.rejected > 0 && options.atomic != Some(false) && !options.dry_run {
            let all = report.errors.into_iter().map(|error| Violation {
                pointer: error.pointer,
                code: error.code,
                detail: error.detail,
            });
            return Err(Error::Invalid(all.collect()));
        }
        report.rows = detailed.then_some(results);
        Ok(report)
    }
}

//! Pushing results: each row named, placed, compared with what is there, and written in one go.

use std::collections::{HashMap, HashSet};

use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow, RowStatus, Verdicts};
use spiral_domain::field_tests::{
    Arm, FieldTest, FieldTestResult, FieldTestStatus, PushFieldTestResult, ResultKey, Site,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Error, Reference, Result, ResultId, SiteId, UnitId, Violation, WorkKind};
use spiral_store::Tx;

use crate::Reach;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::sources::{self, may_know};

/// Pushes results of a field test: all or, with `atomic=false`, the good ones.
pub async fn push_field_test_results(
    caller: &Caller,
    test: &Reference,
    batch: Vec<BatchRow<PushFieldTestResult>>,
    options: BatchOptions,
) -> Result<BatchReport> {
    let most = caller.app().settings().batch_rows;
    if batch.len() > most {
        let detail = format!("a batch has at most {most} rows; send several");
        return Err(Error::invalid("", "too_many_rows", detail));
    }
    let pushed = push(caller, test, batch, options).await?;
    if options.dry_run {
        return Ok(pushed.report);
    }
    pushed.tx.commit(pushed.report).await
}

/// Pushes one result.
pub async fn push_field_test_result(
    caller: &Caller,
    test: &Reference,
    input: PushFieldTestResult,
) -> Result<FieldTestResult> {
    let batch = vec![BatchRow {
        row_key: None,
        read: Ok(input),
    }];
    let pushed = push(caller, test, batch, BatchOptions::default())
        .await
        .map_err(single)?;
    let result = pushed
        .results
        .into_iter()
        .next()
        .ok_or_else(|| Error::internal("a row was left without a record"))?;
    pushed.tx.commit(result).await
}

/// The error of a batch of one row, seen from the row. A row that only lacks the right is refused as such.
fn single(error: Error) -> Error {
    match error {
        Error::Invalid(list) => {
            if let Some(refused) = list.iter().find(|violation| violation.code == "forbidden") {
                return Error::Forbidden(refused.detail.clone());
            }
            let strip = |violation: Violation| Violation {
                pointer: violation
                    .pointer
                    .strip_prefix("/0")
                    .map_or(violation.pointer.clone(), str::to_owned),
                ..violation
            };
            Error::Invalid(list.into_iter().map(strip).collect())
        }
        other => other,
    }
}

struct Pushed {
    tx: Tx,
    report: BatchReport,
    /// The record of each accepted row, in order.
    results: Vec<FieldTestResult>,
}

async fn push(
    caller: &Caller,
    test: &Reference,
    batch: Vec<BatchRow<PushFieldTestResult>>,
    options: BatchOptions,
) -> Result<Pushed> {
    let test: FieldTest = caller.store().named(test).await?;
    let (mut verdicts, mut rows) = Verdicts::split(batch);
    let numeric_ids = caller.client().is_some_and(|client| client.numeric_ids);
    for (n, row) in &rows {
        let found = row.check(caller.today(), numeric_ids);
        if !found.is_empty() {
            verdicts.reject(*n, found);
        }
    }
    let mut tx = caller.begin(Action::PushResults, Reach::Tenant).await?;
    let test: FieldTest = tx.named(&test.id.into()).await?;
    if test.status != FieldTestStatus::Running {
        return Err(Error::conflict(
            "field_test_not_running",
            "only a running field test takes results",
        ));
    }
    let units: HashMap<Reference, OrgUnit> = tx.resolve(rows.iter().map(|(_, row)| &row.unit)).await?;
    for (n, row) in &rows {
        match units.get(&row.unit) {
            None => verdicts.refuse(
                *n,
                "/unit",
                "not_found",
                format!("there is no unit `{}`", row.unit),
            ),
            Some(unit) => {
                if let Err(error) = caller.require_on(Action::PushResults, unit) {
                    verdicts.refuse(*n, "/unit", "forbidden", error.to_string());
                }
            }
        }
    }
    rows.retain(|(n, _)| !verdicts.refused(*n));
    let owners = sources::owners(&tx, rows.iter().filter_map(|(_, row)| row.source.as_ref())).await?;
    for (n, row) in &rows {
        if let Some(violation) = sources::refuse_source(caller, row.source.as_ref(), &owners) {
            verdicts.reject(*n, vec![violation]);
        }
    }
    rows.retain(|(n, _)| !verdicts.refused(*n));
    let mut known = Known::load(caller, &tx, &test, &rows, &units).await?;
    let mut results = Vec::new();
    let mut changed = Vec::new();
    for (n, row) in rows {
        match known.take(caller, &tx, &test, &row) {
            Err(violations) => verdicts.reject(n, violations),
            Ok((status, result)) => {
                verdicts.accept(n, status, result.id.into());
                if status != RowStatus::Unchanged {
                    changed.push(result.clone());
                }
                results.push(result);
            }
        }
    }
    let report = verdicts.finish(options)?;
    if !options.dry_run {
        tx.put_results(&changed).await?;
    }
    Ok(Pushed { tx, report, results })
}

/// What is there before the batch, and what the batch has said so far.
struct Known {
    units: HashMap<Reference, UnitId>,
    sites: HashMap<UnitId, Site>,
    sharing: HashMap<UnitId, spiral_domain::Sharing>,
    /// Units from which the caller may not take a result away.
    locked: HashSet<UnitId>,
    /// Results of which the caller may not know.
    unknown: HashSet<ResultId>,
    records: HashMap<ResultId, FieldTestResult>,
    by_key: HashMap<ResultKey, ResultId>,
    by_external: HashMap<(String, String), ResultId>,
    said: HashSet<ResultId>,
}

impl Known {
    async fn load(
        caller: &Caller,
        tx: &Tx,
        test: &FieldTest,
        rows: &[(usize, PushFieldTestResult)],
        units: &HashMap<Reference, OrgUnit>,
    ) -> Result<Self> {
        let mut concerned: Vec<&OrgUnit> = rows.iter().filter_map(|(_, row)| units.get(&row.unit)).collect();
        concerned.sort_unstable_by_key(|unit| unit.id);
        concerned.dedup_by_key(|unit| unit.id);
        let ids: Vec<UnitId> = concerned.iter().map(|unit| unit.id).collect();
        let sites = tx.sites_at(test.id, &ids).await?;
        let sharing = tx.sharing_of(&concerned).await?;
        let site_ids: Vec<SiteId> = sites.values().map(|site| site.id).collect();
        let mut measures: Vec<String> = rows.iter().map(|(_, row)| row.measure_code.clone()).collect();
        measures.sort_unstable();
        measures.dedup();
        let named = rows
            .iter()
            .filter_map(|(_, row)| Some((row.source.clone()?, row.external_id.clone()?)));
        let (mut sources, external_ids): (Vec<String>, Vec<String>) = named.unzip();
        sources.sort_unstable();
        sources.dedup();
        let found = tx
            .results_like(&site_ids, &measures, &sources, &external_ids)
            .await?;
        let at: Vec<UnitId> = found.iter().map(|result| result.unit_id).collect();
        let at: HashMap<UnitId, OrgUnit> = tx.find::<OrgUnit>().ids(&at).by_id().await?;
        let locked = at
            .values()
            .filter(|unit| caller.require_on(Action::PushResults, unit).is_err())
            .map(|unit| unit.id)
            .collect();
        let unknown = found
            .iter()
            .filter(|result| {
                let unit = at.get(&result.unit_id);
                !unit.is_some_and(|unit| may_know(caller, Action::ReadFieldTests, unit, *result))
            })
            .map(|result| result.id)
            .collect();
        let mut known = Self {
            locked,
            unknown,
            units: units
                .iter()
                .map(|(reference, unit)| (reference.clone(), unit.id))
                .collect(),
            sites,
            sharing: sharing
                .into_iter()
                .filter(|((_, kind), _)| *kind == WorkKind::FieldTests)
                .map(|((unit, _), setting)| (unit, setting.level))
                .collect(),
            records: HashMap::new(),
            by_key: HashMap::new(),
            by_external: HashMap::new(),
            said: HashSet::new(),
        };
        for result in found {
            known.keep(result);
        }
        Ok(known)
    }

    fn keep(&mut self, result: FieldTestResult) {
        if let Some(before) = self.records.get(&result.id) {
            self.by_key.remove(&before.key());
            if let Some(name) = external(before) {
                self.by_external.remove(&name);
            }
        }
        self.by_key.insert(result.key(), result.id);
        if let Some(name) = external(&result) {
            self.by_external.insert(name, result.id);
        }
        self.records.insert(result.id, result);
    }

    /// What becomes of one row.
    fn take(
        &mut self,
        caller: &Caller,
        tx: &Tx,
        test: &FieldTest,
        row: &PushFieldTestResult,
    ) -> Result<(RowStatus, FieldTestResult), Vec<Violation>> {
        let refuse = |pointer: &str, code: &str, detail: String| vec![Violation::new(pointer, code, detail)];
        let site = self
            .units
            .get(&row.unit)
            .and_then(|unit| self.sites.get(unit))
            .ok_or_else(|| {
                let detail = format!("`{}` is no site of this field test", row.unit);
                refuse("/unit", "not_a_site", detail)
            })?
            .clone();
        let named = row.source.clone().zip(row.external_id.clone());
        let by_name = named
            .as_ref()
            .and_then(|name| self.by_external.get(name))
            .copied();
        if let Some(elsewhere) = by_name.and_then(|id| self.records.get(&id))
            && elsewhere.field_test_id != test.id
        {
            let detail = "this externalId is in use for this source".to_owned();
            return Err(refuse("/externalId", "external_id_taken", detail));
        }
        // A retraction by name needs nothing more.
        let place = match (row.retracted, by_name) {
            (true, Some(_)) => None,
            _ => Some(row.place(test, &site)?),
        };
        let by_key = place.and_then(|arm| self.by_key.get(&key(row, &site, arm)).copied());
        let id = match (by_name, by_key) {
            (Some(by_name), Some(by_key)) if by_name != by_key => {
                let detail = "another result stands for this unit, measure, arm, phase, period and stratum";
                return Err(refuse("", "key_taken", detail.into()));
            }
            (Some(id), _) => Some(id),
            (None, Some(id)) => Some(id),
            (None, None) => None,
        };
        let before = id.and_then(|id| self.records.get(&id)).cloned();
        // That there is one cannot be kept from who may write its key; what it says can.
        let unknown = id.is_some_and(|id| self.unknown.contains(&id));
        if unknown && !row.take_over {
            let detail =
                "a result stands here that is not yours to read; `takeOver` takes it over".to_owned();
            return Err(refuse("/source", "held_by_another_source", detail));
        }
        if let Some(before) = &before {
            check_holder(before, row)?;
            if self.locked.contains(&before.unit_id) {
                let detail = "this result stands at a unit for which you may not push".to_owned();
                return Err(refuse("/unit", "forbidden", detail));
            }
            if !self.said.insert(before.id) {
                let detail = "an earlier row of this batch is about the same result".to_owned();
                return Err(refuse("", "twice_in_batch", detail));
            }
        }
        let sharing = self.sharing.get(&site.unit_id).copied().unwrap_or(site.sharing);
        let mut result = match (&before, row.retracted) {
            (None, true) => {
                let detail = "there is no such result to retract".to_owned();
                return Err(refuse("/retracted", "nothing_to_retract", detail));
            }
            (Some(before), true) => FieldTestResult {
                retracted: true,
                ..before.clone()
            },
            _ => FieldTestResult {
                id: before.as_ref().map_or_else(fresh, |before| before.id),
                field_test_id: test.id,
                site_id: site.id,
                unit_id: site.unit_id,
                measure_code: row.measure_code.clone(),
                arm: place.unwrap_or(Arm::Intervention),
                phase: row.phase,
                period_start: row.period_start,
                period_end: row.period_end,
                stratum: row.stratum.clone(),
                n: row.n,
                events: row.events,
                mean: row.mean,
                sd: row.sd,
                quality: row.quality,
                source: row.source.clone(),
                external_id: row.external_id.clone(),
                recorded_by: caller.principal().id,
                recorded_at: tx.now(),
                retracted: false,
                sharing,
                version: 1,
            },
        };
        let status = match &before {
            None => RowStatus::Inserted,
            Some(before) if !unknown && result.says_as(before) => {
                return Ok((RowStatus::Unchanged, before.clone()));
            }
            Some(before) => {
                result.version = before.version + 1;
                result.recorded_by = caller.principal().id;
                result.recorded_at = tx.now();
                RowStatus::Updated
            }
        };
        self.said.insert(result.id);
        self.keep(result.clone());
        Ok((status, result))
    }
}

fn key(row: &PushFieldTestResult, site: &Site, arm: Arm) -> ResultKey {
    ResultKey {
        site_id: site.id,
        measure_code: row.measure_code.clone(),
        arm,
        phase: row.phase,
        period: row.period_start.zip(row.period_end),
        stratum: row.stratum.clone(),
    }
}

fn external(result: &FieldTestResult) -> Option<(String, String)> {
    result.source.clone().zip(result.external_id.clone())
}

/// Refuses a row about a result that another source, or the same under another name, holds.
fn check_holder(before: &FieldTestResult, row: &PushFieldTestResult) -> Result<(), Vec<Violation>> {
    if before.source != row.source && !row.take_over {
        let detail = "this result is there from elsewhere; `takeOver` takes it over";
        return Err(vec![Violation::new("/source", "held_by_another_source", detail)]);
    }
    let renamed = before.source == row.source
        && before.external_id.is_some()
        && before.external_id != row.external_id
        && !before.retracted;
    if renamed {
        let detail = "the same source knows this result by another externalId";
        return Err(vec![Violation::new("/externalId", "key_taken", detail)]);
    }
    Ok(())
}

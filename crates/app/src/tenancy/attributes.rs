//! Attributes of units: declaring them, and what holds of whom on a day.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow, RowStatus, Verdicts};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{
    DeclareUnitAttribute, HeldAttribute, OrgUnit, PushUnitAttributeValue, UnitAttribute, UnitAttributeValue,
};
use spiral_domain::{
    AttributeId, AttributeValueId, Date, Error, Page, PageRequest, PrincipalId, Reference, Result, UnitId,
    Violation,
};
use spiral_store::{AttributeKey, Column as _, Tx};

use super::Successors;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::sources;

/// Declares an attribute that units of the tenant may have.
pub async fn declare_unit_attribute(caller: &Caller, input: DeclareUnitAttribute) -> Result<UnitAttribute> {
    input.check()?;
    caller.require(Action::DeclareUnitAttribute)?;
    let root = caller.platform().store().root().await?;
    let root = root.ok_or(Error::NotFound("unit"))?;
    let mut tx = caller.begin(Action::DeclareUnitAttribute, &[&root][..]).await?;
    let attribute = UnitAttribute {
        id: fresh(),
        code: input.code,
        name: input.name,
        description: input.description,
        value_type: input.value_type,
        unit_of_measure: input.unit_of_measure,
        minimum: input.minimum,
        maximum: input.maximum,
        value_list: input.values,
        index_name: input.index_name,
        edition: input.edition,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_attribute(&attribute).await?;
    tx.commit(attribute).await
}

/// One attribute, by id or by code (with or without `code:`).
pub async fn unit_attribute(caller: &Caller, name: &str) -> Result<UnitAttribute> {
    caller.require(Action::ReadDirectory)?;
    let reference = match name.parse::<uuid::Uuid>() {
        Ok(id) => Reference::Id(id),
        Err(_) => Reference::code(name.strip_prefix("code:").unwrap_or(name)),
    };
    caller.store().named(&reference).await
}

/// Attributes, a page at a time.
pub async fn unit_attributes(caller: &Caller, page: &PageRequest) -> Result<Page<UnitAttribute>> {
    caller.require(Action::ReadDirectory)?;
    let window = caller.window("unit_attributes", page)?;
    let slice = caller.store().find::<UnitAttribute>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor("unit_attributes", after)))
}

/// Attributes by id, for links between records.
pub async fn unit_attributes_of(
    caller: &Caller,
    ids: &[AttributeId],
) -> Result<HashMap<AttributeId, UnitAttribute>> {
    caller.store().find::<UnitAttribute>().ids(ids).by_id().await
}

/// What holds of a unit on a day, today if none is given.
pub async fn attributes_held(
    caller: &Caller,
    unit: &Reference,
    on: Option<Date>,
) -> Result<Vec<HeldAttribute>> {
    caller.require(Action::ReadDirectory)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut held = attributes_of(caller, &[unit.id], on).await?;
    Ok(held.remove(&unit.id).unwrap_or_default())
}

/// The same for many units.
pub async fn attributes_of(
    caller: &Caller,
    units: &[UnitId],
    on: Option<Date>,
) -> Result<HashMap<UnitId, Vec<HeldAttribute>>> {
    caller.require(Action::ReadDirectory)?;
    let on = on.unwrap_or_else(|| caller.today());
    caller.store().attributes_held(units, on).await
}

/// Which values a list shows.
#[derive(Debug, Clone, Default)]
pub struct ValueFilter {
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// Of the attribute with this code.
    pub attribute: Option<String>,
    /// Those that hold on this day.
    pub as_of: Option<Date>,
    /// Pushed as this source.
    pub source: Option<String>,
}

/// What the list of values is called in its cursors.
pub fn value_list(filter: &ValueFilter) -> String {
    format!("unit_attribute_values {filter:?}")
}

/// Values, a page at a time; those that were taken back only among what has changed since a time.
pub async fn attribute_values(
    caller: &Caller,
    filter: ValueFilter,
    page: &PageRequest,
) -> Result<Page<UnitAttributeValue>> {
    caller.require(Action::ReadDirectory)?;
    let list = value_list(&filter);
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut find = store.find::<UnitAttributeValue>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = store.named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = store.named(within).await?;
        find = find.with(|sql| {
            sql.push(
                "exists (select 1 from org_units own where own.tenant_id = r.tenant_id and own.id = r.unit_id and ",
            )
            .push_beneath("own.path", &within.path)
            .push(")");
        });
    }
    if let Some(code) = &filter.attribute {
        let attribute = unit_attribute(caller, code).await?;
        find = find.filter("r.attribute_id = ?", [attribute.id.value()]);
    }
    if let Some(source) = filter.source {
        find = find.filter("r.source = ?", [source.value()]);
    }
    if let Some(on) = filter.as_of {
        find = find.holding_on(on);
    } else if page.updated_since.is_none() {
        find = find.filter("not r.retracted", []);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

type Name = (String, String);

/// What the rows of a batch refer to.
struct Named {
    units: HashMap<Reference, Arc<OrgUnit>>,
    attributes: HashMap<String, UnitAttribute>,
    clients: HashMap<String, PrincipalId>,
    successors: Successors,
}

/// A row that is right in itself.
struct Ready<'n> {
    row: usize,
    input: PushUnitAttributeValue,
    unit: &'n OrgUnit,
    key: AttributeKey,
    name: Option<Name>,
}

/// Pushes what attributes hold of units: new values, corrections, and what is taken back.
pub async fn push_attribute_values(
    caller: &Caller,
    batch: Vec<BatchRow<PushUnitAttributeValue>>,
    options: BatchOptions,
) -> Result<BatchReport> {
    caller.require(Action::PushAttributeValues)?;
    let most = caller.app().settings().batch_rows;
    if batch.len() > most {
        let detail = format!("a batch has at most {most} rows; send several");
        return Err(Error::invalid("", "too_many_rows", detail));
    }
    let (mut verdicts, rows) = Verdicts::split(batch);
    let named = resolve(caller, &rows).await?;
    let ready = judge(caller, rows, &named, &mut verdicts);
    if ready.is_empty() {
        return verdicts.finish(options);
    }
    let units: Vec<&OrgUnit> = ready.iter().map(|row| row.unit).collect();
    let mut tx = caller.begin(Action::PushAttributeValues, &units[..]).await?;
    let there = There::read(&tx, &ready).await?;
    let changes = decide(caller, &tx, ready, &there, &mut verdicts);
    let report = verdicts.finish(options)?;
    if options.dry_run {
        return Ok(report);
    }
    let leaves = |(before, after): &&Change| {
        let day = before.as_ref().filter(|before| !before.retracted).map(key_of);
        day.is_some_and(|day| after.retracted || day != key_of(after))
    };
    let leaving: Vec<AttributeValueId> = changes.iter().filter(leaves).map(|(_, after)| after.id).collect();
    let values: Vec<UnitAttributeValue> = changes.into_iter().map(|(_, after)| after).collect();
    tx.put_attribute_values(&values, &leaving).await?;
    tx.commit(report).await
}

async fn resolve(caller: &Caller, rows: &[(usize, PushUnitAttributeValue)]) -> Result<Named> {
    let platform = caller.platform();
    let store = platform.store();
    let units = caller.named_units(rows.iter().map(|(_, row)| &row.unit)).await?;
    let codes: BTreeSet<String> = rows.iter().map(|(_, row)| row.attribute.clone()).collect();
    let attributes = store
        .attributes_by_code(&codes.into_iter().collect::<Vec<_>>())
        .await?;
    let clients = sources::owners(store, rows.iter().filter_map(|(_, row)| row.source.as_ref())).await?;
    Ok(Named {
        successors: Successors::of(store, units.values().map(|unit| &**unit)).await?,
        units,
        attributes,
        clients,
    })
}

fn may_push(caller: &Caller, unit: &OrgUnit) -> bool {
    caller.scope().may_write(Action::PushAttributeValues, unit)
}

/// Every rule that a row can be judged by alone, and rows that are in the batch twice.
fn judge<'n>(
    caller: &Caller,
    rows: Vec<(usize, PushUnitAttributeValue)>,
    named: &'n Named,
    verdicts: &mut Verdicts,
) -> Vec<Ready<'n>> {
    let numeric_ids = caller.client().is_some_and(|client| client.numeric_ids);
    let reads = caller.scope().system || caller.scope().token_allows(Action::ReadDirectory);
    let mut ready = Vec::with_capacity(rows.len());
    let (mut keys, mut names) = (HashMap::new(), HashMap::new());
    for (row, input) in rows {
        let mut found = input.check(numeric_ids);
        found.extend(sources::refuse_source(
            caller,
            input.source.as_ref(),
            &named.clients,
        ));
        let unit = match named.units.get(&input.unit).map(|unit| &**unit) {
            Some(unit) if may_push(caller, unit) => {
                let mut of_unit = input.check_unit(unit);
                named.successors.name_in(unit.id, &mut of_unit);
                found.extend(of_unit);
                Some(unit)
            }
            Some(_) if reads => {
                let detail = "you may read of this unit but not push its attributes";
                found.push(Violation::new("/unit", "forbidden", detail));
                None
            }
            _ => {
                let detail = format!("there is no unit `{}`", input.unit);
                found.push(Violation::new("/unit", "not_found", detail));
                None
            }
        };
        let attribute = named.attributes.get(&input.attribute);
        match attribute {
            Some(attribute) => found.extend(input.check_value(attribute)),
            None => {
                let detail = format!("there is no attribute `{}`", input.attribute);
                found.push(Violation::new("/attribute", "not_found", detail));
            }
        }
        let (Some(unit), Some(attribute), true) = (unit, attribute, found.is_empty()) else {
            verdicts.reject(row, found);
            continue;
        };
        let key = (unit.id, attribute.id, input.from);
        let name = input.source.clone().zip(input.external_id.clone());
        let twice = match (keys.get(&key), name.as_ref().and_then(|name| names.get(name))) {
            (Some(first), _) => Some(("", first)),
            (None, Some(first)) => Some(("/externalId", first)),
            (None, None) => None,
        };
        if let Some((pointer, first)) = twice {
            let detail = format!("row {first} of this batch is about the same value");
            verdicts.refuse(row, pointer, "twice_in_batch", detail);
            continue;
        }
        keys.insert(key, row);
        if let Some(name) = &name {
            names.insert(name.clone(), row);
        }
        ready.push(Ready {
            row,
            input,
            unit,
            key,
            name,
        });
    }
    ready
}

/// What the rows of a batch meet in the database.
struct There {
    by_id: HashMap<AttributeValueId, UnitAttributeValue>,
    by_key: HashMap<AttributeKey, AttributeValueId>,
    taken_back: HashMap<AttributeKey, Vec<AttributeValueId>>,
    by_name: HashMap<Name, AttributeValueId>,
    /// The units of values that a name leads to.
    units: HashMap<UnitId, OrgUnit>,
}

impl There {
    async fn read(tx: &Tx, ready: &[Ready<'_>]) -> Result<Self> {
        let units: BTreeSet<UnitId> = ready.iter().map(|row| row.key.0).collect();
        let attributes: BTreeSet<AttributeId> = ready.iter().map(|row| row.key.1).collect();
        let names: Vec<Name> = ready.iter().filter_map(|row| row.name.clone()).collect();
        let rows = tx
            .attribute_values_met(
                &units.into_iter().collect::<Vec<_>>(),
                &attributes.into_iter().collect::<Vec<_>>(),
                &names,
            )
            .await?;
        let elsewhere: BTreeSet<UnitId> = rows.iter().map(|value| value.unit_id).collect();
        let elsewhere: Vec<UnitId> = elsewhere.into_iter().collect();
        let mut there = Self {
            by_id: HashMap::with_capacity(rows.len()),
            by_key: HashMap::with_capacity(rows.len()),
            taken_back: HashMap::new(),
            by_name: HashMap::new(),
            units: tx.find::<OrgUnit>().ids(&elsewhere).by_id().await?,
        };
        for value in rows {
            if value.retracted {
                there.taken_back.entry(key_of(&value)).or_default().push(value.id);
            } else {
                there.by_key.insert(key_of(&value), value.id);
            }
            if let Some(name) = name_of(&value) {
                there.by_name.insert(name, value.id);
            }
            there.by_id.insert(value.id, value);
        }
        Ok(there)
    }

    /// The value that a row is about, if there is one: the one of its name, else the one of its day, else one of its
    /// day that was taken back and that nobody else holds.
    fn target(&self, caller: &Caller, row: &Ready<'_>) -> Option<&UnitAttributeValue> {
        let named = row.name.as_ref().and_then(|name| self.by_name.get(name));
        let back = || {
            let old = self.taken_back.get(&row.key)?;
            let free = |id: &&AttributeValueId| {
                let value = self.by_id.get(*id);
                value.is_some_and(|value| is_free(caller, value, row))
            };
            old.iter().filter(free).max()
        };
        let id = named.or_else(|| self.by_key.get(&row.key)).or_else(back)?;
        self.by_id.get(id)
    }
}

fn key_of(value: &UnitAttributeValue) -> AttributeKey {
    (value.unit_id, value.attribute_id, value.valid_from)
}

fn name_of(value: &UnitAttributeValue) -> Option<Name> {
    value.source.clone().zip(value.external_id.clone())
}

/// Whether nobody but the row's own source holds the value; what people have recorded is no tool's.
fn is_free(caller: &Caller, there: &UnitAttributeValue, row: &Ready<'_>) -> bool {
    match (name_of(there), &row.name) {
        (None, _) => caller.client().is_none(),
        (Some(held), Some(name)) => held == *name,
        (Some((source, _)), None) => caller.scope().sources.contains(&source),
    }
}

/// Why a row may not touch what it is about.
fn refusal(
    caller: &Caller,
    before: Option<&UnitAttributeValue>,
    row: &Ready<'_>,
    there: &There,
) -> Option<Violation> {
    let Some(before) = before else {
        return row.input.retracted.then(|| {
            let detail = "there is no such value that could be taken back";
            Violation::new("", "not_found", detail)
        });
    };
    let unit = there.units.get(&before.unit_id);
    if !unit.is_some_and(|unit| may_push(caller, unit)) {
        let detail = "this externalId is in use for this source";
        return Some(Violation::new("/externalId", "external_id_taken", detail));
    }
    if is_free(caller, before, row) || row.input.take_over || caller.scope().system {
        return None;
    }
    Some(if row.name.is_some() && before.source == row.input.source {
        let detail = "this value is there under another externalId of your source; `takeOver` renames it";
        Violation::new("/externalId", "held_by_another_name", detail)
    } else {
        let detail = "another source holds this value; `takeOver` takes it over";
        Violation::new("/source", "held_by_another_source", detail)
    })
}

type Change = (Option<UnitAttributeValue>, UnitAttributeValue);

/// What becomes of each row; the changes that the good ones make.
fn decide(
    caller: &Caller,
    tx: &Tx,
    ready: Vec<Ready<'_>>,
    there: &There,
    verdicts: &mut Verdicts,
) -> Vec<Change> {
    let mut changes: Vec<(usize, Change)> = Vec::new();
    let mut met = HashSet::new();
    for row in ready {
        let before = there.target(caller, &row);
        if let Some(refusal) = refusal(caller, before, &row, there) {
            verdicts.reject(row.row, vec![refusal]);
            continue;
        }
        if let Some(before) = before
            && !met.insert(before.id)
        {
            let detail = "an earlier row of this batch is about the same value";
            verdicts.refuse(row.row, "/externalId", "twice_in_batch", detail);
            continue;
        }
        let after = state(caller, tx, before, &row);
        match before {
            Some(before) if before.says_the_same(&after) => {
                verdicts.accept(row.row, RowStatus::Unchanged, before.id.0);
            }
            _ => changes.push((row.row, (before.cloned(), after))),
        }
    }
    refuse_taken_days(&mut changes, there, verdicts);
    for (row, (before, after)) in &changes {
        let status = if before.is_some() {
            RowStatus::Updated
        } else {
            RowStatus::Inserted
        };
        verdicts.accept(*row, status, after.id.0);
    }
    changes.into_iter().map(|(_, change)| change).collect()
}

/// The value as the row says it; taken back, it stays what it was.
fn state(
    caller: &Caller,
    tx: &Tx,
    before: Option<&UnitAttributeValue>,
    row: &Ready<'_>,
) -> UnitAttributeValue {
    let version = before.map_or(1, |before| before.version + 1);
    if let (Some(before), true) = (before, row.input.retracted) {
        return UnitAttributeValue {
            retracted: true,
            recorded_by: caller.principal().id,
            recorded_at: tx.now(),
            version,
            ..before.clone()
        };
    }
    let name = match (&row.name, before) {
        (Some(name), _) => Some(name.clone()),
        // A row without a name leaves the name of what it may touch.
        (None, Some(before)) if is_free(caller, before, row) => name_of(before),
        (None, _) => None,
    };
    let (source, external_id) = name.unzip();
    let (unit_id, attribute_id, valid_from) = row.key;
    UnitAttributeValue {
        id: before.map_or_else(fresh, |before| before.id),
        unit_id,
        attribute_id,
        valid_from,
        valid_to: row.input.to,
        // Adding 0 turns -0 into 0.
        number: row.input.number.map(|number| number + 0.0),
        value_text: row.input.value.clone(),
        source,
        external_id,
        recorded_by: caller.principal().id,
        recorded_at: tx.now(),
        retracted: false,
        version,
    }
}

/// Refuses corrections that would land on the day of a value that stays there. A refused row keeps its own day, so
/// that it may in turn be in the way of another.
fn refuse_taken_days(changes: &mut Vec<(usize, Change)>, there: &There, verdicts: &mut Verdicts) {
    loop {
        let mut held = there.by_key.clone();
        for (_, (before, _)) in changes.iter() {
            if let Some(before) = before.as_ref().filter(|before| !before.retracted) {
                held.remove(&key_of(before));
            }
        }
        let mut refused = HashSet::new();
        for (row, (_, after)) in changes.iter().filter(|(_, (_, after))| !after.retracted) {
            if held.insert(key_of(after), after.id).is_some() {
                refused.insert(*row);
                let detail = "another value is there for this unit and attribute from this day on";
                verdicts.refuse(*row, "/from", "key_taken", detail);
            }
        }
        if refused.is_empty() {
            return;
        }
        changes.retain(|(row, _)| !refused.contains(row));
    }
}

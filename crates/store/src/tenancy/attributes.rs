//! Attributes of units, as rows.

use std::collections::HashMap;

use spiral_domain::tenancy::{
    AttributeType, HeldAttribute, OrgUnit, UnitAttribute, UnitAttributeValue, Wanted,
};
use spiral_domain::{AttributeId, AttributeValueId, Date, PrincipalId, Result, Timestamp, UnitId};

use super::Coded;
use crate::record::{Scoping, record};
use crate::sql::Sql;
use crate::store::{Find, Store};
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

as_json_text!(AttributeType);

record!(UnitAttribute, 52, "unit_attribute", "attribute", "unit_attributes", Scoping::Directory, {
    id: AttributeId, code: String, name: String, description: Option<String>, value_type: AttributeType,
    unit_of_measure: Option<String>, minimum: Option<f64>, maximum: Option<f64>, value_list: Vec<String>,
    index_name: Option<String>, edition: Option<String>, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(UnitAttributeValue, 53, "unit_attribute_value", "attribute value", "unit_attribute_values", Scoping::Directory, {
    id: AttributeValueId, unit_id: UnitId, attribute_id: AttributeId, valid_from: Date, valid_to: Option<Date>,
    number: Option<f64>, value_text: Option<String>, source: Option<String>, external_id: Option<String>,
    recorded_by: PrincipalId, recorded_at: Timestamp, retracted: bool, version: i64,
});

impl Coded for UnitAttribute {
    fn code(&self) -> &str {
        &self.code
    }
}

/// A unit, an attribute and the day from which something holds: there is one value for each.
pub type AttributeKey = (UnitId, AttributeId, Date);

/// Goes on with the condition that a value holds on a day: it began, has not ended, and none began after it.
fn push_holding(sql: &mut Sql, value: &str, on: Date) {
    sql.push_with(
        &format!(
            "not {value}.retracted and {value}.valid_from <= ? and ({value}.valid_to is null or {value}.valid_to >= ?) \
             and not exists (select 1 from unit_attribute_values later where later.tenant_id = {value}.tenant_id \
             and later.unit_id = {value}.unit_id and later.attribute_id = {value}.attribute_id \
             and not later.retracted and later.valid_from > {value}.valid_from and later.valid_from <= ?)"
        ),
        [on.value(), on.value(), on.value()],
    );
}

impl Find<'_, UnitAttributeValue> {
    /// Narrows it to what holds on a day.
    #[must_use]
    pub fn holding_on(self, on: Date) -> Self {
        self.with(|sql| push_holding(sql, "r", on))
    }
}

impl Find<'_, OrgUnit> {
    /// Narrows it to units of which an attribute is so on a day.
    #[must_use]
    pub fn having(self, attribute: AttributeId, wanted: &Wanted, on: Date) -> Self {
        self.with(|sql| {
            sql.push(
                "exists (select 1 from unit_attribute_values held where held.tenant_id = r.tenant_id \
                 and held.unit_id = r.id and held.attribute_id = ",
            )
            .bind(attribute)
            .push(" and ");
            match wanted {
                Wanted::OneOf(values) => sql.push_in_text("held.value_text", values),
                Wanted::Between(least, most) => sql.push_with(
                    "held.number >= ? and held.number <= ?",
                    [least.value(), most.value()],
                ),
            };
            sql.push(" and ");
            push_holding(sql, "held", on);
            sql.push(")");
        })
    }
}

impl Store {
    /// Attributes by code.
    pub async fn attributes_by_code(&self, codes: &[String]) -> Result<HashMap<String, UnitAttribute>> {
        if codes.is_empty() {
            return Ok(HashMap::new());
        }
        let find = self.find::<UnitAttribute>().with(|sql| {
            sql.push_in_text("r.code", codes);
        });
        let found = find.all("r.id").await?;
        Ok(found
            .into_iter()
            .map(|attribute| (attribute.code.clone(), attribute))
            .collect())
    }

    /// What holds of each of these units on a day, by the codes of the attributes.
    pub async fn attributes_held(
        &self,
        units: &[UnitId],
        on: Date,
    ) -> Result<HashMap<UnitId, Vec<HeldAttribute>>> {
        let mut sql = self.sql(
            "select v.unit_id, a.code, a.name, a.value_type, v.number, a.unit_of_measure, v.value_text, v.valid_from, \
             v.valid_to, a.index_name, a.edition, v.source, (select min(n.valid_from) from unit_attribute_values n \
             where n.tenant_id = v.tenant_id and n.unit_id = v.unit_id and n.attribute_id = v.attribute_id \
             and not n.retracted and n.valid_from > v.valid_from) from unit_attribute_values v \
             join unit_attributes a on a.tenant_id = v.tenant_id and a.id = v.attribute_id where v.tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("v.unit_id", units).push(" and ");
        push_holding(&mut sql, "v", on);
        sql.push(" order by v.unit_id, a.code");
        let mut held: HashMap<UnitId, Vec<HeldAttribute>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let (ends, next): (Option<Date>, Option<Date>) = (row.get(8)?, row.get(12)?);
            let ended_by_next = next.map(Date::previous);
            let attribute = HeldAttribute {
                attribute: row.get(1)?,
                name: row.get(2)?,
                value_type: row.get(3)?,
                number: row.get(4)?,
                unit_of_measure: row.get(5)?,
                value: row.get(6)?,
                from: row.get(7)?,
                to: ends.into_iter().chain(ended_by_next).min(),
                index_name: row.get(9)?,
                edition: row.get(10)?,
                source: row.get(11)?,
            };
            held.entry(row.get(0)?).or_default().push(attribute);
        }
        Ok(held)
    }

    /// Every value, taken back or not, of these units and attributes, and every one of these names.
    pub async fn attribute_values_met(
        &self,
        units: &[UnitId],
        attributes: &[AttributeId],
        names: &[(String, String)],
    ) -> Result<Vec<UnitAttributeValue>> {
        let (sources, externals): (Vec<String>, Vec<String>) = names.iter().cloned().unzip();
        let find = self.find_all::<UnitAttributeValue>().with(|sql| {
            sql.push("(")
                .push_in("r.unit_id", units)
                .push(" and ")
                .push_in("r.attribute_id", attributes);
            if !names.is_empty() {
                sql.push(" or ")
                    .push_in_text("r.external_id", &externals)
                    .push(" and ")
                    .push_in_text("r.source", &sources);
            }
            sql.push(")");
        });
        find.all("r.id").await
    }
}

impl Tx {
    /// Adds an attribute.
    pub async fn add_attribute(&mut self, attribute: &UnitAttribute) -> Result<()> {
        self.insert(attribute).await
    }

    /// Writes values. Those that leave a day leave it first, so that others of the same batch may come there.
    pub async fn put_attribute_values(
        &mut self,
        values: &[UnitAttributeValue],
        leaving: &[AttributeValueId],
    ) -> Result<()> {
        if !leaving.is_empty() {
            let mut sql = self.sql(
                "update unit_attribute_values set retracted = ? where tenant_id = ? and ",
                [true.value(), self.scope.tenant.value()],
            );
            sql.push_in("id", leaving);
            self.execute(sql).await?;
        }
        self.put_all(values).await
    }
}

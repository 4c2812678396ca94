//! Attributes of units: a vocabulary of the tenant's own, and what holds of a unit from a day on.

use serde::{Deserialize, Serialize};

use super::{OrgUnit, check_external_pair};
use crate::error::{Result, Violation, Violations};
use crate::ids::{AttributeId, AttributeValueId, PrincipalId, UnitId};
use crate::measures::{is_dimension_code, is_stratum_value};
use crate::reference::Reference;
use crate::screening::carries_nhs_number;
use crate::text::{check_optional_text, check_text};
use crate::time::{Date, Timestamp};

/// What sort of value an attribute has.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// A number.
    Number,
    /// One of several values that have an order.
    Ordered,
    /// One of several values without an order.
    Unordered,
}

/// A word of the tenant's vocabulary for what may hold of a unit. A declaration does not change: another edition is
/// another attribute, with another code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct UnitAttribute {
    /// Its id.
    pub id: AttributeId,
    /// Its code, unique in the tenant.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it says of a unit.
    pub description: Option<String>,
    /// What sort of value it has.
    pub value_type: AttributeType,
    /// What a number counts.
    pub unit_of_measure: Option<String>,
    /// The least number.
    pub minimum: Option<f64>,
    /// The greatest number.
    pub maximum: Option<f64>,
    /// Its values, in order where they have one; none for a number.
    #[serde(rename = "values")]
    #[graphql(name = "values")]
    pub value_list: Vec<String>,
    /// The index or classification that it is taken from.
    pub index_name: Option<String>,
    /// Which edition of it.
    pub edition: Option<String>,
    /// Row version.
    pub version: i64,
    /// When it was declared.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Declares an attribute.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclareUnitAttribute {
    /// Its code: 1 to 63 letters, digits, `.`, `_`, `-`, beginning with a letter.
    #[schema(max_length = 63, example = "rurality")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Rurality")]
    pub name: String,
    /// What it says of a unit.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// What sort of value it has.
    #[schema(example = "unordered")]
    pub value_type: AttributeType,
    /// What a number counts.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub unit_of_measure: Option<String>,
    /// The least number.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// The greatest number.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// Its values, in order where they have one: 1 to 32 letters, digits, `.`, `_`, `-` each; none for a number.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 100, example = json!(["urban", "rural"]))]
    pub values: Vec<String>,
    /// The index or classification that it is taken from.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub index_name: Option<String>,
    /// Which edition of it.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub edition: Option<String>,
}

const PATIENT: &str = "carries what reads as an NHS number; patient data is refused";

impl DeclareUnitAttribute {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        if !is_dimension_code(&self.code) {
            let detail =
                "an attribute's code has 1 to 63 letters, digits, `.`, `_`, `-` and begins with a letter";
            found.add("/code", "code_format", detail);
        } else if carries_nhs_number(&self.code) {
            found.add("/code", "patient_identifier", PATIENT);
        }
        check_text(&mut found, "/name", &self.name, 200);
        check_optional_text(&mut found, "/description", self.description.as_deref(), 2000);
        check_optional_text(&mut found, "/unitOfMeasure", self.unit_of_measure.as_deref(), 63);
        check_optional_text(&mut found, "/indexName", self.index_name.as_deref(), 200);
        check_optional_text(&mut found, "/edition", self.edition.as_deref(), 100);
        if self.edition.is_some() {
            found.require(self.index_name.is_some(), "/indexName", "missing", || {
                "an edition is one of an index".into()
            });
        }
        self.check_values(&mut found);
        found.into_result()
    }

    fn check_values(&self, found: &mut Violations) {
        if self.value_type == AttributeType::Number {
            found.require(self.values.is_empty(), "/values", "not_of_this_type", || {
                "a number has bounds, no list of values".into()
            });
            for (pointer, bound) in [("/minimum", self.minimum), ("/maximum", self.maximum)] {
                found.require(bound.is_none_or(f64::is_finite), pointer, "out_of_range", || {
                    "a bound is a number".into()
                });
            }
            if let (Some(least), Some(most)) = (self.minimum, self.maximum) {
                found.require(least <= most, "/maximum", "out_of_range", || {
                    format!("{most} is less than {least}")
                });
            }
            return;
        }
        for (pointer, given) in [
            ("/unitOfMeasure", self.unit_of_measure.is_some()),
            ("/minimum", self.minimum.is_some()),
            ("/maximum", self.maximum.is_some()),
        ] {
            found.require(!given, pointer, "not_of_this_type", || {
                "only a number has a unit and bounds".into()
            });
        }
        found.require(
            (1..=100).contains(&self.values.len()),
            "/values",
            "out_of_range",
            || "an attribute that is no number has 1 to 100 values".into(),
        );
        for (n, value) in self.values.iter().enumerate().take(100) {
            let pointer = format!("/values/{n}");
            if !is_stratum_value(value) || value.contains("..") {
                let detail = "a value has 1 to 32 letters, digits, `.`, `_`, `-`, and no two dots in a row";
                found.add(pointer, "value_format", detail);
            } else if carries_nhs_number(value) {
                found.add(pointer, "patient_identifier", PATIENT);
            } else if self.values[..n].contains(value) {
                found.add(pointer, "twice", format!("the value `{value}` is given twice"));
            }
        }
    }
}

/// What is looked for among an attribute's values.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// One of these values.
    OneOf(Vec<String>),
    /// A number from one bound to the other, both included.
    Between(f64, f64),
}

impl UnitAttribute {
    /// What a filter looks for: a value (`rural`, `4100`), or a range of numbers or of values in order (`2..4`,
    /// `5000..`); what is wrong with it, in words.
    pub fn wanted(&self, text: &str) -> Result<Wanted, String> {
        let ends = text.split_once("..");
        if self.value_type == AttributeType::Number {
            let bound = |text: &str, open: f64| match text.parse::<f64>() {
                _ if text.is_empty() => Ok(open),
                Ok(number) if number.is_finite() => Ok(number),
                _ => Err(format!("`{text}` is not a number")),
            };
            let (least, most) = match ends {
                Some((least, most)) => (bound(least, f64::MIN)?, bound(most, f64::MAX)?),
                None if text.is_empty() => return Err("no number is given".into()),
                None => (bound(text, 0.0)?, bound(text, 0.0)?),
            };
            return Ok(Wanted::Between(least, most));
        }
        let place = |value: &str| {
            let at = self.value_list.iter().position(|own| own == value);
            at.ok_or_else(|| format!("`{}` has no value `{value}`", self.code))
        };
        let Some((least, most)) = ends else {
            place(text)?;
            return Ok(Wanted::OneOf(vec![text.to_owned()]));
        };
        if self.value_type == AttributeType::Unordered {
            return Err(format!("the values of `{}` have no order", self.code));
        }
        let first = if least.is_empty() { 0 } else { place(least)? };
        let last = if most.is_empty() {
            self.value_list.len().saturating_sub(1)
        } else {
            place(most)?
        };
        let wanted = self.value_list.get(first..=last).unwrap_or_default();
        Ok(Wanted::OneOf(wanted.to_vec()))
    }
}

/// What holds of a unit from a day on: until the day before the next value of the same attribute, or until `to` if
/// that is earlier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "UnitAttributeValueRecord")]
pub struct UnitAttributeValue {
    /// Its id.
    pub id: AttributeValueId,
    /// The unit.
    pub unit_id: UnitId,
    /// The attribute.
    pub attribute_id: AttributeId,
    /// The first day on which it holds.
    #[serde(rename = "from")]
    #[graphql(name = "from")]
    pub valid_from: Date,
    /// The last day on which it holds, where one was given.
    #[serde(rename = "to")]
    #[graphql(name = "to")]
    pub valid_to: Option<Date>,
    /// The number.
    pub number: Option<f64>,
    /// The value.
    #[serde(rename = "value")]
    #[graphql(name = "value")]
    pub value_text: Option<String>,
    /// Who pushed it, as which source.
    pub source: Option<String>,
    /// What that source calls it.
    pub external_id: Option<String>,
    /// Who recorded it last.
    pub recorded_by: PrincipalId,
    /// When.
    pub recorded_at: Timestamp,
    /// Whether it was taken back.
    pub retracted: bool,
    /// Row version.
    pub version: i64,
}

impl UnitAttributeValue {
    /// Whether both say the same, whoever recorded it when.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let aside = |value: &Self| Self {
            recorded_by: self.recorded_by,
            recorded_at: self.recorded_at,
            version: self.version,
            ..value.clone()
        };
        // What was taken back says nothing but that.
        self.retracted && other.retracted || aside(self) == aside(other)
    }
}

/// What holds of a unit on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct HeldAttribute {
    /// The code of the attribute.
    pub attribute: String,
    /// Its name.
    pub name: String,
    /// What sort of value it has.
    pub value_type: AttributeType,
    /// The number.
    pub number: Option<f64>,
    /// What the number counts.
    pub unit_of_measure: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// The first day on which it holds.
    pub from: Date,
    /// The last day on which it holds; null as long as nothing ends it.
    pub to: Option<Date>,
    /// The index or classification that it is taken from.
    pub index_name: Option<String>,
    /// Which edition of it.
    pub edition: Option<String>,
    /// Who pushed it, as which source.
    pub source: Option<String>,
}

/// A row of what holds of units. The same unit, attribute and `from` again replace the value.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushUnitAttributeValue {
    /// The unit.
    pub unit: Reference,
    /// The attribute, by its code.
    #[schema(max_length = 63, example = "rurality")]
    pub attribute: String,
    /// The first day on which it holds; it ends the value before.
    pub from: Date,
    /// The last day on which it holds; without one, until the next value.
    #[serde(default)]
    pub to: Option<Date>,
    /// The number, for an attribute that is one.
    #[serde(default)]
    pub number: Option<f64>,
    /// The value, for any other.
    #[serde(default)]
    #[schema(max_length = 32, example = "rural")]
    pub value: Option<String>,
    /// Who pushes it: a source of the API client. With `externalId` or not at all.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that source calls it: names the row, so that another unit, attribute or day is a correction.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Takes the value back; the one before then holds on. The value in the row is not read.
    #[serde(default)]
    pub retracted: bool,
    /// Takes the row over from another source that holds it.
    #[serde(default)]
    pub take_over: bool,
}

impl PushUnitAttributeValue {
    /// The rules that need neither database nor attribute.
    pub fn check(&self, numeric_ids: bool) -> Vec<Violation> {
        let mut found = Violations::new();
        check_external_pair(
            &mut found,
            self.source.as_deref(),
            self.external_id.as_deref(),
            numeric_ids,
        );
        let days = [("/from", Some(self.from)), ("/to", self.to)];
        for (pointer, day) in days {
            found.require(
                day.is_none_or(Date::is_plausible),
                pointer,
                "out_of_range",
                || "a date is between 1900 and 2200".into(),
            );
        }
        if let Some(to) = self.to {
            found.require(self.from <= to, "/to", "ends_before_start", || {
                format!("ends on {to}, before it begins on {}", self.from)
            });
        }
        found.into_vec()
    }

    /// The rules of the attribute: what sort of value, and which.
    pub fn check_value(&self, attribute: &UnitAttribute) -> Vec<Violation> {
        let mut found = Violations::new();
        if self.retracted {
            return Vec::new();
        }
        let code = &attribute.code;
        if attribute.value_type == AttributeType::Number {
            found.require(self.value.is_none(), "/value", "not_of_this_type", || {
                format!("`{code}` is a number")
            });
            match self.number {
                None => found.add("/number", "missing", format!("`{code}` is a number")),
                Some(number) => {
                    let least = attribute.minimum.unwrap_or(f64::MIN);
                    let most = attribute.maximum.unwrap_or(f64::MAX);
                    let fits = number.is_finite() && least <= number && number <= most;
                    found.require(fits, "/number", "out_of_range", || {
                        match (attribute.minimum, attribute.maximum) {
                            (Some(least), Some(most)) => format!("`{code}` is between {least} and {most}"),
                            (Some(least), None) => format!("`{code}` is at least {least}"),
                            (None, Some(most)) => format!("`{code}` is at most {most}"),
                            (None, None) => format!("`{code}` is a number"),
                        }
                    });
                }
            }
        } else {
            found.require(self.number.is_none(), "/number", "not_of_this_type", || {
                format!("`{code}` is one of its values")
            });
            match &self.value {
                None => found.add("/value", "missing", format!("`{code}` is one of its values")),
                Some(value) => {
                    let known = attribute.value_list.contains(value);
                    found.require(known, "/value", "unknown_value", || {
                        format!("`{code}` is one of: {}", attribute.value_list.join(", "))
                    });
                }
            }
        }
        found.into_vec()
    }

    /// Nothing new holds of a unit that has closed.
    pub fn check_unit(&self, unit: &OrgUnit) -> Vec<Violation> {
        match unit.closed_on {
            Some(closed) if closed < self.from && !self.retracted => {
                let detail = format!("the unit closed on {closed}, before {}", self.from);
                vec![Violation::new("/unit", "unit_closed", detail)]
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn declare(more: Value) -> Vec<(String, String)> {
        let mut input = json!({"code": "rurality", "name": "Rurality", "valueType": "unordered"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let input: DeclareUnitAttribute = serde_json::from_value(input).unwrap();
        match input.check() {
            Ok(()) => Vec::new(),
            Err(error) => error
                .violations()
                .into_iter()
                .map(|found| (found.pointer, found.code))
                .collect(),
        }
    }

    #[test]
    fn a_declaration_fits_its_type() {
        let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        assert_eq!(declare(json!({"values": ["urban", "rural"]})), []);
        assert_eq!(
            declare(json!({"code": "listSize", "valueType": "number", "minimum": 0})),
            []
        );
        assert_eq!(declare(json!({})), one("/values", "out_of_range"));
        assert_eq!(declare(json!({"values": ["a", "a"]})), one("/values/1", "twice"));
        assert_eq!(
            declare(json!({"values": ["a..b"]})),
            one("/values/0", "value_format")
        );
        assert_eq!(
            declare(json!({"values": ["a"], "minimum": 1})),
            one("/minimum", "not_of_this_type")
        );
        let number = |more: Value| {
            let mut input = json!({"valueType": "number"});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            declare(input)
        };
        assert_eq!(
            number(json!({"values": ["a"]})),
            one("/values", "not_of_this_type")
        );
        assert_eq!(
            number(json!({"minimum": 2, "maximum": 1})),
            one("/maximum", "out_of_range")
        );
        assert_eq!(number(json!({"edition": "2004"})), one("/indexName", "missing"));
    }

    fn attribute(value_type: AttributeType, values: &[&str]) -> UnitAttribute {
        let now = Timestamp::from_micros(0);
        UnitAttribute {
            id: AttributeId(uuid::Uuid::nil()),
            code: "a".into(),
            name: "a".into(),
            description: None,
            value_type,
            unit_of_measure: None,
            minimum: (value_type == AttributeType::Number).then_some(0.0),
            maximum: None,
            value_list: values.iter().map(|value| (*value).to_owned()).collect(),
            index_name: None,
            edition: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_filter_says_a_value_or_a_range() {
        let number = attribute(AttributeType::Number, &[]);
        assert_eq!(number.wanted("4100"), Ok(Wanted::Between(4100.0, 4100.0)));
        assert_eq!(number.wanted("1..2.5"), Ok(Wanted::Between(1.0, 2.5)));
        assert_eq!(number.wanted("5000.."), Ok(Wanted::Between(5000.0, f64::MAX)));
        assert_eq!(number.wanted("..10"), Ok(Wanted::Between(f64::MIN, 10.0)));
        for wrong in ["", "many", "NaN", "inf..2"] {
            assert!(number.wanted(wrong).is_err(), "{wrong}");
        }
        let one_of = |values: &[&str]| {
            Ok(Wanted::OneOf(
                values.iter().map(|value| (*value).to_owned()).collect(),
            ))
        };
        let ordered = attribute(AttributeType::Ordered, &["1", "2", "3", "4", "5"]);
        assert_eq!(ordered.wanted("4"), one_of(&["4"]));
        assert_eq!(ordered.wanted("4.."), one_of(&["4", "5"]));
        assert_eq!(ordered.wanted("..2"), one_of(&["1", "2"]));
        assert_eq!(ordered.wanted("4..2"), one_of(&[]));
        assert!(ordered.wanted("6").is_err());
        let unordered = attribute(AttributeType::Unordered, &["urban", "rural"]);
        assert_eq!(unordered.wanted("rural"), one_of(&["rural"]));
        assert!(unordered.wanted("urban..").is_err());
    }

    #[test]
    fn a_row_fits_its_attribute() {
        let row = |more: Value| -> PushUnitAttributeValue {
            let mut input = json!({"unit": "code:u", "attribute": "a", "from": "2006-04-01"});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            serde_json::from_value(input).unwrap()
        };
        let codes = |more: Value, attribute: &UnitAttribute| -> Vec<String> {
            let row = row(more);
            let mut found = row.check(false);
            found.extend(row.check_value(attribute));
            found
                .into_iter()
                .map(|found| found.pointer + " " + &found.code)
                .collect()
        };
        let number = attribute(AttributeType::Number, &[]);
        let listed = attribute(AttributeType::Ordered, &["1", "2"]);
        assert_eq!(codes(json!({"number": 3}), &number), Vec::<String>::new());
        assert_eq!(codes(json!({"number": -1}), &number), ["/number out_of_range"]);
        assert_eq!(codes(json!({}), &number), ["/number missing"]);
        assert_eq!(
            codes(json!({"number": 1, "value": "1"}), &number),
            ["/value not_of_this_type"]
        );
        assert_eq!(codes(json!({"value": "2"}), &listed), Vec::<String>::new());
        assert_eq!(codes(json!({"value": "3"}), &listed), ["/value unknown_value"]);
        assert_eq!(codes(json!({"retracted": true}), &listed), Vec::<String>::new());
        assert_eq!(
            codes(json!({"value": "2", "to": "2006-03-31"}), &listed),
            ["/to ends_before_start"]
        );
        assert_eq!(
            codes(json!({"value": "2", "source": "tool"}), &listed),
            ["/externalId missing"]
        );
    }
}

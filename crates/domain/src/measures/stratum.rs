//! Strata: which value of which dimension.

use std::collections::BTreeMap;
use std::fmt;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use super::is_dimension_code;

/// A value for each dimension that splits; empty for the unsplit whole. In JSON an object
/// (`{"imdQuintile": "5"}`), in a CSV cell its text (`imdQuintile=5`, several joined by `;`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stratum(BTreeMap<String, String>);

impl Stratum {
    /// The unsplit whole.
    pub fn whole() -> Self {
        Self::default()
    }

    /// One value of one dimension.
    pub fn of(dimension: &str, value: &str) -> Self {
        Self(BTreeMap::from([(dimension.to_owned(), value.to_owned())]))
    }

    /// Whether it is the unsplit whole.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// How many dimensions split it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no dimension splits it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The dimension and value, if just one dimension splits it.
    pub fn single(&self) -> Option<(&str, &str)> {
        let mut pairs = self.pairs();
        pairs.next().filter(|_| self.0.len() == 1)
    }

    /// Dimensions with their values, sorted by dimension.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(dimension, value)| (dimension.as_str(), value.as_str()))
    }

    /// Whether every dimension and value is well formed.
    pub fn is_well_formed(&self) -> bool {
        self.0.len() <= 8
            && self
                .pairs()
                .all(|(dimension, value)| is_dimension_code(dimension) && is_stratum_value(value))
    }

    /// From its text. What cannot be read makes a stratum that is not well formed, so that the row can say so
    /// together with whatever else is wrong with it.
    pub fn read(text: &str) -> Self {
        let mut pairs = BTreeMap::new();
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (dimension, value) = part.split_once('=').unwrap_or((part, ""));
            if pairs
                .insert(dimension.trim().to_owned(), value.trim().to_owned())
                .is_some()
            {
                return Self(BTreeMap::from([(text.to_owned(), String::new())]));
            }
        }
        Self(pairs)
    }
}

/// Whether a text can be a value of a dimension.
pub fn is_stratum_value(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

impl fmt::Display for Stratum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (dimension, value)) in self.pairs().enumerate() {
            let joint = if n == 0 { "" } else { ";" };
            write!(f, "{joint}{dimension}={value}")?;
        }
        Ok(())
    }
}

impl Serialize for Stratum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Stratum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Pairs(BTreeMap<String, String>),
            Text(String),
            Nothing(()),
        }
        Ok(match Given::deserialize(deserializer)? {
            Given::Pairs(pairs) => Self(pairs),
            Given::Text(text) => Self::read(&text),
            Given::Nothing(()) => Self::whole(),
        })
    }
}

/// A value for each dimension that splits, as an object: `{"imdQuintile": "5"}`; empty for the unsplit whole.
#[Scalar(name = "Stratum")]
impl ScalarType for Stratum {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Null => Ok(Self::whole()),
            Value::String(text) => Ok(Self::read(&text)),
            Value::Object(pairs) => pairs
                .into_iter()
                .map(|(dimension, value)| match value {
                    Value::String(value) => Ok((dimension.to_string(), value)),
                    other => Err(InputValueError::expected_type(other)),
                })
                .collect::<Result<_, _>>()
                .map(Self),
            other => Err(InputValueError::expected_type(other)),
        }
    }
    fn to_value(&self) -> Value {
        Value::Object(
            self.pairs()
                .map(|(dimension, value)| (async_graphql::Name::new(dimension), Value::from(value)))
                .collect(),
        )
    }
}

impl utoipa::PartialSchema for Stratum {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Object, Type::String, Type::Null]))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(text)))))
            .description(Some(
                "A value for each dimension that splits, as an object; empty for the unsplit whole. \
                 In CSV its text: `imdQuintile=5`, several joined by `;`.",
            ))
            .examples([serde_json::json!({"imdQuintile": "5"})])
            .into()
    }
}
impl utoipa::ToSchema for Stratum {
    fn name() -> std::borrow::Cow<'static, str> {
        "Stratum".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_read_back_in_the_order_of_dimensions() {
        let stratum: Stratum = serde_json::from_str(r#"{"sex":"f","age":"65-74"}"#).unwrap();
        assert_eq!(stratum.to_string(), "age=65-74;sex=f");
        assert_eq!(Stratum::read("sex=f; age=65-74"), stratum);
        assert_eq!(serde_json::from_str::<Stratum>("\"\"").unwrap(), Stratum::whole());
        assert_eq!(serde_json::from_str::<Stratum>("null").unwrap(), Stratum::whole());
        assert!(stratum.is_well_formed());
        for wrong in ["sex", "sex=", "sex=f;sex=m", "=f", "se x=f", "sex=f g"] {
            assert!(!Stratum::read(wrong).is_well_formed(), "{wrong}");
        }
    }
}

//! References: every place that takes an id also takes a code, an external id and, for units, an ODS code.

use std::fmt;
use std::str::FromStr;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// How a record is named: by id, `code:…`, `ext:<source>:<externalId>` or `ods:…` (units).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// By its id.
    Id(Uuid),
    /// By its code, unique in the tenant.
    Code(String),
    /// By what an outside source calls it.
    External {
        /// Who calls it so.
        source: String,
        /// What it is called there.
        external_id: String,
    },
    /// By ODS code, upper-cased.
    Ods(String),
}

impl Reference {
    /// By code.
    pub fn code(code: impl Into<String>) -> Self {
        Self::Code(code.into())
    }
}

impl<T: Into<Uuid>> From<T> for Reference {
    fn from(id: T) -> Self {
        Self::Id(id.into())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Code(code) => write!(f, "code:{code}"),
            Self::External { source, external_id } => write!(f, "ext:{source}:{external_id}"),
            Self::Ods(code) => write!(f, "ods:{code}"),
        }
    }
}

impl FromStr for Reference {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a reference: give an id, code:<code>, ext:<source>:<externalId> or ods:<code>"
            )
        };
        if text.len() > 300 {
            return Err("a reference has at most 300 characters".into());
        }
        if let Some(code) = text.strip_prefix("code:") {
            return is_code(code).then(|| Self::Code(code.into())).ok_or_else(wrong);
        }
        if let Some(rest) = text.strip_prefix("ext:") {
            return match rest.split_once(':') {
                Some((source, external_id)) if !source.is_empty() && !external_id.is_empty() => {
                    Ok(Self::External {
                        source: source.into(),
                        external_id: external_id.into(),
                    })
                }
                _ => Err(wrong()),
            };
        }
        if let Some(code) = text.strip_prefix("ods:") {
            let code = code.to_ascii_uppercase();
            return is_ods_code(&code).then_some(Self::Ods(code)).ok_or_else(wrong);
        }
        Uuid::parse_str(text).map(Self::Id).map_err(|_| wrong())
    }
}

/// Whether a text can be a record's code: a to z, digits, `.`, `_`, `-`; at most 63.
pub fn is_code(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
}

/// Whether a text can be an ODS code: 1 to 9 capitals and digits.
pub fn is_ods_code(text: &str) -> bool {
    (1..=9).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An id, `code:<code>`, `ext:<source>:<externalId>` or, for units, `ods:<code>`.
#[Scalar(name = "Reference")]
impl ScalarType for Reference {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => text.parse().map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }
    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl utoipa::PartialSchema for Reference {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .max_length(Some(300))
            .pattern(Some(
                "^([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|code:[a-z0-9][a-z0-9._-]{0,62}\
                 |ext:[^:]+:[\\s\\S]+|ods:[A-Za-z0-9]{1,9})$",
            ))
            .description(Some(
                "An id, `code:<code>`, `ext:<source>:<externalId>` or, for units, `ods:<code>`.",
            ))
            .examples([serde_json::json!("code:hull-pct")])
            .into()
    }
}
impl utoipa::ToSchema for Reference {
    fn name() -> std::borrow::Cow<'static, str> {
        "Reference".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_read_back_as_written() {
        for text in [
            "0192f0c1-2b3c-7def-8123-456789abcdef",
            "code:hull-pct",
            "ext:registry:a:b",
            "ods:5NV",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        assert_eq!(
            "ods:5nv".parse::<Reference>().unwrap(),
            Reference::Ods("5NV".into())
        );
        for wrong in [
            "",
            "hull",
            "code:",
            "code:Hull",
            "ext:a",
            "ext::b",
            "ods:",
            "ods:TOOLONGCODE",
        ] {
            assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
        }
    }
}

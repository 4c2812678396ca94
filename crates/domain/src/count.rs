//! Counts that may grow beyond what GraphQL's `Int` holds.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde::{Deserialize, Serialize};

/// A whole number of 64 bits. GraphQL's `Int` ends at 2,147,483,647, and what counts without end must not fail there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Count(pub i64);

/// A whole number of up to 64 bits, written as a number.
#[Scalar(name = "Count")]
impl ScalarType for Count {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => match number.as_i64() {
                Some(count) => Ok(Self(count)),
                None => Err(InputValueError::custom(
                    "a count is a whole number of up to 64 bits",
                )),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_goes_beyond_32_bits() {
        for count in [0, 7, 2_147_483_648, i64::MAX] {
            let value = Count(count).to_value();
            assert_eq!(value.to_string(), count.to_string());
            assert_eq!(Count::parse(value).ok(), Some(Count(count)));
            assert_eq!(serde_json::to_string(&Count(count)).unwrap(), count.to_string());
        }
        assert!(Count::parse(Value::String("7".into())).is_err());
    }
}

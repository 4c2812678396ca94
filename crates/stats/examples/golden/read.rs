//! Reading the inputs of a case.

use serde_json::Value;

/// A list of numbers in which null means missing.
pub fn optional_numbers(value: &Value, name: &str) -> Result<Vec<Option<f64>>, String> {
    let items = value[name]
        .as_array()
        .ok_or_else(|| format!("{name} is not a list"))?;
    items
        .iter()
        .map(|item| {
            if item.is_null() {
                return Ok(None);
            }
            item.as_f64()
                .map(Some)
                .ok_or_else(|| format!("{name} holds {item}"))
        })
        .collect()
}

/// A list of numbers; what is missing comes as NaN, which the crate refuses.
pub fn numbers(value: &Value, name: &str) -> Result<Vec<f64>, String> {
    Ok(optional_numbers(value, name)?
        .into_iter()
        .map(|item| item.unwrap_or(f64::NAN))
        .collect())
}

/// A list of texts.
pub fn texts(value: &Value, name: &str) -> Result<Vec<String>, String> {
    let items = value[name]
        .as_array()
        .ok_or_else(|| format!("{name} is not a list"))?;
    items
        .iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("{name} holds {item}"))
        })
        .collect()
}

/// A list of whole numbers, or a single one; none if null.
pub fn places(value: &Value, name: &str) -> Result<Vec<usize>, String> {
    let place = |item: &Value| {
        let number = item
            .as_u64()
            .or_else(|| item.as_f64().and_then(|number| format!("{number}").parse().ok()));
        number
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| format!("{name} holds {item}"))
    };
    match &value[name] {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(place).collect(),
        item => Ok(vec![place(item)?]),
    }
}

/// A number that must be there.
pub fn number(value: &Value, name: &str) -> Result<f64, String> {
    value[name]
        .as_f64()
        .ok_or_else(|| format!("{name} is not a number"))
}

/// A text that must be there.
pub fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    value[name]
        .as_str()
        .ok_or_else(|| format!("{name} is not a text"))
}

//! Roll-ups and standardised rates.

use serde_json::{Value, json};
use spiral_stats::{
    rate::round,
    roll_up::{self, Missing, roll_up},
    standardise::{self, Settings, direct},
};

use super::{Answer, Refusal, read};

pub fn compute(input: &Value, params: &Value) -> Answer {
    match read::text(params, "method")? {
        "weighted_mean" => weighted(input, params),
        "direct_standardisation" => standardised(input, params),
        other => Err(Refusal::Case(format!("no such method: {other}"))),
    }
}

fn weighted(input: &Value, params: &Value) -> Answer {
    let rates = read::optional_numbers(input, "rates")?;
    let weights = read::numbers(input, "weights")?;
    if rates.len() != weights.len() {
        return Err(Refusal::Case("lists of different lengths".into()));
    }
    let strata: Vec<roll_up::Stratum> = rates
        .iter()
        .zip(&weights)
        .map(|(&rate, &weight)| roll_up::Stratum { rate, weight })
        .collect();
    let policy = match params["missing_policy"].as_str() {
        Some("renormalise") => Missing::Renormalise,
        _ => Missing::Strict,
    };
    let whole = roll_up(&strata, policy, params["per"].as_f64().unwrap_or(1000.0))?;
    Ok(json!({
        "rate": whole.rate,
        "n_missing": whole.missing,
        "weight_coverage": whole.coverage,
        "implied_events": whole.implied_events,
        "undefined": whole.rate.is_none(),
    }))
}

/// Some cases also give the total that was published, and say whether the roll-up comes to it.
pub fn with_published(mut answer: Value, expected: &Value) -> Value {
    if let (Some(rate), Some(published)) = (answer["rate"].as_f64(), expected["published"].as_f64()) {
        answer["published"] = json!(published);
        answer["reproduces_published_at_1dp"] = json!(round(rate, 1).total_cmp(&published).is_eq());
    }
    answer
}

fn standardised(input: &Value, params: &Value) -> Answer {
    let observed = read::numbers(input, "observed")?;
    let population = read::numbers(input, "population")?;
    let standard = read::numbers(input, "standard_population")?;
    if observed.len() != population.len() || observed.len() != standard.len() {
        return Err(Refusal::Case("lists of different lengths".into()));
    }
    let strata: Vec<standardise::Stratum> = (0..observed.len())
        .map(|row| standardise::Stratum {
            observed: observed[row],
            population: population[row],
            standard: standard[row],
        })
        .collect();
    let settings = Settings {
        per: params["per"].as_f64().unwrap_or(100_000.0),
        level: params["level"].as_f64().unwrap_or(95.0),
        fewest_events: params["min_events_for_ci"].as_f64().unwrap_or(10.0),
    };
    let answer = direct(&strata, &settings)?;
    Ok(json!({
        "crude_rate": answer.crude,
        "standardised_rate": answer.rate,
        "variance": answer.variance,
        "ci_dobson_byar": answer.interval.map(|(lower, upper)| [lower, upper]),
        "total_observed": answer.observed,
    }))
}

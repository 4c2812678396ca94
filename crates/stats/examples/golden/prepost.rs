//! Before and after.

use serde_json::{Value, json};
use spiral_stats::compare::{Cases, Exposure, Interval, Means, Ratio, means, paired, proportions, rates};

use super::{Answer, Refusal, read};

pub fn compute(input: &Value, params: &Value) -> Answer {
    let level = params["level"].as_f64().unwrap_or(95.0);
    match read::text(params, "measure")? {
        "proportion" => proportion(input, level),
        "rate" => rate(input, level),
        "mean_welch" => Ok(mean(&means(
            &read::numbers(input, "pre")?,
            &read::numbers(input, "post")?,
            level,
        )?)),
        "mean_paired" => Ok(mean(&paired(
            &read::numbers(input, "pre")?,
            &read::numbers(input, "post")?,
            level,
        )?)),
        other => Err(Refusal::Case(format!("no such measure: {other}"))),
    }
}

fn pair(interval: Interval) -> Value {
    json!([interval.lower, interval.upper])
}

fn proportion(input: &Value, level: f64) -> Answer {
    let cases = |events, people| {
        Ok::<_, String>(Cases {
            events: read::number(input, events)?,
            people: read::number(input, people)?,
        })
    };
    let change = proportions(
        cases("events_pre", "n_pre")?,
        cases("events_post", "n_post")?,
        level,
    )?;
    let estimate = |ratio: Option<Ratio>| json!(ratio.map(|ratio| ratio.estimate));
    let interval = |ratio: Option<Ratio>| json!(ratio.map(|ratio| pair(ratio.interval)));
    Ok(json!({
        "p_pre": change.before,
        "p_post": change.after,
        "wilson_pre": pair(change.wilson_before),
        "wilson_post": pair(change.wilson_after),
        "difference": change.difference,
        "newcombe": pair(change.newcombe),
        "wald": pair(change.wald),
        "z_pooled": change.z,
        "p_value_pooled": change.p_value,
        "fisher_p": change.fisher,
        "risk_ratio": estimate(change.risk_ratio),
        "risk_ratio_ci": interval(change.risk_ratio),
        "odds_ratio": estimate(change.odds_ratio),
        "odds_ratio_ci": interval(change.odds_ratio),
    }))
}

fn rate(input: &Value, level: f64) -> Answer {
    let side = |events, exposure| {
        Ok::<_, String>(Exposure {
            events: read::number(input, events)?,
            exposure: read::number(input, exposure)?,
        })
    };
    let change = rates(
        side("events_pre", "exposure_pre")?,
        side("events_post", "exposure_post")?,
        level,
    )?;
    Ok(json!({
        "rate_pre": change.before,
        "rate_post": change.after,
        "difference": change.difference,
        "exact_pre": pair(change.exact_before),
        "exact_post": pair(change.exact_after),
        "rate_ratio": change.ratio,
        "rate_ratio_ci_log": change.log_interval.map(pair),
        "rate_ratio_ci_exact": pair(change.exact_interval),
        "p_value_exact": change.p_value,
    }))
}

fn mean(change: &Means) -> Value {
    let test = change.test;
    json!({
        "mean_pre": change.before,
        "mean_post": change.after,
        "difference": change.difference,
        "se": change.error,
        "df": test.map(|test| test.degrees),
        "t": test.map(|test| test.t),
        "p_value": test.map(|test| test.p_value),
        "ci": test.map(|test| pair(test.interval)),
        "undefined": test.is_none(),
    })
}

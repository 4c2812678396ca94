//! Meta-analyses.

use serde_json::{Value, json};
use spiral_stats::{
    effect::{
        Cases, Effect, Group, log_odds_ratio, log_risk_ratio, mean_difference, standardised_mean_difference,
    },
    meta::{Method, Test, pool},
};

use super::{Answer, Refusal, read};

pub fn compute(input: &Value, params: &Value) -> Answer {
    let effects = effects(input, read::text(params, "measure")?)?;
    let method = match read::text(params, "method")? {
        "FE" | "EE" | "CE" => Method::Common,
        "DL" => Method::DerSimonianLaird,
        "PM" => Method::PauleMandel,
        "REML" => Method::Reml,
        other => return Err(Refusal::Case(format!("no such method: {other}"))),
    };
    let test = match params["test"].as_str() {
        Some("knha" | "hksj") => Test::HartungKnapp,
        Some("adhoc") => Test::HartungKnappFloored,
        _ => Test::Z,
    };
    let pooled = pool(&effects, method, params["level"].as_f64().unwrap_or(95.0))?;
    let found = pooled.heterogeneity;
    let inference = pooled.inference(test);
    Ok(json!({
        "yi": effects.iter().map(|effect| effect.estimate).collect::<Vec<_>>(),
        "vi": effects.iter().map(|effect| effect.variance).collect::<Vec<_>>(),
        "weights_percent": pooled.weights,
        "k": pooled.studies,
        "estimate": pooled.estimate,
        "se": inference.error,
        "statistic": inference.statistic,
        "p_value": inference.p_value,
        "ci_lower": inference.interval.0,
        "ci_upper": inference.interval.1,
        "pi_lower": inference.prediction.map(|interval| interval.0),
        "pi_upper": inference.prediction.map(|interval| interval.1),
        "tau2": found.tau2,
        "Q": found.q,
        "Q_df": found.degrees,
        "Q_p": found.p_value,
        "I2_percent": found.i2,
        "H2": found.h2,
    }))
}

fn effects(input: &Value, measure: &str) -> Result<Vec<Effect>, Refusal> {
    let columns = |names: &[&str]| -> Result<Vec<Vec<f64>>, Refusal> {
        let columns = names
            .iter()
            .map(|name| read::numbers(input, name))
            .collect::<Result<Vec<_>, _>>()?;
        if columns.iter().any(|column| column.len() != columns[0].len()) {
            return Err(Refusal::Case("lists of different lengths".into()));
        }
        Ok((0..columns[0].len())
            .map(|row| columns.iter().map(|column| column[row]).collect())
            .collect())
    };
    let effects = match measure {
        "OR" | "RR" => columns(&["events_treat", "n_treat", "events_ctrl", "n_ctrl"])?
            .iter()
            .map(|row| {
                let treated = Cases {
                    events: row[0],
                    people: row[1],
                };
                let control = Cases {
                    events: row[2],
                    people: row[3],
                };
                if measure == "OR" {
                    log_odds_ratio(treated, control)
                } else {
                    log_risk_ratio(treated, control)
                }
            })
            .collect::<Result<Vec<_>, _>>()?,
        "MD" | "SMD" => columns(&[
            "mean_treat",
            "sd_treat",
            "n_treat",
            "mean_ctrl",
            "sd_ctrl",
            "n_ctrl",
        ])?
        .iter()
        .map(|row| {
            let treated = Group {
                mean: row[0],
                sd: row[1],
                people: row[2],
            };
            let control = Group {
                mean: row[3],
                sd: row[4],
                people: row[5],
            };
            if measure == "MD" {
                mean_difference(treated, control)
            } else {
                standardised_mean_difference(treated, control)
            }
        })
        .collect::<Result<Vec<_>, _>>()?,
        "GEN" => columns(&["yi", "vi"])?
            .iter()
            .map(|row| Effect {
                estimate: row[0],
                variance: row[1],
            })
            .collect(),
        other => return Err(Refusal::Case(format!("no such measure: {other}"))),
    };
    Ok(effects)
}

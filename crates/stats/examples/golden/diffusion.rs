//! Adopter categories and growth curves.

use serde_json::{Map, Value, json};
use spiral_stats::diffusion::{
    growth::{bass, bass_ols, logistic},
    rogers::{Category, Method, categories, s_curve},
};

use super::{Answer, Mismatch, Refusal, compare::Tolerance, read};

pub fn rogers(input: &Value, params: &Value) -> Answer {
    let times = read::optional_numbers(input, "adoption_time")?;
    let population = read::places(params, "population")?
        .first()
        .copied()
        .unwrap_or(times.len());
    let method = match read::text(params, "method")? {
        "rank" => Method::Rank,
        _ => Method::MeanSd {
            of_sample: params["ddof"] != 0,
        },
    };
    let curve = s_curve(&times, population)?;
    let steps = |value: fn(&spiral_stats::diffusion::rogers::Step) -> Value| -> Vec<Value> {
        curve.steps.iter().map(value).collect()
    };
    let mut answer = json!({
        "not_adopted": curve.not_adopted,
        "s_curve": {
            "time": steps(|step| json!(step.time)),
            "cumulative": steps(|step| json!(step.cumulative)),
            "proportion": steps(|step| json!(step.share)),
        },
        "time_to_10pct_of_population": curve.time_to(10),
        "time_to_50pct_of_population": curve.time_to(50),
        "time_to_90pct_of_population": curve.time_to(90),
    });
    match categories(&times, population, method) {
        Ok(found) => {
            answer["categories"] = json!(found.of.iter().map(|of| of.map(name)).collect::<Vec<_>>());
            answer["counts"] = Category::ALL
                .iter()
                .zip(found.counts)
                .map(|(category, count)| (name(*category).to_owned(), json!(count)))
                .collect::<Map<_, _>>()
                .into();
            if let Some(cut) = found.cut {
                answer["mean"] = json!(cut.mean);
                answer["sd"] = json!(cut.sd);
                answer["boundaries"] = json!(cut.boundaries);
            }
        }
        // The curve stands without categories.
        Err(error) if error.is_not_estimable() => answer["undefined"] = json!(true),
        Err(error) => return Err(Refusal::Stats(error)),
    }
    Ok(answer)
}

fn name(category: Category) -> &'static str {
    match category {
        Category::Innovator => "innovator",
        Category::EarlyAdopter => "early_adopter",
        Category::EarlyMajority => "early_majority",
        Category::LateMajority => "late_majority",
        Category::Laggard => "laggard",
    }
}

pub fn growth(input: &Value, params: &Value) -> Answer {
    match read::text(params, "model")? {
        "bass" => {
            let adoptions = read::numbers(input, "adoptions")?;
            let fit = bass(&adoptions)?;
            let mut total = spiral_stats::sum::Accumulator::default();
            let cumulative: Vec<f64> = adoptions
                .iter()
                .map(|adoptions| {
                    total.add(*adoptions);
                    total.value()
                })
                .collect();
            let ols = bass_ols(&adoptions).ok();
            let curve = ols.and_then(|ols| ols.curve);
            Ok(json!({
                "p": fit.p,
                "q": fit.q,
                "m": fit.m,
                "sse": fit.squares,
                "fitted": fit.fitted,
                "cumulative": cumulative,
                "peak_time": fit.fitted_peak().map(|peak| peak.time),
                "peak_rate": fit.fitted_peak().map(|peak| peak.rate),
                "jacobian_condition": fit.condition,
                "ill_conditioned": fit.is_ill_conditioned(),
                "bass_ols": {
                    "a": ols.map(|ols| ols.a),
                    "b": ols.map(|ols| ols.b),
                    "c": ols.map(|ols| ols.c),
                    "m": curve.map(|curve| curve.m),
                    "p": curve.map(|curve| curve.p),
                    "q": curve.map(|curve| curve.q),
                },
            }))
        }
        "logistic" => {
            let fit = logistic(&read::numbers(input, "cumulative")?)?;
            Ok(json!({
                "K": fit.k,
                "r": fit.r,
                "t0": fit.t0,
                "sse": fit.squares,
                "fitted": fit.fitted,
                "ill_conditioned": fit.is_ill_conditioned(),
            }))
        }
        other => Err(Refusal::Case(format!("no such model: {other}"))),
    }
}

/// Fits are compared by how well they fit; parameters only where the case says how closely.
pub fn compare_growth(tolerance: &Value, expected: &Value, got: &Value, found: &mut Vec<Mismatch>) {
    let limit = |name: &str| tolerance[name].as_f64().unwrap_or(0.0);
    let mut mismatch = |path: &str, expected: &Value, got: &Value| {
        found.push(Mismatch {
            id: String::new(),
            path: path.to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
        });
    };
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let sse = number(&expected["sse"]);
    let most = sse * (1.0 + limit("rel_sse")) + limit("abs_sse");
    if sse.is_finite()
        && number(&got["sse"])
            .partial_cmp(&most)
            .is_none_or(std::cmp::Ordering::is_gt)
    {
        mismatch("sse", &expected["sse"], &got["sse"]);
    }
    if expected["ill_conditioned"].is_boolean() && expected["ill_conditioned"] != got["ill_conditioned"] {
        mismatch(
            "ill_conditioned",
            &expected["ill_conditioned"],
            &got["ill_conditioned"],
        );
    }
    let mut list = |name: &str, abs: f64, rel: f64| {
        let Some(items) = expected[name].as_array() else {
            return;
        };
        for (at, item) in items.iter().enumerate() {
            if !(Tolerance { abs, rel }).holds(number(item), number(&got[name][at])) {
                mismatch(&format!("{name}[{at}]"), item, &got[name][at]);
            }
        }
    };
    list("cumulative", 1e-9, 1e-9);
    let is_told = tolerance["rel_parameters"].as_f64();
    if is_told.is_some() {
        list("fitted", limit("abs_fitted"), 0.0);
    }
    if let Some(rel) = is_told {
        for name in [
            "p",
            "q",
            "m",
            "K",
            "r",
            "t0",
            "peak_time",
            "peak_rate",
            "jacobian_condition",
        ] {
            let (a, b) = (&expected[name], &got[name]);
            // The condition is a ratio of small differences and has fewer digits than the parameters.
            let rel = if name == "jacobian_condition" {
                10.0 * rel
            } else {
                rel
            };
            if a.is_null() != b.is_null()
                || a.is_number() && !(Tolerance { abs: 1e-9, rel }).holds(number(a), number(b))
            {
                mismatch(name, a, b);
            }
        }
    }
    if let Some(ols) = expected["bass_ols"].as_object() {
        // A ceiling below zero is no Bass curve, and we give none.
        let is_curve = ols.get("m").and_then(Value::as_f64).is_some_and(|m| m > 0.0)
            && ols.get("p").and_then(Value::as_f64).is_some_and(|p| p > 0.0);
        for (name, a) in ols {
            let b = &got["bass_ols"][name];
            let rel = limit("rel_ols");
            let told = is_curve || ["a", "b", "c"].contains(&name.as_str());
            let same = match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => (Tolerance { abs: 1e-12, rel }).holds(a, b),
                _ => a.is_null() == b.is_null(),
            };
            if told && !same {
                mismatch(&format!("bass_ols.{name}"), a, b);
            }
        }
    }
}

//! Run charts and Shewhart charts: rows with one x become one subgroup.

use serde_json::{Value, json};
use spiral_stats::{
    run_chart::Method,
    shewhart::{Chart, Kind, Settings, Subgroup, chart},
};

use super::{Answer, Refusal, read};

#[expect(clippy::many_single_char_names, reason = "the columns have these names")]
pub fn compute(input: &Value, params: &Value) -> Answer {
    let y = read::optional_numbers(input, "y")?;
    let n = match input.get("n").filter(|n| !n.is_null()) {
        Some(_) => Some(read::optional_numbers(input, "n")?),
        None => None,
    };
    let x: Vec<Value> = match input.get("x").and_then(Value::as_array) {
        Some(x) => x.clone(),
        None => (1..=y.len()).map(Value::from).collect(),
    };
    if x.len() != y.len() || n.as_ref().is_some_and(|n| n.len() != y.len()) {
        return Err(Refusal::Case("lists of different lengths".into()));
    }
    let mut sorted: Vec<&Value> = x.iter().collect();
    sorted.sort_by(|a, b| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    });
    sorted.dedup();
    let place = |x: &Value| sorted.iter().position(|other| *other == x).unwrap_or(0);
    let groups: Vec<Subgroup> = match &n {
        Some(n) => {
            let rows: Vec<_> = (0..y.len()).map(|row| (place(&x[row]), y[row], n[row])).collect();
            Subgroup::gather_ratios(&rows)?
                .into_iter()
                .map(|group| group.1)
                .collect()
        }
        None => {
            let rows: Vec<_> = (0..y.len()).map(|row| (place(&x[row]), y[row])).collect();
            Subgroup::gather(&rows)?
                .into_iter()
                .map(|group| group.1)
                .collect()
        }
    };
    let settings = Settings {
        freeze: read::places(params, "freeze")?.first().copied(),
        // The last subgroup of a part, counted from one, is the first of the next, counted from zero.
        parts: read::places(params, "part")?,
        exclude: read::places(params, "exclude")?
            .iter()
            .filter_map(|at| at.checked_sub(1))
            .collect(),
        multiply: params["multiply"].as_f64().unwrap_or(1.0),
        centre: params["cl"].as_f64(),
        method: match params["method"].as_str() {
            Some("bestbox") => Method::BestBox,
            Some("cutbox") => Method::CutBox,
            _ => Method::Anhoej,
        },
        screening: params["screen_moving_ranges"] != false,
        // To the peer, texts are categories; dates are not.
        is_ordered: x.iter().all(|x| x.is_number() || x.as_str().is_some_and(is_date)),
    };
    let kind = kind(read::text(params, "chart")?)?;
    let chart = chart(kind, &groups, &settings)?;
    Ok(table(&sorted, &chart))
}

fn is_date(text: &str) -> bool {
    text.len() >= 10
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.matches('-').count() >= 2
}

fn kind(name: &str) -> Result<Kind, String> {
    Ok(match name {
        "run" => Kind::Run,
        "i" => Kind::I,
        "mr" => Kind::Mr,
        "xbar" => Kind::Xbar,
        "s" => Kind::S,
        "t" => Kind::T,
        "p" => Kind::P,
        "pp" => Kind::PPrime,
        "c" => Kind::C,
        "u" => Kind::U,
        "up" => Kind::UPrime,
        "g" => Kind::G,
        other => return Err(format!("no such chart: {other}")),
    })
}

fn table(x: &[&Value], chart: &Chart) -> Value {
    let points = &chart.points;
    let column = |value: fn(&spiral_stats::shewhart::Point) -> Value| -> Vec<Value> {
        points.iter().map(value).collect()
    };
    let centre: Vec<Value> = points
        .iter()
        .map(|point| json!(chart.parts[point.part].centre))
        .collect();
    let parts: Vec<Value> = chart
        .parts
        .iter()
        .enumerate()
        .map(|(place, part)| {
            json!({
                "part": place + 1,
                "n_obs": part.runs.observations,
                "n_useful": part.runs.useful,
                "longest_run": part.runs.longest,
                "longest_run_max": part.runs.longest_max,
                "n_crossings": part.runs.crossings,
                "n_crossings_min": part.runs.crossings_min,
                "runs_signal": part.runs.signal,
            })
        })
        .collect();
    json!({
        "points": {
            "x": x,
            "y": column(|point| json!(point.value)),
            "part": column(|point| json!(point.part + 1)),
            "baseline": column(|point| json!(point.baseline)),
            "include": column(|point| json!(point.included)),
            "cl": centre,
            "lcl": column(|point| json!(point.limits.lower)),
            "ucl": column(|point| json!(point.limits.upper)),
            "lcl_2s": column(|point| json!(point.inner.lower)),
            "ucl_2s": column(|point| json!(point.inner.upper)),
            "sigma_signal": column(|point| json!(point.signal)),
        },
        "parts": parts,
    })
}

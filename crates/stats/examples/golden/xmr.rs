//! XmR cases: facets and dates become series and rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spiral_stats::{
    order::{by_date, rows_of},
    xmr::{
        Assurance, Baseline, Chart, Direction, LIMIT, NEAR_LIMIT, Point, Rule, Settings, Side, Variation, xmr,
    },
};

use super::{Answer, Refusal, read};

pub fn compute(input: &Value, params: &Value) -> Answer {
    let dates = read::texts(input, "dates")?;
    let values = read::optional_numbers(input, "values")?;
    let facets = match input.get("facets").filter(|facets| !facets.is_null()) {
        Some(_) => read::texts(input, "facets")?,
        None => vec!["no facet".to_owned(); dates.len()],
    };
    if dates.len() != values.len() || dates.len() != facets.len() {
        return Err(Refusal::Case("lists of different lengths".into()));
    }
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, facet) in facets.iter().enumerate() {
        rows.entry(facet).or_default().push(row);
    }
    let mut columns = Columns::default();
    let (mut phases, mut summary) = (Vec::new(), Vec::new());
    for (facet, rows) in rows {
        let unsorted: Vec<&str> = rows.iter().map(|&row| dates[row].as_str()).collect();
        let order = by_date(&unsorted)?;
        let dates: Vec<&str> = order.iter().map(|&place| unsorted[place]).collect();
        let values: Vec<Option<f64>> = order.iter().map(|&place| values[rows[place]]).collect();
        let wanted = of_facet(&params["rebase_dates"], facet);
        let wanted: Vec<&str> = match wanted {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            item => item.as_str().into_iter().collect(),
        };
        let settings = Settings {
            direction: match read::text(params, "improvement_direction")? {
                "increase" => Direction::Increase,
                "decrease" => Direction::Decrease,
                _ => Direction::Neutral,
            },
            target: of_facet(&params["target"], facet).as_f64(),
            rebase: rows_of(&dates, &wanted).rows,
            baseline: match read::places(params, "fix_after_n_points")?.first() {
                Some(&rows) => Baseline::First(rows),
                None => Baseline::All,
            },
            screening: params["screen_outliers"] != false,
        };
        let chart = xmr(&values, &settings)?;
        for (date, point) in dates.iter().zip(&chart.points) {
            columns.push(date, facet, &chart, point);
        }
        phases.extend((0..chart.phases.len()).map(|place| phase_row(facet, &chart, place)));
        summary.push(json!({
            "facet": facet,
            "variation": chart.variation.map_or("common_cause", variation),
            "assurance": chart.assurance.map(assurance),
        }));
    }
    Ok(json!({"points": columns.0, "phases": phases, "summary": summary}))
}

/// A setting is the same for all facets, or an object by facet.
fn of_facet<'a>(setting: &'a Value, facet: &str) -> &'a Value {
    if setting.is_object() {
        &setting[facet]
    } else {
        setting
    }
}

#[derive(Default)]
struct Columns(BTreeMap<&'static str, Vec<Value>>);

impl Columns {
    fn push(&mut self, date: &str, facet: &str, chart: &Chart, point: &Point) {
        let phase = &chart.phases[point.phase];
        let mut push = |name, value: Value| self.0.entry(name).or_default().push(value);
        push("date", json!(date));
        push("facet", json!(facet));
        push("y", json!(point.value));
        push("phase", json!(phase.number));
        push("mean", json!(phase.mean));
        push("lpl", json!(phase.limits.map(|limits| limits.lower)));
        push("upl", json!(phase.limits.map(|limits| limits.upper)));
        push("outside_limits", json!(point.outside));
        push(
            "relative_to_mean",
            json!(point.side.map(|side| match side {
                Side::Below => -1,
                Side::On => 0,
                Side::Above => 1,
            })),
        );
        push("close_to_limits", json!(point.near));
        push("special_cause_type", json!(label(point)));
        push("special_cause_flag", json!(point.signal.is_some()));
        push("point_type", json!(variation(point.variation)));
    }
}

fn label(point: &Point) -> &'static str {
    match point.signal.map(|signal| (signal.rule, signal.high)) {
        None => "Common Cause",
        Some((Rule::Beyond, true)) => "Above UCL",
        Some((Rule::Beyond, false)) => "Below LCL",
        Some((Rule::Trend, true)) => "7 Point Trend (Increasing)",
        Some((Rule::Trend, false)) => "7 Point Trend (Decreasing)",
        Some((Rule::TwoOfThree, true)) => "2 in 3 Above CL",
        Some((Rule::TwoOfThree, false)) => "2 in 3 Below CL",
        Some((Rule::Shift, true)) => "7 Points Above CL",
        Some((Rule::Shift, false)) => "7 Points Below CL",
    }
}

fn variation(variation: Variation) -> &'static str {
    match variation {
        Variation::Common => "common_cause",
        Variation::Improvement => "special_cause_improvement",
        Variation::Concern => "special_cause_concern",
        Variation::NeutralHigh => "special_cause_neutral_high",
        Variation::NeutralLow => "special_cause_neutral_low",
    }
}

fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Pass => "consistent_pass",
        Assurance::Inconsistent => "inconsistent",
        Assurance::Fail => "consistent_fail",
    }
}

fn phase_row(facet: &str, chart: &Chart, place: usize) -> Value {
    let phase = &chart.phases[place];
    let limits = phase.limits;
    json!({
        "f": facet,
        "rebase_group": phase.number,
        "n": phase.rows,
        "n_missing": phase.missing,
        "mean": phase.mean,
        "lpl": limits.map(|limits| limits.lower),
        "upl": limits.map(|limits| limits.upper),
        "short_group_warning": phase.is_short(),
        "n_common": phase.counts.common,
        "n_improvement": phase.counts.improvement,
        "n_concern": phase.counts.concern,
        "n_neutral": phase.counts.neutral,
        "average_moving_range": limits.map(|limits| limits.average_moving_range),
        "near_lower": limits.map(|limits| limits.near_lower),
        "near_upper": limits.map(|limits| limits.near_upper),
    })
}

/// An alternative may change the points and leave the rows of phases, which only sum up the points, as the
/// peer has them. Then the rows follow the points.
pub fn follow(expected: &mut Value, alternative: &Value) {
    if alternative.get("points").is_none() || alternative.get("phases").is_some() {
        return;
    }
    let points = expected["points"].clone();
    let Some(phases) = expected["phases"].as_array_mut() else {
        return;
    };
    for row in phases {
        let mine: Vec<usize> = (0..points["facet"].as_array().map_or(0, Vec::len))
            .filter(|&at| points["facet"][at] == row["f"] && points["phase"][at] == row["rebase_group"])
            .collect();
        let Some(&first) = mine.first() else {
            continue;
        };
        for (column, counted) in [
            ("n_common", &["common_cause"][..]),
            ("n_improvement", &["special_cause_improvement"]),
            ("n_concern", &["special_cause_concern"]),
            (
                "n_neutral",
                &["special_cause_neutral_high", "special_cause_neutral_low"],
            ),
        ] {
            let is_counted = |&at: &usize| counted.iter().any(|name| points["point_type"][at] == *name);
            row[column] = json!(mine.iter().copied().filter(|at| is_counted(at)).count());
        }
        for column in ["lpl", "upl"] {
            row[column] = points[column][first].clone();
        }
        if let (Some(mean), Some(upper)) = (row["mean"].as_f64(), row["upl"].as_f64()) {
            let range = (upper - mean) / LIMIT;
            row["average_moving_range"] = json!(range);
            row["near_lower"] = json!(mean - NEAR_LIMIT * range);
            row["near_upper"] = json!(mean + NEAR_LIMIT * range);
        }
    }
}

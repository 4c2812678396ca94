//! Funnel cases: rows of a group are added up, groups come in the order of their names.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spiral_stats::{
    funnel::{Adjust, Data, Law, Level, Limits, Settings, Transform, Unit, exact, funnel},
    sum::Accumulator,
};

use super::{Answer, Refusal, read};

pub fn compute(input: &Value, params: &Value) -> Answer {
    let names = read::texts(input, "group")?;
    let numerators = read::numbers(input, "numerator")?;
    let denominators = read::numbers(input, "denominator")?;
    if names.len() != numerators.len() || names.len() != denominators.len() {
        return Err(Refusal::Case("lists of different lengths".into()));
    }
    let mut sums: BTreeMap<&str, (Accumulator, Accumulator)> = BTreeMap::new();
    for (row, name) in names.iter().enumerate() {
        let group = sums.entry(name).or_default();
        group.0.add(numerators[row]);
        group.1.add(denominators[row]);
    }
    let names: Vec<&str> = sums.keys().copied().collect();
    let units: Vec<Unit> = sums
        .values()
        .map(|sums| Unit {
            numerator: sums.0.value(),
            denominator: sums.1.value(),
        })
        .collect();
    let data = match (read::text(params, "data_type")?, params["sr_method"].as_str()) {
        ("PR", _) => Data::Proportion,
        ("RC", _) => Data::RatioOfCounts,
        ("SR", Some("CQC")) => Data::Standardised(Transform::Root),
        ("SR", _) => Data::Standardised(Transform::Log),
        ("exact_binomial", _) => return exact_case(&names, Law::Binomial, &units, params),
        ("exact_poisson", _) => return exact_case(&names, Law::Poisson, &units, params),
        (other, _) => return Err(Refusal::Case(format!("no such data: {other}"))),
    };
    let settings = Settings {
        adjust: match (
            params["draw_adjusted"] != false,
            params["draw_unadjusted"] == true,
        ) {
            (false, _) => Adjust::Never,
            (true, false) => Adjust::IfOverdispersed,
            (true, true) => Adjust::Always,
        },
        level: if params["limit"] == 95 {
            Level::P95
        } else {
            Level::P998
        },
        trim: params["trim_by"].as_f64().unwrap_or(0.1),
        multiply: params["multiplier"].as_f64().unwrap_or(1.0),
    };
    let funnel = funnel(data, &units, &settings)?;
    // The peer leaves ratio and target as they are, and calls what it did not look at zero.
    let multiply = settings.multiply;
    let column = |value: &dyn Fn(&spiral_stats::funnel::Placed) -> Value| -> Vec<Value> {
        funnel.units.iter().map(value).collect()
    };
    let looked = settings.adjust != Adjust::Never;
    let dispersion = |value: Option<f64>| if looked { json!(value) } else { json!(0) };
    let mut groups = json!({
        "group": names,
        "ratio": column(&|unit| json!(unit.ratio / multiply)),
        "z": column(&|unit| json!(unit.z)),
        "z_winsorised": column(&|unit| json!(unit.trimmed)),
        "outlier": column(&|unit| json!(u8::from(unit.outlier))),
    });
    let plain: Vec<Limits> = funnel.units.iter().map(|unit| unit.plain).collect();
    let adjusted: Vec<Limits> = funnel.units.iter().map(|unit| unit.adjusted).collect();
    limits(&mut groups, "", &plain);
    limits(&mut groups, "od_", &adjusted);
    Ok(json!({
        "target": funnel.target / multiply,
        "phi": dispersion(funnel.dispersion.map(|found| found.phi)),
        "tau2": dispersion(funnel.dispersion.map(|found| found.tau2)),
        "draw_adjusted_used": funnel.is_adjusted,
        "groups": groups,
    }))
}

fn limits(groups: &mut Value, prefix: &str, limits: &[Limits]) {
    type Column = (&'static str, fn(&Limits) -> f64);
    let columns: [Column; 4] = [
        ("lcl95", |limits| limits.lower_95),
        ("ucl95", |limits| limits.upper_95),
        ("lcl998", |limits| limits.lower_998),
        ("ucl998", |limits| limits.upper_998),
    ];
    for (name, column) in columns {
        groups[format!("{prefix}{name}")] = limits.iter().map(column).collect();
    }
}

fn exact_case(names: &[&str], law: Law, units: &[Unit], params: &Value) -> Answer {
    let funnel = exact(law, units, params["target"].as_f64())?;
    let mut groups = json!({
        "group": names,
        "ratio": funnel.units.iter().map(|unit| unit.ratio).collect::<Vec<_>>(),
        "outlier95": funnel.units.iter().map(|unit| u8::from(unit.outlier_95)).collect::<Vec<_>>(),
        "outlier998": funnel.units.iter().map(|unit| u8::from(unit.outlier_998)).collect::<Vec<_>>(),
    });
    limits(
        &mut groups,
        "",
        &funnel.units.iter().map(|unit| unit.limits).collect::<Vec<_>>(),
    );
    Ok(json!({"target": funnel.target, "groups": groups}))
}

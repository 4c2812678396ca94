//! What series of every sort come to: each kind of chart, and series that nobody would wish to draw.

use serde_json::{Value, json};
use spiral_app::analysis::{ChartQuery, charts};
use spiral_domain::PageRequest;
use spiral_domain::analysis::{Attention, ChartKind, ChartWarning, Variation};
use spiral_domain::measures::Stratum;

use super::{at, months, one, warned};
use crate::measures::{code, place, push, refused, row, with, worlds};

#[tokio::test]
async fn hostile_series_get_an_honest_answer() {
    for world in worlds(&[&[6]]).await {
        let system = world.system();
        world.measure("m", json!({})).await;
        // Nobody has reported.
        let series = one(&system, &at("s0o0t0")).await;
        assert_eq!(series.verdict.attention, Attention::InsufficientData);
        assert_eq!(series.verdict.insufficient_data.unwrap().missing, 12);
        // One point.
        push(&system, &[row("s0o0t0", "2006-06", 1, 2)]).await.unwrap();
        let series = one(&system, &at("s0o0t0")).await;
        assert_eq!(series.verdict.insufficient_data.unwrap().have, 1);
        assert_eq!(
            (series.points[0].value, series.points[0].upper),
            (Some(0.5), None)
        );
        // All equal: limits on the mean, and nothing special.
        let equal: Vec<Value> = months(15)
            .iter()
            .map(|month| row("s0o0t1", month, 1, 4))
            .collect();
        push(&system, &equal).await.unwrap();
        let series = one(&system, &at("s0o0t1")).await;
        assert!(warned(&series, ChartWarning::NoVariation));
        assert_eq!(series.verdict.variation, Some(Variation::Common));
        // Nobody counted in some months: no value, and no limits for them; pushed in any order.
        let mut gaps: Vec<Value> = months(15)
            .iter()
            .enumerate()
            .map(|(n, month)| {
                row(
                    "s0o0t2",
                    month,
                    u32::from(n % 3 != 0),
                    if n % 3 == 0 { 0 } else { 4 },
                )
            })
            .collect();
        gaps.reverse();
        push(&system, &gaps).await.unwrap();
        let p = ChartQuery {
            chart: Some(ChartKind::P),
            ..at("s0o0t2")
        };
        let series = one(&system, &p).await;
        let first = &series.points[2];
        assert_eq!(
            (first.value, first.denominator, first.upper),
            (None, Some(0.0), None)
        );
        assert!(series.points.is_sorted_by_key(|point| point.period_start));
        // A count in one month of many: rare, and sparse where the others are missing.
        let rare = [row("s0o0t3", "2005-01", 0, 4), row("s0o0t3", "2006-06", 0, 4)];
        push(&system, &rare).await.unwrap();
        let series = one(&system, &at("s0o0t3")).await;
        assert_eq!(series.points.len(), 18);
        assert!(warned(&series, ChartWarning::Sparse));
        // The largest figures that are taken, and minus zero.
        world
            .measure("big", json!({ "scale": "continuous", "multiplier": 1e15 }))
            .await;
        let big: Vec<Value> = months(14)
            .iter()
            .enumerate()
            .map(|(n, month)| {
                let value = if n % 2 == 0 { 1e15 } else { -1e15 };
                json!({ "measure": "code:big", "unit": "code:s0o0t4", "period": month, "value": value })
            })
            .collect();
        push(&system, &big).await.unwrap();
        let of_big = ChartQuery {
            unit: Some(code("s0o0t4")),
            ..ChartQuery::of(code("big"))
        };
        let series = one(&system, &of_big).await;
        assert!(series.points.iter().all(|point| point.upper.unwrap().is_finite()));
        let zero = json!({
            "measure": "code:big", "unit": "code:s0o0t5", "period": "2006-06", "value": -0.0,
        });
        push(&system, &[zero]).await.unwrap();
        let of_zero = ChartQuery {
            unit: Some(code("s0o0t5")),
            ..of_big
        };
        let zero = one(&system, &of_zero).await.points[0].value.unwrap();
        assert!(zero == 0.0 && zero.is_sign_positive());
        // What does not fit is refused, all at once.
        let wrong = ChartQuery {
            chart: Some(ChartKind::C),
            baseline: Some(3),
            from: Some("2006-06-01".parse().unwrap()),
            to: Some("2006-01-01".parse().unwrap()),
            stratum: Some(Stratum::read("nothing=1")),
            ..at("s0o0t0")
        };
        let refusal = charts(&system, &wrong, &PageRequest::default()).await;
        assert_eq!(
            refused(refusal),
            [
                place("/query/to", "before_from"),
                place("/query/chart", "chart_not_for_scale"),
                place("/query/baseline", "out_of_range"),
                place("/query/stratum", "unknown_dimension")
            ]
        );
    }
}

#[tokio::test]
async fn each_kind_of_chart_is_drawn() {
    for world in worlds(&[&[2]]).await {
        let system = world.system();
        let push_all = async |measure: &str, fields: &dyn Fn(usize) -> Value| {
            let rows: Vec<Value> = months(14)
                .iter()
                .enumerate()
                .flat_map(|(n, month)| {
                    let fields = fields(n);
                    ["s0o0t0", "s0o0t1"].map(|unit| {
                        let row = json!({
                            "measure": format!("code:{measure}"), "unit": format!("code:{unit}"), "period": month,
                        });
                        with(row, fields.clone())
                    })
                })
                .collect();
            push(&system, &rows).await.unwrap();
        };
        let wave = |n: usize| 5 + n * 7 % 4;
        world.measure("share", json!({ "multiplier": 100 })).await;
        push_all("share", &|n| json!({ "numerator": wave(n), "denominator": 40 })).await;
        world
            .measure("rate", json!({ "scale": "rate", "multiplier": 1000 }))
            .await;
        push_all("rate", &|n| json!({ "numerator": wave(n), "denominator": 900.5 })).await;
        world.measure("count", json!({ "scale": "count" })).await;
        push_all("count", &|n| json!({ "numerator": wave(n) })).await;
        world.measure("mean", json!({ "scale": "continuous" })).await;
        push_all("mean", &|n| json!({ "value": wave(n), "n": 3 })).await;
        world.measure("score", json!({ "scale": "score" })).await;
        push_all("score", &|n| json!({ "value": wave(n), "n": 3 })).await;
        world.measure("days", json!({ "scale": "time_between" })).await;
        push_all("days", &|n| json!({ "value": wave(n) })).await;
        for (measure, chart, unit) in [
            ("share", ChartKind::P, "s0o0t0"),
            ("share", ChartKind::PPrime, "s0o0"),
            ("rate", ChartKind::U, "s0o0t0"),
            ("rate", ChartKind::UPrime, "s0o0t0"),
            ("count", ChartKind::C, "s0o0"),
            ("count", ChartKind::G, "s0o0t0"),
            ("mean", ChartKind::I, "s0o0t0"),
            ("mean", ChartKind::Mr, "s0o0t0"),
            ("mean", ChartKind::Xbar, "s0o0"),
            ("score", ChartKind::S, "s0o0"),
            ("score", ChartKind::Xmr, "s0o0"),
            ("days", ChartKind::T, "s0o0t0"),
        ] {
            let query = ChartQuery {
                unit: Some(code(unit)),
                chart: Some(chart),
                ..ChartQuery::of(code(measure))
            };
            let series = one(&system, &query).await;
            assert_eq!(series.points.len(), 14, "{chart:?}");
            let last = series.points.last().unwrap();
            assert!(last.centre.is_some(), "{chart:?} {:?}", series.verdict);
            assert!(last.value.is_some(), "{chart:?}");
            // Two teams that report the same leave no spread for limits of means.
            let flat = matches!(chart, ChartKind::Xbar | ChartKind::S);
            assert!(flat || last.upper.is_some(), "{chart:?} {:?}", series.verdict);
            assert_eq!(series.verdict.not_computable, None, "{chart:?}");
        }
        // A percentage is a percentage on every chart.
        let p = ChartQuery {
            unit: Some(code("s0o0t0")),
            chart: Some(ChartKind::P),
            ..ChartQuery::of(code("share"))
        };
        assert_eq!(one(&system, &p).await.points[0].value, Some(12.5));
        // Times between events stand in no sum, and a team has no subgroups.
        let days = ChartQuery {
            unit: Some(code("s0o0")),
            ..ChartQuery::of(code("days"))
        };
        assert!(one(&system, &days).await.points.is_empty());
        let alone = ChartQuery {
            unit: Some(code("s0o0t0")),
            chart: Some(ChartKind::Xbar),
            ..ChartQuery::of(code("mean"))
        };
        assert!(one(&system, &alone).await.verdict.not_computable.is_some());
        let never = json!({
            "measure": "code:days", "unit": "code:s0o0t0", "period": "2005-01", "value": 0,
        });
        assert_eq!(
            refused(push(&system, &[never]).await),
            [place("/0/value", "not_above_zero")]
        );
    }
}

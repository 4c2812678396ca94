//! Funnels and data quality: what the docs work out by hand, for those who may see it.

use serde_json::{Value, json};
use spiral_app::analysis::{FunnelQuery, QualityQuery, data_quality, data_quality_of, funnel};
use spiral_app::{Caller, measures};
use spiral_domain::analysis::{
    DataQuality, Expected, Funnel, FunnelLimits, FunnelUnit, QualityFinding, SeriesSort, Variation,
};
use spiral_domain::people::Role;
use spiral_domain::tenancy::Tier;
use spiral_domain::{PageRequest, Sharing};

use super::{World, code, place, push, refused, row, with, worlds};

fn compared(within: &str) -> FunnelQuery {
    FunnelQuery {
        within: Some(code(within)),
        ..FunnelQuery::of(code("m"))
    }
}

fn find<'f>(funnel: &'f Funnel, unit: &str) -> &'f FunnelUnit {
    funnel
        .units
        .iter()
        .find(|placed| placed.node.code == unit)
        .unwrap()
}

/// The worked example of docs/analysis.md, one team each.
const EXAMPLE: [(u32, u32); 5] = [(12, 200), (9, 180), (60, 400), (11, 210), (8, 150)];

async fn example(world: &World) {
    let definition = json!({ "direction": "lower_is_better", "multiplier": 100 });
    world.measure("m", definition).await;
    let rows: Vec<Value> = EXAMPLE
        .iter()
        .enumerate()
        .map(|(n, (events, cases))| row(&format!("s0o0t{n}"), "2006-05", *events, *cases))
        .collect();
    push(&world.system(), &rows).await.unwrap();
}

fn close(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 0.006
}

#[tokio::test]
async fn the_worked_funnel_comes_out() {
    for world in worlds(&[&[7]]).await {
        example(&world).await;
        let system = world.system();
        let exact = FunnelQuery {
            limits: FunnelLimits::Exact,
            ..compared("nat")
        };
        let found = funnel(&system, &exact).await.unwrap();
        assert!(close(found.centre.unwrap(), 8.77), "{:?}", found.centre);
        let large = find(&found, "s0o0t2");
        assert!(
            close(large.limits.lower998, 4.58) && close(large.limits.upper998, 13.30),
            "{large:?}"
        );
        assert!(large.outside998 && large.variation == Variation::Concern);
        assert!(close(large.z.unwrap(), 3.88));
        assert!(close(found.phi.unwrap(), 3.23), "{:?}", found.phi);
        assert_eq!(found.without_value, 2);
        assert_eq!((found.coverage.eligible, found.coverage.shown), (7, 7));
        // The curve is that of the units: at the largest size, the largest unit's limits.
        let last = found.curve.last().unwrap();
        assert_eq!(*last, large.limits);
        assert!(
            found
                .curve
                .is_sorted_by(|one, other| one.denominator < other.denominator)
        );
        let auto = funnel(&system, &compared("nat")).await.unwrap();
        assert_eq!(auto.limits, FunnelLimits::Adjusted);
        let large = find(&auto, "s0o0t2");
        assert!(
            close(large.limits.upper998, 22.83) && !large.outside998,
            "{large:?}"
        );
        let worst = FunnelQuery {
            sort: SeriesSort::Worst,
            ..exact.clone()
        };
        assert_eq!(
            funnel(&system, &worst).await.unwrap().units[0].node.code,
            "s0o0t2"
        );
        // Organisations are sums of what is seen.
        let above = FunnelQuery {
            tier: Some(Tier::Organisation),
            ..exact.clone()
        };
        let summed = funnel(&system, &above).await.unwrap();
        assert_eq!(summed.insufficient_data.as_ref().unwrap().missing, 1);
        // A reader who sees one team compares nothing, and learns no more than how many there are.
        world.share("s0o0t1", Sharing::Sha).await;
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let found = funnel(&world.caller(lead).await, &exact).await.unwrap();
        assert_eq!((found.coverage.eligible, found.coverage.shown), (7, 1));
        assert!(found.units.is_empty() && found.centre.is_none());
        assert_eq!(found.insufficient_data.unwrap().missing, 1);
        // A count has no size to compare by.
        world.measure("count", json!({ "scale": "count" })).await;
        let refusal = funnel(
            &system,
            &FunnelQuery {
                within: Some(code("nat")),
                ..FunnelQuery::of(code("count"))
            },
        )
        .await;
        assert_eq!(
            refused(refusal),
            [place("/query/measure", "funnel_not_for_scale")]
        );
    }
}

#[tokio::test]
async fn hostile_funnels_get_an_honest_answer() {
    for world in worlds(&[&[4]]).await {
        let system = world.system();
        world.measure("m", json!({ "scale": "rate" })).await;
        assert!(
            funnel(&system, &compared("nat"))
                .await
                .unwrap()
                .insufficient_data
                .is_some()
        );
        // Events of everybody, events of nobody, and sizes no tail can be summed of.
        let figures: &[(f64, f64)] = &[(0.0, 5.0), (0.0, 7.5), (3.0, 0.25), (1e15, 1e15)];
        for size in 2..=figures.len() {
            let rows: Vec<Value> = figures[..size]
                .iter()
                .enumerate()
                .map(|(n, (y, d))| {
                    json!({
                        "measure": "code:m", "unit": format!("code:s0o0t{n}"), "period": "2006-05", "numerator": y,
                        "denominator": d,
                    })
                })
                .collect();
            push(&system, &rows).await.unwrap();
            for limits in [FunnelLimits::Auto, FunnelLimits::Exact, FunnelLimits::Adjusted] {
                let query = FunnelQuery {
                    limits,
                    ..compared("nat")
                };
                let found = funnel(&system, &query).await.unwrap();
                assert!(
                    found.not_computable.is_some() || found.units.len() == size,
                    "{found:?}"
                );
                let finite = |unit: &FunnelUnit| unit.value.is_finite() && unit.limits.upper998.is_finite();
                assert!(found.units.iter().all(finite));
            }
        }
    }
}

fn quality(within: &str) -> QualityQuery {
    QualityQuery {
        within: Some(code(within)),
        ..QualityQuery::of(code("m"))
    }
}

async fn looked(caller: &Caller, query: &QualityQuery) -> DataQuality {
    data_quality(caller, query, &PageRequest::default())
        .await
        .unwrap()
}

const MONTHS: [&str; 10] = [
    "2005-08", "2005-09", "2005-10", "2005-11", "2005-12", "2006-01", "2006-02", "2006-03", "2006-04",
    "2006-05",
];

#[tokio::test]
async fn data_quality_is_counted_and_rolled_up() {
    for world in worlds(&[&[3, 1]]).await {
        let system = world.system();
        world.dimension("sex", &["f", "m"]).await;
        world.measure("m", json!({ "dimensions": ["sex"] })).await;
        // One team says the same all the time; one has gaps, a slip and nobody; one reports nothing.
        let same: Vec<Value> = MONTHS.iter().map(|month| row("s0o0t0", month, 3, 10)).collect();
        push(&system, &same).await.unwrap();
        let mut odd: Vec<Value> = MONTHS
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != 3)
            .map(|(n, month)| row("s0o0t1", month, 30 + u32::try_from(n % 3).unwrap(), 1000))
            .collect();
        odd[7] = row("s0o0t1", MONTHS[8], 990, 1000);
        odd[0] = row("s0o0t1", MONTHS[0], 0, 0);
        for (value, y) in [("f", 10), ("m", 25)] {
            odd.push(with(
                row("s0o0t1", MONTHS[9], y, 500),
                json!({ "stratum": format!("sex={value}") }),
            ));
        }
        push(&system, &odd).await.unwrap();
        world.later();
        let corrected = row("s0o0t1", MONTHS[1], 33, 1000);
        push(&world.system(), &[corrected]).await.unwrap();
        let system = world.system();
        let found = looked(&system, &quality("nat")).await;
        assert_eq!((found.coverage.eligible, found.coverage.shown), (4, 4));
        assert_eq!(
            (found.whole.units, found.whole.expected, found.whole.reported),
            (4, 40, 19)
        );
        assert_eq!(found.completeness, Some(47.5));
        assert_eq!((found.whole.revised, found.whole.revisions), (1, 1));
        let row_of = |unit: &str| {
            found
                .data
                .iter()
                .find(|row| row.node.code == unit)
                .unwrap()
                .clone()
        };
        let calm = row_of("s0o0t0");
        assert_eq!(
            (calm.counts.stuck, calm.counts.outliers, calm.completeness),
            (1, 0, Some(100.0))
        );
        // Ten months, pushed at the end of June: the last is a month late, the first ten months.
        assert_eq!((calm.counts.on_time, calm.timeliness), (1, Some(10.0)));
        assert!(
            calm.median_lag_days
                .is_some_and(|days| (150.0..=185.0).contains(&days))
        );
        let slips = row_of("s0o0t1");
        let kinds: Vec<(QualityFinding, String)> = slips
            .notes
            .iter()
            .map(|note| (note.finding, note.period_start.to_string()))
            .collect();
        assert_eq!(
            kinds,
            [
                (QualityFinding::ZeroDenominator, "2005-08-01".into()),
                (QualityFinding::Missing, "2005-11-01".into()),
                (QualityFinding::Outlier, "2006-04-01".into()),
                (QualityFinding::StrataDiffer, "2006-05-01".into()),
            ]
        );
        // By organisation, with a page of one.
        let above = QualityQuery {
            tier: Some(Tier::Organisation),
            sort: SeriesSort::Worst,
            ..quality("nat")
        };
        let page = PageRequest {
            limit: Some(1),
            ..PageRequest::default()
        };
        let first = data_quality(&system, &above, &page).await.unwrap();
        assert_eq!(first.data[0].node.code, "s0o1");
        assert_eq!(first.data[0].completeness, Some(0.0));
        assert!(first.data[0].aggregated && first.data[0].notes.is_empty());
        let next = PageRequest {
            cursor: first.page.next_cursor.clone(),
            ..page
        };
        let second = data_quality(&system, &above, &next).await.unwrap();
        assert_eq!(
            (second.data[0].node.code.as_str(), second.data[0].counts.expected),
            ("s0o0", 30)
        );
        assert!(second.page.next_cursor.is_none());
        // Who is linked is expected while linked.
        let link = json!({
            "unit": "code:s0o0t2", "measure": "code:m", "startsOn": "2006-03-10", "endsOn": "2006-04-30",
        });
        measures::link_measure(&system, serde_json::from_value(link).unwrap())
            .await
            .unwrap();
        let all = looked(&system, &quality("s0o0")).await;
        assert_eq!(all.whole.expected, 22);
        let linked = QualityQuery {
            expected: Expected::Linked,
            ..quality("s0o0")
        };
        let linked = looked(&system, &linked).await;
        assert_eq!((linked.whole.expected, linked.whole.unexpected), (2, 19));
        // What is hidden is counted as hidden, and adds nothing.
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let lead = world.caller(lead).await;
        let found = looked(&lead, &quality("s0")).await;
        assert_eq!((found.coverage.eligible, found.coverage.shown), (4, 0));
        assert_eq!(
            (found.whole.units, found.whole.figures, found.data.len()),
            (0, 0, 0)
        );
        let units: Vec<_> = ["s0o0", "s0o0t0"].map(|unit| world.units[unit].id).into();
        let rows = data_quality_of(&lead, &QualityQuery::of(code("m")), &units)
            .await
            .unwrap();
        assert!(rows[&units[1]].withheld.is_some() && rows[&units[0]].withheld.is_none());
        let rows = data_quality_of(&system, &QualityQuery::of(code("m")), &units)
            .await
            .unwrap();
        assert_eq!(rows[&units[0]].counts.reported, 19);
        assert_eq!(rows[&units[1]].counts.reported, 10);
        world.verifies().await;
    }
}

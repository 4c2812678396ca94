//! Roll-ups: exact where the reader may see, told in total where nobody hidden can be told from it.

use serde_json::{Value, json};
use spiral_app::Caller;
use spiral_app::analysis::{RollUpQuery, roll_up};
use spiral_app::tenancy;
use spiral_domain::analysis::{Coverage, GroupBy, RollUpCell, TreeAt};
use spiral_domain::measures::Stratum;
use spiral_domain::people::Role;
use spiral_domain::{Interval, Sharing};
use spiral_stats::rate::decimal;

use super::{World, code, place, push, refused, row, with, without, worlds};

fn query(unit: &str, group_by: GroupBy) -> RollUpQuery {
    RollUpQuery {
        group_by,
        ..RollUpQuery::of(code("m"), code(unit))
    }
}

async fn cells(caller: &Caller, query: RollUpQuery) -> Vec<RollUpCell> {
    roll_up(caller, query).await.unwrap().cells
}

fn find<'c>(cells: &'c [RollUpCell], node: &str, stratum: &Stratum) -> &'c RollUpCell {
    cells
        .iter()
        .find(|cell| cell.node.code == node && cell.stratum == *stratum)
        .unwrap()
}

fn quit_facts() -> Value {
    let facts: Value = serde_json::from_str(include_str!("../../../data/seed-facts.json")).unwrap();
    facts["quitRates"].clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_f64().unwrap())
        .collect()
}

#[tokio::test]
async fn the_published_quit_rates_come_out() {
    for world in worlds(&[&[0, 0, 0, 0]]).await {
        let facts = quit_facts();
        world.dimension("quintile", &["1", "2", "3", "4", "5"]).await;
        let definition = json!({
            "scale": "rate", "multiplier": 1000, "cadence": "financial_year", "reportingTier": "organisation",
            "countsPeople": true, "dimensions": ["quintile"],
        });
        world.measure("m", definition).await;
        let mut rows = Vec::new();
        for area in 0..4 {
            let (quitters, people) = (
                numbers(&facts["quitters"][area]),
                numbers(&facts["population"][area]),
            );
            for (quintile, (quitters, people)) in quitters.iter().zip(people).enumerate() {
                rows.push(json!({
                    "measure": "code:m", "unit": format!("code:s0o{area}"), "period": "2005/06",
                    "stratum": format!("quintile={}", quintile + 1), "numerator": quitters, "denominator": people,
                }));
            }
            world.share(&format!("s0o{area}"), Sharing::Sha).await;
        }
        push(&world.system(), &rows).await.unwrap();
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let caller = world.caller(lead).await;
        let network = json!({
            "code": "ny", "name": "North Yorkshire", "kind": "reporting_area", "hostUnit": "code:s0",
            "members": (0..4).map(|area| json!({"unit": format!("code:s0o{area}")})).collect::<Vec<_>>(),
        });
        tenancy::create_network(&caller, serde_json::from_value(network).unwrap())
            .await
            .unwrap();
        let by_tree = RollUpQuery {
            dimension: Some("quintile".into()),
            ..query("s0", GroupBy::Organisation)
        };
        let by_network = RollUpQuery {
            unit: None,
            network: Some(code("ny")),
            group_by: GroupBy::Children,
            ..by_tree.clone()
        };
        for (query, top) in [(by_tree, "s0"), (by_network, "ny")] {
            let cells = cells(&caller, query).await;
            assert_eq!(cells.len(), 5 * 6);
            let told = |node: &str, stratum: &Stratum| {
                let cell = find(&cells, node, stratum);
                if top == "s0" {
                    assert_eq!(cell.total, Some(cell.shown));
                } else {
                    assert_eq!((cell.total, cell.suppressed), (None, false));
                }
                decimal(cell.shown.rate.unwrap(), 1)
            };
            let whole = Stratum::whole();
            let areas: Vec<String> = (0..4).map(|area| told(&format!("s0o{area}"), &whole)).collect();
            assert_eq!(areas, ["4.3", "5.7", "5.4", "5.9"]);
            assert_eq!(told(top, &whole), "5.2");
            let quintiles: Vec<String> = (1..=5)
                .map(|quintile| told(top, &Stratum::of("quintile", &quintile.to_string())))
                .collect();
            assert_eq!(quintiles, ["3.1", "4.8", "5.3", "5.3", "7.2"]);
            for area in 0..4 {
                let rates: Vec<f64> = numbers(&facts["ratePer1000"][area]);
                for (quintile, rate) in rates.iter().enumerate() {
                    let stratum = Stratum::of("quintile", &(quintile + 1).to_string());
                    assert_eq!(told(&format!("s0o{area}"), &stratum), decimal(*rate, 1));
                }
            }
        }
        world.verifies().await;
    }
}

/// One month; numerator 10 of 30 for every team, but the last, which has reported nothing.
async fn reported(world: &World, shape: &[&[usize]]) {
    world.measure("m", json!({"countsPeople": true})).await;
    let mut rows = Vec::new();
    for (s, organisations) in shape.iter().enumerate() {
        for (o, teams) in organisations.iter().enumerate() {
            rows.extend((0..*teams).map(|t| row(&format!("s{s}o{o}t{t}"), "2005-04", 10, 30)));
        }
    }
    rows.pop();
    push(&world.system(), &rows).await.unwrap();
}

#[tokio::test]
async fn totals_are_told_where_nobody_hidden_can_be_told_from_them() {
    let shape: &[&[usize]] = &[&[2, 9, 7, 3], &[6]];
    for world in worlds(shape).await {
        reported(&world, shape).await;
        for t in 0..3 {
            world.share(&format!("s0o3t{t}"), Sharing::Sha).await;
        }
        world.share("s0o1t0", Sharing::Everyone).await;
        let analyst = world.person(&[(Role::ShaAnalyst, "s0")]).await;
        let caller = world.caller(analyst).await;
        let whole = Stratum::whole();
        let answer = cells(&caller, query("s0", GroupBy::Organisation)).await;
        let told: Vec<(Option<f64>, bool, i64)> = ["s0", "s0o0", "s0o1", "s0o2", "s0o3"]
            .iter()
            .map(|node| {
                let cell = find(&answer, node, &whole);
                (
                    cell.total.and_then(|total| total.numerator),
                    cell.suppressed,
                    cell.shown.contributors,
                )
            })
            .collect();
        // Two hidden teams are too few; the organisation with seven goes with it, being the smallest.
        assert_eq!(
            told,
            [
                (Some(210.0), false, 4),
                (None, true, 0),
                (Some(90.0), false, 1),
                (None, true, 0),
                (Some(30.0), false, 3)
            ]
        );
        let nothing = find(&answer, "s0o0", &whole);
        assert_eq!((nothing.shown.numerator, nothing.shown.rate), (None, None));
        // Asked one by one, it is the same.
        for node in ["s0o0", "s0o1", "s0o2", "s0o3"] {
            let alone = cells(&caller, query(node, GroupBy::Children)).await;
            assert_eq!(find(&alone, node, &whole), find(&answer, node, &whole), "{node}");
            for cell in &alone[1..] {
                assert_eq!(cell.suppressed, cell.coverage.shown == 0);
            }
        }
        // A team sees itself and what the others share with everyone, and the region's total as everyone does.
        let team = world.person(&[(Role::TeamMember, "s0o0t1")]).await;
        let caller = world.caller(team).await;
        let answer = cells(&caller, query("s0", GroupBy::Organisation)).await;
        let top = find(&answer, "s0", &whole);
        assert_eq!(top.shown.numerator, Some(20.0));
        assert_eq!(
            top.coverage,
            Coverage {
                eligible: 21,
                shown: 2,
                with_value: 2
            }
        );
        // Its own organisation would tell of its one neighbour.
        assert!(find(&answer, "s0o0", &whole).suppressed);
        // A lead of an organisation sees all of it.
        let lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let caller = world.caller(lead).await;
        let answer = cells(&caller, query("s0o0", GroupBy::Children)).await;
        assert!(
            answer
                .iter()
                .all(|cell| cell.total == Some(cell.shown) && !cell.suppressed)
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_count_that_one_team_alone_has_reported_is_not_told() {
    for world in worlds(&[&[7]]).await {
        world
            .measure("m", json!({"scale": "count", "countsPeople": true}))
            .await;
        let count = |team: &str, people: u32| {
            let mut row = row(team, "2005-04", people, 1);
            row["denominator"] = json!(null);
            row
        };
        push(&world.system(), &[count("s0o0t0", 37)]).await.unwrap();
        let analyst = world.person(&[(Role::ShaAnalyst, "s0")]).await;
        let caller = world.caller(analyst).await;
        let whole = Stratum::whole();
        let told = async || find(&cells(&caller, query("s0", GroupBy::None)).await, "s0", &whole).total;
        assert_eq!(told().await, None);
        let others: Vec<_> = (1..7).map(|t| count(&format!("s0o0t{t}"), 20)).collect();
        push(&world.system(), &others).await.unwrap();
        assert_eq!(told().await.and_then(|total| total.numerator), Some(157.0));
    }
}

#[tokio::test]
async fn one_kind_of_year_is_told_for_finer_periods() {
    for world in worlds(&[&[7]]).await {
        world.measure("m", json!({"countsPeople": true})).await;
        let months = (0..24).map(|n| format!("{}-{:02}", 2004 + n / 12, n % 12 + 1));
        let rows: Vec<_> = months
            .flat_map(|month| (0..7).map(move |t| row(&format!("s0o0t{t}"), &month, 10, 30)))
            .collect();
        push(&world.system(), &rows).await.unwrap();
        let analyst = world.person(&[(Role::ShaAnalyst, "s0")]).await;
        let caller = world.caller(analyst).await;
        for (interval, told) in [(Interval::FinancialYear, true), (Interval::Year, false)] {
            let mut asked = query("s0", GroupBy::None);
            asked.interval = Some(interval);
            asked.from = "2004-01-01".parse().ok();
            asked.to = "2005-12-31".parse().ok();
            let answer = cells(&caller, asked).await;
            assert!(!answer.is_empty());
            assert!(
                answer
                    .iter()
                    .all(|cell| cell.total.is_some() == told && !cell.suppressed)
            );
        }
    }
}

#[tokio::test]
async fn who_has_not_reported_is_missing_and_not_zero() {
    let shape: &[&[usize]] = &[&[3]];
    for world in worlds(shape).await {
        reported(&world, shape).await;
        let lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let caller = world.caller(lead).await;
        let months = RollUpQuery {
            from: "2005-03-01".parse().ok(),
            to: "2005-05-31".parse().ok(),
            ..query("s0o0", GroupBy::Children)
        };
        let answer = cells(&caller, months.clone()).await;
        assert_eq!(answer.len(), 4 * 3);
        let april = &answer[1];
        assert_eq!(
            (april.shown.numerator, april.shown.denominator),
            (Some(20.0), Some(60.0))
        );
        assert_eq!((april.coverage.eligible, april.coverage.with_value), (3, 2));
        assert_eq!(answer[0].shown.numerator, None);
        let missing = answer.iter().filter(|cell| cell.node.code == "s0o0t2");
        assert!(
            missing
                .into_iter()
                .all(|cell| cell.shown.numerator.is_none() && cell.coverage.eligible == 1)
        );
        // By quarter, each month counts once.
        let quarter = RollUpQuery {
            interval: Some(Interval::Quarter),
            from: "2005-01-01".parse().ok(),
            to: "2005-08-01".parse().ok(),
            ..months
        };
        let answer = cells(&caller, quarter).await;
        let first: Vec<(String, Option<f64>, i64)> = answer[..2]
            .iter()
            .map(|cell| {
                (
                    cell.period_end.to_string(),
                    cell.shown.numerator,
                    cell.coverage.eligible,
                )
            })
            .collect();
        assert_eq!(
            first,
            [
                ("2005-03-31".into(), None, 9),
                ("2005-06-30".into(), Some(20.0), 9)
            ]
        );
        let weeks = RollUpQuery {
            interval: Some(Interval::Week),
            ..query("s0o0", GroupBy::None)
        };
        assert_eq!(
            refused(roll_up(&caller, weeks).await),
            [place("/query/interval", "does_not_nest")]
        );
        let split = RollUpQuery {
            dimension: Some("sex".into()),
            ..query("s0o0", GroupBy::None)
        };
        assert_eq!(
            refused(roll_up(&caller, split).await),
            [place("/query/dimension", "unknown_dimension")]
        );
    }
}

#[tokio::test]
async fn networks_other_trees_and_earlier_knowledge_show_what_the_reader_sees() {
    let shape: &[&[usize]] = &[&[2, 2]];
    for world in worlds(shape).await {
        reported(&world, shape).await;
        let then = world.now().plus_seconds(1);
        world.later();
        push(&world.system(), &[row("s0o0t0", "2005-04", 20, 30)])
            .await
            .unwrap();
        world.later();
        let network = json!({
            "code": "net", "name": "net", "kind": "clinical_network", "hostUnit": "code:s0o0",
            "members": [
                {"unit": "code:s0o0t0", "leftOn": "2005-04-15"}, {"unit": "code:s0o0t1"}, {"unit": "code:s0o1t0"},
            ],
        });
        tenancy::create_network(&world.system(), serde_json::from_value(network).unwrap())
            .await
            .unwrap();
        let lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let caller = world.caller(lead).await;
        let whole = Stratum::whole();
        let before = RollUpQuery {
            known_at: Some(then),
            ..query("s0o0", GroupBy::None)
        };
        let was = cells(&caller, before).await;
        assert_eq!((was[0].shown.numerator, was[0].total), (Some(20.0), None));
        let is = cells(&caller, query("s0o0", GroupBy::None)).await;
        assert_eq!(
            (is[0].shown.numerator, is[0].total),
            (Some(30.0), Some(is[0].shown))
        );
        let current = RollUpQuery {
            tree: TreeAt::Current,
            ..query("s0", GroupBy::Children)
        };
        let now = cells(&caller, current).await;
        assert_eq!(find(&now, "s0", &whole).shown.numerator, Some(30.0));
        assert_eq!(find(&now, "s0", &whole).total, None);
        assert_eq!(find(&now, "s0o1", &whole).shown.contributors, 0);
        let net = RollUpQuery {
            unit: None,
            network: Some(code("net")),
            ..query("s0", GroupBy::Children)
        };
        let by_network = cells(&caller, net.clone()).await;
        let top = find(&by_network, "net", &whole);
        // The one that had left by the end of April is not of the network then.
        assert_eq!(
            (top.shown.numerator, top.coverage.eligible, top.coverage.shown),
            (Some(10.0), 2, 1)
        );
        assert_eq!(top.node.network_id.is_some(), top.node.unit_id.is_none());
        // A grant on the network reads its members at the host's tier.
        let reader = world.person(&[]).await;
        world
            .grant(reader, Role::OrganisationAnalyst, None, Some("net"))
            .await;
        let caller = world.caller(reader).await;
        let by_network = cells(&caller, net).await;
        assert_eq!(find(&by_network, "net", &whole).shown.numerator, Some(20.0));
        let by_tree = cells(&caller, query("s0", GroupBy::Organisation)).await;
        assert_eq!(find(&by_tree, "s0", &whole).shown.numerator, Some(20.0));
        world.verifies().await;
    }
}

#[tokio::test]
async fn means_are_weighted_and_a_complete_dimension_stands_for_the_whole() {
    for world in worlds(&[&[2]]).await {
        world.dimension("sex", &["f", "m"]).await;
        world
            .measure(
                "m",
                json!({"scale": "continuous", "dimensions": ["sex"], "irregular": true}),
            )
            .await;
        let mean = |unit: &str, period: &str, value: f64, n: Option<i64>| {
            let row = without(row(unit, period, 0, 0), &["numerator", "denominator"]);
            with(row, json!({"value": value, "n": n}))
        };
        let sex = |row: Value, sex: &str| with(row, json!({"stratum": {"sex": sex}}));
        let rows = [
            mean("s0o0t0", "2005-04", 10.0, Some(30)),
            sex(mean("s0o0t0", "2005-04", 9.0, Some(10)), "f"),
            sex(mean("s0o0t1", "2005-04", 4.0, Some(5)), "f"),
            sex(mean("s0o0t1", "2005-04", 8.0, Some(5)), "m"),
            // Without n it is kept but not summed; without its other half a dimension is no whole.
            mean("s0o0t0", "2005-05", 7.0, None),
            sex(mean("s0o0t1", "2005-05", 8.0, Some(5)), "m"),
            mean("s0o0t0", "2005-05-10/2005-06-09", 2.0, Some(4)),
        ];
        push(&world.system(), &rows).await.unwrap();
        let lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let caller = world.caller(lead).await;
        let split = RollUpQuery {
            dimension: Some("sex".into()),
            ..query("s0o0", GroupBy::None)
        };
        let answer = cells(&caller, split).await;
        let told: Vec<(String, String, Option<f64>, bool)> = answer
            .iter()
            .map(|cell| {
                (
                    cell.period_start.to_string(),
                    cell.stratum.to_string(),
                    cell.shown.rate,
                    cell.total.is_some(),
                )
            })
            .collect();
        let line = |period: &str, stratum: &str, rate: Option<f64>, total: bool| {
            (period.to_owned(), stratum.to_owned(), rate, total)
        };
        assert_eq!(
            told[..6],
            [
                line("2005-04-01", "", Some(360.0 / 40.0), true),
                line("2005-04-01", "sex=f", Some(110.0 / 15.0), true),
                line("2005-04-01", "sex=m", Some(8.0), true),
                line("2005-05-01", "", None, true),
                line("2005-05-01", "sex=f", None, true),
                line("2005-05-01", "sex=m", Some(8.0), true),
            ]
        );
        // A period that is none of the cadence is shown, and in no total.
        assert!(told.contains(&line("2005-05-10", "", Some(2.0), false)));
        world.verifies().await;
    }
}

/// Whoever keeps the directory cannot make a few hidden teams look like many by adding empty ones.
#[tokio::test]
async fn units_added_by_hand_count_as_hidden_only_after_a_time() {
    let shape: &[&[usize]] = &[&[6, 9], &[9]];
    for world in worlds(shape).await {
        reported(&world, shape).await;
        for t in 0..3 {
            world.share(&format!("s0o0t{t}"), Sharing::Sha).await;
        }
        for t in 0..9 {
            world.share(&format!("s0o1t{t}"), Sharing::Sha).await;
        }
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let whole = Stratum::whole();
        let total = async || {
            let caller = world.caller(lead).await;
            let told = cells(&caller, query("s0", GroupBy::Organisation)).await;
            ["s0", "s0o0"].map(|node| find(&told, node, &whole).total.and_then(|total| total.numerator))
        };
        assert_eq!(total().await, [None, None]);
        let caller = world.caller(lead).await;
        for n in 0..2 {
            let cover = json!({
                "code": format!("cover-{n}"), "name": "Cover", "tier": "microsystem", "kind": "clinical_team",
                "parent": "code:s0o0", "openedOn": "2000-01-01",
            });
            let added = tenancy::create_org_unit(&caller, serde_json::from_value(cover).unwrap()).await;
            assert_eq!(added.unwrap().settled_on.to_string(), "2006-07-30");
        }
        assert_eq!(total().await, [None, None]);
        for _ in 0..30 * 24 {
            world.later();
        }
        assert_eq!(total().await, [Some(150.0), Some(60.0)]);
    }
}

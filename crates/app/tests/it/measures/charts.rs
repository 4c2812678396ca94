//! Charts: the verdicts that the docs work out by hand, for those who may see them, over phases and versions.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use spiral_app::analysis::{ChartQuery, Rebase, charts, charts_of};
use spiral_app::{Caller, measures};
use spiral_domain::analysis::{
    Assurance, Attention, ChartKind, ChartSeries, ChartWarning, Charts, PhaseCause, SeriesSort, SignalRule,
    Variation,
};
use spiral_domain::people::Role;
use spiral_domain::{PageRequest, Sharing};

mod series;

use super::{World, code, place, push, refused, row, with, worlds};

/// Months up to June 2006, oldest first.
fn months(count: usize) -> Vec<String> {
    let mut months: Vec<String> = (0..count)
        .map(|back| {
            let month = 2006 * 12 + 5 - back;
            format!("{}-{:02}", month / 12, month % 12 + 1)
        })
        .collect();
    months.reverse();
    months
}

/// Mean values for the last months.
fn means(unit: &str, values: &[f64]) -> Vec<Value> {
    let rows = months(values.len()).into_iter().zip(values);
    rows.map(|(month, value)| {
        json!({ "measure": "code:m", "unit": format!("code:{unit}"), "period": month, "value": value, "n": 10 })
    })
    .collect()
}

/// The worked example of docs/analysis.md.
const MINUTES: [f64; 19] = [
    52., 48., 55., 50., 47., 53., 49., 51., 46., 54., 50., 52., 41., 40., 42., 39., 41., 43., 40.,
];

async fn minutes(world: &World) {
    let definition = json!({ "scale": "continuous", "direction": "lower_is_better", "target": 45 });
    world.measure("m", definition).await;
}

fn at(unit: &str) -> ChartQuery {
    ChartQuery {
        unit: Some(code(unit)),
        ..ChartQuery::of(code("m"))
    }
}

fn within(unit: &str) -> ChartQuery {
    ChartQuery {
        within: Some(code(unit)),
        ..ChartQuery::of(code("m"))
    }
}

async fn answer(caller: &Caller, query: &ChartQuery) -> Charts {
    charts(caller, query, &PageRequest::default()).await.unwrap()
}

async fn one(caller: &Caller, query: &ChartQuery) -> ChartSeries {
    let mut answer = answer(caller, query).await;
    assert_eq!(answer.data.len(), 1);
    answer.data.remove(0)
}

fn close(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 0.005)
}

fn warned(series: &ChartSeries, warning: ChartWarning) -> bool {
    series.warnings.iter().any(|found| found.warning == warning)
}

#[tokio::test]
async fn the_worked_examples_come_out() {
    for world in worlds(&[&[2]]).await {
        minutes(&world).await;
        push(&world.system(), &means("s0o0t0", &MINUTES)).await.unwrap();
        let query = ChartQuery {
            baseline: Some(12),
            ..at("s0o0t0")
        };
        let series = one(&world.system(), &query).await;
        assert_eq!(series.points.len(), 19);
        let last = series.points.last().unwrap();
        assert!(close(last.centre, 50.58), "{last:?}");
        assert!(close(last.lower, 38.49) && close(last.upper, 62.67), "{last:?}");
        assert_eq!(
            (last.rule, last.variation),
            (Some(SignalRule::TwoOfThree), Variation::Improvement)
        );
        assert_eq!(series.points[17].rule, Some(SignalRule::Shift));
        assert_eq!(series.points[0].rule, None);
        assert_eq!(series.verdict.variation, Some(Variation::Improvement));
        assert_eq!(series.verdict.assurance, Some(Assurance::Inconsistent));
        assert_eq!(series.verdict.attention, Attention::ByChance);
        assert_eq!(series.target.as_ref().map(|target| target.value), Some(45.0));
        // Ten minutes better than usual: minus two and a half standard deviations towards the worse.
        assert!(close(series.verdict.distance, -2.63), "{:?}", series.verdict);
        // The worked example of run charts: one crossing is too few.
        let days = [5., 6., 4., 7., 6., 5., 9., 10., 9., 11., 10., 9., 12., 10.];
        push(&world.system(), &means("s0o0t1", &days)).await.unwrap();
        let run = ChartQuery {
            chart: Some(ChartKind::Run),
            ..at("s0o0t1")
        };
        let run = one(&world.system(), &run).await;
        let runs = run.phases[0].runs.unwrap();
        assert_eq!(
            (runs.useful, runs.longest, runs.crossings),
            (11, Some(6), Some(1))
        );
        assert!(runs.signal && runs.crossings_min == Some(2), "{runs:?}");
        assert_eq!((run.points[0].upper, run.points[0].centre), (None, Some(9.0)));
        assert_eq!(run.verdict.variation, Some(Variation::Concern));
    }
}

#[tokio::test]
async fn phases_and_versions_divide_a_series() {
    for world in worlds(&[&[1]]).await {
        minutes(&world).await;
        let system = world.system();
        push(&system, &means("s0o0t0", &MINUTES)).await.unwrap();
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let lead = world.caller(lead).await;
        let phase = |day: &str, label: &str| {
            serde_json::from_value(json!({
                "unit": "code:s0o0t0", "measure": "code:m", "startsOn": day, "label": label,
            }))
            .unwrap()
        };
        // In the middle of a month: the next one is the first by the new way.
        let made = measures::open_phase(&lead, phase("2005-11-10", "Triage"))
            .await
            .unwrap();
        measures::open_phase(&lead, phase("2006-09-01", "To come"))
            .await
            .unwrap();
        let annotation = json!({ "unit": "code:s0o0t0", "occurredOn": "2006-01-05", "text": "New desk" });
        measures::add_annotation(&lead, serde_json::from_value(annotation).unwrap())
            .await
            .unwrap();
        let series = one(&lead, &at("s0o0t0")).await;
        let begun: Vec<(PhaseCause, String, i32)> = series
            .phases
            .iter()
            .map(|phase| (phase.cause, phase.starts_on.to_string(), phase.periods))
            .collect();
        assert_eq!(
            begun,
            [
                (PhaseCause::Start, "2004-12-01".into(), 12),
                (PhaseCause::Phase, "2005-12-01".into(), 7)
            ]
        );
        assert_eq!(series.phases[1].phase_id, Some(made.id));
        assert_eq!(series.phases[1].label.as_deref(), Some("Triage"));
        assert!(warned(&series, ChartWarning::PhaseNotBegun));
        assert_eq!(series.annotations[0].text, "New desk");
        // Seven values are too few to judge by; five more would do.
        let missing = series.verdict.insufficient_data.clone().unwrap();
        assert_eq!((missing.have, missing.need, missing.missing), (7, 12, 5));
        assert_eq!(series.verdict.variation, None);
        assert_eq!(series.verdict.attention, Attention::InsufficientData);
        // Without phases, or with others.
        let whole = ChartQuery {
            rebase: Rebase::None,
            ..at("s0o0t0")
        };
        assert_eq!(one(&lead, &whole).await.phases.len(), 1);
        let dates = ChartQuery {
            rebase: Rebase::Dates(vec!["2005-06-01".parse().unwrap(), "2005-12-01".parse().unwrap()]),
            ..at("s0o0t0")
        };
        assert_eq!(one(&lead, &dates).await.phases.len(), 3);
        measures::retract_mark::<spiral_domain::measures::Phase>(&lead, &made.id.into(), None, false)
            .await
            .unwrap();
        assert_eq!(one(&lead, &at("s0o0t0")).await.phases.len(), 1);
        // A new version goes on where it has its first value; the old one's later values are its own.
        minutes_again(&world, "Seen by a nurse").await;
        let mut new = means("s0o0t0", &[44., 45., 46.]);
        new.remove(1);
        push(&system, &new).await.unwrap();
        let series = one(&lead, &at("s0o0t0")).await;
        assert_eq!(series.points.len(), 19);
        assert_eq!(series.points[18].value, Some(46.0));
        assert_eq!(series.points[17].value, None, "the earlier version says 43");
        assert_eq!(series.points[15].value, Some(39.0));
        assert_eq!(
            series
                .phases
                .iter()
                .map(|phase| (phase.cause, phase.measure_version))
                .collect::<Vec<_>>(),
            [(PhaseCause::Start, 1), (PhaseCause::Version, 2)]
        );
        let alone = ChartQuery {
            earlier_versions: false,
            ..at("s0o0t0")
        };
        assert_eq!(one(&lead, &alone).await.points.len(), 3);
        world.verifies().await;
    }
}

async fn minutes_again(world: &World, definition: &str) {
    let more = json!({
        "scale": "continuous", "direction": "lower_is_better", "target": 45, "definition": definition,
    });
    world.measure("m", more).await;
}

#[tokio::test]
async fn the_nearest_target_counts() {
    for world in worlds(&[&[2]]).await {
        minutes(&world).await;
        let system = world.system();
        for team in ["s0o0t0", "s0o0t1"] {
            push(&system, &means(team, &MINUTES)).await.unwrap();
        }
        let target = |unit: &str, more: Value| {
            let input = with(
                json!({ "unit": format!("code:{unit}"), "measure": "code:m" }),
                more,
            );
            serde_json::from_value(input).unwrap()
        };
        let set =
            async |unit: &str, more: Value| measures::set_target(&system, target(unit, more)).await.unwrap();
        set("nat", json!({ "value": 44, "tier": "organisation" })).await;
        set("s0", json!({ "value": 43 })).await;
        let later = set("s0", json!({ "value": 42, "startsOn": "2006-01-01" })).await;
        set("s0o0t1", json!({ "value": 41 })).await;
        let series = one(&system, &at("s0o0t0")).await;
        let of = |month: usize| series.points[month].target;
        assert_eq!((of(0), of(12), of(13)), (Some(43.0), Some(43.0), Some(42.0)));
        let held = series.target.unwrap();
        assert_eq!((held.value, held.target_id), (42.0, Some(later.id)));
        let own = one(&system, &at("s0o0t1")).await.target;
        assert_eq!(own.map(|target| target.value), Some(41.0));
        // Set again, it is changed; taken back, the measure's own is left for who has none.
        let again = set("s0", json!({ "value": 40, "startsOn": "2006-01-01" })).await;
        assert_eq!((again.id, again.version), (later.id, 2));
        let same = set("s0", json!({ "value": 40, "startsOn": "2006-01-01" })).await;
        assert_eq!(same.version, 2);
        // A lead sets it for their own unit only, and a team's target is read as far as its work is.
        let organisation = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let organisation = world.caller(organisation).await;
        let refusal = measures::set_target(&organisation, target("s0o0t0", json!({ "value": 1 }))).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        let filter = measures::MarkFilter::default();
        let seen = |caller: Caller, filter| async move {
            measures::marks::<spiral_domain::measures::Target>(&caller, filter, &PageRequest::default())
                .await
                .unwrap()
                .data
                .len()
        };
        assert_eq!(seen(organisation, filter.clone()).await, 4);
        let sha = world.person(&[(Role::ShaLead, "s0")]).await;
        assert_eq!(seen(world.caller(sha).await, filter).await, 3);
    }
}

#[tokio::test]
async fn who_is_hidden_is_counted_and_left_out() {
    for world in worlds(&[&[3], &[1]]).await {
        world.measure("m", json!({ "multiplier": 100 })).await;
        let system = world.system();
        for (n, team) in ["s0o0t0", "s0o0t1", "s0o0t2", "s1o0t0"].into_iter().enumerate() {
            let rows: Vec<Value> = months(14)
                .iter()
                .map(|month| row(team, month, 10 + u32::try_from(n).unwrap(), 20))
                .collect();
            push(&system, &rows).await.unwrap();
        }
        world.share("s0o0t1", Sharing::Sha).await;
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let lead = world.caller(lead).await;
        let found = answer(&lead, &within("s0")).await;
        assert_eq!((found.coverage.eligible, found.coverage.shown), (3, 1));
        assert_eq!(found.data.len(), 1);
        assert_eq!(found.data[0].node.code, "s0o0t1");
        // A hidden team by itself says so, whether or not it has reported.
        let hidden = one(&lead, &at("s0o0t0")).await;
        assert_eq!(
            hidden.withheld.map(|withheld| withheld.level),
            Some(Sharing::Organisation)
        );
        assert!(hidden.points.is_empty() && hidden.verdict.latest.is_none());
        // A sum is of what is seen, and says of how many.
        let summed = one(&lead, &at("s0")).await;
        assert!(summed.aggregated && summed.withheld.is_none());
        let last = summed.points.last().unwrap();
        assert_eq!((last.contributors, last.eligible), (Some(1), Some(3)));
        assert_eq!((last.numerator, last.value), (Some(11.0), Some(55.0)));
        let all = one(&system, &at("s0")).await;
        assert_eq!(all.points.last().unwrap().numerator, Some(33.0));
        // Another SHA's lead sees nothing of it.
        let other = world.person(&[(Role::ShaLead, "s1")]).await;
        let other = world.caller(other).await;
        let found = answer(&other, &within("s0")).await;
        assert_eq!((found.coverage.eligible, found.coverage.shown), (3, 0));
        assert!(found.data.is_empty());
        // Annotations and phases of hidden teams are hidden too.
        let note = json!({ "unit": "code:s0o0t0", "occurredOn": "2006-01-05", "text": "A secret" });
        measures::add_annotation(&system, serde_json::from_value(note).unwrap())
            .await
            .unwrap();
        let seen = measures::marks::<spiral_domain::measures::Annotation>(
            &lead,
            measures::MarkFilter::default(),
            &PageRequest::default(),
        )
        .await
        .unwrap();
        assert!(seen.data.is_empty());
        world.share("s0o0t0", Sharing::Sha).await;
        let series = one(&world.caller(lead.principal().id).await, &at("s0o0t0")).await;
        assert_eq!(series.annotations.len(), 1);
        world.verifies().await;
    }
}

#[tokio::test]
async fn the_worst_come_first_page_by_page() {
    for world in worlds(&[&[6]]).await {
        minutes(&world).await;
        let system = world.system();
        let calm = [
            50., 52., 49., 51., 50., 48., 51., 52., 50., 49., 51., 50., 52., 49., 51., 50.,
        ];
        let with_last = |last: f64| {
            let mut values = calm.to_vec();
            values.push(last);
            values
        };
        let below: Vec<f64> = calm.iter().map(|value| value - 10.0).collect();
        // Fewer than needed; never met and calm; much worse; worse; always met; worse though the target is met.
        push(&system, &means("s0o0t0", &calm[..6])).await.unwrap();
        push(&system, &means("s0o0t1", &calm)).await.unwrap();
        push(&system, &means("s0o0t2", &with_last(75.0))).await.unwrap();
        push(&system, &means("s0o0t3", &with_last(66.0))).await.unwrap();
        push(&system, &means("s0o0t4", &below)).await.unwrap();
        let worst = ChartQuery {
            sort: SeriesSort::Worst,
            ..within("nat")
        };
        let mut cursor = None;
        let mut order = Vec::new();
        loop {
            let page = PageRequest {
                limit: Some(2),
                cursor,
                ..PageRequest::default()
            };
            let found = charts(&system, &worst, &page).await.unwrap();
            order.extend(
                found
                    .data
                    .into_iter()
                    .map(|series| (series.node.code, series.verdict.attention)),
            );
            cursor = found.page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let codes: Vec<&str> = order.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(
            codes,
            ["s0o0t2", "s0o0t3", "s0o0t1", "s0o0t4", "s0o0t0", "s0o0t5"],
            "{order:?}"
        );
        assert_eq!(order[0].1, Attention::ConcernAndFailing);
        assert_eq!(order[2].1, Attention::Failing);
        assert_eq!(order[5].1, Attention::InsufficientData);
        // A cursor of one order fits no other.
        let page = PageRequest {
            limit: Some(2),
            ..PageRequest::default()
        };
        let first = charts(&system, &worst, &page).await.unwrap();
        let astray = PageRequest {
            cursor: first.page.next_cursor,
            ..page
        };
        let refusal = charts(&system, &within("nat"), &astray).await;
        assert_eq!(refused(refusal), [place("/query/cursor", "bad_cursor")]);
    }
}

#[tokio::test]
async fn many_series_take_as_many_statements_as_one() {
    for world in worlds(&[&[30, 10]]).await {
        world.measure("m", json!({})).await;
        let system = world.system();
        let teams: Vec<String> = (0..30)
            .map(|team| format!("s0o0t{team}"))
            .chain((0..10).map(|team| format!("s0o1t{team}")))
            .collect();
        let rows: Vec<Value> = teams
            .iter()
            .flat_map(|team| months(13).into_iter().map(move |month| row(team, &month, 3, 10)))
            .collect();
        push(&system, &rows).await.unwrap();
        let lead = world
            .person(&[(Role::OrganisationLead, "s0o0"), (Role::OrganisationLead, "s0o1")])
            .await;
        let mut counts = Vec::new();
        for unit in ["s0o1", "s0o0"] {
            let caller = world.caller(lead).await;
            let before = caller.store().meter().statements.load(Ordering::Relaxed);
            let found = answer(&caller, &within(unit)).await;
            counts.push(caller.store().meter().statements.load(Ordering::Relaxed) - before);
            assert_eq!(found.data.len(), if unit == "s0o0" { 30 } else { 10 });
            assert!(found.data.iter().all(|series| series.points.len() == 13));
        }
        assert_eq!(counts[0], counts[1]);
        assert!(counts[0] <= 10, "{counts:?}");
        let caller = world.caller(lead).await;
        let units: Vec<_> = ["s0", "s0o0", "s0o0t0", "s0o1t1"]
            .map(|unit| world.units[unit].id)
            .into();
        let found = charts_of(&caller, &ChartQuery::of(code("m")), &units)
            .await
            .unwrap();
        assert_eq!(found.len(), 4);
        let of = |unit: &str| &found[&world.units[unit].id];
        assert!(of("s0o0").aggregated && !of("s0o0t0").aggregated);
        assert_eq!(of("s0o0").points.last().unwrap().numerator, Some(90.0));
        assert_eq!(of("s0").points.last().unwrap().numerator, Some(120.0));
    }
}

//! Pictures say what the analysis says, and no more than the reader may see.

use serde_json::{Value, json};
use spiral_app::analysis::pictures::{Picture, draw_funnel, draw_multiples, draw_series, mark, pixels};
use spiral_app::analysis::{ChartQuery, FunnelQuery, charts, funnel};
use spiral_app::{Caller, measures};
use spiral_domain::analysis::{ChartDrawing, ChartKind, Charts};
use spiral_domain::people::Role;
use spiral_domain::{PageRequest, Sharing};

use super::{World, code, place, push, refused, row, worlds};

/// The worked example of docs/analysis.md.
const MINUTES: [f64; 19] = [
    52., 48., 55., 50., 47., 53., 49., 51., 46., 54., 50., 52., 41., 40., 42., 39., 41., 43., 40.,
];

fn minutes(unit: &str, values: &[f64]) -> Vec<Value> {
    let months = (0..values.len()).map(|at| format!("{}-{:02}", 2004 + at / 12, at % 12 + 1));
    let rows = months.zip(values);
    rows.map(|(month, value)| {
        json!({ "measure": "code:m", "unit": format!("code:{unit}"), "period": month, "value": value, "n": 10 })
    })
    .collect()
}

async fn measure(world: &World) {
    let definition = json!({
        "scale": "continuous", "direction": "lower_is_better", "target": 45, "name": "Door to needle",
        "unitOfMeasure": "minutes",
    });
    world.measure("m", definition).await;
}

async fn ask(caller: &Caller, query: ChartQuery) -> Charts {
    charts(caller, &query, &PageRequest::default()).await.unwrap()
}

fn at(unit: &str) -> ChartQuery {
    ChartQuery {
        unit: Some(code(unit)),
        baseline: Some(12),
        ..ChartQuery::of(code("m"))
    }
}

fn drawn(charts: &Charts) -> ChartDrawing {
    draw_series(charts, &charts.data[0], &Picture::default()).unwrap()
}

#[tokio::test]
async fn a_chart_says_what_the_analysis_says() {
    for world in worlds(&[&[1]]).await {
        measure(&world).await;
        push(&world.system(), &minutes("s0o0t0", &MINUTES)).await.unwrap();
        let note = json!({ "unit": "code:s0o0t0", "occurredOn": "2005-01-12", "text": "New desk" });
        measures::add_annotation(&world.system(), serde_json::from_value(note).unwrap())
            .await
            .unwrap();
        let drawing = drawn(&ask(&world.system(), at("s0o0t0")).await);
        assert_eq!(drawing.title, "Door to needle");
        for said in [
            "XmR chart in minutes, Jan 2004 to Jul 2005: 19 points.",
            "Less is better.",
            "Latest: 40 minutes, Jul 2005.",
            "Mean 50.6, limits 38.5 to 62.7.",
            "Variation: Improvement: unusually low.",
            "Target 45: Target met by chance.",
            "7 points of improvement.",
        ] {
            assert!(
                drawing.description.contains(said),
                "{said}: {}",
                drawing.description
            );
        }
        let columns = [
            "Period",
            "Value (minutes)",
            "Mean",
            "Lower limit",
            "Upper limit",
            "Target",
        ];
        assert_eq!(drawing.table.columns[..6], columns);
        assert_eq!(drawing.table.rows.len(), 19);
        let january = &drawing.table.rows[12];
        assert_eq!(january[..3], ["Jan 2005", "41", "50.5833"]);
        assert_eq!(
            january[6..],
            ["improvement: two of three near a limit", "New desk"]
        );
        // A run chart says what its runs say, beneath it.
        let run = ChartQuery {
            chart: Some(ChartKind::Run),
            baseline: None,
            ..at("s0o0t0")
        };
        let run = drawn(&ask(&world.system(), run).await);
        assert!(run.description.starts_with("Run chart"), "{}", run.description);
        // Eighteen values beside the median: seven of them the last, after five crossings.
        assert!(
            run.description.contains(
                "Longest run 7 (at most 7 by chance), centre line crossed 5 times (at least 5 by chance)"
            ),
            "{}",
            run.description
        );
    }
}

#[tokio::test]
async fn what_is_kept_from_the_reader_is_on_no_picture() {
    for world in worlds(&[&[2]]).await {
        measure(&world).await;
        for unit in ["s0o0t0", "s0o0t1"] {
            push(&world.system(), &minutes(unit, &MINUTES)).await.unwrap();
        }
        world.share("s0o0t1", Sharing::Team).await;
        let lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let lead = world.caller(lead).await;
        let hidden = drawn(&ask(&lead, at("s0o0t1")).await);
        assert!(
            hidden.table.rows.is_empty() && !hidden.svg.contains("50.6"),
            "{}",
            hidden.svg
        );
        assert!(hidden.svg.contains("The unit keeps these figures to itself."));
        assert!(hidden.svg.contains("There are no values to show."));
        let within = ChartQuery {
            within: Some(code("s0o0")),
            ..ChartQuery::of(code("m"))
        };
        let sheet = draw_multiples(&ask(&lead, within.clone()).await, &Picture::default()).unwrap();
        let names: Vec<&str> = sheet.table.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, ["s0o0t0"]);
        assert!(sheet.svg.contains("1 of 2 units show these figures to you."));
        let sheet = draw_multiples(&ask(&world.system(), within).await, &Picture::default()).unwrap();
        assert_eq!(sheet.table.rows.len(), 2);
    }
}

#[tokio::test]
async fn a_funnel_shows_who_lies_outside() {
    for world in worlds(&[&[5]]).await {
        world
            .measure("m", json!({ "multiplier": 100, "direction": "lower_is_better" }))
            .await;
        let rows = [(12, 200), (9, 180), (160, 400), (11, 210), (8, 150)];
        let rows = rows.into_iter().enumerate();
        let rows: Vec<Value> = rows
            .map(|(at, (y, n))| row(&format!("s0o0t{at}"), "2006-05", y, n))
            .collect();
        push(&world.system(), &rows).await.unwrap();
        let query = FunnelQuery {
            within: Some(code("nat")),
            limits: spiral_domain::analysis::FunnelLimits::Exact,
            ..FunnelQuery::of(code("m"))
        };
        let found = funnel(&world.system(), &query).await.unwrap();
        let drawing = draw_funnel(&found, &Picture::default()).unwrap();
        let says = "s0o0t2 (40, concern)";
        assert!(drawing.description.contains(says), "{}", drawing.description);
        assert_eq!(drawing.table.rows.len(), 5);
        assert_eq!(drawing.table.rows[2], ["s0o0t2", "400", "40", "outside: concern"]);
        assert!(drawing.svg.contains("99.8 % limits"));
    }
}

#[tokio::test]
async fn pictures_are_bounded_and_the_same_again() {
    let world = worlds(&[&[1]]).await.remove(0);
    measure(&world).await;
    push(&world.system(), &minutes("s0o0t0", &MINUTES)).await.unwrap();
    let charts = ask(&world.system(), at("s0o0t0")).await;
    let look = |width| Picture {
        width: Some(width),
        ..Picture::default()
    };
    let draw = |look: &Picture| draw_series(&charts, &charts.data[0], look);
    for width in [279, 3841, -1, i32::MIN] {
        assert_eq!(
            refused(draw(&look(width))),
            [place("/query/width", "out_of_range")]
        );
    }
    let long = Picture {
        title: Some("x".repeat(301)),
        ..look(0)
    };
    assert_eq!(
        refused(draw(&long)),
        [
            place("/query/width", "out_of_range"),
            place("/query/title", "too_long")
        ]
    );
    let (first, again) = (draw(&look(360)).unwrap(), draw(&look(360)).unwrap());
    assert_eq!(first, again);
    assert_ne!(
        mark(first.svg.as_bytes()),
        mark(draw(&look(361)).unwrap().svg.as_bytes())
    );
    let picture = pixels(first.clone(), 2).await.unwrap();
    assert_eq!(picture[16..20], 720_u32.to_be_bytes());
    for scale in [0, 5, -1] {
        assert_eq!(
            refused(pixels(first.clone(), scale).await),
            [place("/query/scale", "out_of_range")]
        );
    }
    let wall = draw(&look(3840)).unwrap();
    assert_eq!(
        refused(pixels(wall, 4).await),
        [place("/query/scale", "too_large")]
    );
}

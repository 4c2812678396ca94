//! Charts, funnels and data quality over both faces: hostile series get a clear refusal or an honest answer.

use e2e::{Actor, World, for_each_database};
use serde_json::{Value, json};

/// Months from July 2004 on.
fn month(n: usize) -> String {
    let month = 2004 * 12 + 6 + n;
    format!("{}-{:02}", month / 12, month % 12 + 1)
}

async fn measure(world: &World, code: &str, more: Value) {
    let mut body = json!({
        "unit": world.north.unit("root").id, "code": code, "name": code, "kind": "process", "scale": "proportion",
        "direction": "higher_is_better", "cadence": "month",
    });
    if let Some(more) = more.as_object() {
        for (name, value) in more {
            body[name] = value.clone();
        }
    }
    world
        .national_lead()
        .post("/v1/measures", &body)
        .await
        .expect(201);
}

/// A row by the tool.
fn row(world: &World, measure: &str, period: &str, fields: Value) -> Value {
    let mut row = json!({
        "measure": format!("code:{measure}"), "unit": world.north.unit("alpha-stroke").id, "period": period,
        "source": "ward-tool", "externalId": format!("{measure}-{period}"),
    });
    for (name, value) in fields.as_object().into_iter().flatten() {
        row[name] = value.clone();
    }
    row
}

async fn push(world: &World, rows: &[Value]) {
    world
        .integration()
        .put("/v1/observations", &json!(rows))
        .await
        .expect(200);
}

/// The team's lead reads the team's own.
fn reader(world: &World) -> Actor<'_> {
    world.as_role("team_lead")
}

/// A chart over REST and over GraphQL: they say the same.
async fn both(world: &World, measure: &str, chart: &str) -> Value {
    let unit = &world.north.unit("alpha-stroke").id;
    let rest = reader(world)
        .get(&format!(
            "/v1/analysis/spc?measure=code:{measure}&unit={unit}&chart={chart}"
        ))
        .await
        .expect(200);
    let query = "query($unit: Reference!, $measure: Reference!, $chart: ChartKind!) { \
                 spc(measure: $measure, unit: $unit, chart: $chart) { data { verdict { attention latest notComputable \
                 insufficientData { have missing } } points { value upper } } } }";
    let variables =
        json!({ "unit": unit, "measure": format!("code:{measure}"), "chart": chart.to_uppercase() });
    let graphql = reader(world).graphql(query, &variables).await;
    let (one, other) = (&rest.body["data"][0], &graphql.answered()["spc"]["data"][0]);
    assert_eq!(one["verdict"]["latest"], other["verdict"]["latest"]);
    assert_eq!(
        one["verdict"]["insufficientData"]["missing"],
        other["verdict"]["insufficientData"]["missing"]
    );
    let upper = |series: &Value| series.pointer("/points/0/upper").cloned();
    assert_eq!(upper(one), upper(other));
    one.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_series_are_refused_or_answered_honestly() {
    for_each_database(async |world| {
        measure(world, "share", json!({})).await;
        measure(world, "mean", json!({ "scale": "continuous" })).await;
        let tool = world.integration();
        // What is no number, or none that fits, is refused with its place, in JSON and in CSV.
        for (measure, fields, place) in [
            ("mean", json!({ "value": "NaN" }), "/0/value"),
            ("mean", json!({ "value": 1e308 }), "/0/value"),
            (
                "share",
                json!({ "numerator": 3, "denominator": 2 }),
                "/0/numerator",
            ),
            (
                "share",
                json!({ "numerator": -1, "denominator": 2 }),
                "/0/numerator",
            ),
            (
                "share",
                json!({ "numerator": 1, "denominator": 0 }),
                "/0/numerator",
            ),
        ] {
            let answer = tool
                .put(
                    "/v1/observations",
                    &json!([row(world, measure, "2005-01", fields)]),
                )
                .await
                .expect(422);
            assert!(answer.pointers().contains(&place.to_owned()), "{answer}");
        }
        let unit = &world.north.unit("alpha-stroke").id;
        for text in ["NaN", "inf", "-Infinity", "1e400"] {
            let file = format!(
                "measure,unit,period,value,source,externalId\ncode:mean,{unit},2005-01,{text},ward-tool,x-1\n"
            );
            let answer = tool
                .call("PUT", "/v1/observations")
                .body("text/csv", file)
                .await
                .expect(422);
            assert!(answer.text.contains("value"), "{answer}");
        }
        // The same period twice in a batch; then twice in two batches, which corrects.
        let twice = row(
            world,
            "share",
            "2005-01",
            json!({ "numerator": 1, "denominator": 4 }),
        );
        let answer = tool
            .put("/v1/observations", &json!([twice.clone(), twice.clone()]))
            .await
            .expect(422);
        assert!(answer.text.contains("twice_in_batch"), "{answer}");
        // Nothing, then one value.
        let nothing = both(world, "share", "xmr").await;
        assert_eq!(nothing["verdict"]["insufficientData"]["have"], 0);
        push(world, &[twice]).await;
        push(
            world,
            &[row(
                world,
                "share",
                "2005-01",
                json!({ "numerator": 2, "denominator": 4 }),
            )],
        )
        .await;
        let one = both(world, "share", "p").await;
        assert_eq!(
            (&one["points"][0]["value"], one["points"].as_array().map(Vec::len)),
            (&json!(0.5), Some(1))
        );
        // All equal, pushed last month first, with nobody in one of them, and minus zero.
        let mut rows: Vec<Value> = (0..16)
            .map(|n| {
                let people = if n == 4 { 0 } else { 4 };
                row(
                    world,
                    "share",
                    &month(n),
                    json!({ "numerator": -0.0, "denominator": people }),
                )
            })
            .collect();
        rows.reverse();
        push(world, &rows).await;
        for chart in ["xmr", "run", "i", "mr", "p"] {
            let series = both(world, "share", chart).await;
            assert_eq!(series["points"].as_array().map(Vec::len), Some(16), "{series}");
            assert_eq!(series["points"][4]["value"], json!(null));
            assert!(!series.to_string().contains("-0.0"), "{series}");
        }
        // The largest figures.
        let rows: Vec<Value> = (0..14)
            .map(|n| {
                row(
                    world,
                    "mean",
                    &month(n),
                    json!({ "value": if n % 2 == 0 { 1e15 } else { -1e15 } }),
                )
            })
            .collect();
        push(world, &rows).await;
        let series = both(world, "mean", "xmr").await;
        assert!(
            series["points"][0]["upper"].as_f64().is_some_and(f64::is_finite),
            "{series}"
        );
        let never = both(world, "mean", "t").await;
        assert!(never["verdict"]["notComputable"].is_string(), "{never}");
        // Questions that make no sense name every place.
        for (query, places) in [
            ("chart=c", vec!["/query/chart"]),
            ("chart=nothing", vec!["/query/chart"]),
            ("baseline=NaN", vec!["/query/baseline"]),
            (
                "baseline=3&from=2006-01-01&to=2005-01-01",
                vec!["/query/baseline", "/query/to"],
            ),
            ("rebase=soon", vec!["/query/rebase"]),
            ("within=code:none&network=code:none", vec!["/query/unit"]),
            ("tier=sha", vec!["/query/tier"]),
            ("limit=0", vec!["/query/limit"]),
            ("cursor=AAAA", vec!["/query/cursor"]),
        ] {
            let path = format!("/v1/analysis/spc?measure=code:share&unit={unit}&{query}");
            let answer = reader(world).get(&path).await.expect(400);
            let mut found = answer.pointers();
            found.sort_unstable();
            assert_eq!(found, places, "{answer}");
        }
        let funnel = format!("/v1/analysis/funnel?measure=code:mean&within={unit}");
        let answer = reader(world).get(&funnel).await.expect(400);
        assert_eq!(answer.pointers(), ["/query/measure"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_is_not_worked_out_again() {
    for_each_database(async |world| {
        measure(world, "share", json!({})).await;
        let rows: Vec<Value> = (0..13)
            .map(|n| {
                row(
                    world,
                    "share",
                    &month(n),
                    json!({ "numerator": n % 4, "denominator": 8 }),
                )
            })
            .collect();
        push(world, &rows).await;
        let unit = &world.north.unit("alpha-stroke").id;
        for path in [
            format!("/v1/analysis/spc?measure=code:share&unit={unit}"),
            format!("/v1/analysis/run-chart?measure=code:share&unit={unit}"),
            format!("/v1/analysis/funnel?measure=code:share&within={unit}"),
            format!("/v1/analysis/data-quality?measure=code:share&unit={unit}"),
        ] {
            let first = reader(world).get(&path).await.expect(200);
            let etag = first.header("etag").to_owned();
            assert!(etag.ends_with("-json\""), "{etag}");
            let before = first.statements();
            let again = reader(world)
                .get(&path)
                .header("if-none-match", &etag)
                .await
                .expect(304);
            assert!(
                again.text.is_empty() && again.statements() < before,
                "{}",
                again.statements()
            );
            // Another form, or another reader, is another answer.
            let lines = reader(world)
                .get(&path)
                .header("accept", "text/csv")
                .header("if-none-match", &etag)
                .await
                .expect(200);
            assert!(lines.header("content-type").starts_with("text/csv"), "{lines}");
            world
                .as_role("organisation_lead")
                .get(&path)
                .header("if-none-match", &etag)
                .await
                .expect(200);
            // And so it is after the next write.
            let note = json!({ "unit": unit, "occurredOn": "2005-01-05", "text": "A new desk" });
            reader(world).post("/v1/annotations", &note).await.expect(201);
            reader(world)
                .get(&path)
                .header("if-none-match", &etag)
                .await
                .expect(200);
        }
        let csv = reader(world)
            .get(&format!("/v1/analysis/spc?measure=code:share&unit={unit}"))
            .header("accept", "text/csv")
            .await
            .expect(200);
        assert_eq!(csv.text.lines().count(), 14, "{csv}");
        assert!(csv.text.starts_with("code,name,attention,phase,"), "{csv}");
    })
    .await;
}

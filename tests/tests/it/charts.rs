//! Charts by address: what a page, a mail and a wall embed.

use e2e::{World, for_each_database};
use serde_json::{Value, json};

/// A measure with nineteen months of the first team, under a name that means harm.
async fn stage(world: &World) -> (String, String) {
    let lead = world.national_lead();
    let unit = world.north.unit("alpha-stroke").id.clone();
    let input = json!({
        "unit": world.north.unit("root").id, "code": "needle", "name": "Door <script>alert(1)</script> to needle",
        "kind": "process", "scale": "continuous", "direction": "lower_is_better", "cadence": "month",
        "reportingTier": "microsystem", "unitOfMeasure": "minutes",
    });
    let measure = lead.post("/v1/measures", &input).await.expect(201).id();
    let rows: Vec<Value> = (0..19)
        .map(|at| {
            let month = format!("{}-{:02}", 2004 + at / 12, at % 12 + 1);
            json!({ "measure": measure, "unit": unit, "period": month, "value": 50 - at % 7, "n": 10 })
        })
        .collect();
    world
        .as_role("team_lead")
        .put("/v1/observations", &json!(rows))
        .await
        .expect(200);
    (measure, unit)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_is_had_by_its_address() {
    for_each_database(async |world| {
        let (measure, unit) = stage(world).await;
        let lead = world.as_role("team_lead");
        let path = format!("/v1/charts/spc.svg?measure={measure}&unit={unit}&width=360&theme=dark&title=Needles");
        let chart = lead.get(&path).header("accept", "image/avif,image/*;q=0.8").await.expect(200);
        assert_eq!(chart.header("content-type"), "image/svg+xml");
        assert!(chart.text.starts_with("<svg ") && chart.text.contains("viewBox=\"0 0 360 "), "{chart}");
        assert!(chart.text.contains(">Needles</title>") && chart.text.contains("<td>50</td>"), "{chart}");
        // Opened by itself it is a document of ours, with whatever texts it was given.
        let policy = chart.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; style-src 'unsafe-inline'; sandbox");
        assert_eq!(chart.header("x-content-type-options"), "nosniff");
        assert!(chart.header("cache-control").contains("private"), "{chart}");
        let named = format!("/v1/charts/spc.svg?measure={measure}&unit={unit}");
        let named = lead.get(&named).await.expect(200);
        assert!(named.text.contains("Door &lt;script&gt;") && !named.text.contains("<script"), "{named}");

        // The ETag is that of the bytes: it holds while the tenant goes on, and ends with the picture.
        let etag = chart.header("etag").to_owned();
        let same = lead.get(&path).header("if-none-match", &etag).await.expect(304);
        assert_eq!((same.text.as_str(), same.header("etag")), ("", etag.as_str()));
        let elsewhere = json!([{
            "measure": measure, "unit": world.north.unit("alpha-stroke").id, "period": "2005-08", "value": 20, "n": 9,
        }]);
        let note = json!({ "name": "Alpha PCT" });
        let alpha = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        world.national_lead().patch(&alpha, &note).await.expect(200);
        lead.get(&path).header("if-none-match", &etag).await.expect(304);
        lead.put("/v1/observations", &elsewhere).await.expect(200);
        let other = lead.get(&path).header("if-none-match", &etag).await.expect(200);
        assert_ne!(other.header("etag"), etag);

        // The same in GraphQL, with the texts that stand beside it.
        let query = "query($measure: Reference!, $unit: Reference!) { spc(measure: $measure, unit: $unit) {
            drawing(width: 360, theme: DARK, title: \"Needles\") { svg title description width table { columns rows } }
            drawings(width: 360) { height } } }";
        let answer = lead.graphql(query, &json!({ "measure": measure, "unit": unit })).await.expect(200);
        let drawing = &answer.body["data"]["spc"]["drawing"];
        assert_eq!(drawing["svg"], other.text, "{answer}");
        assert_eq!((&drawing["title"], &drawing["width"]), (&json!("Needles"), &json!(360)));
        assert_eq!(drawing["table"]["rows"].as_array().map(Vec::len), Some(20));
        assert_eq!(answer.body["data"]["spc"]["drawings"].as_array().map(Vec::len), Some(1));

        let picture = format!("/v1/charts/spc.png?measure={measure}&unit={unit}&width=360&scale=2");
        let picture = lead.get(&picture).await.expect(200);
        assert_eq!(picture.header("content-type"), "image/png");
        assert!(picture.text.contains("PNG") && picture.text.len() > 5_000, "{} bytes", picture.text.len());
        for kind in ["run-chart.svg?unit=", "run-chart.png?unit=", "small-multiples.svg?within=", "small-multiples.png?within="] {
            let path = format!("/v1/charts/{kind}{unit}&measure={measure}&width=400");
            lead.get(&path).await.expect(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_that_cannot_be_had_says_why() {
    for_each_database(async |world| {
        let (measure, unit) = stage(world).await;
        let lead = world.as_role("team_lead");
        let path = |rest: &str| format!("/v1/charts/spc.svg?measure={measure}&{rest}");
        let wrong = lead
            .get(&path(
                "unit=code:alpha-stroke&theme=pink&width=wide&within=code:root&colour=red",
            ))
            .await
            .problem(400, "malformed");
        assert_eq!(
            wrong.pointers(),
            ["/query/colour", "/query/theme", "/query/width", "/query/within"],
            "{wrong}"
        );
        let missing = lead.get(&path("width=400")).await.problem(400, "malformed");
        assert_eq!(missing.pointers(), ["/query/unit"]);
        let narrow = lead.get(&path(&format!("unit={unit}&width=1"))).await;
        assert_eq!(narrow.problem(400, "malformed").pointers(), ["/query/width"]);
        let good = path(&format!("unit={unit}"));
        lead.get(&good)
            .header("accept", "application/json")
            .await
            .problem(406, "not_acceptable");
        lead.get(&good.replace(".svg", ".png"))
            .header("accept", "image/svg+xml")
            .await
            .problem(406, "not_acceptable");
        let large = path(&format!("unit={unit}&width=3840&scale=4")).replace(".svg", ".png");
        assert_eq!(
            lead.get(&large).await.problem(400, "malformed").pointers(),
            ["/query/scale"]
        );
        let funnel = format!("/v1/charts/funnel.svg?measure={measure}&within=code:root");
        assert_eq!(
            lead.get(&funnel).await.problem(400, "malformed").pointers(),
            ["/query/measure"]
        );
        world.outsider().get(&good).await.problem(404, "not_found");
        world.anonymous().get(&good).await.problem(401, "unauthenticated");
    })
    .await;
}

//! A team draws, aims and tests; its wall and its storyboard show it to those who may see it, and do no harm.

use e2e::{World, for_each_database};
use serde_json::{Value, json};

const HARM: &str = "<script>alert(1)</script><img src=x onerror=alert(2)> \u{202e}gnp.exe";

/// Something of everything at the first team, under names that mean harm.
async fn stage(world: &World) -> String {
    let lead = world.as_role("team_lead");
    let base = format!("/v1/microsystems/{}", world.north.unit("alpha-stroke").id);
    let nodes: Vec<Value> = (0..60)
        .map(|n| {
            let kind = ["start", "end"].get(usize::from(n == 59)).filter(|_| n == 0 || n == 59);
            json!({ "key": format!("n{n}"), "kind": kind.unwrap_or(&"step"), "name": format!("{n} {HARM}"),
                "actor": (n % 3 == 1).then_some("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch") })
        })
        .collect();
    let edges: Vec<Value> = (1..60)
        .map(|n| json!({ "from": format!("n{}", n - 1), "to": format!("n{n}") }))
        .collect();
    let map = json!({ "title": format!("Map {HARM}"), "drawnOn": "2006-01-01", "processMap": { "nodes": nodes, "edges": edges } });
    lead.post(&format!("{base}/diagrams"), &map).await.expect(201);
    let aim = json!({ "kind": "global", "statement": format!("Aim {HARM}") });
    let aim = lead.post(&format!("{base}/aims"), &aim).await.expect(201).id();
    let ramp = json!({ "aim": aim, "title": format!("Ramp {HARM}") });
    let ramp = lead
        .post(&format!("{base}/pdsa-ramps"), &ramp)
        .await
        .expect(201)
        .id();
    let cycle = json!({ "kind": "pdsa", "ramp": ramp, "title": format!("Cycle {HARM}"), "plan": { "objective": HARM, "prediction": "مرحبا" } });
    lead.post(&format!("{base}/pdsa-cycles"), &cycle)
        .await
        .expect(201);
    base
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_and_the_storyboard_show_all_of_it_and_do_no_harm() {
    for_each_database(async |world| {
        let base = stage(world).await;
        let lead = world.as_role("team_lead");
        let wall = lead.get(&format!("{base}/data-wall")).await.expect(200);
        assert_eq!(
            wall.body["aims"]["data"].as_array().map(Vec::len),
            Some(1),
            "{wall}"
        );
        assert_eq!(
            wall.body["cycles"]["running"].as_array().map(Vec::len),
            Some(1),
            "{wall}"
        );
        assert_eq!(
            wall.body["cycles"]["nextActions"].as_array().map(Vec::len),
            Some(1),
            "{wall}"
        );
        let picture = wall.body["diagrams"]["data"][0]["picture"]
            .as_str()
            .unwrap_or_default();
        let drawing = lead.get(picture).await.expect(200);
        assert_eq!(drawing.header("content-type"), "image/svg+xml");
        let etag = drawing.header("etag").to_owned();
        lead.get(picture).header("if-none-match", &etag).await.expect(304);

        let query = "query($unit: Reference!) { dataWall(unit: $unit) { name
            leadTeam { members { id } } meetings { last { heldOn } } fivePs { parts { p state } }
            aims { withheld { level } data { aim { id statement } progress { reason } drawing { svg } } }
            cycles { running { cycle { id } overdue } nextActions { what } }
            diagrams { data { id picture } } } }";
        let unit = json!({ "unit": world.north.unit("alpha-stroke").id });
        let same = lead.graphql(query, &unit).await.expect(200);
        let seen = &same.body["data"]["dataWall"];
        assert_eq!(
            seen["aims"]["data"][0]["aim"]["id"], wall.body["aims"]["data"][0]["aim"]["id"],
            "{same}"
        );
        assert_eq!(
            seen["cycles"]["running"][0]["cycle"]["id"],
            wall.body["cycles"]["running"][0]["cycle"]["id"]
        );
        assert_eq!(
            seen["diagrams"]["data"][0]["id"],
            wall.body["diagrams"]["data"][0]["id"]
        );

        let page = lead.get(&format!("{base}/storyboard")).await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; style-src 'unsafe-inline'; sandbox");
        for text in [&page.text, &drawing.text] {
            assert!(
                !text.contains("<script") && !text.contains("<img"),
                "{}",
                &text[..400]
            );
        }
        assert!(page.text.contains("&lt;script&gt;") && page.text.contains("<svg "));
        assert!(page.text.contains("مرحبا"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_of_the_wall_is_withheld_by_its_own_sharing() {
    for_each_database(async |world| {
        let base = stage(world).await;
        let unit = world.north.unit("alpha-stroke").id.clone();
        let above = world.as_role("organisation_lead");
        let top = world.as_role("national_analyst");
        let page =
            async |actor: e2e::Actor<'_>| actor.get(&format!("{base}/storyboard")).await.expect(200).text;
        let wall =
            async |actor: e2e::Actor<'_>| actor.get(&format!("{base}/data-wall")).await.expect(200).body;

        // Diagrams are the team's, aims and cycles the organisation's.
        let seen = wall(above).await;
        assert_eq!(seen["aims"]["withheld"], Value::Null);
        assert_eq!(seen["aims"]["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(seen["diagrams"]["withheld"]["level"], "team");
        assert_eq!(seen["diagrams"]["data"], json!([]));
        let text = page(above).await;
        assert!(text.contains("Aim &lt;script&gt;") && !text.contains("Map &lt;script&gt;"));
        assert_eq!(seen["leadTeam"]["withheld"]["level"], "team");
        let seen = wall(top).await;
        for part in ["leadTeam", "meetings", "fivePs", "aims", "cycles", "diagrams"] {
            assert!(seen[part]["withheld"].is_object(), "{part}: {seen}");
        }
        assert_eq!(seen["cycles"]["running"], json!([]));
        assert!(!page(top).await.contains("&lt;script&gt;"));

        // What is opened shows at once, and only that.
        let share = |kind: &str| format!("/v1/org-units/{unit}/sharing/{kind}");
        let lead = world.as_role("team_lead");
        lead.put(&share("diagrams"), &json!({ "level": "national" }))
            .await
            .expect(200);
        let text = page(top).await;
        assert!(text.contains("Map &lt;script&gt;") && !text.contains("Aim &lt;script&gt;"));
        lead.put(&share("diagrams"), &json!({ "level": "team" }))
            .await
            .expect(200);
        assert!(!page(top).await.contains("&lt;script&gt;"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_nodes_are_refused_in_a_word() {
    for_each_database(async |world| {
        let base = format!("/v1/microsystems/{}", world.north.unit("alpha-stroke").id);
        let nodes: Vec<Value> = (0..10_000)
            .map(|n| json!({ "key": format!("n{n}"), "kind": "step", "name": "n" }))
            .collect();
        let edges: Vec<Value> = (1..10_000)
            .map(|n| json!({ "from": format!("n{}", n - 1), "to": format!("n{n}") }))
            .collect();
        let map = json!({ "title": "Too large", "processMap": { "nodes": nodes, "edges": edges } });
        let refused = world
            .as_role("team_lead")
            .post(&format!("{base}/diagrams"), &map)
            .await
            .expect(422);
        let errors = refused.body["errors"].as_array().map_or(0, Vec::len);
        assert_eq!(errors, 2, "{refused}");
        assert_eq!(refused.body["errors"][0]["pointer"], "/processMap/nodes");
    })
    .await;
}

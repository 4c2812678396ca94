//! A team moves from one organisation to another: tried, done, read both ways, and put back.

use std::collections::BTreeMap;

use e2e::{Actor, World, for_each_database};
use serde_json::{Value, json};

/// The questions that a move concerns, both as it was and as it is now.
fn questions(world: &World) -> Vec<String> {
    let root = &world.north.unit("root").id;
    let mut all = Vec::new();
    for tree in ["period", "current"] {
        for group in ["organisation", "sha", "none"] {
            all.push(format!(
                "/v1/analysis/roll-up?measure=code:seen&unit={root}&groupBy={group}&from=2005-07-01&to=2005-12-31&tree={tree}"
            ));
            all.push(format!(
                "/v1/analysis/roll-up?measure=code:seen&unit={root}&groupBy={group}&from=2005-07-01&to=2005-12-31\
                 &interval=quarter&tree={tree}"
            ));
            for day in ["2005-09-30", "2005-12-31"] {
                let group = if group == "none" { "children" } else { group };
                all.push(format!(
                    "/v1/spread/metrics?innovation=code:clinic&unit={root}&groupBy={group}&asOf={day}&tree={tree}"
                ));
            }
        }
    }
    for unit in ["alpha", "gamma", "alpha-stroke"] {
        let unit = &world.north.unit(unit).id;
        all.push(format!("/v1/observations?within={unit}"));
        all.push(format!("/v1/adoption-events?within={unit}"));
        all.push(format!("/v1/org-units?parent={unit}"));
        all.push(format!("/v1/org-units/{unit}/standings"));
    }
    all
}

/// What each of these people is told.
async fn answers(world: &World) -> BTreeMap<String, Value> {
    let mut told = BTreeMap::new();
    for role in ["national_lead", "sha_lead", "organisation_lead", "team_lead"] {
        for question in questions(world) {
            let answer = world.as_role(role).get(&question).await.expect(200);
            told.insert(format!("{role} {question}"), unversioned(answer.body));
        }
    }
    told
}

/// A record that was moved and put back has another version.
fn unversioned(mut body: Value) -> Value {
    match &mut body {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "version" && name != "updatedAt");
            for value in fields.values_mut() {
                *value = unversioned(value.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = unversioned(item.take());
            }
        }
        _ => {}
    }
    body
}

/// Numerators by organisation and month.
async fn roll_up(reader: Actor<'_>, world: &World, tree: &str) -> Vec<String> {
    let root = &world.north.unit("root").id;
    let path = format!(
        "/v1/analysis/roll-up?measure=code:seen&unit={root}&groupBy=organisation&from=2005-07-01&to=2005-12-31&tree={tree}"
    );
    let answer = reader.get(&path).await.expect(200);
    let cells = answer.body["cells"].as_array().cloned().unwrap_or_default();
    cells
        .iter()
        .filter(|cell| cell["node"]["tier"] == "organisation" && cell["shown"]["numerator"].is_number())
        .map(|cell| {
            let month = cell["periodStart"].as_str().unwrap_or_default().get(..7);
            let code = cell["node"]["code"].as_str().unwrap_or_default();
            format!(
                "{code} {} {}",
                month.unwrap_or_default(),
                cell["shown"]["numerator"]
            )
        })
        .collect()
}

/// Adopters by organisation on a day, where there are any.
async fn spread(reader: Actor<'_>, world: &World, tree: &str, day: &str) -> Vec<String> {
    let root = &world.north.unit("root").id;
    let path = format!(
        "/v1/spread/metrics?innovation=code:clinic&unit={root}&groupBy=organisation&asOf={day}&tree={tree}"
    );
    let answer = reader.get(&path).await.expect(200);
    let rows = answer.body.as_array().cloned().unwrap_or_default();
    rows.iter()
        .filter(|row| row["adopted"]["shown"] != json!(0))
        .map(|row| {
            format!(
                "{} {}",
                row["code"].as_str().unwrap_or_default(),
                row["adopted"]["shown"]
            )
        })
        .collect()
}

async fn live(world: &World) {
    let (lead, team) = (world.national_lead(), world.as_role("team_lead"));
    let root = &world.north.unit("root").id;
    let unit = &world.north.unit("alpha-stroke").id;
    let measure = json!({
        "unit": root, "code": "seen", "name": "Seen in time", "kind": "outcome", "scale": "proportion",
        "direction": "higher_is_better", "cadence": "month",
    });
    lead.post("/v1/measures", &measure).await.expect(201);
    let rows: Vec<Value> = (7..=12)
        .map(|month| {
            json!({
                "measure": "code:seen", "unit": unit, "period": format!("2005-{month:02}"),
                "numerator": 80 + month, "denominator": 100,
            })
        })
        .collect();
    let pushed = team.call("PUT", "/v1/observations").json(&json!(rows)).await;
    assert_eq!(pushed.expect(200).body["inserted"], 6);
    let shared = team
        .call("PUT", &format!("/v1/org-units/{unit}/sharing/observations"))
        .json(&json!({ "level": "national" }))
        .await;
    shared.expect(200);
    let innovation = json!({
        "code": "clinic", "name": "One-stop clinic", "unit": root, "status": "spreading", "tiers": ["microsystem"],
    });
    lead.post("/v1/innovations", &innovation).await.expect(201);
    let event = json!({
        "innovation": "code:clinic", "unit": unit, "stage": "implemented", "occurredOn": "2005-08-15", "mode": "pull",
    });
    team.post("/v1/adoption-events", &event).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_moves_and_is_put_back() {
    for_each_database(async |world| {
        live(world).await;
        let lead = world.national_lead();
        let unit = &world.north.unit("alpha-stroke").id;
        let gamma = &world.north.unit("gamma").id;
        let path = format!("/v1/org-units/{unit}/reorganisations");
        let before = answers(world).await;
        let months = |code: &str, from: u32, to: u32| -> Vec<String> {
            (from..=to)
                .map(|month| format!("{code} 2005-{month:02} {:?}", f64::from(80 + month)))
                .collect()
        };
        assert_eq!(roll_up(lead, world, "period").await, months("alpha", 7, 12));
        assert_eq!(roll_up(lead, world, "current").await, months("alpha", 7, 12));

        // The organisation alone may not, and trying changes nothing.
        let transfer = json!({
            "kind": "transfer", "parent": gamma, "effectiveOn": "2005-10-01", "reason": "The clinic moved house.",
        });
        let above = world.as_role("organisation_lead");
        above.post(&path, &transfer).await.problem(403, "forbidden");
        let tried = lead.post(&format!("{path}?dryRun=true"), &transfer).await.expect(200);
        assert_eq!(tried.body["dryRun"], true, "{tried}");
        assert_eq!(tried.body["effects"][0]["what"], "moves", "{tried}");
        assert_eq!(tried.body["effects"][0]["observations"], 6, "{tried}");
        assert_eq!(answers(world).await, before);

        // Done: each period where the team stood then, and everything where it stands now.
        let done = lead.post(&path, &transfer).await.expect(201);
        let mut moved = months("alpha", 7, 9);
        moved.extend(months("gamma", 10, 12));
        assert_eq!(roll_up(lead, world, "period").await, moved);
        assert_eq!(roll_up(lead, world, "current").await, months("gamma", 7, 12));
        for (tree, day, there) in [
            ("period", "2005-09-30", "alpha 1"),
            ("period", "2005-12-31", "gamma 1"),
            ("current", "2005-09-30", "gamma 1"),
            ("current", "2005-12-31", "gamma 1"),
        ] {
            assert_eq!(spread(lead, world, tree, day).await, [there], "{tree} {day}");
        }
        let listed = above.get(&format!("/v1/observations?unit={unit}")).await.expect(200);
        assert_eq!(listed.data().len(), 0, "who led it from alpha reads it no more: {listed}");

        // Put back: every answer to everybody is what it was.
        let id = done.text_at("/reorganisation/id");
        let reversal = format!("{path}/{id}/reversal");
        let reason = json!({ "reason": "A rehearsal." });
        let tried = lead.post(&format!("{reversal}?dryRun=true"), &reason).await.expect(200);
        assert_eq!(tried.body["effects"][0]["what"], "moves", "{tried}");
        assert_eq!(roll_up(lead, world, "current").await, months("gamma", 7, 12));
        lead.post(&reversal, &reason).await.expect(201);
        let after = answers(world).await;
        for (question, answer) in &before {
            assert_eq!(&after[question], answer, "{question}");
        }
        lead.post(&reversal, &reason).await.problem(409, "already_reversed");
        assert_eq!(lead.get(&path).await.expect(200).data().len(), 2);
        let (well, said) = world.command(&["projections", "verify"]);
        assert!(well && said.contains("north: 0 difference(s)"), "{said}");
        let (well, said) = world.command(&["audit", "verify"]);
        assert!(well, "{said}");
    })
    .await;
}

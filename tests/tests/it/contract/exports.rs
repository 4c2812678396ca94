//! Lists in every form and order, and what has changed since.

use std::collections::BTreeSet;

use e2e::{World, for_each_database, for_each_database_with};
use serde_json::{Value, json};

/// The cells of a line of CSV; the fixture has no line breaks in it.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_had_whole_as_csv_and_ndjson() {
    // Small pages, so that an export takes several.
    for_each_database_with(&[("LIMITS__PAGE_SIZE", "5")], async |world| {
        let lead = world.national_lead();
        let path = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        lead.patch(&path, &json!({ "name": "=1+1, \"quoted\"" }))
            .await
            .expect(200);
        let all = world.north.units.len();

        let csv = lead
            .get("/v1/org-units")
            .header("accept", "text/csv")
            .await
            .expect(200);
        assert!(csv.header("content-type").starts_with("text/csv"), "{csv}");
        assert!(csv.header("cache-control").contains("private") && csv.header("vary").contains("Accept"));
        let lines: Vec<Vec<String>> = csv.text.lines().map(cells).collect();
        assert_eq!(lines.len(), all + 1, "{csv}");
        let columns = &lines[0];
        assert_eq!(columns[..3], ["id", "code", "name"]);
        assert!(lines.iter().all(|line| line.len() == columns.len()), "{csv}");
        let codes: BTreeSet<&String> = lines[1..].iter().map(|line| &line[1]).collect();
        assert_eq!(codes.len(), all);
        let renamed = lines
            .iter()
            .find(|line| line[1] == "alpha")
            .expect("alpha is among them");
        assert_eq!(renamed[2], "'=1+1, \"quoted\"", "a spreadsheet must not run it");

        let ndjson = lead
            .get("/v1/org-units")
            .header("accept", "application/x-ndjson")
            .await
            .expect(200);
        let records: Vec<Value> = ndjson
            .text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect();
        assert_eq!(records.len(), all);
        let mut paged = Vec::new();
        let mut path = "/v1/org-units?limit=5".to_owned();
        while !path.is_empty() {
            let page = lead.get(&path).await.expect(200);
            paged.extend(page.data().to_vec());
            let link = page.header("link").trim_start_matches('<');
            path = link.split('>').next().unwrap_or_default().to_owned();
        }
        assert_eq!(records, paged, "the same records in the same order");

        // With a limit it is a page, and says where the next is.
        let page = lead
            .get("/v1/org-units?limit=3&tier=microsystem")
            .header("accept", "text/csv")
            .await;
        assert_eq!(page.text.lines().count(), 4, "{page}");
        assert!(page.header("link").contains("rel=\"next\""), "{page}");
        let refused = lead
            .get("/v1/org-units?cursor=nonsense")
            .header("accept", "text/csv")
            .await;
        refused.problem(400, "malformed");
        let none = lead
            .get("/v1/org-units?odsCode=5ZZ99")
            .header("accept", "text/csv")
            .await
            .expect(200);
        assert_eq!(none.text.lines().count(), 1, "the header is there: {none}");

        // What a tool takes away is in the audit, page by page.
        let tool = world.integration();
        tool.get("/v1/org-units")
            .header("accept", "text/csv")
            .await
            .expect(200);
        let reads = world
            .as_role("auditor")
            .get("/v1/audit-events?kind=reads&limit=5")
            .await
            .expect(200);
        let exported: Vec<i64> = reads
            .data()
            .iter()
            .filter(|read| read["action"] == "listOrgUnits as text/csv")
            .filter_map(|read| read["records"].as_i64())
            .collect();
        assert_eq!(
            exported.iter().sum::<i64>(),
            i64::try_from(all).expect("few"),
            "{reads}"
        );
    })
    .await;
}

/// The addresses of lists: those without names in their paths.
async fn lists(world: &World) -> Vec<String> {
    let operations = super::operations(world).await;
    let lists = operations.into_iter().filter(|(_, path, operation)| {
        let answer = &operation["responses"]["200"]["content"];
        answer["application/x-ndjson"].is_object() && !path.contains('{')
    });
    let lists: Vec<String> = lists.map(|(_, path, _)| path).collect();
    assert!(lists.len() >= 13, "{lists:?}");
    lists
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_comes_in_every_order_and_form_and_tells_what_has_changed() {
    for_each_database(async |world| {
        world.appoint_owner().await;
        let owner = world.as_role("owner");
        for list in lists(world).await {
            let who = if list.contains("audit") {
                world.as_role("auditor")
            } else {
                owner
            };
            for sort in ["createdAt", "-createdAt", "updatedAt", "-updatedAt"] {
                for accept in ["application/json", "text/csv", "application/x-ndjson"] {
                    let path = format!("{list}?sort={sort}&updatedSince=2005-01-01T00:00:00Z");
                    who.get(&path).header("accept", accept).await.expect(200);
                }
            }
            let none = who
                .get(&format!("{list}?updatedSince=2999-01-01T00:00:00Z"))
                .await
                .expect(200);
            assert_eq!(none.data().len(), 0, "{none}");
        }

        let lead = world.national_lead();
        let path = format!("/v1/org-units/{}", world.north.unit("beta").id);
        let changed = lead
            .patch(&path, &json!({ "name": "Beta renamed" }))
            .await
            .expect(200);
        let since = changed.text_at("/updatedAt");
        let codes = async |query: &str| -> Vec<String> {
            let (mut codes, mut path) = (Vec::new(), format!("/v1/org-units?limit=4&{query}"));
            while !path.is_empty() {
                let page = lead.get(&path).await.expect(200);
                codes.extend(
                    page.data()
                        .iter()
                        .map(|unit| unit["code"].as_str().unwrap_or_default().to_owned()),
                );
                let link = page.header("link").trim_start_matches('<');
                path = link.split('>').next().unwrap_or_default().to_owned();
            }
            codes
        };
        assert_eq!(codes(&format!("updatedSince={since}")).await, ["beta"]);
        let oldest = codes("sort=createdAt").await;
        let newest = codes("sort=-createdAt").await;
        assert_eq!(
            oldest.iter().rev().collect::<Vec<_>>(),
            newest.iter().collect::<Vec<_>>()
        );
        assert_eq!(oldest, codes("").await);
        let recent = codes("sort=-updatedAt").await;
        let stale = codes("sort=updatedAt").await;
        assert_eq!(
            (recent[0].as_str(), stale[stale.len() - 1].as_str()),
            ("beta", "beta")
        );
        for ordered in [&oldest, &newest, &recent, &stale] {
            let once: BTreeSet<&String> = ordered.iter().collect();
            assert_eq!(
                (ordered.len(), once.len()),
                (world.north.units.len(), world.north.units.len())
            );
        }
        // A cursor fits its own order only.
        let page = lead
            .get("/v1/org-units?limit=2&sort=-updatedAt")
            .await
            .expect(200);
        let cursor = page.text_at("/page/nextCursor");
        lead.get(&format!("/v1/org-units?sort=-updatedAt&cursor={cursor}"))
            .await
            .expect(200);
        for sort in ["updatedAt", "createdAt", "-createdAt"] {
            let refused = lead
                .get(&format!("/v1/org-units?sort={sort}&cursor={cursor}"))
                .await;
            refused.problem(400, "malformed");
        }

        // The same over GraphQL.
        let query = "query($since: Timestamp) { orgUnits(updatedSince: $since, sort: UPDATED_AT_DESC) { \
                     totalCount edges { node { code } } } }";
        let answer = lead.graphql(query, &json!({ "since": since })).await;
        let found = &answer.answered()["orgUnits"];
        assert_eq!(
            (&found["totalCount"], &found["edges"][0]["node"]["code"]),
            (&json!(1), &json!("beta"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_what_has_changed_learns_what_was_taken_back() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let root = &world.north.unit("root").id;
        let measure = json!({
            "unit": root, "code": "seen", "name": "Seen within an hour", "kind": "process", "scale": "proportion",
            "direction": "higher_is_better", "cadence": "month",
        });
        lead.post("/v1/measures", &measure).await.expect(201);
        let tool = world.integration();
        let row = json!({
            "measure": "code:seen", "unit": world.north.unit("alpha-stroke").id, "period": "2005-06", "numerator": 4,
            "denominator": 10, "source": "ward-tool", "externalId": "figure-a",
        });
        tool.put("/v1/observations", &json!([row])).await.expect(200);
        let mut gone = row.clone();
        gone["retracted"] = json!(true);
        tool.put("/v1/observations", &json!([gone])).await.expect(200);
        assert_eq!(tool.get("/v1/observations").await.expect(200).data().len(), 0);
        let since = tool.get("/v1/observations?updatedSince=2005-01-01T00:00:00Z").await.expect(200);
        assert_eq!(since.data()[0]["retracted"], true, "{since}");
        let csv = tool.get("/v1/observations?updatedSince=2005-01-01T00:00:00Z").header("accept", "text/csv").await;
        assert_eq!(csv.expect(200).text.lines().count(), 2);
    })
    .await;
}

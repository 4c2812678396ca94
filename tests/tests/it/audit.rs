//! Who did what: every write, and every read by an API client.

use std::collections::BTreeSet;

use e2e::for_each_database;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_auditor_sees_what_was_read_and_written() {
    for_each_database(async |world| {
        let tool = world.integration();
        let listed = tool.get("/v1/org-units?limit=7").await.expect(200);
        let unit = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        tool.get(&unit).await.expect(200);
        let asked = tool
            .graphql("query Tree { orgUnits { totalCount } }", &json!({}))
            .await;
        asked.answered();
        world.as_role("sha_analyst").get(&unit).await.expect(200);

        let auditor = world.as_role("auditor");
        let reads = auditor.get("/v1/audit-events?kind=reads").await.expect(200);
        let seen: Vec<(String, &Value)> = reads
            .data()
            .iter()
            .map(|event| (event["action"].to_string(), &event["records"]))
            .collect();
        assert_eq!(seen.len(), 3, "people's reads are not noted: {reads}");
        for (action, records) in [("listOrgUnits", 7), ("getOrgUnit", 1), ("graphql:", 1)] {
            let found = seen
                .iter()
                .any(|(name, count)| name.contains(action) && **count == records);
            assert!(found, "{action}: {reads}");
        }
        for event in reads.data() {
            assert_eq!(event["actorId"], world.north.principals["integration"], "{reads}");
        }
        assert!(
            reads
                .data()
                .iter()
                .any(|event| event["requestId"] == listed.header("x-request-id")),
            "{reads}"
        );

        // Positions are dense, page by page, newest first.
        let mut positions = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = auditor
                .get(&format!("/v1/audit-events?limit=7{cursor}"))
                .await
                .expect(200);
            positions.extend(page.data().iter().filter_map(|event| event["position"].as_i64()));
            let hashes: BTreeSet<&str> = page
                .data()
                .iter()
                .filter_map(|event| event["hash"].as_str())
                .collect();
            assert_eq!(hashes.len(), page.data().len(), "{page}");
            match page.body["page"]["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let first = *positions.first().expect("something was written");
        let dense: Vec<i64> = (1..=first).rev().collect();
        assert_eq!(positions, dense);

        for role in ["team_lead", "national_lead", "integration"] {
            world
                .as_role(role)
                .get("/v1/audit-events")
                .await
                .problem(403, "forbidden");
        }
        let (clean, said) = world.command(&["audit", "verify"]);
        assert!(
            clean && said.contains("north") && said.contains("south"),
            "{said}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_stay_dense_under_many_writers() {
    for_each_database(async |world| {
        let auditor = world.as_role("auditor");
        let newest =
            async || auditor.get("/v1/audit-events?limit=1").await.expect(200).data()[0]["position"].as_i64();
        let before = newest().await.expect("a position");
        let mut calls = Vec::new();
        for n in 0..24 {
            let body = json!({
                "parent": world.north.unit("alpha").id, "tier": "microsystem", "kind": "clinical_team",
                // Every third is refused, and leaves no gap.
                "code": if n % 3 == 0 { "alpha".to_owned() } else { format!("writer-{n}") }, "name": "A team",
            });
            let call = world.national_lead().post("/v1/org-units", &body);
            calls.push(tokio::spawn(call.into_future()));
        }
        let mut written = 0;
        for call in calls {
            let answer = call.await.expect("a call ends");
            match answer.status.as_u16() {
                201 => written += 1,
                _ => drop(answer.problem(409, "code_taken")),
            }
        }
        assert_eq!(written, 16);
        assert_eq!(newest().await, Some(before + 16));
        let (clean, said) = world.command(&["audit", "verify"]);
        assert!(clean, "{said}");
    })
    .await;
}

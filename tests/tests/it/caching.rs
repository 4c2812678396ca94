//! Versions: `ETag`, `If-None-Match`, `If-Match`.

use e2e::{Actor, for_each_database};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_overwrites_what_they_have_not_seen() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let path = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        let read = lead.get(&path).await.expect(200);
        let etag = read.header("etag").to_owned();
        assert!(etag.starts_with("\"1-"), "{etag}");
        assert!(read.header("cache-control").contains("private"), "{read}");

        let same = lead.get(&path).header("if-none-match", &etag).await.expect(304);
        assert_eq!((same.text.as_str(), same.header("etag")), ("", etag.as_str()));
        let listed = format!("\"other\", {etag}");
        lead.get(&path).header("if-none-match", listed).await.expect(304);
        // Somebody else sees other `allowedActions`: what the lead has read is not what they would be shown.
        let coach = world.as_role("coach");
        let other = coach.get(&path).header("if-none-match", &etag).await.expect(200);
        assert_ne!(other.header("etag"), etag);
        assert_ne!(other.body["allowedActions"], read.body["allowedActions"]);

        let changed = lead
            .patch(&path, &json!({ "name": "Alpha PCT", "population": 250_000 }))
            .header("if-match", &etag)
            .await
            .expect(200);
        assert_eq!(changed.body["version"], 2);
        assert!(changed.header("etag").starts_with("\"2-"), "{changed}");
        lead.get(&path).header("if-none-match", &etag).await.expect(200);

        let late = json!({ "name": "Too late" });
        lead.patch(&path, &late)
            .header("if-match", &etag)
            .await
            .problem(412, "stale");
        lead.patch(&path, &late)
            .header("if-match", "\"no-version-of-ours\"")
            .await
            .problem(412, "stale");
        assert_eq!(lead.get(&path).await.body["name"], "Alpha PCT");

        // A merge patch: null clears, what is absent stays, and no change is no new version.
        let cleared = lead
            .patch(&path, &json!({ "population": null }))
            .header("if-match", "*")
            .await
            .expect(200);
        assert_eq!(cleared.body["population"], json!(null));
        assert_eq!(cleared.body["name"], "Alpha PCT");
        let unchanged = lead
            .patch(&path, &json!({ "name": "Alpha PCT" }))
            .await
            .expect(200);
        assert_eq!(unchanged.body["version"], cleared.body["version"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_change_the_same_version_one_succeeds() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let path = format!("/v1/org-units/{}", world.north.unit("beta").id);
        let etag = lead.get(&path).await.expect(200).header("etag").to_owned();
        let calls: Vec<_> = (0..6)
            .map(|n| {
                let call = lead.patch(&path, &json!({ "name": format!("Name {n}") }));
                tokio::spawn(call.header("if-match", &etag).into_future())
            })
            .collect();
        let mut statuses = Vec::new();
        for call in calls {
            statuses.push(call.await.expect("a call ends").status.as_u16());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    })
    .await;
}

/// Asks twice: the answers are the same, and the second took only the statement that says where the ledger stands.
async fn asked_twice(who: Actor<'_>, query: &str, variables: &Value) -> Value {
    let first = who.graphql(query, variables).await;
    let again = who.graphql(query, variables).await;
    assert_eq!(again.text, first.text);
    assert!(first.statements() > 1, "{first}");
    assert_eq!(again.statements(), 1, "{again}");
    first.answered().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graphql_answer_is_given_again_until_something_changes() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let query = "query Of($unit: Reference!) { orgUnit(id: $unit) { id name allowedActions } }";
        let alpha = json!({ "unit": "code:alpha" });
        let first = asked_twice(lead, query, &alpha).await;

        // To other variables, in other words or from somebody else it is another question.
        let falls = asked_twice(lead, query, &json!({ "unit": "code:alpha-falls" })).await;
        assert_ne!(falls, first);
        let renamed = query.replace("name", "called: name");
        let renamed = asked_twice(lead, &renamed, &alpha).await;
        assert_eq!(renamed["orgUnit"]["called"], first["orgUnit"]["name"]);
        let coach = asked_twice(world.as_role("coach"), query, &alpha).await;
        assert_eq!(coach["orgUnit"]["name"], first["orgUnit"]["name"]);
        assert_ne!(
            coach["orgUnit"]["allowedActions"],
            first["orgUnit"]["allowedActions"]
        );

        let path = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        lead.patch(&path, &json!({ "name": "Alpha PCT" }))
            .header("if-match", "*")
            .await
            .expect(200);
        let after = asked_twice(lead, query, &alpha).await;
        assert_eq!(after["orgUnit"]["name"], "Alpha PCT");

        // What is missing something is asked for again, and so is what the ledger's standing does not tell of.
        let broken = json!({ "unit": "code:nowhere" });
        for _ in 0..2 {
            let answer = lead.graphql(query, &broken).await;
            assert_eq!(answer.fault(), "not_found");
            assert!(answer.statements() > 1, "{answer}");
        }
        let auditor = world.as_role("auditor");
        let audit = "{ auditEvents(kind: READS, first: 100) { nodes { action requestId } } }";
        let reads = async || {
            let events = auditor.graphql(audit, &json!({})).await.answered().clone();
            events["auditEvents"]["nodes"].as_array().map_or(0, Vec::len)
        };
        // A tool's reads are noted, kept answers too.
        let before = reads().await;
        asked_twice(world.integration(), query, &alpha).await;
        assert_eq!(reads().await, before + 2);
    })
    .await;
}

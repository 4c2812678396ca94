//! Versions: `ETag`, `If-None-Match`, `If-Match`.

use e2e::for_each_database;
use serde_json::json;

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

//! Two tenants with the same codes: neither reads, writes nor learns of the other.

use std::collections::BTreeSet;

use e2e::for_each_database;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_codes_name_each_tenants_own() {
    for_each_database(async |world| {
        let (here, there) = (world.national_lead(), world.outsider());
        for code in world.north.units.keys().filter(|code| *code != "root") {
            let path = format!("/v1/org-units/code:{code}");
            assert_eq!(here.get(&path).await.expect(200).id(), world.north.unit(code).id);
            assert_eq!(there.get(&path).await.expect(200).id(), world.south.unit(code).id);
        }
        let ids = async |who: e2e::Actor<'_>, path: &str| -> BTreeSet<String> {
            let page = who.get(path).await.expect(200);
            page.data()
                .iter()
                .map(|record| record["id"].to_string())
                .collect()
        };
        for path in [
            "/v1/org-units?limit=500",
            "/v1/principals",
            "/v1/grants",
            "/v1/api-clients",
        ] {
            let (ours, theirs) = (ids(here, path).await, ids(there, path).await);
            assert!(!ours.is_empty() && ours.len() == theirs.len(), "{path}");
            assert!(ours.is_disjoint(&theirs), "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_record_points_into_another_tenant() {
    for_each_database(async |world| {
        let there = world.outsider();
        let (ours, theirs) = (world.north.unit("alpha"), world.south.unit("alpha"));
        let person = &world.north.principals["coach"];

        let root = &world.south.unit("root").id;
        let grant = json!({ "principalId": person, "role": "coach", "unit": root });
        let refused = there.post("/v1/grants", &grant).await.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/principalId"]);
        let nobody = json!({
            "principalId": "00000000-0000-7000-8000-000000000000", "role": "coach", "unit": root,
        });
        let unknown = there.post("/v1/grants", &nobody).await.problem(422, "invalid");
        assert_eq!(unknown.body["errors"], refused.body["errors"], "the answer is that to an id that nobody has");

        let network = json!({
            "code": "across", "name": "Across", "kind": "clinical_network", "hostUnit": theirs.id,
            "members": [{ "unit": theirs.id }, { "unit": ours.id }],
        });
        let refused = there.post("/v1/networks", &network).await.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/members/1/unit"]);

        for (path, body) in [
            ("/v1/org-units", json!({ "parent": ours.id, "tier": "microsystem", "kind": "clinical_team", "code": "spy", "name": "Spy" })),
            ("/v1/programmes", json!({ "code": "spy", "name": "Spy", "unit": ours.id })),
            ("/v1/api-clients", json!({ "name": "Spy", "unit": ours.id })),
        ] {
            there.post(path, &body).await.problem(404, "not_found");
        }
        // What is taken in one tenant is free in the other.
        let tool = json!({ "name": "Tool", "unit": world.south.unit("root").id, "sources": ["only-here"] });
        there.post("/v1/api-clients", &tool).await.expect(201);
        let tool = json!({ "name": "Tool", "unit": world.north.unit("root").id, "sources": ["only-here"] });
        world.national_lead().post("/v1/api-clients", &tool).await.expect(201);
        world
            .national_lead()
            .post("/v1/api-clients", &tool)
            .await
            .expect(409);

        let (clean, said) = world.command(&["audit", "verify", "--tenant", "south"]);
        assert!(clean && !said.contains("north"), "{said}");
    })
    .await;
}

//! Lists, a page at a time.

use std::collections::BTreeSet;

use e2e::for_each_database;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paging_gives_each_record_once() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let mut path = "/v1/org-units?limit=5".to_owned();
        let mut codes = Vec::new();
        let mut pages = 0;
        loop {
            let page = lead.get(&path).await.expect(200);
            codes.extend(page.data().iter().map(|unit| unit["code"].to_string()));
            pages += 1;
            let cursor = page.body["page"]["nextCursor"].as_str();
            assert_eq!(page.body["page"]["hasMore"], cursor.is_some(), "{page}");
            let link = page.header("link");
            assert_eq!(link.is_empty(), cursor.is_none(), "{page}");
            let Some(cursor) = cursor else { break };
            assert!(link.contains("limit=5") && link.contains(cursor) && link.ends_with("; rel=\"next\""));
            path = link
                .trim_start_matches('<')
                .split('>')
                .next()
                .expect("a link has an address")
                .to_owned();
        }
        let once: BTreeSet<&String> = codes.iter().collect();
        assert_eq!(
            (pages, codes.len(), once.len()),
            (4, world.north.units.len(), world.north.units.len())
        );

        // The same over GraphQL.
        let query = "query($after: String) { orgUnits(first: 5, after: $after) { totalCount \
                     edges { cursor node { code } } pageInfo { hasNextPage endCursor } } }";
        let mut seen = Vec::new();
        let mut after = json!(null);
        loop {
            let answer = lead.graphql(query, &json!({ "after": after })).await;
            let list = &answer.answered()["orgUnits"];
            assert_eq!(list["totalCount"], world.north.units.len(), "{answer}");
            for edge in list["edges"].as_array().into_iter().flatten() {
                seen.push(edge["node"]["code"].to_string());
            }
            after = list["pageInfo"]["endCursor"].clone();
            if list["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(seen, codes);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_fits_its_own_list_only() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let page = lead.get("/v1/org-units?limit=2").await.expect(200);
        let cursor = page.text_at("/page/nextCursor");
        lead.get(&format!("/v1/org-units?cursor={cursor}"))
            .await
            .expect(200);

        let last = if cursor.ends_with('A') { 'B' } else { 'A' };
        let tampered = format!("{}{last}", &cursor[..cursor.len() - 1]);
        let short = &cursor[..cursor.len() / 2];
        for (who, path) in [
            (lead, format!("/v1/org-units?cursor={tampered}")),
            (lead, format!("/v1/org-units?cursor={short}")),
            (lead, format!("/v1/org-units?tier=sha&cursor={cursor}")),
            (lead, format!("/v1/networks?cursor={cursor}")),
            (lead, format!("/v1/principals?cursor={cursor}")),
            (
                world.as_role("auditor"),
                format!("/v1/audit-events?cursor={cursor}"),
            ),
            (world.outsider(), format!("/v1/org-units?cursor={cursor}")),
        ] {
            let refused = who.get(&path).await.problem(400, "malformed");
            assert_eq!(refused.pointers(), ["/query/cursor"], "{path}");
            assert_eq!(refused.body["errors"][0]["code"], "bad_cursor", "{path}");
        }
        for limit in ["0", "-1", "501", "ten"] {
            let refused = lead
                .get(&format!("/v1/org-units?limit={limit}"))
                .await
                .problem(400, "malformed");
            assert_eq!(refused.pointers(), ["/query/limit"], "`{limit}`");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_narrow_and_references_name() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let alpha = &world.north.unit("alpha").id;
        lead.patch(&format!("/v1/org-units/{alpha}"), &json!({ "odsCode": "5zz01" }))
            .await
            .expect(200);
        let count = async |path: &str| lead.get(path).await.expect(200).data().len();
        assert_eq!(count("/v1/org-units?tier=microsystem").await, 9);
        assert_eq!(count("/v1/org-units?within=code:alpha").await, 5);
        assert_eq!(count("/v1/org-units?parent=code:alpha").await, 3);
        assert_eq!(count("/v1/org-units?parent=ods:5ZZ01&tier=microsystem").await, 2);
        assert_eq!(count("/v1/org-units?odsCode=5zz01").await, 1);
        assert_eq!(count("/v1/org-units?odsCode=5ZZ99").await, 0);
        let unknown = lead.get("/v1/org-units?within=code:nowhere").await;
        unknown.problem(404, "not_found");
        for reference in [alpha.as_str(), "code:alpha", "ods:5ZZ01", "ods:5zz01"] {
            let unit = lead.get(&format!("/v1/org-units/{reference}")).await.expect(200);
            assert_eq!(unit.id(), *alpha, "{reference}");
        }
    })
    .await;
}

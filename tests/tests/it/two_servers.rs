//! Two servers on one database: what one has done, the other knows.

use std::collections::BTreeSet;

use e2e::{Actor, World, for_each_database};
use serde_json::{Value, json};

async fn newcomer(world: &World) -> (String, String) {
    let body = json!({ "issuer": "https://login.north.test", "subject": "newcomer", "name": "Somebody" });
    let made = world
        .national_lead()
        .post("/v1/principals", &body)
        .await
        .expect(201);
    (made.id(), world.token_of("north", "newcomer"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_takes_away_the_other_refuses() {
    for_each_database(async |world| {
        let other = world.beside().await;
        let lead = world.as_role("organisation_lead");
        let (id, token) = newcomer(world).await;
        let here = Actor::with_token(world, &token);
        let there = here.on(&other);
        let team = &world.north.unit("alpha-falls").id;
        let sharing = format!("/v1/org-units/{team}/sharing/adoption");
        let level = |level: &str| json!({ "level": level });

        there
            .put(&sharing, &level("team"))
            .await
            .problem(403, "forbidden");
        // The seat was held once: its next holder comes from the root.
        let root = world.national_lead();
        for (giver, acting, revoker) in [(lead, there, lead), (root.on(&other), here, lead.on(&other))] {
            // Each is the next request after the other's answer: sooner than any second of the ledger.
            let grant = world.grant(giver, &id, "team_lead", team).await;
            acting.put(&sharing, &level("team")).await.expect(200);
            revoker.delete(&format!("/v1/grants/{grant}")).await.expect(200);
            acting
                .put(&sharing, &level("national"))
                .await
                .problem(403, "forbidden");
            // What was refused left nothing: the revocation is the last that the ledger has.
            let head = world.as_role("auditor").get("/v1/audit-events?limit=1");
            let head = head.await.expect(200);
            assert_eq!(head.data()[0]["action"], "revokeGrant", "{head}");
        }

        let body = json!({ "name": "Both", "unit": world.north.unit("alpha").id });
        let made = lead.post("/v1/api-clients", &body).await.expect(201);
        let credentials = (made.text_at("/client/clientId"), made.text_at("/clientSecret"));
        let token = world.client_token(&credentials, None).await;
        let tool = Actor::with_token(world, &token).on(&other);
        tool.get("/v1/me").await.expect(200);
        lead.delete(&format!("/v1/api-clients/{}", made.text_at("/client/id")))
            .await
            .expect(200);
        tool.get("/v1/me").await.problem(401, "unauthenticated");
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_writes_the_other_reads_and_the_ledger_has_no_gap() {
    for_each_database(async |world| {
        let other = world.beside().await;
        let lead = world.national_lead();
        let unit = |n: usize| -> Value {
            json!({
                "parent": world.north.unit("alpha").id, "tier": "microsystem", "kind": "clinical_team",
                "code": format!("both-{n}"), "name": "A team",
            })
        };
        for n in 0..6 {
            let (writes, reads) = if n % 2 == 0 {
                (lead, lead.on(&other))
            } else {
                (lead.on(&other), lead)
            };
            let made = writes.post("/v1/org-units", &unit(n)).await.expect(201);
            let read = reads
                .get(&format!("/v1/org-units/code:both-{n}"))
                .await
                .expect(200);
            assert_eq!(read.id(), made.id());
        }
        let asked: Vec<_> = (6..46)
            .map(|n| {
                let who = if n % 2 == 0 { lead } else { lead.on(&other) };
                tokio::spawn(who.post("/v1/org-units", &unit(n)).into_future())
            })
            .collect();
        for answer in asked {
            answer.await.expect("an answer").expect(201);
        }

        let auditor = world.as_role("auditor").on(&other);
        let (mut positions, mut hashes) = (Vec::new(), BTreeSet::new());
        let mut cursor = String::new();
        loop {
            let page = auditor
                .get(&format!("/v1/audit-events?limit=50{cursor}"))
                .await
                .expect(200);
            for event in page.data() {
                positions.extend(event["position"].as_i64());
                hashes.extend(event["hash"].as_str().map(str::to_owned));
            }
            match page.body["page"]["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let head = *positions.first().expect("something was written");
        assert!(head >= 46);
        assert_eq!(positions, (1..=head).rev().collect::<Vec<i64>>(), "dense");
        assert_eq!(hashes.len(), positions.len());
        let (clean, said) = world.command(&["audit", "verify", "--tenant", "north"]);
        assert!(clean, "{said}");
        other.stop().await;
    })
    .await;
}

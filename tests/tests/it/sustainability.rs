//! An assessment from its opening to what each tier sees of it.

use e2e::{Actor, Answer, for_each_database};
use serde_json::{Value, json};

pub async fn rate(by: Actor<'_>, path: &str, level: &str) -> Answer {
    let model = "/v1/sustainability/instruments/nhs-sustainability-model";
    let model = by.get(model).await.expect(200);
    let answers: Vec<Value> = model.body["factors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|factor| json!({ "factor": factor["code"], "level": level }))
        .collect();
    let rated = by.post(&format!("{path}/ratings"), &json!({ "answers": answers }));
    rated.await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tier_sees_of_an_assessment_what_the_team_shares() {
    for_each_database(async |world| {
        let (lead, member) = (world.as_role("team_lead"), world.as_role("team_member"));
        let team = &world.north.unit("alpha-stroke").id;
        let open = json!({ "unit": team, "title": "One-stop clinic, a year on", "assessedOn": "2006-01-31" });
        let opened = lead
            .post("/v1/sustainability/assessments", &open)
            .await
            .expect(201);
        let path = format!("/v1/sustainability/assessments/{}", opened.id());
        assert_eq!(rate(lead, &path, "A").await.body["total"], 100.0);
        rate(member, &path, "D").await;
        let wrong = json!({ "answers": [{ "factor": "luck", "level": "A" }] });
        let refused = member.post(&format!("{path}/ratings"), &wrong).await;
        assert_eq!(refused.problem(422, "invalid").pointers().len(), 11);
        let own = lead.get(&format!("{path}/ratings")).await.expect(200);
        assert_eq!(own.body.as_array().map(Vec::len), Some(1), "{own}");
        let open = member.get(&path).await.expect(200);
        assert_eq!(
            (&open.body["raters"], &open.body["score"]),
            (&json!(2), &json!(null))
        );
        let closed = lead.post(&format!("{path}/close"), &json!({})).await.expect(200);
        assert_eq!(
            (&closed.body["score"], &closed.body["highest"]),
            (&json!(50.0), &json!(100.0))
        );
        assert_eq!(closed.body["weakest"][0]["actingTier"], "microsystem", "{closed}");

        let query = "query($id: Reference!) { orgUnit(id: $id) { sustainability { withheld { level } \
                     latest { score ownRating { total } } } } }";
        let state = async |reader: Actor<'_>| {
            let answer = reader.graphql(query, &json!({ "id": team })).await;
            answer.answered()["orgUnit"]["sustainability"].clone()
        };
        let seen = json!({ "withheld": null, "latest": { "score": 50.0, "ownRating": { "total": 0.0 } } });
        assert_eq!(state(member).await, seen);
        let above = world.as_role("organisation_lead");
        assert_eq!(
            state(above).await,
            json!({ "withheld": { "level": "TEAM" }, "latest": null })
        );
        above.get(&path).await.problem(404, "not_found");
        let rest = above
            .get(&format!("/v1/org-units/{team}/sustainability"))
            .await
            .expect(200);
        assert_eq!(
            rest.body,
            json!({ "latest": null, "withheld": { "level": "team" } })
        );

        let summary = "/v1/sustainability/summary?groupBy=sha";
        let answer = above.get(summary).await.expect(200);
        assert_eq!(answer.body["whole"]["shown"], 0, "{answer}");
        // All nine teams are hidden, eight of them without an assessment: the one other cannot be told.
        let csv = above.get(summary).header("accept", "text/csv").await.expect(200);
        let row = csv.text.lines().find(|line| line.contains(",middle,"));
        assert!(row.is_some_and(|row| row.ends_with(",middle,0,,true")), "{csv}");
        let seen = member.get(summary).await.expect(200);
        assert_eq!(seen.body["whole"]["shown"], 1, "{seen}");
    })
    .await;
}

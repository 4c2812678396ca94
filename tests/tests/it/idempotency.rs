//! The same key and request give the first answer again.

use e2e::{World, for_each_database};
use serde_json::{Value, json};

fn unit(world: &World, code: &str) -> Value {
    json!({
        "parent": world.north.unit("alpha").id, "tier": "microsystem", "kind": "clinical_team", "code": code,
        "name": "A team",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_gets_the_first_answer() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let body = unit(world, "retried");
        let first = lead
            .post("/v1/org-units", &body)
            .header("idempotency-key", "k-1")
            .await
            .expect(201);
        assert_eq!(first.header("idempotency-replayed"), "");
        let again = lead
            .post("/v1/org-units", &body)
            .header("idempotency-key", "k-1")
            .await
            .expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.body, first.body);
        for name in ["etag", "location"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }

        let other = lead
            .post("/v1/org-units", &unit(world, "another"))
            .header("idempotency-key", "k-1")
            .await
            .problem(422, "invalid");
        assert_eq!(other.pointers(), ["/header/Idempotency-Key"]);
        assert_eq!(other.body["errors"][0]["code"], "idempotency_key_reused");
        lead.get("/v1/org-units/code:another")
            .await
            .problem(404, "not_found");

        // A key is its owner's alone.
        world
            .as_role("organisation_lead")
            .post("/v1/org-units", &unit(world, "of-somebody-else"))
            .header("idempotency-key", "k-1")
            .await
            .expect(201);

        // What was refused is not kept: the corrected request may have the same key.
        lead.post("/v1/org-units", &unit(world, "Not A Code"))
            .header("idempotency-key", "k-2")
            .await
            .problem(422, "invalid");
        lead.post("/v1/org-units", &unit(world, "a-code"))
            .header("idempotency-key", "k-2")
            .await
            .expect(201);

        let long = "k".repeat(256);
        for key in ["", "with blank", long.as_str()] {
            let refused = lead
                .post("/v1/org-units", &unit(world, "never"))
                .header("idempotency-key", key)
                .await
                .problem(400, "malformed");
            assert_eq!(refused.pointers(), ["/header/Idempotency-Key"], "`{key}`");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_runs() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        for round in 0..4 {
            let body = unit(world, &format!("raced-{round}"));
            let calls: Vec<_> = (0..8)
                .map(|_| {
                    let call = lead.post("/v1/org-units", &body);
                    tokio::spawn(
                        call.header("idempotency-key", format!("race-{round}"))
                            .into_future(),
                    )
                })
                .collect();
            let (mut ran, mut ids) = (0, Vec::new());
            for call in calls {
                let answer = call.await.expect("a call ends");
                if answer.status.as_u16() == 409 {
                    answer.problem(409, "idempotency_key_in_use");
                    continue;
                }
                let answer = answer.expect(201);
                ran += usize::from(answer.header("idempotency-replayed").is_empty());
                ids.push(answer.id());
            }
            assert_eq!(ran, 1, "one request runs");
            ids.dedup();
            assert_eq!(ids.len(), 1, "all that succeed have the same answer");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_not_shown_twice() {
    for_each_database(async |world| {
        let body = json!({ "name": "Once", "unit": world.north.unit("alpha").id });
        let make = || {
            world
                .as_role("organisation_lead")
                .post("/v1/api-clients", &body)
                .header("idempotency-key", "secret-1")
        };
        let made = make().await.expect(201);
        let secret = made.text_at("/clientSecret");
        let again = make().await.problem(409, "secret_already_shown");
        assert!(!again.text.contains(&secret));
        let clients = world.national_lead().get("/v1/api-clients").await.expect(200);
        assert!(!clients.text.contains(&secret));
        assert_eq!(
            clients
                .data()
                .iter()
                .filter(|client| client["name"] == "Once")
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_holds_through_what_is_looked_at_twice() {
    for_each_database(async |world| {
        let measure = json!({
            "unit": world.north.unit("root").id, "code": "moved", "name": "Seen", "kind": "process",
            "scale": "proportion", "direction": "higher_is_better", "cadence": "month",
        });
        world
            .national_lead()
            .post("/v1/measures", &measure)
            .await
            .expect(201);
        let tool = world.integration();
        let row = |name: &str, month: usize| {
            json!({
                "measure": "code:moved", "unit": "code:alpha-falls", "period": format!("2005-{month:02}"),
                "numerator": 1, "denominator": 2, "source": "ward-tool", "externalId": name,
            })
        };
        // The name stands in another month each time, which is seen only as it is written; a mistake beside a name of
        // which nothing is known yet.
        for month in 1..=12 {
            let key = format!("month-{month}");
            let send = async || {
                tool.put("/v1/observations", &json!([row("one", month)]))
                    .header("idempotency-key", &key)
                    .await
            };
            let first = send().await.expect(200);
            let counts = |answer: &Value| (answer["inserted"].clone(), answer["updated"].clone());
            let wanted = if month == 1 {
                (json!(1), json!(0))
            } else {
                (json!(0), json!(1))
            };
            assert_eq!(counts(&first.body), wanted, "{first}");
            let again = send().await.expect(200);
            assert_eq!(
                (again.header("idempotency-replayed"), &again.body),
                ("true", &first.body)
            );

            let mut unknown = row("two", month);
            unknown["retracted"] = json!(true);
            let wrong = tool
                .put("/v1/observations", &json!([row("one", month), unknown]))
                .header("idempotency-key", format!("wrong-{month}"))
                .await
                .problem(422, "invalid");
            assert_eq!(wrong.pointers(), ["/1"]);
        }
        let listed = tool.get("/v1/observations?measure=code:moved").await.expect(200);
        let months: Vec<_> = listed.data().iter().map(|row| &row["periodStart"]).collect();
        assert_eq!(months, ["2005-12-01"], "{listed}");
    })
    .await;
}

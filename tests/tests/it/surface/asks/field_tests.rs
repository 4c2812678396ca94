//! Field tests, their sites and results.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "listFieldTests" => Ask::reads("readDirectory").query("unit", target),
        "createFieldTest" => Ask::writes("manageFieldTest").body(stage.field_test_input().await),
        "getFieldTest" => Ask::reads("readDirectory").path("fieldTest", &stage.field_test().await),
        "changeFieldTest" => Ask::writes("manageFieldTest")
            .path("fieldTest", &stage.field_test().await)
            .body(json!({ "name": "Another name", "hypothesis": null })),
        "listSites" => Ask::reads("readFieldTests").path("fieldTest", &stage.running_test().await.0),
        "enrolSite" => Ask::writes("manageFieldTest")
            .path("fieldTest", &stage.field_test().await)
            .body(json!({ "unit": target, "arm": "control", "enrolledOn": "2005-04-01" })),
        "changeSite" => Ask::writes("manageFieldTest")
            .hidden()
            .path("fieldTest", &stage.running_test().await.0)
            .path("unit", target)
            .body(json!({ "label": "Site 1" })),
        "listFieldTestResults" | "listResultsBySite" => {
            Ask::reads("readFieldTests").path("fieldTest", &stage.running_test().await.0)
        }
        "pushFieldTestResult" => {
            let (test, result) = stage.result_input().await;
            Ask::writes("pushResults").path("fieldTest", &test).body(result)
        }
        "pushFieldTestResults" => {
            let (test, result) = stage.result_input().await;
            Ask::writes("pushResults")
                .batch()
                .path("fieldTest", &test)
                .body(json!([result]))
        }
        _ => return None,
    })
}

impl Stage<'_> {
    async fn field_test_input(&self) -> Value {
        json!({
            "code": fresh("field-test"), "name": "A field test", "innovation": self.innovation().await,
            "unit": self.target.id, "question": "Does it shorten the wait?", "design": "parallel",
        })
    }

    /// A field test that the target runs.
    async fn field_test(&self) -> String {
        let body = self.field_test_input().await;
        self.owner().post("/v1/field-tests", &body).await.expect(201).id()
    }

    /// A field test that runs with the target as its site, and the code of its measure.
    async fn running_test(&self) -> (String, String) {
        let measure = self.measure().await.text_at("/code");
        let mut body = self.field_test_input().await;
        body["primaryMeasureCode"] = json!(measure);
        let owner = self.owner();
        let path = format!(
            "/v1/field-tests/{}",
            owner.post("/v1/field-tests", &body).await.expect(201).id()
        );
        let site = json!({ "unit": self.target.id, "arm": "intervention", "enrolledOn": "2005-04-01" });
        owner.post(&format!("{path}/sites"), &site).await.expect(201);
        let running = owner
            .patch(&path, &json!({ "status": "running" }))
            .await
            .expect(200);
        (running.id(), measure)
    }

    async fn result_input(&self) -> (String, Value) {
        let (test, measure) = self.running_test().await;
        let (_, source) = self.pusher();
        let result = json!({
            "unit": self.target.id, "measureCode": measure, "arm": "intervention", "n": 100, "events": 40,
            "source": source, "externalId": source.map(|_| fresh("result")),
        });
        (test, result)
    }
}

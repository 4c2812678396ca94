//! Field tests, their sites and results.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "listFieldTests" => Ask::reads("readDirectory"),
        "createFieldTest" => Ask::writes("manageFieldTest").body(stage.field_test_input().await.0),
        "getFieldTest" => Ask::reads("readDirectory").path("fieldTest", &stage.field_test().await.0),
        "changeFieldTest" => Ask::writes("manageFieldTest")
            .path("fieldTest", &stage.field_test().await.0)
            .body(json!({ "name": fresh("Renamed"), "status": "running", "endsOn": null })),
        "listSites" | "listFieldTestResults" | "listResultsBySite" => {
            Ask::reads("readFieldTests").path("fieldTest", &stage.field_test().await.0)
        }
        "enrolSite" => Ask::writes("manageFieldTest")
            .path("fieldTest", &stage.field_test().await.0)
            .body(json!({ "unit": target, "label": "Site 1", "enrolledOn": "2005-01-01" })),
        "changeSite" => Ask::writes("manageFieldTest")
            .hidden()
            .path("fieldTest", &stage.running().await.0)
            .path("unit", target)
            .body(json!({ "label": "Site 2", "leftOn": null })),
        "pushFieldTestResult" => {
            let (test, result) = stage.result().await;
            Ask::writes("pushResults").path("fieldTest", &test).body(result)
        }
        "pushFieldTestResults" => {
            let (test, result) = stage.result().await;
            Ask::writes("pushResults")
                .batch()
                .path("fieldTest", &test)
                .body(json!([result]))
        }
        _ => return None,
    })
}

impl Stage<'_> {
    /// What plans a field test of the target, and the code of its measure.
    async fn field_test_input(&self) -> (Value, String) {
        let measure = fresh("wait");
        let define = json!({
            "unit": self.target.id, "code": measure, "name": "Wait", "kind": "outcome", "scale": "proportion",
            "direction": "lower_is_better", "cadence": "month",
        });
        self.owner().post("/v1/measures", &define).await.expect(201);
        let input = json!({
            "code": fresh("pilot"), "name": "Pilot", "innovation": self.innovation().await, "unit": self.target.id,
            "question": "Does it work?", "design": "before_after", "primaryMeasureCode": measure,
        });
        (input, measure)
    }

    /// A planned field test of the target, and the code of its measure.
    async fn field_test(&self) -> (String, String) {
        let (input, measure) = self.field_test_input().await;
        let made = self.owner().post("/v1/field-tests", &input).await;
        (made.expect(201).id(), measure)
    }

    /// One that runs, with the target as its site.
    async fn running(&self) -> (String, String) {
        let (test, measure) = self.field_test().await;
        let path = format!("/v1/field-tests/{test}");
        let site = json!({ "unit": self.target.id, "enrolledOn": "2005-01-01" });
        let enrolled = self.owner().post(&format!("{path}/sites"), &site).await;
        enrolled.expect(201);
        let running = json!({ "status": "running" });
        self.owner().patch(&path, &running).await.expect(200);
        (test, measure)
    }

    /// A running field test, and a result of the target for it.
    async fn result(&self) -> (String, Value) {
        let (test, measure) = self.running().await;
        let (_, source) = self.pusher();
        let result = json!({
            "unit": self.target.id, "measureCode": measure, "phase": "after", "n": 40, "events": 10,
            "source": source, "externalId": source.map(|_| fresh("result")),
        });
        (test, result)
    }
}

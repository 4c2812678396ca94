//! Innovations, adoption and spread.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "listInnovations" => Ask::reads("readDirectory"),
        "createInnovation" => Ask::writes("createInnovation").body(stage.innovation_input()),
        "getInnovation" | "listInnovationMoves" => {
            Ask::reads("readDirectory").path("innovation", &stage.innovation().await)
        }
        "changeInnovation" => Ask::writes("changeInnovation")
            .path("innovation", &stage.innovation().await)
            .body(json!({ "status": "prototype", "evidence": "It worked in the first team.", "tiers": ["microsystem"] })),
        "listAdoptionEvents" | "listAdoptions" => Ask::reads("readAdoption").query("unit", target),
        "recordAdoption" => Ask::writes("recordAdoption").body(stage.adoption_input().await),
        "pushAdoptionEvents" => Ask::writes("recordAdoption")
            .batch()
            .body(json!([stage.adoption_input().await])),
        "getAdoptionEvent" => Ask::reads("readAdoption").path("event", &stage.event().await),
        "retractAdoption" => Ask::writes("recordAdoption")
            .hidden()
            .path("event", &stage.event().await)
            .query("takeOver", "true"),
        "disputeAdoption" => Ask::writes("disputeAdoption")
            .hidden()
            .path("event", &stage.event().await)
            .body(json!({ "note": "We have never heard of it." })),
        "spreadMetrics" | "spreadCurve" => Ask::reads("readSpread")
            .query("unit", target)
            .query("innovation", &stage.innovation().await),
        _ => return None,
    })
}

impl Stage<'_> {
    fn innovation_input(&self) -> Value {
        json!({ "code": fresh("innovation"), "name": "One-stop clinic", "unit": self.target.id })
    }

    /// An innovation that the target looks after.
    pub(super) async fn innovation(&self) -> String {
        let made = self
            .owner()
            .post("/v1/innovations", &self.innovation_input())
            .await;
        made.expect(201).id()
    }

    async fn adoption_input(&self) -> Value {
        let (_, source) = self.pusher();
        let innovation = self.innovation().await;
        json!({
            "innovation": innovation, "unit": self.target.id, "stage": "trialled", "occurredOn": "2005-06",
            "mode": "pull", "source": source, "externalId": source.map(|_| fresh("event")),
        })
    }

    /// An event about the target.
    async fn event(&self) -> String {
        let body = self.adoption_input().await;
        let (pusher, _) = self.pusher();
        pusher.post("/v1/adoption-events", &body).await.expect(201).id()
    }
}

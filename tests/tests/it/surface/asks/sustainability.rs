//! Sustainability.

use serde_json::{Value, json};

use super::{Ask, Stage};

const MODEL: &str = "nhs-sustainability-model";

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "getSustainabilityInstruments" => Ask::reads("readDirectory"),
        "getSustainabilityInstrument" => Ask::reads("readDirectory").path("code", MODEL),
        "listSustainabilityAssessments" => Ask::reads("readSustainability").query("unit", target),
        "openAssessment" => Ask::writes("assessSustainability").body(stage.assessment_input()),
        "getSustainabilityAssessment" | "listOwnRatings" => {
            Ask::reads("readSustainability").path("id", &stage.assessment().await)
        }
        "rateAssessment" => Ask::writes("rateSustainability")
            .hidden()
            .path("id", &stage.assessment().await)
            .body(stage.answers().await),
        "closeAssessment" => Ask::writes("assessSustainability")
            .hidden()
            .path("id", &stage.rated().await),
        "getSustainabilitySummary" => Ask::reads("readSustainability"),
        "getLatestSustainability" => Ask::reads("readDirectory").path("unit", target),
        _ => return None,
    })
}

impl Stage<'_> {
    fn assessment_input(&self) -> Value {
        json!({ "unit": self.target.id, "title": "Six months on", "assessedOn": "2005-06-30" })
    }

    /// An open assessment of the target.
    async fn assessment(&self) -> String {
        let path = "/v1/sustainability/assessments";
        let made = self.owner().post(path, &self.assessment_input()).await;
        made.expect(201).id()
    }

    /// A level for each factor.
    async fn answers(&self) -> Value {
        let path = format!("/v1/sustainability/instruments/{MODEL}");
        let model = self.owner().get(&path).await.expect(200);
        let factors = model.body["factors"].as_array().cloned().unwrap_or_default();
        let answers: Vec<Value> = factors
            .iter()
            .map(|factor| json!({ "factor": factor["code"], "level": "B" }))
            .collect();
        json!({ "answers": answers })
    }

    /// One that its owner has rated.
    async fn rated(&self) -> String {
        let assessment = self.assessment().await;
        let path = format!("/v1/sustainability/assessments/{assessment}/ratings");
        let rated = self.owner().post(&path, &self.answers().await).await;
        rated.expect(200);
        assessment
    }
}

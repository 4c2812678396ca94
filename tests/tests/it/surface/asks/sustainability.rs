//! Sustainability assessments.

use serde_json::{Value, json};

use super::{Ask, Stage};

const INSTRUMENT: &str = "nhs-sustainability-model";

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "getSustainabilityInstruments" => Ask::reads("readDirectory"),
        "getSustainabilityInstrument" => Ask::reads("readDirectory").path("code", INSTRUMENT),
        "listSustainabilityAssessments" => Ask::reads("readSustainability").query("unit", target),
        "openAssessment" => Ask::writes("assessSustainability").body(stage.assessment_input()),
        "getSustainabilityAssessment" | "listOwnRatings" => {
            Ask::reads("readSustainability").path("id", &stage.assessment().await)
        }
        "rateAssessment" => Ask::writes("rateSustainability")
            .hidden()
            .path("id", &stage.assessment().await)
            .body(stage.rating_input().await),
        "closeAssessment" => {
            let id = stage.assessment().await;
            let path = format!("/v1/sustainability/assessments/{id}/ratings");
            let rating = stage.rating_input().await;
            let rated = stage.owner().post(&path, &rating).await;
            assert!(rated.status.is_success(), "{rated}");
            Ask::writes("assessSustainability").hidden().path("id", &id)
        }
        "getSustainabilitySummary" => Ask::reads("readSustainability"),
        "getLatestSustainability" => Ask::reads("readSustainability").path("unit", target),
        _ => return None,
    })
}

impl Stage<'_> {
    fn assessment_input(&self) -> Value {
        json!({ "unit": self.target.id, "title": "Six months on", "assessedOn": "2005-10-01" })
    }

    /// An open assessment of the target.
    async fn assessment(&self) -> String {
        let made = self
            .owner()
            .post("/v1/sustainability/assessments", &self.assessment_input());
        made.await.expect(201).id()
    }

    /// The best level for every factor.
    async fn rating_input(&self) -> Value {
        let path = format!("/v1/sustainability/instruments/{INSTRUMENT}");
        let instrument = self.lead().get(&path).await.expect(200);
        let factors = instrument.body["factors"].as_array().into_iter().flatten();
        let answers: Vec<Value> = factors
            .map(|factor| json!({ "factor": factor["code"], "level": "A" }))
            .collect();
        json!({ "answers": answers })
    }
}

//! Surveys.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "getSurveyInstruments" => Ask::reads("readDirectory"),
        "getSurveyInstrument" => Ask::reads("readDirectory").path("code", "nomad"),
        "addSurveyInstrument" => Ask::writes("addSurveyInstrument").body(stage.survey_instrument()),
        "listSurveys" => Ask::reads("readSurveys").query("unit", target),
        "openSurvey" => Ask::writes("runSurvey").body(stage.survey_input("open_link")),
        "getSurvey" | "getSurveySummary" => {
            Ask::reads("readSurveys").path("id", &stage.survey("open_link").await)
        }
        "getSurveyComparison" => Ask::reads("readSurveys")
            .query("before", &stage.survey("open_link").await)
            .query("after", &stage.survey("open_link").await),
        "getSurveyRollUp" => Ask::reads("readSurveys").query("instrument", "staff-survey"),
        "changeSurvey" => Ask::writes("runSurvey")
            .hidden()
            .path("id", &stage.survey("open_link").await)
            .body(json!({ "title": "How is it to work here now?" })),
        "closeSurvey" => Ask::writes("runSurvey")
            .hidden()
            .path("id", &stage.survey("open_link").await)
            .body(json!({ "discard": true })),
        "getSurveyLinks" => Ask::writes("runSurvey")
            .hidden()
            .path("id", &stage.survey("open_link").await),
        "issueSurveyCodes" => Ask::writes("runSurvey")
            .hidden()
            .path("id", &stage.survey("one_time_codes").await)
            .body(json!({ "count": 2 })),
        _ => return None,
    })
}

impl Stage<'_> {
    fn survey_input(&self, mode: &str) -> Value {
        json!({
            "unit": self.target.id, "instrument": "staff-survey", "title": "How is it to work here?", "mode": mode,
            "opensOn": "2198-03-01", "closesOn": "2198-04-30",
        })
    }

    /// An open survey of the target.
    async fn survey(&self, mode: &str) -> String {
        let made = self.owner().post("/v1/surveys", &self.survey_input(mode));
        made.await.expect(201).id()
    }

    fn survey_instrument(&self) -> Value {
        let points: Vec<Value> = (1..=5)
            .map(|value| json!({ "value": value, "label": format!("point {value}") }))
            .collect();
        json!({
            "unit": self.target.id, "code": fresh("survey"), "title": "Ours", "kind": "staff",
            "provenance": "Made by the team", "scales": [{ "code": "five", "points": points, "cantRate": true }],
            "items": [{ "code": "morale", "label": "Morale", "scale": "five" }],
            "scoring": { "method": "mean", "minimumAnswered": 0.5 },
        })
    }
}

//! Measures, observations and roll-ups.

use e2e::Answer;
use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "listStratumDimensions" => Ask::reads("readDirectory"),
        "getStratumDimension" => {
            let body = stage.dimension_input();
            let made = stage
                .owner()
                .post("/v1/stratum-dimensions", &body)
                .await
                .expect(201);
            Ask::reads("readDirectory").path("dimension", &made.id())
        }
        "declareDimension" => Ask::writes("declareDimension").body(stage.dimension_input()),
        // Library measures are everybody's to read.
        "listMeasures" => Ask::anyone(),
        "getMeasure" => Ask::anyone().path("measure", &stage.measure().await.id()),
        "defineMeasure" => Ask::writes("defineMeasure").body(measure_input(target)),
        "listObservations" => Ask::reads("readObservations").query("unit", target),
        "pushObservations" => Ask::writes("pushObservations")
            .batch()
            .body(json!([stage.observation_input(stage.source()).await])),
        "getObservation" | "listObservationRevisions" => {
            Ask::reads("readObservations").path("observation", &stage.observation().await)
        }
        "retractObservation" => Ask::writes("pushObservations")
            .hidden()
            .path("observation", &stage.observation().await),
        "rollUp" => Ask::reads("readRollUp")
            .query("measure", &stage.measure().await.id())
            .query("unit", target),
        _ => return None,
    })
}

fn measure_input(unit: &str) -> Value {
    json!({
        "unit": unit, "code": fresh("measure"), "name": "Patients seen within an hour", "kind": "process",
        "scale": "proportion", "direction": "higher_is_better", "cadence": "month",
        "reportingTier": "microsystem",
    })
}

impl Stage<'_> {
    fn dimension_input(&self) -> Value {
        json!({
            "unit": self.target.id, "code": fresh("dimension"), "name": "Age", "values": ["under-65", "65-and-over"],
        })
    }

    /// A library measure.
    pub(super) async fn measure(&self) -> Answer {
        let root = &self.world.north.unit("root").id;
        let body = measure_input(root);
        self.owner().post("/v1/measures", &body).await.expect(201)
    }

    async fn observation_input(&self, source: Option<&str>) -> Value {
        json!({
            "measure": self.measure().await.id(), "unit": self.target.id, "period": "2005-06", "numerator": 40,
            "denominator": 100, "source": source, "externalId": source.map(|_| fresh("observation")),
        })
    }

    /// An observation of the target.
    async fn observation(&self) -> String {
        let (pusher, source) = match self.pusher() {
            (tool, Some(source)) => (tool, Some(source)),
            // A lead pushes what is the unit's own, and nothing beneath it.
            _ => (self.owner(), None),
        };
        let body = self.observation_input(source).await;
        pusher.put("/v1/observations", &json!([body])).await.expect(200);
        let measure = body["measure"].as_str().unwrap_or_default();
        let found = pusher
            .get(&format!("/v1/observations?measure={measure}"))
            .await
            .expect(200);
        found.text_at("/data/0/id")
    }
}

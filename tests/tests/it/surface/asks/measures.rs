//! Measures, observations and roll-ups.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        // Library measures are everybody's to read.
        "listMeasures" => Ask::anyone(),
        "getMeasure" => Ask::anyone().path("measure", &stage.measure().await),
        "defineMeasure" => Ask::writes("defineMeasure").body(stage.measure_input(target)),
        _ => return None,
    })
}

impl Stage<'_> {
    fn measure_input(&self, unit: &str) -> Value {
        json!({
            "unit": unit, "code": fresh("measure"), "name": "Patients seen within an hour", "kind": "process",
            "scale": "proportion", "direction": "higher_is_better", "cadence": "month",
        })
    }

    /// The code of a library measure.
    pub(super) async fn measure(&self) -> String {
        let root = &self.world.north.unit("root").id;
        let body = self.measure_input(root);
        self.owner()
            .post("/v1/measures", &body)
            .await
            .expect(201)
            .text_at("/code")
    }
}

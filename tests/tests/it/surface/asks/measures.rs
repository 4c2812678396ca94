//! Measures, observations and roll-ups.

use e2e::{Actor, Answer};
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
        "spc" | "runChart" | "spcSvg" | "spcPng" | "runChartSvg" | "runChartPng" | "smallMultiplesSvg"
        | "smallMultiplesPng" => Ask::reads("readAnalysis")
            .query("measure", &stage.measure().await.id())
            .query("unit", target),
        "funnel" | "funnelSvg" | "funnelPng" => Ask::reads("readAnalysis")
            .query("measure", &stage.measure().await.id())
            .query("within", target),
        "dataQuality" => Ask::reads("readAnalysis")
            .query("measure", &stage.measure().await.id())
            .query("within", target),
        "listAnnotations" | "listPhases" | "listTargets" | "listMeasureLinks" => {
            Ask::reads("readObservations").query("unit", target)
        }
        "addAnnotation" => Ask::writes("markSeries").body(stage.annotation_input(stage.source())),
        "getAnnotation" => Ask::reads("readObservations").path("annotation", &stage.annotation().await),
        "changeAnnotation" => Ask::writes("markSeries")
            .hidden()
            .path("annotation", &stage.annotation().await)
            .body(json!({ "text": "A third nurse" })),
        "retractAnnotation" => Ask::writes("markSeries")
            .hidden()
            .path("annotation", &stage.annotation().await),
        "openPhase" => Ask::writes("markSeries").body(stage.phase_input(stage.source()).await),
        "getPhase" => Ask::reads("readObservations").path("phase", &stage.phase().await),
        "changePhase" => Ask::writes("markSeries")
            .hidden()
            .path("phase", &stage.phase().await)
            .body(json!({ "label": "Triage by post" })),
        "retractPhase" => Ask::writes("markSeries")
            .hidden()
            .path("phase", &stage.phase().await),
        "setTarget" => Ask::writes("setTarget").body(stage.target_input().await),
        "getTarget" => Ask::reads("readObservations").path("target", &stage.own_target().await),
        "retractTarget" => Ask::writes("setTarget")
            .hidden()
            .path("target", &stage.own_target().await),
        "linkMeasure" => Ask::writes("linkMeasure").body(stage.link_input().await),
        "getMeasureLink" => Ask::reads("readObservations").path("link", &stage.link().await),
        "retractMeasureLink" => Ask::writes("linkMeasure")
            .hidden()
            .path("link", &stage.link().await),
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

    fn annotation_input(&self, source: Option<&str>) -> Value {
        json!({
            "unit": self.target.id, "occurredOn": "2005-06-03", "text": "A second nurse", "source": source,
            "externalId": source.map(|_| fresh("annotation")),
        })
    }

    async fn phase_input(&self, source: Option<&str>) -> Value {
        json!({
            "unit": self.target.id, "measure": self.measure().await.id(), "startsOn": "2005-06-03",
            "label": "Triage by telephone", "source": source, "externalId": source.map(|_| fresh("phase")),
        })
    }

    async fn target_input(&self) -> Value {
        json!({ "unit": self.target.id, "measure": self.measure().await.id(), "value": 0.9 })
    }

    async fn link_input(&self) -> Value {
        json!({ "unit": self.target.id, "measure": self.measure().await.id(), "startsOn": "2005-04-01" })
    }

    /// Whoever may mark the target's series, and as which source.
    fn marker(&self) -> (Actor<'_>, Option<&'static str>) {
        match self.pusher() {
            (tool, Some(source)) => (tool, Some(source)),
            _ => (self.owner(), None),
        }
    }

    async fn annotation(&self) -> String {
        let (marker, source) = self.marker();
        let body = self.annotation_input(source);
        marker.post("/v1/annotations", &body).await.expect(201).id()
    }

    async fn phase(&self) -> String {
        let (marker, source) = self.marker();
        let body = self.phase_input(source).await;
        marker.post("/v1/phases", &body).await.expect(201).id()
    }

    async fn own_target(&self) -> String {
        let body = self.target_input().await;
        self.owner().post("/v1/targets", &body).await.expect(201).id()
    }

    async fn link(&self) -> String {
        let body = self.link_input().await;
        self.owner()
            .post("/v1/measure-links", &body)
            .await
            .expect(201)
            .id()
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

//! Diagrams, aims, ramps and cycles.

use serde_json::{Value, json};

use super::{Ask, Stage};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = stage.target.id.as_str();
    let reads_diagrams = || Ask::reads("readDiagrams").path("unit", target);
    let draws = || Ask::writes("drawDiagram").path("unit", target);
    let reads_aims = || Ask::reads("readAims").path("unit", target);
    let sets_aims = || Ask::writes("setAim").path("unit", target);
    let runs = || Ask::writes("runCycle").path("unit", target);
    Some(match operation {
        "listDiagrams" => reads_diagrams(),
        "drawDiagram" => draws().body(diagram_input()),
        "getDiagram" | "getProcessFigures" | "diagramSvg" | "diagramPng" => {
            reads_diagrams().path("diagram", &stage.diagram().await)
        }
        "changeDiagram" => draws()
            .hidden()
            .path("diagram", &stage.diagram().await)
            .body(json!({ "title": "As it is now" })),
        "retractDiagram" => draws().hidden().path("diagram", &stage.diagram().await),
        "listAims" => reads_aims(),
        "setAim" => sets_aims().body(aim_input()),
        "getAim" | "getAimProgress" => reads_aims().path("aim", &stage.aim().await),
        "changeAim" => sets_aims()
            .hidden()
            .path("aim", &stage.aim().await)
            .body(json!({ "status": "met" })),
        "retractAim" => sets_aims().hidden().path("aim", &stage.aim().await),
        "getDataWall" | "getStoryboard" => reads_aims(),
        "listRamps" | "listCycles" | "getFidelity" => reads_aims(),
        "openRamp" => runs()
            .hidden()
            .body(json!({ "aim": stage.aim().await, "title": "Mornings" })),
        "getRamp" | "getRampFidelity" => reads_aims().path("ramp", &stage.ramp().await),
        "changeRamp" => runs()
            .hidden()
            .path("ramp", &stage.ramp().await)
            .body(json!({ "title": "Evenings" })),
        "retractRamp" => runs().hidden().path("ramp", &stage.ramp().await),
        "planCycle" => runs().body(standard_input()),
        "getCycle" => reads_aims().path("cycle", &stage.cycle(0).await),
        "changeCycle" => runs()
            .hidden()
            .path("cycle", &stage.cycle(0).await)
            .body(json!({ "title": "Another name" })),
        "carryOutCycle" => runs()
            .hidden()
            .path("cycle", &stage.cycle(0).await)
            .body(PHASES[0].1()),
        "studyCycle" => runs()
            .hidden()
            .path("cycle", &stage.cycle(1).await)
            .body(PHASES[1].1()),
        "actOnCycle" => runs()
            .hidden()
            .path("cycle", &stage.cycle(2).await)
            .body(PHASES[2].1()),
        "reviewCycle" => runs()
            .hidden()
            .path("cycle", &stage.cycle(0).await)
            .body(json!({ "reviewedOn": "2006-01-02", "reviewOn": "2006-07-01" })),
        "retractCycle" => runs().hidden().path("cycle", &stage.cycle(0).await),
        _ => return None,
    })
}

fn diagram_input() -> Value {
    json!({
        "title": "From referral to clinic",
        "drawnOn": "2005-10-01",
        "processMap": {
            "nodes": [
                { "key": "in", "kind": "start", "name": "Referral" },
                { "key": "read", "kind": "step", "name": "Read it", "actor": "Nurse", "minutes": 10, "valueAdding": true },
                { "key": "out", "kind": "end", "name": "Booked" },
            ],
            "edges": [{ "from": "in", "to": "read" }, { "from": "read", "to": "out" }],
        },
    })
}

fn aim_input() -> Value {
    json!({ "kind": "global", "statement": "Nobody waits without knowing why" })
}

fn standard_input() -> Value {
    json!({
        "kind": "sdsa", "title": "Sorting at nine", "owner": "Desk lead", "reviewOn": "2006-01-01",
        "plan": { "objective": "Referrals are sorted every morning" },
    })
}

/// A phase, and what takes a cycle to it.
type Phase = (&'static str, fn() -> Value);

/// What takes a cycle from each phase to the next.
const PHASES: [Phase; 3] = [
    (
        "do",
        || json!({ "startedOn": "2005-11-07", "observations": "It was done" }),
    ),
    (
        "study",
        || json!({ "result": "confirmed", "learning": "It can be done" }),
    ),
    ("act", || json!({ "decision": "adopt" })),
];

impl Stage<'_> {
    fn path(&self, what: &str) -> String {
        format!("/v1/microsystems/{}/{what}", self.target.id)
    }

    async fn diagram(&self) -> String {
        let made = self.owner().post(&self.path("diagrams"), &diagram_input());
        made.await.expect(201).id()
    }

    async fn aim(&self) -> String {
        self.owner()
            .post(&self.path("aims"), &aim_input())
            .await
            .expect(201)
            .id()
    }

    async fn ramp(&self) -> String {
        let input = json!({ "aim": self.aim().await, "title": "Mornings" });
        self.owner()
            .post(&self.path("pdsa-ramps"), &input)
            .await
            .expect(201)
            .id()
    }

    /// A cycle that was taken so many phases on.
    async fn cycle(&self, phases: usize) -> String {
        let made = self.owner().post(&self.path("pdsa-cycles"), &standard_input());
        let id = made.await.expect(201).id();
        for (phase, body) in &PHASES[..phases] {
            let path = self.path(&format!("pdsa-cycles/{id}/{phase}"));
            self.owner().post(&path, &body()).await.expect(200);
        }
        id
    }
}

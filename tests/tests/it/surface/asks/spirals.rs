//! Spirals and what is recorded beneath them.

use serde_json::{Value, json};

use super::{Ask, Stage};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    let reason = json!({ "reason": "Two people have left" });
    Some(match operation {
        "getSpiralSummary" => Ask::reads("readSpiralSummary"),
        "listSpirals" => Ask::reads("readSpirals").query("unit", target),
        "startSpiral" => Ask::writes("manageSpiral").body(stage.spiral_input()),
        "getSpiral" | "getSpiralProgress" | "getMissingEvidence" | "getSpiralTurns"
        | "listSpiralTimeline" | "listProgressScores" | "listNeeds" | "listOutcomes" | "listDecisions"
        | "listKnowledgeUses" => read_spiral(&stage.spiral().await),
        "changeSpiral" => stage
            .write_spiral("manageSpiral")
            .await
            .body(json!({ "theme": "flow" })),
        "advanceSpiral" => stage.write_spiral("manageSpiral").await.body(json!({})),
        "returnSpiral" => {
            let body = json!({ "step": "recognition_of_need", "reason": "Another gap has shown" });
            stage.at_step("manageSpiral", 1).await.body(body)
        }
        "revolveSpiral" | "sustainSpiral" => stage.at_step("manageSpiral", 4).await.body(json!({})),
        "discontinueSpiral" => stage.write_spiral("discontinueSpiral").await.body(reason),
        "reopenSpiral" => {
            let spiral = stage.spiral().await;
            let path = format!("/v1/spirals/{spiral}/discontinue");
            stage.owner().post(&path, &reason).await.expect(200);
            Ask::writes("manageSpiral")
                .hidden()
                .path("spiral", &spiral)
                .body(reason)
        }
        "setProgressScore" => stage
            .write_spiral("manageSpiral")
            .await
            .body(json!({ "score": 2.5 })),
        "recordNeed" => stage.write_spiral("recordNeed").await.body(need()),
        "getNeed" => stage.read_beneath("needs", "need", need()).await,
        "changeNeed" => stage
            .write_beneath("recordNeed", "needs", "need", need())
            .await
            .body(json!({ "state": "met" })),
        "recordOutcome" => stage.write_spiral("manageSpiral").await.body(outcome()),
        "getOutcome" => stage.read_beneath("outcomes", "outcome", outcome()).await,
        "changeOutcome" => stage
            .write_beneath("manageSpiral", "outcomes", "outcome", outcome())
            .await
            .body(json!({ "evidence": "measured" })),
        "recordDecision" => stage.write_spiral("manageSpiral").await.body(decision()),
        "getDecision" => stage.read_beneath("decisions", "decision", decision()).await,
        "changeDecision" => stage
            .write_beneath("manageSpiral", "decisions", "decision", decision())
            .await
            .body(json!({ "choice": "nurse-first", "reason": "Patients said so", "mode": "pull" })),
        "scoreDecision" => stage
            .write_beneath("scoreDecision", "decisions", "decision", decision())
            .await
            .body(json!({ "scores": [{ "option": "nurse-first", "criterion": "wait", "score": 5 }] })),
        "recordKnowledgeUse" => stage.write_spiral("manageSpiral").await.body(knowledge_use()),
        "getKnowledgeUse" => stage.read_beneath("knowledge-uses", "use", knowledge_use()).await,
        "changeKnowledgeUse" => stage
            .write_beneath("manageSpiral", "knowledge-uses", "use", knowledge_use())
            .await
            .body(json!({ "withdrawn": true })),
        "askForKnowledge" => stage.write_spiral("manageSpiral").await.body(question()),
        "listKnowledgeRequests" => Ask::reads("readDirectory").query("unit", target),
        "getKnowledgeRequest" | "listKnowledgeAnswers" => {
            Ask::reads("readDirectory").path("request", &stage.request().await)
        }
        "changeKnowledgeRequest" => Ask::writes("manageSpiral")
            .path("request", &stage.request().await)
            .body(json!({ "closed": true })),
        "answerKnowledgeRequest" => Ask::writes("answerKnowledgeRequest")
            .path("request", &stage.request().await)
            .body(json!({ "unit": target, "text": "We do; come and see" })),
        "listRefreshers" => Ask::reads("readSpirals").query("unit", target),
        "listSpiralRefreshers" => read_spiral(&stage.refresher().await.0),
        "getRefresher" => {
            let (spiral, refresher) = stage.refresher().await;
            read_spiral(&spiral).path("refresher", &refresher)
        }
        "recordRefresher" => {
            let (spiral, refresher) = stage.refresher().await;
            Ask::writes("manageSpiral")
                .hidden()
                .path("spiral", &spiral)
                .path("refresher", &refresher)
                .body(json!({ "finding": "holds", "note": "Still so" }))
        }
        "listCollaborations" => Ask::reads("readSpirals"),
        "startCollaboration" => {
            let body = json!({ "spiral": stage.spiral().await, "title": "From door to door" });
            Ask::writes("collaborate").hidden().body(body)
        }
        "getCollaboration" | "getCollaborationMembers" | "listCollaborationTimeline" => {
            Ask::reads("readSpirals").path("collaboration", &stage.collaboration().await)
        }
        "inviteToCollaboration" => {
            let other = if stage.target.code == "gamma-falls" {
                "delta-falls"
            } else {
                "gamma-falls"
            };
            stage
                .write_together(json!({ "unit": stage.world.north.unit(other).id }))
                .await
        }
        "joinCollaboration" => {
            let collaboration = stage.invited().await;
            Ask::writes("collaborate")
                .hidden()
                .path("collaboration", &collaboration)
                .body(json!({ "spiral": stage.spiral().await }))
        }
        "leaveCollaboration" => stage.write_together(json!({ "unit": target })).await,
        "noteInCollaboration" => {
            stage
                .write_together(json!({ "unit": target, "text": "We ring ahead now" }))
                .await
        }
        _ => return None,
    })
}

fn read_spiral(spiral: &str) -> Ask {
    Ask::reads("readSpirals").path("spiral", spiral)
}

fn need() -> Value {
    json!({ "gap": "Three weeks until a first visit", "voicedBy": "patients" })
}

fn outcome() -> Value {
    json!({ "kind": "practice_change", "text": "A nurse sees everybody first", "evidence": "perceived" })
}

fn knowledge_use() -> Value {
    json!({ "lookedAt": "The clinic across the river", "cameFrom": "peers", "learnt": "Half need no doctor" })
}

fn question() -> Value {
    json!({ "question": "Who lets nurses triage on the telephone?" })
}

fn decision() -> Value {
    json!({
        "question": "How does a patient get in?",
        "options": [{ "code": "nurse-first", "text": "A nurse sees everybody first" }],
        "criteria": [{ "code": "wait", "kind": "patient_perspective", "text": "How long do I wait?" }],
    })
}

impl Stage<'_> {
    fn spiral_input(&self) -> Value {
        json!({ "unit": self.target.id, "title": "No long waits", "origin": "local" })
    }

    /// A spiral of the target.
    async fn spiral(&self) -> String {
        let made = self.owner().post("/v1/spirals", &self.spiral_input());
        made.await.expect(201).id()
    }

    async fn write_spiral(&self, action: &'static str) -> Ask {
        Ask::writes(action).hidden().path("spiral", &self.spiral().await)
    }

    /// A write on a spiral that has moved on so many steps.
    async fn at_step(&self, action: &'static str, steps: usize) -> Ask {
        let spiral = self.spiral().await;
        for _ in 0..steps {
            let path = format!("/v1/spirals/{spiral}/advance");
            self.owner().post(&path, &json!({})).await.expect(200);
        }
        Ask::writes(action).hidden().path("spiral", &spiral)
    }

    /// A spiral with something recorded beneath it.
    async fn recorded(&self, kind: &str, body: Value) -> (String, String) {
        let spiral = self.spiral().await;
        let path = format!("/v1/spirals/{spiral}/{kind}");
        let made = self.owner().post(&path, &body).await.expect(201).id();
        (spiral, made)
    }

    async fn read_beneath(&self, kind: &str, name: &'static str, body: Value) -> Ask {
        let (spiral, made) = self.recorded(kind, body).await;
        read_spiral(&spiral).path(name, &made)
    }

    async fn write_beneath(&self, action: &'static str, kind: &str, name: &'static str, body: Value) -> Ask {
        let (spiral, made) = self.recorded(kind, body).await;
        Ask::writes(action)
            .hidden()
            .path("spiral", &spiral)
            .path(name, &made)
    }

    /// A sustained spiral, and the first look that is called for.
    async fn refresher(&self) -> (String, String) {
        let spiral = self.spiral().await;
        for step in ["advance", "advance", "advance", "advance", "sustain"] {
            let path = format!("/v1/spirals/{spiral}/{step}");
            self.owner().post(&path, &json!({})).await.expect(200);
        }
        let path = format!("/v1/spirals/{spiral}/refreshers");
        let called = self.owner().get(&path).await.expect(200);
        let id = called.data()[0]["id"].as_str().expect("an id").to_owned();
        (spiral, id)
    }

    /// A collaboration that the target has started.
    async fn collaboration(&self) -> String {
        let body = json!({ "spiral": self.spiral().await, "title": "From door to door" });
        self.owner()
            .post("/v1/collaborations", &body)
            .await
            .expect(201)
            .id()
    }

    async fn write_together(&self, body: Value) -> Ask {
        Ask::writes("collaborate")
            .hidden()
            .path("collaboration", &self.collaboration().await)
            .body(body)
    }

    /// A collaboration of another unit that the target is invited to.
    async fn invited(&self) -> String {
        let other = if self.target.code == "gamma-falls" {
            "delta-falls"
        } else {
            "gamma-falls"
        };
        let other = self.world.north.unit(other).id.clone();
        let input = json!({ "unit": other, "title": "Theirs", "origin": "local" });
        let spiral = self.owner().post("/v1/spirals", &input).await.expect(201).id();
        let body = json!({ "spiral": spiral, "title": "From door to door", "invite": [self.target.id] });
        self.owner()
            .post("/v1/collaborations", &body)
            .await
            .expect(201)
            .id()
    }

    /// What the target asks of others.
    async fn request(&self) -> String {
        let spiral = self.spiral().await;
        let path = format!("/v1/spirals/{spiral}/knowledge-requests");
        self.owner().post(&path, &question()).await.expect(201).id()
    }
}

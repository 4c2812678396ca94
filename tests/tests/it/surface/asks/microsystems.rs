//! Lead teams, meetings and their rhythm, 5Ps.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh_day};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    let of_target = |ask: Ask| ask.path("unitId", target);
    let time = |ask: Ask| ask.query("from", "2005-01-01").query("to", "2005-03-31");
    Some(match operation {
        "listLeadTeam" => of_target(Ask::reads("readTeamWork")).query("on", "2005-01-01"),
        "addLeadTeamMember" => of_target(Ask::writes("manageLeadTeam")).body(member()),
        "getLeadTeamMember" => {
            of_target(Ask::reads("readTeamWork")).path("id", &stage.team_record("lead-team", member()).await)
        }
        "changeLeadTeamMember" => of_target(Ask::writes("manageLeadTeam"))
            .hidden()
            .path("id", &stage.team_record("lead-team", member()).await)
            .body(json!({ "leftOn": "2005-06-30", "leaveReason": "retired" })),
        "listMeetings" => of_target(Ask::reads("readTeamWork")),
        "recordMeeting" => of_target(Ask::writes("recordMeeting")).body(meeting()),
        "getMeeting" => {
            of_target(Ask::reads("readTeamWork")).path("id", &stage.team_record("meetings", meeting()).await)
        }
        "changeMeeting" => of_target(Ask::writes("recordMeeting"))
            .hidden()
            .path("id", &stage.team_record("meetings", meeting()).await)
            .body(json!({ "attendance": 12 })),
        "listMeetingRhythms" => Ask::reads("readDirectory"),
        "getRhythm" => of_target(Ask::reads("readTeamWork")),
        "setRhythm" => of_target(Ask::writes("setRhythm")).body(json!({
            "startsOn": fresh_day(), "expectations": [{ "kind": "huddle", "every": "week", "times": 2 }],
        })),
        "getMissedMeetings" => time(of_target(Ask::reads("readTeamWork"))),
        "listFivePsAssessments" => of_target(Ask::reads("readTeamWork")),
        "recordFivePs" => of_target(Ask::writes("assessFivePs")).body(five_ps()),
        "getFivePs" => {
            of_target(Ask::reads("readTeamWork")).path("id", &stage.team_record("five-ps", five_ps()).await)
        }
        "changeFivePs" => of_target(Ask::writes("assessFivePs"))
            .hidden()
            .path("id", &stage.team_record("five-ps", five_ps()).await)
            .body(json!({ "purpose": { "complete": true } })),
        "compareFivePs" => {
            // Of days far back, so that there is one before either.
            stage.team_record("five-ps", five_ps()).await;
            time(of_target(Ask::reads("readTeamWork")))
        }
        "listPatientsFindings" => of_target(Ask::reads("readPatientsFindings")),
        "recordPatientsFindings" => of_target(Ask::writes("recordPatientsFindings"))
            .hidden()
            .path("id", &stage.team_record("five-ps", five_ps()).await)
            .body(json!({ "findings": [{ "text": "Nobody says how long it takes" }] })),
        "listConditionAssessments" => Ask::reads("readTeamWork").query("unit", target),
        "assessCondition" => Ask::writes("assessCondition").body(stage.condition_input()),
        "getConditionAssessment" => Ask::reads("readTeamWork").path("id", &stage.condition().await),
        "changeCondition" => Ask::writes("assessCondition")
            .hidden()
            .path("id", &stage.condition().await)
            .body(json!({ "processes": { "level": "mixed", "text": "Ideas wait for a signature" } })),
        "getLatestConditions" => Ask::reads("readTeamWork").path("unit", target),
        "getToolUse" => Ask::reads("readTeamWork"),
        "getFidelitySummary" => Ask::reads("readAims"),
        "getFivePsSummary" => Ask::reads("readTeamWork"),
        _ => return None,
    })
}

fn member() -> Value {
    json!({ "description": "Nurse", "discipline": "nurse", "role": "member", "joinedOn": "2004-05-01" })
}

fn meeting() -> Value {
    json!({ "kind": "workshop", "heldOn": "2005-02-01", "attendance": 9, "protectedMinutes": 120 })
}

fn five_ps() -> Value {
    json!({ "assessedOn": fresh_day(), "purpose": { "findings": [{ "text": "Care without a wait" }] } })
}

impl Stage<'_> {
    fn condition_input(&self) -> Value {
        json!({ "unit": self.target.id, "condition": "leadership", "assessedOn": "2005-06-30",
            "structures": { "level": "helping", "text": "The lead nurse has half a day a week for the team" } })
    }

    async fn condition(&self) -> String {
        let made = self
            .owner()
            .post("/v1/condition-assessments", &self.condition_input());
        made.await.expect(201).id()
    }

    /// A record of the target's own work.
    async fn team_record(&self, list: &str, input: Value) -> String {
        let path = format!("/v1/microsystems/{}/{list}", self.target.id);
        self.owner().post(&path, &input).await.expect(201).id()
    }
}

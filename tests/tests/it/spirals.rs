//! A team's spiral through two full turns, by each face in its own words: every move, every wrong move, and a timeline
//! that tells the same.

use e2e::{Actor, Answer, World, for_each_database};
use serde_json::{Value, json};

/// A write: how REST calls it beneath the spiral, the mutation, its input's type, and what names the record.
struct Deed {
    path: &'static str,
    mutation: &'static str,
    input: &'static str,
    argument: &'static str,
    answer: &'static str,
}

const fn deed(
    path: &'static str,
    mutation: &'static str,
    input: &'static str,
    argument: &'static str,
    answer: &'static str,
) -> Deed {
    Deed {
        path,
        mutation,
        input,
        argument,
        answer,
    }
}

const MOVED: &str = "spiral { id version turn step status } missing { kind } carriedOver { needs aims }";
const ADVANCE: Deed = deed("advance", "advanceSpiral", "MoveOn", "id", MOVED);
const RETURN: Deed = deed("return", "returnSpiral", "ReturnToStep", "id", MOVED);
const REVOLVE: Deed = deed("revolve", "revolveSpiral", "MoveOn", "id", MOVED);
const SUSTAIN: Deed = deed("sustain", "sustainSpiral", "MoveOn", "id", MOVED);
const DISCONTINUE: Deed = deed("discontinue", "discontinueSpiral", "MoveWithReason", "id", MOVED);
const REOPEN: Deed = deed("reopen", "reopenSpiral", "MoveWithReason", "id", MOVED);
const NEED: Deed = deed("needs", "recordNeed", "RecordNeed", "spiral", "id");
const USE: Deed = deed(
    "knowledge-uses",
    "recordKnowledgeUse",
    "RecordKnowledgeUse",
    "spiral",
    "id",
);
const DECISION: Deed = deed("decisions", "recordDecision", "RecordDecision", "spiral", "id");
const OUTCOME: Deed = deed("outcomes", "recordOutcome", "RecordOutcome", "spiral", "id");
const SCORE: Deed = deed(
    "progress-scores",
    "setProgressScore",
    "SetProgressScore",
    "spiral",
    "id",
);

/// The face that a team works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Rest,
    Graphql,
}

struct Team<'w> {
    face: Face,
    unit: String,
    by: Actor<'w>,
    spiral: String,
}

/// An input of REST as GraphQL has it: enum values in capitals.
fn capitals(input: &Value) -> Value {
    const WORDS: [&str; 8] = [
        "voicedBy", "cameFrom", "kind", "evidence", "mode", "step", "origin", "state",
    ];
    match input {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(word) if WORDS.contains(&name.as_str()) => {
                    (name.clone(), json!(word.to_ascii_uppercase()))
                }
                _ => (name.clone(), capitals(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(capitals).collect(),
        other => other.clone(),
    }
}

/// What GraphQL answers as REST would have it: enum values in small letters.
fn small(answer: &Value) -> Value {
    match answer {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), small(value)))
            .collect(),
        Value::Array(items) => items.iter().map(small).collect(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
            json!(text.to_ascii_lowercase())
        }
        other => other.clone(),
    }
}

impl<'w> Team<'w> {
    async fn start(face: Face, world: &'w World, more: Value) -> Self {
        let by = world.as_role("team_lead");
        let unit = &world.north.unit("alpha-stroke").id;
        let mut input = json!({ "unit": unit, "title": "Straight to the scanner", "origin": "national" });
        if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
            input.extend(more);
        }
        let spiral = match face {
            Face::Rest => by.post("/v1/spirals", &input).await.expect(201).id(),
            Face::Graphql => {
                let text = "mutation($input: StartSpiral!) { startSpiral(input: $input) { id } }";
                let made = by.graphql(text, &json!({ "input": capitals(&input) })).await;
                made.answered()["startSpiral"]["id"]
                    .as_str()
                    .expect("an id")
                    .to_owned()
            }
        };
        let unit = unit.clone();
        Self {
            face,
            unit,
            by,
            spiral,
        }
    }

    async fn ask(&self, deed: &Deed, input: Value) -> Answer {
        match self.face {
            Face::Rest => {
                let path = format!("/v1/spirals/{}/{}", self.spiral, deed.path);
                self.by.post(&path, &input).await
            }
            Face::Graphql => {
                let Deed {
                    mutation,
                    input: kind,
                    argument,
                    answer,
                    ..
                } = deed;
                let text = format!(
                    "mutation($spiral: ID!, $input: {kind}!) {{ {mutation}({argument}: $spiral, input: $input) {{ {answer} }} }}"
                );
                let values = json!({ "spiral": self.spiral, "input": capitals(&input) });
                self.by.graphql(&text, &values).await
            }
        }
    }

    /// Does it; the answer as REST has it.
    async fn does(&self, deed: &Deed, input: Value) -> Value {
        let answer = self.ask(deed, input).await;
        match self.face {
            Face::Rest => {
                assert!(answer.status.is_success(), "{answer}");
                answer.body
            }
            Face::Graphql => small(&answer.answered()[deed.mutation]),
        }
    }

    /// Tries it, and is refused with these codes: the problem's, or those of its places.
    async fn cannot(&self, deed: &Deed, input: Value, codes: &[&str]) {
        let before = self.state().await;
        let answer = self.ask(deed, input).await;
        let problem = match self.face {
            Face::Rest => {
                assert!(answer.status.is_client_error(), "{answer}");
                answer.body.clone()
            }
            Face::Graphql => answer.body["errors"][0]["extensions"].clone(),
        };
        let places: Vec<&str> = problem["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|place| place["code"].as_str())
            .collect();
        let found = if places.is_empty() {
            vec![problem["code"].as_str().unwrap_or_default()]
        } else {
            places
        };
        assert_eq!(found, codes, "{answer}");
        assert_eq!(self.state().await, before, "a refused move changes nothing");
    }

    /// A write of the team's own work; the id of what was written.
    async fn works(&self, path: &str, mutation: &str, input: Value, of: Option<&str>) -> String {
        let unit = self.unit.as_str();
        let answer = match self.face {
            Face::Rest => {
                let path = format!("/v1/microsystems/{unit}/{path}");
                self.by.post(&path, &input).await
            }
            Face::Graphql => {
                let mut kind = mutation.to_owned();
                kind[..1].make_ascii_uppercase();
                let (declared, named) = match of {
                    Some(_) => (", $id: ID!", ", id: $id"),
                    None => ("", ""),
                };
                let text = format!(
                    "mutation($unit: Reference!{declared}, $input: {kind}!) {{ \
                     {mutation}(unit: $unit{named}, input: $input) {{ id }} }}"
                );
                let values = json!({ "unit": unit, "id": of, "input": capitals(&input) });
                self.by.graphql(&text, &values).await
            }
        };
        let made = match self.face {
            Face::Rest => answer.body.clone(),
            Face::Graphql => answer.answered()[mutation].clone(),
        };
        let id = made["id"].as_str();
        id.unwrap_or_else(|| panic!("no id: {answer}")).to_owned()
    }

    /// An aim of the spiral, and a cycle towards it that was carried out.
    async fn tests_a_change(&self) {
        let spiral = self
            .by
            .get(&format!("/v1/spirals/{}", self.spiral))
            .await
            .expect(200);
        let aim = json!({ "kind": "global", "statement": "At the scanner at once", "spiral": self.spiral });
        let aim = self.works("aims", "setAim", aim, None).await;
        let ramp = json!({ "aim": aim, "title": "Ringing ahead" });
        let ramp = self.works("pdsa-ramps", "openRamp", ramp, None).await;
        let cycle =
            json!({ "kind": "pdsa", "ramp": ramp, "title": "Monday", "plan": { "objective": "See" } });
        let cycle = self.works("pdsa-cycles", "planCycle", cycle, None).await;
        let done = json!({ "startedOn": spiral.body["enteredOn"], "observations": "Two of three" });
        let path = format!("pdsa-cycles/{cycle}/do");
        self.works(&path, "carryOutCycle", done, Some(&cycle)).await;
    }

    /// Everything that there is to see of the spiral.
    async fn state(&self) -> Value {
        let path = format!("/v1/spirals/{}", self.spiral);
        let mut parts = vec![self.by.get(&path).await.expect(200).body];
        for part in ["turns", "needs", "decisions", "outcomes", "timeline"] {
            parts.push(self.by.get(&format!("{path}/{part}")).await.expect(200).body);
        }
        json!(parts)
    }

    /// What the last step lacked.
    async fn moves(&self, deed: &Deed, input: Value) -> Vec<String> {
        let moved = self.does(deed, input).await;
        let missing = moved["missing"].as_array().into_iter().flatten();
        missing
            .filter_map(|piece| piece["kind"].as_str().map(str::to_owned))
            .collect()
    }

    /// The timeline by the team's own face, in pages of three, without ids and times.
    async fn timeline(&self) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let (page, next) = match self.face {
                Face::Rest => {
                    let mut path = format!("/v1/spirals/{}/timeline?limit=3", self.spiral);
                    if let Some(after) = &after {
                        path.push_str(&format!("&cursor={after}"));
                    }
                    let page = self.by.get(&path).await.expect(200);
                    let next = page.body["page"]["nextCursor"].as_str().map(str::to_owned);
                    (page.data().to_vec(), next)
                }
                Face::Graphql => {
                    let text = "query($id: ID!, $after: String) { spiralTimeline(id: $id, first: 3, after: $after) { \
                                pageInfo { hasNextPage endCursor } nodes { kind subject turn step reason occurredOn \
                                changes { field from to } } } }";
                    let answer = self
                        .by
                        .graphql(text, &json!({ "id": self.spiral, "after": after }))
                        .await;
                    let list = answer.answered()["spiralTimeline"].clone();
                    let next = list["pageInfo"]["endCursor"].as_str().map(str::to_owned);
                    let more = list["pageInfo"]["hasNextPage"] == true;
                    let nodes = list["nodes"].as_array().cloned().unwrap_or_default();
                    (nodes.iter().map(small).collect(), next.filter(|_| more))
                }
            };
            let fields = [
                "kind",
                "subject",
                "turn",
                "step",
                "reason",
                "occurredOn",
                "changes",
            ];
            entries.extend(page.iter().map(|entry| -> Value {
                fields
                    .iter()
                    .map(|field| ((*field).to_owned(), entry[field].clone()))
                    .collect()
            }));
            after = next;
            if after.is_none() {
                return entries;
            }
        }
    }
}

fn need(voice: &str) -> Value {
    json!({ "gap": "An hour until the scan; elsewhere it is twenty minutes", "voicedBy": voice })
}

/// One turn up to the last step, with everything that each step should leave behind.
async fn a_full_turn(team: &Team<'_>) {
    team.does(&NEED, need("benchmark")).await;
    assert_eq!(team.moves(&ADVANCE, json!({})).await, [""; 0]);
    let looked = json!({ "lookedAt": "How others do it", "cameFrom": "peers", "learnt": "Ring ahead" });
    team.does(&USE, looked).await;
    assert_eq!(team.moves(&ADVANCE, json!({})).await, [""; 0]);
    let decision = json!({
        "question": "Who calls the scanner?",
        "options": [{ "code": "ring-ahead", "text": "The ambulance rings ahead" }],
        "criteria": [{ "code": "fear", "kind": "patient_perspective", "text": "Am I left alone?" }],
        "choice": "ring-ahead", "reason": "It costs nothing", "mode": "pull",
    });
    let made = team.does(&DECISION, decision).await;
    let id = made["id"].as_str().expect("an id");
    let path = format!("/v1/spirals/{}/decisions/{id}/scores", team.spiral);
    let scores = json!({ "scores": [{ "option": "ring-ahead", "criterion": "fear", "score": 4 }] });
    team.by.post(&path, &scores).await.expect(200);
    assert_eq!(team.moves(&ADVANCE, json!({})).await, [""; 0]);
    team.tests_a_change().await;
    let change = json!({ "kind": "practice_change", "text": "They ring ahead", "evidence": "perceived" });
    team.does(&OUTCOME, change).await;
    assert_eq!(team.moves(&ADVANCE, json!({})).await, [""; 0]);
}

async fn two_turns(team: &Team<'_>) {
    let why = json!({ "reason": "The scanner is being replaced" });
    team.cannot(&REVOLVE, json!({}), &["not_at_last_step"]).await;
    team.cannot(&SUSTAIN, json!({}), &["not_at_last_step"]).await;
    team.cannot(&REOPEN, why.clone(), &["not_closed"]).await;
    team.cannot(&ADVANCE, json!({ "on": "2199-12-31" }), &["in_future"])
        .await;
    // The push came from above: the team's own need is asked for.
    team.does(&NEED, need("requirement")).await;
    assert_eq!(
        team.moves(&ADVANCE, json!({ "note": "As told" })).await,
        ["local_recognition"]
    );
    assert_eq!(team.moves(&ADVANCE, json!({})).await, ["knowledge_use"]);
    let same = json!({ "step": "local_decision", "reason": "Once more" });
    team.cannot(&RETURN, same, &["not_earlier"]).await;
    let back = json!({ "step": "recognition_of_need", "reason": "Nobody here had been asked" });
    team.does(&RETURN, back).await;
    a_full_turn(team).await;
    team.cannot(&ADVANCE, json!({}), &["last_step"]).await;
    let turned = team.does(&REVOLVE, json!({})).await;
    assert_eq!(
        turned["carriedOver"]["needs"].as_array().map(Vec::len),
        Some(2),
        "{turned}"
    );
    assert_eq!(
        turned["carriedOver"]["aims"].as_array().map(Vec::len),
        Some(1),
        "{turned}"
    );
    assert_eq!(
        (&turned["spiral"]["turn"], &turned["spiral"]["step"]),
        (&json!(2), &json!("recognition_of_need"))
    );
    team.does(&DISCONTINUE, why.clone()).await;
    team.cannot(&ADVANCE, json!({}), &["spiral_closed"]).await;
    team.cannot(&NEED, need("staff"), &["spiral_closed"]).await;
    team.cannot(&DISCONTINUE, why.clone(), &["spiral_closed"]).await;
    team.does(&REOPEN, why).await;
    team.does(&SCORE, json!({ "score": 3.0 })).await;
    a_full_turn(team).await;
    let measured = json!({
        "kind": "patient_benefit", "text": "Twenty minutes", "evidence": "measured", "checkedOn": "2006-01-01", "inPlace": true,
    });
    team.does(&OUTCOME, measured).await;
    assert_eq!(team.moves(&SUSTAIN, json!({})).await, [""; 0]);
    team.cannot(&SUSTAIN, json!({}), &["spiral_closed"]).await;
    let turns = team
        .by
        .get(&format!("/v1/spirals/{}/turns", team.spiral))
        .await
        .expect(200);
    let completed: Vec<&Value> = turns
        .body
        .as_array()
        .into_iter()
        .flatten()
        .map(|turn| &turn["completed"])
        .collect();
    assert_eq!(completed, [true, true], "{turns}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_turns_by_either_face_tell_the_same_timeline() {
    for_each_database(async |world| {
        let mut told = Vec::new();
        for face in [Face::Rest, Face::Graphql] {
            let team = Team::start(face, world, json!({})).await;
            two_turns(&team).await;
            told.push(team.timeline().await);
        }
        assert!(told[0].len() > 25, "{}", told[0].len());
        assert_eq!(told[0], told[1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gates_hold_by_either_face_and_name_each_missing_piece() {
    for_each_database(async |world| {
        let wave = json!({
            "code": "gated", "name": "Gated", "unit": world.north.unit("root").id, "gates": "required",
        });
        world
            .national_lead()
            .post("/v1/programmes", &wave)
            .await
            .expect(201);
        for face in [Face::Rest, Face::Graphql] {
            let team = Team::start(face, world, json!({ "programme": "code:gated" })).await;
            team.cannot(&ADVANCE, json!({}), &["need", "local_recognition"])
                .await;
            a_full_turn(&team).await;
            for forward in [&REVOLVE, &SUSTAIN] {
                team.cannot(forward, json!({}), &["measured_outcome", "outcome_checked"])
                    .await;
            }
            team.does(&DISCONTINUE, json!({ "reason": "The gate is shut" }))
                .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dashboard_of_spirals_takes_as_many_statements_for_many_units_as_for_few() {
    for_each_database(async |world| {
        let query = "query($within: Reference!) { orgUnits(within: $within, first: 100) { nodes { id currentSpiral { \
                     latest { step status selfScore { latest { score } withheld { level } } \
                     timeline(last: 2) { kind } needs { gap } } withheld { level } } spirals { id unit { code } } } } }";
        let lead = world.as_role("team_lead");
        let unit = world.north.unit("alpha-stroke").id.clone();
        for _ in 0..3 {
            let input = json!({ "unit": unit, "title": "Another", "origin": "local" });
            let spiral = lead.post("/v1/spirals", &input).await.expect(201).id();
            let score = json!({ "score": 1.5 });
            lead.post(&format!("/v1/spirals/{spiral}/progress-scores"), &score).await.expect(201);
        }
        let asked = async |within: &str| {
            let answer = world.as_role("organisation_lead").graphql(query, &json!({ "within": within })).await;
            (answer.answered().clone(), answer.statements())
        };
        // Who asks is known from then on; the answer is of another unit.
        asked(&world.north.unit("beta-falls").id).await;
        let (few, statements) = asked(&unit).await;
        assert_eq!(few["orgUnits"]["nodes"][0]["spirals"].as_array().map(Vec::len), Some(3));
        let latest = &few["orgUnits"]["nodes"][0]["currentSpiral"]["latest"];
        assert_eq!(latest["selfScore"], json!({ "latest": null, "withheld": { "level": "TEAM" } }));
        assert_eq!(latest["timeline"].as_array().map(Vec::len), Some(1), "{latest}");
        let (_, of_many) = asked(&world.north.unit("root").id).await;
        assert_eq!(of_many, statements);
    })
    .await;
}

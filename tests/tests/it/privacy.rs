//! What a team's own work shows to whom, over REST, GraphQL and as a page: each record has a word of its own, and every
//! answer is searched, whole, for words that are not the reader's. The rules are tried more widely, beneath the faces, in
//! `crates/app/tests/it/privacy.rs`; here it is that no face adds a way of its own.

use std::collections::{BTreeMap, BTreeSet};

use e2e::{Actor, World, for_each_database};
use serde_json::{Value, json};

/// The kinds of work, by the names under which their sharing is set.
const KINDS: [&str; 9] = [
    "lead_team",
    "meetings",
    "five_ps",
    "conditions",
    "diagrams",
    "aims",
    "spirals",
    "progress_scores",
    "surveys",
];

const LEVELS: [&str; 5] = ["team", "organisation", "sha", "national", "everyone"];

/// A word, the kinds of work that it belongs to, and whether a patient partner of the team reads it.
struct Piece {
    word: &'static str,
    kinds: &'static [&'static str],
    partner: bool,
}

const PIECES: [Piece; 12] = [
    Piece {
        word: "zqmember",
        kinds: &["lead_team"],
        partner: false,
    },
    Piece {
        word: "zqmeeting",
        kinds: &["meetings"],
        partner: false,
    },
    Piece {
        word: "zqpurpose",
        kinds: &["five_ps"],
        partner: false,
    },
    Piece {
        word: "zqpatients",
        kinds: &["five_ps"],
        partner: true,
    },
    Piece {
        word: "zqcondition",
        kinds: &["conditions"],
        partner: false,
    },
    Piece {
        word: "zqdiagram",
        kinds: &["diagrams"],
        partner: false,
    },
    Piece {
        word: "zqaim",
        kinds: &["aims"],
        partner: true,
    },
    Piece {
        word: "zqcycle",
        kinds: &["aims"],
        partner: true,
    },
    Piece {
        word: "zqspiral",
        kinds: &["spirals"],
        partner: true,
    },
    Piece {
        word: "zqneed",
        kinds: &["spirals"],
        partner: true,
    },
    Piece {
        word: "zqscore",
        kinds: &["spirals", "progress_scores"],
        partner: true,
    },
    Piece {
        word: "zqsurvey",
        kinds: &["surveys"],
        partner: false,
    },
];

/// Where the team's work is read, with the words that must stand there for who may read them.
struct Paths {
    rest: Vec<(String, &'static [&'static str])>,
    graphql: Vec<(String, Value, &'static [&'static str])>,
}

/// The team records something of everything.
async fn live(world: &World) -> Paths {
    let lead = world.as_role("team_lead");
    let unit = world.north.unit("alpha-stroke").id.clone();
    let base = format!("/v1/microsystems/{unit}");
    let post = async |path: String, body: Value| lead.post(&path, &body).await.expect(201).id();
    let member =
        json!({ "description": "zqmember", "discipline": "nurse", "role": "lead", "joinedOn": "2006-01-01" });
    let member = post(format!("{base}/lead-team"), member).await;
    let meeting = json!({ "kind": "huddle", "heldOn": "2006-01-02", "attendance": 4, "notes": "zqmeeting" });
    let meeting = post(format!("{base}/meetings"), meeting).await;
    let found = |word: &str| json!({ "findings": [{ "text": word }] });
    let five_ps =
        json!({ "assessedOn": "2006-01-03", "purpose": found("zqpurpose"), "patients": found("zqpatients") });
    let five_ps = post(format!("{base}/five-ps"), five_ps).await;
    let lens = json!({ "level": "mixed", "text": "zqcondition" });
    let condition =
        json!({ "unit": unit, "condition": "leadership", "assessedOn": "2006-01-04", "patterns": lens });
    let condition = post("/v1/condition-assessments".into(), condition).await;
    let cause = json!({ "key": "b", "text": "zqdiagram", "under": "a" });
    let bones =
        json!({ "effect": "Late", "categories": [{ "key": "a", "name": "People" }], "causes": [cause] });
    let diagram = json!({ "title": "zqdiagram", "drawnOn": "2006-01-05", "fishbone": bones });
    let diagram = post(format!("{base}/diagrams"), diagram).await;
    let aim = post(
        format!("{base}/aims"),
        json!({ "kind": "global", "statement": "zqaim" }),
    )
    .await;
    let ramp = post(
        format!("{base}/pdsa-ramps"),
        json!({ "aim": aim, "title": "zqaim" }),
    )
    .await;
    let plan = json!({ "objective": "zqcycle", "prediction": "More" });
    let cycle = json!({ "kind": "pdsa", "ramp": ramp, "title": "zqcycle", "plan": plan });
    let cycle = post(format!("{base}/pdsa-cycles"), cycle).await;
    let spiral = json!({ "unit": unit, "title": "zqspiral", "origin": "local" });
    let spiral = post("/v1/spirals".into(), spiral).await;
    let need = post(
        format!("/v1/spirals/{spiral}/needs"),
        json!({ "gap": "zqneed", "voicedBy": "staff" }),
    )
    .await;
    let change = json!({ "gap": "zqneed still" });
    lead.patch(&format!("/v1/spirals/{spiral}/needs/{need}"), &change)
        .await
        .expect(200);
    post(
        format!("/v1/spirals/{spiral}/progress-scores"),
        json!({ "score": 1.5, "note": "zqscore" }),
    )
    .await;
    let survey = json!({
        "unit": unit, "instrument": "staff-survey", "title": "zqsurvey", "mode": "open_link",
        "opensOn": "2197-06-01", "closesOn": "2198-12-31",
    });
    let survey = post("/v1/surveys".into(), survey).await;
    let on_wall: &[&str] = &["zqmember", "zqdiagram", "zqaim", "zqcycle", "zqspiral"];
    let rest = vec![
        (
            format!("{base}/data-wall"),
            &[
                "zqmember",
                "zqmeeting",
                "zqdiagram",
                "zqaim",
                "zqcycle",
                "zqspiral",
            ][..],
        ),
        (format!("{base}/storyboard"), on_wall),
        (format!("{base}/lead-team"), &["zqmember"]),
        (format!("{base}/lead-team/{member}"), &["zqmember"]),
        (format!("{base}/meetings"), &["zqmeeting"]),
        (format!("{base}/meetings/{meeting}"), &["zqmeeting"]),
        (format!("{base}/five-ps"), &["zqpurpose"]),
        (format!("{base}/five-ps/{five_ps}"), &["zqpurpose"]),
        (format!("{base}/patients-findings"), &["zqpatients"]),
        (format!("/v1/condition-assessments?unit={unit}"), &["zqcondition"]),
        (format!("/v1/condition-assessments/{condition}"), &["zqcondition"]),
        (format!("/v1/org-units/{unit}/conditions"), &["zqcondition"]),
        (format!("{base}/diagrams"), &["zqdiagram"]),
        (format!("{base}/diagrams/{diagram}"), &["zqdiagram"]),
        (format!("{base}/diagrams/{diagram}/drawing.svg"), &["zqdiagram"]),
        (format!("{base}/aims"), &["zqaim"]),
        (format!("{base}/aims/{aim}"), &["zqaim"]),
        (format!("{base}/pdsa-ramps"), &["zqaim"]),
        (format!("{base}/pdsa-cycles"), &["zqcycle"]),
        (format!("{base}/pdsa-cycles/{cycle}"), &["zqcycle"]),
        (format!("{base}/pdsa-fidelity"), &[]),
        ("/v1/spirals".into(), &["zqspiral"]),
        (format!("/v1/spirals/{spiral}"), &["zqspiral"]),
        (format!("/v1/spirals/{spiral}/needs"), &["zqneed"]),
        (format!("/v1/spirals/{spiral}/timeline"), &["zqneed"]),
        (format!("/v1/spirals/{spiral}/progress-scores"), &["zqscore"]),
        (format!("/v1/spirals/{spiral}/progress"), &[]),
        ("/v1/surveys".into(), &["zqsurvey"]),
        (format!("/v1/surveys/{survey}"), &["zqsurvey"]),
        ("/v1/five-ps/summary?groupBy=children".into(), &[]),
        ("/v1/analysis/tool-use?groupBy=children".into(), &[]),
        ("/v1/spirals/summary?groupBy=children".into(), &[]),
    ];
    let unit_id = json!({ "unit": unit });
    let wall = "query($unit: Reference!) { dataWall(unit: $unit) { leadTeam { withheld { level } members { description } }
        meetings { last { notes } next { kind by } } fivePs { id parts { p state } }
        spirals { withheld { level } data { title turn step status } }
        aims { data { aim { statement } drawing { svg } } } cycles { running { cycle { title } } nextActions { what } }
        diagrams { data { title } } } }";
    let edges = "query($unit: Reference!) { orgUnit(id: $unit) {
        leadTeam { withheld { level } members { description name } } meetings(last: 5) { withheld { level } data { notes } }
        fivePs { withheld { level } data { purpose { findings { text } } patients { findings { text } } } }
        conditions { leadership { patterns { text } } } spirals { title timeline { changes { from to } } selfScore { latest { note } } }
        currentSpiral { latest { title } } } }";
    let graphql = vec![
        (
            wall.to_owned(),
            unit_id.clone(),
            &[
                "zqmember",
                "zqmeeting",
                "zqdiagram",
                "zqaim",
                "zqcycle",
                "zqspiral",
            ][..],
        ),
        (
            edges.to_owned(),
            unit_id.clone(),
            &[
                "zqmember",
                "zqmeeting",
                "zqpurpose",
                "zqcondition",
                "zqspiral",
                "zqneed",
                "zqscore",
            ],
        ),
    ];
    Paths { rest, graphql }
}

/// Somebody, the tier they read from (none reads only what is everyone's), and whether they are the patient partner.
type Reader = (&'static str, Option<usize>, bool);

const READERS: [Reader; 8] = [
    ("team_member", Some(0), false),
    ("coach", Some(0), false),
    ("patient_partner", Some(0), true),
    ("organisation_analyst", Some(1), false),
    ("sha_lead", Some(2), false),
    ("national_analyst", Some(3), false),
    ("integration", None, false),
    ("auditor", None, false),
];

/// Whether somebody may read a piece at these levels, and whether it must be there for them.
fn reads((_, tier, partner): Reader, piece: &Piece, levels: &BTreeMap<&str, usize>) -> (bool, bool) {
    let level = piece
        .kinds
        .iter()
        .map(|kind| levels[kind])
        .min()
        .expect("a piece is of some kind");
    let looks = tier.is_some() && (!partner || piece.partner);
    let by_role = looks && tier.is_some_and(|tier| tier <= level);
    (level == 4 || by_role, by_role || level == 4 && looks)
}

fn words_in(text: &str) -> BTreeSet<&'static str> {
    PIECES
        .iter()
        .map(|piece| piece.word)
        .filter(|word| text.contains(word))
        .collect()
}

fn check(reader: Reader, path: &str, text: &str, shown: &[&str], levels: &BTreeMap<&str, usize>) {
    let found = words_in(text);
    for piece in &PIECES {
        let (may, must) = reads(reader, piece, levels);
        let (name, word) = (reader.0, piece.word);
        assert!(
            may || !found.contains(word),
            "{name} reads {word} at {path}: {levels:?}"
        );
        let there = !must || !shown.contains(&word) || found.contains(word);
        assert!(there, "{name} lacks {word} at {path}: {levels:?}: {text}");
    }
}

async fn look(world: &World, reader: Reader, paths: &Paths, levels: &BTreeMap<&str, usize>) {
    let actor: Actor<'_> = world.as_role(reader.0);
    for (path, shown) in &paths.rest {
        let answer = actor.get(path).await;
        check(reader, path, &answer.text, shown, levels);
    }
    for (query, variables, shown) in &paths.graphql {
        let answer = actor.graphql(query, variables).await;
        // A query that asks for one thing too much is answered without the rest as well.
        let shown: &[&str] = if answer.body["errors"].is_array() {
            &[]
        } else {
            shown
        };
        let partner = reader.2 || reader.1.is_none();
        assert!(
            partner || !answer.body["errors"].is_array(),
            "{}: {answer}",
            reader.0
        );
        check(reader, query, &answer.text, shown, levels);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_face_shows_what_is_not_the_readers() {
    for_each_database(async |world| {
        let paths = live(world).await;
        let lead = world.as_role("team_lead");
        let unit = world.north.unit("alpha-stroke").id.clone();
        let mut levels: BTreeMap<&str, usize> = KINDS.iter().map(|kind| (*kind, 0)).collect();
        levels.insert("aims", 1);
        levels.insert("spirals", 1);
        let mut dice: u64 = 20_051_114;
        for round in 0..4 {
            if round > 0 {
                for kind in KINDS {
                    dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let level = usize::try_from(dice >> 33).unwrap() % LEVELS.len();
                    let path = format!("/v1/org-units/{unit}/sharing/{kind}");
                    lead.put(&path, &json!({ "level": LEVELS[level] })).await.expect(200);
                    levels.insert(kind, level);
                }
            }
            for reader in READERS {
                look(world, reader, &paths, &levels).await;
            }
        }
        // The team moves to another region: what stood above it reads only what is everyone's.
        let gamma = &world.north.unit("gamma").id;
        let transfer = json!({ "kind": "transfer", "parent": gamma, "effectiveOn": "2006-03-01", "reason": "It moved." });
        let path = format!("/v1/org-units/{unit}/reorganisations");
        world.national_lead().post(&path, &transfer).await.expect(201);
        for (name, tier, partner) in READERS {
            let moved_away = matches!(tier, Some(1 | 2));
            let tier = tier.filter(|_| !moved_away);
            look(world, (name, tier, partner), &paths, &levels).await;
        }
    })
    .await;
}

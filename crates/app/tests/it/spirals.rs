//! Spirals: their moves, dormancy and timelines, and who sees and does what.

mod collaborations;
mod handovers;
mod links;
mod random;
mod refreshers;

use crate::measures::{World, code, worlds};
use crate::world::{place, refused};
use serde_json::{Value, json};
use spiral_app::spirals::{self, SpiralQuery};
use spiral_app::{Caller, people, tenancy};
use spiral_domain::people::Role;
use spiral_domain::spirals::{
    Decision, Entry, EntryKind, EvidenceKind, KnowledgeRequest, Need, ProgressScore, Spiral, SpiralMoved,
    SpiralStatus, SpiralStep,
};
use spiral_domain::tenancy::SetSharing;
use spiral_domain::{Date, PageRequest, PrincipalId, Result, Sharing, SpiralId, UnitId, WorkKind};

const SHAPE: &[&[usize]] = &[&[2, 1], &[1]];
const TEAM: &str = "s0o0t0";

fn read<T: serde::de::DeserializeOwned>(input: Value) -> T {
    serde_json::from_value(input).unwrap()
}

async fn start(caller: &Caller, more: Value) -> Result<Spiral> {
    let mut input = json!({ "unit": format!("code:{TEAM}"), "title": "No long waits", "origin": "local" });
    if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
        input.extend(more);
    }
    spirals::start_spiral(caller, read(input)).await
}

async fn advance(caller: &Caller, id: SpiralId) -> Result<SpiralMoved> {
    spirals::advance_spiral(caller, id, None, read(json!({}))).await
}

async fn entries(caller: &Caller, id: SpiralId) -> Vec<Entry> {
    let page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    spirals::list_beneath::<Entry>(caller, id, &page)
        .await
        .unwrap()
        .data
}

async fn kinds(caller: &Caller, id: SpiralId) -> Vec<EntryKind> {
    entries(caller, id).await.iter().map(|entry| entry.kind).collect()
}

async fn status(caller: &Caller, id: SpiralId) -> SpiralStatus {
    spirals::spiral(caller, id).await.unwrap().record.status
}

async fn listed(caller: &Caller, status: SpiralStatus) -> usize {
    let query = SpiralQuery {
        status: Some(status),
        ..SpiralQuery::default()
    };
    let page = PageRequest::default();
    spirals::spirals(caller, query, &page).await.unwrap().data.len()
}

async fn share(caller: &Caller, kind: WorkKind, level: Sharing) {
    tenancy::set_sharing(caller, &code(TEAM), kind, SetSharing { level })
        .await
        .unwrap();
}

async fn holds(world: &World) {
    let report = people::verify_audit(&world.system()).await.unwrap();
    assert_eq!(report.findings, Vec::<String>::new());
}

#[tokio::test]
async fn dormancy_comes_by_itself_and_goes_with_whatever_the_team_records() {
    for world in worlds(SHAPE).await {
        let lead = world.person(&[(Role::TeamLead, TEAM)]).await;
        let now = async || world.caller(lead).await;
        let spiral = start(&now().await, json!({})).await.unwrap().id;
        world.pass(89);
        assert_eq!(status(&now().await, spiral).await, SpiralStatus::Active);
        world.pass(1);
        let caller = now().await;
        let asleep = spirals::spiral(&caller, spiral).await.unwrap().record;
        assert_eq!((asleep.status, asleep.version), (SpiralStatus::Dormant, 2));
        assert_eq!(listed(&caller, SpiralStatus::Dormant).await, 1);
        assert_eq!(listed(&caller, SpiralStatus::Active).await, 0);
        // Nobody has noted it yet; the platform does, once, and what is read stays the same.
        assert_eq!(kinds(&caller, spiral).await, [EntryKind::Started]);
        assert_eq!(spirals::note_dormancy(&world.app).await.unwrap(), 1);
        assert_eq!(spirals::note_dormancy(&world.app).await.unwrap(), 0);
        let noted = spirals::spiral(&caller, spiral).await.unwrap().record;
        assert_eq!((noted.status, noted.version), (SpiralStatus::Dormant, 2));
        let last = entries(&caller, spiral).await.pop().unwrap();
        assert_eq!(last.kind, EntryKind::FellDormant);
        assert_eq!(last.occurred_on, "2006-09-28".parse::<Date>().unwrap());
        assert_eq!(last.done_by, PrincipalId(uuid::Uuid::nil()));
        world.pass(10);
        let caller = now().await;
        let need = json!({ "gap": "It has come back", "voicedBy": "patients" });
        spirals::record_need(&caller, spiral, read(need)).await.unwrap();
        let woken = spirals::spiral(&caller, spiral).await.unwrap().record;
        assert_eq!((woken.status, woken.version), (SpiralStatus::Active, 3));
        assert_eq!(woken.quiet.len(), 1);
        let told = [
            EntryKind::Started,
            EntryKind::FellDormant,
            EntryKind::Woke,
            EntryKind::Recorded,
        ];
        assert_eq!(kinds(&caller, spiral).await, told);
        // Where nobody has noted it in time, the next write does.
        world.pass(200);
        let caller = now().await;
        let met = spirals::spiral(&caller, spiral).await.unwrap().record.version;
        let change = read(json!({ "theme": "access" }));
        let changed = spirals::change_spiral(&caller, spiral, Some(met), change)
            .await
            .unwrap();
        assert_eq!((changed.status, changed.version), (SpiralStatus::Active, met + 1));
        let told = kinds(&caller, spiral).await;
        assert_eq!(
            told[4..],
            [EntryKind::FellDormant, EntryKind::Woke, EntryKind::Changed]
        );
        holds(&world).await;
    }
}

#[tokio::test]
async fn a_programme_has_its_own_dormancy_and_its_gates_let_nothing_pass_without_evidence() {
    for world in worlds(SHAPE).await {
        let create = json!({
            "code": "wave", "name": "Wave", "unit": "code:s0", "gates": "required", "dormancyDays": 30,
        });
        tenancy::create_programme(&world.system(), read(create))
            .await
            .unwrap();
        let lead = world.person(&[(Role::TeamLead, TEAM)]).await;
        let caller = world.caller(lead).await;
        let more = json!({ "programme": "code:wave", "origin": "national" });
        let spiral = start(&caller, more).await.unwrap();
        assert_eq!(spiral.dormant_from, Some("2006-07-30".parse().unwrap()));
        let before = (
            spirals::spiral(&caller, spiral.id).await.unwrap(),
            kinds(&caller, spiral.id).await,
        );
        assert_eq!(
            refused(advance(&caller, spiral.id).await),
            [place("", "need"), place("", "local_recognition")]
        );
        let after = (
            spirals::spiral(&caller, spiral.id).await.unwrap(),
            kinds(&caller, spiral.id).await,
        );
        assert_eq!((before.0.record, before.1), (after.0.record, after.1));
        let need = |voice: &str| read(json!({ "gap": "Three weeks", "voicedBy": voice }));
        spirals::record_need(&caller, spiral.id, need("requirement"))
            .await
            .unwrap();
        assert_eq!(
            refused(advance(&caller, spiral.id).await),
            [place("", "local_recognition")]
        );
        spirals::record_need(&caller, spiral.id, need("patients"))
            .await
            .unwrap();
        let moved = advance(&caller, spiral.id).await.unwrap();
        assert_eq!(
            (moved.spiral.step, moved.missing),
            (SpiralStep::WaysOfKnowing, vec![])
        );
        // Back it goes without any.
        let back = read(json!({ "step": "recognition_of_need", "reason": "Another gap" }));
        spirals::return_spiral(&caller, spiral.id, None, back)
            .await
            .unwrap();
        holds(&world).await;
    }
}

#[tokio::test]
async fn without_gates_it_moves_and_the_answer_says_what_was_missing() {
    for world in worlds(SHAPE).await {
        let lead = world.person(&[(Role::TeamLead, TEAM)]).await;
        let caller = world.caller(lead).await;
        let id = start(&caller, json!({ "origin": "sha" })).await.unwrap().id;
        let mut missing = Vec::new();
        for _ in 0..4 {
            let moved = advance(&caller, id).await.unwrap();
            missing.extend(moved.missing.iter().map(|evidence| evidence.kind));
        }
        let go = || read(json!({}));
        let turned = spirals::revolve_spiral(&caller, id, None, go()).await.unwrap();
        missing.extend(turned.missing.iter().map(|evidence| evidence.kind));
        let all: Vec<EvidenceKind> = EvidenceKind::ALL.to_vec();
        assert_eq!(missing, all);
        assert_eq!(
            (turned.spiral.turn, turned.spiral.step),
            (2, SpiralStep::RecognitionOfNeed)
        );
        holds(&world).await;
    }
}

#[tokio::test]
async fn a_wrong_move_changes_nothing() {
    for world in worlds(SHAPE).await {
        let lead = world.person(&[(Role::TeamLead, TEAM)]).await;
        let caller = world.caller(lead).await;
        let id = start(&caller, json!({ "startedOn": "2006-03-01" }))
            .await
            .unwrap()
            .id;
        let go = || read(json!({}));
        let why = || read(json!({ "reason": "It is over" }));
        let seen = async || {
            let spiral = spirals::spiral(&caller, id).await.unwrap().record;
            (
                spiral,
                kinds(&caller, id).await,
                spirals::spiral_turns(&caller, id).await.unwrap(),
            )
        };
        let before = seen().await;
        let revolved = spirals::revolve_spiral(&caller, id, None, go()).await;
        assert_eq!(refused(revolved), [place("", "not_at_last_step")]);
        let sustained = spirals::sustain_spiral(&caller, id, None, go()).await;
        assert_eq!(refused(sustained), [place("", "not_at_last_step")]);
        let reopened = spirals::reopen_spiral(&caller, id, None, why()).await;
        assert_eq!(refused(reopened), [place("", "not_closed")]);
        let back = read(json!({ "step": "local_decision", "reason": "Back" }));
        let returned = spirals::return_spiral(&caller, id, None, back).await;
        assert_eq!(refused(returned), [place("/step", "not_earlier")]);
        let early = read(json!({ "on": "2006-02-28" }));
        let moved = spirals::advance_spiral(&caller, id, None, early).await;
        assert_eq!(refused(moved), [place("/on", "before_last_move")]);
        let late = read(json!({ "on": "2006-07-01" }));
        let moved = spirals::advance_spiral(&caller, id, None, late).await;
        assert_eq!(refused(moved), [place("/on", "in_future")]);
        let stale = spirals::advance_spiral(&caller, id, Some(7), go()).await;
        assert_eq!(refused(stale), [place("", "stale")]);
        assert_eq!(seen().await, before);
        spirals::discontinue_spiral(&caller, id, None, why())
            .await
            .unwrap();
        let before = seen().await;
        for moved in [
            advance(&caller, id).await,
            spirals::discontinue_spiral(&caller, id, None, why()).await,
        ] {
            assert_eq!(refused(moved), [place("", "spiral_closed")]);
        }
        let need = read(json!({ "gap": "A gap", "voicedBy": "staff" }));
        let recorded = spirals::record_need(&caller, id, need).await;
        assert_eq!(refused(recorded), [place("", "spiral_closed")]);
        assert_eq!(seen().await, before);
        // What came of it is looked at long after.
        let outcome = json!({ "kind": "disbenefit", "text": "It cost a post", "evidence": "perceived" });
        spirals::record_outcome(&caller, id, read(outcome)).await.unwrap();
        let open = spirals::reopen_spiral(&caller, id, None, why()).await.unwrap();
        assert_eq!(
            (open.spiral.status, open.spiral.step),
            (SpiralStatus::Active, before.0.step)
        );
        assert_eq!(open.spiral.discontinued_because, None);
        holds(&world).await;
    }
}

#[tokio::test]
async fn roles_read_and_write_what_is_theirs() {
    for world in worlds(SHAPE).await {
        let caller = async |role, unit| world.caller(world.person(&[(role, unit)]).await).await;
        let lead = caller(Role::TeamLead, TEAM).await;
        let member = caller(Role::TeamMember, TEAM).await;
        let coach = caller(Role::Coach, TEAM).await;
        let patient = caller(Role::PatientPartner, TEAM).await;
        let sibling = caller(Role::TeamLead, "s0o0t1").await;
        let above = caller(Role::OrganisationLead, "s0o0").await;
        let sha = caller(Role::ShaLead, "s0").await;
        let id = start(&member, json!({})).await.unwrap().id;
        let need = || read(json!({ "gap": "Three weeks", "voicedBy": "patients" }));
        let decision = json!({
            "question": "How?", "options": [{ "code": "a", "text": "A" }],
            "criteria": [{ "code": "p", "kind": "patient_perspective", "text": "Is it kind?" }],
        });
        let decision: Decision = spirals::record_decision(&member, id, read(decision))
            .await
            .unwrap();
        let scores = || read(json!({ "scores": [{ "option": "a", "criterion": "p", "score": 4 }] }));
        let forbidden = [place("", "forbidden")];
        for reader in [&lead, &member, &coach, &patient, &above] {
            assert_eq!(spirals::spiral(reader, id).await.unwrap().record.id, id);
        }
        for stranger in [&sibling, &sha] {
            assert_eq!(
                refused(spirals::spiral(stranger, id).await),
                [place("", "not_found")]
            );
            assert_eq!(refused(advance(stranger, id).await), [place("", "not_found")]);
        }
        for writer in [&coach, &above, &patient] {
            assert_eq!(refused(advance(writer, id).await), forbidden);
        }
        let mine: Need = spirals::record_need(&patient, id, need()).await.unwrap();
        let scored = spirals::score_decision(&patient, id, decision.id, None, scores())
            .await
            .unwrap();
        assert_eq!(scored.scores.len(), 1);
        assert_eq!(refused(spirals::record_need(&coach, id, need()).await), forbidden);
        assert_eq!(mine.recorded_by, patient.principal().id);
        let why = || read(json!({ "reason": "Nobody is left" }));
        let given_up = spirals::discontinue_spiral(&member, id, None, why()).await;
        assert_eq!(refused(given_up), forbidden);
        spirals::discontinue_spiral(&lead, id, None, why()).await.unwrap();
        // The spiral of an organisation is its lead's.
        let own = json!({ "unit": "code:s0o0" });
        let theirs = start(&above, own.clone()).await.unwrap();
        assert_eq!(theirs.sharing, Sharing::Organisation);
        assert_eq!(refused(start(&lead, own).await), forbidden);
        holds(&world).await;
    }
}

#[tokio::test]
async fn sharing_takes_effect_at_once_and_everywhere() {
    for world in worlds(SHAPE).await {
        let caller = async |role, unit| world.caller(world.person(&[(role, unit)]).await).await;
        let lead = caller(Role::TeamLead, TEAM).await;
        let above = caller(Role::OrganisationLead, "s0o0").await;
        let sha = caller(Role::ShaLead, "s0").await;
        let spiral = start(&lead, json!({})).await.unwrap();
        let (id, unit): (SpiralId, UnitId) = (spiral.id, spiral.unit_id);
        let score = read(json!({ "score": 2.5 }));
        spirals::set_progress_score(&lead, id, score).await.unwrap();
        let own = async |caller: &Caller| {
            let mut found = spirals::latest_progress_of(caller, &[(id, unit)]).await.unwrap();
            found.remove(&id).unwrap()
        };
        let scores = async |caller: &Caller| {
            let page = PageRequest::default();
            let found = spirals::list_beneath::<ProgressScore>(caller, id, &page).await;
            found.map(|page| page.data.len())
        };
        // The spiral is the organisation's to read; what the team says of its progress is its own.
        assert_eq!(scores(&above).await.unwrap(), 0);
        assert_eq!(
            own(&above).await.withheld.map(|held| held.level),
            Some(Sharing::Team)
        );
        assert_eq!(own(&lead).await.latest.map(|score| score.score), Some(2.5));
        assert_eq!(kinds(&above, id).await, [EntryKind::Started]);
        assert_eq!(kinds(&lead, id).await, [EntryKind::Started, EntryKind::Recorded]);
        share(&lead, WorkKind::ProgressScores, Sharing::Sha).await;
        assert_eq!(kinds(&above, id).await.len(), 2);
        assert_eq!(scores(&above).await.unwrap(), 1);
        // No part is shared further than the whole.
        assert_eq!(refused(scores(&sha).await), [place("", "not_found")]);
        share(&lead, WorkKind::Spirals, Sharing::Sha).await;
        assert_eq!(scores(&sha).await.unwrap(), 1);
        assert_eq!(kinds(&sha, id).await.len(), 2);
        share(&lead, WorkKind::Spirals, Sharing::Team).await;
        for reader in [&above, &sha] {
            assert_eq!(
                refused(spirals::spiral(reader, id).await),
                [place("", "not_found")]
            );
            let latest = spirals::latest_spirals_of(reader, &[unit]).await.unwrap();
            assert_eq!(latest[&unit].withheld.map(|held| held.level), Some(Sharing::Team));
            let found = spirals::latest_entries_of(reader, &[id], 10).await.unwrap();
            assert!(found.is_empty());
        }
        holds(&world).await;
    }
}

#[tokio::test]
async fn everybody_reads_what_a_team_asks_and_whoever_knows_answers() {
    for world in worlds(SHAPE).await {
        let caller = async |role, unit| world.caller(world.person(&[(role, unit)]).await).await;
        let lead = caller(Role::TeamLead, TEAM).await;
        let other = caller(Role::TeamMember, "s1o0t0").await;
        let auditor = caller(Role::Auditor, "nat").await;
        let id = start(&lead, json!({ "theme": "access" })).await.unwrap().id;
        let ask = read(json!({ "question": "Who lets nurses triage?" }));
        let request: KnowledgeRequest = spirals::ask_for_knowledge(&lead, id, ask).await.unwrap();
        assert_eq!(request.theme.as_deref(), Some("access"));
        let read_by = spirals::knowledge_request(&auditor, request.id).await.unwrap();
        assert_eq!(read_by.allowed_actions, []);
        assert_eq!(
            refused(spirals::spiral(&other, id).await),
            [place("", "not_found")]
        );
        world.pass(100);
        let (lead, other) = (
            world.caller(lead.principal().id).await,
            world.caller(other.principal().id).await,
        );
        let answer = |unit: &str| read(json!({ "unit": format!("code:{unit}"), "text": "We do" }));
        let theirs = spirals::answer_knowledge_request(&other, request.id, answer(TEAM)).await;
        assert_eq!(refused(theirs), [place("", "forbidden")]);
        spirals::answer_knowledge_request(&other, request.id, answer("s1o0t0"))
            .await
            .unwrap();
        // The answer is on the timeline, and does not wake whoever asked.
        let told = kinds(&lead, id).await;
        assert_eq!(told.last(), Some(&EntryKind::Recorded));
        assert_eq!(status(&lead, id).await, SpiralStatus::Dormant);
        let closed = read(json!({ "closed": true }));
        spirals::change_knowledge_request(&lead, request.id, None, closed)
            .await
            .unwrap();
        let late = spirals::answer_knowledge_request(&other, request.id, answer("s1o0t0")).await;
        assert_eq!(refused(late), [place("", "request_closed")]);
        holds(&world).await;
    }
}

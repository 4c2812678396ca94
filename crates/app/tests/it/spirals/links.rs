//! Work that names a spiral: which it may name, what its timeline tells of it, and what wakes it.

use serde_json::{Value, json};
use spiral_app::microsystems::{self, AimFilter, CycleFilter, MeetingFilter};
use spiral_app::{Caller, spirals};
use spiral_domain::microsystems::{Aim, Cycle, Meeting, Ramp};
use spiral_domain::people::Role;
use spiral_domain::spirals::{
    Collaboration, EntryKind, Evidence, EvidenceKind, ProgressBasis, ProgressCondition, Spiral, SpiralStatus,
};
use spiral_domain::{PageRequest, Result, Sharing, SpiralId, Withheld, WorkKind};

use super::{SHAPE, TEAM, advance, entries, holds, kinds, read, share, start, status};
use crate::measures::{World, code, worlds};
use crate::world::{place, refused};

const OTHER: &str = "s1o0t0";

async fn caller(world: &World, role: Role, unit: &str) -> Caller {
    world.caller(world.person(&[(role, unit)]).await).await
}

async fn aim(caller: &Caller, unit: &str, spiral: impl serde::Serialize) -> Result<Aim> {
    let input = json!({ "kind": "global", "statement": "Nobody waits unseen", "spiral": spiral });
    microsystems::set_aim(caller, &code(unit), read(input)).await
}

async fn ramp(caller: &Caller, aim: &Aim, more: Value) -> Result<Ramp> {
    let mut input = json!({ "aim": aim.id, "title": "Mornings" });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    microsystems::open_ramp(caller, &code(TEAM), read(input)).await
}

async fn cycle(caller: &Caller, more: Value) -> Result<Cycle> {
    let mut input = json!({ "kind": "pdsa", "title": "Monday", "plan": { "objective": "See" } });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    microsystems::plan_cycle(caller, &code(TEAM), read(input)).await
}

async fn meeting(caller: &Caller, spiral: Option<SpiralId>) -> Result<Meeting> {
    let input = json!({
        "kind": "lead_team", "heldOn": caller.today(), "attendance": 3, "spiral": spiral, "notes": "Of the waits",
    });
    microsystems::record_meeting(caller, &code(TEAM), read(input)).await
}

async fn carry_out(caller: &Caller, cycle: &Cycle) -> Cycle {
    let done = json!({ "startedOn": caller.today(), "observations": "Nine of eleven" });
    microsystems::carry_out_cycle(caller, &code(TEAM), cycle.id, None, read(done))
        .await
        .unwrap()
}

#[tokio::test]
async fn work_names_a_spiral_of_its_unit_or_one_worked_on_together() {
    let unit = code(TEAM);
    for world in worlds(SHAPE).await {
        let lead = caller(&world, Role::TeamLead, TEAM).await;
        let other = caller(&world, Role::TeamLead, OTHER).await;
        let own = start(&lead, json!({})).await.unwrap();
        let theirs: Spiral = start(&other, json!({ "unit": format!("code:{OTHER}") }))
            .await
            .unwrap();
        let named = |spiral: SpiralId| aim(&lead, TEAM, spiral);
        let hidden = [place("/spiral", "not_found")];
        assert_eq!(refused(named(theirs.id).await), hidden);
        assert_eq!(refused(named(SpiralId(uuid::Uuid::from_u128(7))).await), hidden);
        assert_eq!(refused(meeting(&lead, Some(theirs.id)).await), hidden);
        let unnamed = aim(&lead, TEAM, json!(null)).await.unwrap();
        assert_eq!(
            refused(ramp(&lead, &unnamed, json!({ "spiral": theirs.id })).await),
            hidden
        );
        let standard = json!({
            "kind": "sdsa", "owner": "Desk", "reviewOn": "2007-01-01", "spiral": theirs.id,
        });
        assert_eq!(refused(cycle(&lead, standard).await), hidden);
        let change = async |spiral: SpiralId| {
            let input = read(json!({ "spiral": spiral }));
            microsystems::change_aim(&lead, &unit, unnamed.id, None, input).await
        };
        assert_eq!(refused(change(theirs.id).await), hidden);
        // Seen, it is still another's.
        let wide = read(json!({ "level": "everyone" }));
        spiral_app::tenancy::set_sharing(&other, &code(OTHER), WorkKind::Spirals, wide)
            .await
            .unwrap();
        let another = [place("/spiral", "another_units")];
        assert_eq!(refused(named(theirs.id).await), another);
        assert_eq!(refused(change(theirs.id).await), another);
        let begin = json!({ "spiral": own.id, "title": "Door to door", "invite": [format!("code:{OTHER}")] });
        let made: Collaboration = spirals::start_collaboration(&lead, read(begin)).await.unwrap();
        assert_eq!(
            refused(named(theirs.id).await),
            another,
            "asked to join is not joined"
        );
        spirals::join_collaboration(&other, made.id, read(json!({ "spiral": theirs.id })))
            .await
            .unwrap();
        let before = entries(&other, theirs.id).await.len();
        assert_eq!(named(theirs.id).await.unwrap().spiral_id, Some(theirs.id));
        assert_eq!(
            entries(&other, theirs.id).await.len(),
            before,
            "it is told nothing of this team"
        );
        // What stands beneath an aim is part of its spiral unless it says otherwise.
        let set = named(own.id).await.unwrap();
        let opened = ramp(&lead, &set, json!({})).await.unwrap();
        let planned = cycle(&lead, json!({ "ramp": opened.id })).await.unwrap();
        assert_eq!(
            (opened.spiral_id, planned.spiral_id),
            (Some(own.id), Some(own.id))
        );
        let page = PageRequest::default();
        let of = AimFilter {
            spiral: Some(own.id),
            ..AimFilter::default()
        };
        let listed = microsystems::aims(&lead, &unit, of, &page).await.unwrap();
        assert_eq!(listed.data, std::slice::from_ref(&set));
        let of = CycleFilter {
            spiral: Some(theirs.id),
            ..CycleFilter::default()
        };
        let listed = microsystems::cycles(&lead, &unit, of, &page).await.unwrap();
        assert!(listed.data.is_empty());
        let about = meeting(&lead, Some(own.id)).await.unwrap();
        let of = MeetingFilter {
            spiral: Some(own.id),
            ..MeetingFilter::default()
        };
        let listed = microsystems::meetings(&lead, &unit, of, &page).await.unwrap();
        assert_eq!(listed.0.data, [about]);
        // A cycle that was carried out may still say of which spiral it is part, and nothing else.
        carry_out(&lead, &planned).await;
        let change = async |input: Value| {
            microsystems::change_cycle(&lead, &unit, planned.id, None, read(input)).await
        };
        assert_eq!(change(json!({ "spiral": null })).await.unwrap().spiral_id, None);
        assert_eq!(
            refused(change(json!({ "spiral": own.id, "title": "Tuesday" })).await),
            [place("", "wrong_phase")]
        );
        // Nothing new is named as part of what is closed.
        let why = read(json!({ "reason": "For a reason" }));
        spirals::discontinue_spiral(&lead, own.id, None, why)
            .await
            .unwrap();
        assert_eq!(refused(named(own.id).await), [place("/spiral", "spiral_closed")]);
        holds(&world).await;
    }
}

#[tokio::test]
async fn named_work_wakes_its_spiral_and_is_told_no_further_than_both_are_shared() {
    let unit = code(TEAM);
    for world in worlds(SHAPE).await {
        let lead = world.person(&[(Role::TeamLead, TEAM)]).await;
        let coach = world.person(&[(Role::Coach, TEAM)]).await;
        let above = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let now = world.caller(lead).await;
        let (one, two) = (
            start(&now, json!({})).await.unwrap().id,
            start(&now, json!({})).await.unwrap().id,
        );
        let set = aim(&now, TEAM, one).await.unwrap();
        world.pass(100);
        let now = world.caller(lead).await;
        assert_eq!(status(&now, one).await, SpiralStatus::Dormant);
        let opened = ramp(&now, &set, json!({})).await.unwrap();
        assert_eq!(status(&now, one).await, SpiralStatus::Active);
        assert_eq!(
            status(&now, two).await,
            SpiralStatus::Dormant,
            "it is about the other one"
        );
        let last = entries(&now, one).await.pop().unwrap();
        assert_eq!(
            (last.kind, last.subject.as_str(), last.subject_id.0),
            (EntryKind::Recorded, "ramp", opened.id.0)
        );
        assert_eq!((last.work, last.sharing), (WorkKind::Aims, Sharing::Organisation));
        // A coach of the team runs cycles: that is work on it, too.
        world.pass(100);
        let by = world.caller(coach).await;
        let planned = cycle(&by, json!({ "ramp": opened.id })).await.unwrap();
        carry_out(&by, &planned).await;
        assert_eq!(status(&by, one).await, SpiralStatus::Active);
        let last = entries(&by, one).await.pop().unwrap();
        let fields: Vec<&str> = last.changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(
            (last.kind, fields),
            (EntryKind::Amended, vec!["carriedOut", "phase"])
        );
        let said = serde_json::to_string(&last).unwrap();
        assert!(
            !said.contains("Nine of eleven"),
            "what was seen stands in the cycle: {said}"
        );
        // Work that names no spiral is activity of the team, and no spiral's timeline tells of it.
        world.pass(100);
        let now = world.caller(lead).await;
        let before = kinds(&now, two).await;
        meeting(&now, None).await.unwrap();
        for spiral in [one, two] {
            assert_eq!(status(&now, spiral).await, SpiralStatus::Active);
        }
        let told = kinds(&now, two).await;
        assert_eq!(told[before.len()..], [EntryKind::FellDormant, EntryKind::Woke]);
        // A meeting is the team's: who stands above reads the spiral, and not that.
        meeting(&now, Some(one)).await.unwrap();
        let reader = world.caller(above).await;
        let subjects = async || -> Vec<String> {
            let told = entries(&reader, one).await;
            told.into_iter().map(|entry| entry.subject).collect()
        };
        assert!(!subjects().await.contains(&"meeting".to_owned()));
        assert!(subjects().await.contains(&"aim".to_owned()));
        share(&now, WorkKind::Aims, Sharing::Team).await;
        assert!(!subjects().await.contains(&"aim".to_owned()));
        // A change that names another spiral is told to both.
        let change = read(json!({ "spiral": two }));
        microsystems::change_aim(&now, &unit, set.id, None, change)
            .await
            .unwrap();
        for spiral in [one, two] {
            let last = entries(&now, spiral).await.pop().unwrap();
            assert_eq!(
                (last.kind, last.changes[0].field.as_str()),
                (EntryKind::Amended, "spiralId")
            );
        }
        holds(&world).await;
    }
}

#[tokio::test]
async fn the_step_of_change_asks_for_an_aim_and_a_cycle_and_tells_nobody_of_hidden_ones() {
    let unit = code(TEAM);
    for world in worlds(SHAPE).await {
        let lead = caller(&world, Role::TeamLead, TEAM).await;
        let above = caller(&world, Role::OrganisationLead, "s0o0").await;
        let id = start(&lead, json!({})).await.unwrap().id;
        for _ in 0..3 {
            advance(&lead, id).await.unwrap();
        }
        let missing = async |by: &Caller| spirals::missing_evidence(by, id).await.unwrap();
        let kinds = |of: &[Evidence]| of.iter().map(|piece| piece.kind).collect::<Vec<_>>();
        let all = [
            EvidenceKind::Aim,
            EvidenceKind::Cycle,
            EvidenceKind::PracticeChange,
        ];
        let found = missing(&lead).await;
        assert_eq!(kinds(&found), all);
        let id_of = world.units[TEAM].id;
        assert_eq!(found[0].path, format!("/v1/microsystems/{id_of}/aims"));
        assert_eq!(
            (found[1].record.as_str(), found[2].record.as_str()),
            ("cycle", "spiral_outcome")
        );
        assert_eq!(
            missing(&above).await,
            found,
            "shared with the organisation by default"
        );
        share(&lead, WorkKind::Aims, Sharing::Team).await;
        let kept = missing(&above).await;
        assert_eq!(kinds(&kept), all);
        let level = Some(Withheld { level: Sharing::Team });
        assert_eq!(
            (kept[0].withheld, kept[1].withheld, kept[2].withheld),
            (level, level, None)
        );
        // Work that names no spiral, or that was taken back, is no evidence of this one.
        let unnamed = aim(&lead, TEAM, json!(null)).await.unwrap();
        let opened = ramp(&lead, &unnamed, json!({})).await.unwrap();
        let planned = cycle(&lead, json!({ "ramp": opened.id })).await.unwrap();
        carry_out(&lead, &planned).await;
        let gone = aim(&lead, TEAM, id).await.unwrap();
        microsystems::retract_aim(&lead, &unit, gone.id, None)
            .await
            .unwrap();
        assert_eq!(kinds(&missing(&lead).await), all);
        let set = aim(&lead, TEAM, id).await.unwrap();
        assert_eq!(kinds(&missing(&lead).await), all[1..]);
        assert_eq!(missing(&above).await, kept, "whether there is one is not told");
        let opened = ramp(&lead, &set, json!({})).await.unwrap();
        let planned = cycle(&lead, json!({ "ramp": opened.id })).await.unwrap();
        assert_eq!(
            kinds(&missing(&lead).await),
            all[1..],
            "planned is not carried out"
        );
        carry_out(&lead, &planned).await;
        assert_eq!(kinds(&missing(&lead).await), all[2..]);
        assert_eq!(missing(&above).await, kept);
        // An aim is carried over to the next turn; its cycles are of the turn in which they were carried out.
        world.later();
        advance(&lead, id).await.unwrap();
        let turned = spirals::revolve_spiral(&lead, id, None, read(json!({})))
            .await
            .unwrap();
        assert_eq!(turned.carried_over.unwrap().aims, [set.id]);
        holds(&world).await;
    }
}

#[tokio::test]
async fn progress_reads_the_spirals_own_aims_and_cycles_first_and_names_the_records() {
    for world in worlds(SHAPE).await {
        let lead = caller(&world, Role::TeamLead, TEAM).await;
        let id = start(&lead, json!({})).await.unwrap().id;
        let another = start(&lead, json!({})).await.unwrap().id;
        let supported = async || {
            let progress = spirals::spiral_progress(&lead, id).await.unwrap();
            progress.supported.unwrap()
        };
        let records = |found: &spiral_domain::spirals::SupportedProgress, of: ProgressCondition| {
            let rung = found.rungs.iter().find(|rung| rung.condition == of).unwrap();
            (
                rung.holds,
                rung.records.iter().map(|record| record.id.0).collect::<Vec<_>>(),
            )
        };
        // What names another spiral is no sign of this one's progress.
        aim(&lead, TEAM, another).await.unwrap();
        assert_eq!(
            records(&supported().await, ProgressCondition::Aim),
            (false, vec![])
        );
        let unnamed = aim(&lead, TEAM, json!(null)).await.unwrap();
        let found = supported().await;
        assert_eq!(found.aims_of, ProgressBasis::Unit);
        assert_eq!(
            records(&found, ProgressCondition::Aim),
            (true, vec![unnamed.id.0])
        );
        let set = aim(&lead, TEAM, id).await.unwrap();
        let found = supported().await;
        assert_eq!(
            (found.aims_of, found.cycles_of),
            (ProgressBasis::Spiral, ProgressBasis::Unit)
        );
        assert_eq!(records(&found, ProgressCondition::Aim), (true, vec![set.id.0]));
        holds(&world).await;
    }
}

//! Nobody above sees a team's 5Ps, meetings or lead team unless it is shared, and nobody beside it ever.

use serde_json::json;
use spiral_app::microsystems::{
    FivePsFilter, LeadTeamFilter, MeetingFilter, compare_five_ps, five_ps, five_ps_assessments,
    five_ps_summary, lead_team, lead_team_member, meeting, meetings, missed_meetings, patients_findings,
    rhythm,
};
use spiral_app::{Caller, projections};
use spiral_domain::microsystems::{Basis, FiveP, FivePsState, FivePsSummary, TeamGroupBy};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{SetSharing, Tier, UnitKind};
use spiral_domain::{Error, Result, Sharing, WorkKind};

use super::{add, all, begun, day, expect, meet};
use crate::world::{World, code, place, refused, worlds};

const TEAM: &str = "hull-a";

/// What there is of one team.
struct Work {
    member: spiral_domain::LeadTeamMemberId,
    meeting: spiral_domain::MeetingId,
    five_ps: spiral_domain::FivePsId,
}

async fn work(lead: &Caller) -> Work {
    let input =
        json!({ "description": "Nurse", "discipline": "nurse", "role": "lead", "joinedOn": "2004-01-10" });
    let member = add(lead, TEAM, input).await.unwrap().id;
    let weekly = json!({ "startsOn": "2004-01-01",
        "expectations": [{ "kind": "lead_team", "every": "week", "times": 1 }] });
    expect(lead, TEAM, weekly).await.unwrap();
    Work {
        member,
        meeting: meet(lead, TEAM, "lead_team", "2004-05-04").await.unwrap().id,
        five_ps: begun(lead, TEAM, "2004-06-30", &["purpose"]).await.unwrap().id,
    }
}

fn there<T>(answer: Result<T>) -> bool {
    match answer {
        Ok(_) => true,
        Err(Error::NotFound(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// Whether a caller sees the lead team, the meetings, and the 5Ps: each the same by every way to ask.
async fn sees(caller: &Caller, work: &Work) -> [bool; 3] {
    let unit = code(TEAM);
    let (from, to) = (day("2004-05-01"), day("2004-06-30"));
    let listed = lead_team(caller, &unit, LeadTeamFilter::default(), &all()).await;
    let leaders = [
        listed.unwrap().0.data.len() == 1,
        there(lead_team_member(caller, &unit, work.member).await),
    ];
    let held = meetings(caller, &unit, MeetingFilter::default(), &all()).await;
    let meetings = [
        held.unwrap().0.data.len() == 1,
        there(meeting(caller, &unit, work.meeting).await),
        there(rhythm(caller, &unit, None).await),
        there(missed_meetings(caller, &unit, from, to).await),
    ];
    let assessments = five_ps_assessments(caller, &unit, FivePsFilter::default(), &all()).await;
    let patients = patients_findings(caller, &unit, &all()).await;
    let fives = [
        assessments.unwrap().0.data.len() == 1,
        there(five_ps(caller, &unit, work.five_ps).await),
        there(compare_five_ps(caller, &unit, to, to).await),
        patients.unwrap().0.data.len() == 1,
    ];
    let same = |answers: &[bool]| {
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        answers[0]
    };
    [same(&leaders), same(&meetings), same(&fives)]
}

#[tokio::test]
async fn nobody_above_sees_a_teams_work_unless_it_is_shared_and_nobody_beside_it_ever() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, TEAM).await;
        let work = work(&lead).await;
        let own = [
            world.person(Role::TeamMember, TEAM).await,
            world.person(Role::Coach, TEAM).await,
        ];
        let above = [
            (
                world.person(Role::OrganisationLead, "hull").await,
                Sharing::Organisation,
            ),
            (
                world.person(Role::OrganisationAnalyst, "hull").await,
                Sharing::Organisation,
            ),
            (world.person(Role::ShaLead, "north").await, Sharing::Sha),
            (world.person(Role::ShaAnalyst, "north").await, Sharing::Sha),
            (world.person(Role::NationalLead, "nhs").await, Sharing::National),
            (
                world.person(Role::NationalAnalyst, "nhs").await,
                Sharing::National,
            ),
        ];
        let beside = [
            world.person(Role::TeamLead, "hull-b").await,
            world.person(Role::Coach, "hull-b").await,
            world.person(Role::OrganisationLead, "dorset").await,
            world.person(Role::ShaLead, "south").await,
        ];
        let kinds = [WorkKind::LeadTeam, WorkKind::Meetings, WorkKind::FivePs];
        // Each kind by itself, wider, and narrower again at once.
        let steps = [
            [Sharing::Team; 3],
            [Sharing::Organisation, Sharing::Team, Sharing::Team],
            [Sharing::Team, Sharing::Sha, Sharing::Team],
            [Sharing::Team, Sharing::Organisation, Sharing::National],
            [Sharing::National; 3],
            [Sharing::Team; 3],
        ];
        for levels in steps {
            for (kind, level) in kinds.into_iter().zip(levels) {
                let set = SetSharing { level };
                spiral_app::tenancy::set_sharing(&lead, &code(TEAM), kind, set)
                    .await
                    .unwrap();
            }
            for caller in &own {
                assert_eq!(sees(caller, &work).await, [true; 3]);
            }
            for (caller, needed) in &above {
                let expected = levels.map(|level| level >= *needed);
                assert_eq!(sees(caller, &work).await, expected, "{levels:?} {needed:?}");
            }
            for caller in &beside {
                assert_eq!(sees(caller, &work).await, [false; 3]);
            }
            let differences = projections::verify(&world.system).await.unwrap();
            assert_eq!(differences, Vec::<String>::new());
        }
        let auditor = world.person(Role::Auditor, "nhs").await;
        let refusal = five_ps(&auditor, &code(TEAM), work.five_ps).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        world.verifies().await;
    }
}

/// Shown and total of each state of a P.
fn told(summary: &FivePsSummary, group: Option<usize>, p: FiveP) -> Vec<(i64, Option<i64>)> {
    let place = group.map_or(&summary.whole, |n| &summary.groups[n]);
    let part = place.parts.iter().find(|of| of.p == p).unwrap();
    let states: Vec<FivePsState> = part.states.iter().map(|count| count.state).collect();
    assert_eq!(states, FivePsState::ALL);
    let counts = part.states.iter();
    counts
        .map(|count| {
            assert_eq!(count.suppressed, count.total.is_none());
            (count.shown, count.total)
        })
        .collect()
}

async fn summary(caller: &Caller, unit: Option<&str>, groups: TeamGroupBy) -> FivePsSummary {
    let unit = unit.map(code);
    five_ps_summary(caller, unit.as_ref(), groups).await.unwrap()
}

async fn many(world: &World) {
    // Hull: twelve teams with purpose, five of them with patients too, beside five that have none.
    for n in 0..17 {
        let team = format!("hull-{n}");
        world.team(&team).await;
        let lead = world.person(Role::TeamLead, &team).await;
        let parts: &[&str] = if n < 5 {
            &["purpose", "patients"]
        } else {
            &["purpose"]
        };
        if n < 12 {
            begun(&lead, &team, "2005-06-30", parts).await.unwrap();
        }
    }
}

#[tokio::test]
async fn which_p_is_neglected_is_told_of_many_never_of_few() {
    for world in worlds().await {
        many(&world).await;
        // Five more without an assessment are those planted with the world, in part: two of Hull, one of Dorset.
        let national = world.person(Role::NationalLead, "nhs").await;
        let read = summary(&national, None, TeamGroupBy::Children).await;
        assert_eq!((read.whole.teams, read.whole.shown), (20, 0));
        let groups: Vec<&str> = read.groups.iter().map(|of| of.code.as_str()).collect();
        assert_eq!(groups, ["north", "south"]);
        let north = told(&read, Some(0), FiveP::Patients);
        assert_eq!(
            told(&read, Some(1), FiveP::Patients),
            [(0, None); 4],
            "one team of the south"
        );
        // Nothing told may be subtracted from another.
        for (whole, north) in told(&read, None, FiveP::Patients).iter().zip(&north) {
            assert!(whole.1.is_none() || north.1.is_none());
        }
        // What every P has alike is left out for all of them, or for none.
        for place in [None, Some(0), Some(1)] {
            let first = told(&read, place, FiveP::Purpose)[0];
            for p in FiveP::ALL {
                assert_eq!(told(&read, place, p)[0], first);
            }
        }
        let own = five_ps_summary(&national, Some(&code("hull-a")), TeamGroupBy::Children).await;
        assert_eq!(refused(own), [place("/query/unit", "no_teams_beneath")]);

        world.share("dorset-a", WorkKind::FivePs, Sharing::National).await;
        let read = summary(&national, None, TeamGroupBy::Sha).await;
        assert_eq!(
            told(&read, Some(0), FiveP::Patients),
            [(0, Some(7)), (0, Some(7)), (0, Some(5)), (0, Some(0))]
        );
        assert_eq!(
            told(&read, None, FiveP::Patients),
            [(1, Some(8)), (0, Some(7)), (0, Some(5)), (0, Some(0))]
        );
        let neglected = &read.groups[0].neglected;
        assert_eq!(
            (neglected.basis, neglected.not_started, neglected.assessed),
            (Basis::Total, 12, 12)
        );
        assert_eq!(
            neglected.parts,
            [FiveP::Professionals, FiveP::Processes, FiveP::Patterns]
        );
        let member = world.person(Role::TeamMember, "hull-3").await;
        let read = summary(&member, Some("hull"), TeamGroupBy::Children).await;
        assert_eq!((read.whole.teams, read.whole.shown), (19, 1));
        assert_eq!(
            told(&read, None, FiveP::Patients)[2],
            (1, None),
            "four others, too few"
        );
        let patient = world.person(Role::PatientPartner, "hull-3").await;
        let refusal = five_ps_summary(&patient, None, TeamGroupBy::Children).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_team_that_was_just_added_gives_no_cover() {
    for world in worlds().await {
        world
            .grow("fresh", Tier::Organisation, UnitKind::AcuteTrust, "south")
            .await;
        let team = world.team("fresh-a").await;
        let lead = world.person(Role::TeamLead, "fresh-a").await;
        begun(&lead, "fresh-a", "2005-06-30", &["purpose"]).await.unwrap();
        let organisation = world.person(Role::OrganisationLead, "fresh").await;
        let alone = summary(&organisation, Some("fresh"), TeamGroupBy::Children).await;
        assert_eq!(told(&alone, None, FiveP::Purpose), [(0, None); 4]);
        // The organisation's lead adds five teams of its own: that all six have begun, or none of the five, would tell
        // of the one.
        for n in 0..5 {
            let input = json!({ "code": format!("fresh-{n}"), "name": "x", "tier": "microsystem",
                "kind": "clinical_team", "parent": "code:fresh" });
            let added =
                spiral_app::tenancy::create_org_unit(&organisation, serde_json::from_value(input).unwrap())
                    .await;
            assert!(added.unwrap().settled_on > team.settled_on);
        }
        let read = summary(&organisation, Some("fresh"), TeamGroupBy::Children).await;
        assert_eq!(read.whole.teams, 6);
        for p in FiveP::ALL {
            assert_eq!(told(&read, None, p), [(0, None); 4]);
        }
        world.verifies().await;
    }
}

#[tokio::test]
async fn the_statements_do_not_grow_with_the_teams() {
    for world in worlds().await {
        let national = world.person(Role::NationalLead, "nhs").await;
        let statements = || {
            let meter = national.store().meter();
            meter.statements.load(std::sync::atomic::Ordering::Relaxed)
        };
        let mut taken = Vec::new();
        for _ in 0..2 {
            let before = statements();
            summary(&national, None, TeamGroupBy::Children).await;
            taken.push(statements() - before);
            if taken.len() < 2 {
                many(&world).await;
            }
        }
        assert_eq!(taken[0], taken[1]);
        world.verifies().await;
    }
}

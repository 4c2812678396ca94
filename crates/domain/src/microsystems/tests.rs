use std::collections::BTreeMap;

use super::*;
use crate::Timestamp;
use crate::error::Error;
use crate::ids::{MeasureId, PrincipalId, UnitId};
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::time::Date;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn id<T: From<uuid::Uuid>>(n: u128) -> T {
    uuid::Uuid::from_u128(n).into()
}

fn now() -> Timestamp {
    "2006-03-31T12:00:00Z".parse().unwrap()
}

fn codes(result: crate::Result<()>) -> Vec<(String, String)> {
    let violations = result.err().map(|error: Error| error.violations());
    let list = violations.unwrap_or_default().into_iter();
    list.map(|one| (one.pointer, one.code)).collect()
}

fn said(places: &[(&str, &str)]) -> Vec<(String, String)> {
    let list = places.iter();
    list.map(|(pointer, code)| ((*pointer).into(), (*code).into()))
        .collect()
}

fn member() -> LeadTeamMember {
    LeadTeamMember {
        id: id(1),
        unit_id: id(2),
        principal_id: Some(id(3)),
        description: None,
        discipline: Discipline::Nurse,
        role: LeadTeamRole::Champion,
        joined_on: day("2004-01-10"),
        left_on: None,
        leave_reason: None,
        withdrawn: false,
        sharing: Sharing::Team,
        recorded_by: id(4),
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

#[test]
fn a_member_is_somebody_and_leaves_after_joining() {
    assert_eq!(codes(member().check()), []);
    let mut nobody = member();
    nobody.principal_id = None;
    nobody.left_on = Some(day("2004-01-09"));
    let places = [("/description", "nobody"), ("/leftOn", "ends_before_start")];
    assert_eq!(codes(nobody.check()), said(&places));
    let mut stays = member();
    stays.leave_reason = Some(LeaveReason::Retired);
    assert_eq!(codes(stays.check()), said(&[("/leaveReason", "has_not_left")]));
}

#[test]
fn both_days_of_a_member_count_and_the_same_is_not_said_twice() {
    let mut left = member();
    left.left_on = Some(day("2004-06-30"));
    let there = |text: &str| left.there_on(day(text));
    assert!(there("2004-01-10") && there("2004-06-30"));
    assert!(!there("2004-01-09") && !there("2004-07-01"));
    let mut back = member();
    back.joined_on = day("2004-07-01");
    assert!(!left.repeats(&back));
    back.joined_on = day("2004-06-30");
    assert!(left.repeats(&back) && back.repeats(&left));
    back.role = LeadTeamRole::Coach;
    assert!(!left.repeats(&back), "one person may have two roles");
    // Without a principal nobody can tell two nurses from one.
    let mut one = member();
    one.principal_id = None;
    assert!(!one.repeats(&one.clone()));
}

fn meeting(kind: MeetingKind, on: &str) -> Meeting {
    Meeting {
        id: id(1),
        unit_id: id(2),
        spiral_id: None,
        kind,
        held_on: day(on),
        attendance: 4,
        attendees: Vec::new(),
        protected_minutes: 0,
        notes: None,
        withdrawn: false,
        sharing: Sharing::Team,
        recorded_by: id(4),
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

#[test]
fn every_rule_of_a_meeting_is_named_at_once() {
    let mut wrong = meeting(MeetingKind::Huddle, "2006-04-01");
    wrong.protected_minutes = 1441;
    wrong.notes = Some("see 943 476 5919".into());
    let nurses = |people| AttendeeCount {
        discipline: Discipline::Nurse,
        people,
    };
    wrong.attendees = vec![nurses(3), nurses(2)];
    let places = [
        ("/heldOn", "in_future"),
        ("/protectedMinutes", "out_of_range"),
        ("/notes", "patient_identifier"),
        ("/attendees/1/discipline", "twice"),
        ("/attendees", "more_than_attended"),
    ];
    assert_eq!(codes(wrong.check(day("2006-03-31"))), said(&places));
    assert_eq!(
        codes(meeting(MeetingKind::Huddle, "2006-03-31").check(day("2006-03-31"))),
        []
    );
}

fn setting(from: &str, expectations: &[(MeetingKind, Every, i64)]) -> RhythmSetting {
    RhythmSetting {
        id: id(7),
        unit_id: id(2),
        starts_on: day(from),
        expectations: expectations
            .iter()
            .map(|(kind, every, times)| Expectation {
                kind: *kind,
                every: *every,
                times: *times,
            })
            .collect(),
        sharing: Sharing::Team,
        recorded_by: id(4),
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

fn missed(window: (&str, &str), settings: &[RhythmSetting], meetings: &[Meeting]) -> MissedMeetings {
    missed_meetings(
        id::<UnitId>(2),
        (day(window.0), day(window.1)),
        settings,
        meetings,
    )
}

#[test]
fn whole_stretches_count_and_a_surplus_makes_up_for_nothing() {
    let settings = [setting("2004-01-01", &[(MeetingKind::LeadTeam, Every::Week, 2)])];
    let meetings: Vec<Meeting> = ["2004-11-02", "2004-11-03", "2004-11-04", "2004-11-10"]
        .iter()
        .map(|on| meeting(MeetingKind::LeadTeam, on))
        .collect();
    // From a Tuesday to a Sunday four weeks on: the first week began before.
    let answer = missed(("2004-11-02", "2004-11-28"), &settings, &meetings);
    assert_eq!((answer.expected, answer.held), (6, 1));
    let weeks: Vec<(String, i64)> = answer
        .missed
        .iter()
        .map(|missed| (missed.from.to_string(), missed.held))
        .collect();
    assert_eq!(
        weeks,
        [
            ("2004-11-08".to_owned(), 1),
            ("2004-11-15".into(), 0),
            ("2004-11-22".into(), 0)
        ]
    );
    assert_eq!(
        answer.missed[0].because,
        "the team's rhythm since 2004-01-01 expects 2 `lead_team` every week; 1 recorded from 2004-11-08 to 2004-11-14"
    );
    let answer = missed(("2004-11-01", "2004-11-07"), &settings, &meetings);
    assert_eq!((answer.expected, answer.held, answer.missed.len()), (2, 2, 0));
}

#[test]
fn a_rhythm_holds_until_the_next_and_the_reference_before_the_first() {
    let settings = [
        setting("2004-02-01", &[(MeetingKind::AllTeam, Every::Month, 1)]),
        setting("2004-04-10", &[]),
    ];
    let answer = missed(("2004-02-01", "2004-12-31"), &settings, &[]);
    // April is not whole: from the tenth on nothing is expected.
    let months: Vec<String> = answer
        .missed
        .iter()
        .map(|missed| missed.from.to_string())
        .collect();
    assert_eq!(months, ["2004-02-01", "2004-03-01"]);
    let before = missed(("2004-01-05", "2004-01-11"), &settings, &[]);
    let (huddles, weekly): (Vec<_>, Vec<_>) = before
        .missed
        .iter()
        .partition(|missed| missed.kind == MeetingKind::Huddle);
    assert_eq!((huddles.len(), weekly.len()), (5, 1), "no huddle at the weekend");
    assert!(before.missed.iter().all(|missed| missed.setting_id.is_none()));
    assert!(
        before.missed[0]
            .because
            .starts_with("the rhythm `daily-weekly-monthly`, as the team has set none, expects 1 `huddle`")
    );
    let withdrawn = Meeting {
        withdrawn: true,
        ..meeting(MeetingKind::AllTeam, "2004-02-10")
    };
    let answer = missed(("2004-02-01", "2004-02-29"), &settings, &[withdrawn]);
    assert_eq!((answer.expected, answer.held), (1, 0));
}

#[test]
fn quarters_begin_in_january() {
    let settings = [setting(
        "2003-01-01",
        &[(MeetingKind::Workshop, Every::Quarter, 1)],
    )];
    let held = [meeting(MeetingKind::Workshop, "2004-05-31")];
    let answer = missed(("2004-01-01", "2004-12-31"), &settings, &held);
    let quarters: Vec<String> = answer
        .missed
        .iter()
        .map(|missed| format!("{} {}", missed.from, missed.to))
        .collect();
    assert_eq!(
        quarters,
        [
            "2004-01-01 2004-03-31",
            "2004-07-01 2004-09-30",
            "2004-10-01 2004-12-31"
        ]
    );
}

#[test]
fn the_reference_rhythms_say_where_they_come_from() {
    assert!(!meeting_rhythms().is_empty());
    for rhythm in meeting_rhythms() {
        assert!(!rhythm.provenance.is_empty() && !rhythm.expectations.is_empty());
    }
    let twice = SetRhythm {
        starts_on: None,
        expectations: setting(
            "2004-01-01",
            &[
                (MeetingKind::Huddle, Every::Week, 0),
                (MeetingKind::Huddle, Every::Month, 1),
            ],
        )
        .expectations,
    };
    let places = [
        ("/expectations/0/times", "out_of_range"),
        ("/expectations/1/kind", "twice"),
    ];
    assert_eq!(codes(twice.check()), said(&places));
}

fn five_ps() -> FivePs {
    FivePs {
        id: id(1),
        unit_id: id(2),
        assessed_on: day("2004-06-30"),
        purpose: Part::default(),
        patients: Part::default(),
        professionals: Part::default(),
        processes: Part::default(),
        patterns: Part::default(),
        withdrawn: false,
        sharing: Sharing::Team,
        recorded_by: id::<PrincipalId>(4),
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

/// The assessment after a change that JSON says.
fn changed(assessment: &FivePs, change: serde_json::Value) -> crate::Result<FivePs> {
    let change: ChangeFivePs = serde_json::from_value(change).unwrap();
    let measures: BTreeMap<Reference, MeasureId> = [(Reference::code("dna"), id(9))].into();
    let mut after = assessment.clone();
    apply_parts(&mut after, change.into_parts(), &measures, day("2006-03-31"))?;
    Ok(after)
}

#[test]
fn what_is_there_is_computed_and_enough_is_said() {
    let begun = changed(
        &five_ps(),
        serde_json::json!({ "purpose": { "findings": [{ "text": "To treat, without a wait" }] } }),
    )
    .unwrap();
    assert_eq!(begun.purpose.state, Completion::Begun);
    assert_eq!(begun.patients.state, Completion::NotStarted);
    let complete = changed(&begun, serde_json::json!({ "purpose": { "complete": true } })).unwrap();
    assert_eq!(complete.purpose.state, Completion::Complete);
    assert_eq!(complete.purpose.findings, begun.purpose.findings);
    let metric = serde_json::json!({ "name": "Seen in a day", "value": 16.0, "unit": "patients",
        "provenance": "Clinic book", "asOf": "2004-06-30", "measure": "code:dna" });
    let more = changed(
        &complete,
        serde_json::json!({ "purpose": { "metrics": [metric] } }),
    )
    .unwrap();
    assert_eq!(more.purpose.state, Completion::Complete, "it stays so");
    assert_eq!(more.purpose.metrics[0].measure_id, Some(id(9)));
    let emptied = changed(&more, serde_json::json!({ "purpose": null })).unwrap();
    assert_eq!(emptied.purpose, Part::default());
}

#[test]
fn every_rule_of_the_five_ps_is_named_at_once() {
    let metric = |name: &str, measure: &str| {
        serde_json::json!({ "name": name, "value": 1e16, "unit": "", "provenance": "x",
            "asOf": "2006-04-01", "measure": measure })
    };
    let wrong = changed(
        &five_ps(),
        serde_json::json!({
            "purpose": { "complete": true },
            "patients": { "findings": [{ "text": "about 943 476 5919" }] },
            "patterns": { "metrics": [metric("a", "code:dna"), metric("a", "code:none")] },
        }),
    );
    let places = [
        ("/purpose/complete", "nothing_to_complete"),
        ("/patients/findings/0/text", "patient_identifier"),
        ("/patterns/metrics/1/name", "twice"),
        ("/patterns/metrics/0/unit", "empty"),
        ("/patterns/metrics/0/value", "out_of_range"),
        ("/patterns/metrics/0/asOf", "in_future"),
        ("/patterns/metrics/1/unit", "empty"),
        ("/patterns/metrics/1/value", "out_of_range"),
        ("/patterns/metrics/1/asOf", "in_future"),
        ("/patterns/metrics/1/measure", "not_found"),
    ];
    assert_eq!(codes(wrong.map(|_| ())), said(&places));
    let many = vec![serde_json::json!({ "text": "x" }); 51];
    let wrong = changed(&five_ps(), serde_json::json!({ "purpose": { "findings": many } }));
    assert_eq!(
        codes(wrong.map(|_| ())),
        said(&[("/purpose/findings", "too_many")])
    );
}

#[test]
fn a_patient_partner_changes_what_was_found_and_nothing_else() {
    let metric = serde_json::json!({ "name": "Waited", "value": 40.0, "unit": "minutes", "provenance": "x",
        "asOf": "2004-06-30" });
    let before = changed(
        &five_ps(),
        serde_json::json!({ "patients": { "metrics": [metric], "complete": true } }),
    )
    .unwrap();
    let mut after = before.clone();
    let findings = vec![Finding {
        text: "Nobody says how long it takes".into(),
    }];
    RecordPatientsFindings {
        findings: findings.clone(),
    }
    .apply(&mut after);
    assert_eq!(after.patients.findings, findings);
    assert_eq!(after.patients.metrics, before.patients.metrics);
    assert_eq!(after.patients.state, Completion::Complete);
    let mut emptied = five_ps();
    emptied.patients = Part {
        state: Completion::Complete,
        findings,
        metrics: Vec::new(),
    };
    RecordPatientsFindings { findings: Vec::new() }.apply(&mut emptied);
    assert_eq!(emptied.patients.state, Completion::NotStarted);
}

#[test]
fn a_comparison_says_what_came_what_went_and_by_how_much() {
    let metric = |name: &str, value: f64| {
        serde_json::json!({ "name": name, "value": value, "unit": "patients", "provenance": "Clinic book",
            "asOf": "2004-06-30" })
    };
    let before = changed(
        &five_ps(),
        serde_json::json!({ "patterns": { "findings": [{ "text": "a" }, { "text": "b" }],
            "metrics": [metric("seen", 16.0), metric("lost", 3.0)] } }),
    )
    .unwrap();
    let after = changed(
        &five_ps(),
        serde_json::json!({ "patterns": { "findings": [{ "text": "b" }, { "text": "c" }], "complete": true,
            "metrics": [metric("seen", 40.0), metric("new", 1.0)] } }),
    )
    .unwrap();
    let answer = compare_five_ps(&before, &after);
    assert_eq!(answer.parts.len(), 5);
    let patterns = &answer.parts[4];
    assert_eq!(
        (patterns.p, patterns.state_before, patterns.state_after),
        (FiveP::Patterns, Completion::Begun, Completion::Complete)
    );
    let texts = |findings: &[Finding]| -> Vec<String> {
        findings.iter().map(|finding| finding.text.clone()).collect()
    };
    assert_eq!(texts(&patterns.findings_added), ["c"]);
    assert_eq!(texts(&patterns.findings_gone), ["a"]);
    assert_eq!(patterns.findings_kept, 1);
    let metrics: Vec<_> = patterns
        .metrics
        .iter()
        .map(|metric| {
            (
                metric.name.as_str(),
                metric.before,
                metric.after,
                metric.difference,
            )
        })
        .collect();
    assert_eq!(
        metrics,
        [
            ("seen", Some(16.0), Some(40.0), Some(24.0)),
            ("lost", Some(3.0), None, None),
            ("new", None, Some(1.0), None)
        ]
    );
}

#[test]
fn the_most_neglected_is_read_from_totals_only_where_all_are_told() {
    let part = |p: FiveP, shown: [i64; 4], total: [Option<i64>; 4]| FivePsPartCounts {
        p,
        states: FivePsState::ALL
            .into_iter()
            .zip(shown.into_iter().zip(total))
            .map(|(state, (shown, total))| FivePsCount {
                state,
                shown,
                total,
                suppressed: total.is_none(),
            })
            .collect(),
    };
    let told = |counts: [i64; 4]| counts.map(Some);
    let parts = [
        part(FiveP::Purpose, [1, 0, 0, 2], [None, Some(5), Some(5), Some(7)]),
        part(FiveP::Patients, [1, 2, 0, 0], told([9, 5, 5, 7])),
    ];
    let neglect = Neglect::of(&parts);
    assert_eq!(
        (neglect.basis, neglect.not_started, neglect.assessed),
        (Basis::Total, 5, 17),
        "how many have none is not needed"
    );
    assert_eq!(neglect.parts, [FiveP::Purpose, FiveP::Patients]);
    let parts = [
        part(FiveP::Purpose, [1, 0, 0, 2], [None, None, Some(5), Some(7)]),
        part(FiveP::Patients, [1, 2, 0, 0], told([9, 5, 5, 7])),
    ];
    let neglect = Neglect::of(&parts);
    assert_eq!(
        (neglect.basis, neglect.not_started, neglect.assessed),
        (Basis::Shown, 2, 2)
    );
    assert_eq!(neglect.parts, [FiveP::Patients]);
    let none = Neglect::of(&[part(FiveP::Purpose, [3, 0, 0, 0], told([3, 0, 0, 0]))]);
    assert_eq!((none.parts.len(), none.assessed), (0, 0));
}

//! A team's own work: who writes it, who reads it, and what the tiers above learn of it.

mod conditions;
mod demo;
mod fidelity;
mod random;
mod secrecy;
mod tool_use;

use serde_json::{Value, json};
use spiral_app::microsystems::{
    FivePsFilter, LeadTeamFilter, add_lead_team_member, change_five_ps, change_lead_team_member,
    change_meeting, compare_five_ps, five_ps, five_ps_assessments, lead_team, meetings, missed_meetings,
    patients_findings, record_five_ps, record_meeting, record_patients_findings, rhythm, set_rhythm,
};
use spiral_app::{Caller, tenancy};
use spiral_domain::microsystems::{Completion, FivePs, LeadTeamMember, Meeting, RhythmSetting};
use spiral_domain::people::Role;
use spiral_domain::{Date, PageRequest, Result};

use crate::world::{code, place, refused, worlds};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(input: Value) -> T {
    serde_json::from_value(input).unwrap()
}

fn all() -> PageRequest {
    PageRequest::default()
}

async fn add(caller: &Caller, unit: &str, input: Value) -> Result<LeadTeamMember> {
    add_lead_team_member(caller, &code(unit), read(input)).await
}

async fn meet(caller: &Caller, unit: &str, kind: &str, on: &str) -> Result<Meeting> {
    let input = json!({ "kind": kind, "heldOn": on, "attendance": 6, "protectedMinutes": 60 });
    record_meeting(caller, &code(unit), read(input)).await
}

async fn assess(caller: &Caller, unit: &str, input: Value) -> Result<FivePs> {
    record_five_ps(caller, &code(unit), read(input)).await
}

/// An assessment in which these Ps are begun.
async fn begun(caller: &Caller, unit: &str, on: &str, parts: &[&str]) -> Result<FivePs> {
    let mut input = json!({ "assessedOn": on });
    for part in parts {
        input[*part] = json!({ "findings": [{ "text": "something" }] });
    }
    assess(caller, unit, input).await
}

async fn expect(caller: &Caller, unit: &str, input: Value) -> Result<RhythmSetting> {
    set_rhythm(caller, &code(unit), None, read(input)).await
}

#[tokio::test]
async fn a_lead_team_is_listed_as_on_a_day_and_says_who_left() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let coach = world.person(Role::Coach, "hull-a").await;
        let person = lead.principal().id;
        let champion = json!({ "principalId": person, "discipline": "nurse", "role": "champion",
            "joinedOn": "2004-01-10" });
        let champion = add(&lead, "hull-a", champion.clone()).await.unwrap();
        let patient = json!({ "description": "A patient of the clinic", "discipline": "patient", "role": "member",
            "joinedOn": "2004-03-01" });
        let patient = add(&lead, "hull-a", patient).await.unwrap();
        let listed = async |caller: &Caller, on: Option<&str>| {
            let filter = LeadTeamFilter {
                on: on.map(day),
                ..LeadTeamFilter::default()
            };
            let (page, _) = lead_team(caller, &code("hull-a"), filter, &all()).await.unwrap();
            let named = page.data.into_iter();
            named
                .map(|member| (member.record.id, member.name))
                .collect::<Vec<_>>()
        };
        let name = Some(lead.principal().name.clone());
        assert_eq!(
            listed(&coach, Some("2004-02-01")).await,
            [(champion.id, name.clone())]
        );
        assert_eq!(listed(&coach, Some("2004-03-01")).await.len(), 2);

        let again = json!({ "principalId": person, "discipline": "nurse", "role": "champion",
            "joinedOn": "2005-01-01" });
        let again = add(&lead, "hull-a", again).await;
        assert_eq!(refused(again), [place("/principalId", "member_there")]);
        let left = json!({ "leftOn": "2004-12-31", "leaveReason": "changed_post" });
        let stale =
            change_lead_team_member(&lead, &code("hull-a"), champion.id, Some(7), read(left.clone())).await;
        assert_eq!(refused(stale), [place("", "stale")]);
        let gone = change_lead_team_member(&lead, &code("hull-a"), champion.id, Some(1), read(left))
            .await
            .unwrap();
        assert_eq!((gone.version, gone.left_on), (2, Some(day("2004-12-31"))));
        assert_eq!(listed(&coach, Some("2005-01-01")).await, [(patient.id, None)]);
        assert_eq!(listed(&coach, None).await.len(), 2, "who ever was");

        let wrong = json!({ "principalId": uuid::Uuid::from_u128(5), "discipline": "nurse", "role": "lead",
            "joinedOn": "2004-01-10" });
        assert_eq!(
            refused(add(&lead, "hull-a", wrong).await),
            [place("/principalId", "not_found")]
        );
        let by_coach =
            json!({ "description": "x", "discipline": "nurse", "role": "lead", "joinedOn": "2004-01-10" });
        assert_eq!(
            refused(add(&coach, "hull-a", by_coach).await),
            [place("", "forbidden")]
        );
        let mistake = json!({ "withdrawn": true });
        change_lead_team_member(&lead, &code("hull-a"), patient.id, None, read(mistake))
            .await
            .unwrap();
        assert_eq!(listed(&lead, None).await.len(), 1);
        // The name is read from where it stands, and from nowhere else.
        let kept = serde_json::to_string(&gone).unwrap();
        assert!(!kept.contains(lead.principal().name.as_str()), "{kept}");
        world.verifies().await;
    }
}

#[tokio::test]
async fn meetings_are_the_teams_and_the_coachs_to_write() {
    for world in worlds().await {
        let coach = world.person(Role::Coach, "hull-a").await;
        let member = world.person(Role::TeamMember, "hull-a").await;
        let patient = world.person(Role::PatientPartner, "hull-a").await;
        let held = meet(&coach, "hull-a", "workshop", "2004-05-04").await.unwrap();
        meet(&member, "hull-a", "huddle", "2004-05-05").await.unwrap();
        let wrong = meet(&member, "hull-a", "huddle", "2006-04-01").await;
        assert_eq!(refused(wrong), [place("/heldOn", "in_future")]);
        let wrong = meet(&patient, "hull-a", "huddle", "2004-05-05").await;
        assert_eq!(refused(wrong), [place("", "forbidden")]);
        let more = json!({ "attendees": [{ "discipline": "patient", "people": 7 }] });
        let wrong = change_meeting(&coach, &code("hull-a"), held.id, None, read(more)).await;
        assert_eq!(refused(wrong), [place("/attendees", "more_than_attended")]);
        let same = change_meeting(&coach, &code("hull-a"), held.id, Some(1), read(json!({}))).await;
        assert_eq!(same.unwrap(), held, "nothing is written for nothing");
        let elsewhere = change_meeting(&coach, &code("hull-b"), held.id, None, read(json!({}))).await;
        assert_eq!(refused(elsewhere), [place("", "not_found")]);
        let list = async |filter: Value| {
            let filter = spiral_app::microsystems::MeetingFilter {
                kind: filter.get("kind").cloned().map(read),
                from: filter.get("from").cloned().map(read),
                ..Default::default()
            };
            let page = meetings(&member, &code("hull-a"), filter, &all()).await;
            page.unwrap().0.data.len()
        };
        assert_eq!(list(json!({})).await, 2);
        assert_eq!(list(json!({ "kind": "workshop" })).await, 1);
        assert_eq!(list(json!({ "from": "2004-05-05" })).await, 1);
        let withdrawn = json!({ "withdrawn": true });
        change_meeting(&coach, &code("hull-a"), held.id, None, read(withdrawn))
            .await
            .unwrap();
        assert_eq!(list(json!({})).await, 1);

        let close = json!({ "kind": "close", "effectiveOn": "2005-01-01" });
        let close = serde_json::from_value(close).unwrap();
        tenancy::reorganise(&world.system, &code("hull-a"), close, false)
            .await
            .unwrap();
        let late = meet(&member, "hull-a", "huddle", "2005-01-01").await;
        assert_eq!(refused(late), [place("/heldOn", "unit_closed")]);
        meet(&member, "hull-a", "huddle", "2004-12-31").await.unwrap();
        world.verifies().await;
    }
}

#[tokio::test]
async fn what_the_rhythm_expected_and_was_not_held_is_explained() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let unit = code("hull-a");
        let in_force = rhythm(&lead, &unit, Some(day("2005-03-01"))).await.unwrap();
        assert!(in_force.setting.is_none() && in_force.reference.is_some());
        let weekly = json!({ "startsOn": "2005-03-01",
            "expectations": [{ "kind": "lead_team", "every": "week", "times": 1 }] });
        let set = expect(&lead, "hull-a", weekly.clone()).await.unwrap();
        let same = expect(&lead, "hull-a", weekly).await.unwrap();
        assert_eq!(same, set, "the same again changes nothing");
        meet(&lead, "hull-a", "lead_team", "2005-03-09").await.unwrap();
        let missed = missed_meetings(&lead, &unit, day("2005-03-01"), day("2005-03-27"))
            .await
            .unwrap();
        assert_eq!((missed.expected, missed.held), (3, 1));
        let weeks: Vec<_> = missed
            .missed
            .iter()
            .map(|of| (of.from.to_string(), of.setting_id))
            .collect();
        assert_eq!(
            weeks,
            [
                ("2005-03-14".to_owned(), Some(set.id)),
                ("2005-03-21".into(), Some(set.id))
            ]
        );
        assert_eq!(
            missed.missed[0].because,
            "the team's rhythm since 2005-03-01 expects 1 `lead_team` every week; 0 recorded from 2005-03-14 to 2005-03-20"
        );
        // Today, a Friday, is not over: its week is not expected yet.
        let late = missed_meetings(&lead, &unit, day("2006-03-27"), day("2006-04-30"))
            .await
            .unwrap();
        assert_eq!((late.expected, late.to), (0, day("2006-03-30")));
        let long = missed_meetings(&lead, &unit, day("2004-01-01"), day("2005-02-04")).await;
        assert_eq!(refused(long), [place("/query/to", "too_long")]);
        let back = missed_meetings(&lead, &unit, day("2005-02-04"), day("2004-01-01")).await;
        assert_eq!(refused(back), [place("/query/to", "ends_before_start")]);
        let stopped = json!({ "startsOn": "2005-06-01", "expectations": [] });
        expect(&lead, "hull-a", stopped).await.unwrap();
        let after = missed_meetings(&lead, &unit, day("2005-06-01"), day("2005-12-31"))
            .await
            .unwrap();
        assert_eq!((after.expected, after.missed.len()), (0, 0));
        world.verifies().await;
    }
}

#[tokio::test]
async fn an_assessment_is_one_of_a_day_and_changes_part_by_part() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let measure = json!({ "code": "seen", "name": "Seen in a day", "unit": "code:hull-a", "kind": "process",
            "scale": "count", "direction": "higher_is_better", "cadence": "month", "unitOfMeasure": "patients" });
        spiral_app::measures::define_measure(&lead, read(measure))
            .await
            .unwrap();
        let metric = json!({ "name": "Seen in a day", "value": 16.0, "unit": "patients",
            "provenance": "Clinic book", "asOf": "2004-06-30", "measure": "code:seen" });
        let first = json!({ "assessedOn": "2004-06-30", "purpose": { "findings": [{ "text": "Care without a wait" }] },
            "patterns": { "metrics": [metric], "complete": true } });
        let first = assess(&lead, "hull-a", first).await.unwrap();
        assert!(first.patterns.metrics[0].measure_id.is_some());
        assert_eq!(
            first.states(),
            [
                Completion::Begun,
                Completion::NotStarted,
                Completion::NotStarted,
                Completion::NotStarted,
                Completion::Complete
            ]
        );
        let twice = begun(&lead, "hull-a", "2004-06-30", &["purpose"]).await;
        assert_eq!(refused(twice), [place("/assessedOn", "assessment_there")]);
        let change = json!({ "purpose": { "complete": true }, "patterns": null });
        let stale = change_five_ps(&lead, &code("hull-a"), first.id, Some(2), read(change.clone())).await;
        assert_eq!(refused(stale), [place("", "stale")]);
        let changed = change_five_ps(&lead, &code("hull-a"), first.id, Some(1), read(change))
            .await
            .unwrap();
        assert_eq!(
            (changed.version, changed.purpose.state),
            (2, Completion::Complete)
        );
        assert_eq!(changed.patterns.state, Completion::NotStarted);
        let wrong = json!({ "patterns": { "metrics": [{ "name": "x", "value": 1.0, "unit": "y", "provenance": "z",
            "asOf": "2004-06-30", "measure": "code:none" }] } });
        let wrong = change_five_ps(&lead, &code("hull-a"), first.id, None, read(wrong)).await;
        assert_eq!(
            refused(wrong),
            [place("/patterns/metrics/0/measure", "not_found")]
        );
        let wrong = begun(&lead, "hull-a", "2006-04-01", &[]).await;
        assert_eq!(refused(wrong), [place("/assessedOn", "in_future")]);

        let second = begun(&lead, "hull-a", "2005-06-30", &["purpose", "patients"])
            .await
            .unwrap();
        let compared = compare_five_ps(&lead, &code("hull-a"), day("2004-12-31"), day("2006-03-31"))
            .await
            .unwrap();
        assert_eq!((compared.before_id, compared.after_id), (first.id, second.id));
        assert_eq!(compared.parts[0].findings_gone.len(), 1);
        assert_eq!(compared.parts[1].state_after, Completion::Begun);
        let early = compare_five_ps(&lead, &code("hull-a"), day("2004-06-29"), day("2006-03-31")).await;
        assert_eq!(refused(early), [place("", "not_found")]);
        let gone = json!({ "withdrawn": true });
        change_five_ps(&lead, &code("hull-a"), second.id, None, read(gone))
            .await
            .unwrap();
        let listed = five_ps_assessments(&lead, &code("hull-a"), FivePsFilter::default(), &all())
            .await
            .unwrap();
        assert_eq!(listed.0.data, [changed]);
        begun(&lead, "hull-a", "2005-06-30", &["purpose"]).await.unwrap();
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_patient_partner_reads_and_writes_what_concerns_patients_and_no_more() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let patient = world.person(Role::PatientPartner, "hull-a").await;
        let made = begun(&lead, "hull-a", "2005-06-30", &["professionals"])
            .await
            .unwrap();
        let (seen, _) = patients_findings(&patient, &code("hull-a"), &all())
            .await
            .unwrap();
        assert_eq!(seen.data.len(), 1);
        let text = serde_json::to_string(&seen.data).unwrap();
        assert!(
            !text.contains("something"),
            "what was found of professionals: {text}"
        );
        let findings = json!({ "findings": [{ "text": "Nobody says how long it takes" }] });
        let stale = record_patients_findings(
            &patient,
            &code("hull-a"),
            made.id,
            Some(2),
            read(findings.clone()),
        )
        .await;
        assert_eq!(refused(stale), [place("", "stale")]);
        let said = record_patients_findings(
            &patient,
            &code("hull-a"),
            made.id,
            Some(1),
            read(findings.clone()),
        )
        .await
        .unwrap();
        assert_eq!((said.version, said.patients.state), (2, Completion::Begun));
        let read_by_team = five_ps(&lead, &code("hull-a"), made.id).await.unwrap();
        assert_eq!(read_by_team.patients, said.patients);
        assert_eq!(read_by_team.professionals, made.professionals);

        let whole = five_ps(&patient, &code("hull-a"), made.id).await;
        assert_eq!(refused(whole), [place("", "forbidden")]);
        let change = change_five_ps(&patient, &code("hull-a"), made.id, None, read(json!({}))).await;
        assert_eq!(refused(change), [place("", "not_found")]);
        assert_eq!(
            refused(begun(&patient, "hull-a", "2005-07-01", &[]).await),
            [place("", "forbidden")]
        );
        let identifier = json!({ "findings": [{ "text": "943 476 5919" }] });
        let refusal =
            record_patients_findings(&patient, &code("hull-a"), made.id, None, read(identifier)).await;
        assert_eq!(
            refused(refusal),
            [place("/findings/0/text", "patient_identifier")]
        );
        // A patient of another team, and one of the tier above, find nothing.
        let other = world.person(Role::PatientPartner, "hull-b").await;
        let none = patients_findings(&other, &code("hull-a"), &all()).await.unwrap();
        assert_eq!(none.0.data, []);
        let refusal =
            record_patients_findings(&other, &code("hull-a"), made.id, None, read(findings.clone())).await;
        assert_eq!(refused(refusal), [place("", "not_found")]);
        let coach = world.person(Role::Coach, "hull-a").await;
        let refusal = record_patients_findings(&coach, &code("hull-a"), made.id, None, read(findings)).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        world.verifies().await;
    }
}

//! What the six evaluated teams did as teams: who led, when they met, how they saw themselves. Which tools a team used,
//! how many work in it and its figures are as published; days within a programme's months are made up, and so are the
//! lead teams, of whom the sources say nothing.

use serde_json::{Value, json};
use spiral_domain::{Error, Reference, Result};

use super::facts::{Facts, PatientViews, TeamFact};
use super::spirals::as_it_was_found;
use crate::caller::Caller;
use crate::microsystems;

/// When a programme met its teams.
struct Course {
    programme: &'static str,
    /// The lead teams' first day.
    began: &'static str,
    /// The days of its workshops, or of what the teams had instead.
    days: &'static [&'static str],
    /// The day after which its coaches did not come any more.
    ended: Option<&'static str>,
}

const COURSES: &[Course] = &[
    Course {
        programme: "neynl-cms",
        began: "2005-01-10",
        days: &["2005-01-19", "2005-03-02", "2005-04-13", "2005-05-25"],
        ended: Some("2005-07-29"),
    },
    Course {
        programme: "neynl-cardiac",
        began: "2005-07-11",
        days: &["2005-07-20", "2005-09-14", "2005-11-09", "2006-01-18"],
        ended: Some("2006-03-31"),
    },
    Course {
        programme: "rcn-cleaning",
        began: "2005-04-11",
        days: &["2005-04-20", "2005-06-15", "2005-09-07"],
        ended: None,
    },
];

/// Loads them, as of the day on which the evaluation looked: what they did then wakes no spiral that sleeps by now.
pub(super) async fn load(caller: &Caller, facts: &Facts) -> Result<()> {
    let caller = &as_it_was_found(caller)?;
    for team in &facts.microsystems {
        let Some(course) = COURSES.iter().find(|of| of.programme == team.programme) else {
            continue;
        };
        let unit = Reference::code(&team.code);
        for member in lead_team(course) {
            microsystems::add_lead_team_member(caller, &unit, read(member)?).await?;
        }
        let rhythm = json!({ "startsOn": course.began,
            "expectations": [{ "kind": "lead_team", "every": "month", "times": 1 }] });
        microsystems::set_rhythm(caller, &unit, None, read(rhythm)?).await?;
        for meeting in meetings(team, course) {
            microsystems::record_meeting(caller, &unit, read(meeting)?).await?;
        }
        let first = json!({ "assessedOn": course.days.first(), "purpose": findings(&[purpose(team)]) });
        microsystems::record_five_ps(caller, &unit, read(first)?).await?;
        microsystems::record_five_ps(caller, &unit, read(five_ps(team, course))?).await?;
        if let Some(note) = &team.note {
            // What the evaluation found of the team's future, as it stood after its course.
            let condition = json!({ "unit": format!("code:{}", team.code), "condition": "local_conditions",
                "assessedOn": "2006-06-30", "patterns": { "level": "mixed", "text": note } });
            microsystems::assess_condition(caller, read(condition)?).await?;
        }
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(input: Value) -> Result<T> {
    serde_json::from_value(input).map_err(Error::internal)
}

fn lead_team(course: &Course) -> Vec<Value> {
    let mut members = vec![
        json!({ "description": "Lead of the team", "discipline": "nurse", "role": "lead", "joinedOn": course.began }),
        json!({ "description": "Speaks for the work", "discipline": "administration", "role": "champion",
            "joinedOn": course.began }),
        json!({ "description": "Manager of the service", "discipline": "management", "role": "sponsor",
            "joinedOn": course.began }),
    ];
    if let Some(ended) = course.ended {
        members.push(
            json!({ "description": "Coach of the programme", "discipline": "other", "role": "coach",
            "joinedOn": course.began, "leftOn": ended, "leaveReason": "other" }),
        );
    }
    members
}

/// Workshops where the team went to some, otherwise meetings of the lead team in the same months; an all-team meeting
/// in the end, in time for which people were freed.
fn meetings(team: &TeamFact, course: &Course) -> Vec<Value> {
    let kind = if team.tools.workshops {
        "workshop"
    } else {
        "lead_team"
    };
    let protected = if team.tools.protected_time { 60 } else { 0 };
    let mut meetings: Vec<Value> = course
        .days
        .iter()
        .map(|day| json!({ "kind": kind, "heldOn": day, "attendance": 3, "notes": "The day is made up." }))
        .collect();
    if let Some(last) = course.days.last() {
        meetings.push(
            json!({ "kind": "all_team", "heldOn": last, "attendance": team.members,
            "protectedMinutes": protected, "notes": "The day is made up." }),
        );
    }
    meetings
}

fn findings(texts: &[String]) -> Value {
    let texts = texts.iter();
    json!({ "findings": texts.map(|text| json!({ "text": text })).collect::<Vec<_>>() })
}

fn purpose(team: &TeamFact) -> String {
    format!(
        "What the team is there for: {}",
        team.service_area.replace('_', " ")
    )
}

/// How the team saw itself at the end of its course: what was looked at by the tools that it used.
fn five_ps(team: &TeamFact, course: &Course) -> Value {
    let (on, source) = (course.days.last(), "HSMC evaluation, 2007");
    let metric = |name: &str, value: f64, unit: &str| json!({ "name": name, "value": value, "unit": unit, "provenance": source, "asOf": on });
    let mut input = json!({ "assessedOn": on, "purpose": findings(&[purpose(team)]) });
    input["purpose"]["complete"] = json!(true);
    input["professionals"] = json!({
        "metrics": [metric("People in the team", team.members.into(), "people")], "complete": team.tools.staff_survey,
    });
    if team.tools.mapping {
        input["processes"] = findings(&team.outcomes);
        if let Some(seen) = team.patients_per_day_before {
            input["processes"]["metrics"] =
                json!([metric("Patients seen in a day, before", seen.into(), "patients")]);
        }
    }
    if team.tools.patient_views == PatientViews::AdHoc {
        input["patients"] =
            findings(&["Patients were asked as the occasion arose, without a survey".to_owned()]);
    }
    if team.tools.patterns_data {
        input["patterns"] = json!({ "metrics": [
            metric("Share of the year's activity in its first four months", 50.0, "per cent"),
            metric("Share who attend again", 6.0, "per cent"),
        ] });
    }
    input
}

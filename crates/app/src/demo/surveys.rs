//! Surveys of the evaluated teams: that they asked is published, what was answered is not, so that it is made up.

use serde::Deserialize;
use spiral_domain::surveys::{Answer, AnswerSurvey, OpenSurvey, SurveyMode, built_in_instruments};
use spiral_domain::{Date, Error, Reference, Result};

use super::synthetic::Seeded;
use crate::caller::Caller;
use crate::surveys;

/// What the facts say of surveys.
#[derive(Deserialize)]
struct Facts {
    microsystems: Vec<TeamFact>,
}

#[derive(Deserialize)]
struct TeamFact {
    code: String,
    members: usize,
    tools: Tools,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tools {
    staff_survey: bool,
    patient_views: PatientViews,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum PatientViews {
    Formal,
    AdHoc,
    None,
}

/// The team whose staff survey was started and given up.
const GIVEN_UP: &str = "smoking-cessation";
/// The team that asked its staff twice.
const TWICE: &str = "gum";
/// So many patients answered, about.
const PATIENTS: usize = 40;

/// Opens, answers and closes them.
pub(super) async fn load(caller: &Caller) -> Result<()> {
    let facts = include_str!("../../data/seed-facts.json");
    let facts: Facts = serde_json::from_str(facts).map_err(Error::internal)?;
    let mut seeded = Seeded::new(18);
    for team in &facts.microsystems {
        if team.tools.staff_survey {
            // About three in four answer; of a small team, all.
            let people = (team.members * 3 / 4).max(6);
            let first = wave(team, "staff-survey", "How is it to work here?", 2005)?;
            surveys::record_survey(
                caller,
                first,
                made_up(&mut seeded, "staff-survey", people, 0),
                false,
            )
            .await?;
            if team.code == TWICE {
                let again = wave(team, "staff-survey", "How is it to work here?", 2006)?;
                let answers = made_up(&mut seeded, "staff-survey", people - 2, 1);
                surveys::record_survey(caller, again, answers, false).await?;
            }
        }
        if team.tools.patient_views == PatientViews::Formal {
            let asked = wave(team, "patient-survey", "How was your care?", 2005)?;
            let answers = made_up(&mut seeded, "patient-survey", PATIENTS + team.members, 1);
            surveys::record_survey(caller, asked, answers, false).await?;
        }
        if team.code == GIVEN_UP {
            let given_up = wave(team, "staff-survey", "How is it to work here? (given up)", 2005)?;
            surveys::record_survey(caller, given_up, Vec::new(), true).await?;
        }
    }
    Ok(())
}

/// A survey of a team in the autumn of 2005 or the spring of 2006.
fn wave(team: &TeamFact, instrument: &str, title: &str, year: i32) -> Result<OpenSurvey> {
    let (month, name) = if year == 2005 {
        (10, "autumn")
    } else {
        (5, "spring")
    };
    let day = |day| Date::ymd(year, month, day).ok_or_else(|| Error::internal("a day of the demo"));
    Ok(OpenSurvey {
        unit: Some(Reference::code(&team.code)),
        network: None,
        instrument: instrument.into(),
        instrument_version: None,
        title: format!("{title} Answers made up for the demo"),
        wave: Some(format!("{name} {year}")),
        mode: SurveyMode::OpenLink,
        opens_on: day(1)?,
        closes_on: day(28)?,
        threshold: None,
    })
}

/// So many people's answers, `better` by so much.
fn made_up(seeded: &mut Seeded, instrument: &str, people: usize, better: i64) -> Vec<AnswerSurvey> {
    let found = built_in_instruments().iter().find(|of| of.code == instrument);
    let items = found.map_or(&[][..], |instrument| &instrument.items);
    let mut person = || {
        let mood = whole(seeded.below(3));
        let answers = items.iter().filter_map(|item| {
            let (chance, shift) = (seeded.below(20), whole(seeded.below(3)));
            let value = (1 + mood + shift + i64::from(chance < 8) * better).min(5);
            // One in twenty passes an item over, one in twenty cannot rate it.
            (chance > 0).then(|| Answer {
                item: item.code.clone(),
                value: (chance > 1).then_some(if item.reverse { 6 - value } else { value }),
                cant_rate: chance == 1,
            })
        });
        AnswerSurvey {
            code: None,
            answers: answers.collect(),
        }
    };
    (0..people).map(|_| person()).collect()
}

fn whole(small: usize) -> i64 {
    i64::try_from(small).unwrap_or_default()
}

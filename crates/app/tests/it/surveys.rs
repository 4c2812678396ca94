//! Surveys: answered by nobody in particular, told of all together.

use spiral_app::surveys::{self, SurveyFilter};
use spiral_app::{App, Caller};
use spiral_domain::people::Role;
use spiral_domain::surveys::{
    AddSurveyInstrument, Answer, AnswerSurvey, ChangeSurvey, CloseSurvey, IssueSurveyCodes, OpenSurvey,
    Scoring, Survey, SurveyKind, SurveyMode, SurveyStatus, built_in_instruments,
};
use spiral_domain::tenancy::{CreateNetwork, MemberInput, NetworkKind};
use spiral_domain::{PageRequest, Result, Sharing, SurveyId, WorkKind};

use crate::world::{World, code, place, refused, worlds};

mod attacks;
mod networks;
mod roll_up;
mod traces;

/// A survey of a unit that takes answers today.
fn input(unit: &str, instrument: &str, mode: SurveyMode) -> OpenSurvey {
    OpenSurvey {
        unit: Some(code(unit)),
        network: None,
        instrument: instrument.into(),
        instrument_version: None,
        title: "How is it to work here?".into(),
        wave: None,
        mode,
        opens_on: "2006-03-01".parse().unwrap(),
        closes_on: "2006-04-30".parse().unwrap(),
        threshold: None,
    }
}

async fn open(caller: &Caller, unit: &str, mode: SurveyMode) -> Survey {
    let input = input(unit, "staff-survey", mode);
    surveys::open_survey(caller, input).await.unwrap()
}

/// The link of the survey's first unit.
async fn link_of(caller: &Caller, survey: SurveyId) -> String {
    let links = surveys::survey_links(caller, survey).await.unwrap();
    links[0].link.clone()
}

/// The same answer to every item of an instrument, but another one to the first.
fn answers(instrument: &str, first: i64, others: i64) -> AnswerSurvey {
    let instrument = built_in_instruments()
        .iter()
        .find(|of| of.code == instrument)
        .unwrap();
    let answers = instrument.items.iter().enumerate().map(|(n, item)| Answer {
        item: item.code.clone(),
        value: Some(if n == 0 { first } else { others }),
        cant_rate: false,
    });
    AnswerSurvey {
        code: None,
        answers: answers.collect(),
    }
}

async fn answer(app: &App, link: &str, first: i64, others: i64) -> Result<()> {
    surveys::answer_survey(app, link, answers("staff-survey", first, others)).await
}

async fn close(caller: &Caller, id: SurveyId) -> Result<Survey> {
    surveys::close_survey(caller, id, None, CloseSurvey { discard: false }).await
}

/// A closed staff survey of a team in which each person answers so.
async fn answered(world: &World, lead: &Caller, unit: &str, people: &[(i64, i64)]) -> Survey {
    let survey = open(lead, unit, SurveyMode::OpenLink).await;
    let link = link_of(lead, survey.id).await;
    for (first, others) in people {
        answer(&world.app, &link, *first, *others).await.unwrap();
    }
    close(lead, survey.id).await.unwrap()
}

/// Six who differ.
const SIX: [(i64, i64); 6] = [(1, 2), (2, 3), (3, 3), (4, 4), (5, 4), (4, 5)];

#[tokio::test]
async fn a_survey_tells_nothing_until_it_is_closed_and_then_what_all_have_said() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        assert_eq!(
            (survey.threshold, survey.sharing, survey.kind),
            (5, Sharing::Team, SurveyKind::Staff)
        );
        let link = link_of(&lead, survey.id).await;
        let asked = surveys::questionnaire(&world.app, &link).await.unwrap();
        assert_eq!((asked.unit.as_str(), asked.items.len()), ("hull-a", 12));
        for (n, (first, others)) in SIX.into_iter().enumerate() {
            answer(&world.app, &link, first, others).await.unwrap();
            let told = surveys::survey_summary(&lead, survey.id).await.unwrap();
            assert_eq!((told.results, told.suppressed), (None, false));
            assert_eq!(told.answered_at_least, if n < 4 { 0 } else { 5 });
        }
        let closed = close(&lead, survey.id).await.unwrap();
        assert_eq!((closed.status, closed.version), (SurveyStatus::Closed, 2));
        let told = surveys::survey_summary(&lead, survey.id).await.unwrap();
        let results = told.results.unwrap();
        assert_eq!((results.responses, told.answered_at_least), (6, 0));
        let first = &results.items[0];
        let counts: Vec<i64> = first.counts.iter().map(|point| point.count).collect();
        assert_eq!((counts, first.mean), (vec![1, 1, 1, 2, 1], Some(3.17)));
        assert_eq!(results.scores.len(), 3);
        assert_eq!(
            refused(close(&lead, survey.id).await),
            [place("", "survey_closed")]
        );
        let late = answer(&world.app, &link, 1, 1).await;
        assert_eq!(refused(late), [place("", "survey_closed")]);
        let read = surveys::survey(&lead, survey.id).await.unwrap();
        assert_eq!((&read.record, read.allowed_actions), (&closed, vec![]));
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_survey_is_answered_on_its_days_and_changed_until_it_is_closed() {
    for world in worlds().await {
        let lead = world.person(Role::TeamMember, "hull-a").await;
        let later = OpenSurvey {
            opens_on: "2006-04-01".parse().unwrap(),
            ..input("hull-a", "staff-survey", SurveyMode::OpenLink)
        };
        let later = surveys::open_survey(&lead, later).await.unwrap();
        let link = link_of(&lead, later.id).await;
        assert_eq!(
            refused(answer(&world.app, &link, 1, 1).await),
            [place("", "survey_not_open")]
        );
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let link = link_of(&lead, survey.id).await;
        let change = ChangeSurvey {
            title: Some("How was it?".into()),
            closes_on: Some("2006-03-31".parse().unwrap()),
        };
        let stale = surveys::change_survey(&lead, survey.id, Some(7), change.clone()).await;
        assert_eq!(refused(stale), [place("", "stale")]);
        let changed = surveys::change_survey(&lead, survey.id, Some(1), change)
            .await
            .unwrap();
        assert_eq!((changed.version, changed.title.as_str()), (2, "How was it?"));
        // The day after it takes no answers, though nobody has closed it yet.
        let later = world.later("2006-04-01T00:00:00Z").await;
        assert_eq!(
            refused(answer(&later, &link, 1, 1).await),
            [place("", "survey_closed")]
        );
        let wrong = ChangeSurvey {
            title: Some("For 943 476 5919".into()),
            closes_on: Some("2005-03-30".parse().unwrap()),
        };
        let wrong = surveys::change_survey(&lead, survey.id, None, wrong).await;
        let places = [
            place("/title", "patient_identifier"),
            place("/closesOn", "out_of_range"),
            place("/closesOn", "in_the_past"),
        ];
        assert_eq!(refused(wrong), places);
        // Nobody has answered: closing it loses nothing, but has to be meant.
        assert_eq!(
            refused(close(&lead, survey.id).await),
            [place("", "too_few_answers")]
        );
        let meant = CloseSurvey { discard: true };
        surveys::close_survey(&lead, survey.id, None, meant)
            .await
            .unwrap();
        let told = surveys::survey_summary(&lead, survey.id).await.unwrap();
        assert_eq!((told.results, told.suppressed), (None, true));
        world.verifies().await;
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_survey_is_named_in_every_place() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let mut wrong = input("hull-a", "Staff", SurveyMode::OpenLink);
        wrong.network = Some(code("net"));
        wrong.threshold = Some(4);
        wrong.title = String::new();
        wrong.closes_on = "2005-01-01".parse().unwrap();
        let wrong = refused(surveys::open_survey(&lead, wrong).await);
        let places = [
            place("/title", "empty"),
            place("/instrument", "code_format"),
            place("/unit", "one_of"),
            place("/closesOn", "out_of_range"),
            place("/closesOn", "in_the_past"),
            place("/threshold", "out_of_range"),
        ];
        assert_eq!(wrong, places);
        let unknown = input("hull-a", "no-such", SurveyMode::OpenLink);
        let unknown = surveys::open_survey(&lead, unknown).await;
        assert_eq!(refused(unknown), [place("/instrument", "not_found")]);
        let elsewhere = input("hull-b", "staff-survey", SurveyMode::OpenLink);
        let elsewhere = surveys::open_survey(&lead, elsewhere).await;
        assert_eq!(refused(elsewhere), [place("", "forbidden")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn surveys_are_read_as_far_as_the_team_shares_them_and_never_by_patient_partners() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = answered(&world, &lead, "hull-a", &SIX).await;
        let above = world.person(Role::OrganisationLead, "hull").await;
        let coach = world.person(Role::Coach, "hull-a").await;
        let sibling = world.person(Role::TeamLead, "hull-b").await;
        let patient = world.person(Role::PatientPartner, "hull-a").await;
        let tool = world.tool("ward-tool", "hull").await;
        let list = async |caller: &Caller| {
            let filter = SurveyFilter {
                unit: Some(code("hull-a")),
                kind: Some(SurveyKind::Staff),
                ..SurveyFilter::default()
            };
            surveys::surveys(caller, filter, &PageRequest::default())
                .await
                .map(|page| page.data.len())
        };
        assert!(
            surveys::survey_summary(&coach, survey.id)
                .await
                .unwrap()
                .results
                .is_some()
        );
        assert_eq!(list(&coach).await.unwrap(), 1);
        let refusal = surveys::survey_links(&coach, survey.id).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        for hidden in [&above, &sibling] {
            assert_eq!(list(hidden).await.unwrap(), 0);
            let refusal = surveys::survey_summary(hidden, survey.id).await;
            assert_eq!(refused(refusal), [place("", "not_found")]);
        }
        for none in [&patient, &tool] {
            assert_eq!(refused(list(none).await), [place("", "forbidden")]);
            let refusal = surveys::survey_summary(none, survey.id).await;
            assert_eq!(refused(refusal), [place("", "forbidden")]);
            let refusal = surveys::survey(none, survey.id).await;
            assert_eq!(refused(refusal), [place("", "forbidden")]);
        }
        let run = |seen: Vec<spiral_app::surveys::SurveyRun>| {
            seen.into_iter()
                .map(|run| (run.kind, run.visible))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            run(surveys::surveys_run(&above).await.unwrap()),
            [(SurveyKind::Staff, false)]
        );
        world
            .share("hull-a", WorkKind::Surveys, Sharing::Organisation)
            .await;
        assert_eq!(list(&above).await.unwrap(), 1);
        assert!(
            surveys::survey_summary(&above, survey.id)
                .await
                .unwrap()
                .results
                .is_some()
        );
        assert_eq!(
            run(surveys::surveys_run(&above).await.unwrap()),
            [(SurveyKind::Staff, true)]
        );
        world.share("hull-a", WorkKind::Surveys, Sharing::Team).await;
        let refusal = surveys::survey_summary(&above, survey.id).await;
        assert_eq!(refused(refusal), [place("", "not_found")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_unit_counts_as_having_run_a_survey_once_enough_have_answered() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let link = link_of(&lead, survey.id).await;
        for n in 0..5 {
            assert_eq!(surveys::surveys_run(&lead).await.unwrap().len(), 0, "{n}");
            answer(&world.app, &link, 1 + n, 3).await.unwrap();
        }
        let run = surveys::surveys_run(&lead).await.unwrap();
        assert_eq!(
            (run.len(), run[0].unit, run[0].visible),
            (1, survey.unit_id, true)
        );
        close(&lead, survey.id).await.unwrap();
        assert_eq!(surveys::surveys_run(&lead).await.unwrap(), run);
        world.verifies().await;
    }
}

fn own_instrument(unit: &str, code_text: &str) -> AddSurveyInstrument {
    let staff = built_in_instruments()[0].clone();
    AddSurveyInstrument {
        unit: code(unit),
        code: code_text.into(),
        title: "Staff of the wards".into(),
        kind: staff.kind,
        provenance: "Made by the wards".into(),
        scales: staff.scales,
        items: staff.items,
        subscales: staff.subscales,
        scoring: Scoring {
            overall: true,
            ..staff.scoring
        },
    }
}

#[tokio::test]
async fn an_instrument_of_ones_own_has_versions_that_never_change() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let other = world.person(Role::TeamLead, "hull-b").await;
        let taken = surveys::add_survey_instrument(&lead, own_instrument("hull-a", "nomad")).await;
        assert_eq!(refused(taken), [place("/code", "code_taken")]);
        let first = surveys::add_survey_instrument(&lead, own_instrument("hull-a", "wards"))
            .await
            .unwrap();
        let survey = surveys::open_survey(&lead, input("hull-a", "wards", SurveyMode::OpenLink))
            .await
            .unwrap();
        let mut next = own_instrument("hull-a", "wards");
        next.items[0].wording = Some("Am I treated with respect every day?".into());
        let second = surveys::add_survey_instrument(&lead, next).await.unwrap();
        assert_eq!((first.version, second.version), (1, 2));
        let taken = surveys::add_survey_instrument(&other, own_instrument("hull-b", "wards")).await;
        assert_eq!(refused(taken), [place("/code", "code_taken")]);
        let latest = surveys::survey_instrument(&other, "wards", None).await.unwrap();
        assert_eq!(latest, second);
        let old = surveys::survey_instrument(&other, "wards", Some(1))
            .await
            .unwrap();
        assert_eq!((&old, survey.instrument_version), (&first, 1));
        let all = surveys::survey_instruments(&other).await.unwrap();
        assert_eq!(all.len(), 6);
        let after = surveys::open_survey(&lead, input("hull-a", "wards", SurveyMode::OpenLink))
            .await
            .unwrap();
        assert_eq!(after.instrument_version, 2);
        let link = link_of(&lead, after.id).await;
        let asked = surveys::questionnaire(&world.app, &link).await.unwrap();
        assert_eq!(asked.items[0].text, "Am I treated with respect every day?");
        world.verifies().await;
    }
}

#[tokio::test]
async fn two_waves_are_compared_by_their_means() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let before = answered(&world, &lead, "hull-a", &SIX).await;
        let better = SIX.map(|(first, others)| ((first + 1).min(5), others));
        let after = answered(&world, &lead, "hull-a", &better).await;
        let compared = surveys::survey_comparison(&lead, before.id, after.id)
            .await
            .unwrap();
        let first = &compared.items[0];
        assert_eq!((first.n_before, first.n_after), (Some(6), Some(6)));
        assert_eq!(
            (first.before, first.after, first.difference),
            (Some(3.17), Some(4.0), Some(0.83))
        );
        // Welch by hand: deviations 1.47 and 1.26, standard error 0.79, 9.8 degrees of freedom, t 2.23.
        assert_eq!((first.lower, first.upper), (Some(-0.94), Some(2.6)));
        assert!(
            first.p_value.is_some_and(|p| (0.31..0.33).contains(&p)),
            "{first:?}"
        );
        assert_eq!(compared.scores[0].difference, Some(0.28));
        let patients = input("hull-a", "patient-survey", SurveyMode::OpenLink);
        let patients = surveys::open_survey(&lead, patients).await.unwrap();
        let mixed = surveys::survey_comparison(&lead, before.id, patients.id).await;
        assert_eq!(refused(mixed), [place("/query/after", "another_instrument")]);
        world.verifies().await;
    }
}

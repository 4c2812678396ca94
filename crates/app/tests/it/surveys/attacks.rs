//! Who tries to learn, or to do, more than a survey lets them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::*;

async fn codes_of(caller: &Caller, survey: &Survey, count: i64) -> Vec<String> {
    let issue = IssueSurveyCodes { count, unit: None };
    surveys::issue_survey_codes(caller, survey.id, issue)
        .await
        .unwrap()
        .codes
}

fn with_code(code: &str, first: i64) -> AnswerSurvey {
    AnswerSurvey {
        code: Some(code.into()),
        ..answers("staff-survey", first, 3)
    }
}

#[tokio::test]
async fn a_code_lets_answers_in_once_and_only_into_its_own_survey() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OneTimeCodes).await;
        let other = open(&lead, "hull-a", SurveyMode::OneTimeCodes).await;
        let codes = codes_of(&lead, &survey, 6).await;
        let others = codes_of(&lead, &other, 1).await;
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 6);
        let link = link_of(&lead, survey.id).await;
        let app = &world.app;
        let answer = async |input| surveys::answer_survey(app, &link, input).await;
        let none = answer(answers("staff-survey", 1, 3)).await;
        assert_eq!(refused(none), [place("/code", "missing")]);
        // What does not fit uses no code up.
        let wrong = AnswerSurvey {
            answers: Vec::new(),
            ..with_code(&codes[0], 1)
        };
        assert_eq!(refused(answer(wrong).await), [place("/answers", "out_of_range")]);
        answer(with_code(&codes[0].to_lowercase(), 1)).await.unwrap();
        let not_valid = [place("/code", "code_not_valid")];
        for code in [&codes[0], &others[0], "AAAA-AAAA-AAAA-AAAA", ""] {
            assert_eq!(refused(answer(with_code(code, 2)).await), not_valid, "{code}");
        }
        for (n, code) in codes[1..].iter().enumerate() {
            answer(with_code(code, 1 + i64::try_from(n).unwrap()))
                .await
                .unwrap();
        }
        let closed = close(&lead, survey.id).await.unwrap();
        assert_eq!(closed.codes_issued, 6);
        let told = surveys::survey_summary(&lead, survey.id).await.unwrap();
        assert_eq!(told.results.unwrap().responses, 6);
        let late = surveys::issue_survey_codes(&lead, survey.id, IssueSurveyCodes { count: 1, unit: None });
        assert_eq!(refused(late.await), [place("", "survey_closed")]);
        let by_link = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let none = surveys::issue_survey_codes(&lead, by_link.id, IssueSurveyCodes { count: 1, unit: None });
        assert_eq!(refused(none.await), [place("", "no_codes_taken")]);
        let link = link_of(&lead, by_link.id).await;
        let odd = surveys::answer_survey(app, &link, with_code(&others[0], 1)).await;
        assert_eq!(refused(odd), [place("/code", "no_codes_taken")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_link_cannot_be_made_up_or_carried_to_another_tenant_or_unit() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let link = link_of(&lead, survey.id).await;
        world.app.create_tenant("other", "Other").await.unwrap();
        let (_, signed) = link.split_once('~').unwrap();
        let mut changed = link.clone().into_bytes();
        let last = changed.len() - 30;
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let wrong = [
            format!("other~{signed}"),
            format!("nobody~{signed}"),
            signed.to_owned(),
            "demo~".to_owned(),
            format!("demo~{}", survey.id),
            changed,
            "~".repeat(4000),
        ];
        for link in wrong {
            let refusal = answer(&world.app, &link, 1, 1).await;
            assert_eq!(refused(refusal), [place("", "not_found")], "{link}");
            let refusal = surveys::questionnaire(&world.app, &link).await;
            assert_eq!(refused(refusal), [place("", "not_found")], "{link}");
        }
        answer(&world.app, &link, 1, 1).await.unwrap();
        world.verifies().await;
    }
}

/// Whatever the lead asks before and after one answer, only reaching the threshold shows.
#[tokio::test]
async fn one_more_answer_changes_nothing_that_anybody_is_told() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let link = link_of(&lead, survey.id).await;
        let all = async || {
            let summary = surveys::survey_summary(&lead, survey.id).await.unwrap();
            let record = surveys::survey(&lead, survey.id).await.unwrap();
            let page = PageRequest::default();
            let listed = surveys::surveys(&lead, SurveyFilter::default(), &page)
                .await
                .unwrap();
            let run = surveys::surveys_run(&lead).await.unwrap();
            format!("{summary:?} {record:?} {:?} {run:?}", listed.data)
        };
        let mut seen = vec![all().await];
        for n in 0..12 {
            answer(&world.app, &link, 1 + n % 5, 1 + n % 3).await.unwrap();
            seen.push(all().await);
        }
        for (n, pair) in seen.windows(2).enumerate() {
            assert_eq!(pair[0] == pair[1], ![5, 10].contains(&(n + 1)), "{}", n + 1);
        }
        world.verifies().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_answers_at_once_are_neither_lost_nor_doubled() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OneTimeCodes).await;
        let link: Arc<str> = link_of(&lead, survey.id).await.into();
        let codes = codes_of(&lead, &survey, 1000).await;
        // Each code is tried twice, by two people at once.
        let at_once = Arc::new(Semaphore::new(64));
        let mut tasks = Vec::new();
        for (n, code) in codes.iter().chain(&codes).enumerate() {
            let (app, link, at_once) = (world.app.clone(), Arc::clone(&link), Arc::clone(&at_once));
            let input = with_code(code, 1 + i64::try_from(n % 5).unwrap());
            tasks.push(tokio::spawn(async move {
                let _turn = at_once.acquire().await.unwrap();
                loop {
                    match surveys::answer_survey(&app, &link, input.clone()).await {
                        Err(spiral_domain::Error::Unavailable) => {}
                        other => return other.is_ok(),
                    }
                }
            }));
        }
        let mut taken = 0;
        for task in tasks {
            taken += i64::from(task.await.unwrap());
        }
        assert_eq!(taken, 1000);
        close(&lead, survey.id).await.unwrap();
        let told = surveys::survey_summary(&lead, survey.id).await.unwrap();
        let results = told.results.unwrap();
        let counts: i64 = results.items[0].counts.iter().map(|point| point.count).sum();
        assert_eq!((results.responses, counts), (1000, 1000));
        world.verifies().await;
    }
}

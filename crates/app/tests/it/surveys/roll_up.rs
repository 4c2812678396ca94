//! What many teams' surveys come to: by the quarter in which they closed, when all of them have; of few teams never what
//! they keep to themselves.

use std::collections::BTreeMap;

use spiral_app::surveys::SurveyRollUpQuery;
use spiral_domain::analysis::GroupBy;
use spiral_domain::surveys::{SurveyResults, SurveyRollUp, SurveyRollUpRow};

use super::*;

/// The day after the quarter in which all was asked.
const AFTER: &str = "2006-04-01T09:00:00Z";

fn asked(unit: Option<&str>, group_by: GroupBy) -> SurveyRollUpQuery {
    SurveyRollUpQuery {
        instrument: "staff-survey".into(),
        version: None,
        unit: unit.map(code),
        group_by,
        from: Some("2006-01-01".parse().unwrap()),
        to: None,
    }
}

async fn roll_up(caller: &Caller, unit: Option<&str>, group_by: GroupBy) -> SurveyRollUp {
    surveys::survey_roll_up(caller, &asked(unit, group_by))
        .await
        .unwrap()
}

/// A survey of a team that takes answers until today.
async fn asks(world: &World, unit: &str) -> (Survey, String) {
    let input = OpenSurvey {
        closes_on: "2006-03-31".parse().unwrap(),
        ..input(unit, "staff-survey", SurveyMode::OpenLink)
    };
    let survey = surveys::open_survey(&world.system, input).await.unwrap();
    let link = link_of(&world.system, survey.id).await;
    (survey, link)
}

/// A survey in which each person answers so, not closed yet.
async fn asks_and_hears(world: &World, unit: &str, people: &[(i64, i64)]) -> Survey {
    let (survey, link) = asks(world, unit).await;
    for (first, others) in people {
        answer(&world.app, &link, *first, *others).await.unwrap();
    }
    survey
}

fn row<'r>(told: &'r SurveyRollUp, unit: &str) -> &'r SurveyRollUpRow {
    told.rows.iter().find(|row| row.code == unit).unwrap()
}

fn counts(results: &SurveyResults, item: usize) -> Vec<i64> {
    let points = results.items[item].counts.iter();
    points.map(|point| point.count).collect()
}

#[tokio::test]
async fn a_survey_that_is_over_closes_by_itself_and_too_few_answers_go_unheard() {
    for world in worlds().await {
        let enough = asks_and_hears(&world, "hull-a", &SIX).await;
        let few = asks_and_hears(&world, "hull-b", &SIX[..4]).await;
        let goes_on = open(&world.system, "dorset-a", SurveyMode::OpenLink).await;
        assert_eq!(
            surveys::close_over(&world.app).await.unwrap(),
            0,
            "today is the last day"
        );
        // Two servers find the same at once; each survey closes once.
        let (one, other) = (world.later(AFTER).await, world.later(AFTER).await);
        let closed = tokio::join!(surveys::close_over(&one), surveys::close_over(&other));
        assert_eq!(closed.0.unwrap() + closed.1.unwrap(), 2);
        assert_eq!(surveys::close_over(&one).await.unwrap(), 0);
        let told = async |survey: &Survey| surveys::survey_summary(&world.system, survey.id).await.unwrap();
        let enough = told(&enough).await;
        assert_eq!(
            (enough.status, enough.results.unwrap().responses),
            (SurveyStatus::Closed, 6)
        );
        let few = told(&few).await;
        assert_eq!(
            (few.status, few.results, few.suppressed),
            (SurveyStatus::Closed, None, true)
        );
        assert_eq!(
            (few.answered_at_least, told(&goes_on).await.status),
            (0, SurveyStatus::Open)
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_survey_closes_today_or_later() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let past = OpenSurvey {
            closes_on: "2006-03-30".parse().unwrap(),
            ..input("hull-a", "staff-survey", SurveyMode::OpenLink)
        };
        let past = surveys::open_survey(&lead, past).await;
        assert_eq!(refused(past), [place("/closesOn", "in_the_past")]);
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let back = ChangeSurvey {
            title: None,
            closes_on: Some("2006-03-30".parse().unwrap()),
        };
        let back = surveys::change_survey(&lead, survey.id, None, back).await;
        assert_eq!(refused(back), [place("/closesOn", "in_the_past")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn what_teams_tell_is_added_up_as_far_as_they_share_it() {
    for world in worlds().await {
        asks_and_hears(&world, "hull-a", &SIX).await;
        asks_and_hears(&world, "hull-b", &[(1, 1), (2, 2), (2, 1), (5, 5), (4, 5)]).await;
        for team in ["hull-a", "hull-b"] {
            world.share(team, WorkKind::Surveys, Sharing::Organisation).await;
        }
        let above = world.person(Role::OrganisationLead, "hull").await;
        let none = roll_up(&above, Some("hull"), GroupBy::None).await;
        assert_eq!(none.rows, [], "the quarter is not over");
        let later = world.later(AFTER).await;
        let above = world.caller_of(&later, above.principal().id).await;
        let waiting = roll_up(&above, Some("hull"), GroupBy::None).await;
        assert_eq!(
            (waiting.rows[0].surveys_shown, waiting.rows[0].surveys_total),
            (0, Some(0))
        );
        surveys::close_over(&later).await.unwrap();
        let told = roll_up(&above, Some("hull"), GroupBy::Children).await;
        let codes: Vec<&str> = told.rows.iter().map(|row| row.code.as_str()).collect();
        assert_eq!(codes, ["hull", "hull-a", "hull-b"]);
        let hull = row(&told, "hull");
        assert_eq!(
            (hull.teams, hull.teams_shown, hull.surveys_total),
            (2, 2, Some(2))
        );
        let all = hull.total.as_ref().unwrap();
        assert_eq!((all, all.responses), (hull.shown.as_ref().unwrap(), 11));
        // By hand: 1 1 2 2 2 3 4 4 4 5 5, of which the mean is 3.
        assert_eq!(counts(all, 0), [2, 3, 1, 3, 2]);
        let first = &all.items[0];
        assert_eq!(
            (first.rated, first.mean, first.median),
            (Some(11), Some(3.0), Some(3.0))
        );
        assert_eq!(first.standard_deviation, Some(1.48));
        let score = &all.scores[0];
        assert_eq!(
            score.bins.iter().map(|bin| bin.count).sum::<i64>(),
            score.scored.unwrap()
        );
        // Nobody above hears more than is shared, and a sibling nothing.
        let national = world.person(Role::NationalAnalyst, "nhs").await;
        let national = world.caller_of(&later, national.principal().id).await;
        let far = roll_up(&national, Some("hull"), GroupBy::Children).await;
        assert!(
            far.rows
                .iter()
                .all(|row| row.suppressed && row.shown.is_none() && row.total.is_none())
        );
        let patient = world.person(Role::PatientPartner, "hull-a").await;
        let patient = surveys::survey_roll_up(&patient, &asked(None, GroupBy::None)).await;
        assert_eq!(refused(patient), [place("", "forbidden")]);
        let unknown = SurveyRollUpQuery {
            instrument: "no-such".into(),
            ..asked(None, GroupBy::None)
        };
        let unknown = surveys::survey_roll_up(&national, &unknown).await;
        assert_eq!(refused(unknown), [place("/query/instrument", "not_found")]);
        world.verifies().await;
    }
}

/// Ten hidden teams of Hull, six of Dorset, and `extra` of each, that all asked; with their answers to the first item.
async fn many(world: &World) -> BTreeMap<String, Vec<i64>> {
    let mut said = BTreeMap::new();
    for (organisation, count) in [("hull", 8), ("dorset", 5)] {
        for n in 0..count {
            world.team(&format!("{organisation}-{n}")).await;
        }
    }
    let hull = [
        "hull-a", "hull-b", "hull-0", "hull-1", "hull-2", "hull-3", "hull-4", "hull-5",
    ];
    let dorset = [
        "dorset-a", "dorset-0", "dorset-1", "dorset-2", "dorset-3", "dorset-4",
    ];
    for (n, team) in hull.into_iter().chain(dorset).enumerate() {
        let people: Vec<(i64, i64)> = (0..6 + n % 3)
            .map(|person| {
                let of = i64::try_from(person + n).unwrap();
                (1 + of % 5, 1 + of % 4)
            })
            .collect();
        asks_and_hears(world, team, &people).await;
        let mut counted = vec![0; 5];
        for (first, _) in people {
            counted[usize::try_from(first - 1).unwrap()] += 1;
        }
        said.insert(team.to_owned(), counted);
    }
    said
}

/// Everything that a reader is told, by question.
async fn everything(caller: &Caller) -> Vec<SurveyRollUpRow> {
    let mut rows = Vec::new();
    for (unit, groups) in [
        (None, GroupBy::Children),
        (None, GroupBy::Organisation),
        (Some("north"), GroupBy::Children),
        (Some("south"), GroupBy::Children),
        (Some("hull"), GroupBy::Children),
        (Some("dorset"), GroupBy::Children),
    ] {
        rows.extend(roll_up(caller, unit, groups).await.rows);
    }
    rows
}

/// The hidden part of each total that is told, as counts of the first item, by unit.
fn hidden_parts(rows: &[SurveyRollUpRow]) -> BTreeMap<String, Vec<i64>> {
    let first = |results: &Option<SurveyResults>| {
        let results = results.as_ref().filter(|results| !results.items[0].suppressed);
        results.map_or_else(|| vec![0; 5], |results| counts(results, 0))
    };
    rows.iter()
        .filter(|row| !row.suppressed)
        .map(|row| {
            let (all, shown) = (first(&row.total), first(&row.shown));
            let rest = all.iter().zip(&shown).map(|(all, shown)| all - shown);
            (row.code.clone(), rest.collect())
        })
        .collect()
}

fn sum<'c>(of: impl Iterator<Item = &'c Vec<i64>>) -> Vec<i64> {
    of.fold(vec![0; 5], |sum, more| {
        sum.iter().zip(more).map(|(sum, more)| sum + more).collect()
    })
}

#[tokio::test]
async fn no_total_and_no_difference_of_totals_tells_what_few_teams_said() {
    for world in worlds().await {
        let said = many(&world).await;
        let national = world.person(Role::NationalAnalyst, "nhs").await;
        let later = world.later(AFTER).await;
        let national = world.caller_of(&later, national.principal().id).await;
        // Until the last survey of the quarter is closed no total is told: one more would tell itself.
        let mut open_ones = 0;
        for survey in surveys::surveys(&world.system, SurveyFilter::default(), &PageRequest::default())
            .await
            .unwrap()
            .data
        {
            let rows = everything(&national).await;
            assert!(
                rows.iter()
                    .all(|row| row.suppressed || row.surveys_total == Some(0)),
                "{open_ones}"
            );
            surveys::close_survey(&world.system, survey.id, None, CloseSurvey { discard: true })
                .await
                .unwrap();
            open_ones += 1;
        }
        assert_eq!(open_ones, 14);
        let told = hidden_parts(&everything(&national).await);
        let of = |prefix: &str| {
            sum(said
                .iter()
                .filter(|(team, _)| team.starts_with(prefix))
                .map(|(_, of)| of))
        };
        assert_eq!(told["hull"], of("hull-"));
        assert_eq!(told["dorset"], of("dorset-"));
        assert_eq!(told["nhs"], sum([of("hull-"), of("dorset-")].iter()));
        assert!(!told.keys().any(|unit| unit.contains('-')), "no team by itself");

        // Two of Dorset's let it be seen: the other four and one are five, hence a block; three of them are too few.
        world
            .share("dorset-0", WorkKind::Surveys, Sharing::National)
            .await;
        let told = hidden_parts(&everything(&national).await);
        let rest = sum(said
            .iter()
            .filter(|(team, _)| team.starts_with("dorset-") && *team != "dorset-0")
            .map(|(_, of)| of));
        assert_eq!(told["dorset"], rest);
        world
            .share("dorset-1", WorkKind::Surveys, Sharing::National)
            .await;
        let told = hidden_parts(&everything(&national).await);
        let names: Vec<&str> = told.keys().map(String::as_str).collect();
        // Dorset's four go with Hull's, so that neither organisation nor region is told, and the nation is.
        assert_eq!(names, ["dorset-0", "dorset-1", "nhs"]);
        let lead = world.person(Role::OrganisationLead, "hull").await;
        let lead = world.caller_of(&later, lead.principal().id).await;
        world
            .share("hull-0", WorkKind::Surveys, Sharing::Organisation)
            .await;
        let told = hidden_parts(&everything(&lead).await);
        assert_eq!(
            told["hull"].iter().sum::<i64>() + said["hull-0"].iter().sum::<i64>(),
            of("hull-").iter().sum::<i64>()
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn an_item_that_mostly_one_team_has_told_is_kept_back() {
    for world in worlds().await {
        // Six teams of Dorset ask. In five of them all are of one mind on the first item, so that it is kept back there.
        for n in 0..5 {
            let team = format!("dorset-{n}");
            world.team(&team).await;
            asks_and_hears(&world, &team, &[(3, 1), (3, 2), (3, 3), (3, 4), (3, 5), (3, 2)]).await;
        }
        asks_and_hears(&world, "dorset-a", &SIX).await;
        let later = world.later(AFTER).await;
        surveys::close_over(&later).await.unwrap();
        let national = world.person(Role::NationalAnalyst, "nhs").await;
        let national = world.caller_of(&later, national.principal().id).await;
        // The two teams of Hull that have not asked are too few, so that Dorset's six are told with them.
        let told = roll_up(&national, None, GroupBy::None).await;
        let total = told.rows[0].total.as_ref().unwrap();
        assert_eq!((total.responses, told.rows[0].surveys_total), (36, Some(6)));
        // What one team says of it would be all that the total says.
        assert_eq!((total.items[0].suppressed, total.items[0].mean), (true, None));
        assert_eq!(
            (total.items[1].suppressed, total.items[1].rated),
            (false, Some(36))
        );
        world.verifies().await;
    }
}

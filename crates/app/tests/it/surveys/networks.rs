//! Surveys of networks: the parts that a reader may see, and the whole where it gives no other part away.

use super::*;
use spiral_app::tenancy;
use spiral_domain::surveys::SurveySummary;
use spiral_domain::tenancy::{Tier, UnitKind};

/// A survey of a network of so many teams of the north, each answered by six, or by as many as are named.
async fn asked(world: &World, teams: usize, people: &[usize]) -> (Caller, Survey) {
    let host = world.person(Role::ShaLead, "north").await;
    let mut members = Vec::new();
    for n in 0..teams {
        let team = format!("hull-n{n}");
        world.team(&team).await;
        members.push(MemberInput {
            unit: code(&team),
            joined_on: None,
            left_on: None,
        });
    }
    let network = CreateNetwork {
        code: "net".into(),
        name: "Net".into(),
        kind: NetworkKind::ClinicalNetwork,
        host_unit: code("north"),
        members,
    };
    tenancy::create_network(&host, network).await.unwrap();
    let input = OpenSurvey {
        unit: None,
        network: Some(code("net")),
        ..input("north", "staff-survey", SurveyMode::OpenLink)
    };
    let survey = surveys::open_survey(&host, input).await.unwrap();
    let links = surveys::survey_links(&host, survey.id).await.unwrap();
    assert_eq!(links.len(), teams);
    for n in 0..teams {
        let unit = world.unit(&format!("hull-n{n}")).await.id;
        let link = links.iter().find(|link| link.unit_id == unit).unwrap();
        for (first, others) in SIX.into_iter().take(people.get(n).copied().unwrap_or(6)) {
            answer(&world.app, &link.link, first, others).await.unwrap();
        }
    }
    let closed = close(&host, survey.id).await.unwrap();
    (host, closed)
}

async fn told(caller: &Caller, survey: &Survey) -> SurveySummary {
    surveys::survey_summary(caller, survey.id).await.unwrap()
}

fn responses(summary: &SurveySummary) -> Option<i64> {
    summary.results.as_ref().map(|results| results.responses)
}

#[tokio::test]
async fn the_whole_is_told_only_where_enough_teams_hide_in_it() {
    for world in worlds().await {
        let (host, survey) = asked(&world, 6, &[]).await;
        let summary = told(&host, &survey).await;
        // Six teams keep their parts to themselves: the whole says nothing of any one.
        assert_eq!(
            (responses(&summary), summary.units_asked, summary.units.len()),
            (Some(36), 6, 0)
        );
        world.share("hull-n0", WorkKind::Surveys, Sharing::Sha).await;
        let summary = told(&host, &survey).await;
        assert_eq!((responses(&summary), summary.units.len()), (Some(36), 1));
        // With four left the whole without the others would be too close to one of them.
        world.share("hull-n1", WorkKind::Surveys, Sharing::Sha).await;
        let summary = told(&host, &survey).await;
        assert_eq!(
            (responses(&summary), summary.suppressed, summary.units.len()),
            (None, true, 2)
        );
        for n in 2..6 {
            world
                .share(&format!("hull-n{n}"), WorkKind::Surveys, Sharing::Sha)
                .await;
        }
        let summary = told(&host, &survey).await;
        assert_eq!((responses(&summary), summary.units.len()), (Some(36), 6));
        // A team reads its own part, and that there is the survey; the other parts are not its business.
        let team = world.person(Role::TeamLead, "hull-n5").await;
        let summary = told(&team, &survey).await;
        assert_eq!((responses(&summary), summary.units.len()), (Some(36), 1));
        world.share("hull-n5", WorkKind::Surveys, Sharing::Team).await;
        let refusal = surveys::change_survey(&team, survey.id, None, ChangeSurvey::default()).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_team_with_few_answers_is_not_what_remains_of_the_whole() {
    for world in worlds().await {
        let (host, survey) = asked(&world, 6, &[3]).await;
        for n in 0..6 {
            world
                .share(&format!("hull-n{n}"), WorkKind::Surveys, Sharing::Sha)
                .await;
        }
        let summary = told(&host, &survey).await;
        // Five parts are told; the three answers of the sixth are all that is left of the whole.
        let shown: Vec<bool> = summary.units.iter().map(|unit| unit.suppressed).collect();
        assert_eq!(shown.iter().filter(|suppressed| **suppressed).count(), 1);
        assert_eq!((responses(&summary), summary.suppressed), (None, true));
        world.verifies().await;
    }
}

#[tokio::test]
async fn two_teams_with_few_answers_hide_each_other() {
    for world in worlds().await {
        let (host, survey) = asked(&world, 6, &[3, 4]).await;
        for n in 0..6 {
            world
                .share(&format!("hull-n{n}"), WorkKind::Surveys, Sharing::Sha)
                .await;
        }
        let summary = told(&host, &survey).await;
        assert_eq!(responses(&summary), Some(31));
        let parts: i64 = summary
            .units
            .iter()
            .filter_map(|unit| Some(unit.results.as_ref()?.responses))
            .sum();
        assert_eq!(parts, 24);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_team_runs_its_own_part_of_a_networks_survey() {
    for world in worlds().await {
        let host = world.person(Role::ShaLead, "north").await;
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let stranger = world.person(Role::TeamLead, "dorset-a").await;
        let member = |unit: &str| MemberInput {
            unit: code(unit),
            joined_on: None,
            left_on: None,
        };
        let network = CreateNetwork {
            code: "net".into(),
            name: "Net".into(),
            kind: NetworkKind::ClinicalNetwork,
            host_unit: code("north"),
            members: vec![member("hull-a"), member("hull-b")],
        };
        tenancy::create_network(&host, network).await.unwrap();
        let input = OpenSurvey {
            unit: None,
            network: Some(code("net")),
            ..input("north", "nomad", SurveyMode::OneTimeCodes)
        };
        let survey = surveys::open_survey(&host, input).await.unwrap();
        let own = world.unit("hull-a").await.id;
        let links = surveys::survey_links(&lead, survey.id).await.unwrap();
        assert_eq!(links.iter().map(|link| link.unit_id).collect::<Vec<_>>(), [own]);
        let refusal = surveys::survey_links(&stranger, survey.id).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        let issue = |unit: &str| IssueSurveyCodes {
            count: 2,
            unit: Some(code(unit)),
        };
        let codes = surveys::issue_survey_codes(&lead, survey.id, issue("hull-a"))
            .await
            .unwrap();
        assert_eq!(codes.unit_id, own);
        let refusal = surveys::issue_survey_codes(&lead, survey.id, issue("hull-b")).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        let refusal = surveys::issue_survey_codes(&stranger, survey.id, issue("dorset-a")).await;
        assert_eq!(refused(refusal), [place("/unit", "not_asked")]);
        // A code of one unit is none of another's.
        let links = surveys::survey_links(&host, survey.id).await.unwrap();
        for link in &links {
            let input = AnswerSurvey {
                code: Some(codes.codes[0].clone()),
                ..answers("nomad", 1, 2)
            };
            let done = surveys::answer_survey(&world.app, &link.link, input).await;
            assert_eq!(done.is_ok(), link.unit_id == own);
        }
        world
            .grow("empty", Tier::Organisation, UnitKind::PrimaryCareTrust, "north")
            .await;
        world.verifies().await;
    }
}

//! Sustainability: raters for themselves, teams together, the tiers above as distributions.

use spiral_app::{Caller, sustainability};
use spiral_domain::people::Role;
use spiral_domain::sustainability::{
    Answer, Assessment, AssessmentStatus, Band, Distribution, FactorLevel, OpenAssessment, RateAssessment,
    SummaryGroups, default_instrument,
};
use spiral_domain::tenancy::{Tier, UnitKind};
use spiral_domain::{AssessmentId, PageRequest, Result, Sharing, WorkKind};

use crate::world::{World, code, place, refused, worlds};

fn answers(level: FactorLevel) -> RateAssessment {
    RateAssessment {
        answers: default_instrument()
            .factors
            .iter()
            .rev()
            .map(|factor| Answer {
                factor: factor.code.clone(),
                level,
            })
            .collect(),
    }
}

async fn open(caller: &Caller, unit: &str, on: &str) -> Result<Assessment> {
    let input = OpenAssessment {
        unit: code(unit),
        innovation: None,
        title: "See and treat, six months on".into(),
        instrument: None,
        assessed_on: Some(on.parse().unwrap()),
    };
    sustainability::open_assessment(caller, input).await
}

/// A closed assessment of a team in which everybody says so.
async fn assessed(world: &World, unit: &str, level: FactorLevel) -> Assessment {
    let lead = world.person(Role::TeamLead, unit).await;
    let opened = open(&lead, unit, "2006-01-31").await.unwrap();
    sustainability::rate_assessment(&lead, opened.id, answers(level))
        .await
        .unwrap();
    sustainability::close_assessment(&lead, opened.id, None)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_assessment_shows_what_its_raters_say_together_once_it_is_closed() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let member = world.person(Role::TeamMember, "hull-a").await;
        let opened = open(&lead, "hull-a", "2006-01-31").await.unwrap();
        assert_eq!(
            (opened.status, opened.sharing),
            (AssessmentStatus::Open, Sharing::Team)
        );
        let early = sustainability::close_assessment(&lead, opened.id, None).await;
        assert_eq!(refused(early), [place("", "no_ratings")]);
        let partial = RateAssessment {
            answers: answers(FactorLevel::A).answers.split_off(8),
        };
        let missing = sustainability::rate_assessment(&lead, opened.id, partial).await;
        assert_eq!(refused(missing).len(), 8);

        let rated = sustainability::rate_assessment(&lead, opened.id, answers(FactorLevel::A))
            .await
            .unwrap();
        assert_eq!((format!("{:?}", rated.total), rated.version), ("100.0".into(), 1));
        assert_eq!(rated.answers[0].factor, default_instrument().factors[0].code);
        let again = sustainability::rate_assessment(&lead, opened.id, answers(FactorLevel::B))
            .await
            .unwrap();
        assert_eq!(
            (again.id, format!("{:?}", again.total), again.version),
            (rated.id, "49.9".into(), 2)
        );
        sustainability::rate_assessment(&member, opened.id, answers(FactorLevel::D))
            .await
            .unwrap();

        let while_open = sustainability::assessment(&lead, opened.id).await.unwrap();
        assert_eq!((while_open.raters, while_open.score), (2, None));
        assert_eq!(while_open.allowed_actions.len(), 2);
        let closed = sustainability::close_assessment(&lead, opened.id, None)
            .await
            .unwrap();
        let figures = format!("{:?} {:?} {:?}", closed.score, closed.lowest, closed.highest);
        assert_eq!(figures, "Some(25.0) Some(0.0) Some(49.9)");
        assert_eq!(closed.at_or_above_threshold, Some(false));
        assert_eq!(
            (closed.groups.len(), closed.factors.len(), closed.weakest.len()),
            (3, 10, 3)
        );
        let read = sustainability::assessment(&member, opened.id).await.unwrap();
        assert_eq!((&read.record, read.allowed_actions.len()), (&closed, 0));
        let late = sustainability::rate_assessment(&member, opened.id, answers(FactorLevel::A)).await;
        assert_eq!(refused(late), [place("", "assessment_closed")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn answers_are_read_by_their_rater_only() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let member = world.person(Role::TeamMember, "hull-a").await;
        let coach = world.person(Role::Coach, "hull-a").await;
        let opened = open(&lead, "hull-a", "2006-01-31").await.unwrap();
        sustainability::rate_assessment(&member, opened.id, answers(FactorLevel::C))
            .await
            .unwrap();
        let own = sustainability::own_ratings(&member, opened.id).await.unwrap();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].answers[0].level, FactorLevel::C);
        for other in [&lead, &coach] {
            assert_eq!(sustainability::own_ratings(other, opened.id).await.unwrap(), []);
        }
        let closed = sustainability::close_assessment(&lead, opened.id, None)
            .await
            .unwrap();
        assert_eq!(
            (closed.raters, closed.factors.len(), closed.groups.len()),
            (1, 0, 0)
        );
        let sibling = world.person(Role::TeamLead, "hull-b").await;
        let refusal = sustainability::own_ratings(&sibling, opened.id).await;
        assert_eq!(refused(refusal), [place("", "not_found")]);
        let refusal = sustainability::rate_assessment(&sibling, opened.id, answers(FactorLevel::A)).await;
        assert_eq!(refused(refusal), [place("", "not_found")]);
        let refusal = sustainability::rate_assessment(&coach, opened.id, answers(FactorLevel::A)).await;
        assert_eq!(refused(refusal), [place("", "forbidden")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn what_a_team_keeps_to_itself_is_withheld_whether_or_not_it_is_there() {
    for world in worlds().await {
        let closed = assessed(&world, "hull-a", FactorLevel::A).await;
        let older = world.person(Role::TeamLead, "hull-a").await;
        let older = open(&older, "hull-a", "2005-01-31").await.unwrap();
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        let member = world.person(Role::TeamMember, "hull-a").await;
        let units = [world.unit("hull-a").await.id, world.unit("hull-b").await.id];
        let seen = async |caller: &Caller| {
            let found = sustainability::latest_sustainability_of(caller, &units)
                .await
                .unwrap();
            units.map(|unit| {
                let state = &found[&unit];
                (
                    state.latest.as_ref().map(|latest| latest.id),
                    state.withheld.map(|withheld| withheld.level),
                )
            })
        };
        let team = Some(Sharing::Team);
        assert_eq!(seen(&organisation).await, [(None, team), (None, team)]);
        assert_eq!(seen(&member).await, [(Some(closed.id), None), (None, team)]);
        let list = async |caller: &Caller| -> Vec<AssessmentId> {
            let filter = sustainability::AssessmentFilter::default();
            let page = sustainability::assessments(caller, filter, &PageRequest::default()).await;
            page.unwrap()
                .data
                .iter()
                .map(|assessment| assessment.id)
                .collect()
        };
        assert_eq!(list(&organisation).await, []);
        let refusal = sustainability::assessment(&organisation, closed.id).await;
        assert_eq!(refused(refusal), [place("", "not_found")]);

        world
            .share("hull-a", WorkKind::Sustainability, Sharing::Organisation)
            .await;
        world
            .share("hull-b", WorkKind::Sustainability, Sharing::Sha)
            .await;
        assert_eq!(seen(&organisation).await, [(Some(closed.id), None), (None, None)]);
        assert_eq!(list(&organisation).await, [closed.id, older.id]);
        let sha = world.person(Role::ShaAnalyst, "north").await;
        assert_eq!(
            seen(&sha).await,
            [(None, Some(Sharing::Organisation)), (None, None)]
        );
        world.verifies().await;
    }
}

fn told(of: &Distribution) -> Vec<(i64, Option<i64>)> {
    assert_eq!(
        of.bands.iter().map(|band| band.band).collect::<Vec<_>>(),
        Band::ALL
    );
    assert!(
        of.bands
            .iter()
            .all(|band| band.suppressed == band.total.is_none())
    );
    of.bands.iter().map(|band| (band.shown, band.total)).collect()
}

#[tokio::test]
async fn the_tiers_above_see_distributions_of_many_never_of_few() {
    for world in worlds().await {
        // Hull: five high and five low beside two that were not assessed; Dorset: one team.
        for n in 0..10 {
            let team = format!("hull-{n}");
            world.team(&team).await;
            let level = if n < 5 { FactorLevel::A } else { FactorLevel::D };
            assessed(&world, &team, level).await;
        }
        assessed(&world, "dorset-a", FactorLevel::A).await;
        let national = world.person(Role::NationalLead, "nhs").await;
        let summary = async |caller: &Caller, unit: Option<&str>, groups: SummaryGroups| {
            let unit = unit.map(code);
            sustainability::sustainability_summary(caller, unit.as_ref(), groups)
                .await
                .unwrap()
        };
        let read = summary(&national, None, SummaryGroups::Children).await;
        assert_eq!((read.whole.teams, read.whole.shown), (13, 0));
        assert_eq!(
            read.groups.iter().map(|of| of.code.as_str()).collect::<Vec<_>>(),
            ["north", "south"]
        );
        // Two were not assessed in the north: that alone is too few to tell, and so is the one team of the south.
        let north = told(&read.groups[0]);
        assert_eq!(north[0], (0, None));
        assert_eq!(told(&read.groups[1]), [(0, None); 4]);
        // Nothing told may be subtracted from another: a band of the whole less the same of the north is the south.
        for (whole, north) in told(&read.whole).iter().zip(&north) {
            assert!(whole.1.is_none() || north.1.is_none());
        }
        // The same numbers whatever is asked for.
        let again = summary(&national, Some("north"), SummaryGroups::Organisation).await;
        assert_eq!(told(&again.whole), north);
        let all = summary(&national, None, SummaryGroups::Organisation).await;
        assert_eq!(told(&all.groups[0]), [(0, None); 4]);
        assert_eq!(all.groups[1].code, "hull");

        // What is shared upwards is shown, and hides nobody any more.
        for team in ["hull-a", "hull-b", "dorset-a"] {
            world
                .share(team, WorkKind::Sustainability, Sharing::National)
                .await;
        }
        let read = summary(&national, None, SummaryGroups::Sha).await;
        assert_eq!(
            told(&read.whole),
            [(2, Some(2)), (0, Some(5)), (0, Some(0)), (1, Some(6))]
        );
        assert_eq!(
            told(&read.groups[1]),
            [(0, Some(0)), (0, Some(0)), (0, Some(0)), (1, Some(1))]
        );
        let member = world.person(Role::TeamMember, "hull-3").await;
        let read = summary(&member, Some("hull"), SummaryGroups::Children).await;
        assert_eq!(
            (read.whole.teams, read.whole.shown, read.groups.len()),
            (12, 1, 0)
        );
        let own =
            sustainability::sustainability_summary(&member, Some(&code("hull-3")), SummaryGroups::Children)
                .await;
        assert_eq!(refused(own), [place("/query/unit", "no_teams_beneath")]);
        let auditor = world.person(Role::Auditor, "nhs").await;
        let read = sustainability::sustainability_summary(&auditor, None, SummaryGroups::Children).await;
        assert_eq!(refused(read), [place("", "forbidden")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn the_statements_do_not_grow_with_the_teams() {
    for world in worlds().await {
        for n in 0..3 {
            let code = format!("trust{n}");
            world
                .grow(&code, Tier::Organisation, UnitKind::AcuteTrust, "south")
                .await;
            world.team(&format!("{code}-a")).await;
        }
        let national = world.person(Role::NationalLead, "nhs").await;
        let statements = || {
            national
                .store()
                .meter()
                .statements
                .load(std::sync::atomic::Ordering::Relaxed)
        };
        let before = statements();
        sustainability::sustainability_summary(&national, None, SummaryGroups::Children)
            .await
            .unwrap();
        assert_eq!(statements() - before, 3);
        let units: Vec<_> = [world.unit("hull-a").await.id, world.unit("trust1-a").await.id].into();
        let before = statements();
        sustainability::latest_sustainability_of(&national, &units)
            .await
            .unwrap();
        assert_eq!(statements() - before, 2);
        world.verifies().await;
    }
}

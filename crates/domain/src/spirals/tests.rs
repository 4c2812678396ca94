use super::*;
use crate::ids::StayId;
use uuid::Uuid;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_micros(0)
}

pub(super) fn spiral() -> Spiral {
    Spiral {
        id: SpiralId(Uuid::nil()),
        unit_id: UnitId(Uuid::nil()),
        title: "No long waits".into(),
        theme: None,
        origin: SpiralOrigin::Local,
        priority: None,
        innovation_id: None,
        programme_id: None,
        status: SpiralStatus::Active,
        turn: 1,
        step: SpiralStep::RecognitionOfNeed,
        started_on: day("2006-01-01"),
        entered_on: day("2006-01-01"),
        active_on: day("2006-01-01"),
        dormant_from: Some(day("2006-04-01")),
        quiet: Vec::new(),
        discontinued_because: None,
        sharing: Sharing::Organisation,
        started_by: PrincipalId(Uuid::nil()),
        version: 1,
        created_at: at(),
        updated_at: at(),
    }
}

fn stay(turn: i64, step: SpiralStep, status: SpiralStatus, began_on: &str, ended_on: Option<&str>) -> Stay {
    Stay {
        id: StayId(Uuid::nil()),
        spiral_id: SpiralId(Uuid::nil()),
        unit_id: UnitId(Uuid::nil()),
        turn,
        step,
        status,
        began_on: day(began_on),
        ended_on: ended_on.map(day),
        sharing: Sharing::Organisation,
        version: 1,
        created_at: at(),
        updated_at: at(),
    }
}

fn on(changes: &[Change], figure: Figure, at: &str) -> i64 {
    let so_far = changes
        .iter()
        .filter(|(on, of, _)| *on <= day(at) && *of == figure);
    so_far.map(|(_, _, n)| n).sum()
}

#[test]
fn it_is_dormant_from_its_day_on_and_wakes_with_whatever_is_recorded() {
    assert_eq!(spiral().on(day("2006-03-31")).status, SpiralStatus::Active);
    let asleep = spiral().on(day("2006-04-01"));
    assert_eq!((asleep.status, asleep.version), (SpiralStatus::Dormant, 2));
    let mut woken = asleep;
    assert!(woken.stir(day("2006-05-02"), 90));
    assert_eq!(woken.status, SpiralStatus::Active);
    assert_eq!(woken.dormant_from, Some(day("2006-07-31")));
    let quiet = Quiet {
        from: day("2006-04-01"),
        until: day("2006-05-02"),
    };
    assert_eq!(woken.quiet, [quiet]);
    // What is recorded later of an earlier day changes nothing.
    assert!(!woken.stir(day("2006-01-20"), 90));
    assert_eq!(woken.active_on, day("2006-05-02"));
}

#[test]
fn each_move_leads_where_it_should_or_nowhere() {
    use SpiralStep as S;
    let at = |step, status| Spiral {
        status,
        step,
        ..spiral()
    };
    let open = SpiralStatus::Active;
    let here = at(S::ChangeSupport, open);
    assert_eq!(Move::Advance.from(&here).unwrap(), (1, S::Sustainability, open));
    assert_eq!(
        Move::Return(S::WaysOfKnowing).from(&here).unwrap(),
        (1, S::WaysOfKnowing, open)
    );
    let code = |of: Result<(i64, S, SpiralStatus)>| match of.unwrap_err() {
        crate::Error::Invalid(found) => found[0].code.clone(),
        other => other.code().to_owned(),
    };
    assert_eq!(code(Move::Return(S::ChangeSupport).from(&here)), "not_earlier");
    assert_eq!(code(Move::Revolve.from(&here)), "not_at_last_step");
    assert_eq!(code(Move::Sustain.from(&here)), "not_at_last_step");
    assert_eq!(code(Move::Reopen.from(&here)), "not_closed");
    let last = at(S::Sustainability, open);
    assert_eq!(code(Move::Advance.from(&last)), "last_step");
    assert_eq!(
        Move::Revolve.from(&last).unwrap(),
        (2, S::RecognitionOfNeed, open)
    );
    let closed = at(S::Sustainability, SpiralStatus::Sustained);
    for wrong in [
        Move::Advance,
        Move::Return(S::WaysOfKnowing),
        Move::Revolve,
        Move::Sustain,
    ] {
        assert_eq!(code(wrong.from(&closed)), "spiral_closed");
    }
    assert!(Move::Discontinue.from(&closed).is_ok());
    let given_up = at(S::WaysOfKnowing, SpiralStatus::Discontinued);
    assert_eq!(code(Move::Discontinue.from(&given_up)), "spiral_closed");
    assert_eq!(Move::Reopen.from(&given_up).unwrap(), (1, S::WaysOfKnowing, open));
}

#[test]
fn the_counts_of_a_day_follow_from_the_history() {
    use SpiralStep as S;
    let open = SpiralStatus::Active;
    let mut spiral = spiral();
    spiral.quiet = vec![Quiet {
        from: day("2006-02-01"),
        until: day("2006-03-01"),
    }];
    spiral.dormant_from = Some(day("2006-09-01"));
    let stays = [
        stay(1, S::RecognitionOfNeed, open, "2006-01-01", Some("2006-02-10")),
        stay(1, S::WaysOfKnowing, open, "2006-02-10", Some("2006-03-20")),
        stay(1, S::Sustainability, open, "2006-03-20", Some("2006-03-25")),
        stay(
            1,
            S::Sustainability,
            SpiralStatus::Sustained,
            "2006-03-25",
            Some("2006-04-01"),
        ),
        stay(1, S::Sustainability, open, "2006-04-01", Some("2006-04-02")),
        stay(2, S::RecognitionOfNeed, open, "2006-04-02", None),
    ];
    let changes = changes_of(&spiral, &stays);
    let count = |figure, at: &str| on(&changes, figure, at);
    assert_eq!(count(Figure::Active(S::RecognitionOfNeed), "2006-01-31"), 1);
    assert_eq!(count(Figure::Dormant(S::RecognitionOfNeed), "2006-02-01"), 1);
    assert_eq!(count(Figure::Active(S::RecognitionOfNeed), "2006-02-01"), 0);
    assert_eq!(count(Figure::Dormant(S::WaysOfKnowing), "2006-02-28"), 1);
    assert_eq!(count(Figure::Active(S::WaysOfKnowing), "2006-03-01"), 1);
    assert_eq!(count(Figure::Sustained, "2006-03-31"), 1);
    assert_eq!(count(Figure::TurnsCompleted, "2006-03-31"), 1);
    assert_eq!(count(Figure::TurnsCompleted, "2006-04-01"), 0);
    assert_eq!(count(Figure::TurnsCompleted, "2006-04-02"), 1);
    assert_eq!(count(Figure::Stayed(S::RecognitionOfNeed, 40), "2006-02-10"), 1);
    assert_eq!(count(Figure::Stayed(S::RecognitionOfNeed, 40), "2006-02-09"), 0);
    assert_eq!(count(Figure::Active(S::RecognitionOfNeed), "2006-08-31"), 1);
    assert_eq!(count(Figure::Dormant(S::RecognitionOfNeed), "2007-01-01"), 1);
    // On each day it stands in one place.
    let mut today = day("2006-01-01");
    while today < day("2006-12-31") {
        let places = |figure: &Figure| {
            !matches!(
                figure,
                Figure::TurnsCompleted | Figure::Stayed(..) | Figure::Units
            )
        };
        let n: i64 = changes
            .iter()
            .filter(|(on, figure, _)| *on <= today && places(figure))
            .map(|(_, _, n)| n)
            .sum();
        assert_eq!(n, 1, "{today}");
        today = today.next();
    }
}

#[test]
fn a_figure_reads_back_as_it_was_stored() {
    let mut figures = vec![Figure::Sustained, Figure::TurnsCompleted, Figure::Units];
    for step in SpiralStep::ALL {
        figures.extend([
            Figure::Active(*step),
            Figure::Dormant(*step),
            Figure::Discontinued(*step),
            Figure::Stayed(*step, 0),
            Figure::Stayed(*step, 3_650),
        ]);
    }
    for figure in figures {
        assert_eq!(Figure::from_number(figure.number()), Some(figure));
    }
    assert_eq!(Figure::from_number(0), None);
    assert_eq!(Figure::from_number(6), None);
}

#[test]
fn quartiles_are_of_days_that_were_stayed() {
    let of = |lasted: &[(i64, i64)]| {
        TimeInStep::of(lasted).map(|time| (time.stays, time.lower_quartile, time.median, time.upper_quartile))
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[(7, 1)]), Some((1, 7, 7, 7)));
    assert_eq!(of(&[(1, 1), (2, 1), (3, 1), (4, 1)]), Some((4, 1, 2, 3)));
    assert_eq!(of(&[(0, 3), (10, 1), (20, 4)]), Some((8, 0, 10, 20)));
}

#[test]
fn progress_is_the_highest_rung_with_nothing_missing_below() {
    use ProgressCondition as C;
    let mut facts = ProgressFacts::default();
    let now = |facts: &ProgressFacts| {
        let supported = SupportedProgress::of(facts);
        (supported.score, supported.lacks)
    };
    assert_eq!(now(&facts), (0.5, Some(C::LeadTeam)));
    // Gains count for nothing while what should lead to them is not on record.
    facts.furthest = Some(0.9);
    facts.special_cause = true;
    facts.lead_team = true;
    assert_eq!(now(&facts), (0.5, Some(C::Aim)));
    (facts.any_aim, facts.aims) = (true, 3);
    assert_eq!(now(&facts), (1.0, Some(C::Need)));
    facts.need = true;
    assert_eq!(now(&facts), (1.0, Some(C::Decision)));
    facts.decision = true;
    assert_eq!(now(&facts), (1.5, Some(C::CycleOrFivePs)));
    facts.five_ps = true;
    assert_eq!(now(&facts), (2.0, Some(C::CycleStudied)));
    facts.cycle_studied = true;
    facts.furthest = Some(0.19);
    assert_eq!(now(&facts), (2.5, Some(C::FifthOfTheWay)));
    facts.furthest = Some(0.2);
    assert_eq!(now(&facts), (3.5, Some(C::HalfOfAims)));
    facts.met = 1;
    assert_eq!(now(&facts), (3.5, Some(C::HalfOfAims)));
    facts.met = 2;
    facts.holding_months = Some(11);
    assert_eq!(now(&facts), (4.5, Some(C::AllAims)));
    facts.met = 3;
    assert_eq!(now(&facts), (4.5, Some(C::HeldTwelveMonths)));
    facts.holding_months = Some(12);
    assert_eq!(now(&facts), (5.0, None));
}

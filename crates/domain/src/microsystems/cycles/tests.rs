use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn today() -> Date {
    "2006-03-31".parse().unwrap()
}

fn cycle(kind: &str) -> Cycle {
    let standard = kind == "sdsa";
    serde_json::from_value(json!({
        "id": Uuid::from_u128(1), "unitId": Uuid::from_u128(9), "kind": kind, "rampId": null, "followsId": null,
        "title": "A test", "phase": "plan", "plan": { "objective": "See" }, "carriedOut": null, "study": null,
        "act": null, "owner": standard.then_some("Lead nurse"), "reviewOn": standard.then_some("2006-03-30"),
        "reviewedOn": null, "retracted": false, "sharing": "team", "recordedBy": Uuid::from_u128(1), "version": 1,
        "createdAt": "2005-11-01T00:00:00.000000Z", "updatedAt": "2005-11-01T00:00:00.000000Z",
    }))
    .unwrap()
}

fn carry_out(input: Value) -> CarryOutCycle {
    serde_json::from_value(input).unwrap()
}

fn done() -> CarryOutCycle {
    carry_out(json!({ "startedOn": "2006-03-06", "observations": "Seen" }))
}

fn study() -> StudyCycle {
    StudyCycle {
        result: CycleResult::Partly,
        learning: "Much".into(),
    }
}

fn act() -> ActOnCycle {
    ActOnCycle {
        decision: CycleDecision::Adapt,
        next_step: None,
    }
}

#[test]
fn a_cycle_moves_on_only_through_its_phases() {
    let moves: [fn(&mut Cycle) -> Result<()>; 4] = [
        |cycle| ChangeCycle::default().apply(cycle),
        |cycle| done().apply(cycle, today()),
        |cycle| study().apply(cycle),
        |cycle| act().apply(cycle),
    ];
    let mut at = cycle("pdsa");
    for here in 0..4 {
        for (to, make) in moves.iter().enumerate() {
            let mut tried = at.clone();
            let may = to == here || to == here + 1;
            let answer = make(&mut tried);
            assert_eq!(answer.is_ok(), may, "from {here} to {to}: {answer:?}");
            if let Err(error) = answer {
                assert_eq!(error.code(), "wrong_phase");
                assert_eq!(tried, at, "a refused move changed something");
            }
        }
        if here < 3 {
            moves[here + 1](&mut at).unwrap();
        }
    }
    assert_eq!(at.phase, CyclePhase::Act);
    assert!(at.carried_out.is_some() && at.study.is_some() && at.act.is_some());
}

#[test]
fn what_was_carried_out_lies_in_the_past_and_each_day_counts_once() {
    let mut at = cycle("pdsa");
    let input = json!({
        "startedOn": "2006-04-01", "endedOn": "2006-03-01", "observations": "",
        "measurements": [{ "on": "2006-03-01", "value": 1 }, { "on": "2006-03-01", "value": 2 }, { "on": "2006-05-01", "value": 1e300 }],
    });
    let Err(Error::Invalid(found)) = carry_out(input).apply(&mut at, today()) else {
        panic!("it was taken");
    };
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|of| (of.pointer.as_str(), of.code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("/observations", "empty"),
            ("/startedOn", "out_of_range"),
            ("/endedOn", "ends_before_start"),
            ("/measurements/1/on", "twice"),
            ("/measurements/2/value", "out_of_range"),
            ("/measurements/2/on", "out_of_range"),
        ]
    );
    assert_eq!(at.phase, CyclePhase::Plan);
}

#[test]
fn a_standard_has_an_owner_and_a_day_and_is_overdue_after_it() {
    let plan = |kind: &str, more: Value| {
        let mut input = json!({ "kind": kind, "title": "T", "plan": { "objective": "O" } });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value::<PlanCycle>(input).unwrap().check()
    };
    let pointers = |answer: Result<()>| -> Vec<String> {
        let Err(Error::Invalid(found)) = answer else {
            panic!("it was taken");
        };
        found.into_iter().map(|of| of.pointer).collect()
    };
    assert_eq!(pointers(plan("sdsa", json!({}))), ["/owner", "/reviewOn"]);
    assert_eq!(pointers(plan("pdsa", json!({}))), ["/ramp"]);
    let both = json!({ "owner": "Lead", "reviewOn": "2006-06-01", "ramp": Uuid::from_u128(3) });
    assert_eq!(pointers(plan("pdsa", both)), ["/owner", "/reviewOn"]);

    let mut standard = cycle("sdsa");
    assert!(standard.is_overdue(today()));
    assert!(!standard.is_overdue("2006-03-30".parse().unwrap()));
    let review = |on: &str| ReviewCycle {
        reviewed_on: None,
        review_on: on.parse().unwrap(),
    };
    assert!(review("2006-03-31").apply(&mut standard, today()).is_err());
    review("2006-09-30").apply(&mut standard, today()).unwrap();
    assert!(!standard.is_overdue(today()));
    let refused = review("2006-09-30")
        .apply(&mut cycle("pdsa"), today())
        .unwrap_err();
    assert_eq!(refused.code(), "no_standard");
}

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn cycle(n: u128, changes: Value) -> Cycle {
    let mut record = json!({
        "id": Uuid::from_u128(n), "unitId": Uuid::from_u128(99), "kind": "pdsa", "rampId": Uuid::from_u128(7),
        "followsId": null, "title": "A test", "phase": "act",
        "plan": { "objective": "See", "prediction": "It works", "scale": "one" },
        "carriedOut": {
            "startedOn": "2005-11-07", "endedOn": "2005-11-28", "observations": "Seen", "deviations": null,
            "measurements": [
                { "on": "2005-11-07", "value": 1.0 },
                { "on": "2005-11-14", "value": 2.0 },
                { "on": "2005-11-21", "value": 3.0 },
            ],
        },
        "study": { "result": "confirmed", "learning": "Much" },
        "act": { "decision": "adapt", "nextStep": null },
        "owner": null, "reviewOn": null, "reviewedOn": null, "retracted": false, "sharing": "organisation",
        "recordedBy": Uuid::from_u128(1), "version": 1,
        "createdAt": "2005-11-01T00:00:00.000000Z", "updatedAt": "2005-11-01T00:00:00.000000Z",
    });
    record
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    serde_json::from_value(record).unwrap()
}

fn ramp() -> Vec<Cycle> {
    vec![
        cycle(1, json!({})),
        cycle(2, json!({ "followsId": Uuid::from_u128(1) })),
    ]
}

fn unmet(cycles: &[Cycle]) -> Vec<FidelityFeature> {
    let found = ramp_fidelity(RampId(Uuid::from_u128(7)), cycles, &[]);
    let lacking = found.features.iter().filter(|of| !of.met);
    assert_eq!(found.met, 5 - i64::try_from(lacking.clone().count()).unwrap());
    lacking.map(|of| of.feature).collect()
}

#[test]
fn a_ramp_by_the_book_has_all_five() {
    assert_eq!(unmet(&ramp()), []);
    let found = ramp_fidelity(RampId(Uuid::from_u128(7)), &ramp(), &[]);
    assert!(found.by_cycle.iter().all(|cycle| cycle.met == 5), "{found:?}");
}

#[test]
fn each_feature_is_missed_by_itself_and_its_cycle_is_named() {
    use FidelityFeature as F;
    let lacking = |feature, second: Value| {
        let mut cycles = ramp();
        let mut changes = json!({ "followsId": Uuid::from_u128(1) });
        changes
            .as_object_mut()
            .unwrap()
            .extend(second.as_object().unwrap().clone());
        cycles[1] = cycle(2, changes);
        assert_eq!(unmet(&cycles), [feature], "{feature:?}");
        let found = ramp_fidelity(RampId(Uuid::from_u128(7)), &cycles, &[]);
        let answer = found.features.iter().find(|of| of.feature == feature).unwrap();
        assert!(!answer.cycle_ids.is_empty() && !answer.why.is_empty());
    };
    lacking(
        F::Prediction,
        json!({ "plan": { "objective": "See", "scale": "one" } }),
    );
    let mut cycles = ramp();
    cycles[1].follows_id = None;
    assert_eq!(unmet(&cycles), [F::IterativeCycles]);
    let mut cycles = ramp();
    cycles[0].plan.scale = Some(crate::microsystems::CycleScale::WholeTeam);
    assert_eq!(unmet(&cycles), [F::SmallScale]);
    cycles[0].plan.scale = None;
    assert_eq!(unmet(&cycles), [F::SmallScale]);
    let mut cycles = ramp();
    for cycle in &mut cycles {
        cycle.carried_out.as_mut().unwrap().measurements.truncate(2);
    }
    assert_eq!(unmet(&cycles), [F::DataOverTime]);
    let mut cycles = ramp();
    cycles[0].act = None;
    assert_eq!(unmet(&cycles), [F::Documentation]);
    // The last one may still be under way.
    let mut cycles = ramp();
    cycles[1].act = None;
    assert_eq!(unmet(&cycles), []);
}

#[test]
fn points_are_regular_or_do_not_count() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let mut cycles = ramp();
    for cycle in &mut cycles {
        cycle.carried_out.as_mut().unwrap().measurements.clear();
    }
    let data = |days: &[&str]| -> bool {
        let days: Vec<Date> = days.iter().map(|text| day(text)).collect();
        let found = ramp_fidelity(RampId(Uuid::from_u128(7)), &cycles, &days);
        found
            .features
            .iter()
            .any(|of| of.feature == FidelityFeature::DataOverTime && of.met)
    };
    assert!(data(&["2005-11-07", "2005-11-14", "2005-11-21"]));
    assert!(
        !data(&["2005-11-07", "2005-11-08", "2005-11-28"]),
        "a gap of twenty days after one of one"
    );
    assert!(
        !data(&["2005-11-07", "2005-11-14", "2005-12-21"]),
        "one came after the cycles"
    );
    assert!(
        !data(&["2005-11-07", "2005-11-14", "2005-11-14"]),
        "two on one day are one point"
    );
}

#[test]
fn no_cycles_no_features() {
    let found = ramp_fidelity(RampId(Uuid::from_u128(7)), &[], &[]);
    assert_eq!((found.met, found.features.len()), (0, 5));
    assert_eq!(team_fidelity(UnitId(Uuid::from_u128(99)), vec![found]).ramps, 0);
}

use super::*;
use crate::field_tests::FieldTestStatus;
use uuid::Uuid;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    "2006-03-31T12:00:00Z".parse().unwrap()
}

fn field_test(design: Design) -> FieldTest {
    FieldTest {
        id: FieldTestId(Uuid::nil()),
        code: "pilot".into(),
        name: "Pilot".into(),
        innovation_id: Uuid::nil().into(),
        unit_id: UnitId(Uuid::nil()),
        question: "Does it work?".into(),
        hypothesis: None,
        design,
        primary_measure_code: Some("wait".into()),
        secondary_measure_codes: vec!["satisfaction".into()],
        success_criterion: None,
        smallest_worthwhile_effect: None,
        status: FieldTestStatus::Running,
        starts_on: None,
        ends_on: None,
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}

fn site(arm: Option<Arm>, crossed_over_on: Option<&str>) -> Site {
    Site {
        id: SiteId(Uuid::nil()),
        field_test_id: FieldTestId(Uuid::nil()),
        unit_id: UnitId(Uuid::nil()),
        label: None,
        arm,
        step: None,
        enrolled_on: day("2005-01-01"),
        crossed_over_on: crossed_over_on.map(day),
        left_on: None,
        source: None,
        sharing: Sharing::National,
        enrolled_by: PrincipalId(Uuid::nil()),
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}

fn row() -> PushFieldTestResult {
    PushFieldTestResult {
        unit: Reference::code("ward-3"),
        measure_code: "wait".into(),
        arm: None,
        phase: None,
        period_start: None,
        period_end: None,
        stratum: Stratum::whole(),
        n: Some(40),
        events: Some(10),
        mean: None,
        sd: None,
        quality: Quality::Measured,
        source: None,
        external_id: None,
        take_over: false,
        retracted: false,
    }
}

fn month(row: PushFieldTestResult, start: &str, end: &str) -> PushFieldTestResult {
    PushFieldTestResult {
        period_start: Some(day(start)),
        period_end: Some(day(end)),
        ..row
    }
}

fn codes(found: &[Violation]) -> Vec<(&str, &str)> {
    found
        .iter()
        .map(|violation| (violation.pointer.as_str(), violation.code.as_str()))
        .collect()
}

#[test]
fn every_mistake_in_the_figures_is_named() {
    let today = day("2006-03-31");
    assert_eq!(row().check(today, false), []);
    let wrong = PushFieldTestResult {
        n: Some(5),
        events: Some(9),
        mean: Some(f64::NAN),
        sd: Some(-1.0),
        period_end: Some(day("2006-04-30")),
        stratum: Stratum::read("sex"),
        measure_code: "Wait".into(),
        external_id: Some("r-1".into()),
        ..row()
    };
    let found = wrong.check(today, false);
    assert_eq!(
        codes(&found),
        [
            ("/measureCode", "code_format"),
            ("/periodStart", "required"),
            ("/stratum", "stratum_format"),
            ("/source", "missing"),
            ("/mean", "not_finite"),
            ("/sd", "out_of_range"),
            ("/events", "events_above_n"),
            ("/mean", "one_of"),
        ]
    );
}

#[test]
fn figures_and_quality_agree() {
    let today = day("2006-03-31");
    let nothing = PushFieldTestResult {
        n: None,
        events: None,
        ..row()
    };
    assert_eq!(
        codes(&nothing.check(today, false)),
        [("/n", "required"), ("/events", "one_of")]
    );
    let not_available = PushFieldTestResult {
        quality: Quality::NotAvailable,
        ..nothing.clone()
    };
    assert_eq!(not_available.check(today, false), []);
    let retracted = PushFieldTestResult {
        retracted: true,
        ..nothing
    };
    assert_eq!(retracted.check(today, false), []);
    let figures = PushFieldTestResult {
        quality: Quality::NotApplicable,
        ..row()
    };
    assert_eq!(
        codes(&figures.check(today, false)),
        [("/quality", "figures_without_quality")]
    );
}

#[test]
fn in_a_stepped_wedge_the_arm_follows_from_the_crossover() {
    let test = field_test(Design::SteppedWedge);
    let crossed = site(None, Some("2005-06-01"));
    let before = month(row(), "2005-05-01", "2005-05-31");
    let after = month(row(), "2005-06-01", "2005-06-30");
    assert_eq!(before.place(&test, &crossed), Ok(Arm::Control));
    assert_eq!(after.place(&test, &crossed), Ok(Arm::Intervention));
    assert_eq!(after.place(&test, &site(None, None)), Ok(Arm::Control));
    let contradicting = PushFieldTestResult {
        arm: Some(Arm::Control),
        ..after
    };
    let found = contradicting.place(&test, &crossed).unwrap_err();
    assert_eq!(codes(&found), [("/arm", "arm_contradicts_crossover")]);
    let spanning = month(row(), "2005-05-01", "2005-06-30");
    let found = spanning.place(&test, &crossed).unwrap_err();
    assert_eq!(codes(&found), [("/periodStart", "period_spans_crossover")]);
    let found = row().place(&test, &crossed).unwrap_err();
    assert_eq!(codes(&found), [("/periodStart", "required")]);
}

#[test]
fn each_design_takes_what_it_needs() {
    let phased = PushFieldTestResult {
        phase: Some(Phase::After),
        ..row()
    };
    let before_after = field_test(Design::BeforeAfter);
    assert_eq!(
        phased.place(&before_after, &site(None, None)),
        Ok(Arm::Intervention)
    );
    let found = row().place(&before_after, &site(None, None)).unwrap_err();
    assert_eq!(codes(&found), [("/phase", "required")]);

    let parallel = field_test(Design::Parallel);
    let found = row().place(&parallel, &site(None, None)).unwrap_err();
    assert_eq!(codes(&found), [("/arm", "required")]);
    assert_eq!(
        row().place(&parallel, &site(Some(Arm::Control), None)),
        Ok(Arm::Control)
    );
    let other = PushFieldTestResult {
        arm: Some(Arm::Intervention),
        ..row()
    };
    let found = other
        .place(&parallel, &site(Some(Arm::Control), None))
        .unwrap_err();
    assert_eq!(codes(&found), [("/arm", "arm_contradicts_site")]);

    let spc = field_test(Design::Spc);
    let unknown = PushFieldTestResult {
        measure_code: "length-of-stay".into(),
        ..phased
    };
    let found = unknown.place(&spc, &site(None, None)).unwrap_err();
    assert_eq!(
        codes(&found),
        [
            ("/measureCode", "not_in_protocol"),
            ("/phase", "not_in_design"),
            ("/periodStart", "required")
        ]
    );
}

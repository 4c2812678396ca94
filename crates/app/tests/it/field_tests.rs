//! Field tests: sites, pushed results, and who reads them.

use serde_json::{Value, json};
use spiral_app::field_tests::{self, FieldTestFilter, ResultFilter};
use spiral_app::{Caller, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow};
use spiral_domain::field_tests::{
    Arm, ChangeFieldTest, ChangeSite, CreateFieldTest, FieldTest, FieldTestResult, FieldTestStatus,
    PushFieldTestResult, Site,
};
use spiral_domain::people::Role;
use spiral_domain::tenancy::SetSharing;
use spiral_domain::{PageRequest, Patch, Result, Sharing, WorkKind};

use crate::world::{World, code, place, refused, worlds};

fn create(design: &str) -> CreateFieldTest {
    serde_json::from_value(json!({
        "code": "pilot", "name": "See and treat", "innovation": "code:see-and-treat", "unit": "code:north",
        "question": "Does it shorten the wait?", "design": design, "primaryMeasureCode": "wait",
        "secondaryMeasureCodes": ["satisfaction"], "smallestWorthwhileEffect": -10.5,
    }))
    .unwrap()
}

fn enrol(unit: &str, more: &Value) -> spiral_domain::field_tests::EnrolSite {
    let mut site = json!({"unit": format!("code:{unit}"), "enrolledOn": "2005-01-01"});
    merge(&mut site, more);
    serde_json::from_value(site).unwrap()
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().unwrap() {
        into[name] = value.clone();
    }
}

fn row(unit: &str, more: &Value) -> PushFieldTestResult {
    let mut row = json!({"unit": format!("code:{unit}"), "measureCode": "wait", "n": 40, "events": 10});
    merge(&mut row, more);
    serde_json::from_value(row).unwrap()
}

fn month(unit: &str, month: u32, more: &Value) -> PushFieldTestResult {
    let last = if month == 2 { 28 } else { 30 };
    let mut all =
        json!({"periodStart": format!("2005-{month:02}-01"), "periodEnd": format!("2005-{month:02}-{last}")});
    merge(&mut all, more);
    row(unit, &all)
}

async fn push(caller: &Caller, rows: Vec<PushFieldTestResult>, options: BatchOptions) -> Result<BatchReport> {
    let batch = rows
        .into_iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(row),
        })
        .collect();
    field_tests::push_field_test_results(caller, &code("pilot"), batch, options).await
}

fn counts(report: &BatchReport) -> (usize, usize, usize, usize) {
    (report.inserted, report.updated, report.unchanged, report.rejected)
}

fn places(report: &BatchReport) -> Vec<(&str, &str)> {
    report
        .errors
        .iter()
        .map(|error| (error.pointer.as_str(), error.code.as_str()))
        .collect()
}

async fn results(caller: &Caller) -> Vec<FieldTestResult> {
    let filter = ResultFilter::default();
    let page = field_tests::results(caller, &code("pilot"), filter, &PageRequest::default()).await;
    page.unwrap().data
}

async fn set_status(caller: &Caller, status: FieldTestStatus) -> Result<FieldTest> {
    let change = ChangeFieldTest {
        status: Some(status),
        ..ChangeFieldTest::default()
    };
    field_tests::change_field_test(caller, &code("pilot"), None, change).await
}

/// An innovation, and measures to check it by.
async fn prepare(world: &World) {
    world.innovation("see-and-treat").await;
    for measure in ["wait", "satisfaction", "length-of-stay"] {
        let define = json!({
            "unit": "code:nhs", "code": measure, "name": measure, "kind": "outcome", "scale": "proportion",
            "direction": "lower_is_better", "cadence": "month",
        });
        let define = serde_json::from_value(define).unwrap();
        spiral_app::measures::define_measure(&world.system, define)
            .await
            .unwrap();
    }
}

/// A running field test of the north, with a site at both teams of Hull; and its lead.
async fn running(world: &World, design: &str) -> Caller {
    prepare(world).await;
    let lead = world.person(Role::ShaLead, "north").await;
    field_tests::create_field_test(&lead, create(design))
        .await
        .unwrap();
    for team in ["hull-a", "hull-b"] {
        let site = enrol(team, &json!({}));
        field_tests::enrol_site(&lead, &code("pilot"), site)
            .await
            .unwrap();
    }
    set_status(&lead, FieldTestStatus::Running).await.unwrap();
    lead
}

#[tokio::test]
async fn a_field_test_goes_from_plan_to_close() {
    for world in worlds().await {
        prepare(&world).await;
        let lead = world.person(Role::ShaLead, "north").await;
        let unknown = CreateFieldTest {
            primary_measure_code: Some("luck".into()),
            ..create("spc")
        };
        let unknown = field_tests::create_field_test(&lead, unknown).await;
        assert_eq!(refused(unknown), [place("/primaryMeasureCode", "not_found")]);
        let test = field_tests::create_field_test(&lead, create("spc"))
            .await
            .unwrap();
        assert_eq!(test.status, FieldTestStatus::Planned);
        let again = field_tests::create_field_test(&lead, create("spc")).await;
        assert_eq!(refused(again), [place("/code", "code_taken")]);
        let team = world.person(Role::TeamMember, "dorset-a").await;
        let seen = field_tests::field_test(&team, &code("pilot")).await.unwrap();
        assert_eq!((&seen.record, seen.allowed_actions.len()), (&test, 0));
        assert_eq!(
            refused(set_status(&team, FieldTestStatus::Running).await),
            [place("", "forbidden")]
        );

        let early = push(&lead, vec![], BatchOptions::default()).await;
        assert_eq!(refused(early), [place("", "field_test_not_running")]);
        let change = ChangeFieldTest {
            secondary_measure_codes: Some(vec!["length-of-stay".into(), "wait".into()]),
            ..ChangeFieldTest::default()
        };
        let twice = field_tests::change_field_test(&lead, &code("pilot"), None, change).await;
        assert_eq!(refused(twice), [place("/secondaryMeasureCodes/1", "twice")]);
        let running = set_status(&lead, FieldTestStatus::Running).await.unwrap();
        assert_eq!(running.version, 2);
        let change = ChangeFieldTest {
            primary_measure_code: Patch::Value("length-of-stay".into()),
            ..ChangeFieldTest::default()
        };
        let fixed = field_tests::change_field_test(&lead, &code("pilot"), None, change).await;
        assert_eq!(refused(fixed), [place("", "protocol_fixed")]);
        let back = set_status(&lead, FieldTestStatus::Planned).await;
        assert_eq!(refused(back), [place("/status", "status_goes_back")]);
        set_status(&lead, FieldTestStatus::Closed).await.unwrap();
        let late = field_tests::enrol_site(&lead, &code("pilot"), enrol("hull-a", &json!({}))).await;
        assert_eq!(refused(late), [place("", "field_test_closed")]);
        let filter = FieldTestFilter {
            innovation: Some(code("see-and-treat")),
            unit: Some(code("north")),
            status: Some(FieldTestStatus::Closed),
        };
        let page = field_tests::field_tests(&team, filter, &PageRequest::default()).await;
        assert_eq!(page.unwrap().data.len(), 1);
        world.verifies().await;
    }
}

#[tokio::test]
async fn results_are_read_back_per_site_and_pushed_again_without_a_trace() {
    for world in worlds().await {
        let lead = running(&world, "before_after").await;
        let rows = || {
            vec![
                row("hull-a", &json!({"phase": "before", "stratum": "sex=f; age=65"})),
                row("hull-a", &json!({"phase": "after", "events": 4})),
                row(
                    "hull-b",
                    &json!({"phase": "after", "events": null, "mean": 12.25, "sd": 3.5}),
                ),
            ]
        };
        let report = push(&lead, rows(), BatchOptions::default()).await.unwrap();
        assert_eq!(counts(&report), (3, 0, 0, 0));
        let before = results(&lead).await;
        let report = push(&lead, rows(), BatchOptions::default()).await.unwrap();
        assert_eq!(counts(&report), (0, 0, 3, 0));
        assert_eq!(results(&lead).await, before);
        assert_eq!(
            (before[0].arm, before[0].stratum.to_string().as_str()),
            (Arm::Intervention, "age=65;sex=f")
        );

        let page = PageRequest::default();
        let by_site = field_tests::results_by_site(&lead, &code("pilot"), &page)
            .await
            .unwrap();
        let seen: Vec<(usize, bool)> = by_site
            .data
            .iter()
            .map(|of| {
                (
                    of.results.len(),
                    of.results.iter().all(|result| result.site_id == of.site.id),
                )
            })
            .collect();
        assert_eq!(seen, [(2, true), (1, true)]);

        let changed = row("hull-a", &json!({"phase": "after", "events": 5}));
        let retracted = row("hull-b", &json!({"phase": "after", "retracted": true}));
        let options = BatchOptions {
            dry_run: true,
            ..BatchOptions::default()
        };
        let rows = vec![changed, retracted];
        let report = push(&lead, rows.clone(), options).await.unwrap();
        assert_eq!((counts(&report), report.dry_run), ((0, 2, 0, 0), true));
        assert_eq!(results(&lead).await, before);
        let report = push(&lead, rows, BatchOptions::default()).await.unwrap();
        assert_eq!(counts(&report), (0, 2, 0, 0));
        let after = results(&lead).await;
        let told: Vec<(Option<i64>, i64)> = after
            .iter()
            .map(|result| (result.events, result.version))
            .collect();
        assert_eq!(told, [(Some(10), 1), (Some(5), 2)]);
        let all = ResultFilter {
            retracted: true,
            unit: Some(code("hull-b")),
            ..ResultFilter::default()
        };
        let tombstone = field_tests::results(&lead, &code("pilot"), all, &page)
            .await
            .unwrap();
        assert_eq!(
            (tombstone.data[0].retracted, tombstone.data[0].mean),
            (true, Some(12.25))
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_batch_names_every_mistake_and_takes_the_good_rows_if_asked() {
    for world in worlds().await {
        let lead = running(&world, "before_after").await;
        let rows = || {
            vec![
                row("hull-a", &json!({"phase": "before"})),
                row("hull-a", &json!({"events": 50})),
                row("nowhere", &json!({"phase": "before"})),
                row("dorset-a", &json!({"phase": "before"})),
                row("hull", &json!({"phase": "before"})),
                row("hull-b", &json!({"measureCode": "smoking"})),
                row("hull-a", &json!({"phase": "before", "events": 11})),
            ]
        };
        let expected = [
            ("/1/events", "events_above_n"),
            ("/2/unit", "not_found"),
            ("/3/unit", "forbidden"),
            ("/4/unit", "not_a_site"),
            ("/5/measureCode", "not_in_protocol"),
            ("/5/phase", "required"),
            ("/6", "twice_in_batch"),
        ];
        let refusal = refused(push(&lead, rows(), BatchOptions::default()).await);
        assert_eq!(refusal, expected.map(|(pointer, code)| place(pointer, code)));
        assert_eq!(results(&lead).await, []);
        let options = BatchOptions {
            atomic: Some(false),
            ..BatchOptions::default()
        };
        let report = push(&lead, rows(), options).await.unwrap();
        assert_eq!(counts(&report), (1, 0, 0, 6));
        assert_eq!(places(&report), expected);
        assert_eq!(results(&lead).await.len(), 1);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_tool_pushes_as_its_own_source_only() {
    for world in worlds().await {
        let lead = running(&world, "before_after").await;
        let tool = world.tool("trialbase", "hull").await;
        let other = world.tool("sheets", "hull").await;
        let named = |source: &str, more: &Value| {
            let mut all = json!({"phase": "after", "source": source, "externalId": "r-1"});
            merge(&mut all, more);
            row("hull-a", &all)
        };
        let nobody = push(
            &tool,
            vec![row("hull-a", &json!({"phase": "after"}))],
            BatchOptions::default(),
        )
        .await;
        assert_eq!(refused(nobody), [place("/0/source", "required")]);
        for caller in [&lead, &other] {
            let pushed = push(
                caller,
                vec![named("trialbase", &json!({}))],
                BatchOptions::default(),
            )
            .await;
            assert_eq!(refused(pushed), [place("/0/source", "not_your_source")]);
        }
        let pushed = push(
            &tool,
            vec![named("trialbase", &json!({}))],
            BatchOptions::default(),
        )
        .await;
        assert_eq!(counts(&pushed.unwrap()), (1, 0, 0, 0));
        // The name holds, whatever else about the result is corrected.
        let moved = named("trialbase", &json!({"unit": "code:hull-b", "stratum": "sex=f"}));
        let pushed = push(&tool, vec![moved], BatchOptions::default()).await;
        assert_eq!(counts(&pushed.unwrap()), (0, 1, 0, 0));
        let seen = results(&tool).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].unit_id, world.unit("hull-b").await.id);
        assert_eq!(results(&other).await, []);

        let same = |more: &Value| {
            let mut all = json!({"phase": "after", "stratum": "sex=f", "source": "sheets"});
            merge(&mut all, more);
            row("hull-b", &all)
        };
        let taken = push(&other, vec![same(&json!({}))], BatchOptions::default()).await;
        assert_eq!(refused(taken), [place("/0/source", "held_by_another_source")]);
        let taken = push(
            &other,
            vec![same(&json!({"takeOver": true}))],
            BatchOptions::default(),
        )
        .await;
        assert_eq!(counts(&taken.unwrap()), (0, 1, 0, 0));
        assert_eq!((results(&tool).await.len(), results(&other).await.len()), (0, 1));

        let retract = row("hull-a", &json!({"retracted": true, "phase": "before"}));
        let nothing = field_tests::push_field_test_result(&lead, &code("pilot"), retract).await;
        assert_eq!(refused(nothing), [place("/retracted", "nothing_to_retract")]);
        let outside = row("dorset-a", &json!({"phase": "before"}));
        let forbidden = field_tests::push_field_test_result(&lead, &code("pilot"), outside).await;
        assert_eq!(refused(forbidden), [place("", "forbidden")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn in_a_stepped_wedge_the_arm_follows_from_the_actual_crossover() {
    for world in worlds().await {
        let lead = running(&world, "stepped_wedge").await;
        let early = vec![
            month("hull-a", 4, &json!({})),
            month("hull-a", 9, &json!({"arm": "intervention"})),
        ];
        let pushed = push(&lead, early, BatchOptions::default()).await;
        assert_eq!(refused(pushed), [place("/1/arm", "arm_contradicts_crossover")]);
        let cross = async |on: &str| {
            let change = ChangeSite {
                crossed_over_on: Patch::Value(on.parse().unwrap()),
                ..ChangeSite::default()
            };
            field_tests::change_site(&lead, &code("pilot"), &code("hull-a"), None, change).await
        };
        let site: Site = cross("2005-06-01").await.unwrap();
        assert_eq!(site.version, 2);
        let rows = vec![
            month("hull-a", 4, &json!({})),
            month("hull-a", 9, &json!({"arm": "intervention"})),
        ];
        push(&lead, rows, BatchOptions::default()).await.unwrap();
        let arms: Vec<Arm> = results(&lead).await.iter().map(|result| result.arm).collect();
        assert_eq!(arms, [Arm::Control, Arm::Intervention]);
        assert_eq!(
            refused(cross("2005-10-01").await),
            [place("", "results_contradict")]
        );
        assert!(cross("2005-08-01").await.is_ok());
        assert_eq!(
            refused(cross("2006-04-01").await),
            [place("/crossedOverOn", "in_future")]
        );
        let armed = enrol("hull", &json!({"arm": "control"}));
        let armed = field_tests::enrol_site(&lead, &code("pilot"), armed).await;
        assert_eq!(refused(armed), [place("/arm", "arm_follows")]);
        let twice = field_tests::enrol_site(&lead, &code("pilot"), enrol("hull-a", &json!({}))).await;
        assert_eq!(refused(twice), [place("/unit", "already_enrolled")]);
        let outside = field_tests::enrol_site(&lead, &code("pilot"), enrol("dorset-a", &json!({}))).await;
        assert_eq!(refused(outside), [place("/unit", "not_beneath_owner")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn sites_and_results_are_read_as_far_as_their_team_shares_them() {
    for world in worlds().await {
        let lead = running(&world, "before_after").await;
        let rows = vec![
            row("hull-a", &json!({"phase": "before"})),
            row("hull-b", &json!({"phase": "before"})),
        ];
        push(&lead, rows, BatchOptions::default()).await.unwrap();
        let national = world.person(Role::NationalAnalyst, "nhs").await;
        let own = world.person(Role::TeamLead, "hull-a").await;
        let sibling = world.person(Role::TeamMember, "hull-b").await;
        let south = world.person(Role::ShaLead, "south").await;
        for (reader, seen) in [(&national, 2), (&lead, 2), (&own, 1), (&sibling, 1), (&south, 0)] {
            assert_eq!(results(reader).await.len(), seen);
            let page = field_tests::sites(reader, &code("pilot"), &PageRequest::default()).await;
            assert_eq!(page.unwrap().data.len(), seen);
        }
        let set = SetSharing {
            level: Sharing::Organisation,
        };
        tenancy::set_sharing(&own, &code("hull-a"), WorkKind::FieldTests, set)
            .await
            .unwrap();
        for (reader, seen) in [(&national, 1), (&lead, 1), (&own, 1), (&sibling, 1), (&south, 0)] {
            assert_eq!(results(reader).await.len(), seen);
        }
        // Whoever may push for a team may push what they cannot read afterwards.
        let report = push(
            &lead,
            vec![row("hull-a", &json!({"phase": "after"}))],
            BatchOptions::default(),
        );
        assert_eq!(counts(&report.await.unwrap()), (1, 0, 0, 0));
        assert_eq!((results(&lead).await.len(), results(&own).await.len()), (1, 2));
        world.verifies().await;
    }
}

/// Pushing tells nobody what a result says that they may not read, and does not overwrite it by accident.
#[tokio::test]
async fn a_hidden_result_is_neither_guessed_nor_overwritten() {
    for world in worlds().await {
        let lead = running(&world, "before_after").await;
        let own = world.person(Role::TeamLead, "hull-a").await;
        world.share("hull-a", WorkKind::FieldTests, Sharing::Team).await;
        let secret = row("hull-a", &json!({"phase": "before"}));
        push(&own, vec![secret.clone()], BatchOptions::default())
            .await
            .unwrap();
        let recorded = results(&own).await;
        let try_out = BatchOptions {
            dry_run: true,
            ..BatchOptions::default()
        };
        for guess in [10, 11] {
            let row = |more: &Value| {
                let mut all = json!({"phase": "before", "events": guess});
                merge(&mut all, more);
                row("hull-a", &all)
            };
            let plain = push(&lead, vec![row(&json!({}))], BatchOptions::default()).await;
            assert_eq!(refused(plain), [place("/0/source", "held_by_another_source")]);
            let taken = push(&lead, vec![row(&json!({"takeOver": true}))], try_out).await;
            assert_eq!(counts(&taken.unwrap()), (0, 1, 0, 0));
        }
        assert_eq!(results(&own).await, recorded);
        world.verifies().await;
    }
}

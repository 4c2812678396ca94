//! Pushing, correcting, taking back, and what was known when.

use serde_json::json;
use spiral_app::measures::{self, ObservationQuery};
use spiral_domain::exchange::BatchOptions;
use spiral_domain::people::Role;
use spiral_domain::{PageRequest, Reference, Sharing};

use super::{World, code, list, place, push, push_with, refused, row, with, without, worlds};

fn known_at(at: spiral_domain::Timestamp) -> ObservationQuery {
    ObservationQuery {
        known_at: Some(at),
        ..ObservationQuery::default()
    }
}

fn external(source: &str, id: &str) -> Reference {
    Reference::External {
        source: source.into(),
        external_id: id.into(),
    }
}

#[tokio::test]
async fn a_push_is_new_then_unchanged_then_a_correction_and_every_state_is_kept() {
    for world in worlds(&[&[2]]).await {
        world.measure("m", json!({"countsPeople": true})).await;
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let caller = world.caller(lead).await;
        let first = row("s0o0t0", "2005-04", 3, 10);
        assert_eq!(
            push(&caller, std::slice::from_ref(&first)).await.unwrap(),
            (1, 0, 0)
        );
        assert_eq!(
            push(&caller, std::slice::from_ref(&first)).await.unwrap(),
            (0, 0, 1)
        );
        let then = world.now().plus_seconds(1);
        world.later();
        let caller = world.caller(lead).await;
        assert_eq!(
            push(&caller, &[row("s0o0t0", "2005-04", 4, 10)]).await.unwrap(),
            (0, 1, 0)
        );
        let now = list(&caller, ObservationQuery::default()).await;
        assert_eq!((now.len(), now[0].numerator, now[0].version), (1, Some(4.0), 2));
        let before = list(&caller, known_at(then)).await;
        assert_eq!((before.len(), before[0].numerator), (1, Some(3.0)));
        let early = list(&caller, known_at(then.plus_seconds(-3600))).await;
        assert_eq!(early, []);
        let id: Reference = now[0].id.into();

        world.later();
        let caller = world.caller(lead).await;
        let stale = measures::retract_observation(&caller, &id, Some(1), false).await;
        assert_eq!(refused(stale), [place("", "stale")]);
        let gone = measures::retract_observation(&caller, &id, Some(2), false)
            .await
            .unwrap();
        assert!(gone.retracted);
        assert_eq!(list(&caller, ObservationQuery::default()).await, []);
        let all = ObservationQuery {
            include_retracted: true,
            ..ObservationQuery::default()
        };
        assert_eq!(list(&caller, all).await, std::slice::from_ref(&gone));
        assert_eq!(list(&caller, known_at(then)).await.len(), 1);
        let again = with(first.clone(), json!({"retracted": true}));
        assert_eq!(push(&caller, &[again]).await.unwrap(), (0, 0, 1));

        world.later();
        let caller = world.caller(lead).await;
        assert_eq!(push(&caller, &[first]).await.unwrap(), (0, 1, 0));
        let revived = measures::observation(&caller, &id).await.unwrap();
        assert_eq!((revived.retracted, revived.version), (false, 4));
        assert_eq!(revived.allowed_actions.len(), 1);
        let states = measures::observation_revisions(&caller, &id).await.unwrap();
        let told: Vec<(Option<f64>, bool, bool)> = states
            .iter()
            .map(|state| {
                (
                    state.state.numerator,
                    state.state.retracted,
                    state.superseded_at.is_none(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some(3.0), false, false),
                (Some(4.0), false, false),
                (Some(4.0), true, false),
                (Some(3.0), false, true)
            ]
        );
        let nothing = push(
            &caller,
            &[with(row("s0o0t0", "2005-05", 1, 2), json!({"retracted": true}))],
        )
        .await;
        assert_eq!(refused(nothing), [place("/0", "not_found")]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn an_external_id_names_the_row_through_corrections() {
    for world in worlds(&[&[2]]).await {
        world.measure("m", json!({})).await;
        let registry = world.tool(&["registry"], "s0o0", &[]).await;
        let other = world.tool(&["other"], "s0o0", &[]).await;
        let named = |row, source: &str, id: &str| with(row, json!({"source": source, "externalId": id}));
        let caller = world.caller(registry).await;
        let a = named(row("s0o0t0", "2005-04", 1, 10), "registry", "a");
        let b = named(row("s0o0t1", "2005-05", 2, 10), "registry", "b");
        assert_eq!(push(&caller, &[a, b]).await.unwrap(), (2, 0, 0));
        // Both rows change places at once.
        let a = named(row("s0o0t1", "2005-05", 1, 10), "registry", "a");
        let b = named(row("s0o0t0", "2005-04", 2, 10), "registry", "b");
        assert_eq!(push(&caller, &[a, b]).await.unwrap(), (0, 2, 0));
        let seen = measures::observation(&caller, &external("registry", "a"))
            .await
            .unwrap();
        assert_eq!(
            (seen.unit_id, seen.numerator),
            (world.units["s0o0t1"].id, Some(1.0))
        );
        world.verifies().await;
        // Alone, it would land on the other.
        let on_b = named(row("s0o0t0", "2005-04", 1, 10), "registry", "a");
        assert_eq!(
            refused(push(&caller, std::slice::from_ref(&on_b)).await),
            [place("/0", "key_taken")]
        );
        // Once the other is gone, it may.
        let gone = with(on_b.clone(), json!({"externalId": "b", "retracted": true}));
        assert_eq!(push(&caller, &[gone]).await.unwrap(), (0, 1, 0));
        assert_eq!(push(&caller, &[on_b]).await.unwrap(), (0, 1, 0));
        world.verifies().await;

        let second = world.caller(other).await;
        let theirs = named(row("s0o0t0", "2005-04", 9, 10), "other", "x");
        let held = push(&second, std::slice::from_ref(&theirs)).await;
        assert_eq!(refused(held), [place("/0/source", "held_by_another_source")]);
        let renamed = named(row("s0o0t0", "2005-04", 9, 10), "registry", "c");
        assert_eq!(
            refused(push(&caller, &[renamed]).await),
            [place("/0/externalId", "held_by_another_name")]
        );
        let not_mine = named(row("s0o0t0", "2005-06", 9, 10), "registry", "d");
        assert_eq!(
            refused(push(&second, &[not_mine]).await),
            [place("/0/source", "not_your_source")]
        );
        let taken = with(theirs, json!({"takeOver": true}));
        assert_eq!(push(&second, &[taken]).await.unwrap(), (0, 1, 0));
        // A tool reads the rows of its own sources.
        assert_eq!(list(&second, ObservationQuery::default()).await.len(), 1);
        assert_eq!(list(&caller, ObservationQuery::default()).await, []);
        let missing = measures::observation(&caller, &external("other", "x")).await;
        assert_eq!(refused(missing), [place("", "not_found")]);
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let lead = world.caller(lead).await;
        let by_hand = push(&lead, &[row("s0o0t0", "2005-04", 5, 10)]).await;
        assert_eq!(refused(by_hand), [place("/0/source", "held_by_another_source")]);
        let posing = with(
            row("s0o0t0", "2005-09", 5, 10),
            json!({"source": "other", "externalId": "y"}),
        );
        assert_eq!(
            refused(push(&lead, &[posing]).await),
            [place("/0/source", "not_your_source")]
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_correction_takes_a_row_only_from_where_its_pusher_may_push() {
    for world in worlds(&[&[1], &[1]]).await {
        world.measure("m", json!({})).await;
        let tool = world.tool(&["registry"], "s0", &[]).await;
        let row_a = with(
            row("s0o0t0", "2005-04", 1, 10),
            json!({"source": "registry", "externalId": "a"}),
        );
        push(
            &world.system(),
            &[with(row_a.clone(), json!({"unit": "code:s1o0t0"}))],
        )
        .await
        .unwrap();
        let caller = world.caller(tool).await;
        assert_eq!(
            refused(push(&caller, &[row_a]).await),
            [place("/0/externalId", "external_id_taken")]
        );
        world.verifies().await;
    }
}

/// A tool neither corrects nor takes back what people or other tools recorded, unless it says that it takes over.
#[tokio::test]
async fn a_tool_leaves_what_people_recorded() {
    for world in worlds(&[&[2]]).await {
        world.measure("m", json!({})).await;
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let tool = world.tool(&["registry"], "s0o0", &[]).await;
        let other = world.tool(&["other"], "s0o0", &[]).await;
        let caller = world.caller(lead).await;
        let by_hand = row("s0o0t0", "2005-04", 3, 10);
        push(&caller, std::slice::from_ref(&by_hand)).await.unwrap();
        let recorded = list(&caller, ObservationQuery::default()).await.remove(0);
        let tool = world.caller(tool).await;
        assert_eq!(
            refused(push(&tool, std::slice::from_ref(&by_hand)).await),
            [place("/0/source", "required")]
        );
        let named = with(
            by_hand.clone(),
            json!({"source": "registry", "externalId": "a", "numerator": 4}),
        );
        for more in [json!({}), json!({"retracted": true})] {
            assert_eq!(
                refused(push(&tool, &[with(named.clone(), more)]).await),
                [place("/0/source", "held_by_another_source")]
            );
        }
        assert_eq!(list(&caller, ObservationQuery::default()).await, [recorded]);
        let taken = with(named, json!({"takeOver": true}));
        assert_eq!(push(&tool, &[taken]).await.unwrap(), (0, 1, 0));

        // The same for DELETE: by the tool's own hand, by people and by other tools only when taken over.
        let id: Reference = list(&caller, ObservationQuery::default()).await[0].id.into();
        let retracted = measures::retract_observation(&caller, &id, None, false).await;
        assert_eq!(refused(retracted), [place("", "held_by_another_source")]);
        let unseen = measures::retract_observation(&world.caller(other).await, &id, None, true).await;
        assert_eq!(refused(unseen), [place("", "not_found")]);
        assert!(
            measures::retract_observation(&caller, &id, None, true)
                .await
                .unwrap()
                .retracted
        );
        let again = with(by_hand, json!({"source": "registry", "externalId": "a"}));
        assert_eq!(push(&tool, &[again]).await.unwrap(), (0, 1, 0));
        let own = measures::retract_observation(&tool, &id, None, false).await;
        assert!(own.unwrap().retracted);
        world.verifies().await;
    }
}

#[tokio::test]
async fn every_mistake_of_a_batch_is_named_at_its_place() {
    for world in worlds(&[&[2], &[1]]).await {
        world.dimension("imdQuintile", &["1", "2", "3", "4", "5"]).await;
        world
            .measure("m", json!({"countsPeople": true, "dimensions": ["imdQuintile"]}))
            .await;
        world
            .measure(
                "waits",
                json!({"scale": "continuous", "direction": "lower_is_better"}),
            )
            .await;
        let lead = world
            .person(&[(Role::OrganisationLead, "s0o0"), (Role::TeamLead, "s0o0t0")])
            .await;
        let caller = world.caller(lead).await;
        let good = row("s0o0t0", "2005-04", 3, 10);
        let rows = [
            good.clone(),
            row("s0o0t0", "2005-05", 12, 10),
            row("nowhere", "2005-04", 1, 10),
            row("s1o0t0", "2005-04", 1, 10),
            with(
                good.clone(),
                json!({"measure": "code:nothing", "period": "2005-06"}),
            ),
            row("s0o0t0", "2005-Q2", 1, 10),
            row("s0o0t0", "2006-09", 1, 10),
            with(
                row("s0o0t0", "2005-07", 1, 10),
                json!({"stratum": {"imdQuintile": "6", "sex": "f"}}),
            ),
            with(row("s0o0t0", "2005-08", 1, 10), json!({"numerator": 1.5})),
            with(
                row("s0o0t0", "2005-09", 1, 10),
                json!({"quality": "not_available"}),
            ),
            good,
            without(
                with(row("s0o0t0", "2005-04", 1, 1), json!({"measure": "code:waits"})),
                &["denominator"],
            ),
            with(
                row("s0o0t0", "2005-10", 1, 10),
                json!({"externalId": "9434765919", "source": "s"}),
            ),
            without(row("s0o0t0", "2005-10", 1, 10), &["period"]),
        ];
        let all = [
            place("/1/numerator", "numerator_above_denominator"),
            place("/2/unit", "not_found"),
            place("/3/unit", "forbidden"),
            place("/4/measure", "not_found"),
            place("/5/period", "period_cadence"),
            place("/6/period", "in_the_future"),
            place("/7/stratum/imdQuintile", "unknown_value"),
            place("/7/stratum/sex", "unknown_dimension"),
            place("/8/numerator", "not_whole"),
            place("/9/numerator", "figure_with_quality"),
            place("/9/denominator", "figure_with_quality"),
            place("/10", "twice_in_batch"),
            place("/11/numerator", "not_on_this_scale"),
            place("/11/value", "missing"),
            place("/12/externalId", "external_id_numeric"),
            place("/12/externalId", "patient_identifier"),
            place("/13/period", "missing"),
        ];
        assert_eq!(refused(push(&caller, &rows).await), all);
        assert_eq!(list(&caller, ObservationQuery::default()).await, []);
        let try_out = BatchOptions {
            dry_run: true,
            ..BatchOptions::default()
        };
        let report = push_with(&caller, &rows, try_out).await.unwrap();
        assert_eq!(
            (report.inserted, report.rejected, report.errors.len()),
            (1, 13, all.len())
        );
        assert_eq!(list(&caller, ObservationQuery::default()).await, []);
        let some = BatchOptions {
            atomic: Some(false),
            ..BatchOptions::default()
        };
        let report = push_with(&caller, &rows, some).await.unwrap();
        assert_eq!((report.received, report.inserted, report.rejected), (14, 1, 13));
        assert_eq!(list(&caller, ObservationQuery::default()).await.len(), 1);
        world.verifies().await;
    }
}

#[tokio::test]
async fn units_report_for_the_time_in_which_they_were_open() {
    for world in worlds(&[&[1]]).await {
        world.measure("m", json!({})).await;
        let closed = json!({
            "code": "old", "name": "old", "tier": "microsystem", "kind": "clinical_team", "parent": "code:s0o0",
            "openedOn": "2005-03-15", "closedOn": "2005-06-15",
        });
        let closed = serde_json::from_value(closed).unwrap();
        spiral_app::tenancy::create_org_unit(&world.system(), closed)
            .await
            .unwrap();
        let rows: Vec<_> = ["2005-02", "2005-03", "2005-06", "2005-07"]
            .iter()
            .map(|month| row("old", month, 1, 2))
            .collect();
        assert_eq!(
            refused(push(&world.system(), &rows).await),
            [place("/0/unit", "unit_not_open"), place("/3/unit", "unit_closed")]
        );
    }
}

#[tokio::test]
async fn a_code_means_the_latest_version_and_versions_stay_apart() {
    for world in worlds(&[&[1]]).await {
        let first = world.measure("m", json!({})).await;
        let same = world.measure("m", json!({})).await;
        assert_eq!(same, first);
        push(&world.system(), &[row("s0o0t0", "2005-04", 1, 10)])
            .await
            .unwrap();
        let second = world
            .measure("m", json!({"definition": "counted otherwise"}))
            .await;
        assert_eq!((second.measure_version, second.id == first.id), (2, false));
        assert_eq!(
            push(&world.system(), &[row("s0o0t0", "2005-04", 2, 10)])
                .await
                .unwrap(),
            (1, 0, 0)
        );
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let lead = world.caller(lead).await;
        let of = |measure: &Reference| ObservationQuery {
            measure: Some(measure.clone()),
            ..ObservationQuery::default()
        };
        let old = list(&lead, of(&first.id.into())).await;
        assert_eq!((old.len(), old[0].numerator), (1, Some(1.0)));
        let new = list(&lead, of(&code("m"))).await;
        assert_eq!((new.len(), new[0].numerator), (1, Some(2.0)));
        let taken = json!({
            "unit": "code:s0o0t0", "code": "m", "name": "m", "kind": "outcome", "scale": "count",
            "direction": "neutral", "cadence": "month",
        });
        let taken = measures::define_measure(&lead, serde_json::from_value(taken).unwrap()).await;
        assert_eq!(refused(taken), [place("/code", "code_taken")]);
        let page = PageRequest::default();
        let latest = measures::measures(&lead, measures::MeasureFilter::default(), &page).await;
        assert_eq!(latest.unwrap().data, [second]);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_teams_own_measure_is_shared_as_its_observations_and_tools_can_name_it() {
    for world in worlds(&[&[2]]).await {
        let input = json!({
            "unit": "code:s0o0t0", "code": "own", "name": "own", "kind": "process", "scale": "count",
            "direction": "neutral", "cadence": "month",
        });
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let own =
            measures::define_measure(&world.caller(lead).await, serde_json::from_value(input).unwrap()).await;
        assert_eq!(own.unwrap().sharing, Sharing::Organisation);
        let tool = world.tool(&["t"], "s0o0", &["measures:write"]).await;
        let count = |unit: &str| {
            json!({
                "measure": "code:own", "unit": format!("code:{unit}"), "period": "2005-04", "numerator": 4,
                "source": "t", "externalId": unit,
            })
        };
        let caller = world.caller(tool).await;
        assert_eq!(push(&caller, &[count("s0o0t0")]).await.unwrap(), (1, 0, 0));
        let sibling = push(&caller, &[count("s0o0t1")]).await;
        assert_eq!(refused(sibling), [place("/0/measure", "measure_of_another_unit")]);
        let sha = world.person(&[(Role::ShaAnalyst, "s0")]).await;
        let neighbour = world.person(&[(Role::TeamLead, "s0o0t1")]).await;
        let analyst = world.person(&[(Role::OrganisationAnalyst, "s0o0")]).await;
        for (who, sees) in [(sha, false), (neighbour, false), (analyst, true), (lead, true)] {
            let caller = world.caller(who).await;
            assert_eq!(measures::measure(&caller, &code("own")).await.is_ok(), sees);
            assert_eq!(
                list(&caller, ObservationQuery::default()).await.len(),
                usize::from(sees)
            );
        }
        world.share("s0o0t0", Sharing::Sha).await;
        let caller = world.caller(sha).await;
        assert!(measures::measure(&caller, &code("own")).await.is_ok());
        assert_eq!(list(&caller, ObservationQuery::default()).await.len(), 1);
        world.share("s0o0t0", Sharing::Team).await;
        let caller = world.caller(analyst).await;
        assert!(measures::measure(&caller, &code("own")).await.is_err());
        assert_eq!(list(&caller, ObservationQuery::default()).await, []);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_series_is_withheld_where_the_unit_keeps_it_from_the_reader() {
    for world in worlds(&[&[3]]).await {
        world.measure("m", json!({})).await;
        let months: Vec<String> = (1..=5).map(|month| format!("2005-{month:02}")).collect();
        let rows: Vec<_> = ["s0o0t0", "s0o0t1"]
            .iter()
            .flat_map(|unit| months.iter().map(|month| row(unit, month, 1, 2)))
            .collect();
        push(&world.system(), &rows).await.unwrap();
        world.share("s0o0t0", Sharing::Sha).await;
        let analyst = world.person(&[(Role::ShaAnalyst, "s0")]).await;
        let caller = world.caller(analyst).await;
        let units = ["s0o0t0", "s0o0t1", "s0o0t2"].map(|unit| world.units[unit].id);
        let asked = || {
            caller
                .store()
                .meter()
                .statements
                .load(std::sync::atomic::Ordering::Relaxed)
        };
        let before = asked();
        let series = measures::latest_observations_of(&caller, &code("m"), &units, 2)
            .await
            .unwrap();
        assert!(asked() - before <= 4);
        let seen = &series[&units[0]];
        let starts: Vec<String> = seen
            .observations
            .iter()
            .map(|one| one.period_start.to_string())
            .collect();
        assert_eq!(
            (starts, seen.withheld),
            (vec!["2005-05-01".into(), "2005-04-01".into()], None)
        );
        for unit in &units[1..] {
            assert!(series[unit].observations.is_empty());
            assert_eq!(series[unit].withheld.unwrap().level, Sharing::Organisation);
        }
    }
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    for world in worlds(&[&[2], &[1]]).await {
        world.dimension("sex", &["f", "m"]).await;
        world.measure("m", json!({"dimensions": ["sex"]})).await;
        let rows = [
            row("s0o0t0", "2005-01", 1, 2),
            row("s0o0t0", "2005-02", 1, 2),
            with(row("s0o0t0", "2005-02", 1, 1), json!({"stratum": {"sex": "f"}})),
            row("s0o0t1", "2005-02", 1, 2),
            row("s1o0t0", "2005-03", 1, 2),
        ];
        push(&world.system(), &rows).await.unwrap();
        let lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let caller = world.caller(lead).await;
        let mut page = PageRequest {
            limit: Some(3),
            ..PageRequest::default()
        };
        let first = measures::observations(&caller, ObservationQuery::default(), &page)
            .await
            .unwrap();
        assert_eq!((first.data.len(), first.page.has_more), (3, true));
        page.cursor = first.page.next_cursor;
        let second = measures::observations(&caller, ObservationQuery::default(), &page)
            .await
            .unwrap();
        assert_eq!((second.data.len(), second.page.has_more), (1, false));
        let some = ObservationQuery {
            within: Some(code("s0")),
            from: "2005-02-01".parse().ok(),
            stratum: Some(spiral_domain::measures::Stratum::whole()),
            ..ObservationQuery::default()
        };
        assert_eq!(list(&caller, some.clone()).await.len(), 2);
        assert_eq!(
            list(
                &caller,
                ObservationQuery {
                    known_at: Some(world.later()),
                    ..some
                }
            )
            .await
            .len(),
            2
        );
    }
}

/// Nothing of a refused batch is anywhere: neither a row nor a ledger entry.
#[tokio::test]
async fn a_patients_number_leaves_nothing_behind() {
    for world in worlds(&[&[1]]).await {
        world.measure("m", json!({})).await;
        let tool = world.tool(&["t"], "s0o0", &[]).await;
        let caller = world.caller(tool).await;
        let rows = [
            with(
                row("s0o0t0", "2005-04", 1, 10),
                json!({"source": "t", "externalId": "a-1"}),
            ),
            with(
                row("s0o0t0", "2005-05", 1, 10),
                json!({"source": "t", "externalId": "no 943 476 5919"}),
            ),
        ];
        assert_eq!(
            refused(push(&caller, &rows).await),
            [place("/1/externalId", "patient_identifier")]
        );
        assert_eq!(count(&world).await, 0);
        world.verifies().await;
    }
}

async fn count(world: &World) -> usize {
    list(&world.system(), ObservationQuery::default()).await.len()
}

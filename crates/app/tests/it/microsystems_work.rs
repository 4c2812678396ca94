//! Diagrams, aims, ramps and cycles: who reads and writes them, how far they are shared, and what is refused.

use serde_json::{Value, json};
use spiral_app::analysis::pictures::Picture;
use spiral_app::microsystems::{CycleFilter, DiagramFilter};
use spiral_app::{Caller, measures, microsystems};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::measures::PushObservation;
use spiral_domain::microsystems::{Aim, Cycle, Diagram, FidelityFeature};
use spiral_domain::people::Role;
use spiral_domain::{Error, PageRequest, Result, Sharing, WorkKind};

use crate::world::{World, code, worlds};

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn map() -> Value {
    json!({
        "title": "From referral to clinic", "drawnOn": "2006-01-31",
        "processMap": {
            "nodes": [
                { "key": "a", "kind": "start", "name": "In" },
                { "key": "b", "kind": "step", "name": "<script>alert(1)</script> \u{202e}مرحبا", "minutes": 5 },
                { "key": "c", "kind": "end", "name": "Out" },
            ],
            "edges": [{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }],
        },
    })
}

async fn draw(caller: &Caller, unit: &str) -> Result<Diagram> {
    microsystems::draw_diagram(caller, &code(unit), read(map())).await
}

async fn set_global(caller: &Caller, unit: &str) -> Result<Aim> {
    let input = json!({ "kind": "global", "statement": "Nobody waits without knowing why" });
    microsystems::set_aim(caller, &code(unit), read(input)).await
}

async fn plan_standard(caller: &Caller, unit: &str) -> Result<Cycle> {
    let input = json!({
        "kind": "sdsa", "title": "Sorted at nine", "owner": "Desk lead", "reviewOn": "2006-03-01",
        "plan": { "objective": "Referrals are sorted" },
    });
    microsystems::plan_cycle(caller, &code(unit), read(input)).await
}

fn code_of<T>(answer: Result<T>) -> &'static str {
    answer.err().map_or("taken", |error| error.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_write_and_read_what_is_theirs() {
    for world in worlds().await {
        let may = [
            (Role::TeamLead, "taken", "taken", "taken", true),
            (Role::TeamMember, "taken", "taken", "taken", true),
            (Role::Coach, "taken", "forbidden", "taken", true),
            (Role::PatientPartner, "forbidden", "forbidden", "forbidden", false),
        ];
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let diagram = draw(&lead, "hull-a").await.unwrap();
        let aim = set_global(&lead, "hull-a").await.unwrap();
        for (role, draws, sets, runs, reads) in may {
            let caller = world.person(role, "hull-a").await;
            assert_eq!(code_of(draw(&caller, "hull-a").await), draws, "{role:?}");
            assert_eq!(code_of(set_global(&caller, "hull-a").await), sets, "{role:?}");
            assert_eq!(code_of(plan_standard(&caller, "hull-a").await), runs, "{role:?}");
            let seen = microsystems::diagram(&caller, &code("hull-a"), diagram.id).await;
            assert_eq!(seen.is_ok(), reads, "{role:?}");
            let seen = microsystems::aim(&caller, &code("hull-a"), aim.id).await.unwrap();
            assert_eq!(seen.record, aim, "{role:?}");
            // A sibling team is no reader, and no writer.
            assert_ne!(code_of(draw(&caller, "hull-b").await), "taken", "{role:?}");
        }
        let sibling = world.person(Role::TeamLead, "hull-b").await;
        let unseen = microsystems::aim(&sibling, &code("hull-a"), aim.id).await;
        assert_eq!(code_of(unseen), "not_found");
        let change = microsystems::change_aim(&sibling, &code("hull-a"), aim.id, None, read(json!({}))).await;
        assert_eq!(code_of(change), "not_found");
        // Under another unit's address it is not there either.
        let elsewhere = microsystems::aim(&lead, &code("hull-b"), aim.id).await;
        assert_eq!(code_of(elsewhere), "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sharing_opens_and_closes_at_once() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let above = world.person(Role::OrganisationLead, "hull").await;
        let top = world.person(Role::NationalAnalyst, "nhs").await;
        let unit = code("hull-a");
        let diagram = draw(&lead, "hull-a").await.unwrap();
        let aim = set_global(&lead, "hull-a").await.unwrap();
        let ramp = read(json!({ "aim": aim.id, "title": "Mornings" }));
        let ramp = microsystems::open_ramp(&lead, &unit, ramp).await.unwrap();
        let cycle = plan_standard(&lead, "hull-a").await.unwrap();
        let seen = async |caller: &Caller| {
            (
                microsystems::diagram(caller, &unit, diagram.id).await.is_ok(),
                microsystems::aim(caller, &unit, aim.id).await.is_ok(),
                microsystems::ramp(caller, &unit, ramp.id).await.is_ok(),
                microsystems::cycle(caller, &unit, cycle.id).await.is_ok(),
            )
        };
        // Diagrams are the team's by default, aims and what is beneath them the organisation's.
        assert_eq!(seen(&above).await, (false, true, true, true));
        assert_eq!(seen(&top).await, (false, false, false, false));
        world.share("hull-a", WorkKind::Diagrams, Sharing::National).await;
        assert_eq!(seen(&top).await, (true, false, false, false));
        world.share("hull-a", WorkKind::Aims, Sharing::National).await;
        assert_eq!(seen(&top).await, (true, true, true, true));
        let page = PageRequest::default();
        let list = microsystems::cycles(&top, &unit, CycleFilter::default(), &page)
            .await
            .unwrap();
        assert_eq!(list.data.len(), 1);
        let found = microsystems::units_with_process_map(&top, &[diagram.unit_id], top.today()).await;
        assert_eq!(found.unwrap().len(), 1);
        world.share("hull-a", WorkKind::Diagrams, Sharing::Team).await;
        world.share("hull-a", WorkKind::Aims, Sharing::Team).await;
        assert_eq!(seen(&above).await, (false, false, false, false));
        assert_eq!(seen(&lead).await, (true, true, true, true));
        let list = microsystems::cycles(&above, &unit, CycleFilter::default(), &page)
            .await
            .unwrap();
        assert!(list.data.is_empty());
        let found = microsystems::units_with_process_map(&above, &[diagram.unit_id], above.today()).await;
        assert!(found.unwrap().is_empty());
        assert_eq!(microsystems::fidelity(&above, &unit).await.unwrap().ramps, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_diagram_is_drawn_changed_and_taken_back() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let unit = code("hull-a");
        let diagram = draw(&lead, "hull-a").await.unwrap();
        let look = Picture {
            width: Some(360),
            ..Picture::default()
        };
        let drawing = microsystems::show_diagram(&lead, &unit, diagram.id, &look)
            .await
            .unwrap();
        assert!(!drawing.svg.contains("<script") && !drawing.svg.contains('\u{202e}'));
        assert!(drawing.svg.contains("مرحبا"));
        let again = microsystems::show_diagram(&lead, &unit, diagram.id, &look)
            .await
            .unwrap();
        assert_eq!(again.svg, drawing.svg);
        let figures = microsystems::process_figures(&lead, &unit, diagram.id)
            .await
            .unwrap();
        assert!((figures.shortest.minutes - 5.0).abs() < 1e-9);

        let stale =
            microsystems::change_diagram(&lead, &unit, diagram.id, Some(7), read(json!({ "title": "T" })));
        assert_eq!(code_of(stale.await), "stale");
        let fishbone = json!({ "effect": "E", "categories": [{ "key": "a", "name": "A" }], "causes": [] });
        let other = microsystems::change_diagram(
            &lead,
            &unit,
            diagram.id,
            None,
            read(json!({ "fishbone": fishbone })),
        );
        assert_eq!(code_of(other.await), "invalid");
        let changed =
            microsystems::change_diagram(&lead, &unit, diagram.id, Some(1), read(json!({ "title": "T" })));
        assert_eq!(changed.await.unwrap().version, 2);
        microsystems::retract_diagram(&lead, &unit, diagram.id, None)
            .await
            .unwrap();
        let gone = microsystems::retract_diagram(&lead, &unit, diagram.id, None).await;
        assert_eq!(code_of(gone), "taken_back");
        let page = PageRequest::default();
        let list = microsystems::diagrams(&lead, &unit, DiagramFilter::default(), &page)
            .await
            .unwrap();
        assert!(list.data.is_empty());
        let found = microsystems::units_with_process_map(&lead, &[diagram.unit_id], lead.today()).await;
        assert!(found.unwrap().is_empty());
    }
}

async fn define(world: &World) {
    let input = json!({
        "unit": "code:nhs", "code": "seen", "name": "Seen a day", "kind": "process", "scale": "count",
        "direction": "higher_is_better", "cadence": "month", "reportingTier": "microsystem", "countsPeople": false,
    });
    measures::define_measure(&world.system, read(input))
        .await
        .unwrap();
}

async fn push(world: &World, values: &[(&str, f64)]) {
    let rows = values
        .iter()
        .map(|(period, value)| {
            let row = json!({ "measure": "code:seen", "unit": "code:hull-a", "period": period, "numerator": value });
            BatchRow {
                row_key: None,
                read: Ok(read::<PushObservation>(row)),
            }
        })
        .collect();
    let report = measures::push_observations(&world.system, rows, BatchOptions::default()).await;
    assert_eq!(report.unwrap().rejected, 0);
}

fn specific() -> Value {
    json!({
        "kind": "specific", "statement": "More are seen", "measure": "code:seen", "fromValue": 10.0, "toValue": 20.0,
        "byWhen": "2006-06-30",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aim_tells_how_far_it_has_come() {
    for world in worlds().await {
        define(&world).await;
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let unit = code("hull-a");
        let aim = microsystems::set_aim(&lead, &unit, read(specific()))
            .await
            .unwrap();
        let progress = microsystems::aim_progress(&lead, &unit, aim.id, None)
            .await
            .unwrap();
        assert_eq!((progress.distance_share, progress.reached), (None, None));
        assert_eq!(
            progress.reason.as_deref(),
            Some("nothing was reported until this day")
        );
        assert_eq!(progress.days_left, Some(91));

        push(&world, &[("2005-12", 8.0), ("2006-01", 14.0), ("2006-02", 21.0)]).await;
        let on = async |caller: &Caller, day: &str| {
            microsystems::aim_progress(caller, &unit, aim.id, Some(day.parse().unwrap()))
                .await
                .unwrap()
        };
        let before = on(&lead, "2005-12-31").await;
        assert!(
            (before.distance_share.unwrap() + 0.2).abs() < 1e-9,
            "it went the other way"
        );
        let middle = on(&lead, "2006-02-15").await;
        assert_eq!((middle.distance_share, middle.reached), (Some(0.4), Some(false)));
        let now = on(&lead, "2006-03-31").await;
        assert_eq!((now.distance_share, now.reached), (Some(1.1), Some(true)));

        // Who sees the aim and not the figures is told so, and no figure.
        world.share("hull-a", WorkKind::Aims, Sharing::National).await;
        let top = world.person(Role::NationalAnalyst, "nhs").await;
        let withheld = on(&top, "2006-03-31").await;
        assert_eq!((withheld.value, withheld.distance_share), (None, None));
        assert_eq!(withheld.withheld.map(|of| of.level), Some(Sharing::Organisation));
    }
}

fn pointers<T: std::fmt::Debug>(answer: Result<T>) -> Vec<(String, String)> {
    match answer {
        Err(Error::Invalid(found)) => found.into_iter().map(|of| (of.pointer, of.code)).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_aim_lacks_is_named() {
    for world in worlds().await {
        define(&world).await;
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let unit = code("hull-a");
        let set = async |input: Value| pointers(microsystems::set_aim(&lead, &unit, read(input)).await);
        let bare = set(json!({ "kind": "specific", "statement": " " })).await;
        let wanted = ["/statement", "/measure", "/fromValue", "/toValue", "/byWhen"];
        assert_eq!(
            bare.iter()
                .map(|(pointer, _)| pointer.as_str())
                .collect::<Vec<_>>(),
            wanted
        );
        let mut down = specific();
        down["toValue"] = json!(5.0);
        down["direction"] = json!("increase");
        assert_eq!(
            set(down.clone()).await,
            [("/direction".into(), "other_way".into())]
        );
        down.as_object_mut().unwrap().remove("direction");
        assert_eq!(
            set(down).await,
            [("/toValue".into(), "against_the_measure".into())]
        );
        let mut lost = specific();
        lost["measure"] = json!("code:nothing");
        assert_eq!(set(lost).await, [("/measure".into(), "not_found".into())]);
        let mut still = specific();
        still["toValue"] = json!(10.0);
        assert_eq!(set(still).await, [("/toValue".into(), "no_distance".into())]);
        let mut global = specific();
        global["kind"] = json!("global");
        assert_eq!(set(global).await.len(), 3);

        // Another team's global aim is no aim of this one.
        let other = set_global(&world.system, "hull-b").await.unwrap();
        let mut part = specific();
        part["under"] = json!(other.id);
        assert_eq!(set(part).await, [("/under".into(), "not_found".into())]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cycles_go_through_their_phases_and_fidelity_says_why() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let unit = code("hull-a");
        let aim = set_global(&lead, "hull-a").await.unwrap();
        let ramp = microsystems::open_ramp(&lead, &unit, read(json!({ "aim": aim.id, "title": "R" })))
            .await
            .unwrap();
        let planned = |follows: Option<&Cycle>| {
            json!({
                "kind": "pdsa", "ramp": ramp.id, "follows": follows.map(|of| of.id), "title": "T",
                "plan": { "objective": "O", "prediction": "P", "scale": "one" },
            })
        };
        let first = microsystems::plan_cycle(&lead, &unit, read(planned(None)))
            .await
            .unwrap();
        let early = microsystems::study_cycle(
            &lead,
            &unit,
            first.id,
            None,
            read(json!({ "result": "confirmed", "learning": "L" })),
        );
        assert_eq!(code_of(early.await), "wrong_phase");
        let unchanged = microsystems::cycle(&lead, &unit, first.id).await.unwrap();
        assert_eq!(unchanged.record, first);

        let done = json!({ "startedOn": "2006-01-02", "endedOn": "2006-01-30", "observations": "S",
            "measurements": [{ "on": "2006-01-02", "value": 1 }, { "on": "2006-01-09", "value": 2 }, { "on": "2006-01-16", "value": 2 }] });
        microsystems::carry_out_cycle(&lead, &unit, first.id, Some(1), read(done))
            .await
            .unwrap();
        let study = json!({ "result": "confirmed", "learning": "L" });
        microsystems::study_cycle(&lead, &unit, first.id, Some(2), read(study))
            .await
            .unwrap();
        let act = json!({ "decision": "adapt" });
        let first = microsystems::act_on_cycle(&lead, &unit, first.id, Some(3), read(act))
            .await
            .unwrap();
        let alone = microsystems::ramp_fidelity_of(&lead, &unit, ramp.id)
            .await
            .unwrap();
        let lacking: Vec<FidelityFeature> = alone
            .features
            .iter()
            .filter(|of| !of.met)
            .map(|of| of.feature)
            .collect();
        assert_eq!(lacking, [FidelityFeature::IterativeCycles]);

        let second = microsystems::plan_cycle(&lead, &unit, read(planned(Some(&first))))
            .await
            .unwrap();
        let linked = microsystems::ramp_fidelity_of(&lead, &unit, ramp.id)
            .await
            .unwrap();
        assert_eq!((linked.met, linked.cycles), (5, 2));
        let team = microsystems::fidelity(&lead, &unit).await.unwrap();
        assert_eq!((team.ramps, team.cycles), (1, 2));

        // What others build on stays.
        assert_eq!(
            code_of(microsystems::retract_cycle(&lead, &unit, first.id, None).await),
            "in_use"
        );
        assert_eq!(
            code_of(microsystems::retract_ramp(&lead, &unit, ramp.id, None).await),
            "in_use"
        );
        assert_eq!(
            code_of(microsystems::retract_aim(&lead, &unit, aim.id, None).await),
            "in_use"
        );
        for cycle in [&second, &first] {
            microsystems::retract_cycle(&lead, &unit, cycle.id, None)
                .await
                .unwrap();
        }
        let none = microsystems::ramp_fidelity_of(&lead, &unit, ramp.id)
            .await
            .unwrap();
        assert_eq!((none.met, none.cycles), (0, 0));
        let after = microsystems::plan_cycle(&lead, &unit, read(planned(Some(&first)))).await;
        assert_eq!(pointers(after), [("/follows".into(), "not_found".into())]);
        microsystems::retract_ramp(&lead, &unit, ramp.id, None)
            .await
            .unwrap();
        microsystems::retract_aim(&lead, &unit, aim.id, None)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standard_that_nobody_looked_at_is_overdue() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let unit = code("hull-a");
        let cycle = plan_standard(&lead, "hull-a").await.unwrap();
        assert!(microsystems::cycle(&lead, &unit, cycle.id).await.unwrap().overdue);
        let filter = CycleFilter {
            overdue: true,
            ..CycleFilter::default()
        };
        let page = PageRequest::default();
        let due = microsystems::cycles(&lead, &unit, filter.clone(), &page)
            .await
            .unwrap();
        assert_eq!(due.data.len(), 1);
        let review = read(json!({ "reviewOn": "2006-09-30" }));
        microsystems::review_cycle(&lead, &unit, cycle.id, None, review)
            .await
            .unwrap();
        assert!(!microsystems::cycle(&lead, &unit, cycle.id).await.unwrap().overdue);
        let due = microsystems::cycles(&lead, &unit, filter, &page).await.unwrap();
        assert!(due.data.is_empty());
    }
}

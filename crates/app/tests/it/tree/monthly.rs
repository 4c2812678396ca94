//! Next month's organisation file: what has changed of known units is done as reorganisations, and the rest stays.

use serde_json::{Value, json};
use spiral_app::clock::Clock;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Settings, tenancy};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{FileChangeKind, OrganisationFileReport};
use spiral_domain::{Error, Result};

use super::file::{import, import_as, line};
use super::{reorganise, reverse, transfer};
use crate::measures::{World, code, place, refused, with, worlds};

fn first() -> Vec<Value> {
    vec![
        line("Q11", "region", None),
        line("P1", "primary_care_trust", Some("Q11")),
        line("P2", "primary_care_trust", Some("Q11")),
        line("P3", "primary_care_trust", Some("Q11")),
        line("A", "gp_practice", Some("P1")),
        line("B", "gp_practice", Some("P1")),
        line("C", "gp_practice", Some("P2")),
        line("D", "gp_practice", Some("P3")),
        line("E", "gp_practice", Some("P2")),
    ]
}

/// The same a month later.
fn second() -> Vec<Value> {
    let mut lines = first();
    lines[1] = with(
        lines[1].clone(),
        json!({"close": "2006-03-31", "successor": "P2"}),
    );
    lines[4]["parent"] = json!("P2");
    lines[5]["parent"] = json!("P3");
    lines[6]["parent"] = json!("P4");
    lines[7]["name"] = json!("The new D");
    lines[8]["close"] = json!("2006-04-30");
    lines.push(with(
        line("P4", "primary_care_trust", Some("Q11")),
        json!({"open": "2006-04-01"}),
    ));
    lines
}

const ON: &str = "2006-06-01";

async fn on_the_day(world: &World, lines: &[Value], dry_run: bool) -> Result<OrganisationFileReport> {
    let options = tenancy::FileOptions {
        effective_on: ON.parse().ok(),
        dry_run,
        ..tenancy::FileOptions::default()
    };
    import_as(&world.system(), lines, options).await
}

/// Code, kind and day of each change.
fn changes(report: &OrganisationFileReport) -> Vec<String> {
    let said = report.changes.iter().map(|change| {
        let day = change.effective_on.map(|day| day.to_string()).unwrap_or_default();
        format!("{} {:?} {day}", change.code, change.what)
            .trim()
            .to_owned()
    });
    said.collect()
}

/// Where a unit stands and has stood: the codes of the parents, and from when on.
async fn standings(world: &World, unit: &str) -> String {
    let system = world.system();
    let mut words = Vec::new();
    for standing in tenancy::standings(&system, &code(unit)).await.unwrap() {
        let parent = tenancy::org_unit(&system, &standing.parent_id.into())
            .await
            .unwrap();
        let from = standing.from.map(|from| format!(" {from}")).unwrap_or_default();
        words.push(format!("{}{from}", parent.record.code));
    }
    words.join(", ")
}

#[tokio::test]
async fn what_has_changed_since_last_month_is_done_and_the_rest_is_left() {
    for world in worlds(&[&[1]]).await {
        let system = &world.system();
        assert_eq!(import(system, &first(), false).await.unwrap().report.inserted, 9);
        assert_eq!(import(system, &first(), false).await.unwrap().report.unchanged, 9);
        let wanted = [
            "p1 Merged 2006-04-01",
            "b Transferred 2006-04-01",
            "c Transferred 2006-06-01",
            "d Renamed 2006-06-01",
            "e Closed 2006-05-01",
        ];
        let tried = on_the_day(&world, &second(), true).await.unwrap();
        assert_eq!(changes(&tried), wanted);
        assert_eq!(standings(&world, "b").await, "p1");
        assert!(tenancy::org_unit(system, &code("p4")).await.is_err());
        let done = on_the_day(&world, &second(), false).await.unwrap();
        assert_eq!(changes(&done), wanted);
        for report in [&tried.report, &done.report] {
            assert_eq!(
                (report.inserted, report.updated, report.unchanged, report.rejected),
                (1, 5, 4, 0)
            );
        }
        assert_eq!(standings(&world, "p1").await, "q11, p2 2006-04-01");
        assert_eq!(standings(&world, "a").await, "p1, p2 2006-04-01");
        assert_eq!(standings(&world, "b").await, "p1, p3 2006-04-01");
        assert_eq!(standings(&world, "c").await, "p2, p4 2006-06-01");
        let successions = tenancy::successions(system, &code("p2")).await.unwrap();
        assert_eq!(successions.len(), 1);
        let closed = tenancy::org_unit(system, &code("e")).await.unwrap().record;
        assert_eq!(closed.closed_on, "2006-04-30".parse().ok());
        world.verifies().await;

        // The same file again finds it all as it says.
        let again = on_the_day(&world, &second(), false).await.unwrap();
        assert_eq!((again.report.unchanged, again.changes.len()), (10, 0));
        // Each change is on record by itself, and is put back by itself.
        let page = spiral_domain::PageRequest::default();
        for (unit, kinds) in [("b", 1), ("d", 1), ("e", 1)] {
            let listed = tenancy::reorganisations(system, &code(unit), &page)
                .await
                .unwrap();
            assert_eq!(listed.data.len(), kinds, "{unit}");
        }
        let renamed = done.changes.iter().find(|change| change.code == "d").unwrap();
        let input = serde_json::from_value(json!({"reason": "a slip"})).unwrap();
        let id = renamed.reorganisation_id.unwrap();
        tenancy::reverse_reorganisation(system, &code("d"), id, input, false)
            .await
            .unwrap();
        let name = tenancy::org_unit(system, &code("d")).await.unwrap().record.name;
        assert_eq!(name, "Unit D");
        world.verifies().await;
    }
}

#[tokio::test]
async fn one_file_reorganises_so_many_units_and_no_more() {
    for world in worlds(&[&[1]]).await {
        import(&world.system(), &first(), false).await.unwrap();
        let now = world.now();
        let master = MasterKey::from_base64("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
        let settings = Settings {
            batch_rows: 2,
            ..Settings::default()
        };
        let small = App::open(
            world.app.db().clone(),
            Clock::from_fn(move || now),
            settings,
            &master,
        );
        let small = small.await.unwrap().system(&world.tenant, now);
        let mut lines = first();
        for line in &mut lines[6..8] {
            line["name"] = json!("Another name");
        }
        assert_eq!(import(&small, &lines, true).await.unwrap().report.updated, 2);
        lines[8]["name"] = json!("Another name");
        assert_eq!(
            refused(import(&small, &lines, false).await),
            [place("", "too_many_changes")]
        );
        assert_eq!(import(&small, &first(), false).await.unwrap().report.unchanged, 9);
    }
}

#[tokio::test]
async fn a_split_places_what_was_beneath_by_its_own_lines() {
    for world in worlds(&[&[1]]).await {
        let system = &world.system();
        import(system, &first(), false).await.unwrap();
        let mut lines = first();
        lines[2] = with(
            lines[2].clone(),
            json!({"close": "2006-03-31", "successor": "P1 P3"}),
        );
        lines[6]["parent"] = json!("P1");
        // One of the two beneath it says nothing new.
        let answer = on_the_day(&world, &lines, false).await;
        assert_eq!(refused(answer), [place("/2/successor", "child_unassigned")]);
        lines[8]["parent"] = json!("P3");
        let done = on_the_day(&world, &lines, false).await.unwrap();
        assert_eq!(changes(&done), ["p2 Split 2006-04-01"]);
        assert_eq!(standings(&world, "c").await, "p2, p1 2006-04-01");
        assert_eq!(standings(&world, "e").await, "p2, p3 2006-04-01");
        assert_eq!(standings(&world, "p2").await, "q11");
        world.verifies().await;
    }
}

#[tokio::test]
async fn units_change_places_and_everything_closes_from_below() {
    for world in worlds(&[&[1]]).await {
        let system = &world.system();
        let mut lines = vec![
            line("Q11", "region", None),
            line("P1", "primary_care_trust", Some("Q11")),
            line("P2", "primary_care_trust", Some("P1")),
            line("A", "gp_practice", Some("P2")),
        ];
        import(system, &lines, false).await.unwrap();
        // What stood beneath comes to stand above.
        lines[1]["parent"] = json!("P2");
        lines[2]["parent"] = json!("Q11");
        let done = on_the_day(&world, &lines, false).await.unwrap();
        assert_eq!(
            changes(&done),
            ["p1 Transferred 2006-06-01", "p2 Transferred 2006-06-01"]
        );
        assert_eq!(standings(&world, "p1").await, "q11, p2 2006-06-01");
        assert_eq!(standings(&world, "p2").await, "p1, q11 2006-06-01");
        // All of it closes on one day.
        let file = |close: &str| {
            let mut closing = lines.clone();
            for line in &mut closing[1..] {
                line["close"] = json!(close);
            }
            closing
        };
        let later = import(system, &file("2006-06-29"), false).await.unwrap();
        assert_eq!(
            changes(&later),
            [
                "p1 Closed 2006-06-30",
                "p2 Closed 2006-06-30",
                "a Closed 2006-06-30"
            ]
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn what_a_file_cannot_do_is_said_and_what_it_leaves_too() {
    for world in worlds(&[&[1], &[1]]).await {
        let system = &world.system();
        import(system, &second(), false).await.unwrap();
        let wrong = async |at: usize, more: Value| {
            let mut lines = second();
            lines[at] = with(lines[at].clone(), more);
            refused(on_the_day(&world, &lines, false).await)
        };
        let one = |pointer: &str, code: &str| vec![place(pointer, code)];
        // What has closed stays closed, with those that came after it, where it stood.
        let open = json!({"close": null, "successor": null});
        assert_eq!(wrong(1, open).await, one("/1/close", "reorganisation_needed"));
        let other = json!({"close": "2006-03-30"});
        assert_eq!(wrong(1, other).await, one("/1/close", "reorganisation_needed"));
        let other = json!({"successor": "P3"});
        assert_eq!(
            wrong(1, other).await,
            one("/1/successor", "reorganisation_needed")
        );
        let other = json!({"parent": "P3"});
        assert_eq!(wrong(8, other).await, one("/8/parent", "reorganisation_needed"));
        // The rules of the tree.
        let close = json!({"close": "2006-05-31"});
        assert_eq!(wrong(3, close).await, one("/3/close", "children_open"));
        assert_eq!(
            wrong(0, json!({"parent": "P3"})).await,
            one("/0/parent", "tier_of_parent")
        );
        assert_eq!(wrong(2, json!({"parent": "A"})).await, one("/2/parent", "cycle"));
        assert_eq!(
            wrong(2, json!({"parent": "NONE"})).await,
            one("/2/parent", "not_found")
        );
        let gone = json!({"close": "2006-05-31", "successor": "P1"});
        assert_eq!(wrong(3, gone).await, one("/3/successor", "successor_not_open"));
        let young = json!({"close": "2005-12-31", "successor": "P4"});
        assert_eq!(wrong(3, young).await, one("/3/successor", "successor_not_open"));
        // A later day has spoken already.
        let rename = json!({"kind": "rename", "effectiveOn": "2006-06-15", "name": "Later"});
        let renamed = reorganise(system, "a", rename).await.unwrap();
        assert_eq!(
            wrong(4, json!({"name": "Earlier"})).await,
            one("/4/name", "renamed_later")
        );
        reverse(system, "a", &renamed).await.unwrap();

        // What is to come, and what is not for a file to change, is left and said.
        let mut lines = second();
        lines[3]["close"] = json!("2006-07-31");
        lines[2]["open"] = json!("1999-04-01");
        lines[1]["name"] = json!("What was P1");
        lines[7]["type"] = json!("voluntary_body");
        lines[6].as_object_mut().unwrap().remove("parent");
        let done = on_the_day(&world, &lines, false).await.unwrap();
        assert_eq!(
            changes(&done),
            [
                "p1 NameCorrected",
                "p2 OpeningKept",
                "p3 CloseToCome",
                "d Reclassified"
            ]
        );
        assert_eq!((done.report.updated, done.report.unchanged), (2, 8));
        assert!(
            done.changes
                .iter()
                .all(|change| change.what != FileChangeKind::Transferred)
        );
        let kept = tenancy::org_unit(system, &code("p3")).await.unwrap().record;
        assert_eq!(kept.closed_on, None);

        // A file of one authority speaks of that authority's own.
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let lead = &world.caller(lead).await;
        let beneath = async |lines: &[Value]| {
            let options = tenancy::FileOptions {
                beneath: Some(code("s0")),
                ..tenancy::FileOptions::default()
            };
            import_as(lead, lines, options).await
        };
        assert_eq!(
            refused(beneath(&[line("P3", "primary_care_trust", None)]).await),
            one("/0/code", "forbidden")
        );
        let own = line("X1", "primary_care_trust", None);
        assert_eq!(
            beneath(std::slice::from_ref(&own)).await.unwrap().report.inserted,
            1
        );
        let into = with(own.clone(), json!({"close": "2006-05-31", "successor": "P3"}));
        assert_eq!(refused(beneath(&[into]).await), one("/0/successor", "forbidden"));
        let closed = with(
            line("X2", "primary_care_trust", None),
            json!({"close": "2006-05-31", "successor": "P3"}),
        );
        assert_eq!(
            refused(beneath(&[closed]).await),
            one("/0/successor", "forbidden")
        );
        let away = with(own, json!({"parent": "Q11"}));
        assert_eq!(refused(beneath(&[away]).await), one("/0/parent", "forbidden"));
        let tomorrow = tenancy::FileOptions {
            effective_on: "2006-07-01".parse().ok(),
            ..tenancy::FileOptions::default()
        };
        let answer = import_as(system, &first(), tomorrow).await;
        assert!(matches!(answer, Err(Error::Malformed(_))), "{answer:?}");
        // What was moved by hand since is moved back only by a file that says so.
        reorganise(system, "d", transfer("p2", "2006-06-20"))
            .await
            .unwrap();
        let lines = second();
        let back = import(system, &lines, false).await.unwrap();
        assert_eq!(
            changes(&back),
            ["p1 NameCorrected", "d Reclassified", "d Transferred 2006-06-30"]
        );
        world.verifies().await;
    }
}

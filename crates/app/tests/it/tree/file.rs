//! Organisation files: all of it or nothing, and every line told apart.

use std::time::Instant;

use serde_json::{Value, json};
use spiral_app::tenancy::{FileOptions, import_org_units};
use spiral_app::{Caller, tenancy};
use spiral_domain::exchange::BatchRow;
use spiral_domain::people::Role;
use spiral_domain::tenancy::OrganisationFileReport;
use spiral_domain::{Error, Result};

use super::{reorganise, transfer};
use crate::measures::{code, place, refused, with, worlds};

/// Takes a file as it is on the day of the test.
pub async fn import(caller: &Caller, lines: &[Value], dry_run: bool) -> Result<OrganisationFileReport> {
    let options = FileOptions {
        dry_run,
        ..FileOptions::default()
    };
    import_as(caller, lines, options).await
}

pub async fn import_as(
    caller: &Caller,
    lines: &[Value],
    options: FileOptions,
) -> Result<OrganisationFileReport> {
    let batch = lines
        .iter()
        .map(|line| BatchRow {
            row_key: None,
            read: Ok(serde_json::from_value(line.clone()).unwrap()),
        })
        .collect();
    import_org_units(caller, batch, options).await
}

pub fn line(code: &str, kind: &str, parent: Option<&str>) -> Value {
    json!({"code": code, "name": format!("Unit {code}"), "type": kind, "parent": parent})
}

fn hull() -> Vec<Value> {
    vec![
        // Beneath what stands further down in the file.
        with(
            line("5E6", "primary_care_trust", Some("q11")),
            json!({"close": "2005-09-30", "successor": "5nx"}),
        ),
        with(
            line("5NX", "primary_care_trust", Some("Q11")),
            json!({"open": "2005-10-01"}),
        ),
        line("Q11", "strategic_health_authority", None),
        line("B81", "gp_practice", Some("5E6")),
    ]
}

#[tokio::test]
async fn a_file_is_taken_whole_or_not_at_all() {
    for world in worlds(&[&[1]]).await {
        let system = &world.system();
        // An open practice beneath a closed trust is refused, and so is everything.
        assert_eq!(
            refused(import(system, &hull(), false).await),
            [place("/3/parent", "parent_closed")]
        );
        let tried = import(system, &hull(), true).await.unwrap().report;
        assert_eq!((tried.received, tried.inserted, tried.rejected), (4, 3, 1));
        let mut good = hull();
        good[3]["parent"] = json!("5NX");
        let tried = import(system, &good, true).await.unwrap().report;
        assert_eq!((tried.inserted, tried.rejected, tried.dry_run), (4, 0, true));
        assert!(tenancy::org_unit(system, &code("q11")).await.is_err());
        assert_eq!(import(system, &good, false).await.unwrap().report.inserted, 4);
        world.verifies().await;

        let closed = tenancy::org_unit(system, &code("5e6")).await.unwrap().record;
        let next = tenancy::org_unit(system, &"ods:5NX".parse().unwrap())
            .await
            .unwrap()
            .record;
        let standings = tenancy::standings(system, &code("5e6")).await.unwrap();
        assert_eq!(standings.len(), 2);
        assert_eq!(standings[1].parent_id, next.id);
        let successions = tenancy::successions(system, &code("5nx")).await.unwrap();
        assert_eq!((successions[0].predecessor_id, successions.len()), (closed.id, 1));

        // The same file again changes nothing, another name changes a name.
        assert_eq!(import(system, &good, false).await.unwrap().report.unchanged, 4);
        good[1]["name"] = json!("Hull PCT");
        let again = import(system, &good, false).await.unwrap().report;
        assert_eq!((again.updated, again.unchanged), (1, 3));
        // What the file brought moves like everything else.
        reorganise(system, "b81", transfer("s0o0", "2006-01-01"))
            .await
            .unwrap();
        world.verifies().await;
    }
}

#[tokio::test]
async fn every_line_that_cannot_be_is_named() {
    for world in worlds(&[&[1]]).await {
        let system = &world.system();
        let lines = [
            line("R01", "region", None),
            line("A01", "acute_trust", Some("A02")),
            line("A02", "acute_trust", Some("A01")),
            line("T01", "clinical_team", Some("R01")),
            line("P01", "gp_practice", Some("NONE")),
            line("P02", "gp_practice", Some("R01")),
            line("P02", "gp_practice", Some("R02")),
            with(
                line("P03", "gp_practice", Some("R01")),
                json!({"open": "2006-01-01", "close": "2005-01-01"}),
            ),
            with(
                line("P04", "gp_practice", Some("R01")),
                json!({"close": "2005-01-01", "successor": "R01"}),
            ),
            line("R02", "region", None),
        ];
        let found = refused(import(system, &lines, false).await);
        for wanted in [
            ("/1/parent", "cycle"),
            ("/3/parent", "tier_of_parent"),
            ("/4/parent", "not_found"),
            ("/6/parent", "two_parents_on_one_day"),
            ("/7/close", "closed_before_opened"),
            ("/8/successor", "successor_not_open"),
        ] {
            assert!(
                found.contains(&place(wanted.0, wanted.1)),
                "{wanted:?} in {found:?}"
            );
        }
        let member = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let member = world.caller(member).await;
        assert!(matches!(
            import(&member, &lines, false).await,
            Err(Error::Forbidden(_))
        ));
    }
}

#[tokio::test]
async fn thousands_of_lines_are_written_as_sets() {
    for world in worlds(&[&[1]]).await {
        let mut lines = vec![line("R0", "region", None)];
        for trust in 0..60 {
            lines.push(line(&format!("T{trust}"), "acute_trust", Some("R0")));
            for practice in 0..50 {
                lines.push(line(
                    &format!("P{trust}X{practice}"),
                    "gp_practice",
                    Some(&format!("T{trust}")),
                ));
            }
        }
        let started = Instant::now();
        let caller = world.system();
        let before = caller
            .store()
            .meter()
            .statements
            .load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(
            import(&caller, &lines, false).await.unwrap().report.inserted,
            3061
        );
        let statements = caller
            .store()
            .meter()
            .statements
            .load(std::sync::atomic::Ordering::Relaxed)
            - before;
        assert!(statements < 60, "{statements} statements for 3,061 units");
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
        world.verifies().await;
    }
}

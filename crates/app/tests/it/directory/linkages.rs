//! Linkages: who may say them, what they may say, and the map that they draw.

use serde_json::{Value, json};
use spiral_app::Caller;
use spiral_app::tenancy::{self, LinkageFilter, MapQuery};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{Linkage, LinkageMap, Tier};
use spiral_domain::{Error, PageRequest, Result, Violation};

use super::day;
use crate::measures::{World, code, place, refused, with, worlds};
use crate::tree::{reorganise, transfer};

async fn record(caller: &Caller, from: &str, to: &str, more: Value) -> Result<Linkage> {
    let input = json!({"from": format!("code:{from}"), "to": format!("code:{to}"), "kind": "referral"});
    let input = serde_json::from_value(with(input, more)).unwrap();
    tenancy::record_linkage(caller, input).await
}

async fn change(caller: &Caller, linkage: &Linkage, input: Value) -> Result<Linkage> {
    let input = serde_json::from_value(input).unwrap();
    tenancy::change_linkage(caller, linkage.id, None, input).await
}

/// A map as text: nodes with teams and inner linkages, a star on those outside; edges with their counts.
async fn map(world: &World, query: MapQuery) -> String {
    let map: LinkageMap = tenancy::linkage_map(&world.system(), &query).await.unwrap();
    let code = |id| {
        let unit = world.units.values().find(|unit| unit.id == id);
        unit.unwrap().code.as_str()
    };
    let nodes = map.nodes.iter().map(|node| {
        let star = if node.inside { "" } else { "*" };
        format!("{}{star}:{}/{}", node.code, node.teams, node.within)
    });
    let edges = map
        .edges
        .iter()
        .map(|edge| format!("{}>{}={}", code(edge.from_id), code(edge.to_id), edge.linkages));
    let nodes: Vec<String> = nodes.collect();
    let edges: Vec<String> = edges.collect();
    format!("{} | {}", nodes.join(" "), edges.join(" "))
}

fn of(unit: &str, on: &str, tier: Option<Tier>) -> MapQuery {
    MapQuery {
        unit: Some(code(unit)),
        as_of: Some(day(on)),
        tier,
        ..MapQuery::default()
    }
}

#[tokio::test]
async fn a_lead_of_either_team_says_it_and_nobody_else() {
    for world in worlds(&[&[3], &[2]]).await {
        let none = json!({});
        let lead = async |role, unit| {
            let person = world.person(&[(role, unit)]).await;
            world.caller(person).await
        };
        let from = &lead(Role::TeamLead, "s0o0t0").await;
        let to = &lead(Role::TeamLead, "s0o0t1").await;
        let aside = &lead(Role::TeamLead, "s0o0t2").await;
        let above = &lead(Role::ShaLead, "s1").await;
        let member = &lead(Role::TeamMember, "s0o0t0").await;

        let first = record(from, "s0o0t0", "s0o0t1", none.clone()).await.unwrap();
        assert_eq!(
            refused(record(to, "s0o0t0", "s0o0t1", json!({"startedOn": "2006-01-01"})).await),
            [place("", "linkage_there")]
        );
        record(to, "s0o0t0", "s0o0t1", json!({"kind": "advice"}))
            .await
            .unwrap();
        record(above, "s0o0t2", "s1o0t0", none.clone()).await.unwrap();
        for stranger in [aside, above, member] {
            assert!(matches!(
                record(stranger, "s0o0t1", "s0o0t0", none.clone()).await,
                Err(Error::Forbidden(_))
            ));
            assert!(matches!(
                change(stranger, &first, json!({"endedOn": "2006-01-01"})).await,
                Err(Error::Forbidden(_))
            ));
        }

        // The other side ends it; then it may begin anew, and not twice in the same time.
        let ended = change(
            to,
            &first,
            json!({"endedOn": "2006-01-31", "note": "Moved house."}),
        )
        .await
        .unwrap();
        assert_eq!((ended.version, ended.recorded_by), (2, to.principal().id));
        let again = record(from, "s0o0t0", "s0o0t1", json!({"startedOn": "2006-02-01"}))
            .await
            .unwrap();
        assert_eq!(
            refused(change(from, &again, json!({"startedOn": "2006-01-31"})).await),
            [place("", "linkage_there")]
        );
        assert_eq!(
            refused(change(from, &again, json!({"endedOn": "2006-01-31"})).await),
            [place("/endedOn", "ends_before_start")]
        );
        let stale =
            tenancy::change_linkage(from, first.id, Some(1), serde_json::from_value(none).unwrap()).await;
        assert!(matches!(stale, Err(Error::Stale)));

        // What was a mistake never was, and everybody reads the rest.
        let mistake = change(to, &again, json!({"withdrawn": true})).await.unwrap();
        assert!(mistake.withdrawn);
        let count = async |filter: LinkageFilter| {
            let page = PageRequest::default();
            tenancy::linkages(member, filter, &page).await.unwrap().data.len()
        };
        let none = LinkageFilter::default();
        assert_eq!(count(none.clone()).await, 3);
        let withdrawn = LinkageFilter {
            withdrawn: true,
            ..none.clone()
        };
        assert_eq!(count(withdrawn).await, 4);
        let on = |on: &str| LinkageFilter {
            unit: Some(code("s0o0t1")),
            as_of: Some(day(on)),
            ..LinkageFilter::default()
        };
        assert_eq!(count(on("2006-01-31")).await, 2);
        assert_eq!(count(on("2006-02-01")).await, 1);
        let within = LinkageFilter {
            within: Some(code("s1")),
            ..none
        };
        assert_eq!(count(within).await, 1);
        world.verifies().await;
    }
}

#[tokio::test]
async fn it_is_between_two_open_teams_and_tells_of_no_patient() {
    for world in worlds(&[&[2], &[1]]).await {
        let system = &world.system();
        let wrong = async |from, to, more| refused(record(system, from, to, more).await);
        let one = |pointer: &str, code: &str| vec![place(pointer, code)];
        assert_eq!(
            wrong("s0o0", "s0o0t0", json!({})).await,
            one("/from", "tier_of_linkage")
        );
        assert_eq!(wrong("s0o0t0", "s0o0t0", json!({})).await, one("/to", "itself"));
        assert_eq!(wrong("s0o0t0", "none", json!({})).await, one("", "not_found"));
        let days = json!({"startedOn": "2006-02-01", "endedOn": "2006-01-01"});
        assert_eq!(
            wrong("s0o0t0", "s0o0t1", days).await,
            one("/endedOn", "ends_before_start")
        );
        let note = json!({"note": "as for 943 476 5919"});
        let input = json!({"from": "code:s0o0t0", "to": "code:s0o0t1", "kind": "work"});
        let told = record(system, "s0o0t0", "s0o0t1", note.clone()).await;
        let codes: Vec<String> = told
            .unwrap_err()
            .violations()
            .into_iter()
            .map(|Violation { code, .. }| code)
            .collect();
        assert_eq!(codes, ["patient_identifier"]);
        let there = record(system, "s0o0t0", "s0o0t1", input).await.unwrap();
        assert_eq!(
            refused(change(system, &there, note).await),
            one("/note", "patient_identifier")
        );
        // It goes on while both teams do.
        let close = json!({"kind": "close", "effectiveOn": "2006-03-01"});
        reorganise(system, "s0o0t1", close).await.unwrap();
        let late = json!({"startedOn": "2006-03-01"});
        assert_eq!(
            wrong("s0o0t0", "s0o0t1", late).await,
            one("/startedOn", "unit_not_open")
        );
        assert_eq!(
            map(&world, of("nat", "2006-02-28", None)).await,
            "s0o0t0:1/0 s0o0t1:1/0 | s0o0t0>s0o0t1=1"
        );
        assert_eq!(map(&world, of("nat", "2006-03-01", None)).await, " | ");
        world.verifies().await;
    }
}

#[tokio::test]
async fn the_map_follows_the_day_and_counts_above_the_teams() {
    for world in worlds(&[&[2, 2], &[2]]).await {
        let system = &world.system();
        for (from, to) in [
            ("s0o0t0", "s0o0t1"),
            ("s0o0t0", "s0o1t0"),
            ("s0o0t1", "s0o1t0"),
            ("s0o1t1", "s1o0t0"),
            ("s1o0t0", "s1o0t1"),
        ] {
            record(system, from, to, json!({"startedOn": "2005-04-01"}))
                .await
                .unwrap();
        }
        // What never was is on no map of any day.
        let mistake = record(system, "s0o1t1", "s1o0t1", json!({"startedOn": "2005-04-01"}));
        change(system, &mistake.await.unwrap(), json!({"withdrawn": true}))
            .await
            .unwrap();
        let on = "2005-12-31";
        assert_eq!(map(&world, of("nat", "2005-03-31", None)).await, " | ");
        assert_eq!(
            map(&world, of("s0o1", on, None)).await,
            "s0o0t0*:1/0 s0o0t1*:1/0 s0o1t0:1/0 s0o1t1:1/0 s1o0t0*:1/0 | \
             s0o0t0>s0o1t0=1 s0o0t1>s0o1t0=1 s0o1t1>s1o0t0=1"
        );
        assert_eq!(
            map(&world, of("s0", on, Some(Tier::Organisation))).await,
            "s0o0:2/1 s0o1:2/0 s1o0*:1/0 | s0o0>s0o1=2 s0o1>s1o0=1"
        );
        let shas = MapQuery {
            as_of: Some(day(on)),
            tier: Some(Tier::Sha),
            ..MapQuery::default()
        };
        assert_eq!(map(&world, shas.clone()).await, "s0:4/3 s1:2/1 | s0>s1=1");

        // A team that moves takes its linkages along, from that day on.
        reorganise(system, "s0o1t1", transfer("s1o0", "2006-01-01"))
            .await
            .unwrap();
        assert_eq!(map(&world, shas.clone()).await, "s0:4/3 s1:2/1 | s0>s1=1");
        let later = MapQuery { as_of: None, ..shas };
        assert_eq!(map(&world, later).await, "s0:3/3 s1:3/2 | ");

        // A network is its members of the day, and what stands beneath them.
        let network = json!({
            "code": "net", "name": "net", "kind": "clinical_network", "hostUnit": "code:s0",
            "members": [{"unit": "code:s1o0", "joinedOn": "2005-07-01"}, {"unit": "code:s0o0t1", "leftOn": "2005-06-30"}],
        });
        tenancy::create_network(system, serde_json::from_value(network).unwrap())
            .await
            .unwrap();
        let net = |on: &str| MapQuery {
            network: Some(code("net")),
            as_of: Some(day(on)),
            ..MapQuery::default()
        };
        assert_eq!(
            map(&world, net("2005-06-30")).await,
            "s0o0t0*:1/0 s0o0t1:1/0 s0o1t0*:1/0 | s0o0t0>s0o0t1=1 s0o0t1>s0o1t0=1"
        );
        assert_eq!(
            map(&world, net("2005-07-01")).await,
            "s0o1t1*:1/0 s1o0t0:1/0 s1o0t1:1/0 | s0o1t1>s1o0t0=1 s1o0t0>s1o0t1=1"
        );
        let both = MapQuery {
            unit: Some(code("s0")),
            ..net(on)
        };
        assert!(matches!(
            tenancy::linkage_map(system, &both).await,
            Err(Error::Malformed(_))
        ));
        world.verifies().await;
    }
}

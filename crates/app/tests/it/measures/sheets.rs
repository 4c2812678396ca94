//! Sheets: what is done to one behind its back, and observations that move from one to another.

use serde_json::json;
use spiral_app::measures::{self, ObservationQuery};
use spiral_app::projections;
use spiral_domain::people::Role;

use super::{list, push, row, with, worlds};

#[tokio::test]
async fn an_observation_that_points_nowhere_is_found() {
    for world in worlds(&[&[1]]).await {
        world.measure("m", json!({})).await;
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let caller = world.caller(lead).await;
        push(&caller, &[row("s0o0t0", "2005-04", 3, 10)]).await.unwrap();
        world.verifies().await;
        let id = list(&caller, ObservationQuery::default()).await[0].id;
        world
            .database
            .tamper("update observation_sheets set measure_id = recorded_by")
            .await;
        let found = projections::verify(&world.system()).await.unwrap();
        let expected = format!("observation {id} is of a measure or a unit that is not there");
        assert!(found.contains(&expected), "{found:?}");
    }
}

#[tokio::test]
async fn what_is_done_to_a_sheet_behind_its_back_is_found() {
    let harms = [
        (
            "update observation_sheets set live = 2",
            "says that 2 of its lines are the newest; they are 1",
        ),
        (
            "update observation_sheets set body = substr(body, 1, 5)",
            "cannot be read",
        ),
        (
            "delete from observation_names",
            "is not found by what t calls it, `a-1`",
        ),
        (
            "update observation_names set external_id = 'a-2'",
            "`a-2` of t leads to observation",
        ),
    ];
    for (harm, expected) in harms {
        for world in worlds(&[&[1]]).await {
            world.measure("m", json!({})).await;
            let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
            let caller = world.caller(lead).await;
            let named = json!({"source": "t", "externalId": "a-1"});
            push(&caller, &[with(row("s0o0t0", "2005-04", 3, 10), named)])
                .await
                .unwrap();
            world.verifies().await;
            world.database.tamper(harm).await;
            let found = projections::verify(&world.system()).await.unwrap();
            assert!(
                found.iter().any(|finding| finding.contains(expected)),
                "{harm}: {found:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_observation_that_moves_and_comes_back_is_the_same_one() {
    for world in worlds(&[&[2]]).await {
        world.measure("m", json!({})).await;
        let caller = world.system();
        let named = json!({"source": "t", "externalId": "a-1"});
        let other = json!({"source": "t", "externalId": "b-1"});
        let at = |unit: &str, period: &str, n| with(row(unit, period, n, 10), named.clone());
        push(
            &caller,
            &[
                at("s0o0t0", "2005-04", 1),
                with(row("s0o0t1", "2005-04", 5, 10), other),
            ],
        )
        .await
        .unwrap();
        let mut instants = Vec::new();
        let places = [
            ("s0o0t0", "2005-04", 1),
            ("s0o0t1", "2005-05", 2),
            ("s0o0t0", "2005-04", 3),
            ("s0o0t1", "2005-06", 4),
            ("s0o0t0", "2005-06", 5),
            ("s0o0t0", "2005-04", 6),
        ];
        for (unit, period, n) in places {
            push(&caller, &[at(unit, period, n)]).await.unwrap();
            world.verifies().await;
            let all = list(&caller, ObservationQuery::default()).await;
            let ids: Vec<_> = all.iter().map(|row| row.id).collect();
            assert_eq!(all.len(), 2, "{all:?}");
            assert!(ids.is_sorted(), "{ids:?}");
            let it = all.iter().find(|row| row.external_id.as_deref() == Some("a-1"));
            let it = it.unwrap();
            assert_eq!(it.numerator, Some(f64::from(n)));
            let by_id = measures::observation(&caller, &it.id.into()).await.unwrap();
            assert_eq!(by_id.record, *it);
            instants.push((it.recorded_at, it.clone()));
        }
        for (instant, state) in &instants {
            let then = ObservationQuery {
                known_at: Some(*instant),
                ..ObservationQuery::default()
            };
            let all = list(&caller, then).await;
            assert_eq!(all.len(), 2, "{all:?}");
            assert!(all.contains(state), "{all:?}");
        }
        let id = instants[0].1.id;
        let states = measures::observation_revisions(&caller, &id.into())
            .await
            .unwrap();
        let said: Vec<_> = states.iter().map(|revision| revision.state.numerator).collect();
        assert_eq!(said, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Some));
        let versions: Vec<_> = states.iter().map(|revision| revision.state.version).collect();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    }
}

//! What the tree refuses, and why; and what a reorganisation leaves alone.

use serde_json::{Value, json};
use spiral_app::measures::ObservationQuery;
use spiral_app::spread::{adoptions_of_units, push_adoption_events};
use spiral_app::{Caller, innovations, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::people::Role;
use spiral_domain::spread::{Mode, Stage};
use spiral_domain::{Date, Error, PrincipalId, Sharing, UnitId};

use super::{merge, preview, reorganise, reverse, transfer};
use crate::measures::{World, code, list, place, push, refused, row, with, worlds};
use crate::spread::event;

async fn wrong(caller: &Caller, unit: &str, input: Value) -> Vec<(String, String)> {
    refused(reorganise(caller, unit, input).await)
}

async fn closed_on(world: &World, unit: &str) -> Option<Date> {
    tenancy::org_unit(&world.system(), &code(unit))
        .await
        .unwrap()
        .record
        .closed_on
}

#[tokio::test]
async fn what_cannot_be_is_said_to_be_so() {
    for world in worlds(&[&[2, 2], &[1]]).await {
        let system = &world.system();
        let on = "2005-10-01";
        let one = |pointer: &str, code: &str| vec![place(pointer, code)];
        assert_eq!(
            wrong(system, "s0o0t0", transfer("nat", on)).await,
            one("/parent", "tier_of_parent")
        );
        assert_eq!(
            wrong(system, "s0", transfer("s0o0", on)).await,
            one("/parent", "tier_of_parent")
        );
        assert_eq!(
            wrong(system, "nat", transfer("s0", on)).await,
            one("", "root_stays")
        );
        assert_eq!(
            wrong(system, "s0o0", transfer("s0o0", on)).await,
            one("/parent", "cycle")
        );
        assert_eq!(
            wrong(system, "s0o0t0", transfer("s0o0", on)).await,
            one("/parent", "already_there")
        );
        assert_eq!(
            wrong(system, "s0o0t0", transfer("none", on)).await,
            one("/parent", "not_found")
        );
        assert_eq!(
            wrong(system, "s0o0t0", transfer("s0o1", "2006-07-01")).await,
            one("/effectiveOn", "in_the_future")
        );

        // A circle of two organisations, one day after the other and on an earlier day.
        reorganise(system, "s0o0", transfer("s0o1", on)).await.unwrap();
        assert_eq!(
            wrong(system, "s0o1", transfer("s0o0", "2005-12-01")).await,
            one("/parent", "cycle")
        );
        assert_eq!(
            wrong(system, "s0o1", transfer("s0o0", "2005-04-01")).await,
            one("/parent", "cycle")
        );
        assert_eq!(
            wrong(system, "s0o1", merge("s0o0", "2005-12-01")).await,
            one("/into/0", "cycle")
        );
        // Two parents on one day.
        assert_eq!(
            wrong(system, "s0o0", transfer("s1", on)).await,
            one("/effectiveOn", "two_parents_on_one_day")
        );
        let split = json!({"kind": "split", "effectiveOn": on, "into": ["code:s0o1", "code:s1o0"], "children": [
            {"unit": "code:s0o0t0", "to": "code:s0o1"}, {"unit": "code:s0o0t0", "to": "code:s1o0"},
        ]});
        assert_eq!(
            wrong(system, "s0o0", split.clone()).await,
            one("/children/1/unit", "two_parents_on_one_day")
        );
        let placed = json!({"children": [{"unit": "code:s0o0t0", "to": "code:s0o1"}]});
        let later = json!({"effectiveOn": "2006-01-01"});
        let unplaced = with(with(split, placed), later);
        assert_eq!(
            wrong(system, "s0o0", unplaced).await,
            one("/children", "child_unassigned")
        );

        // A close before the open, or beneath which something is open, or twice.
        let team = json!({
            "code": "young", "name": "Young", "tier": "microsystem", "kind": "clinical_team",
            "parent": "code:s1o0", "openedOn": "2005-09-01",
        });
        tenancy::create_org_unit(system, serde_json::from_value(team).unwrap())
            .await
            .unwrap();
        let close = |on: &str| json!({"kind": "close", "effectiveOn": on});
        assert_eq!(
            wrong(system, "young", close("2005-09-01")).await,
            one("/effectiveOn", "closed_before_opened")
        );
        assert_eq!(
            wrong(system, "s1o0", close(on)).await,
            one("/kind", "children_open")
        );
        reorganise(system, "young", close(on)).await.unwrap();
        assert_eq!(
            wrong(system, "young", close("2005-12-01")).await,
            one("", "already_closed")
        );
        assert_eq!(
            wrong(system, "young", transfer("s0o1", "2005-12-01")).await,
            one("/effectiveOn", "unit_closed")
        );
        assert_eq!(
            wrong(system, "s1o0", merge("s0", on)).await,
            one("/into/0", "tier_of_successor")
        );
        // What moves later cannot have closed before.
        reorganise(system, "s0o0t1", transfer("s1o0", "2006-02-01"))
            .await
            .unwrap();
        assert_eq!(
            wrong(system, "s0o0t1", close("2006-01-01")).await,
            one("/effectiveOn", "moved_later")
        );
        // A merge into what has closed.
        assert_eq!(
            wrong(system, "s0o0t0", merge("young", "2005-12-01")).await,
            one("/into/0", "successor_not_open")
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_merge_leaves_the_records_where_they_are_and_passes_nothing_on() {
    for world in worlds(&[&[2, 1], &[1]]).await {
        let system = &world.system();
        world.measure("m", json!({"reportingTier": "organisation"})).await;
        let create = json!({"code": "i", "name": "i", "unit": "code:nat", "status": "spreading"});
        innovations::create_innovation(system, serde_json::from_value(create).unwrap())
            .await
            .unwrap();
        push(
            system,
            &[row("s0o0", "2005-09", 1, 2), row("s0o1", "2005-09", 3, 4)],
        )
        .await
        .unwrap();
        let told = |unit: &str, on: &str, mode: Option<Mode>| {
            let mut told = event("i", unit, Stage::Implemented, on);
            told.mode = mode;
            vec![BatchRow {
                row_key: None,
                read: Ok(told),
            }]
        };
        let options = BatchOptions::default();
        push_adoption_events(system, told("s0o0", "2005-05-01", Some(Mode::Pull)), options)
            .await
            .unwrap();
        let closed_lead = world.person(&[(Role::OrganisationLead, "s0o0")]).await;
        let next_lead = world.person(&[(Role::OrganisationLead, "s0o1")]).await;
        let sha_lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let organisation_lead = world.caller(next_lead).await;
        world.share("s0o0", Sharing::Organisation).await;

        // Whoever answers for one side only may not.
        let input = merge("s0o1", "2005-10-01");
        assert!(matches!(
            reorganise(&organisation_lead, "s0o0", input.clone()).await,
            Err(Error::Forbidden(_))
        ));
        let across = merge("s1o0", "2005-10-01");
        let caller = world.caller(sha_lead).await;
        assert!(matches!(
            reorganise(&caller, "s0o0", across).await,
            Err(Error::Forbidden(_))
        ));

        // Tried, then done: the same is said, and only then anything changes.
        let tried = preview(system, "s0o0", input.clone()).await.unwrap();
        assert_eq!(closed_on(&world, "s0o0").await, None);
        let done = reorganise(&caller, "s0o0", input).await.unwrap();
        assert_eq!(closed_on(&world, "s0o0").await, "2005-09-30".parse().ok());
        assert_eq!(
            tried.reorganisation.changes.len(),
            done.reorganisation.changes.len()
        );
        let effect = |unit: &str| done.effects.iter().find(|effect| effect.code == unit).unwrap();
        assert_eq!(effect("s0o0").units_beneath, 2);
        assert_eq!(
            tried
                .effects
                .iter()
                .find(|effect| effect.code == "s0o0")
                .unwrap()
                .observations,
            1
        );

        // A role on the closed unit reads its past and nothing of the successor's; and the other way round.
        assert_eq!(read(&world, closed_lead).await, [world.units["s0o0"].id]);
        assert_eq!(read(&world, next_lead).await, [world.units["s0o1"].id]);

        // Data are taken for the time in which it existed; later ones name the successor.
        push(system, &[row("s0o0", "2005-08", 1, 2)]).await.unwrap();
        let late = push(system, &[row("s0o0", "2005-11", 1, 2)]).await.unwrap_err();
        let [violation] = &late.violations()[..] else {
            panic!("{late:?}")
        };
        assert_eq!(
            (violation.pointer.as_str(), violation.code.as_str()),
            ("/0/unit", "unit_closed")
        );
        assert!(violation.detail.contains("`s0o1`"), "{}", violation.detail);
        let late = push_adoption_events(system, told("s0o0", "2005-12-01", None), options)
            .await
            .unwrap_err();
        assert!(late.violations()[0].detail.contains("`s0o1`"), "{late:?}");

        // Adoption does not pass on of itself.
        let next = world.units["s0o1"].id;
        let stands = adoptions_of_units(system, &[next]).await.unwrap();
        assert!(stands[&next].adoptions.is_empty());
        push_adoption_events(system, told("s0o1", "2005-10-01", Some(Mode::Inherited)), options)
            .await
            .unwrap();
        let stands = adoptions_of_units(system, &[next]).await.unwrap();
        assert_eq!(stands[&next].adoptions[0].mode, Some(Mode::Inherited));

        // Who came after whom is there to read until it is undone.
        let successions = tenancy::successions(system, &code("s0o1")).await.unwrap();
        assert_eq!(successions[0].predecessor_id, world.units["s0o0"].id);
        let standings = tenancy::standings(system, &code("s0o0t0")).await.unwrap();
        assert_eq!(standings.len(), 2);

        // Undone in order: a later change first, and once.
        let later = reorganise(system, "s0o0t0", transfer("s1o0", "2006-01-01"))
            .await
            .unwrap();
        assert_eq!(
            refused(reverse(system, "s0o0", &done).await),
            [place("", "changed_since")]
        );
        reverse(system, "s0o0t0", &later).await.unwrap();
        assert!(matches!(
            reverse(&organisation_lead, "s0o0", &done).await,
            Err(Error::Forbidden(_))
        ));
        let undone = reverse(system, "s0o0", &done).await.unwrap();
        assert_eq!(
            refused(reverse(system, "s0o0", &done).await),
            [place("", "already_reversed")]
        );
        assert_eq!(
            refused(reverse(system, "s0o0", &undone).await),
            [place("", "is_a_reversal")]
        );
        assert_eq!(closed_on(&world, "s0o0").await, None);
        assert!(
            tenancy::successions(system, &code("s0o1"))
                .await
                .unwrap()
                .is_empty()
        );
        let page = spiral_domain::PageRequest::default();
        let listed = tenancy::reorganisations(system, &code("s0o0"), &page)
            .await
            .unwrap();
        assert_eq!(listed.data.len(), 2);
        assert_eq!(listed.data[0].reversed_by_id, Some(listed.data[1].id));
        world.verifies().await;
    }
}

#[tokio::test]
async fn whoever_moves_a_unit_answers_for_where_it_stood_on_the_day() {
    for world in worlds(&[&[1, 1], &[1]]).await {
        let system = &world.system();
        // It came from the other authority in January: what it did before is that one's.
        reorganise(system, "s1o0t0", transfer("s0o0", "2006-01-01"))
            .await
            .unwrap();
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let lead = &world.caller(lead).await;
        assert!(matches!(
            reorganise(lead, "s1o0t0", transfer("s0o1", "2005-10-01")).await,
            Err(Error::Forbidden(_))
        ));
        reorganise(lead, "s1o0t0", transfer("s0o1", "2006-02-01"))
            .await
            .unwrap();
        // Nor is undone by one side what concerned both.
        let moved = reorganise(system, "s0o0t0", transfer("s1o0", "2006-03-01"))
            .await
            .unwrap();
        let other = world.person(&[(Role::ShaLead, "s1")]).await;
        assert!(matches!(
            reverse(&world.caller(other).await, "s0o0t0", &moved).await,
            Err(Error::Forbidden(_))
        ));
        world.verifies().await;
    }
}

#[tokio::test]
async fn nothing_is_put_back_beneath_what_has_closed() {
    for world in worlds(&[&[1, 1], &[1]]).await {
        let system = &world.system();
        let moved = reorganise(system, "s0o0t0", transfer("s1o0", "2005-10-01"))
            .await
            .unwrap();
        let close = json!({"kind": "close", "effectiveOn": "2006-01-01"});
        let closed = reorganise(system, "s0o0", close).await.unwrap();
        assert_eq!(
            refused(reverse(system, "s0o0t0", &moved).await),
            [place("", "changed_since")]
        );
        reverse(system, "s0o0", &closed).await.unwrap();
        reverse(system, "s0o0t0", &moved).await.unwrap();
        world.verifies().await;
    }
}

/// The units of whose observations somebody sees any.
async fn read(world: &World, who: PrincipalId) -> Vec<UnitId> {
    let found = list(&world.caller(who).await, ObservationQuery::default()).await;
    found.iter().map(|row| row.unit_id).collect()
}

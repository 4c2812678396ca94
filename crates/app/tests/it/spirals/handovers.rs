//! Open spirals of a unit that closes: where they go on, who sees them then, and that a reversal puts them back.

use serde_json::{Value, json};
use spiral_app::spirals::{SummaryQuery, spiral_summary};
use spiral_app::{Caller, microsystems, projections, spirals, tenancy};
use spiral_domain::people::Role;
use spiral_domain::spirals::{EntryKind, Need, Spiral, SpiralStatus};
use spiral_domain::tenancy::{ReorganisationReport, SetSharing, UnitFate};
use spiral_domain::{Date, PageRequest, Sharing, SpiralId, UnitId, WorkKind};

use super::{SHAPE, entries, holds, read, start};
use crate::measures::{World, code, worlds};
use crate::tree::{reorganise, reverse};
use crate::world::{place, refused};

/// Two teams of different SHAs.
const HERE: &str = "s0o0t0";
const THERE: &str = "s1o0t0";

async fn caller(world: &World, role: Role, unit: &str) -> Caller {
    world.caller(world.person(&[(role, unit)]).await).await
}

fn merge() -> Value {
    json!({ "kind": "merge", "effectiveOn": "2006-06-01", "into": [format!("code:{THERE}")] })
}

async fn begun(caller: &Caller) -> SpiralId {
    let begun = start(caller, json!({ "startedOn": "2006-03-01" })).await.unwrap();
    let need = json!({ "gap": "Three weeks", "voicedBy": "patients" });
    spirals::record_need(caller, begun.id, read(need)).await.unwrap();
    begun.id
}

async fn seen(caller: &Caller, id: SpiralId) -> Option<Spiral> {
    spirals::spiral(caller, id).await.ok().map(|found| found.record)
}

async fn needs(caller: &Caller, id: SpiralId) -> usize {
    let page = PageRequest::default();
    let found = spirals::list_beneath::<Need>(caller, id, &page).await;
    found.map_or(0, |page| page.data.len())
}

async fn shown(caller: &Caller, unit: &str, on: &str) -> i64 {
    let query = SummaryQuery {
        unit: Some(code(unit)),
        as_of: Some(on.parse::<Date>().unwrap()),
        ..SummaryQuery::default()
    };
    spiral_summary(caller, &query).await.unwrap()[0].spirals.shown
}

async fn share(world: &World, unit: &str, level: Sharing) {
    tenancy::set_sharing(
        &world.system(),
        &code(unit),
        WorkKind::Spirals,
        SetSharing { level },
    )
    .await
    .unwrap();
}

fn words(report: &ReorganisationReport) -> &str {
    let closes = report
        .effects
        .iter()
        .find(|effect| effect.what == UnitFate::Closes);
    &closes.unwrap().words
}

async fn sound(world: &World) {
    assert_eq!(
        projections::verify(&world.system()).await.unwrap(),
        Vec::<String>::new()
    );
    holds(world).await;
}

#[tokio::test]
async fn an_open_spiral_goes_on_at_the_successor_and_a_reversal_puts_it_back() {
    for world in worlds(SHAPE).await {
        let lead = caller(&world, Role::TeamLead, HERE).await;
        let successor = caller(&world, Role::TeamLead, THERE).await;
        let (old_sha, new_sha) = (
            caller(&world, Role::ShaAnalyst, "s0").await,
            caller(&world, Role::ShaAnalyst, "s1").await,
        );
        for unit in [HERE, THERE] {
            share(&world, unit, Sharing::Sha).await;
        }
        let (open, over) = (begun(&lead).await, begun(&lead).await);
        let why = read(json!({ "reason": "For a reason" }));
        spirals::discontinue_spiral(&lead, over, None, why).await.unwrap();
        let aim = json!({ "kind": "global", "statement": "Nobody waits", "spiral": open });
        let aim = microsystems::set_aim(&lead, &code(HERE), read(aim))
            .await
            .unwrap();
        assert_eq!(seen(&successor, open).await, None);
        let before = seen(&lead, open).await.unwrap();
        let told = entries(&lead, open).await;
        let tried = tenancy::reorganise(&world.system(), &code(HERE), read(merge()), true)
            .await
            .unwrap();
        assert!(
            words(&tried).contains("open spirals go on at `s1o0t0`"),
            "{}",
            words(&tried)
        );
        assert_eq!(
            tried.effects.iter().map(|effect| effect.open_spirals).max(),
            Some(1)
        );
        assert_eq!(
            seen(&lead, open).await,
            Some(before.clone()),
            "a dry run changes nothing"
        );
        let report = reorganise(&world.system(), HERE, merge()).await.unwrap();
        // It is the successor's now, with what was recorded; the closed unit's readers read what stayed.
        let now = seen(&successor, open).await.unwrap();
        assert_eq!(now.unit_id, world.units[THERE].id);
        assert_eq!(
            Spiral {
                unit_id: before.unit_id,
                version: before.version,
                updated_at: before.updated_at,
                ..now.clone()
            },
            before
        );
        assert_eq!(needs(&successor, open).await, 1);
        assert_eq!((seen(&lead, open).await, needs(&lead, open).await), (None, 0));
        assert!(seen(&lead, over).await.is_some() && seen(&successor, over).await.is_none());
        let kept = microsystems::aim(&lead, &code(HERE), aim.id).await.unwrap();
        assert_eq!(kept.record.spiral_id, Some(open));
        assert!(seen(&new_sha, open).await.is_some() && seen(&old_sha, open).await.is_none());
        let last = entries(&successor, open).await.pop().unwrap();
        assert_eq!(
            (last.kind, last.occurred_on),
            (EntryKind::HandedOver, "2006-06-01".parse().unwrap())
        );
        let (from, to) = (UnitId(before.unit_id.0).to_string(), now.unit_id.to_string());
        assert_eq!(
            (last.changes[0].from.clone(), last.changes[0].to.clone()),
            (Some(from), Some(to))
        );
        let subjects: Vec<String> = entries(&successor, open)
            .await
            .into_iter()
            .map(|of| of.subject)
            .collect();
        assert!(
            !subjects.contains(&"aim".to_owned()),
            "what tells of its aims stayed: {subjects:?}"
        );
        // Earlier days count it where it was, for whom it counted there.
        assert_eq!(
            (
                shown(&old_sha, "s0", "2006-05-31").await,
                shown(&old_sha, "s0", "2006-06-01").await
            ),
            (2, 0)
        );
        assert_eq!(
            (
                shown(&new_sha, "s1", "2006-05-31").await,
                shown(&new_sha, "s1", "2006-06-01").await
            ),
            (0, 1)
        );
        sound(&world).await;
        // Others carry it on; whoever holds a role on the closed unit no longer does.
        let need = json!({ "gap": "It has come back", "voicedBy": "staff" });
        spirals::record_need(&successor, open, read(need.clone()))
            .await
            .unwrap();
        assert_eq!(
            refused(spirals::record_need(&lead, open, read(need)).await),
            [place("", "not_found")]
        );
        reverse(&world.system(), HERE, &report).await.unwrap();
        let again = seen(&lead, open).await.unwrap();
        assert_eq!(
            (again.unit_id, again.step, again.turn),
            (before.unit_id, before.step, before.turn)
        );
        assert_eq!(
            (needs(&lead, open).await, seen(&successor, open).await),
            (2, None)
        );
        let now_told = entries(&lead, open).await;
        let ids = |of: &[spiral_domain::spirals::Entry]| of.iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(ids(&now_told)[..told.len()], ids(&told), "what was told is told");
        assert_eq!(
            (
                shown(&old_sha, "s0", "2006-06-01").await,
                shown(&new_sha, "s1", "2006-06-01").await
            ),
            (2, 0)
        );
        sound(&world).await;
    }
}

#[tokio::test]
async fn where_the_successor_shares_further_spirals_stay() {
    for world in worlds(SHAPE).await {
        let lead = caller(&world, Role::TeamLead, HERE).await;
        let open = begun(&lead).await;
        // Nobody above the successor is to read what was kept from everybody above its team.
        share(&world, HERE, Sharing::Team).await;
        share(&world, THERE, Sharing::National).await;
        let readers = [
            caller(&world, Role::TeamLead, THERE).await,
            caller(&world, Role::ShaAnalyst, "s1").await,
            caller(&world, Role::NationalAnalyst, "nat").await,
        ];
        let report = reorganise(&world.system(), HERE, merge()).await.unwrap();
        assert!(
            words(&report).contains("sharing never widens"),
            "{}",
            words(&report)
        );
        for reader in &readers {
            assert_eq!(seen(reader, open).await, None);
        }
        assert_eq!(seen(&lead, open).await.unwrap().unit_id, world.units[HERE].id);
        sound(&world).await;
    }
}

#[tokio::test]
async fn a_split_hands_over_to_whom_it_names_and_a_sleeping_spiral_sleeps_on() {
    for world in worlds(SHAPE).await {
        let lead = caller(&world, Role::TeamLead, HERE).await;
        let open = begun(&lead).await;
        world.pass(100);
        let split = |more: Value| {
            let mut input = json!({
                "kind": "split", "effectiveOn": "2006-06-01", "into": ["code:s0o0t1", format!("code:{THERE}")],
            });
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            input
        };
        let ask = async |input: Value| reorganise(&world.system(), HERE, input).await;
        assert_eq!(
            refused(ask(split(json!({ "openWorkTo": "code:s0o1t0" }))).await),
            [place("/openWorkTo", "not_a_successor")]
        );
        assert_eq!(
            refused(ask(split(json!({ "openWorkTo": "code:nobody" }))).await),
            [place("/openWorkTo", "not_found")]
        );
        let mut wrong = merge();
        wrong["openWorkTo"] = json!(format!("code:{THERE}"));
        assert_eq!(
            refused(ask(wrong).await),
            [place("/openWorkTo", "not_of_this_kind")]
        );
        let report = ask(split(json!({}))).await.unwrap();
        assert!(words(&report).contains("no unit was named"), "{}", words(&report));
        let now = world.caller(lead.principal().id).await;
        assert_eq!(seen(&now, open).await.unwrap().unit_id, world.units[HERE].id);
        reverse(&world.system(), HERE, &report).await.unwrap();
        let report = ask(split(json!({ "openWorkTo": "code:s0o0t1" }))).await.unwrap();
        let next = caller(&world, Role::TeamLead, "s0o0t1").await;
        let found = seen(&next, open).await.unwrap();
        assert_eq!(
            (found.unit_id, found.status),
            (world.units["s0o0t1"].id, SpiralStatus::Dormant)
        );
        // Handed on since, it is not taken back from where it is.
        let on = json!({ "kind": "merge", "effectiveOn": "2006-07-01", "into": [format!("code:{THERE}")] });
        let later = reorganise(&world.system(), "s0o0t1", on).await.unwrap();
        sound(&world).await;
        assert_eq!(
            refused(reverse(&world.system(), HERE, &report).await),
            [place("", "changed_since")]
        );
        reverse(&world.system(), "s0o0t1", &later).await.unwrap();
        reverse(&world.system(), HERE, &report).await.unwrap();
        assert_eq!(seen(&now, open).await.unwrap().unit_id, world.units[HERE].id);
        sound(&world).await;
    }
}

//! What is kept between requests is never out of date, and never anybody else's.

use std::sync::Arc;

use spiral_app::request::RequestContext;
use spiral_app::spread::{CurveQuery, push_adoption_events, spread_curve};
use spiral_app::{Caller, people};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::people::Role;
use spiral_domain::spread::{RecordAdoption, SpreadCurve, SpreadGroupBy, Stage};
use spiral_domain::{Error, PrincipalId, Sharing, WorkKind};
use uuid::Uuid;

use crate::world::{World, code, worlds};

/// Runs as one HTTP request does: by a token, and with a caller of its own.
async fn request<T, F: Future<Output = T>>(
    world: &World,
    who: PrincipalId,
    run: impl FnOnce(Caller) -> F,
) -> T {
    let id = Uuid::from_u128(1).to_string();
    Arc::clone(&RequestContext::new(id, None))
        .enter(async { run(world.caller(who).await).await })
        .await
}

async fn adopt(world: &World, caller: &Caller, unit: &str) {
    let row = RecordAdoption {
        innovation: code("clinic"),
        unit: code(unit),
        stage: Stage::Implemented,
        occurred_on: "2005-05-05".parse().unwrap(),
        mode: None,
        learnt_from: None,
        reason: None,
        fidelity_note: None,
        reinvention_note: None,
        source: None,
        external_id: None,
        take_over: false,
        retracted: false,
    };
    let batch = vec![BatchRow {
        row_key: None,
        read: Ok(row),
    }];
    push_adoption_events(caller, batch, BatchOptions::default())
        .await
        .unwrap();
    assert_eq!(world.tenant.id, caller.tenant().id);
}

async fn curve(caller: Caller) -> Result<Vec<SpreadCurve>, Error> {
    let query = CurveQuery {
        innovations: vec![code("clinic")],
        group_by: SpreadGroupBy::Sha,
        ..CurveQuery::default()
    };
    spread_curve(&caller, &query).await.map(|curves| curves.to_vec())
}

/// How many the last point of the first place shows as adopters, and statements that the answer took.
async fn adopters(world: &World, who: PrincipalId) -> (Vec<i64>, u64) {
    request(world, who, async |caller: Caller| {
        let meter = Arc::clone(caller.store().meter());
        let curves = curve(caller).await.unwrap();
        let shown = curves
            .iter()
            .map(|curve| curve.points.last().unwrap().adopted.shown)
            .collect();
        (shown, meter.statements.load(std::sync::atomic::Ordering::Relaxed))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_until_something_changes() {
    for world in worlds().await {
        world.innovation("clinic").await;
        let lead = world.person(Role::NationalLead, "nhs").await;
        let lead = lead.principal().id;
        let (first, asked) = adopters(&world, lead).await;
        assert_eq!(first, [0, 0]);
        let (again, kept) = adopters(&world, lead).await;
        assert_eq!(again, first);
        assert!(kept < asked, "{kept} statements after {asked}");

        adopt(&world, &world.system, "hull-a").await;
        assert_eq!(adopters(&world, lead).await.0, [1, 0]);
        adopt(&world, &world.system, "dorset-a").await;
        assert_eq!(adopters(&world, lead).await.0, [1, 1]);

        // A write of one's own shows in the same request.
        let seen = request(&world, lead, async |caller: Caller| {
            curve(caller.clone()).await.unwrap();
            adopt(&world, &caller, "hull-b").await;
            curve(caller).await.unwrap()
        })
        .await;
        assert_eq!(seen[0].points.last().unwrap().adopted.shown, 2);
        world.verifies().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_for_those_who_see_the_same() {
    for world in worlds().await {
        world.innovation("clinic").await;
        world.share("hull-a", WorkKind::Adoption, Sharing::Sha).await;
        adopt(&world, &world.system, "hull-a").await;
        adopt(&world, &world.system, "dorset-a").await;
        let nation = world.person(Role::NationalLead, "nhs").await.principal().id;
        let north = world.person(Role::ShaLead, "north").await.principal().id;
        assert_eq!(adopters(&world, nation).await.0, [0, 1]);
        // The same question of another place: what the north sees is its own.
        let (north_sees, _) = adopters(&world, north).await;
        assert_eq!(north_sees[0], 1);
        assert_eq!(adopters(&world, nation).await.0, [0, 1]);
        // What a unit shares from now on shows at once.
        world.share("hull-a", WorkKind::Adoption, Sharing::National).await;
        assert_eq!(adopters(&world, nation).await.0, [1, 1]);
        world.verifies().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_taken_away_is_gone_at_once() {
    for world in worlds().await {
        world.innovation("clinic").await;
        let lead = world.person(Role::NationalLead, "nhs").await;
        let (who, grant) = (lead.principal().id, lead.scope().grants[0].grant.id);
        assert_eq!(adopters(&world, who).await.0, [0, 0]);
        people::revoke_grant(&world.system, grant, None).await.unwrap();
        let refused = request(&world, who, curve).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        world.verifies().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curves_together_are_the_sum_of_the_curves() {
    for world in worlds().await {
        world.innovation("clinic").await;
        world.innovation("other").await;
        adopt(&world, &world.system, "hull-a").await;
        adopt(&world, &world.system, "dorset-a").await;
        for who in [("nhs", Role::NationalLead), ("north", Role::ShaLead)] {
            let reader = world.person(who.1, who.0).await;
            let apart = CurveQuery {
                group_by: SpreadGroupBy::Sha,
                ..CurveQuery::default()
            };
            let together = CurveQuery {
                together: true,
                ..apart.clone()
            };
            let apart = spread_curve(&reader, &apart).await.unwrap();
            let together = spread_curve(&reader, &together).await.unwrap();
            assert_eq!((apart.len(), together.len()), (4, 2));
            for sum in together.iter() {
                assert_eq!(sum.innovation_id, None);
                let parts: Vec<&SpreadCurve> =
                    apart.iter().filter(|part| part.unit_id == sum.unit_id).collect();
                for (n, point) in sum.points.iter().enumerate() {
                    let of = |count: fn(&spiral_domain::spread::SpreadPoint) -> i64| {
                        parts.iter().map(|part| count(&part.points[n])).sum::<i64>()
                    };
                    assert_eq!(point.eligible, of(|point| point.eligible));
                    assert_eq!(point.cumulative.shown, of(|point| point.cumulative.shown));
                    let all_told = parts.iter().all(|part| part.points[n].cumulative.total.is_some());
                    let total = all_told.then(|| of(|point| point.cumulative.total.unwrap()));
                    assert_eq!(point.cumulative.total, total);
                    assert_eq!(point.cumulative.suppressed, !all_told);
                }
            }
        }
        world.verifies().await;
    }
}

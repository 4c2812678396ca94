//! Totals: what those who keep the directory cannot bring about.

use spiral_app::clock::Clock;
use spiral_app::spread::{SpreadQuery, record_adoption, spread_metrics};
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Settings, tenancy};
use spiral_domain::people::Role;
use spiral_domain::spread::Stage;
use spiral_domain::tenancy::{SetSharing, Tier, UnitKind};
use spiral_domain::{Reference, Sharing, WorkKind};
use spiral_store::testing::databases;

use super::{World, event, now, unit};

/// Whether the total is told to a lead from whom one open team is hidden, and who adds two empty ones.
async fn told_with_cover(settling_days: u16) -> Vec<bool> {
    let mut told = Vec::new();
    for database in databases().await {
        let settings = Settings {
            demo_issuer: true,
            suppression_threshold: 3,
            suppression_settling_days: settling_days,
            ..Settings::default()
        };
        let master = MasterKey::from_base64("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
        let app = App::open(database.open().await, Clock::from_fn(now), settings, &master)
            .await
            .unwrap();
        let world = World::beside(app, "cover").await;
        world.innovation("clinic", &[Tier::Microsystem], &[]).await;
        for team in ["s1o1t1", "s1o1t2"] {
            let level = SetSharing { level: Sharing::Team };
            tenancy::set_sharing(&world.system, &Reference::code(team), WorkKind::Adoption, level)
                .await
                .unwrap();
        }
        let adopted = event("clinic", "s1o1t1", Stage::Implemented, "2005-02-03");
        record_adoption(&world.system, adopted).await.unwrap();
        let lead = world.person("lead", Role::NationalLead, Some("nat"), None).await;
        let query = SpreadQuery {
            unit: Some(Reference::code("s1o1")),
            ..SpreadQuery::default()
        };
        let before = spread_metrics(&lead, &query).await.unwrap();
        assert_eq!((before[0].adopted.shown, before[0].adopted.total), (0, None));
        for n in 0..2 {
            let code = format!("cover-{n}");
            let cover = unit(
                &code,
                "s1o1",
                Tier::Microsystem,
                UnitKind::ClinicalTeam,
                Some("stroke"),
            );
            tenancy::create_org_unit(&lead, cover).await.unwrap();
            let level = SetSharing { level: Sharing::Team };
            tenancy::set_sharing(&world.system, &Reference::Code(code), WorkKind::Adoption, level)
                .await
                .unwrap();
        }
        let after = spread_metrics(&lead, &query).await.unwrap();
        told.push(after[0].adopted.total == Some(1));
    }
    told
}

#[tokio::test]
async fn units_added_by_hand_give_no_cover_at_once() {
    assert!(told_with_cover(30).await.iter().all(|told| !told));
    assert!(told_with_cover(0).await.iter().all(|told| *told));
}

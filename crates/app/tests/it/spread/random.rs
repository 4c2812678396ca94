//! Random histories against the plain recount, for readers of every kind.

mod history;
mod readers;
mod recount;

use self::history::{Dice, live};
use self::readers::readers;
use self::recount::{check_curve, check_groups, check_metrics, facts};
use crate::spread::{World, now};
use spiral_app::spread::{SpreadQuery, spread_metrics};
use spiral_app::{people, projections};
use spiral_domain::innovations::Innovation;
use spiral_domain::people::Role;
use spiral_domain::spread::{SpreadGroupBy, SpreadTree};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Error, Interval, Reference};
use spiral_store::testing::databases;

#[tokio::test]
async fn figures_are_what_a_recount_says() {
    for database in databases().await {
        for seed in [1, 2] {
            let world = World::new(&database, &format!("tenant{seed}")).await;
            world.innovation("any", &[], &[]).await;
            world.innovation("teams", &[Tier::Microsystem], &[]).await;
            world
                .innovation("stroke", &[Tier::Microsystem, Tier::Organisation], &["stroke"])
                .await;
            let other = World::beside(world.app.clone(), &format!("other{seed}")).await;
            let mut dice = Dice(seed);
            live(&world, &mut dice, 120).await;
            let readers = readers(&world).await;
            live(&world, &mut dice, 60).await;

            assert_eq!(
                projections::verify(&world.system).await.unwrap(),
                Vec::<String>::new()
            );
            let audit = people::verify_audit(&world.system).await.unwrap();
            assert_eq!(audit.findings, Vec::<String>::new());
            let facts = facts(&world).await;
            assert!(facts.events.len() > 100, "{}", facts.events.len());
            let innovations: Vec<Innovation> = world.system.store().find().all("r.id").await.unwrap();
            let mut told = (0, 0);
            for reader in &readers {
                for (unit, group_by) in [
                    (None, SpreadGroupBy::None),
                    (None, SpreadGroupBy::Sha),
                    (Some("s2"), SpreadGroupBy::Children),
                    (Some("s2o2"), SpreadGroupBy::Children),
                    (None, SpreadGroupBy::Organisation),
                ] {
                    for day in ["2004-01-31", "2005-08-16", "2006-03-20"] {
                        let day: Date = day.parse().unwrap();
                        for tree in [SpreadTree::Period, SpreadTree::Current] {
                            let query = SpreadQuery {
                                unit: unit.map(Reference::code),
                                group_by,
                                as_of: Some(day),
                                tree,
                                ..SpreadQuery::default()
                            };
                            let (with, without) =
                                check_metrics(&facts, reader, &innovations, &query, day).await;
                            told = (told.0 + with, told.1 + without);
                        }
                    }
                }
                for (interval, exactness) in
                    [(Interval::Month, 0), (Interval::Quarter, 1), (Interval::Year, 2)]
                {
                    check_curve(&facts, reader, &innovations, interval, exactness).await;
                }
                check_groups(&facts, reader, &world, &innovations, now().date()).await;
            }
            assert!(told.0 > 20 && told.1 > 20, "{told:?}");
            // What is thrown away is made again, exactly.
            projections::rebuild(&world.system).await.unwrap();
            assert_eq!(
                projections::verify(&world.system).await.unwrap(),
                Vec::<String>::new()
            );

            // Another tenant has none of it.
            let outsider = other
                .person("national", Role::NationalLead, Some("nat"), None)
                .await;
            assert!(
                spread_metrics(&outsider, &SpreadQuery::default())
                    .await
                    .unwrap()
                    .is_empty()
            );
            let named = SpreadQuery {
                innovations: vec![innovations[0].id.into()],
                ..SpreadQuery::default()
            };
            assert!(matches!(
                spread_metrics(&outsider, &named).await,
                Err(Error::NotFound("innovation"))
            ));
        }
    }
}

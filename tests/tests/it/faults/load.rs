//! More than the server can carry, and being told to stop in the middle of it.

use std::time::{Duration, Instant};

use e2e::{Program, World, for_each_database, for_each_database_with};
use futures_util::future::join_all;

use super::{Pushes, Refusals};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_turned_away_and_comes_again() {
    // Four places, and three times as many clients as that, each of which sends without a pause.
    let settings = [("LIMITS__CONCURRENT_REQUESTS", "4")];
    for_each_database_with(&settings, async |world: &mut World| {
        let pushes = Pushes::begin(world).await;
        let (begun, world) = (Instant::now(), &*world);
        let clients = (0..12).map(async |client| {
            let mut refusals = Refusals::default();
            for round in 0..10 {
                refusals = refusals + pushes.send_until_taken(world, client * 10 + round).await;
            }
            refusals
        });
        let refusals = join_all(clients)
            .await
            .into_iter()
            .fold(Refusals::default(), |a, b| a + b);
        assert!(refusals.clean > 0, "nothing was turned away");
        assert_eq!(refusals.cut, 0);
        // Whoever watches the server is never turned away, and it has room again at once.
        for path in ["/healthz", "/readyz", "/metrics"] {
            world.anonymous().get(path).await.expect(200);
        }
        pushes
            .check(world, "three times the load", 120, refusals, begun)
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_under_load_it_finishes_what_it_has_begun() {
    for_each_database(async |world: &mut World| {
        let pushes = Pushes::begin(world).await;
        world.stop().await;
        let begun = Instant::now();
        let running = Program::serve(&world.settings);
        running.base.clone_into(&mut world.base);
        let stopping = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            tokio::task::spawn_blocking(move || running.terminate()).await
        });
        // Each client goes on until its connection is refused: then the server is gone.
        let clients = (0..6).map(async |client: usize| {
            let mut taken = 0;
            while let Ok(answer) = pushes.send(world, client + 6 * taken).await {
                answer.expect(200);
                taken += 1;
            }
            taken
        });
        let taken = join_all(clients).await;
        let code = stopping
            .await
            .expect("the stopper ends")
            .expect("the server stops");
        assert_eq!(code, Some(0), "it ends as one who was asked to");
        let running = Program::serve(&world.settings);
        running.base.clone_into(&mut world.base);
        // What was acknowledged is there; the rest is sent, also what was cut off.
        let most = taken.iter().max().copied().unwrap_or_default() + 1;
        let there = world
            .integration()
            .get(&format!("/v1/observations?measure={}&limit=500", pushes.measure))
            .await
            .expect(200);
        let acknowledged: usize = taken.iter().sum();
        assert!(acknowledged > 0, "nothing was taken before the signal");
        assert!(there.data().len() >= acknowledged.min(500), "{there}");
        for number in 0..6 * most {
            pushes.send_until_taken(world, number).await;
        }
        let refusals = Refusals { clean: 0, cut: 6 };
        pushes
            .check(world, "SIGTERM under load", 6 * most, refusals, begun)
            .await;
    })
    .await;
}

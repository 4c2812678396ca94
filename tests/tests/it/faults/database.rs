//! A database that goes away, is held up, or has no room left.

use std::time::{Duration, Instant};

use e2e::{Program, World, for_each_database_with};
use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use super::{Pushes, Refusals};

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// The role in `postgres://role:password@host/database`.
fn role_of(url: &str) -> &str {
    let named = url.split_once("://").map_or(url, |(_, rest)| rest);
    named.split([':', '@']).next().unwrap_or_default()
}

/// As a restart looks from outside: every connection is cut, and for a while there are no new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgresql_restarts_answers_are_clean_and_nothing_is_lost() {
    let settings = [("DATABASE__ACQUIRE_TIMEOUT_MS", "300")];
    for_each_database_with(&settings, async |world: &mut World| {
        let Some(superuser) = world.superuser_url().map(str::to_owned) else {
            return;
        };
        let pushes = Pushes::begin(world).await;
        let (begun, world) = (Instant::now(), &*world);
        let mut connection = PgConnection::connect(&superuser).await.expect("a connection");
        let role = role_of(world.database_url());
        let cut = format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'");
        let restart = async {
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(300)).await;
                run(&mut connection, &format!("alter role {role} connection limit 0")).await;
                run(&mut connection, &cut).await;
                tokio::time::sleep(Duration::from_millis(700)).await;
                run(&mut connection, &format!("alter role {role} connection limit -1")).await;
            }
        };
        let clients = join_all((0..4).map(async |client: usize| {
            let mut refusals = Refusals::default();
            for round in 0..60 {
                refusals = refusals + pushes.send_until_taken(world, client + 4 * round).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            refusals
        }));
        let ((), refusals) = tokio::join!(restart, clients);
        let refusals = refusals.into_iter().fold(Refusals::default(), |a, b| a + b);
        assert_eq!(refusals.cut, 0, "every request has an answer");
        assert!(refusals.clean > 0, "nobody has noticed the restart");

        // Connections that a restart has cut while they lay idle cost nobody an error.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        run(&mut connection, &cut).await;
        world.national_lead().get("/v1/org-units").await.expect(200);
        let answer = pushes.send(world, 240).await.expect("an answer");
        answer.expect(200);
        pushes
            .check(world, "PostgreSQL restarts twice", 241, refusals, begun)
            .await;
    })
    .await;
}

/// Somebody holds the lock that every write needs, for longer than a write waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_cannot_begin_are_refused_and_taken_later() {
    let settings = [
        ("DATABASE__ACQUIRE_TIMEOUT_MS", "400"),
        ("DATABASE__LOCK_TIMEOUT_MS", "200"),
        ("DATABASE__MAX_CONNECTIONS", "3"),
    ];
    for_each_database_with(&settings, async |world: &mut World| {
        let pushes = Pushes::begin(world).await;
        let (begun, world) = (Instant::now(), &*world);
        let hold = async {
            let time = Duration::from_millis(1_500);
            if let Some(superuser) = world.superuser_url() {
                let mut connection = PgConnection::connect(superuser).await.expect("a connection");
                let mut held = connection.begin().await.expect("a transaction");
                run(&mut held, "select 1 from ledger_head for update").await;
                tokio::time::sleep(time).await;
                held.rollback().await.expect("it ends");
            } else {
                let mut connection = SqliteConnection::connect(world.database_url())
                    .await
                    .expect("a connection");
                let held = connection
                    .begin_with("BEGIN IMMEDIATE")
                    .await
                    .expect("the file's lock");
                tokio::time::sleep(time).await;
                held.rollback().await.expect("it ends");
            }
        };
        let clients = join_all((0..12).map(async |client: usize| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            pushes.send_until_taken(world, client).await
        }));
        // Reads go on meanwhile.
        let reads = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            world.national_lead().get("/v1/org-units").await.expect(200);
        };
        let ((), refusals, ()) = tokio::join!(hold, clients, reads);
        let refusals = refusals.into_iter().fold(Refusals::default(), |a, b| a + b);
        assert!(refusals.clean > 0, "nobody had to wait");
        assert_eq!(refusals.cut, 0);
        pushes
            .check(world, "no connection, no lock", 12, refusals, begun)
            .await;
    })
    .await;
}

/// The disk takes no more: what is acknowledged until then is there, and the rest once there is room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_loses_nothing() {
    for_each_database_with(&[], async |world: &mut World| {
        if world.superuser_url().is_some() {
            // A file of PostgreSQL is not ours to limit.
            return;
        }
        let pushes = Pushes::begin(world).await;
        world.stop().await;
        let begun = Instant::now();
        let file = world.database_url().trim_start_matches("sqlite://").to_owned();
        let size = std::fs::metadata(&file).expect("the database is a file").len();
        let running = Program::serve_within(&world.settings, size + 256 * 1024);
        running.base.clone_into(&mut world.base);
        let mut refusals = Refusals::default();
        let mut taken = 0;
        while refusals.clean == 0 {
            let answer = pushes.send(world, taken).await.expect("an answer");
            if answer.status == 200 {
                taken += 1;
            } else {
                super::assert_clean(&answer);
                refusals.clean += 1;
            }
            assert!(taken < 20_000, "the disk is never full");
        }
        // It goes on telling what it has to whom it need not record it.
        world
            .national_lead()
            .get("/v1/org-units?limit=5")
            .await
            .expect(200);
        world.anonymous().get("/healthz").await.expect(200);
        drop(running);
        let running = Program::serve(&world.settings);
        running.base.clone_into(&mut world.base);
        pushes.send_until_taken(world, taken).await;
        pushes
            .check(world, "a full disk", taken + 1, refusals, begun)
            .await;
        drop(running);
    })
    .await;
}

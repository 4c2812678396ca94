//! Power cuts: whatever was acknowledged is there exactly once, whatever was not can be sent again.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use e2e::{Actor, Program, World, for_each_database};
use serde_json::{Value, json};
use tokio::sync::oneshot;

const ROUNDS: u64 = 4;

/// The units that were acknowledged, by code; and those that were sent, but never answered.
#[derive(Default)]
struct Sent {
    acknowledged: BTreeMap<String, String>,
    unanswered: Vec<String>,
}

fn unit(world: &World, code: &str) -> Value {
    json!({
        "parent": world.north.unit("alpha").id, "tier": "microsystem", "kind": "clinical_team", "code": code,
        "name": "A team",
    })
}

/// Sends until the server is gone; tells when the first is acknowledged.
async fn send_until_killed(world: &World, round: u64, sent: &mut Sent, begun: oneshot::Sender<()>) {
    let mut begun = Some(begun);
    for n in 0.. {
        let code = format!("team-{round}-{n}");
        let call = world.national_lead().post("/v1/org-units", &unit(world, &code));
        match call.header("idempotency-key", &code).send().await {
            Ok(answer) => {
                sent.acknowledged.insert(code, answer.expect(201).id());
                // The killer waits for it until then.
                begun.take().map(|begun| begun.send(()));
            }
            Err(_) => {
                sent.unanswered.push(code);
                return;
            }
        }
    }
}

/// At most 150 ms: at no particular place in a write.
fn random_moment(round: u64) -> Duration {
    Duration::from_micros(RandomState::new().hash_one(round) % 150_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_power_cut() {
    for_each_database(async |world| {
        world.stop().await;
        let mut sent = Sent::default();
        for round in 0..ROUNDS {
            let running = Program::serve(&world.settings);
            running.base.clone_into(&mut world.base);
            let (begun, first) = oneshot::channel();
            let killer = tokio::spawn(async move {
                first.await.expect("something is acknowledged");
                tokio::time::sleep(random_moment(round)).await;
                running.kill();
            });
            send_until_killed(world, round, &mut sent, begun).await;
            killer.await.expect("the server is killed");
        }
        let running = Program::serve(&world.settings);
        running.base.clone_into(&mut world.base);
        let lead = world.national_lead();
        assert_eq!(sent.unanswered.len() as u64, ROUNDS);
        for code in std::mem::take(&mut sent.unanswered) {
            let call = lead.post("/v1/org-units", &unit(world, &code));
            let answer = call.header("idempotency-key", &code).await.expect(201);
            sent.acknowledged.insert(code, answer.id());
        }
        assert_eq!(there(lead).await, sent.acknowledged);
        drop(running);
        for command in [["audit", "verify"], ["projections", "verify"]] {
            let (clean, said) = world.command(&command);
            assert!(clean, "{said}");
        }
    })
    .await;
}

/// The units that these tests have sent, by code; one that is there twice ends the test.
async fn there(lead: Actor<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut path = "/v1/org-units?parent=code:alpha&limit=500".to_owned();
    loop {
        let page = lead.get(&path).await.expect(200);
        for unit in page.data() {
            let (code, id) = (&unit["code"], &unit["id"]);
            let (Some(code), Some(id)) = (code.as_str(), id.as_str()) else {
                continue;
            };
            if code.starts_with("team-") {
                let twice = found.insert(code.to_owned(), id.to_owned());
                assert_eq!(twice, None, "{code} is there twice");
            }
        }
        match page.body["page"]["nextCursor"].as_str() {
            Some(cursor) => path = format!("/v1/org-units?parent=code:alpha&limit=500&cursor={cursor}"),
            None => return found,
        }
    }
}

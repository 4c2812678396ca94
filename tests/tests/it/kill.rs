//! Power cuts: whatever was acknowledged is there exactly once, whatever was not can be sent again.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use e2e::{Program, World, for_each_database};
use serde_json::{Value, json};
use tokio::sync::oneshot;

const ROUNDS: u64 = 3;
const ROWS: usize = 1_000;
/// The teams that the tool may push for.
const TEAMS: [&str; 5] = [
    "alpha-stroke",
    "alpha-falls",
    "beta-stroke",
    "beta-falls",
    "practice-team",
];

/// Batches that were sent, by number: acknowledged, and never answered.
#[derive(Default)]
struct Sent {
    acknowledged: Vec<usize>,
    unanswered: Vec<usize>,
}

/// A thousand days of one team, which no other batch has.
fn batch(world: &World, measure: &str, number: usize) -> Value {
    let unit = &world.north.unit(TEAMS[number % TEAMS.len()]).id;
    (0..ROWS)
        .map(|n| {
            // Every month has 28 days; the others are not needed.
            let day = number / TEAMS.len() * ROWS + n;
            let (year, month, day) = (1980 + day / 336, 1 + day % 336 / 28, 1 + day % 28);
            let date = format!("{year}-{month:02}-{day:02}");
            json!({
                "measure": measure, "unit": unit, "periodStart": date, "periodEnd": date, "numerator": n % 7,
                "denominator": 10, "source": "ward-tool", "externalId": name(number, n),
            })
        })
        .collect()
}

fn name(number: usize, n: usize) -> String {
    format!("batch-{number}-row-{n}")
}

fn push(world: &World, measure: &str, number: usize) -> e2e::Call {
    let call = world
        .integration()
        .put("/v1/observations", &batch(world, measure, number));
    call.header("idempotency-key", format!("batch-{number}"))
}

/// Sends until the server is gone; tells when the first is acknowledged.
async fn send_until_killed(world: &World, measure: &str, sent: &mut Sent, begun: oneshot::Sender<()>) {
    let mut begun = Some(begun);
    loop {
        let number = sent.acknowledged.len() + sent.unanswered.len();
        match push(world, measure, number).send().await {
            Ok(answer) => {
                assert_eq!(answer.expect(200).body["inserted"], ROWS);
                sent.acknowledged.push(number);
                // The killer waits for it until then.
                begun.take().map(|begun| begun.send(()));
            }
            Err(_) => {
                sent.unanswered.push(number);
                return;
            }
        }
    }
}

/// At most 700 ms: at no particular place in a write.
fn random_moment(round: u64) -> Duration {
    Duration::from_micros(RandomState::new().hash_one(round) % 700_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_power_cut() {
    for_each_database(async |world| {
        let measure = json!({
            "unit": world.north.unit("root").id, "code": "seen", "name": "Seen within an hour", "kind": "process",
            "scale": "proportion", "direction": "higher_is_better", "cadence": "day",
            "reportingTier": "microsystem",
        });
        let measure = world.national_lead().post("/v1/measures", &measure).await.expect(201).id();
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
            send_until_killed(world, &measure, &mut sent, begun).await;
            killer.await.expect("the server is killed");
        }
        let running = Program::serve(&world.settings);
        running.base.clone_into(&mut world.base);
        assert_eq!(sent.unanswered.len() as u64, ROUNDS);
        for number in &sent.unanswered {
            push(world, &measure, *number).await.expect(200);
        }
        let batches = sent.acknowledged.len() + sent.unanswered.len();
        let wanted: BTreeSet<String> = (0..batches)
            .flat_map(|number| (0..ROWS).map(move |n| name(number, n)))
            .collect();
        assert!(there(world, &measure).await == wanted, "{batches} batches are there, once");
        drop(running);
        for command in [["audit", "verify"], ["projections", "verify"]] {
            let (clean, said) = world.command(&command);
            assert!(clean, "{said}");
        }
    })
    .await;
}

/// What the measure's observations are called; one that is there twice ends the test.
async fn there(world: &World, measure: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let list = format!("/v1/observations?measure={measure}&limit=500");
    let mut path = list.clone();
    loop {
        let page = world.integration().get(&path).await.expect(200);
        for observation in page.data() {
            let name = observation["externalId"].as_str().unwrap_or_default();
            assert!(found.insert(name.to_owned()), "{name} is there twice");
        }
        match page.body["page"]["nextCursor"].as_str() {
            Some(cursor) => path = format!("{list}&cursor={cursor}"),
            None => return found,
        }
    }
}

//! Faults: what is answered while something is broken is clean, and afterwards nothing is lost or doubled.
//!
//! `tests/faults.sh` runs them one by one and shows what each has counted.

mod clients;
mod database;
mod load;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use e2e::{Answer, World};
use serde_json::{Value, json};

/// How long a push is tried again before the fault counts as one that does not end.
const PATIENCE: Duration = Duration::from_mins(1);

/// The teams that the tool may push for.
const TEAMS: [&str; 5] = [
    "alpha-stroke",
    "alpha-falls",
    "beta-stroke",
    "beta-falls",
    "practice-team",
];

/// Pushes of one row each, which have to be there once in the end.
struct Pushes {
    measure: String,
}

/// How often a push was not taken.
#[derive(Debug, Default, Clone, Copy)]
struct Refusals {
    /// With a problem body that says when to try again.
    clean: usize,
    /// The connection ended without an answer.
    cut: usize,
}

impl Pushes {
    async fn begin(world: &World) -> Self {
        let measure = json!({
            "unit": world.north.unit("root").id, "code": "seen", "name": "Seen within an hour", "kind": "process",
            "scale": "proportion", "direction": "higher_is_better", "cadence": "day",
            "reportingTier": "microsystem",
        });
        let made = world
            .national_lead()
            .post("/v1/measures", &measure)
            .await
            .expect(201);
        Self { measure: made.id() }
    }

    /// The only row of a push: a team and a day that no other has.
    fn row(&self, world: &World, number: usize) -> Value {
        let unit = &world.north.unit(TEAMS[number % TEAMS.len()]).id;
        let day = number / TEAMS.len();
        let date = format!(
            "{}-{:02}-{:02}",
            1980 + day / 336,
            1 + day % 336 / 28,
            1 + day % 28
        );
        json!({
            "measure": self.measure, "unit": unit, "periodStart": date, "periodEnd": date, "numerator": 1,
            "denominator": 2, "source": "ward-tool", "externalId": format!("push-{number}"),
        })
    }

    /// Sends a push once.
    async fn send(&self, world: &World, number: usize) -> Result<Answer, String> {
        let call = world
            .integration()
            .put("/v1/observations", &json!([self.row(world, number)]))
            .header("idempotency-key", format!("push-{number}"));
        call.send().await.map_err(|error| error.to_string())
    }

    /// Sends a push until it is taken. Whatever is not is refused with a reason and a time to try again.
    async fn send_until_taken(&self, world: &World, number: usize) -> Refusals {
        let mut refusals = Refusals::default();
        let begun = Instant::now();
        loop {
            match self.send(world, number).await {
                Ok(answer) if answer.status == 200 => return refusals,
                Ok(answer) => {
                    assert_clean(&answer);
                    refusals.clean += 1;
                }
                Err(_) => refusals.cut += 1,
            }
            assert!(begun.elapsed() < PATIENCE, "push {number} is never taken");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Counts what is there: every push once, and a ledger and counts that say the same.
    async fn check(&self, world: &World, fault: &str, pushes: usize, refusals: Refusals, since: Instant) {
        let mut found = BTreeSet::new();
        let mut doubled = 0;
        let list = format!("/v1/observations?measure={}&limit=500", self.measure);
        let mut path = list.clone();
        loop {
            let page = world.integration().get(&path).await.expect(200);
            for row in page.data() {
                let name = row["externalId"].as_str().unwrap_or_default().to_owned();
                doubled += usize::from(!found.insert(name));
            }
            match page.body["page"]["nextCursor"].as_str() {
                Some(cursor) => path = format!("{list}&cursor={cursor}"),
                None => break,
            }
        }
        let wanted: BTreeSet<String> = (0..pushes).map(|number| format!("push-{number}")).collect();
        let lost = wanted.difference(&found).count();
        println!(
            "{fault}, {:?}: {pushes} pushes acknowledged, {} refused cleanly and {} cut off on the way, \
             lost {lost}, doubled {doubled}, {} ms",
            world.backend,
            refusals.clean,
            refusals.cut,
            since.elapsed().as_millis()
        );
        assert_eq!((lost, doubled), (0, 0), "{fault}");
        assert_eq!(found, wanted, "{fault}");
        for command in [["audit", "verify"], ["projections", "verify"]] {
            let (clean, said) = world.command(&command);
            assert!(clean, "{fault}: {said}");
        }
    }
}

impl std::ops::Add for Refusals {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            clean: self.clean + other.clean,
            cut: self.cut + other.cut,
        }
    }
}

/// What an answer has to be while something is broken.
#[track_caller]
fn assert_clean(answer: &Answer) {
    assert!(
        [409, 429, 503].contains(&answer.status.as_u16()),
        "neither taken nor cleanly refused: {answer}"
    );
    // A key whose first request still runs is a conflict; everything else says when to come again.
    if answer.status == 409 {
        assert_eq!(answer.body["code"], "idempotency_key_in_use", "{answer}");
    } else {
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{answer}");
    }
}

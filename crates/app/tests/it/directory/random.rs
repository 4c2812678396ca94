//! Random values, recorded in any order, corrected and taken back: what holds on a day is what a slow look says.

use std::collections::BTreeMap;

use serde_json::json;
use spiral_domain::exchange::BatchOptions;

use super::{counted, day, having, held, push_as, said, vocabulary};
use crate::measures::{with, worlds};

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

const UNITS: [&str; 4] = ["s0", "s0o0", "s0o1", "s0o0t0"];
const DAYS: [&str; 8] = [
    "2004-01-01",
    "2004-01-31",
    "2004-02-01",
    "2004-07-01",
    "2005-01-01",
    "2005-01-02",
    "2005-12-31",
    "2006-03-01",
];

/// What was said of a unit from a day on, and until when at most.
type Said = BTreeMap<(&'static str, &'static str, &'static str), (String, Option<&'static str>)>;

/// The last that was said by the day holds, if it has not ended.
fn told(said: &Said, unit: &str, attribute: &str, on: &str) -> Option<String> {
    let mut of = said
        .iter()
        .filter(|((u, a, from), _)| *u == unit && *a == attribute && *from <= on);
    let (_, (value, to)) = of.next_back()?;
    to.is_none_or(|to| on <= to).then(|| value.clone())
}

#[tokio::test]
async fn what_holds_on_a_day_is_the_last_that_was_said_by_then() {
    for world in worlds(&[&[1, 1]]).await {
        vocabulary(&world).await;
        let system = world.system();
        let mut dice = Dice(20_041);
        let mut model: Said = BTreeMap::new();
        let (mut told_some, mut told_none) = (0, 0);
        for step in 0..60 {
            let mut rows = Vec::new();
            for _ in 0..=dice.below(3) {
                let (unit, from) = (UNITS[dice.below(4)], DAYS[dice.below(8)]);
                let attribute = ["rurality", "deprivation", "listSize"][dice.below(3)];
                let to = DAYS.get(dice.below(12)).copied().filter(|to| from <= *to);
                let key = (unit, attribute, from);
                let row = match attribute {
                    "listSize" => counted(unit, from, f64::from(u32::try_from(dice.below(5)).unwrap())),
                    "rurality" => said(unit, attribute, from, ["urban", "rural"][dice.below(2)]),
                    _ => said(unit, attribute, from, ["1", "2", "3", "4", "5"][dice.below(5)]),
                };
                let back = dice.below(4) == 0;
                let value = row["value"]
                    .as_str()
                    .map_or_else(|| row["number"].to_string().replace(".0", ""), str::to_owned);
                let row = with(row, json!({"to": to, "retracted": back}));
                let options = BatchOptions {
                    dry_run: dice.below(6) == 0,
                    ..BatchOptions::default()
                };
                let taken = push_as(&system, std::slice::from_ref(&row), options).await;
                let known = model.contains_key(&key);
                if options.dry_run {
                    continue;
                }
                if back {
                    // Taken back twice is no mistake; of what was never said there is nothing to take back.
                    assert!(taken.is_ok() || !known, "{row}");
                    model.remove(&key);
                } else {
                    assert_eq!(taken.unwrap().rejected, 0);
                    model.insert(key, (value, to));
                }
                rows.push(row);
            }
            if step % 6 != 5 {
                continue;
            }
            for on in DAYS.into_iter().chain(["2003-12-31", "2004-06-30", "2006-06-30"]) {
                for unit in UNITS {
                    for attribute in ["rurality", "deprivation", "listSize"] {
                        let found = held(&system, unit, attribute, on).await;
                        let wanted = told(&model, unit, attribute, on);
                        assert_eq!(
                            found.clone().map(|(value, _)| value),
                            wanted,
                            "{unit} {attribute} {on} after {rows:?}"
                        );
                        let Some((_, to)) = found else {
                            told_none += 1;
                            continue;
                        };
                        told_some += 1;
                        // Its last day is the last on which a look says the same.
                        let last = to.unwrap_or(day("2006-06-30"));
                        assert_eq!(told(&model, unit, attribute, &last.to_string()), wanted);
                        let next = DAYS
                            .into_iter()
                            .find(|from| on < *from && model.contains_key(&(unit, attribute, *from)));
                        assert!(
                            next.is_none_or(|next| last < day(next)),
                            "{unit} {attribute} {on}"
                        );
                    }
                }
                for (asked, fits) in [
                    ("rurality:rural", &["rural"][..]),
                    ("deprivation:2..4", &["2", "3", "4"]),
                    ("deprivation:5", &["5"]),
                ] {
                    let attribute = asked.split(':').next().unwrap();
                    let mut wanted: Vec<&str> = UNITS
                        .into_iter()
                        .filter(|unit| {
                            let value = told(&model, unit, attribute, on);
                            value.is_some_and(|value| fits.contains(&value.as_str()))
                        })
                        .collect();
                    wanted.sort_unstable();
                    assert_eq!(
                        having(&system, &[asked], Some(on)).await.unwrap(),
                        wanted,
                        "{asked} {on}"
                    );
                }
            }
        }
        assert!(told_some > 200 && told_none > 100, "{told_some} {told_none}");
        world.verifies().await;
    }
}

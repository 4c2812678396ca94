//! What happens: records, and changes as a caller would ask for them.

use crate::measures::{World, push_with, row};
use crate::spread::event;
use crate::tree::model::{Change, Model};
use serde_json::{Value, json};
use spiral_app::innovations;
use spiral_app::spread::push_adoption_events;
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::spread::{Mode, Stage};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Sharing};
use std::collections::BTreeSet;

pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A day in the year of the data; often the first of a month.
    pub fn day(&mut self) -> Date {
        let month = Date::ymd(2005, 4, 1)
            .unwrap()
            .plus_months(i32::try_from(self.below(14)).unwrap());
        if self.below(3) > 0 {
            return month;
        }
        let days = 1 + self.below(27);
        (0..days).fold(month, |day, _| day.next())
    }
}

/// Observations of every team and organisation, and adoption by all sorts of units.
pub async fn live(world: &World, dice: &mut Dice) {
    world.measure("m", json!({"countsPeople": true})).await;
    let units: Vec<String> = {
        let mut codes: Vec<String> = world.units.keys().cloned().collect();
        codes.sort();
        codes
    };
    let teams: Vec<&String> = units
        .iter()
        .filter(|code| world.units[*code].tier == Tier::Microsystem)
        .collect();
    let mut rows: Vec<Value> = Vec::new();
    for team in &teams {
        for month in 0..14 {
            if dice.below(5) == 0 {
                continue;
            }
            let month = Date::ymd(2005, 4, 1).unwrap().plus_months(month).to_string();
            let people = u32::try_from(20 + dice.below(60)).unwrap();
            rows.push(row(team, &month[..7], people / 2, people));
        }
        let levels = [
            Sharing::Team,
            Sharing::Organisation,
            Sharing::Sha,
            Sharing::National,
            Sharing::Everyone,
        ];
        world.share(team, *dice.pick(&levels)).await;
    }
    let options = BatchOptions {
        atomic: Some(false),
        ..Default::default()
    };
    push_with(&world.system(), &rows, options).await.unwrap();
    let mut events = Vec::new();
    for unit in &units {
        for _ in 0..dice.below(3) {
            let day = Date::ymd(2005, 1, 1)
                .unwrap()
                .plus_months(i32::try_from(dice.below(16)).unwrap());
            let mut row = event("i", unit, *dice.pick(&Stage::ALL), &day.to_string());
            row.mode = *dice.pick(&[None, Some(Mode::Pull), Some(Mode::Push)]);
            row.reason = Some("for a reason".into());
            events.push(BatchRow {
                row_key: None,
                read: Ok(row),
            });
        }
    }
    let create = json!({
        "code": "i", "name": "i", "unit": "code:nat", "status": "spreading", "tiers": ["microsystem", "organisation"],
    });
    innovations::create_innovation(&world.system(), serde_json::from_value(create).unwrap())
        .await
        .unwrap();
    let options = BatchOptions {
        atomic: Some(false),
        ..Default::default()
    };
    push_adoption_events(&world.system(), events, options)
        .await
        .unwrap();
}

/// A change as a caller would ask for it; many are refused, as they should be.
pub fn draw(dice: &mut Dice, model: &Model) -> (Change, Value, String) {
    let of = |tier: Tier| -> Vec<String> {
        let places = model.places.iter().filter(|(_, place)| place.tier == tier);
        places.map(|(code, _)| code.clone()).collect()
    };
    let (teams, organisations, shas) = (of(Tier::Microsystem), of(Tier::Organisation), of(Tier::Sha));
    let on = dice.day();
    let reference = |code: &str| format!("code:{code}");
    let change = match dice.below(12) {
        0..=3 => Change::Transfer(dice.pick(&teams).clone(), dice.pick(&organisations).clone()),
        4..=5 => {
            let above: Vec<String> = shas.iter().chain(&organisations).cloned().collect();
            Change::Transfer(dice.pick(&organisations).clone(), dice.pick(&above).clone())
        }
        6 => Change::Merge(vec![dice.pick(&teams).clone()], dice.pick(&teams).clone()),
        7..=8 => Change::Merge(
            vec![dice.pick(&organisations).clone()],
            dice.pick(&organisations).clone(),
        ),
        9 => {
            let two = [dice.pick(&shas).clone(), dice.pick(&organisations).clone()];
            let closing = dice.pick(&two).clone();
            let same = if shas.contains(&closing) {
                &shas
            } else {
                &organisations
            };
            Change::Merge(vec![closing], dice.pick(same).clone())
        }
        10 => {
            let unit = dice.pick(&organisations).clone();
            let others: Vec<String> = organisations
                .iter()
                .filter(|other| **other != unit)
                .cloned()
                .collect();
            let into = [
                others[0].clone(),
                others[1 + dice.below(others.len() - 1)].clone(),
            ];
            let placed = model
                .places
                .iter()
                .filter(|(code, place)| {
                    let closed = place.closed.unwrap_or(Date::MAX);
                    let mut day = on;
                    let mut there = false;
                    // On some day from then on it is open and stands there.
                    while day <= model.today() && !there {
                        there = model.parent(code, day) == Some(&unit) && day <= closed;
                        day = day.next();
                    }
                    there
                })
                .map(|(code, _)| (code.clone(), dice.pick(&into).clone()))
                .collect();
            Change::Split(unit, placed)
        }
        _ => match dice.below(2) {
            0 => Change::Close(dice.pick(&teams).clone()),
            _ => Change::Rename(dice.pick(&teams).clone(), format!("Named on {on}")),
        },
    };
    let (unit, mut input) = match &change {
        Change::Transfer(unit, parent) => (unit, json!({"kind": "transfer", "parent": reference(parent)})),
        Change::Merge(closing, into) => (&closing[0], json!({"kind": "merge", "into": [reference(into)]})),
        Change::Split(unit, placed) => {
            let into: BTreeSet<String> = placed.iter().map(|(_, to)| reference(to)).collect();
            let children: Vec<Value> = placed
                .iter()
                .map(|(child, to)| json!({"unit": reference(child), "to": reference(to)}))
                .collect();
            (unit, json!({"kind": "split", "into": into, "children": children}))
        }
        Change::Close(unit) => (unit, json!({"kind": "close"})),
        Change::Rename(unit, name) => (unit, json!({"kind": "rename", "name": name})),
    };
    input["effectiveOn"] = json!(on);
    let unit = unit.clone();
    (change, input, unit)
}

pub fn on_of(input: &Value) -> Date {
    input["effectiveOn"].as_str().unwrap().parse().unwrap()
}

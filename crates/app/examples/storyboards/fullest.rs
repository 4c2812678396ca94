//! A storyboard with as much on it as there can be, every text as long as it may be: to be looked at before a change of
//! the page is kept.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use spiral_app::microsystems as work;
use spiral_app::{Caller, measures, spirals, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::measures::PushObservation;
use spiral_domain::{Date, Reference};

use super::pages::in_demo;

/// Words of all lengths, one of them longer than a line of a card, cut to so many letters.
fn long(letters: usize) -> String {
    let words = "Every patient who comes is looked at by whoever is free, Llanfairpwllgwyngyllgogerychwyrndrobwllllantysilio, \
                 and is told what comes next; ";
    words
        .chars()
        .cycle()
        .take(letters)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn read<T: DeserializeOwned>(input: Value) -> T {
    serde_json::from_value(input).expect("an input that fits")
}

/// The page, of a team that is made for it.
pub async fn fullest() -> String {
    in_demo(async |caller| {
        let unit = Reference::code("fullest");
        let team = json!({ "code": "fullest", "name": long(120), "tier": "microsystem", "kind": "clinical_team",
            "parent": "code:west-hull-pct" });
        tenancy::create_org_unit(caller, read(team)).await.expect("a team");
        itself(caller, &unit).await;
        tests(caller, &unit).await;
        for drawn in diagrams() {
            work::draw_diagram(caller, &unit, read(drawn)).await.expect("a diagram");
        }
        work::storyboard(caller, &unit).await.expect("a page")
    })
    .await
}

/// Who it is, and what it improves.
async fn itself(caller: &Caller, unit: &Reference) {
    for n in 1..=26 {
        let member = json!({ "description": format!("{n} {}", long(90)), "discipline": "nurse", "role": "member",
            "joinedOn": "2004-01-01" });
        work::add_lead_team_member(caller, unit, read(member))
            .await
            .expect("a member");
    }
    let spirals = (1..=5).map(|n| format!("{n} {}", long(180)));
    for title in spirals {
        let spiral = json!({ "unit": "code:fullest", "title": title, "origin": "local" });
        spirals::start_spiral(caller, read(spiral))
            .await
            .expect("a spiral");
    }
    let mut months = Vec::new();
    for month in 0..24_i32 {
        let period = Date::ymd(2005, 1, 1)
            .expect("a day")
            .plus_months(month)
            .to_string();
        let seen = 50 + (month * 37) % 29 + month;
        let row = json!({ "measure": "code:seen-within-target", "unit": "code:fullest", "period": &period[..7],
            "numerator": seen, "denominator": 110 });
        months.push(BatchRow {
            row_key: None,
            read: Ok(read::<PushObservation>(row)),
        });
    }
    let options = BatchOptions::default();
    measures::push_observations(caller, months, options)
        .await
        .expect("figures");
}

/// What it aims for, tests and keeps.
async fn tests(caller: &Caller, unit: &Reference) {
    for n in 1..=3 {
        let aim = json!({ "kind": "specific", "statement": format!("{n} {}", long(280)),
            "measure": "code:seen-within-target", "fromValue": 45.0, "toValue": 90.0, "byWhen": "2007-06-30" });
        let aim = work::set_aim(caller, unit, read(aim)).await.expect("an aim").id;
        let ramp = json!({ "aim": aim, "title": long(100) });
        let ramp = work::open_ramp(caller, unit, read(ramp))
            .await
            .expect("a ramp")
            .id;
        let plan = json!({ "objective": long(500), "prediction": long(500) });
        let cycle = json!({ "kind": "pdsa", "ramp": ramp, "title": long(180), "plan": plan });
        let cycle = work::plan_cycle(caller, unit, read(cycle))
            .await
            .expect("a cycle")
            .id;
        let done = json!({ "startedOn": "2006-11-01", "observations": long(1500) });
        work::carry_out_cycle(caller, unit, cycle, None, read(done))
            .await
            .expect("carried out");
    }
    let standard = json!({ "kind": "sdsa", "title": long(180), "owner": long(60), "reviewOn": "2006-12-31",
        "plan": { "objective": long(500) } });
    work::plan_cycle(caller, unit, read(standard))
        .await
        .expect("a standard");
}

/// The three kinds at three and at sixty parts.
fn diagrams() -> Vec<Value> {
    let mut drawn = Vec::new();
    for parts in [3_usize, 60] {
        let key = |n: usize| format!("n{n}");
        let nodes: Vec<Value> = (0..parts)
            .map(|n| {
                let kind = if n == 0 {
                    "start"
                } else if n + 1 == parts {
                    "end"
                } else {
                    "step"
                };
                let actor = (kind == "step").then(|| long(40));
                json!({ "key": key(n), "kind": kind, "name": format!("{n} {}", long(110)), "actor": actor })
            })
            .collect();
        let edges: Vec<Value> = (1..parts)
            .map(|n| json!({ "from": key(n - 1), "to": key(n) }))
            .collect();
        let map = json!({ "nodes": nodes, "edges": edges });
        drawn.push(json!({ "title": long(180), "drawnOn": "2006-01-01", "processMap": map }));
        let causes: Vec<Value> = (0..parts)
            .map(|n| json!({ "key": key(n), "text": format!("{n} {}", long(190)), "under": format!("k{}", n % 6) }))
            .collect();
        let categories: Vec<Value> = (0..6)
            .map(|n| json!({ "key": format!("k{n}"), "name": long(55) }))
            .collect();
        let bones = json!({ "effect": long(190), "categories": categories, "causes": causes });
        drawn.push(json!({ "title": long(180), "drawnOn": "2006-01-02", "fishbone": bones }));
        let drivers: Vec<Value> = (0..parts)
            .map(|n| match n % 3 {
                0 => json!({ "key": key(n), "level": "primary", "text": format!("{n} {}", long(190)) }),
                1 => json!({ "key": key(n), "level": "secondary", "text": format!("{n} {}", long(190)), "serves": [key(n - 1)] }),
                _ => json!({ "key": key(n), "level": "change_idea", "text": format!("{n} {}", long(190)), "serves": [key(n - 1)] }),
            })
            .collect();
        let driven = json!({ "aim": long(290), "drivers": drivers });
        drawn.push(json!({ "title": long(180), "drawnOn": "2006-01-03", "driverDiagram": driven }));
    }
    drawn
}

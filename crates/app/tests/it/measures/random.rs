//! Whatever is pushed, corrected, taken back and shared: cells are what a recount says, a roll-up shows each
//! reader what their list of observations adds up to, and no total that is left out follows from those that
//! are told, however they are asked for.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use spiral_app::analysis::{RollUpQuery, roll_up};
use spiral_app::measures::{self, ObservationQuery};
use spiral_app::{Caller, tenancy};
use spiral_domain::analysis::{Figure, GroupBy, RollUpCell};
use spiral_domain::measures::{Observation, Period, Stratum};
use spiral_domain::people::Role;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Interval, PageRequest, PrincipalId, Sharing};
use spiral_stats::suppression::{Along, CellId, Hidden, Rule, Table, derivable};

use super::{World, code, push, row, with, worlds};

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

const SHAPE: &[&[usize]] = &[&[7, 2, 6, 1], &[5, 8], &[3]];
const SEXES: [&str; 2] = ["f", "m"];
const LEVELS: [Sharing; 6] = [
    Sharing::Team,
    Sharing::Organisation,
    Sharing::Organisation,
    Sharing::Sha,
    Sharing::National,
    Sharing::Everyone,
];

type Key = (String, String, String, String);

fn teams(world: &World) -> Vec<String> {
    let mut teams: Vec<String> = world
        .units
        .values()
        .filter(|unit| unit.tier == Tier::Microsystem)
        .map(|unit| unit.code.clone())
        .collect();
    teams.sort();
    teams
}

/// Teams that come and go.
async fn come_and_go(world: &mut World) {
    for (code, opened, closed) in [
        ("s0o1t2", Some("2005-06-10"), None),
        ("s1o0t5", None, Some("2005-05-20")),
        ("s2o0t3", Some("2005-09-01"), Some("2005-12-31")),
        ("s2o0t4", Some("2005-07-01"), None),
    ] {
        let unit = json!({
            "code": code, "name": code, "tier": "microsystem", "kind": "clinical_team",
            "parent": format!("code:{}", &code[..4]), "openedOn": opened, "closedOn": closed,
        });
        let unit = serde_json::from_value(unit).unwrap();
        let unit = tenancy::create_org_unit(&world.system(), unit).await.unwrap();
        world.units.insert(code.to_owned(), unit);
    }
}

/// A history of pushes, corrections, retractions and changes of mind about sharing.
async fn live(world: &World, dice: &mut Dice) {
    let teams = teams(world);
    for step in 0..10 {
        let mut rows: BTreeMap<String, Value> = BTreeMap::new();
        for _ in 0..60 {
            let team = dice.pick(&teams).clone();
            let month = format!("2005-{:02}", 4 + dice.below(6));
            // Small numbers are common, so that the rules about people bite.
            let most = if dice.below(3) == 0 { 8 } else { 60 };
            let denominator = u32::try_from(1 + dice.below(most)).unwrap();
            let numerator = u32::try_from(dice.below(u64::from(denominator) + 1)).unwrap();
            let mut row = row(&team, &month, numerator, denominator);
            let stratum = match dice.below(5) {
                0..=1 => Stratum::whole(),
                2 => Stratum::of("sex", "f"),
                3 => Stratum::of("sex", "m"),
                _ => Stratum::read("age=old;sex=f"),
            };
            row = with(row, json!({"stratum": stratum}));
            if step > 0 && dice.below(6) == 0 {
                row = with(row, json!({"retracted": true}));
            } else if dice.below(8) == 0 {
                let quality = *dice.pick(&["not_available", "not_applicable"]);
                row = with(
                    row,
                    json!({"quality": quality, "numerator": null, "denominator": null}),
                );
            }
            rows.insert(format!("{team} {month} {stratum}"), row);
        }
        let rows: Vec<Value> = rows.into_values().collect();
        let options = spiral_domain::exchange::BatchOptions {
            atomic: Some(false),
            ..Default::default()
        };
        super::push_with(&world.system(), &rows, options).await.unwrap();
        for _ in 0..4 {
            let team = dice.pick(&teams).clone();
            world.share(&team, *dice.pick(&LEVELS)).await;
        }
        world.later();
    }
    // Corrections by name, from one unit and month to another.
    let named = |unit: &str, month: &str, n: usize| {
        with(
            row(unit, month, 2, 9),
            json!({"source": "far", "externalId": format!("row-{n}"), "takeOver": true}),
        )
    };
    for round in 0..3 {
        let n = usize::try_from(dice.below(3)).unwrap();
        let month = format!("2005-{:02}", 4 + round);
        let team = dice.pick(&teams).clone();
        // The place may be taken; then it is refused, which is as good a history.
        let _ = push(&world.system(), &[named(&team, &month, n)]).await;
    }
}

/// Everything that a caller may see.
async fn seen(caller: &Caller) -> Vec<Observation> {
    let mut all = Vec::new();
    let mut page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    loop {
        let next = measures::observations(caller, ObservationQuery::default(), &page)
            .await
            .unwrap();
        all.extend(next.data);
        page.cursor = next.page.next_cursor;
        if page.cursor.is_none() {
            return all;
        }
    }
}

/// What the observations of a unit and month add to a stratum, by the book.
fn contribution(rows: &[&Observation], stratum: &str) -> Option<(f64, f64)> {
    let of = |wanted: &str| rows.iter().find(|row| row.stratum.to_string() == wanted);
    let figure = |row: &&&Observation| Some((row.numerator?, row.denominator?));
    if let Some(own) = of(stratum).as_ref().and_then(figure) {
        return Some(own);
    }
    if !stratum.is_empty() {
        return None;
    }
    let (mut sum, mut any) = ((0.0, 0.0), false);
    for sex in SEXES {
        let row = of(&format!("sex={sex}"))?;
        if let Some(part) = figure(&row) {
            sum = (sum.0 + part.0, sum.1 + part.1);
            any = true;
        } else if row.quality != spiral_domain::measures::Quality::NotApplicable {
            return None;
        }
    }
    any.then_some(sum)
}

/// Contributions by unit code, period and stratum.
fn recount(world: &World, rows: &[Observation]) -> HashMap<(String, Period, String), (f64, f64)> {
    let codes: HashMap<_, _> = world
        .units
        .values()
        .map(|unit| (unit.id, unit.code.clone()))
        .collect();
    let mut grouped: HashMap<(String, Period), Vec<&Observation>> = HashMap::new();
    for row in rows {
        grouped
            .entry((codes[&row.unit_id].clone(), row.period()))
            .or_default()
            .push(row);
    }
    let mut added = HashMap::new();
    for ((unit, period), rows) in grouped {
        for stratum in ["", "sex=f", "sex=m"] {
            if let Some(part) = contribution(&rows, stratum) {
                added.insert((unit.clone(), period, stratum.to_owned()), part);
            }
        }
    }
    added
}

fn add_up(
    added: &HashMap<(String, Period, String), (f64, f64)>,
    node: &str,
    period: Period,
    stratum: &str,
) -> (i64, f64, f64) {
    let mut sum = (0, 0.0, 0.0);
    for ((unit, of, in_stratum), part) in added {
        if counts_at(unit, *of, in_stratum, node, period, stratum) {
            sum = (sum.0 + 1, sum.1 + part.0, sum.2 + part.1);
        }
    }
    sum
}

fn counts_at(unit: &str, of: Period, in_stratum: &str, node: &str, period: Period, stratum: &str) -> bool {
    (node == "nat" || unit == node || is_beneath(unit, node)) && of.within(period) && in_stratum == stratum
}

/// By code: `s0o1t2` is beneath `s0o1`.
fn is_beneath(unit: &str, node: &str) -> bool {
    unit.strip_prefix(node)
        .is_some_and(|rest| rest.starts_with(['o', 't']))
}

fn agrees(figure: &Figure, sum: (i64, f64, f64)) {
    assert_eq!(figure.contributors, sum.0);
    if sum.0 > 0 {
        assert_eq!((figure.numerator, figure.denominator), (Some(sum.1), Some(sum.2)));
    } else {
        assert_eq!(*figure, Figure::default());
    }
}

async fn readers(world: &World) -> Vec<(PrincipalId, &'static str)> {
    let network = json!({
        "code": "net", "name": "net", "kind": "clinical_network", "hostUnit": "code:s1",
        "members": [{"unit": "code:s0o0t0"}, {"unit": "code:s1o0t1"}, {"unit": "code:s0o2t3"}],
    });
    tenancy::create_network(&world.system(), serde_json::from_value(network).unwrap())
        .await
        .unwrap();
    let across = world.person(&[(Role::TeamLead, "s0o1t1")]).await;
    world.grant(across, Role::ShaAnalyst, None, Some("net")).await;
    vec![
        (world.person(&[(Role::NationalAnalyst, "nat")]).await, "national"),
        (world.person(&[(Role::ShaLead, "s0")]).await, "sha"),
        (
            world.person(&[(Role::OrganisationAnalyst, "s1o1")]).await,
            "organisation",
        ),
        (world.person(&[(Role::TeamMember, "s0o0t0")]).await, "team"),
        (
            world
                .person(&[
                    (Role::ShaAnalyst, "s0"),
                    (Role::OrganisationLead, "s0o2"),
                    (Role::Coach, "s0o2t1"),
                    (Role::Coach, "s1"),
                ])
                .await,
            "several",
        ),
        (across, "across"),
    ]
}

/// Every cell that a reader can get: each node with its children, in months, quarters and the year.
async fn every_cell(world: &World, caller: &Caller) -> BTreeMap<Key, RollUpCell> {
    let mut nodes: Vec<&str> = world
        .units
        .values()
        .filter(|unit| unit.tier != Tier::Microsystem)
        .map(|unit| unit.code.as_str())
        .collect();
    nodes.sort_unstable();
    let mut all: BTreeMap<Key, RollUpCell> = BTreeMap::new();
    for interval in [None, Some(Interval::Quarter), Some(Interval::FinancialYear)] {
        let groups = nodes
            .iter()
            .map(|node| (*node, GroupBy::Children))
            .chain([("nat", GroupBy::Organisation), ("nat", GroupBy::Sha)]);
        for (node, group_by) in groups {
            for dimension in [None, Some("sex".to_owned())] {
                let query = RollUpQuery {
                    group_by,
                    dimension,
                    interval,
                    from: "2005-04-01".parse().ok(),
                    to: "2006-03-31".parse().ok(),
                    ..RollUpQuery::of(code("m"), code(node))
                };
                for cell in roll_up(caller, query).await.unwrap().cells {
                    let key = (
                        cell.node.code.clone(),
                        cell.period_start.to_string(),
                        cell.period_end.to_string(),
                        cell.stratum.to_string(),
                    );
                    if let Some(before) = all.insert(key.clone(), cell.clone()) {
                        assert_eq!(before, cell, "{key:?} is told differently by {node}");
                    }
                }
            }
        }
    }
    all
}

fn period_of(cell: &RollUpCell) -> Period {
    Period {
        start: cell.period_start,
        end: cell.period_end,
    }
}

/// The table of everything that a reader got, with every sum that holds in it.
fn table(
    world: &World,
    cells: &BTreeMap<Key, RollUpCell>,
    hidden: &BTreeMap<Key, Hidden>,
) -> (Table, Vec<bool>) {
    let mut table = Table::new(Rule::default());
    let ids: BTreeMap<&Key, CellId> = hidden
        .iter()
        .map(|(key, hidden)| (key, table.cell(*hidden, 1)))
        .collect();
    for (key, whole) in &ids {
        let (node, start, end, stratum) = key;
        let mut sums: Vec<(Along, Vec<CellId>)> = Vec::new();
        let children: Vec<CellId> = world
            .units
            .values()
            .filter(|unit| unit.parent_id == Some(world.units[node].id))
            .filter_map(|unit| ids.get(&(unit.code.clone(), start.clone(), end.clone(), stratum.clone())))
            .copied()
            .collect();
        sums.push((Along::Tree, children));
        if stratum.is_empty() {
            let parts = SEXES.map(|sex| (node.clone(), start.clone(), end.clone(), format!("sex={sex}")));
            sums.push((Along::Strata, parts.iter().map(|part| ids[part]).collect()));
        }
        let period = period_of(&cells[*key]);
        for level in [Interval::Month, Interval::Quarter] {
            let parts: Vec<CellId> = ids
                .iter()
                .filter(|(other, _)| other.0 == *node && other.3 == *stratum)
                .filter(|(other, _)| {
                    let part = period_of(&cells[**other]);
                    part != period && part.within(period) && part.fits(level)
                })
                .map(|(_, id)| *id)
                .collect();
            sums.push((Along::Time, parts));
        }
        for (along, parts) in sums.into_iter().filter(|(_, parts)| !parts.is_empty()) {
            table.sum(along, *whole, &parts).unwrap();
        }
    }
    let closed = ids.keys().map(|key| cells[*key].suppressed).collect();
    (table, closed)
}

async fn check(world: &World, caller: &Caller, who: &str, everything: &[Observation]) -> usize {
    let mine = recount(world, &seen(caller).await);
    let teams: Vec<_> = world
        .units
        .values()
        .filter(|unit| unit.tier == Tier::Microsystem)
        .collect();
    let ids: Vec<_> = teams.iter().map(|unit| unit.id).collect();
    let series = measures::latest_observations_of(caller, &code("m"), &ids, 1)
        .await
        .unwrap();
    let out_of_sight: Vec<_> = teams
        .into_iter()
        .filter(|unit| series[&unit.id].withheld.is_some())
        .collect();
    let all = recount(world, everything);
    let rest: HashMap<(String, Period, String), (f64, f64)> = all
        .iter()
        .filter(|(place, _)| !mine.contains_key(*place))
        .map(|(place, part)| (place.clone(), *part))
        .collect();
    let cells = every_cell(world, caller).await;
    let mut hidden = BTreeMap::new();
    let mut open = 0;
    for (key, cell) in &cells {
        let period = period_of(cell);
        agrees(&cell.shown, add_up(&mine, &key.0, period, &key.3));
        let (_, numerator, denominator) = add_up(&rest, &key.0, period, &key.3);
        let mut by_unit: HashMap<&str, f64> = HashMap::new();
        for ((unit, of, stratum), part) in &rest {
            if counts_at(unit, *of, stratum, &key.0, period, &key.3) {
                *by_unit.entry(unit).or_default() += part.1;
            }
        }
        let units = out_of_sight
            .iter()
            .filter(|unit| key.0 == "nat" || unit.code == key.0 || is_beneath(&unit.code, &key.0))
            .filter(|unit| unit.opened_on.is_none_or(|first| first <= period.end))
            .filter(|unit| unit.closed_on.is_none_or(|last| period.start <= last))
            .count();
        if period.fits(Interval::Month) {
            let hidden = cell.coverage.eligible - cell.coverage.shown;
            assert_eq!(usize::try_from(hidden).unwrap(), units, "{who} {key:?}");
        }
        let secret = Hidden {
            units: units as u64,
            settled: units as u64,
            numerator,
            denominator,
            largest_denominator: by_unit.into_values().fold(0.0, f64::max),
            counts_people: true,
        };
        hidden.insert(key.clone(), secret);
        assert_eq!(cell.suppressed, cell.total.is_none(), "{who} {key:?}");
        if let Some(total) = &cell.total {
            agrees(total, add_up(&all, &key.0, period, &key.3));
            assert!(
                !Rule::default().must_suppress(&secret),
                "{who} is told {key:?} though {secret:?}"
            );
            open += usize::from(units > 0);
        } else {
            assert!(units > 0, "{who} is not told {key:?} though nothing is hidden");
        }
    }
    let (table, closed) = table(world, &cells, &hidden);
    let keys: Vec<&Key> = hidden.keys().collect();
    let told: Vec<&Key> = derivable(&table, &closed)
        .iter()
        .map(|cell| keys[cell.index()])
        .collect();
    assert_eq!(told, Vec::<&Key>::new(), "{who} can work these out");
    open
}

#[tokio::test]
async fn roll_ups_are_a_recount_and_give_nobody_away() {
    for (n, mut world) in worlds(SHAPE).await.into_iter().enumerate() {
        come_and_go(&mut world).await;
        world.dimension("sex", &SEXES).await;
        world.dimension("age", &["young", "old"]).await;
        world
            .measure("m", json!({"countsPeople": true, "dimensions": ["sex", "age"]}))
            .await;
        let mut dice = Dice(2004 + n as u64);
        live(&world, &mut dice).await;
        world.verifies().await;
        let everything = seen(&world.system()).await;
        let mut open = 0;
        for (reader, who) in readers(&world).await {
            let caller = world.caller(reader).await;
            open += check(&world, &caller, who, &everything).await;
        }
        // The rules would be easy to keep by telling nothing.
        assert!(open > 50, "only {open} totals with hidden units are told");
        spiral_app::projections::rebuild(&world.system()).await.unwrap();
        world.verifies().await;
    }
}

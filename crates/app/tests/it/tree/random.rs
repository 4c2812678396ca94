//! Random reorganisations, back-dated ones included: roll-ups and spread as they were and as they are now are what
//! a slow recount says, a reversal restores every answer, and nobody sees more than before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use spiral_app::analysis::{RollUpQuery, roll_up};
use spiral_app::measures::{self, ObservationQuery};
use spiral_app::spread::{
    CurveQuery, EventFilter, SpreadQuery, adoption_events, push_adoption_events, spread_curve, spread_metrics,
};
use spiral_app::{Caller, innovations, projections};
use spiral_domain::analysis::{Figure, GroupBy, TreeAt};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::innovations::Innovation;
use spiral_domain::measures::{Observation, Period};
use spiral_domain::people::Role;
use spiral_domain::spread::{AdoptionEvent, Mode, SpreadCount, SpreadGroupBy, SpreadTree, Stage};
use spiral_domain::tenancy::{OrgUnit, ReorganisationReport, Tier};
use spiral_domain::{Date, Interval, PageRequest, PrincipalId, Sharing, UnitId};

use super::model::{Change, Model};
use super::{reorganise, reverse};
use crate::measures::{World, code, push_with, row, worlds};
use crate::spread::event;
use crate::spread::naive::{Facts, History};

const SHAPE: &[&[usize]] = &[&[7, 3, 6], &[3, 8], &[2]];

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A day in the year of the data; often the first of a month.
    fn day(&mut self) -> Date {
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

struct Reader {
    name: &'static str,
    id: PrincipalId,
    /// Units and the sharing level that a role there reads.
    grants: Vec<(&'static str, Sharing)>,
}

async fn readers(world: &World) -> Vec<Reader> {
    type Roles = [(Role, &'static str, Sharing)];
    let plan: [(&str, &Roles); 6] = [
        ("national", &[(Role::NationalAnalyst, "nat", Sharing::National)]),
        ("sha", &[(Role::ShaLead, "s0", Sharing::Sha)]),
        (
            "organisation",
            &[(Role::OrganisationLead, "s0o0", Sharing::Organisation)],
        ),
        (
            "other",
            &[(Role::OrganisationLead, "s1o1", Sharing::Organisation)],
        ),
        ("team", &[(Role::TeamLead, "s0o1t1", Sharing::Team)]),
        (
            "several",
            &[
                (Role::ShaAnalyst, "s1", Sharing::Sha),
                (Role::OrganisationAnalyst, "s0o2", Sharing::Organisation),
                (Role::Coach, "s1o0t2", Sharing::Team),
            ],
        ),
    ];
    let mut readers = Vec::new();
    for (name, grants) in plan {
        let roles: Vec<(Role, &str)> = grants.iter().map(|(role, unit, _)| (*role, *unit)).collect();
        readers.push(Reader {
            name,
            id: world.person(&roles).await,
            grants: grants.iter().map(|(_, unit, level)| (*unit, *level)).collect(),
        });
    }
    readers
}

/// Observations of every team and organisation, and adoption by all sorts of units.
async fn live(world: &World, dice: &mut Dice) {
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
fn draw(dice: &mut Dice, model: &Model) -> (Change, Value, String) {
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

fn on_of(input: &Value) -> Date {
    input["effectiveOn"].as_str().unwrap().parse().unwrap()
}

async fn observations(caller: &Caller) -> Vec<Observation> {
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

async fn events(caller: &Caller) -> Vec<AdoptionEvent> {
    let page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    adoption_events(caller, EventFilter::default(), &page)
        .await
        .unwrap()
        .data
}

/// Everything that is asked, by everybody: the answers as text.
async fn answers(world: &World, readers: &[Reader]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for reader in readers {
        let caller = world.caller(reader.id).await;
        for node in ["nat", "s0", "s1", "s0o0", "s1o1", "s2o0"] {
            for (tree, name) in [(TreeAt::Period, "then"), (TreeAt::Current, "now")] {
                for (interval, group_by) in [
                    (None, GroupBy::Children),
                    (Some(Interval::Quarter), GroupBy::None),
                    (Some(Interval::FinancialYear), GroupBy::Organisation),
                ] {
                    let query = RollUpQuery {
                        group_by,
                        interval,
                        tree,
                        from: "2005-04-01".parse().ok(),
                        to: "2006-05-31".parse().ok(),
                        ..RollUpQuery::of(code("m"), code(node))
                    };
                    let answer = roll_up(&caller, query).await.unwrap().cells;
                    all.insert(
                        format!("{} roll-up of {node} {interval:?} {name}", reader.name),
                        serde_json::to_string(&answer).unwrap(),
                    );
                }
            }
            for tree in [SpreadTree::Period, SpreadTree::Current] {
                for day in ["2005-09-30", "2006-05-31"] {
                    let query = SpreadQuery {
                        unit: Some(code(node)),
                        group_by: SpreadGroupBy::Children,
                        as_of: day.parse().ok(),
                        tree,
                        ..SpreadQuery::default()
                    };
                    let rows = spread_metrics(&caller, &query).await.unwrap();
                    all.insert(
                        format!("{} spread at {node} on {day} {tree:?}", reader.name),
                        serde_json::to_string(&*rows).unwrap(),
                    );
                }
            }
        }
        all.insert(
            format!("{} list", reader.name),
            format!("{:?} {:?}", observations(&caller).await, events(&caller).await),
        );
    }
    all
}

/// The units of which each reader sees something, or could.
fn visible(
    world: &World,
    model: &Model,
    reader: &Reader,
    levels: &HashMap<UnitId, Sharing>,
) -> HashSet<String> {
    model
        .places
        .keys()
        .filter(|unit| {
            let level = levels[&world.units[*unit].id];
            let above = model.read_from(unit);
            level == Sharing::Everyone
                || reader
                    .grants
                    .iter()
                    .any(|(grant, least)| *least <= level && above.contains(*grant))
        })
        .cloned()
        .collect()
}

fn same(figure: &Figure, sum: (i64, f64, f64), what: &str) {
    assert_eq!(figure.contributors, sum.0, "{what}");
    if sum.0 > 0 {
        assert_eq!(
            (figure.numerator, figure.denominator),
            (Some(sum.1), Some(sum.2)),
            "{what}"
        );
    }
}

struct Book<'w> {
    world: &'w World,
    model: &'w Model,
    codes: HashMap<UnitId, String>,
    rows: Vec<Observation>,
    facts: Facts,
    innovation: Innovation,
    adoption: HashMap<UnitId, Sharing>,
    reporting: HashMap<UnitId, Sharing>,
}

impl<'w> Book<'w> {
    async fn of(world: &'w World, model: &'w Model) -> Self {
        let system = world.system();
        let store = system.store();
        let units: Vec<OrgUnit> = store.find::<OrgUnit>().all("r.id").await.unwrap();
        let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
        let level = |kind| {
            let settings = settings.iter().filter(move |((_, of), _)| *of == kind);
            settings
                .map(|((unit, _), setting)| (*unit, setting.level))
                .collect::<HashMap<_, _>>()
        };
        let adoption: HashMap<UnitId, Sharing> = level(spiral_domain::WorkKind::Adoption);
        let reporting = level(spiral_domain::WorkKind::Observations);
        Self {
            world,
            model,
            codes: units.iter().map(|unit| (unit.id, unit.code.clone())).collect(),
            rows: observations(&system).await,
            facts: Facts {
                units: units
                    .iter()
                    .map(|unit| (unit.clone(), adoption[&unit.id]))
                    .collect(),
                events: events(&system).await,
            },
            innovation: store.named(&code("i")).await.unwrap(),
            adoption,
            reporting,
        }
    }

    fn sum(&self, seen: Option<&HashSet<String>>, node: &str, period: Period, now: bool) -> (i64, f64, f64) {
        let mut sum = (0, 0.0, 0.0);
        for row in self.rows.iter().filter(|row| row.period().within(period)) {
            let unit = &self.codes[&row.unit_id];
            let day = if now { self.model.today() } else { row.period_end };
            if seen.is_none_or(|seen| seen.contains(unit)) && self.model.counts_at(unit, day).contains(node) {
                sum = (
                    sum.0 + 1,
                    sum.1 + row.numerator.unwrap(),
                    sum.2 + row.denominator.unwrap(),
                );
            }
        }
        sum
    }

    /// Teams that could report at a node in a month, and those that are seen.
    fn could(&self, seen: &HashSet<String>, node: &str, period: Period, now: bool) -> (i64, i64) {
        let (mut all, mut shown) = (0, 0);
        for (unit, place) in &self.model.places {
            let day = if now { self.model.today() } else { period.end };
            if place.tier == Tier::Microsystem
                && self.model.open_in(unit, period.start, period.end)
                && self.model.counts_at(unit, day).contains(node)
            {
                all += 1;
                shown += i64::from(seen.contains(unit));
            }
        }
        (all, shown)
    }

    async fn check_roll_ups(&self, reader: &Reader, caller: &Caller) -> usize {
        let seen = visible(self.world, self.model, reader, &self.reporting);
        let listed: HashSet<&String> = observations(caller)
            .await
            .iter()
            .map(|row| &self.codes[&row.unit_id])
            .collect::<HashSet<_>>();
        assert!(
            listed.iter().all(|unit| seen.contains(*unit)),
            "{} sees too much",
            reader.name
        );
        let reporting: HashSet<&String> = self.rows.iter().map(|row| &self.codes[&row.unit_id]).collect();
        assert!(
            reporting
                .iter()
                .all(|unit| !seen.contains(*unit) || listed.contains(*unit)),
            "{} sees too little",
            reader.name
        );
        let mut told = 0;
        for node in ["nat", "s0", "s1", "s0o0", "s0o1", "s1o1"] {
            for (tree, now) in [(TreeAt::Period, false), (TreeAt::Current, true)] {
                for interval in [None, Some(Interval::Quarter), Some(Interval::FinancialYear)] {
                    let query = RollUpQuery {
                        group_by: GroupBy::Children,
                        interval,
                        tree,
                        from: "2005-04-01".parse().ok(),
                        to: "2006-05-31".parse().ok(),
                        ..RollUpQuery::of(code("m"), code(node))
                    };
                    for cell in roll_up(caller, query).await.unwrap().cells {
                        let period = Period {
                            start: cell.period_start,
                            end: cell.period_end,
                        };
                        let at = &cell.node.code;
                        let what = format!("{} {node}/{at} {period} {tree:?}", reader.name);
                        let day = if now { self.model.today() } else { period.end };
                        assert!(
                            at == node || self.model.parent(at, day) == Some(node),
                            "{what}: a row of its own"
                        );
                        same(&cell.shown, self.sum(Some(&seen), at, period, now), &what);
                        if interval.is_none() {
                            let (all, shown) = self.could(&seen, at, period, now);
                            assert_eq!(
                                (cell.coverage.eligible, cell.coverage.shown),
                                (all, shown),
                                "{what}"
                            );
                            let hidden = all - shown;
                            assert!(
                                hidden == 0 || hidden >= 5 || cell.total.is_none(),
                                "{what}: {hidden} hidden teams are told"
                            );
                        }
                        if let Some(total) = &cell.total {
                            assert!(!now, "{what}: a total in another tree than the period's own");
                            same(total, self.sum(None, at, period, now), &what);
                            told += usize::from(total.contributors > cell.shown.contributors);
                        }
                    }
                }
            }
        }
        told
    }

    fn units_at(&self, node: &str, day: Date) -> Vec<&OrgUnit> {
        let units = self.facts.units.iter().map(|(unit, _)| unit);
        units
            .filter(|unit| self.model.counts_at(&unit.code, day).contains(node))
            .collect()
    }

    fn hold(
        &self,
        what: &str,
        seen: &HashSet<String>,
        units: &[&OrgUnit],
        by: &dyn Fn(&History<'_>) -> bool,
        count: SpreadCount,
    ) {
        let number = |shown: bool| {
            let of = units.iter().filter(|unit| !shown || seen.contains(&unit.code));
            let n = of
                .filter(|unit| by(&self.facts.history(&self.innovation, unit)))
                .count();
            i64::try_from(n).unwrap()
        };
        assert_eq!(count.shown, number(true), "{what}: shown");
        if let Some(total) = count.total {
            assert_eq!(total, number(false), "{what}: total");
        }
    }

    async fn check_spread(&self, reader: &Reader, caller: &Caller) {
        let seen = visible(self.world, self.model, reader, &self.adoption);
        for node in ["nat", "s0", "s0o0", "s1o1"] {
            for tree in [SpreadTree::Period, SpreadTree::Current] {
                for day in ["2005-08-31", "2005-11-16", "2006-05-31"] {
                    let day: Date = day.parse().unwrap();
                    let placed = if tree == SpreadTree::Current {
                        self.model.today()
                    } else {
                        day
                    };
                    let query = SpreadQuery {
                        unit: Some(code(node)),
                        group_by: SpreadGroupBy::Children,
                        as_of: Some(day),
                        tree,
                        ..SpreadQuery::default()
                    };
                    let rows = spread_metrics(caller, &query).await.unwrap();
                    let children: BTreeSet<String> = self
                        .model
                        .places
                        .keys()
                        .filter(|unit| self.model.parent(unit, placed) == Some(node))
                        .cloned()
                        .collect();
                    let listed: BTreeSet<String> = rows.iter().map(|row| row.code.clone()).collect();
                    assert_eq!(listed, children, "{} {node} {day} {tree:?}", reader.name);
                    for row in rows.iter() {
                        let what = format!("{} {} on {day} {tree:?}", reader.name, row.code);
                        let units = self.units_at(&row.code, placed);
                        let eligible = |h: &History<'_>| h.eligible(day);
                        let of = units
                            .iter()
                            .filter(|unit| eligible(&self.facts.history(&self.innovation, unit)));
                        assert_eq!(row.eligible, i64::try_from(of.count()).unwrap(), "{what}");
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| eligible(h) && h.adopted(day),
                            row.adopted,
                        );
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| eligible(h) && h.ever(day),
                            row.ever_adopted,
                        );
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| eligible(h) && h.state(day).is_some(),
                            row.aware,
                        );
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| !eligible(h) && h.adopted(day),
                            row.adopted_outside_eligible,
                        );
                        if tree == SpreadTree::Current {
                            assert!(
                                row.adopted.total.is_none() || row.eligible == row.eligible_shown,
                                "{what}"
                            );
                        }
                    }
                }
            }
            let query = CurveQuery {
                unit: Some(code(node)),
                from: Date::ymd(2005, 1, 1),
                to: Date::ymd(2006, 5, 31),
                ..CurveQuery::default()
            };
            for curve in spread_curve(caller, &query).await.unwrap().iter() {
                for point in &curve.points {
                    let (start, end) = (point.period_start, point.period_end);
                    let what = format!("{} {node} {start} to {end}", reader.name);
                    let units = self.units_at(node, end);
                    self.hold(
                        &what,
                        &seen,
                        &units,
                        &|h| h.eligible(end) && h.ever(end),
                        point.cumulative,
                    );
                    let all: Vec<&OrgUnit> = self.facts.units.iter().map(|(unit, _)| unit).collect();
                    let new = |h: &History<'_>| {
                        let first = h.first_adopted().filter(|on| start <= *on && *on <= end);
                        first.is_some_and(|on| {
                            h.eligible(on) && self.model.counts_at(&h.unit.code, on).contains(node)
                        })
                    };
                    self.hold(&format!("{what} new"), &seen, &all, &new, point.new);
                }
            }
        }
    }
}

/// Nobody sees more than before, but for those whom a unit's move has put above it.
fn no_wider(
    before: &Model,
    after: &Model,
    world: &World,
    reader: &Reader,
    levels: &HashMap<UnitId, Sharing>,
) {
    let (was, is) = (
        visible(world, before, reader, levels),
        visible(world, after, reader, levels),
    );
    for unit in is.difference(&was) {
        let (old, new) = (before.read_from(unit), after.read_from(unit));
        let level = levels[&world.units[unit].id];
        let put_above = reader
            .grants
            .iter()
            .any(|(grant, least)| *least <= level && new.contains(*grant) && !old.contains(*grant));
        assert!(put_above, "{} sees {unit}", reader.name);
        let closed = (before.places[unit].closed, after.places[unit].closed);
        assert!(
            closed.1.is_none() || closed.0 == closed.1,
            "{} sees {unit}, which closed",
            reader.name
        );
    }
}

#[tokio::test]
async fn whatever_moves_the_answers_are_a_recount_and_a_reversal_restores_them() {
    for (n, world) in worlds(SHAPE).await.into_iter().enumerate() {
        let mut dice = Dice(20_061_001 + n as u64);
        live(&world, &mut dice).await;
        let readers = readers(&world).await;
        let base = Model::new(&world.units, world.now().date());
        let mut model = base.clone();
        let mut done: Vec<(Change, Date, String, ReorganisationReport)> = Vec::new();
        let (mut taken, mut refused, mut told, mut reversed) = (0, 0, 0, 0);
        for step in 0..70 {
            world.later();
            if !done.is_empty() && dice.below(6) == 0 {
                let at = dice.below(done.len());
                let (_, _, unit, report) = &done[at];
                if reverse(&world.system(), unit, report).await.is_ok() {
                    reversed += 1;
                    done.remove(at);
                    model = base.clone();
                    for (change, on, _, _) in &done {
                        model.apply(change, *on);
                    }
                }
                continue;
            }
            let (change, input, unit) = draw(&mut dice, &model);
            // Now and then it is undone at once: then every answer must be as it was.
            let undone = step % 10 == 3;
            let before = if undone {
                answers(&world, &readers).await
            } else {
                BTreeMap::new()
            };
            let Ok(report) = reorganise(&world.system(), &unit, input.clone()).await else {
                refused += 1;
                continue;
            };
            taken += 1;
            if undone {
                reverse(&world.system(), &unit, &report).await.unwrap();
                let after = answers(&world, &readers).await;
                for (question, answer) in &before {
                    assert_eq!(
                        answer, &after[question],
                        "{question} after {change:?} was reversed"
                    );
                }
                continue;
            }
            let was = model.clone();
            let on = on_of(&input);
            model.apply(&change, on);
            let levels = Book::of(&world, &model).await;
            for reader in &readers {
                no_wider(&was, &model, &world, reader, &levels.reporting);
                no_wider(&was, &model, &world, reader, &levels.adoption);
            }
            done.push((change, on, unit, report));
            if done.len() % 6 == 2 {
                assert_eq!(
                    projections::verify(&world.system()).await.unwrap(),
                    Vec::<String>::new()
                );
                let book = Book::of(&world, &model).await;
                for reader in &readers {
                    let caller = world.caller(reader.id).await;
                    told += book.check_roll_ups(reader, &caller).await;
                    book.check_spread(reader, &caller).await;
                }
            }
        }
        assert!(
            taken > 20 && refused > 3 && told > 50 && reversed > 0,
            "{taken} {refused} {told} {reversed}"
        );
        world.verifies().await;
        projections::rebuild(&world.system()).await.unwrap();
        world.verifies().await;
    }
}

//! Random lives of spirals, sharing changes and reorganisations: lists, timelines and summaries are what a slow recount
//! from the records says, for everybody, and nobody is told of units that are hidden from them. Where spirals are after
//! units have closed is known by a ledger of the test's own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use spiral_app::spirals::{self, SpiralQuery, SummaryQuery, spiral_summary};
use spiral_app::{Caller, projections, tenancy};
use spiral_domain::analysis::GroupBy;
use spiral_domain::spirals::{
    Entry, Figure, Spiral, SpiralCount, SpiralFacet, SpiralStatus, SpiralStep, SpiralSummaryRow, Stay,
    TimeInStep,
};
use spiral_domain::tenancy::{OrgUnit, SetSharing, Tier};
use spiral_domain::{Date, PageRequest, Sharing, SpiralId, UnitId, WorkKind};

use super::read;
use crate::measures::{World, code, worlds};
use crate::tree::model::{Change, Model};
use crate::tree::random::{Dice, Reader, draw, on_of, readers, visible};
use crate::tree::{reorganise, reverse};

const SHAPE: &[&[usize]] = &[&[7, 3, 6], &[3, 8], &[2]];

/// How many spirals stand where, the turns that they completed, and how many stays in each step lasted how many days.
type Counted = (
    BTreeMap<Figure, i64>,
    i64,
    BTreeMap<SpiralStep, BTreeMap<i64, i64>>,
);

/// Where spirals were: by the rules, and by what stood in the tree when units closed.
#[derive(Clone, Default)]
struct Homes {
    /// Earlier units of each, with the day on which it went on elsewhere.
    left: HashMap<SpiralId, Vec<(String, Date)>>,
    /// Where it went, last.
    now: HashMap<SpiralId, String>,
}

impl Homes {
    /// Follows a change that was taken; `before` is what was there before it.
    fn follow(&mut self, before: &Book<'_>, change: &Change, input: &Value) -> usize {
        let on = on_of(input);
        let (closing, into) = match change {
            Change::Merge(closing, into) => (closing.clone(), into.clone()),
            Change::Split(unit, _) => match input["openWorkTo"].as_str() {
                Some(into) => (vec![unit.clone()], into.trim_start_matches("code:").to_owned()),
                None => return 0,
            },
            _ => return 0,
        };
        let mut went = 0;
        for spiral in &before.spirals {
            let code = before.unit_of(spiral).to_owned();
            let open = matches!(spiral.status, SpiralStatus::Active | SpiralStatus::Dormant);
            let level = |unit: &str| {
                let id = before.world.units[unit].id;
                before.levels[&(id, WorkKind::Spirals)]
            };
            if !open || !closing.contains(&code) || level(&into) > level(&code) {
                continue;
            }
            self.left.entry(spiral.id).or_default().push((code, on));
            self.now.insert(spiral.id, into.clone());
            went += 1;
        }
        went
    }

    /// Notes where every spiral is.
    fn know(&mut self, book: &Book<'_>) {
        for spiral in &book.spirals {
            self.now
                .entry(spiral.id)
                .or_insert_with(|| book.unit_of(spiral).to_owned());
        }
    }

    fn on(&self, spiral: SpiralId, now: &str, day: Date) -> String {
        let mut since = Date::MIN;
        for (unit, until) in self.left.get(&spiral).into_iter().flatten() {
            since = since.max(*until);
            if day < since {
                return unit.clone();
            }
        }
        now.to_owned()
    }
}

/// Everything that is recorded, as the platform itself reads it.
struct Book<'w> {
    world: &'w World,
    model: &'w Model,
    homes: Homes,
    codes: HashMap<UnitId, String>,
    spirals: Vec<Spiral>,
    stays: HashMap<SpiralId, Vec<Stay>>,
    levels: HashMap<(UnitId, WorkKind), Sharing>,
}

impl<'w> Book<'w> {
    async fn of(world: &'w World, model: &'w Model, homes: &Homes) -> Self {
        let system = world.system();
        let store = system.store();
        let units: Vec<OrgUnit> = store.find::<OrgUnit>().all("r.id").await.unwrap();
        let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
        let mut stays: HashMap<SpiralId, Vec<Stay>> = HashMap::new();
        for stay in store.find::<Stay>().all("r.id").await.unwrap() {
            stays.entry(stay.spiral_id).or_default().push(stay);
        }
        Self {
            world,
            model,
            homes: homes.clone(),
            codes: units.iter().map(|unit| (unit.id, unit.code.clone())).collect(),
            spirals: store.find::<Spiral>().all("r.id").await.unwrap(),
            stays,
            levels: settings
                .into_iter()
                .map(|(key, setting)| (key, setting.level))
                .collect(),
        }
    }

    /// A unit that has an open spiral, if there is one, is merged into others of its tier, or split between two.
    fn close_one_with_open_work(&self, dice: &mut Dice) -> (Change, Value, String) {
        let places = &self.model.places;
        let open: Vec<&str> = self
            .spirals
            .iter()
            .filter(|spiral| matches!(spiral.status, SpiralStatus::Active | SpiralStatus::Dormant))
            .map(|spiral| self.unit_of(spiral))
            .filter(|unit| places[*unit].closed.is_none() && *unit != "nat")
            .collect();
        if open.is_empty() {
            return draw(dice, self.model);
        }
        let unit = (*dice.pick(&open)).to_owned();
        let same = |other: &&String| **other != unit && places[*other].tier == places[&unit].tier;
        let others: Vec<&String> = places.keys().filter(same).collect();
        let into = [dice.below(others.len()), dice.below(others.len())].map(|place| others[place].clone());
        let named = |unit: &String| json!(format!("code:{unit}"));
        let mut input = json!({ "effectiveOn": dice.day() });
        let change = if dice.below(3) == 0 && places[&unit].tier == Tier::Microsystem {
            input["kind"] = json!("split");
            input["into"] = into.iter().map(named).collect();
            Change::Split(unit.clone(), Vec::new())
        } else {
            input["kind"] = json!("merge");
            input["into"] = json!([named(&into[0])]);
            Change::Merge(vec![unit.clone()], into[0].clone())
        };
        (change, input, unit)
    }

    fn seen(&self, reader: &Reader, kind: WorkKind) -> HashSet<String> {
        let levels: HashMap<UnitId, Sharing> = self
            .codes
            .keys()
            .map(|unit| {
                let level = |kind| self.levels[&(*unit, kind)];
                (*unit, level(kind).min(level(WorkKind::Spirals)))
            })
            .collect();
        visible(self.world, self.model, reader, &levels)
    }

    fn unit_of(&self, spiral: &Spiral) -> &str {
        &self.codes[&spiral.unit_id]
    }

    /// Where a spiral stands on a day, by its history alone.
    fn state(&self, spiral: &Spiral, day: Date) -> Option<(Figure, i64)> {
        let stays = &self.stays[&spiral.id];
        let stay = stays
            .iter()
            .rfind(|stay| stay.began_on <= day && stay.ended_on.is_none_or(|ended| day < ended))?;
        let quiet = spiral
            .quiet
            .iter()
            .any(|quiet| quiet.from <= day && day < quiet.until)
            || spiral.dormant_from.is_some_and(|from| from <= day);
        let figure = match stay.status {
            SpiralStatus::Sustained => Figure::Sustained,
            SpiralStatus::Discontinued => Figure::Discontinued(stay.step),
            _ if quiet => Figure::Dormant(stay.step),
            _ => Figure::Active(stay.step),
        };
        let turns = stay.turn - 1 + i64::from(stay.status == SpiralStatus::Sustained);
        Some((figure, turns))
    }

    fn at(&self, node: &str, day: Date) -> BTreeSet<&String> {
        let codes = self.model.places.keys();
        codes
            .filter(|unit| self.model.counts_at(unit, day).contains(node))
            .collect()
    }

    /// Figures, completed turns, and days of stays at a node on a day, of some units and one value.
    fn count(
        &self,
        units: &BTreeSet<&String>,
        value: Option<&dyn Fn(&Spiral) -> bool>,
        day: Date,
    ) -> Counted {
        let (mut figures, mut turns) = (BTreeMap::new(), 0);
        let mut lasted: BTreeMap<SpiralStep, BTreeMap<i64, i64>> = BTreeMap::new();
        for spiral in &self.spirals {
            let code = self.homes.on(spiral.id, self.unit_of(spiral), day);
            if !units.contains(&code) || value.is_some_and(|of| !of(spiral)) {
                continue;
            }
            if let Some((figure, completed)) = self.state(spiral, day) {
                *figures.entry(figure).or_default() += 1;
                turns += completed;
            }
            for stay in &self.stays[&spiral.id] {
                if stay.status == SpiralStatus::Active && stay.ended_on.is_some_and(|ended| ended <= day) {
                    let days = (stay.ended_on.unwrap().0 - stay.began_on.0).num_days();
                    *lasted.entry(stay.step).or_default().entry(days).or_default() += 1;
                }
            }
        }
        (figures, turns, lasted)
    }

    /// Holds one row against the recount.
    fn check_row(&self, row: &SpiralSummaryRow, by: Option<SpiralFacet>, seen: &HashSet<String>, what: &str) {
        let there = self.at(&row.code, row.on);
        let shown: BTreeSet<&String> = there
            .iter()
            .copied()
            .filter(|unit| seen.contains(*unit))
            .collect();
        let value = row.value.clone();
        let of = move |spiral: &Spiral| match by {
            None => true,
            Some(SpiralFacet::Theme) => spiral.theme == value,
            Some(SpiralFacet::Origin) => Some(spiral.origin.name()) == value.as_deref(),
            Some(SpiralFacet::Programme) => spiral.programme_id.map(|id| id.to_string()) == value,
        };
        let of: &dyn Fn(&Spiral) -> bool = &of;
        let (all, of_shown) = (
            self.count(&there, Some(of), row.on),
            self.count(&shown, Some(of), row.on),
        );
        let n = |len: usize| i64::try_from(len).unwrap();
        let hidden = n(there.len()) - n(shown.len());
        assert_eq!(
            (row.units, row.units_shown),
            (n(there.len()), n(shown.len())),
            "{what}"
        );
        let get =
            |figures: &BTreeMap<Figure, i64>, figure: Figure| figures.get(&figure).copied().unwrap_or(0);
        let hold = |count: SpiralCount, shown: i64, all: i64, name: &str| {
            assert_eq!(count.shown, shown, "{what}: {name}");
            if let Some(total) = count.total {
                assert_eq!(total, all, "{what}: {name} in all");
            }
            assert_eq!(count.suppressed, count.total.is_none(), "{what}");
            assert!(
                count.total.is_none() || hidden == 0 || hidden >= 5,
                "{what}: {hidden} hidden units are told"
            );
        };
        hold(row.turns_completed, of_shown.1, all.1, "turns");
        let sustained = Figure::Sustained;
        hold(
            row.sustained,
            get(&of_shown.0, sustained),
            get(&all.0, sustained),
            "sustained",
        );
        hold(
            row.spirals,
            of_shown.0.values().sum(),
            all.0.values().sum(),
            "spirals",
        );
        for step in &row.steps {
            for (count, figure) in [
                (step.active, Figure::Active(step.step)),
                (step.dormant, Figure::Dormant(step.step)),
                (step.discontinued, Figure::Discontinued(step.step)),
            ] {
                hold(
                    count,
                    get(&of_shown.0, figure),
                    get(&all.0, figure),
                    &format!("{figure:?}"),
                );
            }
            let time = |lasted: &BTreeMap<SpiralStep, BTreeMap<i64, i64>>| {
                let days = lasted.get(&step.step).into_iter().flatten();
                TimeInStep::of(&days.map(|(days, n)| (*days, *n)).collect::<Vec<_>>())
            };
            assert_eq!(
                step.time_shown,
                time(&of_shown.2),
                "{what}: time in {:?}",
                step.step
            );
            let told = row.spirals.total.is_some();
            assert_eq!(
                step.time_total,
                time(&all.2).filter(|_| told),
                "{what}: all time in {:?}",
                step.step
            );
        }
    }

    async fn check_summaries(&self, reader: &Reader, caller: &Caller, days: &[Date]) -> usize {
        let seen = self.seen(reader, WorkKind::Spirals);
        let mut told = 0;
        for node in ["nat", "s0", "s1o1"] {
            for &day in days {
                let ask = async |group_by: GroupBy, by: Option<SpiralFacet>| {
                    let query = SummaryQuery {
                        unit: Some(code(node)),
                        group_by,
                        by,
                        as_of: Some(day),
                        ..SummaryQuery::default()
                    };
                    spiral_summary(caller, &query).await.unwrap()
                };
                let whole = ask(GroupBy::None, None).await;
                let parts = ask(GroupBy::Children, None).await;
                for row in whole.iter().chain(parts.iter()) {
                    let what = format!("{} {node}/{} on {day}", reader.name, row.code);
                    self.check_row(row, None, &seen, &what);
                    told += usize::from(row.spirals.total.is_some_and(|total| total > row.spirals.shown));
                }
                self.one_part_is_never_the_rest(&whole[0], &parts, &seen, day);
                for by in [SpiralFacet::Theme, SpiralFacet::Origin] {
                    if node != "nat" {
                        continue;
                    }
                    let rows = ask(GroupBy::None, Some(by)).await;
                    for row in rows.iter() {
                        let what = format!("{} {node} {by:?} {:?} on {day}", reader.name, row.value);
                        self.check_row(row, Some(by), &seen, &what);
                    }
                    let shown: i64 = rows.iter().map(|row| row.spirals.shown).sum();
                    assert_eq!(
                        shown, whole[0].spirals.shown,
                        "{} {node} {by:?} on {day}",
                        reader.name
                    );
                }
            }
        }
        told
    }

    /// Where a total is told, at least two of its parts with hidden units are not, or none.
    fn one_part_is_never_the_rest(
        &self,
        whole: &SpiralSummaryRow,
        parts: &[SpiralSummaryRow],
        seen: &HashSet<String>,
        day: Date,
    ) {
        if whole.spirals.total.is_none() {
            return;
        }
        let untold = parts.iter().filter(|part| part.spirals.total.is_none()).count();
        let beneath: BTreeSet<&String> = parts.iter().flat_map(|part| self.at(&part.code, day)).collect();
        let own = self
            .at(&whole.code, day)
            .iter()
            .any(|unit| !beneath.contains(*unit) && !seen.contains(*unit));
        assert_ne!(
            untold + usize::from(own && untold > 0),
            1,
            "{} on {day}",
            whole.code
        );
    }

    async fn check_lists(&self, reader: &Reader, caller: &Caller) {
        let seen = self.seen(reader, WorkKind::Spirals);
        let page = PageRequest {
            limit: Some(500),
            ..PageRequest::default()
        };
        let listed = spirals::spirals(caller, SpiralQuery::default(), &page)
            .await
            .unwrap();
        let listed: BTreeSet<SpiralId> = listed.data.iter().map(|spiral| spiral.id).collect();
        let wanted = self
            .spirals
            .iter()
            .filter(|spiral| seen.contains(self.unit_of(spiral)));
        assert_eq!(
            listed,
            wanted.map(|spiral| spiral.id).collect(),
            "{}",
            reader.name
        );
        let own = self.world.system();
        for (spiral, unit) in &self.homes.now {
            let found = self.spirals.iter().find(|found| found.id == *spiral).unwrap();
            assert_eq!(self.unit_of(found), unit, "{spiral} went on elsewhere");
        }
        let by_kind: HashMap<WorkKind, HashSet<String>> = [WorkKind::Spirals, WorkKind::ProgressScores]
            .into_iter()
            .map(|kind| (kind, self.seen(reader, kind)))
            .collect();
        for spiral in &self.spirals {
            let all = spirals::list_beneath::<Entry>(&own, spiral.id, &page)
                .await
                .unwrap()
                .data;
            let found = spirals::list_beneath::<Entry>(caller, spiral.id, &page).await;
            if !listed.contains(&spiral.id) {
                assert!(found.is_err(), "{} reads a timeline", reader.name);
                continue;
            }
            let found: Vec<_> = found.unwrap().data.iter().map(|entry| entry.id).collect();
            // What follows another kind of work stays with the unit that recorded it.
            let wanted = all
                .iter()
                .filter(|entry| by_kind[&entry.work].contains(&self.codes[&entry.unit_id]));
            let wanted: Vec<_> = wanted.map(|entry| entry.id).collect();
            assert_eq!(found, wanted, "{}: the timeline of {}", reader.name, spiral.id);
        }
    }
}

/// Something that a team does; many of these are refused, as they should be.
async fn live(world: &World, dice: &mut Dice) -> bool {
    let system = world.system();
    let units: Vec<&String> = {
        let mut codes: Vec<&String> = world.units.keys().collect();
        codes.sort();
        codes
    };
    let store = system.store();
    let all: Vec<Spiral> = store.find::<Spiral>().all("r.id").await.unwrap();
    if all.len() < 12 || dice.below(8) == 0 {
        let theme = *dice.pick(&[None, Some("access"), Some("flow"), Some("safety")]);
        let origin = *dice.pick(&["local", "sha", "national", "patient"]);
        let input = json!({
            "unit": format!("code:{}", dice.pick(&units)), "title": "A spiral", "theme": theme, "origin": origin,
            "startedOn": dice.day(),
        });
        return spirals::start_spiral(&system, read(input)).await.is_ok();
    }
    let spiral = dice.pick(&all);
    let (id, on) = (spiral.id, dice.day().max(spiral.entered_on));
    let go = || read(json!({ "on": on }));
    let why = || read(json!({ "on": on, "reason": "For a reason" }));
    match dice.below(10) {
        0..=3 => spirals::advance_spiral(&system, id, None, go()).await.is_ok(),
        4 => {
            let back = json!({ "step": "recognition_of_need", "reason": "Back", "on": on });
            spirals::return_spiral(&system, id, None, read(back))
                .await
                .is_ok()
        }
        5 => spirals::revolve_spiral(&system, id, None, go()).await.is_ok(),
        6 => spirals::sustain_spiral(&system, id, None, go()).await.is_ok(),
        7 => spirals::discontinue_spiral(&system, id, None, why())
            .await
            .is_ok(),
        8 => spirals::reopen_spiral(&system, id, None, why()).await.is_ok(),
        _ => {
            let score = read(json!({ "score": 2.0 }));
            let theme = read(json!({ "theme": dice.pick(&["access", "flow"]) }));
            spirals::set_progress_score(&system, id, score).await.is_ok()
                && spirals::change_spiral(&system, id, None, theme).await.is_ok()
        }
    }
}

#[tokio::test]
async fn whatever_happens_everybody_sees_what_a_recount_says() {
    for (n, world) in worlds(SHAPE).await.into_iter().enumerate() {
        let mut dice = Dice(19_991_231 + n as u64);
        let readers = readers(&world).await;
        let base = Model::new(&world.units, world.now().date());
        let mut model = base.clone();
        let mut done: Vec<(Change, Date, String, _)> = Vec::new();
        let (mut lived, mut told, mut moved, mut noted, mut went) = (0, 0, 0, 0, 0);
        let mut homes = Homes::default();
        let mut earlier: Vec<Homes> = Vec::new();
        let units: Vec<String> = {
            let mut codes: Vec<String> = world.units.keys().cloned().collect();
            codes.sort();
            codes
        };
        for step in 0..140 {
            world.later();
            match dice.below(13) {
                0 | 12 => {
                    let before = Book::of(&world, &model, &homes).await;
                    homes.know(&before);
                    let (change, mut input, unit) = match dice.below(2) {
                        0 => draw(&mut dice, &model),
                        _ => before.close_one_with_open_work(&mut dice),
                    };
                    if matches!(change, Change::Split(..)) && dice.below(3) > 0 {
                        input["openWorkTo"] = input["into"][0].clone();
                    }
                    if let Ok(report) = reorganise(&world.system(), &unit, input.clone()).await {
                        earlier.push(homes.clone());
                        went += homes.follow(&before, &change, &input);
                        model.apply(&change, on_of(&input));
                        done.push((change, on_of(&input), unit, report));
                        moved += 1;
                    }
                }
                1 if !done.is_empty() => {
                    let (_, _, unit, report) = &done[done.len() - 1];
                    if reverse(&world.system(), unit, report).await.is_ok() {
                        done.pop();
                        homes = earlier.pop().unwrap();
                        model = base.clone();
                        for (change, on, _, _) in &done {
                            model.apply(change, *on);
                        }
                    }
                }
                2 | 3 => {
                    let kind = *dice.pick(&[WorkKind::Spirals, WorkKind::Spirals, WorkKind::ProgressScores]);
                    let level = *dice.pick(&Sharing::ALL);
                    let unit = dice.pick(&units);
                    tenancy::set_sharing(&world.system(), &code(unit), kind, SetSharing { level })
                        .await
                        .unwrap();
                }
                4 => {
                    world.pass(45 + i64::try_from(dice.below(60)).unwrap());
                    noted += spirals::note_dormancy(&world.app).await.unwrap();
                }
                _ => lived += usize::from(live(&world, &mut dice).await),
            }
            if step % 35 == 34 {
                assert_eq!(
                    projections::verify(&world.system()).await.unwrap(),
                    Vec::<String>::new()
                );
                let book = Book::of(&world, &model, &homes).await;
                let today = world.now().date();
                let days = [
                    today,
                    "2005-12-31".parse().unwrap(),
                    "2006-03-15".parse().unwrap(),
                ];
                for reader in &readers {
                    let caller = world.caller(reader.id).await;
                    told += book.check_summaries(reader, &caller, &days).await;
                    book.check_lists(reader, &caller).await;
                }
            }
        }
        assert!(
            lived > 30 && told > 10 && moved > 1 && noted > 0 && went > 2,
            "{lived} {told} {moved} {noted} {went}"
        );
        projections::rebuild(&world.system()).await.unwrap();
        assert_eq!(
            projections::verify(&world.system()).await.unwrap(),
            Vec::<String>::new()
        );
        super::holds(&world).await;
    }
}

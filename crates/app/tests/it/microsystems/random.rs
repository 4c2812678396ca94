//! Random histories: the summary of the 5Ps is what a slow recount says, for readers of every kind, whatever moves and
//! whatever is shared.

use std::collections::HashMap;

use serde_json::json;
use spiral_app::microsystems::{change_five_ps, five_ps_summary};
use spiral_app::{Caller, projections, tenancy};
use spiral_domain::microsystems::{FiveP, FivePs, FivePsDistribution, FivePsState, TeamGroupBy};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{OrgUnit, Tier, UnitKind};
use spiral_domain::{Sharing, UnitId, WorkKind};

use super::{begun, code, read};
use crate::algebra::Echelon;
use crate::world::{World, worlds};

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
}

/// A reader: who, and the units that their grants stand on with the level each reads from.
struct Reader {
    caller: Caller,
    grants: Vec<(String, Sharing)>,
}

async fn readers(world: &World) -> Vec<Reader> {
    let mut readers = Vec::new();
    for held in [
        vec![(Role::NationalLead, "nhs")],
        vec![(Role::ShaAnalyst, "north")],
        vec![(Role::OrganisationLead, "hull")],
        vec![(Role::TeamMember, "hull-1")],
        vec![(Role::ShaLead, "south"), (Role::Coach, "hull-2")],
        vec![(Role::NationalAnalyst, "nhs"), (Role::OrganisationLead, "dorset")],
    ] {
        let caller = world.person(held[0].0, held[0].1).await;
        for (role, unit) in &held[1..] {
            world.grant(caller.principal().id, *role, unit).await;
        }
        let mut grants = Vec::new();
        for (_, unit) in &held {
            grants.push(((*unit).to_owned(), world.unit(unit).await.tier.sharing()));
        }
        let caller = world.caller(caller.principal().id).await;
        readers.push(Reader { caller, grants });
    }
    readers
}

/// Everything as the records say it.
struct Book {
    units: HashMap<UnitId, OrgUnit>,
    levels: HashMap<UnitId, Sharing>,
    latest: HashMap<UnitId, FivePs>,
}

impl Book {
    async fn of(world: &World) -> Self {
        let store = world.system.store();
        let units: Vec<OrgUnit> = store.find().all("r.id").await.unwrap();
        let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
        let mut assessments: Vec<FivePs> = store.find().all("r.id").await.unwrap();
        assessments.retain(|of| !of.withdrawn);
        assessments.sort_by_key(|of| (of.assessed_on, of.id));
        Self {
            levels: units
                .iter()
                .map(|unit| (unit.id, settings[&(unit.id, WorkKind::FivePs)].level))
                .collect(),
            units: units.into_iter().map(|unit| (unit.id, unit)).collect(),
            latest: assessments.into_iter().map(|of| (of.unit_id, of)).collect(),
        }
    }

    fn above(&self, unit: &OrgUnit) -> Vec<&str> {
        let mut codes = vec![self.units[&unit.id].code.as_str()];
        let mut at = unit.parent_id;
        while let Some(parent) = at {
            codes.push(self.units[&parent].code.as_str());
            at = self.units[&parent].parent_id;
        }
        codes
    }

    fn sees(&self, reader: &Reader, team: &OrgUnit) -> bool {
        let (level, above) = (self.levels[&team.id], self.above(team));
        let by_grant = |(unit, least): &(String, Sharing)| *least <= level && above.contains(&unit.as_str());
        level == Sharing::Everyone || reader.grants.iter().any(by_grant)
    }

    /// Whoever adds and subtracts all that was told finds no count that may not be told. Known besides: how many teams are
    /// hidden beneath each unit, and that those without an assessment are the same for every P.
    fn cannot_be_worked_out(&self, reader: &Reader, places: &[FivePsDistribution]) {
        let today = reader.caller.today();
        let mut beneath: HashMap<UnitId, Vec<&OrgUnit>> = HashMap::new();
        for team in self.units.values() {
            if team.tier == Tier::Microsystem && team.open_on(today) && !self.sees(reader, team) {
                beneath.entry(team.parent_id.unwrap()).or_default().push(team);
            }
        }
        let parents: Vec<UnitId> = beneath.keys().copied().collect();
        // The unknowns: beneath each parent, one that all Ps share, and three of each P.
        let at =
            |parent: usize, p: usize, state: usize| parent * 16 + if state == 0 { 0 } else { p * 3 + state };
        let line = |cells: &[(usize, usize, usize)]| {
            let mut line = vec![0; parents.len() * 16];
            for (parent, p, state) in cells {
                line[at(*parent, *p, *state)] = 1;
            }
            line
        };
        let mut known = Echelon::default();
        for parent in 0..parents.len() {
            for p in 0..5 {
                known.add(line(&[0, 1, 2, 3].map(|state| (parent, p, state))));
            }
        }
        let cells = |place: &FivePsDistribution, p: usize, state: usize| -> Vec<(usize, usize, usize)> {
            let of_place = |parent: &UnitId| self.above(&self.units[parent]).contains(&place.code.as_str());
            let parents = parents.iter().enumerate().filter(|(_, parent)| of_place(parent));
            parents.map(|(parent, _)| (parent, p, state)).collect()
        };
        let all = || {
            places
                .iter()
                .flat_map(|place| (0..5).flat_map(move |p| (0..4).map(move |state| (place, p, state))))
        };
        for (place, p, state) in all() {
            if place.parts[p].states[state].total.is_some() {
                known.add(line(&cells(place, p, state)));
            }
        }
        for (place, p, state) in all() {
            if place.parts[p].states[state].total.is_some() {
                continue;
            }
            let teams = parents
                .iter()
                .filter(|parent| self.above(&self.units[parent]).contains(&place.code.as_str()));
            let teams: Vec<&&OrgUnit> = teams.flat_map(|parent| &beneath[parent]).collect();
            let stands = |team: &&&&OrgUnit| {
                FivePsState::of(self.latest.get(&team.id).map(|of| of.states()[p])) as usize == state
            };
            let hidden = teams.iter().filter(stands).count();
            let few = |count: usize| (1..5).contains(&count);
            if few(teams.len()) || few(hidden) || few(teams.len() - hidden) {
                let follows = known.spans(line(&cells(place, p, state)));
                assert!(
                    !follows,
                    "{} {p} {state}: {hidden} of {} can be worked out",
                    place.code,
                    teams.len()
                );
            }
        }
    }

    /// Checks one answer; how many totals with hidden teams were told.
    fn check(&self, reader: &Reader, place: &FivePsDistribution) -> usize {
        let today = reader.caller.today();
        let teams: Vec<&OrgUnit> = self
            .units
            .values()
            .filter(|unit| unit.tier == Tier::Microsystem && unit.open_on(today))
            .filter(|unit| self.above(unit).contains(&place.code.as_str()))
            .collect();
        let seen: Vec<bool> = teams.iter().map(|team| self.sees(reader, team)).collect();
        let all_seen = seen.iter().filter(|seen| **seen).count();
        assert_eq!(
            (place.teams, place.shown),
            (number(teams.len()), number(all_seen))
        );
        let mut told = 0;
        for (part, p) in place.parts.iter().zip(FiveP::ALL) {
            assert_eq!(part.p, p);
            for count in &part.states {
                let stands = |team: &OrgUnit| {
                    FivePsState::of(self.latest.get(&team.id).map(|of| of.part(p).state)) == count.state
                };
                let here: Vec<bool> = teams.iter().map(|team| stands(team)).collect();
                let shown = here
                    .iter()
                    .zip(&seen)
                    .filter(|(here, seen)| **here && **seen)
                    .count();
                let hidden = here
                    .iter()
                    .zip(&seen)
                    .filter(|(here, seen)| **here && !**seen)
                    .count();
                assert_eq!(
                    count.shown,
                    number(shown),
                    "{} {p:?} {:?}",
                    place.code,
                    count.state
                );
                let Some(total) = count.total else { continue };
                assert_eq!(
                    total,
                    number(shown + hidden),
                    "{} {p:?} {:?}",
                    place.code,
                    count.state
                );
                let others = teams.len() - all_seen - hidden;
                if hidden + others > 0 {
                    assert!(hidden == 0 || hidden >= 5, "{} tells of {hidden}", place.code);
                    assert!(others == 0 || others >= 5, "{} tells of {others}", place.code);
                    told += 1;
                }
            }
        }
        told
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

/// In no family does a total that is told, less its parts that are told, give away fewer than five.
fn no_remainder(
    whole: &FivePsDistribution,
    groups: &[FivePsDistribution],
    hidden: &dyn Fn(&str, usize, usize) -> i64,
) {
    for part in 0..5 {
        for state in 0..4 {
            if whole.parts[part].states[state].total.is_none() {
                continue;
            }
            let left_out: Vec<i64> = groups
                .iter()
                .filter(|group| group.parts[part].states[state].total.is_none())
                .map(|group| hidden(&group.code, part, state))
                .collect();
            let together: i64 = left_out.iter().sum();
            assert!(left_out.len() != 1, "{} gives one part away", whole.code);
            assert!(
                together == 0 || together >= 5,
                "{} gives {together} away",
                whole.code
            );
        }
    }
}

async fn plant(world: &World) -> (Vec<String>, Vec<String>) {
    for (organisation, sha) in [("york", "north"), ("leeds", "north"), ("exeter", "south")] {
        world
            .grow(organisation, Tier::Organisation, UnitKind::PrimaryCareTrust, sha)
            .await;
    }
    let mut teams = Vec::new();
    for (organisation, count) in [
        ("hull", 9),
        ("york", 7),
        ("leeds", 2),
        ("dorset", 8),
        ("exeter", 6),
    ] {
        for n in 0..count {
            let team = format!("{organisation}-{n}");
            world.team(&team).await;
            teams.push(team);
        }
    }
    let organisations = ["hull", "york", "leeds", "dorset", "exeter"];
    (teams, organisations.map(str::to_owned).to_vec())
}

async fn step(world: &World, dice: &mut Dice, teams: &[String], organisations: &[String]) {
    let team = dice.pick(teams);
    let names = FiveP::ALL.map(FiveP::name);
    match dice.below(10) {
        0..=4 => {
            let parts: Vec<&str> = names.into_iter().filter(|_| dice.below(2) == 0).collect();
            let day = format!("200{}-0{}-15", 4 + dice.below(2), 1 + dice.below(9));
            // Of the same day there may be one already.
            let _ = begun(&world.system, team, &day, &parts).await;
        }
        5 => {
            let mut made: Vec<FivePs> = world.system.store().find().all("r.id").await.unwrap();
            if made.is_empty() {
                return;
            }
            let at = dice.below(made.len());
            let of = made.swap_remove(at);
            let change = match dice.below(3) {
                0 => json!({ "withdrawn": !of.withdrawn }),
                1 => {
                    json!({ "patients": null, "patterns": { "findings": [{ "text": "x" }], "complete": true } })
                }
                _ => json!({ "assessedOn": "2003-12-31" }),
            };
            let _ = change_five_ps(&world.system, &of.unit_id.into(), of.id, None, read(change)).await;
        }
        6..=7 => {
            world
                .share(team, WorkKind::FivePs, *dice.pick(&Sharing::ALL))
                .await;
        }
        _ => {
            let organisation = dice.pick(organisations);
            let input = match dice.below(8) {
                0..=4 => json!({ "kind": "transfer", "effectiveOn": "2005-09-01",
                    "parent": format!("code:{}", dice.pick(organisations)) }),
                5 => json!({ "kind": "close", "effectiveOn": "2006-02-01" }),
                _ => json!({ "kind": "merge", "effectiveOn": "2006-01-01",
                    "into": [format!("code:{}", dice.pick(teams))] }),
            };
            let whole = dice.below(5) == 0 && input["kind"] == "transfer";
            let (unit, input) = if whole {
                let sha = *dice.pick(&["code:north", "code:south"]);
                (
                    organisation,
                    json!({ "kind": "transfer", "effectiveOn": "2005-10-01", "parent": sha }),
                )
            } else {
                (team, input)
            };
            let _ = tenancy::reorganise(&world.system, &code(unit), read(input), false).await;
        }
    }
}

#[tokio::test]
async fn the_summary_is_what_a_recount_says_whatever_moves_and_is_shared() {
    for (n, world) in worlds().await.into_iter().enumerate() {
        let mut dice = Dice(53 + u64::try_from(n).unwrap());
        let (teams, organisations) = plant(&world).await;
        let readers = readers(&world).await;
        let (mut told, mut asked) = (0, 0);
        for round in 0..240 {
            step(&world, &mut dice, &teams, &organisations).await;
            if round % 24 != 23 {
                continue;
            }
            let differences = projections::verify(&world.system).await.unwrap();
            assert_eq!(differences, Vec::<String>::new());
            let book = Book::of(&world).await;
            for reader in &readers {
                // A grant is read anew: units may have moved beneath it, or closed.
                let caller = world.caller(reader.caller.principal().id).await;
                let reader = Reader {
                    caller,
                    grants: reader.grants.clone(),
                };
                let mut all = Vec::new();
                for (unit, groups) in [
                    (None, TeamGroupBy::Children),
                    (None, TeamGroupBy::Organisation),
                    (Some("north"), TeamGroupBy::Children),
                    (Some("south"), TeamGroupBy::Organisation),
                ] {
                    let unit = unit.map(code);
                    let answer = five_ps_summary(&reader.caller, unit.as_ref(), groups)
                        .await
                        .unwrap();
                    for place in std::iter::once(&answer.whole).chain(&answer.groups) {
                        told += book.check(&reader, place);
                        asked += 1;
                        all.push(place.clone());
                    }
                    let hidden = |group: &str, part: usize, state: usize| {
                        let today = reader.caller.today();
                        let teams = book.units.values().filter(|unit| {
                            unit.tier == Tier::Microsystem
                                && unit.open_on(today)
                                && book.above(unit).contains(&group)
                                && !book.sees(&reader, unit)
                        });
                        let stands = |team: &&OrgUnit| {
                            let latest = book.latest.get(&team.id).map(|of| of.states()[part]);
                            FivePsState::of(latest) as usize == state
                        };
                        number(teams.filter(stands).count())
                    };
                    if groups == TeamGroupBy::Children {
                        no_remainder(&answer.whole, &answer.groups, &hidden);
                    }
                }
                book.cannot_be_worked_out(&reader, &all);
            }
        }
        assert!(told > 50 && asked > 200, "{told} {asked}");
        // What is thrown away is made again, exactly.
        projections::rebuild(&world.system).await.unwrap();
        let differences = projections::verify(&world.system).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
        world.verifies().await;
    }
}

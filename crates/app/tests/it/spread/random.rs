//! Random histories against the plain recount, for readers of every kind.

use std::collections::HashMap;

use spiral_app::spread::{CurveQuery, SpreadQuery, spread_curve, spread_metrics};
use spiral_app::{Caller, innovations, people, projections, spread, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::innovations::{ChangeInnovation, Innovation};
use spiral_domain::people::Role;
use spiral_domain::spread::{
    AdoptionEvent, DisputeAdoption, Mode, SpreadCount, SpreadGroupBy, SpreadTree, Stage,
};
use spiral_domain::tenancy::{
    ChangeOrgUnit, CreateNetwork, MemberInput, NetworkKind, OrgUnit, SetSharing, Tier, UnitKind,
};
use spiral_domain::{Date, Error, Interval, Patch, Reference, Sharing, UnitId, WorkKind};
use spiral_store::testing::databases;

use super::naive::{Facts, History};
use super::{World, event, now, unit};

/// Reproducible numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.roll(things.len())]
    }

    fn date(&mut self) -> String {
        let (year, month, day) = (2003 + self.roll(3), 1 + self.roll(12), 1 + self.roll(28));
        match self.roll(8) {
            0 => format!("{year}"),
            1 => format!("{year}-Q{}", (month - 1) / 3 + 1),
            2 => format!("{year}-{month:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        }
    }
}

const CODES: [&str; 3] = ["any", "teams", "stroke"];

async fn facts(world: &World) -> Facts {
    let store = world.system.store();
    let units: Vec<OrgUnit> = store.find::<OrgUnit>().all("r.path").await.unwrap();
    let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
    let units = units
        .into_iter()
        .map(|unit| {
            let level = settings[&(unit.id, WorkKind::Adoption)].level;
            (unit, level)
        })
        .collect();
    let events = store.find::<AdoptionEvent>().all("r.id").await.unwrap();
    Facts { units, events }
}

async fn live(world: &World, dice: &mut Dice, steps: usize) {
    let mut codes: Vec<String> = world.units.keys().cloned().collect();
    codes.sort();
    for step in 0..steps {
        let code = dice.of(&codes).clone();
        let system = &world.system;
        let outcome = match dice.roll(20) {
            0 => {
                let level = *dice.of(&[
                    Sharing::Team,
                    Sharing::Organisation,
                    Sharing::Sha,
                    Sharing::Everyone,
                ]);
                let set = SetSharing { level };
                tenancy::set_sharing(system, &Reference::code(code), WorkKind::Adoption, set)
                    .await
                    .map(|_| ())
            }
            1 => {
                let change = ChangeOrgUnit {
                    service_area: dice.of(&[Patch::Null, Patch::Value("stroke".to_owned())]).clone(),
                    kind: Some(*dice.of(&[UnitKind::ClinicalTeam, UnitKind::AcuteTrust])),
                    ..ChangeOrgUnit::default()
                };
                tenancy::change_org_unit(system, &Reference::code(code), None, change)
                    .await
                    .map(|_| ())
            }
            2 => {
                let change = ChangeInnovation {
                    kinds: Some(if dice.roll(2) == 0 {
                        vec![]
                    } else {
                        vec![UnitKind::ClinicalTeam]
                    }),
                    ..ChangeInnovation::default()
                };
                let innovation = Reference::code(*dice.of(&CODES));
                innovations::change_innovation(system, &innovation, None, change)
                    .await
                    .map(|_| ())
            }
            3 => {
                let parent = *dice.of(&["s1o0", "s2o1"]);
                let new = unit(
                    &format!("new{step}"),
                    parent,
                    Tier::Microsystem,
                    UnitKind::ClinicalTeam,
                    Some("stroke"),
                );
                tenancy::create_org_unit(system, new).await.map(|_| ())
            }
            4 => {
                let events = system.store().find::<AdoptionEvent>().all("r.id").await.unwrap();
                if events.is_empty() {
                    continue;
                }
                let id = dice.of(&events).id;
                if dice.roll(3) == 0 {
                    let dispute = DisputeAdoption {
                        disputed: true,
                        note: Some("not so".into()),
                    };
                    spread::dispute_adoption(system, id, None, dispute)
                        .await
                        .map(|_| ())
                } else {
                    spread::retract_adoption(system, id, None, true).await.map(|_| ())
                }
            }
            _ => {
                let rows = 1 + dice.roll(6);
                let mut batch = Vec::new();
                for _ in 0..rows {
                    let (code, date) = (dice.of(&codes).clone(), dice.date());
                    let innovation = *dice.of(&CODES);
                    let mut row = event(innovation, &code, *dice.of(&Stage::ALL), &date);
                    row.mode = *dice.of(&[None, Some(Mode::Pull), Some(Mode::Push), Some(Mode::Inherited)]);
                    row.learnt_from = match dice.roll(3) {
                        0 => None,
                        _ => Some(Reference::code(dice.of(&codes).clone())),
                    };
                    row.reason = (dice.roll(4) > 0).then(|| "for a reason".into());
                    row.retracted = dice.roll(12) == 0;
                    if dice.roll(2) == 0 {
                        row.source = Some("survey".into());
                        row.external_id = Some(format!("e{}", dice.roll(60)));
                    }
                    batch.push(BatchRow {
                        row_key: None,
                        read: Ok(row),
                    });
                }
                let options = BatchOptions {
                    dry_run: dice.roll(10) == 0,
                    atomic: Some(false),
                    report: None,
                };
                spread::push_adoption_events(system, batch, options)
                    .await
                    .map(|_| ())
            }
        };
        match outcome {
            Ok(()) | Err(Error::Invalid(_)) => {}
            Err(other) => panic!("step {step}: {other:?}"),
        }
    }
}

/// Whether a unit that shares so far is seen.
type Sight = Box<dyn Fn(&OrgUnit, Sharing) -> bool>;

/// A reader, and which units it sees by its roles.
struct Reader {
    name: &'static str,
    caller: Caller,
    sees: Sight,
}

async fn readers(world: &World) -> Vec<Reader> {
    let network = CreateNetwork {
        code: "net".into(),
        name: "net".into(),
        kind: NetworkKind::ClinicalNetwork,
        host_unit: Reference::code("s0"),
        members: ["s1o0t0", "s2o1t1", "s2o0", "s0o0t0"]
            .map(|code| MemberInput {
                unit: Reference::code(code),
                joined_on: Some("2004-05-10".parse().unwrap()),
                left_on: None,
            })
            .to_vec(),
    };
    tenancy::create_network(&world.system, network).await.unwrap();
    let path = |code: &str| world.units[code].path.clone();
    let beneath = |code: &str, least: Sharing| {
        let path = path(code);
        Box::new(move |unit: &OrgUnit, level: Sharing| {
            level == Sharing::Everyone || level >= least && unit.path.starts_with(&path)
        }) as Sight
    };
    let mut readers = vec![
        Reader {
            name: "national",
            caller: world
                .person("national", Role::NationalAnalyst, Some("nat"), None)
                .await,
            sees: beneath("nat", Sharing::National),
        },
        Reader {
            name: "sha",
            caller: world.person("sha", Role::ShaLead, Some("s2"), None).await,
            sees: beneath("s2", Sharing::Sha),
        },
        Reader {
            name: "organisation",
            caller: world
                .person("organisation", Role::OrganisationLead, Some("s2o2"), None)
                .await,
            sees: beneath("s2o2", Sharing::Organisation),
        },
        Reader {
            name: "team",
            caller: world.person("team", Role::TeamLead, Some("s2o2t3"), None).await,
            sees: beneath("s2o2t3", Sharing::Team),
        },
        Reader {
            name: "patient",
            caller: world
                .person("patient", Role::PatientPartner, Some("s2o2t3"), None)
                .await,
            sees: Box::new(|_, level| level == Sharing::Everyone),
        },
    ];
    // A national analyst who also coaches one organisation and one of its teams.
    let mixed = world
        .person("mixed", Role::NationalAnalyst, Some("nat"), None)
        .await;
    for code in ["s2o2", "s2o2t1"] {
        let grant = spiral_domain::people::GrantRole {
            principal_id: mixed.principal().id,
            role: Role::Coach,
            unit: Some(Reference::code(code)),
            network: None,
            expires_on: None,
        };
        people::grant_role(&world.system, grant).await.unwrap();
    }
    let token = people::demo_token(&world.app, &world.tenant, mixed.principal().id, 3600)
        .await
        .unwrap();
    let (org, team) = (path("s2o2"), path("s2o2t1"));
    readers.push(Reader {
        name: "mixed",
        caller: world.app.authenticate(Some(&token)).await.unwrap(),
        sees: Box::new(move |unit, level| {
            level >= Sharing::National
                || unit.path.starts_with(&org) && level >= Sharing::Organisation
                || unit.path.starts_with(&team)
        }),
    });
    let members: Vec<UnitId> = ["s1o0t0", "s2o1t1", "s2o0", "s0o0t0"]
        .iter()
        .map(|code| world.units[*code].id)
        .collect();
    readers.push(Reader {
        name: "network",
        caller: world.person("network", Role::Coach, None, Some("net")).await,
        sees: Box::new(move |unit, level| {
            level == Sharing::Everyone || level >= Sharing::Sha && members.contains(&unit.id)
        }),
    });
    readers
}

/// Units in a place, with whether the reader sees them.
fn inside<'f>(facts: &'f Facts, reader: &Reader, path: &str) -> Vec<(&'f OrgUnit, bool)> {
    facts
        .units
        .iter()
        .filter(|(unit, _)| unit.path.starts_with(path))
        .map(|(unit, level)| (unit, (reader.sees)(unit, *level)))
        .collect()
}

/// What is counted, for each unit.
type Counted<'c> = &'c dyn Fn(&History<'_>) -> bool;

fn hold(
    what: &str,
    facts: &Facts,
    innovation: &Innovation,
    units: &[(&OrgUnit, bool)],
    counted: Counted<'_>,
    count: SpreadCount,
) {
    let number = |shown_only: bool| {
        let of = units.iter().filter(|(_, seen)| *seen || !shown_only);
        let number = of
            .filter(|(unit, _)| counted(&facts.history(innovation, unit)))
            .count();
        i64::try_from(number).unwrap()
    };
    assert_eq!(count.shown, number(true), "{what}: shown");
    assert_eq!(count.total.is_none(), count.suppressed, "{what}");
    if let Some(total) = count.total {
        assert_eq!(total, number(false), "{what}: total");
    }
}

/// Returns in how many rows totals with hidden units were told, and in how many not.
async fn check_metrics(
    facts: &Facts,
    reader: &Reader,
    innovations: &[Innovation],
    query: &SpreadQuery,
    tested: Date,
) -> (usize, usize) {
    let mut told = (0, 0);
    let rows = spread_metrics(&reader.caller, query).await.unwrap();
    let by_id: HashMap<UnitId, &OrgUnit> = facts.units.iter().map(|(unit, _)| (unit.id, unit)).collect();
    assert!(!rows.is_empty());
    for row in rows.iter() {
        let innovation = innovations.iter().find(|i| i.id == row.innovation_id).unwrap();
        let node = by_id[&row.unit_id.unwrap()];
        let what = format!(
            "{} {} {} {tested} {:?}",
            reader.name, innovation.code, node.code, query.tree
        );
        let units = inside(facts, reader, &node.path);
        let day = tested;
        let history = |unit: &OrgUnit| facts.history(innovation, unit).eligible(day);
        let eligible = units.iter().filter(|(unit, _)| history(unit)).count();
        let seen = units.iter().filter(|(unit, seen)| *seen && history(unit)).count();
        assert_eq!(row.eligible, i64::try_from(eligible).unwrap(), "{what}");
        assert_eq!(row.eligible_shown, i64::try_from(seen).unwrap(), "{what}");
        let hidden = eligible - seen;
        assert!(hidden > 0 || !row.adopted.suppressed, "{what}: nothing is hidden");
        assert!(
            hidden == 0 || hidden >= 3 || row.adopted.suppressed,
            "{what}: {hidden} hidden units are told"
        );
        let table: &[(&str, SpreadCount, Counted<'_>)] = &[
            ("aware", row.aware, &|h| h.eligible(day) && h.state(day).is_some()),
            ("adopted", row.adopted, &|h| h.eligible(day) && h.adopted(day)),
            ("ever", row.ever_adopted, &|h| h.eligible(day) && h.ever(day)),
            ("routine", row.routine, &|h| {
                h.eligible(day) && h.state(day) == Some(Stage::Routine)
            }),
            ("discontinued", row.discontinued, &|h| {
                h.eligible(day) && h.state(day) == Some(Stage::Discontinued)
            }),
            ("outside", row.adopted_outside_eligible, &|h| {
                !h.eligible(day) && h.adopted(day)
            }),
            ("pull", row.pull, &|h| {
                h.eligible(day) && h.mode(day, Some(Mode::Pull))
            }),
            ("push", row.push, &|h| {
                h.eligible(day) && h.mode(day, Some(Mode::Push))
            }),
            ("inherited", row.inherited, &|h| {
                h.eligible(day) && h.mode(day, Some(Mode::Inherited))
            }),
            ("mode unknown", row.mode_unknown, &|h| {
                h.eligible(day) && h.mode(day, None)
            }),
            ("peer", row.peer, &|h| h.eligible(day) && h.peer(day, Some(true))),
            ("from above", row.from_above, &|h| {
                h.eligible(day) && h.peer(day, Some(false))
            }),
            ("peer unknown", row.peer_unknown, &|h| {
                h.eligible(day) && h.peer(day, None)
            }),
        ];
        for (name, count, counted) in table {
            hold(
                &format!("{what} {name}"),
                facts,
                innovation,
                &units,
                counted,
                *count,
            );
        }
        if !row.tipping_point_suppressed {
            let first = first_tipped(facts, innovation, &units, tested);
            assert_eq!(row.tipping_point, first, "{what}: tipping point");
        }
        if hidden > 0 {
            told.0 += usize::from(!row.adopted.suppressed);
            told.1 += usize::from(row.adopted.suppressed);
        }
    }
    told
}

fn first_tipped(
    facts: &Facts,
    innovation: &Innovation,
    units: &[(&OrgUnit, bool)],
    until: Date,
) -> Option<Date> {
    let histories: Vec<History<'_>> = units
        .iter()
        .map(|(unit, _)| facts.history(innovation, unit))
        .collect();
    let mut day = Date::ymd(2002, 12, 1).unwrap();
    while day <= until {
        let eligible = histories.iter().filter(|h| h.eligible(day)).count();
        let ever = histories
            .iter()
            .filter(|h| h.eligible(day) && h.ever(day))
            .count();
        if ever * 100 > eligible * 16 {
            return Some(day);
        }
        day = day.next();
    }
    None
}

async fn check_curve(
    facts: &Facts,
    reader: &Reader,
    innovations: &[Innovation],
    interval: Interval,
    exactness: u8,
) {
    let query = CurveQuery {
        group_by: SpreadGroupBy::Children,
        from: Date::ymd(2003, 2, 1),
        interval,
        ..CurveQuery::default()
    };
    let by_id: HashMap<UnitId, &OrgUnit> = facts.units.iter().map(|(unit, _)| (unit.id, unit)).collect();
    for curve in spread_curve(&reader.caller, &query).await.unwrap().iter() {
        let innovation = innovations
            .iter()
            .find(|i| Some(i.id) == curve.innovation_id)
            .unwrap();
        let node = by_id[&curve.unit_id.unwrap()];
        let units = inside(facts, reader, &node.path);
        let exact = |h: &History<'_>| h.exactness() <= exactness;
        for point in &curve.points {
            let what = format!(
                "{} {} {} {interval:?} {}",
                reader.name, innovation.code, node.code, point.period_end
            );
            let (start, end) = (point.period_start, point.period_end);
            let of = |h: &History<'_>| h.eligible(end);
            let eligible = units
                .iter()
                .filter(|(unit, _)| of(&facts.history(innovation, unit)))
                .count();
            assert_eq!(point.eligible, i64::try_from(eligible).unwrap(), "{what}");
            hold(
                &what,
                facts,
                innovation,
                &units,
                &|h| of(h) && exact(h) && h.ever(end),
                point.cumulative,
            );
            hold(
                &what,
                facts,
                innovation,
                &units,
                &|h| of(h) && exact(h) && h.adopted(end),
                point.adopted,
            );
            let new = |h: &History<'_>| {
                let first = h.first_adopted().filter(|on| start <= *on && *on <= end);
                exact(h) && first.is_some_and(|on| h.eligible(on))
            };
            hold(&format!("{what} new"), facts, innovation, &units, &new, point.new);
        }
        let end = curve.points.last().unwrap().period_end;
        let late = |h: &History<'_>| h.eligible(end) && !exact(h) && h.ever(end);
        hold("less exact", facts, innovation, &units, &late, curve.less_exact);
    }
}

/// No parent told beside its children tells a group of fewer hidden units than the threshold.
async fn check_groups(facts: &Facts, reader: &Reader, world: &World, innovations: &[Innovation], day: Date) {
    let mut suppressed: HashMap<(spiral_domain::InnovationId, UnitId), (bool, i64)> = HashMap::new();
    let mut families: Vec<(UnitId, Vec<UnitId>)> = Vec::new();
    let query = SpreadQuery {
        as_of: Some(day),
        ..SpreadQuery::default()
    };
    for row in spread_metrics(&reader.caller, &query).await.unwrap().iter() {
        let place = (row.innovation_id, row.unit_id.unwrap());
        suppressed.insert(place, (row.adopted.suppressed, row.eligible - row.eligible_shown));
    }
    for (unit, _) in facts
        .units
        .iter()
        .filter(|(unit, _)| unit.tier != Tier::Microsystem)
    {
        let query = SpreadQuery {
            as_of: Some(day),
            unit: Some(unit.id.into()),
            group_by: SpreadGroupBy::Children,
            ..SpreadQuery::default()
        };
        let mut children = Vec::new();
        for row in spread_metrics(&reader.caller, &query).await.unwrap().iter() {
            let place = (row.innovation_id, row.unit_id.unwrap());
            children.push(place.1);
            suppressed.insert(place, (row.adopted.suppressed, row.eligible - row.eligible_shown));
        }
        children.sort_unstable();
        children.dedup();
        families.push((unit.id, children));
    }
    let _ = world;
    for innovation in innovations {
        for (parent, children) in &families {
            let (parent_out, whole) = suppressed[&(innovation.id, *parent)];
            let parts: Vec<(bool, i64)> = children
                .iter()
                .map(|c| suppressed[&(innovation.id, *c)])
                .collect();
            let told: i64 = parts
                .iter()
                .filter(|(out, _)| !out)
                .map(|(_, hidden)| hidden)
                .sum();
            let rest = whole - told;
            if parent_out {
                assert!(
                    parts.iter().all(|(out, hidden)| *out || *hidden == 0),
                    "{}",
                    reader.name
                );
            } else {
                assert!(
                    rest == 0 || rest >= 3,
                    "{}: {rest} hidden units are told apart",
                    reader.name
                );
            }
        }
    }
}

#[tokio::test]
async fn figures_are_what_a_recount_says() {
    for database in databases().await {
        for seed in [1, 2] {
            let world = World::new(&database, &format!("tenant{seed}")).await;
            world.innovation("any", &[], &[]).await;
            world.innovation("teams", &[Tier::Microsystem], &[]).await;
            world
                .innovation("stroke", &[Tier::Microsystem, Tier::Organisation], &["stroke"])
                .await;
            let other = World::beside(world.app.clone(), &format!("other{seed}")).await;
            let mut dice = Dice(seed);
            live(&world, &mut dice, 120).await;
            let readers = readers(&world).await;
            live(&world, &mut dice, 60).await;

            assert_eq!(
                projections::verify(&world.system).await.unwrap(),
                Vec::<String>::new()
            );
            let audit = people::verify_audit(&world.system).await.unwrap();
            assert_eq!(audit.findings, Vec::<String>::new());
            let facts = facts(&world).await;
            assert!(facts.events.len() > 100, "{}", facts.events.len());
            let innovations: Vec<Innovation> = world.system.store().find().all("r.id").await.unwrap();
            let mut told = (0, 0);
            for reader in &readers {
                for (unit, group_by) in [
                    (None, SpreadGroupBy::None),
                    (None, SpreadGroupBy::Sha),
                    (Some("s2"), SpreadGroupBy::Children),
                    (Some("s2o2"), SpreadGroupBy::Children),
                    (None, SpreadGroupBy::Organisation),
                ] {
                    for day in ["2004-01-31", "2005-08-16", "2006-03-20"] {
                        let day: Date = day.parse().unwrap();
                        for tree in [SpreadTree::Period, SpreadTree::Current] {
                            let query = SpreadQuery {
                                unit: unit.map(Reference::code),
                                group_by,
                                as_of: Some(day),
                                tree,
                                ..SpreadQuery::default()
                            };
                            let (with, without) =
                                check_metrics(&facts, reader, &innovations, &query, day).await;
                            told = (told.0 + with, told.1 + without);
                        }
                    }
                }
                for (interval, exactness) in
                    [(Interval::Month, 0), (Interval::Quarter, 1), (Interval::Year, 2)]
                {
                    check_curve(&facts, reader, &innovations, interval, exactness).await;
                }
                check_groups(&facts, reader, &world, &innovations, now().date()).await;
            }
            assert!(told.0 > 20 && told.1 > 20, "{told:?}");
            // What is thrown away is made again, exactly.
            projections::rebuild(&world.system).await.unwrap();
            assert_eq!(
                projections::verify(&world.system).await.unwrap(),
                Vec::<String>::new()
            );

            // Another tenant has none of it.
            let outsider = other
                .person("national", Role::NationalLead, Some("nat"), None)
                .await;
            assert!(
                spread_metrics(&outsider, &SpreadQuery::default())
                    .await
                    .unwrap()
                    .is_empty()
            );
            let named = SpreadQuery {
                innovations: vec![innovations[0].id.into()],
                ..SpreadQuery::default()
            };
            assert!(matches!(
                spread_metrics(&outsider, &named).await,
                Err(Error::NotFound("innovation"))
            ));
        }
    }
}

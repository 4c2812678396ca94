//! How faithful the cycles of many teams are: what is told is what a slow recount says, and what is left out cannot be
//! worked out from it, whatever moves and whatever is shared.

mod oracle;

use serde_json::{Value, json};
use spiral_app::analysis::{FidelityQuery, fidelity_summary};
use spiral_app::{Caller, measures, microsystems, projections, tenancy};
use spiral_domain::analysis::GroupBy;
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::measures::PushObservation;
use spiral_domain::microsystems::{Aim, Cycle, CyclePhase, FidelitySummaryRow, Ramp};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{Tier, UnitKind};
use spiral_domain::{Date, Interval, Sharing, WorkKind};

use self::oracle::{Book, Reader, readers};
use super::{code, place, read, refused};
use crate::tree::random::Dice;
use crate::world::{World, worlds};

pub(super) const ORGANISATIONS: [&str; 5] = ["hull", "york", "leeds", "dorset", "exeter"];

fn query(unit: Option<&str>, group_by: GroupBy, interval: Interval) -> FidelityQuery {
    FidelityQuery {
        unit: unit.map(code),
        group_by,
        interval,
        from: Some("2005-07-01".parse().unwrap()),
        to: Some("2005-12-31".parse().unwrap()),
    }
}

async fn summary(caller: &Caller, query: &FidelityQuery) -> Vec<FidelitySummaryRow> {
    fidelity_summary(caller, query).await.unwrap().to_vec()
}

/// An aim that is followed by a measure, and a ramp beneath it.
async fn ramp(world: &World, team: &str) -> Ramp {
    let aim = json!({ "kind": "specific", "statement": "More are seen", "measure": "code:seen", "fromValue": 1.0,
        "toValue": 9.0, "byWhen": "2006-06-30" });
    let aim: Aim = microsystems::set_aim(&world.system, &code(team), read(aim))
        .await
        .unwrap();
    let ramp = json!({ "aim": aim.id, "title": "Mornings" });
    microsystems::open_ramp(&world.system, &code(team), read(ramp))
        .await
        .unwrap()
}

async fn define(world: &World) {
    let measure = json!({
        "unit": "code:nhs", "code": "seen", "name": "Seen a day", "kind": "process", "scale": "count",
        "direction": "higher_is_better", "cadence": "month", "reportingTier": "microsystem", "countsPeople": false,
    });
    measures::define_measure(&world.system, read(measure))
        .await
        .unwrap();
}

async fn plan(world: &World, team: &str, ramp: &Ramp, plan: Value, follows: Option<&Cycle>) -> Cycle {
    let input = json!({ "kind": "pdsa", "ramp": ramp.id, "title": "T", "plan": plan,
        "follows": follows.map(|cycle| cycle.id) });
    microsystems::plan_cycle(&world.system, &code(team), read(input))
        .await
        .unwrap()
}

async fn carry_out(world: &World, cycle: &Cycle, from: &str, to: &str) {
    let done = json!({ "startedOn": from, "endedOn": to, "observations": "O" });
    microsystems::carry_out_cycle(&world.system, &cycle.unit_id.into(), cycle.id, None, read(done))
        .await
        .unwrap();
}

async fn observe(world: &World, team: &str, period: &str, retracted: bool) {
    let mut row = json!({ "measure": "code:seen", "unit": format!("code:{team}"), "period": period });
    if retracted {
        row["retracted"] = json!(true);
    } else {
        row["numerator"] = json!(4.0);
    }
    let row = BatchRow {
        row_key: None,
        read: Ok(read::<PushObservation>(row)),
    };
    // What was never there is not taken back, and after a unit has closed nothing is taken.
    let _ = measures::push_observations(&world.system, vec![row], BatchOptions::default()).await;
}

async fn grow(world: &World) -> Vec<String> {
    for (organisation, sha) in [("york", "north"), ("leeds", "north"), ("exeter", "south")] {
        world
            .grow(organisation, Tier::Organisation, UnitKind::PrimaryCareTrust, sha)
            .await;
    }
    let mut teams = Vec::new();
    for (organisation, count) in ORGANISATIONS.into_iter().zip([8, 6, 2, 7, 6]) {
        for n in 0..count {
            let team = format!("{organisation}-{n}");
            world.team(&team).await;
            teams.push(team);
        }
    }
    teams
}

async fn step(world: &World, dice: &mut Dice, ramps: &[(String, Ramp)]) {
    let (team, ramp) = dice.pick(ramps);
    let cycles: Vec<Cycle> = world.system.store().find().all("r.id").await.unwrap();
    let of_team: Vec<&Cycle> = cycles
        .iter()
        .filter(|cycle| cycle.ramp_id == Some(ramp.id) && !cycle.retracted)
        .collect();
    let day = |dice: &mut Dice| {
        let month = 7 + dice.below(6);
        format!("2005-{month:02}-{:02}", 1 + dice.below(28))
    };
    match dice.below(20) {
        0..=4 => {
            let scale = *dice.pick(&["one", "whole_team"]);
            let prediction = (dice.below(2) == 0).then_some("P");
            let follows = of_team.last().copied().filter(|_| dice.below(2) == 0);
            let of = json!({ "objective": "O", "scale": scale, "prediction": prediction });
            let input = json!({ "kind": "pdsa", "ramp": ramp.id, "title": "T", "plan": of,
                "follows": follows.map(|cycle| cycle.id) });
            // A team that has closed plans nothing.
            let _ = microsystems::plan_cycle(&world.system, &code(team), read(input)).await;
        }
        5..=13 => {
            let Some(cycle) = of_team.get(dice.below(of_team.len().max(1))) else {
                return;
            };
            let on = day(dice);
            let unit = cycle.unit_id.into();
            let _ = match cycle.phase {
                CyclePhase::Plan => {
                    let from = if dice.below(2) == 0 {
                        on.clone()
                    } else {
                        "2005-07-01".into()
                    };
                    let done = json!({ "startedOn": from, "endedOn": on, "observations": "O" });
                    microsystems::carry_out_cycle(&world.system, &unit, cycle.id, None, read(done)).await
                }
                CyclePhase::Do => {
                    let study = json!({ "result": "confirmed", "learning": "L" });
                    microsystems::study_cycle(&world.system, &unit, cycle.id, None, read(study)).await
                }
                CyclePhase::Study => {
                    let act = json!({ "decision": "adapt" });
                    microsystems::act_on_cycle(&world.system, &unit, cycle.id, None, read(act)).await
                }
                CyclePhase::Act if dice.below(3) == 0 => {
                    microsystems::retract_cycle(&world.system, &unit, cycle.id, None).await
                }
                CyclePhase::Act => return,
            };
        }
        14..=15 => {
            let period = day(dice)[..7].to_owned();
            observe(world, team, &period, dice.below(5) == 0).await;
        }
        16..=17 => {
            let kind = *dice.pick(&[WorkKind::Aims, WorkKind::Aims, WorkKind::Observations]);
            world.share(team, kind, *dice.pick(&Sharing::ALL)).await;
        }
        _ => {
            let on = *dice.pick(&["2005-08-15", "2005-10-01", "2005-11-20"]);
            let (unit, input) = match dice.below(8) {
                0..=3 => {
                    let to = format!("code:{}", dice.pick(&ORGANISATIONS));
                    (
                        team.as_str(),
                        json!({ "kind": "transfer", "effectiveOn": on, "parent": to }),
                    )
                }
                4 => (team.as_str(), json!({ "kind": "close", "effectiveOn": on })),
                5 => {
                    let into = [format!("code:{}", dice.pick(ramps).0)];
                    (
                        team.as_str(),
                        json!({ "kind": "merge", "effectiveOn": on, "into": into }),
                    )
                }
                _ => {
                    let sha = *dice.pick(&["code:north", "code:south"]);
                    let organisation = *dice.pick(&ORGANISATIONS);
                    (
                        organisation,
                        json!({ "kind": "transfer", "effectiveOn": on, "parent": sha }),
                    )
                }
            };
            let _ = tenancy::reorganise(&world.system, &code(unit), read(input), false).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_what_a_recount_says_and_nothing_else_follows_from_it() {
    for (n, world) in worlds().await.into_iter().enumerate() {
        let mut dice = Dice(91 + u64::try_from(n).unwrap());
        define(&world).await;
        let mut ramps = Vec::new();
        for team in grow(&world).await {
            let ramp = ramp(&world, &team).await;
            for month in 7..=12 {
                if dice.below(3) > 0 {
                    observe(&world, &team, &format!("2005-{month:02}"), false).await;
                }
            }
            ramps.push((team, ramp));
        }
        let who = readers(&world).await;
        let mut seen = oracle::Checked::default();
        for round in 0..600 {
            step(&world, &mut dice, &ramps).await;
            if round % 120 != 119 {
                continue;
            }
            let differences = projections::verify(&world.system).await.unwrap();
            assert_eq!(differences, Vec::<String>::new());
            let book = Book::of(&world).await;
            for reader in &who {
                // Grants are read anew: units may have moved beneath them, or closed.
                let caller = world.caller(reader.caller.principal().id).await;
                let reader = Reader {
                    caller,
                    grants: reader.grants.clone(),
                };
                let mut answers = Vec::new();
                for (unit, groups) in [
                    (None, GroupBy::Children),
                    (None, GroupBy::Organisation),
                    (None, GroupBy::Sha),
                    (Some("north"), GroupBy::Children),
                    (Some("south"), GroupBy::Organisation),
                    (Some("hull"), GroupBy::None),
                ] {
                    for interval in [Interval::Month, Interval::Quarter] {
                        answers.extend(summary(&reader.caller, &query(unit, groups, interval)).await);
                    }
                }
                book.check(&reader, &answers, &mut seen);
            }
        }
        assert!(
            seen.told > 100 && seen.kept > 100 && seen.cycles > 300,
            "{seen:?}"
        );
        projections::rebuild(&world.system).await.unwrap();
        let differences = projections::verify(&world.system).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
        world.verifies().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_team_does_is_told_of_many_and_never_by_itself() {
    for world in worlds().await {
        define(&world).await;
        let national = world.person(Role::NationalAnalyst, "nhs").await;
        let mut cycles = Vec::new();
        for n in 0..5 {
            world.team(&format!("dorset-{n}")).await;
        }
        for n in 0..6 {
            let team = format!("hull-{n}");
            world.team(&team).await;
            let ramp = ramp(&world, &team).await;
            let of = json!({ "objective": "O", "scale": "one", "prediction": "P" });
            cycles.push(plan(&world, &team, &ramp, of, None).await);
        }
        let quarters = query(None, GroupBy::Children, Interval::Quarter);
        let told = async || -> Vec<(String, Option<i64>, Option<i64>)> {
            let rows = summary(&national, &quarters).await;
            let last = rows
                .into_iter()
                .filter(|row| row.period_start.to_string() == "2005-10-01");
            last.map(|row| (row.code, row.cycles_total, row.features[1].total))
                .collect()
        };
        let row = |code: &str, total: Option<i64>| (code.to_owned(), total, total);
        assert_eq!(
            told().await,
            [row("nhs", Some(0)), row("north", Some(0)), row("south", Some(0))],
            "whether teams are told of does not tell what they did"
        );
        // The first cycle is all that there is: it would tell what one team did.
        carry_out(&world, &cycles[0], "2005-10-03", "2005-10-04").await;
        assert_eq!(
            told().await,
            [row("nhs", None), row("north", None), row("south", None)]
        );
        for cycle in &cycles[1..] {
            carry_out(&world, cycle, "2005-10-03", "2005-10-05").await;
        }
        assert_eq!(
            told().await,
            [row("nhs", Some(6)), row("north", Some(6)), row("south", Some(0))]
        );
        // Shown is exact, of whoever lets it be seen, and then of nobody else by difference.
        for team in ["hull-0", "hull-1", "hull-2", "hull-3"] {
            world.share(team, WorkKind::Aims, Sharing::National).await;
            world.share(team, WorkKind::Observations, Sharing::National).await;
        }
        let rows = summary(&national, &quarters).await;
        let north = rows.iter().rfind(|row| row.code == "north").unwrap();
        assert_eq!(
            (north.cycles_shown, north.cycles_total),
            (4, None),
            "four others are too few"
        );
        assert_eq!((north.teams, north.teams_shown), (8, 4));
        // One kind alone does not show it: what was observed is part of the answer.
        world.share("hull-0", WorkKind::Observations, Sharing::Team).await;
        let rows = summary(&national, &quarters).await;
        let north = rows.iter().rfind(|row| row.code == "north").unwrap();
        assert_eq!((north.cycles_shown, north.teams_shown), (3, 3));

        let asked = |change: &dyn Fn(&mut FidelityQuery)| {
            let mut query = quarters.clone();
            change(&mut query);
            query
        };
        let wrong = async |query: FidelityQuery| refused(fidelity_summary(&national, &query).await);
        assert_eq!(
            wrong(asked(&|query| query.interval = Interval::Week)).await,
            [place("/query/interval", "does_not_nest")]
        );
        assert_eq!(
            wrong(asked(&|query| query.to = Some("2005-01-01".parse().unwrap()))).await,
            [place("/query/to", "before_from")]
        );
        assert_eq!(
            wrong(asked(&|query| query.from = Some("1950-01-01".parse().unwrap()))).await,
            [place("/query/from", "too_many_periods")]
        );
        // What is not over is not told: its difference from day to day would be a few teams' work.
        let until_today: Option<Date> = Some("2006-03-31".parse().unwrap());
        let rows = summary(&national, &asked(&|query| query.to = until_today)).await;
        assert!(
            rows.iter().all(|row| row.period_end.to_string() == "2005-09-30"
                || row.period_end.to_string() == "2005-12-31")
        );
        world.verifies().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_feature_follows_from_is_counted_at_once() {
    for world in worlds().await {
        define(&world).await;
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let ramp = ramp(&world, "hull-a").await;
        let of = json!({ "objective": "O", "scale": "few" });
        let first = plan(&world, "hull-a", &ramp, of.clone(), None).await;
        carry_out(&world, &first, "2005-09-01", "2005-12-31").await;
        let now = async || {
            let rows = summary(&lead, &query(Some("hull-a"), GroupBy::None, Interval::Quarter)).await;
            let row = rows.last().unwrap();
            (
                row.cycles_total,
                row.features.iter().map(|of| of.shown).collect::<Vec<_>>(),
            )
        };
        // Neither linked nor predicted, small, without data, not studied yet.
        assert_eq!(now().await, (Some(1), vec![0, 0, 1, 0, 0]));
        for period in ["2005-10", "2005-11", "2005-12"] {
            observe(&world, "hull-a", period, false).await;
        }
        assert_eq!(now().await, (Some(1), vec![0, 0, 1, 1, 0]));
        observe(&world, "hull-a", "2005-11", true).await;
        assert_eq!(now().await, (Some(1), vec![0, 0, 1, 0, 0]));
        let second = plan(&world, "hull-a", &ramp, of, Some(&first)).await;
        assert_eq!(now().await, (Some(1), vec![1, 0, 1, 0, 0]));
        microsystems::retract_cycle(&world.system, &code("hull-a"), second.id, None)
            .await
            .unwrap();
        assert_eq!(now().await, (Some(1), vec![0, 0, 1, 0, 0]));
        assert_eq!(
            projections::verify(&world.system).await.unwrap(),
            Vec::<String>::new()
        );
        world.verifies().await;
    }
}

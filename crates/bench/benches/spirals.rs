//! What the dashboards' summary of spirals by step and SHA costs beside 1,000 spirals and beside 100,000 of the same units,
//! through REST, on each database: `cargo bench -p spiral-bench --bench spirals`. It is read from kept counts, so that the
//! ratio is near 1; the ratio says something on a shared machine, times do not.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be made ends with its reason, and what it finds is printed"
)]

use std::time::Duration;

use axum::Router;
use serde_json::json;
use spiral_app::clock::{Clock, fresh};
use spiral_app::spirals::{PlantSpiral, plant_spirals};
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, people, tenancy};
use spiral_domain::people::{GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::spirals::{SpiralStatus, SpiralStep};
use spiral_domain::tenancy::{CreateOrgUnit, Tier};
use spiral_domain::{Date, Reference, SpiralId, Timestamp};
use spiral_store::testing::{Backend, TestDb, databases};
use timed::{median, timed};

mod timed;

const SHAS: usize = 10;
const ORGANISATIONS: usize = 10;
const TEAMS: usize = 20;
const FEW: usize = 1_000;
const MANY: usize = 100_000;
/// So many spirals are planted in one write.
const BATCH: usize = 5_000;
/// Of so many months' ends is asked: each is worked out anew, since an answer is kept.
const COUNTED: i32 = 21;
/// Of so many before that.
const WARMING: i32 = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for database in databases().await {
            measure(&database).await;
        }
    });
}

async fn measure(database: &TestDb) {
    let noon: Timestamp = "2006-06-30T12:00:00Z".parse().unwrap();
    let settings = Settings {
        demo_issuer: true,
        ..Settings::default()
    };
    let master = MasterKey::from_base64("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
    let clock = Clock::from_fn(move || noon);
    let app = App::open(database.open().await, clock, settings, &master)
        .await
        .unwrap();
    let router = spiral_rest::router(app.clone());
    let name = match database.backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let mut tokens = Vec::new();
    for spirals in [FEW, MANY] {
        let tenant = tenant(&app, noon, spirals).await;
        tokens.push(reader(&app, &tenant, &app.system(&tenant, noon)).await);
    }
    for (what, query) in [
        ("by step and SHA", "groupBy=sha"),
        ("by step, SHA and theme", "groupBy=sha&by=theme"),
    ] {
        // In turn, so that both are asked in the same state of the machine; the first months are not counted.
        let mut times = vec![Vec::new(); tokens.len()];
        for n in 0..WARMING + COUNTED {
            let day = Date::ymd(2006, 5, 1).unwrap().plus_months(-n).month_end();
            for (times, token) in times.iter_mut().zip(&tokens) {
                let time = asked(&router, token, &format!("{query}&asOf={day}")).await;
                if n >= WARMING {
                    times.push(time);
                }
            }
        }
        let medians: Vec<Duration> = times.into_iter().map(median).collect();
        let (few, many) = (medians[0], medians[1]);
        println!(
            "{name:<9} spirals summary {what}: {few:?} beside {FEW}, {many:?} beside {MANY}, ratio {:.2}",
            many.as_secs_f64() / few.as_secs_f64()
        );
    }
}

/// The tenant with so many spirals: as it is, or made.
async fn tenant(app: &App, noon: Timestamp, spirals: usize) -> Tenant {
    let slug = format!("bench-{spirals}");
    let known = app.db().tenants().await.unwrap();
    if let Some(tenant) = known.into_iter().find(|tenant| tenant.slug == slug) {
        return tenant;
    }
    let tenant = app.create_tenant(&slug, "Bench").await.unwrap();
    let system = app.system(&tenant, noon);
    let teams = units(&system).await;
    let mut draw = 7_u64;
    let mut next = |most: usize| -> usize {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(draw >> 33).unwrap() % most
    };
    let first = Date::ymd(2003, 7, 1).unwrap();
    let mut inputs: Vec<PlantSpiral> = (0..spirals)
        .map(|n| {
            let begun = next(900);
            let started_on = first.plus_days(begun.try_into().unwrap());
            PlantSpiral {
                id: fresh::<SpiralId>(),
                unit: Reference::code(&teams[n % teams.len()]),
                title: "Fewer wait".into(),
                theme: Some(format!("theme-{}", next(8))),
                started_on,
                step: SpiralStep::ALL[next(SpiralStep::ALL.len())],
                status: match next(10) {
                    0 => SpiralStatus::Discontinued,
                    _ => SpiralStatus::Active,
                },
                active_on: started_on.plus_days(next(150).try_into().unwrap()),
            }
        })
        .collect();
    while !inputs.is_empty() {
        let rest = inputs.split_off(inputs.len().min(BATCH));
        plant_spirals(&system, inputs).await.unwrap();
        inputs = rest;
    }
    tenant
}

/// The units, the same for every tenant; answers with the codes of the teams.
async fn units(system: &Caller) -> Vec<String> {
    let unit = |code: &str, parent: &str, tier: Tier, kind: &str| -> CreateOrgUnit {
        let input = json!({
            "code": code, "name": code, "tier": tier, "kind": kind, "parent": format!("code:{parent}"),
        });
        serde_json::from_value(input).unwrap()
    };
    tenancy::create_root(system, unit("nat", "none", Tier::National, "national_body"))
        .await
        .unwrap();
    let (mut inputs, mut teams) = (Vec::new(), Vec::new());
    for s in 0..SHAS {
        let sha = format!("s{s}");
        inputs.push(unit(&sha, "nat", Tier::Sha, "strategic_health_authority"));
        for o in 0..ORGANISATIONS {
            let organisation = format!("s{s}o{o}");
            inputs.push(unit(
                &organisation,
                &sha,
                Tier::Organisation,
                "primary_care_trust",
            ));
            for t in 0..TEAMS {
                let team = format!("s{s}o{o}t{t}");
                inputs.push(unit(&team, &organisation, Tier::Microsystem, "clinical_team"));
                teams.push(team);
            }
        }
    }
    tenancy::plant(system, inputs).await.unwrap();
    teams
}

/// The token of a national analyst: nothing is shared so far, so that all of it is totals with hidden units.
async fn reader(app: &App, tenant: &Tenant, system: &Caller) -> String {
    let register = RegisterPrincipal {
        issuer: "https://people.example".into(),
        subject: fresh::<SpiralId>().to_string(),
        name: "Reader".into(),
    };
    let person = people::register_principal(system, register).await.unwrap();
    let grant = GrantRole {
        principal_id: person.id,
        role: Role::NationalAnalyst,
        unit: Some(Reference::code("nat")),
        network: None,
        expires_on: None,
    };
    people::grant_role(system, grant).await.unwrap();
    people::demo_token(app, tenant, person.id, 3600).await.unwrap()
}

/// How long it takes to answer.
async fn asked(router: &Router, token: &str, query: &str) -> Duration {
    let (took, bytes) = timed(router, token, &format!("/v1/spirals/summary?{query}")).await;
    let rows: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert!(rows.as_array().unwrap().len() >= SHAS);
    took
}

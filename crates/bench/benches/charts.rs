//! How long it takes to draw and judge every series of one SHA, through REST, beside reading their rows alone in the
//! same run, on each database: `cargo bench -p spiral-bench`. The ratio says something on a shared machine, times do not.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be made ends with its reason, and what it finds is printed"
)]

use std::time::Instant;

use serde_json::json;
use spiral_app::clock::Clock;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, measures, people, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::measures::{Measure, Period, PushObservation, Stratum};
use spiral_domain::people::{GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::tenancy::{CreateOrgUnit, Tier};
use spiral_domain::{Date, Reference, Sharing, Timestamp, UnitId};
use spiral_store::testing::{Backend, TestDb, databases};
use spiral_store::{SeriesFilter, SeriesOf};
use timed::{median, timed};

mod timed;

const ORGANISATIONS: usize = 20;
const TEAMS: usize = 25;
const MONTHS: usize = 36;
const RUNS: usize = 9;

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
    let app = App::open(
        database.open().await,
        Clock::from_fn(move || noon),
        settings,
        &master,
    )
    .await
    .unwrap();
    let tenant = app.create_tenant("bench", "Bench").await.unwrap();
    let system = app.system(&tenant, noon);
    let (measure, units) = load(&system).await;
    let token = reader(&app, &tenant, &system).await;
    let router = spiral_rest::router(app.clone());
    let path = "/v1/analysis/spc?measure=code:seen&within=code:sha&limit=500&sort=worst";
    let mut whole = Vec::with_capacity(RUNS);
    let mut bytes = 0;
    for _ in 0..RUNS {
        let (took, answer) = timed(&router, &token, path).await;
        bytes = answer.len();
        whole.push(took);
    }
    let store = app.authenticate(Some(&token)).await.unwrap();
    let store = store.store();
    let mut rows = Vec::with_capacity(RUNS);
    let mut read = 0;
    for _ in 0..RUNS {
        let begun = Instant::now();
        let found = store
            .series_rows(&SeriesFilter {
                measures: &[measure.id],
                units: &units,
                within: Period {
                    start: Date::MIN,
                    end: Date::MAX,
                },
                stratum: Some(Stratum::whole()),
                known_at: None,
                most: 1_000_000,
            })
            .await
            .unwrap();
        read = found.len();
        rows.push(begun.elapsed());
    }
    let seen = store
        .series_units(&SeriesOf::Units(&units), Sharing::Sha)
        .await
        .unwrap();
    assert_eq!(seen.len(), ORGANISATIONS * TEAMS);
    let (whole, rows) = (median(whole), median(rows));
    let name = match database.backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    println!(
        "{name:<9} {} series of {MONTHS} months, {read} rows, {bytes} bytes: through REST {whole:?}, rows alone {rows:?}, \
         ratio {:.2}",
        units.len(),
        whole.as_secs_f64() / rows.as_secs_f64()
    );
}

/// One SHA with its organisations and teams, and a measure that every team reports.
async fn load(system: &Caller) -> (Measure, Vec<UnitId>) {
    let unit = |code: String, parent: &str, tier: Tier, kind: &str| -> CreateOrgUnit {
        let input = json!({
            "code": code, "name": code, "tier": tier, "kind": kind, "parent": format!("code:{parent}"),
        });
        serde_json::from_value(input).unwrap()
    };
    tenancy::create_root(
        system,
        unit("nat".into(), "none", Tier::National, "national_body"),
    )
    .await
    .unwrap();
    let mut inputs = vec![unit("sha".into(), "nat", Tier::Sha, "strategic_health_authority")];
    for o in 0..ORGANISATIONS {
        let organisation = format!("o{o}");
        inputs.push(unit(
            organisation.clone(),
            "sha",
            Tier::Organisation,
            "primary_care_trust",
        ));
        for t in 0..TEAMS {
            inputs.push(unit(
                format!("o{o}t{t}"),
                &organisation,
                Tier::Microsystem,
                "clinical_team",
            ));
        }
    }
    let planted = tenancy::plant(system, inputs).await.unwrap();
    let teams: Vec<_> = planted
        .into_iter()
        .filter(|unit| unit.tier == Tier::Microsystem)
        .collect();
    let input = json!({
        "unit": "code:nat", "code": "seen", "name": "Seen", "kind": "process", "scale": "proportion",
        "direction": "higher_is_better", "cadence": "month", "target": 0.8,
    });
    let measure = measures::define_measure(system, serde_json::from_value(input).unwrap())
        .await
        .unwrap();
    let mut draw = 7_u64;
    let mut rows: Vec<BatchRow<PushObservation>> = Vec::new();
    for team in &teams {
        for n in 0..MONTHS {
            draw = draw
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let month = 2003 * 12 + 6 + n;
            let row = json!({
                "measure": "code:seen", "unit": team.id, "period": format!("{}-{:02}", month / 12, month % 12 + 1),
                "numerator": 60 + (draw >> 33) % 30, "denominator": 100,
            });
            rows.push(BatchRow {
                row_key: None,
                read: Ok(serde_json::from_value(row).unwrap()),
            });
        }
    }
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(10_000));
        measures::push_observations(system, rows, BatchOptions::default())
            .await
            .unwrap();
        rows = rest;
    }
    (measure, teams.into_iter().map(|unit| unit.id).collect())
}

/// The token of somebody who sees all of it.
async fn reader(app: &App, tenant: &Tenant, system: &Caller) -> String {
    let person = RegisterPrincipal {
        issuer: "https://login.example.org".into(),
        subject: "reader".into(),
        name: "A reader".into(),
    };
    let person = people::register_principal(system, person).await.unwrap();
    for o in 0..ORGANISATIONS {
        let grant = GrantRole {
            principal_id: person.id,
            role: Role::OrganisationAnalyst,
            unit: Some(Reference::code(format!("o{o}"))),
            network: None,
            expires_on: None,
        };
        people::grant_role(system, grant).await.unwrap();
    }
    people::demo_token(app, tenant, person.id, 3600).await.unwrap()
}

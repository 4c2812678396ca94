//! Measures and observations: what is pushed is what is read, by whoever may read it; and roll-ups.

mod charts;
mod compare;
mod definitions;
mod pictures;
mod push;
mod random;
mod roll_up;
mod sheets;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use spiral_app::clock::Clock;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, measures, people, projections, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow};
use spiral_domain::measures::{Measure, Observation, PushObservation};
use spiral_domain::people::{CreateApiClient, GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::tenancy::{CreateOrgUnit, OrgUnit, SetSharing, Tier, UnitKind};
use spiral_domain::{
    Error, PageRequest, PrincipalId, Reference, Result, Sharing, Timestamp, Violation, WorkKind,
};
use spiral_store::testing::TestDb;

/// A tenant on a database of its own, at an instant that a test moves.
pub struct World {
    pub app: App,
    pub tenant: Tenant,
    pub units: HashMap<String, OrgUnit>,
    clock: Arc<AtomicI64>,
    database: TestDb,
}

/// A world on each database: a root, `shas` regions of some organisations of `teams` teams each. Codes tell the
/// place: `s0`, `s0o1`, `s0o1t2`.
pub async fn worlds(shape: &[&[usize]]) -> Vec<World> {
    let mut worlds = Vec::new();
    for database in spiral_store::testing::databases().await {
        worlds.push(World::new(database, shape).await);
    }
    worlds
}

pub fn code(text: &str) -> Reference {
    Reference::code(text)
}

impl World {
    async fn new(database: TestDb, shape: &[&[usize]]) -> Self {
        let noon: Timestamp = "2006-06-30T12:00:00Z".parse().unwrap();
        let clock = Arc::new(AtomicI64::new(noon.micros()));
        let settings = Settings {
            demo_issuer: true,
            ..Settings::default()
        };
        let master = MasterKey::from_base64("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
        let ticking = Arc::clone(&clock);
        let clock_of_app = Clock::from_fn(move || Timestamp::from_micros(ticking.load(Ordering::SeqCst)));
        let app = App::open(database.open().await, clock_of_app, settings, &master)
            .await
            .unwrap();
        let tenant = app.create_tenant("demo", "Demo").await.unwrap();
        let system = app.system(&tenant, noon);
        let root = unit("nat", "none", Tier::National, UnitKind::NationalBody);
        let root = tenancy::create_root(&system, root).await.unwrap();
        let mut inputs = Vec::new();
        for (s, organisations) in shape.iter().enumerate() {
            let sha = format!("s{s}");
            inputs.push(unit(&sha, "nat", Tier::Sha, UnitKind::StrategicHealthAuthority));
            for (o, teams) in organisations.iter().enumerate() {
                let organisation = format!("{sha}o{o}");
                inputs.push(unit(
                    &organisation,
                    &sha,
                    Tier::Organisation,
                    UnitKind::PrimaryCareTrust,
                ));
                for t in 0..*teams {
                    let team = format!("{organisation}t{t}");
                    inputs.push(unit(
                        &team,
                        &organisation,
                        Tier::Microsystem,
                        UnitKind::ClinicalTeam,
                    ));
                }
            }
        }
        let units = tenancy::plant(&system, inputs).await.unwrap();
        let units = units
            .into_iter()
            .chain([root])
            .map(|unit| (unit.code.clone(), unit))
            .collect();
        Self {
            app,
            tenant,
            units,
            clock,
            database,
        }
    }

    /// Lets an hour pass.
    pub fn later(&self) -> Timestamp {
        let hour = 3_600_000_000;
        Timestamp::from_micros(self.clock.fetch_add(hour, Ordering::SeqCst) + hour)
    }

    /// Lets days pass.
    pub fn pass(&self, days: i64) {
        self.clock.fetch_add(days * 86_400_000_000, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    /// The platform itself.
    pub fn system(&self) -> Caller {
        self.app.system(&self.tenant, self.now())
    }

    /// Someone new who holds these roles.
    pub async fn person(&self, roles: &[(Role, &str)]) -> PrincipalId {
        let register = RegisterPrincipal {
            issuer: "https://login.example.org".into(),
            subject: spiral_app::clock::fresh::<PrincipalId>().to_string(),
            name: format!("{roles:?}"),
        };
        let person = people::register_principal(&self.system(), register)
            .await
            .unwrap();
        for (role, unit) in roles {
            self.grant(person.id, *role, Some(unit), None).await;
        }
        person.id
    }

    pub async fn grant(
        &self,
        principal_id: PrincipalId,
        role: Role,
        unit: Option<&str>,
        network: Option<&str>,
    ) {
        let grant = GrantRole {
            principal_id,
            role,
            unit: unit.map(code),
            network: network.map(code),
            expires_on: None,
        };
        people::grant_role(&self.system(), grant).await.unwrap();
    }

    /// A tool that pushes as these sources beneath this unit.
    pub async fn tool(&self, sources: &[&str], unit: &str, scopes: &[&str]) -> PrincipalId {
        let create = CreateApiClient {
            name: "a tool".into(),
            unit: code(unit),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            numeric_ids: false,
            keys: Vec::new(),
        };
        let made = people::create_api_client(&self.system(), create).await.unwrap();
        self.grant(made.client.id, Role::Integration, Some(unit), None)
            .await;
        made.client.id
    }

    /// A request of this principal, now.
    pub async fn caller(&self, principal: PrincipalId) -> Caller {
        let token = people::demo_token(&self.app, &self.tenant, principal, 600)
            .await
            .unwrap();
        self.app.authenticate(Some(&token)).await.unwrap()
    }

    pub async fn share(&self, unit: &str, level: Sharing) {
        let kind = WorkKind::Observations;
        tenancy::set_sharing(&self.system(), &code(unit), kind, SetSharing { level })
            .await
            .unwrap();
    }

    /// Defines a measure of the root; `more` replaces what is usual.
    pub async fn measure(&self, code: &str, more: Value) -> Measure {
        let mut input = json!({
            "unit": "code:nat", "code": code, "name": code, "kind": "outcome", "scale": "proportion",
            "direction": "higher_is_better", "cadence": "month",
        });
        merge(&mut input, more);
        let input = serde_json::from_value(input).unwrap();
        measures::define_measure(&self.system(), input).await.unwrap()
    }

    pub async fn dimension(&self, code: &str, values: &[&str]) {
        let input = json!({"unit": "code:nat", "code": code, "name": code, "values": values});
        let input = serde_json::from_value(input).unwrap();
        measures::declare_dimension(&self.system(), input).await.unwrap();
    }

    /// Everything stands as the ledger has it, and every count as a recount has it.
    pub async fn verifies(&self) {
        let report = people::verify_audit(&self.system()).await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        assert_eq!(
            projections::verify(&self.system()).await.unwrap(),
            Vec::<String>::new()
        );
    }
}

fn unit(code_text: &str, parent: &str, tier: Tier, kind: UnitKind) -> CreateOrgUnit {
    serde_json::from_value(json!({
        "code": code_text, "name": code_text, "tier": tier, "kind": kind, "parent": format!("code:{parent}"),
    }))
    .unwrap()
}

fn merge(into: &mut Value, more: Value) {
    if let Value::Object(more) = more {
        for (name, value) in more {
            into[name] = value;
        }
    }
}

/// A row of a proportion for a month.
pub fn row(unit: &str, period: &str, numerator: u32, denominator: u32) -> Value {
    json!({
        "measure": "code:m", "unit": format!("code:{unit}"), "period": period, "numerator": numerator,
        "denominator": denominator,
    })
}

pub fn with(mut row: Value, more: Value) -> Value {
    merge(&mut row, more);
    row
}

pub fn without(mut row: Value, fields: &[&str]) -> Value {
    for field in fields {
        row.as_object_mut().unwrap().remove(*field);
    }
    row
}

pub async fn push_with(caller: &Caller, rows: &[Value], options: BatchOptions) -> Result<BatchReport> {
    let rows: Vec<PushObservation> = rows
        .iter()
        .map(|row| serde_json::from_value(row.clone()).unwrap())
        .collect();
    let batch = rows
        .into_iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(row),
        })
        .collect();
    measures::push_observations(caller, batch, options).await
}

/// Pushes rows; counts of inserted, updated and unchanged.
pub async fn push(caller: &Caller, rows: &[Value]) -> Result<(usize, usize, usize)> {
    let report = push_with(caller, rows, BatchOptions::default()).await?;
    assert_eq!(report.rejected, 0);
    Ok((report.inserted, report.updated, report.unchanged))
}

pub async fn list(caller: &Caller, query: measures::ObservationQuery) -> Vec<Observation> {
    let page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    measures::observations(caller, query, &page).await.unwrap().data
}

/// Pointers and codes of an error's places; for errors without places its code.
pub fn refused<T: std::fmt::Debug>(answer: Result<T>) -> Vec<(String, String)> {
    let error: Error = answer.unwrap_err();
    let list = error.violations();
    if list.is_empty() {
        return vec![(String::new(), error.code().to_owned())];
    }
    list.into_iter()
        .map(|Violation { pointer, code, .. }| (pointer, code))
        .collect()
}

pub fn place(pointer: &str, code: &str) -> (String, String) {
    (pointer.into(), code.into())
}

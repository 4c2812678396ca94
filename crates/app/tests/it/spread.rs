//! Spread: whatever happened, states, cells, metrics and curves are what a plain recount of the events says.

pub mod naive;
mod push;
mod random;
mod totals;

use std::collections::HashMap;

use spiral_app::clock::Clock;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, innovations, people, tenancy};
use spiral_domain::innovations::{CreateInnovation, Innovation, InnovationStatus};
use spiral_domain::people::{GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::spread::{Mode, RecordAdoption, Stage};
use spiral_domain::tenancy::{CreateOrgUnit, OrgUnit, Tier, UnitKind};
use spiral_domain::{Reference, Timestamp};
use spiral_store::testing::TestDb;

/// A tenant with a tree, and people on it.
pub struct World {
    pub app: App,
    pub tenant: Tenant,
    pub system: Caller,
    pub units: HashMap<String, OrgUnit>,
}

pub fn now() -> Timestamp {
    "2006-03-20T12:00:00Z".parse().unwrap()
}

impl World {
    pub async fn new(database: &TestDb, slug: &str) -> Self {
        let settings = Settings {
            demo_issuer: true,
            suppression_threshold: 3,
            ..Settings::default()
        };
        let master = MasterKey::from_base64("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
        let app = App::open(database.open().await, Clock::from_fn(now), settings, &master)
            .await
            .unwrap();
        Self::beside(app, slug).await
    }

    /// Another tenant on the same platform.
    pub async fn beside(app: App, slug: &str) -> Self {
        let tenant = app.create_tenant(slug, slug).await.unwrap();
        let system = app.system(&tenant, now());
        let root = unit("nat", "nat", Tier::National, UnitKind::NationalBody, None);
        let root = tenancy::create_root(&system, root).await.unwrap();
        let mut inputs = Vec::new();
        for sha in 0..3 {
            let code = format!("s{sha}");
            inputs.push(unit(
                &code,
                "nat",
                Tier::Sha,
                UnitKind::StrategicHealthAuthority,
                None,
            ));
            for org in 0..=sha {
                let org_code = format!("{code}o{org}");
                let kind = [UnitKind::AcuteTrust, UnitKind::PrimaryCareTrust][org % 2];
                inputs.push(unit(&org_code, &code, Tier::Organisation, kind, None));
                for team in 0..=(org + sha) {
                    let area = ["stroke", "sexual_health"][team % 2];
                    let code = format!("{org_code}t{team}");
                    let mut input = unit(
                        &code,
                        &org_code,
                        Tier::Microsystem,
                        UnitKind::ClinicalTeam,
                        Some(area),
                    );
                    if team == 1 {
                        input.opened_on = Some("2004".parse().unwrap());
                    }
                    if team == 2 {
                        input.closed_on = Some("2005-08-15".parse().unwrap());
                    }
                    inputs.push(input);
                }
            }
        }
        let planted = tenancy::plant(&system, inputs).await.unwrap();
        let units = planted
            .into_iter()
            .chain([root])
            .map(|unit| (unit.code.clone(), unit))
            .collect();
        Self {
            app,
            tenant,
            system,
            units,
        }
    }

    pub async fn person(
        &self,
        subject: &str,
        role: Role,
        unit: Option<&str>,
        network: Option<&str>,
    ) -> Caller {
        let person = RegisterPrincipal {
            issuer: "https://login.example.org".into(),
            subject: subject.into(),
            name: subject.into(),
        };
        let person = people::register_principal(&self.system, person).await.unwrap();
        let grant = GrantRole {
            principal_id: person.id,
            role,
            unit: unit.map(Reference::code),
            network: network.map(Reference::code),
            expires_on: None,
        };
        people::grant_role(&self.system, grant).await.unwrap();
        let token = people::demo_token(&self.app, &self.tenant, person.id, 3600)
            .await
            .unwrap();
        self.app.authenticate(Some(&token)).await.unwrap()
    }

    pub async fn innovation(&self, code: &str, tiers: &[Tier], areas: &[&str]) -> Innovation {
        let input = CreateInnovation {
            code: code.into(),
            name: code.into(),
            summary: None,
            unit: Reference::code("nat"),
            status: InnovationStatus::Spreading,
            evidence: None,
            tiers: tiers.to_vec(),
            kinds: Vec::new(),
            service_areas: areas.iter().map(|area| (*area).to_owned()).collect(),
            source: None,
        };
        innovations::create_innovation(&self.system, input).await.unwrap()
    }
}

pub fn unit(code: &str, parent: &str, tier: Tier, kind: UnitKind, area: Option<&str>) -> CreateOrgUnit {
    CreateOrgUnit {
        parent: Reference::code(parent),
        tier,
        kind,
        code: code.into(),
        ods_code: None,
        source: None,
        external_id: None,
        name: code.into(),
        service_area: area.map(str::to_owned),
        population: None,
        opened_on: None,
        closed_on: None,
        synthetic: false,
    }
}

pub fn event(innovation: &str, unit: &str, stage: Stage, on: &str) -> RecordAdoption {
    RecordAdoption {
        innovation: Reference::code(innovation),
        unit: Reference::code(unit),
        stage,
        occurred_on: on.parse().unwrap(),
        mode: Some(Mode::Pull),
        learnt_from: None,
        reason: None,
        fidelity_note: None,
        reinvention_note: None,
        source: None,
        external_id: None,
        take_over: false,
        retracted: false,
    }
}

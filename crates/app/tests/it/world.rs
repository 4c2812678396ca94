//! A small health system, and people in it.

use spiral_app::clock::{Clock, fresh};
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Reach, Settings, people, tenancy};
use spiral_domain::innovations::{Innovation, InnovationStatus};
use spiral_domain::people::{Action, CreateApiClient, GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::tenancy::{CreateOrgUnit, OrgUnit, SetSharing, Tier, UnitKind};
use spiral_domain::{Error, PrincipalId, Reference, Sharing, Timestamp, Violation, WorkKind};
use spiral_store::testing::{TestDb, databases};

/// A tenant on a database of its own.
pub struct World {
    pub app: App,
    pub tenant: Tenant,
    pub system: Caller,
    pub database: TestDb,
}

/// One world on each database.
pub async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for database in databases().await {
        let noon: Timestamp = "2006-03-31T12:00:00Z".parse().unwrap();
        let app = app_at(&database, noon).await;
        let tenant = app.create_tenant("demo", "Demo").await.unwrap();
        let system = app.system(&tenant, noon);
        let world = World {
            app,
            tenant,
            system,
            database,
        };
        world.plant().await;
        worlds.push(world);
    }
    worlds
}

/// A server on a database whose clock stands still.
async fn app_at(database: &TestDb, at: Timestamp) -> App {
    let settings = Settings {
        demo_issuer: true,
        ..Settings::default()
    };
    let master = MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
    let clock = Clock::from_fn(move || at);
    App::open(database.open().await, clock, settings, &master)
        .await
        .unwrap()
}

pub fn code(text: &str) -> Reference {
    Reference::code(text)
}

fn unit(code_text: &str, tier: Tier, kind: UnitKind, parent: &str) -> CreateOrgUnit {
    serde_json::from_value(serde_json::json!({
        "code": code_text, "name": code_text, "tier": tier, "kind": kind, "parent": format!("code:{parent}"),
    }))
    .unwrap()
}

impl World {
    /// A root, two regions, an organisation in each, and teams.
    async fn plant(&self) {
        let root = unit("nhs", Tier::National, UnitKind::NationalBody, "none");
        tenancy::create_root(&self.system, root).await.unwrap();
        let sha = UnitKind::StrategicHealthAuthority;
        self.grow("north", Tier::Sha, sha, "nhs").await;
        self.grow("south", Tier::Sha, sha, "nhs").await;
        self.grow("hull", Tier::Organisation, UnitKind::PrimaryCareTrust, "north")
            .await;
        self.grow("dorset", Tier::Organisation, UnitKind::PrimaryCareTrust, "south")
            .await;
        for team in ["hull-a", "hull-b", "dorset-a"] {
            self.team(team).await;
        }
    }

    pub async fn grow(&self, code: &str, tier: Tier, kind: UnitKind, parent: &str) -> OrgUnit {
        tenancy::create_org_unit(&self.system, unit(code, tier, kind, parent))
            .await
            .unwrap()
    }

    /// A team of the organisation that its code begins with.
    pub async fn team(&self, code: &str) -> OrgUnit {
        let parent = code.split('-').next().unwrap();
        self.grow(code, Tier::Microsystem, UnitKind::ClinicalTeam, parent)
            .await
    }

    pub async fn unit(&self, code_text: &str) -> OrgUnit {
        tenancy::org_unit(&self.system, &code(code_text))
            .await
            .unwrap()
            .record
    }

    /// Someone new who holds this role on this unit.
    pub async fn person(&self, role: Role, unit: &str) -> Caller {
        let id: PrincipalId = fresh();
        let register = RegisterPrincipal {
            issuer: "https://people.example".into(),
            subject: id.to_string(),
            name: format!("{role:?} {unit}"),
        };
        let person = people::register_principal(&self.system, register).await.unwrap();
        self.grant(person.id, role, unit).await;
        self.caller(person.id).await
    }

    pub async fn grant(&self, principal_id: PrincipalId, role: Role, unit: &str) {
        let grant = GrantRole {
            principal_id,
            role,
            unit: Some(code(unit)),
            network: None,
            expires_on: None,
        };
        people::grant_role(&self.system, grant).await.unwrap();
    }

    /// A tool that pushes as this source beneath this unit.
    pub async fn tool(&self, source: &str, unit: &str) -> Caller {
        let create = CreateApiClient {
            name: source.into(),
            unit: code(unit),
            scopes: Vec::new(),
            sources: vec![source.into()],
            numeric_ids: false,
            keys: Vec::new(),
        };
        let made = people::create_api_client(&self.system, create).await.unwrap();
        self.grant(made.client.id, Role::Integration, unit).await;
        self.caller(made.client.id).await
    }

    pub async fn caller(&self, principal: PrincipalId) -> Caller {
        self.caller_of(&self.app, principal).await
    }

    /// The same somebody, on another server.
    pub async fn caller_of(&self, app: &App, principal: PrincipalId) -> Caller {
        let token = people::demo_token(app, &self.tenant, principal, 600)
            .await
            .unwrap();
        app.authenticate(Some(&token)).await.unwrap()
    }

    /// Another server on the same database, at another time.
    pub async fn later(&self, at: &str) -> App {
        app_at(&self.database, at.parse().unwrap()).await
    }

    pub async fn share(&self, unit: &str, kind: WorkKind, level: Sharing) {
        tenancy::set_sharing(&self.system, &code(unit), kind, SetSharing { level })
            .await
            .unwrap();
    }

    pub async fn innovation(&self, code: &str) -> Innovation {
        let reach = Reach::Tenant;
        let mut tx = self.system.begin(Action::CreateInnovation, reach).await.unwrap();
        let innovation = Innovation {
            id: fresh(),
            code: code.into(),
            name: code.into(),
            summary: None,
            unit_id: self.unit("nhs").await.id,
            status: InnovationStatus::FieldTesting,
            evidence: None,
            tiers: Vec::new(),
            kinds: Vec::new(),
            service_areas: Vec::new(),
            source: None,
            version: 1,
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        tx.add_innovation(&innovation).await.unwrap();
        tx.commit(innovation).await.unwrap()
    }

    /// Everything stands as the ledger has it.
    pub async fn verifies(&self) {
        let report = people::verify_audit(&self.system).await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        self.app.db().close().await;
    }
}

/// Pointers and codes of an error's places; for errors without places its code.
pub fn places(error: &Error) -> Vec<(String, String)> {
    let list = error.violations();
    if list.is_empty() {
        return vec![(String::new(), error.code().to_owned())];
    }
    list.into_iter()
        .map(|Violation { pointer, code, .. }| (pointer, code))
        .collect()
}

/// What a use case was refused for.
pub fn refused<T: std::fmt::Debug>(answer: spiral_domain::Result<T>) -> Vec<(String, String)> {
    places(&answer.unwrap_err())
}

pub fn place(pointer: &str, code: &str) -> (String, String) {
    (pointer.into(), code.into())
}

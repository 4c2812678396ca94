//! The demo tenants: what the published evaluations tell, and, where they give no detail, a health system
//! made up with a fixed seed and marked as synthetic.

use spiral_domain::people::{
    CreateApiClient, GrantRole, Principal, PrincipalKind, RegisterPrincipal, Role, Tenant,
};
use spiral_domain::{Error, PrincipalId, Reference, Result};
use spiral_store::Column as _;

use crate::app::App;
use crate::caller::Caller;
use crate::{people, tenancy};

mod adoption;
mod assessments;
mod directory;
mod facts;
mod figures;
mod records;
mod surveys;
mod synthetic;
mod teamwork;
mod units;
mod work;

use facts::Facts;

/// The demo tenant.
const DEMO: &str = "nhs-demo";
/// A second, small tenant, to show that tenants never see each other.
const OTHER: &str = "island-demo";
/// The issuer's name of the demo's people; their tokens come from the demo issuer.
const ISSUER: &str = "demo";

/// The source that the demo's tool pushes as.
const TOOL_SOURCE: &str = "demo-tool";

/// The demo's people: role, unit, and the name shown.
const PEOPLE: &[(Role, &str, &str)] = &[
    (Role::NationalLead, "england", "Demo national lead"),
    (Role::NationalAnalyst, "england", "Demo national analyst"),
    (Role::ShaLead, "neynl", "Demo SHA lead"),
    (Role::ShaAnalyst, "neynl", "Demo SHA analyst"),
    (Role::OrganisationLead, "west-hull-pct", "Demo organisation lead"),
    (
        Role::OrganisationAnalyst,
        "west-hull-pct",
        "Demo organisation analyst",
    ),
    (Role::Coach, "gum", "Demo coach"),
    (Role::TeamLead, "gum", "Demo team lead"),
    (Role::TeamMember, "gum", "Demo team member"),
    (Role::PatientPartner, "gum", "Demo patient partner"),
    (Role::Auditor, "england", "Demo auditor"),
];

/// What of the demo is in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There are no tenants at all.
    Empty,
    /// Both demo tenants are there.
    Whole,
    /// A load was interrupted: the second tenant, which is made last, is missing.
    Half,
    /// There are other tenants only.
    None,
}

/// Whether the demo is loaded.
pub async fn presence(app: &App) -> Result<Presence> {
    let tenants = app.db().tenants().await?;
    let there = |slug: &str| tenants.iter().any(|tenant| tenant.slug == slug);
    Ok(match (tenants.is_empty(), there(DEMO), there(OTHER)) {
        (true, ..) => Presence::Empty,
        (false, true, true) => Presence::Whole,
        (false, false, _) => Presence::None,
        (false, true, false) => Presence::Half,
    })
}

/// Loads both demo tenants into a database without any.
pub async fn load(app: &App) -> Result<()> {
    let facts = Facts::read()?;
    let tenant = app.create_tenant(DEMO, &facts.system.tenant).await?;
    let caller = app.system(&tenant, app.clock().now());
    units::plant(&caller, &facts).await?;
    for (role, unit, name) in PEOPLE {
        register(&caller, *role, unit, name).await?;
    }
    client(&caller, "neynl", "Demo integration", TOOL_SOURCE).await?;
    records::load(&caller, &facts).await?;
    surveys::load(&caller).await?;
    load_other(app).await
}

async fn load_other(app: &App) -> Result<()> {
    let tenant = app.create_tenant(OTHER, "Island health service").await?;
    let caller = app.system(&tenant, app.clock().now());
    units::plant_other(&caller).await?;
    register(&caller, Role::NationalAnalyst, "island", "Island analyst").await?;
    register(&caller, Role::NationalLead, "island", "Island lead").await
}

/// One of the demo's people at work, by token like anyone.
async fn act_as(caller: &Caller, who: &str) -> Result<Caller> {
    let token = token(caller.app(), caller.tenant(), who, 3600).await?;
    caller.app().authenticate(Some(&token)).await
}

async fn register(caller: &Caller, role: Role, unit: &str, name: &str) -> Result<()> {
    let person = RegisterPrincipal {
        issuer: ISSUER.into(),
        subject: role.name().into(),
        name: name.into(),
    };
    let person = people::register_principal(caller, person).await?;
    give(caller, person.id, role, unit).await
}

async fn give(caller: &Caller, principal_id: PrincipalId, role: Role, unit: &str) -> Result<()> {
    let grant = GrantRole {
        principal_id,
        role,
        unit: Some(Reference::code(unit)),
        network: None,
        expires_on: None,
    };
    people::grant_role(caller, grant).await.map(|_| ())
}

async fn client(caller: &Caller, unit: &str, name: &str, source: &str) -> Result<()> {
    let input = CreateApiClient {
        name: name.into(),
        unit: Reference::code(unit),
        scopes: Vec::new(),
        sources: vec![source.into()],
        numeric_ids: false,
        keys: Vec::new(),
    };
    let made = people::create_api_client(caller, input).await?;
    give(caller, made.client.id, Role::Integration, unit).await
}

/// A request worth pasting.
#[derive(Debug)]
pub struct Visit {
    /// What it shows.
    pub words: &'static str,
    /// Path and query, quoted for a shell.
    pub path: &'static str,
    /// The token of the one who asks.
    pub token: String,
}

/// One request for each kind of visitor, with a token that holds for so many seconds.
pub async fn visits(app: &App, seconds: i64) -> Result<Vec<Visit>> {
    let wanted: [(&str, &str, &'static str, &'static str); 5] = [
        (
            DEMO,
            "national_analyst",
            "The national analyst sees how the approach spread, SHA by SHA",
            records::NATIONAL_PATH,
        ),
        (
            DEMO,
            "sha_lead",
            "The SHA's lead compares quit rates of the areas of North Yorkshire",
            records::SHA_PATH,
        ),
        (
            DEMO,
            "team_lead",
            "The team's lead reads what is recorded of the team's adoption",
            records::TEAM_PATH,
        ),
        (
            DEMO,
            "integration",
            "A tool reads back what it has pushed itself, and nothing else",
            records::TOOL_PATH,
        ),
        (
            OTHER,
            "national_analyst",
            "The analyst of another tenant sees that tenant alone",
            "/v1/org-units",
        ),
    ];
    let mut visits = Vec::with_capacity(wanted.len());
    for (slug, who, words, path) in wanted {
        // The demo's own tenants may have been left out of this database.
        let Ok(tenant) = app.tenant(slug).await else {
            continue;
        };
        let token = token(app, &tenant, who, seconds).await?;
        visits.push(Visit { words, path, token });
    }
    Ok(visits)
}

/// A token for one of the demo's people, by role, or for any principal by id.
pub async fn token(app: &App, tenant: &Tenant, who: &str, seconds: i64) -> Result<String> {
    let store = app.system(tenant, app.clock().now());
    let store = store.store();
    let found = match who.parse::<PrincipalId>() {
        Ok(id) => store.find::<Principal>().ids(&[id]).first("r.id").await?,
        Err(_) if who == Role::Integration.name() => {
            store
                .find::<Principal>()
                .filter("r.kind = ?", [PrincipalKind::ApiClient.value()])
                .first("r.id")
                .await?
        }
        Err(_) => {
            let values = [ISSUER.to_owned().value(), who.to_owned().value()];
            store
                .find::<Principal>()
                .filter("r.issuer = ? and r.subject = ?", values)
                .first("r.id")
                .await?
        }
    };
    let principal = found.ok_or(Error::NotFound(
        "demo principal; name a role such as national_analyst, or an id",
    ))?;
    people::demo_token(app, tenant, principal.id, seconds).await
}

/// The plain part of a unit's input.
fn networks_of(facts: &Facts) -> Vec<spiral_domain::tenancy::CreateNetwork> {
    facts
        .networks
        .iter()
        .map(|network| spiral_domain::tenancy::CreateNetwork {
            code: network.code.clone(),
            name: network.name.clone(),
            kind: network.kind,
            host_unit: Reference::code(&network.host_unit),
            members: network
                .members
                .iter()
                .map(|unit| spiral_domain::tenancy::MemberInput {
                    unit: Reference::code(unit),
                    joined_on: None,
                    left_on: None,
                })
                .collect(),
        })
        .collect()
}

async fn plant_networks(caller: &Caller, facts: &Facts) -> Result<()> {
    for network in networks_of(facts) {
        tenancy::create_network(caller, network).await?;
    }
    Ok(())
}

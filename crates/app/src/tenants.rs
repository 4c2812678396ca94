//! A tenant's beginning: its root, and a first person who leads it.

use spiral_domain::people::{Grant, GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::tenancy::{CreateOrgUnit, OrgUnit, Tier, UnitKind};
use spiral_domain::{PageRequest, Reference, Result};

use crate::{App, people, tenancy};

/// Creates a tenant with its root unit and its first national lead.
pub async fn create(app: &App, slug: &str, name: &str, lead: RegisterPrincipal) -> Result<Tenant> {
    lead.check()?;
    let tenant = app.create_tenant(slug, name).await?;
    let system = app.system(&tenant, app.clock().now());
    let root = tenancy::create_root(&system, root_input(slug, name)).await?;
    let lead = people::register_principal(&system, lead).await?;
    let grant = GrantRole {
        principal_id: lead.id,
        role: Role::NationalLead,
        unit: Some(root.id.into()),
        network: None,
        expires_on: None,
    };
    people::grant_role(&system, grant).await?;
    Ok(tenant)
}

/// Gives a unit's lead role to a person whom the operator trusts, where nobody in the tenant may.
pub async fn appoint(app: &App, slug: &str, unit: &str, lead: RegisterPrincipal) -> Result<Grant> {
    lead.check()?;
    let tenant = app.tenant(slug).await?;
    let system = app.system(&tenant, app.clock().now());
    let unit: OrgUnit = system.store().named(&Reference::code(unit)).await?;
    let known = people::Known {
        issuer: lead.issuer.clone(),
        subject: lead.subject.clone(),
    };
    let found = people::principals(&system, Some(known), &PageRequest::default()).await?;
    let lead = match found.data.into_iter().next() {
        Some(lead) => lead,
        None => people::register_principal(&system, lead).await?,
    };
    let grant = GrantRole {
        principal_id: lead.id,
        role: Role::lead_of(unit.tier),
        unit: Some(unit.id.into()),
        network: None,
        expires_on: None,
    };
    people::grant_role(&system, grant).await
}

/// The root unit of a tenant.
pub(crate) fn root_input(code: &str, name: &str) -> CreateOrgUnit {
    CreateOrgUnit {
        // A root has no parent; `create_root` does not read it.
        parent: Reference::code(code),
        tier: Tier::National,
        kind: UnitKind::NationalBody,
        code: code.to_owned(),
        ods_code: None,
        source: None,
        external_id: None,
        name: name.to_owned(),
        service_area: None,
        population: None,
        opened_on: None,
        closed_on: None,
        synthetic: false,
    }
}

//! A tenant's beginning: its root, and a first person who leads it.

use spiral_domain::people::{GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::tenancy::{CreateOrgUnit, Tier, UnitKind};
use spiral_domain::{Reference, Result};

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

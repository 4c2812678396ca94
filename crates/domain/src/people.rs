//! Principals, grants, API clients and the audit.

use serde::{Deserialize, Serialize};

pub use self::actions::{Action, May};
pub use self::clients::{ApiClient, ClientKey, ClientSecret, CreateApiClient, NewSecret, SetClientKeys};
pub use self::permissions::permissions_text;
pub use self::roles::Role;
pub use self::seats::{Appointer, Held, Seat, appointer};
use crate::error::{Result, Violations};
use crate::ids::{GrantId, NetworkId, PrincipalId, TenantId, UnitId};
use crate::reference::Reference;
use crate::tenancy::Tier;
use crate::text::{check_opaque, check_text};
use crate::time::{Date, Timestamp};

mod actions;
mod clients;
mod permissions;
mod roles;
mod seats;

/// A person or a tool.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// Known by an issuer's `sub`.
    Person,
    /// A tool with its own secrets.
    ApiClient,
    /// The platform itself, in work that nobody asked for by request.
    System,
}

/// Someone who can act. Audit and feed hold the id only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "PrincipalRecord")]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// Person or tool.
    pub kind: PrincipalKind,
    /// The issuer of a person's tokens.
    pub issuer: Option<String>,
    /// The issuer's name for the person.
    pub subject: Option<String>,
    /// For people to read.
    pub name: String,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Registers a person, known by what their issuer calls them.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterPrincipal {
    /// The issuer, as configured.
    #[schema(max_length = 500, example = "https://login.example.org")]
    pub issuer: String,
    /// The issuer's `sub`.
    #[schema(max_length = 255, example = "b7d1f0")]
    pub subject: String,
    /// For people to read.
    #[schema(max_length = 200, example = "A. Analyst")]
    pub name: String,
}

impl RegisterPrincipal {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_opaque(&mut found, "/issuer", &self.issuer, 500);
        check_opaque(&mut found, "/subject", &self.subject, 255);
        check_text(&mut found, "/name", &self.name, 200);
        found.into_result()
    }
}

/// A role held on a unit or a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "GrantRecord")]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who holds it.
    pub principal_id: PrincipalId,
    /// The role.
    pub role: Role,
    /// The unit it is held on; for a network its host.
    pub unit_id: UnitId,
    /// The network it is held on, if it is.
    pub network_id: Option<NetworkId>,
    /// Who gave it.
    pub granted_by: PrincipalId,
    /// Last day on which it holds.
    pub expires_on: Option<Date>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// Who took it back.
    pub revoked_by: Option<PrincipalId>,
    /// The widest unit by whose right they did.
    pub revoked_from: Option<UnitId>,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was given.
    pub created_at: Timestamp,
}

/// Gives a role on a unit or a network to a principal.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantRole {
    /// To whom.
    pub principal_id: PrincipalId,
    /// Which role.
    pub role: Role,
    /// On which unit; either this or `network`.
    #[serde(default)]
    pub unit: Option<Reference>,
    /// On which network; read as on its members, at its host's tier.
    #[serde(default)]
    pub network: Option<Reference>,
    /// Last day on which it holds.
    #[serde(default)]
    pub expires_on: Option<Date>,
}

impl GrantRole {
    /// The rules that need no database.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        found.require(
            self.unit.is_some() != self.network.is_some(),
            "/unit",
            "one_of",
            || "give either `unit` or `network`".into(),
        );
        found.require(
            self.expires_on.is_none_or(|day| day >= today),
            "/expiresOn",
            "in_the_past",
            || "a grant cannot end before today".into(),
        );
        found.into_result()
    }

    /// A tier's roles are held on units of that tier.
    pub fn check_tier(&self, tier: Tier) -> Result<()> {
        let mut found = Violations::new();
        found.require(self.role.fits(tier), "/role", "role_of_another_tier", || {
            format!(
                "`{}` is not held on a unit of tier `{}`",
                self.role.name(),
                tier.name()
            )
        });
        found.into_result()
    }
}

/// Who is calling, and what they hold.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The caller.
    pub principal: Principal,
    /// The caller's tenant.
    pub tenant: Tenant,
    /// The roles held.
    pub grants: Vec<Grant>,
    /// What the token narrows them to; empty means not narrowed.
    pub scopes: Vec<String>,
    /// What the caller may do somewhere.
    pub allowed_actions: Vec<Action>,
}

/// A whole improvement system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name, as in tokens.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// One write, or one group of reads by API clients, as the audit keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Position in the tenant's ledger: dense, in commit order; null for a single read.
    #[schema(value_type = Option<i64>)]
    pub position: Option<crate::Count>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor_id: PrincipalId,
    /// What was done: an action, or for a read its operation.
    pub action: String,
    /// The request that did it.
    pub request_id: String,
    /// How many records it concerned.
    pub records: i64,
    /// SHA-256 over this entry and the one before, as hex; null for a single read.
    pub hash: Option<String>,
}

/// Which half of the audit to read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Every write, from the ledger.
    #[default]
    Writes,
    /// Every read and export by an API client.
    Reads,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_no_nhs_number_but_an_nhs_number_is() {
        let register = |subject: &str| {
            let input = RegisterPrincipal {
                issuer: "https://login.example.org".into(),
                subject: subject.into(),
                name: "A. Analyst".into(),
            };
            input.check()
        };
        assert!(crate::screening::carries_nhs_number("0190a1b2-9434765919-c3d4"));
        assert!(register("0190a1b2-9434765919-c3d4").is_ok());
        for bad in ["9434765919", "943 476 5919", "", " ", "a\u{0}b", &"x".repeat(256)] {
            assert!(register(bad).is_err(), "{bad:?}");
        }
    }
}

//! Who acts: one person for each role, on a unit that fits it, and strangers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::call::Call;
use crate::world::{Beside, Tenant, World};

/// Every role, and the unit that its bearer holds it on.
pub const ROLES: [(&str, &str); 12] = [
    ("national_lead", "root"),
    ("national_analyst", "root"),
    ("sha_lead", "east"),
    ("sha_analyst", "east"),
    ("organisation_lead", "alpha"),
    ("organisation_analyst", "alpha"),
    ("coach", "alpha-stroke"),
    ("team_lead", "alpha-stroke"),
    ("team_member", "alpha-stroke"),
    ("patient_partner", "alpha-stroke"),
    ("integration", "east"),
    ("auditor", "root"),
];

/// Someone who calls the platform.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'w> {
    pub(crate) world: &'w World,
    pub(crate) base: &'w str,
    pub(crate) token: Option<&'w str>,
}

impl<'w> Actor<'w> {
    /// Who calls with this token.
    pub fn with_token(world: &'w World, token: &'w str) -> Self {
        Self {
            world,
            base: &world.base,
            token: Some(token),
        }
    }

    /// The same, who asks the other server.
    pub fn on(self, other: &'w Beside) -> Self {
        Self {
            base: &other.base,
            ..self
        }
    }

    /// A request of this method.
    pub fn call(self, method: &str, path: &str) -> Call {
        let method: Method = method.parse().expect("a method");
        let what = format!("{method} {path}");
        let request = self.world.client.request(method, format!("{}{path}", self.base));
        let call = Call::new(request, what);
        match self.token {
            Some(token) => call.bearer(token),
            None => call,
        }
    }

    /// Reads.
    pub fn get(self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// Adds.
    pub fn post(self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// Sets.
    pub fn put(self, path: &str, body: &Value) -> Call {
        self.call("PUT", path).json(body)
    }

    /// Changes.
    pub fn patch(self, path: &str, body: &Value) -> Call {
        self.call("PATCH", path)
            .body("application/merge-patch+json", body.to_string())
    }

    /// Takes away.
    pub fn delete(self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// Asks in GraphQL.
    pub fn graphql(self, query: &str, variables: &Value) -> Call {
        self.post("/graphql", &json!({ "query": query, "variables": variables }))
            .header("accept", "application/graphql-response+json")
    }
}

impl World {
    /// Nobody in particular.
    pub fn anonymous(&self) -> Actor<'_> {
        Actor {
            world: self,
            base: &self.base,
            token: None,
        }
    }

    /// The bearer of a role in the first tenant.
    pub fn as_role(&self, role: &str) -> Actor<'_> {
        self.of(&self.north, role)
    }

    /// The bearer of a role in this tenant.
    pub fn of<'w>(&'w self, tenant: &'w Tenant, role: &str) -> Actor<'w> {
        Actor::with_token(self, tenant.token(role))
    }

    /// Leads the first tenant.
    pub fn national_lead(&self) -> Actor<'_> {
        self.as_role("national_lead")
    }

    /// The first tenant's API client.
    pub fn integration(&self) -> Actor<'_> {
        self.as_role("integration")
    }

    /// Leads the other tenant.
    pub fn outsider(&self) -> Actor<'_> {
        self.of(&self.south, "national_lead")
    }
}

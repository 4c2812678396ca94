//! Principals, grants, API clients and the audit.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "getMe" => Ask::anyone(),
        "listPrincipals" | "listApiClients" => Ask::reads("readGrants"),
        "getPrincipal" => Ask::reads("readGrants").path("id", &stage.person().await),
        "registerPrincipal" => Ask::writes("registerPrincipal").anywhere().body(person_input()),
        "listGrants" => Ask::reads("readGrants").query("unit", target),
        "grantRole" => {
            let person = stage.person().await;
            Ask::writes("grantRole").body(json!({ "principalId": person, "role": "coach", "unit": target }))
        }
        "revokeGrant" => Ask::writes("revokeGrant")
            .hidden()
            .path("id", &stage.grant().await),
        "createApiClient" => Ask::writes("manageApiClient").body(stage.client_input()),
        "getApiClient" | "listClientSecrets" => Ask::reads("readGrants").path("id", &stage.client().await),
        "closeApiClient" => Ask::writes("manageApiClient")
            .hidden()
            .path("id", &stage.client().await),
        "rotateClientSecret" => Ask::writes("manageApiClient")
            .hidden()
            .path("id", &stage.client().await)
            .body(json!({ "overlapSeconds": 60 })),
        "listAuditEvents" => Ask::reads("readAudit"),
        _ => return None,
    })
}

fn person_input() -> Value {
    json!({ "issuer": "https://login.north.test", "subject": fresh("sub"), "name": "Somebody" })
}

impl Stage<'_> {
    /// A principal that holds nothing.
    async fn person(&self) -> String {
        let body =
            json!({ "issuer": "https://login.north.test", "subject": fresh("sub"), "name": "Somebody" });
        self.made("/v1/principals", body).await.id()
    }

    /// A grant on the target.
    async fn grant(&self) -> String {
        let person = self.person().await;
        self.world
            .grant(self.lead(), &person, "coach", &self.target.id)
            .await
    }

    /// An API client of the target.
    async fn client(&self) -> String {
        self.made("/v1/api-clients", self.client_input())
            .await
            .text_at("/client/id")
    }

    fn client_input(&self) -> Value {
        json!({ "name": "Another tool", "unit": self.target.id, "scopes": ["tenancy:read"], "sources": [fresh("source")] })
    }
}

//! Principals, grants, API clients and the audit.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "getMe" => Ask::anyone(),
        "listPrincipals" => Ask::reads("listPrincipals"),
        "listApiClients" => Ask::reads("readGrants"),
        "getPrincipal" => Ask::reads("readGrants").path("id", &stage.person().await),
        "registerPrincipal" => Ask::writes("registerPrincipal").anywhere().body(person_input()),
        "listGrants" => Ask::reads("readGrants").query("unit", target),
        "grantRole" => {
            let person = stage.person().await;
            if stage.target.tier == "sha" {
                // A new organisation beneath: its first lead is the authority's to appoint.
                let unit = stage.made("/v1/org-units", stage.unit_input()).await.id();
                let body = json!({ "principalId": person, "role": "organisation_lead", "unit": unit });
                Ask::writes("appointLead").body(body)
            } else {
                let body = json!({ "principalId": person, "role": "coach", "unit": target });
                Ask::writes("grantRole").body(body)
            }
        }
        "revokeGrant" => Ask::writes("revokeGrant")
            .hidden()
            .path("id", &stage.grant().await),
        "createApiClient" => Ask::writes("manageApiClient").body(stage.client_input()),
        "getApiClient" | "listClientSecrets" => Ask::reads("readGrants").path("id", &stage.client().await),
        "closeApiClient" => Ask::writes("closeApiClient")
            .hidden()
            .path("id", &stage.client().await),
        "setClientKeys" => Ask::writes("manageApiClient")
            .hidden()
            .path("id", &stage.client().await)
            .body(json!({ "keys": [] })),
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
            .grant(self.owner(), &person, "coach", &self.target.id)
            .await
    }

    /// An API client of the target.
    async fn client(&self) -> String {
        let made = self.owner().post("/v1/api-clients", &self.client_input());
        made.await.expect(201).text_at("/client/id")
    }

    fn client_input(&self) -> Value {
        json!({ "name": "Another tool", "unit": self.target.id, "scopes": ["tenancy:read"], "sources": [fresh("source")] })
    }
}

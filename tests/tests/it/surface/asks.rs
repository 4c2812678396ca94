//! For every published operation: what it needs, and a request for it that is valid.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use e2e::published::{Operation, RootField, Schema};
use e2e::{Actor, Answer, Unit, World};
use serde_json::{Value, json};

/// A request that is ready to be made by anybody.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The action of the permission matrix; none where every principal may.
    pub action: Option<&'static str>,
    /// Whether it concerns the target unit, so that it matters where that stands.
    pub on_target: bool,
    /// Whether it concerns a record that not everybody reads: then 404 stands for 403.
    pub hidden: bool,
    path: BTreeMap<&'static str, String>,
    query: BTreeMap<&'static str, String>,
    body: Option<Value>,
}

/// What a request is made for.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'w> {
    world: &'w World,
    target: &'w Unit,
}

impl<'w> Stage<'w> {
    /// Requests that concern this unit of the first tenant.
    pub fn at(world: &'w World, target: &'w Unit) -> Self {
        Self { world, target }
    }

    fn lead(&self) -> Actor<'w> {
        self.world.national_lead()
    }

    async fn made(&self, path: &str, body: Value) -> Answer {
        self.lead().post(path, &body).await.expect(201)
    }

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

    /// A network that the target hosts.
    async fn network(&self) -> String {
        self.made("/v1/networks", self.network_input()).await.id()
    }

    fn network_input(&self) -> Value {
        json!({
            "code": fresh("network"), "name": "A network", "kind": "clinical_network", "hostUnit": self.target.id,
            "members": [{ "unit": self.target.id, "joinedOn": "2005-04-01" }],
        })
    }

    fn programme_input(&self) -> Value {
        json!({ "code": fresh("programme"), "name": "A programme", "unit": self.target.id, "startsOn": "2003-11" })
    }

    fn unit_input(&self) -> Value {
        // Nothing stands beneath a microsystem: then it is a unit beside it.
        let (parent, tier) = match (self.target.tier.as_str(), &self.target.parent) {
            ("national", _) => (self.target, "sha"),
            ("microsystem", Some(parent)) => (self.world.north.unit(parent), "microsystem"),
            _ => (self.target, "organisation"),
        };
        json!({
            "parent": parent.id, "tier": tier, "kind": "other_public_service", "code": fresh("unit"),
            "name": "Another unit", "openedOn": "2004-Q1",
        })
    }
}

/// A code that nobody has used.
pub fn fresh(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The request for an operation; none if the table has no line for it yet.
pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        // tenancy
        "listOrgUnits" | "listNetworks" | "listProgrammes" => Ask::reads("readDirectory"),
        "getOrgUnit" | "getSharing" => Ask::reads("readDirectory").path("unit", target),
        "createOrgUnit" => Ask::writes("createOrgUnit").body(stage.unit_input()),
        "changeOrgUnit" => {
            let body = json!({ "name": fresh("Renamed"), "kind": "voluntary_body", "population": null });
            Ask::writes("changeOrgUnit").path("unit", target).body(body)
        }
        "setSharing" => Ask::writes("setSharing")
            .path("unit", target)
            .path("kind", "adoption")
            .body(json!({ "level": "everyone" })),
        "createNetwork" => Ask::writes("createNetwork").body(stage.network_input()),
        "getNetwork" | "getNetworkMembers" => {
            Ask::reads("readDirectory").path("network", &stage.network().await)
        }
        "setNetworkMembers" => Ask::writes("changeNetwork")
            .path("network", &stage.network().await)
            .body(json!({ "members": [{ "unit": target }] })),
        "createProgramme" => Ask::writes("createProgramme").body(stage.programme_input()),
        "getProgramme" => {
            let programme = stage.made("/v1/programmes", stage.programme_input()).await.id();
            Ask::reads("readDirectory").path("programme", &programme)
        }

        // people
        "getMe" => Ask::anyone(),
        "listPrincipals" | "listApiClients" => Ask::reads("readGrants"),
        "getPrincipal" => Ask::reads("readGrants").path("id", &stage.person().await),
        "registerPrincipal" => Ask::writes("registerPrincipal").anywhere().body(
            json!({ "issuer": "https://login.north.test", "subject": fresh("sub"), "name": "Somebody" }),
        ),
        "listGrants" => Ask::reads("readGrants").query("unit", target),
        "grantRole" => Ask::writes("grantRole")
            .body(json!({ "principalId": stage.person().await, "role": "coach", "unit": target })),
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

impl Ask {
    fn anyone() -> Self {
        Self {
            action: None,
            on_target: false,
            hidden: false,
            path: BTreeMap::new(),
            query: BTreeMap::new(),
            body: None,
        }
    }

    fn reads(action: &'static str) -> Self {
        Self {
            action: Some(action),
            ..Self::anyone()
        }
    }

    fn writes(action: &'static str) -> Self {
        Self {
            on_target: true,
            ..Self::reads(action)
        }
    }

    /// It concerns the tenant, not one unit.
    fn anywhere(self) -> Self {
        Self {
            on_target: false,
            ..self
        }
    }

    fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    fn path(mut self, name: &'static str, value: &str) -> Self {
        self.path.insert(name, value.to_owned());
        self
    }

    fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query.insert(name, value.to_owned());
        self
    }

    fn body(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// Whether it names records by id.
    pub fn names_records(&self) -> bool {
        let is_id = |part: &str| part.len() == 36 && part.matches('-').count() == 4;
        self.text()
            .split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-')
            .any(is_id)
    }

    /// Whether it has this text in it.
    pub fn mentions(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    fn text(&self) -> String {
        format!("{:?} {:?} {:?}", self.path, self.query, self.body)
    }

    /// Makes it over REST.
    pub async fn rest(&self, operation: &Operation, actor: Actor<'_>) -> Answer {
        let mut path = operation.path.clone();
        for (name, value) in &self.path {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        assert!(
            !path.contains('{'),
            "{}: the table gives no value for {path}",
            operation.id
        );
        for (n, (name, value)) in self.query.iter().enumerate() {
            path.push(if n == 0 { '?' } else { '&' });
            path.push_str(&format!("{name}={value}"));
        }
        let call = actor.call(&operation.method, &path);
        match &self.body {
            Some(body) => call.json(body).await,
            None => call.await,
        }
    }

    /// Makes it over GraphQL: the body is `input`, what REST has in path and query are arguments of that name;
    /// the record itself is `id`.
    pub async fn graphql(&self, schema: &Schema, field: &RootField, actor: Actor<'_>) -> Answer {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in self.path.iter().chain(&self.query) {
            let name = if field.arguments().any(|argument| argument == *name) {
                name
            } else {
                "id"
            };
            values.insert(name.to_owned(), json!(value));
        }
        if let Some(body) = &self.body {
            values.insert("input".to_owned(), body.clone());
        }
        let (query, variables) = schema.ask(field, &values);
        actor.graphql(&query, &variables).await
    }
}

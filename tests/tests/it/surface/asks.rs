//! For every published operation: what it needs, and a request for it that is valid. One table for each capability.

mod field_tests;
mod measures;
mod microsystems;
mod microsystems_work;
mod people;
mod spread;
mod surveys;
mod sustainability;
mod tenancy;

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
    /// Whether it is a batch, which refuses its rows one by one.
    pub batch: bool,
    path: BTreeMap<&'static str, String>,
    query: BTreeMap<&'static str, String>,
    body: Option<Value>,
}

/// What a request is made for.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'w> {
    world: &'w World,
    target: &'w Unit,
    role: &'w str,
}

impl<'w> Stage<'w> {
    /// Requests by the bearer of this role that concern this unit of the first tenant.
    pub fn at(world: &'w World, target: &'w Unit, role: &'w str) -> Self {
        Self { world, target, role }
    }

    /// Somebody who may push what concerns the target: the tool itself where it may, since it reads only what
    /// it has pushed; else the national lead.
    fn pusher(&self) -> (Actor<'w>, Option<&'static str>) {
        let mut above = Some(self.target);
        while let Some(unit) = above {
            if self.role == "integration" && unit.code == "east" {
                return (self.world.integration(), Some("ward-tool"));
            }
            above = unit.parent.as_ref().map(|parent| self.world.north.unit(parent));
        }
        (self.lead(), None)
    }

    /// As which source the role pushes: a tool always says.
    fn source(&self) -> Option<&'static str> {
        (self.role == "integration").then_some("ward-tool")
    }

    fn lead(&self) -> Actor<'w> {
        self.world.national_lead()
    }

    /// The target's own lead.
    fn owner(&self) -> Actor<'w> {
        self.world.as_role("owner")
    }

    async fn made(&self, path: &str, body: Value) -> Answer {
        self.lead().post(path, &body).await.expect(201)
    }
}

/// A code that nobody has used.
pub fn fresh(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A day that no other request has.
pub fn fresh_day() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{:02}-{:02}", 1905 + n / 336, 1 + n / 28 % 12, 1 + n % 28)
}

/// The request for an operation; none if no table has a line for it yet.
pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    if let Some(ask) = tenancy::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = people::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = spread::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = field_tests::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = sustainability::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = microsystems::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = surveys::ask(operation, stage).await {
        return Some(ask);
    }
    if let Some(ask) = microsystems_work::ask(operation, stage).await {
        return Some(ask);
    }
    measures::ask(operation, stage).await
}

impl Ask {
    fn anyone() -> Self {
        Self {
            action: None,
            on_target: false,
            hidden: false,
            batch: false,
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

    fn batch(self) -> Self {
        Self { batch: true, ..self }
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
            // A file is sent as it is.
            Some(Value::String(file)) => call.body("text/csv", file.clone()).await,
            Some(body) => call.json(body).await,
            None => call.await,
        }
    }

    /// Makes it over GraphQL: the body is `input`, what REST has in path and query are arguments of that name
    /// (of its plural, where several may be given); the record itself is `id`.
    pub async fn graphql(&self, schema: &Schema, field: &RootField, actor: Actor<'_>) -> Answer {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in self.path.iter().chain(&self.query) {
            let list = format!("{name}s");
            let name = [name, list.as_str()]
                .into_iter()
                .find(|name| field.arguments().any(|argument| argument == *name));
            values.insert(name.unwrap_or("id").to_owned(), json!(value));
        }
        if let Some(body) = &self.body {
            values.insert("input".to_owned(), body.clone());
        }
        let (query, variables) = schema.ask(field, &values);
        actor.graphql(&query, &variables).await
    }
}

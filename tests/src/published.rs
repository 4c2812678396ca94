//! What the platform publishes about itself: operations, GraphQL fields, permissions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::World;

/// An operation of the OpenAPI document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// GET, POST …
    pub method: String,
    /// Its path, with names in braces.
    pub path: String,
    /// Whether it can be called without a token.
    pub open: bool,
}

impl Operation {
    /// Whether it changes anything.
    pub fn writes(&self) -> bool {
        self.method != "GET"
    }
}

/// Every operation of the document that the server publishes.
pub async fn operations(world: &World) -> Vec<Operation> {
    let document = world.anonymous().get("/openapi.json").await.expect(200).body;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            operations.push(Operation {
                id: id.to_owned(),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                open: operation["security"].as_array().is_some_and(|needed| {
                    needed
                        .iter()
                        .all(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
                }),
            });
        }
    }
    assert!(operations.len() > 20, "the document has hardly any operations");
    operations
}

/// The GraphQL schema, by introspection.
#[derive(Debug)]
pub struct Schema {
    types: BTreeMap<String, Value>,
}

/// A field of `Query` or `Mutation`.
#[derive(Debug)]
pub struct RootField {
    /// `query` or `mutation`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    arguments: Vec<(String, Value)>,
    composite: bool,
}

impl Schema {
    /// Asks the server for it.
    pub async fn of(world: &World) -> Self {
        let type_of = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
        let query = format!(
            "{{ __schema {{ types {{ kind name inputFields {{ name type {{ {type_of} }} }} \
             fields {{ name type {{ {type_of} }} args {{ name type {{ {type_of} }} }} }} }} }} }}"
        );
        let answer = world.national_lead().graphql(&query, &json!({})).await;
        let types = answer.answered()["__schema"]["types"].as_array().cloned();
        let types = types.expect("a schema has types");
        Self {
            types: types
                .into_iter()
                .filter_map(|of| Some((of["name"].as_str()?.to_owned(), of)))
                .collect(),
        }
    }

    /// Every root field.
    pub fn root_fields(&self) -> Vec<RootField> {
        let mut fields = Vec::new();
        for (kind, root) in [("query", "Query"), ("mutation", "Mutation")] {
            for field in self.types[root]["fields"].as_array().into_iter().flatten() {
                let arguments = field["args"].as_array().into_iter().flatten();
                fields.push(RootField {
                    kind,
                    name: text(&field["name"]),
                    arguments: arguments
                        .map(|argument| (text(&argument["name"]), argument["type"].clone()))
                        .collect(),
                    composite: matches!(text(&named(&field["type"])["kind"]).as_str(), "OBJECT" | "UNION"),
                });
            }
        }
        fields
    }

    /// A document that asks for one root field, and its variables. `values` are JSON as REST has it; enum
    /// values become what GraphQL calls them. Arguments without a value are left out.
    pub fn ask(&self, field: &RootField, values: &BTreeMap<String, Value>) -> (String, Value) {
        let (mut declared, mut given, mut variables) = (Vec::new(), Vec::new(), json!({}));
        for (name, of) in &field.arguments {
            if let Some(value) = values.get(name) {
                declared.push(format!("${name}: {}", notation(of)));
                given.push(format!("{name}: ${name}"));
                variables[name] = self.converted(of, value);
            }
        }
        let round = |list: Vec<String>| match list.as_slice() {
            [] => String::new(),
            list => format!("({})", list.join(", ")),
        };
        let selection = if field.composite { "{ __typename }" } else { "" };
        let query = format!(
            "{}{} {{ {}{} {selection} }}",
            field.kind,
            round(declared),
            field.name,
            round(given)
        );
        (query, variables)
    }

    fn converted(&self, of: &Value, value: &Value) -> Value {
        if value.is_null() {
            return Value::Null;
        }
        match of["kind"].as_str() {
            Some("NON_NULL") => self.converted(&of["ofType"], value),
            Some("LIST") => match value.as_array() {
                Some(items) => items
                    .iter()
                    .map(|item| self.converted(&of["ofType"], item))
                    .collect(),
                None => value.clone(),
            },
            Some("ENUM") => value
                .as_str()
                .map_or(Value::Null, |name| json!(name.to_ascii_uppercase())),
            Some("INPUT_OBJECT") => {
                let fields = self.types[&text(&of["name"])]["inputFields"].as_array();
                let given = value.as_object().into_iter().flatten();
                given
                    .map(|(name, value)| {
                        let field = fields
                            .into_iter()
                            .flatten()
                            .find(|field| field["name"] == name.as_str());
                        let value = field
                            .map_or_else(|| value.clone(), |field| self.converted(&field["type"], value));
                        (name.clone(), value)
                    })
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
            // In a path or a query everything is text.
            Some("SCALAR") => match (of["name"].as_str(), value.as_str()) {
                (Some("Boolean" | "Int" | "Float"), Some(text)) => {
                    serde_json::from_str(text).unwrap_or_else(|_| value.clone())
                }
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }
}

impl RootField {
    /// The names of its arguments.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(|(name, _)| name.as_str())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn named(of: &Value) -> &Value {
    if of["ofType"].is_object() {
        named(&of["ofType"])
    } else {
        of
    }
}

fn notation(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", notation(&of["ofType"])),
        Some("LIST") => format!("[{}]", notation(&of["ofType"])),
        _ => text(&of["name"]),
    }
}

/// `schema/permissions.txt`: for each action, where each role may do it.
#[derive(Debug)]
pub struct Permissions(BTreeMap<String, BTreeMap<String, String>>);

impl Permissions {
    /// Reads the published file.
    pub fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/permissions.txt");
        let text =
            std::fs::read_to_string(path).expect("schema/permissions.txt is there: run `cargo dev schema`");
        let (rules, names) = text.split_once("FOR PROGRAMMERS").expect("an annex");
        // Under each thing, indented: a place, a colon, and the roles that may; a long line goes on further in.
        let mut things: Vec<BTreeMap<String, String>> = Vec::new();
        let (mut within, mut place) = (false, "");
        for line in rules.lines() {
            if line.starts_with("* ") {
                things.push(BTreeMap::new());
                within = true;
            } else if line.is_empty() {
                within = false;
            } else if let (Some(may), true) = (things.last_mut(), within) {
                let (of, roles) = line.split_once(": ").unwrap_or((place, line));
                place = of;
                for role in roles.split(',').map(str::trim).filter(|role| !role.is_empty()) {
                    let role = role.to_lowercase().replace(' ', "_");
                    assert_eq!(may.insert(role, place.trim().to_owned()), None, "{line}");
                }
            }
        }
        let names = names
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split(' ').next());
        let names: Vec<&str> = names.collect();
        assert_eq!(names.len(), things.len(), "each thing has a name");
        let of_each = |may: &BTreeMap<String, String>| {
            let mark = |role: &str| may.get(role).map_or("-", String::as_str).to_owned();
            crate::ROLES.map(|(role, _)| (role.to_owned(), mark(role))).into()
        };
        let actions: BTreeMap<String, BTreeMap<String, String>> = names
            .iter()
            .zip(&things)
            .map(|(name, may)| ((*name).to_owned(), of_each(may)))
            .collect();
        assert!(
            actions.len() > 20
                && actions.values().all(|roles| roles.len() == crate::ROLES.len()
                    && crate::ROLES.iter().all(|(role, _)| roles.contains_key(*role))),
            "every action names every role"
        );
        Self(actions)
    }

    /// Where the role may do it; `-` for nowhere.
    #[track_caller]
    pub fn mark(&self, action: &str, role: &str) -> &str {
        match self.0.get(action).and_then(|roles| roles.get(role)) {
            Some(mark) => mark,
            None => panic!("schema/permissions.txt has no action `{action}` or no role `{role}`"),
        }
    }

    /// Every action.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

//! Everything that is published, asked by everybody: strangers, another tenant, and each role in places that are
//! theirs and places that are not. What a role may is read from `schema/permissions.txt`.

mod asks;
mod faces;

use std::collections::{BTreeMap, BTreeSet};

use e2e::published::{Operation, Permissions, RootField, Schema, operations};
use e2e::{ROLES, Unit, World, for_each_database};

use asks::{Ask, Stage};

/// Where a target stands, seen from the unit that a role is held on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Own,
    Beneath,
    Aside,
}

impl Place {
    const ALL: [Self; 3] = [Self::Own, Self::Beneath, Self::Aside];

    /// Whether a mark of the permission matrix reaches here, where the target is of the tier of the role's own
    /// unit or not.
    fn within(self, mark: &str, same_tier: bool) -> bool {
        match mark {
            "-" => false,
            "their own unit" => self == Self::Own,
            "their own unit and like ones beneath" => self == Self::Own || self == Self::Beneath && same_tier,
            "their own unit and all beneath" | "their own rows" => self != Self::Aside,
            "everywhere" => true,
            other => panic!("`{other}` is no mark of the permission matrix"),
        }
    }

    /// A unit that stands so to `home`, if the fixture has one.
    fn of<'w>(self, world: &'w World, home: &Unit) -> Option<&'w Unit> {
        let units = &world.north.units;
        let key = |unit: &Unit| {
            if unit.parent.is_none() {
                "root".to_owned()
            } else {
                unit.code.clone()
            }
        };
        match self {
            Self::Own => units.values().find(|unit| unit.id == home.id),
            // An organisation may stand beneath an organisation, so that every kind of unit can be added there.
            Self::Beneath => units
                .values()
                .filter(|unit| unit.parent.as_deref() == Some(&key(home)))
                .max_by_key(|unit| unit.tier == "organisation"),
            Self::Aside => units
                .values()
                .find(|unit| unit.id != home.id && unit.tier == home.tier && unit.code != "alpha-practice"),
        }
    }
}

/// Every operation with its line in the table of asks.
async fn every_ask(world: &mut World) -> Vec<Operation> {
    world.appoint_owner().await;
    let operations = operations(world).await;
    let mut missing = Vec::new();
    for operation in operations.iter().filter(|operation| !operation.open) {
        let stage = Stage::at(world, world.north.unit("alpha"), "national_lead");
        if asks::ask(&operation.id, &stage).await.is_none() {
            missing.push(format!(
                "{} ({} {})",
                operation.id, operation.method, operation.path
            ));
        }
    }
    assert!(
        missing.is_empty(),
        "these operations are published but not tested; add a line for each to `ask` in tests/tests/it/surface/asks.rs: \
         its action, and a path, query and body that are valid: {}",
        missing.join(", ")
    );
    operations
        .into_iter()
        .filter(|operation| !operation.open)
        .collect()
}

/// The GraphQL fields that have a REST operation, with that operation.
fn pairs(schema: &Schema, operations: &[Operation]) -> Vec<(RootField, Operation)> {
    let by_id: BTreeMap<&str, &Operation> = operations
        .iter()
        .map(|operation| (operation.id.as_str(), operation))
        .collect();
    let mut missing = Vec::new();
    let mut pairs = Vec::new();
    for field in schema.root_fields() {
        let names = faces::names_of(&field);
        match names.iter().find_map(|id| by_id.get(id.as_str())) {
            Some(operation) => pairs.push((field, (*operation).clone())),
            None => missing.push(field.name),
        }
    }
    assert!(
        missing.is_empty(),
        "these GraphQL fields have no REST operation; name it in `names_of` in tests/tests/it/surface/faces.rs, or \
         make it: {}",
        missing.join(", ")
    );
    pairs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_faces_offer_the_same() {
    for_each_database(async |world| {
        let operations = every_ask(world).await;
        let schema = Schema::of(world).await;
        let offered: BTreeSet<String> = pairs(&schema, &operations)
            .into_iter()
            .map(|(_, operation)| operation.id)
            .collect();
        let mut lacking = Vec::new();
        for operation in &operations {
            let excused = faces::REST_ONLY.iter().any(|(id, _)| *id == operation.id);
            if !excused && !offered.contains(&operation.id) {
                lacking.push(operation.id.clone());
            }
            assert!(
                !(excused && offered.contains(&operation.id)),
                "GraphQL offers `{}`: take it off REST_ONLY",
                operation.id
            );
        }
        assert!(
            lacking.is_empty(),
            "GraphQL lacks these use cases; offer them, or give a reason in REST_ONLY of \
             tests/tests/it/surface/faces.rs: {}",
            lacking.join(", ")
        );
        for (id, _) in faces::REST_ONLY {
            assert!(
                operations.iter().any(|operation| operation.id == *id),
                "REST_ONLY names `{id}`, which is not published"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_everything_is_401() {
    for_each_database(async |world| {
        let operations = every_ask(world).await;
        let stage = Stage::at(world, world.north.unit("alpha"), "national_lead");
        for operation in &operations {
            let ask = ask(operation, &stage).await;
            let answer = ask.rest(operation, world.anonymous()).await;
            let answer = answer.problem(401, "unauthenticated");
            assert!(
                answer.header("www-authenticate").starts_with("Bearer"),
                "{answer}"
            );
        }
        let schema = Schema::of(world).await;
        for (field, operation) in pairs(&schema, &operations) {
            let ask = ask(&operation, &stage).await;
            let answer = ask.graphql(&schema, &field, world.anonymous()).await.expect(401);
            assert_eq!(answer.fault(), "unauthenticated", "{answer}");
            assert!(answer.body.get("data").is_none(), "{answer}");
            assert!(
                answer.header("www-authenticate").starts_with("Bearer"),
                "{answer}"
            );
        }
    })
    .await;
}

async fn ask(operation: &Operation, stage: &Stage<'_>) -> Ask {
    asks::ask(&operation.id, stage)
        .await
        .expect("`every_ask` has looked")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_finds_nothing() {
    let permissions = Permissions::read();
    for_each_database(async |world| {
        let operations = every_ask(world).await;
        let schema = Schema::of(world).await;
        let pairs = pairs(&schema, &operations);
        for operation in &operations {
            let stage = Stage::at(world, world.north.unit("alpha"), "national_lead");
            let ask = ask(operation, &stage).await;
            // Somebody who may do it at home, so that it is not the role that stops them.
            let able = ROLES.iter().find(|(role, _)| {
                ask.action
                    .is_none_or(|action| permissions.mark(action, role) != "-")
            });
            let outsider = world.of(&world.south, able.map_or("national_lead", |(role, _)| role));
            let answer = ask.rest(operation, outsider).await;
            faces::reveals_nothing(world, &ask, &answer, answer.status.as_u16() == 404);
            for (field, _) in pairs.iter().filter(|(_, twin)| twin.id == operation.id) {
                let answer = ask.graphql(&schema, field, outsider).await.expect(200);
                faces::reveals_nothing(world, &ask, &answer, answer.fault() == "not_found");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_what_is_published() {
    let permissions = Permissions::read();
    for_each_database(async |world| {
        let operations = every_ask(world).await;
        let schema = Schema::of(world).await;
        let pairs = pairs(&schema, &operations);
        let mut wrong = Vec::new();
        let mut tried = BTreeSet::new();
        for operation in &operations {
            let fields: Vec<&RootField> = pairs
                .iter()
                .filter(|(_, twin)| twin.id == operation.id)
                .map(|(field, _)| field)
                .collect();
            // What was refused, or only read, can be asked again: most of the work is in making valid requests.
            let mut kept: BTreeMap<(&str, bool), Ask> = BTreeMap::new();
            for (role, home) in ROLES {
                for place in Place::ALL {
                    let Some(target) = place.of(world, world.north.unit(home)) else {
                        continue;
                    };
                    let stage = Stage::at(world, target, role);
                    // A tool reads only what it has pushed itself, so that its requests are its own.
                    let key = (target.id.as_str(), role == "integration");
                    let asked = match kept.remove(&key) {
                        Some(asked) => asked,
                        None => ask(operation, &stage).await,
                    };
                    if place != Place::Own && !(operation.writes() && asked.on_target) {
                        kept.insert(key, asked);
                        break;
                    }
                    let mark = asked.action.map_or("tenant", |action| {
                        tried.insert(action);
                        permissions.mark(action, role)
                    });
                    let may = if asked.on_target {
                        place.within(mark, target.tier == world.north.unit(home).tier)
                    } else {
                        mark != "-"
                    };
                    let answer = asked.rest(operation, world.as_role(role)).await;
                    if !faces::rest_fits(&asked, may, &answer) {
                        wrong.push(format!("{role} ({mark}), {place:?}: {answer}"));
                    }
                    if !operation.writes() || !answer.status.is_success() {
                        kept.insert(key, asked);
                    }
                    for field in &fields {
                        let asked = match kept.remove(&key) {
                            Some(asked) => asked,
                            None => ask(operation, &stage).await,
                        };
                        let answer = asked.graphql(&schema, field, world.as_role(role)).await;
                        if !faces::graphql_fits(&asked, may, &answer) {
                            wrong.push(format!("{role} ({mark}), {place:?}, {}: {answer}", field.name));
                        }
                        if !operation.writes() || !answer.fault().is_empty() {
                            kept.insert(key, asked);
                        }
                    }
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{} answers are not what schema/permissions.txt says:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        let untried: Vec<&str> = permissions
            .actions()
            .filter(|action| !tried.contains(action))
            .collect();
        assert!(
            untried.is_empty(),
            "no operation needs these actions of the permission matrix: {}",
            untried.join(", ")
        );
    })
    .await;
}

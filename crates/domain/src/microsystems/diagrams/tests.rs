use serde_json::{Value, json};

use super::*;
use crate::error::Error;

mod bounds;

fn today() -> Date {
    "2006-03-31".parse().unwrap()
}

fn draw(content: &Value) -> Result<DiagramKind> {
    let mut input = json!({ "title": "A way through the clinic" });
    input
        .as_object_mut()
        .unwrap()
        .extend(content.as_object().unwrap().clone());
    serde_json::from_value::<DrawDiagram>(input)
        .unwrap()
        .check(today())
}

/// Pointers and codes of what is wrong, in order.
fn wrong(content: &Value) -> Vec<(String, String)> {
    match draw(content) {
        Err(Error::Invalid(found)) => found.into_iter().map(|of| (of.pointer, of.code)).collect(),
        other => panic!("{other:?}"),
    }
}

fn has(found: &[(String, String)], pointer: &str, code: &str) {
    assert!(
        found.contains(&(pointer.into(), code.into())),
        "{pointer} {code} is not among {found:?}"
    );
}

fn map(nodes: Value, edges: Value) -> Value {
    json!({ "processMap": { "nodes": nodes, "edges": edges } })
}

fn node(key: &str, kind: &str) -> Value {
    json!({ "key": key, "kind": kind, "name": key })
}

fn edge(from: &str, to: &str) -> Value {
    json!({ "from": from, "to": to })
}

#[test]
fn a_whole_map_is_taken() {
    let nodes = json!([
        node("a", "start"),
        node("b", "decision"),
        node("c", "step"),
        node("d", "end")
    ]);
    let edges = json!([
        edge("a", "b"),
        { "from": "b", "to": "d", "share": 0.75 },
        { "from": "b", "to": "c", "share": 0.25 },
        edge("c", "b"),
    ]);
    assert_eq!(draw(&map(nodes, edges)).unwrap(), DiagramKind::ProcessMap);
}

#[test]
fn everything_wrong_with_a_map_is_said_at_once() {
    let nodes = json!([
        { "key": "a", "kind": "start", "name": "", "minutes": 3 },
        { "key": "a", "kind": "step", "name": "twice", "minutes": -1 },
        { "key": "W w", "kind": "wait", "name": "wait", "valueAdding": true },
        node("d", "decision"),
        node("s", "start"),
        node("e", "end"),
        node("lost", "step"),
    ]);
    let edges = json!([
        edge("a", "nowhere"),
        edge("d", "d"),
        edge("e", "a"),
        { "from": "d", "to": "e", "share": 0.5 },
        { "from": "d", "to": "e", "share": 7 },
        { "from": "lost", "to": "e", "share": 0.2 },
        edge("lost", "d"),
    ]);
    let found = wrong(&map(nodes, edges));
    for (pointer, code) in [
        ("/processMap/nodes/0/name", "empty"),
        ("/processMap/nodes/0/minutes", "takes_no_time"),
        ("/processMap/nodes/1/minutes", "out_of_range"),
        ("/processMap/nodes/1/key", "twice"),
        ("/processMap/nodes/2/key", "code_format"),
        ("/processMap/nodes/2/valueAdding", "adds_no_value"),
        ("/processMap/nodes/4/kind", "second_start"),
        ("/processMap/edges/0/to", "unknown_node"),
        ("/processMap/edges/1/to", "itself"),
        ("/processMap/edges/2/to", "into_start"),
        ("/processMap/edges/2/from", "out_of_end"),
        ("/processMap/edges/4", "twice"),
        ("/processMap/edges/4/share", "out_of_range"),
        ("/processMap/edges/5/share", "share_without_choice"),
        ("/processMap/edges/1/share", "share_missing"),
        ("/processMap/nodes/6", "choice_without_decision"),
        ("/processMap/nodes/2", "dead_end"),
    ] {
        has(&found, pointer, code);
    }
}

#[test]
fn a_map_has_no_parts_apart_and_no_way_without_end() {
    let nodes = json!([
        node("a", "start"),
        node("e", "end"),
        node("far", "step"),
        node("x", "step"),
        node("y", "step"),
        node("d", "decision"),
    ]);
    let edges = json!([
        edge("a", "d"),
        edge("d", "e"),
        edge("d", "x"),
        edge("x", "y"),
        edge("y", "x"),
        edge("far", "e"),
    ]);
    let found = wrong(&map(nodes, edges));
    has(&found, "/processMap/nodes/2", "unreachable");
    has(&found, "/processMap/nodes/3", "never_ends");
    has(&found, "/processMap/nodes/4", "never_ends");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn shares_add_up() {
    let nodes = json!([
        node("a", "start"),
        node("d", "decision"),
        node("e", "end"),
        node("f", "end")
    ]);
    let edges = json!([
        edge("a", "d"),
        { "from": "d", "to": "e", "share": 0.5 },
        { "from": "d", "to": "f", "share": 0.4 },
    ]);
    assert_eq!(
        wrong(&map(nodes, edges)),
        [("/processMap/nodes/1".into(), "shares_sum".into())]
    );
}

#[test]
fn ten_thousand_nodes_are_one_violation() {
    let nodes: Vec<Value> = (0..10_000).map(|n| node(&format!("n{n}"), "step")).collect();
    let edges: Vec<Value> = (1..10_000)
        .map(|n| edge(&format!("n{}", n - 1), &format!("n{n}")))
        .collect();
    let found = wrong(&map(json!(nodes), json!(edges)));
    assert_eq!(found.len(), 2, "{found:?}");
    has(&found, "/processMap/nodes", "out_of_range");
    has(&found, "/processMap/edges", "out_of_range");
}

#[test]
fn a_fishbone_hangs_together() {
    let good = json!({ "fishbone": {
        "effect": "They wait",
        "categories": [{ "key": "people", "name": "People" }],
        "causes": [
            { "key": "a", "text": "Rota", "under": "people" },
            { "key": "b", "text": "Leave", "under": "a" },
            { "key": "c", "text": "No cover", "under": "b" },
        ],
    } });
    assert_eq!(draw(&good).unwrap(), DiagramKind::Fishbone);
    let mut bad = good;
    bad["fishbone"]["causes"] = json!([
        { "key": "a", "text": "Round", "under": "b" },
        { "key": "b", "text": "and round", "under": "a" },
        { "key": "c", "text": "Nowhere", "under": "nobody" },
        { "key": "people", "text": "Like a category", "under": "people" },
        { "key": "d1", "text": "1", "under": "people" },
        { "key": "d2", "text": "2", "under": "d1" },
        { "key": "d3", "text": "3", "under": "d2" },
        { "key": "d4", "text": "4", "under": "d3" },
    ]);
    let found = wrong(&bad);
    has(&found, "/fishbone/causes/0/under", "circle");
    has(&found, "/fishbone/causes/1/under", "circle");
    has(&found, "/fishbone/causes/2/under", "unknown_cause");
    has(&found, "/fishbone/causes/3/key", "twice");
    has(&found, "/fishbone/causes/7/under", "too_deep");
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn drivers_serve_what_stands_nearer_to_the_aim() {
    let drivers = json!([
        { "key": "p", "level": "primary", "text": "P" },
        { "key": "q", "level": "primary", "text": "Q", "serves": ["p"] },
        { "key": "s", "level": "secondary", "text": "S", "serves": ["p", "p", "c", "nobody"] },
        { "key": "c", "level": "change_idea", "text": "C", "serves": ["s", "p"] },
        { "key": "t", "level": "secondary", "text": "T", "serves": ["s"] },
        { "key": "u", "level": "change_idea", "text": "U" },
    ]);
    let found = wrong(&json!({ "driverDiagram": { "aim": "Sooner", "drivers": drivers } }));
    for (pointer, code) in [
        ("/driverDiagram/drivers/1/serves", "serves_the_aim"),
        ("/driverDiagram/drivers/2/serves/1", "twice"),
        ("/driverDiagram/drivers/2/serves/2", "wrong_level"),
        ("/driverDiagram/drivers/2/serves/3", "unknown_driver"),
        ("/driverDiagram/drivers/4/serves/0", "wrong_level"),
        ("/driverDiagram/drivers/5/serves", "out_of_range"),
    ] {
        has(&found, pointer, code);
    }
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn a_diagram_is_one_thing_and_stays_it() {
    has(&wrong(&json!({})), "", "one_of");
    let drivers = json!([{ "key": "p", "level": "primary", "text": "P" }]);
    let two = json!({
        "driverDiagram": { "aim": "Sooner", "drivers": drivers },
        "fishbone": { "effect": "Late", "categories": [{ "key": "a", "name": "A" }], "causes": [] },
    });
    has(&wrong(&two), "", "one_of");
    let change: ChangeDiagram = serde_json::from_value(json!({ "fishbone": two["fishbone"] })).unwrap();
    assert!(change.check(DiagramKind::Fishbone, today()).is_ok());
    let Err(Error::Invalid(found)) = change.check(DiagramKind::ProcessMap, today()) else {
        panic!("another kind was taken");
    };
    assert_eq!(
        (found[0].pointer.as_str(), found[0].code.as_str()),
        ("/fishbone", "another_kind")
    );
}

#[test]
fn texts_carry_no_patients_and_no_control_characters() {
    let nodes = json!([
        node("a", "start"),
        { "key": "b", "kind": "step", "name": "Call 943 476 5919", "actor": "\u{1}" },
        node("e", "end"),
    ]);
    let edges = json!([edge("a", "b"), { "from": "b", "to": "e", "label": "9434765919" }]);
    let found = wrong(&map(nodes, edges));
    has(&found, "/processMap/nodes/1/name", "patient_identifier");
    has(&found, "/processMap/nodes/1/actor", "control_character");
    has(&found, "/processMap/edges/1/label", "patient_identifier");
}

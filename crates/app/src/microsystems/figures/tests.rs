use serde_json::{Value, json};

use super::*;

fn map(nodes: Value, edges: Value) -> ProcessMap {
    serde_json::from_value(json!({ "nodes": nodes, "edges": edges })).unwrap()
}

fn node(key: &str, kind: &str, minutes: f64) -> Value {
    let minutes = (kind != "start" && kind != "end").then_some(minutes);
    json!({ "key": key, "kind": kind, "name": key, "minutes": minutes })
}

fn edge(from: &str, to: &str) -> Value {
    json!({ "from": from, "to": to })
}

fn share(from: &str, to: &str, share: f64) -> Value {
    json!({ "from": from, "to": to, "share": share })
}

fn close(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-9, "{one} {other}");
}

#[test]
fn one_way_is_added_up() {
    let mut work = node("b", "step", 10.0);
    work["valueAdding"] = json!(true);
    let nodes = json!([
        node("a", "start", 0.0),
        node("w", "wait", 30.0),
        work,
        node("e", "end", 0.0)
    ]);
    let found = figures(&map(
        nodes,
        json!([edge("a", "w"), edge("w", "b"), edge("b", "e")]),
    ))
    .unwrap();
    assert_eq!(found.rule, ProcessRule::Path);
    let mean = found.expected.unwrap();
    close(mean.minutes, 40.0);
    close(mean.value_adding_share.unwrap(), 0.25);
    close(mean.waits, 1.0);
    assert_eq!(found.shortest.nodes, ["a", "w", "b", "e"]);
    assert_eq!(found.longest.unwrap().nodes, found.shortest.nodes);
    assert!(!found.loops && found.untimed.is_empty());
}

#[test]
fn shares_make_a_mean_and_loops_are_gone_round() {
    let nodes = json!([
        node("a", "start", 0.0),
        node("look", "step", 10.0),
        node("d", "decision", 0.0),
        node("ask", "hand_off", 5.0),
        node("e", "end", 0.0),
    ]);
    let edges = json!([
        edge("a", "look"),
        edge("look", "d"),
        share("d", "e", 0.75),
        share("d", "ask", 0.25),
        edge("ask", "look"),
    ]);
    let found = figures(&map(nodes, edges)).unwrap();
    assert_eq!(found.rule, ProcessRule::Expectation);
    // 4/3 looks, 1/3 of a question.
    let mean = found.expected.unwrap();
    close(mean.minutes, 10.0 * 4.0 / 3.0 + 5.0 / 3.0);
    close(mean.hand_offs, 1.0 / 3.0);
    assert!(found.loops && found.longest.is_none());
    close(found.shortest.minutes, 10.0);
    assert!(
        found.explanation.contains("rounds of loops"),
        "{}",
        found.explanation
    );
}

#[test]
fn without_shares_there_is_a_range_and_no_mean() {
    let nodes = json!([
        node("a", "start", 0.0),
        node("d", "decision", 0.0),
        node("short", "step", 1.0),
        node("long", "step", 9.0),
        node("e", "end", 0.0),
    ]);
    let edges = json!([
        edge("a", "d"),
        edge("d", "short"),
        edge("d", "long"),
        edge("short", "e"),
        edge("long", "e"),
    ]);
    let found = figures(&map(nodes, edges)).unwrap();
    assert_eq!((found.rule, found.expected.is_none()), (ProcessRule::Range, true));
    close(found.shortest.minutes, 1.0);
    close(found.longest.unwrap().minutes, 9.0);
    assert!(
        found.explanation.contains("from 1 minutes to 9 minutes"),
        "{}",
        found.explanation
    );
}

#[test]
fn what_has_no_minutes_is_said() {
    let nodes = json!([
        node("a", "start", 0.0),
        { "key": "b", "kind": "wait", "name": "b" },
        node("e", "end", 0.0),
    ]);
    let found = figures(&map(nodes, json!([edge("a", "b"), edge("b", "e")]))).unwrap();
    assert_eq!(found.untimed, ["b"]);
    assert_eq!(found.expected.unwrap().value_adding_share, None);
    assert!(found.explanation.contains("too short"), "{}", found.explanation);
}

#[test]
fn other_hands_are_counted_once() {
    let by = |key: &str, kind: &str, actor: &str| {
        let actor = (!actor.is_empty()).then_some(actor);
        json!({ "key": key, "kind": kind, "name": key, "actor": actor })
    };
    let nodes = json!([
        by("a", "start", ""),
        by("desk", "step", "Secretary"),
        by("pile", "wait", ""),
        by("nurse", "step", "Nurse"),
        by("same", "step", " nurse "),
        by("over", "hand_off", "Nurse"),
        by("post", "wait", ""),
        by("doctor", "step", "Doctor"),
        by("e", "end", ""),
    ]);
    let keys = [
        "a", "desk", "pile", "nurse", "same", "over", "post", "doctor", "e",
    ];
    let edges: Vec<Value> = keys.windows(2).map(|pair| edge(pair[0], pair[1])).collect();
    let found = figures(&map(nodes, json!(edges))).unwrap();
    // From the pile, which is the secretary's, to the nurse; and the hand-off that was drawn.
    assert_eq!(found.hand_offs, 2);
    assert_eq!(found.shortest.hand_offs, 2);
    close(found.expected.unwrap().hand_offs, 2.0);
}

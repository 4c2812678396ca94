//! One too many, one letter too long, and a patient's number in every text: each is refused at its place, and what just
//! fits is taken.

use super::*;

/// A number that passes the check of an NHS number.
const PATIENT: &str = "Ring 943 476 5919";

/// The pointers of what is too much.
fn too_much(found: &[(String, String)], code: &str) -> Vec<String> {
    let of = found.iter().filter(|(_, of)| of == code);
    of.map(|(pointer, _)| pointer.clone()).collect()
}

/// A diagram with so many of something.
type Counted<'a> = &'a dyn Fn(usize) -> Value;

/// A place in a diagram, how many letters it takes, and a diagram that has a text there.
type Place = (&'static str, usize, fn(&str) -> Value);

/// What one end of a bound comes to: whether `most` is taken, and where one more is refused.
fn ends(most: usize, make: impl Fn(usize) -> Value) -> (bool, Vec<(String, String)>) {
    (draw(&make(most)).is_ok(), wrong(&make(most + 1)))
}

/// A map with so many nodes and ways: a line, and ways that lead past one or two nodes.
fn wide(nodes: usize, edges: usize) -> Value {
    let key = |n: usize| format!("n{n}");
    let all: Vec<Value> = (0..nodes)
        .map(|n| match n {
            0 => node(&key(n), "start"),
            _ if n + 1 == nodes => node(&key(n), "end"),
            _ => node(&key(n), "decision"),
        })
        .collect();
    let by = |step: usize| (usize::from(step > 1)..nodes - step).map(move |n| edge(&key(n), &key(n + step)));
    let ways: Vec<Value> = by(1).chain(by(2)).chain(by(3)).take(edges).collect();
    assert_eq!(ways.len(), edges);
    map(json!(all), json!(ways))
}

fn bones(categories: usize, causes: usize) -> Value {
    let categories: Vec<Value> = (0..categories)
        .map(|n| json!({ "key": format!("k{n}"), "name": "Part" }))
        .collect();
    let causes: Vec<Value> = (0..causes)
        .map(|n| json!({ "key": format!("c{n}"), "text": "Why", "under": "k0" }))
        .collect();
    json!({ "fishbone": { "effect": "Late", "categories": categories, "causes": causes } })
}

/// A driver diagram with so many drivers, of which the last serves so many others.
fn driven(drivers: usize, served: usize) -> Value {
    let mut all: Vec<Value> = (1..drivers)
        .map(|n| json!({ "key": format!("d{n}"), "level": "primary", "text": "So" }))
        .collect();
    let serves: Vec<String> = (1..=served).map(|n| format!("d{n}")).collect();
    all.push(json!({ "key": "last", "level": "secondary", "text": "Thus", "serves": serves }));
    json!({ "driverDiagram": { "aim": "Sooner", "drivers": all } })
}

#[test]
fn every_list_has_its_end() {
    // Some of these are no maps for other reasons; here it is the counts that matter.
    let counted = |found: Vec<(String, String)>| too_much(&found, "out_of_range");
    let pointers = |make: Counted<'_>, most: usize| {
        let at = |n: usize| match draw(&make(n)) {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(found)) => {
                counted(found.into_iter().map(|of| (of.pointer, of.code)).collect())
            }
            Err(other) => panic!("{other:?}"),
        };
        (at(most), at(most + 1))
    };
    let cases: [(Counted<'_>, usize, &str); 6] = [
        (&|n| wide(n, n), 200, "/processMap/nodes"),
        (&|n| wide(180, n), 400, "/processMap/edges"),
        (&|n| bones(n, 0), 12, "/fishbone/categories"),
        (&|n| bones(1, n), 200, "/fishbone/causes"),
        (&|n| driven(n, 1), 200, "/driverDiagram/drivers"),
        (&|n| driven(60, n), 20, "/driverDiagram/drivers/59/serves"),
    ];
    for (make, most, pointer) in cases {
        assert_eq!(pointers(make, most), (vec![], vec![pointer.to_owned()]), "{most}");
    }
    // And a beginning: a driver serves something.
    assert_eq!(
        too_much(&wrong(&driven(60, 0)), "out_of_range"),
        ["/driverDiagram/drivers/59/serves"]
    );
}

/// A diagram of each kind with this text in this place, and how long it may be there.
fn texts() -> Vec<Place> {
    fn of_map(name: &str, actor: &str, label: &str) -> Value {
        let step = json!({ "key": "b", "kind": "step", "name": name, "actor": actor });
        let way = json!({ "from": "b", "to": "c", "label": label });
        map(
            json!([node("a", "start"), step, node("c", "end")]),
            json!([edge("a", "b"), way]),
        )
    }
    fn of_bones(effect: &str, category: &str, cause: &str) -> Value {
        json!({ "fishbone": {
            "effect": effect, "categories": [{ "key": "a", "name": category }],
            "causes": [{ "key": "b", "text": cause, "under": "a" }],
        } })
    }
    fn of_drivers(aim: &str, driver: &str) -> Value {
        let driver = json!({ "key": "p", "level": "primary", "text": driver });
        json!({ "driverDiagram": { "aim": aim, "drivers": [driver] } })
    }
    fn titled(title: &str) -> Value {
        let mut drawn = of_drivers("Sooner", "So");
        drawn["title"] = json!(title);
        drawn
    }
    vec![
        ("/title", 200, titled),
        ("/processMap/nodes/1/name", 120, |text| {
            of_map(text, "Nurse", "soon")
        }),
        ("/processMap/nodes/1/actor", 60, |text| {
            of_map("See", text, "soon")
        }),
        ("/processMap/edges/1/label", 60, |text| {
            of_map("See", "Nurse", text)
        }),
        ("/fishbone/effect", 200, |text| of_bones(text, "People", "Rota")),
        ("/fishbone/categories/0/name", 60, |text| {
            of_bones("Late", text, "Rota")
        }),
        ("/fishbone/causes/0/text", 200, |text| {
            of_bones("Late", "People", text)
        }),
        ("/driverDiagram/aim", 300, |text| of_drivers(text, "So")),
        ("/driverDiagram/drivers/0/text", 200, |text| {
            of_drivers("Sooner", text)
        }),
    ]
}

#[test]
fn every_text_has_its_end_and_carries_no_patient() {
    for (pointer, most, make) in texts() {
        // Letters count, not bytes.
        let (taken, found) = ends(most, |letters| make(&"ß".repeat(letters)));
        assert!(taken, "{pointer} takes no {most} letters");
        assert_eq!(found, [(pointer.to_owned(), "too_long".to_owned())]);
        assert_eq!(
            wrong(&make(PATIENT)),
            [(pointer.to_owned(), "patient_identifier".to_owned())]
        );
    }
}

#[test]
fn a_key_is_a_code_and_no_patient() {
    let mut drawn = bones(1, 1);
    drawn["fishbone"]["causes"][0]["key"] = json!("9434765919");
    assert_eq!(
        too_much(&wrong(&drawn), "patient_identifier"),
        ["/fishbone/causes/0/key"]
    );
    drawn["fishbone"]["causes"][0]["key"] = json!("k".repeat(64));
    assert_eq!(wrong(&drawn).len(), 1);
}

#[test]
fn ways_that_go_round_are_looked_through_once() {
    // Two hundred nodes that all lead round and out: every rule is held without walking any way twice.
    let key = |n: usize| format!("n{n}");
    let mut nodes = vec![node("in", "start")];
    nodes.extend((0..198).map(|n| node(&key(n), "decision")));
    nodes.push(node("out", "end"));
    let mut ways = vec![edge("in", &key(0))];
    ways.extend((0..198).map(|n| edge(&key(n), &key((n + 1) % 198))));
    ways.extend((0..198).map(|n| edge(&key(n), "out")));
    let begun = std::time::Instant::now();
    assert_eq!(
        draw(&map(json!(nodes), json!(ways))).unwrap(),
        DiagramKind::ProcessMap
    );
    // Causes that hang on each other in one ring of two hundred.
    let ring: Vec<Value> = (0..200)
        .map(|n| json!({ "key": key(n), "text": "Why", "under": key((n + 1) % 200) }))
        .collect();
    let mut drawn = bones(1, 0);
    drawn["fishbone"]["causes"] = json!(ring);
    assert_eq!(too_much(&wrong(&drawn), "circle").len(), 200);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

//! Process maps, fishbones and driver diagrams: the samples are those of this code, everything lies on the sheet,
//! texts are never markup, and no graph brings the layout down.

#![expect(clippy::cast_precision_loss, reason = "the figures of samples are small")]

#[path = "../../examples/diagrams/figures.rs"]
mod figures;
#[path = "../../examples/diagrams/sheets.rs"]
mod sheets;

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use roxmltree::Document;
use spiral_charts::{
    Error, FlowKind, FlowNode, FlowWay, Heading, Look, MOST_PARTS, ProcessMap, Theme, drivers, fishbone,
    process_map,
};

use crate::page::read;

const LOOK: Look = Look {
    width: 360,
    theme: Theme::Auto,
};

#[test]
fn the_samples_are_those_of_this_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagrams");
    let mut names = BTreeSet::new();
    for (name, svg) in sheets::samples() {
        let kept = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            kept == svg,
            "{name} is not what is drawn now: cargo run -p spiral-charts --example diagrams -- docs/diagrams"
        );
        names.insert(name);
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is written by no command");
    }
}

#[test]
fn everything_lies_on_the_sheet_with_the_longest_names_and_sixty_parts() {
    for (name, drawing) in sheets::gallery() {
        let page = read(&drawing.svg);
        page.holds_everything();
        assert!(
            !drawing.title.is_empty() && !drawing.description.is_empty() && !drawing.table.rows.is_empty(),
            "{name}"
        );
        if name.starts_with("fishbone") {
            page.keeps_texts_apart();
        }
    }
}

#[test]
fn no_name_is_cut() {
    let long = figures::long(120);
    let mut map = figures::smallest();
    map.nodes[1].name.clone_from(&long);
    let written: String = read(&process_map(&map, &LOOK).unwrap().svg)
        .texts
        .iter()
        .map(|text| text.text.replace(' ', ""))
        .collect();
    assert!(written.contains(&long.replace(' ', "")), "{written}");
    assert!(!written.contains('…'));
}

#[test]
fn texts_are_never_markup() {
    for text in [
        "]]><script>alert(1)</script><!--",
        "\"><svg onload='alert(1)'>",
        "</title></desc></foreignObject></svg><script>",
        "\u{0}\u{8}\u{1f}\u{fffe}",
        "\u{202e}txt.exe مرحبا שלום",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-Llanfairpwllgwyngyllgogerychwyrndrobwll",
        "👩‍👩‍👧‍👦👨🏽‍⚕️🇬🇧",
    ] {
        let mut map = figures::referral();
        map.heading.title = text.into();
        for node in &mut map.nodes {
            node.name = text.into();
            node.actor = Some(text.into());
        }
        for way in &mut map.ways {
            way.label = Some(text.into());
        }
        let fish = figures::sixty_causes(|_| text.into());
        let drives = figures::sixty_drivers(|_| text.into());
        for drawing in [
            process_map(&map, &LOOK),
            fishbone(&fish, &LOOK),
            drivers(&drives, &LOOK),
        ] {
            let drawing = drawing.unwrap();
            read(&drawing.svg).holds_everything();
            let document = Document::parse(&drawing.svg).unwrap();
            let has = |name: &str| document.descendants().any(|node| node.tag_name().name() == name);
            assert!(!has("script") && !drawing.svg.contains('\u{202e}'));
            assert!(document.descendants().all(|node| {
                node.attributes()
                    .all(|attribute| !attribute.name().starts_with("on"))
            }));
        }
    }
}

#[test]
fn what_is_no_diagram_is_refused() {
    let mut map = figures::smallest();
    map.ways[0].to = 7;
    assert_eq!(process_map(&map, &LOOK).unwrap_err(), Error::Place("a way"));
    let mut map = figures::smallest();
    map.nodes[1].minutes = Some(f64::NAN);
    assert!(matches!(process_map(&map, &LOOK), Err(Error::Number(_))));
    let mut map = figures::smallest();
    map.nodes = vec![map.nodes[1].clone(); MOST_PARTS + 1];
    assert!(matches!(process_map(&map, &LOOK), Err(Error::TooMany { .. })));
    let mut drives = figures::shorter_wait();
    drives.drivers[0].serves = vec![3];
    assert_eq!(drivers(&drives, &LOOK).unwrap_err(), Error::Place("a driver"));
    let narrow = Look { width: 100, ..LOOK };
    assert!(matches!(
        fishbone(&figures::waits(), &narrow),
        Err(Error::Width(100))
    ));
}

/// Any graph at all: with loops, parts apart, and ways there and back.
fn any_map() -> impl Strategy<Value = ProcessMap> {
    (2_usize..40).prop_flat_map(|count| {
        proptest::collection::btree_set((0..count, 0..count), 0..count * 2).prop_map(move |ways| ProcessMap {
            heading: Heading::default(),
            nodes: (0..count)
                .map(|n| FlowNode {
                    kind: [FlowKind::Step, FlowKind::Wait, FlowKind::Decision][n % 3],
                    name: "n".repeat(n + 1),
                    actor: None,
                    minutes: Some(n as f64),
                    adds_value: n % 2 == 0,
                })
                .collect(),
            ways: ways
                .into_iter()
                .filter(|(from, to)| from != to)
                .map(|(from, to)| FlowWay {
                    from,
                    to,
                    label: (from % 2 == 0).then(|| "when so".into()),
                    share: None,
                    hand_off: to % 2 == 0,
                })
                .collect(),
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_is_laid_out_the_same_every_time(map in any_map()) {
        let one = process_map(&map, &LOOK).unwrap();
        read(&one.svg).holds_everything();
        prop_assert_eq!(one.svg, process_map(&map, &LOOK).unwrap().svg);
    }
}

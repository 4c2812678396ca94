//! Invented diagrams: small ones, ones with sixty parts, and ones with the longest names that are taken.

use spiral_charts::{
    Bone, Driver, DriverLevel, Drivers, Fishbone, FishboneCause, FlowKind, FlowNode, FlowWay, Heading,
    ProcessMap,
};

/// A name of so many letters, in words of a usual length.
pub fn long(letters: usize) -> String {
    let words = "Multidisciplinary reassessment of gastroenterological outpatients referred by community pharmacists ";
    words.chars().cycle().take(letters).collect()
}

fn heading(title: &str) -> Heading {
    Heading {
        title: title.into(),
        subtitle: "An invented clinic".into(),
        source: String::new(),
        notes: Vec::new(),
    }
}

fn node(kind: FlowKind, name: &str, actor: &str, minutes: Option<f64>, adds_value: bool) -> FlowNode {
    FlowNode {
        kind,
        name: name.into(),
        actor: (!actor.is_empty()).then(|| actor.into()),
        minutes,
        adds_value,
    }
}

fn on(from: usize, to: usize) -> FlowWay {
    FlowWay {
        from,
        to,
        label: None,
        share: None,
        hand_off: false,
    }
}

fn branch(from: usize, to: usize, label: &str, share: f64) -> FlowWay {
    FlowWay {
        label: Some(label.into()),
        share: Some(share),
        ..on(from, to)
    }
}

/// From referral to the first appointment.
pub fn referral() -> ProcessMap {
    use FlowKind as K;
    let nodes = vec![
        node(K::Start, "Referral arrives", "", None, false),
        node(K::Step, "Enter it in the book", "Secretary", Some(6.0), false),
        node(K::Wait, "Pile on the desk", "", Some(1440.0), false),
        node(
            K::Step,
            "Read it and choose a clinic",
            "Triage nurse",
            Some(10.0),
            true,
        ),
        node(K::Decision, "Is everything there?", "Triage nurse", None, false),
        node(
            K::HandOff,
            "Letter back to the practice",
            "Secretary",
            Some(15.0),
            false,
        ),
        node(K::Wait, "Until the practice answers", "", Some(7200.0), false),
        node(K::Step, "Offer an appointment", "Secretary", Some(8.0), false),
        node(K::Step, "First appointment", "Doctor", Some(30.0), true),
        node(K::End, "Seen", "", None, false),
    ];
    let mut ways = vec![
        on(0, 1),
        on(1, 2),
        on(2, 3),
        on(3, 4),
        branch(4, 7, "yes", 0.7),
        branch(4, 5, "something is missing", 0.3),
        on(5, 6),
        on(6, 2),
        on(7, 8),
        on(8, 9),
    ];
    ways[2].hand_off = true;
    ways[4].hand_off = true;
    ways[8].hand_off = true;
    let mut heading = heading("From referral to first appointment");
    heading.notes =
        vec!["The mean case takes 6.5 days, of which 0.5 % is worth something to the patient.".into()];
    ProcessMap { heading, nodes, ways }
}

/// A start, a step and an end.
pub fn smallest() -> ProcessMap {
    use FlowKind as K;
    ProcessMap {
        heading: heading("Blood is taken"),
        nodes: vec![
            node(K::Start, "Form at the desk", "", None, false),
            node(K::Step, "Take blood", "Phlebotomist", Some(5.0), true),
            node(K::End, "Tube in the rack", "", None, false),
        ],
        ways: vec![on(0, 1), on(1, 2)],
    }
}

/// Sixty nodes with decisions that part, meet and lead back.
pub fn sixty(name: impl Fn(usize) -> String) -> ProcessMap {
    use FlowKind as K;
    let (mut nodes, mut ways) = (vec![node(K::Start, &name(0), "", None, false)], Vec::new());
    let actors = ["Secretary", "Nurse", "Doctor", "Pharmacist"];
    let mut last = 0;
    while nodes.len() < 57 {
        let at = nodes.len();
        let actor = actors[at / 5 % 4];
        if at % 7 == 3 && at + 4 < 57 {
            nodes.push(node(K::Decision, &name(at), actor, Some(2.0), false));
            for n in 1..4 {
                let kind = if n == 2 { K::Wait } else { K::Step };
                nodes.push(node(
                    kind,
                    &name(at + n),
                    actors[n],
                    Some(10.0 * n as f64),
                    n == 1,
                ));
                ways.push(branch(
                    at,
                    at + n,
                    ["usual", "must wait for results", "urgent"][n - 1],
                    1.0 / 3.0,
                ));
            }
            nodes.push(node(K::Step, &name(at + 4), actor, Some(12.0), true));
            ways.extend([
                on(last, at),
                on(at + 1, at + 4),
                on(at + 2, at + 4),
                on(at + 3, at + 4),
            ]);
            if at > 20 {
                ways.push(branch(at, at - 14, "again", 0.1));
            }
            last = at + 4;
        } else {
            let kind = if at % 11 == 0 { K::HandOff } else { K::Step };
            nodes.push(node(
                kind,
                &name(at),
                actor,
                Some(at as f64),
                kind == K::Step && at % 3 == 0,
            ));
            ways.push(on(last, at));
            last = at;
        }
    }
    let at = nodes.len();
    nodes.push(node(K::Decision, &name(at), "Doctor", None, false));
    nodes.push(node(K::End, &name(at + 1), "", None, false));
    nodes.push(node(K::End, &name(at + 2), "", None, false));
    ways.extend([
        on(last, at),
        branch(at, at + 1, "well", 0.9),
        branch(at, at + 2, "elsewhere", 0.1),
    ]);
    ProcessMap {
        heading: heading("A long way through an invented hospital"),
        nodes,
        ways,
    }
}

fn cause(text: &str, causes: &[&str]) -> FishboneCause {
    FishboneCause {
        text: text.into(),
        causes: causes
            .iter()
            .map(|text| FishboneCause {
                text: (*text).into(),
                causes: Vec::new(),
            })
            .collect(),
    }
}

/// Why patients wait.
pub fn waits() -> Fishbone {
    let bone = |name: &str, causes: Vec<FishboneCause>| Bone {
        name: name.into(),
        causes,
    };
    Fishbone {
        heading: heading("Why referrals lie about"),
        effect: "Referrals wait two days for a first look".into(),
        bones: vec![
            bone(
                "People",
                vec![
                    cause("One nurse triages", &["No cover on leave", "Rota made for wards"]),
                    cause("Desk staff new each month", &[]),
                ],
            ),
            bone(
                "Process",
                vec![
                    cause("Letters opened once a day", &[]),
                    cause("Missing details sent back", &["Form asks for too little"]),
                ],
            ),
            bone(
                "Place",
                vec![
                    cause("Pile out of sight", &[]),
                    cause("Printer on another floor", &[]),
                ],
            ),
            bone(
                "Information",
                vec![cause(
                    "Nobody sees how many wait",
                    &["No board", "Count only monthly"],
                )],
            ),
            bone("Patients", vec![cause("Letters to old addresses", &[])]),
        ],
    }
}

/// Sixty causes in eight categories.
pub fn sixty_causes(text: impl Fn(usize) -> String) -> Fishbone {
    let mut number = 0;
    let mut next = || {
        number += 1;
        text(number)
    };
    let bones = (0..8)
        .map(|n| {
            let count = if n % 2 == 0 { 3 } else { 2 };
            let causes = (0..count)
                .map(|_| {
                    let (name, one, two) = (next(), next(), next());
                    cause(&name, &[&one, &two])
                })
                .collect();
            Bone {
                name: format!("Category {}", n + 1),
                causes,
            }
        })
        .collect();
    Fishbone {
        heading: heading("Sixty causes of an invented problem"),
        effect: text(0),
        bones,
    }
}

fn driver(level: DriverLevel, text: &str, serves: &[usize]) -> Driver {
    Driver {
        level,
        text: text.into(),
        serves: serves.to_vec(),
    }
}

/// What is to shorten the wait.
pub fn shorter_wait() -> Drivers {
    use DriverLevel as L;
    Drivers {
        heading: heading("A first look within a day"),
        aim: "By the end of March every referral is looked at within one working day".into(),
        drivers: vec![
            driver(L::Primary, "Somebody is there to look", &[]),
            driver(L::Primary, "Referrals come complete", &[]),
            driver(L::Primary, "What waits is seen", &[]),
            driver(L::Secondary, "Cover on leave", &[0]),
            driver(L::Secondary, "More than one role may triage", &[0]),
            driver(L::Secondary, "A form that asks for what is needed", &[1]),
            driver(L::Secondary, "Practices hear what was missing", &[1, 2]),
            driver(L::ChangeIdea, "A second nurse on Mondays", &[3, 4]),
            driver(L::ChangeIdea, "Pharmacist triages medicines", &[4]),
            driver(L::ChangeIdea, "New form tested with two practices", &[5]),
            driver(L::ChangeIdea, "Board at the desk with today's count", &[2]),
        ],
    }
}

/// Sixty drivers and change ideas.
pub fn sixty_drivers(text: impl Fn(usize) -> String) -> Drivers {
    use DriverLevel as L;
    let mut drivers = Vec::new();
    for n in 0..5 {
        drivers.push(driver(L::Primary, &text(n), &[]));
    }
    for n in 0..15 {
        let other = (n + 1) % 5;
        let serves = if n % 4 == 0 {
            vec![n % 5, other]
        } else {
            vec![n % 5]
        };
        drivers.push(driver(L::Secondary, &text(n + 5), &serves));
    }
    for n in 0..40 {
        let serves = match n % 9 {
            0 => vec![5 + n % 15, 5 + (n + 7) % 15],
            4 => vec![n % 5],
            _ => vec![5 + n % 15],
        };
        drivers.push(driver(L::ChangeIdea, &text(n + 20), &serves));
    }
    Drivers {
        heading: heading("Sixty drivers of an invented aim"),
        aim: text(60),
        drivers,
    }
}

//! Process maps.

use super::layers::{Flow, Layout, Link, layout};
use super::shapes::{Extent, Shape, dot, head, put, reach};
use super::{Block, check_parts, notes, sheet_width, way};
use crate::clean::line;
use crate::describe::title;
use crate::frame::{Measures, Verdict, heading};
use crate::ink::Ink;
use crate::model::Heading;
use crate::number::fixed;
use crate::sheet::{Anchor, Cover, Sheet, Words};
use crate::table::Table;
use crate::text::width;
use crate::{Drawing, Error, Look};

/// A map has at most so many ways.
const MOST_WAYS: usize = 400;
/// How wide the text of a box is at most, in ems: the first with which the map fits the sheet.
const WIDTHS: [f64; 3] = [14.0, 11.0, 9.0];
/// The same where it fits with none of them, and the sheet is wider: names are not broken for nothing.
const OTHERWISE: f64 = 12.0;

/// What happens at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// Where every case begins.
    Start,
    /// Work is done.
    Step,
    /// The way on depends.
    Decision,
    /// Nothing is done.
    Wait,
    /// The case goes into other hands.
    HandOff,
    /// Where cases end.
    End,
}

impl FlowKind {
    fn words(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Step => "Step",
            Self::Decision => "Decision",
            Self::Wait => "Wait",
            Self::HandOff => "Hand-off",
            Self::End => "End",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::Start | Self::End => Shape::Pill,
            Self::Step | Self::Wait => Shape::Plain,
            Self::Decision => Shape::Pointed,
            Self::HandOff => Shape::Leaning,
        }
    }
}

/// A node of a process map.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowNode {
    /// What happens at it.
    pub kind: FlowKind,
    /// What it is called.
    pub name: String,
    /// Who does it.
    pub actor: Option<String>,
    /// How long it takes.
    pub minutes: Option<f64>,
    /// Whether it is worth something to the patient.
    pub adds_value: bool,
}

/// A way from one node to another, by their places.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowWay {
    /// The place of the node that it leaves.
    pub from: usize,
    /// The place of the node that it leads to.
    pub to: usize,
    /// When it is taken.
    pub label: Option<String>,
    /// Which share of the cases takes it, from 0 to 1.
    pub share: Option<f64>,
    /// Whether the case goes into other hands on it.
    pub hand_off: bool,
}

/// How work flows.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessMap {
    /// Its heading.
    pub heading: Heading,
    /// What happens.
    pub nodes: Vec<FlowNode>,
    /// In which order.
    pub ways: Vec<FlowWay>,
}

/// Draws a process map, from top to bottom. It is wider than was asked for where its boxes stand too many abreast.
pub fn process_map(map: &ProcessMap, look: &Look) -> Result<Drawing, Error> {
    look.check()?;
    check_parts("nodes", map.nodes.len())?;
    if map.ways.len() > MOST_WAYS {
        let what = "ways";
        return Err(Error::TooMany {
            what,
            most: MOST_WAYS,
        });
    }
    if map
        .ways
        .iter()
        .any(|way| way.from.max(way.to) >= map.nodes.len() || way.from == way.to)
    {
        return Err(Error::Place("a way"));
    }
    for node in &map.nodes {
        if node.minutes.is_some_and(|of| !(0.0..=1e9).contains(&of)) {
            return Err(Error::Number("the minutes of a node"));
        }
    }
    let at = Measures::of(*look);
    let (boxes, placed) = fit(map, &at)?;
    let wide = sheet_width(&at, placed.width + 2.0 * at.pad);
    let at = Measures {
        width: f64::from(wide),
        ..at
    };

    let mut sheet = Sheet::new(look.theme);
    let top = heading(&mut sheet, &at, &map.heading, &Verdict::default());
    let top = legend(&mut sheet, &at, top, map) + at.font;
    let shift = ((at.width - placed.width) / 2.0, top);
    draw_ways(&mut sheet, &at, map, &placed, shift);
    for ((node, text), middle) in map.nodes.iter().zip(&boxes).zip(&placed.boxes) {
        let middle = (middle.0 + shift.0, middle.1 + shift.1);
        text.draw(&mut sheet, node, middle, &at);
    }
    let end = notes(&mut sheet, &at, top + placed.height, &map.heading) + at.pad;
    Ok(sheet.finish(Cover {
        width: wide,
        height: end,
        title: title(&map.heading.title, "Process map"),
        description: describe(map),
        table: table(map),
    }))
}

/// The texts of a box, and its size.
struct Boxed {
    head: Block,
    name: Block,
    foot: Block,
    size: (f64, f64),
}

impl Boxed {
    fn of(node: &FlowNode, at: &Measures, ems: f64) -> Self {
        let small = at.font * 0.85;
        let room = at.font * ems;
        let kind = match node.kind {
            FlowKind::Wait => Some("Wait"),
            FlowKind::HandOff => Some("Hand-off"),
            _ => None,
        };
        let above: Vec<&str> = kind.into_iter().chain(node.actor.as_deref()).collect();
        let foot = match (node.minutes.map(span), node.adds_value) {
            (Some(time), true) => format!("◆ {time}"),
            (Some(time), false) => time,
            (None, true) => "◆".to_owned(),
            (None, false) => String::new(),
        };
        let head = Block::of(&above.join(": "), small, false, room);
        let name = Block::of(&node.name, at.font, false, room);
        let foot = Block::of(&foot, small, true, room);
        let text = head
            .width()
            .max(name.width())
            .max(foot.width())
            .max(at.font * 4.0);
        let shape = node.kind.shape();
        let size = (
            text + 2.0 * reach(shape, at.font),
            head.height() + name.height() + foot.height() + at.font * 0.9,
        );
        Self {
            head,
            name,
            foot,
            size,
        }
    }

    fn draw(&self, sheet: &mut Sheet, node: &FlowNode, middle: (f64, f64), at: &Measures) {
        let place = Extent::around(middle, self.size);
        let manner = match (node.kind, node.adds_value) {
            (FlowKind::Wait, _) => (Ink::Paper, Ink::Event, at.line * 1.2),
            (_, true) => (Ink::Band, Ink::Improvement, at.line * 2.2),
            (FlowKind::Start | FlowKind::End, _) => (Ink::Grid, Ink::Common, at.line),
            _ => (Ink::Paper, Ink::Common, at.line * 1.2),
        };
        put(sheet, node.kind.shape(), place, at.font, manner);
        let mut y = place.top + at.font * 0.4;
        y = self.head.write(sheet, middle.0, y, Anchor::Middle, Ink::Faint);
        y = self.name.write(sheet, middle.0, y, Anchor::Middle, Ink::Text);
        let ink = if node.adds_value {
            Ink::Improvement
        } else {
            Ink::Faint
        };
        self.foot.write(sheet, middle.0, y, Anchor::Middle, ink);
    }
}

/// What stands at a way.
fn label(way: &FlowWay) -> String {
    let share = way.share.map(percent);
    let parts: Vec<String> = way.label.as_deref().map(line).into_iter().chain(share).collect();
    parts.join(", ")
}

fn percent(share: f64) -> String {
    let share = share * 100.0;
    let decimals = u32::from((share - share.round()).abs() > 0.05);
    // They belong on one line.
    format!("{}\u{a0}%", fixed(share, decimals))
}

/// Minutes in the largest unit of which there are more than one.
fn span(minutes: f64) -> String {
    let tidy = |value: f64| {
        let decimals = u32::from((value - value.round()).abs() > 0.05);
        fixed(value, decimals)
    };
    if minutes < 120.0 {
        format!("{} min", tidy(minutes))
    } else if minutes < 2.0 * 1440.0 {
        format!("{} h", tidy(minutes / 60.0))
    } else {
        format!("{} days", tidy(minutes / 1440.0))
    }
}

/// The widest boxes with which the map fits the sheet.
fn fit(map: &ProcessMap, at: &Measures) -> Result<(Vec<Boxed>, Layout), Error> {
    for ems in WIDTHS {
        let tried = lay_out(map, at, ems)?;
        if tried.1.width <= at.room() {
            return Ok(tried);
        }
    }
    lay_out(map, at, OTHERWISE)
}

fn lay_out(map: &ProcessMap, at: &Measures, ems: f64) -> Result<(Vec<Boxed>, Layout), Error> {
    let boxes: Vec<Boxed> = map.nodes.iter().map(|node| Boxed::of(node, at, ems)).collect();
    let sizes: Vec<(f64, f64)> = boxes.iter().map(|of| of.size).collect();
    let links: Vec<Link> = map
        .ways
        .iter()
        .map(|way| {
            let text = label_block(way, at);
            Link {
                from: way.from,
                to: way.to,
                label: if text.lines.is_empty() {
                    (0.0, 0.0)
                } else {
                    (text.width() + at.font * 0.6, text.height())
                },
                span: 1,
            }
        })
        .collect();
    let placed = layout(&sizes, &links, Flow::Down, (at.font * 1.6, at.font * 1.5))?;
    Ok((boxes, placed))
}

/// What stands at a way, in lines.
fn label_block(way: &FlowWay, at: &Measures) -> Block {
    Block::of(&label(way), at.font * 0.85, false, at.font * OTHERWISE)
}

fn draw_ways(sheet: &mut Sheet, at: &Measures, map: &ProcessMap, placed: &Layout, (dx, dy): (f64, f64)) {
    sheet.open("ways");
    let moved = |(x, y): &(f64, f64)| (x + dx, y + dy);
    for (of, (corners, _)) in map.ways.iter().zip(&placed.ways) {
        let corners: Vec<(f64, f64)> = corners.iter().map(moved).collect();
        sheet.path(&way(&corners), Ink::Common, Some(at.line * 1.2));
        head(sheet, &corners, at.font * 0.7, Ink::Common);
        if let (true, [first, second, ..]) = (of.hand_off, corners.as_slice()) {
            let place = ((first.0 * 2.0 + second.0) / 3.0, (first.1 * 2.0 + second.1) / 3.0);
            dot(sheet, place, at.font * 0.28, Ink::Neutral);
        }
    }
    sheet.close();
    for (of, (_, middle)) in map.ways.iter().zip(&placed.ways) {
        let small = at.font * 0.85;
        let block = label_block(of, at);
        let (x, y) = moved(middle);
        let mut top = y - block.height() / 2.0;
        for text in &block.lines {
            top += small * 1.3;
            let words = Words::of(small, Ink::Text).anchor(Anchor::Middle).halo();
            sheet.text((x, top - small * 0.32), words, text);
        }
    }
}

/// A shape, and how it is drawn.
type Sample = (Shape, (Ink, Ink, f64));

/// What shapes and signs mean, of those that the map has.
fn legend(sheet: &mut Sheet, at: &Measures, top: f64, map: &ProcessMap) -> f64 {
    let has = |kind: FlowKind| map.nodes.iter().any(|node| node.kind == kind);
    let plain = (Ink::Paper, Ink::Common, at.line * 1.2);
    let mut items: Vec<(Option<Sample>, &str)> = Vec::new();
    if map.nodes.iter().any(|node| node.adds_value) {
        let manner = (Ink::Band, Ink::Improvement, at.line * 2.2);
        items.push((Some((Shape::Plain, manner)), "◆ worth something to the patient"));
    }
    if has(FlowKind::Decision) {
        items.push((Some((Shape::Pointed, plain)), "decision"));
    }
    if has(FlowKind::Wait) {
        items.push((
            Some((Shape::Plain, (Ink::Paper, Ink::Event, at.line * 1.2))),
            "wait",
        ));
    }
    if has(FlowKind::HandOff) {
        items.push((Some((Shape::Leaning, plain)), "hand-off"));
    }
    if map.ways.iter().any(|way| way.hand_off) {
        items.push((None, "into other hands"));
    }
    if items.is_empty() {
        return top;
    }
    let (side, small) = (at.font * 2.4, at.font * 0.9);
    let (mut x, mut y) = (at.pad, top + at.font * 0.9);
    for (shape, words) in items {
        let room = width(words, small, false);
        if x > at.pad && x + side + at.font * 0.5 + room > at.width - at.pad {
            x = at.pad;
            y += at.leading() * 1.2;
        }
        let place = Extent {
            left: x,
            top: y,
            width: side,
            height: at.font,
        };
        match shape {
            Some((shape, manner)) => put(sheet, shape, place, at.font * 0.5, manner),
            None => {
                let line = [(x, y + at.font / 2.0), (x + side, y + at.font / 2.0)];
                sheet.path(&way(&line), Ink::Common, Some(at.line * 1.2));
                dot(sheet, place.middle(), at.font * 0.28, Ink::Neutral);
            }
        }
        x += side + at.font * 0.5;
        sheet.text((x, y + at.font * 0.85), Words::of(small, Ink::Faint), words);
        x += room + at.font * 1.4;
    }
    y + at.leading()
}

fn describe(map: &ProcessMap) -> String {
    let count = |kind: FlowKind, one: &str, many: &str| {
        let n = map.nodes.iter().filter(|node| node.kind == kind).count();
        format!("{n} {}", if n == 1 { one } else { many })
    };
    let mut out = format!(
        "A process map with {}, {}, {} and {}.",
        count(FlowKind::Step, "step", "steps"),
        count(FlowKind::Decision, "decision", "decisions"),
        count(FlowKind::Wait, "wait", "waits"),
        count(FlowKind::HandOff, "hand-off", "hand-offs"),
    );
    for note in &map.heading.notes {
        out.push(' ');
        out.push_str(&line(note));
    }
    out
}

fn table(map: &ProcessMap) -> Table {
    let number = |place: usize| (place + 1).to_string();
    let rows = map
        .nodes
        .iter()
        .enumerate()
        .map(|(place, node)| {
            let on: Vec<String> = map
                .ways
                .iter()
                .filter(|way| way.from == place)
                .map(|way| match label(way) {
                    label if label.is_empty() => number(way.to),
                    label => format!("{} ({label})", number(way.to)),
                })
                .collect();
            vec![
                number(place),
                line(&node.name),
                node.kind.words().to_owned(),
                node.actor.as_deref().map(line).unwrap_or_default(),
                node.minutes.map(span).unwrap_or_default(),
                if node.adds_value {
                    "yes".into()
                } else {
                    String::new()
                },
                on.join(", "),
            ]
        })
        .collect();
    let columns = [
        "Number",
        "What happens",
        "Kind",
        "Who",
        "Time",
        "Adds value",
        "Leads to",
    ];
    Table::of(
        title(&map.heading.title, "Process map"),
        columns.map(str::to_owned).to_vec(),
        rows,
    )
}

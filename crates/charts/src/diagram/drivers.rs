//! Driver diagrams: an aim at the left, what drives it, and what is to be changed at the right.

use super::layers::{Flow, Link, layout};
use super::shapes::{Extent, Shape, put};
use super::{Block, check_parts, notes, sheet_width, way};
use crate::clean::line;
use crate::describe::title;
use crate::frame::{Measures, Verdict, heading};
use crate::ink::Ink;
use crate::model::Heading;
use crate::number::float;
use crate::sheet::{Anchor, Cover, Sheet};
use crate::table::Table;
use crate::{Drawing, Error, Look};

/// From this width of a column on, in ems, there are columns; else what serves something stands beneath it.
const NARROWEST_COLUMN: f64 = 9.0;

/// Where something stands between the aim and what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriverLevel {
    /// Drives the aim.
    Primary,
    /// Drives a primary driver.
    Secondary,
    /// Is to move a driver.
    ChangeIdea,
}

impl DriverLevel {
    const ALL: [Self; 3] = [Self::Primary, Self::Secondary, Self::ChangeIdea];

    fn words(self) -> &'static str {
        match self {
            Self::Primary => "Primary driver",
            Self::Secondary => "Secondary driver",
            Self::ChangeIdea => "Change idea",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Primary => "Primary drivers",
            Self::Secondary => "Secondary drivers",
            Self::ChangeIdea => "Change ideas",
        }
    }

    fn manner(self, at: &Measures) -> (Ink, Ink, f64) {
        match self {
            Self::Primary => (Ink::Band, Ink::Centre, at.line * 1.6),
            Self::Secondary => (Ink::Paper, Ink::Common, at.line * 1.2),
            Self::ChangeIdea => (Ink::Paper, Ink::Event, at.line * 1.2),
        }
    }
}

/// A driver, or an idea for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driver {
    /// Where it stands.
    pub level: DriverLevel,
    /// What it is.
    pub text: String,
    /// The places of what it serves; a primary driver serves the aim.
    pub serves: Vec<usize>,
}

/// What drives an aim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drivers {
    /// Its heading.
    pub heading: Heading,
    /// The aim.
    pub aim: String,
    /// What drives it.
    pub drivers: Vec<Driver>,
}

/// Draws a driver diagram.
pub fn drivers(diagram: &Drivers, look: &Look) -> Result<Drawing, Error> {
    look.check()?;
    check_parts("drivers", diagram.drivers.len())?;
    for driver in &diagram.drivers {
        for served in &driver.serves {
            // Whoever serves what stands nearer to the aim goes round in no circle.
            if diagram
                .drivers
                .get(*served)
                .is_none_or(|of| of.level >= driver.level)
            {
                return Err(Error::Place("a driver"));
            }
        }
    }
    let at = Measures::of(*look);
    let mut sheet = Sheet::new(look.theme);
    let top = heading(&mut sheet, &at, &diagram.heading, &Verdict::default()) + at.font;
    let levels: Vec<DriverLevel> = DriverLevel::ALL
        .into_iter()
        .filter(|level| diagram.drivers.iter().any(|driver| driver.level == *level))
        .collect();
    let between = at.font * 2.6;
    let columns = float(levels.len() + 1);
    let column = (at.room() - between * (columns - 1.0)) / columns;
    let end = if column >= at.font * NARROWEST_COLUMN {
        beside(&mut sheet, &at, diagram, top, &levels, (column, between))?
    } else {
        beneath(&mut sheet, &at, diagram, top)
    };
    let end = notes(&mut sheet, &at, end, &diagram.heading) + at.pad;
    Ok(sheet.finish(Cover {
        width: sheet_width(&at, 0.0),
        height: end,
        title: title(&diagram.heading.title, "Driver diagram"),
        description: describe(diagram),
        table: table(diagram),
    }))
}

/// In columns beside each other; answers where they end.
fn beside(
    sheet: &mut Sheet,
    at: &Measures,
    diagram: &Drivers,
    top: f64,
    levels: &[DriverLevel],
    (column, between): (f64, f64),
) -> Result<f64, Error> {
    let room = column - at.font * 1.2;
    let place_of = |level: DriverLevel| 1 + levels.iter().position(|of| *of == level).unwrap_or(0);
    // The aim is the first box, drivers follow.
    let aim = Block::of(&diagram.aim, at.font * 1.05, true, room);
    let texts: Vec<Block> = std::iter::once(aim)
        .chain(
            diagram
                .drivers
                .iter()
                .map(|driver| Block::of(&driver.text, at.font, false, room)),
        )
        .collect();
    let sizes: Vec<(f64, f64)> = texts
        .iter()
        .map(|text| (column, text.height() + at.font * 0.9))
        .collect();
    let mut links = Vec::new();
    for (n, driver) in diagram.drivers.iter().enumerate() {
        let here = place_of(driver.level);
        let mut link = |from: usize, depth: usize| {
            links.push(Link {
                from,
                to: n + 1,
                label: (0.0, 0.0),
                span: i32::try_from(here - depth).unwrap_or(1).max(1),
            });
        };
        if driver.serves.is_empty() {
            link(0, 0);
        }
        for served in &driver.serves {
            link(served + 1, place_of(diagram.drivers[*served].level));
        }
    }
    let placed = layout(&sizes, &links, Flow::Right, (at.font * 0.8, between))?;

    let mut y = top;
    let left_of = |column_at: usize| at.pad + float(column_at) * (column + between);
    let heads = std::iter::once("Aim").chain(levels.iter().map(|level| level.plural()));
    for (n, words) in heads.enumerate() {
        let block = Block::of(words, at.font * 0.9, true, column);
        y = y.max(block.write(sheet, left_of(n), top, Anchor::Start, Ink::Faint));
    }
    y += at.font * 0.6;
    let depth = |n: usize| {
        if n == 0 {
            0
        } else {
            place_of(diagram.drivers[n - 1].level)
        }
    };
    let extents: Vec<Extent> = placed
        .boxes
        .iter()
        .enumerate()
        .map(|(n, (_, middle))| Extent {
            left: left_of(depth(n)),
            top: y + middle - sizes[n].1 / 2.0,
            width: column,
            height: sizes[n].1,
        })
        .collect();
    sheet.open("ways");
    for (link, (corners, _)) in links.iter().zip(&placed.ways) {
        let (from, to) = (&extents[link.from], &extents[link.to]);
        let mut places = vec![(from.right(), from.middle().1)];
        // Past the columns between, where the layout left room for it.
        for between in depth(link.from) + 1..depth(link.to) {
            let near = left_of(between) + column / 2.0;
            let scale = |x: f64| x / placed.width.max(1.0) * (at.room());
            let height = corners
                .iter()
                .min_by(|one, other| {
                    (scale(one.0) + at.pad - near)
                        .abs()
                        .total_cmp(&(scale(other.0) + at.pad - near).abs())
                })
                .map_or(from.middle().1, |corner| y + corner.1);
            places.extend([(left_of(between), height), (left_of(between) + column, height)]);
        }
        places.push((to.left, to.middle().1));
        sheet.path(&way(&places), Ink::Values, Some(at.line * 1.2));
    }
    sheet.close();
    for (n, (extent, text)) in extents.iter().zip(&texts).enumerate() {
        let manner = match n.checked_sub(1).and_then(|n| diagram.drivers.get(n)) {
            None => (Ink::Band, Ink::Improvement, at.line * 2.2),
            Some(driver) => driver.level.manner(at),
        };
        put(sheet, Shape::Plain, *extent, at.font, manner);
        text.write(
            sheet,
            extent.left + at.font * 0.6,
            extent.top + at.font * 0.45,
            Anchor::Start,
            Ink::Text,
        );
    }
    Ok(extents.iter().map(Extent::bottom).fold(y, f64::max) + at.font * 0.6)
}

/// What serves something beneath it, for sheets that are narrow; answers where it ends.
fn beneath(sheet: &mut Sheet, at: &Measures, diagram: &Drivers, top: f64) -> f64 {
    let aim = Block::of(&diagram.aim, at.font * 1.05, true, at.room() - at.font * 1.2);
    let place = Extent {
        left: at.pad,
        top,
        width: at.room(),
        height: aim.height() + at.font * 0.9,
    };
    put(
        sheet,
        Shape::Plain,
        place,
        at.font,
        (Ink::Band, Ink::Improvement, at.line * 2.2),
    );
    aim.write(
        sheet,
        at.pad + at.font * 0.6,
        top + at.font * 0.45,
        Anchor::Start,
        Ink::Text,
    );
    let mut y = place.bottom() + at.font * 0.6;
    for (number, depth) in order(diagram) {
        let driver = &diagram.drivers[number];
        let left = at.pad + float(depth + 1) * at.font * 1.2;
        let room = at.width - at.pad - left - at.font * 1.2;
        let also: Vec<String> = driver.serves.iter().skip(1).map(|n| name(diagram, *n)).collect();
        let mut head = name(diagram, number);
        if !also.is_empty() {
            head = format!("{head}, also serves {}", also.join(", "));
        }
        let head = Block::of(&head, at.font * 0.85, true, room);
        let text = Block::of(&driver.text, at.font, false, room);
        let extent = Extent {
            left,
            top: y,
            width: at.width - at.pad - left,
            height: head.height() + text.height() + at.font * 0.8,
        };
        let middle = extent.middle().1;
        sheet.path(
            &way(&[(left - at.font * 0.7, middle), (left, middle)]),
            Ink::Values,
            Some(at.line * 1.2),
        );
        put(sheet, Shape::Plain, extent, at.font, driver.level.manner(at));
        let x = left + at.font * 0.6;
        let below = head.write(sheet, x, y + at.font * 0.35, Anchor::Start, Ink::Faint);
        text.write(sheet, x, below, Anchor::Start, Ink::Text);
        y = extent.bottom() + at.font * 0.5;
    }
    y
}

/// A driver's short name: its level and which of them it is.
fn name(diagram: &Drivers, place: usize) -> String {
    let level = diagram.drivers[place].level;
    let number = diagram.drivers[..=place]
        .iter()
        .filter(|of| of.level == level)
        .count();
    format!("{} {number}", level.words())
}

/// Every driver beneath the first that it serves, with its depth.
fn order(diagram: &Drivers) -> Vec<(usize, usize)> {
    fn walk(diagram: &Drivers, under: Option<usize>, depth: usize, out: &mut Vec<(usize, usize)>) {
        for (n, driver) in diagram.drivers.iter().enumerate() {
            if driver.serves.first().copied() == under {
                out.push((n, depth));
                walk(diagram, Some(n), depth + 1, out);
            }
        }
    }
    let mut out = Vec::new();
    walk(diagram, None, 0, &mut out);
    out
}

fn describe(diagram: &Drivers) -> String {
    let count = |level: DriverLevel| diagram.drivers.iter().filter(|of| of.level == level).count();
    let parts: Vec<String> = DriverLevel::ALL
        .into_iter()
        .map(|level| match count(level) {
            1 => format!("1 {}", level.words().to_lowercase()),
            n => format!("{n} {}", level.plural().to_lowercase()),
        })
        .collect();
    let mut out = format!(
        "A driver diagram of “{}”: {}.",
        line(&diagram.aim),
        parts.join(", ")
    );
    for note in &diagram.heading.notes {
        out.push(' ');
        out.push_str(&line(note));
    }
    out
}

fn table(diagram: &Drivers) -> Table {
    let rows = diagram
        .drivers
        .iter()
        .enumerate()
        .map(|(place, driver)| {
            let serves: Vec<String> = driver
                .serves
                .iter()
                .map(|served| name(diagram, *served))
                .collect();
            let serves = if serves.is_empty() {
                "the aim".to_owned()
            } else {
                serves.join(", ")
            };
            vec![name(diagram, place), line(&driver.text), serves]
        })
        .collect();
    let columns = ["Driver", "What it is", "Serves"];
    Table::of(
        title(&diagram.heading.title, "Driver diagram"),
        columns.map(str::to_owned).to_vec(),
        rows,
    )
}

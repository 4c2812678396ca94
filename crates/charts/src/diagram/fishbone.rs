//! Fishbones: categories as bones at a spine that leads to the effect, causes at the bones.

use super::shapes::{Extent, Shape, head, put};
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

/// From this width of a column on, in ems, bones stand at both sides of a spine that lies; else it stands upright.
const NARROWEST_BONE: f64 = 13.0;

/// A cause, and the causes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// What it is.
    pub text: String,
    /// What it arises from.
    pub causes: Vec<Cause>,
}

/// A category of causes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bone {
    /// What it is called.
    pub name: String,
    /// The causes in it.
    pub causes: Vec<Cause>,
}

/// Why a problem arises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fishbone {
    /// Its heading.
    pub heading: Heading,
    /// The problem.
    pub effect: String,
    /// The categories.
    pub bones: Vec<Bone>,
}

/// A cause in lines, and how deep it stands.
struct Entry {
    depth: usize,
    text: Block,
}

impl Entry {
    fn height(&self) -> f64 {
        self.text.height() + self.text.size * 0.45
    }
}

fn indent(depth: usize, at: &Measures) -> f64 {
    float(depth) * at.font * 1.1
}

/// The causes of a bone in the order in which they are read.
fn entries(bone: &Bone, at: &Measures, room: f64) -> Vec<Entry> {
    fn walk(causes: &[Cause], depth: usize, at: &Measures, room: f64, out: &mut Vec<Entry>) {
        for cause in causes {
            let size = if depth == 0 { at.font } else { at.font * 0.88 };
            let text = Block::of(
                &cause.text,
                size,
                false,
                (room - indent(depth, at)).max(at.font * 3.0),
            );
            out.push(Entry { depth, text });
            walk(&cause.causes, depth + 1, at, room, out);
        }
    }
    let mut out = Vec::new();
    walk(&bone.causes, 0, at, room, &mut out);
    out
}

fn count(causes: &[Cause]) -> usize {
    causes.iter().map(|cause| 1 + count(&cause.causes)).sum()
}

/// Draws a fishbone.
pub fn fishbone(fish: &Fishbone, look: &Look) -> Result<Drawing, Error> {
    look.check()?;
    check_parts("categories", fish.bones.len())?;
    check_parts("causes", fish.bones.iter().map(|bone| count(&bone.causes)).sum())?;
    let at = Measures::of(*look);
    let mut sheet = Sheet::new(look.theme);
    let top = heading(&mut sheet, &at, &fish.heading, &Verdict::default()) + at.font;
    let columns = fish.bones.len().div_ceil(2).max(1);
    let face = at.font * if at.is_wide { 13.0 } else { 0.0 };
    let column = (at.room() - face) / float(columns);
    let end = if column >= at.font * NARROWEST_BONE {
        lying(&mut sheet, &at, fish, top, (column, face))
    } else {
        upright(&mut sheet, &at, fish, top)
    };
    let end = notes(&mut sheet, &at, end, &fish.heading) + at.pad;
    Ok(sheet.finish(Cover {
        width: sheet_width(&at, 0.0),
        height: end,
        title: title(&fish.heading.title, "Fishbone"),
        description: describe(fish),
        table: table(fish),
    }))
}

/// The spine lies, and bones stand above and beneath it; answers where it ends.
fn lying(sheet: &mut Sheet, at: &Measures, fish: &Fishbone, top: f64, (column, face): (f64, f64)) -> f64 {
    let slant = at.font * 2.6;
    let gap = at.font * 1.2;
    let room = column - slant - gap;
    let sides: Vec<(Block, Vec<Entry>)> = fish
        .bones
        .iter()
        .map(|bone| {
            let name = Block::of(&bone.name, at.font, true, column - gap);
            (name, entries(bone, at, room))
        })
        .collect();
    let height = |(name, entries): &(Block, Vec<Entry>)| {
        name.height() + at.font * 1.4 + entries.iter().map(Entry::height).sum::<f64>()
    };
    let tallest = |above: bool| {
        let of_side = sides.iter().enumerate().filter(|(n, _)| (n % 2 == 0) == above);
        of_side
            .map(|(_, side)| height(side))
            .fold(at.font * 3.0, f64::max)
    };
    let effect = Block::of(&fish.effect, at.font * 1.1, true, face - at.font * 1.6);
    let box_height = effect.height() + at.font * 1.2;
    let above = tallest(true).max(box_height / 2.0);
    let spine = top + above;
    let beneath = tallest(false).max(box_height / 2.0);

    let face_left = at.width - at.pad - face + at.font * 0.6;
    let line = [(at.pad, spine), (face_left, spine)];
    sheet.path(&way(&line), Ink::Centre, Some(at.line * 3.0));
    head(sheet, &line, at.font * 1.1, Ink::Centre);
    let place = Extent {
        left: face_left,
        top: spine - box_height / 2.0,
        width: at.width - at.pad - face_left,
        height: box_height,
    };
    put(
        sheet,
        Shape::Plain,
        place,
        at.font,
        (Ink::Band, Ink::Concern, at.line * 2.2),
    );
    let text_top = place.top + at.font * 0.6;
    effect.write(sheet, place.middle().0, text_top, Anchor::Middle, Ink::Text);

    for (n, side) in sides.iter().enumerate() {
        let left = at.pad + float(n / 2) * column;
        let (foot, tip) = (left + column - gap * 0.5, left + column - gap * 0.5 - slant);
        let (name, entries) = side;
        let reach = height(side);
        let far = if n % 2 == 0 { spine - reach } else { spine + reach };
        let name_height = name.height();
        // The name stands at the far end, the bone leads from it to the spine.
        let (name_top, bone_far) = if n % 2 == 0 {
            (far, far + name_height + at.font * 0.2)
        } else {
            (far - name_height, far - name_height - at.font * 0.2)
        };
        let bone = [(tip, bone_far), (foot, spine)];
        sheet.path(&way(&bone), Ink::Centre, Some(at.line * 2.0));
        name.write(sheet, left, name_top, Anchor::Start, Ink::Improvement);
        let mut y = if n % 2 == 0 {
            bone_far + at.font * 0.4
        } else {
            spine + at.font * 0.6
        };
        for entry in entries {
            let x = left + indent(entry.depth, at);
            let end = entry.text.write(sheet, x, y, Anchor::Start, ink(entry.depth));
            let share = (end - bone_far) / (spine - bone_far);
            let to = if entry.depth == 0 {
                tip + slant * share
            } else {
                x + entry.text.width()
            };
            let under = [(x, end + at.font * 0.1), (to, end + at.font * 0.1)];
            let manner = if entry.depth == 0 { Ink::Common } else { Ink::Grid };
            sheet.path(&way(&under), manner, Some(at.line));
            y += entry.height();
        }
    }
    spine + beneath + at.font * 0.6
}

fn ink(depth: usize) -> Ink {
    if depth == 0 { Ink::Text } else { Ink::Faint }
}

/// The spine stands upright, for sheets that are narrow; answers where it ends.
fn upright(sheet: &mut Sheet, at: &Measures, fish: &Fishbone, top: f64) -> f64 {
    let effect = Block::of(&fish.effect, at.font * 1.1, true, at.room() - at.font * 1.6);
    let place = Extent {
        left: at.pad,
        top,
        width: at.room(),
        height: effect.height() + at.font * 1.2,
    };
    put(
        sheet,
        Shape::Plain,
        place,
        at.font,
        (Ink::Band, Ink::Concern, at.line * 2.2),
    );
    effect.write(
        sheet,
        place.middle().0,
        top + at.font * 0.6,
        Anchor::Middle,
        Ink::Text,
    );
    let spine = at.pad + at.font * 0.8;
    let left = spine + at.font * 1.6;
    let mut y = place.bottom() + at.font;
    let mut last = y;
    for bone in &fish.bones {
        let name = Block::of(&bone.name, at.font, true, at.width - at.pad - left);
        let middle = y + at.font * 0.75;
        let stub = [(spine, middle), (left - at.font * 0.4, middle)];
        sheet.path(&way(&stub), Ink::Centre, Some(at.line * 2.0));
        last = middle;
        y = name.write(sheet, left, y, Anchor::Start, Ink::Improvement) + at.font * 0.2;
        for entry in entries(bone, at, at.width - at.pad - left - at.font * 1.4) {
            let x = left + at.font * 1.4 + indent(entry.depth, at);
            let middle = y + entry.text.size * 0.75;
            let stub = [(x - at.font * 1.1, middle), (x - at.font * 0.3, middle)];
            sheet.path(&way(&stub), Ink::Common, Some(at.line));
            entry.text.write(sheet, x, y, Anchor::Start, ink(entry.depth));
            y += entry.height();
        }
        y += at.font * 0.8;
    }
    let line = [(spine, last), (spine, place.bottom())];
    sheet.path(&way(&line), Ink::Centre, Some(at.line * 3.0));
    y
}

fn describe(fish: &Fishbone) -> String {
    let causes: usize = fish.bones.iter().map(|bone| count(&bone.causes)).sum();
    let names: Vec<String> = fish.bones.iter().map(|bone| line(&bone.name)).collect();
    let mut out = format!(
        "A fishbone: {} possible causes of “{}”, in these categories: {}.",
        causes,
        line(&fish.effect),
        names.join(", ")
    );
    for note in &fish.heading.notes {
        out.push(' ');
        out.push_str(&line(note));
    }
    out
}

fn table(fish: &Fishbone) -> Table {
    fn walk(bone: &str, above: &str, causes: &[Cause], rows: &mut Vec<Vec<String>>) {
        for cause in causes {
            let text = line(&cause.text);
            rows.push(vec![bone.to_owned(), text.clone(), above.to_owned()]);
            walk(bone, &text, &cause.causes, rows);
        }
    }
    let mut rows = Vec::new();
    for bone in &fish.bones {
        let name = line(&bone.name);
        if bone.causes.is_empty() {
            rows.push(vec![name, String::new(), String::new()]);
        } else {
            walk(&name, "", &bone.causes, &mut rows);
        }
    }
    let columns = ["Category", "Cause", "Which leads to"];
    Table::of(
        title(&fish.heading.title, "Fishbone"),
        columns.map(str::to_owned).to_vec(),
        rows,
    )
}

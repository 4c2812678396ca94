//! A drawing as a reader of XML sees it.

use roxmltree::{Document, Node};
use spiral_charts::text_width;

/// A rectangle: left, top, right, bottom.
pub type Extent = (f64, f64, f64, f64);

/// A text and where it is, by estimated widths.
pub struct Written {
    pub text: String,
    pub extent: Extent,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {:?}", self.text, self.extent)
    }
}

/// What of a drawing is somewhere.
#[derive(Debug, Default)]
pub struct Page {
    pub width: f64,
    pub height: f64,
    pub texts: Vec<Written>,
    /// Corners of paths and rectangles.
    pub corners: Vec<(f64, f64)>,
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).map_or(0.0, |text| text.parse().unwrap())
}

/// Reads a drawing; fails where it is no XML, or has a number that is none.
pub fn read(svg: &str) -> Page {
    let document = Document::parse(svg).unwrap();
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|part| part.parse().unwrap())
        .collect();
    let mut page = Page {
        width: view[2],
        height: view[3],
        ..Page::default()
    };
    for node in document.descendants() {
        for attribute in node.attributes() {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{attribute:?}");
        }
        match node.tag_name().name() {
            "text" => {
                let (x, y, size) = (number(&node, "x"), number(&node, "y"), number(&node, "font-size"));
                let text = node.text().unwrap_or_default().to_owned();
                let wide = text_width(&text, size, node.has_attribute("font-weight"));
                let left = match node.attribute("text-anchor") {
                    Some("middle") => x - wide / 2.0,
                    Some("end") => x - wide,
                    _ => x,
                };
                page.texts.push(Written {
                    text,
                    extent: (left, y - size * 0.75, left + wide, y + size * 0.2),
                });
            }
            "path" => corners(node.attribute("d").unwrap(), &mut page.corners),
            "rect" => {
                let (x, y) = (number(&node, "x"), number(&node, "y"));
                page.corners.push((x, y));
                page.corners
                    .push((x + number(&node, "width"), y + number(&node, "height")));
            }
            _ => {}
        }
    }
    page
}

/// The corners of a path of M, L, Z and relative arcs.
fn corners(path: &str, out: &mut Vec<(f64, f64)>) {
    let mut here = (0.0, 0.0);
    let starts: Vec<usize> = path
        .char_indices()
        .filter(|(_, letter)| letter.is_ascii_alphabetic())
        .map(|(at, _)| at)
        .collect();
    for (place, &start) in starts.iter().enumerate() {
        let end = starts.get(place + 1).copied().unwrap_or(path.len());
        let spaced = path[start + 1..end].replace('-', " -");
        let numbers: Vec<f64> = spaced
            .split_whitespace()
            .map(|part| part.parse().unwrap())
            .collect();
        match &path[start..=start] {
            "M" | "L" => here = (numbers[0], numbers[1]),
            "a" => {
                let radius = numbers[0];
                let middle = here.0 + numbers[5] / 2.0;
                out.push((middle - radius, here.1 - radius));
                out.push((middle + radius, here.1 + radius));
                here = (here.0 + numbers[5], here.1 + numbers[6]);
            }
            "Z" => continue,
            other => panic!("{other} is not drawn by this crate"),
        }
        out.push(here);
    }
}

impl Page {
    /// Fails where something lies beyond the edges.
    pub fn holds_everything(&self) {
        let inside =
            |x: f64, y: f64| x >= -0.06 && y >= -0.06 && x <= self.width + 0.06 && y <= self.height + 0.06;
        for &(x, y) in &self.corners {
            assert!(
                inside(x, y),
                "a corner at {x} {y} beyond {} x {}",
                self.width,
                self.height
            );
        }
        for written in &self.texts {
            let (left, top, right, bottom) = written.extent;
            assert!(
                inside(left, top) && inside(right, bottom),
                "{written:?} beyond {} x {}",
                self.width,
                self.height
            );
        }
    }

    /// Fails where two texts meet.
    pub fn keeps_texts_apart(&self) {
        for (at, one) in self.texts.iter().enumerate() {
            for other in &self.texts[at + 1..] {
                let (a, b) = (one.extent, other.extent);
                let meet = a.0 < b.2 - 0.1 && b.0 < a.2 - 0.1 && a.1 < b.3 - 0.1 && b.1 < a.3 - 0.1;
                assert!(!meet, "{one:?} meets {other:?}");
            }
        }
    }
}

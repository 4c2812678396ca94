//! Where boxes and the ways between them stand, found by `dagre`.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use crate::Error;

/// A way from one box to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    /// How large its label is.
    pub label: (f64, f64),
    /// How many layers it spans at least.
    pub span: i32,
}

/// Whether layers follow each other downwards or to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Down,
    Right,
}

/// The corners of a way, and the middle of its label.
pub(super) type Way = (Vec<(f64, f64)>, (f64, f64));

/// What stands where.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The middle of each box.
    pub boxes: Vec<(f64, f64)>,
    /// The corners of each way, and the middle of its label.
    pub ways: Vec<Way>,
    pub width: f64,
    pub height: f64,
}

fn name(n: usize) -> String {
    format!("n{n:04}")
}

/// Lays out boxes of these sizes, `gap` apart beside each other and `step` from layer to layer.
pub(super) fn layout(
    sizes: &[(f64, f64)],
    links: &[Link],
    flow: Flow,
    (gap, step): (f64, f64),
) -> Result<Layout, Error> {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
        directed: true,
        // Turning a way round for a moment must not run into the one that leads back.
        multigraph: true,
        compound: false,
    });
    for (n, (width, height)) in sizes.iter().enumerate() {
        let label = NodeLabel {
            width: *width,
            height: *height,
            ..NodeLabel::default()
        };
        graph.set_node(name(n), Some(label));
    }
    for link in links {
        let label = EdgeLabel {
            width: link.label.0,
            height: link.label.1,
            minlen: link.span,
            labelpos: dagre::layout::types::LabelPos::Center,
            ..EdgeLabel::default()
        };
        graph.set_edge(name(link.from), name(link.to), Some(label), None);
    }
    let options = LayoutOptions {
        rankdir: if flow == Flow::Down {
            RankDir::TB
        } else {
            RankDir::LR
        },
        nodesep: gap,
        edgesep: gap * 0.6,
        ranksep: step,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    read(&graph, sizes, links, flow)
        .ok_or_else(|| Error::Drawing("a part of the diagram was not placed".into()))
}

fn read(
    graph: &Graph<NodeLabel, EdgeLabel>,
    sizes: &[(f64, f64)],
    links: &[Link],
    flow: Flow,
) -> Option<Layout> {
    let mut out = Layout::default();
    for n in 0..sizes.len() {
        let label = graph.node(&name(n))?;
        out.boxes.push((label.x?, label.y?));
    }
    for link in links {
        let label = graph.edge(&name(link.from), &name(link.to), None)?;
        let corners: Vec<(f64, f64)> = label.points.iter().map(|point| (point.x, point.y)).collect();
        let middle = corners.get(corners.len() / 2).copied()?;
        out.ways.push((
            corners,
            (label.x.unwrap_or(middle.0), label.y.unwrap_or(middle.1)),
        ));
    }
    if flow == Flow::Right {
        // The first comes to stand lowest there, and is read first.
        out.turn();
    }
    out.settle(sizes, links);
    Some(out)
}

impl Layout {
    /// Everything upside down.
    fn turn(&mut self) {
        let ways = self.ways.iter_mut();
        let corners = ways.flat_map(|(corners, label)| corners.iter_mut().chain(std::iter::once(label)));
        for (_, y) in self.boxes.iter_mut().chain(corners) {
            *y = -*y;
        }
    }

    /// Moves everything so that it begins at the corner, ways and labels included.
    fn settle(&mut self, sizes: &[(f64, f64)], links: &[Link]) {
        let (mut left, mut top, mut right, mut bottom) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
        let mut take = |(x, y): (f64, f64), (width, height): (f64, f64)| {
            left = left.min(x - width / 2.0);
            top = top.min(y - height / 2.0);
            right = right.max(x + width / 2.0);
            bottom = bottom.max(y + height / 2.0);
        };
        for (place, size) in self.boxes.iter().zip(sizes) {
            take(*place, *size);
        }
        for ((corners, label), link) in self.ways.iter().zip(links) {
            for corner in corners {
                take(*corner, (2.0, 2.0));
            }
            take(*label, link.label);
        }
        let places = self.boxes.iter_mut();
        let ways = self.ways.iter_mut();
        let corners = ways.flat_map(|(corners, label)| corners.iter_mut().chain(std::iter::once(label)));
        for (x, y) in places.chain(corners) {
            *x -= left;
            *y -= top;
        }
        self.width = right - left;
        self.height = bottom - top;
    }
}

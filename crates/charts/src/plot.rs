//! Lines and points of a series within its frame: the same on a whole sheet and in a small chart.

use std::collections::BTreeSet;

use crate::Error;
use crate::axis::{Frame, Plane};
use crate::ink::Ink;
use crate::marks::{Mark, Tone};
use crate::model::{Bounds, Point, Series};
use crate::number::float;
use crate::scale::Scale;

/// Points closer than this have no dots of their own; special causes keep their signs.
const CLOSE: f64 = 2.2;

/// How thick everything is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// The largest sign.
    pub mark: f64,
    /// A thin line.
    pub line: f64,
    /// Whether inner limits and phases are drawn.
    pub is_full: bool,
}

/// What the vertical axis of these charts spans.
pub(crate) fn scale(charts: &[&Series], most_ticks: usize) -> Scale {
    let mut values = Vec::new();
    let mut lines = Vec::new();
    let mut bounds = Bounds::default();
    for chart in charts {
        values.extend(chart.points.iter().filter_map(|point| point.value));
        lines.extend(
            chart
                .points
                .iter()
                .flat_map(|point| point.limits.both())
                .flatten(),
        );
        lines.extend(chart.phases.iter().filter_map(|phase| phase.centre));
        lines.extend(chart.points.iter().filter_map(|point| point.target));
        bounds = chart.bounds;
    }
    Scale::of(&values, &lines, bounds, most_ticks)
}

/// A figure of a point.
type Pick = fn(&Point) -> Option<f64>;

/// Draws what everything else lies on: the room between the limits, and the lines of the axes.
pub(crate) fn ground(plane: &Plane<'_>, chart: &Series, weight: Weight) -> Result<(), Error> {
    for (start, end) in phases(chart) {
        for shape in band(&chart.points[start..end], start) {
            plane.shape(shape, Ink::Band)?;
        }
    }
    plane.mesh(weight.line * 0.7)
}

/// Draws lines and points; answers which signs there are.
pub(crate) fn draw(
    plane: &Plane<'_>,
    frame: &Frame,
    chart: &Series,
    weight: Weight,
) -> Result<BTreeSet<Mark>, Error> {
    let count = float(chart.points.len());
    // Six hundred months on a phone are a band of ink unless their line gets thinner.
    let apart = (frame.rect.right - frame.rect.left) / count;
    let fine = (apart / 5.0).clamp(0.4, 1.0);
    let lines: [(Pick, Ink, f64); 4] = [
        (|point| point.near.lower, Ink::Near, 0.9),
        (|point| point.near.upper, Ink::Near, 0.9),
        (|point| point.limits.lower, Ink::Limit, 1.2),
        (|point| point.limits.upper, Ink::Limit, 1.2),
    ];
    for (pick, ink, thick) in lines {
        if ink == Ink::Near && !weight.is_full {
            continue;
        }
        for (start, end) in phases(chart) {
            for line in steps(&chart.points[start..end], start, pick) {
                let thin = if line.len() > 2 { fine } else { 1.0 };
                plane.path(line, ink, weight.line * thick * thin)?;
            }
        }
    }
    for ((start, end), phase) in phases(chart).zip(&chart.phases) {
        if let Some(centre) = phase.centre {
            let ends = [start, end].map(|at| (float(at) - 0.5, centre));
            plane.path(ends.to_vec(), Ink::Centre, weight.line * 1.2)?;
        }
    }
    for line in steps(&chart.points, 0, |point| point.target) {
        plane.path(line, Ink::Target, weight.line * 1.5)?;
    }
    if weight.is_full {
        for phase in &chart.phases[1..] {
            let at = float(phase.start) - 0.5;
            plane.path(
                vec![(at, frame.y.low), (at, frame.y.high)],
                Ink::Event,
                weight.line,
            )?;
        }
    }
    for run in stretches(&chart.points, |point| point.value) {
        let places = run.into_iter().map(|(at, value)| (float(at), value)).collect();
        plane.path(places, Ink::Values, weight.line * 1.4 * fine)?;
    }
    signs(plane, frame, chart, weight)
}

/// Every point's sign, the plain ones first.
fn signs(plane: &Plane<'_>, frame: &Frame, chart: &Series, weight: Weight) -> Result<BTreeSet<Mark>, Error> {
    let apart = (frame.rect.right - frame.rect.left) / float(chart.points.len());
    let plain = (apart * 0.36).clamp(weight.mark * 0.4, weight.mark);
    let special = (apart * 0.5).clamp(weight.mark * 0.5, weight.mark);
    let mut found = BTreeSet::new();
    let mut placed: Vec<(Mark, f64, f64)> = Vec::new();
    for (at, point) in chart.points.iter().enumerate() {
        let (mark, row) = match point.value {
            Some(value) if value > frame.y.high => (Mark::Above(Tone::of(point)), frame.y.high),
            Some(value) if value < frame.y.low => (Mark::Below(Tone::of(point)), frame.y.low),
            Some(value) => (Mark::of(point), value),
            None => (Mark::Missing, frame.y.low),
        };
        found.insert(mark);
        if apart >= CLOSE || mark.is_special() {
            placed.push((mark, float(at), row));
        }
    }
    // Neighbours of a kind become one path; what is special lies on top.
    placed.sort_by_key(|(mark, ..)| *mark);
    for (mark, at, row) in placed {
        plane.mark((at, row), mark, if mark.is_special() { special } else { plain })?;
    }
    Ok(found)
}

/// The first point and the end of each phase.
fn phases(chart: &Series) -> impl Iterator<Item = (usize, usize)> + '_ {
    let ends = chart.phases.iter().skip(1).map(|phase| phase.start);
    chart
        .phases
        .iter()
        .map(|phase| phase.start)
        .zip(ends.chain([chart.points.len()]))
}

/// Stretches of points that have this figure, with their places.
fn stretches(points: &[Point], pick: impl Fn(&Point) -> Option<f64>) -> Vec<Vec<(usize, f64)>> {
    let mut out = Vec::new();
    let mut open = Vec::new();
    for (at, point) in points.iter().enumerate() {
        match pick(point) {
            Some(value) => open.push((at, value)),
            None if open.is_empty() => {}
            None => out.push(std::mem::take(&mut open)),
        }
    }
    out.push(open);
    out.retain(|stretch: &Vec<_>| !stretch.is_empty());
    out
}

/// A figure as a line of steps, each half a place to both sides; equal neighbours are one step.
fn staircase(stretch: &[(usize, f64)], start: usize) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for &(at, value) in stretch {
        let (from, to) = (float(start + at) - 0.5, float(start + at) + 0.5);
        match &mut out[..] {
            [.., last] if last.1.to_bits() == value.to_bits() => last.0 = to,
            _ => out.extend([(from, value), (to, value)]),
        }
    }
    out
}

fn steps(points: &[Point], start: usize, pick: impl Fn(&Point) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
    stretches(points, pick)
        .iter()
        .map(|stretch| staircase(stretch, start))
        .collect()
}

/// The shapes between both limits.
fn band(points: &[Point], start: usize) -> Vec<Vec<(f64, f64)>> {
    let both = |point: &Point| Some((point.limits.lower?, point.limits.upper?));
    let mut out = Vec::new();
    for stretch in stretches(points, |point| both(point).map(|(_, upper)| upper)) {
        let lower: Vec<(usize, f64)> = stretch
            .iter()
            .filter_map(|&(at, _)| Some((at, points.get(at)?.limits.lower?)))
            .collect();
        let mut shape = staircase(&stretch, start);
        shape.extend(staircase(&lower, start).into_iter().rev());
        out.push(shape);
    }
    out
}

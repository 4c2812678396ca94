//! The rules over the rows of one phase.

use super::{Centre, Counts, Direction, Fired, Point, Rule, Side, Signal, Variation};

/// So many points make a trend or a shift.
const RUN: usize = 7;

/// Appends the points of one phase and counts what they say.
pub(super) fn judge(
    rows: &[Option<f64>],
    phase: usize,
    centre: &Centre,
    direction: Direction,
    points: &mut Vec<Point>,
) -> Counts {
    let first = points.len();
    points.extend(rows.iter().map(|&value| place(value, phase, centre)));
    let points = &mut points[first..];
    // From the lowest precedence to the highest, so that the last to write is the one that counts.
    shifts(points);
    two_of_three(points);
    trends(points);
    beyond(points);
    let mut counts = Counts::default();
    for point in points {
        point.variation = variation(point.signal, direction);
        match point.variation {
            Variation::Common => counts.common += 1,
            Variation::Improvement => counts.improvement += 1,
            Variation::Concern => counts.concern += 1,
            Variation::NeutralHigh | Variation::NeutralLow => counts.neutral += 1,
        }
    }
    counts
}

fn place(value: Option<f64>, phase: usize, centre: &Centre) -> Point {
    let ties = centre.ties;
    let side = value.zip(centre.mean).map(|(value, mean)| {
        if ties.equal(value, mean) {
            Side::On
        } else if value > mean {
            Side::Above
        } else {
            Side::Below
        }
    });
    let (mut outside, mut near) = (None, None);
    if let (Some(value), Some(limits)) = (value, centre.limits) {
        let beyond = ties.above(value, limits.upper) || ties.below(value, limits.lower);
        outside = Some(beyond);
        near =
            Some(!beyond && (ties.above(value, limits.near_upper) || ties.below(value, limits.near_lower)));
    }
    Point {
        value,
        phase,
        side,
        outside,
        near,
        fired: Fired::default(),
        signal: None,
        variation: Variation::Common,
    }
}

impl Point {
    fn fire(&mut self, rule: Rule, high: bool) {
        self.fired.add(rule);
        self.signal = Some(Signal { rule, high });
    }

    fn off_mean(&self) -> Option<Side> {
        self.side.filter(|&side| side != Side::On)
    }
}

fn beyond(points: &mut [Point]) {
    for point in points {
        if point.outside == Some(true) {
            point.fire(Rule::Beyond, point.side == Some(Side::Above));
        }
    }
}

/// Marks every stretch of at least seven points that only rise or only fall. The turning point of two such
/// stretches belongs to the later one.
fn trends(points: &mut [Point]) {
    let step = |pair: &[Point]| match pair {
        [before, point] => match (before.value, point.value) {
            (Some(before), Some(value)) if value > before => Some(true),
            (Some(before), Some(value)) if value < before => Some(false),
            _ => None,
        },
        _ => None,
    };
    let mut start = 0;
    let mut rising = None;
    for at in 1..=points.len() {
        let next = points.get(at - 1..=at).and_then(step);
        if next != rising {
            if let Some(high) = rising
                && at - start >= RUN
            {
                points[start..at]
                    .iter_mut()
                    .for_each(|point| point.fire(Rule::Trend, high));
            }
            start = at - 1;
            rising = next;
        }
    }
}

fn two_of_three(points: &mut [Point]) {
    let side = |at: usize, points: &[Point]| points[at].off_mean();
    for at in 2..points.len() {
        let window = at - 2..=at;
        let Some(common) = side(at, points) else {
            continue;
        };
        let one_sided = window.clone().all(|place| side(place, points) == Some(common));
        let near = |place: &usize, points: &[Point]| points[*place].near == Some(true);
        if one_sided && window.clone().filter(|place| near(place, points)).count() >= 2 {
            for place in window {
                if near(&place, points) {
                    points[place].fire(Rule::TwoOfThree, common == Side::Above);
                }
            }
        }
    }
}

fn shifts(points: &mut [Point]) {
    let mut start = 0;
    let mut side = None;
    for at in 0..=points.len() {
        let next = points.get(at).and_then(Point::off_mean);
        if next != side || at == points.len() {
            if let Some(common) = side
                && at - start >= RUN
            {
                let high = common == Side::Above;
                points[start..at]
                    .iter_mut()
                    .for_each(|point| point.fire(Rule::Shift, high));
            }
            start = at;
            side = next;
        }
    }
}

fn variation(signal: Option<Signal>, direction: Direction) -> Variation {
    match (signal, direction) {
        (None, _) => Variation::Common,
        (Some(Signal { high: true, .. }), Direction::Neutral) => Variation::NeutralHigh,
        (Some(Signal { high: false, .. }), Direction::Neutral) => Variation::NeutralLow,
        (Some(Signal { high, .. }), direction) if high == (direction == Direction::Increase) => {
            Variation::Improvement
        }
        _ => Variation::Concern,
    }
}

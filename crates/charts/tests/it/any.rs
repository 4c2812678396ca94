//! Charts of any kind.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use spiral_charts::{
    Annotation, Assurance, Bounds, Cause, Curve, Day, Direction, Funnel, Grain, Heading, Kind, Look,
    Multiples, Period, Phase, Placed, Point, Series, Signal, Theme, Unit, Variation,
};

pub fn look() -> impl Strategy<Value = Look> {
    let width = prop_oneof![
        Just(280),
        Just(360),
        Just(719),
        Just(720),
        Just(1600),
        Just(3840),
        280..=3840_u32
    ];
    let theme = prop_oneof![Just(Theme::Auto), Just(Theme::Light), Just(Theme::Dark)];
    (width, theme).prop_map(|(width, theme)| Look { width, theme })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[A-Za-z ]{1,30}",
        "\\PC{0,60}",
        "[A-Z]{1,200}",
        "[\\x00-\\x7f\\u{200d}\\u{202e}\\u{fffe}👩é]{0,40}",
        "(ward [0-9]{1,3} ){20,40}",
    ]
}

fn value() -> BoxedStrategy<f64> {
    (
        -1.0e3..1.0e3_f64,
        prop_oneof![Just(1.0), Just(1e-7), Just(1e-3), Just(1e12), Just(0.0)],
    )
        .prop_map(|(value, scale)| value * scale)
        .boxed()
}

fn heading() -> impl Strategy<Value = Heading> {
    (text(), text(), text(), vec(text(), 0..3)).prop_map(|(title, subtitle, source, notes)| Heading {
        title,
        subtitle,
        source,
        notes,
    })
}

fn unit() -> impl Strategy<Value = Unit> {
    let name = prop_oneof![Just("%".to_owned()), Just("£".to_owned()), text()];
    (name, option::of(0..=100_000_u32)).prop_map(|(name, per)| Unit { name, per })
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::Increase),
        Just(Direction::Decrease),
        Just(Direction::Neutral)
    ]
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        Just(Cause::Improvement),
        Just(Cause::Concern),
        Just(Cause::Neutral)
    ]
}

fn bounds(value: BoxedStrategy<f64>) -> impl Strategy<Value = Bounds> {
    (option::of(value.clone()), option::of(value)).prop_map(|(lower, upper)| Bounds { lower, upper })
}

/// Periods one after the other, or texts.
fn periods(count: usize) -> BoxedStrategy<Vec<Period>> {
    let grain = prop_oneof![
        Just(Grain::Day),
        Just(Grain::Week),
        Just(Grain::Month),
        Just(Grain::Quarter),
        Just(Grain::Year)
    ];
    let dates = (grain, 0..400_usize).prop_map(move |(grain, from)| {
        (from..from + count)
            .map(|at| {
                let (months, day) = match grain {
                    Grain::Day => (at / 28, at % 28 + 1),
                    Grain::Week => (at / 4, at % 4 * 7 + 1),
                    Grain::Month => (at, 1),
                    Grain::Quarter => (at * 3, 1),
                    Grain::Year => (at * 12, 1),
                };
                Period::Date {
                    on: Day {
                        year: 1990 + i32::try_from(months / 12).unwrap(),
                        month: u8::try_from(months % 12 + 1).unwrap(),
                        day: u8::try_from(day).unwrap(),
                    },
                    grain,
                }
            })
            .collect()
    });
    let texts = vec(text().prop_map(Period::Text), count);
    prop_oneof![3 => dates, 1 => texts].boxed()
}

fn point(value: BoxedStrategy<f64>) -> impl Strategy<Value = Point> {
    let signal =
        (cause(), any::<bool>(), text()).prop_map(|(cause, high, rule)| Signal { cause, high, rule });
    (
        option::weighted(0.9, value.clone()),
        bounds(value.clone()),
        bounds(value.clone()),
        option::weighted(0.2, signal),
        option::of(value),
        (proptest::bool::weighted(0.05), proptest::bool::weighted(0.05)),
    )
        .prop_map(
            |(value, limits, near, signal, target, (is_excluded, is_estimated))| Point {
                period: Period::Text(String::new()),
                value,
                limits,
                near,
                signal,
                target,
                is_excluded,
                is_estimated,
            },
        )
}

fn verdict() -> impl Strategy<Value = (Option<Variation>, Option<Assurance>)> {
    let variation = (0..4, any::<bool>()).prop_map(|(kind, high)| match kind {
        0 => Variation::Common,
        1 => Variation::Improvement { high },
        2 => Variation::Concern { high },
        _ => Variation::Neutral { high },
    });
    let assurance = prop_oneof![
        Just(Assurance::Pass),
        Just(Assurance::Inconsistent),
        Just(Assurance::Fail)
    ];
    (option::of(variation), option::of(assurance))
}

pub fn series(most: usize) -> impl Strategy<Value = Series> {
    (1..=most).prop_flat_map(|count| {
        let kind = prop_oneof![Just(Kind::Xmr), Just(Kind::Run), text().prop_map(Kind::Shewhart)];
        let phases = vec((1..count.max(2), option::of(text()), option::of(value())), 0..5);
        let notes = vec((0..count, text()), 0..20);
        (
            (heading(), kind, unit(), direction(), verdict()),
            (periods(count), vec(point(value()), count), phases, notes),
            (bounds(value()), option::of(value())),
        )
            .prop_map(move |(words, rows, (bounds, centre))| {
                let (heading, kind, unit, direction, (variation, assurance)) = words;
                let (periods, mut points, phases, notes) = rows;
                for (point, period) in points.iter_mut().zip(periods) {
                    point.period = period;
                }
                let mut phases: Vec<Phase> = phases
                    .into_iter()
                    .filter(|(start, ..)| *start < count)
                    .map(|(start, name, centre)| Phase { start, name, centre })
                    .chain([Phase {
                        start: 0,
                        name: None,
                        centre,
                    }])
                    .collect();
                phases.sort_by_key(|phase| phase.start);
                phases.dedup_by_key(|phase| phase.start);
                Series {
                    heading,
                    kind,
                    unit,
                    bounds,
                    direction,
                    points,
                    phases,
                    annotations: notes
                        .into_iter()
                        .map(|(at, text)| Annotation { at, text })
                        .collect(),
                    variation,
                    assurance,
                }
            })
    })
}

pub fn funnel() -> impl Strategy<Value = Funnel> {
    let placed = (text(), 0.0..1e4_f64, value(), option::weighted(0.3, cause())).prop_map(
        |(name, size, value, outside)| Placed {
            name,
            size,
            value,
            outside,
        },
    );
    let curve = (0.0..2e4_f64, bounds(value()), bounds(value())).prop_map(|(size, outer, inner)| Curve {
        size,
        outer,
        inner,
    });
    (
        (heading(), unit(), direction(), text(), (text(), text())),
        vec(placed, 1..80),
        vec(curve, 0..40),
        (value(), bounds(value())),
    )
        .prop_map(
            |((heading, unit, direction, size_name, limit_names), units, mut curves, (pooled, bounds))| {
                curves.sort_by(|one, other| one.size.total_cmp(&other.size));
                curves.dedup_by(|one, other| one.size.to_bits() == other.size.to_bits());
                Funnel {
                    heading,
                    unit,
                    bounds,
                    direction,
                    size_name,
                    units,
                    pooled,
                    curves,
                    limit_names,
                }
            },
        )
}

pub fn multiples() -> impl Strategy<Value = Multiples> {
    (heading(), vec(series(12), 1..14), any::<bool>()).prop_map(|(heading, charts, same_scale)| Multiples {
        heading,
        charts,
        same_scale,
    })
}

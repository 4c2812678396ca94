//! Invented figures, made into charts as the platform does it.

use spiral_charts::{
    Annotation, Assurance, Bounds, Cause, Curve, Day, Direction, Funnel, Grain, Heading, Kind, Multiples,
    Period, Phase, Placed, Point, Series, Signal, Unit, Variation,
};
use spiral_stats::{funnel, run_chart, shewhart, xmr};

/// Numbers that look like chance and are the same every time.
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Between 0 and 1.
    pub fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }

    /// About normal, around 0 with deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// The month so many months after January 2021.
pub fn month(at: usize) -> Period {
    Period::Date {
        on: Day {
            year: 2021 + i32::try_from(at / 12).unwrap(),
            month: u8::try_from(at % 12 + 1).unwrap(),
            day: 1,
        },
        grain: Grain::Month,
    }
}

fn heading(title: &str, subtitle: &str) -> Heading {
    Heading {
        title: title.into(),
        subtitle: subtitle.into(),
        source: "invented figures".into(),
        notes: Vec::new(),
    }
}

/// An XmR chart of minutes; less is better.
pub fn minutes(
    values: &[Option<f64>],
    rebase: Vec<usize>,
    target: Option<f64>,
    baseline: xmr::Baseline,
) -> Series {
    let settings = xmr::Settings {
        direction: xmr::Direction::Decrease,
        target,
        rebase,
        baseline,
        ..xmr::Settings::default()
    };
    let chart = xmr::xmr(values, &settings).unwrap();
    let rule = |rule| match rule {
        xmr::Rule::Beyond => "outside the limits",
        xmr::Rule::Trend => "seven points that only rise or fall",
        xmr::Rule::TwoOfThree => "two of three near a limit",
        xmr::Rule::Shift => "seven points on one side",
    };
    let cause = |variation| match variation {
        xmr::Variation::Improvement => Some(Cause::Improvement),
        xmr::Variation::Concern => Some(Cause::Concern),
        xmr::Variation::NeutralHigh | xmr::Variation::NeutralLow => Some(Cause::Neutral),
        xmr::Variation::Common => None,
    };
    let points = chart
        .points
        .iter()
        .enumerate()
        .map(|(at, point)| {
            let limits = chart.phases[point.phase].limits;
            Point {
                period: month(at),
                value: point.value,
                limits: Bounds {
                    lower: limits.map(|limits| limits.lower),
                    upper: limits.map(|limits| limits.upper),
                },
                near: Bounds {
                    lower: limits.map(|limits| limits.near_lower),
                    upper: limits.map(|limits| limits.near_upper),
                },
                signal: point.signal.and_then(|signal| {
                    Some(Signal {
                        cause: cause(point.variation)?,
                        high: signal.high,
                        rule: rule(signal.rule).into(),
                    })
                }),
                target,
                is_excluded: false,
                is_estimated: false,
            }
        })
        .collect();
    let last = chart
        .points
        .iter()
        .rev()
        .find_map(|point| point.value.and(point.signal));
    let high = last.is_some_and(|signal| signal.high);
    Series {
        heading: heading("Door-to-needle time", "Example Hospital, stroke unit"),
        kind: Kind::Xmr,
        unit: Unit {
            name: "minutes".into(),
            per: None,
        },
        bounds: Bounds {
            lower: Some(0.0),
            upper: None,
        },
        direction: Direction::Decrease,
        points,
        phases: chart
            .phases
            .iter()
            .map(|phase| Phase {
                start: phase.start,
                name: None,
                centre: phase.mean,
            })
            .collect(),
        annotations: Vec::new(),
        variation: chart.variation.map(|variation| match variation {
            xmr::Variation::Improvement => Variation::Improvement { high },
            xmr::Variation::Concern => Variation::Concern { high },
            xmr::Variation::NeutralHigh => Variation::Neutral { high: true },
            xmr::Variation::NeutralLow => Variation::Neutral { high: false },
            xmr::Variation::Common => Variation::Common,
        }),
        assurance: chart.assurance.map(|assurance| match assurance {
            xmr::Assurance::Pass => Assurance::Pass,
            xmr::Assurance::Inconsistent => Assurance::Inconsistent,
            xmr::Assurance::Fail => Assurance::Fail,
        }),
    }
}

/// So many months that get shorter from two thirds on.
pub fn falling(count: usize, seed: u64) -> Vec<Option<f64>> {
    let mut chance = Chance::new(seed);
    (0..count)
        .map(|at| {
            let level = if at * 3 >= count * 2 && count > 3 {
                43.0
            } else {
                51.0
            };
            Some(level + chance.normal() * 2.6)
        })
        .collect()
}

/// Two phases: a rare event in the first, and in the second, later values below its first twelve.
pub fn xmr_chart() -> Series {
    let values = [
        52, 48, 55, 50, 47, 53, 49, 51, 46, 54, 50, 52, 50, 68, 53, 49, 44, 42, 45, 41, 43, 46, 42, 44, 43,
        45, 42, 44, 41, 39, 40, 38, 41, 39, 37, 38,
    ];
    let values: Vec<Option<f64>> = values.map(|value| Some(f64::from(value))).into();
    let mut chart = minutes(&values, vec![16], Some(45.0), xmr::Baseline::First(12));
    chart.phases[0].name = Some("As it was".into());
    chart.phases[1].name = Some("With the direct route".into());
    chart.annotations = vec![
        Annotation {
            at: 13,
            text: "Scanner out of order for nine days".into(),
        },
        Annotation {
            at: 16,
            text: "Ambulances go straight to the scanner".into(),
        },
        Annotation {
            at: 28,
            text: "New rota of the stroke nurses".into(),
        },
    ];
    chart.heading.notes = vec!["Limits are those of the first twelve months of each phase.".into()];
    chart
}

/// A run chart, or any other of the Shewhart kinds.
pub fn shewhart_chart(
    kind: shewhart::Kind,
    name: Kind,
    subgroups: &[shewhart::Subgroup],
    settings: &shewhart::Settings,
) -> Series {
    let chart = shewhart::chart(kind, subgroups, settings).unwrap();
    Series {
        heading: heading("", ""),
        kind: name,
        unit: Unit::default(),
        bounds: Bounds {
            lower: Some(0.0),
            upper: None,
        },
        direction: Direction::Neutral,
        points: chart
            .points
            .iter()
            .enumerate()
            .map(|(at, point)| Point {
                period: month(at),
                value: point.value,
                limits: Bounds {
                    lower: point.limits.lower,
                    upper: point.limits.upper,
                },
                near: Bounds {
                    lower: point.inner.lower,
                    upper: point.inner.upper,
                },
                signal: point.signal.then(|| Signal {
                    cause: Cause::Neutral,
                    high: point.value > point.limits.upper,
                    rule: "outside the limits".into(),
                }),
                target: None,
                is_excluded: !point.included,
                is_estimated: false,
            })
            .collect(),
        phases: chart
            .parts
            .iter()
            .map(|part| Phase {
                start: part.start,
                name: None,
                centre: part.centre,
            })
            .collect(),
        annotations: Vec::new(),
        variation: None,
        assurance: None,
    }
}

/// What of the runs is more than chance.
fn runs_in_words(runs: &run_chart::Runs) -> Vec<String> {
    let mut words = Vec::new();
    if runs.longest > runs.longest_max {
        words.push("The longest run has more points than chance allows.".into());
    }
    if runs.crossings < runs.crossings_min {
        words.push("The median is crossed too rarely.".into());
    }
    words
}

/// A run chart of so many months.
pub fn run_chart(count: usize) -> Series {
    let mut chance = Chance::new(11);
    let groups: Vec<shewhart::Subgroup> = (0..count)
        .map(|at| {
            let level = if at > count / 2 { 9.5 } else { 6.0 };
            shewhart::Subgroup::of_values(&[Some((level + chance.normal() * 1.4).round().max(0.0))]).unwrap()
        })
        .collect();
    let settings = shewhart::Settings::default();
    let judged = shewhart::chart(shewhart::Kind::Run, &groups, &settings).unwrap();
    let mut chart = shewhart_chart(shewhart::Kind::Run, Kind::Run, &groups, &settings);
    chart.heading = heading("Huddles held each week", "Ward 7, Example Hospital");
    chart.heading.notes = judged
        .parts
        .iter()
        .flat_map(|part| runs_in_words(&part.runs))
        .collect();
    chart.unit.name = "huddles".into();
    chart.direction = Direction::Increase;
    chart
}

/// A p chart with groups of different sizes.
pub fn p_chart(count: usize) -> Series {
    let mut chance = Chance::new(5);
    let groups: Vec<shewhart::Subgroup> = (0..count)
        .map(|at| {
            let people = 80.0 + (chance.share() * 60.0).floor();
            let rate = if at == count * 3 / 4 {
                0.36
            } else {
                0.16 + chance.normal() * 0.03
            };
            shewhart::Subgroup::of_ratios(&[(Some((people * rate).round()), Some(people))]).unwrap()
        })
        .collect();
    let settings = shewhart::Settings {
        multiply: 100.0,
        ..shewhart::Settings::default()
    };
    let mut chart = shewhart_chart(shewhart::Kind::P, Kind::Shewhart("p".into()), &groups, &settings);
    chart.heading = heading("Readmitted within 28 days", "Example Hospital, medicine");
    chart.unit.name = "%".into();
    chart.bounds.upper = Some(100.0);
    chart.direction = Direction::Decrease;
    for point in &mut chart.points {
        if let Some(signal) = &mut point.signal {
            signal.cause = if signal.high {
                Cause::Concern
            } else {
                Cause::Improvement
            };
        }
    }
    chart
}

/// A funnel of so many units.
pub fn funnel_chart(count: usize) -> Funnel {
    let mut chance = Chance::new(3);
    let units: Vec<funnel::Unit> = (0..count)
        .map(|at| {
            let size = (40.0 + chance.share() * chance.share() * 900.0).floor();
            let rate = match at {
                4 => 0.17,
                9 => 0.035,
                17 => 0.15,
                _ => 0.088 + chance.normal() * (0.08 / size).sqrt(),
            };
            funnel::Unit {
                numerator: (size * rate).round().clamp(0.0, size),
                denominator: size,
            }
        })
        .collect();
    let exact = funnel::exact(funnel::Law::Binomial, &units, None).unwrap();
    let largest = units.iter().map(|unit| unit.denominator).fold(1.0, f64::max) * 1.1;
    // The limits of exact laws step with the size; places close together where they are small show the shape.
    let sizes: Vec<funnel::Unit> = (1..=120)
        .map(|step| funnel::Unit {
            numerator: 0.0,
            denominator: (largest * (f64::from(step) / 120.0).powi(2))
                .ceil()
                .max(f64::from(step)),
        })
        .collect();
    let curves = funnel::exact(funnel::Law::Binomial, &sizes, Some(exact.target))
        .unwrap()
        .units
        .iter()
        .zip(&sizes)
        .map(|(place, size)| Curve {
            size: size.denominator,
            outer: Bounds {
                lower: Some(place.limits.lower_998 * 100.0),
                upper: Some(place.limits.upper_998 * 100.0),
            },
            inner: Bounds {
                lower: Some(place.limits.lower_95 * 100.0),
                upper: Some(place.limits.upper_95 * 100.0),
            },
        })
        .collect();
    let placed = units
        .iter()
        .zip(&exact.units)
        .enumerate()
        .map(|(at, (unit, placed))| Placed {
            name: format!("Practice {:02}", at + 1),
            size: unit.denominator,
            value: placed.ratio * 100.0,
            outside: placed.outlier_998.then_some(if placed.ratio > exact.target {
                Cause::Concern
            } else {
                Cause::Improvement
            }),
        })
        .collect();
    Funnel {
        heading: heading(
            "Readmitted within 28 days",
            "Practices of an invented county, one year",
        ),
        unit: Unit {
            name: "%".into(),
            per: None,
        },
        bounds: Bounds {
            lower: Some(0.0),
            upper: Some(100.0),
        },
        direction: Direction::Decrease,
        size_name: "patients".into(),
        units: placed,
        pooled: exact.target * 100.0,
        curves,
        limit_names: ("99.8 %".into(), "95 %".into()),
    }
}

/// So many small charts of so many months each.
pub fn small_charts(count: usize, months: usize) -> Multiples {
    let names = [
        "Stroke unit",
        "Acute medicine",
        "Ward 7",
        "Day surgery",
        "Frailty team",
        "Cardiology",
    ];
    let charts = (0..count)
        .map(|at| {
            let mut values = falling(months, at as u64 + 1);
            if at % 3 == 1 {
                values
                    .iter_mut()
                    .flatten()
                    .for_each(|value| *value = 96.0 - *value);
            }
            let mut chart = minutes(&values, Vec::new(), Some(45.0), xmr::Baseline::All);
            chart.heading.title = match names.get(at) {
                Some(name) => (*name).into(),
                None => format!("Team {}", at + 1),
            };
            chart
        })
        .collect();
    Multiples {
        heading: heading("Door-to-needle time", "Every team of an invented region"),
        charts,
        same_scale: true,
    }
}

use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    Error,
    xmr::{Assurance, Baseline, Chart, Direction, Rule, Settings, Side, Variation, Warning, xmr},
};

use super::near;

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

fn plain(values: &[f64]) -> Chart {
    xmr(&some(values), &Settings::default()).expect("a chart")
}

/// Twelve values that vary around 50 without a signal.
const CALM: [f64; 12] = [
    52.0, 48.0, 51.0, 49.0, 53.0, 47.0, 50.5, 49.5, 52.0, 48.0, 51.0, 49.0,
];

fn then(more: &[f64]) -> Vec<f64> {
    [&CALM[..], more].concat()
}

fn signals(chart: &Chart) -> Vec<Option<(Rule, bool)>> {
    chart
        .points
        .iter()
        .map(|point| point.signal.map(|signal| (signal.rule, signal.high)))
        .collect()
}

#[test]
fn constant_decimals_are_no_shift() {
    for count in 1..60 {
        for value in [0.1, 1.1, 3.3, 0.7, 1e-9, 123_456.789, -4.35] {
            let chart = plain(&vec![value; count]);
            assert!(
                chart.points.iter().all(|point| point.side == Some(Side::On)),
                "{value} x {count}"
            );
            assert!(
                chart.points.iter().all(|point| point.signal.is_none()),
                "{value} x {count}"
            );
            assert_eq!(
                chart.warnings.contains(&Warning::NoVariation { phase: 0 }),
                count > 1
            );
        }
    }
}

#[test]
fn a_point_on_the_mean_in_decimals_is_on_the_mean() {
    // The mean of these is 0.2, of which the nearest binary number is not the mean of the nearest ones.
    let chart = plain(&[0.1, 0.2, 0.3, 0.2, 0.1, 0.3, 0.2]);
    let on: Vec<bool> = chart
        .points
        .iter()
        .map(|point| point.side == Some(Side::On))
        .collect();
    assert_eq!(on, [false, true, false, true, false, false, true]);
}

#[test]
fn one_spike_in_a_flat_series_is_warned_about() {
    let mut values = vec![5.0; 20];
    values[9] = 9.0;
    let chart = plain(&values);
    assert!(chart.warnings.contains(&Warning::LimitsCollapsed { phase: 0 }));
    assert!(chart.points.iter().all(|point| point.outside == Some(true)));
    let unscreened = xmr(
        &some(&values),
        &Settings {
            screening: false,
            ..Settings::default()
        },
    )
    .expect("a chart");
    assert_eq!(unscreened.warnings, []);
    let beyond = unscreened
        .points
        .iter()
        .filter(|point| point.outside == Some(true));
    assert_eq!(beyond.count(), 1);
}

#[test]
fn few_values() {
    let one = plain(&[4.0]);
    assert_eq!((one.phases[0].mean, one.phases[0].limits), (Some(4.0), None));
    assert_eq!(one.points[0].outside, None);
    let two = plain(&[4.0, 6.0]);
    let limits = two.phases[0].limits.expect("limits");
    assert!(near(limits.upper, 5.0 + 2.66 * 2.0, 1e-15));
    assert!(two.phases[0].is_short());
    let none = xmr(&[None, None], &Settings::default()).expect("a chart");
    assert_eq!((none.phases[0].mean, none.variation), (None, None));
    assert_eq!(none.phases[0].missing, 2);
}

#[test]
fn a_gap_is_not_bridged_and_ends_every_window() {
    let mut rising: Vec<Option<f64>> = (0..9).map(|value| Some(f64::from(value))).collect();
    let trend = |chart: &Chart| {
        chart
            .points
            .iter()
            .filter(|point| point.fired.has(Rule::Trend))
            .count()
    };
    assert_eq!(trend(&xmr(&rising, &Settings::default()).expect("a chart")), 9);
    rising[4] = None;
    let chart = xmr(&rising, &Settings::default()).expect("a chart");
    assert_eq!(trend(&chart), 0);
    let limits = chart.phases[0].limits.expect("limits");
    assert!(
        near(limits.average_moving_range, 1.0, 1e-15),
        "3 to 5 would be a range of 2"
    );
}

#[test]
fn the_turning_point_of_two_trends_belongs_to_the_later() {
    let up_and_down: Vec<f64> = (0..=6).chain((0..6).rev()).map(f64::from).collect();
    let settings = Settings {
        baseline: Baseline::Frozen {
            mean: 3.0,
            average_moving_range: 100.0,
        },
        ..Settings::default()
    };
    let found = |values: &[f64]| signals(&xmr(&some(values), &settings).expect("a chart"));
    let turning = found(&up_and_down);
    assert_eq!(turning[5], Some((Rule::Trend, true)));
    assert_eq!(turning[6], Some((Rule::Trend, false)));
    // Two rising stretches with a flat step between: both rise, also at the joint.
    let twice: Vec<f64> = (0..=6).chain(6..=12).map(f64::from).collect();
    assert!(
        found(&twice)
            .iter()
            .all(|&signal| signal == Some((Rule::Trend, true)))
    );
}

#[test]
fn precedence() {
    // Rising, with the last of seven beyond the limits; all seven above the mean of the baseline.
    let values = then(&[51.0, 51.5, 52.0, 52.5, 53.0, 53.5, 90.0]);
    let settings = Settings {
        baseline: Baseline::First(12),
        ..Settings::default()
    };
    let chart = xmr(&some(&values), &settings).expect("a chart");
    let last = chart.points.last().expect("a point");
    assert_eq!(last.signal.map(|signal| signal.rule), Some(Rule::Beyond));
    assert!(last.fired.has(Rule::Beyond) && last.fired.has(Rule::Trend) && last.fired.has(Rule::Shift));
    assert!(!last.fired.has(Rule::TwoOfThree));
    assert_eq!(signals(&chart)[13], Some((Rule::Trend, true)));
}

/// Rising through the near limit, all above the mean: trend, two of three and shift at once.
#[test]
fn a_trend_counts_before_two_of_three() {
    let settings = Settings {
        baseline: Baseline::Frozen {
            mean: 50.0,
            average_moving_range: 10.0,
        },
        ..Settings::default()
    };
    let chart = xmr(&some(&[60.0, 62.0, 64.0, 66.0, 68.0, 70.0, 72.0]), &settings).expect("a chart");
    assert!(
        signals(&chart)
            .iter()
            .all(|&signal| signal == Some((Rule::Trend, true)))
    );
    let last = chart.points[6].fired;
    assert!(last.has(Rule::TwoOfThree) && last.has(Rule::Shift) && !last.has(Rule::Beyond));
}

#[test]
fn two_of_three() {
    let settings = Settings {
        baseline: Baseline::First(12),
        ..Settings::default()
    };
    let limits = xmr(&some(&CALM), &settings).expect("a chart").phases[0]
        .limits
        .expect("limits");
    let near_upper = f64::midpoint(limits.near_upper, limits.upper);
    let beyond = limits.upper + 1.0;
    let last = |more: [f64; 3]| {
        let chart = xmr(&some(&then(&more)), &settings).expect("a chart");
        let found = signals(&chart);
        [found[12], found[13], found[14]].map(|signal| signal.map(|signal| signal.0))
    };
    let two = Some(Rule::TwoOfThree);
    assert_eq!(
        last([near_upper, 50.5, near_upper]),
        [two, None, two],
        "only the near ones"
    );
    assert_eq!(last([near_upper, 49.5, near_upper]), [None; 3], "not on one side");
    assert_eq!(
        last([beyond, near_upper, 50.5]),
        [Some(Rule::Beyond), None, None],
        "beyond is not near"
    );
    assert_eq!(
        last([beyond, near_upper, near_upper]),
        [Some(Rule::Beyond), two, two]
    );
}

#[test]
fn phases_do_not_look_back() {
    let values = then(&[60.0; 6]);
    let settings = Settings {
        rebase: vec![12],
        ..Settings::default()
    };
    let chart = xmr(&some(&values), &settings).expect("a chart");
    assert!(signals(&chart).iter().all(Option::is_none));
    assert_eq!(
        chart.phases.iter().map(|phase| phase.number).collect::<Vec<_>>(),
        [0, 1]
    );
    let opened = xmr(
        &some(&values),
        &Settings {
            rebase: vec![0, 12],
            ..Settings::default()
        },
    )
    .expect("a chart");
    assert_eq!(
        opened.phases.iter().map(|phase| phase.number).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(opened.phases[1].start, 12);
}

#[test]
fn verdicts() {
    let values = then(&[60.0, 61.0, 60.0, 61.0, 60.0, 61.0, 60.0]);
    let verdict = |direction, target| {
        let settings = Settings {
            direction,
            target: Some(target),
            baseline: Baseline::First(12),
            ..Settings::default()
        };
        let chart = xmr(&some(&values), &settings).expect("a chart");
        (chart.variation, chart.assurance)
    };
    let (up, down, neither) = (Direction::Increase, Direction::Decrease, Direction::Neutral);
    assert_eq!(
        verdict(up, 90.0),
        (Some(Variation::Improvement), Some(Assurance::Fail))
    );
    assert_eq!(
        verdict(up, 10.0),
        (Some(Variation::Improvement), Some(Assurance::Pass))
    );
    assert_eq!(
        verdict(up, 50.0),
        (Some(Variation::Improvement), Some(Assurance::Inconsistent))
    );
    assert_eq!(
        verdict(down, 90.0),
        (Some(Variation::Concern), Some(Assurance::Pass))
    );
    assert_eq!(
        verdict(down, 10.0),
        (Some(Variation::Concern), Some(Assurance::Fail))
    );
    assert_eq!(verdict(neither, 90.0), (Some(Variation::NeutralHigh), None));
    let mut unfinished = some(&values);
    unfinished.push(None);
    let settings = Settings {
        baseline: Baseline::First(12),
        ..Settings::default()
    };
    let chart = xmr(&unfinished, &settings).expect("a chart");
    assert_eq!(chart.variation, Some(Variation::Improvement), "of the last value");
}

#[test]
fn frozen_limits_come_from_elsewhere() {
    let base = plain(&CALM);
    let limits = base.phases[0].limits.expect("limits");
    let frozen = Settings {
        baseline: Baseline::Frozen {
            mean: base.phases[0].mean.expect("a mean"),
            average_moving_range: limits.average_moving_range,
        },
        ..Settings::default()
    };
    let later = xmr(&some(&[90.0, 50.0]), &frozen).expect("a chart");
    assert_eq!(later.phases[0].limits, Some(limits));
    assert_eq!(later.points[0].outside, Some(true));
}

#[test]
fn refusals() {
    let invalid = |values: &[f64], settings: Settings| {
        let error = xmr(&some(values), &settings).expect_err("refused");
        assert!(!error.is_not_estimable(), "{error}");
    };
    let default = Settings::default;
    invalid(&[], default());
    invalid(&[1.0, f64::NAN], default());
    invalid(&[1.0, f64::INFINITY], default());
    invalid(
        &CALM,
        Settings {
            target: Some(f64::NAN),
            ..default()
        },
    );
    invalid(
        &CALM,
        Settings {
            rebase: vec![5, 5],
            ..default()
        },
    );
    invalid(
        &CALM,
        Settings {
            rebase: vec![12],
            ..default()
        },
    );
    invalid(
        &CALM,
        Settings {
            baseline: Baseline::First(11),
            ..default()
        },
    );
    let frozen = Baseline::Frozen {
        mean: 1.0,
        average_moving_range: -1.0,
    };
    invalid(
        &CALM,
        Settings {
            baseline: frozen,
            ..default()
        },
    );
    let huge = xmr(&some(&[f64::MAX, -f64::MAX, f64::MAX]), &default());
    assert!(matches!(huge, Err(Error::TooLarge { .. })));
}

/// The rules once more, window by window.
fn by_windows(chart: &Chart) -> Vec<Option<(Rule, bool)>> {
    let points = &chart.points;
    let mut found = vec![None; points.len()];
    for phase in &chart.phases {
        let rows = phase.start..phase.start + phase.rows;
        let windows =
            |size: usize| (rows.start..(rows.end + 1).saturating_sub(size)).map(move |at| at..at + size);
        for window in windows(7) {
            for side in [Side::Above, Side::Below] {
                if window.clone().all(|at| points[at].side == Some(side)) {
                    window
                        .clone()
                        .for_each(|at| found[at] = Some((Rule::Shift, side == Side::Above)));
                }
            }
        }
        for window in windows(3) {
            for side in [Side::Above, Side::Below] {
                let near = window
                    .clone()
                    .filter(|&at| points[at].near == Some(true))
                    .collect::<Vec<_>>();
                if near.len() >= 2 && window.clone().all(|at| points[at].side == Some(side)) {
                    for at in near {
                        found[at] = Some((Rule::TwoOfThree, side == Side::Above));
                    }
                }
            }
        }
        for window in windows(7) {
            let values: Option<Vec<f64>> = window.clone().map(|at| points[at].value).collect();
            let Some(values) = values else { continue };
            let (up, down) = (
                values.is_sorted_by(|a, b| a < b),
                values.is_sorted_by(|a, b| a > b),
            );
            if up || down {
                window.clone().for_each(|at| found[at] = Some((Rule::Trend, up)));
            }
        }
        for at in rows {
            if points[at].outside == Some(true) {
                found[at] = Some((Rule::Beyond, points[at].side == Some(Side::Above)));
            }
        }
    }
    found
}

fn series() -> impl Strategy<Value = Vec<Option<f64>>> {
    // Few different values make ties, runs and points on the mean common.
    let value = prop_oneof![
        8 => (0..12i32).prop_map(|value| Some(f64::from(value) / 10.0)),
        1 => Just(None),
        1 => (-40..60i32).prop_map(|value| Some(f64::from(value) / 10.0)),
    ];
    vec(value, 1..60)
}

fn settings() -> impl Strategy<Value = (bool, Option<usize>, Option<usize>)> {
    (
        any::<bool>(),
        proptest::option::of(1..50usize),
        proptest::option::of(12..20usize),
    )
}

fn compute(
    values: &[Option<f64>],
    (screening, rebase, first): (bool, Option<usize>, Option<usize>),
) -> Chart {
    let settings = Settings {
        screening,
        rebase: rebase.filter(|&row| row < values.len()).into_iter().collect(),
        baseline: first.map_or(Baseline::All, Baseline::First),
        ..Settings::default()
    };
    xmr(values, &settings).expect("a chart")
}

proptest! {
    #[test]
    fn the_rules_are_those_of_the_windows(values in series(), settings in settings()) {
        let chart = compute(&values, settings);
        prop_assert_eq!(signals(&chart), by_windows(&chart));
        for point in &chart.points {
            prop_assert_eq!(point.signal.map(|signal| signal.rule),
                [Rule::Beyond, Rule::Trend, Rule::TwoOfThree, Rule::Shift]
                    .into_iter().find(|rule| point.fired.has(*rule)));
        }
    }

    #[test]
    fn limits_contain_the_mean(values in series(), settings in settings()) {
        let chart = compute(&values, settings);
        for phase in &chart.phases {
            if let (Some(mean), Some(limits)) = (phase.mean, phase.limits) {
                prop_assert!(limits.lower <= limits.near_lower && limits.near_lower <= mean);
                prop_assert!(mean <= limits.near_upper && limits.near_upper <= limits.upper);
            }
            let counts = phase.counts;
            prop_assert_eq!(counts.common + counts.improvement + counts.concern + counts.neutral, phase.rows);
        }
    }

    /// Tenths times ten, or plus a whole number, are other binary fractions; ties must survive that.
    #[test]
    fn units_do_not_matter(values in series(), settings in settings(), unit in 1..2000i32, add in -500..500i32) {
        let chart = compute(&values, settings);
        let unit = f64::from(unit) / 100.0;
        let scaled: Vec<_> = values.iter().map(|value| value.map(|value| value * unit)).collect();
        prop_assert_eq!(signals(&chart), signals(&compute(&scaled, settings)));
        let moved: Vec<_> = values.iter().map(|value| value.map(|value| value + f64::from(add))).collect();
        prop_assert_eq!(signals(&chart), signals(&compute(&moved, settings)));
    }

    #[test]
    fn turned_upside_down_high_is_low(values in series(), settings in settings()) {
        let chart = compute(&values, settings);
        let mirrored: Vec<_> = values.iter().map(|value| value.map(|value| -value)).collect();
        let expected: Vec<_> =
            signals(&chart).into_iter().map(|signal| signal.map(|(rule, high)| (rule, !high))).collect();
        prop_assert_eq!(expected, signals(&compute(&mirrored, settings)));
    }

    #[test]
    fn order_matters_only_for_ranges_and_runs(values in series(), screening in any::<bool>()) {
        let chart = compute(&values, (screening, None, None));
        let mut backwards = values.clone();
        backwards.reverse();
        let other = compute(&backwards, (screening, None, None));
        let (a, b) = (chart.phases[0], other.phases[0]);
        let alike = match (a.mean.zip(a.limits), b.mean.zip(b.limits)) {
            (Some((mean, limits)), Some((other, others))) =>
                near(mean, other, 1e-13) && (limits.upper - others.upper).abs() < 1e-12,
            (None, None) => true,
            _ => false,
        };
        prop_assert!(alike);
        let mut flags: Vec<bool> = other.points.iter().map(|point| point.signal.is_some()).collect();
        flags.reverse();
        prop_assert_eq!(flags, chart.points.iter().map(|point| point.signal.is_some()).collect::<Vec<_>>());
    }

    #[test]
    fn a_frozen_baseline_does_not_hear_of_later_rows(values in series(), more in series(), screening in any::<bool>()) {
        prop_assume!(values.len() >= 12);
        let first = compute(&values, (screening, None, Some(12)));
        let both = compute(&[&values[..], &more[..]].concat(), (screening, None, Some(12)));
        prop_assert_eq!(first.phases[0].limits, both.phases[0].limits);
    }
}

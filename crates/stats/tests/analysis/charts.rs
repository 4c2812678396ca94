use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    Error,
    run_chart::{Method, crossings_min, longest_max, runs},
    shewhart::{Chart, Kind, Settings, Subgroup, Warning, c4, chart},
};

use super::near;

fn groups(values: &[Option<f64>]) -> Vec<Subgroup> {
    values
        .iter()
        .map(|&value| Subgroup::of_values(&[value]).expect("a subgroup"))
        .collect()
}

fn ratios(rows: &[(u32, u32)]) -> Vec<Subgroup> {
    rows.iter()
        .map(|&(y, n)| Subgroup::of_ratios(&[(Some(f64::from(y)), Some(f64::from(n)))]).expect("a subgroup"))
        .collect()
}

fn draw(kind: Kind, groups: &[Subgroup]) -> Chart {
    chart(kind, groups, &Settings::default()).expect("a chart")
}

#[test]
fn bounds_of_runs() {
    for (useful, longest) in [
        (10, 6),
        (15, 7),
        (20, 7),
        (24, 8),
        (45, 8),
        (46, 9),
        (60, 9),
        (1000, 13),
    ] {
        assert_eq!(longest_max(useful), longest, "{useful}");
    }
    // In whole numbers: the first k for which 20 times the number of series with at most k crossings reaches
    // that of all series.
    for useful in 1..=100u32 {
        let (mut ways, mut total, mut k) = (1u128, 1u128, 0u32);
        while 20 * total < 1 << (useful - 1) {
            ways = ways * u128::from(useful - 1 - k) / u128::from(k + 1);
            k += 1;
            total += ways;
        }
        assert_eq!(crossings_min(useful as usize), k as usize, "{useful}");
    }
    assert_eq!((longest_max(0), crossings_min(0), crossings_min(1)), (3, 0, 0));
    assert_eq!(crossings_min(1_000_001), 499_178);
}

/// The joint distribution of crossings and longest run of a random series, position by position.
fn stays_inside(count: usize, inside: impl Fn(usize, usize) -> bool) -> f64 {
    // By crossings, longest and current run.
    let at = |crossings: usize, longest: usize, current: usize| {
        (crossings * (count + 1) + longest) * (count + 1) + current
    };
    let mut states = vec![0.0; count * (count + 1) * (count + 1)];
    states[at(0, 1, 1)] = 1.0;
    for position in 1..count {
        let mut next = vec![0.0; states.len()];
        for crossings in 0..position {
            for longest in 1..=position {
                for current in 1..=longest {
                    let share = states[at(crossings, longest, current)] / 2.0;
                    next[at(crossings, longest.max(current + 1), current + 1)] += share;
                    next[at(crossings + 1, longest, 1)] += share;
                }
            }
        }
        states = next;
    }
    let mut total = 0.0;
    for crossings in 0..count {
        for longest in 1..=count {
            let share: f64 = (1..=longest)
                .map(|current| states[at(crossings, longest, current)])
                .sum();
            if inside(crossings, longest) {
                total += share;
            }
        }
    }
    total
}

/// A series with just so many crossings and such a longest run, if there is one.
fn with(count: usize, crossings: usize, longest: usize) -> Option<Vec<Option<f64>>> {
    let mut lengths = vec![1; crossings + 1];
    lengths[0] = longest;
    let mut rest = count.checked_sub(longest + crossings)?;
    for length in &mut lengths[1..] {
        let more = rest.min(longest - 1);
        *length += more;
        rest -= more;
    }
    (rest == 0).then(|| {
        let sides = lengths
            .iter()
            .enumerate()
            .flat_map(|(run, &length)| std::iter::repeat_n(run % 2, length));
        sides
            .map(|side| Some(if side == 0 { 1.0 } else { -1.0 }))
            .collect()
    })
}

/// The boxes are made so that a random series stays inside with a probability of at least 0.925.
#[test]
fn boxes_have_the_specificity_they_are_made_for() {
    for count in [10, 14, 17, 20, 24, 30] {
        for method in [Method::BestBox, Method::CutBox] {
            let inside = |crossings, longest| {
                with(count, crossings, longest).is_some_and(|values| {
                    let found = runs(&values, 0.0, method).expect("runs");
                    assert_eq!(
                        (found.useful, found.crossings, found.longest, found.method),
                        (count, Some(crossings), Some(longest), method)
                    );
                    !found.signal
                })
            };
            let specificity = stays_inside(count, inside);
            assert!(
                (0.925..0.97).contains(&specificity),
                "{method:?} of {count}: {specificity}"
            );
        }
    }
}

#[test]
fn boxes_end_where_the_table_does() {
    let values: Vec<Option<f64>> = (0..9).map(|at| Some(f64::from(at % 2) - 0.5)).collect();
    assert_eq!(
        runs(&values, 0.0, Method::BestBox).expect("runs").method,
        Method::Anhoej
    );
    let values: Vec<Option<f64>> = (0..101).map(|at| Some(f64::from(at % 2) - 0.5)).collect();
    assert_eq!(
        runs(&values, 0.0, Method::CutBox).expect("runs").method,
        Method::Anhoej
    );
}

#[test]
fn runs_continue_across_what_is_not_useful() {
    let values = [Some(1.0), Some(0.0), Some(2.0), None, Some(3.0), Some(-1.0)];
    let found = runs(&values, 0.0, Method::Anhoej).expect("runs");
    assert_eq!((found.observations, found.useful), (6, 4));
    assert_eq!((found.longest, found.crossings), (Some(3), Some(1)));
    let none = runs(&[Some(2.0), None], 2.0, Method::Anhoej).expect("runs");
    assert_eq!((none.useful, none.longest, none.signal), (0, None, false));
}

#[test]
fn constants() {
    // Montgomery, appendix VI.
    for (n, expected) in [(2, 0.7979), (3, 0.8862), (5, 0.9400), (10, 0.9727), (25, 0.9896)] {
        assert!((c4(n).expect("a constant") - expected).abs() < 5e-5, "{n}");
    }
    assert_eq!((c4(0), c4(1)), (None, None));
    // The expansion takes over where logarithms of the gamma function lose digits.
    let (a, b) = (c4(1000).expect("exact"), c4(1001).expect("expanded"));
    assert!(a < b && b - a < 3e-7);
}

#[test]
fn excluded_points_are_bridged_and_missing_ones_are_not() {
    let values = [Some(1.0), Some(9.0), Some(2.0), Some(4.0)];
    let settings = Settings {
        exclude: vec![1],
        screening: false,
        ..Settings::default()
    };
    let found = chart(Kind::I, &groups(&values), &settings).expect("a chart");
    let upper = found.points[0].limits.upper.expect("a limit");
    // Ranges 1 and 2 around the mean of 1, 2, 4.
    assert!(near(upper, 7.0 / 3.0 + 3.0 * 1.5 / 1.128, 1e-14));
    assert!(found.points[1].signal, "still tested");
    let values = [Some(1.0), None, Some(2.0), Some(4.0)];
    let found = chart(
        Kind::I,
        &groups(&values),
        &Settings {
            screening: false,
            ..Settings::default()
        },
    )
    .expect("a chart");
    assert!(near(
        found.points[0].limits.upper.expect("a limit"),
        7.0 / 3.0 + 3.0 * 2.0 / 1.128,
        1e-14
    ));
}

#[test]
fn nothing_counted_is_not_a_rate() {
    let found = draw(Kind::P, &ratios(&[(3, 10), (0, 0), (4, 10)]));
    assert_eq!(
        (found.points[1].value, found.points[1].limits.upper),
        (None, None)
    );
    assert_eq!(found.parts[0].centre, Some(0.35));
    assert!(Subgroup::of_ratios(&[(Some(1.0), Some(0.0))]).is_err());
    let all_zero = draw(Kind::UPrime, &ratios(&[(0, 10); 12]));
    assert!(all_zero.warnings.contains(&Warning::NoLimits { part: 0 }));
    assert_eq!(all_zero.points[0].limits.upper, None);
}

#[test]
fn refusals() {
    let refused = |kind, groups: &[Subgroup]| chart(kind, groups, &Settings::default()).expect_err("refused");
    let message = |kind, groups: &[Subgroup]| refused(kind, groups).to_string();
    assert!(message(Kind::P, &ratios(&[(3, 10), (11, 10)])).contains("more events than cases"));
    assert!(message(Kind::P, &groups(&[Some(1.0)])).contains("denominator"));
    assert!(message(Kind::C, &groups(&[Some(-1.0)])).contains("below zero"));
    assert!(message(Kind::T, &groups(&[Some(0.0)])).contains("not above zero"));
    assert!(message(Kind::G, &groups(&[Some(-2.0)])).contains("below zero"));
    let double = Subgroup::of_values(&[Some(1.0), Some(2.0)]).expect("a subgroup");
    assert!(message(Kind::G, &[double]).contains("several events"));
    assert!(matches!(refused(Kind::I, &[]), Error::Invalid { .. }));
    let settings = Settings {
        centre: Some(1.5),
        ..Settings::default()
    };
    assert!(chart(Kind::P, &ratios(&[(3, 10)]), &settings).is_err());
    let settings = Settings {
        multiply: 0.0,
        ..Settings::default()
    };
    assert!(chart(Kind::P, &ratios(&[(3, 10)]), &settings).is_err());
}

#[test]
fn wards_have_no_runs() {
    let rows: Vec<(u32, u32)> = (0..30).map(|ward| (20 + ward, 100)).collect();
    let settings = Settings {
        is_ordered: false,
        ..Settings::default()
    };
    let laney = chart(Kind::PPrime, &ratios(&rows), &settings).expect("a chart");
    assert!(draw(Kind::PPrime, &ratios(&rows)).parts[0].runs.signal && !laney.parts[0].runs.signal);
    // Equal sizes: the deviation of z is that of the rates over that of p, so that three of it are three
    // standard deviations of the rates. Those of 30 whole numbers in a row: √(30 × 31 / 12).
    let centre = laney.parts[0].centre.expect("a centre");
    let upper = laney.points[0].limits.upper.expect("a limit");
    assert!(near(
        upper,
        centre + 3.0 * (30.0 * 31.0 / 12.0f64).sqrt() / 100.0,
        1e-12
    ));
}

#[test]
fn places_beyond_the_series_are_told() {
    let settings = Settings {
        parts: vec![3, 99],
        exclude: vec![77],
        freeze: Some(2),
        ..Settings::default()
    };
    let found = chart(Kind::I, &groups(&[Some(1.0); 6]), &settings).expect("a chart");
    assert_eq!(found.parts.len(), 2);
    assert!(
        found.warnings.contains(&Warning::BeyondSeries) && found.warnings.contains(&Warning::FreezeUnused)
    );
}

const KINDS: [Kind; 12] = [
    Kind::Run,
    Kind::I,
    Kind::Mr,
    Kind::Xbar,
    Kind::S,
    Kind::T,
    Kind::P,
    Kind::PPrime,
    Kind::C,
    Kind::U,
    Kind::UPrime,
    Kind::G,
];

fn rows() -> impl Strategy<Value = Vec<(u32, u32)>> {
    vec((1..40u32, 0..200u32).prop_map(|(y, more)| (y, y + more)), 1..40)
}

proptest! {
    #[test]
    fn limits_contain_the_centre(rows in rows(), kind in prop::sample::select(&KINDS[..])) {
        // The centre line of g is a median and may lie above the upper limit of its mean.
        prop_assume!(kind != Kind::G);
        let found = draw(kind, &ratios(&rows));
        let slack = 1e-9;
        for point in &found.points {
            let Some(centre) = found.parts[point.part].centre else { continue };
            if let Some(lower) = point.limits.lower {
                prop_assert!(lower <= centre + slack);
                prop_assert!(point.inner.lower.is_none_or(|inner| lower <= inner + slack));
            }
            if let Some(upper) = point.limits.upper {
                prop_assert!(upper >= centre - slack);
                prop_assert!(point.inner.upper.is_none_or(|inner| upper >= inner - slack));
            }
            if matches!(kind, Kind::P | Kind::PPrime) {
                prop_assert!(point.limits.lower.is_none_or(|lower| lower >= 0.0));
                prop_assert!(point.limits.upper.is_none_or(|upper| upper <= 1.0));
            }
        }
    }

    /// Rows of one subgroup may come in any order and any split.
    #[test]
    fn rows_of_a_subgroup_are_summed(rows in rows(), kind in prop::sample::select(&[Kind::P, Kind::PPrime, Kind::U, Kind::UPrime, Kind::C][..])) {
        let whole: Vec<(usize, Option<f64>, Option<f64>)> = rows.iter().enumerate()
            .map(|(at, &(y, n))| (at, Some(f64::from(y)), Some(f64::from(n)))).collect();
        // The events of a row go to its larger part, so that no part has more events than people.
        let mut split: Vec<(usize, Option<f64>, Option<f64>)> = rows
            .iter()
            .enumerate()
            .flat_map(|(at, &(y, n))| {
                let (events, people) = (y - y / 5, n - n / 5);
                [(y / 5, n / 5), (events, people)].map(|(y, n)| (at, Some(f64::from(y)), Some(f64::from(n))))
            })
            .collect();
        split.reverse();
        let gathered = |rows: &[(usize, Option<f64>, Option<f64>)]| -> Vec<Subgroup> {
            Subgroup::gather_ratios(rows).expect("subgroups").into_iter().map(|group| group.1).collect()
        };
        let (a, b) = (draw(kind, &gathered(&whole)), draw(kind, &gathered(&split)));
        prop_assert_eq!(&a.points, &b.points);
    }

    #[test]
    fn multiplying_changes_the_scale_only(rows in rows(), kind in prop::sample::select(&KINDS[..])) {
        let groups = ratios(&rows);
        let one = draw(kind, &groups);
        let settings = Settings { multiply: 1000.0, ..Settings::default() };
        let many = chart(kind, &groups, &settings).expect("a chart");
        for (a, b) in one.points.iter().zip(&many.points) {
            prop_assert_eq!(a.signal, b.signal);
            prop_assert_eq!(a.value.map(|value| value * 1000.0), b.value);
            prop_assert_eq!(a.limits.upper.map(|upper| upper * 1000.0), b.limits.upper);
        }
        prop_assert_eq!(one.parts[0].runs, many.parts[0].runs);
    }

    #[test]
    fn parts_stand_alone(rows in rows(), kind in prop::sample::select(&KINDS[..]), cut in any::<prop::sample::Index>()) {
        let groups = ratios(&rows);
        prop_assume!(groups.len() > 1);
        let cut = 1 + cut.index(groups.len() - 1);
        let settings = Settings { parts: vec![cut], ..Settings::default() };
        let both = chart(kind, &groups, &settings).expect("a chart");
        let (first, second) = (draw(kind, &groups[..cut]), draw(kind, &groups[cut..]));
        for (at, point) in first.points.iter().chain(&second.points).enumerate() {
            prop_assert_eq!(point.value, both.points[at].value);
            prop_assert_eq!(point.limits, both.points[at].limits);
        }
        prop_assert_eq!(both.parts[1].runs, second.parts[0].runs);
    }

    #[test]
    fn runs_do_not_depend_on_units_or_direction_of_time(values in vec(0..9i32, 1..80), unit in 1..900i32) {
        let series = |unit: f64, add: f64| -> Vec<Option<f64>> {
            values.iter().map(|&value| Some(f64::from(value) / 10.0 * unit + add)).collect()
        };
        let found = |values: &[Option<f64>]| draw(Kind::Run, &groups(values)).parts[0].runs;
        let plain = found(&series(1.0, 0.0));
        prop_assert_eq!(plain, found(&series(f64::from(unit) / 7.0, 0.0)));
        prop_assert_eq!(plain, found(&series(1.0, 12.0)));
        let mut backwards = series(1.0, 0.0);
        backwards.reverse();
        prop_assert_eq!(plain, found(&backwards));
        prop_assert_eq!(plain.signal, plain.longest > plain.longest_max || plain.crossings < plain.crossings_min);
    }
}

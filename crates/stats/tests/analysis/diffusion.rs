use proptest::{collection::vec, prelude::*};
use spiral_stats::diffusion::{
    equity::gini,
    growth::{Identification, bass, bass_ols, logistic},
    rogers::{Category, Method, categories, s_curve},
    routine::{End, incidence},
    shape::{Curve, Shape, compare},
};

use super::near;

fn bass_increments(p: f64, q: f64, m: f64, periods: u32) -> Vec<f64> {
    let share = |time: f64| {
        let left = (-(p + q) * time).exp();
        (1.0 - left) / (1.0 + q / p * left)
    };
    (1..=periods)
        .map(|time| m * (share(f64::from(time)) - share(f64::from(time) - 1.0)))
        .collect()
}

/// Whole numbers around a curve.
fn noisy(curve: &[f64]) -> Vec<f64> {
    let wobble = [0.7, -0.4, 0.2, -0.9, 0.5, 0.1, -0.3, 0.8, -0.6];
    curve
        .iter()
        .enumerate()
        .map(|(at, value)| (value + wobble[at % 9] * value.max(0.0).sqrt()).max(0.0).round())
        .collect()
}

#[test]
fn a_curve_that_was_drawn_is_found() {
    for (p, q, m, periods) in [
        (0.01, 0.4, 500.0, 20),
        (0.002, 0.6, 240.0, 24),
        (0.03, 0.38, 1e6, 15),
        (0.2, 0.05, 90.0, 15),
    ] {
        let found = bass(&bass_increments(p, q, m, periods)).expect("a fit");
        assert!(
            near(found.p, p, 1e-4) && near(found.q, q, 1e-4) && near(found.m, m, 1e-4),
            "{found:?}"
        );
        assert_eq!(found.identification, Identification::Identified);
        assert_eq!(found.ceiling(), Some(found.m));
        assert_eq!(found.peak().is_some(), q > p);
    }
}

/// Before the rate has turned every large ceiling fits. The limit of all of them is exponential growth, and no
/// fit may be worse than that.
#[test]
fn before_the_turn_there_is_no_ceiling() {
    for (start, rate, periods) in [(3.0, 0.3, 10), (5.0, 0.2, 12), (1.0, 0.5, 9), (20.0, 0.1, 14)] {
        let curve: Vec<f64> = (0..periods)
            .map(|time| start * (rate * f64::from(time)).exp())
            .collect();
        for adoptions in [noisy(&curve), curve] {
            let found = bass(&adoptions).expect("a fit");
            assert_eq!(found.identification, Identification::NotIdentified, "{found:?}");
            assert_eq!((found.ceiling(), found.peak()), (None, None));
            let exponential = (1..2000)
                .map(|thousandths| {
                    let shape: Vec<f64> = (0..periods)
                        .map(|time| (f64::from(thousandths) / 1000.0 * f64::from(time)).exp())
                        .collect();
                    let height = shape
                        .iter()
                        .zip(&adoptions)
                        .map(|(shape, value)| shape * value)
                        .sum::<f64>()
                        / shape.iter().map(|shape| shape * shape).sum::<f64>();
                    shape
                        .iter()
                        .zip(&adoptions)
                        .map(|(shape, value)| (value - height * shape).powi(2))
                        .sum::<f64>()
                })
                .fold(f64::INFINITY, f64::min);
            let most = adoptions.iter().fold(0.0, |most: f64, value| most.max(*value));
            assert!(
                found.squares <= exponential * (1.0 + 1e-6) + 1e-8 * most * most,
                "{} against {exponential}",
                found.squares
            );
        }
    }
}

#[test]
fn uptake_that_only_falls_has_no_imitation() {
    let falling: Vec<f64> = (0..15)
        .map(|time| (100.0 * (-0.2 * f64::from(time)).exp()).round())
        .collect();
    let found = bass(&falling).expect("a fit");
    assert_ne!(found.identification, Identification::NotIdentified);
    assert!(found.q < found.p && found.peak().is_none());
    // Falling faster than any Bass curve with imitation.
    let steep = [100.0, 30.0, 14.0, 8.0, 5.0, 4.0, 3.0, 3.0];
    let found = bass(&steep).expect("a fit");
    assert_eq!((found.identification, found.q), (Identification::AtBound, 0.0));
    assert!(found.ceiling().is_some_and(|m| (140.0..200.0).contains(&m)));
}

#[test]
fn logistic_curves() {
    let curve = |k: f64, r: f64, t0: f64| -> Vec<f64> {
        (1..=24)
            .map(|time| k / (1.0 + (-r * (f64::from(time) - t0)).exp()))
            .collect()
    };
    let found = logistic(&curve(120.0, 0.45, 11.0)).expect("a fit");
    assert!(
        near(found.k, 120.0, 1e-6) && near(found.r, 0.45, 1e-6) && near(found.t0, 11.0, 1e-6),
        "{found:?}"
    );
    assert_eq!(found.inflection(), Some(found.t0));
    let early = logistic(&curve(1e6, 0.2, 80.0)).expect("a fit");
    assert_eq!((early.ceiling(), early.inflection()), (None, None), "{early:?}");
}

#[test]
fn too_little_to_fit() {
    assert!(bass(&[1.0, 2.0, 3.0]).expect_err("short").is_not_estimable());
    assert!(bass(&[0.0; 12]).expect_err("nothing").is_not_estimable());
    assert!(
        !bass(&[1.0, f64::NAN, 3.0, 4.0])
            .expect_err("NaN")
            .is_not_estimable()
    );
    assert!(logistic(&[0.0; 12]).is_err() && compare(&[1.0; 5]).is_err());
    assert!(
        bass_ols(&[0.0, 0.0, 5.0])
            .expect_err("two points")
            .is_not_estimable()
    );
    // Growth without end is no Bass curve.
    assert_eq!(
        bass_ols(&[1.0, 2.0, 4.0, 8.0, 16.0, 40.0])
            .expect("a regression")
            .curve,
        None
    );
}

#[test]
fn shapes() {
    let s = compare(&noisy(&bass_increments(0.005, 0.5, 800.0, 20))).expect("a comparison");
    assert_eq!(s.shape, Some(Shape::S));
    let r: Vec<f64> = (0..16)
        .map(|time| 80.0 * (-0.25 * f64::from(time)).exp())
        .collect();
    let r = compare(&noisy(&r)).expect("a comparison");
    assert_eq!(
        (r.shape, r.candidates[0].curve),
        (Some(Shape::R), Curve::Saturation)
    );
    assert!(r.candidates.windows(2).all(|pair| pair[0].aicc <= pair[1].aicc));
    // What goes up and down tells nothing.
    let neither = compare(&[5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0]).expect("a comparison");
    assert_eq!(
        neither.shape,
        Some(Shape::R),
        "flat uptake is the start of saturation: {neither:?}"
    );
}

#[test]
fn categories_by_hand() {
    let found = categories(
        &[Some(1.0), Some(1.0), None],
        3,
        Method::MeanSd { of_sample: true },
    );
    assert!(found.expect_err("no spread").is_not_estimable());
    let found = categories(&[Some(1.0)], 3, Method::MeanSd { of_sample: true });
    assert!(found.expect_err("one").is_not_estimable());
    // In decimals 0.7 is the mean of these; their binary fractions have one just above it. On a boundary the
    // later category counts.
    let times = [0.1, 0.7, 1.3].map(Some);
    let found = categories(&times, 3, Method::MeanSd { of_sample: false }).expect("found");
    assert_eq!(found.of[1], Some(Category::LateMajority));
    let ranks = categories(
        &(0..40).map(|at| Some(f64::from(at))).collect::<Vec<_>>(),
        40,
        Method::Rank,
    )
    .expect("found");
    assert_eq!(ranks.counts, [1, 6, 13, 14, 6]);
    assert!(categories(&[None], 1, Method::Rank).is_err());
    assert!(categories(&[Some(1.0), Some(2.0)], 1, Method::Rank).is_err());
    let curve = s_curve(&[Some(5.0), Some(1.0), None, None, None, None, None], 7).expect("a curve");
    assert_eq!((curve.tipping_point(), curve.not_adopted), (Some(5.0), 5));
    assert_eq!(s_curve(&[Some(5.0)], 7).expect("a curve").tipping_point(), None);
}

#[test]
fn those_who_give_up_compete() {
    // By hand: of 5 followed one routine at 1; of 4 one gives up at 2; one is last seen at 2; of 2 one routine
    // at 3.
    let ends = [
        (1.0, End::Routine),
        (2.0, End::Discontinued),
        (2.0, End::Censored),
        (3.0, End::Routine),
        (9.0, End::Censored),
    ];
    let found = incidence(&ends).expect("an incidence");
    let last = found.steps.last().expect("a step");
    assert_eq!(
        found.steps.iter().map(|step| step.followed).collect::<Vec<_>>(),
        [5, 4, 2]
    );
    assert!(near(last.routine, 0.2 + 0.8 * 0.75 / 2.0, 1e-12));
    assert!(near(last.discontinued, 0.2, 1e-12));
    assert_eq!((found.time_to(0.5), found.time_to(0.6)), (Some(3.0), None));
    assert!(incidence(&[]).is_err() && incidence(&[(-1.0, End::Routine)]).is_err());
}

proptest! {
    #[test]
    fn incidence_without_censoring_counts(ends in vec((0..20u32, any::<bool>()), 1..50)) {
        let rows: Vec<(f64, End)> = ends.iter()
            .map(|&(time, routine)| (f64::from(time), if routine { End::Routine } else { End::Discontinued }))
            .collect();
        let found = incidence(&rows).expect("an incidence");
        for step in &found.steps {
            let by_then = rows.iter().filter(|(time, end)| *time <= step.time && *end == End::Routine).count();
            let share = f64::from(u32::try_from(by_then).expect("few")) / f64::from(u32::try_from(rows.len()).expect("few"));
            prop_assert!((step.routine - share).abs() < 1e-12);
        }
    }

    #[test]
    fn categories_do_not_depend_on_order_or_calendar(times in vec(0..40i32, 3..60), add in -900..900i32, more in 0..40usize) {
        let as_times = |add: i32| -> Vec<Option<f64>> { times.iter().map(|&time| Some(f64::from(time + add))).collect() };
        let population = times.len() + more;
        for method in [Method::Rank, Method::MeanSd { of_sample: true }, Method::MeanSd { of_sample: false }] {
            let Ok(plain) = categories(&as_times(0), population, method) else { continue };
            prop_assert_eq!(&plain.of, &categories(&as_times(add), population, method).expect("found").of);
            let mut backwards = as_times(0);
            backwards.reverse();
            let mut other = categories(&backwards, population, method).expect("found").of;
            other.reverse();
            prop_assert_eq!(&plain.of, &other);
            prop_assert_eq!(plain.counts.iter().sum::<usize>(), times.len());
            for (a, b) in times.iter().zip(&plain.of) {
                for (c, d) in times.iter().zip(&plain.of) {
                    prop_assert!(a > c || b <= d, "the earlier is in no later category");
                }
            }
        }
        let curve = s_curve(&as_times(0), population).expect("a curve");
        prop_assert!(curve.steps.windows(2).all(|pair| pair[0].time < pair[1].time && pair[0].cumulative < pair[1].cumulative));
        prop_assert_eq!(curve.steps.last().map(|step| step.cumulative), Some(times.len()));
    }

    #[test]
    fn gini_is_half_the_mean_difference(rows in vec((0..50u32, 1..30u32), 1..20), unit in 1..100u32) {
        let rates: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
        let Ok(found) = gini(&rates, &weights) else {
            prop_assert!(rates.iter().all(|rate| *rate < 0.5));
            return Ok(());
        };
        let all: f64 = weights.iter().sum();
        let mean: f64 = rates.iter().zip(&weights).map(|(rate, weight)| rate * weight).sum::<f64>() / all;
        let mut difference = 0.0;
        for (a, v) in rates.iter().zip(&weights) {
            for (b, w) in rates.iter().zip(&weights) {
                difference += v * w * (a - b).abs();
            }
        }
        prop_assert!((found - difference / (2.0 * all * all * mean)).abs() < 1e-12);
        let scaled: Vec<f64> = rates.iter().map(|rate| rate * f64::from(unit)).collect();
        prop_assert!((found - gini(&scaled, &weights).expect("an index")).abs() < 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases((ProptestConfig::default().cases / 8).max(12)))]
    #[test]
    fn the_unit_of_adoptions_does_not_matter(counts in vec(0..60u32, 8..16), unit in 1..500u32) {
        let adoptions = |unit: u32| -> Vec<f64> { counts.iter().map(|&count| f64::from(count * unit)).collect() };
        let (Ok(a), Ok(b)) = (bass(&adoptions(1)), bass(&adoptions(unit))) else { return Ok(()) };
        let unit = f64::from(unit);
        prop_assert!(near(a.squares * unit * unit, b.squares, 1e-6) || a.squares < 1e-9);
        prop_assert_eq!(a.identification == Identification::NotIdentified, b.identification == Identification::NotIdentified);
    }
}

use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    effect::{
        Cases, Effect, Group, log_odds_ratio, log_risk_ratio, mean_difference, standardised_mean_difference,
    },
    meta::{Method, Pooled, Test, pool, regression, subgroups},
};

use super::near;

const METHODS: [Method; 4] = [
    Method::Common,
    Method::DerSimonianLaird,
    Method::PauleMandel,
    Method::Reml,
];

fn effects() -> impl Strategy<Value = Vec<Effect>> {
    let effect = (-500..500i32, 1..400u32).prop_map(|(estimate, variance)| Effect {
        estimate: f64::from(estimate) / 100.0,
        variance: f64::from(variance) / 100.0,
    });
    vec(effect, 1..25)
}

fn run(effects: &[Effect], method: Method) -> Pooled {
    pool(effects, method, 95.0).expect("a pooled effect")
}

/// Twice the restricted log likelihood, but for a constant.
fn likelihood(effects: &[Effect], tau2: f64) -> f64 {
    let weights: Vec<f64> = effects
        .iter()
        .map(|effect| 1.0 / (effect.variance + tau2))
        .collect();
    let total: f64 = weights.iter().sum();
    let mean = effects
        .iter()
        .zip(&weights)
        .map(|(effect, weight)| effect.estimate * weight)
        .sum::<f64>()
        / total;
    let q: f64 = effects
        .iter()
        .zip(&weights)
        .map(|(effect, weight)| weight * (effect.estimate - mean).powi(2))
        .sum();
    weights.iter().map(|weight| weight.ln()).sum::<f64>() - total.ln() - q
}

#[test]
fn one_study_stands_for_itself() {
    for method in METHODS {
        let found = run(
            &[Effect {
                estimate: 2.0,
                variance: 0.25,
            }],
            method,
        );
        assert_eq!(
            (found.estimate, found.z.error, found.heterogeneity.tau2),
            (2.0, 0.5, 0.0)
        );
        assert_eq!(found.inference(Test::HartungKnapp), found.z);
        assert_eq!((found.heterogeneity.p_value, found.heterogeneity.i2), (1.0, 0.0));
        assert_eq!(found.predictive(), None);
    }
}

#[test]
fn equal_effects_are_certain_to_hartung_and_knapp() {
    let found = run(
        &[Effect {
            estimate: 1.5,
            variance: 0.5,
        }; 4],
        Method::Reml,
    );
    let narrow = found.hartung_knapp.expect("several studies");
    assert!(narrow.error < 1e-7 && found.is_narrowed());
    assert!(narrow.p_value < 1e-6 && narrow.statistic.is_finite());
    let floored = found.hartung_knapp_floored.expect("several studies");
    assert!(near(floored.error, found.z.error, 1e-15));
    assert!(
        floored.interval.1 > found.z.interval.1,
        "t reaches further than z"
    );
}

/// A precise study in the middle of others: the likelihood has a maximum at 0.38, and a higher one at zero.
#[test]
fn the_higher_of_two_maxima() {
    let rows = [
        (-1.48, 2.52),
        (4.34, 2.45),
        (0.87, 0.01),
        (0.0, 0.47),
        (0.0, 0.69),
        (-0.44, 1.31),
        (-0.55, 3.41),
        (2.04, 1.19),
        (0.74, 1.05),
        (4.36, 2.19),
        (2.14, 1.08),
        (0.0, 0.54),
    ];
    let effects = rows.map(|(estimate, variance)| Effect { estimate, variance });
    assert!(run(&effects, Method::Reml).heterogeneity.tau2 <= 0.0);
    assert!(likelihood(&effects, 0.3847) > likelihood(&effects, 0.3));
    assert!(likelihood(&effects, 0.3847) < likelihood(&effects, 0.0));
}

/// Beside a study that knows nothing: C is a tiny sum, not the difference of two equal numbers.
#[test]
fn one_study_outweighs_all() {
    let effects = [(0.0, 169.0), (0.0, 3e129)].map(|(estimate, variance)| Effect { estimate, variance });
    for method in METHODS {
        let found = run(&effects, method).heterogeneity;
        assert!(
            found.tau2 <= 0.0 && found.i2 <= 0.0 && found.h2 <= 1.0,
            "{method:?}: {found:?}"
        );
    }
}

#[test]
fn the_next_site() {
    let effects = [(0.9, 0.01), (1.1, 0.01), (1.0, 0.02), (1.3, 0.02)]
        .map(|(estimate, variance)| Effect { estimate, variance });
    let found = run(&effects, Method::Reml).predictive().expect("four sites");
    assert!(near(found.degrees, 2.0, 1e-15));
    assert!(near(found.above(found.mean), 0.5, 1e-12));
    assert!(near(found.above(found.interval.0), 0.975, 1e-9));
    assert!(near(found.below(0.7) + found.above(0.7), 1.0, 1e-12));
    assert!(found.above(0.0) > found.above(0.5));
    assert_eq!(run(&effects[..2], Method::Reml).predictive(), None);
    assert_eq!(run(&effects, Method::Common).predictive(), None);
}

#[test]
fn subgroups_of_sites() {
    let group = |centre: f64| {
        [0.1, -0.1, 0.05, -0.05].map(|add| Effect {
            estimate: centre + add,
            variance: 0.04,
        })
    };
    let (low, high) = (group(0.0), group(1.0));
    let found = subgroups(&[&low, &high], Method::DerSimonianLaird, 95.0).expect("a comparison");
    // Two estimates with a variance of 0.04 / 4 each, one apart: Q = 1² / 0.02.
    assert!(near(found.q, 50.0, 1e-12) && found.degrees == 1 && found.p_value < 1e-10);
    let same = subgroups(&[&low, &low, &low], Method::Reml, 95.0).expect("a comparison");
    assert!(same.q < 1e-12 && near(same.p_value, 1.0, 1e-9));
    assert!(
        subgroups(&[&low, &high[..3]], Method::Reml, 95.0)
            .expect_err("few")
            .is_not_estimable()
    );
    assert!(
        subgroups(&[&low], Method::Reml, 95.0)
            .expect_err("one")
            .is_not_estimable()
    );
}

#[test]
fn a_line_through_sites() {
    let years: Vec<f64> = (0..12).map(|site| 2000.0 + f64::from(site)).collect();
    let sites = |noise: f64| -> Vec<Effect> {
        years
            .iter()
            .zip([0.3, -0.5, 0.2, 0.1, -0.4, 0.5, -0.1, -0.3, 0.4, 0.1, -0.2, -0.1])
            .map(|(year, wobble)| Effect {
                estimate: 0.5 + 0.1 * (year - 2000.0) + noise * wobble,
                variance: 0.01,
            })
            .collect()
    };
    let exact = regression(&sites(0.0), &[&years], 95.0).expect("a line");
    assert!(near(exact.slopes[0].estimate, 0.1, 1e-9) && near(exact.intercept.estimate, 0.5 - 200.0, 1e-9));
    assert!(exact.tau2 <= 0.0 && exact.r2.is_some_and(|r2| r2 > 99.9) && exact.slopes[0].p_value < 1e-9);
    // Equal weights: ordinary least squares, by hand. Sxx = 143, and the slope is Σ(x - x̄) y / Sxx.
    let rough = regression(&sites(1.0), &[&years], 95.0).expect("a line");
    let by_hand: f64 = years
        .iter()
        .zip(sites(1.0))
        .map(|(year, site)| (year - 2005.5) * site.estimate)
        .sum::<f64>()
        / 143.0;
    assert!(near(rough.slopes[0].estimate, by_hand, 1e-9) && rough.degrees == 10);
    // In centuries from another year the slope is a hundred times as steep, and its test the same.
    let centuries: Vec<f64> = years.iter().map(|year| (year - 1900.0) / 100.0).collect();
    let other = regression(&sites(1.0), &[&centuries], 95.0).expect("a line");
    assert!(near(
        other.slopes[0].estimate,
        100.0 * rough.slopes[0].estimate,
        1e-9
    ));
    assert!(
        near(other.slopes[0].p_value, rough.slopes[0].p_value, 1e-6) && near(other.tau2, rough.tau2, 1e-9)
    );
    // Without covariates it is the pooled effect.
    let alone = regression(&sites(1.0), &[], 95.0).expect("a mean");
    let pooled = run(&sites(1.0), Method::DerSimonianLaird);
    let knapp = pooled.inference(Test::HartungKnapp);
    assert!(near(alone.tau2, pooled.heterogeneity.tau2, 1e-9) && near(alone.q, pooled.heterogeneity.q, 1e-9));
    assert!(
        near(alone.intercept.interval.0, knapp.interval.0, 1e-9)
            && near(alone.intercept.p_value, knapp.p_value, 1e-6)
    );
    let refused = |covariates: &[&[f64]]| regression(&sites(1.0), covariates, 95.0).expect_err("refused");
    assert!(
        refused(&[&years, &centuries]).is_not_estimable(),
        "too few sites for two"
    );
    assert!(refused(&[&[7.0; 12]]).is_not_estimable(), "does not vary");
    assert!(!refused(&[&years[1..]]).is_not_estimable(), "one is missing");
    let many: Vec<Effect> = (0..30)
        .map(|site| Effect {
            estimate: f64::from(site % 7),
            variance: 1.0,
        })
        .collect();
    let (once, twice): (Vec<f64>, Vec<f64>) = (0..30)
        .map(|site| (f64::from(site), f64::from(2 * site + 1)))
        .unzip();
    assert!(
        regression(&many, &[&once, &twice], 95.0)
            .expect_err("the same")
            .is_not_estimable()
    );
}

#[test]
fn effect_sizes() {
    // By hand: 12 of 49 against 56 of 162.
    let cases = |events, people| Cases { events, people };
    let odds = log_odds_ratio(cases(12.0, 49.0), cases(56.0, 162.0)).expect("an effect");
    assert!(near(odds.estimate, (12.0 / 37.0 * 106.0 / 56.0f64).ln(), 1e-14));
    assert!(near(
        odds.variance,
        1.0 / 12.0 + 1.0 / 37.0 + 1.0 / 56.0 + 1.0 / 106.0,
        1e-14
    ));
    let risk = log_risk_ratio(cases(12.0, 49.0), cases(56.0, 162.0)).expect("an effect");
    assert!(near(risk.estimate, (12.0 / 49.0 * 162.0 / 56.0f64).ln(), 1e-14));
    assert!(near(
        risk.variance,
        1.0 / 12.0 - 1.0 / 49.0 + 1.0 / 56.0 - 1.0 / 162.0,
        1e-13
    ));
    // Half a case in each cell, only because one is empty.
    let empty = log_risk_ratio(cases(0.0, 20.0), cases(3.0, 30.0)).expect("an effect");
    assert!(near(empty.estimate, (0.5 / 21.0 / (3.5 / 31.0f64)).ln(), 1e-14));
    let neither = log_odds_ratio(cases(0.0, 20.0), cases(0.0, 20.0)).expect("an effect");
    assert!(neither.estimate.abs() < 1e-15 && neither.variance > 4.0);
    assert!(log_odds_ratio(cases(5.0, 4.0), cases(1.0, 2.0)).is_err());

    let group = |mean, sd, people| Group { mean, sd, people };
    let difference = mean_difference(group(12.0, 3.0, 9.0), group(10.0, 4.0, 16.0)).expect("an effect");
    assert_eq!((difference.estimate, difference.variance), (2.0, 2.0));
    // Hedges' J for 10 degrees of freedom is 0.9228.
    let g = standardised_mean_difference(group(12.0, 2.0, 6.0), group(10.0, 2.0, 6.0)).expect("an effect");
    assert!((g.estimate - 0.9228).abs() < 2e-4, "{g:?}");
    assert!(near(
        g.variance,
        1.0 / 3.0 + g.estimate * g.estimate / 24.0,
        1e-14
    ));
    // The expansion takes over without a step.
    let large = |people| {
        standardised_mean_difference(group(1.0, 1.0, people), group(0.0, 1.0, people))
            .expect("g")
            .estimate
    };
    assert!(large(5000.0) < large(5002.0) && large(5002.0) < 1.0);
    assert!((large(5002.0) - large(5000.0)).abs() < 1e-7);
    assert!(standardised_mean_difference(group(1.0, 0.0, 5.0), group(0.0, 0.0, 5.0)).is_err());
}

proptest! {
    #[test]
    fn tau2_is_what_it_says(effects in effects()) {
        prop_assume!(effects.len() > 1);
        let degrees = f64::from(u32::try_from(effects.len() - 1).expect("few"));
        let generalised = |tau2: f64| {
            let shifted: Vec<Effect> =
                effects.iter().map(|effect| Effect { variance: effect.variance + tau2, ..*effect }).collect();
            run(&shifted, Method::Common).heterogeneity.q
        };
        let tau2 = run(&effects, Method::PauleMandel).heterogeneity.tau2;
        if tau2 > 0.0 {
            prop_assert!(near(generalised(tau2), degrees, 1e-9));
        } else {
            prop_assert!(generalised(0.0) <= degrees * (1.0 + 1e-12));
        }
        let tau2 = run(&effects, Method::Reml).heterogeneity.tau2;
        let best = likelihood(&effects, tau2);
        for factor in [0.0, 0.3, 0.9, 0.999, 1.001, 1.1, 3.0] {
            prop_assert!(likelihood(&effects, tau2 * factor) <= best + 1e-9, "{tau2} x {factor}");
        }
        prop_assert!(likelihood(&effects, tau2 + 1e-4) <= best + 1e-9);
    }

    #[test]
    fn the_order_of_studies_does_not_matter(effects in effects(), method in prop::sample::select(&METHODS[..])) {
        let found = run(&effects, method);
        let mut backwards = effects.clone();
        backwards.reverse();
        let other = run(&backwards, method);
        prop_assert!((found.estimate - other.estimate).abs() < 1e-9);
        prop_assert!((found.heterogeneity.tau2 - other.heterogeneity.tau2).abs() < 1e-9);
        prop_assert!((found.weights.iter().sum::<f64>() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn units_do_not_matter(effects in effects(), method in prop::sample::select(&METHODS[..]), power in -20..20i32, add in -50..50i32) {
        let found = run(&effects, method);
        // Powers of two are exact, so that nothing but the unit changes.
        let (unit, add) = (2f64.powi(power), f64::from(add));
        let other: Vec<Effect> = effects.iter().map(|effect| Effect {
            estimate: effect.estimate * unit,
            variance: effect.variance * unit * unit,
        }).collect();
        let scaled = run(&other, method);
        prop_assert!(near(scaled.estimate, found.estimate * unit, 1e-8));
        prop_assert!((scaled.heterogeneity.tau2 / unit / unit - found.heterogeneity.tau2).abs() < 1e-9);
        prop_assert!(near(scaled.z.error, found.z.error * unit, 1e-7));
        let moved: Vec<Effect> = effects.iter().map(|effect| Effect { estimate: effect.estimate + add, ..*effect }).collect();
        prop_assert!((run(&moved, method).estimate - found.estimate - add).abs() < 1e-6);
    }

    #[test]
    fn intervals_contain_the_estimate(effects in effects(), method in prop::sample::select(&METHODS[..])) {
        let found = run(&effects, method);
        for test in [Test::Z, Test::HartungKnapp, Test::HartungKnappFloored] {
            let inference = found.inference(test);
            prop_assert!(inference.interval.0 <= found.estimate && found.estimate <= inference.interval.1);
            prop_assert!((0.0..=1.0).contains(&inference.p_value));
            if let Some(prediction) = inference.prediction {
                prop_assert!(prediction.0 <= inference.interval.0 + 1e-12 && inference.interval.1 <= prediction.1 + 1e-12);
            }
        }
        let heterogeneity = found.heterogeneity;
        prop_assert!((0.0..=100.0).contains(&heterogeneity.i2) && heterogeneity.tau2 >= 0.0);
        let floored = found.inference(Test::HartungKnappFloored);
        prop_assert!(floored.error >= found.z.error * (1.0 - 1e-15));
    }
}

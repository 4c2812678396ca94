//! Whatever goes in, an answer or an error comes out, and no answer holds NaN.

use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    compare::{Cases, Exposure, means, paired, proportions, rates},
    diffusion::{equity, growth, rogers, routine, shape},
    effect::{self, Effect},
    funnel::{Adjust, Data, Law, Settings as FunnelSettings, Transform, Unit, exact, funnel},
    meta::{Method, pool, regression},
    roll_up::{Missing, Stratum, roll_up},
    run_chart,
    shewhart::{self, Kind, Subgroup},
    standardise, xmr,
};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-20..200i32).prop_map(f64::from),
        2 => -1e3..1e3f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324,
            1e300, 1e-300, 1e15, 9e9, 0.1, 1.0,
        ]),
    ]
}

/// Mostly in order, so that the arithmetic is reached and not only the checks.
fn tame() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => (0..200i32).prop_map(f64::from),
        1 => prop::sample::select(vec![0.0, f64::MAX, 1e300, 1e200, 1e-200, f64::MIN_POSITIVE, 1e10, 1e8, 0.3]),
    ]
}

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![vec(number(), 0..20), vec(tame(), 0..30)]
}

fn options() -> impl Strategy<Value = Vec<Option<f64>>> {
    prop_oneof![
        vec(proptest::option::of(number()), 0..20),
        vec(proptest::option::of(tame()), 0..40)
    ]
}

/// Every number of an answer, as it is printed.
fn holds_no_nan(answer: &impl std::fmt::Debug) -> bool {
    let text = format!("{answer:?}");
    !text.contains("NaN") && !text.contains("inf")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(300)))]

    #[test]
    fn charts(values in options(), sizes in options(), target in number(), rebase in vec(0..30usize, 0..3), freeze in proptest::option::of(0..30usize), screening in any::<bool>()) {
        let baselines = [
            xmr::Baseline::All,
            xmr::Baseline::First(12),
            xmr::Baseline::Frozen { mean: target, average_moving_range: target.abs() },
        ];
        for baseline in baselines {
            let settings = xmr::Settings { target: Some(target), rebase: rebase.clone(), baseline, screening, ..xmr::Settings::default() };
            if let Ok(chart) = xmr::xmr(&values, &settings) {
                prop_assert!(holds_no_nan(&chart), "{chart:?}");
            }
        }
        let _ = run_chart::runs(&values, target, run_chart::Method::CutBox);
        let settings = shewhart::Settings { freeze, parts: rebase.clone(), exclude: vec![2, 40], screening, ..shewhart::Settings::default() };
        let single: Vec<Subgroup> = values.iter().filter_map(|&value| Subgroup::of_values(&[value]).ok()).collect();
        let double: Vec<Subgroup> = values.chunks(3).filter_map(|chunk| Subgroup::of_values(chunk).ok()).collect();
        let ratios: Vec<Subgroup> = values.iter().zip(&sizes).filter_map(|(&y, &n)| Subgroup::of_ratios(&[(y, n)]).ok()).collect();
        for kind in [Kind::Run, Kind::I, Kind::Mr, Kind::Xbar, Kind::S, Kind::T, Kind::P, Kind::PPrime, Kind::C, Kind::U, Kind::UPrime, Kind::G] {
            for groups in [&single, &double, &ratios] {
                if let Ok(chart) = shewhart::chart(kind, groups, &settings) {
                    prop_assert!(holds_no_nan(&chart), "{chart:?}");
                }
            }
        }
    }

    #[test]
    fn funnels(numerators in numbers(), denominators in numbers(), trim in number(), target in number()) {
        let units: Vec<Unit> = numerators.iter().zip(&denominators).map(|(&numerator, &denominator)| Unit { numerator, denominator }).collect();
        let small: Vec<Unit> = units.iter().map(|unit| Unit { numerator: unit.numerator.min(unit.denominator), ..*unit }).collect();
        for data in [Data::Proportion, Data::RatioOfCounts, Data::Standardised(Transform::Log), Data::Standardised(Transform::Root)] {
            for adjust in [Adjust::Never, Adjust::IfOverdispersed, Adjust::Always] {
                for (units, trim) in [(&units, 0.1), (&small, 0.1), (&units, trim)] {
                    if let Ok(found) = funnel(data, units, &FunnelSettings { adjust, trim, ..FunnelSettings::default() }) {
                        prop_assert!(holds_no_nan(&found), "{found:?}");
                    }
                }
            }
        }
        for law in [Law::Binomial, Law::Poisson] {
            for target in [None, Some(target), Some(0.3)] {
                if let Ok(found) = exact(law, &small, target) {
                    prop_assert!(holds_no_nan(&found), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn pooling(estimates in numbers(), variances in numbers(), level in number()) {
        let effects: Vec<Effect> = estimates.iter().zip(&variances).map(|(&estimate, &variance)| Effect { estimate, variance }).collect();
        for method in [Method::Common, Method::DerSimonianLaird, Method::PauleMandel, Method::Reml] {
            for level in [level, 95.0] {
                if let Ok(found) = pool(&effects, method, level) {
                    prop_assert!(holds_no_nan(&found), "{found:?}");
                    let next = found.predictive();
                    prop_assert!(holds_no_nan(&next));
                }
            }
        }
        let both = effects.len();
        let covariate = |values: &[f64]| regression(&effects, &[&values[..both]], 95.0).ok();
        prop_assert!(holds_no_nan(&covariate(&estimates)) && holds_no_nan(&covariate(&variances)));
        for row in estimates.windows(6) {
            let (treated, control) = (effect::Cases { events: row[0], people: row[1] }, effect::Cases { events: row[2], people: row[3] });
            prop_assert!(holds_no_nan(&effect::log_odds_ratio(treated, control).ok()));
            prop_assert!(holds_no_nan(&effect::log_risk_ratio(treated, control).ok()));
            let (treated, control) =
                (effect::Group { mean: row[0], sd: row[1], people: row[2] }, effect::Group { mean: row[3], sd: row[4], people: row[5] });
            prop_assert!(holds_no_nan(&effect::mean_difference(treated, control).ok()));
            prop_assert!(holds_no_nan(&effect::standardised_mean_difference(treated, control).ok()));
        }
    }

    #[test]
    fn comparisons(row in vec(prop_oneof![number(), tame()], 4), before in numbers(), after in numbers(), level in 1.0..99.9f64) {
        let row: Vec<f64> = row.iter().map(|value| if value.abs() < 1e6 { value.round() } else { *value }).collect();
        let cases = |at: usize| Cases { events: row[at], people: row[at + 1] };
        prop_assert!(holds_no_nan(&proportions(cases(0), cases(2), level).ok()));
        let exposure = |at: usize| Exposure { events: row[at], exposure: row[at + 1] };
        prop_assert!(holds_no_nan(&rates(exposure(0), exposure(2), level).ok()));
        prop_assert!(holds_no_nan(&means(&before, &after, level).ok()));
        let both = before.len().min(after.len());
        prop_assert!(holds_no_nan(&paired(&before[..both], &after[..both], level).ok()));
        let strata: Vec<Stratum> = before.iter().zip(&after).map(|(&rate, &weight)| Stratum { rate: Some(rate), weight }).collect();
        prop_assert!(holds_no_nan(&roll_up(&strata, Missing::Renormalise, 1000.0).ok()));
        let strata: Vec<standardise::Stratum> = before.iter().zip(&after).map(|(&observed, &population)| standardise::Stratum { observed, population, standard: level }).collect();
        let settings = standardise::Settings { level, ..standardise::Settings::default() };
        prop_assert!(holds_no_nan(&standardise::direct(&strata, &settings).ok()));
    }

    #[test]
    fn uptake(times in options(), weights in numbers(), rates in numbers(), population in 0..60usize) {
        for method in [rogers::Method::Rank, rogers::Method::MeanSd { of_sample: true }, rogers::Method::MeanSd { of_sample: false }] {
            prop_assert!(holds_no_nan(&rogers::categories(&times, population, method).ok()));
        }
        prop_assert!(holds_no_nan(&rogers::s_curve(&times, population).ok()));
        let both = weights.len().min(rates.len());
        prop_assert!(holds_no_nan(&equity::gini(&rates[..both], &weights[..both]).ok()));
        let ends: Vec<(f64, routine::End)> = rates.iter().enumerate()
            .map(|(at, &time)| (time, [routine::End::Routine, routine::End::Discontinued, routine::End::Censored][at % 3])).collect();
        prop_assert!(holds_no_nan(&routine::incidence(&ends).ok()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases((ProptestConfig::default().cases / 4).max(40)))]

    #[test]
    fn growth_curves(values in numbers()) {
        // The condition of slopes that say the same is infinite, and meant so.
        let told = |answer: &str| !answer.replace("condition: inf", "").contains("inf") && !answer.contains("NaN");
        let answers = [
            format!("{:?}", growth::bass(&values).ok()),
            format!("{:?}", growth::bass_ols(&values).ok()),
            format!("{:?}", growth::logistic(&values).ok()),
            format!("{:?}", shape::compare(&values).ok()),
        ];
        prop_assert!(answers.iter().all(|answer| told(answer)), "{answers:?}");
    }
}

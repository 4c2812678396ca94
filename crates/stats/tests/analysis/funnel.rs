use proptest::{collection::vec, prelude::*};
use spiral_stats::funnel::{Adjust, Data, Law, Limits, Settings, Transform, Unit, Warning, exact, funnel};

use super::near;

const DATA: [Data; 4] = [
    Data::Proportion,
    Data::RatioOfCounts,
    Data::Standardised(Transform::Log),
    Data::Standardised(Transform::Root),
];

fn units(rows: &[(u32, u32)]) -> Vec<Unit> {
    rows.iter()
        .map(|&(numerator, denominator)| Unit {
            numerator: f64::from(numerator),
            denominator: f64::from(denominator),
        })
        .collect()
}

fn rows() -> impl Strategy<Value = Vec<(u32, u32)>> {
    vec((0..60u32, 1..800u32).prop_map(|(y, more)| (y, y + more)), 2..40)
        .prop_filter("somebody", |rows| rows.iter().any(|row| row.0 > 0))
}

fn all(limits: Limits) -> [f64; 4] {
    [
        limits.lower_998,
        limits.lower_95,
        limits.upper_95,
        limits.upper_998,
    ]
}

#[test]
fn refusals() {
    let refused = |data, rows: &[(u32, u32)]| {
        funnel(data, &units(rows), &Settings::default())
            .expect_err("refused")
            .to_string()
    };
    assert!(refused(Data::Proportion, &[(1, 10)]).contains("at least two units"));
    assert!(refused(Data::Proportion, &[(1, 10), (1, 0)]).contains("not above zero"));
    assert!(refused(Data::Proportion, &[(1, 10), (11, 10)]).contains("above the denominator"));
    assert!(refused(Data::RatioOfCounts, &[(10, 10), (7, 7)]).contains("the same"));
    assert!(refused(Data::RatioOfCounts, &[(0, 10), (0, 7)]).contains("no events"));
    let settings = Settings {
        trim: 0.5,
        ..Settings::default()
    };
    assert!(funnel(Data::Proportion, &units(&[(1, 10), (2, 10)]), &settings).is_err());
    assert!(exact(Law::Binomial, &units(&[(1, 10)]), Some(1.2)).is_err());
    assert!(
        exact(
            Law::Binomial,
            &[Unit {
                numerator: 1.0,
                denominator: 2.5
            }],
            None
        )
        .is_err()
    );
    assert!(
        exact(
            Law::Poisson,
            &[Unit {
                numerator: 1.0,
                denominator: 2.5
            }],
            None
        )
        .is_ok()
    );
}

#[test]
fn units_without_events_rank_lowest() {
    let log = Data::Standardised(Transform::Log);
    let mut rows: Vec<(u32, u32)> = (0..12).map(|at| (20 + at, 25)).collect();
    rows[4] = (0, 25);
    let found = funnel(log, &units(&rows), &Settings::default()).expect("a funnel");
    assert_eq!((found.units[4].z, found.units[4].trimmed), (None, None));
    assert_eq!(found.warnings, [], "truncated all the same");
    assert!(found.units[4].outlier);
    // Of six units none is truncated, and the one is left out.
    let found = funnel(log, &units(&rows[2..8]), &Settings::default()).expect("a funnel");
    assert_eq!(found.warnings, [Warning::NoLogarithm { units: 1 }]);
    assert!(found.dispersion.is_some_and(|found| found.phi.is_finite()));
}

/// Ranks of equal units are their mean: of twelve the first tenth holds ranks below 1.3, and two that share the
/// lowest place rank 1.5.
#[test]
fn equal_units_share_a_rank() {
    let log = Data::Standardised(Transform::Log);
    let mut rows: Vec<(u32, u32)> = (0..12).map(|at| (20 + at, 25)).collect();
    let trimmed = |rows: &[(u32, u32)]| -> Vec<bool> {
        let found = funnel(log, &units(rows), &Settings::default()).expect("a funnel");
        found.units.iter().map(|unit| unit.trimmed.is_none()).collect()
    };
    let one = trimmed(&rows);
    assert!(one[0] && one[11] && !one[1..11].contains(&true));
    rows[1] = rows[0];
    let two = trimmed(&rows);
    assert!(!two[0] && !two[1] && two[11]);
}

/// With homogeneous counts about one unit of 500 lies outside 99.8 %.
#[test]
fn ratios_of_counts_are_not_flagged_by_the_dozen() {
    let mut seed = 7u64;
    let mut draw = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(seed >> 33).expect("31 bits")) / f64::from(1u32 << 31)
    };
    let mut poisson = |mean: f64| {
        let (mut count, mut left) = (0u32, mean);
        loop {
            left += (1.0 - draw()).ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    };
    let rows: Vec<(u32, u32)> = (0..800)
        .map(|at| {
            (
                poisson(40.0 + f64::from(at % 50)),
                poisson(800.0 + 20.0 * f64::from(at % 50)),
            )
        })
        .collect();
    let settings = Settings {
        adjust: Adjust::Never,
        ..Settings::default()
    };
    let found = funnel(Data::RatioOfCounts, &units(&rows), &settings).expect("a funnel");
    let flagged = found.units.iter().filter(|unit| unit.outlier).count();
    assert!(flagged < 10, "{flagged} of 800");
    // What an arcsine would say: a standard error of 1 / (2 √n) on the log scale.
    let narrow = found.units.iter().zip(&rows).filter(|(unit, row)| {
        (unit.ratio / found.target).ln().abs() > 3.09 / (2.0 * f64::from(row.1).sqrt())
    });
    assert!(narrow.count() > 400);
}

/// The number below the limit has a probability of at most p, the next one takes it beyond.
#[test]
fn exact_limits_have_their_level() {
    let law = |n: u32, p: f64, k: u32| {
        (0..=k)
            .fold((0.0, (1.0 - p).powf(f64::from(n))), |(total, mass), j| {
                (
                    total + mass,
                    mass * f64::from(n - j) / f64::from(j + 1) * p / (1.0 - p),
                )
            })
            .0
    };
    for (n, target) in [(20u32, 0.3), (150, 0.02), (400, 0.5), (60, 0.9)] {
        let found = exact(Law::Binomial, &units(&[(0, n)]), Some(target)).expect("a funnel");
        let limits = found.units[0].limits;
        for (limit, p) in all(limits).into_iter().zip([0.001, 0.025, 0.975, 0.999]) {
            let number = limit * f64::from(n);
            // Between r - 1 and r the cumulative probability passes p, and α says where.
            let r = (0..=n).find(|&k| law(n, target, k) >= p).expect("a number");
            let below = if r == 0 { 0.0 } else { law(n, target, r - 1) };
            let share = (p - below) / (law(n, target, r) - below);
            let expected = (f64::from(r) - 1.0 + share).max(0.0);
            assert!(
                (number - expected).abs() < 1e-8,
                "{n} {target} {p}: {number} {expected}"
            );
        }
    }
}

proptest! {
    #[test]
    fn limits_contain_the_target(rows in rows(), data in prop::sample::select(&DATA[..])) {
        let settings = Settings { adjust: Adjust::Always, ..Settings::default() };
        let Ok(found) = funnel(data, &units(&rows), &settings) else { return Ok(()) };
        for unit in &found.units {
            for limits in [unit.plain, unit.adjusted] {
                prop_assert!(all(limits).is_sorted(), "{limits:?}");
                prop_assert!(limits.lower_95 <= found.target && found.target <= limits.upper_95);
            }
            if !matches!(data, Data::Standardised(_)) {
                prop_assert!(unit.adjusted.lower_95 <= unit.plain.lower_95 + 1e-12);
                prop_assert!(unit.adjusted.upper_95 >= unit.plain.upper_95 - 1e-12);
            }
            if data == Data::Proportion {
                prop_assert!(unit.adjusted.lower_998 >= 0.0 && unit.adjusted.upper_998 <= 1.0);
            }
        }
    }

    #[test]
    fn the_order_of_units_does_not_matter(rows in rows(), data in prop::sample::select(&DATA[..])) {
        let Ok(found) = funnel(data, &units(&rows), &Settings::default()) else { return Ok(()) };
        let mut backwards = rows.clone();
        backwards.reverse();
        let other = funnel(data, &units(&backwards), &Settings::default()).expect("a funnel");
        prop_assert!(near(found.target, other.target, 1e-14));
        match (found.dispersion, other.dispersion) {
            (Some(a), Some(b)) => {
                prop_assert!(near(a.phi, b.phi, 1e-12));
                prop_assert!((a.tau2 - b.tau2).abs() <= 1e-12 * (1.0 + a.tau2));
            }
            (a, b) => prop_assert_eq!(a, b),
        }
        for (a, b) in found.units.iter().zip(other.units.iter().rev()) {
            prop_assert_eq!(a.z.is_some(), b.z.is_some());
            prop_assert!(near(a.ratio, b.ratio, 1e-15));
            prop_assert!(near(a.plain.upper_998, b.plain.upper_998, 1e-12));
        }
    }

    #[test]
    fn multiplying_changes_the_scale_only(rows in rows(), data in prop::sample::select(&DATA[..])) {
        let Ok(one) = funnel(data, &units(&rows), &Settings::default()) else { return Ok(()) };
        let settings = Settings { multiply: 1000.0, ..Settings::default() };
        let many = funnel(data, &units(&rows), &settings).expect("a funnel");
        prop_assert_eq!(one.dispersion, many.dispersion);
        for (a, b) in one.units.iter().zip(&many.units) {
            prop_assert_eq!(a.outlier, b.outlier);
            prop_assert!(near(a.adjusted.upper_95 * 1000.0, b.adjusted.upper_95, 1e-15));
        }
    }

    #[test]
    fn exact_limits_contain_the_target(n in 1..100_000u32, thousandths in 0..=1000u32, poisson in any::<bool>()) {
        let target = f64::from(thousandths) / 1000.0;
        let law = if poisson { Law::Poisson } else { Law::Binomial };
        let found = exact(law, &units(&[(0, n)]), Some(target)).expect("a funnel");
        let limits = all(found.units[0].limits);
        prop_assert!(limits.is_sorted(), "{limits:?}");
        // Interpolation may take a limit past the target by less than one case.
        let case = 1.0 / f64::from(n);
        prop_assert!(limits[1] <= target + case && target - case <= limits[2], "{limits:?} {target}");
        prop_assert!(limits[0] >= 0.0 && (poisson || limits[3] <= 1.0));
    }
}

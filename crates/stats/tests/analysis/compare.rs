use proptest::{collection::vec, prelude::*};
use spiral_stats::compare::{Cases, Exposure, means, paired, proportions, rates};

use super::near;

fn cases() -> impl Strategy<Value = (u32, u32)> {
    (0..40u32, 0..60u32).prop_map(|(events, more)| (events, (events + more).max(1)))
}

fn of((events, people): (u32, u32)) -> Cases {
    Cases {
        events: f64::from(events),
        people: f64::from(people),
    }
}

fn choose(n: u32, k: u32) -> f64 {
    (0..k).fold(1.0, |ways, j| ways * f64::from(n - j) / f64::from(j + 1))
}

/// All tables with these margins that are no more probable.
fn fisher(a: u32, n1: u32, c: u32, n2: u32) -> f64 {
    let all = a + c;
    let ways = |k: u32| choose(n1, k) * choose(n2, all - k);
    let observed = ways(a);
    let tables = || all.saturating_sub(n2)..=all.min(n1);
    let total: f64 = tables().map(ways).sum();
    tables()
        .map(ways)
        .filter(|ways| *ways <= observed * (1.0 + 1e-7))
        .sum::<f64>()
        / total
}

fn binomial_at_most(k: u32, n: u32, p: f64) -> f64 {
    (0..=k)
        .map(|j| choose(n, j) * p.powf(f64::from(j)) * (1.0 - p).powf(f64::from(n - j)))
        .sum()
}

#[test]
fn empty_cells_have_no_ratio() {
    for (before, after) in [
        ((0, 10), (3, 10)),
        ((3, 10), (0, 10)),
        ((10, 10), (3, 10)),
        ((3, 10), (10, 10)),
    ] {
        let found = proportions(of(before), of(after), 95.0).expect("a comparison");
        assert_eq!(
            (found.risk_ratio, found.odds_ratio),
            (None, None),
            "{before:?} {after:?}"
        );
        assert!(found.z.is_some());
    }
    let nobody = proportions(of((0, 10)), of((0, 12)), 95.0).expect("a comparison");
    assert_eq!((nobody.z, nobody.p_value), (None, None));
    assert!(nobody.newcombe.lower < 0.0 && nobody.newcombe.upper.is_some_and(|upper| upper > 0.0));
    assert!(near(nobody.fisher, 1.0, 1e-12));
}

#[test]
fn rates_without_events() {
    let side = |events, exposure| Exposure { events, exposure };
    let neither = rates(side(0.0, 10.0), side(0.0, 20.0), 95.0).expect("a comparison");
    assert_eq!(
        (
            neither.ratio,
            neither.exact_interval.lower,
            neither.exact_interval.upper
        ),
        (None, 0.0, None)
    );
    assert!(near(neither.p_value, 1.0, 1e-12));
    let only_after = rates(side(0.0, 10.0), side(8.0, 20.0), 95.0).expect("a comparison");
    assert_eq!((only_after.ratio, only_after.exact_interval.upper), (None, None));
    assert!(only_after.exact_interval.lower > 0.0);
    // Garwood's upper limit of nothing is -ln 0.025.
    assert!(near(
        neither.exact_before.upper.expect("a limit"),
        -0.025f64.ln() / 10.0,
        1e-12
    ));
}

#[test]
fn large_counts_are_fast_and_right() {
    let side = |events| Exposure {
        events,
        exposure: 1e9,
    };
    let found = rates(side(1e9), side(1.0001e9), 95.0).expect("a comparison");
    let (exact, log) = (
        found.exact_interval,
        found.log_interval.expect("events on both sides"),
    );
    assert!(near(exact.lower, log.lower, 1e-7));
    assert!(near(
        exact.upper.expect("bounded"),
        log.upper.expect("bounded"),
        1e-7
    ));
    let side = |events| Cases { events, people: 1e9 };
    let found = proportions(side(1e8), side(1.0003e8), 95.0).expect("a comparison");
    assert!(
        near(found.fisher, found.p_value.expect("a test"), 1e-3),
        "{} {:?}",
        found.fisher,
        found.p_value
    );
}

#[test]
fn no_variation_no_t() {
    let found = means(&[0.1; 3], &[0.3; 5], 95.0).expect("a comparison");
    assert_eq!((found.error, found.test), (0.0, None));
    let found = paired(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0], 95.0).expect("a comparison");
    assert_eq!((found.difference, found.test), (1.0, None));
    assert!(
        means(&[1.0], &[1.0, 2.0], 95.0)
            .expect_err("too few")
            .is_not_estimable()
    );
    assert!(
        !paired(&[1.0, 2.0], &[1.0], 95.0)
            .expect_err("no pairs")
            .is_not_estimable()
    );
}

#[test]
fn refusals() {
    assert!(proportions(of((11, 10)), of((1, 10)), 95.0).is_err());
    assert!(
        proportions(
            Cases {
                events: 1.5,
                people: 10.0
            },
            of((1, 10)),
            95.0
        )
        .is_err()
    );
    assert!(
        proportions(
            Cases {
                events: 0.0,
                people: 0.0
            },
            of((1, 10)),
            95.0
        )
        .is_err()
    );
    for level in [0.0, 100.0, -5.0, f64::NAN] {
        assert!(proportions(of((1, 10)), of((1, 10)), level).is_err());
    }
    assert!(
        rates(
            Exposure {
                events: 1.0,
                exposure: 0.0
            },
            Exposure {
                events: 1.0,
                exposure: 1.0
            },
            95.0
        )
        .is_err()
    );
    let (tiny, vast) = (
        Exposure {
            events: 1.0,
            exposure: 1e-300,
        },
        Exposure {
            events: 1.0,
            exposure: 1e300,
        },
    );
    assert!(rates(tiny, vast, 95.0).is_err() && rates(vast, tiny, 95.0).is_err());
    // The ratio is zero, and its upper limit beyond all numbers.
    let most = Exposure {
        events: 1.0,
        exposure: f64::MAX,
    };
    let ten = Exposure {
        events: 0.0,
        exposure: 10.0,
    };
    assert!(rates(most, ten, 95.0).is_err());
}

proptest! {
    #[test]
    fn fisher_counts_tables(before in cases(), after in cases()) {
        let found = proportions(of(before), of(after), 95.0).expect("a comparison");
        prop_assert!(near(found.fisher, fisher(after.0, after.1, before.0, before.1), 1e-9));
    }

    #[test]
    fn exchanged_sides_exchange_signs(before in cases(), after in cases()) {
        let one = proportions(of(before), of(after), 90.0).expect("a comparison");
        let other = proportions(of(after), of(before), 90.0).expect("a comparison");
        prop_assert!((one.difference + other.difference).abs() < 1e-15);
        let upper = other.newcombe.upper.expect("bounded");
        prop_assert!((one.newcombe.lower + upper).abs() < 1e-12);
        prop_assert!(one.newcombe.lower <= one.difference && one.difference <= one.newcombe.upper.expect("bounded"));
        prop_assert!((-1.0..=1.0).contains(&one.newcombe.lower));
        if let (Some(a), Some(b)) = (one.odds_ratio, other.odds_ratio) {
            prop_assert!(near(a.estimate * b.estimate, 1.0, 1e-12));
        }
    }

    /// At the limits of Clopper and Pearson each tail has its share.
    #[test]
    fn exact_limits_have_their_tails(x in 0..40u32, y in 0..40u32, exposure in 1..50u32) {
        let side = |events, exposure| Exposure { events: f64::from(events), exposure: f64::from(exposure) };
        let (before, after) = (side(y, exposure), side(x, 10));
        let found = rates(before, after, 95.0).expect("a comparison");
        let share = |ratio: f64| ratio * 10.0 / (ratio * 10.0 + f64::from(exposure));
        let n = x + y;
        if x > 0 {
            let tail = 1.0 - binomial_at_most(x - 1, n, share(found.exact_interval.lower));
            prop_assert!((tail - 0.025).abs() < 1e-9, "{tail}");
        }
        if let Some(upper) = found.exact_interval.upper {
            let tail = binomial_at_most(x, n, share(upper));
            prop_assert!((tail - 0.025).abs() < 1e-9, "{tail}");
        } else {
            prop_assert_eq!(y, 0);
        }
        // The test against a ratio of one, by enumeration.
        let mass = |k: u32| choose(n, k) * share(1.0).powf(f64::from(k)) * (1.0 - share(1.0)).powf(f64::from(n - k));
        let p: f64 = (0..=n).map(mass).filter(|other| *other <= mass(x) * (1.0 + 1e-7)).sum();
        prop_assert!((found.p_value - p.min(1.0)).abs() < 1e-9);
    }

    #[test]
    fn means_do_not_depend_on_order_or_unit(
        before in vec(-100..100i32, 2..20), after in vec(-100..100i32, 2..20), power in -30..30i32, add in -1000..1000i32,
    ) {
        let as_numbers = |values: &[i32], unit: f64, add: i32| -> Vec<f64> {
            values.iter().map(|&value| f64::from(value + add) * unit).collect()
        };
        let plain = means(&as_numbers(&before, 1.0, 0), &as_numbers(&after, 1.0, 0), 95.0).expect("a comparison");
        let unit = 2f64.powi(power);
        let mut backwards = before.clone();
        backwards.reverse();
        let other = means(&as_numbers(&backwards, unit, add), &as_numbers(&after, unit, add), 95.0).expect("a comparison");
        prop_assert!((plain.difference * unit - other.difference).abs() <= 1e-9 * unit);
        prop_assert_eq!(plain.test.is_some(), other.test.is_some());
        if let (Some(a), Some(b)) = (plain.test, other.test) {
            prop_assert!((a.t - b.t).abs() < 1e-6 * (1.0 + a.t.abs()) && near(a.degrees, b.degrees, 1e-6));
            prop_assert!(a.interval.lower <= plain.difference && plain.difference <= a.interval.upper.expect("bounded"));
        }
    }
}

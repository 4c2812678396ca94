use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    roll_up::{Missing, Stratum, roll_up},
    standardise::{self, Settings, direct},
};

use super::near;

fn strata(rows: &[(Option<u32>, u32)]) -> Vec<Stratum> {
    rows.iter()
        .map(|&(rate, weight)| Stratum {
            rate: rate.map(|rate| f64::from(rate) / 10.0),
            weight: f64::from(weight),
        })
        .collect()
}

#[test]
fn missing_strata() {
    let rows = strata(&[(Some(20), 300), (None, 100)]);
    let strict = roll_up(&rows, Missing::Strict, 1000.0).expect("a whole");
    assert_eq!(
        (
            strict.rate,
            strict.coverage,
            strict.implied_events,
            strict.missing
        ),
        (None, Some(0.75), None, 1)
    );
    let rest = roll_up(&rows, Missing::Renormalise, 1000.0).expect("a whole");
    assert_eq!((rest.rate, rest.coverage), (Some(2.0), Some(0.75)));
    let nobody = roll_up(&strata(&[(Some(20), 0)]), Missing::Strict, 1000.0).expect("a whole");
    assert_eq!((nobody.rate, nobody.coverage), (None, None));
    let unknown = roll_up(&strata(&[(None, 7)]), Missing::Renormalise, 1000.0).expect("a whole");
    assert_eq!((unknown.rate, unknown.coverage), (None, Some(0.0)));
    assert!(roll_up(&[], Missing::Strict, 1000.0).is_err());
    assert!(
        roll_up(
            &[Stratum {
                rate: Some(1.0),
                weight: -1.0
            }],
            Missing::Strict,
            1.0
        )
        .is_err()
    );
    assert!(roll_up(&rows, Missing::Strict, 0.0).is_err());
}

#[test]
fn empty_strata_of_a_standardisation() {
    let stratum = |observed, population, standard| standardise::Stratum {
        observed,
        population,
        standard,
    };
    let settings = Settings::default();
    let full = stratum(20.0, 100.0, 10.0);
    let error = direct(&[full, stratum(0.0, 0.0, 5.0)], &settings).expect_err("no rate");
    assert!(error.is_not_estimable());
    assert!(
        !direct(&[full, stratum(1.0, 0.0, 5.0)], &settings)
            .expect_err("nobody")
            .is_not_estimable()
    );
    let without = direct(&[full, stratum(0.0, 0.0, 0.0)], &settings).expect("a rate");
    assert_eq!(without, direct(&[full], &settings).expect("a rate"));
    assert_eq!(
        direct(&[stratum(9.0, 100.0, 10.0)], &settings)
            .expect("a rate")
            .interval,
        None
    );
    assert!(
        direct(&[stratum(10.0, 100.0, 10.0)], &settings)
            .expect("a rate")
            .interval
            .is_some()
    );
}

proptest! {
    #[test]
    fn a_whole_lies_between_its_parts(rows in vec((0..500u32, 1..9000u32), 1..30)) {
        let some: Vec<_> = rows.iter().map(|&(rate, weight)| (Some(rate), weight)).collect();
        let whole = roll_up(&strata(&some), Missing::Strict, 1000.0).expect("a whole").rate.expect("known");
        let (least, most) = (rows.iter().map(|row| row.0).min(), rows.iter().map(|row| row.0).max());
        prop_assert!(whole >= f64::from(least.unwrap_or(0)) / 10.0 - 1e-12);
        prop_assert!(whole <= f64::from(most.unwrap_or(0)) / 10.0 + 1e-12);
        let mut backwards = some.clone();
        backwards.reverse();
        prop_assert_eq!(Some(whole), roll_up(&strata(&backwards), Missing::Strict, 1000.0).expect("a whole").rate);
        // Strata within strata.
        let cut = some.len() / 2;
        if cut > 0 {
            let halves: Vec<Stratum> = [&some[..cut], &some[cut..]].into_iter().map(|half| Stratum {
                rate: roll_up(&strata(half), Missing::Strict, 1000.0).expect("a whole").rate,
                weight: half.iter().map(|row| f64::from(row.1)).sum(),
            }).collect();
            let again = roll_up(&halves, Missing::Strict, 1000.0).expect("a whole").rate.expect("known");
            prop_assert!(near(again, whole, 1e-12));
        }
    }

    #[test]
    fn the_size_of_the_standard_does_not_matter(rows in vec((0..300u32, 1..9000u32, 1..500u32), 1..20), unit in 1..1000u32) {
        let strata = |unit: u32| -> Vec<standardise::Stratum> {
            rows.iter().map(|&(observed, population, standard)| standardise::Stratum {
                observed: f64::from(observed),
                population: f64::from(population),
                standard: f64::from(standard * unit),
            }).collect()
        };
        let (a, b) = (direct(&strata(1), &Settings::default()), direct(&strata(unit), &Settings::default()));
        let (a, b) = (a.expect("a rate"), b.expect("a rate"));
        prop_assert!(near(a.rate, b.rate, 1e-12) && near(a.variance, b.variance, 1e-12));
        if let Some((lower, upper)) = a.interval {
            prop_assert!(lower <= a.rate && a.rate <= upper);
        }
        // With the population as its own standard the rate is the crude one.
        let own: Vec<_> = strata(1).iter().map(|row| standardise::Stratum { standard: row.population, ..*row }).collect();
        let own = direct(&own, &Settings::default()).expect("a rate");
        prop_assert!(near(own.rate, own.crude, 1e-12));
    }
}

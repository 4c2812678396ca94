//! Rates, rounding and sums.
#![expect(clippy::float_cmp, reason = "exactness is what is tested")]

use proptest::{collection::vec, prelude::*};
use spiral_stats::{
    rate::{decimal, rate, round},
    sum::{Accumulator, sum},
};

#[test]
fn rates() {
    let cases = [
        ((3.0, 40.0, 1_000.0), Some(75.0)),
        ((1.0, 3.0, 100.0), Some(100.0 / 3.0)),
        ((0.0, 7.0, 100.0), Some(0.0)),
        ((5.0, 0.0, 100.0), None),
        ((0.0, 0.0, 100.0), None),
        ((5.0, -0.0, 100.0), None),
        ((f64::NAN, 5.0, 100.0), None),
        ((5.0, f64::NAN, 100.0), None),
        ((f64::INFINITY, 5.0, 100.0), None),
        ((1e300, 1e300, 1e300), Some(1e300)),
        ((1e300, 1e-300, 1.0), None),
    ];
    for ((numerator, denominator, multiplier), expected) in cases {
        assert_eq!(
            rate(numerator, denominator, multiplier),
            expected,
            "{numerator}/{denominator}"
        );
    }
}

#[test]
fn printed_decimals() {
    let cases = [
        (1.005, 2, "1.01"),
        (2.675, 2, "2.68"),
        (0.285, 2, "0.29"),
        (1.004_999, 2, "1.00"),
        (-1.005, 2, "-1.01"),
        (0.5, 0, "1"),
        (2.5, 0, "3"),
        (-2.5, 0, "-3"),
        (0.49, 0, "0"),
        (-0.49, 0, "0"),
        (-0.0, 1, "0.0"),
        (99.995, 2, "100.00"),
        (9.5, 0, "10"),
        (0.05, 1, "0.1"),
        (12.0, 3, "12.000"),
        (1e21, 1, "1000000000000000000000.0"),
        (1e-7, 6, "0.000000"),
        (5e-7, 6, "0.000001"),
        (f64::MIN_POSITIVE, 3, "0.000"),
        (f64::NAN, 2, "NaN"),
        (f64::INFINITY, 2, "inf"),
    ];
    for (value, decimals, expected) in cases {
        assert_eq!(decimal(value, decimals), expected, "{value} at {decimals}");
    }
    assert!(round(f64::NAN, 2).is_nan());
    assert_eq!(round(f64::NEG_INFINITY, 2), f64::NEG_INFINITY);
    assert_eq!(round(f64::MAX, 255), f64::MAX);
    // The division of a tie comes out as a tie in print.
    assert_eq!(
        rate(1.0, 8.0, 1.0).map(|value| decimal(value, 2)).as_deref(),
        Some("0.13")
    );
    assert_eq!(
        rate(201.0, 200.0, 1.0).map(|value| decimal(value, 2)).as_deref(),
        Some("1.01")
    );
}

#[test]
fn sums_keep_small_numbers() {
    assert_eq!(sum(&[]), 0.0);
    assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
    assert_eq!(sum(&[0.1; 10]), 1.0);
    assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
    assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
    assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    assert!(sum(&[f64::NAN, 1.0]).is_nan());
    let mut running = Accumulator::default();
    running.extend([1e16, 1.0, 1.0]);
    running.add(-1e16);
    assert_eq!(running.value(), 2.0);
}

proptest! {
    /// Whole numbers of hundredths are known exactly, so the rounding can be done on them.
    #[test]
    fn rounding_agrees_with_whole_numbers(thousandths in -10_000_000_000i64..10_000_000_000) {
        let text = format!(
            "{}{}.{:03}",
            if thousandths < 0 { "-" } else { "" },
            thousandths.abs() / 1_000,
            thousandths.abs() % 1_000
        );
        let value: f64 = text.parse().expect("a number");
        let hundredths = (thousandths.abs() + 5) / 10 * thousandths.signum();
        let expected = format!(
            "{}{}.{:02}",
            if hundredths < 0 { "-" } else { "" },
            hundredths.abs() / 100,
            hundredths.abs() % 100
        );
        prop_assert_eq!(decimal(value, 2), expected.clone());
        prop_assert_eq!(round(value, 2), expected.parse::<f64>().expect("a number"));
    }

    #[test]
    fn any_number_is_printed_as_a_number(value in any::<f64>(), decimals in any::<u8>()) {
        let text = decimal(value, decimals);
        let back: f64 = text.parse().expect("a number");
        prop_assert!(back.is_nan() == value.is_nan());
        if value.is_finite() {
            let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert_eq!(places, usize::from(decimals));
            // 0.51 rather than 0.5: the comparison itself rounds.
            let step = 10f64.powi(-i32::from(decimals));
            prop_assert!((back - value).abs() <= (0.51 * step).max(value.abs() * 1e-15));
        }
    }

    #[test]
    fn sums_do_not_depend_on_order(numbers in vec(-1_000_000i32..1_000_000, 0..200), scale in 1..1_000_000u32) {
        // Scaled by a power of two every number is exact, and so is their sum in whole numbers.
        let unit = 2f64.powi(-i32::try_from(scale % 40).expect("below 40"));
        let exact: i64 = numbers.iter().map(|&number| i64::from(number)).sum();
        let mut values: Vec<f64> = numbers.iter().map(|&number| f64::from(number) * unit).collect();
        values.push(1e18);
        values.insert(0, -1e18);
        let expected = i32::try_from(exact).map(|exact| f64::from(exact) * unit).expect("fits");
        prop_assert_eq!(sum(&values), expected);
        values.reverse();
        prop_assert_eq!(sum(&values), expected);
    }
}

//! Before and after: two proportions, two rates, two means.
//!
//! Differences are after minus before, ratios after over before. Each of these compares two figures and knows
//! nothing of what happened between them, of trend or season; where there is a series, a chart says more.
//!
//! # Formulas
//!
//! Proportions ([`proportions`]), p = events / people, z the normal quantile of the level:
//!
//! - Wilson's interval of each: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n);
//! - Newcombe's interval of the difference d, from Wilson's (l, u): d - √((p₂-l₂)² + (u₁-p₁)²) to
//!   d + √((u₂-p₂)² + (p₁-l₁)²) (R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10);
//! - Wald's interval d ± z √(p₁(1-p₁)/n₁ + p₂(1-p₂)/n₂), and the pooled z test;
//! - Fisher's exact test, two-sided: the probability of all tables that are no more probable;
//! - risk ratio and odds ratio with intervals on the log scale. With an empty cell there is neither: nothing is
//!   added to cells behind anyone's back.
//!
//! Rates ([`rates`]), events / exposure:
//!
//! - the exact Poisson interval of each (F. Garwood, Biometrika 28, 1936);
//! - the rate ratio with the exact conditional interval: given all events, those after are binomial
//!   (Clopper and Pearson); the test is the exact binomial one, two-sided as above; and the interval on the
//!   log scale, if there are events on both sides.
//!
//! Means: Welch's t ([`means`]) with its degrees of freedom, and the paired t ([`paired`]). Without any
//! variation there is no t.

mod exact;

use crate::{
    discrete::whole,
    distribution::{level as checked_level, normal_reach, normal_two_sided, t_reach, t_two_sided},
    error::Error,
    numbers::{all_finite, finite, float, in_range, spread},
};

/// An interval; no upper end means that it is not bounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub lower: f64,
    /// Its upper end.
    pub upper: Option<f64>,
}

impl Interval {
    fn new(lower: f64, upper: f64) -> Self {
        Self {
            lower,
            upper: Some(upper),
        }
    }
}

/// A ratio with its interval on the log scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The ratio.
    pub estimate: f64,
    /// Its interval.
    pub interval: Interval,
}

impl Ratio {
    /// Refuses intervals that leave the range of numbers.
    fn checked(self) -> Result<Self, Error> {
        for part in [
            Some(self.estimate),
            Some(self.interval.lower),
            self.interval.upper,
        ]
        .into_iter()
        .flatten()
        {
            in_range("ratio", part)?;
        }
        Ok(self)
    }

    fn of_log(log: f64, variance: f64, z: f64) -> Self {
        let reach = z * variance.sqrt();
        Self {
            estimate: log.exp(),
            interval: Interval::new((log - reach).exp(), (log + reach).exp()),
        }
    }
}

/// So many events among so many people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cases {
    /// Events, a whole number.
    pub events: f64,
    /// People, a whole number above zero.
    pub people: f64,
}

/// How two proportions compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportions {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Wilson's interval before.
    pub wilson_before: Interval,
    /// Wilson's interval after.
    pub wilson_after: Interval,
    /// After minus before.
    pub difference: f64,
    /// Newcombe's interval of the difference.
    pub newcombe: Interval,
    /// Wald's interval of the difference.
    pub wald: Interval,
    /// The pooled z; `None` if nobody or everybody had the event.
    pub z: Option<f64>,
    /// Its two-sided probability.
    pub p_value: Option<f64>,
    /// Fisher's exact probability.
    pub fisher: f64,
    /// `None` with an empty cell.
    pub risk_ratio: Option<Ratio>,
    /// `None` with an empty cell.
    pub odds_ratio: Option<Ratio>,
}

/// Compares two proportions; the level is in percent.
///
/// ```
/// use spiral_stats::compare::{Cases, proportions};
///
/// let change = proportions(
///     Cases { events: 73.0, people: 358.0 },
///     Cases { events: 93.0, people: 292.0 },
///     95.0,
/// )?;
/// assert!(change.newcombe.lower > 0.0); // more than chance
/// # Ok::<(), spiral_stats::Error>(())
/// ```
#[expect(
    clippy::many_single_char_names,
    reason = "the cells of a table are a, b, c, d"
)]
pub fn proportions(before: Cases, after: Cases, level: f64) -> Result<Proportions, Error> {
    let z = normal_reach(checked_level(level)?);
    for cases in [before, after] {
        whole("number of events", cases.events)?;
        if whole("number of people", cases.people)? < 1.0 {
            return Err(Error::invalid("number of people", "is zero"));
        }
        if cases.events > cases.people {
            return Err(Error::invalid(
                "number of events",
                "is above the number of people",
            ));
        }
    }
    let (p1, p2) = (before.events / before.people, after.events / after.people);
    let (wilson_before, wilson_after) = (wilson(before, z), wilson(after, z));
    let ends = |interval: Interval| (interval.lower, interval.upper.unwrap_or(1.0));
    let ((lower1, upper1), (lower2, upper2)) = (ends(wilson_before), ends(wilson_after));
    let difference = p2 - p1;
    let reach = z * (p1 * (1.0 - p1) / before.people + p2 * (1.0 - p2) / after.people).sqrt();
    let pooled = (before.events + after.events) / (before.people + after.people);
    let error = (pooled * (1.0 - pooled) * (1.0 / before.people + 1.0 / after.people)).sqrt();
    let score = (error > 0.0).then(|| difference / error);
    let (a, c) = (after.events, before.events);
    let (b, d) = (after.people - a, before.people - c);
    let is_full = [a, b, c, d].iter().all(|&cell| cell > 0.0);
    Ok(Proportions {
        before: p1,
        after: p2,
        wilson_before,
        wilson_after,
        difference,
        newcombe: Interval::new(
            difference - (p2 - lower2).hypot(upper1 - p1),
            difference + (upper2 - p2).hypot(p1 - lower1),
        ),
        wald: Interval::new(difference - reach, difference + reach),
        z: score,
        p_value: score.map(normal_two_sided),
        fisher: exact::fisher(a, after.people, c, before.people),
        risk_ratio: is_full.then(|| {
            let variance = 1.0 / a - 1.0 / after.people + 1.0 / c - 1.0 / before.people;
            Ratio::of_log((p2 / p1).ln(), variance, z)
        }),
        odds_ratio: is_full
            .then(|| Ratio::of_log((a / b / (c / d)).ln(), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d, z)),
    })
}

fn wilson(cases: Cases, z: f64) -> Interval {
    let (n, p) = (cases.people, cases.events / cases.people);
    let square = z * z;
    let centre = p + square / (2.0 * n);
    let reach = z * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    let scale = 1.0 + square / n;
    Interval::new(
        ((centre - reach) / scale).max(0.0),
        ((centre + reach) / scale).min(1.0),
    )
}

/// So many events in so much exposure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Events, a whole number.
    pub events: f64,
    /// Person-years, bed days or the like; above zero.
    pub exposure: f64,
}

/// How two rates compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// After minus before.
    pub difference: f64,
    /// The exact interval before.
    pub exact_before: Interval,
    /// The exact interval after.
    pub exact_after: Interval,
    /// After over before; `None` without events before.
    pub ratio: Option<f64>,
    /// Its interval on the log scale; `None` unless there are events on both sides.
    pub log_interval: Option<Interval>,
    /// Its exact conditional interval.
    pub exact_interval: Interval,
    /// The two-sided probability of the exact test.
    pub p_value: f64,
}

/// Compares two rates; the level is in percent.
///
/// ```
/// use spiral_stats::compare::{Exposure, rates};
///
/// let change = rates(
///     Exposure { events: 46.0, exposure: 5000.0 },
///     Exposure { events: 26.0, exposure: 5200.0 },
///     95.0,
/// )?;
/// assert!(change.exact_interval.upper.is_some_and(|upper| upper < 1.0));
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn rates(before: Exposure, after: Exposure, level: f64) -> Result<Rates, Error> {
    let level = checked_level(level)?;
    for side in [before, after] {
        whole("number of events", side.events)?;
        if finite("exposure", side.exposure)? <= 0.0 {
            return Err(Error::invalid("exposure", "is not above zero"));
        }
    }
    let (rate1, rate2) = (
        in_range("rate", before.events / before.exposure)?,
        in_range("rate", after.events / after.exposure)?,
    );
    let exposures = in_range("ratio of exposures", before.exposure / after.exposure)?;
    if exposures <= 0.0 {
        return Err(Error::TooLarge {
            what: "ratio of exposures",
        });
    }
    let garwood = |side: Exposure| {
        let (lower, upper) = exact::poisson_limits(side.events, level);
        Ok(Interval::new(
            lower / side.exposure,
            in_range("limit of a rate", upper / side.exposure)?,
        ))
    };
    let share = 1.0 / (1.0 + exposures);
    let all = before.events + after.events;
    let (lower, upper) = exact::binomial_limits(after.events, all, level)?;
    let odds = |share: f64| in_range("ratio of rates", share / (1.0 - share) * exposures);
    let ratio = (before.events > 0.0).then(|| after.events / before.events * exposures);
    let with_log = match ratio.filter(|_| after.events > 0.0) {
        Some(ratio) => {
            let variance = 1.0 / before.events + 1.0 / after.events;
            Some(Ratio::of_log(ratio.ln(), variance, normal_reach(level)).checked()?)
        }
        None => None,
    };
    Ok(Rates {
        before: rate1,
        after: rate2,
        difference: rate2 - rate1,
        exact_before: garwood(before)?,
        exact_after: garwood(after)?,
        ratio,
        log_interval: with_log.map(|ratio| ratio.interval),
        exact_interval: Interval {
            lower: odds(lower)?,
            upper: if upper < 1.0 { Some(odds(upper)?) } else { None },
        },
        p_value: exact::binomial_test(after.events, all, share)?,
    })
}

/// How two means compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// After minus before.
    pub difference: f64,
    /// The standard error of the difference.
    pub error: f64,
    /// The t test; `None` without any variation.
    pub test: Option<TTest>,
}

/// A t test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// Difference over standard error.
    pub t: f64,
    /// Degrees of freedom.
    pub degrees: f64,
    /// Two-sided probability.
    pub p_value: f64,
    /// The interval of the difference.
    pub interval: Interval,
}

impl Means {
    fn of(
        before: f64,
        after: f64,
        difference: f64,
        error: f64,
        degrees: f64,
        level: f64,
    ) -> Result<Self, Error> {
        in_range("difference", difference)?;
        in_range("standard error", error)?;
        let test = (error > 0.0 && degrees > 0.0).then(|| {
            let t = difference / error;
            let reach = t_reach(level, degrees) * error;
            TTest {
                t,
                degrees,
                p_value: t_two_sided(t, degrees),
                interval: Interval::new(difference - reach, difference + reach),
            }
        });
        Ok(Self {
            before,
            after,
            difference,
            error,
            test,
        })
    }
}

/// Compares the means of two samples of at least two values each, which may vary differently (Welch).
pub fn means(before: &[f64], after: &[f64], level: f64) -> Result<Means, Error> {
    let (mean1, squared1) = sample(before)?;
    let (mean2, squared2) = sample(after)?;
    let (n1, n2) = (float(before.len()), float(after.len()));
    welch(
        (n1, mean1, squared1 / (n1 - 1.0)),
        (n2, mean2, squared2 / (n2 - 1.0)),
        level,
    )
}

/// A sample of which only these are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many values, a whole number.
    pub n: f64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
}

/// The same where of each sample only the moments are known.
///
/// ```
/// use spiral_stats::compare::{Moments, means, means_of};
///
/// let known = |n, mean, deviation| Moments { n, mean, deviation };
/// let one = means_of(known(3.0, 2.0, 1.0), known(3.0, 4.0, 2.0), 95.0).unwrap();
/// let other = means(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0], 95.0).unwrap();
/// assert_eq!(one, other);
/// ```
///
/// # Errors
/// If a moment is not finite, a deviation is negative, or a sample has fewer than two values.
pub fn means_of(before: Moments, after: Moments, level: f64) -> Result<Means, Error> {
    let of = |moments: Moments| {
        let n = whole("n", moments.n)?;
        all_finite("moment", [moments.mean, moments.deviation].into_iter())?;
        if moments.deviation < 0.0 {
            return Err(Error::invalid("standard deviation", "is negative"));
        }
        if n < 2.0 {
            return Err(Error::not_estimable(
                "a difference of means",
                "a sample has fewer than two values",
            ));
        }
        let variance = in_range("variance", moments.deviation * moments.deviation)?;
        Ok((n, moments.mean, variance))
    };
    welch(of(before)?, of(after)?, level)
}

/// Count, mean and variance of each.
fn welch(before: (f64, f64, f64), after: (f64, f64, f64), level: f64) -> Result<Means, Error> {
    let level = checked_level(level)?;
    let ((n1, mean1, variance1), (n2, mean2, variance2)) = (before, after);
    let (part1, part2) = (variance1 / n1, variance2 / n2);
    let variance = part1 + part2;
    // Shares of the variance, so that nothing is squared that may overflow.
    let (share1, share2) = (part1 / variance, part2 / variance);
    let degrees = 1.0 / (share1 * share1 / (n1 - 1.0) + share2 * share2 / (n2 - 1.0));
    Means::of(mean1, mean2, mean2 - mean1, variance.sqrt(), degrees, level)
}

/// Compares the same cases before and after, in the same order, at least two of them.
pub fn paired(before: &[f64], after: &[f64], level: f64) -> Result<Means, Error> {
    let level = checked_level(level)?;
    if before.len() != after.len() {
        return Err(Error::invalid("pairs", "are not the same cases before and after"));
    }
    let (mean1, _) = sample(before)?;
    let (mean2, _) = sample(after)?;
    let differences: Vec<f64> = before
        .iter()
        .zip(after)
        .map(|(before, after)| after - before)
        .collect();
    let (difference, squared) = sample(&differences)?;
    let n = float(before.len());
    Means::of(
        mean1,
        mean2,
        difference,
        (squared / (n - 1.0) / n).sqrt(),
        n - 1.0,
        level,
    )
}

/// Mean and sum of squares. What is only rounding in equal values is no variation.
fn sample(values: &[f64]) -> Result<(f64, f64), Error> {
    all_finite("value", values.iter().copied())?;
    if values.len() < 2 {
        return Err(Error::not_estimable(
            "a difference of means",
            "a sample has fewer than two values",
        ));
    }
    let (mean, squares) = spread(values).unwrap_or((f64::NAN, f64::NAN));
    let all_equal = values.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    Ok((
        in_range("mean", mean)?,
        if all_equal {
            0.0
        } else {
            in_range("sum of squares", squares)?
        },
    ))
}

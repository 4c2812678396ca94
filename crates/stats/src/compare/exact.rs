//! Exact intervals and tests of counts.

use crate::{
    discrete::{Binomial, Discrete},
    distribution::{bisect, gamma_quantile},
    error::Error,
};

/// Probabilities that differ by less than this factor are equal: what R allows for rounding.
const EQUAL: f64 = 1.0 + 1e-7;

/// Garwood's limits of the expected number behind a count.
pub(super) fn poisson_limits(count: f64, level: f64) -> (f64, f64) {
    let tail = 0.5 - level / 200.0;
    let lower = if count > 0.0 {
        gamma_quantile(tail, count)
    } else {
        0.0
    };
    (lower, gamma_quantile(1.0 - tail, count + 1.0))
}

/// Clopper and Pearson's limits of the probability behind x of n.
pub(super) fn binomial_limits(x: f64, n: f64, level: f64) -> Result<(f64, f64), Error> {
    Binomial::new(n, 0.5)?;
    let tail = 0.5 - level / 200.0;
    let law = |p: f64| Binomial::new(n, p);
    let lower = if x > 0.0 {
        bisect(0.0, 1.0, |p| law(p).is_ok_and(|law| law.at_least(x) < tail))
    } else {
        0.0
    };
    let upper = if x < n {
        bisect(0.0, 1.0, |p| law(p).is_ok_and(|law| law.at_most(x) > tail))
    } else {
        1.0
    };
    Ok((lower, upper))
}

/// The two-sided binomial test: the probability of all numbers that are no more probable than x.
pub(super) fn binomial_test(x: f64, n: f64, p: f64) -> Result<f64, Error> {
    let law = Binomial::new(n, p)?;
    let bar = law.mass(x) * EQUAL;
    // The mass rises up to the mode and falls from there on.
    let mode = ((n + 1.0) * p).floor().min(n);
    if law.mass(mode) <= bar {
        return Ok(1.0);
    }
    let tails = if x < mode {
        let first = first_whole(mode, n + 1.0, |k| law.mass(k) <= bar);
        law.at_most(x) + law.at_least(first)
    } else {
        let after = first_whole(-1.0, mode, |k| law.mass(k) > bar);
        law.at_most(after - 1.0) + law.at_least(x)
    };
    Ok(tails.min(1.0))
}

/// The first whole number above `low`, at most `high`, from which on the condition holds.
fn first_whole(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high).floor();
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// Fisher's test of a of n1 against c of n2, two-sided.
pub(super) fn fisher(a: f64, n1: f64, c: f64, n2: f64) -> f64 {
    let all = a + c;
    let (lowest, highest) = ((all - n2).max(0.0), all.min(n1));
    // Of `all` events k fall to the first group, with a weight relative to that of the mode.
    let growth = |k: f64| (n1 - k) / (k + 1.0) * ((all - k) / (n2 - all + k + 1.0));
    let mode = (((n1 + 1.0) * (all + 1.0)) / (n1 + n2 + 2.0))
        .floor()
        .clamp(lowest, highest);
    let weights = |step: f64| {
        let mut found = Vec::new();
        let (mut k, mut weight) = (mode, 1.0);
        while k + step >= lowest && k + step <= highest && weight > 1e-300 {
            weight *= if step > 0.0 {
                growth(k)
            } else {
                1.0 / growth(k - 1.0)
            };
            k += step;
            found.push((k, weight));
        }
        found
    };
    let mut table = weights(-1.0);
    table.push((mode, 1.0));
    table.extend(weights(1.0));
    let observed = table
        .iter()
        .find(|(k, _)| (k - a).abs() < 0.5)
        .map_or(0.0, |(_, weight)| *weight);
    // From the smallest on, which keeps their digits.
    table.sort_by(|a, b| a.1.total_cmp(&b.1));
    let total: f64 = table.iter().map(|(_, weight)| weight).sum();
    let rare: f64 = table
        .iter()
        .map(|(_, weight)| weight)
        .filter(|weight| **weight <= observed * EQUAL)
        .sum();
    (rare / total).min(1.0)
}

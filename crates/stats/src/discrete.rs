//! Exact tails of the binomial and the Poisson distribution, also for large counts.
//!
//! The crate for distributions, statrs, takes binomial tails from a continued fraction that stops after 140
//! terms: of 100,000 cases nine digits are right, of a million three, and of ten million it says 0.37 for 0.50.
//! Masses from the logarithm of the gamma function lose digits too. Here the mass of one value comes from the
//! saddle-point form (C. Loader, *Fast and Accurate Computation of Binomial Probabilities*, 2000), and a tail is
//! the sum of its terms from the largest on.

use std::f64::consts::TAU;

use statrs::function::gamma::ln_gamma;

use crate::{distribution::normal_quantile, error::Error};

/// Counts above this are refused: their tails would take seconds to sum.
pub(crate) const LARGEST_COUNT: f64 = 1e10;

/// A distribution over whole numbers from 0 on.
pub(crate) trait Discrete {
    fn mean(&self) -> f64;
    fn variance(&self) -> f64;
    fn skewness(&self) -> f64;
    /// The largest value, or infinity.
    fn largest(&self) -> f64;
    /// The probability of a whole number in range.
    fn mass(&self, k: f64) -> f64;
    /// `mass(k + 1) / mass(k)`.
    fn growth(&self, k: f64) -> f64;

    /// P(X <= k).
    fn at_most(&self, k: f64) -> f64 {
        if k < 0.0 {
            0.0
        } else if k >= self.largest() {
            1.0
        } else if k <= self.mean() {
            self.falling(k)
        } else {
            (1.0 - self.rising(k + 1.0)).max(0.0)
        }
    }

    /// P(X >= k).
    fn at_least(&self, k: f64) -> f64 {
        if k <= 0.0 {
            1.0
        } else if k > self.largest() {
            0.0
        } else if k > self.mean() {
            self.rising(k)
        } else {
            (1.0 - self.falling(k - 1.0)).max(0.0)
        }
    }

    /// The sum of the masses at k and below, for k in the lower half.
    fn falling(&self, k: f64) -> f64 {
        let (mut term, mut at) = (self.mass(k), k);
        let mut total = term;
        while at > 0.0 && term > total * 1e-18 {
            at -= 1.0;
            term /= self.growth(at);
            total += term;
        }
        total.min(1.0)
    }

    /// The sum of the masses at k and above, for k in the upper half.
    fn rising(&self, k: f64) -> f64 {
        let (mut term, mut at) = (self.mass(k), k);
        let mut total = term;
        while at < self.largest() && term > total * 1e-18 {
            term *= self.growth(at);
            at += 1.0;
            total += term;
        }
        total.min(1.0)
    }

    /// The smallest k with P(X <= k) >= probability, with that P and the mass at k.
    fn quantile(&self, probability: f64) -> (f64, f64, f64) {
        let z = normal_quantile(probability);
        let guess = self.mean() + self.variance().sqrt() * (z + self.skewness() * (z * z - 1.0) / 6.0);
        let mut k = guess.round().clamp(0.0, self.largest());
        let mut below = self.at_most(k);
        let mut mass = self.mass(k);
        while below < probability && k < self.largest() {
            mass *= self.growth(k);
            k += 1.0;
            below += mass;
        }
        while k > 0.0 && below - mass >= probability {
            below -= mass;
            k -= 1.0;
            mass /= self.growth(k);
        }
        (k, below, mass)
    }
}

/// How many of `n` cases, each with the same probability.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binomial {
    n: f64,
    p: f64,
}

impl Binomial {
    /// Refuses counts that are not whole or too large; the caller has checked the probability.
    pub(crate) fn new(n: f64, p: f64) -> Result<Self, Error> {
        Ok(Self {
            n: whole("number of cases", n)?,
            p: p.clamp(0.0, 1.0),
        })
    }
}

impl Discrete for Binomial {
    fn mean(&self) -> f64 {
        self.n * self.p
    }

    fn variance(&self) -> f64 {
        self.n * self.p * (1.0 - self.p)
    }

    fn skewness(&self) -> f64 {
        let sd = self.variance().sqrt();
        if sd > 0.0 { (1.0 - 2.0 * self.p) / sd } else { 0.0 }
    }

    fn largest(&self) -> f64 {
        self.n
    }

    fn mass(&self, k: f64) -> f64 {
        let (n, p, q) = (self.n, self.p, 1.0 - self.p);
        if k < 0.0 || k > n {
            0.0
        } else if p == 0.0 {
            f64::from(k == 0.0)
        } else if q == 0.0 {
            f64::from(k >= n)
        } else if k == 0.0 {
            (n * (-p).ln_1p()).exp()
        } else if k >= n {
            (n * p.ln()).exp()
        } else {
            let exponent = stirling_error(n)
                - stirling_error(k)
                - stirling_error(n - k)
                - deviance(k, n * p)
                - deviance(n - k, n * q);
            exponent.exp() * (n / (TAU * k * (n - k))).sqrt()
        }
    }

    fn growth(&self, k: f64) -> f64 {
        (self.n - k) / (k + 1.0) * (self.p / (1.0 - self.p))
    }
}

/// How many events, where so many are expected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poisson {
    mean: f64,
}

impl Poisson {
    /// Refuses an expectation below zero or too large.
    pub(crate) fn new(mean: f64) -> Result<Self, Error> {
        if !mean.is_finite() {
            return Err(Error::NotFinite {
                what: "expected number",
                at: None,
            });
        }
        if mean < 0.0 {
            return Err(Error::invalid("expected number", "is below zero"));
        }
        if mean > LARGEST_COUNT {
            return Err(Error::TooLarge {
                what: "expected number",
            });
        }
        Ok(Self { mean })
    }
}

impl Discrete for Poisson {
    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.mean
    }

    fn skewness(&self) -> f64 {
        if self.mean > 0.0 {
            1.0 / self.mean.sqrt()
        } else {
            0.0
        }
    }

    fn largest(&self) -> f64 {
        if self.mean > 0.0 { f64::INFINITY } else { 0.0 }
    }

    fn mass(&self, k: f64) -> f64 {
        if k < 0.0 {
            0.0
        } else if k == 0.0 {
            (-self.mean).exp()
        } else if self.mean == 0.0 {
            0.0
        } else {
            (-stirling_error(k) - deviance(k, self.mean)).exp() / (TAU * k).sqrt()
        }
    }

    fn growth(&self, k: f64) -> f64 {
        self.mean / (k + 1.0)
    }
}

/// Refuses what is not a whole number from 0 to [`LARGEST_COUNT`].
pub(crate) fn whole(what: &'static str, count: f64) -> Result<f64, Error> {
    if !count.is_finite() {
        Err(Error::NotFinite { what, at: None })
    } else if count < 0.0 {
        Err(Error::invalid(what, "is below zero"))
    } else if count.fract() != 0.0 {
        Err(Error::invalid(what, "is not a whole number"))
    } else if count > LARGEST_COUNT {
        Err(Error::TooLarge { what })
    } else {
        Ok(count)
    }
}

/// ln n! minus Stirling's approximation of it, for whole n >= 1.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - TAU.sqrt().ln();
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// x ln(x / m) + m - x without the cancellation near x = m.
fn deviance(x: f64, m: f64) -> f64 {
    let distance = x - m;
    if distance.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - distance;
    }
    let v = distance / (x + m);
    let mut total = distance * v;
    let mut power = 2.0 * x * v;
    let square = v * v;
    let mut odd = 3.0;
    loop {
        power *= square;
        let next = total + power / odd;
        // Also ends where the next term is lost in rounding.
        if next.total_cmp(&total).is_eq() {
            return total;
        }
        total = next;
        odd += 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64, relative: f64) {
        assert!(
            (got - expected).abs() <= relative * expected.abs(),
            "{got} is not {expected}"
        );
    }

    /// Worked out with 40 digits.
    #[test]
    #[expect(clippy::unreadable_literal, reason = "reference values")]
    fn masses_and_tails() {
        let case = |n, p| Binomial::new(n, p).expect("whole");
        near(case(10.0, 0.5).mass(3.0), 0.1171875, 1e-12);
        near(case(1000.0, 0.03).mass(17.0), 0.0031420709874646372, 1e-12);
        near(case(100000.0, 0.2).mass(19800.0), 0.0009041816768085535, 1e-12);
        near(case(1000000.0, 0.5).mass(500400.0), 0.0005793831263034373, 1e-12);
        near(case(10.0, 0.5).at_most(3.0), 0.171875, 1e-12);
        near(case(1000.0, 0.03).at_most(17.0), 0.0066217974117078705, 1e-12);
        near(case(100000.0, 0.2).at_most(19800.0), 0.05724041944255034, 1e-12);
        near(
            Poisson::new(0.3).expect("positive").mass(2.0),
            0.0333368199306773,
            1e-11,
        );
        near(
            Poisson::new(4.2).expect("positive").mass(9.0),
            0.01680520275905185,
            1e-11,
        );
        near(
            Poisson::new(12345.6).expect("positive").mass(12500.0),
            0.0013641995951895578,
            1e-11,
        );
        near(
            Poisson::new(100000000.0).expect("positive").mass(100020000.0),
            5.399276601712068e-06,
            1e-11,
        );
        near(
            Poisson::new(0.3).expect("positive").at_least(2.0),
            0.03693631311376677,
            1e-12,
        );
        near(
            Poisson::new(4.2).expect("positive").at_least(9.0),
            0.027932190958024263,
            1e-12,
        );
        near(
            Poisson::new(12345.6).expect("positive").at_least(12500.0),
            0.08321928295749306,
            1e-12,
        );
    }

    #[test]
    fn quantiles_are_the_first_to_reach() {
        for (n, p) in [
            (10.0, 0.5),
            (1000.0, 0.03),
            (1e6, 0.2),
            (1.0, 0.5),
            (7.0, 0.999),
            (0.0, 0.3),
        ] {
            let distribution = Binomial::new(n, p).expect("whole");
            for probability in [0.001, 0.025, 0.05, 0.5, 0.975, 0.999] {
                let (k, below, mass) = distribution.quantile(probability);
                near(below, distribution.at_most(k), 1e-12);
                near(mass, distribution.mass(k), 1e-9);
                assert!(below >= probability && distribution.at_most(k - 1.0) < probability);
            }
        }
    }

    /// By symmetry, half and half of the middle: where statrs says 0.37.
    #[test]
    fn ten_million_cases() {
        let law = Binomial::new(1e7, 0.5).expect("whole");
        near(law.at_most(5e6), 0.5 + 0.5 * law.mass(5e6), 1e-13);
        near(law.at_least(5e6), 0.5 + 0.5 * law.mass(5e6), 1e-13);
    }

    #[test]
    fn degenerate_distributions() {
        let none = Poisson::new(0.0).expect("zero");
        assert!(none.quantile(0.975).0 < 0.5 && none.at_most(0.0) > 0.999);
        let sure = Binomial::new(5.0, 1.0).expect("whole");
        assert!(sure.quantile(0.025).0 > 4.5 && sure.at_most(4.0) < 1e-300);
        assert!(Binomial::new(2.5, 0.5).is_err() && Poisson::new(f64::NAN).is_err());
        assert!(Binomial::new(1e300, 0.5).is_err() && Poisson::new(-1.0).is_err());
    }
}

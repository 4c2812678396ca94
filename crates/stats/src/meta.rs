//! Meta-analysis: the pooled effect of many studies or sites, and how much they differ.
//!
//! As the R package metafor computes it (W. Viechtbauer, *Journal of Statistical Software* 36(3), 2010).
//!
//! # Formulas
//!
//! y are the effects, v their variances, k their number; w = 1/v, W = 1/(v + τ²).
//!
//! - Q = Σw (y - ȳ)² with ȳ weighted by w, on k - 1 degrees of freedom; C = Σw - Σw²/Σw.
//! - τ² by [`Method::DerSimonianLaird`] = max(0, (Q - (k-1)) / C) (Controlled Clinical Trials 7, 1986);
//!   [`Method::PauleMandel`]: that for which Σ W (y - μ)² = k - 1, or 0 (Journal of Research of the National
//!   Bureau of Standards 87, 1982); [`Method::Reml`]: the maximum of the restricted likelihood over τ² >= 0,
//!   found by Fisher scoring from the estimate of Hedges.
//! - μ = ΣW y / ΣW, its standard error 1/√ΣW.
//! - I² = 100 τ² / (τ² + ṽ) and H² = τ²/ṽ + 1 with ṽ = (k-1) / C; for [`Method::Common`] I² = 100 max(0, (Q -
//!   (k-1)) / Q) and H² = Q / (k-1).
//! - [`Test::Z`]: normal. [`Test::HartungKnapp`]: standard error × √(ΣW (y - μ)² / (k-1)) and t with k - 1
//!   degrees of freedom (G. Knapp and J. Hartung, Statistics in Medicine 22, 2003). That factor may be below
//!   1 and then narrows the interval; [`Test::HartungKnappFloored`] takes it as at least 1. All three are
//!   reported.
//! - Prediction interval: μ ± reach × √(se² + τ²), with the reach of the test (z, or t with k - 1). J. P. T.
//!   Higgins and others (Journal of the Royal Statistical Society A 172, 2009) use t with k - 2 and the
//!   plain standard error: [`Pooled::predictive`].
//!
//! One study stands for itself, with τ² = 0.

mod regression;
mod subgroups;
mod tau2;

pub use regression::{Coefficient, Regression, SITES_PER_COVARIATE, regression};
pub use subgroups::{FEWEST_SITES, Subgroups, subgroups};

use crate::{
    distribution::{
        chi_square_above, level as checked_level, normal_reach, normal_two_sided, t_below, t_reach,
        t_two_sided,
    },
    effect::Effect,
    error::Error,
    numbers::{finite, float, in_range},
    sum::Accumulator,
};

/// How the variance between studies is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// There is none: all studies estimate the same effect.
    Common,
    /// From Q, in closed form.
    DerSimonianLaird,
    /// So that the generalised Q is what is expected of it.
    PauleMandel,
    /// Restricted maximum likelihood.
    #[default]
    Reml,
}

/// How the pooled effect is tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Test {
    /// Against the normal distribution.
    Z,
    /// Against t, with the standard error that the studies' spread shows.
    #[default]
    HartungKnapp,
    /// The same, but never with a smaller standard error than for z.
    HartungKnappFloored,
}

/// What one test says of the pooled effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inference {
    /// The standard error.
    pub error: f64,
    /// Effect over standard error.
    pub statistic: f64,
    /// Its two-sided probability.
    pub p_value: f64,
    /// The interval of the pooled effect.
    pub interval: (f64, f64),
    /// The interval of the effect at a further site; `None` for a common effect.
    pub prediction: Option<(f64, f64)>,
    /// Degrees of freedom of t; `None` for z.
    pub degrees: Option<f64>,
}

/// How much the studies differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heterogeneity {
    /// The variance between studies.
    pub tau2: f64,
    /// Cochran's Q.
    pub q: f64,
    /// Its degrees of freedom.
    pub degrees: usize,
    /// The probability of such a Q, or a larger one, if there were no difference.
    pub p_value: f64,
    /// The share of the variance that lies between studies, in percent.
    pub i2: f64,
    /// The total variance over that within studies.
    pub h2: f64,
}

/// The pooled effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// How many studies.
    pub studies: usize,
    /// The effect.
    pub estimate: f64,
    /// What weight each study has, in percent.
    pub weights: Vec<f64>,
    /// How much the studies differ.
    pub heterogeneity: Heterogeneity,
    /// The test against the normal distribution.
    pub z: Inference,
    /// The test of Hartung and Knapp; `None` for one study.
    pub hartung_knapp: Option<Inference>,
    /// The same with a floor; `None` for one study.
    pub hartung_knapp_floored: Option<Inference>,
    level: f64,
}

/// What the effect at a further site may be, by the predictive t distribution of Higgins and others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictive {
    /// Its middle.
    pub mean: f64,
    /// Its scale: √(se² + τ²).
    pub scale: f64,
    /// Its degrees of freedom, k - 2.
    pub degrees: f64,
    /// The interval at the level of the analysis.
    pub interval: (f64, f64),
}

impl Predictive {
    /// The probability that the effect at the next site is above a threshold.
    pub fn above(&self, threshold: f64) -> f64 {
        t_below((self.mean - threshold) / self.scale, self.degrees)
    }

    /// The probability that it is below.
    pub fn below(&self, threshold: f64) -> f64 {
        t_below((threshold - self.mean) / self.scale, self.degrees)
    }
}

impl Pooled {
    /// What this test says. One study has no spread, and z stands in; its `degrees` are `None` then.
    pub fn inference(&self, test: Test) -> Inference {
        let t = match test {
            Test::Z => None,
            Test::HartungKnapp => self.hartung_knapp,
            Test::HartungKnappFloored => self.hartung_knapp_floored,
        };
        t.unwrap_or(self.z)
    }

    /// Whether the interval of Hartung and Knapp rests on a smaller standard error than that of z.
    pub fn is_narrowed(&self) -> bool {
        self.hartung_knapp
            .is_some_and(|inference| inference.error < self.z.error)
    }

    /// The predictive distribution; `None` below three studies and for a common effect.
    pub fn predictive(&self) -> Option<Predictive> {
        self.z.prediction?;
        let degrees = float(self.studies.checked_sub(2).filter(|&degrees| degrees > 0)?);
        let scale = self.z.error.hypot(self.heterogeneity.tau2.sqrt());
        let reach = t_reach(self.level, degrees) * scale;
        Some(Predictive {
            mean: self.estimate,
            scale,
            degrees,
            interval: (self.estimate - reach, self.estimate + reach),
        })
    }
}

/// Pools effects; the level of the intervals is in percent.
///
/// Refused are: no effects, numbers that are not finite, variances that are not above zero.
///
/// ```
/// use spiral_stats::{effect::Effect, meta::{Method, Test, pool}};
///
/// let effects = [(0.3, 0.04), (0.1, 0.02), (0.5, 0.09)]
///     .map(|(estimate, variance)| Effect { estimate, variance });
/// let pooled = pool(&effects, Method::DerSimonianLaird, 95.0)?;
/// assert!((pooled.estimate - 0.2097).abs() < 5e-5);
/// assert!(pooled.inference(Test::Z).interval.0 < 0.0);
/// # Ok::<(), spiral_stats::Error>(())
/// ```
pub fn pool(effects: &[Effect], method: Method, level: f64) -> Result<Pooled, Error> {
    let level = checked_level(level)?;
    check(effects)?;
    let studies = effects.len();
    let degrees = float(studies - 1);
    let fixed = Weighted::of(effects, 0.0)?;
    let c = fixed.c();
    let q = fixed.q;
    let tau2 = match method {
        _ if studies == 1 => 0.0,
        Method::Common => 0.0,
        Method::DerSimonianLaird => ((q - degrees) / c).max(0.0),
        Method::PauleMandel => tau2::paule_mandel(effects)?,
        Method::Reml => tau2::reml(effects)?,
    };
    let tau2 = in_range("variance between studies", tau2)?;
    let random = Weighted::of(effects, tau2)?;
    let (i2, h2) = if studies == 1 {
        (0.0, 1.0)
    } else if method == Method::Common {
        (
            if q > degrees {
                100.0 * (q - degrees) / q
            } else {
                0.0
            },
            q / degrees,
        )
    } else {
        let typical = degrees / c;
        (100.0 * tau2 / (tau2 + typical), tau2 / typical + 1.0)
    };
    let (reach_z, reach_t) = (
        normal_reach(level),
        if studies > 1 { t_reach(level, degrees) } else { 0.0 },
    );
    in_range("heterogeneity", i2 + h2)?;
    let infer = |factor: f64, degrees: Option<f64>| {
        let error = random.error() * factor;
        let reach = if degrees.is_some() { reach_t } else { reach_z };
        let statistic = random.mean / error;
        let around = |width: f64| (random.mean - reach * width, random.mean + reach * width);
        // With no spread at all the effect is certain, and zero only if it is zero.
        let p_value = if error > 0.0 {
            degrees.map_or_else(
                || normal_two_sided(statistic),
                |degrees| t_two_sided(statistic, degrees),
            )
        } else {
            f64::from(random.mean == 0.0)
        };
        Inference {
            error,
            statistic: if error > 0.0 { statistic } else { 0.0 },
            p_value,
            interval: around(error),
            prediction: (method != Method::Common).then(|| around(error.hypot(tau2.sqrt()))),
            degrees,
        }
    };
    let factor = (studies > 1).then(|| (random.q / degrees).sqrt());
    let z = infer(1.0, None);
    let hartung_knapp = factor.map(|factor| infer(factor, Some(degrees)));
    let hartung_knapp_floored = factor.map(|factor| infer(factor.max(1.0), Some(degrees)));
    for found in [Some(z), hartung_knapp, hartung_knapp_floored]
        .into_iter()
        .flatten()
    {
        let (lower, upper) = found.prediction.unwrap_or(found.interval);
        in_range("interval of the pooled effect", upper - lower)?;
        in_range("test of the pooled effect", found.statistic)?;
    }
    Ok(Pooled {
        studies,
        estimate: random.mean,
        weights: random
            .weights
            .iter()
            .map(|weight| 100.0 * weight / random.total)
            .collect(),
        heterogeneity: Heterogeneity {
            tau2,
            q,
            degrees: studies - 1,
            p_value: if studies == 1 {
                1.0
            } else {
                chi_square_above(q, degrees)
            },
            i2,
            h2,
        },
        z,
        hartung_knapp,
        hartung_knapp_floored,
        level,
    })
}

fn check(effects: &[Effect]) -> Result<(), Error> {
    if effects.is_empty() {
        return Err(Error::invalid("meta-analysis", "has no studies"));
    }
    for (at, effect) in effects.iter().enumerate() {
        finite("effect", effect.estimate)?;
        if finite("variance", effect.variance)? <= 0.0 {
            return Err(Error::invalid_at("variance", at, "is not above zero"));
        }
    }
    Ok(())
}

/// The studies weighted with a given variance between them.
struct Weighted {
    weights: Vec<f64>,
    total: f64,
    squares: f64,
    mean: f64,
    /// ΣW (y - mean)².
    q: f64,
}

impl Weighted {
    fn of(effects: &[Effect], tau2: f64) -> Result<Self, Error> {
        let weights: Vec<f64> = effects
            .iter()
            .map(|effect| 1.0 / (effect.variance + tau2))
            .collect();
        let sum = |value: &dyn Fn(&Effect, f64) -> f64| {
            effects
                .iter()
                .zip(&weights)
                .map(|(effect, &weight)| value(effect, weight))
                .collect::<Accumulator>()
                .value()
        };
        let total = in_range("sum of the weights", sum(&|_, weight| weight))?;
        let squares = in_range("sum of squared weights", sum(&|_, weight| weight * weight))?;
        let mean = in_range(
            "pooled effect",
            sum(&|effect, weight| weight * effect.estimate) / total,
        )?;
        let q = sum(&|effect, weight| weight * (effect.estimate - mean) * (effect.estimate - mean));
        let q = in_range("heterogeneity", q)?;
        if total <= 0.0 {
            return Err(Error::TooLarge { what: "variance" });
        }
        Ok(Self {
            weights,
            total,
            squares,
            mean,
            q,
        })
    }

    fn error(&self) -> f64 {
        1.0 / self.total.sqrt()
    }

    /// Σw - Σw²/Σw as Σw (Σw - w)/Σw, the difference being the sum of the other weights: where one study
    /// outweighs all others nothing would be left of it.
    fn c(&self) -> f64 {
        let mut after = vec![0.0; self.weights.len()];
        for at in (1..self.weights.len()).rev() {
            after[at - 1] = after[at] + self.weights[at];
        }
        let mut before = 0.0;
        let mut total = Accumulator::default();
        for (weight, after) in self.weights.iter().zip(after) {
            total.add(weight * ((before + after) / self.total));
            before += weight;
        }
        total.value()
    }
}
